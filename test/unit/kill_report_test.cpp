/* SPDX-License-Identifier: Apache-2.0 */
/* What the killer tells, and under which conditions it works: records, reasons, dry run, late packets, no memory. */
#include "engine_fixture.h"
#include "presence.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace
{

using KillReport = EngineTest;

/* ---- what it tells -------------------------------------------------------------------------------------- */

TEST_F(KillReport, ARecordTellsWhoWhyAndHowFast)
{
    machine.exit_bytes_per_s = 10000 * MIB;
    begin_with_six(30);
    crowd(450 * MIB);
    run_for(SECOND);
    ASSERT_EQ(records().size(), 1u);
    const mm_kill_record record = records()[0];

    EXPECT_EQ(record.sequence, 1u);
    EXPECT_STREQ(record.name, "800");
    EXPECT_EQ(record.pid, 1060);
    EXPECT_EQ(record.uid, 11060u);
    EXPECT_EQ(record.priority, 800);
    EXPECT_TRUE(record.is_registered);
    EXPECT_FALSE(record.is_dry_run);
    EXPECT_EQ(record.level.memory_bytes, 500 * MIB);
    EXPECT_EQ(record.level.min_priority, 400);
    EXPECT_EQ(record.available_before_bytes, 450 * MIB);
    EXPECT_EQ(record.available_after_bytes, 600 * MIB);
    EXPECT_EQ(record.freed_bytes, 150 * MIB);
    EXPECT_EQ(record.resident_bytes, 150 * MIB);
    EXPECT_LE(record.noticed_ns, record.decided_ns);
    EXPECT_LE(record.decided_ns, record.signalled_ns);
    EXPECT_EQ(record.exited_ns - record.signalled_ns, 30 * MILLISECOND);
    EXPECT_GE(record.recovered_ns, record.exited_ns);
    EXPECT_STREQ(record.reason,
                 "available 460800 KiB is below 500 MB, which allows 400 and above; bundle at 800 "
                 "is the least important");
    EXPECT_EQ(mm_kill_strategy_record(engine->kill, 1), nullptr);
    EXPECT_TRUE(was_decided("kill", record.reason));
    EXPECT_TRUE(was_decided("recovered", "exited 30000 us after the signal, 1 process(es)"));
}

TEST_F(KillReport, EveryEvaluationThatKillsNobodySaysWhy)
{
    mm_config *off = nullptr;

    begin();
    EXPECT_TRUE(was_decided("none", "available is above every kill waterline"));
    crowd(450 * MIB);
    run_for(SECOND);
    EXPECT_TRUE(was_decided("none", "below 500 MB: nobody at or above 400 may be killed"));
    off = test_config();
    off->kill.is_enabled = false;
    config = off;
    mm_engine_set_config(engine, off);
    run_for(SECOND);
    EXPECT_TRUE(was_decided("none", "killing is switched off"));
    EXPECT_EQ(counts[MM_EVENT_KILL_BEGIN], 0u);
}

TEST_F(KillReport, RecordsAreTheLast256)
{
    config->kill.set_aside_ms = 100;
    begin_with_six();
    mm_simulated_fail(kernel, "kill_process", EPERM, 1000000);
    crowd(450 * MIB);
    ASSERT_TRUE(run_until_true(60 * SECOND, [&] {
        const mm_kill_record *newest = mm_kill_strategy_record(engine->kill, 0);

        return newest && newest->sequence > 300;
    }));
    ASSERT_EQ(records().size(), 256u);
    EXPECT_EQ(records().back().sequence, records().front().sequence + 255);
    mm_kill_status status;
    mm_kill_strategy_status(engine->kill, &status);
    EXPECT_EQ(status.kills, 0u) << "none was killed";
}

TEST(KillOutcome, HasItsWord)
{
    for (int i = 0; i < MM_KILL_OUTCOME_COUNT; i++)
        EXPECT_STRNE(mm_kill_outcome_name(static_cast<mm_kill_outcome>(i)), "unknown") << i;
    EXPECT_STREQ(mm_kill_outcome_name(MM_KILL_OUTCOME_COUNT), "unknown");
}

/* ---- configuration, dry run ----------------------------------------------------------------------------- */

TEST_F(KillReport, SwitchedOffInMidSeriesNoOtherIsChosen)
{
    begin_with_six(50);
    crowd(150 * MIB);
    ASSERT_TRUE(run_until_true(SECOND, [&] { return is_killing(); }));
    mm_config *off = test_config();

    off->kill.is_enabled = false;
    config = off;
    mm_engine_set_config(engine, off);
    run_for(5 * SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"800"}));
    expect_at_rest();
}

