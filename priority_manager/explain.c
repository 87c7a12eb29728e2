/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of rules behind a number, in words. */
#include "priority_manager/upstream.h"

#include <inttypes.h>

/* More than an application has; a list of ten thousand processes of one bundle takes no time all the same. */
#define MEMBERS_LOOKED_AT 256

/* Each rule that applies is told, also where it changes nothing: why it did not help is asked as often. */
static void explain_account(struct mm_explain_text *text, const struct mm_account *account,
                            const struct mm_rule_result *result)
{
    if (mm_account_adjustment(account) == 0 || result->protected_ < 0 ||
        result->flags_rule == MM_RULE_OOM_SCORE_ADJ)
        return;
    MM_APPEND(text, "; account %" PRId64 " %s %+d -> %d", account->id,
              account->state == MM_ACCOUNT_IS_ACTIVE ? "active" : "inactive", mm_account_adjustment(account),
              result->own);
}

static const char *explain_state(const struct mm_process_node *node, const struct mm_rule_result *result)
{
    if (node->process.flags & MM_PROCESS_IS_OUT_OF_REACH)
        return ", written by somebody else";
    if (result->flags_rule == MM_RULE_OOM_SCORE_ADJ)
        return ", inherited for its grace";
    return result->flags_rule == MM_RULE_EXTENSION && !node->callers ? " without callers" : "";
}

static void explain_frozen(struct mm_explain_text *text, const struct mm_process_node *node,
                           const struct mm_rule_result *result)
{
    if (node->process.flags & MM_PROCESS_IS_FROZEN)
        MM_APPEND(text, "; group frozen -> %d", result->frozen);
}

static void explain_flags(struct mm_explain_text *text, const struct mm_process_node *node,
                          const struct mm_rule_result *result)
{
    const struct mm_process *process = &node->process;

    MM_APPEND(text, "%d %s%s", result->from_flags, mm_priority_rule_name(result->flags_rule),
              explain_state(node, result));
    explain_frozen(text, node, result);
    if (process->flags & (MM_PROCESS_IS_IMPORTANT | MM_PROCESS_IS_CRITICAL))
        MM_APPEND(text, "; %s floor %d -> %d", mm_priority_rule_name(mm_rules_floor(process->flags)),
                  process->important_floor, result->floored);
    if (process->flags & MM_PROCESS_IS_RESIDENT)
        MM_APPEND(text, "; resident -> %d", MM_MIN(result->floored, MM_PRIORITY_KILLABLE_SYSTEM));
    if (process->flags & MM_PROCESS_IS_SYSTEM)
        MM_APPEND(text, "; system -> %d", result->protected_);
}

/* In a word, what another process is that has something to do with the number: what it does, rather than its account. */
static const char *word_of(const struct mm_process_node *node)
{
    enum mm_priority_rule rule = (enum mm_priority_rule)node->process.rule;
    struct mm_rule_result result;

    if (!node->process.bundle->is_registered)
        return "not registered";
    if (rule != MM_RULE_ACCOUNT)
        return mm_priority_rule_name(rule);
    if (node->upstream)
        return mm_priority_rule_name((enum mm_priority_rule)node->upstream->rule);
    mm_manager_own_rules(node, &result);
    if (result.floored != result.frozen)
        rule = mm_rules_floor(node->process.flags);
    else
        rule = result.frozen != result.from_flags ? MM_RULE_FROZEN : result.flags_rule;
    return mm_priority_rule_name(rule);
}

/* All processes of a bundle die with it: who keeps it where it is, where that is another one. */
static void explain_bundle(struct mm_explain_text *text, const struct mm_process_node *node)
{
    const struct mm_bundle *bundle = node->process.bundle;
    unsigned looks = 0;

    if (bundle->entry.priority == node->process.priority)
        return;
    MM_LIST_FOR_EACH (link, &bundle->processes) {
        const struct mm_process_node *member = mm_node_at(link);

        if (++looks > MEMBERS_LOOKED_AT)
            break;
        if (member->process.priority != bundle->entry.priority ||
            (member->process.flags & MM_PROCESS_IS_RENDER))
            continue;
        MM_APPEND(text, "; its bundle at %d by %d (%s)", bundle->entry.priority, (int)member->process.pid,
                  bundle->is_registered ? word_of(member)
                                        : mm_priority_rule_name((enum mm_priority_rule)member->process.rule));
        return;
    }
    MM_APPEND(text, "; its bundle at %d by another process", bundle->entry.priority);
}

