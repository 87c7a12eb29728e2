/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of many producers and one consumer. Reservations bound what is in it, so it cannot overflow. */
#include "kernel_interface/notice_queue.h"

#include "common/common.h"
#include "common/touch.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

struct place {
    struct mm_notice notice;
    atomic_bool is_filled;
};

struct mm_notice_queue {
    int event_fd;
    atomic_uint taken; /* reserved, or filled and not yet drained: never above the capacity for long */
    atomic_uint tail;  /* counts pushes, wraps */
    unsigned head;     /* counts drained notices, wraps; the consumer's own */
    struct place places[MM_NOTICE_QUEUE_CAPACITY];
};

int mm_notice_queue_new(struct mm_notice_queue **ret_queue)
{
    struct mm_notice_queue *queue = calloc(1, sizeof(*queue));

    if (!queue)
        return -ENOMEM;
    queue->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (queue->event_fd < 0) {
        int error = errno;

        free(queue);
        return -error;
    }
    /* written from any thread, under pressure, too */
    mm_touch_ahead(queue->places, sizeof(queue->places), 0, sizeof(queue->places));
    *ret_queue = queue;
    return 0;
}

void mm_notice_queue_free(struct mm_notice_queue *queue)
{
    if (!queue)
        return;
    (void)close(queue->event_fd);
    free(queue);
}

int mm_notice_queue_reserve(struct mm_notice_queue *queue)
{
    if (atomic_fetch_add(&queue->taken, 1) < MM_NOTICE_QUEUE_CAPACITY)
        return 0;
    (void)atomic_fetch_sub(&queue->taken, 1);
    return -EAGAIN;
}

void mm_notice_queue_release(struct mm_notice_queue *queue)
{
    (void)atomic_fetch_sub(&queue->taken, 1);
}

/* The counter cannot overflow: a drain empties it, and 2^64 notices do not come between two drains. */
static void signal_event(const struct mm_notice_queue *queue)
{
    uint64_t one = 1;

    while (write(queue->event_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

void mm_notice_queue_push(struct mm_notice_queue *queue, const struct mm_notice *notice)
{
    unsigned index = atomic_fetch_add(&queue->tail, 1) % MM_NOTICE_QUEUE_CAPACITY;
    struct place *place = &queue->places[index];

    place->notice = *notice;
    atomic_store_explicit(&place->is_filled, true, memory_order_release);
    signal_event(queue);
}

/* False when the next place is not filled (yet: its producer signals again once it is). */
static bool pop(struct mm_notice_queue *queue, struct mm_notice *ret_notice)
{
    struct place *place = &queue->places[queue->head % MM_NOTICE_QUEUE_CAPACITY];

    if (!atomic_load_explicit(&place->is_filled, memory_order_acquire))
        return false;
    *ret_notice = place->notice;
    atomic_store_explicit(&place->is_filled, false, memory_order_relaxed);
    queue->head++;
    /* Only now may the place be reserved again; whoever does sees the store above. */
    (void)atomic_fetch_sub(&queue->taken, 1);
    return true;
}

unsigned mm_notice_queue_drain(struct mm_notice_queue *queue, mm_notice_visit visit, void *user)
{
    struct mm_notice notice;
    uint64_t pushes;
    unsigned count = 0;

    /* Cleared before the ring is read: a push from here on makes the descriptor readable again, and what was
       pushed before fits into one round. */
    while (read(queue->event_fd, &pushes, sizeof(pushes)) < 0 && errno == EINTR) {
    }
    while (count < MM_NOTICE_QUEUE_CAPACITY && pop(queue, &notice)) {
        count++;
        visit(&notice, user);
    }
    return count;
}

int mm_notice_queue_fd(const struct mm_notice_queue *queue)
{
    return queue->event_fd;
}
