/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the programs of gpuflow, its loader and user space share: the values of its maps, and the layout of events. */
#ifndef MM_BPF_GPU_RECORDS_H
#define MM_BPF_GPU_RECORDS_H

#include <stdint.h>

/* Counts up with each change of what stands here. */
#define MM_BPF_GPU_VERSION 1

#define MM_BPF_GPU_DEVICES_MAX 16
#define MM_BPF_GPU_LEVELS_MAX  256 /* of all devices */
/* Processes with jobs, processes with memory, users: for each of them a map of so many, which are cleared of what is not
   needed when more than half are taken. */
#define MM_BPF_GPU_USES_MAX 1024
/* On their way through the hardware at a time; the oldest give way. */
#define MM_BPF_GPU_JOBS_MAX 4096

/* Who: a process, a user, or a frequency in kHz. */
struct mm_bpf_gpu_key {
    uint32_t gpu; /* as its driver numbers it; 0 where it does not */
    uint32_t id;
};

struct mm_bpf_gpu_device {
    uint64_t since_ns; /* CLOCK_MONOTONIC, when it came to the level; 0: which one it is at is not known */
    uint64_t busy_us, elapsed_us;
    uint64_t memory_bytes; /* of all processes */
    uint32_t khz;
    uint32_t level; /* the driver's number of it, 0 the fastest; 0 where it has none */
};

struct mm_bpf_gpu_level {
    uint64_t time_ns; /* without that since the last change */
    uint64_t count;   /* how often it was come to */
};

struct mm_bpf_gpu_busy {
    uint64_t busy_ns;
    uint64_t jobs;
};

/* Of a user, as AOSP's gpuWork keeps it. */
struct mm_bpf_gpu_work {
    uint64_t active_ns;
    uint64_t inactive_ns;     /* in periods and in short gaps between them */
    uint64_t previous_end_ns; /* CLOCK_MONOTONIC_RAW */
    uint64_t errors;          /* periods that break the contract */
};

struct mm_bpf_gpu_job_key {
    uint64_t context, sequence;
};

struct mm_bpf_gpu_job {
    uint64_t begun_ns; /* 0: not yet */
    uint32_t tgid;
    uint32_t unused;
};

/* What found no room. */
enum mm_bpf_gpu_lost {
    MM_BPF_GPU_LOST_DEVICE,
    MM_BPF_GPU_LOST_LEVEL,
    MM_BPF_GPU_LOST_BUSY,
    MM_BPF_GPU_LOST_MEMORY,
    MM_BPF_GPU_LOST_WORK,
    MM_BPF_GPU_LOST_JOB, /* done, and nobody knows whose it was */
    MM_BPF_GPU_LOST_COUNT,
};

struct mm_bpf_gpu_totals {
    uint64_t lost[MM_BPF_GPU_LOST_COUNT];
    uint64_t work_errors; /* of all users, those that were cleared away, too */
};

/* Fields of the events that are read. */
enum mm_bpf_gpu_field {
    MM_BPF_GPU_FIELD_LEVEL_GPU,
    MM_BPF_GPU_FIELD_LEVEL_FREQUENCY,
    MM_BPF_GPU_FIELD_LEVEL_NUMBER,
    MM_BPF_GPU_FIELD_BUSY_BUSY,
    MM_BPF_GPU_FIELD_BUSY_ELAPSED,
    MM_BPF_GPU_FIELD_MEMORY_GPU,
    MM_BPF_GPU_FIELD_MEMORY_PID,
    MM_BPF_GPU_FIELD_MEMORY_SIZE,
    MM_BPF_GPU_FIELD_WORK_GPU,
    MM_BPF_GPU_FIELD_WORK_UID,
    MM_BPF_GPU_FIELD_WORK_START,
    MM_BPF_GPU_FIELD_WORK_END,
    MM_BPF_GPU_FIELD_WORK_ACTIVE,
    MM_BPF_GPU_FIELD_QUEUED_CONTEXT,
    MM_BPF_GPU_FIELD_QUEUED_SEQUENCE,
    MM_BPF_GPU_FIELD_BEGUN_CONTEXT,
    MM_BPF_GPU_FIELD_BEGUN_SEQUENCE,
    MM_BPF_GPU_FIELD_DONE_CONTEXT,
    MM_BPF_GPU_FIELD_DONE_SEQUENCE,
    MM_BPF_GPU_FIELD_DONE_ACTIVE, /* a duration; without it, from start to end; without those, since it began */
    MM_BPF_GPU_FIELD_DONE_START,
    MM_BPF_GPU_FIELD_DONE_END,
    MM_BPF_GPU_FIELD_COUNT,
};

/* In an event's record; size 4 or 8, or 0: it has no such field. */
struct mm_bpf_gpu_place {
    uint32_t offset, size;
};

/* From a driver's units to ours: kHz, ns. */
struct mm_bpf_gpu_scale {
    uint32_t numerator, denominator;
};

#endif
