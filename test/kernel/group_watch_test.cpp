// SPDX-License-Identifier: Apache-2.0
// The watch of control groups on the running kernel: v1 and v2, in groups of the test's own. Needs root.
#include "kernel_fixture.h"

#include "kernel_interface/group_state.h"
#include "kernel_interface/group_watch.h"

#include <functional>

namespace
{

struct Change {
    uint64_t id;
    enum mm_group_change change;
    std::string name;
};

class Watch
{
  public:
    explicit Watch(const std::string &path, mm_group_tree tree = MM_GROUP_TREE_DOMAIN)
    {
        const int fd = open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);

        EXPECT_EQ(mm_group_watch_new(fd, tree, &watch), 0);
        close(fd);
    }
    ~Watch()
    {
        mm_group_watch_free(watch);
    }
    Watch(const Watch &) = delete;
    Watch &operator=(const Watch &) = delete;

    // Reads until that was heard.
    bool hears(enum mm_group_change change, const std::string &name)
    {
        const auto is_heard = [&] {
            return std::any_of(changes.begin(), changes.end(), [&](const Change &seen) {
                return seen.change == change && seen.name == name;
            });
        };

        while (!is_heard()) {
            pollfd descriptor = {mm_group_watch_fd(watch), POLLIN, 0};

            if (poll(&descriptor, 1, patience_ms) != 1)
                return false;
            take();
        }
        return true;
    }
    void take()
    {
        EXPECT_EQ(mm_group_watch_read(
                      watch,
                      [](uint64_t id, enum mm_group_change change, const char *name, void *user) {
                          static_cast<Watch *>(user)->changes.push_back({id, change, name});
                      },
                      this),
                  0);
    }
    size_t count(enum mm_group_change change) const
    {
        return static_cast<size_t>(std::count_if(changes.begin(), changes.end(),
                                                 [&](const Change &seen) { return seen.change == change; }));
    }

    mm_group_watch *watch = nullptr;
    std::vector<Change> changes;
};

uint64_t inode_of(const std::string &path)
{
    struct stat status = {};

    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_ino;
}

// Both hierarchies, where they are.
class GroupWatch : public testing::TestWithParam<const char *>
{
  protected:
    void SetUp() override
    {
        hierarchy = std::string(GetParam()) == "Unified" ? &where.unified : &where.memory;
        if (hierarchy->top_fd < 0)
            GTEST_SKIP() << "no such hierarchy";
        name = "memmgr-test-" + std::to_string(getpid());
    }
    Hierarchies where;
    const mm_hierarchy *hierarchy = nullptr;
    std::string name;
};

TEST_P(GroupWatch, GroupsThatComeAndGoAndWhoIsMovedIntoThem)
{
    Directory top(*hierarchy, name);
    Watch watch(top.file("."));
    Child child;
    const std::string inner = name + "/inner", path = top.file("inner");

    {
        Directory group(*hierarchy, inner);

        ASSERT_TRUE(watch.hears(MM_GROUP_CREATED, "inner"));
        EXPECT_EQ(watch.changes.back().id, inode_of(path));
        group.add(child.pid);
        EXPECT_TRUE(watch.hears(MM_GROUP_ENTERED, "inner"));
        if (hierarchy->is_v2) {
            EXPECT_TRUE(watch.hears(MM_GROUP_POPULATED, "inner"));
            EXPECT_TRUE(watch.hears(MM_GROUP_POPULATED, "")) << "the top holds it, too";
        }
        kill(child.pid, SIGKILL);
        child.wait();
        if (hierarchy->is_v2) {
            EXPECT_TRUE(watch.hears(MM_GROUP_EMPTY, "inner"));
        }
    }
    EXPECT_TRUE(watch.hears(MM_GROUP_REMOVED, "inner"));
    EXPECT_EQ(watch.count(MM_GROUP_REMOVED), 1U);

    const uint64_t former = watch.changes.front().id;
    Directory again(*hierarchy, inner);

    watch.changes.clear();
    ASSERT_TRUE(watch.hears(MM_GROUP_CREATED, "inner"));
    EXPECT_NE(watch.changes.front().id, former) << "another group under the same path";
}

TEST_P(GroupWatch, ATreeThatIsMadeAtOnceIsHeardWhole)
{
    Directory top(*hierarchy, name);
    Watch watch(top.file("."));
    Directory a(*hierarchy, name + "/a"), b(*hierarchy, name + "/a/b"), c(*hierarchy, name + "/a/b/c");
    Child child;

    c.add(child.pid);
    ASSERT_TRUE(watch.hears(MM_GROUP_CREATED, "c"));
    EXPECT_EQ(watch.count(MM_GROUP_CREATED), 3U) << "each once";
    // Moved again, now that the watch stands for certain.
    b.add(child.pid);
    EXPECT_TRUE(watch.hears(MM_GROUP_ENTERED, "b"));
}

TEST_P(GroupWatch, WhatIsThereBeforeIsHeardOfButNotToldAsNew)
{
    Directory top(*hierarchy, name), old(*hierarchy, name + "/old");
    Watch watch(top.file("."));
    Child child;

    old.add(child.pid);
    EXPECT_TRUE(watch.hears(MM_GROUP_ENTERED, "old"));
    EXPECT_EQ(watch.count(MM_GROUP_CREATED), 0U);
}

