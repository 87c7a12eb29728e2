/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the memory and the pressure of the machine, of a group domain and of groups. */
#include "kernel_interface/linux_kernel.h"

#include "common/common.h"
#include "kernel_interface/domain_memory.h"
#include "kernel_interface/pressure_trigger.h"
#include "kernel_interface/system_files.h"

#include <errno.h>
#include <fcntl.h>

static int read_lines(struct mm_linux_kernel *kernel, struct mm_hot_file *file, mm_line_visit visit,
                      void *user)
{
    return mm_hot_file_lines(file, kernel->buffer, sizeof(kernel->buffer), visit, user);
}

static int read_machine_memory(struct mm_linux_kernel *kernel, struct mm_memory_state *ret_memory)
{
    struct mm_meminfo meminfo;
    uint64_t buffer_bytes = MM_UNKNOWN;
    int r;

    mm_meminfo_begin(&meminfo);
    r = read_lines(kernel, &kernel->meminfo, mm_meminfo_parse_line, &meminfo);
    if (r == 0)
        r = mm_meminfo_end(&meminfo, ret_memory);
    if (r < 0 || kernel->zswapd_buffer.fd < 0)
        return r;
    r = read_lines(kernel, &kernel->zswapd_buffer, mm_zswapd_buffer_parse_line, &buffer_bytes);
    if (r == 0 && buffer_bytes != MM_UNKNOWN)
        ret_memory->available_bytes = buffer_bytes;
    return 0; /* MemAvailable does where that file fails */
}

/* A limit file that is not there is no limit: the v2 root has none, nor a group without the controller. */
static int read_limit(struct mm_group *group, enum mm_group_file file, uint64_t *ret_bytes)
{
    int r = mm_group_read_number(group, file, ret_bytes);

    if (r != -EOPNOTSUPP)
        return r;
    *ret_bytes = MM_UNLIMITED;
    return 0;
}

/* What of the group's usage could be dropped. */
static int read_droppable(struct mm_group *group, struct mm_domain_level *level,
                          struct mm_domain_pages *pages)
{
    struct mm_group_stat stat;
    int r = mm_group_read_stat(group, &stat);

    if (r == 0)
        r = mm_group_stat_droppable(&stat, &level->droppable_bytes);
    if (r < 0)
        return r;
    pages->file_bytes = level->droppable_bytes;
    pages->anonymous_bytes = stat.anonymous == MM_UNKNOWN ? 0 : stat.anonymous;
    return 0;
}

static int read_level(struct mm_group *group, struct mm_domain_level *level)
{
    int r;

    *level = (struct mm_domain_level){.counts_both = !group->is_v2};
    r = read_limit(group, MM_GROUP_FILE_MAX, &level->limit_bytes);
    if (r == 0)
        r = read_limit(group, MM_GROUP_FILE_SWAP_MAX, &level->swap_limit_bytes);
    if (r == 0 && level->limit_bytes != MM_UNLIMITED)
        r = mm_group_read_number(group, MM_GROUP_FILE_CURRENT, &level->usage_bytes);
    if (r == 0 && level->swap_limit_bytes != MM_UNLIMITED)
        r = mm_group_read_number(group, MM_GROUP_FILE_SWAP_CURRENT, &level->swap_usage_bytes);
    return r;
}

/* The machine's own memory, whose usage is read when somebody wants to know. What zswapd calls available is not made of
   the same pages. */
static void note_machine(struct mm_linux_kernel *kernel, const struct mm_memory_state *machine)
{
    kernel->tightest = (struct mm_usage_view){
        .directory_fd = -1,
        .available_bytes = machine->available_bytes,
        .limit_bytes = machine->total_bytes,
        .droppable_bytes = kernel->zswapd_buffer.fd < 0 ? machine->file_bytes : MM_UNKNOWN,
        .other_available_bytes = MM_UNKNOWN,
    };
}

