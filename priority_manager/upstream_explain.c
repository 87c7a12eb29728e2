/* SPDX-License-Identifier: Apache-2.0 */
/* Upstream's numbers in words: what made the number when it was made, and what has been added since. */
#include "priority_manager/upstream.h"

#include <inttypes.h>

static const char *word_of(const struct mm_process_node *node)
{
    return node ? mm_priority_rule_name((enum mm_priority_rule)node->upstream->rule) : "unknown";
}

static void explain_callers(const struct mm_priority_manager *manager, struct mm_explain_text *text,
                            const struct mm_upstream_process *record)
{
    const struct mm_process_node *caller = mm_upstream_find(manager, record->caller_pid);
    int now = caller ? caller->upstream->number : MM_PRIORITY_FOREGROUND;
    int made = record->number - record->shift;

    if (!record->has_caller) {
        MM_APPEND(text, "; extension without callers -> %d", made);
        return;
    }
    MM_APPEND(text, "; extension of %d (%s", (int)record->caller_pid, word_of(caller));
    if (now != record->caller_number)
        MM_APPEND(text, ", %d by now", now);
    MM_APPEND(text, ") min(%d,%d)+%d -> %d", MM_PRIORITY_BACKGROUND,
              MM_MAX(record->caller_number, MM_PRIORITY_FOREGROUND), MM_PRIORITY_BIND_STEP, made);
}

static void explain_made(const struct mm_priority_manager *manager, struct mm_explain_text *text,
                         const struct mm_process_node *node)
{
    const struct mm_upstream_process *record = node->upstream;
    int made = record->number - record->shift;

    if (record->is_by_callers) {
        MM_APPEND(text, "%d by itself", record->from_flags);
        explain_callers(manager, text, record);
        return;
    }
    MM_APPEND(text, "%d %s", record->from_flags,
              record->rule == MM_RULE_RESIDENT ||
                      (record->rule == MM_RULE_IMPORTANT && made != record->from_flags)
                  ? mm_priority_rule_name(MM_RULE_NEW)
                  : mm_priority_rule_name((enum mm_priority_rule)record->rule));
    if (record->rule == MM_RULE_SUSPENDED)
        MM_APPEND(text, " until its next event");
    if (made != record->from_flags)
        MM_APPEND(text, "; %s -> %d", mm_priority_rule_name((enum mm_priority_rule)record->rule), made);
}

/* Why events do not move it. */
static void explain_bundle_below_0(struct mm_explain_text *text, const struct mm_process_node *node)
{
    int number = mm_upstream_bundle_number(node->process.bundle);

    if (number <= MM_PRIORITY_KILLABLE_SYSTEM)
        MM_APPEND(text, "; events are ignored, its bundle being at %d", number);
    else if (number < MM_PRIORITY_FOREGROUND)
        MM_APPEND(text, "; events do not move it, its bundle being at %d", number);
}

void mm_upstream_explain(const struct mm_priority_manager *manager, struct mm_explain_text *text,
                         const struct mm_process_node *node)
{
    const struct mm_upstream_process *record = node->upstream;
    const struct mm_account *account = node->process.bundle->account;

    explain_made(manager, text, node);
    if (record->shift != 0)
        MM_APPEND(text, "; switches of account %" PRId64 " %+d -> %d until its next event", account->id,
                  record->shift, record->number);
    if (record->number > MM_PRIORITY_MAX)
        MM_APPEND(text, ", which no file takes");
    if (node->process.flags & MM_PROCESS_IS_SYSTEM)
        MM_APPEND(text, "; system -> %d", MM_PRIORITY_SYSTEM);
    if (node->process.flags & MM_PROCESS_IS_OUT_OF_REACH)
        MM_APPEND(text, "; written by somebody else -> %d", MM_PRIORITY_SYSTEM);
    explain_bundle_below_0(text, node);
}
