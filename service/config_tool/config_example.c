/* SPDX-License-Identifier: Apache-2.0 */
/* Examples for config_explain.c. */
#include "service/config_tool/config_example.h"

#include "common/common.h"
#include "config/xml_text.h"
#include "service/config_tool/config_tool.h"

#include <stdlib.h>
#include <string.h>

#define INDENTATION 4

struct example {
    FILE *stream;
    unsigned shown;    /* the element that it is about */
    bool with_section; /* all of its section */
};

static bool is_below(unsigned element, unsigned ancestor)
{
    while (element != ancestor && element != MM_ELEMENT_NONE)
        element = mm_vocabulary_parent(element);
    return element == ancestor;
}

static bool is_row(unsigned element)
{
    return element != MM_ELEMENT_NONE && mm_vocabulary_at(element)->type == MM_TYPE_ROW;
}

/* What the example is about: the row that a value is in; of a value that is not valid alone its section. */
static unsigned subject_of(const struct example *example)
{
    unsigned parent = mm_vocabulary_parent(example->shown);

    if (parent != MM_ELEMENT_NONE && (is_row(parent) || example->with_section))
        return parent;
    return example->shown;
}

/* Does the element stand in the example: on the way to its subject, or within that? */
static bool is_wanted(const struct example *example, unsigned element)
{
    if (element == example->shown || is_below(example->shown, element))
        return true;
    /* Only one of two names may be used. */
    if (mm_vocabulary_at(element)->alias_of || element == mm_vocabulary_resolve(example->shown))
        return false;
    return is_below(element, mm_vocabulary_resolve(subject_of(example)));
}

static void write_children(const struct example *example, unsigned parent, unsigned depth);

static void write_element(const struct example *example, unsigned element, unsigned depth)
{
    const char *name = mm_vocabulary_name(element);
    const int indentation = (int)(depth * INDENTATION);
    const char *text = mm_vocabulary_text(element)->example;

    if (mm_element_has_children(mm_vocabulary_at(element))) {
        (void)fprintf(example->stream, "%*s<%s>\n", indentation, "", name);
        write_children(example, mm_vocabulary_resolve(element), depth + 1);
        (void)fprintf(example->stream, "%*s</%s>\n", indentation, "", name);
        return;
    }
    (void)fprintf(example->stream, "%*s<%s>", indentation, "", name);
    mm_xml_write_escaped(example->stream, text ? text : "");
    (void)fprintf(example->stream, "</%s>\n", name);
}

/* As deep as the vocabulary nests. */
static void write_children(const struct example *example, unsigned parent,
                           unsigned depth) /* NOLINT(misc-no-recursion) */
{
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        if (is_wanted(example, child))
            write_element(example, child, depth);
    }
}

static char *make(unsigned element, bool with_section)
{
    struct example example = {.shown = element, .with_section = with_section};
    char *text = NULL;
    size_t length = 0;

    example.stream = open_memstream(&text, &length);
    if (!example.stream)
        return NULL;
    (void)fputs("<" MM_VOCABULARY_ROOT_NAME ">\n", example.stream);
    write_children(&example, MM_ELEMENT_NONE, 1);
    (void)fputs("</" MM_VOCABULARY_ROOT_NAME ">\n", example.stream);
    if (fclose(example.stream) == 0)
        return text;
    free(text);
    return NULL;
}

static bool is_valid(const char *text)
{
    const struct mm_config_device any = {.ram_bytes = 64 * MM_GIB};
    struct mm_config_input input = {0};
    int r = mm_config_tool_verify("example", text, strlen(text), &any, &input);

    mm_config_input_fini(&input);
    return r == 0;
}

char *mm_config_example(unsigned element)
{
    char *text = make(element, false);

    if (!text || is_valid(text))
        return text;
    free(text);
    return make(element, true);
}
