/* SPDX-License-Identifier: Apache-2.0 */
/* From BPF records to events. */
#include "event_center/bpf_record.h"

#include "common/common.h"

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

int mm_bpf_record_to_event(const struct mm_bpf_record *record, uint64_t ticks_per_second,
                           struct mm_event *ret_event)
{
    static const struct {
        uint32_t type;
        enum mm_event_kind kind;
    } kinds[] = {
        {MM_BPF_RECORD_EXIT, MM_EVENT_PROCESS_EXITED},  {MM_BPF_RECORD_OOM_SCORE_ADJ, MM_EVENT_OOM_SCORE_ADJ},
        {MM_BPF_RECORD_FORK, MM_EVENT_PROCESS_STARTED}, {MM_BPF_RECORD_EXEC, MM_EVENT_PROCESS_STARTED},
        {MM_BPF_RECORD_COMM, MM_EVENT_PROCESS_RENAMED},
    };
    struct mm_event_process *process = &ret_event->payload.process;
    size_t i = 0;

    while (i < MM_ARRAY_SIZE(kinds) && kinds[i].type != record->type)
        i++;
    if (i == MM_ARRAY_SIZE(kinds))
        return -ENOMSG;
    if (record->tgid <= 0)
        return -EBADMSG;
    *ret_event = (struct mm_event){
        .kind = kinds[i].kind,
        .time_ns = record->time_ns,
        .pid = record->tgid,
        .uid = record->flags & MM_BPF_FLAG_UID ? (uid_t)record->uid : (uid_t)-1,
    };
    /* the division that the kernel makes for field 22 of stat */
    if (record->flags & MM_BPF_FLAG_START)
        process->start_time_ticks = record->start_ns / (MM_NS_PER_S / ticks_per_second);
    process->oom_score_adj = record->value;
    memcpy(process->comm, record->comm, sizeof(process->comm));
    process->comm[sizeof(process->comm) - 1] = '\0';
    return 0;
}
