// SPDX-License-Identifier: Apache-2.0
// Marks of connections that end, and of processes that the list does not have, while a request or an event is handled.
#include "request_marks_support.h"

#include <algorithm>
#include <functional>

using namespace service_test;

namespace
{

// Acts once, while an event of the kind is delivered: as the transport does that drops a subscriber whose socket is full.
class Once
{
  public:
    Once(World &its_world, mm_event_kind kind, std::function<void(const mm_event &)> its_action,
         mm_subscriber_rank rank = MM_RANK_OBSERVER)
        : world(its_world), action(std::move(its_action))
    {
        EXPECT_EQ(mm_event_center_subscribe(world.center, rank, 1u << kind, hear, this), 0);
    }
    ~Once()
    {
        mm_event_center_unsubscribe(world.center, hear, this);
    }
    Once(const Once &) = delete;
    Once &operator=(const Once &) = delete;

    bool has_acted = false;

  private:
    static void hear(const mm_event *event, void *user)
    {
        auto *self = static_cast<Once *>(user);

        if (self->has_acted)
            return;
        self->has_acted = true;
        self->action(*event);
    }
    World &world;
    std::function<void(const mm_event &)> action;
};

void leave(Client &client)
{
    mm_requests_client_gone(client.world.requests, &client.request_client);
}

double counter_of(Client &client, const char *name)
{
    Json status = client.ask("status");

    return number_of(member(member(status, "requests"), name));
}

bool is_critical(World &world, pid_t pid)
{
    const mm_process *process = mm_priority_manager_find(world.manager, pid);

    return process && (process->flags & MM_PROCESS_IS_CRITICAL);
}

void publish_process(World &world, mm_event_kind kind, pid_t pid, uint64_t start_time_ticks = 0)
{
    mm_event event{};

    event.kind = kind;
    event.pid = pid;
    event.uid = (uid_t)-1;
    event.payload.process.start_time_ticks = start_time_ticks;
    mm_event_center_publish(world.center, &event);
}

std::string app(int pid)
{
    return ",\"pid\":" + std::to_string(pid);
}

// The list has no place for one process, as when memory is short; and what is read of it is counted.
class Unlisted : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        plain = world.kernel->ops;
        refused = 0;
        reads = 0;
        world.ops.is_in_domain = is_in_domain;
        world.ops.read_process = read_process;
        world.override_operations();
        allow_critical(world, 2);
    }
    // It lives on.
    void unlist(pid_t pid)
    {
        refused = pid;
        publish_process(world, MM_EVENT_PROCESS_STARTED, pid, start_time_of(world, pid) + 1);
        ASSERT_EQ(mm_priority_manager_find(world.manager, pid), nullptr);
    }
    static int is_in_domain(mm_kernel *kernel, pid_t pid)
    {
        return pid == refused ? -EIO : plain->is_in_domain(kernel, pid);
    }
    static int read_process(mm_kernel *kernel, pid_t pid, unsigned fields, mm_process_info *ret_info)
    {
        reads += pid == refused;
        return plain->read_process(kernel, pid, fields, ret_info);
    }

    static const mm_kernel_ops *plain;
    static pid_t refused;
    static int reads;
    World world;
    Client root{world}, other{world};
};
const mm_kernel_ops *Unlisted::plain;
pid_t Unlisted::refused;
int Unlisted::reads;

TEST(ConnectionsThatEnd, WhileAnothersCriticalMarksEnd)
{
    World world;
    Client holder(world), full(world), root(world);

    allow_critical(world, 3);
    EXPECT_EQ(Client::code(full.ask("critical", critical(100))), "");
    EXPECT_EQ(Client::code(holder.ask("critical", critical(101))), "");
    EXPECT_EQ(Client::code(holder.ask("critical", critical(102))), "");
    Once once(world, MM_EVENT_APPLICATION, [&](const mm_event &) { leave(full); });
    leave(holder);
    EXPECT_TRUE(once.has_acted);
    EXPECT_EQ(counter_of(root, "critical_processes"), 0);
    for (pid_t pid : {100, 101, 102})
        EXPECT_FALSE(is_critical(world, pid)) << pid;
}

