/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cold switch of accounts ends: the bundles that the priority manager marked, one after the other, the least
 * important first. Each is killed as for memory, with a record, and its exit is waited for; memory is none of its
 * business, so that it stands beside the killer's own series and neither waits for the other.
 */
#ifndef MM_KILL_STRATEGY_ACCOUNT_END_H
#define MM_KILL_STRATEGY_ACCOUNT_END_H

#include "kill_strategy/records.h"
#include "kill_strategy/victim.h"

struct mm_account_end {
    struct mm_kernel *kernel;
    struct mm_event_center *center;
    struct mm_priority_manager *manager;
    const struct mm_kill_config *config;
    struct mm_kill_records *records;
    struct mm_timer timer;
    bool is_waiting;      /* for the exit of the victim */
    uint64_t deadline_ns; /* of the wait */
    uint64_t noticed_ns;  /* when the switch was heard of */
    uint64_t kills;       /* victims that were signalled, or would have been */
    struct mm_kill_record present;
    struct mm_victim victim;
};

/* The rest of *end is zero, and not touched before it is needed: no switch comes from a shortage of memory. */
void mm_account_end_init(struct mm_account_end *end, struct mm_kernel *kernel, struct mm_event_center *center,
                         struct mm_priority_manager *manager, const struct mm_kill_config *config,
                         struct mm_kill_records *records);
void mm_account_end_fini(struct mm_account_end *end);
/* ACCOUNT, NOTICE, CONFIG; the priority manager has heard it before. */
void mm_account_end_hear(struct mm_account_end *end, const struct mm_event *event);

#endif
