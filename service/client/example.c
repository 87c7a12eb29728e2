/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that drops its cache when memory gets scarce, and shows what the daemon does. By default only root and
 * the group of the socket may connect (controlSocket/group and mode): anybody else gets ENOTCONN and waits. Reports need
 * root or controlSocket/allowedUid, too: without it is told so (EACCES) and goes on. With a number it ends by itself
 * after so many events.
 *
 *   cc example.c $(pkg-config --cflags --libs memmgr-client) -o example && ./example
 *   memmgrctl event level low          (in another terminal, as root: to see it work)
 */
#include <errno.h>
#include <memmgr_session.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *cache;

static void show(const struct memmgr_event *event)
{
    switch (event->kind) {
    case MEMMGR_EVENT_CONNECTED:
        puts("connected");
        break;
    case MEMMGR_EVENT_DISCONNECTED:
        printf("disconnected: %s\n", strerror(-event->error));
        break;
    case MEMMGR_EVENT_LEVEL:
        printf("level %s, %llu MiB available\n", memmgr_level_name(event->level),
               (unsigned long long)(event->available_bytes >> 20));
        if (event->level >= MEMMGR_LEVEL_LOW && cache) {
            free(cache);
            cache = NULL;
            puts("cache dropped");
        }
        break;
    case MEMMGR_EVENT_KILL:
        printf("%s %s (%d): %s\n", event->is_ended ? "killed" : "killing", event->name, (int)event->pid,
               event->text);
        break;
    default:
        break;
    }
}

/* What this process is, and what the daemon makes of it. */
static void introduce(struct memmgr_session *session)
{
    struct memmgr_report report = MEMMGR_REPORT_INIT;
    struct memmgr_memory memory = MEMMGR_MEMORY_INIT;
    int32_t priority;
    int result;

    report.word = MEMMGR_FOREGROUND;
    report.pid = getpid();
    report.name = "org.example.client";
    result = memmgr_session_report(session, &report, NULL);
    if (result < 0)
        printf("not reported: %s %s\n", strerror(-result), memmgr_session_message(session));
    if (memmgr_session_priority(session, getpid(), &priority) == 0)
        printf("priority %d\n", (int)priority);
    if (memmgr_session_memory(session, &memory) == 0)
        printf("memory %llu of %llu MiB available\n", (unsigned long long)(memory.available_bytes >> 20),
               (unsigned long long)(memory.total_bytes >> 20));
}

int main(int argc, char **argv)
{
    struct memmgr_options options = MEMMGR_OPTIONS_INIT;
    struct memmgr_event event = MEMMGR_EVENT_INIT;
    struct memmgr_session *session;
    int left = argc > 1 ? atoi(argv[1]) : -1;
    int result;

    options.path = getenv("MEMMGR_SOCKET");
    result = memmgr_session_new(&options, &session);
    if (result < 0) {
        fprintf(stderr, "memmgr: %s\n", strerror(-result));
        return 1;
    }
    cache = malloc(1 << 20);
    introduce(session);
    result = memmgr_session_subscribe(session, MEMMGR_SUBSCRIBE_LEVELS | MEMMGR_SUBSCRIBE_KILLS);
    if (result < 0)
        printf("not subscribed yet: %s\n", strerror(-result));
    /* The descriptor fits any loop, beside those of the application. */
    while (left != 0) {
        struct pollfd poller = {memmgr_session_fd(session), POLLIN, 0};

        fflush(stdout);
        if (poll(&poller, 1, -1) < 0 && errno != EINTR)
            break;
        while (left != 0 && memmgr_session_next(session, 0, &event) == 0) {
            show(&event);
            left -= left > 0;
        }
    }
    memmgr_session_free(session);
    free(cache);
    return 0;
}