TEST(ConnectionsThatEnd, WhileAnothersApplicationsAreForgotten)
{
    World world;
    Client holder(world), full(world), root(world);

    EXPECT_EQ(Client::code(full.ask("app-register", app(100))), "");
    EXPECT_EQ(Client::code(holder.ask("app-register", app(101))), "");
    EXPECT_EQ(Client::code(holder.ask("app-register", app(102))), "");
    Listener listener(world, 1u << MM_EVENT_APP_STATE);
    Once once(world, MM_EVENT_APP_STATE, [&](const mm_event &) { leave(full); });
    leave(holder);
    EXPECT_TRUE(once.has_acted);
    EXPECT_EQ(counter_of(root, "registered_apps"), 0);
    std::vector<pid_t> forgotten;
    for (const mm_event &event : listener.events) {
        EXPECT_EQ(event.payload.app_state.state, MM_APP_FORGOTTEN);
        forgotten.push_back(event.pid);
    }
    std::sort(forgotten.begin(), forgotten.end());
    EXPECT_EQ(forgotten, (std::vector<pid_t>{100, 101, 102}));
}

TEST(ConnectionsThatEnd, WhileAnEndIsToldToThem)
{
    World world;
    Client full(world), root(world);

    for (int pid : {100, 103})
        EXPECT_EQ(Client::code(full.ask("app-register", app(pid))), "") << pid;
    for (int pid : {101, 102})
        EXPECT_EQ(Client::code(root.ask("app-register", app(pid))), "") << pid;
    EXPECT_EQ(mm_simulated_exit(world.kernel, 101), 0);
    publish_process(world, MM_EVENT_PROCESS_EXITED, 101);
    world.spawn(200, 1000, "newcomer");
    Listener listener(world, 1u << MM_EVENT_APP_STATE);
    Once once(world, MM_EVENT_APP_STATE, [&](const mm_event &) { leave(full); });
    EXPECT_EQ(Client::code(root.ask("app-register", app(200))), "");
    EXPECT_EQ(counter_of(root, "registered_apps"), 2);
    ASSERT_EQ(listener.events.size(), 4u);
    EXPECT_EQ(listener.events[0].pid, 101);
    EXPECT_EQ(listener.events[0].payload.app_state.state, MM_APP_ENDED);
    EXPECT_EQ(listener.events[3].pid, 200);
    EXPECT_EQ(Client::code(root.ask("app-deregister", app(101))), "no-such-process");
    EXPECT_EQ(Client::code(root.ask("app-deregister", app(102))), "");
}

TEST(ConnectionsThatEnd, WhileTheirOwnRequestIsHandledHoldNothingAfterwards)
{
    World world;
    Client full(world), root(world);

    allow_critical(world, 3);
    EXPECT_EQ(Client::code(root.ask("app-register", app(100))), "");
    EXPECT_EQ(mm_simulated_exit(world.kernel, 100), 0);
    publish_process(world, MM_EVENT_PROCESS_EXITED, 100);
    {
        Once once(world, MM_EVENT_APP_STATE, [&](const mm_event &) { leave(full); });
        EXPECT_EQ(Client::code(full.ask("app-register", app(101))), "failed");
        EXPECT_TRUE(once.has_acted);
    }
    world.spawn(200, 1000, "newcomer");
    {
        Once once(world, MM_EVENT_PROCESS_FOUND, [&](const mm_event &) { leave(full); });
        EXPECT_EQ(Client::code(full.ask("critical", critical(200))), "failed");
        EXPECT_TRUE(once.has_acted);
    }
    {
        Once once(world, MM_EVENT_APPLICATION, [&](const mm_event &) { leave(full); });
        EXPECT_EQ(Client::code(full.ask("critical", critical(102))), "failed");
        EXPECT_TRUE(once.has_acted);
    }
    EXPECT_EQ(counter_of(root, "registered_apps"), 0);
    EXPECT_EQ(counter_of(root, "critical_processes"), 0);
    EXPECT_FALSE(is_critical(world, 200));
    EXPECT_FALSE(is_critical(world, 102));
}

