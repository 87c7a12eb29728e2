/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Threads that stall for memory, and the kernel's own victims, from BTF-typed tracepoints.
 *
 * Each stall is kept by its thread until it ends, so that one that does not end can be seen. Not each is reported: of
 * thousands in a second the daemon hears at most of 50 that began, and of those that were long.
 */
#ifndef MM_BPF_MEMORY_BPF_H
#define MM_BPF_MEMORY_BPF_H

#include "groups.bpf.h"
#include "tasks.bpf.h"

#include <bpf/bpf_tracing.h>

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MM_BPF_STALLS_MAX);
    __type(key, struct mm_bpf_stall_key);
    __type(value, struct mm_bpf_stall_begin);
} mm_stalls SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct mm_bpf_stall_totals);
} mm_stall_totals SEC(".maps");

static __always_inline struct mm_bpf_stall_totals *mm_totals(void)
{
    uint32_t zero = 0;

    return bpf_map_lookup_elem(&mm_stall_totals, &zero);
}

static __always_inline struct mm_bpf_stall_key mm_stall_key(uint32_t stall)
{
    return (struct mm_bpf_stall_key){.tid = (uint32_t)bpf_get_current_pid_tgid(), .stall = stall};
}

/* length_ns 0: it begins. */
static __always_inline void mm_report_stall(struct task_struct *task, int32_t tgid, uint32_t stall,
                                            uint64_t length_ns, uint64_t in_progress)
{
    struct mm_bpf_record *record = mm_record_begin(MM_BPF_RECORD_STALL);

    if (!record)
        return;
    mm_fill_process(record, task, tgid);
    record->value = (int16_t)stall;
    record->actor = (int32_t)in_progress;
    record->length_ns = length_ns;
    if (length_ns == 0)
        record->flags |= MM_BPF_FLAG_BEGIN;
    if (length_ns == 0 && stall != MM_BPF_STALL_KSWAPD)
        bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
    else
        mm_record_end(record);
}

/* Whose stalls are whose business: not those of the daemon, whose squeezing reclaims, nor of another domain; of kernel
   threads only kswapd's. */
static __always_inline bool mm_is_concerned(struct task_struct *task, uint32_t stall, int32_t *ret_tgid)
{
    *ret_tgid = 0;
    if (stall == MM_BPF_STALL_KSWAPD)
        return true;
    if (mm_is_kernel_thread(task))
        return false;
    *ret_tgid = mm_visible_tgid(task);
    return *ret_tgid != 0 && *ret_tgid != mm_self_tgid && mm_is_in_domain(task);
}

static __always_inline int mm_stall_begins(uint32_t stall)
{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct mm_bpf_stall_totals *totals = mm_totals();
    struct mm_bpf_stall_begin begin = {.time_ns = bpf_ktime_get_ns()};
    struct mm_bpf_stall_key key = mm_stall_key(stall);

    if (!totals || !mm_is_concerned(task, stall, &begin.tgid))
        return 0;
    /* kswapd says that it is awake more often than that it sleeps */
    if (bpf_map_lookup_elem(&mm_stalls, &key))
        return 0;
    begin.is_told = stall == MM_BPF_STALL_KSWAPD || begin.time_ns - totals->told_ns >= MM_BPF_GATHER_NS;
    if (bpf_map_update_elem(&mm_stalls, &key, &begin, 0) < 0)
        return 0;
    __sync_fetch_and_add(&totals->stalls[stall].count, 1);
    if (stall != MM_BPF_STALL_KSWAPD)
        __sync_fetch_and_add(&totals->in_progress, 1);
    if (!begin.is_told)
        return 0;
    if (stall != MM_BPF_STALL_KSWAPD)
        totals->told_ns = begin.time_ns;
    mm_report_stall(task, begin.tgid, stall, 0, totals->in_progress);
    return 0;
}

