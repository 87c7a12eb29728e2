/* SPDX-License-Identifier: Apache-2.0 */
/* The programs from BTF tracepoints, with timers or without, or from classic ones. */
#include "bpf/load_variants.h"
#include "bpf/load_reason.h"
#include "bpf/tracefs.h"
#include "common/common.h"

#include "lifecycle.skel.h"
#include "lifecycle_classic.skel.h"
#include "lifecycle_untimed.skel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const struct mm_bpf_load_program mm_bpf_load_programs[] = {
    {MM_BPF_PROGRAM_FORK, "mm_fork", "fork"},
    {MM_BPF_PROGRAM_EXEC, "mm_exec", "exec"},
    {MM_BPF_PROGRAM_EXIT, "mm_exit", "exit"},
    {MM_BPF_PROGRAM_COMM, "mm_rename", "comm"},
    {MM_BPF_PROGRAM_OOM_SCORE_ADJ, "mm_oom_score_adj", "oom_score_adj"},
    {MM_BPF_PROGRAM_MOVED, "mm_group_attach", "moved"},
    {MM_BPF_PROGRAM_GROUP_CREATED, "mm_group_mkdir", "mkdir"},
    {MM_BPF_PROGRAM_GROUP_REMOVED, "mm_group_rmdir", "rmdir"},
    {MM_BPF_PROGRAM_GROUP_POPULATED, "mm_group_populated", "populated"},
    {MM_BPF_PROGRAM_GROUP_FROZEN, "mm_group_frozen", "frozen"},
    /* an end is attached before its begin, which without it would be a stall for ever */
    {MM_BPF_PROGRAM_DIRECT_RECLAIM, "mm_direct_end", "direct reclaim"},
    {MM_BPF_PROGRAM_DIRECT_RECLAIM, "mm_direct_begin", NULL},
    {MM_BPF_PROGRAM_MEMCG_RECLAIM, "mm_memcg_end", "group reclaim"},
    {MM_BPF_PROGRAM_MEMCG_RECLAIM, "mm_memcg_begin", NULL},
    {MM_BPF_PROGRAM_COMPACTION, "mm_compact_end", "compaction"},
    {MM_BPF_PROGRAM_COMPACTION, "mm_compact_begin", NULL},
    {MM_BPF_PROGRAM_THROTTLED, "mm_throttled", "throttling"},
    {MM_BPF_PROGRAM_KSWAPD, "mm_kswapd_sleep", "kswapd"},
    {MM_BPF_PROGRAM_KSWAPD, "mm_kswapd_wake", NULL},
    {MM_BPF_PROGRAM_OOM_VICTIM, "mm_victim", "OOM victims"},
};

const size_t mm_bpf_load_program_count = MM_ARRAY_SIZE(mm_bpf_load_programs);

/* Inode of the initial pid namespace: PROC_PID_INIT_INO in the kernel, never another since 3.8. */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu

/* Inode of the loader's pid namespace; 0 for the initial one. */
uint32_t mm_bpf_pid_namespace(void)
{
    struct stat status;

    if (stat("/proc/self/ns/pid", &status) < 0 || status.st_ino == INITIAL_PID_NAMESPACE)
        return 0;
    return (uint32_t)status.st_ino;
}

/* The kernel's number of the v1 hierarchy that has the memory controller, or 0: v2. */
static uint32_t memory_hierarchy(void)
{
    static const char memory[] = "memory";
    char line[4352]; /* a path is at most 4096 bytes */
    FILE *file = fopen("/proc/self/cgroup", "re");
    uint32_t found = 0;

    /* "4:memory:/user", "3:cpu,cpuacct:/", "0::/init" */
    while (file && found == 0 && fgets(line, sizeof(line), file)) {
        char *name = strchr(line, ':');
        char *end = name ? strchr(name + 1, ':') : NULL;

        if (!end)
            continue;
        *name++ = *end = '\0';
        for (char *rest = NULL, *word = strtok_r(name, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
            if (strcmp(word, memory) == 0)
                found = (uint32_t)strtoul(line, NULL, 10);
        }
    }
    if (file)
        (void)fclose(file);
    return found;
}

/* Whether the kernel has BTF and the hooks is for libbpf to find out. */
static int probe_btf(unsigned wanted, unsigned *ret_offered)
{
    *ret_offered = wanted;
    return 0;
}

static void *open_btf(const struct mm_bpf_load_request *request, struct bpf_object **ret_object)
{
    LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = request->btf_path);
    struct lifecycle_bpf *skeleton = lifecycle_bpf__open_opts(&options);

    if (!skeleton)
        return NULL;
    skeleton->rodata->mm_self_tgid = (int32_t)request->daemon;
    skeleton->rodata->mm_pid_namespace = mm_bpf_pid_namespace();
    skeleton->rodata->mm_hierarchy = memory_hierarchy();
    skeleton->rodata->mm_domain_group = request->domain_group;
    *ret_object = skeleton->obj;
    return skeleton;
}

