// SPDX-License-Identifier: Apache-2.0
// The dry run over a simulated machine: everything is read, nothing is changed, all state machines end.
#include "common/common.h"
#include "kernel_interface/simulated_kernel.h"

#include <cerrno>
#include <cstring>
#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

namespace
{

constexpr uint64_t MiB = MM_MIB;
constexpr pid_t own_pid = 77;

class DryRun : public testing::Test
{
  protected:
    void SetUp() override
    {
        mm_simulated_machine machine{};

        machine.own_pid = own_pid;
        machine.ram_bytes = 1024 * MiB;
        machine.zram_bytes = 200 * MiB;
        ASSERT_EQ(mm_simulated_kernel_new(&machine, &inner), 0);
        ASSERT_EQ(mm_dry_run_kernel_new(inner, &kernel), 0);
        ops = kernel->ops;
        for (pid_t pid : {1, 10, 11, 12})
            spawn(pid, pid == 12 ? "/b" : "/a");
    }
    void TearDown() override
    {
        mm_kernel_free(kernel);
    }
    void spawn(pid_t pid, const char *group) const
    {
        mm_simulated_process wanted{};

        wanted.pid = pid;
        wanted.comm = "application";
        wanted.group = group;
        wanted.anonymous_bytes = 50 * MiB;
        wanted.oom_score_adj = 100;
        ASSERT_EQ(mm_simulated_spawn(inner, &wanted), 0);
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

        EXPECT_EQ(ops->open_group(kernel, path, &group), 0);
        return group;
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
    mm_kernel *inner = nullptr, *kernel = nullptr;
    const mm_kernel_ops *ops = nullptr;
};

TEST_F(DryRun, EveryOperationIsThere)
{
    const auto *slots = reinterpret_cast<void *const *>(ops);

    for (size_t i = 0; i < sizeof(*ops) / sizeof(void *); i++)
        EXPECT_NE(slots[i], nullptr) << i;
    EXPECT_TRUE(kernel->is_dry_run);
    EXPECT_FALSE(inner->is_dry_run);
}

TEST_F(DryRun, ReadsPassThrough)
{
    mm_memory_state state{};
    mm_vmstat vmstat{};
    mm_zoneinfo zones{};
    mm_pressure pressure{};
    mm_process_info info{};
    char path[16];
    mm_pressure_trigger wanted = {MM_PRESSURE_SOME, 1000, 1000000}, armed{};
    uint64_t bytes;
    pid_t pids[4];
    int fd = -1;

    mm_simulated_advance(inner, 1234);
    EXPECT_EQ(ops->now_ns(kernel), 1234U);
    EXPECT_TRUE(ops->feature(kernel, MM_FEATURE_SWAP)->available);
    ASSERT_EQ(ops->read_memory(kernel, &state), 0);
    EXPECT_EQ(state.anonymous_bytes, 200 * MiB);
    EXPECT_EQ(ops->read_vmstat(kernel, &vmstat), 0);
    EXPECT_EQ(ops->read_zoneinfo(kernel, &zones), 0);
    EXPECT_EQ(ops->read_pressure(kernel, nullptr, &pressure), 0);
    ASSERT_EQ(ops->read_process(kernel, 10, MM_PROCESS_ALL, &info), 0);
    EXPECT_EQ(info.oom_score_adj, 100);
    ASSERT_EQ(ops->read_process_group(kernel, 12, path, sizeof(path)), 0);
    EXPECT_STREQ(path, "/b");
    EXPECT_EQ(ops->is_in_domain(kernel, 12), 1);
    mm_process_scan scan{};
    EXPECT_EQ(ops->scan_processes(
                  kernel, MM_PROCESS_ADJ, UINT64_MAX, &scan,
                  [](const mm_process_info *seen, void *) { return seen->pid; }, nullptr),
              1);
    mm_group *group = open("/a");
    ASSERT_EQ(ops->read_group(kernel, group, MM_GROUP_CURRENT, &bytes), 0);
    EXPECT_EQ(bytes, 150 * MiB);
    EXPECT_STREQ(ops->group_path(kernel, group), "/a");
    EXPECT_NE(ops->group_id(kernel, group), 0U);
    EXPECT_EQ(ops->read_group_processes(kernel, group, pids, 4), 3);
    ops->close_group(kernel, group);
    ASSERT_EQ(ops->open_pressure_trigger(kernel, nullptr, &wanted, &armed, &fd), 0);
    EXPECT_EQ(armed.stall_us, 1000U);
    ASSERT_EQ(mm_simulated_add_stall(inner, nullptr, 2000, 0), 0);
    mm_simulated_advance(inner, MM_NS_PER_MS);
    EXPECT_EQ(drain().at(0).kind, MM_NOTICE_PRESSURE);
    close(fd);
    mm_simulated_fail(inner, "read_memory", EIO, 1);
    EXPECT_EQ(ops->read_memory(kernel, &state), -EIO);
}

TEST_F(DryRun, AKillIsReportedAndDidNotHappen)
{
    mm_process_handle handle = hold(10), other = hold(11);

    ASSERT_EQ(ops->watch_process(kernel, &handle, 7), 0);
    ASSERT_EQ(ops->watch_process(kernel, &other, 8), 0);
    EXPECT_TRUE(drain().empty());
    EXPECT_FALSE(ops->has_exited(kernel, &handle));
    ASSERT_EQ(ops->kill_process(kernel, &handle), 0);
    ASSERT_EQ(ops->reap_process(kernel, &handle), 0);
    EXPECT_TRUE(ops->has_exited(kernel, &handle));
    EXPECT_FALSE(ops->has_exited(kernel, &other));
    std::vector<mm_notice> notices = drain();
    ASSERT_EQ(notices.size(), 2U);
    EXPECT_EQ(notices[0].kind, MM_NOTICE_PROCESS_EXITED);
    EXPECT_EQ(notices[0].cookie, 7U);
    EXPECT_EQ(notices[1].kind, MM_NOTICE_REAP_DONE);
    EXPECT_EQ(notices[1].pid, 10);
    EXPECT_EQ(notices[1].error, 0);

    mm_simulated_advance(inner, MM_NS_PER_S);
    EXPECT_TRUE(mm_simulated_is_alive(inner, 10));
    EXPECT_EQ(mm_simulated_killed_at_ns(inner, 10), 0U);
    EXPECT_EQ(mm_simulated_calls(inner, "kill_process"), 0U);
    EXPECT_EQ(mm_simulated_calls(inner, "reap_process"), 0U);

    ASSERT_EQ(mm_simulated_exit(inner, 10), 0); // in truth, too: its watcher knows already
    ASSERT_EQ(mm_simulated_exit(inner, 11), 0); // and one that was only watched
    notices = drain();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].cookie, 8U);
    EXPECT_EQ(ops->kill_process(kernel, &other), -ESRCH);
}

