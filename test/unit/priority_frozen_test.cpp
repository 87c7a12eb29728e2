/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of frozen groups: at 600 as long as they stand still. */
#include "priority_world.h"

namespace
{

class PriorityFrozen : public PriorityWorld
{
  public:
    void spawn_in(pid_t pid, const char *group, int oom_score_adj = 0)
    {
        mm_simulated_process process{};

        process.pid = pid;
        process.uid = kUid;
        process.comm = "process";
        process.group = group;
        process.oom_score_adj = oom_score_adj;
        process.anonymous_bytes = MM_MIB;
        ASSERT_EQ(mm_simulated_spawn(kernel, &process), 0);
    }

    void tell(uint64_t group_id, mm_group_change change)
    {
        mm_event event{};

        event.kind = MM_EVENT_GROUP;
        event.group_id = group_id;
        event.payload.group.change = change;
        mm_event_center_publish(center, &event);
    }

    void freeze(const char *group, bool is_frozen = true)
    {
        ASSERT_EQ(mm_simulated_freeze(kernel, group, is_frozen), 0);
        tell(mm_simulated_group_id(kernel, group), is_frozen ? MM_GROUP_FROZEN : MM_GROUP_THAWED);
    }

    void refresh()
    {
        while (mm_priority_manager_refresh(manager, 1000) > 0)
            ;
    }

    void scan_later()
    {
        mm_priority_manager_want_scan(manager);
        for (int turn = 0; turn < 4; turn++)
            mm_event_center_step(center);
    }

    /* Whether the kernel is asked of a newcomer. */
    bool is_asked_of(pid_t pid)
    {
        const unsigned before = mm_simulated_calls(kernel, "is_frozen");

        spawn_in(pid, "/apps/late");
        publish(MM_EVENT_PROCESS_FOUND, pid);
        return mm_simulated_calls(kernel, "is_frozen") > before;
    }

    void register_in(pid_t pid, const char *group, const char *bundle = kBundle)
    {
        spawn_in(pid, group);
        create({pid, kUid, bundle});
        report(MM_REASON_BACKGROUND, {pid, kUid, bundle});
    }
};

TEST_F(PriorityFrozen, AreAt600UntilTheyAreThawed)
{
    register_in(10, "/apps/mail");
    freeze("/apps/mail");
    EXPECT_EQ(priority(10), 600);
    EXPECT_EQ(bundle_priority(10), 600);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 10), 600);
    EXPECT_EQ(why(10), "400 background; group frozen -> 600");
    EXPECT_STREQ(
        mm_priority_rule_name(static_cast<mm_priority_rule>(mm_priority_manager_find(manager, 10)->rule)),
        "frozen");
    freeze("/apps/mail", false);
    EXPECT_EQ(priority(10), 400);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 10), 400);
    EXPECT_EQ(why(10), "400 background");
}

TEST_F(PriorityFrozen, WhatTheyAreReportedToDoDoesNotCountButTheirProtectionDoes)
{
    struct Row {
        const char *what;
        int floor; /* 1001: not important */
        bool is_resident, is_system;
        std::vector<int> reasons;
        int expected;
    };
    const int none = 1001;
    const Row rows[] = {
        {"foreground", none, false, false, {MM_REASON_FOREGROUND}, 600},
        {"visible", none, false, false, {MM_REASON_VISIBLE}, 600},
        {"transient task", none, false, false, {MM_REASON_SUSPEND_DELAY_START}, 600},
        {"new", none, false, false, {}, 600},
        {"suspended", none, false, false, {MM_REASON_APPLICATION_SUSPEND}, 800},
        {"an ability starts", none, false, false, {MM_REASON_BACKGROUND, MM_REASON_ABILITY_START}, 0},
        {"important", 300, false, false, {MM_REASON_BACKGROUND}, 300},
        {"important and new", 300, false, false, {}, 300},
        {"hardly important", 700, false, false, {MM_REASON_BACKGROUND}, 600},
        {"hardly important and new", 700, false, false, {}, 600},
        {"resident", none, true, false, {MM_REASON_BACKGROUND}, -800},
        {"system", none, false, true, {MM_REASON_BACKGROUND}, -1000},
    };

    for (const Row &row : rows) {
        stop_manager();
        set_residents(row.is_resident ? std::vector<std::string>{kBundle} : std::vector<std::string>{});
        set_system_apps(row.is_system ? std::vector<std::string>{kBundle} : std::vector<std::string>{});
        set_important(kBundle, row.floor);
        config.reclaim_priority.important_app_count = row.floor == none ? 0 : 1;
        start_manager();
        spawn_in(10, "/apps/mail");
        create({10});
        for (int reason : row.reasons)
            report(reason, {10});
        freeze("/apps/mail");
        EXPECT_EQ(priority(10), row.expected) << row.what << ": " << why(10);
        freeze("/apps/mail", false);
        ASSERT_EQ(mm_simulated_exit(kernel, 10), 0);
    }
}

