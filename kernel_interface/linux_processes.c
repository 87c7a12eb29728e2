/* SPDX-License-Identifier: Apache-2.0 */
/* Reading processes, and their oom_score_adj. */
#include "kernel_interface/linux_kernel.h"

#include "common/common.h"
#include "kernel_interface/directory.h"
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

static bool is_out_of_descriptors(ssize_t error)
{
    return error == -EMFILE || error == -ENFILE;
}

/* Without a descriptor nobody could be told apart, and so nobody killed. */
static ssize_t read_with_spare(struct mm_linux_kernel *kernel, int directory_fd, const char *path)
{
    ssize_t length = mm_read_file(directory_fd, path, kernel->buffer, sizeof(kernel->buffer));

    if (is_out_of_descriptors(length) && kernel->spare_fd >= 0) {
        (void)close(kernel->spare_fd);
        kernel->spare_fd = -1;
        length = mm_read_file(directory_fd, path, kernel->buffer, sizeof(kernel->buffer));
    }
    if (kernel->spare_fd < 0)
        kernel->spare_fd = fcntl(kernel->proc_fd, F_DUPFD_CLOEXEC, 0);
    return length;
}

static ssize_t read_file(struct mm_linux_kernel *kernel, const struct process_place *place, const char *name)
{
    char path[PROCESS_PATH_SIZE];
    ssize_t length;

    (void)mm_format(path, sizeof(path), "%s%s", place->prefix, name);
    length = read_with_spare(kernel, place->fd, path);
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

/* Threads of which one is looked for that lives: of a process with that many dead ones another end is near. */
#define THREADS_LOOKED_AT 64U

struct thread_search {
    struct mm_linux_kernel *kernel;
    pid_t leader;
    unsigned looked_at;
    pid_t found; /* 0: none */
};

static int look_at_thread(int directory_fd, const char *name, unsigned char type, void *user)
{
    struct thread_search *search = (struct thread_search *)user;
    const char *cursor = name;
    struct mm_process_stat stat;
    uint64_t tid;

    (void)directory_fd;
    (void)type;
    if (mm_scan_figure(&cursor, name + strlen(name), &tid) < 0 || tid == 0 || tid > INT_MAX ||
        (pid_t)tid == search->leader)
        return 0;
    if (mm_linux_read_stat(search->kernel, (pid_t)tid, &stat) == 0 && stat.state != 'Z' &&
        stat.state != 'X' && stat.state != 'x') {
        search->found = (pid_t)tid;
        return 1;
    }
    return ++search->looked_at == THREADS_LOOKED_AT;
}

/* What the kernel says of a first thread that has ended is not true of its process: no memory, and on v1 no
   group. Another thread that lives, which /proc knows by its own number as well; 0: none. */
static pid_t find_live_thread(struct mm_linux_kernel *kernel, pid_t pid)
{
    struct thread_search search = {.kernel = kernel, .leader = pid};
    char path[PROCESS_PATH_SIZE];
    int task_fd MM_CLEANUP_CLOSE = -1;

    (void)mm_format(path, sizeof(path), "%d/task", (int)pid);
    task_fd = openat(kernel->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (task_fd >= 0)
        (void)mm_each_entry(task_fd, look_at_thread, &search);
    return search.found;
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
    /* what is being taken apart has been reported as ended already: to list it now would be for good */
    info->has_exited = mm_process_stat_is_dead(&stat) || (stat.is_exiting && stat.threads <= 1);
    info->start_time_ticks = stat.start_time_ticks;
    memcpy(info->comm, stat.comm, sizeof(info->comm));
    return 0;
}

static int read_status(struct mm_linux_kernel *kernel, const struct process_place *place,
                       struct mm_process_status *ret_status)
{
    char path[PROCESS_PATH_SIZE];
    int r;

    mm_process_status_begin(ret_status);
    (void)mm_format(path, sizeof(path), "%sstatus", place->prefix);
    r = mm_read_lines(place->fd, path, kernel->buffer, sizeof(kernel->buffer), mm_process_status_parse_line,
                      ret_status);
    if (r == 0)
        r = mm_process_status_end(ret_status);
    return process_error(r);
}

static int fill_status(struct mm_linux_kernel *kernel, const struct process_place *place,
                       struct mm_process_info *info)
{
    struct mm_process_status status;
    int r = read_status(kernel, place, &status);

    if (r < 0)
        return r;
    if (status.tgid != status.pid)
        return -ESRCH; /* /proc/TID exists, though no listing shows it */
    info->uid = (uid_t)status.uid;
    info->resident_bytes = status.resident_bytes;
    info->swap_bytes = status.swap_bytes;
    if (status.resident_bytes == 0 && status.swap_bytes == 0) {
        struct process_place thread = place_of(kernel, find_live_thread(kernel, info->pid));

        if (read_status(kernel, &thread, &status) == 0 && status.tgid == (uint64_t)info->pid) {
            info->resident_bytes = status.resident_bytes;
            info->swap_bytes = status.swap_bytes;
        }
    }
    return 0;
}

static int read_statm(struct mm_linux_kernel *kernel, const struct process_place *place, uint64_t *ret_bytes)
{
    ssize_t length = read_file(kernel, place, "statm");

    if (length < 0)
        return (int)length;
    return mm_process_statm_parse(kernel->buffer, (size_t)length, kernel->page_bytes, ret_bytes);
}

static int fill_statm(struct mm_linux_kernel *kernel, const struct process_place *place,
                      struct mm_process_info *info)
{
    int r = read_statm(kernel, place, &info->resident_bytes);

    if (r == 0 && info->resident_bytes == 0) {
        struct process_place thread = place_of(kernel, find_live_thread(kernel, info->pid));

        (void)read_statm(kernel, &thread, &info->resident_bytes);
    }
    return r;
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

int mm_linux_process_path(struct mm_linux_kernel *kernel, const struct mm_hierarchy *hierarchy, pid_t pid,
                          char *ret_path, size_t size)
{
    int r = mm_hierarchy_process_path(hierarchy, kernel->proc_fd, pid, ret_path, size);
    pid_t thread;

    /* of a first thread that has ended v1 says the root, which may be above what is mounted */
    if (hierarchy->is_v2 || !(r == -ENOENT || (r == 0 && strcmp(ret_path, "/") == 0)))
        return r;
    thread = find_live_thread(kernel, pid);
    return thread > 0 ? mm_hierarchy_process_path(hierarchy, kernel->proc_fd, thread, ret_path, size) : r;
}

int mm_linux_read_process_group(struct mm_kernel *base, pid_t pid, char *ret_path, size_t size)
{
    struct mm_linux_kernel *kernel = mm_linux(base);

    return mm_linux_process_path(kernel, &kernel->hierarchies.memory, pid, ret_path, size);
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
