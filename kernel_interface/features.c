/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel can do, tried once where trying changes nothing and costs little. cgroup.kill and memory.high are files
 * that the root group does not have, so a group below it is looked at; where there is none one is made and
 * removed.
 */
#include "kernel_interface/linux_kernel.h"

#include "common/common.h"
#include "kernel_interface/capabilities.h"
#include "kernel_interface/directory.h"
#include "kernel_interface/event_control.h"
#include "kernel_interface/power_supply.h"
#include "kernel_interface/pressure_trigger.h"
#include "kernel_interface/wake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

/* A second: any window under the common 2 s shows whether short ones are accepted. */
#define SHORT_WINDOW_US 1000000ULL

/* A tenth of the window; what it is does not matter, nobody waits for the probe's trigger. */
#define PROBE_STALL_US(window_us) ((window_us) / 10)

#define CAP_SYS_RESOURCE_BIT 24U
#define CAP_KILL_BIT         5U

/* uid_map of the initial user namespace: every uid there is. */
#define ALL_UIDS 4294967295ULL

__attribute__((format(printf, 4, 5))) static void set(struct mm_linux_kernel *kernel, enum mm_feature_id id,
                                                      bool is_available, const char *format, ...)
{
    struct mm_feature *feature = &kernel->features[id];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(feature->reason, sizeof(feature->reason), format, arguments);
    va_end(arguments);
    feature->available = is_available;
}

static void probe_pressure(struct mm_linux_kernel *kernel)
{
    struct mm_hot_file *file = &kernel->pressure;
    ssize_t length = mm_hot_file_read(file, kernel->buffer, sizeof(kernel->buffer));

    if (length > 0)
        set(kernel, MM_FEATURE_PRESSURE, true, "/proc/pressure/memory");
    else if (length == -ENOENT)
        set(kernel, MM_FEATURE_PRESSURE, false, "no /proc/pressure/memory: PSI is not built in, or psi=0");
    else if (length == -EOPNOTSUPP)
        set(kernel, MM_FEATURE_PRESSURE, false, "switched off: boot with psi=1");
    else
        set(kernel, MM_FEATURE_PRESSURE, false, "/proc/pressure/memory: %s",
            strerror(length < 0 ? (int)-length : EIO));
}

void mm_linux_note_trigger(struct mm_linux_kernel *kernel, const char *file, uint64_t asked_us,
                           uint64_t window_us)
{
    set(kernel, MM_FEATURE_PRESSURE_TRIGGER, true, "armed on %s", file);
    /* whole multiples of it are for everybody, and say nothing of others */
    if (asked_us % MM_PRESSURE_COMMON_WINDOW_US == 0)
        return;
    if (window_us == asked_us)
        set(kernel, MM_FEATURE_PRESSURE_SHORT_WINDOW, true, "%llu ms accepted",
            (unsigned long long)(asked_us / 1000));
    else
        set(kernel, MM_FEATURE_PRESSURE_SHORT_WINDOW, false,
            "%llu ms refused, 2 s accepted: no CAP_SYS_RESOURCE", (unsigned long long)(asked_us / 1000));
}

void mm_linux_probe_triggers(struct mm_linux_kernel *kernel)
{
    uint64_t window_us = 0;
    int fd = -1;
    int r = -EOPNOTSUPP;

    if (!kernel->is_fake)
        r = mm_pressure_trigger_open(kernel->proc_fd, MM_PRESSURE_FILE, MM_PRESSURE_SOME,
                                     PROBE_STALL_US(SHORT_WINDOW_US), SHORT_WINDOW_US, &window_us, &fd);
    if (r < 0) {
        set(kernel, MM_FEATURE_PRESSURE_TRIGGER, false, "refused: %s", strerror(-r));
        set(kernel, MM_FEATURE_PRESSURE_SHORT_WINDOW, false, "no trigger at all");
        return;
    }
    mm_linux_note_trigger(kernel, "/proc/pressure/memory", SHORT_WINDOW_US, window_us);
    mm_slow_close(&kernel->slow_close, fd);
}

