// SPDX-License-Identifier: Apache-2.0
// From what BPF collected to what gpuflow tells of it, and how clients see it.
#include "flow_support.h"

#include "service/flows/gpu_figures.h"

using namespace service_test;

namespace
{

struct Free {
    void operator()(void *memory) const
    {
        free(memory);
    }
};
using Figures = std::unique_ptr<mm_gpu_figures, Free>;

// What the maps hold, in the order in which it is added.
class Maps
{
  public:
    explicit Maps(uint64_t taken_ms)
    {
        maps->taken_ns = taken_ms * MM_NS_PER_MS;
        maps->programs = MM_BPF_GPU_JOBS | MM_BPF_GPU_MEMORY | MM_BPF_GPU_WORK;
    }
    Maps &busy(uint32_t pid, uint64_t busy_ms, uint32_t gpu = 0)
    {
        maps->busy_keys[maps->busy_count] = {gpu, pid};
        maps->busy[maps->busy_count++] = {busy_ms * MM_NS_PER_MS, 1};
        return *this;
    }
    Maps &memory(uint32_t pid, uint64_t bytes, uint32_t gpu = 0)
    {
        maps->memory_keys[maps->memory_count] = {gpu, pid};
        maps->memory_bytes[maps->memory_count++] = bytes;
        return *this;
    }
    Maps &work(uint32_t uid, uint64_t active_ms, uint64_t errors = 0, uint32_t gpu = 0)
    {
        maps->work_keys[maps->work_count] = {gpu, uid};
        maps->work[maps->work_count++] = {active_ms * MM_NS_PER_MS, 0, 0, errors};
        return *this;
    }
    Maps &device(uint32_t gpu, const mm_bpf_gpu_device &device)
    {
        maps->device_keys[maps->device_count] = gpu;
        maps->devices[maps->device_count++] = device;
        return *this;
    }
    Maps &level(uint32_t gpu, uint32_t khz, uint64_t time_ms, uint64_t count)
    {
        maps->level_keys[maps->level_count] = {gpu, khz};
        maps->levels[maps->level_count++] = {time_ms * MM_NS_PER_MS, count};
        return *this;
    }
    mm_bpf_gpu_snapshot *operator->() const
    {
        return maps.get();
    }
    Figures since(const Maps &before) const
    {
        return Figures(mm_gpu_figures_new(before.maps.get(), maps.get()));
    }

