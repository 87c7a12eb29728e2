// SPDX-License-Identifier: Apache-2.0
// The simulated machine: it must behave as Linux does where the strategies depend on it.
#include "test/unit/simulated_kernel_fixture.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <unistd.h>

using namespace simulated_test;

namespace
{

// ---- the machine ---------------------------------------------------------------------------------------

TEST_F(Simulated, RefusesAnImpossibleMachine)
{
    mm_simulated_machine machine{};
    mm_kernel *none = nullptr;

    EXPECT_EQ(mm_simulated_kernel_new(&machine, &none), -EINVAL);
    machine = standard_machine();
    machine.reserved_bytes = machine.ram_bytes + 1;
    EXPECT_EQ(mm_simulated_kernel_new(&machine, &none), -EINVAL);
    machine = standard_machine();
    machine.page_cache_bytes = machine.ram_bytes;
    EXPECT_EQ(mm_simulated_kernel_new(&machine, &none), -EINVAL);
    EXPECT_EQ(none, nullptr);
}

TEST_F(Simulated, AddsItsMemoryUp)
{
    start_with([](mm_simulated_machine &m) { m.zram_bytes = 300 * MiB; });
    spawn(10, 200 * MiB, "/app");
    mm_memory_state state = memory();

    EXPECT_EQ(state.total_bytes, 1024 * MiB);
    EXPECT_EQ(state.anonymous_bytes, 200 * MiB);
    EXPECT_EQ(state.file_bytes, 100 * MiB);
    EXPECT_EQ(state.free_bytes, 700 * MiB);
    EXPECT_EQ(state.available_bytes, 800 * MiB);
    EXPECT_EQ(state.swap_total_bytes, 300 * MiB);
    EXPECT_EQ(state.swap_free_bytes, 300 * MiB);

    mm_zoneinfo zones{};
    mm_vmstat vmstat{};
    ASSERT_EQ(ops->read_zoneinfo(kernel, &zones), 0);
    ASSERT_EQ(ops->read_vmstat(kernel, &vmstat), 0);
    EXPECT_EQ(zones.free_pages, 700 * MiB / 4096);
    EXPECT_EQ(zones.managed_pages, 1000 * MiB / 4096);
    EXPECT_EQ(zones.min_watermark_pages, 8 * MiB / 4096);
    EXPECT_EQ(zones.low_watermark_pages, 10 * MiB / 4096);
    EXPECT_EQ(zones.high_watermark_pages, 12 * MiB / 4096);
    EXPECT_EQ(vmstat.free_pages, zones.free_pages);
    EXPECT_EQ(vmstat.inactive_file_pages + vmstat.active_file_pages, 100 * MiB / 4096);
}

TEST_F(Simulated, MovesTheClockExactly)
{
    start(standard_machine());
    spawn(10, MiB);
    EXPECT_EQ(now(), 0U);
    mm_simulated_advance(kernel, 3600 * S + 1); // nothing happens: at once
    EXPECT_EQ(now(), 3600 * S + 1);
    ASSERT_EQ(mm_simulated_set_growth(kernel, 10, MiB, 0), 0);
    mm_simulated_advance(kernel, 1500000);
    EXPECT_EQ(now(), 3600 * S + 1 + 1500000);
}

TEST_F(Simulated, TheSameScriptGivesTheSameRun)
{
    std::vector<uint64_t> figures[2];

    for (auto &run_figures : figures) {
        start_with([](mm_simulated_machine &m) {
            m.zram_bytes = 200 * MiB;
            m.exit_bytes_per_s = 3 * MM_GIB;
        });
        for (pid_t pid = 10; pid < 20; pid++) {
            mm_simulated_process wanted = process(pid, 40 * MiB, "/app");

            wanted.growth_bytes_per_s = 13 * MiB + static_cast<uint64_t>(pid);
            wanted.oom_score_adj = pid;
            wanted.exit_delay_ms = 7;
            ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
        }
        for (int i = 0; i < 50; i++) {
            mm_simulated_advance(kernel, 200 * Ms);
            run_figures.push_back(memory().available_bytes);
            run_figures.push_back(mm_simulated_kernel_oom_kills(kernel));
        }
        EXPECT_GT(run_figures.back(), 1U) << "a script worth comparing";
    }
    EXPECT_EQ(figures[0], figures[1]);
}

TEST_F(Simulated, SaysWhatItHasAndWhatItLacks)
{
    start_with([](mm_simulated_machine &m) {
        m.zram_bytes = MiB;
        m.lacks[MM_FEATURE_PIDFD] = true;
    });
    for (int i = 0; i < MM_FEATURE_COUNT; i++) {
        const mm_feature *feature = ops->feature(kernel, static_cast<mm_feature_id>(i));

        EXPECT_EQ(feature->available, i != MM_FEATURE_PIDFD && i != MM_FEATURE_CGROUP_V1_MEMORY &&
                                          i != MM_FEATURE_USAGE_THRESHOLD && i != MM_FEATURE_VMPRESSURE)
            << i;
        EXPECT_STRNE(feature->reason, "") << i;
    }
    start(standard_machine());
    EXPECT_FALSE(ops->feature(kernel, MM_FEATURE_SWAP)->available) << "no zram, no swap";
    start_with([](mm_simulated_machine &m) { m.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = true; });
    EXPECT_TRUE(ops->feature(kernel, MM_FEATURE_CGROUP_V1_MEMORY)->available);
    EXPECT_FALSE(ops->feature(kernel, MM_FEATURE_MEMORY_HIGH)->available);
}

// What each missing feature does to the operation that needs it.
TEST_F(Simulated, RefusesWhatItLacks)
{
    struct Case {
        mm_feature_id feature;
        std::function<int(Simulated &)> ask;
    };
    const Case cases[] = {
        {MM_FEATURE_PRESSURE,
         [](Simulated &t) {
             mm_pressure pressure;
             return t.ops->read_pressure(t.kernel, nullptr, &pressure);
         }},
        {MM_FEATURE_PRESSURE_TRIGGER,
         [](Simulated &t) {
             mm_pressure_trigger wanted = {MM_PRESSURE_SOME, 1000, 1000000}, armed;
             int fd;
             return t.ops->open_pressure_trigger(t.kernel, nullptr, &wanted, &armed, &fd);
         }},
        {MM_FEATURE_GROUP_PRESSURE,
         [](Simulated &t) {
             mm_pressure pressure;
             return t.ops->read_pressure(t.kernel, t.open("/app"), &pressure);
         }},
        {MM_FEATURE_CGROUP_KILL, [](Simulated &t) { return t.ops->kill_group(t.kernel, t.open("/app")); }},
        {MM_FEATURE_MEMORY_HIGH,
         [](Simulated &t) {
             return t.ops->raise_group(t.kernel, t.open("/app"), MM_GROUP_HIGH, MM_UNLIMITED);
         }},
        {MM_FEATURE_PIDFD,
         [](Simulated &t) {
             mm_process_handle handle = t.hold(10);
             EXPECT_TRUE(handle.pidfd < 0);
             return t.ops->watch_process(t.kernel, &handle, 1);
         }},
        {MM_FEATURE_PROCESS_MRELEASE,
         [](Simulated &t) {
             mm_process_handle handle = t.hold(10);
             return t.ops->reap_process(t.kernel, &handle);
         }},
    };
    for (const Case &test : cases) {
        start_with([&](mm_simulated_machine &m) { m.lacks[test.feature] = true; });
        spawn(10, MiB, "/app");
        EXPECT_EQ(test.ask(*this), -EOPNOTSUPP) << mm_feature_name(test.feature);
    }
    start_with([](mm_simulated_machine &m) {
        m.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = true;
        m.lacks[MM_FEATURE_CGROUP_V1_MEMORY] = true;
    });
    mm_group *group = nullptr;
    EXPECT_EQ(ops->open_group(kernel, "/", &group), -EOPNOTSUPP);
}

TEST_F(Simulated, FailsAsOftenAsItIsTold)
{
    mm_memory_state state{};

    start(standard_machine());
    mm_simulated_fail(kernel, "read_memory", EIO, 2);
    EXPECT_EQ(ops->read_memory(kernel, &state), -EIO);
    EXPECT_EQ(state.total_bytes, 0U) << "results stay untouched";
    EXPECT_EQ(ops->read_memory(kernel, &state), -EIO);
    EXPECT_EQ(ops->read_memory(kernel, &state), 0);
    EXPECT_EQ(mm_simulated_calls(kernel, "read_memory"), 3U);
    EXPECT_EQ(mm_simulated_calls(kernel, "kill_process"), 0U);
    EXPECT_DEATH(mm_simulated_fail(kernel, "reed_memory", EIO, 1), "reed_memory");
}

// ---- processes -----------------------------------------------------------------------------------------

TEST_F(Simulated, TellsOnlyTheFieldsAsked)
{
    struct Case {
        unsigned fields;
        pid_t ppid;
        uid_t uid;
        int oom_score_adj;
        uint64_t resident_bytes;
        bool has_start;
    };
    const Case cases[] = {
        {MM_PROCESS_STAT, 1, 77, 77, 77, true},          {MM_PROCESS_STATUS, 77, 1000, 77, 12 * MiB, false},
        {MM_PROCESS_STATM, 77, 77, 77, 12 * MiB, false}, {MM_PROCESS_ADJ, 77, 77, 250, 77, false},
        {MM_PROCESS_ALL, 1, 1000, 250, 12 * MiB, true},
    };
    start(standard_machine());
    mm_simulated_process wanted = process(10, 8 * MiB);
    wanted.file_bytes = 4 * MiB;
    wanted.oom_score_adj = 250;
    wanted.comm = "a name that is too long";
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    for (const Case &test : cases) {
        mm_process_info info{};

        info.ppid = 77;
        info.uid = 77;
        info.oom_score_adj = 77;
        info.resident_bytes = 77;
        ASSERT_EQ(ops->read_process(kernel, 10, test.fields, &info), 0);
        EXPECT_EQ(info.pid, 10);
        EXPECT_EQ(info.ppid, test.ppid) << test.fields;
        EXPECT_EQ(info.uid, test.uid) << test.fields;
        EXPECT_EQ(info.oom_score_adj, test.oom_score_adj) << test.fields;
        EXPECT_EQ(info.resident_bytes, test.resident_bytes) << test.fields;
        EXPECT_EQ(info.start_time_ticks != 0, test.has_start) << test.fields;
        EXPECT_STREQ(info.comm, test.has_start ? "a name that is " : "") << test.fields;
    }
    mm_process_info info{};
    EXPECT_EQ(ops->read_process(kernel, 11, MM_PROCESS_ALL, &info), -ESRCH);
}

TEST_F(Simulated, RefusesImpossibleProcesses)
{
    start(standard_machine());
    spawn(10, MiB);
    mm_simulated_process wanted = process(10, MiB);
    EXPECT_EQ(mm_simulated_spawn(kernel, &wanted), -EEXIST);
    wanted = process(0, MiB);
    EXPECT_EQ(mm_simulated_spawn(kernel, &wanted), -EINVAL);
    wanted = process(11, MiB, "no/slash");
    EXPECT_EQ(mm_simulated_spawn(kernel, &wanted), -EINVAL);
    wanted = process(11, 2 * MM_GIB);
    EXPECT_EQ(mm_simulated_spawn(kernel, &wanted), -ENOMEM);
    wanted = process(11, MiB);
    wanted.oom_score_adj = 1001;
    EXPECT_EQ(mm_simulated_spawn(kernel, &wanted), -EINVAL);
}

TEST_F(Simulated, ScansInPidOrderAndStopsWhenAsked)
{
    std::vector<pid_t> pids;

    start(standard_machine());
    for (pid_t pid : {30, 10, 4106, 20})
        spawn(pid, MiB);
    auto visit = [](const mm_process_info *info, void *user) {
        static_cast<std::vector<pid_t> *>(user)->push_back(info->pid);
        return info->pid == 30 ? 5 : 0;
    };
    mm_process_scan scan{};
    EXPECT_EQ(ops->scan_processes(kernel, MM_PROCESS_ADJ, UINT64_MAX, &scan, visit, &pids), 5);
    EXPECT_EQ(pids, (std::vector<pid_t>{10, 20, 30}));
    pids.clear();
    EXPECT_EQ(ops->scan_processes(kernel, MM_PROCESS_ADJ, UINT64_MAX, &scan, visit, &pids), 0);
    EXPECT_EQ(pids, (std::vector<pid_t>{4106})) << "behind the one it was stopped at";
    pids.clear();
    scan = {};
    mm_simulated_fail(kernel, "scan_process", EACCES, 2);
    EXPECT_EQ(ops->scan_processes(kernel, MM_PROCESS_ADJ, UINT64_MAX, &scan, visit, &pids), 5);
    EXPECT_EQ(pids, (std::vector<pid_t>{30}));
    EXPECT_EQ(scan.unreadable_count, 2U);
    EXPECT_EQ(scan.unreadable_pid, 20);
    EXPECT_EQ(scan.unreadable_error, -EACCES);
    ASSERT_EQ(mm_simulated_exit(kernel, 10), 0);
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 4106)) << "of the same hash bucket as 10";
    EXPECT_EQ(mm_simulated_exit(kernel, 10), -ESRCH);
}

