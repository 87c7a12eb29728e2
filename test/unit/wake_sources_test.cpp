/* SPDX-License-Identifier: Apache-2.0 */
/* The sources of the kernel's memory state over the simulated kernel. */
#include "wake_fixture.h"

#include "event_center/group_events_source.h"
#include "event_center/kswapd_source.h"
#include "event_center/limits_source.h"
#include "event_center/power_source.h"
#include "event_center/resume_source.h"
#include "event_center/swap_source.h"
#include "event_center/usage_source.h"
#include "event_center/vmpressure_source.h"

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
    EXPECT_EQ(readings.size(), 2u) << "the watch, which is alone now, has looked";
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
    EXPECT_EQ(notes, (std::vector<std::string>{"usage threshold off: the simulated machine lacks it"}));
}

/* ---- vmpressure ------------------------------------------------------------------------------------------ */

class VmpressureSource : public UsageSource
{
  protected:
    void SetUp() override
    {
        UsageSource::SetUp();
        subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_PRESSURE) | mask(MM_EVENT_WATERLINE),
                  [this](const mm_event &event) {
                      heard.push_back(event.kind == MM_EVENT_WATERLINE                  ? "waterline"
                                      : event.payload.pressure.kind == MM_PRESSURE_FULL ? "full"
                                                                                        : "some");
                      EXPECT_TRUE(event.kind == MM_EVENT_WATERLINE || event.payload.pressure.window_us == 0);
                  });
        run_for(MM_NS_PER_S);
        heard.clear();
    }
};

TEST_F(VmpressureSource, EachLevelHasTheWatchLookAndTwoOfThemArePressure)
{
    ASSERT_EQ(mm_vmpressure_source_add(center, kernel, waterline, MM_VMPRESSURE_LOCAL, &note), 0);
    EXPECT_EQ(notes, (std::vector<std::string>{"vmpressure on: 3 levels: simulated"}));
    mm_simulated_wake(kernel, MM_WAKE_VMPRESSURE);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(heard, (std::vector<std::string>{"waterline", "some", "full"}));
}

TEST_F(VmpressureSource, AStormIsLookedAtInTheWatchsIntervalsAndToldOnceASecond)
{
    ASSERT_EQ(mm_vmpressure_source_add(center, kernel, waterline, MM_VMPRESSURE_LOCAL, &note), 0);
    for (int i = 0; i < 100; i++) {
        mm_simulated_wake(kernel, MM_WAKE_VMPRESSURE);
        run_for(MM_NS_PER_MS);
    }
    EXPECT_EQ(std::count(heard.begin(), heard.end(), "some"), 1);
    EXPECT_EQ(std::count(heard.begin(), heard.end(), "full"), 1);
    EXPECT_LE(std::count(heard.begin(), heard.end(), "waterline"), 51);
    EXPECT_GE(std::count(heard.begin(), heard.end(), "waterline"), 48);
    run_for(MM_NS_PER_S);
    mm_simulated_wake(kernel, MM_WAKE_VMPRESSURE);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(std::count(heard.begin(), heard.end(), "some"), 2);
}

TEST_F(VmpressureSource, OneLevelOfThreeIsEnough)
{
    mm_simulated_fail(kernel, "open_wake", ENOSPC, 2);
    ASSERT_EQ(mm_vmpressure_source_add(center, kernel, waterline, MM_VMPRESSURE_LOCAL, &note), 0);
    EXPECT_EQ(notes, (std::vector<std::string>{"vmpressure on: 1 levels: simulated"}));
    mm_simulated_wake(kernel, MM_WAKE_VMPRESSURE);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(heard, (std::vector<std::string>{"waterline", "full"}));
}

TEST_F(VmpressureSource, WhenAllAreRefusedItSaysWhy)
{
    mm_simulated_fail(kernel, "open_wake", EPERM, 3);
    EXPECT_EQ(mm_vmpressure_source_add(center, kernel, waterline, MM_VMPRESSURE_LOCAL, &note), -EPERM);
    EXPECT_EQ(notes, (std::vector<std::string>{"vmpressure off: Operation not permitted"}));
}

