// SPDX-License-Identifier: Apache-2.0
// The simulated machine's lack of memory and its pressure.
#include "test/unit/simulated_kernel_fixture.h"

#include <cerrno>
#include <unistd.h>

using namespace simulated_test;

namespace
{

// ---- running out of memory -----------------------------------------------------------------------------

TEST_F(Simulated, GrowthDropsFilesThenSwapsThenTheWorstDies)
{
    start_with([](mm_simulated_machine &m) { m.zram_bytes = 200 * MiB; });
    spawn(10, 400 * MiB, "/idle");
    mm_simulated_process wanted = process(11, 100 * MiB, "/hog");
    wanted.growth_bytes_per_s = 200 * MiB;
    wanted.oom_score_adj = 300;
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    run(1900 * Ms);
    EXPECT_EQ(memory().available_bytes, 120 * MiB);
    EXPECT_EQ(memory().file_bytes, 100 * MiB);
    run(300 * Ms);
    EXPECT_LT(memory().file_bytes, 100 * MiB) << "kswapd began at the low watermark";
    EXPECT_EQ(memory().swap_free_bytes, 200 * MiB);
    mm_vmstat vmstat{};
    ASSERT_EQ(ops->read_vmstat(kernel, &vmstat), 0);
    EXPECT_GT(vmstat.scan_kswapd, 0U);
    EXPECT_EQ(vmstat.allocation_stalls, 0U);
    run(950 * Ms); // 1130 MiB are held, 1000 less a third of 200 fit
    EXPECT_EQ(memory().swap_free_bytes, 0U);
    EXPECT_EQ(mm_simulated_resident_bytes(kernel, 10), 200 * MiB) << "the idle one was swapped first";
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 11));
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 0U);
    run(50 * Ms);
    EXPECT_FALSE(mm_simulated_is_alive(kernel, 11));
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 10));
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 1U);
    ASSERT_EQ(ops->read_vmstat(kernel, &vmstat), 0);
    EXPECT_EQ(vmstat.oom_kills, 1U);
    EXPECT_GT(vmstat.allocation_stalls, 0U);
}

TEST_F(Simulated, AHogThatOutrunsKswapdReclaimsItself)
{
    mm_pressure pressure{};
    mm_vmstat vmstat{};

    start_with([](mm_simulated_machine &m) { m.zram_bytes = 300 * MiB; });
    spawn(10, 850 * MiB, "/idle");
    spawn(11, MiB, "/hog");
    ASSERT_EQ(mm_simulated_set_growth(kernel, 11, 30 * MM_GIB, 150 * MiB), 0);
    run(20 * Ms);
    ASSERT_EQ(ops->read_vmstat(kernel, &vmstat), 0);
    EXPECT_EQ(mm_simulated_resident_bytes(kernel, 11), 150 * MiB);
    EXPECT_GT(vmstat.scan_direct, 0U);
    EXPECT_GT(vmstat.allocation_stalls, 0U);
    ASSERT_EQ(ops->read_pressure(kernel, open("/hog"), &pressure), 0);
    EXPECT_GE(pressure.some.total_us, 1000U);
    ASSERT_EQ(ops->read_pressure(kernel, open("/idle"), &pressure), 0);
    EXPECT_EQ(pressure.some.total_us, 0U);
}

TEST_F(Simulated, TheOomKillerGoesByBadnessAndSparesThoseAtMinus1000)
{
    struct Case {
        int adjs[3]; // of processes with 300, 200 and 100 MiB; the last grows
        pid_t victim;
    };
    const Case cases[] = {
        {{0, 0, 0}, 10}, {{-1000, 0, 0}, 12}, {{0, 500, 0}, 11}, {{-1000, 0, -1000}, 11}, {{0, 0, 900}, 12},
    };
    for (const Case &test : cases) {
        start(standard_machine());
        for (int i = 0; i < 3; i++) {
            mm_simulated_process wanted = process(10 + i, static_cast<uint64_t>(300 - 100 * i) * MiB);

            wanted.oom_score_adj = test.adjs[i];
            if (i == 2)
                wanted.growth_bytes_per_s = 1000 * MiB;
            if (i == 2 && test.victim == 10)
                wanted.growth_bytes_per_s = 0;
            ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
        }
        if (test.victim == 10) { // a small one takes the rest
            mm_simulated_process wanted = process(13, 299 * MiB);

            ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
            ASSERT_EQ(mm_simulated_set_growth(kernel, 11, 1000 * MiB, 299 * MiB), 0);
            ASSERT_EQ(mm_simulated_set_growth(kernel, 12, 1000 * MiB, 298 * MiB), 0);
        }
        for (int i = 0; i < 5000 && mm_simulated_kernel_oom_kills(kernel) == 0; i++)
            mm_simulated_advance(kernel, Ms);
        EXPECT_GT(mm_simulated_killed_at_ns(kernel, test.victim), 0U) << test.victim;
        EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 1U);
    }
}

