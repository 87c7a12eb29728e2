/* SPDX-License-Identifier: Apache-2.0 */
/* Running another program beside this one. */
#ifndef MM_COMMON_SPAWN_H
#define MM_COMMON_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of `to` in the program; from: ours, or MM_SPAWN_NULL for /dev/null, to be read. */
struct mm_spawn_descriptor {
    int from, to;
};
#define MM_SPAWN_NULL (-1)

struct mm_program {
    const char *path;
    char *const *arguments;   /* the first is its name; ends with NULL */
    char *const *environment; /* ends with NULL: nothing of ours is inherited */
    const struct mm_spawn_descriptor *descriptors;
    size_t descriptor_count;
    bool ends_with_us; /* killed when the thread that started it ends */
};

/*
 * Starts it, its signals as of a program that nobody has told anything: none ignored, none blocked, whatever ours are.
 * The memory is shared until it runs, which the calling thread waits for: nothing of a large, locked parent is copied.
 * Descriptors beside the named ones are inherited unless they close on exec; they are placed in the order given, so
 * that none may be the source of a later one. 0, or a negative errno, that of not finding the program, too; ret_pid is
 * untouched then, and there is no child.
 */
int mm_spawn(const struct mm_program *program, pid_t *ret_pid);

#ifdef __cplusplus
}
#endif

#endif
