/* SPDX-License-Identifier: Apache-2.0 */
/* What programs tell the daemon: reports, critical processes, registered applications, subscriptions. */
#include "session.h"

#include "start_time.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define REPORT_SIZE  (offsetof(struct memmgr_report, start_time) + sizeof(uint64_t))
#define OUTCOME_SIZE (offsetof(struct memmgr_outcome, is_remembered) + sizeof(int32_t))

/* What was refused is not remembered, what nobody answered is: it may have been heard or not, and is said again. */
static bool is_worth_remembering(int result)
{
    return result == 0 || result == -ENOTCONN || result == -ETIMEDOUT;
}

static int ask(struct memmgr_session *session)
{
    struct mm_json_span answer;

    return mm_session_ask(session, &answer);
}

/* ---- reports ----------------------------------------------------------------------------------------------- */

static bool is_name_fit(const char *name)
{
    return !name || (name[0] != '\0' && strnlen(name, MEMMGR_NAME_MAX) < MEMMGR_NAME_MAX);
}

/* A process, an account or neither, as the word wants it. */
static bool has_subject(const struct memmgr_report *report, const struct mm_report_word *word)
{
    if (word->is_account)
        return report->pid == 0 && report->account >= 0;
    return word->is_device ? report->pid == 0 && report->account < 0 : report->pid > 0;
}

static int check_report(const struct memmgr_report *report, const struct mm_report_word *word)
{
    bool has_caller = report->caller_pid > 0;

    if (!word || !has_subject(report, word) || report->caller_pid < 0 || report->account > INT32_MAX ||
        report->uid >= UINT32_MAX || report->caller_uid >= UINT32_MAX || !is_name_fit(report->name) ||
        !is_name_fit(report->process_name))
        return -EINVAL;
    if ((word->needs_caller && !has_caller) || (has_caller && !word->takes_caller) ||
        (!has_caller && report->caller_uid >= 0))
        return -EINVAL;
    return 0;
}

static void write_process(struct mm_body *body, const struct memmgr_report *report)
{
    uint64_t start_time = report->start_time ? report->start_time : mm_start_time_read(report->pid);

    mm_body_integer(body, "pid", report->pid);
    if (start_time > 0)
        mm_body_integer(body, "start_time", (int64_t)start_time);
    if (report->uid >= 0)
        mm_body_integer(body, "uid", report->uid);
    if (report->name)
        mm_body_text(body, "name", report->name);
    if (report->process_name)
        mm_body_text(body, "process_name", report->process_name);
    if (report->caller_pid > 0)
        mm_body_integer(body, "caller_pid", report->caller_pid);
    if (report->caller_uid >= 0)
        mm_body_integer(body, "caller_uid", report->caller_uid);
}

static void write_report(struct mm_body *body, const struct memmgr_report *report, const char *word)
{
    mm_body_begin(body, "event");
    mm_body_text(body, "event", word);
    if (report->pid > 0)
        write_process(body, report);
    if (report->account >= 0)
        mm_body_integer(body, "account", report->account);
}

/* Would it be said again to another daemon? */
static bool remember_report(struct memmgr_session *session, const struct memmgr_report *report,
                            const struct mm_report_word *word)
{
    int64_t subject = word->is_account ? report->account : report->pid;
    bool is_kept =
        word->effect != MM_EFFECT_NONE && word->effect != MM_EFFECT_DROP && word->effect != MM_EFFECT_END;

    if (word->effect == MM_EFFECT_SWITCH)
        write_report(&session->body, report, mm_report_word_find(MEMMGR_ACCOUNT_HOT_SWITCH)->word);
    return mm_remember(&session->remembered, word->effect, word->topic, subject, report->caller_pid,
                       session->body.text) == 0 &&
           is_kept;
}

static int report_checked(struct memmgr_session *session, const struct memmgr_report *report,
                          struct memmgr_outcome *ret_outcome)
{
    const struct mm_report_word *word = mm_report_word_find(report->word);
    struct mm_json_span answer = {0};
    int result = check_report(report, word);

    if (result < 0)
        return result;
    write_report(&session->body, report, word->word);
    result = mm_session_ask(session, &answer);
    if (result == 0) {
        mm_get_bool(answer, "listed", &ret_outcome->is_listed);
        mm_get_i32(answer, "priority", &ret_outcome->priority);
        mm_get_i32(answer, "oom_score_adj", &ret_outcome->oom_score_adj);
    }
    /* the end of one of which the daemon has heard before us is its end nevertheless */
    if (is_worth_remembering(result) || (result == -ESRCH && word->effect == MM_EFFECT_END))
        ret_outcome->is_remembered = remember_report(session, report, word);
    return result;
}