TEST_F(Simulated, OneOomVictimAtATimeEvenIfItNeverExits)
{
    start_with([](mm_simulated_machine &m) { m.exit_bytes_per_s = 100 * MiB; });
    mm_simulated_process wanted = process(10, 500 * MiB);
    wanted.exit_delay_ms = MM_UNKNOWN;
    wanted.oom_score_adj = 500;
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    wanted = process(11, 400 * MiB);
    wanted.growth_bytes_per_s = 1000 * MiB;
    ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    run(2 * S);
    EXPECT_EQ(mm_simulated_kernel_oom_kills(kernel), 1U);
    EXPECT_LT(memory().anonymous_bytes, 1000 * MiB + 1);
    EXPECT_LT(mm_simulated_resident_bytes(kernel, 10), 330 * MiB) << "the oom_reaper's work";
    EXPECT_TRUE(mm_simulated_is_alive(kernel, 10));
}

TEST_F(Simulated, TouchedMemoryComesBackAsRefaults)
{
    start_with([](mm_simulated_machine &m) { m.zram_bytes = 100 * MiB; });
    spawn(10, 50 * MiB, "/a");
    submit(MM_JOB_RECLAIM, open("/a"), 30 * MiB);
    run(Ms);
    ASSERT_EQ(mm_simulated_touch(kernel, 10, 20 * MiB), 0);
    EXPECT_EQ(value("/a", MM_GROUP_SWAP_CURRENT), 10 * MiB);
    EXPECT_EQ(mm_simulated_resident_bytes(kernel, 10), 40 * MiB);
    mm_simulated_add_refaults(kernel, 1, 2);
    mm_vmstat vmstat{};
    ASSERT_EQ(ops->read_vmstat(kernel, &vmstat), 0);
    EXPECT_EQ(vmstat.refault_anonymous, 20 * MiB / 4096 + 1);
    EXPECT_EQ(vmstat.refault_file, 2U);
}

// ---- pressure ------------------------------------------------------------------------------------------

TEST_F(Simulated, PressureRisesBelowTheLineAndDecays)
{
    mm_pressure pressure{};

    start_with([](mm_simulated_machine &m) { m.pressure_line_bytes = 200 * MiB; });
    spawn(10, 800 * MiB);
    run(10 * S);
    ASSERT_EQ(ops->read_pressure(kernel, nullptr, &pressure), 0);
    EXPECT_EQ(pressure.some.total_us, 0U) << "available is at the line";
    spawn(11, 100 * MiB); // half of the line is left: half of the time is lost
    run(60 * S);
    ASSERT_EQ(ops->read_pressure(kernel, nullptr, &pressure), 0);
    EXPECT_NEAR(static_cast<double>(pressure.some.total_us), 30e6, 1e5);
    EXPECT_NEAR(static_cast<double>(pressure.full.total_us), 15e6, 1e5);
    EXPECT_NEAR(pressure.some.average_10s_centipercent, 5000, 50);
    EXPECT_NEAR(pressure.some.average_60s_centipercent, 3160, 60);
    EXPECT_GT(pressure.some.average_60s_centipercent, pressure.some.average_300s_centipercent);
    ASSERT_EQ(mm_simulated_exit(kernel, 11), 0);
    mm_simulated_advance(kernel, 3600 * S);
    uint64_t total_us = pressure.some.total_us;
    ASSERT_EQ(ops->read_pressure(kernel, nullptr, &pressure), 0);
    EXPECT_EQ(pressure.some.total_us, total_us);
    EXPECT_EQ(pressure.some.average_10s_centipercent, 0U);
    EXPECT_EQ(pressure.some.average_300s_centipercent, 0U);
}

TEST_F(Simulated, AStallBelongsToItsGroupAndThoseAbove)
{
    mm_pressure pressure{};

    start(standard_machine());
    spawn(10, MiB, "/a/b");
    spawn(11, MiB, "/c");
    ASSERT_EQ(mm_simulated_add_stall(kernel, "/a/b", 1000, 400), 0);
    ASSERT_EQ(mm_simulated_add_stall(kernel, nullptr, 7, 3), 0);
    EXPECT_EQ(mm_simulated_add_stall(kernel, "/x", 7, 3), -ENOENT);
    const struct {
        const char *path;
        uint64_t some_us, full_us;
    } cases[] = {{"/a/b", 1000, 400}, {"/a", 1000, 400}, {"/c", 0, 0}, {"/", 1007, 403}};
    for (const auto &test : cases) {
        ASSERT_EQ(ops->read_pressure(kernel, open(test.path), &pressure), 0);
        EXPECT_EQ(pressure.some.total_us, test.some_us) << test.path;
        EXPECT_EQ(pressure.full.total_us, test.full_us) << test.path;
    }
}

