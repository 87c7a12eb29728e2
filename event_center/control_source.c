/* SPDX-License-Identifier: Apache-2.0 */
/* The transport of the control socket: connections and packets. What a packet means is service/'s. */
#include "event_center/center.h"
#include "event_center/control_budget.h"
#include "event_center/control_listener.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Per wake-up, so that a flood of packets or connections leaves the loop its other work. */
#define PACKETS_PER_WAKEUP     32
#define CONNECTIONS_PER_WAKEUP 64
#define CLIENTS_MAX            1024
/* Within one wake-up, after which each privileged client is only served one packet more, and others none: many
   that send without pause would else hold up a kill and the end by their packets' sum. Each kind of client has
   its own: what the privileged report is not to wait for what others ask. */
#define TURN_NS (5 * MM_NS_PER_MS)
/* What it takes to be woken for a client, which a clock around the packet does not see: measured, one small packet a
   wake-up. */
#define WAKE_NS (10 * MM_NS_PER_US)
/* Whose budget is spent is looked at again after this long. */
#define BUDGET_PAUSE_NS (20 * MM_NS_PER_MS)
/* Connections that cannot even be refused (no descriptor, no memory) would be reported at once again: they
   are left to wait this long, in which others can give back what is missing. */
#define ACCEPT_PAUSE_NS (100 * MM_NS_PER_MS)

/* Descriptors that no client gets: a sixteenth of all, at least what holding and looking at one process takes,
   at most what a kill of many and the reading beside it do. */
#define DESCRIPTORS_KEPT_SHARE 16
#define DESCRIPTORS_KEPT_MIN   2
#define DESCRIPTORS_KEPT_MAX   320

#define TAG_LISTEN UINT64_MAX

struct mm_control_client {
    struct control_source *source;
    int fd; /* -1: free */
    struct mm_control_peer peer;
    bool is_privileged;
    bool is_paused; /* its budget is spent: its packets wait in the socket */
    bool wants_room;
    uint64_t heard_ns;
    uint64_t data;
};

struct control_source {
    struct mm_event_center *center;
    struct mm_control_handlers handlers;
    struct mm_control_listener listener;
    int reserve_fd;               /* given up for a moment to refuse a connection when descriptors run out */
    struct mm_timer accept_timer; /* armed: connections are not looked at */
    bool is_starved;              /* and that was said */
    uint64_t turn;                /* the wake-up that is served */
    uint64_t spent_ns[2];         /* in it, by the others and by the privileged */
    struct mm_control_budget budget;
    struct mm_timer budget_timer; /* armed: somebody is paused */
    unsigned max_clients;
    struct mm_control_client *clients;
    char packet[MM_CONTROL_PACKET_MAX + 1];
};

static const char refusal_full[] = "{\"version\":1,\"ok\":false,\"error\":{\"code\":\"busy\",\"message\":"
                                   "\"too many clients are connected\"}}";
static const char refusal_length[] =
    "{\"version\":1,\"ok\":false,\"error\":{\"code\":\"too-long\",\"message\":\"a packet holds at most 65536 "
    "bytes\"}}";

static void drop(struct mm_control_client *client)
{
    struct control_source *source = client->source;

    if (client->fd < 0)
        return;
    mm_event_center_forget_fd(source->center, client->fd);
    (void)close(client->fd);
    client->fd = -1;
    if (source->handlers.gone)
        source->handlers.gone(client, source->handlers.user);
}

int mm_control_reply(struct mm_control_client *client, const char *packet, size_t length)
{
    ssize_t sent;

    if (client->fd < 0)
        return -EPIPE;
    do {
        sent = send(client->fd, packet, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)length)
        return 0;
    drop(client);
    return sent < 0 && errno == EAGAIN ? -EAGAIN : -EPIPE;
}

void mm_control_set_data(struct mm_control_client *client, uint64_t data)
{
    client->data = data;
}

uint64_t mm_control_data(const struct mm_control_client *client)
{
    return client->data;
}

/* One packet. Returns false when the client has nothing more, or is gone. */
static bool receive(struct mm_control_client *client)
{
    struct control_source *source = client->source;
    ssize_t length;

    do {
        length = recv(client->fd, source->packet, MM_CONTROL_PACKET_MAX, MSG_DONTWAIT | MSG_TRUNC);
    } while (length < 0 && errno == EINTR);
    if (length < 0 && errno == EAGAIN)
        return false;
    if (length <= 0) {
        drop(client);
        return false;
    }
    if (length > MM_CONTROL_PACKET_MAX) {
        if (source->handlers.too_long)
            source->handlers.too_long(source->handlers.user);
        return mm_control_reply(client, refusal_length, sizeof(refusal_length) - 1) == 0;
    }
    source->packet[length] = '\0';
    source->handlers.packet(client, &client->peer, source->packet, (size_t)length, source->handlers.user);
    return client->fd >= 0;
}

