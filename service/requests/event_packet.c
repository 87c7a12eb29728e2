/* SPDX-License-Identifier: Apache-2.0 */
/* Events as subscribers see them: one writer for each kind that carries something. */
#include "service/requests/request.h"

#include "common/common.h"
#include "service/shared/event_words.h"

typedef void (*payload_writer)(struct mm_json_writer *writer, const struct mm_service_context *context,
                               const struct mm_event *event);

/* The word of event_words.h for what a client reported. */
static const char *word_of(enum mm_event_subject subject, int reason_or_change)
{
    size_t count;
    const struct mm_event_word *words = mm_event_words(&count);

    for (size_t i = 0; i < count; i++) {
        if (words[i].subject == subject &&
            reason_or_change == (subject == MM_SUBJECT_ACCOUNT ? (int)words[i].change : (int)words[i].reason))
            return words[i].word;
    }
    return subject == MM_SUBJECT_ACCOUNT
               ? "unknown"
               : mm_application_reason_name((enum mm_application_reason)reason_or_change);
}

static void write_pressure(struct mm_json_writer *writer, const struct mm_service_context *context,
                           const struct mm_event *event)
{
    (void)context;
    mm_json_text(writer, "kind", event->payload.pressure.kind == MM_PRESSURE_FULL ? "full" : "some");
    mm_json_text(writer, "by", event->payload.pressure.window_us > 0 ? "psi" : "vmpressure");
    mm_json_unsigned(writer, "stall_us", event->payload.pressure.stall_us);
    mm_json_unsigned(writer, "window_us", event->payload.pressure.window_us);
    if (event->group_id != 0)
        mm_json_unsigned(writer, "group_id", event->group_id);
}

static void write_application(struct mm_json_writer *writer, const struct mm_service_context *context,
                              const struct mm_event *event)
{
    const struct mm_event_application *application = &event->payload.application;

    (void)context;
    mm_json_text(writer, "what", word_of(MM_SUBJECT_APPLICATION, (int)application->reason));
    mm_json_signed(writer, "pid", event->pid);
    mm_json_unsigned(writer, "uid", event->uid);
    if (application->name[0])
        mm_json_text(writer, "name", application->name);
    if (application->process_name[0])
        mm_json_text(writer, "process_name", application->process_name);
    if (application->account_id >= 0)
        mm_json_signed(writer, "account", application->account_id);
    if (application->caller_pid > 0) {
        mm_json_signed(writer, "caller_pid", application->caller_pid);
        mm_json_unsigned(writer, "caller_uid", application->caller_uid);
    }
}

static void write_account(struct mm_json_writer *writer, const struct mm_service_context *context,
                          const struct mm_event *event)
{
    (void)context;
    mm_json_text(writer, "what", word_of(MM_SUBJECT_ACCOUNT, (int)event->payload.account.change));
    mm_json_signed(writer, "account", event->payload.account.account_id);
}

static void write_device(struct mm_json_writer *writer, const struct mm_service_context *context,
                         const struct mm_event *event)
{
    (void)context;
    mm_json_text(writer, "what", mm_device_change_name(event->payload.device.change));
}

static void write_found(struct mm_json_writer *writer, const struct mm_service_context *context,
                        const struct mm_event *event)
{
    const struct mm_event_process *process = &event->payload.process;

    (void)context;
    mm_json_signed(writer, "pid", event->pid);
    mm_json_unsigned(writer, "uid", event->uid);
    mm_json_text(writer, "comm", process->comm);
    mm_json_signed(writer, "oom_score_adj", process->oom_score_adj);
    mm_json_unsigned(writer, "resident_bytes", process->resident_bytes);
}

static void write_started(struct mm_json_writer *writer, const struct mm_service_context *context,
                          const struct mm_event *event)
{
    (void)context;
    mm_json_signed(writer, "pid", event->pid);
    mm_json_text(writer, "comm", event->payload.process.comm);
}

static void write_pid(struct mm_json_writer *writer, const struct mm_service_context *context,
                      const struct mm_event *event)
{
    (void)context;
    mm_json_signed(writer, "pid", event->pid);
}

static void write_adj(struct mm_json_writer *writer, const struct mm_service_context *context,
                      const struct mm_event *event)
{
    (void)context;
    mm_json_signed(writer, "pid", event->pid);
    mm_json_signed(writer, "oom_score_adj", event->payload.process.oom_score_adj);
}

