/* SPDX-License-Identifier: Apache-2.0 */
/* Finding places in the text of an XML file that libxml2 has found well-formed up to there. */
#include "config/xml_position.h"

#include <stdbool.h>
#include <string.h>

void mm_xml_position_init(struct mm_xml_position *position, const char *bytes, size_t length)
{
    *position = (struct mm_xml_position){.bytes = bytes, .length = length, .line = 1, .column = 1};
}

/* A byte that goes on with a UTF-8 character is no column of its own. */
static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static void step_back(struct mm_xml_position *position)
{
    char byte = position->bytes[--position->offset];

    if (byte != '\n') {
        if (!is_continuation(byte))
            position->column--;
        return;
    }
    position->line--;
    position->column = 1;
    for (size_t i = position->offset; i > 0 && position->bytes[i - 1] != '\n'; i--) {
        if (!is_continuation(position->bytes[i - 1]))
            position->column++;
    }
}

void mm_xml_position_move(struct mm_xml_position *position, size_t offset)
{
    if (offset > position->length)
        offset = position->length;
    while (position->offset > offset)
        step_back(position);
    for (; position->offset < offset; position->offset++) {
        char byte = position->bytes[position->offset];

        if (byte == '\n') {
            position->line++;
            position->column = 1;
        } else if (!is_continuation(byte)) {
            position->column++;
        }
    }
}

size_t mm_xml_tag_begin(const char *bytes, size_t length, size_t offset)
{
    /* No attribute holds a '<'. */
    const char *begin;

    if (offset > length)
        offset = length;
    begin = memrchr(bytes, '<', offset);
    return begin ? (size_t)(begin - bytes) : offset;
}

size_t mm_xml_declaration_begin(const char *bytes, size_t length, size_t offset, const char *begin)
{
    size_t begin_length = strlen(begin);

    offset = offset > length ? length : offset;
    for (size_t i = offset; i > 0; i--) {
        if (length - (i - 1) >= begin_length && memcmp(bytes + i - 1, begin, begin_length) == 0)
            return i - 1;
    }
    return offset;
}

size_t mm_xml_tag_end(const char *bytes, size_t length, size_t offset)
{
    const char *end;

    if (offset > length)
        offset = length;
    end = memchr(bytes + offset, '>', length - offset);
    return end ? (size_t)(end - bytes) + 1 : length;
}

/* Passes over one thing that is no content; false when there is none. */
static bool pass(const char *bytes, size_t length, size_t *offset)
{
    static const struct {
        const char *begin;
        const char *end; /* "": nothing more */
    } passed[] = {{" ", ""},       {"\t", ""},   {"\r", ""},       {"\n", ""},
                  {"<!--", "-->"}, {"<?", "?>"}, {"<![CDATA[", ""}};

    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
        size_t begin_length = strlen(passed[i].begin), end_length = strlen(passed[i].end);
        const char *end;

        if (length - *offset < begin_length || memcmp(bytes + *offset, passed[i].begin, begin_length) != 0)
            continue;
        *offset += begin_length;
        if (end_length == 0)
            return true;
        end = memmem(bytes + *offset, length - *offset, passed[i].end, end_length);
        *offset = end ? (size_t)(end - bytes) + end_length : length;
        return true;
    }
    return false;
}

size_t mm_xml_content_begin(const char *bytes, size_t length, size_t offset)
{
    if (offset > length)
        offset = length;
    while (pass(bytes, length, &offset)) {
    }
    return offset;
}

/* The offset behind the tag that begins at offset: quotes hide a '>'. */
static size_t pass_tag(const char *bytes, size_t length, size_t offset)
{
    while (offset < length && bytes[offset] != '>') {
        char byte = bytes[offset++];
        const char *quote;

        if (byte != '"' && byte != '\'')
            continue;
        quote = memchr(bytes + offset, byte, length - offset);
        offset = quote ? (size_t)(quote - bytes) + 1 : length;
    }
    return offset;
}

size_t mm_xml_find_long_tag(const char *bytes, size_t length, size_t most)
{
    size_t offset = 0;

    while (offset < length) {
        const char *open = memchr(bytes + offset, '<', length - offset);
        size_t begin;

        if (!open)
            break;
        begin = (size_t)(open - bytes);
        offset = begin;
        if (length - begin > 1 && (open[1] == '!' || open[1] == '?')) {
            /* A declaration is passed over as if it were one character: what is in it is looked at. */
            if (!pass(bytes, length, &offset))
                offset++;
            continue;
        }
        offset = pass_tag(bytes, length, begin);
        if (offset - begin > most)
            return begin;
    }
    return length;
}
