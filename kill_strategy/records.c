/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of kills. */
#include "kill_strategy/records.h"

#include "common/common.h"
#include "common/touch.h"

/* Records that are in memory before a series begins: more victims in one than that, and a page fault costs little beside
   them. */
#define RECORDS_AHEAD 16

static const char *const outcome_names[MM_KILL_OUTCOME_COUNT] = {
    [MM_KILL_PENDING] = "pending",     [MM_KILL_RECOVERED] = "recovered", [MM_KILL_NOT_ENOUGH] = "not-enough",
    [MM_KILL_TIMED_OUT] = "timed-out", [MM_KILL_FAILED] = "failed",       [MM_KILL_DRY_RUN] = "dry-run",
    [MM_KILL_ENDED] = "ended",
};

static const char *const cause_names[MM_KILL_CAUSE_COUNT] = {
    [MM_KILL_FOR_MEMORY] = "memory",
    [MM_KILL_FOR_ACCOUNT] = "account",
};

const char *mm_kill_outcome_name(enum mm_kill_outcome outcome)
{
    return (size_t)outcome < MM_ARRAY_SIZE(outcome_names) ? outcome_names[outcome] : "unknown";
}

const char *mm_kill_cause_name(enum mm_kill_cause cause)
{
    return (size_t)cause < MM_ARRAY_SIZE(cause_names) ? cause_names[cause] : "unknown";
}

void mm_kill_records_touch_ahead(struct mm_kill_records *records)
{
    size_t from = (size_t)(records->count % MM_KILL_RECORDS_MAX) * sizeof(records->items[0]);

    mm_touch_ahead(records->items, sizeof(records->items), from, RECORDS_AHEAD * sizeof(records->items[0]));
}

void mm_kill_records_add(struct mm_kill_records *records, struct mm_kill_record *record)
{
    record->sequence = ++records->count;
    mm_kill_records_update(records, record);
}

void mm_kill_records_update(struct mm_kill_records *records, const struct mm_kill_record *record)
{
    if (records->count - record->sequence < MM_KILL_RECORDS_MAX)
        records->items[(record->sequence - 1) % MM_KILL_RECORDS_MAX] = *record;
}

const struct mm_kill_record *mm_kill_records_at(const struct mm_kill_records *records, unsigned index)
{
    if (index >= records->count || index >= MM_KILL_RECORDS_MAX)
        return NULL;
    return &records->items[(records->count - 1 - index) % MM_KILL_RECORDS_MAX];
}

static void tell(struct mm_event_center *center, const struct mm_kill_record *record, bool has_ended)
{
    const struct mm_event event = {
        .kind = MM_EVENT_KILL,
        .pid = record->pid,
        .uid = record->uid,
        .payload.kill = {.sequence = record->sequence, .has_ended = has_ended},
    };

    mm_event_center_publish(center, &event);
}

void mm_kill_explain_signal(struct mm_event_center *center, const struct mm_kill_record *record)
{
    struct mm_decision decision = {
        .source = MM_DECISION_KILL,
        .acted = record->outcome != MM_KILL_FAILED,
        .is_dry_run = record->is_dry_run,
        .action = "kill",
        .pid = record->pid,
        .available_bytes = record->available_before_bytes,
        .amount_bytes = record->resident_bytes,
    };

    mm_copy_text(decision.target, sizeof(decision.target), record->name);
    mm_decide(center, &decision, "%s", record->reason);
    tell(center, record, false);
}

void mm_kill_explain_end(struct mm_event_center *center, const struct mm_kill_record *record)
{
    struct mm_decision decision = {
        .source = MM_DECISION_KILL,
        .acted = true,
        .is_dry_run = record->is_dry_run,
        .action = mm_kill_outcome_name(record->outcome),
        .pid = record->pid,
        .available_bytes = record->available_after_bytes,
        .amount_bytes = record->freed_bytes,
    };
    uint64_t until_ns = record->exited_ns ? record->exited_ns : mm_event_center_now_ns(center);
    const char *what = record->cause == MM_KILL_FOR_MEMORY ? "still there, set aside," : "still there";

    mm_copy_text(decision.target, sizeof(decision.target), record->name);
    mm_decide(center, &decision, "%s %llu us after the signal, %u process(es)",
              record->exited_ns ? "exited" : what,
              (unsigned long long)((until_ns - record->signalled_ns) / MM_NS_PER_US), record->process_count);
    tell(center, record, true);
}
