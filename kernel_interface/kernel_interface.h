/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only door to the kernel.
 *
 * struct mm_kernel is a const table of operations with two implementations: the Linux one
 * (mm_linux_kernel_new) and a simulated machine with a virtual clock (simulated_kernel.h). No policy lives
 * here: an operation does one thing and says exactly what happened.
 *
 * Conventions. Operations return 0 (or a count) or a negative errno; results come last and stay untouched
 * on failure. All are called by the main thread. Unless its comment says otherwise an operation does not
 * allocate, does not wait for reclaim and takes microseconds, so that it may be used on the kill path. What
 * may block on the kernel is a job: it runs in a worker and its end comes back as a notice.
 *
 * Paths of groups are relative to the root of the memory hierarchy, begin with '/', and the root is "/".
 */
#ifndef MM_KERNEL_INTERFACE_KERNEL_INTERFACE_H
#define MM_KERNEL_INTERFACE_KERNEL_INTERFACE_H

#include "kernel_interface/lowered_limit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "max" in a limit file, and a figure the kernel does not offer. */
#define MM_UNLIMITED UINT64_MAX
#define MM_UNKNOWN   UINT64_MAX

#define MM_GROUP_PATH_MAX 512
#define MM_BOOT_ID_BYTES  16
#define MM_COMM_MAX       16 /* TASK_COMM_LEN: 15 bytes of any value, then NUL */

/* ---- memory ---------------------------------------------------------------------------------------- */

/* Memory of the domain (design part 6: the machine, or one cgroup subtree whose limit plays RAM). */
struct mm_memory_state {
    uint64_t total_bytes;     /* RAM, or the tightest limit from the domain's group upwards */
    uint64_t available_bytes; /* what can still be had without swapping: see design part 6 */
    uint64_t free_bytes;
    uint64_t file_bytes; /* page cache that can be dropped */
    uint64_t anonymous_bytes;
    uint64_t swap_total_bytes;
    uint64_t swap_free_bytes;
};

struct mm_vmstat {
    uint64_t free_pages;
    uint64_t inactive_file_pages, active_file_pages;
    uint64_t refault_anonymous, refault_file; /* one counter before 5.9: then in refault_file */
    uint64_t scan_kswapd, scan_direct;
    uint64_t refill;
    uint64_t allocation_stalls; /* sum over zones */
    uint64_t oom_kills;
};

/* Sums over every node and zone. Watermarks include the largest lowmem protection of each zone. */
struct mm_zoneinfo {
    unsigned node_count, zone_count; /* populated zones */
    uint64_t free_pages, managed_pages;
    uint64_t min_watermark_pages, low_watermark_pages, high_watermark_pages;
};

struct mm_pressure_line {
    /* Hundredths of a percent: "avg10=1.25" is 125. */
    uint32_t average_10s_centipercent, average_60s_centipercent, average_300s_centipercent;
    uint64_t total_us; /* exact, monotonic */
};

struct mm_pressure {
    struct mm_pressure_line some, full;
};

enum mm_pressure_kind {
    MM_PRESSURE_SOME,
    MM_PRESSURE_FULL,
};

/* Fires when tasks stalled for stall_us within window_us, once in a window. */
struct mm_pressure_trigger {
    enum mm_pressure_kind kind;
    uint64_t stall_us, window_us; /* 0 < stall <= window */
};

/* ---- processes ------------------------------------------------------------------------------------- */

struct mm_process_info {
    pid_t pid; /* thread group id */
    pid_t ppid;
    uid_t uid;  /* real user id */
    char state; /* 'R', 'S', 'D', 'Z', ...: of its first thread */
    bool is_kernel_thread;
    bool has_exited; /* every thread of it ended: a leader that ended before the others is a zombie, too */
    int oom_score_adj;
    uint64_t start_time_ticks; /* field 22 of stat: with the pid, the identity of a process */
    uint64_t resident_bytes;
    uint64_t swap_bytes;
    char comm[MM_COMM_MAX]; /* any bytes but NUL */
};