TEST_F(VmpressureSource, AGroupThatIsGoneIsSaidOnceForAllLevels)
{
    ASSERT_EQ(mm_vmpressure_source_add(center, kernel, waterline, MM_VMPRESSURE_LOCAL, &note), 0);
    notes.clear();
    mm_simulated_fail(kernel, "take_wake", ENODEV, 1);
    mm_simulated_wake(kernel, MM_WAKE_VMPRESSURE);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(notes, (std::vector<std::string>{
                         "vmpressure off: the group is gone; the waterline watch goes on alone"}));
    EXPECT_EQ(mm_simulated_calls(kernel, "close_wake"), 3u);
    EXPECT_TRUE(heard.empty());
}

TEST_F(WakeSource, OnV2ThereIsNoVmpressure)
{
    EXPECT_EQ(mm_vmpressure_source_add(center, kernel, waterline, MM_VMPRESSURE_LOCAL, &note), -EOPNOTSUPP);
    EXPECT_EQ(notes, (std::vector<std::string>{"vmpressure off: the simulated machine lacks it"}));
}

/* ---- limits of groups ------------------------------------------------------------------------------------ */

/* /app may have 50 MiB; its process 200 grows from 20. */
class GroupEventsSource : public WakeSource
{
  protected:
    void SetUp() override
    {
        mm_simulated_process application = {};

        WakeSource::SetUp();
        application.pid = 200;
        application.comm = "application";
        application.group = "/app";
        application.anonymous_bytes = 20 * MM_MIB;
        ASSERT_EQ(mm_simulated_spawn(kernel, &application), 0);
        ASSERT_EQ(mm_simulated_set_group_value(kernel, "/app", MM_GROUP_MAX, 50 * MM_MIB), 0);
        subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_GROUP_MEMORY),
                  [this](const mm_event &event) { hits.push_back(event); });
        ASSERT_EQ(mm_decision_log_new(center, &log), 0);
    }
    void TearDown() override
    {
        mm_decision_log_free(log);
        WakeSource::TearDown();
    }
    int add(std::vector<const char *> paths)
    {
        return mm_group_events_source_add(center, kernel, waterline, paths.data(),
                                          static_cast<unsigned>(paths.size()), &note);
    }

    mm_decision_log *log = nullptr;
    std::vector<mm_event> hits;
};

TEST_F(GroupEventsSource, ADeathByTheGroupsOwnLimitIsAnEventAndInTheDecisionLog)
{
    ASSERT_EQ(add({"/app"}), 0);
    EXPECT_EQ(notes, (std::vector<std::string>{"limit hits on: groups watched: 1 of 1"}));
    ASSERT_EQ(mm_simulated_set_growth(kernel, 200, 100 * MM_MIB, 0), 0);
    run_for(2 * MM_NS_PER_S);
    EXPECT_FALSE(mm_simulated_is_alive(kernel, 200));
    ASSERT_EQ(hits.size(), 1u);
    EXPECT_STREQ(hits[0].payload.group_memory.path, "/app");
    EXPECT_EQ(hits[0].payload.group_memory.since.oom_kill, 1u);
    EXPECT_NE(hits[0].group_id, 0u);
    ASSERT_NE(mm_decision_log_at(log, 0), nullptr);
    EXPECT_EQ(mm_decision_log_at(log, 0)->decision.source, MM_DECISION_KERNEL);
    EXPECT_STREQ(mm_decision_log_at(log, 0)->decision.target, "/app");
    EXPECT_STREQ(mm_decision_log_at(log, 0)->decision.reason,
                 "the kernel killed 1 process in it because of its own limit");
    EXPECT_GE(readings.size(), 2u) << "the watch was made to look";
}

TEST_F(GroupEventsSource, WhatHappenedBeforeIsNotNews)
{
    ASSERT_EQ(mm_simulated_set_growth(kernel, 200, 100 * MM_MIB, 0), 0);
    run_for(2 * MM_NS_PER_S);
    ASSERT_FALSE(mm_simulated_is_alive(kernel, 200));
    ASSERT_EQ(add({"/app"}), 0);
    mm_simulated_wake(kernel, MM_WAKE_GROUP_EVENTS);
    run_for(MM_NS_PER_S);
    EXPECT_TRUE(hits.empty());
}

