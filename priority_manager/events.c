/* SPDX-License-Identifier: Apache-2.0 */
/* What clients report: one row for each reason. */
#include "priority_manager/upstream.h"

#include <errno.h>

struct reason_row;
typedef void (*reason_handler)(struct mm_priority_manager *manager, const struct mm_event *event,
                               struct mm_process_node *node, const struct reason_row *row);

struct reason_row {
    reason_handler handle;
    uint32_t set, clear;
    bool ends_grace;         /* says what the process does: it is not new any more */
    bool ends_ability_start; /* unless the event is older than the start */
    bool is_use;             /* counts for the order among equals */
    bool registers;          /* a process that is not registered, where the bundle's name is given */
};

static bool is_registered(const struct mm_process_node *node)
{
    return node && node->process.bundle->is_registered;
}

static void count_unknown(struct mm_priority_manager *manager)
{
    manager->counters.unknown_pid_events++;
}

static void handle_create(struct mm_priority_manager *manager, const struct mm_event *event,
                          struct mm_process_node *node, const struct reason_row *row)
{
    (void)row;
    mm_manager_register(manager, event, node, true, &node);
}

static void handle_nothing(struct mm_priority_manager *manager, const struct mm_event *event,
                           struct mm_process_node *node, const struct reason_row *row)
{
    (void)event;
    (void)row;
    if (!is_registered(node))
        count_unknown(manager);
}

static void handle_state(struct mm_priority_manager *manager, const struct mm_event *event,
                         struct mm_process_node *node, const struct reason_row *row)
{
    struct mm_process *process;

    if (!is_registered(node)) {
        if (!row->registers || !event->payload.application.name[0]) {
            count_unknown(manager);
            return;
        }
        mm_manager_register(manager, event, node, false, &node);
        if (!node)
            return;
    }
    process = &node->process;
    /* What a move will touch, so that memory is waited for once. */
    mm_priority_list_prefetch(&manager->list, &process->bundle->entry);
    process->flags = (process->flags & ~(row->clear | MM_PROCESS_IS_SUSPENDED)) | row->set;
    if ((row->ends_grace && (process->flags & MM_PROCESS_IN_GRACE)) ||
        (row->ends_ability_start && (process->flags & MM_PROCESS_IS_ABILITY_STARTING) &&
         event->time_ns >= node->ability_started_ns))
        mm_deadline_stop(manager, node);
    if (!(process->flags & MM_PROCESS_IN_GRACE))
        process->flags &= ~(uint32_t)MM_PROCESS_IS_INHERITING;
    if (row->is_use)
        mm_bundle_touch(manager, process->bundle);
    if (row->ends_ability_start && (process->flags & MM_PROCESS_IS_ABILITY_STARTING))
        manager->counters.late_events++; /* it was sent before the ability started */
    /* thawed to be used, perhaps, and the word of it is still under way */
    if (row->is_use && (process->flags & MM_PROCESS_IS_FROZEN))
        mm_manager_look_if_frozen(manager, node);
    mm_manager_seed(manager, node);
}

/* The whole application is suspended, whatever its processes do; the next event of each wakes that one. */
static void handle_suspend(struct mm_priority_manager *manager, const struct mm_event *event,
                           struct mm_process_node *node, const struct reason_row *row)
{
    (void)event;
    (void)row;
    if (!is_registered(node)) {
        count_unknown(manager);
        return;
    }
    MM_LIST_FOR_EACH (link, &node->process.bundle->processes) {
        struct mm_process_node *member = mm_node_at(link);

        mm_deadline_stop(manager, member);
        member->process.flags &= ~(uint32_t)MM_PROCESS_IS_INHERITING;
        member->process.flags |= MM_PROCESS_IS_SUSPENDED;
        mm_manager_seed(manager, member);
    }
}

void mm_manager_end_registration(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_kernel *kernel = manager->kernel;
    struct mm_process_info info;
    pid_t pid = node->process.pid;

    if (kernel->ops->read_process(kernel, pid, MM_PROCESS_STAT, &info) < 0 || info.has_exited ||
        info.start_time_ticks != node->process.start_time_ticks) {
        mm_manager_remove_process(manager, node);
        return;
    }
    mm_deadline_stop(manager, node);
    mm_manager_release_bindings(manager, node);
    mm_bundle_leave(manager, node);
    if (mm_manager_unregister(manager, node) < 0)
        mm_manager_remove_process(manager, node);
    else
        mm_manager_tell_found(manager, pid); /* rules may take it from now on */
}

