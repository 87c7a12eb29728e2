/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl match": rules for people. */
#include "service/match/match_tool.h"

#include "common/common.h"
#include "common/glob.h"
#include "common/ram.h"
#include "config/vocabulary.h"
#include "config/write_xml.h"
#include "service/shared/match_options.h"
#include "service/shared/runtime.h"
#include "service/shared/table_output.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As long as the daemon waits for it. */
#define READER_TIMEOUT_MS 10000
/* Any fact, and each of its bytes escaped. */
#define SHOWN_MAX (4 * MM_FACT_MAX + 1)

struct look {
    const struct mm_ctl *ctl;
    struct mm_config *config;
    struct mm_match_rules *rules;
    const char *pattern;
    int proc_fd;
    unsigned seen;
    struct mm_table *table; /* of a PATTERN; NULL: JSON */
    cJSON *array;
    struct mm_process_facts facts;
    char shown[SHOWN_MAX];
};

static const char *const text_names[] = {"exe", "cmdline", "cgroup", "unit"};

static const struct mm_fact *text_of(const struct mm_process_facts *facts, size_t number)
{
    const struct mm_fact *const all[] = {&facts->exe, &facts->cmdline, &facts->cgroup, &facts->unit};

    return all[number];
}

/* Printable, in the buffer of the look. */
static const char *show(struct look *look, const char *text, size_t length)
{
    return mm_printable(text, length, look->shown, sizeof(look->shown));
}

static const char *show_comm(struct look *look)
{
    return show(look, look->facts.comm, strnlen(look->facts.comm, sizeof(look->facts.comm)));
}

/* "/etc/memmgr/memmgr_config.xml:12", or "built-in". */
static const char *origin_of(const struct look *look, unsigned rule, char buffer[static MM_ORIGIN_TEXT_MAX])
{
    unsigned row = mm_vocabulary_find("processRules/processRule");

    if (mm_match_built_in_reason(look->rules, rule))
        mm_copy_text(buffer, MM_ORIGIN_TEXT_MAX, "built-in");
    else
        (void)mm_config_origin_text(look->config, row, rule, buffer, MM_ORIGIN_TEXT_MAX);
    return buffer;
}

/* ---- JSON ------------------------------------------------------------------------------------------------ */

/* What cannot be added, for lack of memory, is missing in what is printed: it is said there. */
static void add(cJSON *object, const char *name, cJSON *member)
{
    if (!cJSON_AddItemToObject(object, name, member))
        cJSON_Delete(member);
}

static cJSON *process_json(struct look *look)
{
    const struct mm_process_facts *facts = &look->facts;
    cJSON *json = cJSON_CreateObject();

    add(json, "pid", cJSON_CreateNumber(facts->pid));
    add(json, "comm", cJSON_CreateString(show_comm(look)));
    add(json, "uid", cJSON_CreateNumber(facts->uid));
    add(json, "oom_score_adj", cJSON_CreateNumber(facts->oom_score_adj));
    for (size_t i = 0; i < MM_ARRAY_SIZE(text_names); i++) {
        const struct mm_fact *fact = text_of(facts, i);

        add(json, text_names[i],
            fact->error < 0 ? cJSON_CreateNull() : cJSON_CreateString(show(look, fact->text, fact->length)));
    }
    return json;
}

static cJSON *match_json(const struct look *look, int rule)
{
    const struct mm_process_rule *taker;
    char name[MM_NAME_MAX], origin[MM_ORIGIN_TEXT_MAX];
    uint64_t bundle_key;
    cJSON *json;

    if (rule < 0)
        return cJSON_CreateNull();
    taker = mm_match_rule_at(look->rules, (unsigned)rule);
    bundle_key = mm_match_bundle_name(taker->bundle, &look->facts, name);
    json = cJSON_CreateObject();
    add(json, "rule", cJSON_CreateString(taker->name));
    add(json, "origin", cJSON_CreateString(origin_of(look, (unsigned)rule, origin)));
    add(json, "bundle", cJSON_CreateString(name));
    add(json, "shares_bundle", cJSON_CreateBool(bundle_key != 0));
    add(json, "class",
        cJSON_CreateString(mm_process_class_name((enum mm_process_class)taker->process_class)));
    add(json, "priority", cJSON_CreateNumber(taker->priority));
    return json;
}

