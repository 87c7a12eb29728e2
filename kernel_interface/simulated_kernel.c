/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated machine: its clock, its table of operations, and what a test does to it. */
#include "kernel_interface/simulated_machine.h"

#include <errno.h>
#include <string.h>

static const char *const operation_names[MM_OPERATION_COUNT] = {
#define MM_MACHINE_OPERATION_NAME(name) [MM_OPERATION_##name] = #name,
    MM_MACHINE_OPERATIONS(MM_MACHINE_OPERATION_NAME)
#undef MM_MACHINE_OPERATION_NAME
};

static enum mm_machine_operation find_operation(const char *name)
{
    for (int i = 0; i < MM_OPERATION_COUNT; i++)
        if (strcmp(operation_names[i], name) == 0)
            return (enum mm_machine_operation)i;
    mm_error("no operation of the simulated kernel is called %s", name);
    abort();
}

/* What the machine does by itself, and the clock, go on without the daemon. */
static bool can_be_halted(enum mm_machine_operation operation)
{
    return operation != MM_OPERATION_now_ns && operation != MM_OPERATION_job &&
           operation != MM_OPERATION_reap;
}

int mm_machine_enter(struct mm_machine *machine, enum mm_machine_operation operation)
{
    struct mm_machine_fault *fault = &machine->faults[operation];

    fault->calls++;
    if (can_be_halted(operation)) {
        if (machine->halt_after > 0 && --machine->halt_after == 0) {
            machine->is_halted = true;
            mm_machine_save_states(machine);
        }
        if (machine->is_halted)
            return -EIO;
    }
    if (fault->fail_count == 0)
        return 0;
    fault->fail_count--;
    return fault->error;
}

void mm_simulated_fail(struct mm_kernel *kernel, const char *operation, int error, unsigned count)
{
    struct mm_machine_fault *fault = &mm_machine_of(kernel)->faults[find_operation(operation)];

    fault->error = error > 0 ? -error : error;
    fault->fail_count = count;
}

unsigned mm_simulated_calls(struct mm_kernel *kernel, const char *operation)
{
    return mm_machine_of(kernel)->faults[find_operation(operation)].calls;
}

void mm_simulated_halt_after(struct mm_kernel *kernel, unsigned calls)
{
    mm_machine_of(kernel)->halt_after = calls;
}

bool mm_simulated_is_halted(struct mm_kernel *kernel)
{
    return mm_machine_of(kernel)->is_halted;
}

static void forget_reap(struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->active)
        MM_CONTAINER_OF(link, struct mm_machine_process, active_link)->tells_reaper = false;
}

void mm_simulated_crash(struct mm_kernel *kernel)
{
    struct mm_machine *machine = mm_machine_of(kernel);

    if (machine->is_halted)
        mm_machine_restore_states(machine);
    machine->is_halted = false;
    machine->halt_after = 0;
    mm_machine_drop_jobs(machine);
    mm_machine_close_triggers(machine);
    mm_machine_close_wakes(machine);
    mm_machine_close_handles(machine);
    forget_reap(machine);
    machine->watch_count = 0;
    machine->notice_count = 0;
}

unsigned mm_simulated_kernel_oom_kills(struct mm_kernel *kernel)
{
    return mm_machine_of(kernel)->oom_kills;
}

void mm_simulated_add_refaults(struct mm_kernel *kernel, uint64_t anonymous_pages, uint64_t file_pages)
{
    mm_machine_of(kernel)->refault_anonymous += anonymous_pages;
    mm_machine_of(kernel)->refault_file += file_pages;
}

/* ---- the clock -------------------------------------------------------------------------------------- */

/* False when the next hour would be like the next millisecond. */
static bool is_busy(const struct mm_machine *machine)
{
    return !mm_list_is_empty(&machine->active) || !mm_list_is_empty(&machine->remains) ||
           machine->job_count > 0 || mm_machine_is_trigger_pending(machine) ||
           mm_machine_available_bytes(machine) < mm_machine_pressure_line(machine);
}

/* Exits happen at their very time. */
static uint64_t until_next_exit(const struct mm_machine *machine, uint64_t step_ns)
{
    MM_LIST_FOR_EACH (link, &machine->active) {
        const struct mm_machine_process *process =
            MM_CONTAINER_OF(link, struct mm_machine_process, active_link);

        if (process->killed_at_ns == 0 || process->exit_at_ns <= machine->now_ns)
            continue;
        step_ns = MM_MIN(step_ns, process->exit_at_ns - machine->now_ns);
    }
    return step_ns;
}

static void step(struct mm_machine *machine, uint64_t step_ns)
{
    machine->now_ns += step_ns;
    mm_machine_step_remains(machine, step_ns);
    mm_machine_step_processes(machine, step_ns);
    mm_machine_step_jobs(machine, step_ns);
    mm_machine_balance(machine);
    mm_machine_step_pressure(machine, step_ns);
    mm_machine_step_wakes(machine);
}

