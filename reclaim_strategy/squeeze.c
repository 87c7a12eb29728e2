/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy of the avail buffers: below minAvailBuffer the groups of the least important bundles are
 * squeezed, in list order, one bounded chunk at a time, until highAvailBuffer or swapReserve. One chunk is
 * under way at most; each is followed by a fresh reading and a fresh choice. A decision to kill cancels it.
 */
#include "reclaim_strategy/policy.h"

#include "common/common.h"
#include "reclaim_strategy/reclaim_decide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COOKIE_SQUEEZE (0x5351ULL << 48)
/* Bundles looked at in one turn of the loop: each costs some reads of its group, 2 ms together. */
#define BUNDLES_PER_TURN 32

struct squeeze_policy {
    struct mm_policy_context *context;
    bool is_squeezing;
    bool is_killing;
    bool is_stopping;
    bool is_chunk_under_way;
    struct mm_group *group; /* of the chunk under way */
    uint64_t asked_bytes;
    uint32_t chunk;
    int claim;                   /* index of the transient limit of the chunk, -1: the kernel needs none */
    struct mm_timer timer;       /* considers: never while others still have to hear the event at hand */
    uint64_t available_bytes;    /* that all of this was decided by */
    uint64_t explained_group_id; /* it was said why that one is squeezed; 0: none */
    unsigned passed;             /* the list's least important that were looked at in vain in this round */
    uint64_t resting_until_ns;
    char target[MM_NAME_MAX];
    char path[MM_LIMITS_PATH_MAX];
};

static uint64_t now_ns(const struct squeeze_policy *policy)
{
    return mm_event_center_now_ns(policy->context->center);
}

/* target "": about nobody. */
static struct mm_decision decision_of(const struct squeeze_policy *policy, bool acted, const char *action,
                                      const char *target, uint64_t amount_bytes)
{
    struct mm_decision decision = {
        .source = MM_DECISION_RECLAIM,
        .acted = acted,
        .is_dry_run = policy->context->kernel->is_dry_run,
        .action = action,
        .available_bytes = policy->available_bytes,
        .amount_bytes = amount_bytes,
    };

    mm_copy_text(decision.target, sizeof(decision.target), target);
    return decision;
}

static void explain_nothing(struct squeeze_policy *policy, const char *reason)
{
    struct mm_decision decision = decision_of(policy, false, "none", "", 0);

    mm_decide(policy->context->center, &decision, "%s", reason);
}

/* Once for as many chunks of one group as follow each other: what each gave is said at its end. */
static void explain_begin(struct squeeze_policy *policy)
{
    const struct mm_avail_buffer_config *buffers = &policy->context->config->avail_buffer;
    struct mm_kernel *kernel = policy->context->kernel;
    struct mm_decision decision = decision_of(policy, true, "squeeze", policy->target, policy->asked_bytes);
    uint64_t group_id = kernel->ops->group_id(kernel, policy->group);
    uint64_t line_bytes = policy->available_bytes < buffers->min_avail_bytes ? buffers->min_avail_bytes
                                                                             : buffers->high_avail_bytes;
    char available[MM_SIZE_TEXT_MAX];

    if (group_id == policy->explained_group_id)
        return;
    policy->explained_group_id = group_id;
    mm_decide(policy->context->center, &decision,
              "available %s is below %llu MB; the least important with something to give, in group %s",
              mm_size_text(policy->available_bytes, available, sizeof(available)),
              (unsigned long long)(line_bytes / MM_MIB), policy->path);
}

