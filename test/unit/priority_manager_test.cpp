/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cases of the reference 5.1 that are sequences of events (P4 to P25; the others are in priority_reference_test), and
 * what follows from 1.3, as tables: a step is an event, or time passing, and the numbers of processes and bundle after
 * it, ours and, where upstream's are others, upstream's.
 */
#include "priority_world.h"

#include <ostream>

enum class Do { kCreate, kReport, kBind, kUnbind, kPass };

struct Step {
    Do what;
    mm_application_reason reason; /* of kReport */
    int process;                  /* index; the target of a bind */
    pid_t caller;                 /* of a bind: index below 10, else a pid */
    std::vector<int> numbers;     /* of the processes from the first on */
    int bundle;                   /* of the process' bundle; MM_PRIORITY_NONE: not looked at */
    std::vector<int> upstream_numbers = {};
    int upstream_bundle = MM_PRIORITY_NONE;

    Step upstream(std::vector<int> others, int other_bundle = MM_PRIORITY_NONE) const
    {
        Step step = *this;

        step.upstream_numbers = std::move(others);
        step.upstream_bundle = other_bundle;
        return step;
    }

    Step in(mm_priority_compat compat) const
    {
        bool is_other = compat == MM_PRIORITY_COMPAT_UPSTREAM && !upstream_numbers.empty();

        return is_other ? Step{what, reason, process, caller, upstream_numbers, upstream_bundle} : *this;
    }
};

constexpr int kAny = MM_PRIORITY_NONE;

static Step created(int process, std::vector<int> numbers, int bundle = kAny)
{
    return {Do::kCreate, MM_REASON_CREATE_PROCESS, process, 0, std::move(numbers), bundle};
}

static Step reported(mm_application_reason reason, int process, std::vector<int> numbers, int bundle = kAny)
{
    return {Do::kReport, reason, process, 0, std::move(numbers), bundle};
}

static Step bound(pid_t caller, int process, std::vector<int> numbers, int bundle = kAny)
{
    return {Do::kBind, MM_REASON_BIND_EXTENSION, process, caller, std::move(numbers), bundle};
}

static Step unbound(pid_t caller, int process, std::vector<int> numbers, int bundle = kAny)
{
    return {Do::kUnbind, MM_REASON_UNBIND_EXTENSION, process, caller, std::move(numbers), bundle};
}

/* seconds stand in `caller`. */
static Step passed(pid_t seconds, std::vector<int> numbers, int bundle = kAny)
{
    return {Do::kPass, MM_REASON_COUNT, 0, seconds, std::move(numbers), bundle};
}

struct Case {
    const char *name;
    bool one_bundle;
    std::vector<Step> steps;
};

static void PrintTo(const Case &test_case, std::ostream *stream)
{
    *stream << test_case.name;
}

class PriorityCases : public PriorityWorld,
                      public ::testing::WithParamInterface<std::tuple<Case, mm_priority_compat>>
{
  protected:
    PriorityCases()
    {
        live_by(std::get<1>(GetParam()));
    }

    Application application(const Case &test_case, int index) const
    {
        Application made{static_cast<pid_t>(1000 + index)};

        if (!test_case.one_bundle) {
            made.bundle += std::to_string(index);
            made.uid += static_cast<uid_t>(index);
        }
        return made;
    }

    void take(const Case &test_case, const Step &step)
    {
        Application subject = application(test_case, step.process);

        switch (step.what) {
        case Do::kCreate:
            create(subject);
            break;
        case Do::kPass:
            advance_s(static_cast<uint64_t>(step.caller));
            break;
        case Do::kBind:
        case Do::kUnbind:
            subject.caller = step.caller > 0 && step.caller < 10 ? 1000 + step.caller - 1 : step.caller;
            [[fallthrough]];
        case Do::kReport:
            report(step.reason, subject);
            break;
        }
    }
};

TEST_P(PriorityCases, Hold)
{
    const auto &[test_case, compat] = GetParam();
    int index = 0;

    for (const Step &each_step : test_case.steps) {
        Step step = each_step.in(compat);
        pid_t pid = 1000 + step.process;

        take(test_case, step);
        index++;
        for (size_t i = 0; i < step.numbers.size(); i++) {
            pid_t each = 1000 + static_cast<pid_t>(i);

            ASSERT_EQ(priority(each), step.numbers[i])
                << test_case.name << " step " << index << " process " << i << ": " << why(each);
            ASSERT_EQ(mm_simulated_oom_score_adj(kernel, each), step.numbers[i])
                << test_case.name << " step " << index << ": the file";
        }
        if (step.bundle != kAny) {
            ASSERT_EQ(bundle_priority(pid), step.bundle) << test_case.name << " step " << index;
        }
    }
}

