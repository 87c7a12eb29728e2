// SPDX-License-Identifier: Apache-2.0
// The parsers of kernel text on quoted files: real ones, ones of other kernels, and broken ones.
#include "common/common.h"
#include "kernel_interface/domain_memory.h"
#include "kernel_interface/group.h"
#include "kernel_interface/hot_file.h"
#include "kernel_interface/mountinfo.h"
#include "kernel_interface/pressure_trigger.h"
#include "kernel_interface/process_files.h"
#include "kernel_interface/system_files.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
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

int collect(const char *line, size_t length, void *user)
{
    static_cast<std::vector<std::string> *>(user)->emplace_back(line, length);
    return 0;
}

TEST(Lines, AreHandedOutWithOrWithoutALastNewline)
{
    const std::pair<std::string, std::vector<std::string>> cases[] = {
        {"", {}}, {"a", {"a"}}, {"a\n", {"a"}}, {"\n", {""}}, {"a\n\nb", {"a", "", "b"}},
    };

    for (const auto &[text, expected] : cases) {
        std::vector<std::string> lines;

        EXPECT_EQ(mm_each_line(text.data(), text.size(), collect, &lines), 0);
        EXPECT_EQ(lines, expected) << text;
    }
}

int stop_at_b(const char *line, size_t length, void *user)
{
    (*static_cast<int *>(user))++;
    if (length == 1 && *line == 'b') return 1;
    return length == 1 && *line == 'x' ? -EILSEQ : 0;
}

TEST(Lines, AVisitorStopsOrFails)
{
    int visits = 0;

    EXPECT_EQ(mm_each_line("a\nb\nc\n", 6, stop_at_b, &visits), 0);
    EXPECT_EQ(visits, 2);
    EXPECT_EQ(mm_each_line("a\nx\nc\n", 6, stop_at_b, &visits), -EILSEQ);
    EXPECT_EQ(visits, 4);
}

struct SignedCase {
    const char *text;
    int result;
    int64_t value;
};

TEST(Figures, AreNotGluedToAnything)
{
    const SignedCase cases[] = {
        {"5", 0, 5},
        {"  5 6", 0, 5},
        {"-17\n", 0, -17},
        {"9223372036854775807", 0, INT64_MAX},
        {"9223372036854775808", -ERANGE, 0},
        {"18446744073709551616", -ERANGE, 0},
        {"5kB", -EINVAL, 0},
        {"- 5", -EINVAL, 0},
        {"--5", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"-", -EINVAL, 0},
    };

    for (const SignedCase &c : cases) {
        const char *cursor = c.text;
        int64_t value = 4242;

        EXPECT_EQ(mm_scan_signed(&cursor, c.text + strlen(c.text), &value), c.result) << c.text;
        EXPECT_EQ(value, c.result == 0 ? c.value : 4242) << c.text;
    }
}

// ---- files read through small buffers ----

class TemporaryFile
{
  public:
    explicit TemporaryFile(const std::string &text)
    {
        int fd = mkstemp(path_);

        EXPECT_GE(fd, 0);
        EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
        close(fd);
    }
    ~TemporaryFile()
    {
        unlink(path_);
    }
    TemporaryFile(const TemporaryFile &) = delete;
    TemporaryFile &operator=(const TemporaryFile &) = delete;
    const char *path() const
    {
        return path_;
    }

  private:
    char path_[40] = "/tmp/memmgr-parsers-test-XXXXXX";
};

TEST(HotFile, LinesAreTheSameThroughAnyBuffer)
{
    const std::string text = fixture("zoneinfo-6.18");
    TemporaryFile file(text);
    std::vector<std::string> expected;

    mm_each_line(text.data(), text.size(), collect, &expected);
    ASSERT_GT(expected.size(), 200U);
    for (size_t size : {80U, 81U, 97U, 128U, 1000U, 4096U, 65536U}) {
        std::vector<char> buffer(size);
        std::vector<std::string> lines;

        EXPECT_EQ(mm_read_lines(AT_FDCWD, file.path(), buffer.data(), size, collect, &lines), 0);
        EXPECT_EQ(lines, expected) << size;
    }
}

