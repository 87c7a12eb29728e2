/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of the simulated machine: their life, and what the kernel tells about them. */
#include "kernel_interface/simulated_machine.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define TICK_NS (10 * MM_NS_PER_MS) /* USER_HZ is 100 everywhere */

static struct mm_machine_process **bucket_of(const struct mm_machine *machine, pid_t pid)
{
    return (struct mm_machine_process **)&machine->pids[(unsigned)pid % MM_MACHINE_PID_BUCKETS];
}

struct mm_machine_process *mm_machine_find_process(const struct mm_machine *machine, pid_t pid)
{
    struct mm_machine_process *process = *bucket_of(machine, pid);

    while (process && process->pid != pid)
        process = process->next_in_bucket;
    return process;
}

/* /proc is read in pid order; pids mostly rise, so the place is looked for from the end. */
static void insert_by_pid(struct mm_machine *machine, struct mm_machine_process *process)
{
    struct mm_machine_process **bucket = bucket_of(machine, process->pid);
    struct mm_list *position = machine->processes.previous;

    while (position != &machine->processes &&
           MM_CONTAINER_OF(position, struct mm_machine_process, link)->pid > process->pid)
        position = position->previous;
    mm_list_insert_after(position, &process->link);
    process->next_in_bucket = *bucket;
    *bucket = process;
}

static void remove_from_bucket(struct mm_machine *machine, struct mm_machine_process *process)
{
    struct mm_machine_process **place = bucket_of(machine, process->pid);

    while (*place != process)
        place = &(*place)->next_in_bucket;
    *place = process->next_in_bucket;
}

static void update_active(struct mm_machine *machine, struct mm_machine_process *process)
{
    bool is_active = process->growth_bytes_per_s > 0 || process->killed_at_ns > 0;

    if (is_active == mm_list_is_linked(&process->active_link))
        return;
    if (is_active)
        mm_list_push_back(&machine->active, &process->active_link);
    else
        mm_list_remove(&process->active_link);
}

static struct mm_machine_process *new_process(struct mm_machine *machine,
                                              const struct mm_simulated_process *wanted)
{
    struct mm_machine_process *process = calloc(1, sizeof(*process));
    uint64_t ticks = machine->now_ns / TICK_NS + 1;

    if (!process)
        return NULL;
    machine->last_start_time_ticks = MM_MAX(machine->last_start_time_ticks + 1, ticks);
    process->pid = wanted->pid;
    process->ppid = wanted->ppid;
    process->uid = wanted->uid;
    process->oom_score_adj = wanted->oom_score_adj;
    process->start_time_ticks = machine->last_start_time_ticks;
    process->usage.anonymous = wanted->anonymous_bytes;
    process->usage.file = wanted->file_bytes;
    process->growth_bytes_per_s = wanted->growth_bytes_per_s;
    process->growth_limit_bytes = wanted->growth_limit_bytes;
    process->exit_delay_ms = wanted->exit_delay_ms;
    mm_copy_text(process->comm, sizeof(process->comm), wanted->comm ? wanted->comm : "process");
    mm_list_init(&process->active_link);
    return process;
}

int mm_simulated_spawn(struct mm_kernel *kernel, const struct mm_simulated_process *wanted)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_process *process;
    struct mm_machine_group *group;
    int error;

    if (wanted->pid <= 0 || wanted->oom_score_adj < -1000 || wanted->oom_score_adj > 1000)
        return -EINVAL;
    if (mm_machine_find_process(machine, wanted->pid))
        return -EEXIST;
    error = mm_machine_make_group(machine, wanted->group ? wanted->group : "/", &group);
    if (error < 0)
        return error;
    error = mm_machine_make_room(machine, group, wanted->anonymous_bytes + wanted->file_bytes);
    if (error < 0)
        return error;
    process = new_process(machine, wanted);
    if (!process)
        return -ENOMEM;
    process->group = group;
    mm_list_push_back(&group->processes, &process->group_link);
    mm_machine_charge(group, (int64_t)wanted->anonymous_bytes, (int64_t)wanted->file_bytes, 0);
    insert_by_pid(machine, process);
    update_active(machine, process);
    return 0;
}

