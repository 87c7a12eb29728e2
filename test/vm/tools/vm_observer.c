/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm_observer [--waterlines-mb 500,400,...]: reads commands, one a line, from standard input and answers each
 * with one line, "ok ..." or "error ...". Times are milliseconds, memory is MiB.
 *
 *   start NAME COMMAND...         run by the shell as "exec COMMAND"; "ok PID"
 *   expect NAME TIMEOUT TEXT      until a line of its standard output is exactly TEXT
 *   signal NAME SIGNAL            a number, or a name without SIG
 *   alive NAME                    "ok alive" or "ok dead"
 *   wait NAME TIMEOUT             until it is dead; "ok signal 9" or "ok status 0"
 *   wait-deaths COUNT TIMEOUT     until so many have died in all; "ok NAME NAME ..."
 *   wait-quiet QUIET TIMEOUT      until nobody has died for QUIET, counted from now on; "ok NAME NAME ..."
 *   wait-below MB TIMEOUT         until MemAvailable is below; "ok MB"
 *   deaths                        "ok NAME NAME ..." in the order of their deaths
 *   available                     "ok MB": MemAvailable now
 *   finish                        answers with the record as one line of JSON, kills the survivors and ends
 *
 * The end of its input means finish, without the record. The record: deaths (in order; signal, or status when
 * it exited), crossings (when MemAvailable was first seen below each waterline), oom_kill (how often the
 * kernel has killed meanwhile), oom_lines (its words), survivors.
 */
#include "test/vm/tools/observer.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NS_PER_MS INT64_C(1000000)
/* While memory is waited for, it is looked at as often as it is sampled. */
#define BELOW_EVERY_MS 2
#define MAX_NUMBER     1000000000L

enum wait_kind { WAIT_NOTHING, WAIT_OUTPUT, WAIT_DEATH, WAIT_DEATHS, WAIT_QUIET, WAIT_BELOW };

/* The one command that has not been answered yet. */
struct pending_wait {
    enum wait_kind kind;
    struct mm_observer_child *child;
    char text[MM_OBSERVER_LINE_SIZE];
    int64_t amount; /* deaths, quiet ms or MB */
    int64_t since_ms;
    int64_t deadline_ms;
};

struct session {
    struct mm_observer observer;
    struct pending_wait wait;
    char input[2 * MM_OBSERVER_LINE_SIZE];
    size_t input_length;
    bool input_ended;
    bool finished;
};

__attribute__((format(printf, 1, 2))) static void reply(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    (void)fflush(stdout);
}

static void reply_deaths(const struct mm_observer *observer)
{
    (void)fputs("ok", stdout);
    for (size_t i = 0; i < observer->death_count; i++)
        (void)printf(" %s", observer->deaths[i].child->name);
    reply("%s", "");
}

