/* SPDX-License-Identifier: Apache-2.0 */
/* Small named threads that take no signal meant for the main one, and the locks that it shares with them. */
#ifndef MM_COMMON_THREAD_H
#define MM_COMMON_THREAD_H

#include <pthread.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Joinable, with a small stack and every signal blocked. 0 or a negative errno. */
int mm_thread_start(void *(*main_function)(void *), void *argument, pthread_t *ret_thread);
/* First call of the new thread: at most 15 bytes of name. */
void mm_thread_begin(const char *name);
void mm_thread_unblock_signal(int signal_number);
/*
 * A mutex whose holder runs at the priority of the most urgent of those that wait for it: a real-time thread that
 * takes it must not wait for a thread of low priority that something in between keeps from running. A plain one
 * where the system has no such mutexes. For pthread_mutex_destroy.
 */
void mm_mutex_init(pthread_mutex_t *mutex);
/* Monotonic. */
uint64_t mm_thread_now_ns(void);

#ifdef __cplusplus
}
#endif

#endif
