// SPDX-License-Identifier: Apache-2.0
// The daemon's list while groups of cgroup v2, or of v1's freezer, are frozen and thawed, whoever tells of it. Needs root.
#include "daemon_fixture.h"

#include <linux/capability.h>

namespace
{

// What tells of it: a configuration, and a word of the status.
struct Teller {
    const char *name, *config, *status;
    int dropped_capability = -1;
};

class DaemonFrozen : public Daemon, public testing::WithParamInterface<Teller>
{
  protected:
    bool is_at(pid_t wanted, const std::string &number) const
    {
        return ask("list --why " + std::to_string(wanted)).find(number) != std::string::npos;
    }

    void begin()
    {
        const std::string path = std::string(directory) + "/config.xml";

        std::ofstream(path) << "<Memmgr>" << GetParam().config << "</Memmgr>\n";
        name = "memmgr-test-" + std::to_string(getpid());
        dropped_capability = GetParam().dropped_capability;
        start(path);
        wait_until_settled();
    }

    using Freeze = bool (*)(const Directory &group, bool is_frozen);

    static bool set_v2_frozen(const Directory &group, bool is_frozen)
    {
        return write_text(group.file("cgroup.freeze"), is_frozen ? "1" : "0");
    }

    void follow(const mm_hierarchy &hierarchy, Freeze freeze, const char *status)
    {
        ASSERT_NO_FATAL_FAILURE(begin());

        Directory top(hierarchy, name), inner(hierarchy, name + "/inner");
        Child child, late;

        inner.add(child.pid);
        for (pid_t each : {child.pid, late.pid}) {
            const std::string who =
                " --pid " + std::to_string(each) + " --name com.example.frozen" + std::to_string(each);

            ask("event create" + who);
            ask("event background" + who);
            EXPECT_TRUE(comes_true([&] { return is_at(each, "400 background"); }));
        }
        // with the one above it
        ASSERT_TRUE(freeze(top, true));
        EXPECT_TRUE(comes_true([&] { return is_at(child.pid, "400 background; group frozen -> 600"); }))
            << ask("status");
        // joins it later
        inner.add(late.pid);
        EXPECT_TRUE(comes_true([&] { return is_at(late.pid, "group frozen -> 600"); }));
        ASSERT_TRUE(freeze(top, false));
        EXPECT_TRUE(comes_true(
            [&] { return !is_at(child.pid, "group frozen") && !is_at(late.pid, "group frozen"); }));
        EXPECT_NE(ask("status").find(status), std::string::npos) << ask("status");
        end(SIGTERM);
    }

    void find(const mm_hierarchy &hierarchy, Freeze freeze)
    {
        Directory group(hierarchy, "memmgr-test-" + std::to_string(getpid()));
        Child child;

        group.add(child.pid);
        ASSERT_TRUE(write_text("/proc/" + std::to_string(child.pid) + "/oom_score_adj", "300"));
        ASSERT_TRUE(freeze(group, true));
        if (hierarchy.is_v2) {
            ASSERT_TRUE(comes_to_say(group.file("cgroup.events"), "frozen 1"));
        }
        ASSERT_NO_FATAL_FAILURE(begin());
        EXPECT_TRUE(comes_true([&] { return is_at(child.pid, "not registered; group frozen -> 600"); }));
        ASSERT_TRUE(freeze(group, false));
        EXPECT_TRUE(comes_true([&] { return !is_at(child.pid, "group frozen"); }));
        end(SIGTERM);
    }

    Hierarchies where;
    std::string name;
};

TEST_P(DaemonFrozen, FollowsAGroupThatIsFrozenAndThawed)
{
    if (where.unified.top_fd < 0)
        GTEST_SKIP() << "no cgroup v2 here";
    follow(where.unified, set_v2_frozen, GetParam().status);
}

TEST_P(DaemonFrozen, FindsAGroupThatWasFrozenBefore)
{
    if (where.unified.top_fd < 0)
        GTEST_SKIP() << "no cgroup v2 here";
    find(where.unified, set_v2_frozen);
}

// Which BPF does not tell of.
TEST_P(DaemonFrozen, FollowsAGroupOfTheV1Freezer)
{
    if (where.freezer.top_fd < 0)
        GTEST_SKIP() << "the freezer of cgroup v1 is not mounted";
    follow(where.freezer, set_v1_frozen, "v1 freezer");
}

TEST_P(DaemonFrozen, FindsAGroupThatTheV1FreezerHadFrozenBefore)
{
    if (where.freezer.top_fd < 0)
        GTEST_SKIP() << "the freezer of cgroup v1 is not mounted";
    find(where.freezer, set_v1_frozen);
}

INSTANTIATE_TEST_SUITE_P(
    Tellers, DaemonFrozen,
    testing::Values(Teller{"Bpf", "", "bpf"}, Teller{"BpfWithoutIds", "", "bpf", CAP_DAC_READ_SEARCH},
                    Teller{"Connector", "<bpf><enabled>false</enabled></bpf>", "control groups"},
                    Teller{"Scan",
                           "<bpf><enabled>false</enabled></bpf>"
                           "<processConnector><enabled>false</enabled></processConnector>",
                           "control groups"}),
    [](const testing::TestParamInfo<Teller> &tested) { return std::string(tested.param.name); });

} // namespace
