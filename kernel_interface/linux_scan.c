/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over all processes of the domain, in slices. */
#include "kernel_interface/linux_kernel.h"

#include "common/common.h"
#include "kernel_interface/directory.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

/* At first, of the processes of a group domain. */
#define LIST_CAPACITY 256U

struct walk {
    struct mm_linux_kernel *kernel;
    unsigned fields;
    uint64_t until_ns;
    struct mm_process_scan *scan;
    mm_process_visit visit;
    void *user;
};

static bool is_about_us(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

static int pass_over(const struct walk *walk, pid_t pid, int error)
{
    if (is_about_us(error))
        return error;
    walk->scan->unreadable_count++;
    walk->scan->unreadable_pid = pid;
    walk->scan->unreadable_error = error;
    return 0;
}

/* One that has gone meanwhile is none. */
static int visit_one(const struct walk *walk, pid_t pid)
{
    struct mm_process_info info;
    int r;

    memset(&info, 0, sizeof(info));
    r = mm_linux_fill_process(walk->kernel, pid, MM_PROCESS_STAT, &info);
    if (r == 0 && info.is_kernel_thread)
        return 0;
    if (r == 0)
        r = mm_linux_fill_process(walk->kernel, pid, walk->fields & ~(unsigned)MM_PROCESS_STAT, &info);
    if (r == -ESRCH)
        return 0;
    return r < 0 ? pass_over(walk, pid, r) : walk->visit(&info, walk->user);
}

static int look_at(const struct walk *walk, pid_t pid)
{
    struct mm_kernel *base = &walk->kernel->base;
    int r = visit_one(walk, pid);

    if (r != 0 || walk->until_ns == UINT64_MAX)
        return r;
    return base->ops->now_ns(base) >= walk->until_ns ? MM_SCAN_GOES_ON : 0;
}

static int look_at_entry(int directory_fd, const char *name, unsigned char type, void *user)
{
    const char *cursor = name;
    uint64_t pid;

    (void)directory_fd;
    if (type != DT_DIR && type != DT_UNKNOWN)
        return 0;
    if (mm_scan_figure(&cursor, name + strlen(name), &pid) < 0 || pid == 0 || pid > INT_MAX)
        return 0;
    return look_at((const struct walk *)user, (pid_t)pid);
}

static int compare_pids(const void *a, const void *b)
{
    pid_t first = *(const pid_t *)a;
    pid_t second = *(const pid_t *)b;

    return (first > second) - (first < second);
}

static void forget_list(struct mm_linux_kernel *kernel)
{
    free(kernel->scanned_pids);
    kernel->scanned_pids = NULL;
    kernel->scanned_count = 0;
}

static int list_group(struct mm_linux_kernel *kernel)
{
    pid_t *pids MM_CLEANUP_FREE = NULL;
    size_t capacity = LIST_CAPACITY;
    ssize_t count;

    for (;;) {
        pid_t *grown = (pid_t *)realloc(pids, capacity * sizeof(*pids));

        if (!grown)
            return -ENOMEM;
        pids = grown;
        count = mm_group_processes(kernel->levels[0]->directory_fd, pids, capacity);
        if (count < 0)
            return (int)count;
        if ((size_t)count <= capacity)
            break;
        capacity = (size_t)count + LIST_CAPACITY; /* more may come meanwhile */
    }
    qsort(pids, (size_t)count, sizeof(*pids), compare_pids);
    forget_list(kernel);
    kernel->scanned_pids = pids;
    kernel->scanned_count = (size_t)count;
    pids = NULL;
    return 0;
}

/* The list is made once, at the beginning; the position is a place in it. */
static int walk_group(const struct walk *walk)
{
    struct mm_linux_kernel *kernel = walk->kernel;
    uint64_t *position = &walk->scan->position;
    int r = *position == 0 ? list_group(kernel) : 0;

    while (r == 0 && *position < kernel->scanned_count) {
        const pid_t *pid = &kernel->scanned_pids[(*position)++];

        if (*pid > 0 && (pid == kernel->scanned_pids || pid[0] != pid[-1]))
            r = look_at(walk, *pid);
    }
    if (r == 0)
        forget_list(kernel);
    return r;
}

int mm_linux_scan_processes(struct mm_kernel *base, unsigned fields, uint64_t until_ns,
                            struct mm_process_scan *scan, mm_process_visit visit, void *user)
{
    struct mm_linux_kernel *kernel = mm_linux(base);
    struct walk walk = {kernel, fields, until_ns, scan, visit, user};

    if (kernel->is_group_domain)
        return walk_group(&walk);
    return mm_each_entry_from(kernel->proc_fd, &scan->position, look_at_entry, &walk);
}
