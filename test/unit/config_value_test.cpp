// SPDX-License-Identifier: Apache-2.0
// The vocabulary's table, and texts to values and back.
#include "common/common.h"
#include "config/value.h"
#include "config/vocabulary.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

namespace
{

const mm_element *element_at(const char *path)
{
    unsigned index = mm_vocabulary_find(path);

    EXPECT_NE(index, MM_ELEMENT_NONE) << path;
    return mm_vocabulary_at(index);
}

struct ValueCase {
    const char *path;
    const char *text;
    int result;
    int64_t number;
};

constexpr const char *memory = "killConfig/killLevel/memoryMB";
constexpr const char *priority = "killConfig/killLevel/minPriority";
constexpr const char *rate = "waterlineWatch/fillRate";
constexpr const char *percent = "memoryHighConfig/sharePercent";
constexpr const char *duration = "killPolicy/exitTimeoutMs";
constexpr const char *microseconds = "pressureTriggers/pressureTrigger/windowUs";
constexpr const char *kind = "pressureTriggers/pressureTrigger/kind";
constexpr const char *order = "killPolicy/order";
constexpr const char *boolean = "killPolicy/enabled";
constexpr const char *mode = "controlSocket/mode";
constexpr const char *ring = "bpf/ringKB";
constexpr const char *chunk = "squeezeConfig/chunkMB";
constexpr const char *count = "killPolicy/rereadCandidates";
constexpr const char *quota = "nandLifeConfig/dailySwapOutQuotaMB";

class ConfigValue : public testing::TestWithParam<ValueCase>
{
};

TEST_P(ConfigValue, IsTakenOrRefused)
{
    const ValueCase &wanted = GetParam();
    mm_value value = {};

    value.number = -77;
    EXPECT_EQ(mm_value_parse(element_at(wanted.path), wanted.text, &value), wanted.result);
    EXPECT_EQ(value.number, wanted.result == 0 ? wanted.number : -77);
}

INSTANTIATE_TEST_SUITE_P(
    All, ConfigValue,
    testing::Values(
        ValueCase{memory, "500", 0, 500 * 1048576LL}, ValueCase{memory, " \t\n500\r\n ", 0, 500 * 1048576LL},
        ValueCase{memory, "00500", 0, 500 * 1048576LL}, ValueCase{memory, "1", 0, 1048576},
        ValueCase{memory, "16777216", 0, 16777216 * 1048576LL},
        // upstream: 5000000 MB wrapped to 825032704 kB
        ValueCase{memory, "5000000", 0, 5000000 * 1048576LL}, ValueCase{memory, "16777217", -ERANGE, 0},
        ValueCase{memory, "0", -ERANGE, 0}, ValueCase{memory, "-1", -ERANGE, 0},
        ValueCase{memory, "99999999999999999999", -ERANGE, 0},
        // upstream: 12, 3, 0, 7 and the default
        ValueCase{memory, "12x", -EINVAL, 0}, ValueCase{memory, "3.9", -EINVAL, 0},
        ValueCase{memory, "0x10", -EINVAL, 0}, ValueCase{memory, "+7", -EINVAL, 0},
        ValueCase{memory, "", -EINVAL, 0}, ValueCase{memory, "500M", 0, 500 * 1048576LL},
        ValueCase{memory, " 500 MB ", 0, 500 * 1048576LL}, ValueCase{memory, "2g", 0, 2048 * 1048576LL},
        ValueCase{memory, "2048KiB", 0, 2 * 1048576LL}, ValueCase{memory, "1500K", -EINVAL, 0},
        ValueCase{memory, "0M", -ERANGE, 0}, ValueCase{memory, "17T", -ERANGE, 0},
        ValueCase{memory, "16T", 0, 16777216 * 1048576LL}, ValueCase{memory, "9999999999T", -ERANGE, 0},
        ValueCase{memory, "10%", 0, 10}, ValueCase{memory, " 10 % ", 0, 10},
        ValueCase{memory, "101%", -ERANGE, 0}, ValueCase{memory, "-1%", -ERANGE, 0},
        ValueCase{memory, "10%%", -EINVAL, 0}, ValueCase{memory, "%", -EINVAL, 0},
        ValueCase{memory, "10.5%", -EINVAL, 0}, ValueCase{memory, "-1M", -ERANGE, 0},
        ValueCase{memory, "500 M B", -EINVAL, 0}, ValueCase{memory, "500X", -EINVAL, 0},
        ValueCase{memory, "M", -EINVAL, 0}, ValueCase{chunk, "8M", -EINVAL, 0},
        ValueCase{chunk, "10%", -EINVAL, 0}, ValueCase{memory, "5 00", -EINVAL, 0},
        ValueCase{memory, "five", -EINVAL, 0}, ValueCase{memory, "- 5", -EINVAL, 0},
        ValueCase{memory, "5e2", -EINVAL, 0}, ValueCase{priority, "-1000", 0, -1000},
        ValueCase{priority, "1000", 0, 1000}, ValueCase{priority, "0", 0, 0}, ValueCase{priority, "-0", 0, 0},
        ValueCase{priority, "1001", -ERANGE, 0}, ValueCase{priority, "-1001", -ERANGE, 0},
        ValueCase{priority, "2000", -ERANGE, 0}, ValueCase{priority, "--1", -EINVAL, 0},
        ValueCase{rate, "auto", 0, 0}, ValueCase{rate, " auto ", 0, 0},
        ValueCase{rate, "200M", 0, 200 * 1048576LL}, ValueCase{rate, "2 GiB", 0, 2147483648LL},
        ValueCase{rate, "1048576", 0, 1048576}, ValueCase{rate, "1T", 0, 1099511627776LL},
        ValueCase{rate, "200", -ERANGE, 0}, ValueCase{rate, "2T", -ERANGE, 0},
        ValueCase{rate, "fast", -EINVAL, 0}, ValueCase{rate, "Auto", -EINVAL, 0},
        ValueCase{rate, "200M/s", -EINVAL, 0}, ValueCase{rate, "", -EINVAL, 0},
        ValueCase{percent, "10", 0, 10}, ValueCase{percent, "100", 0, 100},
        ValueCase{percent, "9", -ERANGE, 0}, ValueCase{percent, "101", -ERANGE, 0},
        ValueCase{percent, "50%", -EINVAL, 0}, ValueCase{duration, "500", 0, 500},
        ValueCase{duration, "9", -ERANGE, 0}, ValueCase{duration, "60001", -ERANGE, 0},
        ValueCase{duration, "500ms", -EINVAL, 0}, ValueCase{microseconds, "500000", 0, 500000},
        ValueCase{microseconds, "10000000", 0, 10000000}, ValueCase{microseconds, "499999", -ERANGE, 0},
        ValueCase{microseconds, "1s", -EINVAL, 0}, ValueCase{kind, "some", 0, 0},
        ValueCase{kind, "\nfull\n", 0, 1}, ValueCase{kind, "Full", -EINVAL, 0},
        ValueCase{kind, "", -EINVAL, 0}, ValueCase{kind, "ful", -EINVAL, 0},
        ValueCase{kind, "fulll", -EINVAL, 0}, ValueCase{order, "oldestUse", 0, MM_ORDER_OLDEST_USE},
        ValueCase{order, "newestUse", 0, MM_ORDER_NEWEST_USE}, ValueCase{order, "oldest", 0, MM_ORDER_OLDEST},
        ValueCase{order, "newest", 0, MM_ORDER_NEWEST}, ValueCase{order, "heaviest", 0, MM_ORDER_HEAVIEST},
        ValueCase{order, "0", -EINVAL, 0}, ValueCase{boolean, "true", 0, 1}, ValueCase{boolean, "off", 0, 0},
        ValueCase{boolean, " 1 ", 0, 1}, ValueCase{boolean, "TRUE", -EINVAL, 0},
        ValueCase{boolean, "2", -EINVAL, 0}, ValueCase{boolean, "", -EINVAL, 0},
        ValueCase{mode, "0660", 0, 0660}, ValueCase{mode, "600", 0, 0600}, ValueCase{mode, "0", 0, 0},
        ValueCase{mode, "0777", 0, 0777}, ValueCase{mode, "1777", -ERANGE, 0},
        ValueCase{mode, "0800", -EINVAL, 0}, ValueCase{mode, "rw-rw----", -EINVAL, 0},
        ValueCase{mode, "-1", -EINVAL, 0}, ValueCase{mode, "", -EINVAL, 0},
        ValueCase{mode, "7777777777777777777777777", -ERANGE, 0}, ValueCase{ring, "64", 0, 65536},
        ValueCase{ring, "3", -ERANGE, 0}, ValueCase{count, "8", 0, 8}, ValueCase{count, "9", -ERANGE, 0},
        ValueCase{quota, "8796093022207", 0, 8796093022207LL * 1048576},
        ValueCase{quota, "8796093022208", -ERANGE, 0}, ValueCase{quota, "-1", -ERANGE, 0}));

TEST(ConfigShare, IsWholeMegabytesOfRam)
{
    struct {
        const char *text;
        uint64_t ram_bytes;
        int result;
        int64_t megabytes;
    } cases[] = {
        {"10%", 4096 * MM_MIB, 0, 409},    {"100%", 3900 * MM_MIB + 4096, 0, 3900},
        {"1%", 100 * MM_MIB, 0, 1},        {"1%", 99 * MM_MIB, -ERANGE, 0},
        {"0%", 4096 * MM_MIB, -ERANGE, 0}, {"10%", 0, -ENODATA, 0},
        {"100%", UINT64_MAX, -ERANGE, 0},  {"500", 0, 0, 500},
    };
    for (const auto &entry : cases) {
        SCOPED_TRACE(entry.text);
        mm_value value = {};

        ASSERT_EQ(mm_value_parse(element_at(memory), entry.text, &value), 0);
        EXPECT_EQ(mm_value_resolve(element_at(memory), entry.ram_bytes, &value), entry.result);
        if (entry.result != 0)
            continue;
        EXPECT_EQ(value.number, entry.megabytes * 1048576);
        EXPECT_FALSE(value.is_ram_share);
    }
}

TEST(ConfigText, IsTrimmedAndBounded)
{
    mm_value value = {};
    const mm_element *path = element_at("controlSocket/path");
    const mm_element *group = element_at("controlSocket/group");

    ASSERT_EQ(mm_value_parse(path, "\n  /run/a b.sock \t", &value), 0);
    EXPECT_EQ(std::string(value.text, value.length), "/run/a b.sock");
    EXPECT_EQ(mm_value_parse(path, "  ", &value), 0);
    EXPECT_EQ(value.length, 0U);
    EXPECT_EQ(mm_value_parse(path, "run/a", &value), -EINVAL);
    EXPECT_EQ(mm_value_parse(path, "/run/a\001", &value), -EINVAL);
    EXPECT_EQ(mm_value_parse(path, "/run/a\nb", &value), -EINVAL);
    EXPECT_EQ(mm_value_parse(path, ("/" + std::string(106, 'a')).c_str(), &value), 0);
    EXPECT_EQ(mm_value_parse(path, ("/" + std::string(107, 'a')).c_str(), &value), -ERANGE);
    EXPECT_EQ(mm_value_parse(group, "wheel", &value), 0);
    EXPECT_EQ(mm_value_parse(group, std::string(64, 'a').c_str(), &value), -ERANGE);
}

TEST(ConfigValueText, SaysWhatIsExpected)
{
    struct {
        const char *path, *expected;
    } cases[] = {
        {chunk, "a whole number of MB from 1 to 1024"},
        {memory,
         "a whole number of MB from 1 to 16777216, the same with its unit (512M, 2G), or a share of RAM "
         "(10%)"},
        {priority, "a whole number from -1000 to 1000"},
        {rate, "a size per second from 1M to 1T (B, K, M, G or T), or auto"},
        {kind, "one of some, full"},
        {boolean, "true or false (yes, no, on, off, 1, 0)"},
        {mode, "an octal number from 0000 to 0777"},
    };
    for (const auto &entry : cases) {
        char buffer[MM_EXPECTED_MAX];
        EXPECT_STREQ(mm_value_expected(element_at(entry.path), buffer, sizeof(buffer)), entry.expected);
    }
}

TEST(Vocabulary, IsSound)
{
    std::set<std::string> paths;

    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const mm_element *element = mm_vocabulary_at(i);
        SCOPED_TRACE(element->path);
        unsigned parent = mm_vocabulary_parent(i);

        EXPECT_TRUE(paths.insert(element->path).second);
        EXPECT_EQ(mm_vocabulary_find(element->path), i);
        EXPECT_EQ(mm_vocabulary_child(parent, mm_vocabulary_name(i)), i);
        ASSERT_NE(mm_vocabulary_text(i)->help, nullptr);
        EXPECT_GT(strlen(mm_vocabulary_text(i)->help), 10U);
        ASSERT_NE(element->unit, nullptr);
        if (parent == MM_ELEMENT_NONE) {
            EXPECT_EQ(element->type, MM_TYPE_SECTION);
        }
        if (strchr(element->path, '/')) {
            EXPECT_NE(parent, MM_ELEMENT_NONE);
        }
        if (parent != MM_ELEMENT_NONE) {
            EXPECT_TRUE(mm_element_has_children(mm_vocabulary_at(parent)));
        }
        if (element->alias_of) {
            EXPECT_NE(mm_vocabulary_resolve(i), i);
            EXPECT_EQ(mm_vocabulary_at(mm_vocabulary_resolve(i))->alias_of, nullptr);
            EXPECT_EQ(element->target.storage, MM_STORE_NONE);
            continue;
        }
        EXPECT_EQ(mm_vocabulary_resolve(i), i);
        if (element->type != MM_TYPE_SECTION &&
            (element->type == MM_TYPE_ROW || (element->flags & MM_ELEMENT_REPEATABLE))) {
            EXPECT_GT(element->max_count, 0U);
        }
        if (element->flags & MM_ELEMENT_REQUIRED) {
            EXPECT_EQ(mm_vocabulary_at(parent)->type, MM_TYPE_ROW);
        }
        if (element->type == MM_TYPE_WORD || element->type == MM_TYPE_SIZE) {
            EXPECT_NE(element->words, nullptr);
        }
    }
}

