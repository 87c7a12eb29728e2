/* SPDX-License-Identifier: Apache-2.0 */
/* Extensions and accounts: tables, chains, cycles; random ones are in priority_model_test. */
#include "priority_world.h"

class Extensions : public PriorityWorld
{
  protected:
    /* An application of its own for each pid. */
    void create_own(pid_t pid, mm_application_reason then = MM_REASON_PROCESS_READY)
    {
        create({pid, kUid, "com.example." + std::to_string(pid)});
        report(then, {pid});
    }

    std::vector<int> numbers(const std::vector<pid_t> &pids) const
    {
        std::vector<int> found;

        for (pid_t pid : pids)
            found.push_back(priority(pid));
        return found;
    }
};

/* The table of the reference 1.3, as far as it is no defect. */
TEST_F(Extensions, WhatTheCallerGives)
{
    const struct {
        const char *name;
        mm_application_reason caller; /* MM_REASON_COUNT: not known */
        bool had_ui;
        int bound, unbound;
    } rows[] = {
        {"unknown caller", MM_REASON_COUNT, false, 100, 500},
        {"unknown caller, had UI", MM_REASON_COUNT, true, 100, 400},
        {"foreground caller", MM_REASON_FOREGROUND, false, 100, 500},
        {"visible caller", MM_REASON_VISIBLE, false, 150, 500},
        {"caller with a transient task", MM_REASON_SUSPEND_DELAY_START, false, 200, 500},
        {"caller with a continuous task", MM_REASON_BACKGROUND_RUNNING_START, false, 300, 500},
        {"caller with a device", MM_REASON_DIST_DEVICE_CONNECTED, false, 360, 500},
        {"background caller", MM_REASON_BACKGROUND, false, 500, 500},
        {"background caller, had UI", MM_REASON_BACKGROUND, true, 400, 400},
    };
    pid_t pid = 3000;

    for (const auto &row : rows) {
        pid_t target = pid++, caller = pid++;

        create_own(target, row.had_ui ? MM_REASON_BACKGROUND : MM_REASON_PROCESS_READY);
        if (row.caller != MM_REASON_COUNT)
            create_own(caller, row.caller);
        bind(caller, target);
        EXPECT_EQ(priority(target), row.bound) << row.name << ": " << why(target);
        bind(caller, target); /* told twice, counted once */
        unbind(caller, target);
        EXPECT_EQ(priority(target), row.unbound) << row.name << ": " << why(target);
    }
}

TEST_F(Extensions, TheMostImportantCallerCounts)
{
    create_own(1000, MM_REASON_BACKGROUND);
    create_own(1001, MM_REASON_VISIBLE);
    create_own(1002, MM_REASON_FOREGROUND);
    create_own(1003);
    for (pid_t caller : {1000, 1001, 1002})
        bind(caller, 1003);
    EXPECT_EQ(priority(1003), 100);
    unbind(1002, 1003);
    EXPECT_EQ(priority(1003), 150);
    report(MM_REASON_UN_VISIBLE, {1001});
    EXPECT_EQ(priority(1003), 500);
}

/* Upstream takes three events for this one. Both orders of pids, as its result depends on them. */
TEST_F(Extensions, AChainSettlesInOneEvent)
{
    const std::vector<pid_t> chains[] = {{1000, 1001, 1002, 1003}, {2003, 2002, 2001, 2000}};

    for (const std::vector<pid_t> &chain : chains) {
        for (pid_t pid : chain)
            create_own(pid);
        for (size_t i = 0; i + 1 < chain.size(); i++)
            bind(chain[i], chain[i + 1]);
        report(MM_REASON_FOREGROUND, {chain[0]});
        EXPECT_EQ(numbers(chain), (std::vector<int>{0, 100, 200, 300}));
        report(MM_REASON_BACKGROUND, {chain[0]});
        EXPECT_EQ(numbers(chain), (std::vector<int>{400, 500, 500, 500}));
        report(MM_REASON_FOREGROUND, {chain[0]});
        EXPECT_EQ(numbers(chain), (std::vector<int>{0, 100, 200, 300}));
        unbind(chain[1], chain[2]);
        EXPECT_EQ(numbers(chain), (std::vector<int>{0, 100, 500, 500}));
    }
}

