/* SPDX-License-Identifier: Apache-2.0 */
/* The killer and victims that give trouble: that stay, end unreported, or are somebody else by now. */
#include "engine_fixture.h"

#include <errno.h>

namespace
{

using KillStrategy = EngineTest;

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

} // namespace
