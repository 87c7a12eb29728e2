/* SPDX-License-Identifier: Apache-2.0 */
/* Output of the command line tools for people: tables, sizes, durations; and the answer as it is. */
#ifndef MM_SERVICE_SHARED_TABLE_OUTPUT_H
#define MM_SERVICE_SHARED_TABLE_OUTPUT_H

#include "service/shared/command_line.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_column {
    const char *title;
    bool is_right; /* numbers */
};

/* Collects cells row by row, then prints them aligned. Ends the program when there is no memory. */
struct mm_table;
struct mm_table *mm_table_new(const struct mm_column *columns, unsigned count);
void mm_table_free(struct mm_table *table); /* accepts NULL */
/* The next cell; its text is made harmless for terminals. */
__attribute__((format(printf, 3, 4))) void mm_table_cell(struct mm_table *table, enum mm_style style,
                                                         const char *format, ...);
/* A size for people from a JSON number; "-" where it is null or missing. */
void mm_table_size_cell(struct mm_table *table, const cJSON *bytes);
void mm_table_print(const struct mm_table *table, const struct mm_ctl *ctl);

/* "3 d 4 h", "12.5 s", "80 ms". */
#define MM_DURATION_TEXT_MAX 32
const char *mm_duration_text(double milliseconds, char *buffer, size_t size);

/* The whole answer as indented JSON. */
void mm_print_json(const cJSON *json);

#ifdef __cplusplus
}
#endif

#endif
