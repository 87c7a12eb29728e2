/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering a draft, and writing it as XML. */
#include "service/config_tool/config_draft.h"

#include "common/common.h"
#include "config/problems.h"
#include "config/vocabulary.h"
#include "config/xml_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define INDENTATION 4

void mm_draft_fini(struct mm_draft *draft)
{
    for (size_t i = 0; i < draft->count; i++) {
        free(draft->values[i].text);
        free(draft->values[i].why);
    }
    free(draft->values);
    mm_problems_fini(&draft->notes);
    *draft = (struct mm_draft){0};
}

/* ---- gathering --------------------------------------------------------------------------------------- */

/* Takes text and why over. */
static void append(struct mm_draft *draft, const char *path, unsigned row, char *text, char *why)
{
    struct mm_draft_value *larger = reallocarray(draft->values, draft->count + 1, sizeof(*larger));
    unsigned element = mm_vocabulary_find(path);

    if (!larger || element == MM_ELEMENT_NONE) {
        draft->has_no_memory = true;
        free(text);
        free(why);
        return;
    }
    draft->values = larger;
    larger[draft->count++] =
        (struct mm_draft_value){.element = element, .row = row, .text = text, .why = why};
}

/* Cut where it is very long; NULL for no format. */
__attribute__((format(printf, 2, 0))) static char *formatted(struct mm_draft *draft, const char *format,
                                                             va_list arguments)
{
    char text[MM_PROBLEM_TEXT_MAX];
    char *copy;

    if (!format)
        return NULL;
    if (vsnprintf(text, sizeof(text), format, arguments) < 0)
        text[0] = '\0';
    copy = strdup(text);
    if (!copy)
        draft->has_no_memory = true;
    return copy;
}

void mm_draft_add(struct mm_draft *draft, const char *path, unsigned row, const char *text,
                  const char *why_format, ...)
{
    char *copy = strdup(text), *why;
    va_list arguments;

    va_start(arguments, why_format);
    why = formatted(draft, why_format, arguments);
    va_end(arguments);
    if (!copy)
        draft->has_no_memory = true;
    append(draft, path, row, copy, why);
}

void mm_draft_add_number(struct mm_draft *draft, const char *path, unsigned row, int64_t number,
                         const char *why_format, ...)
{
    char text[32];
    char *copy, *why;
    va_list arguments;

    (void)mm_format(text, sizeof(text), "%" PRId64, number);
    copy = strdup(text);
    va_start(arguments, why_format);
    why = formatted(draft, why_format, arguments);
    va_end(arguments);
    if (!copy)
        draft->has_no_memory = true;
    append(draft, path, row, copy, why);
}

void mm_draft_add_section(struct mm_draft *draft, const char *path)
{
    append(draft, path, 0, NULL, NULL);
}

void mm_draft_note(struct mm_draft *draft, unsigned line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    mm_problems_add_list(&draft->notes, MM_PROBLEM_NOTE, draft->source, line, 0, format, arguments);
    va_end(arguments);
}

void mm_draft_error(struct mm_draft *draft, unsigned line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    mm_problems_add_list(&draft->notes, MM_PROBLEM_ERROR, draft->source, line, 0, format, arguments);
    va_end(arguments);
}

void mm_draft_take_problems(struct mm_draft *draft, struct mm_problems *problems)
{
    size_t errors = problems->error_count;

    for (size_t i = 0; i < problems->count; i++) {
        const struct mm_problem *problem = &problems->items[i];

        errors -= problem->severity == MM_PROBLEM_ERROR;
        mm_problems_add(&draft->notes, problem->severity, problem->file, problem->line, problem->column, "%s",
                        problem->text ? problem->text : "");
    }
    /* Those that were counted only. */
    draft->notes.error_count += errors;
    mm_problems_fini(problems);
}

