/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel that is only looked at: reads go to the inner one, changes are left out and reported as done. */
#include "common/common.h"
#include "kernel_interface/dry_run_marks.h"
#include "kernel_interface/dry_run_state.h"
#include "kernel_interface/notice_queue.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define GROUP_PIDS_MAX 1024U

struct dry_run_kernel {
    struct mm_kernel kernel; /* first */
    struct mm_kernel *inner;
    struct mm_notice_queue *notices;
    int notice_fd; /* an epoll set of the inner descriptor and ours; -1 where the inner has none */
    mm_notice_visit visit;
    void *visit_user;
    struct mm_dry_run_marks marks;
    struct mm_dry_run_states states;
    pid_t group_pids[GROUP_PIDS_MAX];
};

static struct dry_run_kernel *self_of(struct mm_kernel *kernel)
{
    return (struct dry_run_kernel *)kernel;
}

static struct mm_kernel *inner_of(struct mm_kernel *kernel)
{
    return self_of(kernel)->inner;
}

/* ---- what would be dead ----------------------------------------------------------------------------- */

static void tell_exit(struct dry_run_kernel *self, struct mm_dry_run_mark *mark)
{
    struct mm_notice notice = {.kind = MM_NOTICE_PROCESS_EXITED, .cookie = mark->cookie, .pid = mark->pid};

    if (!mark->is_watched || !mark->is_killed || mark->is_told)
        return;
    mark->is_told = true;
    mm_notice_queue_push(self->notices, &notice);
}

static int mark_killed(struct dry_run_kernel *self, pid_t pid, uint64_t start_time_ticks)
{
    struct mm_dry_run_mark *mark = mm_dry_run_marks_take(&self->marks, pid, start_time_ticks);

    if (!mark)
        return -EAGAIN;
    mark->is_killed = true;
    tell_exit(self, mark);
    return 0;
}

/* ---- changes, left out ------------------------------------------------------------------------------ */

static int dry_run_write_oom_score_adj(struct mm_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                                       int oom_score_adj, int *ret_written)
{
    (void)kernel;
    (void)pid;
    (void)start_time_ticks;
    if (oom_score_adj < -1000 || oom_score_adj > 1000)
        return -EINVAL;
    *ret_written = oom_score_adj;
    return 0;
}

static int dry_run_kill_process(struct mm_kernel *kernel, const struct mm_process_handle *handle)
{
    struct mm_kernel *inner = inner_of(kernel);

    if (handle->pid == 1 || handle->pid == kernel->own_pid)
        return -EPERM;
    if (inner->ops->has_exited(inner, handle))
        return -ESRCH;
    return mark_killed(self_of(kernel), handle->pid, handle->start_time_ticks);
}

static int dry_run_reap_process(struct mm_kernel *kernel, const struct mm_process_handle *handle)
{
    struct dry_run_kernel *self = self_of(kernel);
    struct mm_notice notice = {.kind = MM_NOTICE_REAP_DONE, .pid = handle->pid};
    int error;

    if (!self->inner->ops->feature(self->inner, MM_FEATURE_PROCESS_MRELEASE)->available)
        return -EOPNOTSUPP;
    error = mm_notice_queue_reserve(self->notices);
    if (error == 0)
        mm_notice_queue_push(self->notices, &notice);
    return error;
}

static int dry_run_watch_process(struct mm_kernel *kernel, const struct mm_process_handle *handle,
                                 uint64_t cookie)
{
    struct dry_run_kernel *self = self_of(kernel);
    struct mm_dry_run_mark *mark = mm_dry_run_marks_take(&self->marks, handle->pid, handle->start_time_ticks);
    int error;

    if (!mark || mark->is_watched)
        return mark ? -EEXIST : -EAGAIN;
    error = mm_notice_queue_reserve(self->notices);
    if (error < 0)
        return error;
    error = self->inner->ops->watch_process(self->inner, handle, cookie);
    if (error < 0) {
        mm_notice_queue_release(self->notices);
        if (!mark->is_killed)
            mark->pid = 0;
        return error;
    }
    mark->is_watched = true;
    mark->is_told = false;
    mark->cookie = cookie;
    tell_exit(self, mark);
    return 0;
}

static bool dry_run_has_exited(struct mm_kernel *kernel, const struct mm_process_handle *handle)
{
    const struct mm_dry_run_mark *mark =
        mm_dry_run_marks_find(&self_of(kernel)->marks, handle->pid, handle->start_time_ticks);

    return (mark && mark->is_killed) || inner_of(kernel)->ops->has_exited(inner_of(kernel), handle);
}