/* Its mapped files stay cached; its own memory comes back at the machine's rate. */
static int leave_remains(struct mm_machine *machine, struct mm_machine_process *process)
{
    struct mm_machine_remains *remains;

    process->group->own_file_bytes += process->usage.file;
    if (machine->options.exit_bytes_per_s == 0 || process->usage.anonymous + process->usage.swap == 0) {
        mm_machine_charge(process->group, -(int64_t)process->usage.anonymous, 0,
                          -(int64_t)process->usage.swap);
        return 0;
    }
    remains = calloc(1, sizeof(*remains));
    if (!remains)
        return -ENOMEM;
    remains->group = process->group;
    mm_machine_hold_group(remains->group);
    remains->anonymous_bytes = process->usage.anonymous;
    remains->swap_bytes = process->usage.swap;
    remains->is_oom_victim = process->is_oom_victim;
    mm_list_push_back(&machine->remains, &remains->link);
    return 0;
}

static int end_process(struct mm_machine *machine, struct mm_machine_process *process)
{
    unsigned bucket = (unsigned)process->pid % MM_MACHINE_PID_BUCKETS;
    int error = leave_remains(machine, process);

    if (error < 0)
        return error;
    machine->graves[bucket].pid = process->pid;
    machine->graves[bucket].killed_at_ns = process->killed_at_ns;
    mm_list_remove(&process->link);
    mm_list_remove(&process->group_link);
    mm_list_remove(&process->active_link);
    remove_from_bucket(machine, process);
    if (process->tells_reaper)
        mm_machine_tell_reaped(machine, process, 0);
    mm_machine_tell_exit(machine, process);
    free(process);
    return 0;
}

int mm_simulated_exit(struct mm_kernel *kernel, pid_t pid)
{
    struct mm_machine_process *process = mm_machine_find_process(mm_machine_of(kernel), pid);

    return process ? end_process(mm_machine_of(kernel), process) : -ESRCH;
}

int mm_simulated_exec(struct mm_kernel *kernel, pid_t pid, const char *comm)
{
    struct mm_machine_process *process = mm_machine_find_process(mm_machine_of(kernel), pid);

    if (!process)
        return -ESRCH;
    mm_copy_text(process->comm, sizeof(process->comm), comm);
    return 0;
}

void mm_machine_kill(struct mm_machine *machine, struct mm_machine_process *process)
{
    if (process->killed_at_ns > 0)
        return;
    process->killed_at_ns = MM_MAX(machine->now_ns, 1ULL);
    process->exit_at_ns = MM_UNKNOWN;
    if (process->exit_delay_ms != MM_UNKNOWN)
        process->exit_at_ns = machine->now_ns + process->exit_delay_ms * MM_NS_PER_MS;
    update_active(machine, process);
}

static void grow(struct mm_machine *machine, struct mm_machine_process *process, uint64_t step_ns)
{
    uint64_t held = process->usage.anonymous + process->usage.swap;
    uint64_t wish = mm_machine_quantum(process->growth_bytes_per_s, step_ns, &process->growth_remainder);

    if (process->growth_limit_bytes > 0)
        wish = held < process->growth_limit_bytes ? MM_MIN(wish, process->growth_limit_bytes - held) : 0;
    if (wish > 0)
        (void)mm_machine_allocate(machine, process, wish);
}

/* Up to `bytes` of an amount of anonymous and swapped memory, anonymous first. */
static void release(struct mm_machine_group *group, uint64_t bytes, uint64_t *anonymous, uint64_t *swap)
{
    uint64_t from_anonymous = MM_MIN(bytes, *anonymous);
    uint64_t from_swap = MM_MIN(bytes - from_anonymous, *swap);

    *anonymous -= from_anonymous;
    *swap -= from_swap;
    mm_machine_charge(group, -(int64_t)from_anonymous, 0, -(int64_t)from_swap);
}

