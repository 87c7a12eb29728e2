/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of one size, taken and put back without allocating. Memory grows only when asked to, is touched
 * there and then (an untouched page costs more than the operation), and is kept until the end.
 */
#ifndef MM_PRIORITY_MANAGER_OBJECT_POOL_H
#define MM_PRIORITY_MANAGER_OBJECT_POOL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_object_pool {
    size_t object_bytes;
    void *free_objects;
    void *slabs;
    uint32_t free_count, total_count;
};

/* Nothing is allocated yet. */
void mm_object_pool_init(struct mm_object_pool *pool, size_t object_bytes);
/* Also frees the objects that are in use. */
void mm_object_pool_fini(struct mm_object_pool *pool);
/* Adds `count` free objects; -ENOMEM. */
int mm_object_pool_grow(struct mm_object_pool *pool, uint32_t count);
/* Filled with zeros; NULL when none is free. */
void *mm_object_pool_take(struct mm_object_pool *pool);
void mm_object_pool_put(struct mm_object_pool *pool, void *object);

#ifdef __cplusplus
}
#endif

#endif
