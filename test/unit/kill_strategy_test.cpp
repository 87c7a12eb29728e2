/* SPDX-License-Identifier: Apache-2.0 */
/* The killer in its engine over the simulated machine: order, one at a time, faults. */
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

/* ---- victims that give trouble -------------------------------------------------------------------------- */

TEST_F(KillStrategy, AVictimThatNeverDiesButWhoseMemoryWasTakenCostsNobodyElse)
{
    begin();
    add_application(1010, 800, 150 * MIB, "stuck", nullptr, MM_UNKNOWN);
    add_application(1020, 400, 80 * MIB, "next");
    crowd(450 * MIB);
    run_for(2 * SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"stuck"}));
    EXPECT_EQ(records()[0].outcome, MM_KILL_TIMED_OUT);
    EXPECT_EQ(records()[0].freed_bytes, 150 * MIB);
    expect_at_rest();
}

TEST_F(KillStrategy, AVictimThatNeverDiesIsSetAsideAndLaterTriedAgain)
{
    machine.lacks[MM_FEATURE_PROCESS_MRELEASE] = true;
    begin();
    add_application(1010, 800, 150 * MIB, "stuck", nullptr, MM_UNKNOWN);
    add_application(1020, 400, 80 * MIB, "next");
    crowd(450 * MIB);
    run_for(2 * SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"stuck", "next"}));
    EXPECT_EQ(records()[0].outcome, MM_KILL_TIMED_OUT);
    EXPECT_EQ(records()[0].exited_ns, 0u);
    EXPECT_GE(records()[1].decided_ns,
              records()[0].signalled_ns + config->kill.exit_timeout_ms * MILLISECOND);
    EXPECT_LE(records()[1].decided_ns,
              records()[0].signalled_ns + (config->kill.exit_timeout_ms + 10) * MILLISECOND);
    EXPECT_TRUE(was_decided("timed-out", "still there"));
    expect_at_rest();
    /* its time is over */
    run_for(config->kill.set_aside_ms * MILLISECOND);
    crowd(450 * MIB, 9998);
    run_for(SECOND);
    ASSERT_GE(records().size(), 3u);
    EXPECT_STREQ(records()[2].name, "stuck");
    EXPECT_GE(records()[2].decided_ns, records()[0].signalled_ns + config->kill.set_aside_ms * MILLISECOND);
}

/* Fillers that end one after the other stand for what it gives back before its exit is told. */
TEST_F(KillStrategy, AVictimThatIsStillGivingBackIsWaitedForThoughNotForEver)
{
    const struct {
        const char *what;
        uint64_t exit_delay_ms;
        unsigned times; /* memory comes back, each 90 ms */
        bool is_waited_for;
    } rows[] = {
        {"it exits in the end", 900, 10, true},
        {"it gives no more", MM_UNKNOWN, 4, false},
        {"never", MM_UNKNOWN, 70, false},
    };

    for (const auto &row : rows) {
        SCOPED_TRACE(row.what);
        end();
        machine.lacks[MM_FEATURE_PROCESS_MRELEASE] = true;
        begin();
        add_application(1010, 800, 150 * MIB, "giant", nullptr, row.exit_delay_ms);
        add_application(1020, 400, 80 * MIB, "next");
        for (pid_t pid = 5000; pid < 5070; pid++) {
            mm_simulated_process filler = process(pid, 2 * MIB);

            filler.oom_score_adj = -1000;
            spawn(filler);
        }
        crowd(420 * MIB);
        ASSERT_TRUE(run_until_true(SECOND, [&] { return records().size() == 1; }));
        for (unsigned i = 0; i < row.times; i++) {
            run_for(90 * MILLISECOND);
            ASSERT_EQ(mm_simulated_exit(kernel, 5000 + static_cast<pid_t>(i)), 0);
        }
        run_for(2 * SECOND);
        if (row.is_waited_for) {
            EXPECT_EQ(records().back().outcome, MM_KILL_RECOVERED);
            EXPECT_EQ(killed(), (std::vector<std::string>{"giant"}));
            continue;
        }
        uint64_t waited_ms = (records()[1].decided_ns - records()[0].signalled_ns) / MILLISECOND;
        bool is_bound_reached = row.times > 50;

        EXPECT_EQ(records()[0].outcome, MM_KILL_TIMED_OUT);
        EXPECT_STREQ(records()[1].name, "next");
        EXPECT_GE(waited_ms, config->kill.exit_timeout_ms * (is_bound_reached ? 9 : 1));
        EXPECT_LE(waited_ms, config->kill.exit_timeout_ms * (is_bound_reached ? 10 : 1) + 20);
    }
}

