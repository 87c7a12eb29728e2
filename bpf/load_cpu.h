/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and attaching the programs of cpuflow, with libbpf: a part of the loader program. */
#ifndef MM_BPF_LOAD_CPU_H
#define MM_BPF_LOAD_CPU_H

#include "bpf/load.h"

/* As mm_bpf_load; of the request only is_classic counts. Descriptors and programs are those of bpf/cpu.h. */
void mm_bpf_load_cpu(const struct mm_bpf_load_request *request, struct mm_bpf_load_result *ret_result);

#endif
