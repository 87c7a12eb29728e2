/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel reports of processes that begin, call exec, change their name or group. */
#include "priority_manager/manager.h"

/* Of somebody else's program now: a bundle of one is its owner's. */
static bool has_other_owner(const struct mm_process *process, const struct mm_event *event)
{
    return !process->bundle->is_registered && event->uid != (uid_t)-1 && event->uid != process->uid;
}

void mm_manager_on_started(struct mm_priority_manager *manager, const struct mm_event *event)
{
    const struct mm_event_process *started = &event->payload.process;
    struct mm_process_node *node = mm_manager_find(manager, event->pid);
    uint64_t known_ticks = node ? node->process.start_time_ticks : 0;
    /* without a start time it is taken for the one that is known: the end of another was reported */
    bool is_known = node && (started->start_time_ticks == 0 || started->start_time_ticks == known_ticks);

    if (is_known && !has_other_owner(&node->process, event)) {
        bool is_renamed = started->comm[0] && mm_manager_note_comm(manager, node, started->comm);
        bool is_other = is_renamed || event->kind == MM_EVENT_PROCESS_STARTED;
        /* rules that took it may not take what it is now */
        bool must_tell = is_other && !node->process.bundle->is_registered;

        mm_manager_settle(manager);
        if (must_tell)
            mm_manager_tell_found(manager, event->pid);
        return;
    }
    if (node && started->start_time_ticks != 0 && started->start_time_ticks < known_ticks) {
        manager->counters.late_events++;
        return;
    }
    if (node)
        mm_manager_remove_process(manager, node);
    mm_manager_on_found(manager, event);
    mm_manager_tell_found(manager, event->pid);
}