TEST_F(Simulated, ScansInSlicesOfTime)
{
    std::vector<pid_t> pids;
    mm_process_scan scan{};
    auto visit = [](const mm_process_info *info, void *user) {
        static_cast<std::vector<pid_t> *>(user)->push_back(info->pid);
        return 0;
    };

    start_with([](mm_simulated_machine &m) { m.scan_ns = Ms; });
    for (pid_t pid = 10; pid < 15; pid++)
        spawn(pid, MiB);
    EXPECT_EQ(ops->scan_processes(kernel, MM_PROCESS_ADJ, now() + 2 * Ms, &scan, visit, &pids),
              MM_SCAN_GOES_ON);
    EXPECT_EQ(pids, (std::vector<pid_t>{10, 11}));
    EXPECT_EQ(now(), 2 * Ms);
    ASSERT_EQ(mm_simulated_exit(kernel, 11), 0);
    ASSERT_EQ(mm_simulated_exit(kernel, 12), 0);
    EXPECT_EQ(ops->scan_processes(kernel, MM_PROCESS_ADJ, now() + 5 * Ms, &scan, visit, &pids), 0);
    EXPECT_EQ(pids, (std::vector<pid_t>{10, 11, 13, 14}));
}

TEST_F(Simulated, WritesOomScoreAdjAsTheKernelAllows)
{
    struct Case {
        bool may_lower;
        int asked, result, written;
    };
    const Case cases[] = {
        {true, 500, 0, 500},  {true, -1000, 0, -1000}, {true, 1001, -EINVAL, 99}, {true, -1001, -EINVAL, 99},
        {false, 500, 0, 500}, {false, 100, 0, 100},    {false, -1, 0, 0},         {false, -1000, 0, 0},
    };
    for (const Case &test : cases) {
        int written = 99;

        start_with(
            [&](mm_simulated_machine &m) { m.lacks[MM_FEATURE_OOM_SCORE_ADJ_LOWER] = !test.may_lower; });
        spawn(10, MiB);
        EXPECT_EQ(ops->write_oom_score_adj(kernel, 10, 0, test.asked, &written), test.result) << test.asked;
        EXPECT_EQ(written, test.written) << test.asked;
        EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 10), test.result == 0 ? test.written : 0);
        EXPECT_EQ(ops->write_oom_score_adj(kernel, 11, 0, 0, &written), -ESRCH);
        EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 11), INT_MIN);
    }
}