TEST_F(KillReport, ADryRunKillsNobodyAndRecordsWhomItWouldHave)
{
    make_machine();
    start([](mm_kernel *inner) {
        mm_kernel *dry = nullptr;

        EXPECT_EQ(mm_dry_run_kernel_new(inner, &dry), 0);
        return dry;
    });
    add_application(1010, 800, 150 * MIB, "first");
    add_application(1020, 400, 150 * MIB, "second");
    crowd(450 * MIB);
    run_for(5 * SECOND);
    EXPECT_TRUE(is_alive(1010));
    EXPECT_TRUE(is_alive(1020));
    ASSERT_EQ(killed(), (std::vector<std::string>{"first", "second"})) << "each once while set aside";
    for (const mm_kill_record &record : records()) {
        EXPECT_EQ(record.outcome, MM_KILL_DRY_RUN);
        EXPECT_TRUE(record.is_dry_run);
    }
    for (const mm_decision_entry &entry : decisions())
        EXPECT_TRUE(entry.decision.is_dry_run) << entry.decision.reason;
    expect_at_rest();
}

/* ---- late packets --------------------------------------------------------------------------------------- */

/* So that no record of the next series costs a page fault. */
TEST_F(KillReport, TheRecordsOfTheNextKillsAreInMemory)
{
    begin_with_six();
    for (uint64_t available_mib : {450, 350}) {
        const mm_kill_record *newest;

        crowd(available_mib * MIB, static_cast<pid_t>(available_mib));
        run_for(3 * SECOND);
        expect_at_rest();
        newest = mm_kill_strategy_record(engine->kill, 0);
        ASSERT_NE(newest, nullptr);
        EXPECT_EQ(absent_pages(newest, 17 * sizeof(*newest)), 0u);
    }
}

/* A descriptor that becomes readable in the same turn of the loop in which the watch's timer is due. */
TEST_F(KillReport, AReportThatArrivesInTheSameTurnSavesTheApplication)
{
    struct Client {
        std::function<void()> speak;
    } client;
    static const mm_event_source_ops ops = {
        "client", [](void *self, uint64_t, uint32_t) { static_cast<Client *>(self)->speak(); }, nullptr,
        nullptr};
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    mm_waterline_status watch;

    begin_with_six();
    client.speak = [&] {
        report(1060, MM_REASON_FOREGROUND, "800");
        mm_event_center_stop(engine->center);
    };
    ASSERT_EQ(mm_event_center_add_source(engine->center, &ops, &client), 0);
    ASSERT_EQ(mm_event_center_watch_fd(engine->center, &client, fd, EPOLLIN, 0), 0);
    fill_until(450 * MIB);
    mm_waterline_source_status(engine->waterline, &watch);
    mm_simulated_advance(kernel, watch.next_check_ns - now_ns());
    ASSERT_EQ(mm_event_center_run(engine->center), 0);
    EXPECT_EQ(killed(), (std::vector<std::string>{"400"}));
    EXPECT_EQ(mm_simulated_killed_at_ns(kernel, 1060), 0u);
    mm_event_center_forget_fd(engine->center, fd);
    close(fd);
}

} // namespace
