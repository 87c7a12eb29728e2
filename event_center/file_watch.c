/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/file_watch.h"

#include "common/common.h"
#include "event_center/watch_set.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Some hundred events at a time; what is left wakes the loop again. */
#define BUFFER_BYTES 8192
/* A change that does not end is looked at after this many times of quiet. */
#define PATIENCE 10

struct mm_file_watch {
    struct mm_event_center *center;
    struct mm_watch_set *set; /* NULL: nothing is watched */
    uint64_t settle_ns;
    uint64_t latest_ns; /* of the change at hand: when to read at last */
    struct mm_timer settled;
};

static void publish(struct mm_timer *timer, void *user)
{
    struct mm_file_watch *watch = user;
    const struct mm_event event = {.kind = MM_EVENT_RELOAD, .payload.reload.is_watched = true};

    (void)timer;
    mm_event_center_publish(watch->center, &event);
}

static void note_change(struct mm_file_watch *watch)
{
    uint64_t now_ns = mm_event_center_now_ns(watch->center);

    if (!mm_timer_is_armed(&watch->settled))
        watch->latest_ns = now_ns + PATIENCE * watch->settle_ns;
    mm_event_center_arm(watch->center, &watch->settled, MM_MIN(now_ns + watch->settle_ns, watch->latest_ns));
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct mm_file_watch *watch = self;
    _Alignas(struct inotify_event) char buffer[BUFFER_BYTES];
    bool is_ours = false;
    ssize_t length;

    (void)tag;
    (void)events;
    if (!watch->set)
        return;
    length = read(watch->set->fd, buffer, sizeof(buffer));
    for (ssize_t offset = 0; offset < length;) {
        const struct inotify_event *event = (const struct inotify_event *)(const void *)(buffer + offset);

        is_ours |= mm_watch_set_concerns(watch->set, event);
        offset += (ssize_t)(sizeof(*event) + event->len);
    }
    if (is_ours)
        note_change(watch);
}

static void close_source(void *self)
{
    struct mm_file_watch *watch = self;

    mm_watch_set_free(mm_file_watch_take(watch));
    mm_event_center_disarm(watch->center, &watch->settled);
    free(watch);
}

static const struct mm_event_source_ops source_ops = {
    .name = "file_watch",
    .ready = ready,
    .close = close_source,
};

int mm_file_watch_add(struct mm_event_center *center, struct mm_file_watch **ret_watch)
{
    struct mm_file_watch *watch = calloc(1, sizeof(*watch));
    int result;

    if (!watch)
        return -ENOMEM;
    watch->center = center;
    mm_timer_init(&watch->settled, publish, watch);
    result = mm_event_center_add_source(center, &source_ops, watch);
    if (result < 0) {
        free(watch);
        return result;
    }
    *ret_watch = watch;
    return 0;
}

struct mm_watch_set *mm_file_watch_take(struct mm_file_watch *watch)
{
    struct mm_watch_set *set = watch->set;

    if (set)
        mm_event_center_forget_fd(watch->center, set->fd);
    watch->set = NULL;
    return set;
}

int mm_file_watch_use(struct mm_file_watch *watch, struct mm_watch_set *set, uint64_t settle_ns)
{
    int result;

    mm_watch_set_free(mm_file_watch_take(watch));
    watch->settle_ns = settle_ns;
    if (!set) {
        mm_event_center_disarm(watch->center, &watch->settled);
        return 0;
    }
    result = mm_event_center_watch_fd(watch->center, watch, set->fd, EPOLLIN, 0);
    if (result < 0) {
        mm_watch_set_free(set);
        return result;
    }
    watch->set = set;
    return 0;
}
