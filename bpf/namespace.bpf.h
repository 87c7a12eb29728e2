/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The number of a process as the daemon knows it, which may live in a pid namespace; from BTF alone. */
#ifndef MM_BPF_NAMESPACE_BPF_H
#define MM_BPF_NAMESPACE_BPF_H

#include "kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

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

#endif
