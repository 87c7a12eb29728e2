/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/bundle_names.h"

#include "common/common.h"
#include "event_center/event.h"

#include <string.h>

/* Ascending; the last one holds every name. */
static const size_t place_bytes[MM_BUNDLE_NAME_POOLS] = {32, 64, MM_NAME_MAX};

void mm_bundle_names_init(struct mm_bundle_names *names)
{
    for (size_t i = 0; i < MM_BUNDLE_NAME_POOLS; i++)
        mm_object_pool_init(&names->pools[i], place_bytes[i], 0);
}

void mm_bundle_names_fini(struct mm_bundle_names *names)
{
    for (size_t i = 0; i < MM_BUNDLE_NAME_POOLS; i++)
        mm_object_pool_fini(&names->pools[i]);
}

static struct mm_object_pool *pool_for(struct mm_bundle_names *names, size_t length)
{
    size_t i = 0;

    while (i < MM_BUNDLE_NAME_POOLS - 1 && length >= place_bytes[i])
        i++;
    return &names->pools[i];
}

char *mm_bundle_names_take(struct mm_bundle_names *names, const char *text)
{
    size_t length = strnlen(text, MM_NAME_MAX - 1);
    char *name = mm_object_pool_take(pool_for(names, length));

    if (name)
        memcpy(name, text, length); /* into zeros */
    return name;
}

void mm_bundle_names_put(struct mm_bundle_names *names, const char *name)
{
    mm_object_pool_put(pool_for(names, strlen(name)), (char *)name);
}
