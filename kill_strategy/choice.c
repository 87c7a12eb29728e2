/* SPDX-License-Identifier: Apache-2.0 */
/* From the list to one victim, by sizes as they are now. */
#include "kill_strategy/choice.h"

#include "common/common.h"
#include "kill_strategy/candidates.h"

/* Processes of one candidate whose size is read anew; the rest counts as last known. */
#define REREAD_PROCESSES_MAX 8
/* And of all candidates of one choice: 64 readings take well under a millisecond. */
#define REREADS_PER_CHOICE 64

/* The size of a bundle as the kernel says now; its heaviest process too. */
static uint64_t reread_size(struct mm_kernel *kernel, const struct mm_bundle *bundle, unsigned *rereads_left,
                            pid_t *ret_heaviest)
{
    uint64_t total_bytes = 0;
    uint64_t heaviest_bytes = 0;
    unsigned limit = MM_MIN(REREAD_PROCESSES_MAX, *rereads_left);
    unsigned count = 0;

    *ret_heaviest = 0;
    MM_LIST_FOR_EACH (link, &bundle->processes) {
        const struct mm_process *process = MM_CONTAINER_OF(link, struct mm_process, bundle_link);
        struct mm_process_info info = {.resident_bytes = process->resident_bytes};

        if (count < limit) {
            count++;
            (void)kernel->ops->read_process(kernel, process->pid, MM_PROCESS_STATM, &info);
        }
        total_bytes += info.resident_bytes;
        if (*ret_heaviest == 0 || info.resident_bytes > heaviest_bytes) {
            heaviest_bytes = info.resident_bytes;
            *ret_heaviest = process->pid;
        }
    }
    *rereads_left -= count;
    return total_bytes;
}

/* The victim among candidates of one priority, by their present sizes. */
static bool choose_among(struct mm_kernel *kernel, const struct mm_kill_config *config,
                         const struct mm_kill_candidates *candidates, unsigned *rereads_left,
                         struct mm_kill_choice *ret_choice)
{
    uint64_t resident_bytes[MM_KILL_CANDIDATES_MAX] = {0};
    pid_t heaviest_pids[MM_KILL_CANDIDATES_MAX] = {0};
    struct mm_bundle *bundle;

    for (size_t i = 0; i < candidates->count; i++)
        resident_bytes[i] = reread_size(kernel, candidates->bundles[i], rereads_left, &heaviest_pids[i]);
    bundle = mm_kill_choose(config, candidates, resident_bytes);
    for (size_t i = 0; bundle && i < candidates->count; i++) {
        if (candidates->bundles[i] != bundle)
            continue;
        *ret_choice = (struct mm_kill_choice){
            .bundle = bundle,
            .resident_bytes = resident_bytes[i],
            .heaviest_pid = heaviest_pids[i],
            .rivals = candidates->count - 1,
        };
    }
    return bundle != NULL;
}

/* Those that the row and the policy allow: where none of their priority was chosen, all were too small. */
static size_t count_allowed(const struct mm_kill_candidates *candidates)
{
    size_t count = candidates->walked;

    for (unsigned refusal = 0; refusal < MM_KILL_REFUSAL_COUNT; refusal++) {
        if (refusal != MM_KILL_ALLOWED)
            count -= candidates->refused[refusal];
    }
    return count;
}

bool mm_kill_find_victim(struct mm_kernel *kernel, const struct mm_kill_config *config,
                         const struct mm_kill_level *level, const struct mm_priority_list *list,
                         struct mm_kill_choice *ret_choice, struct mm_kill_passed_over *ret_passed)
{
    uint64_t now_ns = kernel->ops->now_ns(kernel);
    struct mm_kill_candidates candidates = {0};
    struct mm_kill_passed_over passed = {0};
    unsigned rereads_left = REREADS_PER_CHOICE;

    /* of one priority all may turn out too small to be worth a kill: then the next lower one is looked at */
    do {
        mm_kill_collect(config, level, list, candidates.rest, now_ns, &candidates);
        if (choose_among(kernel, config, &candidates, &rereads_left, ret_choice))
            return true;
        passed.too_small += count_allowed(&candidates);
        passed.set_aside += candidates.refused[MM_KILL_SET_ASIDE];
        passed.unregistered += candidates.refused[MM_KILL_UNREGISTERED];
    } while (candidates.rest);
    *ret_passed = passed;
    return false;
}
