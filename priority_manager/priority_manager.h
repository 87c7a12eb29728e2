/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Account -> bundle -> process, and the rules that turn events into priorities.
 *
 * A bundle is what is squeezed and killed: all processes of one application (account, uid and name), or a
 * single process that nobody registered, or several that a process rule gives one name. Its priority is the least (most important) of its processes',
 * render processes left out, clamped to -1000..1000; the list holds the bundles. The manager subscribes to
 * the event center, recomputes only what an event touches, moves bundles on the list, and has oom_score_adj
 * written where the value changed. While a kill is under way (MM_EVENT_KILL_BEGIN to KILL_END) it allocates
 * nothing.
 *
 * Rules and numbers are OpenHarmony's (reference 1.2 to 1.4). Where its behaviour is a defect, ours differs, unless the
 * configuration asks for the old one bit for bit (priorityCompat upstream; upstream.h):
 *
 * - Upstream, any event computes the number anew, PROCESS_READY too, and so ends the grace of a new process,
 *   whose timer runs on all the same. Here the grace ends with the first event that says what the process does,
 *   or after its time, as it is there to protect the start.
 * - Upstream, extensions are gone over once in an event, in the order of their callers' numbers, so that a
 *   chain takes several events to settle. Here any graph, cycles included, reaches its fixed point within the
 *   event: a stale number kills the wrong one.
 * - Upstream, what a dead caller bound stays up until the dead check forgets the caller, which computes
 *   nothing. Here its bindings end with it: nobody needs them any more.
 * - Upstream, a caller that was not known when it bound passes nothing on later, and one that could not be
 *   named is forgotten by the dead check. Here it is the caller once it is known, and the unnamed stay until
 *   they unbind.
 * - Upstream, binding a foreground process takes its state. Here it stays: it is on the screen.
 * - Upstream, an important extension whose number is not below its floor counts as that whatever it does. Here
 *   its flags count: the floor is a bound.
 * - Upstream, a bundle at -800 or below ignores all but ABILITY_START and a switch of accounts, its processes'
 *   ends included. Here they are forgotten: a pid may be reused.
 * - Upstream, a bundle below 0 is not recomputed. Here each process is computed by itself: a neighbour's number
 *   is no reason.
 * - Upstream, the dead check leaves the numbers of bundles alone. Here they are those of who is left.
 * - Upstream, a bundle is a uid, and an account the uid / 200000. Here it is account, uid and name:
 *   applications are killed one by one.
 * - Upstream, equal bundles go by highest uid, whatever killPolicy/order says. Here the oldest use goes first:
 *   it is least missed.
 * - Upstream, a switch of accounts is added to the number, within 0..1000, where the account changes: -800
 *   becomes 0, repetitions add up, the next event loses it, and newcomers have none. Here it is computed from
 *   the account each time and leaves values below 0 alone: it cannot accumulate, get lost or strip residents.
 *   In the upstream mode numbers saturate at 32767, where upstream's int goes on: the kernel takes none above 1000.
 * - Upstream, render processes are written 0 and forgotten. Here they are members of their owner's bundle that
 *   do not count in its priority and follow it, though never below 0: they die with their owner.
 * - Upstream, processes older than the daemon are unknown until they are created again. Here they are on the
 *   list at their oom_score_adj, and registered by any event that says they are in use.
 * - Upstream, any later event ends the boost of an ability that starts, and which is later is told in seconds.
 *   Here FOREGROUND, BACKGROUND or its time do: the start is not over.
 * - Upstream, 600 for what is frozen is a number that nobody has. Here it is that of a frozen group's processes:
 *   they are not missed before they are thawed.
 * - Upstream, SetCritical is only logged. Here it is a floor: who holds a process critical knows why.
 * - Upstream, APPLICATION_SUSPEND writes 800 to everything above -800 and keeps no state, so that timers end
 *   it. Here each process' next event does, and nothing rises above an important floor: the floor is a promise.
 * - Upstream, each event writes the files of the whole bundle. Here what changed is written, and what others
 *   wrote stays until then.
 *
 * What would be dangerous is never upstream's: -1000 (the white list, a floor, somebody else's word) is not
 * killed, shifted or written over; the kernel's word of an end counts, residents included, so that no pid is
 * taken for who had it before; nothing is written to another process; the list stays sorted after a switch;
 * nonsense is refused. Who is not registered is on the list in both modes, for unregistered_policy to say what
 * that means. The mode is that of the start: upstream's numbers come from what has happened, and cannot be made
 * of what is.
 *
 * Registration. CREATE_PROCESS registers. So does an event that says the process is in use (FOREGROUND,
 * BACKGROUND, VISIBLE, the starts of tasks and events, DIST_DEVICE_CONNECTED) about a live process that is
 * not registered, where the event gives the bundle's name: a client that re-registers after a restart of
 * the daemon need not know what was lost. Other events about processes that are not registered are counted
 * in unknown_pid_events. A process found by mm_priority_manager_scan keeps its oom_score_adj for the grace
 * period when CREATE_PROCESS registers it: it is not new. PROCESS_TERMINATED about a process that still runs
 * makes it an unregistered one. An empty bundle name means the process name, an empty process name the
 * bundle name, both empty the comm.
 *
 * Accounts. An account nobody reported has no adjustment. ACTIVATED makes one active (-50) and leaves the
 * others; HOT_SWITCH also makes those active before inactive (+50); COLD_SWITCH also marks their bundles,
 * -1000 excepted, for the killer, which ends them one by one; those left when the account is active again are
 * spared. STOPPED makes one inactive. REMOVED does, too, marks its bundles for the killer in the same way, and forgets
 * the account with its last bundle. On the first switch the accounts with applications and an id from 100 (where OpenHarmony's users
 * begin) count as active before.
 *
 * -1000 in the file of a registered process that somebody else wrote there, before it was registered or later,
 * is its number whatever is reported, until somebody else writes another value. One that it merely has from
 * its parent (an application forked by a launcher at -1000) says nothing; services, whose parent is pid 1, were
 * given it. A render process at -1000 is nobody's any more, so that it does not die with its owner.
 *
 * Restart. What clients reported is saved and taken up by the next daemon of the same boot: accounts and their state,
 * the registered processes that are still the same ones, with what they were reported to do, their order, what is left
 * of their times, and their bindings. Whom a client holds critical is the client's to say again.
 *
 * Process rules. A process that nobody registered and a rule takes (MM_EVENT_PROCESS_MATCHED) has the rule's number
 * and is shown under the rule's name; its oom_score_adj is left alone. -1000 in its file stays -1000, whatever a rule
 * says, and a built-in rule that does not protect leaves alone who has another number than 0. Each such process is a
 * bundle of its own, whatever its name, unless its rule gives the bundle a name: all to which rules give the same name
 * and key (one user, or one cgroup) are one bundle then, with one place on the list, and die together. As of any bundle
 * its priority is the least of its processes', and unregistered_policy goes by that: with one of them at -1000, by a
 * rule, the white list or its file, none is killed, and where one is at 0 none is "raised". An answer that says another
 * name moves the process; one that is alone takes its bundle along, with its place among equals. Without a slot it
 * stays alone. A client that registers it has the last word, and takes it out.
 *
 * Frozen. A process whose group of cgroup v2 or of v1's freezer, or one above it, is frozen, by whomever, is at 600 at
 * least, whatever it was reported to do: it does nothing, in the foreground neither. The rules that come after this
 * one, from the important floor to its callers, make it more important as they would any. An ability that starts is not
 * held up by it, as its thaw is under way, nor is a number below 0. Of those that nobody registered only the ones above
 * 0 rise, who are offered anyway. The kernel is asked on MM_EVENT_GROUP, on scans, when one that is frozen is reported
 * to be in use, and of those that are frozen on each refresh: whoever was moved out of a frozen group is found then.
 *
 * Critical processes. One that a client holds critical (CRITICAL_BEGIN to CRITICAL_END) is no less important than the
 * configured floor, registered or not; nothing is written to one that is not. Render processes are refused. Upstream's
 * SetCritical is only logged.
 *
 * Extensions. A process that was bound or unbound is an extension from then on: as important as the flags
 * say, else 500; bound, at most 100 less important than the most important caller, which counts 0..400. A
 * caller that is not known counts 0. The account shifts what the flags say, not what the callers give.
 */
