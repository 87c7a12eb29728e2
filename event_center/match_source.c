/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/match_source.h"

#include "common/common.h"
#include "event_center/match_program.h"
#include "event_center/match_protocol.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* Newcomers between two answers: a burst of forks. Beyond that all are asked about anew. */
#define QUEUE_MAX 256U
/* How soon a process that was killed is asked for again: it is as good as dead, but the kernel may hold it. */
#define REAP_MS      20
#define REAP_MOST_MS 2000

/* Idle memory is memory for the kernel to count, so what is large here is allocated when it is needed. */
struct mm_match_source {
    struct mm_event_center *center;
    struct mm_match_source_options options;
    const struct mm_config *config;
    struct mm_match_program program;
    bool is_watched; /* the socket */
    bool is_killing, is_critical;
    bool must_list;  /* all are to be asked about */
    bool has_missed; /* some were asked about in vain */
    bool has_moved;  /* somebody, and it was not told who */

    pid_t queue[QUEUE_MAX];
    unsigned queue_first, queue_count;
    pid_t *listed; /* of which those from listed_next on are still to be asked about; NULL: none */
    size_t listed_count, listed_next;
    struct mm_match_query asked[MM_MATCH_BATCH_MAX]; /* under way */
    unsigned asked_count;

    struct mm_timer work, answer, idle, scan, reap;
    uint64_t retry_ms, reap_ms, not_before_ns, failed_ns;
    uint64_t told_names; /* a bit for each name of a rule that was said to take too long */
    struct mm_match_source_status status;
};

_Static_assert(MM_EVENT_RULE_MAX == MM_RULE_NAME_MAX, "the name of a rule is copied whole");

const struct mm_match_times mm_match_default_times = {
    .settle = 1000, /* a shell's fork has become its program, and systemd has put it into its group */
    .answer = 5000, /* 32 processes take two milliseconds, and a busy machine has others to serve */
    .idle = 10000,
    .retry = 1000,
    .retry_most = 60000,
    .scan = 180000, /* as the dead are looked for */
    .moved = 10000, /* what is asked about all takes 50 us for each */
    .missed = 30000,
};

static void arm(struct mm_match_source *source, struct mm_timer *timer, uint64_t milliseconds)
{
    mm_event_center_arm(source->center, timer,
                        mm_event_center_now_ns(source->center) + milliseconds * MM_NS_PER_MS);
}

/* Not worth a wake-up of its own for long. */
static void arm_lazily(struct mm_match_source *source, struct mm_timer *timer, uint64_t milliseconds)
{
    timer->slack_ns = milliseconds / 4 * MM_NS_PER_MS;
    arm(source, timer, milliseconds);
}

/* Newcomers are looked for, and all asked about where that is due, that soon at least. */
static void look_within(struct mm_match_source *source, uint64_t milliseconds)
{
    uint64_t due_ns = mm_event_center_now_ns(source->center) + milliseconds * MM_NS_PER_MS;

    if (!mm_timer_is_armed(&source->scan) || source->scan.deadline_ns > due_ns)
        arm_lazily(source, &source->scan, milliseconds);
}

static bool is_calm(const struct mm_match_source *source)
{
    return !source->is_killing && !source->is_critical;
}

static bool is_in_effect(const struct mm_match_source *source)
{
    return source->config->process_rules.has_built_in || source->config->process_rules.rule_count > 0;
}

/* ---- who is to be asked about ----------------------------------------------------------------------------- */

static void work_later(struct mm_match_source *source, uint64_t milliseconds)
{
    if (is_in_effect(source) && !mm_timer_is_armed(&source->work))
        arm(source, &source->work, milliseconds);
}

static void drop(struct mm_match_source *source, unsigned count)
{
    source->status.dropped += count;
    source->must_list = true;
}

static void want(struct mm_match_source *source, pid_t pid)
{
    if (source->queue_count == QUEUE_MAX) {
        drop(source, 1);
        return;
    }
    source->queue[(source->queue_first + source->queue_count++) % QUEUE_MAX] = pid;
    work_later(source, source->options.times->settle);
}

static void forget_listed(struct mm_match_source *source)
{
    free(source->listed);
    source->listed = NULL;
    source->listed_count = source->listed_next = 0;
}

static void list_all(struct mm_match_source *source)
{
    const struct mm_match_source_options *options = &source->options;
    size_t capacity = options->list(NULL, 0, options->user);

    forget_listed(source);
    source->must_list = source->has_missed = source->has_moved = false;
    source->queue_count = 0;
    if (capacity == 0)
        return;
    source->listed = calloc(capacity, sizeof(*source->listed));
    if (!source->listed) {
        source->must_list = true;
        return;
    }
    source->listed_count = MM_MIN(options->list(source->listed, capacity, options->user), capacity);
}