#define REASON(name) MM_REASON_##name

/* Callers 1 to 9 are the processes 0 to 8 of the case; 99999 is a pid that nobody knows. */
static const Case cases[] = {
    {"P4_create", true, {created(0, {0}, 0)}},
    {"P6_background", true, {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}, 400)}},
    {"P7_transient_task_before_background",
     true,
     {created(0, {0}), reported(REASON(SUSPEND_DELAY_START), 0, {100}, 100),
      reported(REASON(BACKGROUND), 0, {100}, 100)}},
    {"P8_transient_task",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}),
      reported(REASON(SUSPEND_DELAY_START), 0, {100}), reported(REASON(SUSPEND_DELAY_END), 0, {400}, 400)}},
    {"P9_continuous_task_before_background",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND_RUNNING_START), 0, {200}),
      reported(REASON(BACKGROUND), 0, {200}, 200)}},
    {"P10_continuous_task",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}),
      reported(REASON(BACKGROUND_RUNNING_START), 0, {200}),
      reported(REASON(BACKGROUND_RUNNING_END), 0, {400}, 400)}},
    {"P11_event_before_background",
     true,
     {created(0, {0}), reported(REASON(EVENT_START), 0, {200}), reported(REASON(BACKGROUND), 0, {200}, 200)}},
    {"P11_event",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}), reported(REASON(EVENT_START), 0, {200}),
      reported(REASON(EVENT_END), 0, {400}, 400)}},
    {"P13_visible", true, {created(0, {0}), reported(REASON(VISIBLE), 0, {50}, 50)}},
    {"P14_unbind_with_an_empty_caller", true, {created(0, {0}), unbound(0, 0, {500}, 500)}},
    {"P15_never_in_the_foreground", true, {created(0, {0}), passed(14, {0}), passed(6, {400}, 400)}},
    {"P16_suspend",
     true,
     {created(0, {0}), created(1, {0, 0}), reported(REASON(APPLICATION_SUSPEND), 0, {800, 800}, 800)}},
    {"P17_to_P19_distributed_device",
     true,
     {created(0, {0}), created(1, {0, 0}), reported(REASON(BACKGROUND), 1, {0, 400}, 0),
      reported(REASON(DIST_DEVICE_CONNECTED), 1, {0, 260}, 0),
      reported(REASON(BACKGROUND), 0, {400, 260}, 260),
      reported(REASON(DIST_DEVICE_DISCONNECTED), 1, {400, 400}, 400)}},
    {"P20_extension_of_an_unknown_caller",
     true,
     {created(0, {0}), created(1, {0, 0}, 0), reported(REASON(BACKGROUND), 1, {0, 400}, 0),
      bound(99999, 1, {0, 100}, 0), reported(REASON(BACKGROUND), 0, {400, 100}, 100),
      unbound(99999, 1, {400, 400}, 400)}},
    {"P21_target_in_the_foreground",
     false,
     {created(0, {0}), created(1, {0, 0}), bound(1, 1, {0, 100}), reported(REASON(FOREGROUND), 0, {0, 100}),
      reported(REASON(FOREGROUND), 1, {0, 0}), reported(REASON(BACKGROUND), 0, {400, 0}, 400)}},
    {"P22_caller_to_the_foreground", /* and, as in upstream's case, the target to the background */
     false,
     {created(0, {0}), created(1, {0, 0}), bound(1, 1, {0, 100}), reported(REASON(FOREGROUND), 0, {0, 100}),
      reported(REASON(BACKGROUND), 1, {0, 100})}},
    {"P22_caller_to_the_background",
     false,
     {created(0, {0}), created(1, {0, 0}), bound(1, 1, {0, 100}), reported(REASON(BACKGROUND), 0, {400, 500}),
      reported(REASON(BACKGROUND), 1, {400, 400}, 400)}},
    {"P23_and_P25_ability_start",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}), reported(REASON(ABILITY_START), 0, {0}, 0),
      passed(9, {0}), passed(2, {400}, 400)}},
    {"P24_ability_start_of_a_transient_task",
     true,
     {created(0, {0}), reported(REASON(SUSPEND_DELAY_START), 0, {100}),
      reported(REASON(ABILITY_START), 0, {0}), passed(11, {100}, 100)}},
    /* The combinations of 1.3, by events. */
    {"visible_in_the_background",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}), reported(REASON(VISIBLE), 0, {50}),
      reported(REASON(SUSPEND_DELAY_START), 0, {50}), reported(REASON(UN_VISIBLE), 0, {100}),
      reported(REASON(BACKGROUND_RUNNING_START), 0, {100}), reported(REASON(SUSPEND_DELAY_END), 0, {200}),
      reported(REASON(DIST_DEVICE_CONNECTED), 0, {200}), reported(REASON(BACKGROUND_RUNNING_END), 0, {260}),
      reported(REASON(FOREGROUND), 0, {0}), reported(REASON(BACKGROUND), 0, {260})}},
    /* Ours: the grace is for the start, so what says nothing of the process leaves it alone. */
    {"ready_leaves_the_grace",
     true,
     {created(0, {0}), reported(REASON(PROCESS_READY), 0, {0}).upstream({400}, 400),
      reported(REASON(SUSPEND_DELAY_END), 0, {0}).upstream({400}),
      reported(REASON(UN_VISIBLE), 0, {0}).upstream({400}), passed(16, {400}, 400)}},
    {"background_ends_the_grace",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}), reported(REASON(FOREGROUND), 0, {0}),
      passed(20, {0}, 0)}},
    {"created_twice_is_no_new_grace",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}), created(0, {400}, 400)}},
    {"foreground_ends_the_ability_start",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}), reported(REASON(ABILITY_START), 0, {0}),
      reported(REASON(FOREGROUND), 0, {0}), reported(REASON(BACKGROUND), 0, {400}), passed(20, {400})}},
    {"background_ends_the_ability_start",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}), reported(REASON(ABILITY_START), 0, {0}),
      reported(REASON(BACKGROUND), 0, {400})}},
    /* Upstream loses the boost here. */
    {"other_events_leave_the_ability_start",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}), reported(REASON(ABILITY_START), 0, {0}),
      reported(REASON(SUSPEND_DELAY_START), 0, {0}).upstream({100}, 100), passed(11, {100})}},
    {"ability_start_again_begins_anew",
     true,
     {created(0, {0}), reported(REASON(BACKGROUND), 0, {400}), reported(REASON(ABILITY_START), 0, {0}),
      passed(6, {0}), reported(REASON(ABILITY_START), 0, {0}), passed(6, {0}), passed(5, {400})}},
    {"suspended_until_the_next_event_of_each",
     true,
     {created(0, {0}), created(1, {0, 0}), reported(REASON(FOREGROUND), 0, {0, 0}),
      reported(REASON(APPLICATION_SUSPEND), 1, {800, 800}, 800),
      passed(30, {800, 800}, 800).upstream({0, 400}, 0), /* the end of the grace wakes them */
      reported(REASON(APPLICATION_SUSPEND), 1, {800, 800}, 800), reported(REASON(VISIBLE), 0, {0, 800}, 0),
      reported(REASON(BACKGROUND), 1, {0, 400}, 0)}},
    /* Ours: what is on the screen stays there, whoever binds it. */
    {"bound_in_the_foreground",
     false,
     {created(0, {0}), created(1, {0, 0}), reported(REASON(FOREGROUND), 1, {0, 0}),
      bound(1, 1, {0, 0}).upstream({0, 100}, 100),
      reported(REASON(BACKGROUND), 0, {400, 0}).upstream({400, 400}),
      reported(REASON(FOREGROUND), 1, {400, 0})}},
};