TEST_F(PriorityFrozen, AnAccountAndCallersCountAsForAnyOther)
{
    register_in(10, "/apps/mail");
    register_in(11, "/apps/player", "com.example.player");
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    freeze("/apps/mail");
    EXPECT_EQ(priority(10), 550) << why(10);
    report(MM_REASON_FOREGROUND, {11, kUid, "com.example.player"});
    bind(11, 10);
    EXPECT_EQ(priority(10), 100) << "a frozen extension is what its caller gives: " << why(10);
    freeze("/apps/player");
    EXPECT_EQ(priority(11), 550);
    EXPECT_EQ(priority(10), 500) << "a frozen caller gives no more than one in the background";
}

TEST_F(PriorityFrozen, ThoseBelowAFrozenGroupAreToldOfByThemselves)
{
    register_in(10, "/apps");
    register_in(11, "/apps/mail", "com.example.inner");
    freeze("/apps");
    EXPECT_EQ(priority(10), 600);
    EXPECT_EQ(priority(11), 400) << "its own group's word is still to come";
    tell(mm_simulated_group_id(kernel, "/apps/mail"), MM_GROUP_FROZEN);
    EXPECT_EQ(priority(11), 600);
    freeze("/apps/mail", false);
    EXPECT_EQ(priority(11), 600) << "the one above it is still frozen";
}

TEST_F(PriorityFrozen, AnEventThatComesLateFindsTheGroupAsItIs)
{
    register_in(10, "/apps/mail");
    tell(mm_simulated_group_id(kernel, "/apps/mail"), MM_GROUP_FROZEN);
    EXPECT_EQ(priority(10), 400) << "thawed again meanwhile";
    ASSERT_EQ(mm_simulated_freeze(kernel, "/apps/mail", true), 0);
    tell(mm_simulated_group_id(kernel, "/apps/mail"), MM_GROUP_THAWED);
    EXPECT_EQ(priority(10), 600);
}

TEST_F(PriorityFrozen, WhoComesIntoAFrozenGroup)
{
    register_in(10, "/apps/mail");
    register_in(11, "/apps/player", "com.example.player");
    freeze("/apps/mail");
    ASSERT_EQ(mm_simulated_move(kernel, 11, "/apps/mail"), 0);
    tell(mm_simulated_group_id(kernel, "/apps/mail"), MM_GROUP_FROZEN);
    EXPECT_EQ(priority(11), 600);
    /* started in it, and known by an event */
    spawn_in(12, "/apps/mail", 300);
    publish(MM_EVENT_PROCESS_FOUND, 12);
    EXPECT_EQ(priority(12), 600);
    spawn_in(13, "/apps/mail");
    create({13});
    EXPECT_EQ(priority(13), 600);
}

TEST_F(PriorityFrozen, WhoLeavesAFrozenGroupIsFoundWhenItIsLookedAt)
{
    const struct {
        const char *what;
        void (*look)(PriorityFrozen &world);
    } rows[] = {
        {"refresh", [](PriorityFrozen &world) { world.refresh(); }},
        {"scan", [](PriorityFrozen &world) { world.scan_later(); }},
        {"a report that it is used", [](PriorityFrozen &world) { world.report(MM_REASON_BACKGROUND, {10}); }},
        {"its group is gone",
         [](PriorityFrozen &world) {
             world.tell(999999, MM_GROUP_THAWED);
             for (int turn = 0; turn < 4; turn++)
                 mm_event_center_step(world.center);
         }},
    };

    for (const auto &row : rows) {
        register_in(10, "/apps/mail");
        freeze("/apps/mail");
        ASSERT_EQ(priority(10), 600) << row.what;
        ASSERT_EQ(mm_simulated_move(kernel, 10, "/elsewhere"), 0);
        row.look(*this);
        EXPECT_EQ(priority(10), 400) << row.what;
        freeze("/apps/mail", false);
        ASSERT_EQ(mm_simulated_exit(kernel, 10), 0);
        publish(MM_EVENT_PROCESS_EXITED, 10);
    }
}

