/* SPDX-License-Identifier: Apache-2.0 */
/* What the list hears of a victim. Where no event is being delivered it hears at once: the bundle may be gone then. */
#include "kill_strategy/victim.h"

#include "common/common.h"

static void report(struct mm_event_center *center, enum mm_event_kind kind, pid_t pid,
                   uint64_t start_time_ticks)
{
    struct mm_event event = {
        .kind = kind,
        .pid = pid,
        .payload.process.start_time_ticks = start_time_ticks,
    };

    mm_event_center_publish(center, &event);
}

void mm_victim_report_exits(const struct mm_victim *victim, struct mm_event_center *center)
{
    for (uint32_t i = 0; i < victim->count; i++) {
        const struct mm_victim_process *process = &victim->processes[i];

        if (process->has_exited)
            report(center, MM_EVENT_PROCESS_EXITED, process->handle.pid, process->handle.start_time_ticks);
    }
}

void mm_victim_report_left(const struct mm_victim *victim, struct mm_event_center *center)
{
    for (uint32_t i = 0; i < victim->left_count; i++)
        report(center, MM_EVENT_PROCESS_LEFT, victim->left[i].pid, victim->left[i].start_time_ticks);
}

/* The list settles, and with the first of them the others and the bundle may be gone: what is to be told is copied
   before. */
void mm_victim_report_gone(struct mm_victim *victim, const struct mm_bundle *bundle,
                           struct mm_event_center *center)
{
    struct mm_victim_process *gone = victim->processes;
    uint32_t count = 0;

    MM_LIST_FOR_EACH (link, &bundle->processes) {
        const struct mm_process *process = MM_CONTAINER_OF(link, struct mm_process, bundle_link);

        if (count == MM_VICTIM_PROCESSES_MAX)
            break;
        gone[count].handle.pid = process->pid;
        gone[count++].handle.start_time_ticks = process->start_time_ticks;
    }
    for (uint32_t i = 0; i < count; i++)
        report(center, MM_EVENT_PROCESS_EXITED, gone[i].handle.pid, gone[i].handle.start_time_ticks);
}