void mm_simulated_advance(struct mm_kernel *kernel, uint64_t duration_ns)
{
    struct mm_machine *machine = mm_machine_of(kernel);

    while (duration_ns > 0) {
        uint64_t step_ns = duration_ns;

        if (is_busy(machine))
            step_ns = until_next_exit(machine, MM_MIN(duration_ns, MM_MACHINE_STEP_NS));
        step(machine, step_ns);
        duration_ns -= step_ns;
        if (machine->notice_count > 0)
            break;
    }
}

/* ---- operations on the whole machine ---------------------------------------------------------------- */

static uint64_t machine_now_ns(struct mm_kernel *kernel)
{
    (void)mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_now_ns);
    return mm_machine_of(kernel)->now_ns;
}

static const struct mm_feature *machine_feature(struct mm_kernel *kernel, enum mm_feature_id feature)
{
    (void)mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_feature);
    return &mm_machine_of(kernel)->features[feature];
}

static int machine_read_memory(struct mm_kernel *kernel, struct mm_memory_state *ret_memory)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    uint64_t swap_total = machine->options.lacks[MM_FEATURE_SWAP] ? 0 : machine->options.zram_bytes;
    int error = mm_machine_enter(machine, MM_OPERATION_read_memory);

    if (error < 0)
        return error;
    *ret_memory = (struct mm_memory_state){
        .total_bytes = machine->options.ram_bytes,
        .available_bytes = mm_machine_available_bytes(machine),
        .free_bytes = mm_machine_free_bytes(machine),
        .file_bytes = machine->root->usage.file,
        .anonymous_bytes = machine->root->usage.anonymous,
        .swap_total_bytes = swap_total,
        .swap_free_bytes = swap_total - machine->root->usage.swap,
    };
    return 0;
}

static int machine_read_vmstat(struct mm_kernel *kernel, struct mm_vmstat *ret_vmstat)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    uint64_t file_pages = machine->root->usage.file / MM_MACHINE_PAGE_BYTES;
    int error = mm_machine_enter(machine, MM_OPERATION_read_vmstat);

    if (error < 0)
        return error;
    *ret_vmstat = (struct mm_vmstat){
        .free_pages = mm_machine_free_bytes(machine) / MM_MACHINE_PAGE_BYTES,
        .inactive_file_pages = file_pages / 2,
        .active_file_pages = file_pages - file_pages / 2,
        .refault_anonymous = machine->refault_anonymous,
        .refault_file = machine->refault_file,
        .scan_kswapd = machine->scan_kswapd,
        .scan_direct = machine->scan_direct,
        .refill = machine->refill,
        .allocation_stalls = machine->allocation_stalls,
        .oom_kills = machine->oom_kills,
    };
    return 0;
}

static int machine_read_zoneinfo(struct mm_kernel *kernel, struct mm_zoneinfo *ret_zoneinfo)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    uint64_t managed = machine->options.ram_bytes - machine->options.reserved_bytes;
    int error = mm_machine_enter(machine, MM_OPERATION_read_zoneinfo);

    if (error < 0)
        return error;
    *ret_zoneinfo = (struct mm_zoneinfo){
        .node_count = 1,
        .zone_count = 1,
        .free_pages = mm_machine_free_bytes(machine) / MM_MACHINE_PAGE_BYTES,
        .managed_pages = managed / MM_MACHINE_PAGE_BYTES,
        .min_watermark_pages = mm_machine_watermark_bytes(machine, MM_WATERMARK_MIN) / MM_MACHINE_PAGE_BYTES,
        .low_watermark_pages = mm_machine_watermark_bytes(machine, MM_WATERMARK_LOW) / MM_MACHINE_PAGE_BYTES,
        .high_watermark_pages =
            mm_machine_watermark_bytes(machine, MM_WATERMARK_HIGH) / MM_MACHINE_PAGE_BYTES,
    };
    return 0;
}

static int machine_notice_fd(struct mm_kernel *kernel)
{
    (void)mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_notice_fd);
    return -1;
}

static void machine_free(struct mm_kernel *kernel)
{
    struct mm_machine *machine = mm_machine_of(kernel);

    mm_machine_drop_jobs(machine);
    mm_machine_close_triggers(machine);
    mm_machine_close_wakes(machine);
    mm_machine_close_handles(machine);
    mm_machine_free_processes(machine);
    mm_machine_free_groups(machine);
    mm_machine_free_states(machine);
    free(machine->watches);
    free(machine->notices);
    free(machine);
}

/* Groups of the virtual machine change only as a test has them changed. */
static int machine_open_group_watch(struct mm_kernel *kernel, enum mm_group_tree tree,
                                    struct mm_group_watch **ret_watch)
{
    (void)kernel;
    (void)tree;
    (void)ret_watch;
    return -EOPNOTSUPP;
}

