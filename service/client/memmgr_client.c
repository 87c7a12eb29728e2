/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to the daemon's control socket. */
#include "memmgr_client.h"

#include "monotonic.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

struct memmgr_client {
    int fd;
};

/* A backlog that is full makes connect() wait; this bounds it, as the socket is a blocking one till then. */
static int bound_connect(int fd, int timeout_ms)
{
    struct timeval timeout = {.tv_sec = timeout_ms / 1000,
                              .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};

    if (timeout_ms < 0)
        return 0;
    /* Zero means for ever there. */
    if (timeout_ms == 0)
        timeout.tv_usec = 1;
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ? -errno : 0;
}

static int connect_to(int fd, const char *path, int timeout_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    int result;

    if (length == 0 || length >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length + 1);
    result = bound_connect(fd, timeout_ms);
    if (result < 0)
        return result;
    do {
        result = connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
    } while (result == -EINTR);
    return result == -EAGAIN ? -ETIMEDOUT : result;
}

int memmgr_client_connect(const char *path, int timeout_ms, struct memmgr_client **ret_client)
{
    struct memmgr_client *client = malloc(sizeof(*client));
    int result;

    if (!client)
        return -ENOMEM;
    client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    result = client->fd < 0 ? -errno
                            : connect_to(client->fd, path ? path : MEMMGR_CLIENT_DEFAULT_PATH, timeout_ms);
    if (result < 0) {
        memmgr_client_close(client);
        return result;
    }
    *ret_client = client;
    return 0;
}

void memmgr_client_close(struct memmgr_client *client)
{
    if (!client)
        return;
    if (client->fd >= 0)
        (void)close(client->fd);
    free(client);
}

int memmgr_client_fd(const struct memmgr_client *client)
{
    return client->fd;
}

/* Of a call, however often it waits; INT64_MAX: it waits without limit. */
static int64_t deadline_of(int timeout_ms)
{
    return timeout_ms < 0 ? INT64_MAX : mm_monotonic_now_ms() + timeout_ms;
}

/* 0 when the descriptor is ready. */
static int wait_until(int fd, short events, int64_t deadline_ms)
{
    struct pollfd poller = {.fd = fd, .events = events};
    int64_t left_ms = deadline_ms == INT64_MAX ? -1 : deadline_ms - mm_monotonic_now_ms();
    int count = poll(&poller, 1, left_ms < 0 && deadline_ms != INT64_MAX ? 0 : (int)left_ms);

    if (count < 0)
        return -errno;
    return count == 0 ? -ETIMEDOUT : 0;
}

int memmgr_client_send(struct memmgr_client *client, const char *packet, size_t length, int timeout_ms)
{
    const int64_t deadline_ms = deadline_of(timeout_ms);

    if (length == 0 || length > MEMMGR_CLIENT_PACKET_MAX)
        return -EMSGSIZE;
    for (;;) {
        int result = 0;

        if (send(client->fd, packet, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            return 0;
        if (errno == ECONNRESET)
            return -EPIPE;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        if (errno == EAGAIN)
            result = wait_until(client->fd, POLLOUT, deadline_ms);
        if (result < 0 && result != -EINTR)
            return result;
    }
}

int memmgr_client_receive(struct memmgr_client *client, char *buffer, size_t size, int timeout_ms,
                          size_t *ret_length)
{
    const int64_t deadline_ms = deadline_of(timeout_ms);

    for (;;) {
        /* What waits already is taken without asking; the real length comes back even where it is cut. */
        ssize_t length = size > 0 ? recv(client->fd, buffer, size - 1, MSG_DONTWAIT | MSG_TRUNC) : -1;
        int result;

        if (size == 0 || length > (ssize_t)(size - 1))
            return -EMSGSIZE;
        if (length == 0 || (length < 0 && errno == ECONNRESET))
            return -EPIPE;
        if (length > 0) {
            buffer[length] = '\0';
            if (ret_length)
                *ret_length = (size_t)length;
            return 0;
        }
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        result = wait_until(client->fd, POLLIN, deadline_ms);
        if (result < 0)
            return result;
    }
}
