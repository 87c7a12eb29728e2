/* SPDX-License-Identifier: Apache-2.0 */
/*
 * priorityCompat upstream: what the reference 1.3, 1.4 and 4.1 say beside the tables of its part 5 (those are in
 * priority_manager_test and priority_reference_test, in both modes).
 */
#include "priority_upstream_world.h"

#include <algorithm>

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "kill_strategy/candidates.h"
#pragma GCC diagnostic pop

namespace
{

TEST_F(Upstream, AResidentsBundleHearsNothingButTheDeadCheck)
{
    set_residents({kBundle});
    publish_config();
    create({1000});
    for (mm_application_reason reason :
         {MM_REASON_PROCESS_READY, MM_REASON_BACKGROUND, MM_REASON_FOREGROUND, MM_REASON_APPLICATION_SUSPEND,
          MM_REASON_ABILITY_START, MM_REASON_BIND_EXTENSION, MM_REASON_PROCESS_TERMINATED}) {
        report(reason, {1000});
        EXPECT_EQ(priority(1000), -800) << mm_application_reason_name(reason);
    }
    advance_s(16);
    EXPECT_EQ(priority(1000), -800);
    ASSERT_EQ(mm_simulated_exit(kernel, 1000), 0);
    report(MM_REASON_PROCESS_TERMINATED, {1000});
    advance_s(160);
    EXPECT_TRUE(is_known(1000));
    advance_s(5);
    EXPECT_FALSE(is_known(1000));
    EXPECT_EQ(counters().bundles, 0U);
}

TEST_F(Upstream, ABundleBelow0IsNotComputed)
{
    set_important("helper", -500);
    publish_config();
    create({1000, kUid, kBundle, "helper"});
    create({1001, kUid, kBundle, "main"});
    for (mm_application_reason reason : {MM_REASON_BACKGROUND, MM_REASON_VISIBLE, MM_REASON_PROCESS_READY}) {
        report(reason, {1001});
        EXPECT_EQ(priority(1001), 0) << mm_application_reason_name(reason);
    }
    EXPECT_EQ(why(1001), "0 new; events do not move it, its bundle being at -500; its bundle at -500 by 1000 "
                         "(important)");
    advance_s(16);
    EXPECT_EQ(priority(1001), 0);
    /* Suspended it is all the same. */
    report(MM_REASON_APPLICATION_SUSPEND, {1001});
    EXPECT_EQ(priority(1000), 800);
    EXPECT_EQ(bundle_priority(1000), 800);
    report(MM_REASON_PROCESS_READY, {1000});
    EXPECT_EQ(priority(1000), -500);
    EXPECT_EQ(priority(1001), 800);
}

TEST_F(Upstream, TheDeadCheckLeavesTheBundlesNumber)
{
    create({1000});
    create({1001});
    report(MM_REASON_FOREGROUND, {1000});
    report(MM_REASON_BACKGROUND, {1001});
    advance_s(20);
    ASSERT_EQ(mm_simulated_exit(kernel, 1000), 0);
    advance_s(165);
    EXPECT_FALSE(is_known(1000));
    EXPECT_EQ(bundle_priority(1001), 0);
    EXPECT_EQ(why(1001), "400 background; its bundle at 0 by another process");
    report(MM_REASON_PROCESS_READY, {1001});
    EXPECT_EQ(bundle_priority(1001), 400);
}

TEST_F(Upstream, AnEndCountsTheBundleAnew)
{
    for (bool is_by_kernel : {false, true}) {
        create({1000});
        create({1001});
        report(MM_REASON_BACKGROUND, {1001});
        ASSERT_EQ(mm_simulated_exit(kernel, 1000), 0);
        if (is_by_kernel)
            publish(MM_EVENT_PROCESS_EXITED, 1000);
        else
            report(MM_REASON_PROCESS_TERMINATED, {1000});
        EXPECT_EQ(bundle_priority(1001), 400) << is_by_kernel;
        EXPECT_EQ(counters().registered_processes, 1U);
    }
}

TEST_F(Upstream, TheDeadCheckComesMoreOftenToManyBundles)
{
    for (pid_t pid = 2000; pid < 4001; pid++)
        create(application(pid));
    advance_s(182);
    ASSERT_EQ(mm_simulated_exit(kernel, 2000), 0);
    advance_s(12);
    EXPECT_FALSE(is_known(2000));
    ASSERT_EQ(mm_simulated_exit(kernel, 2001), 0);
    advance_s(12);
    EXPECT_TRUE(is_known(2001)) << "2000 are not more than 2000";
    advance_s(170);
    EXPECT_FALSE(is_known(2001));
}

TEST_F(Upstream, ABundleIsAUid)
{
    create({1000, kUid, "com.example.one"});
    create({1001, kUid, "com.example.two"});
    EXPECT_EQ(mm_priority_manager_find(manager, 1000)->bundle,
              mm_priority_manager_find(manager, 1001)->bundle);
    EXPECT_STREQ(mm_priority_manager_find(manager, 1001)->bundle->name, "com.example.one");
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(bundle_priority(1000), 0);
    report(MM_REASON_BACKGROUND, {1001});
    EXPECT_EQ(bundle_priority(1000), 400);
}

TEST_F(Upstream, TheAccountIsTheUidsWhateverIsStated)
{
    Application stated = application(1000);

    stated.account = 7;
    create(stated);
    EXPECT_EQ(mm_bundle_account_id(mm_priority_manager_find(manager, 1000)->bundle), 100);
    EXPECT_EQ(counters().refused_events, 0U);
}

TEST_F(Upstream, TheWholeBundleIsWrittenAtEachEvent)
{
    uint64_t writes;

    create({1000});
    create({1001});
    report(MM_REASON_BACKGROUND, {1000});
    report(MM_REASON_BACKGROUND, {1001});
    write_file(1001, 17);
    publish(MM_EVENT_OOM_SCORE_ADJ, 1001, 17);
    writes = counters().oom_score_adj_writes;
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(file(1001), 400) << "over what somebody else wrote";
    EXPECT_EQ(counters().oom_score_adj_writes, writes + 2);
    write_file(1001, 17);
    report(MM_REASON_CREATE_PROCESS, {1000});
    EXPECT_EQ(file(1001), 400) << "created once more it is what it was, and written";
    EXPECT_EQ(priority(1000), 400);
}

/* A start on an event's clock of whole seconds. */
TEST_F(Upstream, EventsOfTheSameSecondAreNotOlderThanTheAbilityStart)
{
    const struct {
        const char *name;
        mm_application_reason reason;
        uint64_t event_ms;
        int number;
    } rows[] = {
        {"half a second before, in the same second", MM_REASON_BACKGROUND, 5100, 400},
        {"in the second before", MM_REASON_BACKGROUND, 4999, 0},
        {"any other event ends the boost, too", MM_REASON_VISIBLE, 5100, 50},
        {"unless it is older, but it is remembered", MM_REASON_VISIBLE, 4999, 0},
    };
    pid_t pid = 2000;

    for (const auto &row : rows) {
        pid++;
        own(pid, MM_REASON_BACKGROUND);
        report(MM_REASON_ABILITY_START, application(pid), 5600 * MM_NS_PER_MS);
        EXPECT_EQ(priority(pid), 0) << row.name;
        report(row.reason, application(pid), row.event_ms * MM_NS_PER_MS);
        EXPECT_EQ(priority(pid), row.number) << row.name << ": " << why(pid);
    }
    advance_s(11);
    EXPECT_EQ(priority(2004), 50);
    EXPECT_EQ(priority(2002), 400);
}

TEST_F(Upstream, AnAbilityStartsOnlyAboveTheForeground)
{
    create({1000});
    report(MM_REASON_ABILITY_START, {1000});
    EXPECT_EQ(why(1000), "0 new");
    report(MM_REASON_PROCESS_READY, {1000});
    report(MM_REASON_ABILITY_START, {1000});
    EXPECT_EQ(why(1000), "0 ability start");
    report(MM_REASON_ABILITY_START, {1000});
    EXPECT_EQ(why(1000), "0 ability start");
    EXPECT_EQ(bundle_priority(1000), 0);
}

/* The mark outlives the boost, so that 0 counts as boosted, and the timer computes once more. */
TEST_F(Upstream, TheMarkOfAnAbilityStartStaysUntilItsTimer)
{
    own(1000, MM_REASON_BACKGROUND);
    advance_s(20);
    report(MM_REASON_ABILITY_START, application(1000));
    advance_s(5);
    report(MM_REASON_VISIBLE, application(1000));
    EXPECT_EQ(priority(1000), 50);
    report(MM_REASON_APPLICATION_SUSPEND, application(1000));
    EXPECT_EQ(why(1000), "800 suspended until its next event");
    advance_s(4);
    EXPECT_EQ(priority(1000), 800);
    advance_s(2);
    EXPECT_EQ(priority(1000), 50);
}

/* Both timers run, whatever happens. */
TEST_F(Upstream, TheGraceTakesABoostASuspensionAndASwitchWithIt)
{
    own(1000, MM_REASON_BACKGROUND);
    own(1001, MM_REASON_BACKGROUND);
    own(1002, MM_REASON_FOREGROUND);
    advance_s(10);
    report(MM_REASON_ABILITY_START, application(1000));
    report(MM_REASON_APPLICATION_SUSPEND, application(1001));
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    EXPECT_EQ(priority(1002), 50);
    EXPECT_EQ(why(1002), "0 foreground; switches of account 100 +50 -> 50 until its next event");
    advance_s(6);
    EXPECT_EQ(priority(1000), 400);
    EXPECT_EQ(priority(1001), 400);
    EXPECT_EQ(priority(1002), 0);
}

/* Upstream logs SetCritical, and has a number for what is frozen that it gives nobody. */
TEST_F(Upstream, NeitherCriticalNorFrozenIsANumber)
{
    mm_event freeze_event{};

    config.critical.max_per_user = 8;
    config.critical.floor = 50;
    publish_config();
    own(1000, MM_REASON_BACKGROUND);
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    report(MM_REASON_CRITICAL_BEGIN, application(1000));
    EXPECT_EQ(priority(1000), 450) << "nor is it computed anew";
    report(MM_REASON_PROCESS_READY, application(1000));
    EXPECT_EQ(priority(1000), 400);
    EXPECT_EQ(counters().unknown_pid_events, 0U);
    spawn_in("/apps/mail", 1001);
    own(1001, MM_REASON_VISIBLE);
    ASSERT_EQ(mm_simulated_freeze(kernel, "/apps/mail", true), 0);
    freeze_event.kind = MM_EVENT_GROUP;
    freeze_event.group_id = mm_simulated_group_id(kernel, "/apps/mail");
    freeze_event.payload.group.change = MM_GROUP_FROZEN;
    mm_event_center_publish(center, &freeze_event);
    EXPECT_TRUE(mm_priority_manager_find(manager, 1001)->flags & MM_PROCESS_IS_FROZEN);
    EXPECT_EQ(priority(1001), 50);
    EXPECT_EQ(why(1001), "50 visible");
}

TEST_F(Upstream, RenderProcessesAreWritten0AndAreNobodys)
{
    own(1000, MM_REASON_BACKGROUND);
    spawn(1001, kUid, 600);
    Application render{1001, kUid, "com.example.1000"};
    render.caller = 1000;
    report(MM_REASON_RENDER_CREATE_PROCESS, render);
    EXPECT_EQ(file(1001), 0);
    EXPECT_EQ(why(1001), "0 oom_score_adj, not registered");
    EXPECT_EQ(counters().registered_processes, 1U);
    EXPECT_EQ(counters().unknown_pid_events, 0U);
    report(MM_REASON_BACKGROUND, render);
    EXPECT_EQ(file(1001), 0);
}

TEST_F(Upstream, EqualsGoByHighestUidWhateverTheKillersOrder)
{
    const mm_kill_level level = {100 * MM_MIB, 0};

    for (pid_t pid : {1002, 1000, 1003, 1001})
        own(pid, MM_REASON_BACKGROUND);
    report(MM_REASON_BACKGROUND, application(1003)); /* used last */
    EXPECT_EQ(victims(), (std::vector<pid_t>{1003, 1002, 1001, 1000}));
    config.kill.reread_candidates = MM_KILL_CANDIDATES_MAX;
    for (mm_bucket_order killers :
         {MM_ORDER_OLDEST_USE, MM_ORDER_NEWEST_USE, MM_ORDER_OLDEST, MM_ORDER_NEWEST, MM_ORDER_HEAVIEST}) {
        mm_kill_candidates found{};

        config.kill.order = killers;
        config.kill.heaviest_from_priority = 1000;
        publish_config();
        mm_kill_collect(&config.kill, &level, mm_priority_manager_list(manager), nullptr, 0, &found);
        ASSERT_EQ(found.count, 1U) << killers;
        EXPECT_EQ(found.bundles[0], mm_priority_manager_find(manager, 1003)->bundle) << killers;
    }
    report(MM_REASON_FOREGROUND, application(1003));
    report(MM_REASON_BACKGROUND, application(1003));
    EXPECT_EQ(victims(), (std::vector<pid_t>{1003, 1002, 1001, 1000}));
}

TEST_F(Upstream, ASwitchMovesAllProcessesOfABundleByAsMuch)
{
    create({1000});
    create({1001});
    report(MM_REASON_SUSPEND_DELAY_START, {1000});
    report(MM_REASON_APPLICATION_SUSPEND, {1000});
    report(MM_REASON_SUSPEND_DELAY_START, {1000});
    /* 100 and 800: +50 for as long as the bundle is below 1000 */
    for (int time = 0; time < 5; time++) {
        switch_account(101, MM_ACCOUNT_HOT_SWITCH);
        EXPECT_EQ(priority(1000), 150);
        EXPECT_EQ(priority(1001), 850);
        switch_account(100, MM_ACCOUNT_HOT_SWITCH);
        EXPECT_EQ(priority(1000), 100);
        EXPECT_EQ(priority(1001), 800);
    }
    switch_account(101, MM_ACCOUNT_COLD_SWITCH);
    EXPECT_EQ(priority(1000), 100) << "a cold switch shifts nothing";
}

/* The kernel refuses it, and the number goes on from there. */
TEST_F(Upstream, ANumberAbove1000IsWrittenNowhere)
{
    auto shift = [this] {
        switch_account(101, MM_ACCOUNT_HOT_SWITCH);  /* +50 */
        switch_account(100, MM_ACCOUNT_COLD_SWITCH); /* active, without a shift */
    };

    set_important("player", 20);
    publish_config();
    create({1000, kUid, kBundle, "player"});
    create({1001});
    report(MM_REASON_APPLICATION_SUSPEND, {1000});
    report(MM_REASON_PROCESS_READY, {1000});
    switch_account(100, MM_ACCOUNT_HOT_SWITCH); /* 20 - 50 is 0 */
    EXPECT_EQ(priority(1001), 780);
    for (int time = 0; time < 5; time++)
        shift();
    EXPECT_EQ(why(1001),
              "800 suspended until its next event; switches of account 100 +230 -> 1030 until its next "
              "event, which no file takes; its bundle at 250 by 1000 (important)");
    EXPECT_EQ(priority(1001), 1000);
    EXPECT_EQ(file(1001), 980);
    switch_account(100, MM_ACCOUNT_HOT_SWITCH);
    EXPECT_EQ(priority(1001), 980);
    /* A bundle ends at 1000, and so does what is added to its processes. */
    report(MM_REASON_APPLICATION_SUSPEND, {1000});
    for (int time = 0; time < 6; time++)
        shift();
    EXPECT_EQ(bundle_priority(1000), 1000);
    switch_account(100, MM_ACCOUNT_HOT_SWITCH);
    EXPECT_EQ(priority(1001), 950);
}

/* Whom no event is about adds up what its bundle loses at each event of the other. */
TEST_F(Upstream, ANumberThatOnlyGrowsStaysWhereItIsGreatest)
{
    create({1000});
    create({1001});
    for (int time = 0; time < 1000; time++) {
        switch_account(101, MM_ACCOUNT_HOT_SWITCH); /* +50 for both */
        report(MM_REASON_FOREGROUND, {1000});
        switch_account(100, MM_ACCOUNT_HOT_SWITCH); /* the bundle is at 0 */
        ASSERT_EQ(priority(1001), std::min(50 * (time + 1), 1000)) << "cycle " << time;
        ASSERT_EQ(bundle_priority(1001), 0) << "cycle " << time;
        ASSERT_EQ(file(1001), std::min(50 * (time + 1), 1000)) << "cycle " << time;
    }
    EXPECT_EQ(why(1001), "0 new; switches of account 100 +32767 -> 32767 until its next event, which no file "
                         "takes; its bundle at 0 by 1000 (foreground)");
    report(MM_REASON_BACKGROUND, {1001});
    EXPECT_EQ(file(1001), 400);
}

/* Upstream's two maps: who was not known when it bound passes nothing on. */
TEST_F(Upstream, ACallerThatBecomesKnownIsAskedButPassesNothingOn)
{
    own(1000);
    bind(1001, 1000);
    EXPECT_EQ(why(1000), "1000 by itself; extension of 1001 (unknown) min(400,0)+100 -> 100");
    own(1001, MM_REASON_BACKGROUND);
    EXPECT_EQ(priority(1000), 100);
    EXPECT_EQ(why(1000), "1000 by itself; extension of 1001 (background, 400 by now) min(400,0)+100 -> 100");
    report(MM_REASON_PROCESS_READY, application(1000));
    EXPECT_EQ(priority(1000), 500);
    report(MM_REASON_FOREGROUND, application(1001));
    EXPECT_EQ(priority(1000), 500);
    bind(1001, 1000); /* known now */
    EXPECT_EQ(priority(1000), 100);
    report(MM_REASON_BACKGROUND, application(1001));
    EXPECT_EQ(priority(1000), 500);
}

TEST_F(Upstream, AResidentIsNoTarget)
{
    set_residents({"com.example.1000"});
    publish_config();
    own(1000);
    own(1001, MM_REASON_FOREGROUND);
    bind(1001, 1000);
    EXPECT_EQ(priority(1000), -800);
    switch_account(101, MM_ACCOUNT_HOT_SWITCH); /* takes -800, but not the name */
    bind(1001, 1000);
    unbind(1001, 1000);
    EXPECT_EQ(priority(1000), 0);
    report(MM_REASON_PROCESS_READY, application(1000));
    EXPECT_EQ(priority(1000), 400) << "it is no extension";
}

TEST_F(Upstream, AnImportantExtensionAtItsFloorCountsAsThat)
{
    set_important("player", 50);
    publish_config();
    own(1000);
    create({1001, kUid, "com.example.player", "player"});
    bind(1000, 1001);
    EXPECT_EQ(priority(1001), 50);
    report(MM_REASON_FOREGROUND, {1001});
    EXPECT_EQ(priority(1001), 0);
}

} // namespace
