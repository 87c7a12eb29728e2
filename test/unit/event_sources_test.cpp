/* SPDX-License-Identifier: Apache-2.0 */
/* The sources that need no second process, and the decision log. */
#include "event_center_fixture.h"
#include "presence.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace
{

/* ---- the waterline watch --------------------------------------------------------------------------------
 */

struct mm_waterline_options watch_options()
{
    struct mm_waterline_options options = {};

    options.lines_bytes[0] = 100 * MM_MIB;
    options.lines_bytes[1] = 500 * MM_MIB;
    options.lines_bytes[2] = 300 * MM_MIB;
    options.line_count = 3;
    options.fill_rate_bytes_per_s = 100 * MM_MIB;
    options.min_interval_ms = 2;
    options.max_interval_ms = 10000;
    options.exhausted_interval_ms = 100;
    return options;
}

TEST(WaterlineInterval, IsTheTimeToTheNearestLineBelowAtTheFastestRate)
{
    const struct {
        const char *what;
        uint64_t available_bytes;
        uint64_t rate;
        uint64_t min_ms, max_ms;
        uint64_t expected_ns;
    } rows[] = {
        {"a hundred above the highest line", 600 * MM_MIB, 100 * MM_MIB, 2, 10000, MM_NS_PER_S},
        {"between two lines the lower one counts", 350 * MM_MIB, 100 * MM_MIB, 2, 10000, MM_NS_PER_S / 2},
        {"just below a line the next one counts", 500 * MM_MIB - 1, 100 * MM_MIB, 2, 10000,
         2 * MM_NS_PER_S - 10},
        {"on a line: the shortest", 500 * MM_MIB, 100 * MM_MIB, 2, 10000, 2 * MM_NS_PER_MS},
        {"one byte above: the shortest", 500 * MM_MIB + 1, 100 * MM_MIB, 2, 10000, 2 * MM_NS_PER_MS},
        {"far above: the longest", 90 * MM_GIB, 100 * MM_MIB, 2, 10000, 10 * MM_NS_PER_S},
        {"exactly the longest", 1500 * MM_MIB, 100 * MM_MIB, 2, 10000, 10 * MM_NS_PER_S},
        {"a little less than the longest", 1499 * MM_MIB, 100 * MM_MIB, 2, 10000, 9990 * MM_NS_PER_MS},
        {"below every line: the exhausted one", 99 * MM_MIB, 100 * MM_MIB, 2, 10000, 100 * MM_NS_PER_MS},
        {"nothing at all", 0, 100 * MM_MIB, 2, 10000, 100 * MM_NS_PER_MS},
        {"exhausted, but the longest is shorter", 0, 100 * MM_MIB, 2, 50, 50 * MM_NS_PER_MS},
        {"exhausted, but the shortest is longer", 0, 100 * MM_MIB, 200, 10000, 200 * MM_NS_PER_MS},
        {"a rate of nothing counts as one byte", 600 * MM_MIB, 0, 2, 10000, 10 * MM_NS_PER_S},
        {"1 TiB/s does not overflow", 500 * MM_MIB + (1ULL << 40) / 2, 1ULL << 40, 2, 10000, MM_NS_PER_S / 2},
        {"a rate beyond all", 500 * MM_MIB + (1ULL << 62) / 4 * 3, 1ULL << 62, 2, 10000, MM_NS_PER_S / 4 * 3},
        {"8 GiB/s on 20 GiB", 500 * MM_MIB + 20 * MM_GIB, 8 * MM_GIB, 2, 10000, 2500 * MM_NS_PER_MS},
        {"a watch that is switched off", 0, 100 * MM_MIB, UINT32_MAX, UINT32_MAX, UINT32_MAX * MM_NS_PER_MS},
    };

    for (const auto &row : rows) {
        struct mm_waterline_options options = watch_options();

        options.fill_rate_bytes_per_s = row.rate;
        options.min_interval_ms = row.min_ms;
        options.max_interval_ms = row.max_ms;
        EXPECT_EQ(mm_waterline_interval_ns(&options, row.available_bytes), row.expected_ns) << row.what;
    }
}

TEST(WaterlineInterval, WithoutLinesThereIsNothingToWaitFor)
{
    struct mm_waterline_options options = watch_options();

    options.line_count = 0;
    EXPECT_EQ(mm_waterline_interval_ns(&options, MM_GIB), 100 * MM_NS_PER_MS);
}

/* Available starts at 900 MiB; the hog, once told to, fills at `rate`. */
class WaterlineSource : public EventCenter
{
  protected:
    void SetUp() override
    {
        mm_simulated_process hog = {};

        EventCenter::SetUp();
        hog.pid = 100;
        hog.comm = "hog";
        hog.anonymous_bytes = 100 * MM_MIB;
        ASSERT_EQ(mm_simulated_spawn(kernel, &hog), 0);
        subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_WATERLINE),
                  [this](const mm_event &event) { readings.push_back(event); });
        options = watch_options();
        ASSERT_EQ(mm_waterline_source_add(center, kernel, &options, &source), 0);
    }

    /* To the moment of the watch's next timer, and that. */
    void run_once()
    {
        uint64_t deadline_ns = mm_event_center_next_deadline_ns(center);

        while (mm_event_center_now_ns(center) < deadline_ns)
            mm_simulated_advance(kernel, deadline_ns - mm_event_center_now_ns(center));
        mm_event_center_step(center);
    }

    void run_until(uint64_t time_ns)
    {
        while (mm_event_center_next_deadline_ns(center) <= time_ns)
            run_once();
        if (mm_event_center_now_ns(center) < time_ns)
            mm_simulated_advance(kernel, time_ns - mm_event_center_now_ns(center));
    }

    mm_waterline_options options = {};
    mm_waterline_source *source = nullptr;
    std::vector<mm_event> readings;
};

