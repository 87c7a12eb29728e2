/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people: bounded formatting, sizes, and names from the kernel made printable. */
#ifndef MM_COMMON_TEXT_H
#define MM_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* snprintf that always terminates and returns the bytes really stored, without the NUL; 0 when size is 0. */
__attribute__((format(printf, 3, 4))) size_t mm_format(char *buffer, size_t size, const char *format, ...);

/* Copies text, cut to fit, always terminated; size must be at least 1. */
void mm_copy_text(char *buffer, size_t size, const char *text);

/* "512 B", "3.4 MiB", "1 GiB": at most one decimal, rounded. buffer of MM_SIZE_TEXT_MAX is enough. */
#define MM_SIZE_TEXT_MAX 24
const char *mm_size_text(uint64_t bytes, char *buffer, size_t size);

/*
 * Makes any bytes printable: valid UTF-8 stays, control characters (those that turn the reading direction
 * too), the backslash and invalid bytes become \xNN. Cut at a whole character or escape; always terminated.
 * Returns buffer; size must be at least 1, and 4 * length + 1 holds every result uncut.
 */
const char *mm_printable(const char *bytes, size_t length, char *buffer, size_t size);

/*
 * The character at text when it is one beyond ASCII that mm_printable would escape, for those who have escapes of
 * their own: its length in bytes, and its code point; 0 for any other, and for what is no UTF-8.
 */
size_t mm_text_unsafe_character(const char *text, uint32_t *ret_code_point);

bool mm_text_is_blank(const char *text);

/*
 * Edit distance in bytes (insert, delete, replace, swap of neighbours), for "did you mean". Of a longer text
 * only the first 64 bytes count.
 */
unsigned mm_text_distance(const char *a, const char *b);

/* "Did you mean": the nearest to what was written of the names that are offered one after the other; NULL while none is
   near. Up to three edits are: a wrong letter, two swapped, one too many; and at least a letter of it must be right. */
struct mm_nearest {
    const char *written;
    const char *name;
    unsigned distance; /* of name */
};
struct mm_nearest mm_nearest_to(const char *written);
void mm_nearest_offer(struct mm_nearest *nearest, const char *name);
/* The same of all names that next returns, by their index, until it returns NULL. */
const char *mm_nearest_name(const char *written, const char *(*next)(size_t index, const void *user),
                            const void *user);

#ifdef __cplusplus
}
#endif

#endif
