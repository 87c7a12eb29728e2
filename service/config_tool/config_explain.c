/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgr-config explain": what an element is, or which elements there are. */
#include "service/config_tool/config_tool.h"

#include "common/common.h"
#include "config/value.h"
#include "service/config_tool/config_example.h"
#include "service/config_tool/config_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_WIDTH    10
#define TREE_INDENT    4
#define TREE_COLUMN    36
#define LINE_WIDTH     100
#define RANGE_TEXT_MAX 256

static const char *const type_words[] = {
    [MM_TYPE_SECTION] = "section",
    [MM_TYPE_ROW] = "row",
    [MM_TYPE_UNSIGNED] = "number",
    [MM_TYPE_SIGNED] = "number",
    [MM_TYPE_SIZE_MB] = "number",
    [MM_TYPE_SIZE_KB] = "number",
    [MM_TYPE_MEMORY] = "amount of memory",
    [MM_TYPE_SIZE] = "size with its unit",
    [MM_TYPE_PERCENT] = "number",
    [MM_TYPE_MILLISECONDS] = "number",
    [MM_TYPE_MICROSECONDS] = "number",
    [MM_TYPE_OCTAL] = "octal number",
    [MM_TYPE_BOOL] = "truth",
    [MM_TYPE_WORD] = "word",
    [MM_TYPE_TEXT] = "text",
    [MM_TYPE_PATH] = "path",
    [MM_TYPE_NAME] = "name",
    [MM_TYPE_PATTERN] = "pattern",
    [MM_TYPE_RANGE] = "number or range",
    [MM_TYPE_TEMPLATE] = "text with names",
};

/* ---- facts ---------------------------------------------------------------------------------------------- */

static bool is_number(const struct mm_element *element)
{
    switch (element->type) {
    case MM_TYPE_UNSIGNED:
    case MM_TYPE_SIGNED:
    case MM_TYPE_SIZE_MB:
    case MM_TYPE_SIZE_KB:
    case MM_TYPE_MEMORY:
    case MM_TYPE_SIZE:
    case MM_TYPE_PERCENT:
    case MM_TYPE_MILLISECONDS:
    case MM_TYPE_MICROSECONDS:
    case MM_TYPE_OCTAL:
        return true;
    case MM_TYPE_SECTION:
    case MM_TYPE_ROW:
    case MM_TYPE_BOOL:
    case MM_TYPE_WORD:
    case MM_TYPE_TEXT:
    case MM_TYPE_PATH:
    case MM_TYPE_NAME:
    case MM_TYPE_PATTERN:
    case MM_TYPE_RANGE:
    case MM_TYPE_TEMPLATE:
        break;
    }
    return false;
}

static unsigned most_of(const struct mm_element *element)
{
    return element->type == MM_TYPE_ROW || (element->flags & MM_ELEMENT_REPEATABLE) ? element->max_count : 1;
}

/* Of an alias what it stands for, but its own help. */
struct facts {
    unsigned element;
    const struct mm_element *entry, *meaning;
    const struct mm_element_text *text;
};

static struct facts facts_of(unsigned element)
{
    return (struct facts){.element = element,
                          .entry = mm_vocabulary_at(element),
                          .meaning = mm_vocabulary_at(mm_vocabulary_resolve(element)),
                          .text = mm_vocabulary_text(element)};
}

/* ---- for people ----------------------------------------------------------------------------------------- */

/* Words of the text, broken at blanks; the first line begins behind what is there already. */
static void print_wrapped(const char *text, unsigned margin)
{
    size_t column = margin;

    while (*text) {
        size_t length = strcspn(text, " ");

        if (column > margin && column + 1 + length > LINE_WIDTH) {
            (void)printf("\n%*s", (int)margin, "");
            column = margin;
        } else if (column > margin) {
            (void)putchar(' ');
            column++;
        }
        (void)printf("%.*s", (int)length, text);
        column += length;
        text += length;
        text += strspn(text, " ");
    }
    (void)putchar('\n');
}

static void print_fact(const struct mm_ctl *ctl, const char *label, const char *text)
{
    (void)printf("  %s%-*s%s", mm_style_begin(ctl, MM_STYLE_FAINT), LABEL_WIDTH, label,
                 mm_style_end(ctl, MM_STYLE_FAINT));
    print_wrapped(text, LABEL_WIDTH + 2);
}

