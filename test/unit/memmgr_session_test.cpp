// SPDX-License-Identifier: Apache-2.0
// The session of the client library: reconnecting, saying again, bounds and descriptors.
#include "session_fixture.h"

#include "session.h"

#include <dirent.h>

using namespace session_test;

namespace
{

std::string event(const std::string &word, int pid, const std::string &more = "")
{
    return R"("request":"event","event":")" + word + R"(","pid":)" + std::to_string(pid) +
           R"(,"start_time":5)" + more;
}

std::vector<std::string> refuse(const std::string &code)
{
    return {R"({"version":1,"id":@,"ok":false,"error":{"code":")" + code + R"(","message":"because"}})"};
}

/* ---- the daemon goes and comes ------------------------------------------------------------------------------ */

TEST(Reconnect, NeedsNoDaemonToBegin)
{
    FakeDaemon daemon;
    Session session = open_session(daemon.path, 0);
    memmgr_outcome outcome = MEMMGR_OUTCOME_INIT;

    EXPECT_FALSE(memmgr_session_is_connected(session.get()));
    EXPECT_NE(std::string(memmgr_session_message(session.get())).find("No such file"), std::string::npos);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 100, "mail", 0, &outcome), -ENOTCONN);
    EXPECT_TRUE(outcome.is_remembered);
    EXPECT_EQ(memmgr_session_subscribe(session.get(), MEMMGR_SUBSCRIBE_KILLS), -ENOTCONN);
    daemon.up();
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    EXPECT_TRUE(memmgr_session_is_connected(session.get()));
    EXPECT_EQ(daemon.take_heard(),
              (std::vector<std::string>{R"("request":"subscribe","events":["kill","oom-victim"])",
                                        event("create", 100, R"(,"name":"mail")")}));
}

// The last state in the order in which it came to be, accounts at the end; nothing that would do harm a second time.
TEST(Reconnect, SaysAgainWhatWasTheCase)
{
    FakeDaemon daemon;

    daemon.up();
    Session session = open_session(daemon.path);
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    EXPECT_EQ(memmgr_session_subscribe(session.get(), MEMMGR_SUBSCRIBE_LEVELS), 0);
    EXPECT_EQ(report_account(session, MEMMGR_ACCOUNT_ACTIVATE, 100), 0);
    EXPECT_EQ(report_account(session, MEMMGR_ACCOUNT_COLD_SWITCH, 101), 0);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 100, "mail"), 0);
    EXPECT_EQ(report(session, MEMMGR_READY, 100), 0);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, 100), 0);
    EXPECT_EQ(report(session, MEMMGR_VISIBLE, 100), 0);
    EXPECT_EQ(report(session, MEMMGR_CONTINUOUS_START, 100), 0);
    EXPECT_EQ(report(session, MEMMGR_BACKGROUND, 100), 0);
    EXPECT_EQ(report(session, MEMMGR_INVISIBLE, 100), 0);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 101, "engine"), 0);
    EXPECT_EQ(report(session, MEMMGR_BIND, 101, nullptr, 100), 0);
    EXPECT_EQ(report(session, MEMMGR_BIND, 101, nullptr, 102), 0);
    EXPECT_EQ(report(session, MEMMGR_UNBIND, 101, nullptr, 102), 0);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 102, "gone"), 0);
    EXPECT_EQ(report(session, MEMMGR_TERMINATED, 102), 0);
    EXPECT_EQ(memmgr_session_set_critical(session.get(), 0, 1), 0);
    EXPECT_EQ(memmgr_session_register_app(session.get(), 0x3ffffff0, 1000), 0);
    EXPECT_EQ(memmgr_session_register_app(session.get(), 0x3ffffff1, -1), 0);
    EXPECT_EQ(memmgr_session_deregister_app(session.get(), 0x3ffffff1), 0);
    (void)daemon.take_heard();
    daemon.hang_up();
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_DISCONNECTED);
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    std::vector<std::string> heard = daemon.take_heard();
    ASSERT_EQ(heard.size(), 11U);
    EXPECT_EQ(heard[0], R"("request":"subscribe","events":["memory-level"])");
    EXPECT_EQ(heard[1], R"("request":"memory")");
    EXPECT_EQ(heard[2], event("create", 100, R"(,"name":"mail")"));
    EXPECT_EQ(heard[3], event("continuous-start", 100));
    EXPECT_EQ(heard[4], event("background", 100));
    EXPECT_EQ(heard[5], event("create", 101, R"(,"name":"engine")"));
    EXPECT_EQ(heard[6], event("bind", 101, R"(,"caller_pid":100)"));
    EXPECT_EQ(heard[7], event("unbind", 101, R"(,"caller_pid":102)"));
    EXPECT_EQ(
        heard[8].find("\"request\":\"critical\",\"pid\":" + std::to_string(getpid()) + ",\"start_time\":"),
        0U);
    EXPECT_EQ(heard[9], R"("request":"app-register","pid":1073741808,"uid":1000)");
    EXPECT_EQ(heard[10], R"("request":"event","event":"account-hot-switch","account":101)");
}

