/* SPDX-License-Identifier: Apache-2.0 */
#include "common/spawn.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int place(const struct mm_spawn_descriptor *descriptor)
{
    int from = descriptor->from == MM_SPAWN_NULL ? open("/dev/null", O_RDONLY | O_CLOEXEC) : descriptor->from;

    if (from < 0)
        return -1;
    /* to itself dup2 does nothing, and it would close when the program runs */
    return from == descriptor->to ? fcntl(from, F_SETFD, 0) : dup2(from, descriptor->to);
}

static int place_all(const struct mm_program *program)
{
    for (size_t i = 0; i < program->descriptor_count; i++) {
        if (place(&program->descriptors[i]) < 0)
            return -1;
    }
    return 0;
}

/* In the child, which has its parent's memory until it runs the program: system calls only. */
_Noreturn static void become(const struct mm_program *program, pid_t parent_pid, int report_fd)
{
    const struct sigaction initial = {.sa_handler = SIG_DFL};
    sigset_t none;
    int error = ESRCH; /* the parent has ended: nobody reads it */

    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        (void)sigaction(signal_number, &initial, NULL);
    if (!program->ends_with_us || (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent_pid)) {
        if (place_all(program) == 0) {
            (void)sigemptyset(&none);
            (void)sigprocmask(SIG_SETMASK, &none, NULL);
            (void)execve(program->path, program->arguments, program->environment);
        }
        error = errno;
    }
    (void)write(report_fd, &error, sizeof(error));
    _exit(127);
}

/* Where no descriptor of the program comes to lie on it, and gone once the program runs. */
static int move_away(const struct mm_program *program, int *fd)
{
    int lowest = STDERR_FILENO + 1;
    int moved;

    for (size_t i = 0; i < program->descriptor_count; i++)
        lowest = MM_MAX(lowest, program->descriptors[i].to + 1);
    moved = fcntl(*fd, F_DUPFD_CLOEXEC, lowest);
    if (moved < 0)
        return -errno;
    (void)close(*fd);
    *fd = moved;
    return 0;
}

/* What kept the child from becoming the program; 0: nothing, and it runs. */
static int take_report(int report_fd, pid_t pid)
{
    int error = 0;
    ssize_t n;

    do {
        n = read(report_fd, &error, sizeof(error));
    } while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n < 0 ? -errno : 0;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return -error;
}

static int start(const struct mm_program *program, const int report[static 2], pid_t *ret_pid)
{
    const pid_t parent_pid = getpid();
    sigset_t all, old;
    int error = 0;
    pid_t pid;

    (void)sigfillset(&all);
    /* a handler of ours must not run in the child */
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    pid = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
    if (pid == 0)
        // NOLINTNEXTLINE(clang-analyzer-unix.Vfork): it makes system calls only
        become(program, parent_pid, report[1]);
    if (pid < 0)
        error = -errno;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    *ret_pid = pid;
    return error;
}

int mm_spawn(const struct mm_program *program, pid_t *ret_pid)
{
    int report[2] = {-1, -1};
    pid_t pid = -1;
    int result;

    if (pipe2(report, O_CLOEXEC) < 0)
        return -errno;
    result = move_away(program, &report[1]);
    if (result == 0)
        result = start(program, report, &pid);
    (void)close(report[1]);
    if (result == 0)
        result = take_report(report[0], pid);
    (void)close(report[0]);
    if (result == 0)
        *ret_pid = pid;
    return result;
}
