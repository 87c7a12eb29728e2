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
#include <string.h>

/* Bundles looked at in one review; the least important come first. */
#define BUNDLES_PER_REVIEW 256

/* Different reasons told of at a time; what there may be beyond is counted with the last. */
#define REASONS_MAX 4

/* Who got no limit in a review, by the reason. */
struct left_out {
    struct {
        int error;
        unsigned count;
    } reasons[REASONS_MAX];
    unsigned reason_count;
};

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

static bool holds_any(const struct memory_high_policy *policy)
{
    return mm_limits_next(policy->context->limits, mm_memory_high_policy.name, -1) >= 0;
}

/* Limits whose group is no longer only of bundles that far back. */
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

static bool is_same_or_below(const char *path, const char *ancestor)
{
    size_t length = strlen(ancestor);

    return strncmp(path, ancestor, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* The limits that a process of that group feels. */
static void release_above(struct memory_high_policy *policy, const char *path)
{
    struct mm_limits *limits = policy->context->limits;

    for (int i = mm_limits_next(limits, mm_memory_high_policy.name, -1); i >= 0;
         i = mm_limits_next(limits, mm_memory_high_policy.name, i)) {
        if (is_same_or_below(path, mm_limits_path(limits, i)))
            mm_limits_release(limits, i);
    }
}

static void release_for_process(struct memory_high_policy *policy, pid_t pid)
{
    struct mm_kernel *kernel = policy->context->kernel;
    char path[MM_GROUP_PATH_MAX];
    int result = kernel->ops->read_process_group(kernel, pid, path, sizeof(path));

    if (result == 0)
        release_above(policy, path);
    else if (result != -ESRCH)
        release_forward(policy);
}

/* One that may not be limited (any more) is at once free of every limit; how it came there does not matter.
 */
static void release_for_bundle(struct memory_high_policy *policy, pid_t pid)
{
    const struct mm_process *process =
        holds_any(policy) ? mm_priority_manager_find(policy->context->manager, pid) : NULL;

    if (!process ||
        mm_policy_is_squeezable(policy->context, process->bundle, config_of(policy)->min_priority))
        return;
    MM_LIST_FOR_EACH (link, &process->bundle->processes)
        release_for_process(policy, MM_CONTAINER_OF(link, struct mm_process, bundle_link)->pid);
}

static void explain(struct memory_high_policy *policy, const char *target, bool acted, uint64_t amount_bytes,
                    const char *reason)
{
    struct mm_decision decision = {
        .source = MM_DECISION_RECLAIM,
        .acted = acted,
        .is_dry_run = policy->context->kernel->is_dry_run,
        .action = "set memory.high",
        .amount_bytes = amount_bytes,
    };

    mm_copy_text(decision.target, sizeof(decision.target), target);
    mm_decide(policy->context->center, &decision, "%s", reason);
}

static void explain_limit(struct memory_high_policy *policy, const struct mm_bundle *bundle,
                          uint64_t target_bytes)
{
    char reason[MM_REASON_MAX];

    (void)mm_format(reason, sizeof(reason),
                    "at %d, and %d or more is limited: %u %% of what is used, at least %llu MB, in group %s",
                    bundle->entry.priority, config_of(policy)->min_priority, config_of(policy)->share_percent,
                    (unsigned long long)(config_of(policy)->min_bytes / MM_MIB), policy->path);
    explain(policy, bundle->name, true, target_bytes, reason);
}

static void leave_out(struct left_out *left_out, int error)
{
    unsigned i = 0;

    while (i < left_out->reason_count && left_out->reasons[i].error != error)
        i++;
    if (i == REASONS_MAX)
        i--;
    else if (i == left_out->reason_count)
        left_out->reasons[left_out->reason_count++].error = error;
    left_out->reasons[i].count++;
}

/* Once for a whole review: one line for each bundle would push everything else out of the log. */
static void explain_left_out(struct memory_high_policy *policy, const struct left_out *left_out)
{
    char reason[MM_REASON_MAX] = "";
    size_t length = 0;

    for (unsigned i = 0; i < left_out->reason_count; i++)
        length +=
            mm_format(reason + length, sizeof(reason) - length, "%s%u without a limit: %s", i > 0 ? "; " : "",
                      left_out->reasons[i].count, mm_limits_error_text(left_out->reasons[i].error));
    if (left_out->reason_count > 0)
        explain(policy, "", false, 0, reason);
}

/* The limit for the group; MM_UNLIMITED: none, also where somebody else's is as tight. */
static uint64_t target_of(struct memory_high_policy *policy, struct mm_group *group)
{
    struct mm_kernel *kernel = policy->context->kernel;
    uint64_t current_bytes = 0;
    uint64_t present_bytes = 0;
    uint64_t target_bytes;

    if (kernel->ops->read_group(kernel, group, MM_GROUP_CURRENT, &current_bytes) < 0 ||
        kernel->ops->read_group(kernel, group, MM_GROUP_HIGH, &present_bytes) < 0)
        return MM_UNLIMITED;
    target_bytes = mm_memory_high_target(config_of(policy), current_bytes);
    return target_bytes < present_bytes ? target_bytes : MM_UNLIMITED;
}

/* 0 also where there is nothing to limit, or it is limited already. */
static int limit_bundle(struct memory_high_policy *policy, const struct mm_bundle *bundle)
{
    struct mm_policy_context *context = policy->context;
    struct mm_kernel *kernel = context->kernel;
    struct mm_group *group = NULL;
    uint64_t target_bytes;
    int result;

    if (mm_policy_open_group(context, bundle, config_of(policy)->min_priority, policy->path,
                             sizeof(policy->path), &group) != MM_GROUP_MAY_BE_TOUCHED)
        return 0;
    target_bytes = target_of(policy, group);
    kernel->ops->close_group(kernel, group);
    if (target_bytes == MM_UNLIMITED)
        return 0;
    result =
        mm_limits_set(context->limits, mm_memory_high_policy.name, policy->path, MM_GROUP_HIGH, target_bytes);
    if (result < 0)
        return result == -EALREADY ? 0 : result;
    explain_limit(policy, bundle, target_bytes);
    return 0;
}

/* 0, or -EAGAIN when the worker can take no more: the next review goes on. */
static int limit_back(struct memory_high_policy *policy)
{
    struct mm_kernel *kernel = policy->context->kernel;
    const struct mm_priority_list *list = mm_priority_manager_list(policy->context->manager);
    const struct mm_priority_entry *entry = mm_priority_list_first(list);
    struct left_out left_out = {0};
    int result = 0;

    if (!kernel->ops->feature(kernel, MM_FEATURE_MEMORY_HIGH)->available)
        return 0;
    for (unsigned i = 0; result != -EAGAIN && entry && entry->priority >= config_of(policy)->min_priority &&
                         i < BUNDLES_PER_REVIEW;
         i++, entry = mm_priority_list_next(list, entry)) {
        result = limit_bundle(policy, MM_BUNDLE_OF(entry));
        if (result < 0 && result != -EAGAIN)
            leave_out(&left_out, result);
    }
    explain_left_out(policy, &left_out);
    if (result != -EAGAIN)
        return 0;
    explain(policy, "", false, 0, "the worker has as much to do as it can take: the others follow");
    return result;
}

static void arm(struct memory_high_policy *policy)
{
    struct mm_event_center *center = policy->context->center;

    mm_event_center_arm(center, &policy->timer,
                        mm_event_center_now_ns(center) + config_of(policy)->settle_ms * MM_NS_PER_MS);
}

static void review(struct mm_timer *timer, void *user)
{
    struct memory_high_policy *policy = user;

    (void)timer;
    release_forward(policy);
    if (config_of(policy)->is_enabled && !policy->is_killing && limit_back(policy) == -EAGAIN)
        arm(policy);
}

/* Where a bundle begins on the list is no move, so that no event tells of it. */
static void arm_for_newcomer(struct memory_high_policy *policy, pid_t pid)
{
    const struct mm_process *process = mm_priority_manager_find(policy->context->manager, pid);

    if (config_of(policy)->is_enabled && process &&
        process->bundle->entry.priority >= config_of(policy)->min_priority &&
        !mm_timer_is_armed(&policy->timer))
        arm(policy);
}

/* A kill, or a limit taken back, cancels everything that the worker was to write: the next review sees to it.
 */
static void on_notice(struct memory_high_policy *policy, const struct mm_notice *notice)
{
    if (notice->kind == MM_NOTICE_JOB_DONE && (notice->error == -ECANCELED || notice->error == -EINTR) &&
        !policy->is_killing && config_of(policy)->is_enabled)
        arm(policy);
}

static void on_event(void *self, const struct mm_event *event)
{
    struct memory_high_policy *policy = self;

    switch (event->kind) {
    case MM_EVENT_PRIORITY:
        release_for_bundle(policy, event->pid);
        if (config_of(policy)->is_enabled &&
            event->payload.priority.priority >= config_of(policy)->min_priority)
            arm(policy);
        break;
    case MM_EVENT_APPLICATION:
    case MM_EVENT_PROCESS_FOUND:
        release_for_bundle(policy, event->pid);
        arm_for_newcomer(policy, event->pid);
        break;
    case MM_EVENT_NOTICE:
        on_notice(policy, &event->payload.notice);
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

    if (!policy)
        return -ENOMEM;
    policy->context = context;
    mm_timer_init(&policy->timer, review, policy);
    /* for those that the scan at start finds */
    arm(policy);
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
