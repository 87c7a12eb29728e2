/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Account -> bundle -> process, and the rules that turn events into priorities.
 *
 * A bundle is what is squeezed and killed: all processes of one application (uid and name), or a single
 * process that nobody registered. Its priority is the least (most important) of its processes', clamped to
 * -1000..1000; the list holds the bundles. The manager subscribes to the event center, recomputes only what
 * an event touches, moves bundles on the list, and has oom_score_adj written where the value changed.
 *
 * Rules and numbers are OpenHarmony's (reference 1.2 to 1.4); where its behaviour is a defect this header
 * says what is done instead: PROCESS_READY leaves the grace of a new process alone; a dead caller releases
 * what it had bound; chains of extensions reach their fixed point in one event; a bound foreground
 * application stays foreground; residents
 *   (-800) are forgotten when they end; two bundles may share a uid; equal priorities go by oldest use;
 * account switches are computed from the account, never added up, and leave values below 0 alone.
 */
#ifndef MM_PRIORITY_MANAGER_PRIORITY_MANAGER_H
#define MM_PRIORITY_MANAGER_PRIORITY_MANAGER_H

#include "config/config.h"
#include "event_center/event_center.h"
#include "kernel_interface/kernel_interface.h"
#include "priority_manager/priority_list.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Priorities by name, as in the reference 1.2. */
enum {
    MM_PRIORITY_SYSTEM = -1000,
    MM_PRIORITY_KILLABLE_SYSTEM = -800,
    MM_PRIORITY_FOREGROUND = 0,
    MM_PRIORITY_VISIBLE = 50,
    MM_PRIORITY_SUSPEND_DELAY = 100,
    MM_PRIORITY_PERCEIVED = 200,
    MM_PRIORITY_DIST_DEVICE = 260,
    MM_PRIORITY_BACKGROUND = 400,
    MM_PRIORITY_NO_BIND_EXTENSION = 500,
    MM_PRIORITY_FROZEN = 600,
    MM_PRIORITY_SUSPEND = 800,
};

#define MM_ACCOUNT_UIDS 200000 /* OpenHarmony: account id = uid / 200000 */

struct mm_account;
struct mm_bundle;

/* Flags of a process; their meaning in the reference 1.3. */
enum mm_process_flag {
    MM_PROCESS_IS_FOREGROUND = 1 << 0,
    MM_PROCESS_IS_VISIBLE = 1 << 1,
    MM_PROCESS_HAS_TRANSIENT_TASK = 1 << 2, /* SUSPEND_DELAY */
    MM_PROCESS_HAS_CONTINUOUS_TASK = 1 << 3,
    MM_PROCESS_HAS_EVENT = 1 << 4,
    MM_PROCESS_HAS_DIST_DEVICE = 1 << 5,
    MM_PROCESS_IS_EXTENSION = 1 << 6,
    MM_PROCESS_HAS_UI = 1 << 7,
    MM_PROCESS_IS_RENDER = 1 << 8,
    MM_PROCESS_IS_SUSPENDED = 1 << 9,
    MM_PROCESS_IS_IMPORTANT = 1 << 10,
    MM_PROCESS_IN_GRACE = 1 << 11, /* new: at 0 until its grace ends */
    MM_PROCESS_IS_ABILITY_STARTING = 1 << 12,
    MM_PROCESS_IS_RESIDENT = 1 << 13,
};

/* The rule that gave a process its number; for explanations. */
enum mm_priority_rule {
    MM_RULE_NEW,
    MM_RULE_FOREGROUND,
    MM_RULE_BACKGROUND,
    MM_RULE_VISIBLE,
    MM_RULE_TRANSIENT_TASK,
    MM_RULE_CONTINUOUS_TASK,
    MM_RULE_EVENT,
    MM_RULE_DIST_DEVICE,
    MM_RULE_IMPORTANT,
    MM_RULE_RESIDENT,
    MM_RULE_EXTENSION,
    MM_RULE_SUSPENDED,
    MM_RULE_ABILITY_START,
    MM_RULE_RENDER,
    MM_RULE_ACCOUNT,
    MM_RULE_OOM_SCORE_ADJ, /* unregistered: what the file said */
    MM_RULE_COUNT
};
const char *mm_priority_rule_name(enum mm_priority_rule rule);

struct mm_process {
    pid_t pid;
    uid_t uid;
    uint64_t start_time_ticks; /* 0 when it could not be read */
    struct mm_bundle *bundle;
    struct mm_list bundle_link;
    uint32_t flags;
    int16_t priority;        /* with the account's adjustment */
    int16_t important_floor; /* where MM_PROCESS_IS_IMPORTANT */
    int16_t written_oom_score_adj;
    uint8_t rule;            /* enum mm_priority_rule */
    uint64_t resident_bytes; /* as of the last calm refresh */
    char comm[MM_COMM_MAX];
    /* the rest is the manager's own: see manager.c */
    struct mm_process_private *private_;
};

struct mm_bundle {
    struct mm_priority_entry entry; /* on the list; entry.priority is the bundle's */
    struct mm_list processes;       /* of mm_process.bundle_link */
    uint32_t process_count;
    bool is_registered;
    /* The killer's word: not chosen again before this moment; 0: free. */
    uint64_t set_aside_until_ns;
    uint64_t resident_bytes; /* sum, as of the last calm refresh */
    uid_t uid;
    struct mm_account *account;
    uint64_t last_use_ns;
    char name[MM_NAME_MAX]; /* registered: the bundle's; else the process' comm, printable */
};

#define MM_BUNDLE_OF(entry_pointer) MM_CONTAINER_OF(entry_pointer, struct mm_bundle, entry)

struct mm_priority_manager;

/* Subscribes to the center. config lives as long as MM_EVENT_CONFIG says. */
int mm_priority_manager_new(struct mm_kernel *kernel, struct mm_event_center *center,
                            const struct mm_config *config, struct mm_priority_manager **ret_manager);
void mm_priority_manager_free(struct mm_priority_manager *manager); /* accepts NULL */

/* Puts every process of the kernel on the list at its oom_score_adj: once at start. Allocates. */
int mm_priority_manager_scan(struct mm_priority_manager *manager);

const struct mm_priority_list *mm_priority_manager_list(const struct mm_priority_manager *manager);
/* NULL when unknown. */
struct mm_process *mm_priority_manager_find(const struct mm_priority_manager *manager, pid_t pid);
/* Reads sizes anew and grows the pools: on calm moments, at most `limit` processes from where the last call
   stopped; returns how many are left of the round. */
size_t mm_priority_manager_refresh(struct mm_priority_manager *manager, size_t limit);

/* "400 background; important floor 300 -> 300; account 101 inactive +50 -> 350" into buffer. */
const char *mm_priority_manager_explain(const struct mm_priority_manager *manager,
                                        const struct mm_process *process, char *buffer, size_t size);

struct mm_priority_counters {
    uint32_t accounts, bundles, processes, registered_processes;
    uint64_t unknown_pid_events; /* events about a pid that is not known or not alive */
    uint64_t refused_events;     /* a foreign process, pid 1, a thread, out of range */
    uint64_t oom_score_adj_writes, oom_score_adj_failures;
    uint64_t untracked_newcomers; /* tracked by oom_score_adj alone: the table was full under pressure */
};
const struct mm_priority_counters *mm_priority_manager_counters(const struct mm_priority_manager *manager);

#ifdef __cplusplus
}
#endif

#endif