static void handle_terminated(struct mm_priority_manager *manager, const struct mm_event *event,
                              struct mm_process_node *node, const struct reason_row *row)
{
    (void)event;
    (void)row;
    if (is_registered(node))
        mm_manager_end_registration(manager, node);
    else
        count_unknown(manager);
}

/* A target of binds lives by its callers from now on, bound or not. */
static void become_extension(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    if (node->process.flags & MM_PROCESS_IN_GRACE)
        mm_deadline_stop(manager, node);
    node->process.flags &= ~(uint32_t)(MM_PROCESS_IS_SUSPENDED | MM_PROCESS_IS_INHERITING);
    node->process.flags |= MM_PROCESS_IS_EXTENSION;
    mm_manager_seed(manager, node);
}

static void handle_bind(struct mm_priority_manager *manager, const struct mm_event *event,
                        struct mm_process_node *node, const struct reason_row *row)
{
    pid_t caller_pid = event->payload.application.caller_pid;

    (void)row;
    if (!is_registered(node)) {
        count_unknown(manager);
        return;
    }
    if (caller_pid < 0 || caller_pid == event->pid || mm_manager_bind(manager, caller_pid, node) == -ENOSPC) {
        manager->counters.refused_events++;
        return;
    }
    become_extension(manager, node);
}

static void handle_unbind(struct mm_priority_manager *manager, const struct mm_event *event,
                          struct mm_process_node *node, const struct reason_row *row)
{
    (void)row;
    if (!is_registered(node)) {
        count_unknown(manager);
        return;
    }
    (void)mm_manager_unbind(manager, event->payload.application.caller_pid, node);
    become_extension(manager, node);
}

static void handle_render(struct mm_priority_manager *manager, const struct mm_event *event,
                          struct mm_process_node *node, const struct reason_row *row)
{
    (void)row;
    mm_manager_register_render(manager, event, node);
}

static void handle_ability_start(struct mm_priority_manager *manager, const struct mm_event *event,
                                 struct mm_process_node *node, const struct reason_row *row)
{
    (void)row;
    if (!is_registered(node) || (node->process.flags & MM_PROCESS_IS_RENDER)) {
        count_unknown(manager);
        return;
    }
    if (node->process.priority <= MM_PRIORITY_FOREGROUND &&
        !(node->process.flags & MM_PROCESS_IS_ABILITY_STARTING))
        return;
    node->process.flags &= ~(uint32_t)(MM_PROCESS_IS_SUSPENDED | MM_PROCESS_IS_INHERITING);
    node->ability_started_ns = event->time_ns;
    mm_deadline_start_ability(manager, node);
    mm_bundle_touch(manager, node->process.bundle);
    mm_manager_seed(manager, node);
}

static void handle_critical(struct mm_priority_manager *manager, const struct mm_event *event,
                            struct mm_process_node *node, const struct reason_row *row)
{
    (void)event;
    if (!node) {
        count_unknown(manager);
        return;
    }
    if (node->process.flags & MM_PROCESS_IS_RENDER) {
        manager->counters.refused_events++;
        return;
    }
    node->process.flags = (node->process.flags & ~row->clear) | row->set;
    /* the floor of an important application is to be found again, when it was the larger one */
    if (node->process.bundle->is_registered)
        mm_manager_apply_names(manager, node, mm_hash_text(node->process.bundle->name));
    else
        mm_manager_apply_critical(manager, node);
    mm_manager_seed(manager, node);
}

#define START(flag)                                                                                          \
    {                                                                                                        \
        .handle = handle_state, .set = (flag), .ends_grace = true, .is_use = true, .registers = true         \
    }
/* The end of what never began says nothing of a new process. */
#define END(flag)                                                                                            \
    {                                                                                                        \
        .handle = handle_state, .clear = (flag)                                                              \
    }

