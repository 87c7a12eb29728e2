/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the flows that collect by BPF share: a loader that attaches an object of programs and passes the descriptors of its
 * maps, which are pinned, and taken over from a daemon that died.
 *
 *     mm_bpf_collector_start -> [progress descriptor readable] mm_bpf_collector_receive -> ... -> mm_bpf_collector_end
 *
 * All of it belongs to one thread, which is not the daemon's main one. Closing the links detaches the programs, also when
 * the process dies.
 */
#ifndef MM_BPF_COLLECTOR_H
#define MM_BPF_COLLECTOR_H

#include "bpf/loader_protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Flags of the loader's message; a kind has its own from 1 << 8 on. */
enum mm_bpf_collector_flag {
    MM_BPF_COLLECTOR_IS_PINNED = 1 << 0,     /* the last descriptor is the directory, whose lock it holds */
    MM_BPF_COLLECTOR_IS_TAKEN_OVER = 1 << 1, /* the maps are those of one that died */
};

struct mm_bpf_collector_kind {
    const char *option;           /* of the loader, as in "--cpu" */
    uint32_t version;             /* of struct mm_bpf_loader_message */
    unsigned required;            /* programs without which there is nothing, a mask */
    unsigned descriptors;         /* that come before the links: the maps first */
    const char *const *map_names; /* which they have in a bpffs, too */
    unsigned map_count;
};

struct mm_bpf_collector_options {
    const char *loader_path; /* absolute path of memmgr-bpf-loader */
    uint32_t timeout_ms;     /* the loader ends itself after this */
    bool is_classic;         /* cpuflow: do without BTF although the kernel has it: for tests */
    const char *tracefs;     /* gpuflow: where events are looked for; NULL: in the kernel's; for tests */
    /* In a bpffs, of our own alone, kept: where the maps outlive us when we die, to be taken over. NULL: nowhere. Where it
       is not to be had, or in use, nothing is pinned and the reason says so. */
    const char *pin_directory;
};

/* To be read by those who have one. */
struct mm_bpf_collector {
    const struct mm_bpf_collector_kind *kind;
    pid_t loader_pid; /* 0: none */
    /* Readable when mm_bpf_collector_receive has something to say; -1 after it had. */
    int progress_fd;
    int fds[MM_BPF_LOADER_FDS_MAX];
    unsigned fd_count;
    unsigned programs; /* attached, a mask of the kind's */
    unsigned flags;
    uint32_t cpu_count;
    const char *pin_directory;
    char reason[MM_BPF_REASON_MAX]; /* one line: how, or why not */
};

/* Runs the loader and returns at once. Negative errno when it cannot be run, and nothing is left. */
int mm_bpf_collector_start(struct mm_bpf_collector *collector, const struct mm_bpf_collector_kind *kind,
                           const struct mm_bpf_collector_options *options);
/* Never waits. 0: the programs are attached. -EAGAIN: no answer yet. -EOPNOTSUPP: this kernel cannot, or does not let us;
   any other negative errno: it went wrong. The reason tells why. */
int mm_bpf_collector_receive(struct mm_bpf_collector *collector);
/* What was pinned is gone after it. A second time it does nothing. */
void mm_bpf_collector_end(struct mm_bpf_collector *collector);

#ifdef __cplusplus
}
#endif

#endif
