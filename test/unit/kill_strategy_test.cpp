/* SPDX-License-Identifier: Apache-2.0 */
/* The killer in its engine over the simulated machine: order, one at a time, who is spared, bundles and groups. */
#include "engine_fixture.h"

#include <errno.h>

namespace
{

using KillStrategy = EngineTest;

/* ---- order and end -------------------------------------------------------------------------------------- */

class Storm : public KillStrategy, public testing::WithParamInterface<std::pair<uint64_t, size_t>>
{
};

/* Available is 2048 MiB less 150 for each application that lives, less the hog. */
TEST_P(Storm, VictimsDieInListOrderAndNoMoreThanItTakes)
{
    const std::vector<std::string> order = {"800", "400", "260", "200", "100", "0"};
    auto [hog_mib, expected_count] = GetParam();

    begin_with_six(5);
    let_hog_grow(hog_mib * MIB);
    run_for(15 * SECOND);
    EXPECT_EQ(killed(),
              std::vector<std::string>(order.begin(), order.begin() + static_cast<long>(expected_count)));
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 0u);
    EXPECT_TRUE(is_alive(HOG));
    for (const mm_kill_record &record : records()) {
        EXPECT_LT(record.available_before_bytes, record.level.memory_bytes) << record.name;
        EXPECT_GE(record.priority, record.level.min_priority) << record.name;
        EXPECT_EQ(record.outcome, MM_KILL_RECOVERED) << record.name;
        EXPECT_GE(record.available_after_bytes, record.level.memory_bytes + config->kill.margin_bytes)
            << record.name;
    }
    expect_at_rest();
}

INSTANTIATE_TEST_SUITE_P(Hogs, Storm,
                         testing::Values(std::pair(600, 0), std::pair(700, 1), std::pair(850, 2),
                                         std::pair(1100,
                                                   2), /* below 400, but nobody at or above 300 is left */
                                         std::pair(1200, 3), std::pair(1400, 4), std::pair(1600, 5),
                                         std::pair(1700, 5), std::pair(1850, 6)));

TEST_F(KillStrategy, AHogThatIsOnTheListDiesInItsTurnAndTheOthersLive)
{
    begin_with_six();
    ASSERT_EQ(mm_simulated_set_growth(kernel, 1050, 300 * MIB, 4000 * MIB), 0);
    run_for(20 * SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"800", "400"}));
    EXPECT_GT(available(), 1400 * MIB);
}

TEST_F(KillStrategy, AtTheWaterlineNobodyDiesAndJustBelowItSomebodyDoes)
{
    begin_with_six();
    crowd(500 * MIB);
    run_for(5 * SECOND);
    EXPECT_TRUE(killed().empty());
    crowd(available() - 4096, 9998);
    run_for(SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"800"}));
}

TEST_F(KillStrategy, OnlyOneDiesAtATime)
{
    unsigned decided = 0;

    begin_with_six(40);
    on_event = [&](const mm_event &event) {
        if (event.kind != MM_EVENT_DECISION || strcmp(event.payload.decision.action, "kill") != 0)
            return;
        decided++;
        for (const mm_kill_record &record : records())
            EXPECT_TRUE(record.outcome != MM_KILL_PENDING || record.pid == event.payload.decision.pid)
                << record.name << " had not ended when " << event.payload.decision.target << " was chosen";
    };
    let_hog_grow(1850 * MIB, 400 * MIB);
    run_for(10 * SECOND);
    EXPECT_EQ(decided, 6u);
}

TEST_F(KillStrategy, NextChoiceWaitsUntilTheVictimsMemoryIsBack)
{
    for (bool has_mrelease : {true, false}) {
        end();
        machine.exit_bytes_per_s = 2000 * MIB; /* 150 MiB take 75 ms */
        machine.lacks[MM_FEATURE_PROCESS_MRELEASE] = !has_mrelease;
        begin_with_six(10);
        crowd(450 * MIB);
        run_for(5 * SECOND);
        EXPECT_EQ(killed(), (std::vector<std::string>{"800"})) << has_mrelease;
        EXPECT_GE(records()[0].recovered_ns, records()[0].signalled_ns + 50 * MILLISECOND);
    }
}

