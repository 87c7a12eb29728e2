/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: ownership, setting, restoring. */
#include "reclaim_strategy/limits.h"

#include "common/common.h"
#include "reclaim_strategy/limits_journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Marks the cookies of our jobs among all jobs' cookies. */
#define COOKIE_LIMITS (0x4c4dULL << 48)
/* Between attempts to give back what could not be given back so far: rare, and never urgent. */
#define RETRY_NS MM_NS_PER_S

enum limit_job {
    NO_JOB,
    SET_JOB,
    RESTORE_JOB,
};

/* What the journal does not need to know. */
struct limit {
    struct mm_group *group; /* NULL: a predecessor's that could not be opened yet */
    const char *owner;      /* NULL: left by a predecessor, not restored yet */
    enum limit_job job;     /* under way; its notice goes on */
    bool is_releasing;      /* the old value is to come back */
    bool is_told;           /* that it cannot come back yet */
};

struct mm_limits {
    struct mm_kernel *kernel;
    struct mm_event_center *center;
    struct mm_limit_journal *journal;
    uint64_t page_bytes;
    struct mm_timer retry_timer;
    bool is_held_back;
    struct limit limits[MM_LIMITS_MAX];
};

static bool is_held(const struct mm_limits *limits, unsigned index)
{
    return limits->journal->entries[index].state == MM_LIMIT_HELD;
}

static void say(struct mm_limits *limits, const struct mm_limit_entry *entry, bool acted, const char *action,
                const char *reason)
{
    struct mm_decision decision = {
        .source = MM_DECISION_RECLAIM,
        .acted = acted,
        .is_dry_run = limits->kernel->is_dry_run,
        .action = action,
        .amount_bytes = entry->old_bytes,
    };

    mm_copy_text(decision.target, sizeof(decision.target), entry->path);
    mm_decide(limits->center, &decision, "%s", reason);
}

/* Once for each: it may go on for long, and what is in the way does not change by being told again. */
static void say_stuck(struct mm_limits *limits, unsigned index, int error)
{
    const struct mm_limit_entry *entry = &limits->journal->entries[index];
    char reason[MM_REASON_MAX];

    if (limits->limits[index].is_told)
        return;
    limits->limits[index].is_told = true;
    (void)mm_format(reason, sizeof(reason), "the old value cannot come back yet, tried every second: %s",
                    strerror(-error));
    mm_warning("limit of group %s: %s", entry->path, reason);
    say(limits, entry, false, "restore", reason);
}

static void forget(struct mm_limits *limits, unsigned index)
{
    struct limit *limit = &limits->limits[index];

    mm_limit_entry_clear(&limits->journal->entries[index]);
    if (limit->group)
        limits->kernel->ops->close_group(limits->kernel, limit->group);
    *limit = (struct limit){0};
}

static int submit(struct mm_limits *limits, unsigned index, enum limit_job kind, uint64_t bytes)
{
    struct limit *limit = &limits->limits[index];
    struct mm_job job = {
        .kind = MM_JOB_SET_VALUE,
        .group = limit->group,
        .value = (enum mm_group_value)limits->journal->entries[index].value,
        .bytes = bytes,
        .cookie = COOKIE_LIMITS | index,
    };
    int result = limits->kernel->ops->submit_job(limits->kernel, &job);

    if (result == 0)
        limit->job = kind;
    return result;
}

/* ---- restoring ----------------------------------------------------------------------------------------- */

/* Kernels round limits down to pages. */
static bool is_same_value(const struct mm_limits *limits, uint64_t a, uint64_t b)
{
    return a == b ||
           (a != MM_UNLIMITED && b != MM_UNLIMITED && a / limits->page_bytes == b / limits->page_bytes);
}

/* What we wrote and what it was before. False: nothing, as no job has lowered what was claimed. */
static bool what_was_written(const struct mm_limit_entry *entry, uint64_t *ret_written_bytes,
                             uint64_t *ret_old_bytes)
{
    if (entry->is_transient)
        return mm_lowered_limit_get(&entry->lowered, ret_old_bytes, ret_written_bytes);
    *ret_written_bytes = entry->written_bytes;
    *ret_old_bytes = entry->old_bytes;
    return true;
}

/* Is the value in the file still the one we are answerable for? */
static bool is_ours(const struct mm_limits *limits, const struct mm_limit_entry *entry,
                    uint64_t present_bytes)
{
    uint64_t written_bytes = 0;
    uint64_t old_bytes = 0;

    return what_was_written(entry, &written_bytes, &old_bytes) &&
           is_same_value(limits, present_bytes, written_bytes);
}

