/* SPDX-License-Identifier: Apache-2.0 */
/* What every implementation shares. */
#include "kernel_interface/kernel_interface.h"

static const char *const feature_names[MM_FEATURE_COUNT] = {
    [MM_FEATURE_PRESSURE] = "pressure",
    [MM_FEATURE_PRESSURE_TRIGGER] = "pressure_trigger",
    [MM_FEATURE_PRESSURE_SHORT_WINDOW] = "pressure_short_window",
    [MM_FEATURE_CGROUP_V2_MEMORY] = "cgroup_v2_memory",
    [MM_FEATURE_CGROUP_V1_MEMORY] = "cgroup_v1_memory",
    [MM_FEATURE_CGROUP_KILL] = "cgroup_kill",
    [MM_FEATURE_MEMORY_HIGH] = "memory_high",
    [MM_FEATURE_MEMORY_RECLAIM] = "memory_reclaim",
    [MM_FEATURE_GROUP_PRESSURE] = "group_pressure",
    [MM_FEATURE_PIDFD] = "pidfd",
    [MM_FEATURE_PROCESS_MRELEASE] = "process_mrelease",
    [MM_FEATURE_OOM_SCORE_ADJ_LOWER] = "oom_score_adj_lower",
    [MM_FEATURE_SWAP] = "swap",
    [MM_FEATURE_USAGE_THRESHOLD] = "usage_threshold",
    [MM_FEATURE_VMPRESSURE] = "vmpressure",
    [MM_FEATURE_GROUP_EVENTS] = "group_events",
    [MM_FEATURE_SWAP_EVENTS] = "swap_events",
    [MM_FEATURE_POWER_SUPPLY] = "power_supply",
    [MM_FEATURE_KSWAPD_MONITOR] = "kswapd_monitor",
    [MM_FEATURE_KILL_OTHERS] = "kill_others",
    [MM_FEATURE_LIMIT_CHANGES] = "limit_changes",
    [MM_FEATURE_CAP_DAC_OVERRIDE] = "cap_dac_override",
    [MM_FEATURE_CAP_DAC_READ_SEARCH] = "cap_dac_read_search",
    [MM_FEATURE_CAP_SYS_PTRACE] = "cap_sys_ptrace",
    [MM_FEATURE_CAP_IPC_LOCK] = "cap_ipc_lock",
    [MM_FEATURE_CAP_SYS_NICE] = "cap_sys_nice",
    [MM_FEATURE_CAP_CHOWN] = "cap_chown",
    [MM_FEATURE_CAP_BPF] = "cap_bpf",
    [MM_FEATURE_CAP_PERFMON] = "cap_perfmon",
    [MM_FEATURE_CAP_NET_ADMIN] = "cap_net_admin",
    [MM_FEATURE_CAP_SETUID] = "cap_setuid",
    [MM_FEATURE_CAP_SETGID] = "cap_setgid",
};

const char *mm_feature_name(enum mm_feature_id feature)
{
    if ((unsigned)feature >= MM_FEATURE_COUNT)
        return "unknown";
    return feature_names[feature];
}

const char *mm_group_change_name(enum mm_group_change change)
{
    static const char *const names[MM_GROUP_CHANGE_COUNT] = {
        [MM_GROUP_CREATED] = "created", [MM_GROUP_REMOVED] = "removed", [MM_GROUP_POPULATED] = "populated",
        [MM_GROUP_EMPTY] = "empty",     [MM_GROUP_FROZEN] = "frozen",   [MM_GROUP_THAWED] = "thawed",
        [MM_GROUP_ENTERED] = "entered",
    };

    return (unsigned)change < MM_GROUP_CHANGE_COUNT ? names[change] : "unknown";
}

void mm_kernel_free(struct mm_kernel *kernel)
{
    if (kernel)
        kernel->ops->free(kernel);
}
