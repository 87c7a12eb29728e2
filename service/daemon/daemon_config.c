/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's configuration: read at start and on reload, and what has changed said in the log. */
#include "common/common.h"
#include "common/ram.h"
#include "service/daemon/daemon_state.h"
#include "service/daemon/reloader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What has no place would begin with its severity, which the log says already. */
static void log_problems(const struct mm_problems *problems)
{
    static const enum mm_log_level levels[] = {
        [MM_PROBLEM_NOTE] = MM_LOG_INFO,
        [MM_PROBLEM_WARNING] = MM_LOG_WARNING,
        [MM_PROBLEM_ERROR] = MM_LOG_ERROR,
    };
    char text[MM_LOG_LINE_MAX];

    for (size_t i = 0; i < problems->count; i++) {
        const struct mm_problem *problem = &problems->items[i];
        bool has_place = problem->file && problem->file[0];

        mm_log(levels[problem->severity], "%s",
               has_place || !problem->text ? mm_problem_text(problem, text, sizeof(text)) : problem->text);
    }
}

void mm_daemon_log_problems(struct mm_daemon *daemon)
{
    log_problems(&daemon->problems);
    mm_problems_fini(&daemon->problems);
}

/* NULL: the built-in values alone. */
static const struct mm_config_sources *sources_of(const struct mm_daemon *daemon)
{
    const struct mm_config_sources *sources = &daemon->options->sources;

    return sources->file_count == 1 && sources->files[0][0] == '\0' ? NULL : sources;
}

/* ---- what is watched --------------------------------------------------------------------------------------- */

static int add_path(struct mm_daemon *daemon, const char *directory, size_t length, const char *name)
{
    char **larger =
        reallocarray(daemon->watched_paths, daemon->watched_path_count + 1, sizeof(*daemon->watched_paths));
    size_t size = length + strlen(name) + 2;
    char *path = malloc(size);

    if (larger)
        daemon->watched_paths = larger;
    if (!larger || !path) {
        free(path);
        return -ENOMEM;
    }
    (void)mm_format(path, size, "%.*s%s%s", (int)length, directory, name[0] ? "/" : "", name);
    daemon->watched_paths[daemon->watched_path_count++] = path;
    return 0;
}

static int add_paths(struct mm_daemon *daemon)
{
    const struct mm_config_sources *sources = sources_of(daemon);
    const char *directory = sources && sources->search_path ? sources->search_path : MM_CONFIG_SEARCH_PATH;
    int result = 0;

    for (size_t i = 0; result == 0 && sources && i < sources->file_count; i++)
        result = add_path(daemon, sources->files[i], strlen(sources->files[i]), "");
    if (!sources || sources->file_count > 0)
        return result;
    while (result == 0 && *directory) {
        size_t length = strcspn(directory, ":");

        if (length > 0)
            result = add_path(daemon, directory, length, MM_CONFIG_MAIN_FILE);
        if (length > 0 && result == 0)
            result = add_path(daemon, directory, length, MM_CONFIG_DROP_INS);
        directory += length + (directory[length] == ':');
    }
    return result;
}

/* ---- loading --------------------------------------------------------------------------------------------- */

static struct mm_config_device device_of(const struct mm_daemon *daemon, uint64_t ram_bytes)
{
    return (struct mm_config_device){.ram_bytes = ram_bytes,
                                     .screen_inches = daemon->options->screen_inches,
                                     .device = daemon->options->device_name};
}

/* The configuration, as the command line changes it. */
static void adjust(struct mm_config *config, void *user)
{
    const struct mm_daemon *daemon = user;
    const char *path = daemon->options->socket_path;

    if (path)
        mm_copy_text(config->control_socket.path, sizeof(config->control_socket.path), path);
}

static void apply_log_level(const struct mm_daemon *daemon, const struct mm_config *config)
{
    if (daemon->options->log_level < 0)
        mm_log_set_level((enum mm_log_level)config->logging.level);
}

int mm_daemon_load_config(struct mm_daemon *daemon, uint64_t ram_bytes, struct mm_config **ret_config)
{
    const struct mm_config_device device = device_of(daemon, ram_bytes);
    int result = daemon->watched_paths ? 0 : add_paths(daemon);

    if (result < 0)
        return result;
    mm_problems_fini(&daemon->problems);
    result = mm_config_load(daemon->reader_path, sources_of(daemon), &device, MM_READER_TIMEOUT_MS,
                            ret_config, &daemon->problems);
    if (ram_bytes == 0)
        mm_warning("the RAM of this machine cannot be read: profiles that ask for it are left out");
    if (result < 0)
        return result;
    adjust(*ret_config, daemon);
    apply_log_level(daemon, *ret_config);
    return 0;
}

/* ---- reload ---------------------------------------------------------------------------------------------- */

static const struct mm_config *begin(struct mm_watch_set **ret_set, void *user)
{
    struct mm_daemon *daemon = user;

    daemon->facts.is_reloading = true;
    *ret_set = mm_file_watch_take(daemon->file_watch);
    return daemon->engine->config;
}

static uint64_t hash_problems(const struct mm_reload *reload)
{
    uint64_t hash = 14695981039346656037ULL ^ (unsigned)-reload->error;
    char text[MM_LOG_LINE_MAX];

    for (size_t i = 0; i < reload->problems->count; i++) {
        (void)mm_problem_text(&reload->problems->items[i], text, sizeof(text));
        for (const char *c = text; *c; c++)
            hash = (hash ^ (unsigned char)*c) * 1099511628211ULL;
    }
    return hash | 1;
}

