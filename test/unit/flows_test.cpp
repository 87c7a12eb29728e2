// SPDX-License-Identifier: Apache-2.0
// The supervisor with flows that fail, hang or cannot, on threads of their own; the clock is simulated.
#include "flow_support.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

using namespace service_test;

namespace
{

// What a fake flow does, told by the test.
struct Fake {
    std::atomic<int> starts{0};
    std::atomic<int> result{0}; // returned at once when it is not 0
    std::atomic<int> waited{0}; // what the wait of one that hung came to
    bool hangs = false;         // does not look whether it is cancelled
    int release_fd = eventfd(0, EFD_CLOEXEC);
    int ready_fd = eventfd(1, EFD_CLOEXEC);
    int gone_fd = eventfd(0, EFD_CLOEXEC);

    Fake() = default;
    Fake(const Fake &) = delete;
    Fake &operator=(const Fake &) = delete;
    ~Fake()
    {
        close(release_fd);
        close(ready_fd);
        close(gone_fd);
    }
    static void tell(int fd)
    {
        const uint64_t one = 1;

        EXPECT_EQ(write(fd, &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
    }
    static int run(mm_flow *flow, void *user)
    {
        auto *fake = static_cast<Fake *>(user);
        auto *figures = static_cast<int *>(malloc(sizeof(int)));
        uint64_t count;
        int result;

        fake->starts++;
        mm_flow_explain(flow, "run %d", fake->starts.load());
        *figures = fake->starts;
        mm_flow_publish(flow, figures);
        if (fake->result != 0)
            return fake->result;
        mm_flow_begin(flow);
        if (fake->hangs) {
            EXPECT_EQ(read(fake->release_fd, &count, sizeof(count)), static_cast<ssize_t>(sizeof(count)));
            fake->waited = mm_flow_wait(flow, fake->ready_fd, 0);
            // from here on the fake may be gone
            tell(fake->gone_fd);
            return 0;
        }
        do
            result = mm_flow_wait(flow, fake->release_fd, 1000);
        while (result == 0);
        return result == -ECANCELED ? 0 : -EIO;
    }
};

const mm_flow_ops first_ops = {"first", "mm-first", "a fake", Fake::run};
const mm_flow_ops second_ops = {"second", "mm-second", "another", Fake::run};
const mm_flow_ops engine_ops = {"memflow", nullptr, "the engine", nullptr};

class Flows : public FlowWorld
{
  protected:
    Flows()
    {
        EXPECT_EQ(mm_flows_add(flows, &engine_ops, nullptr), 0);
        EXPECT_EQ(mm_flows_add(flows, &first_ops, &first), 0);
        EXPECT_EQ(mm_flows_add(flows, &second_ops, &second), 0);
    }
    ~Flows() override
    {
        // before the fakes
        mm_flows_cancel(flows);
        (void)mm_flows_stop(flows, FLOW_PATIENCE_MS);
    }
    Fake first, second;
};

std::set<std::string> thread_names()
{
    std::set<std::string> names;

    for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(task.path().string() + "/comm");
        std::string name;

        std::getline(file, name);
        names.insert(name);
    }
    return names;
}

TEST_F(Flows, RunInThreadsOfTheirOwnNames)
{
    EXPECT_EQ(status(1).phase, MM_FLOW_OFF);
    EXPECT_EQ(thread_names().count("mm-first"), 0U);
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    ASSERT_TRUE(await(1, MM_FLOW_RUNNING));
    EXPECT_EQ(thread_names().count("mm-first"), 1U);
    EXPECT_EQ(thread_names().count("mm-second"), 0U);
    ASSERT_EQ(mm_flows_switch(flows, "first", false), 0);
    ASSERT_TRUE(await(1, MM_FLOW_OFF));
    // the kernel lists a thread a moment longer than it can be waited for
    EXPECT_TRUE(turn_until([] { return thread_names().count("mm-first") == 0; }));
}

TEST_F(Flows, HandOverTheNewestFigures)
{
    EXPECT_EQ(mm_flows_figures(flows, "first"), nullptr);
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    ASSERT_TRUE(await(1, MM_FLOW_RUNNING));
    ASSERT_NE(mm_flows_figures(flows, "first"), nullptr);
    EXPECT_EQ(*static_cast<const int *>(mm_flows_figures(flows, "first")), 1);
    EXPECT_STREQ(status(1).reason, "run 1");
    ASSERT_EQ(mm_flows_switch(flows, "first", false), 0);
    EXPECT_EQ(mm_flows_figures(flows, "first"), nullptr) << "who stops knows nothing any more";
    ASSERT_TRUE(await(1, MM_FLOW_OFF));
    EXPECT_STREQ(status(1).reason, "");
    EXPECT_EQ(mm_flows_figures(flows, "none"), nullptr);
    EXPECT_EQ(mm_flows_figures(nullptr, "first"), nullptr);
}

TEST_F(Flows, OneThatFailsIsTriedAgainAndLeavesTheOtherAlone)
{
    first.result = -EIO;
    ASSERT_EQ(mm_flows_switch(flows, "second", true), 0);
    ASSERT_TRUE(await(2, MM_FLOW_RUNNING));
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    for (int starts = 1; starts <= 3; starts++) {
        ASSERT_TRUE(await(1, MM_FLOW_WAITING));
        EXPECT_EQ(first.starts, starts);
        EXPECT_EQ(status(1).retry_in_ns, (MM_NS_PER_S << (starts - 1)));
        EXPECT_EQ(status(1).failures, static_cast<uint64_t>(starts));
        EXPECT_STREQ(status(1).reason, ("run " + std::to_string(starts)).c_str());
        turn();
        EXPECT_EQ(status(1).phase, MM_FLOW_WAITING) << "its time has not come";
        if (starts == 3)
            first.result = 0;
        mm_simulated_advance(world.kernel, status(1).retry_in_ns);
        ASSERT_TRUE(turn_until([&] { return first.starts > starts; }));
    }
    ASSERT_TRUE(await(1, MM_FLOW_RUNNING));
    EXPECT_EQ(second.starts, 1);
    EXPECT_EQ(status(2).phase, MM_FLOW_RUNNING);
}

TEST_F(Flows, OneThatEndsByItselfHasFailed)
{
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    ASSERT_TRUE(await(1, MM_FLOW_RUNNING));
    Fake::tell(first.release_fd);
    ASSERT_TRUE(await(1, MM_FLOW_WAITING));
}

TEST_F(Flows, WhatThisMachineCannotIsNotTriedAgain)
{
    first.result = -EOPNOTSUPP;
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    ASSERT_TRUE(await(1, MM_FLOW_UNSUPPORTED));
    mm_simulated_advance(world.kernel, 3600 * MM_NS_PER_S);
    turn();
    EXPECT_EQ(first.starts, 1);
    EXPECT_STREQ(status(1).reason, "run 1");
}

TEST_F(Flows, StoppedAndStartedBeforeItHasEndedItRunsAgain)
{
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    ASSERT_TRUE(await(1, MM_FLOW_RUNNING));
    ASSERT_EQ(mm_flows_switch(flows, "first", false), 0);
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    ASSERT_TRUE(turn_until([&] { return first.starts == 2 && status(1).phase == MM_FLOW_RUNNING; }));
    EXPECT_EQ(status(1).failures, 0U);
}

TEST_F(Flows, TheEngineIsShownAndNeverSwitched)
{
    EXPECT_EQ(status(0).phase, MM_FLOW_RUNNING);
    EXPECT_TRUE(status(0).is_engine);
    EXPECT_EQ(mm_flows_switch(flows, "memflow", false), -EPERM);
    EXPECT_EQ(mm_flows_switch(flows, "memflow", true), -EPERM);
    EXPECT_EQ(mm_flows_switch(flows, "cpuflo", true), -ENOENT);
    EXPECT_EQ(status(0).phase, MM_FLOW_RUNNING);
}

TEST_F(Flows, LookWhetherTheyAreCancelledBeforeAnythingElse)
{
    first.hangs = true;
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    ASSERT_TRUE(await(1, MM_FLOW_RUNNING));
    ASSERT_EQ(mm_flows_switch(flows, "first", false), 0);
    Fake::tell(first.release_fd);
    ASSERT_TRUE(await(1, MM_FLOW_OFF));
    EXPECT_EQ(first.waited, -ECANCELED) << "its other descriptor was readable, too";
}

TEST_F(Flows, EndTogetherAndAreNotStartedAnyMore)
{
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    ASSERT_EQ(mm_flows_switch(flows, "second", true), 0);
    mm_flows_cancel(flows);
    EXPECT_EQ(mm_flows_stop(flows, FLOW_PATIENCE_MS), 0);
    EXPECT_EQ(status(1).phase, MM_FLOW_OFF);
    EXPECT_EQ(status(2).phase, MM_FLOW_OFF);
    EXPECT_EQ(mm_flows_switch(flows, "first", true), 0);
    EXPECT_EQ(status(1).phase, MM_FLOW_OFF);
}

TEST_F(Flows, OneThatHangsIsLeftBehind)
{
    uint64_t count;

    first.hangs = true;
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    ASSERT_EQ(mm_flows_switch(flows, "second", true), 0);
    ASSERT_TRUE(await(1, MM_FLOW_RUNNING));
    mm_flows_cancel(flows);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(mm_flows_stop(flows, 20), -EBUSY);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(190));
    EXPECT_EQ(status(2).phase, MM_FLOW_OFF) << "the other had the same time and took less";
    Fake::tell(first.release_fd);
    EXPECT_EQ(read(first.gone_fd, &count, sizeof(count)), static_cast<ssize_t>(sizeof(count)));
    // what it held goes with it, a moment later
    EXPECT_TRUE(turn_until([] { return thread_names().count("mm-first") == 0; }));
}

// ---- requests -----------------------------------------------------------------------------------------

TEST_F(Flows, AreToldToClients)
{
    Client client(world);
    Json answer = client.ask("flows");
    const cJSON *list = member(answer, "flows");

    ASSERT_EQ(cJSON_GetArraySize(list), 3);
    EXPECT_EQ(text_of(member(cJSON_GetArrayItem(list, 0), "name")), "memflow");
    EXPECT_TRUE(cJSON_IsTrue(member(cJSON_GetArrayItem(list, 0), "is_engine")));
    EXPECT_EQ(text_of(member(cJSON_GetArrayItem(list, 1), "phase")), "off");
    ASSERT_EQ(mm_flows_switch(flows, "first", true), 0);
    ASSERT_TRUE(await(1, MM_FLOW_RUNNING));
    answer = client.ask("flows");
    list = member(answer, "flows");
    EXPECT_EQ(text_of(member(cJSON_GetArrayItem(list, 1), "phase")), "running");
    EXPECT_EQ(text_of(member(cJSON_GetArrayItem(list, 1), "reason")), "run 1");
    EXPECT_GE(number_of(member(cJSON_GetArrayItem(list, 1), "running_ms")), 0);
}

TEST_F(Flows, AreSwitchedByThoseWhoMayChange)
{
    Client root(world), other(world, 1000);

    EXPECT_EQ(Client::code(other.ask("flow", R"(,"name":"first","on":true)")), "permission-denied");
    EXPECT_EQ(Client::code(root.ask("flow", R"(,"name":"none","on":true)")), "no-such-flow");
    EXPECT_EQ(Client::code(root.ask("flow", R"(,"name":"memflow","on":false)")), "not-switchable");
    EXPECT_EQ(Client::code(root.ask("flow", R"(,"name":"first")")), "missing-field");
    EXPECT_EQ(status(1).phase, MM_FLOW_OFF);
    EXPECT_EQ(Client::code(root.ask("flow", R"(,"name":"first","on":true)")), "");
    ASSERT_TRUE(await(1, MM_FLOW_RUNNING));
    EXPECT_EQ(text_of(member(root.ask("flow", R"(,"name":"first","on":false)"), "phase")), "stopping");
    ASSERT_TRUE(await(1, MM_FLOW_OFF));
}

TEST(FlowsRequests, WithoutFlows)
{
    World world;
    Client client(world);

    EXPECT_EQ(cJSON_GetArraySize(member(client.ask("flows"), "flows")), 0);
    EXPECT_EQ(Client::code(client.ask("flow", R"(,"name":"cpuflow","on":true)")), "no-such-flow");
}

} // namespace
