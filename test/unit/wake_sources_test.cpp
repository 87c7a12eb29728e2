/* SPDX-License-Identifier: Apache-2.0 */
/* The sources of the kernel's memory state over the simulated kernel. */
#include "wake_fixture.h"

#include "event_center/usage_source.h"

#include <cerrno>

namespace
{

/* ---- usage thresholds ------------------------------------------------------------------------------------ */

/* A watch that is told a far too small fill rate, so that without the kernel it would sleep for 10 s; v1. */
class UsageSource : public WakeSource
{
  protected:
    void SetUp() override
    {
        machine.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = true;
        WakeSource::SetUp();
    }
};

TEST_F(UsageSource, TheKernelWakesTheWatchAtTheLine)
{
    ASSERT_EQ(mm_usage_source_add(center, kernel, waterline, &note), 0);
    EXPECT_EQ(notes, (std::vector<std::string>{"usage threshold on: simulated"}));
    run_for(MM_NS_PER_MS);
    ASSERT_EQ(readings.size(), 1u);
    ASSERT_EQ(mm_simulated_set_growth(kernel, 100, 997 * MM_MIB, 750 * MM_MIB), 0);
    run_for(5 * MM_NS_PER_S);
    /* 900 MiB available at first; the lines are at 500 and 300, and the hog leaves 250 */
    ASSERT_EQ(readings.size(), 3u);
    EXPECT_LT(readings[1].payload.memory.available_bytes, 500 * MM_MIB);
    EXPECT_GT(readings[1].payload.memory.available_bytes, 495 * MM_MIB);
    EXPECT_LT(readings[2].payload.memory.available_bytes, 300 * MM_MIB);
    EXPECT_GT(readings[2].payload.memory.available_bytes, 295 * MM_MIB);
}

TEST_F(UsageSource, WithoutItTheWatchSleepsOn)
{
    run_for(MM_NS_PER_MS);
    ASSERT_EQ(mm_simulated_set_growth(kernel, 100, 997 * MM_MIB, 750 * MM_MIB), 0);
    run_for(5 * MM_NS_PER_S);
    EXPECT_EQ(readings.size(), 1u);
}

TEST_F(UsageSource, AGroupThatIsGoneEndsItAndIsSaidOnce)
{
    ASSERT_EQ(mm_usage_source_add(center, kernel, waterline, &note), 0);
    run_for(MM_NS_PER_MS);
    notes.clear();
    mm_simulated_fail(kernel, "take_wake", ENODEV, 1);
    mm_simulated_wake(kernel, MM_WAKE_USAGE);
    mm_simulated_wake(kernel, MM_WAKE_USAGE);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(notes, (std::vector<std::string>{
                         "usage threshold off: the group is gone; the waterline watch goes on alone"}));
    EXPECT_EQ(mm_simulated_calls(kernel, "close_wake"), 1u);
    EXPECT_EQ(readings.size(), 1u);
    mm_waterline_source_check(waterline);
    EXPECT_EQ(mm_simulated_calls(kernel, "move_wake"), 1u) << "nothing is moved any more";
}

TEST_F(UsageSource, ARefusalIsSaidWithItsReason)
{
    mm_simulated_fail(kernel, "open_wake", EMFILE, 1);
    EXPECT_EQ(mm_usage_source_add(center, kernel, waterline, &note), -EMFILE);
    EXPECT_EQ(notes, (std::vector<std::string>{
                         "usage threshold off: Too many open files; the waterline watch does it alone"}));
}

TEST_F(WakeSource, OnV2ThereIsNoUsageThreshold)
{
    EXPECT_EQ(mm_usage_source_add(center, kernel, waterline, &note), -EOPNOTSUPP);
    EXPECT_EQ(notes, (std::vector<std::string>{"usage threshold off: the simulated machine lacks it; the "
                                               "waterline watch does it alone"}));
}

/* ---- hints ------------------------------------------------------------------------------------------------ */

TEST_F(WakeSource, HintsAreFollowedNoMoreOftenThanTheWatchMayLook)
{
    run_for(MM_NS_PER_MS);
    ASSERT_EQ(readings.size(), 1u);
    for (int i = 0; i < 100; i++)
        mm_waterline_source_hint(waterline);
    EXPECT_EQ(readings.size(), 1u) << "it has just looked";
    run_for(2 * MM_NS_PER_MS);
    EXPECT_EQ(readings.size(), 2u);
    run_for(5 * MM_NS_PER_MS);
    mm_waterline_source_hint(waterline);
    EXPECT_EQ(readings.size(), 3u) << "at once when the last look is long past";
}

TEST_F(WakeSource, AHintWakesAWatchThatIsSwitchedOff)
{
    options.min_interval_ms = options.max_interval_ms = UINT32_MAX;
    mm_waterline_source_configure(waterline, &options);
    run_for(MM_NS_PER_MS);
    ASSERT_EQ(readings.size(), 1u);
    mm_waterline_source_hint(waterline);
    run_for(100 * MM_NS_PER_MS);
    EXPECT_EQ(readings.size(), 2u);
}

} // namespace
