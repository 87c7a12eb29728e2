/* SPDX-License-Identifier: Apache-2.0 */
/* What a cold switch of accounts ends: by the killer, with a record each, beside its own work. */
#include "engine_fixture.h"

#include <errno.h>

namespace
{

class KillAccount : public EngineTest
{
  protected:
    void switch_to(int64_t account, mm_account_change change)
    {
        mm_event event = {};

        event.kind = MM_EVENT_ACCOUNT;
        event.payload.account.account_id = account;
        event.payload.account.change = change;
        mm_event_center_publish(engine->center, &event);
    }

    /* In the background. */
    void add_in(int64_t account, pid_t pid, uint64_t bytes, const std::string &name,
                uint64_t exit_delay_ms = 0)
    {
        mm_simulated_process wanted = process(pid, bytes);
        mm_event event = {};

        wanted.uid = 10000 + static_cast<uid_t>(pid / 10 * 10);
        wanted.exit_delay_ms = exit_delay_ms;
        spawn(wanted);
        event.kind = MM_EVENT_APPLICATION;
        event.pid = pid;
        event.uid = wanted.uid;
        event.payload.application.reason = MM_REASON_BACKGROUND;
        event.payload.application.account_id = account;
        mm_copy_text(event.payload.application.name, sizeof(event.payload.application.name), name.c_str());
        mm_event_center_publish(engine->center, &event);
        ASSERT_NE(priority_of(pid), MM_PRIORITY_NONE);
    }

    /* Two in the account that is switched away from, one in the other. */
    void begin_with_three(uint64_t exit_delay_ms = 0)
    {
        begin();
        switch_to(100, MM_ACCOUNT_ACTIVATED);
        add_in(100, 1010, 100 * MIB, "one", exit_delay_ms);
        add_in(100, 1020, 50 * MIB, "two");
        add_in(101, 1030, 50 * MIB, "other");
    }
};

TEST_F(KillAccount, WhatIsLeftOfARemovedAccountDies)
{
    begin_with_three();
    switch_to(100, MM_ACCOUNT_REMOVED);
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"one", "two"}));
    EXPECT_STREQ(records()[0].reason, "removal of account 100");
    EXPECT_TRUE(was_decided("end", "removal of account 100: 2 bundles"));
    EXPECT_NE(priority_of(1030), MM_PRIORITY_NONE);
}

TEST_F(KillAccount, EachBundleDiesAsAVictimWithARecordOfItsOwn)
{
    begin_with_three(30);
    add_in(100, 1011, 10 * MIB, "one", 40);
    run_for(5 * SECOND);
    uint64_t before_bytes = available();
    uint64_t begin_ns = now_ns();
    switch_to(101, MM_ACCOUNT_COLD_SWITCH);
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"two", "one"})) << "the oldest use first";
    const mm_kill_record record = records()[1];

    EXPECT_EQ(record.cause, MM_KILL_FOR_ACCOUNT);
    EXPECT_EQ(record.outcome, MM_KILL_ENDED);
    EXPECT_STREQ(record.reason, "cold switch away from account 100");
    EXPECT_EQ(record.pid, 1010);
    EXPECT_EQ(record.uid, 11010u);
    EXPECT_EQ(record.process_count, 2u);
    EXPECT_TRUE(record.is_registered);
    EXPECT_EQ(record.resident_bytes, 110 * MIB);
    EXPECT_EQ(record.available_before_bytes, before_bytes + 50 * MIB) << "the other one gave that back";
    EXPECT_EQ(record.freed_bytes, 110 * MIB);
    EXPECT_GE(record.noticed_ns, begin_ns);
    EXPECT_LE(record.decided_ns - begin_ns, MILLISECOND);
    EXPECT_EQ(record.exited_ns - record.signalled_ns, 40 * MILLISECOND);
    EXPECT_FALSE(is_alive(1010));
    EXPECT_FALSE(is_alive(1011));
    EXPECT_FALSE(is_alive(1020));
    EXPECT_TRUE(is_alive(1030));
    EXPECT_EQ(priority_of(1010), MM_PRIORITY_NONE) << "the list has heard of it, without BPF";
    EXPECT_EQ(priority_of(1020), MM_PRIORITY_NONE);
    EXPECT_EQ(mm_simulated_calls(kernel, "reap_process"), 3u);
    EXPECT_EQ(mm_simulated_calls(kernel, "close_process"), mm_simulated_calls(kernel, "open_process"));
    EXPECT_TRUE(was_decided("kill", "cold switch away from account 100"));
    EXPECT_TRUE(was_decided("ended", "exited 40000 us after the signal, 2 process(es)"));
    EXPECT_TRUE(was_decided("end", "cold switch away from account 100: 2 bundles"));
    EXPECT_EQ(counts[MM_EVENT_KILL_BEGIN], 0u) << "memory is not short";
}

