// SPDX-License-Identifier: Apache-2.0
// The source that asks memmgr-match: a stub in its place does what it must be proof against.
#include "common/common.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/center.h"
#include "event_center/match_source.h"
#pragma GCC diagnostic pop
#include "kernel_interface/simulated_kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <sys/wait.h>
#include <time.h>
#include <vector>

namespace
{

// The time of the machine that the stub runs on.
uint64_t real_ns(mm_kernel *)
{
    timespec now{};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * MM_NS_PER_S + static_cast<uint64_t>(now.tv_nsec);
}

class MatchSource : public testing::Test
{
  protected:
    void SetUp() override
    {
        mm_simulated_machine machine{};

        machine.ram_bytes = 1000 * MM_MIB;
        ASSERT_EQ(mm_simulated_kernel_new(&machine, &kernel), 0);
        ops = *kernel->ops;
        ops.now_ns = real_ns;
        simulated_ops = kernel->ops;
        kernel->ops = &ops;
        ASSERT_EQ(mm_event_center_new(kernel, &center), 0);
        ASSERT_EQ(mm_event_center_subscribe(center, MM_RANK_OBSERVER, 1u << MM_EVENT_PROCESS_MATCHED,
                                            on_matched, this),
                  0);
        mm_timer_init(&tick, on_tick, this);
    }

    void TearDown() override
    {
        mm_event_center_free(center);
        kernel->ops = simulated_ops;
        mm_kernel_free(kernel);
        // What was started has ended: else this waits for it.
        while (waitpid(-1, nullptr, 0) > 0)
            continue;
    }

    void start(const char *mode, const std::vector<pid_t> &all = {}, const char *program = MM_MATCH_STUB)
    {
        set_mode(mode);
        processes = all;
        mm_match_source_options options{};
        options.program_path = program;
        options.config = &config;
        options.times = &times;
        options.find = find;
        options.list = list;
        options.want_scan = want_scan;
        options.user = this;
        ASSERT_EQ(mm_match_source_add(center, &options, &source), 0);
    }

    void set_mode(const char *mode)
    {
        rule = {};
        rule.name = const_cast<char *>(mode);
        rule.comm = const_cast<char *>("x");
        config.process_rules.rules = &rule;
        config.process_rules.rule_count = mode ? 1 : 0;
    }

    static bool find(pid_t pid, uint64_t *ret_ticks, void *user)
    {
        const auto &all = static_cast<MatchSource *>(user)->processes;

        *ret_ticks = static_cast<uint64_t>(pid) * 10;
        return std::find(all.begin(), all.end(), pid) != all.end();
    }

    static size_t list(pid_t *ret_pids, size_t capacity, void *user)
    {
        auto *self = static_cast<MatchSource *>(user);

        if (capacity > 0)
            self->lists++;
        for (size_t i = 0; i < std::min(capacity, self->processes.size()); i++)
            ret_pids[i] = self->processes[i];
        return self->processes.size();
    }

    static void want_scan(void *user)
    {
        static_cast<MatchSource *>(user)->scans++;
    }

    static void on_matched(const mm_event *event, void *user)
    {
        static_cast<MatchSource *>(user)->matched[event->pid].push_back(event->payload.match);
    }

    // The loop stops when the condition holds or the time is over.
    static void on_tick(mm_timer *timer, void *user)
    {
        auto *self = static_cast<MatchSource *>(user);
        uint64_t now_ns = mm_event_center_now_ns(self->center);

        if ((self->condition && self->condition()) || now_ns >= self->deadline_ns)
            mm_event_center_stop(self->center);
        else
            mm_event_center_arm(self->center, timer, now_ns + MM_NS_PER_MS);
    }

    bool until(const std::function<bool()> &what, uint64_t milliseconds = 20000)
    {
        condition = what;
        deadline_ns = mm_event_center_now_ns(center) + milliseconds * MM_NS_PER_MS;
        mm_event_center_arm(center, &tick, 0);
        run_again();
        return what && what();
    }

