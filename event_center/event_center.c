/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers, the queue of events, timers. The loop and its descriptors are in loop.c. */
#include "event_center/center.h"

#include "common/common.h"

#include <errno.h>
#include <string.h>

uint64_t mm_event_center_now_ns(const struct mm_event_center *center)
{
    return center->kernel->ops->now_ns(center->kernel);
}

const struct mm_event_center_counters *mm_event_center_counters(const struct mm_event_center *center)
{
    return &center->counters;
}

int mm_event_center_subscribe(struct mm_event_center *center, enum mm_subscriber_rank rank, uint32_t kinds,
                              mm_event_handler handler, void *user)
{
    unsigned position = center->subscriber_count;

    if (center->subscriber_count == MM_ARRAY_SIZE(center->subscribers)) return -ENOSPC;
    while (position > 0 && center->subscribers[position - 1].rank > rank) {
        center->subscribers[position] = center->subscribers[position - 1];
        position--;
    }
    center->subscribers[position] =
        (struct mm_subscriber){.rank = rank, .kinds = kinds, .handler = handler, .user = user};
    center->subscriber_count++;
    return 0;
}

void mm_event_center_unsubscribe(struct mm_event_center *center, mm_event_handler handler, void *user)
{
    for (unsigned i = 0; i < center->subscriber_count; i++) {
        struct mm_subscriber *subscriber = &center->subscribers[i];

        if (subscriber->handler != handler || subscriber->user != user) continue;
        memmove(subscriber, subscriber + 1, (center->subscriber_count - i - 1) * sizeof(*subscriber));
        center->subscriber_count--;
        return;
    }
}

static void deliver(struct mm_event_center *center, const struct mm_event *event)
{
    uint32_t kind = 1u << event->kind;

    for (unsigned i = 0; i < center->subscriber_count; i++) {
        const struct mm_subscriber *subscriber = &center->subscribers[i];

        if (subscriber->kinds & kind) subscriber->handler(event, subscriber->user);
    }
}

/*
 * The queue is filled from its start and rewound when it is empty, so that in ordinary use only its first
 * page is ever touched.
 */
void mm_event_center_publish(struct mm_event_center *center, const struct mm_event *event)
{
    struct mm_event *queued;

    if ((unsigned)event->kind >= MM_EVENT_KIND_COUNT) return;
    if (center->queue_end == MM_EVENT_QUEUE_SIZE) {
        center->counters.lost++;
        return;
    }
    center->counters.published[event->kind]++;
    queued = &center->queue[center->queue_end++];
    *queued = *event;
    if (queued->time_ns == 0) queued->time_ns = mm_event_center_now_ns(center);
    if (center->is_delivering) return;
    center->is_delivering = true;
    for (unsigned i = 0; i < center->queue_end; i++)
        deliver(center, &center->queue[i]);
    center->queue_end = 0;
    center->is_delivering = false;
}

void mm_timer_init(struct mm_timer *timer, void (*expired)(struct mm_timer *timer, void *user), void *user)
{
    mm_list_init(&timer->link);
    timer->deadline_ns = 0;
    timer->expired = expired;
    timer->user = user;
}

bool mm_timer_is_armed(const struct mm_timer *timer)
{
    return timer->link.next && mm_list_is_linked(&timer->link);
}

static struct mm_timer *first_timer(const struct mm_event_center *center)
{
    return mm_list_is_empty(&center->timers) ? NULL
                                             : MM_CONTAINER_OF(center->timers.next, struct mm_timer, link);
}

uint64_t mm_event_center_next_deadline_ns(const struct mm_event_center *center)
{
    const struct mm_timer *timer = first_timer(center);

    return timer ? timer->deadline_ns : UINT64_MAX;
}

/* Timers are few (a handful per module), so a sorted list beats a heap. */
void mm_event_center_arm(struct mm_event_center *center, struct mm_timer *timer, uint64_t deadline_ns)
{
    struct mm_list *position = &center->timers;

    mm_event_center_disarm(center, timer);
    timer->deadline_ns = deadline_ns;
    while (position->previous != &center->timers &&
           MM_CONTAINER_OF(position->previous, struct mm_timer, link)->deadline_ns > deadline_ns)
        position = position->previous;
    mm_list_insert_after(position->previous, &timer->link);
}

void mm_event_center_disarm(struct mm_event_center *center, struct mm_timer *timer)
{
    (void)center;
    if (mm_timer_is_armed(timer))
        mm_list_remove(&timer->link);
    else
        mm_list_init(&timer->link);
}

static void publish_notice(const struct mm_notice *notice, void *user)
{
    struct mm_event_center *center = user;
    struct mm_event event = {
        .kind = MM_EVENT_NOTICE,
        .pid = notice->pid,
        .payload.notice = *notice,
    };

    mm_event_center_publish(center, &event);
}

/*
 * A timer that its own handler arms again for a moment already past waits for the next step: the loop must
 * get to its descriptors in between.
 */
void mm_event_center_step(struct mm_event_center *center)
{
    uint64_t now_ns;
    struct mm_timer *timer;

    center->kernel->ops->drain_notices(center->kernel, publish_notice, center);
    now_ns = mm_event_center_now_ns(center);
    for (unsigned fired = 0; fired < MM_TIMERS_PER_STEP; fired++) {
        timer = first_timer(center);
        if (!timer || timer->deadline_ns > now_ns) return;
        mm_event_center_disarm(center, timer);
        timer->expired(timer, timer->user);
    }
}
