/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A threshold cannot be moved, only registered anew with another eventfd: a thread does so, and puts the eventfd into an
 * epoll set, the descriptor that the main thread watches.
 */
#include "kernel_interface/usage_threshold.h"

#include "common/common.h"
#include "common/thread.h"
#include "kernel_interface/event_control.h"
#include "kernel_interface/group.h"
#include "kernel_interface/hot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define USAGE_FILE "memory.usage_in_bytes"

/* How much too late or too early it may be: a share of what is left, and what the kernel's own counting is late by (it
   looks at thresholds every 128 pages of a processor). */
#define SLACK_SHARE     8
#define SLACK_MIN_BYTES MM_MIB

/* Where it is sure to be met it is put after that share of the way, and left there up to twice of it: the shorter, the
   longer may be slept, but the more often memory that only comes and goes is told of. */
#define WAY_SHARE 8
/* Below it there is no room for what each processor counts late, and nothing to gain: the way is filled in 50 ms. */
#define WAY_MIN_BYTES (256 * MM_MIB)

struct mm_usage_alarm {
    int front_fd; /* an epoll set of event_fd alone */
    pthread_t thread;

    pthread_mutex_t lock; /* everything below; held for microseconds only */
    pthread_cond_t changed;
    bool is_stopping;
    bool is_wanted;     /* wanted is for the thread to do */
    bool is_registered; /* present is, as far as the kernel says */
    struct mm_usage_registration wanted;
    struct mm_usage_registration present; /* what is registered, or being so */
    int event_fd;                         /* -1: none */
    int error;                            /* why the last one was refused */
};

/* How far pages that usage counts must grow at least before the line is reached; 0 where that is not far. */
static uint64_t sure_way(const struct mm_usage_view *view, uint64_t line_bytes)
{
    uint64_t distance = view->available_bytes - line_bytes;
    uint64_t way = distance > view->droppable_bytes ? distance - view->droppable_bytes : 0;

    return way >= WAY_MIN_BYTES ? way : 0;
}

uint64_t mm_usage_threshold_margin(const struct mm_usage_view *view, uint64_t line_bytes,
                                   const struct mm_usage_registration *present)
{
    uint64_t way;

    if (line_bytes == MM_UNKNOWN || view->available_bytes < line_bytes || present->has_told ||
        present->threshold_bytes == MM_UNKNOWN || present->directory_fd != view->directory_fd ||
        present->threshold_bytes <= view->usage_bytes)
        return 0;
    way = sure_way(view, line_bytes);
    if (present->threshold_bytes - view->usage_bytes > way / WAY_SHARE * 2)
        return 0;
    return way - (present->threshold_bytes - view->usage_bytes);
}

uint64_t mm_usage_threshold_decide(const struct mm_usage_view *view, uint64_t line_bytes,
                                   const struct mm_usage_registration *present)
{
    uint64_t distance, slack, threshold;
    bool is_same_group = present->directory_fd == view->directory_fd;
    bool is_sure;

    if (line_bytes == MM_UNKNOWN || view->available_bytes < line_bytes)
        return MM_UNKNOWN;
    distance = sure_way(view, line_bytes);
    is_sure = distance > 0;
    distance = is_sure ? distance / WAY_SHARE : view->available_bytes - line_bytes;
    if (__builtin_add_overflow(view->usage_bytes, distance, &threshold) || threshold >= view->limit_bytes)
        return MM_UNKNOWN;
    if (present->threshold_bytes == MM_UNKNOWN || !is_same_group)
        return threshold;
    slack = is_sure ? distance : MM_MAX(distance / SLACK_SHARE, SLACK_MIN_BYTES);
    if (present->threshold_bytes > threshold)
        return present->threshold_bytes - threshold > slack ? threshold : present->threshold_bytes;
    if (present->has_told && threshold - present->threshold_bytes > slack)
        return threshold;
    return present->threshold_bytes;
}

/* ---- the thread --------------------------------------------------------------------------------------- */

static uint64_t read_usage(int directory_fd)
{
    char text[32]; /* 20 digits and a newline */
    uint64_t usage_bytes = 0;
    ssize_t length = mm_read_file(directory_fd, USAGE_FILE, text, sizeof(text));

    if (length > 0)
        (void)mm_group_number_parse(text, (size_t)length, &usage_bytes);
    return usage_bytes;
}

static void tell(int event_fd)
{
    const uint64_t one = 1;

    (void)!write(event_fd, &one, sizeof(one));
}

/* A refusal is told like a crossing, and so is a crossing that was over before the kernel knew of it. */
static int register_threshold(const struct mm_usage_registration *wanted, int event_fd)
{
    char argument[24];
    int error;

    (void)mm_format(argument, sizeof(argument), "%llu", (unsigned long long)wanted->threshold_bytes);
    error = mm_event_control_register(wanted->directory_fd, USAGE_FILE, argument, event_fd);
    if (error < 0 || read_usage(wanted->directory_fd) >= wanted->threshold_bytes)
        tell(event_fd);
    return error;
}

