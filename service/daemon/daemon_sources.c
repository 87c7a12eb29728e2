/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's event sources, in the order in which they are served. */
#include "service/daemon/daemon_state.h"

#include "common/common.h"
#include "service/daemon/notify.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct mm_daemon_source *find_fact(struct mm_daemon *daemon, const char *name)
{
    struct mm_daemon_facts *facts = &daemon->facts;

    for (unsigned i = 0; i < facts->source_count; i++) {
        if (strcmp(facts->sources[i].name, name) == 0)
            return &facts->sources[i];
    }
    if (facts->source_count == MM_DAEMON_SOURCES_MAX)
        return NULL;
    facts->sources[facts->source_count].name = name;
    return &facts->sources[facts->source_count++];
}

static void set_source(struct mm_daemon *daemon, const char *name, bool is_active, const char *format,
                       va_list arguments)
{
    struct mm_daemon_source *fact = find_fact(daemon, name);

    if (!fact)
        return;
    fact->is_active = is_active;
    (void)vsnprintf(fact->detail, sizeof(fact->detail), format, arguments);
}

void mm_daemon_set_source(struct mm_daemon *daemon, const char *name, bool is_active, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_source(daemon, name, is_active, format, arguments);
    va_end(arguments);
}

void mm_daemon_note_source(struct mm_daemon *daemon, const char *name, bool is_active, const char *format,
                           ...)
{
    const struct mm_daemon_source *fact;
    va_list arguments;

    va_start(arguments, format);
    set_source(daemon, name, is_active, format, arguments);
    va_end(arguments);
    fact = find_fact(daemon, name);
    if (!is_active && fact)
        mm_notice("%s: %s", name, fact->detail);
}

/* ---- clients --------------------------------------------------------------------------------------------
 */

static int add_control(struct mm_daemon *daemon)
{
    const struct mm_control_socket_config *config = &daemon->engine->config->control_socket;
    const struct mm_control_options options = {
        .path = config->path,
        .group = config->group,
        .mode = config->mode,
        .max_clients = config->max_clients,
        .listen_fd = -1,
    };
    struct mm_control_handlers handlers = {0};
    int result = mm_requests_new(&daemon->context, &daemon->requests);

    if (result < 0)
        return result;
    if (config->path[0] == '\0') {
        mm_daemon_note_source(daemon, "control socket", false, "switched off by the configuration");
        return 0;
    }
    mm_requests_control_handlers(daemon->requests, &handlers);
    result = mm_control_source_add(daemon->engine->center, &options, &handlers);
    if (result < 0) {
        mm_error("control socket %s: %s", config->path, strerror(-result));
        return result;
    }
    mm_daemon_note_source(daemon, "control socket", true, "%.90s", config->path);
    return mm_requests_watch_events(daemon->requests);
}

/* ---- watchdog, state ------------------------------------------------------------------------------------
 */

static void feed_watchdog(struct mm_timer *timer, void *user)
{
    struct mm_daemon *daemon = user;
    struct mm_waterline_status waterline;
    struct mm_kill_status kill;

    mm_kill_strategy_status(daemon->engine->kill, &kill);
    mm_waterline_source_status(daemon->engine->waterline, &waterline);
    /* who cannot read memory protects nobody: that a restart may help is the service manager's to find out */
    if (waterline.error < 0)
        mm_notify("STATUS=available memory cannot be read: %s", strerror(-waterline.error));
    else
        mm_notify("WATCHDOG=1\nSTATUS=%u processes on the list, %llu kills",
                  mm_priority_manager_counters(daemon->engine->manager)->processes,
                  (unsigned long long)kill.kills);
    mm_event_center_arm(daemon->engine->center, timer,
                        mm_event_center_now_ns(daemon->engine->center) + daemon->watchdog_ns);
}

static void log_stalls(const struct mm_daemon *daemon)
{
    struct mm_bpf_stalls stalls;

    if (!daemon->bpf || mm_bpf_source_read_stalls(daemon->bpf, &stalls) < 0 || stalls.count == 0)
        return;
    mm_notice("state: %u threads wait for memory, one of process %d since %llu ms", stalls.count,
              (int)stalls.longest_pid, (unsigned long long)(stalls.longest_ns / MM_NS_PER_MS));
}