/* 0: nobody. */
static pid_t take_next(struct mm_match_source *source)
{
    pid_t pid = 0;

    if (source->queue_count > 0) {
        pid = source->queue[source->queue_first];
        source->queue_first = (source->queue_first + 1) % QUEUE_MAX;
        source->queue_count--;
    } else if (source->listed_next < source->listed_count) {
        pid = source->listed[source->listed_next++];
    } else {
        forget_listed(source);
    }
    return pid;
}

static void fill_question(struct mm_match_source *source)
{
    pid_t pid = 1;

    if (source->must_list && !source->listed)
        list_all(source);
    while (source->asked_count < MM_MATCH_BATCH_MAX && (pid = take_next(source)) > 0) {
        uint64_t start_time_ticks;

        if (source->options.find(pid, &start_time_ticks, source->options.user))
            source->asked[source->asked_count++] =
                (struct mm_match_query){.pid = pid, .start_time_ticks = start_time_ticks};
    }
}

static bool has_more(const struct mm_match_source *source)
{
    return source->queue_count > 0 || source->listed || source->must_list;
}

/* ---- the program ------------------------------------------------------------------------------------------ */

static void watch(struct mm_match_source *source)
{
    if (source->is_watched || source->program.socket < 0)
        return;
    source->is_watched =
        mm_event_center_watch_fd(source->center, source, source->program.socket, EPOLLIN, 0) == 0;
}

static void forget(struct mm_match_source *source)
{
    if (source->is_watched)
        mm_event_center_forget_fd(source->center, source->program.socket);
    source->is_watched = false;
}

static void end_program(struct mm_match_source *source)
{
    forget(source);
    mm_event_center_disarm(source->center, &source->answer);
    mm_event_center_disarm(source->center, &source->idle);
    mm_match_program_end(&source->program);
    source->reap_ms = REAP_MS;
    if (!mm_match_program_reap(&source->program))
        arm(source, &source->reap, source->reap_ms);
}

/* Those it was asked about may be why: others come first, and they are asked about when newcomers are looked for. */
static void fail(struct mm_match_source *source, const char *what)
{
    const struct mm_match_times *times = source->options.times;
    uint64_t now_ns = mm_event_center_now_ns(source->center);
    /* what goes on and on is said once */
    bool is_news = strcmp(source->status.failure, what) != 0;

    source->status.failures++;
    source->status.dropped += source->asked_count;
    if (source->asked_count > 0) {
        source->has_missed = true;
        look_within(source, times->missed);
    }
    source->asked_count = 0;
    mm_copy_text(source->status.failure, sizeof(source->status.failure), what);
    /* one good answer makes no sound program */
    if (source->retry_ms == 0 || now_ns - source->failed_ns > 2 * MM_NS_PER_MS * times->retry_most)
        source->retry_ms = times->retry;
    else
        source->retry_ms = MM_MIN(source->retry_ms * 2, times->retry_most);
    source->failed_ns = now_ns;
    source->not_before_ns = now_ns + source->retry_ms * MM_NS_PER_MS;
    mm_log(is_news ? MM_LOG_WARNING : MM_LOG_INFO, "process rules: memmgr-match %s; tried again in %llu ms",
           what, (unsigned long long)source->retry_ms);
    end_program(source);
    mm_event_center_disarm(source->center, &source->work);
    if (has_more(source))
        work_later(source, source->retry_ms);
}

static void fail_with(struct mm_match_source *source, const char *what, int error)
{
    char text[sizeof(source->status.failure)];

    (void)mm_format(text, sizeof(text), "%s: %s", what, strerror(-error));
    fail(source, text);
}

static bool start(struct mm_match_source *source)
{
    int r;

    if (source->program.pid > 0)
        return source->program.socket >= 0;
    r = mm_match_program_start(&source->program, source->options.program_path,
                               &source->config->process_rules);
    if (r < 0) {
        fail_with(source, "cannot be started", r);
        return false;
    }
    source->status.starts++;
    watch(source);
    return true;
}

static void ask(struct mm_match_source *source)
{
    struct mm_match_queries question = {.magic = MM_MATCH_MAGIC, .count = source->asked_count};
    int r;

    memcpy(question.at, source->asked, source->asked_count * sizeof(question.at[0]));
    r = mm_match_program_send(&source->program, &question, mm_match_queries_size(question.count));
    if (r < 0) {
        fail_with(source, "cannot be asked", r);
        return;
    }
    source->status.asked += source->asked_count;
    mm_event_center_disarm(source->center, &source->idle);
    arm(source, &source->answer, source->options.times->answer);
}

