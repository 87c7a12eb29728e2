// SPDX-License-Identifier: Apache-2.0
// The client library, against a daemon and against sockets that misbehave.
#include "service_server.h"

#include <cerrno>
#include <csignal>
#include <memmgr_client.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

using namespace service_test;

namespace
{

struct ClientClose {
    void operator()(memmgr_client *client) const
    {
        memmgr_client_close(client);
    }
};
using Connection = std::unique_ptr<memmgr_client, ClientClose>;

Connection connect_to(const std::string &path, int *ret_result = nullptr, int timeout_ms = 10000)
{
    memmgr_client *client = nullptr;
    int result = memmgr_client_connect(path.c_str(), timeout_ms, &client);

    if (ret_result)
        *ret_result = result;
    else
        EXPECT_EQ(result, 0);
    return Connection(client);
}

void send_text(const Connection &client, const std::string &text)
{
    ASSERT_EQ(memmgr_client_send(client.get(), text.data(), text.size(), 10000), 0);
}

Json receive_json(const Connection &client)
{
    std::vector<char> buffer(MEMMGR_CLIENT_PACKET_MAX + 1);
    size_t length = 0;

    EXPECT_EQ(memmgr_client_receive(client.get(), buffer.data(), buffer.size(), 10000, &length), 0);
    EXPECT_EQ(strlen(buffer.data()), length);
    return parse(buffer.data());
}

// A listening socket of which the test itself is the daemon.
class FakeDaemon
{
  public:
    explicit FakeDaemon(int backlog = 8)
    {
        sockaddr_un address{};

        path = directory.path + "/s";
        address.sun_family = AF_UNIX;
        mm_copy_text(address.sun_path, sizeof(address.sun_path), path.c_str());
        listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        EXPECT_EQ(bind(listen_fd, (const sockaddr *)&address, sizeof(address)), 0);
        EXPECT_EQ(listen(listen_fd, backlog), 0);
    }
    ~FakeDaemon()
    {
        close(listen_fd);
    }
    FakeDaemon(const FakeDaemon &) = delete;
    FakeDaemon &operator=(const FakeDaemon &) = delete;
    int accept_one() const
    {
        return accept4(listen_fd, nullptr, nullptr, SOCK_CLOEXEC);
    }

