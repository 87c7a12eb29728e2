/* SPDX-License-Identifier: Apache-2.0 */
/* How the programs come to their hooks, are done without, and leave their maps. */
#include "gpu_fixture.h"

#include <csignal>
#include <linux/magic.h>
#include <sys/prctl.h>

namespace
{

using bpf_test::FREQUENCY;
using bpf_test::Gpu;
using bpf_test::MEM_TOTAL;
using bpf_test::MS;
using bpf_test::QUEUED;
using bpf_test::Record;
using bpf_test::RETIRED;
using bpf_test::Snapshot;

// ---- where hooks are missing --------------------------------------------------------------------------------

TEST_F(Gpu, WithoutAnyHookItSaysWhereItLooked)
{
    EXPECT_EQ(open(), -EOPNOTSUPP);
    EXPECT_EQ(reason(), "none of these tracepoints is here: kgsl/kgsl_pwrlevel, power/gpu_frequency, "
                        "drm_msm_gpu/msm_gpu_freq_change, kgsl/kgsl_gpubusy, gpu_mem/gpu_mem_total, "
                        "power/gpu_work_period, kgsl/adreno_cmdbatch_queued, drm_msm_gpu/msm_gpu_submit, "
                        "gpu_scheduler/drm_sched_job_queue, gpu_scheduler/drm_sched_job");
}

TEST_F(Gpu, OnThisKernelItRunsOrSaysWhyNot)
{
    const int result = open(nullptr, false);

    if (result == 0)
        EXPECT_NE(collector()->programs, 0U) << reason();
    else
        EXPECT_TRUE(result == -EOPNOTSUPP &&
                    (reason().rfind("none of these tracepoints is here: ", 0) == 0 ||
                     reason().find("tracefs is not mounted and cannot be: ") != std::string::npos))
            << result << " " << reason();
}

// An id that is none of this kernel's: the event cannot be attached to.
TEST_F(Gpu, AHookThatCannotBeAttachedToIsSaid)
{
    event("power/gpu_frequency", FREQUENCY, "65535\n");
    EXPECT_EQ(open(), -EOPNOTSUPP);
    EXPECT_EQ(reason().rfind("classic tracepoints: perf_event_open: ", 0), 0U) << reason();
    mm_bpf_gpu_free(gpu);
    gpu = nullptr;
    event("gpu_mem/gpu_mem_total", MEM_TOTAL);
    ASSERT_EQ(open(), 0) << reason();
    EXPECT_EQ(collector()->programs, static_cast<unsigned>(MM_BPF_GPU_MEMORY)) << "the rest works";
}

// Half a way would fill maps that nobody reads.
TEST_F(Gpu, OfAWayThatCannotBeAttachedNothingStaysAttached)
{
    const std::string impossible = "65535\n";

    if (!bpf_test::has_mounted("tracefs", "/sys/kernel/tracing", TRACEFS_MAGIC))
        GTEST_SKIP() << "no tracefs, and none can be mounted: " << strerror(errno);
    const std::string real = bpf_test::read_text("/sys/kernel/tracing/events/oom/oom_score_adj_update/id");
    ASSERT_FALSE(real.empty());
    const struct {
        const char *what;
        std::string queued, begun, done;
        unsigned programs, descriptors;
    } cases[] = {
        {"the last hook", real, real, impossible, MM_BPF_GPU_MEMORY, 1},
        {"the first hook", impossible, real, real, MM_BPF_GPU_MEMORY, 1},
        {"an optional hook", real, impossible, real, MM_BPF_GPU_MEMORY | MM_BPF_GPU_JOBS, 3},
        {"none", real, real, real, MM_BPF_GPU_MEMORY | MM_BPF_GPU_JOBS, 4},
    };

    for (const auto &row : cases) {
        SCOPED_TRACE(row.what);
        tracefs.clear();
        event("kgsl/adreno_cmdbatch_queued", QUEUED, row.queued);
        event("kgsl/adreno_cmdbatch_submitted", QUEUED, row.begun);
        event("kgsl/adreno_cmdbatch_retired", RETIRED, row.done);
        event("gpu_mem/gpu_mem_total", MEM_TOTAL);
        ASSERT_EQ(open(), 0) << reason();
        EXPECT_EQ(collector()->programs, row.programs) << reason();
        EXPECT_EQ(collector()->fd_count, MM_BPF_GPU_DESCRIPTORS + row.descriptors);
        mm_bpf_gpu_free(gpu);
        gpu = nullptr;
    }
}

// In the kernel's own tracefs, for which the made-up one is put here.
TEST_F(Gpu, AnEventOfTheKernelsWithoutAnIdIsNotTaken)
{
    event("power/gpu_frequency", FREQUENCY);
    const std::string answer = bpf_test::in_child([&] {
        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 ||
            mount(tracefs.path.c_str(), "/sys/kernel/tracing", nullptr, MS_BIND, nullptr) < 0)
            return std::string("mount: ") + strerror(errno);
        const int result = open(nullptr, false);

        return std::to_string(result) + " " + reason();
    });
    if (answer.rfind("mount: ", 0) == 0)
        GTEST_SKIP() << answer;
    EXPECT_EQ(answer,
              std::to_string(-EOPNOTSUPP) + " classic tracepoints: tracepoint power/gpu_frequency has no id");
}

