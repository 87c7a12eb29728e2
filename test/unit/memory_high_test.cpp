/* SPDX-License-Identifier: Apache-2.0 */
/* memory.high of those in the background, in the engine over the simulated machine. */
#include "reclaim_fixture.h"

#include "reclaim_strategy/limits.h"

#include <errno.h>

namespace
{

class MemoryHigh : public Reclaim
{
  protected:
    MemoryHigh()
    {
        config->squeeze.is_enabled = false;
        config->memory_high.is_enabled = true; /* at 600 and above, 80 percent */
    }
};

TEST_F(MemoryHigh, IsSetAsLongAfterTheLastMoveAsConfigured)
{
    config->memory_high.settle_ms = 5000;
    begin();
    add_in_own_group(1030, 800, 100 * MIB, "application");
    run_for(4500 * MILLISECOND);
    EXPECT_EQ(group("/app/application", MM_GROUP_HIGH), MM_UNLIMITED);
    run_for(SECOND);
    EXPECT_EQ(group("/app/application", MM_GROUP_HIGH), 80 * MIB);
}

TEST_F(MemoryHigh, IsSetAWhileAfterABundleWentBackAndGoesAtOnceWhenItComesForward)
{
    begin();
    add_in_own_group(1030, 0, 100 * MIB, "application");
    move(1030, 800, "application");
    run_for(500 * MILLISECOND);
    EXPECT_EQ(group("/app/application", MM_GROUP_HIGH), MM_UNLIMITED) << "it may only be passing through";
    run_for(SECOND);
    EXPECT_EQ(group("/app/application", MM_GROUP_HIGH), 80 * MIB);
    EXPECT_EQ(status().limits_held, 1u);
    EXPECT_TRUE(was_decided("set memory.high", "at 800, and 600 or more is limited: 80 % of what is used, at "
                                               "least"));
    EXPECT_TRUE(was_decided("set memory.high", "in group /app/application"));
    move(1030, 0, "application");
    EXPECT_EQ(group("/app/application", MM_GROUP_HIGH), MM_UNLIMITED) << "within the event itself";
    EXPECT_EQ(status().limits_held, 0u);
}

/* Whom nobody registers never moves on the list: a scan, or a write of its number, tells of it. */
TEST_F(MemoryHigh, OneThatIsFoundAfterTheStartGetsOneToo)
{
    const struct {
        const char *what;
        bool is_reported;
    } rows[] = {{"by a scan", false}, {"by its number", true}};

    for (const auto &row : rows) {
        mm_simulated_process late = process(1030, 100 * MIB, "/app/late");
        mm_event event = {};

        end();
        config->memory_high.is_enabled = true;
        config->kill.is_enabled = false;
        begin();
        run_for(5 * SECOND);
        late.oom_score_adj = 900;
        spawn(late);
        event.kind = MM_EVENT_OOM_SCORE_ADJ;
        event.pid = 1030;
        event.payload.process.oom_score_adj = 900;
        if (row.is_reported)
            mm_event_center_publish(engine->center, &event);
        else
            crowd(900 * MIB); /* level purgeable */
        run_for(2 * SECOND);
        EXPECT_EQ(group("/app/late", MM_GROUP_HIGH), 80 * MIB) << row.what;
    }
}

TEST_F(MemoryHigh, OnlyThoseAtTheConfiguredPriorityAndAboveGetOne)
{
    begin();
    add_in_own_group(1020, 400, 100 * MIB, "background");
    add_in_own_group(1030, 800, 100 * MIB, "suspended");
    run_for(3 * SECOND);
    EXPECT_EQ(group("/app/background", MM_GROUP_HIGH), MM_UNLIMITED);
    EXPECT_EQ(group("/app/suspended", MM_GROUP_HIGH), 80 * MIB);
}

TEST_F(MemoryHigh, AForegroundProcessThatJoinsALimitedGroupIsFreeOfItAtOnce)
{
    const struct {
        const char *what;
        const char *group;
        bool is_released;
    } rows[] = {{"the group itself", "/app/shared", true},
                {"a group below", "/app/shared/below/deep", true},
                {"a group beside, of a longer name", "/app/shared2", false},
                {"a group above", "/app", false}};

    for (const auto &row : rows) {
        end();
        config->memory_high.is_enabled = true;
        begin();
        add_in_own_group(1030, 800, 100 * MIB, "shared");
        run_for(2 * SECOND);
        ASSERT_EQ(group("/app/shared", MM_GROUP_HIGH), 80 * MIB);
        add_application(1040, 0, 10 * MIB, "newcomer", row.group);
        EXPECT_EQ(group("/app/shared", MM_GROUP_HIGH), row.is_released ? MM_UNLIMITED : 80 * MIB) << row.what;
    }
}

TEST_F(MemoryHigh, AStrangerFoundInALimitedGroupFreesItToo)
{
    mm_event found = {};

    begin();
    add_in_own_group(1030, 800, 100 * MIB, "application");
    run_for(2 * SECOND);
    ASSERT_EQ(status().limits_held, 1u);
    spawn(4000, MIB, "/app/application");
    found.kind = MM_EVENT_PROCESS_FOUND;
    found.pid = 4000;
    mm_event_center_publish(engine->center, &found);
    EXPECT_EQ(group("/app/application", MM_GROUP_HIGH), MM_UNLIMITED);
}

TEST_F(MemoryHigh, ATighterLimitOfSomebodyElseStays)
{
    machine.zram_bytes = 0; /* so that the group stays above it */
    begin();
    add_in_own_group(1030, 0, 100 * MIB, "application");
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/app/application", MM_GROUP_HIGH, 70 * MIB), 0);
    move(1030, 800, "application");
    run_for(3 * SECOND);
    EXPECT_EQ(group("/app/application", MM_GROUP_HIGH), 70 * MIB);
    EXPECT_EQ(status().limits_held, 0u);
}

TEST_F(MemoryHigh, GoesWhenTheEngineEnds)
{
    begin();
    add_in_own_group(1030, 800, 100 * MIB, "one");
    add_in_own_group(1040, 800, 100 * MIB, "two");
    run_for(2 * SECOND);
    ASSERT_EQ(status().limits_held, 2u);
    mm_engine_free(engine, 100);
    EXPECT_EQ(group("/app/one", MM_GROUP_HIGH), MM_UNLIMITED);
    EXPECT_EQ(group("/app/two", MM_GROUP_HIGH), MM_UNLIMITED);
    engine = nullptr;
    config = test_config();
}

TEST_F(MemoryHigh, GoesWhenSwitchedOff)
{
    mm_config *off = test_config();

    begin();
    add_in_own_group(1030, 800, 100 * MIB, "application");
    run_for(2 * SECOND);
    ASSERT_EQ(status().limits_held, 1u);
    config = off;
    mm_engine_set_config(engine, off);
    run_for(2 * SECOND);
    EXPECT_EQ(group("/app/application", MM_GROUP_HIGH), MM_UNLIMITED);
    EXPECT_EQ(status().limits_held, 0u);
}

TEST_F(MemoryHigh, OneThatAKillCancelledIsSetAfterwards)
{
    machine.reclaim_bytes_per_s = 10 * MIB;
    config->kill.is_enabled = true;
    begin();
    for (pid_t pid = 1010; pid < 1100; pid += 10)
        add_in_own_group(pid, 800, 40 * MIB, std::to_string(pid));
    run_for(1050 * MILLISECOND);
    EXPECT_EQ(status().limits_held, 9u);
    crowd(480 * MIB);
    run_for(500 * MILLISECOND);
    ASSERT_FALSE(killed().empty());
    EXPECT_LE(status().limits_held, 1u) << "those that were still queued";
    run_for(20 * SECOND);
    for (pid_t pid = 1010; pid < 1100; pid += 10)
        EXPECT_EQ(group("/app/" + std::to_string(pid), MM_GROUP_HIGH),
                  is_alive(pid) ? 40 * MIB / 100 * 80 : MM_UNLIMITED)
            << pid;
}

/* More than the worker's queue takes at once: nobody has to move on the list for the rest. */
TEST_F(MemoryHigh, WhatTheWorkerCannotTakeAtOnceFollows)
{
    machine.ram_bytes = 8192 * MIB;
    begin();
    for (pid_t pid = 2000; pid < 3000; pid += 10)
        add_in_own_group(pid, 800, 20 * MIB, std::to_string(pid));
    run_for(1100 * MILLISECOND);
    EXPECT_LT(status().limits_held, 100u);
    EXPECT_TRUE(was_decided("set memory.high", "the others follow"));
    run_for(3 * SECOND);
    EXPECT_EQ(status().limits_held, 100u);
    for (pid_t pid = 2000; pid < 3000; pid += 10)
        EXPECT_EQ(group("/app/" + std::to_string(pid), MM_GROUP_HIGH), 16 * MIB) << pid;
}

/* One line for all, however often it is looked at, so that the log keeps what else happened. */
TEST_F(MemoryHigh, HowManyTheJournalLeavesWithoutALimitIsSaidOnce)
{
    unsigned lines = 0;

    machine.ram_bytes = 8192 * MIB;
    begin();
    for (unsigned i = 0; i < MM_LIMITS_MAX + 40; i++)
        add_in_own_group(static_cast<pid_t>(2000 + 10 * i), 800, 20 * MIB, std::to_string(i));
    run_for(5 * SECOND);
    EXPECT_EQ(status().limits_held, static_cast<uint32_t>(MM_LIMITS_MAX));
    for (int i = 0; i < 5; i++) {
        report(2000, MM_REASON_SUSPEND_DELAY_START, "0");
        move(2000, 800, "0");
        run_for(2 * SECOND);
    }
    for (const mm_decision_entry &entry : decisions())
        lines += strstr(entry.decision.reason, "as many limits as the journal holds") != nullptr;
    EXPECT_TRUE(was_decided("set memory.high", "40 without a limit: as many limits as the journal holds"));
    EXPECT_LE(lines, 7u) << "one for each review, where nothing was done in between one for all";
}

TEST_F(MemoryHigh, WhatTheKernelRefusesIsExplained)
{
    begin();
    add_in_own_group(1030, 800, 100 * MIB, "application");
    add_in_own_group(1040, 800, 100 * MIB, "another");
    mm_simulated_fail(kernel, "submit_job", EPERM, 2);
    run_for(2 * SECOND);
    EXPECT_TRUE(was_decided("set memory.high", "2 without a limit: Operation not permitted"));
}

TEST_F(MemoryHigh, ALimitOnItsWayBackIsNoOtherPolicys)
{
    begin();
    add_in_own_group(1030, 800, 100 * MIB, "application");
    run_for(2 * SECOND);
    ASSERT_EQ(status().limits_held, 1u);
    mm_simulated_fail(kernel, "raise_group", EROFS, UINT32_MAX);
    mm_simulated_fail(kernel, "job", EROFS, UINT32_MAX);
    move(1030, 0, "application");
    move(1030, 800, "application");
    run_for(2 * SECOND);
    EXPECT_TRUE(was_decided("set memory.high", "1 without a limit: its old limit has not come back yet"));
}

TEST_F(MemoryHigh, InADryRunEachLimitIsDecidedOnceAndNoneWritten)
{
    unsigned set = 0;

    begin_dry();
    on_event = [&](const mm_event &event) {
        set += event.kind == MM_EVENT_DECISION && event.payload.decision.acted &&
               event.payload.decision.is_dry_run &&
               strcmp(event.payload.decision.action, "set memory.high") == 0;
    };
    add_in_own_group(1030, 800, 100 * MIB, "application");
    run_for(2 * SECOND);
    EXPECT_EQ(status().limits_held, 1u);
    for (int i = 0; i < 5; i++) {
        report(1030, MM_REASON_APPLICATION_SUSPEND, "application");
        add_in_own_group(1040 + 10 * i, 800, 10 * MIB, std::to_string(i)); /* too small for a limit */
        run_for(2 * SECOND);
    }
    EXPECT_EQ(set, 1u);
    move(1030, 0, "application");
    EXPECT_EQ(status().limits_held, 0u);
    EXPECT_EQ(group("/app/application", MM_GROUP_HIGH), MM_UNLIMITED);
    for (const char *operation : {"submit_job", "raise_group"})
        EXPECT_EQ(mm_simulated_calls(simulated, operation), 0u) << operation;
}

TEST_F(MemoryHigh, WhereTheKernelHasNoneNothingIsTried)
{
    machine.lacks[MM_FEATURE_MEMORY_HIGH] = true;
    begin();
    add_in_own_group(1030, 800, 100 * MIB, "application");
    run_for(3 * SECOND);
    EXPECT_EQ(mm_simulated_calls(kernel, "submit_job"), 0u);
}

/* Both want memory.high of the same group: the one that has it keeps it, the other says so. */
TEST_F(MemoryHigh, TheOwnerKeepsItAgainstASqueezeByLimit)
{
    machine.lacks[MM_FEATURE_MEMORY_RECLAIM] = true;
    config->squeeze.is_enabled = true;
    begin();
    add_in_own_group(1030, 800, 200 * MIB, "application");
    run_for(3 * SECOND);
    ASSERT_EQ(group("/app/application", MM_GROUP_HIGH), 160 * MIB);
    crowd(700 * MIB);
    run_for(SECOND);
    EXPECT_EQ(group("/app/application", MM_GROUP_HIGH), 160 * MIB);
    EXPECT_TRUE(was_decided("squeeze", "another policy owns"));
}

} // namespace
