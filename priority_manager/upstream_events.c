/* SPDX-License-Identifier: Apache-2.0 */
/* What upstream does at each event: one row for each reason, the two timers, and the switch of accounts. */
#include "priority_manager/upstream.h"

struct upstream_row;
typedef void (*upstream_handler)(struct mm_priority_manager *manager, const struct mm_event *event,
                                 struct mm_process_node *node, const struct upstream_row *row);

/* Without a handler, as PROCESS_READY: the flags are set and applied, whatever the reason. */
struct upstream_row {
    upstream_handler handle;
    uint32_t set, clear;
    bool ends_ability_start;
    bool is_for_all; /* also who is not registered */
};

/* Residents, and who shares a bundle with one: no event but ABILITY_START and a switch of accounts does anything. */
static bool is_left_alone(const struct mm_process_node *node)
{
    return mm_upstream_bundle_number(node->process.bundle) <= MM_PRIORITY_KILLABLE_SYSTEM;
}

/* Upstream's clock is called milliseconds and counts seconds: what is of the same second is not older. */
static uint64_t seconds_of(const struct mm_event *event)
{
    return event->time_ns / MM_NS_PER_S;
}

void mm_upstream_recompute(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_process *process = &node->process;
    enum mm_priority_rule rule = (enum mm_priority_rule)node->upstream->rule;

    if (mm_upstream_bundle_number(process->bundle) >= MM_PRIORITY_FOREGROUND) {
        int number =
            mm_upstream_recomputed(node->upstream->number, process->flags, process->important_floor, &rule);

        mm_upstream_set_number(manager, node, number, number, rule);
        mm_upstream_recount(manager, process->bundle);
    }
    /* decided: the extensions are looked at also where the number itself was left alone */
    mm_upstream_propagate(manager, node);
}

/* ---- timers ------------------------------------------------------------------------------------------------- */

static void end_of_timer(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    mm_upstream_recompute(manager, node);
    mm_upstream_write_bundle(manager, node->process.bundle);
}

/* No event ends it before: it takes a suspension, a boost or a switch of accounts with it. */
static void end_grace(struct mm_priority_manager *manager, struct mm_deadline *deadline)
{
    end_of_timer(manager, MM_CONTAINER_OF(deadline, struct mm_upstream_process, grace)->node);
}

static void end_ability_start(struct mm_priority_manager *manager, struct mm_deadline *deadline)
{
    struct mm_process_node *node = MM_CONTAINER_OF(deadline, struct mm_upstream_process, ability_start)->node;

    node->process.flags &= ~(uint32_t)MM_PROCESS_IS_ABILITY_STARTING;
    end_of_timer(manager, node);
}

void mm_upstream_init(struct mm_priority_manager *manager)
{
    mm_object_pool_init(&manager->upstream_pool, sizeof(struct mm_upstream_process), 0);
    mm_deadline_queue_init(&manager->grace, manager, end_grace);
    mm_deadline_queue_init(&manager->ability_start, manager, end_ability_start);
}

/* ---- reasons ------------------------------------------------------------------------------------------------ */

void mm_upstream_begin(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    const struct mm_process *process = &node->process;
    int number = MM_PRIORITY_FOREGROUND;
    enum mm_priority_rule rule = MM_RULE_NEW;

    if (process->flags & MM_PROCESS_IS_IMPORTANT) {
        number = process->important_floor;
        rule = MM_RULE_IMPORTANT;
    }
    if ((process->flags & MM_PROCESS_IS_RESIDENT) && number > MM_PRIORITY_KILLABLE_SYSTEM) {
        number = MM_PRIORITY_KILLABLE_SYSTEM;
        rule = MM_RULE_RESIDENT;
    }
    mm_upstream_set_number(manager, node, number, MM_PRIORITY_FOREGROUND, rule);
    mm_upstream_recount(manager, process->bundle);
    mm_deadline_wait(&manager->grace, &node->upstream->grace);
}

/* One that is known stays what it is, and has its bundle written. */
static void handle_create(struct mm_priority_manager *manager, const struct mm_event *event,
                          struct mm_process_node *node, const struct upstream_row *row)
{
    (void)row;
    mm_manager_register(manager, event, node, true, &node);
    node = mm_upstream_find(manager, event->pid);
    if (node)
        mm_upstream_write_bundle(manager, node->process.bundle);
}

/* SetCritical is only logged: no event for upstream, which would compute the number anew. */
static void handle_nothing(struct mm_priority_manager *manager, const struct mm_event *event,
                           struct mm_process_node *node, const struct upstream_row *row)
{
    (void)manager;
    (void)event;
    (void)node;
    (void)row;
}

static void handle_render(struct mm_priority_manager *manager, const struct mm_event *event,
                          struct mm_process_node *node, const struct upstream_row *row)
{
    (void)row;
    mm_manager_register_render(manager, event, node);
}

