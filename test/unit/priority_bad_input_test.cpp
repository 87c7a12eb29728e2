/* SPDX-License-Identifier: Apache-2.0 */
/* Events that say nonsense, or too late: each changes nothing but the counter that says so. */
#include "priority_world.h"

namespace
{

class PriorityBadInput : public PriorityWorld
{
  public:
    using Act = void (*)(PriorityBadInput &world);

    void exited(pid_t pid, uint64_t ticks)
    {
        publish(MM_EVENT_PROCESS_EXITED, pid, 0, ticks);
    }

    void match(pid_t pid, int priority, uint64_t ticks)
    {
        mm_event event{};

        event.kind = MM_EVENT_PROCESS_MATCHED;
        event.pid = pid;
        event.payload.match.has_rule = true;
        event.payload.match.priority = static_cast<int16_t>(priority);
        event.payload.match.start_time_ticks = ticks;
        mm_copy_text(event.payload.match.rule, sizeof(event.payload.match.rule), "rule");
        mm_event_center_publish(center, &event);
    }

    std::vector<std::string> all() const
    {
        std::vector<std::string> told;

        for (pid_t pid : {10, 11, 12})
            told.push_back(why(pid) + ", oom_score_adj " +
                           std::to_string(mm_simulated_oom_score_adj(kernel, pid)));
        return told;
    }
};

TEST_F(PriorityBadInput, ChangesNothingAndIsCounted)
{
    using World = PriorityBadInput;
    const uint64_t mm_priority_counters::*const unknown = &mm_priority_counters::unknown_pid_events;
    const uint64_t mm_priority_counters::*const refused = &mm_priority_counters::refused_events;
    const uint64_t mm_priority_counters::*const late = &mm_priority_counters::late_events;
    const struct {
        const char *what;
        const uint64_t mm_priority_counters::*counter;
        Act act;
    } rows[] = {
        {"an unknown pid", unknown,
         [](World &w) {
             w.report(MM_REASON_BACKGROUND, {4711, kUid, ""});
         }},
        {"one that is not alive", unknown, [](World &w) { w.report(MM_REASON_CREATE_PROCESS, {4711}); }},
        {"one that had the pid before", unknown,
         [](World &w) {
             Application before{10};

             before.start_time_ticks = w.ticks_of(10) - 1;
             w.report(MM_REASON_BACKGROUND, before);
         }},
        {"pid 1", refused, [](World &w) { w.report(MM_REASON_FOREGROUND, {1}); }},
        {"a negative pid", refused, [](World &w) { w.report(MM_REASON_FOREGROUND, {-7}); }},
        {"the daemon", refused, [](World &w) { w.report(MM_REASON_FOREGROUND, {kOwnPid}); }},
        {"no reason there is", refused, [](World &w) { w.report(99, {10}); }},
        {"a negative account", refused, [](World &w) { w.switch_account(-5, MM_ACCOUNT_ACTIVATED); }},
        {"no change of an account there is", refused, [](World &w) { w.switch_account(100, 77); }},
        {"another account's claim", refused,
         [](World &w) {
             w.report(MM_REASON_CREATE_PROCESS, {10, kUid, kBundle, "", 101});
         }},
        {"another user's claim", refused,
         [](World &w) {
             w.report(MM_REASON_CREATE_PROCESS, {10, kUid + 1, kBundle});
         }},
        {"a render process that is an application", refused,
         [](World &w) {
             Application render{10};

             render.caller = 11;
             w.report(MM_REASON_RENDER_CREATE_PROCESS, render);
         }},
        {"a bind to oneself", refused, [](World &w) { w.bind(11, 11); }},
        {"a bind by nobody", refused, [](World &w) { w.bind(-3, 11); }},
        {"a bind to an unknown process", unknown, [](World &w) { w.bind(10, 4711); }},
        {"an oom_score_adj out of range", refused,
         [](World &w) { w.publish(MM_EVENT_OOM_SCORE_ADJ, 12, 1001); }},
        {"and below it", refused, [](World &w) { w.publish(MM_EVENT_OOM_SCORE_ADJ, 12, -1001); }},
        {"a rule's number out of range", refused, [](World &w) { w.match(12, 1001, 0); }},
        {"a rule for the one before", late, [](World &w) { w.match(12, 300, w.ticks_of(12) + 1); }},
        {"the end of the one before", late, [](World &w) { w.exited(10, w.ticks_of(10) - 1); }},
        {"the start of the one before", late,
         [](World &w) { w.publish(MM_EVENT_PROCESS_STARTED, 10, 0, w.ticks_of(10) - 1); }},
    };

    advance_s(100);
    create({10});
    report(MM_REASON_FOREGROUND, {10});
    create({11, kUid, "other"});
    report(MM_REASON_BACKGROUND, {11, kUid, "other"});
    spawn(12, kUid, 300);
    publish(MM_EVENT_PROCESS_FOUND, 12);
    for (const auto &row : rows) {
        const std::vector<std::string> before = all();
        const mm_priority_counters counted = counters();

        row.act(*this);
        EXPECT_EQ(all(), before) << row.what;
        EXPECT_EQ(counters().*row.counter, counted.*row.counter + 1) << row.what;
        EXPECT_EQ(counters().unknown_pid_events + counters().refused_events + counters().late_events,
                  counted.unknown_pid_events + counted.refused_events + counted.late_events + 1)
            << row.what;
        EXPECT_EQ(counters().processes, counted.processes) << row.what;
        EXPECT_EQ(counters().bindings, counted.bindings) << row.what;
    }
}

/* What an application was when an ability of it had not started yet says nothing of now. */
TEST_F(PriorityBadInput, AnEventOlderThanTheStartOfAnAbilityIsLate)
{
    advance_s(100);
    create({10});
    report(MM_REASON_BACKGROUND, {10});
    report(MM_REASON_ABILITY_START, {10}, 50 * kSecondNs);
    ASSERT_EQ(priority(10), 0);
    report(MM_REASON_BACKGROUND, {10}, 40 * kSecondNs);
    EXPECT_EQ(priority(10), 0);
    EXPECT_EQ(counters().late_events, 1u);
    report(MM_REASON_BACKGROUND, {10}, 60 * kSecondNs);
    EXPECT_EQ(priority(10), 400);
    EXPECT_EQ(counters().late_events, 1u);
}

/* What it does is believed, whoever is said to own it: an application in front does not die of a wrong number. */
TEST_F(PriorityBadInput, AReportUnderAnotherAccountCountsButNotItsClaim)
{
    const struct {
        const char *what;
        Application application;
        uint64_t foreign;
    } rows[] = {
        {"its own account, said", {10, kUid, kBundle, "", kUid / MM_ACCOUNT_UIDS}, 0},
        {"none", {10, kUid}, 0},
        {"no user", {10, MM_UID_UNKNOWN}, 0},
        {"another account", {10, kUid, kBundle, "", 101}, 1},
        {"a user it has become since", {10, kUid + 1, kBundle}, 0},
        {"another user of another account", {10, 101 * MM_ACCOUNT_UIDS + 5, kBundle, "", 101}, 1},
    };

    advance_s(100);
    create({10});
    for (const auto &row : rows) {
        const mm_priority_counters counted = counters();

        report(MM_REASON_BACKGROUND, {10});
        ASSERT_EQ(priority(10), 400) << row.what;
        report(MM_REASON_FOREGROUND, row.application);
        EXPECT_EQ(priority(10), 0) << row.what;
        EXPECT_EQ(counters().foreign_claims, counted.foreign_claims + row.foreign) << row.what;
        EXPECT_EQ(counters().refused_events, counted.refused_events) << row.what;
        EXPECT_EQ(mm_bundle_account_id(mm_priority_manager_find(manager, 10)->bundle), 100) << row.what;
        EXPECT_EQ(counters().accounts, counted.accounts) << row.what;
    }
    /* a render process has a user of its own, and nobody has registered this one */
    spawn(11, kUid + 7);
    Application render{11, kUid + 7, ""};
    render.caller = 10;
    render.caller_uid = kUid;
    const uint64_t before = counters().foreign_claims;
    report(MM_REASON_RENDER_CREATE_PROCESS, render);
    report(MM_REASON_FOREGROUND, {11, kUid + 7});
    spawn(12);
    report(MM_REASON_FOREGROUND, {12, kUid, "mail", "", 101});
    EXPECT_EQ(counters().foreign_claims, before);
}

TEST_F(PriorityBadInput, AHundredThousandBindsEndAtALimitAndAreCounted)
{
    const uint64_t wanted = 100000;
    uint64_t asked = 0;

    for (pid_t pid = 1000; pid < 1320; pid++)
        create({pid, kUid, "app" + std::to_string(pid)});
    for (pid_t caller = 1000; asked < wanted; caller++) {
        for (pid_t target = 1000; target < 1320 && asked < wanted; target++) {
            if (caller == target)
                continue;
            bind(caller, target);
            asked++;
        }
    }
    EXPECT_LE(counters().bindings, 33024u);
    EXPECT_GE(counters().bindings, 30000u);
    EXPECT_EQ(counters().refused_events, wanted - counters().bindings);
}

} // namespace
