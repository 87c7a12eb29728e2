/* SPDX-License-Identifier: Apache-2.0 */
/* The transport of the control socket over real sockets: connections without end, clients that misbehave. */
#include "common/common.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/event_center.h"
#pragma GCC diagnostic pop

#include <errno.h>
#include <fcntl.h>
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

#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace
{

/* Far above what anything here takes, on a busy machine too. */
constexpr int PATIENCE_MS = 20000;

/* All that a center needs of a kernel: a clock. */
uint64_t clock_ns(mm_kernel *)
{
    timespec time = {};

    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.tv_sec) * MM_NS_PER_S + static_cast<uint64_t>(time.tv_nsec);
}

int no_notice_fd(mm_kernel *)
{
    return -1;
}

void no_notices(mm_kernel *, mm_notice_visit, void *)
{
}

mm_kernel_ops clock_ops()
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

    int add(const mm_control_options &wanted)
    {
        mm_control_handlers handlers = {on_packet, on_gone, this, nullptr};

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
        mm_control_handlers handlers = {on_packet, on_gone, this, is_root};
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
    unsigned gone = 0;
    std::function<void(mm_control_client *, const std::string &)> answer;
};

/* ---- packets -------------------------------------------------------------------------------------------- */

TEST_F(ControlSocket, APacketIsARequestAndItsSenderIsKnown)
{
    serve();
    int fd = connect_client();

    EXPECT_EQ(ask(fd, "{\"one\":1}"), "{\"one\":1}");
    say(fd, "first");
    say(fd, "second");
    EXPECT_EQ(receive(fd), "first");
    EXPECT_EQ(receive(fd), "second");
    stop();
    EXPECT_EQ(last_peer.pid, getpid());
    EXPECT_EQ(last_peer.uid, getuid());
    EXPECT_EQ(last_peer.gid, getgid());
}

TEST_F(ControlSocket, TheLargestPacketPassesAndALargerOneIsRefusedButNotItsSender)
{
    serve();
    int fd = connect_client();
    std::string largest(MM_CONTROL_PACKET_MAX, 'x');

    EXPECT_EQ(ask(fd, largest), largest);
    EXPECT_NE(ask(fd, largest + "x").find("too-long"), std::string::npos);
    EXPECT_NE(ask(fd, std::string(150000, 'y')).find("too-long"), std::string::npos);
    EXPECT_EQ(ask(fd, "and on"), "and on");
    stop();
    EXPECT_EQ(packets.size(), 2u) << "no handler saw the others";
}

TEST_F(ControlSocket, ZerosAndAnyBytesArriveAsTheyAre)
{
    std::string bytes("\0\1\2\xff\0", 5);

    serve();
    EXPECT_EQ(ask(connect_client(), bytes), bytes);
}

TEST_F(ControlSocket, WhatComesWithTheConnectionIsServedInTheSameTurn)
{
    answer = [this](mm_control_client *, const std::string &) { mm_event_center_stop(center); };
    ASSERT_EQ(add(options()), 0);
    say(connect_client(), "hello");
    ASSERT_EQ(mm_event_center_run(center), 0);
    EXPECT_EQ(packets, (std::vector<std::string>{"hello"}));
    EXPECT_EQ(mm_event_center_counters(center)->wakeups, 1u);
}

TEST_F(ControlSocket, AClientThatTalksWithoutEndDoesNotKeepOthersWaiting)
{
    answer = [this](mm_control_client *, const std::string &packet) {
        if (packet == "modest")
            mm_event_center_stop(center);
    };
    ASSERT_EQ(add(options()), 0);
    int talker = connect_client();
    int modest = connect_client();

    for (int i = 0; i < 100; i++)
        say(talker, "talk");
    say(modest, "modest");
    ASSERT_EQ(mm_event_center_run(center), 0);
    EXPECT_LE(packets.size(), 40u);
    EXPECT_EQ(packets.back(), "modest");
}

