/* SPDX-License-Identifier: Apache-2.0 */
/* Reloading the configuration without holding up the loop. */
#include "service/reloader.h"

#include "common/common.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct reloader {
    struct mm_event_center *center;
    struct mm_reloader_options options;
    int done_fd;
    bool is_running;
    bool is_wanted; /* asked for while one runs, or while somebody is being killed */
    bool is_killing;
    pthread_t thread;
    /* The thread's until done_fd is readable. */
    struct mm_config *config;
    struct mm_problems problems;
    int error;
};

static void *load(void *user)
{
    struct reloader *reloader = user;
    uint64_t one = 1;

    reloader->error =
        mm_config_load(reloader->options.reader_path, &reloader->options.sources, &reloader->options.device,
                       MM_READER_TIMEOUT_MS, &reloader->config, &reloader->problems);
    while (write(reloader->done_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    return NULL;
}

/* The thread must not take the signals that the loop waits for. */
static int start_thread(struct reloader *reloader)
{
    sigset_t all;
    sigset_t old;
    int result;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    result = -pthread_create(&reloader->thread, NULL, load, reloader);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return result;
}

static void start(struct reloader *reloader)
{
    struct mm_problems none = {0};
    int result;

    reloader->is_wanted = true;
    if (reloader->is_running || reloader->is_killing)
        return;
    reloader->is_wanted = false;
    reloader->config = NULL;
    result = start_thread(reloader);
    reloader->is_running = result == 0;
    if (result < 0)
        reloader->options.done(NULL, &none, result, reloader->options.user);
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct reloader *reloader = self;
    uint64_t count;

    (void)tag;
    (void)events;
    if (read(reloader->done_fd, &count, sizeof(count)) < 0)
        return;
    (void)pthread_join(reloader->thread, NULL);
    reloader->is_running = false;
    reloader->options.done(reloader->error == 0 ? reloader->config : NULL, &reloader->problems,
                           reloader->error, reloader->options.user);
    mm_problems_fini(&reloader->problems);
    reloader->problems = (struct mm_problems){0};
    if (reloader->is_wanted)
        start(reloader);
}

static void on_event(const struct mm_event *event, void *user)
{
    struct reloader *reloader = user;

    if (event->kind == MM_EVENT_KILL_BEGIN)
        reloader->is_killing = true;
    if (event->kind == MM_EVENT_KILL_END)
        reloader->is_killing = false;
    if (event->kind == MM_EVENT_RELOAD || (event->kind == MM_EVENT_KILL_END && reloader->is_wanted))
        start(reloader);
}

static void close_source(void *self)
{
    struct reloader *reloader = self;

    mm_event_center_unsubscribe(reloader->center, on_event, reloader);
    /* the end does not wait for a reader: its thread and what it writes to end with the process */
    if (reloader->is_running) {
        mm_event_center_forget_fd(reloader->center, reloader->done_fd);
        (void)pthread_detach(reloader->thread);
        return;
    }
    if (reloader->done_fd >= 0) {
        mm_event_center_forget_fd(reloader->center, reloader->done_fd);
        (void)close(reloader->done_fd);
    }
    free(reloader);
}

static const struct mm_event_source_ops source_ops = {
    .name = "reload",
    .ready = ready,
    .close = close_source,
};

int mm_reloader_add(struct mm_event_center *center, const struct mm_reloader_options *options)
{
    struct reloader *reloader = calloc(1, sizeof(*reloader));
    int result;

    if (!reloader)
        return -ENOMEM;
    reloader->center = center;
    reloader->options = *options;
    reloader->done_fd = -1;
    result = mm_event_center_add_source(center, &source_ops, reloader);
    if (result < 0) {
        free(reloader);
        return result;
    }
    reloader->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (reloader->done_fd < 0)
        return -errno;
    result = mm_event_center_watch_fd(center, reloader, reloader->done_fd, EPOLLIN, 0);
    if (result < 0)
        return result;
    return mm_event_center_subscribe(
        center, MM_RANK_OBSERVER, 1u << MM_EVENT_RELOAD | 1u << MM_EVENT_KILL_BEGIN | 1u << MM_EVENT_KILL_END,
        on_event, reloader);
}
