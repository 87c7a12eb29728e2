// SPDX-License-Identifier: Apache-2.0
// What connections hold of processes: "critical", "app-register" and their ends; "memory"; counters of refusals.
#include "request_marks_support.h"
#include "service_server.h"

#include "service/requests/client_marks.h"

#include <linux/sockios.h>
#include <memmgr_client.h>
#include <set>
#include <sys/ioctl.h>
#include <sys/socket.h>

using namespace service_test;

namespace
{

constexpr uid_t Nobody = 65534;

// A client that is the process itself.
class Own : public Client
{
  public:
    Own(World &its_world, pid_t pid, uid_t uid) : Client(its_world, uid)
    {
        request_client.peer.pid = pid;
        request_client.peer.start_time_ticks = start_time_of(its_world, pid);
    }
};

int priority_of(World &world, pid_t pid)
{
    const mm_process *process = mm_priority_manager_find(world.manager, pid);

    return process ? process->priority : -12345;
}

TEST(Critical, IsOffUnlessConfigured)
{
    World world;
    Client root(world);

    EXPECT_EQ(Client::code(root.ask("critical", critical(100))), "not-switchable");
}

TEST(Critical, IsAFloorForAsLongAsTheConnectionLives)
{
    World world;
    Client root(world);

    allow_critical(world, 2);
    report(root, "background", 100, ",\"name\":\"mail\"");
    ASSERT_EQ(priority_of(world, 100), 400);
    {
        Own own(world, 100, 1000);
        Json answer = own.ask("critical", critical(100));

        EXPECT_EQ(Client::code(answer), "");
        EXPECT_TRUE(cJSON_IsTrue(member(answer, "critical")));
        EXPECT_EQ(number_of(member(answer, "priority")), 100);
        EXPECT_EQ(priority_of(world, 100), 100);
        Json list = root.ask("list", ",\"pid\":100");
        const cJSON *process = cJSON_GetArrayItem(member(list, "processes"), 0);
        EXPECT_EQ(text_of(member(process, "rule")), "critical");
        EXPECT_NE(text_of(member(process, "why")).find("critical floor 100 -> 100"), std::string::npos);
        // What it does counts where that is better, and its own account of it stays.
        report(root, "foreground", 100);
        EXPECT_EQ(priority_of(world, 100), 0);
        report(root, "background", 100);
        EXPECT_EQ(priority_of(world, 100), 100);
        // Another connection's end is not this one's.
        Client other(world);
        mm_requests_client_gone(world.requests, &other.request_client);
        EXPECT_EQ(priority_of(world, 100), 100);
        mm_requests_client_gone(world.requests, &own.request_client);
    }
    EXPECT_EQ(priority_of(world, 100), 400);
}

TEST(Critical, HoldsWhoeverNobodyRegisteredToo)
{
    World world;
    Own own(world, 101, 1000);
    mm_event event{};

    allow_critical(world, 2);
    event.kind = MM_EVENT_OOM_SCORE_ADJ;
    event.pid = 101;
    event.payload.process.oom_score_adj = 700;
    mm_event_center_publish(world.center, &event);
    ASSERT_EQ(priority_of(world, 101), 700);
    EXPECT_EQ(Client::code(own.ask("critical", critical(101))), "");
    EXPECT_EQ(priority_of(world, 101), 100);
    EXPECT_EQ(mm_priority_manager_find(world.manager, 101)->written_oom_score_adj, 700);
    EXPECT_EQ(Client::code(own.ask("critical", critical(101, false))), "");
    EXPECT_EQ(priority_of(world, 101), 700);
}

TEST(Critical, SurvivesRegistrationAndFollowsTheConfiguration)
{
    World world;
    Client root(world);

    allow_critical(world, 2);
    EXPECT_EQ(Client::code(root.ask("critical", critical(100))), "");
    report(root, "background", 100, ",\"name\":\"mail\"");
    EXPECT_EQ(priority_of(world, 100), 100);
    allow_critical(world, 2, 30);
    EXPECT_EQ(priority_of(world, 100), 30);
    allow_critical(world, 0);
    EXPECT_EQ(priority_of(world, 100), 400);
    allow_critical(world, 1, 200);
    report(root, "terminated", 100);
    EXPECT_TRUE(mm_priority_manager_find(world.manager, 100)->flags & MM_PROCESS_IS_CRITICAL);
}

TEST(Critical, NobodySpeaksOfAnother)
{
    World world;
    Own own(world, 100, 1000);

    allow_critical(world, 2);
    EXPECT_EQ(Client::code(own.ask("critical", critical(101))), "permission-denied"); // of the same user
    EXPECT_EQ(Client::code(own.ask("critical", critical(102))), "permission-denied");
    EXPECT_EQ(Client::code(own.ask("critical", critical(1))), "protected-process");
    EXPECT_EQ(Client::code(own.ask("critical", critical(OwnPid))), "protected-process");
    EXPECT_EQ(Client::code(own.ask("critical", critical(5000))), "no-such-process");
    EXPECT_EQ(Client::code(own.ask("critical", critical(100) + ",\"uid\":1001")), "wrong-owner");
    EXPECT_EQ(Client::code(own.ask("critical", critical(100) + ",\"start_time\":1")), "no-such-process");
    // A descriptor that outlived its process, whose pid is another's now.
    own.request_client.peer.start_time_ticks++;
    EXPECT_EQ(Client::code(own.ask("critical", critical(100))), "permission-denied");
    own.request_client.peer.start_time_ticks = 0;
    EXPECT_EQ(Client::code(own.ask("critical", critical(100))), "permission-denied");
    for (pid_t pid : {100, 101, 102})
        EXPECT_FALSE(mm_priority_manager_find(world.manager, pid)->flags & MM_PROCESS_IS_CRITICAL) << pid;
}

TEST(Critical, IsBoundedByUserAndTheDeadMakeRoom)
{
    World world;
    Client root(world);

    allow_critical(world, 2);
    EXPECT_EQ(Client::code(root.ask("critical", critical(100))), "");
    EXPECT_EQ(Client::code(root.ask("critical", critical(100))), ""); // once more is not one more
    EXPECT_EQ(Client::code(root.ask("critical", critical(101))), "");
    EXPECT_EQ(Client::code(root.ask("critical", critical(102))), "too-many");
    EXPECT_FALSE(mm_priority_manager_find(world.manager, 102)->flags & MM_PROCESS_IS_CRITICAL);
    Own other(world, 102, 1001);
    EXPECT_EQ(Client::code(other.ask("critical", critical(102))), "");
    EXPECT_EQ(mm_simulated_exit(world.kernel, 100), 0);
    mm_event event{};
    event.kind = MM_EVENT_PROCESS_EXITED;
    event.pid = 100;
    mm_event_center_publish(world.center, &event);
    EXPECT_EQ(Client::code(root.ask("critical", critical(103))), "");
}

TEST(Critical, TheDeadAreNotCounted)
{
    World world;
    Client root(world);
    const auto count = [&] {
        Json status = root.ask("status");

        return number_of(member(member(status, "requests"), "critical_processes"));
    };

    allow_critical(world, 2);
    EXPECT_EQ(Client::code(root.ask("critical", critical(100))), "");
    EXPECT_EQ(count(), 1);
    EXPECT_EQ(mm_simulated_exit(world.kernel, 100), 0);
    mm_event event{};
    event.kind = MM_EVENT_PROCESS_EXITED;
    event.pid = 100;
    mm_event_center_publish(world.center, &event);
    EXPECT_EQ(count(), 0);
}

TEST(Critical, OfTwoConnectionsTheLastOneEndsIt)
{
    World world;
    Client root(world);
    Own own(world, 100, 1000);

    allow_critical(world, 2, 0);
    report(root, "background", 100, ",\"name\":\"mail\"");
    EXPECT_EQ(Client::code(root.ask("critical", critical(100))), "");
    EXPECT_EQ(Client::code(own.ask("critical", critical(100))), "");
    mm_requests_client_gone(world.requests, &root.request_client);
    EXPECT_EQ(priority_of(world, 100), 0);
    EXPECT_EQ(Client::code(own.ask("critical", critical(100, false))), "");
    EXPECT_EQ(priority_of(world, 100), 400);
}

// A process that has just started may speak before the list has heard of it.
TEST(Critical, ANewcomerIsListedByItsWord)
{
    World world;

    allow_critical(world, 2);
    world.spawn(200, 1000, "newcomer");
    ASSERT_EQ(mm_priority_manager_find(world.manager, 200), nullptr);
    Own own(world, 200, 1000);
    Json answer = own.ask("critical", critical(200));
    EXPECT_TRUE(cJSON_IsTrue(member(answer, "critical")));
    ASSERT_NE(mm_priority_manager_find(world.manager, 200), nullptr);
}

TEST(Marks, AreBoundedAndKeepTheirPlaces)
{
    mm_client_marks marks{};
    mm_client_mark mark{};
    const char clients[2] = {};

    for (int i = 0; i < MM_CLIENT_MARKS_MAX; i++) {
        mark.client = &clients[i % 2];
        mark.client_uid = (uid_t)(i % 2);
        mark.pid = i + 1;
        ASSERT_EQ(mm_client_marks_add(&marks, &mark), 0);
    }
    EXPECT_EQ(mm_client_marks_add(&marks, &mark), -ENOSPC);
    EXPECT_EQ(mm_client_marks_of_user(&marks, 1), (unsigned)MM_CLIENT_MARKS_MAX / 2);
    EXPECT_EQ(mm_client_marks_find(&marks, &clients[1], 1), nullptr);
    mm_client_marks_remove(&marks, mm_client_marks_find(&marks, &clients[0], 1));
    EXPECT_FALSE(mm_client_marks_has(&marks, 1));
    for (int i = 1; i < MM_CLIENT_MARKS_MAX; i++)
        EXPECT_TRUE(mm_client_marks_has(&marks, i + 1)) << i;
}

TEST(Memory, TellsAmountsAndTheRowOfTheKillTable)
{
    World world;
    Client reader(world, Nobody);
    Json answer = reader.ask("memory");
    const cJSON *kill = member(answer, "kill");

    EXPECT_EQ(Client::code(answer), "");
    EXPECT_EQ(number_of(member(answer, "total_bytes")), 1024.0 * MM_MIB);
    EXPECT_GT(number_of(member(answer, "available_bytes")), 500.0 * MM_MIB);
    EXPECT_EQ(number_of(member(kill, "level")), 0);
    EXPECT_EQ(member(kill, "min_priority"), nullptr);
    EXPECT_EQ(number_of(member(kill, "levels")), (double)world.config->kill.level_count);
    // Just below the first row's amount but the most severe one's.
    ASSERT_GE(world.config->kill.level_count, 2U);
    world.config->kill.levels[1].memory_bytes = 1024 * MM_MIB;
    answer = reader.ask("memory");
    kill = member(answer, "kill");
    EXPECT_EQ(number_of(member(kill, "level")), 2);
    EXPECT_EQ(number_of(member(kill, "min_priority")), world.config->kill.levels[1].min_priority);
    world.config->kill.is_enabled = false;
    answer = reader.ask("memory");
    EXPECT_EQ(number_of(member(member(answer, "kill"), "level")), 0);
    EXPECT_EQ(number_of(member(member(answer, "kill"), "levels")), 0);
}

TEST(Permission, EachNewRequestIsRefusedToOthersAndCounted)
{
    World world;
    Client reader(world, Nobody), root(world);

    for (const char *request : {"app-register", "app-deregister", "app-reclaim"})
        EXPECT_EQ(Client::code(reader.ask(request, ",\"pid\":100")), "permission-denied") << request;
    EXPECT_EQ(Client::code(reader.ask("critical", critical(100))), "permission-denied");
    EXPECT_EQ(Client::code(root.ask("app-register", ",\"pid\":5000")), "no-such-process");
    EXPECT_EQ(Client::code(root.ask("app-register", ",\"pid\":100,\"uid\":1001")), "wrong-owner");
    EXPECT_EQ(Client::code(root.ask("app-register", ",\"pid\":1")), "protected-process");
    Json status = root.ask("status");
    const cJSON *counters = member(status, "requests");
    EXPECT_EQ(number_of(member(counters, "handled")), 8);
    EXPECT_EQ(number_of(member(counters, "refused")), 7);
    EXPECT_EQ(number_of(member(counters, "permission_denied")), 4);
    EXPECT_EQ(number_of(member(counters, "no_such_process")), 1);
    EXPECT_EQ(number_of(member(counters, "wrong_owner")), 1);
    EXPECT_EQ(number_of(member(counters, "protected_process")), 1);
}

/* ---- applications that are followed, over a real socket ----------------------------------------------- */

class Apps : public ::testing::Test
{
  protected:
    memmgr_client *connect_one() const
    {
        memmgr_client *client = nullptr;

        EXPECT_EQ(memmgr_client_connect(server.path.c_str(), 10000, &client), 0);
        return client;
    }
    Json receive(memmgr_client *client)
    {
        EXPECT_EQ(memmgr_client_receive(client, buffer.data(), buffer.size(), 10000, nullptr), 0);
        return parse(buffer.data());
    }
    std::string ask(memmgr_client *client, const std::string &request)
    {
        std::string packet = "{\"version\":1,\"id\":1,\"request\":" + request + "}";

        EXPECT_EQ(memmgr_client_send(client, packet.data(), packet.size(), 10000), 0);
        return Client::code(receive(client));
    }
    void say(const std::string &word, int pid)
    {
        EXPECT_EQ(ask(reporter, "\"event\",\"name\":\"app" + std::to_string(pid) + "\",\"event\":\"" + word +
                                    "\",\"pid\":" + std::to_string(pid)),
                  "");
    }
    // "100 foreground"
    std::string next()
    {
        Json event = receive(subscriber);

        return describe(event);
    }
    // The same, and "100 foreground now" for what is no change.
    static std::string describe(const Json &event)
    {
        EXPECT_EQ(text_of(member(event, "event")), "app-state");
        return std::to_string((int)number_of(member(event, "pid"))) + " " + text_of(member(event, "state")) +
               (cJSON_IsTrue(member(event, "present")) ? " now" : "");
    }
    void SetUp() override
    {
        subscriber = connect_one();
        registrant = connect_one();
        reporter = connect_one();
        EXPECT_EQ(ask(subscriber, "\"subscribe\",\"events\":[\"app-state\"]"), "");
    }
    void TearDown() override
    {
        for (memmgr_client *client : {subscriber, registrant, reporter})
            memmgr_client_close(client);
    }

