/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the simulated kernel, shared by its files only. */
#ifndef MM_KERNEL_INTERFACE_SIMULATED_MACHINE_H
#define MM_KERNEL_INTERFACE_SIMULATED_MACHINE_H

#include "common/common.h"
#include "kernel_interface/simulated_kernel.h"

#define MM_MACHINE_PAGE_BYTES   4096ULL
#define MM_MACHINE_PID_BUCKETS  4096U
#define MM_MACHINE_JOB_CAPACITY 64U
#define MM_MACHINE_STEP_NS      MM_NS_PER_MS

/* Every name that mm_simulated_fail and mm_simulated_calls know. */
#define MM_MACHINE_OPERATIONS(X)                                                                             \
    X(now_ns)                                                                                                \
    X(feature)                                                                                               \
    X(read_memory)                                                                                           \
    X(read_vmstat)                                                                                           \
    X(read_zoneinfo)                                                                                         \
    X(read_pressure)                                                                                         \
    X(open_pressure_trigger)                                                                                 \
    X(close_pressure_trigger)                                                                                \
    X(read_process)                                                                                          \
    X(scan_processes)                                                                                        \
    X(write_oom_score_adj)                                                                                   \
    X(read_process_group)                                                                                    \
    X(is_in_domain)                                                                                          \
    X(open_process)                                                                                          \
    X(close_process)                                                                                         \
    X(kill_process)                                                                                          \
    X(reap_process)                                                                                          \
    X(watch_process)                                                                                         \
    X(has_exited)                                                                                            \
    X(open_group)                                                                                            \
    X(borrow_group)                                                                                          \
    X(close_group)                                                                                           \
    X(group_path)                                                                                            \
    X(group_id)                                                                                              \
    X(read_group)                                                                                            \
    X(raise_group)                                                                                           \
    X(read_group_processes)                                                                                  \
    X(kill_group)                                                                                            \
    X(submit_job)                                                                                            \
    X(cancel_jobs)                                                                                           \
    X(notice_fd)                                                                                             \
    X(drain_notices)                                                                                         \
    X(map_state)                                                                                             \
    X(open_wake)                                                                                             \
    X(wake_fd)                                                                                               \
    X(take_wake)                                                                                             \
    X(move_wake)                                                                                             \
    X(close_wake)                                                                                            \
    X(read_group_events)                                                                                     \
    X(read_swap)                                                                                             \
    X(read_power)                                                                                            \
    X(suspended_ns)                                                                                          \
    X(is_frozen)                                                                                             \
    X(read_frozen)                                                                                           \
    X(read_saved)                                                                                            \
    X(write_saved)                                                                                           \
    X(remove_saved)                                                                                          \
    X(read_boot_id)                                                                                          \
    X(job)                                                                                                   \
    X(reap)                                                                                                  \
    X(scan_process)

enum mm_machine_operation {
#define MM_MACHINE_OPERATION_ID(name) MM_OPERATION_##name,
    MM_MACHINE_OPERATIONS(MM_MACHINE_OPERATION_ID)
#undef MM_MACHINE_OPERATION_ID
        MM_OPERATION_COUNT
};

struct mm_machine_fault {
    unsigned calls;
    unsigned fail_count;
    int error; /* negative */
};

/* Pressure of one group: times, and what the averages (of 10, 60 and 300 s) are made from. */
struct mm_machine_pressure {
    uint64_t total_ns[2];           /* some, full */
    uint64_t total_ns_at_update[2]; /* at the last two-second mark */
    uint64_t average[2][3];         /* percent, times 2048 */
};

struct mm_machine_usage { /* in bytes */
    uint64_t anonymous, file, swap;
};

