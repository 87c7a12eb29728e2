/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The same from classic tracepoints, for kernels without BTF. Where a field stands is read from the
 * tracepoint's format file by the loader, as layouts differ between releases. What the tracepoint does not
 * tell (start time, uid) the record leaves out. Only for the initial pid namespace.
 */
#define MM_WITHOUT_TIMER /* the verifier allows it to no program of this type */
#include "emit.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Offsets into the tracepoint's record, from its format file. */
const volatile uint32_t mm_exit_group_dead = 0;
const volatile uint32_t mm_adj_pid = 0;
const volatile uint32_t mm_adj_comm = 0;
const volatile uint32_t mm_adj_value = 0;
const volatile uint32_t mm_fork_pid = 0;
const volatile uint32_t mm_fork_comm = 0;
const volatile uint32_t mm_fork_flags = 0;
const volatile uint32_t mm_fork_adj = 0;
const volatile uint32_t mm_exec_pid = 0;
const volatile uint32_t mm_rename_pid = 0;
const volatile uint32_t mm_rename_comm = 0;

#define MM_READ(destination, context, offset)                                                                \
    bpf_probe_read_kernel(destination, sizeof(*(destination)), (char *)(context) + (offset))

SEC("tracepoint/sched/sched_process_exit")
int mm_exit(void *context)
{
    struct mm_bpf_record *record;
    bool is_group_dead = false;

    MM_READ(&is_group_dead, context, mm_exit_group_dead);
    if (!is_group_dead)
        return 0;
    record = mm_record_begin(MM_BPF_RECORD_EXIT);
    if (!record)
        return 0;
    record->flags = MM_BPF_FLAG_UID;
    record->tgid = (int32_t)(bpf_get_current_pid_tgid() >> 32);
    record->uid = (uint32_t)bpf_get_current_uid_gid();
    bpf_get_current_comm(record->comm, sizeof(record->comm));
    mm_record_end(record);
    return 0;
}

/* sched_process_fork does not tell a thread from a process; this does. */
SEC("tracepoint/task/task_newtask")
int mm_fork(void *context)
{
    struct mm_bpf_record *record;
    uint64_t clone_flags = 0;

    MM_READ(&clone_flags, context, mm_fork_flags);
    if (clone_flags & MM_CLONE_THREAD)
        return 0;
    record = mm_record_begin(MM_BPF_RECORD_FORK);
    if (!record)
        return 0;
    record->flags = MM_BPF_FLAG_UID;
    MM_READ(&record->tgid, context, mm_fork_pid);
    MM_READ(&record->comm, context, mm_fork_comm);
    MM_READ(&record->value, context, mm_fork_adj);
    record->actor = (int32_t)(bpf_get_current_pid_tgid() >> 32);
    record->uid = (uint32_t)bpf_get_current_uid_gid();
    mm_record_end(record);
    return 0;
}

SEC("tracepoint/sched/sched_process_exec")
int mm_exec(void *context)
{
    struct mm_bpf_record *record = mm_record_begin(MM_BPF_RECORD_EXEC);

    if (!record)
        return 0;
    record->flags = MM_BPF_FLAG_UID;
    MM_READ(&record->tgid, context, mm_exec_pid);
    record->uid = (uint32_t)bpf_get_current_uid_gid();
    bpf_get_current_comm(record->comm, sizeof(record->comm));
    mm_record_end(record);
    return 0;
}

/* Only a process itself can rename its threads, so the leader is the one that bears its number. */
SEC("tracepoint/task/task_rename")
int mm_rename(void *context)
{
    struct mm_bpf_record *record;
    int32_t pid = 0;

    MM_READ(&pid, context, mm_rename_pid);
    if (pid != (int32_t)(bpf_get_current_pid_tgid() >> 32))
        return 0;
    record = mm_record_begin(MM_BPF_RECORD_COMM);
    if (!record)
        return 0;
    record->flags = MM_BPF_FLAG_UID;
    record->tgid = pid;
    record->uid = (uint32_t)bpf_get_current_uid_gid();
    MM_READ(&record->comm, context, mm_rename_comm);
    mm_record_end(record);
    return 0;
}

SEC("tracepoint/oom/oom_score_adj_update")
int mm_oom_score_adj(void *context)
{
    int32_t writer = (int32_t)(bpf_get_current_pid_tgid() >> 32);
    struct mm_bpf_record *record;
    int16_t value = 0;

    if (writer == mm_self_tgid)
        return 0;
    record = mm_record_begin(MM_BPF_RECORD_OOM_SCORE_ADJ);
    if (!record)
        return 0;
    MM_READ(&value, context, mm_adj_value);
    MM_READ(&record->tgid, context, mm_adj_pid);
    MM_READ(&record->comm, context, mm_adj_comm);
    record->actor = writer;
    record->value = value;
    mm_record_end(record);
    return 0;
}
