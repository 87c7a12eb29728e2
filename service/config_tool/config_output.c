/* SPDX-License-Identifier: Apache-2.0 */
/* What memmgr-config's commands print. */
#include "service/config_tool/config_tool.h"

#include "common/common.h"
#include "config/problems.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- problems ------------------------------------------------------------------------------------------- */

void mm_config_tool_print_problems(const struct mm_ctl *ctl, FILE *stream, const struct mm_problems *problems,
                                   enum mm_problem_severity least)
{
    static const enum mm_style styles[] = {[MM_PROBLEM_NOTE] = MM_STYLE_FAINT,
                                           [MM_PROBLEM_WARNING] = MM_STYLE_WARN,
                                           [MM_PROBLEM_ERROR] = MM_STYLE_BAD};

    for (size_t i = 0; i < problems->count; i++) {
        const struct mm_problem *problem = &problems->items[i];
        enum mm_style style = stream == stdout ? styles[problem->severity] : MM_STYLE_PLAIN;
        char line[MM_PROBLEM_TEXT_MAX], place[MM_PROBLEM_TEXT_MAX];
        size_t length = strlen(mm_problem_place(problem, place, sizeof(place)));
        const char *rest = mm_problem_text(problem, line, sizeof(line)) + length;
        size_t word = strcspn(rest, ":");

        if (problem->severity < least)
            continue;
        (void)fprintf(stream, "%s%s%.*s%s%s\n", place, mm_style_begin(ctl, style), (int)word, rest,
                      mm_style_end(ctl, style), rest + word);
    }
}

int mm_config_tool_fail(const struct mm_ctl *ctl, const char *what, int error)
{
    char shown[MM_PROBLEM_TEXT_MAX];

    (void)fprintf(stderr, "%s: %s: %s\n", ctl->program->name,
                  mm_printable(what, strlen(what), shown, sizeof(shown)), strerror(-error));
    return MM_CONFIG_FAILED;
}

int mm_config_tool_refuse_output(const struct mm_ctl *ctl, const char *file, int error)
{
    static const struct {
        int error;
        const char *reason;
    } reasons[] = {{-EEXIST, "it is there already; --force replaces it"},
                   {-EISDIR, "it is a directory, expected the name of a new file"},
                   {-EINVAL, "what is there is no regular file, and is not replaced"}};
    const char *reason = strerror(-error);
    int status = MM_CONFIG_FAILED;
    char shown[MM_PROBLEM_TEXT_MAX];

    for (size_t i = 0; i < MM_ARRAY_SIZE(reasons); i++) {
        if (reasons[i].error != error)
            continue;
        reason = reasons[i].reason;
        status = MM_CONFIG_INVALID;
    }
    (void)fprintf(stderr, "%s: %s is not written: %s\n", ctl->program->name,
                  mm_printable(file, strlen(file), shown, sizeof(shown)), reason);
    return status;
}

/* ---- JSON ----------------------------------------------------------------------------------------------- */

cJSON *mm_config_tool_json_text(const char *text)
{
    size_t length = strlen(text);
    char *shown = malloc(4 * length + 1);
    cJSON *json = shown ? cJSON_CreateString(mm_printable(text, length, shown, 4 * length + 1)) : NULL;

    free(shown);
    return json;
}

cJSON *mm_config_tool_json_number(int64_t number)
{
    char text[32];

    (void)mm_format(text, sizeof(text), "%" PRId64, number);
    return cJSON_CreateRaw(text);
}

bool mm_config_tool_json_add(cJSON *object, const char *name, cJSON *member)
{
    if (member && cJSON_AddItemToObject(object, name, member))
        return true;
    cJSON_Delete(member);
    return false;
}

bool mm_config_tool_json_append(cJSON *array, cJSON *entry)
{
    if (entry && cJSON_AddItemToArray(array, entry))
        return true;
    cJSON_Delete(entry);
    return false;
}

/* What a terminal would not show as it is becomes \uXXXX; all of it is within the first plane. */
static void print_safely(const char *json)
{
    while (*json) {
        uint32_t code = 0;
        size_t unsafe = mm_text_unsafe_character(json, &code);

        if (unsafe > 0)
            (void)printf("\\u%04" PRIx32, code);
        else
            (void)putchar(*json);
        json += unsafe > 0 ? unsafe : 1;
    }
    (void)putchar('\n');
}

int mm_config_tool_print_json(const struct mm_ctl *ctl, cJSON *json)
{
    char *text = json ? cJSON_Print(json) : NULL;

    cJSON_Delete(json);
    if (!text)
        return mm_config_tool_fail(ctl, "JSON", -ENOMEM);
    print_safely(text);
    cJSON_free(text);
    return MM_CONFIG_OK;
}