struct mm_machine_group {
    struct mm_list link; /* machine->groups; unlinked when removed */
    struct mm_list children;
    struct mm_list sibling_link;
    struct mm_list processes;
    struct mm_machine_group *parent; /* a reference, NULL for the root */
    unsigned references; /* the tree's own, children, handles, jobs, dead members' memory, triggers */
    bool is_removed;
    bool is_frozen; /* itself, whatever those above it are */
    uint64_t inode;
    uint64_t high_bytes, max_bytes;
    struct mm_machine_usage usage; /* of the whole subtree */
    uint64_t own_file_bytes;       /* page cache that no process maps */
    struct mm_group_events events;
    struct mm_machine_pressure pressure;
    char path[MM_GROUP_PATH_MAX];
};

struct mm_machine_process {
    struct mm_list link;        /* machine->processes, in pid order */
    struct mm_list group_link;  /* group->processes */
    struct mm_list active_link; /* machine->active: whatever changes with time */
    struct mm_machine_process *next_in_bucket;
    struct mm_machine_group *group;
    pid_t pid, ppid;
    uid_t uid;
    int oom_score_adj;
    uint64_t start_time_ticks;
    struct mm_machine_usage usage;
    uint64_t growth_bytes_per_s, growth_limit_bytes, growth_remainder;
    uint64_t exit_delay_ms;
    uint64_t killed_at_ns; /* 0: not killed */
    uint64_t exit_at_ns;   /* MM_UNKNOWN: never */
    uint64_t release_remainder;
    bool is_oom_victim;
    bool is_reaped;    /* memory comes back before the exit */
    bool tells_reaper; /* a MM_NOTICE_REAP_DONE is owed */
    uint64_t reap_begin_ns;
    char comm[MM_COMM_MAX];
};

/* What a dead process has not given back yet. */
struct mm_machine_remains {
    struct mm_list link;
    struct mm_machine_group *group;
    uint64_t anonymous_bytes, swap_bytes;
    uint64_t release_remainder;
    bool is_oom_victim;
};

struct mm_group { /* the handle */
    struct mm_list link;
    struct mm_machine_group *group;
    bool is_borrowed;
};

struct mm_machine_watch {
    int pidfd;
    pid_t pid;
    uint64_t start_time_ticks;
    uint64_t cookie;
    bool is_done;
};

struct mm_machine_trigger {
    struct mm_list link;
    struct mm_machine_group *group;
    enum mm_pressure_kind kind;
    uint64_t stall_ns, window_ns;
    uint64_t window_begin_ns, total_at_begin_ns, previous_growth_ns;
    uint64_t last_fired_ns; /* MM_UNKNOWN: never */
    int caller_fd;          /* the cookie; the caller's */
    int own_fd;             /* the other end: tells when the caller closed */
};

struct mm_wake {
    struct mm_list link;
    struct mm_wake_request request;
    struct mm_machine_group *group; /* a reference */
    uint64_t line_bytes;            /* of usage; MM_UNKNOWN: none */
    bool is_told;                   /* since it was moved */
    bool is_changed;                /* of limits: since they were taken */
};

struct mm_machine_job {
    struct mm_job job;
    struct mm_machine_group *group; /* a reference */
    bool is_started;
    bool has_lowered_high; /* reclaim without memory.reclaim: restore when done */
    uint64_t restore_high_bytes, lowered_high_bytes;
    uint64_t begin_ns, done_bytes, remainder;
};

struct mm_machine_queued_notice {
    struct mm_notice notice;
    int pidfd; /* of the watch it belongs to, or -1 */
};

struct mm_machine_state { /* map_state */
    struct mm_list link;
    bool is_current; /* else replaced by one of another size, kept for those who still hold it */
    char *name;
    size_t size_bytes;
    unsigned char *memory;
    unsigned char *at_halt; /* what was in it when the daemon died */
};

struct mm_machine {
    struct mm_kernel kernel; /* first */
    struct mm_simulated_machine options;
    bool is_v1;
    struct mm_feature features[MM_FEATURE_COUNT];
    uint64_t now_ns;
    uint64_t suspended_ns;
    struct mm_power_state power;
    uint64_t last_start_time_ticks, last_inode;
    int last_pidfd;

