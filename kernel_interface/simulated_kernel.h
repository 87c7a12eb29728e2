/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated machine behind struct mm_kernel: processes with memory and growth, groups, zram, pressure, a
 * virtual clock. Deterministic: the same script gives the same run. For tests and for `simulate`.
 *
 * Model. RAM is shared by processes (anonymous and file pages), page cache and compressed swap. Each
 * mm_simulated_advance moves the clock in steps of one millisecond at most; in each, growing processes take
 * memory, killed ones give theirs back at exit_bytes_per_s after exit_delay, jobs proceed, and stalls are
 * added to pressure when available memory is below the reclaim line. When nothing is left, the simulated
 * kernel's own OOM killer takes the process with the largest badness and counts it.
 *
 * In detail. Available is free plus file pages. When free falls below the low watermark (1.25/128 of RAM)
 * file pages are dropped and anonymous ones go to zram, those of processes that do not grow first, until the
 * high one (1.5/128). An allocation that finds less than the min watermark (1/128) reclaims itself and
 * stalls. A group above memory.high reclaims from itself; where that is not enough its members grow at a
 * sixteenth of their rate and stall. A group at memory.max kills its worst member. A killed process exits
 * after its delay: only then does it count as exited, and its anonymous memory comes back from then on, its
 * file pages stay in its group's cache. A reap gives the memory back before the exit. Jobs and reaps never
 * end within the call that starts them, but in mm_simulated_advance. A machine that lacks
 * MM_FEATURE_CGROUP_V2_MEMORY but not MM_FEATURE_CGROUP_V1_MEMORY has v1 groups: MM_GROUP_HIGH is then the
 * soft limit and forces nothing.
 */
#ifndef MM_KERNEL_INTERFACE_SIMULATED_KERNEL_H
#define MM_KERNEL_INTERFACE_SIMULATED_KERNEL_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_simulated_machine {
    uint64_t ram_bytes;
    uint64_t reserved_bytes;      /* never available: kernel, firmware */
    uint64_t zram_bytes;          /* size of the compressed swap; 0: no swap */
    unsigned zram_ratio_percent;  /* what a compressed page costs, of its size; 0 means 33 */
    uint64_t exit_bytes_per_s;    /* how fast a dead process' memory comes back; 0: at once */
    uint64_t reclaim_bytes_per_s; /* how fast a reclaim job proceeds; 0: at once */
    bool lacks[MM_FEATURE_COUNT]; /* features this kernel does not have */
    uint64_t page_cache_bytes;    /* file pages of the root at start */
    uint64_t pressure_line_bytes; /* available memory below which everybody stalls; 0: a sixteenth of RAM */
    uint64_t scan_ns;             /* that passes while a scan looks at one process; 0: none */
    pid_t own_pid;                /* "this process", which kill_process refuses; 0: none */
    /* The domain, outside of which nobody is scanned; memory stays the machine's. NULL: all. Outlives the machine. */
    const char *domain_group;
};

/* -EINVAL: no RAM, or more reserved or cached than there is; -ENOMEM. */
int mm_simulated_kernel_new(const struct mm_simulated_machine *options, struct mm_kernel **ret_kernel);

struct mm_simulated_process {
    pid_t pid;
    pid_t ppid;
    uid_t uid;
    const char *comm;  /* copied */
    const char *group; /* "/" when NULL; the group is made where it is missing */
    int oom_score_adj;
    uint64_t anonymous_bytes;
    uint64_t growth_bytes_per_s; /* anonymous memory taken for ever */
    uint64_t growth_limit_bytes; /* where it stops; 0: never */
    uint64_t exit_delay_ms;      /* SIGKILL to exit; MM_UNKNOWN: never dies (D state) */
    uint64_t file_bytes;         /* mapped file pages: resident, and can be dropped */
};

