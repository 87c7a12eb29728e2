/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers from text, digit by digit: no locale, no errno, no base but ten. */
#include "common/parse.h"

#include "common/common.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* A whole number as it stands in a text, before anybody asks whether it fits. */
struct number {
    uint64_t magnitude;
    bool is_negative;
    bool is_too_large; /* the magnitude needs more than 64 bits */
    const char *end;   /* the first character behind the digits */
};

struct unit {
    const char *name;
    uint64_t factor;
};

/* The longest unit is "min"; one character more keeps "mins" distinct from it. */
#define UNIT_TEXT_MAX 5

/* "K", "KB" and "KiB" are one unit, case does not matter: nobody means kilobits or thousands of bytes here.
 */
static const struct unit size_units[] = {
    {"", 1},
    {"b", 1},
    {"k", MM_KIB},
    {"kb", MM_KIB},
    {"kib", MM_KIB},
    {"m", MM_MIB},
    {"mb", MM_MIB},
    {"mib", MM_MIB},
    {"g", MM_GIB},
    {"gb", MM_GIB},
    {"gib", MM_GIB},
    {"t", 1024 * MM_GIB},
    {"tb", 1024 * MM_GIB},
    {"tib", 1024 * MM_GIB},
};

/* "m" alone is left out: it would be minutes to some and milliseconds to others. */
static const struct unit duration_units_us[] = {
    {"", 1000}, {"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60 * 1000000ULL}, {"h", 3600 * 1000000ULL},
};

/* isspace() of the C locale, whatever the program's locale is. */
static bool is_blank(char character)
{
    return character == ' ' || (character >= '\t' && character <= '\r');
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

/* Appends one digit; false when the result needs more than 64 bits. */
static bool append_digit(uint64_t *value, char digit)
{
    return !__builtin_mul_overflow(*value, 10U, value) &&
           !__builtin_add_overflow(*value, (uint64_t)(digit - '0'), value);
}

/* Blanks, an optional '-', digits. -EINVAL when there is no digit. */
static int scan_number(const char *text, struct number *ret_number)
{
    struct number number = {0};

    if (!text)
        return -EINVAL;
    text = skip_blanks(text);
    number.is_negative = *text == '-';
    if (number.is_negative)
        text++;
    if (!is_digit(*text))
        return -EINVAL;
    for (; is_digit(*text); text++) {
        if (!number.is_too_large)
            number.is_too_large = !append_digit(&number.magnitude, *text);
    }
    number.end = text;
    *ret_number = number;
    return 0;
}

/* The same, where nothing but blanks may follow. */
static int scan_whole_text(const char *text, struct number *ret_number)
{
    struct number number;
    int r = scan_number(text, &number);

    if (r < 0)
        return r;
    if (*skip_blanks(number.end) != '\0')
        return -EINVAL;
    *ret_number = number;
    return 0;
}

int mm_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
    struct number number;
    int64_t value = 0;
    int r = scan_whole_text(text, &number);

    if (r < 0)
        return r;
    if (number.is_too_large)
        return -ERANGE;
    if (number.is_negative ? __builtin_sub_overflow(0, number.magnitude, &value)
                           : __builtin_add_overflow(0, number.magnitude, &value))
        return -ERANGE;
    if (value < min || value > max)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

/* A negative number is a whole number outside [0, ...]; "-0" is 0. */
static int check_unsigned(const struct number *number, uint64_t *ret_value)
{
    if (number->is_too_large || (number->is_negative && number->magnitude > 0))
        return -ERANGE;
    *ret_value = number->magnitude;
    return 0;
}

int mm_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
    struct number number;
    uint64_t value;
    int r = scan_whole_text(text, &number);

    if (r < 0)
        return r;
    r = check_unsigned(&number, &value);
    if (r < 0)
        return r;
    if (value < min || value > max)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

static char lower(char character)
{
    if (character >= 'A' && character <= 'Z')
        character = (char)(character - 'A' + 'a');
    return character;
}

/* The unit that text consists of, blanks around it apart; NULL for any other text. */
static const struct unit *find_unit(const char *text, const struct unit *units, size_t count,
                                    bool ignore_case)
{
    char name[UNIT_TEXT_MAX];
    size_t length = 0;

    text = skip_blanks(text);
    while (text[length] != '\0' && !is_blank(text[length]) && length < sizeof(name) - 1) {
        name[length] = text[length];
        if (ignore_case)
            name[length] = lower(name[length]);
        length++;
    }
    name[length] = '\0';
    if (*skip_blanks(text + length) != '\0')
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    }
    return NULL;
}

/* Where the second end begins, and how long the first is; NULL: there is one end. */
static const char *find_second_end(const char *text, bool has_dash, size_t *ret_length)
{
    const char *parting = strstr(text, "..");
    size_t width = 2;

    if (!parting && has_dash) {
        parting = strchr(text, '-');
        width = 1;
    }
    if (!parting)
        return NULL;
    *ret_length = (size_t)(parting - text);
    return parting + width;
}

int mm_parse_range(const char *text, int64_t min, int64_t max, int64_t *ret_first, int64_t *ret_last)
{
    char first_text[32]; /* of the longest number, with blanks around it */
    const char *second = NULL;
    size_t length = 0;
    int64_t first = 0, last;
    int r;

    if (text)
        second = find_second_end(text, min >= 0, &length);
    if (length >= sizeof(first_text))
        return -EINVAL;
    if (second) {
        memcpy(first_text, text, length);
        first_text[length] = '\0';
    }
    r = mm_parse_i64(second ? first_text : text, min, max, &first);
    last = first;
    if (r == 0 && second)
        r = mm_parse_i64(second, min, max, &last);
    if (r < 0)
        return r;
    if (first > last)
        return -EINVAL;
    *ret_first = first;
    *ret_last = last;
    return 0;
}

int mm_parse_size_bytes(const char *text, uint64_t max, uint64_t *ret_bytes)
{
    struct number number;
    const struct unit *unit;
    uint64_t bytes;
    int r = scan_number(text, &number);

    if (r < 0)
        return r;
    unit = find_unit(number.end, size_units, MM_ARRAY_SIZE(size_units), true);
    if (!unit)
        return -EINVAL;
    r = check_unsigned(&number, &bytes);
    if (r < 0)
        return r;
    if (__builtin_mul_overflow(bytes, unit->factor, &bytes) || bytes > max)
        return -ERANGE;
    *ret_bytes = bytes;
    return 0;
}

int mm_parse_percent(const char *text, uint64_t max, uint64_t *ret_percent)
{
    static const struct unit percent_unit = {"%", 1};
    struct number number;
    uint64_t percent;
    int r = scan_number(text, &number);

    if (r < 0)
        return r;
    if (!find_unit(number.end, &percent_unit, 1, false))
        return -EINVAL;
    r = check_unsigned(&number, &percent);
    if (r < 0)
        return r;
    if (percent > max)
        return -ERANGE;
    *ret_percent = percent;
    return 0;
}

int mm_parse_duration_ms(const char *text, uint64_t max, uint64_t *ret_ms)
{
    struct number number;
    const struct unit *unit;
    uint64_t us;
    int r = scan_number(text, &number);

    if (r < 0)
        return r;
    unit = find_unit(number.end, duration_units_us, MM_ARRAY_SIZE(duration_units_us), false);
    if (!unit)
        return -EINVAL;
    r = check_unsigned(&number, &us);
    if (r < 0)
        return r;
    /* 64 bits of microseconds are 584,000 years; a product that does not fit is out of any range. */
    if (__builtin_mul_overflow(us, unit->factor, &us))
        return -ERANGE;
    if (us % 1000 != 0)
        return -EINVAL;
    if (us / 1000 > max)
        return -ERANGE;
    *ret_ms = us / 1000;
    return 0;
}

int mm_parse_bool(const char *text, int *ret_value)
{
    static const struct {
        const char *word;
        int value;
    } words[] = {{"true", 1}, {"false", 0}, {"yes", 1}, {"no", 0}, {"on", 1}, {"off", 0}, {"1", 1}, {"0", 0}};

    if (!text)
        return -EINVAL;
    text = skip_blanks(text);
    for (size_t i = 0; i < MM_ARRAY_SIZE(words); i++) {
        size_t length = strlen(words[i].word);

        if (strncmp(text, words[i].word, length) == 0 && *skip_blanks(text + length) == '\0') {
            *ret_value = words[i].value;
            return 0;
        }
    }
    return -EINVAL;
}

int mm_scan_u64(const char **cursor, const char *end, uint64_t *ret_value)
{
    const char *position = *cursor;
    uint64_t value = 0;

    /* Not beyond the line: a missing value must not be filled with the next line's first number. */
    while (position < end && (*position == ' ' || *position == '\t'))
        position++;
    if (position == end || !is_digit(*position))
        return -EINVAL;
    for (; position < end && is_digit(*position); position++) {
        if (!append_digit(&value, *position))
            return -ERANGE;
    }
    *cursor = position;
    *ret_value = value;
    return 0;
}
