/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that turn what is known of a process into its number: pure functions (reference 1.3, 1.4).
 *
 * In order: what the flags say; at least 600 in a frozen group; at most the floor of an important application or a
 * critical process; at most -800 for a resident one and -1000 for one of the white list; shifted by the account, within
 * 0..1000, unless below 0; at most what the callers give an extension.
 */
#ifndef MM_PRIORITY_MANAGER_RULES_H
#define MM_PRIORITY_MANAGER_RULES_H

#include "priority_manager/priority_manager.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An extension is this much less important than its most important caller (reference 1.2: 0 + 100). */
#define MM_PRIORITY_BIND_STEP 100
/* Accounts (reference 1.4). */
#define MM_ACCOUNT_ACTIVE_ADJUSTMENT   (-50)
#define MM_ACCOUNT_INACTIVE_ADJUSTMENT 50

struct mm_rule_input {
    uint32_t flags; /* enum mm_process_flag */
    bool is_registered;
    int important_floor;
    int oom_score_adj;      /* for what is not registered, is inheriting, or out of reach */
    int account_adjustment; /* -50, 0, 50 */
    /* Of what is not registered: the process rule that takes it. */
    bool has_rule, is_rule_built_in;
    int rule_priority;
};

/* The number after each step, for explanations. */
struct mm_rule_result {
    int from_flags;
    enum mm_priority_rule flags_rule;
    int frozen;                 /* after its group's freezing */
    int floored;                /* after the important floor */
    int protected_;             /* after the resident rule and the white list */
    int own;                    /* after the account: what it is without callers */
    enum mm_priority_rule rule; /* the last step that changed the number */
};

void mm_rules_own(const struct mm_rule_input *input, struct mm_rule_result *ret_result);
/* Whose floor it is that such a process has. */
enum mm_priority_rule mm_rules_floor(uint32_t flags);
/* At most this, for an extension that a caller of that priority has bound: 100..500. */
int mm_rules_bound(int caller_priority);
/* A render process follows its owner's bundle, but is never protected: what it renders is not trusted. */
int mm_rules_render(int bundle_priority);

#ifdef __cplusplus
}
#endif

#endif
