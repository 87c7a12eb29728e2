// SPDX-License-Identifier: Apache-2.0
// Globs, regular expressions and ranges.
#include "common/common.h"
#include "common/glob.h"
#include "config/regex.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <string>

namespace
{

struct MatchCase {
    const char *pattern;
    std::string text;
    int result;
};

TEST(Glob, Matches)
{
    const MatchCase cases[] = {
        {"", "", 1},
        {"", "a", 0},
        {"a", "a", 1},
        {"a", "ab", 0},
        {"ab", "a", 0},
        {"*", "", 1},
        {"*", "/a/b", 1},
        {"**", "x", 1},
        {"a*", "a", 1},
        {"a*c", "abbc", 1},
        {"a*c", "abcd", 0},
        {"*a*b*", "xxaxxbxx", 1},
        {"*a*b*", "xxbxxaxx", 0},
        {"*ab", "aab", 1},
        {"?", "", 0},
        {"?", "x", 1},
        {"a?c", "abc", 1},
        {"[a-c]x", "bx", 1},
        {"[a-c]x", "dx", 0},
        {"[!a-c]x", "dx", 1},
        {"[^a-c]x", "bx", 0},
        {"[]]", "]", 1},
        {"[!]]", "]", 0},
        {"[a-]", "-", 1},
        {"[\\]a]", "]", 1},
        {"[|]", "|", 1},
        {"\\*", "*", 1},
        {"\\*", "x", 0},
        {"a\\|b", "a|b", 1},
        {"a|b", "a", 1},
        {"a|b", "b", 1},
        {"a|b", "a|b", 0},
        {"a*|b*", "bcd", 1},
        {"|a", "", 1},
        {"a|", "b", 0},
        {"kwin_*|sway", "kwin_wayland", 1},
        // any byte
        {"a?c", std::string("a\0c", 3), 1},
        {"*\xff", "\xfe\xff", 1},
        {"[\x80-\xff]", "\xc3", 1},
        {"a\nb", "a\nb", 1},
        {"*", std::string(4096, '\n'), 1},
    };
    for (const MatchCase &entry : cases) {
        EXPECT_EQ(mm_glob_check(entry.pattern), 0) << entry.pattern;
        EXPECT_EQ(mm_glob_match(entry.pattern, entry.text.data(), entry.text.size()), entry.result)
            << entry.pattern << " on " << entry.text;
    }
}

TEST(Glob, RefusesWhatHasNoEnd)
{
    for (const char *pattern : {"[", "[]", "[!]", "[a", "[a\\]", "a\\", "a|b\\", "a|[b", "[a-"}) {
        EXPECT_EQ(mm_glob_check(pattern), -EINVAL) << pattern;
        // and takes no harm
        (void)mm_glob_match(pattern, "abc", 3);
    }
}

std::chrono::microseconds took(const std::function<void()> &work)
{
    auto best = std::chrono::microseconds::max();

    for (int i = 0; i < 5; i++) {
        auto begin = std::chrono::steady_clock::now();
        work();
        best = std::min(best, std::chrono::duration_cast<std::chrono::microseconds>(
                                  std::chrono::steady_clock::now() - begin));
    }
    return best;
}

TEST(Glob, AnExpensiveOneIsGivenUp)
{
    std::string pattern = "*" + std::string(253, 'a') + "b", text(4095, 'a');

    EXPECT_EQ(mm_glob_match(pattern.c_str(), text.data(), text.size()), -E2BIG);
    // a second alternative has no budget of its own
    EXPECT_EQ(mm_glob_match((pattern + "|*").c_str(), text.data(), text.size()), -E2BIG);
    EXPECT_LT(took([&] { (void)mm_glob_match(pattern.c_str(), text.data(), text.size()); }).count(), 20000);
}

int regex_match(const char *expression, const std::string &text)
{
    mm_regex *regex = nullptr;
    int r = mm_regex_new(expression, &regex, nullptr);

    if (r == 0)
        r = mm_regex_match(regex, text.data(), text.size());
    mm_regex_free(regex);
    return r;
}

TEST(Regex, Matches)
{
    const MatchCase cases[] = {
        {"b", "abc", 1},
        {"^b", "abc", 0},
        {"c$", "abc", 1},
        {"c$", "abc\n", 0},
        {"a.c", "a\nc", 1},
        {"a.c", std::string("a\0c", 3), 1},
        {"(a)\\1", "aa", 1},
        {"(?i)FOX", "firefox", 1},
        {"--type=(renderer|utility)", "chrome --type=renderer", 1},
        {"^.$", "\xff", 1},
        {"\\xff", "\xff", 1},
        {"^.$", "\xc3\xa4", 0},
        {"(", "", -EINVAL},
        {"(*UTF8)a", "a", -EINVAL},
    };
    for (const MatchCase &entry : cases)
        EXPECT_EQ(regex_match(entry.pattern, entry.text), entry.result) << entry.pattern;
}

TEST(Regex, SaysWhereItIsWrong)
{
    mm_regex *regex = nullptr;
    mm_regex_error error{};

    EXPECT_EQ(mm_regex_new("ab[c", &regex, &error), -EINVAL);
    EXPECT_EQ(error.offset, 4U);
    EXPECT_STREQ(error.text, "missing terminating ] for character class");
    EXPECT_EQ(regex, nullptr);
}

TEST(Regex, APathologicalOneIsGivenUp)
{
    const std::string text(4095, 'a');

    for (const char *expression :
         {"(a+)+[bc]$", "(a|aa)+[bc]$", "(.*)*b\\1", "^(a?){200}a{200}b", "(a*)*(a*)*(a*)*b$"}) {
        SCOPED_TRACE(expression);
        int r = regex_match(expression, text);
        EXPECT_TRUE(r == -E2BIG || r == 0) << r;
        mm_regex *regex = nullptr;
        ASSERT_EQ(mm_regex_new(expression, &regex, nullptr), 0);
        // A millisecond, and room for a sanitizer on a busy machine.
        EXPECT_LT(took([&] { (void)mm_regex_match(regex, text.data(), text.size()); }).count(), 20000);
        mm_regex_free(regex);
    }
    EXPECT_EQ(regex_match("(a+)+[bc]$", text), -E2BIG);
}

TEST(Range, IsOneNumberOrTwo)
{
    struct {
        const char *text;
        int64_t min, max;
        int result;
        int64_t first, last;
    } cases[] = {
        {"5", 0, 10, 0, 5, 5},
        {" 5 ", 0, 10, 0, 5, 5},
        {"1..3", 0, 10, 0, 1, 3},
        {" 1 .. 3 ", 0, 10, 0, 1, 3},
        {"1-3", 0, 10, 0, 1, 3},
        {"-3..-1", -10, 10, 0, -3, -1},
        {"-3", -10, 10, 0, -3, -3},
        {"1-3", -10, 10, -EINVAL, 0, 0},
        {"3..1", 0, 10, -EINVAL, 0, 0},
        {"3..11", 0, 10, -ERANGE, 0, 0},
        {"11..12", 0, 10, -ERANGE, 0, 0},
        {"..3", 0, 10, -EINVAL, 0, 0},
        {"3..", 0, 10, -EINVAL, 0, 0},
        {"", 0, 10, -EINVAL, 0, 0},
        {nullptr, 0, 10, -EINVAL, 0, 0},
        {"1...3", 0, 10, -EINVAL, 0, 0},
        {"99999999999999999999..1", 0, 10, -ERANGE, 0, 0},
        {"0000000000000000000000000000000000001..3", 0, 10, -EINVAL, 0, 0},
    };
    for (const auto &entry : cases) {
        int64_t first = 0, last = 0;
        SCOPED_TRACE(entry.text ? entry.text : "NULL");

        EXPECT_EQ(mm_parse_range(entry.text, entry.min, entry.max, &first, &last), entry.result);
        EXPECT_EQ(first, entry.first);
        EXPECT_EQ(last, entry.last);
    }
}

} // namespace