static const struct reason_row reason_rows[MM_REASON_COUNT] = {
    [MM_REASON_CREATE_PROCESS] = {.handle = handle_create},
    [MM_REASON_PROCESS_READY] = {.handle = handle_nothing},
    [MM_REASON_FOREGROUND] = {.handle = handle_state,
                              .set = MM_PROCESS_IS_FOREGROUND | MM_PROCESS_HAS_UI,
                              .ends_grace = true,
                              .ends_ability_start = true,
                              .is_use = true,
                              .registers = true},
    [MM_REASON_BACKGROUND] = {.handle = handle_state,
                              .set = MM_PROCESS_HAS_UI,
                              .clear = MM_PROCESS_IS_FOREGROUND,
                              .ends_grace = true,
                              .ends_ability_start = true,
                              .is_use = true,
                              .registers = true},
    [MM_REASON_SUSPEND_DELAY_START] = START(MM_PROCESS_HAS_TRANSIENT_TASK),
    [MM_REASON_SUSPEND_DELAY_END] = END(MM_PROCESS_HAS_TRANSIENT_TASK),
    [MM_REASON_BACKGROUND_RUNNING_START] = START(MM_PROCESS_HAS_CONTINUOUS_TASK),
    [MM_REASON_BACKGROUND_RUNNING_END] = END(MM_PROCESS_HAS_CONTINUOUS_TASK),
    [MM_REASON_EVENT_START] = START(MM_PROCESS_HAS_EVENT),
    [MM_REASON_EVENT_END] = END(MM_PROCESS_HAS_EVENT),
    [MM_REASON_APPLICATION_SUSPEND] = {.handle = handle_suspend},
    [MM_REASON_PROCESS_TERMINATED] = {.handle = handle_terminated},
    [MM_REASON_OS_ACCOUNT_CHANGED] = {.handle = handle_nothing}, /* MM_EVENT_ACCOUNT says it */
    [MM_REASON_DIST_DEVICE_CONNECTED] = START(MM_PROCESS_HAS_DIST_DEVICE),
    [MM_REASON_DIST_DEVICE_DISCONNECTED] = END(MM_PROCESS_HAS_DIST_DEVICE),
    [MM_REASON_BIND_EXTENSION] = {.handle = handle_bind},
    [MM_REASON_UNBIND_EXTENSION] = {.handle = handle_unbind},
    [MM_REASON_VISIBLE] = START(MM_PROCESS_IS_VISIBLE),
    [MM_REASON_UN_VISIBLE] = END(MM_PROCESS_IS_VISIBLE),
    [MM_REASON_RENDER_CREATE_PROCESS] = {.handle = handle_render},
    [MM_REASON_ABILITY_START] = {.handle = handle_ability_start},
    [MM_REASON_CRITICAL_BEGIN] = {.handle = handle_critical, .set = MM_PROCESS_IS_CRITICAL},
    [MM_REASON_CRITICAL_END] = {.handle = handle_critical, .clear = MM_PROCESS_IS_CRITICAL},
};

/* What is known of the event's process; *ret_is_stale when the event is about one that had the pid before. */
static struct mm_process_node *find_subject(struct mm_priority_manager *manager, const struct mm_event *event,
                                            bool *ret_is_stale)
{
    struct mm_process_node *node = mm_manager_find(manager, event->pid);
    uint64_t stated_ticks = event->payload.application.start_time_ticks;
    uint64_t known_ticks = node ? node->process.start_time_ticks : 0;

    *ret_is_stale = stated_ticks != 0 && stated_ticks < known_ticks;
    if (stated_ticks == 0 || known_ticks == 0 || stated_ticks <= known_ticks)
        return node;
    mm_manager_remove_process(manager, node);
    return NULL;
}

/* Of who is registered already: created, or made a render process, for others it is refused where that is done. Render
   processes have their owner's bundle. A process may have changed its user since it was registered: that is no claim. */
static bool is_foreign_claim(const struct mm_priority_manager *manager, const struct mm_event *event,
                             const struct mm_process_node *node)
{
    const uint32_t refusing = 1u << MM_REASON_CREATE_PROCESS | 1u << MM_REASON_RENDER_CREATE_PROCESS;
    int64_t account_id = event->payload.application.account_id;

    return account_id >= 0 && !manager->is_upstream && is_registered(node) &&
           !(refusing & 1u << event->payload.application.reason) &&
           !(node->process.flags & MM_PROCESS_IS_RENDER) &&
           account_id != mm_bundle_account_id(node->process.bundle);
}

void mm_manager_on_application(struct mm_priority_manager *manager, const struct mm_event *event)
{
    enum mm_application_reason reason = event->payload.application.reason;
    struct mm_process_node *node;
    bool is_stale;

    if ((unsigned)reason >= MM_REASON_COUNT || event->pid <= 1 || event->pid == manager->own_pid) {
        manager->counters.refused_events++;
        return;
    }
    node = find_subject(manager, event, &is_stale);
    if (!is_stale && is_foreign_claim(manager, event, node))
        manager->counters.foreign_claims++;
    if (is_stale)
        count_unknown(manager);
    else if (manager->is_upstream)
        mm_upstream_on_application(manager, event, node);
    else
        reason_rows[reason].handle(manager, event, node, &reason_rows[reason]);
    mm_manager_settle(manager);
}
