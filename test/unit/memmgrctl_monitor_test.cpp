// SPDX-License-Identifier: Apache-2.0
// memmgrctl and daemons that go on telling, end, or misbehave.
#include "memmgrctl_fixture.h"

#include <csignal>
#include <regex>
#include <sys/socket.h>
#include <sys/un.h>

using namespace service_test;

namespace
{

// ---- monitor ------------------------------------------------------------------------------------------

void decide(World &world, const char *reason)
{
    mm_decision decision{};

    decision.source = MM_DECISION_RECLAIM;
    decision.action = "squeeze";
    decision.acted = true;
    decision.amount_bytes = 3 * MM_MIB;
    mm_decide(world.center, &decision, "%s", reason);
}

// Publishes again and again until the program has told of it: that it has subscribed shows in nothing else.
std::string first_line(Server &server, Program &program, const std::function<void(World &)> &publish)
{
    std::promise<void> stop;
    std::shared_future<void> stopped = stop.get_future().share();
    std::thread publisher([&] {
        while (stopped.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout)
            server.run(publish);
    });
    std::string line = program.line();

    stop.set_value();
    publisher.join();
    return line;
}

TEST_F(Ctl, MonitorTellsEachEventAtOnceUntilInterrupted)
{
    Program program(command_line({"--socket", server.path, "monitor", "--events", "decision"}));

    std::string line = first_line(server, program, [](World &world) { decide(world, "first"); });
    EXPECT_TRUE(std::regex_search(line, std::regex("^[0-9:]{8}\\.[0-9]{3} decision .*reason=first"))) << line;
    server.run([](World &world) { decide(world, "two words"); });
    do {
        line = program.line();
    } while (line.find("reason=first") != std::string::npos);
    EXPECT_NE(line.find("amount=3 MiB"), std::string::npos) << line;
    EXPECT_NE(line.find("reason=\"two words\""), std::string::npos) << line;
    program.send(SIGINT);
    EXPECT_EQ(program.finish(), 0);
}

TEST_F(Ctl, MonitorTellsWhatRegisteredApplicationsAre)
{
    server.run([](World &world) {
        EXPECT_EQ(Client::code(Client(world).ask("app-register", R"(,"pid":100)")), "");
    });
    Program program(command_line({"--socket", server.path, "monitor", "--events", "app-state"}));
    const std::string line = program.line();
    EXPECT_NE(line.find("app-state"), std::string::npos) << line;
    EXPECT_NE(line.find("pid=100 uid=1000 state=background present=yes"), std::string::npos) << line;
    program.send(SIGINT);
    EXPECT_EQ(program.finish(), 0);
}

TEST_F(Ctl, MonitorTellsOnlyWhatTheFilterLetsThrough)
{
    for (const char *filter : {"WANTED", "4711"}) {
        Program program(command_line(
            {"--socket", server.path, "monitor", "--events", "decision,process-exited", "--filter", filter}));

        std::string line = first_line(server, program, [](World &world) {
            mm_event other{}, wanted{};

            decide(world, "other");
            other.kind = wanted.kind = MM_EVENT_PROCESS_EXITED;
            other.pid = 47110;
            wanted.pid = 4711;
            mm_event_center_publish(world.center, &other);
            decide(world, "the wanted one");
            mm_event_center_publish(world.center, &wanted);
        });
        EXPECT_TRUE(line.find("the wanted one") != std::string::npos ||
                    line.find("pid=4711") != std::string::npos)
            << line;
        program.send(SIGTERM);
        EXPECT_EQ(program.finish(), 0);
        for (const std::string &shown : lines_of(program.output)) {
            EXPECT_EQ(shown.find("reason=other"), std::string::npos) << shown;
            EXPECT_EQ(shown.find("47110"), std::string::npos) << shown;
        }
    }
}

TEST_F(Ctl, MonitorEndsWithItsReader)
{
    Program program(command_line({"--socket", server.path, "monitor", "--json"}));

    // Nothing happens in the daemon: it is the closed pipe alone that ends it.
    program.close_output();
    int exit_code = program.finish();
    EXPECT_TRUE(exit_code == 1 || exit_code == 128 + SIGPIPE) << exit_code;
}

TEST(CtlMonitor, EndsWithTheDaemon)
{
    auto server = std::make_unique<Server>();
    Program program(command_line({"--socket", server->path, "monitor", "--json", "--events", "account"}));
    std::string line = first_line(*server, program, [](World &world) {
        mm_event event{};

        event.kind = MM_EVENT_ACCOUNT;
        event.payload.account.account_id = 105;
        mm_event_center_publish(world.center, &event);
    });

    EXPECT_EQ(number_of(member(parse(line), "account")), 105) << line;
    server.reset();
    EXPECT_EQ(program.finish(), 3);
    EXPECT_NE(program.errors.find("closed the connection"), std::string::npos);
}

// ---- daemons that misbehave ---------------------------------------------------------------------------

// Answers one connection's first packet with the given one, again and again where that is asked for until the other side
// goes or the time is over, and closes it.
class OddDaemon
{
  public:
    explicit OddDaemon(std::string its_answer, std::chrono::seconds again_for = {})
        : answer(std::move(its_answer))
    {
        sockaddr_un address{};

        path = directory.path + "/s";
        address.sun_family = AF_UNIX;
        mm_copy_text(address.sun_path, sizeof(address.sun_path), path.c_str());
        listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        EXPECT_EQ(bind(listen_fd, (const sockaddr *)&address, sizeof(address)), 0);
        EXPECT_EQ(listen(listen_fd, 8), 0);
        thread = std::thread([this, again_for] {
            const auto end = std::chrono::steady_clock::now() + again_for;
            char buffer[4096];
            int fd = accept4(listen_fd, nullptr, nullptr, SOCK_CLOEXEC);

            EXPECT_GT(recv(fd, buffer, sizeof(buffer), 0), 0);
            if (!answer.empty()) {
                EXPECT_EQ(send(fd, answer.data(), answer.size(), MSG_NOSIGNAL), (ssize_t)answer.size());
            }
            while (std::chrono::steady_clock::now() < end &&
                   send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) > 0) {
                pollfd poller = {fd, POLLIN, 0}; // until it goes

                if (poll(&poller, 1, 5) != 0)
                    break;
            }
            close(fd);
        });
    }
    ~OddDaemon()
    {
        thread.join();
        close(listen_fd);
    }
    OddDaemon(const OddDaemon &) = delete;
    OddDaemon &operator=(const OddDaemon &) = delete;

