/* SPDX-License-Identifier: Apache-2.0 */
/* The list of items. */
#include "config/items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void mm_config_items_fini(struct mm_config_items *items)
{
    for (size_t i = 0; i < items->count; i++)
        free(items->items[i].text);
    for (size_t i = 0; i < items->file_count; i++)
        free(items->files[i]);
    for (size_t i = 0; i < items->profile_count; i++) {
        free(items->profiles[i].name);
        free(items->profiles[i].device);
    }
    free(items->items);
    free(items->files);
    free(items->profiles);
    *items = (struct mm_config_items){0};
}

/* Room for one more in an array that doubles whenever its count is a power of two. */
static int make_room(void **array, size_t count, size_t size)
{
    void *larger;

    if ((count & (count - 1)) != 0)
        return 0;
    larger = reallocarray(*array, count > 0 ? count * 2 : 1, size);
    if (!larger)
        return -ENOMEM;
    *array = larger;
    return 0;
}

int mm_config_items_add_file(struct mm_config_items *items, const char *file)
{
    char *copy;
    int r = make_room((void **)&items->files, items->file_count, sizeof(*items->files));

    if (r < 0)
        return r;
    copy = strdup(file);
    if (!copy)
        return -ENOMEM;
    items->files[items->file_count] = copy;
    return (int)items->file_count++;
}

int mm_config_items_add_profile(struct mm_config_items *items, const struct mm_config_profile *profile)
{
    int r = make_room((void **)&items->profiles, items->profile_count, sizeof(*items->profiles));

    if (r < 0)
        return r;
    items->profiles[items->profile_count++] = *profile;
    return 0;
}

int mm_config_items_add(struct mm_config_items *items, const struct mm_config_item *item)
{
    char *copy = NULL;
    int r;

    if (items->count >= MM_CONFIG_ITEMS_MAX)
        return -ENOSPC;
    r = make_room((void **)&items->items, items->count, sizeof(*items->items));
    if (r < 0)
        return r;
    if (item->text) {
        copy = strdup(item->text);
        if (!copy)
            return -ENOMEM;
    }
    items->items[items->count] = *item;
    items->items[items->count++].text = copy;
    return 0;
}
