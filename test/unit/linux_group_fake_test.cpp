// SPDX-License-Identifier: Apache-2.0
// The Linux implementation: groups and jobs over trees of plain files: v1, v2, hybrid, containers,
// OpenHarmony.
#include "fake_machine.h"

#include "kernel_interface/group_job.h"

#include <cerrno>
#include <poll.h>
#include <vector>

namespace
{

struct ValueCase {
    enum mm_group_value value;
    int result;
    uint64_t bytes;
};

void expect_values(const FakeMachine &machine, struct mm_group *group, const std::vector<ValueCase> &cases)
{
    for (const ValueCase &c : cases) {
        uint64_t bytes = 4242;

        EXPECT_EQ(machine.ops()->read_group(machine.kernel(), group, c.value, &bytes), c.result) << c.value;
        EXPECT_EQ(bytes, c.result == 0 ? c.bytes : 4242) << c.value;
    }
}

TEST(FakeMachineGroups, ValuesOfBothVersions)
{
    FakeMachine v1, v2;

    v1.make_hybrid();
    v1.make_v1_group("/g", 100 * mib, "314572800", 7 * mib);
    ASSERT_EQ(v1.start(), 0);
    v2.make_v2();
    v2.make_v2_group("/g", 100 * mib, "max", 7 * mib);
    v2.make_v2_group("/bare", 0, "max", 0);
    v2.remove("sys/fs/cgroup/bare/memory.high");
    ASSERT_EQ(v2.start(), 0);

    Group one(v1, "/g"), two(v2, "/g"), bare(v2, "/bare"), top(v2, "/");
    ASSERT_EQ(one.result, 0);
    expect_values(v1, one.group,
                  {{MM_GROUP_CURRENT, 0, 100 * mib},
                   {MM_GROUP_HIGH, 0, MM_UNLIMITED},
                   {MM_GROUP_MAX, 0, 300 * mib},
                   {MM_GROUP_SWAP_CURRENT, 0, 3 * mib},
                   {MM_GROUP_FILE, 0, 7 * mib},
                   {MM_GROUP_ANONYMOUS, 0, 12345},
                   {MM_GROUP_VALUE_COUNT, -EINVAL, 0}});
    ASSERT_EQ(two.result, 0);
    expect_values(v2, two.group,
                  {{MM_GROUP_CURRENT, 0, 100 * mib},
                   {MM_GROUP_HIGH, 0, MM_UNLIMITED},
                   {MM_GROUP_MAX, 0, MM_UNLIMITED},
                   {MM_GROUP_SWAP_CURRENT, 0, 4096},
                   {MM_GROUP_FILE, 0, 7 * mib},
                   {MM_GROUP_ANONYMOUS, 0, 777}});
    ASSERT_EQ(bare.result, 0);
    expect_values(v2, bare.group, {{MM_GROUP_HIGH, -EOPNOTSUPP, 0}});
    ASSERT_EQ(top.result, 0);
    expect_values(v2, top.group, {{MM_GROUP_CURRENT, -EOPNOTSUPP, 0}, {MM_GROUP_MAX, -EOPNOTSUPP, 0}});
}

TEST(FakeMachineGroups, GarbageIsAnError)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/g", 1, "much", 0);
    machine.write("sys/fs/cgroup/g/memory.stat", "anon 5\n");
    machine.write("sys/fs/cgroup/g/memory.high", "");
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    expect_values(machine, group.group,
                  {{MM_GROUP_MAX, -EINVAL, 0}, {MM_GROUP_HIGH, -EINVAL, 0}, {MM_GROUP_FILE, -ENODATA, 0}});
}

