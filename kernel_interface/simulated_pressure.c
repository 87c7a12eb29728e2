/* SPDX-License-Identifier: Apache-2.0 */
/* Pressure of the simulated machine: totals, averages and triggers, as Linux' PSI keeps them. */
#include "kernel_interface/simulated_machine.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* PSI updates its averages every two seconds by a fixed-point decay: exp(-2/10), exp(-2/60), exp(-2/300). */
#define AVERAGE_PERIOD_NS (2 * MM_NS_PER_S)
#define FIXED_ONE         2048ULL
static const uint64_t decay[3] = {1677, 1981, 2034};

/* What a trigger may ask, from the kernel's documentation. */
#define WINDOW_MIN_US  500000ULL
#define WINDOW_MAX_US  10000000ULL
#define WINDOW_LONG_US 2000000ULL /* what it takes without CAP_SYS_RESOURCE */

void mm_machine_stall(struct mm_machine_group *group, uint64_t some_ns, uint64_t full_ns)
{
    for (; group; group = group->parent) {
        group->pressure.total_ns[MM_PRESSURE_SOME] += some_ns;
        group->pressure.total_ns[MM_PRESSURE_FULL] += full_ns;
    }
}

int mm_simulated_add_stall(struct mm_kernel *kernel, const char *group, uint64_t some_us, uint64_t full_us)
{
    struct mm_machine_group *target = mm_machine_find_group(mm_machine_of(kernel), group ? group : "/");

    if (!target)
        return -ENOENT;
    mm_machine_stall(target, some_us * MM_NS_PER_US, full_us * MM_NS_PER_US);
    return 0;
}

uint64_t mm_machine_pressure_line(const struct mm_machine *machine)
{
    uint64_t line = machine->options.pressure_line_bytes;

    return line ? line : machine->options.ram_bytes / 16;
}

/* One two-second mark; false when there is nothing left to decay. */
static bool update_averages(struct mm_machine_pressure *pressure)
{
    bool is_quiet = true;

    for (int kind = 0; kind < 2; kind++) {
        uint64_t stalled_ns = pressure->total_ns[kind] - pressure->total_ns_at_update[kind];
        uint64_t percent = MM_MIN(stalled_ns, AVERAGE_PERIOD_NS) * 100 * FIXED_ONE / AVERAGE_PERIOD_NS;

        pressure->total_ns_at_update[kind] = pressure->total_ns[kind];
        for (int i = 0; i < 3; i++) {
            uint64_t *average = &pressure->average[kind][i];

            *average = (*average * decay[i] + percent * (FIXED_ONE - decay[i])) / FIXED_ONE;
            if (*average > 0)
                is_quiet = false;
        }
    }
    return !is_quiet;
}

static void step_averages(struct mm_machine *machine, uint64_t step_ns)
{
    uint64_t marks = machine->now_ns / AVERAGE_PERIOD_NS - (machine->now_ns - step_ns) / AVERAGE_PERIOD_NS;

    if (marks == 0)
        return;
    MM_LIST_FOR_EACH (link, &machine->groups) {
        struct mm_machine_group *group = MM_CONTAINER_OF(link, struct mm_machine_group, link);

        for (uint64_t i = 0; i < marks && update_averages(&group->pressure); i++) {
        }
    }
}

/* Everybody who grows has to wait; with nobody growing, the machine as a whole does. */
static void stall_machine(struct mm_machine *machine, uint64_t some_ns, uint64_t full_ns)
{
    MM_LIST_FOR_EACH (link, &machine->active) {
        struct mm_machine_group *group = MM_CONTAINER_OF(link, struct mm_machine_process, active_link)->group;

        for (; group->parent; group = group->parent) {
            group->pressure.total_ns[MM_PRESSURE_SOME] += some_ns;
            group->pressure.total_ns[MM_PRESSURE_FULL] += full_ns;
        }
    }
    mm_machine_stall(machine->root, some_ns, full_ns);
}

