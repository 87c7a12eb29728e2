/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that nobody registered, restarts, reused pids, bad input. */
#include "priority_world.h"

class Unregistered : public PriorityWorld
{
};

TEST_F(Unregistered, AreOnTheListAtTheirOomScoreAdj)
{
    spawn(500, 0, -1000, "sshd");
    spawn(501, 1000, 300, "tab\n\\");
    spawn(502, 1000, 0, "editor");
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    EXPECT_EQ(order(), (std::vector<pid_t>{501, 502, 500}));
    EXPECT_EQ(counters().registered_processes, 0U);
    EXPECT_EQ(why(501), "300 oom_score_adj, not registered");
    EXPECT_FALSE(mm_priority_manager_find(manager, 501)->bundle->is_registered);
    EXPECT_STREQ(mm_priority_manager_find(manager, 501)->bundle->name, "tab\\x0a\\x5c");
    EXPECT_EQ(mm_bundle_account_id(mm_priority_manager_find(manager, 501)->bundle), -1);
    EXPECT_EQ(counters().oom_score_adj_writes, 0U);
    EXPECT_EQ(mm_priority_manager_find(manager, 502)->resident_bytes, MM_MIB);
    /* Switches of accounts are for applications. */
    switch_account(0, MM_ACCOUNT_ACTIVATED);
    EXPECT_EQ(priority(501), 300);
}

TEST_F(Unregistered, MoveWithTheirFile)
{
    spawn(501, 1000, 300);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    publish(MM_EVENT_OOM_SCORE_ADJ, 501, 700);
    EXPECT_EQ(priority(501), 700);
    EXPECT_EQ(bundle_priority(501), 700);
    publish(MM_EVENT_OOM_SCORE_ADJ, 501, 5000);
    EXPECT_EQ(priority(501), 700);
    EXPECT_EQ(counters().oom_score_adj_writes, 0U);
}

TEST_F(Unregistered, AreFoundAndForgottenByEvents)
{
    spawn(501, 1000, 300);
    publish(MM_EVENT_PROCESS_FOUND, 501);
    publish(MM_EVENT_PROCESS_FOUND, 501);
    EXPECT_EQ(priority(501), 300);
    EXPECT_EQ(counters().processes, 1U);
    publish(MM_EVENT_PROCESS_EXITED, 501, 0, ticks_of(501) + 1); /* another one's end */
    EXPECT_EQ(priority(501), 300);
    publish(MM_EVENT_PROCESS_EXITED, 501, 0, ticks_of(501));
    EXPECT_EQ(counters().processes, 0U);
    /* Somebody writes the file of one that was never seen. */
    publish(MM_EVENT_OOM_SCORE_ADJ, 501, 300);
    EXPECT_EQ(priority(501), 300);
    publish(MM_EVENT_PROCESS_FOUND, 777); /* gone before it was looked at */
    EXPECT_EQ(counters().processes, 1U);
}

TEST_F(Unregistered, ALaterScanAddsWhatIsNew)
{
    spawn(501, 1000, 300);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    create({1000});
    spawn(502, 1000, 200);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    EXPECT_EQ(counters().processes, 3U);
    EXPECT_EQ(priority(502), 200);
    EXPECT_EQ(priority(1000), 0);
}

TEST_F(Unregistered, BecomeApplicationsByCreate)
{
    spawn(501, kUid, 300);
    publish(MM_EVENT_PROCESS_FOUND, 501);
    report(MM_REASON_CREATE_PROCESS, {501});
    EXPECT_EQ(priority(501), 0); /* it is new: the fork was seen before the client spoke */
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 501), 0);
    EXPECT_EQ(mm_priority_manager_list(manager)->count, 1U);
    EXPECT_STREQ(mm_priority_manager_find(manager, 501)->bundle->name, kBundle);
}

TEST_F(Unregistered, BecomeApplicationsByAStateWithAName)
{
    Application nameless{1001};

    spawn(1000);
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(priority(1000), 400);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1000), 400);
    nameless.bundle = "";
    spawn(1001);
    report(MM_REASON_FOREGROUND, nameless);
    EXPECT_EQ(counters().unknown_pid_events, 1U);
    for (mm_application_reason reason :
         {MM_REASON_PROCESS_READY, MM_REASON_SUSPEND_DELAY_END, MM_REASON_APPLICATION_SUSPEND,
          MM_REASON_PROCESS_TERMINATED, MM_REASON_BIND_EXTENSION, MM_REASON_UNBIND_EXTENSION})
        report(reason, {1001});
    EXPECT_EQ(counters().unknown_pid_events, 7U);
    EXPECT_EQ(counters().registered_processes, 1U);
}

