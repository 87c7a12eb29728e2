// SPDX-License-Identifier: Apache-2.0
// Clean text, the JSON writer and the arena: what stands between foreign bytes and everybody else.
#include "service/requests/json_arena.h"
#include "service/requests/json_writer.h"
#include "service/shared/clean_text.h"
#include "service_fixture.h"

#include <cerrno>
#include <memory>

using namespace service_test;

namespace
{

TEST(CleanText, Table)
{
    struct Case {
        const char *text, *clean;
    };
    const Case cases[] = {
        {"", ""},
        {"plain text", "plain text"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\x1b[31mred", "\\x1b[31mred"},
        {"tab\tnewline\n", "tab\\x09newline\\x0a"},
        {"\xff\xfe", "\\xff\\xfe"},
        {"cut \xe2\x82", "cut \\xe2\\x82"},
        {"C:\\mail\\x1b", "C:\\mail\\x1b"}, // what was escaped stays, and is not escaped again
        {"\\", "\\"},
        {"\\\\\x01", "\\\\\\x01"},
        {"\xe2\x80\xaegnp", "\\xe2\\x80\\xaegnp"},
    };
    char buffer[64];

    for (const Case &tested : cases) {
        EXPECT_STREQ(mm_clean_text(tested.text, buffer, sizeof(buffer)), tested.clean);
        EXPECT_EQ(mm_text_is_clean(tested.text), strcmp(tested.text, tested.clean) == 0) << tested.clean;
        // Cleaning twice is cleaning once.
        char again[64];
        EXPECT_STREQ(mm_clean_text(buffer, again, sizeof(again)), buffer);
    }
}

TEST(CleanText, IsCutAndTerminatedInEverySize)
{
    const char text[] = "ab\\\x1b\xc3\xbc\\\\end";

    for (size_t size = 1; size < 40; size++) {
        std::vector<char> buffer(size + 1, '#');

        mm_clean_text(text, buffer.data(), size);
        EXPECT_LT(strlen(buffer.data()), size);
        EXPECT_EQ(buffer[size], '#');
    }
}

TEST(CleanText, LongTextsAreLookedAtWhole)
{
    std::string text;

    for (int i = 0; i < 1000; i++)
        text += "\xe2\x82\xac"
                "a\\";
    EXPECT_TRUE(mm_text_is_clean(text.c_str()));
    for (size_t at : {(size_t)0, (size_t)15, (size_t)17, text.size() / 5 * 5}) {
        std::string bad = text;

        bad.insert(at, "\n");
        EXPECT_FALSE(mm_text_is_clean(bad.c_str())) << at;
    }
    EXPECT_FALSE(mm_text_is_clean((text + "\xe2\x82").c_str()));
}

TEST(JsonWriter, WritesWhatAParserReads)
{
    char buffer[1024];
    mm_json_writer writer;

    mm_json_init(&writer, buffer, sizeof(buffer));
    mm_json_open(&writer, nullptr, '{');
    mm_json_text(&writer, "text", "quote \" backslash \\ bell \a \xff end");
    mm_json_text(&writer, "nothing", nullptr);
    mm_json_unsigned(&writer, "large", UINT64_MAX - 1);
    mm_json_amount(&writer, "unknown", UINT64_MAX);
    mm_json_signed(&writer, "small", INT64_MIN);
    mm_json_open(&writer, "array", '[');
    mm_json_bool(&writer, nullptr, true);
    mm_json_open(&writer, nullptr, '{');
    mm_json_close(&writer, '}');
    mm_json_null(&writer, nullptr);
    mm_json_close(&writer, ']');
    mm_json_text(&writer, "key \"quoted\"", "");
    mm_json_close(&writer, '}');
    EXPECT_STREQ(buffer, R"({"text":"quote \" backslash \\ bell \\x07 \\xff end","nothing":null,)"
                         R"("large":18446744073709551614,"unknown":null,"small":-9223372036854775808,)"
                         R"("array":[true,{},null],"key \"quoted\"":""})");
    EXPECT_FALSE(writer.is_full);
    EXPECT_EQ(writer.length, strlen(buffer));
    EXPECT_TRUE(parse(buffer));
}

TEST(JsonWriter, NeverWritesPastItsEnd)
{
    for (size_t size = 1; size < 60; size++) {
        std::vector<char> buffer(size + 1, '#');
        mm_json_writer writer;

        mm_json_init(&writer, buffer.data(), size);
        mm_json_open(&writer, nullptr, '[');
        mm_json_text(&writer, nullptr, "0123456789\\\"\x01");
        mm_json_unsigned(&writer, nullptr, 1234567890);
        mm_json_close(&writer, ']');
        EXPECT_EQ(buffer[size], '#') << size;
        EXPECT_EQ(strlen(buffer.data()), writer.length);
        EXPECT_EQ(writer.is_full, !parse(buffer.data())) << size;
    }
}

TEST(JsonWriter, AMarkTakesBackWhatDoesNotFit)
{
    char buffer[32];
    mm_json_writer writer, mark;
    int written = 0;

    mm_json_init(&writer, buffer, sizeof(buffer) - 1);
    mm_json_open(&writer, nullptr, '[');
    do {
        mark = writer;
        mm_json_text(&writer, nullptr, "abc");
        written++;
    } while (!writer.is_full);
    writer = mark;
    writer.size++;
    mm_json_close(&writer, ']');
    Json json = parse(std::string(buffer, writer.length));
    ASSERT_TRUE(json);
    EXPECT_EQ(cJSON_GetArraySize(json.get()), written - 1);
}

class Arena : public testing::Test
{
  protected:
    int parse_text(const std::string &text)
    {
        item = nullptr;
        return mm_json_parse(arena.get(), text.c_str(), text.size(), &item);
    }
    std::unique_ptr<mm_json_arena> arena = std::make_unique<mm_json_arena>();
    const cJSON *item = nullptr;
};

TEST_F(Arena, ParsesWithinItsMemoryAndGivesTheAllocatorBack)
{
    ASSERT_EQ(parse_text(R"( {"a":[1,{"b":"text"}]} )"), 0);
    EXPECT_STREQ(member(cJSON_GetArrayItem(member(item, "a"), 1), "b")->valuestring, "text");
    auto address = (uintptr_t)item;
    EXPECT_GE(address, (uintptr_t)arena->memory);
    EXPECT_LT(address, (uintptr_t)arena->memory + sizeof(arena->memory));
    // Others' cJSON is not in it.
    cJSON *other = cJSON_CreateObject();
    EXPECT_FALSE((uintptr_t)other >= (uintptr_t)arena->memory &&
                 (uintptr_t)other < (uintptr_t)arena->memory + sizeof(arena->memory));
    cJSON_Delete(other);
    ASSERT_EQ(parse_text("{}"), 0);
    EXPECT_LT(arena->used, 256U);
}

TEST_F(Arena, DepthCountsOutsideOfStringsOnly)
{
    std::string open(MM_JSON_DEPTH_MAX, '['), close(MM_JSON_DEPTH_MAX, ']');

    EXPECT_EQ(parse_text(open + close), 0);
    EXPECT_EQ(parse_text("[" + open + close + "]"), -E2BIG);
    EXPECT_EQ(parse_text("[\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"]"), 0);
    EXPECT_EQ(parse_text("[[],[],[],[],[],[],[],[],[],[],[]]"), 0);
}

TEST_F(Arena, ItemsCountOutsideOfStringsOnly)
{
    std::string most = "[0";

    for (int i = 0; i < MM_JSON_ITEMS_MAX - 1; i++)
        most += ",0";
    EXPECT_EQ(parse_text(most + "]"), 0);
    EXPECT_EQ(parse_text(most + ",0]"), -E2BIG);
    EXPECT_EQ(parse_text("[\"" + std::string(60000, ',') + "\"]"), 0);
}

// The most that a packet within all limits can need: many items, and one text or many that fill it.
TEST_F(Arena, HoldsEveryPacketWithinTheLimits)
{
    std::string escaped, many = "{", pieces = "[";

    for (int i = 0; i < 32000; i++)
        escaped += "\\n";
    EXPECT_EQ(parse_text("[\"" + escaped + "\"]"), 0);
    for (int i = 0; i < MM_JSON_ITEMS_MAX - 1; i++) {
        many += (i ? ",\"" : "\"") + std::string(120, 'k') + "\":\"" + std::string(120, 'v') + "\"";
        pieces += (i ? ",\"" : "\"") + std::string(250, 'v') + "\"";
    }
    ASSERT_LE(many.size(), 65535U);
    EXPECT_EQ(parse_text(many + "}"), 0);
    EXPECT_EQ(parse_text(pieces + "]"), 0);
}

TEST_F(Arena, ExhaustionIsAnErrorNotACrash)
{
    EXPECT_EQ(parse_text("\"" + std::string(300000, 'x') + "\""), -E2BIG);
    EXPECT_EQ(parse_text("[0]"), 0);
}

TEST_F(Arena, NulsAndRubbishAreRefused)
{
    using namespace std::string_literals;

    EXPECT_EQ(parse_text("{}\0"s), -EBADMSG);
    EXPECT_EQ(parse_text("[\"a\0b\"]"s), -EBADMSG);
    EXPECT_EQ(parse_text(R"(["\u0000"])"), -EBADMSG);
    EXPECT_EQ(parse_text(R"(["\\u0000"])"), 0); // a backslash, then "u0000"
    EXPECT_EQ(parse_text("{} x"), -EBADMSG);
    EXPECT_EQ(parse_text("[\"open"), -EBADMSG);
    EXPECT_EQ(parse_text("[\"open\\"), -EBADMSG);
    EXPECT_EQ(parse_text("]]]]"), -EBADMSG);
}

} // namespace