TEST_F(Unlisted, NewApplicationsAreRefusedAndNotToldAsEnded)
{
    Listener listener(world, 1u << MM_EVENT_APP_STATE);

    world.spawn(200, 1000, "newcomer");
    refused = 200;
    Json answer = root.ask("app-register", app(200));
    EXPECT_EQ(Client::code(answer), "failed");
    EXPECT_NE(Client::message(answer).find("no place"), std::string::npos) << Client::message(answer);
    EXPECT_EQ(Client::code(root.ask("critical", critical(200))), "failed");
    EXPECT_TRUE(listener.events.empty());
    EXPECT_EQ(counter_of(root, "registered_apps"), 0);
    EXPECT_EQ(counter_of(root, "critical_processes"), 0);
    refused = 0;
    EXPECT_EQ(Client::code(root.ask("app-register", app(200))), "");
}

TEST_F(Unlisted, TheLivingKeepTheirMarksAndTheDeadMakeRoom)
{
    EXPECT_EQ(mm_requests_watch_events(world.requests), 0);
    EXPECT_EQ(Client::code(root.ask("app-register", app(100))), "");
    EXPECT_EQ(Client::code(root.ask("critical", critical(100))), "");
    Listener listener(world, 1u << MM_EVENT_APP_STATE);
    unlist(100);
    EXPECT_EQ(Client::code(root.ask("critical", critical(101))), "");
    EXPECT_EQ(counter_of(root, "critical_processes"), 2);
    EXPECT_EQ(counter_of(root, "registered_apps"), 1);
    EXPECT_TRUE(listener.events.empty());
    // Outside the group that is managed it is nobody's application.
    refused = 0;
    world.ops.is_in_domain = [](mm_kernel *, pid_t pid) { return pid == 100 ? 0 : 1; };
    EXPECT_EQ(Client::code(root.ask("app-register", app(101))), "");
    ASSERT_EQ(listener.events.size(), 2u);
    EXPECT_EQ(listener.events[0].pid, 100);
    EXPECT_EQ(listener.events[0].payload.app_state.state, MM_APP_LEFT);
    EXPECT_EQ(Client::code(root.ask("critical", critical(102))), "");
    EXPECT_EQ(counter_of(root, "critical_processes"), 2);
}

// Who has left the managed group lives: nothing of it is said to have ended.
TEST(Marks, WhoLeavesHasNotEnded)
{
    const struct {
        const char *what;
        mm_event_kind kind;
        bool has_ended; // by the kernel
        mm_app_state state;
    } rows[] = {
        {"it left", MM_EVENT_PROCESS_LEFT, false, MM_APP_LEFT},
        {"it left and ended", MM_EVENT_PROCESS_LEFT, true, MM_APP_ENDED},
        {"it is about to end", MM_EVENT_PROCESS_EXITED, false, MM_APP_ENDED},
    };

    for (const auto &row : rows) {
        World world;
        Client root(world);

        EXPECT_EQ(mm_requests_watch_events(world.requests), 0);
        EXPECT_EQ(Client::code(root.ask("app-register", app(100))), "");
        Listener listener(world, 1u << MM_EVENT_APP_STATE);
        world.override_operations();
        world.ops.is_in_domain = [](mm_kernel *, pid_t pid) { return pid == 100 ? 0 : 1; };
        if (row.has_ended) {
            EXPECT_EQ(mm_simulated_exit(world.kernel, 100), 0);
        }
        publish_process(world, row.kind, 100);
        ASSERT_EQ(listener.events.size(), 1u) << row.what;
        EXPECT_EQ(listener.events[0].payload.app_state.state, row.state) << row.what;
        EXPECT_EQ(counter_of(root, "registered_apps"), 0) << row.what;
    }
}