int memmgr_session_report(struct memmgr_session *session, const struct memmgr_report *report,
                          struct memmgr_outcome *outcome)
{
    struct memmgr_outcome ours = MEMMGR_OUTCOME_INIT;
    struct memmgr_report copy = MEMMGR_REPORT_INIT;
    int result = mm_copy_in(&copy, sizeof(copy), report, REPORT_SIZE);
    int copied = 0;

    if (session->is_visiting)
        return -EBUSY;
    if (result == 0 && outcome)
        result = outcome->size < OUTCOME_SIZE ? -EINVAL : 0;
    if (result < 0)
        return result;
    result = report_checked(session, &copy, &ours);
    if (outcome)
        copied = mm_copy_out(outcome, &ours, sizeof(ours), OUTCOME_SIZE);
    return result < 0 ? result : copied;
}

/* ---- what the daemon holds for as long as this connection lives ------------------------------------------------ */

static void write_subject(struct mm_body *body, const char *request, int32_t pid, int64_t uid)
{
    uint64_t start_time = mm_start_time_read(pid);

    mm_body_begin(body, request);
    mm_body_integer(body, "pid", pid);
    if (start_time > 0)
        mm_body_integer(body, "start_time", (int64_t)start_time);
    if (uid >= 0)
        mm_body_integer(body, "uid", uid);
}

/* What is held may not be remembered for want of room; then it ends with this connection, which is no failure. */
static int hold(struct memmgr_session *session, enum mm_topic topic, int32_t pid, bool is_begin)
{
    int result = ask(session);

    if (is_worth_remembering(result))
        (void)mm_remember(&session->remembered, is_begin ? MM_EFFECT_KEEP : MM_EFFECT_FORGET, topic, pid, 0,
                          session->body.text);
    return result;
}

int memmgr_session_set_critical(struct memmgr_session *session, int32_t pid, int critical)
{
    if (session->is_visiting)
        return -EBUSY;
    if (pid < 0)
        return -EINVAL;
    if (pid == 0)
        pid = getpid();
    write_subject(&session->body, "critical", pid, -1);
    mm_body_bool(&session->body, "critical", critical != 0);
    return hold(session, MM_TOPIC_CRITICAL, pid, critical != 0);
}

static int ask_about_app(struct memmgr_session *session, const char *request, int32_t pid, int64_t uid)
{
    if (session->is_visiting)
        return -EBUSY;
    if (pid <= 0 || uid < -1 || uid >= UINT32_MAX)
        return -EINVAL;
    write_subject(&session->body, request, pid, uid);
    return 0;
}

int memmgr_session_register_app(struct memmgr_session *session, int32_t pid, int64_t uid)
{
    int result = ask_about_app(session, "app-register", pid, uid);

    return result < 0 ? result : hold(session, MM_TOPIC_APP, pid, true);
}

int memmgr_session_deregister_app(struct memmgr_session *session, int32_t pid)
{
    int result = ask_about_app(session, "app-deregister", pid, -1);

    if (result < 0)
        return result;
    result = hold(session, MM_TOPIC_APP, pid, false);
    /* one that has ended is not to be registered again either */
    if (result == -ESRCH)
        (void)mm_remember(&session->remembered, MM_EFFECT_FORGET, MM_TOPIC_APP, pid, 0, "");
    return result;
}

int memmgr_session_reclaim_app(struct memmgr_session *session, int32_t pid)
{
    int result = ask_about_app(session, "app-reclaim", pid, -1);

    return result < 0 ? result : ask(session);
}

/* ---- subscriptions
   ------------------------------------------------------------------------------------------------ */

static int subscribe(struct memmgr_session *session, uint32_t subscriptions)
{
    const uint32_t with_levels = MEMMGR_SUBSCRIBE_LEVELS | MEMMGR_SUBSCRIBE_PURGEABLE;
    struct mm_json_span answer;
    uint32_t added;
    int result;

    if (subscriptions & ~(with_levels | MEMMGR_SUBSCRIBE_KILLS))
        return -EINVAL;
    mm_session_subscribe_body(&session->body, subscriptions);
    result = ask(session);
    if (!is_worth_remembering(result))
        return result;
    added = subscriptions & ~session->subscriptions;
    session->subscriptions = subscriptions;
    if (added & with_levels)
        session->told_level = MEMMGR_LEVEL_NONE;
    if (result < 0 || !(added & with_levels))
        return result;
    mm_body_begin(&session->body, "memory");
    result = mm_session_ask(session, &answer);
    if (result == 0)
        mm_session_tell_level(session, answer);
    mm_session_update_wake(session);
    return result;
}

int memmgr_session_subscribe(struct memmgr_session *session, uint32_t subscriptions)
{
    int result;

    if (session->is_visiting)
        return -EBUSY;
    mm_session_begin_call(session);
    result = subscribe(session, subscriptions);
    mm_session_end_call(session);
    return result;
}
