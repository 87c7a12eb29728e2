/* SPDX-License-Identifier: Apache-2.0 */
/* "subscribe", "reload" and "log-level": what changes the daemon itself. */
#include "service/requests/request.h"

#include "common/common.h"

#include <string.h>

const struct mm_field mm_request_subscribe_fields[] = {
    {"events", MM_FIELD_TEXTS, false, 0, MM_EVENT_KIND_COUNT},
    {.name = NULL},
};

const struct mm_field mm_request_log_level_fields[] = {
    {"level", MM_FIELD_TEXT, true, 1, 16},
    {.name = NULL},
};

uint32_t mm_requests_event_kinds(void)
{
    /* Notices are the kernel interface's own; a configuration is a pointer, its arrival is a decision. */
    return ((1u << MM_EVENT_KIND_COUNT) - 1) & ~(1u << MM_EVENT_NOTICE);
}

static const char *kind_at(size_t index, const void *user)
{
    (void)user;
    return index < MM_EVENT_KIND_COUNT ? mm_event_kind_name((enum mm_event_kind)index) : NULL;
}

/* The bit of a kind that may be asked for; 0 for another word. */
static uint32_t kind_bit(const char *name)
{
    for (unsigned kind = 0; kind < MM_EVENT_KIND_COUNT; kind++) {
        if (strcmp(mm_event_kind_name((enum mm_event_kind)kind), name) == 0)
            return 1u << kind & mm_requests_event_kinds();
    }
    return 0;
}

/* Replaces the client's subscriptions: all kinds when none is named, nothing for an empty array. */
int mm_request_subscribe(struct mm_request *request)
{
    const cJSON *events = cJSON_GetObjectItemCaseSensitive(request->object, "events");
    struct mm_json_writer *writer = request->writer;
    const cJSON *element;
    uint32_t kinds = events ? 0 : mm_requests_event_kinds();

    cJSON_ArrayForEach (element, events) {
        uint32_t bit = kind_bit(element->valuestring);
        const char *nearest = bit ? NULL : mm_nearest_name(element->valuestring, kind_at, NULL);

        if (!bit && nearest)
            return mm_request_refuse(request, "bad-field",
                                     "field \"events\": unknown kind \"%.64s\", is \"%s\" meant?",
                                     element->valuestring, nearest);
        if (!bit)
            return mm_request_refuse(request, "bad-field", "field \"events\": unknown kind \"%.64s\"",
                                     element->valuestring);
        kinds |= bit;
    }
    request->client->subscriptions = kinds;
    request->client->has_subscribed = true;
    mm_json_open(writer, "events", '[');
    for (unsigned kind = 0; kind < MM_EVENT_KIND_COUNT; kind++) {
        if (kinds & 1u << kind)
            mm_json_text(writer, NULL, mm_event_kind_name((enum mm_event_kind)kind));
    }
    mm_json_close(writer, ']');
    return 0;
}

/* "done" is false when the reload has begun, or waits until it is calm: when "reloads" of "status" has risen
   above the number given here, its outcome stands there. */
int mm_request_reload(struct mm_request *request)
{
    const struct mm_daemon_facts *facts = request->context->facts;
    const struct mm_event event = {.kind = MM_EVENT_RELOAD};
    /* One that is under way began before this was asked for. */
    uint64_t before = facts->reload_count + facts->is_reloading;

    mm_event_center_publish(request->context->center, &event);
    if (facts->reload_count <= before) {
        mm_json_bool(request->writer, "done", false);
        mm_json_unsigned(request->writer, "reloads", before);
        return 0;
    }
    if (facts->reload_error < 0)
        return mm_request_refuse(request, "failed", "the old configuration stays: %s", facts->reload_message);
    mm_json_bool(request->writer, "done", true);
    mm_json_text(request->writer, "message", facts->reload_message);
    return 0;
}

int mm_request_log_level(struct mm_request *request)
{
    const char *level = mm_request_text(request, "level", "");
    enum mm_log_level parsed;

    if (mm_log_level_parse(level, &parsed) < 0)
        return mm_request_refuse(request, "bad-field",
                                 "field \"level\" is error, warning, notice, info or debug");
    mm_log_set_level(parsed);
    mm_json_text(request->writer, "level", level);
    return 0;
}
