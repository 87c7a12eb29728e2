/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are replaced as a whole. */
#include "common/common.h"
#include "kernel_interface/kernel_interface.h"
#include "kernel_interface/saved_state.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace
{

class SavedState : public ::testing::Test
{
  protected:
    SavedState()
    {
        EXPECT_NE(mkdtemp(directory), nullptr);
    }
    ~SavedState() override
    {
        std::filesystem::remove_all(directory);
    }

    std::string path(const char *name) const
    {
        return std::string(directory) + "/" + name;
    }
    int write(const std::string &text)
    {
        return mm_saved_state_write(directory, "state", text.data(), text.size());
    }
    ssize_t read(size_t capacity = sizeof(buffer))
    {
        return mm_saved_state_read(directory, "state", buffer, capacity);
    }

    char directory[40] = "/tmp/memmgr-saved-XXXXXX";
    char buffer[256] = "";
};

TEST_F(SavedState, IsReadAsItWasWrittenLast)
{
    EXPECT_EQ(read(), -ENOENT);
    for (const std::string &text : {std::string("a longer text"), std::string("short"), std::string()}) {
        ASSERT_EQ(write(text), 0);
        ASSERT_EQ(read(), static_cast<ssize_t>(text.size()));
        EXPECT_EQ(std::string(buffer, text.size()), text);
    }
    struct stat status = {};
    ASSERT_EQ(stat(path("state").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    EXPECT_FALSE(std::filesystem::exists(path("state.new")));
    ASSERT_EQ(write("12345"), 0);
    EXPECT_EQ(read(5), 5);
    EXPECT_EQ(read(4), -EFBIG);
    EXPECT_EQ(mm_saved_state_remove(directory, "state"), 0);
    EXPECT_EQ(read(), -ENOENT);
    EXPECT_EQ(mm_saved_state_remove(directory, "state"), -ENOENT);
    EXPECT_EQ(mm_saved_state_remove(directory, "../state"), -EINVAL);
}

TEST_F(SavedState, WhatIsNotOursIsNeitherReadNorWrittenInto)
{
    std::ofstream(path("elsewhere")) << "precious";
    ASSERT_EQ(symlink(path("elsewhere").c_str(), path("state").c_str()), 0);
    EXPECT_EQ(read(), -ELOOP);
    ASSERT_EQ(symlink(path("elsewhere").c_str(), path("state.new").c_str()), 0);
    EXPECT_EQ(write("new"), 0);
    EXPECT_EQ(std::filesystem::file_size(path("elsewhere")), 8u);
    EXPECT_EQ(read(), 3) << "the link was replaced";
    ASSERT_EQ(chmod(path("state").c_str(), 0622), 0);
    EXPECT_EQ(read(), -EPERM) << "anybody could have written it";
    std::filesystem::remove(path("state"));
    ASSERT_EQ(mkfifo(path("state").c_str(), 0600), 0);
    EXPECT_EQ(read(), -EINVAL);
    EXPECT_EQ(mm_saved_state_write(directory, "a/b", "x", 1), -EINVAL);
    EXPECT_EQ(mm_saved_state_read("/nowhere", "state", buffer, 1), -ENOENT);
}

TEST(BootId, IsThirtyTwoDigits)
{
    const struct {
        const char *text;
        int result;
    } rows[] = {
        {"00112233-4455-6677-8899-aabbccddeeff\n", 0},     {"00112233445566778899aabbccddeeff", 0},
        {"00112233-4455-6677-8899-aabbccddeef", -EINVAL},  {"00112233-4455-6677-8899-aabbccddeefff", -EINVAL},
        {"g0112233-4455-6677-8899-aabbccddeeff", -EINVAL}, {"", -EINVAL},
    };
    const uint8_t expected[MM_BOOT_ID_BYTES] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                                0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

    for (const auto &row : rows) {
        uint8_t id[MM_BOOT_ID_BYTES] = {};

        EXPECT_EQ(mm_boot_id_parse(row.text, id), row.result) << row.text;
        if (row.result == 0) {
            EXPECT_EQ(memcmp(id, expected, sizeof(id)), 0) << row.text;
        }
    }
}

} // namespace