/* The next word of *cursor, "" at its end; *cursor moves behind it. */
static char *take_word(char **cursor)
{
    char *word = *cursor + strspn(*cursor, " ");
    char *end = word + strcspn(word, " ");

    *cursor = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

static bool take_number(char **cursor, int64_t *ret_number)
{
    const char *word = take_word(cursor);
    char *end;
    long value;

    errno = 0;
    value = strtol(word, &end, 10);
    if (errno || end == word || *end || value < 0 || value > MAX_NUMBER)
        return false;
    *ret_number = value;
    return true;
}

static void command_start(struct session *session, char *arguments)
{
    const char *name = take_word(&arguments);
    const int error = mm_observer_child_start(&session->observer, name, arguments);

    if (error)
        reply("error %s", strerror(-error));
    else
        reply("ok %d", (int)session->observer.children[session->observer.child_count - 1].pid);
}

static struct mm_observer_child *take_child(struct session *session, char **arguments)
{
    struct mm_observer_child *child = mm_observer_child_find(&session->observer, take_word(arguments));

    if (!child)
        reply("error there is no such child");
    return child;
}

/* Takes [AMOUNT] TIMEOUT and leaves the rest in wait->text. */
static void begin_wait(struct session *session, enum wait_kind kind, struct mm_observer_child *child,
                       bool has_amount, char *arguments)
{
    struct pending_wait *wait = &session->wait;
    int64_t amount = 0;
    int64_t timeout_ms;

    if ((has_amount && !take_number(&arguments, &amount)) || !take_number(&arguments, &timeout_ms)) {
        reply("error a whole number is missing");
        return;
    }
    wait->kind = kind;
    wait->child = child;
    wait->amount = amount;
    wait->since_ms = mm_observer_now_ms();
    wait->deadline_ms = wait->since_ms + timeout_ms;
    (void)snprintf(wait->text, sizeof(wait->text), "%s", arguments);
}

static void command_expect(struct session *session, char *arguments)
{
    struct mm_observer_child *child = take_child(session, &arguments);

    if (child)
        begin_wait(session, WAIT_OUTPUT, child, false, arguments);
}

static void command_wait(struct session *session, char *arguments)
{
    struct mm_observer_child *child = take_child(session, &arguments);

    if (child)
        begin_wait(session, WAIT_DEATH, child, false, arguments);
}

static void command_wait_deaths(struct session *session, char *arguments)
{
    begin_wait(session, WAIT_DEATHS, NULL, true, arguments);
}

static void command_wait_quiet(struct session *session, char *arguments)
{
    begin_wait(session, WAIT_QUIET, NULL, true, arguments);
}

static void command_wait_below(struct session *session, char *arguments)
{
    begin_wait(session, WAIT_BELOW, NULL, true, arguments);
}

static int signal_number(const char *word)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {
        {"HUP", SIGHUP},   {"INT", SIGINT},   {"KILL", SIGKILL}, {"USR1", SIGUSR1},
        {"USR2", SIGUSR2}, {"TERM", SIGTERM}, {"STOP", SIGSTOP}, {"CONT", SIGCONT},
    };
    char *end;
    const long number = strtol(word, &end, 10);

    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        if (strcmp(signals[i].name, word) == 0)
            return signals[i].number;
    }
    return end != word && !*end && number > 0 && number <= SIGRTMAX ? (int)number : -1;
}

static void command_signal(struct session *session, char *arguments)
{
    const struct mm_observer_child *child = take_child(session, &arguments);
    int number;

    if (!child)
        return;
    number = signal_number(take_word(&arguments));
    /* Not yet reaped, it still has its pid to itself. */
    if (number < 0)
        reply("error no such signal");
    else if (child->pidfd < 0)
        reply("error it is dead");
    else if (kill(child->pid, number))
        reply("error %s", strerror(errno));
    else
        reply("ok");
}

static void command_alive(struct session *session, char *arguments)
{
    const struct mm_observer_child *child = take_child(session, &arguments);

    if (child)
        reply("ok %s", child->pidfd >= 0 ? "alive" : "dead");
}

static void command_deaths(struct session *session, char *arguments)
{
    (void)arguments;
    reply_deaths(&session->observer);
}

static void command_available(struct session *session, char *arguments)
{
    (void)arguments;
    reply("ok %lld", atomic_load(&session->observer.memory.available_kib) / 1024);
}

static void command_finish(struct session *session, char *arguments)
{
    struct mm_observer *observer = &session->observer;
    int error;

    (void)arguments;
    for (size_t i = 0; i < observer->child_count; i++) {
        if (observer->children[i].pidfd >= 0)
            mm_observer_child_reap(observer, &observer->children[i]);
    }
    error = mm_observer_memory_stop(&observer->memory);
    mm_observer_kmsg_read(observer);
    if (error)
        reply("error reading /proc/meminfo: %s", strerror(-error));
    else
        mm_observer_report(observer, stdout);
    (void)fflush(stdout);
    session->finished = true;
}

static void execute(struct session *session, char *line)
{
    static const struct {
        const char *name;
        void (*run)(struct session *session, char *arguments);
    } commands[] = {
        {"start", command_start},
        {"expect", command_expect},
        {"signal", command_signal},
        {"alive", command_alive},
        {"wait", command_wait},
        {"wait-deaths", command_wait_deaths},
        {"wait-quiet", command_wait_quiet},
        {"wait-below", command_wait_below},
        {"deaths", command_deaths},
        {"available", command_available},
        {"finish", command_finish},
    };
    const char *name = take_word(&line);

    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            commands[i].run(session, line);
            return;
        }
    }
    reply("error there is no command %s", name);
}

