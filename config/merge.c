/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the layers for a device, has them laid over each other, and writes down what came of it. */
#include "config/merge.h"

#include "common/common.h"
#include "config/check.h"
#include "config/items.h"
#include "config/problems.h"
#include "config/profile.h"
#include "config/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the device ------------------------------------------------------------------------------------------- */

/* The value of an element outside of profiles, as the last file has it; NULL. */
static const struct mm_config_item *last_of(const struct mm_merge *merge, const char *path)
{
    unsigned element = mm_vocabulary_find(path);
    const struct mm_config_item *last = NULL;

    for (size_t f = 0; element != MM_ELEMENT_NONE && f < merge->file_count; f++) {
        for (size_t i = 0; i < merge->files[f].count; i++) {
            const struct mm_config_item *item = &merge->files[f].items[i];

            if (item->profile > 0 || item->is_refused)
                continue;
            if (item->kind == MM_ITEM_VALUE && item->element == element)
                last = item;
            if (item->kind == MM_ITEM_REMOVE_ELEMENT &&
                (item->element == element || item->element == mm_vocabulary_parent(element)))
                last = NULL;
        }
    }
    return last;
}

/* What the caller does not know of the device may stand in the files. */
static void complete_device(const struct mm_merge *merge, struct mm_config_device *device, char *name,
                            size_t size)
{
    const struct mm_config_item *item =
        device->screen_inches == 0 ? last_of(merge, "device/screenInches") : NULL;
    struct mm_value value;

    if (item && mm_value_parse(mm_vocabulary_at(item->element), item->text, &value) == 0)
        device->screen_inches = (unsigned)value.number;
    item = !device->device || !device->device[0] ? last_of(merge, "device/name") : NULL;
    if (item && mm_value_parse(mm_vocabulary_at(item->element), item->text, &value) == 0) {
        (void)mm_format(name, size, "%.*s", (int)value.length, value.text);
        device->device = name;
    }
}

/* ---- choosing a profile ----------------------------------------------------------------------------------- */

static void note_no_match(const struct mm_config_items *items, const struct mm_config_device *device,
                          struct mm_problems *problems)
{
    char shown[MM_SHOWN_MAX], text[256] = "";
    size_t length = 0;

    if (device->ram_bytes > 0)
        length += mm_format(text, sizeof(text), " with %llu MB of RAM",
                            (unsigned long long)(device->ram_bytes / MM_MIB));
    if (device->screen_inches > 0)
        length += mm_format(text + length, sizeof(text) - length, "%s a screen of %u inches",
                            length > 0 ? " and" : " with", device->screen_inches);
    if (device->device && device->device[0])
        (void)mm_format(text + length, sizeof(text) - length, " called \"%s\"",
                        mm_shown(device->device, shown));
    mm_profile_problem(items, problems, MM_PROBLEM_NOTE, &items->profiles[0],
                       "no %s of this file is for a device%s", MM_PROFILE_NAME, text);
}

/* The number of the file's profile for the device, from 1; 0: none. */
static unsigned choose_profile(const struct mm_config_items *items, const struct mm_config_device *device,
                               struct mm_problems *problems)
{
    unsigned chosen = 0;
    bool is_unclear = false;

    for (unsigned i = 0; i < items->profile_count; i++) {
        const struct mm_config_profile *profile = &items->profiles[i];
        const char *missing = "";
        char text[MM_PROFILE_TEXT_MAX];
        enum mm_profile_match match = mm_profile_match(profile, device, &missing);

        is_unclear |= profile->is_refused || match == MM_PROFILE_UNKNOWN;
        if (match == MM_PROFILE_MATCH && chosen == 0)
            chosen = i + 1;
        if (match == MM_PROFILE_UNKNOWN)
            mm_profile_problem(items, problems, MM_PROBLEM_WARNING, profile,
                               "%s asks for the %s of the device, which is not known: it is left out",
                               mm_profile_text(profile, text, sizeof(text)), missing);
    }
    if (items->profile_count > 0 && chosen == 0 && !is_unclear)
        note_no_match(items, device, problems);
    return chosen;
}