static void dry_run_close_process(struct mm_kernel *kernel, struct mm_process_handle *handle)
{
    struct dry_run_kernel *self = self_of(kernel);
    struct mm_dry_run_mark *mark = mm_dry_run_marks_find(&self->marks, handle->pid, handle->start_time_ticks);

    if (mark) {
        if (mark->is_watched && !mark->is_told)
            mm_notice_queue_release(self->notices);
        mark->pid = 0;
    }
    self->inner->ops->close_process(self->inner, handle);
}

static int dry_run_raise_group(struct mm_kernel *kernel, struct mm_group *group, enum mm_group_value value,
                               uint64_t bytes)
{
    struct mm_kernel *inner = inner_of(kernel);
    uint64_t present;
    int error;

    if (value != MM_GROUP_HIGH && value != MM_GROUP_MAX)
        return -EINVAL;
    error = inner->ops->read_group(inner, group, value, &present); /* is there such a file, and the group? */
    if (error == 0)
        error = inner->ops->read_group(inner, group, MM_GROUP_CURRENT, &present);
    if (error < 0)
        return error;
    return bytes < present ? -EBUSY : 0;
}

static int dry_run_kill_group(struct mm_kernel *kernel, struct mm_group *group)
{
    struct dry_run_kernel *self = self_of(kernel);
    struct mm_kernel *inner = self->inner;
    ssize_t count;

    if (!inner->ops->feature(inner, MM_FEATURE_CGROUP_KILL)->available)
        return -EOPNOTSUPP;
    count = inner->ops->read_group_processes(inner, group, self->group_pids, GROUP_PIDS_MAX);
    if (count < 0)
        return (int)count;
    if (count > (ssize_t)GROUP_PIDS_MAX)
        return -EOPNOTSUPP;
    for (ssize_t i = 0; i < count; i++) {
        if (self->group_pids[i] == 1 || self->group_pids[i] == kernel->own_pid)
            return -EPERM;
    }
    for (ssize_t i = 0; i < count; i++) {
        struct mm_process_info info;

        if (inner->ops->read_process(inner, self->group_pids[i], MM_PROCESS_STAT, &info) < 0)
            continue;
        (void)mark_killed(self, info.pid, info.start_time_ticks);
    }
    return 0;
}

static int dry_run_submit_job(struct mm_kernel *kernel, const struct mm_job *job)
{
    struct dry_run_kernel *self = self_of(kernel);
    struct mm_notice notice = {.kind = MM_NOTICE_JOB_DONE, .cookie = job->cookie};
    int error = mm_notice_queue_reserve(self->notices);

    if (error == 0)
        mm_notice_queue_push(self->notices, &notice);
    return error;
}

static void dry_run_cancel_jobs(struct mm_kernel *kernel)
{
    (void)kernel; /* every job is done already */
}

static int dry_run_open_group_watch(struct mm_kernel *kernel, enum mm_group_tree tree,
                                    struct mm_group_watch **ret_watch)
{
    return inner_of(kernel)->ops->open_group_watch(inner_of(kernel), tree, ret_watch);
}

static int dry_run_map_state(struct mm_kernel *kernel, const char *name, size_t size_bytes, void **ret_memory)
{
    return mm_dry_run_states_map(&self_of(kernel)->states, name, size_bytes, ret_memory);
}

static ssize_t dry_run_read_saved(struct mm_kernel *kernel, const char *name, void *ret_bytes,
                                  size_t capacity)
{
    return inner_of(kernel)->ops->read_saved(inner_of(kernel), name, ret_bytes, capacity);
}

static int dry_run_write_saved(struct mm_kernel *kernel, const char *name, const void *bytes, size_t size)
{
    (void)kernel, (void)name, (void)bytes, (void)size;
    return 0;
}

static int dry_run_remove_saved(struct mm_kernel *kernel, const char *name)
{
    (void)kernel, (void)name;
    return 0;
}

static int dry_run_read_boot_id(struct mm_kernel *kernel, uint8_t ret_id[MM_BOOT_ID_BYTES])
{
    return inner_of(kernel)->ops->read_boot_id(inner_of(kernel), ret_id);
}

