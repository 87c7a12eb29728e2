/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's connection:
 *
 *   AWAY --the timer says so, the daemon is there--> GREETING --all is said--> READY
 *    ^                                                  |                        |
 *    +------ it has gone, says nonsense, or nothing ----+------------------------+
 *
 * Nothing here waits but mm_session_ask and memmgr_session_next, and those only in poll, for the socket and the timer.
 */
#include "session.h"

#include "monotonic.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* A daemon is back within some ten milliseconds after a restart; one that is away for long costs a look every 2 s. */
#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 2000
/* A connection that lasted this long counts as good: the next one is tried soon. */
#define GOOD_MS 5000
/* In which a daemon answers whatever it is told: under the worst pressure within milliseconds. */
#define GREETING_MS 10000

/* At a time, between two looks at the clock: a daemon that never pauses makes no call longer. */
#define PACKETS_AT_ONCE 64

#define TIMEOUT_MAX_MS 3600000
#define REMEMBER_MAX   8192
#define OPTIONS_SIZE   (offsetof(struct memmgr_options, remember_max) + sizeof(uint32_t))
#define EVENT_SIZE     (offsetof(struct memmgr_event, text) + MEMMGR_TEXT_MAX)

/* ---- its descriptors ------------------------------------------------------------------------------------ */

