/* SPDX-License-Identifier: Apache-2.0 */
#include "common/glob.h"

#include <errno.h>
#include <stdbool.h>

/* Bytes compared: two or three nanoseconds each. No pattern that means something needs a tenth of it. */
#define COMPARISONS_MAX 100000U

static bool is_end(char byte)
{
    return byte == '\0' || byte == '|';
}

/* The byte that stands in a set, behind its backslash where it has one; *set goes behind it. */
static unsigned char take_member(const char **set)
{
    if (**set == '\\' && (*set)[1] != '\0')
        (*set)++;
    return (unsigned char)*(*set)++;
}

/* Whether the set that begins at *set, behind its bracket, has the byte: 1, 0, or -EINVAL for one without an end. *set
   goes behind the set. */
static int is_in_set(const char **set, unsigned char byte)
{
    bool is_negated = **set == '!' || **set == '^';
    bool is_found = false, is_first = true;

    *set += is_negated;
    while (**set != '\0' && (**set != ']' || is_first)) {
        unsigned char low = take_member(set), high = low;

        is_first = false;
        if (**set == '-' && (*set)[1] != ']' && (*set)[1] != '\0') {
            (*set)++;
            high = take_member(set);
        }
        is_found |= low <= byte && byte <= high;
    }
    if (**set == '\0')
        return -EINVAL;
    (*set)++;
    return is_found != is_negated;
}

/* One byte of the text by what stands at *step, no star; *step goes behind that. */
static bool is_step(const char **step, unsigned char byte)
{
    char what = *(*step)++;

    if (what == '?')
        return true;
    if (what == '[')
        return is_in_set(step, byte) > 0;
    if (what == '\\' && **step != '\0')
        what = *(*step)++;
    return (unsigned char)what == byte;
}

/* One alternative. The last star alone is gone back to: what an earlier one could have taken more, it can, too. */
static int match_one(const char *pattern, const char *text, const char *end, unsigned *comparisons)
{
    const char *after_star = NULL, *retry = NULL;

    while (text < end || !is_end(*pattern)) {
        if (++*comparisons > COMPARISONS_MAX)
            return -E2BIG;
        if (*pattern == '*') {
            after_star = ++pattern;
            retry = text;
            continue;
        }
        if (text < end && !is_end(*pattern) && is_step(&pattern, (unsigned char)*text)) {
            text++;
            continue;
        }
        if (!after_star || retry == end)
            return 0;
        pattern = after_star;
        text = ++retry;
    }
    return 1;
}

/* The end of the alternative at pattern; NULL for a set or a backslash without what must follow. */
static const char *find_end(const char *pattern)
{
    while (!is_end(*pattern)) {
        char what = *pattern++;

        if (what == '[' && is_in_set(&pattern, 0) < 0)
            return NULL;
        if (what == '\\' && *pattern++ == '\0')
            return NULL;
    }
    return pattern;
}

int mm_glob_match(const char *pattern, const char *text, size_t length)
{
    unsigned comparisons = 0;

    while (pattern) {
        const char *end = find_end(pattern);
        int r = match_one(pattern, text, text + length, &comparisons);

        if (r != 0)
            return r;
        pattern = end && *end == '|' ? end + 1 : NULL;
    }
    return 0;
}

int mm_glob_check(const char *pattern)
{
    while (pattern) {
        pattern = find_end(pattern);
        if (!pattern)
            return -EINVAL;
        pattern = *pattern == '|' ? pattern + 1 : NULL;
    }
    return 0;
}
