/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event source of BPF: MM_EVENT_PROCESS_STARTED, _RENAMED, _EXITED and MM_EVENT_OOM_SCORE_ADJ as the kernel sees
 * them, for every process of the domain, registered or not; MM_EVENT_PROCESS_LEFT for those that are moved out of it, and
 * MM_EVENT_GROUP for its control groups. Loaded after these, and beside them: MM_EVENT_STALL and MM_EVENT_OOM_VICTIM.
 *
 * The end of a process that is watched, and what others write to its oom_score_adj, wake the loop at once; everything
 * else, but a stall that begins and a victim of the kernel, is gathered for 20 ms, or taken in before when the loop wakes for something else, before anything else is served.
 * A burst of processes that come and go is one wake-up.
 *
 * The programs are loaded beside the loop: adding the source returns at once, the outcome comes through
 * notify. Nothing depends on it: where there is no BPF, the source says why and stays silent.
 */
#ifndef MM_EVENT_CENTER_BPF_SOURCE_H
#define MM_EVENT_CENTER_BPF_SOURCE_H

#include "bpf/bpf.h"
#include "event_center/event_center.h"
#include "event_center/stall_totals.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mm_bpf_source_notice {
    MM_BPF_SOURCE_SETTLED, /* once: the programs are attached, or never will be; see the status */
    MM_BPF_SOURCE_LOST,    /* records were lost since the last time: what is known of processes is stale */
    MM_BPF_SOURCE_MEMORY_SETTLED, /* once, after SETTLED where that went well: the same for what watches memory */
    MM_BPF_SOURCE_BROKEN,         /* it worked and does no more */
};

struct mm_bpf_source_options {
    struct mm_bpf_options bpf;
    /* May be NULL. Never called before mm_bpf_source_add returned. */
    void (*notify)(enum mm_bpf_source_notice notice, void *user);
    void *user;
};

struct mm_bpf_source_status {
    bool is_settled;
    bool is_available;
    unsigned programs;  /* enum mm_bpf_program, or-ed */
    const char *reason; /* why not, or how; lives as long as the source */
    bool is_memory_settled;
    const char *memory_reason; /* the same of the programs that watch memory */
    uint64_t records;          /* read from the ring */
    uint64_t lost;             /* found the ring full */
    uint64_t repeated;         /* exits reported twice by the kernel, delivered once */
    uint64_t absorbed;         /* processes that were gone before anybody heard of them */
};

struct mm_bpf_source;

/*
 * Starts the loader and adds the source. A loader that is missing or refused is no error: the status tells.
 * -ENOMEM, -ENOSPC from the event center. The source lives as long as the center; its programs are detached
 * when the center closes it.
 */
int mm_bpf_source_add(struct mm_event_center *center, const struct mm_bpf_source_options *options,
                      struct mm_bpf_source **ret_source);

/* The end of this process, and what others write to its oom_score_adj, is to be heard at once. Does nothing before the
   source has settled, nor without BPF; the end of the process ends it. */
void mm_bpf_source_watch(struct mm_bpf_source *source, pid_t pid);

/* Stalls in progress, as mm_bpf_read_stalls has them. */
int mm_bpf_source_read_stalls(const struct mm_bpf_source *source, struct mm_bpf_stalls *ret_stalls);

/* -EOPNOTSUPP without the programs that watch memory. */
int mm_bpf_source_read_stall_totals(const struct mm_bpf_source *source, struct mm_stall_totals *ret_totals);

void mm_bpf_source_read_status(const struct mm_bpf_source *source, struct mm_bpf_source_status *ret_status);

#ifdef __cplusplus
}
#endif

#endif
