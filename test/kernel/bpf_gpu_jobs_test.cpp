/* SPDX-License-Identifier: Apache-2.0 */
/* Busy time of processes, from the jobs of each driver. */
#include "gpu_fixture.h"

namespace
{

using bpf_test::FENCE;
using bpf_test::Field;
using bpf_test::Gpu;
using bpf_test::MS;
using bpf_test::MSM_RETIRED;
using bpf_test::MSM_SUBMIT;
using bpf_test::now_ns;
using bpf_test::OLD_DONE;
using bpf_test::OLD_JOB;
using bpf_test::QUEUED;
using bpf_test::Record;
using bpf_test::RETIRED;
using bpf_test::Snapshot;

TEST_F(Gpu, BusyTimeIsTheProcesssThatQueuedTheJob)
{
    event("kgsl/adreno_cmdbatch_queued", QUEUED);
    event("kgsl/adreno_cmdbatch_submitted", QUEUED);
    event("kgsl/adreno_cmdbatch_retired", RETIRED);
    ASSERT_EQ(open(), 0) << reason();
    EXPECT_EQ(collector()->programs, static_cast<unsigned>(MM_BPF_GPU_JOBS));

    bpf_test::Child child([&] {
        run("mm_gpu_job_queued", Record(QUEUED).set("id", 7).set("timestamp", 1));
        run("mm_gpu_job_queued", Record(QUEUED).set("id", 7).set("timestamp", 2));
    });
    const pid_t other = child.pid();
    child.end();
    run("mm_gpu_job_queued", Record(QUEUED).set("id", 8).set("timestamp", 1));
    // in whatever order, by whomever: 19.2 ticks are a microsecond
    run("mm_gpu_job_done",
        Record(RETIRED).set("id", 8).set("timestamp", 1).set("start", 1000).set("retire", 1000 + 19200));
    run("mm_gpu_job_done",
        Record(RETIRED).set("id", 7).set("timestamp", 2).set("start", 50000).set("retire", 50000 + 192));
    run("mm_gpu_job_done",
        Record(RETIRED).set("id", 7).set("timestamp", 1).set("start", 40000).set("retire", 40000 + 384));
    // one that was queued before anybody listened, and one that is told of twice
    run("mm_gpu_job_done", Record(RETIRED).set("id", 9).set("timestamp", 1).set("retire", 5));
    run("mm_gpu_job_done",
        Record(RETIRED).set("id", 7).set("timestamp", 1).set("start", 40000).set("retire", 40000 + 384));
    Snapshot snapshot = read();
    EXPECT_EQ(snapshot->busy_count, 2U);
    ASSERT_NE(busy(snapshot, getpid()), nullptr);
    EXPECT_EQ(busy(snapshot, getpid())->busy_ns, 1 * MS);
    EXPECT_EQ(busy(snapshot, getpid())->jobs, 1U);
    ASSERT_NE(busy(snapshot, other), nullptr);
    EXPECT_EQ(busy(snapshot, other)->busy_ns, 30000U);
    EXPECT_EQ(busy(snapshot, other)->jobs, 2U);
    EXPECT_EQ(snapshot->totals.lost[MM_BPF_GPU_LOST_JOB], 2U);
}

TEST_F(Gpu, ADriverThatTellsTheActiveTimeIsBelieved)
{
    std::vector<Field> retired = RETIRED;

    retired.push_back({"uint64_t active", 48, 8});
    event("kgsl/adreno_cmdbatch_queued", QUEUED);
    event("kgsl/adreno_cmdbatch_retired", retired);
    ASSERT_EQ(open(), 0) << reason();
    run("mm_gpu_job_queued", Record(QUEUED).set("id", 1).set("timestamp", 1));
    run("mm_gpu_job_done",
        Record(retired).set("id", 1).set("timestamp", 1).set("retire", 19200).set("active", 1920));
    Snapshot snapshot = read();
    ASSERT_NE(busy(snapshot, getpid()), nullptr);
    EXPECT_EQ(busy(snapshot, getpid())->busy_ns, MS / 10);
}

TEST_F(Gpu, OfMsmTheNanosecondsItTellsCount)
{
    event("drm_msm_gpu/msm_gpu_submit", MSM_SUBMIT);
    event("drm_msm_gpu/msm_gpu_submit_retired", MSM_RETIRED);
    // whose jobs are the same: not counted twice
    for (const char *name : {"queue", "run", "done"})
        event(std::string("gpu_scheduler/drm_sched_job_") + name, FENCE);
    ASSERT_EQ(open(), 0) << reason();
    EXPECT_EQ(reason().rfind("work for processes by drm_msm_gpu/msm_gpu_submit; ", 0), 0U) << reason();
    run("mm_gpu_job_queued", Record(MSM_SUBMIT).set("pid", 1).set("id", 11).set("ringid", 2));
    run("mm_gpu_job_done", Record(MSM_RETIRED).set("pid", 1).set("id", 11).set("elapsed", 123456));
    Snapshot snapshot = read();
    ASSERT_NE(busy(snapshot, getpid()), nullptr) << "the process, not the thread that the event names";
    EXPECT_EQ(busy(snapshot, getpid())->busy_ns, 123456U);
}

// Without times of a driver's own it is the clock, from when the hardware was given the job.
TEST_F(Gpu, OfTheSchedulerTheTimeOnTheHardwareCounts)
{
    const struct {
        const char *queued, *begun, *done;
        std::vector<Field> job, end;
    } releases[] = {
        {"drm_sched_job_queue", "drm_sched_job_run", "drm_sched_job_done", FENCE, FENCE},
        {"drm_sched_job", "drm_run_job", "drm_sched_process_job", OLD_JOB, OLD_DONE},
    };

    for (const auto &release : releases) {
        auto job = [](const std::vector<Field> &format) {
            return Record(format)
                .set("fence_context", 5)
                .set("fence_seqno", 9)
                .set("fence", 0xffff888000001000);
        };

        SCOPED_TRACE(release.queued);
        tracefs.clear();
        event(std::string("gpu_scheduler/") + release.queued, release.job);
        event(std::string("gpu_scheduler/") + release.begun, release.job);
        event(std::string("gpu_scheduler/") + release.done, release.end);
        ASSERT_EQ(open(), 0) << reason();
        run("mm_gpu_job_queued", job(release.job));
        spin(5 * MS);
        const uint64_t begun_ns = now_ns();
        run("mm_gpu_job_begun", job(release.job));
        const uint64_t after_begin_ns = now_ns();
        spin(3 * MS);
        const uint64_t before_end_ns = now_ns();
        run("mm_gpu_job_done", job(release.end));
        const uint64_t done_ns = now_ns();
        Snapshot snapshot = read();
        ASSERT_NE(busy(snapshot, getpid()), nullptr);
        EXPECT_GE(busy(snapshot, getpid())->busy_ns, before_end_ns - after_begin_ns);
        EXPECT_LE(busy(snapshot, getpid())->busy_ns, done_ns - begun_ns);
        mm_bpf_gpu_free(gpu);
        gpu = nullptr;
    }
}

} // namespace
