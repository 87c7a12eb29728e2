/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kill path: hold a process, kill it, wait for it. A pidfd cannot come to mean another process; where the
 * kernel has none the start time is looked at again just before the signal.
 */
#include "kernel_interface/linux_kernel.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

/* The same numbers on every architecture but alpha; libc headers from before 5.3 lack them. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* More processes than a bundle has; those beyond it are thawed when they are killed one by one. */
#define THAWED_MAX 1024U

int mm_linux_pidfd_open(pid_t pid)
{
    long fd = syscall(SYS_pidfd_open, pid, 0);

    return fd < 0 ? -errno : (int)fd; /* close-on-exec by definition */
}

static int pidfd_kill(int pidfd)
{
    return syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 ? -errno : 0;
}

/* -ESRCH: gone, a zombie, or not the process that was meant. */
static int check_identity(struct mm_linux_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                          uint64_t *ret_start_time_ticks)
{
    struct mm_process_stat stat;
    int r = mm_linux_read_stat(kernel, pid, &stat);

    if (r < 0)
        return r;
    if (mm_process_stat_is_dead(&stat))
        return -ESRCH;
    if (start_time_ticks != 0 && stat.start_time_ticks != start_time_ticks)
        return -ESRCH;
    *ret_start_time_ticks = stat.start_time_ticks;
    return 0;
}

int mm_linux_open_process(struct mm_kernel *base, pid_t pid, uint64_t start_time_ticks,
                          struct mm_process_handle *ret_handle)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    int pidfd MM_CLEANUP_CLOSE = -1;
    uint64_t seen_ticks;
    int r;

    if (pid <= 0)
        return -ESRCH;
    /* The pidfd first: what is read afterwards of this pid is of the same process, or of a later one whose
       start time differs. Without descriptors to spare the start time alone has to do. */
    if (!kernel->is_fake)
        pidfd = mm_linux_pidfd_open(pid);
    if (pidfd == -ESRCH)
        return -ESRCH;
    if (pidfd == -EINVAL || pidfd == -ENOENT)
        return -ESRCH; /* a thread that leads no group */
    r = check_identity(kernel, pid, start_time_ticks, &seen_ticks);
    if (r < 0)
        return r;
    ret_handle->pid = pid;
    ret_handle->start_time_ticks = seen_ticks;
    ret_handle->pidfd = pidfd < 0 ? -1 : mm_take_fd(&pidfd);
    return 0;
}

void mm_linux_close_process(struct mm_kernel *base, struct mm_process_handle *handle)
{
    struct mm_linux_kernel *kernel = mm_linux(base);

    mm_exit_watch_remove(&kernel->exits, handle->pidfd);
    if (handle->pidfd >= 0)
        (void)close(handle->pidfd);
    handle->pidfd = -1;
}

bool mm_linux_has_exited(struct mm_kernel *base, const struct mm_process_handle *handle)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    struct pollfd poll_fd = {.fd = handle->pidfd, .events = POLLIN};
    uint64_t ticks;

    if (handle->pidfd >= 0)
        return poll(&poll_fd, 1, 0) > 0;
    return check_identity(kernel, handle->pid, handle->start_time_ticks, &ticks) == -ESRCH;
}

/* Of the v1 freezer: whether that very group was frozen. */
static bool is_frozen_itself(const struct mm_hierarchy *freezer, const char *path)
{
    int fd MM_CLEANUP_CLOSE = mm_hierarchy_open(freezer, path);
    char text[16];

    return fd >= 0 && mm_read_file(fd, "freezer.self_freezing", text, sizeof(text)) > 0 && text[0] == '1';
}

static int write_to_group(const struct mm_hierarchy *freezer, const char *path, const char *name,
                          const char *text)
{
    int fd MM_CLEANUP_CLOSE = mm_hierarchy_open(freezer, path);

    return fd < 0 ? fd : mm_write_file(fd, name, 0, text, strlen(text));
}

static bool is_alone_in(const struct mm_hierarchy *freezer, const char *path, pid_t pid)
{
    int fd MM_CLEANUP_CLOSE = mm_hierarchy_open(freezer, path);
    pid_t pids[2] = {0};

    return fd >= 0 && mm_group_processes(fd, pids, MM_ARRAY_SIZE(pids)) <= 1 &&
           (pids[0] == 0 || pids[0] == pid);
}

static void cut_to_parent(char *path)
{
    char *slash = strrchr(path, '/');

    slash[slash == path] = '\0';
}

