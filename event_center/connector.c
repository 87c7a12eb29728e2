/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/connector.h"

#include "common/common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What 20 ms of the fastest fork loop (some 3,000 processes with three messages of 768 bytes each, as the kernel counts
   them) take; the kernel doubles it for its own. */
#define RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)

/* Where a message says what it is: the filter reads it there. */
#define WHAT_OFFSET (NLMSG_HDRLEN + sizeof(struct cn_msg) + offsetof(struct proc_event, what))

_Static_assert(MM_BPF_COMM_SIZE == sizeof(((struct proc_event *)0)->event_data.comm.comm), "copied whole");

/* The kernel tells of changed ids, sessions, tracers and core dumps, too: nobody is woken for those. */
static int filter_kinds(int fd)
{
    /* loads are in network order */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)WHAT_OFFSET),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_NONE), 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_FORK), 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_EXEC), 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_COMM), 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_EXIT), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog program = {.len = MM_ARRAY_SIZE(code), .filter = code};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

static int ask(int fd)
{
    const enum proc_cn_mcast_op operation = PROC_CN_MCAST_LISTEN;
    const struct cn_msg connector = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC},
                                     .len = sizeof(operation)};
    char request[NLMSG_HDRLEN + sizeof(connector) + sizeof(operation)];
    const struct nlmsghdr netlink = {.nlmsg_len = sizeof(request), .nlmsg_type = NLMSG_DONE};

    memcpy(request, &netlink, sizeof(netlink));
    memcpy(request + NLMSG_HDRLEN, &connector, sizeof(connector));
    memcpy(request + NLMSG_HDRLEN + sizeof(connector), &operation, sizeof(operation));
    return send(fd, request, sizeof(request), 0) < 0 ? -errno : 0;
}

static int set_up(int fd)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
    const int buffer_bytes = RECEIVE_BUFFER_BYTES;
    int result = filter_kinds(fd);

    if (result < 0)
        return result;
    /* without the privilege it stays at the system's bound: more gets lost, and is said */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    return ask(fd);
}

int mm_connector_open(int *ret_fd)
{
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_CONNECTOR);
    int result;

    if (fd < 0)
        return -errno;
    result = set_up(fd);
    if (result < 0) {
        (void)close(fd);
        return result;
    }
    *ret_fd = fd;
    return 0;
}

/* ---- messages ------------------------------------------------------------------------------------------- */

/* How much of an event of that kind must be there; 0: a kind that is passed over. */
static size_t needed_bytes(uint32_t what)
{
    const struct proc_event *event = NULL;
    const struct {
        uint32_t what;
        size_t bytes;
    } kinds[] = {
        {PROC_EVENT_NONE, sizeof(event->event_data.ack)},
        {PROC_EVENT_FORK, sizeof(event->event_data.fork)},
        {PROC_EVENT_EXEC, sizeof(event->event_data.exec)},
        {PROC_EVENT_COMM, sizeof(event->event_data.comm)},
        {PROC_EVENT_EXIT, 2 * sizeof(pid_t)},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(kinds); i++) {
        if (kinds[i].what == what)
            return offsetof(struct proc_event, event_data) + kinds[i].bytes;
    }
    return 0;
}

static void hand_over_change(const struct proc_event *event, uint8_t type, pid_t pid, pid_t tgid, pid_t actor,
                             const struct mm_connector_handler *handler, void *user)
{
    struct mm_bpf_record record = {
        .time_ns = event->timestamp_ns, .type = type, .tgid = tgid, .actor = actor};

    /* a thread's */
    if (pid != tgid || tgid <= 0)
        return;
    if (type == MM_BPF_RECORD_COMM)
        memcpy(record.comm, event->event_data.comm.comm, sizeof(record.comm));
    record.comm[sizeof(record.comm) - 1] = '\0';
    handler->changed(&record, user);
}

static void hand_over(const struct proc_event *event, const struct mm_connector_handler *handler, void *user)
{
    switch ((uint32_t)event->what) {
    case PROC_EVENT_NONE:
        handler->answered(-(int)event->event_data.ack.err, user);
        break;
    case PROC_EVENT_FORK:
        hand_over_change(event, MM_BPF_RECORD_FORK, event->event_data.fork.child_pid,
                         event->event_data.fork.child_tgid, event->event_data.fork.parent_tgid, handler,
                         user);
        break;
    case PROC_EVENT_EXEC:
        hand_over_change(event, MM_BPF_RECORD_EXEC, event->event_data.exec.process_tgid,
                         event->event_data.exec.process_tgid, 0, handler, user);
        break;
    case PROC_EVENT_COMM:
        hand_over_change(event, MM_BPF_RECORD_COMM, event->event_data.comm.process_pid,
                         event->event_data.comm.process_tgid, 0, handler, user);
        break;
    case PROC_EVENT_EXIT:
        if (event->event_data.exit.process_tgid > 0)
            handler->thread_exited(event->event_data.exit.process_tgid, event->event_data.exit.process_pid,
                                   event->timestamp_ns, user);
        break;
    default:
        break;
    }
}

/* What follows the header of one netlink message. */
static int parse_payload(const char *payload, size_t length, const struct mm_connector_handler *handler,
                         void *user)
{
    struct cn_msg connector;
    struct proc_event event = {0};

    if (length < sizeof(connector))
        return -EBADMSG;
    memcpy(&connector, payload, sizeof(connector));
    if (connector.id.idx != CN_IDX_PROC || connector.id.val != CN_VAL_PROC)
        return 0;
    if (connector.len > length - sizeof(connector) || connector.len < offsetof(struct proc_event, event_data))
        return -EBADMSG;
    memcpy(&event, payload + sizeof(connector), MM_MIN((size_t)connector.len, sizeof(event)));
    if (connector.len < needed_bytes((uint32_t)event.what))
        return -EBADMSG;
    hand_over(&event, handler, user);
    return 0;
}

int mm_connector_parse(const void *datagram, size_t length, const struct mm_connector_handler *handler,
                       void *user)
{
    const char *bytes = datagram;
    int count = 0;

    for (size_t offset = 0; offset < length; count++) {
        struct nlmsghdr header;

        if (length - offset < sizeof(header))
            return -EBADMSG;
        memcpy(&header, bytes + offset, sizeof(header));
        if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > length - offset)
            return -EBADMSG;
        if (header.nlmsg_type == NLMSG_DONE &&
            parse_payload(bytes + offset + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN, handler, user) < 0)
            return -EBADMSG;
        offset += MM_MIN((size_t)NLMSG_ALIGN(header.nlmsg_len), length - offset);
    }
    return count;
}

int mm_connector_read(int fd, unsigned max, const struct mm_connector_handler *handler, void *user)
{
    char datagram[MM_CONNECTOR_DATAGRAM_MAX];
    unsigned count = 0;

    while (count < max) {
        struct sockaddr_nl from = {0};
        socklen_t size = sizeof(from);
        ssize_t length = recvfrom(fd, datagram, sizeof(datagram), MSG_TRUNC, (struct sockaddr *)&from, &size);
        int result;

        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return errno == EAGAIN ? (int)count : -errno;
        count++;
        /* anybody may send to a netlink socket */
        if (size != sizeof(from) || from.nl_pid != 0)
            continue;
        if ((size_t)length > sizeof(datagram))
            return -EBADMSG;
        result = mm_connector_parse(datagram, (size_t)length, handler, user);
        if (result < 0)
            return result;
    }
    return (int)count;
}