/* The first `count` levels are those of kernel->levels. */
static void note_tightest(struct mm_linux_kernel *kernel, const struct mm_domain_level *levels, size_t count,
                          const struct mm_memory_state *machine)
{
    size_t index = mm_domain_memory_tightest(levels, count, machine->available_bytes);
    uint64_t other_bytes = index == count ? MM_UNKNOWN : machine->available_bytes;

    for (size_t i = 0; i < count; i++) {
        uint64_t level_bytes = mm_domain_level_available(&levels[i]);

        if (i != index && level_bytes != MM_UNLIMITED)
            other_bytes = MM_MIN(other_bytes, level_bytes);
    }
    if (index == count)
        note_machine(kernel, machine);
    else
        kernel->tightest = (struct mm_usage_view){
            .directory_fd = kernel->levels[index]->directory_fd,
            .usage_bytes = levels[index].usage_bytes,
            .available_bytes = mm_domain_level_available(&levels[index]),
            .limit_bytes = levels[index].limit_bytes,
            .droppable_bytes = levels[index].droppable_bytes,
        };
    kernel->tightest.other_available_bytes = other_bytes;
}

static int apply_domain(struct mm_linux_kernel *kernel, struct mm_memory_state *memory)
{
    struct mm_domain_level levels[MM_DOMAIN_LEVELS_MAX] = {0}; /* for the analyzer: each is read before use */
    struct mm_domain_pages pages = {memory->file_bytes, memory->anonymous_bytes};
    bool has_pages = false;

    for (unsigned i = 0; i < kernel->level_count; i++) {
        struct mm_domain_level *level = &levels[i];
        struct mm_domain_pages level_pages;
        int r = read_level(kernel->levels[i], level);

        if (r < 0)
            return r;
        if (has_pages && level->limit_bytes == MM_UNLIMITED)
            continue;
        r = read_droppable(kernel->levels[i], level, &level_pages);
        /* Without the memory controller enabled for it a group has no figures; those above it have. */
        if (r == -EOPNOTSUPP && level->limit_bytes == MM_UNLIMITED)
            continue;
        if (r < 0)
            return r;
        if (!has_pages)
            pages = level_pages;
        has_pages = true;
    }
    note_tightest(kernel, levels, kernel->level_count, memory);
    mm_domain_memory_apply(levels, kernel->level_count, &pages, memory);
    return 0;
}

/* What was opened, armed and limited was in the group that is gone. */
static int removed_domain_error(const struct mm_linux_kernel *kernel)
{
    int fd MM_CLEANUP_CLOSE = mm_hierarchy_open(&kernel->hierarchies.memory, kernel->levels[0]->path);

    return fd >= 0 ? -ESTALE : -ENODEV;
}

int mm_linux_read_memory(struct mm_kernel *base, struct mm_memory_state *ret_memory)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    struct mm_memory_state memory = {0}; /* for the analyzer: a reading without error fills it */
    int r = read_machine_memory(kernel, &memory);

    if (r == 0 && kernel->is_group_domain)
        r = apply_domain(kernel, &memory);
    else if (r == 0)
        note_machine(kernel, &memory);
    if (r == -ENODEV)
        r = removed_domain_error(kernel);
    if (r == 0)
        *ret_memory = memory;
    return r;
}

int mm_linux_read_vmstat(struct mm_kernel *base, struct mm_vmstat *ret_vmstat)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    struct mm_vmstat vmstat;
    int r;

    mm_vmstat_begin(&vmstat);
    r = read_lines(kernel, &kernel->vmstat, mm_vmstat_parse_line, &vmstat);
    if (r == 0)
        r = mm_vmstat_end(&vmstat);
    if (r == 0)
        *ret_vmstat = vmstat;
    return r;
}

int mm_linux_read_zoneinfo(struct mm_kernel *base, struct mm_zoneinfo *ret_zoneinfo)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    struct mm_zoneinfo_parser parser;
    int r;

    mm_zoneinfo_begin(&parser);
    r = read_lines(kernel, &kernel->zoneinfo, mm_zoneinfo_parse_line, &parser);
    return r < 0 ? r : mm_zoneinfo_end(&parser, ret_zoneinfo);
}

