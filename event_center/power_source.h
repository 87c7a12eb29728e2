/* SPDX-License-Identifier: Apache-2.0 */
/* The event source of the power supply: publishes MM_EVENT_POWER when the machine begins to run on battery or ends to. The
   charge alone is no event. */
#ifndef MM_EVENT_CENTER_POWER_SOURCE_H
#define MM_EVENT_CENTER_POWER_SOURCE_H

#include "event_center/wake_watch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -EOPNOTSUPP where there is no battery; note is told in any case. */
int mm_power_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                        const struct mm_source_note *note);

#ifdef __cplusplus
}
#endif

#endif
