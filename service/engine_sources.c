/* SPDX-License-Identifier: Apache-2.0 */
#include "service/engine_sources.h"

#include "common/common.h"
#include "event_center/usage_source.h"

#include <string.h>

/* One source: how status calls it, whether it is wanted, and its addition, which tells how it fares. */
struct wake_source {
    const char *name;
    bool (*is_wanted)(const struct mm_config *config);
    int (*add)(struct mm_engine *engine);
};

static bool wants_usage(const struct mm_config *config)
{
    return config->kernel_events.has_usage_threshold;
}

static int add_usage(struct mm_engine *engine)
{
    return mm_usage_source_add(engine->center, engine->kernel, engine->waterline, &engine->note);
}

void mm_engine_add_wakes(struct mm_engine *engine)
{
    static const struct wake_source sources[] = {
        {"usage threshold", wants_usage, add_usage},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(sources); i++) {
        if (sources[i].is_wanted(engine->config))
            (void)sources[i].add(engine);
        else
            mm_source_tell(&engine->note, sources[i].name, false, "switched off by the configuration");
    }
}
