/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that a rule takes: number, name and reason, and the ways in which that ends. */
#include "priority_world.h"

namespace
{

class ProcessRule : public PriorityWorld
{
  protected:
    void match(pid_t pid, const char *rule, int priority = 400, const char *bundle = "com.example.matched",
               bool is_built_in = false, uint64_t start_time_ticks = 0, uint64_t bundle_key = 0)
    {
        mm_event event{};
        mm_event_match &match = event.payload.match;

        event.kind = MM_EVENT_PROCESS_MATCHED;
        event.pid = pid;
        match.start_time_ticks = start_time_ticks;
        match.has_rule = rule != nullptr;
        match.is_built_in = is_built_in;
        match.priority = (int16_t)priority;
        match.process_class = MM_CLASS_BACKGROUND;
        match.bundle_key = bundle_key;
        mm_copy_text(match.rule, sizeof(match.rule), rule ? rule : "");
        mm_copy_text(match.bundle, sizeof(match.bundle), rule ? bundle : "");
        mm_event_center_publish(center, &event);
    }

    /* By a rule that gives the bundle a name. */
    void match_into(pid_t pid, const char *bundle, int priority = 400, uint64_t bundle_key = 1)
    {
        match(pid, "rule", priority, bundle, false, 0, bundle_key);
    }

    const mm_bundle *bundle(pid_t pid) const
    {
        return mm_priority_manager_find(manager, pid)->bundle;
    }

    void spawn_many(pid_t first, pid_t end)
    {
        for (pid_t pid = first; pid < end; pid++)
            spawn(pid);
    }

    void end_many(pid_t first, pid_t end)
    {
        for (pid_t pid = first; pid < end; pid++) {
            ASSERT_EQ(mm_simulated_exit(kernel, pid), 0);
            publish(MM_EVENT_PROCESS_EXITED, pid);
        }
    }

    void scan()
    {
        ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    }

    std::string name(pid_t pid) const
    {
        const mm_process *process = mm_priority_manager_find(manager, pid);

        return process ? process->bundle->name : "unknown";
    }

