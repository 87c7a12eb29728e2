/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and attaching the programs of cpuflow, with libbpf: a part of the loader program. */
#ifndef MM_BPF_LOAD_CPU_H
#define MM_BPF_LOAD_CPU_H

#include "bpf/load.h"

/* As mm_bpf_load, with one outcome; of the request only is_classic and pin_directory count. Descriptors and programs are those of
   bpf/cpu.h. */
int mm_bpf_load_cpu(const struct mm_bpf_load_request *request, mm_bpf_load_visit visit, void *user);

#endif
