/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The typed interface of the client library: reports to the daemon, questions to it, and what it tells. Needs
 * nothing but libc; memmgr_client.h holds the packets beneath it, and is not needed beside it.
 *
 *   struct memmgr_session *session;
 *   struct memmgr_event event = MEMMGR_EVENT_INIT;
 *
 *   if (memmgr_session_new(NULL, &session) == 0) {
 *       memmgr_session_subscribe(session, MEMMGR_SUBSCRIBE_LEVELS);
 *       while (memmgr_session_next(session, -1, &event) == 0)
 *           if (event.kind == MEMMGR_EVENT_LEVEL && event.level >= MEMMGR_LEVEL_LOW)
 *               drop_caches();
 *       memmgr_session_free(session);
 *   }
 *
 * A session outlives the daemon. While the daemon is away it tries to reach it again after 50 ms, then after twice
 * as long each time, at most 2 s; when it is back the session says again what it was told before: processes that
 * were reported and what they do, binds, the account in use, critical processes, registered applications, and what
 * is subscribed to. Calls wait for that within their time, and one that was cut by the daemon's end is made again.
 *
 * Functions return 0 or a negative errno, and those that ask the daemon one of these besides what they say themselves:
 *   -ENOTCONN   the daemon is not there, or refuses connections: what is remembered is said when it is
 *   -ETIMEDOUT  it is there, but has not answered in time
 *   -EACCES     this user may not (memmgr_session_message says more, here and below)
 *   -ESRCH      no process has that pid, or it is another one by now
 *   -EPERM      the process is another user's than was said, or one that nobody may speak of, or outside the group
 *               that is managed
 *   -EINVAL     something is out of range; -EILSEQ: a name is not UTF-8
 *   -ENOSPC     the daemon has no room for more of that
 *   -ENOSYS     the daemon is too old to know that; -EOPNOTSUPP: its configuration has it switched off
 *   -EBADMSG    its answer is not understood
 *   -EBUSY      called from within the visitor of memmgr_session_list
 *   -EIO        it failed otherwise
 *
 * Threads: the library has no state of its own. A session belongs to one thread at a time; sessions do not know each
 * other. Processes: after fork() it is the parent's, the child opens one of its own. No function raises SIGPIPE, and
 * all descriptors are closed on exec. Signals: only memmgr_session_next returns when a handler has run (-EINTR).
 *
 * Structures grow at their end: "size" says how much of one the program knows. Set it with the INIT macros.
 */
#ifndef MEMMGR_SESSION_H
#define MEMMGR_SESSION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* With its NUL: bundle and process names. Longer ones are refused. */
#define MEMMGR_NAME_MAX 128
#define MEMMGR_TEXT_MAX 256

struct memmgr_session;

/* ---- a session ----------------------------------------------------------------------------------------- */

struct memmgr_options {
    size_t size;
    const char *path; /* of the daemon's socket; NULL: where it listens by default */
    int32_t
        timeout_ms; /* the longest that a call may take, waiting for a daemon that is away included: 0..3600000 */
    uint32_t remember_max; /* reports that are remembered, of all processes together: 0..8192 */
};
#define MEMMGR_OPTIONS_INIT                                                                                  \
    {                                                                                                        \
        sizeof(struct memmgr_options), NULL, 2000, 1024                                                      \
    }

/*
 * options: NULL for MEMMGR_OPTIONS_INIT. The daemon need not be there: the session connects when it is. -ENAMETOOLONG:
 * the path; -EINVAL; -ENOMEM; what epoll_create1, timerfd_create or eventfd said.
 */
int memmgr_session_new(const struct memmgr_options *options, struct memmgr_session **ret_session);

/* Ends the connection, and with it what the daemon holds for as long as it lives: critical processes and registered
   applications; what was reported stays. Accepts NULL. */
void memmgr_session_free(struct memmgr_session *session);

/* A descriptor for poll, select, epoll: readable when memmgr_session_next has something to do, which may be no event.
   It is the session's, and the same one for as long as that lives, whatever becomes of the connection. */
int memmgr_session_fd(const struct memmgr_session *session);

/* 1: connected, and all was said again; 0. */
int memmgr_session_is_connected(const struct memmgr_session *session);

/* The daemon's words about the last call that it refused, or why it cannot be reached; "" before. Until the next
   call. */
const char *memmgr_session_message(const struct memmgr_session *session);

/* ---- what it tells ------------------------------------------------------------------------------------- */