TEST_F(Extensions, ACycleDoesNotHoldItselfUp)
{
    const std::vector<pid_t> ring = {1000, 1001, 1002};

    for (pid_t pid : ring)
        create_own(pid);
    bind(1000, 1001);
    bind(1001, 1002);
    bind(1002, 1000);
    EXPECT_EQ(numbers(ring), (std::vector<int>{500, 500, 500}));
    create_own(1003, MM_REASON_FOREGROUND);
    bind(1003, 1001);
    EXPECT_EQ(numbers(ring), (std::vector<int>{300, 100, 200}));
    report(MM_REASON_VISIBLE, {1003});
    report(MM_REASON_BACKGROUND, {1003});
    EXPECT_EQ(numbers(ring), (std::vector<int>{350, 150, 250}));
    unbind(1003, 1001);
    EXPECT_EQ(numbers(ring), (std::vector<int>{500, 500, 500}));
}

TEST_F(Extensions, ADeadCallerReleasesWhatItBound)
{
    create_own(1000, MM_REASON_FOREGROUND);
    create_own(1001);
    create_own(1002);
    bind(1000, 1001);
    bind(1001, 1002);
    EXPECT_EQ(numbers({1001, 1002}), (std::vector<int>{100, 200}));
    mm_simulated_exit(kernel, 1000);
    publish(MM_EVENT_PROCESS_EXITED, 1000);
    EXPECT_EQ(numbers({1001, 1002}), (std::vector<int>{500, 500}));
    EXPECT_EQ(counters().bindings, 1U);
    mm_simulated_exit(kernel, 1002);
    publish(MM_EVENT_PROCESS_EXITED, 1002);
    EXPECT_EQ(counters().bindings, 0U);
}

TEST_F(Extensions, AnUnknownCallerIsMissedAtTheNextLook)
{
    create_own(1000);
    bind(99999, 1000);
    EXPECT_EQ(priority(1000), 100);
    advance_s(181);
    EXPECT_EQ(priority(1000), 500);
    /* One that the client could not name has no end that could be seen. */
    bind(0, 1000);
    advance_s(400);
    EXPECT_EQ(priority(1000), 100);
    unbind(0, 1000);
    EXPECT_EQ(priority(1000), 500);
}

TEST_F(Extensions, ACallerThatBoundBeforeItWasKnown)
{
    create_own(1001);
    spawn(1000, kUid);
    bind(1000, 1001);
    EXPECT_EQ(priority(1001), 100);
    create({1000, kUid, "com.example.caller"});
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(priority(1001), 500);
    mm_simulated_exit(kernel, 1000);
    publish(MM_EVENT_PROCESS_EXITED, 1000);
    EXPECT_EQ(counters().bindings, 0U);
}

TEST_F(Extensions, AnUnknownCallersPidThatIsAnothersNow)
{
    create_own(1001);
    spawn(1000, kUid);
    bind(1000, 1001);
    mm_simulated_exit(kernel, 1000);
    create_own(1000, MM_REASON_FOREGROUND); /* reuses the pid, has bound nothing */
    EXPECT_EQ(priority(1001), 500);
    EXPECT_EQ(counters().bindings, 0U);
}

TEST_F(Extensions, NativeCallersCountByTheirFile)
{
    spawn(1000, 0, 200);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    create_own(1001);
    bind(1000, 1001);
    EXPECT_EQ(priority(1001), 300);
    publish(MM_EVENT_OOM_SCORE_ADJ, 1000, -500);
    EXPECT_EQ(priority(1001), 100);
}

TEST_F(Extensions, TheCallersGraceAndBoostArePassedOn)
{
    create_own(1000);
    create_own(1001);
    bind(1000, 1001);
    EXPECT_EQ(priority(1001), 100);
    advance_s(16);
    EXPECT_EQ(numbers({1000, 1001}), (std::vector<int>{400, 500}));
    report(MM_REASON_ABILITY_START, {1000});
    EXPECT_EQ(numbers({1000, 1001}), (std::vector<int>{0, 100}));
    advance_s(11);
    EXPECT_EQ(numbers({1000, 1001}), (std::vector<int>{400, 500}));
}

TEST_F(Extensions, ARenderIsACallerLikeItsOwner)
{
    Application render{1001, kUid, ""};

    create_own(1000, MM_REASON_FOREGROUND);
    create_own(1002);
    spawn(1001);
    render.caller = 1000;
    report(MM_REASON_RENDER_CREATE_PROCESS, render);
    bind(1001, 1002);
    EXPECT_EQ(priority(1002), 100);
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(numbers({1001, 1002}), (std::vector<int>{400, 500}));
}