TEST_F(Unregistered, NamesAreTakenFromWhatIsSaid)
{
    const struct {
        const char *bundle, *process, *expected;
    } rows[] = {{"bundle", "process", "bundle"}, {"", "process", "process"}, {"", "", "comm"}};
    pid_t pid = 1000;

    for (const auto &row : rows) {
        spawn(++pid, kUid, 0, "comm");
        report(MM_REASON_CREATE_PROCESS, {pid, kUid, row.bundle, row.process});
        ASSERT_NE(mm_priority_manager_find(manager, pid), nullptr);
        EXPECT_STREQ(mm_priority_manager_find(manager, pid)->bundle->name, row.expected);
    }
}

TEST_F(Unregistered, WhoCannotBeReadIsCountedAndKeepsNobodyFromTheList)
{
    spawn(1000);
    spawn(1001);
    mm_simulated_fail(kernel, "scan_process", EPERM, 1);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    EXPECT_EQ(priority(1000), MM_PRIORITY_NONE);
    EXPECT_EQ(priority(1001), 0);
    EXPECT_EQ(counters().unreadable_processes, 1U);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    EXPECT_EQ(priority(1000), 0);
    EXPECT_EQ(counters().unreadable_processes, 0U);
}

/* It ended untold, and the kernel gave its pid to another process: nothing of that one is written. */
TEST_F(Unregistered, AReusedPidGetsNoNumberOfTheOneBefore)
{
    const struct {
        const char *what;
        void (*happens)(PriorityWorld &);
    } rows[] = {
        {"an event", [](PriorityWorld &world) { world.report(MM_REASON_SUSPEND_DELAY_END, {1000}); }},
        {"a switch of accounts",
         [](PriorityWorld &world) { world.switch_account(101, MM_ACCOUNT_HOT_SWITCH); }},
        {"the end of what it was bound by", [](PriorityWorld &world) { world.unbind(1001, 1000); }},
    };

    create({1001});
    for (const auto &row : rows) {
        create({1000});
        report(MM_REASON_SUSPEND_DELAY_START, {1000});
        bind(1001, 1000);
        ASSERT_GE(mm_simulated_oom_score_adj(kernel, 1000), 100) << row.what;
        ASSERT_EQ(mm_simulated_exit(kernel, 1000), 0);
        spawn(1000, kUid, 17);
        row.happens(*this);
        EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1000), 17) << row.what;
        ASSERT_EQ(mm_simulated_exit(kernel, 1000), 0);
        publish(MM_EVENT_PROCESS_EXITED, 1000);
    }
}

class Domain : public PriorityWorld
{
  public:
    Domain()
    {
        domain_group = "/domain";
    }

    void spawn_inside(pid_t pid)
    {
        spawn(pid);
        ASSERT_EQ(mm_simulated_move(kernel, pid, "/domain/group"), 0);
    }
};

TEST_F(Domain, WhoLeavesItIsForgottenWhenItIsTold)
{
    spawn_inside(1000);
    spawn_inside(1001);
    report(MM_REASON_CREATE_PROCESS, {1000});
    report(MM_REASON_CREATE_PROCESS, {1001});
    publish(MM_EVENT_PROCESS_LEFT, 1000, 0, ticks_of(1000) + 1);
    EXPECT_EQ(priority(1000), 0) << "it was another's end";
    publish(MM_EVENT_PROCESS_LEFT, 1000, 0, ticks_of(1000));
    publish(MM_EVENT_PROCESS_LEFT, 4711);
    EXPECT_EQ(priority(1000), MM_PRIORITY_NONE);
    EXPECT_EQ(priority(1001), 0);
}

TEST_F(Domain, WhoLeftItUntoldIsForgottenInTime)
{
    spawn_inside(1000);
    spawn_inside(1001);
    report(MM_REASON_CREATE_PROCESS, {1000});
    report(MM_REASON_CREATE_PROCESS, {1001});
    ASSERT_EQ(mm_simulated_move(kernel, 1000, "/outside"), 0);
    advance_s(config.reclaim_priority.dead_check_ms / 1000 + 1);
    EXPECT_EQ(priority(1000), MM_PRIORITY_NONE);
    EXPECT_NE(priority(1001), MM_PRIORITY_NONE);
}

