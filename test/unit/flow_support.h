// SPDX-License-Identifier: Apache-2.0
// Flows over a simulated machine: the loop turns as long as a test waits for their threads.
#ifndef MM_TEST_FLOW_SUPPORT_H
#define MM_TEST_FLOW_SUPPORT_H

#include "service_fixture.h"

#include "event_center/center.h"
#include "service/flows/flows.h"

#include <chrono>
#include <thread>

namespace service_test
{

// How long a test waits for a thread, on a busy machine, too.
constexpr int FLOW_PATIENCE_MS = 20000;

// A fake flow that has published something: until it is cancelled.
inline int stay(mm_flow *flow)
{
    int result = 0;

    mm_flow_begin(flow);
    while (result == 0)
        result = mm_flow_wait(flow, -1, 1000);
    return result == -ECANCELED ? 0 : result;
}

class FlowWorld : public testing::Test
{
  protected:
    FlowWorld()
    {
        EXPECT_EQ(mm_flows_new(world.center, &flows), 0);
        world.context.flows = flows;
    }
    mm_flow_status status(unsigned index)
    {
        mm_flow_status found = {};

        mm_flows_status(flows, index, &found);
        return found;
    }
    // Lets the loop turn, woken by the flows alone, until the flow is there.
    bool await(unsigned index, mm_flow_phase phase)
    {
        return turn_until([&] { return status(index).phase == phase; });
    }
    template <typename Question> bool turn_until(Question question)
    {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(FLOW_PATIENCE_MS);

        while (!question()) {
            if (std::chrono::steady_clock::now() > deadline)
                return false;
            std::this_thread::yield();
            turn();
        }
        return true;
    }
    // Every descriptor that is ready, and the timers that are due.
    void turn()
    {
        mm_timer timer = {};

        mm_timer_init(
            &timer,
            [](mm_timer *, void *user) { mm_event_center_stop(static_cast<mm_event_center *>(user)); },
            world.center);
        mm_event_center_arm(world.center, &timer, mm_event_center_now_ns(world.center));
        world.center->is_stopping = false;
        EXPECT_EQ(mm_event_center_run(world.center), 0);
        mm_event_center_disarm(world.center, &timer);
    }
    World world;
    mm_flows *flows = nullptr;
};

// One fake flow, and what a client is told of it.
class FlowRequests : public FlowWorld
{
  protected:
    explicit FlowRequests(const mm_flow_ops &fake) : name(fake.name)
    {
        EXPECT_EQ(mm_flows_add(flows, &fake, nullptr), 0);
    }
    void start()
    {
        ASSERT_EQ(mm_flows_switch(flows, name, true), 0);
        ASSERT_TRUE(await(0, MM_FLOW_RUNNING));
    }
    static const cJSON *process(const Json &answer, pid_t pid)
    {
        const cJSON *element;

        cJSON_ArrayForEach (element, member(answer, "processes")) {
            if (number_of(member(element, "pid")) == pid)
                return element;
        }
        return nullptr;
    }
    const char *name;
    Client client{world};
};

} // namespace service_test

#endif
