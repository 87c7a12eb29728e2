/* SPDX-License-Identifier: Apache-2.0 */
#include "common/common.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/event_center.h"
#pragma GCC diagnostic pop
#include "priority_manager/rules.h"

#include <gtest/gtest.h>

struct RuleCase {
    const char *name;
    uint32_t flags;
    int floor; /* used where the important flag is set */
    int account;
    int expected;
    mm_priority_rule rule;
};

static const RuleCase rule_cases[] = {
    /* One flag each. */
    {"background", 0, 0, 0, 400, MM_RULE_BACKGROUND},
    {"foreground", MM_PROCESS_IS_FOREGROUND, 0, 0, 0, MM_RULE_FOREGROUND},
    {"visible", MM_PROCESS_IS_VISIBLE, 0, 0, 50, MM_RULE_VISIBLE},
    {"transient", MM_PROCESS_HAS_TRANSIENT_TASK, 0, 0, 100, MM_RULE_TRANSIENT_TASK},
    {"continuous", MM_PROCESS_HAS_CONTINUOUS_TASK, 0, 0, 200, MM_RULE_CONTINUOUS_TASK},
    {"event", MM_PROCESS_HAS_EVENT, 0, 0, 200, MM_RULE_EVENT},
    {"device", MM_PROCESS_HAS_DIST_DEVICE, 0, 0, 260, MM_RULE_DIST_DEVICE},
    {"new", MM_PROCESS_IN_GRACE, 0, 0, 0, MM_RULE_NEW},
    {"suspended", MM_PROCESS_IS_SUSPENDED | MM_PROCESS_IS_FOREGROUND, 0, 0, 800, MM_RULE_SUSPENDED},
    {"ability start", MM_PROCESS_IS_ABILITY_STARTING, 0, 0, 0, MM_RULE_ABILITY_START},
    {"unbound extension", MM_PROCESS_IS_EXTENSION, 0, 0, 500, MM_RULE_EXTENSION},
    {"unbound, had UI", MM_PROCESS_IS_EXTENSION | MM_PROCESS_HAS_UI, 0, 0, 400, MM_RULE_BACKGROUND},
    {"resident", MM_PROCESS_IS_RESIDENT, 0, 0, -800, MM_RULE_RESIDENT},
    /* The white list is above all, and no account moves it. */
    {"system", MM_PROCESS_IS_SYSTEM, 0, 0, -1000, MM_RULE_SYSTEM},
    {"system foreground, inactive", MM_PROCESS_IS_SYSTEM | MM_PROCESS_IS_FOREGROUND, 0, 50, -1000,
     MM_RULE_SYSTEM},
    {"system and resident", MM_PROCESS_IS_SYSTEM | MM_PROCESS_IS_RESIDENT, 0, 0, -1000, MM_RULE_SYSTEM},
    {"system, important 300", MM_PROCESS_IS_SYSTEM | MM_PROCESS_IS_IMPORTANT, 300, 0, -1000, MM_RULE_SYSTEM},
    /* The combinations of the reference 1.3. */
    {"background visible", MM_PROCESS_HAS_UI | MM_PROCESS_IS_VISIBLE, 0, 0, 50, MM_RULE_VISIBLE},
    {"visible transient", MM_PROCESS_HAS_UI | MM_PROCESS_IS_VISIBLE | MM_PROCESS_HAS_TRANSIENT_TASK, 0, 0, 50,
     MM_RULE_VISIBLE},
    {"transient continuous", MM_PROCESS_HAS_TRANSIENT_TASK | MM_PROCESS_HAS_CONTINUOUS_TASK, 0, 0, 100,
     MM_RULE_TRANSIENT_TASK},
    {"continuous device", MM_PROCESS_HAS_CONTINUOUS_TASK | MM_PROCESS_HAS_DIST_DEVICE, 0, 0, 200,
     MM_RULE_CONTINUOUS_TASK},
    {"foreground and all",
     MM_PROCESS_IS_FOREGROUND | MM_PROCESS_IS_VISIBLE | MM_PROCESS_HAS_TRANSIENT_TASK |
         MM_PROCESS_HAS_CONTINUOUS_TASK | MM_PROCESS_HAS_EVENT | MM_PROCESS_HAS_DIST_DEVICE,
     0, 0, 0, MM_RULE_FOREGROUND},
    /* Important and resident. */
    {"important background", MM_PROCESS_IS_IMPORTANT, 300, 0, 300, MM_RULE_IMPORTANT},
    {"important, less than it is", MM_PROCESS_IS_IMPORTANT, 800, 0, 400, MM_RULE_BACKGROUND},
    {"important foreground", MM_PROCESS_IS_IMPORTANT | MM_PROCESS_IS_FOREGROUND, 300, 0, 0,
     MM_RULE_FOREGROUND},
    {"important new", MM_PROCESS_IS_IMPORTANT | MM_PROCESS_IN_GRACE, 300, 0, 300, MM_RULE_IMPORTANT},
    {"important new 800", MM_PROCESS_IS_IMPORTANT | MM_PROCESS_IN_GRACE, 800, 0, 800, MM_RULE_IMPORTANT},
    {"important suspended", MM_PROCESS_IS_IMPORTANT | MM_PROCESS_IS_SUSPENDED, 300, 0, 300,
     MM_RULE_IMPORTANT},
    {"important -500", MM_PROCESS_IS_IMPORTANT, -500, 0, -500, MM_RULE_IMPORTANT},
    {"important -900 and resident", MM_PROCESS_IS_IMPORTANT | MM_PROCESS_IS_RESIDENT, -900, 0, -900,
     MM_RULE_IMPORTANT},
    {"important 300 and resident", MM_PROCESS_IS_IMPORTANT | MM_PROCESS_IS_RESIDENT, 300, 0, -800,
     MM_RULE_RESIDENT},
    /* Accounts (reference 5.2): within 0..1000, and nothing below 0. */
    {"inactive foreground", MM_PROCESS_IS_FOREGROUND, 0, 50, 50, MM_RULE_ACCOUNT},
    {"inactive background", 0, 0, 50, 450, MM_RULE_ACCOUNT},
    {"inactive transient", MM_PROCESS_HAS_TRANSIENT_TASK, 0, 50, 150, MM_RULE_ACCOUNT},
    {"active background", 0, 0, -50, 350, MM_RULE_ACCOUNT},
    {"active foreground", MM_PROCESS_IS_FOREGROUND, 0, -50, 0, MM_RULE_FOREGROUND},
    {"inactive resident", MM_PROCESS_IS_RESIDENT, 0, 50, -800, MM_RULE_RESIDENT},
    {"active important -500", MM_PROCESS_IS_IMPORTANT, -500, -50, -500, MM_RULE_IMPORTANT},
};

