/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of the kernel's memory state share: a wake of the kernel interface in the hands of the loop, and how
 * a source says how it fares.
 */
#ifndef MM_EVENT_CENTER_WAKE_WATCH_H
#define MM_EVENT_CENTER_WAKE_WATCH_H

#include "event_center/event_center.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Embedded in its source; zero-initialised it is closed. */
struct mm_wake_watch {
    struct mm_list link; /* of those that are told by notices */
    struct mm_event_center *center;
    struct mm_kernel *kernel;
    struct mm_wake *wake; /* NULL: closed */
    const struct mm_event_source_ops *ops;
    void *source;
    uint64_t tag;
    int fd;
};

/* Opens the wake and has ops->ready(source, tag, ...) called when there is something to take; the source was added
   before. request->cookie does not matter. As open_wake. */
int mm_wake_watch_open(struct mm_wake_watch *watch, struct mm_event_center *center, struct mm_kernel *kernel,
                       const struct mm_event_source_ops *ops, void *source,
                       const struct mm_wake_request *request, uint64_t tag);
/* As take_wake; with an error the watch is closed. */
int mm_wake_watch_take(struct mm_wake_watch *watch);
void mm_wake_watch_close(struct mm_wake_watch *watch);
/* Does not listen until mm_wake_watch_resume, for what comes more often than anybody wants to know; take_wake then says
   once what came meanwhile (in the simulated kernel it is lost). Its place in the loop stays its own. Both do nothing on a
   closed one. */
void mm_wake_watch_pause(struct mm_wake_watch *watch);
int mm_wake_watch_resume(struct mm_wake_watch *watch);
bool mm_wake_watch_is_open(const struct mm_wake_watch *watch);

/* How a source fares, for status: said at its start and whenever that changes. Zero-initialised nobody wants to know. */
struct mm_source_note {
    void (*tell)(const char *name, bool is_active, const char *detail, void *user);
    void *user;
};

/* Tells alone: what this kernel lacks, or nobody wants, was said elsewhere. */
void mm_source_tell_absent(const struct mm_source_note *note, const char *name, const char *reason);
/* Tells, and says it in the log where the source does nothing. */
__attribute__((format(printf, 4, 5))) void mm_source_tell(const struct mm_source_note *note, const char *name,
                                                          bool is_active, const char *format, ...);

/* As mm_wake_watch_take; why nothing more comes is told of the source, with what that means: "it goes on alone". */
int mm_wake_watch_serve(struct mm_wake_watch *watch, const struct mm_source_note *note, const char *name,
                        const char *consequence);

#ifdef __cplusplus
}
#endif

#endif
