/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/hash_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int mm_hash_table_init(struct mm_hash_table *table, uint32_t bucket_count)
{
    struct mm_hash_link **buckets = calloc(bucket_count, sizeof(struct mm_hash_link *));

    if (!buckets)
        return -ENOMEM;
    *table = (struct mm_hash_table){
        .buckets = buckets,
        .bucket_count = bucket_count,
        .shift = 64u - (unsigned)__builtin_ctz(bucket_count),
    };
    return 0;
}

void mm_hash_table_fini(struct mm_hash_table *table)
{
    free(table->buckets);
    *table = (struct mm_hash_table){0};
}

void mm_hash_table_insert(struct mm_hash_table *table, struct mm_hash_link *link)
{
    struct mm_hash_link **bucket = &table->buckets[link->hash >> table->shift];

    link->next = *bucket;
    *bucket = link;
    table->count++;
}

void mm_hash_table_remove(struct mm_hash_table *table, struct mm_hash_link *link)
{
    struct mm_hash_link **place = &table->buckets[link->hash >> table->shift];

    while (*place && *place != link)
        place = &(*place)->next;
    if (!*place)
        return;
    *place = link->next;
    link->next = NULL;
    table->count--;
}

int mm_hash_table_grow(struct mm_hash_table *table)
{
    struct mm_hash_table larger;
    uint32_t bucket_count = table->bucket_count;
    int result;

    while (bucket_count < table->count)
        bucket_count *= 2;
    if (bucket_count == table->bucket_count)
        return 0;
    result = mm_hash_table_init(&larger, bucket_count);
    if (result < 0)
        return result;
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        struct mm_hash_link *link = table->buckets[i];

        while (link) {
            struct mm_hash_link *next = link->next;

            mm_hash_table_insert(&larger, link);
            link = next;
        }
    }
    mm_hash_table_fini(table);
    *table = larger;
    return 0;
}

uint64_t mm_hash_text(const char *text)
{
    size_t length = strlen(text);
    uint64_t hash = mm_hash_u64(length);
    uint64_t word = 0;

    for (; length >= sizeof(word); text += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, text, sizeof(word));
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL; /* 2^64 over the golden ratio */
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, text, length);
    return mm_hash_u64(hash ^ word);
}