TEST_F(KillStrategy, MemoryThatNeverComesBackDelaysTheNextChoiceOnlyAWhile)
{
    uint64_t first_ns;

    machine.exit_bytes_per_s = MIB;
    machine.lacks[MM_FEATURE_PROCESS_MRELEASE] = true;
    begin_with_six();
    crowd(150 * MIB);
    ASSERT_TRUE(run_until_true(SECOND, [&] { return records().size() >= 3; }));
    first_ns = records()[0].signalled_ns;
    EXPECT_LE(records()[1].decided_ns - first_ns, 60 * MILLISECOND);
    EXPECT_EQ(records()[0].outcome, MM_KILL_NOT_ENOUGH);
}

/* ---- who is never killed -------------------------------------------------------------------------------- */

TEST_F(KillStrategy, InitThisProcessAndMinusThousandAreNeverKilled)
{
    mm_simulated_process protected_one = process(77, 300 * MIB);

    config->kill.unregistered_policy = MM_UNREGISTERED_ANY;
    config->kill.levels[0].min_priority = -1000;
    make_machine();
    spawn(1, 300 * MIB);
    spawn(machine.own_pid, 400 * MIB);
    protected_one.oom_score_adj = -1000;
    spawn(protected_one);
    spawn(88, 100 * MIB);
    start();
    crowd(10 * MIB);
    run_for(5 * SECOND);
    EXPECT_TRUE(is_alive(1));
    EXPECT_TRUE(is_alive(machine.own_pid));
    EXPECT_TRUE(is_alive(77));
    EXPECT_FALSE(is_alive(88)) << "the next one dies when one cannot be signalled";
    EXPECT_EQ(mm_simulated_killed_at_ns(kernel, 1), 0u);
    EXPECT_EQ(mm_simulated_killed_at_ns(kernel, machine.own_pid), 0u);
    EXPECT_EQ(mm_simulated_killed_at_ns(kernel, 77), 0u);
    expect_at_rest();
}

/* With every door open: the lowest row, the widest policy, nobody else left to take. */
TEST_F(KillStrategy, SystemAppsAreNeverKilled)
{
    char registered_name[] = "com.example.systemui", comm[] = "compositor";
    char *names[] = {registered_name, comm};
    mm_simulated_process unregistered = process(77, 300 * MIB);

    config->kill.unregistered_policy = MM_UNREGISTERED_ANY;
    config->kill.levels[0].min_priority = -1000;
    config->reclaim_priority.system_apps = names;
    config->reclaim_priority.system_app_count = 2;
    make_machine();
    unregistered.comm = comm;
    unregistered.oom_score_adj = 1000;
    spawn(unregistered);
    start();
    spawn(1010, 300 * MIB);
    report(1010, MM_REASON_CREATE_PROCESS, registered_name);
    report(1010, MM_REASON_APPLICATION_SUSPEND, registered_name);
    add_application(1020, 400, 100 * MIB, "other");
    crowd(10 * MIB);
    run_for(5 * SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"other"}));
    EXPECT_TRUE(is_alive(77));
    EXPECT_TRUE(is_alive(1010));
    expect_at_rest();
    config->reclaim_priority.system_apps = nullptr;
    config->reclaim_priority.system_app_count = 0;
}

TEST_F(KillStrategy, UnregisteredOnesDieAsThePolicySays)
{
    const struct {
        mm_unregistered_policy policy;
        bool raised_dies, plain_dies;
    } rows[] = {
        {MM_UNREGISTERED_NEVER, false, false},
        {MM_UNREGISTERED_RAISED, true, false},
        {MM_UNREGISTERED_ANY, true, true},
    };

    for (const auto &row : rows) {
        mm_simulated_process raised = process(100, 200 * MIB);

        end();
        config->kill.unregistered_policy = row.policy;
        make_machine();
        raised.oom_score_adj = 300;
        spawn(raised);
        spawn(200, 200 * MIB);
        start();
        let_hog_grow(2030 * MIB);
        /* growing stops where the next one would have to die: the machine itself kills nobody */
        run_until_true(15 * SECOND, [&] { return available() < 30 * MIB; });
        EXPECT_EQ(!is_alive(100), row.raised_dies) << row.policy;
        EXPECT_EQ(!is_alive(200), row.plain_dies) << row.policy;
    }
}

TEST_F(KillStrategy, AnUnregisteredOneThatCameForwardUnreportedIsNotKilled)
{
    mm_simulated_process raised = process(100, 200 * MIB);
    int written = 0;

    make_machine();
    raised.oom_score_adj = 300;
    spawn(raised);
    raised.pid = 200;
    raised.oom_score_adj = 200;
    spawn(raised);
    start();
    /* straight into the file: nothing reports it */
    ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, 100, 0, -1000, &written), 0);
    crowd(150 * MIB);
    run_for(2 * SECOND);
    EXPECT_TRUE(is_alive(100));
    EXPECT_FALSE(is_alive(200));
    EXPECT_EQ(mm_simulated_killed_at_ns(kernel, 100), 0u);
    EXPECT_EQ(mm_priority_manager_find(engine->manager, 100)->priority, -1000) << "the list has heard of it";
    expect_at_rest();
}

