/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cases of the reference that are not mere sequences of events of one bundle (those are in priority_manager_test):
 * the rest of 5.1, the situations of 1.3 and the accounts of 5.2, each a row that bears the reference's name, and each
 * in both modes: what is expected is said once where ours is upstream's, else ours and then upstream's.
 */
#include "priority_world.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "kill_strategy/candidates.h"
#pragma GCC diagnostic pop

#include <ostream>

namespace
{

constexpr pid_t kUnknown = 99999;
constexpr uid_t kOther = 101 * MM_ACCOUNT_UIDS + 7;

class ReferenceWorld : public PriorityWorld
{
  public:
    /* An application of its own, and a uid, for each pid. */
    void own(pid_t pid, mm_application_reason then = MM_REASON_PROCESS_READY, uid_t first_uid = kUid)
    {
        uid_t uid = first_uid + static_cast<uid_t>(pid);

        create({pid, uid, "com.example." + std::to_string(pid)});
        report(then, {pid, uid});
    }

    void end(pid_t pid)
    {
        ASSERT_EQ(mm_simulated_exit(kernel, pid), 0);
        report(MM_REASON_PROCESS_TERMINATED, {pid});
    }

    /* The numbers of the processes from 1000 on, and what their files hold. */
    void expect(const std::vector<int> &numbers)
    {
        pid_t pid = 1000;

        for (int number : numbers) {
            EXPECT_EQ(priority(pid), number) << pid << ": " << why(pid);
            EXPECT_EQ(mm_simulated_oom_score_adj(kernel, pid), number) << pid;
            pid++;
        }
    }

    void expect(const std::vector<int> &ours, const std::vector<int> &upstream)
    {
        expect(is_upstream() ? upstream : ours);
    }

