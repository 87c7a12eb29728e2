/* SPDX-License-Identifier: Apache-2.0 */
/* Squeezing and levels in the engine over the simulated machine. */
#include "reclaim_fixture.h"

#include <errno.h>

namespace
{

/* ---- squeezing ------------------------------------------------------------------------------------------ */

TEST_F(Reclaim, TheLeastImportantAreSqueezedInListOrderUntilTheHighBuffer)
{
    begin();
    note_squeezes();
    add_in_own_group(1010, 0, 200 * MIB, "foreground");
    add_in_own_group(1020, 400, 200 * MIB, "background");
    add_in_own_group(1030, 800, 60 * MIB, "suspended");
    crowd(740 * MIB);
    run_for(5 * SECOND);
    EXPECT_EQ(order(), (std::vector<std::string>{"suspended", "background"}));
    EXPECT_GE(available(), 850 * MIB);
    EXPECT_LT(available(), 850 * MIB + config->squeeze.chunk_bytes) << "no more than it takes";
    EXPECT_EQ(group("/app/foreground", MM_GROUP_SWAP_CURRENT), 0u);
    EXPECT_FALSE(status().is_squeezing);
    EXPECT_EQ(status().squeezes, squeezed.size());
    EXPECT_GE(status().squeezed_bytes, 110 * MIB);
    EXPECT_TRUE(was_decided("none", "available is at its buffer"));
}

TEST_F(Reclaim, WhyIsSaidOnceAndWhatCameOfItWithEachChunk)
{
    std::vector<std::string> said;

    begin();
    add_in_own_group(1020, 400, 200 * MIB, "background");
    add_in_own_group(1030, 800, 200 * MIB, "suspended");
    on_event = [&](const mm_event &event) {
        const mm_decision &decision = event.payload.decision;

        if (event.kind == MM_EVENT_DECISION && strcmp(decision.action, "none") != 0)
            said.push_back(std::string(decision.action) + " " + decision.target + ": " + decision.reason);
    };
    mm_simulated_fail(kernel, "job", EAGAIN, 1);
    crowd(740 * MIB);
    run_for(50 * MILLISECOND);
    ASSERT_GE(said.size(), 5u);
    said.resize(5);
    EXPECT_EQ(
        said,
        (std::vector<std::string>{
            "squeeze suspended: available 740 MiB is below 750 MB; the least important with something to "
            "give, in group /app/suspended",
            "squeezed suspended: 0 B of 16 MiB came back in 0 ms; left alone for 10000 ms",
            "squeeze background: available 740 MiB is below 750 MB; the least important with something "
            "to give, in group /app/background",
            "squeezed background: 16 MiB of 16 MiB came back in 15 ms",
            "squeezed background: 16 MiB of 16 MiB came back in 15 ms"}))
        << "and not again why";
}

/* What others have given the worker to do is not the group's fault. */
TEST_F(Reclaim, WhereTheWorkerCanTakeNoMoreTheGroupIsNotSpared)
{
    begin();
    note_squeezes();
    add_in_own_group(1030, 800, 200 * MIB, "suspended");
    mm_simulated_fail(kernel, "submit_job", EAGAIN, 1);
    crowd(740 * MIB);
    run_for(10 * MILLISECOND);
    EXPECT_TRUE(was_decided("squeeze", "the worker has as much to do as it can take"));
    EXPECT_TRUE(squeezed.empty());
    run_for(config->squeeze.rest_ms * MILLISECOND + 100 * MILLISECOND);
    EXPECT_EQ(order(), (std::vector<std::string>{"suspended"}));
}

TEST_F(Reclaim, AboveTheMinimumNobodyIsSqueezed)
{
    begin();
    note_squeezes();
    add_in_own_group(1030, 800, 300 * MIB, "suspended");
    crowd(750 * MIB);
    run_for(5 * SECOND);
    EXPECT_TRUE(squeezed.empty());
    crowd(749 * MIB, 9998);
    run_for(5 * SECOND);
    EXPECT_FALSE(squeezed.empty());
    EXPECT_GE(available(), 850 * MIB);
}

TEST_F(Reclaim, ChunksAreBoundedAndFollowEachOther)
{
    unsigned most_under_way = 0;

    begin();
    add_in_own_group(1030, 800, 300 * MIB, "suspended");
    after_step = [&] {
        unsigned submitted = mm_simulated_calls(kernel, "submit_job");
        unsigned done = static_cast<unsigned>(status().squeezes);

        most_under_way = std::max(most_under_way, submitted - done);
    };
    crowd(740 * MIB);
    run_for(5 * SECOND);
    EXPECT_EQ(most_under_way, 1u);
    EXPECT_GE(status().squeezes, 7u) << "110 MiB in chunks of 16";
}

TEST_F(Reclaim, TheSwapReserveIsLeftForThoseInFront)
{
    machine.zram_bytes = 300 * MIB;
    begin();
    add_in_own_group(1030, 800, 600 * MIB, "suspended");
    crowd(500 * MIB);
    run_for(5 * SECOND);
    EXPECT_LT(available(), 850 * MIB);
    EXPECT_LE(group("/app/suspended", MM_GROUP_SWAP_CURRENT), 100 * MIB + config->squeeze.chunk_bytes);
    EXPECT_GE(group("/app/suspended", MM_GROUP_SWAP_CURRENT), 100 * MIB);
    EXPECT_TRUE(was_decided("none", "free swap is down to its reserve"));
}

TEST_F(Reclaim, AGroupThatGaveNothingIsLeftAloneForAWhile)
{
    begin();
    note_squeezes();
    add_in_own_group(1020, 400, 200 * MIB, "background");
    add_in_own_group(1030, 800, 200 * MIB, "suspended");
    mm_simulated_fail(kernel, "job", EAGAIN, 1);
    crowd(740 * MIB);
    run_for(2 * SECOND);
    ASSERT_GE(squeezed.size(), 2u);
    EXPECT_EQ(order(), (std::vector<std::string>{"suspended", "background"}));
    crowd(740 * MIB, 9998);
    run_for(config->squeeze.retry_ms * MILLISECOND);
    crowd(740 * MIB, 9997);
    run_for(2 * SECOND);
    EXPECT_EQ(order(), (std::vector<std::string>{"suspended", "background", "suspended"}));
}

TEST_F(Reclaim, SmallGroupsAreLeftAlone)
{
    begin();
    note_squeezes();
    add_in_own_group(1020, 800, config->squeeze.min_group_bytes - 4096, "small");
    add_in_own_group(1030, 400, 200 * MIB, "large");
    crowd(740 * MIB);
    run_for(2 * SECOND);
    EXPECT_EQ(order(), (std::vector<std::string>{"large"}));
}

TEST_F(Reclaim, ManyThatGiveNothingDoNotHideTheOneThatDoes)
{
    begin();
    note_squeezes();
    for (pid_t pid = 2000; pid < 3000; pid += 10)
        add_in_own_group(pid, 800, MIB, "small " + std::to_string(pid));
    add_in_own_group(1030, 400, 300 * MIB, "large");
    crowd(740 * MIB);
    run_for(2 * SECOND);
    EXPECT_EQ(order(), (std::vector<std::string>{"large"}));
    EXPECT_GE(available(), 850 * MIB);
}

TEST_F(Reclaim, WhenNobodyCanBeSqueezedItDoesNotTryWithoutEnd)
{
    unsigned calls;

    begin();
    for (pid_t pid = 2000; pid < 3000; pid += 10)
        add_in_own_group(pid, 800, MIB, "small " + std::to_string(pid));
    crowd(740 * MIB);
    run_for(SECOND);
    calls = mm_simulated_calls(kernel, "open_group");
    run_for(10 * SECOND);
    EXPECT_LE(mm_simulated_calls(kernel, "open_group") - calls, 1100u) << "a walk of 100 groups each second";
    EXPECT_TRUE(was_decided("none", "nobody may be squeezed now"));
}

TEST_F(Reclaim, ItRestsAsLongAsConfiguredBeforeItWalksTheListAgain)
{
    unsigned calls;

    config->squeeze.rest_ms = 5000;
    begin();
    for (pid_t pid = 2000; pid < 3000; pid += 10)
        add_in_own_group(pid, 800, MIB, "small " + std::to_string(pid));
    crowd(740 * MIB);
    run_for(SECOND);
    calls = mm_simulated_calls(kernel, "open_group");
    run_for(10 * SECOND);
    EXPECT_GE(mm_simulated_calls(kernel, "open_group") - calls, 200u);
    EXPECT_LE(mm_simulated_calls(kernel, "open_group") - calls, 300u)
        << "a walk of 100 groups each five seconds";
}

/* However many they are: each costs one attempt, and then it is somebody's turn who gives. */
TEST_F(Reclaim, EachOfManyThatGiveNothingIsAskedOnceUntilItIsDueAgain)
{
    const unsigned many = 100;
    std::vector<std::string> early;

    machine.ram_bytes = 8192 * MIB;
    begin();
    note_squeezes();
    for (unsigned i = 0; i < many; i++)
        add_in_own_group(static_cast<pid_t>(2000 + 10 * i), 800, 20 * MIB, "dry " + std::to_string(i));
    mm_simulated_fail(kernel, "job", EAGAIN, UINT32_MAX);
    crowd(740 * MIB);
    run_for(2 * SECOND);
    EXPECT_EQ(squeezed.size(), many);
    EXPECT_TRUE(was_decided("none", "nobody may be squeezed now"));
    mm_simulated_fail(kernel, "job", EAGAIN, 0);
    add_in_own_group(1030, 400, 300 * MIB, "large");
    run_for(config->squeeze.retry_ms * MILLISECOND - 5 * SECOND);
    early.assign(squeezed.begin() + many, squeezed.end());
    EXPECT_FALSE(early.empty());
    EXPECT_EQ(std::count(early.begin(), early.end(), "large"), static_cast<ptrdiff_t>(early.size()));
}

TEST_F(Reclaim, AGroupThatGaveNothingIsAskedOnceForAllOfItsBundles)
{
    begin();
    note_squeezes();
    for (pid_t pid = 2000; pid < 2100; pid += 10)
        add_application(pid, 800, 20 * MIB, "one of " + std::to_string(pid), "/app/shared");
    mm_simulated_fail(kernel, "job", EAGAIN, UINT32_MAX);
    crowd(740 * MIB);
    run_for(2 * SECOND);
    EXPECT_EQ(squeezed.size(), 1u);
}

TEST_F(Reclaim, SomebodyWhoMovesBackIsSqueezedAtOnce)
{
    begin();
    note_squeezes();
    add_in_own_group(1030, 0, 300 * MIB, "leaving");
    crowd(740 * MIB);
    run_for(1500 * MILLISECOND);
    EXPECT_TRUE(squeezed.empty());
    move(1030, 800, "leaving");
    run_for(50 * MILLISECOND);
    EXPECT_EQ(order(), (std::vector<std::string>{"leaving"}));
}

struct GroupCase {
    const char *what;
    const char *group;
    int other_priority; /* of another application in the group; -1: there is none */
    bool has_stranger;  /* a process the list does not know */
    bool is_squeezed;
};

class ReclaimGroup : public Reclaim, public testing::WithParamInterface<GroupCase>
{
};

TEST_P(ReclaimGroup, IsTouchedOnlyWhereEverybodyInItMayBe)
{
    const GroupCase &row = GetParam();

    begin();
    note_squeezes();
    add_application(1030, 800, 300 * MIB, "suspended", row.group);
    if (row.other_priority >= 0)
        add_application(1040, row.other_priority, 50 * MIB, "other", row.group);
    if (row.has_stranger)
        spawn(4000, MIB, row.group);
    crowd(740 * MIB);
    run_for(2 * SECOND);
    EXPECT_EQ(!squeezed.empty(), row.is_squeezed) << row.what;
    if (!row.is_squeezed) {
        EXPECT_EQ(group(row.group, MM_GROUP_SWAP_CURRENT), 0u) << row.what;
    }
}

INSTANTIATE_TEST_SUITE_P(Groups, ReclaimGroup,
                         testing::Values(GroupCase{"its own", "/app/own", -1, false, true},
                                         GroupCase{"shared with one as far back", "/app", 400, false, true},
                                         GroupCase{"shared with the foreground", "/app", 0, false, false},
                                         GroupCase{"shared with a stranger", "/app", -1, true, false},
                                         GroupCase{"the root", "/", -1, false, false}));

TEST_F(Reclaim, TheDomainsOwnGroupIsNobodysOwn)
{
    mm_copy_text(config->domain.group_path, sizeof(config->domain.group_path), "/domain");
    begin();
    note_squeezes();
    add_application(1030, 800, 300 * MIB, "in the domain itself", "/domain");
    add_application(1040, 400, 300 * MIB, "below", "/domain/below");
    crowd(740 * MIB);
    run_for(2 * SECOND);
    EXPECT_EQ(order(), (std::vector<std::string>{"below"}));
}

TEST_F(Reclaim, ADecisionToKillCancelsTheChunkUnderWayAndItGoesOnAfterwards)
{
    machine.reclaim_bytes_per_s = 10 * MIB; /* a chunk takes 1.6 s */
    config->kill.is_enabled = true;
    config->kill.margin_bytes = 0;
    begin();
    add_in_own_group(1020, 800, 4 * MIB, "too small to squeeze");
    add_in_own_group(1030, 800, 200 * MIB, "squeezed");
    crowd(740 * MIB);
    run_for(100 * MILLISECOND);
    ASSERT_TRUE(status().is_squeezing);
    ASSERT_EQ(status().squeezes, 0u);
    crowd(499 * MIB, 9998);
    EXPECT_EQ(killed(), (std::vector<std::string>{"too small to squeeze"})) << "the kill waited for nothing";
    step();
    EXPECT_EQ(status().squeezes, 1u) << "the chunk has ended";
    EXPECT_LT(status().squeezed_bytes, 2 * MIB);
    run_for(SECOND);
    EXPECT_EQ(killed().size(), 1u);
    EXPECT_EQ(mm_simulated_calls(kernel, "submit_job"), 2u) << "a group is not tired when it was interrupted";
}

TEST_F(Reclaim, TheKillerGoesFirstWhereBothHaveSomethingToDo)
{
    config->kill.is_enabled = true;
    begin();
    add_in_own_group(1030, 800, 200 * MIB, "suspended");
    fill_until(450 * MIB);
    unsigned calls = mm_simulated_calls(kernel, "submit_job");
    press();
    EXPECT_EQ(killed(), (std::vector<std::string>{"suspended"}));
    EXPECT_EQ(mm_simulated_calls(kernel, "submit_job"), calls);
}

/* Until the killer rests, and the memory of a victim that cannot exit is not taken either. */
TEST_F(Reclaim, WhileAKillIsUnderWayNothingIsSqueezed)
{
    unsigned calls;

    config->kill.is_enabled = true;
    machine.lacks[MM_FEATURE_PROCESS_MRELEASE] = true;
    begin();
    add_in_own_group(1020, 400, 300 * MIB, "background");
    add_application(1030, 800, 200 * MIB, "suspended", "/app/suspended", 300);
    crowd(450 * MIB);
    ASSERT_TRUE(is_killing());
    calls = mm_simulated_calls(kernel, "submit_job");
    press();
    run_for(250 * MILLISECOND);
    EXPECT_TRUE(is_killing());
    EXPECT_EQ(mm_simulated_calls(kernel, "submit_job"), calls);
    run_for(2 * SECOND);
    EXPECT_FALSE(is_killing());
    EXPECT_GT(mm_simulated_calls(kernel, "submit_job"), calls) << "then it goes on";
}

TEST_F(Reclaim, WithoutMemoryReclaimALimitIsClaimedAndGivenBack)
{
    bool was_held = false;

    machine.lacks[MM_FEATURE_MEMORY_RECLAIM] = true;
    begin();
    add_in_own_group(1030, 800, 300 * MIB, "suspended");
    on_event = [&](const mm_event &event) {
        if (event.kind == MM_EVENT_DECISION && strcmp(event.payload.decision.action, "squeeze") == 0)
            was_held = status().limits_held == 1;
    };
    crowd(740 * MIB);
    run_for(5 * SECOND);
    EXPECT_TRUE(was_held);
    EXPECT_GE(available(), 850 * MIB);
    EXPECT_EQ(group("/app/suspended", MM_GROUP_HIGH), MM_UNLIMITED);
    EXPECT_EQ(status().limits_held, 0u);
    EXPECT_EQ(status().limits_left, 0u);
}

TEST_F(Reclaim, OnV1TheHardLimitIsTheOneClaimed)
{
    machine.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = true;
    begin();
    note_squeezes();
    add_in_own_group(1030, 800, 300 * MIB, "suspended");
    crowd(740 * MIB);
    run_for(5 * SECOND);
    EXPECT_FALSE(squeezed.empty());
    EXPECT_EQ(group("/app/suspended", MM_GROUP_MAX), MM_UNLIMITED);
    EXPECT_EQ(status().limits_held, 0u);
}

TEST_F(Reclaim, InADryRunNothingIsReclaimedButSaid)
{
    begin_dry();
    note_squeezes();
    add_in_own_group(1020, 400, 200 * MIB, "background");
    add_in_own_group(1030, 800, 200 * MIB, "suspended");
    crowd(740 * MIB);
    run_for(2 * SECOND);
    EXPECT_EQ(squeezed, (std::vector<std::string>{"suspended", "background"}));
    EXPECT_EQ(available(), 740 * MIB);
    EXPECT_EQ(mm_simulated_calls(simulated, "submit_job"), 0u);
}

TEST_F(Reclaim, InADryRunALimitIsClaimedAsItWouldBe)
{
    bool was_held = false;

    machine.lacks[MM_FEATURE_MEMORY_RECLAIM] = true;
    begin_dry();
    on_event = [&](const mm_event &event) {
        if (event.kind == MM_EVENT_DECISION && strcmp(event.payload.decision.action, "squeeze") == 0)
            was_held = status().limits_held == 1;
    };
    add_in_own_group(1030, 800, 300 * MIB, "suspended");
    crowd(740 * MIB);
    run_for(2 * SECOND);
    EXPECT_TRUE(was_held);
    EXPECT_EQ(status().limits_held, 0u);
    EXPECT_EQ(group("/app/suspended", MM_GROUP_HIGH), MM_UNLIMITED);
    EXPECT_EQ(mm_simulated_calls(simulated, "raise_group"), 0u);
}

/* Its process ended untold; in the group of whoever has the pid now nothing is done for it. */
TEST_F(Reclaim, AGroupOfAReusedPidIsNotSqueezedForTheOneBefore)
{
    config->memory_level = {}; /* nobody looks for new processes when it gets worse */
    begin();
    note_squeezes();
    add_in_own_group(1030, 800, 200 * MIB, "ended");
    add_in_own_group(1040, 800, 200 * MIB, "squeezed");
    ASSERT_EQ(mm_simulated_exit(kernel, 1030), 0);
    spawn(1030, 200 * MIB, "/stranger");
    crowd(740 * MIB);
    run_for(5 * SECOND);
    EXPECT_EQ(order(), (std::vector<std::string>{"squeezed"}));
    EXPECT_EQ(group("/stranger", MM_GROUP_SWAP_CURRENT), 0u);
}

TEST_F(Reclaim, AGroupOutsideTheDomainIsNobodysToSqueeze)
{
    machine.domain_group = "/app";
    mm_copy_text(config->domain.group_path, sizeof(config->domain.group_path), "/app");
    begin();
    note_squeezes();
    add_in_own_group(1030, 800, 200 * MIB, "protected");
    add_in_own_group(1040, 800, 200 * MIB, "squeezed");
    ASSERT_EQ(mm_simulated_move(kernel, 1030, "/apparently/protected"), 0);
    crowd(740 * MIB);
    run_for(5 * SECOND);
    EXPECT_EQ(order(), (std::vector<std::string>{"squeezed"}));
    EXPECT_EQ(group("/apparently/protected", MM_GROUP_SWAP_CURRENT), 0u);
}

/* ---- levels --------------------------------------------------------------------------------------------- */

TEST_F(Reclaim, EachChangeOfTheLevelIsToldOnce)
{
    std::vector<std::pair<mm_memory_level, mm_memory_level>> changes;

    config->squeeze.is_enabled = false;
    begin();
    on_event = [&](const mm_event &event) {
        if (event.kind == MM_EVENT_MEMORY_LEVEL)
            changes.emplace_back(event.payload.level.previous, event.payload.level.level);
    };
    let_hog_grow(1300 * MIB, 100 * MIB); /* from 2047 to 748 MiB */
    run_for(20 * SECOND);
    press();
    press();
    ASSERT_EQ(mm_simulated_exit(kernel, HOG), 0);
    press();
    run_for(20 * SECOND);
    EXPECT_EQ(changes, (std::vector<std::pair<mm_memory_level, mm_memory_level>>{
                           {MM_LEVEL_NONE, MM_LEVEL_PURGEABLE},
                           {MM_LEVEL_PURGEABLE, MM_LEVEL_MODERATE},
                           {MM_LEVEL_MODERATE, MM_LEVEL_NONE}}));
}

TEST_F(Reclaim, PressureRaisesTheLevelAndItIsHeld)
{
    std::vector<std::string> changes;
    const uint64_t held = 5 * SECOND;
    auto stall = [this](mm_pressure_kind kind, uint64_t group_id = 0) {
        mm_event event = {};

        event.kind = MM_EVENT_PRESSURE;
        event.group_id = group_id;
        event.payload.pressure.kind = kind;
        mm_event_center_publish(engine->center, &event);
    };

    config->squeeze.is_enabled = false;
    begin();
    on_event = [&](const mm_event &event) {
        if (event.kind == MM_EVENT_MEMORY_LEVEL)
            changes.push_back(std::string(mm_memory_level_name(event.payload.level.level)) + " by " +
                              mm_level_cause_name(event.payload.level.cause));
    };
    run_for(SECOND);
    for (int i = 0; i < 3; i++) {
        stall(MM_PRESSURE_SOME);
        run_for(held / 2);
    }
    EXPECT_EQ(changes, std::vector<std::string>{"moderate by pressure"}) << "each change is told once";
    stall(MM_PRESSURE_FULL, 7);
    EXPECT_EQ(changes.size(), 1u) << "what it suffers says nothing of the others";
    stall(MM_PRESSURE_FULL);
    run_for(held * 3 / 4);
    stall(MM_PRESSURE_SOME);
    run_for(held / 2);
    EXPECT_EQ(changes,
              (std::vector<std::string>{"moderate by pressure", "low by pressure", "moderate by pressure"}))
        << "what is worse ends by itself";
    run_for(held);
    EXPECT_EQ(changes.back(), "none by waterline");
    EXPECT_EQ(changes.size(), 4U);
    run_for(held * 4);
    EXPECT_EQ(changes.size(), 4U);
}

TEST_F(Reclaim, TheWorseOfWaterlineAndPressureIsTheLevel)
{
    std::vector<mm_memory_level> changes;
    mm_event event = {};

    config->squeeze.is_enabled = false;
    begin();
    on_event = [&](const mm_event &seen) {
        if (seen.kind == MM_EVENT_MEMORY_LEVEL)
            changes.push_back(seen.payload.level.level);
    };
    run_for(SECOND);
    event.kind = MM_EVENT_PRESSURE;
    event.payload.pressure.kind = MM_PRESSURE_FULL;
    mm_event_center_publish(engine->center, &event);
    let_hog_grow(1300 * MIB,
                 400 * MIB); /* to 748 MiB before the hold ends: moderate, which is better than low */
    run_for(20 * SECOND);
    EXPECT_EQ(changes, (std::vector<mm_memory_level>{MM_LEVEL_LOW, MM_LEVEL_MODERATE}));
}

} // namespace