    struct mm_list processes, active, remains, groups, handles, triggers, wakes, states;
    struct mm_machine_process *pids[MM_MACHINE_PID_BUCKETS];
    struct mm_machine_group *root;
    struct { /* last killed_at of pids that are gone, by bucket: a test asks for few */
        pid_t pid;
        uint64_t killed_at_ns;
    } graves[MM_MACHINE_PID_BUCKETS];

    struct mm_machine_watch *watches;
    unsigned watch_count, watch_capacity;
    struct mm_machine_job jobs[MM_MACHINE_JOB_CAPACITY];
    unsigned job_first, job_count;
    struct mm_machine_queued_notice *notices;
    unsigned notice_first, notice_count, notice_capacity;

    uint64_t refault_anonymous, refault_file, scan_kswapd, scan_direct, refill, allocation_stalls;
    unsigned oom_kills;
    bool has_stalled;    /* in this step: an allocation had to reclaim itself */
    bool has_progressed; /* in this step: an allocation went through */

    struct mm_machine_fault faults[MM_OPERATION_COUNT];
    unsigned halt_after; /* 0: never */
    bool is_halted;
};

static inline struct mm_machine *mm_machine_of(struct mm_kernel *kernel)
{
    return (struct mm_machine *)kernel;
}

/* Counts the call; 0, or the error it is to fail with. */
int mm_machine_enter(struct mm_machine *machine, enum mm_machine_operation operation);

/* simulated_memory.c */
/* In 1/512 of RAM: min 1/128, low and high a quarter and a half above it, as Linux spaces them. */
enum mm_machine_watermark {
    MM_WATERMARK_MIN = 4,
    MM_WATERMARK_LOW = 5,
    MM_WATERMARK_HIGH = 6,
};
uint64_t mm_machine_watermark_bytes(const struct mm_machine *machine, enum mm_machine_watermark watermark);
uint64_t mm_machine_free_bytes(const struct mm_machine *machine);
uint64_t mm_machine_available_bytes(const struct mm_machine *machine);
uint64_t mm_machine_group_bytes(const struct mm_machine_group *group); /* memory.current */
/* Adds to (negative: takes from) a group and its ancestors. */
void mm_machine_charge(struct mm_machine_group *group, int64_t anonymous, int64_t file, int64_t swap);
/* Drops files, then swaps, in the subtree; returns by how much the group's memory shrank. */
uint64_t mm_machine_reclaim(struct mm_machine *machine, struct mm_machine_group *group, uint64_t bytes);
/* Takes anonymous memory for a process, reclaiming and killing as the kernel would; returns what it got. */
uint64_t mm_machine_allocate(struct mm_machine *machine, struct mm_machine_process *process, uint64_t bytes);
/* Room for so many bytes in the group and the machine, reclaiming but not killing: -ENOMEM. */
int mm_machine_make_room(struct mm_machine *machine, struct mm_machine_group *group, uint64_t bytes);
void mm_machine_balance(struct mm_machine *machine); /* kswapd */
void mm_machine_oom_kill(struct mm_machine *machine, struct mm_machine_group *group);
/* What rate allows in step_ns, exact over many steps; rate 0: everything. */
uint64_t mm_machine_quantum(uint64_t bytes_per_s, uint64_t step_ns, uint64_t *remainder);

/* simulated_process.c */
struct mm_machine_process *mm_machine_find_process(const struct mm_machine *machine, pid_t pid);
void mm_machine_kill(struct mm_machine *machine, struct mm_machine_process *process);
void mm_machine_step_processes(struct mm_machine *machine, uint64_t step_ns);
void mm_machine_step_remains(struct mm_machine *machine, uint64_t step_ns);
void mm_machine_free_processes(struct mm_machine *machine);
int mm_machine_read_process(struct mm_kernel *kernel, pid_t pid, unsigned fields,
                            struct mm_process_info *ret_info);
