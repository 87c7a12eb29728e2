/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for processes that nobody reports: all of them at the start, in slices later. */
#include "priority_manager/manager.h"

#include <errno.h>
#include <string.h>

/* Of a look at a process 10 us go by, so ten thousand of them are a tenth of a second: what a turn of the loop may
   add to the way from a crossed waterline to SIGKILL is a tenth of the 20 ms that this way may take. */
#define SLICE_NS (2 * MM_NS_PER_MS)
/* A scan rests so many times what it took: at most 5 % of a processor, whoever asks for scans and how often. */
#define REST 20

struct visitor {
    struct mm_priority_manager *manager;
    bool is_first; /* process holds all there is to know */
};

static void tell(struct mm_priority_manager *manager, const struct mm_process *process)
{
    struct mm_event event = {
        .kind = MM_EVENT_PROCESS_FOUND,
        .pid = process->pid,
        .uid = process->uid,
        .payload.process =
            {
                .start_time_ticks = process->start_time_ticks,
                .resident_bytes = process->resident_bytes,
                .oom_score_adj = process->written_oom_score_adj,
            },
    };

    memcpy(event.payload.process.comm, process->comm, sizeof(event.payload.process.comm));
    mm_event_center_publish(manager->center, &event);
}

void mm_manager_tell_found(struct mm_priority_manager *manager, pid_t pid)
{
    const struct mm_process_node *node = mm_manager_find(manager, pid);

    if (node)
        tell(manager, &node->process);
}

static void tell_all_found(struct mm_priority_manager *manager)
{
    struct mm_found_processes *found = &manager->scan_work.found;

    for (unsigned i = 0; i < found->count; i++)
        mm_manager_tell_found(manager, found->pids[i]);
    found->count = 0;
}

/* The slice ends with the newcomer that leaves no room for another. */
static int note_found(struct mm_priority_manager *manager, pid_t pid)
{
    struct mm_found_processes *found = &manager->scan_work.found;

    found->pids[found->count++] = pid;
    return found->count == MM_ARRAY_SIZE(found->pids) ? MM_SCAN_GOES_ON : 0;
}

static int add(const struct visitor *visitor, const struct mm_process_info *info)
{
    struct mm_priority_manager *manager = visitor->manager;
    struct mm_process_node *node;

    mm_manager_keep_reserve(manager);
    (void)mm_manager_add_unregistered(manager, info);
    node = mm_manager_find(manager, info->pid);
    if (!node)
        return 0;
    node->seen_in_scan = manager->scan_work.number;
    if (!visitor->is_first)
        return note_found(manager, info->pid);
    node->process.flags |= MM_PROCESS_IS_FROM_SCAN;
    return 0;
}

static int visit(const struct mm_process_info *process, void *user)
{
    const struct visitor *visitor = user;
    struct mm_priority_manager *manager = visitor->manager;
    struct mm_kernel *kernel = manager->kernel;
    struct mm_process_info info = *process;
    struct mm_process_node *node = mm_manager_find(manager, process->pid);

    if (node && node->process.start_time_ticks == process->start_time_ticks) {
        if (!process->has_exited)
            node->seen_in_scan = manager->scan_work.number;
        if (manager->scan_work.asks_all || (node->process.flags & MM_PROCESS_IS_FROZEN))
            mm_manager_look_if_frozen(manager, node);
        /* another program: rules may take it now */
        return mm_manager_note_comm(manager, node, process->comm) && !visitor->is_first
                   ? note_found(manager, process->pid)
                   : 0;
    }
    if (node)
        mm_manager_remove_process(manager, node);
    if (process->has_exited)
        return 0;
    if (!visitor->is_first && kernel->ops->read_process(kernel, process->pid, MM_PROCESS_ALL, &info) < 0)
        return 0;
    return add(visitor, &info);
}