TEST(Vocabulary, DefaultsAreValuesAndReadBack)
{
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const mm_element *element = mm_vocabulary_at(i);
        SCOPED_TRACE(element->path);
        mm_value value = {}, again = {};
        char text[MM_VALUE_TEXT_MAX];

        if (mm_element_has_children(element) || element->alias_of)
            continue;
        if (element->target.storage != MM_STORE_NONE && element->target.list == MM_LIST_NONE &&
            mm_vocabulary_at(mm_vocabulary_parent(i))->type != MM_TYPE_ROW) {
            EXPECT_NE(element->default_text, nullptr) << "a field without a built-in value";
        }
        if (!element->default_text)
            continue;
        ASSERT_EQ(mm_value_parse(element, element->default_text, &value), 0);
        if (mm_value_is_text(element->target.storage))
            continue;
        ASSERT_EQ(mm_value_parse(element, mm_value_format(element, value.number, text, sizeof(text)), &again),
                  0);
        EXPECT_EQ(again.number, value.number);
    }
}

// Each value has an example, and the example is one.
TEST(Vocabulary, ExamplesAreValues)
{
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const mm_element *element = mm_vocabulary_at(mm_vocabulary_resolve(i));
        const char *example = mm_vocabulary_text(i)->example;
        mm_value value = {};
        SCOPED_TRACE(mm_vocabulary_at(i)->path);

        EXPECT_EQ(example == nullptr, mm_element_has_children(element));
        if (example) {
            EXPECT_EQ(mm_value_parse(element, example, &value), 0) << example;
        }
    }
}

