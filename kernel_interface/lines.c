/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, words and "key value" tables in kernel text. */
#include "kernel_interface/lines.h"

#include "common/common.h"
#include "kernel_interface/kernel_interface.h"

#include <errno.h>
#include <string.h>

int mm_each_line(const char *text, size_t length, mm_line_visit visit, void *user)
{
    const char *end = text + length;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        int r = visit(text, (size_t)(line_end - text), user);

        if (r != 0)
            return r < 0 ? r : 0;
        text = newline ? newline + 1 : end;
    }
    return 0;
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

struct mm_word mm_first_word(const char **cursor, const char *end)
{
    const char *begin = *cursor;
    const char *stop;

    while (begin < end && is_blank(*begin))
        begin++;
    for (stop = begin; stop < end && !is_blank(*stop);)
        stop++;
    *cursor = stop;
    return (struct mm_word){begin, (size_t)(stop - begin)};
}

bool mm_word_is(struct mm_word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.text, text, word.length) == 0;
}

bool mm_word_lists(struct mm_word list, const char *item)
{
    const char *end = list.text + list.length;

    for (const char *begin = list.text; begin < end;) {
        const char *comma = memchr(begin, ',', (size_t)(end - begin));
        const char *stop = comma ? comma : end;

        if (mm_word_is((struct mm_word){begin, (size_t)(stop - begin)}, item))
            return true;
        begin = stop + 1;
    }
    return false;
}

int mm_scan_figure(const char **cursor, const char *end, uint64_t *ret_value)
{
    const char *position = *cursor;
    uint64_t value;
    int r = mm_scan_u64(&position, end, &value);

    if (r < 0)
        return r;
    if (position < end && !is_blank(*position) && *position != '\n')
        return -EINVAL;
    *cursor = position;
    *ret_value = value;
    return 0;
}

int mm_scan_signed(const char **cursor, const char *end, int64_t *ret_value)
{
    const char *position = *cursor;
    bool is_negative;
    uint64_t magnitude;
    int r;

    while (position < end && is_blank(*position))
        position++;
    is_negative = position < end && *position == '-';
    if (is_negative)
        position++;
    if (position < end && is_blank(*position))
        return -EINVAL;
    r = mm_scan_figure(&position, end, &magnitude);
    if (r < 0)
        return r;
    if (magnitude > INT64_MAX)
        return -ERANGE;
    *cursor = position;
    *ret_value = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return 0;
}

static int store(const struct mm_key *key, uint64_t value, void *record)
{
    uint64_t figure;
    uint64_t *field = (uint64_t *)((char *)record + key->offset);

    if (__builtin_mul_overflow(value, key->scale, &figure))
        return -ERANGE;
    if (key->is_summed && *field != MM_UNKNOWN && __builtin_add_overflow(figure, *field, &figure))
        return -ERANGE;
    *field = figure;
    return 1;
}

int mm_key_line(const struct mm_key_table *table, const char *line, size_t length, void *record)
{
    const char *cursor = line;
    const char *end = line + length;
    struct mm_word word = mm_first_word(&cursor, end);

    if (word.length > 0 && word.text[word.length - 1] == ':')
        word.length--;
    for (size_t i = 0; i < table->count; i++) {
        uint64_t value;
        int r;

        /* The first letter alone turns most of vmstat's 190 lines away. */
        if (word.length == 0 || word.text[0] != table->keys[i].name[0])
            continue;
        if (!mm_word_is(word, table->keys[i].name))
            continue;
        r = mm_scan_figure(&cursor, end, &value);
        return r < 0 ? r : store(&table->keys[i], value, record);
    }
    return 0;
}
