/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The ring, its counter of lost records, and how a record gets in: the same for every object. */
#ifndef MM_BPF_EMIT_BPF_H
#define MM_BPF_EMIT_BPF_H

#include "kernel_types.h"

#include "records.h"

#include <bpf/bpf_helpers.h>

/* The loader sets the size of both. */
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} mm_events SEC(".maps");

/* One slot for each possible CPU. Mapped by the daemon, so that reading it needs neither a system call nor a
   privilege; not BPF_MAP_TYPE_PERCPU_ARRAY, which cannot be mapped. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} mm_lost SEC(".maps");

/* One bit for each process whose records wake the daemon, which sets and clears them in its mapping. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, MM_BPF_WATCH_WORDS);
    __type(key, __u32);
    __type(value, __u64);
} mm_watched SEC(".maps");

/* The daemon's process id in its own pid namespace: its own writes are not reported back to it. */
const volatile int32_t mm_self_tgid = 0;

/* NULL, and counted as lost, when the ring is full. Everything but type and time is zero. */
static __always_inline struct mm_bpf_record *mm_record_begin(uint32_t type)
{
    struct mm_bpf_record *record = bpf_ringbuf_reserve(&mm_events, sizeof(*record), 0);

    if (!record) {
        uint32_t cpu = bpf_get_smp_processor_id();
        uint64_t *lost = bpf_map_lookup_elem(&mm_lost, &cpu);

        /* Atomic: where the kernel is preemptible a program can interrupt another on the same CPU. */
        if (lost)
            __sync_fetch_and_add(lost, 1);
        return NULL;
    }
    __builtin_memset(record, 0, sizeof(*record));
    record->type = type;
    record->time_ns = bpf_ktime_get_ns();
    return record;
}

/* A shell's or a compiler's children come and go by the hundred and are nobody's business at once: they wait in the ring
   until the daemon wakes for something else, or until a quarter of the ring is full. */
static __always_inline bool mm_is_urgent(const struct mm_bpf_record *record)
{
    uint32_t slot = (uint32_t)record->tgid % MM_BPF_WATCH_BITS;
    uint32_t index = slot / 64;
    const uint64_t *word = bpf_map_lookup_elem(&mm_watched, &index);

    if (word && (*word >> (slot % 64) & 1))
        return true;
    return bpf_ringbuf_query(&mm_events, BPF_RB_AVAIL_DATA) >=
           bpf_ringbuf_query(&mm_events, BPF_RB_RING_SIZE) / 4;
}

/* Forced, as the ring by itself wakes only a reader who has read all before. */
static __always_inline void mm_record_end(struct mm_bpf_record *record)
{
    bpf_ringbuf_submit(record, mm_is_urgent(record) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

#endif
