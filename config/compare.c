/* SPDX-License-Identifier: Apache-2.0 */
#include "config/compare.h"

#include "common/common.h"
#include "config/problems.h"
#include "config/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct comparison {
    const struct mm_config *old_config, *new_config;
    mm_difference_handler handler;
    void *user;
    int count;
};

static void tell(struct comparison *comparison, const struct mm_difference *difference)
{
    comparison->count++;
    if (comparison->handler)
        comparison->handler(difference, comparison->user);
}

/* ---- single values ---------------------------------------------------------------------------------------- */

static bool is_same_value(const struct mm_target *target, const void *old_structure,
                          const void *new_structure)
{
    if (mm_value_is_text(target->storage))
        return strcmp(mm_field_text(target, old_structure), mm_field_text(target, new_structure)) == 0;
    return mm_field_number(target, old_structure) == mm_field_number(target, new_structure);
}

static const char *value_text(const struct mm_element *element, const struct mm_target *target,
                              const void *structure, char *buffer, size_t size)
{
    if (!mm_value_is_text(target->storage))
        return mm_value_format(element, mm_field_number(target, structure), buffer, size);
    return mm_printable(mm_field_text(target, structure), strlen(mm_field_text(target, structure)), buffer,
                        size);
}

static void compare_value(struct comparison *comparison, unsigned index, const char *path,
                          const void *old_structure, const void *new_structure, unsigned old_instance,
                          unsigned new_instance)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    char old_text[MM_DIFFERENCE_TEXT_MAX], new_text[MM_DIFFERENCE_TEXT_MAX];

    if (is_same_value(&element->target, old_structure, new_structure))
        return;
    tell(comparison,
         &(struct mm_difference){
             .kind = MM_DIFFERENCE_CHANGED,
             .element = index,
             .path = path,
             .old_text = value_text(element, &element->target, old_structure, old_text, sizeof(old_text)),
             .new_text = value_text(element, &element->target, new_structure, new_text, sizeof(new_text)),
             .old_instance = old_instance,
             .new_instance = new_instance,
         });
}

/* ---- lists and their entries -------------------------------------------------------------------------------- */

/* An entry of a list of either configuration, and the one it was found to be in the other. */
struct entry {
    const struct mm_config *config;
    const void *structure;
    unsigned place;
    const struct entry *other; /* NULL: none */
    const char *id;            /* of a row; NULL */
};

struct list {
    unsigned element;
    struct entry *old_entries, *new_entries;
    size_t old_count, new_count;
};

static int make_entries(const struct mm_config *config, unsigned index, struct entry **ret_entries,
                        size_t *ret_count)
{
    const struct mm_target *target = &mm_vocabulary_at(index)->target;
    size_t count = mm_list_field_count(target, config);
    struct entry *entries = calloc(count + 1, sizeof(*entries));

    if (!entries)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct mm_origin origin = {0};

        (void)mm_config_origin(config, index, (unsigned)i, &origin);
        entries[i] = (struct entry){.config = config,
                                    .structure = mm_list_field_read(target, config, i),
                                    .place = (unsigned)i,
                                    .id = origin.id};
    }
    *ret_entries = entries;
    *ret_count = count;
    return 0;
}

/* The child of a row that is a value of its own; MM_ELEMENT_NONE after the last one. */
static unsigned next_value(unsigned child)
{
    while (child != MM_ELEMENT_NONE &&
           (mm_vocabulary_at(child)->alias_of || mm_vocabulary_at(child)->target.storage == MM_STORE_NONE))
        child = mm_vocabulary_next_sibling(child);
    return child;
}

static bool has_same_values(unsigned row, const struct entry *a, const struct entry *b)
{
    for (unsigned child = next_value(mm_vocabulary_first_child(row)); child != MM_ELEMENT_NONE;
         child = next_value(mm_vocabulary_next_sibling(child))) {
        if (!is_same_value(&mm_vocabulary_at(child)->target, a->structure, b->structure))
            return false;
    }
    return true;
}

static unsigned key_of(unsigned row)
{
    unsigned child = next_value(mm_vocabulary_first_child(row));

    while (child != MM_ELEMENT_NONE && !(mm_vocabulary_at(child)->flags & MM_ELEMENT_KEY))
        child = next_value(mm_vocabulary_next_sibling(child));
    return child;
}

