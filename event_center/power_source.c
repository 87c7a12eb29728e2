/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/power_source.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "power supply"

struct power_source {
    struct mm_event_center *center;
    struct mm_kernel *kernel;
    struct mm_source_note note;
    struct mm_wake_watch watch;
    struct mm_power_state power; /* as last read */
    int error;                   /* of that */
};

static void tell(const struct power_source *source)
{
    const char *feed = source->power.is_on_battery ? "on battery" : "on mains";

    if (source->error < 0)
        mm_source_tell(&source->note, NAME, false, "cannot be read: %s", strerror(-source->error));
    else if (source->power.charge_percent == MM_CHARGE_UNKNOWN)
        mm_source_tell(&source->note, NAME, true, "%s", feed);
    else
        mm_source_tell(&source->note, NAME, true, "%s, charged to %u %% when that began", feed,
                       source->power.charge_percent);
}

/* Until it can be read again what was true last is true. */
static void look(struct power_source *source)
{
    struct mm_event event = {.kind = MM_EVENT_POWER, .payload.power = source->power};
    int previous_error = source->error;
    bool has_changed;

    source->error = source->kernel->ops->read_power(source->kernel, &event.payload.power);
    has_changed = event.payload.power.is_on_battery != source->power.is_on_battery;
    if (has_changed || source->error == 0)
        source->power.charge_percent = event.payload.power.charge_percent;
    source->power.is_on_battery = event.payload.power.is_on_battery;
    if (has_changed || source->error != previous_error)
        tell(source);
    if (has_changed)
        mm_event_center_publish(source->center, &event);
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct power_source *source = self;

    (void)tag;
    (void)events;
    if (mm_wake_watch_serve(&source->watch, &source->note, NAME, "what was true last is taken for true") > 0)
        look(source);
}

static void close_source(void *self)
{
    struct power_source *source = self;

    mm_wake_watch_close(&source->watch);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "power",
    .ready = ready,
    .close = close_source,
};

static int open_watch(struct power_source *source, struct mm_kernel *kernel)
{
    const struct mm_wake_request request = {.kind = MM_WAKE_POWER};

    return mm_wake_watch_open(&source->watch, source->center, kernel, &source_ops, source, &request, 0);
}

int mm_power_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                        const struct mm_source_note *note)
{
    const struct mm_feature *feature = kernel->ops->feature(kernel, MM_FEATURE_POWER_SUPPLY);
    struct power_source *source;
    int result;

    if (!feature->available) {
        mm_source_tell_absent(note, NAME, feature->reason);
        return -EOPNOTSUPP;
    }
    source = calloc(1, sizeof(*source));
    if (!source)
        return -ENOMEM;
    source->center = center;
    source->note = *note;
    source->kernel = kernel;
    result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    /* the source itself is closed with the center */
    result = open_watch(source, kernel);
    if (result < 0) {
        mm_source_tell(note, NAME, false, "%s", strerror(-result));
        return result;
    }
    source->error = kernel->ops->read_power(kernel, &source->power);
    tell(source);
    return result;
}
