/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/handover.h"

#include "common/common.h"
#include "common/spawn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* More than any machine has: a limit on what a message may make us map. */
#define CPU_COUNT_MAX 65536

int mm_bpf_handover_begin(char *const *arguments, bool ends_with_us, pid_t *ret_pid, int *ret_fd)
{
    char *const environment[] = {NULL};
    struct mm_spawn_descriptor descriptor = {.to = MM_BPF_LOADER_FD};
    const struct mm_program loader = {
        .path = arguments[0],
        .arguments = arguments,
        .environment = environment,
        .descriptors = &descriptor,
        .descriptor_count = 1,
        .ends_with_us = ends_with_us,
    };
    int ends[2] = {-1, -1};
    int result;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    descriptor.from = ends[1];
    result = mm_spawn(&loader, ret_pid);
    (void)close(ends[1]);
    if (result < 0)
        (void)close(ends[0]);
    else
        *ret_fd = ends[0];
    return result;
}

ssize_t mm_bpf_handover_receive(int fd, struct mm_bpf_handover *handover)
{
    union {
        char bytes[CMSG_SPACE(sizeof(handover->fds))];
        struct cmsghdr alignment;
    } control;
    struct iovec vector = {.iov_base = &handover->message, .iov_len = sizeof(handover->message)};
    struct msghdr header = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    ssize_t length = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (length < 0 && errno == EINTR)
        return -EAGAIN;
    if (length < 0)
        return errno == ECONNRESET ? 0 : -errno;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        handover->fd_count = (unsigned)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(handover->fds, CMSG_DATA(part), handover->fd_count * sizeof(int));
    }
    if (header.msg_flags & MSG_TRUNC)
        return -EMSGSIZE;
    /* there is room for all that a message may bring: it is this process that may have no more */
    if (header.msg_flags & MSG_CTRUNC)
        return handover->fd_count < MM_BPF_LOADER_FDS_MAX ? -EMFILE : -EMSGSIZE;
    return length;
}

int mm_bpf_handover_refuse(const char *complaint, char *reason)
{
    (void)mm_format(reason, MM_BPF_REASON_MAX, "the loader does not fit this daemon: %s", complaint);
    return -EPROTO;
}

int mm_bpf_handover_read(struct mm_bpf_handover *handover, ssize_t length, uint32_t version,
                         unsigned descriptors, char *reason)
{
    struct mm_bpf_loader_message *message = &handover->message;

    if (length == -EMSGSIZE)
        return mm_bpf_handover_refuse("its answer is too long", reason);
    if (length < 0) {
        (void)mm_format(reason, MM_BPF_REASON_MAX, "the loader's answer cannot be received: %s",
                        strerror((int)-length));
        return (int)length;
    }
    if (length < (ssize_t)sizeof(message->version) || message->version != version)
        return mm_bpf_handover_refuse("it is of another version", reason);
    if (length != (ssize_t)sizeof(*message) || message->error > 0)
        return mm_bpf_handover_refuse("its answer is malformed", reason);
    if (message->error == 0) {
        if (message->fd_count != handover->fd_count || message->fd_count <= descriptors ||
            message->programs == 0)
            return mm_bpf_handover_refuse("its answer lacks descriptors", reason);
        if (message->cpu_count == 0 || message->cpu_count > CPU_COUNT_MAX)
            return mm_bpf_handover_refuse("its answer has impossible sizes", reason);
    }
    message->reason[MM_BPF_REASON_MAX - 1] = '\0';
    (void)mm_printable(message->reason, strlen(message->reason), reason, MM_BPF_REASON_MAX);
    return message->error;
}

void mm_bpf_handover_close(struct mm_bpf_handover *handover)
{
    for (unsigned i = 0; i < handover->fd_count; i++)
        mm_cleanup_close(&handover->fds[i]);
}
