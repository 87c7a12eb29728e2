/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/priority_list.h"

#include "common/common.h"
#include "priority_manager/priority_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(MM_PRIORITY_WORDS <= 32, "occupied_words has a bit for each word");
_Static_assert(sizeof(struct mm_priority_key) == 16, "the keys of ten thousand are read in one go");

/* So many more than there were at least, in 1/GROWTH_SHARE of them. */
#define GROWTH_SHARE 4

static unsigned bucket_of(int priority)
{
    return (unsigned)(MM_MIN(MM_MAX(priority, MM_PRIORITY_MIN), MM_PRIORITY_MAX) - MM_PRIORITY_MIN);
}

static struct mm_priority_key *key_at(const struct mm_priority_list *list, uint32_t slot)
{
    return &list->keys[slot - MM_PRIORITY_BUCKETS];
}

static struct mm_priority_entry *entry_at(const struct mm_priority_list *list, uint32_t slot)
{
    return list->entries[slot - MM_PRIORITY_BUCKETS];
}

/* ---- memory ------------------------------------------------------------------------------------------- */

/* From `count` objects to `larger`; the new ones are zeros. */
static void *enlarge(void *objects, size_t object_bytes, size_t count, size_t larger)
{
    char *enlarged = realloc(objects, object_bytes * larger);

    if (enlarged)
        memset(enlarged + object_bytes * count, 0, object_bytes * (larger - count));
    return enlarged;
}

int mm_priority_list_init(struct mm_priority_list *list)
{
    memset(list, 0, sizeof(*list));
    list->links = malloc(MM_PRIORITY_BUCKETS * sizeof(*list->links));
    list->buckets = calloc(MM_PRIORITY_BUCKETS, sizeof(*list->buckets));
    if (!list->links || !list->buckets) {
        mm_priority_list_fini(list);
        return -ENOMEM;
    }
    for (uint32_t bucket = 0; bucket < MM_PRIORITY_BUCKETS; bucket++)
        list->links[bucket] = (struct mm_priority_link){.next = bucket, .previous = bucket};
    return 0;
}

void mm_priority_list_fini(struct mm_priority_list *list)
{
    free(list->links);
    free(list->keys);
    free(list->started);
    free(list->entries);
    free(list->buckets);
    memset(list, 0, sizeof(*list));
}

int mm_priority_list_reserve(struct mm_priority_list *list, uint32_t capacity)
{
    uint32_t larger = MM_MAX(capacity, list->capacity + list->capacity / GROWTH_SHARE);
    void *links, *keys, *started, *entries;

    if (capacity <= list->capacity)
        return 0;
    links = enlarge(list->links, sizeof(*list->links), MM_PRIORITY_BUCKETS + list->capacity,
                    MM_PRIORITY_BUCKETS + larger);
    list->links = links ? links : list->links;
    keys = enlarge(list->keys, sizeof(*list->keys), list->capacity, larger);
    list->keys = keys ? keys : list->keys;
    started = enlarge(list->started, sizeof(*list->started), list->capacity, larger);
    list->started = started ? started : list->started;
    entries = enlarge(list->entries, sizeof(struct mm_priority_entry *), list->capacity, larger);
    list->entries = entries ? entries : list->entries;
    if (!links || !keys || !started || !entries)
        return -ENOMEM;
    list->capacity = larger;
    return 0;
}

static uint32_t take_slot(struct mm_priority_list *list)
{
    uint32_t slot = list->first_free;

    if (slot != 0)
        list->first_free = list->links[slot].next;
    else if (list->key_count < list->capacity)
        slot = MM_PRIORITY_BUCKETS + list->key_count++;
    return slot;
}

static void put_slot(struct mm_priority_list *list, uint32_t slot)
{
    key_at(list, slot)->priority = MM_PRIORITY_FREE;
    list->links[slot].next = list->first_free;
    list->first_free = slot;
}

/* ---- the rings of the buckets ------------------------------------------------------------------------- */

static void link_last(struct mm_priority_list *list, uint32_t slot, uint32_t bucket)
{
    uint32_t last = list->links[bucket].previous;

    list->links[slot] = (struct mm_priority_link){.next = bucket, .previous = last};
    list->links[last].next = slot;
    list->links[bucket].previous = slot;
}

static void unlink_slot(struct mm_priority_list *list, uint32_t slot)
{
    const struct mm_priority_link link = list->links[slot];

    list->links[link.previous].next = link.next;
    list->links[link.next].previous = link.previous;
}

static void count_in(struct mm_priority_list *list, unsigned bucket)
{
    if (list->buckets[bucket].count++ > 0)
        return;
    list->occupied[bucket / 64] |= 1ULL << (bucket % 64);
    list->occupied_words |= 1u << (bucket / 64);
}

static void count_out(struct mm_priority_list *list, unsigned bucket)
{
    if (--list->buckets[bucket].count > 0)
        return;
    list->occupied[bucket / 64] &= ~(1ULL << (bucket % 64));
    if (list->occupied[bucket / 64] == 0)
        list->occupied_words &= ~(1u << (bucket / 64));
}

/* ---- the first victim, where it is known ------------------------------------------------------------------- */

