/* SPDX-License-Identifier: Apache-2.0 */
/* What calm moments are for: memory in reserve, fresh sizes, and processes whose end nobody reported. */
#include "priority_manager/upstream.h"

#include <errno.h>

/* Start sizes: a small device's processes, so that most never grow. */
#define FIRST_OBJECTS 256
#define FIRST_BUCKETS 512
/* One slab of this many costs a few page faults, and is added whenever fewer than it are free. */
#define RESERVE_OBJECTS 64
/* So many that a storm's forks find a place: an eighth of what there is, kept free on calm moments. */
#define RESERVE_SHARE 8
/* A look costs a few microseconds: a slice is well under a millisecond. */
#define DEAD_CHECK_SLICE    128
#define DEAD_CHECK_PAUSE_NS (20 * MM_NS_PER_MS)

int mm_manager_init_memory(struct mm_priority_manager *manager)
{
    struct {
        struct mm_object_pool *pool;
        size_t object_bytes, links_offset;
        uint32_t count;
    } pools[] = {
        {&manager->process_pool, sizeof(struct mm_process_node),
         offsetof(struct mm_process_node, process.bundle), 0},
        {&manager->bundle_pool, sizeof(struct mm_bundle_node), 0, 0},
        {&manager->binding_pool, sizeof(struct mm_binding), 0, RESERVE_OBJECTS},
        {&manager->account_pool, sizeof(struct mm_account), 0, RESERVE_OBJECTS},
    };
    int result = mm_priority_list_init(&manager->list);

    if (result == 0)
        result = mm_priority_list_reserve(&manager->list, FIRST_OBJECTS);
    if (result == 0)
        result = mm_hash_table_init(&manager->processes, FIRST_BUCKETS);
    if (result == 0)
        result = mm_hash_table_init(&manager->bundles, FIRST_BUCKETS);
    if (result == 0)
        result = mm_hash_table_init(&manager->bindings, FIRST_BUCKETS);
    for (size_t i = 0; i < MM_ARRAY_SIZE(pools); i++) {
        mm_object_pool_init(pools[i].pool, pools[i].object_bytes, pools[i].links_offset);
        if (result == 0)
            result = mm_object_pool_grow(pools[i].pool, pools[i].count);
    }
    mm_bundle_names_init(&manager->bundle_names);
    for (size_t i = 0; i < MM_BUNDLE_NAME_POOLS && result == 0; i++)
        result = mm_object_pool_grow(&manager->bundle_names.pools[i], RESERVE_OBJECTS / 2);
    if (result == 0)
        result = mm_object_pool_grow_both(&manager->process_pool, &manager->bundle_pool, FIRST_OBJECTS);
    if (result == 0 && manager->is_upstream)
        result = mm_upstream_keep_reserve(manager);
    return result;
}

void mm_manager_fini_memory(struct mm_priority_manager *manager)
{
    mm_object_pool_fini(&manager->process_pool);
    mm_object_pool_fini(&manager->bundle_pool);
    mm_bundle_names_fini(&manager->bundle_names);
    mm_object_pool_fini(&manager->binding_pool);
    mm_object_pool_fini(&manager->account_pool);
    mm_object_pool_fini(&manager->upstream_pool);
    mm_priority_list_fini(&manager->list);
    mm_hash_table_fini(&manager->processes);
    mm_hash_table_fini(&manager->bundles);
    mm_hash_table_fini(&manager->bindings);
}

static void keep_free(struct mm_object_pool *pool, uint32_t wanted)
{
    if (pool->free_count < wanted)
        (void)mm_object_pool_grow(pool, MM_MAX(wanted - pool->free_count, RESERVE_OBJECTS));
}

/* A process beside a bundle: most are alone in theirs. No bundle without a place on the list. */
static void keep_processes_free(struct mm_priority_manager *manager, uint32_t wanted)
{
    struct mm_object_pool *processes = &manager->process_pool, *bundles = &manager->bundle_pool;
    uint32_t free_count = MM_MIN(processes->free_count, bundles->free_count);
    uint32_t missing = wanted - MM_MIN(wanted, free_count);

    if (missing == 0)
        return;
    missing = MM_MAX(missing, RESERVE_OBJECTS);
    if (mm_priority_list_reserve(&manager->list, bundles->total_count + missing) == 0)
        (void)mm_object_pool_grow_both(processes, bundles, missing);
}