TEST_F(WaterlineSource, ReadsAtOnceAndThenWhenALineCouldHaveBeenReached)
{
    struct mm_waterline_status status;

    run_once();
    ASSERT_EQ(readings.size(), 1u);
    EXPECT_EQ(readings[0].payload.memory.available_bytes, 900 * MM_MIB);
    EXPECT_EQ(mm_event_center_next_deadline_ns(center), 4 * MM_NS_PER_S); /* 400 MiB at 100 MiB/s */
    mm_waterline_source_status(source, &status);
    EXPECT_EQ(status.checks, 1u);
    EXPECT_EQ(status.next_check_ns, 4 * MM_NS_PER_S);
    EXPECT_EQ(status.error, 0);
    EXPECT_EQ(status.fill_rate_bytes_per_s, 100 * MM_MIB);
    EXPECT_EQ(status.memory.available_bytes, 900 * MM_MIB);
}

TEST_F(WaterlineSource, AHogAtTheFastestRateIsSeenWithinTheShortestIntervalOfEachLine)
{
    uint64_t start_ns;
    uint64_t seen_ns[3] = {};

    run_once();
    start_ns = mm_event_center_now_ns(center);
    ASSERT_EQ(mm_simulated_set_growth(kernel, 100, 100 * MM_MIB, 950 * MM_MIB), 0);
    run_until(start_ns + 9 * MM_NS_PER_S);
    for (const mm_event &reading : readings) {
        uint64_t lines[] = {500 * MM_MIB, 300 * MM_MIB, 100 * MM_MIB};

        for (int i = 0; i < 3; i++)
            if (seen_ns[i] == 0 && reading.payload.memory.available_bytes < lines[i])
                seen_ns[i] = reading.time_ns;
    }
    for (int i = 0; i < 3; i++) {
        uint64_t crossed_ns = start_ns + static_cast<uint64_t>(4 + 2 * i) * MM_NS_PER_S;

        EXPECT_GE(seen_ns[i], crossed_ns) << i;
        EXPECT_LE(seen_ns[i], crossed_ns + 2 * options.min_interval_ms * MM_NS_PER_MS) << i;
    }
    EXPECT_LT(readings.size(), 40u);
}

TEST_F(WaterlineSource, AnHourOfCalmCostsAReadingPerLongestInterval)
{
    struct mm_waterline_status status;

    options.lines_bytes[1] = 50 * MM_MIB;
    options.fill_rate_bytes_per_s = 10 * MM_MIB;
    mm_waterline_source_configure(source, &options);
    run_until(3600 * MM_NS_PER_S);
    mm_waterline_source_status(source, &status);
    EXPECT_EQ(status.checks, 361u); /* the first, then every 10 s */
}

