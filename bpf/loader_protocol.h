/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader's messages to the daemon, over a SOCK_SEQPACKET socket that is the loader's standard input: one for the life
 * of processes, and where that is attached one for memory, of the same shape. On success descriptors come with each
 * (SCM_RIGHTS), the links last. With the first before them: the ring, the lost counters, the watched bits, the gathering's
 * timer; with the second: the stalls in progress, their totals.
 */
#ifndef MM_BPF_LOADER_PROTOCOL_H
#define MM_BPF_LOADER_PROTOCOL_H

#include "bpf/bpf.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Protocol and record in one number, so that either change is noticed: "mm", protocol 3, record. */
#define MM_BPF_LOADER_VERSION (0x6d6d0000u | 3u << 8 | MM_BPF_RECORD_VERSION)

#define MM_BPF_LOADER_LINKS_MAX   24
#define MM_BPF_LOADER_MAPS        4
#define MM_BPF_LOADER_MEMORY_MAPS 2
#define MM_BPF_LOADER_FDS_MAX     (MM_BPF_LOADER_MAPS + MM_BPF_LOADER_LINKS_MAX)

enum mm_bpf_loader_flag {
    MM_BPF_LOADER_IS_UNTIMED = 1 << 0, /* the ring does not wake for the end of a burst */
};

struct mm_bpf_loader_message {
    uint32_t version;
    int32_t error;     /* 0, or a negative errno: then no descriptors */
    uint32_t programs; /* enum mm_bpf_program */
    uint32_t flags;    /* enum mm_bpf_loader_flag */
    uint32_t ring_bytes;
    uint32_t cpu_count; /* slots of the lost counters */
    uint32_t fd_count;
    char reason[MM_BPF_REASON_MAX];
};

/* The fixed descriptor of the loader's end. */
#define MM_BPF_LOADER_FD 0

#ifdef __cplusplus
}
#endif

#endif
