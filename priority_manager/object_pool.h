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
    size_t links_offset; /* where a free object holds the links to its neighbours among them */
    void *free_objects;
    void *slabs;
    uint32_t free_count, total_count;
};

/* Nothing is allocated yet. links_offset: two pointers of a free object, aligned as such, which are best in a line of
   cache that whoever puts it back has touched anyway. */
void mm_object_pool_init(struct mm_object_pool *pool, size_t object_bytes, size_t links_offset);
/* Also frees the objects that are in use. */
void mm_object_pool_fini(struct mm_object_pool *pool);
/* Adds `count` free objects; -ENOMEM. */
int mm_object_pool_grow(struct mm_object_pool *pool, uint32_t count);
/* Adds `count` free objects to each of two pools, every one of the second right behind one of the first, so that what
   belongs together may lie together. -ENOMEM. The memory is the first pool's. */
int mm_object_pool_grow_both(struct mm_object_pool *first, struct mm_object_pool *second, uint32_t count);
/* Filled with zeros; NULL when none is free. */
void *mm_object_pool_take(struct mm_object_pool *pool);
/* The same of one that is known to be free. */
void mm_object_pool_take_this(struct mm_object_pool *pool, void *object);
void mm_object_pool_put(struct mm_object_pool *pool, void *object);

#ifdef __cplusplus
}
#endif

#endif