/* What read_process is to fill, to be or-ed; each costs one file. */
enum mm_process_field {
    MM_PROCESS_STAT = 1 << 0,   /* ppid, state, is_kernel_thread, has_exited, start_time_ticks, comm */
    MM_PROCESS_STATUS = 1 << 1, /* uid, swap_bytes, resident_bytes; -ESRCH for a thread that leads no group */
    MM_PROCESS_STATM = 1 << 2,  /* resident_bytes alone: cheaper than status */
    MM_PROCESS_ADJ = 1 << 3,    /* oom_score_adj */
    MM_PROCESS_ALL = MM_PROCESS_STAT | MM_PROCESS_STATUS | MM_PROCESS_ADJ,
};

/* A process held for killing. pidfd is -1 where the kernel has none; then the start time is re-checked. */
struct mm_process_handle {
    pid_t pid;
    uint64_t start_time_ticks;
    int pidfd;
};

/* Return non-zero to stop the scan; scan_processes then returns that value. */
typedef int (*mm_process_visit)(const struct mm_process_info *process, void *user);
typedef void (*mm_pid_visit)(pid_t pid, void *user);

/* There is more to scan. */
#define MM_SCAN_GOES_ON 1

/* One walk over the processes, at once or in slices; zero-initialised before it. One at a time. */
struct mm_process_scan {
    uint64_t position;         /* where it goes on; the implementation's own */
    unsigned unreadable_count; /* of those that were passed over */
    pid_t unreadable_pid;      /* the last of them, and why: a negative errno */
    int unreadable_error;
};

/* ---- groups ---------------------------------------------------------------------------------------- */

struct mm_group; /* a cgroup held open: directory and hot files; owned by the opener */

enum mm_group_value {
    MM_GROUP_CURRENT,      /* memory.current, memory.usage_in_bytes */
    MM_GROUP_HIGH,         /* memory.high; on v1 memory.soft_limit_in_bytes */
    MM_GROUP_MAX,          /* memory.max, memory.limit_in_bytes */
    MM_GROUP_SWAP_CURRENT, /* memory.swap.current; v1: memsw less usage */
    MM_GROUP_FILE,         /* droppable file pages, from memory.stat */
    MM_GROUP_ANONYMOUS,    /* from memory.stat */
    MM_GROUP_VALUE_COUNT
};

/* What happens to groups. Of processes that are moved only BPF tells who they are. */
enum mm_group_change {
    MM_GROUP_CREATED,
    MM_GROUP_REMOVED,
    MM_GROUP_POPULATED, /* the first process has come, to it or to one below it */
    MM_GROUP_EMPTY,     /* the last one has left */
    MM_GROUP_FROZEN,    /* told again where somebody was added to it */
    MM_GROUP_THAWED,
    MM_GROUP_ENTERED, /* somebody was moved into it */
    MM_GROUP_CHANGE_COUNT
};

/* "created"; "unknown" outside the enumeration. */
const char *mm_group_change_name(enum mm_group_change change);

/* Whose groups. */
enum mm_group_tree {
    MM_GROUP_TREE_DOMAIN,  /* the domain's: of v2 where there is one, else of the memory hierarchy */
    MM_GROUP_TREE_FREEZER, /* v1's freezer: nothing but which are frozen */
};

/* In the id of a group of MM_GROUP_TREE_FREEZER: each hierarchy counts its inodes by itself. */
#define MM_GROUP_ID_OF_FREEZER (1ULL << 63)

struct mm_group_watch; /* group_watch.h */

/* name: of the group's directory, any bytes; both live until the visit returns. */
typedef void (*mm_group_change_visit)(uint64_t group_id, enum mm_group_change change, const char *name,
                                      void *user);

/* ---- jobs: what may block runs in a worker, in bounded chunks --------------------------------------- */

