/* SPDX-License-Identifier: Apache-2.0 */
/* Making and ending the manager, its configuration, and the way from an event to who handles it. */
#include "priority_manager/upstream.h"

#include "priority_manager/priority_order.h"

#include <errno.h>
#include <stdlib.h>

typedef void (*event_handler)(struct mm_priority_manager *manager, const struct mm_event *event);

/* Every process by the new names. */
static void apply_all_names(struct mm_priority_manager *manager)
{
    for (uint32_t i = 0; i < manager->processes.bucket_count; i++) {
        for (struct mm_hash_link *link = manager->processes.buckets[i]; link; link = link->next) {
            struct mm_process_node *node = MM_CONTAINER_OF(link, struct mm_process_node, hash_link);

            if (node->process.bundle->is_registered)
                mm_manager_apply_names(manager, node, mm_hash_text(node->process.bundle->name));
            else
                mm_manager_apply_comm(manager, node);
            mm_manager_seed(manager, node);
        }
    }
    mm_manager_settle(manager);
}

static int apply_config(struct mm_priority_manager *manager, const struct mm_config *config)
{
    const struct mm_reclaim_priority_config *priority = &config->reclaim_priority;
    const struct mm_priority_order order =
        manager->is_upstream ? mm_upstream_order(&config->kill) : mm_priority_order_of(&config->kill);
    struct mm_special_names names;
    int result = mm_special_names_init(&names, priority);

    if (result < 0)
        return result;
    mm_special_names_fini(&manager->names);
    manager->names = names;
    manager->grace.duration_ns = priority->new_process_grace_ms * MM_NS_PER_MS;
    manager->ability_start.duration_ns = priority->ability_start_ms * MM_NS_PER_MS;
    /* switched off: none that counts */
    manager->critical_floor =
        (int16_t)(config->critical.max_per_user > 0 ? config->critical.floor : MM_PRIORITY_MAX);
    manager->dead_check_ns = priority->dead_check_ms * MM_NS_PER_MS;
    mm_manager_arm_dead_check(manager);
    mm_priority_list_set_order(&manager->list, &order);
    apply_all_names(manager);
    /* where there are others, they will say by and by what has changed */
    if (!config->process_rules.has_built_in && config->process_rules.rule_count == 0)
        mm_manager_forget_matches(manager);
    return 0;
}

static void apply_pending_config(struct mm_priority_manager *manager)
{
    const struct mm_config *config = manager->pending_config;

    if (!config || manager->is_under_pressure)
        return;
    manager->pending_config = NULL;
    if (apply_config(manager, config) < 0)
        mm_error("no memory for the names of the new configuration: the old ones stay");
}

static void on_config(struct mm_priority_manager *manager, const struct mm_event *event)
{
    manager->pending_config = event->payload.config;
    apply_pending_config(manager);
}

static void on_kill_begin(struct mm_priority_manager *manager, const struct mm_event *event)
{
    (void)event;
    manager->is_under_pressure = true;
}

static void on_kill_end(struct mm_priority_manager *manager, const struct mm_event *event)
{
    (void)event;
    manager->is_under_pressure = false;
    apply_pending_config(manager);
    mm_manager_arm_scan(manager);
    mm_manager_arm_save(manager);
}

static void on_memory_level(struct mm_priority_manager *manager, const struct mm_event *event)
{
    if (event->payload.level.cause == MM_LEVEL_INJECTED)
        return;
    manager->memory_level = event->payload.level.level;
    mm_manager_arm_save(manager);
}

static const event_handler handlers[MM_EVENT_KIND_COUNT] = {
    [MM_EVENT_APPLICATION] = mm_manager_on_application,
    [MM_EVENT_ACCOUNT] = mm_manager_on_account,
    [MM_EVENT_PROCESS_FOUND] = mm_manager_on_found,
    [MM_EVENT_PROCESS_STARTED] = mm_manager_on_started,
    [MM_EVENT_PROCESS_RENAMED] = mm_manager_on_started,
    [MM_EVENT_PROCESS_EXITED] = mm_manager_on_exited,
    [MM_EVENT_PROCESS_LEFT] = mm_manager_on_left,
    [MM_EVENT_PROCESS_MATCHED] = mm_manager_on_matched,
    [MM_EVENT_GROUP] = mm_manager_on_group,
    [MM_EVENT_OOM_SCORE_ADJ] = mm_manager_on_oom_score_adj,
    [MM_EVENT_CONFIG] = on_config,
    [MM_EVENT_MEMORY_LEVEL] = on_memory_level,
    [MM_EVENT_KILL_BEGIN] = on_kill_begin,
    [MM_EVENT_KILL_END] = on_kill_end,
};

