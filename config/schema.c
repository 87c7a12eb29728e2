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

static void write_range(FILE *stream, int64_t min, int64_t max)
{
    (void)fprintf(stream,
                  "<xs:restriction base=\"xs:integer\"><xs:minInclusive value=\"%" PRId64
                  "\"/><xs:maxInclusive value=\"%" PRId64 "\"/></xs:restriction>",
                  min, max);
}

static void write_length(FILE *stream, int64_t most)
{
    (void)fprintf(stream,
                  "<xs:restriction base=\"xs:token\"><xs:maxLength value=\"%" PRId64 "\"/></xs:restriction>",
                  most);
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
    write_range(stream, element->min, element->max);
    (void)fputs(
        "</xs:simpleType><xs:simpleType><xs:restriction base=\"xs:token\"><xs:pattern "
        "value=\"[0-9]+ ?(%|[Bb]|[KkMmGgTt]([Ii]?[Bb])?)\"/></xs:restriction></xs:simpleType></xs:union>",
        stream);
}

static void write_path(FILE *stream, int64_t most)
{
    (void)fprintf(stream,
                  "<xs:restriction base=\"xs:token\"><xs:maxLength value=\"%" PRId64
                  "\"/><xs:pattern value=\"(/([^/.][^/]*|\\.[^/.][^/]*|\\.\\.[^/]+)?)*\"/></xs:restriction>",
                  most);
}

/* Its ends are beyond a schema. */
static const char range_restriction[] = "<xs:restriction base=\"xs:token\"><xs:pattern value=\"(-?[0-9]+( "
                                        "?(\\.\\.|-) ?-?[0-9]+)?)?\"/></xs:restriction>";

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
    case MM_TYPE_PATH:
        write_path(stream, element->max);
        break;
    case MM_TYPE_RANGE:
        (void)fputs(range_restriction, stream);
        break;
    case MM_TYPE_TEXT:
    case MM_TYPE_NAME:
    case MM_TYPE_PATTERN:
    case MM_TYPE_TEMPLATE:
        write_length(stream, element->max);
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
        write_range(stream, element->min, element->max);
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

/* Has rows or lists, so that something may be removed from it. */
static bool holds_several(unsigned parent)
{
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        if (may_repeat(mm_vocabulary_at(child)))
            return true;
    }
    return false;
}

static void write_line(FILE *stream, unsigned depth, const char *line)
{
    indent(stream, depth);
    (void)fprintf(stream, "%s\n", line);
}

static void write_content(FILE *stream, unsigned parent, unsigned depth);

/* What each row must have may stand in an earlier layer: no schema can demand it. */
static void write_element(FILE *stream, unsigned index, bool is_in_choice, unsigned depth)
{
    unsigned resolved = mm_vocabulary_resolve(index);

    indent(stream, depth);
    (void)fprintf(stream, "<xs:element name=\"%s\"%s>\n", mm_vocabulary_name(index),
                  is_in_choice ? "" : " minOccurs=\"0\"");
    write_documentation(stream, index, depth + 1);
    if (mm_element_has_children(mm_vocabulary_at(index)))
        write_content(stream, resolved, depth + 1);
    else
        write_value(stream, mm_vocabulary_at(resolved), depth + 1);
    write_line(stream, depth, "</xs:element>");
}

/*
 * xs:all takes the children in any order, once each; where one may repeat it has to be a repeated choice. The
 * vocabulary nests a few levels and an alias stands for a section that holds none: this ends.
 */
static void write_content(FILE *stream, unsigned parent, unsigned depth) /* NOLINT(misc-no-recursion) */
{
    bool is_choice = holds_several(parent);

    write_line(stream, depth, "<xs:complexType>");
    write_line(stream, depth + 1,
               is_choice ? "<xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\">" : "<xs:all>");
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child))
        write_element(stream, child, is_choice, depth + 2);
    if (is_choice)
        write_line(stream, depth + 2,
                   "<xs:element name=\"" MM_REMOVE_NAME "\" type=\"" MM_REMOVE_NAME "\"/>");
    write_line(stream, depth + 1, is_choice ? "</xs:choice>" : "</xs:all>");
    if (mm_vocabulary_at(parent)->type == MM_TYPE_ROW)
        write_line(stream, depth + 1, "<xs:attribute name=\"id\" type=\"xs:string\"/>");
    write_line(stream, depth, "</xs:complexType>");
}