enum mm_job_kind {
    MM_JOB_RECLAIM,   /* reclaim `bytes` from the group: memory.reclaim; else memory.high lowered and restored
                         in steps; v1: limit lowered and restored in steps */
    MM_JOB_SET_VALUE, /* write `bytes` to `value` of the group even where that reclaims */
};

struct mm_job {
    enum mm_job_kind kind;
    struct mm_group *group; /* must stay open until the job's notice came */
    enum mm_group_value value;
    uint64_t bytes;
    uint64_t cookie; /* handed back in the notice */
    /* MM_JOB_RECLAIM: where a limit is lowered, set before and cleared when it is back; a record that is left
       says that the limit could not be put back, or is somebody else's by now. Stays valid until the notice
       came. NULL: nobody wants to know. */
    struct mm_lowered_limit *lowered;
};

/* ---- notices: what the kernel side reports back ----------------------------------------------------- */

enum mm_notice_kind {
    MM_NOTICE_JOB_DONE,       /* cookie, error, bytes: what the group shrank by */
    MM_NOTICE_PROCESS_EXITED, /* cookie of process_watch */
    MM_NOTICE_REAP_DONE,      /* pid, error: 0, -ESRCH gone before, or what process_mrelease said */
    MM_NOTICE_PRESSURE,       /* simulated kernel only: a trigger fired; cookie of the trigger */
    MM_NOTICE_WAKE,           /* simulated kernel only: a wake is to be taken; cookie of the wake */
};

struct mm_notice {
    enum mm_notice_kind kind;
    uint64_t cookie;
    pid_t pid;
    int error;
    uint64_t bytes;
    uint64_t duration_ns;
};

typedef void (*mm_notice_visit)(const struct mm_notice *notice, void *user);

/* ---- wakes: what the kernel tells by itself --------------------------------------------------------- */

struct mm_wake; /* one thing that the kernel was asked to tell; owned by the opener */

enum mm_wake_kind {
    /* v1: available memory of the domain may have come down to the line that move_wake names. A hint, as file pages
       come and go: it may come too early, and not at all where they fill a group up to its limit. */
    MM_WAKE_USAGE,
    MM_WAKE_VMPRESSURE,   /* v1: reclaim in the group finds it hard, as level says */
    MM_WAKE_GROUP_EVENTS, /* what read_group_events says has changed: the group met its limit */
    MM_WAKE_SWAP,         /* swapon or swapoff was called */
    MM_WAKE_POWER,        /* a power supply tells of itself, at each percent too */
    MM_WAKE_KSWAPD,       /* OpenHarmony's kernels: kswapd was woken */
    MM_WAKE_LIMITS,       /* somebody gave the domain's group, or one above it, another limit */
    MM_WAKE_KIND_COUNT
};

/* What share of the pages that reclaim looked at it could not have: any, from 60 %, from 95 % or after many rounds. */
enum mm_vmpressure_level {
    MM_VMPRESSURE_LOW,
    MM_VMPRESSURE_MEDIUM,
    MM_VMPRESSURE_CRITICAL,
    MM_VMPRESSURE_LEVEL_COUNT
};

/* Whose reclaim is told of. */
enum mm_vmpressure_mode {
    MM_VMPRESSURE_DEFAULT,   /* of the subtree, but what a group below has told already */
    MM_VMPRESSURE_HIERARCHY, /* of the subtree */
    MM_VMPRESSURE_LOCAL,     /* of this group's own pages */
    MM_VMPRESSURE_MODE_COUNT
};

/* What MM_WAKE_USAGE is sure to tell of: that pages of processes and files bring available memory down to its line, whatever
   becomes of the files' pages. */
struct mm_wake_cover {
    uint64_t
        margin_bytes; /* the kernel's own memory, which it does not count, may grow by that without reaching the line */
    uint64_t other_available_bytes; /* by the limits that it does not watch; MM_UNKNOWN: there are none */
};