class Restart : public PriorityWorld
{
};

TEST_F(Restart, PicksUpWhatWasThere)
{
    create({1000});
    create({1001, kUid, "com.example.music"});
    report(MM_REASON_BACKGROUND, {1000});
    report(MM_REASON_BACKGROUND_RUNNING_START, {1001});
    stop_manager();
    start_manager();
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    /* Before anybody spoke: the old daemon's numbers stand. */
    EXPECT_EQ(order(), (std::vector<pid_t>{1000, 1001}));
    EXPECT_EQ(priority(1000), 400);
    EXPECT_EQ(priority(1001), 200);
    /* Registered again: not new, so it does not jump to 0 in the middle of a storm. */
    report(MM_REASON_CREATE_PROCESS, {1000});
    EXPECT_EQ(priority(1000), 400);
    EXPECT_TRUE(mm_priority_manager_find(manager, 1000)->bundle->is_registered);
    report(MM_REASON_CREATE_PROCESS, {1001, kUid, "com.example.music"});
    EXPECT_EQ(priority(1001), 200);
    report(MM_REASON_FOREGROUND, {1001, kUid, "com.example.music"});
    EXPECT_EQ(priority(1001), 0);
    /* After the grace what was not said again is not so. */
    advance_s(16);
    EXPECT_EQ(priority(1000), 400);
    EXPECT_EQ(priority(1001), 0);
}

TEST_F(Restart, AnInheritedNumberIsNotShiftedAgain)
{
    create({1000});
    report(MM_REASON_BACKGROUND, {1000});
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    ASSERT_EQ(priority(1000), 450);
    stop_manager();
    start_manager();
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    report(MM_REASON_CREATE_PROCESS, {1000});
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    EXPECT_EQ(priority(1000), 450);
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(priority(1000), 450);
}

class Identity : public PriorityWorld
{
  protected:
    /* The pid goes to another process, and nobody tells. */
    void reuse(pid_t pid, uid_t uid = kUid)
    {
        mm_simulated_exit(kernel, pid);
        spawn(pid, uid);
    }
};

TEST_F(Identity, CreateOfAReusedPidEndsTheOldProcess)
{
    create({1000, kUid, "com.example.old"});
    report(MM_REASON_FOREGROUND, {1000});
    bind(1000, 1000);
    reuse(1000, kUid + 1);
    report(MM_REASON_CREATE_PROCESS, {1000, kUid + 1, "com.example.new"});
    EXPECT_STREQ(mm_priority_manager_find(manager, 1000)->bundle->name, "com.example.new");
    EXPECT_EQ(mm_priority_manager_find(manager, 1000)->flags & MM_PROCESS_IS_FOREGROUND, 0U);
    EXPECT_EQ(counters().processes, 1U);
    EXPECT_EQ(counters().bundles, 1U);
}

TEST_F(Identity, AnEventOfAReusedPidEndsTheOldProcess)
{
    Application next{1000, kUid, ""};

    create({1000});
    reuse(1000);
    next.start_time_ticks = ticks_of(1000);
    report(MM_REASON_FOREGROUND, next);
    EXPECT_EQ(mm_priority_manager_find(manager, 1000), nullptr);
    EXPECT_EQ(counters().unknown_pid_events, 1U);
    EXPECT_EQ(mm_priority_manager_list(manager)->count, 0U);
}

TEST_F(Identity, ALateEventOfTheOldProcessIsLeftAlone)
{
    Application old{1000};

    create({1000});
    old.start_time_ticks = ticks_of(1000);
    reuse(1000);
    create({1000});
    report(MM_REASON_APPLICATION_SUSPEND, old);
    EXPECT_EQ(priority(1000), 0);
    report(MM_REASON_CREATE_PROCESS, old);
    EXPECT_EQ(counters().unknown_pid_events, 2U);
    publish(MM_EVENT_PROCESS_EXITED, 1000, 0, old.start_time_ticks);
    EXPECT_EQ(priority(1000), 0);
}

TEST_F(Identity, AFoundProcessReplacesTheOldOne)
{
    create({1000});
    reuse(1000);
    publish(MM_EVENT_PROCESS_FOUND, 1000, 0, ticks_of(1000));
    EXPECT_FALSE(mm_priority_manager_find(manager, 1000)->bundle->is_registered);
    EXPECT_EQ(counters().processes, 1U);
}