enum memmgr_level {
    MEMMGR_LEVEL_NONE = 0,
    MEMMGR_LEVEL_PURGEABLE = 1, /* what can be made again may go */
    MEMMGR_LEVEL_MODERATE = 2,
    MEMMGR_LEVEL_LOW = 3,
    MEMMGR_LEVEL_CRITICAL = 4
};

enum memmgr_event_kind {
    MEMMGR_EVENT_CONNECTED = 1,    /* the daemon is there, and all was said again */
    MEMMGR_EVENT_DISCONNECTED = 2, /* error: why */
    MEMMGR_EVENT_LEVEL = 3, /* the memory level changed: level, previous_level, cause, available_bytes */
    MEMMGR_EVENT_KILL = 4,  /* the daemon kills: pid, uid, name, priority, text (why); again when is_ended */
    MEMMGR_EVENT_KERNEL_KILL = 5, /* the kernel kills, as memory is out: pid, name */
    MEMMGR_EVENT_APP_STATE = 6,   /* of a registered application: pid, uid, state, is_present */
    MEMMGR_EVENT_TRIM = 7,        /* give back what can be made again: level */
    MEMMGR_EVENT_REFUSED =
        8 /* said again to a new daemon, which refuses it: pid, error, text; it is forgotten */
};

enum memmgr_app_state {
    MEMMGR_APP_FOREGROUND = 0,
    MEMMGR_APP_VISIBLE = 1,
    MEMMGR_APP_BACKGROUND = 2,
    MEMMGR_APP_SUSPENDED = 3,
    MEMMGR_APP_ENDED = 4,     /* its process is gone */
    MEMMGR_APP_FORGOTTEN = 5, /* nobody registers it any more */
    MEMMGR_APP_RECLAIM = 6,   /* give back what is held for it, now */
    /* Its process lives on outside the managed group, and is not followed any more. Who was built with a header that
       did not have this is told MEMMGR_APP_ENDED. */
    MEMMGR_APP_LEFT = 7
};

enum memmgr_level_cause {
    MEMMGR_CAUSE_WATERLINE = 0, /* available memory */
    MEMMGR_CAUSE_PRESSURE = 1,  /* threads stall for memory */
    MEMMGR_CAUSE_INJECTED = 2   /* somebody tests */
};

/*
 * Fields that an event's kind does not name are 0 or "". Up to 320 wait to be taken, of which one says how an application
 * is: the latest word, in the place of the one before (a request to give back, and the last word on what had the pid
 * before, stay apart). Of more than 320 a state that an application is in is dropped before all else, and told again,
 * with is_present, once all that waits has been taken; otherwise the oldest.
 */
struct memmgr_event {
    size_t size;
    int32_t kind;     /* enum memmgr_event_kind; pass over those you do not know */
    int32_t error;    /* a negative errno */
    uint64_t lost;    /* events before this one that were dropped: more than 320 had not been taken */
    uint64_t time_ns; /* CLOCK_MONOTONIC; 0: the library's own event */
    int32_t pid;
    uint32_t uid;
    int32_t level, previous_level; /* enum memmgr_level */
    int32_t cause;                 /* enum memmgr_level_cause */
    int32_t state;                 /* enum memmgr_app_state */
    int32_t priority;
    int32_t is_ended, is_dry_run;
    uint64_t available_bytes, freed_bytes; /* 0: not known */
    char name[MEMMGR_NAME_MAX];
    char text[MEMMGR_TEXT_MAX];
    /* Behind what the first version had. */
    int32_t is_present; /* no change: what it is, told who subscribed, is connected again, or lost some */
};
#define MEMMGR_EVENT_INIT                                                                                    \
    {                                                                                                        \
        sizeof(struct memmgr_event), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "", "", 0                  \
    }

/*
 * The next event, waiting for it for timeout_ms (negative: without limit; 0: not at all). Keeps the connection, too: a
 * program that subscribes to nothing calls it as well when the descriptor is readable. -ETIMEDOUT: there is none;
 * -EINTR; -EINVAL: event->size.
 */
int memmgr_session_next(struct memmgr_session *session, int timeout_ms, struct memmgr_event *event);

enum memmgr_subscription {
    MEMMGR_SUBSCRIBE_LEVELS = 1 << 0,
    MEMMGR_SUBSCRIBE_KILLS = 1 << 1,
    /* For who holds memory for others: MEMMGR_EVENT_APP_STATE, and MEMMGR_EVENT_TRIM when memory gets scarcer. */
    MEMMGR_SUBSCRIBE_PURGEABLE = 1 << 2
};

