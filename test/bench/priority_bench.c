/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the priority manager costs in memory, at 100 to 100,000 processes, over a kernel that answers at once:
 * the operation alone, and a whole event from its publication to the MM_EVENT_PRIORITY that follows. Prints
 * figures, judges nothing.
 */
#include "common/common.h"
#include "event_center/event_center.h"
#include "priority_manager/manager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_PID 1000
#define SAMPLES   20000
/* A figure of one operation is little more than the clock's own: medians come from batches. */
#define BATCH 32

static uint64_t now_ns(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * MM_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* ---- a kernel that costs nothing ---------------------------------------------------------------------- */

static uint64_t stub_now_ns(struct mm_kernel *kernel)
{
    (void)kernel;
    return 1;
}

static int stub_read_process(struct mm_kernel *kernel, pid_t pid, unsigned fields,
                             struct mm_process_info *ret_info)
{
    (void)kernel;
    (void)fields;
    *ret_info = (struct mm_process_info){
        .pid = pid, .uid = (uid_t)pid, .state = 'S', .start_time_ticks = 1, .comm = "process"};
    return 0;
}

static int stub_write_oom_score_adj(struct mm_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                                    int oom_score_adj, int *ret_written)
{
    (void)kernel;
    (void)pid;
    (void)start_time_ticks;
    *ret_written = oom_score_adj;
    return 0;
}

static int stub_is_in_domain(struct mm_kernel *kernel, pid_t pid)
{
    (void)kernel;
    (void)pid;
    return 1;
}

static int stub_notice_fd(struct mm_kernel *kernel)
{
    (void)kernel;
    return -1;
}

static int stub_is_frozen(struct mm_kernel *kernel, pid_t pid)
{
    (void)kernel;
    (void)pid;
    return 0;
}

static const struct mm_kernel_ops stub_ops = {
    .is_frozen = stub_is_frozen,
    .notice_fd = stub_notice_fd,
    .now_ns = stub_now_ns,
    .read_process = stub_read_process,
    .write_oom_score_adj = stub_write_oom_score_adj,
    .is_in_domain = stub_is_in_domain,
};

/* ---- events ------------------------------------------------------------------------------------------- */

struct world {
    struct mm_kernel kernel;
    struct mm_config config;
    struct mm_event_center *center;
    struct mm_priority_manager *manager;
    unsigned processes;
    uint32_t random;
};

static uint32_t next_random(struct world *world)
{
    world->random = world->random * 1664525u + 1013904223u;
    return world->random >> 8;
}

static struct mm_event make_event(enum mm_application_reason reason, pid_t pid, pid_t caller)
{
    struct mm_event event = {
        .kind = MM_EVENT_APPLICATION,
        .time_ns = 1,
        .pid = pid,
        .uid = (uid_t)pid,
        .payload.application = {.reason = reason, .account_id = 0, .caller_pid = caller},
    };

    if (reason == MM_REASON_CREATE_PROCESS)
        (void)mm_format(event.payload.application.name, MM_NAME_MAX, "com.example.application%d", (int)pid);
    return event;
}

static void report(struct world *world, enum mm_application_reason reason, pid_t pid, pid_t caller)
{
    const struct mm_event event = make_event(reason, pid, caller);

    mm_event_center_publish(world->center, &event);
}

static void world_init(struct world *world, unsigned processes)
{
    *world = (struct world){.kernel = {.ops = &stub_ops}, .processes = processes, .random = 1};
    world->config.reclaim_priority.new_process_grace_ms = 15000;
    world->config.reclaim_priority.ability_start_ms = 10000;
    if (mm_event_center_new(&world->kernel, &world->center) < 0 ||
        mm_priority_manager_new(&world->kernel, world->center, &world->config, &world->manager) < 0) {
        (void)fprintf(stderr, "no memory\n");
        exit(EXIT_FAILURE);
    }
    for (unsigned i = 0; i < processes; i++) {
        report(world, MM_REASON_CREATE_PROCESS, FIRST_PID + (pid_t)i, 0);
        report(world, MM_REASON_BACKGROUND, FIRST_PID + (pid_t)i, 0);
    }
    (void)mm_priority_manager_refresh(world->manager, processes);
}

static void world_fini(struct world *world)
{
    mm_priority_manager_free(world->manager);
    mm_event_center_free(world->center);
}

/* ---- figures ------------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static void print_samples(const char *what, unsigned processes, uint64_t *samples_ps, size_t count)
{
    const size_t median = count / 2, p99 = count * 99 / 100;

    qsort(samples_ps, count, sizeof(*samples_ps), compare);
    printf("%-34s %8u %10.1f %10.1f %10.1f\n", what, processes, (double)samples_ps[median] / 1000,
           (double)samples_ps[p99] / 1000, (double)samples_ps[count - 1] / 1000);
}

static pid_t any_pid(struct world *world)
{
    return FIRST_PID + (pid_t)(next_random(world) % world->processes);
}

/* How an event comes to the manager. */
typedef void (*delivery)(struct world *world, const struct mm_event *event);

static void through_the_center(struct world *world, const struct mm_event *event)
{
    mm_event_center_publish(world->center, event);
}

/* The operation alone: nobody else hears the event, and what moved is told outside the clock. */
static void to_the_manager(struct world *world, const struct mm_event *event)
{
    if (event->kind == MM_EVENT_PROCESS_EXITED)
        mm_manager_on_exited(world->manager, event);
    else
        mm_manager_on_application(world->manager, event);
}

/* Times batches of the first kind of event; the second puts each batch back. */
struct measurement {
    const char *what;
    enum mm_application_reason apply, undo; /* MM_REASON_COUNT: the process exits */
    bool are_new;
};

static struct mm_event event_of(enum mm_application_reason reason, pid_t pid)
{
    struct mm_event event = {.kind = MM_EVENT_PROCESS_EXITED, .pid = pid};

    return reason == MM_REASON_COUNT ? event : make_event(reason, pid, 0);
}

static void measure(struct world *world, const struct measurement *measurement, delivery deliver)
{
    static uint64_t samples_ps[SAMPLES / BATCH];
    struct mm_event events[BATCH];

    for (size_t i = 0; i < MM_ARRAY_SIZE(samples_ps); i++) {
        uint64_t start_ns;

        for (size_t k = 0; k < BATCH; k++)
            events[k] =
                event_of(measurement->apply,
                         measurement->are_new ? FIRST_PID + (pid_t)(world->processes + k) : any_pid(world));
        start_ns = now_ns();
        for (size_t k = 0; k < BATCH; k++)
            deliver(world, &events[k]);
        samples_ps[i] = (now_ns() - start_ns) * 1000 / BATCH;
        for (size_t k = 0; k < BATCH; k++) {
            const struct mm_event undo = event_of(measurement->undo, events[k].pid);

            mm_event_center_publish(world->center, &undo);
        }
    }
    print_samples(measurement->what, world->processes, samples_ps, MM_ARRAY_SIZE(samples_ps));
}

static void measure_least(struct world *world)
{
    static uint64_t samples_ps[SAMPLES / BATCH];
    struct mm_priority_entry *volatile least;

    for (size_t i = 0; i < MM_ARRAY_SIZE(samples_ps); i++) {
        uint64_t start_ns = now_ns();

        for (size_t k = 0; k < BATCH; k++)
            least = mm_priority_list_least(mm_priority_manager_list(world->manager));
        samples_ps[i] = (now_ns() - start_ns) * 1000 / BATCH;
    }
    (void)least;
    print_samples("least important", world->processes, samples_ps, MM_ARRAY_SIZE(samples_ps));
}

static void measure_all(unsigned processes, delivery deliver)
{
    static const struct measurement measurements[] = {
        {"register", MM_REASON_CREATE_PROCESS, MM_REASON_COUNT, true},
        {"re-prioritise: to the front", MM_REASON_FOREGROUND, MM_REASON_BACKGROUND, false},
        {"re-prioritise: to the background", MM_REASON_BACKGROUND, MM_REASON_FOREGROUND, false},
        {"remove", MM_REASON_COUNT, MM_REASON_CREATE_PROCESS, false},
    };
    struct world world;

    world_init(&world, processes);
    for (size_t i = 0; i < MM_ARRAY_SIZE(measurements); i++)
        measure(&world, &measurements[i], deliver);
    measure_least(&world);
    world_fini(&world);
}

/* One event that moves all of a graph of 1,000 extensions. */
static void measure_graph(const char *what, unsigned binds_each)
{
    static uint64_t samples_ps[200];
    struct world world;

    world_init(&world, 1000);
    for (pid_t i = 1; i < 1000; i++) {
        report(&world, MM_REASON_BIND_EXTENSION, FIRST_PID + i, FIRST_PID + (binds_each == 1 ? i - 1 : 0));
        for (unsigned k = 1; k < binds_each; k++)
            report(&world, MM_REASON_BIND_EXTENSION, FIRST_PID + i, any_pid(&world));
    }
    for (size_t i = 0; i < MM_ARRAY_SIZE(samples_ps); i++) {
        uint64_t start_ns = now_ns();

        report(&world, i % 2 ? MM_REASON_BACKGROUND : MM_REASON_FOREGROUND, FIRST_PID, 0);
        samples_ps[i] = (now_ns() - start_ns) * 1000;
        for (int k = 0; k < 8; k++)
            mm_manager_announce(world.manager);
    }
    print_samples(what, world.processes, samples_ps, MM_ARRAY_SIZE(samples_ps));
    world_fini(&world);
}

int main(void)
{
    const size_t process_bytes = sizeof(struct mm_process_node);
    const size_t bundle_bytes = sizeof(struct mm_bundle_node) + sizeof(struct mm_priority_link) +
                                sizeof(struct mm_priority_key) + sizeof(struct mm_priority_entry *);
    static const struct {
        const char *what;
        delivery deliver;
    } ways[] = {
        {"in the manager, ns", to_the_manager},
        {"a whole event, told on, ns", through_the_center},
    };
    const unsigned sizes[] = {100, 1000, 10000, 100000};

    for (size_t way = 0; way < MM_ARRAY_SIZE(ways); way++) {
        printf("%-34s %8s %10s %10s %10s\n", ways[way].what, "procs", "median", "p99", "max");
        for (size_t i = 0; i < MM_ARRAY_SIZE(sizes); i++)
            measure_all(sizes[i], ways[way].deliver);
    }
    measure_graph("bind graph: chain", 1);
    measure_graph("bind graph: 4,000 binds", 4);
    printf("bytes per process: %zu alone in a bundle, %zu in one with others, %zu not registered\n",
           process_bytes + bundle_bytes + MM_NAME_MAX + 2 * sizeof(struct mm_hash_link *),
           process_bytes + sizeof(struct mm_hash_link *),
           process_bytes + bundle_bytes + sizeof(struct mm_hash_link *));
    return 0;
}
