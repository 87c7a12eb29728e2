/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people. */
#include "common/text.h"

#include "common/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One step of mm_printable: how many bytes of input become how many of output. */
struct printable_step {
    size_t taken;
    size_t length;
    char text[5]; /* "\xNN" and the NUL; or one whole UTF-8 character */
};

size_t mm_format(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;

    if (size == 0)
        return 0;
    va_start(arguments, format);
    length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer[0] = '\0';
        return 0;
    }
    return MM_MIN((size_t)length, size - 1);
}

void mm_copy_text(char *buffer, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);

    memcpy(buffer, text, length);
    buffer[length] = '\0';
}

const char *mm_size_text(uint64_t bytes, char *buffer, size_t size)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    uint64_t tenths;

    if (bytes < MM_KIB) {
        (void)mm_format(buffer, size, "%u B", (unsigned)bytes);
        return buffer;
    }
    /* Until the value fits the unit; 1023.95 KiB rounds to 1024.0 and is told as 1 MiB. */
    for (;;) {
        unsigned shift = 10 * ((unsigned)unit + 1);
        uint64_t fraction = bytes & ((1ULL << shift) - 1);

        /* The fraction's top 10 bits are enough for a tenth, and keep the product within 64 bits. */
        tenths = (bytes >> shift) * 10 + ((fraction >> (shift - 10)) * 10 + 512) / 1024;
        if (tenths < 10240 || unit + 1 == MM_ARRAY_SIZE(units))
            break;
        unit++;
    }
    if (tenths % 10 == 0)
        (void)mm_format(buffer, size, "%u %s", (unsigned)(tenths / 10), units[unit]);
    else
        (void)mm_format(buffer, size, "%u.%u %s", (unsigned)(tenths / 10), (unsigned)(tenths % 10),
                        units[unit]);
    return buffer;
}

/*
 * The length of the UTF-8 character at bytes, and its code point; 0 for bytes that are none: a lone
 * continuation byte, a cut or overlong sequence, a surrogate, a value above U+10FFFF.
 */
static size_t decode_utf8(const unsigned char *bytes, size_t length, uint32_t *ret_code)
{
    static const struct {
        size_t length;
        uint32_t mask, lead, min;
    } forms[] = {{1, 0x80, 0x00, 0}, {2, 0xe0, 0xc0, 0x80}, {3, 0xf0, 0xe0, 0x800}, {4, 0xf8, 0xf0, 0x10000}};

    for (size_t i = 0; i < MM_ARRAY_SIZE(forms); i++) {
        uint32_t code = bytes[0] & ~forms[i].mask;

        if ((bytes[0] & forms[i].mask) != forms[i].lead)
            continue;
        if (forms[i].length > length)
            return 0;
        for (size_t k = 1; k < forms[i].length; k++) {
            if ((bytes[k] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (bytes[k] & 0x3f);
        }
        if (code < forms[i].min || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return 0;
        *ret_code = code;
        return forms[i].length;
    }
    return 0;
}

/* Characters that would move a terminal's cursor, break a line or reverse the reading order. */
static bool is_unsafe(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},     {'\\', '\\'},     /* the backslash, so that \xNN can only be ours */
        {0x7f, 0x9f},                       /* DEL and the C1 controls */
        {0x200e, 0x200f}, {0x2028, 0x202e}, /* marks, line and paragraph separators, embeddings */
        {0x2066, 0x2069},                   /* isolates */
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(ranges); i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

size_t mm_text_unsafe_character(const char *text, uint32_t *ret_code_point)
{
    uint32_t code = 0;
    size_t length = decode_utf8((const unsigned char *)text, strnlen(text, 4), &code);

    if (length < 2 || !is_unsafe(code))
        return 0;
    *ret_code_point = code;
    return length;
}

/* The next character as it stands, or its first byte escaped (the following ones are then invalid alone). */
static struct printable_step next_step(const unsigned char *bytes, size_t length)
{
    struct printable_step step = {.taken = 1};
    uint32_t code = 0;
    size_t character = decode_utf8(bytes, length, &code);

    if (character > 0 && !is_unsafe(code)) {
        step.taken = character;
        step.length = character;
        memcpy(step.text, bytes, character);
        return step;
    }
    step.length = mm_format(step.text, sizeof(step.text), "\\x%02x", bytes[0]);
    return step;
}

const char *mm_printable(const char *bytes, size_t length, char *buffer, size_t size)
{
    const unsigned char *input = (const unsigned char *)bytes;
    size_t used = 0;

    if (size == 0)
        return buffer;
    while (length > 0) {
        struct printable_step step = next_step(input, length);

        if (used + step.length >= size)
            break;
        memcpy(buffer + used, step.text, step.length);
        used += step.length;
        input += step.taken;
        length -= step.taken;
    }
    buffer[used] = '\0';
    return buffer;
}

bool mm_text_is_blank(const char *text)
{
    return text[strspn(text, " \t\n\v\f\r")] == '\0';
}

/* Names of elements and options are shorter; what is longer is compared by its beginning. */
#define DISTANCE_TEXT_MAX 64

unsigned mm_text_distance(const char *a, const char *b)
{
    /* Three rows of the table of prefixes' distances: the one before last, the last, the present one. */
    unsigned rows[3][DISTANCE_TEXT_MAX + 1];
    unsigned *two_before = rows[0], *before = rows[1], *present = rows[2];
    size_t a_length = strnlen(a, DISTANCE_TEXT_MAX);
    size_t b_length = strnlen(b, DISTANCE_TEXT_MAX);

    for (size_t k = 0; k <= b_length; k++) {
        two_before[k] = 0;
        before[k] = (unsigned)k;
    }
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *oldest = two_before;

        present[0] = (unsigned)i;
        for (size_t k = 1; k <= b_length; k++) {
            unsigned best = before[k - 1] + (a[i - 1] != b[k - 1]);

            best = MM_MIN(best, before[k] + 1);
            best = MM_MIN(best, present[k - 1] + 1);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                best = MM_MIN(best, two_before[k - 2] + 1);
            present[k] = best;
        }
        two_before = before;
        before = present;
        present = oldest;
    }
    return before[b_length];
}

#define NEAREST_DISTANCE_MAX 3

struct mm_nearest mm_nearest_to(const char *written)
{
    return (struct mm_nearest){.written = written, .distance = NEAREST_DISTANCE_MAX + 1};
}

void mm_nearest_offer(struct mm_nearest *nearest, const char *name)
{
    unsigned distance = mm_text_distance(nearest->written, name);

    if (distance >= nearest->distance || distance >= strlen(name))
        return;
    nearest->distance = distance;
    nearest->name = name;
}

const char *mm_nearest_name(const char *written, const char *(*next)(size_t index, const void *user),
                            const void *user)
{
    struct mm_nearest nearest = mm_nearest_to(written);
    const char *name;

    for (size_t i = 0; (name = next(i, user)) != NULL; i++)
        mm_nearest_offer(&nearest, name);
    return nearest.name;
}
