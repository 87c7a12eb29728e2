/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: set, owned, given back. */
#include "limits_fixture.h"

#include <errno.h>

#include <set>

namespace
{

/* ---- setting and releasing ------------------------------------------------------------------------------ */

TEST_F(Limits, ALimitIsWrittenByTheWorkerAndGoesBackInLine)
{
    begin();
    add_group("/app/a", 100);
    int index = mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB);

    ASSERT_GE(index, 0);
    EXPECT_EQ(high("/app/a"), MM_UNLIMITED) << "only the worker may write what can block";
    EXPECT_TRUE(mm_limits_has_jobs(limits));
    run_for(MM_NS_PER_S);
    EXPECT_EQ(high("/app/a"), 80 * MM_MIB);
    EXPECT_FALSE(mm_limits_has_jobs(limits));
    EXPECT_EQ(count(), Pair(1, 0));
    EXPECT_STREQ(mm_limits_path(limits, index), "/app/a");
    mm_limits_release(limits, index);
    EXPECT_EQ(high("/app/a"), MM_UNLIMITED);
    EXPECT_EQ(count(), Pair(0, 0));
    EXPECT_EQ(said("the old value is back"), 1u);
    mm_limits_release(limits, index);
    EXPECT_EQ(said("the old value is back"), 1u);
}

TEST_F(Limits, AnOldValueBelowUsageGoesBackByTheWorker)
{
    begin();
    add_group("/app/a", 100);
    write_high("/app/a", 120 * MM_MIB);
    int index = mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 150 * MM_MIB);

    run_for(MM_NS_PER_S);
    ASSERT_EQ(mm_simulated_set_growth(kernel, last_pid, 1000 * MM_MIB, 140 * MM_MIB), 0);
    run_for(MM_NS_PER_S);
    mm_limits_release(limits, index);
    EXPECT_EQ(high("/app/a"), 150 * MM_MIB) << "in line it would block";
    EXPECT_TRUE(mm_limits_has_jobs(limits));
    run_for(MM_NS_PER_S);
    EXPECT_EQ(high("/app/a"), 120 * MM_MIB);
    EXPECT_EQ(count(), Pair(0, 0));
}

TEST_F(Limits, ASecondClaimantIsRefused)
{
    begin();
    add_group("/app/a", 100);
    ASSERT_GE(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), 0);
    EXPECT_EQ(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 70 * MM_MIB), -EALREADY);
    EXPECT_EQ(mm_limits_set(limits, B, "/app/a", MM_GROUP_HIGH, 70 * MM_MIB), -EBUSY);
    EXPECT_EQ(mm_limits_claim_transient(limits, B, "/app/a", MM_GROUP_HIGH), -EBUSY);
    EXPECT_GE(mm_limits_set(limits, B, "/app/a", MM_GROUP_MAX, 300 * MM_MIB), 0)
        << "another file is another limit";
    run_for(MM_NS_PER_S);
    EXPECT_EQ(high("/app/a"), 80 * MM_MIB);
}

TEST_F(Limits, WhileALimitIsOnItsWayBackNobodyMayClaimIt)
{
    begin();
    add_group("/app/a", 100);
    write_high("/app/a", 80 * MM_MIB); /* it can only come back by the worker */
    int index = mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 200 * MM_MIB);

    run_for(MM_NS_PER_S);
    ASSERT_EQ(mm_simulated_set_growth(kernel, last_pid, 1000 * MM_MIB, 150 * MM_MIB), 0);
    run_for(MM_NS_PER_S);
    mm_limits_release(limits, index);
    ASSERT_TRUE(mm_limits_has_jobs(limits));
    EXPECT_EQ(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 70 * MM_MIB), -EINPROGRESS);
    EXPECT_EQ(mm_limits_set(limits, B, "/app/a", MM_GROUP_HIGH, 70 * MM_MIB), -EINPROGRESS);
    EXPECT_EQ(mm_limits_next(limits, A, -1), -1);
}

