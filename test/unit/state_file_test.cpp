// SPDX-License-Identifier: Apache-2.0
// State files: kept, zeroed, and refused where they are not the daemon's own.
#include "kernel_interface/state_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace
{

class StateFile : public testing::Test
{
  protected:
    void SetUp() override
    {
        char name[] = "/tmp/mm_state_XXXXXX";

        ASSERT_NE(mkdtemp(name), nullptr);
        directory = name;
        path = directory + "/journal";
    }
    void TearDown() override
    {
        mm_state_file_unmap(&file);
        unlink(path.c_str());
        rmdir(path.c_str());
        unlink((directory + "/other").c_str());
        rmdir(directory.c_str());
    }
    int map(size_t size_bytes)
    {
        mm_state_file_unmap(&file);
        return mm_state_file_map(directory.c_str(), "journal", size_bytes, &file);
    }
    char *bytes() const
    {
        return static_cast<char *>(file.memory);
    }
    std::string directory, path;
    mm_state_file file{};
};

TEST_F(StateFile, KeepsItsContentsAndItsMode)
{
    struct stat status {
    };

    ASSERT_EQ(map(8192), 0);
    EXPECT_TRUE(std::all_of(bytes(), bytes() + 8192, [](char byte) { return byte == 0; }));
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_GE(status.st_blocks * 512, 8192) << "allocated, not sparse";
    memcpy(bytes(), "kept", 5);
    ASSERT_EQ(chmod(path.c_str(), 0666), 0);
    ASSERT_EQ(map(8192), 0);
    EXPECT_STREQ(bytes(), "kept");
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(StateFile, AnotherSizeKeepsWhatFitsAndSaysSo)
{
    size_t present = 8192;

    ASSERT_EQ(map(present), 0);
    for (size_t size : {size_t{4096}, size_t{12288}, size_t{12287}, size_t{12288}}) {
        size_t kept = std::min(present, size);

        memset(bytes(), 'x', present);
        testing::internal::CaptureStderr();
        ASSERT_EQ(map(size), 0);
        EXPECT_NE(testing::internal::GetCapturedStderr().find("is of " + std::to_string(present) + " bytes"),
                  std::string::npos);
        EXPECT_TRUE(std::all_of(bytes(), bytes() + kept, [](char byte) { return byte == 'x'; })) << size;
        EXPECT_TRUE(std::all_of(bytes() + kept, bytes() + size, [](char byte) { return byte == 0; })) << size;
        present = size;
    }
}

TEST_F(StateFile, RefusesWhatIsNoFileOfItsOwn)
{
    std::string other = directory + "/other";

    ASSERT_EQ(symlink(other.c_str(), path.c_str()), 0);
    EXPECT_EQ(map(4096), -ELOOP);
    EXPECT_NE(access(other.c_str(), F_OK), 0) << "the link was not followed";
    ASSERT_EQ(unlink(path.c_str()), 0);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(map(4096), -EINVAL);
    ASSERT_EQ(unlink(path.c_str()), 0);
    ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
    EXPECT_EQ(map(4096), -EISDIR);
    ASSERT_EQ(rmdir(path.c_str()), 0);

    EXPECT_EQ(mm_state_file_map(directory.c_str(), "../journal", 4096, &file), -EINVAL);
    EXPECT_EQ(mm_state_file_map(directory.c_str(), "", 4096, &file), -EINVAL);
    EXPECT_EQ(map(0), -EINVAL);
    EXPECT_EQ(mm_state_file_map("/nonexistent", "journal", 4096, &file), -ENOENT);
    EXPECT_EQ(file.memory, nullptr);
}

TEST_F(StateFile, RefusesSomebodyElsesFile)
{
    if (geteuid() != 0)
        GTEST_SKIP() << "only root can give a file away";
    ASSERT_EQ(map(4096), 0);
    ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    EXPECT_EQ(map(4096), -EPERM);
}

} // namespace