struct mm_wake_request {
    enum mm_wake_kind kind;
    uint64_t cookie; /* handed back in MM_NOTICE_WAKE */
    /* Of VMPRESSURE and GROUP_EVENTS: whose; NULL: the domain's, for a machine the root. Need not stay open. */
    struct mm_group *group;
    enum mm_vmpressure_level level; /* of VMPRESSURE */
    enum mm_vmpressure_mode mode;
};

/* Counters from the group's beginning. v1 has no low and high, and counts oom_kill from 4.13 on. */
struct mm_group_events {
    uint64_t low, high, max; /* fell below memory.low, above memory.high, met the limit */
    uint64_t oom, oom_kill;  /* found nothing to reclaim there; processes the kernel killed for it */
    bool is_under_oom;       /* v1: it stands still until somebody makes room */
};

/* Of /proc/swaps; of those devices that are zram also what their memory holds. */
struct mm_swap_state {
    unsigned device_count, zram_count;
    uint64_t total_bytes, used_bytes;
    uint64_t zram_disk_bytes;       /* what they can hold */
    uint64_t zram_stored_bytes;     /* what they hold, as it was */
    uint64_t zram_compressed_bytes; /* the same compressed */
    uint64_t zram_memory_bytes;     /* what they take for it */
};

#define MM_CHARGE_UNKNOWN UINT32_MAX

struct mm_power_state {
    unsigned battery_count;  /* of the machine, not of mice and keyboards */
    bool is_on_battery;      /* one is being discharged, and nothing else feeds the machine */
    unsigned charge_percent; /* their mean; MM_CHARGE_UNKNOWN */
};

/* ---- features -------------------------------------------------------------------------------------- */

enum mm_feature_id {
    MM_FEATURE_PRESSURE,              /* /proc/pressure/memory readable */
    MM_FEATURE_PRESSURE_TRIGGER,      /* a trigger can be armed */
    MM_FEATURE_PRESSURE_SHORT_WINDOW, /* a window under 2 s is accepted */
    MM_FEATURE_CGROUP_V2_MEMORY,
    MM_FEATURE_CGROUP_V1_MEMORY,
    MM_FEATURE_CGROUP_KILL,
    MM_FEATURE_MEMORY_HIGH,
    MM_FEATURE_MEMORY_RECLAIM,
    MM_FEATURE_GROUP_PRESSURE, /* memory.pressure of a group */
    MM_FEATURE_PIDFD,
    MM_FEATURE_PROCESS_MRELEASE,
    MM_FEATURE_OOM_SCORE_ADJ_LOWER, /* may write below the present value and below 0 */
    MM_FEATURE_SWAP,
    MM_FEATURE_USAGE_THRESHOLD,  /* v1: the kernel tells when a group's usage crosses a level */
    MM_FEATURE_VMPRESSURE,       /* v1: memory.pressure_level */
    MM_FEATURE_GROUP_EVENTS,     /* memory.events; v1: memory.oom_control */
    MM_FEATURE_SWAP_EVENTS,      /* /proc/swaps */
    MM_FEATURE_POWER_SUPPLY,     /* the machine has one in /sys/class/power_supply */
    MM_FEATURE_KSWAPD_MONITOR,   /* /proc/kswapd_monitor of OpenHarmony's kernels */
    MM_FEATURE_KILL_OTHERS,      /* may end the processes of every user */
    MM_FEATURE_LIMIT_CHANGES,    /* the domain is a group, whose limits somebody may change */
    MM_FEATURE_CAP_DAC_OVERRIDE, /* this and the following: capabilities.h says what each is for */
    MM_FEATURE_CAP_DAC_READ_SEARCH,
    MM_FEATURE_CAP_SYS_PTRACE,
    MM_FEATURE_CAP_IPC_LOCK,
    MM_FEATURE_CAP_SYS_NICE,
    MM_FEATURE_CAP_CHOWN,
    MM_FEATURE_CAP_BPF,
    MM_FEATURE_CAP_PERFMON,
    MM_FEATURE_CAP_NET_ADMIN,
    MM_FEATURE_CAP_SETUID,
    MM_FEATURE_CAP_SETGID,
    MM_FEATURE_COUNT
};

