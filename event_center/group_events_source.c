/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/group_events_source.h"

#include "common/common.h"
#include "event_center/wake_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "limit hits"

/* Until a group is looked at again: longer than the kernel takes to kill, short enough to be told of as one. */
#define REST_NS (100 * MM_NS_PER_MS)

struct watched_group {
    struct group_events_source *source;
    struct mm_group *group; /* NULL: not watched */
    struct mm_wake_watch watch;
    struct mm_group_events seen;
    struct mm_timer rest;
};

struct group_events_source {
    struct mm_wake_source base;
    struct watched_group groups[MM_GROUP_EVENTS_GROUPS_MAX];
    unsigned count; /* of groups[] that were tried */
};

static const char *path_of(const struct watched_group *watched)
{
    return watched->source->base.kernel->ops->group_path(watched->source->base.kernel, watched->group);
}

/* The end of a path says more than its beginning. */
static void copy_tail(char *buffer, size_t size, const char *text)
{
    size_t length = strlen(text);

    mm_copy_text(buffer, size, length < size ? text : text + length - (size - 1));
}

static unsigned count_watched(const struct group_events_source *source)
{
    unsigned count = 0;

    for (unsigned i = 0; i < source->count; i++)
        count += source->groups[i].group != NULL;
    return count;
}

static void tell_count(const struct group_events_source *source)
{
    mm_source_tell(&source->base.note, NAME, true, "groups watched: %u of %u", count_watched(source),
                   source->count);
}

static void close_group(struct watched_group *watched)
{
    struct group_events_source *source = watched->source;

    if (!watched->group)
        return;
    mm_event_center_disarm(source->base.center, &watched->rest);
    mm_wake_watch_close(&watched->watch);
    source->base.kernel->ops->close_group(source->base.kernel, watched->group);
    watched->group = NULL;
}

/* One line in the log: of this group, or where it was the last, of the source. */
static void give_up(struct watched_group *watched, int error)
{
    const struct group_events_source *source = watched->source;
    const char *reason = error == -ENODEV ? "the group is gone" : strerror(-error);
    char path[64]; /* leaves room for the rest in what status shows */

    copy_tail(path, sizeof(path), path_of(watched));
    close_group(watched);
    if (count_watched(source) == 0) {
        mm_source_tell(&source->base.note, NAME, false, "%s: %s", path, reason);
        return;
    }
    mm_notice(NAME " of %s are not watched any more: %s", path, reason);
    tell_count(source);
}

/* ---- what happened ---------------------------------------------------------------------------------------- */

/* A counter that went back was another kernel's idea of it. */
static uint64_t growth(uint64_t from, uint64_t to)
{
    return to > from ? to - from : 0;
}

static bool is_news(const struct mm_group_events *since)
{
    return since->low || since->high || since->max || since->oom || since->oom_kill || since->is_under_oom;
}

static void explain_kill(struct watched_group *watched, uint64_t count)
{
    struct mm_decision decision = {.source = MM_DECISION_KERNEL, .acted = true, .action = "kernel-kill"};

    copy_tail(decision.target, sizeof(decision.target), path_of(watched));
    mm_decide(watched->source->base.center, &decision,
              "the kernel killed %llu %s in it because of its own limit", (unsigned long long)count,
              count == 1 ? "process" : "processes");
}

static void publish(struct watched_group *watched, const struct mm_group_events *since)
{
    struct group_events_source *source = watched->source;
    struct mm_event event = {
        .kind = MM_EVENT_GROUP_MEMORY,
        .group_id = source->base.kernel->ops->group_id(source->base.kernel, watched->group),
        .payload.group_memory.since = *since,
    };

    copy_tail(event.payload.group_memory.path, sizeof(event.payload.group_memory.path), path_of(watched));
    mm_waterline_source_hint(source->base.waterline);
    mm_event_center_publish(source->base.center, &event);
    if (since->oom_kill > 0)
        explain_kill(watched, since->oom_kill);
}

