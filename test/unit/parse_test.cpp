// SPDX-License-Identifier: Apache-2.0
// Numbers, sizes, durations and switches from text.
#include "common/common.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

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

} // namespace
