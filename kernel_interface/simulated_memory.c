/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of the simulated machine: who holds them, how they are reclaimed, and who dies when none is left. */
#include "kernel_interface/simulated_machine.h"

#include <errno.h>

/* What lzo and lz4 reach on application memory. */
#define DEFAULT_ZRAM_RATIO_PERCENT 33

uint64_t mm_machine_watermark_bytes(const struct mm_machine *machine, enum mm_machine_watermark watermark)
{
    return machine->options.ram_bytes / 512 * (uint64_t)watermark;
}

static uint64_t compressed_bytes(const struct mm_machine *machine)
{
    unsigned ratio = machine->options.zram_ratio_percent;

    return machine->root->usage.swap / 100 * (ratio ? MM_MIN(ratio, 100U) : DEFAULT_ZRAM_RATIO_PERCENT);
}

uint64_t mm_machine_free_bytes(const struct mm_machine *machine)
{
    const struct mm_machine_usage *usage = &machine->root->usage;
    uint64_t used = machine->options.reserved_bytes + usage->anonymous + usage->file;

    used += compressed_bytes(machine);
    return used < machine->options.ram_bytes ? machine->options.ram_bytes - used : 0;
}

uint64_t mm_machine_available_bytes(const struct mm_machine *machine)
{
    return mm_machine_free_bytes(machine) + machine->root->usage.file;
}

uint64_t mm_machine_group_bytes(const struct mm_machine_group *group)
{
    return group->usage.anonymous + group->usage.file;
}

static uint64_t add_signed(uint64_t value, int64_t change)
{
    return value + (uint64_t)change; /* modulo 2^64: right for negative changes too */
}

void mm_machine_charge(struct mm_machine_group *group, int64_t anonymous, int64_t file, int64_t swap)
{
    for (; group; group = group->parent) {
        group->usage.anonymous = add_signed(group->usage.anonymous, anonymous);
        group->usage.file = add_signed(group->usage.file, file);
        group->usage.swap = add_signed(group->usage.swap, swap);
    }
}

uint64_t mm_machine_quantum(uint64_t bytes_per_s, uint64_t step_ns, uint64_t *remainder)
{
    uint64_t product; /* byte nanoseconds: 10^12 B/s for a step of 10^6 ns still fits */

    if (bytes_per_s == 0)
        return UINT64_MAX;
    product = bytes_per_s * step_ns + *remainder;
    *remainder = product % MM_NS_PER_S;
    return product / MM_NS_PER_S;
}

static uint64_t take_files(struct mm_machine_group *group, uint64_t bytes)
{
    uint64_t own = MM_MIN(bytes, group->own_file_bytes);
    uint64_t done = own;

    group->own_file_bytes -= own;
    MM_LIST_FOR_EACH (link, &group->processes) {
        struct mm_machine_process *process = MM_CONTAINER_OF(link, struct mm_machine_process, group_link);
        uint64_t part = MM_MIN(bytes - done, process->usage.file);

        process->usage.file -= part;
        done += part;
    }
    mm_machine_charge(group, 0, -(int64_t)done, 0);
    MM_LIST_FOR_EACH (link, &group->children) {
        if (done == bytes)
            break;
        done += take_files(MM_CONTAINER_OF(link, struct mm_machine_group, sibling_link), bytes - done);
    }
    return done;
}

static uint64_t swap_space_bytes(const struct mm_machine *machine)
{
    uint64_t stored = machine->root->usage.swap;

    if (machine->options.lacks[MM_FEATURE_SWAP] || machine->options.zram_bytes <= stored)
        return 0;
    return machine->options.zram_bytes - stored;
}

static uint64_t swap_out(struct mm_machine_group *group, uint64_t bytes, bool of_growing)
{
    uint64_t done = 0;

    MM_LIST_FOR_EACH (link, &group->processes) {
        struct mm_machine_process *process = MM_CONTAINER_OF(link, struct mm_machine_process, group_link);
        uint64_t part = MM_MIN(bytes - done, process->usage.anonymous);

        if ((process->growth_bytes_per_s > 0) != of_growing || process->killed_at_ns > 0)
            continue;
        process->usage.anonymous -= part;
        process->usage.swap += part;
        done += part;
    }
    mm_machine_charge(group, -(int64_t)done, 0, (int64_t)done);
    MM_LIST_FOR_EACH (link, &group->children) {
        if (done == bytes)
            break;
        done +=
            swap_out(MM_CONTAINER_OF(link, struct mm_machine_group, sibling_link), bytes - done, of_growing);
    }
    return done;
}

