/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Elements of hash maps that are made when they are first needed. */
#ifndef MM_BPF_ELEMENTS_BPF_H
#define MM_BPF_ELEMENTS_BPF_H

#include "kernel_types.h"

#include <bpf/bpf_helpers.h>

/* A flag of bpf_map_update_elem, from linux/bpf.h. */
#define MM_NOEXIST 1

/* NULL: there is no room. */
static __always_inline void *mm_find_or_make(void *map, const void *key, const void *nothing)
{
    void *found = bpf_map_lookup_elem(map, key);

    if (found)
        return found;
    /* another processor may be quicker, which is as good */
    (void)bpf_map_update_elem(map, key, nothing, MM_NOEXIST);
    return bpf_map_lookup_elem(map, key);
}

#endif