static cJSON *trial_json(struct look *look, unsigned rule)
{
    struct mm_match_trial trial = mm_match_try(look->rules, rule, &look->facts);
    const struct mm_process_rule *tried = mm_match_rule_at(look->rules, rule);
    bool takes_it = trial.failed == MM_PROCESS_CONDITION_COUNT;
    char origin[MM_ORIGIN_TEXT_MAX], number[MM_MATCH_NUMBER_MAX];
    cJSON *json = cJSON_CreateObject();
    size_t length;

    add(json, "rule", cJSON_CreateString(tried->name));
    add(json, "origin", cJSON_CreateString(origin_of(look, rule, origin)));
    add(json, "takes", cJSON_CreateBool(takes_it));
    if (!takes_it) {
        const char *fact = mm_match_fact(&look->facts, trial.failed, number, &length);

        add(json, "condition", cJSON_CreateString(mm_process_conditions[trial.failed].name));
        add(json, "wanted", cJSON_CreateString(mm_process_condition_text(tried, trial.failed)));
        add(json, "found", cJSON_CreateString(show(look, fact, length)));
        add(json, "gave_up", cJSON_CreateBool(trial.gave_up));
    }
    return json;
}

static void print_one_json(struct look *look, int rule)
{
    unsigned tried = rule < 0 ? mm_match_rule_count(look->rules) : (unsigned)rule + 1;
    cJSON *json = cJSON_CreateObject(), *trials = cJSON_CreateArray();

    for (unsigned i = 0; i < tried; i++)
        (void)cJSON_AddItemToArray(trials, trial_json(look, i));
    add(json, "process", process_json(look));
    add(json, "rules", trials);
    add(json, "match", match_json(look, rule));
    mm_print_json(json);
    cJSON_Delete(json);
}

/* ---- one process ----------------------------------------------------------------------------------------- */

static void print_facts(struct look *look)
{
    const struct mm_process_facts *facts = &look->facts;

    (void)printf("%-9s%d %s, uid %u, oom_score_adj %d\n", "process", (int)facts->pid, show_comm(look),
                 (unsigned)facts->uid, facts->oom_score_adj);
    for (size_t i = 0; i < MM_ARRAY_SIZE(text_names); i++) {
        const struct mm_fact *fact = text_of(facts, i);

        if (fact->error < 0)
            (void)printf("%-9scannot be read: %s\n", text_names[i], strerror(-fact->error));
        else if (fact->length > 0)
            (void)printf("%-9s%s\n", text_names[i], show(look, fact->text, fact->length));
    }
    (void)putchar('\n');
}

static void add_taken(struct look *look, struct mm_table *table, unsigned rule)
{
    const struct mm_process_rule *taker = mm_match_rule_at(look->rules, rule);
    const char *reason = mm_match_built_in_reason(look->rules, rule);
    char name[MM_NAME_MAX];
    bool shares_bundle = mm_match_bundle_name(taker->bundle, &look->facts, name) != 0;

    mm_table_cell(table, MM_STYLE_GOOD, "takes it: %s%s, %s, priority %d%s%s", name,
                  shares_bundle ? " (one bundle with all of that name)" : "",
                  mm_process_class_name((enum mm_process_class)taker->process_class), taker->priority,
                  reason ? "; " : "", reason ? reason : "");
}

/* The lists of the built-in rules are longer than anybody reads. */
#define WANTED_WIDTH 70

static void add_failed(struct mm_table *table, const struct mm_match_trial *trial, const char *wanted)
{
    mm_table_cell(table, trial->gave_up ? MM_STYLE_WARN : MM_STYLE_PLAIN, "%s is not %.*s%s%s",
                  mm_process_conditions[trial->failed].name, WANTED_WIDTH, wanted,
                  strlen(wanted) > WANTED_WIDTH ? "..." : "",
                  trial->gave_up ? ", or so it counts: it took too long to find out" : "");
}

static void add_trial(struct look *look, struct mm_table *table, unsigned rule)
{
    const struct mm_process_rule *tried = mm_match_rule_at(look->rules, rule);
    struct mm_match_trial trial = mm_match_try(look->rules, rule, &look->facts);
    char origin[MM_ORIGIN_TEXT_MAX];

    mm_table_cell(table, MM_STYLE_PLAIN, "%s", tried->name);
    mm_table_cell(table, MM_STYLE_FAINT, "%s", origin_of(look, rule, origin));
    if (trial.failed == MM_PROCESS_CONDITION_COUNT)
        add_taken(look, table, rule);
    else
        add_failed(table, &trial, mm_process_condition_text(tried, trial.failed));
}

