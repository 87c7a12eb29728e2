/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded log of decisions, and the one way to publish them. */
#include "event_center/event_center.h"

#include "common/common.h"
#include "common/touch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Entries that are in memory before a kill begins: two or three for each of a dozen victims, and what the others say
   meanwhile. */
#define ENTRIES_AHEAD 48

struct mm_decision_log {
    struct mm_event_center *center;
    bool is_killing;
    uint64_t count;
    struct mm_decision_entry entries[MM_DECISION_LOG_SIZE];
};

static struct mm_decision_entry *entry_of(struct mm_decision_log *log, uint64_t sequence)
{
    return &log->entries[sequence % MM_DECISION_LOG_SIZE];
}

/* Each source has at most one thing that it leaves alone at a time. */
#define SOURCES_COUNT MM_DECISION_SOURCE_COUNT

static bool is_same(const struct mm_decision *a, const struct mm_decision *b)
{
    return a->source == b->source && a->action == b->action && a->pid == b->pid &&
           strcmp(a->target, b->target) == 0 && strcmp(a->reason, b->reason) == 0;
}

/*
 * The same "left alone" again is counted where it stands instead of pushing the others out. The sources take
 * turns in leaving things alone, so the newest few are looked at, back to the last thing that was done.
 */
static struct mm_decision_entry *find_repeated(struct mm_decision_log *log,
                                               const struct mm_decision *decision)
{
    if (decision->acted)
        return NULL;
    for (uint64_t back = 0; back < SOURCES_COUNT && back < log->count; back++) {
        struct mm_decision_entry *entry = entry_of(log, log->count - back);

        if (entry->decision.acted)
            return NULL;
        if (is_same(&entry->decision, decision))
            return entry;
    }
    return NULL;
}

static void touch_ahead(struct mm_decision_log *log)
{
    size_t from = (size_t)((log->count + 1) % MM_DECISION_LOG_SIZE) * sizeof(log->entries[0]);

    mm_touch_ahead(log->entries, sizeof(log->entries), from, ENTRIES_AHEAD * sizeof(log->entries[0]));
}

static void remember(struct mm_decision_log *log, const struct mm_event *event)
{
    const struct mm_decision *decision = &event->payload.decision;
    struct mm_decision_entry *entry = find_repeated(log, decision);

    if (entry) {
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
    if (!log->is_killing)
        touch_ahead(log);
}

static void on_event(const struct mm_event *event, void *user)
{
    struct mm_decision_log *log = user;

    if (event->kind == MM_EVENT_DECISION) {
        remember(log, event);
        return;
    }
    log->is_killing = event->kind == MM_EVENT_KILL_BEGIN;
    if (!log->is_killing)
        touch_ahead(log);
}

int mm_decision_log_new(struct mm_event_center *center, struct mm_decision_log **ret_log)
{
    struct mm_decision_log *log = calloc(1, sizeof(*log));
    int result;

    if (!log)
        return -ENOMEM;
    log->center = center;
    touch_ahead(log);
    result = mm_event_center_subscribe(
        center, MM_RANK_OBSERVER,
        1u << MM_EVENT_DECISION | 1u << MM_EVENT_KILL_BEGIN | 1u << MM_EVENT_KILL_END, on_event, log);
    if (result < 0) {
        free(log);
        return result;
    }
    *ret_log = log;
    return 0;
}

void mm_decision_log_free(struct mm_decision_log *log)
{
    if (!log)
        return;
    mm_event_center_unsubscribe(log->center, on_event, log);
    free(log);
}

const struct mm_decision_entry *mm_decision_log_at(const struct mm_decision_log *log, unsigned index)
{
    if (index >= log->count || index >= MM_DECISION_LOG_SIZE)
        return NULL;
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
