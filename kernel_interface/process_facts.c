/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/process_facts.h"

#include "common/common.h"
#include "kernel_interface/directory.h"
#include "kernel_interface/hot_file.h"
#include "kernel_interface/lines.h"
#include "kernel_interface/process_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* /proc/PID/status is longer and read line by line. */
#define BUFFER_SIZE 4096

static int gone(ssize_t error)
{
    return error == -ENOENT || error == 0 ? -ESRCH : (int)error;
}

/* ---- figures --------------------------------------------------------------------------------------------- */

static int read_stat(int process_fd, char *buffer, struct mm_process_facts *facts)
{
    struct mm_process_stat stat;
    ssize_t length = mm_read_file(process_fd, "stat", buffer, BUFFER_SIZE);
    int r = length <= 0 ? gone(length) : mm_process_stat_parse(buffer, (size_t)length, &stat);

    if (r < 0)
        return r;
    if (mm_process_stat_is_dead(&stat))
        return -ESRCH;
    facts->start_time_ticks = stat.start_time_ticks;
    facts->is_kernel_thread = stat.is_kernel_thread;
    memcpy(facts->comm, stat.comm, sizeof(facts->comm));
    return 0;
}

static int read_status(int process_fd, char *buffer, struct mm_process_facts *facts)
{
    struct mm_process_status status;
    int r;

    mm_process_status_begin(&status);
    r = mm_read_lines(process_fd, "status", buffer, BUFFER_SIZE, mm_process_status_parse_line, &status);
    if (r == 0)
        r = mm_process_status_end(&status);
    if (r < 0)
        return gone(r);
    facts->uid = (uid_t)status.uid;
    return status.tgid == status.pid ? 0 : -ESRCH;
}

static int read_adj(int process_fd, char *buffer, struct mm_process_facts *facts)
{
    ssize_t length = mm_read_file(process_fd, "oom_score_adj", buffer, BUFFER_SIZE);

    return length <= 0 ? gone(length) : mm_process_adj_parse(buffer, (size_t)length, &facts->oom_score_adj);
}

/* ---- texts ----------------------------------------------------------------------------------------------- */

static void end_text(struct mm_fact *fact, ssize_t length)
{
    fact->error = length < 0 ? (int)length : 0;
    fact->length = length < 0 ? 0 : (size_t)length;
    fact->text[fact->length] = '\0';
}

static void read_exe(int process_fd, struct mm_fact *exe)
{
    static const char mark[] = " (deleted)";
    const size_t mark_length = sizeof(mark) - 1;
    ssize_t length = readlinkat(process_fd, "exe", exe->text, sizeof(exe->text) - 1);

    end_text(exe, length < 0 ? -errno : length);
    if (exe->length < mark_length || memcmp(exe->text + exe->length - mark_length, mark, mark_length) != 0)
        return;
    exe->length -= mark_length;
    exe->text[exe->length] = '\0';
}

static void read_cmdline(int process_fd, struct mm_fact *cmdline)
{
    ssize_t length = -1;
    int fd MM_CLEANUP_CLOSE = openat(process_fd, "cmdline", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        do
            length = read(fd, cmdline->text, sizeof(cmdline->text) - 1);
        while (length < 0 && errno == EINTR);
    }
    end_text(cmdline, length < 0 ? -errno : length);
    while (cmdline->length > 0 && cmdline->text[cmdline->length - 1] == '\0')
        cmdline->length--;
    for (size_t i = 0; i < cmdline->length; i++) {
        if (cmdline->text[i] == '\0')
            cmdline->text[i] = ' ';
    }
}