TEST_F(DryRun, AWatchAfterTheKillIsToldToo)
{
    mm_process_handle handle = hold(10);

    ASSERT_EQ(ops->kill_process(kernel, &handle), 0);
    ASSERT_EQ(ops->watch_process(kernel, &handle, 9), 0);
    EXPECT_EQ(drain().at(0).cookie, 9U);
    ops->close_process(kernel, &handle);
    handle = hold(10);
    EXPECT_FALSE(ops->has_exited(kernel, &handle)) << "held anew, it is as alive as it is";
}

TEST_F(DryRun, RefusesToKillInitAndItself)
{
    mm_process_handle handle = hold(1);

    EXPECT_EQ(ops->kill_process(kernel, &handle), -EPERM);
    spawn(own_pid, "/a");
    handle = hold(own_pid);
    EXPECT_EQ(ops->kill_process(kernel, &handle), -EPERM);
}

TEST_F(DryRun, AGroupsMembersAllCountAsKilled)
{
    mm_process_handle first = hold(10), second = hold(11), other = hold(12);

    EXPECT_EQ(ops->kill_group(kernel, open("/a")), -EPERM) << "init is in it";
    EXPECT_FALSE(ops->has_exited(kernel, &first));
    ASSERT_EQ(mm_simulated_exit(inner, 1), 0);
    ASSERT_EQ(ops->kill_group(kernel, open("/a")), 0);
    EXPECT_TRUE(ops->has_exited(kernel, &first));
    EXPECT_TRUE(ops->has_exited(kernel, &second));
    EXPECT_FALSE(ops->has_exited(kernel, &other));
    EXPECT_TRUE(mm_simulated_is_alive(inner, 10));
}

// Far more kills and watches than there is room for, none given back late.
TEST_F(DryRun, RoundsLeaveNothingBehind)
{
    for (uint64_t round = 0; round < 3000; round++) {
        mm_process_handle handle = hold(10);

        ASSERT_EQ(ops->watch_process(kernel, &handle, round), 0) << round;
        if (round % 2) {
            ASSERT_EQ(ops->kill_process(kernel, &handle), 0);
        }
        if (round % 4 == 1) {
            ASSERT_EQ(drain().size(), 1U);
        }
        ops->close_process(kernel, &handle);
        EXPECT_TRUE(drain().empty()) << "a closed handle is silent";
    }
}