static void work(struct mm_timer *timer, void *user)
{
    struct mm_match_source *source = user;
    uint64_t now_ns = mm_event_center_now_ns(source->center);

    (void)timer;
    /* what ends one of these comes back here */
    if (!is_calm(source) || source->asked_count > 0 || !is_in_effect(source) || !has_more(source))
        return;
    if (now_ns < source->not_before_ns) {
        mm_event_center_arm(source->center, &source->work, source->not_before_ns);
        return;
    }
    if (!start(source))
        return;
    fill_question(source);
    if (source->asked_count > 0)
        ask(source);
    else
        arm_lazily(source, &source->idle, source->options.times->idle);
}

/* ---- answers ---------------------------------------------------------------------------------------------- */

static void tell_gave_up(struct mm_match_source *source, const char *name)
{
    uint64_t bit;
    unsigned hash = 0;

    if (!name[0])
        return;
    for (const char *c = name; *c; c++)
        hash = hash * 31 + (unsigned char)*c;
    bit = 1ULL << hash % 64;
    source->status.gave_up++;
    if (source->told_names & bit)
        return;
    source->told_names |= bit;
    mm_warning(
        "process rules: a pattern of \"%s\" takes too long for some process, and does not take it; make it "
        "simpler: \"memmgrctl match PID\" shows which",
        name);
}

static void publish(const struct mm_match_source *source, const struct mm_match_answer *answer)
{
    struct mm_event event = {
        .kind = MM_EVENT_PROCESS_MATCHED,
        .pid = answer->pid,
        .uid = (uid_t)-1,
        .payload.match =
            {
                .start_time_ticks = answer->start_time_ticks,
                .has_rule = answer->rule >= 0,
                .is_built_in = answer->is_built_in,
                .priority = answer->priority,
                .process_class = answer->process_class,
                .bundle_key = answer->bundle_key,
            },
    };

    mm_copy_text(event.payload.match.rule, sizeof(event.payload.match.rule), answer->rule_name);
    (void)mm_printable(answer->bundle, strlen(answer->bundle), event.payload.match.bundle,
                       sizeof(event.payload.match.bundle));
    mm_event_center_publish(source->center, &event);
}

static bool is_about_what_was_asked(const struct mm_match_source *source,
                                    const struct mm_match_answers *answers)
{
    if (answers->count != source->asked_count)
        return false;
    for (uint32_t i = 0; i < answers->count; i++) {
        const struct mm_match_query *query = &source->asked[i];

        if (answers->at[i].pid != query->pid ||
            (query->start_time_ticks != 0 && answers->at[i].start_time_ticks != query->start_time_ticks))
            return false;
    }
    return true;
}

static void take(struct mm_match_source *source, const struct mm_match_answers *answers)
{
    source->asked_count = 0;
    mm_event_center_disarm(source->center, &source->answer);
    for (uint32_t i = 0; i < answers->count; i++) {
        const struct mm_match_answer *answer = &answers->at[i];

        tell_gave_up(source, answer->gave_up_name);
        if (answer->rule == MM_MATCH_GONE)
            continue;
        *(answer->rule >= 0 ? &source->status.matched : &source->status.unmatched) += 1;
        publish(source, answer);
    }
    if (has_more(source))
        work_later(source, 0);
    else
        arm_lazily(source, &source->idle, source->options.times->idle);
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct mm_match_source *source = self;
    struct mm_match_answers answers; /* ten KiB of a stack that is there anyway */
    ssize_t length = mm_match_program_receive(&source->program, &answers, sizeof(answers));

    (void)tag;
    (void)events;
    if (length == -EAGAIN)
        return;
    if (length == 0)
        fail(source, "has ended");
    else if (length < 0)
        fail_with(source, "cannot be listened to", (int)length);
    else if (mm_match_answers_check(&answers, (size_t)length) < 0 ||
             !is_about_what_was_asked(source, &answers))
        fail(source, "answered what was not asked");
    else
        take(source, &answers);
}

/* ---- timers and events ------------------------------------------------------------------------------------ */

static void on_answer_due(struct mm_timer *timer, void *user)
{
    struct mm_match_source *source = user;

    (void)timer;
    if (!source->is_killing)
        fail(source, "did not answer");
}

static void on_idle(struct mm_timer *timer, void *user)
{
    struct mm_match_source *source = user;

    (void)timer;
    if (source->asked_count == 0)
        end_program(source);
}

static void on_scan_due(struct mm_timer *timer, void *user)
{
    struct mm_match_source *source = user;

    arm_lazily(source, timer, source->options.times->scan);
    if (!is_calm(source) || !is_in_effect(source))
        return;
    source->options.want_scan(source->options.user);
    source->must_list |= source->has_missed || source->has_moved;
    if (has_more(source))
        work_later(source, source->options.times->settle);
}

static void on_reap(struct mm_timer *timer, void *user)
{
    struct mm_match_source *source = user;

    source->reap_ms = MM_MIN(source->reap_ms * 2, REAP_MOST_MS);
    if (!mm_match_program_reap(&source->program))
        arm(source, timer, source->reap_ms);
    else if (has_more(source))
        work_later(source, 0);
}