static void step_dying(struct mm_machine *machine, struct mm_machine_process *process, uint64_t step_ns)
{
    uint64_t rate = machine->options.exit_bytes_per_s;

    if (process->is_reaped) {
        release(process->group, mm_machine_quantum(rate, step_ns, &process->release_remainder),
                &process->usage.anonymous, &process->usage.swap);
        if (process->tells_reaper && process->usage.anonymous + process->usage.swap == 0)
            mm_machine_tell_reaped(machine, process, 0);
    }
    if (process->exit_at_ns <= machine->now_ns)
        (void)end_process(machine, process);
}

void mm_machine_step_processes(struct mm_machine *machine, uint64_t step_ns)
{
    MM_LIST_FOR_EACH (link, &machine->active) {
        struct mm_machine_process *process = MM_CONTAINER_OF(link, struct mm_machine_process, active_link);

        if (process->killed_at_ns > 0)
            step_dying(machine, process, step_ns);
        else
            grow(machine, process, step_ns);
    }
}

static void free_remains(struct mm_machine_remains *remains)
{
    mm_list_remove(&remains->link);
    mm_machine_drop_group(remains->group);
    free(remains);
}

void mm_machine_step_remains(struct mm_machine *machine, uint64_t step_ns)
{
    MM_LIST_FOR_EACH (link, &machine->remains) {
        struct mm_machine_remains *remains = MM_CONTAINER_OF(link, struct mm_machine_remains, link);
        uint64_t rate = machine->options.exit_bytes_per_s;

        release(remains->group, mm_machine_quantum(rate, step_ns, &remains->release_remainder),
                &remains->anonymous_bytes, &remains->swap_bytes);
        if (remains->anonymous_bytes + remains->swap_bytes == 0)
            free_remains(remains);
    }
}

void mm_machine_free_processes(struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->remains)
        free_remains(MM_CONTAINER_OF(link, struct mm_machine_remains, link));
    MM_LIST_FOR_EACH (link, &machine->processes)
        free(MM_CONTAINER_OF(link, struct mm_machine_process, link));
    mm_list_init(&machine->processes);
}

/* ---- what a test asks and does ---------------------------------------------------------------------- */

int mm_simulated_set_growth(struct mm_kernel *kernel, pid_t pid, uint64_t bytes_per_s, uint64_t limit_bytes)
{
    struct mm_machine_process *process = mm_machine_find_process(mm_machine_of(kernel), pid);

    if (!process)
        return -ESRCH;
    process->growth_bytes_per_s = bytes_per_s;
    process->growth_limit_bytes = limit_bytes;
    update_active(mm_machine_of(kernel), process);
    return 0;
}

int mm_simulated_move(struct mm_kernel *kernel, pid_t pid, const char *group)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_process *process = mm_machine_find_process(machine, pid);
    struct mm_machine_usage usage;
    struct mm_machine_group *target;
    int error;

    if (!process)
        return -ESRCH;
    error = mm_machine_make_group(machine, group, &target);
    if (error < 0)
        return error;
    usage = process->usage;
    mm_machine_charge(process->group, -(int64_t)usage.anonymous, -(int64_t)usage.file, -(int64_t)usage.swap);
    mm_machine_charge(target, (int64_t)usage.anonymous, (int64_t)usage.file, (int64_t)usage.swap);
    mm_list_remove(&process->group_link);
    mm_list_push_back(&target->processes, &process->group_link);
    process->group = target;
    return 0;
}

