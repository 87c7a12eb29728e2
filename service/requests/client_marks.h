/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What connections hold about processes for as long as they live: that one is critical, that an application's state is
 * to be told. A table of fixed size, looked through from end to end: it is short, and never touched by a kill.
 *
 * Whoever publishes an event must be done with the table by then, its pointers too: a subscriber that does not read is
 * dropped while it is told, and what it held is removed.
 */
#ifndef MM_SERVICE_CLIENT_MARKS_H
#define MM_SERVICE_CLIENT_MARKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In all. Upstream has room for 100 active applications; a phone has some dozens. */
#define MM_CLIENT_MARKS_MAX 256

struct mm_client_mark {
    const void *client; /* who holds it: compared, never followed; NULL: nobody any more */
    uid_t client_uid;
    pid_t pid;
    uid_t uid; /* of the process */
    uint64_t start_time_ticks;
    int state;                /* whatever the table is for */
    bool has_ended, has_left; /* an event said so of the process */
};

struct mm_client_marks {
    unsigned count;
    struct mm_client_mark items[MM_CLIENT_MARKS_MAX];
};

/* NULL: that client holds none of the pid. */
struct mm_client_mark *mm_client_marks_find(struct mm_client_marks *marks, const void *client, pid_t pid);
/* Any of those that the client holds; NULL: none. */
struct mm_client_mark *mm_client_marks_of_client(struct mm_client_marks *marks, const void *client);
/* Does anybody hold one of the pid? */
bool mm_client_marks_has(const struct mm_client_marks *marks, pid_t pid);
unsigned mm_client_marks_of_user(const struct mm_client_marks *marks, uid_t client_uid);
/* -ENOSPC. Keeps a copy. */
int mm_client_marks_add(struct mm_client_marks *marks, const struct mm_client_mark *mark);
/* Another one takes its place in the table. Nothing is done to what is not in it (any more). */
void mm_client_marks_remove(struct mm_client_marks *marks, struct mm_client_mark *mark);

#ifdef __cplusplus
}
#endif

#endif
