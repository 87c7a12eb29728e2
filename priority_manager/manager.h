/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the priority manager share; nobody else includes it. */
#ifndef MM_PRIORITY_MANAGER_MANAGER_H
#define MM_PRIORITY_MANAGER_MANAGER_H

#include "common/common.h"
#include "priority_manager/bundle_names.h"
#include "priority_manager/hash_table.h"
#include "priority_manager/object_pool.h"
#include "priority_manager/priority_manager.h"
#include "priority_manager/rules.h"
#include "priority_manager/special_names.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* More accounts than any device has; more than a client should be able to fill memory with. */
#define MM_ACCOUNTS_MAX 4096
/* "100,000 binds" is an attack, a few thousand a busy device; 2.3 MiB at most. */
#define MM_BINDINGS_MAX 32768
/* Callers that are not on the list are looked for one by one when a process appears. */
#define MM_UNKNOWN_CALLERS_MAX 256

/* Who binds whom. Where priorities are upstream's each end may be missing: upstream keeps the two sides apart. */
struct mm_binding {
    struct mm_hash_link hash_link;                  /* of caller pid and target pid */
    struct mm_binding *caller_next, **caller_place; /* among the caller's, or the manager's unknown_callers */
    struct mm_binding *target_next, **target_place; /* among the target's callers */
    struct mm_process_node *caller;                 /* NULL: not known */
    struct mm_process_node *target;
    pid_t caller_pid, target_pid;
    uint64_t caller_ticks; /* start time of a caller that is not on the list; 0: there was none */
};

/* Where a process is in the work of the present event. */
enum mm_work_state {
    MM_WORK_NONE,
    MM_WORK_SEED,     /* what it depends on changed */
    MM_WORK_AFFECTED, /* its number is being computed */
    MM_WORK_PUT_OFF,  /* it is gone, or out of reach, which is for when all numbers are applied */
    MM_WORK_DEAD,     /* it is taken apart */
};

/* What a process rule made of a process. */
struct mm_rule_outcome {
    struct mm_hash_link hash_link;
    uint32_t users; /* processes */
    int16_t priority;
    uint8_t process_class;
    bool is_built_in;
    uint64_t bundle_key; /* as struct mm_event_match has it */
    char rule[MM_EVENT_RULE_MAX];
    char name[MM_NAME_MAX];
};

/* A place in a queue of those who wait for the same time to pass. */
struct mm_deadline {
    struct mm_list link;
    uint64_t at_ns;
};

struct mm_process_node {
    struct mm_deadline deadline; /* in the grace or the ability start queue */
    uint64_t ability_started_ns;
    uint64_t process_name_hash; /* what an important application is found by at a reload */
    uint64_t seen_in_scan;      /* number of the last scan that saw it */
    struct mm_binding *bound; /* targets: whom it binds; none unless process.has_bindings, as are the next */
    struct mm_binding *callers; /* who binds it */
    /* of what is not registered; NULL: no rule takes it */
    struct mm_rule_outcome *outcome;
    struct mm_upstream_process
        *upstream; /* of what is registered, where priorities are upstream's (upstream.h) */
    struct mm_process process;
    struct mm_hash_link hash_link;
    struct mm_process_node *work_next;
} __attribute__((aligned(sizeof(uint64_t)))); /* as objects of a pool are: a bundle lies right behind */

_Static_assert(sizeof(void *) != 8 || sizeof(struct mm_process_node) == 192,
               "the memory for each process is counted in lines of cache");
_Static_assert(sizeof(void *) != 8 || offsetof(struct mm_process_node, process.bundle) == 128,
               "what most events touch is one line of cache");

