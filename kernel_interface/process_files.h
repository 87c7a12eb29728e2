/* SPDX-License-Identifier: Apache-2.0 */
/* The files of /proc/PID as pure parsers. */
#ifndef MM_KERNEL_INTERFACE_PROCESS_FILES_H
#define MM_KERNEL_INTERFACE_PROCESS_FILES_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_process_stat {
    pid_t ppid;
    char state;
    bool is_kernel_thread;
    bool is_exiting;  /* its first thread is on its way out */
    unsigned threads; /* of the whole thread group, a dead leader included */
    uint64_t start_time_ticks;
    char comm[MM_COMM_MAX];
};

/* /proc/PID/stat; a comm may hold any byte. -EINVAL when a field is missing or is no number. */
int mm_process_stat_parse(const char *text, size_t length, struct mm_process_stat *ret_stat);

/* No thread of it runs any more; only its parent has yet to notice. */
bool mm_process_stat_is_dead(const struct mm_process_stat *stat);

/* /proc/PID/status, line by line. A process without an address space has no memory lines: 0 bytes. */
struct mm_process_status {
    uint64_t pid, tgid;
    uint64_t uid; /* real */
    uint64_t resident_bytes, swap_bytes;
    uint64_t effective_capabilities;
};

void mm_process_status_begin(struct mm_process_status *status);
int mm_process_status_parse_line(const char *line, size_t length, void *user);
/* -ENODATA without Pid, Tgid or Uid. */
int mm_process_status_end(const struct mm_process_status *status);

/* /proc/PID/statm: the second figure, in pages. */
int mm_process_statm_parse(const char *text, size_t length, uint64_t page_bytes,
                           uint64_t *ret_resident_bytes);

/* /proc/PID/oom_score_adj; -ERANGE outside -1000..1000. */
int mm_process_adj_parse(const char *text, size_t length, int *ret_oom_score_adj);

/*
 * /proc/PID/cgroup, line by line: the process' path in one hierarchy. Set controller (NULL: the v2
 * hierarchy), path and size beforehand.
 */
struct mm_process_cgroup {
    const char *controller;
    char *path;
    size_t size;
    bool is_found;
};

/* -ENAMETOOLONG when the path does not fit. */
int mm_process_cgroup_parse_line(const char *line, size_t length, void *user);

#ifdef __cplusplus
}
#endif

#endif