static void print_one(struct look *look, int rule)
{
    static const struct mm_column columns[] = {{"RULE", false}, {"FROM", false}, {"RESULT", false}};
    unsigned tried = rule < 0 ? mm_match_rule_count(look->rules) : (unsigned)rule + 1;
    struct mm_table *table = mm_table_new(columns, MM_ARRAY_SIZE(columns));

    print_facts(look);
    for (unsigned i = 0; i < tried; i++)
        add_trial(look, table, i);
    mm_table_print(table, look->ctl);
    mm_table_free(table);
    if (rule < 0)
        (void)puts("no rule takes it: it stays at its oom_score_adj");
}

static int look_at_one(struct look *look, pid_t pid)
{
    int r = mm_process_facts_read(look->proc_fd, pid, &look->facts);
    int rule;

    if (r == 0 && look->facts.is_kernel_thread)
        r = -EPERM;
    if (r < 0) {
        (void)fprintf(stderr, "memmgrctl: process %d %s\n", (int)pid,
                      r == -ESRCH   ? "does not exist, or has exited"
                      : r == -EPERM ? "is a thread of the kernel: it is not managed"
                                    : strerror(-r));
        return MM_CTL_REFUSED;
    }
    rule = mm_match_find(look->rules, &look->facts, NULL);
    if (look->ctl->is_json)
        print_one_json(look, rule);
    else
        print_one(look, rule);
    return MM_CTL_OK;
}

/* ---- all that a pattern names ---------------------------------------------------------------------------- */

static bool is_named(const struct look *look)
{
    const struct mm_process_facts *facts = &look->facts;
    const char *slash = memrchr(facts->exe.text, '/', facts->exe.length);
    const char *file = slash ? slash + 1 : facts->exe.text;
    const char *end = facts->exe.text + facts->exe.length;

    return mm_glob_match(look->pattern, facts->comm, strnlen(facts->comm, sizeof(facts->comm))) == 1 ||
           mm_glob_match(look->pattern, facts->exe.text, facts->exe.length) == 1 ||
           mm_glob_match(look->pattern, file, (size_t)(end - file)) == 1 ||
           mm_glob_match(look->pattern, facts->cmdline.text, facts->cmdline.length) == 1;
}

static void add_row(struct look *look, int rule)
{
    const struct mm_process_rule *taker = rule < 0 ? NULL : mm_match_rule_at(look->rules, (unsigned)rule);
    char name[MM_NAME_MAX] = "";

    mm_table_cell(look->table, MM_STYLE_PLAIN, "%d", (int)look->facts.pid);
    mm_table_cell(look->table, MM_STYLE_PLAIN, "%u", (unsigned)look->facts.uid);
    mm_table_cell(look->table, MM_STYLE_PLAIN, "%d", look->facts.oom_score_adj);
    mm_table_cell(look->table, MM_STYLE_PLAIN, "%s", show_comm(look));
    if (taker)
        (void)mm_match_bundle_name(taker->bundle, &look->facts, name);
    mm_table_cell(look->table, taker ? MM_STYLE_PLAIN : MM_STYLE_FAINT, "%s", taker ? taker->name : "-");
    mm_table_cell(look->table, MM_STYLE_PLAIN, "%s",
                  taker ? mm_process_class_name((enum mm_process_class)taker->process_class) : "");
    if (taker)
        mm_table_cell(look->table, MM_STYLE_PLAIN, "%d", taker->priority);
    else
        mm_table_cell(look->table, MM_STYLE_PLAIN, "%s", "");
    mm_table_cell(look->table, MM_STYLE_PLAIN, "%s", name);
}

static void look_at(struct look *look, pid_t pid)
{
    int rule;

    if (mm_process_facts_read(look->proc_fd, pid, &look->facts) < 0 || look->facts.is_kernel_thread ||
        !is_named(look))
        return;
    look->seen++;
    rule = mm_match_find(look->rules, &look->facts, NULL);
    if (look->table) {
        add_row(look, rule);
    } else {
        cJSON *json = cJSON_CreateObject();

        add(json, "process", process_json(look));
        add(json, "match", match_json(look, rule));
        (void)cJSON_AddItemToArray(look->array, json);
    }
}

