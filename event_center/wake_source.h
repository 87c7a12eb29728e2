/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of the kernel's memory state have in common: their making, and of those that live on one wake of the
 * kernel interface also their serving and their end.
 */
#ifndef MM_EVENT_CENTER_WAKE_SOURCE_H
#define MM_EVENT_CENTER_WAKE_SOURCE_H

#include "event_center/wake_watch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The first member of the source's own struct. */
struct mm_wake_source {
    const struct mm_wake_source_ops *ops;
    struct mm_event_center *center;
    struct mm_kernel *kernel;
    struct mm_waterline_source *waterline; /* outlives the source; NULL: it has no need of one */
    struct mm_source_note note;
    struct mm_wake_watch watch;
    struct mm_timer gathered; /* until then the wake is not listened to */
    unsigned told_count;      /* of takings in a row that brought something, while it waits for rest */
};

/* One kind of them. Each slot's contract beside it. */
struct mm_wake_source_ops {
    const char *name; /* for status */
    size_t size;      /* of the source's own struct */
    enum mm_feature_id feature;
    /* Of a source with wakes of its own, which begins with struct mm_wake_source and frees itself in close; nothing below
       counts then. NULL: it has the one wake below. */
    const struct mm_event_source_ops *own;
    enum mm_wake_kind wake;
    uint64_t gather_ns; /* what was told is taken in that much later, once; 0: at once, each time */
    /* With gather_ns: what was told is acted upon once that long nothing else was, or after the third; 0: at once. */
    uint64_t settle_ns;
    const char *without;     /* said behind why the wake was refused: "; it goes on alone", or "" */
    const char *consequence; /* said behind why nothing more comes */
    /* The wake is open: tells how the source fares. NULL: the feature's reason is told. A negative errno has been told, and
       closes the wake. */
    int (*begin)(struct mm_wake_source *source);
    /* The wake has told. */
    void (*woken)(struct mm_wake_source *source);
    /* Nothing more comes, which has been told; NULL: nothing is to be done. */
    void (*lost)(struct mm_wake_source *source);
    /* Before the source is freed, also where the wake was refused; NULL: nothing is to be done. */
    void (*end)(struct mm_wake_source *source);
};

/* Makes a source and puts it into the center, with which it is closed; zero-filled but for what struct mm_wake_source says,
   and nothing is open yet. note is told where this fails for want of the feature: -EOPNOTSUPP. -ENOMEM, -ENOSPC. */
int mm_wake_source_new(struct mm_event_center *center, struct mm_kernel *kernel,
                       struct mm_waterline_source *waterline, const struct mm_source_note *note,
                       const struct mm_wake_source_ops *ops, struct mm_wake_source **ret_source);

/* Adds a source on one wake, which lives as long as the center. note is told in any case. -EOPNOTSUPP without the
   feature, -ENOMEM, -ENOSPC, as open_wake, as begin. */
int mm_wake_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                       struct mm_waterline_source *waterline, const struct mm_source_note *note,
                       const struct mm_wake_source_ops *ops);

#ifdef __cplusplus
}
#endif

#endif
