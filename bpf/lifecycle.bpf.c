/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The life of processes and groups, and, from a header of its own, what memory does to them; from BTF-typed tracepoints.
 * One object for all: each costs a look through the kernel's BTF.
 */
#include "groups.bpf.h"
#include "memory.bpf.h"
#include "tasks.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Of the leader, with its name unless another is given. */
static __always_inline void mm_report(uint32_t type, struct task_struct *task, int32_t actor,
                                      const char *comm)
{
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
    mm_fill_process(record, task, tgid);
    record->actor = actor;
    if (type == MM_BPF_RECORD_MOVED)
        record->value = mm_is_in_domain(task);
    else
        record->value = BPF_CORE_READ(task, signal, oom_score_adj);
    if (comm)
        bpf_probe_read_kernel_str(&record->comm, sizeof(record->comm), comm);
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

/* ---- control groups ----------------------------------------------------------------------------------- */

static __always_inline bool mm_is_in_hierarchy(struct cgroup *group)
{
    return (uint32_t)BPF_CORE_READ(group, root, hierarchy_id) == mm_hierarchy;
}

static __always_inline void mm_report_group(struct cgroup *group, int16_t change)
{
    struct mm_bpf_record *record = mm_record_begin(MM_BPF_RECORD_GROUP);

    if (!record)
        return;
    record->group_id = BPF_CORE_READ(group, kn, id);
    record->value = change;
    bpf_probe_read_kernel_str(&record->comm, sizeof(record->comm), BPF_CORE_READ(group, kn, name));
    mm_record_end(record);
}

static __always_inline int mm_on_group(struct cgroup *group, int16_t change)
{
    if (mm_is_in_hierarchy(group) && mm_is_group_in_domain(group))
        mm_report_group(group, change);
    return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(mm_group_mkdir, struct cgroup *group)
{
    return mm_on_group(group, MM_BPF_GROUP_CREATED);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(mm_group_rmdir, struct cgroup *group)
{
    return mm_on_group(group, MM_BPF_GROUP_REMOVED);
}

SEC("tp_btf/cgroup_notify_populated")
int BPF_PROG(mm_group_populated, struct cgroup *group, const char *path, int is_populated)
{
    return mm_on_group(group, is_populated ? MM_BPF_GROUP_POPULATED : MM_BPF_GROUP_EMPTY);
}

/* Only v2 freezes with a word of it. Where memory is on v1, a domain's twin there is not known: all groups are told of,
   and whoever looks who is in them finds out. */
SEC("tp_btf/cgroup_notify_frozen")
int BPF_PROG(mm_group_frozen, struct cgroup *group, const char *path, int is_frozen)
{
    int16_t change = is_frozen ? MM_BPF_GROUP_FROZEN : MM_BPF_GROUP_THAWED;

    if (mm_hierarchy == 0)
        return mm_on_group(group, change);
    mm_report_group(group, change);
    return 0;
}

/* After the move, and of a process only where it moved as a whole. Into or out of a domain it is moved in the hierarchy of
   memory; who is told apart by its group's path has that on v2 as well. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(mm_group_attach, struct cgroup *group, const char *path, struct task_struct *task,
             bool is_process)
{
    if (is_process && (mm_is_in_hierarchy(group) ||
                       (BPF_CORE_READ(group, root, hierarchy_id) == 0 && mm_is_in_domain(task))))
        mm_report(MM_BPF_RECORD_MOVED, task, 0, NULL);
    return 0;
}