const char *mm_draft_shown(const char *text, char *buffer)
{
    char all[4 * MM_DRAFT_SHOWN_MAX + 1];
    size_t length = strlen(text);

    (void)mm_printable(text, MM_MIN(length, (size_t)MM_DRAFT_SHOWN_MAX), all, sizeof(all));
    if (length < MM_DRAFT_SHOWN_MAX && strlen(all) < MM_DRAFT_SHOWN_MAX) {
        mm_copy_text(buffer, MM_DRAFT_SHOWN_MAX, all);
        return buffer;
    }
    (void)mm_printable(text, length, buffer, MM_DRAFT_SHOWN_MAX - strlen("..."));
    mm_copy_text(buffer + strlen(buffer), MM_DRAFT_SHOWN_MAX - strlen(buffer), "...");
    return buffer;
}

/* ---- kill rows and what must lie above them ------------------------------------------------------------- */

static void add_amount(struct mm_draft *draft, const char *path, unsigned row, struct mm_draft_amount amount,
                       const char *why)
{
    char text[32];

    (void)mm_format(text, sizeof(text), "%" PRIu64 "%s", amount.number, amount.is_percent ? "%" : "");
    if (why)
        mm_draft_add(draft, path, row, text, "%s", why);
    else
        mm_draft_add(draft, path, row, text, NULL);
}

void mm_draft_add_kill_level(struct mm_draft *draft, unsigned row, struct mm_draft_amount memory,
                             int min_priority, const char *why)
{
    add_amount(draft, "killConfig/killLevel/memoryMB", row, memory, why);
    mm_draft_add_number(draft, "killConfig/killLevel/minPriority", row, min_priority, NULL);
}

/* The lowest and the highest level that are built in: kill rows below, and devices with more RAM, need no others. */
#define BUILT_IN_LEAST_MB 600
#define BUILT_IN_MOST_MB  1024

void mm_draft_fit_buffers(struct mm_draft *draft, struct mm_draft_amount highest, uint64_t ram_bytes)
{
    static const char why[] = "chosen here: squeezing begins, and clients are told, before anybody is killed";
    const uint64_t ram = highest.is_percent ? 100 : ram_bytes > 0 ? ram_bytes / MM_MIB : UINT64_MAX;
    /* A fifth above the highest row leaves squeezing time to work, as the built-in values do at larger sizes. */
    const uint64_t step = MM_MAX(highest.number / 10, highest.is_percent ? 1 : 8);
    struct mm_draft_amount level = highest;
    const struct {
        const char *buffer, *level;
        uint64_t steps;
    } levels[] = {{"availBufferConfig/minAvailBuffer", "systemMemoryLevelConfig/critical", 2},
                  {"availBufferConfig/availBuffer", "systemMemoryLevelConfig/low", 3},
                  {"availBufferConfig/highAvailBuffer", "systemMemoryLevelConfig/moderate", 4},
                  {NULL, "systemMemoryLevelConfig/purgeable", 6}};

    if (!highest.is_percent && highest.number < BUILT_IN_LEAST_MB && ram >= BUILT_IN_MOST_MB)
        return;
    for (size_t i = 0; i < MM_ARRAY_SIZE(levels); i++) {
        level.number = MM_MIN(highest.number + levels[i].steps * step, ram);
        if (levels[i].buffer)
            add_amount(draft, levels[i].buffer, 0, level, i == 0 ? why : NULL);
        add_amount(draft, levels[i].level, 0, level, i == 0 ? why : NULL);
    }
}

/* ---- writing ----------------------------------------------------------------------------------------- */

static bool is_below(unsigned element, unsigned ancestor)
{
    while (element != MM_ELEMENT_NONE && element != ancestor)
        element = mm_vocabulary_parent(element);
    return element == ancestor;
}

static bool is_row(unsigned element)
{
    return element != MM_ELEMENT_NONE && mm_vocabulary_at(element)->type == MM_TYPE_ROW;
}

/* Is there a value in the section, or in the row of that number? */
static bool holds(const struct mm_draft *draft, unsigned element, unsigned row)
{
    for (size_t i = 0; i < draft->count; i++) {
        const struct mm_draft_value *value = &draft->values[i];

        if (is_below(value->element, element) && (!is_row(element) || value->row == row))
            return true;
    }
    return false;
}

