/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/priority_list.h"

#include "common/common.h"

#include <stddef.h>

_Static_assert(MM_PRIORITY_WORDS <= 32, "occupied_words has a bit for each word");

static unsigned bucket_of(int priority)
{
    return (unsigned)(MM_MIN(MM_MAX(priority, MM_PRIORITY_MIN), MM_PRIORITY_MAX) - MM_PRIORITY_MIN);
}

static void mark_occupied(struct mm_priority_list *list, unsigned bucket)
{
    list->occupied[bucket / 64] |= 1ULL << (bucket % 64);
    list->occupied_words |= 1u << (bucket / 64);
}

static void mark_if_empty(struct mm_priority_list *list, unsigned bucket)
{
    if (!mm_list_is_empty(&list->buckets[bucket]))
        return;
    list->occupied[bucket / 64] &= ~(1ULL << (bucket % 64));
    if (list->occupied[bucket / 64] == 0)
        list->occupied_words &= ~(1u << (bucket / 64));
}

void mm_priority_list_init(struct mm_priority_list *list)
{
    for (unsigned i = 0; i < MM_PRIORITY_BUCKETS; i++)
        mm_list_init(&list->buckets[i]);
    for (unsigned i = 0; i < MM_PRIORITY_WORDS; i++)
        list->occupied[i] = 0;
    list->occupied_words = 0;
    list->count = 0;
}

void mm_priority_entry_init(struct mm_priority_entry *entry)
{
    mm_list_init(&entry->link);
    entry->priority = 0;
}

void mm_priority_list_insert(struct mm_priority_list *list, struct mm_priority_entry *entry, int priority)
{
    unsigned bucket = bucket_of(priority);

    entry->priority = (int16_t)((int)bucket + MM_PRIORITY_MIN);
    mm_list_push_back(&list->buckets[bucket], &entry->link);
    mark_occupied(list, bucket);
    list->count++;
}

void mm_priority_list_move(struct mm_priority_list *list, struct mm_priority_entry *entry, int priority)
{
    unsigned from = bucket_of(entry->priority);
    unsigned to = bucket_of(priority);

    if (from == to)
        return;
    mm_list_remove(&entry->link);
    mark_if_empty(list, from);
    entry->priority = (int16_t)((int)to + MM_PRIORITY_MIN);
    mm_list_push_back(&list->buckets[to], &entry->link);
    mark_occupied(list, to);
}

void mm_priority_list_remove(struct mm_priority_list *list, struct mm_priority_entry *entry)
{
    if (!mm_list_is_linked(&entry->link))
        return;
    mm_list_remove(&entry->link);
    mark_if_empty(list, bucket_of(entry->priority));
    list->count--;
}

void mm_priority_list_touch(struct mm_priority_list *list, struct mm_priority_entry *entry)
{
    if (!mm_list_is_linked(&entry->link))
        return;
    mm_list_remove(&entry->link);
    mm_list_push_back(&list->buckets[bucket_of(entry->priority)], &entry->link);
}

/* The front of the highest occupied bucket below `end`, which is at most MM_PRIORITY_BUCKETS. */
static struct mm_priority_entry *least_below(const struct mm_priority_list *list, unsigned end)
{
    unsigned word = end / 64;
    uint64_t bits = word < MM_PRIORITY_WORDS ? list->occupied[word] & ((1ULL << (end % 64)) - 1) : 0;
    unsigned bucket;

    if (bits == 0) {
        uint32_t words = list->occupied_words & (uint32_t)((1ULL << word) - 1);

        if (words == 0)
            return NULL;
        word = 31u - (unsigned)__builtin_clz(words);
        bits = list->occupied[word];
    }
    bucket = word * 64 + 63u - (unsigned)__builtin_clzll(bits);
    return MM_CONTAINER_OF(list->buckets[bucket].next, struct mm_priority_entry, link);
}

struct mm_priority_entry *mm_priority_list_least(const struct mm_priority_list *list)
{
    return least_below(list, MM_PRIORITY_BUCKETS);
}

struct mm_priority_entry *mm_priority_list_next(const struct mm_priority_list *list,
                                                const struct mm_priority_entry *entry)
{
    unsigned bucket = bucket_of(entry->priority);

    if (entry->link.next != &list->buckets[bucket])
        return MM_CONTAINER_OF(entry->link.next, struct mm_priority_entry, link);
    return least_below(list, bucket);
}