// A range that the field cannot hold would be cut silently.
TEST(Vocabulary, RangesFitTheirFields)
{
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        const mm_element *element = mm_vocabulary_at(i);
        SCOPED_TRACE(element->path);
        const int64_t scale = mm_element_has_children(element) ? 1 : mm_value_scale(element->type);
        int64_t largest;

        ASSERT_FALSE(__builtin_mul_overflow(element->max, scale, &largest));
        if (element->target.storage == MM_STORE_INT) {
            EXPECT_LE(largest, INT32_MAX);
        }
        if (element->target.storage == MM_STORE_UNSIGNED) {
            EXPECT_LE(largest, UINT32_MAX);
            EXPECT_GE(element->min, 0);
        }
        if (element->target.storage == MM_STORE_U64) {
            EXPECT_GE(element->min, 0);
        }
        if (element->target.storage == MM_STORE_CHARACTERS) {
            EXPECT_LT(element->max, static_cast<int64_t>(element->target.size));
        }
    }
    EXPECT_EQ(element_at("killConfig/killLevel")->max_count, MM_ARRAY_SIZE(mm_kill_config{}.levels));
    EXPECT_EQ(element_at("pressureTriggers/pressureTrigger")->max_count,
              MM_ARRAY_SIZE(mm_config{}.pressure_triggers));
    EXPECT_EQ(element_at("controlSocket/allowedUid")->max_count,
              MM_ARRAY_SIZE(mm_control_socket_config{}.allowed_uids));
}

