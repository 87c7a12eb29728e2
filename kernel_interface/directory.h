/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a directory without libc's opendir, which allocates. */
#ifndef MM_KERNEL_INTERFACE_DIRECTORY_H
#define MM_KERNEL_INTERFACE_DIRECTORY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * directory_fd is open while it lasts; type is DT_DIR, DT_REG, DT_UNKNOWN ... Returning non-zero ends the
 * walk, which then returns that value.
 */
typedef int (*mm_entry_visit)(int directory_fd, const char *name, unsigned char type, void *user);

/* Every entry but those that begin with a dot. directory_fd may be O_PATH. Or what the kernel said. */
int mm_each_entry(int directory_fd, mm_entry_visit visit, void *user);
/* The same from *position on, 0 being the beginning, and another the one that is left there by an earlier walk: it is
   behind the last entry that was visited. */
int mm_each_entry_from(int directory_fd, uint64_t *position, mm_entry_visit visit, void *user);

#ifdef __cplusplus
}
#endif

#endif
