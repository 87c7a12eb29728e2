/* SPDX-License-Identifier: Apache-2.0 */
/* The event center: subscribers, the queue and timers. */
#include "event_center_fixture.h"

#include "event_center/center.h"
#include "presence.h"

#include <errno.h>
#include <string.h>

#include <iterator>

namespace
{

/* ---- subscribers -------------------------------------------------------------------------------------- */

TEST_F(EventCenter, SubscribersHearInTheOrderOfTheirRanksThenOfSubscription)
{
    const struct {
        mm_subscriber_rank rank;
        const char *name;
    } order[] = {
        {MM_RANK_OBSERVER, "observer 1"},         {MM_RANK_KILL_STRATEGY, "kill"},
        {MM_RANK_PRIORITY_MANAGER, "priority 1"}, {MM_RANK_OBSERVER, "observer 2"},
        {MM_RANK_RECLAIM_STRATEGY, "reclaim"},    {MM_RANK_PRIORITY_MANAGER, "priority 2"},
    };

    for (const auto &one : order) {
        std::string name = one.name;

        subscribe(one.rank, mask(MM_EVENT_WATERLINE),
                  [this, name](const mm_event &) { heard.push_back(name); });
    }
    publish(MM_EVENT_WATERLINE);
    EXPECT_EQ(heard, (std::vector<std::string>{"priority 1", "priority 2", "reclaim", "kill", "observer 1",
                                               "observer 2"}));
}

TEST_F(EventCenter, OnlyTheKindsAskedForAreHeard)
{
    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_STOP) | mask(MM_EVENT_RELOAD),
              [this](const mm_event &event) { heard.emplace_back(mm_event_kind_name(event.kind)); });
    for (int kind = 0; kind < MM_EVENT_KIND_COUNT; kind++)
        publish(static_cast<mm_event_kind>(kind));
    publish(MM_EVENT_KIND_COUNT);
    EXPECT_EQ(heard, (std::vector<std::string>{"reload", "stop"}));
    for (int kind = 0; kind < MM_EVENT_KIND_COUNT; kind++)
        EXPECT_EQ(mm_event_center_counters(center)->published[kind], 1u) << kind;
}

TEST_F(EventCenter, AnEventGetsItsTimeUnlessItHasOne)
{
    std::vector<uint64_t> times;
    mm_event event = {};

    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_STOP),
              [&](const mm_event &one) { times.push_back(one.time_ns); });
    mm_simulated_advance(kernel, 12345);
    publish(MM_EVENT_STOP);
    event.kind = MM_EVENT_STOP;
    event.time_ns = 99;
    mm_event_center_publish(center, &event);
    EXPECT_EQ(times, (std::vector<uint64_t>{12345, 99}));
}

TEST_F(EventCenter, EverySubscriberHearsAnEventBeforeTheNextOne)
{
    subscribe(MM_RANK_PRIORITY_MANAGER, mask(MM_EVENT_PRESSURE) | mask(MM_EVENT_WATERLINE),
              [this](const mm_event &event) {
                  heard.push_back(std::string("first ") + mm_event_kind_name(event.kind));
                  if (event.kind == MM_EVENT_PRESSURE)
                      publish(MM_EVENT_WATERLINE);
              });
    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_PRESSURE) | mask(MM_EVENT_WATERLINE),
              [this](const mm_event &event) {
                  heard.push_back(std::string("second ") + mm_event_kind_name(event.kind));
              });
    publish(MM_EVENT_PRESSURE);
    EXPECT_EQ(heard, (std::vector<std::string>{"first pressure", "second pressure", "first waterline",
                                               "second waterline"}));
}