  private:
    std::shared_ptr<mm_bpf_gpu_snapshot> maps = std::make_shared<mm_bpf_gpu_snapshot>();
};

TEST(GpuFigures, OfProcessesAreWhatIsNewOfAllDevicesAndTheMemoryNow)
{
    const Maps before = Maps(1000).busy(9, 100).busy(5, 700).busy(7, 40);
    const Maps now = Maps(3000)
                         .busy(5, 900)
                         .busy(9, 100)
                         .busy(7, 41)
                         .busy(5, 300, 1)
                         .busy(6, 500)
                         .memory(8, 4096)
                         .memory(5, 100)
                         .memory(5, 11, 1);
    const Figures figures = now.since(before);

    EXPECT_EQ(figures->interval_ns, 2000 * MM_NS_PER_MS);
    ASSERT_EQ(figures->process_count, 4U) << "who did nothing of late is not among them";
    const mm_gpu_process expected[] = {{5, 250, 111}, {6, 250, 0}, {7, 1, 0}, {8, 0, 4096}};
    for (const mm_gpu_process &process : expected) {
        const mm_gpu_process *found = mm_gpu_figures_process(figures.get(), process.pid);

        ASSERT_NE(found, nullptr) << process.pid;
        EXPECT_EQ(found->permille, process.permille) << process.pid;
        EXPECT_EQ(found->memory_bytes, process.memory_bytes) << process.pid;
    }
    EXPECT_EQ(mm_gpu_figures_process(figures.get(), 9), nullptr);
}

TEST(GpuFigures, OfUsersAreWhatIsNew)
{
    const Maps before = Maps(0).work(20, 500).work(10, 100, 2);
    const Maps now = Maps(1000).work(20, 750).work(10, 100, 3).work(20, 100, 1, 1).work(15, 5);
    const Figures figures = now.since(before);

    ASSERT_EQ(figures->user_count, 3U);
    EXPECT_EQ(mm_gpu_figures_user(figures.get(), 20)->permille, 350U);
    EXPECT_EQ(mm_gpu_figures_user(figures.get(), 20)->errors, 1U);
    EXPECT_EQ(mm_gpu_figures_user(figures.get(), 10)->permille, 0U);
    EXPECT_EQ(mm_gpu_figures_user(figures.get(), 10)->errors, 3U);
    EXPECT_EQ(mm_gpu_figures_user(figures.get(), 15)->permille, 5U);
    EXPECT_EQ(mm_gpu_figures_user(figures.get(), 11), nullptr);
}

// What stands in a map that was cleared after the last reading is all new.
TEST(GpuFigures, AfterAMapWasClearedCountFromNothing)
{
    const Maps before = Maps(0).busy(5, 700).work(20, 500);
    const Maps now = Maps(1000).busy(5, 800).work(20, 600);

    EXPECT_EQ(mm_gpu_figures_process(now.since(before).get(), 5)->permille, 100U);
    before->is_busy_cleared = true;
    EXPECT_EQ(mm_gpu_figures_process(now.since(before).get(), 5)->permille, 800U);
    EXPECT_EQ(mm_gpu_figures_user(now.since(before).get(), 20)->permille, 100U);
    before->is_busy_cleared = false;
    before->is_work_cleared = true;
    EXPECT_EQ(mm_gpu_figures_process(now.since(before).get(), 5)->permille, 100U);
    EXPECT_EQ(mm_gpu_figures_user(now.since(before).get(), 20)->permille, 600U);
}

TEST(GpuFigures, OfADeviceHaveTheTimeAtTheLevelItIsAt)
{
    const uint64_t ms = MM_NS_PER_MS;
    const Maps before = Maps(1000).device(1, {0, 2000, 10000, 0, 0, 0});
    const Maps now = Maps(3000)
                         .device(1, {2500 * ms, 3500, 14000, 777, 400000, 2})
                         .device(0, {0, 0, 0, 0, 300000, 0})
                         .level(1, 700000, 50, 1)
                         .level(1, 400000, 100, 3)
                         .level(0, 300000, 9, 1);
    const Figures figures = now.since(before);

    ASSERT_EQ(figures->device_count, 2U);
    EXPECT_EQ(figures->devices[0].gpu, 0U);
    EXPECT_FALSE(figures->devices[0].is_level_known);
    EXPECT_FALSE(figures->devices[0].has_share);
    EXPECT_TRUE(figures->devices[1].is_level_known);
    EXPECT_EQ(figures->devices[1].khz, 400000U);
    EXPECT_EQ(figures->devices[1].level, 2U);
    EXPECT_EQ(figures->devices[1].permille, 375U) << "of what its driver says elapsed";
    EXPECT_TRUE(figures->devices[1].has_share);
    EXPECT_EQ(figures->devices[1].memory_bytes, 777U);
    ASSERT_EQ(figures->level_count, 3U);
    EXPECT_EQ(figures->levels[0].time_ns, 9 * ms) << "nobody knows whether it is at it still";
    EXPECT_EQ(figures->levels[1].khz, 400000U);
    EXPECT_EQ(figures->levels[1].time_ns, 600 * ms);
    EXPECT_EQ(figures->levels[1].count, 3U);
    EXPECT_EQ(figures->levels[2].time_ns, 50 * ms);
}

// ---- what clients are told ----------------------------------------------------------------------------

unsigned programs;

int publish_once(mm_flow *flow, void *)
{
    const Maps before(0);
    Maps now = Maps(1000).busy(100, 250).memory(101, 12345).work(1000, 500, 1);

    now.device(0, {900 * MM_NS_PER_MS, 300, 1000, 54321, 710000, 0})
        .level(0, 710000, 0, 1)
        .level(0, 315000, 40, 2);
    now->programs = programs;
    now->totals.work_errors = 1;
    now->totals.lost[MM_BPF_GPU_LOST_WORK] = 7;
    mm_flow_publish(flow, now.since(before).release());
    return stay(flow);
}

const mm_flow_ops fake = {MM_GPUFLOW_NAME, "mm-fake", "a fake", publish_once};

class GpuRequests : public FlowRequests
{
  protected:
    GpuRequests() : FlowRequests(fake)
    {
        programs = MM_BPF_GPU_JOBS | MM_BPF_GPU_MEMORY;
    }
};

TEST_F(GpuRequests, TheListHasWhatIsCollectedOfProcesses)
{
    Json answer = client.ask("list");

    EXPECT_EQ(member(process(answer, 100), "gpu_permille"), nullptr) << "nobody collects it";
    EXPECT_EQ(member(process(answer, 100), "gpu_memory_bytes"), nullptr);
    start();
    answer = client.ask("list");
    EXPECT_EQ(number_of(member(process(answer, 100), "gpu_permille")), 250);
    EXPECT_EQ(number_of(member(process(answer, 100), "gpu_memory_bytes")), 0);
    EXPECT_EQ(number_of(member(process(answer, 101), "gpu_permille")), 0);
    EXPECT_EQ(number_of(member(process(answer, 101), "gpu_memory_bytes")), 12345);
    EXPECT_EQ(number_of(member(process(answer, 102), "gpu_permille")), 0);
    EXPECT_EQ(member(process(answer, 100), "gpu_user_permille"), nullptr) << "no driver tells";
}

TEST_F(GpuRequests, WhereDriversTellOfUsersTheListHasTheirs)
{
    programs = MM_BPF_GPU_WORK;
    start();
    Json answer = client.ask("list");

    // both are of user 1000
    EXPECT_EQ(number_of(member(process(answer, 100), "gpu_user_permille")), 500);
    EXPECT_EQ(number_of(member(process(answer, 101), "gpu_user_permille")), 500);
    EXPECT_EQ(number_of(member(process(answer, 102), "gpu_user_permille")), 0);
    EXPECT_EQ(member(process(answer, 100), "gpu_permille"), nullptr);
    EXPECT_EQ(member(process(answer, 100), "gpu_memory_bytes"), nullptr);
}

TEST_F(GpuRequests, TheFlowTellsOfDevicesUsersAndLosses)
{
    start();
    Json answer = client.ask("flows");
    const cJSON *gpu = member(cJSON_GetArrayItem(member(answer, "flows"), 0), "gpu");
    const cJSON *device = cJSON_GetArrayItem(member(gpu, "devices"), 0);
    const cJSON *user = cJSON_GetArrayItem(member(gpu, "users"), 0);
    const cJSON *level = cJSON_GetArrayItem(member(device, "levels"), 1);

    ASSERT_NE(gpu, nullptr);
    EXPECT_EQ(number_of(member(gpu, "interval_ms")), 1000);
    EXPECT_EQ(number_of(member(gpu, "processes")), 2);
    EXPECT_EQ(number_of(member(gpu, "work_errors")), 1);
    EXPECT_EQ(number_of(member(member(gpu, "lost"), "users")), 7);
    EXPECT_EQ(number_of(member(member(gpu, "lost"), "jobs")), 0);
    EXPECT_EQ(number_of(member(user, "uid")), 1000);
    EXPECT_EQ(number_of(member(user, "permille")), 500);
    EXPECT_EQ(number_of(member(user, "errors")), 1);
    EXPECT_EQ(number_of(member(device, "gpu")), 0);
    EXPECT_EQ(number_of(member(device, "khz")), 710000);
    EXPECT_EQ(number_of(member(device, "busy_permille")), 300);
    EXPECT_EQ(number_of(member(device, "memory_bytes")), 54321);
    EXPECT_EQ(number_of(member(level, "khz")), 710000);
    EXPECT_EQ(number_of(member(level, "time_ms")), 100) << "it is at it since";
    EXPECT_EQ(number_of(member(level, "count")), 1);
}

} // namespace
