/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of limits: whole entries or none, and the files of other versions. */
#include "reclaim_strategy/limits_journal.h"

#include "common/common.h"

#include <errno.h>
#include <string.h>

#define JOURNAL_NAME    "limits"
#define JOURNAL_MAGIC   0x4c494d49544d4d31ULL
#define JOURNAL_VERSION 2u

/* ---- entries ------------------------------------------------------------------------------------------- */

/* FNV-1a: guards against a torn or foreign file, not against an enemy. */
static uint32_t checksum_of(const struct mm_limit_entry *entry)
{
    struct mm_limit_entry copy = *entry;
    const unsigned char *bytes = (const unsigned char *)&copy;
    uint32_t sum = 2166136261u;

    copy.state = 0;
    copy.checksum = 0;
    copy.lowered = (struct mm_lowered_limit){0};
    for (size_t i = 0; i < sizeof(copy); i++)
        sum = (sum ^ bytes[i]) * 16777619u;
    return sum;
}

bool mm_limit_entry_is_sound(const struct mm_limit_entry *entry)
{
    return entry->state == MM_LIMIT_HELD && entry->checksum == checksum_of(entry) &&
           entry->value < MM_GROUP_VALUE_COUNT && memchr(entry->path, '\0', sizeof(entry->path)) &&
           entry->path[0] == '/';
}

void mm_limit_entry_write(struct mm_limit_entry *entry, const struct mm_limit_entry *content)
{
    /* an exchange, as nothing that follows may come before it */
    (void)__atomic_exchange_n(&entry->state, MM_LIMIT_FREE, __ATOMIC_SEQ_CST);
    memcpy((char *)entry + sizeof(entry->state), (const char *)content + sizeof(content->state),
           sizeof(*entry) - sizeof(entry->state));
    entry->checksum = checksum_of(entry);
    __atomic_store_n(&entry->state, MM_LIMIT_HELD, __ATOMIC_SEQ_CST);
}

void mm_limit_entry_clear(struct mm_limit_entry *entry)
{
    __atomic_store_n(&entry->state, MM_LIMIT_FREE, __ATOMIC_SEQ_CST);
}

int mm_limit_journal_find_free(const struct mm_limit_journal *journal)
{
    for (int i = 0; i < MM_LIMITS_MAX; i++) {
        if (journal->entries[i].state == MM_LIMIT_FREE)
            return i;
    }
    return -ENOSPC;
}

int mm_limit_journal_find_held(const struct mm_limit_journal *journal, const char *path,
                               enum mm_group_value value)
{
    for (int i = 0; i < MM_LIMITS_MAX; i++) {
        const struct mm_limit_entry *entry = &journal->entries[i];

        if (entry->state == MM_LIMIT_HELD && entry->value == (uint32_t)value &&
            strcmp(entry->path, path) == 0)
            return i;
    }
    return -ENOENT;
}

/* ---- the file ------------------------------------------------------------------------------------------ */

/* A later version's entries begin as ours do. Those that are none are found out one by one. */
static void take_over_later(struct mm_limit_journal *journal)
{
    size_t entry_bytes = journal->entry_bytes;
    size_t count = sizeof(journal->entries) / entry_bytes;

    mm_warning("journal of limits: of version %u, what is known of it is taken over", journal->version);
    for (size_t i = 0; i < count; i++)
        memmove(&journal->entries[i], (const char *)journal->entries + i * entry_bytes,
                sizeof(journal->entries[i]));
    memset(&journal->entries[count], 0, (MM_LIMITS_MAX - count) * sizeof(journal->entries[0]));
}

static void prepare_journal(struct mm_limit_journal *journal)
{
    bool is_journal = journal->magic == JOURNAL_MAGIC;

    if (is_journal && journal->version == JOURNAL_VERSION &&
        journal->entry_bytes == sizeof(struct mm_limit_entry))
        return;
    if (is_journal && journal->version > JOURNAL_VERSION &&
        journal->entry_bytes >= sizeof(struct mm_limit_entry) &&
        journal->entry_bytes <= sizeof(journal->entries)) {
        take_over_later(journal);
    } else {
        if (journal->magic != 0)
            mm_warning("journal of limits: of another kind, begun anew");
        memset(journal, 0, sizeof(*journal));
    }
    journal->version = JOURNAL_VERSION;
    journal->entry_bytes = sizeof(struct mm_limit_entry);
    __atomic_store_n(&journal->magic, JOURNAL_MAGIC, __ATOMIC_SEQ_CST);
}

int mm_limit_journal_open(struct mm_kernel *kernel, struct mm_limit_journal **ret_journal)
{
    void *memory = NULL;
    int result = kernel->ops->map_state(kernel, JOURNAL_NAME, sizeof(**ret_journal), &memory);

    if (result < 0)
        return result;
    *ret_journal = memory;
    prepare_journal(*ret_journal);
    return 0;
}