TEST_F(KillStrategy, ABundleOneOfWhichSomebodyPutToMinusThousandUnreportedIsNotKilled)
{
    int written = 0;

    begin();
    add_application(100, 800, 100 * MIB, "several");
    add_application(101, 800, 100 * MIB, "several");
    add_application(200, 400, 200 * MIB, "single");
    ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, 101, 0, -1000, &written), 0);
    crowd(450 * MIB);
    run_for(2 * SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"single"}));
    EXPECT_TRUE(is_alive(100));
    EXPECT_TRUE(is_alive(101));
    EXPECT_EQ(mm_priority_manager_find(engine->manager, 100)->bundle->entry.priority, -1000);
    expect_at_rest();
}

TEST_F(KillStrategy, SmallUnregisteredOnesDoNotShieldThoseBehindThem)
{
    make_machine();
    for (pid_t pid = 100; pid < 140; pid++) {
        mm_simulated_process small = process(pid, 4 * MIB);

        small.oom_score_adj = 1000 - (pid - 100) / 10;
        spawn(small);
    }
    start();
    add_application(1000, 400, 300 * MIB, "application");
    crowd(450 * MIB);
    run_for(SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"application"}));
    for (pid_t pid = 100; pid < 140; pid++)
        EXPECT_TRUE(is_alive(pid)) << pid;
}

/* Of one priority no more than eight are read anew, but it is told of all. */
TEST_F(KillStrategy, EverySmallOneIsCountedWhereNobodyIsWorthAKill)
{
    make_machine();
    for (pid_t pid = 100; pid < 140; pid++) {
        mm_simulated_process small = process(pid, 4 * MIB);

        small.oom_score_adj = 1000 - (pid - 100) / 20;
        spawn(small);
    }
    start();
    add_application(1000, 0, 100 * MIB, "in front");
    crowd(450 * MIB);
    run_for(SECOND);
    EXPECT_TRUE(killed().empty());
    EXPECT_TRUE(was_decided("none", "too small: 40)"));
}

TEST_F(KillStrategy, TheHeaviestAsItIsNowDiesWhereSizeDecides)
{
    begin();
    add_application(1010, 200, 200 * MIB, "was heavy");
    add_application(1020, 200, 150 * MIB, "is heavy");
    ASSERT_EQ(mm_simulated_set_growth(kernel, 1020, 1000 * MIB, 300 * MIB), 0);
    mm_simulated_advance(kernel, SECOND); /* the engine does not look meanwhile */
    crowd(250 * MIB);
    run_for(SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"is heavy"}));
}

/* ---- bundles and groups --------------------------------------------------------------------------------- */

TEST_F(KillStrategy, EveryProcessOfABundleDiesAndTheHeaviestGivesTheRecordItsPid)
{
    begin();
    for (pid_t pid = 1000; pid < 1008; pid++) {
        mm_simulated_process one = process(pid, static_cast<uint64_t>(pid == 1005 ? 100 : 10) * MIB);

        one.uid = 10000 + 1000;
        one.exit_delay_ms = static_cast<uint64_t>(pid - 1000);
        spawn(one);
        report(pid, MM_REASON_CREATE_PROCESS, "browser");
        report(pid, MM_REASON_BACKGROUND, "browser");
    }
    add_application(1050, 400, 150 * MIB, "used since");
    crowd(450 * MIB);
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"browser"}));
    EXPECT_EQ(records()[0].process_count, 8u);
    EXPECT_EQ(records()[0].pid, 1005);
    EXPECT_EQ(records()[0].resident_bytes, 170 * MIB);
    EXPECT_GE(records()[0].exited_ns - records()[0].signalled_ns, 7 * MILLISECOND);
    for (pid_t pid = 1000; pid < 1008; pid++)
        EXPECT_FALSE(is_alive(pid));
}

