/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a directory without libc's opendir, which allocates. */
#ifndef MM_KERNEL_INTERFACE_DIRECTORY_H
#define MM_KERNEL_INTERFACE_DIRECTORY_H

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

#ifdef __cplusplus
}
#endif

#endif
