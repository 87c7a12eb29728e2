/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file to begin with. A value is in a comment of its own, below one that explains it:
 *
 *     <killPolicy>
 *         <!-- How long a victim may take to exit ... Value: a whole number of milliseconds from 10 to 60000. -->
 *         <!-- <exitTimeoutMs>500</exitTimeoutMs> -->
 *
 * Rows, and sections that would mean something even if they were empty, are in one comment as a whole.
 */
#include "service/config_tool/config_example.h"

#include "common/common.h"
#include "config/value.h"
#include "config/xml_text.h"

#include <stdlib.h>
#include <string.h>

#define INDENTATION 4

static const char head[] = "The configuration of memmgr, to begin with.\n"
                           "\n"
                           "Nothing in it counts yet: each value stands in a comment, as it is built in. "
                           "Take the comment's marks away from "
                           "what you change. Copied to memmgr_config.d it adds to the files that are there, "
                           "as memmgr_config.xml it takes the "
                           "place of one.\n"
                           "\n"
                           "memmgrctl config check FILE        what is wrong with it\n"
                           "memmgrctl config show FILE         what it means, all values\n"
                           "memmgrctl config explain NAME      what an element is\n"
                           "\n"
                           "Each of them takes the option ram-mb, for a device with another amount of RAM.";

static bool is_row(unsigned element)
{
    return mm_vocabulary_at(element)->type == MM_TYPE_ROW;
}

static bool is_repeatable(unsigned element)
{
    return (mm_vocabulary_at(element)->flags & MM_ELEMENT_REPEATABLE) != 0;
}

/* Would the section mean something even if it were empty? */
static bool counts_when_empty(unsigned section)
{
    if (mm_vocabulary_at(section)->flags & MM_ELEMENT_UNUSED)
        return true;
    for (unsigned child = mm_vocabulary_first_child(section); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        if (mm_vocabulary_at(child)->flags & MM_ELEMENT_EMPTY_IS_NONE)
            return true;
    }
    return false;
}

/* ---- explanations --------------------------------------------------------------------------------------- */

static void append_explanation(FILE *stream, unsigned element, bool with_name)
{
    char expected[MM_EXPECTED_MAX];

    if (with_name)
        (void)fprintf(stream, "%s: ", mm_vocabulary_name(element));
    (void)fputs(mm_vocabulary_text(element)->help, stream);
    if (mm_value_expected(mm_vocabulary_at(element), expected, sizeof(expected))[0])
        (void)fprintf(stream, " Value: %s.", expected);
}

static void append_explanations_below(FILE *stream, unsigned parent) /* NOLINT(misc-no-recursion) */
{
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        if (mm_vocabulary_at(child)->alias_of)
            continue;
        (void)fputc('\n', stream);
        append_explanation(stream, child, true);
        append_explanations_below(stream, child);
    }
}

/* A comment on the element, and on all that is in it. */
static void explain(FILE *stream, unsigned element, unsigned depth, bool with_all_below)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);

    if (!memory)
        return;
    append_explanation(memory, element, false);
    if (with_all_below)
        append_explanations_below(memory, element);
    if (fclose(memory) == 0)
        mm_xml_write_comment(stream, depth * INDENTATION, text);
    free(text);
}

/* ---- rows ----------------------------------------------------------------------------------------------- */

static void write_plain_value(FILE *stream, unsigned element, const char *text, size_t length, unsigned depth)
{
    (void)fprintf(stream, "%*s<%s>%.*s</%s>\n", (int)(depth * INDENTATION), "", mm_vocabulary_name(element),
                  (int)length, text, mm_vocabulary_name(element));
}

/* text: the row's values, separated by blanks, up to a comma; NULL: the examples of its elements. Returns what is
   behind it. */
static const char *write_row(FILE *stream, unsigned row, const char *text, unsigned depth)
{
    (void)fprintf(stream, "%*s<%s>\n", (int)(depth * INDENTATION), "", mm_vocabulary_name(row));
    for (unsigned child = mm_vocabulary_first_child(row); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        const char *value = text ? text + strspn(text, " ") : mm_vocabulary_text(child)->example;
        size_t length = text ? strcspn(value, " ,") : strlen(value);

        if (mm_vocabulary_at(child)->alias_of)
            continue;
        write_plain_value(stream, child, value, length, depth + 1);
        if (text)
            text = value + length;
    }
    (void)fprintf(stream, "%*s</%s>\n", (int)(depth * INDENTATION), "", mm_vocabulary_name(row));
    return text;
}

static void write_rows(FILE *stream, unsigned row, unsigned depth)
{
    const char *text = mm_vocabulary_at(row)->default_text;

    do {
        text = write_row(stream, row, text, depth);
        text = text && *text == ',' ? text + 1 : NULL;
    } while (text);
}

