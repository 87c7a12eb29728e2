/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's process connector: netlink messages about processes that fork, exec, rename themselves and exit. It needs
 * CAP_NET_ADMIN and the initial pid and user namespaces, and tells of every process of the machine.
 */
#ifndef MM_EVENT_CENTER_CONNECTOR_H
#define MM_EVENT_CENTER_CONNECTOR_H

#include "bpf/records.h"

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* More than one datagram of the kernel's, which holds one message of 76 bytes. */
#define MM_CONNECTOR_DATAGRAM_MAX 1024

/*
 * Opens the socket and asks for messages, which the kernel answers with one. Closed on exec, does not block. Threads are
 * filtered out in the kernel where their message can be told from a process's by its kind alone. Negative errno:
 * -EPROTONOSUPPORT without the connector, -EPERM without the capability.
 */
int mm_connector_open(int *ret_fd);

struct mm_connector_handler {
    /* The answer to mm_connector_open: 0 or a negative errno. */
    void (*answered)(int error, void *user);
    /* A process began (FORK; actor is its parent), became another program (EXEC) or renamed its leader (COMM). Start
       and uid are not known. */
    void (*changed)(const struct mm_bpf_record *record, void *user);
    /* A thread ended; pid == tgid: the process's first one. Others may live on. */
    void (*thread_exited)(pid_t tgid, pid_t pid, uint64_t time_ns, void *user);
};

/*
 * Hands over the messages of one datagram, in their order. Returns how many; -EBADMSG when it is none of the kernel's,
 * or cut short: what came before was handed over.
 */
int mm_connector_parse(const void *datagram, size_t length, const struct mm_connector_handler *handler,
                       void *user);

/*
 * Reads and parses until nothing is left, or max datagrams were. Returns how many; -ENOBUFS: messages were lost;
 * -EBADMSG; another negative errno: the socket is of no more use. What does not come from the kernel is left out.
 */
int mm_connector_read(int fd, unsigned max, const struct mm_connector_handler *handler, void *user);

#ifdef __cplusplus
}
#endif

#endif
