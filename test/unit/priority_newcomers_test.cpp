/* SPDX-License-Identifier: Apache-2.0 */
/* What the priority manager makes of the kernel's reports of processes that begin and change. */
#include "priority_world.h"

class Newcomers : public PriorityWorld
{
  protected:
    void SetUp() override
    {
        PriorityWorld::SetUp();
        ASSERT_EQ(mm_event_center_subscribe(
                      center, MM_RANK_OBSERVER, 1u << MM_EVENT_PROCESS_FOUND,
                      [](const mm_event *event, void *user) {
                          static_cast<Newcomers *>(user)->found.push_back(*event);
                      },
                      this),
                  0);
    }

    void start(pid_t pid, uint64_t ticks, const char *comm = "",
               mm_event_kind kind = MM_EVENT_PROCESS_STARTED, uid_t uid = kUid)
    {
        mm_event event{};

        event.kind = kind;
        event.pid = pid;
        event.uid = uid;
        event.payload.process.start_time_ticks = ticks;
        mm_copy_text(event.payload.process.comm, sizeof(event.payload.process.comm), comm);
        mm_event_center_publish(center, &event);
    }

    const char *name(pid_t pid) const
    {
        return mm_priority_manager_find(manager, pid)->bundle->name;
    }

    std::vector<mm_event> found;
};

TEST_F(Newcomers, AreReadAndToldOfOnce)
{
    spawn(501, kUid, 300, "tab");
    start(501, ticks_of(501), "tab");
    EXPECT_EQ(priority(501), 300);
    start(501, ticks_of(501), "tab", MM_EVENT_PROCESS_RENAMED);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].pid, 501);
    EXPECT_EQ(found[0].payload.process.oom_score_adj, 300);
    EXPECT_EQ(found[0].payload.process.resident_bytes, MM_MIB);
    EXPECT_EQ(found[0].payload.process.start_time_ticks, ticks_of(501));
}

/* A fork becomes another program, or is put where it belongs, long after it was told of. */
TEST_F(Newcomers, AreToldOfAgainWhenTheyBecomeOthers)
{
    spawn(501, kUid, 300, "shell");
    start(501, ticks_of(501), "shell");
    start(501, ticks_of(501), "shell");
    EXPECT_EQ(found.size(), 2u);
    start(501, ticks_of(501), "browser", MM_EVENT_PROCESS_RENAMED);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_STREQ(name(501), "browser");
    create(Application{501, kUid, "org.browser"});
    start(501, ticks_of(501), "other");
    EXPECT_EQ(found.size(), 3u) << "rules are not for who is registered";
}

TEST_F(Newcomers, GoneBeforeTheLookAreNobody)
{
    start(777, 5, "gone");
    EXPECT_EQ(counters().processes, 0u);
    EXPECT_TRUE(found.empty());
}

TEST_F(Newcomers, WithoutAStartTimeTheyAreFoundAsWell)
{
    spawn(501);
    start(501, 0, "a");
    EXPECT_EQ(counters().processes, 1u);
    start(501, 0, "b", MM_EVENT_PROCESS_RENAMED);
    EXPECT_EQ(found.size(), 2u);
    EXPECT_STREQ(name(501), "b");
}

TEST_F(Newcomers, ANewNameIsListed)
{
    spawn(501, kUid, 0, "sh");
    start(501, ticks_of(501), "sh");
    EXPECT_STREQ(name(501), "sh");
    start(501, ticks_of(501), "editor");
    EXPECT_STREQ(name(501), "editor");
    start(501, ticks_of(501), "view\ner", MM_EVENT_PROCESS_RENAMED);
    EXPECT_STREQ(name(501), "view\\x0aer");
    EXPECT_EQ(found.size(), 3u);
}

/* The name of an application is its client's to say. */
TEST_F(Newcomers, ARegisteredOneKeepsItsBundle)
{
    create(Application{1000, kUid, "com.example.mail"});
    start(1000, ticks_of(1000), "worker", MM_EVENT_PROCESS_RENAMED, kUid + 1);
    EXPECT_STREQ(name(1000), "com.example.mail");
    EXPECT_STREQ(mm_priority_manager_find(manager, 1000)->comm, "worker");
    EXPECT_TRUE(found.empty());
}

TEST_F(Newcomers, AProgramOfAnotherUserIsAnotherBundle)
{
    spawn(501, 0, 0, "launcher");
    start(501, ticks_of(501), "launcher", MM_EVENT_PROCESS_STARTED, 0);
    EXPECT_EQ(mm_priority_manager_find(manager, 501)->uid, 0u);
    mm_simulated_exit(kernel, 501);
    spawn(501, kUid, 0, "app");
    start(501, ticks_of(501), "app");
    EXPECT_EQ(mm_priority_manager_find(manager, 501)->uid, kUid);
    EXPECT_STREQ(name(501), "app");
    EXPECT_EQ(counters().processes, 1u);
}

TEST_F(Newcomers, WhoeverHadTheNumberBefore)
{
    advance_s(1);
    spawn(501, kUid, 0, "second");
    start(501, ticks_of(501), "second");
    start(501, ticks_of(501) - 1, "first");
    EXPECT_STREQ(name(501), "second");
    EXPECT_EQ(found.size(), 1u);
    start(501, ticks_of(501) + 1, "third"); /* the file still shows the second: it counts */
    EXPECT_EQ(counters().processes, 1u);
    EXPECT_EQ(found.size(), 2u);
}

TEST_F(Newcomers, NeitherInitNorOurselves)
{
    start(1, 0, "init");
    start(kOwnPid, 0, "memmgrd");
    EXPECT_EQ(counters().processes, 0u);
    EXPECT_TRUE(found.empty());
}
