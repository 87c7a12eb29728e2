/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of a daemon that is none, one a line, to a session that waits for an answer: nothing is read past, what is
 * taken is JSON, and what a program is told is text.
 */
#include "session.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold, or the fuzzer stops. */
static void require(bool is_so)
{
    if (!is_so)
        abort();
}

static void require_text(const char *text, size_t size)
{
    size_t length = strnlen(text, size);

    require(length < size);
    for (size_t at = 0; at < length;) {
        size_t character = mm_utf8_length(text + at, length - at);

        require(character > 0);
        at += character;
    }
}

/* Halves of UTF-16 pairs and U+0000 are the only things that ours takes and cJSON does not. */
static void require_json(const char *packet, size_t length)
{
    cJSON *json;

    if (memmem(packet, length, "\\u", 2))
        return;
    json = cJSON_ParseWithLengthOpts(packet, length, NULL, 0);
    require(json != NULL);
    cJSON_Delete(json);
}

static void read_answer(struct mm_json_span answer)
{
    struct memmgr_memory memory = MEMMGR_MEMORY_INIT;
    struct mm_json_span array, element = {0};
    struct memmgr_process process;

    mm_read_memory(answer, &memory);
    require(strcmp(memmgr_level_name(memory.level), "unknown") != 0);
    if (!mm_json_span_member(answer, "processes", &array))
        return;
    while (mm_json_span_next(array, &element)) {
        mm_read_process(element, &process);
        require_text(process.name, sizeof(process.name));
        require_text(process.why, sizeof(process.why));
    }
}

static void take_events(struct memmgr_session *session)
{
    while (session->event_count > 0) {
        const struct memmgr_event event = session->events[session->event_first];

        session->event_first = (session->event_first + 1) % MM_SESSION_EVENTS_MAX;
        session->event_count--;
        require(event.size == sizeof(event) && event.kind > 0);
        require_text(event.name, sizeof(event.name));
        require_text(event.text, sizeof(event.text));
    }
}

static void take_line(struct memmgr_session *session, const uint8_t *line, size_t length)
{
    struct mm_json_span packet;
    /* Of exactly its size, so that reading past it shows. */
    char *copy = malloc(length + 1);

    require(copy != NULL);
    memcpy(copy, line, length);
    copy[length] = '\0';
    if (mm_json_span_parse(copy, length, &packet) == 0) {
        require_json(copy, length);
        read_answer(packet);
        (void)mm_session_judge(session, packet);
        require_text(session->message, sizeof(session->message));
    }
    free(copy);
    memcpy(session->packet, line, length);
    session->packet[length] = '\0';
    mm_session_take_packet(session, length);
    session->answer_length = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct memmgr_session *session;
    struct memmgr_options options = MEMMGR_OPTIONS_INIT;

    options.path = "/nowhere";
    if (!session)
        require(memmgr_session_new(&options, &session) == 0);
    session->subscriptions = MEMMGR_SUBSCRIBE_LEVELS | MEMMGR_SUBSCRIBE_KILLS | MEMMGR_SUBSCRIBE_PURGEABLE;
    session->told_level = MEMMGR_LEVEL_NONE;
    session->awaited_id = 1;
    while (size > 0) {
        const uint8_t *newline = memchr(data, '\n', size);
        size_t length = newline ? (size_t)(newline - data) : size;

        if (length <= MEMMGR_CLIENT_PACKET_MAX)
            take_line(session, data, length);
        data += length + (newline != NULL);
        size -= length + (newline != NULL);
        take_events(session);
    }
    return 0;
}
