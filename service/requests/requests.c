/* SPDX-License-Identifier: Apache-2.0 */
/* From a packet to a handler and back: the table of requests. What each does is in request_*.c. */
#include "service/requests/requests.h"

#include "common/common.h"
#include "service/requests/request.h"
#include "service/requests/request_marks.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* An event's packet is a few hundred bytes; the longest holds a kill record with its reason. */
#define EVENT_PACKET_MAX 4096

struct mm_requests {
    const struct mm_service_context *context;
    struct mm_json_arena arena;
    struct mm_json_writer writer;
    struct mm_json_writer event_writer;
    struct mm_request_counters counters;
    unsigned device_changes;
    struct mm_client_marks critical;
    struct mm_registered_apps apps;
    struct mm_request *current; /* being handled; NULL: none */
    char answer[MM_CONTROL_PACKET_MAX];
    /* Of its own: an event may be told while an answer is being written. */
    char event[EVENT_PACKET_MAX];
};

static const struct mm_field no_fields[] = {{.name = NULL}};

static const struct request_kind {
    const char *name;
    bool needs_permission;
    mm_request_handler handler;
    const struct mm_field *fields;
} kinds[] = {
    {"status", false, mm_request_status, no_fields},
    {"list", false, mm_request_list, mm_request_list_fields},
    {"explain", false, mm_request_explain, mm_request_explain_fields},
    {"kills", false, mm_request_kills, mm_request_kills_fields},
    {"subscribe", false, mm_request_subscribe, mm_request_subscribe_fields},
    {"event", true, mm_request_event, mm_request_event_fields},
    {"reload", true, mm_request_reload, no_fields},
    {"log-level", true, mm_request_log_level, mm_request_log_level_fields},
    {"flows", false, mm_request_flows, no_fields},
    {"flow", true, mm_request_flow, mm_request_flow_fields},
    {"memory", false, mm_request_memory, no_fields},
    {"critical", false, mm_request_critical, mm_request_critical_fields},
    {"app-register", true, mm_request_app_register, mm_request_app_fields},
    {"app-deregister", true, mm_request_app_deregister, mm_request_app_fields},
    {"app-reclaim", true, mm_request_app_reclaim, mm_request_app_fields},
};

int mm_requests_new(const struct mm_service_context *context, struct mm_requests **ret_requests)
{
    struct mm_requests *requests = calloc(1, sizeof(*requests));

    if (!requests)
        return -ENOMEM;
    requests->context = context;
    *ret_requests = requests;
    return 0;
}

void mm_requests_free(struct mm_requests *requests)
{
    free(requests);
}

const struct mm_service_context *mm_requests_context(const struct mm_requests *requests)
{
    return requests->context;
}

struct mm_registered_apps *mm_requests_apps(struct mm_requests *requests)
{
    return &requests->apps;
}

void mm_requests_client_gone(struct mm_requests *requests, const void *identity)
{
    struct mm_client_mark *mark;

    if (requests->current && requests->current->client->identity == identity)
        requests->current->is_client_gone = true;
    /* anew after each: what is published may end other connections, and their marks with them */
    while ((mark = mm_client_marks_of_client(&requests->critical, identity)))
        mm_critical_release(requests->context, &requests->critical, mark);
    while ((mark = mm_client_marks_of_client(&requests->apps.marks, identity)))
        mm_apps_release(requests->context, &requests->apps, mark);
}

static void count_refusal(struct mm_request_counters *counters, const char *code)
{
    const struct {
        const char *code;
        uint64_t *counter;
    } rows[] = {
        {"permission-denied", &counters->permission_denied},
        {"wrong-owner", &counters->wrong_owner},
        {"no-such-process", &counters->no_such_process},
        {"protected-process", &counters->protected_process},
        {"too-many", &counters->too_many},
        {"too-long", &counters->too_long},
    };

    counters->refused++;
    for (size_t i = 0; i < MM_ARRAY_SIZE(rows); i++) {
        if (strcmp(rows[i].code, code) == 0)
            ++*rows[i].counter;
    }
}

static void begin_answer(struct mm_request *request, bool is_ok)
{
    struct mm_json_writer *writer = request->writer;

    mm_json_init(writer, writer->buffer, writer->size);
    mm_json_open(writer, NULL, '{');
    mm_json_unsigned(writer, "version", MM_PROTOCOL_VERSION);
    if (request->has_id)
        mm_json_signed(writer, "id", request->id);
    else
        mm_json_null(writer, "id");
    mm_json_bool(writer, "ok", is_ok);
}