#ifndef MM_PRIORITY_MANAGER_PRIORITY_MANAGER_H
#define MM_PRIORITY_MANAGER_PRIORITY_MANAGER_H

#include "common/list.h"
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

#define MM_ACCOUNT_UIDS 200000      /* OpenHarmony: account id = uid / 200000 */
#define MM_UID_UNKNOWN  ((uid_t)-1) /* in an application event: ask the kernel */

struct mm_account;
struct mm_bundle;
struct mm_bundle_node;

/* What was not placed yet; outside the range of priorities. */
#define MM_PRIORITY_NONE (MM_PRIORITY_MAX + 1)

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
    MM_PROCESS_IS_FROM_SCAN = 1 << 14,    /* was there when the daemon started */
    MM_PROCESS_IS_INHERITING = 1 << 15,   /* in grace at its oom_score_adj rather than at 0 */
    MM_PROCESS_IS_SYSTEM = 1 << 16,       /* on the white list: -1000, registered or not */
    MM_PROCESS_IS_OUT_OF_REACH = 1 << 17, /* registered, and somebody else wrote -1000 into its file */
    MM_PROCESS_IS_FROZEN = 1 << 18,       /* its cgroup is, or one above it */
    MM_PROCESS_IS_CRITICAL = 1 << 19,     /* a client holds it so; registered or not */
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
    MM_RULE_SYSTEM,
    MM_RULE_EXTENSION,
    MM_RULE_SUSPENDED,
    MM_RULE_ABILITY_START,
    MM_RULE_RENDER,
    MM_RULE_ACCOUNT,
    MM_RULE_OOM_SCORE_ADJ, /* unregistered: what the file said */
    MM_RULE_PROCESS_RULE,  /* unregistered: what a rule of the configuration, or a built-in one, says */
    MM_RULE_FROZEN,
    MM_RULE_CRITICAL,
    MM_RULE_COUNT
};
const char *mm_priority_rule_name(enum mm_priority_rule rule);

