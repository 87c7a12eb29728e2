/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of memmgr-match: a server for the daemon, and "memmgrctl match" for people. */
#ifndef MM_SERVICE_MATCH_TOOL_H
#define MM_SERVICE_MATCH_TOOL_H

#include "event_center/match_protocol.h"
#include "service/match/match_rules.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Until the other end of the socket is closed: 0. A negative errno for rules or packets that make no sense. */
int mm_match_serve(int socket_fd, int rules_fd, int proc_fd);

/* One process by the rules. */
void mm_match_answer_one(const struct mm_match_rules *rules, int proc_fd, const struct mm_match_query *query,
                         struct mm_match_answer *ret_answer);

struct mm_ctl_command;
extern const struct mm_ctl_command mm_match_command;

#ifdef __cplusplus
}
#endif

#endif
