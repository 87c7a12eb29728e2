/* SPDX-License-Identifier: Apache-2.0 */
/* What Linux tells by itself, one row for each kind. */
#include "kernel_interface/wake.h"

#include "common/common.h"

#include <errno.h>
#include <sys/epoll.h>

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

void mm_linux_move_wake(struct mm_kernel *base, struct mm_wake *wake, uint64_t line_bytes)
{
    struct mm_usage_view view;

    if (wake->request.kind == MM_WAKE_USAGE && view_usage(mm_linux(base), wake, &view) == 0)
        mm_usage_alarm_move(wake->alarm, &view, line_bytes);
}

/* ---- all of them ---------------------------------------------------------------------------------------- */

static const struct mm_wake_ops kinds[MM_WAKE_KIND_COUNT] = {
    [MM_WAKE_USAGE] = {.events = EPOLLIN, .open = open_usage, .take = take_usage, .close = close_usage},
};

static void close_wake(struct mm_wake *wake)
{
    if (wake->ops->close)
        wake->ops->close(wake);
    else if (wake->fd >= 0)
        (void)close(wake->fd);
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
    wake->fd = -1;
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
    (void)base;
    *ret_events = wake->ops->events;
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
