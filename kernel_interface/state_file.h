/* SPDX-License-Identifier: Apache-2.0 */
/* Files of fixed size in the runtime directory, mapped and locked: writing to them needs no memory. */
#ifndef MM_KERNEL_INTERFACE_STATE_FILE_H
#define MM_KERNEL_INTERFACE_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_state_file {
    void *memory; /* NULL: not mapped */
    size_t size_bytes;
    int lock_error; /* 0, or the negative errno with which locking it was refused: it is usable all the same
                     */
};

/*
 * Opens or creates directory/name with mode 0600, allocates and maps it shared. What fits of its contents is
 * kept, with a warning when it has another size; the rest is zero. -EINVAL: a name with '/' or size 0; -ELOOP: a symbolic link;
 * -EINVAL: not a regular file; -EPERM: it belongs to another user; -ENOSPC and others as the system said.
 */
int mm_state_file_map(const char *directory, const char *name, size_t size_bytes,
                      struct mm_state_file *ret_file);
/* Unmaps; the file stays. May be called again. */
void mm_state_file_unmap(struct mm_state_file *file);

#ifdef __cplusplus
}
#endif

#endif
