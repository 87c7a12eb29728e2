/* SPDX-License-Identifier: Apache-2.0 */
/* Who stands still with a frozen group. */
#include "priority_manager/manager.h"

#include <errno.h>

static void set_frozen(struct mm_priority_manager *manager, struct mm_process_node *node, bool is_frozen)
{
    if (is_frozen == ((node->process.flags & MM_PROCESS_IS_FROZEN) != 0))
        return;
    node->process.flags ^= MM_PROCESS_IS_FROZEN;
    manager->frozen_processes += is_frozen ? 1 : UINT32_MAX;
    mm_manager_seed(manager, node);
}

/* ---- groups --------------------------------------------------------------------------------------------- */

static void note_group(struct mm_priority_manager *manager, uint64_t group_id, bool is_frozen)
{
    struct mm_frozen_groups *groups = &manager->frozen_groups;
    unsigned i = 0;

    while (i < groups->count && groups->ids[i] != group_id)
        i++;
    if (is_frozen && i == groups->count && i < MM_ARRAY_SIZE(groups->ids))
        groups->ids[groups->count++] = group_id;
    else if (!is_frozen && i < groups->count)
        groups->ids[i] = groups->ids[--groups->count];
}

static void visit_nobody(pid_t pid, void *user)
{
    (void)pid;
    (void)user;
}

void mm_manager_check_frozen_groups(struct mm_priority_manager *manager)
{
    struct mm_frozen_groups *groups = &manager->frozen_groups;
    struct mm_kernel *kernel = manager->kernel;

    /* from the last one: whoever leaves makes room for it */
    for (unsigned i = groups->count; i-- > 0;) {
        uint64_t group_id = groups->ids[i];
        bool is_frozen = false;

        if (kernel->ops->read_frozen(kernel, group_id, &is_frozen, visit_nobody, NULL) < 0 || !is_frozen)
            note_group(manager, group_id, false);
    }
}

/* ---- processes ------------------------------------------------------------------------------------------ */

void mm_manager_look_if_frozen(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_kernel *kernel = manager->kernel;
    int result = kernel->ops->is_frozen(kernel, node->process.pid);

    if (result >= 0)
        set_frozen(manager, node, result == 1);
}

void mm_manager_note_if_frozen(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    bool is_asked =
        !manager->has_scanned || manager->frozen_processes > 0 || manager->frozen_groups.count > 0;
    struct mm_kernel *kernel = manager->kernel;

    if (!is_asked || kernel->ops->is_frozen(kernel, node->process.pid) != 1)
        return;
    node->process.flags |= MM_PROCESS_IS_FROZEN;
    manager->frozen_processes++;
}

void mm_manager_forget_frozen(struct mm_priority_manager *manager, const struct mm_process_node *node)
{
    if (node->process.flags & MM_PROCESS_IS_FROZEN)
        manager->frozen_processes--;
}

struct visitor {
    struct mm_priority_manager *manager;
    bool is_frozen;
};

static void visit(pid_t pid, void *user)
{
    const struct visitor *visitor = user;
    struct mm_process_node *node = mm_manager_find(visitor->manager, pid);

    if (node)
        set_frozen(visitor->manager, node, visitor->is_frozen);
}

/* Removed since: who was in it is somewhere else now. Or it cannot be found by its id: who is in it is known to each of
   them alone. The scan finds out, in slices. */
static void on_unread_group(struct mm_priority_manager *manager, const struct mm_event *event, int error)
{
    bool is_hidden = error != -ENOENT && event->payload.group.change == MM_GROUP_FROZEN;

    note_group(manager, event->group_id, is_hidden);
    manager->must_ask_all |= is_hidden;
    if (is_hidden || manager->frozen_processes > 0)
        mm_priority_manager_want_scan(manager);
}

/* The group as it is by now: of those below it others tell. */
void mm_manager_on_group(struct mm_priority_manager *manager, const struct mm_event *event)
{
    enum mm_group_change change = event->payload.group.change;
    struct mm_kernel *kernel = manager->kernel;
    struct visitor visitor = {.manager = manager};
    int result;

    if (change == MM_GROUP_REMOVED)
        note_group(manager, event->group_id, false);
    if (change != MM_GROUP_FROZEN && change != MM_GROUP_THAWED)
        return;
    result = kernel->ops->read_frozen(kernel, event->group_id, &visitor.is_frozen, visit, &visitor);
    if (result < 0) {
        on_unread_group(manager, event, result);
    } else {
        note_group(manager, event->group_id, visitor.is_frozen);
        mm_manager_settle(manager);
    }
}
