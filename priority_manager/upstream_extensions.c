/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who binds whom, as upstream keeps it: each process has two maps of its own, by pid, which nobody keeps in step. A
 * binding here is an entry of the one map, of the other, or of both: it has a caller where the caller's map has it, a
 * target where the target's has.
 */
#include "priority_manager/upstream.h"

#include <errno.h>

static struct mm_binding *find_binding(const struct mm_priority_manager *manager, pid_t caller_pid,
                                       pid_t target_pid)
{
    uint64_t hash = mm_binding_hash(caller_pid, target_pid);

    for (struct mm_hash_link *link = mm_hash_table_chain(&manager->bindings, hash); link; link = link->next) {
        struct mm_binding *binding = MM_CONTAINER_OF(link, struct mm_binding, hash_link);

        if (link->hash == hash && binding->caller_pid == caller_pid && binding->target_pid == target_pid)
            return binding;
    }
    return NULL;
}

/* NULL: too many. */
static struct mm_binding *get_binding(struct mm_priority_manager *manager, pid_t caller_pid, pid_t target_pid)
{
    struct mm_binding *binding = find_binding(manager, caller_pid, target_pid);

    if (binding || manager->counters.bindings >= MM_BINDINGS_MAX)
        return binding;
    binding = mm_object_pool_take(&manager->binding_pool);
    if (!binding)
        return NULL;
    binding->caller_pid = caller_pid;
    binding->target_pid = target_pid;
    binding->hash_link.hash = mm_binding_hash(caller_pid, target_pid);
    mm_hash_table_insert(&manager->bindings, &binding->hash_link);
    manager->counters.bindings++;
    return binding;
}

static void put_if_unused(struct mm_priority_manager *manager, struct mm_binding *binding)
{
    if (binding->caller || binding->target)
        return;
    mm_hash_table_remove(&manager->bindings, &binding->hash_link);
    manager->counters.bindings--;
    mm_object_pool_put(&manager->binding_pool, binding);
}

static void forget_at_caller(struct mm_priority_manager *manager, struct mm_binding *binding)
{
    mm_binding_unlink_from_caller(binding);
    binding->caller = NULL;
    put_if_unused(manager, binding);
}

static void forget_at_target(struct mm_priority_manager *manager, struct mm_binding *binding)
{
    mm_binding_unlink_from_target(binding);
    binding->target = NULL;
    put_if_unused(manager, binding);
}

int mm_upstream_bind_caller(struct mm_priority_manager *manager, struct mm_process_node *caller,
                            pid_t target_pid)
{
    struct mm_binding *binding = get_binding(manager, caller->process.pid, target_pid);

    if (!binding)
        return -ENOSPC;
    if (binding->caller)
        return 0;
    binding->caller = caller;
    mm_binding_link_to_caller(&caller->upstream->bound, binding);
    return 0;
}

int mm_upstream_bind_target(struct mm_priority_manager *manager, pid_t caller_pid,
                            struct mm_process_node *target)
{
    struct mm_binding *binding = get_binding(manager, caller_pid, target->process.pid);

    if (!binding)
        return -ENOSPC;
    if (binding->target)
        return 0;
    binding->target = target;
    mm_binding_link_to_target(&target->upstream->callers, binding);
    return 0;
}

void mm_upstream_unbind_caller(struct mm_priority_manager *manager, const struct mm_process_node *caller,
                               pid_t target_pid)
{
    struct mm_binding *binding = find_binding(manager, caller->process.pid, target_pid);

    if (binding && binding->caller)
        forget_at_caller(manager, binding);
}

void mm_upstream_unbind_target(struct mm_priority_manager *manager, pid_t caller_pid,
                               const struct mm_process_node *target)
{
    struct mm_binding *binding = find_binding(manager, caller_pid, target->process.pid);

    if (binding && binding->target)
        forget_at_target(manager, binding);
}

void mm_upstream_release_bindings(struct mm_priority_manager *manager, struct mm_upstream_process *record)
{
    while (record->bound)
        forget_at_caller(manager, record->bound);
    while (record->callers)
        forget_at_target(manager, record->callers);
}

static bool is_dead(const struct mm_priority_manager *manager, pid_t pid)
{
    struct mm_kernel *kernel = manager->kernel;
    struct mm_process_info info = {0};

    return pid <= 0 || kernel->ops->read_process(kernel, pid, MM_PROCESS_STAT, &info) == -ESRCH ||
           info.has_exited;
}

/* Returns how often it looked. */
static size_t release_if_dead(struct mm_priority_manager *manager, struct mm_binding *binding)
{
    bool has_caller = binding->caller != NULL, has_target = binding->target != NULL;
    bool is_target_dead = has_caller && is_dead(manager, binding->target_pid);

    /* what either map still has stays */
    if (has_target && is_dead(manager, binding->caller_pid))
        forget_at_target(manager, binding);
    if (is_target_dead)
        forget_at_caller(manager, binding);
    return (size_t)has_caller + (size_t)has_target;
}