TEST_F(Simulated, GrowsAtItsRateToItsLimit)
{
    start(standard_machine());
    mm_simulated_process wanted = process(10, 10 * MiB);
    wanted.growth_bytes_per_s = 100 * MiB;
    wanted.growth_limit_bytes = 60 * MiB;
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    run(100 * Ms);
    EXPECT_EQ(mm_simulated_resident_bytes(kernel, 10), 20 * MiB);
    run(10 * S);
    EXPECT_EQ(mm_simulated_resident_bytes(kernel, 10), 60 * MiB);
    EXPECT_EQ(memory().anonymous_bytes, 60 * MiB);
    ASSERT_EQ(mm_simulated_set_growth(kernel, 10, 3, 0), 0); // three bytes a second are not rounded away
    run(10 * S);
    EXPECT_EQ(mm_simulated_resident_bytes(kernel, 10), 60 * MiB + 30);
    EXPECT_EQ(mm_simulated_set_growth(kernel, 11, 1, 1), -ESRCH);
}

// ---- killing -------------------------------------------------------------------------------------------

TEST_F(Simulated, AKilledProcessExitsAfterItsDelayAndGivesMemoryBackThen)
{
    start_with([](mm_simulated_machine &m) { m.exit_bytes_per_s = 1000 * MiB; });
    mm_simulated_process wanted = process(10, 100 * MiB, "/app");
    wanted.exit_delay_ms = 20;
    wanted.file_bytes = 5 * MiB;
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    mm_simulated_advance(kernel, 3 * Ms + 7);
    mm_process_handle handle = hold(10);
    ASSERT_EQ(ops->watch_process(kernel, &handle, 77), 0);
    ASSERT_EQ(ops->kill_process(kernel, &handle), 0);
    EXPECT_FALSE(ops->has_exited(kernel, &handle));

    mm_simulated_advance(kernel, S); // stops at the notice
    EXPECT_EQ(now(), 23 * Ms + 7);
    std::vector<mm_notice> notices = drain();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].kind, MM_NOTICE_PROCESS_EXITED);
    EXPECT_EQ(notices[0].cookie, 77U);
    EXPECT_TRUE(ops->has_exited(kernel, &handle));
    EXPECT_EQ(ops->kill_process(kernel, &handle), -ESRCH);
    EXPECT_EQ(mm_simulated_killed_at_ns(kernel, 10), 3 * Ms + 7);
    EXPECT_EQ(memory().anonymous_bytes, 100 * MiB) << "comes back from now on";

    EXPECT_TRUE(run(50 * Ms).empty());
    EXPECT_EQ(memory().anonymous_bytes, 50 * MiB);
    EXPECT_TRUE(run(51 * Ms).empty());
    EXPECT_EQ(memory().anonymous_bytes, 0U);
    EXPECT_EQ(value("/app", MM_GROUP_FILE), 5 * MiB) << "files stay cached";
    ops->close_process(kernel, &handle);
}