static void destroy_btf(void *skeleton)
{
    lifecycle_bpf__destroy(skeleton);
}

static void *open_untimed(const struct mm_bpf_load_request *request, struct bpf_object **ret_object)
{
    LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = request->btf_path);
    struct lifecycle_untimed_bpf *skeleton = lifecycle_untimed_bpf__open_opts(&options);

    if (!skeleton)
        return NULL;
    skeleton->rodata->mm_self_tgid = (int32_t)request->daemon;
    skeleton->rodata->mm_pid_namespace = mm_bpf_pid_namespace();
    skeleton->rodata->mm_hierarchy = memory_hierarchy();
    skeleton->rodata->mm_domain_group = request->domain_group;
    *ret_object = skeleton->obj;
    return skeleton;
}

static void destroy_untimed(void *skeleton)
{
    lifecycle_untimed_bpf__destroy(skeleton);
}

/* Where the fields stand that lifecycle_classic.bpf.c reads. */
struct classic_layout {
    uint32_t exit_group_dead;
    uint32_t adj_pid, adj_comm, adj_value;
    uint32_t fork_pid, fork_comm, fork_flags, fork_adj;
    uint32_t exec_pid;
    uint32_t rename_pid, rename_comm;
};

static int read_classic_layout(const char *root, unsigned bit, struct classic_layout *layout)
{
    static const char exit[] = "sched/sched_process_exit", adj[] = "oom/oom_score_adj_update";
    static const char fork[] = "task/task_newtask", exec[] = "sched/sched_process_exec";
    static const char rename[] = "task/task_rename";
    const struct {
        const char *event;
        const char *field;
        uint32_t *offset;
        unsigned bit;
        unsigned size;
    } fields[] = {
        {exit, "group_dead", &layout->exit_group_dead, MM_BPF_PROGRAM_EXIT, 1},
        {adj, "pid", &layout->adj_pid, MM_BPF_PROGRAM_OOM_SCORE_ADJ, 4},
        {adj, "comm", &layout->adj_comm, MM_BPF_PROGRAM_OOM_SCORE_ADJ, 16},
        {adj, "oom_score_adj", &layout->adj_value, MM_BPF_PROGRAM_OOM_SCORE_ADJ, 2},
        {fork, "pid", &layout->fork_pid, MM_BPF_PROGRAM_FORK, 4},
        {fork, "comm", &layout->fork_comm, MM_BPF_PROGRAM_FORK, 16},
        {fork, "clone_flags", &layout->fork_flags, MM_BPF_PROGRAM_FORK, 8},
        {fork, "oom_score_adj", &layout->fork_adj, MM_BPF_PROGRAM_FORK, 2},
        {exec, "pid", &layout->exec_pid, MM_BPF_PROGRAM_EXEC, 4},
        {rename, "pid", &layout->rename_pid, MM_BPF_PROGRAM_COMM, 4},
        {rename, "newcomm", &layout->rename_comm, MM_BPF_PROGRAM_COMM, 16},
    };
    bool is_known = false;
    char format[4096]; /* a page is the most such a file shows */

    for (size_t i = 0; i < MM_ARRAY_SIZE(fields); i++) {
        int result;

        if (fields[i].bit != bit)
            continue;
        is_known = true;
        result = mm_tracefs_read_format(root, fields[i].event, format, sizeof(format));
        if (result == 0)
            result = mm_tracefs_field(format, fields[i].field, fields[i].size, fields[i].offset);
        if (result == 0)
            continue;
        mm_bpf_say("tracepoint %s has no field %s this program can read: %s", fields[i].event,
                   fields[i].field, strerror(-result));
        return result;
    }
    if (is_known)
        return 0;
    mm_bpf_say("not from classic tracepoints");
    return -EOPNOTSUPP;
}