/* When the pending wait-quiet is over if nobody dies any more. */
static int64_t quiet_until_ms(const struct session *session)
{
    const struct mm_observer *observer = &session->observer;
    int64_t since_ms = session->wait.since_ms;

    if (observer->death_count > 0 && observer->deaths[observer->death_count - 1].time_ms > since_ms)
        since_ms = observer->deaths[observer->death_count - 1].time_ms;
    return since_ms + session->wait.amount;
}

/* Answers the pending command if what it waits for has come. */
static bool wait_is_over(const struct session *session)
{
    const struct pending_wait *wait = &session->wait;
    const struct mm_observer *observer = &session->observer;
    const struct mm_observer_death *death;
    long long available_mb;

    switch (wait->kind) {
    case WAIT_OUTPUT:
        if (mm_observer_child_said(wait->child, wait->text)) {
            reply("ok");
            return true;
        }
        if (wait->child->output_fd < 0)
            reply("error its output has ended");
        return wait->child->output_fd < 0;
    case WAIT_DEATH:
        death = mm_observer_death_of(observer, wait->child);
        if (death)
            reply("ok %s %d", death->signal ? "signal" : "status",
                  death->signal ? death->signal : death->status);
        return death;
    case WAIT_DEATHS:
        if (observer->death_count >= (size_t)wait->amount)
            reply_deaths(observer);
        return observer->death_count >= (size_t)wait->amount;
    case WAIT_QUIET:
        if (mm_observer_now_ms() < quiet_until_ms(session))
            return false;
        reply_deaths(observer);
        return true;
    case WAIT_BELOW:
        available_mb = atomic_load(&observer->memory.available_kib) / 1024;
        if (available_mb < wait->amount)
            reply("ok %lld", available_mb);
        return available_mb < wait->amount;
    case WAIT_NOTHING:
        break;
    }
    return false;
}

static void check_wait(struct session *session)
{
    if (session->wait.kind == WAIT_NOTHING)
        return;
    if (wait_is_over(session)) {
        session->wait.kind = WAIT_NOTHING;
    } else if (mm_observer_now_ms() >= session->wait.deadline_ms) {
        reply("error timed out");
        session->wait.kind = WAIT_NOTHING;
    }
}

static int poll_timeout_ms(const struct session *session)
{
    const struct pending_wait *wait = &session->wait;
    int64_t until_ms = wait->deadline_ms;
    int64_t left_ms;

    if (wait->kind == WAIT_NOTHING)
        return -1;
    if (wait->kind == WAIT_BELOW)
        return BELOW_EVERY_MS;
    if (wait->kind == WAIT_QUIET && quiet_until_ms(session) < until_ms)
        until_ms = quiet_until_ms(session);
    left_ms = until_ms - mm_observer_now_ms();
    return left_ms < 1 ? 1 : (int)left_ms;
}

/* Runs the complete lines that have come in, until one has to wait. */
static void run_input(struct session *session)
{
    char *end;

    while (session->wait.kind == WAIT_NOTHING && !session->finished &&
           (end = memchr(session->input, '\n', session->input_length))) {
        const size_t length = (size_t)(end + 1 - session->input);
        char line[sizeof(session->input)];

        *end = '\0';
        memcpy(line, session->input, length);
        session->input_length -= length;
        memmove(session->input, end + 1, session->input_length);
        execute(session, line);
        check_wait(session);
    }
}

static void read_input(struct session *session)
{
    const ssize_t length = read(STDIN_FILENO, session->input + session->input_length,
                                sizeof(session->input) - session->input_length);

    if (length > 0)
        session->input_length += (size_t)length;
    else if (length == 0 || errno != EINTR)
        session->input_ended = true;
    if (session->input_length == sizeof(session->input) &&
        !memchr(session->input, '\n', session->input_length)) {
        reply("error the line is too long");
        session->input_ended = true;
    }
}

