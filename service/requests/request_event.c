/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "event": a client reports what an application or an account does. What it says of a process is held
 * against the kernel before anybody acts on it.
 */
#include "service/requests/request_subject.h"

#include "common/common.h"
#include "service/shared/event_words.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Account ids are the upper part of a uid; the range leaves room for systems that count differently. */
#define ACCOUNT_MAX INT32_MAX
#define UID_MAX     (UINT32_MAX - 1) /* (uid_t)-1 means "no user" in system calls */

const struct mm_field mm_request_event_fields[] = {
    {"event", MM_FIELD_TEXT, true, 1, 63},
    {"pid", MM_FIELD_INTEGER, false, 1, INT32_MAX},
    {"uid", MM_FIELD_INTEGER, false, 0, UID_MAX},
    {"name", MM_FIELD_TEXT, false, 1, MM_NAME_MAX - 1},
    {"process_name", MM_FIELD_TEXT, false, 1, MM_NAME_MAX - 1},
    {"account", MM_FIELD_INTEGER, false, 0, ACCOUNT_MAX},
    {"caller_pid", MM_FIELD_INTEGER, false, 1, INT32_MAX},
    {"caller_uid", MM_FIELD_INTEGER, false, 0, UID_MAX},
    {"start_time", MM_FIELD_INTEGER, false, 1, MM_JSON_INTEGER_MAX},
    {"level", MM_FIELD_TEXT, false, 1, 63},
    {.name = NULL},
};

static const char *word_at(size_t index, const void *user)
{
    size_t count;
    const struct mm_event_word *words = mm_event_words(&count);

    (void)user;
    return index < count ? words[index].word : NULL;
}

static const struct mm_event_word *read_word(struct mm_request *request)
{
    const char *text = mm_request_text(request, "event", "");
    const struct mm_event_word *word = mm_event_word_find(text);
    const char *nearest;

    if (word)
        return word;
    nearest = mm_nearest_name(text, word_at, NULL);
    if (nearest)
        (void)mm_request_refuse(request, "bad-field",
                                "field \"event\": unknown event \"%.64s\", is \"%s\" meant?", text, nearest);
    else
        (void)mm_request_refuse(request, "bad-field", "field \"event\": unknown event \"%.64s\"", text);
    return NULL;
}

/* The fields that this word needs and takes. */
static int check_word_fields(struct mm_request *request, const struct mm_event_word *word)
{
    for (unsigned bit = 0; bit < MM_EVENT_FIELD_COUNT; bit++) {
        enum mm_event_field field = (enum mm_event_field)(1u << bit);
        const char *name = mm_event_field_name(field);
        bool is_given = mm_request_has(request, name);

        if (!is_given && (word->required & field))
            return mm_request_refuse(request, "missing-field", "event \"%s\" needs the field \"%s\"",
                                     word->word, name);
        if (is_given && !(word->allowed & field))
            return mm_request_refuse(request, "unknown-field", "event \"%s\" takes no field \"%s\"",
                                     word->word, name);
    }
    return 0;
}

/* The process that the event is about. */
static int check_process(struct mm_request *request, const struct mm_event_word *word,
                         struct mm_subject *subject)
{
    const struct mm_process *known = mm_priority_manager_find(request->context->manager, subject->pid);
    int result = mm_subject_check_protected(request, subject->pid);

    if (result < 0)
        return result;
    if (word->reason == MM_REASON_PROCESS_TERMINATED && known &&
        mm_subject_has_ended(request, subject->pid)) {
        /* The end of a process is told after it, as a rule: what was known of it has to do. */
        subject->uid = known->uid;
        subject->start_time_ticks = known->start_time_ticks;
    } else {
        result = mm_subject_read(request, subject);
        if (result < 0)
            return result;
        result = mm_subject_check_domain(request, subject->pid);
        if (result < 0)
            return result;
    }
    result = mm_subject_check_start_time(request, subject);
    return result < 0 ? result : mm_subject_check_owner(request, subject);
}

