/* SPDX-License-Identifier: Apache-2.0 */
/* memmgrctl and the daemon: requests, answers, pages. */
#include "service/ctl/memmgrctl.h"

#include "common/common.h"
#include "service/shared/clean_text.h"

#include <errno.h>
#include <memmgr_client.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A daemon under the worst pressure answers within milliseconds; a reload reads the configuration anew. */
#define ANSWER_TIMEOUT_MS 10000

/* Pages of at least a hundred elements: more than every process a machine can have. */
#define PAGES_MAX 50000

static int say(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int say(int exit_code, const char *format, ...)
{
    va_list arguments;

    (void)fputs("memmgrctl: ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    return exit_code;
}

static void *checked(void *memory)
{
    if (!memory)
        exit(say(MM_CTL_REFUSED, "no memory"));
    return memory;
}

int mm_session_open(const struct mm_ctl *ctl, struct mm_session *ret_session)
{
    const char *path = ctl->socket_path ? ctl->socket_path : MEMMGR_CLIENT_DEFAULT_PATH;
    struct memmgr_client *client;
    int result = memmgr_client_connect(path, ANSWER_TIMEOUT_MS, &client);

    if (result == -ENOENT || result == -ECONNREFUSED)
        return say(MM_CTL_NO_DAEMON, "no daemon listens at %s", path);
    if (result < 0)
        return say(MM_CTL_NO_DAEMON, "cannot connect to %s: %s", path, strerror(-result));
    *ret_session =
        (struct mm_session){.client = client, .buffer = checked(malloc(MEMMGR_CLIENT_PACKET_MAX + 1))};
    return MM_CTL_OK;
}

void mm_session_close(struct mm_session *session)
{
    memmgr_client_close(session->client);
    free(session->buffer);
}

cJSON *mm_session_request(const char *name)
{
    cJSON *request = checked(cJSON_CreateObject());

    (void)checked(cJSON_AddStringToObject(request, "request", name));
    return request;
}

int mm_session_receive(struct mm_session *session, int timeout_ms, cJSON **ret_packet)
{
    int result = memmgr_client_receive(session->client, session->buffer, MEMMGR_CLIENT_PACKET_MAX + 1,
                                       timeout_ms, NULL);
    cJSON *packet;

    if (result < 0)
        return result;
    packet = cJSON_Parse(session->buffer);
    if (!cJSON_IsObject(packet)) {
        cJSON_Delete(packet);
        return -EBADMSG;
    }
    *ret_packet = packet;
    return 0;
}

int64_t mm_ctl_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int explain_failure(int error)
{
    if (error == -EPIPE)
        return say(MM_CTL_PROTOCOL, "the daemon has closed the connection");
    if (error == -ETIMEDOUT)
        return say(MM_CTL_PROTOCOL, "the daemon has not answered within %d s", ANSWER_TIMEOUT_MS / 1000);
    if (error == -EBADMSG)
        return say(MM_CTL_PROTOCOL, "the daemon's answer is not understood");
    return say(MM_CTL_PROTOCOL, "the connection failed: %s", strerror(-error));
}

static int explain_refusal(const struct mm_ctl *ctl, const cJSON *answer)
{
    const cJSON *error = mm_json_get(answer, "error");
    char message[512];

    if (ctl->is_json)
        mm_print_json(answer);
    return say(MM_CTL_REFUSED, "%s",
               mm_clean_text(mm_json_get_text(error, "message"), message, sizeof(message)));
}

/* The answer with the id, or one without any: the transport's "busy". Events in between are passed over. */
static int receive_answer(struct mm_session *session, int64_t id, cJSON **ret_answer)
{
    const int64_t deadline_ms = mm_ctl_now_ms() + ANSWER_TIMEOUT_MS;

    for (;;) {
        int64_t left_ms = deadline_ms - mm_ctl_now_ms();
        cJSON *packet;
        int result = left_ms < 0 ? -ETIMEDOUT : mm_session_receive(session, (int)left_ms, &packet);
        const cJSON *packet_id;

        if (result == -EINTR)
            continue;
        if (result < 0)
            return result;
        packet_id = mm_json_get(packet, "id");
        if (!cJSON_IsNumber(packet_id) ? mm_json_get(packet, "ok") != NULL
                                       : (int64_t)packet_id->valuedouble == id) {
            *ret_answer = packet;
            return 0;
        }
        cJSON_Delete(packet);
    }
}

int mm_session_ask(struct mm_session *session, const struct mm_ctl *ctl, cJSON *request, cJSON **ret_answer)
{
    int64_t id = ++session->last_id;
    cJSON *answer = NULL;
    char *text;
    int result;

    (void)checked(cJSON_AddNumberToObject(request, "version", 1));
    (void)checked(cJSON_AddNumberToObject(request, "id", (double)id));
    text = checked(cJSON_PrintUnformatted(request));
    cJSON_Delete(request);
    result = memmgr_client_send(session->client, text, strlen(text), ANSWER_TIMEOUT_MS);
    cJSON_free(text);
    /* A daemon that refuses the connection says why before it closes it. */
    if (result == 0 || result == -EPIPE)
        result = receive_answer(session, id, &answer);
    if (result < 0)
        return explain_failure(result);
    if (!cJSON_IsBool(mm_json_get(answer, "ok")))
        result = explain_failure(-EBADMSG);
    else if (!mm_json_get_bool(answer, "ok"))
        result = explain_refusal(ctl, answer);
    if (result != MM_CTL_OK) {
        cJSON_Delete(answer);
        return result;
    }
    *ret_answer = answer;
    return MM_CTL_OK;
}

int mm_session_ask_once(const struct mm_ctl *ctl, cJSON *request, cJSON **ret_answer)
{
    struct mm_session session;
    int result = mm_session_open(ctl, &session);

    if (result != MM_CTL_OK) {
        cJSON_Delete(request);
        return result;
    }
    result = mm_session_ask(&session, ctl, request, ret_answer);
    mm_session_close(&session);
    return result;
}

/* Numbers seen before, in a growing table of open addressing; processes are some thousands. */
struct seen {
    double *slots; /* 0 is free: no pid and no sequence number is 0 */
    size_t size, count;
};

static bool add_seen(struct seen *seen, double number)
{
    size_t slot;

    if ((seen->count + 1) * 2 > seen->size) {
        struct seen bigger = {.size = seen->size ? seen->size * 2 : 1024};

        bigger.slots = checked(calloc(bigger.size, sizeof(*bigger.slots)));
        for (size_t i = 0; i < seen->size; i++) {
            if (seen->slots[i] != 0)
                (void)add_seen(&bigger, seen->slots[i]);
        }
        free(seen->slots);
        *seen = bigger;
    }
    for (slot = (size_t)(uint64_t)number % seen->size; seen->slots[slot] != 0;
         slot = (slot + 1) % seen->size) {
        if (seen->slots[slot] == number)
            return false;
    }
    seen->slots[slot] = number;
    seen->count++;
    return true;
}

/* Moves the page's new elements to the end of `all`, at most `limit` in all. */
static void join(cJSON *all, cJSON *page, const char *unique, struct seen *seen, int64_t limit)
{
    cJSON *element;

    while ((element = cJSON_DetachItemFromArray(page, 0)) != NULL) {
        double number = mm_json_get_number(element, unique);
        bool is_wanted = number > 0 && (limit < 0 || (int64_t)seen->count < limit);

        if (is_wanted && add_seen(seen, number))
            (void)cJSON_AddItemToArray(all, element);
        else
            cJSON_Delete(element);
    }
}

int mm_session_ask_pages(struct mm_session *session, const struct mm_ctl *ctl, const cJSON *request,
                         const char *key, const char *unique, int64_t limit, cJSON **ret_answer)
{
    cJSON *answer = NULL, *all = checked(cJSON_CreateArray());
    char cursor[128] = "";
    struct seen seen = {.slots = NULL};
    int result = MM_CTL_OK;

    for (unsigned pages = 0; pages < PAGES_MAX; pages++) {
        cJSON *page_request = checked(cJSON_Duplicate(request, 1));

        if (cursor[0])
            (void)checked(cJSON_AddStringToObject(page_request, "cursor", cursor));
        cJSON_Delete(answer);
        answer = NULL;
        result = mm_session_ask(session, ctl, page_request, &answer);
        if (result != MM_CTL_OK)
            break;
        join(all, cJSON_GetObjectItemCaseSensitive(answer, key), unique, &seen, limit);
        mm_copy_text(cursor, sizeof(cursor), mm_json_get_text(answer, "cursor"));
        if (!cursor[0] || (limit >= 0 && (int64_t)seen.count >= limit))
            break;
    }
    free(seen.slots);
    if (result != MM_CTL_OK) {
        cJSON_Delete(all);
        return result;
    }
    (void)cJSON_ReplaceItemInObjectCaseSensitive(answer, key, all);
    cJSON_DeleteItemFromObjectCaseSensitive(answer, "cursor");
    *ret_answer = answer;
    return MM_CTL_OK;
}

const cJSON *mm_json_get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

double mm_json_get_number(const cJSON *object, const char *name)
{
    const cJSON *item = mm_json_get(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

const char *mm_json_get_text(const cJSON *object, const char *name)
{
    const cJSON *item = mm_json_get(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

bool mm_json_get_bool(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(mm_json_get(object, name));
}