/* ---- writing down ----------------------------------------------------------------------------------------- */

struct result {
    const struct mm_merge *merge;
    struct mm_config_items *items;
    unsigned *profiles; /* by file: the number of its profile in the result; 0: none */
};

static int put(struct result *result, const struct mm_merge_item *at, unsigned instance)
{
    struct mm_config_item item = *at->item;

    item.instance = instance;
    item.file = at->file;
    item.profile = item.profile > 0 ? result->profiles[at->file] : 0;
    return mm_config_items_add(result->items, &item);
}

static int put_row(struct result *result, const struct mm_merge_row *row, unsigned instance)
{
    const struct mm_merge *merge = result->merge;
    int r = put(result, &row->at, instance);

    for (size_t i = row->first_value; r >= 0 && i != MM_NAME_NONE; i = merge->values[i].next) {
        if (!merge->values[i].is_removed)
            r = put(result, &merge->values[i].at, instance);
    }
    return r;
}

/* Rows of one element in their order: a number each, and the place they came in. */
struct ordered_row {
    const struct mm_merge_row *row;
    int64_t number;
    size_t place;
};

static int by_number(const void *a, const void *b)
{
    const struct ordered_row *left = a, *right = b;

    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return (left->place > right->place) - (left->place < right->place);
}

/* What the row is ordered by; false where there is no such value, or a refused one. */
static bool read_number(const struct mm_merge *merge, const struct mm_merge_row *row, unsigned order,
                        int64_t *ret_number)
{
    for (size_t i = row->first_value; i != MM_NAME_NONE; i = merge->values[i].next) {
        const struct mm_config_item *item = merge->values[i].at.item;
        struct mm_value value;

        if (merge->values[i].element != order || item->is_refused)
            continue;
        if (mm_value_parse(mm_vocabulary_at(order), item->text, &value) < 0 ||
            mm_value_resolve(mm_vocabulary_at(order), merge->ram_bytes, &value) < 0)
            return false;
        *ret_number = value.number;
        return true;
    }
    return false;
}

/* Rows that are wrong stay as they stand, so that problems are found where people look for them. */
static void order_rows(const struct mm_merge *merge, unsigned element, struct ordered_row *rows, size_t count)
{
    unsigned order = mm_merge_child_with(element, MM_ELEMENT_ORDER);

    if (mm_vocabulary_at(element)->flags & MM_ELEMENT_LATER_FIRST) {
        for (size_t i = 0; i < count; i++)
            rows[i].number = -(int64_t)rows[i].row->layer;
        qsort(rows, count, sizeof(*rows), by_number);
        return;
    }
    if (order == MM_ELEMENT_NONE || count > mm_vocabulary_at(element)->max_count)
        return;
    for (size_t i = 0; i < count; i++) {
        if (!read_number(merge, rows[i].row, order, &rows[i].number))
            return;
    }
    qsort(rows, count, sizeof(*rows), by_number);
}

static int put_rows(struct result *result, unsigned element)
{
    const struct mm_merge *merge = result->merge;
    struct ordered_row *rows = reallocarray(NULL, merge->row_count + 1, sizeof(*rows));
    size_t count = 0;
    int r = rows ? 0 : -ENOMEM;

    for (size_t i = 0; r >= 0 && i < merge->row_count; i++) {
        if (merge->rows[i].element != element || merge->rows[i].is_removed)
            continue;
        rows[count] = (struct ordered_row){.row = &merge->rows[i], .place = count};
        count++;
    }
    if (r >= 0)
        order_rows(merge, element, rows, count);
    for (size_t i = 0; r >= 0 && i < count; i++)
        r = put_row(result, rows[i].row, (unsigned)i);
    free(rows);
    return r;
}

static int put_entries(struct result *result, unsigned element)
{
    const struct mm_merge *merge = result->merge;
    unsigned instance = 0;
    int r = 0;

    for (size_t i = 0; r >= 0 && i < merge->entry_count; i++) {
        if (merge->entries[i].element == element && !merge->entries[i].is_removed)
            r = put(result, &merge->entries[i].at, instance++);
    }
    return r;
}

