/* SPDX-License-Identifier: Apache-2.0 */
/* "status": the daemon, the memory it sees, what it is doing, and what the kernel offers it. */
#include "service/requests/request.h"

#include "common/common.h"
#include "service/requests/request_marks.h"

#include <string.h>

/* Room for the names of files, so that they leave enough for the rest: a search path and its drop-ins take a few
   hundred bytes. */
#define CONFIG_FILES_BYTES 16384

/* In the order in which they lie over each other; none: the built-in values. */
static void write_config_files(struct mm_request *request)
{
    const struct mm_config *config = request->context->config;
    struct mm_json_writer *writer = request->writer;
    size_t count = mm_config_file_count(config), shown = 0, end = writer->length + CONFIG_FILES_BYTES;

    mm_json_open(writer, "config_files", '[');
    for (; shown < count && writer->length < end; shown++) {
        mm_json_open(writer, NULL, '{');
        mm_json_text(writer, "file", mm_config_file_at(config, shown));
        mm_json_text(writer, "profile", mm_config_file_profile(config, shown));
        mm_json_close(writer, '}');
    }
    mm_json_close(writer, ']');
    mm_json_unsigned(writer, "config_files_left_out", count - shown);
}

static void write_daemon(struct mm_request *request, uint64_t now_ns)
{
    const struct mm_daemon_facts *facts = request->context->facts;
    struct mm_json_writer *writer = request->writer;

    mm_json_open(writer, "daemon", '{');
    mm_json_text(writer, "version", facts->version);
    mm_json_signed(writer, "pid", facts->pid);
    mm_json_unsigned(writer, "uptime_ms", (now_ns - facts->started_ns) / MM_NS_PER_MS);
    mm_json_bool(writer, "dry_run", facts->is_dry_run);
    write_config_files(request);
    mm_json_unsigned(writer, "config_loaded_ms", (now_ns - facts->config_loaded_ns) / MM_NS_PER_MS);
    mm_json_unsigned(writer, "reloads", facts->reload_count);
    if (facts->reload_count > 0) {
        mm_json_bool(writer, "reload_ok", facts->reload_error == 0);
        mm_json_text(writer, "reload_message", facts->reload_message);
    }
    mm_json_unsigned(writer, "lost_log_lines", mm_log_lost_lines());
    mm_json_text(writer, "domain", request->context->config->domain.group_path);
    mm_json_close(writer, '}');
}

static void write_level(struct mm_request *request)
{
    struct mm_reclaim_status status;

    if (!request->context->reclaim)
        return;
    mm_reclaim_strategy_status(request->context->reclaim, &status);
    mm_json_text(request->writer, "level", mm_memory_level_name(status.level));
    mm_json_text(request->writer, "level_cause", mm_level_cause_name(status.level_cause));
}

static void write_memory(struct mm_request *request)
{
    struct mm_json_writer *writer = request->writer;
    struct mm_kernel *kernel = request->context->kernel;
    struct mm_memory_state memory;

    if (kernel->ops->read_memory(kernel, &memory) < 0) {
        mm_json_null(writer, "memory");
        return;
    }
    mm_json_open(writer, "memory", '{');
    mm_json_amount(writer, "total_bytes", memory.total_bytes);
    mm_json_amount(writer, "available_bytes", memory.available_bytes);
    mm_json_amount(writer, "free_bytes", memory.free_bytes);
    mm_json_amount(writer, "file_bytes", memory.file_bytes);
    mm_json_amount(writer, "anonymous_bytes", memory.anonymous_bytes);
    mm_json_amount(writer, "swap_total_bytes", memory.swap_total_bytes);
    mm_json_amount(writer, "swap_free_bytes", memory.swap_free_bytes);
    write_level(request);
    mm_json_close(writer, '}');
}

static void write_pressure_line(struct mm_json_writer *writer, const char *key,
                                const struct mm_pressure_line *line)
{
    mm_json_open(writer, key, '{');
    mm_json_unsigned(writer, "average_10s_centipercent", line->average_10s_centipercent);
    mm_json_unsigned(writer, "average_60s_centipercent", line->average_60s_centipercent);
    mm_json_unsigned(writer, "average_300s_centipercent", line->average_300s_centipercent);
    mm_json_unsigned(writer, "total_us", line->total_us);
    mm_json_close(writer, '}');
}