TEST_F(Simulated, AProcessThatNeverDiesIsReapedAllTheSame)
{
    start_with([](mm_simulated_machine &m) { m.exit_bytes_per_s = 1000 * MiB; });
    mm_simulated_process wanted = process(10, 100 * MiB);
    wanted.exit_delay_ms = MM_UNKNOWN;
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    mm_process_handle handle = hold(10);
    mm_process_info info{};

    ASSERT_EQ(ops->kill_process(kernel, &handle), 0);
    EXPECT_TRUE(run(S).empty());
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 10));
    ASSERT_EQ(ops->read_process(kernel, 10, MM_PROCESS_STAT, &info), 0);
    EXPECT_EQ(info.state, 'D');
    EXPECT_EQ(memory().anonymous_bytes, 100 * MiB);

    ASSERT_EQ(ops->reap_process(kernel, &handle), 0);
    std::vector<mm_notice> notices = run(S);
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].kind, MM_NOTICE_REAP_DONE);
    EXPECT_EQ(notices[0].pid, 10);
    EXPECT_EQ(notices[0].error, 0);
    EXPECT_EQ(notices[0].duration_ns, 100 * Ms);
    EXPECT_EQ(memory().anonymous_bytes, 0U);
    EXPECT_FALSE(ops->has_exited(kernel, &handle));
}

