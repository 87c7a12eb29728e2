/* SPDX-License-Identifier: Apache-2.0 */
/* Start, life and end of the daemon. */
#include "service/daemon/daemon.h"

#include "common/common.h"
#include "common/ram.h"
#include "service/daemon/daemon_state.h"
#include "service/daemon/notify.h"
#include "service/daemon/residence.h"
#include "service/flows/flows.h"
#include "service/shared/runtime.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* The whole end takes at most 190 ms (Android's and upstream's bound); this is what restoring may use of it,
   the rest is for interrupted workers and for leaving. */
#define RESTORE_MS 120
#define END_MS     185
/* Flows are told to end before, so that most of them are gone when this begins; one whose thread does not let go is left
   behind. */
#define FLOWS_MS 20
/* What the log's writer may still take to empty its ring. */
#define LOG_DRAIN_MS 20
/* Why there is no daemon should be read, even over a slow console; nothing waits for this end. */
#define LOG_DRAIN_FAILED_MS 1000

static int open_kernel(struct mm_daemon *daemon, const struct mm_config *config)
{
    struct mm_linux_kernel_options options = {
        .domain.is_group = config->domain.group_path[0] != '\0',
        .is_exclusive = !daemon->options->is_dry_run,
        .runtime_directory = daemon->options->runtime_directory,
        .root = "",
        .reaper_threads = config->kill.reaper_threads,
        .reclaim_chunk_bytes = config->squeeze.chunk_bytes,
    };
    struct mm_kernel *kernel = NULL;
    int result;

    mm_copy_text(options.domain.group_path, sizeof(options.domain.group_path), config->domain.group_path);
    result = mm_linux_kernel_new(&options, &kernel);
    if (result == -EBUSY) {
        mm_error("another memmgrd manages %s already; stop it, or give one of them another domain",
                 options.domain.is_group ? options.domain.group_path : "this machine");
        return result;
    }
    if (result < 0) {
        mm_error("the domain %s cannot be opened: %s",
                 options.domain.is_group ? options.domain.group_path : "machine", strerror(-result));
        return result;
    }
    if (daemon->options->is_dry_run) {
        result = mm_dry_run_kernel_new(kernel, &daemon->kernel);
        if (result < 0)
            mm_kernel_free(kernel);
        return result;
    }
    daemon->kernel = kernel;
    return 0;
}

/* Once. What the daemon is for is not to be done without the right to end others; the rest is done without. */
static void log_features(struct mm_kernel *kernel)
{
    for (int i = 0; i < MM_FEATURE_COUNT; i++) {
        const struct mm_feature *feature = kernel->ops->feature(kernel, (enum mm_feature_id)i);

        if (!feature->available)
            mm_log(i == MM_FEATURE_KILL_OTHERS ? MM_LOG_WARNING : MM_LOG_INFO, "%s: not available: %s",
                   mm_feature_name((enum mm_feature_id)i), feature->reason);
    }
}

/* We are what the kernel should end last; where that is not ours to say, the service manager may have said
 * it. */
static void protect_ourselves(struct mm_daemon *daemon, const struct mm_daemon_config *config)
{
    struct mm_kernel *kernel = daemon->kernel;
    int written = 0;
    int result;

    if (config->oom_score_adj >= 0 || kernel->ops->feature(kernel, MM_FEATURE_OOM_SCORE_ADJ_LOWER)->available)
        (void)kernel->ops->write_oom_score_adj(kernel, getpid(), 0, config->oom_score_adj, &written);
    mm_residence_settle();
    result = config->locks_memory ? mm_runtime_lock_memory() : 0;
    if (result < 0)
        mm_warning("memory cannot be locked (%s): under pressure this daemon may be slow itself",
                   strerror(-result));
    mm_kill_strategy_rehearse(daemon->engine->kill);
}

/* What a reload came to is logged with its changes, where it ends. */
static void log_event(const struct mm_event *event, void *user)
{
    const struct mm_decision *decision = &event->payload.decision;
    char size[MM_SIZE_TEXT_MAX];

    (void)user;
    if (decision->source == MM_DECISION_CONFIG)
        return;
    if (decision->acted)
        mm_notice("%s%s %s%s%s: %s", decision->is_dry_run ? "dry run: " : "", decision->action,
                  decision->target[0] ? decision->target : "-", decision->amount_bytes ? ", " : "",
                  decision->amount_bytes ? mm_size_text(decision->amount_bytes, size, sizeof(size)) : "",
                  decision->reason);
    else
        mm_debug("%s: %s", decision->action, decision->reason);
}