static __always_inline int mm_stall_ends(uint32_t stall)
{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct mm_bpf_stall_totals *totals = mm_totals();
    struct mm_bpf_stall_key key = mm_stall_key(stall);
    struct mm_bpf_stall_begin *found = bpf_map_lookup_elem(&mm_stalls, &key);
    struct mm_bpf_stall_begin begin;
    uint64_t length_ns;

    /* it began before anybody listened */
    if (!totals || !found)
        return 0;
    begin = *found;
    bpf_map_delete_elem(&mm_stalls, &key);
    length_ns = bpf_ktime_get_ns() - begin.time_ns;
    __sync_fetch_and_add(&totals->stalls[stall].length_ns, length_ns);
    if (stall != MM_BPF_STALL_KSWAPD)
        __sync_fetch_and_add(&totals->in_progress, -1);
    if (begin.is_told || length_ns >= MM_BPF_STALL_LONG_NS)
        mm_report_stall(task, begin.tgid, stall, length_ns ? length_ns : 1, totals->in_progress);
    return 0;
}

SEC("tp_btf/mm_vmscan_direct_reclaim_begin")
int BPF_PROG(mm_direct_begin)
{
    return mm_stall_begins(MM_BPF_STALL_DIRECT);
}

SEC("tp_btf/mm_vmscan_direct_reclaim_end")
int BPF_PROG(mm_direct_end)
{
    return mm_stall_ends(MM_BPF_STALL_DIRECT);
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int BPF_PROG(mm_memcg_begin)
{
    return mm_stall_begins(MM_BPF_STALL_MEMCG);
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_end")
int BPF_PROG(mm_memcg_end)
{
    return mm_stall_ends(MM_BPF_STALL_MEMCG);
}

SEC("tp_btf/mm_compaction_begin")
int BPF_PROG(mm_compact_begin)
{
    return mm_stall_begins(MM_BPF_STALL_COMPACTION);
}

SEC("tp_btf/mm_compaction_end")
int BPF_PROG(mm_compact_end)
{
    return mm_stall_ends(MM_BPF_STALL_COMPACTION);
}

SEC("tp_btf/mm_vmscan_kswapd_wake")
int BPF_PROG(mm_kswapd_wake)
{
    return mm_stall_begins(MM_BPF_STALL_KSWAPD);
}

SEC("tp_btf/mm_vmscan_kswapd_sleep")
int BPF_PROG(mm_kswapd_sleep)
{
    return mm_stall_ends(MM_BPF_STALL_KSWAPD);
}

SEC("tp_btf/mm_vmscan_throttled")
int BPF_PROG(mm_throttled, int node, int timeout_us, int delayed_us)
{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct mm_bpf_stall_totals *totals = mm_totals();
    uint64_t length_ns = (uint64_t)(uint32_t)delayed_us * 1000;
    int32_t tgid;

    if (!totals || !mm_is_concerned(task, MM_BPF_STALL_THROTTLED, &tgid))
        return 0;
    __sync_fetch_and_add(&totals->stalls[MM_BPF_STALL_THROTTLED].count, 1);
    __sync_fetch_and_add(&totals->stalls[MM_BPF_STALL_THROTTLED].length_ns, length_ns);
    if (length_ns >= MM_BPF_STALL_LONG_NS)
        mm_report_stall(task, tgid, MM_BPF_STALL_THROTTLED, length_ns, totals->in_progress);
    return 0;
}

/* Before 6.8 the argument is a process id, of the initial namespace. No kernel address is as low. */
#define MM_PID_LIMIT (1u << 22)

SEC("tp_btf/mark_victim")
int mm_victim(void *context)
{
    struct task_struct *victim;
    struct mm_bpf_record *record;
    uint64_t argument = 0;
    int32_t tgid;

    /* copied, as to the verifier it is either a pointer or a number, and this program must do for both */
    bpf_probe_read_kernel(&argument, sizeof(argument), context);
    victim = argument > MM_PID_LIMIT ? (struct task_struct *)argument : NULL;
    if (!victim && mm_pid_namespace != 0)
        return 0;
    if (victim && !mm_is_in_domain(victim))
        return 0;
    tgid = victim ? mm_visible_tgid(victim) : (int32_t)argument;
    if (tgid == 0)
        return 0;
    record = mm_record_begin(MM_BPF_RECORD_OOM_VICTIM);
    if (!record)
        return 0;
    record->tgid = tgid;
    if (victim) {
        mm_fill_process(record, victim, tgid);
        record->value = BPF_CORE_READ(victim, signal, oom_score_adj);
    }
    record->actor = mm_visible_tgid((struct task_struct *)bpf_get_current_task());
    bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
    return 0;
}

#endif
