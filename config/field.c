/* SPDX-License-Identifier: Apache-2.0 */
/* Fields and lists of struct mm_config, reached through their targets in the vocabulary. */
#include "common/common.h"
#include "config/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *at(const void *structure, size_t offset)
{
    return (char *)structure + offset;
}

bool mm_value_is_text(enum mm_storage storage)
{
    return storage == MM_STORE_CHARACTERS || storage == MM_STORE_STRING;
}

static int store_string(char **field, const struct mm_value *value)
{
    char *copy = strndup(value->text, value->length);

    if (!copy)
        return -ENOMEM;
    free(*field);
    *field = copy;
    return 0;
}

int mm_field_store(const struct mm_target *target, void *structure, const struct mm_value *value)
{
    void *field = at(structure, target->offset);

    switch (target->storage) {
    case MM_STORE_BOOL:
        *(bool *)field = value->number != 0;
        break;
    case MM_STORE_INT:
        *(int *)field = (int)value->number;
        break;
    case MM_STORE_UNSIGNED:
        *(unsigned *)field = (unsigned)value->number;
        break;
    case MM_STORE_U64:
        *(uint64_t *)field = (uint64_t)value->number;
        break;
    case MM_STORE_CHARACTERS:
        memset(field, 0, target->size);
        memcpy(field, value->text, MM_MIN(value->length, target->size - 1));
        break;
    case MM_STORE_STRING:
        return store_string((char **)field, value);
    case MM_STORE_NONE:
    case MM_STORE_ROW:
        break;
    }
    return 0;
}

int64_t mm_field_number(const struct mm_target *target, const void *structure)
{
    const void *field = at(structure, target->offset);

    switch (target->storage) {
    case MM_STORE_BOOL:
        return *(const bool *)field;
    case MM_STORE_INT:
        return *(const int *)field;
    case MM_STORE_UNSIGNED:
        return *(const unsigned *)field;
    case MM_STORE_U64:
        return (int64_t) * (const uint64_t *)field;
    case MM_STORE_NONE:
    case MM_STORE_CHARACTERS:
    case MM_STORE_STRING:
    case MM_STORE_ROW:
        break;
    }
    return 0;
}

const char *mm_field_text(const struct mm_target *target, const void *structure)
{
    const void *field = at(structure, target->offset);
    const char *text;

    if (target->storage == MM_STORE_CHARACTERS)
        return (const char *)field;
    if (target->storage != MM_STORE_STRING)
        return "";
    text = *(char *const *)field;
    return text ? text : "";
}

size_t mm_list_field_count(const struct mm_target *target, const void *structure)
{
    return *(const size_t *)at(structure, target->count_offset);
}

static void *first_entry(const struct mm_target *target, const void *structure)
{
    void *list = at(structure, target->offset);

    return target->list == MM_LIST_HEAP ? *(void **)list : list;
}

void *mm_list_field_at(const struct mm_target *target, void *structure, size_t index)
{
    return at(first_entry(target, structure), index * target->size);
}

const void *mm_list_field_read(const struct mm_target *target, const void *structure, size_t index)
{
    return at(first_entry(target, structure), index * target->size);
}

/* A heap list is grown to the next power of two when the present one is full. */
static int make_room(const struct mm_target *target, void *structure, size_t count)
{
    void **list = at(structure, target->offset);
    void *larger;

    if (target->list != MM_LIST_HEAP || (count & (count - 1)) != 0)
        return 0;
    larger = reallocarray(*list, count > 0 ? count * 2 : 1, target->size);
    if (!larger)
        return -ENOMEM;
    *list = larger;
    return 0;
}

int mm_list_field_append(const struct mm_element *element, void *structure, void **ret_entry)
{
    const struct mm_target *target = &element->target;
    size_t *count = at(structure, target->count_offset);
    void *entry;
    int r;

    if (*count >= element->max_count)
        return -ENOSPC;
    r = make_room(target, structure, *count);
    if (r < 0)
        return r;
    entry = mm_list_field_at(target, structure, *count);
    memset(entry, 0, target->size);
    (*count)++;
    *ret_entry = entry;
    return 0;
}
