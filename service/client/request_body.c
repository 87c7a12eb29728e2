/* SPDX-License-Identifier: Apache-2.0 */
#include "request_body.h"

#include "json_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void append_bytes(struct mm_body *body, const char *bytes, size_t length)
{
    if (body->error == 0 && length >= sizeof(body->text) - body->length)
        body->error = -EMSGSIZE;
    if (body->error < 0)
        return;
    memcpy(body->text + body->length, bytes, length);
    body->length += length;
    body->text[body->length] = '\0';
}

static void append(struct mm_body *body, const char *text)
{
    append_bytes(body, text, strlen(text));
}

static void append_string(struct mm_body *body, const char *text)
{
    size_t left = strlen(text);
    char escape[8];

    append(body, "\"");
    while (left > 0 && body->error == 0) {
        size_t length = mm_utf8_length(text, left);

        if (length == 0) {
            body->error = -EILSEQ;
        } else if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20 || *text == 0x7f) {
            (void)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)*text);
            append(body, escape);
        } else {
            append_bytes(body, text, length);
        }
        text += length;
        left -= length;
    }
    append(body, "\"");
}

static void append_field(struct mm_body *body, const char *field)
{
    append(body, ",\"");
    append(body, field);
    append(body, "\":");
}

void mm_body_begin(struct mm_body *body, const char *request)
{
    body->length = 0;
    body->error = 0;
    append(body, "\"request\":");
    append_string(body, request);
}

void mm_body_text(struct mm_body *body, const char *field, const char *text)
{
    append_field(body, field);
    append_string(body, text);
}

void mm_body_integer(struct mm_body *body, const char *field, int64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRId64, number);
    append_field(body, field);
    append(body, text);
}

void mm_body_bool(struct mm_body *body, const char *field, bool is_so)
{
    append_field(body, field);
    append(body, is_so ? "true" : "false");
}

void mm_body_words(struct mm_body *body, const char *field, const char *const *words, size_t count,
                   uint32_t mask)
{
    const char *separator = "";

    append_field(body, field);
    append(body, "[");
    for (size_t i = 0; i < count; i++) {
        if (!(mask >> i & 1u))
            continue;
        append(body, separator);
        append_string(body, words[i]);
        separator = ",";
    }
    append(body, "]");
}
