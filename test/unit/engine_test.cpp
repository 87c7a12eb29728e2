/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as a whole: storms with and without squeezing, calm, reload, restart. */
#include "engine_fixture.h"

#include <errno.h>
#include <unistd.h>

namespace
{

/* Eight applications in the background with memory that can be compressed, one in front, and a hog. */
class Engine : public EngineTest
{
  protected:
    void storm(bool is_squeezing)
    {
        end();
        machine.zram_bytes = 1024 * MIB;
        machine.reclaim_bytes_per_s = 1000 * MIB;
        machine.exit_bytes_per_s = 4000 * MIB;
        config->squeeze.is_enabled = is_squeezing;
        begin();
        for (pid_t pid = 1010; pid < 1090; pid += 10)
            add_application(pid, 400, 100 * MIB, "background " + std::to_string(pid),
                            ("/app/" + std::to_string(pid)).c_str(), 10);
        add_application(1090, 0, 100 * MIB, "foreground", "/app/foreground", 10);
        let_hog_grow(900 * MIB, 50 * MIB);
        run_for(60 * SECOND);
        EXPECT_TRUE(is_alive(1090));
        EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 0u);
        EXPECT_GE(available(), 500 * MIB);
        expect_at_rest();
    }
};

TEST_F(Engine, TheSameStormKillsFewerWithSqueezingThanWithout)
{
    size_t without, with;

    storm(false);
    without = killed().size();
    storm(true);
    with = killed().size();
    EXPECT_GE(without, 3u);
    EXPECT_LT(with, without);
}

TEST_F(Engine, SqueezingBeginsBeforeAnybodyDies)
{
    uint64_t first_squeeze_ns = 0;
    uint64_t first_kill_ns = 0;

    machine.zram_bytes = 300 * MIB; /* soon used up */
    machine.reclaim_bytes_per_s = 1000 * MIB;
    config->squeeze.is_enabled = true;
    begin();
    on_event = [&](const mm_event &event) {
        if (event.kind != MM_EVENT_DECISION || !event.payload.decision.acted)
            return;
        if (strcmp(event.payload.decision.action, "squeeze") == 0 && first_squeeze_ns == 0)
            first_squeeze_ns = event.time_ns;
        if (strcmp(event.payload.decision.action, "kill") == 0 && first_kill_ns == 0)
            first_kill_ns = event.time_ns;
    };
    add_application(1010, 400, 200 * MIB, "one", "/app/one");
    add_application(1020, 400, 200 * MIB, "two", "/app/two");
    let_hog_grow(1500 * MIB);
    run_for(20 * SECOND);
    EXPECT_GT(first_squeeze_ns, 0u);
    EXPECT_GT(first_kill_ns, first_squeeze_ns);
}

TEST_F(Engine, AnHourOfCalmIsNearlySilent)
{
    mm_waterline_status waterline;
    uint64_t turns = 0;

    begin();
    for (pid_t pid = 1010; pid < 1100; pid += 10)
        add_application(pid, 400, 20 * MIB, std::to_string(pid));
    run_for(60 * SECOND);
    mm_waterline_source_status(engine->waterline, &waterline);
    uint64_t checks = waterline.checks;
    after_step = [&] { turns++; };
    run_for(3600 * SECOND);
    mm_waterline_source_status(engine->waterline, &waterline);
    /* the fill rate of the fixture is 400 MiB/s: 844 MiB above the nearest line are 2.1 s */
    EXPECT_LE(waterline.checks - checks, 3600u / 2);
    EXPECT_LE(turns, waterline.checks - checks + 3600u / 180 * 3)
        << "besides a look for dead processes every 180 s";
    EXPECT_EQ(counts[MM_EVENT_KILL_BEGIN], 0u);
    EXPECT_LE(decisions().size(), 4u) << "what is left alone again and again is one entry";
}

TEST_F(Engine, WithPlentyOfMemoryItWakesTenTimesAMinuteAtMost)
{
    uint64_t turns = 0;

    machine.ram_bytes = 24 * MM_GIB;
    begin();
    run_for(60 * SECOND);
    after_step = [&] { turns++; };
    run_for(3600 * SECOND);
    EXPECT_LE(turns, 360u + 3600u / 180 * 3 + 1);
}