static void explain_end(struct squeeze_policy *policy, const struct mm_notice *notice, bool is_cancelled,
                        bool is_spared)
{
    struct mm_decision decision = decision_of(policy, true, "squeezed", policy->target, notice->bytes);
    char asked[MM_SIZE_TEXT_MAX];
    char got[MM_SIZE_TEXT_MAX];
    char then[96] = "";
    size_t length = 0;

    /* EAGAIN is memory.reclaim's word for less than was asked */
    if (is_cancelled)
        length = mm_format(then, sizeof(then), ", then it was cancelled");
    else if (notice->error < 0 && notice->error != -EAGAIN)
        length = mm_format(then, sizeof(then), ": %s", strerror(-notice->error));
    if (is_spared)
        (void)mm_format(then + length, sizeof(then) - length, "; left alone for %llu ms",
                        (unsigned long long)policy->context->config->squeeze.retry_ms);
    mm_decide(policy->context->center, &decision, "%s of %s came back in %llu ms%s",
              mm_size_text(notice->bytes, got, sizeof(got)),
              mm_size_text(policy->asked_bytes, asked, sizeof(asked)),
              (unsigned long long)(notice->duration_ns / MM_NS_PER_MS), then);
}

/* Bundles are squeezed through the group of their first process: those whose group this is, as it is now. */
static void spare_group(struct squeeze_policy *policy)
{
    struct mm_kernel *kernel = policy->context->kernel;
    uint64_t until_ns = now_ns(policy) + policy->context->config->squeeze.retry_ms * MM_NS_PER_MS;
    pid_t pids[MM_POLICY_GROUP_PROCESSES_MAX];
    ssize_t count = kernel->ops->read_group_processes(kernel, policy->group, pids, MM_ARRAY_SIZE(pids));

    for (ssize_t i = 0; i < MM_MIN(count, (ssize_t)MM_ARRAY_SIZE(pids)); i++) {
        const struct mm_process *process = mm_priority_manager_find(policy->context->manager, pids[i]);

        if (process && process->bundle->processes.next == &process->bundle_link)
            process->bundle->spared_until_ns = until_ns;
    }
}

static void close_chunk(struct squeeze_policy *policy)
{
    struct mm_kernel *kernel = policy->context->kernel;

    if (policy->claim >= 0)
        mm_limits_release(policy->context->limits, policy->claim);
    policy->claim = -1;
    if (policy->group)
        kernel->ops->close_group(kernel, policy->group);
    policy->group = NULL;
    policy->is_chunk_under_way = false;
}

static void consider_at(struct squeeze_policy *policy, uint64_t time_ns)
{
    mm_event_center_arm(policy->context->center, &policy->timer, time_ns);
}

/* Opens the bundle's group when it is worth a chunk. */
static bool take_bundle(struct squeeze_policy *policy, const struct mm_bundle *bundle, uint64_t *ret_bytes)
{
    const struct mm_squeeze_config *config = &policy->context->config->squeeze;
    struct mm_kernel *kernel = policy->context->kernel;
    struct mm_group *group = NULL;

    if (now_ns(policy) < bundle->spared_until_ns ||
        mm_policy_open_group(policy->context, bundle, config->min_priority, policy->path,
                             sizeof(policy->path), &group) != MM_GROUP_MAY_BE_TOUCHED)
        return false;
    if (kernel->ops->read_group(kernel, group, MM_GROUP_CURRENT, ret_bytes) < 0 ||
        *ret_bytes < config->min_group_bytes) {
        kernel->ops->close_group(kernel, group);
        return false;
    }
    policy->group = group;
    mm_copy_text(policy->target, sizeof(policy->target), bundle->name);
    return true;
}

enum search {
    FOUND,
    SEARCHING, /* as many as one turn allows were looked at in vain */
    NOBODY,
};

/* From the least important on, a bounded number in each turn. */
static enum search take_somebody(struct squeeze_policy *policy, uint64_t *ret_group_bytes)
{
    const struct mm_priority_list *list = mm_priority_manager_list(policy->context->manager);
    int min_priority = policy->context->config->squeeze.min_priority;
    const struct mm_priority_entry *entry = mm_priority_list_first(list);
    unsigned end = policy->passed + BUNDLES_PER_TURN;

    for (unsigned i = 0; entry && entry->priority >= min_priority;
         i++, entry = mm_priority_list_next(list, entry)) {
        if (i < policy->passed)
            continue;
        if (i == end) {
            policy->passed = end;
            return SEARCHING;
        }
        if (take_bundle(policy, MM_BUNDLE_OF(entry), ret_group_bytes)) {
            policy->passed = 0;
            return FOUND;
        }
    }
    policy->passed = 0;
    return NOBODY;
}

