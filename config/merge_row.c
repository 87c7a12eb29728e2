/* SPDX-License-Identifier: Apache-2.0 */
/* Rows laid over the earlier rows of their identity, value by value. */
#include "config/merge.h"

#include "common/common.h"
#include "config/check.h"
#include "config/problems.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t find_value(const struct mm_merge *merge, const struct mm_merge_row *row, unsigned index)
{
    size_t value = row->first_value;

    while (value != MM_NAME_NONE && merge->values[value].element != index)
        value = merge->values[value].next;
    return value;
}

static const char *key_of(const struct mm_merge *merge, const struct mm_merge_row *row)
{
    unsigned key = mm_merge_child_with(row->element, MM_ELEMENT_KEY);
    size_t value = key == MM_ELEMENT_NONE ? MM_NAME_NONE : find_value(merge, row, key);

    return value == MM_NAME_NONE ? NULL : merge->values[value].at.item->text;
}

void mm_merge_remove_row(struct mm_merge *merge, struct mm_merge_row *row)
{
    row->is_removed = true;
    for (size_t i = row->first_value; i != MM_NAME_NONE; i = merge->values[i].next)
        merge->values[i].is_removed = true;
}

struct mm_merge_row *mm_merge_find_by_id(const struct mm_merge *merge, unsigned index, const char *id)
{
    for (size_t i = mm_name_index_find(&merge->ids, index, id); i != MM_NAME_NONE;
         i = mm_name_index_next(&merge->ids, i)) {
        struct mm_merge_row *row = &merge->rows[mm_name_index_value(&merge->ids, i)];

        if (!row->is_removed)
            return row;
    }
    return NULL;
}

struct mm_merge_row *mm_merge_find_by_key(const struct mm_merge *merge, unsigned index, const char *key)
{
    for (size_t i = mm_name_index_find(&merge->keys, index, key); i != MM_NAME_NONE;
         i = mm_name_index_next(&merge->keys, i)) {
        struct mm_merge_row *row = &merge->rows[mm_name_index_value(&merge->keys, i)];
        const char *present = row->is_removed ? NULL : key_of(merge, row);

        /* it may have been laid over since */
        if (present && mm_name_equals(present, key))
            return row;
    }
    return NULL;
}

/* The items of a row are those of its instance right behind it. */
size_t mm_merge_row_end(const struct mm_merge_layer *layer, size_t begin)
{
    const struct mm_config_item *items = layer->items->items;
    unsigned row = mm_vocabulary_resolve(items[begin].element);
    size_t end = begin + 1;

    while (end < layer->items->count && items[end].instance == items[begin].instance &&
           (items[end].kind != MM_ITEM_VALUE ||
            mm_vocabulary_parent(mm_vocabulary_resolve(items[end].element)) == row) &&
           items[end].profile == layer->profile)
        end++;
    return end;
}

/* The text of the row's key in the layer; NULL. */
static const char *find_key(const struct mm_merge_layer *layer, size_t begin, size_t end)
{
    for (size_t i = begin + 1; i < end; i++) {
        const struct mm_config_item *item = &layer->items->items[i];

        if (item->kind == MM_ITEM_VALUE &&
            (mm_vocabulary_at(mm_vocabulary_resolve(item->element))->flags & MM_ELEMENT_KEY))
            return item->text;
    }
    return NULL;
}

/* The earlier row that this one is laid over; NULL. */
static struct mm_merge_row *find_row(const struct mm_merge_layer *layer, unsigned index, const char *id,
                                     const char *key)
{
    struct mm_merge_row *row = NULL;

    if (id)
        row = mm_merge_find_by_id(layer->merge, index, id);
    if (!row && key) {
        row = mm_merge_find_by_key(layer->merge, index, key);
        /* two ids are two rows */
        if (row && id && row->at.item->text)
            row = NULL;
    }
    return row;
}

