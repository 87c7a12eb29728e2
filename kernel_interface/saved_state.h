/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are replaced as a whole: whoever reads finds all of one or all of the one before. */
#ifndef MM_KERNEL_INTERFACE_SAVED_STATE_H
#define MM_KERNEL_INTERFACE_SAVED_STATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As read_saved, write_saved and remove_saved of struct mm_kernel. */
ssize_t mm_saved_state_read(const char *directory, const char *name, void *ret_bytes, size_t capacity);
int mm_saved_state_write(const char *directory, const char *name, const void *bytes, size_t size);
int mm_saved_state_remove(const char *directory, const char *name);

/* "00112233-4455-6677-8899-aabbccddeeff"; -EINVAL for anything else. */
int mm_boot_id_parse(const char *text, uint8_t *ret_id);

#ifdef __cplusplus
}
#endif

#endif
