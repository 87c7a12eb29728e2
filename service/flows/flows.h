/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor of flows. A flow collects something in a thread of its own: what it waits for holds up nobody, and when
 * it fails it is started anew, later each time (flow_state.h), whatever the others do. Its figures come to the main
 * thread through one slot, the newest alone; neither side waits for the other.
 *
 * The engine itself is a flow, too, that is shown and never switched: one without a thread.
 */
#ifndef MM_SERVICE_FLOWS_H
#define MM_SERVICE_FLOWS_H

#include "event_center/event_center.h"
#include "service/flows/flow_state.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The engine, processors, graphics, and one for tests. */
#define MM_FLOWS_MAX       4
#define MM_FLOW_REASON_MAX 320

/* ---- the flow's side: in its thread ------------------------------------------------------------------------ */

struct mm_flow;

struct mm_flow_ops {
    const char *name;
    const char *thread_name; /* at most 15 bytes */
    const char *summary;     /* what it does, a few words */
    /*
     * In its thread, until it is cancelled, or it cannot go on: 0 or a negative errno; -EOPNOTSUPP: nor will it ever on
     * this machine. NULL: the engine.
     */
    int (*run)(struct mm_flow *flow, void *user);
};

/*
 * Waits until fd (-1: none) is readable (1) or the time is over (0, or at once with 0 ms). -ECANCELED, looked at before
 * anything else: the flow is to return now.
 */
int mm_flow_wait(struct mm_flow *flow, int fd, unsigned timeout_ms);
/* Readable when the flow is to return. */
int mm_flow_cancel_fd(const struct mm_flow *flow);
/* It collects from now on. */
void mm_flow_begin(struct mm_flow *flow);
/* How it collects, or why it will fail; replaces what was said before. */
__attribute__((format(printf, 2, 3))) void mm_flow_explain(struct mm_flow *flow, const char *format, ...);
/* Hands over figures (of malloc), which replace those before. */
void mm_flow_publish(struct mm_flow *flow, void *figures);

/* ---- the main thread's side -------------------------------------------------------------------------------- */

struct mm_flows;

/* An event source of the center, which frees it. -ENOMEM, -ENOSPC, -EMFILE. */
int mm_flows_new(struct mm_event_center *center, struct mm_flows **ret_flows);
/* A flow that is off; ops and user must outlive its thread. -ENOSPC. */
int mm_flows_add(struct mm_flows *flows, const struct mm_flow_ops *ops, void *user);
/* -ENOENT: there is none of that name; -EPERM: the engine. */
int mm_flows_switch(struct mm_flows *flows, const char *name, bool is_on);

struct mm_flow_status {
    const char *name, *summary;
    bool is_engine;
    enum mm_flow_phase phase;
    uint64_t failures;
    uint64_t retry_in_ns; /* WAITING */
    uint64_t running_ns;  /* RUNNING */
    const char *reason;   /* "" when nothing was explained */
    const void *figures;  /* NULL: none, or not running */
};
unsigned mm_flows_count(const struct mm_flows *flows);
/* What is pointed to lives until the next call of the kind for that flow. */
void mm_flows_status(struct mm_flows *flows, unsigned index, struct mm_flow_status *ret_status);
/* The newest of the flow of that name; NULL where it has none, or is not there. flows may be NULL. */
const void *mm_flows_figures(struct mm_flows *flows, const char *name);

/* The end has come: tells every flow at once, and starts none any more. Never waits. */
void mm_flows_cancel(struct mm_flows *flows);
/*
 * Waits at most limit_ms for all of them. 0; -EBUSY: some thread does not let go. It is left behind with what it holds,
 * for a process that then ends. After mm_flows_cancel.
 */
int mm_flows_stop(struct mm_flows *flows, unsigned limit_ms);

#ifdef __cplusplus
}
#endif

#endif