TEST(PriorityRules, FlagsToNumber)
{
    for (const RuleCase &row : rule_cases) {
        mm_rule_input input{};
        mm_rule_result result{};

        input.flags = row.flags;
        input.is_registered = true;
        input.important_floor = row.floor;
        input.oom_score_adj = 123;
        input.account_adjustment = row.account;
        mm_rules_own(&input, &result);
        EXPECT_EQ(result.own, row.expected) << row.name;
        EXPECT_EQ(result.rule, row.rule) << row.name << ": " << mm_priority_rule_name(result.rule);
    }
}

struct ProcessRuleCase {
    const char *name;
    int adj, priority;
    bool is_built_in;
    uint32_t flags;
    int expected;
    mm_priority_rule rule;
};

TEST(PriorityRules, AProcessRuleSaysWhatIsNotRegistered)
{
    const ProcessRuleCase cases[] = {
        {"a rule", 0, 400, false, 0, 400, MM_RULE_PROCESS_RULE},
        {"over what the file says", 300, 100, false, 0, 100, MM_RULE_PROCESS_RULE},
        {"down to less importance, too", -500, 400, false, 0, 400, MM_RULE_PROCESS_RULE},
        {"not over never killed", -1000, 400, false, 0, -1000, MM_RULE_OOM_SCORE_ADJ},
        {"protected", 0, -1000, false, 0, -1000, MM_RULE_PROCESS_RULE},
        {"built-in", 0, 0, true, 0, 0, MM_RULE_PROCESS_RULE},
        {"built-in, raised by somebody", 200, 0, true, 0, 200, MM_RULE_OOM_SCORE_ADJ},
        {"built-in, lowered by somebody", -500, -800, true, 0, -500, MM_RULE_OOM_SCORE_ADJ},
        {"built-in protection of who was raised", 200, -1000, true, 0, -1000, MM_RULE_PROCESS_RULE},
        {"built-in protection of who was lowered", -900, -1000, true, 0, -1000, MM_RULE_PROCESS_RULE},
        {"the white list is above it", 0, 400, false, MM_PROCESS_IS_SYSTEM, -1000, MM_RULE_SYSTEM},
    };
    for (const ProcessRuleCase &row : cases) {
        for (bool is_registered : {false, true}) {
            mm_rule_input input{};
            mm_rule_result result{};

            input.flags = row.flags;
            input.is_registered = is_registered;
            input.oom_score_adj = row.adj;
            input.has_rule = true;
            input.is_rule_built_in = row.is_built_in;
            input.rule_priority = row.priority;
            mm_rules_own(&input, &result);
            /* a client has the last word */
            if (is_registered) {
                EXPECT_NE(result.rule, MM_RULE_PROCESS_RULE) << row.name;
                continue;
            }
            EXPECT_EQ(result.own, row.expected) << row.name;
            EXPECT_EQ(result.rule, row.rule) << row.name << ": " << mm_priority_rule_name(result.rule);
        }
    }
}