TEST_F(DryRun, WritesNothing)
{
    int written = 0;
    mm_group *group = open("/a");

    ASSERT_EQ(ops->write_oom_score_adj(kernel, 10, 0, -800, &written), 0);
    EXPECT_EQ(written, -800);
    EXPECT_EQ(mm_simulated_oom_score_adj(inner, 10), 100);
    EXPECT_EQ(ops->write_oom_score_adj(kernel, 10, 0, 1001, &written), -EINVAL);

    EXPECT_EQ(ops->raise_group(kernel, group, MM_GROUP_HIGH, 200 * MiB), 0);
    EXPECT_EQ(mm_simulated_group_value(inner, "/a", MM_GROUP_HIGH), MM_UNLIMITED);
    EXPECT_EQ(ops->raise_group(kernel, group, MM_GROUP_MAX, 100 * MiB), -EBUSY) << "as the kernel would say";

    mm_job job{MM_JOB_RECLAIM, group, MM_GROUP_HIGH, 20 * MiB, 3, nullptr};
    ASSERT_EQ(ops->submit_job(kernel, &job), 0);
    ops->cancel_jobs(kernel);
    std::vector<mm_notice> notices = drain();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].kind, MM_NOTICE_JOB_DONE);
    EXPECT_EQ(notices[0].cookie, 3U);
    EXPECT_EQ(notices[0].error, 0);
    EXPECT_EQ(notices[0].bytes, 0U);
    mm_simulated_advance(inner, MM_NS_PER_S);
    EXPECT_EQ(mm_simulated_group_value(inner, "/a", MM_GROUP_CURRENT), 150 * MiB);
    int refused = 0;
    for (int i = 0; i < 1000 && refused == 0; i++)
        refused = ops->submit_job(kernel, &job);
    EXPECT_EQ(refused, -EAGAIN);
    for (const char *operation : {"write_oom_score_adj", "raise_group", "submit_job", "kill_group"})
        EXPECT_EQ(mm_simulated_calls(inner, operation), 0U) << operation;
}

TEST_F(DryRun, StateIsMemoryOnly)
{
    void *memory = nullptr, *again = nullptr;

    ASSERT_EQ(ops->map_state(kernel, "journal", 5000, &memory), 0);
    EXPECT_EQ(static_cast<char *>(memory)[4999], 0);
    strcpy(static_cast<char *>(memory), "noted");
    ASSERT_EQ(ops->map_state(kernel, "journal", 5000, &again), 0);
    EXPECT_EQ(memory, again);
    EXPECT_EQ(ops->map_state(kernel, "../journal", 5000, &again), -EINVAL);
    EXPECT_EQ(mm_simulated_calls(inner, "map_state"), 0U);
}

/* Asking to be told changes nothing for anybody. */
TEST_F(DryRun, WhatTheKernelTellsComesThrough)
{
    mm_wake_request request = {};
    mm_wake *wake = nullptr;
    mm_group_events events = {};
    mm_swap_state swap = {};
    mm_power_state power = {};
    mm_wake_cover cover = {};
    uint32_t ready = 0;

    request.kind = MM_WAKE_GROUP_EVENTS;
    request.cookie = 7;
    request.group = open("/a");
    ASSERT_EQ(ops->open_wake(kernel, &request, &wake), 0);
    EXPECT_EQ(ops->wake_fd(kernel, wake, &ready), -1);
    mm_simulated_wake(inner, MM_WAKE_GROUP_EVENTS);
    std::vector<mm_notice> notices = drain();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].kind, MM_NOTICE_WAKE);
    EXPECT_EQ(notices[0].cookie, 7U);
    EXPECT_EQ(ops->take_wake(kernel, wake), 1);
    EXPECT_FALSE(ops->move_wake(kernel, wake, 5, &cover)) << "of a group's events";
    ops->close_wake(kernel, wake);
    EXPECT_EQ(ops->read_group_events(kernel, request.group, &events), 0);
    EXPECT_EQ(ops->read_swap(kernel, &swap), 0);
    EXPECT_EQ(ops->read_power(kernel, &power), 0);
    EXPECT_EQ(power.battery_count, 1U);
    mm_simulated_suspend(inner, 9);
    EXPECT_EQ(ops->suspended_ns(kernel), 9U);
    for (const char *operation : {"move_wake", "close_wake", "read_group_events", "read_swap", "read_power"})
        EXPECT_EQ(mm_simulated_calls(inner, operation), 1U) << operation;
}

} // namespace
