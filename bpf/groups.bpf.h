/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which control groups and processes are in the daemon's domain; from BTF alone. */
#ifndef MM_BPF_GROUPS_BPF_H
#define MM_BPF_GROUPS_BPF_H

#include "emit.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* The kernel's number of the hierarchy that memory is managed in; 0: v2. */
const volatile uint32_t mm_hierarchy = 0;

/* The domain's group in it, by its inode; 0: the whole machine. */
const volatile uint64_t mm_domain_group = 0;

/* Groups nested deeper are none of anybody's: a limit for the verifier. */
#define MM_GROUP_LEVELS 32

static __always_inline struct cgroup *mm_group_of(struct task_struct *task)
{
    struct css_set *set = BPF_CORE_READ(task, cgroups);
    struct cgroup_subsys_state *state = NULL;
    uint32_t offset = bpf_core_field_offset(struct css_set, subsys);

    if (mm_hierarchy == 0)
        return BPF_CORE_READ(set, dfl_cgrp);
    if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
        return NULL;
    offset += bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id) * sizeof(void *);
    bpf_probe_read_kernel(&state, sizeof(state), (void *)set + offset);
    return BPF_CORE_READ(state, cgroup);
}

/* The domain's group itself is within it. */
static __always_inline bool mm_is_group_in_domain(struct cgroup *group)
{
    if (mm_domain_group == 0)
        return true;
    for (int i = 0; i < MM_GROUP_LEVELS && group; i++) {
        struct cgroup_subsys_state *parent;

        if (BPF_CORE_READ(group, kn, id) == mm_domain_group)
            return true;
        parent = BPF_CORE_READ(group, self.parent);
        /* self is the group's state as a part of its parent's */
        group = parent ? (void *)parent - bpf_core_field_offset(struct cgroup, self) : NULL;
    }
    return false;
}

static __always_inline bool mm_is_in_domain(struct task_struct *task)
{
    return mm_domain_group == 0 || mm_is_group_in_domain(mm_group_of(task));
}

#endif