/* Two lines of cache: the first is what moving it on the list touches. */
struct mm_bundle_node {
    struct mm_bundle bundle; /* least: of the processes that count, MM_PRIORITY_NONE without;
                                announced: the priority of the last MM_EVENT_PRIORITY */
    union {
        struct mm_hash_link hash_link;           /* of what is registered, or shared */
        char label[sizeof(struct mm_hash_link)]; /* name of what is neither */
    };
    bool is_in_use;          /* by a bundle: not free in its pool */
    bool is_shared;          /* by all that process rules give its key and name (shared_bundles.c) */
    int16_t upstream_number; /* of what is registered, where priorities are upstream's */
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct mm_bundle_node) == 128,
               "the memory for each process is counted in lines of cache");
_Static_assert(sizeof(void *) != 8 || offsetof(struct mm_bundle_node, bundle.spared_until_ns) == 64,
               "what a move touches is one line of cache");

/* mm_bundle.work_flags */
enum {
    MM_BUNDLE_IS_CHANGED = 1 << 0,   /* on the manager's changed_bundles */
    MM_BUNDLE_MUST_RECOUNT = 1 << 1, /* `least` has to be looked for */
    MM_BUNDLE_IS_TOUCHED = 1 << 2,   /* was used */
    MM_BUNDLE_HAS_MOVED = 1 << 3,    /* among the manager's moved_bundles */
    MM_BUNDLE_IS_ENDING = 1 << 7,    /* a cold switch ends it: the killer's to take */
};

enum mm_account_state {
    MM_ACCOUNT_IS_UNKNOWN, /* nobody reported it: no adjustment */
    MM_ACCOUNT_IS_ACTIVE,
    MM_ACCOUNT_IS_INACTIVE,
};

struct mm_account {
    int64_t id;
    enum mm_account_state state;
    bool was_active; /* while a switch is applied */
    bool has_changed;
    bool is_removed; /* forgotten with its last bundle */
    bool is_to_end;  /* while it is restored: its bundles were being ended */
    uint32_t bundle_count;
    struct mm_list link;
};

/* Its time is over; it waits no more. */
typedef void (*mm_deadline_end)(struct mm_priority_manager *manager, struct mm_deadline *deadline);

/* Ascending by deadline. */
struct mm_deadline_queue {
    struct mm_list waiting; /* of mm_deadline.link */
    struct mm_timer timer;
    uint64_t duration_ns;
    struct mm_priority_manager *manager;
    mm_deadline_end end;
};

/* Newcomers that are told of when everything has settled: far fewer than the event center has places for. */
struct mm_found_processes {
    unsigned count;
    pid_t pids[64];
};

/* Groups that are frozen, as far as somebody told: who comes into one may be known only after the word of it. Of more than
   these there are frozen processes, or nobody whom it concerns. */
struct mm_frozen_groups {
    unsigned count;
    uint64_t ids[64];
};

/* A scan in slices. */
struct mm_scan_work {
    struct mm_timer timer;
    bool is_under_way;
    struct mm_process_scan scan;
    uint64_t number;   /* counts up with each */
    bool asks_all;     /* whether they are frozen, not only those that were */
    bool is_comparing; /* all were seen: who was not is looked at */
    uint32_t bucket;   /* where that goes on */
    uint32_t bucket_count;
    uint64_t spent_ns, rests_until_ns;
    struct mm_found_processes found; /* by the slice at hand */
};

struct mm_priority_manager {
    struct mm_kernel *kernel;
    struct mm_event_center *center;
    pid_t own_pid;
    bool is_under_pressure;
    enum mm_memory_level memory_level; /* the engine's own */
    bool is_scan_wanted;               /* newcomers were lost, or somebody asked */
    bool has_scanned;                  /* at the start */
    bool must_ask_all;                 /* whether they are frozen: the next scan */
    uint32_t frozen_processes;
    struct mm_frozen_groups frozen_groups;
    const struct mm_config *pending_config; /* came under pressure */
    struct mm_special_names names;
    uint64_t dead_check_ns;
    int16_t critical_floor; /* MM_PRIORITY_MAX: nobody is critical */