/* Replaces what is subscribed to by the mask; 0 ends it. A level other than none is told at once, and when it has
   changed while the daemon was away. With MEMMGR_SUBSCRIBE_PURGEABLE the state of each application that is registered
   already is told soon after, by events with is_present, and anew after each MEMMGR_EVENT_CONNECTED. */
int memmgr_session_subscribe(struct memmgr_session *session, uint32_t subscriptions);

/* ---- what it is told ----------------------------------------------------------------------------------- */

/* What a process, an account or the device does. Needs the right to change, as do all functions below but where they say so. */
enum memmgr_word {
    MEMMGR_CREATE = 1, /* the process was started */
    MEMMGR_READY = 2,
    MEMMGR_FOREGROUND = 3,
    MEMMGR_BACKGROUND = 4,
    MEMMGR_VISIBLE = 5,
    MEMMGR_INVISIBLE = 6,
    MEMMGR_TRANSIENT_START = 7, /* a short task in the background */
    MEMMGR_TRANSIENT_END = 8,
    MEMMGR_CONTINUOUS_START = 9, /* music, navigation, a transfer */
    MEMMGR_CONTINUOUS_END = 10,
    MEMMGR_EVENT_START = 11, /* it handles an event */
    MEMMGR_EVENT_END = 12,
    MEMMGR_ABILITY_START = 13, /* one of its abilities is being started */
    MEMMGR_BIND = 14,          /* the caller uses it as an extension */
    MEMMGR_UNBIND = 15,
    MEMMGR_RENDER = 16,           /* it is a render process of the caller */
    MEMMGR_DEVICE_CONNECTED = 17, /* a distributed device uses it */
    MEMMGR_DEVICE_DISCONNECTED = 18,
    MEMMGR_SUSPEND = 19,
    MEMMGR_TERMINATED = 20,
    MEMMGR_ACCOUNT_ACTIVATE = 21, /* the account is in use now */
    MEMMGR_ACCOUNT_HOT_SWITCH = 22,
    MEMMGR_ACCOUNT_COLD_SWITCH = 23, /* the other accounts' processes are ended */
    MEMMGR_DATA_ABILITY_BEGIN = 24,  /* the caller reads or writes its data */
    MEMMGR_DATA_ABILITY_END = 25,
    MEMMGR_ACCOUNT_STOP = 26,   /* in use no longer */
    MEMMGR_ACCOUNT_REMOVE = 27, /* there is no such account any more, its processes are ended */
    MEMMGR_BOOT_COMPLETED = 28, /* this and the following are about the device: no pid, no account */
    MEMMGR_SCREEN_ON = 29,
    MEMMGR_SCREEN_OFF = 30,
    MEMMGR_POWER_CONNECTED = 31,
    MEMMGR_POWER_DISCONNECTED = 32
};

/* -1, 0 of a pid and NULL: not said. The daemon holds what is said of owners and start times against the kernel. */
struct memmgr_report {
    size_t size;
    int32_t word;     /* enum memmgr_word */
    int32_t pid;      /* of the process; for no other word */
    int64_t uid;      /* its owner */
    const char *name; /* of its bundle; processes that are not registered need it */
    const char *process_name;
    int64_t account;    /* required for accounts */
    int32_t caller_pid; /* BIND, UNBIND, DATA_ABILITY: required; RENDER: its owner */
    int64_t caller_uid;
    uint64_t start_time; /* field 22 of /proc/PID/stat; 0: read by the library where it can */
};
#define MEMMGR_REPORT_INIT                                                                                   \
    {                                                                                                        \
        sizeof(struct memmgr_report), 0, 0, -1, NULL, NULL, -1, 0, -1, 0                                     \
    }

struct memmgr_outcome {
    size_t size;
    int32_t is_listed;
    int32_t priority;      /* -1000 (never killed) to 1000 (first) */
    int32_t oom_score_adj; /* what its file holds */
    int32_t is_remembered; /* 0: nothing to remember, or remember_max are remembered already */
};
#define MEMMGR_OUTCOME_INIT                                                                                  \
    {                                                                                                        \
        sizeof(struct memmgr_outcome), 0, 0, 0, 0                                                            \
    }

/* Reports; outcome may be NULL. With -ENOTCONN and -ETIMEDOUT it is remembered, and said when the daemon is back. */
int memmgr_session_report(struct memmgr_session *session, const struct memmgr_report *report,
                          struct memmgr_outcome *outcome);