/* Reference 5.2 and 1.4, with the adjustment as a property of the account. */
class Accounts : public PriorityWorld
{
  protected:
    static constexpr uid_t kOther = 101 * MM_ACCOUNT_UIDS + 7;

    void create_in(uid_t uid, pid_t pid, mm_application_reason then)
    {
        create({pid, uid, "com.example." + std::to_string(pid)});
        report(then, {pid, uid});
    }
};

TEST_F(Accounts, NobodyReportedMeansNoAdjustment)
{
    create_in(kUid, 1000, MM_REASON_BACKGROUND);
    create_in(kOther, 1001, MM_REASON_BACKGROUND);
    EXPECT_EQ(priority(1000), 400);
    EXPECT_EQ(priority(1001), 400);
}

TEST_F(Accounts, SwitchingShiftsByState)
{
    const struct {
        mm_application_reason state;
        int active, inactive;
    } rows[] = {{MM_REASON_FOREGROUND, 0, 50},
                {MM_REASON_VISIBLE, 0, 100},
                {MM_REASON_SUSPEND_DELAY_START, 50, 150},
                {MM_REASON_BACKGROUND, 350, 450},
                {MM_REASON_APPLICATION_SUSPEND, 750, 850}};
    pid_t pid = 1000;

    for (const auto &row : rows) {
        create_in(kUid, pid, row.state);
        create_in(kOther, pid + 1, row.state);
        switch_account(100, MM_ACCOUNT_HOT_SWITCH);
        EXPECT_EQ(priority(pid), row.active) << row.active;
        switch_account(101, MM_ACCOUNT_HOT_SWITCH);
        /* Told again and again: computed, not added up. */
        switch_account(101, MM_ACCOUNT_HOT_SWITCH);
        switch_account(101, MM_ACCOUNT_ACTIVATED);
        EXPECT_EQ(priority(pid), row.inactive) << row.inactive;
        EXPECT_EQ(priority(pid + 1), row.active) << row.active;
        EXPECT_EQ(bundle_priority(pid), row.inactive);
        EXPECT_EQ(mm_simulated_oom_score_adj(kernel, pid), row.inactive);
        pid += 2;
    }
}

TEST_F(Accounts, TheShiftOutlivesEvents)
{
    create_in(kUid, 1000, MM_REASON_BACKGROUND);
    create_in(kOther, 1001, MM_REASON_BACKGROUND);
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    report(MM_REASON_FOREGROUND, {1000});
    EXPECT_EQ(priority(1000), 50);
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(priority(1000), 450);
    /* A process that comes later is shifted, too. */
    create_in(kUid, 1002, MM_REASON_BACKGROUND);
    EXPECT_EQ(priority(1002), 450);
}

TEST_F(Accounts, ActivatedLeavesTheOthersActive)
{
    create_in(kUid, 1000, MM_REASON_BACKGROUND);
    create_in(kOther, 1001, MM_REASON_BACKGROUND);
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    switch_account(101, MM_ACCOUNT_ACTIVATED);
    EXPECT_EQ(priority(1000), 350);
    EXPECT_EQ(priority(1001), 350);
}

TEST_F(Accounts, TheFirstSwitchTakesFromTheUsersThatHaveApplications)
{
    create_in(kUid, 1000, MM_REASON_BACKGROUND);
    create_in(1000, 1001, MM_REASON_BACKGROUND); /* account 0 belongs to the system */
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    EXPECT_EQ(priority(1000), 450);
    EXPECT_EQ(priority(1001), 400);
}

TEST_F(Accounts, ColdSwitchMarksTheOthersBundlesForTheKiller)
{
    mm_bundle *ending;

    create_in(kUid, 1000, MM_REASON_FOREGROUND);
    create_in(kOther, 1001, MM_REASON_FOREGROUND);
    create_in(1000, 1002, MM_REASON_FOREGROUND);
    spawn(1003, kUid); /* of the account, but nobody registered it */
    set_important("com.example.1004", -1000);
    publish_config();
    create_in(kUid, 1004, MM_REASON_BACKGROUND);
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    switch_account(101, MM_ACCOUNT_COLD_SWITCH);
    ending = mm_priority_manager_take_ending(manager);
    ASSERT_NE(ending, nullptr);
    EXPECT_EQ(ending, mm_priority_manager_find(manager, 1000)->bundle);
    EXPECT_EQ(mm_priority_manager_take_ending(manager), nullptr) << "each once, and no other";
    for (pid_t pid : {1000, 1001, 1002, 1003, 1004})
        EXPECT_EQ(mm_simulated_killed_at_ns(kernel, pid), 0U) << pid;
}