INSTANTIATE_TEST_SUITE_P(Reference, PriorityCases, in_both_modes(cases), name_in_both_modes<Case>);

class PriorityManager : public PriorityWorld
{
};

TEST_F(PriorityManager, AnEventOlderThanTheAbilityStartLeavesIt)
{
    uint64_t before_ns = mm_event_center_now_ns(center) + 1;

    advance_s(1);
    create({1000});
    report(MM_REASON_BACKGROUND, {1000});
    report(MM_REASON_ABILITY_START, {1000});
    report(MM_REASON_BACKGROUND, {1000}, before_ns);
    EXPECT_EQ(priority(1000), 0);
    advance_s(11);
    EXPECT_EQ(priority(1000), 400);
}

class InBothModes : public PriorityWorld, public ::testing::WithParamInterface<mm_priority_compat>
{
  protected:
    InBothModes()
    {
        live_by(GetParam());
    }
};

INSTANTIATE_TEST_SUITE_P(Modes, InBothModes,
                         ::testing::Values(MM_PRIORITY_COMPAT_NONE, MM_PRIORITY_COMPAT_UPSTREAM));

struct ImportantRow {
    int floor, created, in_background, in_foreground;
};

/* Reference 1.3, in both modes the same. The last row is out of range: ours is clamped, so that the kernel takes it. */
TEST_P(InBothModes, ImportantApplications)
{
    const ImportantRow rows[] = {{300, 300, 300, 0},       {0, 0, 0, 0},       {-500, -500, -500, -500},
                                 {-900, -900, -900, -900}, {800, 800, 400, 0}, {1001, 1000, 400, 0}};
    pid_t pid = 2000;

    for (const ImportantRow &row : rows) {
        set_important("com.example.application:main", row.floor);
        publish_config();
        pid++;
        /* upstream does not hear of the end of the one at -900, and its bundle is a uid */
        create({pid, kUid + static_cast<uid_t>(pid), kBundle, "com.example.application:main"});
        EXPECT_EQ(priority(pid), row.created) << row.floor;
        EXPECT_EQ(mm_simulated_oom_score_adj(kernel, pid), row.created) << row.floor;
        report(MM_REASON_BACKGROUND, {pid});
        EXPECT_EQ(priority(pid), row.in_background) << row.floor;
        report(MM_REASON_FOREGROUND, {pid});
        EXPECT_EQ(priority(pid), row.in_foreground) << row.floor;
        mm_simulated_exit(kernel, pid);
        report(MM_REASON_PROCESS_TERMINATED, {pid});
    }
}

