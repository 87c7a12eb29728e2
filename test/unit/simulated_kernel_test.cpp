// SPDX-License-Identifier: Apache-2.0
// The simulated machine: it must behave as Linux does where the strategies depend on it.
#include "common/common.h"
#include "kernel_interface/simulated_kernel.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace
{

constexpr uint64_t MiB = MM_MIB;
constexpr uint64_t Ms = MM_NS_PER_MS;
constexpr uint64_t S = MM_NS_PER_S;

mm_simulated_machine standard_machine()
{
    mm_simulated_machine machine{};

    machine.ram_bytes = 1024 * MiB;
    machine.reserved_bytes = 24 * MiB;
    machine.page_cache_bytes = 100 * MiB;
    return machine;
}

class Simulated : public testing::Test
{
  public: // to the functions in the tables too
    void TearDown() override
    {
        mm_kernel_free(kernel);
    }
    void start(const mm_simulated_machine &machine)
    {
        mm_kernel_free(kernel);
        kernel = nullptr;
        ASSERT_EQ(mm_simulated_kernel_new(&machine, &kernel), 0);
        ops = kernel->ops;
    }
    void start_with(const std::function<void(mm_simulated_machine &)> &change)
    {
        mm_simulated_machine machine = standard_machine();

        change(machine);
        start(machine);
    }
    mm_simulated_process process(pid_t pid, uint64_t anonymous_bytes, const char *group = nullptr) const
    {
        mm_simulated_process wanted{};

        wanted.pid = pid;
        wanted.ppid = 1;
        wanted.uid = 1000;
        wanted.comm = "application";
        wanted.group = group;
        wanted.anonymous_bytes = anonymous_bytes;
        return wanted;
    }
    void spawn(pid_t pid, uint64_t anonymous_bytes, const char *group = nullptr)
    {
        mm_simulated_process wanted = process(pid, anonymous_bytes, group);

        ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    }
    mm_memory_state memory() const
    {
        mm_memory_state state{};

        EXPECT_EQ(ops->read_memory(kernel, &state), 0);
        return state;
    }
    uint64_t now() const
    {
        return ops->now_ns(kernel);
    }
    mm_process_handle hold(pid_t pid) const
    {
        mm_process_handle handle{};

        EXPECT_EQ(ops->open_process(kernel, pid, 0, &handle), 0);
        return handle;
    }
    mm_group *open(const char *path) const
    {
        mm_group *group = nullptr;

        EXPECT_EQ(ops->open_group(kernel, path, &group), 0) << path;
        return group;
    }
    uint64_t value(const char *path, mm_group_value which) const
    {
        return mm_simulated_group_value(kernel, path, which);
    }
    std::vector<mm_notice> drain() const
    {
        std::vector<mm_notice> notices;

        ops->drain_notices(
            kernel,
            [](const mm_notice *notice, void *user) {
                static_cast<std::vector<mm_notice> *>(user)->push_back(*notice);
            },
            &notices);
        return notices;
    }
    // Goes on for the whole time, whatever notices come.
    std::vector<mm_notice> run(uint64_t duration_ns) const
    {
        std::vector<mm_notice> notices;
        uint64_t end_ns = now() + duration_ns;

        while (now() < end_ns) {
            mm_simulated_advance(kernel, end_ns - now());
            for (const mm_notice &notice : drain())
                notices.push_back(notice);
        }
        return notices;
    }
    void submit(mm_job_kind kind, mm_group *group, uint64_t bytes, uint64_t cookie = 1,
                mm_group_value which = MM_GROUP_HIGH) const
    {
        mm_job job{kind, group, which, bytes, cookie};

        ASSERT_EQ(ops->submit_job(kernel, &job), 0);
    }
    mm_kernel *kernel = nullptr;
    const mm_kernel_ops *ops = nullptr;
};

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

        EXPECT_EQ(feature->available, i != MM_FEATURE_PIDFD && i != MM_FEATURE_CGROUP_V1_MEMORY) << i;
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
             uint64_t window;
             int fd;
             return t.ops->open_pressure_trigger(t.kernel, nullptr, MM_PRESSURE_SOME, 1000, 1000000, &window,
                                                 &fd);
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
    EXPECT_EQ(ops->scan_processes(kernel, MM_PROCESS_ADJ, visit, &pids), 5);
    EXPECT_EQ(pids, (std::vector<pid_t>{10, 20, 30}));
    ASSERT_EQ(mm_simulated_exit(kernel, 10), 0);
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 4106)) << "of the same hash bucket as 10";
    EXPECT_EQ(mm_simulated_exit(kernel, 10), -ESRCH);
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
        EXPECT_EQ(ops->write_oom_score_adj(kernel, 10, test.asked, &written), test.result) << test.asked;
        EXPECT_EQ(written, test.written) << test.asked;
        EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 10), test.result == 0 ? test.written : 0);
        EXPECT_EQ(ops->write_oom_score_adj(kernel, 11, 0, &written), -ESRCH);
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

