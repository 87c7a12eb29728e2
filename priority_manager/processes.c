/* SPDX-License-Identifier: Apache-2.0 */
/* Processes coming and going, and those that nobody registered. */
#include "priority_manager/upstream.h"

#include <errno.h>
#include <string.h>

static uint64_t pid_hash(pid_t pid)
{
    return mm_hash_close_numbers((uint32_t)pid);
}

struct mm_process_node *mm_manager_find(const struct mm_priority_manager *manager, pid_t pid)
{
    uint64_t hash = pid_hash(pid);

    for (struct mm_hash_link *link = mm_hash_table_chain(&manager->processes, hash); link;
         link = link->next) {
        struct mm_process_node *node = MM_CONTAINER_OF(link, struct mm_process_node, hash_link);

        __builtin_prefetch(mm_bundle_beside(node), 1);
        /* the hash is as unique as the pid, and the link is all that has to be read */
        if (link->hash == hash)
            return node;
    }
    return NULL;
}

struct mm_process *mm_priority_manager_find(const struct mm_priority_manager *manager, pid_t pid)
{
    struct mm_process_node *node = mm_manager_find(manager, pid);

    return node ? &node->process : NULL;
}

struct mm_process_node *mm_manager_add_process(struct mm_priority_manager *manager,
                                               const struct mm_process_info *info)
{
    struct mm_process_node *node = mm_object_pool_take(&manager->process_pool);

    if (!node)
        return NULL;
    node->process.pid = info->pid;
    node->process.uid = info->uid;
    node->process.start_time_ticks = info->start_time_ticks;
    node->process.resident_bytes = info->resident_bytes;
    node->process.priority = MM_PRIORITY_NONE;
    node->process.written_oom_score_adj = (int16_t)info->oom_score_adj;
    memcpy(node->process.comm, info->comm, sizeof(node->process.comm));
    node->process.comm[MM_COMM_MAX - 1] = '\0';
    mm_list_init(&node->process.bundle_link);
    mm_list_init(&node->deadline.link);
    node->hash_link.hash = pid_hash(info->pid);
    mm_hash_table_insert(&manager->processes, &node->hash_link);
    manager->counters.processes++;
    mm_manager_note_if_frozen(manager, node);
    if (manager->unknown_callers)
        mm_manager_adopt_caller(manager, node);
    return node;
}

/* All that leaving will touch, in two steps: what lies beside it, and what that leads to. */
static void prefetch_removal(const struct mm_priority_manager *manager, const struct mm_process_node *node)
{
    const struct mm_bundle_node *bundle = mm_bundle_beside(node);

    __builtin_prefetch(&bundle->bundle.name, 1);
    if (node->process.flags & (MM_PROCESS_IN_GRACE | MM_PROCESS_IS_ABILITY_STARTING)) {
        __builtin_prefetch(node->deadline.link.next, 1);
        __builtin_prefetch(node->deadline.link.previous, 1);
    }
    if (node->process.bundle != &bundle->bundle || bundle->bundle.process_count > 1)
        return;
    mm_priority_list_prefetch(&manager->list, &bundle->bundle.entry);
    __builtin_prefetch(bundle->bundle.name, 1);
    mm_hash_table_prefetch(&manager->bundles, bundle->hash_link.hash);
}

void mm_manager_remove_process(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    prefetch_removal(manager, node);
    mm_manager_unseed(manager, node);
    node->process.work_state = MM_WORK_DEAD; /* not to be seeded while it is taken apart */
    mm_deadline_stop(manager, node);
    mm_manager_release_bindings(manager, node);
    if (manager->is_upstream)
        mm_upstream_detach(manager, node);
    if (node->process.bundle)
        mm_bundle_leave(manager, node);
    mm_manager_forget_frozen(manager, node);
    mm_hash_table_remove(&manager->processes, &node->hash_link);
    mm_object_pool_put(&manager->process_pool, node);
    manager->counters.processes--;
}

void mm_manager_apply_comm(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    uint32_t was = node->process.flags;

    node->process.flags &= ~(uint32_t)MM_PROCESS_IS_SYSTEM;
    mm_manager_apply_critical(manager, node);
    if (mm_special_names_has_system_comm(&manager->names, mm_hash_text(node->process.comm)))
        node->process.flags |= MM_PROCESS_IS_SYSTEM;
    if (node->process.flags != was)
        mm_manager_seed(manager, node);
}

int mm_manager_unregister(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_bundle_node *bundle = mm_manager_own_bundle(manager, node);

    if (manager->is_upstream)
        mm_upstream_detach(manager, node);
    if (!bundle)
        return -ENOSPC;
    node->process.flags &= MM_PROCESS_IS_FROM_SCAN | MM_PROCESS_IS_FROZEN | MM_PROCESS_IS_CRITICAL;
    if (!(node->process.flags & MM_PROCESS_IS_CRITICAL))
        node->process.important_floor = 0;
    mm_manager_apply_comm(manager, node);
    mm_bundle_join(manager, bundle, node);
    return 0;
}