int mm_machine_scan_processes(struct mm_kernel *kernel, unsigned fields, uint64_t until_ns,
                              struct mm_process_scan *scan, mm_process_visit visit, void *user);
int mm_machine_write_oom_score_adj(struct mm_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                                   int oom_score_adj, int *ret_written);
int mm_machine_read_process_group(struct mm_kernel *kernel, pid_t pid, char *ret_path, size_t size);
int mm_machine_is_in_domain(struct mm_kernel *kernel, pid_t pid);

/* simulated_handle.c: processes held for killing */
void mm_machine_tell_exit(struct mm_machine *machine, const struct mm_machine_process *process);
void mm_machine_tell_reaped(struct mm_machine *machine, struct mm_machine_process *process, int error);
int mm_machine_open_process(struct mm_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                            struct mm_process_handle *ret_handle);
void mm_machine_close_process(struct mm_kernel *kernel, struct mm_process_handle *handle);
int mm_machine_kill_process(struct mm_kernel *kernel, const struct mm_process_handle *handle);
int mm_machine_reap_process(struct mm_kernel *kernel, const struct mm_process_handle *handle);
int mm_machine_watch_process(struct mm_kernel *kernel, const struct mm_process_handle *handle,
                             uint64_t cookie);
bool mm_machine_has_exited(struct mm_kernel *kernel, const struct mm_process_handle *handle);

/* simulated_group.c */
struct mm_machine_group *mm_machine_find_group(const struct mm_machine *machine, const char *path);
/* Makes it and its ancestors where they are missing. -EINVAL, -ENAMETOOLONG, -ENOMEM. */
int mm_machine_make_group(struct mm_machine *machine, const char *path, struct mm_machine_group **ret_group);
void mm_machine_hold_group(struct mm_machine_group *group);
void mm_machine_drop_group(struct mm_machine_group *group);
void mm_machine_free_groups(struct mm_machine *machine);
void mm_machine_close_handles(struct mm_machine *machine);
bool mm_machine_is_in_group(const struct mm_machine_group *ancestor, const struct mm_machine_group *group);
/* Reclaims to a limit just written, at most `bytes`; kills at max. Returns what was reclaimed. */
uint64_t mm_machine_fit_group(struct mm_machine *machine, struct mm_machine_group *group,
                              enum mm_group_value value, uint64_t bytes);
int mm_machine_group_has_value(const struct mm_machine *machine, const struct mm_machine_group *group,
                               enum mm_group_value value); /* 0, -ENODEV, -EOPNOTSUPP */
uint64_t mm_machine_group_value(const struct mm_machine_group *group, enum mm_group_value value);
int mm_machine_open_group(struct mm_kernel *kernel, const char *path, struct mm_group **ret_group);
int mm_machine_borrow_group(struct mm_kernel *kernel, const char *path, struct mm_group **ret_group);
void mm_machine_close_group(struct mm_kernel *kernel, struct mm_group *group);
const char *mm_machine_group_path(struct mm_kernel *kernel, const struct mm_group *group);
uint64_t mm_machine_group_id(struct mm_kernel *kernel, const struct mm_group *group);
int mm_machine_read_group(struct mm_kernel *kernel, struct mm_group *group, enum mm_group_value value,
                          uint64_t *ret_bytes);
int mm_machine_raise_group(struct mm_kernel *kernel, struct mm_group *group, enum mm_group_value value,
                           uint64_t bytes);
ssize_t mm_machine_read_group_processes(struct mm_kernel *kernel, struct mm_group *group, pid_t *ret_pids,
                                        size_t capacity);
int mm_machine_kill_group(struct mm_kernel *kernel, struct mm_group *group);

/* simulated_frozen.c */
int mm_machine_is_frozen(struct mm_kernel *kernel, pid_t pid);
int mm_machine_read_frozen(struct mm_kernel *kernel, uint64_t group_id, bool *ret_is_frozen,
                           mm_pid_visit visit, void *user);

