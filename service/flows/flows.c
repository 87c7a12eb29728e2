/* SPDX-License-Identifier: Apache-2.0 */
#include "service/flows/flows.h"

#include "common/common.h"
#include "common/thread.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* When the center closes the supervisor of somebody who did not stop it before. */
#define CLOSE_MS 50

/* What a thread and the supervisor share. What both touch is touched atomically. */
struct mm_flow {
    const struct mm_flow_ops *ops;
    void *user;
    pthread_t thread;
    int cancel_fd; /* written once: cancelled */
    int wake_fd;   /* the supervisor's */
    int result;    /* set before the end */
    bool has_begun;
    enum { AT_WORK, ENDED, LEFT_BEHIND } end; /* who comes second frees it */
    void *figures;                            /* not yet taken */
    char *reason;                             /* the same */
};

struct unit {
    struct mm_flows *flows;
    const struct mm_flow_ops *ops;
    void *user;
    struct mm_flow_state state;
    struct mm_flow *flow; /* NULL: no thread */
    struct mm_timer retry;
    void *figures;
    char *reason;
};

struct mm_flows {
    struct mm_event_center *center;
    int wake_fd;
    bool is_ending;
    bool is_held; /* a thread that was left behind still knows wake_fd */
    unsigned count;
    struct unit units[MM_FLOWS_MAX];
};

/* ---- the flow's side ---------------------------------------------------------------------------------------- */

static void wake(int fd)
{
    const uint64_t one = 1;

    /* can only fail where it is full, and then it wakes already */
    (void)!write(fd, &one, sizeof(one));
}

