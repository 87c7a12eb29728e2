/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits for processes to exit: pidfds in an epoll descriptor of its own, which also holds the notice queue's,
 * so that the caller's loop watches one descriptor for everything.
 */
#ifndef MM_KERNEL_INTERFACE_EXIT_WATCH_H
#define MM_KERNEL_INTERFACE_EXIT_WATCH_H

#include "kernel_interface/notice_queue.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Processes of the bundles that are being killed at one time. */
#define MM_EXIT_WATCH_CAPACITY 256U

struct mm_exit_watch_slot {
    int pidfd; /* borrowed; -1: free */
    pid_t pid;
    uint32_t generation; /* tells an old event from the slot's next user */
    uint64_t cookie;
};

struct mm_exit_watch {
    int epoll_fd;
    struct mm_notice_queue *notices; /* borrowed */
    struct mm_exit_watch_slot slots[MM_EXIT_WATCH_CAPACITY];
};

int mm_exit_watch_init(struct mm_exit_watch *watch, struct mm_notice_queue *notices);
void mm_exit_watch_fini(struct mm_exit_watch *watch);

/* The pidfd must stay open until remove. -EEXIST, -EOPNOTSUPP when all places are taken: ask instead. */
int mm_exit_watch_add(struct mm_exit_watch *watch, int pidfd, pid_t pid, uint64_t cookie);
void mm_exit_watch_remove(struct mm_exit_watch *watch, int pidfd);

/* Hands out the queue's notices and MM_NOTICE_PROCESS_EXITED, once for each process. The visitor may add and
   remove. */
void mm_exit_watch_drain(struct mm_exit_watch *watch, mm_notice_visit visit, void *user);

#ifdef __cplusplus
}
#endif

#endif