/* Walks over the table begin anew: its buckets are others. */
static void grow_table(struct mm_priority_manager *manager, struct mm_hash_table *table, unsigned load)
{
    if (table->count <= table->bucket_count * load)
        return;
    (void)mm_hash_table_grow(table);
    if (table == &manager->processes)
        manager->dead_check_bucket = manager->refresh_bucket = manager->refresh_done = 0;
    else if (table == &manager->bindings)
        manager->upstream_dead_check_bucket = 0;
}

void mm_manager_keep_reserve(struct mm_priority_manager *manager)
{
    if (manager->is_under_pressure)
        return;
    grow_table(manager, &manager->processes, 2);
    grow_table(manager, &manager->bundles, 2);
    grow_table(manager, &manager->bindings, 2);
    keep_processes_free(manager, RESERVE_OBJECTS);
    if (manager->is_upstream)
        mm_upstream_keep_reserve(manager);
    for (size_t i = 0; i < MM_BUNDLE_NAME_POOLS; i++)
        keep_free(&manager->bundle_names.pools[i], RESERVE_OBJECTS / 2);
    keep_free(&manager->account_pool, RESERVE_OBJECTS / 4);
    if (manager->counters.bindings < MM_BINDINGS_MAX)
        keep_free(&manager->binding_pool, RESERVE_OBJECTS / 2);
}

static void grow_to_share(struct mm_priority_manager *manager)
{
    grow_table(manager, &manager->processes, 1);
    grow_table(manager, &manager->bundles, 1);
    grow_table(manager, &manager->bindings, 1);
    keep_processes_free(manager, manager->counters.processes / RESERVE_SHARE);
    if (manager->is_upstream)
        mm_upstream_keep_reserve(manager);
}

typedef void (*process_visit)(struct mm_priority_manager *manager, struct mm_process_node *node);

/* Whole buckets from *bucket on, until at least `limit` processes were visited; *bucket is 0 after the last.
   visit may remove the process it is given, but seeds only: others go when everything settles. */
static size_t visit_some(struct mm_priority_manager *manager, uint32_t *bucket, size_t limit,
                         process_visit visit)
{
    size_t visited = 0;

    while (*bucket < manager->processes.bucket_count && visited < limit) {
        struct mm_hash_link *link = manager->processes.buckets[(*bucket)++];

        while (link) {
            struct mm_process_node *node = MM_CONTAINER_OF(link, struct mm_process_node, hash_link);

            link = link->next;
            visit(manager, node);
            visited++;
        }
    }
    if (*bucket >= manager->processes.bucket_count)
        *bucket = 0;
    return visited;
}

/* A mark that says nothing any more costs every choice a look at the bundle. */
static void describe(struct mm_priority_manager *manager, struct mm_bundle *bundle)
{
    if (bundle->set_aside_until_ns <= mm_event_center_now_ns(manager->center))
        bundle->set_aside_until_ns = 0;
    mm_bundle_describe(&manager->list, bundle);
}

/* Its number too where that is the file's and nobody may report that the file was written. */
static void refresh_process(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_kernel *kernel = manager->kernel;
    struct mm_process *process = &node->process;
    bool is_registered = process->bundle->is_registered;
    bool is_file_read = !is_registered || (process->flags & MM_PROCESS_IS_OUT_OF_REACH);
    unsigned fields = MM_PROCESS_STATM | (is_file_read ? MM_PROCESS_ADJ : 0u);
    struct mm_process_info info = {0};
    pid_t pid = process->pid;
    int result = kernel->ops->read_process(kernel, pid, fields, &info);

    if (result == -ESRCH)
        mm_manager_remove_process(manager, node);
    if (result < 0)
        return;
    process->bundle->resident_bytes += info.resident_bytes - process->resident_bytes;
    process->resident_bytes = info.resident_bytes;
    describe(manager, process->bundle);
    if (process->flags & MM_PROCESS_IS_FROZEN)
        mm_manager_look_if_frozen(manager, node);
    if (!is_file_read || process->written_oom_score_adj == info.oom_score_adj)
        return;
    mm_manager_look_if_dead(manager, node); /* another's number, where the pid is another's by now */
    if (!mm_manager_find(manager, pid))
        return;
    if (is_registered) {
        mm_manager_note_foreign(manager, node, info.oom_score_adj);
        return;
    }
    process->written_oom_score_adj = (int16_t)info.oom_score_adj;
    mm_manager_seed(manager, node);
}

