// SPDX-License-Identifier: Apache-2.0
// What the client library reads and writes JSON with, against what RFC 8259 says and against another reader.
#include "json_reader.h"
#include "request_body.h"
#include "start_time.h"

#include <cerrno>
#include <cjson/cJSON.h>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace
{

// The text at the very end of a page that nothing follows: reading past it is fatal.
class AtTheEnd
{
  public:
    explicit AtTheEnd(const std::string &text) : size((text.size() / 4096 + 2) * 4096)
    {
        base = static_cast<char *>(
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        EXPECT_EQ(mprotect(base + size - 4096, 4096, PROT_NONE), 0);
        begin = base + size - 4096 - text.size();
        memcpy(base + size - 4096 - text.size(), text.data(), text.size());
    }
    ~AtTheEnd()
    {
        munmap(base, size);
    }
    AtTheEnd(const AtTheEnd &) = delete;
    AtTheEnd &operator=(const AtTheEnd &) = delete;

    const char *begin;

  private:
    size_t size;
    char *base;
};

int parse(const std::string &text)
{
    AtTheEnd copy(text);
    mm_json_span value{};

    return mm_json_span_parse(copy.begin, text.size(), &value);
}

mm_json_span span_of(const std::string &text)
{
    mm_json_span value{};

    EXPECT_EQ(mm_json_span_parse(text.data(), text.size(), &value), 0) << text;
    return value;
}

std::string nested(unsigned depth, char open, char close)
{
    return std::string(depth, open) + std::string(depth, close);
}

TEST(Json, WhatIsJson)
{
    for (const char *text : {"{}",
                             "[]",
                             " [ ] ",
                             "null",
                             "true",
                             "false",
                             "0",
                             "-0",
                             "1",
                             "10",
                             "-1.5e+10",
                             "1E5",
                             "\"\"",
                             "\"a\"",
                             "{\"a\":1}",
                             "{ \"a\" : [ 1 , 2 ] , \"b\" : { } }",
                             "[[[]]]",
                             "[{},[],\"\",0]",
                             "\"\\u00e9\\n\\/\"",
                             "\"\xc3\xa9\"",
                             "\"\xf0\x9f\x98\x80\"",
                             "\t\r\n{}\n",
                             "\"\x7f\"",
                             "{\"\":{}}",
                             "[{}]",
                             "{\"a\":{\"b\":[]}}"})
        EXPECT_EQ(parse(text), 0) << text;
    EXPECT_EQ(parse(nested(MM_JSON_DEPTH_MAX, '[', ']')), 0);
}

TEST(Json, WhatIsNone)
{
    for (const char *text : {"",
                             " ",
                             "{",
                             "}",
                             "[",
                             "]",
                             "[1",
                             "[1,",
                             "[1,]",
                             "[,1]",
                             "[1 2]",
                             "{1:2}",
                             "{\"a\"}",
                             "{\"a\":}",
                             "{\"a\":1,}",
                             "{\"a\":1,2}",
                             "{\"a\" 1}",
                             "{,}",
                             "[}",
                             "{]",
                             "{\"a\":[}",
                             "01",
                             "-",
                             "-a",
                             "1.",
                             ".5",
                             "1e",
                             "1e+",
                             "+1",
                             "0x1",
                             "NaN",
                             "Infinity",
                             "tru",
                             "truer",
                             "nul",
                             "True",
                             "\"",
                             "\"a",
                             "\"\\",
                             "\"\\\"",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\u12g4\"",
                             "\"\\u\"",
                             "\"\n\"",
                             "\"\x1f\"",
                             "\"\x80\"",
                             "\"\xc3\"",
                             "\"\xc0\xaf\"",
                             "\"\xed\xa0\x80\"",
                             "\"\xf4\x90\x80\x80\"",
                             "\"\xe2\x82\"",
                             "\"\xff\"",
                             "'a'",
                             "{} {}",
                             "1 1",
                             "[] x",
                             "// c\n1",
                             "{\"a\":1]",
                             "[1}",
                             "\xef\xbb\xbf{}"})
        EXPECT_EQ(parse(text), -EBADMSG) << text;
    EXPECT_EQ(parse(std::string("\"a\0b\"", 5)), -EBADMSG);
    EXPECT_EQ(parse(std::string("{}\0", 3)), -EBADMSG);
    EXPECT_EQ(parse(std::string("\"\\\0\"", 4)), -EBADMSG);
    EXPECT_EQ(parse(nested(MM_JSON_DEPTH_MAX + 1, '[', ']')), -EBADMSG);
    EXPECT_EQ(parse(std::string(60000, '[')), -EBADMSG);
}

// Each beginning of a packet, and each with a byte changed: never read past, and what is taken others take, too
// (but for halves of UTF-16 pairs, which cJSON refuses).
TEST(Json, CutAndChangedPackets)
{
    const std::string packet =
        "{\"version\":1,\"id\":7,\"ok\":true,\"a\":[-1.5e3,\"x\\u00e9y\",{}],\"n\":null}";
    unsigned taken = 0;

    EXPECT_EQ(parse(packet), 0);
    for (size_t length = 0; length < packet.size(); length++)
        EXPECT_EQ(parse(packet.substr(0, length)), -EBADMSG) << length;
    for (size_t at = 0; at < packet.size(); at++) {
        for (int byte = 0; byte < 256; byte++) {
            std::string changed = packet;

            changed[at] = (char)byte;
            if (parse(changed) < 0)
                continue;
            taken++;
            std::unique_ptr<cJSON, void (*)(cJSON *)> json(cJSON_ParseWithOpts(changed.c_str(), nullptr, 1),
                                                           cJSON_Delete);
            EXPECT_TRUE(json) << changed;
        }
    }
    EXPECT_GT(taken, packet.size());
}

TEST(Json, Members)
{
    const std::string text = "{ \"a\" : {\"b\":\"}\\\"{\"} , \"bb\":[\"b\",2],\"b\":-5 , \"c\":true,\"b\":6}";
    mm_json_span object = span_of(text), member{};
    int64_t number = 0;
    bool is_so = false;

    ASSERT_TRUE(mm_json_span_member(object, "b", &member));
    EXPECT_TRUE(mm_json_span_integer(member, -10, 10, &number));
    EXPECT_EQ(number, -5); // the first
    ASSERT_TRUE(mm_json_span_member(object, "c", &member));
    EXPECT_TRUE(mm_json_span_bool(member, &is_so));
    EXPECT_TRUE(is_so);
    EXPECT_FALSE(mm_json_span_member(object, "d", &member));
    EXPECT_FALSE(mm_json_span_member(object, "", &member));
    ASSERT_TRUE(mm_json_span_member(object, "a", &member));
    EXPECT_FALSE(mm_json_span_bool(member, &is_so));
    EXPECT_FALSE(mm_json_span_integer(member, -10, 10, &number));
    EXPECT_FALSE(mm_json_span_member(span_of("[1]"), "a", &member));
    EXPECT_FALSE(mm_json_span_member(span_of("{}"), "a", &member));
    EXPECT_FALSE(mm_json_span_member(mm_json_span{}, "a", &member));
}

TEST(Json, Elements)
{
    const std::string text = "[ 1, [2,3] , {\"a\":[4]},\"]\" , 5 ]";
    mm_json_span array = span_of(text), element{};
    std::vector<std::string> elements;

    while (mm_json_span_next(array, &element))
        elements.emplace_back(element.begin, element.end);
    EXPECT_EQ(elements, (std::vector<std::string>{"1", "[2,3]", "{\"a\":[4]}", "\"]\"", "5"}));
    element = {};
    EXPECT_FALSE(mm_json_span_next(span_of("[ ]"), &element));
    EXPECT_FALSE(mm_json_span_next(span_of("{}"), &element));
    EXPECT_FALSE(mm_json_span_next(mm_json_span{}, &element));
}

TEST(Json, Integers)
{
    const struct {
        const char *text;
        bool is_taken;
        int64_t number;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"\"1\"", false, 0},
        {"null", false, 0},
    };

    for (const auto &row : rows) {
        int64_t number = 77;
        bool is_taken = mm_json_span_integer(span_of(row.text), INT64_MIN, INT64_MAX, &number);

        EXPECT_EQ(is_taken, row.is_taken) << row.text;
        EXPECT_EQ(number, row.is_taken ? row.number : 77) << row.text;
    }
    int64_t number = 77;
    EXPECT_FALSE(mm_json_span_integer(span_of("5"), 6, 10, &number));
    EXPECT_FALSE(mm_json_span_integer(span_of("5"), 0, 4, &number));
    EXPECT_FALSE(mm_json_span_integer(mm_json_span{}, 0, 4, &number));
}

TEST(Json, Texts)
{
    const struct {
        const char *text, *expected;
    } rows[] = {
        {"\"\"", ""},
        {"\"abc\"", "abc"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
        {"\"\\ud83d\"", "\xef\xbf\xbd"},
        {"\"\\ude00x\"", "\xef\xbf\xbdx"},
        {"\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                               "A"},
        {"\"\\ud83d\\n\"", "\xef\xbf\xbd\n"},
        {"\"a\\u0000b\"", "a\xef\xbf\xbd"
                          "b"},
        {"\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf"},
    };
    char buffer[64];

    for (const auto &row : rows) {
        EXPECT_TRUE(mm_json_span_text(span_of(row.text), buffer, sizeof(buffer)));
        EXPECT_STREQ(buffer, row.expected) << row.text;
    }
    // Cut at a character.
    EXPECT_TRUE(mm_json_span_text(span_of("\"ab\xc3\xa9\""), buffer, 4));
    EXPECT_STREQ(buffer, "ab");
    EXPECT_TRUE(mm_json_span_text(span_of("\"ab\xc3\xa9\""), buffer, 5));
    EXPECT_STREQ(buffer, "ab\xc3\xa9");
    EXPECT_TRUE(mm_json_span_text(span_of("\"a\""), buffer, 1));
    EXPECT_STREQ(buffer, "");
    EXPECT_FALSE(mm_json_span_text(span_of("1"), buffer, sizeof(buffer)));
    EXPECT_STREQ(buffer, "");
    EXPECT_FALSE(mm_json_span_text(mm_json_span{}, buffer, sizeof(buffer)));
}

// Whatever a name holds, what is written is JSON that means it.
TEST(Body, TextsComeBack)
{
    for (const std::string &text :
         {std::string("plain"), std::string("\"\\/\x01\x1f\x7f\t\n"), std::string("\xc3\xa9\xf0\x9f\x98\x80"),
          std::string("\",\"pid\":1,\"x\":\""), std::string(127, '"')}) {
        mm_body body;
        char buffer[256];
        mm_json_span member{};

        mm_body_begin(&body, "event");
        mm_body_text(&body, "name", text.c_str());
        mm_body_integer(&body, "pid", INT64_MIN);
        mm_body_bool(&body, "on", true);
        EXPECT_EQ(body.error, 0);
        const std::string packet = "{" + std::string(body.text) + "}";
        ASSERT_TRUE(mm_json_span_member(span_of(packet), "name", &member));
        EXPECT_TRUE(mm_json_span_text(member, buffer, sizeof(buffer)));
        EXPECT_EQ(buffer, text);
        int64_t number = 0;
        ASSERT_TRUE(mm_json_span_member(span_of(packet), "pid", &member));
        EXPECT_TRUE(mm_json_span_integer(member, INT64_MIN, INT64_MAX, &number));
        EXPECT_EQ(number, INT64_MIN);
    }
}

TEST(Body, RefusesWhatDoesNotFitOrIsNoText)
{
    mm_body body;

    mm_body_begin(&body, "event");
    mm_body_text(&body, "name", "\xff");
    EXPECT_EQ(body.error, -EILSEQ);
    mm_body_begin(&body, "event");
    EXPECT_EQ(body.error, 0);
    mm_body_text(&body, "name", std::string(MM_BODY_MAX, 'x').c_str());
    EXPECT_EQ(body.error, -EMSGSIZE);
}

TEST(Body, WordsOfAMask)
{
    const char *const words[] = {"a", "b", "c"};
    mm_body body;

    mm_body_begin(&body, "subscribe");
    mm_body_words(&body, "events", words, 3, 5);
    EXPECT_STREQ(body.text, "\"request\":\"subscribe\",\"events\":[\"a\",\"c\"]");
    mm_body_begin(&body, "subscribe");
    mm_body_words(&body, "events", words, 3, 0);
    EXPECT_STREQ(body.text, "\"request\":\"subscribe\",\"events\":[]");
}

TEST(StartTime, IsTheTwentySecondField)
{
    // of this machine's /proc/self/stat
    EXPECT_EQ(mm_start_time_parse(
                  "4711 (a) b (c)) S 1 4711 4711 0 -1 4194304 112 0 0 0 1 2 0 0 20 0 1 0 987654 2576384 "
                  "221 18446744073709551615 1 1 0 0 0 0 0"),
              987654U);
    for (const char *text : {"", "4711", "4711 (a)", "4711 (a) S 1 2 3",
                             "4711 (a) S 1 4711 4711 0 -1 4194304 112 0 0 0 1 2 0 0 20 0 1 0 987654",
                             "4711 (a) S 1 4711 4711 0 -1 4194304 112 0 0 0 1 2 0 0 20 0 1 0 -5 1"})
        EXPECT_EQ(mm_start_time_parse(text), 0U) << text;
    EXPECT_GT(mm_start_time_read(getpid()), 0U);
    EXPECT_EQ(mm_start_time_read(0x3fffffff), 0U);
}

} // namespace
