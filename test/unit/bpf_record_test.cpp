/* SPDX-License-Identifier: Apache-2.0 */
/* From BPF records to events. */
#include "event_center/bpf_record.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <cstring>

namespace
{

struct mm_bpf_record record(uint8_t type, int32_t tgid, uint64_t start_ns = 0)
{
    struct mm_bpf_record made = {};

    made.type = type;
    made.tgid = tgid;
    made.start_ns = start_ns;
    made.flags = start_ns ? MM_BPF_FLAG_START : 0;
    return made;
}

TEST(BpfRecord, BecomesAnEvent)
{
    struct mm_bpf_record source = record(MM_BPF_RECORD_OOM_SCORE_ADJ, 4711, 12345678900);
    struct mm_event event = {};

    source.flags |= MM_BPF_FLAG_UID;
    source.uid = 10001;
    source.time_ns = 99;
    source.value = -900;
    memcpy(source.comm, "a b)\n\xff", 6);
    ASSERT_EQ(mm_bpf_record_to_event(&source, 100, &event), 0);
    EXPECT_EQ(event.kind, MM_EVENT_OOM_SCORE_ADJ);
    EXPECT_EQ(event.pid, 4711);
    EXPECT_EQ(event.uid, 10001u);
    EXPECT_EQ(event.time_ns, 99u);
    EXPECT_EQ(event.payload.process.start_time_ticks, 1234u);
    EXPECT_EQ(event.payload.process.oom_score_adj, -900);
    EXPECT_STREQ(event.payload.process.comm, "a b)\n\xff");
}

TEST(BpfRecord, EachTypeHasItsKind)
{
    const struct {
        uint8_t type;
        enum mm_event_kind kind;
    } cases[] = {
        {MM_BPF_RECORD_EXIT, MM_EVENT_PROCESS_EXITED},  {MM_BPF_RECORD_OOM_SCORE_ADJ, MM_EVENT_OOM_SCORE_ADJ},
        {MM_BPF_RECORD_FORK, MM_EVENT_PROCESS_STARTED}, {MM_BPF_RECORD_EXEC, MM_EVENT_PROCESS_STARTED},
        {MM_BPF_RECORD_COMM, MM_EVENT_PROCESS_RENAMED},
    };

    for (const auto &c : cases) {
        struct mm_bpf_record source = record(c.type, 4711, 12345678900);
        struct mm_event event = {};

        ASSERT_EQ(mm_bpf_record_to_event(&source, 100, &event), 0);
        EXPECT_EQ(event.kind, c.kind);
        EXPECT_EQ(event.payload.process.start_time_ticks, 1234u);
    }
}

TEST(BpfRecord, AGroupIsKnownByItsNumber)
{
    const enum mm_group_change changes[] = {MM_GROUP_CREATED, MM_GROUP_REMOVED, MM_GROUP_POPULATED,
                                            MM_GROUP_EMPTY,   MM_GROUP_FROZEN,  MM_GROUP_THAWED};
    struct mm_bpf_record source = record(MM_BPF_RECORD_GROUP, 0);
    struct mm_event event = {};

    source.group_id = 0x100000007;
    strcpy(source.comm, "mail");
    for (source.value = 0; source.value <= MM_BPF_GROUP_THAWED; source.value++) {
        ASSERT_EQ(mm_bpf_record_to_event(&source, 100, &event), 0);
        EXPECT_EQ(event.kind, MM_EVENT_GROUP);
        EXPECT_EQ(event.pid, 0);
        EXPECT_EQ(event.group_id, 0x100000007u);
        EXPECT_EQ(event.payload.group.change, changes[source.value]);
        EXPECT_STREQ(event.payload.group.name, "mail");
    }
    for (int16_t value : {int16_t{-1}, int16_t{MM_BPF_GROUP_THAWED + 1}}) {
        source.value = value;
        EXPECT_EQ(mm_bpf_record_to_event(&source, 100, &event), -EBADMSG);
    }
}

TEST(BpfRecord, AMoveIsAnArrivalOrALeave)
{
    struct mm_bpf_record source = record(MM_BPF_RECORD_MOVED, 4711, 12345678900);
    struct mm_event event = {};

    ASSERT_EQ(mm_bpf_record_to_event(&source, 100, &event), 0);
    EXPECT_EQ(event.kind, MM_EVENT_PROCESS_LEFT);
    EXPECT_EQ(event.payload.process.start_time_ticks, 1234u);
    source.value = 1;
    ASSERT_EQ(mm_bpf_record_to_event(&source, 100, &event), 0);
    EXPECT_EQ(event.kind, MM_EVENT_PROCESS_STARTED);
}

TEST(BpfRecord, AStallBeginsOrHasALength)
{
    const enum mm_stall_kind kinds[] = {MM_STALL_DIRECT_RECLAIM, MM_STALL_GROUP_RECLAIM, MM_STALL_COMPACTION,
                                        MM_STALL_THROTTLED, MM_STALL_KSWAPD};
    struct mm_bpf_record source = record(MM_BPF_RECORD_STALL, 4711);
    struct mm_event event = {};

    source.length_ns = 5000;
    source.actor = 3;
    strcpy(source.comm, "mail");
    for (source.value = 0; source.value < MM_STALL_KIND_COUNT; source.value++) {
        source.flags = 0;
        ASSERT_EQ(mm_bpf_record_to_event(&source, 100, &event), 0);
        EXPECT_EQ(event.kind, MM_EVENT_STALL);
        EXPECT_EQ(event.pid, 4711);
        EXPECT_EQ(event.payload.stall.kind, kinds[source.value]);
        EXPECT_FALSE(event.payload.stall.is_begin);
        EXPECT_EQ(event.payload.stall.length_ns, 5000u);
        EXPECT_EQ(event.payload.stall.in_progress, 3u);
        EXPECT_STREQ(event.payload.stall.comm, "mail");
        source.flags = MM_BPF_FLAG_BEGIN;
        ASSERT_EQ(mm_bpf_record_to_event(&source, 100, &event), 0);
        EXPECT_TRUE(event.payload.stall.is_begin);
        EXPECT_EQ(event.payload.stall.length_ns, 0u);
    }
    for (int16_t value : {int16_t{-1}, int16_t{MM_STALL_KIND_COUNT}}) {
        source.value = value;
        EXPECT_EQ(mm_bpf_record_to_event(&source, 100, &event), -EBADMSG);
    }
    source.value = MM_BPF_STALL_KSWAPD;
    source.tgid = 0; /* a kernel thread */
    EXPECT_EQ(mm_bpf_record_to_event(&source, 100, &event), 0);
}

TEST(BpfRecord, TheKernelsVictimIsAProcess)
{
    struct mm_bpf_record source = record(MM_BPF_RECORD_OOM_VICTIM, 4711, 12345678900);
    struct mm_event event = {};

    source.value = 300;
    ASSERT_EQ(mm_bpf_record_to_event(&source, 100, &event), 0);
    EXPECT_EQ(event.kind, MM_EVENT_OOM_VICTIM);
    EXPECT_EQ(event.pid, 4711);
    EXPECT_EQ(event.payload.process.oom_score_adj, 300);
    EXPECT_EQ(event.payload.process.start_time_ticks, 1234u);
}

TEST(BpfRecord, LeavesOutWhatIsNotKnown)
{
    struct mm_bpf_record source = record(MM_BPF_RECORD_EXIT, 1);
    struct mm_event event = {};

    source.start_ns = 5000000000; /* without its flag: garbage */
    memset(source.comm, 'x', sizeof(source.comm));
    ASSERT_EQ(mm_bpf_record_to_event(&source, 100, &event), 0);
    EXPECT_EQ(event.kind, MM_EVENT_PROCESS_EXITED);
    EXPECT_EQ(event.payload.process.start_time_ticks, 0u);
    EXPECT_EQ(event.uid, static_cast<uid_t>(-1));
    EXPECT_EQ(strlen(event.payload.process.comm), sizeof(source.comm) - 1);
}

TEST(BpfRecord, RefusesWhatMakesNoSense)
{
    const struct {
        uint8_t type;
        int32_t tgid;
        int result;
    } cases[] = {
        {0, 5, -ENOMSG},
        {255, 5, -ENOMSG},
        {MM_BPF_RECORD_EXIT, 0, -EBADMSG},
        {MM_BPF_RECORD_EXIT, -5, -EBADMSG},
    };

    for (const auto &c : cases) {
        struct mm_bpf_record source = record(c.type, c.tgid);
        struct mm_event event = {};

        event.pid = 77;
        EXPECT_EQ(mm_bpf_record_to_event(&source, 100, &event), c.result);
        EXPECT_EQ(event.pid, 77);
    }
}

TEST(BpfExitFilter, DropsTheSecondReportOnly)
{
    const struct {
        const char *what;
        struct mm_bpf_record record;
        bool is_repeated;
    } steps[] = {
        {"the first", record(MM_BPF_RECORD_EXIT, 10, 500), false},
        {"another process", record(MM_BPF_RECORD_EXIT, 11, 500), false},
        {"the first again", record(MM_BPF_RECORD_EXIT, 10, 500), true},
        {"the pid reused", record(MM_BPF_RECORD_EXIT, 10, 501), false},
        {"one in the same slot", record(MM_BPF_RECORD_EXIT, 10 + MM_BPF_RECENT_EXITS, 502), false},
        {"no start time", record(MM_BPF_RECORD_EXIT, 20), false},
        {"no start time again", record(MM_BPF_RECORD_EXIT, 20), false},
        {"no exit at all", record(MM_BPF_RECORD_OOM_SCORE_ADJ, 11, 500), false},
    };
    struct mm_bpf_exit_filter filter = {};

    for (const auto &step : steps)
        EXPECT_EQ(mm_bpf_exit_is_repeated(&filter, &step.record), step.is_repeated) << step.what;
}

} // namespace