static void probe_memory_hierarchy(struct mm_linux_kernel *kernel)
{
    const struct mm_hierarchy *memory = &kernel->hierarchies.memory;
    bool is_v2 = memory->top_fd >= 0 && memory->is_v2;
    bool is_v1 = memory->top_fd >= 0 && !memory->is_v2;
    const char *other =
        is_v1 ? "the memory controller is on v1" : "no v2 hierarchy with the memory controller";

    if (is_v2)
        set(kernel, MM_FEATURE_CGROUP_V2_MEMORY, true, "cgroup v2 at %s", memory->mount_point);
    else
        set(kernel, MM_FEATURE_CGROUP_V2_MEMORY, false, "%s", other);
    if (is_v1)
        set(kernel, MM_FEATURE_CGROUP_V1_MEMORY, true, "cgroup v1 at %s", memory->mount_point);
    else
        set(kernel, MM_FEATURE_CGROUP_V1_MEMORY, false, "%s",
            is_v2 ? "the memory controller is on v2" : "no v1 hierarchy with the memory controller");
}

/* Which of the files that only groups below the root have were seen in one. */
struct group_files {
    bool has_any_group;
    bool has_kill, has_high;
};

static int look_into_group(int directory_fd, const char *name, unsigned char type, void *user)
{
    struct group_files *files = (struct group_files *)user;
    int fd MM_CLEANUP_CLOSE = -1;

    if (type != DT_DIR && type != DT_UNKNOWN)
        return 0;
    fd = openat(directory_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return 0;
    files->has_any_group = true;
    files->has_kill = files->has_kill || faccessat(fd, "cgroup.kill", F_OK, 0) == 0;
    files->has_high = files->has_high || faccessat(fd, "memory.high", F_OK, 0) == 0;
    return files->has_kill && files->has_high;
}

static void look_into_groups(const struct mm_linux_kernel *kernel, struct group_files *files)
{
    int top_fd = kernel->hierarchies.unified.top_fd;
    char name[40];

    if (top_fd < 0)
        return;
    (void)mm_each_entry(top_fd, look_into_group, files);
    if (files->has_any_group || kernel->is_fake)
        return;
    (void)mm_format(name, sizeof(name), "memmgr-probe-%d", (int)getpid());
    if (mkdirat(top_fd, name, 0700) < 0)
        return;
    (void)look_into_group(top_fd, name, DT_DIR, files);
    (void)unlinkat(top_fd, name, AT_REMOVEDIR);
}

static void probe_group_files(struct mm_linux_kernel *kernel)
{
    const struct mm_hierarchy *unified = &kernel->hierarchies.unified;
    bool is_v2_memory = kernel->features[MM_FEATURE_CGROUP_V2_MEMORY].available;
    static const char no_group[] = "not to be tried: there is no group below the root, and none can be made";
    struct group_files files = {0};

    look_into_groups(kernel, &files);
    if (files.has_kill)
        set(kernel, MM_FEATURE_CGROUP_KILL, true, "cgroup.kill under %.60s", unified->mount_point);
    else if (unified->top_fd < 0)
        set(kernel, MM_FEATURE_CGROUP_KILL, false, "no v2 hierarchy");
    else if (!files.has_any_group)
        set(kernel, MM_FEATURE_CGROUP_KILL, false, "%s", no_group);
    else
        set(kernel, MM_FEATURE_CGROUP_KILL, false, "no cgroup.kill (kernels from 5.14)");

    if (!is_v2_memory)
        set(kernel, MM_FEATURE_MEMORY_HIGH, false, "no memory controller on v2");
    else if (files.has_high)
        set(kernel, MM_FEATURE_MEMORY_HIGH, true, "memory.high");
    else if (!files.has_any_group)
        set(kernel, MM_FEATURE_MEMORY_HIGH, false, "%s", no_group);
    else
        set(kernel, MM_FEATURE_MEMORY_HIGH, false,
            "no group has it: memory is not in cgroup.subtree_control");

    if (!is_v2_memory)
        set(kernel, MM_FEATURE_MEMORY_RECLAIM, false, "no memory controller on v2");
    else if (faccessat(unified->top_fd, "memory.reclaim", F_OK, 0) == 0)
        set(kernel, MM_FEATURE_MEMORY_RECLAIM, true, "memory.reclaim");
    else
        set(kernel, MM_FEATURE_MEMORY_RECLAIM, false, "no memory.reclaim (kernels from 5.19)");
}

/* Eventfds of v1, which must be writable to be asked for. Not tried: registering a threshold takes some 10 ms, and a
   refusal is told then. */
static void probe_event_control(struct mm_linux_kernel *kernel, enum mm_feature_id id, const char *file)
{
    const struct mm_hierarchy *memory = &kernel->hierarchies.memory;

    if (!kernel->features[MM_FEATURE_CGROUP_V1_MEMORY].available)
        set(kernel, id, false, "cgroup v1 only");
    else if (faccessat(memory->top_fd, MM_EVENT_CONTROL_FILE, W_OK, 0) < 0)
        set(kernel, id, false, MM_EVENT_CONTROL_FILE ": %s", strerror(errno));
    else if (faccessat(memory->top_fd, file, R_OK, 0) < 0)
        set(kernel, id, false, "%s: %s", file, strerror(errno));
    else
        set(kernel, id, true, "%s under %.60s", file, memory->mount_point);
}

static void probe_group_events(struct mm_linux_kernel *kernel)
{
    probe_event_control(kernel, MM_FEATURE_USAGE_THRESHOLD, "memory.usage_in_bytes");
    probe_event_control(kernel, MM_FEATURE_VMPRESSURE, "memory.pressure_level");
    if (kernel->features[MM_FEATURE_CGROUP_V2_MEMORY].available)
        set(kernel, MM_FEATURE_GROUP_EVENTS, true, "memory.events");
    else
        probe_event_control(kernel, MM_FEATURE_GROUP_EVENTS, "memory.oom_control");
}

static void probe_proc_file(struct mm_linux_kernel *kernel, enum mm_feature_id id, const char *name, int mode,
                            const char *reason)
{
    if (faccessat(kernel->proc_fd, name, mode, 0) == 0)
        set(kernel, id, true, "/proc/%s", name);
    else
        set(kernel, id, false, "no /proc/%s: %s", name, errno == ENOENT ? reason : strerror(errno));
}

static void probe_power(struct mm_linux_kernel *kernel)
{
    const enum mm_feature_id id = MM_FEATURE_POWER_SUPPLY;
    struct mm_power_state power = {0};
    int r = mm_power_read(kernel->sys_fd, &power);

    if (r < 0)
        set(kernel, id, false, "/sys/class/power_supply: %s", strerror(-r));
    else if (power.battery_count == 0)
        set(kernel, id, false, "no battery in /sys/class/power_supply");
    else
        set(kernel, id, true, "/sys/class/power_supply");
}

/* Whether inotify has room for it is said when it is asked for. */
static void probe_limit_changes(struct mm_linux_kernel *kernel)
{
    if (kernel->is_group_domain)
        set(kernel, MM_FEATURE_LIMIT_CHANGES, true, "inotify on the limits of %u groups, up to the root",
            kernel->level_count);
    else
        set(kernel, MM_FEATURE_LIMIT_CHANGES, false, "the machine has no limit");
}

static void probe_machine_events(struct mm_linux_kernel *kernel)
{
    probe_proc_file(kernel, MM_FEATURE_SWAP_EVENTS, "swaps", R_OK, "the kernel is built without swap");
    probe_proc_file(kernel, MM_FEATURE_KSWAPD_MONITOR, MM_KSWAPD_MONITOR_FILE, W_OK,
                    "kernels of OpenHarmony with CONFIG_MEMORY_MONITOR have it");
    probe_power(kernel);
}

static void probe_group_pressure(struct mm_linux_kernel *kernel)
{
    const struct mm_hierarchy *unified = &kernel->hierarchies.unified;
    ssize_t length;

    if (unified->top_fd < 0) {
        set(kernel, MM_FEATURE_GROUP_PRESSURE, false, "no v2 hierarchy");
        return;
    }
    length = mm_read_file(unified->top_fd, "memory.pressure", kernel->buffer, sizeof(kernel->buffer));
    if (length > 0)
        set(kernel, MM_FEATURE_GROUP_PRESSURE, true, "memory.pressure under %.60s", unified->mount_point);
    else
        set(kernel, MM_FEATURE_GROUP_PRESSURE, false, "memory.pressure: %s",
            strerror(length < 0 ? (int)-length : EIO));
}

static void probe_pidfd(struct mm_linux_kernel *kernel)
{
    int fd MM_CLEANUP_CLOSE = kernel->is_fake ? -EOPNOTSUPP : mm_linux_pidfd_open(getpid());

    if (fd >= 0)
        set(kernel, MM_FEATURE_PIDFD, true, "pidfd_open");
    else
        set(kernel, MM_FEATURE_PIDFD, false, "pidfd_open: %s", strerror(-fd));
}

static void probe_mrelease(struct mm_linux_kernel *kernel)
{
    /* No process is behind descriptor -1, so a kernel that has the call says EBADF. */
    long r = syscall(SYS_process_mrelease, -1, 0);
    int error = r < 0 ? errno : 0;

    if (error == EBADF)
        set(kernel, MM_FEATURE_PROCESS_MRELEASE, true, "process_mrelease");
    else
        set(kernel, MM_FEATURE_PROCESS_MRELEASE, false, "process_mrelease: %s", strerror(error));
}

/* "         0          0 4294967295" in the initial user namespace, the only one whose capabilities count. */
static bool is_initial_user_namespace(struct mm_linux_kernel *kernel)
{
    ssize_t length = mm_read_file(kernel->proc_fd, "self/uid_map", kernel->buffer, sizeof(kernel->buffer));
    const char *cursor = kernel->buffer;
    const char *end = kernel->buffer + length;
    uint64_t inside, outside, count;

    if (length == -ENOENT)
        return true; /* a kernel without user namespaces */
    if (length <= 0 || mm_scan_figure(&cursor, end, &inside) < 0)
        return false;
    if (mm_scan_figure(&cursor, end, &outside) < 0 || mm_scan_figure(&cursor, end, &count) < 0)
        return false;
    return inside == 0 && outside == 0 && count == ALL_UIDS;
}

/* The kernel asks for nothing else, and a trial on a process of our own would lower what it may go back to.
 */
static void probe_oom_score_adj(struct mm_linux_kernel *kernel, uint64_t capabilities)
{
    const enum mm_feature_id id = MM_FEATURE_OOM_SCORE_ADJ_LOWER;

    if (!(capabilities >> CAP_SYS_RESOURCE_BIT & 1))
        set(kernel, id, false, "no CAP_SYS_RESOURCE: values below 0 are written as 0");
    else if (!is_initial_user_namespace(kernel))
        set(kernel, id, false, "CAP_SYS_RESOURCE of a user namespace does not count: 0 is written below 0");
    else
        set(kernel, id, true, "CAP_SYS_RESOURCE");
}

static void probe_kill(struct mm_linux_kernel *kernel, uint64_t capabilities)
{
    if (capabilities >> CAP_KILL_BIT & 1)
        set(kernel, MM_FEATURE_KILL_OTHERS, true, "CAP_KILL");
    else
        set(kernel, MM_FEATURE_KILL_OTHERS, false, "no CAP_KILL: only processes of uid %u can be ended",
            (unsigned)geteuid());
}

static void probe_others(struct mm_linux_kernel *kernel, uint64_t effective)
{
    const bool is_initial = is_initial_user_namespace(kernel);
    size_t count;
    const struct mm_capability *capabilities = mm_capabilities(&count);

    for (size_t i = 0; i < count; i++) {
        struct mm_feature *feature = &kernel->features[capabilities[i].feature];

        feature->available = mm_capability_judge(&capabilities[i], effective, is_initial, feature->reason,
                                                 sizeof(feature->reason));
    }
}

/* By the effective set alone, which is what the kernel asks: nothing is tried. */
static void probe_capabilities(struct mm_linux_kernel *kernel)
{
    struct mm_process_status status;
    uint64_t effective;
    int r;

    mm_process_status_begin(&status);
    r = mm_read_lines(kernel->proc_fd, "self/status", kernel->buffer, sizeof(kernel->buffer),
                      mm_process_status_parse_line, &status);
    effective = r < 0 ? 0 : status.effective_capabilities;
    probe_oom_score_adj(kernel, effective);
    probe_kill(kernel, effective);
    probe_others(kernel, effective);
    if (r < 0)
        mm_warning("/proc/self/status cannot be read (%s): taken for a process without capabilities",
                   strerror(-r));
}

static void probe_swap(struct mm_linux_kernel *kernel)
{
    struct mm_memory_state memory;
    char size[MM_SIZE_TEXT_MAX];
    int r = mm_linux_read_memory(&kernel->base, &memory);

    if (r < 0)
        set(kernel, MM_FEATURE_SWAP, false, "memory could not be read: %s", strerror(-r));
    else if (memory.swap_total_bytes == 0)
        set(kernel, MM_FEATURE_SWAP, false, "no swap, or none for this domain");
    else
        set(kernel, MM_FEATURE_SWAP, true, "%s", mm_size_text(memory.swap_total_bytes, size, sizeof(size)));
}

void mm_linux_probe_features(struct mm_linux_kernel *kernel)
{
    probe_pressure(kernel);
    probe_memory_hierarchy(kernel);
    probe_group_files(kernel);
    probe_group_events(kernel);
    probe_limit_changes(kernel);
    probe_machine_events(kernel);
    probe_group_pressure(kernel);
    probe_pidfd(kernel);
    probe_mrelease(kernel);
    probe_capabilities(kernel);
    probe_swap(kernel);
}