TEST(HotFile, AnOverlongLineIsCutAndTheNextOneIsWhole)
{
    TemporaryFile file("short\n" + std::string(100, 'a') + "\nnext\n" + std::string(64, 'b'));
    char buffer[32];
    std::vector<std::string> lines;

    EXPECT_EQ(mm_read_lines(AT_FDCWD, file.path(), buffer, sizeof(buffer), collect, &lines), 0);
    EXPECT_EQ(lines, (std::vector<std::string>{"short", std::string(32, 'a'), "next", std::string(32, 'b')}));
}

TEST(HotFile, StaysOpenAndSeesWhatIsWrittenLater)
{
    TemporaryFile text("one");
    struct mm_hot_file file;
    char buffer[16];

    ASSERT_EQ(mm_hot_file_open(&file, AT_FDCWD, text.path()), 0);
    EXPECT_EQ(mm_hot_file_read(&file, buffer, sizeof(buffer)), 3);
    EXPECT_STREQ(buffer, "one");
    std::ofstream(text.path(), std::ios::trunc) << "second";
    EXPECT_EQ(mm_hot_file_read(&file, buffer, sizeof(buffer)), 6);
    EXPECT_STREQ(buffer, "second");
    EXPECT_EQ(mm_hot_file_read(&file, buffer, 6), -EFBIG); // no room for the NUL
    EXPECT_EQ(mm_hot_file_read(&file, buffer, 7), 6);
    mm_hot_file_close(&file);
    EXPECT_EQ(file.fd, -1);
}

TEST(HotFile, OneThatIsMissingIsTriedAgain)
{
    std::string path;
    struct mm_hot_file file;
    char buffer[16];

    {
        TemporaryFile gone("x");
        path = gone.path();
    }
    EXPECT_EQ(mm_hot_file_open(&file, AT_FDCWD, path.c_str()), -ENOENT);
    EXPECT_EQ(mm_hot_file_read(&file, buffer, sizeof(buffer)), -ENOENT);
    std::ofstream(path) << "now";
    EXPECT_EQ(mm_hot_file_read(&file, buffer, sizeof(buffer)), 3);
    mm_hot_file_close(&file);
    unlink(path.c_str());
}

TEST(HotFile, AFifoDoesNotHang)
{
    char path[] = "/tmp/memmgr-parsers-fifo-XXXXXX";
    char buffer[16];

    ASSERT_NE(mkdtemp(path), nullptr);
    const std::string fifo = std::string(path) + "/fifo";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_EQ(mm_read_file(AT_FDCWD, fifo.c_str(), buffer, sizeof(buffer)), -ESPIPE);
    unlink(fifo.c_str());
    rmdir(path);
}

// ---- meminfo ----

int parse_meminfo(const std::string &text, struct mm_memory_state *ret_memory)
{
    struct mm_meminfo meminfo;

    mm_meminfo_begin(&meminfo);
    int r = mm_each_line(text.data(), text.size(), mm_meminfo_parse_line, &meminfo);
    return r < 0 ? r : mm_meminfo_end(&meminfo, ret_memory);
}

TEST(Meminfo, RealFile)
{
    const std::string text = fixture("meminfo-6.18");
    struct mm_memory_state memory;
    unsigned long long total, free_kib, available;

    ASSERT_EQ(parse_meminfo(text, &memory), 0);
    ASSERT_EQ(sscanf(text.c_str(), "MemTotal: %llu kB\nMemFree: %llu kB\nMemAvailable: %llu kB", &total,
                     &free_kib, &available),
              3);
    EXPECT_EQ(memory.total_bytes, total * 1024);
    EXPECT_EQ(memory.free_bytes, free_kib * 1024);
    EXPECT_EQ(memory.available_bytes, available * 1024);
    EXPECT_EQ(memory.swap_total_bytes, 0U);
}

const char small_meminfo[] =
    "MemTotal:    1000 kB\nMemFree:   100 kB\nMemAvailable:  400 kB\n"
    "Active(file): 7 kB\nInactive(file): 30 kB\nAnonPages: 500 kB\n"
    "SwapTotal: 2000 kB\nSwapFree: 1500 kB\nHugePages_Total:       0\nSomethingNew: x\n";

