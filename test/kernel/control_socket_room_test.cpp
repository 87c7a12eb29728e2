/* SPDX-License-Identifier: Apache-2.0 */
/* What is more than a client's socket takes at once: told when it has room, and the loop and its user have the time. */
#include "control_socket_fixture.h"

#include <algorithm>

namespace
{

/* The packets that are handled in one wake-up. */
constexpr int AT_ONCE = 32;

class ControlRoom : public ControlSocket
{
  protected:
    /* "want" asks for room; all is answered with itself, "much" with more than a socket with room holds. */
    void SetUp() override
    {
        ControlSocket::SetUp();
        answer = [this](mm_control_client *client, const std::string &packet) {
            if (packet == "want")
                mm_control_want_room(client);
            else if (packet == "much")
                say_much(client);
            else
                (void)mm_control_reply(client, packet.data(), packet.size());
        };
    }

    /* Until there is room no more. */
    static void say_much(mm_control_client *client)
    {
        const std::string packet(4000, 'x');

        EXPECT_TRUE(mm_control_has_room(client));
        while (mm_control_has_room(client))
            ASSERT_EQ(mm_control_reply(client, packet.data(), packet.size()), 0);
        mm_control_want_room(client);
    }

    /* That, after whatever else. */
    static bool is_told(int fd, const std::string &packet)
    {
        std::string one = receive(fd);

        while (one != packet && one != "" && one != "timeout")
            one = receive(fd);
        return one == packet;
    }
};

TEST_F(ControlRoom, IsThereOnceWhenMostWasRead)
{
    serve();
    int slow = connect_client(), other = connect_client();

    say(slow, "much");
    EXPECT_TRUE(wait_for([this] { return packets.size() == 1; }));
    for (int i = 0; i < 10; i++)
        EXPECT_EQ(ask(other, "turn"), "turn");
    {
        std::lock_guard<std::mutex> lock(mutex);
        EXPECT_EQ(rooms, 0u) << "nothing was read yet";
    }
    say(slow, "end");
    EXPECT_TRUE(is_told(slow, "end"));
    EXPECT_TRUE(wait_for([this] { return rooms == 1; }));
    for (int i = 0; i < 10; i++)
        EXPECT_EQ(ask(other, "turn"), "turn");
    EXPECT_EQ(ask(slow, "there"), "there");
    stop();
    EXPECT_EQ(rooms, 1u) << "it was asked for once";
}

/* Which another connection of its user has spent. */
TEST_F(ControlRoom, OfAReaderWaitsForItsBudget)
{
    uint64_t spent_ns = 0, given_ns = 0, wakeups = 0;

    if (geteuid() != 0)
        GTEST_SKIP() << "only root can be others";
    answer = [&](mm_control_client *client, const std::string &packet) {
        /* twice what a reader may use up at once, of which it gets a twentieth of the time back */
        const uint64_t end_ns = clock_ns(nullptr) + 100 * MM_NS_PER_MS;

        if (packet == "much")
            say_much(client);
        while (packet == "spend" && clock_ns(nullptr) < end_ns)
            continue;
        if (packet == "spend") {
            spent_ns = clock_ns(nullptr);
            wakeups = mm_event_center_counters(center)->wakeups;
        }
        (void)mm_control_reply(client, packet.data(), packet.size());
    };
    use_room = [&](mm_control_client *client) {
        given_ns = clock_ns(nullptr);
        wakeups = mm_event_center_counters(center)->wakeups - wakeups;
        (void)mm_control_reply(client, "room", 4);
    };
    ASSERT_EQ(add_for_all(8), 0);
    run();
    int reader = connect_as(65534), spender = connect_as(65534);
    say(reader, "much");
    EXPECT_TRUE(wait_for([this] { return packets.size() == 1; }));
    EXPECT_EQ(ask(spender, "spend"), "spend");
    EXPECT_TRUE(is_told(reader, "much"));
    EXPECT_EQ(receive(reader), "room");
    EXPECT_EQ(ask(reader, "and on"), "and on");
    stop();
    EXPECT_EQ(rooms, 1u);
    /* 50 ms and more beyond what there was */
    EXPECT_GE(given_ns - spent_ns, 20 * 45 * MM_NS_PER_MS);
    EXPECT_LE(wakeups, 4 + (given_ns - spent_ns) / (10 * MM_NS_PER_MS)) << "it is looked at now and then";
}

TEST_F(ControlRoom, IsOverloadedByNobodyButTheClientItself)
{
    use_room = [](mm_control_client *client) {
        const std::string packet(60000, 'x');
        int result = 0;

        for (int i = 0; i < 1000 && result == 0; i++)
            result = mm_control_reply(client, packet.data(), packet.size());
        EXPECT_EQ(result, -EAGAIN);
        EXPECT_FALSE(mm_control_has_room(client));
        mm_control_want_room(client); /* in vain */
        EXPECT_EQ(mm_control_reply(client, "x", 1), -EPIPE);
    };
    serve(2);
    int deaf = connect_client(), other = connect_client();

    EXPECT_EQ(ask(other, "before"), "before");
    say(deaf, "want");
    EXPECT_TRUE(wait_for([this] { return gone == 1; }));
    EXPECT_EQ(ask(other, "after"), "after");
    EXPECT_EQ(ask(connect_client(), "its place"), "its place");
    stop();
    EXPECT_EQ(rooms, 1u);
    EXPECT_EQ(gone, 1u);
}

TEST_F(ControlRoom, ComesAfterThePacketsOfTheSameReport)
{
    size_t handled = 0;

    use_room = [&](mm_control_client *) {
        std::lock_guard<std::mutex> lock(mutex);

        handled = packets.size();
        mm_event_center_stop(center);
    };
    ASSERT_EQ(add(options()), 0);
    int fd = connect_client();
    for (int i = 0; i < AT_ONCE + 8; i++)
        say(fd, i == 0 ? "want" : "x");
    ASSERT_EQ(mm_event_center_run(center), 0);
    EXPECT_EQ(handled, (size_t)AT_ONCE + 8);
    EXPECT_EQ(rooms, 1u);
}

TEST_F(ControlRoom, IsNotGivenToWhomAPacketOfTheSameReportEnded)
{
    ASSERT_EQ(add(options()), 0);
    int fd = connect_client();
    answer = [this](mm_control_client *client, const std::string &packet) {
        if (packet == "want")
            mm_control_want_room(client);
        if (packet == "end") {
            const std::string much(60000, 'x');

            while (mm_control_reply(client, much.data(), much.size()) == 0)
                continue;
            mm_event_center_stop(center);
        }
    };
    for (int i = 0; i < AT_ONCE; i++)
        say(fd, i == 0 ? "want" : "x");
    say(fd, "end");
    ASSERT_EQ(mm_event_center_run(center), 0);
    EXPECT_EQ(packets.back(), "end");
    EXPECT_EQ(gone, 1u);
    EXPECT_EQ(rooms, 0u);
}

} // namespace
