/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/power_source.h"

#include "common/common.h"
#include "event_center/wake_source.h"

#include <string.h>

#define NAME "power supply"

struct power_source {
    struct mm_wake_source wake;
    struct mm_power_state power; /* as last read */
    int error;                   /* of that */
};

static void tell(const struct power_source *source)
{
    const char *feed = source->power.is_on_battery ? "on battery" : "on mains";

    if (source->error < 0)
        mm_source_tell(&source->wake.note, NAME, false, "cannot be read: %s", strerror(-source->error));
    else if (source->power.charge_percent == MM_CHARGE_UNKNOWN)
        mm_source_tell(&source->wake.note, NAME, true, "%s", feed);
    else
        mm_source_tell(&source->wake.note, NAME, true, "%s, charged to %u %% when that began", feed,
                       source->power.charge_percent);
}

/* Until it can be read again what was true last is true. */
static void look(struct power_source *source)
{
    struct mm_kernel *kernel = source->wake.kernel;
    struct mm_event event = {.kind = MM_EVENT_POWER, .payload.power = source->power};
    int previous_error = source->error;
    bool has_changed;

    source->error = kernel->ops->read_power(kernel, &event.payload.power);
    has_changed = event.payload.power.is_on_battery != source->power.is_on_battery;
    if (has_changed || source->error == 0)
        source->power.charge_percent = event.payload.power.charge_percent;
    source->power.is_on_battery = event.payload.power.is_on_battery;
    if (has_changed || source->error != previous_error)
        tell(source);
    if (has_changed)
        mm_event_center_publish(source->wake.center, &event);
}

static int begin(struct mm_wake_source *wake)
{
    struct power_source *source = (struct power_source *)wake;

    source->error = wake->kernel->ops->read_power(wake->kernel, &source->power);
    tell(source);
    return 0;
}

static void woken(struct mm_wake_source *wake)
{
    look((struct power_source *)wake);
}

static const struct mm_wake_source_ops source_ops = {
    .name = NAME,
    .size = sizeof(struct power_source),
    .feature = MM_FEATURE_POWER_SUPPLY,
    .wake = MM_WAKE_POWER,
    .without = "",
    .consequence = "what was true last is taken for true",
    .begin = begin,
    .woken = woken,
};

int mm_power_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                        const struct mm_source_note *note)
{
    return mm_wake_source_add(center, kernel, NULL, note, &source_ops);
}