TEST(FakeMachineGroups, PathsThatAreNone)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/a/b", 1, "max", 0);
    machine.write("sys/fs/cgroup/a/cgroup.procs", "");
    ASSERT_EQ(machine.start(), 0);
    const std::pair<const char *, int> cases[] = {
        {"/a/b", 0},          {"/none", -ENOENT}, {"a", -EINVAL},    {"", -EINVAL},
        {"/a/../a", -EINVAL}, {"/..", -EINVAL},   {"/./a", -EINVAL}, {"/a/b/memory.max", -ENOTDIR},
    };
    for (const auto &[path, result] : cases)
        EXPECT_EQ(Group(machine, path).result, result) << path;
    EXPECT_EQ(Group(machine, ("/" + std::string(600, 'x')).c_str()).result, -ENAMETOOLONG);
    Group slashes(machine, "//a///b/");
    ASSERT_EQ(slashes.result, 0);
    EXPECT_STREQ(machine.ops()->group_path(machine.kernel(), slashes.group), "/a/b");
}

TEST(FakeMachineGroups, ARemovedGroupIsGoneAndItsSuccessorIsAnother)
{
    FakeMachine machine;
    uint64_t bytes = 0;
    pid_t pid;

    machine.make_v2();
    machine.make_v2_group("/g", 1, "max", 0);
    ASSERT_EQ(machine.start(), 0);
    Group old(machine, "/g");
    ASSERT_EQ(old.result, 0);
    machine.remove("sys/fs/cgroup/g");
    machine.write("sys/fs/cgroup/keeps-the-inode", "");
    machine.make_v2_group("/g", 2, "max", 0);
    EXPECT_EQ(machine.ops()->read_group(machine.kernel(), old.group, MM_GROUP_CURRENT, &bytes), -ENODEV);
    EXPECT_EQ(machine.ops()->raise_group(machine.kernel(), old.group, MM_GROUP_HIGH, 100), -ENODEV);
    EXPECT_EQ(machine.ops()->read_group_processes(machine.kernel(), old.group, &pid, 1), -ENODEV);
    Group next(machine, "/g");
    EXPECT_NE(machine.ops()->group_id(machine.kernel(), old.group),
              machine.ops()->group_id(machine.kernel(), next.group));
}

TEST(FakeMachineGroups, RaisingNeverGoesBelowUsage)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/g", 100 * mib, "max", 0);
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    const auto raise = [&](enum mm_group_value value, uint64_t bytes) {
        return machine.ops()->raise_group(machine.kernel(), group.group, value, bytes);
    };
    EXPECT_EQ(raise(MM_GROUP_HIGH, 100 * mib - 1), -EBUSY);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.high"), "max\n");
    EXPECT_EQ(raise(MM_GROUP_HIGH, 100 * mib), 0);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.high"), "104857600");
    EXPECT_EQ(raise(MM_GROUP_HIGH, MM_UNLIMITED), 0);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.high"), "max");
    EXPECT_EQ(raise(MM_GROUP_CURRENT, MM_UNLIMITED), -EINVAL);
    EXPECT_EQ(raise(MM_GROUP_FILE, MM_UNLIMITED), -EINVAL);
}

TEST(FakeMachineGroups, ProcessesAreCountedBeyondTheCapacity)
{
    FakeMachine machine;
    pid_t pids[3] = {};
    std::string many;

    machine.make_v2();
    machine.make_v2_group("/g", 1, "max", 0);
    machine.make_v2_group("/g/one", 1, "max", 0);
    machine.make_v2_group("/g/two", 1, "max", 0);
    machine.write("sys/fs/cgroup/g/cgroup.procs", "5\n");
    machine.write("sys/fs/cgroup/g/one/cgroup.procs", "6\n7\n");
    for (int pid = 1000; pid < 4000; pid++)
        many += std::to_string(pid) + "\n";
    machine.write("sys/fs/cgroup/g/two/cgroup.procs", many);
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    EXPECT_EQ(machine.ops()->read_group_processes(machine.kernel(), group.group, pids, 3), 3003);
    EXPECT_EQ(pids[0], 5);
    EXPECT_EQ(machine.ops()->read_group_processes(machine.kernel(), group.group, nullptr, 0), 3003);
    machine.write("sys/fs/cgroup/g/two/cgroup.procs", "12x\n");
    EXPECT_EQ(machine.ops()->read_group_processes(machine.kernel(), group.group, pids, 3), -EINVAL);
}

