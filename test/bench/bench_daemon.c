/* SPDX-License-Identifier: Apache-2.0 */
#include "test/bench/bench_daemon.h"

#include "common/common.h"
#include "config/config.h"
#include "service/shared/runtime.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_TIMEOUT_S 20

uint64_t mm_bench_now_ns(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * MM_NS_PER_S + (uint64_t)time.tv_nsec;
}

void mm_bench_sleep_ns(uint64_t time_ns)
{
    const struct timespec time = {.tv_sec = (time_t)(time_ns / MM_NS_PER_S),
                                  .tv_nsec = (long)(time_ns % MM_NS_PER_S)};

    (void)nanosleep(&time, NULL);
}

int mm_bench_place_make(struct mm_bench_place *place)
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

void mm_bench_place_remove(struct mm_bench_place *place)
{
    const char *const names[] = {"config.xml", "notify", "control.sock", "lock", "limits"};
    char path[128];

    (void)close(place->notify_fd);
    for (size_t i = 0; i < MM_ARRAY_SIZE(names); i++) {
        (void)mm_format(path, sizeof(path), "%s/%s", place->directory, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(place->directory);
}

int mm_bench_write_config(const struct mm_bench_place *place, bool has_bpf, bool has_cpuflow)
{
    MM_CLEANUP_FCLOSE FILE *file = fopen(place->config, "we");
    struct mm_config *config = mm_config_new();
    int result = -ENOMEM;

    if (file && config) {
        config->bpf.is_enabled = has_bpf;
        config->flows.cpuflow.is_enabled = has_cpuflow;
        result = mm_config_write_xml(file, config);
    }
    mm_config_free(config);
    return result;
}

pid_t mm_bench_start_child(void (*body)(void *user), void *user)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        body(user);
    _exit(0);
}

static void become_daemon(void *user)
{
    const struct mm_bench_place *place = user;
    char program[MM_PROGRAM_PATH_MAX];

    mm_runtime_sibling("memmgrd", program, sizeof(program));
    (void)setenv("NOTIFY_SOCKET", place->notify, 1);
    (void)execl(program, program, "--dry-run", "--config", place->config, "--runtime-directory",
                place->directory, "--socket", place->socket, "--log-level", "error", (char *)NULL);
    _exit(127);
}

pid_t mm_bench_start_daemon(const struct mm_bench_place *place)
{
    return mm_bench_start_child(become_daemon, (void *)place);
}

bool mm_bench_wait_ready(const struct mm_bench_place *place)
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

void mm_bench_drain(const struct mm_bench_place *place)
{
    char message[256];

    while (recv(place->notify_fd, message, sizeof(message), MSG_DONTWAIT) > 0)
        continue;
}

void mm_bench_end(pid_t pid, int number)
{
    if (pid <= 0)
        return;
    (void)kill(pid, number);
    (void)waitpid(pid, NULL, 0);
}

uint64_t mm_bench_read_figure(const char *path, const char *key)
{
    MM_CLEANUP_FCLOSE FILE *stream = fopen(path, "re");
    char line[256];
    unsigned long long value = 0;

    while (stream && fgets(line, sizeof(line), stream)) {
        if (strncmp(line, key, strlen(key)) == 0)
            (void)sscanf(line + strlen(key), "%*[: \t]%llu",
                         &value); // NOLINT(cert-err34-c): the kernel's own line
    }
    return value;
}

uint64_t mm_bench_read_process(pid_t pid, const char *file, const char *key)
{
    char path[64];

    (void)mm_format(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return mm_bench_read_figure(path, key);
}

uint64_t mm_bench_read_run_time_ns(pid_t pid)
{
    char path[64];
    struct dirent *entry;
    uint64_t sum_ns = 0;
    DIR *directory;

    (void)mm_format(path, sizeof(path), "/proc/%d/task", (int)pid);
    directory = opendir(path);
    while (directory && (entry = readdir(directory))) {
        MM_CLEANUP_FCLOSE FILE *stream = NULL;
        unsigned long long run_ns = 0;

        if (entry->d_name[0] == '.')
            continue;
        (void)mm_format(path, sizeof(path), "/proc/%d/task/%.16s/schedstat", (int)pid, entry->d_name);
        stream = fopen(path, "re");
        if (stream && fscanf(stream, "%llu", &run_ns) == 1) // NOLINT(cert-err34-c): the kernel's own line
            sum_ns += run_ns;
    }
    if (directory)
        (void)closedir(directory);
    return sum_ns;
}

double mm_bench_wake_ups_per_second(pid_t pid, unsigned seconds)
{
    uint64_t before = mm_bench_read_process(pid, "status", "voluntary_ctxt_switches");

    mm_bench_sleep_ns(seconds * MM_NS_PER_S);
    return (double)(mm_bench_read_process(pid, "status", "voluntary_ctxt_switches") - before) / seconds;
}
