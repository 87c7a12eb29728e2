/* SPDX-License-Identifier: Apache-2.0 */
/* The typed event: everything that happens travels through the engine as one of these. */
#ifndef MM_EVENT_CENTER_EVENT_H
#define MM_EVENT_CENTER_EVENT_H

#include "common/memory_level.h"
#include "kernel_interface/kernel_interface.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_NAME_MAX       128 /* bundle and process names; OpenHarmony's longest bundle name is 127 */
#define MM_EVENT_RULE_MAX 64  /* name of a process rule, with its NUL */
#define MM_REASON_MAX     192 /* one sentence of a decision */

enum mm_event_kind {
    /* payload.pressure: a PSI trigger fired. group_id: of a named group; 0: of the domain. A window of 0 is v1's
       vmpressure, where there is no PSI: medium stands for some, critical for full. */
    MM_EVENT_PRESSURE,
    MM_EVENT_WATERLINE,   /* the waterline watch asks to look at available memory */
    MM_EVENT_APPLICATION, /* payload.application: a client reports a state change */
    MM_EVENT_ACCOUNT,     /* payload.account */
    /* payload.process: an unregistered newcomer, since the start; again when it has become another program, bears another
       name or was moved to another group of the domain. */
    MM_EVENT_PROCESS_FOUND,
    MM_EVENT_PROCESS_EXITED, /* pid; payload.process.start_time_ticks, 0 when not known */
    MM_EVENT_PROCESS_LEFT,   /* the same: it was moved out of the domain and is none of ours any more */
    MM_EVENT_OOM_SCORE_ADJ,  /* pid; payload.process.oom_score_adj: somebody wrote it */
    MM_EVENT_NOTICE,         /* payload.notice: from the kernel interface */
    MM_EVENT_MEMORY_LEVEL,   /* payload.level: none, purgeable, moderate, low, critical changed */
    MM_EVENT_KILL_BEGIN,     /* a kill is decided: whoever squeezes stops now */
    MM_EVENT_KILL_END,       /* the killer is at rest again: recovered, or nobody left to kill */
    MM_EVENT_DECISION,       /* payload.decision: something was decided, or left alone for a reason */
    MM_EVENT_PRIORITY,       /* payload.priority: the bundle of the process pid moved on the list */
    MM_EVENT_CONFIG,         /* payload.config: a new, valid configuration takes effect now */
    MM_EVENT_RELOAD,         /* payload.reload: somebody asks for a reload */
    MM_EVENT_LOG_STATE,      /* somebody asks for the state in the log */
    MM_EVENT_STOP,           /* the daemon ends: restore what is ours */

    /* pid; payload.process but resident_bytes: the kernel started a process, made it another program, or somebody moved it
       to another group. The priority manager answers with PROCESS_FOUND where nobody registered it. */
    MM_EVENT_PROCESS_STARTED,
    /* The same: it bears another name now. */
    MM_EVENT_PROCESS_RENAMED,
    /* group_id, payload.group: a control group of the domain, in the memory hierarchy. One that is made under the path of
       one that was removed has another group_id. */
    MM_EVENT_GROUP,
    /* pid (0: a kernel thread), payload.stall: a thread of the domain waits for memory, or has. At most 50 begins are
       told in a second; of the ends those of them, and of each that lasted for 20 ms. */
    MM_EVENT_STALL,
    /* pid, payload.process: the kernel kills it, as memory is out. Its end comes as PROCESS_EXITED. */
    MM_EVENT_OOM_VICTIM,
    /* pid; payload.match: which process rule takes it */
    MM_EVENT_PROCESS_MATCHED,
    MM_EVENT_GROUP_MEMORY, /* payload.group_memory: a group met a limit of its own */
    MM_EVENT_SWAP,         /* payload.swap: somebody added or took swap */
    MM_EVENT_RESUMED,      /* payload.resumed: the machine was suspended */
    MM_EVENT_POWER,        /* payload.power: it runs on battery from now on, or no longer */
    MM_EVENT_KILL,         /* pid, payload.kill: a victim was signalled, or what came of it is known */
    MM_EVENT_APP_STATE,    /* pid, uid, payload.app_state: an application that a client registered changed */
    MM_EVENT_DEVICE,       /* payload.device: a client says what the whole device does */

    MM_EVENT_KIND_COUNT
};
/* Subscriptions are masks of 32 bits. */
#define MM_EVENT_KINDS_MAX 32

/* "pressure", "application", ...; "unknown" outside the enumeration. */
const char *mm_event_kind_name(enum mm_event_kind kind);

