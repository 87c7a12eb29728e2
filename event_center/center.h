/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the event center, shared by event_center.c and loop.c. */
#ifndef MM_EVENT_CENTER_CENTER_H
#define MM_EVENT_CENTER_CENTER_H

#include "event_center/event_center.h"

#include <sys/epoll.h>

/* Events published while one is delivered. A kill publishes about ten; an account switch one per bundle. */
#define MM_EVENT_QUEUE_SIZE 1024
/* Of these, places that events which only tell (a decision, a move on the list) may not take: there are some
   256 exits of one victim and a handful of orders at a time. */
#define MM_EVENT_QUEUE_RESERVE 320
/* And these places only orders may take: a bundle of a thousand dead must not push out the end of its kill. */
#define MM_EVENT_QUEUE_ORDERS 16
/* And of all, those in memory from the start: what a kill of an application of a dozen processes publishes at once. The
   queue begins anew at its first place whenever it is empty. */
#define MM_EVENT_QUEUE_PRESENT 48
/* Priority manager, two strategies, sources that hear of each other, and observers. */
#define MM_SUBSCRIBERS_MAX 32
/* The daemon has some fifteen. */
#define MM_SOURCES_MAX 24
/* 1024 clients (the most the socket takes), and the descriptors of all other sources. */
#define MM_WATCHES_MAX 1088
/* Descriptors per wake-up: all of them, and the loop's own two. Fewer could leave a client's packet for the
   next wake-up while the pressure event of this one already leads to a kill. */
#define MM_BATCH_SIZE (MM_WATCHES_MAX + 2)

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
    struct mm_list wakes; /* struct mm_wake_watch, where the kernel sends notices of them */
    int epoll_fd;
    int timer_fd;
    uint64_t armed_deadline_ns; /* what timer_fd is set to; UINT64_MAX: off */
    bool is_delivering;
    bool is_stopping;
    int error;    /* why; 0: it was asked to */
    int position; /* of the subscriber that hears the event at hand */
    struct mm_watch watches[MM_WATCHES_MAX];
    struct epoll_event batch[MM_BATCH_SIZE];
    unsigned queue_first, queue_count; /* the event being delivered counts */
    struct mm_event queue[MM_EVENT_QUEUE_SIZE];
};

/* wake_watch.c: a notice of that cookie came. */
void mm_event_center_serve_wake(struct mm_event_center *center, uint64_t cookie);

#endif
