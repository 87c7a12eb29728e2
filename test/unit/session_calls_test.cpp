// SPDX-License-Identifier: Apache-2.0
// The session's calls and events: what each says, what comes of answers, and all of it against the real requests.
#include "session_fixture.h"

#include "service/shared/event_words.h"

#include "report_words.h"

#include <algorithm>

using namespace session_test;

namespace
{

/* ---- words ---------------------------------------------------------------------------------------------------- */

// Every word of the daemon's but "level", which is for tests, and none that it does not know.
TEST(Words, AreTheDaemons)
{
    size_t count;
    const mm_event_word *words = mm_event_words(&count);
    std::map<std::string, const mm_report_word *> ours;

    for (int32_t word = MEMMGR_CREATE; mm_report_word_find(word); word++)
        ours[mm_report_word_find(word)->word] = mm_report_word_find(word);
    EXPECT_EQ(ours.size(), count - 1);
    EXPECT_EQ(mm_report_word_find(0), nullptr);
    EXPECT_EQ(mm_report_word_find(-1), nullptr);
    for (size_t i = 0; i < count; i++) {
        if (words[i].subject == MM_SUBJECT_LEVEL)
            continue;
        ASSERT_TRUE(ours.count(words[i].word)) << words[i].word;
        const mm_report_word *word = ours[words[i].word];
        EXPECT_EQ(word->is_account, words[i].subject == MM_SUBJECT_ACCOUNT) << words[i].word;
        EXPECT_EQ(word->is_device, words[i].subject == MM_SUBJECT_DEVICE) << words[i].word;
        EXPECT_EQ(word->needs_caller, (words[i].required & MM_EVENT_FIELD_CALLER_PID) != 0) << words[i].word;
        EXPECT_EQ(word->takes_caller, (words[i].allowed & MM_EVENT_FIELD_CALLER_PID) != 0) << words[i].word;
    }
}

TEST(Words, EachFieldOfAReportTravels)
{
    FakeDaemon daemon;
    memmgr_report one = MEMMGR_REPORT_INIT;

    daemon.up();
    Session session = open_session(daemon.path);
    one.word = MEMMGR_BIND;
    one.pid = 100;
    one.uid = 1000;
    one.name = "a \"b\"";
    one.process_name = "a:p";
    one.account = 101;
    one.caller_pid = 102;
    one.caller_uid = 0;
    one.start_time = 9;
    EXPECT_EQ(memmgr_session_report(session.get(), &one, nullptr), 0);
    EXPECT_EQ(
        daemon.take_heard(),
        std::vector<std::string>{
            R"("request":"event","event":"bind","pid":100,"start_time":9,"uid":1000,"name":"a \u0022b\u0022",)"
            R"("process_name":"a:p","caller_pid":102,"caller_uid":0,"account":101)"});
    // The library reads the start time where the program does not say it.
    one = MEMMGR_REPORT_INIT;
    one.word = MEMMGR_FOREGROUND;
    one.pid = getpid();
    EXPECT_EQ(memmgr_session_report(session.get(), &one, nullptr), 0);
    EXPECT_NE(daemon.take_heard().at(0).find(",\"start_time\":"), std::string::npos);
}

TEST(Answers, CodesAreErrnos)
{
    const std::map<std::string, int> codes = {
        {"permission-denied", -EACCES},
        {"no-such-process", -ESRCH},
        {"not-a-process", -ESRCH},
        {"wrong-owner", -EPERM},
        {"protected-process", -EPERM},
        {"not-in-domain", -EPERM},
        {"bad-field", -EINVAL},
        {"missing-field", -EINVAL},
        {"unknown-request", -ENOSYS},
        {"unknown-field", -ENOSYS},
        {"not-switchable", -EOPNOTSUPP},
        {"too-many", -ENOSPC},
        {"failed", -EIO},
        {"something-new", -EIO},
    };
    FakeDaemon daemon;

    daemon.up();
    Session session = open_session(daemon.path);
    for (const auto &one : codes) {
        daemon.set_answers([&](const std::string &) {
            return std::vector<std::string>{R"({"version":1,"id":@,"ok":false,"error":{"code":")" +
                                            one.first + R"(","message":"says why"}})"};
        });
        EXPECT_EQ(memmgr_session_reclaim_app(session.get(), 100), one.second) << one.first;
        EXPECT_STREQ(memmgr_session_message(session.get()), "says why");
    }
    daemon.set_answers(FakeDaemon::yes);
    EXPECT_EQ(memmgr_session_reclaim_app(session.get(), 100), 0);
    EXPECT_STREQ(memmgr_session_message(session.get()), "");
    EXPECT_EQ(daemon.connections(), 1U);
}

