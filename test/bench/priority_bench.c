/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the priority manager costs in memory, at 100 to 100,000 processes, over a kernel that answers at once:
 * the operation alone, and a whole event from its publication to the MM_EVENT_PRIORITY that follows; one event that
 * moves all of a graph of 1,000 extensions; what is written for an event, and the memory for a process.
 */
#include "common/common.h"
#include "event_center/event_center.h"
#include "priority_manager/manager.h"
#include "priority_manager/priority_order.h"
#include "test/bench/statistics.h"

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

/* The kernel of a bench, which counts what is written. */
struct stub_kernel {
    struct mm_kernel kernel; /* first */
    uint64_t writes;
};

static int stub_write_oom_score_adj(struct mm_kernel *kernel, pid_t pid, uint64_t start_time_ticks,
                                    int oom_score_adj, int *ret_written)
{
    ((struct stub_kernel *)kernel)->writes++;
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
    struct stub_kernel stub;
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
    *world = (struct world){.stub = {.kernel = {.ops = &stub_ops}}, .processes = processes, .random = 1};
    world->config.reclaim_priority.new_process_grace_ms = 15000;
    world->config.reclaim_priority.ability_start_ms = 10000;
    if (mm_event_center_new(&world->stub.kernel, &world->center) < 0 ||
        mm_priority_manager_new(&world->stub.kernel, world->center, &world->config, &world->manager) < 0) {
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

/* "register, 10000 processes, in the manager". */
static void print_samples(const char *what, unsigned processes, const char *way, double *samples_ns,
                          size_t count)
{
    char name[96];

    (void)mm_format(name, sizeof(name), "%s, %u%s%s", what, processes, way[0] ? ", " : "", way);
    mm_bench_print(name, "ns", samples_ns, count);
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

struct way {
    const char *name;
    delivery deliver;
};

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

static void measure(struct world *world, const struct measurement *measurement, const struct way *way)
{
    static double samples_ns[SAMPLES / BATCH];
    struct mm_event events[BATCH];

    for (size_t i = 0; i < MM_ARRAY_SIZE(samples_ns); i++) {
        uint64_t start_ns;

        for (size_t k = 0; k < BATCH; k++)
            events[k] =
                event_of(measurement->apply,
                         measurement->are_new ? FIRST_PID + (pid_t)(world->processes + k) : any_pid(world));
        start_ns = now_ns();
        for (size_t k = 0; k < BATCH; k++)
            way->deliver(world, &events[k]);
        samples_ns[i] = (double)(now_ns() - start_ns) / BATCH;
        for (size_t k = 0; k < BATCH; k++) {
            const struct mm_event undo = event_of(measurement->undo, events[k].pid);

            mm_event_center_publish(world->center, &undo);
        }
    }
    print_samples(measurement->what, world->processes, way->name, samples_ns, MM_ARRAY_SIZE(samples_ns));
}

/* The list is the manager's, whose configuration the bench is. */
static void order_by(struct world *world, enum mm_bucket_order order)
{
    struct mm_event event = {.kind = MM_EVENT_CONFIG, .payload.config = &world->config};

    world->config.kill.order = order;
    mm_event_center_publish(world->center, &event);
}

static void measure_least(struct world *world, const char *what, enum mm_bucket_order order)
{
    static double samples_ns[SAMPLES / BATCH];
    struct mm_priority_entry *volatile least;

    order_by(world, order);
    for (size_t i = 0; i < MM_ARRAY_SIZE(samples_ns); i++) {
        uint64_t start_ns = now_ns();

        for (size_t k = 0; k < BATCH; k++)
            least = mm_priority_list_least(mm_priority_manager_list(world->manager));
        samples_ns[i] = (double)(now_ns() - start_ns) / BATCH;
    }
    (void)least;
    print_samples(what, world->processes, "", samples_ns, MM_ARRAY_SIZE(samples_ns));
}

static size_t table_bytes(const struct mm_hash_table *table)
{
    return table->bucket_count * sizeof(struct mm_hash_link *);
}

static size_t pool_bytes(const struct mm_object_pool *pool, bool with_reserve)
{
    return (pool->total_count - (with_reserve ? 0 : pool->free_count)) * pool->object_bytes;
}

static size_t names_bytes(const struct mm_bundle_names *names, bool with_reserve)
{
    size_t bytes = 0;

    for (size_t i = 0; i < MM_BUNDLE_NAME_POOLS; i++)
        bytes += pool_bytes(&names->pools[i], with_reserve);
    return bytes;
}

/* All that the manager holds, but the heads of the list's 2,001 buckets: of those who are there, and with what it keeps
   free for newcomers (an eighth, and 256 at first). */
static void measure_memory(const struct world *world)
{
    static const char *const names[] = {"memory for a process alone in its bundle",
                                        "memory for a process, with the reserve"};
    const struct mm_priority_manager *manager = world->manager;
    const size_t entry_bytes = sizeof(struct mm_priority_link) + sizeof(struct mm_priority_key) +
                               sizeof(struct mm_priority_entry *) + sizeof(uint32_t);
    const size_t tables_bytes =
        table_bytes(&manager->processes) + table_bytes(&manager->bundles) + table_bytes(&manager->bindings);

    for (unsigned with_reserve = 0; with_reserve < MM_ARRAY_SIZE(names); with_reserve++) {
        const size_t entries = with_reserve ? manager->list.capacity : manager->list.count;
        const size_t bytes = pool_bytes(&manager->process_pool, with_reserve) +
                             pool_bytes(&manager->bundle_pool, with_reserve) +
                             names_bytes(&manager->bundle_names, with_reserve) + tables_bytes +
                             entries * entry_bytes;
        char name[80];

        (void)mm_format(name, sizeof(name), "%s, %u", names[with_reserve], world->processes);
        mm_bench_print_figure(name, "bytes", (double)bytes / world->processes);
    }
}

/* What is written for an event that changes the number of the process, and for one that says it again. */
static void measure_writes(struct world *world)
{
    static const struct {
        const char *what;
        enum mm_application_reason reason;
    } events[] = {
        {"oom_score_adj writes for an event: to the front", MM_REASON_FOREGROUND},
        {"oom_score_adj writes for an event: the same again", MM_REASON_FOREGROUND},
        {"oom_score_adj writes for an event: back", MM_REASON_BACKGROUND},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(events); i++) {
        const uint64_t before = world->stub.writes;

        for (unsigned k = 0; k < world->processes; k++)
            report(world, events[i].reason, FIRST_PID + (pid_t)k, 0);
        mm_bench_print_figure(events[i].what, "", (double)(world->stub.writes - before) / world->processes);
    }
}

static void measure_all(unsigned processes, const struct way *way)
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
        measure(&world, &measurements[i], way);
    world_fini(&world);
}

static void measure_size(unsigned processes)
{
    struct world world;

    world_init(&world, processes);
    measure_memory(&world);
    measure_least(&world, "least important, by oldest use", MM_ORDER_OLDEST_USE);
    measure_least(&world, "least important, heaviest", MM_ORDER_HEAVIEST);
    measure_least(&world, "least important, newest", MM_ORDER_NEWEST);
    measure_writes(&world);
    world_fini(&world);
}

/* ---- graphs ------------------------------------------------------------------------------------------- */

#define GRAPH_PROCESSES 1000

/* The caller of the next bind of process i, which has had so many. */
typedef unsigned (*caller_choice)(struct world *world, unsigned i, unsigned bind);

static unsigned the_one_before(struct world *world, unsigned i, unsigned bind)
{
    (void)world;
    (void)bind;
    return i - 1;
}

/* The first bind leads to the root, so that an event of the root concerns all; the others make cycles of any length. */
static unsigned anybody(struct world *world, unsigned i, unsigned bind)
{
    unsigned caller = bind == 0 ? 0 : next_random(world) % GRAPH_PROCESSES;

    return caller == i ? 0 : caller;
}

/* A chain of which each is also bound by the one behind it, and the first one but the root by the last. */
static unsigned both_neighbours(struct world *world, unsigned i, unsigned bind)
{
    (void)world;
    if (bind == 0)
        return i - 1;
    return i + 1 < GRAPH_PROCESSES ? i + 1 : 1;
}

/* One event that moves all of a graph of 1,000 extensions, and what is written for it. */
static void measure_graph(const char *what, unsigned binds_each, caller_choice choose)
{
    static double samples_ns[200];
    const size_t runs = MM_ARRAY_SIZE(samples_ns);
    struct world world;
    uint64_t writes;

    world_init(&world, GRAPH_PROCESSES);
    for (unsigned i = 1; i < GRAPH_PROCESSES; i++) {
        for (unsigned bind = 0; bind < binds_each; bind++)
            report(&world, MM_REASON_BIND_EXTENSION, FIRST_PID + (pid_t)i,
                   FIRST_PID + (pid_t)choose(&world, i, bind));
    }
    writes = world.stub.writes;
    for (size_t i = 0; i < MM_ARRAY_SIZE(samples_ns); i++) {
        uint64_t start_ns = now_ns();

        report(&world, i % 2 ? MM_REASON_BACKGROUND : MM_REASON_FOREGROUND, FIRST_PID, 0);
        samples_ns[i] = (double)(now_ns() - start_ns);
        for (int k = 0; k < 8; k++)
            mm_manager_announce(world.manager);
    }
    print_samples(what, GRAPH_PROCESSES, "", samples_ns, MM_ARRAY_SIZE(samples_ns));
    mm_bench_print_figure("oom_score_adj writes for each", "",
                          (double)(world.stub.writes - writes) / (double)runs);
    world_fini(&world);
}

static const struct mm_bench bench = {
    .name = "priority_bench",
    .summary =
        "What the priority manager costs at 100 to 100,000 processes: register, re-prioritise, remove, the\n"
        "least important, an event that moves a graph of 1,000, what is written, and memory.",
};

int main(int argc, char **argv)
{
    static const struct way ways[] = {
        {"in the manager", to_the_manager},
        {"a whole event, told on", through_the_center},
    };
    static const unsigned sizes[] = {100, 1000, 10000, 100000};
    int status;

    if (!mm_bench_begin(&bench, &argc, argv, &status))
        return status;
    for (size_t way = 0; way < MM_ARRAY_SIZE(ways); way++) {
        for (size_t i = 0; i < MM_ARRAY_SIZE(sizes); i++)
            measure_all(sizes[i], &ways[way]);
    }
    for (size_t i = 0; i < MM_ARRAY_SIZE(sizes); i++)
        measure_size(sizes[i]);
    measure_graph("an event that moves a graph: chain", 1, the_one_before);
    measure_graph("an event that moves a graph: 4 binds each", 4, anybody);
    measure_graph("an event that moves a graph: cycles of two", 2, both_neighbours);
    return 0;
}