struct mm_feature {
    bool available;
    char reason[96]; /* why not, or how: "cgroup v2 at /sys/fs/cgroup"; always filled */
};

/* The feature's word in status output, "pressure_trigger"; never NULL. */
const char *mm_feature_name(enum mm_feature_id feature);

/* ---- the table -------------------------------------------------------------------------------------- */

struct mm_kernel;

struct mm_kernel_ops {
    void (*free)(struct mm_kernel *kernel);

    /* Monotonic time; virtual in the simulated kernel. Never fails. */
    uint64_t (*now_ns)(struct mm_kernel *kernel);

    const struct mm_feature *(*feature)(struct mm_kernel *kernel, enum mm_feature_id feature);

    /* Errors: -EIO or what pread said; -ENODATA when a line the engine needs is missing. read_memory: -ENODEV when
       the domain's group was removed, -ESTALE when another one is under its path by now. */
    int (*read_memory)(struct mm_kernel *kernel, struct mm_memory_state *ret_memory);
    int (*read_vmstat)(struct mm_kernel *kernel, struct mm_vmstat *ret_vmstat);
    int (*read_zoneinfo)(struct mm_kernel *kernel, struct mm_zoneinfo *ret_zoneinfo);
    /* group NULL: the domain (the system's file for a machine). -EOPNOTSUPP where PSI is off. */
    int (*read_pressure)(struct mm_kernel *kernel, struct mm_group *group, struct mm_pressure *ret_pressure);

    /*
     * Arms a PSI trigger on the group, NULL for the domain. Where the kernel refuses the window (EINVAL,
     * EPERM) the 2 s window is tried with the stall scaled; *ret_armed is what was armed. *ret_fd is the
     * caller's until close_pressure_trigger; it becomes readable as POLLPRI, POLLERR means the group is gone. -EOPNOTSUPP where
     * PSI is off, -EINVAL for a stall of 0 or above the window, or what the kernel said.
     */
    int (*open_pressure_trigger)(struct mm_kernel *kernel, struct mm_group *group,
                                 const struct mm_pressure_trigger *wanted,
                                 struct mm_pressure_trigger *ret_armed, int *ret_fd);
    /* Disarms and closes it. The kernel takes some 10 ms to let go of a trigger, more when it is busy: nobody waits for
       that but free. */
    void (*close_pressure_trigger)(struct mm_kernel *kernel, int fd);

    /* fields: mm_process_field. -ESRCH when it is gone. Only the asked fields are set, and pid. */
    int (*read_process)(struct mm_kernel *kernel, pid_t pid, unsigned fields,
                        struct mm_process_info *ret_info);
    /*
     * Every thread group of the domain but kernel threads, from where scan stands, until none is left (0), until
     * until_ns, a moment of now_ns (MM_SCAN_GOES_ON; at least one was looked at), or until visit says so; the next
     * call goes on behind the last one. Who comes meanwhile may be missed. May allocate: for start and calm only.
     *
     * One that may not be read (hidepid, a security module) or says nonsense is passed over and counted in scan;
     * -ENOMEM, -EMFILE and -ENFILE, which tell of this process and not of that, end the scan, as do errors of the
     * listing.
     */
    int (*scan_processes)(struct mm_kernel *kernel, unsigned fields, uint64_t until_ns,
                          struct mm_process_scan *scan, mm_process_visit visit, void *user);
    /*
     * -1000..1000. Where the kernel does not allow what was asked (-EPERM, -EACCES) 0 is written for a value
     * below 0. *ret_written is what the file holds now. -ESRCH when the process is gone or start_time_ticks
     * (unless 0) differs: a pid that means another one now is not written to. To tell costs a reading of stat,
     * unless that process was the last whose MM_PROCESS_STAT was read.
     */
    int (*write_oom_score_adj)(struct mm_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                               int oom_score_adj, int *ret_written);
    /*
     * The path in the memory hierarchy of the group that the process is in. -ESRCH: there is no such process;
     * -ENOENT: it is in no group that is mounted here, as in another container; -EOPNOTSUPP without a memory
     * hierarchy; -ENAMETOOLONG: size is too small, ret_path is untouched.
     */
    int (*read_process_group)(struct mm_kernel *kernel, pid_t pid, char *ret_path, size_t size);