/* Starts a process. -EEXIST while that pid lives; -ENOMEM when its memory finds no room; -EINVAL. */
int mm_simulated_spawn(struct mm_kernel *kernel, const struct mm_simulated_process *wanted);
/* Ends it at once, as if it had exited by itself. */
int mm_simulated_exit(struct mm_kernel *kernel, pid_t pid);
/* It runs another program, of that name. */
int mm_simulated_exec(struct mm_kernel *kernel, pid_t pid, const char *comm);
int mm_simulated_set_growth(struct mm_kernel *kernel, pid_t pid, uint64_t bytes_per_s, uint64_t limit_bytes);
bool mm_simulated_is_alive(struct mm_kernel *kernel, pid_t pid);
/* Moves it, with its memory, to another group, made where it is missing. */
int mm_simulated_move(struct mm_kernel *kernel, pid_t pid, const char *group);
/* Uses up to `bytes` of its swapped memory again: they come back to RAM and count as refaults. */
int mm_simulated_touch(struct mm_kernel *kernel, pid_t pid, uint64_t bytes);
/* INT_MIN for no such process. */
int mm_simulated_oom_score_adj(struct mm_kernel *kernel, pid_t pid);
/* When SIGKILL reached the last process of that pid, also when it is gone; 0 when never. */
uint64_t mm_simulated_killed_at_ns(struct mm_kernel *kernel, pid_t pid);
unsigned mm_simulated_kernel_oom_kills(struct mm_kernel *kernel);
uint64_t mm_simulated_resident_bytes(struct mm_kernel *kernel, pid_t pid);
/* MM_UNKNOWN for no such group. Not counted as a call. */
uint64_t mm_simulated_group_value(struct mm_kernel *kernel, const char *path, enum mm_group_value value);
/* Somebody else writes a limit (MM_GROUP_HIGH or _MAX: the group is made to fit at once), or reads and drops
   files until the group's own page cache is that large (MM_GROUP_FILE). Makes the group. */
int mm_simulated_set_group_value(struct mm_kernel *kernel, const char *path, enum mm_group_value value,
                                 uint64_t bytes);
/* -EBUSY while processes or groups are in it, -ENOENT. Made again it has another identity. */
int mm_simulated_remove_group(struct mm_kernel *kernel, const char *path);
/* Freezes or thaws it, and with it all below it, and makes it where it is missing. Nobody stops growing for it. */
int mm_simulated_freeze(struct mm_kernel *kernel, const char *path, bool is_frozen);
/* 0 for no such group. */
uint64_t mm_simulated_group_id(struct mm_kernel *kernel, const char *path);
/* Tasks of the group (NULL: of the root) stall; counts for its ancestors too. */
int mm_simulated_add_stall(struct mm_kernel *kernel, const char *group, uint64_t some_us, uint64_t full_us);
/* The kernel tells what was asked of it: every open wake of that kind is to be taken. Those of usage also come by
   themselves, once after each move. Of limits: they are others than before, which take_wake says once. */
void mm_simulated_wake(struct mm_kernel *kernel, enum mm_wake_kind kind);
/* swapon and swapoff, of zram: its size from now on. -EBUSY below what is swapped out. */
int mm_simulated_set_zram(struct mm_kernel *kernel, uint64_t zram_bytes);
/* At first there is one battery, full, and mains. */
void mm_simulated_set_power(struct mm_kernel *kernel, const struct mm_power_state *power);
/* Sleeps that long: the clock stands still meanwhile, and nobody runs. */
void mm_simulated_suspend(struct mm_kernel *kernel, uint64_t duration_ns);
/* Pages that had to be read again; only counters of read_vmstat. */
void mm_simulated_add_refaults(struct mm_kernel *kernel, uint64_t anonymous_pages, uint64_t file_pages);

/*
 * The next `count` calls of the named operation ("read_memory", "open_process", ...) fail with -error and
 * change nothing. "job" and "reap" are the work itself: then the notice carries the error. "scan_process" is a
 * process that a scan cannot read. Aborts on a name that is no operation's.
 */
void mm_simulated_fail(struct mm_kernel *kernel, const char *operation, int error, unsigned count);
/* How often the named operation was called. */
unsigned mm_simulated_calls(struct mm_kernel *kernel, const char *operation);

/*
 * The daemon dies: its groups, process handles, watches, triggers, jobs and notices are gone and must not be
 * used again; a limit that a job wrote stays written. The machine goes on, map_state finds what was stored.
 */
void mm_simulated_crash(struct mm_kernel *kernel);
/*
 * The daemon dies just before its `calls`-th operation from now (1: the next one that is not now_ns): it and
 * all later ones fail with -EIO and change nothing, and what is stored into mapped state afterwards is undone
 * by mm_simulated_crash, which a test calls next. 0 takes it back.
 */
void mm_simulated_halt_after(struct mm_kernel *kernel, unsigned calls);
bool mm_simulated_is_halted(struct mm_kernel *kernel);

/*
 * Moves the clock, in steps, stopping early at the first step that leaves a notice to drain. The cookie of
 * MM_NOTICE_PRESSURE is the descriptor that open_pressure_trigger gave; close_pressure_trigger, or closing it, ends the trigger.
 */
void mm_simulated_advance(struct mm_kernel *kernel, uint64_t duration_ns);

#ifdef __cplusplus
}
#endif

#endif
