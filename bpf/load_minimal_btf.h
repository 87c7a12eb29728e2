/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading programs of BTF tracepoints without libbpf's own look at the kernel's BTF (btf_part.h): it is given the few types
 * that the programs read, and the number of each hook. libbpf takes the kernel's BTF in for every program of the type that
 * these have; so they bear another type until each is handed to the kernel.
 */
#ifndef MM_BPF_LOAD_MINIMAL_BTF_H
#define MM_BPF_LOAD_MINIMAL_BTF_H

#include "bpf/btf_part.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bpf_object;

/* As many as programs are loaded at once. */
#define MM_BPF_MINIMAL_BTF_HOOKS_MAX 32

struct mm_bpf_minimal_btf {
    struct mm_btf_hook hooks[MM_BPF_MINIMAL_BTF_HOOKS_MAX];
    int handler;   /* libbpf's number of what is registered with it; 0: nothing */
    int part_fd;   /* -1: none */
    char path[32]; /* of the part, for libbpf: btf_custom_path */
};

/*
 * Finds out what the object needs, which was opened and is not loaded. Objects that are opened from then on, with the
 * path, are loaded that way, until mm_bpf_minimal_btf_end. -ENOENT: there is no such file, or a hook is missing; any other
 * negative errno: it is to be done without.
 */
int mm_bpf_minimal_btf_begin(struct mm_bpf_minimal_btf *minimal, struct bpf_object *object);
/* Accepts what was never begun, filled with zeros, and what did not succeed. */
void mm_bpf_minimal_btf_end(struct mm_bpf_minimal_btf *minimal);

#ifdef __cplusplus
}
#endif

#endif
