/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy of memory.high by priority: bundles at or above a configured priority get a limit that is a
 * share of what they use, so that they give way early; it goes when they come forward. Done when it is calm,
 * a while after the last move on the list; undone at once.
 */
#include "reclaim_strategy/policy.h"

#include "common/common.h"
#include "reclaim_strategy/reclaim_decide.h"

#include <errno.h>
#include <stdlib.h>

/* After the last move: an application that is only passing through is not limited for it. */
#define SETTLE_NS MM_NS_PER_S
/* Bundles looked at in one review; the least important come first. */
#define BUNDLES_PER_REVIEW 256

struct memory_high_policy {
    struct mm_policy_context *context;
    struct mm_timer timer;
    bool is_killing;
    char path[MM_LIMITS_PATH_MAX];
};

static const struct mm_memory_high_config *config_of(const struct memory_high_policy *policy)
{
    return &policy->context->config->memory_high;
}

/* Limits whose group is no longer only of bundles that far back go at once. */
static void release_forward(struct memory_high_policy *policy)
{
    struct mm_limits *limits = policy->context->limits;
    bool is_enabled = config_of(policy)->is_enabled;

    for (int i = mm_limits_next(limits, mm_memory_high_policy.name, -1); i >= 0;
         i = mm_limits_next(limits, mm_memory_high_policy.name, i)) {
        if (!is_enabled || mm_policy_check_group(policy->context, mm_limits_group(limits, i),
                                                 config_of(policy)->min_priority) != MM_GROUP_MAY_BE_TOUCHED)
            mm_limits_release(limits, i);
    }
}

static void explain(struct memory_high_policy *policy, const struct mm_bundle *bundle, bool acted,
                    uint64_t amount_bytes, const char *reason)
{
    struct mm_decision decision = {
        .source = MM_DECISION_RECLAIM,
        .acted = acted,
        .is_dry_run = policy->context->kernel->is_dry_run,
        .action = "set memory.high",
        .amount_bytes = amount_bytes,
    };

    mm_copy_text(decision.target, sizeof(decision.target), bundle->name);
    mm_decide(policy->context->center, &decision, "%s", reason);
}

static void limit_bundle(struct memory_high_policy *policy, const struct mm_bundle *bundle)
{
    struct mm_policy_context *context = policy->context;
    struct mm_kernel *kernel = context->kernel;
    struct mm_group *group = NULL;
    uint64_t current_bytes = 0;
    uint64_t target_bytes;
    int result;

    if (mm_policy_find_group(context, bundle, config_of(policy)->min_priority, policy->path,
                             sizeof(policy->path)) != MM_GROUP_MAY_BE_TOUCHED ||
        kernel->ops->open_group(kernel, policy->path, &group) < 0)
        return;
    result = kernel->ops->read_group(kernel, group, MM_GROUP_CURRENT, &current_bytes);
    kernel->ops->close_group(kernel, group);
    target_bytes = result < 0 ? MM_UNLIMITED : mm_memory_high_target(config_of(policy), current_bytes);
    if (target_bytes == MM_UNLIMITED) return;
    if (kernel->is_dry_run) {
        explain(policy, bundle, true, target_bytes, policy->path);
        return;
    }
    result =
        mm_limits_set(context->limits, mm_memory_high_policy.name, policy->path, MM_GROUP_HIGH, target_bytes);
    if (result >= 0)
        explain(policy, bundle, true, target_bytes, policy->path);
    else if (result == -EBUSY)
        explain(policy, bundle, false, target_bytes, "another policy owns this group's memory.high");
    else if (result == -ENOSPC)
        explain(policy, bundle, false, target_bytes, "as many limits as the journal holds stand already");
}

static void limit_back(struct memory_high_policy *policy)
{
    const struct mm_priority_list *list = mm_priority_manager_list(policy->context->manager);
    const struct mm_priority_entry *entry = mm_priority_list_least(list);
    int min_priority = config_of(policy)->min_priority;

    if (!policy->context->kernel->ops->feature(policy->context->kernel, MM_FEATURE_MEMORY_HIGH)->available)
        return;
    for (unsigned i = 0; entry && entry->priority >= min_priority && i < BUNDLES_PER_REVIEW;
         i++, entry = mm_priority_list_next(list, entry))
        limit_bundle(policy, MM_BUNDLE_OF(entry));
}

static void review(struct mm_timer *timer, void *user)
{
    struct memory_high_policy *policy = user;

    (void)timer;
    release_forward(policy);
    if (config_of(policy)->is_enabled && !policy->is_killing) limit_back(policy);
}

static void arm(struct memory_high_policy *policy)
{
    struct mm_event_center *center = policy->context->center;

    mm_event_center_arm(center, &policy->timer, mm_event_center_now_ns(center) + SETTLE_NS);
}

static void on_priority(struct memory_high_policy *policy, const struct mm_event_priority *change)
{
    int min_priority = config_of(policy)->min_priority;

    if (!config_of(policy)->is_enabled) return;
    if (change->previous >= min_priority && change->priority < min_priority) release_forward(policy);
    if (change->priority >= min_priority) arm(policy);
}

static void on_event(void *self, const struct mm_event *event)
{
    struct memory_high_policy *policy = self;

    switch (event->kind) {
    case MM_EVENT_PRIORITY:
        on_priority(policy, &event->payload.priority);
        break;
    case MM_EVENT_CONFIG:
        arm(policy);
        break;
    case MM_EVENT_KILL_BEGIN:
        policy->is_killing = true;
        break;
    case MM_EVENT_KILL_END:
        policy->is_killing = false;
        arm(policy);
        break;
    case MM_EVENT_STOP:
        mm_event_center_disarm(policy->context->center, &policy->timer);
        break;
    default:
        break;
    }
}

static int create(struct mm_policy_context *context, void **ret_policy)
{
    struct memory_high_policy *policy = calloc(1, sizeof(*policy));

    if (!policy) return -ENOMEM;
    policy->context = context;
    mm_timer_init(&policy->timer, review, policy);
    *ret_policy = policy;
    return 0;
}

static void free_policy(void *self)
{
    struct memory_high_policy *policy = self;

    mm_event_center_disarm(policy->context->center, &policy->timer);
    free(policy);
}

const struct mm_policy_ops mm_memory_high_policy = {
    .name = "memory high",
    .create = create,
    .free = free_policy,
    .on_event = on_event,
};
