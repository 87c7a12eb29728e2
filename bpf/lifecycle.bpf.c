/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The life of processes, from BTF-typed tracepoints. */
#include "groups.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Inode of the daemon's pid namespace; 0: the initial one, whose numbers the kernel keeps in the task. */
const volatile uint32_t mm_pid_namespace = 0;

/* Deepest nesting of pid namespaces, MAX_PID_NS_LEVEL in the kernel. */
#define MM_PID_NAMESPACE_LEVELS 32

/* The process id as the daemon knows it; 0 when the process lives outside the daemon's namespace. */
static __always_inline int32_t mm_visible_tgid(struct task_struct *task)
{
    struct pid *pid;
    uint32_t level;

    if (mm_pid_namespace == 0)
        return BPF_CORE_READ(task, tgid);
    pid = BPF_CORE_READ(task, signal, pids[MM_PIDTYPE_TGID]);
    level = BPF_CORE_READ(pid, level);
    for (uint32_t i = 0; i < MM_PID_NAMESPACE_LEVELS && i <= level; i++) {
        struct upid *number =
            (void *)pid + bpf_core_field_offset(struct pid, numbers) + i * bpf_core_type_size(struct upid);

        if (BPF_CORE_READ(number, ns, ns.inum) == mm_pid_namespace)
            return BPF_CORE_READ(number, nr);
    }
    return 0;
}

static __always_inline bool mm_is_kernel_thread(struct task_struct *task)
{
    return BPF_CORE_READ(task, flags) & MM_PF_KTHREAD;
}

/* Of the leader, with its name unless another is given. */
static __always_inline void mm_report(uint32_t type, struct task_struct *task, int32_t actor,
                                      const char *comm)
{
    struct task_struct *leader = BPF_CORE_READ(task, group_leader);
    int32_t tgid = mm_visible_tgid(task);
    struct mm_bpf_record *record;

    if (tgid == 0 || mm_is_kernel_thread(task))
        return;
    /* who ends may have been in it before */
    if (type != MM_BPF_RECORD_EXIT && type != MM_BPF_RECORD_MOVED && !mm_is_in_domain(task))
        return;
    record = mm_record_begin(type);
    if (!record)
        return;
    record->flags = MM_BPF_FLAG_UID | MM_BPF_FLAG_START;
    record->start_ns = BPF_CORE_READ(leader, start_boottime);
    record->tgid = tgid;
    record->actor = actor;
    record->uid = BPF_CORE_READ(task, real_cred, uid.val);
    if (type == MM_BPF_RECORD_MOVED)
        record->value = mm_is_in_domain(task);
    else
        record->value = BPF_CORE_READ(task, signal, oom_score_adj);
    if (comm)
        bpf_probe_read_kernel_str(&record->comm, sizeof(record->comm), comm);
    else
        BPF_CORE_READ_STR_INTO(&record->comm, leader, comm);
    mm_record_end(record);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(mm_fork, struct task_struct *parent, struct task_struct *child)
{
    if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
        return 0;
    mm_report(MM_BPF_RECORD_FORK, child, mm_visible_tgid(parent), NULL);
    return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(mm_exec, struct task_struct *task)
{
    mm_report(MM_BPF_RECORD_EXEC, task, 0, NULL);
    return 0;
}

/* Comes before the name is changed. What exec changes, exec reports. */
SEC("tp_btf/task_rename")
int BPF_PROG(mm_rename, struct task_struct *task, const char *comm)
{
    if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
        return 0;
    if (bpf_core_field_exists(task->in_execve) && BPF_CORE_READ_BITFIELD_PROBED(task, in_execve))
        return 0;
    mm_report(MM_BPF_RECORD_COMM, task, 0, comm);
    return 0;
}

/*
 * Fires for each thread. The kernel takes the thread off signal->live before, so 0 means that the process is
 * dead, with and without the group_dead argument that 6.16 added. Two last threads that exit at the same
 * moment may both see 0: the reader drops the second record.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(mm_exit, struct task_struct *task)
{
    if (BPF_CORE_READ(task, signal, live.counter) > 0)
        return 0;
    mm_report(MM_BPF_RECORD_EXIT, task, 0, NULL);
    return 0;
}

SEC("tp_btf/oom_score_adj_update")
int BPF_PROG(mm_oom_score_adj, struct task_struct *task)
{
    int32_t writer = mm_visible_tgid((struct task_struct *)bpf_get_current_task());

    if (writer != 0 && writer == mm_self_tgid)
        return 0;
    mm_report(MM_BPF_RECORD_OOM_SCORE_ADJ, task, writer, NULL);
    return 0;
}

/* After the move, and of a process only where it moved as a whole. On a machine that is its own domain all stay in it. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(mm_group_attach, struct cgroup *group, const char *path, struct task_struct *task,
             bool is_process)
{
    if (mm_domain_group != 0 && is_process && mm_is_in_hierarchy(group))
        mm_report(MM_BPF_RECORD_MOVED, task, 0, NULL);
    return 0;
}
