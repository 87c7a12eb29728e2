/* SPDX-License-Identifier: Apache-2.0 */
/* Reading processes, and their oom_score_adj. */
#include "kernel_interface/linux_kernel.h"

#include "common/common.h"
#include "kernel_interface/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* "2147483647/oom_score_adj" and the NUL. */
#define PROCESS_PATH_SIZE 40U

/* A process that is gone has no directory, and one that goes while it is read says so itself. */
static int process_error(int error)
{
    return error == -ENOENT ? -ESRCH : error;
}

/* Where the files of one process are: in /proc under its pid, or in its directory. */
struct process_place {
    int fd;
    char prefix[16]; /* "2147483647/", or "" */
};

static struct process_place place_of(const struct mm_linux_kernel *kernel, pid_t pid)
{
    struct process_place place = {.fd = kernel->proc_fd};

    (void)mm_format(place.prefix, sizeof(place.prefix), "%d/", (int)pid);
    return place;
}

static ssize_t read_file(struct mm_linux_kernel *kernel, const struct process_place *place, const char *name)
{
    char path[PROCESS_PATH_SIZE];
    ssize_t length;

    (void)mm_format(path, sizeof(path), "%s%s", place->prefix, name);
    length = mm_read_file(place->fd, path, kernel->buffer, sizeof(kernel->buffer));
    if (length == 0)
        return -ESRCH; /* what the kernel says of some files when the address space is gone */
    return length < 0 ? process_error((int)length) : length;
}

static int read_stat(struct mm_linux_kernel *kernel, const struct process_place *place,
                     struct mm_process_stat *ret_stat)
{
    ssize_t length = read_file(kernel, place, "stat");

    return length < 0 ? (int)length : mm_process_stat_parse(kernel->buffer, (size_t)length, ret_stat);
}

int mm_linux_read_stat(struct mm_linux_kernel *kernel, pid_t pid, struct mm_process_stat *ret_stat)
{
    struct process_place place = place_of(kernel, pid);

    return pid > 0 ? read_stat(kernel, &place, ret_stat) : -ESRCH;
}

static int fill_stat(struct mm_linux_kernel *kernel, const struct process_place *place,
                     struct mm_process_info *info)
{
    struct mm_process_stat stat;
    int r = read_stat(kernel, place, &stat);

    if (r < 0)
        return r;
    info->ppid = stat.ppid;
    info->state = stat.state;
    info->is_kernel_thread = stat.is_kernel_thread;
    info->has_exited = mm_process_stat_is_dead(&stat);
    info->start_time_ticks = stat.start_time_ticks;
    memcpy(info->comm, stat.comm, sizeof(info->comm));
    return 0;
}

static int fill_status(struct mm_linux_kernel *kernel, const struct process_place *place,
                       struct mm_process_info *info)
{
    struct mm_process_status status;
    char path[PROCESS_PATH_SIZE];
    int r;

    mm_process_status_begin(&status);
    (void)mm_format(path, sizeof(path), "%sstatus", place->prefix);
    r = mm_read_lines(place->fd, path, kernel->buffer, sizeof(kernel->buffer), mm_process_status_parse_line,
                      &status);
    if (r == 0)
        r = mm_process_status_end(&status);
    if (r < 0)
        return process_error(r);
    if (status.tgid != status.pid)
        return -ESRCH; /* /proc/TID exists, though no listing shows it */
    info->uid = (uid_t)status.uid;
    info->resident_bytes = status.resident_bytes;
    info->swap_bytes = status.swap_bytes;
    return 0;
}

static int fill_statm(struct mm_linux_kernel *kernel, const struct process_place *place,
                      struct mm_process_info *info)
{
    ssize_t length = read_file(kernel, place, "statm");

    if (length < 0)
        return (int)length;
    return mm_process_statm_parse(kernel->buffer, (size_t)length, kernel->page_bytes, &info->resident_bytes);
}

static int fill_adj(struct mm_linux_kernel *kernel, const struct process_place *place,
                    struct mm_process_info *info)
{
    ssize_t length = read_file(kernel, place, "oom_score_adj");

    return length < 0 ? (int)length
                      : mm_process_adj_parse(kernel->buffer, (size_t)length, &info->oom_score_adj);
}

struct field_reader {
    unsigned field;
    int (*fill)(struct mm_linux_kernel *kernel, const struct process_place *place,
                struct mm_process_info *info);
};

static const struct field_reader field_readers[] = {
    {MM_PROCESS_STAT, fill_stat},
    {MM_PROCESS_STATUS, fill_status},
    {MM_PROCESS_STATM, fill_statm},
    {MM_PROCESS_ADJ, fill_adj},
};

static int fill(struct mm_linux_kernel *kernel, const struct process_place *place, unsigned fields,
                struct mm_process_info *info)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(field_readers); i++) {
        int r = fields & field_readers[i].field ? field_readers[i].fill(kernel, place, info) : 0;

        if (r < 0)
            return r;
    }
    return 0;
}

