/* SPDX-License-Identifier: Apache-2.0 */
/* Whose group may be touched: only one that holds nobody but bundles that may be squeezed. */
#include "reclaim_strategy/policy.h"

#include "common/common.h"

#include <string.h>

bool mm_policy_is_squeezable(const struct mm_policy_context *context, const struct mm_bundle *bundle,
                             int min_priority)
{
    if (bundle->entry.priority < min_priority || bundle->entry.priority <= MM_PRIORITY_SYSTEM)
        return false;
    return mm_bundle_may_be_touched(bundle, context->config->kill.unregistered_policy);
}

/* A pid may mean another process than the one that the list heard of. */
static bool is_still_there(const struct mm_policy_context *context, const struct mm_process *process)
{
    struct mm_kernel *kernel = context->kernel;
    struct mm_process_info info;

    return kernel->ops->read_process(kernel, process->pid, MM_PROCESS_STAT, &info) == 0 &&
           mm_process_is(process, &info);
}

enum mm_group_refusal mm_policy_check_group(const struct mm_policy_context *context, struct mm_group *group,
                                            int min_priority)
{
    pid_t pids[MM_POLICY_GROUP_PROCESSES_MAX];
    ssize_t count =
        context->kernel->ops->read_group_processes(context->kernel, group, pids, MM_ARRAY_SIZE(pids));

    if (count <= 0)
        return MM_GROUP_NONE;
    if (count > (ssize_t)MM_ARRAY_SIZE(pids))
        return MM_GROUP_TOO_MANY;
    for (ssize_t i = 0; i < count; i++) {
        const struct mm_process *process = mm_priority_manager_find(context->manager, pids[i]);

        if (!process || !mm_policy_is_squeezable(context, process->bundle, min_priority) ||
            !is_still_there(context, process))
            return MM_GROUP_SHARED;
    }
    return MM_GROUP_MAY_BE_TOUCHED;
}

/* Below the domain's group: a process that was moved out took its group's limits out of our hands. */
static bool is_own_group(const struct mm_policy_context *context, const char *path)
{
    const char *domain = context->config->domain.group_path;
    size_t length = strlen(domain);

    while (length > 0 && domain[length - 1] == '/')
        length--;
    return strncmp(path, domain, length) == 0 && path[length] == '/' && path[length + 1] != '\0';
}

enum mm_group_refusal mm_policy_open_group(const struct mm_policy_context *context,
                                           const struct mm_bundle *bundle, int min_priority, char *ret_path,
                                           size_t size, struct mm_group **ret_group)
{
    struct mm_kernel *kernel = context->kernel;
    const struct mm_process *process;
    struct mm_group *group = NULL;
    enum mm_group_refusal refusal;

    if (!mm_policy_is_squeezable(context, bundle, min_priority))
        return MM_GROUP_NOT_SQUEEZABLE;
    if (mm_list_is_empty(&bundle->processes))
        return MM_GROUP_NONE;
    process = MM_CONTAINER_OF(bundle->processes.next, struct mm_process, bundle_link);
    if (kernel->ops->read_process_group(kernel, process->pid, ret_path, size) < 0 ||
        !is_own_group(context, ret_path) || kernel->ops->open_group(kernel, ret_path, &group) < 0)
        return MM_GROUP_NONE;
    refusal = mm_policy_check_group(context, group, min_priority);
    if (refusal == MM_GROUP_MAY_BE_TOUCHED)
        *ret_group = group;
    else
        kernel->ops->close_group(kernel, group);
    return refusal;
}