TEST_F(KillStrategy, OneOfSeveralProcessesThatStaysSetsTheBundleAside)
{
    mm_simulated_process stuck = process(1012, 10 * MIB);

    machine.lacks[MM_FEATURE_PROCESS_MRELEASE] = true;
    begin();
    add_application(1011, 800, 100 * MIB, "half");
    stuck.uid = 10000 + 1010;
    stuck.exit_delay_ms = MM_UNKNOWN;
    spawn(stuck);
    report(1012, MM_REASON_CREATE_PROCESS, "half");
    move(1012, 800, "half");
    add_application(1020, 400, 150 * MIB, "next");
    crowd(300 * MIB);
    run_for(2 * SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"half", "next"}));
    EXPECT_EQ(records()[0].process_count, 2u);
    EXPECT_EQ(records()[0].outcome, MM_KILL_TIMED_OUT);
    EXPECT_FALSE(is_alive(1011));
    EXPECT_EQ(priority_of(1011), MM_PRIORITY_NONE) << "the list forgot the one that died";
    EXPECT_EQ(priority_of(1012), 800);
}

struct Fault {
    const char *operation;
    int error;
    const char *first; /* who dies first all the same */
};

class KillFault : public KillStrategy, public testing::WithParamInterface<Fault>
{
};

TEST_P(KillFault, OneFailureAnywhereNeitherStopsNorStallsTheKilling)
{
    const Fault &fault = GetParam();

    begin_with_six(3);
    fill_until(450 * MIB);
    mm_simulated_fail(kernel, fault.operation, fault.error, 1);
    press();
    ASSERT_TRUE(run_until_true(SECOND, [&] { return available() > 550 * MIB; })) << fault.operation;
    run_for(2 * SECOND);
    std::vector<std::string> dead;
    for (const mm_kill_record &record : records())
        if (record.outcome != MM_KILL_FAILED)
            dead.emplace_back(record.name);
    EXPECT_EQ(dead, (std::vector<std::string>{fault.first}));
    expect_at_rest();
}

INSTANTIATE_TEST_SUITE_P(
    Operations, KillFault,
    testing::Values(Fault{"open_process", ESRCH, "400"}, Fault{"open_process", EPERM, "400"},
                    Fault{"open_process", EMFILE, "400"}, Fault{"kill_process", ESRCH, "400"},
                    Fault{"kill_process", EPERM, "400"}, Fault{"reap_process", EOPNOTSUPP, "800"},
                    Fault{"reap_process", EAGAIN, "800"}, Fault{"watch_process", EOPNOTSUPP, "800"},
                    Fault{"watch_process", ENOMEM, "800"}, Fault{"read_process", ESRCH, "800"},
                    Fault{"read_process", EIO, "800"}, Fault{"read_memory", EIO, "800"},
                    Fault{"read_process_group", ESRCH, "800"}, Fault{"reap", EPERM, "800"},
                    Fault{"is_in_domain", EIO, "800"}),
    [](const testing::TestParamInfo<Fault> &one) {
        return std::string(one.param.operation) + "_" + std::to_string(one.index);
    });

TEST_F(KillStrategy, WithoutPidfdsExitsAreAskedFor)
{
    machine.lacks[MM_FEATURE_PIDFD] = true;
    begin_with_six(20);
    crowd(450 * MIB);
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"800"}));
    EXPECT_EQ(records()[0].outcome, MM_KILL_RECOVERED);
    EXPECT_LE(records()[0].exited_ns - records()[0].signalled_ns, 25 * MILLISECOND);
    EXPECT_GT(mm_simulated_calls(kernel, "has_exited"), 5u);
}

TEST_F(KillStrategy, FailingReadingsInMidSeriesEndItAndTheWatchBeginsAnother)
{
    begin_with_six(20);
    crowd(250 * MIB);
    ASSERT_TRUE(run_until_true(SECOND, [&] { return is_killing(); }));
    mm_simulated_fail(kernel, "read_memory", EIO, 20);
    run_for(10 * SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"800", "400"}));
    EXPECT_EQ(available(), 550 * MIB);
    EXPECT_TRUE(was_decided("not-enough", "exited")) << "as far as could be seen";
    expect_at_rest();
}

TEST_F(KillStrategy, APidThatMeansAnotherProcessNowIsLeftAlone)
{
    mm_simulated_process newcomer = process(1060, 150 * MIB);

    begin_with_six();
    ASSERT_EQ(mm_simulated_exit(kernel, 1060), 0); /* and nobody reports it */
    newcomer.oom_score_adj = 0;
    spawn(newcomer);
    crowd(450 * MIB);
    run_for(SECOND);
    EXPECT_TRUE(is_alive(1060));
    EXPECT_EQ(mm_simulated_killed_at_ns(kernel, 1060), 0u);
    EXPECT_EQ(killed(), (std::vector<std::string>{"400"}));
}

TEST_F(KillStrategy, ProcessesThatEndedUnreportedDelayNobodyAndFailNothing)
{
    begin();
    for (pid_t pid = 2000; pid < 3000; pid += 10) {
        add_application(pid, 800, MIB, "gone " + std::to_string(pid));
        ASSERT_EQ(mm_simulated_exit(kernel, pid), 0);
    }
    add_application(1050, 400, 150 * MIB, "alive");
    crowd(450 * MIB);
    run_for(50 * MILLISECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"alive"})) << "no record tells of those that were gone";
    EXPECT_EQ(priority_of(2000), MM_PRIORITY_NONE);
    expect_at_rest();
}

