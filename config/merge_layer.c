/* SPDX-License-Identifier: Apache-2.0 */
/* One layer laid over the earlier ones: first what it removes, then the rows it replaces, then what it says. */
#include "config/merge.h"

#include "common/common.h"
#include "config/check.h"
#include "config/problems.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the kinds of elements -------------------------------------------------------------------------------- */

bool mm_merge_is_row(unsigned index)
{
    return index != MM_ELEMENT_NONE && mm_vocabulary_at(index)->type == MM_TYPE_ROW;
}

bool mm_merge_is_entry(unsigned index)
{
    const struct mm_element *element = mm_vocabulary_at(index);

    return (element->flags & MM_ELEMENT_REPEATABLE) && element->type != MM_TYPE_SECTION;
}

/* The child of a row that has this flag; MM_ELEMENT_NONE. */
unsigned mm_merge_child_with(unsigned row, unsigned flag)
{
    unsigned child = mm_vocabulary_first_child(row);

    while (child != MM_ELEMENT_NONE && !(mm_vocabulary_at(child)->flags & flag))
        child = mm_vocabulary_next_sibling(child);
    return child;
}

/* ---- growing arrays --------------------------------------------------------------------------------------- */

int mm_merge_make_room(void **array, size_t count, size_t *capacity, size_t size)
{
    size_t larger = *capacity > 0 ? *capacity * 2 : 64;
    void *grown;

    if (count < *capacity)
        return 0;
    grown = reallocarray(*array, larger, size);
    if (!grown)
        return -ENOMEM;
    *array = grown;
    *capacity = larger;
    return 0;
}

int mm_merge_add_value(struct mm_merge_value **values, size_t *count, size_t *capacity,
                       const struct mm_merge_value *value)
{
    int r = mm_merge_make_room((void **)values, *count, capacity, sizeof(**values));

    if (r < 0)
        return r;
    (*values)[(*count)++] = *value;
    return 0;
}

struct mm_merge_item mm_merge_place(const struct mm_merge_layer *layer, const struct mm_config_item *item)
{
    return (struct mm_merge_item){.item = item, .file = layer->file, .layer = layer->merge->layer};
}

/* Kept apart, so that the rules know of it. */
int mm_merge_set_aside(const struct mm_merge_layer *layer, unsigned index, const struct mm_config_item *item)
{
    struct mm_merge *merge = layer->merge;
    const struct mm_merge_value value = {
        .at = mm_merge_place(layer, item), .element = index, .next = MM_NAME_NONE};

    return mm_merge_add_value(&merge->refused, &merge->refused_count, &merge->refused_capacity, &value);
}

/* ---- the whole layer --------------------------------------------------------------------------------------- */

static bool is_ours(const struct mm_merge_layer *layer, const struct mm_config_item *item)
{
    return item->profile == layer->profile && item->element < mm_vocabulary_count();
}

static void note_row(struct mm_merge_layer *layer, size_t number)
{
    const struct mm_config_item *item = &layer->items->items[number];
    unsigned index = mm_vocabulary_resolve(item->element);
    bool has_key = mm_merge_child_with(index, MM_ELEMENT_KEY) != MM_ELEMENT_NONE;

    /* a key that is missing is an error by itself */
    if (item->text || has_key) {
        layer->has_named[index] = true;
        return;
    }
    layer->has_anonymous[index] = true;
    layer->anonymous[index] = (unsigned)number;
}

static void look_through(struct mm_merge_layer *layer)
{
    for (size_t i = 0; i < layer->items->count; i++) {
        const struct mm_config_item *item = &layer->items->items[i];
        unsigned index, parent;

        if (!is_ours(layer, item))
            continue;
        index = mm_vocabulary_resolve(item->element);
        if (item->kind != MM_ITEM_VALUE) {
            layer->has_removal[index] |= item->kind != MM_ITEM_REMOVE_ELEMENT;
            continue;
        }
        parent = mm_vocabulary_parent(index);
        if (parent != MM_ELEMENT_NONE)
            layer->has_content[parent] = true;
        if (mm_merge_is_row(index) && !item->is_refused)
            note_row(layer, i);
    }
}

static void remove_rows(struct mm_merge *merge, unsigned index, bool *ret_is_found)
{
    for (size_t i = 0; i < merge->row_count; i++) {
        if (merge->rows[i].element != index || merge->rows[i].is_removed)
            continue;
        mm_merge_remove_row(merge, &merge->rows[i]);
        *ret_is_found = true;
    }
}

/* A table without ids is the whole table, and so is an empty section that means none. */
static void replace_rows(struct mm_merge_layer *layer, unsigned index, bool is_stated_empty)
{
    bool is_found = false;

    if (!layer->has_anonymous[index] && !is_stated_empty)
        return;
    remove_rows(layer->merge, index, &is_found);
    if (is_found && layer->has_named[index])
        mm_config_report_item(
            layer->items, &layer->items->items[layer->anonymous[index]], layer->merge->problems,
            MM_PROBLEM_WARNING,
            "%s without an id beside others with one: together they replace all %s of earlier "
            "files",
            mm_vocabulary_name(index), mm_vocabulary_name(index));
}