TEST(Meminfo, EveryFigure)
{
    struct mm_memory_state memory;

    ASSERT_EQ(parse_meminfo(small_meminfo, &memory), 0);
    EXPECT_EQ(memory.total_bytes, 1000U * 1024);
    EXPECT_EQ(memory.free_bytes, 100U * 1024);
    EXPECT_EQ(memory.available_bytes, 400U * 1024);
    EXPECT_EQ(memory.file_bytes, 37U * 1024);
    EXPECT_EQ(memory.anonymous_bytes, 500U * 1024);
    EXPECT_EQ(memory.swap_total_bytes, 2000U * 1024);
    EXPECT_EQ(memory.swap_free_bytes, 1500U * 1024);
}

TEST(Meminfo, BrokenFiles)
{
    const std::pair<const char *, int> cases[] = {
        {"", -ENODATA},
        {"MemTotal: 1000 kB\nMemFree: 100 kB\n", -ENODATA},
        {"MemTotal: 1000 kB\nMemAvailable: 100 kB\n", -ENODATA},
        {"MemTotal:\nMemFree: 100 kB\nMemAvailable: 1 kB\n", -EINVAL},
        {"MemTotal: many kB\nMemFree: 100 kB\nMemAvailable: 1 kB\n", -EINVAL},
        {"MemTotal: -5 kB\nMemFree: 100 kB\nMemAvailable: 1 kB\n", -EINVAL},
        {"MemTotal: 99999999999999999999 kB\nMemFree: 1 kB\nMemAvailable: 1 kB\n", -ERANGE},
        {"MemTotal: 18446744073709551615 kB\nMemFree: 1 kB\nMemAvailable: 1 kB\n", -ERANGE},
        {"MemTotalX: 1000 kB\nMemFree: 100 kB\nMemAvailable: 1 kB\n", -ENODATA},
    };

    for (const auto &[text, result] : cases) {
        struct mm_memory_state memory;

        memory.total_bytes = 4242;
        EXPECT_EQ(parse_meminfo(text, &memory), result) << text;
        EXPECT_EQ(memory.total_bytes, 4242U) << text;
    }
}

// ---- vmstat ----

int parse_vmstat(const std::string &text, struct mm_vmstat *ret_vmstat)
{
    mm_vmstat_begin(ret_vmstat);
    int r = mm_each_line(text.data(), text.size(), mm_vmstat_parse_line, ret_vmstat);
    return r < 0 ? r : mm_vmstat_end(ret_vmstat);
}

TEST(Vmstat, RealFile)
{
    struct mm_vmstat vmstat;

    ASSERT_EQ(parse_vmstat(fixture("vmstat-6.18"), &vmstat), 0);
    EXPECT_GT(vmstat.free_pages, 0U);
    EXPECT_EQ(vmstat.refault_anonymous, 0U);
    EXPECT_GT(vmstat.refault_file, 0U);
    EXPECT_EQ(vmstat.allocation_stalls, 0U);
    EXPECT_EQ(vmstat.oom_kills, 0U);
}

TEST(Vmstat, OneRefaultCounterAndStallsOfEveryZone)
{
    struct mm_vmstat vmstat;

    ASSERT_EQ(parse_vmstat(fixture("vmstat-4.19"), &vmstat), 0);
    EXPECT_EQ(vmstat.refault_file, 280220U);
    EXPECT_EQ(vmstat.refault_anonymous, MM_UNKNOWN);
    EXPECT_EQ(vmstat.allocation_stalls, 4321U);
    EXPECT_EQ(vmstat.scan_kswapd, 1234U);
    EXPECT_EQ(vmstat.scan_direct, 567U); // pgscan_direct_throttle is another counter
    EXPECT_EQ(vmstat.refill, 77U);
    EXPECT_EQ(vmstat.oom_kills, 3U);
}

