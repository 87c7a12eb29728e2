/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that leave signals to the main one, and locks that the main one may take. */
#include "common/thread.h"

#include "common/common.h"

#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

/* A few frames and the log's line on top of them; the daemon's memory is locked, 8 MiB would be too. */
#define STACK_BYTES ((size_t)64 * 1024)

int mm_thread_start(void *(*main_function)(void *), void *argument, pthread_t *ret_thread)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int error = pthread_attr_init(&attributes);

    if (error != 0)
        return -error;
    /* Refused where a libc's minimum is larger: its default serves then. */
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    /* A new thread has its creator's mask; no signal may reach it before it could set its own. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(ret_thread, &attributes, main_function, argument);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return -error;
}

void mm_mutex_init(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;

    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    if (pthread_mutex_init(mutex, &attributes) != 0)
        (void)pthread_mutex_init(mutex, NULL);
    (void)pthread_mutexattr_destroy(&attributes);
}

void mm_thread_begin(const char *name)
{
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

void mm_thread_unblock_signal(int signal_number)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, signal_number);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

uint64_t mm_thread_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * MM_NS_PER_S + (uint64_t)now.tv_nsec;
}
