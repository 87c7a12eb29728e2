/* SPDX-License-Identifier: Apache-2.0 */
/* The waterline watch. */
#include "event_center/event_center.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A domain that was removed has nobody in it: how soon it is noticed that there is one again. */
#define REMOVED_INTERVAL_NS MM_NS_PER_S

/* What no threshold counts, the kernel's own memory, grows at most at that share of the rate at which memory can be filled:
   page tables and sockets, by programs made for it, grew by 2 GB/s where 5.7 can be filled. */
#define UNCOUNTED_SHARE 2

/* Hints are followed at least so soon. */
#define HINT_INTERVAL_MAX_MS 100

struct mm_waterline_source {
    struct mm_event_center *center;
    struct mm_kernel *kernel;
    struct mm_waterline_options options;
    struct mm_waterline_status status;
    uint64_t checked_ns; /* when it read last */
    struct mm_timer timer;
};

/* To the nearest line at or below available; UINT64_MAX when every line is above. */
static uint64_t distance_to_line(const struct mm_waterline_options *options, uint64_t available_bytes)
{
    uint64_t distance = UINT64_MAX;

    for (unsigned i = 0; i < options->line_count; i++) {
        if (options->lines_bytes[i] <= available_bytes)
            distance = MM_MIN(distance, available_bytes - options->lines_bytes[i]);
    }
    return distance;
}

uint64_t mm_waterline_source_line_below(const struct mm_waterline_source *source, uint64_t available_bytes)
{
    uint64_t distance = distance_to_line(&source->options, available_bytes);

    return distance == UINT64_MAX ? MM_UNKNOWN : available_bytes - distance;
}

/* bytes / rate in nanoseconds, for bytes below rate. */
static uint64_t part_of_second_ns(uint64_t bytes, uint64_t rate)
{
    /* 2^33 times 10^9 fits; a rate above that loses bits that no clock sees */
    while (rate >> 33) {
        rate >>= 1;
        bytes >>= 1;
    }
    return bytes * MM_NS_PER_S / rate;
}

/* bytes / rate, within the intervals. */
static uint64_t fill_time_ns(const struct mm_waterline_options *options, uint64_t bytes, uint64_t rate)
{
    uint64_t min_ns = options->min_interval_ms * MM_NS_PER_MS;
    uint64_t max_ns = options->max_interval_ms * MM_NS_PER_MS;

    rate = MM_MAX(rate, 1);
    if (bytes / rate > max_ns / MM_NS_PER_S)
        return MM_MAX(min_ns, max_ns);
    return MM_MAX(min_ns, MM_MIN(bytes / rate * MM_NS_PER_S + part_of_second_ns(bytes % rate, rate), max_ns));
}

uint64_t mm_waterline_interval_ns(const struct mm_waterline_options *options, uint64_t available_bytes)
{
    uint64_t max_ms = MM_MIN(options->max_interval_ms, options->exhausted_interval_ms);
    uint64_t distance = distance_to_line(options, available_bytes);

    if (distance == UINT64_MAX)
        return MM_MAX(options->min_interval_ms, max_ms) * MM_NS_PER_MS;
    return fill_time_ns(options, distance, options->fill_rate_bytes_per_s);
}

uint64_t mm_waterline_covered_interval_ns(const struct mm_waterline_options *options,
                                          uint64_t available_bytes, const struct mm_wake_cover *cover)
{
    uint64_t plain_ns = mm_waterline_interval_ns(options, available_bytes);
    uint64_t covered_ns =
        fill_time_ns(options, cover->margin_bytes, options->fill_rate_bytes_per_s / UNCOUNTED_SHARE);
    uint64_t other_ns = cover->other_available_bytes == MM_UNKNOWN
                            ? UINT64_MAX
                            : mm_waterline_interval_ns(options, cover->other_available_bytes);

    return MM_MAX(plain_ns, MM_MIN(covered_ns, other_ns));
}

/* Once per change: without readings nobody is squeezed or killed, which people must hear of. */
static void tell_change(int previous_error, int error)
{
    if (error < 0 && previous_error == 0)
        mm_error("available memory cannot be read (%s): nothing is done until it can%s", strerror(-error),
                 error == -ENODEV ? "; the domain's group was removed, and memmgrd ends when it is made anew"
                                  : "");
    else if (error == 0 && previous_error < 0)
        mm_notice("available memory can be read again");
}