static void write_pressure(struct mm_request *request)
{
    struct mm_json_writer *writer = request->writer;
    struct mm_kernel *kernel = request->context->kernel;
    struct mm_pressure pressure;

    if (kernel->ops->read_pressure(kernel, NULL, &pressure) < 0) {
        mm_json_null(writer, "pressure");
        return;
    }
    mm_json_open(writer, "pressure", '{');
    write_pressure_line(writer, "some", &pressure.some);
    write_pressure_line(writer, "full", &pressure.full);
    mm_json_close(writer, '}');
}

static void write_stalls(struct mm_request *request)
{
    const struct mm_service_context *context = request->context;
    struct mm_json_writer *writer = request->writer;
    struct mm_stall_totals totals;

    if (!context->read_stall_totals || context->read_stall_totals(&totals, context->stalls_user) < 0) {
        mm_json_null(writer, "stalls");
        return;
    }
    mm_json_open(writer, "stalls", '{');
    mm_json_unsigned(writer, "in_progress", totals.in_progress);
    mm_json_open(writer, "kinds", '[');
    for (int i = 0; i < MM_STALL_KIND_COUNT; i++) {
        mm_json_open(writer, NULL, '{');
        mm_json_text(writer, "kind", mm_stall_kind_name((enum mm_stall_kind)i));
        mm_json_unsigned(writer, "count", totals.kinds[i].count);
        mm_json_unsigned(writer, "total_us", totals.kinds[i].length_ns / MM_NS_PER_US);
        mm_json_unsigned(writer, "longest_us", totals.kinds[i].longest_ns / MM_NS_PER_US);
        mm_json_close(writer, '}');
    }
    mm_json_close(writer, ']');
    mm_json_close(writer, '}');
}

static void write_kill(struct mm_request *request)
{
    const struct mm_kill_config *config = &request->context->config->kill;
    struct mm_json_writer *writer = request->writer;
    struct mm_kill_status status;

    mm_json_open(writer, "kill", '{');
    mm_json_bool(writer, "enabled", config->is_enabled);
    mm_json_open(writer, "levels", '[');
    for (size_t i = 0; i < config->level_count; i++) {
        mm_json_open(writer, NULL, '{');
        mm_json_unsigned(writer, "memory_bytes", config->levels[i].memory_bytes);
        mm_json_signed(writer, "min_priority", config->levels[i].min_priority);
        mm_json_close(writer, '}');
    }
    mm_json_close(writer, ']');
    if (request->context->kill) {
        mm_kill_strategy_status(request->context->kill, &status);
        mm_json_unsigned(writer, "kills", status.kills);
        mm_json_bool(writer, "is_killing", status.is_killing);
        mm_json_unsigned(writer, "evaluations", status.evaluations);
    }
    mm_json_close(writer, '}');
}

static void write_waterline(struct mm_request *request, uint64_t now_ns)
{
    struct mm_json_writer *writer = request->writer;
    struct mm_waterline_status status;

    mm_json_open(writer, "waterline_watch", '{');
    mm_json_bool(writer, "enabled",
                 request->context->waterline && request->context->config->waterline_watch.is_enabled);
    if (request->context->waterline) {
        mm_waterline_source_status(request->context->waterline, &status);
        mm_json_signed(writer, "error", status.error);
        mm_json_unsigned(writer, "checks", status.checks);
        mm_json_unsigned(writer, "fill_rate_bytes_per_s", status.fill_rate_bytes_per_s);
        mm_json_unsigned(writer, "next_check_ms",
                         status.next_check_ns > now_ns ? (status.next_check_ns - now_ns) / MM_NS_PER_MS : 0);
    }
    mm_json_close(writer, '}');
}

static void write_reclaim(struct mm_request *request)
{
    const struct mm_avail_buffer_config *config = &request->context->config->avail_buffer;
    struct mm_json_writer *writer = request->writer;
    struct mm_reclaim_status status;

    mm_json_open(writer, "reclaim", '{');
    mm_json_bool(writer, "enabled", request->context->config->squeeze.is_enabled);
    mm_json_unsigned(writer, "min_avail_bytes", config->min_avail_bytes);
    mm_json_unsigned(writer, "avail_bytes", config->avail_bytes);
    mm_json_unsigned(writer, "high_avail_bytes", config->high_avail_bytes);
    if (request->context->reclaim) {
        mm_reclaim_strategy_status(request->context->reclaim, &status);
        mm_json_bool(writer, "is_squeezing", status.is_squeezing);
        mm_json_unsigned(writer, "squeezes", status.squeezes);
        mm_json_unsigned(writer, "squeezed_bytes", status.squeezed_bytes);
        mm_json_unsigned(writer, "limits_held", status.limits_held);
        mm_json_unsigned(writer, "limits_left", status.limits_left);
    }
    mm_json_close(writer, '}');
}