static int add_fd(struct memmgr_session *session, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(session->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* moment_ms: of CLOCK_MONOTONIC; 0: never. One that is past fires at once. */
static void set_timer(struct memmgr_session *session, int64_t moment_ms)
{
    struct itimerspec timer = {
        .it_value = {.tv_sec = moment_ms / 1000, .tv_nsec = moment_ms % 1000 * 1000000}};

    (void)timerfd_settime(session->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

static void clear_timer(struct memmgr_session *session)
{
    uint64_t count;

    /* none where it has not fired */
    if (read(session->timer_fd, &count, sizeof(count)) < 0)
        return;
}

void mm_session_update_wake(struct memmgr_session *session)
{
    uint64_t one = 1;

    if (session->event_count > 0)
        (void)!write(session->wake_fd, &one, sizeof(one));
    else
        (void)!read(session->wake_fd, &one, sizeof(one));
}

/* ---- coming and going ------------------------------------------------------------------------------------ */

static void try_later(struct memmgr_session *session)
{
    session->state = MM_SESSION_AWAY;
    session->retry_ms = session->tried_ms + session->backoff_ms;
    if (session->retry_ms < mm_monotonic_now_ms())
        session->retry_ms = mm_monotonic_now_ms() + BACKOFF_MIN_MS;
    session->backoff_ms = session->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : session->backoff_ms * 2;
    set_timer(session, session->retry_ms);
}

void mm_session_lose(struct memmgr_session *session, int error)
{
    struct memmgr_event event = MEMMGR_EVENT_INIT;
    bool was_ready = session->state == MM_SESSION_READY;

    /* out of the epoll's set by this, too */
    memmgr_client_close(session->client);
    session->client = NULL;
    session->greeting_id = 0;
    session->away_error = error;
    if (was_ready && mm_monotonic_now_ms() - session->ready_ms >= GOOD_MS)
        session->backoff_ms = BACKOFF_MIN_MS;
    try_later(session);
    event.kind = MEMMGR_EVENT_DISCONNECTED;
    event.error = error;
    if (was_ready)
        mm_session_push(session, &event);
}

void mm_session_greeted(struct memmgr_session *session)
{
    struct memmgr_event event = MEMMGR_EVENT_INIT;

    session->state = MM_SESSION_READY;
    session->ready_ms = mm_monotonic_now_ms();
    set_timer(session, 0);
    event.kind = MEMMGR_EVENT_CONNECTED;
    mm_session_push(session, &event);
}

static void try_now(struct memmgr_session *session)
{
    int result;

    session->tried_ms = mm_monotonic_now_ms();
    result = memmgr_client_connect(session->path, 0, &session->client);
    if (result == 0)
        result = add_fd(session, memmgr_client_fd(session->client));
    if (result < 0) {
        memmgr_client_close(session->client);
        session->client = NULL;
        session->away_error = result;
        (void)snprintf(session->message, sizeof(session->message), "%s: %s", session->path,
                       strerror(-result));
        try_later(session);
        return;
    }
    session->connections++;
    session->state = MM_SESSION_GREETING;
    set_timer(session, session->tried_ms + GREETING_MS);
    mm_session_greet(session);
}

/* ---- packets ----------------------------------------------------------------------------------------------- */

int mm_session_send(struct memmgr_session *session, const char *body, uint64_t *ret_id)
{
    char packet[MM_BODY_MAX + 64];
    uint64_t id = ++session->last_id;
    int length = snprintf(packet, sizeof(packet), "{\"version\":1,\"id\":%" PRIu64 ",%s}", id, body);
    int result = memmgr_client_send(session->client, packet, (size_t)length, 0);

    if (result == 0)
        *ret_id = id;
    return result;
}

/* An answer, or the socket's own word that it ends the connection, which has no id. */
static void take_answer(struct memmgr_session *session, struct mm_json_span packet, size_t length)
{
    struct mm_json_span member;
    int64_t id;

    if (!mm_json_span_member(packet, "id", &member) || !mm_json_span_integer(member, 0, INT64_MAX, &id)) {
        int result = mm_session_judge(session, packet);

        mm_session_lose(session, result < 0 ? result : -EBADMSG);
    } else if (session->greeting_id != 0 && (uint64_t)id == session->greeting_id) {
        mm_session_greet_on(session, packet);
    } else if (session->awaited_id != 0 && (uint64_t)id == session->awaited_id) {
        session->answer_length = length;
    }
    /* else one that nobody waits for any more */
}

void mm_session_take_packet(struct memmgr_session *session, size_t length)
{
    struct mm_json_span packet, member;
    int64_t version;

    if (mm_json_span_parse(session->packet, length, &packet) < 0 ||
        !mm_json_span_member(packet, "version", &member) || !mm_json_span_integer(member, 1, 1, &version))
        mm_session_lose(session, -EBADMSG);
    else if (mm_json_span_member(packet, "event", &member))
        mm_session_take_event(session, packet);
    else
        take_answer(session, packet, length);
}

/* Who subscribes anew is told all that is. Without room for that it is tried again soon; a greeting says it anyway. */
static void ask_for_states(struct memmgr_session *session)
{
    struct mm_body body;
    uint64_t id;
    int result;

    if (!session->owes_states || session->event_count > 0 || session->state != MM_SESSION_READY)
        return;
    if (session->subscriptions & MEMMGR_SUBSCRIBE_PURGEABLE) {
        mm_session_subscribe_body(&body, session->subscriptions);
        result = mm_session_send(session, body.text, &id);
        if (result == -ETIMEDOUT) {
            set_timer(session, mm_monotonic_now_ms() + BACKOFF_MIN_MS);
            return;
        }
        if (result < 0)
            mm_session_lose(session, result);
    }
    session->owes_states = false;
}

/* Much of what can be done without waiting. Stops at an answer that is awaited, and, where no call is under way, at a full
   ring: the socket keeps the rest, and the daemon gives up who never comes for it. */
static void pump(struct memmgr_session *session)
{
    size_t length;
    int result;

    clear_timer(session);
    if (session->state == MM_SESSION_AWAY && mm_monotonic_now_ms() >= session->retry_ms)
        try_now(session);
    else if (session->state == MM_SESSION_GREETING &&
             mm_monotonic_now_ms() >= session->tried_ms + GREETING_MS)
        mm_session_lose(session, -ETIMEDOUT);
    ask_for_states(session);
    for (unsigned i = 0; i < PACKETS_AT_ONCE && session->client && session->answer_length == 0 &&
                         (session->deadline_ms != 0 || session->event_count < MM_SESSION_EVENTS_MAX);
         i++) {
        result = memmgr_client_receive(session->client, session->packet, sizeof(session->packet), 0, &length);
        if (result == -ETIMEDOUT || result == -EINTR)
            return;
        if (result < 0)
            mm_session_lose(session, result);
        else
            mm_session_take_packet(session, length);
    }
}

/* For the socket and the timer. 0 also when nothing came; what poll said. */
static int wait_for(const struct memmgr_session *session, int64_t deadline_ms, bool wants_room)
{
    int64_t left_ms = deadline_ms - mm_monotonic_now_ms();
    struct pollfd pollers[] = {
        {.fd = session->timer_fd, .events = POLLIN},
        {.fd = session->client ? memmgr_client_fd(session->client) : -1,
         .events = (short)(wants_room ? POLLIN | POLLOUT : POLLIN)},
    };

    if (deadline_ms == INT64_MAX)
        left_ms = -1;
    else if (left_ms < 0)
        left_ms = 0;
    return poll(pollers, 2, (int)left_ms) < 0 ? -errno : 0;
}

/* ---- asking ------------------------------------------------------------------------------------------------- */

/* Somebody waits: the next try is now, unless the last was just before. */
static void hurry(struct memmgr_session *session)
{
    if (session->state != MM_SESSION_AWAY || session->retry_ms <= session->tried_ms + BACKOFF_MIN_MS)
        return;
    session->retry_ms = session->tried_ms + BACKOFF_MIN_MS;
    session->backoff_ms = BACKOFF_MIN_MS;
    set_timer(session, session->retry_ms);
}

/* Sends it, also anew where the connection that it went over is no more. True: the socket has no room. */
static bool send_once(struct memmgr_session *session, uint64_t *sent_over)
{
    int result;

    if (session->state != MM_SESSION_READY || *sent_over == session->connections)
        return false;
    result = mm_session_send(session, session->body.text, &session->awaited_id);
    if (result == 0)
        *sent_over = session->connections;
    else if (result != -ETIMEDOUT)
        mm_session_lose(session, result);
    return result == -ETIMEDOUT;
}

static int await_answer(struct memmgr_session *session)
{
    const int64_t deadline_ms = session->deadline_ms;
    uint64_t sent_over = 0;

    for (;;) {
        bool is_full;
        int result;

        pump(session);
        if (session->answer_length > 0)
            return 0;
        is_full = send_once(session, &sent_over);
        if (mm_monotonic_now_ms() >= deadline_ms)
            return session->state == MM_SESSION_READY ? -ETIMEDOUT : -ENOTCONN;
        /* lost just now: the timer says when */
        result = wait_for(session, deadline_ms, is_full);
        if (result < 0 && result != -EINTR)
            return result;
    }
}

void mm_session_begin_call(struct memmgr_session *session)
{
    session->deadline_ms = mm_monotonic_now_ms() + session->timeout_ms;
}

void mm_session_end_call(struct memmgr_session *session)
{
    session->deadline_ms = 0;
}

int mm_session_ask(struct memmgr_session *session, struct mm_json_span *ret_answer)
{
    const bool is_alone = session->deadline_ms == 0;
    int result = session->body.error;

    if (session->is_visiting)
        return -EBUSY;
    if (result < 0)
        return result;
    if (is_alone)
        mm_session_begin_call(session);
    session->message[0] = '\0';
    session->answer_length = 0;
    session->awaited_id = 0;
    hurry(session);
    result = await_answer(session);
    if (result == 0)
        (void)mm_json_span_parse(session->packet, session->answer_length, ret_answer);
    if (result == 0)
        result = mm_session_judge(session, *ret_answer);
    session->awaited_id = 0;
    session->answer_length = 0;
    if (result == -EBADMSG)
        mm_session_lose(session, result);
    if (is_alone)
        mm_session_end_call(session);
    mm_session_update_wake(session);
    return result;
}

/* ---- public --------------------------------------------------------------------------------------------------- */

int memmgr_session_next(struct memmgr_session *session, int timeout_ms, struct memmgr_event *event)
{
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : mm_monotonic_now_ms() + timeout_ms;
    int result = 0;

    if (session->is_visiting)
        return -EBUSY;
    pump(session);
    while (session->event_count == 0 && result == 0) {
        if (timeout_ms >= 0 && mm_monotonic_now_ms() >= deadline_ms)
            result = -ETIMEDOUT;
        else
            result = wait_for(session, deadline_ms, false);
        if (result == 0)
            pump(session);
    }
    if (session->event_count > 0) {
        struct memmgr_event *first = &session->events[session->event_first];

        first->lost = session->events_lost;
        result = mm_copy_out(event, first, sizeof(*first), EVENT_SIZE);
        if (result == 0)
            mm_session_pull(session);
        /* who was built when there was one end gives back what is held at that */
        if (result == 0 && event->size <= EVENT_SIZE && event->state == MEMMGR_APP_LEFT)
            event->state = MEMMGR_APP_ENDED;
        ask_for_states(session);
    }
    mm_session_update_wake(session);
    return result;
}

static int open_descriptors(struct memmgr_session *session)
{
    int result;

    session->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (session->epoll_fd < 0)
        return -errno;
    session->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (session->timer_fd < 0)
        return -errno;
    session->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (session->wake_fd < 0)
        return -errno;
    result = add_fd(session, session->timer_fd);
    return result < 0 ? result : add_fd(session, session->wake_fd);
}

static int read_options(const struct memmgr_options *theirs, struct memmgr_options *options)
{
    int result = theirs ? mm_copy_in(options, sizeof(*options), theirs, OPTIONS_SIZE) : 0;

    if (result < 0)
        return result;
    if (!options->path)
        options->path = MEMMGR_CLIENT_DEFAULT_PATH;
    if (options->timeout_ms < 0 || options->timeout_ms > TIMEOUT_MAX_MS ||
        options->remember_max > REMEMBER_MAX)
        return -EINVAL;
    return 0;
}

int memmgr_session_new(const struct memmgr_options *options, struct memmgr_session **ret_session)
{
    struct memmgr_options ours = MEMMGR_OPTIONS_INIT;
    struct memmgr_session *session;
    int result = read_options(options, &ours);

    if (result < 0)
        return result;
    if (ours.path[0] == '\0' || strlen(ours.path) >= sizeof(session->path))
        return -ENAMETOOLONG;
    session = calloc(1, sizeof(*session));
    if (!session)
        return -ENOMEM;
    memcpy(session->path, ours.path, strlen(ours.path));
    session->epoll_fd = session->timer_fd = session->wake_fd = -1;
    session->timeout_ms = ours.timeout_ms;
    session->remembered.max = ours.remember_max;
    session->backoff_ms = BACKOFF_MIN_MS;
    result = open_descriptors(session);
    if (result < 0) {
        memmgr_session_free(session);
        return result;
    }
    try_now(session);
    mm_session_update_wake(session);
    *ret_session = session;
    return 0;
}

void memmgr_session_free(struct memmgr_session *session)
{
    if (!session)
        return;
    memmgr_client_close(session->client);
    mm_forget_all(&session->remembered);
    for (int i = 0; i < 3; i++) {
        const int fds[] = {session->epoll_fd, session->timer_fd, session->wake_fd};

        if (fds[i] >= 0)
            (void)close(fds[i]);
    }
    free(session);
}

int memmgr_session_fd(const struct memmgr_session *session)
{
    return session->epoll_fd;
}

int memmgr_session_is_connected(const struct memmgr_session *session)
{
    return session->state == MM_SESSION_READY;
}

const char *memmgr_session_message(const struct memmgr_session *session)
{
    return session->message;
}
