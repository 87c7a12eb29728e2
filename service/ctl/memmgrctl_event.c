/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl event": reports what an application or an account does. */
#include "service/ctl/memmgrctl_commands.h"

#include "common/common.h"
#include "service/shared/event_words.h"

#include <stdio.h>
#include <string.h>

/* The rows' order is that of the values in struct mm_ctl. */
static const struct mm_ctl_option options[] = {
    {"pid", "PID", "the process"},
    {"name", "NAME", "name of the bundle (application) it belongs to"},
    {"process-name", "NAME", "its name, where it is not the kernel's"},
    {"uid", "UID", "its owner; another one than the kernel's is refused"},
    {"account", "ID", "the account; without it, uid / 200000"},
    {"caller", "PID", "who binds it, or whose render process it is"},
    {"caller-uid", "UID", "the caller's owner"},
    {"start-time", "TICKS", "its start time (field 22 of stat): refuses a pid that was reused"},
    {"level", "LEVEL", "the memory level: none, purgeable, moderate, low or critical"},
    {.name = NULL},
};

/* How each option travels. */
static const struct field {
    const char *option, *name;
    bool is_text;
    int64_t min, max;
} fields[] = {
    {"pid", "pid", false, 1, INT32_MAX},
    {"name", "name", true, 0, 0},
    {"process-name", "process_name", true, 0, 0},
    {"uid", "uid", false, 0, UINT32_MAX - 1},
    {"account", "account", false, 0, INT32_MAX},
    {"caller", "caller_pid", false, 1, INT32_MAX},
    {"caller-uid", "caller_uid", false, 0, UINT32_MAX - 1},
    {"start-time", "start_time", false, 1, INT64_MAX >> 10},
    {"level", "level", true, 0, 0},
};

static const char *option_of(enum mm_event_field bit)
{
    const char *name = mm_event_field_name(bit);

    for (size_t i = 0; i < MM_ARRAY_SIZE(fields); i++) {
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].option;
    }
    return name;
}

static const struct mm_event_word *read_word(const struct mm_ctl *ctl)
{
    const char *text = ctl->arguments[0];
    const struct mm_event_word *word = mm_event_word_find(text), *words;
    struct mm_nearest nearest = mm_nearest_to(text);
    size_t count;

    if (word)
        return word;
    words = mm_event_words(&count);
    for (size_t i = 0; i < count; i++)
        mm_nearest_offer(&nearest, words[i].word);
    if (nearest.name)
        (void)mm_ctl_usage(ctl, "unknown event \"%s\", is \"%s\" meant?", text, nearest.name);
    else
        (void)mm_ctl_usage(ctl, "unknown event \"%s\"", text);
    return NULL;
}

static int add_field(const struct mm_ctl *ctl, cJSON *request, const struct field *field, const char *text)
{
    char complaint[32];
    int64_t number;
    int result;

    if (field->is_text) {
        (void)cJSON_AddStringToObject(request, field->name, text);
        return MM_CTL_OK;
    }
    (void)mm_format(complaint, sizeof(complaint), "--%s", field->option);
    result = mm_ctl_number(ctl, complaint, text, field->min, field->max, &number);
    if (result == MM_CTL_OK)
        (void)cJSON_AddNumberToObject(request, field->name, (double)number);
    return result;
}

/* The text of a field: the option's, or, for what the word is mainly about, the second argument. */
static const char *text_of(const struct mm_ctl *ctl, const struct mm_event_word *word,
                           const struct field *field)
{
    static const char *const main_fields[] = {
        [MM_SUBJECT_APPLICATION] = "pid", [MM_SUBJECT_ACCOUNT] = "account", [MM_SUBJECT_LEVEL] = "level"};
    const char *text = mm_ctl_option(ctl, field->option);

    if (!text && ctl->argument_count > 1 && strcmp(field->name, main_fields[word->subject]) == 0)
        return ctl->arguments[1];
    return text;
}

static int add_fields(const struct mm_ctl *ctl, cJSON *request, const struct mm_event_word *word)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(fields); i++) {
        const char *text = text_of(ctl, word, &fields[i]);
        int result = text ? add_field(ctl, request, &fields[i], text) : MM_CTL_OK;

        if (result != MM_CTL_OK)
            return result;
    }
    for (unsigned bit = 0; bit < MM_EVENT_FIELD_COUNT; bit++) {
        enum mm_event_field field = (enum mm_event_field)(1u << bit);
        bool is_given = cJSON_HasObjectItem(request, mm_event_field_name(field));

        if (!is_given && (word->required & field))
            return mm_ctl_usage(ctl, "event %s needs --%s", word->word, option_of(field));
        if (is_given && !(word->allowed & field))
            return mm_ctl_usage(ctl, "event %s takes no --%s", word->word, option_of(field));
    }
    return MM_CTL_OK;
}