// ---- groups --------------------------------------------------------------------------------------------

TEST_F(Simulated, GroupsAddUpAlongTheTree)
{
    start(standard_machine());
    spawn(10, 10 * MiB, "/a/b");
    spawn(11, 20 * MiB, "/a");
    spawn(12, 40 * MiB, "/c");
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/a/b", MM_GROUP_FILE, 3 * MiB), 0);
    EXPECT_EQ(value("/a/b", MM_GROUP_CURRENT), 13 * MiB);
    EXPECT_EQ(value("/a", MM_GROUP_CURRENT), 33 * MiB);
    EXPECT_EQ(value("/a", MM_GROUP_ANONYMOUS), 30 * MiB);
    EXPECT_EQ(value("/", MM_GROUP_ANONYMOUS), 70 * MiB);
    EXPECT_EQ(value("/nowhere", MM_GROUP_CURRENT), MM_UNKNOWN);

    pid_t pids[2] = {0, 0};
    mm_group *group = open("/a");
    EXPECT_EQ(ops->read_group_processes(kernel, group, pids, 1), 2) << "all are counted";
    EXPECT_EQ(pids[1], 0) << "and no more stored than fit";
    EXPECT_EQ(ops->read_group_processes(kernel, group, pids, 2), 2);
    EXPECT_EQ(pids[0], 11);
    EXPECT_EQ(pids[1], 10);

    ASSERT_EQ(mm_simulated_move(kernel, 10, "/c"), 0);
    EXPECT_EQ(value("/a", MM_GROUP_ANONYMOUS), 20 * MiB);
    EXPECT_EQ(value("/c", MM_GROUP_ANONYMOUS), 50 * MiB);
    char path[4];
    EXPECT_EQ(ops->read_process_group(kernel, 10, path, sizeof(path)), 0);
    EXPECT_STREQ(path, "/c");
    EXPECT_EQ(ops->read_process_group(kernel, 10, path, 2), -ENAMETOOLONG);
    EXPECT_EQ(ops->read_process_group(kernel, 99, path, 2), -ESRCH);
    EXPECT_EQ(ops->is_in_domain(kernel, 10), 1);
    EXPECT_EQ(ops->is_in_domain(kernel, 99), -ESRCH);
    ops->close_group(kernel, group);
}

TEST_F(Simulated, TheRootHasWhatLinuxGivesIt)
{
    struct Case {
        bool is_v1;
        mm_group_value value;
        int result;
    };
    const Case cases[] = {
        {false, MM_GROUP_CURRENT, -EOPNOTSUPP},
        {false, MM_GROUP_HIGH, -EOPNOTSUPP},
        {false, MM_GROUP_MAX, -EOPNOTSUPP},
        {false, MM_GROUP_FILE, 0},
        {false, MM_GROUP_ANONYMOUS, 0},
        {true, MM_GROUP_CURRENT, 0},
        {true, MM_GROUP_MAX, 0},
    };
    for (const Case &test : cases) {
        uint64_t bytes;

        start_with([&](mm_simulated_machine &m) { m.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = test.is_v1; });
        mm_group *root = open("/");
        EXPECT_EQ(ops->read_group(kernel, root, test.value, &bytes), test.result)
            << test.is_v1 << " " << test.value;
    }
}

TEST_F(Simulated, RaisesOnlyWhatCannotBlock)
{
    struct Case {
        mm_group_value value;
        uint64_t bytes;
        int result;
    };
    const Case cases[] = {
        {MM_GROUP_HIGH, 50 * MiB - 1, -EBUSY}, {MM_GROUP_HIGH, 50 * MiB, 0},
        {MM_GROUP_HIGH, MM_UNLIMITED, 0},      {MM_GROUP_MAX, 50 * MiB - 1, -EBUSY},
        {MM_GROUP_MAX, 50 * MiB, 0},           {MM_GROUP_CURRENT, 90 * MiB, -EINVAL},
    };
    start(standard_machine());
    spawn(10, 50 * MiB, "/a");
    mm_group *group = open("/a");
    for (const Case &test : cases) {
        uint64_t before = value("/a", test.value);

        EXPECT_EQ(ops->raise_group(kernel, group, test.value, test.bytes), test.result) << test.bytes;
        EXPECT_EQ(value("/a", test.value), test.result == 0 ? test.bytes : before) << test.bytes;
    }
    EXPECT_EQ(mm_simulated_resident_bytes(kernel, 10), 50 * MiB);
}

