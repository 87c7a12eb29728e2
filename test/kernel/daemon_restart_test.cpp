// SPDX-License-Identifier: Apache-2.0
// A daemon that is killed and started again knows what clients had told it. Needs root.
#include "daemon_fixture.h"

namespace
{

class DaemonRestart : public Daemon
{
  protected:
    // In a group of the test's own. Nothing is limited or killed, but numbers are written and state is saved, which a
    // dry run does not.
    void begin()
    {
        const std::string path = std::string(directory) + "/config.xml";

        std::ofstream(path) << "<Memmgr><domain><groupPath>/" << name
                            << "</groupPath></domain><killPolicy><enabled>false</enabled></killPolicy>"
                               "<squeezeConfig><enabled>false</enabled></squeezeConfig></Memmgr>\n";
        start_for_real(path);
    }

    std::string why(pid_t of) const
    {
        return ask("list --why " + std::to_string(of));
    }

    bool is_saved() const
    {
        const std::string status = ask("status");

        return status.find("saved state saved ") != std::string::npos &&
               status.find("reported since") == std::string::npos;
    }

    Hierarchies where;
    const std::string name = "memmgr-test-" + std::to_string(getpid());
};

TEST_F(DaemonRestart, AKilledOneIsFollowedByOneThatKnowsTheApplications)
{
    if (where.memory.top_fd < 0)
        GTEST_SKIP() << "no hierarchy with the memory controller";

    Directory domain(where.memory, name);
    auto front = std::make_unique<Child>(), gone = std::make_unique<Child>();
    Child extension;
    const std::string pids[] = {std::to_string(front->pid), std::to_string(extension.pid),
                                std::to_string(gone->pid)};

    for (const std::string &each : pids)
        domain.add(atoi(each.c_str()));
    ASSERT_NO_FATAL_FAILURE(begin());
    ask("event account-hot-switch --account 100");
    ask("event foreground --pid " + pids[0] + " --name com.example.front");
    ask("event create --pid " + pids[1] + " --name com.example.extension");
    ask("event bind --pid " + pids[1] + " --caller " + pids[0]);
    ask("event background --pid " + pids[2] + " --name com.example.gone");
    const std::string before[] = {why(front->pid), why(extension.pid)};

    ASSERT_NE(before[0].find("foreground"), std::string::npos) << before[0];
    ASSERT_NE(before[1].find("extension of " + pids[0]), std::string::npos) << before[1];
    ASSERT_TRUE(comes_true([&] { return is_saved(); })) << ask("status");
    const int status = end(SIGKILL);

    EXPECT_TRUE(WIFSIGNALED(status));
    gone.reset();
    ASSERT_NO_FATAL_FAILURE(begin());
    EXPECT_EQ(why(front->pid), before[0]);
    EXPECT_EQ(why(extension.pid), before[1]);
    EXPECT_EQ(read_text("/proc/" + pids[1] + "/oom_score_adj"), "100\n");
    EXPECT_NE(ask("status").find("2 processes, 1 bindings and 1 accounts were taken up"), std::string::npos)
        << ask("status");
    // a damaged file is no reason not to start, and nothing of it is believed
    EXPECT_TRUE(WIFEXITED(end(SIGTERM)));
    std::ofstream(std::string(directory) + "/applications", std::ios::app) << "x";
    ASSERT_NO_FATAL_FAILURE(begin());
    EXPECT_NE(why(front->pid).find("not registered"), std::string::npos) << why(front->pid);
    EXPECT_TRUE(WIFEXITED(end(SIGTERM)));
}

} // namespace
