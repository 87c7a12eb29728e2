/* SPDX-License-Identifier: Apache-2.0 */
/* priorityCompat upstream: what is never upstream's, as it would be a danger, and who is known. */
#include "priority_upstream_world.h"

#include <algorithm>

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "kill_strategy/candidates.h"
#pragma GCC diagnostic pop

namespace
{

class UpstreamSafety : public Upstream
{
};

/* A pid that is somebody else's by now is never killed in its place. */
TEST_F(UpstreamSafety, TheKernelsWordOfAResidentsEndCounts)
{
    set_residents({kBundle});
    publish_config();
    create({1000});
    ASSERT_EQ(mm_simulated_exit(kernel, 1000), 0);
    publish(MM_EVENT_PROCESS_EXITED, 1000);
    EXPECT_FALSE(is_known(1000));
    EXPECT_EQ(mm_priority_manager_list(manager)->count, 0U);
}

TEST_F(UpstreamSafety, AReusedPidIsNotTheOneThatIsDead)
{
    own(1000, MM_REASON_BACKGROUND);
    ASSERT_EQ(mm_simulated_exit(kernel, 1000), 0);
    spawn(1000, 0, 300);
    report(MM_REASON_FOREGROUND, application(1000));
    EXPECT_EQ(file(1000), 300) << "nothing is written to another process";
    create({1000, 0, "com.example.other"});
    EXPECT_EQ(mm_bundle_account_id(mm_priority_manager_find(manager, 1000)->bundle), 0);
    EXPECT_EQ(counters().processes, 1U);
}

TEST_F(UpstreamSafety, OnlyCreateProcessMakesKnown)
{
    spawn(1000, kUid, 300);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    for (mm_application_reason reason : {MM_REASON_FOREGROUND, MM_REASON_BACKGROUND, MM_REASON_VISIBLE,
                                         MM_REASON_BIND_EXTENSION, MM_REASON_PROCESS_TERMINATED}) {
        report(reason, {1000});
        EXPECT_EQ(why(1000), "300 oom_score_adj, not registered") << mm_application_reason_name(reason);
    }
    EXPECT_EQ(counters().unknown_pid_events, 5U);
    report(MM_REASON_CREATE_PROCESS, {1000});
    EXPECT_EQ(why(1000), "0 new");
    EXPECT_EQ(file(1000), 0);
}

TEST_F(UpstreamSafety, AProcessThatRunsOnIsAnybodysAndMayBeCreatedAgain)
{
    own(1000, MM_REASON_VISIBLE);
    report(MM_REASON_PROCESS_TERMINATED, application(1000));
    EXPECT_EQ(why(1000), "50 oom_score_adj, not registered");
    report(MM_REASON_CREATE_PROCESS, application(1000));
    EXPECT_EQ(why(1000), "0 new");
    report(MM_REASON_PROCESS_READY, application(1000));
    EXPECT_EQ(priority(1000), 400) << "it is not visible any more";
}

/* The bundle would die with it. */
TEST_F(UpstreamSafety, MinusThousandIsNeverWrittenOverShiftedOrKilled)
{
    mm_kill_config kill{};
    const mm_kill_level level = {100 * MM_MIB, -1000};
    mm_kill_candidates found{};

    create({1000});
    create({1001});
    report(MM_REASON_BACKGROUND, {1000});
    write_file(1001, -1000); /* nobody tells */
    report(MM_REASON_BACKGROUND, {1001});
    EXPECT_EQ(file(1001), -1000);
    EXPECT_EQ(priority(1001), -1000);
    EXPECT_EQ(bundle_priority(1000), -1000);
    EXPECT_EQ(why(1001), "400 background; written by somebody else -> -1000");
    set_important("helper", -1000);
    set_system_apps({"com.example.systemui"});
    publish_config();
    create({1002, kUid + 2, "com.example.helper", "helper"});
    create({1003, kUid + 3, "com.example.systemui"});
    EXPECT_EQ(why(1003), "0 new; system -> -1000");
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    switch_account(100, MM_ACCOUNT_HOT_SWITCH);
    for (pid_t pid : {1001, 1002, 1003}) {
        EXPECT_EQ(priority(pid), -1000) << pid;
        EXPECT_EQ(file(pid), -1000) << pid;
    }
    switch_account(101, MM_ACCOUNT_COLD_SWITCH);
    EXPECT_EQ(mm_priority_manager_take_ending(manager), nullptr);
    mm_kill_collect(&kill, &level, mm_priority_manager_list(manager), nullptr, 0, &found);
    EXPECT_EQ(found.count, 0U);
    /* Given back, it is what its events have made of it meanwhile. */
    write_file(1001, 0);
    publish(MM_EVENT_OOM_SCORE_ADJ, 1001, 0);
    EXPECT_EQ(priority(1001), 400);
    report(MM_REASON_VISIBLE, {1001});
    EXPECT_EQ(file(1001), 50);
}

TEST_F(UpstreamSafety, AWriteThatFailsChangesNothing)
{
    lacks_lowering = true;
    stop_manager();
    mm_kernel_free(kernel);
    start_machine();
    start_manager();
    set_residents({kBundle});
    publish_config();
    create({1000});
    EXPECT_EQ(priority(1000), -800);
    EXPECT_EQ(file(1000), 0);
}

TEST_F(UpstreamSafety, BindingsOfManyFindAnEnd)
{
    for (pid_t target = 1000; target < 1200; target++) {
        own(target);
        for (pid_t caller = 100000; caller < 100200; caller++)
            bind(caller, target);
    }
    EXPECT_LE(counters().bindings, 32768U);
    EXPECT_EQ(counters().refused_events, 40000U - counters().bindings);
    EXPECT_EQ(priority(1000), 100);
    EXPECT_EQ(why(1199), "400 background") << "who could not be bound is no extension";
    bind(1000, 1000);
    bind(-5, 1000);
    EXPECT_LE(counters().bindings, 32768U);
    advance_s(190);
    EXPECT_EQ(counters().bindings, 0U) << "none of them lives";
}

/* However many of them are one process'. */
TEST_F(UpstreamSafety, DeadBindingsAreForgottenInSlices)
{
    unsigned most = 0;

    own(1000);
    own(1001);
    for (pid_t other = 100000; other < 102000; other++)
        bind(other, 1000);
    bind(1001, 1000);
    ASSERT_EQ(counters().bindings, 2001U);
    for (unsigned step = 0; step < 30000 && counters().bindings > 1; step++) {
        unsigned before = mm_simulated_calls(kernel, "read_process");

        mm_simulated_advance(kernel, 10 * MM_NS_PER_MS);
        mm_event_center_step(center);
        most = std::max(most, mm_simulated_calls(kernel, "read_process") - before);
    }
    EXPECT_EQ(counters().bindings, 1U) << "1001 lives, and so does 1000";
    EXPECT_LE(most, 150U) << "a slice is 128 looks, and the rest of a chain";
}

/* The numbers are what has happened: they cannot be made of what is known. */
TEST_F(UpstreamSafety, TheModeIsThatOfTheStart)
{
    own(1000, MM_REASON_BACKGROUND);
    config.reclaim_priority.compat = MM_PRIORITY_COMPAT_NONE;
    publish_config();
    EXPECT_EQ(mm_priority_manager_compat(manager), MM_PRIORITY_COMPAT_UPSTREAM);
    create(application(1001));
    report(MM_REASON_PROCESS_READY, application(1001));
    EXPECT_EQ(priority(1001), 400);
    stop_manager();
    start_manager();
    EXPECT_EQ(mm_priority_manager_compat(manager), MM_PRIORITY_COMPAT_NONE);
    create(application(1002));
    config.reclaim_priority.compat = MM_PRIORITY_COMPAT_UPSTREAM;
    publish_config();
    report(MM_REASON_PROCESS_READY, application(1002));
    EXPECT_EQ(priority(1002), 0);
}

/* A reload's names count from the next computation on; the white list at once. */
TEST_F(UpstreamSafety, AReloadChangesWhoIsSpecial)
{
    create({1000, kUid, kBundle, "player"});
    report(MM_REASON_BACKGROUND, {1000});
    set_important("player", 150);
    publish_config();
    EXPECT_EQ(priority(1000), 400);
    report(MM_REASON_PROCESS_READY, {1000});
    EXPECT_EQ(priority(1000), 150);
    set_system_apps({kBundle});
    publish_config();
    EXPECT_EQ(priority(1000), -1000);
    set_system_apps({});
    publish_config();
    EXPECT_EQ(priority(1000), 150);
}

} // namespace