/* The first error is the one that is told. */
static void note_failure(struct mm_daemon *daemon, const struct mm_reload *reload)
{
    char *message = daemon->facts.reload_message;

    (void)mm_format(message, sizeof(daemon->facts.reload_message), "%s", strerror(-reload->error));
    for (size_t i = 0; i < reload->problems->count; i++) {
        if (reload->problems->items[i].severity != MM_PROBLEM_ERROR)
            continue;
        (void)mm_problem_text(&reload->problems->items[i], message, sizeof(daemon->facts.reload_message));
        break;
    }
}

/* Files that change and stay wrong are said to be so once, not each time one of them is touched. */
static void log_failure(struct mm_daemon *daemon, const struct mm_reload *reload)
{
    const struct mm_decision refusal = {.source = MM_DECISION_CONFIG, .action = "configure"};
    uint64_t hash = hash_problems(reload);

    if (reload->is_watched && hash == daemon->told_problems)
        return;
    daemon->told_problems = hash;
    log_problems(reload->problems);
    if (reload->problems->error_count > 0)
        mm_error("reload: the old configuration stays");
    else
        mm_error("reload: the old configuration stays: %s", daemon->facts.reload_message);
    mm_decide(daemon->engine->center, &refusal, "the old configuration stays: %s",
              daemon->facts.reload_message);
}

/* "2 changes are in force": for the log, and for who asked. */
static void note_success(struct mm_daemon *daemon, const struct mm_reload *reload)
{
    char *message = daemon->facts.reload_message;
    size_t size = sizeof(daemon->facts.reload_message);

    if (reload->change_count == 0)
        (void)mm_format(message, size, "nothing has changed");
    else if (reload->change_count < 0)
        (void)mm_format(message, size,
                        "the new configuration is in force; what has changed cannot be told: %s",
                        strerror(-reload->change_count));
    else
        (void)mm_format(message, size, "%d %s in force%s", reload->change_count,
                        reload->change_count == 1 ? "change is" : "changes are",
                        reload->needs_restart ? ", a part of it from the next start on" : "");
}

static void log_success(const struct mm_daemon *daemon, const struct mm_reload *reload)
{
    log_problems(reload->problems);
    for (size_t i = 0; i < reload->line_count; i++)
        mm_notice("reload: %s", reload->lines[i]);
    if (reload->change_count > (int)reload->line_count)
        mm_notice("reload: and %zu more", (size_t)reload->change_count - reload->line_count);
    mm_log(reload->is_watched && reload->change_count == 0 ? MM_LOG_DEBUG : MM_LOG_NOTICE, "reload: %s",
           daemon->facts.reload_message);
}

static void put_in_force(struct mm_daemon *daemon, struct mm_config *config)
{
    /* the domain is opened once */
    mm_copy_text(config->domain.group_path, sizeof(config->domain.group_path),
                 daemon->engine->config->domain.group_path);
    mm_engine_set_config(daemon->engine, config);
    daemon->context.config = config;
    daemon->facts.config_loaded_ns = mm_event_center_now_ns(daemon->engine->center);
    apply_log_level(daemon, config);
}

/* Where nobody was watching while the files were read, they are read again: a change may have been missed. */
static void begin_to_watch(struct mm_daemon *daemon)
{
    const struct mm_event event = {.kind = MM_EVENT_RELOAD, .payload.reload.is_watched = true};

    mm_daemon_set_source(daemon, "config watch", true, "being set up");
    mm_event_center_publish(daemon->engine->center, &event);
}

static void use_watch_set(struct mm_daemon *daemon, struct mm_watch_set *set, int error)
{
    const struct mm_reload_config *config = &daemon->engine->config->reload;
    unsigned count = set ? mm_watch_set_count(set) : 0;
    bool was_broken = daemon->is_watch_broken;

    if (error == 0)
        error = mm_file_watch_use(daemon->file_watch, set, config->settle_ms * MM_NS_PER_MS);
    daemon->is_watch_broken = error < 0;
    if (error < 0 && !was_broken)
        mm_warning("the files of the configuration cannot be watched: %s", strerror(-error));
    if (!config->is_watched)
        mm_daemon_set_source(daemon, "config watch", false, "switched off by the configuration");
    else if (error < 0)
        mm_daemon_set_source(daemon, "config watch", false, "%.60s", strerror(-error));
    else if (!set)
        begin_to_watch(daemon);
    else
        mm_daemon_set_source(daemon, "config watch", true, "%u places", count);
}

static void reload_done(const struct mm_reload *reload, void *user)
{
    struct mm_daemon *daemon = user;
    struct mm_daemon_facts *facts = &daemon->facts;

    facts->is_reloading = false;
    facts->reload_count++;
    facts->reload_error = reload->error;
    if (reload->error < 0) {
        note_failure(daemon, reload);
        log_failure(daemon, reload);
    } else {
        daemon->told_problems = 0;
        note_success(daemon, reload);
        log_success(daemon, reload);
        put_in_force(daemon, reload->config);
    }
    use_watch_set(daemon, reload->watch_set, reload->watch_error);
}

int mm_daemon_add_reloader(struct mm_daemon *daemon)
{
    const struct mm_reloader_options options = {
        .reader_path = daemon->reader_path,
        .sources = daemon->options->sources,
        .is_built_in = sources_of(daemon) == NULL,
        .device = device_of(daemon, mm_ram_bytes()),
        .kernel = daemon->kernel,
        .watched_paths = (const char *const *)daemon->watched_paths,
        .watched_path_count = daemon->watched_path_count,
        .begin = begin,
        .adjust = adjust,
        .done = reload_done,
        .user = daemon,
    };
    int result = mm_file_watch_add(daemon->engine->center, &daemon->file_watch);

    if (result < 0)
        return result;
    daemon->facts.config_loaded_ns = daemon->facts.started_ns;
    result = mm_reloader_add(daemon->engine->center, &options);
    if (result == 0)
        use_watch_set(daemon, NULL, 0);
    return result;
}