static void note_turn(struct control_source *source)
{
    uint64_t turn = mm_event_center_counters(source->center)->wakeups;

    if (turn == source->turn)
        return;
    source->turn = turn;
    memset(source->spent_ns, 0, sizeof(source->spent_ns));
}

static uint64_t tag_of(const struct mm_control_client *client)
{
    return (uint64_t)(client - client->source->clients);
}

static void watch(struct mm_control_client *client)
{
    struct control_source *source = client->source;
    uint32_t events = client->is_paused ? 0 : EPOLLIN | (client->wants_room ? EPOLLOUT : 0);

    (void)mm_event_center_change_fd(source->center, source, client->fd, events, tag_of(client));
}

void mm_control_want_room(struct mm_control_client *client)
{
    if (client->fd < 0 || client->wants_room)
        return;
    client->wants_room = true;
    watch(client);
}

bool mm_control_has_room(const struct mm_control_client *client)
{
    struct pollfd poller = {.fd = client->fd, .events = POLLOUT};

    return client->fd >= 0 && poll(&poller, 1, 0) == 1 && (poller.revents & POLLOUT);
}

static void pause_client(struct mm_control_client *client, uint64_t now_ns)
{
    struct control_source *source = client->source;

    client->is_paused = true;
    watch(client);
    if (!mm_timer_is_armed(&source->budget_timer))
        mm_event_center_arm(source->center, &source->budget_timer, now_ns + BUDGET_PAUSE_NS);
}

static void resume_clients(struct mm_timer *timer, void *user)
{
    struct control_source *source = user;
    uint64_t now_ns = mm_event_center_now_ns(source->center);
    bool is_paused = false;

    for (unsigned i = 0; i < source->max_clients; i++) {
        struct mm_control_client *client = &source->clients[i];

        if (client->fd < 0 || !client->is_paused)
            continue;
        if (mm_control_budget_is_spent(&source->budget, client->peer.uid, now_ns)) {
            is_paused = true;
            continue;
        }
        client->is_paused = false;
        watch(client);
    }
    if (is_paused)
        mm_event_center_arm(source->center, timer, now_ns + BUDGET_PAUSE_NS);
}

/* May it be served one packet (more)? */
static bool has_budget(struct mm_control_client *client, unsigned served, uint64_t now_ns)
{
    struct control_source *source = client->source;

    if (client->is_privileged)
        return served == 0 || source->spent_ns[true] < TURN_NS;
    if (mm_control_budget_is_spent(&source->budget, client->peer.uid, now_ns)) {
        pause_client(client, now_ns);
        return false;
    }
    return source->spent_ns[false] < TURN_NS;
}

static void take_time(struct control_source *source, bool is_privileged, uid_t uid, uint64_t begin_ns,
                      uint64_t now_ns)
{
    source->spent_ns[is_privileged] += now_ns - begin_ns;
    if (!is_privileged)
        mm_control_budget_take(&source->budget, uid, now_ns - begin_ns, now_ns);
}

/* Without time left in this turn it is reported again in the next. */
static void give_room(struct mm_control_client *client)
{
    struct control_source *source = client->source;
    const bool is_privileged = client->is_privileged;
    const uid_t uid = client->peer.uid;
    uint64_t now_ns = mm_event_center_now_ns(source->center);

    if (!has_budget(client, 1, now_ns))
        return;
    client->wants_room = false;
    watch(client);
    if (source->handlers.room)
        source->handlers.room(client, source->handlers.user);
    take_time(source, is_privileged, uid, now_ns, mm_event_center_now_ns(source->center));
}

static void serve_client(struct mm_control_client *client)
{
    struct control_source *source = client->source;
    const bool is_privileged = client->is_privileged;
    const uid_t uid = client->peer.uid;
    uint64_t now_ns = mm_event_center_now_ns(source->center);
    bool is_more = true;

    if (!is_privileged)
        mm_control_budget_take(&source->budget, uid, WAKE_NS, now_ns);
    for (unsigned i = 0; is_more && i < PACKETS_PER_WAKEUP && has_budget(client, i, now_ns); i++) {
        uint64_t begin_ns = now_ns;

        client->heard_ns = now_ns;
        is_more = receive(client);
        now_ns = mm_event_center_now_ns(source->center);
        take_time(source, is_privileged, uid, begin_ns, now_ns);
    }
}

