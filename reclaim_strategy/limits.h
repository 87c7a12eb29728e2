/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits that are ours: who owns which file of which group, what it held before, and the journal that
 * outlives the daemon. An entry is complete in the journal before its limit is written, and is freed after
 * the old value is back, so that at any moment a restart can tell what is ours:
 *
 *   the file holds   | then
 *   -----------------+-----------------------------------------------------------------
 *   what we wrote    | it is ours: the old value goes back
 *   the old value    | it was never written, or restored already: nothing to do
 *   something else   | it is somebody else's: left alone, said once
 */
#ifndef MM_RECLAIM_STRATEGY_LIMITS_H
#define MM_RECLAIM_STRATEGY_LIMITS_H

#include "event_center/event_center.h"
#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Groups limited at a time. More are left unlimited and explained. */
#define MM_LIMITS_MAX 128
/* Longer paths are left alone: entries are of fixed size. */
#define MM_LIMITS_PATH_MAX 256

struct mm_limits;

/* Maps the journal and restores what a predecessor left. */
int mm_limits_new(struct mm_kernel *kernel, struct mm_event_center *center, struct mm_limits **ret_limits);
/* Begins to restore everything; what is not done in line ends with a notice (mm_limits_has_jobs). */
void mm_limits_release_all(struct mm_limits *limits);
bool mm_limits_has_jobs(const struct mm_limits *limits);
/* What was not restored stays in the journal. Accepts NULL. */
void mm_limits_free(struct mm_limits *limits);

/*
 * Journals, then has a worker write `bytes` to the value of the group. owner is a policy's name, with static
 * life. Returns the limit's index, or
 *   -EALREADY     the owner holds that file already
 *   -EBUSY        another policy owns it
 *   -EINPROGRESS  what it held before, a predecessor's limit or one of ours, has not come back yet
 *   -ENOSPC       MM_LIMITS_MAX are held
 *   -EAGAIN       the worker's queue is full: nothing is held, to be tried again
 * or what the kernel said: -ENOENT, -ENODEV for a group that is gone, -EOPNOTSUPP where there is no such file.
 */
int mm_limits_set(struct mm_limits *limits, const char *owner, const char *path, enum mm_group_value value,
                  uint64_t bytes);
/* Claims a file for a reclaim job that lowers and restores it in steps: journalled, nothing written. As above
   but for -EAGAIN. */
int mm_limits_claim_transient(struct mm_limits *limits, const char *owner, const char *path,
                              enum mm_group_value value);
/* Where the job that lowers a claimed file says so (struct mm_job); valid until the claim is released. */
struct mm_lowered_limit *mm_limits_lowered(struct mm_limits *limits, int index);
/* Why there is no limit, for people: the errors above, else the system's words. */
const char *mm_limits_error_text(int error);
/* Gives the old value back; in line where that cannot block, else by a worker. What cannot be done now is
   tried again every second, and said once. A limit still being written is cancelled, and with it whatever the worker has to
   do. */
void mm_limits_release(struct mm_limits *limits, int index);

/* Tries again, now, what could not be given back so far. */
void mm_limits_retry(struct mm_limits *limits);
/* While a kill is on nothing is tried again and the worker is left alone; what waits is tried when it is over.
   What can be given back in line still is. */
void mm_limits_hold_back(struct mm_limits *limits, bool is_held_back);

/* Walks the limits of an owner. Returns -1 after the last; start with -1. */
int mm_limits_next(const struct mm_limits *limits, const char *owner, int after);
const char *mm_limits_path(const struct mm_limits *limits, int index);
struct mm_group *mm_limits_group(const struct mm_limits *limits, int index);

/* Ends of jobs that were started here. */
void mm_limits_on_notice(struct mm_limits *limits, const struct mm_notice *notice);

/* Held and still to be restored; and those of a predecessor that could not be restored yet. */
void mm_limits_count(const struct mm_limits *limits, uint32_t *ret_held, uint32_t *ret_left);

#ifdef __cplusplus
}
#endif

#endif