TEST(PriorityRules, UnregisteredIsWhatTheFileSays)
{
    for (int adj : {-1000, -1, 0, 1, 300, 1000}) {
        mm_rule_input input{};
        mm_rule_result result{};

        /* Nothing else counts, whatever is set. */
        input.flags = MM_PROCESS_IS_RESIDENT | MM_PROCESS_IS_IMPORTANT | MM_PROCESS_IS_FOREGROUND;
        input.account_adjustment = 50;
        input.oom_score_adj = adj;
        mm_rules_own(&input, &result);
        EXPECT_EQ(result.own, adj);
        EXPECT_EQ(result.rule, MM_RULE_OOM_SCORE_ADJ);
    }
}

TEST(PriorityRules, ClampsTheAccountToTheRange)
{
    mm_rule_input input{};
    mm_rule_result result{};

    input.is_registered = true;
    input.flags = MM_PROCESS_IN_GRACE | MM_PROCESS_IS_IMPORTANT;
    input.important_floor = 980;
    input.account_adjustment = 50;
    mm_rules_own(&input, &result);
    EXPECT_EQ(result.own, 1000);
    input.important_floor = 20;
    input.account_adjustment = -50;
    mm_rules_own(&input, &result);
    EXPECT_EQ(result.own, 0);
}

TEST(PriorityRules, CallersGiveAHundredLess)
{
    const struct {
        int caller, expected;
    } rows[] = {{-800, 100}, {0, 100}, {50, 150}, {260, 360}, {400, 500}, {500, 500}, {1000, 500}};

    for (const auto &row : rows)
        EXPECT_EQ(mm_rules_bound(row.caller), row.expected) << row.caller;
}

TEST(PriorityRules, RendersAreNeverProtected)
{
    EXPECT_EQ(mm_rules_render(-800), 0);
    EXPECT_EQ(mm_rules_render(0), 0);
    EXPECT_EQ(mm_rules_render(450), 450);
}

TEST(PriorityRules, EachRuleHasItsName)
{
    for (int rule = 0; rule < MM_RULE_COUNT; rule++) {
        EXPECT_STRNE(mm_priority_rule_name(static_cast<mm_priority_rule>(rule)), "unknown") << rule;
        for (int other = 0; other < rule; other++)
            EXPECT_STRNE(mm_priority_rule_name(static_cast<mm_priority_rule>(rule)),
                         mm_priority_rule_name(static_cast<mm_priority_rule>(other)));
    }
    EXPECT_STREQ(mm_priority_rule_name(MM_RULE_COUNT), "unknown");
}
