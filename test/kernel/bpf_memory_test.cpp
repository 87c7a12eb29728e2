/* SPDX-License-Identifier: Apache-2.0 */
/* What BPF reports of stalls and of the kernel's victims: provoked by the limit of a small group that the test makes.
   Needs root. */
#include "bpf_support.h"
#include "kernel_fixture.h"

#include <sys/prctl.h>

namespace
{

using bpf_test::Watcher;

class Memory : public ::testing::TestWithParam<bool>
{
  protected:
    void SetUp() override
    {
        if (where.memory.top_fd < 0)
            GTEST_SKIP() << "no hierarchy with the memory controller";
        directory = std::make_unique<Directory>(where.memory, "memmgr-test-" + std::to_string(getpid()));
        if (!directory->has(limit_file()))
            GTEST_SKIP() << "the memory controller is not enabled for groups";
        ASSERT_TRUE(write_text(directory->file(limit_file()), std::to_string(limit_bytes)));
        if (directory->has("memory.swap.max")) {
            ASSERT_TRUE(write_text(directory->file("memory.swap.max"), "0"));
        }
        load();
    }

    const char *limit_file() const
    {
        return where.memory.is_v2 ? "memory.max" : "memory.limit_in_bytes";
    }

    void load()
    {
        struct mm_bpf_options options = {};

        options.is_untimed = GetParam();
        ASSERT_EQ(watcher.load(options), 0) << mm_bpf_reason(watcher.bpf);
        if (!(mm_bpf_programs(watcher.bpf) & MM_BPF_PROGRAM_OOM_VICTIM))
            GTEST_SKIP() << mm_bpf_memory_reason(watcher.bpf);
    }

    std::vector<struct mm_bpf_record> of(uint32_t type, pid_t pid) const
    {
        std::vector<struct mm_bpf_record> found;

        for (const auto &record : watcher.seen) {
            if (record.type == type && record.tgid == pid)
                found.push_back(record);
        }
        return found;
    }

    static constexpr uint64_t limit_bytes = 16 * mib;
    Hierarchies where;
    std::unique_ptr<Directory> directory;
    Watcher watcher;
};

/* More page cache than the group may have: the kernel takes from the old for the new, in the writer's time. */
TEST_P(Memory, AGroupAtItsLimitStallsWhoeverWantsMore)
{
    DiskFile file;

    if (!file.is_on_disk)
        GTEST_SKIP() << "no disk whose pages could be dropped";

    const struct mm_bpf_stall_totals *totals = mm_bpf_totals(watcher.bpf);
    Child child(fill_cache, file.path);
    const uint64_t before = totals->stalls[MM_BPF_STALL_MEMCG].count;
    const uint64_t length_before_ns = totals->stalls[MM_BPF_STALL_MEMCG].length_ns;
    struct mm_bpf_stalls stalls = {};
    uint64_t begins = 0, ends = 0, first_ns = 0, last_ns = 0;

    directory->add(child.pid);
    child.let_go();
    watcher.settle();
    EXPECT_GT(totals->stalls[MM_BPF_STALL_MEMCG].count, before);
    EXPECT_GT(totals->stalls[MM_BPF_STALL_MEMCG].length_ns, length_before_ns);
    for (const auto &record : of(MM_BPF_RECORD_STALL, child.pid)) {
        if (record.value != MM_BPF_STALL_MEMCG)
            continue;
        if (record.flags & MM_BPF_FLAG_BEGIN) {
            EXPECT_GE(record.actor, 1);
            EXPECT_EQ(record.length_ns, 0u);
            first_ns = first_ns ? first_ns : record.time_ns;
            last_ns = record.time_ns;
            begins++;
        } else {
            EXPECT_GT(record.length_ns, 0u);
            ends++;
        }
        EXPECT_EQ(bpf_test::to_ticks(record.start_ns), bpf_test::start_ticks(child.pid));
    }
    EXPECT_GE(begins, 1u);
    EXPECT_GE(ends, begins) << "each that was told, and the long ones";
    EXPECT_LE(begins, (last_ns - first_ns) / MM_BPF_GATHER_NS + 1) << "at most one in 20 ms";
    /* those of the rest of the machine may go on */
    ASSERT_EQ(mm_bpf_read_stalls(watcher.bpf, &stalls), 0);
    EXPECT_NE(stalls.longest_pid, child.pid);
}

/* Anonymous memory that cannot go anywhere: the kernel ends the process, and its record wakes at once. */
TEST_P(Memory, TheKernelsVictimIsNamed)
{
    size_t size = 4 * limit_bytes;
    Child child(touch_memory, &size);
    int status;

    if (read_text("/proc/swaps").find("/dev") != std::string::npos && !where.memory.is_v2)
        GTEST_SKIP() << "with swap a v1 limit kills nobody";
    ASSERT_TRUE(write_text("/proc/" + std::to_string(child.pid) + "/oom_score_adj", "123"));
    directory->add(child.pid);

    const uint64_t ticks = bpf_test::start_ticks(child.pid);
    char byte = 0;

    EXPECT_EQ(write(child.gate(), &byte, 1), 1);
    status = child.wait();
    ASSERT_TRUE(WIFSIGNALED(status));
    watcher.settle();

    const auto victims = of(MM_BPF_RECORD_OOM_VICTIM, child.pid);

    ASSERT_EQ(victims.size(), 1u);
    EXPECT_EQ(victims[0].value, 123);
    EXPECT_EQ(victims[0].actor, child.pid) << "who asked for more";
    EXPECT_EQ(bpf_test::to_ticks(victims[0].start_ns), ticks);
    EXPECT_GE(of(MM_BPF_RECORD_STALL, child.pid).size(), 1u);
}

TEST_P(Memory, IsLoadedAsASecondGroup)
{
    EXPECT_EQ(std::string(mm_bpf_memory_reason(watcher.bpf)),
              std::string(GetParam() ? "BTF tracepoints, without timers" : "BTF tracepoints") +
                  ": direct reclaim, group reclaim, compaction, throttling, kswapd, OOM victims");
    EXPECT_EQ(mm_bpf_programs(watcher.bpf),
              static_cast<unsigned>(MM_BPF_PROGRAM_ALL | MM_BPF_PROGRAM_MEMORY));
}

const char *timer_name(const ::testing::TestParamInfo<bool> &is_untimed)
{
    return is_untimed.param ? "Untimed" : "Timed";
}

INSTANTIATE_TEST_SUITE_P(Kernel, Memory, ::testing::Values(false, true), timer_name);

TEST(BpfMemory, MayBeMissingAsAWhole)
{
    struct mm_bpf_options options = {};
    struct mm_bpf_stalls stalls = {};
    Watcher watcher;

    options.is_classic = true;
    ASSERT_EQ(watcher.load(options), 0) << mm_bpf_reason(watcher.bpf);
    EXPECT_STREQ(mm_bpf_memory_reason(watcher.bpf), "not from classic tracepoints");
    EXPECT_EQ(mm_bpf_programs(watcher.bpf) & MM_BPF_PROGRAM_MEMORY, 0u);
    EXPECT_EQ(mm_bpf_totals(watcher.bpf), nullptr);
    EXPECT_EQ(mm_bpf_read_stalls(watcher.bpf, &stalls), -EOPNOTSUPP);
}

} // namespace