/* Who binds, or whose render process it is. */
static int check_caller(struct mm_request *request, const struct mm_event_word *word,
                        const struct mm_subject *of, struct mm_subject *caller)
{
    int result;

    if (caller->pid == 0) {
        if (!mm_request_has(request, "caller_uid"))
            return 0;
        return mm_request_refuse(request, "missing-field", "\"caller_uid\" needs the field \"caller_pid\"");
    }
    if (caller->pid == of->pid)
        return mm_request_refuse(request, "bad-field", "field \"caller_pid\": a process cannot %s itself",
                                 word->word);
    /* A caller that has ended binds nothing any more; to say so is right. */
    if (word->reason == MM_REASON_UNBIND_EXTENSION && mm_subject_has_ended(request, caller->pid)) {
        caller->uid = (uid_t)mm_request_integer(request, "caller_uid", 0);
        return 0;
    }
    result = mm_subject_read(request, caller);
    return result < 0 ? result : mm_subject_check_owner(request, caller);
}

static void write_outcome(struct mm_request *request, pid_t pid)
{
    const struct mm_process *process = mm_priority_manager_find(request->context->manager, pid);

    mm_json_signed(request->writer, "pid", pid);
    mm_json_bool(request->writer, "listed", process != NULL);
    mm_json_bool(request->writer, "registered", process && process->bundle->is_registered);
    if (!process)
        return;
    if (process->bundle->is_registered) /* a report that names another one is told so by it */
        mm_json_signed(request->writer, "account", mm_bundle_account_id(process->bundle));
    mm_json_signed(request->writer, "priority", process->priority);
    mm_json_signed(request->writer, "oom_score_adj", process->written_oom_score_adj);
    mm_json_text(request->writer, "rule", mm_priority_rule_name((enum mm_priority_rule)process->rule));
}

static int report_application(struct mm_request *request, const struct mm_event_word *word)
{
    struct mm_subject subject = {.pid_field = "pid", .uid_field = "uid"};
    struct mm_subject caller = {.pid_field = "caller_pid", .uid_field = "caller_uid"};
    const struct mm_priority_counters *counters = mm_priority_manager_counters(request->context->manager);
    uint64_t refused = counters->refused_events;
    struct mm_event event = {.kind = MM_EVENT_APPLICATION};
    struct mm_event_application *application = &event.payload.application;
    int result;

    subject.pid = (pid_t)mm_request_integer(request, "pid", 0);
    caller.pid = (pid_t)mm_request_integer(request, "caller_pid", 0);
    result = check_process(request, word, &subject);
    if (result == 0)
        result = check_caller(request, word, &subject, &caller);
    if (result < 0)
        return result;

    event.pid = subject.pid;
    event.uid = subject.uid;
    application->reason = word->reason;
    application->account_id = mm_request_integer(request, "account", -1);
    application->caller_pid = caller.pid;
    application->caller_uid = caller.uid;
    application->start_time_ticks = subject.start_time_ticks;
    mm_copy_text(application->name, sizeof(application->name), mm_request_text(request, "name", ""));
    mm_copy_text(application->process_name, sizeof(application->process_name),
                 mm_request_text(request, "process_name", ""));
    mm_event_center_publish(request->context->center, &event);
    /* all else that the manager refuses to bind was found before */
    if (word->reason == MM_REASON_BIND_EXTENSION && counters->refused_events > refused)
        return mm_request_refuse(request, "too-many", "no more binds can be kept, there are %u",
                                 counters->bindings);
    write_outcome(request, subject.pid);
    return 0;
}

static int report_account(struct mm_request *request, const struct mm_event_word *word)
{
    const struct mm_priority_counters *counters = mm_priority_manager_counters(request->context->manager);
    uint64_t refused = counters->refused_events;
    struct mm_event event = {.kind = MM_EVENT_ACCOUNT};

    event.payload.account.account_id = mm_request_integer(request, "account", 0);
    event.payload.account.change = (enum mm_account_change)word->change;
    mm_event_center_publish(request->context->center, &event);
    if (counters->refused_events > refused)
        return mm_request_refuse(request, "too-many", "no more accounts can be told apart, %u are known",
                                 counters->accounts);
    mm_json_signed(request->writer, "account", event.payload.account.account_id);
    return 0;
}

