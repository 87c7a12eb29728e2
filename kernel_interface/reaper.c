/* SPDX-License-Identifier: Apache-2.0 */
/* The reaper pool: a fixed queue of duplicated pidfds, emptied by a few threads of the highest priority. */
#include "kernel_interface/reaper.h"

#include "common/common.h"
#include "common/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

/* The same number on every architecture; libc headers from before 5.15 lack it. */
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

#define REAPER_NICE (-20)

/* A lock on the address space is held for a fault or an mmap: 50 times 2 ms outlast all but the worst. */
#define RETRY_COUNT       50
#define RETRY_INTERVAL_NS (2 * MM_NS_PER_MS)

struct reap {
    pid_t pid;
    int pidfd; /* owned */
};

struct mm_reaper {
    mm_reaper_release release;
    struct mm_notice_queue *notices;
    atomic_bool is_stopping;
    atomic_bool is_unsupported;
    unsigned thread_count;
    pthread_t threads[MM_REAPER_THREADS_MAX];

    pthread_mutex_t lock; /* what is below */
    pthread_cond_t changed;
    unsigned first, count;
    struct reap reaps[MM_REAPER_QUEUE_CAPACITY];
};

static int release_by_system_call(int pidfd)
{
    return syscall(SYS_process_mrelease, pidfd, 0U) < 0 ? -errno : 0;
}

static int release_with_retries(struct mm_reaper *reaper, int pidfd)
{
    const struct timespec interval = {.tv_sec = 0, .tv_nsec = (long)RETRY_INTERVAL_NS};
    int error = reaper->release(pidfd);

    for (unsigned i = 0; i < RETRY_COUNT && error == -EAGAIN && !atomic_load(&reaper->is_stopping); i++) {
        (void)nanosleep(&interval, NULL);
        error = reaper->release(pidfd);
    }
    return error;
}

static void run_reap(struct mm_reaper *reaper, const struct reap *reap)
{
    uint64_t begin_ns = mm_thread_now_ns();
    struct mm_notice notice = {.kind = MM_NOTICE_REAP_DONE, .pid = reap->pid};

    notice.error = release_with_retries(reaper, reap->pidfd);
    notice.duration_ns = mm_thread_now_ns() - begin_ns;
    (void)close(reap->pidfd);
    if (notice.error == -ENOSYS || notice.error == -EOPNOTSUPP)
        atomic_store(&reaper->is_unsupported, true);
    mm_notice_queue_push(reaper->notices, &notice);
}

/* Waits for the next one. False when the reaper is to end. */
static bool take_reap(struct mm_reaper *reaper, struct reap *ret_reap)
{
    bool is_taken = false;

    (void)pthread_mutex_lock(&reaper->lock);
    while (reaper->count == 0 && !atomic_load(&reaper->is_stopping))
        (void)pthread_cond_wait(&reaper->changed, &reaper->lock);
    if (!atomic_load(&reaper->is_stopping)) {
        *ret_reap = reaper->reaps[reaper->first];
        reaper->first = (reaper->first + 1) % MM_REAPER_QUEUE_CAPACITY;
        reaper->count--;
        is_taken = true;
    }
    (void)pthread_mutex_unlock(&reaper->lock);
    return is_taken;
}

static void *reaper_main(void *argument)
{
    struct mm_reaper *reaper = argument;
    struct reap reap;

    mm_thread_begin("memmgr-reaper");
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), REAPER_NICE); /* without leave it is slower */
    while (take_reap(reaper, &reap))
        run_reap(reaper, &reap);
    return NULL;
}

int mm_reaper_new(unsigned threads, mm_reaper_release release, struct mm_notice_queue *notices,
                  struct mm_reaper **ret_reaper)
{
    struct mm_reaper *reaper;
    int error = 0;

    if (threads < 1 || threads > MM_REAPER_THREADS_MAX)
        return -EINVAL;
    reaper = calloc(1, sizeof(*reaper));
    if (!reaper)
        return -ENOMEM;
    reaper->release = release ? release : release_by_system_call;
    reaper->notices = notices;
    mm_mutex_init(&reaper->lock);
    (void)pthread_cond_init(&reaper->changed, NULL);
    while (error == 0 && reaper->thread_count < threads) {
        error = mm_thread_start(reaper_main, reaper, &reaper->threads[reaper->thread_count]);
        if (error == 0)
            reaper->thread_count++;
    }
    if (error < 0) {
        mm_reaper_free(reaper);
        return error;
    }
    *ret_reaper = reaper;
    return 0;
}

void mm_reaper_free(struct mm_reaper *reaper)
{
    if (!reaper)
        return;
    (void)pthread_mutex_lock(&reaper->lock);
    atomic_store(&reaper->is_stopping, true);
    (void)pthread_cond_broadcast(&reaper->changed);
    (void)pthread_mutex_unlock(&reaper->lock);
    for (unsigned i = 0; i < reaper->thread_count; i++)
        (void)pthread_join(reaper->threads[i], NULL);
    for (; reaper->count > 0; reaper->count--) {
        (void)close(reaper->reaps[reaper->first].pidfd);
        reaper->first = (reaper->first + 1) % MM_REAPER_QUEUE_CAPACITY;
        mm_notice_queue_release(reaper->notices);
    }
    (void)pthread_cond_destroy(&reaper->changed);
    (void)pthread_mutex_destroy(&reaper->lock);
    free(reaper);
}

static int enqueue_locked(struct mm_reaper *reaper, const struct mm_process_handle *handle)
{
    struct reap *reap = &reaper->reaps[(reaper->first + reaper->count) % MM_REAPER_QUEUE_CAPACITY];
    int error;

    if (reaper->count == MM_REAPER_QUEUE_CAPACITY)
        return -EAGAIN;
    error = mm_notice_queue_reserve(reaper->notices);
    if (error < 0)
        return error;
    reap->pid = handle->pid;
    reap->pidfd = fcntl(handle->pidfd, F_DUPFD_CLOEXEC, 0);
    if (reap->pidfd < 0) {
        error = -errno;
        mm_notice_queue_release(reaper->notices);
        return error;
    }
    reaper->count++;
    (void)pthread_cond_signal(&reaper->changed);
    return 0;
}

int mm_reaper_submit(struct mm_reaper *reaper, const struct mm_process_handle *handle)
{
    int error;

    if (handle->pidfd < 0 || atomic_load(&reaper->is_unsupported))
        return -EOPNOTSUPP;
    (void)pthread_mutex_lock(&reaper->lock);
    error = enqueue_locked(reaper, handle);
    (void)pthread_mutex_unlock(&reaper->lock);
    return error;
}
