/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Run time of processes, from the scheduler's own account of each thread. */
#include "cpu.bpf.h"
#include "namespace.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sched_entity___cpu {
    __u64 sum_exec_runtime;
    __u64 prev_sum_exec_runtime; /* when it was chosen to run; kept for all but real-time threads */
};

struct task_struct___cpu {
    int prio;
    struct sched_entity___cpu se;
};

#pragma clang attribute pop

static __always_inline void mm_describe(struct mm_bpf_cpu_time *time)
{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();

    time->tgid = mm_visible_tgid(task);
    time->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
}

/* Below it priorities are those of real-time threads: MAX_RT_PRIO in the kernel. */
#define MM_RT_PRIORITY_MAX 100

/* A switch may go by unseen: kernels of some virtual machines do not tell of all. Then nobody knows what the one that
   runs had when it came, unless the scheduler does. */
static __always_inline void mm_find_base(struct mm_bpf_cpu_state *state, const struct task_struct___cpu *runs)
{
    if (BPF_CORE_READ(runs, prio) >= MM_RT_PRIORITY_MAX)
        state->base_ns = BPF_CORE_READ(runs, se.prev_sum_exec_runtime);
    else
        state->base_ns = BPF_CORE_READ(runs, se.sum_exec_runtime);
}

/* The scheduler has brought the account of who leaves up to date before; without what the host or interrupts took where
   it knows. */
SEC("tp_btf/sched_switch")
int BPF_PROG(mm_cpu_switch, bool is_preempted, struct task_struct *leaves, struct task_struct *comes)
{
    struct mm_bpf_cpu_state *state = mm_state_of(bpf_get_smp_processor_id());
    struct mm_runner runner;

    if (!state)
        return 0;
    runner.key = (uint32_t)leaves->tgid;
    runner.clock_ns = ((struct task_struct___cpu *)leaves)->se.sum_exec_runtime;
    if (state->runner != (uint32_t)leaves->pid)
        mm_find_base(state, (struct task_struct___cpu *)leaves);
    mm_charge(state, &runner);
    state->base_ns = ((struct task_struct___cpu *)comes)->se.sum_exec_runtime;
    state->runner = (uint32_t)comes->pid;
    state->is_begun = 1;
    return 0;
}

/* Run by user space on each processor before it reads: who never leaves would never be charged. */
SEC("raw_tp")
int mm_cpu_flush(void *context)
{
    struct mm_bpf_cpu_state *state = mm_state_of(bpf_get_smp_processor_id());
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    uint32_t pid = (uint32_t)BPF_CORE_READ(task, pid);
    struct mm_runner runner;

    if (!state)
        return 0;
    if (state->runner != pid) {
        mm_find_base(state, (struct task_struct___cpu *)task);
        state->runner = pid;
    }
    runner.key = (uint32_t)BPF_CORE_READ(task, tgid);
    runner.clock_ns = BPF_CORE_READ((struct task_struct___cpu *)task, se.sum_exec_runtime);
    mm_charge(state, &runner);
    state->base_ns = runner.clock_ns;
    return 0;
}