TEST_F(Identity, TerminatedButAliveIsUnregistered)
{
    create({1000});
    report(MM_REASON_BACKGROUND, {1000});
    bind(99999, 1000);
    report(MM_REASON_PROCESS_TERMINATED, {1000});
    ASSERT_NE(mm_priority_manager_find(manager, 1000), nullptr);
    EXPECT_FALSE(mm_priority_manager_find(manager, 1000)->bundle->is_registered);
    EXPECT_EQ(priority(1000), 100);
    EXPECT_EQ(counters().bindings, 0U);
    EXPECT_EQ(counters().registered_processes, 0U);
    advance_s(30); /* no timer of its former life fires */
    EXPECT_EQ(priority(1000), 100);
}

TEST_F(Identity, TheDeadAreFoundWithoutAnyEvent)
{
    for (pid_t pid = 1000; pid < 1500; pid++)
        create({pid, kUid, "com.example." + std::to_string(pid % 100)});
    for (pid_t pid = 1000; pid < 1499; pid++)
        mm_simulated_exit(kernel, pid);
    report(MM_REASON_BACKGROUND, {1499});
    advance_s(185);
    EXPECT_EQ(counters().processes, 1U);
    EXPECT_EQ(mm_priority_manager_list(manager)->count, 1U);
    EXPECT_EQ(bundle_priority(1499), 400);
}

/* Each death touches a neighbour that is dead as well and may be found in the same look. */
TEST_F(Identity, TheDeadThatBoundEachOther)
{
    for (pid_t pid = 1000; pid < 1100; pid++)
        create({pid, kUid, "com.example." + std::to_string(pid)});
    for (pid_t pid = 1000; pid < 1100; pid++) {
        bind(pid, 1000 + (pid + 1) % 100);
        bind(pid, 1000 + (pid + 37) % 100);
    }
    for (pid_t pid = 1000; pid < 1100; pid++)
        mm_simulated_exit(kernel, pid);
    advance_s(185);
    EXPECT_EQ(counters().processes, 0U);
    EXPECT_EQ(counters().bindings, 0U);
    for (pid_t pid = 1000; pid < 1100; pid++)
        create({pid, kUid, "com.example." + std::to_string(pid)});
    EXPECT_EQ(mm_priority_manager_list(manager)->count, 100U);
    for (pid_t pid = 1000; pid < 1100; pid++)
        EXPECT_EQ(priority(pid), 0);
}

TEST_F(Identity, ADeadProcessIsSeenWhenItsFileIsWritten)
{
    create({1000});
    create({1001});
    mm_simulated_exit(kernel, 1000);
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(mm_priority_manager_find(manager, 1000), nullptr);
    report(MM_REASON_BACKGROUND, {1001});
    EXPECT_EQ(bundle_priority(1001), 400);
    EXPECT_EQ(counters().oom_score_adj_failures, 1U);
}

TEST_F(Identity, AFailedWriteIsCountedAndTheListStandsTrue)
{
    create({1000});
    mm_simulated_fail(kernel, "write_oom_score_adj", EPERM, 1);
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(counters().oom_score_adj_failures, 1U);
    EXPECT_EQ(priority(1000), 400);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1000), 0);
    /* Its next number is written as usual. */
    report(MM_REASON_BACKGROUND_RUNNING_START, {1000});
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1000), 200);
}

