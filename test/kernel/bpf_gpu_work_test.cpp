/* SPDX-License-Identifier: Apache-2.0 */
/* Work for users: AOSP's contract, and more users than there is room for. */
#include "gpu_fixture.h"

namespace
{

using bpf_test::Gpu;
using bpf_test::MS;
using bpf_test::Record;
using bpf_test::SECOND;
using bpf_test::Snapshot;
using bpf_test::WORK_PERIOD;

TEST_F(Gpu, PeriodsThatBreakTheContractAreCounted)
{
    // one period after the other of one user; the sums after it
    const struct {
        const char *what;
        uint64_t start_ns, end_ns, active_ns;
        uint64_t sum_active_ns, sum_inactive_ns, errors;
    } periods[] = {
        {"the first", 100 * SECOND, 100 * SECOND + 500 * MS, 400 * MS, 400 * MS, 100 * MS, 0},
        {"right behind it", 100 * SECOND + 500 * MS, 101 * SECOND, 500 * MS, 900 * MS, 100 * MS, 0},
        {"a short gap is a pause", 101 * SECOND + 300 * MS, 102 * SECOND, 700 * MS, 1600 * MS, 400 * MS, 0},
        {"a gap of exactly 1 s, too", 103 * SECOND, 104 * SECOND, 1000 * MS, 2600 * MS, 1400 * MS, 0},
        {"a longer one is none", 106 * SECOND, 106 * SECOND + 100 * MS, 100 * MS, 2700 * MS, 1400 * MS, 0},
        {"no length", 107 * SECOND, 107 * SECOND, 1, 2700 * MS, 1400 * MS, 1},
        {"ends before it begins", 108 * SECOND, 107 * SECOND, 1, 2700 * MS, 1400 * MS, 2},
        {"longer than 1 s", 108 * SECOND, 109 * SECOND + 1, 1, 2700 * MS, 1400 * MS, 3},
        {"overlaps", 106 * SECOND + 50 * MS, 106 * SECOND + 150 * MS, 60 * MS, 2760 * MS, 1440 * MS, 4},
        {"more active than long", 109 * SECOND, 109 * SECOND + 10 * MS, 11 * MS, 2770 * MS, 1440 * MS, 5},
        {"nothing was done", 109 * SECOND + 500 * MS, 110 * SECOND, 0, 2770 * MS, 1440 * MS, 5},
        {"the previous is the last with work", 109 * SECOND + 510 * MS, 109 * SECOND + 511 * MS, 1 * MS,
         2771 * MS, 1940 * MS, 5},
    };

    event("power/gpu_work_period", WORK_PERIOD);
    ASSERT_EQ(open(), 0) << reason();
    EXPECT_EQ(collector()->programs, static_cast<unsigned>(MM_BPF_GPU_WORK));
    for (const auto &period : periods) {
        SCOPED_TRACE(period.what);
        run("mm_gpu_work_period", Record(WORK_PERIOD)
                                      .set("uid", 10123)
                                      .set("start_time_ns", period.start_ns)
                                      .set("end_time_ns", period.end_ns)
                                      .set("total_active_duration_ns", period.active_ns));
        Snapshot snapshot = read();
        const mm_bpf_gpu_work *found = work(snapshot, 10123);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->active_ns, period.sum_active_ns);
        EXPECT_EQ(found->inactive_ns, period.sum_inactive_ns);
        EXPECT_EQ(found->errors, period.errors);
        EXPECT_EQ(snapshot->totals.work_errors, period.errors);
    }
    // another user's periods are no business of the first's
    run("mm_gpu_work_period", Record(WORK_PERIOD)
                                  .set("uid", 10124)
                                  .set("start_time_ns", 1 * SECOND + 1)
                                  .set("end_time_ns", 1 * SECOND + 2)
                                  .set("total_active_duration_ns", 1));
    Snapshot snapshot = read();
    ASSERT_NE(work(snapshot, 10124), nullptr);
    EXPECT_EQ(work(snapshot, 10124)->errors, 0U);
    EXPECT_EQ(work(snapshot, 10124)->active_ns, 1U);
}

TEST_F(Gpu, MoreUsersThanThereIsRoomForAreLostAndTheMapIsCleared)
{
    auto work_of = [&](uint64_t uid) {
        run("mm_gpu_work_period", Record(WORK_PERIOD)
                                      .set("uid", uid)
                                      .set("start_time_ns", 1)
                                      .set("end_time_ns", 1001)
                                      .set("total_active_duration_ns", 10));
    };

    event("power/gpu_work_period", WORK_PERIOD);
    ASSERT_EQ(open(), 0) << reason();
    for (uint64_t uid = 0; uid < MM_BPF_GPU_USES_MAX / 2; uid++)
        work_of(uid);
    EXPECT_FALSE(read()->is_work_cleared) << "half full";
    for (uint64_t uid = MM_BPF_GPU_USES_MAX / 2; uid < MM_BPF_GPU_USES_MAX + 10; uid++)
        work_of(uid);
    Snapshot snapshot = read();
    EXPECT_EQ(snapshot->work_count, static_cast<uint32_t>(MM_BPF_GPU_USES_MAX));
    EXPECT_EQ(snapshot->totals.lost[MM_BPF_GPU_LOST_WORK], 10U);
    EXPECT_TRUE(snapshot->is_work_cleared);
    EXPECT_FALSE(snapshot->is_busy_cleared);
    work_of(5);
    snapshot = read();
    EXPECT_EQ(snapshot->work_count, 1U);
    ASSERT_NE(work(snapshot, 5), nullptr);
    EXPECT_EQ(work(snapshot, 5)->active_ns, 10U) << "it begins with nothing";
    EXPECT_EQ(snapshot->totals.lost[MM_BPF_GPU_LOST_WORK], 10U);
}

} // namespace
