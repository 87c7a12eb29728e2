/* SPDX-License-Identifier: Apache-2.0 */
/* The programs and the ways to attach them; shared by the files of the loader. */
#ifndef MM_BPF_LOAD_VARIANTS_H
#define MM_BPF_LOAD_VARIANTS_H

#include "bpf/load.h"

struct bpf_object;

struct mm_bpf_load_program {
    unsigned bit; /* enum mm_bpf_program */
    const char *function;
    const char *name; /* in the reason; NULL: a part of the one before, of the same bit */
};

extern const struct mm_bpf_load_program mm_bpf_load_programs[];
extern const size_t mm_bpf_load_program_count;

/* One way to attach to the same hooks. */
struct mm_bpf_variant {
    const char *name;
    unsigned flags; /* enum mm_bpf_loader_flag */
    bool is_classic;
    /* What of wanted this kernel offers; the rest is blamed. Negative errno when nothing. */
    int (*probe)(unsigned wanted, unsigned *ret_offered);
    /* Opens the skeleton and sets its constants. NULL, and errno, on failure. */
    void *(*open)(const struct mm_bpf_load_request *request, struct bpf_object **ret_object);
    void (*destroy)(void *skeleton);
};

/* Inode of the loader's pid namespace; 0 for the initial one. */
uint32_t mm_bpf_pid_namespace(void);

/* The first that works is taken. */
extern const struct mm_bpf_variant mm_bpf_variants[];
extern const size_t mm_bpf_variant_count;

#endif