/* Where the kernel has no memory.reclaim a limit is lowered and restored in steps: that is journalled. */
static int claim_limit(struct squeeze_policy *policy)
{
    struct mm_kernel *kernel = policy->context->kernel;
    bool is_v2 = kernel->ops->feature(kernel, MM_FEATURE_CGROUP_V2_MEMORY)->available;

    policy->claim = -1;
    if (kernel->ops->feature(kernel, MM_FEATURE_MEMORY_RECLAIM)->available)
        return 0;
    policy->claim = mm_limits_claim_transient(policy->context->limits, mm_squeeze_policy.name, policy->path,
                                              is_v2 ? MM_GROUP_HIGH : MM_GROUP_MAX);
    return policy->claim < 0 ? policy->claim : 0;
}

/* Nothing was asked of the group, as the kernel or another policy would not have it. */
static void give_up_chunk(struct squeeze_policy *policy, int error)
{
    struct mm_decision decision = decision_of(policy, false, "squeeze", policy->target, 0);
    bool is_its_own_fault = error != -EAGAIN && error != -ENOSPC;

    mm_decide(policy->context->center, &decision, "%s", mm_limits_error_text(error));
    if (is_its_own_fault)
        spare_group(policy);
    else
        policy->resting_until_ns = now_ns(policy) + policy->context->config->squeeze.rest_ms * MM_NS_PER_MS;
    close_chunk(policy);
    consider_at(policy, now_ns(policy));
}

static void start_chunk(struct squeeze_policy *policy, uint64_t group_bytes)
{
    struct mm_kernel *kernel = policy->context->kernel;
    const struct mm_config *config = policy->context->config;
    struct mm_job job = {
        .kind = MM_JOB_RECLAIM,
        .group = policy->group,
        .bytes = mm_squeeze_amount(&config->avail_buffer, config->squeeze.chunk_bytes,
                                   policy->available_bytes, group_bytes),
        .cookie = COOKIE_SQUEEZE | ++policy->chunk,
    };
    int result = claim_limit(policy);

    if (policy->claim >= 0)
        job.lowered = mm_limits_lowered(policy->context->limits, policy->claim);
    if (result == 0)
        result = kernel->ops->submit_job(kernel, &job);
    if (result < 0) {
        give_up_chunk(policy, result);
        return;
    }
    policy->asked_bytes = job.bytes;
    policy->is_chunk_under_way = true;
    explain_begin(policy);
}

/* Whether to squeeze on that reading; says why not. */
static bool is_wanted(struct squeeze_policy *policy, const struct mm_memory_state *memory)
{
    const struct mm_config *config = policy->context->config;
    enum mm_squeeze_verdict verdict =
        mm_squeeze_decide(&config->avail_buffer, config->squeeze.is_enabled, memory, policy->is_squeezing);

    policy->available_bytes = memory->available_bytes;
    policy->is_squeezing = verdict == MM_SQUEEZE_GO;
    policy->context->status->is_squeezing = policy->is_squeezing;
    if (verdict == MM_SQUEEZE_GO)
        return true;
    policy->passed = 0;
    policy->explained_group_id = 0;
    explain_nothing(policy, mm_squeeze_verdict_text(verdict));
    return false;
}

static bool may_act(const struct squeeze_policy *policy)
{
    return !policy->is_chunk_under_way && !policy->is_killing && !policy->is_stopping;
}