TEST_F(EventCenter, AFullQueueLosesWhatOnlyTellsAndCountsItButNoOrders)
{
    unsigned decisions = 0;
    unsigned ends = 0;

    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_DECISION), [&](const mm_event &) { decisions++; });
    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_KILL_END), [&](const mm_event &) { ends++; });
    subscribe(MM_RANK_PRIORITY_MANAGER, mask(MM_EVENT_ACCOUNT), [this](const mm_event &) {
        for (int i = 0; i < 2000; i++)
            publish(MM_EVENT_DECISION);
        for (int i = 0; i < 300; i++)
            publish(MM_EVENT_KILL_END);
    });
    publish(MM_EVENT_ACCOUNT);
    EXPECT_EQ(decisions, 1024u - 320u - 1u); /* the event being delivered has a place, too */
    EXPECT_EQ(mm_event_center_counters(center)->lost, 2000u - decisions);
    EXPECT_EQ(ends, 300u);
    EXPECT_EQ(mm_event_center_counters(center)->published[MM_EVENT_DECISION], decisions);
    publish(MM_EVENT_DECISION);
    EXPECT_EQ(decisions, 1024u - 320u);
}

TEST_F(EventCenter, AFloodOfExitsLeavesRoomForTheEndOfTheKill)
{
    unsigned exits = 0;
    unsigned ends = 0;

    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_PROCESS_EXITED), [&](const mm_event &) { exits++; });
    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_KILL_END), [&](const mm_event &) { ends++; });
    subscribe(MM_RANK_PRIORITY_MANAGER, mask(MM_EVENT_ACCOUNT), [this](const mm_event &) {
        for (int i = 0; i < 2000; i++)
            publish(MM_EVENT_PROCESS_EXITED);
        publish(MM_EVENT_KILL_END);
    });
    publish(MM_EVENT_ACCOUNT);
    EXPECT_EQ(exits, 1024u - 16u - 1u); /* the event being delivered has a place, too */
    EXPECT_EQ(ends, 1u);
}

TEST_F(EventCenter, WhatOnlyTellsLeavesTheLastPlacesToExits)
{
    for (mm_event_kind kind :
         {MM_EVENT_DECISION, MM_EVENT_PRIORITY, MM_EVENT_KILL, MM_EVENT_APP_STATE, MM_EVENT_DEVICE}) {
        unsigned told = 0, exits = 0;
        Subscriber *teller = subscribe(MM_RANK_OBSERVER, mask(kind), [&](const mm_event &) { told++; });
        Subscriber *undertaker =
            subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_PROCESS_EXITED), [&](const mm_event &) { exits++; });
        Subscriber *flood =
            subscribe(MM_RANK_PRIORITY_MANAGER, mask(MM_EVENT_ACCOUNT), [this, kind](const mm_event &) {
                for (int i = 0; i < 2000; i++)
                    publish(kind);
                EXPECT_FALSE(mm_event_center_has_place(center, kind));
                EXPECT_TRUE(mm_event_center_has_place(center, MM_EVENT_PROCESS_EXITED));
                for (int i = 0; i < 304; i++)
                    publish(MM_EVENT_PROCESS_EXITED);
            });
        publish(MM_EVENT_ACCOUNT);
        EXPECT_EQ(told, 1024u - 320u - 1u) << mm_event_kind_name(kind);
        EXPECT_EQ(exits, 304u) << mm_event_kind_name(kind);
        for (Subscriber *subscriber : {teller, undertaker, flood})
            mm_event_center_unsubscribe(center, hear, subscriber);
    }
}

TEST_F(EventCenter, OrdersAreLostOnlyWhenTheWholeQueueIsFull)
{
    unsigned ends = 0;

    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_KILL_END), [&](const mm_event &) { ends++; });
    subscribe(MM_RANK_PRIORITY_MANAGER, mask(MM_EVENT_ACCOUNT), [this](const mm_event &) {
        for (int i = 0; i < 1100; i++)
            publish(MM_EVENT_KILL_END);
    });
    publish(MM_EVENT_ACCOUNT);
    EXPECT_EQ(ends, 1023u);
    EXPECT_EQ(mm_event_center_counters(center)->lost, 1100u - 1023u);
}

TEST_F(EventCenter, DeliveredEventsGiveTheirPlacesBackInALongChain)
{
    int left = 5000;
    pid_t last = 0;

    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_PRIORITY), [&](const mm_event &event) {
        EXPECT_EQ(event.pid, last + 1);
        last = event.pid;
        if (--left > 0)
            publish(MM_EVENT_PRIORITY, event.pid + 1);
    });
    publish(MM_EVENT_PRIORITY, 1);
    EXPECT_EQ(left, 0);
    EXPECT_EQ(mm_event_center_counters(center)->lost, 0u);
}

