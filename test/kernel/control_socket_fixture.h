/* SPDX-License-Identifier: Apache-2.0 */
/* A control socket that is served by a loop in a thread of its own, and its clients. */
#ifndef MM_TEST_KERNEL_CONTROL_SOCKET_FIXTURE_H
#define MM_TEST_KERNEL_CONTROL_SOCKET_FIXTURE_H

#include "common/common.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/event_center.h"
#pragma GCC diagnostic pop

#include <errno.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/* Far above what anything here takes, on a busy machine too. */
constexpr int PATIENCE_MS = 20000;

/* All that a center needs of a kernel: a clock. */
inline uint64_t clock_ns(mm_kernel *)
{
    timespec time = {};

    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.tv_sec) * MM_NS_PER_S + static_cast<uint64_t>(time.tv_nsec);
}

inline int no_notice_fd(mm_kernel *)
{
    return -1;
}

inline void no_notices(mm_kernel *, mm_notice_visit, void *)
{
}

inline mm_kernel_ops clock_ops()
{
    mm_kernel_ops ops = {};

    ops.now_ns = clock_ns;
    ops.notice_fd = no_notice_fd;
    ops.drain_notices = no_notices;
    return ops;
}

class ControlSocket : public testing::Test
{
  protected:
    void SetUp() override
    {
        char name[] = "/tmp/control-socket-test-XXXXXX";

        ASSERT_NE(mkdtemp(name), nullptr);
        directory = name;
        path = directory + "/control.sock";
        kernel.ops = &ops;
        ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old_limit), 0);
        ASSERT_EQ(mm_event_center_new(&kernel, &center), 0);
    }

    void TearDown() override
    {
        setrlimit(RLIMIT_NOFILE, &old_limit);
        stop();
        for (int fd : clients)
            close(fd);
        mm_event_center_free(center);
        EXPECT_EQ(rmdir(directory.c_str()), 0) << "a node was left behind";
    }

    /* ---- the server ----------------------------------------------------------------------------------- */

    mm_control_options options(unsigned max_clients = 64) const
    {
        mm_control_options one = {};

        one.path = path.c_str();
        one.mode = 0660;
        one.max_clients = max_clients;
        one.listen_fd = -1;
        return one;
    }

    static void on_packet(mm_control_client *client, const mm_control_peer *peer, const char *packet,
                          size_t length, void *user)
    {
        auto *self = static_cast<ControlSocket *>(user);

        EXPECT_EQ(packet[length], '\0');
        {
            std::lock_guard<std::mutex> lock(self->mutex);

            self->packets.emplace_back(packet, length);
            self->last_peer = *peer;
        }
        if (self->answer)
            self->answer(client, std::string(packet, length));
        else
            (void)mm_control_reply(client, packet, length);
    }

    static void on_gone(mm_control_client *, void *user)
    {
        auto *self = static_cast<ControlSocket *>(user);
        std::lock_guard<std::mutex> lock(self->mutex);

        self->gone++;
    }

    static void on_room(mm_control_client *client, void *user)
    {
        auto *self = static_cast<ControlSocket *>(user);

        {
            std::lock_guard<std::mutex> lock(self->mutex);

            self->rooms++;
        }
        if (self->use_room)
            self->use_room(client);
    }

    static void on_too_long(void *user)
    {
        auto *self = static_cast<ControlSocket *>(user);
        std::lock_guard<std::mutex> lock(self->mutex);

        self->too_long++;
    }

    int add(const mm_control_options &wanted)
    {
        mm_control_handlers handlers = {on_packet, on_gone, this, nullptr, nullptr, on_room, on_too_long};

        return mm_control_source_add(center, &wanted, &handlers);
    }

    /* The loop in a thread of its own, until stop(). */
    void run()
    {
        static const mm_event_source_ops stop_ops = {"stop",
                                                     [](void *self, uint64_t, uint32_t) {
                                                         mm_event_center_stop(
                                                             static_cast<ControlSocket *>(self)->center);
                                                     },
                                                     nullptr, nullptr};

        stop_fd = eventfd(0, EFD_CLOEXEC);
        ASSERT_EQ(mm_event_center_add_source(center, &stop_ops, this), 0);
        ASSERT_EQ(mm_event_center_watch_fd(center, this, stop_fd, EPOLLIN, 0), 0);
        thread = std::thread([this] { EXPECT_EQ(mm_event_center_run(center), 0); });
    }

    void stop()
    {
        uint64_t one = 1;

        if (!thread.joinable())
            return;
        EXPECT_EQ(write(stop_fd, &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
        thread.join();
        mm_event_center_forget_fd(center, stop_fd);
        close(stop_fd);
    }

    void serve(unsigned max_clients = 64)
    {
        ASSERT_EQ(add(options(max_clients)), 0);
        run();
    }

    bool wait_for(const std::function<bool()> &condition)
    {
        for (int i = 0; i < PATIENCE_MS; i++) {
            {
                std::lock_guard<std::mutex> lock(mutex);

                if (condition())
                    return true;
            }
            (void)poll(nullptr, 0, 1);
        }
        return false;
    }

    /* ---- clients -------------------------------------------------------------------------------------- */

    int make_client()
    {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        EXPECT_GE(fd, 0);
        clients.push_back(fd);
        return fd;
    }

    int connect_to(int fd, const std::string &where) const
    {
        sockaddr_un address = {};

        address.sun_family = AF_UNIX;
        mm_copy_text(address.sun_path, sizeof(address.sun_path), where.c_str());
        return connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) < 0 ? -errno : 0;
    }

    int connect_client()
    {
        int fd = make_client();

        EXPECT_EQ(connect_to(fd, path), 0);
        return fd;
    }

    /* As another user, which only root can be; this thread alone. The directory is open to it. */
    int connect_as(uid_t uid)
    {
        int fd = make_client();

        EXPECT_EQ(syscall(SYS_setresuid, -1, uid, -1), 0);
        EXPECT_EQ(connect_to(fd, path), 0);
        EXPECT_EQ(syscall(SYS_setresuid, -1, 0, -1), 0);
        return fd;
    }

    static bool is_root(const mm_control_peer *peer, void *)
    {
        return peer->uid == 0;
    }

    /* Root may change, all others only read. */
    int add_for_all(unsigned max_clients)
    {
        mm_control_handlers handlers = {on_packet, on_gone, this, is_root, nullptr, on_room, on_too_long};
        mm_control_options wanted = options(max_clients);

        wanted.mode = 0666;
        return chmod(directory.c_str(), 0711) < 0 ? -errno
                                                  : mm_control_source_add(center, &wanted, &handlers);
    }

    /* "" at the end of the connection, "timeout" when nothing comes. */
    static std::string receive(int fd)
    {
        std::string packet(MM_CONTROL_PACKET_MAX + 1, '\0');
        pollfd descriptor = {fd, POLLIN, 0};
        ssize_t length;

        if (poll(&descriptor, 1, PATIENCE_MS) != 1)
            return "timeout";
        length = recv(fd, packet.data(), packet.size(), 0);
        // Told once, and before the packets that came earlier.
        if (length < 0 && errno == ECONNRESET)
            length = recv(fd, packet.data(), packet.size(), 0);
        return length > 0 ? packet.substr(0, static_cast<size_t>(length)) : "";
    }

    static void say(int fd, const std::string &packet)
    {
        ASSERT_EQ(send(fd, packet.data(), packet.size(), MSG_NOSIGNAL), static_cast<ssize_t>(packet.size()));
    }

    static std::string ask(int fd, const std::string &packet)
    {
        say(fd, packet);
        return receive(fd);
    }

    static bool is_refused_as_busy(int fd)
    {
        return receive(fd).find("\"busy\"") != std::string::npos && receive(fd).empty();
    }

    mm_kernel_ops ops = clock_ops();
    mm_kernel kernel = {};
    mm_event_center *center = nullptr;
    std::string directory, path;
    std::thread thread;
    int stop_fd = -1;
    std::vector<int> clients;
    rlimit old_limit = {};

    std::mutex mutex;
    std::vector<std::string> packets;
    mm_control_peer last_peer = {};
    unsigned gone = 0, rooms = 0, too_long = 0;
    std::function<void(mm_control_client *, const std::string &)> answer;
    std::function<void(mm_control_client *)> use_room;
};

#endif