/* What a client may report. Order and names up to ABILITY_START are OpenHarmony's (reference 1.1). */
enum mm_application_reason {
    MM_REASON_CREATE_PROCESS,
    MM_REASON_PROCESS_READY,
    MM_REASON_FOREGROUND,
    MM_REASON_BACKGROUND,
    MM_REASON_SUSPEND_DELAY_START, /* a transient task runs */
    MM_REASON_SUSPEND_DELAY_END,
    MM_REASON_BACKGROUND_RUNNING_START, /* a continuous task: music, navigation */
    MM_REASON_BACKGROUND_RUNNING_END,
    MM_REASON_EVENT_START,
    MM_REASON_EVENT_END,
    MM_REASON_APPLICATION_SUSPEND,
    MM_REASON_PROCESS_TERMINATED,
    MM_REASON_OS_ACCOUNT_CHANGED,
    MM_REASON_DIST_DEVICE_CONNECTED,
    MM_REASON_DIST_DEVICE_DISCONNECTED,
    MM_REASON_BIND_EXTENSION,
    MM_REASON_UNBIND_EXTENSION,
    MM_REASON_VISIBLE,
    MM_REASON_UN_VISIBLE,
    MM_REASON_RENDER_CREATE_PROCESS,
    MM_REASON_ABILITY_START,
    MM_REASON_CRITICAL_BEGIN, /* a client holds it critical, until it or its connection ends that */
    MM_REASON_CRITICAL_END,
    MM_REASON_COUNT
};

/* "FOREGROUND"; "UNKNOWN" outside the enumeration. */
const char *mm_application_reason_name(enum mm_application_reason reason);

struct mm_event_application {
    enum mm_application_reason reason;
    /* The account the bundle belongs to; -1: uid / 200000, OpenHarmony's rule. */
    int64_t account_id;
    char name[MM_NAME_MAX]; /* bundle name; "" when the client did not say */
    char process_name[MM_NAME_MAX];
    /* BIND_EXTENSION and UNBIND_EXTENSION: who binds; pid 0: unknown. */
    pid_t caller_pid;
    uid_t caller_uid;
    uint64_t start_time_ticks; /* identity of the event's pid, read by whoever made the event; 0: not known */
};

enum mm_account_change {
    MM_ACCOUNT_ACTIVATED,
    MM_ACCOUNT_HOT_SWITCH,  /* the other accounts stay, less important */
    MM_ACCOUNT_COLD_SWITCH, /* the other accounts' processes are killed */
    MM_ACCOUNT_STOPPED,     /* it is not in use any more; its processes are its own affair */
    MM_ACCOUNT_REMOVED,     /* there is no such account any more: what is left of its processes is killed */
    MM_ACCOUNT_CHANGE_COUNT
};

struct mm_event_account {
    int64_t account_id;
    enum mm_account_change change;
};

/* OpenHarmony hears of these and logs them (reference 1.1). No priority depends on them. */
enum mm_device_change {
    MM_DEVICE_BOOT_COMPLETED, /* whoever was started meanwhile is looked for */
    MM_DEVICE_SCREEN_ON,
    MM_DEVICE_SCREEN_OFF,
    MM_DEVICE_POWER_CONNECTED,
    MM_DEVICE_POWER_DISCONNECTED,
    MM_DEVICE_CHANGE_COUNT
};

/* "screen-off"; "unknown" outside the enumeration. */
const char *mm_device_change_name(enum mm_device_change change);

struct mm_event_device {
    enum mm_device_change change;
};

struct mm_event_process {
    uint64_t start_time_ticks;
    uint64_t resident_bytes;
    int oom_score_adj;
    char comm[MM_COMM_MAX];
};

struct mm_event_match {
    uint64_t start_time_ticks;
    bool has_rule; /* false: none takes it (any more), the rest is empty */
    bool is_built_in;
    int16_t priority;
    uint8_t process_class; /* enum mm_process_class */
    /* Those of one key and name are one bundle; 0: it is one of its own. */
    uint64_t bundle_key;
    char rule[MM_EVENT_RULE_MAX];
    char bundle[MM_NAME_MAX]; /* printable */
};

struct mm_event_group {
    enum mm_group_change change;
    char name[MM_COMM_MAX]; /* of its directory, cut */
};

enum mm_stall_kind {
    MM_STALL_DIRECT_RECLAIM, /* the machine is short of memory, and the thread looks for some itself */
    MM_STALL_GROUP_RECLAIM,  /* the same at the limit of a group */
    MM_STALL_COMPACTION,     /* for memory in one piece */
    MM_STALL_THROTTLED,      /* held up, as reclaim does not keep pace; told at its end only */
    MM_STALL_KSWAPD,         /* none, but its counterpart: kswapd is awake */
    MM_STALL_KIND_COUNT
};