TEST(Reconnect, MakesACallThatWasCutAgain)
{
    FakeDaemon daemon;
    unsigned asked = 0;

    daemon.set_answers([&](const std::string &request) {
        if (request == R"("request":"memory")" && asked++ == 0) {
            daemon.hang_up_now();
            return std::vector<std::string>{};
        }
        return std::vector<std::string>{R"({"version":1,"id":@,"ok":true,"total_bytes":42,"level":"low"})"};
    });
    daemon.up();
    Session session = open_session(daemon.path);
    memmgr_memory memory = MEMMGR_MEMORY_INIT;
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, 100, "mail"), 0);
    (void)daemon.take_heard();
    EXPECT_EQ(memmgr_session_memory(session.get(), &memory), 0);
    EXPECT_EQ(memory.total_bytes, 42U);
    EXPECT_EQ(memory.level, MEMMGR_LEVEL_LOW);
    EXPECT_EQ(daemon.take_heard(), (std::vector<std::string>{R"("request":"memory")",
                                                             event("foreground", 100, R"(,"name":"mail")"),
                                                             R"("request":"memory")"}));
}

TEST(Reconnect, ForgetsTheDeadAndTellsOfRefusals)
{
    FakeDaemon daemon;

    daemon.up();
    Session session = open_session(daemon.path);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 100, "dead"), 0);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 101, "refused"), 0);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 102, "kept"), 0);
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    daemon.set_answers([](const std::string &request) {
        if (request.find("dead") != std::string::npos)
            return refuse("no-such-process");
        return request.find("refused") != std::string::npos ? refuse("permission-denied")
                                                            : FakeDaemon::yes("");
    });
    daemon.hang_up();
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_DISCONNECTED);
    memmgr_event refused = next_event(session);
    EXPECT_EQ(refused.kind, MEMMGR_EVENT_REFUSED);
    EXPECT_EQ(refused.pid, 101);
    EXPECT_EQ(refused.error, -EACCES);
    EXPECT_STREQ(refused.text, "because");
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    (void)daemon.take_heard();
    daemon.hang_up();
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_DISCONNECTED);
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    EXPECT_EQ(daemon.take_heard(), std::vector<std::string>{event("create", 102, R"(,"name":"kept")")});
}

// The device's state is one, too; a removed account and the end of the start are no states.
TEST(Reconnect, SaysAgainHowTheDeviceIs)
{
    FakeDaemon daemon;

    daemon.up();
    Session session = open_session(daemon.path);
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    for (int word : {MEMMGR_SCREEN_ON, MEMMGR_POWER_CONNECTED, MEMMGR_BOOT_COMPLETED, MEMMGR_SCREEN_OFF})
        EXPECT_EQ(report_account(session, word, -1), 0);
    EXPECT_EQ(report_account(session, MEMMGR_ACCOUNT_ACTIVATE, 100), 0);
    EXPECT_EQ(report_account(session, MEMMGR_ACCOUNT_ACTIVATE, 101), 0);
    EXPECT_EQ(report_account(session, MEMMGR_ACCOUNT_STOP, 101), 0);
    EXPECT_EQ(report_account(session, MEMMGR_ACCOUNT_REMOVE, 100), 0);
    (void)daemon.take_heard();
    daemon.hang_up();
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_DISCONNECTED);
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    EXPECT_EQ(daemon.take_heard(),
              (std::vector<std::string>{R"("request":"event","event":"power-connected")",
                                        R"("request":"event","event":"screen-off")",
                                        R"("request":"event","event":"account-stop","account":101)"}));
}