/* ---- sections ------------------------------------------------------------------------------------------- */

static void write_section(FILE *stream, unsigned section, unsigned depth, bool is_in_comment);

static const char *shown_text(unsigned element)
{
    const char *text = mm_vocabulary_at(element)->default_text;

    return text && !is_repeatable(element) ? text : mm_vocabulary_text(element)->example;
}

static void write_child(FILE *stream, unsigned child, unsigned depth, bool is_in_comment)
{
    const int indentation = (int)(depth * INDENTATION);
    const char *name = mm_vocabulary_name(child);

    if (mm_vocabulary_at(child)->type == MM_TYPE_SECTION) {
        write_section(stream, child, depth, is_in_comment);
        return;
    }
    if (!is_in_comment)
        explain(stream, child, depth, true);
    if (is_row(child)) {
        if (!is_in_comment)
            (void)fprintf(stream, "%*s<!--\n", indentation, "");
        write_rows(stream, child, depth);
        if (!is_in_comment)
            (void)fprintf(stream, "%*s-->\n", indentation, "");
        return;
    }
    if (is_in_comment)
        write_plain_value(stream, child, shown_text(child), strlen(shown_text(child)), depth);
    else
        (void)fprintf(stream, "%*s<!-- <%s>%s</%s> -->\n", indentation, "", name, shown_text(child), name);
}

/* As deep as the vocabulary nests. */
static void write_section(FILE *stream, unsigned section, unsigned depth,
                          bool is_in_comment) /* NOLINT(misc-no-recursion) */
{
    const int indentation = (int)(depth * INDENTATION);
    bool is_comment = !is_in_comment && counts_when_empty(section);

    if (!is_in_comment)
        explain(stream, section, depth, is_comment);
    if (is_comment)
        (void)fprintf(stream, "%*s<!--\n", indentation, "");
    (void)fprintf(stream, "%*s<%s>\n", indentation, "", mm_vocabulary_name(section));
    for (unsigned child = mm_vocabulary_first_child(section); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        if (!mm_vocabulary_at(child)->alias_of)
            write_child(stream, child, depth + 1, is_in_comment || is_comment);
    }
    (void)fprintf(stream, "%*s</%s>\n", indentation, "", mm_vocabulary_name(section));
    if (is_comment)
        (void)fprintf(stream, "%*s-->\n", indentation, "");
}

/* ---- what is no element of the table -------------------------------------------------------------------- */

static void explain_attributes(FILE *stream, const char *introduction, const struct mm_attribute *attributes)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);

    if (!memory)
        return;
    (void)fputs(introduction, memory);
    for (; attributes->name; attributes++)
        (void)fprintf(memory, "\n%s: %s", attributes->name, attributes->help);
    if (fclose(memory) == 0)
        mm_xml_write_comment(stream, INDENTATION, text);
    free(text);
}

static void write_profile(FILE *stream)
{
    unsigned rows = mm_vocabulary_find("killConfig/killLevel");

    explain_attributes(
        stream,
        "What counts on some devices only, laid over what stands outside: any of the sections above. "
        "All attributes that are given must fit the device, and no two profiles of a file may fit one.",
        mm_profile_attributes);
    (void)fputs("    <!--\n"
                "    <" MM_PROFILE_NAME " name=\"4 GB\" minRamMB=\"3073\" maxRamMB=\"5120\">\n"
                "        <killConfig>\n",
                stream);
    write_rows(stream, rows, 3);
    (void)fputs("        </killConfig>\n"
                "    </" MM_PROFILE_NAME ">\n"
                "    -->\n",
                stream);
}

void mm_config_write_starter(FILE *stream)
{
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", stream);
    mm_xml_write_comment(stream, 0, head);
    (void)fputs("<" MM_VOCABULARY_ROOT_NAME ">\n", stream);
    for (unsigned section = mm_vocabulary_first_child(MM_ELEMENT_NONE); section != MM_ELEMENT_NONE;
         section = mm_vocabulary_next_sibling(section)) {
        if (mm_vocabulary_at(section)->alias_of)
            continue;
        (void)fputc('\n', stream);
        write_section(stream, section, 1, false);
    }
    (void)fputc('\n', stream);
    write_profile(stream);
    (void)fputc('\n', stream);
    explain_attributes(
        stream, "<" MM_REMOVE_NAME "/> takes away what an earlier file gave, in the section it belongs to:",
        mm_remove_attributes);
    (void)fputs("    <!-- <" MM_REMOVE_NAME " element=\"killConfig\"/> -->\n"
                "</" MM_VOCABULARY_ROOT_NAME ">\n",
                stream);
}