static bool is_group_gone(int error)
{
    return error == -ENODEV || error == -ENOENT;
}

/* The very group of the entry: -ENOENT when it was removed, or another one has its path. */
static int open_its_group(struct mm_limits *limits, unsigned index)
{
    const struct mm_limit_entry *entry = &limits->journal->entries[index];
    struct mm_kernel *kernel = limits->kernel;
    struct mm_group *group = NULL;
    int result;

    if (limits->limits[index].group)
        return 0;
    result = kernel->ops->open_group(kernel, entry->path, &group);
    if (result < 0)
        return result;
    limits->limits[index].group = group;
    return kernel->ops->group_id(kernel, group) == entry->group_id ? 0 : -ENOENT;
}

enum restore_result {
    RESTORED,          /* or nothing of ours was there: the entry can go */
    RESTORE_BY_WORKER, /* it would block, and may in a worker */
    RESTORE_LATER,     /* it cannot even be looked at now */
};

static enum restore_result restore_in_line(struct mm_limits *limits, unsigned index, int *ret_error)
{
    const struct mm_limit_entry *entry = &limits->journal->entries[index];
    enum mm_group_value value = (enum mm_group_value)entry->value;
    const struct mm_kernel_ops *ops = limits->kernel->ops;
    uint64_t present_bytes = 0;
    uint64_t written_bytes = 0;
    uint64_t old_bytes = 0;
    int result;

    *ret_error = 0;
    if (!what_was_written(entry, &written_bytes, &old_bytes))
        return RESTORED;
    result = open_its_group(limits, index);
    if (result == 0)
        result = ops->read_group(limits->kernel, limits->limits[index].group, value, &present_bytes);
    *ret_error = result;
    if (result < 0)
        return is_group_gone(result) ? RESTORED : RESTORE_LATER;
    if (is_same_value(limits, present_bytes, old_bytes))
        return RESTORED;
    if (!is_same_value(limits, present_bytes, written_bytes)) {
        say(limits, entry, false, "restore", "somebody else changed this limit meanwhile: it is theirs now");
        return RESTORED;
    }
    result = ops->raise_group(limits->kernel, limits->limits[index].group, value, old_bytes);
    *ret_error = result;
    if (is_group_gone(result))
        return RESTORED;
    if (result < 0)
        return RESTORE_BY_WORKER;
    say(limits, entry, true, "restore", "the old value is back");
    return RESTORED;
}

static void retry_later(struct mm_limits *limits)
{
    if (!mm_timer_is_armed(&limits->retry_timer))
        mm_event_center_arm(limits->center, &limits->retry_timer,
                            mm_event_center_now_ns(limits->center) + RETRY_NS);
}

/* Gives the old value back, in line or else by a worker; what neither can do now is tried again later. */
static void restore(struct mm_limits *limits, unsigned index, bool may_submit)
{
    const struct mm_limit_entry *entry = &limits->journal->entries[index];
    uint64_t written_bytes = 0;
    uint64_t old_bytes = entry->old_bytes;
    int error = 0;
    enum restore_result result = restore_in_line(limits, index, &error);

    if (result == RESTORED) {
        forget(limits, index);
        return;
    }
    /* EBUSY: it is a worker's work, which says what comes of it */
    if (error != -EBUSY)
        say_stuck(limits, index, error);
    (void)what_was_written(entry, &written_bytes, &old_bytes);
    if (result == RESTORE_LATER || !may_submit || limits->is_held_back ||
        submit(limits, index, RESTORE_JOB, old_bytes) < 0)
        retry_later(limits);
}

void mm_limits_retry(struct mm_limits *limits)
{
    for (unsigned i = 0; i < MM_LIMITS_MAX; i++) {
        if (is_held(limits, i) && limits->limits[i].is_releasing && limits->limits[i].job == NO_JOB)
            restore(limits, i, true);
    }
}

static void on_retry_timer(struct mm_timer *timer, void *user)
{
    struct mm_limits *limits = user;

    (void)timer;
    if (!limits->is_held_back)
        mm_limits_retry(limits);
}

void mm_limits_hold_back(struct mm_limits *limits, bool is_held_back)
{
    limits->is_held_back = is_held_back;
    if (!is_held_back)
        mm_limits_retry(limits);
}

/* ---- what a predecessor left --------------------------------------------------------------------------- */

static void recover_entry(struct mm_limits *limits, unsigned index)
{
    if (!mm_limit_entry_is_sound(&limits->journal->entries[index])) {
        mm_warning("journal of limits: entry %u is damaged and dropped", index);
        forget(limits, index);
        return;
    }
    limits->limits[index].is_releasing = true;
    restore(limits, index, true);
}

