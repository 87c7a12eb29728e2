/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of mm_config_merge: merge_layer.c lays one layer over the earlier ones, with the help of merge_row.c and
   merge_removal.c; merge.c chooses the layers and writes down what came of them. */
#ifndef MM_CONFIG_MERGE_H
#define MM_CONFIG_MERGE_H

#include "config/name_index.h"
#include "config/vocabulary.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An item of one of the files. */
struct mm_merge_item {
    const struct mm_config_item *item; /* NULL: there is none */
    unsigned file;
    unsigned layer; /* counted from 1 */
};

/* A value in a row, an entry of a list, or what is left out because it was refused. */
struct mm_merge_value {
    struct mm_merge_item at;
    unsigned element; /* resolved */
    bool is_removed;
    size_t next; /* of its row; MM_NAME_NONE at the end */
};

struct mm_merge_row {
    struct mm_merge_item at;
    unsigned element; /* resolved */
    unsigned layer;   /* that added it */
    bool is_removed;
    size_t first_value, last_value;
};

struct mm_merge {
    const struct mm_config_items *files;
    size_t file_count;
    uint64_t ram_bytes; /* of the device */
    struct mm_problems *problems;
    unsigned layer;
    struct mm_merge_item
        singles[MM_VOCABULARY_MAX]; /* sections and values outside of rows, by resolved element */
    struct mm_merge_row *rows;
    size_t row_count, row_capacity;
    struct mm_merge_value *values; /* those in rows */
    size_t value_count, value_capacity;
    struct mm_merge_value *entries; /* of lists outside of rows */
    size_t entry_count, entry_capacity;
    struct mm_merge_value *refused;
    size_t refused_count, refused_capacity;
    struct mm_name_index ids, keys; /* of rows */
    struct mm_name_index names;     /* of entries */
};

/* The layer at hand. */
struct mm_merge_layer {
    struct mm_merge *merge;
    const struct mm_config_items *items;
    unsigned file, profile;
    /* By resolved element, in this layer. */
    bool has_content[MM_VOCABULARY_MAX];   /* sections: something stands in it */
    bool has_removal[MM_VOCABULARY_MAX];   /* sections and rows: something is removed from it */
    bool has_anonymous[MM_VOCABULARY_MAX]; /* rows: one of them has no identity */
    bool has_named[MM_VOCABULARY_MAX];
    unsigned anonymous[MM_VOCABULARY_MAX]; /* the item of one without an identity */
};

/* Lays one layer over what is there: the file's items of that profile (0: those outside of any). -ENOMEM. */
int mm_merge_lay(struct mm_merge *merge, unsigned file, unsigned profile);

/* ---- merge_layer.c: for the others ------------------------------------------------------------------------- */

bool mm_merge_is_row(unsigned index); /* false for MM_ELEMENT_NONE */
/* An entry of a list: a value that may stand several times. */
bool mm_merge_is_entry(unsigned index);
/* The child of a row that has this flag; MM_ELEMENT_NONE. */
unsigned mm_merge_child_with(unsigned row, unsigned flag);
struct mm_merge_item mm_merge_place(const struct mm_merge_layer *layer, const struct mm_config_item *item);
int mm_merge_make_room(void **array, size_t count, size_t *capacity, size_t size);
int mm_merge_add_value(struct mm_merge_value **values, size_t *count, size_t *capacity,
                       const struct mm_merge_value *value);
/* What was refused is kept apart, so that the rules know of it. */
int mm_merge_set_aside(const struct mm_merge_layer *layer, unsigned index, const struct mm_config_item *item);

/* ---- merge_row.c ------------------------------------------------------------------------------------------- */

/* The items of a row are those of its instance right behind it. */
size_t mm_merge_row_end(const struct mm_merge_layer *layer, size_t begin);
/* Lays the row of the items [begin, end) over the earlier one of its identity, or adds it. */
int mm_merge_take_row(const struct mm_merge_layer *layer, size_t begin, size_t end);
void mm_merge_remove_row(struct mm_merge *merge, struct mm_merge_row *row);
struct mm_merge_row *mm_merge_find_by_id(const struct mm_merge *merge, unsigned index, const char *id);
struct mm_merge_row *mm_merge_find_by_key(const struct mm_merge *merge, unsigned index, const char *key);

/* ---- merge_removal.c --------------------------------------------------------------------------------------- */

/* Takes away what the item names; a warning where that is nothing. */
void mm_merge_take_removal(const struct mm_merge_layer *layer, const struct mm_config_item *item);

#ifdef __cplusplus
}
#endif

#endif