TEST(Vmstat, WhatIsMissingIsUnknownAndNotZero)
{
    struct mm_vmstat vmstat;

    ASSERT_EQ(parse_vmstat("nr_free_pages 5\n", &vmstat), 0);
    EXPECT_EQ(vmstat.free_pages, 5U);
    EXPECT_EQ(vmstat.oom_kills, MM_UNKNOWN);
    EXPECT_EQ(vmstat.allocation_stalls, MM_UNKNOWN);
    EXPECT_EQ(parse_vmstat("oom_kill 5\n", &vmstat), -ENODATA);
    EXPECT_EQ(parse_vmstat("nr_free_pages -5\n", &vmstat), -EINVAL);
    EXPECT_EQ(
        parse_vmstat("nr_free_pages 5\nallocstall_dma 18446744073709551614\nallocstall_normal 9\n", &vmstat),
        -ERANGE);
}

// ---- zoneinfo ----

int parse_zoneinfo(const std::string &text, struct mm_zoneinfo *ret_zoneinfo)
{
    struct mm_zoneinfo_parser parser;

    mm_zoneinfo_begin(&parser);
    int r = mm_each_line(text.data(), text.size(), mm_zoneinfo_parse_line, &parser);
    return r < 0 ? r : mm_zoneinfo_end(&parser, ret_zoneinfo);
}

struct ZoneCase {
    const char *name;
    unsigned nodes, zones;
    uint64_t free, managed, min, low, high;
};

TEST(Zoneinfo, EveryNodeAndZoneIsSummed)
{
    const ZoneCase cases[] = {
        // The largest protection of a zone counts into each of its watermarks; zones without pages do not.
        {"zoneinfo-6.18", 1, 3, 3840 + 772918 + 169460, 3840 + 772918 + 458752,
         52 + 4811 + 10569 + 1792 + 6273, 65 + 4811 + 13211 + 1792 + 7841, 78 + 4811 + 15853 + 1792 + 9409},
        {"zoneinfo-numa", 3, 4, 3840 + 200000 + 300000 + 400000, 3840 + 1900000 + 1950000 + 500000,
         10 + 9000 + 100 + 250 + 200 + 1, 12 + 9000 + 125 + 250 + 250 + 2, 14 + 9000 + 150 + 250 + 300 + 3},
    };

    for (const ZoneCase &c : cases) {
        struct mm_zoneinfo zoneinfo;

        ASSERT_EQ(parse_zoneinfo(fixture(c.name), &zoneinfo), 0) << c.name;
        EXPECT_EQ(zoneinfo.node_count, c.nodes) << c.name;
        EXPECT_EQ(zoneinfo.zone_count, c.zones) << c.name;
        EXPECT_EQ(zoneinfo.free_pages, c.free) << c.name;
        EXPECT_EQ(zoneinfo.managed_pages, c.managed) << c.name;
        EXPECT_EQ(zoneinfo.min_watermark_pages, c.min) << c.name;
        EXPECT_EQ(zoneinfo.low_watermark_pages, c.low) << c.name;
        EXPECT_EQ(zoneinfo.high_watermark_pages, c.high) << c.name;
    }
}

TEST(Zoneinfo, AThousandNodes)
{
    std::string text;
    struct mm_zoneinfo zoneinfo;

    for (int node = 0; node < 1000; node++)
        text += "Node " + std::to_string(node) +
                ", zone   Normal\n  pages free     7\n        min      1\n        low      2\n        high   "
                "  3\n"
                "        managed  10\n        protection: (0, 0)\n";
    ASSERT_EQ(parse_zoneinfo(text, &zoneinfo), 0);
    EXPECT_EQ(zoneinfo.node_count, 1000U);
    EXPECT_EQ(zoneinfo.free_pages, 7000U);
    EXPECT_EQ(zoneinfo.high_watermark_pages, 3000U);
}

TEST(Zoneinfo, BrokenFiles)
{
    const std::pair<const char *, int> cases[] = {
        {"", -ENODATA},
        {"Node 0, zone DMA\n  pages free 0\n  managed 0\n", -ENODATA},
        {"Node x, zone DMA\n", -EINVAL},
        {"Node 0\n", -EINVAL},
        {"Node 0, zone DMA\n  pages free lots\n", -EINVAL},
        {"Node 0, zone DMA\n  min -4\n", -EINVAL},
        {"Node 0, zone DMA\n  protection: 1, 2\n", -EINVAL},
        {"Node 0, zone DMA\n  protection: (1, 2\n", -EINVAL},
        {"Node 0, zone DMA\n  protection: (1, )\n", -EINVAL},
        {"  managed 5\n", -ENODATA},
    };

    for (const auto &[text, result] : cases) {
        struct mm_zoneinfo zoneinfo;

        zoneinfo.zone_count = 4242;
        EXPECT_EQ(parse_zoneinfo(text, &zoneinfo), result) << text;
        EXPECT_EQ(zoneinfo.zone_count, 4242U) << text;
    }
}