TEST_F(GroupEventsSource, ATellerThatDoesNotStopIsListenedToTenTimesASecond)
{
    ASSERT_EQ(add({"/app"}), 0);
    for (int i = 0; i < 1000; i++) {
        mm_simulated_wake(kernel, MM_WAKE_GROUP_EVENTS);
        run_for(MM_NS_PER_MS);
    }
    EXPECT_LE(mm_simulated_calls(kernel, "take_wake"), 11u);
    EXPECT_GE(mm_simulated_calls(kernel, "take_wake"), 9u);
    run_for(MM_NS_PER_S);
    EXPECT_GT(mm_event_center_next_deadline_ns(center), mm_event_center_now_ns(center) + MM_NS_PER_S)
        << "and nothing is left that would wake anybody";
}

TEST_F(GroupEventsSource, ARemovedGroupEndsAloneAndIsSaidOnce)
{
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/other", MM_GROUP_MAX, 50 * MM_MIB), 0);
    ASSERT_EQ(add({"/other", "/app"}), 0);
    notes.clear();
    ASSERT_EQ(mm_simulated_remove_group(kernel, "/other"), 0);
    run_for(MM_NS_PER_S);
    EXPECT_EQ(notes, (std::vector<std::string>{"limit hits on: groups watched: 1 of 2"}));
    ASSERT_EQ(mm_simulated_exit(kernel, 200), 0);
    ASSERT_EQ(mm_simulated_remove_group(kernel, "/app"), 0);
    run_for(MM_NS_PER_S);
    ASSERT_EQ(notes.size(), 2u);
    EXPECT_EQ(notes[1], "limit hits off: /app: the group is gone");
    EXPECT_TRUE(hits.empty());
}

TEST_F(GroupEventsSource, AGroupThatCannotBeReadAnyMoreIsGivenUp)
{
    ASSERT_EQ(add({"/app"}), 0);
    notes.clear();
    mm_simulated_fail(kernel, "read_group_events", ENODATA, 1);
    mm_simulated_wake(kernel, MM_WAKE_GROUP_EVENTS);
    run_for(MM_NS_PER_S);
    EXPECT_EQ(notes, (std::vector<std::string>{"limit hits off: /app: No data available"}));
}

TEST_F(GroupEventsSource, GroupsThatCannotBeWatchedAreCountedAndTheReasonReturned)
{
    ASSERT_EQ(add({"/nowhere", "/app", "/"}), 0);
    EXPECT_EQ(notes, (std::vector<std::string>{"limit hits on: groups watched: 1 of 3"}));
    notes.clear();
    EXPECT_EQ(add({"/nowhere"}), -ENOENT);
    EXPECT_EQ(notes, (std::vector<std::string>{"limit hits off: No such file or directory"}));
    EXPECT_EQ(add({}), -EINVAL);
    EXPECT_EQ(add(std::vector<const char *>(10, "/app")), -EINVAL);
}

TEST_F(GroupEventsSource, ALongPathIsCutAtItsFront)
{
    std::string path;

    for (int i = 0; i < 30; i++)
        path += "/group" + std::to_string(i);
    ASSERT_EQ(mm_simulated_move(kernel, 200, path.c_str()), 0);
    ASSERT_EQ(mm_simulated_set_group_value(kernel, path.c_str(), MM_GROUP_MAX, 50 * MM_MIB), 0);
    ASSERT_EQ(add({path.c_str()}), 0);
    ASSERT_EQ(mm_simulated_set_growth(kernel, 200, 100 * MM_MIB, 0), 0);
    run_for(2 * MM_NS_PER_S);
    ASSERT_EQ(hits.size(), 1u);
    EXPECT_EQ(hits[0].payload.group_memory.path, path.substr(path.size() - (MM_NAME_MAX - 1)));
}

/* ---- limits that are changed ------------------------------------------------------------------------------ */

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
    EXPECT_TRUE(readings.empty()) << "it may be put back";
    EXPECT_EQ(mm_simulated_calls(kernel, "take_wake"), 0u);
    run_for(2 * MM_NS_PER_MS);
    EXPECT_EQ(readings.size(), 1u);
    run_for(MM_NS_PER_S);
    EXPECT_EQ(readings.size(), 1u);
    EXPECT_EQ(mm_simulated_calls(kernel, "take_wake"), 1u);
}