/* 0, or why the group cannot be read. */
static int look(struct watched_group *watched)
{
    struct mm_kernel *kernel = watched->source->base.kernel;
    const struct mm_group_events *seen = &watched->seen;
    struct mm_group_events events;
    struct mm_group_events since;
    int result = kernel->ops->read_group_events(kernel, watched->group, &events);

    if (result < 0)
        return result;
    since = (struct mm_group_events){
        .low = growth(seen->low, events.low),
        .high = growth(seen->high, events.high),
        .max = growth(seen->max, events.max),
        .oom = growth(seen->oom, events.oom),
        .oom_kill = growth(seen->oom_kill, events.oom_kill),
        .is_under_oom = events.is_under_oom && !seen->is_under_oom,
    };
    watched->seen = events;
    since.is_under_oom = is_news(&since) && events.is_under_oom;
    if (is_news(&since))
        publish(watched, &since);
    return 0;
}

static void rested(struct mm_timer *timer, void *user)
{
    struct watched_group *watched = user;
    int result = look(watched);

    (void)timer;
    if (result == 0)
        result = mm_wake_watch_resume(&watched->watch);
    if (result < 0)
        give_up(watched, result);
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct group_events_source *source = self;
    struct watched_group *watched = &source->groups[tag];
    int result = mm_wake_watch_take(&watched->watch);

    (void)events;
    if (result > 0)
        result = look(watched);
    if (result < 0) {
        give_up(watched, result);
        return;
    }
    mm_wake_watch_pause(&watched->watch);
    mm_event_center_arm(source->base.center, &watched->rest,
                        mm_event_center_now_ns(source->base.center) + REST_NS);
}

/* ---- set-up --------------------------------------------------------------------------------------------- */

static void close_source(void *self)
{
    struct group_events_source *source = self;

    for (unsigned i = 0; i < source->count; i++)
        close_group(&source->groups[i]);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "group_events",
    .ready = ready,
    .close = close_source,
};

static const struct mm_wake_source_ops kind = {
    .name = NAME,
    .size = sizeof(struct group_events_source),
    .feature = MM_FEATURE_GROUP_EVENTS,
    .own = &source_ops,
};

static int watch_group(struct group_events_source *source, const char *path)
{
    struct mm_kernel *kernel = source->base.kernel;
    struct watched_group *watched = &source->groups[source->count];
    struct mm_wake_request request = {.kind = MM_WAKE_GROUP_EVENTS};
    int result;

    watched->source = source;
    mm_timer_init(&watched->rest, rested, watched);
    result = kernel->ops->open_group(kernel, path, &watched->group);
    if (result < 0) {
        watched->group = NULL;
        return result;
    }
    request.group = watched->group;
    result = mm_wake_watch_open(&watched->watch, source->base.center, kernel, &source_ops, source, &request,
                                source->count);
    if (result == 0)
        result = kernel->ops->read_group_events(kernel, watched->group, &watched->seen);
    if (result < 0)
        close_group(watched);
    return result;
}

static int watch_groups(struct group_events_source *source, const char *const *paths, unsigned count)
{
    int error = 0;

    for (unsigned i = 0; i < count; i++) {
        int result = watch_group(source, paths[i]);

        source->count++;
        if (result < 0)
            mm_notice("limit hits of %s cannot be watched: %s", paths[i], strerror(-result));
        if (result < 0)
            error = result;
    }
    return count_watched(source) > 0 ? 0 : error;
}

int mm_group_events_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                               struct mm_waterline_source *waterline, const char *const *paths,
                               unsigned count, const struct mm_source_note *note)
{
    struct group_events_source *source;
    struct mm_wake_source *base;
    int result;

    if (count == 0 || count > MM_GROUP_EVENTS_GROUPS_MAX)
        return -EINVAL;
    result = mm_wake_source_new(center, kernel, waterline, note, &kind, &base);
    if (result < 0)
        return result;
    source = (struct group_events_source *)base;
    result = watch_groups(source, paths, count);
    if (result < 0)
        mm_source_tell(note, NAME, false, "%s", strerror(-result));
    else
        tell_count(source);
    return result;
}
