/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the event center, shared by event_center.c and loop.c. */
#ifndef MM_EVENT_CENTER_CENTER_H
#define MM_EVENT_CENTER_CENTER_H

#include "event_center/event_center.h"

/* Events published while one is delivered. A kill publishes about ten; an account switch one per bundle. */
#define MM_EVENT_QUEUE_SIZE 1024
/* Priority manager, two strategies, and observers: log, monitor, level, recorder. */
#define MM_SUBSCRIBERS_MAX 16
#define MM_SOURCES_MAX     16
/* 1024 clients (the most the socket takes), and the descriptors of all other sources. */
#define MM_WATCHES_MAX 1088
/* More than all modules' timers together; a bound, so that descriptors are looked at in between. */
#define MM_TIMERS_PER_STEP 32

struct mm_subscriber {
    enum mm_subscriber_rank rank;
    uint32_t kinds;
    mm_event_handler handler;
    void *user;
};

struct mm_source {
    const struct mm_event_source_ops *ops;
    void *source;
};

/* generation tells a descriptor from the one that had its slot earlier in the same batch of epoll events. */
struct mm_watch {
    int fd; /* -1: free */
    uint16_t generation;
    uint16_t source_index;
    uint64_t tag;
};

struct mm_event_center {
    struct mm_kernel *kernel;
    struct mm_event_center_counters counters;
    struct mm_subscriber subscribers[MM_SUBSCRIBERS_MAX];
    unsigned subscriber_count;
    struct mm_source sources[MM_SOURCES_MAX];
    unsigned source_count;
    struct mm_list timers;
    int epoll_fd;
    int timer_fd;
    uint64_t armed_deadline_ns; /* what timer_fd is set to; UINT64_MAX: off */
    bool is_delivering;
    bool is_stopping;
    struct mm_watch watches[MM_WATCHES_MAX];
    unsigned queue_end;
    struct mm_event queue[MM_EVENT_QUEUE_SIZE];
};

#endif