// What is refused is not said again.
TEST(Answers, ARefusalIsNotRemembered)
{
    FakeDaemon daemon;
    memmgr_outcome outcome = MEMMGR_OUTCOME_INIT;

    daemon.up();
    daemon.set_answers([](const std::string &) {
        return std::vector<std::string>{
            R"({"version":1,"id":@,"ok":false,"error":{"code":"permission-denied","message":"no"}})"};
    });
    Session session = open_session(daemon.path);
    EXPECT_EQ(report(session, MEMMGR_CREATE, 100, "a", 0, &outcome), -EACCES);
    EXPECT_FALSE(outcome.is_remembered);
    EXPECT_EQ(memmgr_session_set_critical(session.get(), 0, 1), -EACCES);
    EXPECT_EQ(memmgr_session_register_app(session.get(), 100, -1), -EACCES);
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    (void)daemon.take_heard();
    daemon.hang_up();
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_DISCONNECTED);
    EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    EXPECT_TRUE(daemon.take_heard().empty());
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

class Events : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        set_level("none");
        daemon.up();
        session = open_session(daemon.path);
        EXPECT_EQ(next_event(session).kind, MEMMGR_EVENT_CONNECTED);
    }
    // As the daemon answers from now on.
    void set_level(const std::string &level)
    {
        daemon.set_answers([level](const std::string &request) {
            return request == R"("request":"memory")"
                       ? std::vector<
                             std::string>{R"({"version":1,"id":@,"ok":true,"available_bytes":9,"level":")" +
                                          level + R"(","level_cause":"pressure"})"}
                       : FakeDaemon::yes(request);
        });
    }
    void subscribe(uint32_t what)
    {
        EXPECT_EQ(memmgr_session_subscribe(session.get(), what), 0);
    }
    void tell_level(const std::string &now, const std::string &previous,
                    const std::string &cause = "waterline")
    {
        daemon.tell(R"({"version":1,"event":"memory-level","time_ns":7,"level":")" + now +
                    R"(","previous":")" + previous + R"(","cause":")" + cause +
                    R"(","available_bytes":4096})");
    }
    // "level 3 1", "trim 3"
    std::string next()
    {
        memmgr_event one = next_event(session);

        if (one.kind == MEMMGR_EVENT_LEVEL)
            return "level " + std::to_string(one.level) + " " + std::to_string(one.previous_level);
        return one.kind == MEMMGR_EVENT_TRIM ? "trim " + std::to_string(one.level)
                                             : "kind " + std::to_string(one.kind);
    }

    FakeDaemon daemon;
    Session session;
};

TEST_F(Events, ALevel)
{
    subscribe(MEMMGR_SUBSCRIBE_LEVELS);
    EXPECT_EQ(daemon.take_heard(),
              (std::vector<std::string>{R"("request":"subscribe","events":["memory-level"])",
                                        R"("request":"memory")"}));
    tell_level("critical", "moderate", "injected");
    memmgr_event one = next_event(session);
    EXPECT_EQ(one.size, sizeof(one));
    EXPECT_EQ(one.kind, MEMMGR_EVENT_LEVEL);
    EXPECT_EQ(one.level, MEMMGR_LEVEL_CRITICAL);
    EXPECT_EQ(one.previous_level, MEMMGR_LEVEL_MODERATE);
    EXPECT_EQ(one.cause, MEMMGR_CAUSE_INJECTED);
    EXPECT_EQ(one.available_bytes, 4096U);
    EXPECT_EQ(one.time_ns, 7U);
    EXPECT_STREQ(memmgr_level_name(one.level), "critical");
    EXPECT_STREQ(memmgr_level_name(5), "unknown");
    EXPECT_STREQ(memmgr_level_name(-1), "unknown");
}

