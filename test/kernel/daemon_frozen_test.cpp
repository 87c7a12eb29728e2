// SPDX-License-Identifier: Apache-2.0
// The daemon's list while groups of cgroup v2 are frozen and thawed, whoever tells of it. Needs root.
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

        if (where.unified.top_fd < 0)
            GTEST_SKIP() << "no cgroup v2 here";
        std::ofstream(path) << "<Memmgr>" << GetParam().config << "</Memmgr>\n";
        name = "memmgr-test-" + std::to_string(getpid());
        dropped_capability = GetParam().dropped_capability;
        start(path);
        wait_until_settled();
    }

    Hierarchies where;
    std::string name;
};

TEST_P(DaemonFrozen, FollowsAGroupThatIsFrozenAndThawed)
{
    ASSERT_NO_FATAL_FAILURE(begin());
    if (IsSkipped())
        return;

    Directory top(where.unified, name), inner(where.unified, name + "/inner");
    Child child, late;
    const std::string pids[] = {std::to_string(child.pid), std::to_string(late.pid)};

    inner.add(child.pid);
    for (const std::string &each : pids) {
        ask("event create --pid " + each + " --name com.example.frozen" + each);
        ask("event background --pid " + each + " --name com.example.frozen" + each);
        EXPECT_TRUE(comes_true([&] { return is_at(atoi(each.c_str()), "400 background"); }));
    }
    // with the one above it
    ASSERT_TRUE(write_text(top.file("cgroup.freeze"), "1"));
    EXPECT_TRUE(comes_true([&] { return is_at(child.pid, "400 background; group frozen -> 600"); }))
        << ask("status");
    // joins it later
    inner.add(late.pid);
    EXPECT_TRUE(comes_true([&] { return is_at(late.pid, "group frozen -> 600"); }));
    ASSERT_TRUE(write_text(top.file("cgroup.freeze"), "0"));
    EXPECT_TRUE(
        comes_true([&] { return !is_at(child.pid, "group frozen") && !is_at(late.pid, "group frozen"); }));
    EXPECT_NE(ask("status").find(GetParam().status), std::string::npos) << ask("status");
    end(SIGTERM);
}

TEST_P(DaemonFrozen, FindsAGroupThatWasFrozenBefore)
{
    if (where.unified.top_fd < 0)
        GTEST_SKIP() << "no cgroup v2 here";

    Directory group(where.unified, "memmgr-test-" + std::to_string(getpid()));
    Child child;

    group.add(child.pid);
    ASSERT_TRUE(write_text("/proc/" + std::to_string(child.pid) + "/oom_score_adj", "300"));
    ASSERT_TRUE(write_text(group.file("cgroup.freeze"), "1"));
    ASSERT_TRUE(comes_to_say(group.file("cgroup.events"), "frozen 1"));
    ASSERT_NO_FATAL_FAILURE(begin());
    EXPECT_TRUE(comes_true([&] { return is_at(child.pid, "not registered; group frozen -> 600"); }));
    ASSERT_TRUE(write_text(group.file("cgroup.freeze"), "0"));
    EXPECT_TRUE(comes_true([&] { return !is_at(child.pid, "group frozen"); }));
    end(SIGTERM);
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
