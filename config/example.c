/* SPDX-License-Identifier: Apache-2.0 */
/* A file that shows one element in its place. */
#include "config/vocabulary.h"
#include "config/xml_text.h"

#include <errno.h>

static void indent(FILE *stream, unsigned depth)
{
    (void)fprintf(stream, "%*s", (int)(depth * 4), "");
}

static void write_value(FILE *stream, unsigned element, unsigned depth)
{
    indent(stream, depth);
    (void)fprintf(stream, "<%s>", mm_vocabulary_name(element));
    mm_xml_write_escaped(stream, mm_vocabulary_text(element)->example);
    (void)fprintf(stream, "</%s>\n", mm_vocabulary_name(element));
}

static void write_tag(FILE *stream, unsigned element, const char *slash, unsigned depth)
{
    indent(stream, depth);
    (void)fprintf(stream, "<%s%s>\n", slash, mm_vocabulary_name(element));
}

/* With all that may stand in it, under one name each. As deep as the vocabulary nests. */
static void write_whole(FILE *stream, unsigned element, unsigned depth) /* NOLINT(misc-no-recursion) */
{
    unsigned parent = mm_vocabulary_resolve(element);

    if (!mm_element_has_children(mm_vocabulary_at(element))) {
        write_value(stream, element, depth);
        return;
    }
    write_tag(stream, element, "", depth);
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        if (!mm_vocabulary_at(child)->alias_of)
            write_whole(stream, child, depth + 1);
    }
    write_tag(stream, element, "/", depth);
}

/* The element, and beside it what its row must have. */
static void write_content(FILE *stream, unsigned parent, unsigned element, unsigned depth)
{
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        if (child == element || (mm_vocabulary_at(child)->flags & MM_ELEMENT_REQUIRED))
            write_whole(stream, child, depth);
    }
}

int mm_config_write_example(FILE *stream, unsigned element)
{
    unsigned parents[MM_CONFIG_DEPTH_MAX];
    unsigned depth = 0;

    for (unsigned parent = mm_vocabulary_parent(element);
         parent != MM_ELEMENT_NONE && depth < MM_CONFIG_DEPTH_MAX; parent = mm_vocabulary_parent(parent))
        parents[depth++] = parent;
    (void)fputs("<" MM_VOCABULARY_ROOT_NAME ">\n", stream);
    for (unsigned i = depth; i > 0; i--)
        write_tag(stream, parents[i - 1], "", depth - i + 1);
    write_content(stream, depth > 0 ? parents[0] : MM_ELEMENT_NONE, element, depth + 1);
    for (unsigned i = 0; i < depth; i++)
        write_tag(stream, parents[i], "/", depth - i);
    (void)fputs("</" MM_VOCABULARY_ROOT_NAME ">\n", stream);
    return ferror(stream) ? -EIO : 0;
}
