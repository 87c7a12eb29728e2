/* SPDX-License-Identifier: Apache-2.0 */
/* From the daemon's packets to the program's events, which wait in a ring until they are taken. */
#include "session.h"

#include <string.h>

static struct memmgr_event *event_at(struct memmgr_session *session, unsigned place)
{
    return &session->events[(session->event_first + place) % MM_SESSION_EVENTS_MAX];
}

/* What a state of an application asks of who hears it. */
enum state_sort {
    STATE_NOW,     /* how it is: the latest is all that counts, and the daemon says it anew to who asks */
    STATE_LAST,    /* nothing follows: said once */
    STATE_REQUEST, /* to be done, whatever it is */
};

static enum state_sort sort_of(int32_t state)
{
    switch (state) {
    case MEMMGR_APP_ENDED:
    case MEMMGR_APP_FORGOTTEN:
    case MEMMGR_APP_LEFT:
        return STATE_LAST;
    case MEMMGR_APP_RECLAIM:
        return STATE_REQUEST;
    default:
        return STATE_NOW;
    }
}

/* Says all there is to say in the place of one that waits, of the same application and the same connection; of what
   ended only a last word. */
static bool replace_waiting(struct memmgr_session *session, const struct memmgr_event *event)
{
    const bool is_request = sort_of(event->state) == STATE_REQUEST;

    for (unsigned place = session->event_count; place > 0; place--) {
        struct memmgr_event *waiting = event_at(session, place - 1);
        enum state_sort sort = sort_of(waiting->state);

        if (waiting->kind == MEMMGR_EVENT_CONNECTED || waiting->kind == MEMMGR_EVENT_DISCONNECTED)
            return false;
        if (waiting->kind != MEMMGR_EVENT_APP_STATE || waiting->pid != event->pid)
            continue;
        if (sort == STATE_LAST && sort_of(event->state) != STATE_LAST)
            return false;
        if (is_request == (sort == STATE_REQUEST)) {
            /* a change that was not taken yet is still one */
            bool is_present = waiting->is_present && event->is_present;

            *waiting = *event;
            waiting->size = sizeof(*waiting);
            waiting->is_present = is_present;
            return true;
        }
    }
    return false;
}

/* Of a full ring that one whose loss can be made good, else the oldest. */
static void drop_one(struct memmgr_session *session)
{
    unsigned place = 0;

    while (place < session->event_count && (event_at(session, place)->kind != MEMMGR_EVENT_APP_STATE ||
                                            sort_of(event_at(session, place)->state) != STATE_NOW))
        place++;
    if (place == session->event_count)
        place = 0;
    else
        session->owes_states = true;
    for (; place > 0; place--)
        *event_at(session, place) = *event_at(session, place - 1);
    session->event_first = (session->event_first + 1) % MM_SESSION_EVENTS_MAX;
    session->event_count--;
    session->events_lost++;
}

void mm_session_push(struct memmgr_session *session, const struct memmgr_event *event)
{
    struct memmgr_event *last;

    if (event->kind == MEMMGR_EVENT_APP_STATE && replace_waiting(session, event))
        return;
    if (session->event_count == MM_SESSION_EVENTS_MAX)
        drop_one(session);
    last = event_at(session, session->event_count++);
    *last = *event;
    last->size = sizeof(*event);
}

void mm_session_pull(struct memmgr_session *session)
{
    session->events_lost = 0;
    session->event_count--;
    /* from the start again, so that only as much memory is touched as events ever waited */
    session->event_first = session->event_count == 0 ? 0 : (session->event_first + 1) % MM_SESSION_EVENTS_MAX;
}

/* The place of the name in the list; missing where it is none of them. */
static int32_t place_of(struct mm_json_span name, const char *const *names, size_t count, int32_t missing)
{
    char text[32];

    if (!mm_json_span_text(name, text, sizeof(text)))
        return missing;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], text) == 0)
            return (int32_t)i;
    }
    return missing;
}

#define PLACE_OF(name, names, missing) place_of(name, names, sizeof(names) / sizeof((names)[0]), missing)

static const char *const level_names[] = {"none", "purgeable", "moderate", "low", "critical"};

const char *memmgr_level_name(int32_t level)
{
    return level >= 0 && (size_t)level < sizeof(level_names) / sizeof(level_names[0]) ? level_names[level]
                                                                                      : "unknown";
}

int32_t mm_session_level(struct mm_json_span name)
{
    return PLACE_OF(name, level_names, -1);
}

static struct mm_json_span member_of(struct mm_json_span object, const char *name)
{
    struct mm_json_span member = {0};

    (void)mm_json_span_member(object, name, &member);
    return member;
}

/* The level as it is now. Who holds memory for others is asked to give it back whenever that gets scarcer, and for
   each test. */
