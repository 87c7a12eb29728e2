/* SPDX-License-Identifier: Apache-2.0 */
/* The time that the BPF programs of a process cost, as the kernel counts it. */
#ifndef MM_TEST_BENCH_BPF_PROGRAMS_H
#define MM_TEST_BENCH_BPF_PROGRAMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MM_BENCH_PROGRAMS_MAX 64

struct mm_bench_program {
    char name[16];   /* as the kernel has it: cut */
    uint64_t run_ns; /* since it was loaded, while somebody had the kernel count */
    uint64_t runs;
};

/*
 * Has the kernel count until the descriptor is closed, or its holder dies (BPF_ENABLE_STATS, 5.8: the counterpart of
 * kernel.bpf_stats_enabled that leaves nothing to be put back). Counting itself costs a program two readings of the
 * clock, which are in the figures. -1 with errno.
 */
int mm_bench_count_programs(void);

/* Those that the process holds attached, by its descriptors of links. How many, at most MM_BENCH_PROGRAMS_MAX. */
size_t mm_bench_read_programs(pid_t pid, struct mm_bench_program *ret_programs);

#endif
