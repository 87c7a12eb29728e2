/* SPDX-License-Identifier: Apache-2.0 */
/* Upstream's numbers from flags: reference 1.3, "Recompute" and "Propagation", and 1.4 for accounts. */
#include "priority_manager/upstream.h"

struct flag_row {
    uint32_t flag;
    int priority;
    enum mm_priority_rule rule;
};

/* Of the last four the first that is set counts, visible counts beside it. */
static const struct flag_row visible_row = {MM_PROCESS_IS_VISIBLE, MM_PRIORITY_VISIBLE, MM_RULE_VISIBLE};
static const struct flag_row task_rows[] = {
    {MM_PROCESS_HAS_TRANSIENT_TASK, MM_PRIORITY_SUSPEND_DELAY, MM_RULE_TRANSIENT_TASK},
    {MM_PROCESS_HAS_CONTINUOUS_TASK, MM_PRIORITY_PERCEIVED, MM_RULE_CONTINUOUS_TASK},
    {MM_PROCESS_HAS_EVENT, MM_PRIORITY_PERCEIVED, MM_RULE_EVENT},
    {MM_PROCESS_HAS_DIST_DEVICE, MM_PRIORITY_DIST_DEVICE, MM_RULE_DIST_DEVICE},
};

static void at_most(const struct flag_row *row, int *priority, enum mm_priority_rule *rule)
{
    if (*priority <= row->priority)
        return;
    *priority = row->priority;
    *rule = row->rule;
}

static const struct flag_row *task_of(uint32_t flags)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(task_rows); i++) {
        if (flags & task_rows[i].flag)
            return &task_rows[i];
    }
    return NULL;
}

int mm_upstream_recomputed(int present, uint32_t flags, int important_floor, enum mm_priority_rule *ret_rule)
{
    static const struct flag_row foreground_row = {MM_PROCESS_IS_FOREGROUND, MM_PRIORITY_FOREGROUND,
                                                   MM_RULE_FOREGROUND};
    const struct flag_row *task = task_of(flags);
    int priority = present;

    if (flags & MM_PROCESS_IS_FOREGROUND) {
        if (priority >= MM_PRIORITY_FOREGROUND)
            *ret_rule = MM_RULE_FOREGROUND;
        at_most(&foreground_row, &priority, ret_rule);
    } else if (!(flags & MM_PROCESS_IS_EXTENSION)) {
        priority = MM_PRIORITY_BACKGROUND;
        *ret_rule = MM_RULE_BACKGROUND;
    }
    if (flags & MM_PROCESS_IS_VISIBLE)
        at_most(&visible_row, &priority, ret_rule);
    if (task)
        at_most(task, &priority, ret_rule);
    if (flags & MM_PROCESS_IS_IMPORTANT)
        at_most(&(struct flag_row){0, important_floor, MM_RULE_IMPORTANT}, &priority, ret_rule);
    return priority;
}

int mm_upstream_as_application(int present, uint32_t flags, int important_floor,
                               enum mm_priority_rule *ret_rule)
{
    const struct flag_row *task = task_of(flags);
    int priority = MM_UPSTREAM_UNKNOWN;

    *ret_rule = MM_RULE_EXTENSION;
    if (flags & MM_PROCESS_IS_FOREGROUND) {
        priority = MM_PRIORITY_FOREGROUND;
        *ret_rule = MM_RULE_FOREGROUND;
    } else if (flags & MM_PROCESS_IS_VISIBLE) {
        at_most(&visible_row, &priority, ret_rule);
    } else if (task) {
        at_most(task, &priority, ret_rule);
    } else if (flags & MM_PROCESS_HAS_UI) {
        priority = MM_PRIORITY_BACKGROUND;
        *ret_rule = MM_RULE_BACKGROUND;
    }
    /* whatever the flags say: the reference has it so */
    if ((flags & MM_PROCESS_IS_IMPORTANT) && present >= important_floor) {
        priority = important_floor;
        *ret_rule = MM_RULE_IMPORTANT;
    }
    return priority;
}

int mm_upstream_adjusted(int bundle_number, int adjustment)
{
    return MM_MIN(MM_MAX(bundle_number + adjustment, 0), MM_PRIORITY_MAX);
}
