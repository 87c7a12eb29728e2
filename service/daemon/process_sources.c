/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who tells of processes: BPF; where it does not, the process connector; where neither does, a scan, from time to time
 * and when the groups that processes are in change. Each begins when the one before it has said that it cannot, or
 * breaks off. The connector knows nothing of groups: a domain that is one is looked through beside it.
 */
#include "service/daemon/daemon_state.h"

#include "common/common.h"
#include "kernel_interface/inotify.h"
#include "service/shared/runtime.h"

#include <errno.h>
#include <string.h>

/* Without either of them nobody tells of a new process. */
#define BEGINNINGS (MM_BPF_PROGRAM_FORK | MM_BPF_PROGRAM_EXEC)

#define NEW_PROCESSES   "new processes"
#define MOVED_PROCESSES "processes that enter or leave the domain"

/* ---- scanning ------------------------------------------------------------------------------------------- */

static void arm_scan(struct mm_daemon *daemon)
{
    struct mm_event_center *center = daemon->engine->center;
    uint64_t interval_ns = daemon->engine->config->process_scan.interval_ms * MM_NS_PER_MS;

    /* as late again when nothing else wakes us meanwhile */
    daemon->scan.slack_ns = interval_ns;
    mm_event_center_arm(center, &daemon->scan, mm_event_center_now_ns(center) + interval_ns);
}

static void scan(struct mm_timer *timer, void *user)
{
    struct mm_daemon *daemon = user;

    (void)timer;
    mm_priority_manager_want_scan(daemon->engine->manager);
    arm_scan(daemon);
}

/* Of a process that was moved, or is the first or the last of its group, only a look tells who it is. */
static void look_again(const struct mm_event *event, void *user)
{
    struct mm_daemon *daemon = user;
    const uint32_t telling = 1U << MM_GROUP_ENTERED | 1U << MM_GROUP_POPULATED | 1U << MM_GROUP_EMPTY;

    if (telling & 1U << event->payload.group.change)
        mm_priority_manager_want_scan(daemon->engine->manager);
}

static void groups_lost(void *user)
{
    struct mm_daemon *daemon = user;

    mm_priority_manager_want_frozen_scan(daemon->engine->manager);
}

/* Where BPF does not tell of them. */
static void listen_to_groups(struct mm_daemon *daemon, const char *use)
{
    int result = 0;

    if (!daemon->hears_groups)
        result = mm_group_source_add(daemon->engine->center, daemon->kernel, MM_GROUP_TREE_DOMAIN,
                                     groups_lost, daemon);
    daemon->hears_groups = result == 0;
    if (result == 0)
        mm_daemon_set_source(daemon, "control groups", true, "%s", use);
    else
        mm_daemon_note_source(daemon, "control groups", false, "%s", mm_inotify_error_text(result));
}

static void listen_to_freezing(struct mm_daemon *daemon)
{
    if (!daemon->hears_groups)
        listen_to_groups(daemon, "for rules about who enters one, and who is frozen");
}

/* Nobody else tells of it, BPF neither. Begun before the first scan, which finds those that are frozen already. */
static void listen_to_freezer(struct mm_daemon *daemon)
{
    int result = mm_group_source_add(daemon->engine->center, daemon->kernel, MM_GROUP_TREE_FREEZER,
                                     groups_lost, daemon);

    if (result == 0)
        mm_daemon_set_source(daemon, "v1 freezer", true, "inotify on its groups: who is frozen");
    else if (result == -EOPNOTSUPP)
        mm_daemon_set_source(daemon, "v1 freezer", false, "not mounted");
    else
        mm_daemon_note_source(daemon, "v1 freezer", false, "%s", mm_inotify_error_text(result));
}

static void scan_on_changes(struct mm_daemon *daemon)
{
    int result = mm_event_center_subscribe(daemon->engine->center, MM_RANK_OBSERVER, 1U << MM_EVENT_GROUP,
                                           look_again, daemon);

    if (result == 0) {
        listen_to_groups(daemon, "a change has processes looked for");
        return;
    }
    listen_to_freezing(daemon);
    mm_daemon_note_source(daemon, "control groups", false, "no change has processes looked for: %s",
                          strerror(-result));
}

