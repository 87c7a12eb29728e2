/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what changed to the numbers: the fixed point of
 *
 *     number(x) = min(own(x), for each caller c: bound(number(c)))        where x is an extension
 *     number(x) = max(0, least number of the bundle)                      where x is a render process
 *     number(x) = own(x)                                                  elsewhere
 *
 * bound() adds 100 and ends at 500, so every cycle loses against a way from outside, and there is exactly one
 * solution. Hence, when a seed's equation still holds with its old number, nothing else can have changed;
 * and no number depends on a caller more than five steps away, so six rounds over the bindings among the
 * affected processes reach the solution, whatever the graph.
 */
#include "priority_manager/upstream.h"

#include <errno.h>

struct affected {
    struct mm_process_node *first;
    struct mm_process_node **end;
};

void mm_manager_seed(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    if (node->process.work_state != MM_WORK_NONE)
        return;
    node->process.work_state = MM_WORK_SEED;
    node->work_next = manager->seeds;
    manager->seeds = node;
}

void mm_manager_unseed(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_process_node **place = &manager->seeds;

    if (node->process.work_state != MM_WORK_SEED)
        return;
    while (*place != node)
        place = &(*place)->work_next;
    *place = node->work_next;
    node->process.work_state = MM_WORK_NONE;
}

/* An inherited number is not what we or others have written since, -1000 excepted. */
static int file_number(const struct mm_process *process)
{
    bool is_inherited = (process->flags & (MM_PROCESS_IS_INHERITING | MM_PROCESS_IS_OUT_OF_REACH)) ==
                        MM_PROCESS_IS_INHERITING;

    return is_inherited ? process->inherited_oom_score_adj : process->written_oom_score_adj;
}

void mm_manager_own_rules(const struct mm_process_node *node, struct mm_rule_result *ret_result)
{
    const struct mm_process *process = &node->process;
    /* in another line of cache, and of no use to what is registered */
    const struct mm_rule_outcome *outcome = process->bundle->is_registered ? NULL : node->outcome;
    const struct mm_rule_input input = {
        .flags = process->flags,
        .is_registered = process->bundle->is_registered,
        /* in another line of cache, and rarely needed */
        .important_floor = process->flags & (MM_PROCESS_IS_IMPORTANT | MM_PROCESS_IS_CRITICAL)
                               ? process->important_floor
                               : 0,
        .oom_score_adj = file_number(process),
        .account_adjustment = mm_account_adjustment(process->bundle->account),
        .has_rule = outcome != NULL,
        .is_rule_built_in = outcome && outcome->is_built_in,
        .rule_priority = outcome ? outcome->priority : 0,
    };

    mm_rules_own(&input, ret_result);
}

static void compute_own(const struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_rule_result result;

    if (manager->is_upstream && node->process.bundle->is_registered) {
        mm_upstream_own(node, &node->process.own, &node->process.own_rule);
        return;
    }
    if (node->process.flags & MM_PROCESS_IS_RENDER) {
        node->process.own = (int16_t)mm_rules_render(mm_bundle_due_priority(manager, node->process.bundle));
        node->process.own_rule = MM_RULE_RENDER;
        return;
    }
    mm_manager_own_rules(node, &result);
    node->process.own = (int16_t)result.own;
    node->process.own_rule = (uint8_t)result.rule;
}

static bool follows_callers(const struct mm_process_node *node)
{
    return (node->process.flags & (MM_PROCESS_IS_EXTENSION | MM_PROCESS_IS_RENDER)) ==
               MM_PROCESS_IS_EXTENSION &&
           node->process.bundle->is_registered;
}

/* Without a look at another line of cache where there are none. */
static const struct mm_binding *bound_by(const struct mm_process_node *node)
{
    return node->process.has_bindings ? node->bound : NULL;
}

static int caller_priority(const struct mm_binding *binding)
{
    return binding->caller ? binding->caller->process.priority : MM_PRIORITY_FOREGROUND;
}

/* The number by the present numbers of its callers; those being computed are left out where told. */
static int from_callers(const struct mm_process_node *node, bool without_affected)
{
    int priority = node->process.own;

    if (!follows_callers(node))
        return priority;
    for (const struct mm_binding *binding = node->callers; binding; binding = binding->target_next) {
        if (without_affected && binding->caller && binding->caller->process.work_state == MM_WORK_AFFECTED)
            continue;
        priority = MM_MIN(priority, mm_rules_bound(caller_priority(binding)));
    }
    return priority;
}

static void set_rule(struct mm_process_node *node, int priority)
{
    node->process.rule = priority < node->process.own ? (uint8_t)MM_RULE_EXTENSION : node->process.own_rule;
}

static void append(struct affected *affected, struct mm_process_node *node)
{
    node->process.work_state = MM_WORK_AFFECTED;
    node->work_next = NULL;
    *affected->end = node;
    affected->end = &node->work_next;
}

/* Other render processes follow when all else has its number. */
static bool is_binding_render(const struct mm_process_node *node)
{
    return (node->process.flags & MM_PROCESS_IS_RENDER) && bound_by(node);
}

static void append_renders(struct affected *affected, const struct mm_process_node *node)
{
    const struct mm_bundle *bundle = node->process.bundle;

    if (bundle->render_count == 0 || (node->process.flags & MM_PROCESS_IS_RENDER))
        return;
    MM_LIST_FOR_EACH (link, &bundle->processes) {
        struct mm_process_node *member = mm_node_at(link);

        if (is_binding_render(member) && member->process.work_state == MM_WORK_NONE)
            append(affected, member);
    }
}

