/* SPDX-License-Identifier: Apache-2.0 */
/* Direct reclaim of a whole machine, and a stall that is seen before it ends: only where the machine is the test's to run
   out of memory, a guest. Needs root. */
#include "bpf_support.h"
#include "kernel_fixture.h"

namespace
{

using bpf_test::Watcher;

/* Page cache beyond what the machine has free, faster than kswapd drops it, from several sides. */
void fill_machine(void *argument)
{
    static char block[256 * 1024];
    const auto size = *static_cast<const uint64_t *>(argument);
    void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        _exit(2);
    for (uint64_t done = 0; done < size; done += sizeof(block))
        memset(static_cast<char *>(memory) + done, 1, sizeof(block));
}

TEST(BpfDirect, AMachineOutOfMemoryReclaimsInEverybodysTime)
{
    struct sysinfo info = {};
    Watcher watcher;
    struct mm_bpf_options options = {};

    if (read_text("/proc/cmdline").find("memmgr.guest") == std::string::npos)
        GTEST_SKIP() << "this machine is not the test's to fill";
    ASSERT_EQ(watcher.load(options), 0) << mm_bpf_reason(watcher.bpf);
    ASSERT_TRUE(mm_bpf_programs(watcher.bpf) & MM_BPF_PROGRAM_DIRECT_RECLAIM)
        << mm_bpf_memory_reason(watcher.bpf);
    ASSERT_EQ(sysinfo(&info), 0);

    uint64_t size = info.totalram * info.mem_unit;
    Child child(fill_machine, &size);
    char byte = 0;
    int status;

    ASSERT_TRUE(write_text("/proc/" + std::to_string(child.pid) + "/oom_score_adj", "1000"));
    EXPECT_EQ(write(child.gate(), &byte, 1), 1);
    status = child.wait();
    ASSERT_TRUE(WIFSIGNALED(status));
    watcher.settle();

    const struct mm_bpf_stall_totals *totals = mm_bpf_totals(watcher.bpf);
    unsigned begins = 0, victims = 0;

    EXPECT_GT(totals->stalls[MM_BPF_STALL_DIRECT].count, 0u);
    EXPECT_GT(totals->stalls[MM_BPF_STALL_KSWAPD].count, 0u);
    for (const auto &record : watcher.seen) {
        begins += record.type == MM_BPF_RECORD_STALL && record.value == MM_BPF_STALL_DIRECT &&
                  (record.flags & MM_BPF_FLAG_BEGIN);
        victims += record.type == MM_BPF_RECORD_OOM_VICTIM && record.tgid == child.pid;
    }
    EXPECT_GE(begins, 1u);
    EXPECT_EQ(victims, 1u);
}

} // namespace
