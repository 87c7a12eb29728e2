/* SPDX-License-Identifier: Apache-2.0 */
#include "service/flows/flow_state.h"

#include "common/common.h"

#include <errno.h>

const char *mm_flow_phase_name(enum mm_flow_phase phase)
{
    static const char *const names[MM_FLOW_PHASE_COUNT] = {
        [MM_FLOW_OFF] = "off",         [MM_FLOW_STARTING] = "starting",
        [MM_FLOW_RUNNING] = "running", [MM_FLOW_STOPPING] = "stopping",
        [MM_FLOW_WAITING] = "waiting", [MM_FLOW_UNSUPPORTED] = "unsupported",
    };

    return names[phase];
}

static enum mm_flow_action start(struct mm_flow_state *state)
{
    state->phase = MM_FLOW_STARTING;
    return MM_FLOW_START;
}

static enum mm_flow_action switch_on(struct mm_flow_state *state)
{
    state->backoff_ms = 0;
    state->is_told = false;
    switch (state->phase) {
    case MM_FLOW_OFF:
    case MM_FLOW_WAITING:
    case MM_FLOW_UNSUPPORTED:
        return start(state);
    default:
        /* it is at work, or begins anew when its thread has ended */
        return MM_FLOW_NOTHING;
    }
}

static enum mm_flow_action switch_off(struct mm_flow_state *state)
{
    switch (state->phase) {
    case MM_FLOW_STARTING:
    case MM_FLOW_RUNNING:
        state->phase = MM_FLOW_STOPPING;
        return MM_FLOW_CANCEL;
    case MM_FLOW_WAITING:
    case MM_FLOW_UNSUPPORTED:
        state->phase = MM_FLOW_OFF;
        return MM_FLOW_NOTHING;
    default:
        return MM_FLOW_NOTHING;
    }
}

enum mm_flow_action mm_flow_state_switch(struct mm_flow_state *state, bool is_on)
{
    state->is_wanted = is_on;
    return is_on ? switch_on(state) : switch_off(state);
}

void mm_flow_state_began(struct mm_flow_state *state, uint64_t now_ns)
{
    if (state->phase != MM_FLOW_STARTING)
        return;
    state->phase = MM_FLOW_RUNNING;
    state->began_ns = now_ns;
}

static void back_off(struct mm_flow_state *state, uint64_t now_ns)
{
    bool was_steady =
        state->phase == MM_FLOW_RUNNING && now_ns - state->began_ns >= MM_FLOW_STEADY_MS * MM_NS_PER_MS;

    if (was_steady) {
        state->backoff_ms = 0;
        state->is_told = false;
    }
    state->backoff_ms =
        state->backoff_ms ? MM_MIN(state->backoff_ms * 2, MM_FLOW_BACKOFF_MAX_MS) : MM_FLOW_BACKOFF_MIN_MS;
    state->retry_ns = now_ns + state->backoff_ms * MM_NS_PER_MS;
    state->phase = MM_FLOW_WAITING;
}

enum mm_flow_action mm_flow_state_ended(struct mm_flow_state *state, uint64_t now_ns, int result,
                                        bool *ret_is_news)
{
    if (state->phase == MM_FLOW_STOPPING) {
        *ret_is_news = true;
        if (state->is_wanted)
            return start(state);
        state->phase = MM_FLOW_OFF;
        return MM_FLOW_NOTHING;
    }
    state->failures++;
    if (result == -EOPNOTSUPP)
        state->phase = MM_FLOW_UNSUPPORTED;
    else
        back_off(state, now_ns);
    *ret_is_news = !state->is_told;
    state->is_told = true;
    return MM_FLOW_NOTHING;
}

enum mm_flow_action mm_flow_state_due(struct mm_flow_state *state, uint64_t now_ns)
{
    if (state->phase != MM_FLOW_WAITING || now_ns < state->retry_ns)
        return MM_FLOW_NOTHING;
    return start(state);
}