    /* A -> B -> C -> D, A = 1000 or the last. */
    void chain(bool is_descending)
    {
        for (pid_t pid = 1000; pid < 1004; pid++)
            own(pid);
        for (pid_t link = 0; link < 3; link++)
            is_descending ? bind(1003 - link, 1002 - link) : bind(1000 + link, 1001 + link);
    }
};

struct Row {
    const char *name;
    void (*happens)(ReferenceWorld &world);
};

void PrintTo(const Row &row, std::ostream *stream)
{
    *stream << row.name;
}

class Reference : public ReferenceWorld,
                  public ::testing::WithParamInterface<std::tuple<Row, mm_priority_compat>>
{
  protected:
    Reference()
    {
        live_by(std::get<1>(GetParam()));
    }
};

TEST_P(Reference, Holds)
{
    std::get<0>(GetParam()).happens(*this);
}

/* ---- 5.1 ---------------------------------------------------------------------------------------------- */

void p28_one_killable_bundle(ReferenceWorld &world)
{
    mm_kill_config config{};
    const struct {
        int min_priority;
        pid_t expected, upstream; /* 0: nobody */
    } rows[] = {{500, 0, 0}, {400, 1002, 1003}, {200, 1002, 1003}, {0, 1002, 1003}};

    world.own(1000, MM_REASON_FOREGROUND);
    world.own(1001, MM_REASON_BACKGROUND_RUNNING_START);
    world.own(1002, MM_REASON_BACKGROUND);
    world.own(1003, MM_REASON_BACKGROUND);
    config.heaviest_from_priority = MM_PRIORITY_MIN;
    config.reread_candidates = MM_KILL_CANDIDATES_MAX;
    for (const auto &row : rows) {
        mm_kill_candidates found{};
        pid_t expected = world.is_upstream() ? row.upstream : row.expected;
        const mm_kill_level level = {100 * MM_MIB, row.min_priority};

        mm_kill_collect(&config, &level, mm_priority_manager_list(world.manager), nullptr, 0, &found);
        ASSERT_EQ(found.count, expected ? 1U : 0U) << row.min_priority;
        if (expected) {
            EXPECT_EQ(found.bundles[0], mm_priority_manager_find(world.manager, expected)->bundle)
                << row.min_priority << ": of equals the oldest use, or the highest uid";
        }
    }
}

void p29_reason_to_string(ReferenceWorld &)
{
    const char *const names[] = {
        "CREATE_PROCESS",
        "PROCESS_READY",
        "FOREGROUND",
        "BACKGROUND",
        "SUSPEND_DELAY_START",
        "SUSPEND_DELAY_END",
        "BACKGROUND_RUNNING_START",
        "BACKGROUND_RUNNING_END",
        "EVENT_START",
        "EVENT_END",
        "APPLICATION_SUSPEND",
        "PROCESS_TERMINATED",
        "OS_ACCOUNT_CHANGED",
        "DIST_DEVICE_CONNECTED",
        "DIST_DEVICE_DISCONNECTED",
        "BIND_EXTENSION",
        "UNBIND_EXTENSION",
        "VISIBLE",
        "UN_VISIBLE",
        "RENDER_CREATE_PROCESS",
        "ABILITY_START",
        // ours
        "CRITICAL_BEGIN",
        "CRITICAL_END",
    };

    ASSERT_EQ(MM_ARRAY_SIZE(names), static_cast<size_t>(MM_REASON_COUNT));
    for (int reason = 0; reason < MM_REASON_COUNT; reason++)
        EXPECT_STREQ(mm_application_reason_name(static_cast<mm_application_reason>(reason)), names[reason]);
    EXPECT_STREQ(mm_application_reason_name(MM_REASON_COUNT), "UNKNOWN");
}

const Row inventory[] = {
    {"P1_init",
     [](ReferenceWorld &world) {
         ASSERT_NE(world.manager, nullptr);
         EXPECT_EQ(mm_priority_manager_list(world.manager)->count, 0U);
     }},
    {"P2_an_account_exists_until_it_is_removed",
     [](ReferenceWorld &world) {
         world.create({1000});
         EXPECT_EQ(world.counters().accounts, 1U);
         EXPECT_EQ(mm_bundle_account_id(mm_priority_manager_find(world.manager, 1000)->bundle), 100);
         world.end(1000);
         EXPECT_EQ(world.counters().accounts, 0U);
         EXPECT_EQ(world.counters().bundles, 0U);
         EXPECT_EQ(world.counters().processes, 0U);
     }},
    {"P3_a_process_exists_in_its_account",
     [](ReferenceWorld &world) {
         world.create({1000});
         ASSERT_NE(mm_priority_manager_find(world.manager, 1000), nullptr);
         EXPECT_EQ(mm_priority_manager_find(world.manager, 1000)->uid, kUid);
         EXPECT_EQ(mm_bundle_account_id(mm_priority_manager_find(world.manager, 1000)->bundle), 100);
         EXPECT_EQ(mm_priority_manager_find(world.manager, 1001), nullptr);
         EXPECT_EQ(mm_priority_manager_find(world.manager, 0), nullptr);
     }},
    {"P5_two_processes_one_terminated",
     [](ReferenceWorld &world) {
         world.create({1000});
         world.create({1001});
         EXPECT_EQ(mm_priority_manager_find(world.manager, 1001)->bundle->process_count, 2U);
         world.end(1000);
         EXPECT_EQ(mm_priority_manager_find(world.manager, 1000), nullptr);
         EXPECT_EQ(mm_priority_manager_find(world.manager, 1001)->bundle->process_count, 1U);
         EXPECT_EQ(mm_priority_manager_list(world.manager)->count, 1U);
     }},
    {"P12_the_list_is_not_empty",
     [](ReferenceWorld &world) {
         world.own(1000);
         world.own(1001);
         EXPECT_EQ(mm_priority_manager_list(world.manager)->count, 2U);
     }},
    {"P26_ability_start_on_unknown_pid",
     [](ReferenceWorld &world) {
         world.spawn(1000);
         world.report(MM_REASON_ABILITY_START, {1000});
         world.report(MM_REASON_ABILITY_START, {4711});
         EXPECT_EQ(mm_priority_manager_find(world.manager, 1000), nullptr);
         EXPECT_EQ(world.counters().unknown_pid_events, 2U);
         EXPECT_EQ(world.counters().registered_processes, 0U);
     }},
    {"P27_account_changed",
     [](ReferenceWorld &world) {
         world.switch_account(-1, MM_ACCOUNT_ACTIVATED);
         EXPECT_EQ(world.counters().refused_events, 1U);
         world.switch_account(0, MM_ACCOUNT_ACTIVATED);
         world.switch_account(4711, MM_ACCOUNT_HOT_SWITCH);
         EXPECT_EQ(world.counters().refused_events, 1U);
         EXPECT_EQ(world.counters().accounts, 2U);
     }},
    {"P28_one_killable_bundle", p28_one_killable_bundle},
    {"P29_reason_to_string", p29_reason_to_string},
};

/* ---- 1.3: the combinations, and what was derived ------------------------------------------------------ */

const Row derived[] = {
    {"background_and_visible_50",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.report(MM_REASON_VISIBLE, {1000});
         world.expect({50});
     }},
    {"background_visible_and_transient_50",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.report(MM_REASON_VISIBLE, {1000});
         world.report(MM_REASON_SUSPEND_DELAY_START, {1000});
         world.expect({50});
     }},
    {"background_transient_and_continuous_100",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.report(MM_REASON_SUSPEND_DELAY_START, {1000});
         world.report(MM_REASON_BACKGROUND_RUNNING_START, {1000});
         world.expect({100});
     }},
    {"background_continuous_and_device_200_then_260",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.report(MM_REASON_BACKGROUND_RUNNING_START, {1000});
         world.report(MM_REASON_DIST_DEVICE_CONNECTED, {1000});
         world.expect({200});
         world.report(MM_REASON_BACKGROUND_RUNNING_END, {1000});
         world.expect({260});
     }},
    {"foreground_and_anything_0",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_FOREGROUND);
         for (mm_application_reason reason :
              {MM_REASON_VISIBLE, MM_REASON_SUSPEND_DELAY_START, MM_REASON_BACKGROUND_RUNNING_START,
               MM_REASON_EVENT_START, MM_REASON_DIST_DEVICE_CONNECTED}) {
             world.report(reason, {1000});
             world.expect({0});
         }
     }},
    {"process_ready_400_ours_0",
     [](ReferenceWorld &world) {
         world.create({1000});
         world.report(MM_REASON_PROCESS_READY, {1000});
         world.expect({0}, {400});
     }},
    {"a_fresh_process_with_a_transient_task_100",
     [](ReferenceWorld &world) {
         world.create({1000});
         world.report(MM_REASON_SUSPEND_DELAY_START, {1000});
         world.expect({100});
     }},
    {"resident_ignores_terminated_ours_is_forgotten",
     [](ReferenceWorld &world) {
         world.set_residents({kBundle});
         world.publish_config();
         world.create({1000});
         world.expect({-800});
         world.end(1000);
         EXPECT_EQ(world.priority(1000), world.is_upstream() ? -800 : MM_PRIORITY_NONE);
         world.advance_s(180); /* until the dead check */
         EXPECT_EQ(world.priority(1000), MM_PRIORITY_NONE);
     }},
    {"tie_by_highest_uid_ours_oldest_use",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.own(1001, MM_REASON_BACKGROUND);
         EXPECT_EQ(world.victims(),
                   world.is_upstream() ? (std::vector<pid_t>{1001, 1000}) : (std::vector<pid_t>{1000, 1001}));
     }},
};

