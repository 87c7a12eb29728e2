/* SPDX-License-Identifier: Apache-2.0 */
/* Marks of clients (client_marks.h) that requests set, and what their end means. */
#ifndef MM_SERVICE_REQUEST_MARKS_H
#define MM_SERVICE_REQUEST_MARKS_H

#include "service/requests/client_marks.h"
#include "service/requests/requests.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The applications whose states are told. */
struct mm_registered_apps {
    struct mm_client_marks marks;
    bool has_untold;    /* a change waits for a place in the queue of events */
    uint64_t looked_ns; /* when all were looked at last */
};

/* Removes those of processes that have ended or left. */
void mm_client_marks_sweep(const struct mm_service_context *context, struct mm_client_marks *marks);

/* Ends the mark, and publishes what follows: request_critical.c, request_apps.c. */
void mm_critical_release(const struct mm_service_context *context, struct mm_client_marks *marks,
                         struct mm_client_mark *mark);
void mm_apps_release(const struct mm_service_context *context, struct mm_registered_apps *apps,
                     struct mm_client_mark *mark);

/* An event has been delivered: publishes the states of applications that it changed, or that changed before without
   an event or a place in the queue. */
void mm_apps_follow(const struct mm_service_context *context, struct mm_registered_apps *apps,
                    const struct mm_event *event);

/* The event that tells what the application with the least pid above `after` is, as subscribers were told last. False:
   there is none. */
bool mm_apps_present(const struct mm_registered_apps *apps, pid_t after, struct mm_event *ret_event);

#ifdef __cplusplus
}
#endif

#endif
