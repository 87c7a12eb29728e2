/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of limits: whatever happens when, nothing of ours is left behind and nothing foreign touched. */
#include "limits_fixture.h"

#include <errno.h>

#include <array>
#include <cstring>

namespace
{

/* ---- a crash at any moment ------------------------------------------------------------------------------ */

/* Sets three limits, one over somebody's own, takes one back, claims one; then the daemon is dead or has ended. */
class LimitsCrash : public Limits
{
  protected:
    const std::array<std::string, 4> paths = {"/app/a", "/app/b", "/app/c", "/app/d"};
    const std::array<uint64_t, 4> old_values = {MM_UNLIMITED, 150 * MM_MIB, MM_UNLIMITED, 130 * MM_MIB};

    void make_groups()
    {
        make_machine();
        for (size_t i = 0; i < paths.size(); i++) {
            add_group(paths[i], 100);
            write_high(paths[i], old_values[i]);
        }
    }

    void live()
    {
        if (mm_event_center_new(kernel, &center) < 0)
            return;
        if (mm_decision_log_new(center, &log) < 0 || mm_limits_new(kernel, center, &limits) < 0)
            return;
        (void)mm_event_center_subscribe(center, MM_RANK_RECLAIM_STRATEGY, 1u << MM_EVENT_NOTICE, on_event,
                                        this);
        int first = mm_limits_set(limits, A, paths[0].c_str(), MM_GROUP_HIGH, 80 * MM_MIB);
        (void)mm_limits_set(limits, A, paths[1].c_str(), MM_GROUP_HIGH, 70 * MM_MIB);
        run_for(5 * MM_NS_PER_MS);
        (void)mm_limits_set(limits, A, paths[2].c_str(), MM_GROUP_HIGH, 60 * MM_MIB);
        run_for(5 * MM_NS_PER_MS);
        if (first >= 0)
            mm_limits_release(limits, first);
        run_for(5 * MM_NS_PER_MS);
        int claim = mm_limits_claim_transient(limits, B, paths[3].c_str(), MM_GROUP_HIGH);
        /* the worker lowers it, and may be anywhere in between */
        if (claim >= 0 && !mm_simulated_is_halted(kernel)) {
            mm_lowered_limit_set(mm_limits_lowered(limits, claim), old_values[3], 88 * MM_MIB);
            write_high(paths[3], 88 * MM_MIB);
        }
        run_for(5 * MM_NS_PER_MS);
    }