static const char *default_of(const struct mm_element *element)
{
    if (!element->default_text)
        return "none";
    return element->default_text[0] ? element->default_text : "empty";
}

/* Lines that each end in a newline. */
static void print_example(const struct mm_ctl *ctl, const char *lines)
{
    const char *label = "example";

    while (*lines) {
        size_t length = strcspn(lines, "\n");

        (void)printf("  %s%-*s%s%.*s\n", mm_style_begin(ctl, MM_STYLE_FAINT), LABEL_WIDTH, label,
                     mm_style_end(ctl, MM_STYLE_FAINT), (int)length, lines);
        label = "";
        lines += length + (lines[length] != '\0');
    }
}

static void print_element(const struct mm_ctl *ctl, unsigned element)
{
    const struct facts facts = facts_of(element);
    const struct mm_element *meaning = facts.meaning;
    char *example = mm_config_example(element);
    char text[RANGE_TEXT_MAX];

    (void)printf("%s%s%s\n  ", mm_style_begin(ctl, MM_STYLE_TITLE), facts.entry->path,
                 mm_style_end(ctl, MM_STYLE_TITLE));
    print_wrapped(facts.text->help, 2);
    (void)putchar('\n');
    print_fact(ctl, "type", type_words[meaning->type]);
    if (mm_value_expected(meaning, text, sizeof(text))[0])
        print_fact(ctl, "value", text);
    if (meaning->unit[0])
        print_fact(ctl, "unit", meaning->unit);
    if (most_of(meaning) > 1) {
        (void)mm_format(text, sizeof(text), "up to %u times", most_of(meaning));
        print_fact(ctl, "repeats", text);
    }
    if (meaning->flags & MM_ELEMENT_REQUIRED)
        print_fact(ctl, "required", "in each row");
    if (!mm_element_has_children(meaning) || meaning->type == MM_TYPE_ROW)
        print_fact(ctl, "default", default_of(meaning));
    if (facts.entry->alias_of)
        print_fact(ctl, "same as", facts.entry->alias_of);
    if (meaning->flags & MM_ELEMENT_UNUSED)
        print_fact(ctl, "in use", "no: it is checked, and nothing reads it yet");
    print_fact(ctl, "upstream",
               facts.text->upstream ? facts.text->upstream : "OpenHarmony does not have it.");
    print_example(ctl, example ? example : "");
    free(example);
}

/* The first sentence, without its full stop, as long as it fits; the length in bytes. */
static size_t summary_length(const char *text, size_t room)
{
    const char *stop = strstr(text, ". ");
    size_t length = stop ? (size_t)(stop - text) : strlen(text);

    if (!stop && length > 0 && text[length - 1] == '.')
        length--;
    if (length <= room)
        return length;
    while (room > 0 && text[room] != ' ')
        room--;
    return room;
}

static void print_branch(const struct mm_ctl *ctl, const char *name, const char *help, unsigned depth)
{
    enum mm_style style = depth == 0 ? MM_STYLE_TITLE : MM_STYLE_PLAIN;
    unsigned indentation = depth * TREE_INDENT;
    size_t column = MM_MAX(indentation + strlen(name) + 2, (size_t)TREE_COLUMN);
    size_t length = summary_length(help, LINE_WIDTH - column - strlen("..."));
    bool is_cut = help[length] && help[length] != '.';

    (void)printf("%*s%s%s%s%*s%.*s%s\n", (int)indentation, "", mm_style_begin(ctl, style), name,
                 mm_style_end(ctl, style), (int)(column - indentation - strlen(name)), "", (int)length, help,
                 is_cut ? "..." : "");
}

/* As deep as the vocabulary nests. */
static void print_tree(const struct mm_ctl *ctl, unsigned parent,
                       unsigned depth) /* NOLINT(misc-no-recursion) */
{
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        print_branch(ctl, mm_vocabulary_name(child), mm_vocabulary_text(child)->help, depth);
        if (mm_element_has_children(mm_vocabulary_at(child)))
            print_tree(ctl, child, depth + 1);
    }
}

/* ---- JSON ----------------------------------------------------------------------------------------------- */