TEST_F(PriorityFrozen, TheScanAtTheStartFindsThoseThatAreFrozenAlready)
{
    spawn_in(10, "/apps/mail", 300);
    spawn_in(11, "/apps/player", 300);
    ASSERT_EQ(mm_simulated_freeze(kernel, "/apps/mail", true), 0);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    EXPECT_EQ(priority(10), 600);
    EXPECT_EQ(why(10), "300 oom_score_adj, not registered; group frozen -> 600");
    EXPECT_EQ(priority(11), 300);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 10), 300) << "nobody registered it: it is left alone";
}

TEST_F(PriorityFrozen, WhereNobodyIsFrozenNewcomersAreNotAskedAfter)
{
    unsigned before;

    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    before = mm_simulated_calls(kernel, "is_frozen");
    register_in(10, "/apps/mail");
    EXPECT_EQ(mm_simulated_calls(kernel, "is_frozen"), before);
    freeze("/apps/mail");
    EXPECT_EQ(priority(10), 600);
}

/* One container that was frozen once must not cost every later fork three files. */
TEST_F(PriorityFrozen, NewcomersAreAskedAfterOnlyAsLongAsAnythingIsFrozen)
{
    const struct {
        const char *what;
        void (*end)(PriorityFrozen &world);
    } rows[] = {
        {"thawed", [](PriorityFrozen &world) { world.freeze("/apps/mail", false); }},
        {"ended and removed",
         [](PriorityFrozen &world) {
             ASSERT_EQ(mm_simulated_exit(world.kernel, 10), 0);
             world.publish(MM_EVENT_PROCESS_EXITED, 10);
             EXPECT_TRUE(world.is_asked_of(200)) << "its group is still there";
             world.tell(mm_simulated_group_id(world.kernel, "/apps/mail"), MM_GROUP_REMOVED);
         }},
        {"thawed without a word",
         [](PriorityFrozen &world) {
             ASSERT_EQ(mm_simulated_freeze(world.kernel, "/apps/mail", false), 0);
             world.scan_later();
         }},
        {"many groups, one by one",
         [](PriorityFrozen &world) {
             for (int number = 0; number < 100; number++) {
                 const std::string group = "/apps/group" + std::to_string(number);

                 world.spawn_in(300 + number, group.c_str());
                 world.publish(MM_EVENT_PROCESS_FOUND, 300 + number);
                 world.freeze(group.c_str());
             }
             world.freeze("/apps/mail", false);
             for (int number = 0; number < 100; number++) {
                 if (number % 9 == 0) {
                     EXPECT_TRUE(world.is_asked_of(500 + number)) << number;
                 }
                 world.freeze(("/apps/group" + std::to_string(number)).c_str(), false);
             }
         }},
    };
    pid_t late = 100;

    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    for (const auto &row : rows) {
        EXPECT_FALSE(is_asked_of(late++)) << row.what;
        register_in(10, "/apps/mail");
        freeze("/apps/mail");
        EXPECT_TRUE(is_asked_of(late++)) << row.what;
        row.end(*this);
        EXPECT_FALSE(is_asked_of(late++)) << row.what;
        if (mm_simulated_is_alive(kernel, 10)) {
            ASSERT_EQ(mm_simulated_exit(kernel, 10), 0);
        }
        publish(MM_EVENT_PROCESS_EXITED, 10);
        ASSERT_EQ(mm_simulated_freeze(kernel, "/apps/mail", false), 0);
    }
}

