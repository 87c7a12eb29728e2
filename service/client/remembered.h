/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session has told the daemon and would tell a new one: the requests themselves, in the order in which each was
 * last made. Said again in that order they lead to the same state, as a later word counts after an earlier one.
 */
#ifndef MEMMGR_REMEMBERED_H
#define MEMMGR_REMEMBERED_H

#include "report_words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_remembered {
    struct mm_remembered *next;
    enum mm_topic topic;
    int64_t subject; /* the pid, or the account */
    int32_t caller;  /* of a bind */
    bool is_said;    /* to the present daemon */
    char body[];     /* as request_body.h makes it */
};

/* Zero-initialised but for max. */
struct mm_remembered_list {
    struct mm_remembered *first, *last;
    const struct mm_remembered *watched; /* the caller's; NULL from when that one is removed */
    uint32_t count, max;
};

/* Does what the effect says. -ENOSPC: max are there, also when those of processes that have ended were left out;
   -ENOMEM. In both cases what was remembered of the topic is gone. */
int mm_remember(struct mm_remembered_list *list, enum mm_effect effect, enum mm_topic topic, int64_t subject,
                int32_t caller, const char *body);
/* All of the process, also where it is the caller. */
void mm_forget_process(struct mm_remembered_list *list, int32_t pid);
/* That one, which is freed. */
void mm_forget(struct mm_remembered_list *list, const struct mm_remembered *item);
void mm_forget_all(struct mm_remembered_list *list);

#ifdef __cplusplus
}
#endif

#endif
