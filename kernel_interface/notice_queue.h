/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices on their way from any thread to the main one.
 *
 * A place is reserved before the work begins that will end in a notice, so a push can neither fail nor wait
 * nor allocate, and no notice is ever lost: where places run out, the work is refused, not its result.
 */
#ifndef MM_KERNEL_INTERFACE_NOTICE_QUEUE_H
#define MM_KERNEL_INTERFACE_NOTICE_QUEUE_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A full job queue, a full reap queue, their threads and 100 other notices; a power of two for the index. */
#define MM_NOTICE_QUEUE_CAPACITY 256U

struct mm_notice_queue;

/* -ENOMEM, or what eventfd said. */
int mm_notice_queue_new(struct mm_notice_queue **ret_queue);
/* Accepts NULL. No thread may push any more; what was not drained is dropped. */
void mm_notice_queue_free(struct mm_notice_queue *queue);

/* Takes a place for one notice to come; -EAGAIN when all are taken. Any thread. */
int mm_notice_queue_reserve(struct mm_notice_queue *queue);
/* Gives a reserved place back: no notice will come. Any thread. */
void mm_notice_queue_release(struct mm_notice_queue *queue);
/* Uses up one reserved place. Any thread; wait-free. */
void mm_notice_queue_push(struct mm_notice_queue *queue, const struct mm_notice *notice);

/*
 * Hands out what has come, oldest first, each notice's place being free again before its visit; the visitor
 * may reserve and push. At most a queue's worth at once: the descriptor stays readable when more is there.
 * One thread only. Returns the number handed out.
 */
unsigned mm_notice_queue_drain(struct mm_notice_queue *queue, mm_notice_visit visit, void *user);

/* Readable (POLLIN) when there is something to drain; owned by the queue. */
int mm_notice_queue_fd(const struct mm_notice_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
