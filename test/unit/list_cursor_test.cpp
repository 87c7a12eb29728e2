// SPDX-License-Identifier: Apache-2.0
// The pages of "list": whom the next one begins with, whatever has become of the last one told.
#include "service_fixture.h"

#include <algorithm>
#include <chrono>
#include <set>

using namespace service_test;

namespace
{

// A page: the pids, and the cursor of the next.
struct Page {
    std::vector<pid_t> pids;
    std::string cursor;
};

Page read_page(Client &client, unsigned limit, const std::string &cursor)
{
    Json answer = client.ask("list", ",\"limit\":" + std::to_string(limit) +
                                         (cursor.empty() ? "" : ",\"cursor\":\"" + cursor + "\""));
    const cJSON *process;
    Page page;

    EXPECT_EQ(Client::code(answer), "");
    cJSON_ArrayForEach (process, member(answer, "processes"))
        page.pids.push_back((pid_t)number_of(member(process, "pid")));
    page.cursor = text_of(member(answer, "cursor"));
    return page;
}

void end(World &world, pid_t pid)
{
    mm_event event{};

    event.kind = MM_EVENT_PROCESS_EXITED;
    event.pid = pid;
    ASSERT_EQ(mm_simulated_exit(world.kernel, pid), 0);
    mm_event_center_publish(world.center, &event);
    ASSERT_EQ(mm_priority_manager_find(world.manager, pid), nullptr);
}

TEST(ListCursor, EndsAndLosesNobodyWhoStaysWhenTheLastOneToldIsGone)
{
    World world;
    Client client(world);
    std::set<pid_t> seen;
    unsigned gone = 0;
    std::string cursor;

    for (pid_t pid = 1000; pid < 1100; pid++)
        world.spawn(pid, 1000, "process");
    ASSERT_EQ(mm_priority_manager_scan(world.manager), 0);
    do {
        Page page = read_page(client, 7, cursor);

        for (pid_t pid : page.pids)
            EXPECT_TRUE(seen.insert(pid).second) << pid;
        cursor = page.cursor;
        if (!page.pids.empty() && page.pids.back() >= 1000 && gone < 5) {
            end(world, page.pids.back());
            gone++;
        }
    } while (!cursor.empty());
    EXPECT_EQ(gone, 5U);
    for (pid_t pid : list_order(world))
        EXPECT_TRUE(seen.count(pid)) << pid;
}

TEST(ListCursor, CursorsThatNoAnswerHeldAreRefused)
{
    World world;
    Client client(world);

    for (const char *cursor :
         {"x", "1", "1:2", "1:2:3:4", "1:2:3:4:", "1:2:3:4:5:6", "1:2:3:-4:5", "1:2:3:99999999999:5",
          "-:1:1:1:1", " 1:2:3:4:5", "1:2:3:4:5 ", "99999999999999999999:1:1:1:1"})
        EXPECT_EQ(Client::code(client.ask("list", ",\"cursor\":\"" + std::string(cursor) + "\"")),
                  "bad-cursor")
            << cursor;
    // Odd, but harmless: places before, behind and beside the list.
    for (const char *cursor : {"5000:0:0:1:0", "-5000:0:0:1:0", "99999999999:0:0:1:0", "0:99999999:7:5:5",
                               "0:-7:-7:0:0", "0:0:0:0:0", "-1000:-9223372036854775807:0:1:0"})
        EXPECT_EQ(Client::code(client.ask("list", ",\"cursor\":\"" + std::string(cursor) + "\"")), "")
            << cursor;
}

// Used again it is the last of its priority, which is no reason to pass over all those before it.
TEST(ListCursor, LosesNobodyWhenTheLastOneToldIsUsed)
{
    World world;
    Client client(world);
    std::set<pid_t> seen;
    std::string cursor;

    for (pid_t pid = 1000; pid < 1030; pid++) {
        world.spawn(pid, 1000, "process");
        ASSERT_EQ(
            Client::code(client.ask("event", ",\"event\":\"background\",\"pid\":" + std::to_string(pid) +
                                                 ",\"name\":\"app" + std::to_string(pid) + "\"")),
            "");
    }
    do {
        Page page = read_page(client, 5, cursor);

        seen.insert(page.pids.begin(), page.pids.end());
        if (cursor.empty()) {
            ASSERT_EQ(page.pids.back(), 1004);
            ASSERT_EQ(Client::code(client.ask("event", ",\"event\":\"background\",\"pid\":1004")), "");
            ASSERT_EQ(list_order(world).at(29), 1004);
        }
        cursor = page.cursor;
    } while (!cursor.empty());
    for (pid_t pid : list_order(world))
        EXPECT_TRUE(seen.count(pid)) << pid;
}

// The others of its application are told, though some of them again.
TEST(ListCursor, GoesOnWithTheApplicationOfTheLastOneThatIsGone)
{
    World world;
    Client client(world);
    std::vector<pid_t> order;

    for (pid_t pid = 1000; pid < 1004; pid++) {
        world.spawn(pid, 1000, "process");
        ASSERT_EQ(Client::code(client.ask("event", ",\"event\":\"background\",\"pid\":" +
                                                       std::to_string(pid) + ",\"name\":\"app\"")),
                  "");
    }
    Page first = read_page(client, 2, "");
    ASSERT_EQ(first.pids.size(), 2U);
    end(world, first.pids.back());
    order = list_order(world);
    ASSERT_EQ(order.front(), first.pids.front());
    EXPECT_EQ(read_page(client, 100, first.cursor).pids, order);
}

uint64_t least_us(Client &client, const std::string &cursor)
{
    uint64_t least = UINT64_MAX;

    for (unsigned round = 0; round < 7; round++) {
        const auto begun = std::chrono::steady_clock::now();

        (void)read_page(client, 1, cursor);
        least = std::min<uint64_t>(least, std::chrono::duration_cast<std::chrono::microseconds>(
                                              std::chrono::steady_clock::now() - begun)
                                              .count());
    }
    return least;
}

// Nobody waits for a walk over all those before it: that was 40 times as long.
TEST(ListCursor, OfOneThatIsGoneCostsWhatTheOthersCost)
{
    World world;
    Client client(world);
    const pid_t first = 1000, count = 10000;

    for (pid_t pid = first; pid < first + count; pid++)
        world.spawn(pid, 1000, "process");
    ASSERT_EQ(mm_priority_manager_scan(world.manager), 0);
    std::string cursor;
    Page page;
    for (size_t told = 0; told < count * 9 / 10; told += page.pids.size()) {
        page = read_page(client, 1000, cursor);
        cursor = page.cursor;
    }
    const uint64_t standing_us = least_us(client, cursor);
    end(world, page.pids.back());
    const uint64_t gone_us = least_us(client, cursor);
    std::printf("%ju us where the last one told stands, %ju us where it is gone\n",
                static_cast<uintmax_t>(standing_us), static_cast<uintmax_t>(gone_us));
    EXPECT_LE(gone_us, 6 * standing_us);
}

} // namespace
