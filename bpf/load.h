/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and attaching, with libbpf: the inside of the loader program. */
#ifndef MM_BPF_LOAD_H
#define MM_BPF_LOAD_H

#include "bpf/loader_protocol.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_bpf_load_request {
    uint32_t ring_bytes;   /* any; rounded up here */
    pid_t daemon;          /* whose writes are not reported, in the loader's pid namespace */
    uint64_t domain_group; /* inode of the domain's group where memory is managed; 0: the machine */
    bool is_classic;       /* classic tracepoints only */
    bool is_untimed;       /* only programs without a timer */
    const char *btf_path; /* a part of the kernel's BTF that suffices (load_minimal_btf.h); NULL: all of it */
    const char *pin_directory; /* for the maps of cpuflow and gpuflow; NULL: they are not pinned */
    /* For gpuflow, in tests: a directory laid out like tracefs, whose events are taken for the kernel's. Those without an
       id, which then none of the kernel's may be, are loaded as raw tracepoints and attached to nothing: whoever runs
       them brings the record. NULL: the kernel's own. */
    const char *tracefs;
};

/* message is ready to be sent; its fd_count fds go with it and stay open. */
struct mm_bpf_load_result {
    struct mm_bpf_loader_message message;
    int fds[MM_BPF_LOADER_FDS_MAX];
};

typedef void (*mm_bpf_load_visit)(const struct mm_bpf_load_result *result, void *user);

/*
 * Tries BTF tracepoints, then classic ones, each program by itself where all together fail. Visits the outcome for the
 * life of processes and groups, message.error, and where that is 0 then the one for memory; each as soon as its programs
 * are attached. Returns the first. May enter a mount namespace of its own: for a process that then ends.
 */
int mm_bpf_load(const struct mm_bpf_load_request *request, mm_bpf_load_visit visit, void *user);

#ifdef __cplusplus
}
#endif

#endif
