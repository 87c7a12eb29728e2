// SPDX-License-Identifier: Apache-2.0
// What applications are is never lost for good to a session whose program makes calls instead of taking events.
#include "session_fixture.h"

#include "service/client/session.h"
#include "service/requests/client_marks.h"

#include <map>

using namespace session_test;

namespace
{

static_assert(MM_SESSION_EVENTS_MAX >= MM_CLIENT_MARKS_MAX + 64, "all that can be registered, and others");

std::string app_state(int pid, const char *state, bool is_present = false)
{
    return R"({"version":1,"event":"app-state","time_ns":1,"uid":6,"state":")" + std::string(state) +
           R"(","present":)" + (is_present ? "true" : "false") + R"(,"pid":)" + std::to_string(pid) + "}";
}

std::string kill_of(int pid)
{
    return R"({"version":1,"event":"kill","time_ns":1,"uid":6,"name":"hog","pid":)" + std::to_string(pid) +
           "}";
}

// Says yes, and to who subscribes to app-state also what these applications are.
FakeDaemon::Answers present_answers(int first, int count)
{
    return [=](const std::string &request) {
        std::vector<std::string> packets = FakeDaemon::yes(request);

        if (request.find("app-state") == std::string::npos)
            return packets;
        for (int pid = first; pid < first + count; pid++)
            packets.push_back(app_state(pid, "visible", true));
        return packets;
    };
}

class States : public ::testing::Test
{
  protected:
    void subscribe(uint32_t subscriptions)
    {
        daemon.up();
        session = open_session(daemon.path);
        ASSERT_EQ(memmgr_session_subscribe(session.get(), subscriptions), 0);
    }
    // Which reads all that was said before.
    void call() const
    {
        ASSERT_EQ(memmgr_session_reclaim_app(session.get(), 1), 0);
    }
    // What waits of applications: "5 visible", "5 visible now", by their order.
    std::vector<std::string> take_all()
    {
        static const char *const names[] = {"foreground", "visible",   "background", "suspended",
                                            "ended",      "forgotten", "reclaim",    "left"};
        std::vector<std::string> taken;

        for (memmgr_event one = next_event(session, 0); one.kind != 0; one = next_event(session, 0)) {
            lost += one.lost;
            if (one.kind == MEMMGR_EVENT_APP_STATE)
                taken.push_back(std::to_string(one.pid) + " " + names[one.state] +
                                (one.is_present ? " now" : ""));
        }
        return taken;
    }

    FakeDaemon daemon;
    Session session;
    uint64_t lost = 0;
};

TEST_F(States, AsManyAsThereCanBeWaitForWhoMakesCalls)
{
    daemon.set_answers(present_answers(1000, MM_CLIENT_MARKS_MAX));
    subscribe(MEMMGR_SUBSCRIBE_PURGEABLE);
    call();
    call();
    const std::vector<std::string> taken = take_all();
    ASSERT_EQ(taken.size(), (size_t)MM_CLIENT_MARKS_MAX);
    for (int i = 0; i < MM_CLIENT_MARKS_MAX; i++)
        EXPECT_EQ(taken[(size_t)i], std::to_string(1000 + i) + " visible now");
    EXPECT_EQ(lost, 0u);
}

TEST_F(States, OfEachTheLatestWordWaits)
{
    const struct {
        std::vector<std::string> said, taken;
    } cases[] = {
        {{app_state(5, "visible", true), app_state(5, "foreground", true)}, {"5 foreground now"}},
        {{app_state(5, "visible", true), app_state(5, "foreground")}, {"5 foreground"}},
        {{app_state(5, "visible"), app_state(5, "foreground", true)}, {"5 foreground"}},
        {{app_state(5, "visible"), app_state(6, "visible"), app_state(5, "suspended")},
         {"5 suspended", "6 visible"}},
        // what is to be done is done, how ever it goes on
        {{app_state(5, "visible"), app_state(5, "reclaim"), app_state(5, "background"),
          app_state(5, "reclaim")},
         {"5 background", "5 reclaim"}},
        {{app_state(5, "reclaim"), app_state(5, "ended")}, {"5 reclaim", "5 ended"}},
        {{app_state(5, "visible"), app_state(5, "left"), app_state(5, "ended")}, {"5 ended"}},
        // another process with that pid
        {{app_state(5, "ended"), app_state(5, "visible"), app_state(5, "foreground")},
         {"5 ended", "5 foreground"}},
        {{app_state(5, "forgotten"), app_state(5, "reclaim")}, {"5 forgotten", "5 reclaim"}},
    };

    subscribe(MEMMGR_SUBSCRIBE_PURGEABLE);
    for (const auto &one : cases) {
        for (const std::string &packet : one.said)
            daemon.tell(packet);
        call();
        EXPECT_EQ(take_all(), one.taken);
    }
    EXPECT_EQ(lost, 0u);
}