/* ---- 1.3: extensions; the target is 1000 -------------------------------------------------------------- */

const Row extensions[] = {
    {"bound_by_an_unknown_native_caller_100",
     [](ReferenceWorld &world) {
         world.own(1000);
         world.bind(kUnknown, 1000);
         world.expect({100});
     }},
    {"bound_by_a_foreground_app_100",
     [](ReferenceWorld &world) {
         world.own(1000);
         world.own(1001, MM_REASON_FOREGROUND);
         world.bind(1001, 1000);
         world.expect({100, 0});
     }},
    {"bound_by_a_background_app_never_had_UI_500",
     [](ReferenceWorld &world) {
         world.own(1000);
         world.own(1001, MM_REASON_BACKGROUND);
         world.bind(1001, 1000);
         world.expect({500, 400});
     }},
    {"bound_by_a_background_app_had_UI_400",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.own(1001, MM_REASON_BACKGROUND);
         world.bind(1001, 1000);
         world.expect({400, 400});
     }},
    {"last_unbind_never_had_UI_500",
     [](ReferenceWorld &world) {
         world.own(1000);
         world.bind(kUnknown, 1000);
         world.unbind(kUnknown, 1000);
         world.expect({500});
     }},
    {"last_unbind_had_UI_400",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.bind(kUnknown, 1000);
         world.unbind(kUnknown, 1000);
         world.expect({400});
     }},
    {"chain_A_foreground_0_100_200_300",
     [](ReferenceWorld &world) {
         world.chain(false);
         world.report(MM_REASON_FOREGROUND, {1000});
         world.expect({0, 100, 200, 300});
     }},
    {"chain_A_to_background_three_passes_ours_one",
     [](ReferenceWorld &world) {
         world.chain(false);
         world.report(MM_REASON_FOREGROUND, {1000});
         world.report(MM_REASON_BACKGROUND, {1000});
         world.expect({400, 500, 500, 500}, {400, 500, 200, 300});
         world.report(MM_REASON_BACKGROUND, {1000});
         world.expect({400, 500, 500, 500}, {400, 500, 500, 300});
         world.report(MM_REASON_BACKGROUND, {1000});
         world.expect({400, 500, 500, 500});
     }},
    {"chain_with_descending_pids_second_event_ours_first",
     [](ReferenceWorld &world) {
         world.chain(true);
         world.report(MM_REASON_BACKGROUND, {1003});
         world.report(MM_REASON_FOREGROUND, {1003});
         world.expect({300, 200, 100, 0}, {500, 200, 100, 0});
         world.report(MM_REASON_FOREGROUND, {1003});
         world.expect({300, 200, 100, 0});
     }},
    {"caller_died_without_unbind_keeps_100_ours_500",
     [](ReferenceWorld &world) {
         world.own(1000);
         world.own(1001, MM_REASON_FOREGROUND);
         world.bind(1001, 1000);
         world.end(1001);
         world.expect({500}, {100});
         world.report(MM_REASON_PROCESS_READY, {1000});
         world.expect({500}, {100});
         world.advance_s(180); /* until the dead check, which does not recompute */
         world.expect({500}, {100});
         world.report(MM_REASON_PROCESS_READY, {1000});
         world.expect({500});
     }},
    {"foreground_UI_process_gets_bound_400_ours_0",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_FOREGROUND);
         world.own(1001, MM_REASON_BACKGROUND);
         world.bind(1001, 1000);
         world.expect({0, 400}, {400, 400});
         world.report(MM_REASON_FOREGROUND, {1000});
         world.expect({0, 400});
     }},
};

