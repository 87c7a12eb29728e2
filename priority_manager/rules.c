/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/rules.h"

#include "common/common.h"

/* Ascending, so that the first row whose flag is set has the smallest number. */
static const struct flag_rule {
    uint32_t flag;
    int priority;
    enum mm_priority_rule rule;
} flag_rules[] = {
    {MM_PROCESS_IS_FOREGROUND, MM_PRIORITY_FOREGROUND, MM_RULE_FOREGROUND},
    {MM_PROCESS_IS_VISIBLE, MM_PRIORITY_VISIBLE, MM_RULE_VISIBLE},
    {MM_PROCESS_HAS_TRANSIENT_TASK, MM_PRIORITY_SUSPEND_DELAY, MM_RULE_TRANSIENT_TASK},
    {MM_PROCESS_HAS_CONTINUOUS_TASK, MM_PRIORITY_PERCEIVED, MM_RULE_CONTINUOUS_TASK},
    {MM_PROCESS_HAS_EVENT, MM_PRIORITY_PERCEIVED, MM_RULE_EVENT},
    {MM_PROCESS_HAS_DIST_DEVICE, MM_PRIORITY_DIST_DEVICE, MM_RULE_DIST_DEVICE},
};

const char *mm_priority_rule_name(enum mm_priority_rule rule)
{
    static const char *const names[MM_RULE_COUNT] = {
        [MM_RULE_NEW] = "new",
        [MM_RULE_FOREGROUND] = "foreground",
        [MM_RULE_BACKGROUND] = "background",
        [MM_RULE_VISIBLE] = "visible",
        [MM_RULE_TRANSIENT_TASK] = "transient task",
        [MM_RULE_CONTINUOUS_TASK] = "continuous task",
        [MM_RULE_EVENT] = "event",
        [MM_RULE_DIST_DEVICE] = "distributed device",
        [MM_RULE_IMPORTANT] = "important",
        [MM_RULE_RESIDENT] = "resident",
        [MM_RULE_SYSTEM] = "system",
        [MM_RULE_EXTENSION] = "extension",
        [MM_RULE_SUSPENDED] = "suspended",
        [MM_RULE_ABILITY_START] = "ability start",
        [MM_RULE_RENDER] = "render",
        [MM_RULE_ACCOUNT] = "account",
        [MM_RULE_OOM_SCORE_ADJ] = "oom_score_adj",
        [MM_RULE_PROCESS_RULE] = "process rule",
        [MM_RULE_FROZEN] = "frozen",
        [MM_RULE_CRITICAL] = "critical",
    };

    return (unsigned)rule < MM_RULE_COUNT ? names[rule] : "unknown";
}

static void set_from_flags(struct mm_rule_result *result, int priority, enum mm_priority_rule rule)
{
    result->from_flags = priority;
    result->flags_rule = rule;
}

/* -1000 is somebody's word that it is never killed, and any other number but 0 one that no built-in rule is to overrule,
   unless it protects. */
static bool does_rule_count(const struct mm_rule_input *input)
{
    if (!input->has_rule || input->oom_score_adj == MM_PRIORITY_SYSTEM)
        return false;
    return !input->is_rule_built_in || input->oom_score_adj == 0 ||
           input->rule_priority == MM_PRIORITY_SYSTEM;
}

/* What is only known by a state that leaves the other flags out of the question. */
static bool apply_state(const struct mm_rule_input *input, struct mm_rule_result *result)
{
    if (!input->is_registered && does_rule_count(input))
        set_from_flags(result, input->rule_priority, MM_RULE_PROCESS_RULE);
    else if (!input->is_registered ||
             (input->flags & (MM_PROCESS_IS_INHERITING | MM_PROCESS_IS_OUT_OF_REACH)))
        set_from_flags(result, input->oom_score_adj, MM_RULE_OOM_SCORE_ADJ);
    else if (input->flags & MM_PROCESS_IS_ABILITY_STARTING)
        set_from_flags(result, MM_PRIORITY_FOREGROUND, MM_RULE_ABILITY_START);
    else if (input->flags & MM_PROCESS_IS_SUSPENDED)
        set_from_flags(result, MM_PRIORITY_SUSPEND, MM_RULE_SUSPENDED);
    else if (!(input->flags & MM_PROCESS_IN_GRACE))
        return false;
    else
        set_from_flags(result, MM_PRIORITY_FOREGROUND, MM_RULE_NEW);
    return true;
}

