/* SPDX-License-Identifier: Apache-2.0 */
/* Running memmgr-config and taking over what it read. */
#include "common/common.h"
#include "common/spawn.h"
#include "config/config.h"
#include "config/items.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434 /* the same on every architecture; older headers do not have it */
#endif

/* What a crashing program says last fits; the rest is read and dropped. */
#define COMPLAINT_MAX 512

struct reader {
    int output, complaints; /* our ends of the pipes; -1 once at their end */
    pid_t pid;
    uint64_t deadline_ms;
    unsigned char *bytes;
    size_t length, capacity;
    char complaint[COMPLAINT_MAX];
    size_t complaint_length;
};

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / MM_NS_PER_MS;
}

static int time_left_ms(const struct reader *reader)
{
    uint64_t now = now_ms();

    return now >= reader->deadline_ms ? 0 : (int)MM_MIN(reader->deadline_ms - now, (uint64_t)INT32_MAX);
}

/* ---- starting it -------------------------------------------------------------------------------------- */

/* Both ends above standard error: a daemon with closed standard streams must not have its pipe overwritten.
 */
static int make_pipe(int ret_fds[static 2])
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    for (size_t i = 0; i < 2; i++) {
        int moved = fcntl(fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        int error = errno;

        (void)close(fds[i]);
        fds[i] = moved;
        if (moved >= 0)
            continue;
        if (i == 0)
            (void)close(fds[1]);
        else
            (void)close(fds[0]);
        return -error;
    }
    memcpy(ret_fds, fds, sizeof(fds));
    return 0;
}

static int spawn(const char *path, char **arguments, int output, int complaints, pid_t *ret_pid)
{
    /* Nothing of the daemon's environment can bend what a configuration says. */
    char *const environment[] = {(char[]){"LC_ALL=C"}, NULL};
    const struct mm_spawn_descriptor descriptors[] = {
        {MM_SPAWN_NULL, STDIN_FILENO}, {output, STDOUT_FILENO}, {complaints, STDERR_FILENO}};
    const struct mm_program reader = {
        .path = path,
        .arguments = arguments,
        .environment = environment,
        .descriptors = descriptors,
        .descriptor_count = MM_ARRAY_SIZE(descriptors),
        .ends_with_us = true, /* one that hangs does not outlive who waits for it */
    };

    return mm_spawn(&reader, ret_pid);
}

static int start(struct reader *reader, const char *path, char **arguments)
{
    int output[2] = {-1, -1}, complaints[2] = {-1, -1};
    int r = make_pipe(output);

    if (r < 0)
        return r;
    r = make_pipe(complaints);
    if (r < 0) {
        (void)close(output[0]);
        (void)close(output[1]);
        return r;
    }
    reader->output = output[0];
    reader->complaints = complaints[0];
    r = spawn(path, arguments, output[1], complaints[1], &reader->pid);
    (void)close(output[1]);
    (void)close(complaints[1]);
    return r;
}

/* ---- listening to it ---------------------------------------------------------------------------------- */

static int take_output(struct reader *reader)
{
    ssize_t n;

    if (reader->length == reader->capacity) {
        size_t capacity = reader->capacity > 0 ? reader->capacity * 2 : 65536;
        unsigned char *larger;

        if (reader->capacity >= MM_STREAM_MAX_BYTES)
            return -EPROTO;
        larger = realloc(reader->bytes, capacity);
        if (!larger)
            return -ENOMEM;
        reader->bytes = larger;
        reader->capacity = capacity;
    }
    n = read(reader->output, reader->bytes + reader->length, reader->capacity - reader->length);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    if (n == 0) {
        (void)close(reader->output);
        reader->output = -1;
    }
    reader->length += (size_t)n;
    return 0;
}

static int take_complaint(struct reader *reader)
{
    char bytes[COMPLAINT_MAX];
    size_t room = sizeof(reader->complaint) - reader->complaint_length;
    ssize_t n = read(reader->complaints, bytes, sizeof(bytes));

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    if (n == 0) {
        (void)close(reader->complaints);
        reader->complaints = -1;
        return 0;
    }
    memcpy(reader->complaint + reader->complaint_length, bytes, MM_MIN((size_t)n, room));
    reader->complaint_length += MM_MIN((size_t)n, room);
    return 0;
}

/* Until both pipes are at their end. */
static int listen_to(struct reader *reader)
{
    while (reader->output >= 0 || reader->complaints >= 0) {
        struct pollfd watched[] = {{.fd = reader->output, .events = POLLIN},
                                   {.fd = reader->complaints, .events = POLLIN}};
        int left_ms = time_left_ms(reader);
        int r;

        if (left_ms == 0)
            return -ETIMEDOUT;
        r = poll(watched, MM_ARRAY_SIZE(watched), left_ms);
        if (r < 0 && errno != EINTR)
            return -errno;
        if (r <= 0)
            continue;
        r = watched[0].revents ? take_output(reader) : 0;
        if (r >= 0 && watched[1].revents)
            r = take_complaint(reader);
        if (r < 0)
            return r;
    }
    return 0;
}

/*
 * A program that has closed its output is as good as gone, but it may be a wrong one that is not: the time
 * that is left is for its exit, then it is killed.
 */