    struct mm_priority_list list;
    struct mm_hash_table processes, bundles, bindings, outcomes;
    struct mm_object_pool process_pool, bundle_pool, binding_pool, account_pool, outcome_pool;
    struct mm_bundle_names bundle_names;
    struct mm_list accounts;
    uint32_t account_count;
    bool has_ending_bundles;
    struct mm_binding *unknown_callers;
    uint32_t unknown_caller_count;

    bool is_upstream; /* priorityCompat: registered processes live by upstream.h, as of the start */
    struct mm_object_pool upstream_pool;
    uint64_t upstream_walk; /* counts up with each walk over the extensions */

    struct mm_deadline_queue grace, ability_start;
    struct mm_timer dead_check_timer, announce_timer;
    struct mm_scan_work scan_work;
    bool saves_state; /* as of the start */
    struct mm_timer save_timer;
    struct mm_saved_state saved;
    uint32_t dead_check_bucket, refresh_bucket, refresh_done;
    uint32_t upstream_dead_check_bucket; /* of bindings, whose turn is after the processes' */

    struct mm_process_node *seeds, *put_off;
    struct mm_bundle_node *changed_bundles;
    struct mm_bundle_node *moved_first, *moved_last; /* to be announced */

    struct mm_priority_counters counters;
};

static inline struct mm_process_node *mm_node_of(struct mm_process *process)
{
    return MM_CONTAINER_OF(process, struct mm_process_node, process);
}

/* The one that lies beside the process (keep_processes_free): its bundle, as a rule, so that memory is waited for once
   for both. In use or free. */
static inline struct mm_bundle_node *mm_bundle_beside(const struct mm_process_node *node)
{
    return (struct mm_bundle_node *)(node + 1);
}

static inline struct mm_bundle_node *mm_bundle_node_of(struct mm_bundle *bundle)
{
    return MM_CONTAINER_OF(bundle, struct mm_bundle_node, bundle);
}

static inline struct mm_process_node *mm_node_at(struct mm_list *bundle_link)
{
    return mm_node_of(MM_CONTAINER_OF(bundle_link, struct mm_process, bundle_link));
}

/* upkeep.c: pools, sizes, the dead. */
int mm_manager_init_memory(struct mm_priority_manager *manager);
void mm_manager_fini_memory(struct mm_priority_manager *manager);
/* Keeps some free slots in each pool; nothing while a kill is under way. */
void mm_manager_keep_reserve(struct mm_priority_manager *manager);
void mm_manager_dead_check(struct mm_timer *timer, void *user);
void mm_manager_arm_dead_check(struct mm_priority_manager *manager);
/* Removes it when it is gone, or has left the domain. */
void mm_manager_look_if_dead(struct mm_priority_manager *manager, struct mm_process_node *node);

/* events.c */
void mm_manager_on_application(struct mm_priority_manager *manager, const struct mm_event *event);
/* The application has ended; a process that still runs is anybody's from now on. */
void mm_manager_end_registration(struct mm_priority_manager *manager, struct mm_process_node *node);

/* processes.c */
struct mm_process_node *mm_manager_find(const struct mm_priority_manager *manager, pid_t pid);
/* In no bundle yet; NULL without a slot. */
struct mm_process_node *mm_manager_add_process(struct mm_priority_manager *manager,
                                               const struct mm_process_info *info);
/* What depended on it is seeded. */
void mm_manager_remove_process(struct mm_priority_manager *manager, struct mm_process_node *node);
/* Puts a process that is in no bundle into one of its own; -ENOSPC. */
int mm_manager_unregister(struct mm_priority_manager *manager, struct mm_process_node *node);
/* Its program may have become another since it was found: true, where nobody registered it. */
bool mm_manager_note_comm(struct mm_priority_manager *manager, struct mm_process_node *node,
                          const char *comm);