/* Once for each number of them: who is hidden from us stays so. */
static void note_unreadable(struct mm_priority_manager *manager, const struct mm_process_scan *scan)
{
    uint32_t *known = &manager->counters.unreadable_processes;

    if (scan->unreadable_count > 0 && scan->unreadable_count != *known)
        mm_warning("%u processes cannot be read and are not managed, process %d among them: %s",
                   scan->unreadable_count, (int)scan->unreadable_pid, strerror(-scan->unreadable_error));
    *known = scan->unreadable_count;
}

/* Until until_ns; the result as of scan_processes. */
static int run(struct mm_priority_manager *manager, bool is_first, uint64_t until_ns,
               struct mm_process_scan *scan)
{
    struct mm_kernel *kernel = manager->kernel;
    struct visitor visitor = {manager, is_first};
    unsigned fields = is_first ? MM_PROCESS_ALL : MM_PROCESS_STAT;
    int result = kernel->ops->scan_processes(kernel, fields, until_ns, scan, visit, &visitor);

    if (result == 0)
        note_unreadable(manager, scan);
    mm_manager_settle(manager);
    mm_manager_announce(manager);
    tell_all_found(manager);
    return result;
}

int mm_priority_manager_scan(struct mm_priority_manager *manager)
{
    struct mm_process_scan scan = {0};
    int result;

    if (manager->is_under_pressure) {
        manager->is_scan_wanted = true;
        return -EBUSY;
    }
    result = run(manager, true, UINT64_MAX, &scan);
    manager->has_scanned = true;
    return result;
}

void mm_manager_arm_scan(struct mm_priority_manager *manager)
{
    uint64_t now_ns = mm_event_center_now_ns(manager->center);
    struct mm_scan_work *work = &manager->scan_work;

    if (manager->is_under_pressure || (!work->is_under_way && !manager->is_scan_wanted) ||
        mm_timer_is_armed(&work->timer))
        return;
    mm_event_center_arm(manager->center, &work->timer,
                        work->is_under_way ? now_ns : MM_MAX(now_ns, work->rests_until_ns));
}

void mm_priority_manager_want_scan(struct mm_priority_manager *manager)
{
    manager->is_scan_wanted = true;
    mm_manager_arm_scan(manager);
}

void mm_priority_manager_want_frozen_scan(struct mm_priority_manager *manager)
{
    manager->must_ask_all = true;
    mm_priority_manager_want_scan(manager);
}

static void begin_scan(struct mm_priority_manager *manager)
{
    struct mm_scan_work *work = &manager->scan_work;

    work->is_under_way = true;
    work->asks_all = manager->must_ask_all;
    work->is_comparing = false;
    work->number++;
    work->spent_ns = 0;
    work->scan = (struct mm_process_scan){0};
    manager->is_scan_wanted = manager->must_ask_all = false;
}

/* Those who are there, then those who are on the list and are not there; false when the scan is over. */
static bool go_on(struct mm_priority_manager *manager, uint64_t until_ns)
{
    struct mm_scan_work *work = &manager->scan_work;

    if (!work->is_comparing) {
        int result = run(manager, false, until_ns, &work->scan);

        if (result != 0)
            return result == MM_SCAN_GOES_ON;
        mm_manager_begin_comparing(manager);
    }
    return mm_manager_compare_some(manager, until_ns);
}

/* One slice. What has to wait for the end of a kill goes on with KILL_END. */
void mm_manager_scan_slice(struct mm_timer *timer, void *user)
{
    struct mm_priority_manager *manager = user;
    struct mm_scan_work *work = &manager->scan_work;
    uint64_t begin_ns = mm_event_center_now_ns(manager->center);
    uint64_t end_ns;

    (void)timer;
    if (manager->is_under_pressure)
        return;
    if (!work->is_under_way)
        begin_scan(manager);
    work->is_under_way = go_on(manager, begin_ns + SLICE_NS);
    if (!work->is_under_way && !manager->must_ask_all)
        mm_manager_check_frozen_groups(manager);
    end_ns = mm_event_center_now_ns(manager->center);
    work->spent_ns += end_ns - begin_ns;
    work->rests_until_ns = end_ns + work->spent_ns * REST;
    mm_manager_arm_scan(manager);
}