static int reap(struct reader *reader, bool is_killed, int *ret_status)
{
    pid_t pid;

    if (!is_killed) {
        MM_CLEANUP_CLOSE int fd = (int)syscall(SYS_pidfd_open, reader->pid, 0);
        struct pollfd watched = {.fd = fd, .events = POLLIN};

        /* Kernels without pidfd wait without a bound: both pipes closed means that it exits. */
        if (fd >= 0 && poll(&watched, 1, time_left_ms(reader)) == 0)
            is_killed = true;
    }
    if (is_killed)
        (void)kill(reader->pid, SIGKILL);
    do {
        pid = waitpid(reader->pid, ret_status, 0);
    } while (pid < 0 && errno == EINTR);
    /* Where SIGCHLD is ignored there is no status; the stream then speaks for itself. */
    if (pid < 0)
        *ret_status = 0;
    return is_killed ? -ETIMEDOUT : 0;
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static void complain(struct mm_problems *problems, const char *file, const struct reader *reader,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

static void complain(struct mm_problems *problems, const char *file, const struct reader *reader,
                     const char *format, ...)
{
    char what[256], said[COMPLAINT_MAX];
    va_list arguments;
    size_t length = reader->complaint_length;

    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    while (length > 0 && reader->complaint[length - 1] == '\n')
        length--;
    (void)mm_printable(reader->complaint, length, said, sizeof(said));
    mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0, "the configuration reader %s%s%s", what,
                    said[0] ? ": " : "", said);
}

static int judge(struct reader *reader, int status, const char *file, struct mm_config_items *items,
                 struct mm_problems *problems)
{
    int r;

    if (WIFSIGNALED(status)) {
        complain(problems, file, reader, "was ended by signal %d", WTERMSIG(status));
        return -EPROTO;
    }
    if (WEXITSTATUS(status) != 0) {
        complain(problems, file, reader, "failed with exit status %d", WEXITSTATUS(status));
        return -EPROTO;
    }
    r = mm_stream_decode(reader->bytes, reader->length, items, problems);
    if (r == -EBADMSG) {
        complain(problems, file, reader, "answered what this version does not understand");
        return -EPROTO;
    }
    return r;
}

/* The reader's command line. Its texts are lent, or stand in it. */
struct command {
    char ram_mb[24], screen_inches[16], max_bytes[24];
    char **words; /* ends with NULL */
    size_t count;
};

static void add_word(struct command *command, const char *word)
{
    /* exec takes words that it does not change */
    command->words[command->count++] = (char *)word;
}

static void add_option(struct command *command, const char *name, const char *value)
{
    add_word(command, name);
    add_word(command, value);
}

static int make_command(struct command *command, const char *path, const struct mm_config_sources *sources,
                        const struct mm_config_device *device)
{
    /* the program, --items, five options with a value each, --watched, --, NULL */
    command->words = calloc(sources->file_count + 15, sizeof(*command->words));
    if (!command->words)
        return -ENOMEM;
    add_word(command, path);
    add_word(command, "--items");
    (void)mm_format(command->ram_mb, sizeof(command->ram_mb), "%llu",
                    (unsigned long long)(device->ram_bytes / MM_MIB));
    add_option(command, "--ram-mb", command->ram_mb);
    (void)mm_format(command->screen_inches, sizeof(command->screen_inches), "%u", device->screen_inches);
    if (device->screen_inches > 0)
        add_option(command, "--screen-inches", command->screen_inches);
    if (device->device && device->device[0])
        add_option(command, "--device", device->device);
    if (sources->search_path)
        add_option(command, "--search-path", sources->search_path);
    (void)mm_format(command->max_bytes, sizeof(command->max_bytes), "%zu", sources->max_bytes);
    if (sources->max_bytes > 0)
        add_option(command, "--max-bytes", command->max_bytes);
    if (sources->is_watched)
        add_word(command, "--watched");
    add_word(command, "--");
    for (size_t i = 0; i < sources->file_count; i++)
        add_word(command, sources->files[i]);
    return 0;
}

static int read_items(const char *path, char **arguments, const char *file, unsigned timeout_ms,
                      struct mm_config_items *items, struct mm_problems *problems)
{
    struct reader reader = {.output = -1, .complaints = -1, .deadline_ms = now_ms() + timeout_ms};
    int status = 0;
    int r = start(&reader, path, arguments);

    if (r < 0) {
        complain(problems, file, &reader, "%s cannot be started: %s", path, strerror(-r));
    } else {
        int reaped;

        r = listen_to(&reader);
        reaped = reap(&reader, r < 0, &status);
        if (r >= 0)
            r = reaped;
        if (r == -ETIMEDOUT)
            complain(problems, file, &reader, "did not end within %u ms", timeout_ms);
        else if (r < 0)
            complain(problems, file, &reader, "cannot be listened to: %s", strerror(-r));
        else
            r = judge(&reader, status, file, items, problems);
    }
    mm_cleanup_close(&reader.output);
    mm_cleanup_close(&reader.complaints);
    free(reader.bytes);
    return r;
}

int mm_config_load(const char *reader_path, const struct mm_config_sources *sources,
                   const struct mm_config_device *device, unsigned timeout_ms, struct mm_config **ret_config,
                   struct mm_problems *problems)
{
    static const struct mm_config_device unknown_device;
    struct mm_config_items items = {0};
    struct command command = {0};
    int r = 0;

    if (sources) {
        r = make_command(&command, reader_path, sources, device ? device : &unknown_device);
        if (r >= 0)
            r = read_items(reader_path, command.words, sources->file_count > 0 ? sources->files[0] : "",
                           timeout_ms, &items, problems);
        free(command.words);
    }
    if (r >= 0)
        r = mm_config_build(&items, device, ret_config, problems);
    mm_config_items_fini(&items);
    return r;
}