/* ---- those who may only read ----------------------------------------------------------------------------- */

TEST_F(ControlSocket, ARefusalArrivesThoughTheClientHadSpokenAlready)
{
    ASSERT_EQ(add(options(1)), 0);
    connect_client();
    std::vector<int> refused;
    for (int i = 0; i < 20; i++) {
        refused.push_back(connect_client());
        say(refused.back(), "status");
    }
    run();
    for (int fd : refused)
        EXPECT_TRUE(is_refused_as_busy(fd));
}

TEST_F(ControlSocket, IdleReadersMakeRoomForThePrivilegedTheLongestIdleFirst)
{
    if (geteuid() != 0)
        GTEST_SKIP() << "only root can be others";
    ASSERT_EQ(add_for_all(4), 0);
    run();
    std::vector<int> readers;
    for (int i = 0; i < 4; i++) {
        readers.push_back(connect_as(65534));
        EXPECT_EQ(ask(readers.back(), "hello"), "hello");
    }
    EXPECT_EQ(ask(readers[0], "again"), "again");
    EXPECT_TRUE(is_refused_as_busy(connect_as(65534))) << "of one user's own none makes room";
    EXPECT_EQ(ask(connect_client(), "root"), "root");
    EXPECT_TRUE(is_refused_as_busy(readers[1]));
    EXPECT_EQ(ask(readers[0], "there"), "there");
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(ask(connect_client(), "root"), "root");
    EXPECT_TRUE(is_refused_as_busy(connect_client())) << "the privileged are left alone";
}

TEST_F(ControlSocket, AUserWithManyConnectionsMakesRoomForOneWithFewer)
{
    if (geteuid() != 0)
        GTEST_SKIP() << "only root can be others";
    ASSERT_EQ(add_for_all(4), 0);
    run();
    std::vector<int> readers;
    for (int i = 0; i < 4; i++) {
        readers.push_back(connect_as(65534));
        EXPECT_EQ(ask(readers.back(), "hello"), "hello");
    }
    EXPECT_EQ(ask(connect_as(65533), "other"), "other");
    EXPECT_TRUE(is_refused_as_busy(readers[0]));
    EXPECT_EQ(ask(connect_as(65533), "other"), "other");
    EXPECT_TRUE(is_refused_as_busy(readers[1]));
    EXPECT_TRUE(is_refused_as_busy(connect_as(65533))) << "two each";
    EXPECT_EQ(ask(readers[2], "there"), "there");
}

TEST_F(ControlSocket, AReadersFloodWaitsAndThePrivilegedAreServedMeanwhile)
{
    size_t before_last = 0;

    if (geteuid() != 0)
        GTEST_SKIP() << "only root can be others";
    /* each of the reader's packets takes the loop 5 ms */
    answer = [&](mm_control_client *client, const std::string &packet) {
        uint64_t end_ns = clock_ns(nullptr) + (packet == "read" ? 5 : 0) * MM_NS_PER_MS;

        while (clock_ns(nullptr) < end_ns)
            continue;
        if (packet == "last")
            before_last = packets.size();
        (void)mm_control_reply(client, packet.data(), packet.size());
    };
    ASSERT_EQ(add_for_all(8), 0);
    std::vector<int> readers = {connect_as(65534), connect_as(65534)};
    for (size_t i = 0; i < 30; i++)
        say(readers[i % 2], "read");
    int reporter = connect_client();
    for (int i = 0; i < 20; i++)
        say(reporter, i < 19 ? "event" : "last");
    uint64_t begin_ns = clock_ns(nullptr);
    run();
    EXPECT_TRUE(wait_for([this] { return packets.size() == 50; })) << "all are answered in the end";
    /* 150 ms of work less what there is at once and one packet too much, at a twentieth */
    EXPECT_GE(clock_ns(nullptr) - begin_ns, 20 * 90 * MM_NS_PER_MS);
    EXPECT_LE(before_last, 22u) << "one packet takes the readers' part of a wake-up";
}