TEST_F(Limits, WhatTheKernelRefusesLeavesNothing)
{
    begin();
    add_group("/app/a", 100);
    EXPECT_EQ(mm_limits_set(limits, A, "/app/none", MM_GROUP_HIGH, MM_MIB), -ENOENT);
    EXPECT_EQ(mm_limits_set(limits, A, ("/" + std::string(300, 'x')).c_str(), MM_GROUP_HIGH, MM_MIB),
              -ENAMETOOLONG);
    mm_simulated_fail(kernel, "read_group", EIO, 1);
    EXPECT_EQ(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, MM_MIB), -EIO);
    mm_simulated_fail(kernel, "submit_job", EAGAIN, 1);
    EXPECT_EQ(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, MM_MIB), -EAGAIN);
    EXPECT_EQ(count(), Pair(0, 0));
    EXPECT_GE(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), 0);
}

TEST_F(Limits, ALimitTheWorkerCouldNotWriteIsForgotten)
{
    begin();
    add_group("/app/a", 100);
    mm_simulated_fail(kernel, "job", EIO, 1);
    ASSERT_GE(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), 0);
    run_for(MM_NS_PER_S);
    EXPECT_EQ(count(), Pair(0, 0));
    EXPECT_EQ(said("Input/output error"), 1u);
    EXPECT_GE(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), 0);
    run_for(MM_NS_PER_S);
    EXPECT_EQ(high("/app/a"), 80 * MM_MIB);
}

TEST_F(Limits, ReleasedWhileItIsBeingWrittenItGoesBackAllTheSame)
{
    for (uint64_t run_ns : {0 * MM_NS_PER_MS, 2 * MM_NS_PER_MS}) {
        machine.reclaim_bytes_per_s = 100 * MM_MIB; /* 50 MiB take half a second */
        begin();
        add_group("/app/a", 100);
        add_group("/app/b", 100);
        int index = mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 50 * MM_MIB);
        ASSERT_GE(mm_limits_set(limits, A, "/app/b", MM_GROUP_HIGH, 50 * MM_MIB), 0);

        run_for(run_ns);
        mm_limits_release(limits, index);
        run_for(10 * MM_NS_PER_S);
        EXPECT_EQ(high("/app/a"), MM_UNLIMITED) << run_ns;
        EXPECT_EQ(count(), Pair(0, 0)) << "the other was cancelled with it, and is not written either";
        EXPECT_EQ(high("/app/b"), MM_UNLIMITED);
        end();
        mm_kernel_free(kernel);
        kernel = nullptr;
    }
}

TEST_F(Limits, ReleasedWhileItIsBeingWrittenAnOldValueBelowUsageStillGoesBack)
{
    machine.zram_bytes = 0;
    machine.reclaim_bytes_per_s = 100 * MM_MIB; /* the files below take 0.6 s */
    begin();
    add_group("/app/a", 100);
    write_high("/app/a", 90 * MM_MIB);
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/app/a", MM_GROUP_FILE, 60 * MM_MIB), 0);
    int index = mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 60 * MM_MIB);

    run_for(5 * MM_NS_PER_MS);
    ASSERT_EQ(high("/app/a"), 60 * MM_MIB);
    ASSERT_TRUE(mm_limits_has_jobs(limits));
    mm_limits_release(limits, index);
    run_for(900 * MM_NS_PER_MS); /* at once, not when the next attempt is due */
    EXPECT_EQ(high("/app/a"), 90 * MM_MIB);
    EXPECT_EQ(count(), Pair(0, 0));
}

