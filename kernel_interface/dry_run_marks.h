/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a dry run has killed, as far as the engine is told, and whom it watches. */
#ifndef MM_KERNEL_INTERFACE_DRY_RUN_MARKS_H
#define MM_KERNEL_INTERFACE_DRY_RUN_MARKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Processes killed or watched at a time; the oldest kill that nobody watches makes room. */
#define MM_DRY_RUN_MARKS_MAX 1024U

struct mm_dry_run_mark {
    pid_t pid; /* 0: unused */
    uint64_t start_time_ticks;
    bool is_killed;
    bool is_watched; /* and holds a place in the notice queue until told */
    bool is_told;
    uint64_t cookie;
};

/* Zeros: none. */
struct mm_dry_run_marks {
    unsigned next_eviction;
    struct mm_dry_run_mark all[MM_DRY_RUN_MARKS_MAX];
};

/* NULL where there is none of that process. */
struct mm_dry_run_mark *mm_dry_run_marks_find(struct mm_dry_run_marks *marks, pid_t pid,
                                              uint64_t start_time_ticks);
/* The process' mark, a free one, or that of an old kill; NULL when all are watched. */
struct mm_dry_run_mark *mm_dry_run_marks_take(struct mm_dry_run_marks *marks, pid_t pid,
                                              uint64_t start_time_ticks);

#ifdef __cplusplus
}
#endif

#endif
