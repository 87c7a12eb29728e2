/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as XML that reads back as the same configuration. */
#include "common/common.h"
#include "config/value.h"
#include "config/vocabulary.h"
#include "config/xml_text.h"

#include <errno.h>
#include <string.h>

void mm_xml_write_escaped(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            (void)fputs("&amp;", stream);
        else if (*text == '<')
            (void)fputs("&lt;", stream);
        else if (*text == '>')
            (void)fputs("&gt;", stream);
        else
            (void)fputc(*text, stream);
    }
}

static void indent(FILE *stream, unsigned depth)
{
    (void)fprintf(stream, "%*s", (int)(depth * 4), "");
}

static void write_value(FILE *stream, unsigned index, const struct mm_target *target, const void *structure,
                        unsigned depth)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    char number[MM_VALUE_TEXT_MAX];

    indent(stream, depth);
    (void)fprintf(stream, "<%s>", mm_vocabulary_name(index));
    if (mm_value_is_text(target->storage))
        mm_xml_write_escaped(stream, mm_field_text(target, structure));
    else
        (void)fputs(mm_value_format(element, mm_field_number(target, structure), number, sizeof(number)),
                    stream);
    (void)fprintf(stream, "</%s>\n", mm_vocabulary_name(index));
}

static void write_children(FILE *stream, unsigned parent, const struct mm_config *config,
                           const void *structure, unsigned depth);

static void write_list(FILE *stream, unsigned index, const struct mm_config *config, unsigned depth)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    struct mm_target entry_target = element->target;

    entry_target.offset = 0;
    for (size_t i = 0; i < mm_list_field_count(&element->target, config); i++) {
        const void *entry = mm_list_field_read(&element->target, config, i);

        if (element->type != MM_TYPE_ROW) {
            write_value(stream, index, &entry_target, entry, depth);
            continue;
        }
        indent(stream, depth);
        (void)fprintf(stream, "<%s>\n", mm_vocabulary_name(index));
        write_children(stream, index, config, entry, depth + 1);
        indent(stream, depth);
        (void)fprintf(stream, "</%s>\n", mm_vocabulary_name(index));
    }
}

static void write_element(FILE *stream, unsigned index, const struct mm_config *config, const void *structure,
                          unsigned depth)
{
    const struct mm_element *element = mm_vocabulary_at(index);

    if (element->alias_of)
        return;
    if (element->target.list != MM_LIST_NONE) {
        write_list(stream, index, config, depth);
    } else if (element->type == MM_TYPE_SECTION) {
        indent(stream, depth);
        (void)fprintf(stream, "<%s>\n", mm_vocabulary_name(index));
        write_children(stream, index, config, structure, depth + 1);
        indent(stream, depth);
        (void)fprintf(stream, "</%s>\n", mm_vocabulary_name(index));
    } else if (element->target.storage != MM_STORE_NONE) {
        write_value(stream, index, &element->target, structure, depth);
    }
}

/* As deep as the vocabulary nests. */
static void write_children(FILE *stream, unsigned parent, const struct mm_config *config,
                           const void *structure, unsigned depth) /* NOLINT(misc-no-recursion) */
{
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child))
        write_element(stream, child, config, structure, depth);
}

int mm_config_write_xml(FILE *stream, const struct mm_config *config)
{
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" MM_VOCABULARY_ROOT_NAME ">\n", stream);
    write_children(stream, MM_ELEMENT_NONE, config, config, 1);
    (void)fputs("</" MM_VOCABULARY_ROOT_NAME ">\n", stream);
    return ferror(stream) ? -EIO : 0;
}