// One of whose end the daemon has heard before is remembered no more than any other.
TEST(Reconnect, TheEndIsTheEndWhoeverToldItFirst)
{
    FakeDaemon daemon;

    daemon.up();
    Session session = open_session(daemon.path);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 100, "dead"), 0);
    daemon.set_answers([](const std::string &) { return refuse("no-such-process"); });
    EXPECT_EQ(report(session, MEMMGR_TERMINATED, 100), -ESRCH);
    EXPECT_EQ(session->remembered.count, 0U);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 101, "never"), -ESRCH);
    EXPECT_EQ(session->remembered.count, 0U);
}

// What changes while it is being said is said as it is then, and the answer to what is gone is passed over.
TEST(Reconnect, WhatIsRememberedMayChangeMeanwhile)
{
    FakeDaemon daemon;

    Session session = open_session(daemon.path, 0);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, 100, "mail"), -ENOTCONN);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, 101, "player"), -ENOTCONN);
    daemon.set_answers([](const std::string &) { return std::vector<std::string>{}; });
    daemon.up();
    while (session->greeting_id == 0)
        EXPECT_EQ(next_event(session, 10).kind, 0);
    // It has said the first, and waits for the answer: that one and the next are replaced.
    EXPECT_EQ(report(session, MEMMGR_TERMINATED, 100), -ENOTCONN);
    EXPECT_EQ(report(session, MEMMGR_BACKGROUND, 101, "player"), -ENOTCONN);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, 102, "new"), -ENOTCONN);
    daemon.set_answers(FakeDaemon::yes);
    daemon.tell(R"({"version":1,"id":)" + std::to_string(session->greeting_id) +
                R"(,"ok":false,"error":{"code":"no-such-process","message":"gone"}})");
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    EXPECT_EQ(daemon.take_heard(), (std::vector<std::string>{event("foreground", 100, R"(,"name":"mail")"),
                                                             event("background", 101, R"(,"name":"player")"),
                                                             event("foreground", 102, R"(,"name":"new")")}));
}

TEST(Reconnect, TriesLessAndLess)
{
    FakeDaemon daemon;

    daemon.hangs_up_at_once = true;
    daemon.up();
    Session session = open_session(daemon.path);
    unsigned turns = 0;
    pollfd poller{memmgr_session_fd(session.get()), POLLIN, 0};
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
    while (std::chrono::steady_clock::now() < end) {
        memmgr_event one = MEMMGR_EVENT_INIT;

        if (poll(&poller, 1, 100) == 1) {
            turns++;
            while (memmgr_session_next(session.get(), 0, &one) == 0)
                continue;
        }
    }
    // after 0, 50, 150, 350, 750 ms, and then in 2 s' time
    EXPECT_GE(daemon.connections(), 3U);
    EXPECT_LE(daemon.connections(), 6U);
    EXPECT_LE(turns, 20U);
}

TEST(Reconnect, ATimeoutIsKept)
{
    FakeDaemon daemon;

    daemon.up();
    daemon.set_answers([](const std::string &) { return std::vector<std::string>{}; });
    Session session = open_session(daemon.path, 50);
    memmgr_memory memory = MEMMGR_MEMORY_INIT;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(memmgr_session_memory(session.get(), &memory), -ETIMEDOUT);
    daemon.down();
    EXPECT_EQ(memmgr_session_memory(session.get(), &memory), -ENOTCONN);
    EXPECT_GE(std::chrono::steady_clock::now() - begin,
              std::chrono::milliseconds(98)); // whole ones are counted
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

// An answer that comes too late is not taken for the next one's.
TEST(Reconnect, ALateAnswerIsPassedOver)
{
    FakeDaemon daemon;

    daemon.up();
    daemon.set_answers([](const std::string &) { return std::vector<std::string>{}; });
    Session session = open_session(daemon.path, 50);
    memmgr_memory memory = MEMMGR_MEMORY_INIT;
    EXPECT_EQ(memmgr_session_memory(session.get(), &memory), -ETIMEDOUT);
    session->timeout_ms = 10000;
    daemon.set_answers([](const std::string &) {
        return std::vector<std::string>{R"({"version":1,"id":1,"ok":true,"total_bytes":1})",
                                        R"({"version":1,"id":@,"ok":true,"total_bytes":2})"};
    });
    EXPECT_EQ(memmgr_session_memory(session.get(), &memory), 0);
    EXPECT_EQ(memory.total_bytes, 2U);
}

/* ---- bounds ------------------------------------------------------------------------------------------------- */

TEST(Bounds, RemembersSoManyAndTheDeadMakeRoom)
{
    FakeDaemon daemon;
    memmgr_outcome outcome = MEMMGR_OUTCOME_INIT;
    int own = getpid(), parent = getppid();

    daemon.up();
    Session session = open_session(daemon.path, 10000, 2);
    EXPECT_EQ(report(session, MEMMGR_CREATE, own, "a", 0, &outcome), 0);
    EXPECT_TRUE(outcome.is_remembered);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 0x3ffffff0, "nobody", 0, &outcome), 0);
    EXPECT_TRUE(outcome.is_remembered);
    EXPECT_EQ(report(session, MEMMGR_CREATE, parent, "b", 0, &outcome), 0);
    EXPECT_TRUE(outcome.is_remembered);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, own, nullptr, 0, &outcome), 0);
    EXPECT_FALSE(outcome.is_remembered);
    EXPECT_EQ(report(session, MEMMGR_TERMINATED, parent, nullptr, 0, &outcome), 0);
    EXPECT_FALSE(outcome.is_remembered);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, own, nullptr, 0, &outcome), 0);
    EXPECT_TRUE(outcome.is_remembered);
}