/* A process and its bundle stay where they are until an event or a refresh removes them; keep pids, not
   pointers. */
struct mm_process {
    uint64_t resident_bytes; /* as of the last calm refresh */
    struct mm_list bundle_link;
    char comm[MM_COMM_MAX];
    uid_t uid;
    int16_t important_floor;         /* where MM_PROCESS_IS_IMPORTANT or IS_CRITICAL: of both the smaller */
    int16_t inherited_oom_score_adj; /* where MM_PROCESS_IS_INHERITING */
    /* From here on, with what the manager keeps behind it, one line of cache: all that most events touch. */
    struct mm_bundle *bundle;
    uint64_t start_time_ticks; /* 0 when it could not be read */
    pid_t pid;
    uint32_t flags;
    int16_t priority;              /* with the account's adjustment */
    int16_t written_oom_score_adj; /* what the file holds, as far as we know */
    uint8_t rule;                  /* enum mm_priority_rule: the last one that changed the number */
    uint8_t own_rule, work_state;  /* the manager's own, as are the next three */
    bool has_bindings;             /* it binds others, or is bound, or was */
    int16_t own, candidate;
};

/* Those that are saved for a restart: what the others say is found out anew. */
#define MM_SNAPSHOT_FLAGS                                                                                    \
    (MM_PROCESS_IS_FOREGROUND | MM_PROCESS_IS_VISIBLE | MM_PROCESS_HAS_TRANSIENT_TASK |                      \
     MM_PROCESS_HAS_CONTINUOUS_TASK | MM_PROCESS_HAS_EVENT | MM_PROCESS_HAS_DIST_DEVICE |                    \
     MM_PROCESS_IS_EXTENSION | MM_PROCESS_HAS_UI | MM_PROCESS_IS_RENDER | MM_PROCESS_IS_SUSPENDED |          \
     MM_PROCESS_IN_GRACE | MM_PROCESS_IS_ABILITY_STARTING | MM_PROCESS_IS_INHERITING |                       \
     MM_PROCESS_IS_OUT_OF_REACH)

