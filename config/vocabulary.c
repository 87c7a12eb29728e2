/* SPDX-License-Identifier: Apache-2.0 */
/* Finding one's way in the table. */
#include "config/vocabulary_row.h"

#include <string.h>

size_t mm_vocabulary_count(void)
{
    return mm_vocabulary_table_count;
}

const struct mm_element *mm_vocabulary_at(unsigned element)
{
    return &mm_vocabulary_table[element];
}

unsigned mm_vocabulary_find(const char *path)
{
    for (unsigned i = 0; i < mm_vocabulary_table_count; i++) {
        if (strcmp(mm_vocabulary_table[i].path, path) == 0)
            return i;
    }
    return MM_ELEMENT_NONE;
}

unsigned mm_vocabulary_resolve(unsigned element)
{
    const char *other = mm_vocabulary_table[element].alias_of;

    return other ? mm_vocabulary_find(other) : element;
}

/* What follows "parent/" in the path; the whole path for the root; NULL when it is not below the parent. */
static const char *path_below(const char *path, unsigned parent)
{
    size_t length;

    if (parent == MM_ELEMENT_NONE)
        return path;
    length = strlen(mm_vocabulary_table[parent].path);
    if (strncmp(path, mm_vocabulary_table[parent].path, length) != 0 || path[length] != '/')
        return NULL;
    return path + length + 1;
}

/* From `from` on, the next direct child of parent, by name unless that is NULL. */
static unsigned next_child(unsigned parent, unsigned from, const char *name)
{
    for (unsigned i = from; i < mm_vocabulary_table_count; i++) {
        const char *below = path_below(mm_vocabulary_table[i].path, parent);

        if (!below)
            break;
        if (name ? strcmp(below, name) == 0 : !strchr(below, '/'))
            return i;
    }
    return MM_ELEMENT_NONE;
}

unsigned mm_vocabulary_first_child(unsigned parent)
{
    return next_child(parent, parent == MM_ELEMENT_NONE ? 0 : parent + 1, NULL);
}

unsigned mm_vocabulary_next_sibling(unsigned element)
{
    return next_child(mm_vocabulary_parent(element), element + 1, NULL);
}

unsigned mm_vocabulary_child(unsigned parent, const char *name)
{
    if (parent == MM_ELEMENT_NONE)
        return next_child(parent, 0, name);
    parent = mm_vocabulary_resolve(parent);
    return next_child(parent, parent + 1, name);
}

unsigned mm_vocabulary_parent(unsigned element)
{
    const char *path = mm_vocabulary_table[element].path;

    while (element > 0) {
        const char *below = path_below(path, --element);

        if (below && !strchr(below, '/'))
            return element;
    }
    return MM_ELEMENT_NONE;
}

const char *mm_vocabulary_name(unsigned element)
{
    const char *slash = strrchr(mm_vocabulary_table[element].path, '/');

    return slash ? slash + 1 : mm_vocabulary_table[element].path;
}

unsigned mm_vocabulary_nearest(unsigned parent, const char *name)
{
    size_t length = strlen(name);
    /* A third of the letters may be wrong; of a short name fewer, as any two short names are near each other.
     */
    unsigned limit = length < 4 ? 1 : MM_MAX(2, (unsigned)MM_MIN(length, 60) / 3);
    unsigned nearest = MM_ELEMENT_NONE;

    if (parent != MM_ELEMENT_NONE)
        parent = mm_vocabulary_resolve(parent);
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        unsigned distance = mm_text_distance(name, mm_vocabulary_name(child));

        if (distance <= limit) {
            nearest = child;
            limit = distance - (distance > 0);
        }
    }
    for (unsigned i = 0; nearest == MM_ELEMENT_NONE && i < mm_vocabulary_table_count; i++) {
        if (strcmp(mm_vocabulary_name(i), name) == 0)
            nearest = i;
    }
    return nearest;
}

uint32_t mm_vocabulary_hash(void)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < mm_vocabulary_table_count; i++) {
        /* With its NUL, so that two paths do not run into each other. */
        const char *path = mm_vocabulary_table[i].path;

        for (size_t k = 0; k <= strlen(path); k++)
            hash = (hash ^ (unsigned char)path[k]) * 16777619U;
    }
    return hash;
}
