/* SPDX-License-Identifier: Apache-2.0 */
/* How long the watch may sleep where a usage threshold wakes it: the arithmetic, and the source over the simulated kernel. */
#include "wake_fixture.h"

#include "event_center/usage_source.h"
#include "kernel_interface/usage_threshold.h"

#include <cerrno>
#include <random>

namespace
{

/* ---- where a threshold is sure to be met ------------------------------------------------------------------ */

constexpr uint64_t none = MM_UNKNOWN;

uint64_t mebibytes(uint64_t count)
{
    return count == none ? none : count * MM_MIB;
}

TEST(UsageCover, AFarLineIsMetOnTheWay)
{
    const struct {
        const char *what;
        uint64_t usage, available, limit, droppable, line, present; /* MiB */
        bool has_told;
        uint64_t expected, margin;
    } rows[] = {
        {"an eighth of the way", 1000, 20000, 24000, 2000, 1999, none, false, 3000, 0},
        {"which is in place", 1000, 20000, 24000, 2000, 2000, 3000, false, 3000, 14000},
        {"file pages that may go are no way", 1000, 20000, 24000, 17000, 2000, none, false, 1125, 0},
        {"too many of them: only a hint", 1000, 20000, 24000, 17745, 2000, 19000, false, 19000, 0},
        {"nobody knows how many: only a hint", 1000, 20000, 24000, none, 2000, 19000, false, 19000, 0},
        {"usage came down by as much again: left", 0, 20000, 24000, 2000, 2000, 4000, false, 4000, 12000},
        {"and by more: moved", 0, 20000, 24000, 2000, 2000, 4001, false, 2000, 0},
        {"usage came up to it", 3000, 18000, 24000, 2000, 2000, 3000, false, 3000, 0},
        {"it has told", 3001, 18000, 24000, 2000, 2000, 3000, true, 4751, 0},
        {"no line", 1000, 20000, 24000, 2000, none, 3000, false, none, 0},
        {"below the line", 1000, 1999, 24000, 500, 2000, 3000, false, none, 0},
    };

    for (const auto &row : rows) {
        const mm_usage_view view = {
            3,
            mebibytes(row.usage),
            mebibytes(row.available),
            mebibytes(row.limit),
            mebibytes(row.droppable),
            none,
        };
        const mm_usage_registration present = {3, mebibytes(row.present), row.has_told};
        const mm_usage_registration elsewhere = {4, mebibytes(row.present), row.has_told};

        EXPECT_EQ(mm_usage_threshold_decide(&view, mebibytes(row.line), &present) / MM_MIB,
                  mebibytes(row.expected) / MM_MIB)
            << row.what;
        EXPECT_EQ(mm_usage_threshold_margin(&view, mebibytes(row.line), &present) / MM_MIB, row.margin)
            << row.what;
        EXPECT_EQ(mm_usage_threshold_margin(&view, mebibytes(row.line), &elsewhere), 0u) << row.what;
    }
}

/* Whatever is done within the margin: as long as usage has not met the threshold available memory is above the line. */
TEST(UsageCover, NothingWithinTheMarginCrossesTheLineUnheard)
{
    std::mt19937_64 random(20261127);
    unsigned covered = 0;
    auto up_to = [&](uint64_t most) { return most == 0 ? 0 : random() % (most + 1); };

    for (int i = 0; i < 200000; i++) {
        const uint64_t total = MM_GIB + up_to(32 * MM_GIB);
        const uint64_t usage = up_to(total / 2);
        const uint64_t droppable = up_to(usage);
        const mm_usage_view view = {3, usage, total - usage + droppable, total, droppable, none};
        const uint64_t line = up_to(view.available_bytes);
        const mm_usage_registration present = {3, usage + up_to(total / 4), false};
        const uint64_t margin = mm_usage_threshold_margin(&view, line, &present);

        if (margin == 0)
            continue;
        covered++;
        const uint64_t kernel = random() % 2 ? margin : up_to(margin);
        const uint64_t dropped = random() % 2 ? droppable : up_to(droppable);
        const uint64_t locked = up_to(droppable - dropped);
        /* the most that usage takes without meeting the threshold */
        const uint64_t grown = present.threshold_bytes - usage - 1 + dropped;

        ASSERT_GT(view.available_bytes - grown - locked - kernel, line)
            << "usage " << usage << " threshold " << present.threshold_bytes << " droppable " << droppable;
    }
    EXPECT_GT(covered, 10000u);
}

/* ---- how long the watch sleeps ---------------------------------------------------------------------------- */

TEST(UsageCover, TheWatchSleepsAsLongAsTheCoverGoes)
{
    mm_waterline_options options = {};
    const struct {
        const char *what;
        uint64_t available, margin, other; /* MiB */
        uint64_t expected_ms;
    } rows[] = {
        {"by what is not counted, at half the rate", 2000, 1000, none, 2000},
        {"never less than without", 2000, 100, none, 1000},
        {"the other limits are not covered", 2000, 1000, 2500, 1500},
        {"nor are they where they leave less", 2000, 1000, 1001, 1000},
        {"never later than configured", 2000, 1000000, none, 10000},
        {"below every line", 999, 1000, none, 2000},
    };

    options.lines_bytes[0] = 1000 * MM_MIB;
    options.line_count = 1;
    options.fill_rate_bytes_per_s = 1000 * MM_MIB;
    options.min_interval_ms = 2;
    options.max_interval_ms = 10000;
    options.exhausted_interval_ms = 100;
    for (const auto &row : rows) {
        const mm_wake_cover cover = {mebibytes(row.margin), mebibytes(row.other)};

        EXPECT_EQ(mm_waterline_covered_interval_ns(&options, mebibytes(row.available), &cover) / MM_NS_PER_MS,
                  row.expected_ms)
            << row.what;
    }
}

/* 900 MiB available, the nearest line at 500: at 200 MiB/s a sleep of 2 s, and of 4 where the kernel is sure to wake us. */
class Cover : public WakeSource
{
  protected:
    void SetUp() override
    {
        machine.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = true;
        WakeSource::SetUp();
        options.fill_rate_bytes_per_s = 200 * MM_MIB;
        mm_waterline_source_configure(waterline, &options);
    }
    void begin()
    {
        ASSERT_EQ(mm_usage_source_add(center, kernel, waterline, &note), 0);
        run_for(MM_NS_PER_MS);
        ASSERT_EQ(readings.size(), 1u);
    }
    uint64_t sleep_ms()
    {
        mm_waterline_status status;

        mm_waterline_source_status(waterline, &status);
        return (status.next_check_ns - readings.back().time_ns) / MM_NS_PER_MS;
    }
    /* As fast as the machine can, to 250 MiB available. */
    void fill()
    {
        ASSERT_EQ(mm_simulated_set_growth(kernel, 100, 200 * MM_MIB, 750 * MM_MIB), 0);
    }
};

TEST_F(Cover, LetsTheWatchSleepAndNoCrossingIsMissed)
{
    begin();
    EXPECT_EQ(sleep_ms(), 4000u);
    run_for(3 * MM_NS_PER_S);
    ASSERT_EQ(readings.size(), 1u) << "calm";
    fill();
    run_for(5 * MM_NS_PER_S);
    ASSERT_GE(readings.size(), 3u);
    for (uint64_t line : {500, 300}) {
        auto crossing = std::find_if(readings.begin(), readings.end(), [&](const mm_event &event) {
            return event.payload.memory.available_bytes <= line * MM_MIB;
        });

        ASSERT_NE(crossing, readings.end()) << line;
        EXPECT_GT(crossing->payload.memory.available_bytes, (line - 5) * MM_MIB);
    }
}

TEST_F(Cover, IsGoneWithTheThresholdAndTheWatchLooksAtOnce)
{
    begin();
    EXPECT_EQ(sleep_ms(), 4000u);
    run_for(MM_NS_PER_S);
    mm_simulated_fail(kernel, "take_wake", EBADF, 1);
    mm_simulated_wake(kernel, MM_WAKE_USAGE);
    run_for(MM_NS_PER_MS);
    ASSERT_EQ(readings.size(), 2u);
    EXPECT_EQ(sleep_ms(), 2000u) << "the watch alone";
    fill();
    run_for(3 * MM_NS_PER_S);
    EXPECT_LE(readings.back().payload.memory.available_bytes, 500 * MM_MIB);
}

TEST_F(Cover, IsNoneWhileTheKernelHasNotHeard)
{
    mm_simulated_fail(kernel, "move_wake", EAGAIN, 1);
    begin();
    EXPECT_EQ(sleep_ms(), 2000u);
    run_for(2 * MM_NS_PER_S);
    ASSERT_EQ(readings.size(), 2u);
    EXPECT_EQ(sleep_ms(), 4000u);
}

TEST_F(Cover, DoesNotPutOffWhatWasHinted)
{
    const auto hint = [this](const mm_event &) {
        if (readings.size() == 2)
            mm_waterline_source_hint(waterline);
    };

    begin();
    subscribe(MM_RANK_KILL_STRATEGY, mask(MM_EVENT_WATERLINE), hint);
    mm_waterline_source_check(waterline);
    ASSERT_EQ(readings.size(), 2u);
    run_for(3 * MM_NS_PER_MS);
    EXPECT_EQ(readings.size(), 3u) << "after the shortest interval";
    EXPECT_EQ(sleep_ms(), 4000u);
}

TEST_F(Cover, ANewConfigurationIsLookedAtAtOnce)
{
    begin();
    options.lines_bytes[2] = 880 * MM_MIB;
    mm_waterline_source_configure(waterline, &options);
    run_for(MM_NS_PER_MS);
    ASSERT_EQ(readings.size(), 2u);
    EXPECT_EQ(sleep_ms(), 200u);
}

} // namespace