TEST_F(Simulated, ARemovedGroupIsGoneAndAnotherOneTakesItsName)
{
    uint64_t bytes;
    pid_t pid;

    start(standard_machine());
    spawn(10, 5 * MiB, "/a/b");
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/a/b", MM_GROUP_FILE, 3 * MiB), 0);
    mm_group *old = open("/a/b");
    mm_job job{MM_JOB_RECLAIM, old, MM_GROUP_HIGH, MiB, 9};
    EXPECT_EQ(mm_simulated_remove_group(kernel, "/a/b"), -EBUSY);
    EXPECT_EQ(mm_simulated_remove_group(kernel, "/a"), -EBUSY);
    EXPECT_EQ(mm_simulated_remove_group(kernel, "/x"), -ENOENT);
    ASSERT_EQ(mm_simulated_exit(kernel, 10), 0);
    ASSERT_EQ(mm_simulated_remove_group(kernel, "/a/b"), 0);
    EXPECT_EQ(value("/a", MM_GROUP_CURRENT), 0U);

    EXPECT_EQ(ops->read_group(kernel, old, MM_GROUP_CURRENT, &bytes), -ENODEV);
    EXPECT_EQ(ops->raise_group(kernel, old, MM_GROUP_MAX, MM_UNLIMITED), -ENODEV);
    EXPECT_EQ(ops->read_group_processes(kernel, old, &pid, 1), -ENODEV);
    EXPECT_EQ(ops->kill_group(kernel, old), -ENODEV);
    ASSERT_EQ(ops->submit_job(kernel, &job), 0);
    EXPECT_EQ(run(Ms).at(0).error, -ENODEV);

    spawn(11, MiB, "/a/b");
    mm_group *fresh = open("/a/b");
    EXPECT_STREQ(ops->group_path(kernel, fresh), ops->group_path(kernel, old));
    EXPECT_NE(ops->group_id(kernel, fresh), ops->group_id(kernel, old));
    EXPECT_EQ(ops->read_group(kernel, old, MM_GROUP_CURRENT, &bytes), -ENODEV) << "still the old one";
    mm_group *none = nullptr;
    EXPECT_EQ(ops->open_group(kernel, "/nowhere", &none), -ENOENT);
}

TEST_F(Simulated, KillsAWholeGroup)
{
    start(standard_machine());
    spawn(10, MiB, "/a");
    spawn(11, MiB, "/a/b");
    spawn(12, MiB, "/c");
    ASSERT_EQ(ops->kill_group(kernel, open("/a")), 0);
    run(Ms);
    EXPECT_FALSE(mm_simulated_is_alive(kernel, 10));
    EXPECT_FALSE(mm_simulated_is_alive(kernel, 11));
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 12));
}

TEST_F(Simulated, AtItsMaximumAGroupKillsItsOwnWorst)
{
    start(standard_machine());
    spawn(10, 30 * MiB, "/a");
    spawn(11, 20 * MiB, "/a");
    spawn(12, 400 * MiB, "/b");
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/a", MM_GROUP_MAX, 60 * MiB), 0);
    ASSERT_EQ(mm_simulated_set_growth(kernel, 11, 100 * MiB, 28 * MiB), 0);
    run(S);
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 10)) << "it fits";
    ASSERT_EQ(mm_simulated_set_growth(kernel, 11, 100 * MiB, 0), 0);
    run(50 * Ms);
    EXPECT_FALSE(mm_simulated_is_alive(kernel, 10));
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 12));
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 1U);
    EXPECT_LE(value("/a", MM_GROUP_CURRENT), 60 * MiB);
}

TEST_F(Simulated, AboveMemoryHighMembersSwapThenCrawl)
{
    start_with([](mm_simulated_machine &m) { m.zram_bytes = 40 * MiB; });
    spawn(10, 50 * MiB, "/a");
    spawn(11, 30 * MiB, "/a");
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/a", MM_GROUP_HIGH, 60 * MiB), 0);
    EXPECT_EQ(value("/a", MM_GROUP_CURRENT), 60 * MiB);
    EXPECT_EQ(value("/a", MM_GROUP_SWAP_CURRENT), 20 * MiB);

    ASSERT_EQ(mm_simulated_set_growth(kernel, 11, 10 * MiB, 0), 0);
    run(2 * S); // 20 MiB more: the last that zram takes
    EXPECT_EQ(value("/a", MM_GROUP_CURRENT), 60 * MiB);
    EXPECT_EQ(value("/a", MM_GROUP_SWAP_CURRENT), 40 * MiB);
    mm_pressure before{}, after{};
    mm_group *group = open("/a");
    ASSERT_EQ(ops->read_pressure(kernel, group, &before), 0);
    run(S);
    ASSERT_EQ(ops->read_pressure(kernel, group, &after), 0);
    EXPECT_NEAR(static_cast<double>(value("/a", MM_GROUP_CURRENT) - 60 * MiB), 10.0 * MiB / 16, 1e4);
    EXPECT_EQ(after.some.total_us - before.some.total_us, 500000U);
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 0U);
}