/* Whether the white list has it: of a process that nobody registered. */
void mm_manager_apply_comm(struct mm_priority_manager *manager, struct mm_process_node *node);
/* Adds what is not known; -ENOSPC when there was no slot, and then it is counted. */
int mm_manager_add_unregistered(struct mm_priority_manager *manager, const struct mm_process_info *info);
void mm_manager_on_found(struct mm_priority_manager *manager, const struct mm_event *event);
void mm_manager_on_exited(struct mm_priority_manager *manager, const struct mm_event *event);
void mm_manager_on_left(struct mm_priority_manager *manager, const struct mm_event *event);
void mm_manager_on_oom_score_adj(struct mm_priority_manager *manager, const struct mm_event *event);

/* newcomers.c */
/* The kernel started a process, or changed its program or name: STARTED and RENAMED. */
void mm_manager_on_started(struct mm_priority_manager *manager, const struct mm_event *event);

/* saved_state.c */
void mm_manager_init_save(struct mm_priority_manager *manager);
/* Something was reported. */
void mm_manager_want_save(struct mm_priority_manager *manager);
/* Where one is wanted and it is calm. */
void mm_manager_arm_save(struct mm_priority_manager *manager);

/* frozen.c */
void mm_manager_on_group(struct mm_priority_manager *manager, const struct mm_event *event);
/* Asks the kernel; seeds where it has changed. */
void mm_manager_look_if_frozen(struct mm_priority_manager *manager, struct mm_process_node *node);
/* Of a newcomer, before it is in a bundle: asks the kernel as long as anything is frozen. */
void mm_manager_note_if_frozen(struct mm_priority_manager *manager, struct mm_process_node *node);
/* It is not on the list any more. */
void mm_manager_forget_frozen(struct mm_priority_manager *manager, const struct mm_process_node *node);
/* After a scan: of a group's end, or of its thaw, not everybody tells. */
void mm_manager_check_frozen_groups(struct mm_priority_manager *manager);

/* process_rules.c */
int mm_manager_init_outcomes(struct mm_priority_manager *manager);
void mm_manager_fini_outcomes(struct mm_priority_manager *manager);
void mm_manager_on_matched(struct mm_priority_manager *manager, const struct mm_event *event);
/* While it is in no registered bundle; does not seed. One that it shares it is still in: for mm_manager_regroup. */
void mm_manager_forget_match(struct mm_priority_manager *manager, struct mm_process_node *node);
/* Of all processes: there are no rules any more. */
void mm_manager_forget_matches(struct mm_priority_manager *manager);

/* shared_bundles.c */
/* Puts one that nobody registered into the bundle that its match says, which may end the one that it was in, or, without
   a slot, the process for the list, until a scan finds it again: false. Joining seeds. */
bool mm_manager_regroup(struct mm_priority_manager *manager, struct mm_process_node *node);

/* scan.c */
/* Lets a scan that is wanted, or was interrupted by a kill, go on as soon as it may. */
void mm_manager_arm_scan(struct mm_priority_manager *manager);
void mm_manager_scan_slice(struct mm_timer *timer, void *user);
/* Publishes MM_EVENT_PROCESS_FOUND, where it is on the list. */
void mm_manager_tell_found(struct mm_priority_manager *manager, pid_t pid);

/* scan_difference.c */
/* The scan has seen everybody there is; the others on the list are looked at from now on. */
void mm_manager_begin_comparing(struct mm_priority_manager *manager);
/* Until until_ns; false when all were. */
bool mm_manager_compare_some(struct mm_priority_manager *manager, uint64_t until_ns);

/* registration.c */
/*
 * Makes the process of the event a registered one, node being what is known of its pid, or NULL. is_new: it
 * gets the grace of a new process. *ret_node is NULL, and the event counted, when it was refused, is gone, or
 * found no slot.
 */
void mm_manager_register(struct mm_priority_manager *manager, const struct mm_event *event,
                         struct mm_process_node *node, bool is_new, struct mm_process_node **ret_node);
void mm_manager_register_render(struct mm_priority_manager *manager, const struct mm_event *event,
                                struct mm_process_node *node);