TEST(FakeMachineGroups, TheTwinHoldsTheSameProcesses)
{
    FakeMachine machine;
    struct mm_pressure pressure;

    machine.make_hybrid();
    machine.make_v1_group("/g", 1, "-1", 0);
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    const auto read = [&] { return machine.ops()->read_pressure(machine.kernel(), group.group, &pressure); };
    machine.write("sys/fs/cgroup/memory/g/cgroup.procs", "5\n6\n7\n");
    EXPECT_EQ(read(), -EOPNOTSUPP); // no such directory on v2
    machine.write("sys/fs/cgroup/unified/g/memory.pressure",
                  "some avg10=0.00 avg60=0.00 avg300=0.00 total=55\n");
    machine.write("sys/fs/cgroup/unified/g/cgroup.procs", "5\n6\n8\n");
    EXPECT_EQ(read(), -EOPNOTSUPP); // another process
    machine.write("sys/fs/cgroup/unified/g/cgroup.procs", "5\n6\n");
    EXPECT_EQ(read(), -EOPNOTSUPP); // one is missing
    machine.write("sys/fs/cgroup/unified/g/cgroup.procs", "7\n");
    machine.write("sys/fs/cgroup/unified/g/sub/cgroup.procs", "6\n5\n"); // any order, anywhere below
    EXPECT_EQ(read(), 0);
    EXPECT_EQ(pressure.some.total_us, 55U);
}

void collect_notice(const struct mm_notice *notice, void *user)
{
    static_cast<std::vector<struct mm_notice> *>(user)->push_back(*notice);
}

struct mm_notice run_job(const FakeMachine &machine, const struct mm_job &job)
{
    std::vector<struct mm_notice> notices;
    struct pollfd ready = {machine.ops()->notice_fd(machine.kernel()), POLLIN, 0};

    EXPECT_EQ(machine.ops()->submit_job(machine.kernel(), &job), 0);
    while (notices.empty() && poll(&ready, 1, 10000) > 0)
        machine.ops()->drain_notices(machine.kernel(), collect_notice, &notices);
    EXPECT_EQ(notices.size(), 1U);
    return notices.empty() ? mm_notice{} : notices[0];
}

TEST(FakeMachineJobs, ReclaimIsAskedForInChunks)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/g", 100 * mib, "max", 0);
    machine.write("sys/fs/cgroup/g/memory.reclaim", "");
    ASSERT_EQ(machine.start(nullptr, 4 * mib), 0);
    Group group(machine, "/g");
    const struct mm_notice notice =
        run_job(machine, {MM_JOB_RECLAIM, group.group, MM_GROUP_CURRENT, 10 * mib, 99, nullptr});
    EXPECT_EQ(notice.kind, MM_NOTICE_JOB_DONE);
    EXPECT_EQ(notice.cookie, 99U);
    EXPECT_EQ(notice.error, 0);
    EXPECT_EQ(notice.bytes, 0U); // usage is a plain file here
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.reclaim"), std::to_string(2 * mib)); // after 4 and 4
}

TEST(FakeMachineJobs, TheLimitThatSqueezedIsPutBack)
{
    FakeMachine v1, v2;

    v2.make_v2();
    v2.make_v2_group("/g", 100 * mib, "max", 0);
    ASSERT_EQ(v2.start(), 0);
    Group two(v2, "/g");
    EXPECT_EQ(run_job(v2, {MM_JOB_RECLAIM, two.group, MM_GROUP_CURRENT, 10 * mib, 1, nullptr}).error, 0);
    EXPECT_EQ(v2.read("sys/fs/cgroup/g/memory.high"), "max");

    v1.make_hybrid();
    v1.make_v1_group("/g", 100 * mib, "314572800", 0);
    ASSERT_EQ(v1.start(), 0);
    Group one(v1, "/g");
    EXPECT_EQ(run_job(v1, {MM_JOB_RECLAIM, one.group, MM_GROUP_CURRENT, 10 * mib, 1, nullptr}).error, 0);
    EXPECT_EQ(v1.read("sys/fs/cgroup/memory/g/memory.limit_in_bytes"), "314572800");
}