TEST_F(Limits, ARestoreThatWasCancelledIsTriedAgain)
{
    machine.reclaim_bytes_per_s = 100 * MM_MIB;
    begin();
    add_group("/app/a", 100);
    write_high("/app/a", 90 * MM_MIB);
    int index = mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 200 * MM_MIB);

    run_for(MM_NS_PER_S);
    ASSERT_EQ(mm_simulated_set_growth(kernel, last_pid, 10000 * MM_MIB, 150 * MM_MIB), 0);
    run_for(MM_NS_PER_S);
    mm_limits_release(limits, index);
    ASSERT_TRUE(mm_limits_has_jobs(limits));
    kernel->ops->cancel_jobs(kernel); /* queued: never begun */
    run_for(MM_NS_PER_MS);
    EXPECT_FALSE(mm_limits_has_jobs(limits)) << "not at once: who cancelled had a reason";
    EXPECT_EQ(high("/app/a"), 200 * MM_MIB);
    mm_limits_retry(limits);
    run_for(MM_NS_PER_S * 9 / 10);
    EXPECT_EQ(high("/app/a"), 90 * MM_MIB);
    EXPECT_EQ(count(), Pair(0, 0));
}

TEST_F(Limits, WhatCannotBeGivenBackNowIsTriedEverySecond)
{
    begin();
    add_group("/app/a", 100);
    int index = mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB);

    run_for(MM_NS_PER_S);
    mm_simulated_fail(kernel, "read_group", EIO, 3);
    mm_limits_release(limits, index);
    EXPECT_EQ(high("/app/a"), 80 * MM_MIB);
    run_for(2500 * MM_NS_PER_MS);
    EXPECT_EQ(high("/app/a"), 80 * MM_MIB);
    run_for(MM_NS_PER_S);
    EXPECT_EQ(high("/app/a"), MM_UNLIMITED);
    EXPECT_EQ(count(), Pair(0, 0));
}

TEST_F(Limits, ThatOneCannotComeBackIsSaidOnceAndThatItDidInTheEnd)
{
    const struct {
        const char *what;
        const char *operation;
        uint64_t old_bytes; /* below usage only the worker can write it */
    } rows[] = {{"read", "read_group", MM_UNLIMITED},
                {"written in line", "raise_group", MM_UNLIMITED},
                {"written by the worker", "job", 90 * MM_MIB}};

    for (const auto &row : rows) {
        begin();
        add_group("/app/a", 100);
        write_high("/app/a", row.old_bytes);
        ASSERT_GE(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 150 * MM_MIB), 0);
        run_for(MM_NS_PER_S);
        ASSERT_EQ(mm_simulated_set_growth(kernel, last_pid, 10000 * MM_MIB, 120 * MM_MIB), 0);
        run_for(MM_NS_PER_S);
        mm_simulated_fail(kernel, row.operation, EROFS, UINT32_MAX);
        if (row.old_bytes == MM_UNLIMITED)
            mm_simulated_fail(kernel, "job", EROFS, UINT32_MAX);
        mm_limits_release(limits, mm_limits_next(limits, A, -1));
        run_for(10 * MM_NS_PER_S);
        EXPECT_EQ(said("cannot come back yet, tried every second: Read-only file system"), 1u) << row.what;
        EXPECT_EQ(count(), Pair(1, 0)) << row.what;
        mm_simulated_fail(kernel, row.operation, EROFS, 0);
        mm_simulated_fail(kernel, "job", EROFS, 0);
        run_for(3 * MM_NS_PER_S);
        EXPECT_EQ(high("/app/a"), row.old_bytes) << row.what;
        EXPECT_EQ(count(), Pair(0, 0)) << row.what;
        end();
        mm_kernel_free(kernel);
        kernel = nullptr;
    }
}

