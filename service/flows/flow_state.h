/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a supervised flow, without its thread: what is done when it is switched on or off, when it ends by itself,
 * and when it is to be tried again. Moments come from the caller; nothing here waits, allocates or is said.
 */
#ifndef MM_SERVICE_FLOW_STATE_H
#define MM_SERVICE_FLOW_STATE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1 s is what the Android reference waits; doubled up to a minute, so that what cannot work costs next to nothing. */
#define MM_FLOW_BACKOFF_MIN_MS 1000
#define MM_FLOW_BACKOFF_MAX_MS 60000
/* Who ran for so long before it failed fails anew: the back-off begins at its start. */
#define MM_FLOW_STEADY_MS 60000

enum mm_flow_phase {
    MM_FLOW_OFF,
    MM_FLOW_STARTING, /* its thread has not begun to collect */
    MM_FLOW_RUNNING,
    MM_FLOW_STOPPING,    /* cancelled, its thread has not ended */
    MM_FLOW_WAITING,     /* it failed and is tried again at retry_ns */
    MM_FLOW_UNSUPPORTED, /* this machine lacks what it needs: until it is switched on anew */
    MM_FLOW_PHASE_COUNT
};

/* "off", "starting", "running", "stopping", "waiting", "unsupported". */
const char *mm_flow_phase_name(enum mm_flow_phase phase);

/* What the caller does next. */
enum mm_flow_action {
    MM_FLOW_NOTHING,
    MM_FLOW_START,  /* a thread; where that fails, mm_flow_state_ended */
    MM_FLOW_CANCEL, /* its thread */
};

/* Zero-initialised: off. */
struct mm_flow_state {
    enum mm_flow_phase phase;
    bool is_wanted;
    bool is_told;        /* its failure was worth a line, the ones after it are not */
    uint64_t failures;   /* in all */
    unsigned backoff_ms; /* the last one; 0: none since it was steady */
    uint64_t retry_ns;   /* WAITING: until when */
    uint64_t began_ns;   /* RUNNING: since when */
};

enum mm_flow_action mm_flow_state_switch(struct mm_flow_state *state, bool is_on);
/* Its thread has begun to collect. */
void mm_flow_state_began(struct mm_flow_state *state, uint64_t now_ns);
/*
 * Its thread has ended, or could not be started: 0 or a negative errno; -EOPNOTSUPP: it never will. ret_is_news: what
 * happened is worth a line in the log.
 */
enum mm_flow_action mm_flow_state_ended(struct mm_flow_state *state, uint64_t now_ns, int result,
                                        bool *ret_is_news);
/* The moment of retry_ns may have come. */
enum mm_flow_action mm_flow_state_due(struct mm_flow_state *state, uint64_t now_ns);

#ifdef __cplusplus
}
#endif

#endif
