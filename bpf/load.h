/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and attaching, with libbpf: the inside of the loader program. */
#ifndef MM_BPF_LOAD_H
#define MM_BPF_LOAD_H

#include "bpf/loader_protocol.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct mm_bpf_load_request {
    uint32_t ring_bytes;   /* any; rounded up here */
    pid_t daemon;          /* whose writes are not reported, in the loader's pid namespace */
    uint64_t domain_group; /* inode of the domain's group where memory is managed; 0: the machine */
    bool is_classic;       /* classic tracepoints only */
    bool is_untimed;       /* only programs without a timer */
};

/* message is ready to be sent; its fd_count fds go with it and are the caller's to close. */
struct mm_bpf_load_result {
    struct mm_bpf_loader_message message;
    int fds[MM_BPF_LOADER_FDS_MAX];
};

/*
 * Tries BTF tracepoints, then classic ones, each program by itself where all together fail. Always fills the
 * result; the outcome is message.error. May enter a mount namespace of its own: for a process that then ends.
 */
void mm_bpf_load(const struct mm_bpf_load_request *request, struct mm_bpf_load_result *ret_result);

#endif