static void write_group(struct mm_json_writer *writer, const struct mm_service_context *context,
                        const struct mm_event *event)
{
    (void)context;
    mm_json_unsigned(writer, "group", event->group_id & ~MM_GROUP_ID_OF_FREEZER);
    if (event->group_id & MM_GROUP_ID_OF_FREEZER)
        mm_json_text(writer, "hierarchy", "freezer");
    mm_json_text(writer, "change", mm_group_change_name(event->payload.group.change));
    mm_json_text(writer, "name", event->payload.group.name);
}

static void write_stall(struct mm_json_writer *writer, const struct mm_service_context *context,
                        const struct mm_event *event)
{
    const struct mm_event_stall *stall = &event->payload.stall;

    (void)context;
    mm_json_signed(writer, "pid", event->pid);
    mm_json_text(writer, "comm", stall->comm);
    mm_json_text(writer, "kind", mm_stall_kind_name(stall->kind));
    mm_json_bool(writer, "begins", stall->is_begin);
    mm_json_unsigned(writer, "in_progress", stall->in_progress);
    if (!stall->is_begin)
        mm_json_unsigned(writer, "length_us", stall->length_ns / 1000);
}

static void write_victim(struct mm_json_writer *writer, const struct mm_service_context *context,
                         const struct mm_event *event)
{
    (void)context;
    mm_json_signed(writer, "pid", event->pid);
    mm_json_text(writer, "comm", event->payload.process.comm);
    mm_json_signed(writer, "oom_score_adj", event->payload.process.oom_score_adj);
}

static void write_level(struct mm_json_writer *writer, const struct mm_service_context *context,
                        const struct mm_event *event)
{
    (void)context;
    mm_json_text(writer, "level", mm_memory_level_name(event->payload.level.level));
    mm_json_text(writer, "previous", mm_memory_level_name(event->payload.level.previous));
    mm_json_text(writer, "cause", mm_level_cause_name(event->payload.level.cause));
    mm_json_amount(writer, "available_bytes", event->payload.level.available_bytes);
}

static void write_match(struct mm_json_writer *writer, const struct mm_service_context *context,
                        const struct mm_event *event)
{
    const struct mm_event_match *match = &event->payload.match;

    (void)context;
    mm_json_signed(writer, "pid", event->pid);
    if (!match->has_rule) {
        mm_json_null(writer, "rule");
        return;
    }
    mm_json_text(writer, "rule", match->rule);
    mm_json_bool(writer, "built_in", match->is_built_in);
    mm_json_text(writer, "name", match->bundle);
    mm_json_bool(writer, "shares_bundle", match->bundle_key != 0);
    mm_json_text(writer, "class", mm_process_class_name((enum mm_process_class)match->process_class));
    mm_json_signed(writer, "priority", match->priority);
}

/* The killer has come to rest: what it did last goes along. */
static void write_kill_end(struct mm_json_writer *writer, const struct mm_service_context *context,
                           const struct mm_event *event)
{
    const struct mm_kill_record *record = context->kill ? mm_kill_strategy_record(context->kill, 0) : NULL;

    (void)event;
    if (!record)
        return;
    mm_json_open(writer, "last_kill", '{');
    mm_json_kill_record(writer, record);
    mm_json_close(writer, '}');
}

static void write_decision(struct mm_json_writer *writer, const struct mm_service_context *context,
                           const struct mm_event *event)
{
    (void)context;
    mm_json_decision(writer, &event->payload.decision);
}

static void write_priority(struct mm_json_writer *writer, const struct mm_service_context *context,
                           const struct mm_event *event)
{
    const struct mm_process *process = mm_priority_manager_find(context->manager, event->pid);

    mm_json_signed(writer, "pid", event->pid);
    mm_json_text(writer, "name", process ? process->bundle->name : ""); /* "": ended in the meantime */
    mm_json_signed(writer, "priority", event->payload.priority.priority);
    mm_json_signed(writer, "previous", event->payload.priority.previous);
    mm_json_bool(writer, "registered", event->payload.priority.is_registered);
}

static void write_group_memory(struct mm_json_writer *writer, const struct mm_service_context *context,
                               const struct mm_event *event)
{
    const struct mm_group_events *since = &event->payload.group_memory.since;

    (void)context;
    mm_json_text(writer, "group", event->payload.group_memory.path);
    mm_json_unsigned(writer, "low", since->low);
    mm_json_unsigned(writer, "high", since->high);
    mm_json_unsigned(writer, "max", since->max);
    mm_json_unsigned(writer, "oom", since->oom);
    mm_json_unsigned(writer, "oom_kill", since->oom_kill);
    mm_json_bool(writer, "under_oom", since->is_under_oom);
}