static int dry_run_is_frozen(struct mm_kernel *kernel, pid_t pid)
{
    return inner_of(kernel)->ops->is_frozen(inner_of(kernel), pid);
}

static int dry_run_read_frozen(struct mm_kernel *kernel, uint64_t group_id, bool *ret_is_frozen,
                               mm_pid_visit visit, void *user)
{
    return inner_of(kernel)->ops->read_frozen(inner_of(kernel), group_id, ret_is_frozen, visit, user);
}

/* ---- notices ---------------------------------------------------------------------------------------- */

/* A process that is dead here already may die in truth as well: its watcher was told. */
static void pass_notice(const struct mm_notice *notice, void *user)
{
    struct dry_run_kernel *self = user;

    if (notice->kind == MM_NOTICE_PROCESS_EXITED) {
        for (unsigned i = 0; i < MM_DRY_RUN_MARKS_MAX; i++) {
            struct mm_dry_run_mark *mark = &self->marks.all[i];

            if (mark->pid == 0 || !mark->is_watched || mark->cookie != notice->cookie)
                continue;
            if (mark->is_told)
                return;
            mark->is_told = true;
            mm_notice_queue_release(self->notices);
        }
    }
    self->visit(notice, self->visit_user);
}

/* A handle may have been closed since its exit was put into the queue. */
static void pass_own_notice(const struct mm_notice *notice, void *user)
{
    struct dry_run_kernel *self = user;
    bool is_wanted = notice->kind != MM_NOTICE_PROCESS_EXITED;

    for (unsigned i = 0; i < MM_DRY_RUN_MARKS_MAX && !is_wanted; i++) {
        const struct mm_dry_run_mark *mark = &self->marks.all[i];

        is_wanted = mark->pid == notice->pid && mark->is_told && mark->cookie == notice->cookie;
    }
    if (is_wanted)
        self->visit(notice, self->visit_user);
}

static void dry_run_drain_notices(struct mm_kernel *kernel, mm_notice_visit visit, void *user)
{
    struct dry_run_kernel *self = self_of(kernel);

    self->visit = visit;
    self->visit_user = user;
    self->inner->ops->drain_notices(self->inner, pass_notice, self);
    (void)mm_notice_queue_drain(self->notices, pass_own_notice, self);
}

static int dry_run_notice_fd(struct mm_kernel *kernel)
{
    return self_of(kernel)->notice_fd;
}

/* ---- reads, passed through -------------------------------------------------------------------------- */

static uint64_t dry_run_now_ns(struct mm_kernel *kernel)
{
    return inner_of(kernel)->ops->now_ns(inner_of(kernel));
}

static const struct mm_feature *dry_run_feature(struct mm_kernel *kernel, enum mm_feature_id feature)
{
    return inner_of(kernel)->ops->feature(inner_of(kernel), feature);
}

static int dry_run_read_memory(struct mm_kernel *kernel, struct mm_memory_state *ret_memory)
{
    return inner_of(kernel)->ops->read_memory(inner_of(kernel), ret_memory);
}

static int dry_run_read_vmstat(struct mm_kernel *kernel, struct mm_vmstat *ret_vmstat)
{
    return inner_of(kernel)->ops->read_vmstat(inner_of(kernel), ret_vmstat);
}

static int dry_run_read_zoneinfo(struct mm_kernel *kernel, struct mm_zoneinfo *ret_zoneinfo)
{
    return inner_of(kernel)->ops->read_zoneinfo(inner_of(kernel), ret_zoneinfo);
}

static int dry_run_read_pressure(struct mm_kernel *kernel, struct mm_group *group,
                                 struct mm_pressure *ret_pressure)
{
    return inner_of(kernel)->ops->read_pressure(inner_of(kernel), group, ret_pressure);
}

static int dry_run_open_pressure_trigger(struct mm_kernel *kernel, struct mm_group *group,
                                         const struct mm_pressure_trigger *wanted,
                                         struct mm_pressure_trigger *ret_armed, int *ret_fd)
{
    return inner_of(kernel)->ops->open_pressure_trigger(inner_of(kernel), group, wanted, ret_armed, ret_fd);
}

static void dry_run_close_pressure_trigger(struct mm_kernel *kernel, int fd)
{
    inner_of(kernel)->ops->close_pressure_trigger(inner_of(kernel), fd);
}

static int dry_run_read_process(struct mm_kernel *kernel, pid_t pid, unsigned fields,
                                struct mm_process_info *ret_info)
{
    return inner_of(kernel)->ops->read_process(inner_of(kernel), pid, fields, ret_info);
}