uint64_t mm_machine_reclaim(struct mm_machine *machine, struct mm_machine_group *group, uint64_t bytes)
{
    uint64_t done = take_files(group, bytes);

    if (done < bytes)
        done += swap_out(group, MM_MIN(bytes - done, swap_space_bytes(machine)), false);
    if (done < bytes)
        done += swap_out(group, MM_MIN(bytes - done, swap_space_bytes(machine)), true);
    machine->refill += done / MM_MACHINE_PAGE_BYTES;
    return done;
}

/* Until free reaches the target; a swapped page frees less than its size. Returns what was taken. */
static uint64_t reclaim_until_free(struct mm_machine *machine, uint64_t target_bytes)
{
    uint64_t done = 0;
    uint64_t free_bytes;

    while ((free_bytes = mm_machine_free_bytes(machine)) < target_bytes) {
        uint64_t part = mm_machine_reclaim(machine, machine->root, target_bytes - free_bytes);

        if (part == 0)
            break;
        done += part;
        if (mm_machine_free_bytes(machine) == free_bytes)
            break; /* zram that does not compress */
    }
    return done;
}

void mm_machine_balance(struct mm_machine *machine)
{
    if (mm_machine_free_bytes(machine) >= mm_machine_watermark_bytes(machine, MM_WATERMARK_LOW))
        return;
    machine->scan_kswapd +=
        reclaim_until_free(machine, mm_machine_watermark_bytes(machine, MM_WATERMARK_HIGH)) /
        MM_MACHINE_PAGE_BYTES;
}

/* The kernel's badness: pages held and swapped, and a thousandth of the machine for each point of adj. */
static int64_t badness(const struct mm_machine *machine, const struct mm_machine_process *process)
{
    uint64_t total = machine->options.ram_bytes + machine->options.zram_bytes;
    uint64_t held = process->usage.anonymous + process->usage.file + process->usage.swap;

    return (int64_t)held + process->oom_score_adj * (int64_t)(total / 1000);
}

/* While a victim's memory is still coming back nobody else need die. */
static bool is_oom_kill_under_way(const struct mm_machine *machine, const struct mm_machine_group *group)
{
    MM_LIST_FOR_EACH (link, &machine->active) {
        const struct mm_machine_process *process =
            MM_CONTAINER_OF(link, struct mm_machine_process, active_link);

        if (process->is_oom_victim && process->usage.anonymous + process->usage.swap > 0 &&
            mm_machine_is_in_group(group, process->group))
            return true;
    }
    MM_LIST_FOR_EACH (link, &machine->remains) {
        const struct mm_machine_remains *remains = MM_CONTAINER_OF(link, struct mm_machine_remains, link);

        if (remains->is_oom_victim && mm_machine_is_in_group(group, remains->group))
            return true;
    }
    return false;
}

/* As v2 counts: for the group that met its limit, and all above it. */
static void count_kill(struct mm_machine *machine, struct mm_machine_group *group)
{
    for (; group->parent; group = group->parent) {
        group->events.max++;
        group->events.oom++;
        group->events.oom_kill++;
        mm_machine_tell_group(machine, group, MM_WAKE_GROUP_EVENTS);
    }
}

void mm_machine_oom_kill(struct mm_machine *machine, struct mm_machine_group *group)
{
    struct mm_machine_process *worst = NULL;

    if (is_oom_kill_under_way(machine, group))
        return;
    MM_LIST_FOR_EACH (link, &machine->processes) {
        struct mm_machine_process *process = MM_CONTAINER_OF(link, struct mm_machine_process, link);

        if (process->oom_score_adj == -1000 || process->is_oom_victim)
            continue;
        if (!mm_machine_is_in_group(group, process->group))
            continue;
        if (!worst || badness(machine, process) > badness(machine, worst))
            worst = process;
    }
    if (!worst)
        return;
    worst->is_oom_victim = true;
    worst->is_reaped = true; /* the kernel's oom_reaper */
    machine->oom_kills++;
    mm_machine_kill(machine, worst);
    if (group != machine->root)
        count_kill(machine, group);
}

