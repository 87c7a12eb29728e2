// SPDX-License-Identifier: Apache-2.0
// The daemon's flows: switched by its configuration, by memmgrctl and by a reload, and gone with it. Needs root and BPF.
#include "daemon_fixture.h"

#include <fstream>
#include <regex>

namespace
{

class Flows : public Daemon
{
  protected:
    // In order: one that is killed leaves its maps to the next.
    void TearDown() override
    {
        if (pid > 0)
            (void)end(SIGTERM);
        Daemon::TearDown();
    }
    std::string configure(bool is_on, const std::string &flow = "cpuflow") const
    {
        const std::string path = std::string(directory) + "/config.xml";
        std::ofstream file(path);

        file << "<Memmgr><flows><" << flow << "><enabled>" << (is_on ? "true" : "false")
             << "</enabled><intervalMs>200</intervalMs></" << flow << "></flows></Memmgr>";
        return path;
    }
    std::string phase(const std::string &flow = "cpuflow") const
    {
        std::smatch found;
        const std::string answer = ask("flows");

        return std::regex_search(answer, found, std::regex(flow + " +([a-z]+)")) ? found[1].str() : "";
    }
    bool becomes(const std::string &wanted) const
    {
        return comes_true([&] { return phase() == wanted; });
    }
    // What the list says of a process; -1: nothing.
    int permille(pid_t process) const
    {
        const std::string answer = ask("list --json --why " + std::to_string(process));
        std::smatch found;

        return std::regex_search(answer, found, std::regex("\"cpu_permille\":\\s*([0-9]+)"))
                   ? std::stoi(found[1])
                   : -1;
    }
    bool has_thread() const
    {
        for (const auto &task :
             std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
            if (read_text(task.path().string() + "/comm") == "memmgr-cpuflow\n")
                return true;
        }
        return false;
    }
};

// A process that does nothing else than run, at the least priority there is, on a machine that may be busy.
class Loop
{
  public:
    Loop() : pid(fork())
    {
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                continue;
        }
    }
    ~Loop()
    {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    Loop(const Loop &) = delete;
    Loop &operator=(const Loop &) = delete;
    const pid_t pid;
};

TEST_F(Flows, AreOffUnlessTheyAreWanted)
{
    start();
    EXPECT_EQ(phase(), "off");
    EXPECT_FALSE(has_thread());
    EXPECT_EQ(permille(getpid()), -1);
}

TEST_F(Flows, TellWhoIsBusy)
{
    Loop loop;

    start(configure(true));
    ASSERT_TRUE(comes_true([this] { return phase() == "running" || phase() == "unsupported"; }));
    if (phase() == "unsupported")
        GTEST_SKIP() << ask("flows");
    EXPECT_TRUE(has_thread());
    // at least a tenth of a processor is left to it
    EXPECT_TRUE(comes_true([&] {
        const auto share = permille(loop.pid);

        return share >= 100 && share <= 1100;
    })) << ask("flows");
}

TEST_F(Flows, AreSwitchedAtRunTimeAndByAReload)
{
    const std::string path = configure(false);

    start(path);
    ASSERT_EQ(phase(), "off");
    (void)ask("flows start cpuflow");
    ASSERT_TRUE(comes_true([this] { return phase() == "running" || phase() == "unsupported"; }));
    if (phase() == "unsupported")
        GTEST_SKIP() << ask("flows");
    // the element has not changed: what was switched stays
    (void)ask("reload");
    EXPECT_EQ(phase(), "running");
    (void)configure(true);
    (void)ask("reload");
    EXPECT_EQ(phase(), "running");
    (void)configure(false);
    (void)ask("reload");
    EXPECT_TRUE(becomes("off"));
    EXPECT_TRUE(comes_true([this] { return !has_thread(); }));
    (void)configure(true);
    (void)ask("reload");
    EXPECT_TRUE(becomes("running"));
    (void)ask("flows stop cpuflow");
    EXPECT_TRUE(becomes("off"));
}

// Where no driver has hooks it is idle and says where it looked; elsewhere it runs. The other flow is not touched.
TEST_F(Flows, GraphicsAreSwitchedLikewiseOrExplained)
{
    const std::string path = configure(true, "gpuflow");
    auto is_decided = [this] { return phase("gpuflow") == "running" || phase("gpuflow") == "unsupported"; };

    start(path);
    ASSERT_TRUE(comes_true(is_decided)) << ask("flows");
    EXPECT_EQ(phase(), "off");
    const std::string answer = ask("flows");
    EXPECT_TRUE(phase("gpuflow") == "running" ||
                answer.find("none of these tracepoints is here: kgsl/kgsl_pwrlevel, ") != std::string::npos ||
                answer.find("tracefs is not mounted and cannot be: ") != std::string::npos)
        << answer;
    (void)configure(false, "gpuflow");
    (void)ask("reload");
    EXPECT_TRUE(comes_true([this] { return phase("gpuflow") == "off"; })) << ask("flows");
    (void)ask("flows start gpuflow");
    EXPECT_TRUE(comes_true(is_decided)) << ask("flows");
    (void)ask("flows stop gpuflow");
    EXPECT_TRUE(comes_true([this] { return phase("gpuflow") == "off"; })) << ask("flows");
}

TEST_F(Flows, DoNotHoldUpTheEnd)
{
    start(configure(true));
    // loading, or at work: the end may come at any moment
    for (int i = 0; i < 3; i++) {
        const auto begin = std::chrono::steady_clock::now();
        const int status = end(SIGTERM);

        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(190));
        start(configure(true));
        EXPECT_TRUE(i == 1 || becomes("running"));
    }
}

} // namespace
