/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the daemon's packets: strict JSON (RFC 8259, UTF-8), within the packet itself. Nothing is allocated and
 * nothing is copied but texts and numbers that are asked for. A reader of our own, as cJSON comes as a shared
 * library only on the systems this is built for, allocates for each value, and takes what is not JSON.
 *
 * A packet is checked as a whole first (mm_json_span_parse); all other functions take spans that came of that.
 */
#ifndef MEMMGR_JSON_READER_H
#define MEMMGR_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Containers within containers; the daemon's deepest answer has five. */
#define MM_JSON_DEPTH_MAX 16

/* One value within a packet, from its first byte to behind its last one. */
struct mm_json_span {
    const char *begin, *end;
};

/* The one value that the text of length bytes is. -EBADMSG: it is none, or nested deeper. */
int mm_json_span_parse(const char *text, size_t length, struct mm_json_span *ret_value);

/* The first member of that name of an object. The name is plain ASCII. False: none, or value is no object. */
bool mm_json_span_member(struct mm_json_span value, const char *name, struct mm_json_span *ret_member);

/* The elements of an array, one after the other; ->begin NULL: the first. False: no more, or value is no array. */
bool mm_json_span_next(struct mm_json_span array, struct mm_json_span *element);

/* A whole number of min..max without fraction or exponent. False for anything else. */
bool mm_json_span_integer(struct mm_json_span value, int64_t min, int64_t max, int64_t *ret_number);
bool mm_json_span_bool(struct mm_json_span value, bool *ret_bool);
/* A string as UTF-8 with its NUL, cut at a character where it does not fit. What UTF-16 leaves alone, and U+0000,
   become U+FFFD. False: it is no string; buffer, of at least one byte, is "" then. */
bool mm_json_span_text(struct mm_json_span value, char *buffer, size_t size);

/* Bytes of the UTF-8 character that text begins with, 1..4; 0: it is none. length: of text, at least 1. */
size_t mm_utf8_length(const char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