/* Clients that are told of the pressure, and the kernel that carries the message, may take their time. */
TEST_F(WaterlineSource, PressureMakesItReadOnceAndItIsActedOnBeforeAnybodyIsToldOfIt)
{
    const mm_pressure_trigger trigger = {MM_PRESSURE_SOME, 70000, 1000000};
    mm_pressure_source_status status;

    run_once();
    ASSERT_EQ(mm_pressure_source_add(center, kernel, source, &trigger, 1, &status), 0);
    for (mm_subscriber_rank rank : {MM_RANK_OBSERVER, MM_RANK_KILL_STRATEGY})
        subscribe(rank, mask(MM_EVENT_PRESSURE) | mask(MM_EVENT_WATERLINE),
                  [this, rank](const mm_event &event) {
                      heard.push_back((rank == MM_RANK_OBSERVER ? "observer: " : "killer: ") +
                                      std::string(mm_event_kind_name(event.kind)));
                  });
    ASSERT_EQ(mm_simulated_add_stall(kernel, nullptr, 100000, 0), 0);
    mm_simulated_advance(kernel, MM_NS_PER_S);
    mm_event_center_step(center);
    EXPECT_EQ(readings.size(), 2u);
    EXPECT_EQ(heard, (std::vector<std::string>{"killer: waterline", "observer: waterline", "killer: pressure",
                                               "observer: pressure"}));
    EXPECT_EQ(mm_event_center_next_deadline_ns(center), mm_event_center_now_ns(center) + 4 * MM_NS_PER_S);
}

TEST_F(WaterlineSource, AFailedReadingIsTriedAgainSoonAndExplained)
{
    mm_waterline_status status;
    mm_decision_log *log = nullptr;

    ASSERT_EQ(mm_decision_log_new(center, &log), 0);
    mm_simulated_fail(kernel, "read_memory", EIO, 3);
    run_once();
    EXPECT_TRUE(readings.empty()) << "no strategy acts on what is not known";
    mm_waterline_source_status(source, &status);
    EXPECT_EQ(status.error, -EIO);
    EXPECT_EQ(mm_event_center_next_deadline_ns(center), options.exhausted_interval_ms * MM_NS_PER_MS);
    run_once();
    run_once();
    ASSERT_NE(mm_decision_log_at(log, 0), nullptr);
    EXPECT_STREQ(mm_decision_log_at(log, 0)->decision.reason, "memory cannot be read: Input/output error");
    EXPECT_EQ(mm_decision_log_at(log, 0)->repeats, 2u);
    EXPECT_EQ(mm_decision_log_at(log, 1), nullptr);
    run_once();
    EXPECT_EQ(readings.size(), 1u);
    mm_waterline_source_status(source, &status);
    EXPECT_EQ(status.error, 0);
    EXPECT_EQ(status.checks, 4u);
    mm_decision_log_free(log);
}

/* One that is gone may be made anew, and nobody is in it until then; but that is another group. */
TEST_F(WaterlineSource, ARemovedDomainIsWaitedForAndTheLoopEndsWhenItIsMadeAnew)
{
    struct mm_waterline_status status;

    mm_simulated_fail(kernel, "read_memory", ENODEV, 1);
    run_once();
    mm_waterline_source_status(source, &status);
    EXPECT_EQ(status.error, -ENODEV);
    EXPECT_EQ(mm_event_center_next_deadline_ns(center), MM_NS_PER_S);
    mm_simulated_fail(kernel, "read_memory", ESTALE, 1);
    run_once();
    EXPECT_TRUE(readings.empty());
    EXPECT_EQ(mm_event_center_run(center), -ESTALE);
}

TEST_F(WaterlineSource, NewLinesAreLookedAtInTheNextTurn)
{
    run_once();
    options.lines_bytes[0] = 890 * MM_MIB;
    mm_waterline_source_configure(source, &options);
    EXPECT_EQ(readings.size(), 1u);
    run_once();
    EXPECT_EQ(readings.size(), 2u);
    EXPECT_EQ(mm_event_center_next_deadline_ns(center), mm_event_center_now_ns(center) + 100 * MM_NS_PER_MS);
}

/* ---- pressure triggers ----------------------------------------------------------------------------------
 */

