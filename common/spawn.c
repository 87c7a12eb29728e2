/* SPDX-License-Identifier: Apache-2.0 */
#include "common/spawn.h"

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
_Noreturn static void become(const struct mm_program *program, pid_t parent_pid, volatile int *ret_error)
{
    const struct sigaction initial = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        (void)sigaction(signal_number, &initial, NULL);
    if (program->ends_with_us && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent_pid))
        _exit(127);
    if (place_all(program) == 0) {
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)execve(program->path, program->arguments, program->environment);
    }
    *ret_error = -errno;
    _exit(127);
}

int mm_spawn(const struct mm_program *program, pid_t *ret_pid)
{
    const pid_t parent_pid = getpid();
    volatile int error = 0;
    sigset_t all, old;
    pid_t pid;

    (void)sigfillset(&all);
    /* a handler of ours must not run in the child */
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    pid = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
    if (pid == 0)
        // NOLINTNEXTLINE(clang-analyzer-unix.Vfork): it makes system calls only
        become(program, parent_pid, &error);
    if (pid < 0)
        error = -errno;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (pid > 0 && error < 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    if (error == 0)
        *ret_pid = pid;
    return error;
}
