/* SPDX-License-Identifier: Apache-2.0 */
/* The XSD of the vocabulary. Editors and xmllint check by it; the rules across fields are beyond an XSD. */
#include "common/common.h"
#include "config/value.h"
#include "config/vocabulary.h"
#include "config/xml_text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static void indent(FILE *stream, unsigned depth)
{
    (void)fprintf(stream, "%*s", (int)(depth * 2), "");
}

static void write_documentation(FILE *stream, unsigned index, unsigned depth)
{
    const struct mm_element *element = mm_vocabulary_at(mm_vocabulary_resolve(index));
    char expected[MM_EXPECTED_MAX];

    indent(stream, depth);
    (void)fputs("<xs:annotation><xs:documentation>", stream);
    mm_xml_write_escaped(stream, mm_vocabulary_text(index)->help);
    (void)mm_value_expected(element, expected, sizeof(expected));
    if (expected[0]) {
        (void)fputs(" Value: ", stream);
        mm_xml_write_escaped(stream, expected);
        (void)fputc('.', stream);
    }
    if (element->default_text && element->default_text[0]) {
        (void)fputs(" Default: ", stream);
        mm_xml_write_escaped(stream, element->default_text);
        (void)fputc('.', stream);
    }
    (void)fputs("</xs:documentation></xs:annotation>\n", stream);
}

/* ---- values ------------------------------------------------------------------------------------------ */

static void write_bounds(FILE *stream, const struct mm_element *element)
{
    (void)fprintf(stream,
                  "<xs:restriction base=\"xs:integer\"><xs:minInclusive value=\"%" PRId64
                  "\"/><xs:maxInclusive value=\"%" PRId64 "\"/></xs:restriction>",
                  element->min, element->max);
}

static void write_words(FILE *stream, const struct mm_word *words)
{
    (void)fputs("<xs:restriction base=\"xs:token\">", stream);
    for (; words->word; words++)
        (void)fprintf(stream, "<xs:enumeration value=\"%s\"/>", words->word);
    (void)fputs("</xs:restriction>", stream);
}

static void write_size(FILE *stream, const struct mm_element *element)
{
    (void)fputs("<xs:restriction base=\"xs:token\"><xs:pattern value=\"", stream);
    for (const struct mm_word *word = element->words; word->word; word++)
        (void)fprintf(stream, "%s|", word->word);
    (void)fputs("[0-9]+ ?([Bb]|[KkMmGgTt]([Ii]?[Bb])?)?\"/></xs:restriction>", stream);
}

/* MB, which a schema can bound, or one of the longer ways to say it. */
static void write_memory(FILE *stream, const struct mm_element *element)
{
    (void)fputs("<xs:union><xs:simpleType>", stream);
    write_bounds(stream, element);
    (void)fputs(
        "</xs:simpleType><xs:simpleType><xs:restriction base=\"xs:token\"><xs:pattern "
        "value=\"[0-9]+ ?(%|[Bb]|[KkMmGgTt]([Ii]?[Bb])?)\"/></xs:restriction></xs:simpleType></xs:union>",
        stream);
}

static void write_text(FILE *stream, const struct mm_element *element)
{
    (void)fprintf(stream, "<xs:restriction base=\"xs:token\"><xs:maxLength value=\"%" PRId64 "\"/>",
                  element->max);
    if (element->type == MM_TYPE_PATH)
        (void)fputs("<xs:pattern value=\"(/.*)?\"/>", stream);
    (void)fputs("</xs:restriction>", stream);
}

