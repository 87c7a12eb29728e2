/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for processes that nobody reports, in slices, while everything else goes on. */
#include "priority_world.h"

#include <errno.h>

#include <utility>

namespace
{

/* What a look at one process takes, measured on Linux 6.18. */
constexpr uint64_t kLookNs = 10700;
constexpr uint64_t kSliceNs = 2 * MM_NS_PER_MS;

class Scan : public PriorityWorld
{
  public:
    void SetUp() override
    {
        ram_bytes = 64 * MM_GIB;
        scan_ns = kLookNs;
        PriorityWorld::SetUp();
        ASSERT_EQ(
            mm_event_center_subscribe(
                center, MM_RANK_OBSERVER, 1u << MM_EVENT_PROCESS_FOUND,
                [](const mm_event *event, void *user) { static_cast<Scan *>(user)->found.push_back(*event); },
                this),
            0);
    }

    void spawn_many(pid_t first, pid_t end, int oom_score_adj = 0)
    {
        for (pid_t pid = first; pid < end; pid++)
            spawn(pid, kUid, oom_score_adj);
    }

    uint64_t now_ns() const
    {
        return kernel->ops->now_ns(kernel);
    }

    unsigned looks() const
    {
        return mm_simulated_calls(kernel, "scan_process");
    }

    /* One turn of the loop that does not wait; how long it took. */
    uint64_t turn()
    {
        uint64_t begin_ns = now_ns();

        mm_event_center_step(center);
        return now_ns() - begin_ns;
    }

    /* Turns until one does nothing. */
    void finish()
    {
        for (unsigned before = 0; before != looks();) {
            before = looks();
            (void)turn();
        }
    }

