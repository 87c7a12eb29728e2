/* SPDX-License-Identifier: Apache-2.0 */
/* Scope-exit clean-up by the cleanup attribute. */
#ifndef MM_COMMON_CLEANUP_H
#define MM_COMMON_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_CLEANUP(function) __attribute__((cleanup(function)))

/* free() for MM_CLEANUP: the variable's own pointer is freed. */
static inline void mm_cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}

/* close() for MM_CLEANUP: a negative descriptor is left alone. */
static inline void mm_cleanup_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void mm_cleanup_fclose(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

#define MM_CLEANUP_FREE   MM_CLEANUP(mm_cleanup_free)
#define MM_CLEANUP_CLOSE  MM_CLEANUP(mm_cleanup_close)
#define MM_CLEANUP_FCLOSE MM_CLEANUP(mm_cleanup_fclose)

/* Hands a descriptor to the caller: the variable no longer owns it. */
static inline int mm_take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

#ifdef __cplusplus
}
#endif

#endif