TEST_F(Simulated, TheSoftLimitOfV1ForcesNothing)
{
    start_with([](mm_simulated_machine &m) {
        m.zram_bytes = 100 * MiB;
        m.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = true;
    });
    spawn(10, 50 * MiB, "/a");
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/a", MM_GROUP_HIGH, 10 * MiB), 0);
    ASSERT_EQ(mm_simulated_set_growth(kernel, 10, 10 * MiB, 55 * MiB), 0);
    run(S);
    EXPECT_EQ(value("/a", MM_GROUP_CURRENT), 55 * MiB);
    mm_group *group = open("/a");
    submit(MM_JOB_RECLAIM, group, 20 * MiB);
    EXPECT_EQ(run(Ms).at(0).error, 0) << "by lowering the limit";
    EXPECT_EQ(value("/a", MM_GROUP_CURRENT), 35 * MiB);
}

// ---- jobs ----------------------------------------------------------------------------------------------

TEST_F(Simulated, AReclaimJobTakesFilesThenSwapsAtItsRate)
{
    start_with([](mm_simulated_machine &m) {
        m.zram_bytes = 200 * MiB;
        m.zram_ratio_percent = 25;
        m.reclaim_bytes_per_s = 1000 * MiB;
    });
    spawn(10, 100 * MiB, "/a");
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/a", MM_GROUP_FILE, 10 * MiB), 0);
    mm_group *group = open("/a");
    uint64_t free_before = memory().free_bytes;

    submit(MM_JOB_RECLAIM, group, 50 * MiB, 42);
    EXPECT_TRUE(drain().empty());
    mm_simulated_advance(kernel, 10 * Ms);
    EXPECT_EQ(value("/a", MM_GROUP_FILE), 0U);
    EXPECT_EQ(value("/a", MM_GROUP_ANONYMOUS), 100 * MiB);
    mm_simulated_advance(kernel, S);
    EXPECT_EQ(now(), 50 * Ms);
    std::vector<mm_notice> notices = drain();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].kind, MM_NOTICE_JOB_DONE);
    EXPECT_EQ(notices[0].cookie, 42U);
    EXPECT_EQ(notices[0].error, 0);
    EXPECT_EQ(notices[0].bytes, 50 * MiB);
    EXPECT_EQ(value("/a", MM_GROUP_CURRENT), 60 * MiB);
    EXPECT_EQ(value("/a", MM_GROUP_SWAP_CURRENT), 40 * MiB);
    EXPECT_NEAR(static_cast<double>(memory().free_bytes - free_before), 40.0 * MiB, 100)
        << "10 of files, 40 swapped that cost 10";
    EXPECT_EQ(memory().swap_free_bytes, 160 * MiB);
    mm_process_info info{};
    ASSERT_EQ(ops->read_process(kernel, 10, MM_PROCESS_STATUS, &info), 0);
    EXPECT_EQ(info.swap_bytes, 40 * MiB);
}