    std::vector<mm_event> found;
    std::pair<Scan *, std::vector<int> *> pair;
};

TEST_F(Scan, TheOneAtTheStartIsDoneWhenItReturnsAndTellsOfNobody)
{
    spawn_many(1000, 3000, 300);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    EXPECT_EQ(counters().processes, 2000U);
    EXPECT_TRUE(found.empty());
    EXPECT_EQ(mm_event_center_next_deadline_ns(center) > now_ns() + kSecondNs, true)
        << "nothing is left to do";
}

TEST_F(Scan, ALaterOneTakesTurnsOfTwoMilliseconds)
{
    unsigned turns = 0;

    spawn_many(1000, 11000);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    spawn_many(20000, 20010, 300);
    mm_priority_manager_want_scan(manager);
    EXPECT_EQ(looks(), 10000U) << "nothing is done before the next turn";
    while (priority(20009) == MM_PRIORITY_NONE && turns++ < 1000)
        ASSERT_LE(turn(), kSliceNs + kLookNs);
    EXPECT_GE(turns, 50U);
    EXPECT_LE(turns, 60U);
    EXPECT_EQ(looks(), 20010U) << "each is looked at once";
    EXPECT_EQ(counters().processes, 10010U);
}

TEST_F(Scan, WhatIsDueInBetweenIsDoneInBetween)
{
    struct Tick {
        Scan *test;
        mm_timer timer;
        unsigned count;
    } tick{this, {}, 0};

    spawn_many(1000, 11000);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    mm_timer_init(
        &tick.timer,
        [](mm_timer *timer, void *user) {
            auto *self = static_cast<Tick *>(user);

            self->count++;
            mm_event_center_arm(self->test->center, timer, self->test->now_ns() + 5 * MM_NS_PER_MS);
        },
        &tick);
    mm_event_center_arm(center, &tick.timer, now_ns());
    mm_priority_manager_want_scan(manager);
    finish();
    EXPECT_GE(tick.count, 107U / 7) << "107 ms, and each time at most a slice late";
    mm_event_center_disarm(center, &tick.timer);
}

/* As BPF does with each loss of records in a storm of forks. */
TEST_F(Scan, HoweverOftenItIsAskedForItTakesATwentiethOfTheTime)
{
    uint64_t end_ns;

    spawn_many(1000, 2000);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    mm_priority_manager_want_scan(manager);
    finish();
    ASSERT_EQ(looks(), 2000U);
    end_ns = now_ns() + 10 * kSecondNs;
    while (now_ns() < end_ns) {
        mm_priority_manager_want_scan(manager);
        mm_simulated_advance(kernel, MM_NS_PER_MS);
        (void)turn();
    }
    EXPECT_GE(looks() - 2000, 10 * kSecondNs / 22 / kLookNs) << "it is not forgotten";
    EXPECT_LE((looks() - 2000) * kLookNs, 10 * kSecondNs / 20);
}

TEST_F(Scan, OneThatIsAskedForWhileOneIsUnderWayFollowsIt)
{
    spawn_many(1000, 2000);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    mm_priority_manager_want_scan(manager);
    (void)turn();
    spawn(900, kUid, 300); /* the scan is past it */
    mm_priority_manager_want_scan(manager);
    finish();
    EXPECT_EQ(priority(900), MM_PRIORITY_NONE);
    advance_s(1);
    EXPECT_EQ(priority(900), 300);
    EXPECT_EQ(looks(), 1000U + 1000 + 1001);
}

TEST_F(Scan, AKillInterruptsItAndItGoesOnAfterwards)
{
    unsigned before;

    spawn_many(1000, 2000);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    spawn_many(3000, 3010, 300);
    mm_priority_manager_want_scan(manager);
    (void)turn();
    before = looks();
    ASSERT_LT(before, 1500U);
    publish(MM_EVENT_KILL_BEGIN);
    finish();
    advance_s(10);
    EXPECT_EQ(looks(), before);
    publish(MM_EVENT_KILL_END);
    finish();
    EXPECT_EQ(looks(), 2010U) << "from where it was";
    EXPECT_EQ(priority(3009), 300);
}

TEST_F(Scan, OneThatFailsIsOver)
{
    spawn_many(1000, 1010);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    mm_simulated_fail(kernel, "scan_processes", EMFILE, 1);
    mm_priority_manager_want_scan(manager);
    finish();
    EXPECT_EQ(looks(), 10U);
    mm_priority_manager_want_scan(manager);
    advance_s(1);
    EXPECT_EQ(looks(), 20U);
}

/* Their ends were lost with the records that did not find room. */
TEST_F(Scan, WhoEndedUnreportedIsForgottenAndNobodyElse)
{
    spawn_many(1000, 2000, 300);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    for (pid_t pid = 1000; pid < 2000; pid += 2)
        ASSERT_EQ(mm_simulated_exit(kernel, pid), 0);
    spawn(3000, kUid, 500);
    mm_priority_manager_want_scan(manager);
    finish();
    EXPECT_EQ(counters().processes, 501U);
    EXPECT_EQ(priority(1000), MM_PRIORITY_NONE);
    EXPECT_EQ(priority(1001), 300);
    EXPECT_EQ(priority(3000), 500);
    EXPECT_EQ(mm_simulated_calls(kernel, "read_process"), 500U + 1)
        << "only of those who were not seen, and the new";
}

TEST_F(Scan, ForgettingTakesTurnsToo)
{
    unsigned turns = 0;

    spawn_many(1000, 6000);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    for (pid_t pid = 1000; pid < 6000; pid++)
        ASSERT_EQ(mm_simulated_exit(kernel, pid), 0);
    mm_priority_manager_want_scan(manager);
    while (counters().processes > 0 && turns++ < 1000)
        (void)turn();
    EXPECT_EQ(counters().processes, 0U);
    finish();
    EXPECT_EQ(mm_event_center_next_deadline_ns(center) > now_ns() + kSecondNs, true)
        << "nothing is left to do";
}

TEST_F(Scan, NewcomersAreToldOfWhenTheyHaveTheirPlace)
{
    std::vector<int> places;

    ASSERT_EQ(mm_event_center_subscribe(
                  center, MM_RANK_OBSERVER, 1u << MM_EVENT_PROCESS_FOUND,
                  [](const mm_event *event, void *user) {
                      auto *test = static_cast<std::pair<Scan *, std::vector<int> *> *>(user);

                      test->second->push_back(test->first->bundle_priority(event->pid));
                  },
                  (pair = {this, &places}, &pair)),
              0);
    spawn(1000);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    spawn(1001, kUid, 700, "late");
    mm_priority_manager_want_scan(manager);
    finish();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].pid, 1001);
    EXPECT_EQ(found[0].uid, kUid);
    EXPECT_EQ(found[0].payload.process.oom_score_adj, 700);
    EXPECT_EQ(found[0].payload.process.start_time_ticks, ticks_of(1001));
    EXPECT_EQ(found[0].payload.process.resident_bytes, MM_MIB);
    EXPECT_STREQ(found[0].payload.process.comm, "late");
    EXPECT_EQ(places, std::vector<int>{700});
    EXPECT_EQ(mm_event_center_counters(center)->lost, 0U);
}

TEST_F(Scan, AStormOfNewcomersIsToldOfInPortions)
{
    size_t before = 0;

    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    spawn_many(1000, 6000, 300);
    mm_priority_manager_want_scan(manager);
    for (unsigned turns = 0; found.size() < 5000 && turns < 1000; turns++) {
        (void)turn();
        EXPECT_LE(found.size() - before, 64U);
        before = found.size();
    }
    EXPECT_EQ(found.size(), 5000U);
    EXPECT_EQ(counters().processes, 5000U);
    EXPECT_EQ(mm_event_center_counters(center)->lost, 0U);
}

TEST_F(Scan, ANewcomerThatIsHeardOfByItsNumberIsToldOfToo)
{
    spawn(1000);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    spawn(1001, kUid, 700);
    publish(MM_EVENT_OOM_SCORE_ADJ, 1001, 700);
    publish(MM_EVENT_OOM_SCORE_ADJ, 1001, 600); /* known by now */
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].pid, 1001);
}

} // namespace