static void read_cgroup(int process_fd, struct mm_fact *cgroup)
{
    /* of a hybrid machine v2 has the path, of one that has v1 alone systemd's hierarchy */
    static const char *const controllers[] = {NULL, "name=systemd", "memory"};
    char buffer[MM_FACT_MAX + 64]; /* what stands before the path, too: a longer line would be cut */
    int r = -ENOENT;

    end_text(cgroup, 0);
    for (size_t i = 0; i < MM_ARRAY_SIZE(controllers); i++) {
        struct mm_process_cgroup wanted = {
            .controller = controllers[i], .path = cgroup->text, .size = sizeof(cgroup->text)};

        r = mm_read_lines(process_fd, "cgroup", buffer, sizeof(buffer), mm_process_cgroup_parse_line,
                          &wanted);
        if (r < 0 || !wanted.is_found || strcmp(cgroup->text, "/") == 0)
            continue;
        break;
    }
    end_text(cgroup, r < 0 ? r : (ssize_t)strlen(cgroup->text));
}

/* ---- units ----------------------------------------------------------------------------------------------- */

static bool has_ending(const char *name, size_t length, const char *ending)
{
    size_t ending_length = strlen(ending);

    return length > ending_length && strncmp(name + length - ending_length, ending, ending_length) == 0;
}

/* 2: a unit with processes of its own, 1: a slice, 0: a group that is none. */
static int rank_of(const char *name, size_t length)
{
    static const char *const endings[] = {".service", ".scope", ".socket", ".mount", ".swap"};

    for (size_t i = 0; i < MM_ARRAY_SIZE(endings); i++) {
        if (has_ending(name, length, endings[i]))
            return 2;
    }
    return has_ending(name, length, ".slice");
}

void mm_unit_of_path(const char *path, char *ret_unit, size_t size)
{
    int best = 1;

    ret_unit[0] = '\0';
    while (*path) {
        size_t length = strcspn(path, "/");
        int rank = rank_of(path, length);

        if (rank >= best) {
            size_t escape = *path == '_';

            best = rank;
            (void)mm_format(ret_unit, size, "%.*s", (int)(length - escape), path + escape);
        }
        path += length + (path[length] == '/');
    }
}

/* ---- the whole ------------------------------------------------------------------------------------------- */

int mm_process_facts_read(int proc_fd, pid_t pid, struct mm_process_facts *ret_facts)
{
    char buffer[BUFFER_SIZE], name[16];
    int process_fd MM_CLEANUP_CLOSE = -1;
    int r;

    if (pid <= 0)
        return -ESRCH;
    (void)mm_format(name, sizeof(name), "%d", (int)pid);
    process_fd = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (process_fd < 0)
        return gone(-errno);
    ret_facts->pid = pid;
    r = read_status(process_fd, buffer, ret_facts);
    if (r == 0)
        r = read_adj(process_fd, buffer, ret_facts);
    read_exe(process_fd, &ret_facts->exe);
    read_cmdline(process_fd, &ret_facts->cmdline);
    read_cgroup(process_fd, &ret_facts->cgroup);
    mm_unit_of_path(ret_facts->cgroup.text, ret_facts->unit.text, sizeof(ret_facts->unit.text));
    end_text(&ret_facts->unit, (ssize_t)strlen(ret_facts->unit.text));
    /* last: who is still there now was there all the time */
    return r < 0 ? r : read_stat(process_fd, buffer, ret_facts);
}

struct pid_list {
    pid_t *pids;
    size_t count, capacity;
};

static int note_pid(int directory_fd, const char *name, unsigned char type, void *user)
{
    struct pid_list *list = user;
    uint64_t pid;

    (void)directory_fd;
    (void)type;
    if (mm_parse_u64(name, 1, INT32_MAX, &pid) < 0)
        return 0;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? list->capacity * 2 : 256;
        pid_t *larger = reallocarray(list->pids, capacity, sizeof(*larger));

        if (!larger)
            return -ENOMEM;
        list->pids = larger;
        list->capacity = capacity;
    }
    list->pids[list->count++] = (pid_t)pid;
    return 0;
}

ssize_t mm_process_list(int proc_fd, pid_t **ret_pids)
{
    struct pid_list list = {.pids = NULL};
    int r = mm_each_entry(proc_fd, note_pid, &list);

    if (r < 0) {
        free(list.pids);
        return r;
    }
    *ret_pids = list.pids;
    return (ssize_t)list.count;
}