    TemporaryDirectory directory;
    std::string path;
    int listen_fd;
};

TEST(Connect, SaysWhyNot)
{
    TemporaryDirectory directory;
    FakeDaemon daemon;
    std::string dead_path = daemon.path;
    int result = 0;

    connect_to(directory.path + "/nobody", &result);
    EXPECT_EQ(result, -ENOENT);
    connect_to("/tmp/" + std::string(200, 'x'), &result);
    EXPECT_EQ(result, -ENAMETOOLONG);
    connect_to("", &result);
    EXPECT_EQ(result, -ENAMETOOLONG);
    close(daemon.listen_fd);
    connect_to(dead_path, &result);
    EXPECT_EQ(result, -ECONNREFUSED);
    daemon.listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    memmgr_client_close(nullptr);
}

TEST(Connect, IsBoundedWhenNobodyAccepts)
{
    FakeDaemon daemon(0);
    std::vector<Connection> connections;
    int result = 0;

    for (int i = 0; i < 8 && result == 0; i++)
        connections.push_back(connect_to(daemon.path, &result, 50));
    EXPECT_EQ(result, -ETIMEDOUT);
}

TEST(Exchange, ARequestAndItsAnswer)
{
    Server server;
    Connection client = connect_to(server.path);

    send_text(client, R"({"version":1,"id":41,"request":"status"})");
    Json answer = receive_json(client);
    EXPECT_EQ(number_of(member(answer, "id")), 41);
    EXPECT_TRUE(cJSON_IsTrue(member(answer, "ok")));
}

TEST(Exchange, APacketThatIsNoJsonLeavesTheConnectionUsable)
{
    Server server;
    Connection client = connect_to(server.path);

    send_text(client, "nonsense");
    EXPECT_TRUE(cJSON_IsNull(member(receive_json(client), "id")));
    send_text(client, std::string(MEMMGR_CLIENT_PACKET_MAX, '['));
    EXPECT_EQ(text_of(member(member(receive_json(client), "error"), "code")), "too-complex");
    send_text(client, R"({"version":1,"id":42,"request":"kills"})");
    EXPECT_EQ(number_of(member(receive_json(client), "id")), 42);
}

TEST(Exchange, APacketThatIsTooLongIsCounted)
{
    Server server;
    Connection client = connect_to(server.path);
    const std::string packet(MEMMGR_CLIENT_PACKET_MAX + 1, ' ');

    for (int i = 0; i < 2; i++) {
        ASSERT_EQ(send(memmgr_client_fd(client.get()), packet.data(), packet.size(), 0),
                  (ssize_t)packet.size());
        EXPECT_EQ(text_of(member(member(receive_json(client), "error"), "code")), "too-long");
    }
    send_text(client, R"({"version":1,"id":1,"request":"status"})");
    Json answer = receive_json(client);
    const cJSON *requests = member(answer, "requests");
    EXPECT_EQ(number_of(member(requests, "handled")), 3);
    EXPECT_EQ(number_of(member(requests, "refused")), 2);
    EXPECT_EQ(number_of(member(requests, "too_long")), 2);
}

TEST(Exchange, SubscribersGetEventsAsPackets)
{
    Server server;
    Connection one = connect_to(server.path), other = connect_to(server.path);

    send_text(one, R"({"version":1,"id":1,"request":"subscribe","events":["account"]})");
    EXPECT_TRUE(cJSON_IsTrue(member(receive_json(one), "ok")));
    send_text(other, R"({"version":1,"id":2,"request":"event","event":"account-activate","account":101})");
    EXPECT_TRUE(cJSON_IsTrue(member(receive_json(other), "ok")));
    Json event = receive_json(one);
    EXPECT_EQ(text_of(member(event, "event")), "account");
    EXPECT_EQ(number_of(member(event, "account")), 101);
    // The other one has subscribed to nothing.
    char buffer[64];
    EXPECT_EQ(memmgr_client_receive(other.get(), buffer, sizeof(buffer), 0, nullptr), -ETIMEDOUT);
}

// A subscriber that does not read is dropped, and nobody else notices.
TEST(Exchange, ASubscriberThatNeverReadsIsDropped)
{
    Server server;
    Connection sleeper = connect_to(server.path), busy = connect_to(server.path);
    std::vector<char> buffer(MEMMGR_CLIENT_PACKET_MAX + 1);
    int result = 0, packets = 0;

    send_text(sleeper, R"({"version":1,"id":1,"request":"subscribe"})");
    for (int i = 0; i < 3000; i++) {
        send_text(busy, R"({"version":1,"id":2,"request":"event","event":"account-activate","account":101})");
        ASSERT_TRUE(cJSON_IsTrue(member(receive_json(busy), "ok"))) << i;
    }
    while ((result = memmgr_client_receive(sleeper.get(), buffer.data(), buffer.size(), 1000, nullptr)) == 0)
        packets++;
    EXPECT_EQ(result, -EPIPE);
    EXPECT_GT(packets, 0);
    EXPECT_LT(packets, 3000);
}

TEST(Exchange, TooManyClientsAreToldSo)
{
    Server server(2);
    Connection one = connect_to(server.path), two = connect_to(server.path), three = connect_to(server.path);

    EXPECT_EQ(text_of(member(member(receive_json(three), "error"), "code")), "busy");
    char buffer[64];
    EXPECT_EQ(memmgr_client_receive(three.get(), buffer, sizeof(buffer), 1000, nullptr), -EPIPE);
    send_text(one, R"({"version":1,"id":1,"request":"kills"})");
    EXPECT_TRUE(cJSON_IsTrue(member(receive_json(one), "ok")));
}

volatile sig_atomic_t signals = 0;
const itimerval never{};

TEST(Exchange, LimitsOfPackets)
{
    FakeDaemon daemon;
    Connection client = connect_to(daemon.path);
    std::string packet(MEMMGR_CLIENT_PACKET_MAX + 1, ' ');
    char buffer[8];
    int fd = daemon.accept_one();

    ASSERT_GE(fd, 0);
    EXPECT_EQ(memmgr_client_send(client.get(), packet.data(), packet.size(), 100), -EMSGSIZE);
    EXPECT_EQ(memmgr_client_send(client.get(), packet.data(), 0, 100), -EMSGSIZE);
    EXPECT_EQ(memmgr_client_receive(client.get(), buffer, sizeof(buffer), 20, nullptr), -ETIMEDOUT);
    ASSERT_EQ(send(fd, "12345678", 8, 0), 8);
    EXPECT_EQ(memmgr_client_receive(client.get(), buffer, sizeof(buffer), 100, nullptr), -EMSGSIZE);
    ASSERT_EQ(send(fd, "1234567", 7, 0), 7);
    EXPECT_EQ(memmgr_client_receive(client.get(), buffer, sizeof(buffer), 100, nullptr), 0);
    EXPECT_STREQ(buffer, "1234567");
    EXPECT_EQ(memmgr_client_receive(client.get(), buffer, 0, 100, nullptr), -EMSGSIZE);
    // A daemon that reads nothing holds up nobody for ever.
    int result = 0;
    for (int i = 0; i < 10000 && result == 0; i++)
        result = memmgr_client_send(client.get(), packet.data(), 60000, 20);
    EXPECT_EQ(result, -ETIMEDOUT);
    // nor do signals that come again and again make it longer
    struct sigaction action {
    }, before{};
    const itimerval often{{0, 5000}, {0, 5000}};
    action.sa_handler = [](int) {
        if (++signals == 600) // 3 s: it is never going to end while they come
            (void)setitimer(ITIMER_REAL, &never, nullptr);
    };
    ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
    ASSERT_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
    EXPECT_EQ(memmgr_client_send(client.get(), packet.data(), 60000, 100), -ETIMEDOUT);
    ASSERT_EQ(setitimer(ITIMER_REAL, &never, nullptr), 0);
    ASSERT_EQ(sigaction(SIGALRM, &before, nullptr), 0);
    EXPECT_GT(signals, 1);
    EXPECT_LT(signals, 600);
    close(fd);
    EXPECT_EQ(memmgr_client_send(client.get(), "x", 1, 100), -EPIPE);
    EXPECT_EQ(memmgr_client_receive(client.get(), buffer, sizeof(buffer), 100, nullptr), -EPIPE);
}

} // namespace
