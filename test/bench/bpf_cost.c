/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running daemon with everything on costs: its programs per process that comes and goes and per context switch,
 * as the kernel counts it; its own time and its wake-ups in a flood; its wake-ups when it is calm, with BPF and without.
 */
#include "common/common.h"
#include "test/bench/bench_daemon.h"
#include "test/bench/bpf_latency.h"
#include "test/bench/bpf_programs.h"
#include "test/bench/statistics.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS          20
#define PROCESSES     200 /* in each run */
#define SWITCH_RUN_NS (200 * MM_NS_PER_MS)
#define CALM_SECONDS  30
#define FLOOD_SECONDS 10

/* The kernel has names of 15 characters. */
static const char switch_program[] = "mm_cpu_switch";

struct cost {
    uint64_t lifecycle_ns; /* of all programs but the next */
    uint64_t switch_ns, switches;
};

static struct cost read_cost(pid_t daemon)
{
    struct mm_bench_program programs[MM_BENCH_PROGRAMS_MAX];
    size_t count = mm_bench_read_programs(daemon, programs);
    struct cost cost = {0};

    for (size_t i = 0; i < count; i++) {
        if (strcmp(programs[i].name, switch_program) != 0) {
            cost.lifecycle_ns += programs[i].run_ns;
        } else {
            cost.switch_ns = programs[i].run_ns;
            cost.switches = programs[i].runs;
        }
    }
    return cost;
}

/* The programs come after READY: until one second long no more have come. How many there are. */
static size_t await_programs(pid_t daemon)
{
    struct mm_bench_program programs[MM_BENCH_PROGRAMS_MAX];
    size_t before, count = mm_bench_read_programs(daemon, programs);

    do {
        before = count;
        mm_bench_sleep_ns(MM_NS_PER_S);
        count = mm_bench_read_programs(daemon, programs);
    } while (count != before);
    return count;
}

static unsigned start_and_end(unsigned count)
{
    char *const arguments[] = {(char[]){"true"}, NULL};
    char *const environment[] = {NULL};
    unsigned done = 0;
    pid_t pid;

    while (done < count && posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environment) == 0 &&
           waitpid(pid, NULL, 0) == pid)
        done++;
    return done;
}

static void measure_processes(pid_t daemon)
{
    double programs_ns[RUNS], own_ns[RUNS], whole_us[RUNS], permille[RUNS];
    size_t count = 0;

    for (unsigned i = 0; i < RUNS; i++) {
        struct cost before = read_cost(daemon);
        uint64_t own = mm_bench_read_run_time_ns(daemon);
        uint64_t start_ns = mm_bench_now_ns();
        uint64_t whole_ns;

        if (start_and_end(PROCESSES) < PROCESSES)
            continue;
        whole_ns = mm_bench_now_ns() - start_ns;
        programs_ns[count] = (double)(read_cost(daemon).lifecycle_ns - before.lifecycle_ns) / PROCESSES;
        own_ns[count] = (double)(mm_bench_read_run_time_ns(daemon) - own) / PROCESSES;
        whole_us[count] = (double)whole_ns / 1e3 / PROCESSES;
        permille[count] = programs_ns[count] / whole_us[count];
        count++;
    }
    mm_bench_print("fork, exec and exit of a process", "us", whole_us, count);
    mm_bench_print("of it in the programs", "ns", programs_ns, count);
    mm_bench_print("of it in the programs, share", "permille", permille, count);
    mm_bench_print("the daemon besides, for each", "ns", own_ns, count);
}

struct pipes {
    int there[2], back[2];
};

/* Both on the same processor, so that each byte is two switches. */
static void bind_to_first(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(0, &set);
    (void)sched_setaffinity(0, sizeof(set), &set);
}

static void echo(void *user)
{
    const struct pipes *pipes = user;
    char byte;

    bind_to_first();
    while (read(pipes->there[0], &byte, 1) == 1 && write(pipes->back[1], &byte, 1) == 1)
        continue;
}

static void call(void *user)
{
    const struct pipes *pipes = user;
    char byte = 0;

    bind_to_first();
    while (write(pipes->there[1], &byte, 1) == 1 && read(pipes->back[0], &byte, 1) == 1)
        continue;
}