static cJSON *words_json(const struct mm_word *words)
{
    cJSON *array = cJSON_CreateArray();

    for (; array && words && words->word; words++) {
        if (mm_config_tool_json_append(array, cJSON_CreateString(words->word)))
            continue;
        cJSON_Delete(array);
        return NULL;
    }
    return array;
}

static cJSON *optional_text(const char *text)
{
    return text ? cJSON_CreateString(text) : cJSON_CreateNull();
}

static bool add_bounds(cJSON *json, const struct mm_element *meaning)
{
    bool has_bounds = is_number(meaning);

    return mm_config_tool_json_add(
               json, "min", has_bounds ? mm_config_tool_json_number(meaning->min) : cJSON_CreateNull()) &&
           mm_config_tool_json_add(
               json, "max", has_bounds ? mm_config_tool_json_number(meaning->max) : cJSON_CreateNull());
}

static cJSON *element_json(unsigned element, bool with_example)
{
    const struct facts facts = facts_of(element);
    const struct mm_element *meaning = facts.meaning;
    char expected[MM_EXPECTED_MAX];
    char *example = with_example ? mm_config_example(element) : NULL;
    cJSON *json = cJSON_CreateObject();
    bool is_whole = json != NULL;

    (void)mm_value_expected(meaning, expected, sizeof(expected));
    is_whole =
        is_whole && mm_config_tool_json_add(json, "path", cJSON_CreateString(facts.entry->path)) &&
        mm_config_tool_json_add(json, "name", cJSON_CreateString(mm_vocabulary_name(element))) &&
        mm_config_tool_json_add(json, "type", cJSON_CreateString(type_words[meaning->type])) &&
        mm_config_tool_json_add(json, "value", optional_text(expected[0] ? expected : NULL)) &&
        mm_config_tool_json_add(json, "unit", optional_text(meaning->unit[0] ? meaning->unit : NULL)) &&
        add_bounds(json, meaning) && mm_config_tool_json_add(json, "words", words_json(meaning->words)) &&
        mm_config_tool_json_add(json, "max_count", cJSON_CreateNumber(most_of(meaning))) &&
        mm_config_tool_json_add(json, "required",
                                cJSON_CreateBool((meaning->flags & MM_ELEMENT_REQUIRED) != 0)) &&
        mm_config_tool_json_add(json, "used", cJSON_CreateBool(!(meaning->flags & MM_ELEMENT_UNUSED))) &&
        mm_config_tool_json_add(json, "default", optional_text(meaning->default_text)) &&
        mm_config_tool_json_add(json, "same_as", optional_text(facts.entry->alias_of)) &&
        mm_config_tool_json_add(json, "help", cJSON_CreateString(facts.text->help)) &&
        mm_config_tool_json_add(json, "upstream", optional_text(facts.text->upstream));
    if (is_whole && with_example)
        is_whole = mm_config_tool_json_add(json, "example", optional_text(example));
    free(example);
    if (is_whole)
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* ---- what is no element of the table -------------------------------------------------------------------- */

static const struct special {
    const char *name, *help;
    const struct mm_attribute *attributes;
    const char *example;
} specials[] = {
    {MM_PROFILE_NAME,
     "Sections that count on some devices only, laid over what stands outside of it in its file. All "
     "attributes that "
     "are given must fit the device; no two profiles of a file may fit one device.",
     mm_profile_attributes,
     "<Memmgr>\n"
     "    <ramProfile name=\"4 GB\" minRamMB=\"3073\" maxRamMB=\"5120\">\n"
     "        <logging>\n"
     "            <level>notice</level>\n"
     "        </logging>\n"
     "    </ramProfile>\n"
     "</Memmgr>\n"},
    {MM_REMOVE_NAME, "Takes away what an earlier file gave.", mm_remove_attributes,
     "<Memmgr>\n"
     "    <remove element=\"killConfig\"/>\n"
     "    <systemApps>\n"
     "        <remove name=\"com.example.systemui\"/>\n"
     "    </systemApps>\n"
     "</Memmgr>\n"},
};

static const struct special *find_special(const char *name)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(specials); i++) {
        if (strcmp(specials[i].name, name) == 0)
            return &specials[i];
    }
    return NULL;
}