    void run_for(uint64_t milliseconds)
    {
        (void)until(nullptr, milliseconds);
    }

    // The center's inside: a loop that was stopped runs again.
    void run_again()
    {
        center->is_stopping = false;
        ASSERT_EQ(mm_event_center_run(center), 0);
    }

    void publish_group(mm_group_change change)
    {
        mm_event event{};

        event.kind = MM_EVENT_GROUP;
        event.payload.group.change = change;
        mm_event_center_publish(center, &event);
    }

    void publish(mm_event_kind kind, pid_t pid = 0, mm_memory_level level = MM_LEVEL_NONE)
    {
        mm_event event{};

        event.kind = kind;
        event.pid = pid;
        if (kind == MM_EVENT_MEMORY_LEVEL)
            event.payload.level.level = level;
        if (kind == MM_EVENT_CONFIG)
            event.payload.config = &config;
        mm_event_center_publish(center, &event);
    }

    mm_match_source_status status() const
    {
        mm_match_source_status status{};

        mm_match_source_read_status(source, &status);
        return status;
    }

    // an answer and idleness have long enough on any machine, where a test is not about them
    mm_match_times times = {20, 20000, 20000, 50, 150, 400, 100, 100000};
    mm_kernel *kernel = nullptr;
    mm_kernel_ops ops{};
    const mm_kernel_ops *simulated_ops = nullptr;
    mm_event_center *center = nullptr;
    mm_match_source *source = nullptr;
    mm_timer tick{};
    std::function<bool()> condition;
    uint64_t deadline_ns = 0;
    mm_config config{};
    mm_process_rule rule{};
    std::vector<pid_t> processes;
    std::map<pid_t, std::vector<mm_event_match>> matched;
    unsigned lists = 0, scans = 0;
};

std::vector<pid_t> numbers(pid_t first, pid_t last)
{
    std::vector<pid_t> all;

    for (pid_t pid = first; pid <= last; pid++)
        all.push_back(pid);
    return all;
}

TEST_F(MatchSource, AsksAboutAllAtTheStartAndThenAboutNewcomers)
{
    start("odd", numbers(1, 100));
    ASSERT_TRUE(until([this] { return matched.size() == 100; }));
    EXPECT_TRUE(matched[1][0].has_rule);
    EXPECT_STREQ(matched[1][0].rule, "odd");
    EXPECT_STREQ(matched[1][0].bundle, "bundle\\x1b");
    EXPECT_EQ(matched[1][0].priority, 300);
    EXPECT_EQ(matched[1][0].bundle_key, 0x100000002U);
    EXPECT_EQ(matched[1][0].start_time_ticks, 10U);
    EXPECT_FALSE(matched[2][0].has_rule);
    processes = numbers(1, 101);
    publish(MM_EVENT_PROCESS_FOUND, 101);
    publish(MM_EVENT_PROCESS_FOUND, 102); // none that rules are for
    publish(MM_EVENT_OOM_SCORE_ADJ, 4);
    ASSERT_TRUE(until([this] { return matched.count(101) && matched[4].size() == 2; }));
    EXPECT_FALSE(matched.count(102));
    EXPECT_EQ(lists, 1U);
    EXPECT_EQ(status().starts, 1U);
    EXPECT_EQ(status().asked, 102U);
    EXPECT_EQ(status().matched, 51U);
    EXPECT_EQ(status().gave_up, 1U);
    EXPECT_EQ(status().failures, 0U);
}

TEST_F(MatchSource, TheProgramEndsWithoutWorkAndStartsAgain)
{
    times.idle = 1000;
    start("odd", {1});
    ASSERT_TRUE(until([this] { return matched.count(1) > 0; }));
    EXPECT_GT(status().pid, 0);
    ASSERT_TRUE(until([this] { return status().pid == 0; }));
    publish(MM_EVENT_PROCESS_FOUND, 1);
    ASSERT_TRUE(until([this] { return matched[1].size() == 2; }));
    EXPECT_EQ(status().starts, 2U);
    EXPECT_EQ(status().failures, 0U);
}

TEST_F(MatchSource, NothingIsStartedWithoutRules)
{
    start(nullptr, {1});
    run_for(150);
    EXPECT_EQ(status().starts, 0U);
    EXPECT_FALSE(status().is_in_effect);
    set_mode("odd");
    publish(MM_EVENT_CONFIG);
    ASSERT_TRUE(until([this] { return matched.count(1) > 0; }));
}

TEST_F(MatchSource, ANewConfigurationIsAskedAboutAnew)
{
    start("odd", {1});
    ASSERT_TRUE(until([this] { return matched.count(1) > 0; }));
    publish(MM_EVENT_CONFIG);
    ASSERT_TRUE(until([this] { return matched[1].size() == 2; }));
    EXPECT_EQ(status().starts, 2U);
    // also while a question is under way
    set_mode("hang");
    publish(MM_EVENT_CONFIG);
    ASSERT_TRUE(until([this] { return status().asked == 3; }));
    set_mode("odd");
    publish(MM_EVENT_CONFIG);
    ASSERT_TRUE(until([this] { return matched[1].size() == 3; }));
    EXPECT_EQ(status().failures, 0U);
}

// Whatever it does: it is ended and tried again, at longer and longer intervals.
class MatchFailure : public MatchSource, public testing::WithParamInterface<const char *>
{
};

TEST_P(MatchFailure, IsTriedAgainLater)
{
    times.answer = 300;
    start(GetParam(), numbers(10, 500));
    const uint64_t begin_ns = real_ns(nullptr);
    ASSERT_TRUE(until([this] { return status().failures == 3; }));
    // 50 and 100 ms lie between them
    EXPECT_GE(real_ns(nullptr) - begin_ns, 150 * MM_NS_PER_MS);
    EXPECT_NE(status().failure[0], '\0');
    EXPECT_EQ(status().pid, 0);
    for (const auto &each : matched)
        EXPECT_EQ(each.first % 2 == 1, each.second[0].has_rule);
    // and a program that works again has what it takes
    set_mode("odd");
    publish(MM_EVENT_CONFIG);
    ASSERT_TRUE(until([this] { return matched.size() == 491; }));
}

INSTANTIATE_TEST_SUITE_P(All, MatchFailure,
                         testing::Values("crash", "hang", "short", "another", "empty", "twice"));

TEST_F(MatchSource, APauseIsNeverLongerThanTheLongest)
{
    start("crash", numbers(10, 500));
    ASSERT_TRUE(until([this] { return status().failures == 4; })); // after 50, 100 and 150 ms
    const uint64_t begin_ns = real_ns(nullptr);
    ASSERT_TRUE(until([this] { return status().failures == 5; }));
    EXPECT_GE(real_ns(nullptr) - begin_ns, 100 * MM_NS_PER_MS);
    EXPECT_LT(real_ns(nullptr) - begin_ns, 2000 * MM_NS_PER_MS);
}

TEST_F(MatchSource, AProgramThatCannotBeStartedIsSaidAndTriedAgain)
{
    start("odd", {1}, "/nonexistent/memmgr-match");
    ASSERT_TRUE(until([this] { return status().failures == 2; }));
    EXPECT_STREQ(status().failure, "cannot be started: No such file or directory");
    EXPECT_EQ(status().starts, 0U);
}

// One process that the program dies of does not keep the others from being asked about.
TEST_F(MatchSource, ThoseItDiesOfAreLeftForLater)
{
    times.scan = 100000;
    start("crash on 5", numbers(5, 200));
    ASSERT_TRUE(until([this] { return matched.count(200) > 0; }));
    EXPECT_EQ(status().failures, 1U);
    EXPECT_EQ(status().dropped, 32U);
    EXPECT_FALSE(matched.count(5));
}

TEST_F(MatchSource, TheyAreAskedAboutWhenNewcomersAreLookedFor)
{
    start("crash on 5", numbers(5, 200));
    ASSERT_TRUE(until([this] { return status().failures >= 2 && scans >= 1; }));
    EXPECT_GE(lists, 2U);
}

/* Who it was nobody says; the next look is far. */
TEST_F(MatchSource, AllAreAskedAboutWhenSomebodyWasMoved)
{
    times.scan = 100000;
    start("odd", {1, 2, 3});
    ASSERT_TRUE(until([this] { return matched.size() == 3; }));
    publish_group(MM_GROUP_POPULATED);
    publish_group(MM_GROUP_ENTERED);
    publish_group(MM_GROUP_ENTERED);
    ASSERT_TRUE(until([this] { return lists == 2; }));
    ASSERT_TRUE(until([this] { return matched[1].size() == 2 && matched[3].size() == 2; }));
    run_for(200);
    EXPECT_EQ(lists, 2U);
}

/* The next look is far, and nobody else comes. */
TEST_F(MatchSource, ThoseAskedAboutInVainAreAskedAboutAgainSoon)
{
    times.scan = 100000;
    times.missed = 200;
    start("crash on 5", numbers(5, 200));
    ASSERT_TRUE(until([this] { return status().failures >= 2; }));
    EXPECT_GE(lists, 2U);
}

TEST_F(MatchSource, AFullQueueIsCountedAndAllAreAskedAboutAnew)
{
    times.settle = 200;
    start("odd", {1});
    ASSERT_TRUE(until([this] { return matched.count(1) > 0; }));
    processes = numbers(1, 300);
    for (pid_t pid = 2; pid <= 300; pid++)
        publish(MM_EVENT_PROCESS_FOUND, pid);
    EXPECT_EQ(status().dropped, 43U);
    ASSERT_TRUE(until([this] { return matched.size() == 300; }));
    EXPECT_EQ(lists, 2U);
}

TEST_F(MatchSource, IsStillWhileAKillIsUnderWay)
{
    start("odd", {1});
    publish(MM_EVENT_KILL_BEGIN);
    run_for(200);
    EXPECT_EQ(status().starts, 0U);
    publish(MM_EVENT_KILL_END);
    ASSERT_TRUE(until([this] { return matched.count(1) > 0; }));
}

TEST_F(MatchSource, AnAnswerThatComesDuringAKillIsReadAfterIt)
{
    times.answer = 300;
    start("odd", {1});
    ASSERT_TRUE(until([this] { return status().asked == 1; }));
    matched.clear();
    publish(MM_EVENT_PROCESS_FOUND, 1);
    ASSERT_TRUE(until([this] { return status().asked == 2; }));
    publish(MM_EVENT_KILL_BEGIN);
    const size_t before = matched[1].size();
    run_for(500); // longer than an answer may take
    EXPECT_EQ(matched[1].size(), before);
    EXPECT_EQ(status().failures, 0U);
    publish(MM_EVENT_KILL_END);
    ASSERT_TRUE(until([this] { return status().asked == 2 && !matched[1].empty(); }));
    EXPECT_EQ(status().failures, 0U);
}

TEST_F(MatchSource, IsStillWhileMemoryIsCritical)
{
    start("odd", {1});
    publish(MM_EVENT_MEMORY_LEVEL, 0, MM_LEVEL_CRITICAL);
    publish(MM_EVENT_KILL_BEGIN);
    publish(MM_EVENT_KILL_END);
    run_for(200);
    EXPECT_EQ(status().starts, 0U);
    publish(MM_EVENT_MEMORY_LEVEL, 0, MM_LEVEL_LOW);
    ASSERT_TRUE(until([this] { return matched.count(1) > 0; }));
}

TEST_F(MatchSource, EndsWhileAQuestionIsUnderWay)
{
    start("hang", {1});
    ASSERT_TRUE(until([this] { return status().asked == 1; }));
}

} // namespace
