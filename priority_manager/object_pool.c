/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/object_pool.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A free object, and a slab, begin with the pointer to the next one. */
struct chain {
    struct chain *next;
};

/* Objects hold pointers and 64-bit words. */
#define ALIGNMENT sizeof(uint64_t)
/* A slab begins with a line of cache, so that objects of whole lines lie in as few as possible. */
#define LINE_BYTES 64

void mm_object_pool_init(struct mm_object_pool *pool, size_t object_bytes)
{
    size_t bytes = MM_MAX(object_bytes, sizeof(struct chain));

    *pool = (struct mm_object_pool){.object_bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT};
}

void mm_object_pool_fini(struct mm_object_pool *pool)
{
    struct chain *slab = pool->slabs;

    while (slab) {
        struct chain *next = slab->next;

        free(slab);
        slab = next;
    }
    *pool = (struct mm_object_pool){.object_bytes = pool->object_bytes};
}

int mm_object_pool_grow(struct mm_object_pool *pool, uint32_t count)
{
    size_t bytes = LINE_BYTES + (pool->object_bytes * count + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    struct chain *slab;
    char *object;

    if (count == 0)
        return 0;
    slab = aligned_alloc(LINE_BYTES, bytes);
    if (!slab)
        return -ENOMEM;
    slab->next = pool->slabs;
    pool->slabs = slab;
    object = (char *)slab + LINE_BYTES;
    for (uint32_t i = 0; i < count; i++, object += pool->object_bytes) {
        memset(object, 0, pool->object_bytes);
        mm_object_pool_put(pool, object);
    }
    pool->total_count += count;
    return 0;
}

void *mm_object_pool_take(struct mm_object_pool *pool)
{
    struct chain *object = pool->free_objects;

    if (!object)
        return NULL;
    pool->free_objects = object->next;
    pool->free_count--;
    memset(object, 0, pool->object_bytes);
    return object;
}

void mm_object_pool_put(struct mm_object_pool *pool, void *object)
{
    struct chain *chain = object;

    chain->next = pool->free_objects;
    pool->free_objects = chain;
    pool->free_count++;
}
