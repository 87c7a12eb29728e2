/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm_halt PID FILE-SUFFIX COUNT TIMEOUT-MS: kills a process by SIGKILL at a chosen moment of its dealings with
 * one file. Every thread is traced; what counts, of a file whose path ends in FILE-SUFFIX, are the moments before
 * and after each write, and those behind reads and writes: before the next other system call of that thread, with
 * what it did in memory alone between. The process dies at the COUNT-th.
 *
 * Prints "ready" when it traces, then one line: "killed before write", "killed after write", "killed behind write",
 * "killed behind read", or "idle" when there were fewer within the time; the process lives on then. Exit status: 0;
 * 1 the process has ended by itself or cannot be traced; 2 wrong usage.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_THREADS 64
/* Threads that start later are traced, too. */
#define TRACE_OPTIONS    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE)
#define SYSTEM_CALL_STOP (SIGTRAP | 0x80)
#define EVENT_OF(status) ((unsigned int)(status) >> 16)

struct thread {
    pid_t tid;
    const char *under_way; /* "read" or "write" of the file */
    const char *behind;    /* the one that ended last, until the next system call */
};

struct trace {
    pid_t pid;
    const char *suffix;
    long left;
    struct thread threads[MAX_THREADS];
    size_t thread_count;
};

static volatile sig_atomic_t is_late;

/* The system call itself: libc's <sys/ptrace.h> and the kernel's header do not agree with each other, and its
 * function wants numbers as pointers. */
static long trace_thread(long request, pid_t tid, long address, long data)
{
    return syscall(SYS_ptrace, request, (long)tid, address, data);
}

static void on_alarm(int number)
{
    (void)number;
    is_late = 1;
}

static struct thread *thread_of(struct trace *trace, pid_t tid)
{
    for (size_t i = 0; i < trace->thread_count; i++) {
        if (trace->threads[i].tid == tid)
            return &trace->threads[i];
    }
    if (trace->thread_count == MAX_THREADS)
        return NULL;
    trace->threads[trace->thread_count] = (struct thread){.tid = tid};
    return &trace->threads[trace->thread_count++];
}

/* "read" or "write", NULL for all other system calls. */
static const char *kind_of(uint64_t number)
{
    switch (number) {
    case SYS_read:
    case SYS_pread64:
        return "read";
    case SYS_write:
    case SYS_pwrite64:
        return "write";
    default:
        return NULL;
    }
}

static bool is_the_file(const struct trace *trace, uint64_t descriptor)
{
    const size_t suffix_length = strlen(trace->suffix);
    char link[64];
    char path[4096];
    ssize_t length;

    (void)snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)trace->pid, (int)descriptor);
    length = readlink(link, path, sizeof(path));
    return length >= (ssize_t)suffix_length &&
           memcmp(path + length - suffix_length, trace->suffix, suffix_length) == 0;
}

static void end_at(const struct trace *trace, const char *where, const char *what)
{
    (void)kill(trace->pid, SIGKILL);
    (void)printf("killed %s %s\n", where, what);
    exit(0);
}

/* The beginning of a system call. Returns what of it counts, NULL when nothing does. */
static const char *note_entry(const struct trace *trace, struct thread *thread,
                              const struct ptrace_syscall_info *info, const char **ret_what)
{
    const char *what = kind_of(info->entry.nr);
    const char *where = NULL;

    if (what && is_the_file(trace, info->entry.args[0])) {
        thread->under_way = *ret_what = what;
        where = *what == 'w' ? "before" : NULL;
    } else if (thread->behind) {
        *ret_what = thread->behind;
        where = "behind";
    }
    thread->behind = NULL;
    return where;
}

static void note_system_call(struct trace *trace, struct thread *thread)
{
    struct ptrace_syscall_info info = {0};
    const char *where = NULL;
    const char *what = NULL;

    if (syscall(SYS_ptrace, (long)PTRACE_GET_SYSCALL_INFO, (long)thread->tid, sizeof(info), &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        where = note_entry(trace, thread, &info, &what);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && thread->under_way) {
        what = thread->behind = thread->under_way;
        where = *what == 'w' ? "after" : NULL;
        thread->under_way = NULL;
    }
    if (where && --trace->left == 0)
        end_at(trace, where, what);
}

/* Every thread there is now; more appear while this looks, so it looks until it finds no new one. */
static int attach_all(struct trace *trace)
{
    char path[64];
    size_t before;

    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)trace->pid);
    do {
        DIR *directory = opendir(path);
        const struct dirent *entry;

        if (!directory)
            return -errno;
        before = trace->thread_count;
        while ((entry = readdir(directory))) {
            const pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

            if (tid <= 0 || trace_thread(PTRACE_SEIZE, tid, 0, TRACE_OPTIONS))
                continue;
            (void)thread_of(trace, tid);
            (void)trace_thread(PTRACE_INTERRUPT, tid, 0, 0);
        }
        (void)closedir(directory);
    } while (trace->thread_count > before);
    return trace->thread_count > 0 ? 0 : -ESRCH;
}

/* Notes what has stopped the thread, and lets it run on to the next beginning or end of a system call. */
static void serve_stop(struct trace *trace, pid_t tid, int status)
{
    struct thread *thread = thread_of(trace, tid);
    int signal_number = WSTOPSIG(status);

    if (signal_number == SYSTEM_CALL_STOP) {
        if (thread)
            note_system_call(trace, thread);
        signal_number = 0;
    } else if (EVENT_OF(status)) {
        signal_number = 0;
    }
    (void)trace_thread(PTRACE_SYSCALL, tid, 0, signal_number);
}

static int run(struct trace *trace)
{
    for (;;) {
        int status = 0;
        const pid_t tid = waitpid(-1, &status, __WALL);

        if (is_late) {
            (void)puts("idle");
            return 0;
        }
        if (tid < 0 && errno == EINTR)
            continue;
        if (tid < 0 || (tid == trace->pid && !WIFSTOPPED(status))) {
            (void)puts("gone");
            return 1;
        }
        if (!WIFSTOPPED(status))
            continue;
        serve_stop(trace, tid, status);
    }
}

static long number_of(const char *text)
{
    char *end;
    const long value = strtol(text, &end, 10);

    if (end == text || *end || value <= 0) {
        (void)fputs("usage: vm_halt PID FILE-SUFFIX COUNT TIMEOUT-MS\n", stderr);
        exit(2);
    }
    return value;
}

int main(int argument_count, char **arguments)
{
    /* Without SA_RESTART: waitpid is to end. */
    const struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval timer = {0};
    struct trace trace = {0};
    long timeout_ms;

    if (argument_count != 5)
        (void)number_of("");
    trace.pid = (pid_t)number_of(arguments[1]);
    trace.suffix = arguments[2];
    trace.left = number_of(arguments[3]);
    timeout_ms = number_of(arguments[4]);
    timer.it_value.tv_sec = timeout_ms / 1000;
    timer.it_value.tv_usec = timeout_ms % 1000 * 1000;
    if (attach_all(&trace)) {
        (void)fprintf(stderr, "vm_halt: process %s cannot be traced\n", arguments[1]);
        return 1;
    }
    /* Each stands still by now, or will before its next system call. */
    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
    (void)puts("ready");
    (void)fflush(stdout);
    return run(&trace);
}
