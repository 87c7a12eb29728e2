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

/* A subscriber may subscribe and unsubscribe while it hears an event: nobody else misses it or hears it
 * twice.
 */
int mm_event_center_subscribe(struct mm_event_center *center, enum mm_subscriber_rank rank, uint32_t kinds,
                              mm_event_handler handler, void *user)
{
    unsigned position = center->subscriber_count;

    if (center->subscriber_count == MM_ARRAY_SIZE(center->subscribers))
        return -ENOSPC;
    while (position > 0 && center->subscribers[position - 1].rank > rank) {
        center->subscribers[position] = center->subscribers[position - 1];
        position--;
    }
    center->subscribers[position] =
        (struct mm_subscriber){.rank = rank, .kinds = kinds, .handler = handler, .user = user};
    center->subscriber_count++;
    if ((int)position <= center->position)
        center->position++;
    return 0;
}

void mm_event_center_unsubscribe(struct mm_event_center *center, mm_event_handler handler, void *user)
{
    for (unsigned i = 0; i < center->subscriber_count; i++) {
        struct mm_subscriber *subscriber = &center->subscribers[i];

        if (subscriber->handler != handler || subscriber->user != user)
            continue;
        memmove(subscriber, subscriber + 1, (center->subscriber_count - i - 1) * sizeof(*subscriber));
        center->subscriber_count--;
        if ((int)i <= center->position)
            center->position--;
        return;
    }
}

_Static_assert(MM_EVENT_KIND_COUNT <= MM_EVENT_KINDS_MAX, "a mask of kinds has a bit for each");

static void deliver(struct mm_event_center *center, const struct mm_event *event)
{
    uint32_t kind = 1u << event->kind;

    for (center->position = 0; center->position < (int)center->subscriber_count; center->position++) {
        const struct mm_subscriber *subscriber = &center->subscribers[center->position];

        if (subscriber->kinds & kind)
            subscriber->handler(event, subscriber->user);
    }
}

/* Losing one of those that only tell costs a line, an exit is seen later; losing an order (stop squeezing, the
   kill is over) would leave its hearer in the wrong state for ever. */
bool mm_event_center_has_place(const struct mm_event_center *center, enum mm_event_kind kind)
{
    const uint32_t tells = 1u << MM_EVENT_DECISION | 1u << MM_EVENT_PRIORITY | 1u << MM_EVENT_KILL |
                           1u << MM_EVENT_APP_STATE | 1u << MM_EVENT_DEVICE;
    const uint32_t orders =
        1u << MM_EVENT_KILL_BEGIN | 1u << MM_EVENT_KILL_END | 1u << MM_EVENT_CONFIG | 1u << MM_EVENT_STOP;
    unsigned reserve = MM_EVENT_QUEUE_ORDERS;

    if (orders >> kind & 1u)
        reserve = 0;
    else if (tells >> kind & 1u)
        reserve = MM_EVENT_QUEUE_RESERVE;
    return center->queue_count + reserve < MM_EVENT_QUEUE_SIZE;
}

/* A copy in the queue, of the size of its kind. */
static const struct mm_event *keep(struct mm_event_center *center, const struct mm_event *event,
                                   unsigned place)
{
    struct mm_event *kept = &center->queue[place];

    memcpy(kept, event, mm_event_bytes(event->kind));
    if (kept->time_ns == 0)
        kept->time_ns = mm_event_center_now_ns(center);
    return kept;
}

/*
 * A ring that begins anew whenever it is empty, so that in ordinary use only its first pages are ever touched.
 * An event leaves its place when it was delivered to everybody: subscribers may keep a pointer that long. The first one's
 * place stays empty where nothing is to be added to it: its publisher waits until all is delivered.
 */
void mm_event_center_publish(struct mm_event_center *center, const struct mm_event *event)
{
    unsigned place = (center->queue_first + center->queue_count) % MM_EVENT_QUEUE_SIZE;

    if ((unsigned)event->kind >= MM_EVENT_KIND_COUNT)
        return;
    if (!mm_event_center_has_place(center, event->kind)) {
        center->counters.lost++;
        return;
    }
    center->counters.published[event->kind]++;
    center->queue_count++;
    if (center->is_delivering || event->time_ns == 0)
        event = keep(center, event, place);
    if (center->is_delivering)
        return;
    center->is_delivering = true;
    deliver(center, event);
    while (--center->queue_count > 0) {
        center->queue_first = (center->queue_first + 1) % MM_EVENT_QUEUE_SIZE;
        deliver(center, &center->queue[center->queue_first]);
    }
    center->queue_first = 0;
    center->position = -1;
    center->is_delivering = false;
}

void mm_timer_init(struct mm_timer *timer, void (*expired)(struct mm_timer *timer, void *user), void *user)
{
    mm_list_init(&timer->link);
    timer->deadline_ns = 0;
    timer->slack_ns = 0;
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

uint64_t mm_event_center_next_wake_ns(const struct mm_event_center *center)
{
    uint64_t wake_ns = UINT64_MAX;

    MM_LIST_FOR_EACH (link, &center->timers) {
        const struct mm_timer *timer = MM_CONTAINER_OF(link, struct mm_timer, link);
        uint64_t latest_ns;

        if (__builtin_add_overflow(timer->deadline_ns, timer->slack_ns, &latest_ns))
            latest_ns = UINT64_MAX;
        wake_ns = MM_MIN(wake_ns, latest_ns);
    }
    return wake_ns;
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

    if (notice->kind == MM_NOTICE_WAKE)
        mm_event_center_serve_wake(center, notice->cookie);
    else
        mm_event_center_publish(center, &event);
}

/* Takes off what is due before anything fires: a timer that a handler arms, itself too, waits for the next
   step, however early its moment, so that the loop gets to its descriptors in between. */
static void take_due(struct mm_event_center *center, struct mm_list *due)
{
    uint64_t now_ns = mm_event_center_now_ns(center);
    struct mm_timer *timer;

    mm_list_init(due);
    while ((timer = first_timer(center)) && timer->deadline_ns <= now_ns) {
        mm_list_remove(&timer->link);
        mm_list_push_back(due, &timer->link);
    }
}

void mm_event_center_step(struct mm_event_center *center)
{
    struct mm_list due;

    center->kernel->ops->drain_notices(center->kernel, publish_notice, center);
    take_due(center, &due);
    while (!mm_list_is_empty(&due)) {
        struct mm_timer *timer = MM_CONTAINER_OF(due.next, struct mm_timer, link);

        mm_list_remove(&timer->link);
        timer->expired(timer, timer->user);
    }
}
