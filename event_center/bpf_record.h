/* SPDX-License-Identifier: Apache-2.0 */
/* From BPF records to events: the part of the BPF source that needs no kernel. */
#ifndef MM_EVENT_CENTER_BPF_RECORD_H
#define MM_EVENT_CENTER_BPF_RECORD_H

#include "bpf/records.h"
#include "event_center/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Enough that the second report of an exit, which follows within microseconds, still finds the first. */
#define MM_BPF_RECENT_EXITS 64

/* Zero-initialised: none seen. */
struct mm_bpf_exit_filter {
    struct {
        int32_t tgid;
        uint64_t start_ns;
    } recent[MM_BPF_RECENT_EXITS];
};

/* True when this exit was seen before: two threads that are the last at the same moment both report it. */
bool mm_bpf_exit_is_repeated(struct mm_bpf_exit_filter *filter, const struct mm_bpf_record *record);

/*
 * Fills ret_event. ticks_per_second is sysconf(_SC_CLK_TCK), the unit of stat's start time. -ENOMSG for a
 * type this daemon does not know, -EBADMSG for a process id that is none, and a change that is none.
 */
int mm_bpf_record_to_event(const struct mm_bpf_record *record, uint64_t ticks_per_second,
                           struct mm_event *ret_event);

#ifdef __cplusplus
}
#endif

#endif
