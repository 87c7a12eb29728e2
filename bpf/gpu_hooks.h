/* SPDX-License-Identifier: Apache-2.0 */
/* Which tracepoints of which drivers tell of graphics hardware, and how their records are read; without libbpf. */
#ifndef MM_BPF_GPU_HOOKS_H
#define MM_BPF_GPU_HOOKS_H

#include "bpf/gpu_records.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_gpu_field_row {
    enum mm_bpf_gpu_field field;
    const char *name; /* in the format file; NULL: the last one */
    bool is_optional; /* not every release has it */
};

struct mm_gpu_hook {
    const char *event;    /* "kgsl/kgsl_pwrlevel"; NULL: the last one */
    const char *function; /* of gpu.bpf.c */
    bool is_optional;     /* where it or a field is missing the others do */
    struct mm_gpu_field_row fields[6];
};

/* One way to come to something; the first in the table that this kernel has is taken. */
struct mm_gpu_way {
    unsigned bit;                  /* enum mm_bpf_gpu_program */
    struct mm_bpf_gpu_scale scale; /* of frequencies, or of times */
    bool knows_processes;          /* by their numbers in the initial pid namespace */
    struct mm_gpu_hook hooks[4];
};

extern const struct mm_gpu_way mm_gpu_ways[];
extern const size_t mm_gpu_way_count;

/* The name of what a program of the mask collects: "power level". */
const char *mm_gpu_program_name(unsigned bit);

/* Where the fields of the hook stand, from its format file below root (tracefs). 0; -ENOENT: there is no such event;
   -EINVAL: it has not the fields, *ret_missing says which. */
int mm_gpu_hook_read(const struct mm_gpu_hook *hook, const char *root, struct mm_bpf_gpu_place *places,
                     const char **ret_missing);

#ifdef __cplusplus
}
#endif

#endif