/* ---- which entry is which: in this order ------------------------------------------------------------------------ */

static bool is_same_entry(unsigned index, const struct entry *a, const struct entry *b)
{
    struct mm_target target = mm_vocabulary_at(index)->target;

    target.offset = 0;
    return is_same_value(&target, a->structure, b->structure);
}

static bool has_same_id(unsigned row, const struct entry *a, const struct entry *b)
{
    (void)row;
    return a->id && b->id && strcmp(a->id, b->id) == 0;
}

static bool has_same_key(unsigned row, const struct entry *a, const struct entry *b)
{
    unsigned key = key_of(row);

    return key != MM_ELEMENT_NONE &&
           is_same_value(&mm_vocabulary_at(key)->target, a->structure, b->structure);
}

/* What is left: where one of the two has no name they may be the same, by their order. */
static bool may_be_same(unsigned row, const struct entry *a, const struct entry *b)
{
    return key_of(row) == MM_ELEMENT_NONE && (!a->id || !b->id);
}

typedef bool (*entry_relation)(unsigned index, const struct entry *a, const struct entry *b);

static void pair(const struct list *list, entry_relation is_related)
{
    for (size_t i = 0; i < list->old_count; i++) {
        struct entry *old_entry = &list->old_entries[i];

        for (size_t k = 0; k < list->new_count && !old_entry->other; k++) {
            struct entry *new_entry = &list->new_entries[k];

            if (new_entry->other || !is_related(list->element, old_entry, new_entry))
                continue;
            old_entry->other = new_entry;
            new_entry->other = old_entry;
        }
    }
}

static void pair_all(const struct list *list)
{
    static const entry_relation relations[] = {has_same_id, has_same_key, has_same_values, may_be_same};

    if (mm_vocabulary_at(list->element)->type != MM_TYPE_ROW) {
        pair(list, is_same_entry);
        return;
    }
    for (size_t i = 0; i < MM_ARRAY_SIZE(relations); i++)
        pair(list, relations[i]);
}

/* ---- telling of them -------------------------------------------------------------------------------------------- */

/* "[id=2]", "[com.example.player]", "[3]". */
static void label_row(unsigned row, const struct entry *entry, char *buffer, size_t size)
{
    unsigned key = key_of(row);
    char text[MM_DIFFERENCE_TEXT_MAX], shown[MM_SHOWN_MAX];

    if (entry->id)
        (void)mm_format(buffer, size, "[id=%s]", mm_shown(entry->id, shown));
    else if (key != MM_ELEMENT_NONE)
        (void)mm_format(buffer, size, "[%s]",
                        value_text(mm_vocabulary_at(key), &mm_vocabulary_at(key)->target, entry->structure,
                                   text, sizeof(text)));
    else
        (void)mm_format(buffer, size, "[%u]", entry->place + 1);
}

/* "memoryMB 350, minPriority 300". */
static const char *row_text(unsigned row, const struct entry *entry, char *buffer, size_t size)
{
    size_t length = 0;
    char text[MM_DIFFERENCE_TEXT_MAX];

    buffer[0] = '\0';
    for (unsigned child = next_value(mm_vocabulary_first_child(row)); child != MM_ELEMENT_NONE;
         child = next_value(mm_vocabulary_next_sibling(child))) {
        const struct mm_element *element = mm_vocabulary_at(child);

        length += mm_format(buffer + length, size - length, "%s%s %s", length > 0 ? ", " : "",
                            mm_vocabulary_name(child),
                            value_text(element, &element->target, entry->structure, text, sizeof(text)));
    }
    return buffer;
}

static const char *entry_text(unsigned index, const struct entry *entry, char *buffer, size_t size)
{
    struct mm_target target = mm_vocabulary_at(index)->target;

    if (mm_vocabulary_at(index)->type == MM_TYPE_ROW)
        return row_text(index, entry, buffer, size);
    target.offset = 0;
    return value_text(mm_vocabulary_at(index), &target, entry->structure, buffer, size);
}

