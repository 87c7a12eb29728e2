/* SPDX-License-Identifier: Apache-2.0 */
/* The parts made in order, and the configuration handed to them. */
#include "service/daemon/engine.h"

#include "common/common.h"
#include "service/daemon/engine_sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sizes are read anew at most this often, and this many at a time: 3,200 a second near a waterline, where
   they matter, at a cost of about 2 % of a processor there; next to nothing when the watch sleeps long. */
#define REFRESH_INTERVAL_NS (20 * MM_NS_PER_MS)
#define REFRESH_PROCESSES   64
/* And of all of them at most so often, where they are few: the sizes of those between whom is chosen are read again
   then. */
#define REFRESH_ROUND_NS (200 * MM_NS_PER_MS)

/* Every level at which something is done: the watch must not sleep past any. */
static void collect_lines(const struct mm_config *config, struct mm_waterline_options *options)
{
    const uint64_t lines[] = {
        config->avail_buffer.min_avail_bytes, config->memory_level.purgeable_bytes,
        config->memory_level.moderate_bytes,  config->memory_level.low_bytes,
        config->memory_level.critical_bytes,
    };

    options->line_count = 0;
    for (size_t i = 0; i < config->kill.level_count; i++)
        options->lines_bytes[options->line_count++] = config->kill.levels[i].memory_bytes;
    for (size_t i = 0; i < MM_ARRAY_SIZE(lines); i++) {
        if (lines[i] > 0)
            options->lines_bytes[options->line_count++] = lines[i];
    }
}

static struct mm_waterline_options waterline_options(const struct mm_engine *engine)
{
    const struct mm_waterline_watch_config *watch = &engine->config->waterline_watch;
    struct mm_waterline_options options = {
        .fill_rate_bytes_per_s =
            watch->fill_rate_bytes_per_s ? watch->fill_rate_bytes_per_s : engine->fill_rate_bytes_per_s,
        .min_interval_ms = watch->min_interval_ms,
        .max_interval_ms = watch->max_interval_ms,
        .exhausted_interval_ms = watch->exhausted_interval_ms,
    };

    /* switched off: it reads when pressure tells it to, and by itself not within any life of this process */
    if (!watch->is_enabled)
        options.min_interval_ms = options.max_interval_ms = UINT32_MAX;
    collect_lines(engine->config, &options);
    return options;
}

/* Of processes that nobody reports. */
static void scan(struct mm_engine *engine, uint64_t now_ns)
{
    mm_priority_manager_want_scan(engine->manager);
    engine->next_scan_ns = now_ns + engine->config->kill.unregistered_scan_ms * MM_NS_PER_MS;
}

static bool is_critical(const struct mm_config *config, uint64_t available_bytes)
{
    uint64_t line_bytes = config->memory_level.critical_bytes;

    if (config->kill.level_count > 0)
        line_bytes = MM_MAX(line_bytes, config->kill.levels[config->kill.level_count - 1].memory_bytes);
    return available_bytes < line_bytes;
}

static bool is_killing(const struct mm_engine *engine)
{
    struct mm_kill_status status;

    mm_kill_strategy_status(engine->kill, &status);
    return status.is_killing;
}

/* Between two rounds the pools alone. */
static void refresh_some(struct mm_engine *engine, uint64_t now_ns)
{
    bool is_resting = !engine->is_refreshing && now_ns < engine->round_ns + REFRESH_ROUND_NS;
    size_t limit = is_resting ? 0 : REFRESH_PROCESSES;

    if (!engine->is_refreshing && !is_resting)
        engine->round_ns = now_ns;
    engine->is_refreshing = mm_priority_manager_refresh(engine->manager, limit) > 0 && !is_resting;
}

/* Sizes and pools are kept fresh on the watch's readings, as long as nobody is being killed. So is the list
   where memory is critical: who comes now is who the storm is about. */
