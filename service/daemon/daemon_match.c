/* SPDX-License-Identifier: Apache-2.0 */
/* Process rules: which processes they are for is the list's to say. */
#include "service/daemon/daemon_state.h"

#include "common/common.h"

/* What a client registered is the client's. */
static bool find(pid_t pid, uint64_t *ret_start_time_ticks, void *user)
{
    const struct mm_daemon *daemon = user;
    const struct mm_process *process = mm_priority_manager_find(daemon->engine->manager, pid);

    if (!process || process->bundle->is_registered)
        return false;
    *ret_start_time_ticks = process->start_time_ticks;
    return true;
}

static size_t list_unregistered(pid_t *ret_pids, size_t capacity, void *user)
{
    const struct mm_daemon *daemon = user;
    const struct mm_priority_list *list = mm_priority_manager_list(daemon->engine->manager);
    const struct mm_priority_entry *entry = mm_priority_list_first(list);
    size_t count = 0;

    for (; entry; entry = mm_priority_list_next(list, entry)) {
        const struct mm_bundle *bundle = MM_BUNDLE_OF(entry);

        if (bundle->is_registered)
            continue;
        MM_LIST_FOR_EACH (link, &bundle->processes) {
            if (count < capacity)
                ret_pids[count] = MM_CONTAINER_OF(link, struct mm_process, bundle_link)->pid;
            count++;
        }
    }
    return count;
}

static void want_scan(void *user)
{
    const struct mm_daemon *daemon = user;

    mm_priority_manager_want_scan(daemon->engine->manager);
}

int mm_daemon_add_match(struct mm_daemon *daemon)
{
    const struct mm_match_source_options options = {
        .program_path = daemon->match_path,
        .config = daemon->engine->config,
        .times = &mm_match_default_times,
        .find = find,
        .list = list_unregistered,
        .want_scan = want_scan,
        .user = daemon,
    };

    mm_runtime_program("memmgr-match", daemon->match_path, sizeof(daemon->match_path));
    return mm_match_source_add(daemon->engine->center, &options, &daemon->context.match);
}
