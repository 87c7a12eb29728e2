/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what has a name: rows by id or key, entries of lists. Names are compared without the blanks around them. */
#ifndef MM_CONFIG_NAME_INDEX_H
#define MM_CONFIG_NAME_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_name_entry;

/* All zero: empty. */
struct mm_name_index {
    struct mm_name_entry *entries;
    size_t count, capacity;
    unsigned *heads; /* of chains; as many as there is room for entries */
};

/* No entry. */
#define MM_NAME_NONE ((size_t)-1)

void mm_name_index_fini(struct mm_name_index *index);

/* name is kept, not copied; the same name may be there several times. -ENOMEM. */
int mm_name_index_add(struct mm_name_index *index, unsigned element, const char *name, size_t value);

/* The entry of that name that was added last; MM_NAME_NONE. Then those before it. */
size_t mm_name_index_find(const struct mm_name_index *index, unsigned element, const char *name);
size_t mm_name_index_next(const struct mm_name_index *index, size_t entry);
size_t mm_name_index_value(const struct mm_name_index *index, size_t entry);

/* The same name, without the blanks around it? */
bool mm_name_equals(const char *a, const char *b);

#ifdef __cplusplus
}
#endif

#endif
