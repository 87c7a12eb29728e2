/* SPDX-License-Identifier: Apache-2.0 */
/* What Linux tells by itself, one row for each kind. */
#include "kernel_interface/wake.h"

#include "common/common.h"
#include "kernel_interface/event_control.h"
#include "kernel_interface/group_events.h"
#include "kernel_interface/inotify.h"
#include "kernel_interface/limit_watch.h"
#include "kernel_interface/power_supply.h"
#include "kernel_interface/swap_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

/* ---- usage -------------------------------------------------------------------------------------------- */

static int open_usage(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    int r = 0;

    if (!kernel->features[MM_FEATURE_USAGE_THRESHOLD].available)
        return -EOPNOTSUPP;
    if (!kernel->is_group_domain)
        r = mm_group_open(&kernel->hierarchies.memory, "/", &wake->root);
    if (r == 0)
        r = mm_usage_alarm_new(&wake->alarm);
    if (r == 0)
        wake->fd = mm_usage_alarm_fd(wake->alarm);
    return r;
}

static int take_usage(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    (void)kernel;
    return mm_usage_alarm_take(wake->alarm);
}

static void close_usage(struct mm_wake *wake)
{
    mm_usage_alarm_free(wake->alarm);
    mm_group_close(wake->root);
}

/* Of what read_memory saw last. Where RAM is tightest the root's usage stands for it: pages of files and processes. */
static int view_usage(struct mm_linux_kernel *kernel, struct mm_wake *wake, struct mm_usage_view *ret_view)
{
    struct mm_group *root = wake->root ? wake->root : kernel->levels[kernel->level_count - 1];

    *ret_view = kernel->tightest;
    if (ret_view->directory_fd >= 0)
        return 0;
    ret_view->directory_fd = root->directory_fd;
    return mm_group_read_number(root, MM_GROUP_FILE_CURRENT, &ret_view->usage_bytes);
}

bool mm_linux_move_wake(struct mm_kernel *base, struct mm_wake *wake, uint64_t line_bytes,
                        struct mm_wake_cover *ret_cover)
{
    struct mm_usage_view view;

    if (wake->request.kind != MM_WAKE_USAGE || view_usage(mm_linux(base), wake, &view) < 0)
        return false;
    ret_cover->other_available_bytes = view.other_available_bytes;
    ret_cover->margin_bytes = mm_usage_alarm_move(wake->alarm, &view, line_bytes);
    return ret_cover->margin_bytes > 0;
}

/* ---- of a group ---------------------------------------------------------------------------------------- */

/* NULL means the domain: its group, or the root for a machine. */
static int group_directory(const struct mm_linux_kernel *kernel, const struct mm_group *group)
{
    if (!group && kernel->is_group_domain)
        group = kernel->levels[0];
    return group ? group->directory_fd : kernel->hierarchies.memory.top_fd;
}

/* A descriptor of its own: the caller's group may be closed before the wake. */
static int hold_directory(const struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    wake->directory_fd = fcntl(group_directory(kernel, wake->request.group), F_DUPFD_CLOEXEC, 3);
    return wake->directory_fd < 0 ? -errno : 0;
}

static int open_event_fd(struct mm_linux_kernel *kernel, struct mm_wake *wake, const char *file,
                         const char *argument)
{
    int r = hold_directory(kernel, wake);

    if (r < 0)
        return r;
    wake->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake->fd < 0)
        return -errno;
    return mm_event_control_register(wake->directory_fd, file, argument, wake->fd);
}