/* Is what was read under the pid of a listed process that process? info: with MM_PROCESS_STAT. */
static inline bool mm_process_is(const struct mm_process *process, const struct mm_process_info *info)
{
    return process->start_time_ticks == 0 || process->start_time_ticks == info->start_time_ticks;
}

struct mm_bundle {
    struct mm_priority_entry entry; /* on the list; entry.priority is the bundle's */
    struct mm_list processes;       /* of mm_process.bundle_link */
    struct mm_account *account;     /* NULL: not registered */
    uint32_t process_count;
    bool is_registered;
    uint8_t work_flags;       /* the manager's own */
    uint16_t render_count;    /* of the processes */
    int16_t least, announced; /* the manager's own, as are the next two behind uid */
    uid_t uid;
    struct mm_bundle_node *changed_next, *announce_next;
    /* Until here one line of cache: all that moving it on the list touches. */
    uint64_t spared_until_ns; /* the squeezer's word: has nothing to give before this moment; 0: not tried */
    /* The killer's word, by mm_priority_manager_set_aside: not chosen again before this moment; 0: free. */
    uint64_t set_aside_until_ns;
    uint64_t resident_bytes; /* sum, as of the last calm refresh */
    uint64_t started_ticks;  /* start time of the first of its processes, gone or not; 0: not known */
    const char *name; /* registered: the bundle's; else what a process rule says, or the comm; printable */
};

/* Nobody registered its processes, of which there may be several: process rules give them its name. */
bool mm_bundle_is_shared(const struct mm_bundle *bundle);

#define MM_BUNDLE_OF(entry_pointer) MM_CONTAINER_OF(entry_pointer, struct mm_bundle, entry)

/* O(1). Has the list's key say what the bundle says: after any change of its size, of set_aside_until_ns, or of whether
   it has processes. Does nothing to a bundle that is not on the list. */
void mm_bundle_describe(struct mm_priority_list *list, const struct mm_bundle *bundle);

/* Why the bundles of an account that mm_priority_manager_take_ending gives are ended: "removal of account 100". */
#define MM_ACCOUNT_ENDING_REASON_MAX 64
void mm_account_ending_reason(const struct mm_account *account, char *text, size_t size);
/* -1: not registered. */
int64_t mm_bundle_account_id(const struct mm_bundle *bundle);
/* What the setting for processes that nobody registered allows, for whoever kills or squeezes: of those at that
   priority. */
bool mm_unregistered_may_be_touched(int priority, enum mm_unregistered_policy policy);
/* The same of a bundle; true for every registered one. */
bool mm_bundle_may_be_touched(const struct mm_bundle *bundle, enum mm_unregistered_policy policy);

struct mm_priority_manager;

/* Subscribes to the center. config lives as long as MM_EVENT_CONFIG says. */
int mm_priority_manager_new(struct mm_kernel *kernel, struct mm_event_center *center,
                            const struct mm_config *config, struct mm_priority_manager **ret_manager);
void mm_priority_manager_free(struct mm_priority_manager *manager); /* accepts NULL */

/* Puts every process of the domain that is not known yet on the list, at its oom_score_adj, and takes its time, 10 us
   for each: once, at start. Allocates: -EBUSY while a kill is under way. Other errors as of scan_processes. */
int mm_priority_manager_scan(struct mm_priority_manager *manager);
/*
 * The same later, wherever nothing reports new processes, in slices of 2 ms, one in a turn of the loop, so that all
 * else is heard in between. Begins in the next turn, but not before the last one is 20 times as long ago as it took,
 * and stands still while a kill is under way. Asked for while one is under way, another follows. Newcomers are told of
 * by MM_EVENT_PROCESS_FOUND, which those of the start are not.
 */
void mm_priority_manager_want_scan(struct mm_priority_manager *manager);
/* The same, and of each process the kernel is asked whether it is frozen: where the word of it may have been lost. */
void mm_priority_manager_want_frozen_scan(struct mm_priority_manager *manager);

const struct mm_priority_list *mm_priority_manager_list(const struct mm_priority_manager *manager);
/* O(1). The killer does not choose the bundle, which is on the list, before that moment. */
void mm_priority_manager_set_aside(struct mm_priority_manager *manager, struct mm_bundle *bundle,
                                   uint64_t until_ns);
