/* SPDX-License-Identifier: Apache-2.0 */
/* From BPF records to events. */
#include "event_center/bpf_record.h"

#include "common/common.h"
#include "event_center/stall_totals.h"

#include <errno.h>
#include <string.h>

_Static_assert(MM_BPF_COMM_SIZE == MM_COMM_MAX, "a comm is copied whole");

bool mm_bpf_exit_is_repeated(struct mm_bpf_exit_filter *filter, const struct mm_bpf_record *record)
{
    unsigned slot = (unsigned)record->tgid % MM_BPF_RECENT_EXITS;

    /* without a start time a reused pid would be taken for a repetition */
    if (record->type != MM_BPF_RECORD_EXIT || !(record->flags & MM_BPF_FLAG_START))
        return false;
    if (filter->recent[slot].tgid == record->tgid && filter->recent[slot].start_ns == record->start_ns)
        return true;
    filter->recent[slot].tgid = record->tgid;
    filter->recent[slot].start_ns = record->start_ns;
    return false;
}

typedef int (*record_reader)(const struct mm_bpf_record *record, uint64_t ticks_per_second,
                             struct mm_event *event);

static int read_process(const struct mm_bpf_record *record, uint64_t ticks_per_second, struct mm_event *event)
{
    struct mm_event_process *process = &event->payload.process;

    if (record->tgid <= 0)
        return -EBADMSG;
    event->pid = record->tgid;
    event->uid = record->flags & MM_BPF_FLAG_UID ? (uid_t)record->uid : (uid_t)-1;
    /* the division that the kernel makes for field 22 of stat */
    if (record->flags & MM_BPF_FLAG_START)
        process->start_time_ticks = record->start_ns / (MM_NS_PER_S / ticks_per_second);
    process->oom_score_adj = record->value;
    memcpy(process->comm, record->comm, sizeof(process->comm));
    process->comm[sizeof(process->comm) - 1] = '\0';
    return 0;
}

/* Into the domain it comes as a newcomer. */
static int read_moved(const struct mm_bpf_record *record, uint64_t ticks_per_second, struct mm_event *event)
{
    int result = read_process(record, ticks_per_second, event);

    event->kind = record->value ? MM_EVENT_PROCESS_STARTED : MM_EVENT_PROCESS_LEFT;
    event->payload.process.oom_score_adj = 0;
    return result;
}

static int read_group(const struct mm_bpf_record *record, uint64_t ticks_per_second, struct mm_event *event)
{
    static const enum mm_group_change changes[] = {
        [MM_BPF_GROUP_CREATED] = MM_GROUP_CREATED,     [MM_BPF_GROUP_REMOVED] = MM_GROUP_REMOVED,
        [MM_BPF_GROUP_POPULATED] = MM_GROUP_POPULATED, [MM_BPF_GROUP_EMPTY] = MM_GROUP_EMPTY,
        [MM_BPF_GROUP_FROZEN] = MM_GROUP_FROZEN,       [MM_BPF_GROUP_THAWED] = MM_GROUP_THAWED,
    };
    struct mm_event_group *group = &event->payload.group;

    (void)ticks_per_second;
    if (record->value < 0 || (size_t)record->value >= MM_ARRAY_SIZE(changes))
        return -EBADMSG;
    event->group_id = record->group_id;
    group->change = changes[record->value];
    memcpy(group->name, record->comm, sizeof(group->name));
    group->name[sizeof(group->name) - 1] = '\0';
    return 0;
}

static int read_stall(const struct mm_bpf_record *record, uint64_t ticks_per_second, struct mm_event *event)
{
    struct mm_event_stall *stall = &event->payload.stall;

    (void)ticks_per_second;
    if (record->value < 0 || record->value >= MM_BPF_STALL_COUNT || record->tgid < 0)
        return -EBADMSG;
    event->pid = record->tgid;
    event->uid = record->flags & MM_BPF_FLAG_UID ? (uid_t)record->uid : (uid_t)-1;
    stall->kind = mm_stall_kind_of((unsigned)record->value);
    stall->is_begin = (record->flags & MM_BPF_FLAG_BEGIN) != 0;
    stall->in_progress = (uint32_t)MM_MAX(record->actor, 0);
    stall->length_ns = stall->is_begin ? 0 : record->length_ns;
    memcpy(stall->comm, record->comm, sizeof(stall->comm));
    stall->comm[sizeof(stall->comm) - 1] = '\0';
    return 0;
}

int mm_bpf_record_to_event(const struct mm_bpf_record *record, uint64_t ticks_per_second,
                           struct mm_event *ret_event)
{
    static const struct {
        enum mm_event_kind kind;
        record_reader read; /* NULL: no such type */
    } rows[] = {
        [MM_BPF_RECORD_EXIT] = {MM_EVENT_PROCESS_EXITED, read_process},
        [MM_BPF_RECORD_OOM_SCORE_ADJ] = {MM_EVENT_OOM_SCORE_ADJ, read_process},
        [MM_BPF_RECORD_FORK] = {MM_EVENT_PROCESS_STARTED, read_process},
        [MM_BPF_RECORD_EXEC] = {MM_EVENT_PROCESS_STARTED, read_process},
        [MM_BPF_RECORD_COMM] = {MM_EVENT_PROCESS_RENAMED, read_process},
        [MM_BPF_RECORD_MOVED] = {MM_EVENT_PROCESS_LEFT, read_moved},
        [MM_BPF_RECORD_GROUP] = {MM_EVENT_GROUP, read_group},
        [MM_BPF_RECORD_STALL] = {MM_EVENT_STALL, read_stall},
        [MM_BPF_RECORD_OOM_VICTIM] = {MM_EVENT_OOM_VICTIM, read_process},
    };
    struct mm_event event = {.time_ns = record->time_ns};
    int result;

    if (record->type >= MM_ARRAY_SIZE(rows) || !rows[record->type].read)
        return -ENOMSG;
    event.kind = rows[record->type].kind;
    result = rows[record->type].read(record, ticks_per_second, &event);
    if (result == 0)
        *ret_event = event;
    return result;
}