TEST_F(PriorityManager, ANegativeNeighbourDoesNotFreezeTheOthers)
{
    set_important("helper", -500);
    publish_config();
    create({1000, kUid, kBundle, "helper"});
    create({1001, kUid, kBundle, "main"});
    report(MM_REASON_BACKGROUND, {1001});
    EXPECT_EQ(priority(1001), 400);
    EXPECT_EQ(bundle_priority(1001), -500);
}

TEST_F(PriorityManager, ResidentApplicationsStayAndMayEnd)
{
    set_residents({"com.example.resident"});
    publish_config();
    create({1000, kUid, "com.example.resident"});
    for (mm_application_reason reason :
         {MM_REASON_PROCESS_READY, MM_REASON_BACKGROUND, MM_REASON_FOREGROUND, MM_REASON_APPLICATION_SUSPEND,
          MM_REASON_ABILITY_START, MM_REASON_UNBIND_EXTENSION, MM_REASON_BIND_EXTENSION}) {
        report(reason, {1000, kUid, "com.example.resident"});
        EXPECT_EQ(priority(1000), -800) << mm_application_reason_name(reason);
    }
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    EXPECT_EQ(priority(1000), -800);
    mm_simulated_exit(kernel, 1000);
    report(MM_REASON_PROCESS_TERMINATED, {1000, kUid, "com.example.resident"});
    EXPECT_EQ(mm_priority_manager_find(manager, 1000), nullptr);
    EXPECT_EQ(mm_priority_manager_list(manager)->count, 0U);
}

TEST_F(PriorityManager, SystemAppsByEitherNameStayAtMinusThousand)
{
    set_system_apps({"com.example.systemui", "player"});
    publish_config();
    create({1000, kUid, "com.example.systemui"});
    create({1001, kUid, kBundle, "player"});
    create({1002, kUid, kBundle, "helper"});
    for (mm_application_reason reason : {MM_REASON_BACKGROUND, MM_REASON_FOREGROUND,
                                         MM_REASON_APPLICATION_SUSPEND, MM_REASON_BIND_EXTENSION}) {
        report(reason, {1000, kUid, "com.example.systemui"});
        EXPECT_EQ(priority(1000), -1000) << mm_application_reason_name(reason);
    }
    report(MM_REASON_BACKGROUND, {1002});
    EXPECT_EQ(priority(1001), -1000);
    EXPECT_EQ(priority(1002), 400);
    EXPECT_EQ(bundle_priority(1002), -1000) << "a bundle dies as one";
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1000), -1000);
    EXPECT_EQ(why(1000),
              "0 foreground; system -> -1000; extension of an unnamed caller min(400,0)+100 -> -1000");
}