size_t mm_priority_manager_refresh(struct mm_priority_manager *manager, size_t limit)
{
    size_t done = manager->refresh_done;

    if (!manager->is_under_pressure) {
        mm_manager_keep_reserve(manager);
        grow_to_share(manager);
        mm_manager_arm_scan(manager);
        done = manager->refresh_done + visit_some(manager, &manager->refresh_bucket, limit, refresh_process);
        manager->refresh_done = manager->refresh_bucket == 0 ? 0 : (uint32_t)done;
        mm_manager_settle(manager);
        mm_manager_announce(manager);
        if (manager->refresh_bucket == 0)
            return 0;
    }
    return manager->counters.processes > done ? manager->counters.processes - done : 0;
}

void mm_manager_look_if_dead(struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_kernel *kernel = manager->kernel;
    struct mm_process_info info;
    int result = kernel->ops->read_process(kernel, node->process.pid, MM_PROCESS_STAT, &info);

    if (result == -ESRCH || (result == 0 && (info.has_exited || !mm_process_is(&node->process, &info))) ||
        kernel->ops->is_in_domain(kernel, node->process.pid) == 0)
        mm_manager_remove_process(manager, node);
}

void mm_manager_arm_dead_check(struct mm_priority_manager *manager)
{
    uint64_t interval_ns = manager->is_upstream ? mm_upstream_dead_check_ns(manager) : manager->dead_check_ns;
    uint32_t looks =
        manager->counters.processes + (manager->is_upstream ? 2 * manager->counters.bindings : 0);
    bool goes_on = manager->dead_check_bucket > 0 || manager->upstream_dead_check_bucket > 0;
    uint64_t wait_ns = goes_on ? DEAD_CHECK_PAUSE_NS : interval_ns;

    /* the slices of a look come along with other wake-ups, and all of them within twice the interval */
    manager->dead_check_timer.slack_ns = interval_ns / (1 + looks / DEAD_CHECK_SLICE);
    if (interval_ns > 0)
        mm_event_center_arm(manager->center, &manager->dead_check_timer,
                            mm_event_center_now_ns(manager->center) + wait_ns);
    else
        mm_event_center_disarm(manager->center, &manager->dead_check_timer);
}

/* First the processes, then upstream's bindings, of whoever is left. */
static void look_for_some_dead(struct mm_priority_manager *manager)
{
    size_t looks = 0;

    if (manager->upstream_dead_check_bucket == 0) {
        if (manager->dead_check_bucket == 0)
            mm_manager_release_dead_callers(manager, 0);
        looks = visit_some(manager, &manager->dead_check_bucket, DEAD_CHECK_SLICE, mm_manager_look_if_dead);
    }
    /* one look at least: it is what says that their turn has come */
    if (manager->is_upstream && manager->dead_check_bucket == 0)
        mm_upstream_release_some_dead(manager, looks < DEAD_CHECK_SLICE ? DEAD_CHECK_SLICE - looks : 1);
}

void mm_manager_dead_check(struct mm_timer *timer, void *user)
{
    struct mm_priority_manager *manager = user;

    (void)timer;
    /* A victim's end is the killer's to see; the rest can wait until it is calm. */
    if (!manager->is_under_pressure) {
        look_for_some_dead(manager);
        mm_manager_settle(manager);
        mm_manager_announce(manager);
    }
    mm_manager_arm_dead_check(manager);
}
