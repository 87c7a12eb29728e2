// SPDX-License-Identifier: Apache-2.0
// What is read of a process for its rules, over a tree of plain files.
#include "common/common.h"
#include "kernel_interface/process_facts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>

namespace
{

class ProcessFacts : public testing::Test
{
  protected:
    void SetUp() override
    {
        ASSERT_NE(mkdtemp(directory), nullptr);
        proc_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        ASSERT_GE(proc_fd, 0);
        put("stat", "42 (fire fox) S 1 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 3 0 777 0 0 "
                    "18446744073709551615 0 0 0 0 "
                    "0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n");
        put("status", "Name:\tfire fox\nTgid:\t42\nPid:\t42\nUid:\t1000\t1000\t1000\t1000\nVmRSS:\t 8 kB\n");
        put("oom_score_adj", "200\n");
        put("cmdline", std::string("/usr/lib/firefox\0-tab\0\0", 23));
        put("cgroup",
            "3:memory:/m\n1:name=systemd:/user.slice\n0::/user.slice/user-1000.slice/app-firefox.scope\n");
        link("/usr/lib/firefox/firefox");
    }

    void TearDown() override
    {
        close(proc_fd);
        std::filesystem::remove_all(directory);
    }

    void put(const std::string &file, const std::string &text)
    {
        std::filesystem::create_directories(std::string(directory) + "/42");
        std::ofstream(std::string(directory) + "/42/" + file, std::ios::binary) << text;
    }

    void link(const std::string &target)
    {
        const std::string path = std::string(directory) + "/42/exe";

        (void)unlink(path.c_str());
        ASSERT_EQ(symlink(target.c_str(), path.c_str()), 0);
    }

    void remove(const std::string &file)
    {
        std::filesystem::remove_all(std::string(directory) + "/42/" + file);
    }

    int read()
    {
        return mm_process_facts_read(proc_fd, 42, facts.get());
    }

    static std::string text(const mm_fact &fact)
    {
        EXPECT_EQ(fact.text[fact.length], '\0');
        return std::string(fact.text, fact.length);
    }

    char directory[32] = "/tmp/memmgr-facts-XXXXXX";
    int proc_fd = -1;
    std::unique_ptr<mm_process_facts> facts = std::make_unique<mm_process_facts>();
};

TEST_F(ProcessFacts, AreRead)
{
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(facts->pid, 42);
    EXPECT_EQ(facts->uid, 1000U);
    EXPECT_EQ(facts->start_time_ticks, 777U);
    EXPECT_EQ(facts->oom_score_adj, 200);
    EXPECT_FALSE(facts->is_kernel_thread);
    EXPECT_STREQ(facts->comm, "fire fox");
    EXPECT_EQ(text(facts->exe), "/usr/lib/firefox/firefox");
    EXPECT_EQ(text(facts->cmdline), "/usr/lib/firefox -tab");
    EXPECT_EQ(text(facts->cgroup), "/user.slice/user-1000.slice/app-firefox.scope");
    EXPECT_EQ(text(facts->unit), "app-firefox.scope");
}

// A package manager replaces the files of programs that run.
TEST_F(ProcessFacts, AReplacedFileIsTheFile)
{
    link("/usr/lib/firefox/firefox (deleted)");
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(text(facts->exe), "/usr/lib/firefox/firefox");
    link(" (deleted)");
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(text(facts->exe), "");
}

TEST_F(ProcessFacts, AnyByte)
{
    std::string bytes;

    for (int byte = 1; byte < 256; byte++)
        bytes += static_cast<char>(byte);
    put("cmdline", bytes);
    bytes.erase(bytes.find('\n'), 1);
    put("cgroup", "0::/" + bytes);
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(facts->cmdline.length, 255U);
    EXPECT_EQ(text(facts->cgroup), "/" + bytes);
}

TEST_F(ProcessFacts, WhatIsTooLongIsCutOrLeftOut)
{
    put("cmdline", std::string(100000, 'a'));
    put("cgroup", "0::/" + std::string(5000, 'b') + "\n");
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(facts->cmdline.length, MM_FACT_MAX - 1U);
    EXPECT_EQ(facts->cgroup.length, 0U);
}

TEST_F(ProcessFacts, WhatMayNotBeReadIsNothing)
{
    remove("exe");
    remove("cmdline");
    remove("cgroup");
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(facts->exe.error, -ENOENT);
    EXPECT_EQ(text(facts->exe), "");
    EXPECT_EQ(text(facts->cmdline), "");
    EXPECT_EQ(text(facts->unit), "");
}

TEST_F(ProcessFacts, TheGroupIsThatOfSystemdWhereV2HasNone)
{
    put("cgroup", "3:memory:/m\n1:name=systemd:/system.slice/cron.service\n0::/\n");
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(text(facts->cgroup), "/system.slice/cron.service");
    put("cgroup", "3:cpu,memory:/m\n");
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(text(facts->cgroup), "/m");
    put("cgroup", "0::/\n");
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(text(facts->cgroup), "/");
}

TEST_F(ProcessFacts, NobodyIsThere)
{
    EXPECT_EQ(mm_process_facts_read(proc_fd, 43, facts.get()), -ESRCH);
    EXPECT_EQ(mm_process_facts_read(proc_fd, 0, facts.get()), -ESRCH);
    put("status", "Name:\tx\nTgid:\t41\nPid:\t42\nUid:\t0\t0\t0\t0\n"); // a thread
    EXPECT_EQ(read(), -ESRCH);
    remove("stat");
    EXPECT_EQ(read(), -ESRCH);
}

TEST_F(ProcessFacts, Nonsense)
{
    put("oom_score_adj", "1001\n");
    EXPECT_EQ(read(), -ERANGE);
    put("oom_score_adj", "\n");
    EXPECT_LT(read(), 0);
    put("oom_score_adj", "0\n");
    put("stat", "42 (x");
    EXPECT_LT(read(), 0);
}

TEST_F(ProcessFacts, ListsProcesses)
{
    pid_t *pids = nullptr;

    for (int i = 1; i <= 700; i++)
        std::filesystem::create_directories(std::string(directory) + "/" + std::to_string(i));
    std::filesystem::create_directories(std::string(directory) + "/sys");
    ssize_t count = mm_process_list(proc_fd, &pids);
    ASSERT_EQ(count, 700);
    std::sort(pids, pids + count);
    EXPECT_EQ(pids[0], 1);
    EXPECT_EQ(pids[699], 700);
    free(pids);
}

TEST(Unit, IsTheInnermost)
{
    struct {
        const char *path, *unit;
    } cases[] = {
        {"", ""},
        {"/", ""},
        {"/system.slice/ssh.service", "ssh.service"},
        {"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-a.scope", "app-gnome-a.scope"},
        {"/user.slice/user-1000.slice/session-2.scope", "session-2.scope"},
        {"/user.slice/user-1000.slice", "user-1000.slice"},
        {"/system.slice/docker-12.scope/sub/group", "docker-12.scope"},
        {"/system.slice/a.service/b.slice", "a.service"},
        {"/lxc/payload/x", ""},
        {"/_cpu.service", "cpu.service"},
        {"/.service", ""},
        {"//system.slice//a.socket/", "a.socket"},
        {"/a.mount/b.swap", "b.swap"},
    };
    for (const auto &entry : cases) {
        char unit[64];

        mm_unit_of_path(entry.path, unit, sizeof(unit));
        EXPECT_STREQ(unit, entry.unit) << entry.path;
    }
    char small[4];
    mm_unit_of_path("/abcdef.service", small, sizeof(small));
    EXPECT_STREQ(small, "abc");
}

} // namespace
