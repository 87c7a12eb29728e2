/* SPDX-License-Identifier: Apache-2.0 */
/* bpf(2) without a library: what stays in the daemon needs none. */
#ifndef MM_BPF_CALL_H
#define MM_BPF_CALL_H

#include <linux/bpf.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the kernel answers, or a negative errno. */
int mm_bpf_call(enum bpf_cmd command, union bpf_attr *attributes);

/* A command on one element of a map; value: of BPF_MAP_GET_NEXT_KEY the next key. 0 or a negative errno. */
int mm_bpf_map_call(enum bpf_cmd command, int fd, const void *key, void *value);

/*
 * The elements of a hash map, each once, as long as they are neither made nor removed meanwhile. capacity: that of the
 * map, so that no bucket is too large; keys and values have room for as many. Kernel 5.6. 0 or a negative errno.
 */
int mm_bpf_map_read(int fd, void *keys, void *values, uint32_t capacity, uint32_t *ret_count);

#ifdef __cplusplus
}
#endif

#endif
