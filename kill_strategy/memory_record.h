/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a kill for memory, and of one that found nobody, from what it was decided by. */
#ifndef MM_KILL_STRATEGY_MEMORY_RECORD_H
#define MM_KILL_STRATEGY_MEMORY_RECORD_H

#include "event_center/event_center.h"
#include "kernel_interface/kernel_interface.h"
#include "kill_strategy/choice.h"
#include "kill_strategy/kill_strategy.h"

/* The reading that a choice was made from. */
struct mm_kill_reading {
    uint64_t available_bytes;
    uint64_t time_ns;
};

/* All that is known before the signal: of a victim that still is on the list. O(1), one process is read. */
void mm_kill_begin_record(struct mm_kernel *kernel, const struct mm_kill_level *level,
                          const struct mm_kill_choice *choice, const struct mm_kill_reading *reading,
                          struct mm_kill_record *ret_record);
/* The sentence; error: why it could not be signalled, a negative errno, else anything. */
void mm_kill_write_reason(struct mm_kill_record *record, const struct mm_kill_choice *choice, int error);
/* The decision to kill nobody, though a row applies. */
void mm_kill_explain_nobody(struct mm_event_center *center, const struct mm_kernel *kernel,
                            const struct mm_kill_level *level, const struct mm_kill_passed_over *passed,
                            uint64_t available_bytes);

#endif
