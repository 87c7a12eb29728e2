// SPDX-License-Identifier: Apache-2.0
// Frozen groups of cgroup v2 and of v1's freezer: what the Linux implementation says of them, with and without CAP_DAC_READ_SEARCH. Needs
// root.
#include "kernel_fixture.h"

#include <linux/capability.h>

namespace
{

class Frozen : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (where.unified.top_fd < 0)
            GTEST_SKIP() << "no cgroup v2 here";
        name = "memmgr-test-" + std::to_string(getpid());
    }

    static uint64_t id_of(const Directory &group)
    {
        struct stat status = {};

        EXPECT_EQ(stat(group.file(".").c_str(), &status), 0);
        return status.st_ino;
    }

    static void freeze(const Directory &group, bool is_frozen)
    {
        const std::string wanted = is_frozen ? "frozen 1" : "frozen 0";

        ASSERT_TRUE(write_text(group.file("cgroup.freeze"), is_frozen ? "1" : "0"));
        ASSERT_TRUE(comes_to_say(group.file("cgroup.events"), wanted))
            << read_text(group.file("cgroup.events"));
    }

    struct Answer {
        int result;
        bool is_frozen;
        std::vector<pid_t> pids;
        std::vector<bool> said; // of the group, when each was visited
    };

    Answer ask(uint64_t group_id) const
    {
        Answer answer = {};

        answer.result = kernel->read_frozen(
            kernel.kernel, group_id, &answer.is_frozen,
            [](pid_t pid, void *user) {
                auto *visited = static_cast<Answer *>(user);

                visited->pids.push_back(pid);
                visited->said.push_back(visited->is_frozen);
            },
            &answer);
        return answer;
    }

    // Of this thread alone.
    static void set_capability(unsigned bit, bool is_wanted)
    {
        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct data[2] = {};

        ASSERT_EQ(syscall(SYS_capget, &header, data), 0);
        if (is_wanted)
            data[bit / 32].effective |= 1U << (bit % 32);
        else
            data[bit / 32].effective &= ~(1U << (bit % 32));
        ASSERT_EQ(syscall(SYS_capset, &header, data), 0);
    }

    void check(const Directory &top, const Directory &inner, const Child &outside, const Child &inside) const
    {
        ASSERT_NO_FATAL_FAILURE(freeze(top, true));
        ASSERT_TRUE(write_text(inner.file("cgroup.freeze"), "0")); // which those above it overrule
        ASSERT_TRUE(comes_to_say(inner.file("cgroup.events"), "frozen 1"));
        EXPECT_EQ(kernel->is_frozen(kernel.kernel, outside.pid), 1);
        EXPECT_EQ(kernel->is_frozen(kernel.kernel, inside.pid), 1) << "the one above it is";
        EXPECT_EQ(kernel->is_frozen(kernel.kernel, getpid()), 0);

        const Answer of_top = ask(id_of(top)), of_inner = ask(id_of(inner));

        EXPECT_EQ(of_top.result, 0) << strerror(-of_top.result);
        EXPECT_TRUE(of_top.is_frozen);
        EXPECT_EQ(of_top.said, std::vector<bool>{true}) << "known before anybody is visited";
        EXPECT_EQ(of_top.pids, std::vector<pid_t>{outside.pid}) << "not those below it";
        EXPECT_EQ(of_inner.result, 0) << strerror(-of_inner.result);
        EXPECT_TRUE(of_inner.is_frozen);
        EXPECT_EQ(of_inner.pids, std::vector<pid_t>{inside.pid});

        ASSERT_NO_FATAL_FAILURE(freeze(top, false));
        EXPECT_EQ(kernel->is_frozen(kernel.kernel, inside.pid), 0);
        EXPECT_FALSE(ask(id_of(inner)).is_frozen);
    }

    Hierarchies where;
    Kernel kernel;
    std::string name;
};

TEST_F(Frozen, OfAGroupAndOfThoseBelowIt)
{
    Directory top(where.unified, name), inner(where.unified, name + "/inner");
    Child outside, inside;

    top.add(outside.pid);
    inner.add(inside.pid);
    check(top, inner, outside, inside);
}

// As under a unit that bounds its capabilities: never by a look through the whole tree.
TEST_F(Frozen, WithoutTheRightToOpenByHandleOnlyProcessesAreAskedOf)
{
    Directory top(where.unified, name);
    Child child;

    top.add(child.pid);
    ASSERT_NO_FATAL_FAILURE(freeze(top, true));
    set_capability(CAP_DAC_READ_SEARCH, false);
    const Answer answer = ask(id_of(top));
    EXPECT_EQ(kernel->is_frozen(kernel.kernel, child.pid), 1);
    set_capability(CAP_DAC_READ_SEARCH, true);
    EXPECT_EQ(answer.result, -EPERM);
    EXPECT_TRUE(answer.pids.empty());
    ASSERT_NO_FATAL_FAILURE(freeze(top, false));
}

