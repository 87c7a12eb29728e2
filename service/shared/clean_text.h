/* SPDX-License-Identifier: Apache-2.0 */
/* Text that came from a process or over a socket, made harmless for a terminal and for JSON. */
#ifndef MM_SERVICE_CLEAN_TEXT_H
#define MM_SERVICE_CLEAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * As mm_printable, but a backslash stays: what mm_printable made is not escaped a second time. Cut to fit,
 * always terminated; size must be at least 1. Returns buffer.
 */
const char *mm_clean_text(const char *text, char *buffer, size_t size);

/* True when mm_clean_text would leave the text as it is: valid UTF-8, no control or reordering character. */
bool mm_text_is_clean(const char *text);

#ifdef __cplusplus
}
#endif

#endif
