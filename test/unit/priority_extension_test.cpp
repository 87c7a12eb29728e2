/* SPDX-License-Identifier: Apache-2.0 */
/* Extensions and accounts: tables, chains, cycles, and random worlds against a plain recomputation. */
#include "priority_world.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

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

/* A world of applications, binds and accounts, recomputed as a whole and naively after each event. */
class RandomWorld : public PriorityWorld
{
  protected:
    struct Known {
        uint32_t flags = 0;
        int account = 100;
        bool is_new = true;
    };

    int own(const Known &known) const
    {
        int number = known.flags & MM_PROCESS_IS_FOREGROUND                                          ? 0
                     : known.flags & MM_PROCESS_IS_VISIBLE                                           ? 50
                     : known.flags & MM_PROCESS_HAS_CONTINUOUS_TASK                                  ? 200
                     : (known.flags & MM_PROCESS_IS_EXTENSION) && !(known.flags & MM_PROCESS_HAS_UI) ? 500
                                                                                                     : 400;
        auto account = accounts.find(known.account);

        if (known.is_new)
            number = 0;
        return account == accounts.end() ? number : std::clamp(number + account->second, 0, 1000);
    }

    /* Bellman and Ford: from far too high down, until nothing changes. */
    std::map<pid_t, int> recompute() const
    {
        std::map<pid_t, int> numbers;
        bool has_changed = true;

        for (const auto &[pid, known] : processes)
            numbers[pid] = own(known);
        while (has_changed) {
            has_changed = false;
            for (const auto &[caller, target] : binds) {
                int given = std::min(400, numbers.at(caller)) + 100;

                if (numbers.at(target) <= given)
                    continue;
                numbers[target] = given;
                has_changed = true;
            }
        }
        return numbers;
    }

    void forget(pid_t pid)
    {
        processes.erase(pid);
        for (auto bind = binds.begin(); bind != binds.end();)
            bind = bind->first == pid || bind->second == pid ? binds.erase(bind) : std::next(bind);
    }

    void start(pid_t pid)
    {
        Known known;

        if (processes.count(pid)) {
            mm_simulated_exit(kernel, pid);
            publish(MM_EVENT_PROCESS_EXITED, pid);
            forget(pid);
        }
        known.account = 100 + pid % 3;
        create({pid, static_cast<uid_t>(known.account) * MM_ACCOUNT_UIDS + 1,
                "com.example." + std::to_string(pid % 20)});
        processes[pid] = known;
    }

    void change(pid_t pid, mm_application_reason reason, uint32_t set, uint32_t clear, bool ends_grace)
    {
        Known &known = processes.at(pid);

        report(reason, {pid});
        known.flags = (known.flags & ~clear) | set;
        if (ends_grace)
            known.is_new = false;
    }

    void change_bind(pid_t caller, pid_t target, bool is_bound)
    {
        if (caller == target)
            return;
        if (is_bound) {
            bind(caller, target);
            binds.insert({caller, target});
        } else {
            unbind(caller, target);
            binds.erase({caller, target});
        }
        processes.at(target).flags |= MM_PROCESS_IS_EXTENSION;
        processes.at(target).is_new = false;
    }

    void change_account(int id)
    {
        for (auto &[account, adjustment] : accounts)
            adjustment = 50;
        accounts[id] = -50;
        switch_account(id, MM_ACCOUNT_HOT_SWITCH);
    }

    std::map<pid_t, Known> processes;
    std::set<std::pair<pid_t, pid_t>> binds;
    std::map<int, int> accounts;
};

TEST_F(RandomWorld, EqualsAPlainRecomputationAfterEachEvent)
{
    constexpr unsigned kSeed = 1909;
    constexpr pid_t kFirst = 1000, kProcesses = 40;
    std::mt19937 random(kSeed);
    auto any = [&] { return kFirst + static_cast<pid_t>(random() % kProcesses); };

    switch_account(100, MM_ACCOUNT_ACTIVATED);
    accounts[100] = -50;
    for (pid_t pid = kFirst; pid < kFirst + kProcesses; pid++)
        start(pid);
    for (int step = 0; step < 10000; step++) {
        unsigned what = random() % 100;
        pid_t pid = any();

        if (what < 2)
            start(pid);
        else if (what < 20)
            change(pid, MM_REASON_FOREGROUND, MM_PROCESS_IS_FOREGROUND | MM_PROCESS_HAS_UI, 0, true);
        else if (what < 40)
            change(pid, MM_REASON_BACKGROUND, MM_PROCESS_HAS_UI, MM_PROCESS_IS_FOREGROUND, true);
        else if (what < 45)
            change(pid, MM_REASON_VISIBLE, MM_PROCESS_IS_VISIBLE, 0, true);
        else if (what < 55)
            change(pid, MM_REASON_UN_VISIBLE, 0, MM_PROCESS_IS_VISIBLE, false);
        else if (what < 60)
            change(pid, MM_REASON_BACKGROUND_RUNNING_START, MM_PROCESS_HAS_CONTINUOUS_TASK, 0, true);
        else if (what < 65)
            change(pid, MM_REASON_BACKGROUND_RUNNING_END, 0, MM_PROCESS_HAS_CONTINUOUS_TASK, false);
        else if (what < 99)
            change_bind(any(), pid, what < 76);
        else
            change_account(100 + static_cast<int>(random() % 3));
        std::map<pid_t, int> expected = recompute();
        std::map<const mm_bundle *, int> bundles;

        for (const auto &[each, number] : expected) {
            const mm_process *process = mm_priority_manager_find(manager, each);

            ASSERT_EQ(priority(each), number) << "seed " << kSeed << " step " << step << " what " << what
                                              << " pid " << each << ": " << why(each);
            auto bundle = bundles.insert({process->bundle, number}).first;
            bundle->second = std::min(bundle->second, number);
        }
        for (const auto &[bundle, number] : bundles)
            ASSERT_EQ(bundle->entry.priority, number) << "seed " << kSeed << " step " << step;
        ASSERT_EQ(mm_priority_manager_list(manager)->count, bundles.size());
        expect_keys_of_bundles(mm_priority_manager_list(manager));
    }
}