/* "direct-reclaim"; "unknown" outside the enumeration. */
const char *mm_stall_kind_name(enum mm_stall_kind kind);

struct mm_event_stall {
    enum mm_stall_kind kind;
    bool is_begin;
    uint32_t in_progress; /* threads that stall at this moment, this one too when it begins; without kswapd */
    uint64_t length_ns;   /* of one that has ended */
    char comm[MM_COMM_MAX];
};

/* What made the level what it is. */
enum mm_level_cause {
    MM_LEVEL_BY_WATERLINE, /* available memory alone */
    MM_LEVEL_BY_PRESSURE,  /* PSI or a stall: available memory alone would be a better level */
    MM_LEVEL_INJECTED,     /* a client's word, for tests: the engine's own level is another matter */
    MM_LEVEL_CAUSE_COUNT
};

/* "waterline", "pressure", "injected"; "unknown" outside the enumeration. */
const char *mm_level_cause_name(enum mm_level_cause cause);

struct mm_event_level {
    enum mm_memory_level level, previous;
    enum mm_level_cause cause;
    uint64_t available_bytes; /* as last read */
};

/* Who decided. */
enum mm_decision_source {
    MM_DECISION_KILL,
    MM_DECISION_RECLAIM,
    MM_DECISION_PRIORITY,
    MM_DECISION_CONFIG,
    MM_DECISION_KERNEL, /* the kernel itself: what we saw it do */
    MM_DECISION_SOURCE_COUNT
};

struct mm_decision {
    enum mm_decision_source source;
    bool acted; /* false: left alone, for the reason given */
    bool is_dry_run;
    const char *action; /* a word with static life: "kill", "squeeze", "squeezed", "none" */
    pid_t pid;          /* 0: not about one process */
    char target[MM_NAME_MAX];
    uint64_t available_bytes;
    uint64_t amount_bytes; /* asked for, or freed */
    char reason[MM_REASON_MAX];
};

struct mm_event_priority {
    int priority, previous;
    bool is_registered;
};

struct mm_event_group_memory {
    struct mm_group_events since; /* how often since the last event; at least one counts */
    char path[MM_NAME_MAX];       /* a longer one is cut at its front */
};

struct mm_event_kill {
    uint64_t sequence; /* of its record, which tells the rest (kill_strategy.h) */
    bool has_ended;    /* false: the signal was sent just now, or could not be */
};

/* What an application that a client registered does; who holds memory for applications acts by it. */
enum mm_app_state {
    MM_APP_FOREGROUND,
    MM_APP_VISIBLE,
    MM_APP_BACKGROUND,
    MM_APP_SUSPENDED,
    MM_APP_ENDED,     /* its process is gone */
    MM_APP_FORGOTTEN, /* whoever registered it has taken that back, or is gone */
    MM_APP_RECLAIM,   /* none, but an order: what is held for it is to be given back now */
    MM_APP_LEFT,      /* its process lives on outside the managed group: nobody's application any more */
    MM_APP_STATE_COUNT
};

/* "foreground"; "unknown" outside the enumeration. */
const char *mm_app_state_name(enum mm_app_state state);

struct mm_event_app_state {
    enum mm_app_state state;
    bool is_present; /* no change: what it is, told to who has just subscribed */
};

struct mm_event_resumed {
    uint64_t suspended_ns; /* this time */
};

struct mm_event_reload {
    bool is_watched; /* files changed; false: a person or program asks */
};

struct mm_config;

struct mm_event {
    enum mm_event_kind kind;
    uint64_t time_ns; /* filled by mm_event_center_publish when 0 */
    pid_t pid;
    uid_t uid;
    uint64_t group_id;
    union {
        struct mm_event_application application;
        struct mm_event_account account;
        struct mm_event_device device;
        struct mm_event_process process;
        struct mm_event_match match;
        struct mm_pressure_trigger pressure; /* as armed */
        struct mm_memory_state memory;
        struct mm_event_level level;
        struct mm_event_group group;
        struct mm_event_stall stall;
        struct mm_notice notice;
        struct mm_decision decision;
        struct mm_event_priority priority;
        struct mm_event_reload reload;
        struct mm_event_group_memory group_memory;
        struct mm_swap_state swap;
        struct mm_event_resumed resumed;
        struct mm_power_state power;
        struct mm_event_kill kill;
        struct mm_event_app_state app_state;
        const struct mm_config *config; /* lives until the next MM_EVENT_CONFIG was delivered */
    } payload;
};

/* Of an event of that kind, which is one of the enumeration: what lies behind says nothing. */
size_t mm_event_bytes(enum mm_event_kind kind);

#ifdef __cplusplus
}
#endif

#endif