static void handle_update(struct mm_priority_manager *manager, const struct mm_event *event,
                          struct mm_process_node *node, const struct upstream_row *row)
{
    struct mm_process *process = &node->process;
    bool is_starting = (process->flags & MM_PROCESS_IS_ABILITY_STARTING) != 0;
    bool is_older = is_starting && seconds_of(event) < node->upstream->ability_started_s;

    if (is_left_alone(node))
        return;
    process->flags = (process->flags & ~row->clear) | row->set;
    if (is_starting && row->ends_ability_start && !is_older) {
        process->flags &= ~(uint32_t)MM_PROCESS_IS_ABILITY_STARTING;
        mm_deadline_leave(&manager->ability_start, &node->upstream->ability_start);
    }
    if (!is_older)
        mm_upstream_recompute(manager, node);
    mm_upstream_write_bundle(manager, process->bundle);
}

/* No flag says so: the next event, or timer, of a process takes it away. */
static void handle_suspend(struct mm_priority_manager *manager, const struct mm_event *event,
                           struct mm_process_node *node, const struct upstream_row *row)
{
    struct mm_bundle *bundle = node->process.bundle;

    (void)event;
    (void)row;
    if (is_left_alone(node))
        return;
    MM_LIST_FOR_EACH (link, &bundle->processes)
        mm_upstream_set_number(manager, mm_node_at(link), MM_PRIORITY_SUSPEND, MM_PRIORITY_SUSPEND,
                               MM_RULE_SUSPENDED);
    mm_upstream_recount(manager, bundle);
    mm_upstream_write_bundle(manager, bundle);
}

static void handle_terminated(struct mm_priority_manager *manager, const struct mm_event *event,
                              struct mm_process_node *node, const struct upstream_row *row)
{
    struct mm_bundle *bundle = node->process.bundle;
    bool is_last = bundle->process_count == 1;

    (void)event;
    (void)row;
    if (is_left_alone(node))
        return;
    mm_upstream_end(manager, node, mm_manager_end_registration);
    if (!is_last)
        mm_upstream_write_bundle(manager, bundle);
}

static void handle_ability_start(struct mm_priority_manager *manager, const struct mm_event *event,
                                 struct mm_process_node *node, const struct upstream_row *row)
{
    struct mm_process *process = &node->process;
    bool is_starting = (process->flags & MM_PROCESS_IS_ABILITY_STARTING) != 0;

    (void)row;
    if (node->upstream->number < MM_PRIORITY_FOREGROUND ||
        (node->upstream->number == MM_PRIORITY_FOREGROUND && !is_starting))
        return;
    process->flags |= MM_PROCESS_IS_ABILITY_STARTING;
    node->upstream->ability_started_s = seconds_of(event);
    mm_upstream_set_number(manager, node, MM_PRIORITY_FOREGROUND, MM_PRIORITY_FOREGROUND,
                           MM_RULE_ABILITY_START);
    mm_upstream_recount(manager, process->bundle);
    mm_upstream_write_bundle(manager, process->bundle);
    mm_deadline_wait(&manager->ability_start, &node->upstream->ability_start);
}

/* The target's map of callers, its flags and its number are not touched. */
static bool is_no_target(const struct mm_process_node *target)
{
    return is_left_alone(target) || target->upstream->number <= MM_PRIORITY_KILLABLE_SYSTEM ||
           (target->process.flags & MM_PROCESS_IS_RESIDENT);
}

static void become_extension(struct mm_priority_manager *manager, struct mm_process_node *target)
{
    target->process.flags &= ~(uint32_t)MM_PROCESS_IS_FOREGROUND;
    target->process.flags |= MM_PROCESS_IS_EXTENSION;
    mm_upstream_recompute(manager, target);
    mm_upstream_write_bundle(manager, target->process.bundle);
}

static void handle_bind(struct mm_priority_manager *manager, const struct mm_event *event,
                        struct mm_process_node *node, const struct upstream_row *row)
{
    pid_t caller_pid = event->payload.application.caller_pid;
    struct mm_process_node *caller = mm_upstream_find(manager, caller_pid);

    (void)row;
    if (caller_pid < 0 || caller_pid == event->pid ||
        (caller && mm_upstream_bind_caller(manager, caller, event->pid) < 0)) {
        manager->counters.refused_events++;
        return;
    }
    if (is_no_target(node))
        return;
    if (mm_upstream_bind_target(manager, caller_pid, node) < 0) {
        manager->counters.refused_events++;
        return;
    }
    become_extension(manager, node);
}

static void handle_unbind(struct mm_priority_manager *manager, const struct mm_event *event,
                          struct mm_process_node *node, const struct upstream_row *row)
{
    pid_t caller_pid = event->payload.application.caller_pid;
    struct mm_process_node *caller = mm_upstream_find(manager, caller_pid);

    (void)row;
    if (caller)
        mm_upstream_unbind_caller(manager, caller, event->pid);
    if (is_no_target(node))
        return;
    mm_upstream_unbind_target(manager, caller_pid, node);
    become_extension(manager, node);
}

