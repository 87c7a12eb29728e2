/* SPDX-License-Identifier: Apache-2.0 */
/* The Linux implementation of struct mm_kernel, from the inside. */
#ifndef MM_KERNEL_INTERFACE_LINUX_KERNEL_H
#define MM_KERNEL_INTERFACE_LINUX_KERNEL_H

#include "common/slow_close.h"
#include "kernel_interface/exit_watch.h"
#include "kernel_interface/group.h"
#include "kernel_interface/group_job.h"
#include "kernel_interface/hierarchy.h"
#include "kernel_interface/hot_file.h"
#include "kernel_interface/process_files.h"
#include "kernel_interface/reaper.h"
#include "kernel_interface/state_file.h"
#include "kernel_interface/usage_threshold.h"
#include "kernel_interface/worker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The domain's group and its ancestors; containers within containers stay below ten. */
#define MM_DOMAIN_LEVELS_MAX 32U

/* Journal, kill history and what else outlives a restart. */
#define MM_STATE_FILES_MAX 8U

/* zoneinfo and status come in pieces; everything else fits as a whole. */
#define MM_READ_BUFFER_SIZE 8192U

/* A process by its directory in /proc: what is opened in it is that process' own, whoever gets the pid later. */
struct mm_held_process {
    pid_t pid;
    uint64_t start_time_ticks;
    int directory_fd; /* -1: nobody */
};

struct mm_linux_kernel {
    struct mm_kernel base;
    char *runtime_directory; /* owned */
    uint64_t page_bytes;
    pid_t *scanned_pids; /* of a group domain, while it is scanned; owned */
    size_t scanned_count;
    int proc_fd;
    int sys_fd;   /* -1: there is no /sys */
    int spare_fd; /* given up for a moment to read a process when descriptors run out; -1: it is given up */
    struct mm_held_process held; /* the last one whose start time was read: a write to it follows often */
    struct mm_hot_file meminfo, vmstat, zoneinfo, pressure;
    struct mm_hot_file zswapd_buffer; /* OpenHarmony kernels only */
    struct mm_hierarchies hierarchies;

    struct mm_group *levels[MM_DOMAIN_LEVELS_MAX]; /* the domain's group first */
    struct mm_usage_view tightest; /* as read_memory found it last; directory_fd -1: RAM, usage not read */
    struct mm_group spare_group;   /* what borrow_group lends */
    unsigned level_count;
    int spare_twin_fd; /* as mm_group_open_twin gave it when it was lent, or its error */
    int lock_fd;       /* on the domain; -1: it is not locked */
    bool is_spare_lent;
    bool is_group_domain;
    bool is_fake; /* a test's tree: its processes are not to be signalled, its PSI not to be armed */

    struct mm_notice_queue *notices;
    struct mm_worker *worker;
    struct mm_reaper *reaper;
    struct mm_exit_watch exits;
    struct mm_slow_closer slow_close;
    struct mm_group_job_settings job_settings;

    unsigned state_count;
    struct mm_state_file states[MM_STATE_FILES_MAX];
    struct mm_feature features[MM_FEATURE_COUNT];
    char buffer[MM_READ_BUFFER_SIZE]; /* the main thread's, for one read at a time */
};

static inline struct mm_linux_kernel *mm_linux(struct mm_kernel *kernel)
{
    return (struct mm_linux_kernel *)kernel;
}

/* Below /proc. */
#define MM_PRESSURE_FILE "pressure/memory"

/* Fills kernel->features but those of the triggers; everything else must be set up. */
void mm_linux_probe_features(struct mm_linux_kernel *kernel);
/* Those two: arming a trigger takes nothing, letting go of it 10 ms, so one is armed for the trial only where the
   engine has armed none. */
void mm_linux_probe_triggers(struct mm_linux_kernel *kernel);
/* What a trigger just armed on file says of them; the windows are the one asked for and the one taken. */
void mm_linux_note_trigger(struct mm_linux_kernel *kernel, const char *file, uint64_t asked_us,
                           uint64_t window_us);

/* Once the domain is open, for as long as the kernel is. -EBUSY: somebody else has it; or why it has no lock. */
int mm_linux_lock_domain(struct mm_linux_kernel *kernel);

/* Operations by subject; each as its slot in struct mm_kernel_ops says. */

