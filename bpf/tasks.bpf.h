/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who a task is, as the daemon knows it; from BTF alone. */
#ifndef MM_BPF_TASKS_BPF_H
#define MM_BPF_TASKS_BPF_H

#include "emit.bpf.h"
#include "namespace.bpf.h"

#include <bpf/bpf_core_read.h>

static __always_inline bool mm_is_kernel_thread(struct task_struct *task)
{
    return BPF_CORE_READ(task, flags) & MM_PF_KTHREAD;
}

/* The leader's identity: start, owner, name. */
static __always_inline void mm_fill_process(struct mm_bpf_record *record, struct task_struct *task,
                                            int32_t tgid)
{
    struct task_struct *leader = BPF_CORE_READ(task, group_leader);

    record->flags |= MM_BPF_FLAG_UID | MM_BPF_FLAG_START;
    record->start_ns = BPF_CORE_READ(leader, start_boottime);
    record->tgid = tgid;
    record->uid = BPF_CORE_READ(task, real_cred, uid.val);
    BPF_CORE_READ_STR_INTO(&record->comm, leader, comm);
}

#endif
