/* SPDX-License-Identifier: Apache-2.0 */
/* Texts to values and back: one row of the table below for each type. */
#include "config/value.h"

#include "common/common.h"
#include "common/glob.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct value_type {
    int64_t scale;
    int (*parse)(const struct mm_element *element, const char *text, struct mm_value *ret_value);
    const char *(*expected)(const struct mm_element *element, char *buffer, size_t size);
    const char *(*format)(const struct mm_element *element, int64_t number, char *buffer, size_t size);
};

static const char blanks[] = " \t\r\n";

/* The text without the blanks around it. */
static struct mm_value trimmed(const char *text)
{
    struct mm_value value = {0};

    value.text = text + strspn(text, blanks);
    value.length = strlen(value.text);
    while (value.length > 0 && strchr(blanks, value.text[value.length - 1]))
        value.length--;
    return value;
}

/* ---- numbers ----------------------------------------------------------------------------------------- */

static int parse_number(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    int64_t number;
    int r = mm_parse_i64(text, element->min, element->max, &number);

    if (r < 0)
        return r;
    if (__builtin_mul_overflow(number, mm_value_scale(element->type), &number))
        return -ERANGE;
    *ret_value = trimmed(text);
    ret_value->number = number;
    return 0;
}

static const char *expected_number(const struct mm_element *element, char *buffer, size_t size)
{
    (void)mm_format(buffer, size, "a whole number%s%s from %" PRId64 " to %" PRId64,
                    element->unit[0] ? " of " : "", element->unit, element->min, element->max);
    return buffer;
}

static const char *format_number(const struct mm_element *element, int64_t number, char *buffer, size_t size)
{
    (void)mm_format(buffer, size, "%" PRId64, number / mm_value_scale(element->type));
    return buffer;
}