static int dry_run_scan_processes(struct mm_kernel *kernel, unsigned fields, uint64_t until_ns,
                                  struct mm_process_scan *scan, mm_process_visit visit, void *user)
{
    return inner_of(kernel)->ops->scan_processes(inner_of(kernel), fields, until_ns, scan, visit, user);
}

static int dry_run_read_process_group(struct mm_kernel *kernel, pid_t pid, char *ret_path, size_t size)
{
    return inner_of(kernel)->ops->read_process_group(inner_of(kernel), pid, ret_path, size);
}

static int dry_run_is_in_domain(struct mm_kernel *kernel, pid_t pid)
{
    return inner_of(kernel)->ops->is_in_domain(inner_of(kernel), pid);
}

static int dry_run_open_process(struct mm_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                                struct mm_process_handle *ret_handle)
{
    return inner_of(kernel)->ops->open_process(inner_of(kernel), pid, start_time_ticks, ret_handle);
}

static int dry_run_open_group(struct mm_kernel *kernel, const char *path, struct mm_group **ret_group)
{
    return inner_of(kernel)->ops->open_group(inner_of(kernel), path, ret_group);
}

static int dry_run_borrow_group(struct mm_kernel *kernel, const char *path, struct mm_group **ret_group)
{
    return inner_of(kernel)->ops->borrow_group(inner_of(kernel), path, ret_group);
}

static void dry_run_close_group(struct mm_kernel *kernel, struct mm_group *group)
{
    inner_of(kernel)->ops->close_group(inner_of(kernel), group);
}

static const char *dry_run_group_path(struct mm_kernel *kernel, const struct mm_group *group)
{
    return inner_of(kernel)->ops->group_path(inner_of(kernel), group);
}

static uint64_t dry_run_group_id(struct mm_kernel *kernel, const struct mm_group *group)
{
    return inner_of(kernel)->ops->group_id(inner_of(kernel), group);
}

static int dry_run_read_group(struct mm_kernel *kernel, struct mm_group *group, enum mm_group_value value,
                              uint64_t *ret_bytes)
{
    return inner_of(kernel)->ops->read_group(inner_of(kernel), group, value, ret_bytes);
}

static ssize_t dry_run_read_group_processes(struct mm_kernel *kernel, struct mm_group *group, pid_t *ret_pids,
                                            size_t capacity)
{
    return inner_of(kernel)->ops->read_group_processes(inner_of(kernel), group, ret_pids, capacity);
}

/* Asking to be told changes nothing for anybody else. */
static int dry_run_open_wake(struct mm_kernel *kernel, const struct mm_wake_request *request,
                             struct mm_wake **ret_wake)
{
    return inner_of(kernel)->ops->open_wake(inner_of(kernel), request, ret_wake);
}

static int dry_run_wake_fd(struct mm_kernel *kernel, const struct mm_wake *wake, uint32_t *ret_events)
{
    return inner_of(kernel)->ops->wake_fd(inner_of(kernel), wake, ret_events);
}

static int dry_run_take_wake(struct mm_kernel *kernel, struct mm_wake *wake)
{
    return inner_of(kernel)->ops->take_wake(inner_of(kernel), wake);
}

static bool dry_run_move_wake(struct mm_kernel *kernel, struct mm_wake *wake, uint64_t line_bytes,
                              struct mm_wake_cover *cover)
{
    return inner_of(kernel)->ops->move_wake(inner_of(kernel), wake, line_bytes, cover);
}

static void dry_run_close_wake(struct mm_kernel *kernel, struct mm_wake *wake)
{
    inner_of(kernel)->ops->close_wake(inner_of(kernel), wake);
}

static int dry_run_read_group_events(struct mm_kernel *kernel, struct mm_group *group,
                                     struct mm_group_events *ret_events)
{
    return inner_of(kernel)->ops->read_group_events(inner_of(kernel), group, ret_events);
}

static int dry_run_read_swap(struct mm_kernel *kernel, struct mm_swap_state *ret_swap)
{
    return inner_of(kernel)->ops->read_swap(inner_of(kernel), ret_swap);
}

static int dry_run_read_power(struct mm_kernel *kernel, struct mm_power_state *ret_power)
{
    return inner_of(kernel)->ops->read_power(inner_of(kernel), ret_power);
}

