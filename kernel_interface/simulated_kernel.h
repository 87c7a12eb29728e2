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
};

int mm_simulated_kernel_new(const struct mm_simulated_machine *machine, struct mm_kernel **ret_kernel);

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
};

/* Starts a process. -EEXIST while that pid lives. */
int mm_simulated_spawn(struct mm_kernel *kernel, const struct mm_simulated_process *process);
/* Ends it at once, as if it had exited by itself. */
int mm_simulated_exit(struct mm_kernel *kernel, pid_t pid);
int mm_simulated_set_growth(struct mm_kernel *kernel, pid_t pid, uint64_t bytes_per_s, uint64_t limit_bytes);
bool mm_simulated_is_alive(struct mm_kernel *kernel, pid_t pid);
int mm_simulated_oom_score_adj(struct mm_kernel *kernel, pid_t pid);
/* When SIGKILL reached it, 0 when never. */
uint64_t mm_simulated_killed_at_ns(struct mm_kernel *kernel, pid_t pid);
unsigned mm_simulated_kernel_oom_kills(struct mm_kernel *kernel);
uint64_t mm_simulated_resident_bytes(struct mm_kernel *kernel, pid_t pid);
uint64_t mm_simulated_group_value(struct mm_kernel *kernel, const char *path, enum mm_group_value value);
/* Somebody else writes a limit. */
int mm_simulated_set_group_value(struct mm_kernel *kernel, const char *path, enum mm_group_value value,
                                 uint64_t bytes);
int mm_simulated_remove_group(struct mm_kernel *kernel, const char *path);

/* The next `count` calls of the named operation ("read_memory", "open_process", ...) fail with -error. */
void mm_simulated_fail(struct mm_kernel *kernel, const char *operation, int error, unsigned count);
/* How often the named operation was called. */
unsigned mm_simulated_calls(struct mm_kernel *kernel, const char *operation);

/* Moves the clock, in steps, stopping early at the first step that leaves a notice to drain. */
void mm_simulated_advance(struct mm_kernel *kernel, uint64_t duration_ns);

#ifdef __cplusplus
}
#endif

#endif