/* The first group from here upwards that has no room for `bytes` even after reclaiming, or NULL. */
static struct mm_machine_group *fit_maximums(struct mm_machine *machine, struct mm_machine_group *group,
                                             uint64_t bytes)
{
    for (; group; group = group->parent) {
        uint64_t wanted = mm_machine_group_bytes(group) + bytes;

        if (group->max_bytes == MM_UNLIMITED || wanted <= group->max_bytes)
            continue;
        (void)mm_machine_reclaim(machine, group, wanted - group->max_bytes);
        if (mm_machine_group_bytes(group) + bytes > group->max_bytes)
            return group;
    }
    return NULL;
}

int mm_machine_make_room(struct mm_machine *machine, struct mm_machine_group *group, uint64_t bytes)
{
    if (fit_maximums(machine, group, bytes))
        return -ENOMEM;
    (void)reclaim_until_free(machine, bytes);
    return mm_machine_free_bytes(machine) < bytes ? -ENOMEM : 0;
}

/* What the group's maximums leave of a wish; its worst member dies when that is nothing. */
static uint64_t limit_by_maximums(struct mm_machine *machine, struct mm_machine_group *group, uint64_t bytes)
{
    struct mm_machine_group *full;

    while (bytes > 0 && (full = fit_maximums(machine, group, bytes))) {
        uint64_t present = mm_machine_group_bytes(full);

        mm_machine_stall(full, MM_MACHINE_STEP_NS, MM_MACHINE_STEP_NS / 2);
        bytes = full->max_bytes > present ? full->max_bytes - present : 0;
        if (bytes == 0)
            mm_machine_oom_kill(machine, full);
    }
    return bytes;
}

static uint64_t limit_by_machine(struct mm_machine *machine, uint64_t bytes)
{
    uint64_t min_bytes = mm_machine_watermark_bytes(machine, MM_WATERMARK_MIN);
    uint64_t free_bytes = mm_machine_free_bytes(machine);

    if (free_bytes >= bytes + min_bytes)
        return bytes;
    machine->has_stalled = true;
    machine->allocation_stalls++;
    machine->scan_direct += reclaim_until_free(machine, bytes + min_bytes) / MM_MACHINE_PAGE_BYTES;
    free_bytes = mm_machine_free_bytes(machine);
    if (free_bytes == 0)
        mm_machine_oom_kill(machine, machine->root);
    return MM_MIN(bytes, free_bytes);
}

/* memory.high, as a charge meets it: true where the members stay above it and are throttled. */
static bool fit_highs(struct mm_machine *machine, struct mm_machine_group *group, uint64_t bytes)
{
    bool is_above = false;

    for (; group && !machine->is_v1; group = group->parent) {
        uint64_t wanted = mm_machine_group_bytes(group) + bytes;

        if (group->high_bytes == MM_UNLIMITED || wanted <= group->high_bytes)
            continue;
        (void)mm_machine_reclaim(machine, group, wanted - group->high_bytes);
        if (mm_machine_group_bytes(group) + bytes > group->high_bytes) {
            is_above = true;
            mm_machine_stall(group, MM_MACHINE_STEP_NS / 2, MM_MACHINE_STEP_NS / 4);
        }
    }
    return is_above;
}

uint64_t mm_machine_allocate(struct mm_machine *machine, struct mm_machine_process *process, uint64_t bytes)
{
    if (fit_highs(machine, process->group, bytes))
        bytes /= 16;
    bytes = limit_by_maximums(machine, process->group, bytes);
    if (process->killed_at_ns > 0)
        return 0; /* it was the worst itself */
    bytes = limit_by_machine(machine, bytes);
    if (process->killed_at_ns > 0)
        return 0;
    process->usage.anonymous += bytes;
    mm_machine_charge(process->group, (int64_t)bytes, 0, 0);
    if (bytes > 0)
        machine->has_progressed = true;
    return bytes;
}
