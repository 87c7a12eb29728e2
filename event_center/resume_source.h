/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event source of suspend: publishes MM_EVENT_RESUMED and has the waterline watch look. It is noticed with the first
 * wake-up after the machine has come back, whatever that was for, before anything else is served. Timers need nothing:
 * their clock stands still while the machine sleeps.
 */
#ifndef MM_EVENT_CENTER_RESUME_SOURCE_H
#define MM_EVENT_CENTER_RESUME_SOURCE_H

#include "event_center/wake_watch.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_resume_source;

/* waterline outlives it. */
int mm_resume_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                         struct mm_waterline_source *waterline, const struct mm_source_note *note,
                         struct mm_resume_source **ret_source);
/* What the loop does at each wake-up; for simulations, which have no loop. */
void mm_resume_source_check(struct mm_resume_source *source);

#ifdef __cplusplus
}
#endif

#endif
