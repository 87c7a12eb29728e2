/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the crossing of a waterline to SIGKILL and to death: a hog that takes 200 MB/s in a domain of its own,
 * over many rounds. The crossing and the death are seen from outside, by this program's own readings (every
 * 200 us) and wait statuses; only the moment of the signal is the daemon's word, in its kill record. Beside it, how
 * often the daemon's main thread had to have a page brought in from the begin of the growth to the death: in the first
 * round nothing of a kill was ever used before.
 */
#include "common/common.h"
#include "service/demo/demo.h"
#include "service/shared/runtime.h"
#include "test/bench/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define HOG_BYTES_PER_S 200000000ULL
#define SAMPLE_NS       200000
#define ROUND_NS        (20 * MM_NS_PER_S)
#define ROUNDS_MAX      1000

/* Page faults of a thread since its start. */
struct faults {
    uint64_t minor, major;
};

struct bench {
    struct mm_ctl ctl;
    struct mm_demo_stage stage;
    struct mm_session session;
    double signal_ms[ROUNDS_MAX], death_ms[ROUNDS_MAX];
    struct faults first, later; /* of the first round, and of the rest */
    size_t rounds, names;
};

static uint64_t now_ns(const struct bench *bench)
{
    return bench->stage.kernel->ops->now_ns(bench->stage.kernel);
}

/* Fields 10 and 12 of stat; the daemon's name has no bracket. */
static struct faults read_faults(pid_t pid)
{
    MM_CLEANUP_FCLOSE FILE *stream = NULL;
    struct faults faults = {0};
    char path[64];

    (void)mm_format(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, (int)pid);
    stream = fopen(path, "re");
    if (stream) // NOLINTNEXTLINE(cert-err34-c): the kernel's own line
        (void)fscanf(stream, "%*[^)]) %*c %*d %*d %*d %*d %*d %*u %" SCNu64 " %*u %" SCNu64, &faults.minor,
                     &faults.major);
    return faults;
}

static int report(struct bench *bench, const struct mm_demo_app *app, const char *word)
{
    return mm_demo_report(&bench->session, &bench->ctl, app, word);
}

/* Decided plus the interval to the signal, on the clock that both processes share. */
static double signal_time_ns(struct bench *bench, pid_t pid)
{
    cJSON *request = mm_session_request("kills");
    cJSON *answer = NULL;
    const cJSON *kill;
    double time_ns = 0;

    (void)cJSON_AddNumberToObject(request, "limit", 4);
    if (mm_session_ask(&bench->session, &bench->ctl, request, &answer) != MM_CTL_OK)
        return 0;
    cJSON_ArrayForEach (kill, mm_json_get(answer, "kills")) {
        if ((pid_t)mm_json_get_number(kill, "pid") == pid)
            time_ns = mm_json_get_number(kill, "decided_ns") +
                      mm_json_get_number(kill, "decided_to_signal_us") * 1e3;
    }
    cJSON_Delete(answer);
    return time_ns;
}