TEST_F(Simulated, AJobEndsAsTheKernelWouldEndIt)
{
    struct Case {
        const char *what;
        mm_job_kind kind;
        mm_group_value value;
        uint64_t bytes;
        int error;
        uint64_t done, high, max;
    };
    const uint64_t none = MM_UNLIMITED;
    const Case cases[] = {
        {"less than asked for", MM_JOB_RECLAIM, MM_GROUP_HIGH, 90 * MiB, -EAGAIN, 40 * MiB, none, none},
        {"nothing to do", MM_JOB_RECLAIM, MM_GROUP_HIGH, 0, 0, 0, none, none},
        {"high above usage", MM_JOB_SET_VALUE, MM_GROUP_HIGH, 200 * MiB, 0, 0, 200 * MiB, none},
        {"high below usage", MM_JOB_SET_VALUE, MM_GROUP_HIGH, 70 * MiB, 0, 30 * MiB, 70 * MiB, none},
        {"high out of reach", MM_JOB_SET_VALUE, MM_GROUP_HIGH, 10 * MiB, 0, 40 * MiB, 10 * MiB, none},
        {"max below usage", MM_JOB_SET_VALUE, MM_GROUP_MAX, 70 * MiB, 0, 30 * MiB, none, 70 * MiB},
        {"no limit file", MM_JOB_SET_VALUE, MM_GROUP_CURRENT, 70 * MiB, -EINVAL, 0, none, none},
    };
    for (const Case &test : cases) {
        start_with([](mm_simulated_machine &m) { m.zram_bytes = 40 * MiB; });
        spawn(10, 100 * MiB, "/a");
        submit(test.kind, open("/a"), test.bytes, 1, test.value);
        std::vector<mm_notice> notices = run(Ms);
        ASSERT_EQ(notices.size(), 1U) << test.what;
        EXPECT_EQ(notices[0].error, test.error) << test.what;
        EXPECT_EQ(notices[0].bytes, test.done) << test.what;
        EXPECT_EQ(value("/a", MM_GROUP_CURRENT), 100 * MiB - test.done) << test.what;
        EXPECT_EQ(value("/a", MM_GROUP_HIGH), test.high) << test.what;
        EXPECT_EQ(value("/a", MM_GROUP_MAX), test.max) << test.what;
        EXPECT_TRUE(mm_simulated_is_alive(kernel, 10)) << test.what;
    }
}

TEST_F(Simulated, AMaximumOutOfReachKills)
{
    start(standard_machine());
    spawn(10, 100 * MiB, "/a");
    submit(MM_JOB_SET_VALUE, open("/a"), 70 * MiB, 1, MM_GROUP_MAX);
    run(2 * Ms);
    EXPECT_FALSE(mm_simulated_is_alive(kernel, 10));
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 1U);
}

TEST_F(Simulated, JobsQueueAndAreCancelled)
{
    start_with([](mm_simulated_machine &m) {
        m.zram_bytes = 400 * MiB;
        m.reclaim_bytes_per_s = 1000 * MiB;
    });
    spawn(10, 200 * MiB, "/a");
    mm_group *group = open("/a");
    mm_job job{MM_JOB_RECLAIM, group, MM_GROUP_HIGH, 20 * MiB, 0};
    int submitted = 0;

    while (ops->submit_job(kernel, &job) == 0) {
        submitted++;
        job.cookie++;
    }
    EXPECT_EQ(submitted, 64);
    EXPECT_EQ(ops->submit_job(kernel, &job), -EAGAIN);
    mm_simulated_advance(kernel, S);
    EXPECT_EQ(drain().at(0).error, 0);
    mm_simulated_advance(kernel, 5 * Ms);
    ops->cancel_jobs(kernel);
    std::vector<mm_notice> notices = drain();
    ASSERT_EQ(notices.size(), 63U);
    EXPECT_EQ(notices[0].cookie, 1U);
    EXPECT_EQ(notices[0].error, -EINTR);
    EXPECT_EQ(notices[0].bytes, 5 * MiB);
    for (size_t i = 1; i < notices.size(); i++)
        EXPECT_EQ(notices[i].error, -ECANCELED);
    EXPECT_EQ(value("/a", MM_GROUP_CURRENT), 175 * MiB);
    EXPECT_TRUE(run(S).empty());

    job.cookie = 500;
    mm_simulated_fail(kernel, "job", EIO, 1);
    ASSERT_EQ(ops->submit_job(kernel, &job), 0);
    EXPECT_EQ(run(S).at(0).error, -EIO);
}

TEST_F(Simulated, WithoutMemoryReclaimHighIsLoweredAndRestored)
{
    start_with([](mm_simulated_machine &m) {
        m.zram_bytes = 400 * MiB;
        m.reclaim_bytes_per_s = 1000 * MiB;
        m.lacks[MM_FEATURE_MEMORY_RECLAIM] = true;
    });
    spawn(10, 200 * MiB, "/a");
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/a", MM_GROUP_HIGH, 300 * MiB), 0);
    mm_group *group = open("/a");

    submit(MM_JOB_RECLAIM, group, 50 * MiB);
    mm_simulated_advance(kernel, Ms);
    EXPECT_EQ(value("/a", MM_GROUP_HIGH), 150 * MiB);
    EXPECT_EQ(run(S).at(0).bytes, 50 * MiB);
    EXPECT_EQ(value("/a", MM_GROUP_HIGH), 300 * MiB);

    submit(MM_JOB_RECLAIM, group, 50 * MiB);
    mm_simulated_advance(kernel, Ms);
    ops->cancel_jobs(kernel);
    EXPECT_EQ(value("/a", MM_GROUP_HIGH), 300 * MiB) << "restored when cancelled too";
    drain();

    submit(MM_JOB_RECLAIM, group, 50 * MiB);
    mm_simulated_advance(kernel, Ms);
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/a", MM_GROUP_HIGH, 180 * MiB), 0);
    run(S);
    EXPECT_EQ(value("/a", MM_GROUP_HIGH), 180 * MiB) << "somebody else's value stays";
}