/* What was not read when a socket is closed takes the place of what was sent. */
static void say_full(int fd)
{
    char byte;

    (void)send(fd, refusal_full, sizeof(refusal_full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_RD);
    while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) > 0)
        continue;
}

static void refuse(int fd)
{
    say_full(fd);
    (void)close(fd);
}

static struct mm_control_client *free_client(struct control_source *source)
{
    for (unsigned i = 0; i < source->max_clients; i++) {
        if (source->clients[i].fd < 0)
            return &source->clients[i];
    }
    return NULL;
}

/* The kernel gives the lowest free number: one of the last says that nearly all are taken. */
static bool is_kept_for_kills(int fd)
{
    struct rlimit limit;
    rlim_t kept;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return false;
    kept =
        MM_MIN(MM_MAX(limit.rlim_cur / DESCRIPTORS_KEPT_SHARE, DESCRIPTORS_KEPT_MIN), DESCRIPTORS_KEPT_MAX);
    return (rlim_t)fd + kept >= limit.rlim_cur;
}

static unsigned count_of_user(const struct control_source *source, uid_t uid)
{
    unsigned count = 0;

    for (unsigned i = 0; i < source->max_clients; i++) {
        const struct mm_control_client *client = &source->clients[i];

        count += client->fd >= 0 && !client->is_privileged && client->peer.uid == uid;
    }
    return count;
}

/* Of the unprivileged one that was not heard of for longest; for one of their own, only of a user that has more
   than it would have then. */
static struct mm_control_client *least_missed(struct control_source *source,
                                              const struct mm_control_peer *newcomer, bool is_privileged)
{
    unsigned most = is_privileged ? 0 : count_of_user(source, newcomer->uid) + 1;
    struct mm_control_client *found = NULL;

    for (unsigned i = 0; i < source->max_clients; i++) {
        struct mm_control_client *client = &source->clients[i];
        unsigned count;

        if (client->fd < 0 || client->is_privileged)
            continue;
        count = is_privileged ? 0 : count_of_user(source, client->peer.uid);
        if (count < most || (count == most && !is_privileged && !found))
            continue;
        if (!found || count > most || client->heard_ns < found->heard_ns)
            found = client;
        most = count;
    }
    return found;
}

static struct mm_control_client *make_room(struct control_source *source, const struct mm_control_peer *peer,
                                           bool is_privileged)
{
    struct mm_control_client *client = free_client(source);

    if (client)
        return client;
    client = least_missed(source, peer, is_privileged);
    if (!client)
        return NULL;
    say_full(client->fd);
    drop(client);
    return client;
}

