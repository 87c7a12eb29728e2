/* SPDX-License-Identifier: Apache-2.0 */
/* The lock in the runtime directory: one daemon at a time, and nobody else decides whether. */
#include "service/shared/runtime.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

class RuntimeLock : public testing::Test
{
  protected:
    RuntimeLock()
    {
        char pattern[] = "/tmp/memmgr-lock-XXXXXX";

        directory = mkdtemp(pattern);
        path = directory + "/lock";
    }
    ~RuntimeLock() override
    {
        if (fd >= 0)
            close(fd);
        unlink(path.c_str());
        rmdir(path.c_str());
        unlink((directory + "/other").c_str());
        rmdir(directory.c_str());
    }
    mode_t mode() const
    {
        struct stat status {
        };

        EXPECT_EQ(stat(path.c_str(), &status), 0);
        return status.st_mode & 07777;
    }
    int lock()
    {
        return mm_runtime_lock(directory.c_str(), &other_pid);
    }
    std::string directory, path;
    int fd = -1;
    pid_t other_pid = -1;
};

TEST_F(RuntimeLock, NobodyElseCanOpenIt)
{
    fd = lock();
    ASSERT_GE(fd, 0);
    EXPECT_EQ(mode(), 0600U);
    close(fd);
    ASSERT_EQ(chmod(path.c_str(), 0666), 0);
    fd = lock();
    ASSERT_GE(fd, 0);
    EXPECT_EQ(mode(), 0600U) << "an older daemon's file";
}

TEST_F(RuntimeLock, TheSecondIsToldWhoTheFirstIs)
{
    fd = lock();
    ASSERT_GE(fd, 0);
    EXPECT_EQ(lock(), -EBUSY);
    EXPECT_EQ(other_pid, getpid());
}

TEST_F(RuntimeLock, ADeadProcessIsNotNamed)
{
    pid_t dead = fork();

    ASSERT_GE(dead, 0);
    if (dead == 0)
        _exit(0);
    ASSERT_EQ(waitpid(dead, nullptr, 0), dead);
    std::ofstream(path) << dead << "\n";
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(flock(fd, LOCK_EX), 0);
    EXPECT_EQ(lock(), -EBUSY);
    EXPECT_EQ(other_pid, 0);
}

TEST_F(RuntimeLock, WhatIsNoFileOfOursIsRefused)
{
    ASSERT_EQ(symlink((directory + "/other").c_str(), path.c_str()), 0);
    EXPECT_EQ(lock(), -ELOOP);
    EXPECT_NE(access((directory + "/other").c_str(), F_OK), 0);
    ASSERT_EQ(unlink(path.c_str()), 0);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(lock(), -EINVAL);
    ASSERT_EQ(unlink(path.c_str()), 0);
    ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
    EXPECT_EQ(lock(), -EISDIR);
    ASSERT_EQ(rmdir(path.c_str()), 0);
    if (geteuid() != 0)
        GTEST_SKIP() << "only root can give a file away";
    std::ofstream(path) << "1\n";
    ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    EXPECT_EQ(lock(), -EPERM);
}

} // namespace
