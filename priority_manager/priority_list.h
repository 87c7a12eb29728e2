/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list both strategies obey: entries in 2001 buckets, one per priority -1000..1000, with a bitmap of the
 * buckets that hold any. Larger means less important.
 *
 * Within a bucket they stand by their last use, the oldest first: inserting, moving and touching make an entry the most
 * recently used. Which of them is the first victim is a matter of configuration: priority_order.h.
 *
 * Entries are embedded in their owners, who keep them until they are removed. What the list says of them lies in arrays
 * of the list, by slot: owners are far apart in memory, and a choice among thousands would wait for nothing but them.
 * An entry keeps its slot until it is removed. Only init and reserve allocate.
 */
#ifndef MM_PRIORITY_MANAGER_PRIORITY_LIST_H
#define MM_PRIORITY_MANAGER_PRIORITY_LIST_H

#include "config/config.h"

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
    uint32_t slot; /* the list's own; 0: on no list */
    int16_t priority;
};

/* The heads of the buckets, by bucket, and behind them the entries, by slot: each bucket is a ring of them. */
struct mm_priority_link {
    uint32_t next, previous;
};

enum mm_priority_mark {
    MM_PRIORITY_IS_UNREGISTERED = 1 << 0,
    MM_PRIORITY_IS_SET_ASIDE = 1 << 1, /* at some time: the owner knows until when */
    MM_PRIORITY_IS_EMPTY = 1 << 2,     /* no process in it */
};

/* What a choice among many looks at: four of them in a line of cache. */
struct mm_priority_key {
    uint64_t use;          /* ascends with last use; no two of a list are equal */
    uint32_t resident_kib; /* as last told by mm_priority_list_describe, as are the marks */
    int16_t priority;      /* MM_PRIORITY_FREE: nobody's */
    uint16_t marks;
};

/* Of a key without an entry; below all priorities. */
#define MM_PRIORITY_FREE INT16_MIN

struct mm_priority_bucket {
    uint32_t count; /* of its entries */
    uint32_t first; /* the slot of its first victim, as far as is known; 0: it has to be looked for */
};

/* What is known of an entry besides its priority and its use. */
struct mm_priority_description {
    uint64_t resident_bytes;
    uint64_t started; /* ascends with the moment in which it was started, above 2^32 no more; 0: not known */
    unsigned marks;   /* of enum mm_priority_mark */
};

/* Who goes first among equals; zeros: the oldest use, and the heaviest from 0 down. */
struct mm_priority_order {
    enum mm_bucket_order order;
    int heaviest_from_priority; /* at this one and below it the heaviest goes first, whatever order says */
    uint64_t unregistered_worth_bytes; /* smaller ones that nobody registered come last */
};

struct mm_priority_list {
    struct mm_priority_link *links; /* of the buckets, then of `capacity` entries */
    struct mm_priority_key *keys;   /* of the entries: of slot MM_PRIORITY_BUCKETS first */
    uint32_t *started;              /* by the same index as keys */
    struct mm_priority_bucket *buckets;
    struct mm_priority_entry **entries; /* by the same index as keys */
    uint32_t capacity;
    uint32_t key_count;  /* keys behind these were never in use */
    uint32_t first_free; /* a slot among them, the others by links[].next; 0: none */
    uint32_t count;
    uint64_t uses;
    uint64_t occupied[MM_PRIORITY_WORDS];
    uint32_t occupied_words; /* which words of `occupied` are not zero */
    struct mm_priority_order order;
    uint32_t unregistered_worth_kib; /* of it */
};

/* Room for nobody yet. -ENOMEM. */
int mm_priority_list_init(struct mm_priority_list *list);
/* Accepts a list of zeros. Entries are not touched. */
void mm_priority_list_fini(struct mm_priority_list *list);
/* Makes room for that many entries, touches it, and keeps it until the end. O(entries), but it grows by a quarter at
   least, so that it costs O(1) for each. -ENOMEM leaves the room as it is. */
int mm_priority_list_reserve(struct mm_priority_list *list, uint32_t capacity);

/* On no list, at priority 0. */
void mm_priority_entry_init(struct mm_priority_entry *entry);
static inline bool mm_priority_entry_is_listed(const struct mm_priority_entry *entry)
{
    return entry->slot != 0;
}

/* O(1). priority is clamped to the range; the entry is on no list. description: NULL for zeros. -ENOSPC, and nothing
   changes, when there is no room: nobody makes place for it. */
int mm_priority_list_insert(struct mm_priority_list *list, struct mm_priority_entry *entry, int priority,
                            const struct mm_priority_description *description);
/* O(1). Of an entry on the list; priority is clamped. Does nothing when it is there already, so that its place among
   equals stays. */
void mm_priority_list_move(struct mm_priority_list *list, struct mm_priority_entry *entry, int priority);
/* O(1). The next of it is to be asked for before. Does nothing to an entry on no list. */
void mm_priority_list_remove(struct mm_priority_list *list, struct mm_priority_entry *entry);
/* O(1). Makes it the most recently used of its bucket. Does nothing to an entry on no list. */
void mm_priority_list_touch(struct mm_priority_list *list, struct mm_priority_entry *entry);
/* O(1). What it says besides priority and use. Does nothing to an entry on no list. */
void mm_priority_list_describe(struct mm_priority_list *list, const struct mm_priority_entry *entry,
                               const struct mm_priority_description *description);

/* For whoever wants all of them, each once: O(1). The oldest use in the highest occupied bucket. NULL when empty. */
struct mm_priority_entry *mm_priority_list_first(const struct mm_priority_list *list);
/* O(1). The same among priorities below that one. */
struct mm_priority_entry *mm_priority_list_first_below(const struct mm_priority_list *list, int priority);
/* O(1). After entry: more recently used in its bucket, then the next lower bucket. entry may be removed afterwards. */
struct mm_priority_entry *mm_priority_list_next(const struct mm_priority_list *list,
                                                const struct mm_priority_entry *entry);

/* O(1). priority: within the range, as everywhere below. */
static inline uint32_t mm_priority_list_count_at(const struct mm_priority_list *list, int priority)
{
    return list->buckets[priority - MM_PRIORITY_MIN].count;
}

/* Of list->keys, of which list->key_count lie side by side. */
#define MM_PRIORITY_NO_INDEX UINT32_MAX
static inline uint32_t mm_priority_list_index_of(uint32_t slot)
{
    return slot >= MM_PRIORITY_BUCKETS ? slot - MM_PRIORITY_BUCKETS : MM_PRIORITY_NO_INDEX;
}

/* What moving or touching an entry will read, so that memory is waited for once. Of an entry on the list or on none. */
static inline void mm_priority_list_prefetch(const struct mm_priority_list *list,
                                             const struct mm_priority_entry *entry)
{
    const struct mm_priority_link *link = &list->links[entry->slot];

    __builtin_prefetch(
        &list->keys[entry->slot >= MM_PRIORITY_BUCKETS ? entry->slot - MM_PRIORITY_BUCKETS : 0], 1);
    __builtin_prefetch(&list->links[link->next], 1);
    __builtin_prefetch(&list->links[link->previous], 1);
}

#ifdef __cplusplus
}
#endif

#endif