/* Their graces end one by one over ten seconds; the loop, which sleeps until the last moment, wakes once for many. */
TEST_F(Engine, AThousandApplicationsThatStartedOneByOneDoNotWakeItOneByOne)
{
    unsigned turns = 0;

    machine.ram_bytes = 24 * MM_GIB;
    begin();
    for (pid_t pid = 1000; pid < 2000; pid++) {
        spawn(pid, MIB);
        report(pid, MM_REASON_CREATE_PROCESS, std::to_string(pid));
        run_for(10 * MILLISECOND);
    }
    EXPECT_EQ(priority_of(1999), 0);
    for (uint64_t end_ns = now_ns() + 30 * SECOND; now_ns() < end_ns; turns++) {
        uint64_t wake_ns = std::min(mm_event_center_next_wake_ns(engine->center), end_ns);

        mm_simulated_advance(kernel, wake_ns - now_ns());
        step();
    }
    EXPECT_EQ(priority_of(1000), 400);
    EXPECT_EQ(priority_of(1999), 400);
    EXPECT_LE(turns, 30u);
}

TEST_F(Engine, PressureWakesItWhereTheWatchSleeps)
{
    config->pressure_trigger_count = 1;
    config->pressure_triggers[0].stall_us = 70000;
    config->pressure_triggers[0].window_us = 1000000;
    config->waterline_watch.is_enabled = false;
    begin_with_six();
    ASSERT_TRUE(engine->has_pressure_triggers);
    fill_until(450 * MIB);
    run_for(5 * SECOND);
    EXPECT_TRUE(killed().empty()) << "nobody looks, and nothing stalls";
    ASSERT_EQ(mm_simulated_add_stall(kernel, nullptr, 100000, 0), 0);
    run_for(SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"800"}));
}

TEST_F(Engine, AStallWakesItWhereTheWatchSleeps)
{
    mm_event stall = {};

    config->waterline_watch.is_enabled = false;
    begin_with_six();
    fill_until(450 * MIB);
    stall.kind = MM_EVENT_STALL;
    stall.payload.stall.is_begin = true;
    mm_event_center_publish(engine->center, &stall);
    run_for(SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"800"}));
}

TEST_F(Engine, WithoutPressureTheWatchDoesItAlone)
{
    config->pressure_trigger_count = 1;
    config->pressure_triggers[0].stall_us = 70000;
    config->pressure_triggers[0].window_us = 1000000;
    machine.lacks[MM_FEATURE_PRESSURE] = true;
    begin_with_six();
    EXPECT_FALSE(engine->has_pressure_triggers);
    EXPECT_LT(engine->pressure_error, 0);
    press(); /* the applications were there faster than the watch was told */
    let_hog_grow(1850 * MIB, 400 * MIB);
    run_for(10 * SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"800", "400", "260", "200", "100", "0"}));
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 0u);
    /* the hog is as fast as the watch was told: each line is seen within the shortest interval */
    for (const mm_kill_record &record : records())
        EXPECT_GE(record.available_before_bytes + 4 * 400 * MIB / 1000 * 2, record.level.memory_bytes)
            << record.name;
}

/* Looked for as often as configured: a slower scan finds it later. */
TEST_F(Engine, ProcessesThatNobodyReportedAreLookedForAsOftenAsConfigured)
{
    for (uint64_t interval_ms : {100, 5000}) {
        unsigned calls;

        end();
        config->kill.unregistered_scan_ms = interval_ms;
        config->waterline_watch.max_interval_ms = 20;
        begin();
        fill_until(560 * MIB);
        run_for(2 * SECOND);
        calls = mm_simulated_calls(kernel, "scan_processes");
        run_for(10 * SECOND);
        calls = mm_simulated_calls(kernel, "scan_processes") - calls;
        EXPECT_GE(calls, 10000 / interval_ms * 7 / 10) << interval_ms;
        EXPECT_LE(calls, 10000 / interval_ms + 1) << interval_ms;
    }
}