/* Whose it stays, where --account says another. */
static void print_owner(const struct mm_ctl *ctl, const cJSON *answer)
{
    const cJSON *account = mm_json_get(answer, "account");
    const char *claimed = mm_ctl_option(ctl, "account");
    int64_t claim;

    if (claimed && cJSON_IsNumber(account) && mm_parse_i64(claimed, 0, INT32_MAX, &claim) == 0 &&
        (double)claim != account->valuedouble)
        (void)printf("; it is registered for account %.0f, and stays so", account->valuedouble);
}

/* An event about a process that is not registered changes nothing, but for the one that has ended its registration. */
static void print_process(const struct mm_ctl *ctl, const struct mm_event_word *word, const cJSON *answer)
{
    bool was_ignored =
        !mm_json_get_bool(answer, "registered") && word->reason != MM_REASON_PROCESS_TERMINATED;
    const char *remark = was_ignored ? "; not registered: ignored" : "";
    double pid = mm_json_get_number(answer, "pid");

    if (mm_json_get_bool(answer, "listed"))
        (void)printf("process %.0f: priority %.0f (%s)%s", pid, mm_json_get_number(answer, "priority"),
                     mm_json_get_text(answer, "rule"), remark);
    else
        (void)printf("process %.0f: not on the list%s", pid, remark);
    print_owner(ctl, answer);
    (void)putchar('\n');
}

static void print_outcome(const struct mm_ctl *ctl, const struct mm_event_word *word, const cJSON *answer)
{
    if (word->subject == MM_SUBJECT_LEVEL)
        (void)printf("level %s told to subscribers as injected; it is %s\n",
                     mm_json_get_text(answer, "level"), mm_json_get_text(answer, "real_level"));
    else if (word->subject == MM_SUBJECT_ACCOUNT)
        (void)printf("account %.0f: %s\n", mm_json_get_number(answer, "account"), word->summary);
    else if (word->subject == MM_SUBJECT_DEVICE)
        (void)printf("told: %s\n", word->word);
    else
        print_process(ctl, word, answer);
}

static int run(struct mm_ctl *ctl)
{
    const struct mm_event_word *word = read_word(ctl);
    cJSON *request, *answer;
    int result;

    if (!word)
        return MM_CTL_USAGE;
    request = mm_session_request("event");
    (void)cJSON_AddStringToObject(request, "event", word->word);
    result = add_fields(ctl, request, word);
    if (result == MM_CTL_OK)
        result = mm_session_ask_once(ctl, request, &answer);
    else
        cJSON_Delete(request);
    if (result != MM_CTL_OK)
        return result;
    if (ctl->is_json)
        mm_print_json(answer);
    else
        print_outcome(ctl, word, answer);
    cJSON_Delete(answer);
    return MM_CTL_OK;
}

const struct mm_ctl_command mm_ctl_event = {
    .name = "event",
    .summary = "report what an application or an account does",
    .arguments = "WORD [PID|ACCOUNT|LEVEL]",
    .details =
        "words about a process (--pid PID, or as the second argument):\n"
        "  create, ready, foreground, background, visible, invisible, transient-start,\n"
        "  transient-end, continuous-start, continuous-end, event-start, event-end,\n"
        "  ability-start, device-connected, device-disconnected, suspend, terminated\n"
        "  bind, unbind, data-ability-begin, data-ability-end (with --caller), render (--caller: whose)\n"
        "  create registers a process; with --name so do foreground, background, visible, the starts of\n"
        "  tasks and events, and device-connected. What the others say of one that is not is ignored.\n"
        "words about an account (--account ID, or as the second argument):\n"
        "  account-activate, account-hot-switch, account-cold-switch, account-stop, account-remove\n"
        "words about the device:\n"
        "  boot-completed, screen-on, screen-off, power-connected, power-disconnected\n"
        "word about the memory, for tests of clients (--level LEVEL, or as the second argument):\n"
        "  level: subscribers are told that level, marked as injected; root only",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run,
};
