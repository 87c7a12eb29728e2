/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to kill, whom, and the kill itself.
 *
 * A pressure event or the waterline watch makes the killer look at available memory. The row that applies is
 * the one with the smallest memoryMB above available; the least important bundle at or above its minPriority
 * dies: pidfd first, identity re-checked, SIGKILL to every process of it, process_mrelease on threads of its
 * own. The next choice waits for the exit and for the memory to come back, both bounded, and begins with a
 * fresh reading. Never killed: -1000, pid 1, this process, kernel threads.
 *
 * A cold switch of accounts has bundles killed, too: those that the priority manager marked (account_end.h).
 *
 * Judgement is in pure functions (kill_decide.h); the state machine and the records are here. From the moment
 * a row applies nothing allocates.
 */
#ifndef MM_KILL_STRATEGY_KILL_STRATEGY_H
#define MM_KILL_STRATEGY_KILL_STRATEGY_H

#include "config/config.h"
#include "event_center/event_center.h"
#include "kernel_interface/kernel_interface.h"
#include "priority_manager/priority_manager.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_kill_strategy;

int mm_kill_strategy_new(struct mm_kernel *kernel, struct mm_event_center *center,
                         struct mm_priority_manager *manager, const struct mm_config *config,
                         struct mm_kill_strategy **ret_strategy);
/* Uses once, at start, what the first kill will use: no page of it is to be found only under pressure. */
void mm_kill_strategy_rehearse(struct mm_kill_strategy *strategy);
void mm_kill_strategy_free(struct mm_kill_strategy *strategy); /* accepts NULL */

enum mm_kill_outcome {
    MM_KILL_PENDING,    /* the victim has not gone yet */
    MM_KILL_RECOVERED,  /* memory came back above the waterline and its margin */
    MM_KILL_NOT_ENOUGH, /* it exited; available is still below */
    MM_KILL_TIMED_OUT,  /* it did not exit in time and is set aside */
    MM_KILL_FAILED,     /* no process of it could be signalled; set aside */
    MM_KILL_DRY_RUN,    /* would have been killed */
    MM_KILL_ENDED,      /* it exited, and that was all that was wanted */
    MM_KILL_OUTCOME_COUNT
};
const char *mm_kill_outcome_name(enum mm_kill_outcome outcome);

enum mm_kill_cause {
    MM_KILL_FOR_MEMORY,
    MM_KILL_FOR_ACCOUNT, /* a cold switch ended it */
    MM_KILL_CAUSE_COUNT
};
/* "memory", "account". */
const char *mm_kill_cause_name(enum mm_kill_cause cause);

/* One kill. Times are monotonic; 0 where it has not happened. */
struct mm_kill_record {
    uint64_t sequence; /* from 1 */
    char name[MM_NAME_MAX];
    char reason[MM_REASON_MAX];
    pid_t pid; /* the bundle's heaviest process */
    uid_t uid;
    int priority;
    uint32_t process_count; /* signalled */
    bool is_registered, is_dry_run;
    enum mm_kill_cause cause;
    struct mm_kill_level level; /* the row, where it was for memory */
    uint64_t available_before_bytes, available_after_bytes;
    uint64_t resident_bytes; /* of the victim, when chosen */
    uint64_t freed_bytes;    /* by which available grew from the decision to the end; 0 when it shrank */
    uint64_t noticed_ns, decided_ns, signalled_ns, exited_ns, recovered_ns;
    enum mm_kill_outcome outcome;
};

/* The newest is index 0; NULL past the end. At most 256 are kept. */
const struct mm_kill_record *mm_kill_strategy_record(const struct mm_kill_strategy *strategy, unsigned index);

struct mm_kill_status {
    bool is_killing;
    uint64_t evaluations; /* readings that were judged */
    uint64_t kills;       /* victims that were signalled, or would have been in a dry run */
};
void mm_kill_strategy_status(const struct mm_kill_strategy *strategy, struct mm_kill_status *ret_status);

#ifdef __cplusplus
}
#endif

#endif