    Server server;
    std::vector<char> buffer = std::vector<char>(MEMMGR_CLIENT_PACKET_MAX + 1);
    memmgr_client *subscriber = nullptr, *registrant = nullptr, *reporter = nullptr;
};

TEST_F(Apps, EachChangeIsToldOnce)
{
    say("foreground", 101); // nobody registered it
    EXPECT_EQ(ask(registrant, "\"app-register\",\"pid\":100"), "");
    EXPECT_EQ(next(), "100 background");
    EXPECT_EQ(ask(registrant, "\"app-register\",\"pid\":100"), "");
    say("foreground", 100);
    say("foreground", 100);
    EXPECT_EQ(next(), "100 foreground");
    say("background", 100);
    EXPECT_EQ(next(), "100 background");
    say("visible", 100);
    EXPECT_EQ(next(), "100 visible");
    say("suspend", 100);
    EXPECT_EQ(next(), "100 suspended");
    EXPECT_EQ(ask(registrant, "\"app-reclaim\",\"pid\":100"), "");
    EXPECT_EQ(next(), "100 reclaim");
    EXPECT_EQ(ask(registrant, "\"app-register\",\"pid\":101"), "");
    EXPECT_EQ(next(), "101 foreground");
    server.run([](World &world) {
        mm_event event{};

        EXPECT_EQ(mm_simulated_exit(world.kernel, 100), 0);
        event.kind = MM_EVENT_PROCESS_EXITED;
        event.pid = 100;
        mm_event_center_publish(world.center, &event);
    });
    EXPECT_EQ(next(), "100 ended");
    EXPECT_EQ(ask(registrant, "\"app-deregister\",\"pid\":100"), "no-such-process");
    EXPECT_EQ(ask(registrant, "\"app-deregister\",\"pid\":101"), "");
    EXPECT_EQ(next(), "101 forgotten");
}

TEST_F(Apps, WhoComesLateIsToldWhatTheyAre)
{
    memmgr_client *late = connect_one();

    for (int pid : {101, 100})
        EXPECT_EQ(ask(registrant, "\"app-register\",\"pid\":" + std::to_string(pid)), "");
    EXPECT_EQ(ask(reporter, R"("app-register","pid":100)"), "");
    say("foreground", 100);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(ask(late, R"("subscribe","events":["app-state"])"), "");
        EXPECT_EQ(describe(receive(late)), "100 foreground now");
        EXPECT_EQ(describe(receive(late)), "101 background now");
    }
    say("visible", 101);
    EXPECT_EQ(describe(receive(late)), "101 visible");
    EXPECT_EQ(ask(late, R"("subscribe","events":["account"])"), "");
    say("foreground", 101);
    EXPECT_EQ(memmgr_client_receive(late, buffer.data(), buffer.size(), 0, nullptr), -ETIMEDOUT);
    // changes are told to the others, nothing else
    for (const char *change :
         {"101 background", "100 background", "100 foreground", "101 visible", "101 foreground"})
        EXPECT_EQ(next(), change);
    EXPECT_EQ(memmgr_client_receive(subscriber, buffer.data(), buffer.size(), 0, nullptr), -ETIMEDOUT);
    memmgr_client_close(late);
}

