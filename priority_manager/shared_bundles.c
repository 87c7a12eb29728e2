/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of processes that nobody registered: one each, or one of all that process rules give its key and name. */
#include "priority_manager/manager.h"

#include <string.h>

static bool is_wanted(const struct mm_rule_outcome *outcome)
{
    return outcome && outcome->bundle_key != 0;
}

/* In the table of the registered ones, whose hashes are as good as random to these. */
static uint64_t hash_of(const struct mm_rule_outcome *outcome)
{
    return mm_hash_u64(~outcome->bundle_key);
}

static bool is_bundle_of(const struct mm_bundle_node *bundle, const struct mm_rule_outcome *outcome)
{
    return bundle->is_shared && bundle->hash_link.hash == hash_of(outcome) &&
           strcmp(bundle->bundle.name, outcome->name) == 0;
}

static struct mm_bundle_node *find(const struct mm_priority_manager *manager,
                                   const struct mm_rule_outcome *outcome)
{
    for (struct mm_hash_link *link = mm_hash_table_chain(&manager->bundles, hash_of(outcome)); link;
         link = link->next) {
        struct mm_bundle_node *bundle = MM_CONTAINER_OF(link, struct mm_bundle_node, hash_link);

        if (is_bundle_of(bundle, outcome))
            return bundle;
    }
    return NULL;
}

/* The bundle of one process becomes the one that others are to join, and stays where it is on the list. Without a slot
   it remains its own. */
static void open_to_others(struct mm_priority_manager *manager, struct mm_bundle_node *bundle,
                           const struct mm_rule_outcome *outcome)
{
    const char *name = mm_bundle_names_take(&manager->bundle_names, outcome->name);

    if (!name)
        return;
    bundle->bundle.name = name;
    bundle->is_shared = true;
    bundle->hash_link.hash = hash_of(outcome);
    mm_hash_table_insert(&manager->bundles, &bundle->hash_link);
}

static void close_to_others(struct mm_priority_manager *manager, struct mm_bundle_node *bundle,
                            const char *comm)
{
    mm_hash_table_remove(&manager->bundles, &bundle->hash_link);
    mm_bundle_names_put(&manager->bundle_names, bundle->bundle.name);
    bundle->is_shared = false;
    mm_bundle_label(bundle, comm);
    bundle->bundle.name = bundle->label;
}

/* False: there was no slot. */
static bool leave_others(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_bundle_node *own = mm_manager_own_bundle(manager, node);

    if (!own) {
        mm_manager_remove_process(manager, node);
        manager->counters.untracked_newcomers++;
        manager->is_scan_wanted = true;
        return false;
    }
    mm_bundle_part(manager, node);
    mm_bundle_join(manager, own, node);
    return true;
}

/* In a bundle that only it is in, and nobody else is to join. */
static bool be_alone(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_bundle_node *bundle = mm_bundle_node_of(node->process.bundle);

    if (!bundle->is_shared)
        return true;
    if (bundle->bundle.process_count > 1)
        return leave_others(manager, node);
    close_to_others(manager, bundle, node->process.comm);
    return true;
}

bool mm_manager_regroup(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    const struct mm_rule_outcome *outcome = node->outcome;
    struct mm_bundle_node *bundle = mm_bundle_node_of(node->process.bundle);

    if (is_wanted(outcome) && is_bundle_of(bundle, outcome))
        return true;
    bundle = is_wanted(outcome) ? find(manager, outcome) : NULL;
    if (bundle) {
        mm_bundle_part(manager, node);
        mm_bundle_join(manager, bundle, node);
        return true;
    }
    if (!be_alone(manager, node))
        return false;
    bundle = mm_bundle_node_of(node->process.bundle);
    bundle->bundle.name = outcome ? outcome->name : bundle->label;
    if (is_wanted(outcome))
        open_to_others(manager, bundle, outcome);
    return true;
}
