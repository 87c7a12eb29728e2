/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closing descriptors that the kernel is slow to let go of. Closing a PSI trigger waits until every processor has left
 * what may still use it (RCU), and so does closing an inotify descriptor: measured 7 to 15 ms each on a calm machine, more
 * on a busy one. Here a thread waits for each, all of them at once.
 */
#ifndef MM_COMMON_SLOW_CLOSE_H
#define MM_COMMON_SLOW_CLOSE_H

#include <pthread.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As many triggers as a configuration may have. */
#define MM_SLOW_CLOSE_MAX 8U

/* Zero-initialised it has nothing to do. */
struct mm_slow_closer {
    unsigned count;
    pthread_t threads[MM_SLOW_CLOSE_MAX];
};

/* Takes the descriptor and returns at once; where no thread can be had, or all are busy, it waits after all. */
void mm_slow_close(struct mm_slow_closer *closer, int fd);
/* Waits until everything is closed. */
void mm_slow_close_join(struct mm_slow_closer *closer);

/* The same for one that nobody needs to see closed. */
void mm_slow_close_aside(int fd);

#ifdef __cplusplus
}
#endif

#endif
