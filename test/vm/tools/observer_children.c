/* SPDX-License-Identifier: Apache-2.0 */
/* The processes the observer has started: their lives, output and deaths. */
#include "test/vm/tools/observer.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434 /* the same number on every architecture */
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

struct mm_observer_child *mm_observer_child_find(struct mm_observer *observer, const char *name)
{
    for (size_t i = 0; i < observer->child_count; i++) {
        if (strcmp(observer->children[i].name, name) == 0)
            return &observer->children[i];
    }
    return NULL;
}

/* Names go into the record as they are. */
static bool name_is_plain(const char *name)
{
    const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

    return length > 0 && length < MM_OBSERVER_NAME_SIZE && !name[length];
}

/* In the child: nothing of what keeps the observer alive may protect the observed. */
static _Noreturn void become(const char *command, int output_fd, pid_t parent)
{
    const struct sched_param ordinary = {.sched_priority = 0};
    char line[MM_OBSERVER_LINE_SIZE + sizeof("exec ")];
    sigset_t none;
    int fd;

    (void)sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent || sigprocmask(SIG_SETMASK, &none, NULL) ||
        sched_setscheduler(0, SCHED_OTHER, &ordinary))
        _exit(126);
    (void)signal(SIGPIPE, SIG_DFL);
    fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1)
        _exit(126);
    (void)close(fd);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0)
        _exit(126);
    (void)snprintf(line, sizeof(line), "exec %s", command);
    (void)execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(127);
}

int mm_observer_child_start(struct mm_observer *observer, const char *name, const char *command)
{
    struct mm_observer_child *child;
    const pid_t parent = getpid();
    int output[2];
    int pidfd;
    pid_t pid;

    if (!name_is_plain(name) || !*command || strlen(command) >= MM_OBSERVER_LINE_SIZE)
        return -EINVAL;
    if (mm_observer_child_find(observer, name))
        return -EEXIST;
    if (observer->child_count == MM_OBSERVER_MAX_CHILDREN)
        return -ENOSPC;
    if (pipe2(output, O_CLOEXEC))
        return -errno;
    pid = fork();
    if (pid == 0)
        become(command, output[1], parent);
    (void)close(output[1]);
    pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) {
        const int error = errno;

        (void)close(output[0]);
        if (pid > 0) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
        }
        return -error;
    }
    (void)fcntl(output[0], F_SETFL, O_NONBLOCK);

    child = &observer->children[observer->child_count++];
    *child = (struct mm_observer_child){.pid = pid, .pidfd = pidfd, .output_fd = output[0]};
    memcpy(child->name, name, strlen(name) + 1);
    return 0;
}

void mm_observer_child_reap(struct mm_observer *observer, struct mm_observer_child *child)
{
    /* The time first: what follows may take longer than another death. */
    const int64_t time_ms = mm_observer_now_ms();
    struct mm_observer_death *death;
    siginfo_t information = {0};

    if (waitid((idtype_t)P_PIDFD, (id_t)child->pidfd, &information, WEXITED | WNOHANG) || !information.si_pid)
        return;
    (void)close(child->pidfd);
    child->pidfd = -1;
    death = &observer->deaths[observer->death_count++];
    *death = (struct mm_observer_death){
        .child = child,
        .signal = information.si_code == CLD_EXITED ? 0 : information.si_status,
        .status = information.si_code == CLD_EXITED ? information.si_status : -1,
        .time_ms = time_ms,
        .available_mb = atomic_load(&observer->memory.available_kib) / 1024,
        .available_low_mb = mm_observer_memory_take_low(&observer->memory) / 1024,
    };
}

void mm_observer_child_read(struct mm_observer_child *child)
{
    const size_t half = sizeof(child->output) / 2;
    ssize_t length;

    do {
        if (child->output_length == sizeof(child->output)) {
            memmove(child->output, child->output + half, half);
            child->output_length = half;
        }
        length = read(child->output_fd, child->output + child->output_length,
                      sizeof(child->output) - child->output_length);
        if (length > 0)
            child->output_length += (size_t)length;
    } while (length > 0);
    if (length == 0) {
        (void)close(child->output_fd);
        child->output_fd = -1;
    }
}

bool mm_observer_child_said(const struct mm_observer_child *child, const char *text)
{
    const size_t text_length = strlen(text);
    const char *line = child->output;
    size_t left = child->output_length;

    while (left > 0) {
        const char *end = memchr(line, '\n', left);

        if (!end)
            return false;
        if ((size_t)(end - line) == text_length && memcmp(line, text, text_length) == 0)
            return true;
        left -= (size_t)(end + 1 - line);
        line = end + 1;
    }
    return false;
}

const struct mm_observer_death *mm_observer_death_of(const struct mm_observer *observer,
                                                     const struct mm_observer_child *child)
{
    for (size_t i = 0; i < observer->death_count; i++) {
        if (observer->deaths[i].child == child)
            return &observer->deaths[i];
    }
    return NULL;
}

void mm_observer_children_end(struct mm_observer *observer)
{
    for (size_t i = 0; i < observer->child_count; i++) {
        if (observer->children[i].pidfd >= 0)
            (void)kill(observer->children[i].pid, SIGKILL);
    }
    for (size_t i = 0; i < observer->child_count; i++) {
        if (observer->children[i].pidfd < 0)
            continue;
        (void)waitpid(observer->children[i].pid, NULL, 0);
        (void)close(observer->children[i].pidfd);
    }
}