/* More than are held: nobody waits for the end of the last ones, but they are not spared. */
TEST_F(KillStrategy, SigkillReachesEveryProcessOfABundleHoweverMany)
{
    begin();
    for (pid_t pid = 2000; pid < 2300; pid++) {
        mm_simulated_process one = process(pid, MIB);

        one.uid = 10000 + 2000;
        spawn(one);
    }
    for (pid_t pid = 2000; pid < 2300; pid++) {
        mm_event event = {};

        event.kind = MM_EVENT_APPLICATION;
        event.pid = pid;
        event.uid = 10000 + 2000;
        event.payload.application.reason = MM_REASON_BACKGROUND;
        event.payload.application.account_id = -1;
        mm_copy_text(event.payload.application.name, sizeof(event.payload.application.name), "browser");
        mm_event_center_publish(engine->center, &event);
    }
    add_application(1050, 400, 150 * MIB, "used since");
    fill_until(450 * MIB);
    on_event = [&](const mm_event &event) {
        if (event.kind != MM_EVENT_DECISION || strcmp(event.payload.decision.target, "browser") != 0)
            return;
        for (pid_t pid = 2000; pid < 2300; pid++)
            EXPECT_GT(mm_simulated_killed_at_ns(kernel, pid), 0u) << pid;
    };
    press();
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"browser"}));
    EXPECT_EQ(records()[0].process_count, 300u);
    EXPECT_EQ(records()[0].outcome, MM_KILL_RECOVERED);
    EXPECT_EQ(mm_simulated_calls(kernel, "watch_process"), 256u);
    EXPECT_EQ(mm_simulated_calls(kernel, "close_process"), 300u) << "nobody is held any more";
    for (pid_t pid = 2000; pid < 2300; pid++)
        EXPECT_FALSE(is_alive(pid)) << pid;
    expect_at_rest();
}

struct GroupCase {
    const char *what;
    const char *group;
    pid_t child_parent; /* of a process in the group that the list does not know */
    bool is_shared;     /* with another application */
    bool has_cgroup_kill;
    bool child_dies;
    int child_oom_score_adj = 0;
};

class KillGroup : public KillStrategy, public testing::WithParamInterface<GroupCase>
{
};

TEST_P(KillGroup, IsKilledAsAWholeOnlyWhereAllOfItIsTheBundles)
{
    const GroupCase &row = GetParam();
    mm_simulated_process child = process(4000, MIB, row.group);

    machine.lacks[MM_FEATURE_CGROUP_KILL] = !row.has_cgroup_kill;
    begin();
    add_application(1010, 800, 150 * MIB, "victim", row.group, 5);
    add_application(1020, 100, 50 * MIB, "other", row.is_shared ? row.group : "/other");
    child.ppid = row.child_parent;
    child.oom_score_adj = row.child_oom_score_adj;
    spawn(child);
    child.pid = 4001;
    child.ppid = 4000;
    spawn(child);
    crowd(450 * MIB);
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"victim"}));
    EXPECT_TRUE(is_alive(1020));
    EXPECT_EQ(is_alive(4001), is_alive(4000)) << "the child of a child goes with it";
    EXPECT_EQ(!is_alive(4000), row.child_dies) << row.what;
    EXPECT_EQ(mm_simulated_calls(kernel, "kill_group"), row.child_dies ? 1u : 0u) << row.what;
}

/* One of the bundle ended untold; who has its pid now is somebody else, in the same group. */
TEST_F(KillStrategy, AGroupIsNotKilledForAPidThatMeansAnotherProcessNow)
{
    mm_simulated_process stranger = process(1011, MIB, "/app/group");

    begin();
    add_application(1010, 800, 150 * MIB, "victim", "/app/group");
    add_application(1011, 800, MIB, "victim", "/app/group");
    ASSERT_EQ(mm_simulated_exit(kernel, 1011), 0);
    spawn(stranger);
    crowd(450 * MIB);
    run_for(SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"victim"}));
    EXPECT_TRUE(is_alive(1011));
    EXPECT_EQ(mm_simulated_calls(kernel, "kill_group"), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Groups, KillGroup,
    testing::Values(GroupCase{"a child forked just now", "/app/victim", 1010, false, true, true},
                    GroupCase{"a child at -1000", "/app/victim", 1010, false, true, false, -1000},
                    GroupCase{"a stranger in it", "/app/victim", 1, false, true, false},
                    GroupCase{"the child of another application", "/app/victim", 1020, false, true, false},
                    GroupCase{"shared with another application", "/app", 1010, true, true, false},
                    GroupCase{"the root", "/", 1010, false, true, false},
                    GroupCase{"a kernel without cgroup.kill", "/app/victim", 1010, false, false, false}));

} // namespace
