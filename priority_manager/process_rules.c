/* SPDX-License-Identifier: Apache-2.0 */
/* What process rules made of processes that nobody registered: kept once for all that came to the same. */
#include "priority_manager/manager.h"

#include <errno.h>
#include <string.h>

/* A system has a few dozen; the table grows with them. */
#define FIRST_BUCKETS 64
/* A page of them at a time. */
#define OUTCOMES_AT_ONCE 16

int mm_manager_init_outcomes(struct mm_priority_manager *manager)
{
    mm_object_pool_init(&manager->outcome_pool, sizeof(struct mm_rule_outcome), 0);
    return mm_hash_table_init(&manager->outcomes, FIRST_BUCKETS);
}

void mm_manager_fini_outcomes(struct mm_priority_manager *manager)
{
    mm_object_pool_fini(&manager->outcome_pool);
    mm_hash_table_fini(&manager->outcomes);
}

static bool is_outcome(const struct mm_rule_outcome *outcome, const struct mm_event_match *match)
{
    return outcome->priority == match->priority && outcome->process_class == match->process_class &&
           outcome->is_built_in == match->is_built_in && outcome->bundle_key == match->bundle_key &&
           strcmp(outcome->rule, match->rule) == 0 && strcmp(outcome->name, match->bundle) == 0;
}

static struct mm_rule_outcome *find_outcome(const struct mm_priority_manager *manager, uint64_t hash,
                                            const struct mm_event_match *match)
{
    for (struct mm_hash_link *link = mm_hash_table_chain(&manager->outcomes, hash); link; link = link->next) {
        struct mm_rule_outcome *outcome = MM_CONTAINER_OF(link, struct mm_rule_outcome, hash_link);

        if (link->hash == hash && is_outcome(outcome, match))
            return outcome;
    }
    return NULL;
}

/* NULL without memory, or where memory must not be asked for. */
static struct mm_rule_outcome *add_outcome(struct mm_priority_manager *manager, uint64_t hash,
                                           const struct mm_event_match *match)
{
    struct mm_rule_outcome *outcome;

    if (!manager->is_under_pressure) {
        if (manager->outcomes.count > 2 * manager->outcomes.bucket_count)
            (void)mm_hash_table_grow(&manager->outcomes);
        if (manager->outcome_pool.free_count == 0)
            (void)mm_object_pool_grow(&manager->outcome_pool, OUTCOMES_AT_ONCE);
    }
    outcome = mm_object_pool_take(&manager->outcome_pool);
    if (!outcome)
        return NULL;
    outcome->priority = match->priority;
    outcome->process_class = match->process_class;
    outcome->is_built_in = match->is_built_in;
    outcome->bundle_key = match->bundle_key;
    mm_copy_text(outcome->rule, sizeof(outcome->rule), match->rule);
    mm_copy_text(outcome->name, sizeof(outcome->name), match->bundle);
    outcome->hash_link.hash = hash;
    mm_hash_table_insert(&manager->outcomes, &outcome->hash_link);
    return outcome;
}

void mm_manager_forget_match(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_rule_outcome *outcome = node->outcome;
    struct mm_bundle_node *bundle = mm_bundle_node_of(node->process.bundle);

    if (!outcome)
        return;
    node->outcome = NULL;
    if (!bundle->is_shared)
        bundle->bundle.name = bundle->label;
    if (--outcome->users > 0)
        return;
    mm_hash_table_remove(&manager->outcomes, &outcome->hash_link);
    mm_object_pool_put(&manager->outcome_pool, outcome);
}

/* The new one first, so that the old one may be the same. */
static void set_match(struct mm_priority_manager *manager, struct mm_process_node *node,
                      const struct mm_event_match *match)
{
    uint64_t hash =
        mm_hash_u64(mm_hash_text(match->rule) ^ match->bundle_key ^ mm_hash_u64(mm_hash_text(match->bundle)));
    struct mm_rule_outcome *outcome = find_outcome(manager, hash, match);

    if (!outcome)
        outcome = add_outcome(manager, hash, match);
    if (!outcome)
        return;
    outcome->users++;
    mm_manager_forget_match(manager, node);
    node->outcome = outcome;
}

void mm_manager_on_matched(struct mm_priority_manager *manager, const struct mm_event *event)
{
    const struct mm_event_match *match = &event->payload.match;
    struct mm_process_node *node = mm_manager_find(manager, event->pid);

    if (match->has_rule && (match->priority < MM_PRIORITY_MIN || match->priority > MM_PRIORITY_MAX)) {
        manager->counters.refused_events++;
        return;
    }
    if (node && match->start_time_ticks != 0 && node->process.start_time_ticks != 0 &&
        match->start_time_ticks != node->process.start_time_ticks)
        manager->counters.late_events++;
    /* what a client registered meanwhile is the client's, and a pid may be another's */
    if (!node || node->process.bundle->is_registered ||
        (match->start_time_ticks != 0 && node->process.start_time_ticks != 0 &&
         match->start_time_ticks != node->process.start_time_ticks))
        return;
    if (match->has_rule)
        set_match(manager, node, match);
    else
        mm_manager_forget_match(manager, node);
    if (mm_manager_regroup(manager, node))
        mm_manager_seed(manager, node);
    mm_manager_settle(manager);
}

void mm_manager_forget_matches(struct mm_priority_manager *manager)
{
    for (uint32_t i = 0; i < manager->processes.bucket_count; i++) {
        struct mm_hash_link *link = manager->processes.buckets[i];

        while (link) {
            struct mm_process_node *node = MM_CONTAINER_OF(link, struct mm_process_node, hash_link);

            link = link->next;
            if (!node->outcome)
                continue;
            mm_manager_forget_match(manager, node);
            if (mm_manager_regroup(manager, node))
                mm_manager_seed(manager, node);
        }
    }
    mm_manager_settle(manager);
}

const char *mm_priority_manager_process_rule(const struct mm_process *process)
{
    const struct mm_process_node *node = MM_CONTAINER_OF(process, const struct mm_process_node, process);

    return node->outcome ? node->outcome->rule : NULL;
}
