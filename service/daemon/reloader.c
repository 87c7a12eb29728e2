/* SPDX-License-Identifier: Apache-2.0 */
/* Reloading the configuration without holding up the loop. */
#include "service/daemon/reloader.h"

#include "common/common.h"
#include "config/compare.h"
#include "config/vocabulary.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What a line keeps free for the place at its end. */
#define PLACE_MAX 320

struct reloader {
    struct mm_event_center *center;
    struct mm_reloader_options options;
    int done_fd;
    bool is_running;
    bool is_wanted; /* asked for while one runs, or while somebody is being killed */
    bool is_asked;  /* by somebody, not by files that changed */
    bool is_killing;
    pthread_t thread;
    pthread_mutex_t lock;               /* around what the thread does with old_config */
    const struct mm_config *old_config; /* NULL: gone with the loop */
    struct mm_watch_set *old_set;
    bool was_watched;
    /* The thread's until done_fd is readable. */
    struct mm_reload reload;
    struct mm_problems problems;
    char *lines[MM_RELOAD_LINES_MAX];
};

/* ---- in the thread --------------------------------------------------------------------------------------- */

static void keep_line(struct reloader *reloader, const char *text)
{
    struct mm_reload *reload = &reloader->reload;
    char *copy = reload->line_count < MM_RELOAD_LINES_MAX ? strdup(text) : NULL;

    if (copy)
        reloader->lines[reload->line_count++] = copy;
}

/* "killConfig/killLevel[id=2]/memoryMB: 400 -> 350 (/etc/memmgr/memmgr_config.d/20-product.xml:7)" */
static void keep_difference(const struct mm_difference *difference, void *user)
{
    struct reloader *reloader = user;
    bool is_removed = difference->kind == MM_DIFFERENCE_REMOVED;
    bool is_at_restart = mm_vocabulary_at(difference->element)->flags & MM_ELEMENT_RESTART;
    struct mm_origin origin = {.file = "built-in"};
    char text[MM_LOG_LINE_MAX], file[PLACE_MAX - 64];
    size_t length;
    bool is_given;

    is_given =
        mm_config_origin(is_removed ? reloader->old_config : reloader->reload.config, difference->element,
                         is_removed ? difference->old_instance : difference->new_instance, &origin);
    (void)mm_printable(origin.file, strlen(origin.file), file, sizeof(file));
    (void)mm_difference_text(difference, text, sizeof(text) - PLACE_MAX);
    length = strlen(text);
    length += mm_format(text + length, sizeof(text) - length, " (%s%s", is_removed && is_given ? "from " : "",
                        file);
    if (origin.line > 0)
        length += mm_format(text + length, sizeof(text) - length, ":%u", origin.line);
    (void)mm_format(text + length, sizeof(text) - length, ")%s",
                    is_at_restart ? ", takes effect at the next start" : "");
    reloader->reload.needs_restart |= is_at_restart;
    keep_line(reloader, text);
}

static void *run(void *user)
{
    struct reloader *reloader = user;
    struct mm_reload *reload = &reloader->reload;
    const struct mm_reloader_options *options = &reloader->options;
    uint64_t one = 1;

    /* Before the files are read, so that no change is missed. */
    if (reloader->was_watched)
        reload->watch_error = mm_watch_set_new(options->watched_paths, options->watched_path_count,
                                               MM_CONFIG_SUFFIX, &reload->watch_set);
    reload->error =
        mm_config_load(options->reader_path, options->is_built_in ? NULL : &options->sources,
                       &options->device, MM_READER_TIMEOUT_MS, &reload->config, &reloader->problems);
    (void)pthread_mutex_lock(&reloader->lock);
    if (reload->error == 0 && reloader->old_config) {
        options->adjust(reload->config, options->user);
        reload->change_count =
            mm_config_compare(reloader->old_config, reload->config, keep_difference, reloader);
    }
    (void)pthread_mutex_unlock(&reloader->lock);
    mm_watch_set_free(reloader->old_set);
    if (reload->error == 0 && !reload->config->reload.is_watched) {
        mm_watch_set_free(reload->watch_set);
        reload->watch_set = NULL;
        reload->watch_error = 0;
    }
    while (write(reloader->done_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    return NULL;
}

/* ---- in the main thread ------------------------------------------------------------------------------------ */

/* The thread must not take the signals that the loop waits for. */
static int start_thread(struct reloader *reloader)
{
    sigset_t all;
    sigset_t old;
    int result;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    result = -pthread_create(&reloader->thread, NULL, run, reloader);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return result;
}

static void tell(struct reloader *reloader)
{
    struct mm_reload *reload = &reloader->reload;

    reload->problems = &reloader->problems;
    reload->lines = reloader->lines;
    reloader->options.done(reload, reloader->options.user);
    for (size_t i = 0; i < reload->line_count; i++)
        free(reloader->lines[i]);
    mm_problems_fini(&reloader->problems);
    *reload = (struct mm_reload){0};
}

static void start(struct reloader *reloader)
{
    struct mm_kernel *kernel = reloader->options.kernel;
    struct mm_memory_state memory;
    int result;

    reloader->is_wanted = true;
    if (reloader->is_running || reloader->is_killing)
        return;
    reloader->reload = (struct mm_reload){.is_watched = !reloader->is_asked};
    reloader->options.sources.is_watched = !reloader->is_asked;
    reloader->is_wanted = false;
    reloader->is_asked = false;
    /* What cannot be read now is what it was. */
    if (kernel->ops->read_memory(kernel, &memory) == 0)
        reloader->options.device.ram_bytes = memory.total_bytes;
    reloader->old_set = NULL;
    reloader->old_config = reloader->options.begin(&reloader->old_set, reloader->options.user);
    reloader->was_watched = reloader->old_config->reload.is_watched;
    /* what it came to is the thread's to say from here on */
    reloader->is_running = true;
    result = start_thread(reloader);
    if (result == 0)
        return;
    reloader->reload.error = result;
    reloader->reload.watch_set = reloader->old_set;
    tell(reloader);
    reloader->is_running = false;
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
    /* who asks for another one while this is told has it after it */
    tell(reloader);
    reloader->is_running = false;
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
    if (event->kind == MM_EVENT_RELOAD)
        reloader->is_asked |= !event->payload.reload.is_watched;
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
        (void)pthread_mutex_lock(&reloader->lock);
        reloader->old_config = NULL;
        (void)pthread_mutex_unlock(&reloader->lock);
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
    (void)pthread_mutex_init(&reloader->lock, NULL);
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