static void add_machine_stalls(struct mm_machine *machine, uint64_t step_ns)
{
    uint64_t line = mm_machine_pressure_line(machine);
    uint64_t available = mm_machine_available_bytes(machine);

    if (machine->has_stalled) {
        stall_machine(machine, step_ns, machine->has_progressed ? step_ns / 2 : step_ns);
    } else if (available < line) {
        uint64_t permille = (line - available) / (line / 1000 + 1);

        stall_machine(machine, step_ns * permille / 1000, step_ns * permille / 2000);
    }
    machine->has_stalled = false;
    machine->has_progressed = false;
}

static void close_trigger(struct mm_machine_trigger *trigger)
{
    mm_list_remove(&trigger->link);
    (void)close(trigger->own_fd);
    mm_machine_drop_group(trigger->group);
    free(trigger);
}

void mm_machine_close_triggers(struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->triggers)
        close_trigger(MM_CONTAINER_OF(link, struct mm_machine_trigger, link));
}

static bool is_closed_by_caller(const struct mm_machine_trigger *trigger)
{
    struct pollfd end = {.fd = trigger->own_fd, .events = 0, .revents = 0};

    return poll(&end, 1, 0) > 0 && (end.revents & POLLHUP) != 0;
}

/* The stall within the last window: this one's, and of the one before the part that still reaches into it. */
static uint64_t stall_in_window(struct mm_machine_trigger *trigger, uint64_t now_ns)
{
    uint64_t total = trigger->group->pressure.total_ns[trigger->kind];
    uint64_t growth = total - trigger->total_at_begin_ns;
    uint64_t elapsed = now_ns - trigger->window_begin_ns;

    if (elapsed > trigger->window_ns) {
        trigger->previous_growth_ns = growth;
        trigger->total_at_begin_ns = total;
        trigger->window_begin_ns = now_ns;
        return growth;
    }
    return growth +
           trigger->previous_growth_ns / 1000 * ((trigger->window_ns - elapsed) * 1000 / trigger->window_ns);
}

bool mm_machine_is_trigger_pending(const struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->triggers) {
        const struct mm_machine_trigger *trigger = MM_CONTAINER_OF(link, struct mm_machine_trigger, link);

        if (trigger->previous_growth_ns > 0)
            return true;
        if (trigger->group->pressure.total_ns[trigger->kind] != trigger->total_at_begin_ns)
            return true;
    }
    return false;
}

static void step_triggers(struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->triggers) {
        struct mm_machine_trigger *trigger = MM_CONTAINER_OF(link, struct mm_machine_trigger, link);
        struct mm_notice notice = {.kind = MM_NOTICE_PRESSURE, .cookie = (uint64_t)trigger->caller_fd};

        if (stall_in_window(trigger, machine->now_ns) < trigger->stall_ns)
            continue;
        if (trigger->last_fired_ns != MM_UNKNOWN &&
            machine->now_ns < trigger->last_fired_ns + trigger->window_ns)
            continue;
        if (is_closed_by_caller(trigger)) {
            close_trigger(trigger);
            continue;
        }
        trigger->last_fired_ns = machine->now_ns;
        mm_machine_push_notice(machine, &notice, -1);
    }
}

void mm_machine_step_pressure(struct mm_machine *machine, uint64_t step_ns)
{
    add_machine_stalls(machine, step_ns);
    step_averages(machine, step_ns);
    step_triggers(machine);
}

/* ---- operations ------------------------------------------------------------------------------------- */

static int find_pressure_group(const struct mm_machine *machine, const struct mm_group *group,
                               struct mm_machine_group **ret_group)
{
    if (machine->options.lacks[MM_FEATURE_PRESSURE])
        return -EOPNOTSUPP;
    if (group && machine->options.lacks[MM_FEATURE_GROUP_PRESSURE])
        return -EOPNOTSUPP;
    if (group && group->group->is_removed)
        return -ENODEV;
    *ret_group = group ? group->group : machine->root;
    return 0;
}