static uint64_t dry_run_suspended_ns(struct mm_kernel *kernel)
{
    return inner_of(kernel)->ops->suspended_ns(inner_of(kernel));
}

/* ---- life ------------------------------------------------------------------------------------------- */

static void dry_run_free(struct mm_kernel *kernel)
{
    struct dry_run_kernel *self = self_of(kernel);

    mm_dry_run_states_unmap(&self->states);
    if (self->notice_fd >= 0)
        (void)close(self->notice_fd);
    mm_notice_queue_free(self->notices);
    mm_kernel_free(self->inner);
    free(self);
}

static const struct mm_kernel_ops dry_run_ops = {
    .free = dry_run_free,
    .now_ns = dry_run_now_ns,
    .feature = dry_run_feature,
    .read_memory = dry_run_read_memory,
    .read_vmstat = dry_run_read_vmstat,
    .read_zoneinfo = dry_run_read_zoneinfo,
    .read_pressure = dry_run_read_pressure,
    .open_pressure_trigger = dry_run_open_pressure_trigger,
    .close_pressure_trigger = dry_run_close_pressure_trigger,
    .read_process = dry_run_read_process,
    .scan_processes = dry_run_scan_processes,
    .write_oom_score_adj = dry_run_write_oom_score_adj,
    .read_process_group = dry_run_read_process_group,
    .is_in_domain = dry_run_is_in_domain,
    .open_process = dry_run_open_process,
    .close_process = dry_run_close_process,
    .kill_process = dry_run_kill_process,
    .reap_process = dry_run_reap_process,
    .watch_process = dry_run_watch_process,
    .has_exited = dry_run_has_exited,
    .open_group = dry_run_open_group,
    .borrow_group = dry_run_borrow_group,
    .close_group = dry_run_close_group,
    .group_path = dry_run_group_path,
    .group_id = dry_run_group_id,
    .read_group = dry_run_read_group,
    .raise_group = dry_run_raise_group,
    .read_group_processes = dry_run_read_group_processes,
    .kill_group = dry_run_kill_group,
    .submit_job = dry_run_submit_job,
    .cancel_jobs = dry_run_cancel_jobs,
    .notice_fd = dry_run_notice_fd,
    .drain_notices = dry_run_drain_notices,
    .map_state = dry_run_map_state,
    .open_group_watch = dry_run_open_group_watch,
    .open_wake = dry_run_open_wake,
    .wake_fd = dry_run_wake_fd,
    .take_wake = dry_run_take_wake,
    .move_wake = dry_run_move_wake,
    .close_wake = dry_run_close_wake,
    .read_group_events = dry_run_read_group_events,
    .read_swap = dry_run_read_swap,
    .read_power = dry_run_read_power,
    .suspended_ns = dry_run_suspended_ns,
    .is_frozen = dry_run_is_frozen,
    .read_frozen = dry_run_read_frozen,
    .read_saved = dry_run_read_saved,
    .write_saved = dry_run_write_saved,
    .remove_saved = dry_run_remove_saved,
    .read_boot_id = dry_run_read_boot_id,
};

/* One descriptor for both: readable when either is. */
static int open_notice_fd(const struct dry_run_kernel *self, int inner_fd, int *ret_fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    MM_CLEANUP_CLOSE int fd = -1;

    if (inner_fd < 0)
        return 0;
    fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, inner_fd, &event) < 0 ||
        epoll_ctl(fd, EPOLL_CTL_ADD, mm_notice_queue_fd(self->notices), &event) < 0)
        return -errno;
    *ret_fd = mm_take_fd(&fd);
    return 0;
}

int mm_dry_run_kernel_new(struct mm_kernel *inner, struct mm_kernel **ret_kernel)
{
    struct dry_run_kernel *self = calloc(1, sizeof(*self));
    int error;

    if (!self)
        return -ENOMEM;
    self->kernel.ops = &dry_run_ops;
    self->kernel.own_pid = inner->own_pid;
    self->kernel.is_dry_run = true;
    self->inner = inner;
    self->notice_fd = -1;
    error = mm_notice_queue_new(&self->notices);
    if (error == 0)
        error = open_notice_fd(self, inner->ops->notice_fd(inner), &self->notice_fd);
    if (error < 0) {
        mm_notice_queue_free(self->notices);
        free(self);
        return error;
    }
    *ret_kernel = &self->kernel;
    return 0;
}
