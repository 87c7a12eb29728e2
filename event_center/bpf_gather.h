/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of the records of one look at the ring: a process that began, called exec and changed its name is told
 * of once, and one that has ended in the meantime only by its end, so that nobody reads files of what is gone.
 */
#ifndef MM_EVENT_CENTER_BPF_GATHER_H
#define MM_EVENT_CENTER_BPF_GATHER_H

#include "bpf/records.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Each of them has its files read by the priority manager, some 20 us: a look at the ring costs a millisecond. */
#define MM_BPF_GATHER_MAX 64

/* Zero-initialised: empty. */
struct mm_bpf_gather {
    unsigned count;
    uint64_t absorbed; /* newcomers that were gone before anybody heard of them */
    struct mm_bpf_record waiting[MM_BPF_GATHER_MAX]; /* oldest first; fork, exec and comm only */
};

typedef void (*mm_bpf_gather_visit)(const struct mm_bpf_record *record, void *user);

bool mm_bpf_gather_is_full(const struct mm_bpf_gather *gather);
/* Takes a record in, or hands it on at once, after what waits of the same process. Not when full. */
void mm_bpf_gather_take(struct mm_bpf_gather *gather, const struct mm_bpf_record *record,
                        mm_bpf_gather_visit visit, void *user);
/* Hands on what waits; empty afterwards. */
void mm_bpf_gather_flush(struct mm_bpf_gather *gather, mm_bpf_gather_visit visit, void *user);

#ifdef __cplusplus
}
#endif

#endif