// ---- pressure ----

int parse_pressure(const std::string &text, struct mm_pressure *ret_pressure)
{
    mm_pressure_begin(ret_pressure);
    int r = mm_each_line(text.data(), text.size(), mm_pressure_parse_line, ret_pressure);
    return r < 0 ? r : mm_pressure_end(ret_pressure);
}

TEST(Pressure, AveragesAndTotals)
{
    struct mm_pressure pressure;

    ASSERT_EQ(parse_pressure("some avg10=1.25 avg60=99.09 avg300=100.00 total=284113\n"
                             "full avg10=0.98 avg60=0.01 avg300=0.00 total=18446744073709551614\n",
                             &pressure),
              0);
    EXPECT_EQ(pressure.some.average_10s_centipercent, 125U);
    EXPECT_EQ(pressure.some.average_60s_centipercent, 9909U);
    EXPECT_EQ(pressure.some.average_300s_centipercent, 10000U);
    EXPECT_EQ(pressure.some.total_us, 284113U);
    EXPECT_EQ(pressure.full.average_10s_centipercent, 98U);
    EXPECT_EQ(pressure.full.average_60s_centipercent, 1U);
    EXPECT_EQ(pressure.full.total_us, 18446744073709551614U);
}

TEST(Pressure, WithoutAFullLine)
{
    struct mm_pressure pressure;

    ASSERT_EQ(parse_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", &pressure), 0);
    EXPECT_EQ(pressure.full.average_10s_centipercent, 0U);
    EXPECT_EQ(pressure.full.total_us, MM_UNKNOWN);
}

TEST(Pressure, BrokenFiles)
{
    const std::pair<const char *, int> cases[] = {
        {"", -ENODATA},
        {"full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", -ENODATA},
        {"some avg10=0.0 avg60=0.00 avg300=0.00 total=5\n", -EINVAL},
        {"some avg10=0.000 avg60=0.00 avg300=0.00 total=5\n", -EINVAL},
        {"some avg10=100.01 avg60=0.00 avg300=0.00 total=5\n", -ERANGE},
        {"some avg10=99999999999999999999.01 avg60=0.00 avg300=0.00 total=5\n", -ERANGE},
        {"some avg10=.10 avg60=0.00 avg300=0.00 total=5\n", -EINVAL},
        {"some avg10=1,25 avg60=0.00 avg300=0.00 total=5\n", -EINVAL},
        {"some avg10=1.2x avg60=0.00 avg300=0.00 total=5\n", -EINVAL},
        {"some avg60=0.00 avg10=0.00 avg300=0.00 total=5\n", -EINVAL},
        {"some avg10=0.00 avg60=0.00 avg300=0.00\n", -EINVAL},
        {"some avg10=0.00 avg60=0.00 avg300=0.00 total=\n", -EINVAL},
        {"some avg10=0.00 avg60=0.00 avg300=0.00 total=-1\n", -EINVAL},
        {"some\n", -EINVAL},
    };

    for (const auto &[text, result] : cases) {
        struct mm_pressure pressure;

        EXPECT_EQ(parse_pressure(text, &pressure), result) << text;
    }
}

TEST(Pressure, TheStallKeepsItsShareOfAnotherWindow)
{
    EXPECT_EQ(mm_pressure_scale_stall(70000, 1000000, 2000000), 140000U);
    EXPECT_EQ(mm_pressure_scale_stall(300000, 3000000, 2000000), 200000U);
    EXPECT_EQ(mm_pressure_scale_stall(1, 10000000, 2000000), 1U); // never 0: the kernel refuses it
    EXPECT_EQ(mm_pressure_scale_stall(500000, 500000, 2000000), 2000000U);
    EXPECT_EQ(mm_pressure_scale_stall(UINT64_MAX / 2, UINT64_MAX / 2, 2000000), 2000000U);
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