TEST_F(EventCenter, PressureTriggersBecomeEvents)
{
    const mm_pressure_trigger triggers[] = {{MM_PRESSURE_SOME, 70000, 1000000},
                                            {MM_PRESSURE_FULL, 700000, 1000000}};
    std::vector<mm_pressure_trigger> fired;
    mm_pressure_source_status status;

    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_PRESSURE),
              [&](const mm_event &event) { fired.push_back(event.payload.pressure); });
    ASSERT_EQ(mm_pressure_source_add(center, kernel, nullptr, triggers, 2, &status), 0);
    EXPECT_EQ(status.armed, 2u);
    EXPECT_EQ(status.refused, 0u);
    EXPECT_FALSE(status.has_long_window);
    ASSERT_EQ(mm_simulated_add_stall(kernel, nullptr, 100000, 0), 0);
    mm_simulated_advance(kernel, 10 * MM_NS_PER_MS);
    mm_event_center_step(center);
    ASSERT_EQ(fired.size(), 1u);
    EXPECT_EQ(fired[0].kind, MM_PRESSURE_SOME);
    EXPECT_EQ(fired[0].stall_us, 70000u);
    EXPECT_EQ(fired[0].window_us, 1000000u);
}

TEST_F(EventCenter, OnePressureTriggerOfTwoIsEnoughAndTheOtherIsCounted)
{
    const mm_pressure_trigger triggers[] = {{MM_PRESSURE_SOME, 70000, 1000000},
                                            {MM_PRESSURE_FULL, 700000, 1000000}};
    mm_pressure_source_status status;

    mm_simulated_fail(kernel, "open_pressure_trigger", EBUSY, 1);
    EXPECT_EQ(mm_pressure_source_add(center, kernel, nullptr, triggers, 2, &status), 0);
    EXPECT_EQ(status.armed, 1u);
    EXPECT_EQ(status.refused, 1u);
    EXPECT_EQ(status.error, -EBUSY);
    mm_simulated_fail(kernel, "open_pressure_trigger", EOPNOTSUPP, 2);
    EXPECT_EQ(mm_pressure_source_add(center, kernel, nullptr, triggers, 2, &status), -EOPNOTSUPP);
    EXPECT_EQ(status.armed, 0u);
    EXPECT_EQ(status.refused, 2u);
    EXPECT_EQ(mm_pressure_source_add(center, kernel, nullptr, triggers, 0, &status), -EINVAL);
    EXPECT_EQ(mm_pressure_source_add(center, kernel, nullptr, triggers, 9, &status), -EINVAL);
}

/* Where only the window of 2 s is allowed. */
class LongWindow : public EventCenter
{
  protected:
    void SetUp() override
    {
        machine.lacks[MM_FEATURE_PRESSURE_SHORT_WINDOW] = true;
        EventCenter::SetUp();
    }
};

TEST_F(LongWindow, TheEventTellsTheStallThatWasArmed)
{
    const mm_pressure_trigger wanted = {MM_PRESSURE_SOME, 70000, 1000000};
    std::vector<mm_pressure_trigger> fired;
    mm_pressure_source_status status;

    subscribe(MM_RANK_OBSERVER, mask(MM_EVENT_PRESSURE),
              [&](const mm_event &event) { fired.push_back(event.payload.pressure); });
    ASSERT_EQ(mm_pressure_source_add(center, kernel, nullptr, &wanted, 1, &status), 0);
    EXPECT_TRUE(status.has_long_window);
    ASSERT_EQ(mm_simulated_add_stall(kernel, nullptr, 200000, 0), 0);
    mm_simulated_advance(kernel, 10 * MM_NS_PER_MS);
    mm_event_center_step(center);
    ASSERT_EQ(fired.size(), 1u);
    EXPECT_EQ(fired[0].stall_us, 140000u);
    EXPECT_EQ(fired[0].window_us, 2000000u);
}

/* ---- the decision log -----------------------------------------------------------------------------------
 */

class DecisionLog : public EventCenter
{
  protected:
    void SetUp() override
    {
        EventCenter::SetUp();
        ASSERT_EQ(mm_decision_log_new(center, &log), 0);
    }

    void TearDown() override
    {
        mm_decision_log_free(log);
        EventCenter::TearDown();
    }

    void decide(mm_decision_source source, bool acted, const char *reason, uint64_t available_bytes = 0,
                pid_t pid = 0)
    {
        mm_decision decision = {};

        decision.source = source;
        decision.acted = acted;
        decision.action = acted ? "kill" : "none";
        decision.pid = pid;
        decision.available_bytes = available_bytes;
        mm_decide(center, &decision, "%s", reason);
    }