static const struct mm_kernel_ops machine_ops = {
    .free = machine_free,
    .now_ns = machine_now_ns,
    .feature = machine_feature,
    .read_memory = machine_read_memory,
    .read_vmstat = machine_read_vmstat,
    .read_zoneinfo = machine_read_zoneinfo,
    .read_pressure = mm_machine_read_pressure,
    .open_pressure_trigger = mm_machine_open_pressure_trigger,
    .close_pressure_trigger = mm_machine_close_pressure_trigger,
    .read_process = mm_machine_read_process,
    .scan_processes = mm_machine_scan_processes,
    .write_oom_score_adj = mm_machine_write_oom_score_adj,
    .read_process_group = mm_machine_read_process_group,
    .is_in_domain = mm_machine_is_in_domain,
    .open_process = mm_machine_open_process,
    .close_process = mm_machine_close_process,
    .kill_process = mm_machine_kill_process,
    .reap_process = mm_machine_reap_process,
    .watch_process = mm_machine_watch_process,
    .has_exited = mm_machine_has_exited,
    .open_group = mm_machine_open_group,
    .borrow_group = mm_machine_borrow_group,
    .close_group = mm_machine_close_group,
    .group_path = mm_machine_group_path,
    .group_id = mm_machine_group_id,
    .read_group = mm_machine_read_group,
    .raise_group = mm_machine_raise_group,
    .read_group_processes = mm_machine_read_group_processes,
    .kill_group = mm_machine_kill_group,
    .submit_job = mm_machine_submit_job,
    .cancel_jobs = mm_machine_cancel_jobs,
    .notice_fd = machine_notice_fd,
    .drain_notices = mm_machine_drain_notices,
    .map_state = mm_machine_map_state,
    .open_group_watch = machine_open_group_watch,
    .open_wake = mm_machine_open_wake,
    .wake_fd = mm_machine_wake_fd,
    .take_wake = mm_machine_take_wake,
    .move_wake = mm_machine_move_wake,
    .close_wake = mm_machine_close_wake,
    .read_group_events = mm_machine_read_group_events,
    .read_swap = mm_machine_read_swap,
    .read_power = mm_machine_read_power,
    .suspended_ns = mm_machine_suspended_ns,
    .is_frozen = mm_machine_is_frozen,
    .read_frozen = mm_machine_read_frozen,
    .read_saved = mm_machine_read_saved,
    .write_saved = mm_machine_write_saved,
    .remove_saved = mm_machine_remove_saved,
    .read_boot_id = mm_machine_read_boot_id,
};

/* v1 is what a machine falls back to; swap is what zram gives it. */
static void fill_features(struct mm_machine *machine)
{
    bool *lacks = machine->options.lacks;

    machine->is_v1 = lacks[MM_FEATURE_CGROUP_V2_MEMORY] && !lacks[MM_FEATURE_CGROUP_V1_MEMORY];
    if (machine->options.zram_bytes == 0)
        lacks[MM_FEATURE_SWAP] = true;
    lacks[MM_FEATURE_CGROUP_V1_MEMORY] = !machine->is_v1;
    lacks[MM_FEATURE_USAGE_THRESHOLD] |= !machine->is_v1;
    lacks[MM_FEATURE_VMPRESSURE] |= !machine->is_v1;
    if (lacks[MM_FEATURE_CGROUP_V2_MEMORY]) {
        lacks[MM_FEATURE_MEMORY_HIGH] = true;
        lacks[MM_FEATURE_MEMORY_RECLAIM] = true;
    }
    for (int i = 0; i < MM_FEATURE_COUNT; i++) {
        machine->features[i].available = !lacks[i];
        mm_copy_text(machine->features[i].reason, sizeof(machine->features[i].reason),
                     lacks[i] ? "the simulated machine lacks it" : "simulated");
    }
}

static void init_lists(struct mm_machine *machine)
{
    mm_list_init(&machine->processes);
    mm_list_init(&machine->active);
    mm_list_init(&machine->remains);
    mm_list_init(&machine->groups);
    mm_list_init(&machine->handles);
    mm_list_init(&machine->triggers);
    mm_list_init(&machine->wakes);
    mm_list_init(&machine->states);
}

int mm_simulated_kernel_new(const struct mm_simulated_machine *options, struct mm_kernel **ret_kernel)
{
    struct mm_machine *machine;
    struct mm_machine_group *root;
    uint64_t reserved = options->reserved_bytes;

    if (options->ram_bytes == 0 || reserved > options->ram_bytes ||
        options->page_cache_bytes > options->ram_bytes - reserved)
        return -EINVAL;
    machine = calloc(1, sizeof(*machine));
    if (!machine)
        return -ENOMEM;
    machine->kernel.ops = &machine_ops;
    machine->kernel.own_pid = options->own_pid;
    machine->options = *options;
    machine->power = (struct mm_power_state){.battery_count = 1, .charge_percent = 100};
    init_lists(machine);
    fill_features(machine);
    if (mm_machine_make_group(machine, "/", &root) < 0) {
        free(machine);
        return -ENOMEM;
    }
    root->own_file_bytes = options->page_cache_bytes;
    mm_machine_charge(root, 0, (int64_t)root->own_file_bytes, 0);
    *ret_kernel = &machine->kernel;
    return 0;
}
