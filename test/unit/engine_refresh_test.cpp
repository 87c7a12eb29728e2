/* SPDX-License-Identifier: Apache-2.0 */
/* How often the sizes of processes are read near a waterline, where the watch looks every few milliseconds. */
#include "engine_fixture.h"

namespace
{

class EngineRefresh : public EngineTest
{
  protected:
    /* 2 MiB above a line, and so 5 ms from it at the rate of the fixture. */
    void begin_near_a_line(pid_t count)
    {
        machine.ram_bytes = 4096 * MIB;
        begin();
        for (pid_t pid = 1000; pid < 1000 + 10 * count; pid += 10)
            add_application(pid, 0, MIB / 4, std::to_string(pid));
        crowd(engine->config->kill.levels[engine->config->kill.level_count - 1].memory_bytes + 2 * MIB);
        run_for(SECOND);
    }
    unsigned reads_in(uint64_t duration_ns)
    {
        const unsigned before = mm_simulated_calls(kernel, "read_process");
        mm_waterline_status first, last;

        mm_waterline_source_status(engine->waterline, &first);
        run_for(duration_ns);
        mm_waterline_source_status(engine->waterline, &last);
        EXPECT_GE(last.checks - first.checks, 150 * duration_ns / SECOND) << "it is near";
        return mm_simulated_calls(kernel, "read_process") - before;
    }
};

TEST_F(EngineRefresh, FewProcessesAreReadFiveTimesASecond)
{
    begin_near_a_line(10);
    const unsigned reads = reads_in(10 * SECOND);

    EXPECT_GE(reads, 10u * 4 * 10);
    EXPECT_LE(reads, 10u * 5 * 10 + 50);
}

/* Each 20 ms 64 of them. */
TEST_F(EngineRefresh, ManyAreReadWithoutARest)
{
    begin_near_a_line(2000);
    const unsigned reads = reads_in(SECOND);

    EXPECT_GE(reads, 2800u);
    EXPECT_LE(reads, 3800u);
}

TEST_F(EngineRefresh, WhatHasGrownIsKnownWithinARound)
{
    begin_near_a_line(10);
    mm_simulated_process grown = process(5000, MIB / 4);

    grown.growth_bytes_per_s = MIB;
    grown.growth_limit_bytes = MIB;
    spawn(grown);
    report(5000, MM_REASON_CREATE_PROCESS, "grown");
    run_for(2 * SECOND);
    EXPECT_EQ(mm_priority_manager_find(engine->manager, 5000)->resident_bytes, MIB);
}

} // namespace
