/* SPDX-License-Identifier: Apache-2.0 */
#include "json_reader.h"

#include <errno.h>
#include <string.h>

/* ---- characters ---------------------------------------------------------------------------------------- */

size_t mm_utf8_length(const char *text, size_t length)
{
    /* By the first byte: how long it is, and the range of the second one, which keeps out overlong forms, surrogates
       and what lies beyond U+10FFFF (the Unicode Standard, table 3-7). */
    static const struct {
        unsigned char first, last, low, high, length;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const unsigned char *bytes = (const unsigned char *)text;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (bytes[0] < rows[i].first || bytes[0] > rows[i].last)
            continue;
        if (rows[i].length > length ||
            (rows[i].length > 1 && (bytes[1] < rows[i].low || bytes[1] > rows[i].high)))
            return 0;
        for (size_t j = 2; j < rows[i].length; j++) {
            if ((bytes[j] & 0xc0) != 0x80)
                return 0;
        }
        return rows[i].length;
    }
    return 0;
}

/* The value of four hexadecimal digits; -1. */
static int hex4(const char *text, const char *end)
{
    int value = 0;

    if (end - text < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = text[i];

        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            value = value * 16 + ((c | 32) - 'a' + 10);
        else
            return -1;
    }
    return value;
}

/* ---- checking: each returns where its value ends, NULL where there is none ------------------------------- */

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

static const char *check_string(const char *at, const char *end)
{
    if (at == end || *at++ != '"')
        return NULL;
    while (at < end && *at != '"') {
        size_t length = 1;

        if (*at == '\\') {
            if (++at == end || !strchr("\"\\/bfnrtu", *at) || *at == '\0')
                return NULL;
            if (*at == 'u' && hex4(at + 1, end) < 0)
                return NULL;
        } else if ((unsigned char)*at < 0x20 || (length = mm_utf8_length(at, (size_t)(end - at))) == 0) {
            return NULL;
        }
        at += length;
    }
    return at < end ? at + 1 : NULL;
}

static const char *skip_digits(const char *at, const char *end)
{
    const char *begin = at;

    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at > begin ? at : NULL;
}

static const char *check_number(const char *at, const char *end)
{
    if (at < end && *at == '-')
        at++;
    if (at < end && *at == '0')
        at++;
    else
        at = skip_digits(at, end);
    if (at && at < end && *at == '.')
        at = skip_digits(at + 1, end);
    if (at && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = skip_digits(at, end);
    }
    return at;
}

static const char *check_word(const char *at, const char *end)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);

        if ((size_t)(end - at) >= length && memcmp(at, words[i], length) == 0)
            return at + length;
    }
    return NULL;
}

/* "name" : up to the value */
static const char *check_name(const char *at, const char *end)
{
    at = check_string(at, end);
    if (at)
        at = skip_space(at, end);
    return at && at < end && *at == ':' ? skip_space(at + 1, end) : NULL;
}

static const char *check_scalar(const char *at, const char *end)
{
    if (*at == '"')
        return check_string(at, end);
    return *at == '-' || (*at >= '0' && *at <= '9') ? check_number(at, end) : check_word(at, end);
}

/* Behind a value: into what follows it in its container, or out of as many as end there. NULL at a fault; *depth is 0
   when the outermost one has ended. */
static const char *leave_value(const char *at, const char *end, const char *closers, unsigned *depth)
{
    while (*depth > 0) {
        at = skip_space(at, end);
        if (at == end)
            return NULL;
        if (*at == ',') {
            at = skip_space(at + 1, end);
            return closers[*depth - 1] == '}' ? check_name(at, end) : at;
        }
        if (*at++ != closers[*depth - 1])
            return NULL;
        --*depth;
    }
    return at;
}

static const char *check_value(const char *at, const char *end)
{
    char closers[MM_JSON_DEPTH_MAX];
    unsigned depth = 0;

    do {
        if (at == end)
            return NULL;
        if (*at == '{' || *at == '[') {
            if (depth == MM_JSON_DEPTH_MAX)
                return NULL;
            closers[depth++] = *at == '{' ? '}' : ']';
            at = skip_space(at + 1, end);
            if (at < end && *at == closers[depth - 1]) {
                depth--;
                at = leave_value(at + 1, end, closers, &depth);
            } else if (closers[depth - 1] == '}') {
                at = check_name(at, end);
            }
        } else {
            at = check_scalar(at, end);
            if (at)
                at = leave_value(at, end, closers, &depth);
        }
    } while (at && depth > 0);
    return at;
}

int mm_json_span_parse(const char *text, size_t length, struct mm_json_span *ret_value)
{
    const char *end = text + length;
    const char *begin = skip_space(text, end);
    const char *behind = begin < end ? check_value(begin, end) : NULL;

    if (!behind || skip_space(behind, end) != end)
        return -EBADMSG;
    *ret_value = (struct mm_json_span){begin, behind};
    return 0;
}