/* The least important of the bundles that a cold switch ends, each once; NULL when there are no more. */
struct mm_bundle *mm_priority_manager_take_ending(struct mm_priority_manager *manager);
/* NULL when unknown. */
struct mm_process *mm_priority_manager_find(const struct mm_priority_manager *manager, pid_t pid);
/* Reads sizes, and the oom_score_adj of unregistered processes, anew and grows the pools: on calm moments, at
   most `limit` processes from where the last call stopped; returns how many are left of the round. Does nothing
   while a kill is under way. */
size_t mm_priority_manager_refresh(struct mm_priority_manager *manager, size_t limit);

/* "400 background; important floor 300 -> 300; account 101 inactive +50 -> 350" into buffer: what the flags say, then
   each rule that applies, and the number after it; at last, who keeps the bundle where it is, if that is another. */
const char *mm_priority_manager_explain(const struct mm_priority_manager *manager,
                                        const struct mm_process *process, char *buffer, size_t size);

/* The name of the process rule that takes it; NULL: none does. */
const char *mm_priority_manager_process_rule(const struct mm_process *process);

/* As of the start. */
enum mm_priority_compat mm_priority_manager_compat(const struct mm_priority_manager *manager);

/* What outlives a restart of the daemon. */
struct mm_saved_state {
    uint32_t accounts, processes, bindings; /* taken up at the start */
    uint32_t gone;                          /* of which the process has ended, or is another's */
    uint64_t age_ns;                        /* how old it was then */
    uint64_t saved_ns;                      /* the last time; 0: not yet */
    bool is_wanted;                         /* something was reported since, or it could not be written */
    int error;                              /* of the last time: 0 or a negative errno; tried again */
    uint32_t left_out;                      /* of what was reported, then: there was no room for more */
};
/* Takes up what clients had reported to a daemon before this one: accounts, registered processes that live on by pid
   and start time, and their bindings. After mm_priority_manager_scan. Says in the log why nothing was, where that is
   no matter of course. 0, -ENOENT, -EOPNOTSUPP where the configuration wants none or priorities are upstream's: what
   there is is removed, so that nobody takes it up when it is out of date. */
int mm_priority_manager_restore(struct mm_priority_manager *manager);
/* Writes it now; it is written by itself when something was reported, two seconds later; where that fails, again with
   the next report or 30 s later. Allocates, and waits for memory: -EBUSY while a kill is under way and at
   MM_LEVEL_CRITICAL, after which it is written by itself, too. */
int mm_priority_manager_save(struct mm_priority_manager *manager);
/* The same whatever is under way: when nobody is killed any more. */
int mm_priority_manager_save_last(struct mm_priority_manager *manager);
/* Whether what clients report is saved: by the configuration in force, and never in upstream's mode. */
bool mm_priority_manager_is_saved(const struct mm_priority_manager *manager);
const struct mm_saved_state *mm_priority_manager_saved(const struct mm_priority_manager *manager);

struct mm_priority_counters {
    uint32_t accounts, bundles, processes, registered_processes;
    uint32_t bindings;
    uint64_t unknown_pid_events; /* events about a pid that is not known or not alive, or was another's */
    uint64_t refused_events;     /* a foreign process, pid 1, this process, out of range, too many binds */
    /* reports of a registered process under another account: the report counts, the claim does not; of one that is
       created anew it is refused */
    uint64_t foreign_claims;
    uint64_t late_events; /* about a process that had the pid before, or older than what is known */
    uint64_t oom_score_adj_writes, oom_score_adj_failures;
    uint64_t
        foreign_oom_score_adj_writes; /* of a registered process, by somebody else: but for -1000 left alone */
    uint64_t untracked_newcomers;     /* tracked by oom_score_adj alone: the table was full under pressure */
    uint32_t unreadable_processes;    /* of the last scan: the kernel would not let us read them */
};
const struct mm_priority_counters *mm_priority_manager_counters(const struct mm_priority_manager *manager);

#ifdef __cplusplus
}
#endif

#endif
