/* SPDX-License-Identifier: Apache-2.0 */
/* Making a process a member of an application's bundle. */
#include "priority_manager/upstream.h"

#include <errno.h>
#include <string.h>

static bool is_system(const struct mm_priority_manager *manager, uint64_t bundle_hash, uint64_t process_hash)
{
    return mm_special_names_has_system(&manager->names, bundle_hash) ||
           mm_special_names_has_system(&manager->names, process_hash);
}

void mm_manager_apply_names(struct mm_priority_manager *manager, struct mm_process_node *node,
                            uint64_t bundle_name_hash)
{
    struct mm_process *process = &node->process;
    int floor = 0;

    process->flags &= ~(uint32_t)(MM_PROCESS_IS_RESIDENT | MM_PROCESS_IS_IMPORTANT | MM_PROCESS_IS_SYSTEM);
    if (process->flags & MM_PROCESS_IS_RENDER)
        return;
    if (is_system(manager, bundle_name_hash, node->process_name_hash))
        process->flags |= MM_PROCESS_IS_SYSTEM;
    if (mm_special_names_has_resident(&manager->names, bundle_name_hash))
        process->flags |= MM_PROCESS_IS_RESIDENT;
    if (mm_special_names_floor(&manager->names, node->process_name_hash, &floor))
        process->flags |= MM_PROCESS_IS_IMPORTANT;
    process->important_floor = (int16_t)floor;
    mm_manager_apply_critical(manager, node);
}

void mm_manager_apply_critical(const struct mm_priority_manager *manager, struct mm_process_node *node)
{
    struct mm_process *process = &node->process;

    if (!(process->flags & MM_PROCESS_IS_IMPORTANT))
        process->important_floor = MM_PRIORITY_MAX;
    if (process->flags & MM_PROCESS_IS_CRITICAL)
        process->important_floor = MM_MIN(process->important_floor, manager->critical_floor);
}

/* What the event leaves out is taken from what it says, or from the kernel. */
struct names {
    const char *bundle;
    uint64_t bundle_hash, process_hash;
    char comm[MM_COMM_MAX * 4]; /* printable */
};

static void complete_names(const struct mm_event_application *application, const char *comm,
                           struct names *names)
{
    const char *process = application->process_name[0] ? application->process_name : application->name;

    names->bundle = application->name[0] ? application->name : process;
    if (!names->bundle[0])
        names->bundle = process =
            mm_printable(comm, strnlen(comm, MM_COMM_MAX), names->comm, sizeof(names->comm));
    names->bundle_hash = mm_hash_text(names->bundle);
    names->process_hash = process == names->bundle ? names->bundle_hash : mm_hash_text(process);
}

static uid_t uid_of(const struct mm_event *event, const struct mm_process_info *info)
{
    return event->uid == MM_UID_UNKNOWN ? info->uid : event->uid;
}

static int64_t account_of(const struct mm_priority_manager *manager, const struct mm_event *event, uid_t uid)
{
    int64_t stated = event->payload.application.account_id;

    return stated >= 0 && !manager->is_upstream ? stated : (int64_t)(uid / MM_ACCOUNT_UIDS);
}

/* Reads the process and tells whether it may be registered; counts why not. */
static int check(struct mm_priority_manager *manager, const struct mm_event *event,
                 struct mm_process_info *ret_info)
{
    struct mm_kernel *kernel = manager->kernel;
    uint64_t stated_ticks = event->payload.application.start_time_ticks;
    struct mm_process_info info;
    int result = kernel->ops->read_process(kernel, event->pid, MM_PROCESS_ALL, &info);

    if (result < 0 || info.has_exited ||
        (stated_ticks != 0 && info.start_time_ticks != 0 && stated_ticks != info.start_time_ticks)) {
        manager->counters.unknown_pid_events++;
        return -ESRCH;
    }
    if (info.is_kernel_thread || kernel->ops->is_in_domain(kernel, event->pid) != 1 ||
        event->payload.application.account_id < -1) {
        manager->counters.refused_events++;
        return -EPERM;
    }
    *ret_info = info;
    return 0;
}

/* Puts what stays unregistered where the file says. */
static void follow_file(struct mm_priority_manager *manager, const struct mm_process_info *info,
                        int16_t written)
{
    struct mm_process_node *node = mm_manager_find(manager, info->pid);

    if (!node)
        return;
    node->process.written_oom_score_adj = written;
    mm_manager_seed(manager, node);
}

