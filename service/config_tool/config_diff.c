/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config diff": what two configurations differ in by meaning, on one device. */
#include "service/config_tool/config_tool.h"

#include "common/common.h"
#include "config/compare.h"
#include "config/write_xml.h"
#include "service/shared/privileges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One difference, kept for printing. */
struct line {
    enum mm_difference_kind kind;
    char *path, *old_text, *new_text;
    char *old_origin, *new_origin;
};

struct comparison {
    const struct mm_config *old_config, *new_config;
    struct line *lines;
    size_t count;
    bool has_failed; /* no memory */
};

static void free_lines(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++) {
        struct line *line = &comparison->lines[i];

        free(line->path);
        free(line->old_text);
        free(line->new_text);
        free(line->old_origin);
        free(line->new_origin);
    }
    free(comparison->lines);
}

static char *copy(struct comparison *comparison, const char *text)
{
    char *copied = text ? strdup(text) : NULL;

    if (text && !copied)
        comparison->has_failed = true;
    return copied;
}

static char *origin_of(struct comparison *comparison, const struct mm_config *config, unsigned element,
                       unsigned instance)
{
    char text[MM_ORIGIN_TEXT_MAX];

    return copy(comparison, mm_config_origin_text(config, element, instance, text, sizeof(text)));
}

static void keep(const struct mm_difference *difference, void *user)
{
    struct comparison *comparison = user;
    struct line *larger = reallocarray(comparison->lines, comparison->count + 1, sizeof(*larger));

    if (!larger) {
        comparison->has_failed = true;
        return;
    }
    comparison->lines = larger;
    larger[comparison->count++] = (struct line){
        .kind = difference->kind,
        .path = copy(comparison, difference->path),
        .old_text = copy(comparison, difference->old_text),
        .new_text = copy(comparison, difference->new_text),
        .old_origin = difference->kind == MM_DIFFERENCE_ADDED
                          ? NULL
                          : origin_of(comparison, comparison->old_config, difference->element,
                                      difference->old_instance),
        .new_origin = difference->kind == MM_DIFFERENCE_REMOVED
                          ? NULL
                          : origin_of(comparison, comparison->new_config, difference->element,
                                      difference->new_instance),
    };
}

/* ---- output --------------------------------------------------------------------------------------------- */

static const struct {
    const char *word, *sign;
    enum mm_style style;
} kinds[] = {
    [MM_DIFFERENCE_CHANGED] = {"changed", "~", MM_STYLE_WARN},
    [MM_DIFFERENCE_ADDED] = {"added", "+", MM_STYLE_GOOD},
    [MM_DIFFERENCE_REMOVED] = {"removed", "-", MM_STYLE_BAD},
};

/* Columns: one for each character. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* A longer value pushes only its own origin to the right. */
#define VALUE_WIDTH_MAX 48

static int value_width(const struct line *line)
{
    return (line->old_text ? width_of(line->old_text) : 0) + (line->new_text ? width_of(line->new_text) : 0) +
           (line->kind == MM_DIFFERENCE_CHANGED ? width_of(" -> ") : 0);
}

static void print_line(const struct mm_ctl *ctl, const struct line *line, int path_width, int values_width)
{
    const char *origin = line->new_origin ? line->new_origin : line->old_origin;
    const enum mm_style style = kinds[line->kind].style;
    int padding = MM_MAX(values_width - value_width(line), 0);

    (void)printf("%s%s%s %s%*s  %s%s%s", mm_style_begin(ctl, style), kinds[line->kind].sign,
                 mm_style_end(ctl, style), line->path, path_width - width_of(line->path), "",
                 line->old_text ? line->old_text : "", line->kind == MM_DIFFERENCE_CHANGED ? " -> " : "",
                 line->new_text ? line->new_text : "");
    (void)printf("%*s  %s(%s)%s\n", padding, "", mm_style_begin(ctl, MM_STYLE_FAINT), origin,
                 mm_style_end(ctl, MM_STYLE_FAINT));
}

static void print_lines(const struct mm_ctl *ctl, const struct comparison *comparison)
{
    int path_width = 0, values_width = 0;

    for (size_t i = 0; i < comparison->count; i++) {
        path_width = MM_MAX(path_width, width_of(comparison->lines[i].path));
        values_width = MM_MAX(values_width, value_width(&comparison->lines[i]));
    }
    values_width = MM_MIN(values_width, VALUE_WIDTH_MAX);
    for (size_t i = 0; i < comparison->count; i++)
        print_line(ctl, &comparison->lines[i], path_width, values_width);
}

static cJSON *optional_text(const char *text)
{
    return text ? cJSON_CreateString(text) : cJSON_CreateNull();
}

