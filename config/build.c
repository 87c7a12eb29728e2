/* SPDX-License-Identifier: Apache-2.0 */
/* From merged items to a configuration: built-in values first, then the items, then the rules. */
#include "config/build.h"

#include "common/common.h"
#include "config/check.h"
#include "config/origins.h"
#include "config/problems.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void mm_build_report(struct mm_build *build, enum mm_problem_severity severity,
                     const struct mm_config_item *item, const char *format, ...)
{
    const char *file = "";
    va_list arguments;

    if (item && item->file < build->items->file_count)
        file = build->items->files[item->file];
    va_start(arguments, format);
    mm_problems_add_list(build->problems, severity, file, item ? item->line : 0, item ? item->column : 0,
                         format, arguments);
    va_end(arguments);
}

const struct mm_config_item *mm_build_find(const struct mm_build *build, unsigned element, unsigned instance)
{
    for (size_t i = 0; i < build->items->count; i++) {
        const struct mm_config_item *item = &build->items->items[i];

        if (item->instance == instance && mm_vocabulary_resolve(item->element) == element)
            return item;
    }
    return NULL;
}

static bool is_row(unsigned element)
{
    return element != MM_ELEMENT_NONE && mm_vocabulary_at(element)->type == MM_TYPE_ROW;
}

/* ---- built-in values --------------------------------------------------------------------------------- */

static int store_default(const struct mm_element *element, const char *text, void *structure)
{
    struct mm_value value;
    int r = mm_value_parse(element, text, &value);

    return r < 0 ? r : mm_field_store(&element->target, structure, &value);
}

/* What a row has without its children being said, for those that have a default of their own. */
static int store_default_children(unsigned element, void *structure)
{
    for (unsigned child = mm_vocabulary_first_child(element); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        const struct mm_element *value = mm_vocabulary_at(child);
        int r = 0;

        if (value->default_text && value->target.storage != MM_STORE_NONE)
            r = store_default(value, value->default_text, structure);
        if (r < 0)
            return r;
    }
    return 0;
}

/* One row of a default such as "500 400": a word for each child. */
static int store_default_row(unsigned element, char *text, void *structure)
{
    char *rest = text;

    for (unsigned child = mm_vocabulary_first_child(element); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        const char *word;
        int r;

        if (mm_vocabulary_at(child)->alias_of)
            continue;
        word = strtok_r(rest, " ", &rest);
        if (!word)
            word = mm_vocabulary_at(child)->default_text;
        r = word ? store_default(mm_vocabulary_at(child), word, structure) : -EINVAL;
        if (r < 0)
            return r;
    }
    return 0;
}

static int store_default_rows(unsigned element, struct mm_config *config)
{
    const struct mm_element *row = mm_vocabulary_at(element);
    char *rows = strdup(row->default_text);
    char *rest = rows;
    char *text;
    int r = rows ? 0 : -ENOMEM;

    while (r >= 0 && (text = strtok_r(rest, ",", &rest))) {
        void *entry;

        r = mm_list_field_append(row, config, &entry);
        if (r >= 0)
            r = store_default_row(element, text, entry);
    }
    free(rows);
    return r;
}

static int store_default_values(struct mm_build *build)
{
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const struct mm_element *element = mm_vocabulary_at(i);
        int r;

        if (!element->default_text || element->target.storage == MM_STORE_NONE)
            continue;
        if (element->type == MM_TYPE_ROW || is_row(mm_vocabulary_parent(i)))
            continue;
        r = store_default(element, element->default_text, build->config);
        if (r < 0)
            return r;
    }
    return 0;
}

