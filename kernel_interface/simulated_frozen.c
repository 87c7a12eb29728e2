/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of the simulated machine that are frozen: a mark, of which the kernel tells. */
#include "kernel_interface/simulated_machine.h"

#include <errno.h>

static bool stands_still(const struct mm_machine_group *group)
{
    for (; group; group = group->parent) {
        if (group->is_frozen)
            return true;
    }
    return false;
}

int mm_simulated_freeze(struct mm_kernel *kernel, const char *path, bool is_frozen)
{
    struct mm_machine_group *group;
    int error = mm_machine_make_group(mm_machine_of(kernel), path, &group);

    if (error == 0)
        group->is_frozen = is_frozen;
    return error;
}

uint64_t mm_simulated_group_id(struct mm_kernel *kernel, const char *path)
{
    const struct mm_machine_group *group = mm_machine_find_group(mm_machine_of(kernel), path);

    return group ? group->inode : 0;
}

int mm_machine_is_frozen(struct mm_kernel *kernel, pid_t pid)
{
    const struct mm_machine_process *process = mm_machine_find_process(mm_machine_of(kernel), pid);
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_is_frozen);

    if (error < 0)
        return error;
    return process ? stands_still(process->group) : -ESRCH;
}

int mm_machine_read_frozen(struct mm_kernel *kernel, uint64_t group_id, bool *ret_is_frozen,
                           mm_pid_visit visit, void *user)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    int error = mm_machine_enter(machine, MM_OPERATION_read_frozen);

    if (error < 0)
        return error;
    MM_LIST_FOR_EACH (link, &machine->groups) {
        const struct mm_machine_group *group = MM_CONTAINER_OF(link, struct mm_machine_group, link);

        if (group->inode != group_id)
            continue;
        *ret_is_frozen = stands_still(group);
        MM_LIST_FOR_EACH (member, &group->processes)
            visit(MM_CONTAINER_OF(member, struct mm_machine_process, group_link)->pid, user);
        return 0;
    }
    return -ENOENT;
}
