/* SPDX-License-Identifier: Apache-2.0 */
#include "config/check.h"

#include "common/common.h"
#include "config/name_index.h"
#include "config/problems.h"
#include "config/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- one layer: what stands outside of profiles, or in one ------------------------------------------------ */

struct layer {
    struct mm_config_items *items;
    struct mm_problems *problems;
    /* By resolved element, within this layer: the item that was taken last, how many were, and whether one was
       refused. */
    const struct mm_config_item *taken[MM_VOCABULARY_MAX];
    unsigned counts[MM_VOCABULARY_MAX];
    bool is_bad[MM_VOCABULARY_MAX];
    struct mm_config_item *row; /* the last one */
    struct mm_name_index ids, keys;
};

static bool is_in_row(unsigned index)
{
    unsigned parent = mm_vocabulary_parent(index);

    return parent != MM_ELEMENT_NONE && mm_vocabulary_at(parent)->type == MM_TYPE_ROW;
}

static void refuse(struct layer *layer, unsigned index, struct mm_config_item *item)
{
    item->is_refused = true;
    layer->is_bad[index] = true;
}

/* Under its other name, in the same place. */
static bool is_second_name(struct layer *layer, unsigned index, struct mm_config_item *item)
{
    const struct mm_config_item *first = layer->taken[index];

    if (!first || first->element == item->element || first->instance != item->instance)
        return false;
    refuse(layer, index, item);
    mm_config_report_item(layer->items, item, layer->problems, MM_PROBLEM_ERROR,
                          "%s and %s (line %u) are two names of one thing, expected one of them",
                          mm_vocabulary_name(item->element), mm_vocabulary_name(first->element), first->line);
    return true;
}

/* A value that must stand once stands twice. */
static bool is_second(struct layer *layer, unsigned index, struct mm_config_item *item)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    const struct mm_config_item *first = layer->taken[index];
    unsigned parent = mm_vocabulary_parent(index);

    if (!first || first->instance != item->instance || element->type == MM_TYPE_ROW ||
        (element->flags & MM_ELEMENT_REPEATABLE))
        return false;
    if (element->type == MM_TYPE_SECTION) {
        mm_config_report_item(layer->items, item, layer->problems, MM_PROBLEM_WARNING,
                              "%s is there again (first in line %u): both are taken as one",
                              mm_vocabulary_name(index), first->line);
        return false;
    }
    refuse(layer, index, item);
    /* Both sections of two names hold the same values; that was said at the section. */
    if (parent == MM_ELEMENT_NONE || !layer->is_bad[parent])
        mm_config_report_item(layer->items, item, layer->problems, MM_PROBLEM_ERROR,
                              "%s is given twice (first in line %u), expected it once",
                              mm_vocabulary_name(index), first->line);
    return true;
}

/* Rows, and entries of a list outside of rows. */
static bool is_too_many(struct layer *layer, unsigned index, struct mm_config_item *item)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    bool is_row = element->type == MM_TYPE_ROW;

    if (element->max_count == 0 || is_in_row(index) || layer->counts[index]++ < element->max_count)
        return false;
    refuse(layer, index, item);
    /* Once: one too many is likely followed by others. */
    if (layer->counts[index] == element->max_count + 1)
        mm_config_report_item(layer->items, item, layer->problems, MM_PROBLEM_ERROR, "more than %u %s%s",
                              element->max_count, mm_vocabulary_name(index),
                              is_row ? ", expected at most that many" : "");
    return true;
}

/* The row of that name in this layer, or NULL: then it is this one from here on. */
static int find_or_add(struct mm_name_index *names, unsigned index, const char *name,
                       const struct mm_config_item *item, const struct mm_config_item *items,
                       const struct mm_config_item **ret_first)
{
    size_t entry = mm_name_index_find(names, index, name);

    *ret_first = entry == MM_NAME_NONE ? NULL : &items[mm_name_index_value(names, entry)];
    return entry == MM_NAME_NONE ? mm_name_index_add(names, index, name, (size_t)(item - items)) : 0;
}

static int take_row(struct layer *layer, unsigned index, struct mm_config_item *item)
{
    const struct mm_config_item *first = NULL;
    char shown[MM_SHOWN_MAX];
    int r;

    layer->row = item;
    if (is_too_many(layer, index, item) || !item->text)
        return 0;
    r = find_or_add(&layer->ids, index, item->text, item, layer->items->items, &first);
    if (r < 0 || !first)
        return r;
    refuse(layer, index, item);
    mm_config_report_item(layer->items, item, layer->problems, MM_PROBLEM_ERROR,
                          "%s with id \"%s\" is there twice (first in line %u), expected another id",
                          mm_vocabulary_name(index), mm_shown(item->text, shown), first->line);
    return 0;
}

static int take_key(struct layer *layer, unsigned index, struct mm_config_item *item)
{
    const struct mm_config_item *first = NULL;
    char shown[MM_SHOWN_MAX];
    int r = find_or_add(&layer->keys, index, item->text, item, layer->items->items, &first);

    if (r < 0 || !first)
        return r;
    refuse(layer, index, item);
    layer->row->is_refused = true;
    mm_config_report_item(layer->items, item, layer->problems, MM_PROBLEM_ERROR,
                          "%s \"%s\" stands in two rows (first in line %u), expected it in one",
                          mm_vocabulary_name(index), mm_shown(item->text, shown), first->line);
    return 0;
}

static int take_value(struct layer *layer, unsigned index, struct mm_config_item *item)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    struct mm_value value;

    if (mm_config_is_empty_entry(item))
        return 0;
    if ((element->flags & MM_ELEMENT_REPEATABLE) && is_too_many(layer, index, item))
        return 0;
    if (!mm_config_check_value(layer->items, item, layer->problems, &value)) {
        refuse(layer, index, item);
        return 0;
    }
    return layer->row && is_in_row(index) && (element->flags & MM_ELEMENT_KEY) ? take_key(layer, index, item)
                                                                               : 0;
}

static int take(struct layer *layer, struct mm_config_item *item)
{
    unsigned index = mm_vocabulary_resolve(item->element);

    if (item->kind != MM_ITEM_VALUE)
        return 0;
    if (is_second_name(layer, index, item) || is_second(layer, index, item))
        return 0;
    layer->taken[index] = item;
    if (item->is_refused) {
        layer->is_bad[index] = true;
        return 0;
    }
    if (mm_vocabulary_at(index)->type == MM_TYPE_ROW)
        return take_row(layer, index, item);
    return mm_vocabulary_at(index)->type == MM_TYPE_SECTION ? 0 : take_value(layer, index, item);
}

static int check_layer(struct mm_config_items *items, unsigned profile, struct mm_problems *problems)
{
    struct layer *layer = calloc(1, sizeof(*layer));
    int r = layer ? 0 : -ENOMEM;

    if (r < 0)
        return r;
    layer->items = items;
    layer->problems = problems;
    for (size_t i = 0; r >= 0 && i < items->count; i++) {
        if (items->items[i].profile == profile)
            r = take(layer, &items->items[i]);
    }
    mm_name_index_fini(&layer->ids);
    mm_name_index_fini(&layer->keys);
    free(layer);
    return r;
}

int mm_config_check_items(struct mm_config_items *items, struct mm_problems *problems)
{
    int r = 0;

    for (unsigned i = 0; r >= 0 && i <= items->profile_count; i++)
        r = check_layer(items, i, problems);
    if (r >= 0)
        mm_profiles_check(items, problems);
    return r;
}