TEST_F(Unlisted, AnEventOfOneDoesNotLookAtAll)
{
    const uint64_t start_time = start_time_of(world, 101);

    EXPECT_EQ(mm_requests_watch_events(world.requests), 0);
    EXPECT_EQ(Client::code(root.ask("app-register", app(100))), "");
    unlist(100);
    reads = 0;
    for (int i = 0; i < 100; i++)
        publish_process(world, MM_EVENT_PROCESS_STARTED, 101, start_time);
    EXPECT_LE(reads, 1);
    // Once in a while they are, for those whose end no event told.
    Listener listener(world, 1u << MM_EVENT_APP_STATE);
    EXPECT_EQ(mm_simulated_exit(world.kernel, 100), 0);
    mm_simulated_advance(world.kernel, MM_NS_PER_S);
    publish_process(world, MM_EVENT_PROCESS_STARTED, 101, start_time);
    ASSERT_EQ(listener.events.size(), 1u);
    EXPECT_EQ(listener.events[0].pid, 100);
    EXPECT_EQ(listener.events[0].payload.app_state.state, MM_APP_ENDED);
}

TEST_F(Unlisted, SaidAgainAProcessIsCriticalAgain)
{
    EXPECT_EQ(Client::code(root.ask("critical", critical(100))), "");
    unlist(100);
    refused = 0;
    publish_process(world, MM_EVENT_PROCESS_FOUND, 100, start_time_of(world, 100));
    ASSERT_NE(mm_priority_manager_find(world.manager, 100), nullptr);
    EXPECT_FALSE(is_critical(world, 100));
    Json answer = root.ask("critical", critical(100));
    EXPECT_TRUE(cJSON_IsTrue(member(answer, "critical")));
    EXPECT_TRUE(is_critical(world, 100));
    EXPECT_EQ(counter_of(root, "critical_processes"), 1);
    leave(root);
    EXPECT_FALSE(is_critical(world, 100));
}

TEST_F(Unlisted, WhatTheManagerRefusesTakesNoPlace)
{
    report(root, "background", 100, ",\"name\":\"mail\"");
    report(root, "render", 101, ",\"caller_pid\":100");
    ASSERT_TRUE(mm_priority_manager_find(world.manager, 101)->flags & MM_PROCESS_IS_RENDER);
    Json answer = root.ask("critical", critical(101));
    EXPECT_EQ(Client::code(answer), "failed");
    EXPECT_NE(Client::message(answer).find("render process"), std::string::npos);
    EXPECT_EQ(counter_of(root, "critical_processes"), 0);
}

TEST(Critical, InUpstreamsModeItIsHeardAndHasNoEffect)
{
    World world(MM_PRIORITY_COMPAT_UPSTREAM);
    Client root(world);

    allow_critical(world, 2);
    Json answer = root.ask("critical", critical(100));
    EXPECT_EQ(Client::code(answer), "");
    EXPECT_TRUE(cJSON_IsFalse(member(answer, "critical")));
}

// It is told as soon as there is a place for the event, which is one of those that only tell.
TEST(Marks, AnEndIsToldOnceAlsoBehindAFullQueue)
{
    World world;
    Client root(world);

    EXPECT_EQ(mm_requests_watch_events(world.requests), 0);
    EXPECT_EQ(Client::code(root.ask("app-register", app(100))), "");
    Listener listener(world, 1u << MM_EVENT_APP_STATE);
    Once once(
        world, MM_EVENT_PROCESS_EXITED,
        [&](const mm_event &) {
            mm_event event{};

            event.kind = MM_EVENT_DECISION;
            event.payload.decision.action = "none";
            for (int i = 0; i < 2000; i++)
                mm_event_center_publish(world.center, &event);
        },
        MM_RANK_KILL_STRATEGY);
    // The kernel is not done with it yet, and nothing but the event says that it ends.
    publish_process(world, MM_EVENT_PROCESS_EXITED, 100);
    EXPECT_TRUE(once.has_acted);
    ASSERT_EQ(listener.events.size(), 1u);
    EXPECT_EQ(listener.events[0].pid, 100);
    EXPECT_EQ(listener.events[0].payload.app_state.state, MM_APP_ENDED);
    EXPECT_EQ(counter_of(root, "registered_apps"), 0);
}

} // namespace