/* ---- clients that misbehave ----------------------------------------------------------------------------- */

TEST_F(ControlSocket, AClientThatNeverReadsIsDroppedAndTheOthersAreServed)
{
    answer = [](mm_control_client *client, const std::string &packet) {
        (void)mm_control_reply(client, std::string(60000, 'x').data(), packet == "small" ? 5 : 60000);
    };
    serve();
    int other = connect_client();
    int deaf = connect_client();

    EXPECT_EQ(ask(other, "small"), "xxxxx");
    while (send(deaf, "more", 4, MSG_NOSIGNAL) == 4) {
    }
    EXPECT_TRUE(wait_for([this] { return gone == 1; }));
    EXPECT_EQ(ask(other, "small"), "xxxxx");
    while (receive(deaf).size() == 60000) {
    }
    EXPECT_EQ(receive(deaf), "") << "what was sent before can be read; then it is over";
}

TEST_F(ControlSocket, AClientThatLeavesIsReportedGoneOnceAndItsPlaceIsFree)
{
    serve(1);
    int fd = connect_client();

    EXPECT_EQ(ask(fd, "x"), "x");
    shutdown(fd, SHUT_RDWR);
    EXPECT_TRUE(wait_for([this] { return gone == 1; }));
    EXPECT_EQ(ask(connect_client(), "y"), "y");
    stop();
    EXPECT_EQ(gone, 1u);
}

TEST_F(ControlSocket, AnEmptyPacketEndsTheConnection)
{
    serve();
    int fd = connect_client();

    ASSERT_EQ(send(fd, "", 0, MSG_NOSIGNAL), 0);
    EXPECT_EQ(receive(fd), "");
}

TEST_F(ControlSocket, AClientDroppedByAnothersRequestIsNotServedInTheSameTurn)
{
    unsigned from_deaf = 0;

    answer = [&](mm_control_client *client, const std::string &packet) {
        if (packet == "deaf") {
            from_deaf++;
            mm_control_set_data(client, 7);
            return;
        }
        if (packet == "end") {
            mm_event_center_stop(center);
            return;
        }
        mm_control_for_each(
            center,
            [](mm_control_client *one, void *) {
                std::string large(60000, 'x');

                while (mm_control_data(one) == 7 && mm_control_reply(one, large.data(), large.size()) == 0) {
                }
            },
            nullptr);
    };
    ASSERT_EQ(add(options()), 0);
    int first = connect_client();
    int deaf = connect_client();
    /* the second makes itself known; the first has it dropped while its next packet waits */
    std::thread loop([this] { EXPECT_EQ(mm_event_center_run(center), 0); });

    say(deaf, "deaf");
    ASSERT_TRUE(wait_for([&] { return packets.size() == 1; }));
    say(first, "drop the others");
    ASSERT_TRUE(wait_for([&] { return gone == 1; }));
    EXPECT_LT(send(deaf, "deaf", 4, MSG_NOSIGNAL), 0);
    int third = connect_client();
    say(third, "end");
    loop.join();
    EXPECT_EQ(from_deaf, 1u);
    EXPECT_EQ(packets.back(), "end");
}

/* ---- connections without end ---------------------------------------------------------------------------- */

TEST_F(ControlSocket, TenThousandConnectionsAreTakenOrRefusedAndNobodyServedSuffers)
{
    rlimit limit = {20000, 20000};

    if (old_limit.rlim_max < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) < 0)
        GTEST_SKIP() << "needs 20,000 descriptors";
    limit.rlim_max = std::max(old_limit.rlim_max, limit.rlim_max);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    serve(64);
    for (int i = 0; i < 64; i++)
        EXPECT_EQ(ask(connect_client(), "in"), "in");
    for (int i = 64; i < 10000; i++)
        connect_client();
    for (size_t i = 64; i < clients.size(); i++)
        ASSERT_TRUE(is_refused_as_busy(clients[i])) << i;
    for (size_t i = 0; i < 64; i++)
        ASSERT_EQ(ask(clients[i], "still in"), "still in") << i;
    for (int fd : clients)
        close(fd);
    clients.clear();
    ASSERT_TRUE(wait_for([this] { return gone == 64; }));
    EXPECT_EQ(ask(connect_client(), "again"), "again");
}