// ---- running out of memory -----------------------------------------------------------------------------

TEST_F(Simulated, GrowthDropsFilesThenSwapsThenTheWorstDies)
{
    start_with([](mm_simulated_machine &m) { m.zram_bytes = 200 * MiB; });
    spawn(10, 400 * MiB, "/idle");
    mm_simulated_process wanted = process(11, 100 * MiB, "/hog");
    wanted.growth_bytes_per_s = 200 * MiB;
    wanted.oom_score_adj = 300;
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    run(1900 * Ms);
    EXPECT_EQ(memory().available_bytes, 120 * MiB);
    EXPECT_EQ(memory().file_bytes, 100 * MiB);
    run(300 * Ms);
    EXPECT_LT(memory().file_bytes, 100 * MiB) << "kswapd began at the low watermark";
    EXPECT_EQ(memory().swap_free_bytes, 200 * MiB);
    mm_vmstat vmstat{};
    ASSERT_EQ(ops->read_vmstat(kernel, &vmstat), 0);
    EXPECT_GT(vmstat.scan_kswapd, 0U);
    EXPECT_EQ(vmstat.allocation_stalls, 0U);
    run(950 * Ms); // 1130 MiB are held, 1000 less a third of 200 fit
    EXPECT_EQ(memory().swap_free_bytes, 0U);
    EXPECT_EQ(mm_simulated_resident_bytes(kernel, 10), 200 * MiB) << "the idle one was swapped first";
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 11));
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 0U);
    run(50 * Ms);
    EXPECT_FALSE(mm_simulated_is_alive(kernel, 11));
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 10));
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 1U);
    ASSERT_EQ(ops->read_vmstat(kernel, &vmstat), 0);
    EXPECT_EQ(vmstat.oom_kills, 1U);
    EXPECT_GT(vmstat.allocation_stalls, 0U);
}

TEST_F(Simulated, AHogThatOutrunsKswapdReclaimsItself)
{
    mm_pressure pressure{};
    mm_vmstat vmstat{};

    start_with([](mm_simulated_machine &m) { m.zram_bytes = 300 * MiB; });
    spawn(10, 850 * MiB, "/idle");
    spawn(11, MiB, "/hog");
    ASSERT_EQ(mm_simulated_set_growth(kernel, 11, 30 * MM_GIB, 150 * MiB), 0);
    run(20 * Ms);
    ASSERT_EQ(ops->read_vmstat(kernel, &vmstat), 0);
    EXPECT_EQ(mm_simulated_resident_bytes(kernel, 11), 150 * MiB);
    EXPECT_GT(vmstat.scan_direct, 0U);
    EXPECT_GT(vmstat.allocation_stalls, 0U);
    ASSERT_EQ(ops->read_pressure(kernel, open("/hog"), &pressure), 0);
    EXPECT_GE(pressure.some.total_us, 1000U);
    ASSERT_EQ(ops->read_pressure(kernel, open("/idle"), &pressure), 0);
    EXPECT_EQ(pressure.some.total_us, 0U);
}

TEST_F(Simulated, TheOomKillerGoesByBadnessAndSparesThoseAtMinus1000)
{
    struct Case {
        int adjs[3]; // of processes with 300, 200 and 100 MiB; the last grows
        pid_t victim;
    };
    const Case cases[] = {
        {{0, 0, 0}, 10}, {{-1000, 0, 0}, 12}, {{0, 500, 0}, 11}, {{-1000, 0, -1000}, 11}, {{0, 0, 900}, 12},
    };
    for (const Case &test : cases) {
        start(standard_machine());
        for (int i = 0; i < 3; i++) {
            mm_simulated_process wanted = process(10 + i, static_cast<uint64_t>(300 - 100 * i) * MiB);

            wanted.oom_score_adj = test.adjs[i];
            if (i == 2)
                wanted.growth_bytes_per_s = 1000 * MiB;
            if (i == 2 && test.victim == 10)
                wanted.growth_bytes_per_s = 0;
            ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
        }
        if (test.victim == 10) { // a small one takes the rest
            mm_simulated_process wanted = process(13, 299 * MiB);

            ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
            ASSERT_EQ(mm_simulated_set_growth(kernel, 11, 1000 * MiB, 299 * MiB), 0);
            ASSERT_EQ(mm_simulated_set_growth(kernel, 12, 1000 * MiB, 298 * MiB), 0);
        }
        for (int i = 0; i < 5000 && mm_simulated_kernel_oom_kills(kernel) == 0; i++)
            mm_simulated_advance(kernel, Ms);
        EXPECT_GT(mm_simulated_killed_at_ns(kernel, test.victim), 0U) << test.victim;
        EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 1U);
    }
}