static void write_swap(struct mm_json_writer *writer, const struct mm_service_context *context,
                       const struct mm_event *event)
{
    const struct mm_swap_state *swap = &event->payload.swap;

    (void)context;
    mm_json_unsigned(writer, "devices", swap->device_count);
    mm_json_unsigned(writer, "total_bytes", swap->total_bytes);
    mm_json_unsigned(writer, "used_bytes", swap->used_bytes);
    mm_json_unsigned(writer, "zram_devices", swap->zram_count);
    mm_json_unsigned(writer, "zram_stored_bytes", swap->zram_stored_bytes);
    mm_json_unsigned(writer, "zram_memory_bytes", swap->zram_memory_bytes);
}

static void write_resumed(struct mm_json_writer *writer, const struct mm_service_context *context,
                          const struct mm_event *event)
{
    (void)context;
    mm_json_unsigned(writer, "suspended_ns", event->payload.resumed.suspended_ns);
}

static void write_power(struct mm_json_writer *writer, const struct mm_service_context *context,
                        const struct mm_event *event)
{
    const struct mm_power_state *power = &event->payload.power;

    (void)context;
    mm_json_bool(writer, "on_battery", power->is_on_battery);
    if (power->charge_percent != MM_CHARGE_UNKNOWN)
        mm_json_unsigned(writer, "charge_percent", power->charge_percent);
}

static const struct mm_kill_record *find_record(const struct mm_kill_strategy *kill, uint64_t sequence)
{
    const struct mm_kill_record *newest = kill ? mm_kill_strategy_record(kill, 0) : NULL;

    if (!newest || newest->sequence < sequence || newest->sequence - sequence > UINT32_MAX)
        return NULL;
    return mm_kill_strategy_record(kill, (unsigned)(newest->sequence - sequence));
}

static void write_kill(struct mm_json_writer *writer, const struct mm_service_context *context,
                       const struct mm_event *event)
{
    const struct mm_event_kill *kill = &event->payload.kill;
    const struct mm_kill_record *record = find_record(context->kill, kill->sequence);

    mm_json_bool(writer, "ended", kill->has_ended);
    if (record)
        mm_json_kill_record(writer, record);
    else
        mm_json_signed(writer, "pid", event->pid);
}

static void write_app_state(struct mm_json_writer *writer, const struct mm_service_context *context,
                            const struct mm_event *event)
{
    (void)context;
    mm_json_signed(writer, "pid", event->pid);
    mm_json_unsigned(writer, "uid", event->uid);
    mm_json_text(writer, "state", mm_app_state_name(event->payload.app_state.state));
    mm_json_bool(writer, "present", event->payload.app_state.is_present);
}

void mm_json_event(struct mm_json_writer *writer, const struct mm_service_context *context,
                   const struct mm_event *event)
{
    /* Kinds without a row say all there is by their name. */
    static const payload_writer writers[MM_EVENT_KIND_COUNT] = {
        [MM_EVENT_PRESSURE] = write_pressure,
        [MM_EVENT_APPLICATION] = write_application,
        [MM_EVENT_ACCOUNT] = write_account,
        [MM_EVENT_PROCESS_FOUND] = write_found,
        [MM_EVENT_PROCESS_STARTED] = write_started,
        [MM_EVENT_PROCESS_RENAMED] = write_started,
        [MM_EVENT_PROCESS_EXITED] = write_pid,
        [MM_EVENT_PROCESS_LEFT] = write_pid,
        [MM_EVENT_OOM_SCORE_ADJ] = write_adj,
        [MM_EVENT_MEMORY_LEVEL] = write_level,
        [MM_EVENT_KILL_END] = write_kill_end,
        [MM_EVENT_DECISION] = write_decision,
        [MM_EVENT_PRIORITY] = write_priority,
        [MM_EVENT_GROUP] = write_group,
        [MM_EVENT_STALL] = write_stall,
        [MM_EVENT_OOM_VICTIM] = write_victim,
        [MM_EVENT_PROCESS_MATCHED] = write_match,
        [MM_EVENT_GROUP_MEMORY] = write_group_memory,
        [MM_EVENT_SWAP] = write_swap,
        [MM_EVENT_RESUMED] = write_resumed,
        [MM_EVENT_POWER] = write_power,
        [MM_EVENT_KILL] = write_kill,
        [MM_EVENT_APP_STATE] = write_app_state,
        [MM_EVENT_DEVICE] = write_device,
    };

    mm_json_text(writer, "event", mm_event_kind_name(event->kind));
    mm_json_unsigned(writer, "time_ns", event->time_ns);
    if (writers[event->kind])
        writers[event->kind](writer, context, event);
}
