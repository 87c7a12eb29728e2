/* SPDX-License-Identifier: Apache-2.0 */
/* Chained hash table with links embedded in their owners: only mm_hash_table_grow allocates. */
#ifndef MM_PRIORITY_MANAGER_HASH_TABLE_H
#define MM_PRIORITY_MANAGER_HASH_TABLE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_hash_link {
    struct mm_hash_link *next;
    uint64_t hash;
};

struct mm_hash_table {
    struct mm_hash_link **buckets; /* a power of two of them */
    uint32_t bucket_count, count;
    unsigned shift; /* the upper bits of a hash are its bucket */
};

/* bucket_count: a power of two, 2 at least. -ENOMEM. */
int mm_hash_table_init(struct mm_hash_table *table, uint32_t bucket_count);
void mm_hash_table_fini(struct mm_hash_table *table);
/* link->hash is set by the caller. The same key may be there already: it is found after this one. */
void mm_hash_table_insert(struct mm_hash_table *table, struct mm_hash_link *link);
/* It must be there. */
void mm_hash_table_remove(struct mm_hash_table *table, struct mm_hash_link *link);
/* Doubles until there are as many buckets as links; -ENOMEM leaves it as it is, and chains still work, only
   longer. Links change their buckets. */
int mm_hash_table_grow(struct mm_hash_table *table);

/* The chain that holds every link of that hash, and others. */
static inline struct mm_hash_link *mm_hash_table_chain(const struct mm_hash_table *table, uint64_t hash)
{
    return table->buckets[hash >> table->shift];
}

/* What inserting or removing one of that hash will touch. */
static inline void mm_hash_table_prefetch(const struct mm_hash_table *table, uint64_t hash)
{
    __builtin_prefetch(&table->buckets[hash >> table->shift], 1);
}

/* Spreads a number over all bits, each to another one: the finalizer of splitmix64. */
static inline uint64_t mm_hash_u64(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

/* For numbers that are close to each other, as pids of processes that were started one after the other: they meet more
   seldom than by chance. Only its upper bits are spread. 2^64 over the golden ratio, as Linux hashes its pids. */
static inline uint64_t mm_hash_close_numbers(uint64_t value)
{
    return value * 0x9e3779b97f4a7c15ULL;
}

/* 64 bits: two of ten thousand names meet once in 10^11 devices. */
uint64_t mm_hash_text(const char *text);

#ifdef __cplusplus
}
#endif

#endif
