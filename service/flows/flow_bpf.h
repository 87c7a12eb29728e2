/* SPDX-License-Identifier: Apache-2.0 */
/* What cpuflow and gpuflow share: a loader that is waited for, and readings from time to time. */
#ifndef MM_SERVICE_FLOW_BPF_H
#define MM_SERVICE_FLOW_BPF_H

#include "bpf/collector.h"
#include "service/flows/flows.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The user of such a flow. */
struct mm_flow_bpf {
    struct mm_bpf_collector_options collector;
    uint32_t interval_ms; /* changed by mm_flow_bpf_set_interval alone */
};

extern const struct mm_flow_ops mm_flow_cpu_ops; /* its figures are of cpu_figures.h */
extern const struct mm_flow_ops mm_flow_gpu_ops; /* of gpu_figures.h */

/* At any time; the interval under way keeps its length. */
void mm_flow_bpf_set_interval(struct mm_flow_bpf *options, uint32_t interval_ms);

/* ---- for the flows, in their threads ---------------------------------------------------------------------------- */

/* Until the programs are attached. started: what starting the collector gave; where that is negative there is none. 0 or
   a negative errno, explained. */
int mm_flow_bpf_load(struct mm_flow *flow, const struct mm_flow_bpf *options, int started,
                     struct mm_bpf_collector *collector);

/* The flow has begun. Reads after each interval until it is cancelled or read returns something else than 0. */
int mm_flow_bpf_repeat(struct mm_flow *flow, const struct mm_flow_bpf *options,
                       int (*read)(struct mm_flow *flow, void *user), void *user);

#ifdef __cplusplus
}
#endif

#endif
