/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/dry_run_marks.h"

#include <stddef.h>

struct mm_dry_run_mark *mm_dry_run_marks_find(struct mm_dry_run_marks *marks, pid_t pid,
                                              uint64_t start_time_ticks)
{
    for (unsigned i = 0; i < MM_DRY_RUN_MARKS_MAX; i++) {
        struct mm_dry_run_mark *mark = &marks->all[i];

        if (mark->pid == pid && mark->start_time_ticks == start_time_ticks)
            return mark;
    }
    return NULL;
}

static struct mm_dry_run_mark *find_free(struct mm_dry_run_marks *marks)
{
    for (unsigned i = 0; i < MM_DRY_RUN_MARKS_MAX; i++)
        if (marks->all[i].pid == 0)
            return &marks->all[i];
    return NULL;
}

static struct mm_dry_run_mark *find_old(struct mm_dry_run_marks *marks)
{
    for (unsigned i = 0; i < MM_DRY_RUN_MARKS_MAX; i++) {
        struct mm_dry_run_mark *old = &marks->all[marks->next_eviction++ % MM_DRY_RUN_MARKS_MAX];

        if (!old->is_watched)
            return old;
    }
    return NULL;
}

struct mm_dry_run_mark *mm_dry_run_marks_take(struct mm_dry_run_marks *marks, pid_t pid,
                                              uint64_t start_time_ticks)
{
    struct mm_dry_run_mark *mark = mm_dry_run_marks_find(marks, pid, start_time_ticks);

    if (mark)
        return mark;
    mark = find_free(marks);
    if (!mark)
        mark = find_old(marks);
    if (mark)
        *mark = (struct mm_dry_run_mark){.pid = pid, .start_time_ticks = start_time_ticks};
    return mark;
}