static void measure_switches(pid_t daemon)
{
    struct pipes pipes = {{-1, -1}, {-1, -1}};
    double switch_ns[RUNS], per_second[RUNS];
    size_t count = 0;
    pid_t pids[2];

    if (read_cost(daemon).switches == 0 || pipe(pipes.there) < 0 || pipe(pipes.back) < 0) {
        mm_bench_print("a context switch, in the program", "ns", switch_ns, 0);
        return;
    }
    pids[0] = mm_bench_start_child(echo, &pipes);
    pids[1] = mm_bench_start_child(call, &pipes);
    for (unsigned i = 0; i < RUNS; i++) {
        struct cost before = read_cost(daemon), after;

        mm_bench_sleep_ns(SWITCH_RUN_NS);
        after = read_cost(daemon);
        if (after.switches == before.switches)
            continue;
        switch_ns[count] =
            (double)(after.switch_ns - before.switch_ns) / (double)(after.switches - before.switches);
        per_second[count] = (double)(after.switches - before.switches) * 1e9 / (double)SWITCH_RUN_NS;
        count++;
    }
    for (size_t i = 0; i < MM_ARRAY_SIZE(pids); i++)
        mm_bench_end(pids[i], SIGKILL);
    for (size_t i = 0; i < 2; i++) {
        (void)close(pipes.there[i]);
        (void)close(pipes.back[i]);
    }
    mm_bench_print("a context switch, in the program", "ns", switch_ns, count);
    mm_bench_print("context switches meanwhile", "/s", per_second, count);
}

static void measure_flood(pid_t daemon)
{
    pid_t floods[2];
    uint64_t own_ns;

    for (size_t i = 0; i < MM_ARRAY_SIZE(floods); i++)
        floods[i] = mm_bench_start_child(mm_bench_flood, NULL);
    own_ns = mm_bench_read_run_time_ns(daemon);
    mm_bench_print_figure("the daemon in a flood: wake-ups", "/s",
                          mm_bench_wake_ups_per_second(daemon, FLOOD_SECONDS));
    own_ns = mm_bench_read_run_time_ns(daemon) - own_ns;
    mm_bench_print_figure("the daemon in a flood: of a processor", "permille",
                          (double)own_ns / 1e6 / FLOOD_SECONDS);
    for (size_t i = 0; i < MM_ARRAY_SIZE(floods); i++)
        mm_bench_end(floods[i], SIGKILL);
}

static bool with_daemon(struct mm_bench_place *place, bool has_bpf, void (*measure)(pid_t daemon))
{
    bool is_ready;
    pid_t daemon;

    if (mm_bench_write_config(place, has_bpf, has_bpf) < 0)
        return false;
    daemon = mm_bench_start_daemon(place);
    is_ready = mm_bench_wait_ready(place);
    if (is_ready)
        measure(daemon);
    else
        (void)fprintf(stderr, "the daemon did not start\n");
    mm_bench_end(daemon, SIGTERM);
    mm_bench_drain(place);
    return is_ready;
}

static void measure_with_bpf(pid_t daemon)
{
    int counting = mm_bench_count_programs();

    mm_bench_print_figure("programs attached", "", (double)await_programs(daemon));
    if (counting < 0)
        (void)fprintf(stderr, "the kernel does not count what programs cost: %s\n", strerror(errno));
    if (counting >= 0) {
        measure_processes(daemon);
        measure_switches(daemon);
        (void)close(counting);
    }
    measure_flood(daemon);
    mm_bench_print_figure("wake-ups of the daemon when calm, with BPF", "/s",
                          mm_bench_wake_ups_per_second(daemon, CALM_SECONDS));
}

static void measure_without_bpf(pid_t daemon)
{
    mm_bench_print_figure("wake-ups of the daemon when calm, without BPF", "/s",
                          mm_bench_wake_ups_per_second(daemon, CALM_SECONDS));
}

int mm_bench_measure_cost(void)
{
    struct mm_bench_place place = {.notify_fd = -1};
    bool is_good = false;

    if (mm_bench_place_make(&place) < 0)
        perror(place.directory);
    else
        is_good =
            with_daemon(&place, true, measure_with_bpf) && with_daemon(&place, false, measure_without_bpf);
    mm_bench_place_remove(&place);
    return is_good ? 0 : 1;
}