int mm_linux_read_memory(struct mm_kernel *base, struct mm_memory_state *ret_memory);
int mm_linux_read_vmstat(struct mm_kernel *base, struct mm_vmstat *ret_vmstat);
int mm_linux_read_zoneinfo(struct mm_kernel *base, struct mm_zoneinfo *ret_zoneinfo);
int mm_linux_read_pressure(struct mm_kernel *base, struct mm_group *group, struct mm_pressure *ret_pressure);
int mm_linux_open_pressure_trigger(struct mm_kernel *base, struct mm_group *group,
                                   const struct mm_pressure_trigger *wanted,
                                   struct mm_pressure_trigger *ret_armed, int *ret_fd);

void mm_linux_close_pressure_trigger(struct mm_kernel *base, int fd);

int mm_linux_read_process(struct mm_kernel *base, pid_t pid, unsigned fields,
                          struct mm_process_info *ret_info);
/* By its pid, holding nobody; what is not asked for stays as it is in *info. */
int mm_linux_fill_process(struct mm_linux_kernel *kernel, pid_t pid, unsigned fields,
                          struct mm_process_info *info);
int mm_linux_scan_processes(struct mm_kernel *base, unsigned fields, uint64_t until_ns,
                            struct mm_process_scan *scan, mm_process_visit visit, void *user);
int mm_linux_write_oom_score_adj(struct mm_kernel *base, pid_t pid, uint64_t start_time_ticks,
                                 int oom_score_adj, int *ret_written);
int mm_linux_read_process_group(struct mm_kernel *base, pid_t pid, char *ret_path, size_t size);
/* The path in any hierarchy, as mm_hierarchy_process_path says; of a live thread where the first has ended. */
int mm_linux_process_path(struct mm_linux_kernel *kernel, const struct mm_hierarchy *hierarchy, pid_t pid,
                          char *ret_path, size_t size);
int mm_linux_is_in_domain(struct mm_kernel *base, pid_t pid);
int mm_linux_read_stat(struct mm_linux_kernel *kernel, pid_t pid, struct mm_process_stat *ret_stat);

int mm_linux_open_process(struct mm_kernel *base, pid_t pid, uint64_t start_time_ticks,
                          struct mm_process_handle *ret_handle);
void mm_linux_close_process(struct mm_kernel *base, struct mm_process_handle *handle);
int mm_linux_kill_process(struct mm_kernel *base, const struct mm_process_handle *handle);
int mm_linux_reap_process(struct mm_kernel *base, const struct mm_process_handle *handle);
int mm_linux_watch_process(struct mm_kernel *base, const struct mm_process_handle *handle, uint64_t cookie);
bool mm_linux_has_exited(struct mm_kernel *base, const struct mm_process_handle *handle);
int mm_linux_kill_group(struct mm_kernel *base, struct mm_group *group);

int mm_linux_open_wake(struct mm_kernel *base, const struct mm_wake_request *request,
                       struct mm_wake **ret_wake);
int mm_linux_wake_fd(struct mm_kernel *base, const struct mm_wake *wake, uint32_t *ret_events);
int mm_linux_take_wake(struct mm_kernel *base, struct mm_wake *wake);
bool mm_linux_move_wake(struct mm_kernel *base, struct mm_wake *wake, uint64_t line_bytes,
                        struct mm_wake_cover *ret_cover);
void mm_linux_close_wake(struct mm_kernel *base, struct mm_wake *wake);

int mm_linux_read_group_events(struct mm_kernel *base, struct mm_group *group,
                               struct mm_group_events *ret_events);

int mm_linux_read_swap(struct mm_kernel *base, struct mm_swap_state *ret_swap);
int mm_linux_read_power(struct mm_kernel *base, struct mm_power_state *ret_power);
uint64_t mm_linux_suspended_ns(struct mm_kernel *base);

int mm_linux_is_frozen(struct mm_kernel *base, pid_t pid);
int mm_linux_read_frozen(struct mm_kernel *base, uint64_t group_id, bool *ret_is_frozen, mm_pid_visit visit,
                         void *user);

/* pidfd_open(pid, 0): a descriptor or a negative errno. */
int mm_linux_pidfd_open(pid_t pid);

#ifdef __cplusplus
}
#endif

#endif
