/* SPDX-License-Identifier: Apache-2.0 */
/* Who stands still with a frozen group. */
#include "priority_manager/manager.h"

#include <errno.h>

static void set_frozen(struct mm_priority_manager *manager, struct mm_process_node *node, bool is_frozen)
{
    uint32_t was = node->process.flags;

    if (is_frozen)
        node->process.flags |= MM_PROCESS_IS_FROZEN;
    else
        node->process.flags &= ~(uint32_t)MM_PROCESS_IS_FROZEN;
    if (node->process.flags != was)
        mm_manager_seed(manager, node);
}

static void remember_frozen(struct mm_priority_manager *manager)
{
    manager->has_seen_frozen = manager->asks_if_frozen = true;
}

void mm_manager_look_if_frozen(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_kernel *kernel = manager->kernel;
    int result = kernel->ops->is_frozen(kernel, node->process.pid);

    if (result >= 0)
        set_frozen(manager, node, result == 1);
}

void mm_manager_note_if_frozen(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_kernel *kernel = manager->kernel;

    if (kernel->ops->is_frozen(kernel, node->process.pid) != 1)
        return;
    node->process.flags |= MM_PROCESS_IS_FROZEN;
    remember_frozen(manager);
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

/* The group as it is by now: of those below it others tell. */
void mm_manager_on_group(struct mm_priority_manager *manager, const struct mm_event *event)
{
    enum mm_group_change change = event->payload.group.change;
    struct mm_kernel *kernel = manager->kernel;
    struct visitor visitor = {.manager = manager};

    if (change != MM_GROUP_FROZEN && change != MM_GROUP_THAWED)
        return;
    if (change == MM_GROUP_FROZEN)
        remember_frozen(manager);
    /* removed since: who was in it is somewhere else now, which the scan finds */
    if (kernel->ops->read_frozen(kernel, event->group_id, &visitor.is_frozen, visit, &visitor) < 0 &&
        manager->has_seen_frozen)
        mm_priority_manager_want_scan(manager);
    mm_manager_settle(manager);
}