static int open_journal(struct mm_limits *limits)
{
    int result = mm_limit_journal_open(limits->kernel, &limits->journal);

    if (result < 0)
        return result;
    for (unsigned i = 0; i < MM_LIMITS_MAX; i++) {
        if (limits->journal->entries[i].state != MM_LIMIT_FREE)
            recover_entry(limits, i);
    }
    return 0;
}

int mm_limits_new(struct mm_kernel *kernel, struct mm_event_center *center, struct mm_limits **ret_limits)
{
    struct mm_limits *limits = calloc(1, sizeof(*limits));
    long page_bytes = sysconf(_SC_PAGESIZE);
    int result;

    if (!limits)
        return -ENOMEM;
    limits->kernel = kernel;
    limits->center = center;
    limits->page_bytes = page_bytes > 0 ? (uint64_t)page_bytes : 4096;
    mm_timer_init(&limits->retry_timer, on_retry_timer, limits);
    result = open_journal(limits);
    if (result < 0) {
        free(limits);
        return result;
    }
    *ret_limits = limits;
    return 0;
}

/* ---- setting and releasing ----------------------------------------------------------------------------- */

const char *mm_limits_error_text(int error)
{
    static const struct {
        int error;
        const char *text;
    } texts[] = {
        {-EALREADY, "it is limited already"},
        {-EBUSY, "another policy owns this limit"},
        {-EINPROGRESS, "its old limit has not come back yet"},
        {-ENOSPC, "as many limits as the journal holds stand already"},
        {-EAGAIN, "the worker has as much to do as it can take"},
        {-ENAMETOOLONG, "its group's path is too long for the journal"},
        {-ENOENT, "its group is gone"},
        {-ENODEV, "its group is gone"},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(texts); i++) {
        if (texts[i].error == error)
            return texts[i].text;
    }
    return strerror(-error);
}

/* Why a file that is held cannot be claimed. */
static int refusal_of(const struct limit *limit, const char *owner)
{
    if (!limit->owner || limit->is_releasing)
        return -EINPROGRESS;
    return limit->owner == owner ? -EALREADY : -EBUSY;
}

/* Opens the group and journals; the file itself is not touched. */
static int hold(struct mm_limits *limits, const char *owner, const char *path, enum mm_group_value value,
                uint64_t written_bytes, bool is_transient)
{
    struct mm_kernel *kernel = limits->kernel;
    struct mm_limit_entry content = {
        .value = (uint32_t)value,
        .written_bytes = written_bytes,
        .is_transient = is_transient,
    };
    struct mm_group *group = NULL;
    int index = mm_limit_journal_find_held(limits->journal, path, value);
    int result;

    if (index >= 0)
        return refusal_of(&limits->limits[index], owner);
    index = mm_limit_journal_find_free(limits->journal);
    if (index < 0)
        return index;
    if (strlen(path) >= sizeof(content.path))
        return -ENAMETOOLONG;
    mm_copy_text(content.path, sizeof(content.path), path);
    result = kernel->ops->open_group(kernel, path, &group);
    if (result < 0)
        return result;
    result = kernel->ops->read_group(kernel, group, value, &content.old_bytes);
    if (result < 0) {
        kernel->ops->close_group(kernel, group);
        return result;
    }
    content.group_id = kernel->ops->group_id(kernel, group);
    mm_limit_entry_write(&limits->journal->entries[index], &content);
    limits->limits[index] = (struct limit){.group = group, .owner = owner};
    return index;
}

int mm_limits_set(struct mm_limits *limits, const char *owner, const char *path, enum mm_group_value value,
                  uint64_t bytes)
{
    int index = hold(limits, owner, path, value, bytes, false);
    int result;

    if (index < 0)
        return index;
    result = submit(limits, (unsigned)index, SET_JOB, bytes);
    if (result < 0) {
        forget(limits, (unsigned)index);
        return result;
    }
    return index;
}

int mm_limits_claim_transient(struct mm_limits *limits, const char *owner, const char *path,
                              enum mm_group_value value)
{
    return hold(limits, owner, path, value, MM_UNKNOWN, true);
}

struct mm_lowered_limit *mm_limits_lowered(struct mm_limits *limits, int index)
{
    return &limits->journal->entries[index].lowered;
}

