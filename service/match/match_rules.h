/* SPDX-License-Identifier: Apache-2.0 */
/* Process rules, compiled, and what they say of a process. For memmgr-match; never linked into the daemon. */
#ifndef MM_SERVICE_MATCH_RULES_H
#define MM_SERVICE_MATCH_RULES_H

#include "config/config.h"
#include "event_center/event.h"
#include "kernel_interface/process_facts.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_match_rules;

/* What one rule says of a process. */
struct mm_match_trial {
    /* The first condition that is not true of it, a number of mm_process_conditions; MM_PROCESS_CONDITION_COUNT: all are,
       the rule takes it. */
    unsigned failed;
    bool gave_up; /* that one took too long, or memory: it counts as not true */
};

/*
 * Compiles the rules, and where the configuration has them the built-in ones behind them. config must outlive them.
 * -ENOMEM. A pattern that does not compile is as one that nothing fulfils: whoever loads has refused it.
 */
int mm_match_rules_new(const struct mm_process_rules_config *config, struct mm_match_rules **ret_rules);
void mm_match_rules_free(struct mm_match_rules *rules); /* accepts NULL */

unsigned mm_match_rule_count(const struct mm_match_rules *rules);
const struct mm_process_rule *mm_match_rule_at(const struct mm_match_rules *rules, unsigned rule);
/* NULL for a rule of the configuration. */
const char *mm_match_built_in_reason(const struct mm_match_rules *rules, unsigned rule);

struct mm_match_trial mm_match_try(const struct mm_match_rules *rules, unsigned rule,
                                   const struct mm_process_facts *facts);
/* The rule that takes it, -1: none. *ret_gave_up, which may be NULL: the first rule that was given up, else -1. */
int mm_match_find(const struct mm_match_rules *rules, const struct mm_process_facts *facts, int *ret_gave_up);

/* What the condition is compared with: "" where it may not be read; of a range its number in buffer. */
#define MM_MATCH_NUMBER_MAX 16
const char *mm_match_fact(const struct mm_process_facts *facts, unsigned condition,
                          char buffer[MM_MATCH_NUMBER_MAX], size_t *ret_length);

/*
 * The name that the rule gives a process' bundle: printable, cut to fit, never empty; its comm where the rule says
 * nothing (NULL or "").
 *
 * Returns the key of the bundle that it shares with others: theirs is the same where the whole name is, and the user,
 * or whoever the user where the name has the path of the cgroup in it, which is one for all who are in there. 0: it is
 * alone in one, as the rule gives no name, or all that the name is made of is not known of it.
 */
uint64_t mm_match_bundle_name(const char *pattern, const struct mm_process_facts *facts,
                              char ret_name[MM_NAME_MAX]);

#ifdef __cplusplus
}
#endif

#endif
