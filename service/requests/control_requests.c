/* SPDX-License-Identifier: Apache-2.0 */
/* Requests over the control socket: joins the transport's clients to the handlers and to the events. */
#include "service/requests/requests.h"

#include "service/requests/request.h"
#include "service/requests/request_marks.h"

/* A connection while one of its packets is handled. */
struct connection {
    struct mm_request_client client; /* first: send() gets a pointer to it */
    struct mm_control_client *control;
    bool is_gone;
};

/* In one turn of the loop, and to a socket of which most is free: far below what that takes. */
#define PRESENT_PER_TURN 32

/*
 * What the transport keeps with a connection: below, the mask of kinds that it subscribed to; above, the pid up to which
 * it was told what the registered applications are, plus 1: 0 when nothing of that is left to tell.
 */
static uint64_t word_of(uint64_t subscriptions, uint32_t present)
{
    return (subscriptions & UINT32_MAX) | (uint64_t)present << 32;
}

static uint32_t subscriptions_of(const struct mm_control_client *control)
{
    return (uint32_t)mm_control_data(control);
}

static uint32_t present_of(const struct mm_control_client *control)
{
    return (uint32_t)(mm_control_data(control) >> 32);
}

static void send_answer(struct mm_request_client *client, const char *packet, size_t length)
{
    struct connection *connection = (struct connection *)client;

    if (mm_control_reply(connection->control, packet, length) < 0)
        connection->is_gone = true;
}

/* The next of what the registered applications are; nobody waits for who reads slowly. */
static void tell_present(struct mm_control_client *control, void *user)
{
    const struct mm_registered_apps *apps = mm_requests_apps(user);

    for (unsigned told = 0; present_of(control) > 0; told++) {
        const uint32_t subscriptions = subscriptions_of(control);
        struct mm_event event;
        const char *packet;
        size_t length;

        if (told == PRESENT_PER_TURN) {
            mm_control_want_room(control);
            return;
        }
        if (!mm_apps_present(apps, (pid_t)(present_of(control) - 1), &event)) {
            mm_control_set_data(control, word_of(subscriptions, 0));
            return;
        }
        event.time_ns = mm_event_center_now_ns(mm_requests_context(user)->center);
        mm_control_set_data(control, word_of(subscriptions, (uint32_t)event.pid + 1));
        packet = mm_requests_event_packet(user, &event, &length);
        if (packet && mm_control_reply(control, packet, length) < 0)
            return;
    }
}

/* Few are told at once, so that no change comes between; but only to who has read what it was sent: it would be dropped
   for what it asked, with all that it holds. */
static void keep_subscriptions(struct mm_control_client *control, const struct mm_request_client *client,
                               void *user)
{
    const bool was_telling = present_of(control) > 0;
    uint32_t present = present_of(control);

    if (client->has_subscribed)
        present = client->subscriptions & 1u << MM_EVENT_APP_STATE ? 1 : 0;
    mm_control_set_data(control, word_of(client->subscriptions, present));
    if (present > 0 && !was_telling && mm_control_has_room(control))
        tell_present(control, user);
    else if (present > 0)
        mm_control_want_room(control);
}

static void handle_packet(struct mm_control_client *control, const struct mm_control_peer *peer,
                          const char *packet, size_t length, void *user)
{
    struct connection connection = {
        .client = {.peer = *peer,
                   .subscriptions = subscriptions_of(control),
                   .send = send_answer,
                   .identity = control},
        .control = control,
    };

    mm_requests_handle(user, &connection.client, packet, length);
    if (!connection.is_gone)
        keep_subscriptions(control, &connection.client, user);
}

static void count_too_long(void *user)
{
    mm_requests_too_long(user);
}

static void forget_client(struct mm_control_client *control, void *user)
{
    mm_requests_client_gone(user, control);
}

/* Whose pid it was then: another process may have it by the time that this one's packets are read. */
static void identify(struct mm_control_peer *peer, void *user)
{
    struct mm_kernel *kernel = mm_requests_context(user)->kernel;
    struct mm_process_info info;

    if (kernel->ops->read_process(kernel, peer->pid, MM_PROCESS_STAT, &info) == 0)
        peer->start_time_ticks = info.start_time_ticks;
}

static bool is_privileged(const struct mm_control_peer *peer, void *user)
{
    return mm_requests_may_change(mm_requests_context(user), peer);
}

void mm_requests_control_handlers(struct mm_requests *requests, struct mm_control_handlers *ret_handlers)
{
    *ret_handlers = (struct mm_control_handlers){
        .packet = handle_packet,
        .gone = forget_client,
        .room = tell_present,
        .too_long = count_too_long,
        .user = requests,
        .is_privileged = is_privileged,
        .identify = identify,
    };
}

/* One event on its way to the subscribers; made into a packet when the first of them is met. */
struct delivery {
    struct mm_requests *requests;
    const struct mm_event *event;
    bool is_written;
    const char *packet;
    size_t length;
};

static void deliver(struct mm_control_client *control, void *user)
{
    struct delivery *delivery = user;

    if (!(subscriptions_of(control) & 1u << delivery->event->kind))
        return;
    if (!delivery->is_written) {
        delivery->packet = mm_requests_event_packet(delivery->requests, delivery->event, &delivery->length);
        delivery->is_written = true;
    }
    /* Who does not read is dropped by the transport, and that is all there is to do. */
    if (delivery->packet)
        (void)mm_control_reply(control, delivery->packet, delivery->length);
}

static void tell_subscribers(const struct mm_event *event, void *user)
{
    struct delivery delivery = {.requests = user, .event = event};

    mm_control_for_each(mm_requests_context(user)->center, deliver, &delivery);
    mm_apps_follow(mm_requests_context(user), mm_requests_apps(user), event);
}

int mm_requests_watch_events(struct mm_requests *requests)
{
    return mm_event_center_subscribe(mm_requests_context(requests)->center, MM_RANK_OBSERVER,
                                     mm_requests_event_kinds(), tell_subscribers, requests);
}