/* The table is full under pressure: the number is all that can be done for it. */
static void write_untracked(struct mm_priority_manager *manager, const struct mm_process_info *info,
                            const struct names *names, bool is_new)
{
    struct mm_rule_input input = {
        .flags = is_new ? MM_PROCESS_IN_GRACE : MM_PROCESS_IS_FOREGROUND,
        .is_registered = true,
    };
    struct mm_rule_result result;
    int16_t written = (int16_t)info->oom_score_adj;

    if (mm_manager_was_put_out_of_reach(manager, info)) {
        input.flags |= MM_PROCESS_IS_OUT_OF_REACH;
        input.oom_score_adj = info->oom_score_adj;
    }
    if (is_system(manager, names->bundle_hash, names->process_hash))
        input.flags |= MM_PROCESS_IS_SYSTEM;
    if (mm_special_names_has_resident(&manager->names, names->bundle_hash))
        input.flags |= MM_PROCESS_IS_RESIDENT;
    if (mm_special_names_floor(&manager->names, names->process_hash, &input.important_floor))
        input.flags |= MM_PROCESS_IS_IMPORTANT;
    mm_rules_own(&input, &result);
    (void)mm_manager_write_oom_score_adj(manager, info->pid, info->start_time_ticks, result.own, &written);
    follow_file(manager, info, written);
    manager->counters.untracked_newcomers++;
    manager->is_scan_wanted = true;
}

/* NULL, and the one that was known is forgotten, when the pid is another's by now. */
static struct mm_process_node *same_process(struct mm_priority_manager *manager, struct mm_process_node *node,
                                            const struct mm_process_info *info)
{
    if (!node || info->start_time_ticks == 0 || mm_process_is(&node->process, info))
        return node;
    mm_manager_remove_process(manager, node);
    return NULL;
}

/* Into the bundle, or back to where it was; NULL where there was no slot. */
static struct mm_process_node *place(struct mm_priority_manager *manager, const struct mm_event *event,
                                     struct mm_process_node *node, const struct mm_process_info *info,
                                     const struct names *names)
{
    uid_t uid = uid_of(event, info);
    struct mm_bundle_node *bundle;

    if (node)
        mm_bundle_leave(manager, node); /* frees the slot that the new bundle may need */
    else
        node = mm_manager_add_process(manager, info);
    if (!node)
        return NULL;
    node->process.uid = uid;
    bundle = manager->is_upstream && mm_upstream_attach(manager, node) < 0
                 ? NULL
                 : mm_manager_registered_bundle(manager, node, account_of(manager, event, uid), uid,
                                                names->bundle, names->bundle_hash);
    if (bundle) {
        mm_bundle_join(manager, bundle, node);
        return node;
    }
    if (mm_manager_unregister(manager, node) < 0)
        mm_manager_remove_process(manager, node);
    return NULL;
}

/* A registered process stays where it is; only somebody else's claim is refused. */
static bool is_settled(struct mm_priority_manager *manager, const struct mm_event *event,
                       const struct mm_process_node *node, const struct mm_process_info *info)
{
    uid_t uid = uid_of(event, info);

    if (!node || !node->process.bundle->is_registered)
        return false;
    if (node->process.uid != uid ||
        mm_bundle_account_id(node->process.bundle) != account_of(manager, event, uid))
        manager->counters.refused_events++;
    return true;
}

void mm_manager_register(struct mm_priority_manager *manager, const struct mm_event *event,
                         struct mm_process_node *node, bool is_new, struct mm_process_node **ret_node)
{
    struct mm_process_info info;
    struct names names;
    int result = check(manager, event, &info);

