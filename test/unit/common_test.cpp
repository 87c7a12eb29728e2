// SPDX-License-Identifier: Apache-2.0
#include "common/common.h"
#include "common/ram.h"
#include "common/slow_close.h"
#include "common/spawn.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{

// What a failed parser must leave alone.
constexpr uint64_t untouched = 4242;

struct SignedCase {
    const char *text;
    int64_t min, max;
    int result;
    int64_t value;
};

TEST(ParseSigned, Table)
{
    const SignedCase cases[] = {
        {"0", -10, 10, 0, 0},
        {"7", -10, 10, 0, 7},
        {"-7", -10, 10, 0, -7},
        {" \t\r\n 7 \n", -10, 10, 0, 7},
        {"007", -10, 10, 0, 7},
        {"-0", 0, 10, 0, 0},
        {"10", -10, 10, 0, 10},
        {"11", -10, 10, -ERANGE, 0},
        {"-11", -10, 10, -ERANGE, 0},
        {"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
        {"9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0},
        {"99999999999999999999", INT64_MIN, INT64_MAX, -ERANGE, 0},
        {"-99999999999999999999", INT64_MIN, INT64_MAX, -ERANGE, 0},
        {"99999999999999999999x", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"", -10, 10, -EINVAL, 0},
        {"   ", -10, 10, -EINVAL, 0},
        {nullptr, -10, 10, -EINVAL, 0},
        {"12x", 0, 100, -EINVAL, 0},
        {"x12", 0, 100, -EINVAL, 0},
        {"3.9", 0, 100, -EINVAL, 0},
        {"0x10", 0, 100, -EINVAL, 0},
        {"+5", 0, 100, -EINVAL, 0},
        {"- 5", -10, 100, -EINVAL, 0},
        {"--5", -10, 100, -EINVAL, 0},
        {"-", -10, 100, -EINVAL, 0},
        {"1 2", 0, 100, -EINVAL, 0},
        {"1e3", 0, 10000, -EINVAL, 0},
        {"1,000", 0, 10000, -EINVAL, 0},
        {"\xd9\xa3", 0, 100, -EINVAL, 0}, // an Arabic digit
    };

    for (const SignedCase &row : cases) {
        SCOPED_TRACE(row.text ? row.text : "(null)");
        int64_t value = untouched;

        EXPECT_EQ(mm_parse_i64(row.text, row.min, row.max, &value), row.result);
        EXPECT_EQ(value, row.result == 0 ? row.value : static_cast<int64_t>(untouched));
    }
}

struct UnsignedCase {
    const char *text;
    uint64_t min, max;
    int result;
    uint64_t value;
};

TEST(ParseUnsigned, Table)
{
    const UnsignedCase cases[] = {
        {"0", 0, 10, 0, 0},
        {"-0", 0, 10, 0, 0},
        {"-1", 0, 10, -ERANGE, 0},
        {"-1", 0, UINT64_MAX, -ERANGE, 0},
        {"4", 5, 10, -ERANGE, 0},
        {"5", 5, 10, 0, 5},
        {"18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551616", 0, UINT64_MAX, -ERANGE, 0},
        {"99999999999999999999", 0, UINT64_MAX, -ERANGE, 0},
        {"184467440737095516150", 0, UINT64_MAX, -ERANGE, 0}, // wraps to a small number when unchecked
        {"184467440737095516165", 0, UINT64_MAX, -ERANGE, 0}, // overflows, and would be 5 afterwards
        {"12x", 0, 100, -EINVAL, 0},
        {"-1x", 0, 100, -EINVAL, 0},
        {"3.9", 0, 100, -EINVAL, 0},
        {"0x10", 0, 100, -EINVAL, 0},
        {"+5", 0, 100, -EINVAL, 0},
        {"", 0, 100, -EINVAL, 0},
        {nullptr, 0, 100, -EINVAL, 0},
    };

    for (const UnsignedCase &row : cases) {
        SCOPED_TRACE(row.text ? row.text : "(null)");
        uint64_t value = untouched;

        EXPECT_EQ(mm_parse_u64(row.text, row.min, row.max, &value), row.result);
        EXPECT_EQ(value, row.result == 0 ? row.value : untouched);
    }
}

struct UnitCase {
    const char *text;
    uint64_t max;
    int result;
    uint64_t value;
};

TEST(ParseSize, Table)
{
    const UnitCase cases[] = {
        {"0", 100, 0, 0},
        {"512", UINT64_MAX, 0, 512},
        {"512B", UINT64_MAX, 0, 512},
        {"1K", UINT64_MAX, 0, 1024},
        {"1k", UINT64_MAX, 0, 1024},
        {"1KB", UINT64_MAX, 0, 1024},
        {"1KiB", UINT64_MAX, 0, 1024},
        {"3M", UINT64_MAX, 0, 3 * MM_MIB},
        {"3MB", UINT64_MAX, 0, 3 * MM_MIB},
        {"3 MiB ", UINT64_MAX, 0, 3 * MM_MIB},
        {"2G", UINT64_MAX, 0, 2 * MM_GIB},
        {"2gib", UINT64_MAX, 0, 2 * MM_GIB},
        {"2GB", UINT64_MAX, 0, 2 * MM_GIB},
        {"1T", UINT64_MAX, 0, 1024 * MM_GIB},
        {"1TB", UINT64_MAX, 0, 1024 * MM_GIB},
        {"1TiB", UINT64_MAX, 0, 1024 * MM_GIB},
        {"1K", 1024, 0, 1024},
        {"1K", 1023, -ERANGE, 0},
        {"16777215T", UINT64_MAX, 0, 16777215ULL * 1024 * MM_GIB},
        {"16777216T", UINT64_MAX, -ERANGE, 0},
        {"18014398509481985K", UINT64_MAX, -ERANGE, 0}, // wraps to 1024 when unchecked
        {"99999999999999999999K", UINT64_MAX, -ERANGE, 0},
        {"-1K", UINT64_MAX, -ERANGE, 0},
        {"1KK", UINT64_MAX, -EINVAL, 0},
        {"1KiBs", UINT64_MAX, -EINVAL, 0},
        {"1Ki", UINT64_MAX, -EINVAL, 0},
        {"1P", UINT64_MAX, -EINVAL, 0},
        {"1K 2", UINT64_MAX, -EINVAL, 0},
        {"1.5K", UINT64_MAX, -EINVAL, 0},
        {"K", UINT64_MAX, -EINVAL, 0},
        {"+1K", UINT64_MAX, -EINVAL, 0},
        {"0x1K", UINT64_MAX, -EINVAL, 0},
        {"", UINT64_MAX, -EINVAL, 0},
        {nullptr, UINT64_MAX, -EINVAL, 0},
    };

    for (const UnitCase &row : cases) {
        SCOPED_TRACE(row.text ? row.text : "(null)");
        uint64_t value = untouched;

        EXPECT_EQ(mm_parse_size_bytes(row.text, row.max, &value), row.result);
        EXPECT_EQ(value, row.result == 0 ? row.value : untouched);
    }
}

TEST(ParseDuration, Table)
{
    const UnitCase cases[] = {
        {"0", 100, 0, 0},
        {"250", UINT64_MAX, 0, 250},
        {"250ms", UINT64_MAX, 0, 250},
        {"2s", UINT64_MAX, 0, 2000},
        {"2 s", UINT64_MAX, 0, 2000},
        {"3min", UINT64_MAX, 0, 180000},
        {"1h", UINT64_MAX, 0, 3600000},
        {"5000us", UINT64_MAX, 0, 5},
        {"5001us", UINT64_MAX, -EINVAL, 0},
        {"2s", 2000, 0, 2000},
        {"2s", 1999, -ERANGE, 0},
        {"-5ms", UINT64_MAX, -ERANGE, 0},
        {"18446744073709551h", UINT64_MAX, -ERANGE, 0},
        {"99999999999999999999", UINT64_MAX, -ERANGE, 0},
        {"2m", UINT64_MAX, -EINVAL, 0},
        {"2S", UINT64_MAX, -EINVAL, 0},
        {"2mins", UINT64_MAX, -EINVAL, 0},
        {"2ns", UINT64_MAX, -EINVAL, 0},
        {"2s3", UINT64_MAX, -EINVAL, 0},
        {"1.5s", UINT64_MAX, -EINVAL, 0},
        {"s", UINT64_MAX, -EINVAL, 0},
        {"+1s", UINT64_MAX, -EINVAL, 0},
        {"", UINT64_MAX, -EINVAL, 0},
        {nullptr, UINT64_MAX, -EINVAL, 0},
    };

    for (const UnitCase &row : cases) {
        SCOPED_TRACE(row.text ? row.text : "(null)");
        uint64_t value = untouched;

        EXPECT_EQ(mm_parse_duration_ms(row.text, row.max, &value), row.result);
        EXPECT_EQ(value, row.result == 0 ? row.value : untouched);
    }
}

TEST(ParseBool, Table)
{
    const struct {
        const char *text;
        int result, value;
    } cases[] = {
        {"true", 0, 1},      {"yes", 0, 1},        {"on", 0, 1},           {"1", 0, 1},
        {"false", 0, 0},     {"no", 0, 0},         {"off", 0, 0},          {"0", 0, 0},
        {"\n true\t", 0, 1}, {"True", -EINVAL, 0}, {"truely", -EINVAL, 0}, {"tru", -EINVAL, 0},
        {"10", -EINVAL, 0},  {"2", -EINVAL, 0},    {"on off", -EINVAL, 0}, {"o", -EINVAL, 0},
        {"", -EINVAL, 0},    {" ", -EINVAL, 0},    {nullptr, -EINVAL, 0},
    };

    for (const auto &row : cases) {
        SCOPED_TRACE(row.text ? row.text : "(null)");
        int value = 42;

        EXPECT_EQ(mm_parse_bool(row.text, &value), row.result);
        EXPECT_EQ(value, row.result == 0 ? row.value : 42);
    }
}

TEST(ScanUnsigned, Table)
{
    const struct {
        const char *text;
        int result;
        uint64_t value;
        size_t taken;
    } cases[] = {
        {"123 kB\n", 0, 123, 3},
        {" \t 7", 0, 7, 4},
        {"18446744073709551615", 0, UINT64_MAX, 20},
        {"18446744073709551616", -ERANGE, 0, 0},
        {"  x", -EINVAL, 0, 0},
        {"-1", -EINVAL, 0, 0},
        {"\n5", -EINVAL, 0, 0},
        {"", -EINVAL, 0, 0},
        {"   ", -EINVAL, 0, 0},
    };

    for (const auto &row : cases) {
        SCOPED_TRACE(row.text);
        const std::string text = row.text;
        const char *cursor = text.data();
        uint64_t value = untouched;

        EXPECT_EQ(mm_scan_u64(&cursor, text.data() + text.size(), &value), row.result);
        EXPECT_EQ(value, row.result == 0 ? row.value : untouched);
        EXPECT_EQ(static_cast<size_t>(cursor - text.data()), row.taken);
    }
}

TEST(ScanUnsigned, EndsAtTheEndNotAtTheNul)
{
    const char text[] = {'1', '2', '3', '4'};
    const char *cursor = text;
    uint64_t value = 0;

    EXPECT_EQ(mm_scan_u64(&cursor, text + 2, &value), 0);
    EXPECT_EQ(value, 12U);
    EXPECT_EQ(cursor, text + 2);
}

std::string printable(const std::string &bytes, size_t size = 256)
{
    std::vector<char> buffer(size + 1, '#');

    EXPECT_EQ(mm_printable(bytes.data(), bytes.size(), buffer.data(), size), buffer.data());
    EXPECT_EQ(buffer[size], '#') << "written beyond the buffer";
    return buffer.data();
}

TEST(Text, PrintableTable)
{
    const struct {
        std::string bytes, expected;
    } cases[] = {
        {"", ""},
        {"kworker/0:1 (x)", "kworker/0:1 (x)"},
        {"a\nb\tc", "a\\x0ab\\x09c"},
        {std::string("a\0b", 3), "a\\x00b"},
        {"\x1b[31m", "\\x1b[31m"},
        {"\x7f", "\\x7f"},
        {"back\\slash", "back\\x5cslash"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xc3", "\\xc3"},                            // cut
        {"\xe2\x82", "\\xe2\\x82"},                   // cut
        {"\x80", "\\x80"},                            // alone
        {"\xc0\xaf", "\\xc0\\xaf"},                   // overlong '/'
        {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},          // overlong '/'
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          // a surrogate
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, // beyond U+10FFFF
        {"\xff\xfe", "\\xff\\xfe"},
        {"\xc3(", "\\xc3("},
        {"\xc2\x9b", "\\xc2\\x9b"},          // C1: the terminal's CSI
        {"\xe2\x80\xae", "\\xe2\\x80\\xae"}, // right-to-left override
        {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"}, // line separator
    };

    for (const auto &row : cases)
        EXPECT_EQ(printable(row.bytes), row.expected);
}

TEST(Text, UnsafeCharacterIsWholeAndBeyondAscii)
{
    const struct {
        const char *text;
        size_t length;
        uint32_t code;
    } cases[] = {
        {"", 0, 0},
        {"a", 0, 0},
        {"\x1b", 0, 0},
        {"\\", 0, 0},
        {"\xc3\xa9", 0, 0},
        {"\xc2", 0, 0},
        {"\xc2\x9b", 2, 0x9b},
        {"\xe2\x80", 0, 0},
        {"\xe2\x80\xaex", 3, 0x202e},
        {"\x9b", 0, 0},
    };

    for (const auto &entry : cases) {
        uint32_t code = 0;
        EXPECT_EQ(mm_text_unsafe_character(entry.text, &code), entry.length) << entry.text;
        EXPECT_EQ(code, entry.code) << entry.text;
    }
}

TEST(Text, PrintableCutsAtWholeCharacters)
{
    EXPECT_EQ(printable("abc", 4), "abc");
    EXPECT_EQ(printable("abc", 3), "ab");
    EXPECT_EQ(printable("a\xc3\xbc", 3), "a");
    EXPECT_EQ(printable("a\xc3\xbc", 4), "a\xc3\xbc");
    EXPECT_EQ(printable("a\n", 5), "a");
    EXPECT_EQ(printable("a\n", 6), "a\\x0a");
    EXPECT_EQ(printable("abc", 1), "");
}

TEST(Text, SizeTable)
{
    const struct {
        uint64_t bytes;
        const char *expected;
    } cases[] = {
        {0, "0 B"},
        {1, "1 B"},
        {1023, "1023 B"},
        {1024, "1 KiB"},
        {1536, "1.5 KiB"},
        {1024 + 51, "1 KiB"},
        {1024 + 52, "1.1 KiB"},
        {1023 * 1024 + 1000, "1 MiB"}, // 1023.98 KiB: not "1024 KiB"
        {3565158, "3.4 MiB"},
        {100 * MM_MIB, "100 MiB"},
        {MM_GIB, "1 GiB"},
        {5 * 1024 * MM_GIB / 2, "2.5 TiB"},
        {1ULL << 60, "1 EiB"},
        {UINT64_MAX, "16 EiB"},
    };

    for (const auto &row : cases) {
        char buffer[MM_SIZE_TEXT_MAX];

        EXPECT_STREQ(mm_size_text(row.bytes, buffer, sizeof(buffer)), row.expected) << row.bytes;
    }
}

TEST(Text, FormatAndCopyAreBounded)
{
    char buffer[8] = "#######";

    EXPECT_EQ(mm_format(buffer, 5, "%d", 123), 3U);
    EXPECT_STREQ(buffer, "123");
    EXPECT_EQ(mm_format(buffer, 5, "%d", 1234567), 4U);
    EXPECT_STREQ(buffer, "1234");
    EXPECT_EQ(buffer[5], '#');
    EXPECT_EQ(mm_format(buffer, 0, "x"), 0U);
    EXPECT_STREQ(buffer, "1234");

    mm_copy_text(buffer, 4, "abcdef");
    EXPECT_STREQ(buffer, "abc");
    mm_copy_text(buffer, 4, "ab");
    EXPECT_STREQ(buffer, "ab");
    mm_copy_text(buffer, 1, "ab");
    EXPECT_STREQ(buffer, "");
}

TEST(Text, Blank)
{
    EXPECT_TRUE(mm_text_is_blank(""));
    EXPECT_TRUE(mm_text_is_blank(" \t\n\r"));
    EXPECT_FALSE(mm_text_is_blank(" x "));
}

TEST(Text, DistanceTable)
{
    const struct {
        const char *a, *b;
        unsigned expected;
    } cases[] = {
        {"", "", 0},
        {"abc", "abc", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"kitten", "sitting", 3},
        {"killConfig", "kilConfig", 1},
        {"killConfig", "killlConfig", 1},
        {"killConfig", "killConfjg", 1},
        {"killConfig", "klilConfig", 1}, // neighbours swapped
        {"ca", "abc", 3},                // no edit between swapped neighbours
    };

    for (const auto &row : cases) {
        EXPECT_EQ(mm_text_distance(row.a, row.b), row.expected) << row.a << " " << row.b;
        EXPECT_EQ(mm_text_distance(row.b, row.a), row.expected) << row.b << " " << row.a;
    }
    EXPECT_EQ(mm_text_distance(std::string(200, 'a').c_str(), std::string(65, 'a').c_str()), 0U);
}

TEST(Text, TheNearestNameIsWithinThreeEdits)
{
    static const char *const names[] = {"foreground", "background", "bind", "unbind", "on", nullptr};
    const struct {
        const char *written, *expected;
    } cases[] = {
        {"foregruond", "foreground"},
        {"backgrnd", "background"},
        {"bind", "bind"},
        {"unbid", "unbind"},
        {"of", "on"},
        {"zz", nullptr},
        {"groundwork", nullptr},
    };
    const auto next = [](size_t index, const void *user) {
        return static_cast<const char *const *>(user)[index];
    };

    for (const auto &row : cases)
        EXPECT_STREQ(mm_nearest_name(row.written, next, names), row.expected) << row.written;
    EXPECT_EQ(mm_nearest_to("word").name, nullptr);
}

TEST(Ram, IsWhatTheMachineHas)
{
    EXPECT_GT(mm_ram_bytes(), 16 * MM_MIB);
    EXPECT_EQ(mm_ram_bytes() % 4096, 0U);
}

// Of the signals that have names: above them the C library keeps some to itself.
unsigned long mask_of(const std::string &status, const char *name)
{
    const size_t at = status.find(name);

    return at == std::string::npos ? ~0UL
                                   : strtoul(status.c_str() + at + strlen(name), nullptr, 16) & 0x7fffffffUL;
}

// What the program has of ours: the named descriptors, and nothing that we ignore or block.
TEST(Spawn, GivesTheNamedDescriptorsAndSignalsAsOfNobody)
{
    char program[] = "/bin/sh", option[] = "-c";
    char script[] =
        "read line; echo \"[$line] $HOME $(grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\n\\t')\"";
    char *const arguments[] = {program, option, script, nullptr};
    char variable[] = "HOME=/nowhere", path[] = "PATH=/bin:/usr/bin";
    char *const environment[] = {variable, path, nullptr};
    int ends[2], status = 0;
    pid_t pid = 0;
    sigset_t blocked, before;
    std::string said;
    char byte;

    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const mm_spawn_descriptor descriptors[] = {{MM_SPAWN_NULL, STDIN_FILENO}, {ends[1], STDOUT_FILENO}};
    const mm_program wanted = {program, arguments, environment, descriptors, 2, false};
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
    const auto handler = signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(mm_spawn(&wanted, &pid), 0);
    signal(SIGPIPE, handler);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    close(ends[1]);
    while (read(ends[0], &byte, 1) == 1)
        said += byte;
    close(ends[0]);
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(said.find("[] /nowhere "), 0U) << said;
    EXPECT_EQ(mask_of(said, "SigBlk:"), 0U) << said;
    EXPECT_EQ(mask_of(said, "SigIgn:"), 0U) << said;
}

TEST(Spawn, SaysWhatKeepsAProgramFromRunning)
{
    char program[] = "/nowhere/at/all";
    char *const arguments[] = {program, nullptr};
    char *const environment[] = {nullptr};
    const mm_program wanted = {program, arguments, environment, nullptr, 0, false};
    pid_t pid = 4242;

    EXPECT_EQ(mm_spawn(&wanted, &pid), -ENOENT);
}

TEST(List, KeepsOrderAndSurvivesRemovalWhileWalking)
{
    struct item {
        int number;
        struct mm_list link;
    } items[4] = {};
    struct mm_list head;
    std::vector<int> seen;

    mm_list_init(&head);
    EXPECT_TRUE(mm_list_is_empty(&head));
    for (int i = 0; i < 4; i++) {
        items[i].number = i;
        mm_list_init(&items[i].link);
        EXPECT_FALSE(mm_list_is_linked(&items[i].link));
    }
    mm_list_push_back(&head, &items[1].link);
    mm_list_push_back(&head, &items[2].link);
    mm_list_push_front(&head, &items[0].link);
    mm_list_insert_after(&items[2].link, &items[3].link);
    MM_LIST_FOR_EACH (link, &head) {
        struct item *present = MM_CONTAINER_OF(link, struct item, link);

        seen.push_back(present->number);
        if (present->number % 2 == 0)
            mm_list_remove(link);
    }
    EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3}));
    EXPECT_FALSE(mm_list_is_linked(&items[2].link));
    mm_list_remove(&items[2].link);
    EXPECT_EQ(head.next, &items[1].link);
    EXPECT_EQ(head.previous, &items[3].link);
}

// A read end sees the end of the pipe when the last write end is closed.
TEST(SlowClose, EverythingIsClosedAtTheJoinHoweverMuchItIs)
{
    struct mm_slow_closer closer = {};
    int ends[3 * MM_SLOW_CLOSE_MAX][2];
    char byte;

    for (auto &pair : ends)
        ASSERT_EQ(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
    for (auto &pair : ends)
        mm_slow_close(&closer, pair[1]);
    mm_slow_close_join(&closer);
    mm_slow_close_join(&closer);
    for (auto &pair : ends) {
        EXPECT_EQ(read(pair[0], &byte, 1), 0);
        close(pair[0]);
    }
}

TEST(SlowClose, AsideIsClosedSoon)
{
    int ends[2];

    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    mm_slow_close_aside(ends[1]);
    struct pollfd hung_up = {ends[0], POLLIN, 0};
    EXPECT_EQ(poll(&hung_up, 1, 20000), 1);
    close(ends[0]);
}

TEST(Cleanup, TakenDescriptorStaysOpen)
{
    int taken = -1;
    int closed = -1;

    {
        MM_CLEANUP_CLOSE int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
        MM_CLEANUP_CLOSE int dropped = open("/dev/null", O_RDONLY | O_CLOEXEC);

        closed = dropped;
        taken = mm_take_fd(&kept);
        EXPECT_EQ(kept, -1);
    }
    EXPECT_GE(fcntl(taken, F_GETFD), 0);
    EXPECT_EQ(fcntl(closed, F_GETFD), -1);
    (void)close(taken);
}

// Sends standard error into a pipe for the length of a test.
class LogTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        int ends[2];

        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        read_end = ends[0];
        saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        ASSERT_GE(saved_stderr, 0);
        ASSERT_EQ(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
        (void)close(ends[1]);
        (void)unsetenv("JOURNAL_STREAM");
        mm_log_init("test", MM_LOG_INFO);
    }

    void TearDown() override
    {
        // Whatever a failed test left in the pipe must not hold up the writer.
        std::thread drain([this] { (void)read_to_end(); });

        mm_log_stop_writer(10000);
        restore();
        drain.join();
        (void)close(read_end);
    }

    // Ends the stream, so that a reader sees its end.
    void restore()
    {
        if (saved_stderr < 0)
            return;
        (void)dup2(saved_stderr, STDERR_FILENO);
        (void)close(saved_stderr);
        saved_stderr = -1;
    }

    std::string read_to_end() const
    {
        std::string text;
        char buffer[4096];

        for (ssize_t count; (count = read(read_end, buffer, sizeof(buffer))) > 0;)
            text.append(buffer, static_cast<size_t>(count));
        return text;
    }

    // What is in the pipe now.
    std::string read_available() const
    {
        std::string text;
        struct pollfd readable = {read_end, POLLIN, 0};

        while (poll(&readable, 1, 0) == 1 && (readable.revents & POLLIN)) {
            char buffer[4096];
            ssize_t count = read(read_end, buffer, sizeof(buffer));

            if (count <= 0)
                break;
            text.append(buffer, static_cast<size_t>(count));
        }
        return text;
    }

    // Fills the pipe to the last byte; returns how many bytes that took.
    static size_t fill_pipe()
    {
        const std::string filler(4096, '.');
        const int flags = fcntl(STDERR_FILENO, F_GETFL);
        size_t total = 0;

        (void)fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
        for (size_t step = filler.size(); step > 0; step = step == 1 ? 0 : 1) {
            for (ssize_t count; (count = write(STDERR_FILENO, filler.data(), step)) > 0;)
                total += static_cast<size_t>(count);
        }
        (void)fcntl(STDERR_FILENO, F_SETFL, flags);
        return total;
    }

    int read_end = -1;
    int saved_stderr = -1;
};

TEST_F(LogTest, SynchronousLine)
{
    errno = ENOENT;
    mm_warning("cannot open %s: %m", "/x");
    EXPECT_EQ(errno, ENOENT);
    EXPECT_EQ(read_available(), "test: warning: cannot open /x: No such file or directory\n");
}

TEST_F(LogTest, LevelsBelowTheChosenOneAreSilent)
{
    mm_debug("no");
    mm_info("yes");
    mm_log_set_level(MM_LOG_ERROR);
    mm_warning("no");
    mm_error("yes");
    EXPECT_EQ(read_available(), "test: info: yes\ntest: error: yes\n");
}

TEST_F(LogTest, LevelNames)
{
    enum mm_log_level level = MM_LOG_DEBUG;

    EXPECT_EQ(mm_log_level_parse("warning", &level), 0);
    EXPECT_EQ(level, MM_LOG_WARNING);
    EXPECT_EQ(mm_log_level_parse("Warning", &level), -EINVAL);
    EXPECT_EQ(mm_log_level_parse("", &level), -EINVAL);
    EXPECT_EQ(level, MM_LOG_WARNING);
}

TEST_F(LogTest, MessageCannotForgeALine)
{
    mm_info("name=%s", "a\ntest: error: forged\x1b[2J\x7f");
    EXPECT_EQ(read_available(), "test: info: name=a test: error: forged [2J \n");
}

TEST_F(LogTest, LongLineIsCut)
{
    mm_info("%s", std::string(2000, 'x').c_str());
    const std::string text = read_available();

    EXPECT_EQ(text.size(), static_cast<size_t>(MM_LOG_LINE_MAX));
    EXPECT_EQ(text.back(), '\n');
    EXPECT_EQ(text.find('\n'), text.size() - 1);
}

TEST_F(LogTest, JournalPrefixOnlyWhenStandardErrorIsTheJournal)
{
    struct stat status = {};
    char stream[64];

    ASSERT_EQ(fstat(STDERR_FILENO, &status), 0);
    (void)snprintf(stream, sizeof(stream), "%llu:%llu", static_cast<unsigned long long>(status.st_dev),
                   static_cast<unsigned long long>(status.st_ino));
    ASSERT_EQ(setenv("JOURNAL_STREAM", stream, 1), 0);
    mm_log_init("test", MM_LOG_INFO);
    mm_notice("one");
    ASSERT_EQ(setenv("JOURNAL_STREAM", "1:1", 1), 0);
    mm_log_init("test", MM_LOG_INFO);
    mm_notice("two");
    EXPECT_EQ(read_available(), "<5>one\ntest: notice: two\n");
}

TEST_F(LogTest, WriterKeepsOrderAndStopWritesEverything)
{
    std::string expected;

    ASSERT_EQ(mm_log_start_writer(), 0);
    ASSERT_EQ(mm_log_start_writer(), 0);
    for (int i = 0; i < 500; i++) {
        mm_info("line %d", i);
        expected += "test: info: line " + std::to_string(i) + "\n";
    }
    mm_log_stop_writer(10000);
    EXPECT_EQ(read_available(), expected);
    mm_info("after");
    EXPECT_EQ(read_available(), "test: info: after\n");
    mm_log_stop_writer(10000);
}

TEST_F(LogTest, RingWrapsWithoutTearingLines)
{
    const uint64_t lost = mm_log_lost_lines();

    ASSERT_EQ(mm_log_start_writer(), 0);
    // Several times the ring, of lengths that do not divide it; each batch fits and is awaited.
    for (int batch = 0; batch < 40; batch++) {
        std::string expected, text;

        for (int i = 0; i < 50; i++) {
            const std::string line(static_cast<size_t>((batch * 50 + i) % 397),
                                   static_cast<char>('a' + i % 26));

            mm_info("%s", line.c_str());
            expected += "test: info: " + line + "\n";
        }
        text.resize(expected.size());
        for (size_t got = 0; got < text.size();) {
            const ssize_t count = read(read_end, &text[got], text.size() - got);

            ASSERT_GT(count, 0);
            got += static_cast<size_t>(count);
        }
        ASSERT_EQ(text, expected) << "batch " << batch;
    }
    EXPECT_EQ(mm_log_lost_lines(), lost);
}

TEST_F(LogTest, FullPipeHoldsUpNobodyAndLossesAreCounted)
{
    const int lines = 5000;
    const uint64_t lost_before = mm_log_lost_lines();
    const size_t filled = fill_pipe();
    std::string text;

    ASSERT_GT(filled, 0U);
    ASSERT_EQ(mm_log_start_writer(), 0);
    // Were a call to wait for the pipe, it would wait for ever: nobody reads before all lines are logged.
    for (int i = 0; i < lines; i++)
        mm_info("storm %04d ..................................................", i);
    const uint64_t lost = mm_log_lost_lines() - lost_before;

    EXPECT_GT(lost, 0U);
    EXPECT_LT(lost, static_cast<uint64_t>(lines));
    const auto before_stop = std::chrono::steady_clock::now();
    mm_log_stop_writer(50);
    EXPECT_GE(std::chrono::steady_clock::now() - before_stop, std::chrono::milliseconds(50));

    std::thread reader([&] { text = read_to_end(); });
    mm_log_stop_writer(10000);
    restore();
    reader.join();
    text.erase(0, filled);
    size_t kept = 0;
    for (size_t at = text.find("storm"); at != std::string::npos; at = text.find("storm", at + 1))
        kept++;
    EXPECT_EQ(kept + lost, static_cast<uint64_t>(lines));
    EXPECT_EQ(text.find("test: info: storm 0000 "), 0U);
    EXPECT_NE(text.find("test: warning: " + std::to_string(lost) + " log lines were lost\n"),
              std::string::npos);
}

TEST_F(LogTest, ClosedPipeCountsLines)
{
    const uint64_t lost = mm_log_lost_lines();
    int ends[2];

    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    (void)close(ends[0]);
    ASSERT_EQ(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    (void)close(ends[1]);
    // The writer blocks SIGPIPE, so the program lives.
    ASSERT_EQ(mm_log_start_writer(), 0);
    mm_info("one");
    mm_info("two");
    mm_log_stop_writer(10000);
    EXPECT_GE(mm_log_lost_lines(), lost + 2);
}

TEST_F(LogTest, ManyThreadsTearNoLine)
{
    std::vector<std::thread> threads;
    std::string text;
    const uint64_t lost_before = mm_log_lost_lines();
    std::thread reader([&] { text = read_to_end(); });
    size_t count = 0;

    ASSERT_EQ(mm_log_start_writer(), 0);
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([t] {
            for (int i = 0; i < 1000; i++)
                mm_info("thread %d says %s.", t, std::string(50, static_cast<char>('a' + t)).c_str());
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    mm_log_stop_writer(10000);
    restore();
    reader.join();
    for (size_t at = 0, end; at < text.size(); at = end + 1) {
        end = text.find('\n', at);
        ASSERT_NE(end, std::string::npos);
        const std::string line = text.substr(at, end - at);

        if (line.find("were lost") != std::string::npos)
            continue;
        const char t = line.at(19);
        EXPECT_EQ(line, std::string("test: info: thread ") + t + " says " +
                            std::string(50, static_cast<char>('a' + t - '0')) + ".");
        count++;
    }
    EXPECT_EQ(count + (mm_log_lost_lines() - lost_before), 4000U);
}

TEST_F(LogTest, WriterThreadHasItsNameAndBlocksSignals)
{
    int found = 0;
    char first = 0;

    ASSERT_EQ(mm_log_start_writer(), 0);
    mm_info("up");
    // The line's arrival shows that the thread has named itself.
    ASSERT_EQ(read(read_end, &first, 1), 1);
    for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream status(task.path() / "status");
        std::string line;
        bool is_writer = false;

        while (std::getline(status, line)) {
            if (line == "Name:\tmemmgr-log")
                is_writer = true;
            if (!is_writer || line.rfind("SigBlk:", 0) != 0)
                continue;
            const uint64_t blocked = std::stoull(line.substr(8), nullptr, 16);

            found++;
            for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE})
                EXPECT_TRUE(blocked & 1ULL << (number - 1)) << number;
        }
    }
    EXPECT_EQ(found, 1);
}

} // namespace
