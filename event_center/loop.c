/* SPDX-License-Identifier: Apache-2.0 */
/* The epoll loop, its sources and descriptors. */
#include "event_center/center.h"

#include "common/common.h"
#include "common/touch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* epoll data of the loop's own descriptors; a watch has its index and generation. */
#define DATA_TIMER  (UINT64_MAX - 1)
#define DATA_NOTICE (UINT64_MAX - 2)

static uint64_t watch_data(unsigned index, const struct mm_watch *watch)
{
    return (uint64_t)watch->generation << 32 | index;
}

static int add_own_fd(const struct mm_event_center *center, int fd, uint64_t data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};

    return epoll_ctl(center->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_loop(struct mm_event_center *center)
{
    int notice_fd;
    int result;

    center->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (center->epoll_fd < 0)
        return -errno;
    center->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (center->timer_fd < 0)
        return -errno;
    result = add_own_fd(center, center->timer_fd, DATA_TIMER);
    if (result < 0)
        return result;
    notice_fd = center->kernel->ops->notice_fd(center->kernel);
    return notice_fd < 0 ? 0 : add_own_fd(center, notice_fd, DATA_NOTICE);
}

int mm_event_center_new(struct mm_kernel *kernel, struct mm_event_center **ret_center)
{
    struct mm_event_center *center = calloc(1, sizeof(*center));
    int result;

    if (!center)
        return -ENOMEM;
    center->kernel = kernel;
    center->epoll_fd = -1;
    center->timer_fd = -1;
    center->armed_deadline_ns = UINT64_MAX;
    center->position = -1;
    mm_list_init(&center->timers);
    mm_list_init(&center->wakes);
    for (unsigned i = 0; i < MM_WATCHES_MAX; i++)
        center->watches[i].fd = -1;
    mm_touch_ahead(center->queue, sizeof(center->queue), 0,
                   MM_EVENT_QUEUE_PRESENT * sizeof(center->queue[0]));
    result = open_loop(center);
    if (result < 0) {
        mm_event_center_free(center);
        return result;
    }
    *ret_center = center;
    return 0;
}

void mm_event_center_free(struct mm_event_center *center)
{
    if (!center)
        return;
    while (center->source_count > 0) {
        struct mm_source *source = &center->sources[--center->source_count];

        if (source->ops->close)
            source->ops->close(source->source);
    }
    if (center->timer_fd >= 0)
        (void)close(center->timer_fd);
    if (center->epoll_fd >= 0)
        (void)close(center->epoll_fd);
    free(center);
}

int mm_event_center_add_source(struct mm_event_center *center, const struct mm_event_source_ops *ops,
                               void *source)
{
    if (center->source_count == MM_SOURCES_MAX)
        return -ENOSPC;
    center->sources[center->source_count++] = (struct mm_source){.ops = ops, .source = source};
    return 0;
}

static int find_source(const struct mm_event_center *center, const void *source)
{
    for (unsigned i = 0; i < center->source_count; i++) {
        if (center->sources[i].source == source)
            return (int)i;
    }
    return -ENOENT;
}

static struct mm_watch *find_watch(struct mm_event_center *center, int fd)
{
    for (unsigned i = 0; i < MM_WATCHES_MAX; i++) {
        if (center->watches[i].fd == fd)
            return &center->watches[i];
    }
    return NULL;
}

static int control_watch(struct mm_event_center *center, int operation, struct mm_watch *watch, int fd,
                         uint32_t events)
{
    struct epoll_event event = {
        .events = events,
        .data.u64 = watch_data((unsigned)(watch - center->watches), watch),
    };

    return epoll_ctl(center->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

int mm_event_center_watch_fd(struct mm_event_center *center, void *source, int fd, uint32_t events,
                             uint64_t tag)
{
    struct mm_watch *watch = find_watch(center, -1);
    int source_index = find_source(center, source);
    int result;

    if (source_index < 0)
        return source_index;
    if (!watch)
        return -ENOSPC;
    result = control_watch(center, EPOLL_CTL_ADD, watch, fd, events);
    if (result < 0)
        return result;
    watch->fd = fd;
    watch->source_index = (uint16_t)source_index;
    watch->tag = tag;
    return 0;
}

int mm_event_center_change_fd(struct mm_event_center *center, void *source, int fd, uint32_t events,
                              uint64_t tag)
{
    struct mm_watch *watch = fd < 0 ? NULL : find_watch(center, fd);
    int result;

    (void)source;
    if (!watch)
        return -ENOENT;
    result = control_watch(center, EPOLL_CTL_MOD, watch, fd, events);
    if (result == 0)
        watch->tag = tag;
    return result;
}

/* What of the batch at hand is about it is void. */
static struct mm_watch *silence(struct mm_event_center *center, int fd)
{
    struct mm_watch *watch = fd < 0 ? NULL : find_watch(center, fd);

    if (watch) {
        (void)epoll_ctl(center->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        watch->generation++;
    }
    return watch;
}

void mm_event_center_forget_fd(struct mm_event_center *center, int fd)
{
    struct mm_watch *watch = silence(center, fd);

    if (watch)
        watch->fd = -1;
}

int mm_event_center_pause_fd(struct mm_event_center *center, int fd)
{
    return silence(center, fd) ? 0 : -ENOENT;
}

int mm_event_center_resume_fd(struct mm_event_center *center, int fd, uint32_t events)
{
    struct mm_watch *watch = fd < 0 ? NULL : find_watch(center, fd);

    return watch ? control_watch(center, EPOLL_CTL_ADD, watch, fd, events) : -ENOENT;
}

/* The timer descriptor follows the first timer that cannot wait; a call is made only when that changed. */
static int arm_timer_fd(struct mm_event_center *center)
{
    uint64_t deadline_ns = mm_event_center_next_wake_ns(center);
    struct itimerspec spec = {0};

    if (deadline_ns == center->armed_deadline_ns)
        return 0;
    if (deadline_ns != UINT64_MAX) {
        /* 0 would switch the timer off */
        uint64_t value_ns = MM_MAX(deadline_ns, 1);

        spec.it_value.tv_sec = (time_t)(value_ns / MM_NS_PER_S);
        spec.it_value.tv_nsec = (long)(value_ns % MM_NS_PER_S);
    }
    if (timerfd_settime(center->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
        return -errno;
    center->armed_deadline_ns = deadline_ns;
    return 0;
}

static int compare_by_source(const struct mm_event_center *center, uint64_t a, uint64_t b)
{
    return (int)center->watches[(uint32_t)a].source_index - (int)center->watches[(uint32_t)b].source_index;
}

/* Insertion sort: a batch holds a few descriptors, or many of one source, which stay where they are. */
static void sort_by_source(const struct mm_event_center *center, struct epoll_event *events, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        struct epoll_event event = events[i];
        unsigned position = i;

        while (position > 0 && compare_by_source(center, events[position - 1].data.u64, event.data.u64) > 0) {
            events[position] = events[position - 1];
            position--;
        }
        events[position] = event;
    }
}

static void serve(struct mm_event_center *center, const struct epoll_event *event)
{
    const struct mm_watch *watch = &center->watches[(uint32_t)event->data.u64];
    const struct mm_source *source = &center->sources[watch->source_index];

    /* forgotten by an earlier one of this batch */
    if (watch->fd < 0 || watch->generation != (uint16_t)(event->data.u64 >> 32))
        return;
    source->ops->ready(source->source, watch->tag, event->events);
}

/* Keeps the events of watches, in the order of their sources; the loop's own are taken note of. */
static unsigned sift(struct mm_event_center *center, struct epoll_event *events, unsigned count)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < count; i++) {
        if (events[i].data.u64 == DATA_TIMER) {
            uint64_t expirations;

            /* emptied, so that epoll is quiet; how often it fired says nothing */
            if (read(center->timer_fd, &expirations, sizeof(expirations)) > 0)
                center->armed_deadline_ns = UINT64_MAX;
        } else if (events[i].data.u64 != DATA_NOTICE) {
            events[kept++] = events[i];
        }
    }
    sort_by_source(center, events, kept);
    return kept;
}

static void collect(const struct mm_event_center *center)
{
    for (unsigned i = 0; i < center->source_count; i++) {
        if (center->sources[i].ops->collect)
            center->sources[i].ops->collect(center->sources[i].source);
    }
}

int mm_event_center_run(struct mm_event_center *center)
{
    struct epoll_event *events = center->batch;

    while (!center->is_stopping) {
        int count = arm_timer_fd(center);

        if (count < 0)
            return count;
        count = epoll_wait(center->epoll_fd, events, MM_BATCH_SIZE, -1);
        if (count < 0 && errno != EINTR)
            return -errno;
        center->counters.wakeups++;
        count = (int)sift(center, events, count < 0 ? 0 : (unsigned)count);
        collect(center);
        for (int i = 0; i < count && !center->is_stopping; i++)
            serve(center, &events[i]);
        mm_event_center_step(center);
    }
    return center->error;
}

void mm_event_center_stop(struct mm_event_center *center)
{
    center->is_stopping = true;
}

void mm_event_center_fail(struct mm_event_center *center, int error)
{
    center->error = error;
    mm_event_center_stop(center);
}
