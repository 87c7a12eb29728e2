/* SPDX-License-Identifier: Apache-2.0 */
/* One request being handled: what the families of handlers (request_*.c) share. Not for other folders. */
#ifndef MM_SERVICE_REQUEST_H
#define MM_SERVICE_REQUEST_H

#include "service/requests/json_arena.h"
#include "service/requests/json_writer.h"
#include "service/requests/requests.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest number that a double, and so JSON as most read it, holds exactly. */
#define MM_JSON_INTEGER_MAX 9007199254740991LL

/* Kept free while a page is filled, for the cursor and the brackets behind it. */
#define MM_PAGE_TAIL_BYTES 128

enum mm_field_type {
    MM_FIELD_INTEGER, /* whole, min..max */
    MM_FIELD_TEXT,    /* clean text (clean_text.h) of min..max bytes */
    MM_FIELD_BOOL,
    MM_FIELD_TEXTS, /* an array of at most max texts of at most 63 bytes */
};

struct mm_field {
    const char *name; /* NULL ends a table */
    enum mm_field_type type;
    bool is_required;
    int64_t min, max;
};

struct mm_client_marks;
struct mm_registered_apps;

struct mm_request {
    const struct mm_service_context *context;
    struct mm_request_client *client;
    const cJSON *object;
    bool has_id;
    int64_t id;
    struct mm_json_writer *writer;
    struct mm_request_counters *counters;
    unsigned *device_changes;         /* mask of 1u << enum mm_device_change: the last word on each matter */
    struct mm_client_marks *critical; /* client_marks.h */
    struct mm_registered_apps *apps;  /* request_marks.h */
    bool is_client_gone;              /* its connection ended while an event was published */
};

/* A handler writes its fields of the answer and returns 0, or what mm_request_refuse returns. */
typedef int (*mm_request_handler)(struct mm_request *request);

/* Replaces what was written of the answer by a refusal; returns -ECANCELED. */
__attribute__((format(printf, 3, 4))) int mm_request_refuse(struct mm_request *request, const char *code,
                                                            const char *format, ...);

/* Checks every field of the object against the table and those that all requests have. 0 or refused. */
int mm_request_check_fields(struct mm_request *request, const struct mm_field *fields);

/* Values of fields that were checked. */
bool mm_request_has(const struct mm_request *request, const char *field);
int64_t mm_request_integer(const struct mm_request *request, const char *field, int64_t missing);
const char *mm_request_text(const struct mm_request *request, const char *field, const char *missing);
bool mm_request_bool(const struct mm_request *request, const char *field, bool missing);

/* The numbers of a cursor such as "-5:4711": exactly count, each of at most 2^63 - 1. -EINVAL. */
int mm_cursor_parse(const char *text, int64_t *ret_numbers, unsigned count);

int mm_request_status(struct mm_request *request);
int mm_request_list(struct mm_request *request);
int mm_request_event(struct mm_request *request);
int mm_request_explain(struct mm_request *request);
int mm_request_kills(struct mm_request *request);
int mm_request_subscribe(struct mm_request *request);
int mm_request_reload(struct mm_request *request);
int mm_request_log_level(struct mm_request *request);
int mm_request_flows(struct mm_request *request);
int mm_request_flow(struct mm_request *request);
int mm_request_memory(struct mm_request *request);
int mm_request_critical(struct mm_request *request);
int mm_request_app_register(struct mm_request *request);
int mm_request_app_deregister(struct mm_request *request);
int mm_request_app_reclaim(struct mm_request *request);

extern const struct mm_field mm_request_list_fields[];
extern const struct mm_field mm_request_event_fields[];
extern const struct mm_field mm_request_explain_fields[];
extern const struct mm_field mm_request_kills_fields[];
extern const struct mm_field mm_request_subscribe_fields[];
extern const struct mm_field mm_request_log_level_fields[];
extern const struct mm_field mm_request_flow_fields[];
extern const struct mm_field mm_request_critical_fields[];
extern const struct mm_field mm_request_app_fields[];

/* Parts of an answer that events for subscribers have as well. */
void mm_json_kill_record(struct mm_json_writer *writer, const struct mm_kill_record *record);
void mm_json_decision(struct mm_json_writer *writer, const struct mm_decision *decision);

/* "event", "time_ns" and what the event carries. */
void mm_json_event(struct mm_json_writer *writer, const struct mm_service_context *context,
                   const struct mm_event *event);

/* Root, and whom the daemon runs as. */
bool mm_requests_is_root(const struct mm_service_context *context, const struct mm_control_peer *peer);
/* These, and the configuration's allowed uids. */
bool mm_requests_may_change(const struct mm_service_context *context, const struct mm_control_peer *peer);

const struct mm_service_context *mm_requests_context(const struct mm_requests *requests);
struct mm_registered_apps *mm_requests_apps(struct mm_requests *requests);

#ifdef __cplusplus
}
#endif

#endif