TEST_F(Simulated, AReapSaysWhatBecameOfIt)
{
    struct Case {
        const char *what;
        std::function<void(Simulated &, mm_process_handle &)> prepare;
        int error;
    };
    const Case cases[] = {
        {"not killed", [](Simulated &, mm_process_handle &) {}, -EINVAL},
        {"gone", [](Simulated &t, mm_process_handle &) { ASSERT_EQ(mm_simulated_exit(t.kernel, 10), 0); },
         -ESRCH},
        {"failing",
         [](Simulated &t, mm_process_handle &handle) {
             ASSERT_EQ(t.ops->kill_process(t.kernel, &handle), 0);
             mm_simulated_fail(t.kernel, "reap", EAGAIN, 1);
         },
         -EAGAIN},
        {"killed",
         [](Simulated &t, mm_process_handle &handle) {
             ASSERT_EQ(t.ops->kill_process(t.kernel, &handle), 0);
         },
         0},
    };
    for (const Case &test : cases) {
        start(standard_machine());
        spawn(10, MiB);
        mm_process_handle handle = hold(10);

        test.prepare(*this, handle);
        ASSERT_EQ(ops->reap_process(kernel, &handle), 0) << test.what;
        std::vector<mm_notice> notices = run(Ms);
        ASSERT_EQ(notices.size(), 1U) << test.what;
        EXPECT_EQ(notices[0].error, test.error) << test.what;
    }
}