static void tell_entry(struct comparison *comparison, unsigned index, const struct entry *entry,
                       bool is_added)
{
    char path[MM_DIFFERENCE_PATH_MAX], label[MM_DIFFERENCE_PATH_MAX] = "", text[MM_DIFFERENCE_TEXT_MAX];

    if (mm_vocabulary_at(index)->type == MM_TYPE_ROW)
        label_row(index, entry, label, sizeof(label));
    (void)mm_format(path, sizeof(path), "%s%s", mm_vocabulary_at(index)->path, label);
    (void)entry_text(index, entry, text, sizeof(text));
    tell(comparison, &(struct mm_difference){
                         .kind = is_added ? MM_DIFFERENCE_ADDED : MM_DIFFERENCE_REMOVED,
                         .element = index,
                         .path = path,
                         .old_text = is_added ? NULL : text,
                         .new_text = is_added ? text : NULL,
                         .old_instance = is_added ? 0 : entry->place,
                         .new_instance = is_added ? entry->place : 0,
                     });
}

static void compare_row(struct comparison *comparison, unsigned row, const struct entry *old_entry)
{
    const struct entry *new_entry = old_entry->other;
    char path[MM_DIFFERENCE_PATH_MAX], label[MM_DIFFERENCE_PATH_MAX];

    label_row(row, new_entry, label, sizeof(label));
    for (unsigned child = next_value(mm_vocabulary_first_child(row)); child != MM_ELEMENT_NONE;
         child = next_value(mm_vocabulary_next_sibling(child))) {
        (void)mm_format(path, sizeof(path), "%s%s/%s", mm_vocabulary_at(row)->path, label,
                        mm_vocabulary_name(child));
        compare_value(comparison, child, path, old_entry->structure, new_entry->structure, old_entry->place,
                      new_entry->place);
    }
}

static void tell_list(struct comparison *comparison, const struct list *list)
{
    for (size_t i = 0; i < list->old_count; i++) {
        if (!list->old_entries[i].other)
            tell_entry(comparison, list->element, &list->old_entries[i], false);
        else if (mm_vocabulary_at(list->element)->type == MM_TYPE_ROW)
            compare_row(comparison, list->element, &list->old_entries[i]);
    }
    for (size_t i = 0; i < list->new_count; i++) {
        if (!list->new_entries[i].other)
            tell_entry(comparison, list->element, &list->new_entries[i], true);
    }
}

static int compare_list(struct comparison *comparison, unsigned index)
{
    struct list list = {.element = index};
    int r = make_entries(comparison->old_config, index, &list.old_entries, &list.old_count);

    if (r >= 0)
        r = make_entries(comparison->new_config, index, &list.new_entries, &list.new_count);
    if (r >= 0) {
        pair_all(&list);
        tell_list(comparison, &list);
    }
    free(list.old_entries);
    free(list.new_entries);
    return r;
}

/* ---- all of it ------------------------------------------------------------------------------------------------ */

static bool is_in_row(unsigned index)
{
    unsigned parent = mm_vocabulary_parent(index);

    return parent != MM_ELEMENT_NONE && mm_vocabulary_at(parent)->type == MM_TYPE_ROW;
}

int mm_config_compare(const struct mm_config *old_config, const struct mm_config *new_config,
                      mm_difference_handler handler, void *user)
{
    struct comparison comparison = {
        .old_config = old_config, .new_config = new_config, .handler = handler, .user = user};
    int r = 0;

    for (unsigned i = 0; r >= 0 && i < mm_vocabulary_count(); i++) {
        const struct mm_element *element = mm_vocabulary_at(i);

        if (element->alias_of || element->target.storage == MM_STORE_NONE || is_in_row(i))
            continue;
        if (element->target.list != MM_LIST_NONE)
            r = compare_list(&comparison, i);
        else
            compare_value(&comparison, i, element->path, old_config, new_config, 0, 0);
    }
    return r < 0 ? r : comparison.count;
}

const char *mm_difference_text(const struct mm_difference *difference, char *buffer, size_t size)
{
    switch (difference->kind) {
    case MM_DIFFERENCE_ADDED:
        (void)mm_format(buffer, size, "%s: added (%s)", difference->path, difference->new_text);
        break;
    case MM_DIFFERENCE_REMOVED:
        (void)mm_format(buffer, size, "%s: removed (%s)", difference->path, difference->old_text);
        break;
    case MM_DIFFERENCE_CHANGED:
        (void)mm_format(buffer, size, "%s: %s -> %s", difference->path,
                        difference->old_text[0] ? difference->old_text : "(empty)",
                        difference->new_text[0] ? difference->new_text : "(empty)");
        break;
    }
    return buffer;
}
