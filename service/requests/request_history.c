/* SPDX-License-Identifier: Apache-2.0 */
/* "explain" and "kills": what was decided and who died, newest first. */
#include "service/requests/request.h"

#include "common/common.h"

#include <inttypes.h>

const struct mm_field mm_request_explain_fields[] = {
    {"cursor", MM_FIELD_TEXT, false, 1, 32},
    {"limit", MM_FIELD_INTEGER, false, 1, 100000},
    {"acted", MM_FIELD_BOOL, false, 0, 0},
    {.name = NULL},
};

const struct mm_field mm_request_kills_fields[] = {
    {"cursor", MM_FIELD_TEXT, false, 1, 32},
    {"limit", MM_FIELD_INTEGER, false, 1, 100000},
    {.name = NULL},
};

/* An amount of time between two moments; null where one of them has not come. */
static void write_interval(struct mm_json_writer *writer, const char *key, uint64_t from_ns, uint64_t to_ns)
{
    if (from_ns > 0 && to_ns >= from_ns)
        mm_json_unsigned(writer, key, (to_ns - from_ns) / MM_NS_PER_US);
    else
        mm_json_null(writer, key);
}

void mm_json_kill_record(struct mm_json_writer *writer, const struct mm_kill_record *record)
{
    mm_json_unsigned(writer, "sequence", record->sequence);
    mm_json_text(writer, "name", record->name);
    mm_json_signed(writer, "pid", record->pid);
    mm_json_unsigned(writer, "uid", record->uid);
    mm_json_signed(writer, "priority", record->priority);
    mm_json_unsigned(writer, "processes", record->process_count);
    mm_json_bool(writer, "registered", record->is_registered);
    mm_json_bool(writer, "dry_run", record->is_dry_run);
    mm_json_text(writer, "outcome", mm_kill_outcome_name(record->outcome));
    mm_json_text(writer, "reason", record->reason);
    mm_json_text(writer, "cause", mm_kill_cause_name(record->cause));
    if (record->cause == MM_KILL_FOR_MEMORY) {
        mm_json_unsigned(writer, "waterline_bytes", record->level.memory_bytes);
        mm_json_signed(writer, "min_priority", record->level.min_priority);
    } else {
        mm_json_null(writer, "waterline_bytes");
        mm_json_null(writer, "min_priority");
    }
    mm_json_amount(writer, "available_before_bytes", record->available_before_bytes);
    mm_json_amount(writer, "available_after_bytes", record->available_after_bytes);
    mm_json_amount(writer, "resident_bytes", record->resident_bytes);
    mm_json_amount(writer, "freed_bytes", record->freed_bytes);
    mm_json_unsigned(writer, "decided_ns", record->decided_ns);
    write_interval(writer, "noticed_to_signal_us", record->noticed_ns, record->signalled_ns);
    write_interval(writer, "decided_to_signal_us", record->decided_ns, record->signalled_ns);
    write_interval(writer, "decided_to_exit_us", record->decided_ns, record->exited_ns);
    write_interval(writer, "decided_to_recovery_us", record->decided_ns, record->recovered_ns);
}

static const char *source_name(enum mm_decision_source source)
{
    static const char *const names[] = {
        [MM_DECISION_KILL] = "kill",         [MM_DECISION_RECLAIM] = "reclaim",
        [MM_DECISION_PRIORITY] = "priority", [MM_DECISION_CONFIG] = "config",
        [MM_DECISION_KERNEL] = "kernel",
    };

    return (size_t)source < MM_ARRAY_SIZE(names) ? names[source] : "unknown";
}

void mm_json_decision(struct mm_json_writer *writer, const struct mm_decision *decision)
{
    mm_json_text(writer, "source", source_name(decision->source));
    mm_json_bool(writer, "acted", decision->acted);
    mm_json_bool(writer, "dry_run", decision->is_dry_run);
    mm_json_text(writer, "action", decision->action);
    mm_json_signed(writer, "pid", decision->pid);
    mm_json_text(writer, "target", decision->target);
    mm_json_amount(writer, "available_bytes", decision->available_bytes);
    mm_json_amount(writer, "amount_bytes", decision->amount_bytes);
    mm_json_text(writer, "reason", decision->reason);
}