/* NULL means the domain: its group, or nothing for a machine. */
static struct mm_group *group_or_domain(struct mm_linux_kernel *kernel, struct mm_group *group)
{
    if (!group && kernel->is_group_domain)
        return kernel->levels[0];
    return group;
}

static int read_pressure_lines(struct mm_linux_kernel *kernel, struct mm_group *group,
                               struct mm_pressure *pressure)
{
    int twin_fd MM_CLEANUP_CLOSE = -1;
    int r;

    if (!group) {
        r = read_lines(kernel, &kernel->pressure, mm_pressure_parse_line, pressure);
        return r == -ENOENT ? -EOPNOTSUPP : r;
    }
    if (group->is_v2) {
        r = read_lines(kernel, &group->files[MM_GROUP_FILE_PRESSURE], mm_pressure_parse_line, pressure);
        return mm_group_file_error(group->directory_fd, r);
    }
    twin_fd = mm_group_open_twin(&kernel->hierarchies.unified, group);
    if (twin_fd < 0)
        return twin_fd;
    r = mm_read_lines(twin_fd, "memory.pressure", kernel->buffer, sizeof(kernel->buffer),
                      mm_pressure_parse_line, pressure);
    return mm_group_file_error(twin_fd, r);
}

int mm_linux_read_pressure(struct mm_kernel *base, struct mm_group *group, struct mm_pressure *ret_pressure)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    struct mm_pressure pressure;
    int r;

    mm_pressure_begin(&pressure);
    r = read_pressure_lines(kernel, group_or_domain(kernel, group), &pressure);
    if (r == 0)
        r = mm_pressure_end(&pressure);
    if (r == 0)
        *ret_pressure = pressure;
    return r;
}

static int open_trigger(struct mm_linux_kernel *kernel, struct mm_group *group,
                        const struct mm_pressure_trigger *wanted, uint64_t *ret_window_us, int *ret_fd)
{
    int twin_fd MM_CLEANUP_CLOSE = -1;
    int r;

    if (!group)
        return mm_pressure_trigger_open(kernel->proc_fd, MM_PRESSURE_FILE, wanted->kind, wanted->stall_us,
                                        wanted->window_us, ret_window_us, ret_fd);
    twin_fd = mm_group_open_twin(&kernel->hierarchies.unified, group);
    if (twin_fd < 0)
        return twin_fd;
    r = mm_pressure_trigger_open(twin_fd, "memory.pressure", wanted->kind, wanted->stall_us,
                                 wanted->window_us, ret_window_us, ret_fd);
    return r == -EOPNOTSUPP ? mm_group_file_error(twin_fd, -ENOENT) : r;
}

int mm_linux_open_pressure_trigger(struct mm_kernel *base, struct mm_group *group,
                                   const struct mm_pressure_trigger *wanted,
                                   struct mm_pressure_trigger *ret_armed, int *ret_fd)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    struct mm_pressure_trigger armed = *wanted;
    int r;

    if (kernel->is_fake)
        return -EOPNOTSUPP;
    group = group_or_domain(kernel, group);
    r = open_trigger(kernel, group, wanted, &armed.window_us, ret_fd);
    if (r < 0)
        return r;
    mm_linux_note_trigger(kernel, group ? "memory.pressure of a group" : "/proc/pressure/memory",
                          wanted->window_us, armed.window_us);
    if (armed.window_us != wanted->window_us)
        armed.stall_us = mm_pressure_scale_stall(wanted->stall_us, wanted->window_us, armed.window_us);
    *ret_armed = armed;
    return 0;
}

void mm_linux_close_pressure_trigger(struct mm_kernel *base, int fd)
{
    mm_slow_close(&mm_linux(base)->slow_close, fd);
}
