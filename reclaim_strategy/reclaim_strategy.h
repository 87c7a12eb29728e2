/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Squeezing before killing: what the list says of whom, with memory.reclaim and memory.high.
 *
 * Policies (policy.h) are units with one interface: they look at the world through plain structs, propose
 * actions, and own the files they write; one owner per file of a group, a second claimant is refused. Every
 * limit is journalled before it is written and restored when its reason ends, on exit, and at the next start
 * after a crash (limits.h).
 */
#ifndef MM_RECLAIM_STRATEGY_RECLAIM_STRATEGY_H
#define MM_RECLAIM_STRATEGY_RECLAIM_STRATEGY_H

#include "config/config.h"
#include "event_center/event_center.h"
#include "kernel_interface/kernel_interface.h"
#include "priority_manager/priority_manager.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_reclaim_strategy;

/* Restores what a crashed predecessor left before it subscribes. */
int mm_reclaim_strategy_new(struct mm_kernel *kernel, struct mm_event_center *center,
                            struct mm_priority_manager *manager, const struct mm_config *config,
                            struct mm_reclaim_strategy **ret_strategy);
/*
 * Restores every limit that is still ours and frees; accepts NULL. Takes at most deadline_ms for what cannot
 * be raised in line; what is left stays in the journal for the next start. Returns 0, or -EBUSY when the kernel
 * still holds a worker.
 */
int mm_reclaim_strategy_free(struct mm_reclaim_strategy *strategy, unsigned deadline_ms);

struct mm_reclaim_status {
    uint64_t squeezes, squeezed_bytes; /* since start */
    uint32_t limits_held;              /* limits of ours that stand now */
    uint32_t limits_left;              /* in the journal, could not be restored yet */
    bool is_squeezing;
    enum mm_memory_level level; /* as last published */
    enum mm_level_cause level_cause;
};
void mm_reclaim_strategy_status(const struct mm_reclaim_strategy *strategy,
                                struct mm_reclaim_status *ret_status);

#ifdef __cplusplus
}
#endif

#endif