// What is left of a way is not taken for it, and what has nothing to do with it works.
TEST_F(Gpu, AHookThatCannotBeReadIsDoneWithout)
{
    event("kgsl/kgsl_pwrlevel", {{"char freq[16]", 8, 16}});
    event("gpu_mem/gpu_mem_total", {{"u32 pid", 8, 4}});
    event("kgsl/adreno_cmdbatch_queued", QUEUED);
    EXPECT_EQ(open(), -EOPNOTSUPP);
    EXPECT_EQ(reason(),
              "classic tracepoints: tracepoint kgsl/kgsl_pwrlevel has no field freq this program can "
              "read");
    mm_bpf_gpu_free(gpu);
    gpu = nullptr;
    event("power/gpu_frequency", FREQUENCY);
    ASSERT_EQ(open(), 0);
    EXPECT_EQ(reason(),
              "power level by power/gpu_frequency; without share busy, memory, work for users, work "
              "for processes");
}

// What tells of users and devices does not depend on how processes are numbered.
TEST_F(Gpu, InAnotherPidNamespaceProcessesAreDoneWithout)
{
    event("power/gpu_frequency", FREQUENCY);
    event("gpu_mem/gpu_mem_total", MEM_TOTAL);
    const std::string answer = bpf_test::in_child([&] {
        if (unshare(CLONE_NEWPID) < 0)
            return std::string("unshare: ") + strerror(errno);
        // its first process
        return bpf_test::in_child([&] {
            const int result = open();

            return std::to_string(result) + " " + reason();
        });
    });
    if (answer.rfind("unshare: ", 0) == 0)
        GTEST_SKIP() << answer;
    EXPECT_EQ(answer,
              "0 power level by power/gpu_frequency; without share busy, memory, work for users, work for "
              "processes");
}

// ---- pinned maps --------------------------------------------------------------------------------------------