int mm_flow_wait(struct mm_flow *flow, int fd, unsigned timeout_ms)
{
    uint64_t deadline_ns = mm_thread_now_ns() + timeout_ms * MM_NS_PER_MS;

    for (;;) {
        struct pollfd pollers[] = {
            {.fd = flow->cancel_fd, .events = POLLIN},
            {.fd = fd, .events = POLLIN},
        };
        uint64_t now_ns = mm_thread_now_ns();
        uint64_t left_ms =
            now_ns < deadline_ns ? (deadline_ns - now_ns + MM_NS_PER_MS - 1) / MM_NS_PER_MS : 0;
        int count = poll(pollers, MM_ARRAY_SIZE(pollers), (int)left_ms);

        if (pollers[0].revents)
            return -ECANCELED;
        if (count > 0)
            return 1;
        if (count == 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

int mm_flow_cancel_fd(const struct mm_flow *flow)
{
    return flow->cancel_fd;
}

void mm_flow_begin(struct mm_flow *flow)
{
    __atomic_store_n(&flow->has_begun, true, __ATOMIC_RELEASE);
    wake(flow->wake_fd);
}

void mm_flow_publish(struct mm_flow *flow, void *figures)
{
    free(__atomic_exchange_n(&flow->figures, figures, __ATOMIC_ACQ_REL));
}

void mm_flow_explain(struct mm_flow *flow, const char *format, ...)
{
    char text[MM_FLOW_REASON_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    free(__atomic_exchange_n(&flow->reason, strdup(text), __ATOMIC_ACQ_REL));
}

static void free_flow(struct mm_flow *flow)
{
    (void)close(flow->cancel_fd);
    free(flow->figures);
    free(flow->reason);
    free(flow);
}

static void *run_thread(void *argument)
{
    struct mm_flow *flow = argument;
    /* the supervisor frees the flow as soon as it has ended */
    int wake_fd = flow->wake_fd;

    mm_thread_begin(flow->ops->thread_name);
    flow->result = flow->ops->run(flow, flow->user);
    if (__atomic_exchange_n(&flow->end, ENDED, __ATOMIC_ACQ_REL) == LEFT_BEHIND)
        free_flow(flow);
    else
        wake(wake_fd);
    return NULL;
}

/* ---- threads ------------------------------------------------------------------------------------------------ */

static int start_thread(struct unit *unit)
{
    struct mm_flow *flow = calloc(1, sizeof(*flow));
    int result = 0;

    if (!flow)
        return -ENOMEM;
    flow->ops = unit->ops;
    flow->user = unit->user;
    flow->wake_fd = unit->flows->wake_fd;
    flow->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (flow->cancel_fd < 0)
        result = -errno;
    else
        result = mm_thread_start(run_thread, flow, &flow->thread);
    if (result < 0) {
        mm_cleanup_close(&flow->cancel_fd);
        free(flow);
        return result;
    }
    unit->flow = flow;
    return 0;
}

/* The newest of what the thread left, in place of what was there. */
static void take_slot(void **slot, void **kept)
{
    void *newest = __atomic_exchange_n(slot, NULL, __ATOMIC_ACQ_REL);

    if (!newest)
        return;
    free(*kept);
    *kept = newest;
}

static void take_slots(struct unit *unit)
{
    void *reason = unit->reason;

    if (!unit->flow)
        return;
    take_slot(&unit->flow->figures, &unit->figures);
    take_slot((void **)&unit->flow->reason, &reason);
    unit->reason = reason;
}

static void drop_figures(struct unit *unit)
{
    free(unit->figures);
    unit->figures = NULL;
}

static void drop_reason(struct unit *unit)
{
    free(unit->reason);
    unit->reason = NULL;
}

/* ---- the supervisor ----------------------------------------------------------------------------------------- */

static void act(struct unit *unit, enum mm_flow_action action);

static void tell_end(const struct unit *unit, int result)
{
    const struct mm_flow_state *state = &unit->state;
    const char *why = unit->reason ? unit->reason : strerror(-result);

    if (state->phase == MM_FLOW_WAITING)
        mm_warning("%s failed: %s; it is started anew, after %u ms at first and up to %u ms", unit->ops->name,
                   result == 0 && !unit->reason ? "it ended by itself" : why, state->backoff_ms,
                   MM_FLOW_BACKOFF_MAX_MS);
    else if (state->phase == MM_FLOW_UNSUPPORTED)
        mm_notice("no %s: %s", unit->ops->name, why);
    else
        mm_info("%s: stopped", unit->ops->name);
}

static void ended(struct unit *unit, int result)
{
    uint64_t now_ns = mm_event_center_now_ns(unit->flows->center);
    bool is_news = false;
    enum mm_flow_action action = mm_flow_state_ended(&unit->state, now_ns, result, &is_news);

    drop_figures(unit);
    if (is_news)
        tell_end(unit, result);
    /* how it was done explains nothing about what is not done */
    if (unit->state.phase == MM_FLOW_OFF)
        drop_reason(unit);
    if (unit->state.phase == MM_FLOW_WAITING)
        mm_event_center_arm(unit->flows->center, &unit->retry, unit->state.retry_ns);
    act(unit, action);
}

static void act(struct unit *unit, enum mm_flow_action action)
{
    int result = 0;

    if (action == MM_FLOW_CANCEL)
        wake(unit->flow->cancel_fd);
    if (action != MM_FLOW_START)
        return;
    drop_reason(unit);
    result = start_thread(unit);
    if (result < 0)
        ended(unit, result);
}

/* The thread has nothing left to do but to end. */
static void reap(struct unit *unit)
{
    struct mm_flow *flow = unit->flow;

    (void)pthread_join(flow->thread, NULL);
    take_slots(unit);
    unit->flow = NULL;
    ended(unit, flow->result);
    free_flow(flow);
}

static void look_at(struct unit *unit)
{
    struct mm_flow *flow = unit->flow;

    if (!flow)
        return;
    if (unit->state.phase == MM_FLOW_STARTING && __atomic_load_n(&flow->has_begun, __ATOMIC_ACQUIRE)) {
        mm_flow_state_began(&unit->state, mm_event_center_now_ns(unit->flows->center));
        take_slots(unit);
        mm_info("%s: running%s%s", unit->ops->name, unit->reason ? ": " : "",
                unit->reason ? unit->reason : "");
    }
    if (__atomic_load_n(&flow->end, __ATOMIC_ACQUIRE) == ENDED)
        reap(unit);
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct mm_flows *flows = self;
    uint64_t count;

    (void)tag;
    (void)events;
    (void)!read(flows->wake_fd, &count, sizeof(count));
    for (unsigned i = 0; i < flows->count; i++)
        look_at(&flows->units[i]);
}

static void retry(struct mm_timer *timer, void *user)
{
    struct unit *unit = user;

    (void)timer;
    act(unit, mm_flow_state_due(&unit->state, mm_event_center_now_ns(unit->flows->center)));
}

static void close_flows(void *self)
{
    struct mm_flows *flows = self;

    mm_flows_cancel(flows);
    (void)mm_flows_stop(flows, CLOSE_MS);
    for (unsigned i = 0; i < flows->count; i++) {
        drop_figures(&flows->units[i]);
        drop_reason(&flows->units[i]);
    }
    mm_event_center_forget_fd(flows->center, flows->wake_fd);
    if (!flows->is_held)
        (void)close(flows->wake_fd);
    free(flows);
}

static const struct mm_event_source_ops source_ops = {
    .name = "flows",
    .ready = ready,
    .close = close_flows,
};

int mm_flows_new(struct mm_event_center *center, struct mm_flows **ret_flows)
{
    struct mm_flows *flows = calloc(1, sizeof(*flows));
    int result;

    if (!flows)
        return -ENOMEM;
    flows->center = center;
    flows->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    result = flows->wake_fd < 0 ? -errno : mm_event_center_add_source(center, &source_ops, flows);
    if (result < 0) {
        mm_cleanup_close(&flows->wake_fd);
        free(flows);
        return result;
    }
    *ret_flows = flows;
    /* from here on the center closes it */
    return mm_event_center_watch_fd(center, flows, flows->wake_fd, EPOLLIN, 0);
}

int mm_flows_add(struct mm_flows *flows, const struct mm_flow_ops *ops, void *user)
{
    struct unit *unit = &flows->units[flows->count];

    if (flows->count == MM_FLOWS_MAX)
        return -ENOSPC;
    *unit = (struct unit){.flows = flows, .ops = ops, .user = user};
    mm_timer_init(&unit->retry, retry, unit);
    if (!ops->run) {
        unit->state.phase = MM_FLOW_RUNNING;
        unit->state.began_ns = mm_event_center_now_ns(flows->center);
    }
    flows->count++;
    return 0;
}

static struct unit *find(struct mm_flows *flows, const char *name)
{
    for (unsigned i = 0; i < flows->count; i++) {
        if (strcmp(flows->units[i].ops->name, name) == 0)
            return &flows->units[i];
    }
    return NULL;
}

int mm_flows_switch(struct mm_flows *flows, const char *name, bool is_on)
{
    struct unit *unit = find(flows, name);

    if (!unit)
        return -ENOENT;
    if (!unit->ops->run)
        return -EPERM;
    if (flows->is_ending)
        return 0;
    mm_event_center_disarm(flows->center, &unit->retry);
    act(unit, mm_flow_state_switch(&unit->state, is_on));
    return 0;
}

unsigned mm_flows_count(const struct mm_flows *flows)
{
    return flows->count;
}

void mm_flows_status(struct mm_flows *flows, unsigned index, struct mm_flow_status *ret_status)
{
    struct unit *unit = &flows->units[index];
    const struct mm_flow_state *state = &unit->state;
    uint64_t now_ns = mm_event_center_now_ns(flows->center);

    take_slots(unit);
    *ret_status = (struct mm_flow_status){
        .name = unit->ops->name,
        .summary = unit->ops->summary,
        .is_engine = !unit->ops->run,
        .phase = state->phase,
        .failures = state->failures,
        .reason = unit->reason ? unit->reason : "",
        .figures = state->phase == MM_FLOW_RUNNING ? unit->figures : NULL,
    };
    if (state->phase == MM_FLOW_WAITING && state->retry_ns > now_ns)
        ret_status->retry_in_ns = state->retry_ns - now_ns;
    if (state->phase == MM_FLOW_RUNNING)
        ret_status->running_ns = now_ns - state->began_ns;
}

const void *mm_flows_figures(struct mm_flows *flows, const char *name)
{
    struct unit *unit = flows ? find(flows, name) : NULL;

    if (!unit || unit->state.phase != MM_FLOW_RUNNING)
        return NULL;
    take_slots(unit);
    return unit->figures;
}

void mm_flows_cancel(struct mm_flows *flows)
{
    flows->is_ending = true;
    for (unsigned i = 0; i < flows->count; i++) {
        struct unit *unit = &flows->units[i];

        mm_event_center_disarm(flows->center, &unit->retry);
        if (unit->ops->run)
            act(unit, mm_flow_state_switch(&unit->state, false));
    }
}

static unsigned threads_left(struct mm_flows *flows)
{
    unsigned left = 0;

    for (unsigned i = 0; i < flows->count; i++) {
        look_at(&flows->units[i]);
        left += flows->units[i].flow != NULL;
    }
    return left;
}

static void leave_behind(struct unit *unit)
{
    struct mm_flow *flow = unit->flow;
    pthread_t thread;

    if (!flow)
        return;
    thread = flow->thread;
    if (__atomic_exchange_n(&flow->end, LEFT_BEHIND, __ATOMIC_ACQ_REL) == ENDED) {
        reap(unit);
        return;
    }
    mm_warning("%s does not end and is left behind", unit->ops->name);
    (void)pthread_detach(thread);
    unit->flow = NULL;
    unit->flows->is_held = true;
}

int mm_flows_stop(struct mm_flows *flows, unsigned limit_ms)
{
    uint64_t deadline_ns = mm_thread_now_ns() + limit_ms * MM_NS_PER_MS;

    while (threads_left(flows) > 0) {
        struct pollfd poller = {.fd = flows->wake_fd, .events = POLLIN};
        uint64_t now_ns = mm_thread_now_ns();
        uint64_t count;

        if (now_ns >= deadline_ns) {
            for (unsigned i = 0; i < flows->count; i++)
                leave_behind(&flows->units[i]);
            return -EBUSY;
        }
        if (poll(&poller, 1, (int)((deadline_ns - now_ns) / MM_NS_PER_MS + 1)) > 0)
            (void)!read(flows->wake_fd, &count, sizeof(count));
    }
    return 0;
}
