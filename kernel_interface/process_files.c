/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/stat: pid (comm) state ppid pgrp session tty tpgid flags ... num_threads(20) itrealvalue
 * starttime(22) ...; this comm is "a) R 1 (b":
 *
 *   7488 (a) R 1 (b) S 7475 7475 4587 0 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 116007 3133440 414 ...
 *
 * /proc/PID/status:
 *
 *   Tgid:	7489
 *   Pid:	7489
 *   Uid:	0	0	0	0
 *   VmRSS:	    1768 kB
 *   VmSwap:	       0 kB
 *   CapEff:	000001fffeffffff
 *
 * /proc/PID/statm, in pages: 765 443 414 5 0 123 0
 *
 * /proc/PID/cgroup; the path is what follows the second colon, colons and all:
 *
 *   4:memory:/apps/uid_10007
 *   1:cpu,cpuacct:/
 *   0::/apps/uid_10007
 */
#include "kernel_interface/process_files.h"

#include "common/common.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* PF_KTHREAD of include/linux/sched.h; field 9 of stat shows the flags, and has since 2.6.27 this one. */
#define PF_KTHREAD 0x00200000U
#define PF_EXITING 0x00000004U

/* Behind the comm, counted from the state as 0: field number minus 3. */
enum stat_field {
    FIELD_STATE = 0,
    FIELD_PPID = 1,
    FIELD_FLAGS = 6,
    FIELD_THREADS = 17,
    FIELD_START_TIME = 19,
};

static void copy_comm(const char *begin, const char *end, char *comm)
{
    /* Kernel workers show more than the 15 bytes that a task's name has. */
    size_t length = MM_MIN((size_t)(end - begin), (size_t)MM_COMM_MAX - 1);

    memcpy(comm, begin, length);
    comm[length] = '\0';
}

/* Reads the figures from the ppid to the start time. */
static int parse_figures(const char *cursor, const char *end, struct mm_process_stat *stat)
{
    uint64_t threads = 0, flags = 0, start_time = 0;
    int64_t ppid = 0;
    int r = 0;

    for (int field = FIELD_PPID; field <= FIELD_START_TIME && r == 0; field++) {
        int64_t ignored;

        switch (field) {
        case FIELD_PPID:
            r = mm_scan_signed(&cursor, end, &ppid);
            break;
        case FIELD_FLAGS:
            r = mm_scan_figure(&cursor, end, &flags);
            break;
        case FIELD_THREADS:
            r = mm_scan_figure(&cursor, end, &threads);
            break;
        case FIELD_START_TIME:
            r = mm_scan_figure(&cursor, end, &start_time);
            break;
        default:
            r = mm_scan_signed(&cursor, end, &ignored);
        }
    }
    if (r < 0)
        return -EINVAL;
    if (ppid < 0 || ppid > INT_MAX || threads > UINT_MAX)
        return -EINVAL;
    stat->ppid = (pid_t)ppid;
    stat->is_kernel_thread = (flags & PF_KTHREAD) != 0;
    stat->is_exiting = (flags & PF_EXITING) != 0;
    stat->threads = (unsigned)threads;
    stat->start_time_ticks = start_time;
    return 0;
}

int mm_process_stat_parse(const char *text, size_t length, struct mm_process_stat *ret_stat)
{
    const char *end = text + length;
    const char *open = (const char *)memchr(text, '(', length);
    const char *close = (const char *)memrchr(text, ')', length);
    struct mm_process_stat stat = {0};
    const char *cursor;
    struct mm_word state;
    int r;

    if (!open || !close || close < open)
        return -EINVAL;
    copy_comm(open + 1, close, stat.comm);
    cursor = close + 1;
    state = mm_first_word(&cursor, end);
    if (state.length != 1)
        return -EINVAL;
    stat.state = state.text[0];
    r = parse_figures(cursor, end, &stat);
    if (r < 0)
        return r;
    *ret_stat = stat;
    return 0;
}

bool mm_process_stat_is_dead(const struct mm_process_stat *stat)
{
    bool is_ended = stat->state == 'Z' || stat->state == 'X' || stat->state == 'x';

    /* A leader that ended before its other threads is a zombie, too, and the process goes on. */
    return is_ended && stat->threads <= 1;
}