static void write_list(struct mm_request *request)
{
    const struct mm_priority_manager *manager = request->context->manager;
    const struct mm_priority_counters *counters = mm_priority_manager_counters(manager);
    bool is_upstream = mm_priority_manager_compat(manager) == MM_PRIORITY_COMPAT_UPSTREAM;
    struct mm_json_writer *writer = request->writer;

    mm_json_open(writer, "list", '{');
    mm_json_text(writer, "compat", is_upstream ? "upstream" : "none");
    mm_json_unsigned(writer, "accounts", counters->accounts);
    mm_json_unsigned(writer, "bundles", counters->bundles);
    mm_json_unsigned(writer, "processes", counters->processes);
    mm_json_unsigned(writer, "registered_processes", counters->registered_processes);
    mm_json_unsigned(writer, "bindings", counters->bindings);
    mm_json_unsigned(writer, "unknown_pid_events", counters->unknown_pid_events);
    mm_json_unsigned(writer, "refused_events", counters->refused_events);
    mm_json_unsigned(writer, "foreign_claims", counters->foreign_claims);
    mm_json_unsigned(writer, "late_events", counters->late_events);
    mm_json_unsigned(writer, "oom_score_adj_writes", counters->oom_score_adj_writes);
    mm_json_unsigned(writer, "oom_score_adj_failures", counters->oom_score_adj_failures);
    mm_json_unsigned(writer, "foreign_oom_score_adj_writes", counters->foreign_oom_score_adj_writes);
    mm_json_unsigned(writer, "untracked_newcomers", counters->untracked_newcomers);
    mm_json_unsigned(writer, "unreadable_processes", counters->unreadable_processes);
    mm_json_close(writer, '}');
}

static void write_requests(struct mm_request *request)
{
    const struct mm_request_counters *counters = request->counters;
    struct mm_json_writer *writer = request->writer;

    /* the dead hold nothing */
    mm_client_marks_sweep(request->context, request->critical);
    mm_json_open(writer, "requests", '{');
    mm_json_unsigned(writer, "handled", counters->handled);
    mm_json_unsigned(writer, "refused", counters->refused);
    mm_json_unsigned(writer, "permission_denied", counters->permission_denied);
    mm_json_unsigned(writer, "wrong_owner", counters->wrong_owner);
    mm_json_unsigned(writer, "no_such_process", counters->no_such_process);
    mm_json_unsigned(writer, "protected_process", counters->protected_process);
    mm_json_unsigned(writer, "too_many", counters->too_many);
    mm_json_unsigned(writer, "too_long", counters->too_long);
    mm_json_unsigned(writer, "critical_processes", request->critical->count);
    mm_json_unsigned(writer, "registered_apps", request->apps->marks.count);
    mm_json_close(writer, '}');
}

/* What clients said of it last. */
static void write_device(struct mm_request *request)
{
    struct mm_json_writer *writer = request->writer;

    mm_json_open(writer, "device", '[');
    for (unsigned change = 0; change < MM_DEVICE_CHANGE_COUNT; change++) {
        if (*request->device_changes & 1U << change)
            mm_json_text(writer, NULL, mm_device_change_name((enum mm_device_change)change));
    }
    mm_json_close(writer, ']');
}

/* What outlives a restart. */
static void write_saved_state(struct mm_request *request, uint64_t now_ns)
{
    const struct mm_saved_state *saved = mm_priority_manager_saved(request->context->manager);
    struct mm_json_writer *writer = request->writer;

    mm_json_open(writer, "saved_state", '{');
    mm_json_bool(writer, "enabled", mm_priority_manager_is_saved(request->context->manager));
    mm_json_unsigned(writer, "restored_accounts", saved->accounts);
    mm_json_unsigned(writer, "restored_processes", saved->processes);
    mm_json_unsigned(writer, "restored_bindings", saved->bindings);
    mm_json_unsigned(writer, "gone", saved->gone);
    mm_json_unsigned(writer, "age_ms", saved->age_ns / MM_NS_PER_MS);
    if (saved->saved_ns > 0)
        mm_json_unsigned(writer, "saved_ms_ago", (now_ns - saved->saved_ns) / MM_NS_PER_MS);
    else
        mm_json_null(writer, "saved_ms_ago");
    mm_json_bool(writer, "unsaved_reports", saved->is_wanted);
    if (saved->error < 0)
        mm_json_text(writer, "error", strerror(-saved->error));
    else
        mm_json_null(writer, "error");
    mm_json_unsigned(writer, "left_out", saved->left_out);
    mm_json_close(writer, '}');
}

