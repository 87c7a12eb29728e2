/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns as shells have them, on any bytes. */
#ifndef MM_COMMON_GLOB_H
#define MM_COMMON_GLOB_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * "*" stands for any bytes, slashes and none at all too; "?" for one; "[a-z]" and "[!a-z]" for one of a set; "\x" for x
 * itself, also in a set; "|" parts alternatives. The whole text must be what the pattern says. 1 or 0; -E2BIG for a
 * pattern and a text that would take more than some 0.3 ms to compare.
 */
int mm_glob_match(const char *pattern, const char *text, size_t length);

/* 0, or -EINVAL for a set without an end and a backslash at the end of the pattern. */
int mm_glob_check(const char *pattern);

#ifdef __cplusplus
}
#endif

#endif