int mm_simulated_touch(struct mm_kernel *kernel, pid_t pid, uint64_t bytes)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_process *process = mm_machine_find_process(machine, pid);

    if (!process)
        return -ESRCH;
    bytes = MM_MIN(bytes, process->usage.swap);
    if (mm_machine_make_room(machine, process->group, bytes) < 0)
        return -ENOMEM;
    process->usage.swap -= bytes;
    process->usage.anonymous += bytes;
    mm_machine_charge(process->group, (int64_t)bytes, 0, -(int64_t)bytes);
    machine->refault_anonymous += bytes / MM_MACHINE_PAGE_BYTES;
    return 0;
}

bool mm_simulated_is_alive(struct mm_kernel *kernel, pid_t pid)
{
    return mm_machine_find_process(mm_machine_of(kernel), pid) != NULL;
}

int mm_simulated_oom_score_adj(struct mm_kernel *kernel, pid_t pid)
{
    const struct mm_machine_process *process = mm_machine_find_process(mm_machine_of(kernel), pid);

    return process ? process->oom_score_adj : INT_MIN;
}

uint64_t mm_simulated_killed_at_ns(struct mm_kernel *kernel, pid_t pid)
{
    const struct mm_machine *machine = mm_machine_of(kernel);
    const struct mm_machine_process *process = mm_machine_find_process(machine, pid);
    unsigned bucket = (unsigned)pid % MM_MACHINE_PID_BUCKETS;

    if (process)
        return process->killed_at_ns;
    return machine->graves[bucket].pid == pid ? machine->graves[bucket].killed_at_ns : 0;
}

uint64_t mm_simulated_resident_bytes(struct mm_kernel *kernel, pid_t pid)
{
    const struct mm_machine_process *process = mm_machine_find_process(mm_machine_of(kernel), pid);

    return process ? process->usage.anonymous + process->usage.file : 0;
}

/* ---- operations ------------------------------------------------------------------------------------- */

static char state_of(const struct mm_machine_process *process)
{
    if (process->killed_at_ns > 0 && process->exit_at_ns == MM_UNKNOWN)
        return 'D';
    return process->growth_bytes_per_s > 0 ? 'R' : 'S';
}

static void fill_info(const struct mm_machine_process *process, unsigned fields,
                      struct mm_process_info *ret_info)
{
    ret_info->pid = process->pid;
    if (fields & MM_PROCESS_STAT) {
        ret_info->ppid = process->ppid;
        ret_info->state = state_of(process);
        ret_info->is_kernel_thread = false;
        ret_info->has_exited = false; /* no zombies: who has exited is gone */
        ret_info->start_time_ticks = process->start_time_ticks;
        mm_copy_text(ret_info->comm, sizeof(ret_info->comm), process->comm);
    }
    if (fields & MM_PROCESS_STATUS) {
        ret_info->uid = process->uid;
        ret_info->swap_bytes = process->usage.swap;
    }
    if (fields & (MM_PROCESS_STATUS | MM_PROCESS_STATM))
        ret_info->resident_bytes = process->usage.anonymous + process->usage.file;
    if (fields & MM_PROCESS_ADJ)
        ret_info->oom_score_adj = process->oom_score_adj;
}

int mm_machine_read_process(struct mm_kernel *kernel, pid_t pid, unsigned fields,
                            struct mm_process_info *ret_info)
{
    const struct mm_machine_process *process = mm_machine_find_process(mm_machine_of(kernel), pid);
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_read_process);

    if (error < 0)
        return error;
    if (!process)
        return -ESRCH;
    fill_info(process, fields, ret_info);
    return 0;
}

static bool is_in_domain(const struct mm_machine *machine, const struct mm_machine_process *process)
{
    const struct mm_machine_group *domain;

    if (!machine->options.domain_group)
        return true;
    domain = mm_machine_find_group(machine, machine->options.domain_group);
    return domain && mm_machine_is_in_group(domain, process->group);
}