TEST(Vocabulary, FindsTheNearestName)
{
    struct {
        const char *parent, *name, *nearest;
    } cases[] = {
        {nullptr, "killconfig", "killConfig"},
        {nullptr, "kilConfig", "killConfig"},
        {nullptr, "availbufferConfig", "availBufferConfig"},
        {"killConfig/killLevel", "memoryMb", memory},
        {"killConfig/killLevel", "minPrioriyt", priority},
        {"availBufferConfig", "availBufer", "availBufferConfig/availBuffer"},
        {"reclaimConfig/availbufferSize", "swapreserve", "availBufferConfig/swapReserve"},
        // known, but not here
        {nullptr, "memoryMB", memory},
        {"killConfig", "squeezeConfig", "squeezeConfig"},
        {nullptr, "frobnicate", nullptr},
        {nullptr, "x", nullptr},
    };
    for (const auto &entry : cases) {
        SCOPED_TRACE(entry.name);
        unsigned parent = entry.parent ? mm_vocabulary_find(entry.parent) : MM_ELEMENT_NONE;
        unsigned nearest = mm_vocabulary_nearest(parent, entry.name);

        EXPECT_EQ(nearest, entry.nearest ? mm_vocabulary_find(entry.nearest) : MM_ELEMENT_NONE);
    }
}

} // namespace
