/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes one JSON text into a buffer of fixed size, without memory of its own: exact 64-bit numbers, and a
 * mark to which an element that no longer fits is taken back, so that a page of a list is filled to the brim.
 */
#ifndef MM_SERVICE_JSON_WRITER_H
#define MM_SERVICE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_json_writer {
    char *buffer;
    size_t size, length;
    bool is_full;     /* something did not fit: the text is not whole */
    bool needs_comma; /* an element stands before this place */
};

void mm_json_init(struct mm_json_writer *writer, char *buffer, size_t size);

/* bracket is '{' or '['; key NULL within an array and for the outermost. */
void mm_json_open(struct mm_json_writer *writer, const char *key, char bracket);
/* bracket is '}' or ']'. */
void mm_json_close(struct mm_json_writer *writer, char bracket);

/* Text is written as mm_clean_text makes it, NULL as null. */
void mm_json_text(struct mm_json_writer *writer, const char *key, const char *text);
void mm_json_unsigned(struct mm_json_writer *writer, const char *key, uint64_t value);
/* UINT64_MAX, which means unknown or unlimited everywhere, as null. */
void mm_json_amount(struct mm_json_writer *writer, const char *key, uint64_t value);
void mm_json_signed(struct mm_json_writer *writer, const char *key, int64_t value);
void mm_json_bool(struct mm_json_writer *writer, const char *key, bool value);
void mm_json_null(struct mm_json_writer *writer, const char *key);

/* A copy of the writer is a mark: assigning it back forgets what was written since. */

#ifdef __cplusplus
}
#endif

#endif
