/* SPDX-License-Identifier: Apache-2.0 */
/* The policy that tells how bad memory is: it acts on nothing but publishes each change of the level once. */
#include "reclaim_strategy/policy.h"

#include "reclaim_strategy/reclaim_decide.h"

#include <errno.h>
#include <stdlib.h>

struct memory_level_policy {
    const struct mm_policy_context *context;
    enum mm_memory_level level;
};

static int create(struct mm_policy_context *context, void **ret_policy)
{
    struct memory_level_policy *policy = calloc(1, sizeof(*policy));

    if (!policy)
        return -ENOMEM;
    policy->context = context;
    *ret_policy = policy;
    return 0;
}

static void on_event(void *self, const struct mm_event *event)
{
    struct memory_level_policy *policy = self;
    struct mm_event change = {.kind = MM_EVENT_MEMORY_LEVEL, .payload.level.previous = policy->level};

    if (event->kind != MM_EVENT_WATERLINE)
        return;
    policy->level = mm_memory_level_decide(&policy->context->config->memory_level,
                                           event->payload.memory.available_bytes, policy->level);
    if (policy->level == change.payload.level.previous)
        return;
    change.payload.level.level = policy->level;
    change.payload.level.available_bytes = event->payload.memory.available_bytes;
    mm_event_center_publish(policy->context->center, &change);
}

const struct mm_policy_ops mm_memory_level_policy = {
    .name = "memory level",
    .create = create,
    .free = free,
    .on_event = on_event,
};