TEST_F(Simulated, AHandleMeansOneProcessOnly)
{
    start(standard_machine());
    spawn(10, MiB);
    mm_process_handle old = hold(10);
    mm_process_handle other{};

    EXPECT_EQ(ops->open_process(kernel, 10, old.start_time_ticks + 1, &other), -ESRCH);
    ASSERT_EQ(ops->watch_process(kernel, &old, 5), 0);
    ASSERT_EQ(mm_simulated_exit(kernel, 10), 0);
    spawn(10, MiB); // the pid again, in the same tick
    EXPECT_TRUE(ops->has_exited(kernel, &old));
    EXPECT_EQ(ops->kill_process(kernel, &old), -ESRCH);
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 10));
    EXPECT_EQ(ops->open_process(kernel, 10, old.start_time_ticks, &other), -ESRCH);
    EXPECT_EQ(drain().size(), 1U);
    ASSERT_EQ(ops->watch_process(kernel, &old, 6), 0);
    EXPECT_EQ(drain().at(0).cookie, 6U) << "an exit before the watch is told at once";
}

TEST_F(Simulated, AClosedHandleIsSilent)
{
    start(standard_machine());
    spawn(10, MiB);
    spawn(11, MiB);
    mm_process_handle first = hold(10), second = hold(11);

    ASSERT_EQ(ops->watch_process(kernel, &first, 1), 0);
    ASSERT_EQ(ops->watch_process(kernel, &second, 2), 0);
    ASSERT_EQ(mm_simulated_exit(kernel, 10), 0);
    ASSERT_EQ(mm_simulated_exit(kernel, 11), 0);
    ops->close_process(kernel, &first); // its notice waits already
    std::vector<mm_notice> notices = drain();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].cookie, 2U);
}

TEST_F(Simulated, RefusesToKillInitAndItself)
{
    start_with([](mm_simulated_machine &m) { m.own_pid = 40; });
    for (pid_t pid : {1, 40}) {
        spawn(pid, MiB);
        mm_process_handle handle = hold(pid);
        EXPECT_EQ(ops->kill_process(kernel, &handle), -EPERM) << pid;
        EXPECT_EQ(mm_simulated_killed_at_ns(kernel, pid), 0U) << pid;
    }
}

// ---- what outlives the daemon --------------------------------------------------------------------------

TEST_F(Simulated, StateOutlivesTheDaemon)
{
    void *memory = nullptr, *again = nullptr;

    start(standard_machine());
    ASSERT_EQ(ops->map_state(kernel, "journal", 64, &memory), 0);
    EXPECT_EQ(std::string(static_cast<char *>(memory), 64), std::string(64, '\0'));
    strcpy(static_cast<char *>(memory), "written");
    mm_simulated_crash(kernel);
    ASSERT_EQ(ops->map_state(kernel, "journal", 64, &again), 0);
    EXPECT_STREQ(static_cast<char *>(again), "written");
    ASSERT_EQ(ops->map_state(kernel, "other", 64, &again), 0);
    EXPECT_STREQ(static_cast<char *>(again), "");
    ASSERT_EQ(ops->map_state(kernel, "journal", 128, &again), 0);
    EXPECT_STREQ(static_cast<char *>(again), "written") << "another size keeps what fits";
    EXPECT_EQ(ops->map_state(kernel, "a/b", 64, &again), -EINVAL);
    EXPECT_EQ(ops->map_state(kernel, "journal", 0, &again), -EINVAL);
}

