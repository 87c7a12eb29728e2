/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's part of the programs that watch memory: their links, the stalls in progress and the totals. */
#ifndef MM_BPF_MEMORY_H
#define MM_BPF_MEMORY_H

#include "bpf/bpf.h"
#include "bpf/loader_protocol.h"

struct mm_bpf_memory {
    int stalls_fd;
    int link_fds[MM_BPF_LOADER_LINKS_MAX];
    unsigned link_count;
    const struct mm_bpf_stall_totals *totals; /* NULL: there is nothing */
    char reason[MM_BPF_REASON_MAX];
};

void mm_bpf_memory_init(struct mm_bpf_memory *memory);
void mm_bpf_memory_fini(struct mm_bpf_memory *memory);
/* Takes what it needs of the fds, in the order of the protocol; the others stay the caller's. 0 or a negative errno. */
int mm_bpf_memory_adopt(struct mm_bpf_memory *memory, int *fds, unsigned fd_count);
int mm_bpf_memory_read(const struct mm_bpf_memory *memory, struct mm_bpf_stalls *ret_stalls);

#endif
