// SPDX-License-Identifier: Apache-2.0
// The parsers of processes, mounts and groups on quoted files: real ones, ones of other kernels, and broken
// ones.
#include "common/common.h"
#include "kernel_interface/domain_memory.h"
#include "kernel_interface/group.h"
#include "kernel_interface/mountinfo.h"
#include "kernel_interface/process_files.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace
{

std::string fixture(const char *name)
{
    std::ifstream file(std::string(MM_FIXTURES) + "/kernel/" + name);
    std::stringstream text;

    EXPECT_TRUE(file.is_open()) << name;
    text << file.rdbuf();
    return text.str();
}

// ---- processes ----

// The figures from ppid to starttime (116007), as a real process shows them.
std::string stat_line(const std::string &comm, char state = 'S', const char *flags = "4194304",
                      int threads = 1)
{
    return "7488 (" + comm + ") " + state + " 7475 7475 4587 0 -1 " + flags + " 98 0 0 0 0 0 0 0 20 0 " +
           std::to_string(threads) + " 0 116007 3133440 414 18446744073709551615 1 1 0 0\n";
}

TEST(ProcessStat, CommHoldsAnyBytes)
{
    const std::pair<std::string, std::string> cases[] = {
        {"cat", "cat"},
        {"", ""},
        {") R 1 (", ") R 1 ("},
        {"a) Z 1 1 1", "a) Z 1 1 1"},
        {"tab\tnew\nline", "tab\tnew\nline"},
        {"\xff\x01\xc3", "\xff\x01\xc3"},
        {"(((((((((((((((", "((((((((((((((("},
        {"kworker/0:1H-events_highpri", "kworker/0:1H-ev"}, // longer than a task's name can be
    };

    for (const auto &[comm, expected] : cases) {
        const std::string text = stat_line(comm);
        struct mm_process_stat stat;

        ASSERT_EQ(mm_process_stat_parse(text.data(), text.size(), &stat), 0) << comm;
        EXPECT_EQ(stat.comm, expected);
        EXPECT_EQ(stat.state, 'S');
        EXPECT_EQ(stat.ppid, 7475);
        EXPECT_EQ(stat.start_time_ticks, 116007U);
        EXPECT_EQ(stat.threads, 1U);
        EXPECT_FALSE(stat.is_kernel_thread);
    }
}

TEST(ProcessStat, KernelThreadsAreKnownByTheirFlag)
{
    const std::string text = stat_line("kswapd0", 'S', "69370944"); // 0x4228840, as a kernel thread shows it
    struct mm_process_stat stat;

    ASSERT_EQ(mm_process_stat_parse(text.data(), text.size(), &stat), 0);
    EXPECT_TRUE(stat.is_kernel_thread);
}

TEST(ProcessStat, ADeadLeaderWithLivingThreadsIsNotDead)
{
    const std::tuple<char, int, bool> cases[] = {
        {'Z', 1, true}, {'X', 1, true}, {'Z', 2, false}, {'R', 1, false}, {'D', 1, false}, {'T', 1, false},
    };

    for (const auto &[state, threads, is_dead] : cases) {
        const std::string text = stat_line("x", state, "0", threads);
        struct mm_process_stat stat;

        ASSERT_EQ(mm_process_stat_parse(text.data(), text.size(), &stat), 0);
        EXPECT_EQ(mm_process_stat_is_dead(&stat), is_dead) << state << threads;
    }
}

TEST(ProcessStat, BrokenLines)
{
    const char *cases[] = {
        "",
        "7488",
        "7488 cat S 1",
        "7488 (cat",
        ")(",
        "7488 (cat) SS 1",
        "7488 (cat) S",
        "7488 (cat) S 1 1 1 0 -1 4194304 98",
        "7488 (cat) S x 7475 4587 0 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 116007",
        "7488 (cat) S -4 7475 4587 0 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 116007",
        "7488 (cat) S 4294967299 7475 4587 0 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 116007",
        "7488 (cat) S 1 7475 4587 0 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 -116007",
        "7488 (cat) S 1 7475 4587 0 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 116007x",
        "7488 (cat) S 1 7475 4587 0 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 99999999999999999999",
    };

    for (const char *text : cases) {
        struct mm_process_stat stat;

        stat.state = '?';
        EXPECT_EQ(mm_process_stat_parse(text, strlen(text), &stat), -EINVAL) << text;
        EXPECT_EQ(stat.state, '?') << text;
    }
}

int parse_status(const std::string &text, struct mm_process_status *ret_status)
{
    mm_process_status_begin(ret_status);
    int r = mm_each_line(text.data(), text.size(), mm_process_status_parse_line, ret_status);
    return r < 0 ? r : mm_process_status_end(ret_status);
}

TEST(ProcessStatus, Figures)
{
    struct mm_process_status status;

    ASSERT_EQ(parse_status("Name:\tcat\nTgid:\t7489\nPid:\t7490\nPPid:\t1\nUid:\t1000\t0\t0\t0\n"
                           "VmRSS:\t    1768 kB\nVmSwap:\t      12 kB\nCapEff:\t000001fffeffffff\n",
                           &status),
              0);
    EXPECT_EQ(status.tgid, 7489U);
    EXPECT_EQ(status.pid, 7490U);
    EXPECT_EQ(status.uid, 1000U);
    EXPECT_EQ(status.resident_bytes, 1768U * 1024);
    EXPECT_EQ(status.swap_bytes, 12U * 1024);
    EXPECT_EQ(status.effective_capabilities, 0x1fffeffffffU);
}

TEST(ProcessStatus, WithoutAnAddressSpaceAndBroken)
{
    struct mm_process_status status;

    ASSERT_EQ(parse_status("Tgid:\t2\nPid:\t2\nUid:\t0\t0\t0\t0\n", &status), 0);
    EXPECT_EQ(status.resident_bytes, 0U);
    EXPECT_EQ(parse_status("Tgid:\t2\nPid:\t2\n", &status), -ENODATA);
    EXPECT_EQ(parse_status("Tgid:\t2\nUid:\t0\n", &status), -ENODATA);
    EXPECT_EQ(parse_status("Tgid:\ttwo\nPid:\t2\nUid:\t0\n", &status), -EINVAL);
    EXPECT_EQ(parse_status("Tgid:\t2\nPid:\t2\nUid:\t4294967296\n", &status), -ERANGE);
    EXPECT_EQ(parse_status("Tgid:\t2\nPid:\t2\nUid:\t0\nCapEff:\tfg\n", &status), -EINVAL);
}

TEST(ProcessStatm, AsksForThePageSize)
{
    uint64_t bytes = 4242;

    EXPECT_EQ(mm_process_statm_parse("765 443 414 5 0 123 0\n", 22, 4096, &bytes), 0);
    EXPECT_EQ(bytes, 443U * 4096);
    EXPECT_EQ(mm_process_statm_parse("765 443 414 5 0 123 0\n", 22, 65536, &bytes), 0);
    EXPECT_EQ(bytes, 443U * 65536);
    bytes = 4242;
    EXPECT_EQ(mm_process_statm_parse("765", 3, 4096, &bytes), -EINVAL);
    EXPECT_EQ(mm_process_statm_parse("1 18446744073709551615", 22, 4096, &bytes), -ERANGE);
    EXPECT_EQ(bytes, 4242U);
}

TEST(ProcessAdj, Range)
{
    int adj = 4242;

    EXPECT_EQ(mm_process_adj_parse("-1000\n", 6, &adj), 0);
    EXPECT_EQ(adj, -1000);
    EXPECT_EQ(mm_process_adj_parse("1000\n", 5, &adj), 0);
    EXPECT_EQ(adj, 1000);
    EXPECT_EQ(mm_process_adj_parse("1001\n", 5, &adj), -ERANGE);
    EXPECT_EQ(mm_process_adj_parse("x\n", 2, &adj), -EINVAL);
    EXPECT_EQ(adj, 1000);
}

struct CgroupCase {
    const char *text;
    const char *controller;
    int result;
    const char *path; // nullptr: not found
};

TEST(ProcessCgroup, PathsOfEachHierarchy)
{
    const char hybrid[] = "9:name=systemd:/\n4:memory:/apps/uid_7\n1:cpu,cpuacct:/x\n0::/v2:odd\n";
    const CgroupCase cases[] = {
        {hybrid, "memory", 0, "/apps/uid_7"},
        {hybrid, nullptr, 0, "/v2:odd"},
        {hybrid, "cpuacct", 0, "/x"},
        {hybrid, "cpu", 0, "/x"},
        {hybrid, "mem", 0, nullptr},
        {hybrid, "freezer", 0, nullptr},
        {"4:memory\n", "memory", -EINVAL, nullptr},
        {"4:memory:\n", "memory", -EINVAL, nullptr},
        {"4:memory:relative\n", "memory", -EINVAL, nullptr},
        {"4:memory:/0123456789012345678901234567890123456789\n", "memory", -ENAMETOOLONG, nullptr},
    };

    for (const CgroupCase &c : cases) {
        char path[32] = "";
        struct mm_process_cgroup cgroup = {c.controller, path, sizeof(path), false};

        EXPECT_EQ(mm_each_line(c.text, strlen(c.text), mm_process_cgroup_parse_line, &cgroup), c.result)
            << c.text;
        EXPECT_EQ(cgroup.is_found, c.path != nullptr) << c.text;
        EXPECT_STREQ(path, c.path ? c.path : "") << c.text;
    }
}

// ---- mounts ----

int collect_mounts(const char *line, size_t length, void *user)
{
    struct mm_cgroup_mount mount;

    if (mm_cgroup_mount_parse(line, length, &mount) == 1)
        static_cast<std::vector<struct mm_cgroup_mount> *>(user)->push_back(mount);
    return 0;
}

std::vector<struct mm_cgroup_mount> mounts_of(const char *name)
{
    const std::string text = fixture(name);
    std::vector<struct mm_cgroup_mount> mounts;

    mm_each_line(text.data(), text.size(), collect_mounts, &mounts);
    return mounts;
}

TEST(Mountinfo, Hybrid)
{
    const auto mounts = mounts_of("mountinfo-hybrid");
    unsigned memory = 0, freezer = 0, v2 = 0;

    ASSERT_EQ(mounts.size(), 10U);
    for (const auto &mount : mounts) {
        memory += mount.is_memory && !strcmp(mount.mount_point, "/sys/fs/cgroup/memory");
        freezer += mount.is_freezer && !strcmp(mount.mount_point, "/sys/fs/cgroup/freezer");
        v2 += mount.is_v2 && !strcmp(mount.mount_point, "/sys/fs/cgroup/unified");
        EXPECT_STREQ(mount.root, "/");
    }
    EXPECT_EQ(memory, 1U);
    EXPECT_EQ(freezer, 1U);
    EXPECT_EQ(v2, 1U);
}

TEST(Mountinfo, OtherMachines)
{
    const auto v2 = mounts_of("mountinfo-v2");
    const auto openharmony = mounts_of("mountinfo-openharmony");
    const auto container = mounts_of("mountinfo-container");

    ASSERT_EQ(v2.size(), 1U);
    EXPECT_TRUE(v2[0].is_v2);
    ASSERT_EQ(openharmony.size(), 3U);
    EXPECT_TRUE(openharmony[0].is_memory);
    EXPECT_STREQ(openharmony[0].mount_point, "/dev/memcg");
    EXPECT_TRUE(openharmony[2].is_freezer);
    ASSERT_EQ(container.size(), 3U); // the line without options is no line of mountinfo
    EXPECT_STREQ(container[0].root, "/docker/4f2a9c");
}

TEST(Mountinfo, EscapesAndBrokenLines)
{
    const std::string escaped =
        "52 48 0:32 /a\\134b /mnt/my\\040groups\\011\\012 ro shared:1 master:2 - cgroup none rw,memory";
    struct mm_cgroup_mount mount;

    ASSERT_EQ(mm_cgroup_mount_parse(escaped.data(), escaped.size(), &mount), 1);
    EXPECT_STREQ(mount.root, "/a\\b");
    EXPECT_STREQ(mount.mount_point, "/mnt/my groups\t\n");
    EXPECT_TRUE(mount.is_memory);
    for (const char *line :
         {"", "1 2 3", "52 48 0:32 / /mnt ro", "52 48 0:32 / /mnt ro - cgroup none", "- - - - - -"})
        EXPECT_EQ(mm_cgroup_mount_parse(line, strlen(line), &mount), -EINVAL) << line;

    const std::string longest = "52 48 0:32 / /" + std::string(5000, 'x') + " ro - cgroup2 none rw";
    EXPECT_EQ(mm_cgroup_mount_parse(longest.data(), longest.size(), &mount), -ENAMETOOLONG);
}

struct PathCase {
    const char *path, *root;
    const char *below; // nullptr: the mount does not show it
};

TEST(CgroupPaths, BelowAMount)
{
    const PathCase cases[] = {
        {"/a/b", "/", "/a/b"},
        {"/", "/", "/"},
        {"/docker/4f", "/docker/4f", "/"},
        {"/docker/4f/x", "/docker/4f", "/x"},
        {"/docker/4fe", "/docker/4f", nullptr},
        {"/docker", "/docker/4f", nullptr},
        {"/../x", "/", nullptr},
        {"/..", "/", nullptr},
        {"/..x/y", "/", "/..x/y"},
        {"/../../x", "/../..", "/x"},
    };

    for (const PathCase &c : cases)
        EXPECT_STREQ(mm_cgroup_path_below(c.path, c.root), c.below) << c.path << " under " << c.root;
}

TEST(CgroupPaths, WithinOnWholeComponents)
{
    EXPECT_TRUE(mm_cgroup_path_is_within("/a/b", "/a"));
    EXPECT_TRUE(mm_cgroup_path_is_within("/a", "/a"));
    EXPECT_TRUE(mm_cgroup_path_is_within("/a", "/"));
    EXPECT_FALSE(mm_cgroup_path_is_within("/ab", "/a"));
    EXPECT_FALSE(mm_cgroup_path_is_within("/", "/a"));
}

// ---- groups and domains ----

TEST(GroupNumber, LimitsOfBothVersions)
{
    const std::tuple<const char *, int, uint64_t> cases[] = {
        {"max\n", 0, MM_UNLIMITED},
        {"-1\n", 0, MM_UNLIMITED},
        {"9223372036854771712\n", 0, MM_UNLIMITED},
        {"9223372036854775807\n", 0, MM_UNLIMITED},
        {"4096\n", 0, 4096},
        {"0\n", 0, 0},
        {"\n", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"-2\n", -EINVAL, 0},
        {"maximum\n", -EINVAL, 0},
        {"4096kB\n", -EINVAL, 0},
        {"99999999999999999999\n", -ERANGE, 0},
    };

    for (const auto &[text, result, value] : cases) {
        uint64_t bytes = 4242;

        EXPECT_EQ(mm_group_number_parse(text, strlen(text), &bytes), result) << text;
        EXPECT_EQ(bytes, result == 0 ? value : 4242) << text;
    }
}

TEST(GroupStat, DroppableIsFileLessWhatMustBeWritten)
{
    const std::string v1 = fixture("memory.stat-v1");
    const std::string v2 = fixture("memory.stat-v2");
    struct mm_group_stat stat;
    uint64_t bytes = 0;

    mm_group_stat_begin(&stat);
    ASSERT_EQ(mm_each_line(v2.data(), v2.size(), mm_group_stat_parse_line_v2, &stat), 0);
    ASSERT_EQ(mm_group_stat_droppable(&stat, &bytes), 0);
    EXPECT_EQ(bytes, 50331648U + 29360128 - 1048576 - 524288);
    EXPECT_EQ(stat.anonymous, 268435456U);

    mm_group_stat_begin(&stat);
    ASSERT_EQ(mm_each_line(v1.data(), v1.size(), mm_group_stat_parse_line_v1, &stat), 0);
    EXPECT_GT(stat.active_file, 770048U); // total_active_file, not active_file
    EXPECT_NE(stat.anonymous, MM_UNKNOWN);
    EXPECT_EQ(stat.swap, 0U);

    mm_group_stat_begin(&stat);
    EXPECT_EQ(mm_group_stat_droppable(&stat, &bytes), -ENODATA);
    stat.active_file = 10;
    stat.inactive_file = 5;
    stat.dirty = 20; // the counters are not read at one instant
    EXPECT_EQ(mm_group_stat_droppable(&stat, &bytes), 0);
    EXPECT_EQ(bytes, 0U);
}

struct DomainCase {
    const char *name;
    std::vector<struct mm_domain_level> levels;
    uint64_t total, available, free, swap_total, swap_free;
};

constexpr uint64_t none = MM_UNLIMITED;

TEST(DomainMemory, TheTightestLimitCounts)
{
    // The machine: 1000 of RAM, 600 available, 500 free, swap 400 of which 300 are free.
    const DomainCase cases[] = {
        {"no limit anywhere", {{none, 0, 0, none, 0, false}}, 1000, 600, 500, 400, 300},
        {"own limit", {{200, 150, 20, none, 0, false}, {none, 0, 0, none, 0, false}}, 200, 70, 50, 400, 300},
        {"an ancestor is tighter",
         {{200, 50, 0, none, 0, false}, {300, 290, 5, none, 0, false}, {none, 0, 0, none, 0, false}},
         200,
         15,
         10,
         400,
         300},
        {"an ancestor's limit is smaller",
         {{none, 0, 0, none, 0, false}, {150, 10, 0, none, 0, false}},
         150,
         140,
         140,
         400,
         300},
        {"never above the machine's", {{900, 0, 0, none, 0, false}}, 900, 600, 500, 400, 300},
        {"usage above the limit", {{100, 130, 10, none, 0, false}}, 100, 0, 0, 400, 300},
        {"usage above the limit, file pages make up for it",
         {{100, 110, 30, none, 0, false}},
         100,
         20,
         0,
         400,
         300},
        {"v2 swap limit", {{200, 0, 0, 50, 10, false}}, 200, 200, 200, 50, 40},
        {"v2 without swap", {{200, 0, 0, 0, 0, false}}, 200, 200, 200, 0, 0},
        {"v1 counts both", {{200, 150, 0, 260, 170, true}}, 200, 50, 50, 60, 60},
        {"v1 without swap", {{200, 150, 0, 200, 150, true}}, 200, 50, 50, 0, 0},
    };

    for (const DomainCase &c : cases) {
        const struct mm_domain_pages pages = {7, 8};
        struct mm_memory_state memory = {1000, 600, 500, 1, 2, 400, 300};

        mm_domain_memory_apply(c.levels.data(), c.levels.size(), &pages, &memory);
        EXPECT_EQ(memory.total_bytes, c.total) << c.name;
        EXPECT_EQ(memory.available_bytes, c.available) << c.name;
        EXPECT_EQ(memory.free_bytes, c.free) << c.name;
        EXPECT_EQ(memory.swap_total_bytes, c.swap_total) << c.name;
        EXPECT_EQ(memory.swap_free_bytes, c.swap_free) << c.name;
        EXPECT_EQ(memory.file_bytes, 7U) << c.name;
        EXPECT_EQ(memory.anonymous_bytes, 8U) << c.name;
    }
}

TEST(DomainMemory, OpenHarmonyBuffer)
{
    const char text[] = "buffer_size:812\nrecent_refault:17\n";
    uint64_t bytes = MM_UNKNOWN;

    EXPECT_EQ(mm_each_line(text, strlen(text), mm_zswapd_buffer_parse_line, &bytes), 0);
    EXPECT_EQ(bytes, 812 * MM_MIB);
    EXPECT_EQ(mm_zswapd_buffer_parse_line("buffer_size:", 12, &bytes), -EINVAL);
    EXPECT_EQ(mm_zswapd_buffer_parse_line("buffer_size:99999999999999999", 29, &bytes), -ERANGE);
    EXPECT_EQ(bytes, 812 * MM_MIB);
}

} // namespace