TEST(Bounds, EventsThatNobodyTakesAreDroppedAndCounted)
{
    FakeDaemon daemon;

    daemon.up();
    Session session = open_session(daemon.path);
    EXPECT_EQ(memmgr_session_subscribe(session.get(), MEMMGR_SUBSCRIBE_KILLS), 0);
    for (int i = 0; i < 400; i++) {
        daemon.tell(R"({"version":1,"event":"oom-victim","time_ns":1,"comm":"x","pid":)" + std::to_string(i) +
                    "}");
        // While an answer is awaited all are read; a socket does not hold so many.
        if (i % 100 == 99) {
            ASSERT_EQ(memmgr_session_reclaim_app(session.get(), 100), 0);
        }
    }
    memmgr_event first = next_event(session);
    EXPECT_EQ(first.kind, MEMMGR_EVENT_KERNEL_KILL);
    EXPECT_EQ(first.pid, 80);
    EXPECT_EQ(first.lost, 81U); // and that it is connected
    for (int i = 81; i < 400; i++) {
        memmgr_event one = next_event(session);

        EXPECT_EQ(one.pid, i);
        EXPECT_EQ(one.lost, 0U);
    }
    EXPECT_EQ(next_event(session, 0).kind, 0);
}

TEST(Bounds, BadArgumentsAreRefusedBeforeAnythingIsSaid)
{
    FakeDaemon daemon;
    memmgr_options options = MEMMGR_OPTIONS_INIT;
    memmgr_session *none = nullptr;
    const std::string long_path(200, 'x'), long_name(128, 'x');

    options.path = long_path.c_str();
    EXPECT_EQ(memmgr_session_new(&options, &none), -ENAMETOOLONG);
    options.path = "";
    EXPECT_EQ(memmgr_session_new(&options, &none), -ENAMETOOLONG);
    options.path = "/nowhere";
    options.timeout_ms = -1;
    EXPECT_EQ(memmgr_session_new(&options, &none), -EINVAL);
    options.timeout_ms = 1;
    options.remember_max = 8193;
    EXPECT_EQ(memmgr_session_new(&options, &none), -EINVAL);
    options.remember_max = 1;
    options.size = 8;
    EXPECT_EQ(memmgr_session_new(&options, &none), -EINVAL);
    EXPECT_EQ(none, nullptr);
    memmgr_session_free(nullptr);

    daemon.up();
    Session session = open_session(daemon.path);
    EXPECT_EQ(report(session, 0, 100), -EINVAL);
    EXPECT_EQ(report(session, 33, 100), -EINVAL);
    EXPECT_EQ(report(session, MEMMGR_SCREEN_ON, 100), -EINVAL);
    EXPECT_EQ(report_account(session, MEMMGR_SCREEN_ON, 100), -EINVAL);
    EXPECT_EQ(report(session, MEMMGR_DATA_ABILITY_BEGIN, 100), -EINVAL);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, 0), -EINVAL);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, -1), -EINVAL);
    EXPECT_EQ(report(session, MEMMGR_BIND, 100), -EINVAL);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, 100, nullptr, 101), -EINVAL);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 100, ""), -EINVAL);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 100, long_name.c_str()), -EINVAL);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 100, "\xff"), -EILSEQ);
    EXPECT_EQ(report_account(session, MEMMGR_ACCOUNT_ACTIVATE, -1), -EINVAL);
    EXPECT_EQ(memmgr_session_subscribe(session.get(), 8), -EINVAL);
    EXPECT_EQ(memmgr_session_set_critical(session.get(), -1, 1), -EINVAL);
    EXPECT_EQ(memmgr_session_register_app(session.get(), 0, -1), -EINVAL);
    EXPECT_EQ(memmgr_session_register_app(session.get(), 100, UINT32_MAX), -EINVAL);
    int32_t priority = 0;
    EXPECT_EQ(memmgr_session_priority(session.get(), 0, &priority), -EINVAL);
    EXPECT_TRUE(daemon.take_heard().empty());
}

