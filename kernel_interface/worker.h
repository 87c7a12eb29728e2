/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread for what may block on the kernel: reclaim and lowered limits.
 *
 * Cancelling. A blocked write ends with EINTR when a signal with a handler arrives, but a signal that arrives
 * just before the write has begun would be lost. So a cancel starts a POSIX timer which sends the worker
 * thread, and no other, a real-time signal at once and then every millisecond; the worker stops it when the
 * job has returned. Nobody waits: the caller arms the timer and goes on. `execute` besides asks
 * mm_worker_is_cancelled between its chunks.
 */
#ifndef MM_KERNEL_INTERFACE_WORKER_H
#define MM_KERNEL_INTERFACE_WORKER_H

#include "kernel_interface/notice_queue.h"

#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every group of a large device once; a policy that asks for more at a time repeats itself. */
#define MM_WORKER_QUEUE_CAPACITY 64U

/* Ends a blocked call of the worker's thread. Any real-time signal would do; the lowest ones are what other
   libraries take. */
#define MM_WORKER_CANCEL_SIGNAL (SIGRTMIN + 3)

struct mm_worker;

/*
 * Runs one job on the worker's thread; 0 or a negative errno for the notice, *ret_bytes what the group shrank
 * by (0 beforehand; also reported with an error). A blocking call in it may end with EINTR: it must then
 * return, -EINTR, and not try again, at least while mm_worker_is_cancelled.
 */
typedef int (*mm_worker_execute)(void *user, const struct mm_job *job, uint64_t *ret_bytes);

/* Starts the thread. The queue is borrowed and must outlive the worker. -ENOMEM, or what the system said. */
int mm_worker_new(mm_worker_execute execute, void *user, struct mm_notice_queue *notices,
                  struct mm_worker **ret_worker);
/* Cancels everything and waits for the job under way to return. Accepts NULL. */
void mm_worker_free(struct mm_worker *worker);

/* Queues a copy; its notice is sure to come. -EAGAIN when the queue or the notice queue is full. */
int mm_worker_submit(struct mm_worker *worker, const struct mm_job *job);
/* Queued jobs get their notice, -ECANCELED, before this returns; the one under way is interrupted. */
void mm_worker_cancel(struct mm_worker *worker);
/* For execute: whether the job under way is to end. */
bool mm_worker_is_cancelled(const struct mm_worker *worker);

#ifdef __cplusplus
}
#endif

#endif
