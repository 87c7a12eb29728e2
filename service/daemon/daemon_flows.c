/* SPDX-License-Identifier: Apache-2.0 */
/* The flows of the daemon, and what its configuration says of them. */
#include "service/daemon/daemon_state.h"

#include "common/common.h"
#include "service/flows/cpu_figures.h"
#include "service/flows/flows.h"

/* A flow that was switched at run time stays so while its element does. */
static void hear_config(const struct mm_event *event, void *user)
{
    struct mm_daemon *daemon = user;
    const struct mm_flows_config *config = &event->payload.config->flows;

    mm_flow_bpf_set_interval(&daemon->cpuflow, config->cpuflow.interval_ms);
    if (config->cpuflow.is_enabled != daemon->flows.cpuflow.is_enabled)
        (void)mm_flows_switch(daemon->context.flows, MM_CPUFLOW_NAME, config->cpuflow.is_enabled);
    daemon->flows = *config;
}

int mm_daemon_add_flows(struct mm_daemon *daemon)
{
    static const struct mm_flow_ops engine = {
        .name = "memflow",
        .summary = "memory: the list, squeezing and killing",
    };
    struct mm_event_center *center = daemon->engine->center;
    const struct mm_config *config = daemon->engine->config;
    int result = mm_flows_new(center, &daemon->context.flows);

    daemon->cpuflow = (struct mm_flow_bpf){
        .collector = {.loader_path = daemon->loader_path,
                      .pin_directory = MM_BPF_CPU_PIN_DIRECTORY,
                      .timeout_ms = (uint32_t)config->bpf.load_timeout_ms},
        .interval_ms = config->flows.cpuflow.interval_ms,
    };
    daemon->flows = config->flows;
    mm_runtime_program("memmgr-bpf-loader", daemon->loader_path, sizeof(daemon->loader_path));
    if (result == 0)
        result = mm_flows_add(daemon->context.flows, &engine, daemon);
    if (result == 0)
        result = mm_flows_add(daemon->context.flows, &mm_flow_cpu_ops, &daemon->cpuflow);
    if (result == 0)
        result =
            mm_event_center_subscribe(center, MM_RANK_OBSERVER, 1u << MM_EVENT_CONFIG, hear_config, daemon);
    return result;
}

void mm_daemon_start_flows(struct mm_daemon *daemon)
{
    if (daemon->flows.cpuflow.is_enabled)
        (void)mm_flows_switch(daemon->context.flows, MM_CPUFLOW_NAME, true);
}