int mm_request_refuse(struct mm_request *request, const char *code, const char *format, ...)
{
    char message[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    count_refusal(request->counters, code);
    begin_answer(request, false);
    mm_json_open(request->writer, "error", '{');
    mm_json_text(request->writer, "code", code);
    mm_json_text(request->writer, "message", message);
    mm_json_close(request->writer, '}');
    return -ECANCELED;
}

static const char *kind_name(size_t index, const void *user)
{
    (void)user;
    return index < MM_ARRAY_SIZE(kinds) ? kinds[index].name : NULL;
}

static const struct request_kind *find_kind(struct mm_request *request, const char *name)
{
    const char *nearest;

    for (size_t i = 0; i < MM_ARRAY_SIZE(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    nearest = mm_nearest_name(name, kind_name, NULL);
    if (nearest)
        (void)mm_request_refuse(request, "unknown-request", "unknown request \"%.64s\", is \"%s\" meant?",
                                name, nearest);
    else
        (void)mm_request_refuse(request, "unknown-request", "unknown request \"%.64s\"", name);
    return NULL;
}

bool mm_requests_is_root(const struct mm_service_context *context, const struct mm_control_peer *peer)
{
    return peer->uid == 0 || peer->uid == context->facts->uid;
}

bool mm_requests_may_change(const struct mm_service_context *context, const struct mm_control_peer *peer)
{
    const struct mm_control_socket_config *config = &context->config->control_socket;
    uid_t uid = peer->uid;

    if (mm_requests_is_root(context, peer))
        return true;
    for (size_t i = 0; i < config->allowed_uid_count; i++) {
        if (config->allowed_uids[i] == uid)
            return true;
    }
    return false;
}

static bool is_whole(const cJSON *item, double min, double max)
{
    return cJSON_IsNumber(item) && item->valuedouble >= min && item->valuedouble <= max &&
           item->valuedouble == (double)(int64_t)item->valuedouble;
}

/* version, id and request: what tells how to read the rest. */
static const struct request_kind *read_envelope(struct mm_request *request)
{
    const cJSON *version, *id, *name;

    if (!cJSON_IsObject(request->object)) {
        (void)mm_request_refuse(request, "not-json", "a request is a JSON object");
        return NULL;
    }
    id = cJSON_GetObjectItemCaseSensitive(request->object, "id");
    if (is_whole(id, 0, (double)MM_JSON_INTEGER_MAX)) {
        request->has_id = true;
        request->id = (int64_t)id->valuedouble;
    }
    version = cJSON_GetObjectItemCaseSensitive(request->object, "version");
    if (!version) {
        (void)mm_request_refuse(request, "missing-field", "field \"version\" is missing");
        return NULL;
    }
    if (!is_whole(version, MM_PROTOCOL_VERSION, MM_PROTOCOL_VERSION)) {
        (void)mm_request_refuse(request, "unsupported-version", "only version %d is spoken here",
                                MM_PROTOCOL_VERSION);
        return NULL;
    }
    if (!request->has_id) {
        (void)mm_request_refuse(request, id ? "bad-field" : "missing-field",
                                id ? "field \"id\" is a whole number from 0 to 2^53 - 1"
                                   : "field \"id\" is missing");
        return NULL;
    }
    name = cJSON_GetObjectItemCaseSensitive(request->object, "request");
    if (!cJSON_IsString(name)) {
        (void)mm_request_refuse(request, name ? "bad-field" : "missing-field",
                                name ? "field \"request\" is a text" : "field \"request\" is missing");
        return NULL;
    }
    return find_kind(request, name->valuestring);
}

static int dispatch(struct mm_request *request)
{
    const struct request_kind *kind = read_envelope(request);
    int result;

    if (!kind)
        return -ECANCELED;
    if (kind->needs_permission && !mm_requests_may_change(request->context, &request->client->peer))
        return mm_request_refuse(request, "permission-denied",
                                 "uid %u may read, but not send the request \"%s\"",
                                 (unsigned)request->client->peer.uid, kind->name);
    result = mm_request_check_fields(request, kind->fields);
    if (result < 0)
        return result;
    begin_answer(request, true);
    result = kind->handler(request);
    if (result == 0 && request->writer->is_full)
        return mm_request_refuse(request, "too-large", "the answer does not fit into one packet");
    return result;
}

void mm_requests_handle(struct mm_requests *requests, struct mm_request_client *client, const char *packet,
                        size_t length)
{
    struct mm_request request = {.context = requests->context,
                                 .client = client,
                                 .writer = &requests->writer,
                                 .counters = &requests->counters,
                                 .device_changes = &requests->device_changes,
                                 .critical = &requests->critical,
                                 .apps = &requests->apps};
    int result = mm_json_parse(&requests->arena, packet, length, &request.object);

    requests->counters.handled++;
    if (!client->identity)
        client->identity = client;
    requests->current = &request;
    mm_json_init(&requests->writer, requests->answer, sizeof(requests->answer));
    if (result == -E2BIG)
        (void)mm_request_refuse(&request, "too-complex",
                                "the packet is nested too deeply or has too much in it");
    else if (result < 0)
        (void)mm_request_refuse(&request, "not-json", "the packet is not JSON");
    else
        (void)dispatch(&request);
    requests->current = NULL;
    mm_json_close(&requests->writer, '}');
    client->send(client, requests->writer.buffer, requests->writer.length);
}

void mm_requests_too_long(struct mm_requests *requests)
{
    requests->counters.handled++;
    count_refusal(&requests->counters, "too-long");
}

const char *mm_requests_event_packet(struct mm_requests *requests, const struct mm_event *event,
                                     size_t *ret_length)
{
    struct mm_json_writer *writer = &requests->event_writer;

    if (!(mm_requests_event_kinds() & 1u << event->kind))
        return NULL;
    mm_json_init(writer, requests->event, sizeof(requests->event));
    mm_json_open(writer, NULL, '{');
    mm_json_unsigned(writer, "version", MM_PROTOCOL_VERSION);
    mm_json_event(writer, requests->context, event);
    mm_json_close(writer, '}');
    if (writer->is_full)
        return NULL;
    *ret_length = writer->length;
    return writer->buffer;
}
