// SPDX-License-Identifier: Apache-2.0
// What tests of the marks of connections say and read.
#ifndef MM_TEST_REQUEST_MARKS_SUPPORT_H
#define MM_TEST_REQUEST_MARKS_SUPPORT_H

#include "service_fixture.h"

namespace service_test
{

inline uint64_t start_time_of(World &world, pid_t pid)
{
    mm_process_info info{};

    EXPECT_EQ(world.kernel->ops->read_process(world.kernel, pid, MM_PROCESS_STAT, &info), 0);
    return info.start_time_ticks;
}

inline void allow_critical(World &world, unsigned max, int floor = 100)
{
    mm_event event{};

    world.config->critical.max_per_user = max;
    world.config->critical.floor = floor;
    event.kind = MM_EVENT_CONFIG;
    event.payload.config = world.config.get();
    mm_event_center_publish(world.center, &event);
}

inline std::string critical(int pid, bool is_critical = true)
{
    return ",\"pid\":" + std::to_string(pid) + ",\"critical\":" + (is_critical ? "true" : "false");
}

inline void report(Client &client, const std::string &word, int pid, const std::string &more = "")
{
    ASSERT_EQ(Client::code(
                  client.ask("event", ",\"event\":\"" + word + "\",\"pid\":" + std::to_string(pid) + more)),
              "");
}

} // namespace service_test

#endif
