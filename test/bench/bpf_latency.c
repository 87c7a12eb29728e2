/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the hook in the kernel to the subscriber, through the shipped programs and the event center: an event alone, and
 * what wakes at once while processes come and go as fast as the machine makes them. How many records per second are taken
 * in before one is lost. How long loading takes. What the programs cost is bpf_cost.c.
 */
#include "test/bench/bpf_latency.h"

#include "bpf/bpf.h"
#include "common/common.h"
#include "event_center/bpf_source.h"
#include "service/shared/runtime.h"
#include "test/bench/bench_daemon.h"
#include "test/bench/statistics.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOADS            100
#define SAMPLES_MAX      4096
#define ALONE_WRITES     1000
#define ALONE_EXITS      300
#define FLOOD_SECONDS    10
#define CLIMBS           5
#define PATIENCE_SECONDS 20

/* Long enough that the loop sleeps again, and the processor is idle. */
#define PAUSE_NS (2 * MM_NS_PER_MS)

static char loader_path[MM_PROGRAM_PATH_MAX];

/* ---- children ------------------------------------------------------------------------------------------- */

/* Writes its own oom_score_adj, a value and another, after each pause. */
static void write_adj(void *user)
{
    const uint64_t *pause_ns = user;
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    for (unsigned i = 0; fd >= 0; i++) {
        mm_bench_sleep_ns(*pause_ns);
        if (pwrite(fd, i % 2 ? "100" : "200", 3, 0) != 3)
            return;
    }
}

static void end_soon(void *user)
{
    (void)user;
    mm_bench_sleep_ns(PAUSE_NS);
}

void mm_bench_flood(void *user)
{
    char *const arguments[] = {(char[]){"true"}, NULL};
    char *const environment[] = {NULL};
    pid_t pid;

    (void)user;
    while (posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environment) == 0)
        (void)waitpid(pid, NULL, 0);
}

/* Gives itself so many names per second, in portions. */
static void rename_itself(void *user)
{
    const uint64_t portion = MM_MAX(*(const uint64_t *)user / 1000, 1);
    uint64_t next_ns = mm_bench_now_ns();

    for (;;) {
        for (uint64_t i = 0; i < portion; i++)
            (void)prctl(PR_SET_NAME, i % 2 ? "one name" : "another");
        next_ns += MM_NS_PER_MS;
        while (mm_bench_now_ns() < next_ns)
            continue;
    }
}

/* ---- the receiving side ----------------------------------------------------------------------------------- */

struct ear;

/* What is done while the loop turns, once. */
struct scene {
    uint32_t kinds;                   /* a mask of 1u << enum mm_event_kind */
    void (*begin)(struct ear *ear);   /* the programs are attached; sets the pid, and arms the timer */
    void (*heard)(struct ear *ear);   /* an event of the pid was taken; NULL: goes on */
    void (*time_up)(struct ear *ear); /* NULL: stops */
};

struct reading {
    struct mm_bpf_source_status status;
    uint64_t time_ns, wakeups, exits;
};

/* An event center with the source of BPF and a subscriber that notes how old each event is. */
struct ear {
    const struct scene *scene;
    struct mm_kernel kernel;
    struct mm_event_center *center;
    struct mm_bpf_source *source;
    struct mm_timer timer;
    struct reading before, after; /* of the scene's own */
    pid_t pid;                    /* whose events are timed */
    pid_t children[3];
    uint64_t rate; /* what measure_sustained tries, the next one, and what it got */
    size_t climb;
    double best[CLIMBS];
    size_t count;
    double ages_us[SAMPLES_MAX];
};

static uint64_t kernel_now_ns(struct mm_kernel *kernel)
{
    (void)kernel;
    return mm_bench_now_ns();
}

static int no_notice_fd(struct mm_kernel *kernel)
{
    (void)kernel;
    return -1;
}

static void no_notices(struct mm_kernel *kernel, mm_notice_visit visit, void *user)
{
    (void)kernel;
    (void)visit;
    (void)user;
}

/* The least of a kernel that an event center needs. */
static const struct mm_kernel_ops kernel_ops = {
    .now_ns = kernel_now_ns,
    .notice_fd = no_notice_fd,
    .drain_notices = no_notices,
};

static void stop(struct ear *ear)
{
    mm_event_center_stop(ear->center);
}

static void arm(struct ear *ear, unsigned seconds)
{
    mm_event_center_arm(ear->center, &ear->timer, mm_bench_now_ns() + seconds * MM_NS_PER_S);
}

static void listen_to(struct ear *ear, pid_t pid)
{
    ear->pid = pid;
    mm_bpf_source_watch(ear->source, pid);
}