static void consider(struct squeeze_policy *policy)
{
    struct mm_kernel *kernel = policy->context->kernel;
    struct mm_memory_state memory;
    uint64_t group_bytes = 0;

    if (!may_act(policy) || kernel->ops->read_memory(kernel, &memory) < 0 || !is_wanted(policy, &memory))
        return;
    if (now_ns(policy) < policy->resting_until_ns) {
        consider_at(policy, policy->resting_until_ns);
        return;
    }
    switch (take_somebody(policy, &group_bytes)) {
    case FOUND:
        start_chunk(policy, group_bytes);
        break;
    case SEARCHING:
        consider_at(policy, now_ns(policy));
        break;
    case NOBODY:
        explain_nothing(policy, "nobody may be squeezed now: too important, sharing a group, too small, or "
                                "nothing came of it lately");
        policy->resting_until_ns = now_ns(policy) + policy->context->config->squeeze.rest_ms * MM_NS_PER_MS;
        consider_at(policy, policy->resting_until_ns);
        break;
    }
}

static void on_timer(struct mm_timer *timer, void *user)
{
    (void)timer;
    consider(user);
}

static void on_notice(struct squeeze_policy *policy, const struct mm_notice *notice)
{
    bool is_cancelled = notice->error == -ECANCELED || notice->error == -EINTR;
    bool is_spared;

    if (notice->kind != MM_NOTICE_JOB_DONE || !policy->is_chunk_under_way ||
        notice->cookie != (COOKIE_SQUEEZE | policy->chunk))
        return;
    policy->context->status->squeezes++;
    policy->context->status->squeezed_bytes += notice->bytes;
    is_spared = !is_cancelled && !mm_squeeze_is_worth_it(policy->asked_bytes, notice->bytes,
                                                         policy->context->config->squeeze.worth_percent);
    if (is_spared)
        spare_group(policy);
    if (is_spared || is_cancelled)
        policy->explained_group_id = 0;
    explain_end(policy, notice, is_cancelled, is_spared);
    close_chunk(policy);
    if (may_act(policy))
        consider_at(policy, now_ns(policy));
}

/* Somebody is less important than before, or the rules are others: the walk may find one now. */
static void search_afresh(struct squeeze_policy *policy)
{
    policy->resting_until_ns = 0;
    if (policy->is_squeezing && may_act(policy))
        consider_at(policy, now_ns(policy));
}

static void on_event(void *self, const struct mm_event *event)
{
    struct squeeze_policy *policy = self;

    switch (event->kind) {
    case MM_EVENT_WATERLINE:
        /* behind the killer, which hears this event later: it may have something more urgent to do */
        if (may_act(policy) && is_wanted(policy, &event->payload.memory))
            consider_at(policy, event->time_ns);
        break;
    case MM_EVENT_NOTICE:
        on_notice(policy, &event->payload.notice);
        break;
    case MM_EVENT_PRIORITY:
        if (event->payload.priority.priority >= policy->context->config->squeeze.min_priority)
            search_afresh(policy);
        break;
    case MM_EVENT_CONFIG:
        search_afresh(policy);
        break;
    case MM_EVENT_KILL_BEGIN:
        policy->is_killing = true;
        policy->explained_group_id = 0;
        break;
    case MM_EVENT_KILL_END:
        policy->is_killing = false;
        search_afresh(policy);
        break;
    case MM_EVENT_STOP:
        policy->is_stopping = true;
        mm_event_center_disarm(policy->context->center, &policy->timer);
        break;
    default:
        break;
    }
}

static int create(struct mm_policy_context *context, void **ret_policy)
{
    struct squeeze_policy *policy = calloc(1, sizeof(*policy));

    if (!policy)
        return -ENOMEM;
    policy->context = context;
    policy->claim = -1;
    mm_timer_init(&policy->timer, on_timer, policy);
    *ret_policy = policy;
    return 0;
}

static bool is_busy(const void *self)
{
    return ((const struct squeeze_policy *)self)->is_chunk_under_way;
}

/* A chunk still under way keeps its group: the worker may be using it. */
static void free_policy(void *self)
{
    struct squeeze_policy *policy = self;

    mm_event_center_disarm(policy->context->center, &policy->timer);
    free(policy);
}

const struct mm_policy_ops mm_squeeze_policy = {
    .name = "squeeze",
    .create = create,
    .free = free_policy,
    .is_busy = is_busy,
    .on_event = on_event,
};
