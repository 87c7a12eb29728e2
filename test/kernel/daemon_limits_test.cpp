// SPDX-License-Identifier: Apache-2.0
// A daemon of a group whose limit somebody lowers. Needs root.
#include "daemon_fixture.h"

namespace
{

class DaemonLimits : public Daemon
{
  protected:
    // Kills below 50 MiB, which 500 MiB are far from: the watch sleeps as long as it may, for a minute. Of what the kernel
    // tells, nothing but limits can wake it.
    void begin(const char *events)
    {
        const std::string path = std::string(directory) + "/config.xml";

        std::ofstream(path)
            << "<Memmgr><domain><groupPath>/" << name << "</groupPath></domain>"
            << "<killConfig><killLevel><memoryMB>50</memoryMB><minPriority>300</minPriority></killLevel>"
               "</killConfig><availBufferConfig><minAvailBuffer>70</minAvailBuffer><availBuffer>75</"
               "availBuffer>"
               "<highAvailBuffer>80</highAvailBuffer><swapReserve>0</swapReserve></availBufferConfig>"
               "<squeezeConfig><enabled>false</enabled></squeezeConfig><pressureTriggers></pressureTriggers>"
               "<waterlineWatch><fillRate>1M</fillRate><maxIntervalMs>60000</maxIntervalMs></waterlineWatch>"
            << "<kernelEvents><usageThreshold>false</usageThreshold><vmpressure>never</vmpressure>"
               "<limitHits>false</limitHits>"
            << events << "</kernelEvents></Memmgr>\n";
        start_for_real(path);
    }

    void set_limit(const Directory &group, uint64_t bytes) const
    {
        ASSERT_TRUE(write_text(group.file(where.memory.is_v2 ? "memory.max" : "memory.limit_in_bytes"),
                               std::to_string(bytes)));
    }

    // 100 MiB in the background of 500.
    void begin_with(Child &victim, const Directory &domain, const char *events)
    {
        const std::string who = " --pid " + std::to_string(victim.pid) + " --name com.example.victim";

        domain.add(victim.pid);
        victim.let_go();
        set_limit(domain, 500 * mib);
        ASSERT_NO_FATAL_FAILURE(begin(events));
        ask("event create" + who);
        ask("event background" + who);
        wait_until_settled();
    }

    // How often memory was looked at.
    uint64_t checks() const
    {
        const std::string status = ask("status --json"), key = "\"checks\":";
        const size_t position = status.find(key);

        EXPECT_NE(position, std::string::npos) << status;
        return position == std::string::npos ? 0 : std::stoull(status.substr(position + key.size()));
    }

    // Once nobody looks at memory any more: what its start and the first words of clients asked for is over.
    uint64_t checks_at_rest() const
    {
        uint64_t last = checks();

        EXPECT_TRUE(comes_true([&] {
            std::this_thread::sleep_for(a_while);
            const uint64_t before = last;
            last = checks();
            return last == before;
        }));
        return last;
    }

    // Ten times as long as a change of a limit needs to be seen.
    static constexpr std::chrono::milliseconds a_while{500};
    size_t victim_bytes = 100 * mib;
    Hierarchies where;
    const std::string name = "memmgr-test-" + std::to_string(getpid());
};

TEST_F(DaemonLimits, KillsForALimitThatIsLoweredByHandThoughItsWatchSleeps)
{
    if (where.memory.top_fd < 0)
        GTEST_SKIP() << "no hierarchy with the memory controller";

    Directory domain(where.memory, name);
    Child victim(touch_memory, &victim_bytes);

    ASSERT_NO_FATAL_FAILURE(begin_with(victim, domain, ""));
    EXPECT_NE(ask("status").find("inotify on the limits of 2 groups"), std::string::npos) << ask("status");
    (void)checks_at_rest();
    EXPECT_TRUE(victim.is_running());
    set_limit(domain, 120 * mib);
    EXPECT_TRUE(comes_true([&] { return !victim.is_running(); })) << ask("explain");
    EXPECT_NE(ask("explain").find("com.example.victim"), std::string::npos) << ask("explain");
    EXPECT_EQ(WTERMSIG(victim.wait()), SIGKILL);
    (void)end(SIGTERM);
}

// Without it the very same fall is not seen: what saw it there is what hears of limits.
TEST_F(DaemonLimits, WithoutItTheSameFallIsNotSeenByTheWatchThatSleeps)
{
    if (where.memory.top_fd < 0)
        GTEST_SKIP() << "no hierarchy with the memory controller";

    Directory domain(where.memory, name);
    Child victim(touch_memory, &victim_bytes);

    ASSERT_NO_FATAL_FAILURE(begin_with(victim, domain, "<limitChanges>false</limitChanges>"));
    const uint64_t before = checks_at_rest();
    set_limit(domain, 120 * mib);
    std::this_thread::sleep_for(a_while);
    EXPECT_EQ(checks(), before);
    EXPECT_TRUE(victim.is_running()) << ask("explain");
    (void)end(SIGTERM);
}

TEST_F(DaemonLimits, LimitsOfGroupsBelowTheDomainAndBesideItHaveNobodyLook)
{
    if (where.memory.top_fd < 0)
        GTEST_SKIP() << "no hierarchy with the memory controller";

    Directory domain(where.memory, name);
    if (where.memory.is_v2) {
        ASSERT_TRUE(write_text(domain.file("cgroup.subtree_control"), "+memory"));
    }
    Directory below(where.memory, name + "/below");
    const char *high = where.memory.is_v2 ? "memory.high" : "memory.soft_limit_in_bytes";

    set_limit(domain, 500 * mib);
    ASSERT_NO_FATAL_FAILURE(begin(""));
    wait_until_settled();
    const uint64_t before = checks_at_rest();
    for (uint64_t i = 1; i <= 20; i++) { // as the engine squeezes
        ASSERT_TRUE(write_text(below.file(high), std::to_string(i * mib)));
        set_limit(below, i * mib);
        Directory beside(where.memory, name + "-beside");
    }
    std::this_thread::sleep_for(a_while);
    EXPECT_EQ(checks(), before);
    set_limit(domain, 400 * mib);
    EXPECT_TRUE(comes_true([&] { return checks() > before; })) << "it does hear of the domain's";
    (void)end(SIGTERM);
}

TEST_F(DaemonLimits, ASwitchedOffOneSaysSo)
{
    if (where.memory.top_fd < 0)
        GTEST_SKIP() << "no hierarchy with the memory controller";

    Directory domain(where.memory, name);

    ASSERT_NO_FATAL_FAILURE(begin("<limitChanges>false</limitChanges>"));
    const std::string status = ask("status");
    const size_t position = status.find("limit changes");

    ASSERT_NE(position, std::string::npos) << status;
    EXPECT_NE(status.substr(position, 80).find("switched off by the configuration"), std::string::npos)
        << status;
    (void)end(SIGTERM);
}

} // namespace