int mm_linux_fill_process(struct mm_linux_kernel *kernel, pid_t pid, unsigned fields,
                          struct mm_process_info *info)
{
    struct process_place place = place_of(kernel, pid);

    info->pid = pid;
    return fill(kernel, &place, fields, info);
}

static void hold(struct mm_linux_kernel *kernel, int directory_fd, const struct mm_process_info *info)
{
    if (kernel->held.directory_fd >= 0)
        (void)close(kernel->held.directory_fd);
    kernel->held = (struct mm_held_process){
        .pid = info->pid, .start_time_ticks = info->start_time_ticks, .directory_fd = directory_fd};
}

/* As long as its files can be read the pid is still its own. */
static int fill_held(struct mm_linux_kernel *kernel, unsigned fields, struct mm_process_info *info)
{
    struct process_place place = {.fd = kernel->held.directory_fd};

    return kernel->held.pid == info->pid && place.fd >= 0 ? fill(kernel, &place, fields, info) : -ESRCH;
}

/* Through the directory, so that all files are of one process, which is held from then on. */
static int fill_and_hold(struct mm_linux_kernel *kernel, unsigned fields, struct mm_process_info *info)
{
    struct process_place place = {.prefix = ""};
    int directory_fd MM_CLEANUP_CLOSE = -1;
    char name[16];
    int r = fill_held(kernel, fields, info);

    if (r != -ESRCH)
        return r;
    (void)mm_format(name, sizeof(name), "%d", (int)info->pid);
    directory_fd = openat(kernel->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0)
        return process_error(-errno);
    place.fd = directory_fd;
    r = fill(kernel, &place, fields, info);
    if (r == 0)
        hold(kernel, mm_take_fd(&directory_fd), info);
    return r;
}

int mm_linux_read_process(struct mm_kernel *base, pid_t pid, unsigned fields,
                          struct mm_process_info *ret_info)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    struct mm_process_info info = *ret_info;
    int r;

    if (pid <= 0)
        return -ESRCH;
    info.pid = pid;
    r = fields & MM_PROCESS_STAT ? fill_and_hold(kernel, fields, &info)
                                 : mm_linux_fill_process(kernel, pid, fields, &info);
    if (r == 0)
        *ret_info = info;
    return r;
}

static int write_adj(const struct process_place *place, int oom_score_adj)
{
    char path[PROCESS_PATH_SIZE];
    char text[16];
    size_t length = mm_format(text, sizeof(text), "%d", oom_score_adj);
    int r;

    (void)mm_format(path, sizeof(path), "%soom_score_adj", place->prefix);
    do
        r = mm_write_file(place->fd, path, 0, text, length);
    while (r == -EINTR);
    return process_error(r);
}

/* The place of the process that is meant: that of its pid where any will do. */
static int find_place(struct mm_linux_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                      struct process_place *ret_place)
{
    struct mm_process_info info = {.pid = pid};
    int r = 0;

    if (start_time_ticks == 0) {
        *ret_place = place_of(kernel, pid);
        return 0;
    }
    if (kernel->held.directory_fd < 0 || kernel->held.pid != pid ||
        kernel->held.start_time_ticks != start_time_ticks)
        r = fill_and_hold(kernel, MM_PROCESS_STAT, &info);
    if (r < 0)
        return r;
    *ret_place = (struct process_place){.fd = kernel->held.directory_fd};
    return kernel->held.start_time_ticks == start_time_ticks ? 0 : -ESRCH;
}

int mm_linux_write_oom_score_adj(struct mm_kernel *base, pid_t pid, uint64_t start_time_ticks,
                                 int oom_score_adj, int *ret_written)
{
    struct process_place place;
    int r;

    if (oom_score_adj < -1000 || oom_score_adj > 1000)
        return -ERANGE;
    if (pid <= 0)
        return -ESRCH;
    r = find_place(mm_linux(base), pid, start_time_ticks, &place);
    if (r < 0)
        return r;
    r = write_adj(&place, oom_score_adj);
    if ((r == -EPERM || r == -EACCES) && oom_score_adj < 0) {
        oom_score_adj = 0;
        r = write_adj(&place, oom_score_adj);
    }
    if (r == 0)
        *ret_written = oom_score_adj;
    return r;
}

int mm_linux_read_process_group(struct mm_kernel *base, pid_t pid, char *ret_path, size_t size)
{
    const struct mm_linux_kernel *kernel = mm_linux(base);

    return mm_hierarchy_process_path(&kernel->hierarchies.memory, kernel->proc_fd, pid, ret_path, size);
}

int mm_linux_is_in_domain(struct mm_kernel *base, pid_t pid)
{
    const struct mm_linux_kernel *kernel = mm_linux(base);
    char path[2 * MM_GROUP_PATH_MAX];
    int r;

    if (!kernel->is_group_domain)
        return 1;
    r = mm_linux_read_process_group(base, pid, path, sizeof(path));
    if (r == -ENOENT)
        return 0; /* in a group that is not mounted here */
    if (r < 0)
        return r;
    return mm_cgroup_path_is_within(path, kernel->levels[0]->path);
}
