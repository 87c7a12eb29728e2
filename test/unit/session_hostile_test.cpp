// SPDX-License-Identifier: Apache-2.0
// Sessions with a daemon that is none: nothing that it says harms the program.
#include "session_fixture.h"

using namespace session_test;

namespace
{

TEST(Hostile, NonsenseEndsTheConnectionAndNothingElse)
{
    const std::string nonsense[] = {
        "x",
        "{",
        "[]",
        "1",
        "{}",
        R"({"version":2,"id":@,"ok":true})",
        R"({"version":1,"id":@})",
        R"({"version":1,"id":@,"ok":1})",
        R"({"version":1,"id":@,"ok":false})",
        R"({"version":1,"id":null,"ok":true})",
        R"({"version":1,"id":-1,"ok":true})",
        R"({"version":1,"id":"@","ok":true})",
        R"({"version":1,"id":null,"ok":false,"error":{"code":"busy","message":"full"}})",
        std::string(65536, '['),
        std::string(1000, '\0'),
    };

    for (const std::string &packet : nonsense) {
        FakeDaemon daemon;
        bool is_hostile = true;

        daemon.set_answers([&](const std::string &) {
            bool was = is_hostile;

            is_hostile = false;
            return was ? std::vector<std::string>{packet}
                       : std::vector<std::string>{R"({"version":1,"id":@,"ok":true,"total_bytes":3})"};
        });
        daemon.up();
        Session session = open_session(daemon.path);
        memmgr_memory memory = MEMMGR_MEMORY_INIT;
        int result = memmgr_session_memory(session.get(), &memory);
        // Asked again over a new connection, or told that it was nonsense.
        EXPECT_TRUE(result == 0 || result == -EBADMSG) << packet.substr(0, 60) << ": " << result;
        EXPECT_EQ(memmgr_session_memory(session.get(), &memory), 0) << packet.substr(0, 60);
        EXPECT_EQ(memory.total_bytes, 3U);
        EXPECT_EQ(daemon.connections(), 2U) << packet.substr(0, 60);
    }
}

TEST(Hostile, MembersOfOtherTypesAreLeftOut)
{
    FakeDaemon daemon;

    daemon.set_answers([](const std::string &request) {
        if (request.find("memory") != std::string::npos && request.find("subscribe") == std::string::npos)
            return std::vector<std::string>{
                R"({"version":1,"id":@,"ok":true,"total_bytes":-1,"available_bytes":"5","level":7,"kill":[1]})"};
        if (request.find("list") != std::string::npos)
            return std::vector<std::string>{
                R"({"version":1,"id":@,"ok":true,"processes":[7,{"pid":"x"},{"pid":1e3},
{"pid":99999999999,"flags":{"a":1},"name":[]},{"pid":5,"flags":["foreground",7,"nonsense"],"name":"\ud800"}],"cursor":7})"};
        return FakeDaemon::yes(request);
    });
    daemon.up();
    Session session = open_session(daemon.path);
    memmgr_memory memory = MEMMGR_MEMORY_INIT;
    EXPECT_EQ(memmgr_session_memory(session.get(), &memory), 0);
    EXPECT_EQ(memory.total_bytes, 0U);
    EXPECT_EQ(memory.available_bytes, 0U);
    EXPECT_EQ(memory.level, 0);
    std::vector<memmgr_process> seen;
    EXPECT_EQ(memmgr_session_list(
                  session.get(), 0,
                  [](const memmgr_process *process, void *user) {
                      static_cast<std::vector<memmgr_process> *>(user)->push_back(*process);
                      return 0;
                  },
                  &seen),
              0);
    ASSERT_EQ(seen.size(), 5U);
    EXPECT_EQ(seen[3].pid, 0);
    EXPECT_EQ(seen[4].pid, 5);
    EXPECT_EQ(seen[4].flags, (uint32_t)MEMMGR_PROCESS_FOREGROUND);
    EXPECT_STREQ(seen[4].name, "\xef\xbf\xbd");
    int32_t priority = 0;
    EXPECT_EQ(memmgr_session_priority(session.get(), 5, &priority), -EBADMSG);
    EXPECT_EQ(memmgr_session_subscribe(session.get(), 7), 0);
    while (next_event(session, 0).kind != 0)
        continue;
    for (const char *packet :
         {R"({"version":1,"event":"memory-level","level":"huge"})", R"({"version":1,"event":7})",
          R"({"version":1,"event":"app-state","state":"x","pid":1})", R"({"version":1,"event":"news"})",
          R"({"version":1,"event":"kill","pid":[],"name":{},"ended":"yes"})"})
        daemon.tell(packet);
    memmgr_event one = next_event(session);
    EXPECT_EQ(one.kind, MEMMGR_EVENT_KILL);
    EXPECT_EQ(one.pid, 0);
    EXPECT_EQ(next_event(session, 0).kind, 0);
    EXPECT_EQ(daemon.connections(), 1U);
}

// A list without end is one page after the other until the program has enough.
TEST(Hostile, AVisitorEndsAListThatHasNone)
{
    FakeDaemon daemon;
    unsigned seen = 0;

    daemon.set_answers([](const std::string &) {
        return std::vector<std::string>{
            R"({"version":1,"id":@,"ok":true,"processes":[{"pid":5}],"cursor":"1:2:3:4"})"};
    });
    daemon.up();
    Session session = open_session(daemon.path);
    EXPECT_EQ(memmgr_session_list(
                  session.get(), 1,
                  [](const memmgr_process *, void *user) {
                      return ++*static_cast<unsigned *>(user) == 20 ? 77 : 0;
                  },
                  &seen),
              77);
    EXPECT_EQ(seen, 20U);
    std::vector<std::string> heard = daemon.take_heard();
    EXPECT_EQ(heard.front(), R"("request":"list","registered":true)");
    EXPECT_EQ(heard.back(), R"("request":"list","registered":true,"cursor":"1:2:3:4")");
}

TEST(Hostile, TheVisitorCannotUseTheSession)
{
    FakeDaemon daemon;

    daemon.set_answers([](const std::string &) {
        return std::vector<std::string>{
            R"({"version":1,"id":@,"ok":true,"processes":[{"pid":5}],"cursor":null})"};
    });
    daemon.up();
    Session session = open_session(daemon.path);
    EXPECT_EQ(memmgr_session_list(
                  session.get(), 0,
                  [](const memmgr_process *, void *user) {
                      auto *inner = static_cast<memmgr_session *>(user);
                      memmgr_memory memory = MEMMGR_MEMORY_INIT;
                      memmgr_event one = MEMMGR_EVENT_INIT;
                      memmgr_report said = MEMMGR_REPORT_INIT;
                      int32_t priority;

                      EXPECT_EQ(memmgr_session_memory(inner, &memory), -EBUSY);
                      EXPECT_EQ(memmgr_session_next(inner, 0, &one), -EBUSY);
                      EXPECT_EQ(memmgr_session_report(inner, &said, nullptr), -EBUSY);
                      EXPECT_EQ(memmgr_session_priority(inner, 5, &priority), -EBUSY);
                      EXPECT_EQ(memmgr_session_subscribe(inner, 0), -EBUSY);
                      EXPECT_EQ(memmgr_session_set_critical(inner, 5, 1), -EBUSY);
                      EXPECT_EQ(memmgr_session_register_app(inner, 5, -1), -EBUSY);
                      EXPECT_EQ(memmgr_session_list(inner, 0, nullptr, nullptr), -EBUSY);
                      return 0;
                  },
                  session.get()),
              0);
}

} // namespace
