/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run time per process, as the programs of cpuflow collect it. memmgr-bpf-loader, run for it, loads and attaches them and
 * passes two maps, of which one is charged while the other is read: user space exchanges them and has a quiet one.
 *
 *     mm_bpf_cpu_new -> [as of collector.h] mm_bpf_collector_receive -> mm_bpf_cpu_read ... -> mm_bpf_cpu_free
 *
 * Exchanging the maps waits for the kernel, some 5 to 20 ms.
 */
#ifndef MM_BPF_CPU_H
#define MM_BPF_CPU_H

#include "bpf/collector.h"
#include "bpf/cpu_records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is attached, a mask. */
enum mm_bpf_cpu_program {
    MM_BPF_CPU_SWITCH = 1 << 0,    /* without it there is nothing */
    MM_BPF_CPU_FREQUENCY = 1 << 1, /* without it every weight stays as it is at the start */
};

/* Of struct mm_bpf_loader_message for these: "mc". */
#define MM_BPF_CPU_LOADER_VERSION (0x6d630000u | MM_BPF_CPU_VERSION)

/* In the order in which the loader passes them, before the links. */
enum mm_bpf_cpu_descriptor {
    MM_BPF_CPU_STATES,
    MM_BPF_CPU_CURRENT,
    MM_BPF_CPU_FIRST,
    MM_BPF_CPU_SECOND,
    MM_BPF_CPU_FLUSH, /* the program */
    MM_BPF_CPU_DESCRIPTORS,
};

/* The names of the first of them, which they have in a bpffs, too. */
#define MM_BPF_CPU_MAP_NAMES                                                                                 \
    {                                                                                                        \
        "mm_cpu_states", "mm_cpu_current", "mm_cpu_first", "mm_cpu_second"                                   \
    }

/* Flags of the loader's message, beside those of every collector. */
enum mm_bpf_cpu_flag {
    MM_BPF_CPU_KNOWS_RUNNER = 1 << 8, /* a state says who runs, 0 where the processor is idle */
};

/* Where the daemon has its maps pinned. */
#define MM_BPF_CPU_PIN_DIRECTORY "/sys/fs/bpf/memmgr"

struct mm_bpf_cpu;

/* Runs the loader and returns at once. Negative errno when it cannot be run. */
int mm_bpf_cpu_new(const struct mm_bpf_collector_options *options, struct mm_bpf_cpu **ret_cpu);
/* What was pinned is gone after it. Accepts NULL. */
void mm_bpf_cpu_free(struct mm_bpf_cpu *cpu);
/* What receives the loader's answer, and knows it. Where the maps were taken over the next two readings may find what
   happened before we began. */
struct mm_bpf_collector *mm_bpf_cpu_collector(struct mm_bpf_cpu *cpu);

struct mm_bpf_cpu_snapshot {
    uint64_t total_ns, lost_ns, lost_count; /* of all processes, since the maps were made */
    size_t count;
    struct mm_bpf_cpu_time processes[]; /* the sum of all processors, by tgid */
};

/*
 * What every process did since the last call, or the start. Waits for the kernel. The caller frees it. -ENOMEM; -EPERM
 * where maps may be read only with CAP_BPF; other negative errno from the kernel.
 */
int mm_bpf_cpu_read(struct mm_bpf_cpu *cpu, struct mm_bpf_cpu_snapshot **ret_snapshot);

#ifdef __cplusplus
}
#endif

#endif
