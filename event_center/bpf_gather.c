/* SPDX-License-Identifier: Apache-2.0 */
/* Newcomers wait until the end of a look at the ring; a row for each type says what it does to those who wait. */
#include "event_center/bpf_gather.h"

#include "common/common.h"

#include <string.h>

enum effect {
    PASSES,  /* nothing waits for it */
    BEGINS,  /* waits: a new process */
    RENAMES, /* gives who waits another name, or waits itself */
    ENDS,    /* takes who waits away, and is handed on: others may know of the process by other ways */
    FOLLOWS, /* is handed on after who waits */
};

static enum effect effect_of(uint8_t type)
{
    static const uint8_t effects[] = {
        [MM_BPF_RECORD_EXIT] = ENDS,          [MM_BPF_RECORD_OOM_SCORE_ADJ] = FOLLOWS,
        [MM_BPF_RECORD_FORK] = BEGINS,        [MM_BPF_RECORD_EXEC] = RENAMES,
        [MM_BPF_RECORD_COMM] = RENAMES,       [MM_BPF_RECORD_MOVED] = FOLLOWS,
        [MM_BPF_RECORD_OOM_VICTIM] = FOLLOWS,
    };

    return type < MM_ARRAY_SIZE(effects) ? (enum effect)effects[type] : PASSES;
}

/* The newest: an older one of the same number has ended. -1: nobody. */
static int find(const struct mm_bpf_gather *gather, int32_t tgid)
{
    int i = (int)gather->count - 1;

    while (i >= 0 && gather->waiting[i].tgid != tgid)
        i--;
    return i;
}

static void take_out(struct mm_bpf_gather *gather, int place)
{
    struct mm_bpf_record *at = &gather->waiting[place];

    gather->count--;
    memmove(at, at + 1, (gather->count - (unsigned)place) * sizeof(*at));
}

static void wait(struct mm_bpf_gather *gather, const struct mm_bpf_record *record)
{
    gather->waiting[gather->count++] = *record;
}

static void rename_waiting(struct mm_bpf_record *waiting, const struct mm_bpf_record *record)
{
    /* a change of name that was followed by exec is an exec */
    if (record->type == MM_BPF_RECORD_EXEC && waiting->type == MM_BPF_RECORD_COMM)
        waiting->type = record->type;
    waiting->flags |= record->flags;
    waiting->uid = record->uid;
    memcpy(waiting->comm, record->comm, sizeof(waiting->comm));
}

bool mm_bpf_gather_is_full(const struct mm_bpf_gather *gather)
{
    return gather->count == MM_ARRAY_SIZE(gather->waiting);
}

void mm_bpf_gather_take(struct mm_bpf_gather *gather, const struct mm_bpf_record *record,
                        mm_bpf_gather_visit visit, void *user)
{
    enum effect effect = effect_of(record->type);
    int place = effect == PASSES ? -1 : find(gather, record->tgid);

    if (effect == BEGINS || (effect == RENAMES && place < 0)) {
        wait(gather, record);
        return;
    }
    if (effect == RENAMES) {
        rename_waiting(&gather->waiting[place], record);
        return;
    }
    if (place >= 0) {
        struct mm_bpf_record waiting = gather->waiting[place];

        take_out(gather, place);
        if (effect == FOLLOWS)
            visit(&waiting, user);
        else
            gather->absorbed += waiting.type == MM_BPF_RECORD_FORK;
    }
    visit(record, user);
}

void mm_bpf_gather_flush(struct mm_bpf_gather *gather, mm_bpf_gather_visit visit, void *user)
{
    for (unsigned i = 0; i < gather->count; i++)
        visit(&gather->waiting[i], user);
    gather->count = 0;
}