// The daemon's end of the connection that is made by the function: of this process, too.
template <typename Function> int new_server_fd(const Function &connect)
{
    std::set<int> before;
    const auto visit_sockets = [](const auto &visit) {
        for (int fd = 0; fd < 1024; fd++) {
            int type = 0, is_listening = 0;
            socklen_t length = sizeof(type);

            if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET &&
                getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) == 0 && !is_listening)
                visit(fd);
        }
    };
    int found = -1;

    visit_sockets([&](int fd) { before.insert(fd); });
    const int client_fd = memmgr_client_fd(connect());
    visit_sockets([&](int fd) { found = fd != client_fd && before.count(fd) == 0 ? fd : found; });
    EXPECT_GE(found, 0);
    return found;
}

// Bytes, with what the kernel adds, that were sent and are not read yet.
int unread_by_peer(int fd)
{
    int count = 0;

    EXPECT_EQ(ioctl(fd, SIOCOUTQ, &count), 0);
    return count;
}

// With as many applications as there can be, to one that reads nothing for long.
class SlowReader : public Apps
{
  protected:
    static constexpr int first = 1000, count = 256;

    void SetUp() override
    {
        Apps::SetUp();
        server.run([](World &world) {
            for (int pid = first; pid < first + count; pid++)
                world.spawn(pid, 1000, "app");
        });
        memmgr_client_close(subscriber);
        subscriber = nullptr;
        for (int pid = first; pid < first + count; pid++)
            ASSERT_EQ(ask(registrant, "\"app-register\",\"pid\":" + std::to_string(pid)), "");
        server_fd = new_server_fd([this] {
            slow = connect_one();
            EXPECT_EQ(ask(slow, "\"memory\""), ""); // by when it is accepted
            return slow;
        });
        // far less than all of them take, whatever the machine has by default
        const int wanted = 64 * 1024;
        socklen_t length = sizeof(room_bytes);
        ASSERT_EQ(setsockopt(server_fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted)), 0);
        ASSERT_EQ(getsockopt(server_fd, SOL_SOCKET, SO_SNDBUF, &room_bytes, &length), 0);
    }
    void TearDown() override
    {
        memmgr_client_close(slow);
        Apps::TearDown();
    }
    void send_slowly(const std::string &request) const
    {
        const std::string packet = R"({"version":1,"id":7,"request":)" + request + "}";

        ASSERT_EQ(memmgr_client_send(slow, packet.data(), packet.size(), 10000), 0);
    }
    // Reads all that the slow one is sent: so many answers, and after the last time the states from the first to the last.
    void expect_all(int answers)
    {
        int expected = first;

        while (answers > 0 || expected < first + count) {
            Json packet = receive(slow);

            ASSERT_TRUE(packet) << "dropped";
            if (member(packet, "ok")) {
                answers--;
                continue;
            }
            // told anew from the first after each time
            const int pid = (int)number_of(member(packet, "pid"));
            if (pid == first)
                expected = first;
            ASSERT_EQ(pid, expected);
            EXPECT_EQ(describe(packet), std::to_string(pid) + " background now");
            expected++;
        }
        EXPECT_EQ(memmgr_client_receive(slow, buffer.data(), buffer.size(), 100, nullptr), -ETIMEDOUT);
    }

    memmgr_client *slow = nullptr;
    int server_fd = -1, room_bytes = 0;
};

