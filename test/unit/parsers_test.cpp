// SPDX-License-Identifier: Apache-2.0
// The parsers of the system's files on quoted files: real ones, ones of other kernels, and broken ones.
#include "common/common.h"
#include "kernel_interface/hot_file.h"
#include "kernel_interface/pressure_trigger.h"
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

TEST(Words, OfACommaListAreWholeOnes)
{
    const struct {
        const char *list, *item;
        bool is_there;
    } cases[] = {
        {"rw,memory", "memory", true}, {"memory,rw", "memory", true}, {"memory", "memory", true},
        {"cpu,cpuacct", "cpu", true},  {"cpuacct,x", "cpu", false},   {"xcpu", "cpu", false},
        {"", "memory", false},         {",,memory,", "memory", true}, {"name=memory", "memory", false},
    };

    for (const auto &row : cases) {
        EXPECT_EQ(mm_word_lists(mm_word{row.list, strlen(row.list)}, row.item), row.is_there) << row.list;
    }
    EXPECT_FALSE(mm_word_lists(mm_word{"rw,memory", 5}, "memory")) << "no further than it goes";
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
    if (length == 1 && *line == 'b')
        return 1;
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

} // namespace