static struct mm_pressure_line read_line(const struct mm_machine_pressure *pressure,
                                         enum mm_pressure_kind kind)
{
    const uint64_t *average = pressure->average[kind];

    return (struct mm_pressure_line){
        .average_10s_centipercent = (uint32_t)(average[0] * 100 / FIXED_ONE),
        .average_60s_centipercent = (uint32_t)(average[1] * 100 / FIXED_ONE),
        .average_300s_centipercent = (uint32_t)(average[2] * 100 / FIXED_ONE),
        .total_us = pressure->total_ns[kind] / MM_NS_PER_US,
    };
}

int mm_machine_read_pressure(struct mm_kernel *kernel, struct mm_group *group,
                             struct mm_pressure *ret_pressure)
{
    struct mm_machine_group *source = mm_machine_of(kernel)->root;
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_read_pressure);

    if (error == 0)
        error = find_pressure_group(mm_machine_of(kernel), group, &source);
    if (error < 0)
        return error;
    ret_pressure->some = read_line(&source->pressure, MM_PRESSURE_SOME);
    ret_pressure->full = read_line(&source->pressure, MM_PRESSURE_FULL);
    return 0;
}

static int add_trigger(struct mm_machine *machine, struct mm_machine_group *group,
                       const struct mm_machine_trigger *wanted, int *ret_fd)
{
    struct mm_machine_trigger *trigger = calloc(1, sizeof(*trigger));
    int ends[2];

    if (!trigger)
        return -ENOMEM;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        int error = errno;

        free(trigger);
        return -error;
    }
    *trigger = *wanted;
    trigger->group = group;
    trigger->total_at_begin_ns = group->pressure.total_ns[wanted->kind];
    trigger->window_begin_ns = machine->now_ns;
    trigger->last_fired_ns = MM_UNKNOWN;
    trigger->caller_fd = ends[0];
    trigger->own_fd = ends[1];
    mm_machine_hold_group(group);
    mm_list_push_back(&machine->triggers, &trigger->link);
    *ret_fd = ends[0];
    return 0;
}

int mm_machine_open_pressure_trigger(struct mm_kernel *kernel, struct mm_group *group,
                                     const struct mm_pressure_trigger *wanted,
                                     struct mm_pressure_trigger *ret_armed, int *ret_fd)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_group *source = machine->root;
    struct mm_pressure_trigger armed = *wanted;
    struct mm_machine_trigger trigger = {.kind = wanted->kind};
    int error = mm_machine_enter(machine, MM_OPERATION_open_pressure_trigger);

    if (error == 0)
        error = find_pressure_group(machine, group, &source);
    if (error < 0)
        return error;
    if (machine->options.lacks[MM_FEATURE_PRESSURE_TRIGGER])
        return -EOPNOTSUPP;
    if (armed.stall_us == 0 || armed.window_us == 0 || armed.stall_us > armed.window_us)
        return -EINVAL;
    if (armed.window_us < WINDOW_MIN_US || armed.window_us > WINDOW_MAX_US ||
        (armed.window_us < WINDOW_LONG_US && machine->options.lacks[MM_FEATURE_PRESSURE_SHORT_WINDOW])) {
        armed.stall_us = armed.stall_us * WINDOW_LONG_US / armed.window_us;
        armed.window_us = WINDOW_LONG_US;
    }
    trigger.stall_ns = armed.stall_us * MM_NS_PER_US;
    trigger.window_ns = armed.window_us * MM_NS_PER_US;
    error = add_trigger(machine, source, &trigger, ret_fd);
    if (error == 0)
        *ret_armed = armed;
    return error;
}

/* The other end sees that it was closed when the triggers are looked at next. */
void mm_machine_close_pressure_trigger(struct mm_kernel *kernel, int fd)
{
    (void)mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_close_pressure_trigger);
    (void)close(fd);
}