TEST_F(Engine, ProcessesAreLookedForOnceMoreWhenTheDeviceHasStartedUp)
{
    mm_event event = {};
    unsigned calls;

    begin();
    run_for(SECOND);
    calls = mm_simulated_calls(kernel, "scan_processes");
    event.kind = MM_EVENT_DEVICE;
    event.payload.device.change = MM_DEVICE_SCREEN_OFF;
    mm_event_center_publish(engine->center, &event);
    run_for(SECOND);
    EXPECT_EQ(mm_simulated_calls(kernel, "scan_processes"), calls);
    event.payload.device.change = MM_DEVICE_BOOT_COMPLETED;
    mm_event_center_publish(engine->center, &event);
    run_for(SECOND);
    EXPECT_GT(mm_simulated_calls(kernel, "scan_processes"), calls);
}

/* ---- process rules ---------------------------------------------------------------------------------------- */

static void match(mm_event_center *center, pid_t pid, const char *rule, int priority, uint64_t bundle_key = 0)
{
    mm_event event = {};

    event.kind = MM_EVENT_PROCESS_MATCHED;
    event.pid = pid;
    event.payload.match.has_rule = true;
    event.payload.match.priority = static_cast<int16_t>(priority);
    event.payload.match.bundle_key = bundle_key;
    mm_copy_text(event.payload.match.rule, sizeof(event.payload.match.rule), rule);
    mm_copy_text(event.payload.match.bundle, sizeof(event.payload.match.bundle), rule);
    mm_event_center_publish(center, &event);
}

/* All are 0 by their oom_score_adj, which under the policy as built in is nobody's death; the heaviest is protected, and
   the kill table reaches down to -1000. */
TEST_F(Engine, RulesSayWhoMayDieAndWhoNever)
{
    config->kill.levels[0].min_priority = -1000;
    begin();
    spawn(1001, 300 * MIB);
    spawn(1002, 200 * MIB);
    spawn(1003, 150 * MIB);
    ASSERT_EQ(mm_priority_manager_scan(engine->manager), 0);
    match(engine->center, 1001, "display server", -1000);
    match(engine->center, 1002, "builds", 800);
    fill_until(20 * MIB);
    run_for(10 * SECOND);
    EXPECT_TRUE(is_alive(1001)) << "protected";
    EXPECT_FALSE(is_alive(1002)) << "put above 0 by a rule";
    EXPECT_NE(strstr(mm_kill_strategy_record(engine->kill, 0)->reason,
                     "; process of rule \"builds\" at 800 is the least important"),
              nullptr)
        << mm_kill_strategy_record(engine->kill, 0)->reason;
    EXPECT_TRUE(is_alive(1003)) << "nobody put it above 0";
    match(engine->center, 1003, "tabs", 400);
    fill_until(20 * MIB, 9998);
    run_for(10 * SECOND);
    EXPECT_FALSE(is_alive(1003));
    EXPECT_TRUE(is_alive(1001));
}

/* None of them is worth a kill by itself, and the one that gives the bundle its place is not the heaviest. */
TEST_F(Engine, ProcessesOfOneBundleByARuleDieTogether)
{
    config->kill.unregistered_min_bytes = 250 * MIB;
    begin();
    spawn(1001, 120 * MIB);
    spawn(1002, 100 * MIB);
    spawn(1003, 80 * MIB);
    spawn(1004, 200 * MIB);
    ASSERT_EQ(mm_priority_manager_scan(engine->manager), 0);
    match(engine->center, 1001, "builds", 900, 7);
    match(engine->center, 1002, "builds", 800, 7);
    match(engine->center, 1003, "builds", 850, 7);
    match(engine->center, 1004, "builds", 800); /* the same rule and name, but not of the bundle */
    fill_until(20 * MIB);
    run_for(10 * SECOND);
    for (pid_t pid = 1001; pid < 1004; pid++)
        EXPECT_FALSE(is_alive(pid)) << pid;
    EXPECT_TRUE(is_alive(1004)) << "too small by itself";
    const mm_kill_record *record = mm_kill_strategy_record(engine->kill, 0);
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->process_count, 3U);
    EXPECT_EQ(record->pid, 1001);
    EXPECT_STREQ(record->name, "builds");
    EXPECT_NE(strstr(record->reason, "; bundle of rule \"builds\" at 800 is the least important"), nullptr)
        << record->reason;
    EXPECT_EQ(mm_kill_strategy_record(engine->kill, 1), nullptr);
}

