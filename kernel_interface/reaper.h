/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that free a dying process' memory with process_mrelease: its own exit may be slow (low priority, a
 * frozen group), the memory need not wait for it.
 */
#ifndef MM_KERNEL_INTERFACE_REAPER_H
#define MM_KERNEL_INTERFACE_REAPER_H

#include "kernel_interface/notice_queue.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MM_REAPER_THREADS_MAX 8U
/* The processes of the largest bundles; more at once would not be freed sooner. */
#define MM_REAPER_QUEUE_CAPACITY 64U

struct mm_reaper;

/* process_mrelease(pidfd, 0), or a test's own: 0 or a negative errno. Runs on a reaper's thread. */
typedef int (*mm_reaper_release)(int pidfd);

/*
 * threads: 1..MM_REAPER_THREADS_MAX, else -EINVAL. release NULL: the system call. The queue is borrowed and
 * must outlive the reaper. The threads run at nice -20 where that is permitted.
 */
int mm_reaper_new(unsigned threads, mm_reaper_release release, struct mm_notice_queue *notices,
                  struct mm_reaper **ret_reaper);
/* Drops what is queued and waits for the calls under way. Accepts NULL. */
void mm_reaper_free(struct mm_reaper *reaper);

/*
 * Queues one process; the pidfd is duplicated. The notice's error is 0, -ESRCH when it was gone before, or
 * what process_mrelease said in the end: while it says EAGAIN (the address space is locked) it is asked
 * again, for at most 100 ms. -EAGAIN when a queue is full; -EOPNOTSUPP without a pidfd, and always once the
 * kernel has said that it has no process_mrelease; -EMFILE.
 */
int mm_reaper_submit(struct mm_reaper *reaper, const struct mm_process_handle *handle);

#ifdef __cplusplus
}
#endif

#endif