static void take_reading(const struct ear *ear, struct reading *reading)
{
    const struct mm_event_center_counters *counters = mm_event_center_counters(ear->center);

    mm_bpf_source_read_status(ear->source, &reading->status);
    reading->time_ns = mm_bench_now_ns();
    reading->wakeups = counters->wakeups;
    reading->exits = counters->published[MM_EVENT_PROCESS_EXITED];
}

static void hear(const struct mm_event *event, void *user)
{
    struct ear *ear = user;

    if (event->pid != ear->pid || ear->count >= SAMPLES_MAX)
        return;
    ear->ages_us[ear->count++] = (double)(mm_bench_now_ns() - event->time_ns) / 1e3;
    if (ear->scene->heard)
        ear->scene->heard(ear);
}

static void settled(enum mm_bpf_source_notice notice, void *user)
{
    struct ear *ear = user;
    struct mm_bpf_source_status status;

    mm_bpf_source_read_status(ear->source, &status);
    if (!status.is_available) {
        (void)fprintf(stderr, "no BPF: %s\n", status.reason);
        stop(ear);
    } else if (notice == MM_BPF_SOURCE_MEMORY_SETTLED) {
        ear->scene->begin(ear);
    }
}

static void time_is_up(struct mm_timer *timer, void *user)
{
    struct ear *ear = user;

    (void)timer;
    if (ear->scene->time_up)
        ear->scene->time_up(ear);
    else
        stop(ear);
}

/* Everything that was heard is in the ear afterwards. */
static void play(struct ear *ear, const struct scene *scene)
{
    const struct mm_bpf_source_options options = {
        .bpf = {.loader_path = loader_path}, .notify = settled, .user = ear};

    memset(ear, 0, sizeof(*ear));
    ear->scene = scene;
    ear->kernel.ops = &kernel_ops;
    mm_timer_init(&ear->timer, time_is_up, ear);
    if (mm_event_center_new(&ear->kernel, &ear->center) == 0 &&
        mm_event_center_subscribe(ear->center, MM_RANK_OBSERVER, scene->kinds, hear, ear) == 0 &&
        mm_bpf_source_add(ear->center, &options, &ear->source) == 0)
        (void)mm_event_center_run(ear->center);
    mm_event_center_disarm(ear->center, &ear->timer);
    for (size_t i = 0; i < MM_ARRAY_SIZE(ear->children); i++)
        mm_bench_end(ear->children[i], SIGKILL);
    mm_event_center_free(ear->center);
}

/* ---- figures ------------------------------------------------------------------------------------------------ */

static void await_lifecycle(struct mm_bpf *bpf)
{
    struct pollfd progress = {.events = POLLIN};

    do {
        progress.fd = mm_bpf_progress_fd(bpf);
    } while (poll(&progress, 1, PATIENCE_SECONDS * 1000) > 0 && mm_bpf_receive(bpf) == -EAGAIN);
}

