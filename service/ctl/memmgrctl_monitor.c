/* SPDX-License-Identifier: Apache-2.0 */
/* "memmgrctl monitor": events as they happen, a line each, until SIGINT or SIGTERM. */
#include "service/ctl/memmgrctl_commands.h"

#include "common/common.h"
#include "service/shared/clean_text.h"

#include <errno.h>
#include <memmgr_client.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

/* A packet of events is at most 4 KiB; its line is shorter. */
#define LINE_MAX_BYTES 2048

static const struct mm_ctl_option options[] = {
    {"events", "KIND,...", "only events of these kinds, such as decision,priority"},
    {"filter", "TEXT", "only events with that in one of their texts, or about that pid"},
    {.name = NULL},
};

/* A member that stands in the line as it is; the others are left to --json. */
static void add_member(char *line, size_t size, const cJSON *member)
{
    size_t used = strlen(line);
    char text[MM_SIZE_TEXT_MAX];
    const char *name = member->string;
    size_t length = strlen(name);

    if (cJSON_IsNumber(member) && length > 6 && strcmp(name + length - 6, "_bytes") == 0)
        (void)mm_format(line + used, size - used, " %.*s=%s", (int)(length - 6), name,
                        mm_size_text((uint64_t)MM_MAX(member->valuedouble, 0), text, sizeof(text)));
    else if (cJSON_IsNumber(member))
        (void)mm_format(line + used, size - used, " %s=%.0f", name, member->valuedouble);
    else if (cJSON_IsBool(member))
        (void)mm_format(line + used, size - used, " %s=%s", name, cJSON_IsTrue(member) ? "yes" : "no");
    else if (cJSON_IsString(member) && strchr(member->valuestring, ' '))
        (void)mm_format(line + used, size - used, " %s=\"%s\"", name, member->valuestring);
    else if (cJSON_IsString(member) && member->valuestring[0])
        (void)mm_format(line + used, size - used, " %s=%s", name, member->valuestring);
}

/* The event's moment by the wall clock: its own clock is the kernel's monotonic one, as ours is. */
static void format_moment(double event_ns, char *buffer, size_t size)
{
    struct timespec real, monotonic;
    struct tm local;
    double age_s, seconds;
    time_t whole;
    size_t used;

    (void)clock_gettime(CLOCK_REALTIME, &real);
    (void)clock_gettime(CLOCK_MONOTONIC, &monotonic);
    age_s = (double)monotonic.tv_sec + (double)monotonic.tv_nsec / 1e9 - event_ns / 1e9;
    seconds = (double)real.tv_sec + (double)real.tv_nsec / 1e9 - age_s;
    whole = (time_t)seconds;
    if (!localtime_r(&whole, &local) || strftime(buffer, size, "%H:%M:%S", &local) == 0)
        buffer[0] = '\0';
    used = strlen(buffer);
    (void)mm_format(buffer + used, size - used, ".%03u", (unsigned)((seconds - (double)whole) * 1000));
}

static void print_event(const struct mm_ctl *ctl, const cJSON *event)
{
    const char *kind = mm_json_get_text(event, "event");
    enum mm_style style = strncmp(kind, "kill", 4) == 0 ? MM_STYLE_BAD : MM_STYLE_TITLE;
    char line[LINE_MAX_BYTES] = "", clean[LINE_MAX_BYTES], clean_kind[64], moment[32];
    const cJSON *member;

    cJSON_ArrayForEach (member, event) {
        static const char *const said_elsewhere[] = {"version", "event", "time_ns"};
        bool is_said = false;

        for (size_t i = 0; i < MM_ARRAY_SIZE(said_elsewhere); i++)
            is_said = is_said || strcmp(member->string, said_elsewhere[i]) == 0;
        if (!is_said)
            add_member(line, sizeof(line), member);
    }
    format_moment(mm_json_get_number(event, "time_ns"), moment, sizeof(moment));
    (void)printf("%s%s%s %s%-14s%s%s\n", mm_style_begin(ctl, MM_STYLE_FAINT), moment,
                 mm_style_end(ctl, MM_STYLE_FAINT), mm_style_begin(ctl, style),
                 mm_clean_text(kind, clean_kind, sizeof(clean_kind)), mm_style_end(ctl, style),
                 mm_clean_text(line, clean, sizeof(clean)));
}

/* What the filter lets through: all without one. */
static bool is_wanted(const struct mm_ctl *ctl, const cJSON *packet)
{
    const char *filter = mm_ctl_option(ctl, "filter");
    const cJSON *member;
    int64_t pid;

    if (!filter)
        return true;
    if (mm_parse_i64(filter, 1, INT32_MAX, &pid) == 0 && (double)pid == mm_json_get_number(packet, "pid"))
        return true;
    cJSON_ArrayForEach (member, packet) {
        if (cJSON_IsString(member) && strcasestr(member->valuestring, filter))
            return true;
    }
    return false;
}

