/* SPDX-License-Identifier: Apache-2.0 */
#include "common/slow_close.h"

#include "common/thread.h"

#include <stdint.h>
#include <unistd.h>

static void *close_main(void *argument)
{
    mm_thread_begin("memmgr-close");
    (void)close((int)(intptr_t)argument);
    return NULL;
}

static int start(int fd, pthread_t *ret_thread)
{
    return mm_thread_start(close_main, (void *)(intptr_t)fd, ret_thread); // NOLINT(performance-no-int-to-ptr)
}

void mm_slow_close(struct mm_slow_closer *closer, int fd)
{
    if (closer->count == MM_SLOW_CLOSE_MAX)
        mm_slow_close_join(closer);
    if (start(fd, &closer->threads[closer->count]) == 0)
        closer->count++;
    else
        (void)close(fd);
}

void mm_slow_close_join(struct mm_slow_closer *closer)
{
    while (closer->count > 0)
        (void)pthread_join(closer->threads[--closer->count], NULL);
}

void mm_slow_close_aside(int fd)
{
    pthread_t thread;

    if (start(fd, &thread) == 0)
        (void)pthread_detach(thread);
    else
        (void)close(fd);
}
