/* SPDX-License-Identifier: Apache-2.0 */
/* -1000 in the file of a registered process: who was given it by somebody else never dies of us. */
#include "priority_manager/manager.h"

static bool has_system_number(const struct mm_priority_manager *manager, pid_t pid)
{
    struct mm_kernel *kernel = manager->kernel;
    struct mm_process_info info = {0};

    return kernel->ops->read_process(kernel, pid, MM_PROCESS_ADJ, &info) == 0 &&
           info.oom_score_adj == MM_PRIORITY_SYSTEM;
}

bool mm_manager_was_put_out_of_reach(const struct mm_priority_manager *manager,
                                     const struct mm_process_info *info)
{
    if (info->oom_score_adj != MM_PRIORITY_SYSTEM)
        return false;
    /* A launcher's child has its number from it by birth: else no application of that launcher could die. */
    return info->ppid <= 1 || !has_system_number(manager, info->ppid);
}

/* A render process does not count in its bundle's number, so that bundle's death would be its own. */
static void part_from_owner(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    mm_deadline_stop(manager, node);
    mm_manager_release_bindings(manager, node);
    mm_bundle_leave(manager, node);
    if (mm_manager_unregister(manager, node) < 0)
        mm_manager_remove_process(manager, node);
}

void mm_manager_note_foreign(struct mm_priority_manager *manager, struct mm_process_node *node,
                             int oom_score_adj)
{
    struct mm_process *process = &node->process;
    uint32_t was = process->flags;

    process->written_oom_score_adj = (int16_t)oom_score_adj;
    manager->counters.foreign_oom_score_adj_writes++;
    if (oom_score_adj == MM_PRIORITY_SYSTEM)
        process->flags |= MM_PROCESS_IS_OUT_OF_REACH;
    else
        process->flags &= ~(uint32_t)MM_PROCESS_IS_OUT_OF_REACH;
    if (process->flags == was)
        return;
    if (was & MM_PROCESS_IS_RENDER)
        part_from_owner(manager, node);
    else
        mm_manager_seed(manager, node);
}

/* Whether the file that was read is that process': the pid may be another's, whose number would protect a bundle. */
static bool is_its_file(const struct mm_priority_manager *manager, const struct mm_process *process)
{
    struct mm_kernel *kernel = manager->kernel;
    struct mm_process_info info;

    return kernel->ops->read_process(kernel, process->pid, MM_PROCESS_STAT, &info) == 0 &&
           mm_process_is(process, &info);
}

bool mm_manager_find_out_of_reach(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    /* what it was born with, or was written by us, is no news; a dry run writes nothing over either */
    if (manager->kernel->is_dry_run || node->process.written_oom_score_adj == MM_PRIORITY_SYSTEM ||
        !has_system_number(manager, node->process.pid) || !is_its_file(manager, &node->process))
        return false;
    mm_manager_note_foreign(manager, node, MM_PRIORITY_SYSTEM);
    return true;
}
