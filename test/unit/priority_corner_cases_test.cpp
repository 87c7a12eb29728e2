/* SPDX-License-Identifier: Apache-2.0 */
/* What the model found (priority_model_test): each defect in as few events as show it. */
#include "priority_world.h"

class CornerCases : public PriorityWorld
{
  protected:
    /* The pid goes to another process, and nobody tells. */
    void reuse(pid_t pid, int oom_score_adj)
    {
        ASSERT_EQ(mm_simulated_exit(kernel, pid), 0);
        spawn(pid, kUid, oom_score_adj);
    }

    void write(pid_t pid, int oom_score_adj)
    {
        int written = 0;

        ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, pid, 0, oom_score_adj, &written), 0);
    }

    void render(pid_t pid, pid_t owner)
    {
        Application application{pid, kUid, ""};

        application.caller = owner;
        report(MM_REASON_RENDER_CREATE_PROCESS, application);
    }
};

/* What was written for a rule was taken for what had been inherited, and stayed when the rule had gone. */
TEST_F(CornerCases, AnInheritedNumberIsNotWhatARuleMadeOfIt)
{
    const struct {
        const char *name;
        void (*become_special)(PriorityWorld &);
        int number;
        const char *why;
    } rows[] = {
        {"resident", [](PriorityWorld &world) { world.set_residents({kBundle}); }, -800,
         "350 oom_score_adj, inherited for its grace; resident -> -800"},
        {"system", [](PriorityWorld &world) { world.set_system_apps({kBundle}); }, -1000,
         "350 oom_score_adj, inherited for its grace; system -> -1000"},
        {"important", [](PriorityWorld &world) { world.set_important(kBundle, 120); }, 120,
         "350 oom_score_adj, inherited for its grace; important floor 120 -> 120"},
    };
    pid_t pid = 1000;

    for (const auto &row : rows) {
        spawn(++pid, kUid, 350);
        ASSERT_EQ(mm_priority_manager_scan(manager), 0);
        row.become_special(*this);
        publish_config();
        report(MM_REASON_CREATE_PROCESS, {pid});
        EXPECT_EQ(priority(pid), row.number) << row.name;
        EXPECT_EQ(why(pid), row.why);
        set_residents({});
        set_system_apps({});
        config.reclaim_priority.important_app_count = 0;
        publish_config();
        EXPECT_EQ(priority(pid), 350) << row.name;
    }
    /* Nor what somebody else writes meanwhile. */
    write(pid, 17);
    publish(MM_EVENT_OOM_SCORE_ADJ, pid, 17);
    report(MM_REASON_UN_VISIBLE, {pid});
    EXPECT_EQ(priority(pid), 350);
}

/* A pid went to a process at -1000: the dead one that had it kept its whole bundle from being killed. */
TEST_F(CornerCases, AnothersMinusThousandProtectsNoBundle)
{
    const struct {
        const char *name;
        void (*happens)(PriorityWorld &);
    } rows[] = {
        {"an event", [](PriorityWorld &world) { world.report(MM_REASON_SUSPEND_DELAY_START, {1001}); }},
        {"a report of the write",
         [](PriorityWorld &world) { world.publish(MM_EVENT_OOM_SCORE_ADJ, 1001, -1000); }},
    };

    create({1000});
    report(MM_REASON_BACKGROUND, {1000});
    for (const auto &row : rows) {
        create({1001});
        report(MM_REASON_BACKGROUND, {1001});
        reuse(1001, -1000);
        row.happens(*this);
        EXPECT_EQ(priority(1001), MM_PRIORITY_NONE) << row.name;
        EXPECT_EQ(bundle_priority(1000), 400) << row.name;
        ASSERT_EQ(mm_simulated_exit(kernel, 1001), 0);
    }
}

TEST_F(CornerCases, RefreshTakesNoNumberOfAnother)
{
    spawn(1000, kUid, 300);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    reuse(1000, 900);
    (void)mm_priority_manager_refresh(manager, 100);
    EXPECT_EQ(priority(1000), MM_PRIORITY_NONE);
}

