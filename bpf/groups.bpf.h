/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Control groups of the hierarchy in use, and which processes are in the daemon's domain; from BTF alone. */
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

/* Only v2 freezes with a word of it. Where memory is on v1, a domain's twin there is not known: only the whole machine
   hears of it. */
SEC("tp_btf/cgroup_notify_frozen")
int BPF_PROG(mm_group_frozen, struct cgroup *group, const char *path, int is_frozen)
{
    int16_t change = is_frozen ? MM_BPF_GROUP_FROZEN : MM_BPF_GROUP_THAWED;

    if (mm_hierarchy == 0)
        return mm_on_group(group, change);
    if (mm_domain_group == 0)
        mm_report_group(group, change);
    return 0;
}

#endif