static int by_number(const void *a, const void *b)
{
    return (*(const pid_t *)a > *(const pid_t *)b) - (*(const pid_t *)a < *(const pid_t *)b);
}

static void print_all(struct look *look)
{
    cJSON *json;

    if (look->table) {
        if (look->seen > 0)
            mm_table_print(look->table, look->ctl);
        mm_table_free(look->table);
        return;
    }
    json = cJSON_CreateObject();
    add(json, "processes", look->array);
    mm_print_json(json);
    cJSON_Delete(json);
}

static int look_at_all(struct look *look)
{
    static const struct mm_column columns[] = {
        {"PID", true},   {"UID", true},    {"ADJ", true},      {"COMM", false},
        {"RULE", false}, {"CLASS", false}, {"PRIORITY", true}, {"BUNDLE", false},
    };
    pid_t *pids = NULL;
    ssize_t count = mm_process_list(look->proc_fd, &pids);

    if (count < 0) {
        (void)fprintf(stderr, "memmgrctl: /proc cannot be listed: %s\n", strerror((int)-count));
        return MM_CTL_PROTOCOL;
    }
    if (look->ctl->is_json)
        look->array = cJSON_CreateArray();
    else
        look->table = mm_table_new(columns, MM_ARRAY_SIZE(columns));
    qsort(pids, (size_t)count, sizeof(*pids), by_number);
    for (ssize_t i = 0; i < count; i++) {
        if (pids[i] != getpid())
            look_at(look, pids[i]);
    }
    free(pids);
    print_all(look);
    if (look->seen > 0)
        return MM_CTL_OK;
    (void)fprintf(stderr, "memmgrctl: no process is named by %s\n", look->pattern);
    return MM_CTL_REFUSED;
}

/* ---- the command ----------------------------------------------------------------------------------------- */

static int load(struct look *look)
{
    const char *file = mm_ctl_option(look->ctl, "config");
    const struct mm_config_sources sources = {
        .files = &file, .file_count = file != NULL, .search_path = mm_ctl_option(look->ctl, "search-path")};
    const struct mm_config_device device = {.ram_bytes = mm_ram_bytes()};
    char reader[MM_PROGRAM_PATH_MAX], text[MM_PROBLEM_TEXT_MAX];
    struct mm_problems problems = {0};
    int r;

    mm_runtime_program("memmgr-config", reader, sizeof(reader));
    r = mm_config_load(reader, &sources, &device, READER_TIMEOUT_MS, &look->config, &problems);
    for (size_t i = 0; i < problems.count; i++) {
        if (problems.items[i].severity != MM_PROBLEM_NOTE)
            (void)fprintf(stderr, "%s\n", mm_problem_text(&problems.items[i], text, sizeof(text)));
    }
    mm_problems_fini(&problems);
    return r == 0 ? mm_match_rules_new(&look->config->process_rules, &look->rules) : r;
}

static int run(struct mm_ctl *ctl)
{
    struct look *look = calloc(1, sizeof(*look));
    uint64_t pid;
    int r = look ? 0 : -ENOMEM;
    int result;

    if (r == 0) {
        look->ctl = ctl;
        look->pattern = ctl->arguments[0];
        look->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        r = look->proc_fd < 0 ? -errno : load(look);
    }
    if (r < 0) {
        (void)fprintf(stderr, "memmgrctl: %s\n",
                      r == -EINVAL ? "the configuration is not valid" : strerror(-r));
        result = r == -EINVAL ? MM_CTL_USAGE : MM_CTL_PROTOCOL;
    } else if (mm_parse_u64(look->pattern, 1, INT32_MAX, &pid) == 0) {
        result = look_at_one(look, (pid_t)pid);
    } else if (mm_glob_check(look->pattern) < 0) {
        result = mm_ctl_usage(ctl, "%s is no glob: a [ has no ], or a \\ nothing behind it", look->pattern);
    } else {
        result = look_at_all(look);
    }
    if (look) {
        mm_match_rules_free(look->rules);
        mm_config_free(look->config);
        mm_cleanup_close(&look->proc_fd);
    }
    free(look);
    return result;
}

const struct mm_ctl_command mm_match_command = {MM_MATCH_COMMAND, .run = run};