static void print_special(const struct mm_ctl *ctl, const struct special *special)
{
    (void)printf("%s%s%s\n  ", mm_style_begin(ctl, MM_STYLE_TITLE), special->name,
                 mm_style_end(ctl, MM_STYLE_TITLE));
    print_wrapped(special->help, 2);
    (void)puts("\n  attributes:");
    for (const struct mm_attribute *attribute = special->attributes; attribute->name; attribute++) {
        (void)printf("    %-17s", attribute->name);
        print_wrapped(attribute->help, 4 + 17);
    }
    (void)putchar('\n');
    print_example(ctl, special->example);
}

static cJSON *attributes_json(const struct mm_attribute *attributes)
{
    cJSON *array = cJSON_CreateArray();

    for (; array && attributes->name; attributes++) {
        bool is_number = attributes->type == MM_TYPE_UNSIGNED;
        cJSON *json = cJSON_CreateObject();

        if (mm_config_tool_json_append(array, json) &&
            mm_config_tool_json_add(json, "name", cJSON_CreateString(attributes->name)) &&
            mm_config_tool_json_add(json, "unit",
                                    optional_text(attributes->unit[0] ? attributes->unit : NULL)) &&
            mm_config_tool_json_add(
                json, "min", is_number ? mm_config_tool_json_number(attributes->min) : cJSON_CreateNull()) &&
            mm_config_tool_json_add(
                json, "max", is_number ? mm_config_tool_json_number(attributes->max) : cJSON_CreateNull()) &&
            mm_config_tool_json_add(json, "help", cJSON_CreateString(attributes->help)))
            continue;
        cJSON_Delete(array);
        return NULL;
    }
    return array;
}

static cJSON *special_json(const struct special *special)
{
    cJSON *json = cJSON_CreateObject();

    if (json && mm_config_tool_json_add(json, "path", cJSON_CreateString(special->name)) &&
        mm_config_tool_json_add(json, "name", cJSON_CreateString(special->name)) &&
        mm_config_tool_json_add(json, "type", cJSON_CreateString("section")) &&
        mm_config_tool_json_add(json, "attributes", attributes_json(special->attributes)) &&
        mm_config_tool_json_add(json, "help", cJSON_CreateString(special->help)) &&
        mm_config_tool_json_add(json, "example", cJSON_CreateString(special->example)))
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* ---- the command ---------------------------------------------------------------------------------------- */

static cJSON *all_json(void)
{
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; array && i < mm_vocabulary_count() + MM_ARRAY_SIZE(specials); i++) {
        if (mm_config_tool_json_append(array, i < mm_vocabulary_count()
                                                  ? element_json((unsigned)i, false)
                                                  : special_json(&specials[i - mm_vocabulary_count()])))
            continue;
        cJSON_Delete(array);
        return NULL;
    }
    return array;
}

static int list_all(const struct mm_ctl *ctl)
{
    if (ctl->is_json)
        return mm_config_tool_print_json(ctl, all_json());
    print_tree(ctl, MM_ELEMENT_NONE, 0);
    for (size_t i = 0; i < MM_ARRAY_SIZE(specials); i++)
        print_branch(ctl, specials[i].name, specials[i].help, 0);
    return MM_CONFIG_OK;
}

static int run(struct mm_ctl *ctl)
{
    const char *name = ctl->argument_count > 0 ? ctl->arguments[0] : NULL;
    const struct special *special = name ? find_special(name) : NULL;
    unsigned element;
    int result;

    if (!name)
        return list_all(ctl);
    if (special && ctl->is_json)
        return mm_config_tool_print_json(ctl, special_json(special));
    if (special) {
        print_special(ctl, special);
        return MM_CONFIG_OK;
    }
    result = mm_config_names_resolve(ctl, name, &element);
    if (result != 0)
        return result;
    if (ctl->is_json)
        return mm_config_tool_print_json(ctl, element_json(element, true));
    print_element(ctl, element);
    return MM_CONFIG_OK;
}

static const struct mm_ctl_option options[] = {
    {"json", NULL, "print JSON"},
    {.name = NULL},
};

const struct mm_ctl_command mm_config_explain_command = {
    .name = "explain",
    .summary = "tell what an element is: type, range, default, upstream, an example",
    .arguments = "[ELEMENT]",
    .details = "ELEMENT is a path (killConfig/killLevel/memoryMB) or a name (memoryMB).\n"
               "Without it all elements are listed.",
    .options = options,
    .max_arguments = 1,
    .run = run,
};