/* The program's memory stands apart from the daemon's. */
static void write_process_rules(struct mm_request *request)
{
    struct mm_json_writer *writer = request->writer;
    struct mm_kernel *kernel = request->context->kernel;
    struct mm_process_info info = {.pid = 0};
    struct mm_match_source_status status;

    if (!request->context->match)
        return;
    mm_match_source_read_status(request->context->match, &status);
    if (status.pid > 0)
        (void)kernel->ops->read_process(kernel, status.pid, MM_PROCESS_STATM, &info);
    mm_json_open(writer, "process_rules", '{');
    mm_json_bool(writer, "enabled", status.is_in_effect);
    mm_json_unsigned(writer, "rules", status.rules);
    mm_json_bool(writer, "built_in", status.has_built_in);
    mm_json_bool(writer, "user_programs", status.has_user_programs);
    mm_json_signed(writer, "pid", status.pid);
    mm_json_unsigned(writer, "resident_bytes", info.resident_bytes);
    mm_json_unsigned(writer, "starts", status.starts);
    mm_json_unsigned(writer, "failures", status.failures);
    mm_json_text(writer, "failure", status.failure);
    mm_json_unsigned(writer, "asked", status.asked);
    mm_json_unsigned(writer, "matched", status.matched);
    mm_json_unsigned(writer, "unmatched", status.unmatched);
    mm_json_unsigned(writer, "dropped", status.dropped);
    mm_json_unsigned(writer, "gave_up", status.gave_up);
    mm_json_close(writer, '}');
}

static void write_events(struct mm_request *request)
{
    const struct mm_event_center_counters *counters = mm_event_center_counters(request->context->center);
    struct mm_json_writer *writer = request->writer;

    mm_json_open(writer, "events", '{');
    mm_json_unsigned(writer, "wakeups", counters->wakeups);
    mm_json_unsigned(writer, "lost", counters->lost);
    mm_json_open(writer, "published", '{');
    for (unsigned kind = 0; kind < MM_EVENT_KIND_COUNT; kind++)
        mm_json_unsigned(writer, mm_event_kind_name((enum mm_event_kind)kind), counters->published[kind]);
    mm_json_close(writer, '}');
    mm_json_close(writer, '}');
}

static void write_sources(struct mm_request *request)
{
    const struct mm_daemon_facts *facts = request->context->facts;
    struct mm_json_writer *writer = request->writer;

    mm_json_open(writer, "sources", '[');
    for (unsigned i = 0; i < facts->source_count; i++) {
        mm_json_open(writer, NULL, '{');
        mm_json_text(writer, "name", facts->sources[i].name);
        mm_json_bool(writer, "active", facts->sources[i].is_active);
        mm_json_text(writer, "detail", facts->sources[i].detail);
        mm_json_close(writer, '}');
    }
    mm_json_close(writer, ']');
}

static void write_features(struct mm_request *request)
{
    struct mm_kernel *kernel = request->context->kernel;
    struct mm_json_writer *writer = request->writer;

    mm_json_open(writer, "features", '[');
    for (unsigned i = 0; i < MM_FEATURE_COUNT; i++) {
        const struct mm_feature *feature = kernel->ops->feature(kernel, (enum mm_feature_id)i);

        mm_json_open(writer, NULL, '{');
        mm_json_text(writer, "name", mm_feature_name((enum mm_feature_id)i));
        mm_json_bool(writer, "available", feature->available);
        mm_json_text(writer, "reason", feature->reason);
        mm_json_close(writer, '}');
    }
    mm_json_close(writer, ']');
}

int mm_request_status(struct mm_request *request)
{
    uint64_t now_ns = mm_event_center_now_ns(request->context->center);

    write_daemon(request, now_ns);
    write_memory(request);
    write_pressure(request);
    write_stalls(request);
    write_kill(request);
    write_waterline(request, now_ns);
    write_reclaim(request);
    write_list(request);
    write_device(request);
    write_saved_state(request, now_ns);
    write_requests(request);
    write_process_rules(request);
    write_events(request);
    write_sources(request);
    write_features(request);
    return 0;
}