TEST_F(Simulated, OneOomVictimAtATimeEvenIfItNeverExits)
{
    start_with([](mm_simulated_machine &m) { m.exit_bytes_per_s = 100 * MiB; });
    mm_simulated_process wanted = process(10, 500 * MiB);
    wanted.exit_delay_ms = MM_UNKNOWN;
    wanted.oom_score_adj = 500;
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    wanted = process(11, 400 * MiB);
    wanted.growth_bytes_per_s = 1000 * MiB;
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    run(2 * S);
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 1U);
    EXPECT_LT(memory().anonymous_bytes, 1000 * MiB + 1);
    EXPECT_LT(mm_simulated_resident_bytes(kernel, 10), 330 * MiB) << "the oom_reaper's work";
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 10));
}

TEST_F(Simulated, TouchedMemoryComesBackAsRefaults)
{
    start_with([](mm_simulated_machine &m) { m.zram_bytes = 100 * MiB; });
    spawn(10, 50 * MiB, "/a");
    submit(MM_JOB_RECLAIM, open("/a"), 30 * MiB);
    run(Ms);
    ASSERT_EQ(mm_simulated_touch(kernel, 10, 20 * MiB), 0);
    EXPECT_EQ(value("/a", MM_GROUP_SWAP_CURRENT), 10 * MiB);
    EXPECT_EQ(mm_simulated_resident_bytes(kernel, 10), 40 * MiB);
    mm_simulated_add_refaults(kernel, 1, 2);
    mm_vmstat vmstat{};
    ASSERT_EQ(ops->read_vmstat(kernel, &vmstat), 0);
    EXPECT_EQ(vmstat.refault_anonymous, 20 * MiB / 4096 + 1);
    EXPECT_EQ(vmstat.refault_file, 2U);
}

// ---- pressure ------------------------------------------------------------------------------------------

TEST_F(Simulated, PressureRisesBelowTheLineAndDecays)
{
    mm_pressure pressure{};

    start_with([](mm_simulated_machine &m) { m.pressure_line_bytes = 200 * MiB; });
    spawn(10, 800 * MiB);
    run(10 * S);
    ASSERT_EQ(ops->read_pressure(kernel, nullptr, &pressure), 0);
    EXPECT_EQ(pressure.some.total_us, 0U) << "available is at the line";
    spawn(11, 100 * MiB); // half of the line is left: half of the time is lost
    run(60 * S);
    ASSERT_EQ(ops->read_pressure(kernel, nullptr, &pressure), 0);
    EXPECT_NEAR(static_cast<double>(pressure.some.total_us), 30e6, 1e5);
    EXPECT_NEAR(static_cast<double>(pressure.full.total_us), 15e6, 1e5);
    EXPECT_NEAR(pressure.some.average_10s_centipercent, 5000, 50);
    EXPECT_NEAR(pressure.some.average_60s_centipercent, 3160, 60);
    EXPECT_GT(pressure.some.average_60s_centipercent, pressure.some.average_300s_centipercent);
    ASSERT_EQ(mm_simulated_exit(kernel, 11), 0);
    mm_simulated_advance(kernel, 3600 * S);
    uint64_t total_us = pressure.some.total_us;
    ASSERT_EQ(ops->read_pressure(kernel, nullptr, &pressure), 0);
    EXPECT_EQ(pressure.some.total_us, total_us);
    EXPECT_EQ(pressure.some.average_10s_centipercent, 0U);
    EXPECT_EQ(pressure.some.average_300s_centipercent, 0U);
}