static void refresh(const struct mm_event *event, void *user)
{
    struct mm_engine *engine = user;

    if (is_killing(engine) || event->time_ns < engine->refreshed_ns + REFRESH_INTERVAL_NS)
        return;
    engine->refreshed_ns = event->time_ns;
    refresh_some(engine, event->time_ns);
    if (event->time_ns >= engine->next_scan_ns &&
        is_critical(engine->config, event->payload.memory.available_bytes))
        scan(engine, event->time_ns);
}

/* Processes that nobody reported are looked for while there is still time: each time it gets worse, which is
   before anybody is killed, as the levels are above the kill waterlines. Not where the reading that made it worse
   has led to a kill already: the order to be still is behind this event. */
static void rescan(const struct mm_event *event, void *user)
{
    if (!is_killing(user) && event->payload.level.level > event->payload.level.previous)
        scan(user, event->time_ns);
}

/* The kernel has begun to look for memory: what no usage threshold counts, its own memory, may have come that far while the
   watch slept. */
static void look(const struct mm_event *event, void *user)
{
    struct mm_engine *engine = user;

    if (engine->waterline && event->payload.stall.is_begin)
        mm_waterline_source_hint(engine->waterline);
}

/* Who was started before somebody told of processes. */
static void look_after_boot(const struct mm_event *event, void *user)
{
    if (event->payload.device.change == MM_DEVICE_BOOT_COMPLETED)
        scan(user, event->time_ns);
}

/* Subscribers may hold the previous configuration until they have heard of this one, which where another
   event is just being delivered is later than the call of mm_engine_set_config: so it goes one configuration
   later. */
static void retire_config(const struct mm_event *event, void *user)
{
    struct mm_engine *engine = user;

    mm_config_free(engine->retired_config);
    engine->retired_config = engine->heard_config;
    engine->heard_config = (struct mm_config *)event->payload.config;
}

static int make_parts(struct mm_engine *engine)
{
    struct mm_kernel *kernel = engine->kernel;
    int result = mm_event_center_new(kernel, &engine->center);

    if (result < 0)
        return result;
    result = mm_decision_log_new(engine->center, &engine->decisions);
    if (result < 0)
        return result;
    result = mm_priority_manager_new(kernel, engine->center, engine->config, &engine->manager);
    if (result < 0)
        return result;
    result =
        mm_reclaim_strategy_new(kernel, engine->center, engine->manager, engine->config, &engine->reclaim);
    if (result < 0)
        return result;
    result = mm_kill_strategy_new(kernel, engine->center, engine->manager, engine->config, &engine->kill);
    if (result < 0)
        return result;
    result = mm_event_center_subscribe(engine->center, MM_RANK_OBSERVER, 1u << MM_EVENT_MEMORY_LEVEL, rescan,
                                       engine);
    if (result < 0)
        return result;
    result = mm_event_center_subscribe(engine->center, MM_RANK_OBSERVER, 1u << MM_EVENT_CONFIG, retire_config,
                                       engine);
    if (result < 0)
        return result;
    result = mm_event_center_subscribe(engine->center, MM_RANK_OBSERVER, 1u << MM_EVENT_DEVICE,
                                       look_after_boot, engine);
    if (result < 0)
        return result;
    result = mm_event_center_subscribe(engine->center, MM_RANK_OBSERVER, 1u << MM_EVENT_STALL, look, engine);
    if (result < 0)
        return result;
    return mm_event_center_subscribe(engine->center, MM_RANK_OBSERVER, 1u << MM_EVENT_WATERLINE, refresh,
                                     engine);
}

int mm_engine_new(struct mm_kernel *kernel, struct mm_config *config, uint64_t measured_fill_rate_bytes_per_s,
                  struct mm_engine **ret_engine)
{
    struct mm_engine *engine = calloc(1, sizeof(*engine));
    int result;