TEST_F(Simulated, ACrashDropsWhatTheDaemonHeldAndNothingElse)
{
    mm_pressure_trigger trigger = {MM_PRESSURE_SOME, 1, 1000000}, armed;
    int fd = -1;

    start_with([](mm_simulated_machine &m) {
        m.zram_bytes = 400 * MiB;
        m.reclaim_bytes_per_s = 1000 * MiB;
        m.lacks[MM_FEATURE_MEMORY_RECLAIM] = true;
    });
    mm_simulated_process wanted = process(10, 200 * MiB, "/a");
    wanted.exit_delay_ms = 30;
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    mm_process_handle handle = hold(10);
    ASSERT_EQ(ops->watch_process(kernel, &handle, 1), 0);
    ASSERT_EQ(ops->open_pressure_trigger(kernel, nullptr, &trigger, &armed, &fd), 0);
    submit(MM_JOB_RECLAIM, open("/a"), 50 * MiB);
    mm_simulated_advance(kernel, 10 * Ms);
    ASSERT_EQ(ops->kill_process(kernel, &handle), 0);
    ASSERT_EQ(ops->reap_process(kernel, &handle), 0);
    ASSERT_EQ(mm_simulated_add_stall(kernel, nullptr, 5000, 5000), 0);
    mm_simulated_crash(kernel);
    EXPECT_TRUE(run(S).empty());
    EXPECT_FALSE(mm_simulated_is_alive(kernel, 10)) << "SIGKILL was on its way";
    EXPECT_EQ(value("/a", MM_GROUP_HIGH), 150 * MiB) << "nobody restored it";
    close(fd);
}

// The daemon may die before any of its operations: what it had stored by then is what the next one finds.
TEST_F(Simulated, TheDaemonCanDieBeforeAnyOperation)
{
    for (unsigned calls = 1; calls <= 4; calls++) {
        void *memory = nullptr;

        start(standard_machine());
        spawn(10, MiB, "/a");
        mm_group *group = open("/a");
        ASSERT_EQ(ops->map_state(kernel, "journal", 8, &memory), 0);
        auto *journal = static_cast<char *>(memory);
        mm_simulated_halt_after(kernel, calls);
        int failures = 0;
        for (int i = 1; i <= 3; i++) {
            journal[0] = static_cast<char>(i);
            failures +=
                ops->raise_group(kernel, group, MM_GROUP_HIGH, static_cast<uint64_t>(i) * 10 * MiB) < 0;
        }
        EXPECT_EQ(failures, 4 - static_cast<int>(calls));
        EXPECT_EQ(mm_simulated_is_halted(kernel), calls <= 3);
        mm_simulated_crash(kernel);
        EXPECT_FALSE(mm_simulated_is_halted(kernel));
        EXPECT_EQ(journal[0], calls <= 3 ? static_cast<char>(calls) : 3) << "stored before that operation";
        EXPECT_EQ(value("/a", MM_GROUP_HIGH), calls == 1 ? MM_UNLIMITED : (calls - 1) * 10 * MiB);
    }
}

TEST_F(Simulated, TenThousandProcessesAreNoBurden)
{
    start_with([](mm_simulated_machine &m) { m.ram_bytes = 64 * MM_GIB; });
    for (pid_t pid = 2; pid < 10002; pid++)
        spawn(pid, MiB, (pid % 2) ? "/a" : "/b");
    int count = 0;
    mm_process_scan scan{};
    ASSERT_EQ(ops->scan_processes(
                  kernel, MM_PROCESS_ALL, UINT64_MAX, &scan,
                  [](const mm_process_info *, void *user) {
                      (*static_cast<int *>(user))++;
                      return 0;
                  },
                  &count),
              0);
    EXPECT_EQ(count, 10000);
    EXPECT_EQ(value("/a", MM_GROUP_CURRENT), 5000 * MiB);
    EXPECT_EQ(ops->notice_fd(kernel), -1);
}

} // namespace