TEST_F(Simulated, AStallBelongsToItsGroupAndThoseAbove)
{
    mm_pressure pressure{};

    start(standard_machine());
    spawn(10, MiB, "/a/b");
    spawn(11, MiB, "/c");
    ASSERT_EQ(mm_simulated_add_stall(kernel, "/a/b", 1000, 400), 0);
    ASSERT_EQ(mm_simulated_add_stall(kernel, nullptr, 7, 3), 0);
    EXPECT_EQ(mm_simulated_add_stall(kernel, "/x", 7, 3), -ENOENT);
    const struct {
        const char *path;
        uint64_t some_us, full_us;
    } cases[] = {{"/a/b", 1000, 400}, {"/a", 1000, 400}, {"/c", 0, 0}, {"/", 1007, 403}};
    for (const auto &test : cases) {
        ASSERT_EQ(ops->read_pressure(kernel, open(test.path), &pressure), 0);
        EXPECT_EQ(pressure.some.total_us, test.some_us) << test.path;
        EXPECT_EQ(pressure.full.total_us, test.full_us) << test.path;
    }
}

TEST_F(Simulated, ATriggerTakesTheWindowThatIsAllowed)
{
    struct Case {
        bool has_short_window;
        uint64_t stall_us, window_us;
        int result;
        uint64_t armed_us;
    };
    const Case cases[] = {
        {true, 50000, 1000000, 0, 1000000},  {true, 50000, 500000, 0, 500000},
        {true, 50000, 100000, 0, 2000000},   {true, 50000, 20000000, 0, 2000000},
        {false, 50000, 1000000, 0, 2000000}, {false, 50000, 4000000, 0, 4000000},
        {true, 0, 1000000, -EINVAL, 0},      {true, 2000000, 1000000, -EINVAL, 0},
    };
    for (const Case &test : cases) {
        uint64_t window_us = 0;
        int fd = -1;

        start_with([&](mm_simulated_machine &m) {
            m.lacks[MM_FEATURE_PRESSURE_SHORT_WINDOW] = !test.has_short_window;
        });
        EXPECT_EQ(ops->open_pressure_trigger(kernel, nullptr, MM_PRESSURE_SOME, test.stall_us, test.window_us,
                                             &window_us, &fd),
                  test.result);
        EXPECT_EQ(window_us, test.armed_us) << test.window_us;
        EXPECT_EQ(fd >= 0, test.result == 0);
        if (fd >= 0)
            close(fd);
    }
}

TEST_F(Simulated, ATriggerFiresOncePerWindowUntilItIsClosed)
{
    uint64_t window_us;
    int fd = -1;

    start_with([](mm_simulated_machine &m) { m.pressure_line_bytes = 200 * MiB; });
    ASSERT_EQ(ops->open_pressure_trigger(kernel, nullptr, MM_PRESSURE_SOME, 100000, 1000000, &window_us, &fd),
              0);
    EXPECT_TRUE(run(20 * S).empty());
    spawn(10, 900 * MiB); // half of the time stalls: 100 ms are full after 200
    uint64_t begin_ns = now();
    std::vector<mm_notice> notices = run(300 * Ms);
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].kind, MM_NOTICE_PRESSURE);
    EXPECT_EQ(notices[0].cookie, static_cast<uint64_t>(fd));
    notices = run(10 * S - (now() - begin_ns));
    EXPECT_GE(notices.size(), 8U);
    EXPECT_LE(notices.size(), 10U);
    close(fd);
    EXPECT_TRUE(run(5 * S).empty());
}

TEST_F(Simulated, ATriggerOnAGroupHearsOnlyThatGroup)
{
    uint64_t window_us;
    int fd = -1;

    start(standard_machine());
    spawn(10, MiB, "/a");
    spawn(11, MiB, "/b");
    ASSERT_EQ(
        ops->open_pressure_trigger(kernel, open("/a"), MM_PRESSURE_FULL, 1000, 1000000, &window_us, &fd), 0);
    ASSERT_EQ(mm_simulated_add_stall(kernel, "/b", 5000, 5000), 0);
    ASSERT_EQ(mm_simulated_add_stall(kernel, "/a", 5000, 999), 0);
    EXPECT_TRUE(run(Ms).empty());
    ASSERT_EQ(mm_simulated_add_stall(kernel, "/a", 0, 1), 0);
    EXPECT_EQ(run(Ms).size(), 1U);
    close(fd);
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
    EXPECT_STREQ(static_cast<char *>(again), "") << "another size is another file";
    EXPECT_EQ(ops->map_state(kernel, "a/b", 64, &again), -EINVAL);
    EXPECT_EQ(ops->map_state(kernel, "journal", 0, &again), -EINVAL);
}

TEST_F(Simulated, ACrashDropsWhatTheDaemonHeldAndNothingElse)
{
    uint64_t window_us;
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
    ASSERT_EQ(ops->open_pressure_trigger(kernel, nullptr, MM_PRESSURE_SOME, 1, 1000000, &window_us, &fd), 0);
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
    ASSERT_EQ(ops->scan_processes(
                  kernel, MM_PROCESS_ALL,
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
