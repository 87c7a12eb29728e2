/* SPDX-License-Identifier: Apache-2.0 */
/* Upstream's records of processes, the numbers of bundles, what is written, and who is found dead. */
#include "priority_manager/upstream.h"

#include "priority_manager/priority_order.h"

#include <errno.h>

/* Reference 1.3, periodic check. */
#define MANY_BUNDLES         2000
#define MANY_BUNDLES_WAIT_NS (10 * MM_NS_PER_S)

int mm_upstream_attach(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_upstream_process *record = mm_object_pool_take(&manager->upstream_pool);

    if (!record)
        return -ENOSPC;
    record->node = node;
    mm_list_init(&record->grace.link);
    mm_list_init(&record->ability_start.link);
    node->upstream = record;
    return 0;
}

void mm_upstream_detach(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_upstream_process *record = node->upstream;

    if (!record)
        return;
    mm_deadline_leave(&manager->grace, &record->grace);
    mm_deadline_leave(&manager->ability_start, &record->ability_start);
    mm_upstream_release_bindings(manager, record);
    node->upstream = NULL;
    mm_object_pool_put(&manager->upstream_pool, record);
}

int mm_upstream_keep_reserve(struct mm_priority_manager *manager)
{
    uint32_t wanted = manager->process_pool.total_count, there = manager->upstream_pool.total_count;

    return there < wanted ? mm_object_pool_grow(&manager->upstream_pool, wanted - there) : 0;
}

struct mm_process_node *mm_upstream_find(const struct mm_priority_manager *manager, pid_t pid)
{
    struct mm_process_node *node = mm_manager_find(manager, pid);

    return node && node->upstream ? node : NULL;
}

/* ---- numbers ------------------------------------------------------------------------------------------------ */

/* By account, which only a registered one has. */
int mm_upstream_bundle_number(const struct mm_bundle *bundle)
{
    return MM_CONTAINER_OF(bundle, const struct mm_bundle_node, bundle)->upstream_number;
}

void mm_upstream_set_bundle_number(struct mm_priority_manager *manager, struct mm_bundle *bundle, int number)
{
    struct mm_bundle_node *node = mm_bundle_node_of(bundle);

    node->upstream_number = (int16_t)MM_MIN(MM_MAX(number, MM_PRIORITY_MIN), MM_PRIORITY_MAX);
    mm_bundle_mark_changed(manager, node);
}

void mm_upstream_recount(struct mm_priority_manager *manager, struct mm_bundle *bundle)
{
    int least = MM_PRIORITY_MAX;

    MM_LIST_FOR_EACH (link, &bundle->processes)
        least = MM_MIN(least, mm_node_at(link)->upstream->number);
    mm_upstream_set_bundle_number(manager, bundle, least);
}

void mm_upstream_set_number(struct mm_priority_manager *manager, struct mm_process_node *node, int number,
                            int from_flags, enum mm_priority_rule rule)
{
    struct mm_upstream_process *record = node->upstream;

    record->number = (int16_t)number;
    record->from_flags = (int16_t)from_flags;
    record->rule = (uint8_t)rule;
    record->is_by_callers = false;
    record->shift = 0;
    mm_manager_seed(manager, node);
}

void mm_upstream_own(const struct mm_process_node *node, int16_t *ret_own, uint8_t *ret_rule)
{
    const struct mm_upstream_process *record = node->upstream;

    *ret_own = MM_PRIORITY_SYSTEM;
    *ret_rule = MM_RULE_OOM_SCORE_ADJ;
    if (node->process.flags & MM_PROCESS_IS_OUT_OF_REACH)
        return;
    *ret_rule = MM_RULE_SYSTEM;
    if (node->process.flags & MM_PROCESS_IS_SYSTEM)
        return;
    *ret_own = (int16_t)MM_MIN(record->number, MM_PRIORITY_MAX);
    *ret_rule = record->shift != 0 ? (uint8_t)MM_RULE_ACCOUNT : record->rule;
}

int mm_upstream_bundle_due(const struct mm_bundle *bundle)
{
    return bundle->least <= MM_PRIORITY_SYSTEM ? MM_PRIORITY_SYSTEM : mm_upstream_bundle_number(bundle);
}

struct mm_priority_order mm_upstream_order(const struct mm_kill_config *config)
{
    struct mm_priority_order order = mm_priority_order_of(config);

    order.order = MM_ORDER_HIGHEST_UID;
    order.heaviest_from_priority = MM_PRIORITY_MIN - 1;
    return order;
}

/* ---- files -------------------------------------------------------------------------------------------------- */

void mm_upstream_write(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_process *process = &node->process;
    int16_t number;
    uint8_t rule;

    /* above 1000 the kernel refuses it, and upstream takes no notice */
    if ((process->flags & MM_PROCESS_IS_OUT_OF_REACH) || node->upstream->number > MM_PRIORITY_MAX)
        return;
    if (mm_manager_find_out_of_reach(manager, node)) {
        mm_manager_seed(manager, node);
        return;
    }
    mm_upstream_own(node, &number, &rule);
    (void)mm_manager_write_anew(manager, process->pid, process->start_time_ticks, number,
                                &process->written_oom_score_adj);
}

void mm_upstream_write_bundle(struct mm_priority_manager *manager, const struct mm_bundle *bundle)
{
    MM_LIST_FOR_EACH (link, &bundle->processes)
        mm_upstream_write(manager, mm_node_at(link));
}

/* ---- the dead ----------------------------------------------------------------------------------------------- */

void mm_upstream_end(struct mm_priority_manager *manager, struct mm_process_node *node,
                     void (*end)(struct mm_priority_manager *manager, struct mm_process_node *node))
{
    struct mm_bundle *bundle = node->process.bundle;
    bool is_counted = bundle->is_registered && bundle->process_count > 1 &&
                      mm_upstream_bundle_number(bundle) > MM_PRIORITY_KILLABLE_SYSTEM &&
                      node->upstream->number <= mm_upstream_bundle_number(bundle);

    end(manager, node);
    if (is_counted)
        mm_upstream_recount(manager, bundle);
}

void mm_upstream_on_end(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    mm_upstream_end(manager, node, mm_manager_remove_process);
}

uint64_t mm_upstream_dead_check_ns(const struct mm_priority_manager *manager)
{
    uint32_t bundles = 0;

    MM_LIST_FOR_EACH (link, &manager->accounts)
        bundles += MM_CONTAINER_OF(link, struct mm_account, link)->bundle_count;
    return bundles > MANY_BUNDLES ? MM_MIN(manager->dead_check_ns, MANY_BUNDLES_WAIT_NS)
                                  : manager->dead_check_ns;
}
