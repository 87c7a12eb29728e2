// SPDX-License-Identifier: Apache-2.0
// Who stands still by v1's freezer, over trees of plain files as Android's and OpenHarmony's kernels have them.
#include "fake_machine.h"

#include "kernel_interface/group_state.h"

#include <cerrno>
#include <fcntl.h>

namespace
{

class FrozenFake : public testing::Test
{
  protected:
    void SetUp() override
    {
        machine.make_hybrid();
        machine.make_process(7, "app", "6:freezer:/apps/mail\n0::/\n");
    }
    void make_group(const std::string &path, const std::string &self, const std::string &parent) const
    {
        const std::string directory = "sys/fs/cgroup/freezer" + path + "/";

        machine.write(directory + "cgroup.procs", "7\n");
        machine.write(directory + "freezer.self_freezing", self);
        machine.write(directory + "freezer.parent_freezing", parent);
    }

    FakeMachine machine;
};

TEST_F(FrozenFake, WhatWasAskedOfItAndOfThoseAboveItCounts)
{
    const struct {
        const char *self, *parent;
        int expected;
    } rows[] = {{"0\n", "0\n", 0}, {"1\n", "0\n", 1}, {"0\n", "1\n", 1}, {"1\n", "1\n", 1}, {"", "", 0}};

    ASSERT_EQ(machine.start(), 0);
    for (const auto &row : rows) {
        make_group("/apps/mail", row.self, row.parent);
        EXPECT_EQ(machine.ops()->is_frozen(machine.kernel(), 7), row.expected) << row.self << row.parent;
    }
}

TEST_F(FrozenFake, NobodyIsWhereThereAreNoSuchFiles)
{
    machine.make_process(8, "root", "6:freezer:/\n0::/\n");
    machine.make_process(9, "other", "4:memory:/apps\n");
    ASSERT_EQ(machine.start(), 0);
    for (pid_t pid : {7, 8, 9})
        EXPECT_EQ(machine.ops()->is_frozen(machine.kernel(), pid), 0) << pid;
    EXPECT_EQ(machine.ops()->is_frozen(machine.kernel(), 10), -ESRCH);
}

TEST_F(FrozenFake, EitherHierarchyIsEnough)
{
    machine.make_process(8, "thawed by v1", "6:freezer:/apps/mail\n0::/frozen\n");
    make_group("/apps/mail", "0\n", "0\n");
    machine.write("sys/fs/cgroup/unified/frozen/cgroup.events", "populated 1\nfrozen 1\n");
    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(machine.ops()->is_frozen(machine.kernel(), 8), 1);
    machine.write("sys/fs/cgroup/unified/frozen/cgroup.events", "populated 1\nfrozen 0\n");
    EXPECT_EQ(machine.ops()->is_frozen(machine.kernel(), 8), 0);
    make_group("/apps/mail", "1\n", "0\n");
    EXPECT_EQ(machine.ops()->is_frozen(machine.kernel(), 8), 1);
}

TEST_F(FrozenFake, AMachineWithoutTheFreezerHasNobodyWatchIt)
{
    FakeMachine bare;
    struct mm_group_watch *watch = nullptr;

    bare.make_v2();
    ASSERT_EQ(bare.start(), 0);
    EXPECT_EQ(bare.ops()->open_group_watch(bare.kernel(), MM_GROUP_TREE_FREEZER, &watch), -EOPNOTSUPP);
}

} // namespace