#define FIGURE(name, field, scale)                                                                           \
    {                                                                                                        \
        name, offsetof(struct mm_process_status, field), scale, false                                        \
    }

static const struct mm_key status_keys[] = {
    FIGURE("Tgid", tgid, 1),
    FIGURE("Pid", pid, 1),
    FIGURE("Uid", uid, 1),
    FIGURE("VmRSS", resident_bytes, MM_KIB),
    FIGURE("VmSwap", swap_bytes, MM_KIB),
};

static const struct mm_key_table status_table = {status_keys, MM_ARRAY_SIZE(status_keys)};

void mm_process_status_begin(struct mm_process_status *status)
{
    *status = (struct mm_process_status){.pid = MM_UNKNOWN, .tgid = MM_UNKNOWN, .uid = MM_UNKNOWN};
}

/* Sixteen hexadecimal digits. */
static int parse_mask(struct mm_word word, uint64_t *ret_mask)
{
    uint64_t mask = 0;

    if (word.length == 0 || word.length > 16)
        return -EINVAL;
    for (size_t i = 0; i < word.length; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = (const char *)memchr(digits, word.text[i], sizeof(digits) - 1);

        if (!digit)
            return -EINVAL;
        mask = mask << 4 | (uint64_t)(digit - digits);
    }
    *ret_mask = mask;
    return 0;
}

int mm_process_status_parse_line(const char *line, size_t length, void *user)
{
    struct mm_process_status *status = (struct mm_process_status *)user;
    const char *cursor = line;
    struct mm_word key = mm_first_word(&cursor, line + length);
    int r;

    if (mm_word_is(key, "CapEff:"))
        return parse_mask(mm_first_word(&cursor, line + length), &status->effective_capabilities);
    r = mm_key_line(&status_table, line, length, status);
    return r < 0 ? r : 0;
}

int mm_process_status_end(const struct mm_process_status *status)
{
    if (status->pid == MM_UNKNOWN || status->tgid == MM_UNKNOWN || status->uid == MM_UNKNOWN)
        return -ENODATA;
    return status->uid > UINT32_MAX ? -ERANGE : 0;
}

int mm_process_statm_parse(const char *text, size_t length, uint64_t page_bytes, uint64_t *ret_resident_bytes)
{
    const char *cursor = text;
    const char *end = text + length;
    uint64_t size, bytes;
    uint64_t resident = 0;
    int r = mm_scan_figure(&cursor, end, &size);

    if (r == 0)
        r = mm_scan_figure(&cursor, end, &resident);
    if (r < 0)
        return r;
    if (__builtin_mul_overflow(resident, page_bytes, &bytes))
        return -ERANGE;
    *ret_resident_bytes = bytes;
    return 0;
}

int mm_process_adj_parse(const char *text, size_t length, int *ret_oom_score_adj)
{
    const char *cursor = text;
    int64_t value;
    int r = mm_scan_signed(&cursor, text + length, &value);

    if (r < 0)
        return r;
    if (value < -1000 || value > 1000)
        return -ERANGE;
    *ret_oom_score_adj = (int)value;
    return 0;
}

int mm_process_cgroup_parse_line(const char *line, size_t length, void *user)
{
    struct mm_process_cgroup *cgroup = (struct mm_process_cgroup *)user;
    const char *end = line + length;
    const char *first = (const char *)memchr(line, ':', length);
    const char *second = first ? (const char *)memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
    bool is_wanted;

    if (!second)
        return -EINVAL;
    if (cgroup->controller)
        is_wanted =
            mm_word_lists((struct mm_word){first + 1, (size_t)(second - first - 1)}, cgroup->controller);
    else
        is_wanted = second == first + 1;
    if (!is_wanted)
        return 0;
    if (second + 1 == end || second[1] != '/')
        return -EINVAL;
    length = (size_t)(end - second - 1);
    if (length >= cgroup->size)
        return -ENAMETOOLONG;
    memcpy(cgroup->path, second + 1, length);
    cgroup->path[length] = '\0';
    cgroup->is_found = true;
    return 1;
}
