/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy that tells how bad memory is: the worse of what available memory says and what pressure says. It acts on
 * nothing but publishes each change of the level once.
 */
#include "reclaim_strategy/policy.h"

#include "common/common.h"
#include "reclaim_strategy/reclaim_decide.h"

#include <errno.h>
#include <stdlib.h>

struct memory_level_policy {
    const struct mm_policy_context *context;
    struct mm_timer hold_ends;
    struct mm_pressure_signs signs;
    uint64_t available_bytes; /* as last read */
    enum mm_memory_level by_waterline, level;
};

static void publish(const struct memory_level_policy *policy, enum mm_memory_level previous,
                    enum mm_level_cause cause)
{
    const struct mm_event change = {
        .kind = MM_EVENT_MEMORY_LEVEL,
        .payload.level = {.level = policy->level,
                          .previous = previous,
                          .cause = cause,
                          .available_bytes = policy->available_bytes},
    };

    mm_event_center_publish(policy->context->center, &change);
}

static void decide(struct memory_level_policy *policy)
{
    const struct mm_policy_context *context = policy->context;
    const enum mm_memory_level previous = policy->level;
    enum mm_memory_level by_pressure;
    uint64_t until_ns;

    by_pressure = mm_pressure_level_decide(&context->config->memory_level, &policy->signs,
                                           mm_event_center_now_ns(context->center), &until_ns);
    if (until_ns == UINT64_MAX)
        mm_event_center_disarm(context->center, &policy->hold_ends);
    else
        mm_event_center_arm(context->center, &policy->hold_ends, until_ns);
    policy->level = MM_MAX(policy->by_waterline, by_pressure);
    context->status->level = policy->level;
    context->status->level_cause =
        by_pressure > policy->by_waterline ? MM_LEVEL_BY_PRESSURE : MM_LEVEL_BY_WATERLINE;
    if (policy->level != previous)
        publish(policy, previous, context->status->level_cause);
}

static void hold_ended(struct mm_timer *timer, void *user)
{
    (void)timer;
    decide(user);
}

static int create(struct mm_policy_context *context, void **ret_policy)
{
    struct memory_level_policy *policy = calloc(1, sizeof(*policy));

    if (!policy)
        return -ENOMEM;
    policy->context = context;
    mm_timer_init(&policy->hold_ends, hold_ended, policy);
    *ret_policy = policy;
    return 0;
}

static void free_policy(void *self)
{
    struct memory_level_policy *policy = self;

    if (policy)
        mm_event_center_disarm(policy->context->center, &policy->hold_ends);
    free(policy);
}

static void note_pressure(struct memory_level_policy *policy, const struct mm_event *event)
{
    if (event->payload.pressure.kind == MM_PRESSURE_FULL)
        policy->signs.full_ns = event->time_ns;
    else
        policy->signs.some_ns = event->time_ns;
}

static void on_event(void *self, const struct mm_event *event)
{
    struct memory_level_policy *policy = self;

    switch (event->kind) {
    case MM_EVENT_WATERLINE:
        policy->available_bytes = event->payload.memory.available_bytes;
        policy->by_waterline = mm_memory_level_decide(&policy->context->config->memory_level,
                                                      policy->available_bytes, policy->by_waterline);
        break;
    case MM_EVENT_PRESSURE:
        /* what a named group suffers says nothing of the others */
        if (event->group_id != 0)
            return;
        note_pressure(policy, event);
        break;
    case MM_EVENT_CONFIG:
        break;
    default:
        return;
    }
    decide(policy);
}

const struct mm_policy_ops mm_memory_level_policy = {
    .name = "memory level",
    .create = create,
    .free = free_policy,
    .on_event = on_event,
};
