/* SPDX-License-Identifier: Apache-2.0 */
/* The flows of the daemon, and what its configuration says of them. */
#include "service/daemon/daemon_state.h"

#include "bpf/cpu.h"
#include "bpf/gpu.h"
#include "common/common.h"
#include "service/flows/flows.h"

/* One that collects by BPF, and what the configuration says of it. */
struct bpf_flow {
    const struct mm_flow_ops *ops;
    struct mm_flow_bpf *options;
    const struct mm_flow_config *in_force, *wanted;
    const char *pin_directory;
};

#define BPF_FLOW_COUNT 2

static void list_flows(struct mm_daemon *daemon, const struct mm_flows_config *wanted, struct bpf_flow *flows)
{
    flows[0] = (struct bpf_flow){&mm_flow_cpu_ops, &daemon->cpuflow, &daemon->flows.cpuflow, &wanted->cpuflow,
                                 MM_BPF_CPU_PIN_DIRECTORY};
    flows[1] = (struct bpf_flow){&mm_flow_gpu_ops, &daemon->gpuflow, &daemon->flows.gpuflow, &wanted->gpuflow,
                                 MM_BPF_GPU_PIN_DIRECTORY};
}

/* A flow that was switched at run time stays so while its element does. */
static void hear_config(const struct mm_event *event, void *user)
{
    struct mm_daemon *daemon = user;
    struct bpf_flow flows[BPF_FLOW_COUNT];

    list_flows(daemon, &event->payload.config->flows, flows);
    for (size_t i = 0; i < BPF_FLOW_COUNT; i++) {
        mm_flow_bpf_set_interval(flows[i].options, flows[i].wanted->interval_ms);
        if (flows[i].wanted->is_enabled != flows[i].in_force->is_enabled)
            (void)mm_flows_switch(daemon->context.flows, flows[i].ops->name, flows[i].wanted->is_enabled);
    }
    daemon->flows = event->payload.config->flows;
}

int mm_daemon_add_flows(struct mm_daemon *daemon)
{
    static const struct mm_flow_ops engine = {
        .name = "memflow",
        .summary = "memory: the list, squeezing and killing",
    };
    struct mm_event_center *center = daemon->engine->center;
    const struct mm_config *config = daemon->engine->config;
    struct bpf_flow flows[BPF_FLOW_COUNT];
    int result = mm_flows_new(center, &daemon->context.flows);

    list_flows(daemon, &config->flows, flows);
    daemon->flows = config->flows;
    mm_runtime_program("memmgr-bpf-loader", daemon->loader_path, sizeof(daemon->loader_path));
    if (result == 0)
        result = mm_flows_add(daemon->context.flows, &engine, daemon);
    for (size_t i = 0; result == 0 && i < BPF_FLOW_COUNT; i++) {
        *flows[i].options = (struct mm_flow_bpf){
            .collector = {.loader_path = daemon->loader_path,
                          .pin_directory = flows[i].pin_directory,
                          .timeout_ms = (uint32_t)config->bpf.load_timeout_ms},
            .interval_ms = flows[i].wanted->interval_ms,
        };
        result = mm_flows_add(daemon->context.flows, flows[i].ops, flows[i].options);
    }
    if (result == 0)
        result =
            mm_event_center_subscribe(center, MM_RANK_OBSERVER, 1u << MM_EVENT_CONFIG, hear_config, daemon);
    return result;
}

void mm_daemon_start_flows(struct mm_daemon *daemon)
{
    struct bpf_flow flows[BPF_FLOW_COUNT];

    list_flows(daemon, &daemon->flows, flows);
    for (size_t i = 0; i < BPF_FLOW_COUNT; i++) {
        if (flows[i].wanted->is_enabled)
            (void)mm_flows_switch(daemon->context.flows, flows[i].ops->name, true);
    }
}