/* The removal of the group is told like everything else. */
static int take_event_fd(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    uint64_t count;

    (void)kernel;
    if (read(wake->fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        return 0;
    return faccessat(wake->directory_fd, MM_EVENT_CONTROL_FILE, F_OK, 0) == 0 ? 1 : -ENODEV;
}

static int open_vmpressure(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    static const char *const levels[MM_VMPRESSURE_LEVEL_COUNT] = {"low", "medium", "critical"};
    static const char *const modes[MM_VMPRESSURE_MODE_COUNT] = {"default", "hierarchy", "local"};
    const struct mm_wake_request *request = &wake->request;
    char argument[32];

    if (!kernel->features[MM_FEATURE_VMPRESSURE].available)
        return -EOPNOTSUPP;
    if ((unsigned)request->level >= MM_VMPRESSURE_LEVEL_COUNT ||
        (unsigned)request->mode >= MM_VMPRESSURE_MODE_COUNT)
        return -EINVAL;
    (void)mm_format(argument, sizeof(argument), "%s,%s", levels[request->level], modes[request->mode]);
    return open_event_fd(kernel, wake, "memory.pressure_level", argument);
}

/* ---- memory.events, memory.oom_control ------------------------------------------------------------------- */

/* The kernel tells that the file has changed since it was read. */
static int read_events_file(const struct mm_wake *wake)
{
    char text[512]; /* the file is below 200 bytes */
    ssize_t length = pread(wake->fd, text, sizeof(text), 0);

    return length < 0 ? mm_group_file_error(wake->directory_fd, -errno) : 1;
}

static int open_group_events(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    int r;

    if (!kernel->features[MM_FEATURE_GROUP_EVENTS].available)
        return -EOPNOTSUPP;
    if (!kernel->hierarchies.memory.is_v2)
        return open_event_fd(kernel, wake, "memory.oom_control", "");
    r = hold_directory(kernel, wake);
    if (r < 0)
        return r;
    wake->fd = openat(wake->directory_fd, "memory.events", O_RDONLY | O_CLOEXEC);
    if (wake->fd < 0)
        return mm_group_file_error(wake->directory_fd, -errno);
    r = read_events_file(wake);
    return MM_MIN(r, 0);
}

static int take_group_events(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    if (!kernel->hierarchies.memory.is_v2)
        return take_event_fd(kernel, wake);
    return read_events_file(wake);
}

int mm_linux_read_group_events(struct mm_kernel *base, struct mm_group *group,
                               struct mm_group_events *ret_events)
{
    const struct mm_linux_kernel *kernel = mm_linux(base);
    const struct mm_hierarchy *memory = &kernel->hierarchies.memory;

    if (memory->top_fd < 0)
        return -EOPNOTSUPP;
    return mm_group_events_read(group_directory(kernel, group), memory->is_v2, ret_events);
}

/* ---- limits that are changed ----------------------------------------------------------------------------- */

static int open_limits(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    int r;

    if (!kernel->features[MM_FEATURE_LIMIT_CHANGES].available)
        return -EOPNOTSUPP;
    r = mm_limit_watch_new(kernel->levels, kernel->level_count, &wake->limits);
    if (r < 0) {
        struct mm_feature *feature = &kernel->features[MM_FEATURE_LIMIT_CHANGES];

        feature->available = false;
        (void)mm_format(feature->reason, sizeof(feature->reason), "%s", mm_inotify_error_text(r));
        return r;
    }
    wake->fd = mm_limit_watch_fd(wake->limits);
    return 0;
}

static int take_limits(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    (void)kernel;
    return mm_limit_watch_take(wake->limits);
}

static void close_limits(struct mm_wake *wake)
{
    mm_limit_watch_free(wake->limits);
}

/* ---- of the machine ------------------------------------------------------------------------------------- */

static int open_proc_file(const struct mm_linux_kernel *kernel, struct mm_wake *wake, const char *name,
                          int flags)
{
    wake->fd = openat(kernel->proc_fd, name, flags | O_NONBLOCK | O_CLOEXEC);
    if (wake->fd < 0)
        return errno == ENOENT ? -EOPNOTSUPP : -errno;
    return 0;
}

static int open_swap(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    return open_proc_file(kernel, wake, "swaps", O_RDONLY);
}

/* Upstream opens it for writing alone. */
static int open_kswapd(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    return open_proc_file(kernel, wake, MM_KSWAPD_MONITOR_FILE, O_WRONLY);
}

/* That it is ready is all there is, and it is quiet once that was asked. */
static int take_readiness(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    (void)kernel;
    (void)wake;
    return 1;
}

static int open_power(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    if (!kernel->features[MM_FEATURE_POWER_SUPPLY].available)
        return -EOPNOTSUPP;
    return mm_uevent_open(&wake->fd);
}

static int take_power(struct mm_linux_kernel *kernel, struct mm_wake *wake)
{
    (void)kernel;
    return mm_uevent_take_power(wake->fd);
}

int mm_linux_read_swap(struct mm_kernel *base, struct mm_swap_state *ret_swap)
{
    return mm_swap_read(mm_linux(base)->proc_fd, mm_linux(base)->sys_fd, ret_swap);
}

int mm_linux_read_power(struct mm_kernel *base, struct mm_power_state *ret_power)
{
    return mm_power_read(mm_linux(base)->sys_fd, ret_power);
}

/* What passes between the two readings comes off what is said, so that it is never too much. */
uint64_t mm_linux_suspended_ns(struct mm_kernel *base)
{
    struct timespec with_sleep;
    uint64_t with_sleep_ns, awake_ns;

    (void)clock_gettime(CLOCK_BOOTTIME, &with_sleep);
    awake_ns = base->ops->now_ns(base);
    with_sleep_ns = (uint64_t)with_sleep.tv_sec * MM_NS_PER_S + (uint64_t)with_sleep.tv_nsec;
    return with_sleep_ns > awake_ns ? with_sleep_ns - awake_ns : 0;
}

/* ---- all of them ---------------------------------------------------------------------------------------- */

static const struct mm_wake_ops kinds[MM_WAKE_KIND_COUNT] = {
    [MM_WAKE_USAGE] = {EPOLLIN, open_usage, take_usage, close_usage},
    [MM_WAKE_VMPRESSURE] = {EPOLLIN, open_vmpressure, take_event_fd, NULL},
    [MM_WAKE_GROUP_EVENTS] = {EPOLLIN, open_group_events, take_group_events, NULL}, /* v2: EPOLLPRI */
    [MM_WAKE_SWAP] = {EPOLLPRI, open_swap, take_readiness, NULL},
    [MM_WAKE_POWER] = {EPOLLIN, open_power, take_power, NULL},
    /* each change alone: what is not known of that driver is whether it is quiet after one */
    [MM_WAKE_KSWAPD] = {EPOLLPRI | EPOLLET, open_kswapd, take_readiness, NULL},
    [MM_WAKE_LIMITS] = {EPOLLIN, open_limits, take_limits, close_limits},
};

static void close_wake(struct mm_wake *wake)
{
    if (wake->ops->close)
        wake->ops->close(wake);
    else if (wake->fd >= 0)
        (void)close(wake->fd);
    if (wake->directory_fd >= 0)
        (void)close(wake->directory_fd);
    free(wake);
}

int mm_linux_open_wake(struct mm_kernel *base, const struct mm_wake_request *request,
                       struct mm_wake **ret_wake)
{
    struct mm_wake *wake;
    int r;

    if ((unsigned)request->kind >= MM_WAKE_KIND_COUNT)
        return -EINVAL;
    wake = (struct mm_wake *)calloc(1, sizeof(*wake));
    if (!wake)
        return -ENOMEM;
    wake->ops = &kinds[request->kind];
    wake->request = *request;
    wake->fd = wake->directory_fd = -1;
    r = wake->ops->open(mm_linux(base), wake);
    if (r < 0) {
        close_wake(wake);
        return r;
    }
    *ret_wake = wake;
    return 0;
}

int mm_linux_wake_fd(struct mm_kernel *base, const struct mm_wake *wake, uint32_t *ret_events)
{
    bool is_file = wake->request.kind == MM_WAKE_GROUP_EVENTS && mm_linux(base)->hierarchies.memory.is_v2;

    *ret_events = is_file ? EPOLLPRI : wake->ops->events;
    return wake->fd;
}

int mm_linux_take_wake(struct mm_kernel *base, struct mm_wake *wake)
{
    return wake->ops->take(mm_linux(base), wake);
}

void mm_linux_close_wake(struct mm_kernel *base, struct mm_wake *wake)
{
    (void)base;
    if (wake)
        close_wake(wake);
}