    std::vector<std::string> reasons() const
    {
        std::vector<std::string> all;

        for (unsigned i = 0; const mm_decision_entry *entry = mm_decision_log_at(log, i); i++)
            all.push_back(std::string(entry->decision.reason) + " x" + std::to_string(entry->repeats));
        return all;
    }

    mm_decision_log *log = nullptr;
};

TEST_F(DecisionLog, TheNewestComesFirst)
{
    EXPECT_EQ(mm_decision_log_at(log, 0), nullptr);
    decide(MM_DECISION_KILL, true, "a");
    decide(MM_DECISION_KILL, true, "b");
    EXPECT_EQ(reasons(), (std::vector<std::string>{"b x0", "a x0"}));
    EXPECT_EQ(mm_decision_log_at(log, 0)->sequence, 2u);
    EXPECT_EQ(mm_decision_log_at(log, 1)->sequence, 1u);
}

TEST_F(DecisionLog, WhatIsLeftAloneAgainIsCountedWithTheNewestReading)
{
    decide(MM_DECISION_KILL, false, "above", 900);
    mm_simulated_advance(kernel, 77);
    decide(MM_DECISION_KILL, false, "above", 800);
    decide(MM_DECISION_KILL, false, "above", 700);
    EXPECT_EQ(reasons(), (std::vector<std::string>{"above x2"}));
    EXPECT_EQ(mm_decision_log_at(log, 0)->decision.available_bytes, 700u);
    EXPECT_EQ(mm_decision_log_at(log, 0)->time_ns, 77u);
    EXPECT_EQ(mm_decision_log_at(log, 0)->sequence, 1u);
}

TEST_F(DecisionLog, SourcesThatTakeTurnsInLeavingThingsAloneDoNotPushTheRestOut)
{
    decide(MM_DECISION_KILL, true, "killed");
    for (int i = 0; i < 1000; i++) {
        decide(MM_DECISION_RECLAIM, false, "plenty");
        decide(MM_DECISION_KILL, false, "above");
    }
    EXPECT_EQ(reasons(), (std::vector<std::string>{"above x999", "plenty x999", "killed x0"}));
}

TEST_F(DecisionLog, ADeedEndsTheCountAndIsNeverCountedItself)
{
    decide(MM_DECISION_KILL, false, "above");
    decide(MM_DECISION_KILL, true, "killed");
    decide(MM_DECISION_KILL, true, "killed");
    decide(MM_DECISION_KILL, false, "above");
    EXPECT_EQ(reasons(), (std::vector<std::string>{"above x0", "killed x0", "killed x0", "above x0"}));
}

TEST_F(DecisionLog, AnotherPidOrReasonOrSourceIsAnotherEntry)
{
    decide(MM_DECISION_KILL, false, "a", 0, 1);
    decide(MM_DECISION_KILL, false, "a", 0, 2);
    decide(MM_DECISION_RECLAIM, false, "a", 0, 2);
    decide(MM_DECISION_KILL, false, "b", 0, 2);
    EXPECT_EQ(reasons().size(), 4u);
}

TEST_F(DecisionLog, HoldsTheLast512)
{
    for (int i = 1; i <= 600; i++)
        decide(MM_DECISION_KILL, true, std::to_string(i).c_str());
    EXPECT_STREQ(mm_decision_log_at(log, 0)->decision.reason, "600");
    EXPECT_STREQ(mm_decision_log_at(log, 511)->decision.reason, "89");
    EXPECT_EQ(mm_decision_log_at(log, 512), nullptr);
    EXPECT_EQ(mm_decision_log_at(log, UINT32_MAX), nullptr);
}

/* From a kill's begin on a page fault would wait for the memory that the kill is about. */
TEST_F(DecisionLog, WhatAKillWillSayHasItsPlaceInMemory)
{
    const mm_decision_entry *newest;

    for (int turn = 0; turn < 4; turn++) {
        decide(MM_DECISION_KILL, false, std::to_string(turn).c_str());
        newest = mm_decision_log_at(log, 0);
        EXPECT_EQ(absent_pages(newest, 49 * sizeof(*newest)), 0u) << turn;
        publish(MM_EVENT_KILL_BEGIN);
        for (int i = 0; i < 40; i++)
            decide(MM_DECISION_KILL, true, "killed");
        publish(MM_EVENT_KILL_END);
        newest = mm_decision_log_at(log, 0);
        EXPECT_EQ(absent_pages(newest, 49 * sizeof(*newest)), 0u) << "after a kill " << turn;
    }
}