TEST_F(Engine, ABundleByARuleLivesWithOneThatIsNeverKilled)
{
    config->kill.levels[0].min_priority = -1000;
    config->kill.unregistered_policy = MM_UNREGISTERED_ANY;
    begin();
    spawn(1001, 200 * MIB);
    spawn(1002, 100 * MIB);
    ASSERT_EQ(mm_priority_manager_scan(engine->manager), 0);
    match(engine->center, 1001, "builds", 900, 7);
    match(engine->center, 1002, "builds", -1000, 7);
    fill_until(20 * MIB);
    run_for(10 * SECOND);
    EXPECT_TRUE(is_alive(1001));
    EXPECT_TRUE(is_alive(1002));
    match(engine->center, 1002, "builds", 900, 7);
    fill_until(10 * MIB, 9998);
    run_for(10 * SECOND);
    EXPECT_FALSE(is_alive(1001));
    EXPECT_FALSE(is_alive(1002));
}

TEST_F(Engine, ThePolicyNeverIsAboveRules)
{
    config->kill.unregistered_policy = MM_UNREGISTERED_NEVER;
    begin();
    spawn(1002, 200 * MIB);
    ASSERT_EQ(mm_priority_manager_scan(engine->manager), 0);
    match(engine->center, 1002, "builds", 800);
    fill_until(20 * MIB);
    run_for(10 * SECOND);
    EXPECT_TRUE(is_alive(1002));
}

/* ---- reload --------------------------------------------------------------------------------------------- */

TEST_F(Engine, AHogThatNobodyReportsIsFoundThoughItCameWhenMemoryWasShort)
{
    mm_simulated_process hog = process(HOG, MIB);

    begin();
    add_application(1050, 400, 150 * MIB, "400");
    fill_until(560 * MIB); /* below every level that clients are told */
    run_for(2 * SECOND);
    hog.oom_score_adj = 350;
    hog.growth_bytes_per_s = 100 * MIB;
    hog.growth_limit_bytes = 2048 * MIB;
    spawn(hog);
    run_for(10 * SECOND);
    EXPECT_FALSE(is_alive(1050)) << "below 500 MB";
    EXPECT_FALSE(is_alive(HOG)) << "below 400 MB";
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 0u);
}

/* Ten thousand processes take a tenth of a second to look at. What memory does meanwhile is seen in time. */
TEST_F(Engine, AWaterlineThatIsCrossedDuringAScanIsSeenInTime)
{
    unsigned looks;

    machine.scan_ns = 10700 * 5; /* of a fifth of them */
    config->memory_level.critical_bytes = 505 * MIB;
    make_machine();
    for (pid_t pid = 20000; pid < 22000; pid++)
        spawn(pid, 4096);
    start();
    for (pid_t pid = 1010; pid < 1050; pid += 10)
        add_application(pid, 400, 100 * MIB, std::to_string(pid));
    crowd(540 * MIB);
    run_for(5 * SECOND);
    looks = mm_simulated_calls(kernel, "scan_process");
    let_hog_grow(400 * MIB);
    ASSERT_TRUE(run_until_true(5 * SECOND, [&] { return !records().empty(); }));
    looks = mm_simulated_calls(kernel, "scan_process") - looks;
    EXPECT_GT(looks, 100u) << "a scan had begun";
    EXPECT_LT(looks, 2000u) << "and was not over";
    EXPECT_GE(records()[0].available_before_bytes, 500 * MIB - 200 * MIB * 20 / 1000);
}

TEST_F(Engine, AReloadTakesEffectBetweenTwoEvents)
{
    mm_config *other = test_config();

    begin_with_six();
    crowd(550 * MIB);
    run_for(SECOND);
    EXPECT_TRUE(killed().empty());
    other->kill.levels[other->kill.level_count - 1].memory_bytes = 600 * MIB;
    config = other;
    mm_engine_set_config(engine, other);
    run_for(100 * MILLISECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"800"})) << "the new lines are looked at in the next turn";
    EXPECT_TRUE(was_decided("configure", "the new configuration is in force"));
    EXPECT_EQ(counts[MM_EVENT_CONFIG], 1u);
}