/*
 * The process is critical: while this session is connected it is no less important than the daemon's configuration
 * says. Of itself every process may say that (pid 0, or its own), of others who may change. critical 0 takes it back.
 * -EOPNOTSUPP unless the configuration allows any (criticalProcesses).
 */
int memmgr_session_set_critical(struct memmgr_session *session, int32_t pid, int critical);

/* Has purgeable subscribers told what the application does, until it is deregistered or the session ends. uid: its
   owner, checked; -1: whoever it is. */
int memmgr_session_register_app(struct memmgr_session *session, int32_t pid, int64_t uid);
/* -ESRCH also when this session has not registered it. */
int memmgr_session_deregister_app(struct memmgr_session *session, int32_t pid);
/* Asks purgeable subscribers to give back what they hold for the process now. */
int memmgr_session_reclaim_app(struct memmgr_session *session, int32_t pid);

/* ---- questions, open to whoever can connect -------------------------------------------------------------- */

struct memmgr_memory {
    size_t size;
    uint64_t total_bytes, available_bytes; /* of what is managed: the machine, or a cgroup */
    int32_t level;                         /* enum memmgr_level */
    int32_t kill_levels;                   /* rows of the kill table; 0: killing is switched off */
    int32_t kill_level;                    /* the row that applies now, 1 the most severe; 0: none */
    int32_t kill_min_priority;             /* of that row: who is below is not killed */
};
#define MEMMGR_MEMORY_INIT                                                                                   \
    {                                                                                                        \
        sizeof(struct memmgr_memory), 0, 0, 0, 0, 0, 0                                                       \
    }

int memmgr_session_memory(struct memmgr_session *session, struct memmgr_memory *memory);

enum memmgr_process_flag {
    MEMMGR_PROCESS_REGISTERED = 1 << 0,
    MEMMGR_PROCESS_FOREGROUND = 1 << 1,
    MEMMGR_PROCESS_VISIBLE = 1 << 2,
    MEMMGR_PROCESS_TRANSIENT_TASK = 1 << 3,
    MEMMGR_PROCESS_CONTINUOUS_TASK = 1 << 4,
    MEMMGR_PROCESS_EVENT = 1 << 5,
    MEMMGR_PROCESS_DEVICE_CONNECTED = 1 << 6,
    MEMMGR_PROCESS_EXTENSION = 1 << 7,
    MEMMGR_PROCESS_RENDER = 1 << 8,
    MEMMGR_PROCESS_SUSPENDED = 1 << 9,
    MEMMGR_PROCESS_CRITICAL = 1 << 10
};

struct memmgr_process {
    size_t size;
    int32_t pid;
    uint32_t uid;
    int32_t priority;        /* -1000 (never killed) to 1000 (first) */
    int32_t bundle_priority; /* of its bundle, which is killed as a whole */
    int32_t oom_score_adj;
    uint32_t flags;  /* enum memmgr_process_flag */
    int64_t account; /* -1: nobody registered it */
    uint64_t start_time, resident_bytes;
    char name[MEMMGR_NAME_MAX]; /* of the bundle */
    char comm[64];
    char rule[64]; /* what set its priority, in words */
    char why[512]; /* all that did */
};
#define MEMMGR_PROCESS_INIT                                                                                  \
    {                                                                                                        \
        sizeof(struct memmgr_process), 0, 0, 0, 0, 0, 0, 0, 0, 0, "", "", "", ""                             \
    }

/* One process. -ESRCH: it is not on the list. */
int memmgr_session_process(struct memmgr_session *session, int32_t pid, struct memmgr_process *process);
/* Its priority alone. */
int memmgr_session_priority(struct memmgr_session *session, int32_t pid, int32_t *ret_priority);

/*
 * The list in the order of deaths, the next victim first: calls visit for each process until it returns another number
 * than 0, which is then returned. What is moved meanwhile may be met twice or not at all. only_registered: 1 leaves out
 * those that nobody registered. process is the library's, until visit returns; its size may be less than the program's.
 */
int memmgr_session_list(struct memmgr_session *session, int only_registered,
                        int (*visit)(const struct memmgr_process *process, void *user), void *user);

/* "none", "purgeable", "moderate", "low", "critical"; "unknown". */
const char *memmgr_level_name(int32_t level);

#ifdef __cplusplus
}
#endif

#endif