TEST_F(Events, TheLevelThatIsIsToldToWhoComesLate)
{
    set_level("low");
    subscribe(MEMMGR_SUBSCRIBE_LEVELS | MEMMGR_SUBSCRIBE_PURGEABLE);
    EXPECT_EQ(next(), "level 3 0");
    EXPECT_EQ(next(), "trim 3");
    // Another daemon, the same level: nothing new; another level: once.
    daemon.hang_up();
    EXPECT_EQ(next(), "kind 2");
    EXPECT_EQ(next(), "kind 1");
    set_level("moderate");
    daemon.hang_up();
    EXPECT_EQ(next(), "kind 2");
    EXPECT_EQ(next(), "level 2 3");
    EXPECT_EQ(next(), "kind 1");
    EXPECT_EQ(next_event(session, 0).kind, 0);
}

TEST_F(Events, TrimsAreForWhoHoldsMemoryAndForGettingScarcer)
{
    subscribe(MEMMGR_SUBSCRIBE_PURGEABLE);
    tell_level("moderate", "none");
    tell_level("low", "moderate");
    tell_level("moderate", "low");
    tell_level("purgeable", "moderate", "injected");
    tell_level("none", "purgeable", "injected");
    EXPECT_EQ(next(), "trim 2");
    EXPECT_EQ(next(), "trim 3");
    EXPECT_EQ(next(), "trim 1");
    EXPECT_EQ(next_event(session, 0).kind, 0);
    subscribe(MEMMGR_SUBSCRIBE_KILLS);
    tell_level("low", "none"); // still under way when that was given up
    EXPECT_EQ(next_event(session, 50).kind, 0);
}

TEST_F(Events, AKillAndItsEnd)
{
    subscribe(MEMMGR_SUBSCRIBE_KILLS);
    daemon.tell(
        R"({"version":1,"event":"kill","time_ns":7,"ended":false,"sequence":1,"name":"hog","pid":500,"uid":1000,"priority":400,)"
        R"("dry_run":true,"reason":"below","available_before_bytes":10,"available_after_bytes":null,"freed_bytes":null})");
    daemon.tell(
        R"({"version":1,"event":"kill","time_ns":8,"ended":true,"sequence":1,"name":"hog","pid":500,"uid":1000,"priority":400,)"
        R"("dry_run":false,"reason":"below","available_before_bytes":10,"available_after_bytes":30,"freed_bytes":20})");
    daemon.tell(
        R"({"version":1,"event":"oom-victim","time_ns":9,"pid":501,"comm":"other","oom_score_adj":0})");
    memmgr_event one = next_event(session);
    EXPECT_EQ(one.kind, MEMMGR_EVENT_KILL);
    EXPECT_EQ(one.pid, 500);
    EXPECT_EQ(one.uid, 1000U);
    EXPECT_EQ(one.priority, 400);
    EXPECT_FALSE(one.is_ended);
    EXPECT_TRUE(one.is_dry_run);
    EXPECT_EQ(one.available_bytes, 10U);
    EXPECT_EQ(one.freed_bytes, 0U);
    EXPECT_STREQ(one.name, "hog");
    EXPECT_STREQ(one.text, "below");
    one = next_event(session);
    EXPECT_TRUE(one.is_ended);
    EXPECT_EQ(one.available_bytes, 30U);
    EXPECT_EQ(one.freed_bytes, 20U);
    one = next_event(session);
    EXPECT_EQ(one.kind, MEMMGR_EVENT_KERNEL_KILL);
    EXPECT_EQ(one.pid, 501);
    EXPECT_STREQ(one.name, "other");
}

TEST_F(Events, StatesOfApplications)
{
    const char *const states[] = {"foreground", "visible",   "background", "suspended",
                                  "ended",      "forgotten", "reclaim",    "left"};

    subscribe(MEMMGR_SUBSCRIBE_PURGEABLE);
    for (unsigned i = 0; i < MM_ARRAY_SIZE(states); i++) {
        EXPECT_STREQ(mm_app_state_name((mm_app_state)i), states[i]); // the daemon's
        daemon.tell(std::string(R"({"version":1,"event":"app-state","time_ns":1,"pid":5,"uid":6,"state":")") +
                    states[i] + "\"}");
        memmgr_event one = next_event(session);
        EXPECT_EQ(one.kind, MEMMGR_EVENT_APP_STATE);
        EXPECT_EQ(one.state, (int)i);
        EXPECT_EQ(one.pid, 5);
        EXPECT_EQ(one.uid, 6U);
        EXPECT_EQ(one.is_present, 0);
    }
    daemon.tell(
        R"({"version":1,"event":"app-state","time_ns":1,"pid":5,"uid":6,"state":"visible","present":true})");
    EXPECT_EQ(next_event(session).is_present, 1);
}