// A program of a later version hands in longer structures, one of this version shorter ones than a later library has.
TEST(Bounds, StructuresOfOtherVersions)
{
    FakeDaemon daemon;

    daemon.up();
    daemon.set_answers([](const std::string &) {
        return std::vector<std::string>{R"({"version":1,"id":@,"ok":true,"total_bytes":42})"};
    });
    Session session = open_session(daemon.path);
    struct {
        memmgr_memory memory;
        uint64_t later;
    } longer = {MEMMGR_MEMORY_INIT, 77};
    longer.memory.size = sizeof(longer);
    EXPECT_EQ(memmgr_session_memory(session.get(), &longer.memory), 0);
    EXPECT_EQ(longer.memory.total_bytes, 42U);
    EXPECT_EQ(longer.memory.size, sizeof(longer));
    EXPECT_EQ(longer.later, 77U);
    longer.memory.size = sizeof(size_t);
    EXPECT_EQ(memmgr_session_memory(session.get(), &longer.memory), -EINVAL);
    memmgr_event one = MEMMGR_EVENT_INIT;
    one.size = 0;
    EXPECT_EQ(memmgr_session_next(session.get(), 10000, &one), -EINVAL);
    // It is not lost by that.
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
}

/* ---- descriptors -------------------------------------------------------------------------------------------- */

TEST(Descriptors, TheOneGivenOutStaysAndSaysWhenThereIsSomethingToDo)
{
    FakeDaemon daemon;

    daemon.up();
    Session session = open_session(daemon.path);
    pollfd poller{memmgr_session_fd(session.get()), POLLIN, 0};
    EXPECT_EQ(poll(&poller, 1, 0), 1); // connected
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    EXPECT_EQ(poll(&poller, 1, 0), 0);
    EXPECT_EQ(memmgr_session_subscribe(session.get(), MEMMGR_SUBSCRIBE_KILLS), 0);
    EXPECT_EQ(poll(&poller, 1, 0), 0);
    daemon.hang_up();
    EXPECT_EQ(poll(&poller, 1, 10000), 1);
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_DISCONNECTED);
    EXPECT_EQ(poll(&poller, 1, 10000), 1); // the timer
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    EXPECT_EQ(memmgr_session_fd(session.get()), poller.fd);
    daemon.tell(R"({"version":1,"event":"kill","time_ns":5,"pid":9,"ended":false})");
    EXPECT_EQ(poll(&poller, 1, 10000), 1);
    // An event that came while an answer was awaited keeps it readable.
    EXPECT_EQ(memmgr_session_reclaim_app(session.get(), 100), 0);
    EXPECT_EQ(poll(&poller, 1, 0), 1);
    EXPECT_EQ(next_event(session).pid, 9);
    EXPECT_EQ(poll(&poller, 1, 0), 0);
}

std::map<int, bool> descriptors()
{
    std::map<int, bool> closed_on_exec;
    DIR *directory = opendir("/proc/self/fd");

    for (dirent *entry; (entry = readdir(directory));) {
        int fd = atoi(entry->d_name), flags = fcntl(fd, F_GETFD);

        if (entry->d_name[0] != '.' && fd != dirfd(directory) && flags >= 0)
            closed_on_exec[fd] = flags & FD_CLOEXEC;
    }
    closedir(directory);
    return closed_on_exec;
}

TEST(Descriptors, NoneIsLeftToOtherProgramsOrBehind)
{
    FakeDaemon daemon;

    daemon.up();
    const auto before = descriptors();
    {
        Session session = open_session(daemon.path);
        EXPECT_EQ(memmgr_session_subscribe(session.get(), 1), 0);
        unsigned added = 0;
        for (const auto &one : descriptors()) {
            if (before.count(one.first))
                continue;
            EXPECT_TRUE(one.second) << one.first;
            added++;
        }
        EXPECT_GE(added, 4U);
    }
    daemon.hang_up();
    EXPECT_EQ(descriptors(), before);
}

} // namespace