static void apply_flags(const struct mm_rule_input *input, struct mm_rule_result *result)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(flag_rules); i++) {
        if (!(input->flags & flag_rules[i].flag))
            continue;
        set_from_flags(result, flag_rules[i].priority, flag_rules[i].rule);
        return;
    }
    /* An extension that never showed anything lives by its callers alone. */
    if ((input->flags & (MM_PROCESS_IS_EXTENSION | MM_PROCESS_HAS_UI)) == MM_PROCESS_IS_EXTENSION)
        set_from_flags(result, MM_PRIORITY_NO_BIND_EXTENSION, MM_RULE_EXTENSION);
    else
        set_from_flags(result, MM_PRIORITY_BACKGROUND, MM_RULE_BACKGROUND);
}

/* Of what is not registered only those stand still at 600 that may be killed as it is: whoever pauses a container, or
   a session while the machine sleeps, did not offer it. */
static int frozen(const struct mm_rule_input *input, const struct mm_rule_result *result)
{
    int least = input->is_registered ? 0 : 1;

    if (!(input->flags & MM_PROCESS_IS_FROZEN) || result->flags_rule == MM_RULE_ABILITY_START ||
        result->from_flags < least)
        return result->from_flags;
    return MM_MAX(result->from_flags, MM_PRIORITY_FROZEN);
}

static int floored(const struct mm_rule_input *input, const struct mm_rule_result *result)
{
    if (input->flags & MM_PROCESS_IS_CRITICAL)
        return MM_MIN(result->frozen, input->important_floor);
    if (!input->is_registered || !(input->flags & MM_PROCESS_IS_IMPORTANT))
        return result->frozen;
    /* Upstream's creation sets the configured number even where it is less important than 0. */
    if (result->flags_rule == MM_RULE_NEW && result->frozen == result->from_flags)
        return input->important_floor;
    return MM_MIN(result->frozen, input->important_floor);
}

static int adjusted(const struct mm_rule_input *input, const struct mm_rule_result *result)
{
    /* An inherited number has the account in it already. */
    if (result->protected_ < 0 || result->flags_rule == MM_RULE_OOM_SCORE_ADJ)
        return result->protected_;
    return MM_MIN(MM_MAX(result->protected_ + input->account_adjustment, 0), MM_PRIORITY_MAX);
}

void mm_rules_own(const struct mm_rule_input *input, struct mm_rule_result *ret_result)
{
    struct mm_rule_result result;

    if (!apply_state(input, &result))
        apply_flags(input, &result);
    result.rule = result.flags_rule;
    result.frozen = frozen(input, &result);
    if (result.frozen != result.from_flags)
        result.rule = MM_RULE_FROZEN;
    result.floored = floored(input, &result);
    if (result.floored != result.frozen)
        result.rule = mm_rules_floor(input->flags);
    result.protected_ = result.floored;
    if (input->is_registered && (input->flags & MM_PROCESS_IS_RESIDENT) &&
        result.floored > MM_PRIORITY_KILLABLE_SYSTEM) {
        result.protected_ = MM_PRIORITY_KILLABLE_SYSTEM;
        result.rule = MM_RULE_RESIDENT;
    }
    if ((input->flags & MM_PROCESS_IS_SYSTEM) && result.protected_ > MM_PRIORITY_SYSTEM) {
        result.protected_ = MM_PRIORITY_SYSTEM;
        result.rule = MM_RULE_SYSTEM;
    }
    result.own = adjusted(input, &result);
    if (result.own != result.protected_)
        result.rule = MM_RULE_ACCOUNT;
    *ret_result = result;
}

enum mm_priority_rule mm_rules_floor(uint32_t flags)
{
    return flags & MM_PROCESS_IS_CRITICAL ? MM_RULE_CRITICAL : MM_RULE_IMPORTANT;
}

int mm_rules_bound(int caller_priority)
{
    return MM_MIN(MM_MAX(caller_priority, MM_PRIORITY_FOREGROUND), MM_PRIORITY_BACKGROUND) +
           MM_PRIORITY_BIND_STEP;
}

int mm_rules_render(int bundle_priority)
{
    return MM_MAX(bundle_priority, MM_PRIORITY_FOREGROUND);
}