/* untold: what nobody tells of. */
static void begin_to_scan(struct mm_daemon *daemon, const char *untold)
{
    bool is_new = !mm_timer_is_armed(&daemon->scan);

    mm_daemon_note_source(daemon, "process scan", true, "every %u to %u ms, as nobody tells of %s",
                          daemon->engine->config->process_scan.interval_ms,
                          daemon->engine->config->process_scan.interval_ms * 2, untold);
    if (!is_new)
        return;
    arm_scan(daemon);
    scan_on_changes(daemon);
}

static bool is_domain_a_group(const struct mm_daemon *daemon)
{
    return daemon->engine->config->domain.group_path[0] != '\0';
}

/* ---- the process connector ------------------------------------------------------------------------------ */

static void note_connector(enum mm_connector_notice notice, void *user)
{
    struct mm_daemon *daemon = user;
    struct mm_connector_status status;

    mm_connector_source_read_status(daemon->connector, &status);
    mm_daemon_set_source(daemon, "process connector", status.is_available, "%s", status.reason);
    if (!status.is_available)
        begin_to_scan(daemon, NEW_PROCESSES);
    else if (is_domain_a_group(daemon))
        begin_to_scan(daemon, MOVED_PROCESSES);
    else
        listen_to_freezing(daemon);
    /* SETTLED: who came after the scan at start was reported by nobody */
    if (notice != MM_CONNECTOR_BROKEN)
        mm_priority_manager_want_scan(daemon->engine->manager);
}

static void begin_connector(struct mm_daemon *daemon)
{
    const struct mm_connector_options options = {.notify = note_connector, .user = daemon};
    int result = 0;

    if (daemon->connector)
        return;
    if (!daemon->engine->config->process_connector.is_enabled) {
        mm_daemon_note_source(daemon, "process connector", false, "switched off by the configuration");
        begin_to_scan(daemon, NEW_PROCESSES);
        return;
    }
    mm_daemon_set_source(daemon, "process connector", true, "being asked for");
    result = mm_connector_source_add(daemon->engine->center, daemon->kernel, &options, &daemon->connector);
    if (result == 0)
        return;
    mm_daemon_note_source(daemon, "process connector", false, "%s", strerror(-result));
    begin_to_scan(daemon, NEW_PROCESSES);
}

/* ---- BPF ------------------------------------------------------------------------------------------------
 */

/* Applications, whose end clients and bindings wait for; the rest is read when it counts. */
static void watch_reported(const struct mm_event *event, void *user)
{
    struct mm_daemon *daemon = user;
    const struct mm_process *process = mm_priority_manager_find(daemon->engine->manager, event->pid);

    if (process && process->bundle->is_registered)
        mm_bpf_source_watch(daemon->bpf, process->pid);
}

/* Those that were reported before the programs were there. */
static void watch_registered(struct mm_daemon *daemon)
{
    const struct mm_priority_list *list = mm_priority_manager_list(daemon->engine->manager);
    const struct mm_priority_entry *entry = mm_priority_list_first(list);

    for (; entry; entry = mm_priority_list_next(list, entry)) {
        const struct mm_bundle *bundle = MM_BUNDLE_OF(entry);

        if (!bundle->is_registered)
            continue;
        MM_LIST_FOR_EACH (link, &bundle->processes)
            mm_bpf_source_watch(daemon->bpf, MM_CONTAINER_OF(link, struct mm_process, bundle_link)->pid);
    }
}