/* Published from outside, with its time and without, and from within, behind another: of the largest of each size. */
TEST_F(EventCenter, EventsArriveWhole)
{
    struct {
        mm_event_kind kind;
        char *text;
        size_t size;
    } texts[4];
    mm_event event{};
    std::vector<std::string> arrived;
    size_t at = 0;

    mm_simulated_advance(kernel, MM_NS_PER_S);
    texts[0] = {MM_EVENT_DECISION, event.payload.decision.reason, MM_REASON_MAX};
    texts[1] = {MM_EVENT_APPLICATION, event.payload.application.process_name, MM_NAME_MAX};
    texts[2] = {MM_EVENT_PROCESS_MATCHED, event.payload.match.bundle, MM_NAME_MAX};
    texts[3] = {MM_EVENT_PROCESS_EXITED, event.payload.process.comm, MM_COMM_MAX};
    for (const auto &text : texts)
        subscribe(MM_RANK_OBSERVER, mask(text.kind), [&](const mm_event &delivered) {
            const char *place = (const char *)&delivered + (texts[at].text - (const char *)&event);

            EXPECT_EQ(delivered.kind, texts[at].kind);
            EXPECT_EQ(delivered.time_ns, event.time_ns == 0 ? MM_NS_PER_S : event.time_ns);
            arrived.emplace_back(place, strnlen(place, texts[at].size));
        });
    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_ACCOUNT),
              [&](const mm_event &) { mm_event_center_publish(center, &event); });
    for (at = 0; at < std::size(texts); at++) {
        const std::string filled(texts[at].size - 1, 'x');

        event = mm_event{};
        event.kind = texts[at].kind;
        (void)memcpy(texts[at].text, filled.c_str(), texts[at].size);
        mm_event_center_publish(center, &event);
        EXPECT_EQ(event.time_ns, 0u);
        event.time_ns = 5;
        mm_event_center_publish(center, &event);
        publish(MM_EVENT_ACCOUNT);
        EXPECT_EQ(arrived, std::vector<std::string>(3, filled)) << mm_event_kind_name(event.kind);
        arrived.clear();
    }
}

TEST_F(EventCenter, ThirtyTwoSubscribersAndNoMore)
{
    Subscriber one_more;

    for (int i = 0; i < 32; i++)
        subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_STOP),
                  [this](const mm_event &) { heard.emplace_back("x"); });
    EXPECT_EQ(mm_event_center_subscribe(center, MM_RANK_OBSERVER, 1, hear, &one_more), -ENOSPC);
    publish(MM_EVENT_STOP);
    EXPECT_EQ(heard.size(), 32u);
    mm_event_center_unsubscribe(center, hear, subscribers[3].get());
    mm_event_center_unsubscribe(center, hear, subscribers[3].get());
    publish(MM_EVENT_STOP);
    EXPECT_EQ(heard.size(), 63u);
}

TEST_F(EventCenter, SubscribingAndUnsubscribingWhileHearingMakesNobodyElseMissOrHearTwice)
{
    Subscriber *leaving = nullptr;

    subscribe(MM_RANK_RECLAIM_STRATEGY, mask(MM_EVENT_STOP),
              [this](const mm_event &) { heard.emplace_back("a"); });
    leaving = subscribe(MM_RANK_RECLAIM_STRATEGY, mask(MM_EVENT_STOP), [&](const mm_event &) {
        heard.emplace_back("leaving");
        mm_event_center_unsubscribe(center, hear, leaving);
        subscribe(MM_RANK_PRIORITY_MANAGER, mask(MM_EVENT_STOP),
                  [this](const mm_event &) { heard.emplace_back("new, before"); });
        subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_STOP),
                  [this](const mm_event &) { heard.emplace_back("new, behind"); });
    });
    subscribe(MM_RANK_RECLAIM_STRATEGY, mask(MM_EVENT_STOP),
              [this](const mm_event &) { heard.emplace_back("b"); });
    publish(MM_EVENT_STOP);
    EXPECT_EQ(heard, (std::vector<std::string>{"a", "leaving", "b", "new, behind"}));
    heard.clear();
    publish(MM_EVENT_STOP);
    EXPECT_EQ(heard, (std::vector<std::string>{"new, before", "a", "b", "new, behind"}));
}

