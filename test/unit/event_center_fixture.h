/* SPDX-License-Identifier: Apache-2.0 */
/* A center over a simulated machine, and subscribers that are lambdas. */
#ifndef MM_TEST_UNIT_EVENT_CENTER_FIXTURE_H
#define MM_TEST_UNIT_EVENT_CENTER_FIXTURE_H

#include "common/common.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/event_center.h"
#pragma GCC diagnostic pop
#include "kernel_interface/simulated_kernel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

constexpr uint32_t mask(mm_event_kind kind)
{
    return 1u << kind;
}

class EventCenter : public testing::Test
{
  protected:
    void SetUp() override
    {
        machine.ram_bytes = 1000 * MM_MIB;
        ASSERT_EQ(mm_simulated_kernel_new(&machine, &kernel), 0);
        ASSERT_EQ(mm_event_center_new(kernel, &center), 0);
    }

    void TearDown() override
    {
        mm_event_center_free(center);
        mm_kernel_free(kernel);
    }

    struct Subscriber {
        std::function<void(const mm_event &)> hear;
    };

    static void hear(const mm_event *event, void *user)
    {
        static_cast<Subscriber *>(user)->hear(*event);
    }

    Subscriber *subscribe(mm_subscriber_rank rank, uint32_t kinds,
                          const std::function<void(const mm_event &)> &function)
    {
        subscribers.push_back(std::make_unique<Subscriber>(Subscriber{function}));
        EXPECT_EQ(mm_event_center_subscribe(center, rank, kinds, hear, subscribers.back().get()), 0);
        return subscribers.back().get();
    }

    void publish(mm_event_kind kind, pid_t pid = 0)
    {
        mm_event event = {};

        event.kind = kind;
        event.pid = pid;
        mm_event_center_publish(center, &event);
    }

    mm_simulated_machine machine = {};
    mm_kernel *kernel = nullptr;
    mm_event_center *center = nullptr;
    std::vector<std::unique_ptr<Subscriber>> subscribers;
    std::vector<std::string> heard;
};

#endif
