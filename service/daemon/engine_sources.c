/* SPDX-License-Identifier: Apache-2.0 */
#include "service/daemon/engine_sources.h"

#include "common/common.h"
#include "event_center/group_events_source.h"
#include "event_center/kswapd_source.h"
#include "event_center/limits_source.h"
#include "event_center/power_source.h"
#include "event_center/resume_source.h"
#include "event_center/swap_source.h"
#include "event_center/usage_source.h"
#include "event_center/vmpressure_source.h"

#include <string.h>

static const char switched_off[] = "switched off by the configuration";

/* One source: how status calls it, why it is not wanted (NULL: it is), and its addition, which tells how it fares. */
struct wake_source {
    const char *name;
    const char *(*refuse)(const struct mm_engine *engine);
    int (*add)(struct mm_engine *engine);
};

static const char *refuse_usage(const struct mm_engine *engine)
{
    return engine->config->kernel_events.has_usage_threshold ? NULL : switched_off;
}

static int add_usage(struct mm_engine *engine)
{
    return mm_usage_source_add(engine->center, engine->kernel, engine->waterline, &engine->note);
}

static const char *refuse_vmpressure(const struct mm_engine *engine)
{
    switch ((enum mm_vmpressure_use)engine->config->kernel_events.vmpressure) {
    case MM_VMPRESSURE_WITHOUT_PSI:
        return engine->has_pressure_triggers ? "not needed: PSI does it better" : NULL;
    case MM_VMPRESSURE_ALWAYS:
        return NULL;
    case MM_VMPRESSURE_NEVER:
        break;
    }
    return switched_off;
}

static int add_vmpressure(struct mm_engine *engine)
{
    return mm_vmpressure_source_add(engine->center, engine->kernel, engine->waterline,
                                    (enum mm_vmpressure_mode)engine->config->kernel_events.vmpressure_mode,
                                    &engine->note);
}

static const char *refuse_limit_hits(const struct mm_engine *engine)
{
    const struct mm_config *config = engine->config;

    if (!config->kernel_events.has_limit_hits)
        return switched_off;
    return config->domain.group_path[0] || config->kernel_events.limit_hit_group_count > 0
               ? NULL
               : "the machine has no limit, and no limitHitGroup is named";
}

static int add_limit_hits(struct mm_engine *engine)
{
    const struct mm_kernel_events_config *config = &engine->config->kernel_events;
    const char *paths[MM_GROUP_EVENTS_GROUPS_MAX];
    unsigned count = 0;

    _Static_assert(MM_GROUP_EVENTS_GROUPS_MAX == MM_CONFIG_LIMIT_HIT_GROUPS_MAX + 1,
                   "those, and the domain's");
    if (engine->config->domain.group_path[0])
        paths[count++] = engine->config->domain.group_path;
    for (size_t i = 0; i < config->limit_hit_group_count; i++)
        paths[count++] = config->limit_hit_groups[i];
    return mm_group_events_source_add(engine->center, engine->kernel, engine->waterline, paths, count,
                                      &engine->note);
}

static const char *refuse_swap(const struct mm_engine *engine)
{
    return engine->config->kernel_events.has_swap_changes ? NULL : switched_off;
}

static int add_swap(struct mm_engine *engine)
{
    return mm_swap_source_add(engine->center, engine->kernel, engine->waterline, &engine->note);
}

static const char *refuse_resume(const struct mm_engine *engine)
{
    return engine->config->kernel_events.has_resume ? NULL : switched_off;
}

static int add_resume(struct mm_engine *engine)
{
    struct mm_resume_source *source;

    return mm_resume_source_add(engine->center, engine->kernel, engine->waterline, &engine->note, &source);
}

static const char *refuse_power(const struct mm_engine *engine)
{
    return engine->config->kernel_events.has_power_supply ? NULL : switched_off;
}

static int add_power(struct mm_engine *engine)
{
    return mm_power_source_add(engine->center, engine->kernel, &engine->note);
}

static const char *refuse_kswapd(const struct mm_engine *engine)
{
    return engine->config->kernel_events.has_kswapd_monitor ? NULL : switched_off;
}

static int add_kswapd(struct mm_engine *engine)
{
    return mm_kswapd_source_add(engine->center, engine->kernel, engine->waterline, &engine->note);
}

static const char *refuse_limits(const struct mm_engine *engine)
{
    return engine->config->kernel_events.has_limit_changes ? NULL : switched_off;
}

static int add_limits(struct mm_engine *engine)
{
    return mm_limits_source_add(engine->center, engine->kernel, engine->waterline, &engine->note);
}

void mm_engine_add_wakes(struct mm_engine *engine)
{
    static const struct wake_source sources[] = {
        {"usage threshold", refuse_usage, add_usage},      {"vmpressure", refuse_vmpressure, add_vmpressure},
        {"limit hits", refuse_limit_hits, add_limit_hits}, {"limit changes", refuse_limits, add_limits},
        {"swap changes", refuse_swap, add_swap},           {"resume", refuse_resume, add_resume},
        {"power supply", refuse_power, add_power},         {"kswapd monitor", refuse_kswapd, add_kswapd},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(sources); i++) {
        const char *reason = sources[i].refuse(engine);

        if (!reason)
            (void)sources[i].add(engine);
        else
            mm_source_tell_absent(&engine->note, sources[i].name, reason);
    }
}
