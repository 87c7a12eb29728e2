// SPDX-License-Identifier: Apache-2.0
// What "list" shows as the next victim is whom the killer chooses, in every order that can be configured.
#include "service_fixture.h"

#include "kill_strategy/candidates.h"

using namespace service_test;

namespace
{

class ListOrder : public testing::TestWithParam<mm_bucket_order>
{
  protected:
    ListOrder() : client(world)
    {
        mm_event event{};

        world.config->kill.order = GetParam();
        world.config->kill.heaviest_from_priority = 100;
        world.config->kill.unregistered_policy = MM_UNREGISTERED_ANY;
        world.config->kill.unregistered_min_bytes = 0;
        event.kind = MM_EVENT_CONFIG;
        event.payload.config = world.config.get();
        mm_event_center_publish(world.center, &event);
    }

    // In the background, visible or unregistered; sizes, starts and uses each in another order.
    void fill()
    {
        for (pid_t pid = 1000; pid < 1200; pid++) {
            mm_simulated_process process{};
            const std::string told =
                ",\"pid\":" + std::to_string(pid) + ",\"name\":\"app" + std::to_string(pid) + "\"";

            process.pid = pid;
            process.ppid = 1;
            process.uid = 1000;
            process.comm = "process";
            process.oom_score_adj = pid % 3 == 0 ? 400 : 0;
            process.anonymous_bytes = static_cast<uint64_t>(pid) * 7919 % 211 * MM_KIB;
            ASSERT_EQ(mm_simulated_spawn(world.kernel, &process), 0);
            mm_simulated_advance(world.kernel, 20 * MM_NS_PER_MS);
            if (pid % 3 > 0) {
                ASSERT_EQ(Client::code(client.ask("event", ",\"event\":\"background\"" + told)), "");
                ASSERT_EQ(Client::code(client.ask("event", (pid % 7 == 0 ? ",\"event\":\"visible\""
                                                                         : ",\"event\":\"background\"") +
                                                               told)),
                          "");
            }
        }
        for (pid_t pid = 1199; pid >= 1000; pid -= 5) {
            if (pid % 3 > 0) {
                ASSERT_EQ(Client::code(client.ask("event", ",\"event\":\"background\",\"pid\":" +
                                                               std::to_string(pid))),
                          "");
            }
        }
        ASSERT_EQ(mm_priority_manager_scan(world.manager), 0);
        while (mm_priority_manager_refresh(world.manager, 10000) > 0)
            ;
    }

    // In pages of so many; the pids of those that may die, each a bundle of its own.
    std::vector<pid_t> shown(unsigned limit)
    {
        std::vector<pid_t> pids;
        std::string cursor;

        do {
            Json answer = client.ask("list", ",\"limit\":" + std::to_string(limit) +
                                                 (cursor.empty() ? "" : ",\"cursor\":\"" + cursor + "\""));
            const cJSON *process;

            cJSON_ArrayForEach (process, member(answer, "processes")) {
                if (number_of(member(process, "bundle_priority")) >= 50)
                    pids.push_back((pid_t)number_of(member(process, "pid")));
            }
            cursor = text_of(member(answer, "cursor"));
        } while (!cursor.empty());
        return pids;
    }

    // One after the other, each set aside as one that died.
    std::vector<pid_t> chosen()
    {
        const mm_priority_list *list = mm_priority_manager_list(world.manager);
        const mm_kill_level level = {MM_GIB, 50};
        uint64_t now_ns = mm_event_center_now_ns(world.center);
        mm_kill_candidates candidates;
        std::vector<pid_t> pids;

        world.config->kill.reread_candidates = 1; // none is larger than it is known to be
        for (;;) {
            mm_kill_collect(&world.config->kill, &level, list, nullptr, now_ns, &candidates);
            if (candidates.count == 0)
                return pids;
            pids.push_back(
                MM_CONTAINER_OF(candidates.bundles[0]->processes.next, mm_process, bundle_link)->pid);
            mm_priority_manager_set_aside(world.manager, candidates.bundles[0], now_ns + 1);
        }
    }

    World world;
    Client client;
};

TEST_P(ListOrder, IsTheOrderInWhichTheKillerChooses)
{
    ASSERT_NO_FATAL_FAILURE(fill());
    const std::vector<pid_t> pages = shown(7), whole = shown(100000);

    EXPECT_EQ(pages, whole);
    EXPECT_GT(whole.size(), 150U);
    EXPECT_EQ(chosen(), whole);
}

INSTANTIATE_TEST_SUITE_P(Orders, ListOrder,
                         testing::Values(MM_ORDER_OLDEST_USE, MM_ORDER_HEAVIEST, MM_ORDER_NEWEST_USE,
                                         MM_ORDER_OLDEST, MM_ORDER_NEWEST));

} // namespace
