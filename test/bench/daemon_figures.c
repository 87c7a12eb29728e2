/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon from outside: start to ready with and without BPF, the end calm and beside busy processes, resident
 * memory with 1,000 registered processes and everything on, wake-ups when it is calm. Dry run on the whole machine: nothing is changed.
 */
#include "common/common.h"
#include "service/demo/demo.h"
#include "test/bench/bench_daemon.h"
#include "test/bench/statistics.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STARTS         20
#define BUSY_STOPS     50
#define BUSY_PROCESSES 2
#define PROCESSES      1000
#define PEERS          30
#define IDLE_SECONDS   60
/* Until the grace of those just registered has ended, 15 s, and what was found has been matched. */
#define SETTLE_SECONDS 20

static double clock_ms(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void measure_start(const struct mm_bench_place *place, bool with_bpf)
{
    double start_ms[STARTS];
    double stop_ms[STARTS];
    size_t count = 0;

    if (mm_bench_write_config(place, with_bpf, false) < 0)
        return;
    for (size_t i = 0; i < STARTS; i++) {
        double began_ms = clock_ms();
        pid_t pid = mm_bench_start_daemon(place);
        bool is_ready = mm_bench_wait_ready(place);

        start_ms[count] = clock_ms() - began_ms;
        began_ms = clock_ms();
        mm_bench_end(pid, SIGTERM);
        stop_ms[count] = clock_ms() - began_ms;
        count += is_ready;
        mm_bench_drain(place);
    }
    mm_bench_print(with_bpf ? "start to ready, with BPF" : "start to ready, without BPF", "ms", start_ms,
                   count);
    mm_bench_print(with_bpf ? "SIGTERM to exit, with BPF" : "SIGTERM to exit, without BPF", "ms", stop_ms,
                   count);
}

/* A process that never leaves its processor of its own accord. */
static void stay_busy(void *user)
{
    const struct sched_param ordinary = {0};
    pid_t parent = getppid();

    (void)user;
    /* this program itself may have been started in real time, to be measured beside the work of others */
    if (sched_setscheduler(0, SCHED_OTHER, &ordinary) < 0)
        _exit(1);
    for (volatile unsigned turns = 0; getppid() == parent;)
        turns++;
}

static void measure_busy_stop(const struct mm_bench_place *place)
{
    pid_t busy[BUSY_PROCESSES];
    double stop_ms[BUSY_STOPS];
    size_t count = 0;

    if (mm_bench_write_config(place, true, false) < 0)
        return;
    for (size_t i = 0; i < BUSY_PROCESSES; i++)
        busy[i] = mm_bench_start_child(stay_busy, NULL);
    for (size_t i = 0; i < BUSY_STOPS; i++) {
        pid_t pid = mm_bench_start_daemon(place);
        bool is_ready = mm_bench_wait_ready(place);
        double began_ms = clock_ms();

        mm_bench_end(pid, SIGTERM);
        stop_ms[count] = clock_ms() - began_ms;
        count += is_ready;
        mm_bench_drain(place);
    }
    for (size_t i = 0; i < BUSY_PROCESSES; i++)
        mm_bench_end(busy[i], SIGKILL);
    mm_bench_print("SIGTERM to exit, two busy processes beside", "ms", stop_ms, count);
}

static void stay_idle(void *user)
{
    (void)user;
    (void)pause();
}

static void become_peer(void *user)
{
    (void)user;
    (void)execlp("sleep", "sleep", "600", (char *)NULL);
}

static size_t register_all(const struct mm_bench_place *place, const pid_t *pids, size_t count)
{
    struct mm_ctl ctl = {.socket_path = place->socket};
    struct mm_session session;
    size_t registered = 0;

    if (mm_session_open(&ctl, &session) != MM_CTL_OK)
        return 0;
    for (size_t i = 0; i < count; i++) {
        cJSON *request = mm_session_request("event");
        cJSON *answer = NULL;
        char name[32];

        (void)mm_format(name, sizeof(name), "com.example.app%zu", i);
        (void)cJSON_AddStringToObject(request, "event", "create");
        (void)cJSON_AddNumberToObject(request, "pid", pids[i]);
        (void)cJSON_AddStringToObject(request, "name", name);
        registered += mm_session_ask(&session, &ctl, request, &answer) == MM_CTL_OK;
        cJSON_Delete(answer);
    }
    mm_session_close(&session);
    return registered;
}

static void print_memory(pid_t pid, const char *when)
{
    static const struct {
        const char *name, *file, *key;
    } figures[] = {
        {"RSS", "status", "VmRSS"},
        {"PSS", "smaps_rollup", "Pss"},
        {"anonymous", "status", "RssAnon"},
        {"peak", "status", "VmHWM"},
    };
    char name[80];

    for (size_t i = 0; i < MM_ARRAY_SIZE(figures); i++) {
        (void)mm_format(name, sizeof(name), "resident, %s: %s", when, figures[i].name);
        mm_bench_print_figure(name, "KiB",
                              (double)mm_bench_read_process(pid, figures[i].file, figures[i].key));
    }
}

/* Processes and threads that were started on the whole machine so far. */
static uint64_t read_forks(void)
{
    MM_CLEANUP_FCLOSE FILE *stream = fopen("/proc/stat", "re");
    char line[8192]; /* the line of interrupts is longer, and comes in pieces */
    unsigned long long forks = 0;

    while (stream && fgets(line, sizeof(line), stream) &&
           sscanf(line, "processes %llu", &forks) != 1) // NOLINT
        continue;
    return forks;
}

/* What else ran on the machine is told beside it. */
static void measure_idle(pid_t pid)
{
    uint64_t forks;

    mm_bench_sleep_ns(SETTLE_SECONDS * MM_NS_PER_S);
    forks = read_forks();

    mm_bench_print_figure("wake-ups of the main thread when calm", "/s",
                          mm_bench_wake_ups_per_second(pid, IDLE_SECONDS));
    mm_bench_print_figure("forks on the machine meanwhile", "/s",
                          (double)(read_forks() - forks) / IDLE_SECONDS);
}

static void measure_residence(const struct mm_bench_place *place)
{
    static pid_t idlers[PROCESSES];
    pid_t peers[PEERS];
    pid_t daemon;

    if (mm_bench_write_config(place, true, false) < 0)
        return;
    for (size_t i = 0; i < PEERS; i++)
        peers[i] = mm_bench_start_child(become_peer, NULL);
    daemon = mm_bench_start_daemon(place);
    if (mm_bench_wait_ready(place)) {
        print_memory(daemon, "just started");
        for (size_t i = 0; i < PROCESSES; i++)
            idlers[i] = mm_bench_start_child(stay_idle, NULL);
        mm_bench_print_figure("registered", "processes", (double)register_all(place, idlers, PROCESSES));
        print_memory(daemon, "1,000 registered, BPF on, 30 peers");
        measure_idle(daemon);
        print_memory(daemon, "after that");
        for (size_t i = 0; i < PROCESSES; i++)
            mm_bench_end(idlers[i], SIGKILL);
    }
    mm_bench_end(daemon, SIGTERM);
    for (size_t i = 0; i < PEERS; i++)
        mm_bench_end(peers[i], SIGKILL);
}

static const struct mm_bench bench = {
    .name = "daemon_figures",
    .summary = "Start to ready and SIGTERM to exit of memmgrd, its resident memory with 1,000 registered\n"
               "processes, and how often it wakes when it is calm. Nothing is changed on the machine.",
};

int main(int argc, char **argv)
{
    struct mm_bench_place place = {.notify_fd = -1};
    int status;

    if (!mm_bench_begin(&bench, &argc, argv, &status))
        return status;
    if (mm_bench_place_make(&place) < 0) {
        perror(place.directory);
        return 1;
    }
    measure_start(&place, true);
    measure_start(&place, false);
    measure_busy_stop(&place);
    measure_residence(&place);
    mm_bench_place_remove(&place);
    return 0;
}
