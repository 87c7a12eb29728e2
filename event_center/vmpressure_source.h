/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event source of v1's vmpressure: the substitute for PSI where there is none. Each level makes the waterline watch
 * look; medium and critical are published as MM_EVENT_PRESSURE, some and full, in a window of 0, each at most once a
 * second, as a PSI trigger fires once in its window.
 */
#ifndef MM_EVENT_CENTER_VMPRESSURE_SOURCE_H
#define MM_EVENT_CENTER_VMPRESSURE_SOURCE_H

#include "event_center/wake_watch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* waterline outlives it. Of the domain's group, for a machine of the root. -EOPNOTSUPP on kernels without, or what the
   kernel said of the last level it refused where it refused all; note is told in any case. */
int mm_vmpressure_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                             struct mm_waterline_source *waterline, enum mm_vmpressure_mode mode,
                             const struct mm_source_note *note);

#ifdef __cplusplus
}
#endif

#endif
