/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run time per process, as the programs of cpuflow collect it. memmgr-bpf-loader, run for it, loads and attaches them and
 * passes two maps, of which one is charged while the other is read: user space exchanges them and has a quiet one.
 *
 *     mm_bpf_cpu_new -> [progress descriptor readable] mm_bpf_cpu_receive -> mm_bpf_cpu_read ... -> mm_bpf_cpu_free
 *
 * All of it belongs to one thread, which is not the daemon's main one: exchanging the maps waits for the kernel, some
 * 5 to 20 ms. Closing the links detaches the programs, also when the process dies.
 */
#ifndef MM_BPF_CPU_H
#define MM_BPF_CPU_H

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

/* Flags of the loader's message. */
enum mm_bpf_cpu_flag {
    MM_BPF_CPU_IS_PINNED = 1 << 0,     /* the last descriptor is the directory, whose lock it holds */
    MM_BPF_CPU_IS_TAKEN_OVER = 1 << 1, /* the maps are those of one that died */
    MM_BPF_CPU_KNOWS_RUNNER = 1 << 2,  /* a state says who runs, 0 where the processor is idle */
};

/* Where the daemon has its maps pinned. */
#define MM_BPF_CPU_PIN_DIRECTORY "/sys/fs/bpf/memmgr"

struct mm_bpf_cpu_options {
    const char *loader_path; /* absolute path of memmgr-bpf-loader */
    uint32_t timeout_ms;     /* the loader ends itself after this */
    bool is_classic;         /* do without BTF although the kernel has it: for tests */
    /* In a bpffs, of our own alone, kept: where the maps outlive us when we die, to be taken over. NULL: nowhere. Where it
       is not to be had, or in use, nothing is pinned and the reason says so. */
    const char *pin_directory;
};

struct mm_bpf_cpu;

/* Runs the loader and returns at once. Negative errno when it cannot be run. */
int mm_bpf_cpu_new(const struct mm_bpf_cpu_options *options, struct mm_bpf_cpu **ret_cpu);
/* What was pinned is gone after it. Accepts NULL. */
void mm_bpf_cpu_free(struct mm_bpf_cpu *cpu);

/* Readable when mm_bpf_cpu_receive has something to say; -1 after it had. */
int mm_bpf_cpu_progress_fd(const struct mm_bpf_cpu *cpu);
/* Never waits. 0: time is charged from now on. -EAGAIN: no answer yet. -EOPNOTSUPP: this kernel cannot, or does not let
   us; any other negative errno: it went wrong. mm_bpf_cpu_reason tells why. */
int mm_bpf_cpu_receive(struct mm_bpf_cpu *cpu);
/* One line: how, or why not. */
const char *mm_bpf_cpu_reason(const struct mm_bpf_cpu *cpu);
unsigned mm_bpf_cpu_programs(const struct mm_bpf_cpu *cpu); /* enum mm_bpf_cpu_program */
/* What the next two readings find may have happened before we began. */
bool mm_bpf_cpu_is_taken_over(const struct mm_bpf_cpu *cpu);

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
