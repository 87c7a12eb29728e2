/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/match_program.h"

#include "common/common.h"
#include "common/spawn.h"
#include "event_center/match_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Above those that they become in the program, so that none is placed onto another. */
static int move_up(int *fd)
{
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, MM_MATCH_RULES_FD + 1);

    if (moved < 0)
        return -errno;
    (void)close(*fd);
    *fd = moved;
    return 0;
}

static int make_rules_file(const struct mm_process_rules_config *rules, int *ret_fd)
{
    MM_CLEANUP_CLOSE int fd = memfd_create("process rules", MFD_CLOEXEC);
    int r = fd < 0 ? -errno : mm_rule_stream_write(fd, rules);

    if (r == 0)
        r = move_up(&fd);
    if (r == 0)
        *ret_fd = mm_take_fd(&fd);
    return r;
}

static int spawn(const char *path, int socket_fd, int rules_fd, pid_t *ret_pid)
{
    char *const arguments[] = {(char[]){"memmgr-match"}, (char[]){"--serve"}, NULL};
    char *const environment[] = {(char[]){"LC_ALL=C"}, NULL};
    const struct mm_spawn_descriptor descriptors[] = {
        {MM_SPAWN_NULL, STDIN_FILENO}, {socket_fd, MM_MATCH_SOCKET_FD}, {rules_fd, MM_MATCH_RULES_FD}};
    const struct mm_program program = {
        .path = path,
        .arguments = arguments,
        .environment = environment,
        .descriptors = descriptors,
        .descriptor_count = MM_ARRAY_SIZE(descriptors),
        .ends_with_us = true,
    };

    return mm_spawn(&program, ret_pid);
}

int mm_match_program_start(struct mm_match_program *program, const char *path,
                           const struct mm_process_rules_config *rules)
{
    int ends[2] = {-1, -1};
    MM_CLEANUP_CLOSE int ours = -1;
    MM_CLEANUP_CLOSE int theirs = -1;
    MM_CLEANUP_CLOSE int rules_fd = -1;
    int r = make_rules_file(rules, &rules_fd);

    if (r == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        r = -errno;
    ours = ends[0];
    theirs = ends[1];
    if (r == 0)
        r = move_up(&theirs);
    if (r == 0)
        r = spawn(path, theirs, rules_fd, &program->pid);
    if (r == 0)
        program->socket = mm_take_fd(&ours);
    return r;
}

int mm_match_program_send(const struct mm_match_program *program, const void *packet, size_t length)
{
    ssize_t n;

    do
        n = send(program->socket, packet, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

ssize_t mm_match_program_receive(const struct mm_match_program *program, void *packet, size_t size)
{
    struct iovec part = {.iov_base = packet, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;

    do
        n = recvmsg(program->socket, &message, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno;
    return message.msg_flags & MSG_TRUNC ? (ssize_t)size + 1 : n;
}

void mm_match_program_end(struct mm_match_program *program)
{
    if (program->pid > 0)
        (void)kill(program->pid, SIGKILL);
    mm_cleanup_close(&program->socket);
    program->socket = -1;
}

bool mm_match_program_reap(struct mm_match_program *program)
{
    pid_t r = program->pid > 0 ? waitpid(program->pid, NULL, WNOHANG) : 0;

    /* where SIGCHLD is ignored the kernel has reaped it */
    if (program->pid > 0 && r == 0)
        return false;
    program->pid = 0;
    return true;
}