const char *const subscribe_states = R"("subscribe","events":["app-state"])";

TEST_F(SlowReader, IsToldAllThoughItAsksAgainAndAgain)
{
    constexpr int times = 8;

    for (int i = 0; i < times; i++) {
        send_slowly(subscribe_states);
        // by when this is answered all has been sent that will be without reading
        for (int turn = 0; turn < 20; turn++)
            EXPECT_EQ(ask(reporter, "\"memory\""), "");
    }
    EXPECT_LE(unread_by_peer(server_fd), room_bytes);
    expect_all(times);
}

// There is room for the answer, and for little else.
TEST_F(SlowReader, IsNotDroppedThoughItAsksWithMuchUnread)
{
    int answers = 0, before = 0, one_answer = 0;
    // Until the daemon has said something to it, or dropped it.
    const auto ask_unread = [&](const std::string &request) {
        before = unread_by_peer(server_fd);
        send_slowly(request);
        answers++;
        while (unread_by_peer(server_fd) == before)
            EXPECT_EQ(ask(reporter, "\"memory\""), "");
    };

    do {
        ask_unread("\"memory\"");
        one_answer = unread_by_peer(server_fd) - before;
    } while (unread_by_peer(server_fd) + 4 * one_answer < room_bytes);
    ask_unread(subscribe_states);
    EXPECT_EQ(ask(reporter, "\"memory\""), ""); // after all that the other causes
    expect_all(answers);
}

TEST_F(Apps, AreForgottenWithTheLastConnectionThatRegisteredThem)
{
    EXPECT_EQ(ask(registrant, "\"app-register\",\"pid\":100"), "");
    EXPECT_EQ(next(), "100 background");
    EXPECT_EQ(ask(reporter, "\"app-register\",\"pid\":100"), "");
    memmgr_client_close(registrant);
    registrant = nullptr;
    say("foreground", 100); // told to the one that is left
    EXPECT_EQ(next(), "100 foreground");
    memmgr_client_close(reporter);
    reporter = nullptr;
    EXPECT_EQ(next(), "100 forgotten");
}

} // namespace