/* The rules of the old one are the program's: it goes with them. */
static void use_config(struct mm_match_source *source, const struct mm_config *config)
{
    source->config = config;
    source->told_names = 0;
    source->retry_ms = 0;
    source->not_before_ns = 0;
    source->asked_count = 0;
    end_program(source);
    source->must_list = true;
    forget_listed(source);
    mm_event_center_disarm(source->center, &source->work);
    work_later(source, 0);
}

/* An answer that came meanwhile is read now, one that did not has its whole time from now on. */
static void resume(struct mm_match_source *source)
{
    if (!is_calm(source))
        return;
    watch(source);
    if (source->asked_count > 0)
        arm(source, &source->answer, source->options.times->answer);
    else if (has_more(source))
        work_later(source, 0);
}

/* Of a group that somebody entered it is not told who: where BPF tells who moves there is no such event. */
static void note_group(struct mm_match_source *source, enum mm_group_change change)
{
    if (change != MM_GROUP_ENTERED || source->has_moved)
        return;
    source->has_moved = true;
    look_within(source, source->options.times->moved);
}

static void on_event(const struct mm_event *event, void *user)
{
    struct mm_match_source *source = user;

    switch (event->kind) {
    case MM_EVENT_PROCESS_FOUND:
    case MM_EVENT_OOM_SCORE_ADJ:
        want(source, event->pid);
        break;
    case MM_EVENT_GROUP:
        note_group(source, event->payload.group.change);
        break;
    case MM_EVENT_CONFIG:
        use_config(source, event->payload.config);
        break;
    case MM_EVENT_KILL_BEGIN:
        source->is_killing = true;
        forget(source);
        break;
    case MM_EVENT_KILL_END:
        source->is_killing = false;
        resume(source);
        break;
    case MM_EVENT_MEMORY_LEVEL:
        source->is_critical = event->payload.level.level >= MM_LEVEL_CRITICAL;
        resume(source);
        break;
    default:
        break;
    }
}

/* ---- making and ending ------------------------------------------------------------------------------------ */

static void close_source(void *self)
{
    struct mm_match_source *source = self;
    struct mm_timer *const timers[] = {&source->work, &source->answer, &source->idle, &source->scan,
                                       &source->reap};

    for (size_t i = 0; i < MM_ARRAY_SIZE(timers); i++)
        mm_event_center_disarm(source->center, timers[i]);
    mm_event_center_unsubscribe(source->center, on_event, source);
    forget(source);
    mm_match_program_end(&source->program);
    (void)mm_match_program_reap(&source->program);
    forget_listed(source);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "process rules",
    .ready = ready,
    .close = close_source,
};

static void init_timers(struct mm_match_source *source)
{
    mm_timer_init(&source->work, work, source);
    mm_timer_init(&source->answer, on_answer_due, source);
    mm_timer_init(&source->idle, on_idle, source);
    mm_timer_init(&source->scan, on_scan_due, source);
    mm_timer_init(&source->reap, on_reap, source);
}

int mm_match_source_add(struct mm_event_center *center, const struct mm_match_source_options *options,
                        struct mm_match_source **ret_source)
{
    const uint32_t kinds = 1u << MM_EVENT_PROCESS_FOUND | 1u << MM_EVENT_OOM_SCORE_ADJ |
                           1u << MM_EVENT_CONFIG | 1u << MM_EVENT_KILL_BEGIN | 1u << MM_EVENT_KILL_END |
                           1u << MM_EVENT_MEMORY_LEVEL | 1u << MM_EVENT_GROUP;
    struct mm_match_source *source = calloc(1, sizeof(*source));
    int r;

    if (!source)
        return -ENOMEM;
    source->center = center;
    source->options = *options;
    source->config = options->config;
    source->program.socket = -1;
    source->must_list = true;
    init_timers(source);
    r = mm_event_center_add_source(center, &source_ops, source);
    if (r < 0) {
        free(source);
        return r;
    }
    r = mm_event_center_subscribe(center, MM_RANK_OBSERVER, kinds, on_event, source);
    if (r < 0)
        return r;
    work_later(source, options->times->settle);
    arm_lazily(source, &source->scan, options->times->scan);
    *ret_source = source;
    return 0;
}

void mm_match_source_read_status(const struct mm_match_source *source,
                                 struct mm_match_source_status *ret_status)
{
    *ret_status = source->status;
    ret_status->is_in_effect = is_in_effect(source);
    ret_status->rules = (unsigned)source->config->process_rules.rule_count;
    ret_status->has_built_in = source->config->process_rules.has_built_in;
    ret_status->has_user_programs =
        ret_status->has_built_in && source->config->process_rules.has_user_programs;
    ret_status->pid = source->program.socket >= 0 ? source->program.pid : 0;
}