static int probe_classic(unsigned wanted, unsigned *ret_offered)
{
    struct classic_layout layout;
    unsigned offered = 0, refused = 0;
    const char *root;
    int result = mm_tracefs_prepare(&root);

    if (result < 0) {
        mm_bpf_say("tracefs is not mounted and cannot be: %s", strerror(-result));
        /* not -EPERM, which stands for bpf(2) */
        return -EACCES;
    }
    if (mm_bpf_pid_namespace() != 0) {
        mm_bpf_say("classic tracepoints only know the numbers of the initial pid namespace");
        return -EOPNOTSUPP;
    }
    for (size_t i = 0; i < MM_ARRAY_SIZE(mm_bpf_load_programs); i++) {
        int answer;

        if (!(wanted & mm_bpf_load_programs[i].bit))
            continue;
        answer = read_classic_layout(root, mm_bpf_load_programs[i].bit, &layout);
        if (answer == 0) {
            offered |= mm_bpf_load_programs[i].bit;
            continue;
        }
        result = answer;
        refused = mm_bpf_load_programs[i].bit;
        mm_bpf_blame(refused);
    }
    if (offered == 0 && refused != 0)
        mm_bpf_recall(refused);
    if (offered == 0)
        return result < 0 ? result : -ENOENT;
    *ret_offered = offered;
    return 0;
}

static void *open_classic(const struct mm_bpf_load_request *request, struct bpf_object **ret_object)
{
    struct classic_layout layout = {0};
    struct lifecycle_classic_bpf *skeleton;
    const char *root;

    if (mm_tracefs_prepare(&root) < 0)
        return NULL;
    skeleton = lifecycle_classic_bpf__open();
    if (!skeleton)
        return NULL;
    /* a program whose fields are missing is not loaded: probe_classic */
    for (size_t i = 0; i < MM_ARRAY_SIZE(mm_bpf_load_programs); i++)
        (void)read_classic_layout(root, mm_bpf_load_programs[i].bit, &layout);
    skeleton->rodata->mm_self_tgid = (int32_t)request->daemon;
    skeleton->rodata->mm_exit_group_dead = layout.exit_group_dead;
    skeleton->rodata->mm_adj_pid = layout.adj_pid;
    skeleton->rodata->mm_adj_comm = layout.adj_comm;
    skeleton->rodata->mm_adj_value = layout.adj_value;
    skeleton->rodata->mm_fork_pid = layout.fork_pid;
    skeleton->rodata->mm_fork_comm = layout.fork_comm;
    skeleton->rodata->mm_fork_flags = layout.fork_flags;
    skeleton->rodata->mm_fork_adj = layout.fork_adj;
    skeleton->rodata->mm_exec_pid = layout.exec_pid;
    skeleton->rodata->mm_rename_pid = layout.rename_pid;
    skeleton->rodata->mm_rename_comm = layout.rename_comm;
    *ret_object = skeleton->obj;
    return skeleton;
}

static void destroy_classic(void *skeleton)
{
    lifecycle_classic_bpf__destroy(skeleton);
}

const struct mm_bpf_variant mm_bpf_variants[] = {
    {.name = "BTF tracepoints", .probe = probe_btf, .open = open_btf, .destroy = destroy_btf},
    /* timers came to programs with 5.15 */
    {.name = "BTF tracepoints, without timers",
     .flags = MM_BPF_LOADER_IS_UNTIMED,
     .probe = probe_btf,
     .open = open_untimed,
     .destroy = destroy_untimed},
    {.name = "classic tracepoints",
     .flags = MM_BPF_LOADER_IS_UNTIMED,
     .is_classic = true,
     .probe = probe_classic,
     .open = open_classic,
     .destroy = destroy_classic},
};

const size_t mm_bpf_variant_count = MM_ARRAY_SIZE(mm_bpf_variants);