/* By the numbers of its bundle as far as they are computed. */
static int from_bundle(const struct mm_process_node *render)
{
    int least = MM_PRIORITY_NONE;

    MM_LIST_FOR_EACH (link, &render->process.bundle->processes) {
        const struct mm_process *member = &mm_node_at(link)->process;

        if (!(member->flags & MM_PROCESS_IS_RENDER))
            least =
                MM_MIN(least, member->work_state == MM_WORK_AFFECTED ? member->candidate : member->priority);
    }
    return mm_rules_render(least == MM_PRIORITY_NONE ? MM_PRIORITY_BACKGROUND : least);
}

/* True when its bundle has fallen since. */
static bool follow_bundle(struct mm_process_node *node)
{
    int priority;

    if (!is_binding_render(node))
        return false;
    priority = from_bundle(node);
    if (priority >= node->process.candidate)
        return false;
    node->process.candidate = node->process.own = (int16_t)priority;
    node->process.own_rule = MM_RULE_RENDER;
    return true;
}

static void collect_affected(struct mm_priority_manager *manager, struct affected *affected)
{
    struct mm_process_node *node;

    while ((node = manager->seeds)) {
        manager->seeds = node->work_next;
        node->process.work_state = MM_WORK_NONE;
        compute_own(manager, node);
        if (from_callers(node, false) == node->process.priority)
            set_rule(node, node->process.priority);
        else
            append(affected, node);
    }
    for (node = affected->first; node; node = node->work_next) {
        append_renders(affected, node);
        for (const struct mm_binding *binding = bound_by(node); binding; binding = binding->caller_next) {
            if (binding->target->process.work_state == MM_WORK_NONE && follows_callers(binding->target))
                append(affected, binding->target);
        }
    }
}

static void solve(const struct affected *affected)
{
    bool has_changed = true;

    for (struct mm_process_node *node = affected->first; node; node = node->work_next)
        node->process.candidate =
            (int16_t)(is_binding_render(node) ? MM_PRIORITY_NONE : from_callers(node, true));
    while (has_changed) {
        has_changed = false;
        for (struct mm_process_node *node = affected->first; node; node = node->work_next) {
            int bound;

            has_changed |= follow_bundle(node);
            bound = mm_rules_bound(node->process.candidate);
            for (const struct mm_binding *binding = bound_by(node); binding; binding = binding->caller_next) {
                struct mm_process_node *target = binding->target;

                if (target->process.work_state != MM_WORK_AFFECTED || target->process.candidate <= bound ||
                    !follows_callers(target))
                    continue;
                target->process.candidate = (int16_t)bound;
                has_changed = true;
            }
        }
    }
}

bool mm_manager_write_anew(struct mm_priority_manager *manager, pid_t pid, uint64_t start_time_ticks,
                           int priority, int16_t *written)
{
    int value = priority;
    int result;

    result =
        manager->kernel->ops->write_oom_score_adj(manager->kernel, pid, start_time_ticks, priority, &value);
    if (result < 0) {
        manager->counters.oom_score_adj_failures++;
        return result != -ESRCH;
    }
    manager->counters.oom_score_adj_writes++;
    *written = (int16_t)value;
    return true;
}

bool mm_manager_write_oom_score_adj(struct mm_priority_manager *manager, pid_t pid, uint64_t start_time_ticks,
                                    int priority, int16_t *written)
{
    return priority == *written || mm_manager_write_anew(manager, pid, start_time_ticks, priority, written);
}

/* What is learnt by writing waits until all numbers are applied: whoever is still to be is not seeded. */
static void put_off(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    node->process.work_state = MM_WORK_PUT_OFF;
    node->work_next = manager->put_off;
    manager->put_off = node;
}

static void apply(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_process *process = &node->process;
    int previous = process->priority;

    node->process.work_state = MM_WORK_NONE;
    set_rule(node, node->process.candidate);
    if (node->process.candidate == previous)
        return;
    process->priority = node->process.candidate;
    mm_bundle_member_changed(manager, node, previous);
    if (!process->bundle->is_registered || process->priority == process->written_oom_score_adj ||
        manager->is_upstream)
        return; /* the file's already, or upstream's way of writing has done it */
    if (mm_manager_find_out_of_reach(manager, node) ||
        !mm_manager_write_oom_score_adj(manager, process->pid, process->start_time_ticks, process->priority,
                                        &process->written_oom_score_adj))
        put_off(manager, node);
}

static void settle_numbers(struct mm_priority_manager *manager)
{
    struct affected affected = {.first = NULL, .end = &affected.first};

    collect_affected(manager, &affected);
    solve(&affected);
    for (struct mm_process_node *node = affected.first, *next; node; node = next) {
        next = node->work_next;
        apply(manager, node);
    }
}

static void take_up(struct mm_priority_manager *manager)
{
    struct mm_process_node *node;

    while ((node = manager->put_off)) {
        manager->put_off = node->work_next;
        node->process.work_state = MM_WORK_NONE;
        if (!(node->process.flags & MM_PROCESS_IS_OUT_OF_REACH))
            mm_manager_remove_process(manager, node);
        else if (node->process.flags & MM_PROCESS_IS_RENDER)
            mm_manager_part_from_owner(manager, node);
        else
            mm_manager_seed(manager, node);
    }
}

void mm_manager_settle(struct mm_priority_manager *manager)
{
    /* No bundle moves before all have their numbers, those who follow render processes, and those whom the dead had
       bound: it may come back. */
    do {
        do {
            settle_numbers(manager);
            take_up(manager);
        } while (manager->seeds);
        mm_manager_count_bundles(manager);
    } while (manager->seeds);
    mm_manager_move_bundles(manager);
}