    *ret_node = NULL;
    if (node && result == -ESRCH)
        mm_manager_remove_process(manager, node);
    if (result < 0)
        return;
    node = same_process(manager, node, &info);
    if (is_settled(manager, event, node, &info))
        return;
    complete_names(&event->payload.application, info.comm, &names);
    node = place(manager, event, node, &info, &names);
    if (!node) {
        write_untracked(manager, &info, &names, is_new);
        return;
    }
    node->process_name_hash = names.process_hash;
    node->process.written_oom_score_adj = (int16_t)info.oom_score_adj;
    node->process.inherited_oom_score_adj = (int16_t)info.oom_score_adj;
    mm_manager_apply_names(manager, node, names.bundle_hash);
    node->process.flags &= ~(uint32_t)MM_PROCESS_IS_OUT_OF_REACH;
    /* who is on the white list has it from us, from before a restart perhaps */
    if (!(node->process.flags & MM_PROCESS_IS_SYSTEM) && mm_manager_was_put_out_of_reach(manager, &info))
        node->process.flags |= MM_PROCESS_IS_OUT_OF_REACH;
    mm_bundle_touch(manager, node->process.bundle);
    if (manager->is_upstream) {
        mm_upstream_begin(manager, node);
    } else if (is_new) {
        if (node->process.flags & MM_PROCESS_IS_FROM_SCAN)
            node->process.flags |= MM_PROCESS_IS_INHERITING;
        mm_deadline_start_grace(manager, node);
    }
    node->process.flags &= ~(uint32_t)MM_PROCESS_IS_FROM_SCAN;
    *ret_node = node;
}

static bool is_owner(const struct mm_process_node *node)
{
    return node && node->process.bundle->is_registered && !(node->process.flags & MM_PROCESS_IS_RENDER);
}

/* By the caller's pid, else by the caller's uid and the bundle's name, else the only one of that uid. */
static struct mm_bundle_node *find_owner(struct mm_priority_manager *manager, const struct mm_event *event)
{
    const struct mm_event_application *application = &event->payload.application;
    struct mm_process_node *caller = mm_manager_find(manager, application->caller_pid);
    int64_t account_id = account_of(manager, event, application->caller_uid);
    struct mm_bundle_node *found = NULL;

    if (is_owner(caller))
        return mm_bundle_node_of(caller->process.bundle);
    if (application->name[0])
        return mm_manager_find_bundle(manager, account_id, application->caller_uid, application->name,
                                      mm_hash_text(application->name));
    for (struct mm_priority_entry *entry = mm_priority_list_first(&manager->list); entry;
         entry = mm_priority_list_next(&manager->list, entry)) {
        struct mm_bundle *bundle = MM_BUNDLE_OF(entry);

        if (bundle->uid != application->caller_uid || mm_bundle_account_id(bundle) != account_id)
            continue;
        if (found)
            return NULL;
        found = mm_bundle_node_of(bundle);
    }
    return found;
}

/* Upstream writes 0 and forgets it; where the owner is not known ours stays an unregistered one, at 0. */
static void write_render(struct mm_priority_manager *manager, struct mm_process_info *info)
{
    int16_t written = (int16_t)info->oom_score_adj;

    (void)mm_manager_write_oom_score_adj(manager, info->pid, info->start_time_ticks, MM_PRIORITY_FOREGROUND,
                                         &written);
    info->oom_score_adj = written;
    if (mm_manager_add_unregistered(manager, info) == 0)
        follow_file(manager, info, written);
}

void mm_manager_register_render(struct mm_priority_manager *manager, const struct mm_event *event,
                                struct mm_process_node *node)
{
    struct mm_bundle_node *owner;
    struct mm_process_info info;

    if (check(manager, event, &info) < 0)
        return;
    node = same_process(manager, node, &info);
    if (node && node->process.bundle->is_registered) {
        manager->counters.refused_events++;
        return;
    }
    if (mm_manager_was_put_out_of_reach(manager, &info)) {
        manager->counters.refused_events++;
        (void)mm_manager_add_unregistered(manager, &info);
        return;
    }
    owner = manager->is_upstream ? NULL : find_owner(manager, event);
    if (owner && owner->bundle.render_count == UINT16_MAX) {
        manager->counters.refused_events++;
        return;
    }
    if (!owner) {
        manager->counters.unknown_pid_events += manager->is_upstream ? 0 : 1;
        write_render(manager, &info);
        return;
    }
    if (node)
        mm_bundle_leave(manager, node);
    else
        node = mm_manager_add_process(manager, &info);
    if (!node) {
        write_render(manager, &info);
        return;
    }
    node->process.flags = MM_PROCESS_IS_RENDER | (node->process.flags & MM_PROCESS_IS_FROZEN);
    node->process.written_oom_score_adj = (int16_t)info.oom_score_adj;
    mm_bundle_join(manager, owner, node);
}
