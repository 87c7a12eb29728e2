/* SPDX-License-Identifier: Apache-2.0 */
/* The event source of signals, through a signalfd. */
#include "event_center/event_center.h"

#include "common/common.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct signal_source {
    struct mm_event_center *center;
    int fd;
};

static const struct signal_event {
    int signal;
    enum mm_event_kind kind;
} signal_events[] = {
    {SIGTERM, MM_EVENT_STOP},
    {SIGINT, MM_EVENT_STOP},
    {SIGHUP, MM_EVENT_RELOAD},
    {SIGUSR1, MM_EVENT_LOG_STATE},
};

static void publish_signal(struct signal_source *source, int number)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(signal_events); i++) {
        struct mm_event event = {.kind = signal_events[i].kind};

        if (signal_events[i].signal != number)
            continue;
        mm_event_center_publish(source->center, &event);
        if (event.kind == MM_EVENT_STOP)
            mm_event_center_stop(source->center);
    }
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct signal_source *source = self;
    struct signalfd_siginfo info;

    (void)tag;
    (void)events;
    while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        publish_signal(source, (int)info.ssi_signo);
}

static void close_source(void *self)
{
    struct signal_source *source = self;

    mm_event_center_forget_fd(source->center, source->fd);
    if (source->fd >= 0)
        (void)close(source->fd);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "signal",
    .ready = ready,
    .close = close_source,
};

int mm_signal_source_add(struct mm_event_center *center)
{
    struct signal_source *source = calloc(1, sizeof(*source));
    sigset_t set;
    int result;

    if (!source)
        return -ENOMEM;
    source->center = center;
    source->fd = -1;
    result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    (void)sigemptyset(&set);
    for (size_t i = 0; i < MM_ARRAY_SIZE(signal_events); i++)
        (void)sigaddset(&set, signal_events[i].signal);
    result = -pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (result < 0)
        return result;
    source->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (source->fd < 0)
        return -errno;
    return mm_event_center_watch_fd(center, source, source->fd, EPOLLIN, 0);
}