    void expect_old_values(unsigned moment)
    {
        for (size_t i = 0; i < paths.size(); i++)
            EXPECT_EQ(high(paths[i]), old_values[i]) << paths[i] << " after a crash at operation " << moment;
        EXPECT_EQ(count(), Pair(0, 0)) << moment;
        EXPECT_EQ(said("somebody else"), 0u) << moment;
    }
};

TEST_F(LimitsCrash, EveryLimitIsBackAfterACrashAtAnyOperationAndARestart)
{
    unsigned moment = 1;

    for (bool was_halted = true; was_halted; moment++) {
        make_groups();
        mm_simulated_halt_after(kernel, moment);
        live();
        was_halted = mm_simulated_is_halted(kernel);
        crash();
        start();
        run_for(5 * MM_NS_PER_S);
        expect_old_values(moment);
        end();
        mm_kernel_free(kernel);
        kernel = nullptr;
    }
    EXPECT_GT(moment, 30u) << "the daemon's life had so few operations that this shows nothing";
}

TEST_F(LimitsCrash, ARestartThatCrashesItselfLeavesItToTheNext)
{
    unsigned moment = 1;

    for (bool was_halted = true; was_halted; moment++) {
        make_groups();
        live();
        crash();
        mm_simulated_halt_after(kernel, moment);
        if (mm_event_center_new(kernel, &center) == 0 && mm_decision_log_new(center, &log) == 0 &&
            mm_limits_new(kernel, center, &limits) == 0)
            run_for(10 * MM_NS_PER_MS);
        was_halted = mm_simulated_is_halted(kernel);
        crash();
        start();
        run_for(5 * MM_NS_PER_S);
        expect_old_values(moment);
        end();
        mm_kernel_free(kernel);
        kernel = nullptr;
    }
    EXPECT_GT(moment, 10u);
}

TEST_F(LimitsCrash, OneFailureOfAnyOperationAtTheRestartDelaysItOnly)
{
    for (const char *operation :
         {"open_group", "read_group", "raise_group", "submit_job", "job", "group_id"}) {
        make_groups();
        live();
        crash();
        mm_simulated_fail(kernel, operation, EIO, 2);
        start();
        run_for(5 * MM_NS_PER_S);
        expect_old_values(0);
        end();
        mm_kernel_free(kernel);
        kernel = nullptr;
    }
}

TEST_F(LimitsCrash, WhatSomebodyChangedMeanwhileIsTheirs)
{
    make_groups();
    live();
    crash();
    write_high(paths[1], 99 * MM_MIB);
    start();
    run_for(MM_NS_PER_S);
    EXPECT_EQ(high(paths[1]), 99 * MM_MIB);
    EXPECT_EQ(said("somebody else changed this limit"), 1u);
    EXPECT_EQ(high(paths[2]), MM_UNLIMITED);
    EXPECT_EQ(count(), Pair(0, 0));
}

TEST_F(LimitsCrash, WhatSomebodyLoweredFurtherDuringASqueezeIsTheirs)
{
    make_groups();
    live();
    crash();
    write_high(paths[3], 50 * MM_MIB);
    start();
    run_for(MM_NS_PER_S);
    EXPECT_EQ(high(paths[3]), 50 * MM_MIB);
    EXPECT_EQ(said("somebody else changed this limit"), 1u);
    EXPECT_EQ(count(), Pair(0, 0));
}

TEST_F(LimitsCrash, AGroupMadeAnewUnderTheSamePathIsAnotherGroup)
{
    make_machine();
    add_group("/app/a", 100);
    start();
    ASSERT_GE(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), 0);
    run_for(MM_NS_PER_S);
    crash();
    empty_group("/app/a");
    add_group("/app/a", 100);
    write_high("/app/a", 80 * MM_MIB); /* theirs, though the value is the same */
    start();
    run_for(MM_NS_PER_S);
    EXPECT_EQ(high("/app/a"), 80 * MM_MIB);
    EXPECT_EQ(count(), Pair(0, 0));
}

TEST_F(LimitsCrash, ARemovedGroupIsForgottenAtTheRestart)
{
    make_machine();
    add_group("/app/a", 100);
    start();
    ASSERT_GE(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), 0);
    run_for(MM_NS_PER_S);
    crash();
    empty_group("/app/a");
    start();
    EXPECT_EQ(count(), Pair(0, 0));
}

TEST_F(LimitsCrash, ARestoreThatNeedsTheWorkerIsDoneAtTheRestart)
{
    make_machine();
    add_group("/app/a", 100);
    write_high("/app/a", 120 * MM_MIB);
    start();
    ASSERT_GE(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 200 * MM_MIB), 0);
    run_for(MM_NS_PER_S);
    crash();
    ASSERT_EQ(mm_simulated_set_growth(kernel, last_pid, 1000 * MM_MIB, 180 * MM_MIB), 0);
    mm_simulated_advance(kernel, MM_NS_PER_S);
    start();
    EXPECT_EQ(count(), Pair(0, 1));
    run_for(MM_NS_PER_S);
    EXPECT_EQ(high("/app/a"), 120 * MM_MIB);
    EXPECT_EQ(count(), Pair(0, 0));
}

/* ---- a journal that is not as we wrote it --------------------------------------------------------------- */

