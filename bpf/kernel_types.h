/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The few kernel types and constants the programs use, by hand: libbpf finds each field's real place in the
 * running kernel's BTF when it loads them, so only names and types matter here, not the layout. Neither the
 * kernel's headers nor its BTF are needed to build.
 */
#ifndef MM_BPF_KERNEL_TYPES_H
#define MM_BPF_KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The names that libbpf's own headers use. */
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int8_t __s8;
typedef int16_t __s16;
typedef int32_t __s32;
typedef int64_t __s64;
typedef uint16_t __be16;
typedef uint32_t __be32;
typedef uint32_t __wsum;

/* From the kernel's stable interface, linux/bpf.h. */
enum {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_RINGBUF = 27,
};
#define BPF_F_MMAPABLE (1U << 10)
/* Flags of bpf_ringbuf_submit, and what bpf_ringbuf_query is asked for. */
enum {
    BPF_RB_NO_WAKEUP = 1,
    BPF_RB_FORCE_WAKEUP = 2,
};
enum {
    BPF_RB_AVAIL_DATA = 0,
    BPF_RB_RING_SIZE = 1,
};

/* An opaque word of the kernel's in a map's value; the verifier knows it by its name. */
struct bpf_timer {
    __u64 opaque[2];
} __attribute__((aligned(8)));
#define MM_CLOCK_MONOTONIC 1

#define MM_PF_KTHREAD   0x00200000
#define MM_CLONE_THREAD 0x00010000

/* A process's index into signal_struct.pids since 4.19: enum pid_type. */
#define MM_PIDTYPE_TGID 1

/* Only the name counts: the number is the running kernel's. */
enum cgroup_subsys_id {
    memory_cgrp_id = 1,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
    int counter;
} atomic_t;

typedef struct {
    __u32 val;
} kuid_t;

struct ns_common {
    unsigned int inum;
};

struct pid_namespace {
    struct ns_common ns;
};

struct upid {
    int nr;
    struct pid_namespace *ns;
};

struct pid {
    unsigned int level;
    struct upid numbers[1];
};

struct cred {
    kuid_t uid;
};

struct signal_struct {
    atomic_t live; /* threads that have not begun to exit */
    struct pid *pids[4];
    short oom_score_adj;
};

struct kernfs_node {
    const char *name;
    __u64 id; /* since 5.5 a number; its inode's */
};

struct cgroup;

struct cgroup_subsys_state {
    struct cgroup *cgroup;
    struct cgroup_subsys_state *parent;
};

struct cgroup_root {
    int hierarchy_id;
};

struct cgroup {
    struct cgroup_subsys_state self;
    struct kernfs_node *kn;
    struct cgroup_root *root;
};

struct css_set {
    struct cgroup_subsys_state *subsys[1];
    struct cgroup *dfl_cgrp;
};

struct task_struct {
    unsigned int flags;
    int pid;
    int tgid;
    unsigned int in_execve : 1;
    struct task_struct *group_leader;
    __u64 start_boottime;
    const struct cred *real_cred;
    char comm[16];
    struct signal_struct *signal;
    struct css_set *cgroups;
};

#pragma clang attribute pop

#endif