/* Sets the flags of resident and important applications from the configured names. */
void mm_manager_apply_names(struct mm_priority_manager *manager, struct mm_process_node *node,
                            uint64_t bundle_name_hash);
/* The floor of a critical process, after its names, its comm or the flag changed. */
void mm_manager_apply_critical(const struct mm_priority_manager *manager, struct mm_process_node *node);

/* out_of_reach.c: -1000 that somebody else gave. */
/* Whether the number in the file of who is about to be registered is one that it was given; with
   MM_PROCESS_ALL. */
bool mm_manager_was_put_out_of_reach(const struct mm_priority_manager *manager,
                                     const struct mm_process_info *info);
/* The file of a registered process holds what somebody else wrote; seeds where that counts. */
void mm_manager_note_foreign(struct mm_priority_manager *manager, struct mm_process_node *node,
                             int oom_score_adj);
/* A render process that is out of reach is nobody's from now on. */
void mm_manager_part_from_owner(struct mm_priority_manager *manager, struct mm_process_node *node);
/* Before its number is written: true, and noted, when somebody else has put it out of reach unreported. Does not seed. */
bool mm_manager_find_out_of_reach(struct mm_priority_manager *manager, struct mm_process_node *node);

/* bundles.c */
/* For a member that is to join. name_hash: mm_hash_text of the name. NULL without a slot. */
struct mm_bundle_node *mm_manager_registered_bundle(struct mm_priority_manager *manager,
                                                    const struct mm_process_node *member, int64_t account_id,
                                                    uid_t uid, const char *name, uint64_t name_hash);
struct mm_bundle_node *mm_manager_find_bundle(const struct mm_priority_manager *manager, int64_t account_id,
                                              uid_t uid, const char *name, uint64_t name_hash);
/* Of an unregistered process; NULL without a slot. */
struct mm_bundle_node *mm_manager_own_bundle(struct mm_priority_manager *manager,
                                             const struct mm_process_node *member);
/* The comm of what is alone in a bundle that nobody registered. */
void mm_bundle_label(struct mm_bundle_node *node, const char *comm);
/* Joining seeds the process; leaving the last process ends the bundle. */
void mm_bundle_join(struct mm_priority_manager *manager, struct mm_bundle_node *node,
                    struct mm_process_node *member);
/* Leaving, with what a process rule made of it. */
void mm_bundle_part(struct mm_priority_manager *manager, struct mm_process_node *member);
/* And without. */
void mm_bundle_leave(struct mm_priority_manager *manager, struct mm_process_node *member);
/* A member's priority went from one value to another. */
void mm_bundle_member_changed(struct mm_priority_manager *manager, struct mm_process_node *member,
                              int previous);
/* Its place is looked at when everything settles. */
void mm_bundle_mark_changed(struct mm_priority_manager *manager, struct mm_bundle_node *node);
/* Takes its place among equals when everything settles. */
void mm_bundle_touch(struct mm_priority_manager *manager, struct mm_bundle *bundle);
/* Where it belongs on the list, when its processes are counted. */
int mm_bundle_due_priority(const struct mm_priority_manager *manager, const struct mm_bundle *bundle);
/* Counts the processes of the changed bundles, and seeds the render processes that follow. */
void mm_manager_count_bundles(struct mm_priority_manager *manager);
/* Moves the changed bundles on the list, after they were counted. */
void mm_manager_move_bundles(struct mm_priority_manager *manager);
/* Publishes MM_EVENT_PRIORITY for what moved, at most a queue's worth at once. */
void mm_manager_announce(struct mm_priority_manager *manager);
void mm_manager_announce_later(struct mm_timer *timer, void *user);