static int print_packet(const struct mm_ctl *ctl, struct mm_session *session)
{
    cJSON *packet;
    int result = mm_session_receive(session, 0, &packet);

    if (result == -ETIMEDOUT || result == -EINTR)
        return MM_CTL_OK;
    if (result == -EPIPE) {
        (void)fputs("memmgrctl: the daemon has closed the connection\n", stderr);
        return MM_CTL_NO_DAEMON;
    }
    if (result < 0) {
        (void)fprintf(stderr, "memmgrctl: the daemon's event is not understood: %s\n", strerror(-result));
        return MM_CTL_PROTOCOL;
    }
    if (!is_wanted(ctl, packet)) {
        cJSON_Delete(packet);
        return MM_CTL_OK;
    }
    if (ctl->is_json)
        (void)puts(session->buffer);
    else
        print_event(ctl, packet);
    cJSON_Delete(packet);
    /* Each line at once: whoever reads a pipe waits for it. */
    return mm_flush_output(ctl);
}

/* Until a signal comes, the daemon goes or the output ends. */
static int watch(const struct mm_ctl *ctl, struct mm_session *session, int signal_fd)
{
    struct pollfd pollers[] = {
        {.fd = signal_fd, .events = POLLIN},
        {.fd = memmgr_client_fd(session->client), .events = POLLIN},
        /* A pipe whose reader has left shows as an error, also while no event comes. */
        {.fd = fileno(stdout), .events = 0},
    };
    int result = MM_CTL_OK;

    while (result == MM_CTL_OK) {
        if (poll(pollers, MM_ARRAY_SIZE(pollers), -1) < 0 && errno != EINTR)
            return MM_CTL_PROTOCOL;
        if (pollers[0].revents)
            return MM_CTL_OK;
        if (pollers[2].revents & (POLLERR | POLLNVAL))
            return MM_CTL_REFUSED;
        if (pollers[1].revents)
            result = print_packet(ctl, session);
    }
    return result;
}

/* "a,b" as an array; one that is empty is refused by nobody and asks for nothing, so it is refused here. */
static int add_events(const struct mm_ctl *ctl, cJSON *request)
{
    const char *text = mm_ctl_option(ctl, "events");
    cJSON *events;

    if (!text)
        return MM_CTL_OK;
    events = cJSON_AddArrayToObject(request, "events");
    while (*text) {
        size_t length = strcspn(text, ",");
        char kind[64];

        if (length == 0 || length >= sizeof(kind))
            return mm_ctl_usage(ctl, "--events: \"%s\" is no kind", text);
        memcpy(kind, text, length);
        kind[length] = '\0';
        (void)cJSON_AddItemToArray(events, cJSON_CreateString(kind));
        text += length + (text[length] == ',');
    }
    if (cJSON_GetArraySize(events) == 0)
        return mm_ctl_usage(ctl, "--events: no kind is named");
    return MM_CTL_OK;
}

static int run(struct mm_ctl *ctl)
{
    MM_CLEANUP_CLOSE int signal_fd = -1;
    cJSON *request = mm_session_request("subscribe"), *answer;
    struct mm_session session;
    sigset_t signals;
    int result = add_events(ctl, request);

    /* From before the first event: a signal in between must not be lost. */
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    if (result == MM_CTL_OK) {
        (void)sigprocmask(SIG_BLOCK, &signals, NULL);
        signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
        if (signal_fd < 0)
            (void)fprintf(stderr, "memmgrctl: signalfd: %s\n", strerror(errno));
        result = signal_fd < 0 ? MM_CTL_REFUSED : mm_session_open(ctl, &session);
    }
    if (result != MM_CTL_OK) {
        cJSON_Delete(request);
        return result;
    }
    result = mm_session_ask(&session, ctl, request, &answer);
    if (result == MM_CTL_OK) {
        cJSON_Delete(answer);
        result = watch(ctl, &session, signal_fd);
    }
    mm_session_close(&session);
    return result;
}

const struct mm_ctl_command mm_ctl_monitor = {
    .name = "monitor",
    .summary = "show events as they happen, a line each, until interrupted",
    .arguments = "",
    .details =
        "kinds of events: pressure, waterline, application, account, process-found, process-started,\n"
        "process-renamed, process-exited, process-left, process-matched, oom-score-adj, group, stall,\n"
        "oom-victim, memory-level, kill-begin, kill-end, decision, priority, config, reload,\n"
        "log-state, stop, group-memory, swap, resumed, power, kill, app-state, device",
    .options = options,
    .run = run,
};