void mm_upstream_release_some_dead(struct mm_priority_manager *manager, size_t limit)
{
    const struct mm_hash_table *table = &manager->bindings;
    uint32_t *bucket = &manager->upstream_dead_check_bucket;
    size_t looks = 0;

    while (*bucket < table->bucket_count && looks < limit) {
        struct mm_hash_link *link = table->buckets[(*bucket)++];

        while (link) {
            struct mm_binding *binding = MM_CONTAINER_OF(link, struct mm_binding, hash_link);

            link = link->next;
            looks += release_if_dead(manager, binding);
        }
    }
    if (*bucket >= table->bucket_count)
        *bucket = 0;
}

/* ---- the pass over the extensions --------------------------------------------------------------------------- */

/* A caller that is not registered counts as one in the foreground. */
static int number_of(const struct mm_priority_manager *manager, pid_t pid)
{
    const struct mm_process_node *node = mm_upstream_find(manager, pid);

    return node ? node->upstream->number : MM_PRIORITY_FOREGROUND;
}

/* The most important caller; NULL without any. *ret_number is its number. */
static const struct mm_binding *best_caller(const struct mm_priority_manager *manager,
                                            const struct mm_upstream_process *record, int *ret_number)
{
    const struct mm_binding *best = NULL;

    for (const struct mm_binding *binding = record->callers; binding; binding = binding->target_next) {
        int number = number_of(manager, binding->caller_pid);

        if (best && number >= *ret_number)
            continue;
        best = binding;
        *ret_number = number;
    }
    return best;
}

/* All that can be reached by "whom I bind", from included. */
static struct mm_upstream_process *walk(struct mm_priority_manager *manager, struct mm_process_node *from)
{
    struct mm_upstream_process *first = from->upstream, *last = first;

    first->walk = ++manager->upstream_walk;
    first->next = NULL;
    for (struct mm_upstream_process *record = first; record; record = record->next) {
        for (const struct mm_binding *binding = record->bound; binding; binding = binding->caller_next) {
            struct mm_process_node *target = mm_upstream_find(manager, binding->target_pid);

            if (!target || target->upstream->walk == manager->upstream_walk)
                continue;
            target->upstream->walk = manager->upstream_walk;
            target->upstream->next = NULL;
            last->next = target->upstream;
            last = target->upstream;
        }
    }
    return first;
}

static bool goes_before(const struct mm_upstream_process *a, const struct mm_upstream_process *b)
{
    return a->order != b->order ? a->order < b->order : a->node->process.pid < b->node->process.pid;
}

static struct mm_upstream_process *merge(struct mm_upstream_process *left, struct mm_upstream_process *right)
{
    struct mm_upstream_process *first = NULL, **end = &first;

    while (left && right) {
        struct mm_upstream_process **from = goes_before(right, left) ? &right : &left;

        *end = *from;
        end = &(*from)->next;
        *from = *end;
    }
    *end = left ? left : right;
    return first;
}

static struct mm_upstream_process *sort(struct mm_upstream_process *first)
{
    struct mm_upstream_process *middle = first, *end = first, *right;

    if (!first || !first->next)
        return first;
    while ((end = end->next) && (end = end->next))
        middle = middle->next;
    right = middle->next;
    middle->next = NULL;
    return merge(sort(first), sort(right));
}

/* Those that are extensions, in the order that their callers' present numbers give. */
static struct mm_upstream_process *choose(const struct mm_priority_manager *manager,
                                          struct mm_upstream_process *visited)
{
    struct mm_upstream_process *first = NULL, *next;

    for (; visited; visited = next) {
        int number = MM_PRIORITY_BACKGROUND;

        next = visited->next;
        if (!(visited->node->process.flags & MM_PROCESS_IS_EXTENSION))
            continue;
        (void)best_caller(manager, visited, &number);
        visited->order = (int16_t)MM_MIN(number, MM_PRIORITY_BACKGROUND);
        visited->next = first;
        first = visited;
    }
    return sort(first);
}

static void evaluate(struct mm_priority_manager *manager, struct mm_upstream_process *record)
{
    struct mm_process_node *node = record->node;
    bool is_important = (node->process.flags & MM_PROCESS_IS_IMPORTANT) != 0;
    int floor = node->process.important_floor, caller_number = MM_PRIORITY_BACKGROUND;
    const struct mm_binding *best = best_caller(manager, record, &caller_number);
    enum mm_priority_rule rule;
    int as_application = mm_upstream_as_application(record->number, node->process.flags, floor, &rule);
    int as_extension = mm_rules_bound(caller_number), number = MM_MIN(as_application, as_extension);

    if (as_extension < as_application)
        rule = MM_RULE_EXTENSION;
    if (is_important && floor < number) {
        number = floor;
        rule = MM_RULE_IMPORTANT;
    }
    mm_upstream_set_number(manager, node, number, as_application, rule);
    record->is_by_callers = true;
    record->has_caller = best != NULL;
    record->caller_number = (int16_t)caller_number;
    record->caller_pid = best ? best->caller_pid : 0;
    mm_upstream_recount(manager, node->process.bundle);
    mm_upstream_write(manager, node);
}

void mm_upstream_propagate(struct mm_priority_manager *manager, struct mm_process_node *from)
{
    struct mm_upstream_process *record = choose(manager, walk(manager, from));

    for (; record; record = record->next)
        evaluate(manager, record);
}
