/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process rules as an event source: asks memmgr-match, which it starts at need, about processes that nobody registered,
 * and publishes MM_EVENT_PROCESS_MATCHED for each answer. It subscribes to what tells of newcomers.
 *
 * Nobody ever waits for it. One question is under way at a time, so that its answer always finds room; other processes
 * wait in a small queue, and where that is full all are asked about anew. While a kill is under way, or memory is
 * critical, nothing is started, sent or read: processes are known by their oom_score_adj alone then. The program is ended
 * where it has had nothing to do for a while. One that crashes, hangs or says nonsense is ended and started again later,
 * from one second on twice as late each time, until it has been well for two minutes.
 */
#ifndef MM_EVENT_CENTER_MATCH_SOURCE_H
#define MM_EVENT_CENTER_MATCH_SOURCE_H

#include "config/config.h"
#include "event_center/event_center.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All in milliseconds. */
struct mm_match_times {
    unsigned settle; /* a newcomer gets so long to become the program it is to be */
    unsigned answer; /* to wait for an answer: then it hangs */
    unsigned idle;   /* without a question: then the program is ended */
    unsigned retry;  /* after the first failure; each further one doubles it, up to the next */
    unsigned retry_most;
    unsigned scan;   /* how often newcomers that nobody reports are looked for */
    unsigned moved;  /* after a process was moved that nobody names, all are asked about */
    unsigned missed; /* the same after some were asked about in vain */
};
extern const struct mm_match_times mm_match_default_times;

struct mm_match_source_options {
    const char *program_path;       /* of memmgr-match; outlives the source, as does all that is pointed to */
    const struct mm_config *config; /* until the next MM_EVENT_CONFIG */
    const struct mm_match_times *times;
    /* Is the pid one that rules are for, and when did it start? */
    bool (*find)(pid_t pid, uint64_t *ret_start_time_ticks, void *user);
    /* Every process that rules are for: stores at most capacity, returns how many there are. */
    size_t (*list)(pid_t *ret_pids, size_t capacity, void *user);
    /* Asks for newcomers to be looked for. */
    void (*want_scan)(void *user);
    void *user;
};

struct mm_match_source_status {
    bool is_in_effect; /* there are rules */
    unsigned rules;    /* of the configuration */
    bool has_built_in, has_user_programs;
    pid_t pid; /* of the program; 0: it is at rest */
    uint64_t starts, failures;
    uint64_t asked, matched, unmatched;
    uint64_t dropped; /* found the queue full, or were asked about in vain: asked about again by and by */
    uint64_t gave_up; /* patterns that took too long */
    char failure[96]; /* the last one; "": none yet */
};

struct mm_match_source;
int mm_match_source_add(struct mm_event_center *center, const struct mm_match_source_options *options,
                        struct mm_match_source **ret_source);
void mm_match_source_read_status(const struct mm_match_source *source,
                                 struct mm_match_source_status *ret_status);

#ifdef __cplusplus
}
#endif

#endif