/* As a handler of a RELOAD event does: strategies may hold the old one until they have heard of the new one. */
TEST_F(Engine, AReloadWithinAnEventLeavesTheOldConfigurationUntilAllHaveHeard)
{
    std::vector<mm_event_kind> heard;

    begin_with_six();
    on_event = [&](const mm_event &event) {
        if (event.kind == MM_EVENT_RELOAD) {
            press(); /* is heard before the new configuration, with the old one */
            for (int i = 0; i < 3; i++) {
                config = test_config();
                mm_engine_set_config(engine, config);
            }
            press();
        }
        if (event.kind == MM_EVENT_WATERLINE || event.kind == MM_EVENT_CONFIG)
            heard.push_back(event.kind);
    };
    mm_event reload = {};
    reload.kind = MM_EVENT_RELOAD;
    mm_event_center_publish(engine->center, &reload);
    EXPECT_EQ(heard, (std::vector<mm_event_kind>{MM_EVENT_WATERLINE, MM_EVENT_CONFIG, MM_EVENT_CONFIG,
                                                 MM_EVENT_CONFIG, MM_EVENT_WATERLINE}));
    crowd(450 * MIB);
    run_for(SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"800"}));
}

/* Somebody who hears the event earlier switches the rows: who hears it later decides by those it began with. */
TEST_F(Engine, RowsDoNotSwitchWithinADecision)
{
    begin_with_six();
    std::function<void()> switch_rows = [this] {
        config = test_config();
        for (size_t i = 0; i < config->kill.level_count; i++)
            config->kill.levels[i] = {(i + 1) * MIB, static_cast<int>(i)};
        mm_engine_set_config(engine, config);
    };
    auto hear_first = [](const mm_event *, void *user) { (*static_cast<std::function<void()> *>(user))(); };
    ASSERT_EQ(mm_event_center_subscribe(engine->center, MM_RANK_PRIORITY_MANAGER, 1u << MM_EVENT_WATERLINE,
                                        hear_first, &switch_rows),
              0);
    crowd(450 * MIB);
    ASSERT_EQ(records().size(), 1u);
    EXPECT_EQ(records()[0].level.memory_bytes, 500 * MIB) << "the row of the rows it began with";
    mm_event_center_unsubscribe(engine->center, hear_first, &switch_rows);
    run_for(10 * SECOND);
    fill_until(300 * MIB, 9998);
    press();
    run_for(10 * SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"800"})) << "no row of the new ones is above 5 MB";
    expect_at_rest();
}

/* A kill that is under way ends by the row that began it, the next one is begun by the new rows; what was learnt
   about processes stays. */
TEST_F(Engine, AReloadAmidAKillNeitherEndsItNorForgets)
{
    begin_with_six(100);
    crowd(450 * MIB);
    ASSERT_TRUE(is_killing());
    for (int i = 0; i < 100; i++) {
        config = test_config();
        for (size_t k = 0; k < config->kill.level_count; k++)
            config->kill.levels[k].memory_bytes = (k + 1) * 10 * MIB;
        mm_engine_set_config(engine, config);
    }
    EXPECT_TRUE(is_killing());
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"800"}));
    EXPECT_EQ(records()[0].outcome, MM_KILL_RECOVERED);
    expect_at_rest();
    EXPECT_EQ(priority_of(1050), 400) << "the list is what it was";
    crowd(45 * MIB, 9998);
    run_for(SECOND);
    ASSERT_GE(records().size(), 2u);
    EXPECT_EQ(records()[1].level.memory_bytes, 50 * MIB);
    EXPECT_EQ(counts[MM_EVENT_CONFIG], 100u);
}

TEST_F(Engine, AReloadCanSwitchTheWatchOffAndOnAgain)
{
    mm_waterline_status before, after;
    mm_config *off = test_config();

    begin();
    off->waterline_watch.is_enabled = false;
    config = off;
    mm_engine_set_config(engine, off);
    run_for(SECOND);
    mm_waterline_source_status(engine->waterline, &before);
    run_for(100 * SECOND);
    mm_waterline_source_status(engine->waterline, &after);
    EXPECT_EQ(after.checks, before.checks);
    config = test_config();
    mm_engine_set_config(engine, config);
    run_for(100 * SECOND);
    mm_waterline_source_status(engine->waterline, &after);
    EXPECT_GE(after.checks, before.checks + 10);
}

/* ---- restart -------------------------------------------------------------------------------------------- */