TEST_F(DecisionLog, ALongReasonIsCut)
{
    decide(MM_DECISION_KILL, true, std::string(1000, 'x').c_str());
    EXPECT_EQ(strlen(mm_decision_log_at(log, 0)->decision.reason), MM_REASON_MAX - 1u);
}

/* ---- signals --------------------------------------------------------------------------------------------
 */

TEST_F(EventCenter, SignalsBecomeEventsAndTermAndIntStopTheLoop)
{
    const int enders[] = {SIGTERM, SIGINT};

    for (int ender : enders) {
        mm_event_center *own = nullptr;

        ASSERT_EQ(mm_event_center_new(kernel, &own), 0);
        ASSERT_EQ(mm_signal_source_add(own), 0);
        heard.clear();
        subscribers.push_back(std::make_unique<Subscriber>(Subscriber{
            [this](const mm_event &event) { heard.emplace_back(mm_event_kind_name(event.kind)); }}));
        ASSERT_EQ(
            mm_event_center_subscribe(own, MM_RANK_OBSERVER,
                                      mask(MM_EVENT_STOP) | mask(MM_EVENT_RELOAD) | mask(MM_EVENT_LOG_STATE),
                                      hear, subscribers.back().get()),
            0);
        ASSERT_EQ(kill(getpid(), SIGHUP), 0);
        ASSERT_EQ(kill(getpid(), SIGUSR1), 0);
        ASSERT_EQ(kill(getpid(), ender), 0);
        ASSERT_EQ(mm_event_center_run(own), 0);
        EXPECT_EQ(heard.size(), 3u);
        EXPECT_EQ(std::count(heard.begin(), heard.end(), "reload"), 1);
        EXPECT_EQ(std::count(heard.begin(), heard.end(), "log-state"), 1);
        EXPECT_EQ(std::count(heard.begin(), heard.end(), "stop"), 1);
        mm_event_center_free(own);
    }
}

/* ---- the control socket ---------------------------------------------------------------------------------
 */

/* What the handlers of a client's packets see. */
struct Turns {
    mm_kernel *kernel;
    mm_event_center *center;
    std::string order;
    size_t wanted;
};

int connect_to(const std::string &path)
{
    sockaddr_un address = {};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof(address)), 0);
    return fd;
}

/* Two clients have sent four packets each; handling one takes cost_ns. */
std::string order_of_packets(mm_kernel *kernel, mm_event_center *center, uint64_t cost_ns)
{
    const std::string path = testing::TempDir() + "turns-" + std::to_string(getpid());
    static uint64_t cost;
    Turns turns = {kernel, center, "", 8};
    mm_control_options options = {};
    mm_control_handlers handlers = {};
    int clients[2];

    cost = cost_ns;
    options.path = path.c_str();
    options.mode = 0600;
    options.max_clients = 4;
    options.listen_fd = -1;
    handlers.user = &turns;
    handlers.packet = [](mm_control_client *, const mm_control_peer *, const char *packet, size_t,
                         void *user) {
        auto *seen = static_cast<Turns *>(user);

        seen->order += packet;
        mm_simulated_advance(seen->kernel, cost);
        if (seen->order.size() == seen->wanted)
            mm_event_center_stop(seen->center);
    };
    EXPECT_EQ(mm_control_source_add(center, &options, &handlers), 0);
    clients[0] = connect_to(path);
    clients[1] = connect_to(path);
    for (int i = 0; i < 4; i++) {
        EXPECT_EQ(send(clients[0], "a", 1, 0), 1);
        EXPECT_EQ(send(clients[1], "b", 1, 0), 1);
    }
    EXPECT_EQ(mm_event_center_run(center), 0);
    close(clients[0]);
    close(clients[1]);
    return turns.order;
}

TEST_F(EventCenter, ClientsOfCheapPacketsAreServedOneAfterTheOther)
{
    EXPECT_EQ(order_of_packets(kernel, center, 0), "aaaabbbb");
}

/* So that the loop gets its other work done between them. */
TEST_F(EventCenter, ClientsOfCostlyPacketsTakeTurns)
{
    EXPECT_EQ(order_of_packets(kernel, center, 10 * MM_NS_PER_MS), "abababab");
}

} // namespace
