/* SPDX-License-Identifier: Apache-2.0 */
/* Writes one JSON text into a buffer of fixed size. */
#include "service/json_writer.h"

#include "common/common.h"
#include "service/clean_text.h"

#include <inttypes.h>
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

/* Quotes what mm_clean_text left: no control character is among it, so two characters are to be escaped. */
static void append_quoted(struct mm_json_writer *writer, const char *text)
{
    char clean[TEXT_MAX];
    const char *cursor = mm_clean_text(text, clean, sizeof(clean));

    append(writer, "\"", 1);
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

void mm_json_unsigned(struct mm_json_writer *writer, const char *key, uint64_t value)
{
    char digits[24];

    begin(writer, key);
    (void)mm_format(digits, sizeof(digits), "%" PRIu64, value);
    append_text(writer, digits);
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
    char digits[24];

    begin(writer, key);
    (void)mm_format(digits, sizeof(digits), "%" PRId64, value);
    append_text(writer, digits);
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