static unsigned row_count(const struct mm_draft *draft, unsigned element)
{
    unsigned count = 0;

    for (size_t i = 0; i < draft->count; i++) {
        if (is_below(draft->values[i].element, element))
            count = MM_MAX(count, draft->values[i].row + 1);
    }
    return count;
}

static void write_values(const struct mm_draft *draft, unsigned element, unsigned row, unsigned depth,
                         FILE *stream)
{
    const char *name = mm_vocabulary_name(element);
    const int indentation = (int)(depth * INDENTATION);

    for (size_t i = 0; i < draft->count; i++) {
        const struct mm_draft_value *value = &draft->values[i];

        if (value->element != element || value->row != row || !value->text)
            continue;
        if (value->why)
            mm_xml_write_comment(stream, depth * INDENTATION, value->why);
        (void)fprintf(stream, "%*s<%s>", indentation, "", name);
        mm_xml_write_escaped(stream, value->text);
        (void)fprintf(stream, "</%s>\n", name);
    }
}

static void write_children(const struct mm_draft *draft, unsigned parent, unsigned row, unsigned depth,
                           FILE *stream);

static void write_holder(const struct mm_draft *draft, unsigned element, unsigned row, unsigned depth,
                         FILE *stream)
{
    const char *name = mm_vocabulary_name(element);
    const int indentation = (int)(depth * INDENTATION);

    if (!holds(draft, element, row))
        return;
    (void)fprintf(stream, "%*s<%s", indentation, "", name);
    for (size_t i = 0; i < draft->count; i++) {
        const struct mm_draft_value *id = &draft->values[i];

        if (id->element != element || id->row != row || !id->text)
            continue;
        (void)fputs(" id=\"", stream);
        mm_xml_write_escaped(stream, id->text);
        (void)fputc('"', stream);
    }
    (void)fputs(">\n", stream);
    write_children(draft, element, row, depth + 1, stream);
    (void)fprintf(stream, "%*s</%s>\n", indentation, "", name);
}

/* As deep as the vocabulary nests. */
static void write_children(const struct mm_draft *draft, unsigned parent, unsigned row, unsigned depth,
                           FILE *stream) /* NOLINT(misc-no-recursion) */
{
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        const struct mm_element *element = mm_vocabulary_at(child);
        unsigned rows = element->type == MM_TYPE_ROW ? row_count(draft, child) : 0;

        if (element->alias_of)
            continue;
        if (element->type == MM_TYPE_SECTION)
            write_holder(draft, child, row, depth, stream);
        else if (element->type != MM_TYPE_ROW)
            write_values(draft, child, row, depth, stream);
        for (unsigned i = 0; i < rows; i++)
            write_holder(draft, child, i, depth, stream);
    }
}

/* The title, and a line for each note. */
static void write_head(const struct mm_draft *draft, const char *title, FILE *stream)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);

    if (!memory)
        return;
    (void)fputs(title, memory);
    for (size_t i = 0; i < draft->notes.count; i++) {
        const struct mm_problem *note = &draft->notes.items[i];

        (void)fputs(i == 0 ? "\n\n* " : "\n* ", memory);
        if (note->line > 0)
            (void)fprintf(memory, "line %u: ", note->line);
        (void)fputs(note->text ? note->text : "", memory);
    }
    if (fclose(memory) == 0)
        mm_xml_write_comment(stream, 0, text);
    free(text);
}

void mm_draft_write(const struct mm_draft *draft, const char *title, FILE *stream)
{
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", stream);
    write_head(draft, title, stream);
    (void)fputs("<" MM_VOCABULARY_ROOT_NAME ">\n", stream);
    write_children(draft, MM_ELEMENT_NONE, 0, 1, stream);
    (void)fputs("</" MM_VOCABULARY_ROOT_NAME ">\n", stream);
}