/* Whatever is reported of it, until somebody else says otherwise. */
TEST_F(Identity, WhoSomebodyElsePutToMinusThousandStaysThere)
{
    const struct {
        const char *what;
        bool is_before;   /* it is registered */
        bool is_reported; /* by BPF */
        pid_t parent;     /* 70 is at -1000 itself, 71 is not */
        bool is_protected;
    } rows[] = {
        {"before", true, false, 71, true},
        {"before, by pid 1", true, false, 1, true},
        {"before, by a launcher that is there itself", true, false, 70, false},
        {"afterwards", false, true, 70, true},
        {"afterwards, unreported", false, false, 71, true},
    };
    mm_simulated_process process{};
    int written = 0;

    spawn(70, 0, -1000);
    spawn(71);
    process.pid = 1000;
    for (const auto &row : rows) {
        process.pid++;
        process.uid = kUid;
        process.ppid = row.parent;
        process.oom_score_adj = row.is_before ? -1000 : 0;
        process.comm = "process";
        ASSERT_EQ(mm_simulated_spawn(kernel, &process), 0);
        create({process.pid, kUid, std::string("app") + row.what});
        if (!row.is_before) {
            report(MM_REASON_BACKGROUND, {process.pid});
            ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, process.pid, 0, -1000, &written), 0);
        }
        if (row.is_reported) {
            publish(MM_EVENT_OOM_SCORE_ADJ, process.pid, -1000);
            EXPECT_EQ(priority(process.pid), -1000) << row.what;
        }
        for (mm_application_reason reason :
             {MM_REASON_FOREGROUND, MM_REASON_BACKGROUND, MM_REASON_APPLICATION_SUSPEND})
            report(reason, {process.pid});
        EXPECT_EQ(priority(process.pid), row.is_protected ? -1000 : 800) << row.what;
        EXPECT_EQ(mm_simulated_oom_score_adj(kernel, process.pid), row.is_protected ? -1000 : 800)
            << row.what;
        if (!row.is_protected)
            continue;
        EXPECT_EQ(why(process.pid), "-1000 oom_score_adj, written by somebody else");
        ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, process.pid, 0, 300, &written), 0);
        if (row.is_reported)
            publish(MM_EVENT_OOM_SCORE_ADJ, process.pid, 300);
        else
            (void)mm_priority_manager_refresh(manager, 100);
        EXPECT_EQ(priority(process.pid), 800) << row.what;
        EXPECT_EQ(mm_simulated_oom_score_adj(kernel, process.pid), 800) << row.what;
    }
}

/* Its owner's number is not its own, and the owner may die. */
TEST_F(Identity, ARenderProcessAtMinusThousandIsNobodys)
{
    Application render{1001};
    int written = 0;

    create({1000});
    for (bool is_before : {true, false}) {
        render.pid++;
        spawn(render.pid, kUid, is_before ? -1000 : 0);
        render.caller = 1000;
        report(MM_REASON_RENDER_CREATE_PROCESS, render);
        if (!is_before) {
            ASSERT_EQ(mm_priority_manager_find(manager, render.pid)->bundle->name, std::string(kBundle));
            ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, render.pid, 0, -1000, &written), 0);
            publish(MM_EVENT_OOM_SCORE_ADJ, render.pid, -1000);
        }
        EXPECT_EQ(priority(render.pid), -1000);
        EXPECT_FALSE(mm_priority_manager_find(manager, render.pid)->bundle->is_registered);
        EXPECT_EQ(mm_simulated_oom_score_adj(kernel, render.pid), -1000);
    }
}

TEST_F(Identity, SomebodyElsesWriteIsLeftAlone)
{
    create({1000});
    report(MM_REASON_BACKGROUND, {1000});
    publish(MM_EVENT_OOM_SCORE_ADJ, 1000, 400); /* the echo of ours */
    publish(MM_EVENT_OOM_SCORE_ADJ, 1000, 0);   /* a late echo: the file says otherwise */
    EXPECT_EQ(counters().foreign_oom_score_adj_writes, 0U);
    int written = 0;
    ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, 1000, 0, -17, &written), 0);
    publish(MM_EVENT_OOM_SCORE_ADJ, 1000, -17);
    EXPECT_EQ(counters().foreign_oom_score_adj_writes, 1U);
    EXPECT_EQ(priority(1000), 400);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1000), -17);
    /* Ours again with the next change. */
    report(MM_REASON_FOREGROUND, {1000});
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1000), 0);
}

class BadInput : public PriorityWorld
{
};

TEST_F(BadInput, IsRefusedAndCounted)
{
    const struct {
        const char *name;
        pid_t pid;
        int reason;
        uint64_t refused, unknown;
    } rows[] = {
        {"pid 1", 1, MM_REASON_CREATE_PROCESS, 1, 0},
        {"pid 0", 0, MM_REASON_CREATE_PROCESS, 1, 0},
        {"negative pid", -7, MM_REASON_FOREGROUND, 1, 0},
        {"this process", kOwnPid, MM_REASON_CREATE_PROCESS, 1, 0},
        {"no such process", 4711, MM_REASON_CREATE_PROCESS, 0, 1},
        {"no such process in front", 4711, MM_REASON_FOREGROUND, 0, 1},
        {"no such process ends", 4711, MM_REASON_PROCESS_TERMINATED, 0, 1},
        {"no such render", 4711, MM_REASON_RENDER_CREATE_PROCESS, 0, 1},
        {"no such reason", 1000, MM_REASON_COUNT, 1, 0},
        {"negative reason", 1000, -1, 1, 0},
    };

    spawn(1000);
    for (const auto &row : rows) {
        mm_priority_counters before = counters();

        report(row.reason, {row.pid});
        EXPECT_EQ(counters().refused_events - before.refused_events, row.refused) << row.name;
        EXPECT_EQ(counters().unknown_pid_events - before.unknown_pid_events, row.unknown) << row.name;
        EXPECT_EQ(counters().processes, 0U) << row.name;
    }
}