static int parse_octal(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    struct mm_value value = trimmed(text);

    if (value.length == 0)
        return -EINVAL;
    for (size_t i = 0; i < value.length; i++) {
        if (value.text[i] < '0' || value.text[i] > '7')
            return -EINVAL;
    }
    for (size_t i = 0; i < value.length && value.number <= element->max; i++)
        value.number = value.number * 8 + (value.text[i] - '0');
    if (value.number < element->min || value.number > element->max)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

static const char *expected_octal(const struct mm_element *element, char *buffer, size_t size)
{
    (void)mm_format(buffer, size, "an octal number from %04" PRIo64 " to %04" PRIo64, (uint64_t)element->min,
                    (uint64_t)element->max);
    return buffer;
}

static const char *format_octal(const struct mm_element *element, int64_t number, char *buffer, size_t size)
{
    (void)element;
    (void)mm_format(buffer, size, "%04" PRIo64, (uint64_t)number);
    return buffer;
}

/* ---- waterlines and buffers ---------------------------------------------------------------------------- */

static int check_memory(const struct mm_element *element, int64_t bytes)
{
    const int64_t scale = mm_value_scale(element->type);

    return bytes < element->min * scale || bytes > element->max * scale ? -ERANGE : 0;
}

/* "500", "512M", "10%". What is not whole MB is refused: it would be shown as something else. */
static int parse_memory(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    struct mm_value value = trimmed(text);
    uint64_t number;
    int r = mm_parse_i64(text, element->min, element->max, &value.number);

    if (r != -EINVAL) {
        value.number *= (int64_t)MM_MIB;
    } else if ((r = mm_parse_percent(text, 100, &number)) != -EINVAL) {
        value.number = (int64_t)number;
        value.is_ram_share = true;
    } else {
        r = mm_parse_size_bytes(text, INT64_MAX, &number);
        if (r == 0 && number % MM_MIB != 0)
            return -EINVAL;
        value.number = (int64_t)number;
        r = r < 0 ? r : check_memory(element, value.number);
    }
    if (r < 0)
        return r;
    *ret_value = value;
    return 0;
}

int mm_value_resolve(const struct mm_element *element, uint64_t ram_bytes, struct mm_value *value)
{
    int64_t bytes;

    if (!value->is_ram_share)
        return 0;
    if (ram_bytes == 0)
        return -ENODATA;
    bytes = (int64_t)(ram_bytes / MM_MIB * (uint64_t)value->number / 100 * MM_MIB);
    if (check_memory(element, bytes) < 0)
        return -ERANGE;
    value->number = bytes;
    value->is_ram_share = false;
    return 0;
}

static const char *expected_memory(const struct mm_element *element, char *buffer, size_t size)
{
    (void)mm_format(buffer, size,
                    "a whole number of MB from %" PRId64 " to %" PRId64
                    ", the same with its unit (512M, 2G), or a share of RAM (10%%)",
                    element->min, element->max);
    return buffer;
}

/* ---- words ------------------------------------------------------------------------------------------- */

static int parse_word(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    struct mm_value value = trimmed(text);

    for (const struct mm_word *word = element->words; word->word; word++) {
        if (strlen(word->word) != value.length || strncmp(word->word, value.text, value.length) != 0)
            continue;
        value.number = word->value;
        *ret_value = value;
        return 0;
    }
    return -EINVAL;
}

static const char *expected_word(const struct mm_element *element, char *buffer, size_t size)
{
    size_t length = mm_format(buffer, size, "one of");

    for (const struct mm_word *word = element->words; word->word; word++)
        length +=
            mm_format(buffer + length, size - length, "%s %s", word == element->words ? "" : ",", word->word);
    return buffer;
}

static const char *format_word(const struct mm_element *element, int64_t number, char *buffer, size_t size)
{
    buffer[0] = '\0';
    for (const struct mm_word *word = element->words; word->word; word++) {
        if (word->value == number)
            mm_copy_text(buffer, size, word->word);
    }
    return buffer;
}

static int parse_bool(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    int number;
    int r = mm_parse_bool(text, &number);

    (void)element;
    if (r < 0)
        return r;
    *ret_value = trimmed(text);
    ret_value->number = number;
    return 0;
}

static const char *expected_bool(const struct mm_element *element, char *buffer, size_t size)
{
    (void)element;
    mm_copy_text(buffer, size, "true or false (yes, no, on, off, 1, 0)");
    return buffer;
}

static const char *format_bool(const struct mm_element *element, int64_t number, char *buffer, size_t size)
{
    (void)element;
    mm_copy_text(buffer, size, number ? "true" : "false");
    return buffer;
}

/* ---- sizes with their unit ---------------------------------------------------------------------------- */

static int parse_size(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    uint64_t bytes;
    int r;

    if (parse_word(element, text, ret_value) == 0)
        return 0;
    r = mm_parse_size_bytes(text, (uint64_t)element->max, &bytes);
    if (r < 0)
        return r;
    if (bytes < (uint64_t)element->min)
        return -ERANGE;
    *ret_value = trimmed(text);
    ret_value->number = (int64_t)bytes;
    return 0;
}

/* The shortest exact one: 1048576 is "1M". */
static const char *size_with_unit(int64_t bytes, char *buffer, size_t size)
{
    static const char units[] = "KMGT";
    size_t unit = 0;

    for (; unit < sizeof(units) - 1 && bytes > 0 && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    (void)mm_format(buffer, size, "%" PRId64 "%.*s", bytes, unit > 0 ? 1 : 0,
                    &units[unit > 0 ? unit - 1 : 0]);
    return buffer;
}

static const char *expected_size(const struct mm_element *element, char *buffer, size_t size)
{
    char low[MM_VALUE_TEXT_MAX], high[MM_VALUE_TEXT_MAX];
    size_t length =
        mm_format(buffer, size, "a size%s%s from %s to %s (B, K, M, G or T)", element->unit[0] ? " " : "",
                  element->unit, size_with_unit(element->min, low, sizeof(low)),
                  size_with_unit(element->max, high, sizeof(high)));

    for (const struct mm_word *word = element->words; word->word; word++)
        length += mm_format(buffer + length, size - length, ", or %s", word->word);
    return buffer;
}

static const char *format_size(const struct mm_element *element, int64_t number, char *buffer, size_t size)
{
    format_word(element, number, buffer, size);
    return buffer[0] ? buffer : size_with_unit(number, buffer, size);
}

/* ---- texts ------------------------------------------------------------------------------------------- */

static int parse_text(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    struct mm_value value = trimmed(text);

    for (size_t i = 0; i < value.length; i++) {
        if ((unsigned char)value.text[i] < ' ' || value.text[i] == 0x7f)
            return -EINVAL;
    }
    if ((int64_t)value.length > element->max)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

static const char *expected_text(const struct mm_element *element, char *buffer, size_t size)
{
    (void)mm_format(buffer, size, "at most %" PRId64 " bytes without control characters", element->max);
    return buffer;
}

/* "." and "..": what they lead to is not for a text to say. */
static bool has_dots(const struct mm_value *path)
{
    size_t length;

    for (size_t i = 0; i < path->length; i += length + 1) {
        const char *name = path->text + i;
        const char *slash = memchr(name, '/', path->length - i);

        length = slash ? (size_t)(slash - name) : path->length - i;
        if ((length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.'))
            return true;
    }
    return false;
}

static int parse_path(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    struct mm_value value;
    int r = parse_text(element, text, &value);

    if (r < 0)
        return r;
    if ((value.length > 0 && value.text[0] != '/') || has_dots(&value))
        return -EINVAL;
    *ret_value = value;
    return 0;
}

static const char *expected_path(const struct mm_element *element, char *buffer, size_t size)
{
    (void)mm_format(buffer, size,
                    "a path that begins with / and has at most %" PRId64
                    " bytes without control characters or a name . or .., or nothing",
                    element->max);
    return buffer;
}

/* An expression is compiled by whoever has PCRE2 (pattern_check.c): that is not the daemon. */
static int parse_pattern(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    const size_t prefix = strlen(MM_PATTERN_REGEX);
    char pattern[MM_PATTERN_MAX + 1];
    struct mm_value value;
    int r = parse_text(element, text, &value);

    if (r < 0)
        return r;
    (void)mm_format(pattern, sizeof(pattern), "%.*s", (int)value.length, value.text);
    if (strncmp(pattern, MM_PATTERN_REGEX, prefix) == 0)
        r = pattern[prefix] == '\0' ? -EINVAL : 0;
    else
        r = mm_glob_check(pattern);
    if (r == 0)
        *ret_value = value;
    return r;
}

static const char *expected_pattern(const struct mm_element *element, char *buffer, size_t size)
{
    (void)mm_format(buffer, size,
                    "at most %" PRId64
                    " bytes: a glob (*, ?, [a-z], alternatives with |), or " MM_PATTERN_REGEX
                    " and a Perl regular expression",
                    element->max);
    return buffer;
}

static int parse_range(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    struct mm_value value = trimmed(text);
    int64_t first, last;
    int r = value.length > 0 ? mm_parse_range(text, element->min, element->max, &first, &last) : 0;

    if (r == 0)
        *ret_value = value;
    return r;
}

static const char *expected_range(const struct mm_element *element, char *buffer, size_t size)
{
    (void)mm_format(buffer, size,
                    "a whole number from %" PRId64 " to %" PRId64 ", or two of them, as 1..%" PRId64,
                    element->min, element->max, MM_MIN(element->max, 1000));
    return buffer;
}

/* "%{" begins one of the words, everything else is what it is. */
static int parse_template(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    struct mm_value value;
    int r = parse_text(element, text, &value);

    for (size_t i = 0; r == 0 && i + 1 < value.length; i++) {
        const struct mm_word *word;

        if (value.text[i] != '%' || value.text[i + 1] != '{')
            continue;
        word = mm_template_word(element, &value.text[i], value.length - i);
        r = word ? 0 : -EINVAL;
    }
    if (r == 0)
        *ret_value = value;
    return r;
}

static const char *expected_template(const struct mm_element *element, char *buffer, size_t size)
{
    size_t length = mm_format(buffer, size, "at most %" PRId64 " bytes, in which", element->max);

    for (const struct mm_word *word = element->words; word->word; word++)
        length += mm_format(buffer + length, size - length, "%s %%{%s}",
                            word == element->words ? "" : (word[1].word ? "," : " and"), word->word);
    (void)mm_format(buffer + length, size - length, " stand for what they name");
    return buffer;
}

/* Texts are printed from their field. */
static const char *format_text(const struct mm_element *element, int64_t number, char *buffer, size_t size)
{
    (void)element;
    (void)number;
    (void)size;
    buffer[0] = '\0';
    return buffer;
}

static const struct value_type types[] = {
    [MM_TYPE_SECTION] = {0},
    [MM_TYPE_ROW] = {0},
    [MM_TYPE_UNSIGNED] = {1, parse_number, expected_number, format_number},
    [MM_TYPE_SIGNED] = {1, parse_number, expected_number, format_number},
    [MM_TYPE_SIZE_MB] = {MM_MIB, parse_number, expected_number, format_number},
    [MM_TYPE_SIZE_KB] = {MM_KIB, parse_number, expected_number, format_number},
    [MM_TYPE_MEMORY] = {MM_MIB, parse_memory, expected_memory, format_number},
    [MM_TYPE_SIZE] = {1, parse_size, expected_size, format_size},
    [MM_TYPE_PERCENT] = {1, parse_number, expected_number, format_number},
    [MM_TYPE_MILLISECONDS] = {1, parse_number, expected_number, format_number},
    [MM_TYPE_MICROSECONDS] = {1, parse_number, expected_number, format_number},
    [MM_TYPE_OCTAL] = {1, parse_octal, expected_octal, format_octal},
    [MM_TYPE_BOOL] = {1, parse_bool, expected_bool, format_bool},
    [MM_TYPE_WORD] = {1, parse_word, expected_word, format_word},
    [MM_TYPE_TEXT] = {1, parse_text, expected_text, format_text},
    [MM_TYPE_PATH] = {1, parse_path, expected_path, format_text},
    [MM_TYPE_NAME] = {1, parse_text, expected_text, format_text},
    [MM_TYPE_PATTERN] = {1, parse_pattern, expected_pattern, format_text},
    [MM_TYPE_RANGE] = {1, parse_range, expected_range, format_text},
    [MM_TYPE_TEMPLATE] = {1, parse_template, expected_template, format_text},
};

const struct mm_word *mm_template_word(const struct mm_element *element, const char *text, size_t length)
{
    for (const struct mm_word *word = element->words; word->word; word++) {
        size_t word_length = strlen(word->word);

        if (length >= word_length + 3 && strncmp(text, "%{", 2) == 0 &&
            strncmp(text + 2, word->word, word_length) == 0 && text[word_length + 2] == '}')
            return word;
    }
    return NULL;
}

int64_t mm_value_scale(enum mm_value_type type)
{
    return types[type].scale;
}

int mm_value_parse(const struct mm_element *element, const char *text, struct mm_value *ret_value)
{
    if (!types[element->type].parse)
        return -EINVAL;
    return types[element->type].parse(element, text, ret_value);
}

const char *mm_value_expected(const struct mm_element *element, char *buffer, size_t size)
{
    buffer[0] = '\0';
    if (!types[element->type].expected)
        return buffer;
    return types[element->type].expected(element, buffer, size);
}

const char *mm_value_format(const struct mm_element *element, int64_t number, char *buffer, size_t size)
{
    buffer[0] = '\0';
    if (!types[element->type].format)
        return buffer;
    return types[element->type].format(element, number, buffer, size);
}
