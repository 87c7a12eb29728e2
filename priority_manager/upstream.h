/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Priorities as OpenHarmony's memmgr gives them (priorityCompat upstream), its defects included: what registered
 * processes live by in that mode. Nobody but this folder includes it.
 *
 * Ours computes a number from what is known. Upstream's number is a state: each event changes the last one, so that what
 * it is depends on what happened in which order. It is kept in a record of its own, with upstream's two maps of
 * bindings and its two timers; what the list and the files show is that number, except for -1000 (mm_upstream_own).
 *
 *     upstream_rules.c       numbers from flags and callers: pure
 *     upstream_events.c      one row for each reason, accounts, timers
 *     upstream_extensions.c  bindings, and the one pass over the extensions that hang together
 *     upstream_processes.c   records, numbers of bundles, files, the dead
 *     upstream_explain.c     the same in words
 *
 * What differs is listed in priority_manager.h. Facts are of the reference 1.3 and 1.4; where that leaves something
 * open, "decided" stands beside what we took for it.
 */
#ifndef MM_PRIORITY_MANAGER_UPSTREAM_H
#define MM_PRIORITY_MANAGER_UPSTREAM_H

#include "priority_manager/explain_text.h"
#include "priority_manager/manager.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a process has from nothing of its own: the start value of a computation (reference 1.2, UNKNOWN). */
#define MM_UPSTREAM_UNKNOWN 1000

struct mm_upstream_process {
    struct mm_process_node *node;
    struct mm_deadline grace, ability_start; /* upstream's timers: neither ends the other */
    uint64_t ability_started_s;
    struct mm_binding *bound;         /* "whom I bind": ends with the process, not with the target */
    struct mm_binding *callers;       /* "who binds me": a dead caller stays until the dead check */
    struct mm_upstream_process *next; /* of the walk at hand */
    uint64_t walk;                    /* number of the last that came by */
    int16_t number;                   /* after switches of accounts perhaps above 1000, which no file takes */
    int16_t order;                    /* of the walk at hand */
    /* For explanations: what the number was made of when it was made. */
    uint8_t rule;          /* enum mm_priority_rule */
    bool is_by_callers;    /* it was the last pass over extensions that made it */
    bool has_caller;       /* that pass found one */
    int16_t from_flags;    /* before the important floor, the resident rule and the callers */
    int16_t caller_number; /* of the caller that counted */
    int16_t shift;         /* by switches of accounts since */
    pid_t caller_pid;
};

/* ---- upstream_rules.c ------------------------------------------------------------------------------------- */

/* The number after the flags are applied to the present one: what each event does that has nothing of its own to do. */
int mm_upstream_recomputed(int present, uint32_t flags, int important_floor, enum mm_priority_rule *ret_rule);
/* What an extension is without its callers. */
int mm_upstream_as_application(int present, uint32_t flags, int important_floor,
                               enum mm_priority_rule *ret_rule);
/* What a bundle is after a switch that gave its account that adjustment. */
int mm_upstream_adjusted(int bundle_number, int adjustment);

/* ---- upstream_events.c ------------------------------------------------------------------------------------ */

void mm_upstream_init(struct mm_priority_manager *manager);
/* An event about an application; node: what is known of its pid, or NULL. Does not settle. */
void mm_upstream_on_application(struct mm_priority_manager *manager, const struct mm_event *event,
                                struct mm_process_node *node);
/* It was just registered: its first number, and the time until its flags count. */
void mm_upstream_begin(struct mm_priority_manager *manager, struct mm_process_node *node);
/* A switch that is no cold one: that account is active now, and those that were_active and are inactive lost it. */
void mm_upstream_shift(struct mm_priority_manager *manager, const struct mm_account *active);
/* The flags are applied to the number, where the bundle is not below 0, and the extensions it binds are looked at. */
void mm_upstream_recompute(struct mm_priority_manager *manager, struct mm_process_node *node);

/* ---- upstream_extensions.c -------------------------------------------------------------------------------- */