/* What a configuration is for is the domain: where that has less RAM than the machine, it is read again for it. */
static int fit_to_domain(struct mm_daemon *daemon, struct mm_config **config)
{
    struct mm_memory_state memory;
    int result;

    if ((*config)->domain.group_path[0] == '\0')
        return 0;
    result = daemon->kernel->ops->read_memory(daemon->kernel, &memory);
    if (result < 0 || memory.total_bytes == mm_ram_bytes()) {
        mm_daemon_log_problems(daemon);
        return 0;
    }
    mm_config_free(*config);
    *config = NULL;
    result = mm_daemon_load_config(daemon, memory.total_bytes, config);
    mm_daemon_log_problems(daemon);
    if (result < 0)
        mm_error("the configuration is not valid for a domain of %llu MB",
                 (unsigned long long)(memory.total_bytes / MM_MIB));
    return result;
}

/* Before the rest is set up: on a machine that boots, or is out of breath already, everybody wants the processor. */
static void raise_scheduling(const struct mm_daemon_config *config)
{
    int result = 0;

    if (config->realtime_priority > 0)
        result = mm_runtime_raise_scheduling((int)config->realtime_priority);
    if (result < 0)
        mm_info("real-time scheduling is not available: %s", strerror(-result));
}

/* The engine owns config, also when this fails. */
static int start(struct mm_daemon *daemon, struct mm_config *config)
{
    int result;

    raise_scheduling(&config->daemon);
    daemon->facts.started_ns = daemon->kernel->ops->now_ns(daemon->kernel);
    result = mm_engine_new(daemon->kernel, config,
                           config->waterline_watch.fill_rate_bytes_per_s ? 1 : mm_measure_fill_rate(),
                           &daemon->engine);
    if (result < 0)
        return result;
    result = mm_event_center_subscribe(daemon->engine->center, MM_RANK_OBSERVER, 1u << MM_EVENT_DECISION,
                                       log_event, daemon);
    if (result < 0)
        return result;
    result = mm_daemon_add_sources(daemon);
    if (result < 0)
        return result;
    result = mm_engine_start(daemon->engine);
    if (result < 0)
        return result;
    /* after the engine has tried some of them for itself */
    log_features(daemon->kernel);
    mm_daemon_note_engine(daemon);
    protect_ourselves(daemon, &config->daemon);
    return 0;
}

/* A worker that the kernel does not let go of must not hold up the end: what it has not restored stays in the
   journal, and init sees that the end was not clean. */
static void leave_at_once(int number)
{
    (void)number;
    _exit(MM_DAEMON_FAILED);
}

static void bound_the_end(long limit_ms)
{
    const struct sigaction action = {.sa_handler = leave_at_once};
    const struct itimerval limit = {.it_value.tv_usec = limit_ms * 1000};

    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &limit, NULL);
}

static void stop(struct mm_daemon *daemon)
{
    struct mm_flows *flows = daemon->context.flows;
    bool is_calm = true;

    bound_the_end(END_MS);
    if (flows)
        mm_flows_cancel(flows);
    if (daemon->engine)
        is_calm = mm_engine_stop(daemon->engine, RESTORE_MS) == 0;
    if (flows) {
        mm_runtime_hasten_threads();
        is_calm = mm_flows_stop(flows, FLOWS_MS) == 0 && is_calm;
    }
    /* with everything restored and no worker under way, what remains is closing, which leaving would not hasten */
    if (is_calm)
        bound_the_end(0);
    mm_engine_free(daemon->engine, RESTORE_MS);
    /* what is left waits for threads: those of the kernel interface, those that close, the log's */
    mm_runtime_hasten_threads();
    mm_requests_free(daemon->requests);
    mm_kernel_free(daemon->kernel);
    mm_problems_fini(&daemon->problems);
    if (daemon->lock_fd >= 0)
        (void)close(daemon->lock_fd);
}

