/* SPDX-License-Identifier: Apache-2.0 */
/* What a request says of a process, held against the kernel before anybody acts on it. */
#ifndef MM_SERVICE_REQUEST_SUBJECT_H
#define MM_SERVICE_REQUEST_SUBJECT_H

#include "service/requests/request.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which fields of the packet name a process, and which its owner; and what the kernel knows of it. */
struct mm_subject {
    const char *pid_field, *uid_field;
    pid_t pid;
    uid_t uid;
    uint64_t start_time_ticks;
};

/* Reads what the kernel knows of the process; refuses what is none, and kernel threads. 0 or refused. */
int mm_subject_read(struct mm_request *request, struct mm_subject *subject);
/* The owner, and the field "start_time", where the packet claims them. */
int mm_subject_check_owner(struct mm_request *request, const struct mm_subject *subject);
int mm_subject_check_start_time(struct mm_request *request, const struct mm_subject *subject);
/* Process 1 and this daemon, of which no client may speak. */
int mm_subject_check_protected(struct mm_request *request, pid_t pid);
/* Outside the group that is managed. */
int mm_subject_check_domain(struct mm_request *request, pid_t pid);
/* All of these: the live process that the fields "pid", "uid" and "start_time" name. */
int mm_subject_check(struct mm_request *request, struct mm_subject *ret_subject);
/* Has the list know it now, where the kernel's word of its start is still under way. 0, or refused: there is no place
   for it, it has just ended, or the client's connection has while that was published. */
int mm_subject_list(struct mm_request *request, const struct mm_subject *subject);
/* Is it the process itself that asks? By the pid and the start time that it had when it connected. */
bool mm_subject_is_peer(const struct mm_request *request, const struct mm_subject *subject);

/* Has the process of that pid ended? */
bool mm_subject_has_ended(const struct mm_request *request, pid_t pid);

#ifdef __cplusplus
}
#endif

#endif
