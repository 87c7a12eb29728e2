/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/group_source.h"

#include "common/common.h"
#include "kernel_interface/group_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* As BPF's records: a session that starts makes dozens of groups. */
#define GATHER_NS (20 * MM_NS_PER_MS)

struct group_source {
    struct mm_event_center *center;
    struct mm_group_watch *watch;
    struct mm_timer gather_ends; /* until then the descriptor is not watched */
    void (*lost)(void *user);
    void *user;
};

static void publish(uint64_t group_id, enum mm_group_change change, const char *name, void *user)
{
    struct group_source *source = user;
    struct mm_event event = {.kind = MM_EVENT_GROUP, .group_id = group_id, .payload.group.change = change};

    mm_copy_text(event.payload.group.name, sizeof(event.payload.group.name), name);
    mm_event_center_publish(source->center, &event);
}

static void end(struct group_source *source, int error)
{
    mm_error("control groups are not heard of any more: %s", strerror(-error));
    if (source->lost)
        source->lost(source->user);
}

static void gather_ended(struct mm_timer *timer, void *user)
{
    struct group_source *source = user;
    int result = mm_group_watch_read(source->watch, publish, source);

    (void)timer;
    if (result == -EOVERFLOW && source->lost)
        source->lost(source->user);
    if (result == 0 || result == -EOVERFLOW)
        result =
            mm_event_center_watch_fd(source->center, source, mm_group_watch_fd(source->watch), EPOLLIN, 0);
    if (result < 0)
        end(source, result);
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct group_source *source = self;

    (void)tag;
    (void)events;
    mm_event_center_forget_fd(source->center, mm_group_watch_fd(source->watch));
    mm_event_center_arm(source->center, &source->gather_ends,
                        mm_event_center_now_ns(source->center) + GATHER_NS);
}

static void close_source(void *self)
{
    struct group_source *source = self;

    mm_event_center_disarm(source->center, &source->gather_ends);
    mm_event_center_forget_fd(source->center, mm_group_watch_fd(source->watch));
    mm_group_watch_free(source->watch);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "control groups",
    .ready = ready,
    .close = close_source,
};

int mm_group_source_add(struct mm_event_center *center, struct mm_kernel *kernel, enum mm_group_tree tree,
                        void (*lost)(void *user), void *user)
{
    struct group_source *source = calloc(1, sizeof(*source));
    int result;

    if (!source)
        return -ENOMEM;
    source->center = center;
    source->lost = lost;
    source->user = user;
    mm_timer_init(&source->gather_ends, gather_ended, source);
    result = kernel->ops->open_group_watch(kernel, tree, &source->watch);
    if (result == 0)
        result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        mm_group_watch_free(source->watch);
        free(source);
        return result;
    }
    return mm_event_center_watch_fd(center, source, mm_group_watch_fd(source->watch), EPOLLIN, 0);
}
