/* SPDX-License-Identifier: Apache-2.0 */
/* Who binds whom. A binding is counted once however often it is reported. */
#include "priority_manager/manager.h"

#include <errno.h>

uint64_t mm_binding_hash(pid_t caller_pid, pid_t target_pid)
{
    return mm_hash_u64((uint64_t)(uint32_t)caller_pid << 32 | (uint32_t)target_pid);
}

static struct mm_binding *find_binding(const struct mm_priority_manager *manager, pid_t caller_pid,
                                       const struct mm_process_node *target)
{
    uint64_t hash = mm_binding_hash(caller_pid, target->process.pid);

    for (struct mm_hash_link *link = mm_hash_table_chain(&manager->bindings, hash); link; link = link->next) {
        struct mm_binding *binding = MM_CONTAINER_OF(link, struct mm_binding, hash_link);

        if (link->hash == hash && binding->caller_pid == caller_pid && binding->target == target)
            return binding;
    }
    return NULL;
}

void mm_binding_link_to_caller(struct mm_binding **place, struct mm_binding *binding)
{
    binding->caller_place = place;
    binding->caller_next = *place;
    if (*place)
        (*place)->caller_place = &binding->caller_next;
    *place = binding;
}

void mm_binding_unlink_from_caller(struct mm_binding *binding)
{
    *binding->caller_place = binding->caller_next;
    if (binding->caller_next)
        binding->caller_next->caller_place = binding->caller_place;
}

void mm_binding_link_to_target(struct mm_binding **place, struct mm_binding *binding)
{
    binding->target_place = place;
    binding->target_next = *place;
    if (*place)
        (*place)->target_place = &binding->target_next;
    *place = binding;
}

void mm_binding_unlink_from_target(struct mm_binding *binding)
{
    *binding->target_place = binding->target_next;
    if (binding->target_next)
        binding->target_next->target_place = binding->target_place;
}

static void end_binding(struct mm_priority_manager *manager, struct mm_binding *binding)
{
    mm_binding_unlink_from_caller(binding);
    mm_binding_unlink_from_target(binding);
    mm_hash_table_remove(&manager->bindings, &binding->hash_link);
    if (!binding->caller)
        manager->unknown_caller_count--;
    manager->counters.bindings--;
    mm_manager_seed(manager, binding->target);
    mm_object_pool_put(&manager->binding_pool, binding);
}

/* Start time of a live process, 0 where there is none. */
static uint64_t read_start_ticks(const struct mm_priority_manager *manager, pid_t pid)
{
    struct mm_kernel *kernel = manager->kernel;
    struct mm_process_info info;

    if (pid <= 0 || kernel->ops->read_process(kernel, pid, MM_PROCESS_STAT, &info) < 0)
        return 0;
    return info.has_exited ? 0 : info.start_time_ticks;
}

int mm_manager_bind(struct mm_priority_manager *manager, pid_t caller_pid, struct mm_process_node *target)
{
    struct mm_process_node *caller = mm_manager_find(manager, caller_pid);
    struct mm_binding *binding = find_binding(manager, caller_pid, target);

    if (binding && binding->caller)
        return -EEXIST;
    if (binding)
        end_binding(manager, binding); /* made anew: the caller may be somebody by now */
    if (manager->counters.bindings >= MM_BINDINGS_MAX)
        return -ENOSPC;
    if (!caller && manager->unknown_caller_count >= MM_UNKNOWN_CALLERS_MAX)
        return -ENOSPC;
    binding = mm_object_pool_take(&manager->binding_pool);
    if (!binding)
        return -ENOSPC;
    binding->caller_pid = caller_pid;
    binding->target_pid = target->process.pid;
    binding->caller = caller;
    if (!caller)
        binding->caller_ticks = read_start_ticks(manager, caller_pid);
    binding->target = target;
    target->process.has_bindings = true;
    if (caller)
        caller->process.has_bindings = true;
    mm_binding_link_to_caller(caller ? &caller->bound : &manager->unknown_callers, binding);
    mm_binding_link_to_target(&target->callers, binding);
    binding->hash_link.hash = mm_binding_hash(caller_pid, target->process.pid);
    mm_hash_table_insert(&manager->bindings, &binding->hash_link);
    if (!caller)
        manager->unknown_caller_count++;
    manager->counters.bindings++;
    mm_manager_seed(manager, target);
    return 0;
}

int mm_manager_unbind(struct mm_priority_manager *manager, pid_t caller_pid, struct mm_process_node *target)
{
    struct mm_binding *binding = find_binding(manager, caller_pid, target);

    if (!binding)
        return -ENOENT;
    end_binding(manager, binding);
    return 0;
}

void mm_manager_release_bindings(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    if (!node->process.has_bindings)
        return;
    while (node->bound)
        end_binding(manager, node->bound);
    while (node->callers)
        end_binding(manager, node->callers);
}

void mm_manager_adopt_caller(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_binding *next;

    for (struct mm_binding *binding = manager->unknown_callers; binding; binding = next) {
        next = binding->caller_next;
        if (binding->caller_pid != node->process.pid || binding->caller_ticks == 0)
            continue;
        if (binding->caller_ticks != node->process.start_time_ticks) {
            end_binding(manager, binding); /* the pid is another's now */
            continue;
        }
        mm_binding_unlink_from_caller(binding);
        binding->caller = node;
        node->process.has_bindings = true;
        mm_binding_link_to_caller(&node->bound, binding);
        manager->unknown_caller_count--;
        mm_manager_seed(manager, binding->target);
    }
}

static bool has_ended(const struct mm_priority_manager *manager, const struct mm_binding *binding)
{
    uint64_t ticks = read_start_ticks(manager, binding->caller_pid);

    return ticks == 0 || (binding->caller_ticks != 0 && ticks != binding->caller_ticks);
}

void mm_manager_release_dead_callers(struct mm_priority_manager *manager, pid_t pid_or_all)
{
    struct mm_binding *next;

    for (struct mm_binding *binding = manager->unknown_callers; binding; binding = next) {
        next = binding->caller_next;
        /* Pid 0 is a caller that the client could not name: it has no end that could be seen. */
        if (binding->caller_pid == 0)
            continue;
        if (pid_or_all > 0 ? binding->caller_pid == pid_or_all : has_ended(manager, binding))
            end_binding(manager, binding);
    }
}