static void welcome(struct control_source *source, int fd)
{
    struct mm_control_client *client;
    struct mm_control_peer peer;
    struct ucred credentials;
    socklen_t length = sizeof(credentials);
    bool is_privileged;

    if (is_kept_for_kills(fd) || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) {
        refuse(fd);
        return;
    }
    peer = (struct mm_control_peer){.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
    if (source->handlers.identify)
        source->handlers.identify(&peer, source->handlers.user);
    is_privileged =
        !source->handlers.is_privileged || source->handlers.is_privileged(&peer, source->handlers.user);
    client = make_room(source, &peer, is_privileged);
    if (!client || mm_event_center_watch_fd(source->center, source, fd, EPOLLIN, tag_of(client)) < 0) {
        refuse(fd);
        return;
    }
    client->fd = fd;
    client->data = 0;
    client->peer = peer;
    client->is_privileged = is_privileged;
    client->is_paused = false;
    client->wants_room = false;
    client->heard_ns = mm_event_center_now_ns(source->center);
    /* what came with the connection counts in this wake-up, which may lead to a kill */
    serve_client(client);
}

/*
 * Out of descriptors: the connection is taken with the reserve and closed, or epoll would report it for ever.
 * Returns what accept4 said. The kernel says EMFILE before it looks whether anybody waits.
 */
static int refuse_without_descriptor(struct control_source *source)
{
    int result = 0;
    int fd;

    if (source->reserve_fd >= 0)
        (void)close(source->reserve_fd);
    fd = accept4(source->listener.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        refuse(fd);
    else
        result = -errno;
    source->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return result;
}

static int accept_one(struct control_source *source)
{
    int fd = accept4(source->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        welcome(source, fd);
        return 0;
    }
    return errno == EMFILE || errno == ENFILE ? refuse_without_descriptor(source) : -errno;
}

static void accept_connections(struct control_source *source)
{
    for (unsigned i = 0; i < CONNECTIONS_PER_WAKEUP; i++) {
        int result = accept_one(source);

        if (result == 0 || result == -EINTR || result == -ECONNABORTED)
            continue;
        if (result == -EAGAIN) {
            source->is_starved = false;
            return;
        }
        if (!source->is_starved)
            mm_warning("control socket: no connection can be taken: %s", strerror(-result));
        source->is_starved = true;
        (void)mm_event_center_change_fd(source->center, source, source->listener.fd, 0, TAG_LISTEN);
        mm_event_center_arm(source->center, &source->accept_timer,
                            mm_event_center_now_ns(source->center) + ACCEPT_PAUSE_NS);
        return;
    }
}

static void look_again(struct mm_timer *timer, void *user)
{
    struct control_source *source = user;

    (void)timer;
    (void)mm_event_center_change_fd(source->center, source, source->listener.fd, EPOLLIN, TAG_LISTEN);
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct control_source *source = self;
    struct mm_control_client *client;

    note_turn(source);
    if (tag == TAG_LISTEN) {
        accept_connections(source);
        return;
    }
    client = &source->clients[tag];
    if (client->is_paused && (events & (EPOLLHUP | EPOLLERR)))
        /* nobody is there to hear the answers any more, and this is reported for as long as it stays */
        drop(client);
    if (!client->is_paused && (events & ~(uint32_t)EPOLLOUT))
        serve_client(client);
    if (!client->is_paused && client->wants_room && (events & EPOLLOUT) && client->fd >= 0)
        give_room(client);
}

static void close_source(void *self)
{
    struct control_source *source = self;

    mm_event_center_disarm(source->center, &source->accept_timer);
    mm_event_center_disarm(source->center, &source->budget_timer);
    source->handlers.gone = NULL;
    for (unsigned i = 0; source->clients && i < source->max_clients; i++)
        drop(&source->clients[i]);
    if (source->listener.fd >= 0) {
        mm_event_center_forget_fd(source->center, source->listener.fd);
        mm_control_listener_close(&source->listener);
    }
    if (source->reserve_fd >= 0)
        (void)close(source->reserve_fd);
    free(source->clients);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "control_socket",
    .ready = ready,
    .close = close_source,
};

void mm_control_for_each(struct mm_event_center *center,
                         void (*visit)(struct mm_control_client *client, void *user), void *user)
{
    for (unsigned i = 0; i < center->source_count; i++) {
        struct control_source *source = center->sources[i].source;

        if (center->sources[i].ops != &source_ops)
            continue;
        for (unsigned j = 0; j < source->max_clients; j++) {
            if (source->clients[j].fd >= 0)
                visit(&source->clients[j], user);
        }
    }
}

static int open_source(struct control_source *source, const struct mm_control_options *options)
{
    int result;

    source->clients = calloc(source->max_clients, sizeof(*source->clients));
    if (!source->clients)
        return -ENOMEM;
    for (unsigned i = 0; i < source->max_clients; i++)
        source->clients[i] = (struct mm_control_client){.source = source, .fd = -1};
    source->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (source->reserve_fd < 0)
        return -errno;
    result = mm_control_listener_open(&source->listener, options);
    if (result < 0)
        return result;
    return mm_event_center_watch_fd(source->center, source, source->listener.fd, EPOLLIN, TAG_LISTEN);
}

int mm_control_source_add(struct mm_event_center *center, const struct mm_control_options *options,
                          const struct mm_control_handlers *handlers)
{
    struct control_source *source;
    int result;

    if (options->max_clients == 0 || options->max_clients > CLIENTS_MAX)
        return -EINVAL;
    if (options->listen_fd < 0 && (!options->path || options->path[0] == '\0'))
        return 0;
    source = calloc(1, sizeof(*source));
    if (!source)
        return -ENOMEM;
    source->center = center;
    source->handlers = *handlers;
    source->listener.fd = -1;
    source->reserve_fd = -1;
    source->max_clients = options->max_clients;
    mm_timer_init(&source->accept_timer, look_again, source);
    mm_timer_init(&source->budget_timer, resume_clients, source);
    source->turn = UINT64_MAX;
    result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    return open_source(source, options);
}