static void explain_render(struct mm_explain_text *text, const struct mm_process_node *node)
{
    const struct mm_bundle *bundle = node->process.bundle;

    MM_APPEND(text, "%d render process of %s (%d)", node->process.priority, bundle->name,
              bundle->entry.priority);
    if (bundle->render_count == bundle->process_count)
        MM_APPEND(text, ", whose other processes are gone");
    else if (bundle->entry.priority < node->process.priority)
        MM_APPEND(text, ", never below %d", MM_PRIORITY_FOREGROUND);
}

/* The caller that counts is the most important one. */
static void explain_callers(struct mm_explain_text *text, const struct mm_process_node *node)
{
    const struct mm_binding *best = NULL;
    int best_priority = 0;
    unsigned count = 0;

    for (const struct mm_binding *binding = node->callers; binding; binding = binding->target_next) {
        int priority = binding->caller ? binding->caller->process.priority : MM_PRIORITY_FOREGROUND;

        count++;
        if (best && priority >= best_priority)
            continue;
        best = binding;
        best_priority = priority;
    }
    if (!best)
        return;
    if (best->caller_pid == 0)
        MM_APPEND(text, "; extension of an unnamed caller");
    else
        MM_APPEND(text, "; extension of %d (%s)", (int)best->caller_pid,
                  best->caller ? word_of(best->caller) : "unknown");
    if (count > 1)
        MM_APPEND(text, ", the most important of %u,", count);
    MM_APPEND(text, " min(%d,%d)+%d -> %d", MM_PRIORITY_BACKGROUND,
              MM_MAX(best_priority, MM_PRIORITY_FOREGROUND), MM_PRIORITY_BIND_STEP, node->process.priority);
}

static void explain_unregistered(struct mm_explain_text *text, const struct mm_process_node *node,
                                 const struct mm_rule_result *result)
{
    const struct mm_rule_outcome *outcome = node->outcome;

    if (result->flags_rule == MM_RULE_PROCESS_RULE)
        MM_APPEND(text, "%d process rule \"%s\" (%s%s), not registered", result->from_flags, outcome->rule,
                  outcome->is_built_in ? "built-in, " : "",
                  mm_process_class_name((enum mm_process_class)outcome->process_class));
    else
        MM_APPEND(text, "%d oom_score_adj, not registered%s", result->from_flags,
                  outcome ? "; somebody wrote it, which its process rule leaves alone" : "");
    explain_frozen(text, node, result);
}

const char *mm_priority_manager_explain(const struct mm_priority_manager *manager,
                                        const struct mm_process *process, char *buffer, size_t size)
{
    const struct mm_process_node *node = MM_CONTAINER_OF(process, const struct mm_process_node, process);
    struct mm_explain_text text = {.buffer = buffer, .size = size};
    struct mm_rule_result result;

    if (size > 0)
        buffer[0] = '\0';
    if (node->upstream) {
        mm_upstream_explain(manager, &text, node);
        explain_bundle(&text, node);
        return buffer;
    }
    if (process->flags & MM_PROCESS_IS_RENDER) {
        explain_render(&text, node);
        return buffer;
    }
    mm_manager_own_rules(node, &result);
    if (!process->bundle->is_registered) {
        explain_unregistered(&text, node, &result);
        if (result.own != result.frozen)
            MM_APPEND(&text, "; system -> %d", result.own);
        explain_bundle(&text, node);
        return buffer;
    }
    explain_flags(&text, node, &result);
    explain_account(&text, process->bundle->account, &result);
    explain_callers(&text, node);
    explain_bundle(&text, node);
    return buffer;
}
