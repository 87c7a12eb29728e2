/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table that chains through its entries. */
#include "config/name_index.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64
#define NO_ENTRY       UINT32_MAX

struct mm_name_entry {
    const char *name;
    size_t length;
    uint32_t hash;
    unsigned element;
    unsigned next; /* of its chain; NO_ENTRY */
    size_t value;
};

static const char *trim(const char *name, size_t *ret_length)
{
    static const char blanks[] = " \t\r\n";
    size_t length;

    name += strspn(name, blanks);
    length = strlen(name);
    while (length > 0 && strchr(blanks, name[length - 1]))
        length--;
    *ret_length = length;
    return name;
}

bool mm_name_equals(const char *a, const char *b)
{
    size_t a_length = 0, b_length = 0;

    a = trim(a, &a_length);
    b = trim(b, &b_length);
    return a_length == b_length && memcmp(a, b, a_length) == 0;
}

static uint32_t hash_name(unsigned element, const char *name, size_t length)
{
    uint32_t hash = (2166136261U ^ element) * 16777619U;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619U;
    return hash;
}

void mm_name_index_fini(struct mm_name_index *index)
{
    free(index->entries);
    free(index->heads);
    *index = (struct mm_name_index){0};
}

static void chain(struct mm_name_index *index, size_t entry)
{
    /* capacity is a power of two */
    unsigned *head = &index->heads[index->entries[entry].hash & (index->capacity - 1)];

    index->entries[entry].next = *head;
    *head = (unsigned)entry;
}

static int grow(struct mm_name_index *index)
{
    size_t capacity = index->capacity > 0 ? index->capacity * 2 : FIRST_CAPACITY;
    struct mm_name_entry *entries = reallocarray(index->entries, capacity, sizeof(*entries));
    unsigned *heads;

    if (!entries)
        return -ENOMEM;
    index->entries = entries;
    heads = reallocarray(index->heads, capacity, sizeof(*heads));
    if (!heads)
        return -ENOMEM;
    index->heads = heads;
    index->capacity = capacity;
    memset(heads, 0xff, capacity * sizeof(*heads));
    for (size_t i = 0; i < index->count; i++)
        chain(index, i);
    return 0;
}

int mm_name_index_add(struct mm_name_index *index, unsigned element, const char *name, size_t value)
{
    struct mm_name_entry entry = {.element = element, .value = value};

    if (index->count == index->capacity) {
        int r = grow(index);

        if (r < 0)
            return r;
    }
    entry.name = trim(name, &entry.length);
    entry.hash = hash_name(element, entry.name, entry.length);
    index->entries[index->count] = entry;
    chain(index, index->count++);
    return 0;
}

static size_t follow(const struct mm_name_index *index, unsigned entry, const struct mm_name_entry *wanted)
{
    for (; entry != NO_ENTRY; entry = index->entries[entry].next) {
        const struct mm_name_entry *found = &index->entries[entry];

        if (found->hash == wanted->hash && found->element == wanted->element &&
            found->length == wanted->length && memcmp(found->name, wanted->name, wanted->length) == 0)
            return entry;
    }
    return MM_NAME_NONE;
}

size_t mm_name_index_find(const struct mm_name_index *index, unsigned element, const char *name)
{
    struct mm_name_entry wanted = {.element = element};

    if (index->count == 0)
        return MM_NAME_NONE;
    wanted.name = trim(name, &wanted.length);
    wanted.hash = hash_name(element, wanted.name, wanted.length);
    return follow(index, index->heads[wanted.hash & (index->capacity - 1)], &wanted);
}

size_t mm_name_index_next(const struct mm_name_index *index, size_t entry)
{
    return follow(index, index->entries[entry].next, &index->entries[entry]);
}

size_t mm_name_index_value(const struct mm_name_index *index, size_t entry)
{
    return index->entries[entry].value;
}