TEST_F(LimitsSource, AWriterThatDoesNotStopIsListenedToAHundredTimesASecond)
{
    ASSERT_EQ(mm_limits_source_add(center, kernel, waterline, &note), 0);
    for (int i = 0; i < 1000; i++) {
        mm_simulated_wake(kernel, MM_WAKE_LIMITS);
        run_for(MM_NS_PER_MS);
    }
    EXPECT_LE(readings.size(), 101u);
    EXPECT_GE(readings.size(), 90u);
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

TEST_F(LimitsSource, WhatInotifyHasNoRoomForIsSaidWithTheNameOfTheLimit)
{
    const struct {
        int error;
        const char *said;
    } rows[] = {
        {EMFILE, "limit changes off: no inotify instance left (fs.inotify.max_user_instances); seen at the "
                 "watch's next look"},
        {ENOSPC, "limit changes off: no inotify watch left (fs.inotify.max_user_watches); seen at the "
                 "watch's next look"},
        {EACCES, "limit changes off: Permission denied; seen at the watch's next look"},
    };

    for (const auto &row : rows) {
        notes.clear();
        mm_simulated_fail(kernel, "open_wake", row.error, 1);
        EXPECT_EQ(mm_limits_source_add(center, kernel, waterline, &note), -row.error);
        EXPECT_EQ(notes, std::vector<std::string>{row.said});
    }
}

/* ---- PSI of named groups --------------------------------------------------------------------------------- */

TEST_F(GroupEventsSource, ATriggerOfANamedGroupTellsOfThatGroupAlone)
{
    const mm_pressure_trigger triggers[] = {{MM_PRESSURE_SOME, 70000, 1000000},
                                            {MM_PRESSURE_FULL, 70000, 1000000}};
    const char *paths[] = {nullptr, "/app"};
    mm_pressure_source_status status;
    unsigned own = 0, others = 0;

    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_PRESSURE), [&](const mm_event &event) {
        (event.payload.pressure.kind == MM_PRESSURE_FULL ? others : own)++;
        EXPECT_EQ(event.group_id != 0, event.payload.pressure.kind == MM_PRESSURE_FULL);
    });
    ASSERT_EQ(mm_pressure_source_add_for(center, kernel, waterline, triggers, paths, 2, &status), 0);
    EXPECT_EQ(status.armed, 2u);
    EXPECT_EQ(mm_simulated_calls(kernel, "close_group"), 1u) << "it need not stay open";
    ASSERT_EQ(mm_simulated_add_stall(kernel, nullptr, 100000, 0), 0);
    run_for(100 * MM_NS_PER_MS);
    EXPECT_EQ(own, 1u);
    EXPECT_EQ(others, 0u);
    run_for(2 * MM_NS_PER_S);
    ASSERT_EQ(mm_simulated_add_stall(kernel, "/app", 0, 100000), 0);
    run_for(100 * MM_NS_PER_MS);
    EXPECT_EQ(others, 1u);
}

TEST_F(GroupEventsSource, ATriggerOfAGroupThatIsNotThereIsRefusedAndTheOthersStand)
{
    const mm_pressure_trigger triggers[] = {{MM_PRESSURE_SOME, 70000, 1000000},
                                            {MM_PRESSURE_SOME, 70000, 1000000}};
    const char *paths[] = {"/nowhere", ""};
    mm_pressure_source_status status;

    ASSERT_EQ(mm_pressure_source_add_for(center, kernel, waterline, triggers, paths, 2, &status), 0);
    EXPECT_EQ(status.armed, 1u);
    EXPECT_EQ(status.refused, 1u);
    EXPECT_EQ(status.error, -ENOENT);
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

/* ---- swap, power, kswapd, suspend ------------------------------------------------------------------------ */

class MachineSource : public WakeSource
{
  protected:
    void SetUp() override
    {
        machine.zram_bytes = 200 * MM_MIB;
        WakeSource::SetUp();
        subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_SWAP) | mask(MM_EVENT_POWER) | mask(MM_EVENT_RESUMED),
                  [this](const mm_event &event) { told.push_back(event); });
        run_for(MM_NS_PER_S);
        readings.clear();
    }

    std::vector<mm_event> told;
};