TEST_F(Gpu, PinnedMapsAreTakenOverFromOneThatDied)
{
    const std::string directory = "/sys/fs/bpf/memmgr-gpu-test-" + std::to_string(getpid());
    auto change = [&](uint64_t khz) {
        run("mm_gpu_change", Record(FREQUENCY).set("gpu_id", 0).set("state", khz));
    };
    auto memory_is = [&](uint64_t size) {
        run("mm_gpu_memory_total",
            Record(MEM_TOTAL).set("pid", static_cast<uint64_t>(getppid())).set("size", size));
    };

    if (!bpf_test::has_mounted("bpf", "/sys/fs/bpf", BPF_FS_MAGIC))
        GTEST_SKIP() << "no bpffs at /sys/fs/bpf, and none can be mounted: " << strerror(errno);
    event("power/gpu_frequency", FREQUENCY);
    event("gpu_mem/gpu_mem_total", MEM_TOTAL);
    const std::string first = bpf_test::in_child([&] {
        std::string answer = open(directory.c_str()) == 0 ? "" : "not opened: ";

        change(100);
        spin(2 * MS);
        change(200);
        memory_is(555);
        answer += reason();
        return answer;
    });
    EXPECT_NE(first.find("; maps pinned in " + directory), std::string::npos) << first;
    EXPECT_EQ(access((directory + "/mm_gpu_levels").c_str(), F_OK), 0);
    spin(5 * MS);

    ASSERT_EQ(open(directory.c_str()), 0) << reason();
    EXPECT_NE(reason().find("; maps taken over from " + directory), std::string::npos) << reason();
    EXPECT_TRUE(collector()->flags & MM_BPF_COLLECTOR_IS_TAKEN_OVER);
    Snapshot snapshot = read();
    ASSERT_NE(level(snapshot, 0, 100), nullptr);
    EXPECT_GE(level(snapshot, 0, 100)->time_ns, 2 * MS) << "it goes on counting";
    const uint64_t time_ns = level(snapshot, 0, 100)->time_ns;
    EXPECT_EQ(memory(snapshot, getpid()), 555);
    EXPECT_EQ(device(snapshot, 0)->since_ns, 0U) << "what was while nobody listened is not known";
    change(100);
    spin(1 * MS);
    change(200);
    snapshot = read();
    EXPECT_EQ(level(snapshot, 0, 200)->time_ns, 0U);
    EXPECT_EQ(level(snapshot, 0, 100)->count, 2U);
    EXPECT_GE(level(snapshot, 0, 100)->time_ns, time_ns + 1 * MS);
    mm_bpf_gpu_free(gpu);
    gpu = nullptr;
    EXPECT_LT(access(directory.c_str(), F_OK), 0) << "gone with an orderly end";
}

// ---- attached for good --------------------------------------------------------------------------------------

// An event of the kernel's own under the name of a driver's: who writes an oom_score_adj seems to tell of memory, as much
// as the first half of the name says.
TEST_F(Gpu, ProgramsAttachToTracepoints)
{
    const std::string real = "/sys/kernel/tracing/events/oom/oom_score_adj_update/";
    uint64_t expected;

    if (!bpf_test::has_mounted("tracefs", "/sys/kernel/tracing", TRACEFS_MAGIC))
        GTEST_SKIP() << "no tracefs, and none can be mounted: " << strerror(errno);
    const std::string format = bpf_test::read_text(real + "format");
    auto offset_of = [&](const std::string &field) {
        const size_t at = format.find("offset:", format.find(field));

        return at == std::string::npos ? 0U : static_cast<unsigned>(std::stoul(format.substr(at + 7)));
    };
    ASSERT_GT(offset_of("pid_t pid;"), 0U) << format;
    event("gpu_mem/gpu_mem_total",
          {{"uint32_t pid", offset_of("pid_t pid;"), 4}, {"uint64_t size", offset_of("char comm[16]"), 8}},
          bpf_test::read_text(real + "id"));
    ASSERT_EQ(open(), 0) << reason();
    bpf_test::Child child;
    EXPECT_EQ(prctl(PR_SET_NAME, "ABCDEFGH-me"), 0);
    ASSERT_TRUE(bpf_test::write_adj(getpid(), 7));
    memcpy(&expected, "ABCDEFGH", sizeof(expected));
    Snapshot snapshot = read();
    EXPECT_EQ(memory(snapshot, getpid()), static_cast<int64_t>(expected));
    EXPECT_EQ(memory(snapshot, child.pid()), -1);
    ASSERT_TRUE(bpf_test::write_adj(getpid(), 0));
}

} // namespace
