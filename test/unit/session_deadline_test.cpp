// SPDX-License-Identifier: Apache-2.0
// How long calls of a session take with a daemon that says much, but not what was asked.
#include "session_fixture.h"

using namespace session_test;

namespace
{

using Clock = std::chrono::steady_clock;

int64_t ms_since(Clock::time_point begin)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
}

const char *const unasked = R"({"version":1,"event":"priority","time_ns":1,"pid":5})";

// Events that nobody asked for over the daemon's connection, as many as it takes, by several threads: whoever reads one
// at a time never comes to their end.
class Flood
{
  public:
    explicit Flood(FakeDaemon &daemon) : fd(daemon.take_connection_fd())
    {
        const int room_bytes = 1024 * 1024; // as much of it as the machine allows

        EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room_bytes, sizeof(room_bytes)), 0);
        for (std::thread &one : threads)
            one = std::thread([this] { run(); });
    }
    ~Flood()
    {
        shutdown(fd, SHUT_RDWR);
        for (std::thread &one : threads)
            one.join();
        close(fd);
    }
    Flood(const Flood &) = delete;
    Flood &operator=(const Flood &) = delete;

  private:
    // until the connection's end
    void run() const
    {
        // takes longer to read than to send
        std::string packet = R"({"version":1,"event":"priority","time_ns":1,"pid":5,"more":[0)";

        for (int i = 0; i < 2000; i++)
            packet += ",0";
        packet += "]}";
        while (send(fd, packet.data(), packet.size(), MSG_NOSIGNAL) > 0)
            continue;
    }
    int fd;
    std::thread threads[3];
};

// Far above what a busy machine adds to it, far below what would be waited without a deadline.
constexpr int kTimeoutMs = 300, kSlackMs = 5000;

// Only then is it the call that takes the time.
Session open_ready(const std::string &path, int timeout_ms)
{
    Session session = open_session(path, timeout_ms);

    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    return session;
}

// In a thread, as it may not come back: the flood ends then, the daemon answers, and the test ends with it.
template <typename Call> int within_slack(FakeDaemon &daemon, std::unique_ptr<Flood> &flood, const Call &call)
{
    std::future<int> result = std::async(std::launch::async, call);

    if (result.wait_for(std::chrono::milliseconds(kTimeoutMs + kSlackMs)) != std::future_status::ready) {
        ADD_FAILURE() << "goes on for as long as events come";
        flood.reset();
        daemon.set_answers(FakeDaemon::yes);
    }
    return result.get();
}

TEST(Deadline, EventsDoNotMakeACallLonger)
{
    FakeDaemon daemon;

    daemon.set_answers([](const std::string &request) {
        return request.find("memory") == std::string::npos ? FakeDaemon::yes(request)
                                                           : std::vector<std::string>{};
    });
    daemon.up();
    Session session = open_ready(daemon.path, kTimeoutMs);
    auto flood = std::make_unique<Flood>(daemon);
    const Clock::time_point begin = Clock::now();
    const int result = within_slack(daemon, flood, [&] {
        memmgr_memory memory = MEMMGR_MEMORY_INIT;

        return memmgr_session_memory(session.get(), &memory);
    });
    EXPECT_EQ(result, -ETIMEDOUT);
    EXPECT_GE(ms_since(begin), kTimeoutMs - 1);
}

// Nor the wait for one that was asked for.
TEST(Deadline, EventsDoNotMakeTheWaitForAnotherLonger)
{
    FakeDaemon daemon;

    daemon.up();
    Session session = open_ready(daemon.path, kTimeoutMs);
    auto flood = std::make_unique<Flood>(daemon);
    EXPECT_EQ(within_slack(daemon, flood,
                           [&] {
                               memmgr_event event = MEMMGR_EVENT_INIT;

                               return memmgr_session_next(session.get(), kTimeoutMs, &event);
                           }),
              -ETIMEDOUT);
}

// Who does not wait reads some of what there is, and the rest when it comes again.
TEST(Deadline, ALookTakesPartOfWhatThereIs)
{
    constexpr int before = 150;
    FakeDaemon daemon;
    unsigned looks = 1;

    daemon.up();
    Session session = open_ready(daemon.path, 10000);
    ASSERT_EQ(memmgr_session_subscribe(session.get(), MEMMGR_SUBSCRIBE_KILLS), 0);
    for (int i = 0; i < before; i++)
        daemon.tell(unasked);
    daemon.tell(R"({"version":1,"event":"oom-victim","time_ns":1,"comm":"x","pid":5})");
    while (next_event(session, 0).kind == 0) {
        pollfd poller = {memmgr_session_fd(session.get()), POLLIN, 0};

        ASSERT_EQ(poll(&poller, 1, 0), 1) << "more is there";
        ASSERT_LE(++looks, (unsigned)before);
    }
    EXPECT_GT(looks, 1u);
}

// A list without an end, of which each page comes in time.
TEST(Deadline, IsThatOfAllPagesTogether)
{
    struct Visited {
        Clock::time_point begin = Clock::now();
        unsigned pages = 0;
    } visited;
    FakeDaemon daemon;

    daemon.set_answers([](const std::string &request) {
        if (request.find("list") == std::string::npos)
            return FakeDaemon::yes(request);
        return std::vector<std::string>{
            R"({"version":1,"id":@,"ok":true,"processes":[{"pid":5}],"cursor":"more"})"};
    });
    daemon.up();
    Session session = open_ready(daemon.path, kTimeoutMs);
    visited.begin = Clock::now();
    int result = memmgr_session_list(
        session.get(), 0,
        [](const memmgr_process *, void *user) {
            auto *its = static_cast<Visited *>(user);

            its->pages++;
            return ms_since(its->begin) > kTimeoutMs + kSlackMs ? 1 : 0; // it has no end
        },
        &visited);
    EXPECT_EQ(result, -ETIMEDOUT);
    EXPECT_GE(visited.pages, 1u);
    EXPECT_GE(ms_since(visited.begin), kTimeoutMs - 1);
}

// What the program does with each process is its own affair.
TEST(Deadline, DoesNotCountTheTimeOfVisits)
{
    FakeDaemon daemon;
    unsigned visited = 0;

    daemon.set_answers([pages = 0](const std::string &request) mutable {
        if (request.find("list") == std::string::npos)
            return FakeDaemon::yes(request);
        return std::vector<std::string>{R"({"version":1,"id":@,"ok":true,"processes":[{"pid":5}],"cursor":)" +
                                        std::string(++pages < 4 ? R"("more"})" : "null}")};
    });
    daemon.up();
    Session session = open_ready(daemon.path, 1000);
    EXPECT_EQ(memmgr_session_list(
                  session.get(), 0,
                  [](const memmgr_process *, void *user) {
                      ++*static_cast<unsigned *>(user);
                      poll(nullptr, 0, 400);
                      return 0;
                  },
                  &visited),
              0);
    EXPECT_EQ(visited, 4u);
}

} // namespace