TEST_F(BadInput, PidOneAndTheDaemonAreNeverListed)
{
    spawn(1, 0);
    spawn(kOwnPid, 0);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    publish(MM_EVENT_PROCESS_FOUND, 1);
    publish(MM_EVENT_OOM_SCORE_ADJ, 1, 500);
    publish(MM_EVENT_PROCESS_FOUND, kOwnPid);
    EXPECT_EQ(counters().processes, 0U);
}

TEST_F(BadInput, AThreadIsNoProcess)
{
    spawn(1000);
    mm_simulated_fail(kernel, "read_process", ESRCH, 1); /* what the kernel says of a thread's status */
    report(MM_REASON_CREATE_PROCESS, {1000});
    EXPECT_EQ(counters().unknown_pid_events, 1U);
    EXPECT_EQ(counters().processes, 0U);
}

TEST_F(BadInput, ASecondClaimIsRefused)
{
    Application other{1000, kUid, kBundle};

    create({1000});
    report(MM_REASON_CREATE_PROCESS, {1000, kUid + 1, "com.example.thief"});
    other.account = 101;
    report(MM_REASON_CREATE_PROCESS, other);
    EXPECT_EQ(counters().refused_events, 2U);
    EXPECT_STREQ(mm_priority_manager_find(manager, 1000)->bundle->name, kBundle);
    other.account = -2;
    report(MM_REASON_CREATE_PROCESS, other);
    EXPECT_EQ(counters().refused_events, 3U);
}

TEST_F(BadInput, BindsAreBounded)
{
    create({1000});
    bind(1000, 1000);
    bind(-5, 1000);
    EXPECT_EQ(counters().refused_events, 2U);
    EXPECT_EQ(counters().bindings, 0U);
    EXPECT_EQ(priority(1000), 0); /* and it is no extension for that */
    for (pid_t caller = 100000; caller < 200000; caller++)
        bind(caller, 1000);
    EXPECT_GT(counters().bindings, 100U);
    EXPECT_LT(counters().bindings, 1000U);
    EXPECT_EQ(counters().refused_events, 2U + 100000U - counters().bindings);
    EXPECT_EQ(priority(1000), 100);
    mm_simulated_exit(kernel, 1000);
    publish(MM_EVENT_PROCESS_EXITED, 1000);
    EXPECT_EQ(counters().bindings, 0U);
}

TEST_F(BadInput, ManyBindsOfKnownCallersAreBounded)
{
    constexpr pid_t kFirst = 1000, kCount = 300;

    for (pid_t pid = kFirst; pid < kFirst + kCount; pid++)
        create({pid, kUid, "com.example." + std::to_string(pid)});
    for (pid_t caller = kFirst; caller < kFirst + kCount; caller++) {
        for (pid_t target = kFirst; target < kFirst + kCount; target++)
            if (caller != target)
                bind(caller, target);
    }
    EXPECT_GT(counters().refused_events, 0U);
    EXPECT_LE(counters().bindings, 32768U);
    report(MM_REASON_FOREGROUND, {kFirst});
    EXPECT_EQ(priority(kFirst + 1), 100);
}

TEST_F(BadInput, AccountsAreBounded)
{
    for (int64_t id = 0; id < 10000; id++)
        switch_account(id, MM_ACCOUNT_ACTIVATED);
    EXPECT_LE(counters().accounts, 4096U);
    EXPECT_EQ(counters().refused_events, 10000U - counters().accounts);
    create({1000});
    EXPECT_EQ(counters().registered_processes, 1U); /* of account 100, which is known */
    switch_account(1, MM_ACCOUNT_HOT_SWITCH);
    switch_account(5000, MM_ACCOUNT_ACTIVATED); /* inactive ones without applications make room */
    create({1001, 5001U * MM_ACCOUNT_UIDS});
    EXPECT_EQ(counters().registered_processes, 2U);
}