// Nobody reports them: their comm is all that is known, and it may change.
TEST_F(PriorityManager, SystemAppsThatNobodyRegisteredAreKnownByTheirComm)
{
    set_system_apps({"compositor", "a-name-that-is-far-longer"});
    publish_config();
    spawn(1000, kUid, 700, "compositor");
    spawn(1001, kUid, 700, "a-name-that-is-");
    spawn(1002, kUid, 700, "compositor2");
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    EXPECT_EQ(priority(1000), -1000);
    EXPECT_EQ(priority(1001), -1000);
    EXPECT_EQ(priority(1002), 700);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1000), 700) << "whose file it is does not change";
    EXPECT_EQ(why(1000), "700 oom_score_adj, not registered; system -> -1000");
    report(MM_REASON_FOREGROUND, {1000, kUid, kBundle});
    EXPECT_EQ(priority(1000), 0) << "once it is registered its names are others";
    set_system_apps({});
    publish_config();
    EXPECT_EQ(priority(1001), 700);
}

TEST_F(PriorityManager, AReloadChangesWhoIsSpecial)
{
    create({1000, kUid, kBundle, "player"});
    create({1001, kUid, "com.example.other"});
    report(MM_REASON_BACKGROUND, {1000});
    report(MM_REASON_BACKGROUND, {1001});
    set_important("player", 150);
    set_residents({"com.example.other"});
    publish_config();
    EXPECT_EQ(priority(1000), 150);
    EXPECT_EQ(priority(1001), -800);
    config.reclaim_priority.important_app_count = 0;
    config.reclaim_priority.killable_system_app_count = 0;
    publish_config();
    EXPECT_EQ(priority(1000), 400);
    EXPECT_EQ(priority(1001), 400);
}

TEST_F(PriorityManager, TwoBundlesMayShareAUid)
{
    create({1000, kUid, "com.example.one"});
    create({1001, kUid, "com.example.two"});
    report(MM_REASON_BACKGROUND, {1000, kUid, "com.example.one"});
    EXPECT_EQ(bundle_priority(1000), 400);
    EXPECT_EQ(bundle_priority(1001), 0);
    EXPECT_NE(mm_priority_manager_find(manager, 1000)->bundle,
              mm_priority_manager_find(manager, 1001)->bundle);
}

TEST_F(PriorityManager, EqualBundlesGoByOldestUse)
{
    for (pid_t pid : {1001, 1002, 1003})
        create({pid, kUid, "com.example." + std::to_string(pid)});
    for (pid_t pid : {1002, 1001, 1003})
        report(MM_REASON_BACKGROUND, {pid});
    EXPECT_EQ(order(), (std::vector<pid_t>{1002, 1001, 1003}));
    /* A use without another number counts as well. */
    report(MM_REASON_VISIBLE, {1002});
    report(MM_REASON_UN_VISIBLE, {1002});
    EXPECT_EQ(order(), (std::vector<pid_t>{1001, 1003, 1002}));
    /* So does one without any other number in between. */
    report(MM_REASON_BACKGROUND, {1001});
    EXPECT_EQ(order(), (std::vector<pid_t>{1003, 1002, 1001}));
    /* A switch of accounts keeps the order. */
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    EXPECT_EQ(order(), (std::vector<pid_t>{1003, 1002, 1001}));
}

TEST_F(PriorityManager, RenderProcessesFollowTheirOwnerWithoutCounting)
{
    Application render{1001, kUid + 5, ""};

    create({1000});
    report(MM_REASON_FOREGROUND, {1000});
    spawn(1001, kUid + 5);
    render.caller = 1000;
    render.caller_uid = kUid;
    report(MM_REASON_RENDER_CREATE_PROCESS, render);
    EXPECT_EQ(priority(1001), 0);
    EXPECT_EQ(mm_priority_manager_find(manager, 1001)->bundle,
              mm_priority_manager_find(manager, 1000)->bundle);
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(bundle_priority(1000), 400);
    EXPECT_EQ(priority(1001), 400);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1001), 400);
    EXPECT_EQ(why(1001), "400 render process of com.example.application (400)");
    /* The owner goes first: what it rendered is nobody's, until it ends, too. */
    report(MM_REASON_FOREGROUND, {1000});
    mm_simulated_exit(kernel, 1000);
    publish(MM_EVENT_PROCESS_EXITED, 1000);
    EXPECT_EQ(bundle_priority(1001), 400);
    EXPECT_EQ(priority(1001), 400);
    mm_simulated_exit(kernel, 1001);
    publish(MM_EVENT_PROCESS_EXITED, 1001);
    EXPECT_EQ(mm_priority_manager_list(manager)->count, 0U);
}