TEST_F(LimitsCrash, DamagedEntriesAreDroppedAndTheOthersRestored)
{
    const struct {
        const char *what;
        void (*damage)(mm_limit_entry *entry);
    } rows[] = {
        {"a bit of the old value", [](mm_limit_entry *entry) { entry->old_bytes ^= 4096; }},
        {"the written value", [](mm_limit_entry *entry) { entry->written_bytes++; }},
        {"the path", [](mm_limit_entry *entry) { entry->path[5] = 'b'; }},
        {"a path without an end",
         [](mm_limit_entry *entry) { memset(entry->path, 'x', sizeof(entry->path)); }},
        {"a value that is none", [](mm_limit_entry *entry) { entry->value = 99; }},
        {"the group", [](mm_limit_entry *entry) { entry->group_id++; }},
        {"what a job lowered", [](mm_limit_entry *entry) { entry->is_transient = 1; }},
        {"the checksum", [](mm_limit_entry *entry) { entry->checksum++; }},
        {"a state that is none", [](mm_limit_entry *entry) { entry->state = 7; }},
        {"all of it", [](mm_limit_entry *entry) { memset(entry, 0xff, sizeof(*entry)); }},
    };

    for (const auto &row : rows) {
        make_machine();
        add_group("/app/a", 100);
        add_group("/app/z", 100);
        start();
        ASSERT_EQ(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), 0);
        ASSERT_EQ(mm_limits_set(limits, A, "/app/z", MM_GROUP_HIGH, 80 * MM_MIB), 1);
        run_for(MM_NS_PER_S);
        crash();
        row.damage(&journal()->entries[0]);
        start();
        run_for(MM_NS_PER_S);
        EXPECT_EQ(high("/app/a"), 80 * MM_MIB) << row.what << ": nobody knows what it was";
        EXPECT_EQ(high("/app/z"), MM_UNLIMITED) << row.what;
        EXPECT_EQ(count(), Pair(0, 0)) << row.what;
        end();
        mm_kernel_free(kernel);
        kernel = nullptr;
    }
}

TEST_F(LimitsCrash, AJournalOfAnotherKindIsBegunAnew)
{
    void (*const damages[])(mm_limit_journal *) = {
        [](mm_limit_journal *one) { one->magic++; },
        [](mm_limit_journal *one) { one->version--; },
        [](mm_limit_journal *one) { one->entry_bytes--; },
        [](mm_limit_journal *one) { memset(one, 0x55, sizeof(*one)); },
    };

    for (auto *damage : damages) {
        make_machine();
        add_group("/app/a", 100);
        start();
        ASSERT_GE(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), 0);
        run_for(MM_NS_PER_S);
        crash();
        damage(journal());
        start();
        EXPECT_EQ(count(), Pair(0, 0));
        EXPECT_EQ(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 70 * MM_MIB), 0);
        end();
        mm_kernel_free(kernel);
        kernel = nullptr;
    }
}

TEST_F(LimitsCrash, ALaterVersionsEntriesAreTakenOver)
{
    for (size_t longer : {size_t{0}, size_t{64}}) {
        make_machine();
        add_group("/app/a", 100);
        add_group("/app/z", 100);
        start();
        ASSERT_EQ(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), 0);
        ASSERT_EQ(mm_limits_set(limits, A, "/app/z", MM_GROUP_HIGH, 80 * MM_MIB), 1);
        run_for(MM_NS_PER_S);
        crash();
        mm_limit_journal *one = journal();
        one->version++;
        one->entry_bytes += static_cast<uint32_t>(longer);
        memmove(reinterpret_cast<char *>(&one->entries[1]) + longer, &one->entries[1],
                sizeof(one->entries[1]));
        if (longer > 0)
            memset(&one->entries[1], 0x55, longer);
        start();
        run_for(MM_NS_PER_S);
        EXPECT_EQ(high("/app/a"), MM_UNLIMITED) << longer;
        EXPECT_EQ(high("/app/z"), MM_UNLIMITED) << longer;
        EXPECT_EQ(count(), Pair(0, 0));
        end();
        mm_kernel_free(kernel);
        kernel = nullptr;
    }
}

TEST_F(LimitsCrash, AShortenedJournalKeepsItsWholeEntries)
{
    make_groups();
    live();
    crash();
    void *memory = nullptr;
    /* the machine keeps what fits, as the file does */
    ASSERT_EQ(kernel->ops->map_state(kernel, "limits", sizeof(mm_limit_journal) - 1, &memory), 0);
    start();
    run_for(5 * MM_NS_PER_S);
    expect_old_values(0);
}

} // namespace