    /* 1 when the process belongs to the domain (always, for a machine), else 0; -ESRCH. */
    int (*is_in_domain)(struct mm_kernel *kernel, pid_t pid);

    /* The kill path. Holds the process so that its pid cannot come to mean another one: -ESRCH when it is
       gone or start_time_ticks (unless 0) differs. */
    int (*open_process)(struct mm_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                        struct mm_process_handle *ret_handle);
    void (*close_process)(struct mm_kernel *kernel, struct mm_process_handle *handle);
    /* SIGKILL. Refuses pid 1 and this process with -EPERM. -ESRCH: already dead. Where v1 has frozen it its
       group is thawed, or when others are in that it is moved out, above what is frozen. */
    int (*kill_process)(struct mm_kernel *kernel, const struct mm_process_handle *handle);
    /* Frees the victim's memory on a thread of its own; the end comes as MM_NOTICE_REAP_DONE. */
    int (*reap_process)(struct mm_kernel *kernel, const struct mm_process_handle *handle);
    /* Asks for MM_NOTICE_PROCESS_EXITED; ends with close_process. -EOPNOTSUPP: ask has_exited instead. */
    int (*watch_process)(struct mm_kernel *kernel, const struct mm_process_handle *handle, uint64_t cookie);
    /* True when no such process runs any more; a zombie counts as exited. */
    bool (*has_exited)(struct mm_kernel *kernel, const struct mm_process_handle *handle);

    /* May allocate. -ENOENT, -EOPNOTSUPP without a memory hierarchy. */
    int (*open_group)(struct mm_kernel *kernel, const char *path, struct mm_group **ret_group);
    /* The same for the kill path, without allocating: there is one, which close_group gives back, -EBUSY until then. How
       kill_group can be done is found out here: whoever is signalled later leaves the group at any moment. */
    int (*borrow_group)(struct mm_kernel *kernel, const char *path, struct mm_group **ret_group);
    void (*close_group)(struct mm_kernel *kernel, struct mm_group *group);
    const char *(*group_path)(struct mm_kernel *kernel, const struct mm_group *group);
    /* The directory's inode: another one under the same path is another group. */
    uint64_t (*group_id)(struct mm_kernel *kernel, const struct mm_group *group);
    /* -ENODEV when the group was removed; MM_UNLIMITED for "max"; -EOPNOTSUPP where there is no such file. */
    int (*read_group)(struct mm_kernel *kernel, struct mm_group *group, enum mm_group_value value,
                      uint64_t *ret_bytes);
    /*
     * Writes in line, and only where that cannot block: a value not below the group's present usage. A lower
     * one is refused with -EBUSY; it is a job's work.
     */
    int (*raise_group)(struct mm_kernel *kernel, struct mm_group *group, enum mm_group_value value,
                       uint64_t bytes);
    /*
     * Thread groups in the whole subtree; returns how many there are, of which at most capacity (0: ret_pids may be
     * NULL) are stored, in no order. On v1, and where a process moves meanwhile, one may come twice, and one that
     * this process' pid namespace does not show comes as 0: both count. Zombies come until they are reaped. -ENODEV
     * when the group was removed, -ELOOP for a tree deeper than 32, or what the kernel said.
     */
    ssize_t (*read_group_processes)(struct mm_kernel *kernel, struct mm_group *group, pid_t *ret_pids,
                                    size_t capacity);
    /*
     * SIGKILL to the whole subtree at once: cgroup.kill, also through the v2 twin of a v1 group. -EPERM when pid 1 or
     * this process is in it, and where the kernel refuses; -ENODEV when the group was removed. -EOPNOTSUPP where there
     * is no such file (the root has none), no twin with the same processes, or more than 1024 of them: to be killed one
     * by one. With an error nobody was signalled.
     */
    int (*kill_group)(struct mm_kernel *kernel, struct mm_group *group);

