/* SPDX-License-Identifier: Apache-2.0 */
/* What a session says to a daemon that it has just reached: all that it told another one. One request at a time; a
   program that waits in poll meanwhile is not held up. */
#include "session.h"

#include <errno.h>
#include <stdio.h>

/* The first one of the step that is not said yet; what is remembered may change while it is being said. */
static struct mm_remembered *next_item(const struct memmgr_session *session)
{
    struct mm_remembered *item = session->remembered.first;
    bool is_last_step = session->greeting_step == MM_GREETING_ACCOUNTS;

    while (item && (item->is_said || (item->topic == MM_TOPIC_ACCOUNT) != is_last_step))
        item = item->next;
    return item;
}

static bool wants_levels(const struct memmgr_session *session)
{
    return session->subscriptions & (MEMMGR_SUBSCRIBE_LEVELS | MEMMGR_SUBSCRIBE_PURGEABLE);
}

/* What is to be said at this step, NULL when there is nothing (more). */
static const char *body_of_step(struct memmgr_session *session, struct mm_body *body)
{
    struct mm_remembered *item;

    switch (session->greeting_step) {
    case MM_GREETING_SUBSCRIBE:
        if (session->subscriptions == 0)
            return NULL;
        mm_session_subscribe_body(body, session->subscriptions);
        return body->text;
    case MM_GREETING_LEVEL:
        if (!wants_levels(session))
            return NULL;
        mm_body_begin(body, "memory");
        return body->text;
    case MM_GREETING_PROCESSES:
    case MM_GREETING_ACCOUNTS:
        item = next_item(session);
        if (!item)
            return NULL;
        item->is_said = true;
        session->remembered.watched = item;
        return item->body;
    case MM_GREETING_DONE:
        break;
    }
    return NULL;
}

static void say_next(struct memmgr_session *session)
{
    struct mm_body body;
    const char *text;
    int result;

    while (!(text = body_of_step(session, &body)) && session->greeting_step != MM_GREETING_DONE)
        session->greeting_step++;
    if (!text) {
        mm_session_greeted(session);
        return;
    }
    result = mm_session_send(session, text, &session->greeting_id);
    if (result < 0)
        mm_session_lose(session, result);
}

void mm_session_greet(struct memmgr_session *session)
{
    for (struct mm_remembered *item = session->remembered.first; item; item = item->next)
        item->is_said = false;
    session->owes_states = false;
    session->greeting_step = MM_GREETING_SUBSCRIBE;
    say_next(session);
}

static void tell_refusal(struct memmgr_session *session, const struct mm_remembered *item, int error)
{
    struct memmgr_event event = MEMMGR_EVENT_INIT;

    event.kind = MEMMGR_EVENT_REFUSED;
    event.error = error;
    if (item && item->topic != MM_TOPIC_ACCOUNT)
        event.pid = (int32_t)item->subject;
    (void)snprintf(event.text, sizeof(event.text), "%.*s", (int)sizeof(event.text) - 1, session->message);
    mm_session_push(session, &event);
}

/* Of a process that ended meanwhile nothing need be said. Gone already where it was replaced since it was said. */
static void drop_item(struct memmgr_session *session, int error)
{
    const struct mm_remembered *item = session->remembered.watched;

    if (!item)
        return;
    if (error != -ESRCH)
        tell_refusal(session, item, error);
    mm_forget(&session->remembered, item);
}

void mm_session_greet_on(struct memmgr_session *session, struct mm_json_span answer)
{
    bool is_item = session->greeting_step >= MM_GREETING_PROCESSES;
    int result = mm_session_judge(session, answer);

    session->greeting_id = 0;
    if (result == -EBADMSG) {
        mm_session_lose(session, result);
        return;
    }
    if (result < 0 && is_item)
        drop_item(session, result);
    else if (result < 0)
        tell_refusal(session, NULL, result);
    else if (session->greeting_step == MM_GREETING_LEVEL)
        mm_session_tell_level(session, answer);
    /* of processes and accounts there may be more */
    if (!is_item)
        session->greeting_step++;
    say_next(session);
}
