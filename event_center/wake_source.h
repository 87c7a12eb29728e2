/* SPDX-License-Identifier: Apache-2.0 */
/* What the sources that live on one wake of the kernel interface have in common: their making, their serving, their end. */
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
};

/* One kind of them. Each slot's contract beside it. */
struct mm_wake_source_ops {
    const char *name; /* for status */
    size_t size;      /* of the source's own struct */
    enum mm_feature_id feature;
    enum mm_wake_kind wake;
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

/* Adds a source, which lives as long as the center. note is told in any case. -EOPNOTSUPP without the feature, -ENOMEM,
   -ENOSPC, as open_wake, as begin. */
int mm_wake_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                       struct mm_waterline_source *waterline, const struct mm_source_note *note,
                       const struct mm_wake_source_ops *ops);

#ifdef __cplusplus
}
#endif

#endif
