/* SPDX-License-Identifier: Apache-2.0 */
/* Totals of stalls: what the programs have counted, and the longest that was told of. */
#include "event_center/stall_totals.h"

#include <gtest/gtest.h>

#include <set>

namespace
{

mm_event_stall stall(mm_stall_kind kind, bool is_begin, uint64_t length_ns)
{
    mm_event_stall made = {};

    made.kind = kind;
    made.is_begin = is_begin;
    made.length_ns = length_ns;
    return made;
}

TEST(StallTotals, EachKindOfTheProgramsIsOneOfOurs)
{
    std::set<mm_stall_kind> kinds;

    for (unsigned i = 0; i < MM_BPF_STALL_COUNT; i++)
        EXPECT_TRUE(kinds.insert(mm_stall_kind_of(i)).second) << i;
    EXPECT_EQ(kinds.count(MM_STALL_KIND_COUNT), 0U);
    EXPECT_EQ(mm_stall_kind_of(MM_BPF_STALL_COUNT), MM_STALL_KIND_COUNT);
}

TEST(StallTotals, TheLongestThatEndedIsKeptOfEachKind)
{
    mm_stall_totals totals = {};

    for (uint64_t length_ns : {20U, 50U, 30U}) {
        const mm_event_stall told = stall(MM_STALL_DIRECT_RECLAIM, false, length_ns);
        mm_stall_totals_note(&totals, &told);
    }
    const mm_event_stall begun = stall(MM_STALL_COMPACTION, true, 99);
    mm_stall_totals_note(&totals, &begun);
    EXPECT_EQ(totals.kinds[MM_STALL_DIRECT_RECLAIM].longest_ns, 50U);
    EXPECT_EQ(totals.kinds[MM_STALL_COMPACTION].longest_ns, 0U);
    EXPECT_EQ(totals.kinds[MM_STALL_DIRECT_RECLAIM].count, 0U);
}

TEST(StallTotals, WhatWasCountedIsTakenBesideTheLongest)
{
    mm_stall_totals totals = {};
    mm_bpf_stall_totals counted = {};
    const mm_event_stall told = stall(MM_STALL_GROUP_RECLAIM, false, 7);

    mm_stall_totals_note(&totals, &told);
    counted.stalls[MM_BPF_STALL_MEMCG] = {3, 12};
    counted.stalls[MM_BPF_STALL_KSWAPD] = {1, 5};
    counted.in_progress = 2;
    mm_stall_totals_take(&totals, &counted);
    EXPECT_EQ(totals.kinds[MM_STALL_GROUP_RECLAIM].count, 3U);
    EXPECT_EQ(totals.kinds[MM_STALL_GROUP_RECLAIM].length_ns, 12U);
    EXPECT_EQ(totals.kinds[MM_STALL_GROUP_RECLAIM].longest_ns, 7U);
    EXPECT_EQ(totals.kinds[MM_STALL_KSWAPD].count, 1U);
    EXPECT_EQ(totals.kinds[MM_STALL_DIRECT_RECLAIM].count, 0U);
    EXPECT_EQ(totals.in_progress, 2U);
}

} // namespace