static void note_bpf(enum mm_bpf_source_notice notice, void *user)
{
    struct mm_daemon *daemon = user;
    struct mm_bpf_source_status status;

    mm_bpf_source_read_status(daemon->bpf, &status);
    if (notice == MM_BPF_SOURCE_MEMORY_SETTLED) {
        mm_daemon_set_source(daemon, "bpf memory", (status.programs & MM_BPF_PROGRAM_MEMORY) != 0, "%s",
                             status.memory_reason);
        return;
    }
    mm_daemon_set_source(daemon, "bpf", status.is_available, "%s", status.reason);
    if (notice == MM_BPF_SOURCE_SETTLED)
        mm_daemon_set_source(daemon, "bpf memory", status.is_available, "%s",
                             status.is_available ? "being loaded" : "not without the other BPF programs");
    if (notice == MM_BPF_SOURCE_SETTLED)
        watch_registered(daemon);
    if (!status.is_available || !(status.programs & BEGINNINGS))
        begin_connector(daemon);
    else if (is_domain_a_group(daemon) && !(status.programs & MM_BPF_PROGRAM_MOVED))
        begin_to_scan(daemon, MOVED_PROCESSES);
    else if (!(status.programs & MM_BPF_PROGRAM_GROUP_FROZEN))
        listen_to_freezing(daemon);
    /* SETTLED: who came after the scan at start was reported by nobody */
    if (notice != MM_BPF_SOURCE_BROKEN)
        mm_priority_manager_want_scan(daemon->engine->manager);
}

/* Nobody of ours decided it, but whoever asks why a process is gone looks where the decisions are. */
static void log_kernel_kill(const struct mm_event *event, void *user)
{
    struct mm_daemon *daemon = user;
    const struct mm_process *process = mm_priority_manager_find(daemon->engine->manager, event->pid);
    struct mm_decision decision = {
        .source = MM_DECISION_KILL,
        .acted = true,
        .action = "kernel-kill",
        .pid = event->pid,
    };

    if (process)
        mm_copy_text(decision.target, sizeof(decision.target), process->bundle->name);
    else
        (void)mm_printable(event->payload.process.comm, strlen(event->payload.process.comm), decision.target,
                           sizeof(decision.target));
    mm_decide(daemon->engine->center, &decision,
              "the kernel killed process %d: out of memory, oom_score_adj %d", (int)event->pid,
              event->payload.process.oom_score_adj);
}

/* The domain's group by its inode; 0: the whole machine, or a group that nobody can tell from others. */
static uint64_t domain_group(struct mm_daemon *daemon)
{
    struct mm_kernel *kernel = daemon->kernel;
    struct mm_group *group;
    uint64_t id;

    if (!is_domain_a_group(daemon) ||
        kernel->ops->open_group(kernel, daemon->engine->config->domain.group_path, &group) < 0)
        return 0;
    id = kernel->ops->group_id(kernel, group);
    kernel->ops->close_group(kernel, group);
    return id;
}

static int read_stall_totals(struct mm_stall_totals *ret_totals, void *user)
{
    const struct mm_daemon *daemon = user;

    return daemon->bpf ? mm_bpf_source_read_stall_totals(daemon->bpf, ret_totals) : -EOPNOTSUPP;
}

int mm_daemon_add_process_sources(struct mm_daemon *daemon)
{
    const struct mm_bpf_config *config = &daemon->engine->config->bpf;
    const struct mm_bpf_source_options options = {
        .bpf.loader_path = daemon->loader_path,
        .bpf.ring_bytes = (uint32_t)config->ring_bytes,
        .bpf.timeout_ms = (uint32_t)config->load_timeout_ms,
        .bpf.domain_group = domain_group(daemon),
        .notify = note_bpf,
        .user = daemon,
    };
    int result;

    mm_timer_init(&daemon->scan, scan, daemon);
    listen_to_freezer(daemon);
    daemon->context.read_stall_totals = read_stall_totals;
    daemon->context.stalls_user = daemon;
    if (!config->is_enabled) {
        mm_daemon_note_source(daemon, "bpf", false, "switched off by the configuration");
        begin_connector(daemon);
        return 0;
    }
    mm_runtime_program("memmgr-bpf-loader", daemon->loader_path, sizeof(daemon->loader_path));
    mm_daemon_note_source(daemon, "bpf", true, "being loaded");
    result = mm_bpf_source_add(daemon->engine->center, &options, &daemon->bpf);
    if (result < 0)
        return result;
    result = mm_event_center_subscribe(daemon->engine->center, MM_RANK_OBSERVER, 1u << MM_EVENT_APPLICATION,
                                       watch_reported, daemon);
    if (result < 0)
        return result;
    return mm_event_center_subscribe(daemon->engine->center, MM_RANK_OBSERVER, 1u << MM_EVENT_OOM_VICTIM,
                                     log_kernel_kill, daemon);
}
