/* SPDX-License-Identifier: Apache-2.0 */
/* What the worker and the reapers share: small named threads that take no signal meant for the main one. */
#ifndef MM_KERNEL_INTERFACE_THREAD_H
#define MM_KERNEL_INTERFACE_THREAD_H

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
/* Monotonic. */
uint64_t mm_thread_now_ns(void);

#ifdef __cplusplus
}
#endif

#endif