/* What reading left behind, before memory is locked, as pages in the middle cannot be given back later. Other C
   libraries return it by themselves. */
static void give_back_memory(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

static enum mm_daemon_exit run(struct mm_daemon *daemon, struct mm_config *config)
{
    int result = open_kernel(daemon, config);

    if (result == 0)
        result = fit_to_domain(daemon, &config);
    if (result < 0) {
        /* opening the kernel says so, and nothing else before the start */
        bool is_taken = result == -EBUSY && !daemon->kernel;
        bool is_invalid = result == -EINVAL && daemon->kernel;

        mm_config_free(config);
        stop(daemon);
        if (is_taken)
            return MM_DAEMON_BUSY;
        return is_invalid ? MM_DAEMON_INVALID : MM_DAEMON_FAILED;
    }
    give_back_memory();
    result = start(daemon, config);
    if (result < 0) {
        mm_error("cannot start: %s", strerror(-result));
        stop(daemon);
        return MM_DAEMON_FAILED;
    }
    mm_notify("READY=1\nSTATUS=watching %s",
              config->domain.group_path[0] ? config->domain.group_path : "the machine");
    mm_notice("ready%s", daemon->options->is_dry_run ? ": dry run, nothing will be changed" : "");
    mm_daemon_start_flows(daemon);
    result = mm_event_center_run(daemon->engine->center);
    mm_notify("STOPPING=1");
    stop(daemon);
    if (result < 0)
        mm_error("the event loop failed: %s", strerror(-result));
    return result < 0 ? MM_DAEMON_FAILED : MM_DAEMON_STOPPED;
}

static int take_lock(struct mm_daemon *daemon)
{
    const char *directory = daemon->options->runtime_directory;
    pid_t other_pid = 0;

    daemon->lock_fd = mm_runtime_lock(directory, &other_pid);
    if (daemon->lock_fd == -EBUSY && other_pid == 0)
        mm_error(
            "some process holds the lock of %.200s (%.200s/lock), and did not say which it is; stop it, or "
            "use --runtime-directory",
            directory, directory);
    else if (daemon->lock_fd == -EBUSY)
        mm_error("another memmgrd (pid %d) runs with %s; stop it, or use --runtime-directory", (int)other_pid,
                 directory);
    else if (daemon->lock_fd < 0)
        mm_error("the lock in the runtime directory cannot be taken: %s (%.200s/lock)",
                 strerror(-daemon->lock_fd), directory);
    return MM_MIN(daemon->lock_fd, 0);
}

static enum mm_daemon_exit load_and_run(struct mm_daemon *daemon)
{
    const struct mm_daemon_options *options = daemon->options;
    struct mm_config *config = NULL;
    int result = mm_daemon_load_config(daemon, mm_ram_bytes(), &config);

    /* for a domain there is more to come */
    if (result < 0 || options->is_check || config->domain.group_path[0] == '\0')
        mm_daemon_log_problems(daemon);
    if (result < 0) {
        mm_error("not started: %s", result == -EINVAL ? "the configuration is not valid" : strerror(-result));
        return result == -EINVAL ? MM_DAEMON_INVALID : MM_DAEMON_FAILED;
    }
    if (options->is_check) {
        mm_config_free(config);
        return MM_DAEMON_STOPPED;
    }
    result = take_lock(daemon);
    if (result < 0) {
        mm_config_free(config);
        return result == -EBUSY ? MM_DAEMON_BUSY : MM_DAEMON_FAILED;
    }
    mm_notify_init();
    return run(daemon, config);
}

enum mm_daemon_exit mm_daemon_run(const struct mm_daemon_options *options)
{
    static struct mm_daemon daemon; /* large, and there is one */
    enum mm_daemon_exit code;

    daemon.options = options;
    mm_runtime_program("memmgr-config", daemon.reader_path, sizeof(daemon.reader_path));
    (void)mm_runtime_raise_descriptors();
    /* from here on a console that stands still holds up nothing */
    if (!options->is_check && mm_log_start_writer() < 0)
        mm_warning("the log has no thread of its own: a slow console may hold up the daemon");
    code = load_and_run(&daemon);
    mm_log_stop_writer(code == MM_DAEMON_STOPPED ? LOG_DRAIN_MS : LOG_DRAIN_FAILED_MS);
    return code;
}