TEST_F(PriorityManager, ARendersOwnerIsFoundByUidAndName)
{
    Application render{1002, kUid, "com.example.two"};

    create({1000, kUid, "com.example.one"});
    create({1001, kUid, "com.example.two"});
    spawn(1002);
    render.caller_uid = kUid;
    report(MM_REASON_RENDER_CREATE_PROCESS, render);
    EXPECT_EQ(mm_priority_manager_find(manager, 1002)->bundle,
              mm_priority_manager_find(manager, 1001)->bundle);
    /* Without a name there are two to choose from: written 0, as upstream does, and left unregistered. */
    spawn(1003, kUid, 300);
    render = {1003, kUid, ""};
    render.caller_uid = kUid;
    report(MM_REASON_RENDER_CREATE_PROCESS, render);
    EXPECT_FALSE(mm_priority_manager_find(manager, 1003)->bundle->is_registered);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1003), 0);
    EXPECT_EQ(priority(1003), 0);
}

TEST_F(PriorityManager, WritesOnlyWhatChanged)
{
    create({1000});
    create({1001});
    EXPECT_EQ(mm_simulated_calls(kernel, "write_oom_score_adj"), 0U); /* it is 0 already */
    report(MM_REASON_FOREGROUND, {1000});
    report(MM_REASON_VISIBLE, {1000});
    EXPECT_EQ(mm_simulated_calls(kernel, "write_oom_score_adj"), 0U);
    report(MM_REASON_BACKGROUND, {1000});
    report(MM_REASON_BACKGROUND, {1000});
    report(MM_REASON_SUSPEND_DELAY_START, {1000});
    EXPECT_EQ(mm_simulated_calls(kernel, "write_oom_score_adj"), 1U);
    EXPECT_EQ(counters().oom_score_adj_writes, 1U);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1000), 50);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, 1001), 0);
}

TEST_F(PriorityManager, TellsWhenABundleMoves)
{
    create({1000});
    announced.clear();
    report(MM_REASON_BACKGROUND, {1000});
    report(MM_REASON_BACKGROUND, {1000});
    ASSERT_EQ(announced.size(), 1U);
    EXPECT_EQ(announced[0].priority, 400);
    EXPECT_EQ(announced[0].previous, 0);
    EXPECT_TRUE(announced[0].is_registered);
}

TEST_F(PriorityManager, ExplainsTheChain)
{
    set_important(kBundle, 300);
    publish_config();
    create({1000});
    EXPECT_EQ(why(1000), "0 new; important floor 300 -> 300");
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_EQ(why(1000), "400 background; important floor 300 -> 300");
    create({1001, 101 * MM_ACCOUNT_UIDS + 1, "com.example.caller"});
    report(MM_REASON_FOREGROUND, {1001});
    switch_account(100, MM_ACCOUNT_ACTIVATED);
    switch_account(101, MM_ACCOUNT_HOT_SWITCH);
    EXPECT_EQ(why(1000), "400 background; important floor 300 -> 300; account 100 inactive +50 -> 350");
    bind(1001, 1000);
    EXPECT_EQ(why(1000), "400 background; important floor 300 -> 300; account 100 inactive +50 -> 350; "
                         "extension of 1001 (foreground) min(400,0)+100 -> 100");
    unbind(1001, 1000);
    bind(99999, 1000);
    EXPECT_NE(why(1000).find("extension of 99999 (unknown) min(400,0)+100 -> 100"), std::string::npos);
}

TEST_F(PriorityManager, CutsAnExplanationThatDoesNotFit)
{
    char text[8];

    create({1000});
    report(MM_REASON_BACKGROUND, {1000});
    EXPECT_STREQ(
        mm_priority_manager_explain(manager, mm_priority_manager_find(manager, 1000), text, sizeof(text)),
        "400 bac");
}
