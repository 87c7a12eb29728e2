/* SPDX-License-Identifier: Apache-2.0 */
/* cpuflow: reads from time to time what BPF collected of every process' run time; its figures are of cpu_figures.h. */
#ifndef MM_SERVICE_FLOW_CPU_H
#define MM_SERVICE_FLOW_CPU_H

#include "service/flows/flows.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The user of the flow. */
struct mm_flow_cpu {
    const char *loader_path;
    const char *pin_directory; /* as in struct mm_bpf_cpu_options */
    uint32_t load_timeout_ms;
    uint32_t interval_ms; /* changed by mm_flow_cpu_set_interval alone */
};

extern const struct mm_flow_ops mm_flow_cpu_ops;

/* At any time; the interval under way keeps its length. */
void mm_flow_cpu_set_interval(struct mm_flow_cpu *options, uint32_t interval_ms);

#ifdef __cplusplus
}
#endif

#endif
