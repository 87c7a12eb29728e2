/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon from outside: start to ready with and without BPF, the end calm and beside busy processes, resident
 * memory with 1,000 registered processes and everything on, wake-ups when it is calm. Dry run on the whole machine: nothing is changed.
 */
#include "common/common.h"
#include "service/demo/demo.h"
#include "service/shared/runtime.h"
#include "test/bench/statistics.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STARTS          20
#define BUSY_STOPS      50
#define BUSY_PROCESSES  2
#define PROCESSES       1000
#define PEERS           30
#define IDLE_SECONDS    30
#define READY_TIMEOUT_S 20

struct place {
    char directory[64];
    char config[96], notify[96], socket[96];
    int notify_fd;
};

static double clock_ms(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int make_place(struct place *place)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval timeout = {.tv_sec = READY_TIMEOUT_S};

    mm_copy_text(place->directory, sizeof(place->directory), "/run/memmgr-bench-XXXXXX");
    if (!mkdtemp(place->directory))
        return -errno;
    (void)mm_format(place->config, sizeof(place->config), "%s/config.xml", place->directory);
    (void)mm_format(place->notify, sizeof(place->notify), "%s/notify", place->directory);
    (void)mm_format(place->socket, sizeof(place->socket), "%s/control.sock", place->directory);
    mm_copy_text(address.sun_path, sizeof(address.sun_path), place->notify);
    place->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (place->notify_fd < 0 ||
        bind(place->notify_fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        setsockopt(place->notify_fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
        return -errno;
    return 0;
}

static void remove_place(const struct place *place)
{
    const char *const names[] = {"config.xml", "notify", "control.sock", "lock", "limits"};
    char path[128];

    for (size_t i = 0; i < MM_ARRAY_SIZE(names); i++) {
        (void)mm_format(path, sizeof(path), "%s/%s", place->directory, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(place->directory);
}

static int write_config(const struct place *place, bool with_bpf)
{
    MM_CLEANUP_FCLOSE FILE *file = fopen(place->config, "we");
    struct mm_config *config = mm_config_new();
    int result = -ENOMEM;

    if (file && config) {
        config->bpf.is_enabled = with_bpf;
        result = mm_config_write_xml(file, config);
    }
    mm_config_free(config);
    return result;
}

static pid_t start_daemon(const struct place *place)
{
    char program[MM_PROGRAM_PATH_MAX];
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    mm_runtime_sibling("memmgrd", program, sizeof(program));
    (void)setenv("NOTIFY_SOCKET", place->notify, 1);
    (void)execl(program, program, "--dry-run", "--config", place->config, "--runtime-directory",
                place->directory, "--socket", place->socket, "--log-level", "error", (char *)NULL);
    _exit(127);
}

static bool wait_ready(const struct place *place)
{
    char message[256];

    for (;;) {
        ssize_t length = recv(place->notify_fd, message, sizeof(message) - 1, 0);

        if (length <= 0)
            return false;
        message[length] = '\0';
        if (strstr(message, "READY=1"))
            return true;
    }
}

static void end_process(pid_t pid, int number)
{
    (void)kill(pid, number);
    (void)waitpid(pid, NULL, 0);
}

static void drain(const struct place *place)
{
    char message[256];

    while (recv(place->notify_fd, message, sizeof(message), MSG_DONTWAIT) > 0)
        continue;
}

static void measure_start(const struct place *place, bool with_bpf)
{
    double start_ms[STARTS];
    double stop_ms[STARTS];
    size_t count = 0;

    if (write_config(place, with_bpf) < 0)
        return;
    for (size_t i = 0; i < STARTS; i++) {
        double began_ms = clock_ms();
        pid_t pid = start_daemon(place);
        bool is_ready = wait_ready(place);

        start_ms[count] = clock_ms() - began_ms;
        began_ms = clock_ms();
        end_process(pid, SIGTERM);
        stop_ms[count] = clock_ms() - began_ms;
        count += is_ready;
        drain(place);
    }
    mm_bench_print(with_bpf ? "start to ready, with BPF" : "start to ready, without BPF", "ms", start_ms,
                   count);
    mm_bench_print(with_bpf ? "SIGTERM to exit, with BPF" : "SIGTERM to exit, without BPF", "ms", stop_ms,
                   count);
}

/* A process that never leaves its processor of its own accord. */
static pid_t start_busy(void)
{
    const struct sched_param ordinary = {0};
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* this program itself may have been started in real time, to be measured beside the work of others */
    if (sched_setscheduler(0, SCHED_OTHER, &ordinary) < 0)
        _exit(1);
    for (volatile unsigned turns = 0; getppid() == parent;)
        turns++;
    _exit(0);
}

static void measure_busy_stop(const struct place *place)
{
    pid_t busy[BUSY_PROCESSES];
    double stop_ms[BUSY_STOPS];
    size_t count = 0;

    if (write_config(place, true) < 0)
        return;
    for (size_t i = 0; i < BUSY_PROCESSES; i++)
        busy[i] = start_busy();
    for (size_t i = 0; i < BUSY_STOPS; i++) {
        pid_t pid = start_daemon(place);
        bool is_ready = wait_ready(place);
        double began_ms = clock_ms();

        end_process(pid, SIGTERM);
        stop_ms[count] = clock_ms() - began_ms;
        count += is_ready;
        drain(place);
    }
    for (size_t i = 0; i < BUSY_PROCESSES; i++)
        end_process(busy[i], SIGKILL);
    mm_bench_print("SIGTERM to exit, two busy processes beside", "ms", stop_ms, count);
}

static pid_t start_idler(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        (void)pause();
    _exit(0);
}

static pid_t start_peer(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        (void)execlp("sleep", "sleep", "600", (char *)NULL);
    _exit(1);
}

static size_t register_all(const struct place *place, const pid_t *pids, size_t count)
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

/* The number after a line's name, in any of the daemon's files of that shape. */
static uint64_t read_figure(pid_t pid, const char *file, const char *key)
{
    MM_CLEANUP_FCLOSE FILE *stream = NULL;
    char path[64];
    char line[256];
    unsigned long long value = 0;

    (void)mm_format(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    stream = fopen(path, "re");
    while (stream && fgets(line, sizeof(line), stream)) {
        if (strncmp(line, key, strlen(key)) == 0)
            (void)sscanf(line + strlen(key), "%*[: \t]%llu",
                         &value); // NOLINT(cert-err34-c): the kernel's own line
    }
    return value;
}

static void print_memory(pid_t pid, const char *when)
{
    (void)printf("resident, %-35s RSS %llu KiB, PSS %llu KiB, anonymous %llu KiB, peak %llu KiB\n", when,
                 (unsigned long long)read_figure(pid, "status", "VmRSS"),
                 (unsigned long long)read_figure(pid, "smaps_rollup", "Pss"),
                 (unsigned long long)read_figure(pid, "status", "RssAnon"),
                 (unsigned long long)read_figure(pid, "status", "VmHWM"));
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

/* The graces of the processes just registered end meanwhile. What else ran on the machine is told beside it. */
static void measure_idle(pid_t pid)
{
    const struct timespec pause = {.tv_sec = IDLE_SECONDS};
    uint64_t before = read_figure(pid, "status", "voluntary_ctxt_switches");
    uint64_t forks = read_forks();
    uint64_t after;

    (void)nanosleep(&pause, NULL);
    after = read_figure(pid, "status", "voluntary_ctxt_switches");
    (void)printf("wake-ups of the main thread when calm: %.2f per second (%d s; %.1f forks per second on the "
                 "machine)\n",
                 (double)(after - before) / IDLE_SECONDS, IDLE_SECONDS,
                 (double)(read_forks() - forks) / IDLE_SECONDS);
}

static void measure_residence(const struct place *place)
{
    static pid_t idlers[PROCESSES];
    pid_t peers[PEERS];
    pid_t daemon;

    if (write_config(place, true) < 0)
        return;
    for (size_t i = 0; i < PEERS; i++)
        peers[i] = start_peer();
    daemon = start_daemon(place);
    if (wait_ready(place)) {
        print_memory(daemon, "just started");
        for (size_t i = 0; i < PROCESSES; i++)
            idlers[i] = start_idler();
        (void)printf("registered %zu processes\n", register_all(place, idlers, PROCESSES));
        print_memory(daemon, "1,000 registered, BPF on, 30 peers");
        measure_idle(daemon);
        print_memory(daemon, "after that");
        for (size_t i = 0; i < PROCESSES; i++)
            end_process(idlers[i], SIGKILL);
    }
    end_process(daemon, SIGTERM);
    for (size_t i = 0; i < PEERS; i++)
        end_process(peers[i], SIGKILL);
}

int main(void)
{
    struct place place = {.notify_fd = -1};

    mm_bench_print_machine();
    if (make_place(&place) < 0) {
        perror(place.directory);
        return 1;
    }
    measure_start(&place, true);
    measure_start(&place, false);
    measure_busy_stop(&place);
    measure_residence(&place);
    (void)close(place.notify_fd);
    remove_place(&place);
    return 0;
}
