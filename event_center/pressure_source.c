/* SPDX-License-Identifier: Apache-2.0 */
/* The event source of PSI triggers on the domain and on named groups. */
#include "event_center/event_center.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define TRIGGERS_MAX 8

struct trigger {
    int fd;
    struct mm_pressure_trigger armed;
    uint64_t group_id; /* 0: the domain */
    char group_path[MM_GROUP_PATH_MAX];
};

struct pressure_source {
    struct mm_event_center *center;
    struct mm_waterline_source *waterline;
    struct mm_kernel *kernel;
    struct trigger triggers[TRIGGERS_MAX];
    unsigned count;
};

/* Memory is read, and who may have to act on it hears of it, before anybody is only told of the pressure. */
static void publish(struct pressure_source *source, const struct trigger *trigger)
{
    struct mm_event event = {
        .kind = MM_EVENT_PRESSURE, .group_id = trigger->group_id, .payload.pressure = trigger->armed};

    if (source->waterline)
        mm_waterline_source_check(source->waterline);
    mm_event_center_publish(source->center, &event);
}

static void close_trigger(struct pressure_source *source, struct trigger *trigger)
{
    if (trigger->fd < 0)
        return;
    mm_event_center_forget_fd(source->center, trigger->fd);
    source->kernel->ops->close_pressure_trigger(source->kernel, trigger->fd);
    trigger->fd = -1;
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct pressure_source *source = self;
    struct trigger *trigger = &source->triggers[tag];

    if (events & EPOLLPRI)
        publish(source, trigger);
    if (!(events & (EPOLLERR | EPOLLHUP)))
        return;
    /* the group is gone: level-triggered EPOLLERR would spin */
    mm_warning("pressure trigger %llu us%s%s: its group is gone; the waterline watch goes on alone",
               (unsigned long long)trigger->armed.stall_us, trigger->group_path[0] ? " of " : "",
               trigger->group_path);
    close_trigger(source, trigger);
}

/* The simulated kernel's way to say that a trigger fired: nobody polls in virtual time. */
static void on_notice(const struct mm_event *event, void *user)
{
    struct pressure_source *source = user;

    if (event->payload.notice.kind != MM_NOTICE_PRESSURE)
        return;
    for (unsigned i = 0; i < source->count; i++) {
        if (source->triggers[i].fd >= 0 && event->payload.notice.cookie == (uint64_t)source->triggers[i].fd)
            publish(source, &source->triggers[i]);
    }
}

static void close_source(void *self)
{
    struct pressure_source *source = self;

    mm_event_center_unsubscribe(source->center, on_notice, source);
    for (unsigned i = 0; i < source->count; i++)
        close_trigger(source, &source->triggers[i]);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "psi",
    .ready = ready,
    .close = close_source,
};

/* The group is only needed for the arming. "": the domain's. */
static int open_trigger(struct pressure_source *source, const struct mm_pressure_trigger *wanted,
                        const char *group_path, struct trigger *trigger)
{
    struct mm_kernel *kernel = source->kernel;
    struct mm_group *group = NULL;
    int result = group_path[0] ? kernel->ops->open_group(kernel, group_path, &group) : 0;

    if (result < 0)
        return result;
    trigger->group_id = group ? kernel->ops->group_id(kernel, group) : 0;
    mm_copy_text(trigger->group_path, sizeof(trigger->group_path), group_path);
    result = kernel->ops->open_pressure_trigger(kernel, group, wanted, &trigger->armed, &trigger->fd);
    if (group)
        kernel->ops->close_group(kernel, group);
    return result;
}

static int arm(struct pressure_source *source, const struct mm_pressure_trigger *wanted,
               const char *group_path)
{
    struct trigger *trigger = &source->triggers[source->count];
    int result = open_trigger(source, wanted, group_path, trigger);

    if (result < 0)
        return result;
    result = mm_event_center_watch_fd(source->center, source, trigger->fd, EPOLLPRI, source->count);
    if (result < 0) {
        source->kernel->ops->close_pressure_trigger(source->kernel, trigger->fd);
        return result;
    }
    source->count++;
    return 0;
}

static void arm_all(struct pressure_source *source, const struct mm_pressure_trigger *triggers,
                    const char *const *group_paths, unsigned count, struct mm_pressure_source_status *status)
{
    for (unsigned i = 0; i < count; i++) {
        const char *group_path = group_paths && group_paths[i] ? group_paths[i] : "";
        int result = arm(source, &triggers[i], group_path);

        if (result == 0) {
            status->armed++;
            if (source->triggers[source->count - 1].armed.window_us != triggers[i].window_us)
                status->has_long_window = true;
            continue;
        }
        status->refused++;
        status->error = result;
        mm_notice("pressure trigger %s %llu us in %llu us%s%s is refused: %s",
                  triggers[i].kind == MM_PRESSURE_FULL ? "full" : "some",
                  (unsigned long long)triggers[i].stall_us, (unsigned long long)triggers[i].window_us,
                  group_path[0] ? " of " : "", group_path, strerror(-result));
    }
}

int mm_pressure_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                           struct mm_waterline_source *waterline, const struct mm_pressure_trigger *triggers,
                           unsigned count, struct mm_pressure_source_status *ret_status)
{
    return mm_pressure_source_add_for(center, kernel, waterline, triggers, NULL, count, ret_status);
}

int mm_pressure_source_add_for(struct mm_event_center *center, struct mm_kernel *kernel,
                               struct mm_waterline_source *waterline,
                               const struct mm_pressure_trigger *triggers, const char *const *group_paths,
                               unsigned count, struct mm_pressure_source_status *ret_status)
{
    struct pressure_source *source;
    int result;

    *ret_status = (struct mm_pressure_source_status){0};
    if (count == 0 || count > TRIGGERS_MAX)
        return -EINVAL;
    source = calloc(1, sizeof(*source));
    if (!source)
        return -ENOMEM;
    source->center = center;
    source->waterline = waterline;
    source->kernel = kernel;
    result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    result =
        mm_event_center_subscribe(center, MM_RANK_PRIORITY_MANAGER, 1u << MM_EVENT_NOTICE, on_notice, source);
    if (result < 0)
        return result;
    arm_all(source, triggers, group_paths, count, ret_status);
    /* the source itself is closed with the center */
    return ret_status->armed > 0 ? 0 : ret_status->error;
}