static int add_row(const struct mm_merge_layer *layer, unsigned index, const struct mm_config_item *item)
{
    struct mm_merge *merge = layer->merge;
    int r = mm_merge_make_room((void **)&merge->rows, merge->row_count, &merge->row_capacity,
                               sizeof(*merge->rows));

    if (r < 0)
        return r;
    merge->rows[merge->row_count++] = (struct mm_merge_row){.at = mm_merge_place(layer, item),
                                                            .element = index,
                                                            .layer = merge->layer,
                                                            .first_value = MM_NAME_NONE,
                                                            .last_value = MM_NAME_NONE};
    return 0;
}

static int append_to_row(const struct mm_merge_layer *layer, size_t row_number, unsigned index,
                         const struct mm_config_item *item)
{
    struct mm_merge *merge = layer->merge;
    struct mm_merge_row *row = &merge->rows[row_number];
    const struct mm_merge_value value = {
        .at = mm_merge_place(layer, item), .element = index, .next = MM_NAME_NONE};
    int r = mm_merge_add_value(&merge->values, &merge->value_count, &merge->value_capacity, &value);

    if (r < 0)
        return r;
    if (row->last_value == MM_NAME_NONE)
        row->first_value = merge->value_count - 1;
    else
        merge->values[row->last_value].next = merge->value_count - 1;
    row->last_value = merge->value_count - 1;
    return 0;
}

static int take_row_value(const struct mm_merge_layer *layer, size_t row, const struct mm_config_item *item)
{
    struct mm_merge *merge = layer->merge;
    unsigned index = mm_vocabulary_resolve(item->element);
    size_t value;

    value = find_value(merge, &merge->rows[row], index);
    if (value == MM_NAME_NONE)
        return append_to_row(layer, row, index, item);
    if (item->is_refused && merge->values[value].at.layer == merge->layer)
        return mm_merge_set_aside(layer, index, item);
    merge->values[value].at = mm_merge_place(layer, item);
    return 0;
}

static int index_row(const struct mm_merge_layer *layer, size_t number, const char *id, const char *key)
{
    struct mm_merge *merge = layer->merge;
    unsigned index = merge->rows[number].element;
    int r = id ? mm_name_index_add(&merge->ids, index, id, number) : 0;

    return r >= 0 && key ? mm_name_index_add(&merge->keys, index, key, number) : r;
}

static int refuse_row(const struct mm_merge_layer *layer, size_t begin, size_t end)
{
    int r = 0;

    for (size_t i = begin; r >= 0 && i < end; i++) {
        const struct mm_config_item *item = &layer->items->items[i];

        if (item->kind == MM_ITEM_VALUE && item->is_refused)
            r = mm_merge_set_aside(layer, mm_vocabulary_resolve(item->element), item);
    }
    return r;
}

int mm_merge_take_row(const struct mm_merge_layer *layer, size_t begin, size_t end)
{
    struct mm_merge *merge = layer->merge;
    const struct mm_config_item *item = &layer->items->items[begin];
    unsigned index = mm_vocabulary_resolve(item->element);
    const char *key = find_key(layer, begin, end);
    struct mm_merge_row *row;
    size_t number;
    int r;

    if (item->is_refused)
        return refuse_row(layer, begin, end);
    row = find_row(layer, index, item->text, key);
    r = row ? 0 : add_row(layer, index, item);
    if (r < 0)
        return r;
    number = row ? (size_t)(row - merge->rows) : merge->row_count - 1;
    /* from here on it has the id that it is called by */
    if (item->text && !merge->rows[number].at.item->text)
        merge->rows[number].at = mm_merge_place(layer, item);
    for (size_t i = begin + 1; r >= 0 && i < end; i++) {
        if (layer->items->items[i].kind == MM_ITEM_VALUE)
            r = take_row_value(layer, number, &layer->items->items[i]);
    }
    return r < 0 ? r : index_row(layer, number, item->text, key);
}
