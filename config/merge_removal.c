/* SPDX-License-Identifier: Apache-2.0 */
/* What <remove> takes away. */
#include "config/merge.h"

#include "common/common.h"
#include "config/check.h"
#include "config/problems.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_in(unsigned element, unsigned ancestor)
{
    while (element != MM_ELEMENT_NONE && element != ancestor)
        element = mm_vocabulary_parent(element);
    return element == ancestor;
}

static void report(const struct mm_merge_layer *layer, const struct mm_config_item *item, const char *what)
{
    char shown[MM_SHOWN_MAX];

    mm_config_report_item(layer->items, item, layer->merge->problems, MM_PROBLEM_WARNING,
                          "there is no %s \"%s\" of an earlier file%s to remove", what,
                          mm_shown(item->text, shown),
                          layer->profile > 0 ? ", or outside of the profile," : "");
}

static bool remove_element(struct mm_merge *merge, unsigned element)
{
    bool is_found = false;

    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        if (!merge->singles[i].item || !is_in(i, element))
            continue;
        merge->singles[i].item = NULL;
        is_found = true;
    }
    for (size_t i = 0; i < merge->row_count; i++) {
        if (merge->rows[i].is_removed || !is_in(merge->rows[i].element, element))
            continue;
        mm_merge_remove_row(merge, &merge->rows[i]);
        is_found = true;
    }
    for (size_t i = 0; i < merge->entry_count; i++) {
        if (merge->entries[i].is_removed || !is_in(merge->entries[i].element, element))
            continue;
        merge->entries[i].is_removed = true;
        is_found = true;
    }
    return is_found;
}

static bool remove_by_id(struct mm_merge *merge, unsigned section, const char *id)
{
    bool is_found = false;

    for (unsigned child = mm_vocabulary_first_child(section); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        struct mm_merge_row *row = mm_merge_is_row(child) ? mm_merge_find_by_id(merge, child, id) : NULL;

        if (row)
            mm_merge_remove_row(merge, row);
        is_found |= row != NULL;
    }
    return is_found;
}

static bool remove_entry(struct mm_merge *merge, unsigned element, const char *name)
{
    for (size_t i = mm_name_index_find(&merge->names, element, name); i != MM_NAME_NONE;
         i = mm_name_index_next(&merge->names, i)) {
        struct mm_merge_value *entry = &merge->entries[mm_name_index_value(&merge->names, i)];

        if (entry->is_removed)
            continue;
        entry->is_removed = true;
        return true;
    }
    return false;
}

static bool remove_by_name(struct mm_merge *merge, unsigned holder, const char *name)
{
    bool is_found = false;

    for (unsigned child = mm_vocabulary_first_child(holder); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        struct mm_merge_row *row = mm_merge_is_row(child) ? mm_merge_find_by_key(merge, child, name) : NULL;

        if (row)
            mm_merge_remove_row(merge, row);
        is_found |= row != NULL;
        if (mm_merge_is_entry(child))
            is_found |= remove_entry(merge, child, name);
    }
    return is_found;
}

void mm_merge_take_removal(const struct mm_merge_layer *layer, const struct mm_config_item *item)
{
    static const char *const things[] = {
        [MM_ITEM_REMOVE_ID] = "row with the id",
        [MM_ITEM_REMOVE_NAME] = "row or entry",
        [MM_ITEM_REMOVE_ELEMENT] = "element",
    };
    unsigned element = mm_vocabulary_resolve(item->element);
    bool is_found = item->kind == MM_ITEM_REMOVE_ID     ? remove_by_id(layer->merge, element, item->text)
                    : item->kind == MM_ITEM_REMOVE_NAME ? remove_by_name(layer->merge, element, item->text)
                                                        : remove_element(layer->merge, element);

    if (!is_found)
        report(layer, item, things[item->kind]);
}
