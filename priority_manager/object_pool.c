/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/object_pool.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Between free objects. */
struct links {
    void *next, *previous;
};

/* What a slab begins with. */
struct slab {
    struct slab *next;
};

/* Objects hold pointers and 64-bit words. */
#define ALIGNMENT sizeof(uint64_t)
/* A slab begins with a line of cache, so that objects of whole lines lie in as few as possible. */
#define LINE_BYTES 64

static struct links *links_of(const struct mm_object_pool *pool, void *object)
{
    return (struct links *)((char *)object + pool->links_offset);
}

void mm_object_pool_init(struct mm_object_pool *pool, size_t object_bytes, size_t links_offset)
{
    size_t bytes = MM_MAX(object_bytes, links_offset + sizeof(struct links));

    *pool = (struct mm_object_pool){
        .object_bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT,
        .links_offset = links_offset,
    };
}

void mm_object_pool_fini(struct mm_object_pool *pool)
{
    struct slab *slab = pool->slabs;

    while (slab) {
        struct slab *next = slab->next;

        free(slab);
        slab = next;
    }
    *pool = (struct mm_object_pool){.object_bytes = pool->object_bytes, .links_offset = pool->links_offset};
}

/* The first object of a slab for that many bytes of them; NULL. */
static char *add_slab(struct mm_object_pool *pool, size_t objects_bytes)
{
    size_t bytes = LINE_BYTES + (objects_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    struct slab *slab = aligned_alloc(LINE_BYTES, bytes);

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
    const struct links *links = links_of(pool, object);

    if (links->previous)
        links_of(pool, links->previous)->next = links->next;
    else
        pool->free_objects = links->next;
    if (links->next)
        links_of(pool, links->next)->previous = links->previous;
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
    *links_of(pool, object) = (struct links){.next = pool->free_objects};
    if (pool->free_objects)
        links_of(pool, pool->free_objects)->previous = object;
    pool->free_objects = object;
    pool->free_count++;
}
