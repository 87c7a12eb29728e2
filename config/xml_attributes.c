/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes of a start tag. */
#include "common/common.h"
#include "config/problems.h"
#include "config/xml_state.h"

#include <string.h>

#define XML_SCHEMA_INSTANCE_URI "http://www.w3.org/2001/XMLSchema-instance"

/* SAX2 gives five words for each attribute: name, prefix, URI, value, its end. */
static const char *word_of(const struct mm_xml_tag *tag, size_t attribute, size_t word)
{
    return (const char *)tag->attributes[5 * attribute + word];
}

/* The offset of its value in the file; that of the tag for one that is not written there (a default). */
static size_t offset_of(const struct mm_xml_reader *reader, const struct mm_xml_tag *tag, const char *name)
{
    const char *bytes = reader->position.bytes;
    size_t length = strlen(name);
    size_t at = tag->begin + 1 + strcspn(bytes + tag->begin + 1, " \t\r\n/>");

    while (at < tag->end) {
        size_t begin, end;
        const char *close;

        at += strspn(bytes + at, " \t\r\n");
        begin = at;
        at += strcspn(bytes + at, " \t\r\n=>");
        end = at;
        at += strspn(bytes + at, " \t\r\n=");
        if (at >= tag->end || (bytes[at] != '"' && bytes[at] != '\''))
            break;
        if (end - begin == length && memcmp(bytes + begin, name, length) == 0)
            return at + 1;
        close = memchr(bytes + at + 1, bytes[at], tag->end - at - 1);
        if (!close)
            break;
        at = (size_t)(close - bytes) + 1;
    }
    return tag->begin;
}

static bool take(struct mm_xml_reader *reader, const struct mm_xml_tag *tag, size_t attribute,
                 char ret_text[static MM_XML_ATTRIBUTE_MAX + 1], size_t *ret_offset)
{
    static const char blanks[] = " \t\r\n";
    const char *name = word_of(tag, attribute, 0), *begin = word_of(tag, attribute, 3),
               *end = word_of(tag, attribute, 4);
    size_t offset = offset_of(reader, tag, name);

    while (begin < end && strchr(blanks, *begin))
        begin++;
    while (begin < end && strchr(blanks, end[-1]))
        end--;
    if (end - begin > MM_XML_ATTRIBUTE_MAX) {
        mm_xml_report(reader, MM_PROBLEM_ERROR, offset, "%s of <%s> is longer than %d bytes", name, tag->name,
                      MM_XML_ATTRIBUTE_MAX);
        return false;
    }
    memcpy(ret_text, begin, (size_t)(end - begin));
    ret_text[end - begin] = '\0';
    *ret_offset = offset;
    return true;
}

bool mm_xml_attribute(struct mm_xml_reader *reader, const struct mm_xml_tag *tag, const char *name,
                      char ret_text[static MM_XML_ATTRIBUTE_MAX + 1], size_t *ret_offset)
{
    for (size_t i = 0; i < tag->attribute_count; i++) {
        if (!word_of(tag, i, 2) && strcmp(word_of(tag, i, 0), name) == 0)
            return take(reader, tag, i, ret_text, ret_offset);
    }
    return false;
}

static bool is_known(const struct mm_xml_tag *tag, size_t attribute, const struct mm_attribute *known)
{
    const char *uri = word_of(tag, attribute, 2);

    if (uri)
        return strcmp(uri, XML_SCHEMA_INSTANCE_URI) == 0;
    for (; known && known->name; known++) {
        if (strcmp(known->name, word_of(tag, attribute, 0)) == 0)
            return true;
    }
    return false;
}

void mm_xml_check_attributes(struct mm_xml_reader *reader, const struct mm_xml_tag *tag,
                             const struct mm_attribute *known)
{
    char shown[MM_SHOWN_MAX];

    for (size_t i = 0; i < tag->attribute_count; i++) {
        if (!is_known(tag, i, known))
            mm_xml_report(reader, mm_xml_unknown_severity(reader), tag->begin,
                          "unknown attribute %s of <%s>%s", mm_shown(word_of(tag, i, 0), shown), tag->name,
                          mm_xml_unknown_fate(reader));
    }
}