    /* Queues a job; -EAGAIN when the fixed queue is full. */
    int (*submit_job)(struct mm_kernel *kernel, const struct mm_job *job);
    /* Drops what is queued and interrupts the chunk under way; returns at once. The notices still come, with
       -ECANCELED or -EINTR. */
    void (*cancel_jobs)(struct mm_kernel *kernel);
    /* Readable when drain_notices has something; -1 in the simulated kernel. */
    int (*notice_fd)(struct mm_kernel *kernel);
    void (*drain_notices)(struct mm_kernel *kernel, mm_notice_visit visit, void *user);

    /*
     * State that outlives a restart: a file of that name and fixed size in the runtime directory, allocated,
     * mapped shared and locked; zero-filled when new. Of a file of another size what fits is kept, the rest is
     * zero or cut off, and a warning is logged. Unmapped by free.
     */
    int (*map_state)(struct mm_kernel *kernel, const char *name, size_t size_bytes, void **ret_memory);

    /*
     * Begins to hear of the domain's groups, of all groups for a machine: on v2 where there is one, else on the
     * memory hierarchy; or of all that v1's freezer has. Ended by mm_group_watch_free. Allocates, also later as groups
     * are made. -EOPNOTSUPP where there are none; -ENOSPC, -EMFILE without room for it.
     */
    int (*open_group_watch)(struct mm_kernel *kernel, enum mm_group_tree tree,
                            struct mm_group_watch **ret_watch);
    /* Asks the kernel to tell; may allocate. -EOPNOTSUPP where it has no such thing, or what it said. Where only this
       shows that the kernel cannot, the feature is not available from then on, and its reason says why. */
    int (*open_wake)(struct mm_kernel *kernel, const struct mm_wake_request *request,
                     struct mm_wake **ret_wake);
    /* The descriptor that becomes ready for *ret_events (EPOLL*) when there is something to take, the same until
       close_wake; -1 in the simulated kernel, which sends notices. */
    int (*wake_fd)(struct mm_kernel *kernel, const struct mm_wake *wake, uint32_t *ret_events);
    /* Takes in what was told, so that the descriptor is quiet again: 1, or 0 where it was nothing. A negative errno
       says that nothing more will come, so that it is to be closed: -ENODEV, the group was removed; else why the
       kernel refused. */
    int (*take_wake)(struct mm_kernel *kernel, struct mm_wake *wake);
    /* MM_WAKE_USAGE, after read_memory: tell at the latest when available memory is down to line_bytes (MM_UNKNOWN: do
       not tell). Returns at once; the kernel takes some 10 ms to hear of it, in which a thread waits for it. true, and
       *ret_cover, where the kernel has heard already, of an earlier call, and that is still in place: it is then sure to
       tell as far as the cover goes. */
    bool (*move_wake)(struct mm_kernel *kernel, struct mm_wake *wake, uint64_t line_bytes,
                      struct mm_wake_cover *ret_cover);
    void (*close_wake)(struct mm_kernel *kernel, struct mm_wake *wake); /* accepts NULL */
    /* -ENODEV when the group was removed, -EOPNOTSUPP where it has no such file (v2's root), -ENODATA when a line is
       missing. group NULL: the domain's, for a machine the root. */
    int (*read_group_events)(struct mm_kernel *kernel, struct mm_group *group,
                             struct mm_group_events *ret_events);
    /* -EOPNOTSUPP where the kernel knows no swap. */
    int (*read_swap)(struct mm_kernel *kernel, struct mm_swap_state *ret_swap);
    /* -EOPNOTSUPP where it knows no power supplies. */
    int (*read_power)(struct mm_kernel *kernel, struct mm_power_state *ret_power);
    /* How long the machine was suspended since it booted, which now_ns does not count. Never more than it was, and
       less by at most a moment. Costs no system call. */
    uint64_t (*suspended_ns)(struct mm_kernel *kernel);
    /* Whether the process stands still because its group of cgroup v2 or of v1's freezer, or one above it, is frozen: 1,
       else 0, also where there is neither. -ESRCH. */
    int (*is_frozen)(struct mm_kernel *kernel, pid_t pid);
    /*
     * The same of the group of that id (of cgroup v2 or of v1's freezer, as MM_EVENT_GROUP says it), in *ret_is_frozen
     * before the first visit, and then visits the processes that are in it and not in one below it: a process of another
     * pid namespace as 0, zombies too. -ENOENT when there is no such group, or no such hierarchy; -EPERM without
     * CAP_DAC_READ_SEARCH, -EOPNOTSUPP where the kernel opens no group by its id; -EACCES and others as it said, when some
     * may have been visited.
     */
    int (*read_frozen)(struct mm_kernel *kernel, uint64_t group_id, bool *ret_is_frozen, mm_pid_visit visit,
                       void *user);

