/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of the bundle that is being killed: held, signalled, reaped, watched. No judgement. */
#ifndef MM_KILL_STRATEGY_VICTIM_H
#define MM_KILL_STRATEGY_VICTIM_H

#include "event_center/event_center.h"
#include "kernel_interface/kernel_interface.h"
#include "priority_manager/priority_manager.h"

#include <stdbool.h>

/* Processes held at a time: a browser has a hundred. What is over is signalled and let go: nobody waits for its
   end. */
#define MM_VICTIM_PROCESSES_MAX 256

struct mm_victim_process {
    struct mm_process_handle handle;
    bool has_exited;
};

/* Of those that are none of ours any more, told after one kill; more are found again by the next. */
#define MM_VICTIM_LEFT_MAX 16

struct mm_victim_left {
    pid_t pid;
    uint64_t start_time_ticks;
};

struct mm_victim {
    struct mm_kernel *kernel;
    uint32_t generation; /* tells notices of an earlier victim apart */
    uint32_t count;      /* processes that were signalled and are held */
    uint32_t alive;
    uint64_t signalled_ns; /* when the last of them was */
    bool is_watched;       /* every one will be reported; else mm_victim_poll must be asked */
    uint32_t left_count;
    struct mm_victim_left left[MM_VICTIM_LEFT_MAX]; /* were moved out of the domain: not signalled */
    struct mm_victim_process processes[MM_VICTIM_PROCESSES_MAX];
};

/* number: 0 or 1, by which the notices of two victims are told apart. The rest of *victim is zero. */
void mm_victim_init(struct mm_victim *victim, struct mm_kernel *kernel, unsigned number);
/* What the kill will write, so that no page of it has to be found under pressure. */
void mm_victim_touch(struct mm_victim *victim);
/*
 * SIGKILL to every process of the bundle that is in the domain, pidfd first, then cgroup.kill where every
 * process of its group's subtree was one of the bundle's, or a descendant of one, before the first signal. Returns how many were signalled; 0 or less: none, the
 * error being -ESRCH when all were gone already, -EXDEV when those that were not have left the domain.
 */
int mm_victim_kill(struct mm_victim *victim, const struct mm_priority_manager *manager,
                   const struct mm_bundle *bundle);
/* All of it but the signals, done to this process: what a kill needs of programs, memory and kernel has been used once,
   when it is calm. */
void mm_victim_rehearse(struct mm_victim *victim);
/* A notice of watch_process. True when it was the last of this victim. */
bool mm_victim_note_exit(struct mm_victim *victim, uint64_t cookie);
/* Asks for each one. True when all have exited. */
bool mm_victim_poll(struct mm_victim *victim);
/* Closes what is held; the victim can be used again. */
void mm_victim_release(struct mm_victim *victim);

/* victim_report.c: the list forgets those that are reported, and what is left without a process ends with them: no
   bundle or process of the list may be touched afterwards. */

/* Those of the victim that have exited. */
void mm_victim_report_exits(const struct mm_victim *victim, struct mm_event_center *center);
/* Those that had left the domain. */
void mm_victim_report_left(const struct mm_victim *victim, struct mm_event_center *center);
/* All of a bundle that was gone when it was to be killed; the victim holds nobody. */
void mm_victim_report_gone(struct mm_victim *victim, const struct mm_bundle *bundle,
                           struct mm_event_center *center);

#endif
