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

/* Whose records the daemon hears at once. A shell's or a compiler's children come and go by the hundred and are
   gathered, unless they fill a quarter of the ring meanwhile. */
static __always_inline bool mm_is_urgent(const struct mm_bpf_record *record)
{
    uint32_t slot = (uint32_t)record->tgid % MM_BPF_WATCH_BITS;
    uint32_t index = slot / 64;
    bool may_wake = record->type == MM_BPF_RECORD_EXIT || record->type == MM_BPF_RECORD_OOM_SCORE_ADJ;
    const uint64_t *word = may_wake ? bpf_map_lookup_elem(&mm_watched, &index) : NULL;

    if (word && (*word >> (slot % 64) & 1))
        return true;
    return bpf_ringbuf_query(&mm_events, BPF_RB_AVAIL_DATA) >=
           bpf_ringbuf_query(&mm_events, BPF_RB_RING_SIZE) / 4;
}

#ifdef MM_WITHOUT_TIMER

struct mm_gather {
    uint64_t woken_ns;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct mm_gather);
} mm_gathering SEC(".maps");

/* Where a program has no timer, the first of a burst wakes the daemon, which looks again at the end of the gathering
   time: twice the wake-ups. */
static __always_inline uint64_t mm_gather(void)
{
    uint64_t now_ns = bpf_ktime_get_ns();
    uint32_t zero = 0;
    struct mm_gather *gather = bpf_map_lookup_elem(&mm_gathering, &zero);

    if (!gather || now_ns - gather->woken_ns < MM_BPF_GATHER_NS)
        return BPF_RB_NO_WAKEUP;
    gather->woken_ns = now_ns;
    return BPF_RB_FORCE_WAKEUP;
}

/* Forced, as the ring by itself wakes only a reader who has read all before. */
static __always_inline void mm_record_end(struct mm_bpf_record *record)
{
    bpf_ringbuf_submit(record, mm_is_urgent(record) ? BPF_RB_FORCE_WAKEUP : mm_gather());
}

#else

struct mm_gather {
    struct bpf_timer timer;
    uint32_t is_ready;
    uint32_t is_armed;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct mm_gather);
} mm_gathering SEC(".maps");

/* Disarms before it wakes: a record that found the timer armed was in the ring before, so its reader finds it. A ring is
   woken by a record only, so by one that is thrown away. */
static int mm_gathered(void *map, uint32_t *key, struct mm_gather *gather)
{
    void *nothing;

    gather->is_armed = 0;
    nothing = bpf_ringbuf_reserve(&mm_events, 8, 0);
    /* a full ring has woken already */
    if (nothing)
        bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
    return 0;
}

/* The first record of a burst arms the timer, the others cost a look at a flag. */
static __always_inline void mm_gather(void)
{
    uint32_t zero = 0;
    struct mm_gather *gather = bpf_map_lookup_elem(&mm_gathering, &zero);

    if (!gather || gather->is_armed)
        return;
    gather->is_armed = 1;
    if (!gather->is_ready) {
        bpf_timer_init(&gather->timer, &mm_gathering, MM_CLOCK_MONOTONIC);
        bpf_timer_set_callback(&gather->timer, mm_gathered);
        gather->is_ready = 1;
    }
    if (bpf_timer_start(&gather->timer, MM_BPF_GATHER_NS, 0) < 0)
        gather->is_armed = 0;
}

/* Forced, as the ring by itself wakes only a reader who has read all before. */
static __always_inline void mm_record_end(struct mm_bpf_record *record)
{
    bool is_urgent = mm_is_urgent(record);

    bpf_ringbuf_submit(record, is_urgent ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
    if (!is_urgent)
        mm_gather();
}

#endif

#endif