    /*
     * State that is read once, at the next start: a file of that name in the runtime directory, which is there as a
     * whole or as it was before. read_saved: how many bytes; -ENOENT where nothing was saved, -EFBIG for more than
     * capacity, -EINVAL and -EPERM for a file that is not ours, or what the kernel said. write_saved may allocate and
     * wait, so it is for calm moments.
     */
    ssize_t (*read_saved)(struct mm_kernel *kernel, const char *name, void *ret_bytes, size_t capacity);
    int (*write_saved)(struct mm_kernel *kernel, const char *name, const void *bytes, size_t size);
    int (*remove_saved)(struct mm_kernel *kernel, const char *name); /* -ENOENT, or what the kernel said */
    /* Another one after each boot, when start times begin anew: -ENOENT, or what the kernel said. */
    int (*read_boot_id)(struct mm_kernel *kernel, uint8_t ret_id[MM_BOOT_ID_BYTES]);
};

/* Implementations begin with this. */
struct mm_kernel {
    const struct mm_kernel_ops *ops;
    /* The engine's process, which it neither manages nor kills; 0: not among those that it sees. */
    pid_t own_pid;
    /* Decide and record, change nothing: set by mm_dry_run_kernel_new. */
    bool is_dry_run;
};

/* What the engine manages (design part 6). */
struct mm_domain {
    bool is_group;
    char group_path[MM_GROUP_PATH_MAX]; /* where is_group */
};

struct mm_linux_kernel_options {
    struct mm_domain domain;
    bool is_exclusive;             /* nobody else that asks for it may have the same domain: -EBUSY */
    const char *runtime_directory; /* for map_state, must exist */
    const char *root;              /* "" or the prefix of a fake /proc and /sys for tests */
    unsigned reaper_threads;       /* 1..8 */
    uint64_t reclaim_chunk_bytes;  /* the largest amount asked of memory.reclaim at once */
};

/* Probes every feature but the pressure triggers (which are tried when the first one is armed, or asked for), opens the
   hot files, starts the worker and the reapers. */
int mm_linux_kernel_new(const struct mm_linux_kernel_options *options, struct mm_kernel **ret_kernel);

/*
 * Wraps a kernel: reads pass through, every change is left out and reported as done. kill_process says 0 and
 * has_exited then says true, so that the callers' state machines run to their end. Owns inner.
 */
int mm_dry_run_kernel_new(struct mm_kernel *inner, struct mm_kernel **ret_kernel);

void mm_kernel_free(struct mm_kernel *kernel); /* accepts NULL */

#ifdef __cplusplus
}
#endif

#endif