/* The first above that pid; the list is in their order. */
static const struct mm_machine_process *next_above(const struct mm_machine *machine, uint64_t pid)
{
    MM_LIST_FOR_EACH (link, &machine->processes) {
        const struct mm_machine_process *process = MM_CONTAINER_OF(link, struct mm_machine_process, link);

        if ((uint64_t)process->pid > pid && is_in_domain(machine, process))
            return process;
    }
    return NULL;
}

static const struct mm_machine_process *next_after(const struct mm_machine *machine,
                                                   const struct mm_machine_process *process)
{
    const struct mm_list *link = process->link.next;

    for (; link != &machine->processes; link = link->next) {
        process = MM_CONTAINER_OF(link, struct mm_machine_process, link);
        if (is_in_domain(machine, process))
            return process;
    }
    return NULL;
}

static int scan_one(struct mm_machine *machine, const struct mm_machine_process *process, unsigned fields,
                    struct mm_process_scan *scan, mm_process_visit visit, void *user)
{
    struct mm_process_info info;
    int error = mm_machine_enter(machine, MM_OPERATION_scan_process);

    if (error < 0) {
        scan->unreadable_count++;
        scan->unreadable_pid = process->pid;
        scan->unreadable_error = error;
        return 0;
    }
    memset(&info, 0, sizeof(info));
    fill_info(process, fields, &info);
    return visit(&info, user);
}

int mm_machine_scan_processes(struct mm_kernel *kernel, unsigned fields, uint64_t until_ns,
                              struct mm_process_scan *scan, mm_process_visit visit, void *user)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    const struct mm_machine_process *process = next_above(machine, scan->position);
    int result = mm_machine_enter(machine, MM_OPERATION_scan_processes);

    while (result == 0 && process) {
        scan->position = (uint64_t)process->pid;
        result = scan_one(machine, process, fields, scan, visit, user);
        if (machine->options.scan_ns > 0)
            mm_simulated_advance(kernel, machine->options.scan_ns);
        /* it may have exited meanwhile */
        if (mm_machine_find_process(machine, (pid_t)scan->position) == process)
            process = next_after(machine, process);
        else
            process = next_above(machine, scan->position);
        if (result == 0 && process && machine->now_ns >= until_ns)
            result = MM_SCAN_GOES_ON;
    }
    return result;
}

int mm_machine_write_oom_score_adj(struct mm_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                                   int oom_score_adj, int *ret_written)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_process *process = mm_machine_find_process(machine, pid);
    int error = mm_machine_enter(machine, MM_OPERATION_write_oom_score_adj);

    if (error < 0)
        return error;
    if (oom_score_adj < -1000 || oom_score_adj > 1000)
        return -EINVAL;
    if (!process || (start_time_ticks != 0 && start_time_ticks != process->start_time_ticks))
        return -ESRCH;
    if (oom_score_adj < 0 && machine->options.lacks[MM_FEATURE_OOM_SCORE_ADJ_LOWER])
        oom_score_adj = 0;
    process->oom_score_adj = oom_score_adj;
    *ret_written = oom_score_adj;
    return 0;
}

int mm_machine_read_process_group(struct mm_kernel *kernel, pid_t pid, char *ret_path, size_t size)
{
    const struct mm_machine_process *process = mm_machine_find_process(mm_machine_of(kernel), pid);
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_read_process_group);

    if (error < 0)
        return error;
    if (!process)
        return -ESRCH;
    if (strlen(process->group->path) >= size)
        return -ENAMETOOLONG;
    mm_copy_text(ret_path, size, process->group->path);
    return 0;
}

int mm_machine_is_in_domain(struct mm_kernel *kernel, pid_t pid)
{
    const struct mm_machine *machine = mm_machine_of(kernel);
    const struct mm_machine_process *process = mm_machine_find_process(machine, pid);
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_is_in_domain);

    if (error < 0)
        return error;
    return process ? is_in_domain(machine, process) : -ESRCH;
}