TEST_F(Engine, KilledInMidStormTheNextOneGoesOn)
{
    begin_with_six(100);
    crowd(150 * MIB);
    ASSERT_TRUE(is_killing());
    /* the daemon is gone without a word, and comes back */
    mm_simulated_halt_after(kernel, 1);
    mm_engine_free(engine, 0);
    engine = nullptr;
    mm_simulated_crash(kernel);
    config = test_config();
    std::fill(std::begin(counts), std::end(counts), 0);
    start();
    EXPECT_EQ(priority_of(1050), 400) << "from the oom_score_adj that the first one wrote";
    report(1010, MM_REASON_FOREGROUND, "0"); /* its client registers again */
    run_for(5 * SECOND);
    EXPECT_GE(available(), 250 * MIB);
    EXPECT_TRUE(is_alive(1010));
    EXPECT_FALSE(is_alive(1060));
    expect_at_rest();
}

/* Which is when it matters most that nobody is forgotten. */
TEST_F(Engine, StoppedInMidStormItLeavesWhatWasReportedToTheNextOne)
{
    begin_with_six(100);
    crowd(150 * MIB);
    ASSERT_TRUE(is_killing());
    ASSERT_EQ(mm_engine_stop(engine, 100), 0);
    mm_engine_free(engine, 0);
    engine = nullptr;
    config = test_config();
    std::fill(std::begin(counts), std::end(counts), 0);
    start();
    EXPECT_GE(mm_priority_manager_saved(engine->manager)->processes, 5u);
    run_for(5 * SECOND);
    expect_at_rest();
}

TEST_F(Engine, LimitsOfACrashedOneAreGivenBackBeforeAnythingElse)
{
    config->memory_high.is_enabled = true;
    begin();
    add_application(1030, 800, 100 * MIB, "application", "/app/application");
    run_for(2 * SECOND);
    ASSERT_EQ(mm_simulated_group_value(kernel, "/app/application", MM_GROUP_HIGH), 80 * MIB);
    mm_simulated_halt_after(kernel, 1);
    mm_engine_free(engine, 0);
    engine = nullptr;
    mm_simulated_crash(kernel);
    EXPECT_EQ(mm_simulated_group_value(kernel, "/app/application", MM_GROUP_HIGH), 80 * MIB);
    config = test_config();
    ASSERT_EQ(mm_engine_new(kernel, config, 1, &engine), 0);
    EXPECT_EQ(mm_simulated_group_value(kernel, "/app/application", MM_GROUP_HIGH), MM_UNLIMITED);
    EXPECT_TRUE(was_decided("restore", "the old value is back"));
}

TEST_F(Engine, WhoBeginsFarBackOnTheListIsLimitedThoughItNeverMoved)
{
    config->memory_high.is_enabled = true;
    config->memory_high.min_priority = 400;
    make_machine();
    spawn([this] {
        mm_simulated_process found = process(1040, 50 * MIB, "/app/found");

        found.oom_score_adj = 700;
        return found;
    }());
    start();
    spawn(1030, 100 * MIB, "/app/application");
    report(1030, MM_REASON_BACKGROUND, "application");
    run_for(2 * SECOND);
    EXPECT_EQ(mm_simulated_group_value(kernel, "/app/application", MM_GROUP_HIGH), 80 * MIB);
    EXPECT_EQ(mm_simulated_group_value(kernel, "/app/found", MM_GROUP_HIGH), 40 * MIB);
}

TEST_F(Engine, APartThatCannotBeMadeLeavesNothing)
{
    for (const char *operation : {"map_state", "scan_processes"}) {
        end();
        make_machine();
        mm_simulated_fail(kernel, operation, EIO, 1);
        if (mm_engine_new(kernel, config, 0, &engine) < 0) {
            EXPECT_EQ(engine, nullptr);
            config = test_config(); /* it was the engine's */
            continue;
        }
        EXPECT_EQ(mm_engine_start(engine), -EIO) << operation;
    }
}

/* ---- figures -------------------------------------------------------------------------------------------- */

TEST(FillRate, IsMeasuredAndPlausible)
{
    uint64_t bytes_per_s = mm_measure_fill_rate();

    EXPECT_GT(bytes_per_s, 50 * MIB) << "a machine slower than this does not run these tests";
    EXPECT_LT(bytes_per_s, 4096 * MM_GIB);
}

/* ---- what else wakes it ----------------------------------------------------------------------------------- */

} // namespace