static void on_event(const struct mm_event *event, void *user)
{
    struct mm_priority_manager *manager = user;

    if ((unsigned)event->kind >= MM_EVENT_KIND_COUNT || !handlers[event->kind])
        return;
    handlers[event->kind](manager, event);
    if (event->kind == MM_EVENT_APPLICATION || event->kind == MM_EVENT_ACCOUNT)
        mm_manager_want_save(manager);
    mm_manager_keep_reserve(manager);
    mm_manager_announce(manager);
}

static int start(struct mm_priority_manager *manager, const struct mm_config *config)
{
    uint32_t kinds = 0;
    int result = mm_manager_init_memory(manager);

    if (result == 0)
        result = mm_manager_init_outcomes(manager);
    if (result == 0)
        result = apply_config(manager, config);
    for (unsigned kind = 0; kind < MM_EVENT_KIND_COUNT; kind++)
        kinds |= handlers[kind] ? 1u << kind : 0;
    if (result < 0)
        return result;
    return mm_event_center_subscribe(manager->center, MM_RANK_PRIORITY_MANAGER, kinds, on_event, manager);
}

int mm_priority_manager_new(struct mm_kernel *kernel, struct mm_event_center *center,
                            const struct mm_config *config, struct mm_priority_manager **ret_manager)
{
    struct mm_priority_manager *manager = calloc(1, sizeof(*manager));
    int result;

    if (!manager)
        return -ENOMEM;
    manager->kernel = kernel;
    manager->center = center;
    manager->own_pid = kernel->own_pid;
    manager->saves_state = config->saved_state.is_enabled;
    mm_manager_init_save(manager);
    mm_list_init(&manager->accounts);
    manager->is_upstream = config->reclaim_priority.compat == MM_PRIORITY_COMPAT_UPSTREAM;
    manager->is_upstream ? mm_upstream_init(manager) : mm_deadline_init(manager);
    mm_timer_init(&manager->dead_check_timer, mm_manager_dead_check, manager);
    mm_timer_init(&manager->announce_timer, mm_manager_announce_later, manager);
    mm_timer_init(&manager->scan_work.timer, mm_manager_scan_slice, manager);
    result = start(manager, config);
    if (result < 0) {
        mm_priority_manager_free(manager);
        return result;
    }
    *ret_manager = manager;
    return 0;
}

void mm_priority_manager_free(struct mm_priority_manager *manager)
{
    struct mm_timer *timers[6];

    if (!manager)
        return;
    timers[0] = &manager->grace.timer;
    timers[1] = &manager->ability_start.timer;
    timers[2] = &manager->dead_check_timer;
    timers[3] = &manager->announce_timer;
    timers[4] = &manager->scan_work.timer;
    timers[5] = &manager->save_timer;
    for (size_t i = 0; i < MM_ARRAY_SIZE(timers); i++)
        mm_event_center_disarm(manager->center, timers[i]);
    mm_event_center_unsubscribe(manager->center, on_event, manager);
    mm_special_names_fini(&manager->names);
    mm_manager_fini_memory(manager);
    mm_manager_fini_outcomes(manager);
    free(manager);
}

const struct mm_priority_list *mm_priority_manager_list(const struct mm_priority_manager *manager)
{
    return &manager->list;
}

enum mm_priority_compat mm_priority_manager_compat(const struct mm_priority_manager *manager)
{
    return manager->is_upstream ? MM_PRIORITY_COMPAT_UPSTREAM : MM_PRIORITY_COMPAT_NONE;
}

const struct mm_priority_counters *mm_priority_manager_counters(const struct mm_priority_manager *manager)
{
    return &manager->counters;
}
