// SPDX-License-Identifier: Apache-2.0
// The bytes between memmgr-config and the daemon: whole they carry everything, damaged they are refused.
#include "config/items.h"
#include "config/vocabulary.h"
#include "config_helpers.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace
{

std::vector<unsigned char> encoded(const std::string &text)
{
    Items items;
    Problems problems;
    unsigned char *bytes = nullptr;
    size_t length = 0;

    (void)mm_config_parse_xml("/etc/a.xml", text.data(), text.size(), &items.value, &problems.value);
    EXPECT_EQ(mm_stream_encode(&items.value, &problems.value, &bytes, &length), 0);
    std::vector<unsigned char> all(bytes, bytes + length);
    free(bytes);
    return all;
}

int decode(const std::vector<unsigned char> &bytes)
{
    Items items;
    Problems problems;

    return mm_stream_decode(bytes.data(), bytes.size(), &items.value, &problems.value);
}

// As the header says it: a changed body with a right hash, so that the body's own checks are reached.
void seal(std::vector<unsigned char> &bytes)
{
    uint32_t hash = 2166136261U, length = static_cast<uint32_t>(bytes.size() - MM_STREAM_HEADER);

    for (size_t i = MM_STREAM_HEADER; i < bytes.size(); i++)
        hash = (hash ^ bytes[i]) * 16777619U;
    memcpy(&bytes[16], &length, 4);
    memcpy(&bytes[20], &hash, 4);
}

const std::string sample = "<Memmgr><unheard/><bpf><ringKB> 64 </ringKB></bpf><logging><level/></logging>"
                           "<ramProfile name=\"p\" device=\"d\"><killConfig><killLevel "
                           "id=\"7\"/></killConfig></ramProfile></Memmgr>";

TEST(ConfigStream, CarriesItemsAndProblems)
{
    int fds[2];
    Items items, again;
    Problems problems, problems_again;

    ASSERT_EQ(pipe(fds), 0);
    ASSERT_EQ(mm_config_parse_xml("/etc/a.xml", sample.data(), sample.size(), &items.value, &problems.value),
              -EINVAL);
    items.value.is_cut = true;
    ASSERT_EQ(mm_config_items_write(fds[1], &items.value, &problems.value), 0);
    ASSERT_EQ(mm_config_items_read(fds[0], &again.value, &problems_again.value), 0);
    close(fds[0]);
    close(fds[1]);
    EXPECT_TRUE(again.value.is_cut);
    EXPECT_EQ(problems.joined(), problems_again.joined());
    ASSERT_EQ(problems_again.value.count, 2U);
    ASSERT_EQ(again.value.file_count, 1U);
    EXPECT_STREQ(again.value.files[0], "/etc/a.xml");
    ASSERT_EQ(again.value.profile_count, 1U);
    EXPECT_STREQ(again.value.profiles[0].name, "p");
    EXPECT_STREQ(again.value.profiles[0].device, "d");
    EXPECT_EQ(again.value.profiles[0].line, 1U);
    ASSERT_EQ(again.value.count, items.value.count);
    EXPECT_TRUE(again.value.items[3].is_refused);
    EXPECT_EQ(again.value.items[5].profile, 1U);
    EXPECT_STREQ(again.value.items[5].text, "7");
    for (size_t i = 0; i < items.value.count; i++) {
        const mm_config_item &a = items.value.items[i], &b = again.value.items[i];

        EXPECT_EQ(a.element, b.element);
        EXPECT_EQ(a.instance, b.instance);
        EXPECT_EQ(a.kind, b.kind);
        EXPECT_EQ(a.is_refused, b.is_refused);
        EXPECT_EQ(a.profile, b.profile);
        EXPECT_EQ(a.file, b.file);
        EXPECT_EQ(a.line, b.line);
        EXPECT_EQ(a.column, b.column);
        ASSERT_EQ(a.text == nullptr, b.text == nullptr);
        EXPECT_STREQ(a.text, b.text);
    }
}

TEST(ConfigStream, ErrorsAreCountedOnTheOtherSide)
{
    Items items;
    Problems problems;
    std::vector<unsigned char> bytes = encoded("<Memmgr>text</Memmgr>");

    ASSERT_EQ(mm_stream_decode(bytes.data(), bytes.size(), &items.value, &problems.value), 0);
    EXPECT_EQ(problems.value.error_count, 1U);
}

TEST(ConfigStream, EveryCutIsRefused)
{
    std::vector<unsigned char> bytes = encoded(sample);

    ASSERT_EQ(decode(bytes), 0);
    for (size_t length = 0; length < bytes.size(); length++)
        ASSERT_EQ(
            decode(std::vector<unsigned char>(bytes.begin(), bytes.begin() + static_cast<long>(length))),
            -EBADMSG)
            << length;
}

TEST(ConfigStream, ReadRefusesACutStream)
{
    int fds[2];
    Items items;
    Problems problems;
    std::vector<unsigned char> bytes = encoded(sample);

    ASSERT_EQ(pipe(fds), 0);
    ASSERT_EQ(write(fds[1], bytes.data(), bytes.size() - 1), static_cast<ssize_t>(bytes.size() - 1));
    close(fds[1]);
    EXPECT_EQ(mm_config_items_read(fds[0], &items.value, &problems.value), -EBADMSG);
    close(fds[0]);
    EXPECT_EQ(items.value.count, 0U);
}

TEST(ConfigStream, EveryChangedByteIsRefused)
{
    const std::vector<unsigned char> bytes = encoded(sample);

    for (size_t i = 0; i < bytes.size(); i++) {
        std::vector<unsigned char> changed = bytes;
        changed[i] ^= 0x41;
        ASSERT_EQ(decode(changed), -EBADMSG) << i;
    }
}

TEST(ConfigStream, MoreThanSaidIsRefused)
{
    std::vector<unsigned char> bytes = encoded(sample);

    bytes.push_back(0);
    EXPECT_EQ(decode(bytes), -EBADMSG);
    seal(bytes);
    EXPECT_EQ(decode(bytes), -EBADMSG);
}

// Each 32 bits of the body replaced by a number that is out of any bound, with a right hash.
TEST(ConfigStream, NumbersOutOfBoundsAreRefusedOrHarmless)
{
    const std::vector<unsigned char> bytes = encoded(sample);
    unsigned refused = 0;

    for (uint32_t number : {0x7fffffffU, 0xfffffffeU, 0xffffffffU}) {
        for (size_t i = MM_STREAM_HEADER; i + 4 <= bytes.size(); i++) {
            std::vector<unsigned char> changed = bytes;
            Items items;
            Problems problems;
            mm_config *config = nullptr;

            memcpy(&changed[i], &number, 4);
            seal(changed);
            int r = mm_stream_decode(changed.data(), changed.size(), &items.value, &problems.value);
            if (r < 0) {
                ASSERT_EQ(r, -EBADMSG);
                refused++;
                continue;
            }
            (void)mm_config_build(&items.value, nullptr, &config, &problems.value);
            mm_config_free(config);
        }
    }
    EXPECT_GT(refused, 100U);
}

TEST(ConfigStream, AnotherVocabularyOrVersionIsRefused)
{
    std::vector<unsigned char> bytes = encoded(sample);

    EXPECT_EQ(memcmp(bytes.data(), MM_STREAM_MAGIC, 8), 0);
    bytes[8]++;
    EXPECT_EQ(decode(bytes), -EBADMSG);
    bytes[8]--;
    bytes[12]++;
    EXPECT_EQ(decode(bytes), -EBADMSG);
    bytes[12]--;
    EXPECT_EQ(decode(bytes), 0);
}

TEST(ConfigStream, WriteTellsOfAClosedReader)
{
    int fds[2];
    Items items;
    Problems problems;

    ASSERT_NE(signal(SIGPIPE, SIG_IGN), SIG_ERR);
    ASSERT_EQ(pipe(fds), 0);
    close(fds[0]);
    EXPECT_EQ(mm_config_items_write(fds[1], &items.value, &problems.value), -EPIPE);
    close(fds[1]);
}

} // namespace
