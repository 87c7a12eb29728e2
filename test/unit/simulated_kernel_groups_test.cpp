// SPDX-License-Identifier: Apache-2.0
// The simulated machine's groups and jobs.
#include "test/unit/simulated_kernel_fixture.h"

#include <cerrno>

using namespace simulated_test;

namespace
{

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

TEST_F(Simulated, AGroupDomainIsItsSubtree)
{
    std::vector<pid_t> pids;
    mm_process_scan scan{};

    start_with([](mm_simulated_machine &m) { m.domain_group = "/a"; });
    spawn(10, 1 * MiB, "/a/b");
    spawn(11, 1 * MiB, "/ab");
    EXPECT_EQ(ops->is_in_domain(kernel, 10), 1);
    EXPECT_EQ(ops->is_in_domain(kernel, 11), 0);
    EXPECT_EQ(ops->scan_processes(
                  kernel, MM_PROCESS_STAT, UINT64_MAX, &scan,
                  [](const mm_process_info *info, void *user) {
                      static_cast<std::vector<pid_t> *>(user)->push_back(info->pid);
                      return 0;
                  },
                  &pids),
              0);
    EXPECT_EQ(pids, (std::vector<pid_t>{10}));
    ASSERT_EQ(mm_simulated_move(kernel, 11, "/a"), 0);
    EXPECT_EQ(ops->is_in_domain(kernel, 11), 1);
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
    mm_job job{MM_JOB_RECLAIM, old, MM_GROUP_HIGH, MiB, 9, nullptr};
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

TEST_F(Simulated, KillsNoGroupThatHoldsInitOrTheDaemon)
{
    start_with([](mm_simulated_machine &m) { m.own_pid = 20; });
    for (pid_t pid : {1, 20}) {
        const std::string group = "/of " + std::to_string(pid);

        spawn(pid, MiB, (group + "/below").c_str());
        spawn(pid + 100, MiB, group.c_str());
        EXPECT_EQ(ops->kill_group(kernel, open(group.c_str())), -EPERM) << pid;
        run(Ms);
        EXPECT_TRUE(mm_simulated_is_alive(kernel, pid + 100)) << "nobody was signalled";
    }
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
    mm_job job{MM_JOB_RECLAIM, group, MM_GROUP_HIGH, 20 * MiB, 0, nullptr};
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

} // namespace