/* accounts.c */
struct mm_account *mm_manager_account(struct mm_priority_manager *manager, int64_t id, bool make);
/* One bundle less. */
void mm_account_release(struct mm_priority_manager *manager, struct mm_account *account);
int mm_account_adjustment(const struct mm_account *account);
/* Whether the killer has some of its bundles still to take. */
bool mm_account_has_ending(const struct mm_priority_manager *manager, const struct mm_account *account);
/* What was to end before a restart is to end still: marks it, and publishes MM_EVENT_ACCOUNT for the killer. */
void mm_manager_resume_ending(struct mm_priority_manager *manager);
void mm_manager_on_account(struct mm_priority_manager *manager, const struct mm_event *event);

/* extensions.c */
uint64_t mm_binding_hash(pid_t caller_pid, pid_t target_pid);
/* In front of the bindings of its caller, or of its target; place: where those begin. */
void mm_binding_link_to_caller(struct mm_binding **place, struct mm_binding *binding);
void mm_binding_unlink_from_caller(struct mm_binding *binding);
void mm_binding_link_to_target(struct mm_binding **place, struct mm_binding *binding);
void mm_binding_unlink_from_target(struct mm_binding *binding);
/* 0, -EEXIST, -ENOSPC. */
int mm_manager_bind(struct mm_priority_manager *manager, pid_t caller_pid, struct mm_process_node *target);
/* -ENOENT when it was not bound by that caller. */
int mm_manager_unbind(struct mm_priority_manager *manager, pid_t caller_pid, struct mm_process_node *target);
void mm_manager_release_bindings(struct mm_priority_manager *manager, struct mm_process_node *node);
/* A process appears that had bound before it was known. */
void mm_manager_adopt_caller(struct mm_priority_manager *manager, struct mm_process_node *node);
/* Callers that are not known and, as the kernel says, not alive either. */
void mm_manager_release_dead_callers(struct mm_priority_manager *manager, pid_t pid_or_all);

/* settle.c */
void mm_manager_seed(struct mm_priority_manager *manager, struct mm_process_node *node);
/* For what ends before everything settles; walks the seeds. */
void mm_manager_unseed(struct mm_priority_manager *manager, struct mm_process_node *node);
void mm_manager_own_rules(const struct mm_process_node *node, struct mm_rule_result *ret_result);
/* Recomputes what the seeds say, to the fixed point; moves, writes. Nothing is seeded afterwards. */
void mm_manager_settle(struct mm_priority_manager *manager);
/* Writes the file of a process; false: it is gone, or the pid is another's. */
bool mm_manager_write_oom_score_adj(struct mm_priority_manager *manager, pid_t pid, uint64_t start_time_ticks,
                                    int priority, int16_t *written);
/* The same also where the file holds that number as far as we know. */
bool mm_manager_write_anew(struct mm_priority_manager *manager, pid_t pid, uint64_t start_time_ticks,
                           int priority, int16_t *written);

/* deadlines.c */
void mm_deadline_queue_init(struct mm_deadline_queue *queue, struct mm_priority_manager *manager,
                            mm_deadline_end end);
/* From now on, whatever it waited for in that queue. */
void mm_deadline_wait(struct mm_deadline_queue *queue, struct mm_deadline *deadline);
/* The same until that moment, which may be past. */
void mm_deadline_wait_until(struct mm_deadline_queue *queue, struct mm_deadline *deadline, uint64_t at_ns);
/* Where it waits in that queue. */
void mm_deadline_leave(struct mm_deadline_queue *queue, struct mm_deadline *deadline);
/* The queues of the grace and of the ability start: a process waits in one of them, and bears its flag. */
void mm_deadline_init(struct mm_priority_manager *manager);
void mm_deadline_start_grace(struct mm_priority_manager *manager, struct mm_process_node *node);
void mm_deadline_start_ability(struct mm_priority_manager *manager, struct mm_process_node *node);
/* Leaves whichever queue it is in, and clears the flags of both. */
void mm_deadline_stop(struct mm_priority_manager *manager, struct mm_process_node *node);

#ifdef __cplusplus
}
#endif

#endif