/* It was refused, or joined under the identity of the process before, and no number could be written for it. */
TEST_F(CornerCases, ARenderProcessMayHaveAReusedPid)
{
    create({1000});
    report(MM_REASON_BACKGROUND, {1000});
    for (bool was_registered : {true, false}) {
        spawn(1001);
        if (was_registered)
            create({1001, kUid, "com.example.before"});
        else
            publish(MM_EVENT_PROCESS_FOUND, 1001);
        reuse(1001, 0);
        render(1001, 1000);
        EXPECT_EQ(why(1001), "400 render process of com.example.application (400)") << was_registered;
        EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1001), 400) << was_registered;
        ASSERT_EQ(mm_simulated_exit(kernel, 1001), 0);
        publish(MM_EVENT_PROCESS_EXITED, 1001);
    }
}

/* The file had changed since it was found, which nobody reported. */
TEST_F(CornerCases, ARenderProcessHasItsFileReadAnew)
{
    create({1000});
    spawn(1001);
    publish(MM_EVENT_PROCESS_FOUND, 1001);
    write(1001, 700);
    render(1001, 1000);
    EXPECT_EQ(priority(1001), 0);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1001), 0);
}

/* Bound before the caller began: that binding counted 0 for as long as the caller lived. */
TEST_F(CornerCases, ACallerThatBindsAgainIsKnownFromThenOn)
{
    create({1000});
    bind(1001, 1000);
    EXPECT_EQ(priority(1000), 100);
    create({1001, kUid, "com.example.caller"});
    report(MM_REASON_BACKGROUND, {1001});
    bind(1001, 1000);
    EXPECT_EQ(priority(1000), 500);
    EXPECT_EQ(counters().bindings, 1U);
    mm_simulated_exit(kernel, 1001);
    publish(MM_EVENT_PROCESS_EXITED, 1001);
    EXPECT_EQ(counters().bindings, 0U);
}

/* The extension moved with its caller, and so before the one that had been used longer ago. */
TEST_F(CornerCases, ASwitchOfAccountsKeepsTheOrderOfExtensions)
{
    create({1001, kUid, "com.example.old"});
    report(MM_REASON_EVENT_START, {1001});
    create({1002, kUid, "com.example.caller"});
    report(MM_REASON_SUSPEND_DELAY_START, {1002});
    create({1003, 101 * MM_ACCOUNT_UIDS, "com.example.extension"});
    report(MM_REASON_DIST_DEVICE_CONNECTED, {1003});
    bind(1002, 1003);
    ASSERT_EQ(order(), (std::vector<pid_t>{1001, 1003, 1002}));
    switch_account(7, MM_ACCOUNT_HOT_SWITCH);
    EXPECT_EQ(priority(1001), priority(1003));
    EXPECT_EQ(order(), (std::vector<pid_t>{1001, 1003, 1002}));
}

/* Bound by 1000, which becomes less important, and by what 1001 renders, which becomes more important by as much: its
   bundle moved away, and came back as one that had just been used. */
TEST_F(CornerCases, ABundleDoesNotMoveToAndFro)
{
    create({1000, 101 * MM_ACCOUNT_UIDS, "com.example.visible"});
    report(MM_REASON_VISIBLE, {1000});
    create({1001, 102 * MM_ACCOUNT_UIDS, "com.example.browser"});
    report(MM_REASON_FOREGROUND, {1001});
    spawn(1002);
    render(1002, 1001);
    switch_account(102, MM_ACCOUNT_ACTIVATED);
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    create({1003, 1000, "com.example.extension"});
    bind(1000, 1003);
    bind(1002, 1003);
    create({1004, 1000, "com.example.later"});
    report(MM_REASON_SUSPEND_DELAY_START, {1004});
    ASSERT_EQ(order(), (std::vector<pid_t>{1003, 1004, 1001, 1000}));
    write(1003, 300);
    publish(MM_EVENT_OOM_SCORE_ADJ, 1003, 300);
    switch_account(102, MM_ACCOUNT_HOT_SWITCH);
    ASSERT_EQ(priority(1003), 100);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1003), 300) << "its number did not change";
    EXPECT_EQ(order(), (std::vector<pid_t>{1003, 1004, 1000, 1001}));
}
