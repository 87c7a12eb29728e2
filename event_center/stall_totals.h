/* SPDX-License-Identifier: Apache-2.0 */
/* All stalls since BPF's programs for memory were loaded, as "memmgrctl status" tells of them. */
#ifndef MM_EVENT_CENTER_STALL_TOTALS_H
#define MM_EVENT_CENTER_STALL_TOTALS_H

#include "bpf/records.h"
#include "event_center/event.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_stall_total {
    uint64_t count;     /* that have begun, each of them */
    uint64_t length_ns; /* in sum, of those that ended; several at a time count severally */
    uint64_t
        longest_ns; /* of those that were told of: each that lasted for 20 ms, and some of the shorter ones */
};

struct mm_stall_totals {
    struct mm_stall_total kinds[MM_STALL_KIND_COUNT];
    uint32_t in_progress; /* threads that stall now, without kswapd */
};

/* As the programs number them; MM_STALL_KIND_COUNT: it is none. */
enum mm_stall_kind mm_stall_kind_of(unsigned bpf_stall);

/* One that was told of: its length counts when it ends. */
void mm_stall_totals_note(struct mm_stall_totals *totals, const struct mm_event_stall *stall);
/* All but the longest ones, from what the programs have counted, which goes on meanwhile. */
void mm_stall_totals_take(struct mm_stall_totals *totals, const struct mm_bpf_stall_totals *counted);

#ifdef __cplusplus
}
#endif

#endif