/* The sequence number below which the page begins; -1 after a refusal. */
static int64_t read_before(struct mm_request *request)
{
    const char *cursor = mm_request_text(request, "cursor", NULL);
    int64_t before = INT64_MAX;

    if (cursor && (mm_cursor_parse(cursor, &before, 1) < 0 || before < 0)) {
        (void)mm_request_refuse(request, "bad-cursor", "the cursor is none that an answer held");
        return -1;
    }
    return before;
}

/* One family of entries that are numbered and kept newest first. */
struct history {
    const char *key;
    /* Writes the entry at the index and its sequence number; false past the end. is_wanted false: write
       nothing. */
    bool (*write)(struct mm_request *request, unsigned index, int64_t before, uint64_t *ret_sequence,
                  bool *ret_is_wanted);
};

static int write_history(struct mm_request *request, const struct history *history)
{
    struct mm_json_writer *writer = request->writer;
    int64_t before = read_before(request);
    int64_t left = mm_request_integer(request, "limit", INT64_MAX);
    uint64_t sequence, last = 0;
    bool has_more = false, is_wanted = false;
    char cursor[24];

    if (before < 0)
        return -1;
    mm_json_unsigned(writer, "now_ns", mm_event_center_now_ns(request->context->center));
    mm_json_open(writer, history->key, '[');
    writer->size -= MM_PAGE_TAIL_BYTES;
    for (unsigned i = 0;; i++) {
        struct mm_json_writer mark = *writer;

        if (!history->write(request, i, before, &sequence, &is_wanted))
            break;
        if (!is_wanted)
            continue;
        has_more = left-- == 0 || writer->is_full;
        if (has_more) {
            *writer = mark;
            break;
        }
        last = sequence;
    }
    writer->size += MM_PAGE_TAIL_BYTES;
    mm_json_close(writer, ']');
    (void)mm_format(cursor, sizeof(cursor), "%" PRIu64, last);
    mm_json_text(writer, "cursor", has_more ? cursor : NULL);
    return 0;
}

static bool write_decision(struct mm_request *request, unsigned index, int64_t before, uint64_t *ret_sequence,
                           bool *ret_is_wanted)
{
    const struct mm_decision_log *log = request->context->decisions;
    const struct mm_decision_entry *entry = log ? mm_decision_log_at(log, index) : NULL;
    struct mm_json_writer *writer = request->writer;

    if (!entry)
        return false;
    *ret_sequence = entry->sequence;
    *ret_is_wanted = entry->sequence < (uint64_t)before &&
                     (entry->decision.acted || !mm_request_bool(request, "acted", false));
    if (!*ret_is_wanted)
        return true;
    mm_json_open(writer, NULL, '{');
    mm_json_unsigned(writer, "sequence", entry->sequence);
    mm_json_unsigned(writer, "time_ns", entry->time_ns);
    mm_json_unsigned(writer, "repeats", entry->repeats);
    mm_json_decision(writer, &entry->decision);
    mm_json_close(writer, '}');
    return true;
}

static bool write_kill(struct mm_request *request, unsigned index, int64_t before, uint64_t *ret_sequence,
                       bool *ret_is_wanted)
{
    const struct mm_kill_strategy *kill = request->context->kill;
    const struct mm_kill_record *record = kill ? mm_kill_strategy_record(kill, index) : NULL;

    if (!record)
        return false;
    *ret_sequence = record->sequence;
    *ret_is_wanted = record->sequence < (uint64_t)before;
    if (!*ret_is_wanted)
        return true;
    mm_json_open(request->writer, NULL, '{');
    mm_json_kill_record(request->writer, record);
    mm_json_close(request->writer, '}');
    return true;
}

int mm_request_explain(struct mm_request *request)
{
    static const struct history decisions = {.key = "decisions", .write = write_decision};

    return write_history(request, &decisions);
}

int mm_request_kills(struct mm_request *request)
{
    static const struct history kills = {.key = "kills", .write = write_kill};

    return write_history(request, &kills);
}