static void replace_event_fd(struct mm_usage_alarm *alarm, int event_fd, int error)
{
    struct epoll_event event = {.events = EPOLLIN};
    int old_fd;

    (void)pthread_mutex_lock(&alarm->lock);
    old_fd = alarm->event_fd;
    alarm->event_fd = event_fd;
    alarm->error = error;
    alarm->is_registered = event_fd >= 0 && !alarm->is_wanted;
    if (event_fd >= 0 && epoll_ctl(alarm->front_fd, EPOLL_CTL_ADD, event_fd, &event) < 0)
        alarm->error = -errno;
    if (old_fd >= 0)
        (void)close(old_fd); /* and so it leaves the set, and the kernel the threshold */
    (void)pthread_mutex_unlock(&alarm->lock);
}

static void carry_out(struct mm_usage_alarm *alarm, const struct mm_usage_registration *wanted)
{
    int event_fd = -1;
    int error = 0;

    if (wanted->threshold_bytes != MM_UNKNOWN) {
        event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        error = event_fd < 0 ? -errno : register_threshold(wanted, event_fd);
    }
    replace_event_fd(alarm, event_fd, error);
}

static bool take_wanted(struct mm_usage_alarm *alarm, struct mm_usage_registration *ret_wanted)
{
    bool is_stopping;

    (void)pthread_mutex_lock(&alarm->lock);
    while (!alarm->is_wanted && !alarm->is_stopping)
        (void)pthread_cond_wait(&alarm->changed, &alarm->lock);
    alarm->is_wanted = false;
    *ret_wanted = alarm->wanted;
    is_stopping = alarm->is_stopping;
    (void)pthread_mutex_unlock(&alarm->lock);
    return !is_stopping;
}

static void *alarm_main(void *argument)
{
    struct mm_usage_alarm *alarm = argument;
    struct mm_usage_registration wanted;

    mm_thread_begin("memmgr-usage");
    while (take_wanted(alarm, &wanted))
        carry_out(alarm, &wanted);
    return NULL;
}

/* ---- the main thread's side ------------------------------------------------------------------------------ */

static void destroy(struct mm_usage_alarm *alarm)
{
    if (alarm->event_fd >= 0)
        (void)close(alarm->event_fd);
    if (alarm->front_fd >= 0)
        (void)close(alarm->front_fd);
    (void)pthread_cond_destroy(&alarm->changed);
    (void)pthread_mutex_destroy(&alarm->lock);
    free(alarm);
}

int mm_usage_alarm_new(struct mm_usage_alarm **ret_alarm)
{
    struct mm_usage_alarm *alarm = (struct mm_usage_alarm *)calloc(1, sizeof(*alarm));
    int error;

    if (!alarm)
        return -ENOMEM;
    mm_mutex_init(&alarm->lock);
    (void)pthread_cond_init(&alarm->changed, NULL);
    alarm->event_fd = -1;
    alarm->present.directory_fd = -1;
    alarm->present.threshold_bytes = MM_UNKNOWN;
    alarm->front_fd = epoll_create1(EPOLL_CLOEXEC);
    error = alarm->front_fd < 0 ? -errno : mm_thread_start(alarm_main, alarm, &alarm->thread);
    if (error < 0) {
        destroy(alarm);
        return error;
    }
    *ret_alarm = alarm;
    return 0;
}

void mm_usage_alarm_free(struct mm_usage_alarm *alarm)
{
    if (!alarm)
        return;
    (void)pthread_mutex_lock(&alarm->lock);
    alarm->is_stopping = true;
    (void)pthread_cond_signal(&alarm->changed);
    (void)pthread_mutex_unlock(&alarm->lock);
    (void)pthread_join(alarm->thread, NULL);
    destroy(alarm);
}

int mm_usage_alarm_fd(const struct mm_usage_alarm *alarm)
{
    return alarm->front_fd;
}

int mm_usage_alarm_take(struct mm_usage_alarm *alarm)
{
    uint64_t count = 0;
    int result = 0;

    /* under the lock, so that the thread does not close what is being read */
    (void)pthread_mutex_lock(&alarm->lock);
    if (alarm->event_fd >= 0 && read(alarm->event_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        result = 1;
    if (result > 0)
        alarm->present.has_told = true;
    if (alarm->error < 0)
        result = alarm->error;
    else if (result > 0 && faccessat(alarm->present.directory_fd, USAGE_FILE, F_OK, 0) < 0)
        result = mm_group_file_error(alarm->present.directory_fd, -errno);
    (void)pthread_mutex_unlock(&alarm->lock);
    return result;
}

uint64_t mm_usage_alarm_move(struct mm_usage_alarm *alarm, const struct mm_usage_view *view,
                             uint64_t line_bytes)
{
    struct mm_usage_registration wanted = {.directory_fd = view->directory_fd};
    uint64_t margin_bytes = 0;

    (void)pthread_mutex_lock(&alarm->lock);
    wanted.threshold_bytes = mm_usage_threshold_decide(view, line_bytes, &alarm->present);
    if (wanted.threshold_bytes != alarm->present.threshold_bytes ||
        (wanted.threshold_bytes != MM_UNKNOWN && wanted.directory_fd != alarm->present.directory_fd)) {
        alarm->wanted = wanted;
        alarm->present = wanted;
        alarm->is_wanted = true;
        alarm->is_registered = false;
        (void)pthread_cond_signal(&alarm->changed);
    }
    if (alarm->is_registered && alarm->error == 0)
        margin_bytes = mm_usage_threshold_margin(view, line_bytes, &alarm->present);
    (void)pthread_mutex_unlock(&alarm->lock);
    return margin_bytes;
}