TEST_F(ControlSocket, AThousandAndTwentyFourClientsAreServed)
{
    rlimit limit = {4096, std::max<rlim_t>(old_limit.rlim_max, 4096)};

    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    serve(1024);
    for (int i = 0; i < 1024; i++)
        connect_client();
    for (int fd : clients)
        ASSERT_EQ(ask(fd, "x"), "x");
    EXPECT_TRUE(is_refused_as_busy(connect_client()));
}

TEST_F(ControlSocket, WithoutDescriptorsConnectionsAreRefusedNotLeftHanging)
{
    rlimit limit = old_limit;

    serve();
    int served = connect_client();

    ASSERT_EQ(ask(served, "x"), "x");
    for (int i = 0; i < 20; i++)
        make_client();
    /* every number below is taken, the reserve's included */
    limit.rlim_cur = static_cast<rlim_t>(clients.back()) + 1;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (size_t i = 1; i < clients.size(); i++) {
        ASSERT_EQ(connect_to(clients[i], path), 0);
        EXPECT_TRUE(is_refused_as_busy(clients[i])) << i;
    }
    EXPECT_EQ(ask(served, "y"), "y");
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old_limit), 0);
    EXPECT_EQ(ask(connect_client(), "z"), "z");
}

/* What is left is for kills: holding and looking at a process takes two. */
TEST_F(ControlSocket, ClientsDoNotGetTheLastDescriptors)
{
    rlimit limit = old_limit;
    std::vector<int> fillers;

    serve();
    for (int i = 0; i < 20; i++)
        make_client();
    limit.rlim_cur = static_cast<rlim_t>(clients.back()) + 8;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (size_t i = 0; i < clients.size(); i++) {
        ASSERT_EQ(connect_to(clients[i], path), 0);
        if (i < 5)
            EXPECT_EQ(ask(clients[i], "x"), "x") << i;
        else
            EXPECT_TRUE(is_refused_as_busy(clients[i])) << i;
    }
    for (int fd = dup(0); fd >= 0; fd = dup(0))
        fillers.push_back(fd);
    EXPECT_GE(fillers.size(), 2u);
    for (int fd : fillers)
        close(fd);
}

TEST_F(ControlSocket, WhereNotEvenARefusalIsPossibleItPausesInsteadOfSpinning)
{
    rlimit limit = old_limit;

    serve();
    int waiting = make_client();

    limit.rlim_cur = 3; /* no number that could be had is below */
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ASSERT_EQ(connect_to(waiting, path), 0);
    (void)poll(nullptr, 0, 450);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old_limit), 0);
    EXPECT_EQ(ask(waiting, "patience"), "patience");
    stop();
    EXPECT_LE(mm_event_center_counters(center)->wakeups, 25u);
}

/* ---- the node ------------------------------------------------------------------------------------------- */

TEST_F(ControlSocket, ADeadDaemonsNodeIsReplaced)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    struct stat node;

    address.sun_family = AF_UNIX;
    mm_copy_text(address.sun_path, sizeof(address.sun_path), path.c_str());
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)), 0);
    close(fd);
    serve();
    EXPECT_EQ(ask(connect_client(), "x"), "x");
    ASSERT_EQ(stat(path.c_str(), &node), 0);
    EXPECT_EQ(node.st_mode & 0777u, 0660u);
}

