/* SPDX-License-Identifier: Apache-2.0 */
/* What the worker does with a group: everything that may block on reclaim. */
#ifndef MM_KERNEL_INTERFACE_GROUP_JOB_H
#define MM_KERNEL_INTERFACE_GROUP_JOB_H

#include "kernel_interface/group.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Asked between two chunks. */
typedef bool (*mm_group_job_is_cancelled)(void *user);

struct mm_group_job_settings {
    uint64_t chunk_bytes; /* the most that is asked of the kernel at once */
    mm_group_job_is_cancelled is_cancelled;
    void *user;
    /* Sent to the job's thread when somebody else writes the limit that a blocked write is about to lower: it
       has a handler and ends that write. 0: none. */
    int interrupt_signal;
};

/*
 * Runs a job to its end. *ret_bytes is what the group shrank by, also with an error. -EAGAIN: the kernel
 * found less to reclaim than was asked for, which is normal. -EINTR: cancelled. -ENODEV: the group was
 * removed. -EOPNOTSUPP: nothing of the kind can be asked of this group.
 */
int mm_group_job_run(const struct mm_group_job_settings *settings, const struct mm_job *job,
                     uint64_t *ret_bytes);

#ifdef __cplusplus
}
#endif

#endif
