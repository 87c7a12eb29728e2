/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings and sizes that are refused before libxml2 sees them. */
#include "config/xml_check.h"

#include "common/common.h"
#include "config/problems.h"

#include <string.h>
#include <strings.h>

/* A tag of the vocabulary has a name and perhaps an id. */
#define TAG_MAX 4096

/* The value of encoding="..." in an XML declaration; NULL when there is none. */
static const char *declared_encoding(const char *bytes, size_t *ret_length)
{
    const char *end, *value, *close;

    if (strncmp(bytes, "<?xml", 5) != 0 || !strchr(" \t\r\n", bytes[5]) || !bytes[5])
        return NULL;
    end = strstr(bytes, "?>");
    value = strstr(bytes, "encoding");
    if (!end || !value || value > end)
        return NULL;
    value += strlen("encoding");
    value += strspn(value, " \t\r\n=");
    if (*value != '"' && *value != '\'')
        return NULL;
    close = strchr(value + 1, *value);
    if (!close || close > end)
        return NULL;
    *ret_length = (size_t)(close - value) - 1;
    return value + 1;
}

__attribute__((format(printf, 5, 6))) static bool refuse(struct mm_xml_position *position, const char *file,
                                                         struct mm_problems *problems, size_t offset,
                                                         const char *format, ...)
{
    va_list arguments;

    mm_xml_position_move(position, offset);
    va_start(arguments, format);
    mm_problems_add_list(problems, MM_PROBLEM_ERROR, file, position->line, position->column, format,
                         arguments);
    va_end(arguments);
    return false;
}

bool mm_xml_is_readable(struct mm_xml_position *position, const char *file, struct mm_problems *problems)
{
    const char *bytes = position->bytes;
    size_t length = position->length, encoding_length = 0, long_tag;
    const char *nul = memchr(bytes, '\0', length);
    const char *encoding;
    char name[MM_SHOWN_MAX];

    if (length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
        return refuse(position, file, problems, 0, "the encoding is UTF-16, expected UTF-8");
    if (nul)
        return refuse(position, file, problems, (size_t)(nul - bytes), "a NUL byte: this is no text file");
    long_tag = mm_xml_find_long_tag(bytes, length, TAG_MAX);
    if (long_tag < length)
        return refuse(position, file, problems, long_tag, "a tag is longer than %d bytes", TAG_MAX);
    encoding = declared_encoding(bytes, &encoding_length);
    if (!encoding || (encoding_length == 5 && strncasecmp(encoding, "UTF-8", 5) == 0))
        return true;
    return refuse(position, file, problems, (size_t)(encoding - bytes),
                  "the encoding is \"%s\", expected UTF-8",
                  mm_printable(encoding, encoding_length, name, sizeof(name)));
}