    TemporaryDirectory directory;
    std::string path, answer;

  private:
    int listen_fd;
    std::thread thread;
};

TEST(CtlProtocol, NonsenseFromADaemonIsExitCode4)
{
    for (const char *answer :
         {"", "nonsense", "[]", "{}", R"({"version":1,"id":1})", R"({"version":1,"id":1,"ok":7})"}) {
        OddDaemon daemon(answer);
        Outcome outcome = run({"--socket", daemon.path, "status"});

        EXPECT_EQ(outcome.exit_code, 4) << answer;
        EXPECT_NE(outcome.errors, "");
    }
}

TEST(CtlProtocol, AnAnswerWithLittleInItIsShownWithoutACrash)
{
    for (const char *command : {"status", "list", "explain", "kills"}) {
        OddDaemon daemon(
            R"({"version":1,"id":1,"ok":true,"kill":[],"list":7,"processes":[{"pid":1},7,null],)"
            R"("decisions":[{"sequence":1,"reason":"\u001b]0;x\u0007"}],"kills":[{"sequence":2}]})");
        Outcome outcome = run({"--socket", daemon.path, command});

        EXPECT_EQ(outcome.exit_code, 0) << command << outcome.errors;
        EXPECT_EQ(outcome.output.find('\033'), std::string::npos);
    }
}

// Its patience is with the answer, not with what comes instead of it.
TEST(CtlProtocol, OneThatOnlyTellsEventsIsGivenUp)
{
    OddDaemon daemon(R"({"version":1,"event":"priority","time_ns":1,"pid":5})", std::chrono::seconds(30));
    Outcome outcome = run({"--socket", daemon.path, "status"});

    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_NE(outcome.errors.find("has not answered within 10 s"), std::string::npos) << outcome.errors;
}

} // namespace