TEST_F(Simulated, ATriggerTakesTheWindowThatIsAllowed)
{
    struct Case {
        bool has_short_window;
        uint64_t stall_us, window_us;
        int result;
        uint64_t armed_us;
    };
    const Case cases[] = {
        {true, 50000, 1000000, 0, 1000000},  {true, 50000, 500000, 0, 500000},
        {true, 50000, 100000, 0, 2000000},   {true, 50000, 20000000, 0, 2000000},
        {false, 50000, 1000000, 0, 2000000}, {false, 50000, 4000000, 0, 4000000},
        {true, 0, 1000000, -EINVAL, 0},      {true, 2000000, 1000000, -EINVAL, 0},
    };
    for (const Case &test : cases) {
        mm_pressure_trigger wanted = {MM_PRESSURE_SOME, test.stall_us, test.window_us}, armed = {};
        int fd = -1;

        start_with([&](mm_simulated_machine &m) {
            m.lacks[MM_FEATURE_PRESSURE_SHORT_WINDOW] = !test.has_short_window;
        });
        EXPECT_EQ(ops->open_pressure_trigger(kernel, nullptr, &wanted, &armed, &fd), test.result);
        EXPECT_EQ(armed.window_us, test.armed_us) << test.window_us;
        if (test.result == 0) {
            EXPECT_EQ(armed.stall_us, test.stall_us * test.armed_us / test.window_us) << test.window_us;
        }
        EXPECT_EQ(fd >= 0, test.result == 0);
        if (fd >= 0)
            close(fd);
    }
}

TEST_F(Simulated, ThereIsOneGroupToBorrow)
{
    mm_group *group = nullptr;
    mm_group *second = nullptr;

    start(standard_machine());
    spawn(10, MiB, "/a");
    EXPECT_EQ(ops->borrow_group(kernel, "/nowhere", &group), -ENOENT);
    ASSERT_EQ(ops->borrow_group(kernel, "/a", &group), 0);
    EXPECT_STREQ(ops->group_path(kernel, group), "/a");
    EXPECT_EQ(ops->borrow_group(kernel, "/", &second), -EBUSY);
    EXPECT_EQ(ops->open_group(kernel, "/", &second), 0);
    ops->close_group(kernel, second);
    EXPECT_EQ(ops->borrow_group(kernel, "/", &second), -EBUSY);
    ops->close_group(kernel, group);
    EXPECT_EQ(ops->borrow_group(kernel, "/", &second), 0);
    ops->close_group(kernel, second);
}

TEST_F(Simulated, ATriggerFiresOncePerWindowUntilItIsClosed)
{
    mm_pressure_trigger wanted = {MM_PRESSURE_SOME, 100000, 1000000}, armed;
    int fd = -1;

    start_with([](mm_simulated_machine &m) { m.pressure_line_bytes = 200 * MiB; });
    ASSERT_EQ(ops->open_pressure_trigger(kernel, nullptr, &wanted, &armed, &fd), 0);
    EXPECT_TRUE(run(20 * S).empty());
    spawn(10, 900 * MiB); // half of the time stalls: 100 ms are full after 200
    uint64_t begin_ns = now();
    std::vector<mm_notice> notices = run(300 * Ms);
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].kind, MM_NOTICE_PRESSURE);
    EXPECT_EQ(notices[0].cookie, static_cast<uint64_t>(fd));
    notices = run(10 * S - (now() - begin_ns));
    EXPECT_GE(notices.size(), 8U);
    EXPECT_LE(notices.size(), 10U);
    close(fd);
    EXPECT_TRUE(run(5 * S).empty());
}

TEST_F(Simulated, ATriggerOnAGroupHearsOnlyThatGroup)
{
    mm_pressure_trigger wanted = {MM_PRESSURE_FULL, 1000, 1000000}, armed;
    int fd = -1;

    start(standard_machine());
    spawn(10, MiB, "/a");
    spawn(11, MiB, "/b");
    ASSERT_EQ(ops->open_pressure_trigger(kernel, open("/a"), &wanted, &armed, &fd), 0);
    ASSERT_EQ(mm_simulated_add_stall(kernel, "/b", 5000, 5000), 0);
    ASSERT_EQ(mm_simulated_add_stall(kernel, "/a", 5000, 999), 0);
    EXPECT_TRUE(run(Ms).empty());
    ASSERT_EQ(mm_simulated_add_stall(kernel, "/a", 0, 1), 0);
    EXPECT_EQ(run(Ms).size(), 1U);
    close(fd);
}

} // namespace