TEST_F(Limits, WhileAKillIsOnNothingIsTriedAgain)
{
    unsigned reads, jobs;

    begin();
    add_group("/app/a", 100);
    add_group("/app/b", 100);
    write_high("/app/b", 90 * MM_MIB);
    ASSERT_GE(mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), 0);
    ASSERT_GE(mm_limits_set(limits, A, "/app/b", MM_GROUP_HIGH, 150 * MM_MIB), 0);
    run_for(MM_NS_PER_S);
    ASSERT_EQ(mm_simulated_set_growth(kernel, last_pid, 10000 * MM_MIB, 120 * MM_MIB), 0);
    run_for(MM_NS_PER_S);
    mm_simulated_fail(kernel, "read_group", EIO, 1);
    mm_limits_hold_back(limits, true);
    mm_limits_release(limits, mm_limits_next(limits, A, -1));
    jobs = mm_simulated_calls(kernel, "submit_job");
    mm_limits_release(limits, mm_limits_next(limits, A, -1)); /* what only the worker could write */
    reads = mm_simulated_calls(kernel, "read_group");
    run_for(10 * MM_NS_PER_S);
    EXPECT_EQ(mm_simulated_calls(kernel, "read_group"), reads);
    EXPECT_EQ(mm_simulated_calls(kernel, "submit_job"), jobs);
    EXPECT_EQ(count(), Pair(2, 0));
    mm_limits_hold_back(limits, false);
    run_for(MM_NS_PER_S / 2);
    EXPECT_EQ(high("/app/a"), MM_UNLIMITED);
    EXPECT_EQ(high("/app/b"), 90 * MM_MIB);
    EXPECT_EQ(count(), Pair(0, 0));
}

TEST_F(Limits, AForeignChangeIsLeftAloneAndSaidOnce)
{
    begin();
    add_group("/app/a", 100);
    int index = mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB);

    run_for(MM_NS_PER_S);
    write_high("/app/a", 95 * MM_MIB);
    mm_limits_release(limits, index);
    run_for(5 * MM_NS_PER_S);
    EXPECT_EQ(high("/app/a"), 95 * MM_MIB);
    EXPECT_EQ(count(), Pair(0, 0));
    EXPECT_EQ(said("somebody else changed this limit"), 1u);
}

TEST_F(Limits, ALimitRoundedDownToPagesIsStillOurs)
{
    begin();
    add_group("/app/a", 100);
    int index = mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB + 1234);

    run_for(MM_NS_PER_S);
    write_high("/app/a", 80 * MM_MIB); /* what a kernel makes of it */
    mm_limits_release(limits, index);
    EXPECT_EQ(high("/app/a"), MM_UNLIMITED);
}

TEST_F(Limits, ARemovedGroupIsForgotten)
{
    begin();
    add_group("/app/a", 100);
    int index = mm_limits_set(limits, A, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB);

    run_for(MM_NS_PER_S);
    empty_group("/app/a");
    mm_limits_release(limits, index);
    EXPECT_EQ(count(), Pair(0, 0));
}

TEST_F(Limits, TransientClaimsGuardTheFileAndAreRestoredFromWhatTheJobWrote)
{
    begin();
    add_group("/app/a", 100);
    int index = mm_limits_claim_transient(limits, A, "/app/a", MM_GROUP_HIGH);

    ASSERT_GE(index, 0);
    EXPECT_FALSE(mm_limits_has_jobs(limits));
    EXPECT_EQ(high("/app/a"), MM_UNLIMITED);
    EXPECT_EQ(mm_limits_set(limits, B, "/app/a", MM_GROUP_HIGH, 80 * MM_MIB), -EBUSY);
    mm_lowered_limit_set(mm_limits_lowered(limits, index), MM_UNLIMITED, 77 * MM_MIB);
    write_high("/app/a", 77 * MM_MIB); /* the worker, on its way down */
    mm_limits_release(limits, index);
    EXPECT_EQ(high("/app/a"), MM_UNLIMITED);
    EXPECT_EQ(said("somebody else"), 0u);
}

TEST_F(Limits, ATransientClaimLeavesWhatSomebodyElseWroteAlone)
{
    const struct {
        uint64_t is_lowered, present_mib, then_mib;
        unsigned times_said;
    } rows[] = {
        {1, 300, 300, 1}, {1, 76, 76, 1}, {1, 78, 78, 1},   {1, 77, 150, 0},
        {1, 150, 150, 0}, {0, 77, 77, 0}, {0, 300, 300, 0},
    };

    for (const auto &row : rows) {
        begin();
        add_group("/app/a", 100);
        write_high("/app/a", 200 * MM_MIB);
        int index = mm_limits_claim_transient(limits, A, "/app/a", MM_GROUP_HIGH);

        ASSERT_GE(index, 0);
        /* 200 became 150 between the claim and the job */
        if (row.is_lowered)
            mm_lowered_limit_set(mm_limits_lowered(limits, index), 150 * MM_MIB, 77 * MM_MIB);
        write_high("/app/a", row.present_mib * MM_MIB);
        mm_limits_release(limits, index);
        EXPECT_EQ(high("/app/a"), row.then_mib * MM_MIB) << row.present_mib;
        EXPECT_EQ(said("somebody else"), row.times_said) << row.present_mib;
        EXPECT_EQ(count(), Pair(0, 0));
        end();
        mm_kernel_free(kernel);
        kernel = nullptr;
    }
}

