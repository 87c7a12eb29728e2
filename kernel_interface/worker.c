/* SPDX-License-Identifier: Apache-2.0 */
/* The worker thread, its fixed queue and its cancel timer. */
#include "kernel_interface/worker.h"

#include "common/common.h"
#include "common/thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

/* Short against the 5 ms from waterline to kill; a blocked reclaim sees the first one anyway. */
#define CANCEL_INTERVAL_NS MM_NS_PER_MS

/* glibc before 2.39 has the field without the name. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
#ifndef SIGEV_THREAD_ID
#define SIGEV_THREAD_ID 4
#endif

struct mm_worker {
    mm_worker_execute execute;
    void *user;
    struct mm_notice_queue *notices;
    pthread_t thread;
    timer_t cancel_timer;
    atomic_bool is_cancelled;

    pthread_mutex_t lock; /* everything below; held for microseconds only */
    pthread_cond_t changed;
    bool is_started; /* the thread made its timer, or start_error says why not */
    int start_error;
    bool is_stopping;
    bool is_running; /* a job is in execute */
    unsigned first, count;
    struct mm_job jobs[MM_WORKER_QUEUE_CAPACITY];
};

static void on_cancel_signal(int signal_number)
{
    (void)signal_number; /* that it came is all: the system call under way ends with EINTR */
}

static int install_handler(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_cancel_signal; /* and no SA_RESTART */
    (void)sigemptyset(&action.sa_mask);
    return sigaction(MM_WORKER_CANCEL_SIGNAL, &action, NULL) < 0 ? -errno : 0;
}

/* Made by the thread itself, the only one that knows its id. */
static int make_cancel_timer(timer_t *ret_timer)
{
    struct sigevent event;

    memset(&event, 0, sizeof(event));
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = MM_WORKER_CANCEL_SIGNAL;
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    return timer_create(CLOCK_MONOTONIC, &event, ret_timer) < 0 ? -errno : 0;
}

/* interval_ns 0 stops it. The first signal leaves at once. */
static void set_cancel_timer(struct mm_worker *worker, uint64_t interval_ns)
{
    struct itimerspec when;

    memset(&when, 0, sizeof(when));
    when.it_interval.tv_nsec = (long)interval_ns;
    when.it_value.tv_nsec = interval_ns > 0 ? 1 : 0;
    (void)timer_settime(worker->cancel_timer, 0, &when, NULL);
}

static void push_notice(struct mm_worker *worker, const struct mm_job *job, int error, uint64_t bytes,
                        uint64_t duration_ns)
{
    struct mm_notice notice = {
        .kind = MM_NOTICE_JOB_DONE,
        .cookie = job->cookie,
        .error = error,
        .bytes = bytes,
        .duration_ns = duration_ns,
    };

    mm_notice_queue_push(worker->notices, &notice);
}

static void run_job(struct mm_worker *worker, const struct mm_job *job)
{
    uint64_t begin_ns = mm_thread_now_ns();
    uint64_t bytes = 0;
    int error = worker->execute(worker->user, job, &bytes);

    push_notice(worker, job, error, bytes, mm_thread_now_ns() - begin_ns);
}

