/* SPDX-License-Identifier: Apache-2.0 */
/* The flows that collect by BPF, from their programs to their figures, and when their loader fails. Needs root and BPF. */
#include "../unit/flow_support.h"
#include "fake_tracefs.h"

#include "service/flows/cpu_figures.h"
#include "service/flows/flow_bpf.h"
#include "service/flows/gpu_figures.h"

namespace
{

using bpf_test::PATIENCE_MS;
using namespace service_test;

const std::vector<bpf_test::Field> FREQUENCY = {{"unsigned int state", 8, 4}, {"unsigned int gpu_id", 12, 4}};
const std::vector<bpf_test::Field> SUBMIT = {{"pid_t pid", 8, 4}, {"u32 id", 12, 4}};
const std::vector<bpf_test::Field> RETIRED = {{"u32 id", 8, 4}, {"u64 elapsed", 16, 8}};

class BpfFlow : public FlowWorld
{
  protected:
    BpfFlow()
    {
        for (mm_flow_bpf *options : {&cpu, &gpu}) {
            options->collector.loader_path = bpf_test::loader_path();
            options->collector.timeout_ms = PATIENCE_MS;
            options->interval_ms = 50;
        }
        gpu.collector.tracefs = tracefs.path.c_str();
        EXPECT_EQ(mm_flows_add(flows, &mm_flow_cpu_ops, &cpu), 0);
        EXPECT_EQ(mm_flows_add(flows, &mm_flow_gpu_ops, &gpu), 0);
    }
    ~BpfFlow() override
    {
        // before its options
        mm_flows_cancel(flows);
        (void)mm_flows_stop(flows, FLOW_PATIENCE_MS);
    }
    static void run(const char *program, const bpf_test::Record &record)
    {
        const int fd = bpf_test::open_own_program(program);

        ASSERT_GE(fd, 0) << program;
        EXPECT_TRUE(bpf_test::run_program(fd, record.bytes, bpf_test::Record::SIZE)) << strerror(errno);
        close(fd);
    }
    const mm_gpu_figures *figures() const
    {
        return static_cast<const mm_gpu_figures *>(mm_flows_figures(flows, MM_GPUFLOW_NAME));
    }
    // Of this process in the newest figures; -1: they do not have it.
    int64_t permille() const
    {
        const mm_gpu_process *found = figures() ? mm_gpu_figures_process(figures(), getpid()) : nullptr;

        return found ? static_cast<int64_t>(found->permille) : -1;
    }
    enum { CPU, GPU };
    bpf_test::FakeTracefs tracefs;
    mm_flow_bpf cpu = {}, gpu = {};
};

TEST_F(BpfFlow, GraphicsComeFromTheProgramsToTheFigures)
{
    tracefs.add("power/gpu_frequency", FREQUENCY);
    tracefs.add("drm_msm_gpu/msm_gpu_submit", SUBMIT);
    tracefs.add("drm_msm_gpu/msm_gpu_submit_retired", RETIRED);
    ASSERT_EQ(mm_flows_switch(flows, MM_GPUFLOW_NAME, true), 0);
    ASSERT_TRUE(await(GPU, MM_FLOW_RUNNING)) << status(GPU).reason;
    EXPECT_EQ(std::string(status(GPU).reason)
                  .rfind("power level by power/gpu_frequency, work for processes by ", 0),
              0U)
        << status(GPU).reason;
    run("mm_gpu_change", bpf_test::Record(FREQUENCY).set("gpu_id", 2).set("state", 640000));
    // Far more than any interval is long: whenever it is read, it is above 0. The figures of that interval alone have
    // it; they are missed by who stands still meanwhile, so that there is another one.
    uint64_t id = 5;
    bpf_test::Clock::time_point next{};
    ASSERT_TRUE(turn_until([&] {
        if (permille() > 0)
            return true;
        if (bpf_test::Clock::now() < next)
            return false;
        run("mm_gpu_job_queued", bpf_test::Record(SUBMIT).set("id", id));
        run("mm_gpu_job_done", bpf_test::Record(RETIRED).set("id", id++).set("elapsed", 60000000000ull));
        next = bpf_test::Clock::now() + std::chrono::milliseconds(500);
        return false;
    }));
    ASSERT_EQ(figures()->device_count, 1U);
    EXPECT_EQ(figures()->devices[0].gpu, 2U);
    EXPECT_EQ(figures()->devices[0].khz, 640000U);
    ASSERT_EQ(figures()->level_count, 1U);
    EXPECT_GT(figures()->levels[0].time_ns, 0U);
    EXPECT_EQ(figures()->levels[0].count, 1U);
    EXPECT_TRUE(turn_until([&] { return permille() == -1; })) << "nothing since";
    ASSERT_EQ(mm_flows_switch(flows, MM_GPUFLOW_NAME, false), 0);
    ASSERT_TRUE(await(GPU, MM_FLOW_OFF));
    EXPECT_EQ(figures(), nullptr);
}

TEST_F(BpfFlow, WithoutAHookGraphicsAreIdleAndSayWhy)
{
    ASSERT_EQ(mm_flows_switch(flows, MM_GPUFLOW_NAME, true), 0);
    ASSERT_TRUE(await(GPU, MM_FLOW_UNSUPPORTED));
    EXPECT_EQ(
        std::string(status(GPU).reason).rfind("none of these tracepoints is here: kgsl/kgsl_pwrlevel, ", 0),
        0U)
        << status(GPU).reason;
    mm_simulated_advance(world.kernel, 3600 * MM_NS_PER_S);
    turn();
    EXPECT_EQ(status(GPU).phase, MM_FLOW_UNSUPPORTED) << "nor is it tried again";
}

// The one that fails is tried again, later each time, and the other does not notice.
TEST_F(BpfFlow, ALoaderThatFailsIsTriedAgainWithBackOff)
{
    const bpf_test::FakeLoader broken("exit 3");

    ASSERT_EQ(mm_flows_switch(flows, MM_CPUFLOW_NAME, true), 0);
    ASSERT_TRUE(await(CPU, MM_FLOW_RUNNING)) << status(CPU).reason;
    gpu.collector.loader_path = broken.options().loader_path;
    ASSERT_EQ(mm_flows_switch(flows, MM_GPUFLOW_NAME, true), 0);
    for (uint64_t failures = 1; failures <= 3; failures++) {
        ASSERT_TRUE(turn_until([&] { return status(GPU).failures == failures; }));
        EXPECT_EQ(status(GPU).phase, MM_FLOW_WAITING);
        EXPECT_EQ(status(GPU).retry_in_ns, MM_NS_PER_S << (failures - 1));
        EXPECT_STREQ(status(GPU).reason, "the loader ended without an answer, or was not done in time");
        if (failures == 3) {
            tracefs.add("power/gpu_frequency", FREQUENCY);
            gpu.collector.loader_path = bpf_test::loader_path();
        }
        mm_simulated_advance(world.kernel, status(GPU).retry_in_ns);
    }
    ASSERT_TRUE(await(GPU, MM_FLOW_RUNNING)) << status(GPU).reason;
    EXPECT_EQ(status(CPU).phase, MM_FLOW_RUNNING);
    EXPECT_EQ(status(CPU).failures, 0U);
    EXPECT_TRUE(turn_until([&] { return mm_flows_figures(flows, MM_CPUFLOW_NAME) != nullptr; }));
}

} // namespace