static int take_single(const struct mm_merge_layer *layer, unsigned index, const struct mm_config_item *item)
{
    struct mm_merge_item *single = &layer->merge->singles[index];

    if (item->is_refused && single->item && single->layer == layer->merge->layer)
        return mm_merge_set_aside(layer, index, item);
    *single = mm_merge_place(layer, item);
    return 0;
}

/* A section that only removes something says nothing itself. */
static int take_section(const struct mm_merge_layer *layer, unsigned index, const struct mm_config_item *item)
{
    if (layer->has_removal[index] && !layer->has_content[index])
        return 0;
    return take_single(layer, index, item);
}

static int take_entry(const struct mm_merge_layer *layer, unsigned index, const struct mm_config_item *item)
{
    struct mm_merge *merge = layer->merge;
    const struct mm_merge_value value = {
        .at = mm_merge_place(layer, item), .element = index, .next = MM_NAME_NONE};
    size_t entry;
    int r;

    if (mm_config_is_empty_entry(item))
        return 0;
    if (item->is_refused)
        return mm_merge_set_aside(layer, index, item);
    entry = mm_name_index_find(&merge->names, index, item->text);
    while (entry != MM_NAME_NONE && merge->entries[mm_name_index_value(&merge->names, entry)].is_removed)
        entry = mm_name_index_next(&merge->names, entry);
    if (entry != MM_NAME_NONE)
        return 0;
    r = mm_merge_add_value(&merge->entries, &merge->entry_count, &merge->entry_capacity, &value);
    return r < 0 ? r : mm_name_index_add(&merge->names, index, item->text, merge->entry_count - 1);
}

/* Returns how many items it took, or a negative errno. */
static int take(const struct mm_merge_layer *layer, size_t number)
{
    const struct mm_config_item *item = &layer->items->items[number];
    unsigned index;
    size_t end;
    int r;

    if (!is_ours(layer, item) || item->kind != MM_ITEM_VALUE)
        return 1;
    index = mm_vocabulary_resolve(item->element);
    if (mm_merge_is_row(index)) {
        end = mm_merge_row_end(layer, number);
        r = mm_merge_take_row(layer, number, end);
        return r < 0 ? r : (int)(end - number);
    }
    /* a value in a row that is none: no reader makes that */
    if (mm_merge_is_row(mm_vocabulary_parent(index)))
        return 1;
    if (mm_vocabulary_at(index)->type == MM_TYPE_SECTION)
        r = take_section(layer, index, item);
    else
        r = mm_merge_is_entry(index) ? take_entry(layer, index, item) : take_single(layer, index, item);
    return r < 0 ? r : 1;
}

static void take_removals(const struct mm_merge_layer *layer)
{
    for (size_t i = 0; i < layer->items->count; i++) {
        const struct mm_config_item *item = &layer->items->items[i];

        if (is_ours(layer, item) && item->kind != MM_ITEM_VALUE && !item->is_refused)
            mm_merge_take_removal(layer, item);
    }
}

static bool is_stated_empty(const struct mm_merge_layer *layer, unsigned row,
                            const bool is_there[static MM_VOCABULARY_MAX])
{
    unsigned parent = mm_vocabulary_parent(row);

    return (mm_vocabulary_at(row)->flags & MM_ELEMENT_EMPTY_IS_NONE) && parent != MM_ELEMENT_NONE &&
           is_there[parent] && !layer->has_content[parent] && !layer->has_removal[parent];
}

static int lay(struct mm_merge_layer *layer)
{
    bool is_there[MM_VOCABULARY_MAX] = {false};

    for (size_t i = 0; i < layer->items->count; i++) {
        const struct mm_config_item *item = &layer->items->items[i];

        if (is_ours(layer, item) && item->kind == MM_ITEM_VALUE)
            is_there[mm_vocabulary_resolve(item->element)] = true;
    }
    look_through(layer);
    take_removals(layer);
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        if (mm_merge_is_row(i))
            replace_rows(layer, i, is_stated_empty(layer, i, is_there));
    }
    for (size_t i = 0; i < layer->items->count;) {
        int taken = take(layer, i);

        if (taken < 0)
            return taken;
        i += (size_t)taken;
    }
    return 0;
}

int mm_merge_lay(struct mm_merge *merge, unsigned file, unsigned profile)
{
    struct mm_merge_layer *layer = calloc(1, sizeof(*layer));
    int r;

    if (!layer)
        return -ENOMEM;
    layer->merge = merge;
    layer->items = &merge->files[file];
    layer->file = file;
    layer->profile = profile;
    merge->layer++;
    r = lay(layer);
    free(layer);
    return r;
}
