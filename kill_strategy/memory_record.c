/* SPDX-License-Identifier: Apache-2.0 */
/* From a choice to the record and the sentence that tell of it. */
#include "kill_strategy/memory_record.h"

#include "common/common.h"

#include <string.h>

/* A process that nobody registered bears the name of its program, which may be another since it was found, unless its
   rule gives it to a bundle. */
static void write_name(struct mm_kernel *kernel, const struct mm_bundle *bundle,
                       struct mm_kill_record *record)
{
    struct mm_process_info info;

    if (!bundle->is_registered && !mm_bundle_is_shared(bundle) &&
        kernel->ops->read_process(kernel, record->pid, MM_PROCESS_STAT, &info) == 0)
        (void)mm_printable(info.comm, strnlen(info.comm, sizeof(info.comm)), record->name,
                           sizeof(record->name));
    else
        mm_copy_text(record->name, sizeof(record->name), bundle->name);
}

void mm_kill_begin_record(struct mm_kernel *kernel, const struct mm_kill_level *level,
                          const struct mm_kill_choice *choice, const struct mm_kill_reading *reading,
                          struct mm_kill_record *ret_record)
{
    const struct mm_bundle *bundle = choice->bundle;

    *ret_record = (struct mm_kill_record){
        .cause = MM_KILL_FOR_MEMORY,
        .pid = choice->heaviest_pid,
        .uid = bundle->uid,
        .priority = bundle->entry.priority,
        .is_registered = bundle->is_registered,
        .is_dry_run = kernel->is_dry_run,
        .level = *level,
        .available_before_bytes = reading->available_bytes,
        .available_after_bytes = reading->available_bytes,
        .resident_bytes = choice->resident_bytes,
        .noticed_ns = reading->time_ns,
        .outcome = MM_KILL_PENDING,
    };
    write_name(kernel, bundle, ret_record);
}

/* Of a longer name of a rule so much is told, as the sentence goes on behind it. */
#define RULE_SHOWN_MAX 32
#define KIND_MAX       (RULE_SHOWN_MAX + 32)

/* Of those that gave the bundle its place on the list the first that has it from a rule. */
static const char *rule_of(const struct mm_bundle *bundle)
{
    MM_LIST_FOR_EACH (link, &bundle->processes) {
        const struct mm_process *process = MM_CONTAINER_OF(link, const struct mm_process, bundle_link);

        if (process->priority == bundle->entry.priority && process->rule == MM_RULE_PROCESS_RULE)
            return mm_priority_manager_process_rule(process);
    }
    return NULL;
}

/* What it is, and where it is one who gave it its place on the list: the rule. */
static const char *kind_of(const struct mm_bundle *bundle, char buffer[static KIND_MAX])
{
    const bool is_shared = mm_bundle_is_shared(bundle);
    const char *rule = bundle->is_registered ? NULL : rule_of(bundle);

    if (bundle->is_registered)
        return "bundle";
    if (!rule)
        return is_shared ? "unregistered bundle" : "unregistered process";
    (void)mm_format(buffer, KIND_MAX, "%s of rule \"%.*s\"", is_shared ? "bundle" : "process", RULE_SHOWN_MAX,
                    rule);
    return buffer;
}

void mm_kill_write_reason(struct mm_kill_record *record, const struct mm_kill_choice *choice, int error)
{
    char kind[KIND_MAX];
    size_t length = mm_format(
        record->reason, sizeof(record->reason),
        "available %llu KiB is below %llu MB, which allows %d and above; %s at %d is the least important%s",
        (unsigned long long)(record->available_before_bytes / MM_KIB),
        (unsigned long long)(record->level.memory_bytes / MM_MIB), record->level.min_priority,
        kind_of(choice->bundle, kind), record->priority,
        choice->rivals > 0 ? ", and the heaviest of its rank" : "");

    if (error < 0)
        (void)mm_format(record->reason + length, sizeof(record->reason) - length,
                        "; could not be signalled: %s", strerror(-error));
}

void mm_kill_explain_nobody(struct mm_event_center *center, const struct mm_kernel *kernel,
                            const struct mm_kill_level *level, const struct mm_kill_passed_over *passed,
                            uint64_t available_bytes)
{
    struct mm_decision decision = {
        .source = MM_DECISION_KILL,
        .action = "none",
        .is_dry_run = kernel->is_dry_run,
        .available_bytes = available_bytes,
    };

    mm_decide(
        center, &decision,
        "below %llu MB: nobody at or above %d may be killed (set aside: %zu, unregistered and kept out by "
        "the policy: %zu, too small: %zu)",
        (unsigned long long)(level->memory_bytes / MM_MIB), level->min_priority, passed->set_aside,
        passed->unregistered, passed->too_small);
}
