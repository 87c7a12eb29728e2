// SPDX-License-Identifier: Apache-2.0
// Text for people: printable, bounded, near to another.
#include "common/common.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace
{

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

} // namespace
