// SPDX-License-Identifier: Apache-2.0
// From what BPF collected to what cpuflow tells of it, and how clients see it.
#include "flow_support.h"

#include "service/flows/cpu_figures.h"

using namespace service_test;

namespace
{

struct Free {
    void operator()(void *memory) const
    {
        free(memory);
    }
};
using Snapshot = std::unique_ptr<mm_bpf_cpu_snapshot, Free>;
using Figures = std::unique_ptr<mm_cpu_figures, Free>;

Snapshot snapshot_of(const std::vector<mm_bpf_cpu_time> &times, uint64_t lost_ns = 0, uint64_t lost_count = 0)
{
    Snapshot snapshot(static_cast<mm_bpf_cpu_snapshot *>(
        calloc(1, sizeof(mm_bpf_cpu_snapshot) + times.size() * sizeof(mm_bpf_cpu_time))));

    snapshot->lost_ns = lost_ns;
    snapshot->lost_count = lost_count;
    snapshot->count = times.size();
    std::copy(times.begin(), times.end(), snapshot->processes);
    return snapshot;
}

// run and weighted time in ms.
mm_bpf_cpu_time time_of(int32_t tgid, uint64_t run_ms, uint64_t weighted_ms, uint64_t start_ns = 0)
{
    return {run_ms * MM_NS_PER_MS, weighted_ms * MM_NS_PER_MS, start_ns, tgid, 1};
}

TEST(CpuFigures, ArePermilleOfOneProcessor)
{
    mm_cpu_lost lost = {};
    Snapshot snapshot = snapshot_of({time_of(5, 1000, 250), time_of(7, 0, 0), time_of(9, 4000, 4000)});
    Figures figures(mm_cpu_figures_new(snapshot.get(), 2 * MM_NS_PER_S, &lost));

    ASSERT_EQ(figures->count, 3U);
    EXPECT_EQ(figures->processes[0].permille, 500U);
    EXPECT_EQ(figures->processes[0].weighted_permille, 125U);
    EXPECT_EQ(figures->processes[1].permille, 0U);
    EXPECT_EQ(figures->processes[2].permille, 2000U) << "two processors all the time";
    EXPECT_EQ(figures->busy_ns, 5 * MM_NS_PER_S);
    EXPECT_EQ(figures->weighted_ns, 4250 * MM_NS_PER_MS);
}

TEST(CpuFigures, OfThoseOutsideOurNamespaceCountOnlyInTheSum)
{
    mm_cpu_lost lost = {};
    Snapshot snapshot = snapshot_of({time_of(0, 100, 100), time_of(0, 200, 200), time_of(3, 300, 300)});
    Figures figures(mm_cpu_figures_new(snapshot.get(), MM_NS_PER_S, &lost));

    ASSERT_EQ(figures->count, 1U);
    EXPECT_EQ(figures->processes[0].pid, 3);
    EXPECT_EQ(figures->busy_ns, 600 * MM_NS_PER_MS);
}

TEST(CpuFigures, LossesAreThoseOfTheInterval)
{
    mm_cpu_lost lost = {};
    Snapshot first = snapshot_of({}, 500, 3), second = snapshot_of({}, 700, 4);
    Figures figures(mm_cpu_figures_new(first.get(), MM_NS_PER_S, &lost));

    EXPECT_EQ(figures->lost_ns, 500U);
    EXPECT_EQ(figures->lost_count, 3U);
    figures.reset(mm_cpu_figures_new(second.get(), MM_NS_PER_S, &lost));
    EXPECT_EQ(figures->lost_ns, 200U);
    EXPECT_EQ(figures->lost_count, 1U);
}

TEST(CpuFigures, AreFoundByPidAndStart)
{
    mm_cpu_lost lost = {};
    // 12.34 s after boot; at 100 ticks per second that is 1234
    Snapshot snapshot =
        snapshot_of({time_of(5, 1, 1), time_of(7, 2, 2, 12345 * MM_NS_PER_MS), time_of(9, 3, 3)});
    Figures figures(mm_cpu_figures_new(snapshot.get(), MM_NS_PER_S, &lost));

    for (pid_t pid : {5, 7, 9}) {
        const mm_cpu_process *found = mm_cpu_figures_find(figures.get(), pid, 1234, 100);

        ASSERT_NE(found, nullptr) << pid;
        EXPECT_EQ(found->pid, pid);
    }
    EXPECT_EQ(mm_cpu_figures_find(figures.get(), 7, 1233, 100), nullptr) << "another process of that number";
    EXPECT_EQ(mm_cpu_figures_find(figures.get(), 6, 1234, 100), nullptr);
    snapshot = snapshot_of({});
    figures.reset(mm_cpu_figures_new(snapshot.get(), MM_NS_PER_S, &lost));
    EXPECT_EQ(mm_cpu_figures_find(figures.get(), 5, 0, 100), nullptr);
}

// ---- what clients are told ----------------------------------------------------------------------------

// A flow of cpuflow's name that publishes one set of figures.
int publish_once(mm_flow *flow, void *)
{
    mm_cpu_lost lost = {};
    Snapshot snapshot = snapshot_of({time_of(100, 640, 320)}, 5 * MM_NS_PER_MS, 2);

    mm_flow_publish(flow, mm_cpu_figures_new(snapshot.get(), MM_NS_PER_S, &lost));
    return stay(flow);
}

const mm_flow_ops fake = {MM_CPUFLOW_NAME, "mm-fake", "a fake", publish_once};

class CpuRequests : public FlowRequests
{
  protected:
    CpuRequests() : FlowRequests(fake)
    {
    }
};

TEST_F(CpuRequests, TheListHasRunTimeWhereItIsCollected)
{
    Json answer = client.ask("list");

    EXPECT_EQ(member(process(answer, 100), "cpu_permille"), nullptr) << "nobody collects it";
    start();
    answer = client.ask("list");
    EXPECT_EQ(number_of(member(process(answer, 100), "cpu_permille")), 640);
    EXPECT_EQ(number_of(member(process(answer, 100), "cpu_weighted_permille")), 320);
    EXPECT_EQ(number_of(member(process(answer, 101), "cpu_permille")), 0) << "it did not run";
    ASSERT_EQ(mm_flows_switch(flows, MM_CPUFLOW_NAME, false), 0);
    EXPECT_EQ(member(process(client.ask("list"), 100), "cpu_permille"), nullptr);
}

TEST_F(CpuRequests, TheFlowTellsItsSums)
{
    start();
    Json answer = client.ask("flows");
    const cJSON *cpu = member(cJSON_GetArrayItem(member(answer, "flows"), 0), "cpu");

    ASSERT_NE(cpu, nullptr);
    EXPECT_EQ(number_of(member(cpu, "interval_ms")), 1000);
    EXPECT_EQ(number_of(member(cpu, "busy_permille")), 640);
    EXPECT_EQ(number_of(member(cpu, "weighted_permille")), 320);
    EXPECT_EQ(number_of(member(cpu, "processes")), 1);
    EXPECT_EQ(number_of(member(cpu, "lost_ms")), 5);
    EXPECT_EQ(number_of(member(cpu, "lost_switches")), 2);
}

} // namespace
