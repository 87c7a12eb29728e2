/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of limits: a file in memory that outlives the daemon, however it ends. */
#ifndef MM_RECLAIM_STRATEGY_LIMITS_JOURNAL_H
#define MM_RECLAIM_STRATEGY_LIMITS_JOURNAL_H

#include "reclaim_strategy/limits.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mm_limit_entry_state {
    MM_LIMIT_FREE = 0,
    MM_LIMIT_HELD = 1,
};

/* One entry as it stands in the file. Fields other than state are written first, state last. */
struct mm_limit_entry {
    uint32_t state;
    uint32_t value; /* enum mm_group_value */
    uint64_t group_id;
    uint64_t old_bytes;
    uint64_t written_bytes;
    uint32_t is_transient; /* a worker lowers and restores it in steps: what it does is in `lowered` */
    uint32_t checksum;     /* of all other fields but state and lowered, which has a check of its own */
    char path[MM_LIMITS_PATH_MAX];
    struct mm_lowered_limit lowered;
};

/* Later versions may make entries longer, and more of them; they change nothing of what is here. */
struct mm_limit_journal {
    uint64_t magic;
    uint32_t version;
    uint32_t entry_bytes;
    struct mm_limit_entry entries[MM_LIMITS_MAX];
};

/* Maps the file. What another version left is taken over as far as it is known, anything else begun anew. */
int mm_limit_journal_open(struct mm_kernel *kernel, struct mm_limit_journal **ret_journal);

/* The index of an entry; -ENOSPC, -ENOENT: there is none. */
int mm_limit_journal_find_free(const struct mm_limit_journal *journal);
int mm_limit_journal_find_held(const struct mm_limit_journal *journal, const char *path,
                               enum mm_group_value value);

/* Held, and neither torn nor foreign. */
bool mm_limit_entry_is_sound(const struct mm_limit_entry *entry);
/* The state is the last thing to reach memory, so that a kill at any instruction leaves no half entry. */
void mm_limit_entry_write(struct mm_limit_entry *entry, const struct mm_limit_entry *content);
void mm_limit_entry_clear(struct mm_limit_entry *entry);

#ifdef __cplusplus
}
#endif

#endif