/* ---- against the requests themselves --------------------------------------------------------------------------- */

TEST(Real, ReportsAndQuestions)
{
    Server server;
    Session session = open_session(server.path);
    memmgr_outcome outcome = MEMMGR_OUTCOME_INIT;
    memmgr_process process = MEMMGR_PROCESS_INIT;
    memmgr_memory memory = MEMMGR_MEMORY_INIT;
    memmgr_report one = MEMMGR_REPORT_INIT;
    int32_t priority = 0;

    one.word = MEMMGR_CREATE;
    one.pid = 100;
    one.name = "com.example.mail";
    server.run([&](World &world) {
        mm_process_info info{};

        EXPECT_EQ(world.kernel->ops->read_process(world.kernel, 100, MM_PROCESS_STAT, &info), 0);
        one.start_time = info.start_time_ticks;
    });
    EXPECT_EQ(memmgr_session_report(session.get(), &one, &outcome), 0);
    EXPECT_TRUE(outcome.is_listed);
    one.word = MEMMGR_BACKGROUND;
    EXPECT_EQ(memmgr_session_report(session.get(), &one, &outcome), 0);
    EXPECT_EQ(outcome.priority, 400);
    one.uid = 1001;
    EXPECT_EQ(memmgr_session_report(session.get(), &one, &outcome), -EPERM);
    EXPECT_NE(std::string(memmgr_session_message(session.get())).find("belongs to uid 1000"),
              std::string::npos);

    EXPECT_EQ(memmgr_session_priority(session.get(), 100, &priority), 0);
    EXPECT_EQ(priority, 400);
    EXPECT_EQ(memmgr_session_priority(session.get(), 5000, &priority), -ESRCH);
    EXPECT_EQ(memmgr_session_process(session.get(), 100, &process), 0);
    EXPECT_EQ(process.pid, 100);
    EXPECT_EQ(process.uid, 1000U);
    EXPECT_EQ(process.bundle_priority, 400);
    EXPECT_EQ(process.flags, (uint32_t)MEMMGR_PROCESS_REGISTERED);
    EXPECT_EQ(process.account, 0);
    EXPECT_STREQ(process.name, "com.example.mail");
    EXPECT_STREQ(process.comm, "mail");
    EXPECT_STREQ(process.rule, "background");
    EXPECT_STREQ(process.why, "400 background");
    EXPECT_EQ(memmgr_session_process(session.get(), 102, &process), 0);
    EXPECT_EQ(process.account, -1);
    EXPECT_EQ(memmgr_session_memory(session.get(), &memory), 0);
    EXPECT_EQ(memory.total_bytes, 1024 * MM_MIB);
    EXPECT_GT(memory.kill_levels, 0);
    EXPECT_EQ(memory.kill_level, 0);
    std::vector<int> pids;
    EXPECT_EQ(memmgr_session_list(
                  session.get(), 0,
                  [](const memmgr_process *item, void *user) {
                      static_cast<std::vector<int> *>(user)->push_back(item->pid);
                      return 0;
                  },
                  &pids),
              0);
    EXPECT_EQ(pids.front(), 100);
    for (int pid : {100, 101, 102, 103})
        EXPECT_EQ(std::count(pids.begin(), pids.end(), pid), 1) << pid;
}

TEST(Real, AListOfManyPages)
{
    Server server;
    Session session = open_session(server.path);
    std::map<int, int> seen;

    server.run([](World &world) {
        for (pid_t pid = 1000; pid < 2000; pid++)
            world.spawn(pid, 1000, "one of many");
        EXPECT_EQ(mm_priority_manager_scan(world.manager), 0);
    });
    EXPECT_EQ(memmgr_session_list(
                  session.get(), 0,
                  [](const memmgr_process *item, void *user) {
                      (*static_cast<std::map<int, int> *>(user))[item->pid]++;
                      return 0;
                  },
                  &seen),
              0);
    for (pid_t pid = 1000; pid < 2000; pid++)
        EXPECT_EQ(seen.count(pid), 1U) << pid;
    for (const auto &one : seen)
        EXPECT_EQ(one.second, 1) << one.first;
}

} // namespace