/* Which word this one takes back. */
static unsigned opposite(enum mm_device_change change)
{
    static const unsigned opposites[MM_DEVICE_CHANGE_COUNT] = {
        [MM_DEVICE_SCREEN_ON] = 1U << MM_DEVICE_SCREEN_OFF,
        [MM_DEVICE_SCREEN_OFF] = 1U << MM_DEVICE_SCREEN_ON,
        [MM_DEVICE_POWER_CONNECTED] = 1U << MM_DEVICE_POWER_DISCONNECTED,
        [MM_DEVICE_POWER_DISCONNECTED] = 1U << MM_DEVICE_POWER_CONNECTED,
    };

    return opposites[change];
}

static int report_device(struct mm_request *request, const struct mm_event_word *word)
{
    struct mm_event event = {
        .kind = MM_EVENT_DEVICE,
        .payload.device.change = (enum mm_device_change)word->change,
    };

    *request->device_changes &= ~opposite(event.payload.device.change);
    *request->device_changes |= 1U << word->change;
    mm_info("the device: %s, says process %d", word->word, (int)request->client->peer.pid);
    mm_event_center_publish(request->context->center, &event);
    return 0;
}

static uint64_t available_bytes(const struct mm_request *request)
{
    struct mm_kernel *kernel = request->context->kernel;
    struct mm_memory_state memory;

    return kernel->ops->read_memory(kernel, &memory) < 0 ? 0 : memory.available_bytes;
}

/* Root's alone: it has every subscriber act as if memory were so. The engine's own level stays what it is. */
static int inject_level(struct mm_request *request, const struct mm_event_word *word)
{
    const char *text = mm_request_text(request, "level", "");
    struct mm_event event = {.kind = MM_EVENT_MEMORY_LEVEL};
    struct mm_reclaim_status status = {0};
    enum mm_memory_level level;

    (void)word;
    if (!mm_requests_is_root(request->context, &request->client->peer))
        return mm_request_refuse(request, "permission-denied", "uid %u may not inject a level, only root may",
                                 (unsigned)request->client->peer.uid);
    if (mm_memory_level_parse(text, &level) < 0)
        return mm_request_refuse(request, "bad-field",
                                 "field \"level\": unknown level \"%.64s\", expected none, purgeable, "
                                 "moderate, low or critical",
                                 text);
    if (request->context->reclaim)
        mm_reclaim_strategy_status(request->context->reclaim, &status);
    event.payload.level = (struct mm_event_level){.level = level,
                                                  .previous = status.level,
                                                  .cause = MM_LEVEL_INJECTED,
                                                  .available_bytes = available_bytes(request)};
    mm_notice("memory level %s is told to clients, injected by process %d; it is %s", text,
              (int)request->client->peer.pid, mm_memory_level_name(status.level));
    mm_event_center_publish(request->context->center, &event);
    mm_json_text(request->writer, "level", text);
    mm_json_text(request->writer, "real_level", mm_memory_level_name(status.level));
    return 0;
}

int mm_request_event(struct mm_request *request)
{
    static int (*const reports[])(struct mm_request *, const struct mm_event_word *) = {
        [MM_SUBJECT_APPLICATION] = report_application,
        [MM_SUBJECT_ACCOUNT] = report_account,
        [MM_SUBJECT_LEVEL] = inject_level,
        [MM_SUBJECT_DEVICE] = report_device,
    };
    const struct mm_event_word *word = read_word(request);
    int result;

    if (!word)
        return -ECANCELED;
    result = check_word_fields(request, word);
    if (result < 0)
        return result;
    return reports[word->subject](request, word);
}
