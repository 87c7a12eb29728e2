/* SPDX-License-Identifier: Apache-2.0 */
/* The list of findings. Where memory fails a finding keeps its severity and place and loses its text. */
#include "config/problems.h"

#include "common/common.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void mm_problems_fini(struct mm_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->items[i].file);
        free(problems->items[i].text);
    }
    free(problems->items);
    *problems = (struct mm_problems){0};
}

static struct mm_problem make(enum mm_problem_severity severity, const char *file, unsigned line,
                              unsigned column, const char *text)
{
    return (struct mm_problem){.severity = severity,
                               .file = strdup(file ? file : ""),
                               .line = line,
                               .column = column,
                               .text = strdup(text)};
}

/* One more place at the end; NULL without memory. */
static struct mm_problem *append(struct mm_problems *problems)
{
    struct mm_problem *larger = reallocarray(problems->items, problems->count + 1, sizeof(*larger));

    if (!larger)
        return NULL;
    problems->items = larger;
    return &larger[problems->count++];
}

/* In a full list an error takes the place of the last finding that is none: it must not go unread. */
static struct mm_problem *replace(struct mm_problems *problems, enum mm_problem_severity severity)
{
    for (size_t i = MM_CONFIG_PROBLEMS_MAX; severity == MM_PROBLEM_ERROR && i > 0; i--) {
        struct mm_problem *problem = &problems->items[i - 1];

        if (problem->severity == MM_PROBLEM_ERROR)
            continue;
        free(problem->file);
        free(problem->text);
        return problem;
    }
    return NULL;
}

void mm_problems_add_list(struct mm_problems *problems, enum mm_problem_severity severity, const char *file,
                          unsigned line, unsigned column, const char *format, va_list arguments)
{
    struct mm_problem *problem;
    char text[MM_PROBLEM_TEXT_MAX];

    /* Counted even where it is not kept: an error must never turn into a success. */
    if (severity == MM_PROBLEM_ERROR)
        problems->error_count++;
    if (problems->count == MM_CONFIG_PROBLEMS_MAX) {
        problem = append(problems);
        if (!problem)
            return;
        *problem = make(MM_PROBLEM_NOTE, file, 0, 0, "there are more problems than are shown");
    }
    problem = problems->count < MM_CONFIG_PROBLEMS_MAX ? append(problems) : replace(problems, severity);
    if (!problem)
        return;
    if (vsnprintf(text, sizeof(text), format, arguments) < 0)
        text[0] = '\0';
    *problem = make(severity, file, line, column, text);
}

void mm_problems_add(struct mm_problems *problems, enum mm_problem_severity severity, const char *file,
                     unsigned line, unsigned column, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    mm_problems_add_list(problems, severity, file, line, column, format, arguments);
    va_end(arguments);
}

static bool comes_before(const struct mm_problem *a, const struct mm_problem *b)
{
    int order = strcmp(a->file ? a->file : "", b->file ? b->file : "");

    if (order != 0)
        return order < 0;
    if (a->line != b->line)
        return a->line < b->line;
    return a->column < b->column;
}

void mm_problems_sort(struct mm_problems *problems)
{
    /* By insertion: it keeps the order of equals, and there are at most MM_CONFIG_PROBLEMS_MAX. */
    for (size_t i = 1; i < problems->count; i++) {
        struct mm_problem moved = problems->items[i];
        size_t k = i;

        for (; k > 0 && comes_before(&moved, &problems->items[k - 1]); k--)
            problems->items[k] = problems->items[k - 1];
        problems->items[k] = moved;
    }
}

const char *mm_problem_place(const struct mm_problem *problem, char *buffer, size_t size)
{
    const char *file = problem->file ? problem->file : "";
    char shown_file[512];
    size_t length = 0;

    buffer[0] = '\0';
    (void)mm_printable(file, strlen(file), shown_file, sizeof(shown_file));
    if (shown_file[0])
        length += mm_format(buffer, size, "%s:", shown_file);
    if (problem->line > 0)
        length += mm_format(buffer + length, size - length, "%u:", problem->line);
    if (problem->column > 0)
        length += mm_format(buffer + length, size - length, "%u:", problem->column);
    if (length > 0)
        (void)mm_format(buffer + length, size - length, " ");
    return buffer;
}

const char *mm_problem_text(const struct mm_problem *problem, char *buffer, size_t size)
{
    static const char *const severities[] = {
        [MM_PROBLEM_NOTE] = "note", [MM_PROBLEM_WARNING] = "warning", [MM_PROBLEM_ERROR] = "error"};
    const char *text = problem->text ? problem->text : "out of memory";
    size_t length = strlen(mm_problem_place(problem, buffer, size));

    (void)mm_format(buffer + length, size - length, "%s: %s", severities[problem->severity], text);
    return buffer;
}

const char *mm_shown(const char *text, char *buffer)
{
    static const char blanks[] = " \t\r\n";
    size_t length, used;

    text += strspn(text, blanks);
    length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]))
        length--;
    (void)mm_printable(text, length, buffer, MM_SHOWN_MAX);
    used = strlen(buffer);
    if (length >= MM_SHOWN_MAX && used > MM_SHOWN_MAX - 8) {
        /* Cut: say so, at a whole character. */
        used = MM_SHOWN_MAX - 8;
        while (used > 0 && ((unsigned char)buffer[used] & 0xc0) == 0x80)
            used--;
        mm_copy_text(buffer + used, MM_SHOWN_MAX - used, "...");
    }
    return buffer;
}
