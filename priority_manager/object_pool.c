/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/object_pool.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a free object, and a slab, begin with. */
struct chain {
    struct chain *next, *previous;
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

/* The first object of a slab for that many bytes of them; NULL. */
static char *add_slab(struct mm_object_pool *pool, size_t objects_bytes)
{
    size_t bytes = LINE_BYTES + (objects_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    struct chain *slab = aligned_alloc(LINE_BYTES, bytes);

    if (!slab)
        return NULL;
    slab->next = pool->slabs;
    pool->slabs = slab;
    return (char *)slab + LINE_BYTES;
}

static void add_objects(struct mm_object_pool *pool, char *object, size_t stride_bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++, object += stride_bytes) {
        memset(object, 0, pool->object_bytes);
        mm_object_pool_put(pool, object);
    }
    pool->total_count += count;
}

int mm_object_pool_grow(struct mm_object_pool *pool, uint32_t count)
{
    char *objects;

    if (count == 0)
        return 0;
    objects = add_slab(pool, pool->object_bytes * count);
    if (!objects)
        return -ENOMEM;
    add_objects(pool, objects, pool->object_bytes, count);
    return 0;
}

int mm_object_pool_grow_both(struct mm_object_pool *first, struct mm_object_pool *second, uint32_t count)
{
    size_t stride_bytes = first->object_bytes + second->object_bytes;
    char *objects;

    if (count == 0)
        return 0;
    objects = add_slab(first, stride_bytes * count);
    if (!objects)
        return -ENOMEM;
    add_objects(first, objects, stride_bytes, count);
    add_objects(second, objects + first->object_bytes, stride_bytes, count);
    return 0;
}

void mm_object_pool_take_this(struct mm_object_pool *pool, void *object)
{
    const struct chain *chain = object;

    if (chain->previous)
        chain->previous->next = chain->next;
    else
        pool->free_objects = chain->next;
    if (chain->next)
        chain->next->previous = chain->previous;
    pool->free_count--;
    memset(object, 0, pool->object_bytes);
}

void *mm_object_pool_take(struct mm_object_pool *pool)
{
    void *object = pool->free_objects;

    if (object)
        mm_object_pool_take_this(pool, object);
    return object;
}

void mm_object_pool_put(struct mm_object_pool *pool, void *object)
{
    struct chain *chain = object;

    *chain = (struct chain){.next = pool->free_objects};
    if (chain->next)
        chain->next->previous = chain;
    pool->free_objects = chain;
    pool->free_count++;
}
