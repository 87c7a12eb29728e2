/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of the reclaim strategy: when, how much, how bad. */
#include "common/common.h"
#include "reclaim_strategy/reclaim_decide.h"

#include <gtest/gtest.h>

namespace
{

constexpr uint64_t MIB = MM_MIB, SECOND = MM_NS_PER_S;

const mm_avail_buffer_config SHIPPED = {800 * MIB, 750 * MIB, 850 * MIB, 200 * MIB};

TEST(SqueezeDecide, BeginsBelowTheMinimumAndGoesOnToTheHighBuffer)
{
    const struct {
        const char *what;
        uint64_t available_mib, swap_total_mib, swap_free_mib;
        bool is_enabled, is_squeezing;
        mm_squeeze_verdict expected;
    } rows[] = {
        {"plenty", 2000, 1000, 1000, true, false, MM_SQUEEZE_PLENTY},
        {"at the minimum", 750, 1000, 1000, true, false, MM_SQUEEZE_PLENTY},
        {"below the minimum", 749, 1000, 1000, true, false, MM_SQUEEZE_GO},
        {"between, not begun", 800, 1000, 1000, true, false, MM_SQUEEZE_PLENTY},
        {"between, begun", 800, 1000, 1000, true, true, MM_SQUEEZE_GO},
        {"below the high buffer, begun", 849, 1000, 1000, true, true, MM_SQUEEZE_GO},
        {"at the high buffer", 850, 1000, 1000, true, true, MM_SQUEEZE_PLENTY},
        {"at the reserve of swap", 100, 1000, 200, true, true, MM_SQUEEZE_SWAP_RESERVE},
        {"above the reserve of swap", 100, 1000, 201, true, true, MM_SQUEEZE_GO},
        {"no swap at all: there are files", 100, 0, 0, true, false, MM_SQUEEZE_GO},
        {"switched off", 100, 1000, 1000, false, true, MM_SQUEEZE_OFF},
    };

    for (const auto &row : rows) {
        mm_memory_state memory = {};

        memory.available_bytes = row.available_mib * MIB;
        memory.swap_total_bytes = row.swap_total_mib * MIB;
        memory.swap_free_bytes = row.swap_free_mib * MIB;
        EXPECT_EQ(mm_squeeze_decide(&SHIPPED, row.is_enabled, &memory, row.is_squeezing), row.expected)
            << row.what;
    }
}

TEST(SqueezeDecide, ABufferOfNothingIsOff)
{
    const mm_avail_buffer_config none = {};
    mm_memory_state memory = {};

    EXPECT_EQ(mm_squeeze_decide(&none, true, &memory, false), MM_SQUEEZE_OFF);
}

TEST(SqueezeDecide, EachVerdictHasItsWords)
{
    for (int i = MM_SQUEEZE_OFF; i <= MM_SQUEEZE_GO; i++)
        EXPECT_STRNE(mm_squeeze_verdict_text(static_cast<mm_squeeze_verdict>(i)), "unknown") << i;
    EXPECT_STREQ(mm_squeeze_verdict_text(static_cast<mm_squeeze_verdict>(99)), "unknown");
}

TEST(SqueezeAmount, IsAChunkOrLess)
{
    const struct {
        const char *what;
        uint64_t available_bytes, group_bytes, expected;
    } rows[] = {
        {"a chunk", 100 * MIB, 500 * MIB, 16 * MIB},
        {"no more than the group has", 100 * MIB, 5 * MIB, 5 * MIB},
        {"no more than is missing", 840 * MIB, 500 * MIB, 10 * MIB},
        {"at least what is worth asking", 850 * MIB - 1, 500 * MIB, MM_SQUEEZE_LEAST_BYTES},
        {"nothing is missing", 900 * MIB, 500 * MIB, MM_SQUEEZE_LEAST_BYTES},
        {"a tiny group", 850 * MIB - 1, 4096, 4096},
    };

    for (const auto &row : rows)
        EXPECT_EQ(mm_squeeze_amount(&SHIPPED, 16 * MIB, row.available_bytes, row.group_bytes), row.expected)
            << row.what;
}

TEST(SqueezeWorth, IsATenthOfWhatWasAsked)
{
    EXPECT_FALSE(mm_squeeze_is_worth_it(16 * MIB, 0, 10));
    EXPECT_FALSE(mm_squeeze_is_worth_it(1000 * 4096, 99 * 4096, 10));
    EXPECT_TRUE(mm_squeeze_is_worth_it(1000 * 4096, 100 * 4096, 10));
    EXPECT_TRUE(mm_squeeze_is_worth_it(16 * MIB, 32 * MIB, 10));
    EXPECT_FALSE(mm_squeeze_is_worth_it(10, 0, 10)) << "a small request is no excuse for nothing";
    EXPECT_FALSE(mm_squeeze_is_worth_it(1000 * 4096, 249 * 4096, 25));
    EXPECT_TRUE(mm_squeeze_is_worth_it(1000 * 4096, 250 * 4096, 25));
    EXPECT_FALSE(mm_squeeze_is_worth_it(16 * MIB, 0, 0));
}

TEST(MemoryHigh, IsAShareOfUsageWhereThatIsALimit)
{
    mm_memory_high_config config = {};

    config.is_enabled = true;
    config.share_percent = 80;
    config.min_bytes = 16 * MIB;
    EXPECT_EQ(mm_memory_high_target(&config, 100 * MIB), 80 * MIB);
    EXPECT_EQ(mm_memory_high_target(&config, 17 * MIB), 16 * MIB) << "never lower than the least";
    EXPECT_EQ(mm_memory_high_target(&config, 16 * MIB), MM_UNLIMITED);
    EXPECT_EQ(mm_memory_high_target(&config, 0), MM_UNLIMITED);
    config.share_percent = 100;
    EXPECT_EQ(mm_memory_high_target(&config, 100 * MIB), MM_UNLIMITED);
}

TEST(MemoryLevel, WorseAtOnceAndBetterFivePerCentAboveTheLine)
{
    const mm_memory_level_config config = {1024 * MIB, 800 * MIB, 700 * MIB, 600 * MIB, 5, 0, 0, 0, 0, 0};
    const struct {
        const char *what;
        uint64_t available_mib;
        mm_memory_level previous, expected;
    } rows[] = {
        {"plenty", 2000, MM_LEVEL_NONE, MM_LEVEL_NONE},
        {"just above a line", 1025, MM_LEVEL_NONE, MM_LEVEL_NONE},
        {"on a line", 1024, MM_LEVEL_NONE, MM_LEVEL_PURGEABLE},
        {"on the next", 800, MM_LEVEL_PURGEABLE, MM_LEVEL_MODERATE},
        {"several at once", 650, MM_LEVEL_NONE, MM_LEVEL_LOW},
        {"the worst", 600, MM_LEVEL_LOW, MM_LEVEL_CRITICAL},
        {"nothing left", 0, MM_LEVEL_NONE, MM_LEVEL_CRITICAL},
        {"a little better is no better", 629, MM_LEVEL_CRITICAL, MM_LEVEL_CRITICAL},
        {"five per cent better is", 631, MM_LEVEL_CRITICAL, MM_LEVEL_LOW},
        {"back above every line, barely", 1070, MM_LEVEL_PURGEABLE, MM_LEVEL_PURGEABLE},
        {"back above every line", 1076, MM_LEVEL_PURGEABLE, MM_LEVEL_NONE},
        {"much better at once", 5000, MM_LEVEL_CRITICAL, MM_LEVEL_NONE},
        {"better, and worse than another line", 720, MM_LEVEL_CRITICAL, MM_LEVEL_LOW},
    };

    mm_memory_level_config wider = config;

    wider.hysteresis_percent = 20;
    EXPECT_EQ(mm_memory_level_decide(&wider, 719 * MIB, MM_LEVEL_CRITICAL), MM_LEVEL_CRITICAL);
    EXPECT_EQ(mm_memory_level_decide(&wider, 721 * MIB, MM_LEVEL_CRITICAL), MM_LEVEL_LOW);
    for (const auto &row : rows)
        EXPECT_EQ(mm_memory_level_decide(&config, row.available_mib * MIB, row.previous), row.expected)
            << row.what;
}

TEST(PressureLevel, TheWorstSignThatIsStillHeld)
{
    mm_memory_level_config config = {};

    config.some_pressure_level = MM_LEVEL_MODERATE;
    config.full_pressure_level = MM_LEVEL_LOW;
    config.stall_level = MM_LEVEL_PURGEABLE;
    config.pressure_hold_ms = 1000;

    const struct {
        const char *what;
        mm_pressure_signs signs;
        uint64_t now_ns;
        mm_memory_level expected;
        uint64_t until_ns;
    } rows[] = {
        {"never seen", {0, 0, 0}, 1, MM_LEVEL_NONE, UINT64_MAX},
        {"never seen is not seen at 0", {0, 0, 0}, 0, MM_LEVEL_NONE, UINT64_MAX},
        {"some", {5, 0, 0}, 5, MM_LEVEL_MODERATE, SECOND + 5},
        {"full", {0, 5, 0}, 5, MM_LEVEL_LOW, SECOND + 5},
        {"both: the worse, until the first ends", {3, 5, 0}, 5, MM_LEVEL_LOW, SECOND + 3},
        {"some has ended", {3, 5, 0}, SECOND + 4, MM_LEVEL_LOW, SECOND + 5},
        {"full has ended", {5, 3, 0}, SECOND + 4, MM_LEVEL_MODERATE, SECOND + 5},
        {"held to its last moment", {5, 0, 0}, SECOND + 4, MM_LEVEL_MODERATE, SECOND + 5},
        {"a stall", {0, 0, 5}, 5, MM_LEVEL_PURGEABLE, SECOND + 5},
        {"a stall beside the worse", {0, 4, 5}, 5, MM_LEVEL_LOW, SECOND + 4},
        {"and no longer", {5, 0, 0}, SECOND + 5, MM_LEVEL_NONE, UINT64_MAX},
    };

    for (const auto &row : rows) {
        uint64_t until_ns = 0;

        EXPECT_EQ(mm_pressure_level_decide(&config, &row.signs, row.now_ns, &until_ns), row.expected)
            << row.what;
        EXPECT_EQ(until_ns, row.until_ns) << row.what;
    }
    config.some_pressure_level = MM_LEVEL_CRITICAL;
    const mm_pressure_signs both = {5, 5, 0};
    uint64_t until_ns = 0;

    EXPECT_EQ(mm_pressure_level_decide(&config, &both, 6, &until_ns), MM_LEVEL_CRITICAL)
        << "the worse of what is configured, whatever the order";
}

TEST(PressureLevel, WhichStallsAreSigns)
{
    mm_memory_level_config config = {};

    config.stall_ms = 50;

    const struct {
        mm_stall_kind kind;
        bool is_begin;
        uint64_t length_ns;
        bool expected;
    } rows[] = {
        {MM_STALL_DIRECT_RECLAIM, false, 50 * MM_NS_PER_MS, true},
        {MM_STALL_DIRECT_RECLAIM, false, 50 * MM_NS_PER_MS - 1, false},
        {MM_STALL_DIRECT_RECLAIM, true, 50 * MM_NS_PER_MS, false},
        {MM_STALL_COMPACTION, false, SECOND, true},
        {MM_STALL_THROTTLED, false, SECOND, true},
        {MM_STALL_GROUP_RECLAIM, false, SECOND, false},
        {MM_STALL_KSWAPD, false, SECOND, false},
    };

    for (const auto &row : rows) {
        mm_event_stall stall = {};

        stall.kind = row.kind;
        stall.is_begin = row.is_begin;
        stall.length_ns = row.length_ns;
        EXPECT_EQ(mm_stall_is_sign(&config, &stall), row.expected) << row.kind << " " << row.length_ns;
    }
}

} // namespace