TEST_P(GroupWatch, ATopThatGoesLeavesNothingToRead)
{
    auto top = std::make_unique<Directory>(*hierarchy, name);
    Watch watch(top->file("."));

    top.reset();
    watch.take();
    pollfd descriptor = {mm_group_watch_fd(watch.watch), POLLIN, 0};
    EXPECT_EQ(poll(&descriptor, 1, 0), 0) << "nothing spins";
}

INSTANTIATE_TEST_SUITE_P(Hierarchies, GroupWatch, testing::Values("Unified", "Memory"),
                         [](const testing::TestParamInfo<const char *> &tested) { return tested.param; });

// v1 tells of it in no file that can be watched.
TEST(GroupWatchUnified, FreezingIsTold)
{
    Hierarchies where;

    if (where.unified.top_fd < 0)
        GTEST_SKIP() << "no cgroup v2 here";

    const std::string name = "memmgr-test-" + std::to_string(getpid());
    Directory top(where.unified, name), group(where.unified, name + "/g");
    Watch watch(top.file("."));
    Child child;

    group.add(child.pid);
    ASSERT_TRUE(write_text(group.file("cgroup.freeze"), "1"));
    EXPECT_TRUE(watch.hears(MM_GROUP_FROZEN, "g"));
    ASSERT_TRUE(write_text(group.file("cgroup.freeze"), "0"));
    EXPECT_TRUE(watch.hears(MM_GROUP_THAWED, "g"));
}

TEST(GroupWatchFiles, EventsFile)
{
    const struct {
        const char *text;
        int result;
        bool is_populated, is_frozen;
    } rows[] = {
        {"populated 1\nfrozen 0\n", 0, true, false},
        {"populated 0\nfrozen 1\n", 0, false, true},
        {"populated 1\n", 0, true, false},
        {"frozen 1\n", -EINVAL, false, false},
        {"", -EINVAL, false, false},
        {"populated", -EINVAL, false, false},
    };

    for (const auto &row : rows) {
        mm_group_state state = {};

        EXPECT_EQ(mm_group_state_parse(row.text, &state), row.result) << row.text;
        EXPECT_EQ(state.is_populated, row.is_populated) << row.text;
        EXPECT_EQ(state.is_frozen, row.is_frozen) << row.text;
    }
}

// ---- v1's freezer ----

class FreezerWatch : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (where.freezer.top_fd < 0)
            GTEST_SKIP() << "the freezer of cgroup v1 is not mounted";
        name = "memmgr-test-" + std::to_string(getpid());
    }

    Hierarchies where;
    std::string name;
};

TEST_F(FreezerWatch, AGroupThatIsFrozenAndThawedAndThoseBelowIt)
{
    Directory top(where.freezer, name), inner(where.freezer, name + "/inner");
    Watch watch(top.file("."), MM_GROUP_TREE_FREEZER);
    Child child;

    inner.add(child.pid);
    ASSERT_TRUE(set_v1_frozen(top, true));
    EXPECT_TRUE(watch.hears(MM_GROUP_FROZEN, "inner"));
    EXPECT_EQ(watch.count(MM_GROUP_FROZEN), 2u) << "and itself";
    for (const Change &change : watch.changes) {
        const Directory &group = change.name.empty() ? top : inner;

        EXPECT_EQ(change.id, inode_of(group.file(".")) | MM_GROUP_ID_OF_FREEZER) << change.name;
    }
    watch.changes.clear();
    ASSERT_TRUE(set_v1_frozen(inner, false)); // which the one above it overrules
    EXPECT_TRUE(watch.hears(MM_GROUP_FROZEN, "inner"));
    ASSERT_TRUE(set_v1_frozen(top, false));
    EXPECT_TRUE(watch.hears(MM_GROUP_THAWED, "inner"));
    EXPECT_EQ(watch.count(MM_GROUP_THAWED), 2u);
}

TEST_F(FreezerWatch, WhoJoinsAFrozenGroupHasItToldAgainAndNothingElseIsTold)
{
    Directory top(where.freezer, name);
    Watch watch(top.file("."), MM_GROUP_TREE_FREEZER);
    Child child, late;

    {
        Directory inner(where.freezer, name + "/inner");

        inner.add(child.pid);
        kill(child.pid, SIGKILL);
        child.wait();
    }
    watch.take();
    Directory frozen(where.freezer, name + "/inner");
    watch.take();
    EXPECT_TRUE(watch.changes.empty()) << "groups that come and go, and who is in them, tell others";
    ASSERT_TRUE(set_v1_frozen(frozen, true));
    EXPECT_TRUE(watch.hears(MM_GROUP_FROZEN, "inner"));
    EXPECT_EQ(watch.changes.size(), 1u);
    watch.changes.clear();
    frozen.add(late.pid);
    EXPECT_TRUE(watch.hears(MM_GROUP_FROZEN, "inner"));
    watch.changes.clear();
    ASSERT_TRUE(set_v1_frozen(frozen, false));
    EXPECT_TRUE(watch.hears(MM_GROUP_THAWED, "inner"));
    kill(late.pid, SIGKILL);
    late.wait();
}

TEST_F(FreezerWatch, AFrozenGroupThatIsRemovedIsToldAndOneThatWasFrozenBeforeIsKnown)
{
    Directory top(where.freezer, name);
    auto inner = std::make_unique<Directory>(where.freezer, name + "/inner");

    ASSERT_TRUE(set_v1_frozen(*inner, true));
    Watch watch(top.file("."), MM_GROUP_TREE_FREEZER);
    inner.reset();
    EXPECT_TRUE(watch.hears(MM_GROUP_REMOVED, "inner"));
    EXPECT_EQ(watch.changes.size(), 1u);
}

} // namespace