TEST_F(Limits, AsManyAsTheJournalHoldsAndNoMore)
{
    begin();
    for (int i = 0; i < MM_LIMITS_MAX; i++) {
        std::string path = "/app/" + std::to_string(i);

        add_group(path, 10);
        ASSERT_GE(mm_limits_set(limits, A, path.c_str(), MM_GROUP_HIGH, 8 * MM_MIB), 0) << i;
        run_for(2 * MM_NS_PER_MS);
    }
    add_group("/app/more", 10);
    EXPECT_EQ(mm_limits_set(limits, A, "/app/more", MM_GROUP_HIGH, 8 * MM_MIB), -ENOSPC);
    EXPECT_EQ(count(), Pair(MM_LIMITS_MAX, 0));
    mm_limits_release(limits, 77);
    EXPECT_EQ(mm_limits_set(limits, A, "/app/more", MM_GROUP_HIGH, 8 * MM_MIB), 77);
    mm_limits_release_all(limits);
    run_for(MM_NS_PER_S);
    EXPECT_EQ(count(), Pair(0, 0));
    for (int i = 0; i < MM_LIMITS_MAX; i++)
        EXPECT_EQ(high("/app/" + std::to_string(i)), MM_UNLIMITED) << i;
}

TEST_F(Limits, ReleasingAllGivesBackWhatNeedsTheWorkerEvenWhereItsQueueIsShort)
{
    begin();
    for (int i = 0; i < 100; i++) {
        std::string path = "/app/" + std::to_string(i);

        add_group(path, 10);
        write_high(path, 12 * MM_MIB);
        ASSERT_GE(mm_limits_set(limits, A, path.c_str(), MM_GROUP_HIGH, 20 * MM_MIB), 0);
        run_for(2 * MM_NS_PER_MS);
        ASSERT_EQ(mm_simulated_set_growth(kernel, last_pid, 1000 * MM_MIB, 15 * MM_MIB), 0);
    }
    run_for(MM_NS_PER_S);
    mm_limits_release_all(limits); /* 100 jobs, and a queue of 64 */
    run_for(3 * MM_NS_PER_S);
    EXPECT_EQ(count(), Pair(0, 0));
    for (int i = 0; i < 100; i++)
        EXPECT_EQ(high("/app/" + std::to_string(i)), 12 * MM_MIB) << i;
}

TEST_F(Limits, EachOwnerWalksItsOwn)
{
    std::set<std::string> paths;

    begin();
    for (const char *path : {"/a1", "/b1", "/a2"}) {
        add_group(path, 10);
        ASSERT_GE(mm_limits_set(limits, path[1] == 'a' ? A : B, path, MM_GROUP_HIGH, 8 * MM_MIB), 0);
    }
    for (int i = mm_limits_next(limits, A, -1); i >= 0; i = mm_limits_next(limits, A, i))
        paths.insert(mm_limits_path(limits, i));
    EXPECT_EQ(paths, (std::set<std::string>{"/a1", "/a2"}));
}

TEST_F(Limits, WithoutAJournalThereAreNoLimits)
{
    make_machine();
    ASSERT_EQ(mm_event_center_new(kernel, &center), 0);
    mm_simulated_fail(kernel, "map_state", ENOSPC, 1);
    EXPECT_EQ(mm_limits_new(kernel, center, &limits), -ENOSPC);
    EXPECT_EQ(limits, nullptr);
}

} // namespace