TEST_F(Frozen, WhoIsNotThere)
{
    uint64_t id;

    {
        Directory gone(where.unified, name);

        id = id_of(gone);
    }
    EXPECT_EQ(ask(id).result, -ENOENT);
    EXPECT_EQ(ask(0).result, -ENOENT);
    EXPECT_EQ(kernel->is_frozen(kernel.kernel, 0x3fffffff), -ESRCH);
    EXPECT_EQ(kernel->is_frozen(kernel.kernel, 1), 0);
}

TEST_F(Frozen, ADryRunIsToldTheSame)
{
    struct mm_kernel *dry = nullptr;
    bool is_frozen = false;
    Directory top(where.unified, name);
    Child child;

    ASSERT_EQ(mm_dry_run_kernel_new(kernel.kernel, &dry), 0);
    top.add(child.pid);
    ASSERT_NO_FATAL_FAILURE(freeze(top, true));
    EXPECT_EQ(dry->ops->is_frozen(dry, child.pid), 1);
    EXPECT_EQ(dry->ops->read_frozen(
                  dry, id_of(top), &is_frozen, [](pid_t, void *) {}, nullptr),
              0);
    EXPECT_TRUE(is_frozen);
    ASSERT_NO_FATAL_FAILURE(freeze(top, false));
    kernel.kernel = dry; // which owns the inner one
}

// ---- v1's freezer ----

class FrozenByV1 : public Frozen
{
  protected:
    void SetUp() override
    {
        if (where.freezer.top_fd < 0)
            GTEST_SKIP() << "the freezer of cgroup v1 is not mounted";
        name = "memmgr-test-" + std::to_string(getpid());
    }
    static uint64_t marked_id_of(const Directory &group)
    {
        return id_of(group) | MM_GROUP_ID_OF_FREEZER;
    }
};

TEST_F(FrozenByV1, OfAGroupAndOfThoseBelowIt)
{
    Directory top(where.freezer, name), inner(where.freezer, name + "/inner");
    Child outside, inside;

    top.add(outside.pid);
    inner.add(inside.pid);
    EXPECT_EQ(kernel->is_frozen(kernel.kernel, inside.pid), 0);
    ASSERT_TRUE(set_v1_frozen(top, true));
    EXPECT_EQ(kernel->is_frozen(kernel.kernel, outside.pid), 1);
    EXPECT_EQ(kernel->is_frozen(kernel.kernel, inside.pid), 1) << "the one above it is";
    EXPECT_EQ(kernel->is_frozen(kernel.kernel, getpid()), 0);

    const Answer of_top = ask(marked_id_of(top)), of_inner = ask(marked_id_of(inner));

    EXPECT_EQ(of_top.result, 0) << strerror(-of_top.result);
    EXPECT_TRUE(of_top.is_frozen);
    EXPECT_EQ(of_top.pids, std::vector<pid_t>{outside.pid}) << "not those below it";
    EXPECT_EQ(of_inner.result, 0) << strerror(-of_inner.result);
    EXPECT_TRUE(of_inner.is_frozen);
    EXPECT_EQ(of_inner.pids, std::vector<pid_t>{inside.pid});

    ASSERT_TRUE(set_v1_frozen(top, false));
    EXPECT_EQ(kernel->is_frozen(kernel.kernel, inside.pid), 0);
    EXPECT_FALSE(ask(marked_id_of(inner)).is_frozen);
}

// A group of the one hierarchy must never be taken for one of the other that has the same inode.
TEST_F(FrozenByV1, AnIdMeansAGroupOfItsOwnHierarchy)
{
    Directory top(where.freezer, name);
    Child child;

    top.add(child.pid);
    ASSERT_TRUE(set_v1_frozen(top, true));
    const Answer unmarked = ask(id_of(top));
    EXPECT_EQ(std::count(unmarked.pids.begin(), unmarked.pids.end(), child.pid), 0);
    EXPECT_FALSE(unmarked.is_frozen);
    ASSERT_TRUE(set_v1_frozen(top, false));
}

TEST_F(FrozenByV1, AGroupThatIsGone)
{
    uint64_t id;

    {
        Directory gone(where.freezer, name);

        id = marked_id_of(gone);
    }
    EXPECT_EQ(ask(id).result, -ENOENT);
}

} // namespace
