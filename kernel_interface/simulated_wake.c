/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulated kernel tells by itself. It has no descriptors: each telling is a notice. */
#include "kernel_interface/simulated_machine.h"

#include <errno.h>

/* What a machine must have for it. */
static const enum mm_feature_id needed_features[MM_WAKE_KIND_COUNT] = {
    [MM_WAKE_USAGE] = MM_FEATURE_USAGE_THRESHOLD,     [MM_WAKE_VMPRESSURE] = MM_FEATURE_VMPRESSURE,
    [MM_WAKE_GROUP_EVENTS] = MM_FEATURE_GROUP_EVENTS, [MM_WAKE_SWAP] = MM_FEATURE_SWAP_EVENTS,
    [MM_WAKE_POWER] = MM_FEATURE_POWER_SUPPLY,        [MM_WAKE_KSWAPD] = MM_FEATURE_KSWAPD_MONITOR,
    [MM_WAKE_LIMITS] = MM_FEATURE_LIMIT_CHANGES,
};

static void tell(struct mm_machine *machine, const struct mm_wake *wake)
{
    const struct mm_notice notice = {.kind = MM_NOTICE_WAKE, .cookie = wake->request.cookie};

    mm_machine_push_notice(machine, &notice, -1);
}

static void close_wake(struct mm_wake *wake)
{
    mm_list_remove(&wake->link);
    mm_machine_drop_group(wake->group);
    free(wake);
}

void mm_machine_close_wakes(struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->wakes)
        close_wake(MM_CONTAINER_OF(link, struct mm_wake, link));
}

void mm_machine_step_wakes(struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->wakes) {
        struct mm_wake *wake = MM_CONTAINER_OF(link, struct mm_wake, link);

        if (wake->request.kind != MM_WAKE_USAGE || wake->is_told || wake->line_bytes == MM_UNKNOWN ||
            mm_machine_available_bytes(machine) > wake->line_bytes)
            continue;
        wake->is_told = true;
        tell(machine, wake);
    }
}

void mm_simulated_wake(struct mm_kernel *kernel, enum mm_wake_kind kind)
{
    struct mm_machine *machine = mm_machine_of(kernel);

    MM_LIST_FOR_EACH (link, &machine->wakes) {
        struct mm_wake *wake = MM_CONTAINER_OF(link, struct mm_wake, link);

        if (wake->request.kind != kind)
            continue;
        wake->is_changed = true;
        tell(machine, wake);
    }
}

int mm_simulated_set_zram(struct mm_kernel *kernel, uint64_t zram_bytes)
{
    struct mm_machine *machine = mm_machine_of(kernel);

    if (zram_bytes < machine->root->usage.swap)
        return -EBUSY;
    machine->options.zram_bytes = zram_bytes;
    machine->options.lacks[MM_FEATURE_SWAP] = zram_bytes == 0;
    mm_simulated_wake(kernel, MM_WAKE_SWAP);
    return 0;
}

void mm_simulated_set_power(struct mm_kernel *kernel, const struct mm_power_state *power)
{
    mm_machine_of(kernel)->power = *power;
    mm_simulated_wake(kernel, MM_WAKE_POWER);
}

void mm_simulated_suspend(struct mm_kernel *kernel, uint64_t duration_ns)
{
    mm_machine_of(kernel)->suspended_ns += duration_ns;
}

void mm_machine_tell_group(struct mm_machine *machine, const struct mm_machine_group *group,
                           enum mm_wake_kind kind)
{
    MM_LIST_FOR_EACH (link, &machine->wakes) {
        const struct mm_wake *wake = MM_CONTAINER_OF(link, struct mm_wake, link);

        if (wake->request.kind == kind && wake->group == group)
            tell(machine, wake);
    }
}

void mm_machine_tell_removal(struct mm_machine *machine, const struct mm_machine_group *group)
{
    for (int kind = 0; kind < MM_WAKE_KIND_COUNT; kind++)
        mm_machine_tell_group(machine, group, (enum mm_wake_kind)kind);
}

/* ---- operations ------------------------------------------------------------------------------------- */

static struct mm_machine_group *group_or_root(const struct mm_machine *machine, const struct mm_group *group)
{
    return group ? group->group : machine->root;
}

