// SPDX-License-Identifier: Apache-2.0
// How long calls of a session take with a daemon that says much, but not what was asked.
#include "session_fixture.h"

#include <atomic>

using namespace session_test;

namespace
{

using Clock = std::chrono::steady_clock;

int64_t ms_since(Clock::time_point begin)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
}

// Has the daemon tell an event that nobody asked for, every few ms.
class Trickle
{
  public:
    explicit Trickle(FakeDaemon &its_daemon) : daemon(its_daemon), thread([this] { run(); })
    {
    }
    ~Trickle()
    {
        is_over = true;
        thread.join();
    }
    Trickle(const Trickle &) = delete;
    Trickle &operator=(const Trickle &) = delete;

    std::atomic<unsigned> told{0};

  private:
    void run()
    {
        while (!is_over) {
            daemon.tell(R"({"version":1,"event":"priority","time_ns":1,"pid":5})");
            told++;
            poll(nullptr, 0, 2);
        }
    }
    FakeDaemon &daemon;
    std::atomic<bool> is_over{false};
    std::thread thread;
};

// More than a machine that is busy adds, and far below what would be waited without a deadline.
constexpr int kSlackMs = 2000;

TEST(Deadline, EventsDoNotMakeACallLonger)
{
    FakeDaemon daemon;
    memmgr_memory memory = MEMMGR_MEMORY_INIT;

    daemon.set_answers([](const std::string &request) {
        return request.find("memory") == std::string::npos ? FakeDaemon::yes(request)
                                                           : std::vector<std::string>{};
    });
    daemon.up();
    Session session = open_session(daemon.path, 300);
    Trickle trickle(daemon);
    const Clock::time_point begin = Clock::now();
    EXPECT_EQ(memmgr_session_memory(session.get(), &memory), -ETIMEDOUT);
    EXPECT_GE(ms_since(begin), 299);
    EXPECT_LT(ms_since(begin), 300 + kSlackMs);
    EXPECT_GT(trickle.told, 5u);
    // nor the wait for an event that one subscribed to
    memmgr_event event = MEMMGR_EVENT_INIT;
    int result = 0;
    const Clock::time_point again = Clock::now();
    while (result == 0)
        result = memmgr_session_next(session.get(), 300, &event);
    EXPECT_EQ(result, -ETIMEDOUT);
    EXPECT_LT(ms_since(again), 600 + kSlackMs);
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
        poll(nullptr, 0, 20);
        return std::vector<std::string>{
            R"({"version":1,"id":@,"ok":true,"processes":[{"pid":5}],"cursor":"more"})"};
    });
    daemon.up();
    Session session = open_session(daemon.path, 300);
    Trickle trickle(daemon);
    int result = memmgr_session_list(
        session.get(), 0,
        [](const memmgr_process *, void *user) {
            auto *its = static_cast<Visited *>(user);

            its->pages++;
            return ms_since(its->begin) > 300 + kSlackMs ? 1 : 0; // it has no end
        },
        &visited);
    EXPECT_EQ(result, -ETIMEDOUT);
    EXPECT_GT(visited.pages, 1u);
    EXPECT_GE(ms_since(visited.begin), 299);
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
    Session session = open_session(daemon.path, 1000);
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