/* Forgetting the first moves the bundle, its render process' number is written, and that one is forgotten with the
   bundle: in the middle of telling, as the timer's turn delivers at once. */
TEST_F(KillStrategy, ABundleThatEndedWhileItIsReportedGoneIsNotTouched)
{
    mm_event render = {};

    begin();
    for (pid_t pid = 2000; pid < 2080; pid += 10) { /* as many as one turn tries: the timer goes on */
        add_application(pid, 800, MIB, "gone " + std::to_string(pid));
        ASSERT_EQ(mm_simulated_exit(kernel, pid), 0);
    }
    add_application(3000, 400, MIB, "browser");
    spawn(3001, MIB);
    render.kind = MM_EVENT_APPLICATION;
    render.pid = 3001;
    render.uid = 10000 + 3000;
    render.payload.application.reason = MM_REASON_RENDER_CREATE_PROCESS;
    render.payload.application.account_id = -1;
    render.payload.application.caller_pid = 3000;
    mm_event_center_publish(engine->center, &render);
    move(3000, 800, "browser");
    ASSERT_EQ(mm_priority_manager_find(engine->manager, 3001)->priority, 800);
    ASSERT_EQ(mm_simulated_exit(kernel, 3000), 0);
    ASSERT_EQ(mm_simulated_exit(kernel, 3001), 0);
    add_application(1050, 400, 150 * MIB, "alive");
    crowd(450 * MIB);
    EXPECT_NE(priority_of(3000), MM_PRIORITY_NONE) << "left to the timer";
    run_for(50 * MILLISECOND);
    EXPECT_EQ(priority_of(3000), MM_PRIORITY_NONE);
    EXPECT_EQ(priority_of(3001), MM_PRIORITY_NONE);
    EXPECT_EQ(killed(), (std::vector<std::string>{"alive"}));
    expect_at_rest();
}

TEST_F(KillStrategy, WhenNobodyCanBeSignalledItSaysSoAndComesToRest)
{
    begin_with_six();
    mm_simulated_fail(kernel, "kill_process", EPERM, 1000000);
    crowd(450 * MIB);
    run_for(SECOND);
    EXPECT_EQ(records().size(), 2u) << "800 and 400, each once while set aside";
    for (const mm_kill_record &record : records())
        EXPECT_EQ(record.outcome, MM_KILL_FAILED);
    EXPECT_TRUE(was_decided("kill", "could not be signalled"));
    EXPECT_TRUE(was_decided("none", "set aside: 2"));
    expect_at_rest();
}

/* An administrator's way to protect a process from a domain's killer. */
TEST_F(KillStrategy, WhoWasMovedOutOfTheDomainIsNotKilledButForgotten)
{
    machine.domain_group = "/domain";
    begin();
    add_application(1010, 800, 150 * MIB, "protected", "/domain/protected");
    add_application(1020, 400, 150 * MIB, "next", "/domain/next");
    ASSERT_EQ(mm_simulated_move(kernel, 1010, "/outside/protected"), 0);
    crowd(450 * MIB);
    run_for(SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"next"}));
    EXPECT_TRUE(is_alive(1010));
    EXPECT_EQ(mm_simulated_killed_at_ns(kernel, 1010), 0u);
    EXPECT_EQ(priority_of(1010), MM_PRIORITY_NONE);
    EXPECT_EQ(counts[MM_EVENT_PROCESS_LEFT], 1u);
    EXPECT_EQ(mm_simulated_calls(kernel, "close_process"), mm_simulated_calls(kernel, "open_process"));
    EXPECT_TRUE(was_decided("none", "moved out of the domain"));
    expect_at_rest();
}

/* The rest of its bundle dies, and its group, though the bundle's alone, is not killed as a whole. */
TEST_F(KillStrategy, OneOfABundleThatWasMovedOutOfTheDomainIsSpared)
{
    mm_simulated_process one = process(1011, 10 * MIB, "/domain/half");

    machine.domain_group = "/domain";
    begin();
    one.uid = 10000 + 1010;
    spawn(one);
    report(1011, MM_REASON_CREATE_PROCESS, "half");
    add_application(1012, 800, 150 * MIB, "half", "/domain/half");
    ASSERT_EQ(mm_simulated_move(kernel, 1011, "/outside/half"), 0);
    crowd(450 * MIB);
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"half"}));
    EXPECT_EQ(records()[0].process_count, 1u);
    EXPECT_TRUE(is_alive(1011));
    EXPECT_FALSE(is_alive(1012));
    EXPECT_EQ(priority_of(1011), MM_PRIORITY_NONE);
    expect_at_rest();
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