/* In the table's order, so that a section comes before what is in it. */
static int put_all(struct result *result)
{
    const struct mm_merge *merge = result->merge;
    int r = 0;

    for (unsigned i = 0; r >= 0 && i < mm_vocabulary_count(); i++) {
        if (mm_merge_is_row(i))
            r = put_rows(result, i);
        else if (mm_merge_is_entry(i) && !mm_merge_is_row(mm_vocabulary_parent(i)))
            r = put_entries(result, i);
        else if (merge->singles[i].item)
            r = put(result, &merge->singles[i], 0);
    }
    /* an instance that no row has, so that none of these is taken for a value of one */
    for (size_t i = 0; r >= 0 && i < merge->refused_count; i++)
        r = put(result, &merge->refused[i].at, UINT32_MAX);
    return r;
}

/* ---- the whole -------------------------------------------------------------------------------------------- */

static int add_profile(struct result *result, unsigned file, unsigned number)
{
    const struct mm_config_profile *from = &result->merge->files[file].profiles[number - 1];
    struct mm_config_profile profile = *from;
    int r;

    profile.file = file;
    profile.name = from->name ? strdup(from->name) : NULL;
    profile.device = from->device ? strdup(from->device) : NULL;
    r = (from->name && !profile.name) || (from->device && !profile.device) ? -ENOMEM : 0;
    if (r >= 0)
        r = mm_config_items_add_profile(result->items, &profile);
    if (r < 0) {
        free(profile.name);
        free(profile.device);
        return r;
    }
    result->profiles[file] = (unsigned)result->items->profile_count;
    return 0;
}

static int lay_file(struct mm_merge *merge, struct result *result, unsigned file,
                    const struct mm_config_device *device)
{
    const struct mm_config_items *items = &merge->files[file];
    unsigned profile = choose_profile(items, device, merge->problems);
    int r = mm_config_items_add_file(result->items, items->file_count > 0 ? items->files[0] : "");

    result->items->is_cut |= items->is_cut;
    if (r >= 0)
        r = mm_merge_lay(merge, file, 0);
    if (r >= 0 && profile > 0)
        r = add_profile(result, file, profile);
    if (r >= 0 && profile > 0)
        r = mm_merge_lay(merge, file, profile);
    return MM_MIN(r, 0);
}

static void free_merge(struct mm_merge *merge)
{
    free(merge->rows);
    free(merge->values);
    free(merge->entries);
    free(merge->refused);
    mm_name_index_fini(&merge->ids);
    mm_name_index_fini(&merge->keys);
    mm_name_index_fini(&merge->names);
    free(merge);
}

int mm_config_merge(const struct mm_config_items *files, size_t count, const struct mm_config_device *device,
                    struct mm_config_items *ret_items, struct mm_problems *problems)
{
    struct mm_config_items items = {0};
    struct mm_config_device completed = device ? *device : (struct mm_config_device){0};
    char name[MM_CONFIG_DEVICE_NAME_MAX];
    struct mm_merge *merge = calloc(1, sizeof(*merge));
    struct result result = {.merge = merge, .items = &items, .profiles = calloc(count + 1, sizeof(unsigned))};
    int r = merge && result.profiles ? 0 : -ENOMEM;

    if (r >= 0) {
        *merge = (struct mm_merge){
            .files = files, .file_count = count, .ram_bytes = completed.ram_bytes, .problems = problems};
        complete_device(merge, &completed, name, sizeof(name));
    }
    for (size_t i = 0; r >= 0 && i < count; i++)
        r = lay_file(merge, &result, (unsigned)i, &completed);
    if (r >= 0)
        r = put_all(&result);
    free(result.profiles);
    if (merge)
        free_merge(merge);
    if (r < 0) {
        mm_config_items_fini(&items);
        return r;
    }
    *ret_items = items;
    return problems->error_count > 0 ? -EINVAL : 0;
}