static const struct upstream_row rows[MM_REASON_COUNT] = {
    [MM_REASON_CREATE_PROCESS] = {.handle = handle_create, .is_for_all = true},
    [MM_REASON_FOREGROUND] = {.set = MM_PROCESS_IS_FOREGROUND | MM_PROCESS_HAS_UI,
                              .ends_ability_start = true},
    [MM_REASON_BACKGROUND] = {.set = MM_PROCESS_HAS_UI,
                              .clear = MM_PROCESS_IS_FOREGROUND,
                              .ends_ability_start = true},
    [MM_REASON_SUSPEND_DELAY_START] = {.set = MM_PROCESS_HAS_TRANSIENT_TASK},
    [MM_REASON_SUSPEND_DELAY_END] = {.clear = MM_PROCESS_HAS_TRANSIENT_TASK},
    [MM_REASON_BACKGROUND_RUNNING_START] = {.set = MM_PROCESS_HAS_CONTINUOUS_TASK},
    [MM_REASON_BACKGROUND_RUNNING_END] = {.clear = MM_PROCESS_HAS_CONTINUOUS_TASK},
    [MM_REASON_EVENT_START] = {.set = MM_PROCESS_HAS_EVENT},
    [MM_REASON_EVENT_END] = {.clear = MM_PROCESS_HAS_EVENT},
    [MM_REASON_APPLICATION_SUSPEND] = {.handle = handle_suspend},
    [MM_REASON_PROCESS_TERMINATED] = {.handle = handle_terminated},
    [MM_REASON_DIST_DEVICE_CONNECTED] = {.set = MM_PROCESS_HAS_DIST_DEVICE},
    [MM_REASON_DIST_DEVICE_DISCONNECTED] = {.clear = MM_PROCESS_HAS_DIST_DEVICE},
    [MM_REASON_BIND_EXTENSION] = {.handle = handle_bind},
    [MM_REASON_UNBIND_EXTENSION] = {.handle = handle_unbind},
    [MM_REASON_VISIBLE] = {.set = MM_PROCESS_IS_VISIBLE},
    [MM_REASON_UN_VISIBLE] = {.clear = MM_PROCESS_IS_VISIBLE},
    [MM_REASON_RENDER_CREATE_PROCESS] = {.handle = handle_render, .is_for_all = true},
    [MM_REASON_ABILITY_START] = {.handle = handle_ability_start},
    [MM_REASON_CRITICAL_BEGIN] = {.handle = handle_nothing, .is_for_all = true},
    [MM_REASON_CRITICAL_END] = {.handle = handle_nothing, .is_for_all = true},
};

void mm_upstream_on_application(struct mm_priority_manager *manager, const struct mm_event *event,
                                struct mm_process_node *node)
{
    const struct upstream_row *row = &rows[event->payload.application.reason];

    if (row->is_for_all || (node && node->upstream))
        (row->handle ? row->handle : handle_update)(manager, event, node, row);
    else
        manager->counters.unknown_pid_events++;
}

/* ---- accounts ----------------------------------------------------------------------------------------------- */

/* What no event is about may be shifted for ever; so far beyond what a file takes it makes no difference. */
static int16_t saturated(int number)
{
    return (int16_t)MM_MIN(MM_MAX(number, INT16_MIN), INT16_MAX);
}

static void shift_process(struct mm_priority_manager *manager, struct mm_process_node *node, int shift)
{
    struct mm_upstream_process *record = node->upstream;
    int before = record->number;

    record->number = saturated(before + shift);
    record->shift = saturated(record->shift + record->number - before);
    mm_manager_seed(manager, node);
}

static void shift_bundle(struct mm_priority_manager *manager, struct mm_bundle *bundle)
{
    int number = mm_upstream_bundle_number(bundle);
    int shift = mm_upstream_adjusted(number, mm_account_adjustment(bundle->account)) - number;

    MM_LIST_FOR_EACH (link, &bundle->processes)
        shift_process(manager, mm_node_at(link), shift);
    mm_upstream_set_bundle_number(manager, bundle, number + shift);
    mm_upstream_write_bundle(manager, bundle);
}

void mm_upstream_shift(struct mm_priority_manager *manager, const struct mm_account *active)
{
    struct mm_priority_entry *entry = mm_priority_list_first(&manager->list);

    for (; entry; entry = mm_priority_list_next(&manager->list, entry)) {
        struct mm_bundle *bundle = MM_BUNDLE_OF(entry);
        const struct mm_account *account = bundle->account;

        /* -1000 stays: it is never killed */
        if (!account || mm_upstream_bundle_due(bundle) <= MM_PRIORITY_SYSTEM)
            continue;
        if (account == active || (account->was_active && account->state == MM_ACCOUNT_IS_INACTIVE))
            shift_bundle(manager, bundle);
    }
}