static cJSON *line_json(const struct line *line)
{
    cJSON *json = cJSON_CreateObject();

    if (json && mm_config_tool_json_add(json, "kind", cJSON_CreateString(kinds[line->kind].word)) &&
        mm_config_tool_json_add(json, "path", cJSON_CreateString(line->path)) &&
        mm_config_tool_json_add(json, "old", optional_text(line->old_text)) &&
        mm_config_tool_json_add(json, "new", optional_text(line->new_text)) &&
        mm_config_tool_json_add(json, "old_origin", optional_text(line->old_origin)) &&
        mm_config_tool_json_add(json, "new_origin", optional_text(line->new_origin)))
        return json;
    cJSON_Delete(json);
    return NULL;
}

static cJSON *comparison_json(const struct comparison *comparison, const struct mm_config_device *device)
{
    cJSON *json = cJSON_CreateObject(), *array = cJSON_CreateArray();
    bool is_whole = json && mm_config_tool_json_add(json, "same", cJSON_CreateBool(comparison->count == 0)) &&
                    mm_config_tool_json_add(json, "device", mm_config_tool_device_json(device));

    for (size_t i = 0; array && i < comparison->count; i++)
        is_whole = is_whole && mm_config_tool_json_append(array, line_json(&comparison->lines[i]));
    if (is_whole && mm_config_tool_json_add(json, "differences", array))
        return json;
    if (!is_whole)
        cJSON_Delete(array);
    cJSON_Delete(json);
    return NULL;
}

static int compare(const struct mm_ctl *ctl, const struct mm_config_input *inputs,
                   const struct mm_config_device *device)
{
    struct comparison comparison = {.old_config = inputs[0].config, .new_config = inputs[1].config};
    int result = MM_CONFIG_OK;

    (void)mm_config_compare(comparison.old_config, comparison.new_config, keep, &comparison);
    if (comparison.has_failed)
        result = mm_config_tool_fail(ctl, "diff", -ENOMEM);
    else if (ctl->is_json)
        result = mm_config_tool_print_json(ctl, comparison_json(&comparison, device));
    else
        print_lines(ctl, &comparison);
    if (result == MM_CONFIG_OK && comparison.count > 0)
        result = MM_CONFIG_FOUND;
    free_lines(&comparison);
    return result;
}

/* ---- the command ---------------------------------------------------------------------------------------- */

static int load_both(const struct mm_config_sources *both, const struct mm_config_device *device,
                     struct mm_config_input *inputs)
{
    int r = 0, worst = 0;

    for (unsigned i = 0; i < 2 && (r == 0 || r == -EINVAL); i++) {
        struct mm_config_sources one = *both;

        one.files += i;
        one.file_count = 1;
        r = mm_config_tool_gather(&one, &inputs[i]);
    }
    (void)mm_privileges_drop();
    for (unsigned i = 0; i < 2 && (r == 0 || r == -EINVAL); i++) {
        r = mm_config_tool_build(&inputs[i], device);
        worst = r < 0 ? r : worst;
    }
    return r < 0 && r != -EINVAL ? r : worst;
}

static int run(struct mm_ctl *ctl)
{
    struct mm_config_device device;
    struct mm_config_input inputs[2] = {0};
    struct mm_config_sources sources;
    int r, result = mm_config_tool_device(ctl, &device);

    if (result == 0)
        result = mm_config_tool_sources(ctl, &sources);
    if (result != 0)
        return result;
    r = load_both(&sources, &device, inputs);
    if (r == 0) {
        result = compare(ctl, inputs, &device);
    } else if (r == -EINVAL) {
        for (unsigned i = 0; i < 2; i++)
            mm_config_tool_print_problems(ctl, stderr, &inputs[i].problems, MM_PROBLEM_ERROR);
        result = MM_CONFIG_INVALID;
    } else {
        result = mm_config_tool_fail(ctl, "diff", r);
    }
    for (unsigned i = 0; i < 2; i++)
        mm_config_input_fini(&inputs[i]);
    return result;
}

static const struct mm_ctl_option options[] = {
    {"json", NULL, "print the differences as JSON"},
    {.name = NULL},
};

const struct mm_ctl_command mm_config_diff_command = {
    .name = "diff",
    .summary = "print what differs in the meaning of two files or directories",
    .arguments = "A B",
    .details = "Each line has what changed, the values in A and B, and where the value in B comes from "
               "(\"-\": in A).\n"
               "Exit status: 0 same, 1 different, 2 one of them is not valid.",
    .options = options,
    .min_arguments = 2,
    .max_arguments = 2,
    .run = run,
};
