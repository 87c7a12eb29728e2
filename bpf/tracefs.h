/* SPDX-License-Identifier: Apache-2.0 */
/* What classic tracepoints need of tracefs. */
#ifndef MM_BPF_TRACEFS_H
#define MM_BPF_TRACEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Where tracefs is mounted. Where it is not, mounts it in a mount namespace of this process's own, which
 * takes CAP_SYS_ADMIN and leaves nothing behind. Negative errno when there is none.
 */
int mm_tracefs_prepare(const char **ret_root);

/* Where a field stands in an event's record, in bytes, from the text of a format file; -ENOENT, -EINVAL. */
int mm_tracefs_place(const char *format, const char *name, uint32_t *ret_offset, uint32_t *ret_size);

/* The offset of a field of the given size in the text of a format file; -ENOENT, -EINVAL for another size. */
int mm_tracefs_field(const char *format, const char *name, unsigned size, uint32_t *ret_offset);

/* The text of the event's format file, NUL-terminated; event is "oom/oom_score_adj_update". */
int mm_tracefs_read_format(const char *root, const char *event, char *buffer, size_t size);

/* The event's number for perf_event_open; -ENOENT where there is none, -EINVAL, another negative errno. */
int mm_tracefs_read_id(const char *root, const char *event, uint32_t *ret_id);

#ifdef __cplusplus
}
#endif

#endif