void mm_limits_release(struct mm_limits *limits, int index)
{
    struct limit *limit = &limits->limits[index];

    if (!is_held(limits, (unsigned)index) || limit->is_releasing)
        return;
    limit->is_releasing = true;
    /* a write under way would undo the restore: it is waited for, its notice goes on */
    if (limit->job == SET_JOB)
        limits->kernel->ops->cancel_jobs(limits->kernel);
    else
        restore(limits, (unsigned)index, true);
}

static bool is_cancelled(int error)
{
    return error == -ECANCELED || error == -EINTR;
}

/* The limit could not be written, as when a decision to kill cancelled it: unless it stands all the same
   there is nothing to answer for. */
static void drop_if_not_written(struct mm_limits *limits, unsigned index, int error)
{
    const struct mm_limit_entry *entry = &limits->journal->entries[index];
    uint64_t present_bytes = 0;
    int result = limits->kernel->ops->read_group(limits->kernel, limits->limits[index].group,
                                                 (enum mm_group_value)entry->value, &present_bytes);

    if (!is_group_gone(result) && (result < 0 || is_ours(limits, entry, present_bytes)))
        return;
    if (!is_cancelled(error))
        say(limits, entry, false, "limit", mm_limits_error_text(error));
    forget(limits, index);
}

void mm_limits_on_notice(struct mm_limits *limits, const struct mm_notice *notice)
{
    uint64_t index = notice->cookie & ~COOKIE_LIMITS;
    struct limit *limit;
    enum limit_job job;

    if (notice->kind != MM_NOTICE_JOB_DONE || (notice->cookie & COOKIE_LIMITS) != COOKIE_LIMITS ||
        index >= MM_LIMITS_MAX || limits->limits[index].job == NO_JOB)
        return;
    limit = &limits->limits[index];
    job = limit->job;
    limit->job = NO_JOB;
    if (job == RESTORE_JOB && notice->error < 0 && !is_cancelled(notice->error))
        say_stuck(limits, (unsigned)index, notice->error);
    if (limit->is_releasing)
        /* a restore that was cancelled is not begun again at once: whoever cancelled had a reason */
        restore(limits, (unsigned)index, job == SET_JOB);
    else if (notice->error < 0)
        drop_if_not_written(limits, (unsigned)index, notice->error);
}

/* ---- the end ------------------------------------------------------------------------------------------- */

void mm_limits_release_all(struct mm_limits *limits)
{
    bool is_writing = false;

    limits->is_held_back = false;
    for (unsigned i = 0; i < MM_LIMITS_MAX; i++) {
        if (is_held(limits, i)) {
            limits->limits[i].is_releasing = true;
            is_writing = is_writing || limits->limits[i].job == SET_JOB;
        }
    }
    /* once, and before anything is given to the worker to restore */
    if (is_writing)
        limits->kernel->ops->cancel_jobs(limits->kernel);
    mm_limits_retry(limits);
}

bool mm_limits_has_jobs(const struct mm_limits *limits)
{
    for (unsigned i = 0; i < MM_LIMITS_MAX; i++) {
        if (limits->limits[i].job != NO_JOB)
            return true;
    }
    return false;
}

void mm_limits_free(struct mm_limits *limits)
{
    if (!limits)
        return;
    mm_event_center_disarm(limits->center, &limits->retry_timer);
    for (unsigned i = 0; i < MM_LIMITS_MAX; i++) {
        /* a worker may still use the group of a pending job: the kernel's end is left to close it */
        if (limits->limits[i].group && limits->limits[i].job == NO_JOB)
            limits->kernel->ops->close_group(limits->kernel, limits->limits[i].group);
    }
    free(limits);
}

/* ---- looking ------------------------------------------------------------------------------------------- */

int mm_limits_next(const struct mm_limits *limits, const char *owner, int after)
{
    for (int i = after + 1; i < MM_LIMITS_MAX; i++) {
        if (is_held(limits, (unsigned)i) && limits->limits[i].owner == owner &&
            !limits->limits[i].is_releasing)
            return i;
    }
    return -1;
}

const char *mm_limits_path(const struct mm_limits *limits, int index)
{
    return limits->journal->entries[index].path;
}

struct mm_group *mm_limits_group(const struct mm_limits *limits, int index)
{
    return limits->limits[index].group;
}

void mm_limits_count(const struct mm_limits *limits, uint32_t *ret_held, uint32_t *ret_left)
{
    uint32_t held = 0;
    uint32_t left = 0;

    for (unsigned i = 0; i < MM_LIMITS_MAX; i++) {
        if (!is_held(limits, i))
            continue;
        if (limits->limits[i].owner)
            held++;
        else
            left++;
    }
    *ret_held = held;
    *ret_left = left;
}
