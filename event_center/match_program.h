/* SPDX-License-Identifier: Apache-2.0 */
/* memmgr-match as a child of the daemon. Nothing here waits, but for the program to begin. */
#ifndef MM_EVENT_CENTER_MATCH_PROGRAM_H
#define MM_EVENT_CENTER_MATCH_PROGRAM_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* socket -1 and pid 0: there is none. Killed, but not reaped yet, it has a pid alone. */
struct mm_match_program {
    int socket;
    pid_t pid;
};

/* Starts it with these rules; it ends with us. A negative errno. */
int mm_match_program_start(struct mm_match_program *program, const char *path,
                           const struct mm_process_rules_config *rules);
/* A packet, whole; -EAGAIN when there is no room. */
int mm_match_program_send(const struct mm_match_program *program, const void *packet, size_t length);
/* Its length; 0 when the program is gone, -EAGAIN when there is none. What is longer is cut, and as long as size + 1. */
ssize_t mm_match_program_receive(const struct mm_match_program *program, void *packet, size_t size);
/* SIGKILL: it has nothing that could get lost. */
void mm_match_program_end(struct mm_match_program *program);
/* True when it is no child of ours any more. */
bool mm_match_program_reap(struct mm_match_program *program);

#ifdef __cplusplus
}
#endif

#endif
