/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The observer of a storm: it starts the applications, sees each of them die (its own child, its own wait
 * status) and reads memory and the kernel's log itself, so that what a test asserts never comes from the
 * daemon's word.
 */
#ifndef MM_TEST_VM_OBSERVER_H
#define MM_TEST_VM_OBSERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* A storm has six applications, a hog, a daemon and a few more; this is far beyond. */
#define MM_OBSERVER_MAX_CHILDREN   64
#define MM_OBSERVER_MAX_WATERLINES 16
#define MM_OBSERVER_MAX_OOM_LINES  32
#define MM_OBSERVER_NAME_SIZE      32
/* Of a child's output so much is remembered for "expect"; the older half goes when it is full. */
#define MM_OBSERVER_OUTPUT_SIZE 4096
#define MM_OBSERVER_LINE_SIZE   1024

struct mm_observer_child {
    char name[MM_OBSERVER_NAME_SIZE];
    pid_t pid;
    int pidfd;     /* -1 once it is dead */
    int output_fd; /* -1 once it is closed */
    char output[MM_OBSERVER_OUTPUT_SIZE];
    size_t output_length;
};

struct mm_observer_death {
    const struct mm_observer_child *child;
    int signal; /* 0 when it exited */
    int status; /* -1 when a signal killed it */
    int64_t time_ms;
    int64_t available_mb;     /* seen last before the death was noticed */
    int64_t available_low_mb; /* the lowest seen since the death before it */
};

struct mm_observer_crossing {
    int64_t waterline_mb;
    int64_t time_ms; /* -1 until it is crossed */
    int64_t available_mb;
};

/* One thread of the highest priority reads MemAvailable every 2 ms. Atomic: read while it runs; the rest
 * after it. */
struct mm_observer_memory {
    pthread_t thread;
    atomic_bool stop;
    atomic_llong available_kib;
    atomic_llong low_kib; /* the lowest since the last mm_observer_memory_take_low() */
    atomic_llong failed;  /* an errno, when it could not go on reading */
    int meminfo_fd;
    int64_t lowest_kib;
    int64_t samples;
    int64_t longest_gap_ms; /* between two samples; a large one says that the observer itself was starved */
    struct mm_observer_crossing crossings[MM_OBSERVER_MAX_WATERLINES];
    size_t crossing_count;
};

struct mm_observer {
    struct mm_observer_memory memory;
    struct mm_observer_child children[MM_OBSERVER_MAX_CHILDREN];
    size_t child_count;
    struct mm_observer_death deaths[MM_OBSERVER_MAX_CHILDREN];
    size_t death_count;
    char oom_lines[MM_OBSERVER_MAX_OOM_LINES][MM_OBSERVER_LINE_SIZE];
    size_t oom_line_count;
    int kmsg_fd;
    int64_t oom_kills_at_start;
    int64_t started_ms;
};

/* CLOCK_MONOTONIC. */
int64_t mm_observer_now_ns(void);
int64_t mm_observer_now_ms(void);

/* Starts the sampling thread on memory->crossings, which the caller has filled. 0 or a negative errno. */
int mm_observer_memory_start(struct mm_observer_memory *memory);
/* Ends the thread; after that all of *memory may be read. 0 or the negative errno that ended its reading. */
int mm_observer_memory_stop(struct mm_observer_memory *memory);
/* The lowest since the last call, in KiB. */
int64_t mm_observer_memory_take_low(struct mm_observer_memory *memory);

/* The counter oom_kill of /proc/vmstat, or a negative errno. */
int64_t mm_observer_oom_kills(void);
/* Opens the kernel's log behind its last line. 0 or a negative errno. */
int mm_observer_kmsg_open(struct mm_observer *observer);
/* Reads what has come in, and keeps the lines about kills by the kernel. */
void mm_observer_kmsg_read(struct mm_observer *observer);

/*
 * Runs "exec COMMAND" by the shell, with oom_score_adj 0 and ordinary scheduling; its standard output is read
 * by the observer. 0 or a negative errno; the new child is the last one of observer->children.
 */
int mm_observer_child_start(struct mm_observer *observer, const char *name, const char *command);
struct mm_observer_child *mm_observer_child_find(struct mm_observer *observer, const char *name);
/* Its pidfd is readable: takes the wait status and records the death. */
void mm_observer_child_reap(struct mm_observer *observer, struct mm_observer_child *child);
/* Its output is readable. */
void mm_observer_child_read(struct mm_observer_child *child);
/* Whether a line of the child's remembered output is exactly TEXT. */
bool mm_observer_child_said(const struct mm_observer_child *child, const char *text);
const struct mm_observer_death *mm_observer_death_of(const struct mm_observer *observer,
                                                     const struct mm_observer_child *child);
/* Kills and reaps all that live; their deaths are not recorded. */
void mm_observer_children_end(struct mm_observer *observer);

/* The record as one line of JSON. Call it after mm_observer_memory_stop(). */
void mm_observer_report(const struct mm_observer *observer, FILE *out);

#endif