int mm_machine_open_wake(struct mm_kernel *kernel, const struct mm_wake_request *request,
                         struct mm_wake **ret_wake)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_wake *wake;
    int error = mm_machine_enter(machine, MM_OPERATION_open_wake);

    if (error < 0)
        return error;
    if ((unsigned)request->kind >= MM_WAKE_KIND_COUNT)
        return -EINVAL;
    if (machine->options.lacks[needed_features[request->kind]])
        return -EOPNOTSUPP;
    if (group_or_root(machine, request->group)->is_removed)
        return -ENODEV;
    wake = calloc(1, sizeof(*wake));
    if (!wake)
        return -ENOMEM;
    wake->request = *request;
    wake->group = group_or_root(machine, request->group);
    mm_machine_hold_group(wake->group);
    wake->line_bytes = MM_UNKNOWN;
    mm_list_push_back(&machine->wakes, &wake->link);
    *ret_wake = wake;
    return 0;
}

int mm_machine_wake_fd(struct mm_kernel *kernel, const struct mm_wake *wake, uint32_t *ret_events)
{
    (void)mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_wake_fd);
    (void)wake;
    *ret_events = 0;
    return -1;
}

int mm_machine_take_wake(struct mm_kernel *kernel, struct mm_wake *wake)
{
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_take_wake);
    bool is_changed;

    if (error < 0)
        return error;
    if (wake->group->is_removed)
        return -ENODEV;
    if (wake->request.kind != MM_WAKE_LIMITS)
        return 1;
    is_changed = wake->is_changed;
    wake->is_changed = false;
    return is_changed;
}

/* Hears of it at once; the whole machine is watched. */
bool mm_machine_move_wake(struct mm_kernel *kernel, struct mm_wake *wake, uint64_t line_bytes,
                          struct mm_wake_cover *ret_cover)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    uint64_t available_bytes = mm_machine_available_bytes(machine);

    if (mm_machine_enter(machine, MM_OPERATION_move_wake) < 0)
        return false;
    wake->line_bytes = line_bytes;
    wake->is_told = false;
    if (wake->request.kind != MM_WAKE_USAGE || line_bytes == MM_UNKNOWN || available_bytes <= line_bytes)
        return false;
    *ret_cover = (struct mm_wake_cover){.margin_bytes = available_bytes - line_bytes,
                                        .other_available_bytes = MM_UNKNOWN};
    return true;
}

void mm_machine_close_wake(struct mm_kernel *kernel, struct mm_wake *wake)
{
    (void)mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_close_wake);
    if (wake)
        close_wake(wake);
}

int mm_machine_read_group_events(struct mm_kernel *kernel, struct mm_group *group,
                                 struct mm_group_events *ret_events)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    const struct mm_machine_group *source = group_or_root(machine, group);
    int error = mm_machine_enter(machine, MM_OPERATION_read_group_events);

    if (error < 0)
        return error;
    if (machine->options.lacks[MM_FEATURE_GROUP_EVENTS] || (!source->parent && !machine->is_v1))
        return -EOPNOTSUPP;
    if (source->is_removed)
        return -ENODEV;
    *ret_events = source->events;
    return 0;
}

int mm_machine_read_swap(struct mm_kernel *kernel, struct mm_swap_state *ret_swap)
{
    const struct mm_machine *machine = mm_machine_of(kernel);
    uint64_t used_bytes = machine->root->usage.swap;
    uint64_t ratio_percent = machine->options.zram_ratio_percent ? machine->options.zram_ratio_percent : 33;
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_read_swap);

    if (error < 0)
        return error;
    *ret_swap = (struct mm_swap_state){0};
    if (machine->options.lacks[MM_FEATURE_SWAP])
        return 0;
    *ret_swap = (struct mm_swap_state){
        .device_count = 1,
        .zram_count = 1,
        .total_bytes = machine->options.zram_bytes,
        .used_bytes = used_bytes,
        .zram_disk_bytes = machine->options.zram_bytes,
        .zram_stored_bytes = used_bytes,
        .zram_compressed_bytes = used_bytes * ratio_percent / 100,
        .zram_memory_bytes = used_bytes * ratio_percent / 100,
    };
    return 0;
}

int mm_machine_read_power(struct mm_kernel *kernel, struct mm_power_state *ret_power)
{
    const struct mm_machine *machine = mm_machine_of(kernel);
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_read_power);

    if (error < 0)
        return error;
    if (machine->options.lacks[MM_FEATURE_POWER_SUPPLY])
        return -EOPNOTSUPP;
    *ret_power = machine->power;
    return 0;
}

uint64_t mm_machine_suspended_ns(struct mm_kernel *kernel)
{
    (void)mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_suspended_ns);
    return mm_machine_of(kernel)->suspended_ns;
}