    const char *rule(pid_t pid) const
    {
        return mm_priority_manager_process_rule(mm_priority_manager_find(manager, pid));
    }
};

TEST_F(ProcessRule, GivesNumberNameAndReasonAndLeavesTheFileAlone)
{
    spawn(1001, kUid, 0, "browser");
    scan();
    match(1001, "browsers");
    EXPECT_EQ(priority(1001), 400);
    EXPECT_EQ(bundle_priority(1001), 400);
    EXPECT_EQ(name(1001), "com.example.matched");
    EXPECT_EQ(why(1001), "400 process rule \"browsers\" (background), not registered");
    EXPECT_STREQ(rule(1001), "browsers");
    EXPECT_EQ(counters().oom_score_adj_writes, 0U);
    ASSERT_FALSE(announced.empty());
    EXPECT_FALSE(announced.back().is_registered);
    /* until no rule takes it */
    match(1001, nullptr);
    EXPECT_EQ(priority(1001), 0);
    EXPECT_EQ(name(1001), "browser");
    EXPECT_EQ(why(1001), "0 oom_score_adj, not registered");
    EXPECT_EQ(rule(1001), nullptr);
}

TEST_F(ProcessRule, ProtectedIsNeverKilled)
{
    spawn(1001);
    scan();
    match(1001, "display server", -1000, "Xorg", true);
    EXPECT_EQ(bundle_priority(1001), MM_PRIORITY_SYSTEM);
    EXPECT_EQ(why(1001), "-1000 process rule \"display server\" (built-in, background), not registered");
}

TEST_F(ProcessRule, ABuiltInOneLeavesAloneWhoWasThoughtOf)
{
    spawn(1001, kUid, 300);
    scan();
    match(1001, "sound", 0, "pipewire", true);
    EXPECT_EQ(priority(1001), 300);
    EXPECT_EQ(why(1001),
              "300 oom_score_adj, not registered; somebody wrote it, which its process rule leaves alone");
    /* it counts as soon as nobody says otherwise */
    publish(MM_EVENT_OOM_SCORE_ADJ, 1001, 0);
    EXPECT_EQ(priority(1001), 0);
    EXPECT_STREQ(mm_priority_rule_name((mm_priority_rule)mm_priority_manager_find(manager, 1001)->rule),
                 "process rule");
}

TEST_F(ProcessRule, AClientHasTheLastWord)
{
    spawn(1001);
    scan();
    match(1001, "browsers");
    Application application{1001};
    report(MM_REASON_CREATE_PROCESS, application);
    report(MM_REASON_FOREGROUND, application);
    EXPECT_EQ(name(1001), kBundle);
    EXPECT_EQ(priority(1001), 0);
    EXPECT_EQ(rule(1001), nullptr);
    match(1001, "browsers"); /* an answer that comes late */
    EXPECT_EQ(name(1001), kBundle);
    EXPECT_EQ(rule(1001), nullptr);
}

TEST_F(ProcessRule, AnotherProcessOfThatPidIsNotMeant)
{
    spawn(1001);
    scan();
    match(1001, "browsers", 400, "b", false, ticks_of(1001) + 1);
    EXPECT_EQ(rule(1001), nullptr);
    match(1001, "browsers", 400, "b", false, ticks_of(1001));
    EXPECT_STREQ(rule(1001), "browsers");
    match(4711, "browsers"); /* nobody has it */
    EXPECT_EQ(priority(4711), MM_PRIORITY_NONE);
}

TEST_F(ProcessRule, OneNameOfManyIsKeptOnceAndEndsWithTheLast)
{
    spawn_many(1001, 1301);
    scan();
    for (pid_t pid = 1001; pid < 1301; pid++)
        match(pid, pid % 2 ? "odd" : "even", pid % 2 ? 100 : 200, pid % 2 ? "odds" : "evens");
    EXPECT_EQ(name(1001), "odds");
    EXPECT_EQ(name(1300), "evens");
    end_many(1001, 1300);
    EXPECT_EQ(name(1300), "evens");
    EXPECT_EQ(priority(1300), 200);
    /* what the others left is others' now */
    spawn_many(2001, 2041);
    scan();
    for (pid_t pid = 2001; pid < 2041; pid++)
        match(pid, "each", 100, ("application " + std::to_string(pid)).c_str());
    EXPECT_EQ(name(1300), "evens");
    end_many(2001, 2041);
    match(1300, "even", 300, "evens");
    EXPECT_EQ(priority(1300), 300);
    match(1300, "even", 300, "evens");
    EXPECT_EQ(priority(1300), 300);
    end_many(1300, 1301);
    EXPECT_EQ(counters().processes, 0U);
}

TEST_F(ProcessRule, ManyNamesHaveRoom)
{
    spawn_many(1001, 1401);
    scan();
    for (pid_t pid = 1001; pid < 1401; pid++)
        match(pid, "each", 100, ("application " + std::to_string(pid)).c_str());
    for (pid_t pid = 1001; pid < 1401; pid++)
        EXPECT_EQ(name(pid), "application " + std::to_string(pid));
}

TEST_F(ProcessRule, StaysThroughAReloadAndGoesWithTheLastRule)
{
    char rule_name[] = "a";
    mm_process_rule one{};

    one.name = rule_name;
    spawn(1001);
    scan();
    match(1001, "browsers");
    config.process_rules.rules = &one;
    config.process_rules.rule_count = 1;
    publish_config();
    EXPECT_EQ(priority(1001), 400);
    config.process_rules.rule_count = 0;
    config.process_rules.has_built_in = true;
    publish_config();
    EXPECT_EQ(priority(1001), 400);
    config.process_rules.has_built_in = false;
    publish_config();
    EXPECT_EQ(priority(1001), 0);
    EXPECT_EQ(name(1001), "process");
}

TEST_F(ProcessRule, NothingIsAllocatedDuringAKill)
{
    spawn(1001);
    scan();
    publish(MM_EVENT_KILL_BEGIN);
    match(1001, "browsers"); /* no room, and none is asked for */
    EXPECT_EQ(rule(1001), nullptr);
    publish(MM_EVENT_KILL_END);
    match(1001, "browsers");
    EXPECT_STREQ(rule(1001), "browsers");
}

/* What rules go by has changed: it is told of as a newcomer is, so that they are asked again. */
TEST_F(ProcessRule, AnotherProgramIsAskedAboutAnew)
{
    std::vector<pid_t> found;
    struct Hear {
        static void on_found(const mm_event *event, void *user)
        {
            static_cast<std::vector<pid_t> *>(user)->push_back(event->pid);
        }
    };

    spawn(1001, kUid, 0, "sh");
    scan();
    ASSERT_EQ(mm_event_center_subscribe(center, MM_RANK_OBSERVER, 1u << MM_EVENT_PROCESS_FOUND,
                                        Hear::on_found, &found),
              0);
    ASSERT_EQ(mm_simulated_exec(kernel, 1001, "hog"), 0);
    mm_priority_manager_want_scan(manager);
    advance_s(10);
    EXPECT_EQ(found, std::vector<pid_t>{1001});
    mm_priority_manager_want_scan(manager);
    advance_s(10);
    EXPECT_EQ(found.size(), 1U);
    EXPECT_EQ(name(1001), "hog");
}

/* ---- bundles of several ------------------------------------------------------------------------------------ */

TEST_F(ProcessRule, WhomRulesGiveOneNameAreOneBundleAsImportantAsTheMostImportant)
{
    spawn_many(1001, 1005);
    scan();
    match_into(1001, "builds", 800);
    match_into(1002, "builds", 300);
    match_into(1003, "builds", 400, 2); /* another user's */
    match(1004, "rule", 400, "builds"); /* whose rule gives none */
    EXPECT_EQ(bundle(1001), bundle(1002));
    EXPECT_EQ(bundle(1001)->process_count, 2U);
    EXPECT_EQ(bundle(1003)->process_count, 1U);
    EXPECT_EQ(bundle(1004)->process_count, 1U);
    EXPECT_EQ(counters().bundles, 3U);
    EXPECT_EQ(mm_priority_manager_list(manager)->count, 3U);
    EXPECT_EQ(priority(1001), 800);
    EXPECT_EQ(bundle_priority(1001), 300);
    EXPECT_EQ(bundle(1001)->resident_bytes, 2 * bundle(1003)->resident_bytes);
    EXPECT_EQ(name(1002), "builds");
    EXPECT_TRUE(mm_bundle_is_shared(bundle(1003)));
    EXPECT_FALSE(mm_bundle_is_shared(bundle(1004)));
    EXPECT_EQ(why(1001), "800 process rule \"rule\" (background), not registered; its bundle at 300 by 1002 "
                         "(process rule)");
    /* the most important one goes */
    end_many(1002, 1003);
    EXPECT_EQ(bundle_priority(1001), 800);
    EXPECT_EQ(name(1001), "builds");
    end_many(1001, 1002);
    end_many(1003, 1005);
    EXPECT_EQ(counters().bundles, 0U);
}

TEST_F(ProcessRule, AClientTakesItsOwnOutOfTheBundle)
{
    spawn_many(1001, 1004);
    scan();
    for (pid_t pid = 1001; pid < 1004; pid++)
        match_into(pid, "browser", pid == 1001 ? 100 : 400);
    Application application{1001};
    report(MM_REASON_CREATE_PROCESS, application);
    EXPECT_EQ(name(1001), kBundle);
    EXPECT_TRUE(bundle(1001)->is_registered);
    EXPECT_EQ(bundle(1002)->process_count, 2U);
    EXPECT_EQ(bundle_priority(1002), 400);
    EXPECT_EQ(counters().registered_processes, 1U);
    /* and back, when it is nobody's any more and a rule takes it */
    report(MM_REASON_PROCESS_TERMINATED, application);
    EXPECT_EQ(bundle(1001)->process_count, 1U);
    match_into(1001, "browser", 100);
    EXPECT_EQ(bundle(1001), bundle(1002));
}

/* Nobody is killed who is not to be, so nobody of its bundle is. */
TEST_F(ProcessRule, OneThatIsNeverKilledKeepsItsBundle)
{
    spawn_many(1001, 1004);
    scan();
    for (pid_t pid = 1001; pid < 1004; pid++)
        match_into(pid, "browser", 400);
    publish(MM_EVENT_OOM_SCORE_ADJ, 1002, -1000);
    EXPECT_EQ(priority(1001), 400);
    EXPECT_EQ(bundle_priority(1001), MM_PRIORITY_SYSTEM);
    publish(MM_EVENT_OOM_SCORE_ADJ, 1002, 0);
    EXPECT_EQ(bundle_priority(1001), 400);
    match_into(1003, "browser", -1000);
    EXPECT_EQ(bundle_priority(1001), MM_PRIORITY_SYSTEM);
    match(1003, nullptr);
    EXPECT_EQ(bundle_priority(1001), 400);
    set_system_apps({"process"}); /* the white list */
    publish_config();
    EXPECT_EQ(bundle_priority(1001), MM_PRIORITY_SYSTEM);
}

TEST_F(ProcessRule, ThePolicyGoesByTheBundlesNumber)
{
    spawn_many(1001, 1003);
    scan();
    match_into(1001, "browser", 400);
    match_into(1002, "browser", 0);
    EXPECT_FALSE(mm_bundle_may_be_touched(bundle(1001), MM_UNREGISTERED_RAISED));
    EXPECT_TRUE(mm_bundle_may_be_touched(bundle(1001), MM_UNREGISTERED_ANY));
    match_into(1002, "browser", 1);
    EXPECT_TRUE(mm_bundle_may_be_touched(bundle(1001), MM_UNREGISTERED_RAISED));
    EXPECT_FALSE(mm_bundle_may_be_touched(bundle(1001), MM_UNREGISTERED_NEVER));
}

TEST_F(ProcessRule, AnotherAnswerMovesIt)
{
    spawn_many(1001, 1004);
    scan();
    for (pid_t pid = 1001; pid < 1004; pid++)
        match_into(pid, "one", 400, 1);
    match_into(1001, "two", 400, 2);
    EXPECT_EQ(bundle(1001)->process_count, 1U);
    EXPECT_EQ(bundle(1002)->process_count, 2U);
    match_into(1002, "two", 400, 2);
    EXPECT_EQ(bundle(1001), bundle(1002));
    EXPECT_EQ(name(1003), "one");
    /* alone it takes its bundle along, and one of that name goes where the others are */
    const mm_bundle *alone = bundle(1003);
    match_into(1003, "three", 400, 3);
    EXPECT_EQ(bundle(1003), alone);
    EXPECT_EQ(name(1003), "three");
    match_into(1003, "two", 400, 2);
    EXPECT_EQ(bundle(1003), bundle(1001));
    EXPECT_EQ(counters().bundles, 1U);
    match(1001, nullptr);
    EXPECT_EQ(name(1001), "process");
    EXPECT_EQ(bundle(1001)->process_count, 1U);
    match(1002, "rule", 400, "two"); /* the element was taken out of the rule */
    EXPECT_EQ(bundle(1002)->process_count, 1U);
    EXPECT_EQ(name(1002), "two");
    EXPECT_FALSE(mm_bundle_is_shared(bundle(1002)));
    /* names are the same, bundles are not */
    match_into(1001, "two", 400, 4);
    EXPECT_NE(bundle(1001), bundle(1003));
    /* nor where it is the keys */
    match_into(1002, "four", 400, 4);
    EXPECT_NE(bundle(1001), bundle(1002));
    EXPECT_EQ(counters().bundles, 3U);
}

TEST_F(ProcessRule, AMemberMayBecomeAnotherProgram)
{
    spawn_many(1001, 1004);
    scan();
    for (pid_t pid = 1001; pid < 1004; pid++)
        match_into(pid, "one");
    ASSERT_EQ(mm_simulated_exec(kernel, 1001, "hog"), 0);
    mm_priority_manager_want_scan(manager);
    advance_s(10);
    /* until the rules are asked again it is where it was, and the bundle is still found by its name */
    EXPECT_EQ(bundle(1001)->process_count, 3U);
    EXPECT_EQ(name(1001), "one");
    match(1001, nullptr);
    EXPECT_EQ(name(1001), "hog");
    match_into(1001, "one");
    EXPECT_EQ(bundle(1001), bundle(1002));
    end_many(1001, 1004);
    spawn_many(2001, 2003);
    scan();
    match_into(2001, "one");
    match_into(2002, "one");
    EXPECT_EQ(bundle(2001), bundle(2002));
}

TEST_F(ProcessRule, WithTheLastRuleEachIsByItself)
{
    spawn_many(1001, 1041);
    scan();
    for (pid_t pid = 1001; pid < 1041; pid++)
        match_into(pid, pid % 2 ? "odd" : "even", 400, pid % 2 ? 1 : 2);
    EXPECT_EQ(counters().bundles, 2U);
    config.process_rules.rule_count = 0;
    config.process_rules.has_built_in = false;
    publish_config();
    EXPECT_EQ(counters().bundles, 40U);
    for (pid_t pid = 1001; pid < 1041; pid++) {
        EXPECT_EQ(name(pid), "process");
        EXPECT_EQ(bundle(pid)->process_count, 1U);
        EXPECT_EQ(priority(pid), 0);
    }
}

/* Names have 64 places to begin with, and no more are asked for amid a kill. */
TEST_F(ProcessRule, WithoutAPlaceForTheNameItStaysAlone)
{
    unsigned shared = 0;

    spawn_many(1001, 1101);
    scan();
    for (pid_t pid = 1001; pid < 1101; pid++)
        match(pid, "rule", 400,
              ("application " + std::to_string(pid)).c_str()); /* so that outcomes have room */
    for (pid_t pid = 1001; pid < 1101; pid++)
        match(pid, nullptr);
    publish(MM_EVENT_KILL_BEGIN);
    for (pid_t pid = 1001; pid < 1101; pid++) {
        std::string text = "application " + std::to_string(pid);
        match_into(pid, text.c_str(), 300, static_cast<uint64_t>(pid));
        ASSERT_EQ(priority(pid), 300);
        ASSERT_EQ(name(pid), text);
        shared += mm_bundle_is_shared(bundle(pid));
    }
    EXPECT_GE(shared, 32U);
    EXPECT_LT(shared, 100U);
    publish(MM_EVENT_KILL_END);
    while (mm_priority_manager_refresh(manager, 1000) > 0)
        ;
    match_into(1100, "application 1001", 300, 1001);
    EXPECT_EQ(bundle(1100), bundle(1001));
}

} // namespace
