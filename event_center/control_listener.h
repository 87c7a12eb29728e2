/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that the control socket's clients connect to, and its node in the file system. */
#ifndef MM_EVENT_CENTER_CONTROL_LISTENER_H
#define MM_EVENT_CENTER_CONTROL_LISTENER_H

#include "event_center/event_center.h"

#include <sys/stat.h>
#include <sys/un.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_control_listener {
    int fd; /* -1: none */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    dev_t device; /* of the node we made, as is inode: another one there is not ours to remove */
    ino_t inode;
};

/* The socket that the options hand over, which does not block from then on, or one at their path with their owner and
   mode. listener->fd is -1 before. A node that nobody listens behind is replaced; -EADDRINUSE where somebody does,
   -ENOTSOCK, -ENAMETOOLONG, -ENOENT: there is no such group, and what else the kernel says; what has been made by then
   is left to mm_control_listener_close. */
int mm_control_listener_open(struct mm_control_listener *listener, const struct mm_control_options *options);
/* Closes it, and removes the node where it is still ours. */
void mm_control_listener_close(struct mm_control_listener *listener);

#ifdef __cplusplus
}
#endif

#endif
