/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/slow_close.h"

#include "common/thread.h"

#include <stdint.h>
#include <unistd.h>

static void *close_main(void *argument)
{
    mm_thread_begin("memmgr-close");
    (void)close((int)(intptr_t)argument);
    return NULL;
}

void mm_slow_close(struct mm_slow_close *closer, int fd)
{
    if (closer->count == MM_SLOW_CLOSE_MAX)
        mm_slow_close_join(closer);
    if (mm_thread_start(close_main, (void *)(intptr_t)fd, &closer->threads[closer->count]) == 0) // NOLINT
        closer->count++;
    else
        (void)close(fd);
}

void mm_slow_close_join(struct mm_slow_close *closer)
{
    while (closer->count > 0)
        (void)pthread_join(closer->threads[--closer->count], NULL);
}
