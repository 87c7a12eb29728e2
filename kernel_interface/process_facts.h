/* SPDX-License-Identifier: Apache-2.0 */
/* What tells one program from another: for those that match processes by it, without a struct mm_kernel. */
#ifndef MM_KERNEL_INTERFACE_PROCESS_FACTS_H
#define MM_KERNEL_INTERFACE_PROCESS_FACTS_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A path of the kernel's, and of a command line as much as its readers used to get. */
#define MM_FACT_MAX 4096

/* Any bytes but NUL, which follows. */
struct mm_fact {
    char text[MM_FACT_MAX];
    size_t length;
    int error; /* why there is nothing: a negative errno */
};

struct mm_process_facts {
    pid_t pid;
    uid_t uid;
    uint64_t start_time_ticks;
    int oom_score_adj;
    bool is_kernel_thread;
    char comm[MM_COMM_MAX];
    struct mm_fact exe;     /* without the " (deleted)" of a file that an update has replaced */
    struct mm_fact cmdline; /* a blank between its words, cut where it is too long */
    struct mm_fact
        cgroup;          /* the path in cgroup v2, else in systemd's own hierarchy, else in that of memory */
    struct mm_fact unit; /* as mm_unit_of_path says */
};

/*
 * proc_fd: the directory /proc. All is of one process. -ESRCH when it is gone, has exited, or is a thread that leads no
 * group; what was read is of another one by then, or half of it. -EBADMSG and the like for files that say nonsense. What
 * may not be read alone is no error: exe needs CAP_SYS_PTRACE for the processes of others.
 */
int mm_process_facts_read(int proc_fd, pid_t pid, struct mm_process_facts *ret_facts);

/* Every process below /proc, kernel threads too, in no order; the caller's to free. How many, or what the kernel said. */
ssize_t mm_process_list(int proc_fd, pid_t **ret_pids);

/*
 * The systemd unit of a cgroup's path: the last of its names that ends in .service, .scope, .socket, .mount or .swap,
 * else the last slice; without the "_" that systemd puts before names that would be files of the kernel. "" without
 * any. Cut to fit; size at least 1.
 */
void mm_unit_of_path(const char *path, char *ret_unit, size_t size);

#ifdef __cplusplus
}
#endif

#endif
