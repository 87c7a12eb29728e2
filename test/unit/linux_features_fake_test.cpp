// SPDX-License-Identifier: Apache-2.0
// What the Linux implementation finds a kernel to have, and why not, over trees of plain files.
#include "fake_machine.h"

#include <cstring>

namespace
{

TEST(FakeMachineFeatures, EachHasItsReason)
{
    FakeMachine nothing, v1, v2;

    ASSERT_EQ(nothing.start(), 0);
    v1.make_hybrid();
    v1.write("sys/fs/cgroup/unified/g/cgroup.kill", "");
    for (const char *file :
         {"cgroup.event_control", "memory.usage_in_bytes", "memory.pressure_level", "memory.oom_control"})
        v1.write("sys/fs/cgroup/memory/" + std::string(file), "");
    v1.write("proc/swaps", "");
    v1.write("proc/kswapd_monitor", "");
    v1.write("sys/class/power_supply/BAT0/type", "Battery\n");
    v2.write("sys/class/power_supply/AC/type", "Mains\n"); // without a battery it tells nothing
    ASSERT_EQ(v1.start(), 0);
    v2.make_v2();
    v2.make_v2_group("/g", 1, "max", 0);
    v2.write("proc/self/uid_map", "         0       1000          1\n");
    ASSERT_EQ(v2.start(), 0);

    const std::tuple<enum mm_feature_id, bool, bool, bool> cases[] = {
        {MM_FEATURE_PRESSURE, true, true, true},
        {MM_FEATURE_CGROUP_V1_MEMORY, false, true, false},
        {MM_FEATURE_CGROUP_V2_MEMORY, false, false, true},
        {MM_FEATURE_CGROUP_KILL, false, true, true},
        {MM_FEATURE_MEMORY_HIGH, false, false, true},
        {MM_FEATURE_MEMORY_RECLAIM, false, false, true},
        {MM_FEATURE_GROUP_PRESSURE, false, true, true},
        {MM_FEATURE_OOM_SCORE_ADJ_LOWER, true, true, false}, // a user namespace's capability does not count
        {MM_FEATURE_SWAP, true, true, true},
        {MM_FEATURE_USAGE_THRESHOLD, false, true, false},
        {MM_FEATURE_VMPRESSURE, false, true, false},
        {MM_FEATURE_GROUP_EVENTS, false, true, true},
        {MM_FEATURE_SWAP_EVENTS, false, true, false},
        {MM_FEATURE_KSWAPD_MONITOR, false, true, false},
        {MM_FEATURE_POWER_SUPPLY, false, true, false},
        {MM_FEATURE_KILL_OTHERS, true, true, true},
        {MM_FEATURE_LIMIT_CHANGES, false, false, false}, // each is a machine
    };
    for (const auto &[id, in_nothing, in_v1, in_v2] : cases) {
        EXPECT_EQ(nothing.ops()->feature(nothing.kernel(), id)->available, in_nothing) << mm_feature_name(id);
        EXPECT_EQ(v1.ops()->feature(v1.kernel(), id)->available, in_v1) << mm_feature_name(id);
        EXPECT_EQ(v2.ops()->feature(v2.kernel(), id)->available, in_v2) << mm_feature_name(id);
    }
    for (unsigned id = 0; id < MM_FEATURE_COUNT; id++)
        EXPECT_STRNE(v2.ops()->feature(v2.kernel(), static_cast<enum mm_feature_id>(id))->reason, "") << id;
    EXPECT_FALSE(v2.ops()->feature(v2.kernel(), MM_FEATURE_COUNT)->available);
}

TEST(FakeMachineFeatures, WithoutTheCapability)
{
    FakeMachine machine;

    machine.write("proc/self/status", "Tgid:\t1\nPid:\t1\nUid:\t0\t0\t0\t0\nCapEff:\t000001fffeffffdf\n");
    ASSERT_EQ(machine.start(), 0);
    EXPECT_FALSE(machine.ops()->feature(machine.kernel(), MM_FEATURE_KILL_OTHERS)->available);
    EXPECT_FALSE(machine.ops()->feature(machine.kernel(), MM_FEATURE_OOM_SCORE_ADJ_LOWER)->available);
}

/* Bits of the effective set, as /proc/PID/status has them. */
TEST(FakeMachineFeatures, CapabilitiesOneByOne)
{
    const uint64_t all = 0x1ffffffffff, sys_admin = UINT64_C(1) << 21;
    const struct {
        enum mm_feature_id feature;
        unsigned bit;
        const char *name;
    } rows[] = {
        {MM_FEATURE_KILL_OTHERS, 5, "CAP_KILL"},
        {MM_FEATURE_OOM_SCORE_ADJ_LOWER, 24, "CAP_SYS_RESOURCE"},
        {MM_FEATURE_CAP_DAC_OVERRIDE, 1, "CAP_DAC_OVERRIDE"},
        {MM_FEATURE_CAP_DAC_READ_SEARCH, 2, "CAP_DAC_READ_SEARCH"},
        {MM_FEATURE_CAP_SYS_PTRACE, 19, "CAP_SYS_PTRACE"},
        {MM_FEATURE_CAP_IPC_LOCK, 14, "CAP_IPC_LOCK"},
        {MM_FEATURE_CAP_SYS_NICE, 23, "CAP_SYS_NICE"},
        {MM_FEATURE_CAP_CHOWN, 0, "CAP_CHOWN"},
        {MM_FEATURE_CAP_BPF, 39, "CAP_BPF"},
        {MM_FEATURE_CAP_PERFMON, 38, "CAP_PERFMON"},
        {MM_FEATURE_CAP_NET_ADMIN, 12, "CAP_NET_ADMIN"},
        {MM_FEATURE_CAP_SETUID, 7, "CAP_SETUID"},
        {MM_FEATURE_CAP_SETGID, 6, "CAP_SETGID"},
    };
    const auto feature_of = [](uint64_t effective, enum mm_feature_id id, bool is_initial = true) {
        FakeMachine machine;
        char status[96];

        (void)mm_format(status, sizeof(status), "Tgid:\t1\nPid:\t1\nUid:\t0\t0\t0\t0\nCapEff:\t%016llx\n",
                        static_cast<unsigned long long>(effective));
        machine.write("proc/self/status", status);
        if (!is_initial)
            machine.write("proc/self/uid_map", "         0       1000          1\n");
        EXPECT_EQ(machine.start(), 0);
        return *machine.ops()->feature(machine.kernel(), id);
    };

    for (const auto &row : rows) {
        const mm_feature without = feature_of((all & ~sys_admin) & ~(UINT64_C(1) << row.bit), row.feature);

        EXPECT_STREQ(feature_of(all, row.feature).reason, row.name);
        EXPECT_FALSE(without.available) << row.name;
        EXPECT_EQ(std::string(without.reason).find("no " + std::string(row.name) + ": "), 0U)
            << without.reason;
        EXPECT_LT(strlen(without.reason), sizeof(without.reason) - 1) << "cut: " << without.reason;
        for (const auto &other : rows) {
            const uint64_t alone = UINT64_C(1) << row.bit;

            EXPECT_EQ(feature_of(alone, other.feature).available, other.bit == row.bit)
                << other.name << " by " << row.name;
        }
    }
    for (enum mm_feature_id id : {MM_FEATURE_CAP_BPF, MM_FEATURE_CAP_PERFMON}) {
        EXPECT_TRUE(feature_of(sys_admin, id).available);
        EXPECT_STREQ(feature_of(sys_admin, id).reason, "CAP_SYS_ADMIN stands in");
    }
    EXPECT_FALSE(feature_of(sys_admin, MM_FEATURE_CAP_NET_ADMIN).available);
    /* in another user namespace */
    for (enum mm_feature_id id : {MM_FEATURE_CAP_BPF, MM_FEATURE_CAP_PERFMON, MM_FEATURE_CAP_NET_ADMIN,
                                  MM_FEATURE_CAP_IPC_LOCK, MM_FEATURE_OOM_SCORE_ADJ_LOWER}) {
        const mm_feature there = feature_of(all, id, false);

        EXPECT_FALSE(there.available) << there.reason;
        EXPECT_NE(std::string(there.reason).find("of a user namespace"), std::string::npos) << there.reason;
        EXPECT_LT(strlen(there.reason), sizeof(there.reason) - 1) << "cut: " << there.reason;
    }
    EXPECT_TRUE(feature_of(all, MM_FEATURE_CAP_DAC_OVERRIDE, false).available);
}

} // namespace
