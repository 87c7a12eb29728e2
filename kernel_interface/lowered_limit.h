/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reclaim job that lowers a limit says beforehand, in memory that outlives the daemon: so that a value
 * found later can be told from one that somebody else wrote. The check is the last thing to reach memory, a
 * kill at any instruction leaves either a whole record or none. All zero is no record.
 */
#ifndef MM_KERNEL_INTERFACE_LOWERED_LIMIT_H
#define MM_KERNEL_INTERFACE_LOWERED_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_LOWERED_LIMIT_KEY 0x6c6f7765726564ULL

struct mm_lowered_limit {
    uint64_t old_bytes;
    uint64_t lowered_bytes;
    uint64_t check;
};

static inline void mm_lowered_limit_clear(struct mm_lowered_limit *record)
{
    /* an exchange, as nothing that follows may come before it */
    (void)__atomic_exchange_n(&record->check, 0, __ATOMIC_SEQ_CST);
}

static inline void mm_lowered_limit_set(struct mm_lowered_limit *record, uint64_t old_bytes,
                                        uint64_t lowered_bytes)
{
    mm_lowered_limit_clear(record);
    __atomic_store_n(&record->old_bytes, old_bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&record->lowered_bytes, lowered_bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&record->check, old_bytes ^ lowered_bytes ^ MM_LOWERED_LIMIT_KEY, __ATOMIC_SEQ_CST);
}

/* False: nothing is lowered, or nobody knows what. */
static inline bool mm_lowered_limit_get(const struct mm_lowered_limit *record, uint64_t *ret_old_bytes,
                                        uint64_t *ret_lowered_bytes)
{
    uint64_t check = __atomic_load_n(&record->check, __ATOMIC_SEQ_CST);

    *ret_old_bytes = __atomic_load_n(&record->old_bytes, __ATOMIC_RELAXED);
    *ret_lowered_bytes = __atomic_load_n(&record->lowered_bytes, __ATOMIC_RELAXED);
    return check == (*ret_old_bytes ^ *ret_lowered_bytes ^ MM_LOWERED_LIMIT_KEY);
}

#ifdef __cplusplus
}
#endif

#endif
