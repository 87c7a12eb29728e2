/* SPDX-License-Identifier: Apache-2.0 */
/* The victim of one row: the pure choice of kill_decide.h, with sizes read anew. */
#ifndef MM_KILL_STRATEGY_CHOICE_H
#define MM_KILL_STRATEGY_CHOICE_H

#include "config/config.h"
#include "kernel_interface/kernel_interface.h"
#include "priority_manager/priority_manager.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_kill_choice {
    struct mm_bundle *bundle;
    uint64_t resident_bytes; /* as read now */
    pid_t heaviest_pid;
    size_t rivals; /* others of its priority whose sizes were compared */
};

/* Bundles that the row allows and that were left alone. */
struct mm_kill_passed_over {
    size_t set_aside, unregistered, too_small;
};

/*
 * The least important bundle that may die now and is worth it; false and *ret_passed when there is none.
 * Reads a bounded number of processes, allocates nothing.
 */
bool mm_kill_find_victim(struct mm_kernel *kernel, const struct mm_kill_config *config,
                         const struct mm_kill_level *level, const struct mm_priority_list *list,
                         struct mm_kill_choice *ret_choice, struct mm_kill_passed_over *ret_passed);

#ifdef __cplusplus
}
#endif

#endif