/* It comes to the bucket, which counts it already. */
static void note_newcomer(struct mm_priority_list *list, unsigned bucket, uint32_t slot)
{
    struct mm_priority_bucket *there = &list->buckets[bucket];

    if (there->count == 1 || (there->first != 0 && mm_priority_goes_before(list, slot, there->first)))
        there->first = slot;
}

static void note_leaver(struct mm_priority_list *list, unsigned bucket, uint32_t slot)
{
    if (list->buckets[bucket].first == slot)
        list->buckets[bucket].first = 0;
}

/* ---- entries ------------------------------------------------------------------------------------------ */

void mm_priority_entry_init(struct mm_priority_entry *entry)
{
    *entry = (struct mm_priority_entry){.slot = 0};
}

static void set_description(struct mm_priority_list *list, uint32_t index,
                            const struct mm_priority_description *description)
{
    list->keys[index].resident_kib = (uint32_t)MM_MIN(description->resident_bytes / MM_KIB, UINT32_MAX);
    list->keys[index].marks = (uint16_t)description->marks;
    list->started[index] = (uint32_t)MM_MIN(description->started, UINT32_MAX);
}

int mm_priority_list_insert(struct mm_priority_list *list, struct mm_priority_entry *entry, int priority,
                            const struct mm_priority_description *description)
{
    static const struct mm_priority_description nothing;
    unsigned bucket = bucket_of(priority);
    uint32_t slot = take_slot(list);

    if (slot == 0)
        return -ENOSPC;
    entry->slot = slot;
    entry->priority = (int16_t)((int)bucket + MM_PRIORITY_MIN);
    list->entries[slot - MM_PRIORITY_BUCKETS] = entry;
    *key_at(list, slot) = (struct mm_priority_key){.use = ++list->uses, .priority = entry->priority};
    set_description(list, slot - MM_PRIORITY_BUCKETS, description ? description : &nothing);
    link_last(list, slot, bucket);
    count_in(list, bucket);
    note_newcomer(list, bucket, slot);
    list->count++;
    return 0;
}

void mm_priority_list_move(struct mm_priority_list *list, struct mm_priority_entry *entry, int priority)
{
    unsigned from = bucket_of(entry->priority);
    unsigned to = bucket_of(priority);
    struct mm_priority_key *key = key_at(list, entry->slot);

    if (from == to)
        return;
    entry->priority = (int16_t)((int)to + MM_PRIORITY_MIN);
    key->priority = entry->priority;
    key->use = ++list->uses;
    unlink_slot(list, entry->slot);
    link_last(list, entry->slot, to);
    count_out(list, from);
    count_in(list, to);
    note_leaver(list, from, entry->slot);
    note_newcomer(list, to, entry->slot);
}

void mm_priority_list_remove(struct mm_priority_list *list, struct mm_priority_entry *entry)
{
    if (!mm_priority_entry_is_listed(entry))
        return;
    unlink_slot(list, entry->slot);
    count_out(list, bucket_of(entry->priority));
    note_leaver(list, bucket_of(entry->priority), entry->slot);
    put_slot(list, entry->slot);
    entry->slot = 0;
    list->count--;
}

void mm_priority_list_touch(struct mm_priority_list *list, struct mm_priority_entry *entry)
{
    if (!mm_priority_entry_is_listed(entry))
        return;
    key_at(list, entry->slot)->use = ++list->uses;
    unlink_slot(list, entry->slot);
    link_last(list, entry->slot, bucket_of(entry->priority));
    note_leaver(list, bucket_of(entry->priority), entry->slot);
    note_newcomer(list, bucket_of(entry->priority), entry->slot);
}

void mm_priority_list_describe(struct mm_priority_list *list, const struct mm_priority_entry *entry,
                               const struct mm_priority_description *description)
{
    unsigned bucket = bucket_of(entry->priority);
    uint32_t index = mm_priority_list_index_of(entry->slot);
    struct mm_priority_rank before;

    if (!mm_priority_entry_is_listed(entry))
        return;
    if (list->buckets[bucket].first != entry->slot) {
        set_description(list, index, description);
        note_newcomer(list, bucket, entry->slot);
        return;
    }
    before = mm_priority_rank_of(list, index);
    set_description(list, index, description);
    if (list->buckets[bucket].count > 1 &&
        mm_priority_rank_is_before(before, mm_priority_rank_of(list, index)))
        list->buckets[bucket].first = 0;
}

/* The front of the highest occupied bucket below `end`, which is at most MM_PRIORITY_BUCKETS. */
static struct mm_priority_entry *first_below(const struct mm_priority_list *list, unsigned end)
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
    return entry_at(list, list->links[bucket].next);
}

struct mm_priority_entry *mm_priority_list_first(const struct mm_priority_list *list)
{
    return first_below(list, MM_PRIORITY_BUCKETS);
}

struct mm_priority_entry *mm_priority_list_first_below(const struct mm_priority_list *list, int priority)
{
    return first_below(list, bucket_of(priority));
}

struct mm_priority_entry *mm_priority_list_next(const struct mm_priority_list *list,
                                                const struct mm_priority_entry *entry)
{
    uint32_t next = list->links[entry->slot].next;

    return next >= MM_PRIORITY_BUCKETS ? entry_at(list, next) : first_below(list, bucket_of(entry->priority));
}