// Who begins anew with each connection is told all after it.
TEST_F(States, WhatIsOfAnotherConnectionStaysApart)
{
    daemon.set_answers(present_answers(5, 1));
    subscribe(MEMMGR_SUBSCRIBE_PURGEABLE);
    call();
    daemon.down();
    daemon.up();
    call();
    call();
    EXPECT_EQ(take_all(), (std::vector<std::string>{"5 visible now", "5 visible now"}));
}

TEST_F(States, WhatDoesNotFitIsToldAnewWhenAllIsTaken)
{
    constexpr int first = 1000, count = 50, kills = MM_SESSION_EVENTS_MAX - 2, batch = 80;
    const auto subscriptions = [this] {
        unsigned heard = 0;

        for (const std::string &request : daemon.take_heard())
            heard += request.find("subscribe") != std::string::npos;
        return heard;
    };

    daemon.set_answers(present_answers(first, count));
    subscribe(MEMMGR_SUBSCRIBE_PURGEABLE | MEMMGR_SUBSCRIBE_KILLS);
    daemon.tell(app_state(7, "ended"));
    for (int pid = 0; pid < kills; pid++) {
        daemon.tell(kill_of(pid));
        // a socket does not hold so many
        if (pid % batch == batch - 1)
            call();
    }
    call();
    EXPECT_EQ(subscriptions(), 1u);
    // the kills, the connection and what ended: there is room for nothing else
    std::map<int, unsigned> kinds;
    for (int i = 0; i < MM_SESSION_EVENTS_MAX; i++) {
        const memmgr_event one = next_event(session, 0);

        kinds[one.kind]++;
        lost += one.lost;
    }
    EXPECT_EQ(kinds[MEMMGR_EVENT_KILL], (unsigned)kills);
    EXPECT_EQ(kinds[MEMMGR_EVENT_APP_STATE], 1u); // the end, which nobody would tell again
    EXPECT_EQ(lost, (uint64_t)count);
    // its descriptor says when it is worth looking
    for (int i = 0; i < count; i++) {
        const memmgr_event one = next_event(session);

        ASSERT_EQ(one.kind, MEMMGR_EVENT_APP_STATE);
        EXPECT_EQ(one.pid, first + i);
        EXPECT_EQ(one.is_present, 1);
        EXPECT_EQ(one.lost, 0u);
    }
    EXPECT_EQ(subscriptions(), 1u); // and not again and again
    call();
    EXPECT_EQ(take_all(), std::vector<std::string>{});
    EXPECT_EQ(subscriptions(), 0u);
}

// A program that was built before there was is_present, and "left".
TEST_F(States, ToAnOldProgramWhatLeftHasEnded)
{
    memmgr_event old = MEMMGR_EVENT_INIT, now = MEMMGR_EVENT_INIT;

    subscribe(MEMMGR_SUBSCRIBE_PURGEABLE);
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    for (const char *state : {"left", "reclaim"}) {
        for (int pid : {5, 6})
            daemon.tell(app_state(pid, state));
    }
    call();
    old.size = offsetof(memmgr_event, is_present);
    old.is_present = 77;
    ASSERT_EQ(memmgr_session_next(session.get(), 0, &old), 0);
    EXPECT_EQ(old.pid, 5);
    EXPECT_EQ(old.state, MEMMGR_APP_ENDED);
    EXPECT_EQ(old.is_present, 77);
    ASSERT_EQ(memmgr_session_next(session.get(), 0, &now), 0);
    EXPECT_EQ(now.pid, 6);
    EXPECT_EQ(now.state, MEMMGR_APP_LEFT);
    ASSERT_EQ(memmgr_session_next(session.get(), 0, &old), 0);
    EXPECT_EQ(old.state, MEMMGR_APP_RECLAIM);
}

// The daemon's own requests.
TEST(StatesReal, WhoSubscribesAndRegistersHearsOfAll)
{
    // above all that this machine's processes have, of which the library would tell when they started
    constexpr int first = 4200000, count = 200;
    Server server;

    server.run([](World &world) {
        for (int pid = first; pid < first + count; pid++)
            world.spawn(pid, 1000, "app");
    });
    Session registrant = open_session(server.path), holder = open_session(server.path);
    for (int pid = first; pid < first + count; pid++)
        ASSERT_EQ(memmgr_session_register_app(registrant.get(), pid, -1), 0);
    ASSERT_EQ(memmgr_session_subscribe(holder.get(), MEMMGR_SUBSCRIBE_PURGEABLE), 0);
    for (int i = 0; i < 20; i++)
        ASSERT_EQ(memmgr_session_register_app(holder.get(), first, -1), 0);
    for (int expected = first; expected < first + count;) {
        const memmgr_event one = next_event(holder);

        ASSERT_NE(one.kind, 0) << expected;
        EXPECT_EQ(one.lost, 0u);
        if (one.kind != MEMMGR_EVENT_APP_STATE)
            continue;
        ASSERT_EQ(one.pid, expected);
        expected++;
    }
}

} // namespace
