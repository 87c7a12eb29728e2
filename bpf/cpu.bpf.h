/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The maps of cpuflow and how run time is charged: the same for every object. */
#ifndef MM_BPF_CPU_BPF_H
#define MM_BPF_CPU_BPF_H

#include "cpu_records.h"
#include "elements.bpf.h"

/* From the kernel's stable interface, linux/bpf.h. */
enum {
    MM_MAP_TYPE_PERCPU_HASH = 5,
    MM_MAP_TYPE_ARRAY_OF_MAPS = 12,
};

struct bpf_raw_tracepoint_args {
    __u64 args[0];
};

/* One for each possible processor, set by the loader. Mapped by user space, which reads what was lost. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct mm_bpf_cpu_state);
} mm_cpu_states SEC(".maps");

struct mm_cpu_slot {
    __uint(type, MM_MAP_TYPE_PERCPU_HASH);
    __uint(max_entries, MM_BPF_CPU_PROCESSES_MAX);
    __type(key, __u32);
    __type(value, struct mm_bpf_cpu_time);
};

struct mm_cpu_slot mm_cpu_first SEC(".maps");
struct mm_cpu_slot mm_cpu_second SEC(".maps");

/* The slot that is charged; user space puts the other one here and reads this one, which nobody touches any more. */
struct {
    __uint(type, MM_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __type(key, __u32);
    __array(values, struct mm_cpu_slot);
} mm_cpu_current SEC(".maps") = {.values = {[0] = &mm_cpu_first}};

/* Who runs, as an object's programs know it. */
struct mm_runner {
    uint32_t key; /* one for each process of the machine; 0: nobody */
    uint64_t clock_ns;
};

/* Of the process that runs now, which is a new one in its slot. */
static __always_inline void mm_describe(struct mm_bpf_cpu_time *time);

static __always_inline struct mm_bpf_cpu_state *mm_state_of(uint32_t cpu)
{
    return bpf_map_lookup_elem(&mm_cpu_states, &cpu);
}

/* What is charged ends now, and the frequency may have changed within it: before the first change, between that and the
   last one, and after it. The clock that measured it may stand still meanwhile, so that less is charged than went by. */
static __always_inline uint64_t mm_weigh(struct mm_bpf_cpu_state *state, uint64_t run_ns)
{
    uint64_t before_ns = run_ns, between_ns, after_ns, weighted;

    if (state->changed_ns == 0)
        return run_ns * state->weight / MM_BPF_CPU_WEIGHT_ONE;
    after_ns = bpf_ktime_get_ns() - state->changed_ns;
    if (after_ns > before_ns)
        after_ns = before_ns;
    before_ns -= after_ns;
    between_ns = state->between_ns < before_ns ? state->between_ns : before_ns;
    before_ns -= between_ns;
    weighted = before_ns * state->weight + between_ns * state->between_weight + after_ns * state->next_weight;
    state->weight = state->next_weight;
    state->changed_ns = state->between_ns = 0;
    return weighted / MM_BPF_CPU_WEIGHT_ONE;
}

static __always_inline struct mm_bpf_cpu_time *mm_time_of(uint32_t key)
{
    const struct mm_bpf_cpu_time nothing = {};
    uint32_t zero = 0;
    void *slot = bpf_map_lookup_elem(&mm_cpu_current, &zero);

    return slot ? mm_find_or_make(slot, &key, &nothing) : NULL;
}

/* What runs is charged since it was the last time. */
static __always_inline void mm_charge(struct mm_bpf_cpu_state *state, const struct mm_runner *runner)
{
    uint64_t run_ns = runner->clock_ns - state->base_ns;
    uint64_t weighted_ns = mm_weigh(state, run_ns);
    struct mm_bpf_cpu_time *time;

    if (!state->is_begun || runner->key == 0)
        return;
    state->total_ns += run_ns;
    time = mm_time_of(runner->key);
    if (!time) {
        state->lost_ns += run_ns;
        state->lost_count += state->lost_count < UINT32_MAX;
        return;
    }
    if (time->switches == 0)
        mm_describe(time);
    time->run_ns += run_ns;
    time->weighted_ns += weighted_ns;
    time->switches++;
}

/* The time since the last change joins what lies between the first one and this. */
static __always_inline void mm_end_change(struct mm_bpf_cpu_state *state, uint64_t now_ns)
{
    uint64_t since_ns = now_ns - state->changed_ns;
    uint64_t all_ns = state->between_ns + since_ns;

    if (state->changed_ns == 0 || now_ns <= state->changed_ns)
        return;
    state->between_weight =
        (uint16_t)((state->between_ns * state->between_weight + since_ns * state->next_weight) / all_ns);
    state->between_ns = all_ns;
}

/* Arguments: the frequency in kHz, the processor, which need not be this one. */
SEC("raw_tp/cpu_frequency")
int mm_cpu_frequency(struct bpf_raw_tracepoint_args *context)
{
    uint32_t khz = (uint32_t)context->args[0];
    struct mm_bpf_cpu_state *state = mm_state_of((uint32_t)context->args[1]);
    uint64_t now_ns = bpf_ktime_get_ns();
    uint64_t weight;

    if (!state || state->max_khz == 0)
        return 0;
    weight = (uint64_t)khz * MM_BPF_CPU_WEIGHT_ONE / state->max_khz;
    mm_end_change(state, now_ns);
    state->next_weight = weight < UINT16_MAX ? (uint16_t)weight : UINT16_MAX;
    state->changed_ns = now_ns;
    return 0;
}

#endif