TEST_F(KillAccount, MinusThousandAndWhomNobodyRegisteredStay)
{
    char name[] = "com.example.system";
    char *names[] = {name};

    config->reclaim_priority.system_apps = names;
    config->reclaim_priority.system_app_count = 1;
    make_machine();
    spawn(1070, 10 * MIB);
    start();
    switch_to(100, MM_ACCOUNT_ACTIVATED);
    add_in(100, 1010, 100 * MIB, name);
    add_in(100, 1020, 100 * MIB, "application");
    switch_to(101, MM_ACCOUNT_COLD_SWITCH);
    run_for(SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"application"}));
    EXPECT_TRUE(is_alive(1010));
    EXPECT_TRUE(is_alive(1070));
    config->reclaim_priority.system_apps = nullptr;
    config->reclaim_priority.system_app_count = 0;
}

TEST_F(KillAccount, OtherSwitchesKillNobody)
{
    begin_with_three();
    for (mm_account_change change : {MM_ACCOUNT_ACTIVATED, MM_ACCOUNT_HOT_SWITCH}) {
        switch_to(101, change);
        run_for(SECOND);
    }
    EXPECT_TRUE(killed().empty());
}

TEST_F(KillAccount, OneThatNeverDiesDelaysTheOthersOnlyAWhile)
{
    begin_with_three(MM_UNKNOWN);
    switch_to(101, MM_ACCOUNT_COLD_SWITCH);
    run_for(config->kill.exit_timeout_ms * MILLISECOND + 10 * MILLISECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(records()[0].outcome, MM_KILL_TIMED_OUT);
    EXPECT_EQ(records()[0].exited_ns, 0u);
    EXPECT_EQ(records()[1].outcome, MM_KILL_ENDED);
    EXPECT_TRUE(was_decided("timed-out", "still there"));
    run_for(10 * SECOND);
    EXPECT_EQ(records().size(), 2u) << "each once";
}

TEST_F(KillAccount, WithoutPidfdsExitsAreAskedFor)
{
    machine.lacks[MM_FEATURE_PIDFD] = true;
    begin_with_three(20);
    switch_to(101, MM_ACCOUNT_COLD_SWITCH);
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"one", "two"}));
    EXPECT_LE(records()[0].exited_ns - records()[0].signalled_ns, 23 * MILLISECOND);
}

TEST_F(KillAccount, WhoseAccountIsInUseAgainBeforeIsSpared)
{
    begin_with_three(100);
    switch_to(101, MM_ACCOUNT_COLD_SWITCH);
    run_for(10 * MILLISECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"one"}));
    switch_to(100, MM_ACCOUNT_ACTIVATED);
    run_for(SECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"one"}));
    EXPECT_TRUE(is_alive(1020));
}

