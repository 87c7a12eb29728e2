/* SPDX-License-Identifier: Apache-2.0 */
/* The transport of the control socket over real sockets: connections without end, clients that misbehave. */
#include "control_socket_fixture.h"

#include <algorithm>

namespace
{

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
    EXPECT_EQ(too_long, 2u) << "but they were counted";
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

TEST_F(ControlSocket, WakingTheLoopForEachSmallPacketIsPaidForToo)
{
    constexpr int trips = 12000;

    if (geteuid() != 0)
        GTEST_SKIP() << "only root can be others";
    ASSERT_EQ(add_for_all(8), 0);
    run();
    int reader = connect_as(65534);
    uint64_t begin_ns = clock_ns(nullptr);
    for (int i = 0; i < trips; i++)
        ASSERT_EQ(ask(reader, "x"), "x");
    /* 10 us each, less what there is at once, at a twentieth */
    EXPECT_GE(clock_ns(nullptr) - begin_ns, 20 * (trips * 10 * MM_NS_PER_US - 50 * MM_NS_PER_MS));
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

} // namespace
