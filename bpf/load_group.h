/* SPDX-License-Identifier: Apache-2.0 */
/* A group of programs that is loaded as one, and the ways to do it; shared by the files of the loader. */
#ifndef MM_BPF_LOAD_GROUP_H
#define MM_BPF_LOAD_GROUP_H

#include "bpf/load.h"

struct bpf_object;

#define MM_BPF_GROUP_PROGRAMS_MAX 16

struct mm_bpf_group_program {
    unsigned bit;         /* enum mm_bpf_program */
    const char *function; /* in every object of the group */
    const char *name;     /* in the reason */
};

/* One way to attach to the same hooks. */
struct mm_bpf_variant {
    const char *name;
    unsigned flags; /* enum mm_bpf_loader_flag */
    bool is_classic;
    /* What of wanted this kernel offers; mm_bpf_blame tells of the rest. Negative errno when nothing. */
    int (*probe)(unsigned wanted, unsigned *ret_offered);
    /* Opens the skeleton and sets its constants. NULL, and errno, on failure. */
    void *(*open)(const struct mm_bpf_load_request *request, struct bpf_object **ret_object);
    void (*destroy)(void *skeleton);
};

struct mm_bpf_group {
    const struct mm_bpf_group_program *programs;
    size_t program_count;
    const struct mm_bpf_variant *variants; /* the first that works is taken */
    size_t variant_count;
};

extern const struct mm_bpf_group mm_bpf_lifecycle_group;

/* Among what is heard in the course of an attempt, like libbpf's messages. */
__attribute__((format(printf, 1, 2))) void mm_bpf_say(const char *format, ...);
/* What was heard is why this program will be missing. Begins to listen anew. */
void mm_bpf_blame(unsigned bit);

/* Inode of the loader's pid namespace; 0 for the initial one. */
uint32_t mm_bpf_pid_namespace(void);

#endif
