/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of the kernel's BTF (linux/btf.h), taken from the bytes that /sys/kernel/btf/vmlinux shows. libbpf parses all of
 * it, 126,000 types of 5.5 MB, twice copied, and then looks through all of it for each structure that a program reads and
 * each hook; that was two thirds of the time to load. Here it is gone through once.
 */
#ifndef MM_BPF_BTF_PART_H
#define MM_BPF_BTF_PART_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes stay the caller's, as long as the view is used. */
struct mm_btf_view {
    const char *types, *strings;
    uint32_t string_bytes;
    uint32_t *offsets; /* in types, by id, from 1 to count */
    uint32_t count;
};

/* -EBADMSG: that is no BTF of this machine's byte order, or it contradicts itself. -ENOMEM. */
int mm_btf_view_init(struct mm_btf_view *view, const void *data, size_t size);
void mm_btf_view_fini(struct mm_btf_view *view);

struct mm_btf_hook {
    const char *name; /* of the tracepoint; NULL: nobody's */
    uint32_t id;      /* of its typedef; 0: the kernel has none */
};

/* Fills in the ids. */
void mm_btf_find_hooks(const struct mm_btf_view *view, struct mm_btf_hook *hooks, size_t count);

/*
 * BTF of all structures, unions and enumerations of these names, with what they are made of; what they point to is left
 * out: pointers are to void, as CO-RE follows none. *ret_data is the caller's to free. -ENOMEM, -EBADMSG, -EFBIG.
 */
int mm_btf_take_part(const struct mm_btf_view *view, const char *const *names, size_t count, void **ret_data,
                     size_t *ret_size);

#ifdef __cplusplus
}
#endif

#endif
