/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from the loader, or does not, over a socket of the test's own. */
#include "bpf/handover.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace
{

constexpr uint32_t VERSION = 0x6d6d0001;

class Handover : public testing::Test
{
  protected:
    Handover()
    {
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    }
    ~Handover() override
    {
        mm_bpf_handover_close(&handover);
        close(ends[0]);
        close(ends[1]);
    }
    // With so many descriptors of /dev/null.
    void send(size_t length, unsigned fd_count)
    {
        std::vector<unsigned char> control(CMSG_SPACE(fd_count * sizeof(int)));
        std::vector<char> bytes(length);
        struct iovec vector = {bytes.data(), bytes.size()};
        struct msghdr header = {};
        const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        const std::vector<int> fds(fd_count, fd);

        memcpy(bytes.data(), &VERSION, std::min(length, sizeof(VERSION)));
        header.msg_iov = &vector;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        struct cmsghdr *part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(part), fds.data(), fd_count * sizeof(int));
        EXPECT_EQ(sendmsg(ends[1], &header, 0), static_cast<ssize_t>(length));
        close(fd);
    }
    std::string read(ssize_t length)
    {
        char reason[MM_BPF_REASON_MAX] = "";
        const int result = mm_bpf_handover_read(&handover, length, VERSION, 1, reason);

        return std::to_string(result) + " " + reason;
    }

    int ends[2] = {-1, -1};
    struct mm_bpf_handover handover = {};
};

// Nothing was received: nothing can be said of its version.
TEST_F(Handover, AReceiveErrorIsSaidAsWhatItIs)
{
    EXPECT_EQ(read(-ENOMEM),
              std::to_string(-ENOMEM) + " the loader's answer cannot be received: " + strerror(ENOMEM));
    handover.message.version = VERSION;
    EXPECT_EQ(read(-EIO), std::to_string(-EIO) + " the loader's answer cannot be received: " + strerror(EIO));
}

TEST_F(Handover, OneThatIsTooLongDoesNotFit)
{
    send(sizeof(handover.message) + 1, 1);
    const ssize_t length = mm_bpf_handover_receive(ends[0], &handover);

    EXPECT_EQ(length, -EMSGSIZE);
    EXPECT_EQ(read(length),
              std::to_string(-EPROTO) + " the loader does not fit this daemon: its answer is too long");
    EXPECT_EQ(handover.fd_count, 1U) << "which are to be closed";
}

// The message is as it should be, but this process may not have all the descriptors that come with it.
TEST_F(Handover, WithoutRoomForItsDescriptorsItMayBeTriedAgain)
{
    struct rlimit old = {}, few = {};

    send(sizeof(handover.message), 5);
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
    const int next = dup(0);
    ASSERT_GE(next, 0);
    close(next);
    few = {static_cast<rlim_t>(next) + 2, old.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    const ssize_t length = mm_bpf_handover_receive(ends[0], &handover);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
    EXPECT_EQ(length, -EMFILE);
    EXPECT_EQ(handover.fd_count, 2U);
    EXPECT_EQ(read(length),
              std::to_string(-EMFILE) + " the loader's answer cannot be received: " + strerror(EMFILE));
}

} // namespace
