/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value between its text in a file and its field in struct mm_config, by its row of the vocabulary.
 * Numbers are in the field's unit here (bytes for every size); texts are given without the blanks around
 * them.
 */
#ifndef MM_CONFIG_VALUE_H
#define MM_CONFIG_VALUE_H

#include "config/vocabulary.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_value {
    int64_t number;
    bool is_ram_share; /* number is percent of the device's RAM, until mm_value_resolve */
    const char *text;  /* within the parsed text; not terminated */
    size_t length;
};

/* Strict: 0, -EINVAL for what is no such value, -ERANGE outside the element's bounds. */
int mm_value_parse(const struct mm_element *element, const char *text, struct mm_value *ret_value);

/*
 * Turns a share of RAM into bytes, whole MB, rounded down; leaves any other value as it is. -ENODATA when
 * ram_bytes is 0, not known; -ERANGE when the result is outside the element's bounds.
 */
int mm_value_resolve(const struct mm_element *element, uint64_t ram_bytes, struct mm_value *value);

/* "a whole number of MB from 1 to 16777216": what a message says was expected. Returns buffer. */
#define MM_EXPECTED_MAX 192
const char *mm_value_expected(const struct mm_element *element, char *buffer, size_t size);

/* As mm_value_parse would read it. Numbers and words only; texts are what they are. Returns buffer. */
#define MM_VALUE_TEXT_MAX 32
const char *mm_value_format(const struct mm_element *element, int64_t number, char *buffer, size_t size);

/* Of MM_TYPE_TEMPLATE: the word that "%{word}" at the beginning of the text names; NULL. */
const struct mm_word *mm_template_word(const struct mm_element *element, const char *text, size_t length);

/* What one of the text means in the field's unit: bytes for sizes, else 1. */
int64_t mm_value_scale(enum mm_value_type type);

/* ---- fields: structure is struct mm_config, or the row's struct for an element in a row -----------------
 */

bool mm_value_is_text(enum mm_storage storage);
/* -ENOMEM. An old string is freed. The target is a single field. */
int mm_field_store(const struct mm_target *target, void *structure, const struct mm_value *value);
int64_t mm_field_number(const struct mm_target *target, const void *structure);
/* "" for a string that is NULL. */
const char *mm_field_text(const struct mm_target *target, const void *structure);

/* ---- lists ------------------------------------------------------------------------------------------- */

size_t mm_list_field_count(const struct mm_target *target, const void *structure);
/* The entry, to be read and written as a structure whose field is at offset 0 (or as the row's struct). */
void *mm_list_field_at(const struct mm_target *target, void *structure, size_t index);
const void *mm_list_field_read(const struct mm_target *target, const void *structure, size_t index);
/* One more entry, all zero: -ENOSPC when element->max_count are there, -ENOMEM. */
int mm_list_field_append(const struct mm_element *element, void *structure, void **ret_entry);

#ifdef __cplusplus
}
#endif

#endif
