/* SPDX-License-Identifier: Apache-2.0 */
/* The source of limits that somebody changes, over the simulated kernel. */
#include "wake_fixture.h"

#include "event_center/limits_source.h"

#include <cerrno>

namespace
{

class LimitsSource : public WakeSource
{
  protected:
    void SetUp() override
    {
        WakeSource::SetUp();
        run_for(MM_NS_PER_S);
        readings.clear();
    }
};

TEST_F(LimitsSource, AChangeIsLookedAtOnceItHasStoodForAMoment)
{
    ASSERT_EQ(mm_limits_source_add(center, kernel, waterline, &note), 0);
    EXPECT_EQ(notes, (std::vector<std::string>{"limit changes on: simulated"}));
    mm_simulated_wake(kernel, MM_WAKE_LIMITS);
    run_for(9 * MM_NS_PER_MS);
    EXPECT_EQ(mm_simulated_calls(kernel, "take_wake"), 0u);
    run_for(40 * MM_NS_PER_MS);
    EXPECT_TRUE(readings.empty()) << "it may be put back";
    run_for(2 * MM_NS_PER_MS);
    EXPECT_EQ(readings.size(), 1u);
    run_for(MM_NS_PER_S);
    EXPECT_EQ(readings.size(), 1u);
    EXPECT_EQ(mm_simulated_calls(kernel, "take_wake"), 2u);
}

TEST_F(LimitsSource, ALimitThatIsPutBackIsNotSeenLowWhereverItsWriterLosesTheProcessor)
{
    ASSERT_EQ(mm_limits_source_add(center, kernel, waterline, &note), 0);
    for (uint64_t low_ms = 1; low_ms <= 48; low_ms++) {
        mm_simulated_process taken = {};

        taken.pid = 200;
        taken.comm = "limit";
        taken.anonymous_bytes = 850 * MM_MIB;
        ASSERT_EQ(mm_simulated_spawn(kernel, &taken), 0);
        mm_simulated_wake(kernel, MM_WAKE_LIMITS);
        run_for(low_ms * MM_NS_PER_MS);
        ASSERT_EQ(mm_simulated_exit(kernel, taken.pid), 0);
        mm_simulated_wake(kernel, MM_WAKE_LIMITS);
        run_for(MM_NS_PER_S);
    }
    EXPECT_GE(readings.size(), 38u) << "where it was low at the first look";
    for (const mm_event &reading : readings)
        EXPECT_GT(reading.payload.memory.available_bytes, options.lines_bytes[2]);
}

TEST_F(LimitsSource, WhileItWaitsForRestOtherHintsAreFollowedAtOnce)
{
    ASSERT_EQ(mm_limits_source_add(center, kernel, waterline, &note), 0);
    mm_simulated_wake(kernel, MM_WAKE_LIMITS);
    run_for(20 * MM_NS_PER_MS);
    mm_waterline_source_hint(waterline);
    EXPECT_EQ(readings.size(), 1u);
    run_for(40 * MM_NS_PER_MS);
    EXPECT_EQ(readings.size(), 2u);
}

TEST_F(LimitsSource, AWriterThatDoesNotStopIsLookedAtTenTimesASecond)
{
    ASSERT_EQ(mm_limits_source_add(center, kernel, waterline, &note), 0);
    for (int i = 0; i < 1000; i++) {
        mm_simulated_wake(kernel, MM_WAKE_LIMITS);
        run_for(MM_NS_PER_MS);
    }
    EXPECT_LE(readings.size(), 12u);
    EXPECT_GE(readings.size(), 10u);
}

TEST_F(LimitsSource, AGroupThatIsGoneIsSaidOnceAndLookedAt)
{
    ASSERT_EQ(mm_limits_source_add(center, kernel, waterline, &note), 0);
    notes.clear();
    mm_simulated_fail(kernel, "take_wake", ENODEV, 1);
    mm_simulated_wake(kernel, MM_WAKE_LIMITS);
    run_for(MM_NS_PER_S);
    mm_simulated_wake(kernel, MM_WAKE_LIMITS);
    run_for(MM_NS_PER_S);
    EXPECT_EQ(notes, (std::vector<std::string>{
                         "limit changes off: the group is gone; seen at the watch's next look"}));
    EXPECT_EQ(mm_simulated_calls(kernel, "close_wake"), 1u);
    EXPECT_EQ(readings.size(), 1u);
}

TEST_F(LimitsSource, WhatTheKernelRefusesIsSaidInItsWords)
{
    mm_simulated_fail(kernel, "open_wake", EACCES, 1);
    EXPECT_EQ(mm_limits_source_add(center, kernel, waterline, &note), -EACCES);
    EXPECT_EQ(notes, std::vector<std::string>{
                         "limit changes off: Permission denied; seen at the watch's next look"});
}

} // namespace