/* What children that were waited for had of a processor. */
static double children_ms(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void measure_load(void)
{
    const struct mm_bpf_options options = {.loader_path = loader_path};
    double lifecycle_ms[LOADS], all_ms[LOADS], busy_ms[LOADS];
    size_t count = 0;

    for (unsigned i = 0; i < LOADS; i++) {
        struct mm_bpf *bpf = NULL;
        double busy = children_ms();
        uint64_t start_ns = mm_bench_now_ns();

        if (mm_bpf_new(&bpf) < 0 || mm_bpf_start(bpf, &options) < 0) {
            mm_bpf_free(bpf);
            continue;
        }
        await_lifecycle(bpf);
        lifecycle_ms[count] = (double)(mm_bench_now_ns() - start_ns) / 1e6;
        if (mm_bpf_wait(bpf) == 0 && (mm_bpf_programs(bpf) & MM_BPF_PROGRAM_MEMORY)) {
            all_ms[count] = (double)(mm_bench_now_ns() - start_ns) / 1e6;
            busy_ms[count] = children_ms() - busy;
            count++;
        }
        mm_bpf_free(bpf);
    }
    mm_bench_print("loaded and attached: the life of processes", "ms", lifecycle_ms, count);
    mm_bench_print("loaded and attached: memory, too", "ms", all_ms, count);
    mm_bench_print("of that the loader on a processor", "ms", busy_ms, count);
}

static void begin_writes(struct ear *ear)
{
    static const uint64_t pause_ns = PAUSE_NS;

    ear->children[0] = mm_bench_start_child(write_adj, (void *)&pause_ns);
    listen_to(ear, ear->children[0]);
    arm(ear, PATIENCE_SECONDS);
}

static void heard_write(struct ear *ear)
{
    if (ear->count >= ALONE_WRITES)
        stop(ear);
}

static void start_one_that_ends(struct ear *ear)
{
    ear->children[0] = mm_bench_start_child(end_soon, NULL);
    listen_to(ear, ear->children[0]);
    arm(ear, PATIENCE_SECONDS);
}

static void heard_exit(struct ear *ear)
{
    (void)waitpid(ear->children[0], NULL, 0);
    ear->children[0] = 0;
    if (ear->count < ALONE_EXITS)
        start_one_that_ends(ear);
    else
        stop(ear);
}

/* What waits for nobody, while processes come and go without a pause. */
static void begin_flood(struct ear *ear)
{
    static const uint64_t pause_ns = 5 * MM_NS_PER_MS;

    ear->children[0] = mm_bench_start_child(mm_bench_flood, NULL);
    ear->children[1] = mm_bench_start_child(mm_bench_flood, NULL);
    ear->children[2] = mm_bench_start_child(write_adj, (void *)&pause_ns);
    listen_to(ear, ear->children[2]);
    take_reading(ear, &ear->before);
    arm(ear, FLOOD_SECONDS);
}

static void end_flood(struct ear *ear)
{
    take_reading(ear, &ear->after);
    stop(ear);
}

static void measure_flood(struct ear *ear)
{
    static const struct scene scene = {
        .kinds = 1u << MM_EVENT_OOM_SCORE_ADJ, .begin = begin_flood, .time_up = end_flood};
    const struct reading *before = &ear->before, *after = &ear->after;
    double seconds;

    play(ear, &scene);
    if (after->time_ns == 0)
        return;
    seconds = (double)(after->time_ns - before->time_ns) / 1e9;
    mm_bench_print("an oom_score_adj changed, in a flood", "us", ear->ages_us, ear->count);
    mm_bench_print_figure("flood: processes that came and went", "/s",
                          (double)(after->exits - before->exits) / seconds);
    mm_bench_print_figure("flood: records", "/s",
                          (double)(after->status.records - before->status.records) / seconds);
    mm_bench_print_figure("flood: records lost", "", (double)(after->status.lost - before->status.lost));
    mm_bench_print_figure("flood: wake-ups of the loop", "/s",
                          (double)(after->wakeups - before->wakeups) / seconds);
}

/* One process gives itself names, a portion each millisecond. */
static void begin_rate(struct ear *ear)
{
    ear->children[0] = mm_bench_start_child(rename_itself, &ear->rate);
    take_reading(ear, &ear->before);
    arm(ear, 1);
}

static void begin_climb(struct ear *ear)
{
    ear->rate = 20000;
    begin_rate(ear);
}

/* Faster and faster until a record is lost or the process can no more. */
static void end_rate(struct ear *ear)
{
    double taken;

    take_reading(ear, &ear->after);
    mm_bench_end(ear->children[0], SIGKILL);
    ear->children[0] = 0;
    taken = (double)(ear->after.status.records - ear->before.status.records) * 1e9 /
            (double)(ear->after.time_ns - ear->before.time_ns);
    if (ear->after.status.lost > ear->before.status.lost)
        taken = 0;
    ear->best[ear->climb] = MM_MAX(ear->best[ear->climb], taken);
    if (taken >= (double)ear->rate * 0.8) {
        ear->rate += ear->rate / 2;
        begin_rate(ear);
    } else if (++ear->climb < CLIMBS) {
        begin_climb(ear);
    } else {
        stop(ear);
    }
}

static void measure_events(struct ear *ear)
{
    static const struct scene writes = {
        .kinds = 1u << MM_EVENT_OOM_SCORE_ADJ, .begin = begin_writes, .heard = heard_write};
    static const struct scene exits = {
        .kinds = 1u << MM_EVENT_PROCESS_EXITED, .begin = start_one_that_ends, .heard = heard_exit};
    static const struct scene climbs = {
        .kinds = 1u << MM_EVENT_PROCESS_RENAMED, .begin = begin_climb, .time_up = end_rate};

    play(ear, &writes);
    mm_bench_print("an oom_score_adj changed, alone", "us", ear->ages_us, ear->count);
    play(ear, &exits);
    mm_bench_print("the end of a watched process, alone", "us", ear->ages_us, ear->count);
    measure_flood(ear);
    play(ear, &climbs);
    mm_bench_print("records sustained for a second without loss", "/s", ear->best, ear->climb);
}

static const struct mm_bench bench = {
    .name = "bpf_latency",
    .summary =
        "From the hooks of the kernel to a subscriber of the event center, through the shipped BPF "
        "programs;\n"
        "what is sustained without loss, how long loading takes, what the programs and the daemon cost.",
};

int main(int argc, char **argv)
{
    static struct ear ear;
    int status;

    if (!mm_bench_begin(&bench, &argc, argv, &status))
        return status;
    mm_log_set_level(MM_LOG_WARNING);
    mm_runtime_program("memmgr-bpf-loader", loader_path, sizeof(loader_path));
    measure_load();
    /* as the daemon does by default */
    (void)mm_runtime_raise_scheduling(1);
    measure_events(&ear);
    return mm_bench_measure_cost();
}
