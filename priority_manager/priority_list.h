/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list both strategies obey: entries in 2001 buckets, one per priority -1000..1000, with a bitmap of the
 * buckets that hold any. Insert, move, remove and "least important" are O(1), walking is O(1) per entry.
 * Entries are embedded in their owners, so no operation allocates. Larger means less important.
 *
 * Within a bucket the order is that of last use: the entry whose use is oldest is the first victim. Inserting
 * and touching make an entry the most recently used.
 */
#ifndef MM_PRIORITY_MANAGER_PRIORITY_LIST_H
#define MM_PRIORITY_MANAGER_PRIORITY_LIST_H

#include "common/list.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_PRIORITY_MIN     (-1000) /* never killed */
#define MM_PRIORITY_MAX     1000
#define MM_PRIORITY_BUCKETS (MM_PRIORITY_MAX - MM_PRIORITY_MIN + 1)
#define MM_PRIORITY_WORDS   ((MM_PRIORITY_BUCKETS + 63) / 64)

struct mm_priority_entry {
    struct mm_list link;
    int16_t priority;
};

struct mm_priority_list {
    struct mm_list buckets[MM_PRIORITY_BUCKETS];
    uint64_t occupied[MM_PRIORITY_WORDS];
    uint32_t occupied_words; /* which words of `occupied` are not zero */
    uint32_t count;
};

void mm_priority_list_init(struct mm_priority_list *list);
void mm_priority_entry_init(struct mm_priority_entry *entry);
/* priority is clamped to the range. */
void mm_priority_list_insert(struct mm_priority_list *list, struct mm_priority_entry *entry, int priority);
/* Does nothing when the entry is there already, so that its place among equals stays. */
void mm_priority_list_move(struct mm_priority_list *list, struct mm_priority_entry *entry, int priority);
void mm_priority_list_remove(struct mm_priority_list *list, struct mm_priority_entry *entry);
/* Makes it the most recently used of its bucket. */
void mm_priority_list_touch(struct mm_priority_list *list, struct mm_priority_entry *entry);
/* The first victim: oldest use in the highest occupied bucket. NULL when empty. */
struct mm_priority_entry *mm_priority_list_least(const struct mm_priority_list *list);
/* The next victim after entry: more recently used in its bucket, then the next lower bucket. */
struct mm_priority_entry *mm_priority_list_next(const struct mm_priority_list *list,
                                                const struct mm_priority_entry *entry);

#ifdef __cplusplus
}
#endif

#endif