bool mm_manager_note_comm(struct mm_priority_manager *manager, struct mm_process_node *node, const char *comm)
{
    struct mm_process *process = &node->process;
    struct mm_bundle_node *bundle = mm_bundle_node_of(process->bundle);

    if (strncmp(process->comm, comm, MM_COMM_MAX - 1) == 0)
        return false;
    memcpy(process->comm, comm, MM_COMM_MAX - 1);
    if (process->bundle->is_registered)
        return false;
    if (!bundle->is_shared)
        mm_bundle_label(bundle, process->comm);
    mm_manager_apply_comm(manager, node);
    return true;
}

static bool is_foreign(const struct mm_priority_manager *manager, pid_t pid)
{
    return pid > 1 && pid != manager->own_pid;
}

int mm_manager_add_unregistered(struct mm_priority_manager *manager, const struct mm_process_info *info)
{
    struct mm_process_node *node;

    if (!is_foreign(manager, info->pid) || mm_manager_find(manager, info->pid))
        return 0;
    node = mm_manager_add_process(manager, info);
    if (node && mm_manager_unregister(manager, node) == 0)
        return 0;
    if (node)
        mm_manager_remove_process(manager, node);
    manager->counters.untracked_newcomers++;
    manager->is_scan_wanted = true;
    return -ENOSPC;
}

/* Reads what the event does not say. */
static int complete(const struct mm_priority_manager *manager, pid_t pid, struct mm_process_info *ret_info)
{
    struct mm_kernel *kernel = manager->kernel;
    int result = kernel->ops->is_in_domain(kernel, pid);

    if (result <= 0)
        return result < 0 ? result : -EXDEV;
    result = kernel->ops->read_process(kernel, pid, MM_PROCESS_ALL, ret_info);
    if (result < 0)
        return result;
    return ret_info->is_kernel_thread || ret_info->has_exited ? -ESRCH : 0;
}

static void add_found(struct mm_priority_manager *manager, pid_t pid)
{
    struct mm_process_info info;

    if (complete(manager, pid, &info) == 0)
        (void)mm_manager_add_unregistered(manager, &info);
}

void mm_manager_on_found(struct mm_priority_manager *manager, const struct mm_event *event)
{
    uint64_t start_time_ticks = event->payload.process.start_time_ticks;
    struct mm_process_node *node = mm_manager_find(manager, event->pid);

    if (!is_foreign(manager, event->pid))
        return;
    if (node) {
        uint64_t known_ticks = node->process.start_time_ticks;

        if (start_time_ticks == 0 || known_ticks == 0 || start_time_ticks <= known_ticks)
            return;
        mm_manager_remove_process(manager, node);
    }
    add_found(manager, event->pid);
    mm_manager_settle(manager);
}

/* Of those that had the pid one after the other, the one that is meant. */
static void forget_subject(struct mm_priority_manager *manager, struct mm_process_node *node,
                           const struct mm_event *event)
{
    uint64_t start_time_ticks = event->payload.process.start_time_ticks;

    if (start_time_ticks == 0 || node->process.start_time_ticks == 0 ||
        start_time_ticks == node->process.start_time_ticks)
        manager->is_upstream ? mm_upstream_on_end(manager, node) : mm_manager_remove_process(manager, node);
    else
        manager->counters.late_events++;
}

void mm_manager_on_exited(struct mm_priority_manager *manager, const struct mm_event *event)
{
    struct mm_process_node *node = mm_manager_find(manager, event->pid);

    if (node)
        forget_subject(manager, node, event);
    else if (manager->unknown_callers && event->pid > 0)
        mm_manager_release_dead_callers(manager, event->pid);
    if (manager->seeds || manager->changed_bundles) /* seldom: of others than the one that is gone */
        mm_manager_settle(manager);
}

void mm_manager_on_left(struct mm_priority_manager *manager, const struct mm_event *event)
{
    struct mm_process_node *node = mm_manager_find(manager, event->pid);

    if (node)
        forget_subject(manager, node, event);
    mm_manager_settle(manager);
}

/* Ours comes back as an event, too: only what the file says now tells it from somebody else's. */
static void on_registered_adj(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_kernel *kernel = manager->kernel;
    struct mm_process_info info;

    if (kernel->ops->read_process(kernel, node->process.pid, MM_PROCESS_STAT | MM_PROCESS_ADJ, &info) < 0)
        return;
    if (!mm_process_is(&node->process, &info))
        mm_manager_remove_process(manager, node);
    else if (info.oom_score_adj != node->process.written_oom_score_adj)
        mm_manager_note_foreign(manager, node, info.oom_score_adj);
}

void mm_manager_on_oom_score_adj(struct mm_priority_manager *manager, const struct mm_event *event)
{
    int value = event->payload.process.oom_score_adj;
    struct mm_process_node *node = mm_manager_find(manager, event->pid);

    if (value < MM_PRIORITY_MIN || value > MM_PRIORITY_MAX)
        manager->counters.refused_events++;
    if (!is_foreign(manager, event->pid) || value < MM_PRIORITY_MIN || value > MM_PRIORITY_MAX)
        return;
    if (!node) {
        add_found(manager, event->pid);
    } else if (node->process.bundle->is_registered) {
        if (value != node->process.written_oom_score_adj)
            on_registered_adj(manager, node);
    } else {
        node->process.written_oom_score_adj = (int16_t)value;
        mm_manager_seed(manager, node);
    }
    mm_manager_settle(manager);
    if (!node)
        mm_manager_tell_found(manager, event->pid);
}