TEST_F(ControlSocket, ALiveNodeOfAnyTypeIsLeftAlone)
{
    for (int type : {SOCK_SEQPACKET, SOCK_STREAM, SOCK_DGRAM}) {
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        sockaddr_un address = {};
        struct stat before, after;

        address.sun_family = AF_UNIX;
        mm_copy_text(address.sun_path, sizeof(address.sun_path), path.c_str());
        ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)), 0);
        if (type != SOCK_DGRAM) {
            ASSERT_EQ(listen(fd, 1), 0);
        }
        ASSERT_EQ(lstat(path.c_str(), &before), 0);
        EXPECT_EQ(add(options()), -EADDRINUSE) << type;
        ASSERT_EQ(lstat(path.c_str(), &after), 0);
        EXPECT_EQ(before.st_ino, after.st_ino);
        close(fd);
        ASSERT_EQ(unlink(path.c_str()), 0);
    }
}

TEST_F(ControlSocket, AnotherInstanceIsRefusedWhileThisOneLives)
{
    mm_event_center *other = nullptr;
    mm_control_handlers handlers = {on_packet, on_gone, this, nullptr};
    mm_control_options wanted = options();

    serve();
    ASSERT_EQ(mm_event_center_new(&kernel, &other), 0);
    EXPECT_EQ(mm_control_source_add(other, &wanted, &handlers), -EADDRINUSE);
    mm_event_center_free(other);
    EXPECT_EQ(ask(connect_client(), "still here"), "still here");
}

TEST_F(ControlSocket, WhatCannotBeASocketIsRefused)
{
    const std::string file = directory + "/file";
    const std::string long_path = directory + "/" + std::string(120, 'x');
    const std::string nowhere = directory + "/none/control.sock";
    mm_control_options wanted = options();
    int fd = open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    close(fd);
    wanted.path = file.c_str();
    EXPECT_EQ(add(wanted), -ENOTSOCK);
    EXPECT_EQ(access(file.c_str(), F_OK), 0);
    EXPECT_EQ(unlink(file.c_str()), 0);
    wanted.path = long_path.c_str();
    EXPECT_EQ(add(wanted), -ENAMETOOLONG);
    wanted.path = nowhere.c_str();
    EXPECT_EQ(add(wanted), -ENOENT);
    wanted = options();
    wanted.group = "no-such-group-anywhere";
    EXPECT_EQ(add(wanted), -ENOENT);
    for (unsigned max_clients : {0u, 1025u})
        EXPECT_EQ(add(options(max_clients)), -EINVAL);
}

TEST_F(ControlSocket, WithoutAPathThereIsNoSocket)
{
    mm_control_options wanted = options();

    wanted.path = "";
    EXPECT_EQ(add(wanted), 0);
    wanted.path = nullptr;
    EXPECT_EQ(add(wanted), 0);
}

TEST_F(ControlSocket, ANodeThatIsSomebodyElsesByNowStaysWhenItEnds)
{
    serve();
    ASSERT_EQ(unlink(path.c_str()), 0);
    int other = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    stop();
    mm_event_center_free(center);
    center = nullptr;
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
    close(other);
    ASSERT_EQ(unlink(path.c_str()), 0);
}

TEST_F(ControlSocket, AHandedOverSocketThatBlocksIsServedWithoutBlockingAndItsNodeStays)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    mm_control_options wanted = options();

    address.sun_family = AF_UNIX;
    mm_copy_text(address.sun_path, sizeof(address.sun_path), path.c_str());
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)), 0);
    ASSERT_EQ(listen(fd, 10), 0);
    wanted.listen_fd = fd;
    ASSERT_EQ(add(wanted), 0);
    run();
    EXPECT_EQ(ask(connect_client(), "x"), "x");
    EXPECT_EQ(ask(connect_client(), "y"), "y");
    stop();
    mm_event_center_free(center);
    center = nullptr;
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
    ASSERT_EQ(unlink(path.c_str()), 0);
}

} // namespace