/* As the killer says of its own readings. */
static void explain_failure(struct mm_waterline_source *source, int error)
{
    const struct mm_decision decision = {
        .source = MM_DECISION_KILL, .is_dry_run = source->kernel->is_dry_run, .action = "none"};

    mm_decide(source->center, &decision, "memory cannot be read: %s", strerror(-error));
}

void mm_waterline_source_check(struct mm_waterline_source *source)
{
    struct mm_event event = {.kind = MM_EVENT_WATERLINE, .time_ns = mm_event_center_now_ns(source->center)};
    struct mm_waterline_status *status = &source->status;
    uint64_t interval_ns = source->options.exhausted_interval_ms * MM_NS_PER_MS;
    int previous_error = status->error;

    status->checks++;
    source->checked_ns = event.time_ns;
    status->error = source->kernel->ops->read_memory(source->kernel, &event.payload.memory);
    tell_change(previous_error, status->error);
    if (status->error == -ESTALE) {
        mm_error(
            "the domain's group was removed and made anew, which is another group: ending, to be started "
            "again");
        mm_event_center_fail(source->center, status->error);
    } else if (status->error == -ENODEV) {
        interval_ns = REMOVED_INTERVAL_NS;
    }
    if (status->error == 0) {
        status->memory = event.payload.memory;
        interval_ns = mm_waterline_interval_ns(&source->options, status->memory.available_bytes);
    }
    status->next_check_ns = event.time_ns + interval_ns;
    mm_event_center_arm(source->center, &source->timer, status->next_check_ns);
    if (status->error == 0)
        mm_event_center_publish(source->center, &event);
    else
        explain_failure(source, status->error);
}

void mm_waterline_source_hint(struct mm_waterline_source *source)
{
    /* a watch that is switched off has no shortest interval to speak of */
    uint64_t min_ms = MM_MIN(source->options.min_interval_ms, HINT_INTERVAL_MAX_MS);
    uint64_t soonest_ns = source->checked_ns + min_ms * MM_NS_PER_MS;

    if (source->status.checks == 0 || mm_event_center_now_ns(source->center) >= soonest_ns)
        mm_waterline_source_check(source);
    else if (!mm_timer_is_armed(&source->timer) || source->timer.deadline_ns > soonest_ns)
        mm_event_center_arm(source->center, &source->timer, soonest_ns);
}

void mm_waterline_source_cover(struct mm_waterline_source *source, const struct mm_wake_cover *cover)
{
    struct mm_waterline_status *status = &source->status;

    /* not where a hint, or a failure, had it look sooner */
    if (status->error < 0 || !mm_timer_is_armed(&source->timer) ||
        source->timer.deadline_ns != status->next_check_ns)
        return;
    status->next_check_ns = source->checked_ns + mm_waterline_covered_interval_ns(
                                                     &source->options, status->memory.available_bytes, cover);
    mm_event_center_arm(source->center, &source->timer, status->next_check_ns);
}

static void expired(struct mm_timer *timer, void *user)
{
    (void)timer;
    mm_waterline_source_check(user);
}

static void close_source(void *self)
{
    struct mm_waterline_source *source = self;

    mm_event_center_disarm(source->center, &source->timer);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "waterline",
    .close = close_source,
};

int mm_waterline_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                            const struct mm_waterline_options *options,
                            struct mm_waterline_source **ret_source)
{
    struct mm_waterline_source *source = calloc(1, sizeof(*source));
    int result;

    if (!source)
        return -ENOMEM;
    source->center = center;
    source->kernel = kernel;
    mm_timer_init(&source->timer, expired, source);
    result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    mm_waterline_source_configure(source, options);
    *ret_source = source;
    return 0;
}

void mm_waterline_source_configure(struct mm_waterline_source *source,
                                   const struct mm_waterline_options *options)
{
    source->options = *options;
    source->status.fill_rate_bytes_per_s = options->fill_rate_bytes_per_s;
    /* the new lines are looked at on the next turn of the loop */
    mm_event_center_arm(source->center, &source->timer, mm_event_center_now_ns(source->center));
}

void mm_waterline_source_status(const struct mm_waterline_source *source,
                                struct mm_waterline_status *ret_status)
{
    *ret_status = source->status;
}