/* Deaths before all else: their time and order is what the observer is for. */
static void serve(struct session *session)
{
    struct mm_observer *observer = &session->observer;
    struct pollfd pidfds[MM_OBSERVER_MAX_CHILDREN + 2 + MM_OBSERVER_MAX_CHILDREN];
    struct pollfd *const others = pidfds + observer->child_count;
    struct pollfd *const outputs = others + 2;
    const size_t child_count = observer->child_count;
    const bool reads_input = session->wait.kind == WAIT_NOTHING;

    for (size_t i = 0; i < child_count; i++) {
        pidfds[i] = (struct pollfd){.fd = observer->children[i].pidfd, .events = POLLIN};
        outputs[i] = (struct pollfd){.fd = observer->children[i].output_fd, .events = POLLIN};
    }
    others[0] = (struct pollfd){.fd = observer->kmsg_fd, .events = POLLIN};
    others[1] = (struct pollfd){.fd = reads_input ? STDIN_FILENO : -1, .events = POLLIN};
    if (poll(pidfds, (nfds_t)(2 * child_count + 2), poll_timeout_ms(session)) < 0)
        return;
    for (size_t i = 0; i < child_count; i++) {
        if (pidfds[i].revents)
            mm_observer_child_reap(observer, &observer->children[i]);
    }
    for (size_t i = 0; i < child_count; i++) {
        if (outputs[i].revents)
            mm_observer_child_read(&observer->children[i]);
    }
    if (others[0].revents)
        mm_observer_kmsg_read(observer);
    check_wait(session);
    if (others[1].revents)
        read_input(session);
    run_input(session);
}

/* The kernel may neither choose the observer as a victim, nor page it out, nor let it wait for the processor.
 */
static int become_safe(void)
{
    const struct sched_param parameter = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, "-1000", 5) != 5 || close(fd))
        return -errno;
    if (mlockall(MCL_CURRENT | MCL_FUTURE) || sched_setscheduler(0, SCHED_FIFO, &parameter))
        return -errno;
    return 0;
}

static void parse_waterlines(struct mm_observer_memory *memory, char *text)
{
    char *word;

    while ((word = strsep(&text, ","))) {
        char *end;
        const long value = strtol(word, &end, 10);

        if (end == word || *end || value <= 0 || value > MAX_NUMBER ||
            memory->crossing_count == MM_OBSERVER_MAX_WATERLINES) {
            (void)fprintf(stderr, "vm_observer: bad waterline \"%s\"\n", word);
            exit(2);
        }
        memory->crossings[memory->crossing_count++] =
            (struct mm_observer_crossing){.waterline_mb = value, .time_ms = -1};
    }
}

static void parse_options(struct session *session, int argument_count, char **arguments)
{
    static const struct option long_options[] = {
        {"waterlines-mb", required_argument, NULL, 'w'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argument_count, arguments, "", long_options, NULL)) != -1) {
        if (option != 'w')
            exit(2);
        parse_waterlines(&session->observer.memory, optarg);
    }
    if (optind != argument_count) {
        (void)fputs("usage: vm_observer [--waterlines-mb MB,MB,...]\n", stderr);
        exit(2);
    }
}

int main(int argument_count, char **arguments)
{
    struct session *session = calloc(1, sizeof(*session));
    int error;

    if (!session)
        return 1;
    parse_options(session, argument_count, arguments);
    (void)signal(SIGPIPE, SIG_IGN);
    session->observer.started_ms = mm_observer_now_ms();
    session->observer.oom_kills_at_start = mm_observer_oom_kills();
    error = become_safe();
    if (!error)
        error = mm_observer_kmsg_open(&session->observer);
    if (!error)
        error = mm_observer_memory_start(&session->observer.memory);
    if (error || session->observer.oom_kills_at_start < 0) {
        (void)fprintf(stderr, "vm_observer: %s\n", error ? strerror(-error) : "no oom_kill in /proc/vmstat");
        free(session);
        return 1;
    }
    while (!session->finished && !session->input_ended)
        serve(session);
    if (!session->finished)
        (void)mm_observer_memory_stop(&session->observer.memory);
    mm_observer_children_end(&session->observer);
    free(session);
    return 0;
}