/* ---- 5.2 and 1.4: accounts ---------------------------------------------------------------------------- */

const Row accounts[] = {
    {"active_account_minus_50",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.switch_account(100, MM_ACCOUNT_ACTIVATED);
         world.expect({350});
     }},
    {"inactive_account_plus_50",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.switch_account(101, MM_ACCOUNT_HOT_SWITCH);
         world.expect({450});
     }},
    {"null_account_info_1000_ours_unchanged",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.own(1001, MM_REASON_BACKGROUND, kOther);
         world.switch_account(100, MM_ACCOUNT_ACTIVATED);
         world.expect({350, 400});
     }},
    {"inactive_bundle_0_50",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_FOREGROUND);
         world.switch_account(101, MM_ACCOUNT_HOT_SWITCH);
         world.expect({50});
         EXPECT_EQ(world.bundle_priority(1000), 50);
     }},
    {"active_foreground_stays_0",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_FOREGROUND);
         world.switch_account(100, MM_ACCOUNT_ACTIVATED);
         world.expect({0});
     }},
    {"hot_switch_to_inactive_bundle_100_150_and_its_processes_equally",
     [](ReferenceWorld &world) {
         world.create({1000});
         world.create({1001});
         world.report(MM_REASON_SUSPEND_DELAY_START, {1000});
         world.report(MM_REASON_BACKGROUND, {1001});
         world.switch_account(101, MM_ACCOUNT_HOT_SWITCH);
         world.expect({150, 450});
         EXPECT_EQ(world.bundle_priority(1000), 150);
     }},
    {"cold_switch_processes_killed_ours_by_the_killer",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_FOREGROUND);
         world.own(1001, MM_REASON_FOREGROUND, kOther);
         world.switch_account(101, MM_ACCOUNT_COLD_SWITCH);
         EXPECT_EQ(mm_priority_manager_take_ending(world.manager),
                   mm_priority_manager_find(world.manager, 1000)->bundle);
         EXPECT_EQ(mm_priority_manager_take_ending(world.manager), nullptr);
     }},
    {"unknown_id_false_ours_taken",
     [](ReferenceWorld &world) {
         world.switch_account(4711, MM_ACCOUNT_HOT_SWITCH);
         EXPECT_EQ(world.counters().refused_events, 0U);
         world.own(1000, MM_REASON_BACKGROUND, 4711U * MM_ACCOUNT_UIDS);
         world.expect({350}, {400});
     }},
    {"other_mode_false",
     [](ReferenceWorld &world) {
         world.switch_account(100, MM_ACCOUNT_CHANGE_COUNT);
         EXPECT_EQ(world.counters().refused_events, 1U);
     }},
    {"repeated_switch_accumulates_ours_does_not",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.own(1001, MM_REASON_BACKGROUND, kOther);
         for (int time = 0; time < 3; time++)
             world.switch_account(101, MM_ACCOUNT_HOT_SWITCH);
         world.expect({450, 350}, {450, 250});
     }},
    {"shift_is_lost_at_the_next_event_ours_stays",
     [](ReferenceWorld &world) {
         world.own(1000, MM_REASON_BACKGROUND);
         world.switch_account(101, MM_ACCOUNT_HOT_SWITCH);
         world.report(MM_REASON_SUSPEND_DELAY_START, {1000});
         world.expect({150}, {100});
     }},
    {"resident_becomes_0_ours_stays_minus_800",
     [](ReferenceWorld &world) {
         world.set_residents({kBundle});
         world.publish_config();
         world.create({1000});
         world.switch_account(101, MM_ACCOUNT_HOT_SWITCH);
         world.expect({-800}, {0});
     }},
};

INSTANTIATE_TEST_SUITE_P(Inventory, Reference, in_both_modes(inventory), name_in_both_modes<Row>);
INSTANTIATE_TEST_SUITE_P(Derived, Reference, in_both_modes(derived), name_in_both_modes<Row>);
INSTANTIATE_TEST_SUITE_P(Extensions, Reference, in_both_modes(extensions), name_in_both_modes<Row>);
INSTANTIATE_TEST_SUITE_P(Accounts, Reference, in_both_modes(accounts), name_in_both_modes<Row>);

} // namespace