TEST(FakeMachineJobs, WhatIsLoweredIsRecordedWhileItIs)
{
    FakeMachine v1;
    mm_lowered_limit record = {};
    uint64_t old_bytes = 0, lowered_bytes = 0;

    v1.make_hybrid();
    v1.make_v1_group("/g", 100 * mib, "314572800", 0);
    ASSERT_EQ(v1.start(), 0);
    Group one(v1, "/g");
    EXPECT_EQ(run_job(v1, {MM_JOB_RECLAIM, one.group, MM_GROUP_CURRENT, 10 * mib, 1, &record}).error, 0);
    EXPECT_FALSE(mm_lowered_limit_get(&record, &old_bytes, &lowered_bytes)) << "it is back";
    EXPECT_EQ(old_bytes, 300 * mib);
    EXPECT_EQ(lowered_bytes, 90 * mib);
}

TEST(FakeMachineJobs, ALimitAlreadyBelowIsLeftAlone)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/g", 100 * mib, "max", 0);
    machine.write("sys/fs/cgroup/g/memory.high", "52428800\n");
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    EXPECT_EQ(run_job(machine, {MM_JOB_RECLAIM, group.group, MM_GROUP_CURRENT, 10 * mib, 1, nullptr}).error,
              -EAGAIN);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.high"), "52428800\n");
}

TEST(FakeMachineJobs, SettingAValueMayGoBelowUsage)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/g", 100 * mib, "max", 0);
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    EXPECT_EQ(run_job(machine, {MM_JOB_SET_VALUE, group.group, MM_GROUP_HIGH, 10 * mib, 1, nullptr}).error,
              0);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.high"), "10485760");
    EXPECT_EQ(
        run_job(machine, {MM_JOB_SET_VALUE, group.group, MM_GROUP_ANONYMOUS, 10 * mib, 1, nullptr}).error,
        -EINVAL);
    machine.remove("sys/fs/cgroup/g");
    EXPECT_EQ(run_job(machine, {MM_JOB_SET_VALUE, group.group, MM_GROUP_HIGH, 10 * mib, 1, nullptr}).error,
              -ENODEV);
    EXPECT_EQ(run_job(machine, {MM_JOB_RECLAIM, group.group, MM_GROUP_HIGH, 10 * mib, 1, nullptr}).error,
              -ENODEV);
}

struct CancelAfter {
    unsigned left;
};

bool is_cancelled(void *user)
{
    CancelAfter *cancel = static_cast<CancelAfter *>(user);

    return cancel->left-- == 0;
}

TEST(FakeMachineJobs, ACancelledOneStopsBetweenChunks)
{
    FakeMachine machine;
    CancelAfter cancel = {3}; // asked at the beginning and before each chunk
    const struct mm_group_job_settings settings = {1 * mib, is_cancelled, &cancel, 0};
    uint64_t bytes = 0;

    machine.make_v2();
    machine.make_v2_group("/g", 100 * mib, "max", 0);
    machine.write("sys/fs/cgroup/g/memory.reclaim", "");
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    const struct mm_job job = {MM_JOB_RECLAIM,        group.group, MM_GROUP_CURRENT,
                               3 * mib / 2 + 2 * mib, 1,           nullptr};
    EXPECT_EQ(mm_group_job_run(&settings, &job, &bytes), -EINTR);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.reclaim"), std::to_string(mib)); // never the last half
}

} // namespace
