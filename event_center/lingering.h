/* SPDX-License-Identifier: Apache-2.0 */
/* Processes whose first thread has ended before the others: the end of any of these may be the process's. */
#ifndef MM_EVENT_CENTER_LINGERING_H
#define MM_EVENT_CENTER_LINGERING_H

#include "common/common.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Programs that end their first thread alone are rare: a handful on a machine. Of more the oldest is forgotten, and
   found dead by the slow check of the list. */
#define MM_LINGERING_MAX 32

/* Zero-initialised: empty. */
struct mm_lingering {
    pid_t tgids[MM_LINGERING_MAX];
    unsigned next;
};

static inline pid_t *mm_lingering_place(struct mm_lingering *lingering, pid_t tgid)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(lingering->tgids); i++) {
        if (lingering->tgids[i] == tgid)
            return &lingering->tgids[i];
    }
    return NULL;
}

static inline bool mm_lingering_holds(struct mm_lingering *lingering, pid_t tgid)
{
    return mm_lingering_place(lingering, tgid) != NULL;
}

static inline void mm_lingering_put(struct mm_lingering *lingering, pid_t tgid)
{
    if (mm_lingering_holds(lingering, tgid))
        return;
    lingering->tgids[lingering->next] = tgid;
    lingering->next = (lingering->next + 1) % MM_LINGERING_MAX;
}

static inline void mm_lingering_take_out(struct mm_lingering *lingering, pid_t tgid)
{
    pid_t *place = mm_lingering_place(lingering, tgid);

    if (place)
        *place = 0;
}

#endif
