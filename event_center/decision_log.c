/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded log of decisions, and the one way to publish them. */
#include "event_center/event_center.h"

#include "common/common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct mm_decision_log {
    struct mm_event_center *center;
    uint64_t count;
    struct mm_decision_entry entries[MM_DECISION_LOG_SIZE];
};

static struct mm_decision_entry *entry_of(struct mm_decision_log *log, uint64_t sequence)
{
    return &log->entries[sequence % MM_DECISION_LOG_SIZE];
}

/* The same "left alone" again: counted at the newest entry instead of pushing the others out. */
static bool is_repeat(const struct mm_decision *last, const struct mm_decision *decision)
{
    return !last->acted && !decision->acted && last->source == decision->source &&
           last->action == decision->action && last->pid == decision->pid &&
           strcmp(last->target, decision->target) == 0 && strcmp(last->reason, decision->reason) == 0;
}

static void remember(const struct mm_event *event, void *user)
{
    struct mm_decision_log *log = user;
    const struct mm_decision *decision = &event->payload.decision;
    struct mm_decision_entry *entry = entry_of(log, log->count);

    if (log->count > 0 && is_repeat(&entry->decision, decision)) {
        entry->repeats++;
        entry->time_ns = event->time_ns;
        entry->decision.available_bytes = decision->available_bytes;
        return;
    }
    log->count++;
    entry = entry_of(log, log->count);
    entry->sequence = log->count;
    entry->time_ns = event->time_ns;
    entry->repeats = 0;
    entry->decision = *decision;
}

int mm_decision_log_new(struct mm_event_center *center, struct mm_decision_log **ret_log)
{
    struct mm_decision_log *log = calloc(1, sizeof(*log));
    int result;

    if (!log) return -ENOMEM;
    log->center = center;
    result = mm_event_center_subscribe(center, MM_RANK_OBSERVER, 1u << MM_EVENT_DECISION, remember, log);
    if (result < 0) {
        free(log);
        return result;
    }
    *ret_log = log;
    return 0;
}

void mm_decision_log_free(struct mm_decision_log *log)
{
    if (!log) return;
    mm_event_center_unsubscribe(log->center, remember, log);
    free(log);
}

const struct mm_decision_entry *mm_decision_log_at(const struct mm_decision_log *log, unsigned index)
{
    if (index >= log->count || index >= MM_DECISION_LOG_SIZE) return NULL;
    return &log->entries[(log->count - index) % MM_DECISION_LOG_SIZE];
}

void mm_decide(struct mm_event_center *center, const struct mm_decision *decision, const char *format, ...)
{
    struct mm_event event = {.kind = MM_EVENT_DECISION, .pid = decision->pid, .payload.decision = *decision};
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(event.payload.decision.reason, sizeof(event.payload.decision.reason), format, arguments);
    va_end(arguments);
    mm_event_center_publish(center, &event);
}
