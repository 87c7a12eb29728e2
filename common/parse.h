/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers from text, strictly: decimal, in range, nothing but blanks around them. */
#ifndef MM_COMMON_PARSE_H
#define MM_COMMON_PARSE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Blanks around the number are allowed; a leading '+', hexadecimal, fractions and trailing text are not.
 * Returns 0, -EINVAL for text that is no whole number (or NULL), -ERANGE outside [min, max].
 */
int mm_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value);
int mm_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);

/*
 * "5" or "1..1000", which both ends belong to; where min is not below 0 "1000-59999" too. Returns 0, -EINVAL (also for
 * a first end above the last), or -ERANGE for an end outside [min, max].
 */
int mm_parse_range(const char *text, int64_t min, int64_t max, int64_t *ret_first, int64_t *ret_last);

/*
 * A whole number with an optional B, K, M, G or T (powers of 1024; "KiB", "MB" too; in either case, blanks
 * before it allowed), in bytes. Returns 0, -EINVAL, or -ERANGE for a negative value or one above max.
 */
int mm_parse_size_bytes(const char *text, uint64_t max, uint64_t *ret_bytes);

/* A whole number with a "%" behind it; -EINVAL without, -ERANGE for a negative number or one above max. */
int mm_parse_percent(const char *text, uint64_t max, uint64_t *ret_percent);

/*
 * A whole number with an optional "us", "ms", "s", "min" or "h"; without one, milliseconds. Returns 0,
 * -EINVAL (also for microseconds that make no whole milliseconds: nothing is rounded), or -ERANGE as above.
 */
int mm_parse_duration_ms(const char *text, uint64_t max, uint64_t *ret_ms);

/* "true", "false", "yes", "no", "on", "off", "1", "0", blanks around it allowed; -EINVAL for another word. */
int mm_parse_bool(const char *text, int *ret_value);

/*
 * The unsigned decimal number at *cursor within [*cursor, end), for kernel files: spaces and tabs before it
 * are skipped, newlines are not; *cursor ends behind it. -EINVAL when there is no digit, -ERANGE when it does
 * not fit; *cursor stays where it was then.
 */
int mm_scan_u64(const char **cursor, const char *end, uint64_t *ret_value);

#ifdef __cplusplus
}
#endif

#endif