/* Waits for the next job. False when the worker is to end. */
static bool take_job(struct mm_worker *worker, struct mm_job *ret_job)
{
    bool is_taken = false;

    (void)pthread_mutex_lock(&worker->lock);
    while (worker->count == 0 && !worker->is_stopping)
        (void)pthread_cond_wait(&worker->changed, &worker->lock);
    if (!worker->is_stopping) {
        *ret_job = worker->jobs[worker->first];
        worker->first = (worker->first + 1) % MM_WORKER_QUEUE_CAPACITY;
        worker->count--;
        worker->is_running = true;
        atomic_store(&worker->is_cancelled, false);
        is_taken = true;
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return is_taken;
}

/* Under the lock, so that a cancel either sees the job running or does not arm the timer; a signal still
   pending is delivered before timer_settime returns and cannot hit the next job. */
static void end_job(struct mm_worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    worker->is_running = false;
    if (atomic_load(&worker->is_cancelled))
        set_cancel_timer(worker, 0);
    (void)pthread_mutex_unlock(&worker->lock);
}

static void *worker_main(void *argument)
{
    struct mm_worker *worker = argument;
    struct mm_job job;
    timer_t timer = 0;
    int error;

    mm_thread_begin("memmgr-worker");
    mm_thread_unblock_signal(MM_WORKER_CANCEL_SIGNAL);
    error = make_cancel_timer(&timer);
    (void)pthread_mutex_lock(&worker->lock);
    worker->cancel_timer = timer;
    worker->start_error = error;
    worker->is_started = true;
    (void)pthread_cond_broadcast(&worker->changed);
    (void)pthread_mutex_unlock(&worker->lock);
    if (error < 0)
        return NULL;

    while (take_job(worker, &job)) {
        run_job(worker, &job);
        end_job(worker);
    }
    return NULL;
}

static int start_thread(struct mm_worker *worker)
{
    int error = install_handler();

    if (error < 0)
        return error;
    error = mm_thread_start(worker_main, worker, &worker->thread);
    if (error < 0)
        return error;

    (void)pthread_mutex_lock(&worker->lock);
    while (!worker->is_started)
        (void)pthread_cond_wait(&worker->changed, &worker->lock);
    error = worker->start_error;
    (void)pthread_mutex_unlock(&worker->lock);
    if (error < 0)
        (void)pthread_join(worker->thread, NULL);
    return error;
}

static void destroy(struct mm_worker *worker)
{
    (void)pthread_cond_destroy(&worker->changed);
    (void)pthread_mutex_destroy(&worker->lock);
    free(worker);
}

int mm_worker_new(mm_worker_execute execute, void *user, struct mm_notice_queue *notices,
                  struct mm_worker **ret_worker)
{
    struct mm_worker *worker = calloc(1, sizeof(*worker));
    int error;

    if (!worker)
        return -ENOMEM;
    worker->execute = execute;
    worker->user = user;
    worker->notices = notices;
    mm_mutex_init(&worker->lock);
    (void)pthread_cond_init(&worker->changed, NULL);
    error = start_thread(worker);
    if (error < 0) {
        destroy(worker);
        return error;
    }
    *ret_worker = worker;
    return 0;
}

static void cancel_locked(struct mm_worker *worker)
{
    for (; worker->count > 0; worker->count--) {
        push_notice(worker, &worker->jobs[worker->first], -ECANCELED, 0, 0);
        worker->first = (worker->first + 1) % MM_WORKER_QUEUE_CAPACITY;
    }
    if (worker->is_running && !atomic_load(&worker->is_cancelled)) {
        atomic_store(&worker->is_cancelled, true);
        set_cancel_timer(worker, CANCEL_INTERVAL_NS);
    }
}

void mm_worker_cancel(struct mm_worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    cancel_locked(worker);
    (void)pthread_mutex_unlock(&worker->lock);
}

void mm_worker_free(struct mm_worker *worker)
{
    if (!worker)
        return;
    (void)pthread_mutex_lock(&worker->lock);
    cancel_locked(worker);
    worker->is_stopping = true;
    (void)pthread_cond_broadcast(&worker->changed);
    (void)pthread_mutex_unlock(&worker->lock);
    (void)pthread_join(worker->thread, NULL);
    (void)timer_delete(worker->cancel_timer);
    destroy(worker);
}

int mm_worker_submit(struct mm_worker *worker, const struct mm_job *job)
{
    int error = 0;

    (void)pthread_mutex_lock(&worker->lock);
    if (worker->count == MM_WORKER_QUEUE_CAPACITY)
        error = -EAGAIN;
    else
        error = mm_notice_queue_reserve(worker->notices);
    if (error == 0) {
        worker->jobs[(worker->first + worker->count) % MM_WORKER_QUEUE_CAPACITY] = *job;
        worker->count++;
        (void)pthread_cond_signal(&worker->changed);
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return error;
}

bool mm_worker_is_cancelled(const struct mm_worker *worker)
{
    return atomic_load(&worker->is_cancelled);
}
