/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration file in the making: values by their places in the vocabulary, each with a word on where it comes
 * from, and notes on what has no place in it. Whatever order they come in, they are written in the vocabulary's.
 */
#ifndef MM_SERVICE_CONFIG_DRAFT_H
#define MM_SERVICE_CONFIG_DRAFT_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_draft_value {
    unsigned element;
    unsigned row; /* which row the value is in; 0 elsewhere */
    char *text;   /* of a row its id; NULL: a section that is there even without a value */
    char *why;    /* NULL: nothing is said */
};

struct mm_draft {
    const char *source; /* file or program that it is made from, for notes; not owned */
    struct mm_draft_value *values;
    size_t count;
    struct mm_problems notes; /* also what is wrong with the source: errors */
    bool has_no_memory;       /* something could not be kept */
};

void mm_draft_fini(struct mm_draft *draft);

/* path is one of the vocabulary. why_format: "from ro.lmk.debug"; NULL: nothing is said. */
__attribute__((format(printf, 5, 6))) void mm_draft_add(struct mm_draft *draft, const char *path,
                                                        unsigned row, const char *text,
                                                        const char *why_format, ...);
__attribute__((format(printf, 5, 6))) void mm_draft_add_number(struct mm_draft *draft, const char *path,
                                                               unsigned row, int64_t number,
                                                               const char *why_format, ...);
/* The section stands in the file, empty unless values are added. */
void mm_draft_add_section(struct mm_draft *draft, const char *path);

/* Line 0: not known. Texts from a source are to be made printable before. */
__attribute__((format(printf, 3, 4))) void mm_draft_note(struct mm_draft *draft, unsigned line,
                                                         const char *format, ...);
__attribute__((format(printf, 3, 4))) void mm_draft_error(struct mm_draft *draft, unsigned line,
                                                          const char *format, ...);

/* Problems of another list become notes and errors of the draft; that list is empty then. */
void mm_draft_take_problems(struct mm_draft *draft, struct mm_problems *problems);

/* A word of the source as it is shown in a note: printable, cut where it is very long. Returns buffer. */
#define MM_DRAFT_SHOWN_MAX 256
const char *mm_draft_shown(const char *text, char *buffer);

/*
 * A row of the kill table below amount, in MB, or in percent of RAM; and, after the last row, levels at which
 * squeezing begins and ends, which have to lie above it, where the built-in ones do not or do not fit into ram_bytes
 * (0: not known).
 */
struct mm_draft_amount {
    uint64_t number;
    bool is_percent;
};
void mm_draft_add_kill_level(struct mm_draft *draft, unsigned row, struct mm_draft_amount memory,
                             int min_priority, const char *why);
void mm_draft_fit_buffers(struct mm_draft *draft, struct mm_draft_amount highest, uint64_t ram_bytes);

/* The file, with the notes in a comment at its head; title says what it was made from. That the output fails shows
   in the stream. */
void mm_draft_write(const struct mm_draft *draft, const char *title, FILE *stream);

#ifdef __cplusplus
}
#endif

#endif