TEST_F(MachineSource, SwapThatChangesIsReadSaidAndLookedAt)
{
    ASSERT_EQ(mm_swap_source_add(center, kernel, waterline, &note), 0);
    EXPECT_EQ(notes,
              (std::vector<std::string>{"swap changes on: 200 MiB of swap in 1 devices, 1 of them zram, "
                                        "which holds 0 B in 0 B"}));
    notes.clear();
    ASSERT_EQ(mm_simulated_set_zram(kernel, 400 * MM_MIB), 0);
    run_for(MM_NS_PER_MS);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].payload.swap.total_bytes, 400 * MM_MIB);
    ASSERT_EQ(readings.size(), 1u);
    EXPECT_EQ(readings[0].payload.memory.swap_total_bytes, 400 * MM_MIB);
    ASSERT_EQ(mm_simulated_set_zram(kernel, 0), 0);
    run_for(10 * MM_NS_PER_MS);
    EXPECT_EQ(notes.back(), "swap changes on: no swap now");
    EXPECT_EQ(told.size(), 2u);
}

TEST_F(MachineSource, SwapThatCannotBeReadIsSaidAndNoEvent)
{
    ASSERT_EQ(mm_swap_source_add(center, kernel, waterline, &note), 0);
    notes.clear();
    mm_simulated_fail(kernel, "read_swap", EINVAL, 1);
    mm_simulated_wake(kernel, MM_WAKE_SWAP);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(notes, (std::vector<std::string>{"swap changes off: swap cannot be read: Invalid argument"}));
    EXPECT_TRUE(told.empty());
    mm_simulated_wake(kernel, MM_WAKE_SWAP);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(told.size(), 1u) << "the next change may be read";
}

TEST_F(MachineSource, PowerIsToldWhenWhatFeedsTheMachineChanges)
{
    mm_power_state power = {1, false, 99};

    ASSERT_EQ(mm_power_source_add(center, kernel, &note), 0);
    EXPECT_EQ(notes,
              (std::vector<std::string>{"power supply on: on mains, charged to 100 % when that began"}));
    mm_simulated_set_power(kernel, &power);
    run_for(MM_NS_PER_MS);
    EXPECT_TRUE(told.empty()) << "a percent is no event";
    power.is_on_battery = true;
    mm_simulated_set_power(kernel, &power);
    mm_simulated_set_power(kernel, &power);
    run_for(MM_NS_PER_MS);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_TRUE(told[0].payload.power.is_on_battery);
    EXPECT_EQ(told[0].payload.power.charge_percent, 99u);
    power.is_on_battery = false;
    power.charge_percent = MM_CHARGE_UNKNOWN;
    mm_simulated_set_power(kernel, &power);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(told.size(), 2u);
    EXPECT_EQ(notes.back(), "power supply on: on mains");
}

TEST_F(MachineSource, PowerThatCannotBeReadStaysWhatItWas)
{
    mm_power_state power = {1, true, 50};

    ASSERT_EQ(mm_power_source_add(center, kernel, &note), 0);
    notes.clear();
    mm_simulated_fail(kernel, "read_power", EIO, 2);
    mm_simulated_set_power(kernel, &power);
    mm_simulated_set_power(kernel, &power);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(notes, (std::vector<std::string>{"power supply off: cannot be read: Input/output error"}));
    EXPECT_TRUE(told.empty());
    mm_simulated_set_power(kernel, &power);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(told.size(), 1u);
}

TEST_F(MachineSource, WhatTellsNothingMoreIsSaidOnce)
{
    const struct {
        std::function<int()> add;
        mm_wake_kind kind;
        const char *said;
    } rows[] = {
        {[this] { return mm_swap_source_add(center, kernel, waterline, &note); }, MM_WAKE_SWAP,
         "swap changes off: Input/output error; changes are not noticed any more"},
        {[this] { return mm_power_source_add(center, kernel, &note); }, MM_WAKE_POWER,
         "power supply off: Input/output error; what was true last is taken for true"},
        {[this] { return mm_kswapd_source_add(center, kernel, waterline, &note); }, MM_WAKE_KSWAPD,
         "kswapd monitor off: Input/output error; the waterline watch goes on alone"},
    };

    for (const auto &row : rows) {
        ASSERT_EQ(row.add(), 0) << row.said;
        notes.clear();
        mm_simulated_fail(kernel, "take_wake", EIO, 1);
        mm_simulated_wake(kernel, row.kind);
        mm_simulated_wake(kernel, row.kind);
        run_for(MM_NS_PER_MS);
        EXPECT_EQ(notes, std::vector<std::string>{row.said});
    }
    EXPECT_TRUE(told.empty());
}