TEST_F(EventCenter, WordsOfEvents)
{
    EXPECT_STREQ(mm_event_kind_name(MM_EVENT_KILL_BEGIN), "kill-begin");
    EXPECT_STREQ(mm_event_kind_name(MM_EVENT_KIND_COUNT), "unknown");
    EXPECT_STREQ(mm_event_kind_name(static_cast<mm_event_kind>(-1)), "unknown");
    EXPECT_STREQ(mm_application_reason_name(MM_REASON_ABILITY_START), "ABILITY_START");
    EXPECT_STREQ(mm_application_reason_name(MM_REASON_COUNT), "UNKNOWN");
    for (int kind = 0; kind < MM_EVENT_KIND_COUNT; kind++)
        EXPECT_STRNE(mm_event_kind_name(static_cast<mm_event_kind>(kind)), "unknown") << kind;
    for (int reason = 0; reason < MM_REASON_COUNT; reason++)
        EXPECT_STRNE(mm_application_reason_name(static_cast<mm_application_reason>(reason)), "UNKNOWN")
            << reason;
}

/* ---- timers ---------------------------------------------------------------------------------------------
 */

class Timers : public EventCenter
{
  protected:
    struct Alarm {
        mm_timer timer;
        std::function<void()> ring;
    };

    static void ring(mm_timer *, void *user)
    {
        static_cast<Alarm *>(user)->ring();
    }

    Alarm *make(const std::function<void()> &function)
    {
        alarms.push_back(std::make_unique<Alarm>());
        alarms.back()->ring = function;
        mm_timer_init(&alarms.back()->timer, ring, alarms.back().get());
        return alarms.back().get();
    }

    Alarm *arm(const std::string &name, uint64_t deadline_ns)
    {
        Alarm *alarm = make([this, name] { heard.push_back(name); });

        mm_event_center_arm(center, &alarm->timer, deadline_ns);
        return alarm;
    }

    std::vector<std::unique_ptr<Alarm>> alarms;
};

TEST_F(Timers, FireInTheOrderOfTheirDeadlinesAndNotBefore)
{
    arm("30", 30);
    arm("10", 10);
    arm("20 a", 20);
    arm("20 b", 20);
    arm("never", UINT64_MAX);
    EXPECT_EQ(mm_event_center_next_deadline_ns(center), 10u);
    mm_simulated_advance(kernel, 9);
    mm_event_center_step(center);
    EXPECT_TRUE(heard.empty());
    mm_simulated_advance(kernel, 11);
    mm_event_center_step(center);
    EXPECT_EQ(heard, (std::vector<std::string>{"10", "20 a", "20 b"}));
    EXPECT_EQ(mm_event_center_next_deadline_ns(center), 30u);
    mm_simulated_advance(kernel, 1000);
    mm_event_center_step(center);
    mm_event_center_step(center);
    EXPECT_EQ(heard.size(), 4u);
    EXPECT_EQ(mm_event_center_next_deadline_ns(center), UINT64_MAX);
}

TEST_F(Timers, ArmingAgainMovesAndDisarmingStops)
{
    Alarm *moved = arm("moved", 10);
    Alarm *stopped = arm("stopped", 10);

    EXPECT_TRUE(mm_timer_is_armed(&moved->timer));
    mm_event_center_arm(center, &moved->timer, 50);
    mm_event_center_disarm(center, &stopped->timer);
    mm_event_center_disarm(center, &stopped->timer);
    EXPECT_FALSE(mm_timer_is_armed(&stopped->timer));
    mm_simulated_advance(kernel, 49);
    mm_event_center_step(center);
    EXPECT_TRUE(heard.empty());
    mm_simulated_advance(kernel, 1);
    mm_event_center_step(center);
    EXPECT_EQ(heard, (std::vector<std::string>{"moved"}));
    EXPECT_FALSE(mm_timer_is_armed(&moved->timer));
}

