/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel text as lines: every parser of this folder is a function of one line, so that a file of any length
 * (128 zones, 65,536 supplementary groups) is read through a small fixed buffer.
 */
#ifndef MM_KERNEL_INTERFACE_LINES_H
#define MM_KERNEL_INTERFACE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Return a positive value to stop (the rest does not matter), a negative errno to fail. */
typedef int (*mm_line_visit)(const char *line, size_t length, void *user);

/*
 * Every line of a text, without its newline; the last one needs none. Returns 0, or what ended it: the
 * visitor's negative errno. A visitor's positive value ends it with 0.
 */
int mm_each_line(const char *text, size_t length, mm_line_visit visit, void *user);

/* A figure in a record of uint64_t fields. */
struct mm_key {
    const char *name;
    size_t offset;  /* in the record */
    uint64_t scale; /* 1, or MM_KIB where the kernel says kB */
    bool is_summed; /* several keys add up to one figure; the first one replaces MM_UNKNOWN */
};

struct mm_key_table {
    const struct mm_key *keys;
    size_t count;
};

/*
 * "MemFree:  24306600 kB", "nr_free_pages 958177", "        min      58": the key is the first word, a colon
 * behind it not counted. 0 for a line of another key, 1 when a figure was stored, -EINVAL when the value is
 * no number, -ERANGE when it does not fit.
 */
int mm_key_line(const struct mm_key_table *table, const char *line, size_t length, void *record);

/* The first word of a line and what follows it. */
struct mm_word {
    const char *text;
    size_t length;
};
struct mm_word mm_first_word(const char **cursor, const char *end);
bool mm_word_is(struct mm_word word, const char *text);
/* "rw,memory": does the comma list hold that item? */
bool mm_word_lists(struct mm_word list, const char *item);

/* The number at the cursor, ended by a blank or the end: what follows may not be glued to it. */
int mm_scan_figure(const char **cursor, const char *end, uint64_t *ret_value);
/* The same with a sign. */
int mm_scan_signed(const char **cursor, const char *end, int64_t *ret_value);

#ifdef __cplusplus
}
#endif

#endif