static void write_restriction(FILE *stream, const struct mm_element *element)
{
    static const struct mm_word bool_words[] = {{"true", 1}, {"false", 0}, {"yes", 1}, {"no", 0}, {"on", 1},
                                                {"off", 0},  {"1", 1},     {"0", 0},   {0}};

    switch (element->type) {
    case MM_TYPE_BOOL:
        write_words(stream, bool_words);
        break;
    case MM_TYPE_WORD:
        write_words(stream, element->words);
        break;
    case MM_TYPE_MEMORY:
        write_memory(stream, element);
        break;
    case MM_TYPE_SIZE:
        write_size(stream, element);
        break;
    case MM_TYPE_OCTAL:
        (void)fputs("<xs:restriction base=\"xs:token\"><xs:pattern value=\"0*[0-7]{1,3}\"/></xs:restriction>",
                    stream);
        break;
    case MM_TYPE_TEXT:
    case MM_TYPE_PATH:
    case MM_TYPE_NAME:
        write_text(stream, element);
        break;
    case MM_TYPE_SECTION:
    case MM_TYPE_ROW:
    case MM_TYPE_UNSIGNED:
    case MM_TYPE_SIGNED:
    case MM_TYPE_SIZE_MB:
    case MM_TYPE_SIZE_KB:
    case MM_TYPE_PERCENT:
    case MM_TYPE_MILLISECONDS:
    case MM_TYPE_MICROSECONDS:
        write_bounds(stream, element);
        break;
    }
}

static void write_value(FILE *stream, const struct mm_element *element, unsigned depth)
{
    indent(stream, depth);
    (void)fputs("<xs:simpleType>", stream);
    write_restriction(stream, element);
    (void)fputs("</xs:simpleType>\n", stream);
}

/* ---- elements ---------------------------------------------------------------------------------------- */

static bool may_repeat(const struct mm_element *element)
{
    return element->type == MM_TYPE_ROW || (element->flags & MM_ELEMENT_REPEATABLE);
}

/* xs:all takes the children in any order, once each; where one may repeat it has to be a repeated choice. */
static const char *group_of(unsigned parent)
{
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        if (may_repeat(mm_vocabulary_at(child)))
            return "choice";
    }
    return "all";
}

static void write_content(FILE *stream, unsigned parent, unsigned depth);

static void write_element(FILE *stream, unsigned index, const char *group, unsigned depth)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    unsigned resolved = mm_vocabulary_resolve(index);

    indent(stream, depth);
    (void)fprintf(stream, "<xs:element name=\"%s\"", mm_vocabulary_name(index));
    if (strcmp(group, "all") == 0 && !(element->flags & MM_ELEMENT_REQUIRED))
        (void)fputs(" minOccurs=\"0\"", stream);
    (void)fputs(">\n", stream);
    write_documentation(stream, index, depth + 1);
    if (mm_element_has_children(element))
        write_content(stream, resolved, depth + 1);
    else
        write_value(stream, mm_vocabulary_at(resolved), depth + 1);
    indent(stream, depth);
    (void)fputs("</xs:element>\n", stream);
}

/* The vocabulary nests a few levels and an alias stands for a section that holds none: this ends. */
static void write_content(FILE *stream, unsigned parent, unsigned depth) /* NOLINT(misc-no-recursion) */
{
    const char *group = group_of(parent);

    indent(stream, depth);
    (void)fputs("<xs:complexType>\n", stream);
    indent(stream, depth + 1);
    (void)fprintf(stream, "<xs:%s%s>\n", group,
                  strcmp(group, "choice") == 0 ? " minOccurs=\"0\" maxOccurs=\"unbounded\"" : "");
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child))
        write_element(stream, child, group, depth + 2);
    indent(stream, depth + 1);
    (void)fprintf(stream, "</xs:%s>\n", group);
    if (parent != MM_ELEMENT_NONE && mm_vocabulary_at(parent)->type == MM_TYPE_ROW) {
        indent(stream, depth + 1);
        (void)fputs("<xs:attribute name=\"id\" type=\"xs:string\"/>\n", stream);
    }
    indent(stream, depth);
    (void)fputs("</xs:complexType>\n", stream);
}

int mm_config_write_xsd(FILE *stream)
{
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
                "<!-- Generated by memmgr-config with its option xsd; changes are made in "
                "config/vocabulary_table.c. -->\n"
                "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">\n"
                "  <xs:element name=\"" MM_VOCABULARY_ROOT_NAME "\">\n",
                stream);
    write_content(stream, MM_ELEMENT_NONE, 2);
    (void)fputs("  </xs:element>\n</xs:schema>\n", stream);
    return ferror(stream) ? -EIO : 0;
}