/* simulated_pressure.c */
void mm_machine_stall(struct mm_machine_group *group, uint64_t some_ns, uint64_t full_ns);
/* After the clock moved: the machine's own stalls, averages, triggers. */
void mm_machine_step_pressure(struct mm_machine *machine, uint64_t step_ns);
uint64_t mm_machine_pressure_line(const struct mm_machine *machine);
/* Whether one could still fire without a further stall. */
bool mm_machine_is_trigger_pending(const struct mm_machine *machine);
void mm_machine_close_triggers(struct mm_machine *machine);
int mm_machine_read_pressure(struct mm_kernel *kernel, struct mm_group *group,
                             struct mm_pressure *ret_pressure);
void mm_machine_close_pressure_trigger(struct mm_kernel *kernel, int fd);
int mm_machine_open_pressure_trigger(struct mm_kernel *kernel, struct mm_group *group,
                                     const struct mm_pressure_trigger *wanted,
                                     struct mm_pressure_trigger *ret_armed, int *ret_fd);

/* simulated_wake.c */
void mm_machine_step_wakes(struct mm_machine *machine);
void mm_machine_close_wakes(struct mm_machine *machine);
/* Something happened to the group. */
void mm_machine_tell_group(struct mm_machine *machine, const struct mm_machine_group *group,
                           enum mm_wake_kind kind);
void mm_machine_tell_removal(struct mm_machine *machine, const struct mm_machine_group *group);
int mm_machine_read_swap(struct mm_kernel *kernel, struct mm_swap_state *ret_swap);
int mm_machine_read_power(struct mm_kernel *kernel, struct mm_power_state *ret_power);
uint64_t mm_machine_suspended_ns(struct mm_kernel *kernel);
int mm_machine_read_group_events(struct mm_kernel *kernel, struct mm_group *group,
                                 struct mm_group_events *ret_events);
int mm_machine_open_wake(struct mm_kernel *kernel, const struct mm_wake_request *request,
                         struct mm_wake **ret_wake);
int mm_machine_wake_fd(struct mm_kernel *kernel, const struct mm_wake *wake, uint32_t *ret_events);
int mm_machine_take_wake(struct mm_kernel *kernel, struct mm_wake *wake);
bool mm_machine_move_wake(struct mm_kernel *kernel, struct mm_wake *wake, uint64_t line_bytes,
                          struct mm_wake_cover *ret_cover);
void mm_machine_close_wake(struct mm_kernel *kernel, struct mm_wake *wake);

/* simulated_job.c */
void mm_machine_step_jobs(struct mm_machine *machine, uint64_t step_ns);
void mm_machine_drop_jobs(struct mm_machine *machine); /* as the daemon's death does */
int mm_machine_submit_job(struct mm_kernel *kernel, const struct mm_job *job);
void mm_machine_cancel_jobs(struct mm_kernel *kernel);
/* pidfd: of the watch it is for, or -1. */
void mm_machine_push_notice(struct mm_machine *machine, const struct mm_notice *notice, int pidfd);
void mm_machine_forget_notices(struct mm_machine *machine, int pidfd);
void mm_machine_drain_notices(struct mm_kernel *kernel, mm_notice_visit visit, void *user);

/* simulated_state.c */
int mm_machine_map_state(struct mm_kernel *kernel, const char *name, size_t size_bytes, void **ret_memory);
ssize_t mm_machine_read_saved(struct mm_kernel *kernel, const char *name, void *ret_bytes, size_t capacity);
int mm_machine_write_saved(struct mm_kernel *kernel, const char *name, const void *bytes, size_t size);
int mm_machine_remove_saved(struct mm_kernel *kernel, const char *name);
int mm_machine_read_boot_id(struct mm_kernel *kernel, uint8_t *ret_id);
void mm_machine_save_states(struct mm_machine *machine);
void mm_machine_restore_states(struct mm_machine *machine);
void mm_machine_free_states(struct mm_machine *machine);

#endif
