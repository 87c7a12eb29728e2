// SPDX-License-Identifier: Apache-2.0
// What the tests of the kernel's wakes share.
#ifndef MM_TEST_KERNEL_WAKE_SUPPORT_H
#define MM_TEST_KERNEL_WAKE_SUPPORT_H

#include "kernel_fixture.h"

#include <sys/socket.h>

// A child of a group that takes memory as it is told, and is dead at the latest when this object is.
class Grower
{
  public:
    explicit Grower(const Directory &group)
    {
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_), 0);
        pid = fork();
        if (pid == 0)
            run(ends_[1]);
        group.add(pid);
    }
    ~Grower()
    {
        if (pid > 0)
            kill(pid, SIGKILL);
        wait();
        close(ends_[0]);
        close(ends_[1]);
    }
    Grower(const Grower &) = delete;
    Grower &operator=(const Grower &) = delete;
    // Returns when it has them.
    void take(size_t bytes) const
    {
        begin(bytes);
        EXPECT_EQ(read(ends_[0], &bytes, sizeof(bytes)), static_cast<ssize_t>(sizeof(bytes)));
    }
    void begin(size_t bytes) const
    {
        EXPECT_EQ(write(ends_[0], &bytes, sizeof(bytes)), static_cast<ssize_t>(sizeof(bytes)));
    }

    // Until it is dead.
    void wait()
    {
        EXPECT_TRUE(pid <= 0 || waitpid(pid, nullptr, 0) == pid);
        pid = -1;
    }

    pid_t pid;

  private:
    [[noreturn]] static void run(int fd)
    {
        size_t bytes;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (read(fd, &bytes, sizeof(bytes)) == static_cast<ssize_t>(sizeof(bytes))) {
            touch_memory(&bytes);
            if (write(fd, &bytes, sizeof(bytes)) < 0)
                break;
        }
        _exit(1);
    }

    int ends_[2] = {-1, -1};
};

#endif
