// SPDX-License-Identifier: Apache-2.0
// What the Linux implementation is told by the kernel, over trees of plain files; and the arithmetic behind it.
#include "wake_fake.h"

#include "kernel_interface/domain_memory.h"
#include "kernel_interface/usage_threshold.h"

#include <cerrno>

namespace
{

// ---- where a threshold belongs ----

TEST(UsageThreshold, IsWhereAvailableMemoryComesDownToTheLine)
{
    const uint64_t none = MM_UNKNOWN;
    const struct {
        const char *what;
        uint64_t usage, available, limit, line; // MiB
        uint64_t present;                       // MiB, none: nothing is registered
        bool has_told;
        uint64_t expected;
    } rows[] = {
        {"nothing registered: usage plus the distance", 100, 300, 400, 200, none, false, 200},
        {"file pages count in available, so further", 300, 300, 500, 150, none, false, 450},
        {"no line", 100, 300, 400, none, none, false, none},
        {"no line any more", 100, 300, 400, none, 200, false, none},
        {"below the line", 100, 300, 400, 301, none, false, none},
        {"on the line: here and now", 100, 300, 400, 300, none, false, 100},
        {"out of reach: files fill the group to its limit", 395, 300, 400, 200, none, false, none},
        {"the limit itself is out of reach", 300, 300, 400, 200, none, false, none},
        {"in place already", 100, 300, 400, 200, 200, false, 200},
        {"too late by an eighth of the distance: left", 100, 300, 500, 220, 190, false, 190},
        {"too late by more", 100, 300, 500, 220, 191, false, 180},
        {"too early, but it has not told yet: left", 100, 300, 400, 200, 50, false, 50},
        {"too early, and it has told", 100, 300, 400, 200, 50, true, 200},
        {"told, but near enough", 100, 300, 500, 220, 171, true, 171},
        {"near the line a MiB is near enough", 100, 300, 400, 299, 102, false, 102},
        {"and two are not", 100, 300, 400, 299, 103, false, 101},
        {"no limit, and a sum that does not fit", 100, UINT64_MAX / MM_MIB, UINT64_MAX / MM_MIB, 0, none,
         false, none},
    };

    for (const auto &row : rows) {
        auto bytes = [](uint64_t mebibytes) {
            return mebibytes == MM_UNKNOWN ? MM_UNKNOWN : mebibytes * MM_MIB;
        };
        const mm_usage_view view = {
            3, bytes(row.usage), bytes(row.available), bytes(row.limit), none, none,
        };
        const mm_usage_registration present = {3, bytes(row.present), row.has_told};

        EXPECT_EQ(mm_usage_threshold_decide(&view, bytes(row.line), &present), bytes(row.expected))
            << row.what;
    }
}

TEST(UsageThreshold, AnotherGroupIsRegisteredAnew)
{
    const mm_usage_view view = {4, 100 * MM_MIB, 300 * MM_MIB, 400 * MM_MIB, MM_UNKNOWN, MM_UNKNOWN};
    const mm_usage_registration present = {3, 150 * MM_MIB, false};

    EXPECT_EQ(mm_usage_threshold_decide(&view, 200 * MM_MIB, &present), 200 * MM_MIB);
}

TEST(DomainMemory, TheTightestLevelIsTheOneThatLeavesTheLeast)
{
    const mm_domain_level levels[] = {
        {MM_UNLIMITED, 900, 0, MM_UNLIMITED, 0, false},
        {1000, 700, 100, MM_UNLIMITED, 0, false},  // leaves 400
        {5000, 4900, 200, MM_UNLIMITED, 0, false}, // leaves 300
    };

    EXPECT_EQ(mm_domain_memory_tightest(levels, 3, 9999), 2U);
    EXPECT_EQ(mm_domain_memory_tightest(levels, 2, 9999), 1U);
    EXPECT_EQ(mm_domain_memory_tightest(levels, 1, 9999), 1U) << "without a limit it is the machine";
    EXPECT_EQ(mm_domain_memory_tightest(levels, 3, 299), 3U);
    EXPECT_EQ(mm_domain_memory_tightest(nullptr, 0, 9999), 0U);
}

// ---- what is written to the kernel ----

constexpr const char *control = "sys/fs/cgroup/memory/g/cgroup.event_control";

// A group of 100 MiB usage under a limit of 400 MiB; the line is at 200 MiB.
class UsageWake : public testing::Test
{
  protected:
    void SetUp() override
    {
        machine.make_hybrid();
        for (const char *file :
             {"cgroup.event_control", "memory.usage_in_bytes", "memory.pressure_level", "memory.oom_control"})
            machine.write("sys/fs/cgroup/memory/" + std::string(file), "0\n");
        machine.make_v1_group("/g", 100 * mib, std::to_string(400 * mib) + "\n", 0);
        machine.write(control, "");
    }
    void start()
    {
        mm_memory_state memory;

        ASSERT_EQ(machine.start("/g"), 0);
        ASSERT_EQ(machine.ops()->read_memory(machine.kernel(), &memory), 0);
        ASSERT_EQ(memory.available_bytes, 300 * mib);
    }
    // The thread has written a registration that ends in this.
    bool comes_to(const std::string &end) const
    {
        for (int i = 0; i < 20000; i++) {
            const std::string text = machine.read(control);

            if (text.size() > end.size() && text.substr(text.size() - end.size()) == end)
                return true;
            usleep(1000);
        }
        return false;
    }

