/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config check". */
#include "service/config_tool/config_tool.h"

#include <errno.h>

static const char *const severities[] = {
    [MM_PROBLEM_NOTE] = "note", [MM_PROBLEM_WARNING] = "warning", [MM_PROBLEM_ERROR] = "error"};

struct verdict {
    size_t errors, warnings, notes;
    int status;
};

static struct verdict judge(const struct mm_problems *problems)
{
    /* Of errors more are counted than are kept. */
    struct verdict verdict = {.errors = problems->error_count};

    for (size_t i = 0; i < problems->count; i++) {
        verdict.warnings += problems->items[i].severity == MM_PROBLEM_WARNING;
        verdict.notes += problems->items[i].severity == MM_PROBLEM_NOTE;
    }
    if (verdict.errors > 0)
        verdict.status = MM_CONFIG_INVALID;
    else if (problems->is_strict && verdict.warnings > 0)
        verdict.status = MM_CONFIG_FOUND;
    return verdict;
}

/* ---- JSON ----------------------------------------------------------------------------------------------- */

static cJSON *problem_json(const struct mm_problem *problem)
{
    cJSON *json = cJSON_CreateObject();
    bool is_whole = json != NULL;

    is_whole = is_whole &&
               mm_config_tool_json_add(json, "severity", cJSON_CreateString(severities[problem->severity]));
    is_whole = is_whole && mm_config_tool_json_add(json, "file",
                                                   problem->file && problem->file[0]
                                                       ? mm_config_tool_json_text(problem->file)
                                                       : cJSON_CreateNull());
    is_whole = is_whole && mm_config_tool_json_add(json, "line",
                                                   problem->line > 0 ? cJSON_CreateNumber(problem->line)
                                                                     : cJSON_CreateNull());
    is_whole = is_whole && mm_config_tool_json_add(json, "column",
                                                   problem->column > 0 ? cJSON_CreateNumber(problem->column)
                                                                       : cJSON_CreateNull());
    is_whole = is_whole &&
               mm_config_tool_json_add(json, "text", cJSON_CreateString(problem->text ? problem->text : ""));
    if (is_whole)
        return json;
    cJSON_Delete(json);
    return NULL;
}

static cJSON *files_json(const struct mm_config_input *input)
{
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; array && i < input->texts.count; i++) {
        if (mm_config_tool_json_append(array, mm_config_tool_json_text(input->texts.items[i].file)))
            continue;
        cJSON_Delete(array);
        return NULL;
    }
    return array;
}

static cJSON *problems_json(const struct mm_problems *problems)
{
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; array && i < problems->count; i++) {
        if (mm_config_tool_json_append(array, problem_json(&problems->items[i])))
            continue;
        cJSON_Delete(array);
        return NULL;
    }
    return array;
}

static cJSON *report_json(const struct mm_config_input *input, const struct mm_config_device *device,
                          const struct verdict *verdict)
{
    cJSON *json = cJSON_CreateObject();

    if (json && mm_config_tool_json_add(json, "valid", cJSON_CreateBool(verdict->errors == 0)) &&
        mm_config_tool_json_add(json, "errors", cJSON_CreateNumber((double)verdict->errors)) &&
        mm_config_tool_json_add(json, "warnings", cJSON_CreateNumber((double)verdict->warnings)) &&
        mm_config_tool_json_add(json, "notes", cJSON_CreateNumber((double)verdict->notes)) &&
        mm_config_tool_json_add(json, "device", mm_config_tool_device_json(device)) &&
        mm_config_tool_json_add(json, "files", files_json(input)) &&
        mm_config_tool_json_add(json, "problems", problems_json(&input->problems)))
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* ---- the command ---------------------------------------------------------------------------------------- */

static void print_count(size_t count, const char *what, const char **separator)
{
    if (count == 0)
        return;
    (void)fprintf(stderr, "%s%zu %s%s", *separator, count, what, count == 1 ? "" : "s");
    *separator = ", ";
}

/* To standard error, as an editor takes every line of standard output for a problem. */
static void print_summary(const struct mm_config_input *input, const struct mm_config_device *device,
                          const struct verdict *verdict)
{
    const char *separator = "";
    char text[MM_DEVICE_TEXT_MAX];

    print_count(verdict->errors, "error", &separator);
    print_count(verdict->warnings, "warning", &separator);
    print_count(verdict->notes, "note", &separator);
    (void)fprintf(stderr, "%s in %zu file%s, for %s\n", separator[0] ? "" : "nothing wrong",
                  input->texts.count, input->texts.count == 1 ? "" : "s",
                  mm_config_tool_device_text(device, text, sizeof(text)));
}

static int run(struct mm_ctl *ctl)
{
    struct mm_config_sources sources;
    struct mm_config_device device;
    struct mm_config_input input = {0};
    struct verdict verdict;
    int r, result = mm_config_tool_device(ctl, &device);

    if (result == 0)
        result = mm_config_tool_sources(ctl, &sources);
    if (result != 0)
        return result;
    input.problems.is_strict = mm_ctl_option(ctl, "strict") != NULL;
    r = mm_config_tool_load(&sources, &device, &input);
    if (r < 0 && r != -EINVAL) {
        mm_config_input_fini(&input);
        return mm_config_tool_fail(ctl, "check", r);
    }
    verdict = judge(&input.problems);
    result = MM_CONFIG_OK;
    if (ctl->is_json) {
        result = mm_config_tool_print_json(ctl, report_json(&input, &device, &verdict));
    } else {
        mm_config_tool_print_problems(ctl, stdout, &input.problems, MM_PROBLEM_NOTE);
        /* In one order where both go to one place. */
        (void)fflush(stdout);
        print_summary(&input, &device, &verdict);
    }
    mm_config_input_fini(&input);
    return result != MM_CONFIG_OK ? result : verdict.status;
}

static const struct mm_ctl_option options[] = {
    {"strict", NULL, "warnings count, and what is unknown is an error"},
    {"json", NULL, "print what was found as JSON"},
    {.name = NULL},
};

const struct mm_ctl_command mm_config_check_command = {
    .name = "check",
    .summary = "print all that is wrong with the files, a line each that editors jump to",
    .arguments = "[FILE|DIRECTORY...]",
    .details = "The files lie over each other in the order given, a directory stands for its *.xml; without\n"
               "any, it is those of the search path.\n"
               "Exit status: 0 valid, 1 warnings with --strict, 2 errors.",
    .options = options,
    .max_arguments = MM_CONFIG_FILES_MAX,
    .run = run,
};
