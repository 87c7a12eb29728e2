/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and attaching the programs of gpuflow, with libbpf: a part of the loader program. */
#ifndef MM_BPF_LOAD_GPU_H
#define MM_BPF_LOAD_GPU_H

#include "bpf/load.h"

/* As mm_bpf_load, with one outcome; of the request only tracefs and pin_directory count. Descriptors and programs are
   those of bpf/gpu.h. May enter a mount namespace of its own: for a process that then ends. */
int mm_bpf_load_gpu(const struct mm_bpf_load_request *request, mm_bpf_load_visit visit, void *user);

#endif