/* After the items, as a section that is in the file without rows may mean none. */
static int store_missing_rows(struct mm_build *build)
{
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const struct mm_element *element = mm_vocabulary_at(i);
        int r;

        if (element->type != MM_TYPE_ROW || !element->default_text)
            continue;
        if (build->origin[i])
            continue;
        if ((element->flags & MM_ELEMENT_EMPTY_IS_NONE) && build->origin[mm_vocabulary_parent(i)])
            continue;
        r = store_default_rows(i, build->config);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- items ------------------------------------------------------------------------------------------- */

/* Where the item's value goes: the configuration, or its row; NULL when the row was refused. */
static void *structure_of(const struct mm_build *build, unsigned element, const struct mm_config_item *item)
{
    unsigned parent = mm_vocabulary_parent(element);
    const struct mm_target *row;

    if (!is_row(parent))
        return build->config;
    row = &mm_vocabulary_at(parent)->target;
    if (row->storage == MM_STORE_NONE || item->instance >= mm_list_field_count(row, build->config))
        return NULL;
    return mm_list_field_at(row, build->config, item->instance);
}

static int append_value(const struct mm_element *element, void *structure, const struct mm_value *value)
{
    struct mm_target entry_target = element->target;
    void *entry;
    int r = mm_list_field_append(element, structure, &entry);

    if (r < 0)
        return r;
    entry_target.offset = 0;
    return mm_field_store(&entry_target, entry, value);
}

/* One slash between names and none at the end: two spellings of a path are one value. */
static void normalise_path(char *path)
{
    size_t used = 0;

    for (const char *c = path; *c; c++) {
        if (*c != '/' || (c[1] != '/' && (c[1] != '\0' || used == 0)))
            path[used++] = *c;
    }
    path[used] = '\0';
}

static int store_value(struct mm_build *build, unsigned index, const struct mm_config_item *item,
                       const struct mm_value *value)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    void *structure = structure_of(build, index, item);
    int r;

    if (!structure || element->target.storage == MM_STORE_NONE)
        return 0;
    if (element->target.list == MM_LIST_NONE) {
        r = mm_field_store(&element->target, structure, value);
        if (r == 0 && element->type == MM_TYPE_PATH)
            normalise_path((char *)structure + element->target.offset);
        return r;
    }
    r = append_value(element, structure, value);
    if (r == -ENOSPC) {
        mm_build_report(build, MM_PROBLEM_ERROR, item, "more than %u %s", element->max_count,
                        mm_vocabulary_name(index));
        return 0;
    }
    return r;
}

static int take_row(struct mm_build *build, unsigned index, const struct mm_config_item *item)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    void *entry;
    int r;

    if (item->instance >= element->max_count) {
        build->is_bad[index] = true;
        /* Once: a row too many is likely followed by others. */
        if (item->instance > element->max_count)
            return 0;
        mm_build_report(build, MM_PROBLEM_ERROR, item, "more than %u %s, expected at most that many",
                        element->max_count, mm_vocabulary_name(index));
        return 0;
    }
    if (element->target.storage != MM_STORE_ROW)
        return 0;
    /* A row's instance is its place in the list; its values are found by it. */
    if (item->instance != mm_list_field_count(&element->target, build->config))
        return -EBADMSG;
    r = mm_list_field_append(element, build->config, &entry);
    return r < 0 ? r : store_default_children(index, entry);
}

static void refuse_share(struct mm_build *build, unsigned index, const struct mm_config_item *item, int error)
{
    char expected[MM_EXPECTED_MAX], shown[MM_SHOWN_MAX];
    const char *name = mm_vocabulary_name(item->element);

    build->is_bad[index] = true;
    if (error == -ENODATA)
        mm_build_report(build, MM_PROBLEM_ERROR, item,
                        "%s is \"%s\" of this device's RAM, which is not known, expected a size", name,
                        mm_shown(item->text, shown));
    else
        mm_build_report(build, MM_PROBLEM_ERROR, item,
                        "%s is \"%s\" of this device's RAM of %" PRIu64 " MB, expected %s", name,
                        mm_shown(item->text, shown), (uint64_t)(build->device->ram_bytes / MM_MIB),
                        mm_value_expected(mm_vocabulary_at(index), expected, sizeof(expected)));
}