    if (!engine) {
        mm_config_free(config);
        return -ENOMEM;
    }
    engine->kernel = kernel;
    engine->config = config;
    engine->heard_config = config;
    engine->fill_rate_bytes_per_s = MM_MAX(measured_fill_rate_bytes_per_s, 1);
    result = make_parts(engine);
    if (result < 0) {
        mm_engine_free(engine, 0);
        return result;
    }
    *ret_engine = engine;
    return 0;
}

static int add_pressure_triggers(struct mm_engine *engine)
{
    struct mm_pressure_trigger triggers[MM_CONFIG_PRESSURE_TRIGGERS_MAX];
    const char *group_paths[MM_CONFIG_PRESSURE_TRIGGERS_MAX];
    const struct mm_config *config = engine->config;

    if (config->pressure_trigger_count == 0)
        return -ENODATA;
    for (size_t i = 0; i < config->pressure_trigger_count; i++) {
        triggers[i] = (struct mm_pressure_trigger){
            .kind = config->pressure_triggers[i].is_full ? MM_PRESSURE_FULL : MM_PRESSURE_SOME,
            .stall_us = config->pressure_triggers[i].stall_us,
            .window_us = config->pressure_triggers[i].window_us,
        };
        group_paths[i] = config->pressure_triggers[i].group_path;
    }
    return mm_pressure_source_add_for(engine->center, engine->kernel, engine->waterline, triggers,
                                      group_paths, (unsigned)config->pressure_trigger_count,
                                      &engine->pressure);
}

int mm_engine_start(struct mm_engine *engine)
{
    struct mm_waterline_options options = waterline_options(engine);
    int result = mm_priority_manager_scan(engine->manager);

    if (result < 0)
        return result;
    (void)mm_priority_manager_restore(engine->manager);
    result = mm_waterline_source_add(engine->center, engine->kernel, &options, &engine->waterline);
    if (result < 0)
        return result;
    /* without PSI the waterline watch does it alone */
    engine->pressure_error = add_pressure_triggers(engine);
    engine->has_pressure_triggers = engine->pressure_error == 0;
    mm_engine_add_wakes(engine);
    return 0;
}

void mm_engine_set_config(struct mm_engine *engine, struct mm_config *config)
{
    const struct mm_decision decision = {
        .source = MM_DECISION_CONFIG,
        .acted = true,
        .is_dry_run = engine->kernel->is_dry_run,
        .action = "configure",
    };
    struct mm_event event = {.kind = MM_EVENT_CONFIG, .payload.config = config};
    struct mm_waterline_options options;

    engine->config = config;
    mm_event_center_publish(engine->center, &event);
    mm_decide(engine->center, &decision, "the new configuration is in force");
    if (engine->waterline) {
        options = waterline_options(engine);
        mm_waterline_source_configure(engine->waterline, &options);
    }
}

/* What has been reported since it was saved last. */
static void save_last(struct mm_engine *engine)
{
    int result = mm_priority_manager_save_last(engine->manager);

    if (result < 0 && result != -EOPNOTSUPP)
        mm_warning("what clients reported is not saved for a restart: %s", strerror(-result));
}

int mm_engine_stop(struct mm_engine *engine, unsigned restore_ms)
{
    bool is_first = engine->kill;
    int result;

    mm_kill_strategy_free(engine->kill);
    engine->kill = NULL;
    result = mm_reclaim_strategy_free(engine->reclaim, restore_ms);
    engine->reclaim = NULL;
    /* after the limits, which have to be back in time */
    if (is_first)
        save_last(engine);
    return result;
}

void mm_engine_free(struct mm_engine *engine, unsigned restore_ms)
{
    if (!engine)
        return;
    (void)mm_engine_stop(engine, restore_ms);
    mm_priority_manager_free(engine->manager);
    mm_decision_log_free(engine->decisions);
    mm_event_center_free(engine->center);
    mm_config_free(engine->retired_config);
    if (engine->heard_config != engine->config)
        mm_config_free(engine->heard_config);
    mm_config_free(engine->config);
    free(engine);
}
