/* SPDX-License-Identifier: Apache-2.0 */
/* Putting descriptors into what the loader sends. */
#ifndef MM_BPF_LOAD_PASS_H
#define MM_BPF_LOAD_PASS_H

#include "bpf/load.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bpf_link;
struct bpf_object;

/* A duplicate. 0 or a negative errno; an fd that is one is returned. */
int mm_bpf_pass_fd(int fd, struct mm_bpf_load_result *result);
/* Duplicates of theirs, in that order. -ENOENT: the object has no such map; or another negative errno. */
int mm_bpf_pass_maps(const struct bpf_object *object, const char *const *names, size_t count,
                     struct mm_bpf_load_result *result);
/* The descriptor itself. The handle is gone after it, and does not switch off what it stood for. */
void mm_bpf_pass_link(struct bpf_link *link, struct mm_bpf_load_result *result);
/* Closes those that were put there after the first `kept`. */
void mm_bpf_drop_descriptors(struct mm_bpf_load_result *result, unsigned kept);
/* Closes all of them, and no program counts as attached. */
void mm_bpf_drop_programs(struct mm_bpf_load_result *result);

#ifdef __cplusplus
}
#endif

#endif
