/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client library of memmgr: a connection to the daemon's control socket, over which packets of JSON go.
 * Needs nothing but libc. The requests and their answers are described in service/requests/requests.h of memmgr's source;
 * memmgrctl --json prints answers as they come.
 *
 *   struct memmgr_client *client;
 *   char answer[MEMMGR_CLIENT_PACKET_MAX + 1];
 *   const char request[] = "{\"version\":1,\"id\":1,\"request\":\"status\"}";
 *
 *   if (memmgr_client_connect(NULL, 1000, &client) == 0) {
 *       if (memmgr_client_send(client, request, strlen(request), 1000) == 0 &&
 *           memmgr_client_receive(client, answer, sizeof(answer), 1000, NULL) == 0)
 *           puts(answer);
 *       memmgr_client_close(client);
 *   }
 *
 * Functions return 0 or a negative errno. A client belongs to one thread at a time. No function raises
 * SIGPIPE.
 */
#ifndef MEMMGR_CLIENT_H
#define MEMMGR_CLIENT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where the daemon listens unless its configuration says otherwise; a build may choose another place. */
#ifndef MEMMGR_CLIENT_DEFAULT_PATH
#define MEMMGR_CLIENT_DEFAULT_PATH "/run/memmgr/control.sock"
#endif

/* The longest packet either side sends, in bytes. */
#define MEMMGR_CLIENT_PACKET_MAX 65536

struct memmgr_client;

/*
 * Connects to the socket at path, NULL for the default one, within timeout_ms (negative: without limit).
 * -ENOENT, -ECONNREFUSED: no daemon; -EACCES: not allowed; -ENAMETOOLONG; -ETIMEDOUT; -ENOMEM.
 */
int memmgr_client_connect(const char *path, int timeout_ms, struct memmgr_client **ret_client);

/* Accepts NULL. */
void memmgr_client_close(struct memmgr_client *client);

/* The descriptor, for poll: readable when a packet waits. It stays the client's. */
int memmgr_client_fd(const struct memmgr_client *client);

/* Sends one packet, within timeout_ms as above, signals or not. -EMSGSIZE when it is empty or too long, -EPIPE when the
   daemon has gone, -ETIMEDOUT. */
int memmgr_client_send(struct memmgr_client *client, const char *packet, size_t length, int timeout_ms);

/*
 * Receives one packet into buffer and puts a NUL behind it; MEMMGR_CLIENT_PACKET_MAX + 1 bytes are always
 * enough. ret_length may be NULL. -ETIMEDOUT; -EINTR: a signal handler ran; -EPIPE: the daemon has closed the
 * connection; -EMSGSIZE: size was too small, the packet is lost.
 */
int memmgr_client_receive(struct memmgr_client *client, char *buffer, size_t size, int timeout_ms,
                          size_t *ret_length);

#ifdef __cplusplus
}
#endif

#endif
