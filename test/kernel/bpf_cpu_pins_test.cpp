/* SPDX-License-Identifier: Apache-2.0 */
/* cpuflow's maps in a bpffs: they outlive who made them, and nothing else does. Needs root and BPF. */
#include "bpf/cpu.h"
#include "bpf_support.h"

#include <csignal>
#include <linux/magic.h>
#include <sys/prctl.h>

namespace
{

using bpf_test::PATIENCE_MS;

class CpuPins : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!bpf_test::has_mounted("bpf", "/sys/fs/bpf", BPF_FS_MAGIC))
            GTEST_SKIP() << "no bpffs at /sys/fs/bpf, and none can be mounted: " << strerror(errno);
    }
    void TearDown() override
    {
        for (const char *name : names)
            unlink(file(name).c_str());
        rmdir(directory.c_str());
    }
    std::string file(const std::string &name) const
    {
        return directory + "/" + name;
    }
    unsigned pinned() const
    {
        unsigned count = 0;

        for (const char *name : names)
            count += access(file(name).c_str(), F_OK) == 0;
        return count;
    }
    // NULL where this machine cannot.
    mm_bpf_cpu *open()
    {
        struct mm_bpf_collector_options options = {};
        mm_bpf_cpu *cpu = nullptr;
        int result;

        options.loader_path = bpf_test::loader_path();
        options.timeout_ms = PATIENCE_MS;
        options.pin_directory = directory.c_str();
        EXPECT_EQ(mm_bpf_cpu_new(&options, &cpu), 0);
        do {
            struct pollfd pollfd = {mm_bpf_cpu_collector(cpu)->progress_fd, POLLIN, 0};

            EXPECT_EQ(poll(&pollfd, 1, PATIENCE_MS), 1);
            result = mm_bpf_collector_receive(mm_bpf_cpu_collector(cpu));
        } while (result == -EAGAIN);
        reason = mm_bpf_cpu_collector(cpu)->reason;
        if (result == 0)
            return cpu;
        EXPECT_EQ(result, -EOPNOTSUPP) << reason;
        mm_bpf_cpu_free(cpu);
        return nullptr;
    }
    static bool is_taken_over(mm_bpf_cpu *cpu)
    {
        return mm_bpf_cpu_collector(cpu)->flags & MM_BPF_COLLECTOR_IS_TAKEN_OVER;
    }
    static uint64_t total_ns(mm_bpf_cpu *cpu)
    {
        mm_bpf_cpu_snapshot *snapshot = nullptr;
        uint64_t total;

        EXPECT_EQ(mm_bpf_cpu_read(cpu, &snapshot), 0);
        total = snapshot->total_ns;
        free(snapshot);
        return total;
    }
    // A process of its own that has them pinned, reads the total, and then dies without a word.
    uint64_t die_with_total()
    {
        std::string answer = bpf_test::in_child([this] {
            mm_bpf_cpu *cpu = open();
            std::string total = cpu ? std::to_string(total_ns(cpu)) : reason;

            return total;
        });

        return strtoull(answer.c_str(), nullptr, 10);
    }

    static constexpr const char *names[] = MM_BPF_CPU_MAP_NAMES;
    const std::string directory = "/sys/fs/bpf/memmgr-test-" + std::to_string(getpid());
    std::string reason;
};

TEST_F(CpuPins, GoWithAnOrderlyEnd)
{
    mm_bpf_cpu *cpu = open();

    if (!cpu)
        GTEST_SKIP() << reason;
    EXPECT_EQ(pinned(), 4U) << reason;
    EXPECT_NE(reason.find("maps pinned in " + directory), std::string::npos) << reason;
    EXPECT_FALSE(is_taken_over(cpu));
    mm_bpf_cpu_free(cpu);
    EXPECT_EQ(pinned(), 0U);
    EXPECT_LT(access(directory.c_str(), F_OK), 0);
}

TEST_F(CpuPins, AreTakenOverFromOneThatDied)
{
    uint64_t total = die_with_total();

    if (total == 0)
        GTEST_SKIP() << reason;
    EXPECT_EQ(pinned(), 4U);
    mm_bpf_cpu *cpu = open();
    ASSERT_NE(cpu, nullptr) << reason;
    EXPECT_TRUE(is_taken_over(cpu)) << reason;
    EXPECT_NE(reason.find("maps taken over from " + directory), std::string::npos) << reason;
    EXPECT_GE(total_ns(cpu), total) << "it goes on counting";
    // what both maps held was read, and what is charged now is read, too
    for (int i = 0; i < 2; i++)
        EXPECT_GT(total_ns(cpu), 0U);
    mm_bpf_cpu_free(cpu);
    EXPECT_EQ(pinned(), 0U);
    cpu = open();
    ASSERT_NE(cpu, nullptr) << reason;
    EXPECT_FALSE(is_taken_over(cpu)) << "made anew";
    mm_bpf_cpu_free(cpu);
}