/* Samples until the hog is dead; returns when available was first below the waterline, 0: not seen. */
static uint64_t wait_for_death(struct bench *bench, const struct mm_demo_app *app, uint64_t waterline_bytes)
{
    const struct timespec pause = {.tv_nsec = SAMPLE_NS};
    struct pollfd death = {.fd = app->pid_fd, .events = POLLIN};
    uint64_t began_ns = now_ns(bench);
    uint64_t crossed_ns = 0;
    struct mm_memory_state memory;

    while (now_ns(bench) < began_ns + ROUND_NS) {
        if (poll(&death, 1, 0) > 0)
            return crossed_ns;
        if (crossed_ns == 0 && bench->stage.kernel->ops->read_memory(bench->stage.kernel, &memory) == 0 &&
            memory.available_bytes < waterline_bytes)
            crossed_ns = now_ns(bench);
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

static int run_round(struct bench *bench)
{
    const struct mm_kill_config *kill = &bench->stage.config->kill;
    char name[16];
    struct mm_demo_app app = {.name = name, .pid_fd = -1, .command_fd = -1};
    const struct mm_demo_size size = {
        .hold_bytes = 4 * MM_MIB,
        .growth_bytes = bench->stage.limit_bytes,
        .growth_bytes_per_s = HOG_BYTES_PER_S,
    };
    struct faults *sum = bench->names == 0 ? &bench->first : &bench->later;
    struct faults before;
    struct faults after;
    uint64_t crossed_ns;
    uint64_t died_ns;
    double signal_ns;

    (void)mm_format(name, sizeof(name), "hog%zu", bench->names++);
    if (mm_demo_app_start(&app, &size, bench->stage.groups) < 0 ||
        report(bench, &app, "create") != MM_CTL_OK || report(bench, &app, "background") != MM_CTL_OK) {
        mm_demo_app_end(&app);
        return -EIO;
    }
    before = read_faults(bench->stage.daemon_pid);
    mm_demo_app_grow(&app);
    crossed_ns = wait_for_death(bench, &app, kill->levels[kill->level_count - 1].memory_bytes);
    died_ns = now_ns(bench);
    after = read_faults(bench->stage.daemon_pid);
    sum->minor += after.minor - before.minor;
    sum->major += after.major - before.major;
    signal_ns = signal_time_ns(bench, app.pid);
    mm_demo_app_end(&app);
    if (crossed_ns == 0 || signal_ns == 0)
        return -ETIMEDOUT;
    /* the daemon may see it before this program's next sample */
    bench->signal_ms[bench->rounds] = MM_MAX((signal_ns - (double)crossed_ns) / 1e6, 0);
    bench->death_ms[bench->rounds] = (double)(died_ns - crossed_ns) / 1e6;
    bench->rounds++;
    return 0;
}

static const struct mm_bench bench_help = {
    .name = "kill_latency",
    .summary = "From a waterline that is crossed to SIGKILL and to death, for a hog in a domain of our own.",
    .arguments = "[ROUNDS 1..1000, 100]",
};

int main(int argc, char **argv)
{
    static struct bench bench;
    uint64_t rounds = 100;
    int failed = 0;
    int status;

    if (!mm_bench_begin(&bench_help, &argc, argv, &status))
        return status;
    if (argc > 1 && mm_parse_u64(argv[1], 1, ROUNDS_MAX, &rounds) < 0) {
        (void)fprintf(stderr, "Usage: kill_latency [ROUNDS 1..%d]\n", ROUNDS_MAX);
        return 2;
    }
    if (mm_demo_stage_build(&bench.stage) != MM_CTL_OK ||
        mm_demo_stage_start_daemon(&bench.stage) != MM_CTL_OK) {
        (void)mm_demo_stage_clear(&bench.stage);
        return 1;
    }
    /* the observer must not wait for the processor behind the hog */
    (void)mm_runtime_raise_scheduling(1);
    bench.ctl.socket_path = bench.stage.socket_path;
    if (mm_session_open(&bench.ctl, &bench.session) == MM_CTL_OK) {
        for (uint64_t i = 0; i < rounds; i++)
            failed += run_round(&bench) < 0;
        mm_session_close(&bench.session);
    }
    mm_bench_print("waterline crossed to SIGKILL sent", "ms", bench.signal_ms, bench.rounds);
    mm_bench_print("waterline crossed to dead", "ms", bench.death_ms, bench.rounds);
    mm_bench_print_figure("page faults of the first round, minor", "", (double)bench.first.minor);
    mm_bench_print_figure("page faults of the first round, major", "", (double)bench.first.major);
    mm_bench_print_figure("page faults of all later rounds, minor", "", (double)bench.later.minor);
    mm_bench_print_figure("page faults of all later rounds, major", "", (double)bench.later.major);
    if (failed > 0)
        mm_bench_print_figure("rounds without a crossing or a record", "", failed);
    return mm_demo_stage_clear(&bench.stage) == 0 && failed == 0 ? 0 : 1;
}