/* caller: NULL when it is not registered; target: likewise. -ENOSPC: too many; nothing was changed. */
int mm_upstream_bind_caller(struct mm_priority_manager *manager, struct mm_process_node *caller,
                            pid_t target_pid);
int mm_upstream_bind_target(struct mm_priority_manager *manager, pid_t caller_pid,
                            struct mm_process_node *target);
void mm_upstream_unbind_caller(struct mm_priority_manager *manager, const struct mm_process_node *caller,
                               pid_t target_pid);
void mm_upstream_unbind_target(struct mm_priority_manager *manager, pid_t caller_pid,
                               const struct mm_process_node *target);
/* Both of its maps. */
void mm_upstream_release_bindings(struct mm_priority_manager *manager, struct mm_upstream_process *record);
/* What all maps hold of the dead: a part of the bindings, after at least `limit` looks at /proc, or the last of them.
   Goes on at upstream_dead_check_bucket, which is 0 after the last. */
void mm_upstream_release_some_dead(struct mm_priority_manager *manager, size_t limit);
/* One pass over the extensions that can be reached from it, and itself. */
void mm_upstream_propagate(struct mm_priority_manager *manager, struct mm_process_node *from);

/* ---- upstream_processes.c --------------------------------------------------------------------------------- */

/* Makes its record; -ENOSPC. */
int mm_upstream_attach(struct mm_priority_manager *manager, struct mm_process_node *node);
/* Without a record it does nothing. */
void mm_upstream_detach(struct mm_priority_manager *manager, struct mm_process_node *node);
/* A record for each process there is memory for. */
int mm_upstream_keep_reserve(struct mm_priority_manager *manager);
/* NULL when it is not known, or not registered. */
struct mm_process_node *mm_upstream_find(const struct mm_priority_manager *manager, pid_t pid);
/* Of equals the highest uid goes first, whatever is configured. */
struct mm_priority_order mm_upstream_order(const struct mm_kill_config *config);
/* Of a registered bundle. */
int mm_upstream_bundle_number(const struct mm_bundle *bundle);
void mm_upstream_set_bundle_number(struct mm_priority_manager *manager, struct mm_bundle *bundle, int number);
/* By the numbers of its processes. */
void mm_upstream_recount(struct mm_priority_manager *manager, struct mm_bundle *bundle);
/* is_by_callers and what explains it is for the caller to set afterwards. */
void mm_upstream_set_number(struct mm_priority_manager *manager, struct mm_process_node *node, int number,
                            int from_flags, enum mm_priority_rule rule);
/* What the list shows of a process, and why: -1000 where the white list or somebody else says so, else its number. */
void mm_upstream_own(const struct mm_process_node *node, int16_t *ret_own, uint8_t *ret_rule);
int mm_upstream_bundle_due(const struct mm_bundle *bundle);
/* The file, whatever it may hold; -1000 that somebody else wrote stays. An error changes nothing. */
void mm_upstream_write(struct mm_priority_manager *manager, struct mm_process_node *node);
/* The files of all processes of the bundle. */
void mm_upstream_write_bundle(struct mm_priority_manager *manager, const struct mm_bundle *bundle);
/* end() takes it out of its bundle, which is counted anew where the number of the dead counts. */
void mm_upstream_end(struct mm_priority_manager *manager, struct mm_process_node *node,
                     void (*end)(struct mm_priority_manager *manager, struct mm_process_node *node));
/* The kernel says that it has ended, or left: it is forgotten, and its bundle counted as if that had been reported. */
void mm_upstream_on_end(struct mm_priority_manager *manager, struct mm_process_node *node);
uint64_t mm_upstream_dead_check_ns(const struct mm_priority_manager *manager);

/* ---- upstream_explain.c ----------------------------------------------------------------------------------- */

/* Of a registered process; but for what keeps its bundle where it is. */
void mm_upstream_explain(const struct mm_priority_manager *manager, struct mm_explain_text *text,
                         const struct mm_process_node *node);

#ifdef __cplusplus
}
#endif

#endif
