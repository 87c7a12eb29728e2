/* SPDX-License-Identifier: Apache-2.0 */
/* The last kills, whoever they were for, and the sentences that tell of them. */
#ifndef MM_KILL_STRATEGY_RECORDS_H
#define MM_KILL_STRATEGY_RECORDS_H

#include "event_center/event_center.h"
#include "kill_strategy/kill_strategy.h"

#define MM_KILL_RECORDS_MAX 256

struct mm_kill_records {
    uint64_t count; /* that were ever added */
    struct mm_kill_record items[MM_KILL_RECORDS_MAX];
};

/* When it is calm: from the signal on a page fault may have to wait for the very memory that it is about. */
void mm_kill_records_touch_ahead(struct mm_kill_records *records);
/* Numbers it and keeps a copy, in place of the oldest one. */
void mm_kill_records_add(struct mm_kill_records *records, struct mm_kill_record *record);
/* What became of it since; nothing where others have taken its place. */
void mm_kill_records_update(struct mm_kill_records *records, const struct mm_kill_record *record);
/* The newest is index 0; NULL past the end. */
const struct mm_kill_record *mm_kill_records_at(const struct mm_kill_records *records, unsigned index);

/* The decision that the record is of, by its reason; and MM_EVENT_KILL, as does the next. */
void mm_kill_explain_signal(struct mm_event_center *center, const struct mm_kill_record *record);
/* And what came of it, by its outcome. */
void mm_kill_explain_end(struct mm_event_center *center, const struct mm_kill_record *record);

#endif