/* The outermost group on the way to path that was frozen itself, into ret_path; false: none. */
static bool find_frozen(const struct mm_hierarchy *freezer, const char *path, char *ret_path, size_t size)
{
    char group[2 * MM_GROUP_PATH_MAX];
    bool is_found = false;

    for (mm_copy_text(group, sizeof(group), path); group[1] != '\0'; cut_to_parent(group)) {
        if (!is_frozen_itself(freezer, group))
            continue;
        mm_copy_text(ret_path, size, group);
        is_found = true;
    }
    return is_found;
}

/* Above what is frozen it can die. Waits for the kernel's other processors, so only where others are spared by it. */
static int move_out(const struct mm_hierarchy *freezer, char *frozen, pid_t pid)
{
    char text[16];

    (void)mm_format(text, sizeof(text), "%d", (int)pid);
    cut_to_parent(frozen);
    return write_to_group(freezer, frozen, "cgroup.procs", text);
}

/* A task frozen by v1 does not die of SIGKILL until it, and whatever froze it further up, is thawed; but who else
   was frozen with it stays so. */
static void thaw(struct mm_linux_kernel *kernel, pid_t pid)
{
    const struct mm_hierarchy *freezer = &kernel->hierarchies.freezer;
    char path[2 * MM_GROUP_PATH_MAX];
    char frozen[2 * MM_GROUP_PATH_MAX];
    int r = 0;

    if (freezer->top_fd < 0 || mm_linux_process_path(kernel, freezer, pid, path, sizeof(path)) < 0 ||
        !find_frozen(freezer, path, frozen, sizeof(frozen)))
        return;
    if (!is_alone_in(freezer, frozen, pid)) {
        r = move_out(freezer, frozen, pid);
        if (r == 0 || r == -ESRCH)
            return;
        mm_warning("process %d cannot be taken out of a frozen group: the others in it are thawed: %s",
                   (int)pid, strerror(-r));
    }
    for (; path[1] != '\0'; cut_to_parent(path)) {
        if (is_frozen_itself(freezer, path))
            (void)write_to_group(freezer, path, "freezer.state", "THAWED");
    }
}

int mm_linux_kill_process(struct mm_kernel *base, const struct mm_process_handle *handle)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    uint64_t ticks;
    int r = -ENOSYS;

    if (kernel->is_fake || handle->pid <= 1 || handle->pid == getpid())
        return -EPERM;
    if (mm_linux_has_exited(base, handle))
        return -ESRCH;
    if (handle->pidfd >= 0)
        r = pidfd_kill(handle->pidfd);
    if (r == -ENOSYS) {
        r = check_identity(kernel, handle->pid, handle->start_time_ticks, &ticks);
        if (r == 0)
            r = kill(handle->pid, SIGKILL) < 0 ? -errno : 0;
    }
    if (r == 0)
        thaw(kernel, handle->pid);
    return r;
}

int mm_linux_reap_process(struct mm_kernel *base, const struct mm_process_handle *handle)
{
    return mm_reaper_submit(mm_linux(base)->reaper, handle);
}

int mm_linux_watch_process(struct mm_kernel *base, const struct mm_process_handle *handle, uint64_t cookie)
{
    if (handle->pidfd < 0)
        return -EOPNOTSUPP;
    return mm_exit_watch_add(&mm_linux(base)->exits, handle->pidfd, handle->pid, cookie);
}

static int kill_group(const struct mm_linux_kernel *kernel, const struct mm_group *group)
{
    int twin_fd MM_CLEANUP_CLOSE = -1;

    if (group == &kernel->spare_group)
        return kernel->spare_twin_fd < 0 ? kernel->spare_twin_fd : mm_group_kill(kernel->spare_twin_fd);
    twin_fd = mm_group_open_twin(&kernel->hierarchies.unified, group);
    return twin_fd < 0 ? twin_fd : mm_group_kill(twin_fd);
}

int mm_linux_kill_group(struct mm_kernel *base, struct mm_group *group)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    pid_t pids[THAWED_MAX];
    ssize_t count = 0;
    int r;

    if (kernel->is_fake)
        return -EPERM;
    if (kernel->hierarchies.freezer.top_fd >= 0)
        count = mm_group_processes(group->directory_fd, pids, THAWED_MAX);
    r = kill_group(kernel, group);
    if (r < 0)
        return r;
    for (ssize_t i = 0; i < MM_MIN(count, (ssize_t)THAWED_MAX); i++)
        thaw(kernel, pids[i]);
    return 0;
}
