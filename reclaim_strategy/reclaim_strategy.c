/* SPDX-License-Identifier: Apache-2.0 */
/* The strategy: its policies in a table, the events they hear, and the orderly end. */
#include "reclaim_strategy/reclaim_strategy.h"

#include "common/common.h"
#include "reclaim_strategy/limits.h"
#include "reclaim_strategy/policy.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

/* In the order in which they hear events: the level is told before anything is done about it. */
static const struct mm_policy_ops *const policies[] = {
    &mm_memory_level_policy,
    &mm_memory_high_policy,
    &mm_squeeze_policy,
};

#define HEARD_KINDS                                                                                          \
    (1u << MM_EVENT_WATERLINE | 1u << MM_EVENT_PRESSURE | 1u << MM_EVENT_STALL | 1u << MM_EVENT_NOTICE |     \
     1u << MM_EVENT_PRIORITY | 1u << MM_EVENT_CONFIG | 1u << MM_EVENT_KILL_BEGIN | 1u << MM_EVENT_KILL_END | \
     1u << MM_EVENT_STOP | 1u << MM_EVENT_APPLICATION | 1u << MM_EVENT_PROCESS_FOUND)

/* What an interrupted worker may still take to come back, beyond the deadline. */
#define CANCEL_MS 20

struct mm_reclaim_strategy {
    struct mm_policy_context context;
    struct mm_reclaim_status status;
    void *policies[MM_ARRAY_SIZE(policies)];
};

static void tell_policies(struct mm_reclaim_strategy *strategy, const struct mm_event *event)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(policies); i++) {
        if (strategy->policies[i])
            policies[i]->on_event(strategy->policies[i], event);
    }
}

static bool is_busy(const struct mm_reclaim_strategy *strategy)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(policies); i++) {
        if (policies[i]->is_busy && strategy->policies[i] && policies[i]->is_busy(strategy->policies[i]))
            return true;
    }
    return strategy->context.limits && mm_limits_has_jobs(strategy->context.limits);
}

static void on_event(const struct mm_event *event, void *user)
{
    struct mm_reclaim_strategy *strategy = user;

    if (event->kind == MM_EVENT_CONFIG)
        strategy->context.config = event->payload.config;
    if (event->kind == MM_EVENT_NOTICE)
        mm_limits_on_notice(strategy->context.limits, &event->payload.notice);
    if (event->kind == MM_EVENT_KILL_BEGIN)
        mm_limits_hold_back(strategy->context.limits, true);
    tell_policies(strategy, event);
    /* the processors and the memory that a worker would use belong to the kill */
    if (event->kind == MM_EVENT_KILL_BEGIN && is_busy(strategy))
        strategy->context.kernel->ops->cancel_jobs(strategy->context.kernel);
    if (event->kind == MM_EVENT_KILL_END)
        mm_limits_hold_back(strategy->context.limits, false);
}

static int make_policies(struct mm_reclaim_strategy *strategy)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(policies); i++) {
        int result = policies[i]->create(&strategy->context, &strategy->policies[i]);

        if (result < 0)
            return result;
    }
    return 0;
}

int mm_reclaim_strategy_new(struct mm_kernel *kernel, struct mm_event_center *center,
                            struct mm_priority_manager *manager, const struct mm_config *config,
                            struct mm_reclaim_strategy **ret_strategy)
{
    struct mm_reclaim_strategy *strategy = calloc(1, sizeof(*strategy));
    int result;

    if (!strategy)
        return -ENOMEM;
    strategy->context = (struct mm_policy_context){
        .kernel = kernel,
        .center = center,
        .manager = manager,
        .config = config,
        .status = &strategy->status,
    };
    result = mm_limits_new(kernel, center, &strategy->context.limits);
    if (result == 0)
        result = make_policies(strategy);
    if (result == 0)
        result = mm_event_center_subscribe(center, MM_RANK_RECLAIM_STRATEGY, HEARD_KINDS, on_event, strategy);
    if (result < 0) {
        mm_reclaim_strategy_free(strategy, 0);
        return result;
    }
    *ret_strategy = strategy;
    return 0;
}

/* ---- the end ------------------------------------------------------------------------------------------- */

static void note(const struct mm_notice *notice, void *user)
{
    struct mm_reclaim_strategy *strategy = user;
    struct mm_event event = {.kind = MM_EVENT_NOTICE, .payload.notice = *notice};

    mm_limits_on_notice(strategy->context.limits, notice);
    tell_policies(strategy, &event);
}

/* Waits by the kernel's descriptor; a kernel without one (the simulated) is asked once. */
static void wait_for_workers(struct mm_reclaim_strategy *strategy, unsigned timeout_ms)
{
    struct mm_kernel *kernel = strategy->context.kernel;
    uint64_t deadline_ns = kernel->ops->now_ns(kernel) + timeout_ms * MM_NS_PER_MS;
    struct pollfd descriptor = {.fd = kernel->ops->notice_fd(kernel), .events = POLLIN};

    kernel->ops->drain_notices(kernel, note, strategy);
    while (is_busy(strategy) && descriptor.fd >= 0) {
        uint64_t time_ns = kernel->ops->now_ns(kernel);

        if (time_ns >= deadline_ns)
            return;
        (void)poll(&descriptor, 1, (int)((deadline_ns - time_ns) / MM_NS_PER_MS) + 1);
        kernel->ops->drain_notices(kernel, note, strategy);
    }
}

static void restore_everything(struct mm_reclaim_strategy *strategy, unsigned deadline_ms)
{
    struct mm_kernel *kernel = strategy->context.kernel;
    struct mm_event stop = {.kind = MM_EVENT_STOP};

    tell_policies(strategy, &stop);
    /* a chunk under way ends first: it may hold a limit */
    if (is_busy(strategy)) {
        kernel->ops->cancel_jobs(kernel);
        wait_for_workers(strategy, CANCEL_MS);
    }
    mm_limits_release_all(strategy->context.limits);
    wait_for_workers(strategy, deadline_ms);
    if (!is_busy(strategy))
        return;
    kernel->ops->cancel_jobs(kernel);
    wait_for_workers(strategy, CANCEL_MS);
}

int mm_reclaim_strategy_free(struct mm_reclaim_strategy *strategy, unsigned deadline_ms)
{
    int result;

    if (!strategy)
        return 0;
    mm_event_center_unsubscribe(strategy->context.center, on_event, strategy);
    if (strategy->context.limits)
        restore_everything(strategy, deadline_ms);
    result = is_busy(strategy) ? -EBUSY : 0;
    for (size_t i = 0; i < MM_ARRAY_SIZE(policies); i++) {
        if (strategy->policies[i])
            policies[i]->free(strategy->policies[i]);
    }
    mm_limits_free(strategy->context.limits);
    free(strategy);
    return result;
}

void mm_reclaim_strategy_status(const struct mm_reclaim_strategy *strategy,
                                struct mm_reclaim_status *ret_status)
{
    *ret_status = strategy->status;
    mm_limits_count(strategy->context.limits, &ret_status->limits_held, &ret_status->limits_left);
}
