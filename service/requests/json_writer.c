/* SPDX-License-Identifier: Apache-2.0 */
/* Writes one JSON text into a buffer of fixed size. */
#include "service/requests/json_writer.h"

#include "common/common.h"
#include "service/shared/clean_text.h"

#include <string.h>

/* The longest text is a chain of reasons of some hundred bytes; what is longer is cut. */
#define TEXT_MAX 1024

void mm_json_init(struct mm_json_writer *writer, char *buffer, size_t size)
{
    *writer = (struct mm_json_writer){.buffer = buffer, .size = size};
    if (size > 0)
        buffer[0] = '\0';
}

static void append(struct mm_json_writer *writer, const char *bytes, size_t length)
{
    /* One byte is kept for the NUL. */
    if (writer->is_full || length >= writer->size - writer->length) {
        writer->is_full = true;
        return;
    }
    memcpy(writer->buffer + writer->length, bytes, length);
    writer->length += length;
    writer->buffer[writer->length] = '\0';
}

static void append_text(struct mm_json_writer *writer, const char *text)
{
    append(writer, text, strlen(text));
}

/* How much of the text is ASCII that neither JSON nor a terminal minds: nearly always all of it. */
static size_t plain_length(const char *text)
{
    size_t length = 0;

    while (text[length] >= ' ' && text[length] <= '~' && text[length] != '"' && text[length] != '\\')
        length++;
    return length;
}

/* Quotes what mm_clean_text left: no control character is among it, so two characters are to be escaped. */
static void append_quoted(struct mm_json_writer *writer, const char *text)
{
    char clean[TEXT_MAX];
    size_t length = plain_length(text);
    const char *cursor;

    append(writer, "\"", 1);
    if (text[length] == '\0' && length < TEXT_MAX) {
        append(writer, text, length);
        append(writer, "\"", 1);
        return;
    }
    cursor = mm_clean_text(text, clean, sizeof(clean));
    while (*cursor) {
        size_t plain = strcspn(cursor, "\"\\");

        append(writer, cursor, plain);
        cursor += plain;
        if (!*cursor)
            break;
        append(writer, "\\", 1);
        append(writer, cursor, 1);
        cursor++;
    }
    append(writer, "\"", 1);
}

/* The comma and the key before an element. */
static void begin(struct mm_json_writer *writer, const char *key)
{
    if (writer->needs_comma)
        append(writer, ",", 1);
    if (key) {
        append_quoted(writer, key);
        append(writer, ":", 1);
    }
    writer->needs_comma = true;
}

void mm_json_open(struct mm_json_writer *writer, const char *key, char bracket)
{
    begin(writer, key);
    append(writer, &bracket, 1);
    writer->needs_comma = false;
}

void mm_json_close(struct mm_json_writer *writer, char bracket)
{
    append(writer, &bracket, 1);
    writer->needs_comma = true;
}

void mm_json_text(struct mm_json_writer *writer, const char *key, const char *text)
{
    begin(writer, key);
    if (text)
        append_quoted(writer, text);
    else
        append_text(writer, "null");
}

/* By hand: a page of the list holds thousands of numbers, and is written while somebody may have to die. */
static void append_number(struct mm_json_writer *writer, uint64_t magnitude, bool is_negative)
{
    char digits[24];
    size_t begin_at = sizeof(digits);

    do {
        digits[--begin_at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (is_negative)
        digits[--begin_at] = '-';
    append(writer, digits + begin_at, sizeof(digits) - begin_at);
}

void mm_json_unsigned(struct mm_json_writer *writer, const char *key, uint64_t value)
{
    begin(writer, key);
    append_number(writer, value, false);
}

void mm_json_amount(struct mm_json_writer *writer, const char *key, uint64_t value)
{
    if (value == UINT64_MAX)
        mm_json_null(writer, key);
    else
        mm_json_unsigned(writer, key, value);
}

void mm_json_signed(struct mm_json_writer *writer, const char *key, int64_t value)
{
    begin(writer, key);
    append_number(writer, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

void mm_json_bool(struct mm_json_writer *writer, const char *key, bool value)
{
    begin(writer, key);
    append_text(writer, value ? "true" : "false");
}

void mm_json_null(struct mm_json_writer *writer, const char *key)
{
    begin(writer, key);
    append_text(writer, "null");
}