static int take_value(struct mm_build *build, unsigned index, const struct mm_config_item *item)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    struct mm_value value;
    int r;

    if (mm_config_is_empty_entry(item))
        return 0;
    if (!mm_config_check_value(build->items, item, build->problems, &value)) {
        build->is_bad[index] = true;
        return 0;
    }
    r = mm_value_resolve(element, build->device->ram_bytes, &value);
    if (r < 0) {
        refuse_share(build, index, item, r);
        return 0;
    }
    return store_value(build, index, item, &value);
}

static int take_items(struct mm_build *build)
{
    for (size_t i = 0; i < build->items->count; i++) {
        const struct mm_config_item *item = &build->items->items[i];
        unsigned index = mm_vocabulary_resolve(item->element);
        const struct mm_element *element = mm_vocabulary_at(index);
        int r = 0;

        if (item->kind != MM_ITEM_VALUE)
            return -EBADMSG;
        if (item->is_refused) {
            build->is_bad[index] = true;
            build->origin[index] = build->origin[index] ? build->origin[index] : item;
            continue;
        }
        build->origin[index] = item;
        if (element->type == MM_TYPE_ROW)
            r = take_row(build, index, item);
        else if (element->type != MM_TYPE_SECTION)
            r = take_value(build, index, item);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- after the items --------------------------------------------------------------------------------- */

static int fill(struct mm_build *build)
{
    int r = store_default_values(build);

    if (r >= 0)
        r = take_items(build);
    if (r >= 0)
        r = store_missing_rows(build);
    if (r >= 0)
        mm_rules_complete_processes(build);
    return r;
}

int mm_config_build(const struct mm_config_items *items, const struct mm_config_device *device,
                    struct mm_config **ret_config, struct mm_problems *problems)
{
    static const struct mm_config_items no_items;
    static const struct mm_config_device unknown_device;
    struct mm_build build = {.items = items ? items : &no_items,
                             .device = device ? device : &unknown_device,
                             .problems = problems};
    int r;

    build.config = calloc(1, sizeof(*build.config));
    if (!build.config)
        return -ENOMEM;
    r = fill(&build);
    if (r >= 0) {
        if (!build.items->is_cut)
            mm_rules_check(&build);
        mm_problems_sort(problems);
        if (problems->error_count > 0)
            r = -EINVAL;
    }
    if (r >= 0)
        r = mm_config_origins_new(build.items, &build.config->origins);
    if (r < 0) {
        mm_config_free(build.config);
        return r;
    }
    *ret_config = build.config;
    return 0;
}

struct mm_config *mm_config_new(void)
{
    struct mm_problems problems = {0};
    struct mm_config *config = NULL;

    /* Fails for lack of memory alone: that the built-in values are sound is a unit test. */
    (void)mm_config_build(NULL, NULL, &config, &problems);
    mm_problems_fini(&problems);
    return config;
}

/* ---- freeing ----------------------------------------------------------------------------------------- */

static void free_string(const struct mm_target *target, void *structure)
{
    if (target->storage == MM_STORE_STRING && target->list == MM_LIST_NONE)
        free(*(char **)((char *)structure + target->offset));
}

static void free_list(unsigned index, struct mm_config *config)
{
    const struct mm_target *target = &mm_vocabulary_at(index)->target;

    for (size_t i = 0; i < mm_list_field_count(target, config); i++) {
        void *entry = mm_list_field_at(target, config, i);

        if (target->storage == MM_STORE_STRING)
            free(*(char **)entry);
        if (target->storage != MM_STORE_ROW)
            continue;
        for (unsigned child = mm_vocabulary_first_child(index); child != MM_ELEMENT_NONE;
             child = mm_vocabulary_next_sibling(child))
            free_string(&mm_vocabulary_at(child)->target, entry);
    }
    if (target->list == MM_LIST_HEAP)
        free(*(void **)((char *)config + target->offset));
}

void mm_config_free(struct mm_config *config)
{
    if (!config)
        return;
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        if (mm_vocabulary_at(i)->target.list != MM_LIST_NONE)
            free_list(i, config);
        else if (!is_row(mm_vocabulary_parent(i)))
            free_string(&mm_vocabulary_at(i)->target, config);
    }
    mm_config_origins_free(config->origins);
    free(config);
}