TEST_F(KillAccount, WhoHasGoneOrLeftTheDomainIsNoKill)
{
    machine.domain_group = "/";
    begin_with_three();
    ASSERT_EQ(mm_simulated_exit(kernel, 1010), 0);
    mm_simulated_fail(kernel, "kill_process", EPERM, 1);
    switch_to(101, MM_ACCOUNT_COLD_SWITCH);
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"two"}));
    EXPECT_EQ(records()[0].outcome, MM_KILL_FAILED);
    EXPECT_NE(std::string(records()[0].reason).find("could not be signalled"), std::string::npos);
    EXPECT_EQ(priority_of(1010), MM_PRIORITY_NONE);
    EXPECT_NE(priority_of(1020), MM_PRIORITY_NONE);
}

TEST_F(KillAccount, InADryRunNobodyDies)
{
    make_machine();
    start([](mm_kernel *inner) {
        mm_kernel *dry = nullptr;

        EXPECT_EQ(mm_dry_run_kernel_new(inner, &dry), 0);
        return dry;
    });
    switch_to(100, MM_ACCOUNT_ACTIVATED);
    add_in(100, 1010, 100 * MIB, "one");
    add_in(100, 1020, 100 * MIB, "two");
    switch_to(101, MM_ACCOUNT_COLD_SWITCH);
    run_for(SECOND);
    ASSERT_EQ(killed(), (std::vector<std::string>{"one", "two"}));
    for (const mm_kill_record &record : records()) {
        EXPECT_EQ(record.outcome, MM_KILL_DRY_RUN);
        EXPECT_TRUE(record.is_dry_run);
    }
    EXPECT_TRUE(is_alive(1010));
    EXPECT_TRUE(is_alive(1020));
    EXPECT_EQ(mm_simulated_calls(simulated, "kill_process"), 0u);
}

/* Each with a victim under way, and notices of both. */
TEST_F(KillAccount, AShortageOfMemoryMeanwhileIsMetAtOnce)
{
    mm_event suspend = {};
    uint64_t begin_ns;

    begin_with_three(200);
    add_in(101, 1040, 200 * MIB, "suspended", 50);
    suspend.kind = MM_EVENT_APPLICATION;
    suspend.pid = 1040;
    suspend.payload.application.reason = MM_REASON_APPLICATION_SUSPEND;
    mm_event_center_publish(engine->center, &suspend);
    switch_to(101, MM_ACCOUNT_COLD_SWITCH);
    run_for(5 * MILLISECOND);
    ASSERT_EQ(records().size(), 1u);
    ASSERT_EQ(records()[0].outcome, MM_KILL_PENDING);
    begin_ns = now_ns();
    crowd(450 * MIB);
    ASSERT_EQ(records().size(), 2u);
    EXPECT_EQ(records()[1].cause, MM_KILL_FOR_MEMORY);
    EXPECT_STREQ(records()[1].name, "suspended");
    EXPECT_EQ(records()[1].decided_ns, begin_ns);
    run_for(2 * SECOND);
    for (const mm_kill_record &record : records()) {
        EXPECT_NE(record.outcome, MM_KILL_PENDING) << record.name;
        EXPECT_NE(record.outcome, MM_KILL_TIMED_OUT) << record.name;
    }
    EXPECT_EQ(records()[0].exited_ns - records()[0].signalled_ns, 200 * MILLISECOND);
    EXPECT_EQ(records()[1].exited_ns - records()[1].signalled_ns, 50 * MILLISECOND);
    EXPECT_EQ(killed(), (std::vector<std::string>{"one", "suspended", "two"}));
    expect_at_rest();
}

TEST_F(KillAccount, StoppedInMidSwitchNothingIsHeld)
{
    begin_with_three(200);
    switch_to(101, MM_ACCOUNT_COLD_SWITCH);
    run_for(5 * MILLISECOND);
    ASSERT_EQ(records().size(), 1u);
    ASSERT_EQ(mm_engine_stop(engine, 100), 0);
    EXPECT_EQ(mm_simulated_calls(kernel, "close_process"), mm_simulated_calls(kernel, "open_process"));
}

} // namespace
