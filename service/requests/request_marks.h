/* SPDX-License-Identifier: Apache-2.0 */
/* Marks of clients (client_marks.h) that requests set, and what their end means. */
#ifndef MM_SERVICE_REQUEST_MARKS_H
#define MM_SERVICE_REQUEST_MARKS_H

#include "service/requests/client_marks.h"
#include "service/requests/requests.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Removes those of processes that are on the list no more. */
void mm_client_marks_sweep(const struct mm_service_context *context, struct mm_client_marks *marks);

/* Removes the mark: request_critical.c, request_apps.c. */
void mm_critical_let_go(const struct mm_service_context *context, struct mm_client_marks *marks,
                        struct mm_client_mark *mark);
void mm_apps_let_go(const struct mm_service_context *context, struct mm_client_marks *marks,
                    struct mm_client_mark *mark);

/* An event has been delivered: publishes the states of applications that it changed. */
void mm_apps_follow(const struct mm_service_context *context, struct mm_client_marks *marks,
                    const struct mm_event *event);

#ifdef __cplusplus
}
#endif

#endif