    FakeMachine machine;
};

TEST_F(UsageWake, IsRegisteredOnTheGroupWhoseLimitIsTightest)
{
    start();
    Wake wake(machine, request(MM_WAKE_USAGE));
    ASSERT_EQ(wake.result, 0);
    EXPECT_EQ(wake.take(), 0) << "nothing was told";
    wake.move(200 * mib);
    EXPECT_TRUE(comes_to(" " + std::to_string(200 * mib))) << machine.read(control);
    EXPECT_EQ(wake.take(), 0);
}

TEST_F(UsageWake, UsageThatWasThereBeforeTheKernelKnewOfItIsTold)
{
    start();
    machine.write("sys/fs/cgroup/memory/g/memory.usage_in_bytes", std::to_string(250 * mib) + "\n");
    Wake wake(machine, request(MM_WAKE_USAGE));
    ASSERT_EQ(wake.result, 0);
    wake.move(200 * mib);
    EXPECT_EQ(wake.await(), 1);
    EXPECT_EQ(wake.take(), 0) << "it is quiet again";
}

TEST_F(UsageWake, GarbageForUsageIsNoCrossing)
{
    start();
    machine.write("sys/fs/cgroup/memory/g/memory.usage_in_bytes", "lots\n");
    Wake wake(machine, request(MM_WAKE_USAGE));
    wake.move(200 * mib);
    EXPECT_TRUE(comes_to(" " + std::to_string(200 * mib)));
    EXPECT_EQ(wake.take(), 0);
}

TEST_F(UsageWake, ARefusalIsToldWithItsReason)
{
    machine.remove(control);
    machine.write(std::string(control) + "/file", "");
    start();
    Wake wake(machine, request(MM_WAKE_USAGE));
    ASSERT_EQ(wake.result, 0);
    wake.move(200 * mib);
    EXPECT_EQ(wake.await(), -EISDIR);
}

TEST_F(UsageWake, AGroupWithoutTheFileIsNotOneThatIsGone)
{
    machine.remove(control);
    start();
    Wake wake(machine, request(MM_WAKE_USAGE));
    wake.move(200 * mib);
    EXPECT_EQ(wake.await(), -EOPNOTSUPP);
}

TEST_F(UsageWake, AGroupThatIsGoneSaysSo)
{
    start();
    Wake wake(machine, request(MM_WAKE_USAGE));
    machine.remove("sys/fs/cgroup/memory/g");
    wake.move(200 * mib);
    EXPECT_EQ(wake.await(), -ENODEV);
}

TEST_F(UsageWake, ThereIsNoneOnV2NorOfAnUnknownKind)
{
    FakeMachine v2;

    v2.make_v2();
    ASSERT_EQ(v2.start(), 0);
    EXPECT_EQ(Wake(v2, request(MM_WAKE_USAGE)).result, -EOPNOTSUPP);
    EXPECT_EQ(Wake(v2, request(MM_WAKE_KIND_COUNT)).result, -EINVAL);
}

// ---- vmpressure ----

TEST_F(UsageWake, VmpressureIsRegisteredByItsWords)
{
    const struct {
        mm_vmpressure_level level;
        mm_vmpressure_mode mode;
        const char *expected;
    } rows[] = {
        {MM_VMPRESSURE_LOW, MM_VMPRESSURE_DEFAULT, " low,default"},
        {MM_VMPRESSURE_MEDIUM, MM_VMPRESSURE_HIERARCHY, " medium,hierarchy"},
        {MM_VMPRESSURE_CRITICAL, MM_VMPRESSURE_LOCAL, " critical,local"},
    };

    machine.write("sys/fs/cgroup/memory/g/memory.pressure_level", "");
    start();
    for (const auto &row : rows) {
        mm_wake_request wanted = request(MM_WAKE_VMPRESSURE);

        wanted.level = row.level;
        wanted.mode = row.mode;
        machine.write(control, "");
        Wake wake(machine, wanted);
        EXPECT_EQ(wake.result, 0);
        EXPECT_TRUE(comes_to(row.expected)) << machine.read(control);
        EXPECT_EQ(wake.take(), 0);
    }
    mm_wake_request bad = request(MM_WAKE_VMPRESSURE);
    bad.level = MM_VMPRESSURE_LEVEL_COUNT;
    EXPECT_EQ(Wake(machine, bad).result, -EINVAL);
    machine.remove("sys/fs/cgroup/memory/g/memory.pressure_level");
    EXPECT_EQ(Wake(machine, request(MM_WAKE_VMPRESSURE)).result, -EOPNOTSUPP);
}

// ---- events of groups ----

TEST_F(UsageWake, OomControlIsRegisteredWithoutAnArgumentAndCounted)
{
    mm_group_events events = {};

    machine.write("sys/fs/cgroup/memory/g/memory.oom_control",
                  "oom_kill_disable 0\nunder_oom 1\noom_kill 3\n");
    machine.write("sys/fs/cgroup/memory/g/memory.failcnt", "7\n");
    start();
    Wake wake(machine, request(MM_WAKE_GROUP_EVENTS));
    EXPECT_EQ(wake.result, 0);
    EXPECT_EQ(machine.read(control).back(), ' ');
    ASSERT_EQ(machine.ops()->read_group_events(machine.kernel(), nullptr, &events), 0);
    EXPECT_EQ(events.oom_kill, 3U);
    EXPECT_EQ(events.max, 7U);
    EXPECT_TRUE(events.is_under_oom);
    EXPECT_EQ(events.low + events.high + events.oom, 0U);
}

TEST(GroupEvents, EachFileAndWhatMayBeInIt)
{
    const struct {
        const char *what;
        const char *text;
        int expected;
        uint64_t high, max, oom_kill;
    } rows[] = {
        {"6.1", "low 1\nhigh 212\nmax 5\noom 4\noom_kill 3\noom_group_kill 0\n", 0, 212, 5, 3},
        {"before oom_kill was counted", "low 0\nhigh 2\nmax 5\noom 4\n", 0, 2, 5, 0},
        {"cut in the middle of a number: what is there", "low 0\nhigh 2\nmax 5\noom 4\noom_kill 1", 0, 2, 5,
         1},
        {"cut before max", "low 0\nhigh 2\n", -ENODATA, 0, 0, 0},
        {"empty", "", -ENODATA, 0, 0, 0},
        {"no number", "low 0\nhigh x\nmax 5\n", -EINVAL, 0, 0, 0},
        {"a negative one", "low 0\nhigh 0\nmax -5\n", -EINVAL, 0, 0, 0},
        {"too large", "max 99999999999999999999\n", -ERANGE, 0, 0, 0},
        {"unknown lines", "max 5\nwhatever 9\nsock_throttled x\n", 0, 0, 5, 0},
    };

    for (const auto &row : rows) {
        FakeMachine v2;
        mm_group_events events = {};

        v2.make_v2();
        v2.make_v2_group("/g", 1, "max", 0);
        v2.write("sys/fs/cgroup/g/memory.events", row.text);
        ASSERT_EQ(v2.start("/g"), 0);
        EXPECT_EQ(v2.ops()->read_group_events(v2.kernel(), nullptr, &events), row.expected) << row.what;
        EXPECT_EQ(events.high, row.high) << row.what;
        EXPECT_EQ(events.max, row.max) << row.what;
        EXPECT_EQ(events.oom_kill, row.oom_kill) << row.what;
    }
}

TEST(GroupEvents, TheRootOfV2AndAGroupThatIsGoneHaveNone)
{
    FakeMachine v2;
    mm_group_events events = {};

    v2.make_v2();
    v2.make_v2_group("/g", 1, "max", 0);
    v2.write("sys/fs/cgroup/g/memory.events", "max 5\n");
    ASSERT_EQ(v2.start(), 0);
    EXPECT_EQ(v2.ops()->read_group_events(v2.kernel(), nullptr, &events), -EOPNOTSUPP);
    EXPECT_EQ(Wake(v2, request(MM_WAKE_GROUP_EVENTS)).result, -EOPNOTSUPP);
    Group group(v2, "/g");
    Wake wake(v2, request(MM_WAKE_GROUP_EVENTS, group.group));
    EXPECT_EQ(wake.result, 0);
    EXPECT_EQ(wake.take(), 1);
    v2.remove("sys/fs/cgroup/g");
    EXPECT_EQ(v2.ops()->read_group_events(v2.kernel(), group.group, &events), -ENODEV);
    EXPECT_EQ(Wake(v2, request(MM_WAKE_GROUP_EVENTS, group.group)).result, -ENODEV);
}

} // namespace
