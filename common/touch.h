/* SPDX-License-Identifier: Apache-2.0 */
/* Memory made present ahead of its use: locked on fault, it costs one when it is touched first. */
#ifndef MM_COMMON_TOUCH_H
#define MM_COMMON_TOUCH_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The smallest page there is; on larger ones a page is touched more than once. */
#define MM_TOUCH_STEP ((size_t)4096)

/* Keeps the byte, as its page may hold something already. */
static inline void mm_touch_byte(void *memory, size_t offset)
{
    volatile unsigned char *byte = (unsigned char *)memory + offset;

    *byte = *byte;
}

/*
 * The `length` bytes that follow `from` in a ring of `size` bytes, the end joined to the beginning: for rings that are
 * written under pressure, called when it is calm. length: at most size.
 */
static inline void mm_touch_ahead(void *ring, size_t size, size_t from, size_t length)
{
    if (length == 0)
        return;
    for (size_t offset = 0; offset < length; offset += MM_TOUCH_STEP)
        mm_touch_byte(ring, (from + offset) % size);
    mm_touch_byte(ring, (from + length - 1) % size);
}

#ifdef __cplusplus
}
#endif

#endif