/* ---- the root, profiles and removals ----------------------------------------------------------------- */

static void write_attributes(FILE *stream, const struct mm_attribute *attribute, unsigned depth)
{
    for (; attribute->name; attribute++) {
        indent(stream, depth);
        (void)fprintf(stream, "<xs:attribute name=\"%s\">\n", attribute->name);
        indent(stream, depth + 1);
        (void)fputs("<xs:annotation><xs:documentation>", stream);
        mm_xml_write_escaped(stream, attribute->help);
        (void)fputs("</xs:documentation></xs:annotation>\n", stream);
        indent(stream, depth + 1);
        (void)fputs("<xs:simpleType>", stream);
        if (attribute->type == MM_TYPE_UNSIGNED)
            write_range(stream, attribute->min, attribute->max);
        else
            write_length(stream, attribute->max);
        (void)fputs("</xs:simpleType>\n", stream);
        write_line(stream, depth, "</xs:attribute>");
    }
}

/* The root's elements, those that may stand in a profile or those that may not. */
static void write_sections(FILE *stream, bool may_be_in_profile, unsigned depth)
{
    for (unsigned child = mm_vocabulary_first_child(MM_ELEMENT_NONE); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        if (may_be_in_profile != ((mm_vocabulary_at(child)->flags & MM_ELEMENT_NO_PROFILE) != 0))
            write_element(stream, child, true, depth);
    }
}

static void write_shared(FILE *stream)
{
    write_line(stream, 1, "<xs:complexType name=\"" MM_REMOVE_NAME "\">");
    write_attributes(stream, mm_remove_attributes, 2);
    write_line(stream, 1, "</xs:complexType>");
    write_line(stream, 1, "<xs:group name=\"sections\">");
    write_line(stream, 2, "<xs:choice>");
    write_sections(stream, true, 3);
    write_line(stream, 3, "<xs:element name=\"" MM_REMOVE_NAME "\" type=\"" MM_REMOVE_NAME "\"/>");
    write_line(stream, 2, "</xs:choice>");
    write_line(stream, 1, "</xs:group>");
}

static void write_profile(FILE *stream, unsigned depth)
{
    write_line(stream, depth, "<xs:element name=\"" MM_PROFILE_NAME "\">");
    write_line(stream, depth + 1,
               "<xs:annotation><xs:documentation>What counts for some devices only: each attribute that is "
               "given must "
               "match.</xs:documentation></xs:annotation>");
    write_line(stream, depth + 1, "<xs:complexType>");
    write_line(stream, depth + 2,
               "<xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\"><xs:group ref=\"sections\"/></xs:choice>");
    write_attributes(stream, mm_profile_attributes, depth + 2);
    write_line(stream, depth + 1, "</xs:complexType>");
    write_line(stream, depth, "</xs:element>");
}

static void write_root(FILE *stream)
{
    write_line(stream, 1, "<xs:element name=\"" MM_VOCABULARY_ROOT_NAME "\">");
    write_line(stream, 2, "<xs:complexType>");
    write_line(stream, 3, "<xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\">");
    write_line(stream, 4, "<xs:group ref=\"sections\"/>");
    write_sections(stream, false, 4);
    write_profile(stream, 4);
    write_line(stream, 3, "</xs:choice>");
    write_line(stream, 2, "</xs:complexType>");
    write_line(stream, 1, "</xs:element>");
}

int mm_config_write_xsd(FILE *stream)
{
    write_line(stream, 0, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    write_line(stream, 0, "<!-- SPDX-License-Identifier: Apache-2.0 -->");
    write_line(
        stream, 0,
        "<!-- Generated by \"memmgrctl config schema\"; changes are made in config/vocabulary_*.h. -->");
    write_line(stream, 0, "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">");
    write_shared(stream);
    write_root(stream);
    write_line(stream, 0, "</xs:schema>");
    return ferror(stream) ? -EIO : 0;
}