static void push_level(struct memmgr_session *session, const struct memmgr_event *level)
{
    struct memmgr_event trim = *level;

    session->told_level = level->level;
    if (session->subscriptions & MEMMGR_SUBSCRIBE_LEVELS)
        mm_session_push(session, level);
    trim.kind = MEMMGR_EVENT_TRIM;
    if ((session->subscriptions & MEMMGR_SUBSCRIBE_PURGEABLE) && level->level >= MEMMGR_LEVEL_PURGEABLE &&
        (level->level > level->previous_level || level->cause == MEMMGR_CAUSE_INJECTED))
        mm_session_push(session, &trim);
}

static bool read_level(struct mm_json_span object, const char *cause, struct memmgr_event *event)
{
    static const char *const causes[] = {"waterline", "pressure", "injected"};

    event->kind = MEMMGR_EVENT_LEVEL;
    event->level = mm_session_level(member_of(object, "level"));
    event->cause = PLACE_OF(member_of(object, cause), causes, MEMMGR_CAUSE_WATERLINE);
    mm_get_u64(object, "available_bytes", &event->available_bytes);
    return event->level >= 0;
}

static void take_level(struct memmgr_session *session, struct mm_json_span packet, struct memmgr_event *event)
{
    if (!read_level(packet, "cause", event))
        return;
    event->previous_level = mm_session_level(member_of(packet, "previous"));
    if (event->previous_level < 0)
        event->previous_level = session->told_level;
    push_level(session, event);
}

void mm_session_tell_level(struct memmgr_session *session, struct mm_json_span answer)
{
    struct memmgr_event event = MEMMGR_EVENT_INIT;

    event.previous_level = session->told_level;
    if (read_level(answer, "level_cause", &event) && event.level != session->told_level)
        push_level(session, &event);
}

static void take_kill(struct memmgr_session *session, struct mm_json_span packet, struct memmgr_event *event)
{
    event->kind = MEMMGR_EVENT_KILL;
    mm_get_i32(packet, "priority", &event->priority);
    mm_get_bool(packet, "ended", &event->is_ended);
    mm_get_bool(packet, "dry_run", &event->is_dry_run);
    mm_get_u64(packet, event->is_ended ? "available_after_bytes" : "available_before_bytes",
               &event->available_bytes);
    mm_get_u64(packet, "freed_bytes", &event->freed_bytes);
    mm_get_text(packet, "name", event->name, sizeof(event->name));
    mm_get_text(packet, "reason", event->text, sizeof(event->text));
    mm_session_push(session, event);
}

static void take_victim(struct memmgr_session *session, struct mm_json_span packet,
                        struct memmgr_event *event)
{
    event->kind = MEMMGR_EVENT_KERNEL_KILL;
    mm_get_text(packet, "comm", event->name, sizeof(event->name));
    mm_session_push(session, event);
}

static void take_app_state(struct memmgr_session *session, struct mm_json_span packet,
                           struct memmgr_event *event)
{
    static const char *const states[] = {"foreground", "visible",   "background", "suspended",
                                         "ended",      "forgotten", "reclaim",    "left"};

    event->kind = MEMMGR_EVENT_APP_STATE;
    event->state = PLACE_OF(member_of(packet, "state"), states, -1);
    mm_get_bool(packet, "present", &event->is_present);
    if (event->state >= 0)
        mm_session_push(session, event);
}

/* A kind, and for which subscriptions it counts; those of a subscription that was given up may still be under way. */
static const struct event_row {
    const char *kind;
    uint32_t subscriptions;
    void (*take)(struct memmgr_session *session, struct mm_json_span packet, struct memmgr_event *event);
} rows[] = {
    {"memory-level", MEMMGR_SUBSCRIBE_LEVELS | MEMMGR_SUBSCRIBE_PURGEABLE, take_level},
    {"kill", MEMMGR_SUBSCRIBE_KILLS, take_kill},
    {"oom-victim", MEMMGR_SUBSCRIBE_KILLS, take_victim},
    {"app-state", MEMMGR_SUBSCRIBE_PURGEABLE, take_app_state},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

void mm_session_take_event(struct memmgr_session *session, struct mm_json_span packet)
{
    struct memmgr_event event = MEMMGR_EVENT_INIT;
    int64_t uid = 0;
    char kind[32];

    mm_get_text(packet, "event", kind, sizeof(kind));
    mm_get_u64(packet, "time_ns", &event.time_ns);
    mm_get_i32(packet, "pid", &event.pid);
    mm_get_i64(packet, "uid", &uid);
    event.uid = (uint32_t)uid;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].kind, kind) == 0 && (rows[i].subscriptions & session->subscriptions))
            rows[i].take(session, packet, &event);
    }
}

void mm_session_subscribe_body(struct mm_body *body, uint32_t subscriptions)
{
    const char *kinds[ROW_COUNT];
    uint32_t mask = 0;

    for (size_t i = 0; i < ROW_COUNT; i++) {
        kinds[i] = rows[i].kind;
        mask |= (rows[i].subscriptions & subscriptions) ? 1u << i : 0;
    }
    mm_body_begin(body, "subscribe");
    mm_body_words(body, "events", kinds, ROW_COUNT, mask);
}