TEST_F(Accounts, WhatIsToEndStaysMarkedWhateverHappensButMinusThousandOrTheAccountsReturn)
{
    for (pid_t pid = 1000; pid < 1004; pid++)
        create_in(kUid, pid, MM_REASON_BACKGROUND);
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    switch_account(101, MM_ACCOUNT_COLD_SWITCH);
    report(MM_REASON_FOREGROUND, {1000, kUid, "com.example.1000"});
    publish(MM_EVENT_PROCESS_EXITED, 1001);
    set_important("com.example.1002", -1000);
    publish_config();
    EXPECT_EQ(mm_priority_manager_take_ending(manager), mm_priority_manager_find(manager, 1003)->bundle)
        << "the least important first";
    EXPECT_EQ(mm_priority_manager_take_ending(manager), mm_priority_manager_find(manager, 1000)->bundle);
    EXPECT_EQ(mm_priority_manager_take_ending(manager), nullptr);
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    switch_account(101, MM_ACCOUNT_COLD_SWITCH);
    switch_account(100, MM_ACCOUNT_HOT_SWITCH);
    EXPECT_EQ(mm_priority_manager_take_ending(manager), nullptr);
}

TEST_F(Accounts, OneThatIsStoppedIsInactiveAndNobodyOfItIsEnded)
{
    create_in(kUid, 1000, MM_REASON_BACKGROUND);
    create_in(kOther, 1001, MM_REASON_BACKGROUND);
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    switch_account(100, MM_ACCOUNT_STOPPED);
    EXPECT_EQ(priority(1000), 450);
    EXPECT_EQ(priority(1001), 400) << "nobody spoke of it";
    EXPECT_EQ(mm_priority_manager_take_ending(manager), nullptr);
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    EXPECT_EQ(priority(1000), 350);
}

TEST_F(Accounts, OneThatIsRemovedIsEndedAndThenForgotten)
{
    create_in(kUid, 1000, MM_REASON_BACKGROUND);
    create_in(kOther, 1001, MM_REASON_BACKGROUND);
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    switch_account(100, MM_ACCOUNT_REMOVED);
    EXPECT_EQ(priority(1000), 450);
    EXPECT_EQ(mm_priority_manager_take_ending(manager), mm_priority_manager_find(manager, 1000)->bundle);
    EXPECT_EQ(mm_priority_manager_take_ending(manager), nullptr);
    EXPECT_EQ(counters().accounts, 2U);
    publish(MM_EVENT_PROCESS_EXITED, 1000);
    EXPECT_EQ(counters().accounts, 1U);
    create_in(kUid, 1002, MM_REASON_BACKGROUND);
    EXPECT_EQ(priority(1002), 400) << "an account of the same number is another one";
    switch_account(102, MM_ACCOUNT_REMOVED);
    EXPECT_EQ(counters().accounts, 2U) << "one that nobody has is nothing to keep";
}

TEST_F(Accounts, AStatedAccountBeatsTheUid)
{
    Application stated{1000, 0, "com.example.root"};

    spawn(1000, 0);
    stated.account = 100;
    report(MM_REASON_CREATE_PROCESS, stated);
    EXPECT_EQ(mm_bundle_account_id(mm_priority_manager_find(manager, 1000)->bundle), 100);
    report(MM_REASON_BACKGROUND, stated);
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    EXPECT_EQ(priority(1000), 450);
}

TEST_F(Accounts, NonsenseIsRefused)
{
    create_in(kUid, 1000, MM_REASON_BACKGROUND);
    switch_account(-1, MM_ACCOUNT_ACTIVATED);
    switch_account(100, 77);
    EXPECT_EQ(counters().refused_events, 2U);
    EXPECT_EQ(priority(1000), 400);
    /* Any other is taken, known or not. */
    switch_account(4711, MM_ACCOUNT_ACTIVATED);
    EXPECT_EQ(counters().refused_events, 2U);
}

TEST_F(Accounts, ASwitchOfManyLosesNoEvent)
{
    for (pid_t pid = 2000; pid < 4000; pid++)
        create_in(kUid, pid, MM_REASON_BACKGROUND);
    announced.clear();
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    advance_s(1);
    EXPECT_EQ(announced.size(), 2000U);
}