TEST_F(MachineSource, KswapdHasTheWatchLook)
{
    ASSERT_EQ(mm_kswapd_source_add(center, kernel, waterline, &note), 0);
    mm_simulated_wake(kernel, MM_WAKE_KSWAPD);
    run_for(MM_NS_PER_MS);
    EXPECT_EQ(readings.size(), 1u);
    for (int i = 0; i < 100; i++) {
        mm_simulated_wake(kernel, MM_WAKE_KSWAPD);
        run_for(MM_NS_PER_MS / 10);
    }
    EXPECT_LE(readings.size(), 7u) << "in the watch's intervals";
}

TEST_F(MachineSource, ASuspendIsToldOnceAndMemoryLookedAtFirst)
{
    mm_resume_source *source = nullptr;
    uint64_t deadline_ns;

    mm_simulated_suspend(kernel, 5 * MM_NS_PER_S); /* before we were there */
    ASSERT_EQ(mm_resume_source_add(center, kernel, waterline, &note, &source), 0);
    mm_resume_source_check(source);
    EXPECT_TRUE(told.empty());
    deadline_ns = mm_event_center_next_deadline_ns(center);
    mm_simulated_suspend(kernel, 3600 * MM_NS_PER_S);
    EXPECT_EQ(mm_event_center_next_deadline_ns(center), deadline_ns) << "no timer has run on";
    EXPECT_LT(mm_event_center_now_ns(center), deadline_ns);
    mm_resume_source_check(source);
    mm_resume_source_check(source);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].payload.resumed.suspended_ns, 3600 * MM_NS_PER_S);
    EXPECT_EQ(readings.size(), 1u);
    mm_simulated_suspend(kernel, 99 * MM_NS_PER_MS);
    mm_resume_source_check(source);
    EXPECT_EQ(told.size(), 1u) << "a doze";
    mm_simulated_suspend(kernel, MM_NS_PER_MS);
    mm_resume_source_check(source);
    EXPECT_EQ(told.size(), 2u) << "dozes add up";
}

TEST_F(MachineSource, TheLoopAsksAtEachWakeUp)
{
    mm_resume_source *source = nullptr;

    ASSERT_EQ(mm_resume_source_add(center, kernel, waterline, &note, &source), 0);
    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_RESUMED),
              [this](const mm_event &) { mm_event_center_stop(center); });
    mm_simulated_suspend(kernel, MM_NS_PER_S);
    /* the clock of the machine stands still, so the timer descriptor, which is real, is what wakes the loop */
    ASSERT_EQ(mm_event_center_run(center), 0);
    EXPECT_EQ(told.size(), 1u);
}

/* What such a machine says, and that it says it in status. */
class BareMachine : public MachineSource
{
  protected:
    void SetUp() override
    {
        for (mm_feature_id id : {MM_FEATURE_SWAP_EVENTS, MM_FEATURE_POWER_SUPPLY, MM_FEATURE_KSWAPD_MONITOR})
            machine.lacks[id] = true;
        MachineSource::SetUp();
    }
};

TEST_F(BareMachine, SaysWhatItLacks)
{
    EXPECT_EQ(mm_swap_source_add(center, kernel, waterline, &note), -EOPNOTSUPP);
    EXPECT_EQ(mm_power_source_add(center, kernel, &note), -EOPNOTSUPP);
    EXPECT_EQ(mm_kswapd_source_add(center, kernel, waterline, &note), -EOPNOTSUPP);
    EXPECT_EQ(notes, (std::vector<std::string>{"swap changes off: the simulated machine lacks it",
                                               "power supply off: the simulated machine lacks it",
                                               "kswapd monitor off: the simulated machine lacks it"}));
}

TEST_F(MachineSource, WhatTheKernelRefusesIsSaid)
{
    mm_simulated_fail(kernel, "open_wake", EMFILE, 3);
    EXPECT_EQ(mm_swap_source_add(center, kernel, waterline, &note), -EMFILE);
    EXPECT_EQ(mm_power_source_add(center, kernel, &note), -EMFILE);
    EXPECT_EQ(mm_kswapd_source_add(center, kernel, waterline, &note), -EMFILE);
    EXPECT_EQ(notes, (std::vector<std::string>{"swap changes off: Too many open files",
                                               "power supply off: Too many open files",
                                               "kswapd monitor off: Too many open files"}));
}

} // namespace
