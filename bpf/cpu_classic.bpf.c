/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Run time of processes where the kernel has no BTF: by the clock, what interrupts and the host took is in it. */
#include "cpu.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void mm_describe(struct mm_bpf_cpu_time *time)
{
    time->tgid = (int32_t)(bpf_get_current_pid_tgid() >> 32);
}

/* Who leaves is the current one still. */
static __always_inline void mm_charge_current(void)
{
    struct mm_bpf_cpu_state *state = mm_state_of(bpf_get_smp_processor_id());
    struct mm_runner runner = {.key = (uint32_t)(bpf_get_current_pid_tgid() >> 32),
                               .clock_ns = bpf_ktime_get_ns()};

    if (!state)
        return;
    mm_charge(state, &runner);
    state->base_ns = runner.clock_ns;
    state->is_begun = 1;
}

SEC("raw_tp/sched_switch")
int mm_cpu_switch(void *context)
{
    mm_charge_current();
    return 0;
}

SEC("raw_tp")
int mm_cpu_flush(void *context)
{
    mm_charge_current();
    return 0;
}