TEST_F(Timers, AZeroedTimerIsDisarmed)
{
    mm_timer timer = {};

    EXPECT_FALSE(mm_timer_is_armed(&timer));
    mm_event_center_disarm(center, &timer);
    EXPECT_FALSE(mm_timer_is_armed(&timer));
}

TEST_F(Timers, OneThatArmsItselfForAPastMomentWaitsForTheNextStep)
{
    Alarm *restless = nullptr;
    unsigned rings = 0;

    restless = make([&] {
        rings++;
        mm_event_center_arm(center, &restless->timer, 0);
    });
    mm_event_center_arm(center, &restless->timer, 0);
    for (unsigned step = 1; step <= 3; step++) {
        mm_event_center_step(center);
        EXPECT_EQ(rings, step);
    }
}

TEST_F(Timers, OneArmedByAnotherForAPastMomentWaitsForTheNextStep)
{
    Alarm *first = make([&] { arm("second", 0); });

    mm_event_center_arm(center, &first->timer, 0);
    mm_event_center_step(center);
    EXPECT_TRUE(heard.empty());
    mm_event_center_step(center);
    EXPECT_EQ(heard, (std::vector<std::string>{"second"}));
}

TEST_F(Timers, OneThatIsDueCanStillBeDisarmedOrMovedByAnEarlierOne)
{
    Alarm *stopped = nullptr;
    Alarm *moved = nullptr;
    Alarm *first = make([&] {
        mm_event_center_disarm(center, &stopped->timer);
        mm_event_center_arm(center, &moved->timer, 100);
    });

    mm_event_center_arm(center, &first->timer, 1);
    stopped = arm("stopped", 2);
    moved = arm("moved", 2);
    arm("last", 2);
    mm_simulated_advance(kernel, 5);
    mm_event_center_step(center);
    EXPECT_EQ(heard, (std::vector<std::string>{"last"}));
    mm_simulated_advance(kernel, 95);
    mm_event_center_step(center);
    EXPECT_EQ(heard, (std::vector<std::string>{"last", "moved"}));
}

TEST_F(Timers, AThousandDueTimersAllFireInOneStep)
{
    for (int i = 0; i < 1000; i++)
        arm("x", static_cast<uint64_t>(i % 7));
    mm_simulated_advance(kernel, 10);
    mm_event_center_step(center);
    EXPECT_EQ(heard.size(), 1000u);
}

TEST_F(Timers, SlackPutsOffTheWakeUpAndNothingElse)
{
    Alarm *patient = arm("patient", 100);
    Alarm *endless = arm("endless", 200);

    EXPECT_EQ(mm_event_center_next_wake_ns(center), 100u);
    patient->timer.slack_ns = 1000;
    endless->timer.slack_ns = UINT64_MAX;
    EXPECT_EQ(mm_event_center_next_deadline_ns(center), 100u);
    EXPECT_EQ(mm_event_center_next_wake_ns(center), 1100u);
    Alarm *exact = arm("exact", 500);
    EXPECT_EQ(mm_event_center_next_wake_ns(center), 500u);
    mm_simulated_advance(kernel, 99);
    mm_event_center_step(center);
    EXPECT_TRUE(heard.empty());
    /* awake for something else: who is due fires, though he could wait */
    mm_simulated_advance(kernel, 1);
    mm_event_center_step(center);
    EXPECT_EQ(heard, (std::vector<std::string>{"patient"}));
    mm_event_center_disarm(center, &exact->timer);
    EXPECT_EQ(mm_event_center_next_wake_ns(center), UINT64_MAX);
    mm_event_center_disarm(center, &endless->timer);
    EXPECT_EQ(mm_event_center_next_wake_ns(center), UINT64_MAX);
}

/* What a kill publishes at once has places that cost no page fault. */
TEST_F(EventCenter, TheFirstPlacesOfTheQueueAreInMemory)
{
    EXPECT_EQ(absent_pages(center->queue, 48 * sizeof(center->queue[0])), 0u);
}

} // namespace