static void log_state(const struct mm_event *event, void *user)
{
    struct mm_daemon *daemon = user;
    const struct mm_priority_counters *counters = mm_priority_manager_counters(daemon->engine->manager);
    struct mm_waterline_status waterline;
    struct mm_reclaim_status reclaim;
    struct mm_kill_status kill;
    char available[MM_SIZE_TEXT_MAX];
    char squeezed[MM_SIZE_TEXT_MAX];

    (void)event;
    mm_waterline_source_status(daemon->engine->waterline, &waterline);
    mm_reclaim_strategy_status(daemon->engine->reclaim, &reclaim);
    mm_kill_strategy_status(daemon->engine->kill, &kill);
    mm_notice(
        "state: available %s, %u processes (%u registered) in %u bundles, %llu kills, %s squeezed, %u limits "
        "held",
        mm_size_text(waterline.memory.available_bytes, available, sizeof(available)), counters->processes,
        counters->registered_processes, counters->bundles, (unsigned long long)kill.kills,
        mm_size_text(reclaim.squeezed_bytes, squeezed, sizeof(squeezed)), reclaim.limits_held);
    log_stalls(daemon);
}

static int add_watchdog(struct mm_daemon *daemon)
{
    struct mm_event_center *center = daemon->engine->center;

    mm_timer_init(&daemon->watchdog, feed_watchdog, daemon);
    daemon->watchdog_ns = mm_notify_watchdog_ns();
    /* half the manager's period, and half of what remains for what else wakes us meanwhile */
    daemon->watchdog.slack_ns = daemon->watchdog_ns / 2;
    if (daemon->watchdog_ns > 0)
        mm_event_center_arm(center, &daemon->watchdog, mm_event_center_now_ns(center) + daemon->watchdog_ns);
    return mm_event_center_subscribe(center, MM_RANK_OBSERVER, 1u << MM_EVENT_LOG_STATE, log_state, daemon);
}

/* ---- all of them ----------------------------------------------------------------------------------------
 */

static void fill_context(struct mm_daemon *daemon)
{
    daemon->facts.pid = getpid();
    daemon->facts.uid = geteuid();
    daemon->facts.version = MM_VERSION;
    daemon->facts.is_dry_run = daemon->options->is_dry_run;
    daemon->context = (struct mm_service_context){
        .kernel = daemon->kernel,
        .center = daemon->engine->center,
        .manager = daemon->engine->manager,
        .kill = daemon->engine->kill,
        .reclaim = daemon->engine->reclaim,
        .decisions = daemon->engine->decisions,
        .config = daemon->engine->config,
        .facts = &daemon->facts,
    };
}

/* What the engine's own sources say of themselves. */
static void tell_source(const char *name, bool is_active, const char *detail, void *user)
{
    mm_daemon_set_source(user, name, is_active, "%s", detail);
}

int mm_daemon_add_sources(struct mm_daemon *daemon)
{
    static int (*const add[])(struct mm_daemon *) = {
        add_control,         mm_daemon_add_reloader, mm_daemon_add_process_sources,
        mm_daemon_add_match, add_watchdog,           mm_daemon_add_flows};
    int result;

    fill_context(daemon);
    daemon->engine->note = (struct mm_source_note){.tell = tell_source, .user = daemon};
    /* threads that start later inherit the blocked signals, so this one is first */
    result = mm_signal_source_add(daemon->engine->center);
    for (size_t i = 0; result == 0 && i < MM_ARRAY_SIZE(add); i++)
        result = add[i](daemon);
    return result;
}

static void note_pressure(struct mm_daemon *daemon, const struct mm_pressure_source_status *pressure)
{
    const char *window = pressure->has_long_window ? ", in windows of 2 s, as shorter ones are refused" : "";

    if (pressure->refused == 0)
        mm_daemon_note_source(daemon, "psi", true, "triggers armed: %u%s", pressure->armed, window);
    else
        mm_daemon_note_source(daemon, "psi", true, "triggers armed: %u of %u%s; last refused: %s",
                              pressure->armed, pressure->armed + pressure->refused, window,
                              strerror(-pressure->error));
}

void mm_daemon_note_engine(struct mm_daemon *daemon)
{
    const struct mm_engine *engine = daemon->engine;

    daemon->context.waterline = engine->waterline;
    if (engine->has_pressure_triggers)
        note_pressure(daemon, &engine->pressure);
    else
        mm_daemon_note_source(daemon, "psi", false, "%.80s: the waterline watch does it alone",
                              strerror(-engine->pressure_error));
    mm_daemon_note_source(daemon, "waterline watch", engine->config->waterline_watch.is_enabled, "%s",
                          engine->config->waterline_watch.is_enabled ? "watching"
                                                                     : "switched off by the configuration");
}