TEST_F(CpuPins, AreTheFirstOnesWhileItLives)
{
    mm_bpf_cpu *first = open();

    if (!first)
        GTEST_SKIP() << reason;
    mm_bpf_cpu *second = open();
    ASSERT_NE(second, nullptr) << reason;
    EXPECT_NE(reason.find("another daemon has its own there"), std::string::npos) << reason;
    EXPECT_FALSE(is_taken_over(second));
    EXPECT_GT(total_ns(second), 0U) << "it collects all the same";
    mm_bpf_cpu_free(second);
    EXPECT_EQ(pinned(), 4U) << "they are not the second's to take away";
    mm_bpf_cpu_free(first);
    EXPECT_EQ(pinned(), 0U);
}

// A map of another shape under a name of ours.
TEST_F(CpuPins, LeaveAForeignOneAlone)
{
    union bpf_attr attributes = {};
    const std::string path = file("mm_cpu_first");

    ASSERT_EQ(mkdir(directory.c_str(), 0700), 0);
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = 8;
    attributes.max_entries = 1;
    strcpy(attributes.map_name, "mm_cpu_first");
    int fd = bpf_test::bpf(BPF_MAP_CREATE, &attributes);
    ASSERT_GE(fd, 0);
    attributes = {};
    attributes.pathname = reinterpret_cast<uintptr_t>(path.c_str());
    attributes.bpf_fd = static_cast<uint32_t>(fd);
    ASSERT_EQ(bpf_test::bpf(BPF_OBJ_PIN, &attributes), 0);
    close(fd);

    mm_bpf_cpu *cpu = open();
    if (!cpu)
        GTEST_SKIP() << reason;
    EXPECT_NE(reason.find("something foreign is there, and left alone"), std::string::npos) << reason;
    EXPECT_GT(total_ns(cpu), 0U);
    mm_bpf_cpu_free(cpu);
    EXPECT_EQ(pinned(), 1U);
}

// Everybody may make directories on a bpffs.
TEST_F(CpuPins, AreNotPutIntoSomebodyElsesDirectory)
{
    for (bool is_writable : {false, true}) {
        ASSERT_EQ(mkdir(directory.c_str(), 0700), 0);
        if (is_writable)
            ASSERT_EQ(chmod(directory.c_str(), 0777), 0);
        else
            ASSERT_EQ(chown(directory.c_str(), 65534, 65534), 0);

        mm_bpf_cpu *cpu = open();
        if (!cpu)
            GTEST_SKIP() << reason;
        EXPECT_NE(reason.find("maps not pinned in"), std::string::npos) << reason;
        EXPECT_GT(total_ns(cpu), 0U);
        mm_bpf_cpu_free(cpu);
        EXPECT_EQ(pinned(), 0U);
        EXPECT_EQ(rmdir(directory.c_str()), 0) << "it is not ours to remove";
    }
}

// One that was killed while it pinned has left some of them.
TEST_F(CpuPins, AreMadeAnewWhereSomeAreMissing)
{
    if (die_with_total() == 0)
        GTEST_SKIP() << reason;
    ASSERT_EQ(unlink(file("mm_cpu_second").c_str()), 0);
    mm_bpf_cpu *cpu = open();
    ASSERT_NE(cpu, nullptr) << reason;
    EXPECT_FALSE(is_taken_over(cpu));
    EXPECT_EQ(pinned(), 4U) << reason;
    mm_bpf_cpu_free(cpu);
}

TEST_F(CpuPins, AreDoneWithoutWhereThereIsNoBpffs)
{
    mm_bpf_cpu *cpu;
    struct mm_bpf_collector_options options = {};

    options.loader_path = bpf_test::loader_path();
    options.timeout_ms = PATIENCE_MS;
    options.pin_directory = "/tmp";
    ASSERT_EQ(mm_bpf_cpu_new(&options, &cpu), 0);
    struct pollfd pollfd = {mm_bpf_cpu_collector(cpu)->progress_fd, POLLIN, 0};
    ASSERT_EQ(poll(&pollfd, 1, PATIENCE_MS), 1);
    int result = mm_bpf_collector_receive(mm_bpf_cpu_collector(cpu));
    reason = mm_bpf_cpu_collector(cpu)->reason;
    EXPECT_TRUE(result < 0 || reason.find("maps not pinned in /tmp: ") != std::string::npos) << reason;
    mm_bpf_cpu_free(cpu);
    EXPECT_EQ(access("/tmp", F_OK), 0);
}

} // namespace
