/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/stall_totals.h"

#include "common/common.h"

enum mm_stall_kind mm_stall_kind_of(unsigned bpf_stall)
{
    static const enum mm_stall_kind kinds[MM_BPF_STALL_COUNT] = {
        [MM_BPF_STALL_DIRECT] = MM_STALL_DIRECT_RECLAIM, [MM_BPF_STALL_MEMCG] = MM_STALL_GROUP_RECLAIM,
        [MM_BPF_STALL_COMPACTION] = MM_STALL_COMPACTION, [MM_BPF_STALL_THROTTLED] = MM_STALL_THROTTLED,
        [MM_BPF_STALL_KSWAPD] = MM_STALL_KSWAPD,
    };

    return bpf_stall < MM_BPF_STALL_COUNT ? kinds[bpf_stall] : MM_STALL_KIND_COUNT;
}

void mm_stall_totals_note(struct mm_stall_totals *totals, const struct mm_event_stall *stall)
{
    struct mm_stall_total *total = &totals->kinds[stall->kind];

    if (!stall->is_begin)
        total->longest_ns = MM_MAX(total->longest_ns, stall->length_ns);
}

void mm_stall_totals_take(struct mm_stall_totals *totals, const struct mm_bpf_stall_totals *counted)
{
    for (unsigned i = 0; i < MM_BPF_STALL_COUNT; i++) {
        struct mm_stall_total *total = &totals->kinds[mm_stall_kind_of(i)];

        total->count = counted->stalls[i].count;
        total->length_ns = counted->stalls[i].length_ns;
    }
    totals->in_progress = (uint32_t)MM_MIN(counted->in_progress, UINT32_MAX);
}
