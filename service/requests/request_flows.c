/* SPDX-License-Identifier: Apache-2.0 */
/* "flows" and "flow": what is collected beside the engine, and switching it. */
#include "service/requests/request.h"

#include "common/common.h"
#include "service/flows/cpu_figures.h"
#include "service/flows/flows.h"
#include "service/flows/gpu_figures.h"

#include <errno.h>
#include <string.h>

const struct mm_field mm_request_flow_fields[] = {
    {"name", MM_FIELD_TEXT, true, 1, 32},
    {"on", MM_FIELD_BOOL, true, 0, 0},
    {.name = NULL},
};

/* permille of one processor */
static void write_cpu(struct mm_json_writer *writer, const struct mm_cpu_figures *figures)
{
    mm_json_open(writer, "cpu", '{');
    mm_json_unsigned(writer, "interval_ms", figures->interval_ns / MM_NS_PER_MS);
    mm_json_unsigned(writer, "busy_permille", figures->busy_ns * 1000 / figures->interval_ns);
    mm_json_unsigned(writer, "weighted_permille", figures->weighted_ns * 1000 / figures->interval_ns);
    mm_json_unsigned(writer, "processes", figures->count);
    mm_json_unsigned(writer, "total_ms", figures->total_ns / MM_NS_PER_MS);
    mm_json_unsigned(writer, "lost_ms", figures->lost_ns / MM_NS_PER_MS);
    mm_json_unsigned(writer, "lost_switches", figures->lost_count);
    mm_json_close(writer, '}');
}

static void write_device(struct mm_json_writer *writer, const struct mm_gpu_figures *figures,
                         const struct mm_gpu_device *device)
{
    mm_json_unsigned(writer, "gpu", device->gpu);
    if (device->is_level_known) {
        mm_json_unsigned(writer, "khz", device->khz);
        mm_json_unsigned(writer, "level", device->level);
    }
    if (device->has_share)
        mm_json_unsigned(writer, "busy_permille", device->permille);
    if (figures->programs & MM_BPF_GPU_MEMORY)
        mm_json_unsigned(writer, "memory_bytes", device->memory_bytes);
    mm_json_open(writer, "levels", '[');
    for (uint32_t i = 0; i < figures->level_count; i++) {
        const struct mm_gpu_level *level = &figures->levels[i];

        if (level->gpu != device->gpu)
            continue;
        mm_json_open(writer, NULL, '{');
        mm_json_unsigned(writer, "khz", level->khz);
        mm_json_unsigned(writer, "time_ms", level->time_ns / MM_NS_PER_MS);
        mm_json_unsigned(writer, "count", level->count);
        mm_json_close(writer, '}');
    }
    mm_json_close(writer, ']');
}

static void write_lost(struct mm_json_writer *writer, const struct mm_bpf_gpu_totals *totals)
{
    static const char *const names[MM_BPF_GPU_LOST_COUNT] = {
        [MM_BPF_GPU_LOST_DEVICE] = "devices", [MM_BPF_GPU_LOST_LEVEL] = "levels",
        [MM_BPF_GPU_LOST_BUSY] = "processes", [MM_BPF_GPU_LOST_MEMORY] = "memory",
        [MM_BPF_GPU_LOST_WORK] = "users",     [MM_BPF_GPU_LOST_JOB] = "jobs",
    };

    mm_json_open(writer, "lost", '{');
    for (size_t i = 0; i < MM_ARRAY_SIZE(names); i++)
        mm_json_unsigned(writer, names[i], totals->lost[i]);
    mm_json_close(writer, '}');
}

static void write_gpu(struct mm_json_writer *writer, const struct mm_gpu_figures *figures)
{
    mm_json_open(writer, "gpu", '{');
    mm_json_unsigned(writer, "interval_ms", figures->interval_ns / MM_NS_PER_MS);
    mm_json_unsigned(writer, "processes", figures->process_count);
    mm_json_open(writer, "users", '[');
    for (uint32_t i = 0; i < figures->user_count; i++) {
        mm_json_open(writer, NULL, '{');
        mm_json_unsigned(writer, "uid", figures->users[i].uid);
        mm_json_unsigned(writer, "permille", figures->users[i].permille);
        mm_json_unsigned(writer, "errors", figures->users[i].errors);
        mm_json_close(writer, '}');
    }
    mm_json_close(writer, ']');
    mm_json_open(writer, "devices", '[');
    for (uint32_t i = 0; i < figures->device_count; i++) {
        mm_json_open(writer, NULL, '{');
        write_device(writer, figures, &figures->devices[i]);
        mm_json_close(writer, '}');
    }
    mm_json_close(writer, ']');
    mm_json_unsigned(writer, "work_errors", figures->totals.work_errors);
    write_lost(writer, &figures->totals);
    mm_json_close(writer, '}');
}

static void write_flow(struct mm_json_writer *writer, const struct mm_flow_status *status)
{
    mm_json_text(writer, "name", status->name);
    mm_json_text(writer, "summary", status->summary);
    mm_json_bool(writer, "is_engine", status->is_engine);
    mm_json_text(writer, "phase", mm_flow_phase_name(status->phase));
    mm_json_unsigned(writer, "failures", status->failures);
    if (status->phase == MM_FLOW_RUNNING)
        mm_json_unsigned(writer, "running_ms", status->running_ns / MM_NS_PER_MS);
    if (status->phase == MM_FLOW_WAITING)
        mm_json_unsigned(writer, "retry_in_ms", status->retry_in_ns / MM_NS_PER_MS);
    mm_json_text(writer, "reason", status->reason);
    if (status->figures && strcmp(status->name, MM_CPUFLOW_NAME) == 0)
        write_cpu(writer, status->figures);
    if (status->figures && strcmp(status->name, MM_GPUFLOW_NAME) == 0)
        write_gpu(writer, status->figures);
}

int mm_request_flows(struct mm_request *request)
{
    struct mm_flows *flows = request->context->flows;
    struct mm_json_writer *writer = request->writer;
    struct mm_flow_status status;

    mm_json_open(writer, "flows", '[');
    for (unsigned i = 0; flows && i < mm_flows_count(flows); i++) {
        mm_flows_status(flows, i, &status);
        mm_json_open(writer, NULL, '{');
        write_flow(writer, &status);
        mm_json_close(writer, '}');
    }
    mm_json_close(writer, ']');
    return 0;
}

/* Answers with what it is doing right after: a thread begins and ends in its own time. */
int mm_request_flow(struct mm_request *request)
{
    struct mm_flows *flows = request->context->flows;
    const char *name = mm_request_text(request, "name", "");
    struct mm_flow_status status;
    int result = flows ? mm_flows_switch(flows, name, mm_request_bool(request, "on", false)) : -ENOENT;

    if (result == -EPERM)
        return mm_request_refuse(request, "not-switchable",
                                 "%s is the engine itself: it runs as long as the daemon does", name);
    if (result < 0)
        return mm_request_refuse(request, "no-such-flow", "there is no flow \"%s\"", name);
    for (unsigned i = 0; i < mm_flows_count(flows); i++) {
        mm_flows_status(flows, i, &status);
        if (strcmp(status.name, name) == 0)
            write_flow(request->writer, &status);
    }
    return 0;
}
