/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the killer's decision takes: from the list to the victim, by last known sizes, without a system call.
 * The bar is 50 us with 10,000 bundles. Warm: the same decision again and again. Cold: after the processor's
 * caches were filled with something else, as they are when a storm wakes the daemon.
 */
#include "common/common.h"
#include "kill_strategy/candidates.h"
#include "priority_manager/priority_order.h"
#include "test/bench/statistics.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS 1000
/* Above the last level cache of most machines. */
#define SWEEP_BYTES (64 * MM_MIB)

static uint64_t clock_ns(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * MM_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* xorshift: the same list in every run of the bench. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* As the manager keeps them: a bundle within something larger, and neighbours on the list far apart. */
struct node {
    struct mm_bundle bundle;
    char rest[128];
};

struct population {
    const char *name;
    struct mm_kill_level level; /* the row that applies */
    enum mm_unregistered_policy policy;
    void (*place)(uint64_t random, int *ret_priority, bool *ret_is_registered);
};

/* A phone: a tenth in use, most in the background or suspended, services nobody registered at 0 and below. */
static void place_phone(uint64_t random, int *ret_priority, bool *ret_is_registered)
{
    static const int priorities[] = {0, 50, 100, 200, 260, 400, 400, 400, 400, 600, 800, 800};

    *ret_is_registered = random % 100 < 70;
    *ret_priority = *ret_is_registered ? priorities[(random >> 8) % MM_ARRAY_SIZE(priorities)]
                                       : -(int)((random >> 8) % 10) * 100;
}

static void place_perceived(uint64_t random, int *ret_priority, bool *ret_is_registered)
{
    (void)random;
    *ret_is_registered = true;
    *ret_priority = MM_PRIORITY_PERCEIVED;
}

/* A server: nobody registered anything, and hardly any oom_score_adj was ever set. */
static void place_server(uint64_t random, int *ret_priority, bool *ret_is_registered)
{
    *ret_is_registered = false;
    *ret_priority = random % 1000 == 0 ? 500 : 0;
}

static const struct population populations[] = {
    {"phone, row 500/400", {500 * MM_MIB, 400}, MM_UNREGISTERED_RAISED, place_phone},
    {"phone, row 100/0", {100 * MM_MIB, 0}, MM_UNREGISTERED_RAISED, place_phone},
    {"server, any, row 100/0", {100 * MM_MIB, 0}, MM_UNREGISTERED_ANY, place_server},
    {"server, all at 0, any, row 100/0", {100 * MM_MIB, 0}, MM_UNREGISTERED_ANY, NULL},
    {"server, all at 0, raised, row 100/0", {100 * MM_MIB, 0}, MM_UNREGISTERED_RAISED, NULL},
    {"all at 200, heaviest first", {300 * MM_MIB, 200}, MM_UNREGISTERED_RAISED, place_perceived},
};

static void fill(struct mm_priority_list *list, struct node *nodes, size_t count,
                 const struct population *population)
{
    uint64_t random = 88172645463325252ULL;
    size_t *order = malloc(count * sizeof(*order));

    if (!order)
        abort();
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--) {
        size_t other = next_random(&random) % i;
        size_t kept = order[i - 1];

        order[i - 1] = order[other];
        order[other] = kept;
    }
    if (mm_priority_list_init(list) < 0 || mm_priority_list_reserve(list, (uint32_t)count) < 0)
        abort();
    for (size_t i = 0; i < count; i++) {
        struct mm_bundle *bundle = &nodes[order[i]].bundle;
        bool is_registered = false;
        int priority = 0;

        if (population->place)
            population->place(next_random(&random), &priority, &is_registered);
        memset(bundle, 0, sizeof(*bundle));
        mm_priority_entry_init(&bundle->entry);
        mm_list_init(&bundle->processes);
        bundle->process_count = 1;
        bundle->is_registered = is_registered;
        bundle->name = "bundle";
        bundle->resident_bytes = next_random(&random) % (512 * MM_MIB);
        if (mm_priority_list_insert(list, &bundle->entry, priority, NULL) < 0)
            abort();
        mm_bundle_describe(list, bundle);
    }
    free(order);
}

static const struct mm_bundle *decide(const struct mm_kill_config *config, const struct mm_kill_level *level,
                                      const struct mm_priority_list *list)
{
    struct mm_kill_candidates candidates = {0};
    const struct mm_bundle *victim;
    uint64_t sizes[MM_KILL_CANDIDATES_MAX];

    do {
        mm_kill_collect(config, level, list, candidates.rest, 1, &candidates);
        for (size_t i = 0; i < candidates.count; i++)
            sizes[i] = candidates.bundles[i]->resident_bytes;
        victim = mm_kill_choose(config, &candidates, sizes);
    } while (!victim && candidates.rest);
    return victim;
}

static void measure(const struct population *population, size_t count, char *sweep)
{
    struct mm_kill_config config = {
        .is_enabled = true,
        .reread_candidates = MM_KILL_CANDIDATES_MAX,
        .order = MM_ORDER_OLDEST_USE,
        .heaviest_from_priority = 200,
        .unregistered_policy = population->policy,
        .unregistered_min_bytes = 32 * MM_MIB,
    };
    struct mm_priority_list *list = malloc(sizeof(*list));
    struct node *nodes = malloc(count * sizeof(*nodes));
    static double values[RUNS];
    size_t runs = sweep ? RUNS / 10 : RUNS;
    struct mm_priority_order order;
    volatile uintptr_t found;
    char name[80];

    if (!list || !nodes)
        abort();
    fill(list, nodes, count, population);
    order = mm_priority_order_of(&config);
    mm_priority_list_set_order(list, &order);
    for (size_t i = 0; i < runs; i++) {
        uint64_t start_ns;

        if (sweep)
            memset(sweep, (int)i, SWEEP_BYTES);
        start_ns = clock_ns();
        found = (uintptr_t)decide(&config, &population->level, list);
        (void)found;
        values[i] = (double)(clock_ns() - start_ns) / 1000;
    }
    (void)mm_format(name, sizeof(name), "%6zu %s, %s", count, sweep ? "cold" : "warm", population->name);
    mm_bench_print(name, "us", values, runs);
    free(nodes);
    mm_priority_list_fini(list);
    free(list);
}

static const struct mm_bench bench_help = {
    .name = "decision_bench",
    .summary = "How long the choice of a victim takes on lists of 10 to 10,000 bundles, by last known sizes.",
};

int main(int argc, char **argv)
{
    static const size_t counts[] = {10, 1000, 10000};
    char *sweep;
    int status;

    if (!mm_bench_begin(&bench_help, &argc, argv, &status))
        return status;
    sweep = malloc(SWEEP_BYTES);
    if (!sweep)
        return 1;
    for (size_t i = 0; i < MM_ARRAY_SIZE(populations); i++) {
        for (size_t j = 0; j < MM_ARRAY_SIZE(counts); j++) {
            measure(&populations[i], counts[j], NULL);
            measure(&populations[i], counts[j], sweep);
        }
    }
    free(sweep);
    return 0;
}