/* ---- walking: over what was checked ---------------------------------------------------------------------- */

static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

/* A number, true, false or null. */
static const char *skip_word(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != '}' && *at != ']' && skip_space(at, end) == at)
        at++;
    return at;
}

/* Where the value at this place ends. */
static const char *skip_value(const char *at, const char *end)
{
    unsigned depth = 0;

    do {
        if (*at == '"') {
            at = skip_string(at);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        else if (depth == 0)
            return skip_word(at, end);
        at++;
    } while (depth > 0);
    return at;
}

bool mm_json_span_member(struct mm_json_span value, const char *name, struct mm_json_span *ret_member)
{
    size_t length = strlen(name);
    const char *at;

    if (!value.begin || *value.begin != '{')
        return false;
    at = skip_space(value.begin + 1, value.end);
    while (*at == '"') {
        const char *behind = skip_string(at);
        bool is_it = (size_t)(behind - at) == length + 2 && memcmp(at + 1, name, length) == 0;
        const char *begin = skip_space(skip_space(behind, value.end) + 1, value.end);
        const char *end = skip_value(begin, value.end);

        if (is_it) {
            *ret_member = (struct mm_json_span){begin, end};
            return true;
        }
        at = skip_space(end, value.end);
        if (*at != ',')
            return false;
        at = skip_space(at + 1, value.end);
    }
    return false;
}

bool mm_json_span_next(struct mm_json_span array, struct mm_json_span *element)
{
    const char *at;

    if (!array.begin || *array.begin != '[')
        return false;
    at = skip_space(element->begin ? element->end : array.begin + 1, array.end);
    if (*at == ',')
        at = skip_space(at + 1, array.end);
    if (*at == ']')
        return false;
    *element = (struct mm_json_span){at, skip_value(at, array.end)};
    return true;
}

bool mm_json_span_integer(struct mm_json_span value, int64_t min, int64_t max, int64_t *ret_number)
{
    const char *at = value.begin;
    bool is_negative;
    int64_t number = 0; /* below 0, where there is room for one more */

    if (!at || at == value.end || (*at != '-' && (*at < '0' || *at > '9')))
        return false;
    is_negative = *at == '-';
    for (at += is_negative; at < value.end; at++) {
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, *at - '0', &number))
            return false;
    }
    if (!is_negative && __builtin_sub_overflow(0, number, &number))
        return false;
    if (number < min || number > max)
        return false;
    *ret_number = number;
    return true;
}

bool mm_json_span_bool(struct mm_json_span value, bool *ret_bool)
{
    if (!value.begin || (*value.begin != 't' && *value.begin != 'f'))
        return false;
    *ret_bool = *value.begin == 't';
    return true;
}

/* ---- texts ----------------------------------------------------------------------------------------------- */

/* Writes the code point as UTF-8; its length. */
static size_t encode(uint32_t code, char *ret_bytes)
{
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = length; i > 1; i--) {
        ret_bytes[i - 1] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    ret_bytes[0] = (char)(marks[length] | code);
    return length;
}

/* The code point behind "\u", and *at behind it. */
static uint32_t unescape_code(const char **at, const char *end)
{
    uint32_t code = (uint32_t)hex4(*at, end), low;

    *at += 4;
    if (code == 0 || (code >= 0xdc00 && code < 0xe000))
        return 0xfffd;
    if (code < 0xd800 || code >= 0xe000)
        return code;
    if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return 0xfffd;
    low = (uint32_t)hex4(*at + 2, end);
    if (low < 0xdc00 || low >= 0xe000)
        return 0xfffd;
    *at += 6;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* One character of a string, at most 4 bytes; their number. */
static size_t take_character(const char **at, const char *end, char *ret_bytes)
{
    static const char names[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    const char *name, *escaped = *at + 1;
    size_t length;

    if (**at != '\\') {
        length = mm_utf8_length(*at, (size_t)(end - *at));
        memcpy(ret_bytes, *at, length);
        *at += length;
        return length;
    }
    *at += 2;
    if (*escaped == 'u')
        return encode(unescape_code(at, end), ret_bytes);
    name = strchr(names, *escaped);
    *ret_bytes = *escaped;
    if (name)
        *ret_bytes = meanings[name - names];
    return 1;
}

bool mm_json_span_text(struct mm_json_span value, char *buffer, size_t size)
{
    const char *at, *end;
    size_t used = 0;

    buffer[0] = '\0';
    if (!value.begin || *value.begin != '"')
        return false;
    end = value.end - 1;
    for (at = value.begin + 1; at < end;) {
        char bytes[4];
        size_t length = take_character(&at, end, bytes);

        if (used + length >= size)
            break;
        memcpy(buffer + used, bytes, length);
        used += length;
    }
    buffer[used] = '\0';
    return true;
}