/* Its word came first: of who comes into it nobody may tell again. */
TEST_F(PriorityFrozen, AnEmptyGroupThatWasFrozenIsRemembered)
{
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    freeze("/apps/mail");
    spawn_in(10, "/apps/mail", 300);
    publish(MM_EVENT_PROCESS_FOUND, 10);
    EXPECT_EQ(priority(10), 600);
}

/* Without the right to look into a group by its id. */
TEST_F(PriorityFrozen, AGroupThatCannotBeReadHasAllLookedAtInAScan)
{
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    for (int error : {EPERM, EOPNOTSUPP}) {
        const pid_t pid = 10 + error, late = 300 + error;

        register_in(pid, "/apps/mail");
        scan_later();
        mm_simulated_fail(kernel, "read_frozen", error, 100);
        freeze("/apps/mail");
        EXPECT_EQ(priority(pid), 400) << "nothing takes long on the event";
        /* it is known to be frozen, whoever comes before the scan */
        spawn_in(late, "/apps/mail", 300);
        publish(MM_EVENT_PROCESS_FOUND, late);
        EXPECT_EQ(priority(late), 600);
        advance_s(1);
        EXPECT_EQ(priority(pid), 600);
        freeze("/apps/mail", false);
        advance_s(1);
        EXPECT_EQ(priority(pid), 400);
        EXPECT_EQ(priority(late), 300);
        EXPECT_FALSE(is_asked_of(500 + error));
        mm_simulated_fail(kernel, "read_frozen", 0, 0);
    }
}

/* The word of a thaw and of a freezing was lost. */
TEST_F(PriorityFrozen, AFrozenScanAsksOfEach)
{
    register_in(10, "/apps/mail");
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    ASSERT_EQ(mm_simulated_freeze(kernel, "/apps/mail", true), 0);
    scan_later();
    EXPECT_EQ(priority(10), 400) << "a plain one asks of those alone that were frozen";
    mm_priority_manager_want_frozen_scan(manager);
    advance_s(1);
    EXPECT_EQ(priority(10), 600);
}

/* And never beside the killer. */
TEST_F(PriorityFrozen, ThatScanWaitsForTheEndOfAKill)
{
    register_in(10, "/apps/mail");
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    const unsigned before = mm_simulated_calls(kernel, "is_frozen");

    publish(MM_EVENT_KILL_BEGIN);
    mm_simulated_fail(kernel, "read_frozen", EPERM, 100);
    freeze("/apps/mail");
    advance_s(5);
    EXPECT_EQ(mm_simulated_calls(kernel, "is_frozen"), before);
    publish(MM_EVENT_KILL_END);
    advance_s(1);
    EXPECT_EQ(priority(10), 600);
}

TEST_F(PriorityFrozen, OfThoseNobodyRegisteredOnlyWhoIsAbove0Rises)
{
    const struct {
        int oom_score_adj, expected;
    } rows[] = {{-1000, -1000}, {-800, -800}, {0, 0}, {1, 600}, {200, 600}, {600, 600}, {900, 900}};
    pid_t pid = 10;

    for (const auto &row : rows)
        spawn_in(pid++, "/apps/mail", row.oom_score_adj);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    freeze("/apps/mail");
    pid = 10;
    for (const auto &row : rows)
        EXPECT_EQ(priority(pid++), row.expected) << row.oom_score_adj;
}

TEST_F(PriorityFrozen, WhoIsNotRegisteredAnyMoreOrRendersIsRememberedAsFrozen)
{
    spawn_in(10, "/apps/mail");
    create({10});
    freeze("/apps/mail");
    report(MM_REASON_PROCESS_TERMINATED, {10});
    EXPECT_EQ(why(10), "600 oom_score_adj, not registered; group frozen -> 600");
    freeze("/apps/mail", false);
    EXPECT_EQ(why(10), "600 oom_score_adj, not registered");
}

TEST_F(PriorityFrozen, SomebodyElsesMinus1000Stays)
{
    int written;

    register_in(10, "/apps/mail");
    ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, 10, 0, -1000, &written), 0);
    publish(MM_EVENT_OOM_SCORE_ADJ, 10, -1000);
    freeze("/apps/mail");
    EXPECT_EQ(priority(10), -1000);
}

} // namespace
