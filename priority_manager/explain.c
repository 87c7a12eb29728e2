/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of rules behind a number, in words. */
#include "priority_manager/manager.h"

#include <inttypes.h>

/* Grows a text step by step; what does not fit is cut. */
struct text {
    char *buffer;
    size_t size, length;
};

#define APPEND(text, ...)                                                                                    \
    ((text)->length += mm_format((text)->buffer + (text)->length, (text)->size - (text)->length, __VA_ARGS__))

static void explain_account(struct text *text, const struct mm_account *account,
                            const struct mm_rule_result *result)
{
    if (!account || result->own == result->protected_)
        return;
    APPEND(text, "; account %" PRId64 " %s %+d -> %d", account->id,
           account->state == MM_ACCOUNT_IS_ACTIVE ? "active" : "inactive", mm_account_adjustment(account),
           result->own);
}

static void explain_flags(struct text *text, const struct mm_process *process,
                          const struct mm_rule_result *result)
{
    bool is_unbound = result->flags_rule == MM_RULE_EXTENSION;

    APPEND(text, "%d %s%s%s", result->from_flags, mm_priority_rule_name(result->flags_rule),
           is_unbound ? " without callers" : "",
           process->flags & MM_PROCESS_IS_OUT_OF_REACH ? ", written by somebody else" : "");
    if (result->floored != result->from_flags)
        APPEND(text, "; important floor %d -> %d", process->important_floor, result->floored);
    if (result->protected_ != result->floored)
        APPEND(text, "; %s -> %d", process->flags & MM_PROCESS_IS_SYSTEM ? "system" : "resident",
               result->protected_);
}

/* The caller that counts is the most important one. */
static void explain_callers(struct text *text, const struct mm_process_node *node)
{
    const struct mm_binding *best = NULL;
    int best_priority = 0;

    for (const struct mm_binding *binding = node->callers; binding; binding = binding->target_next) {
        int priority = binding->caller ? binding->caller->process.priority : MM_PRIORITY_FOREGROUND;

        if (best && priority >= best_priority)
            continue;
        best = binding;
        best_priority = priority;
    }
    if (!best || node->process.rule != MM_RULE_EXTENSION || node->process.priority == node->process.own)
        return;
    APPEND(text, "; extension of %d (%s) min(%d,%d)+%d -> %d", (int)best->caller_pid,
           best->caller ? mm_priority_rule_name((enum mm_priority_rule)best->caller->process.rule)
                        : "unknown",
           MM_PRIORITY_BACKGROUND, MM_MAX(best_priority, MM_PRIORITY_FOREGROUND), MM_PRIORITY_BIND_STEP,
           node->process.priority);
}

static void explain_unregistered(struct text *text, const struct mm_process_node *node,
                                 const struct mm_rule_result *result)
{
    const struct mm_rule_outcome *outcome = node->outcome;

    if (result->flags_rule == MM_RULE_PROCESS_RULE)
        APPEND(text, "%d process rule \"%s\" (%s%s), not registered", result->from_flags, outcome->rule,
               outcome->is_built_in ? "built-in, " : "",
               mm_process_class_name((enum mm_process_class)outcome->process_class));
    else
        APPEND(text, "%d oom_score_adj, not registered%s", result->from_flags,
               outcome ? "; somebody wrote it, which its process rule leaves alone" : "");
}

const char *mm_priority_manager_explain(const struct mm_priority_manager *manager,
                                        const struct mm_process *process, char *buffer, size_t size)
{
    const struct mm_process_node *node = MM_CONTAINER_OF(process, const struct mm_process_node, process);
    struct text text = {.buffer = buffer, .size = size};
    struct mm_rule_result result;

    (void)manager;
    if (size > 0)
        buffer[0] = '\0';
    if (process->flags & MM_PROCESS_IS_RENDER) {
        APPEND(&text, "%d render process of %s (%d)", process->priority, process->bundle->name,
               process->bundle->entry.priority);
        return buffer;
    }
    mm_manager_own_rules(node, &result);
    if (!process->bundle->is_registered) {
        explain_unregistered(&text, node, &result);
        if (result.own != result.from_flags)
            APPEND(&text, "; system -> %d", result.own);
        return buffer;
    }
    explain_flags(&text, process, &result);
    explain_account(&text, process->bundle->account, &result);
    explain_callers(&text, node);
    return buffer;
}
