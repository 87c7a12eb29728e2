/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perl regular expressions (PCRE2) on any bytes, with bounds: for memmgr-config, which checks them, and memmgr-match,
 * which uses them; never linked into the daemon.
 */
#ifndef MM_CONFIG_REGEX_H
#define MM_CONFIG_REGEX_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_regex;

/* Why an expression is none. */
#define MM_REGEX_TEXT_MAX 160
struct mm_regex_error {
    size_t offset; /* in bytes */
    char text[MM_REGEX_TEXT_MAX];
};

/*
 * Bytes, no UTF-8: names of processes and files are what they are. The dot takes newlines, too. -EINVAL with *ret_error
 * filled in (NULL: nobody asks), -ENOMEM.
 */
int mm_regex_new(const char *expression, struct mm_regex **ret_regex, struct mm_regex_error *ret_error);
void mm_regex_free(struct mm_regex *regex); /* accepts NULL */

/*
 * Whether it is found anywhere in the text: 1 or 0. -E2BIG where that would take more than some hundred microseconds,
 * as an expression with nested repetitions may; -ENOMEM.
 */
int mm_regex_match(const struct mm_regex *regex, const char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
