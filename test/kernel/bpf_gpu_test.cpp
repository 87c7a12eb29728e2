/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gpuflow's programs on the running kernel, fed with records that no driver here would write: the loader finds the events
 * of a made-up tracefs, and BPF_PROG_TEST_RUN runs the very programs on records laid out as its format files say. Needs
 * root and BPF.
 */
#include "bpf/gpu.h"
#include "fake_tracefs.h"

#include <csignal>
#include <cstring>
#include <linux/magic.h>
#include <memory>
#include <sys/prctl.h>

namespace
{

using bpf_test::FakeTracefs;
using bpf_test::Field;
using bpf_test::now_ns;
using bpf_test::PATIENCE_MS;
using bpf_test::Record;

constexpr uint64_t MS = 1000000;
constexpr uint64_t SECOND = 1000 * MS;

struct Free {
    void operator()(void *memory) const
    {
        free(memory);
    }
};
using Snapshot = std::unique_ptr<mm_bpf_gpu_snapshot, Free>;

// ---- what drivers' format files say, up to the fields that matter -------------------------------------------

const std::vector<Field> PWRLEVEL = {{"__data_loc char[] device_name", 8, 4},
                                     {"unsigned int pwrlevel", 12, 4},
                                     {"unsigned int freq", 16, 4},
                                     {"unsigned int prev_pwrlevel", 20, 4},
                                     {"unsigned int prev_freq", 24, 4}};
const std::vector<Field> GPUBUSY = {
    {"__data_loc char[] device_name", 8, 4}, {"unsigned int busy", 12, 4}, {"unsigned int elapsed", 16, 4}};
const std::vector<Field> FREQUENCY = {{"unsigned int state", 8, 4}, {"unsigned int gpu_id", 12, 4}};
const std::vector<Field> MEM_TOTAL = {
    {"uint32_t gpu_id", 8, 4}, {"uint32_t pid", 12, 4}, {"uint64_t size", 16, 8}};
const std::vector<Field> WORK_PERIOD = {{"u32 gpu_id", 8, 4},
                                        {"u32 uid", 12, 4},
                                        {"u64 start_time_ns", 16, 8},
                                        {"u64 end_time_ns", 24, 8},
                                        {"u64 total_active_duration_ns", 32, 8}};
const std::vector<Field> QUEUED = {{"unsigned int id", 8, 4}, {"unsigned int timestamp", 12, 4}};
const std::vector<Field> RETIRED = {{"unsigned int id", 8, 4},
                                    {"unsigned int timestamp", 12, 4},
                                    {"int inflight", 16, 4},
                                    {"uint64_t start", 32, 8},
                                    {"uint64_t retire", 40, 8}};
const std::vector<Field> MSM_SUBMIT = {{"pid_t pid", 8, 4}, {"u32 id", 12, 4}, {"u32 ringid", 16, 4}};
const std::vector<Field> MSM_RETIRED = {
    {"pid_t pid", 8, 4}, {"u32 id", 12, 4}, {"u32 ringid", 16, 4}, {"u64 elapsed", 24, 8}};
const std::vector<Field> FENCE = {{"uint64_t fence_context", 8, 8}, {"uint64_t fence_seqno", 16, 8}};
const std::vector<Field> OLD_JOB = {{"struct drm_sched_entity * entity", 8, 8},
                                    {"struct dma_fence * fence", 16, 8}};
const std::vector<Field> OLD_DONE = {{"struct dma_fence * fence", 8, 8}};

class Gpu : public testing::Test
{
  protected:
    ~Gpu() override
    {
        mm_bpf_gpu_free(gpu);
    }
    void event(const std::string &name, const std::vector<Field> &fields, const std::string &id = "") const
    {
        tracefs.add(name, fields, id);
    }
    int open(const char *pin_directory = nullptr, bool is_fake = true)
    {
        struct mm_bpf_collector_options options = {};

        options.loader_path = bpf_test::loader_path();
        options.timeout_ms = PATIENCE_MS;
        options.tracefs = is_fake ? tracefs.path.c_str() : nullptr;
        options.pin_directory = pin_directory;
        EXPECT_EQ(mm_bpf_gpu_new(&options, &gpu), 0);
        struct pollfd pollfd = {collector()->progress_fd, POLLIN, 0};
        EXPECT_EQ(poll(&pollfd, 1, PATIENCE_MS), 1);
        return mm_bpf_collector_receive(collector());
    }
    mm_bpf_collector *collector() const
    {
        return mm_bpf_gpu_collector(gpu);
    }
    std::string reason() const
    {
        return collector()->reason;
    }
    // The loader passes programs that are attached to nothing.
    int program(const std::string &name) const
    {
        for (unsigned i = MM_BPF_GPU_DESCRIPTORS; i < collector()->fd_count; i++) {
            struct bpf_prog_info info = {};
            union bpf_attr attributes = {};

            attributes.info.bpf_fd = static_cast<uint32_t>(collector()->fds[i]);
            attributes.info.info_len = sizeof(info);
            attributes.info.info = reinterpret_cast<uintptr_t>(&info);
            if (bpf_test::bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes) == 0 &&
                name.substr(0, BPF_OBJ_NAME_LEN - 1) == info.name)
                return collector()->fds[i];
        }
        return -1;
    }
    void run(const std::string &name, const Record &record) const
    {
        ASSERT_TRUE(bpf_test::run_program(program(name), record.bytes, Record::SIZE))
            << name << ": " << strerror(errno);
    }
    Snapshot read() const
    {
        mm_bpf_gpu_snapshot *snapshot = nullptr;

        EXPECT_EQ(mm_bpf_gpu_read(gpu, &snapshot), 0);
        return Snapshot(snapshot);
    }
    static const mm_bpf_gpu_level *level(const Snapshot &snapshot, uint32_t gpu_id, uint32_t khz)
    {
        for (uint32_t i = 0; i < snapshot->level_count; i++) {
            if (snapshot->level_keys[i].gpu == gpu_id && snapshot->level_keys[i].id == khz)
                return &snapshot->levels[i];
        }
        return nullptr;
    }
    static const mm_bpf_gpu_device *device(const Snapshot &snapshot, uint32_t gpu_id)
    {
        for (uint32_t i = 0; i < snapshot->device_count; i++) {
            if (snapshot->device_keys[i] == gpu_id)
                return &snapshot->devices[i];
        }
        return nullptr;
    }
    static const mm_bpf_gpu_busy *busy(const Snapshot &snapshot, pid_t pid)
    {
        for (uint32_t i = 0; i < snapshot->busy_count; i++) {
            if (snapshot->busy_keys[i].id == static_cast<uint32_t>(pid))
                return &snapshot->busy[i];
        }
        return nullptr;
    }
    static const mm_bpf_gpu_work *work(const Snapshot &snapshot, uint32_t uid)
    {
        for (uint32_t i = 0; i < snapshot->work_count; i++) {
            if (snapshot->work_keys[i].id == uid)
                return &snapshot->work[i];
        }
        return nullptr;
    }
    // -1: nothing is known of it.
    static int64_t memory(const Snapshot &snapshot, pid_t pid)
    {
        for (uint32_t i = 0; i < snapshot->memory_count; i++) {
            if (snapshot->memory_keys[i].id == static_cast<uint32_t>(pid))
                return static_cast<int64_t>(snapshot->memory_bytes[i]);
        }
        return -1;
    }
    static void spin(uint64_t duration_ns)
    {
        for (uint64_t begin_ns = now_ns(); now_ns() - begin_ns < duration_ns;)
            continue;
    }

    const FakeTracefs tracefs;
    mm_bpf_gpu *gpu = nullptr;
};

// ---- power levels -------------------------------------------------------------------------------------------

// Of the series the time in each level lies between what passed at least and at most between the calls.
TEST_F(Gpu, TimeInEachLevelIsThatBetweenItsChanges)
{
    const struct {
        uint32_t pwrlevel, freq_hz;
    } series[] = {{5, 315000000}, {0, 710000000}, {5, 315000000},
                  {2, 510000000}, {2, 510000000}, {0, 710000000}};
    std::map<uint32_t, uint64_t> least_ns, most_ns, count;
    uint64_t before_ns = 0, after_ns = 0;

    event("kgsl/kgsl_pwrlevel", PWRLEVEL);
    // kgsl tells the same here: it is not counted twice
    event("power/gpu_frequency", FREQUENCY);
    ASSERT_EQ(open(), 0) << reason();
    EXPECT_EQ(collector()->programs, static_cast<unsigned>(MM_BPF_GPU_LEVEL));
    EXPECT_EQ(reason().rfind("power level by kgsl/kgsl_pwrlevel; without ", 0), 0U) << reason();
    for (size_t i = 0; i < std::size(series); i++) {
        const uint64_t called_ns = now_ns();

        run("mm_gpu_change",
            Record(PWRLEVEL).set("pwrlevel", series[i].pwrlevel).set("freq", series[i].freq_hz));
        if (i > 0) {
            least_ns[series[i - 1].freq_hz / 1000] += called_ns - after_ns;
            most_ns[series[i - 1].freq_hz / 1000] += now_ns() - before_ns;
        }
        before_ns = called_ns;
        after_ns = now_ns();
        count[series[i].freq_hz / 1000] += i == 0 || series[i].freq_hz != series[i - 1].freq_hz;
        spin((i + 1) * 2 * MS);
    }
    Snapshot snapshot = read();
    EXPECT_EQ(snapshot->level_count, 3U);
    for (const auto &[khz, times] : count) {
        const mm_bpf_gpu_level *found = level(snapshot, 0, khz);

        ASSERT_NE(found, nullptr) << khz;
        EXPECT_EQ(found->count, times) << khz;
        EXPECT_GE(found->time_ns, least_ns[khz]) << khz;
        EXPECT_LE(found->time_ns, most_ns[khz]) << khz;
    }
    EXPECT_GT(least_ns[510000], 18 * MS) << "a repetition does not end it";
    ASSERT_NE(device(snapshot, 0), nullptr);
    EXPECT_EQ(device(snapshot, 0)->khz, 710000U);
    EXPECT_EQ(device(snapshot, 0)->level, 0U);
    EXPECT_GE(device(snapshot, 0)->since_ns, before_ns);
    EXPECT_LE(device(snapshot, 0)->since_ns, after_ns);
}

TEST_F(Gpu, FrequenciesOfDriversAreInTheirUnitsAndLayouts)
{
    // an older kernel's: 64 bits, the other way round
    const std::vector<Field> wide = {{"unsigned long gpu_id", 8, 8}, {"unsigned long state", 16, 8}};
    const std::vector<Field> msm = {{"u32 freq", 8, 4}};

    event("power/gpu_frequency", wide);
    ASSERT_EQ(open(), 0) << reason();
    run("mm_gpu_change", Record(wide).set("gpu_id", 3).set("state", 800000));
    run("mm_gpu_change", Record(wide).set("gpu_id", 4).set("state", 0));
    Snapshot snapshot = read();
    EXPECT_EQ(snapshot->device_count, 2U);
    ASSERT_NE(level(snapshot, 3, 800000), nullptr);
    ASSERT_NE(level(snapshot, 4, 0), nullptr) << "switched off is a level, too";
    EXPECT_EQ(level(snapshot, 4, 0)->count, 1U);
    mm_bpf_gpu_free(gpu);
    gpu = nullptr;

    tracefs.clear();
    event("drm_msm_gpu/msm_gpu_freq_change", msm);
    ASSERT_EQ(open(), 0) << reason();
    run("mm_gpu_change", Record(msm).set("freq", 585));
    snapshot = read();
    EXPECT_NE(level(snapshot, 0, 585000), nullptr);
}

TEST_F(Gpu, TheDriversShareIsSummedUp)
{
    event("kgsl/kgsl_gpubusy", GPUBUSY);
    ASSERT_EQ(open(), 0) << reason();
    run("mm_gpu_share", Record(GPUBUSY).set("busy", 3000).set("elapsed", 10000));
    run("mm_gpu_share", Record(GPUBUSY).set("busy", 4000).set("elapsed", 12000));
    Snapshot snapshot = read();
    ASSERT_NE(device(snapshot, 0), nullptr);
    EXPECT_EQ(device(snapshot, 0)->busy_us, 7000U);
    EXPECT_EQ(device(snapshot, 0)->elapsed_us, 22000U);
    EXPECT_EQ(device(snapshot, 0)->since_ns, 0U) << "at which level nobody has told";
}

// ---- processes ----------------------------------------------------------------------------------------------

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

TEST_F(Gpu, MemoryIsTheLastThatWasTold)
{
    bpf_test::Child alive, gone;
    auto told = [&](pid_t pid, uint64_t size) {
        run("mm_gpu_memory_total",
            Record(MEM_TOTAL).set("gpu_id", 1).set("pid", static_cast<uint64_t>(pid)).set("size", size));
    };

    event("gpu_mem/gpu_mem_total", MEM_TOTAL);
    ASSERT_EQ(open(), 0) << reason();
    told(getpid(), 4096);
    told(alive.pid(), 1ull << 33);
    told(gone.pid(), 77);
    told(0, 123456789);
    told(getpid(), 8192);
    Snapshot snapshot = read();
    EXPECT_EQ(memory(snapshot, getpid()), 8192);
    EXPECT_EQ(memory(snapshot, alive.pid()), 1ll << 33);
    ASSERT_NE(device(snapshot, 1), nullptr);
    EXPECT_EQ(device(snapshot, 1)->memory_bytes, 123456789U);

    const pid_t pid = gone.pid();
    gone.end();
    told(getpid(), 0);
    snapshot = read();
    EXPECT_EQ(memory(snapshot, getpid()), -1) << "given back";
    EXPECT_EQ(memory(snapshot, pid), -1) << "no driver told of its end";
    EXPECT_EQ(memory(snapshot, alive.pid()), 1ll << 33);
    EXPECT_EQ(snapshot->memory_count, 1U);
}

// ---- users: AOSP's contract ---------------------------------------------------------------------------------

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

// ---- bounds -------------------------------------------------------------------------------------------------

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

TEST_F(Gpu, MoreDevicesAndLevelsThanThereIsRoomForAreLost)
{
    event("power/gpu_frequency", FREQUENCY);
    ASSERT_EQ(open(), 0) << reason();
    for (uint64_t id = 0; id < MM_BPF_GPU_DEVICES_MAX + 3; id++)
        run("mm_gpu_change", Record(FREQUENCY).set("gpu_id", id).set("state", 1));
    Snapshot snapshot = read();
    EXPECT_EQ(snapshot->device_count, static_cast<uint32_t>(MM_BPF_GPU_DEVICES_MAX));
    EXPECT_EQ(snapshot->totals.lost[MM_BPF_GPU_LOST_DEVICE], 3U);
    for (uint64_t khz = 2; khz < MM_BPF_GPU_LEVELS_MAX; khz++)
        run("mm_gpu_change", Record(FREQUENCY).set("gpu_id", 0).set("state", khz));
    snapshot = read();
    EXPECT_EQ(snapshot->level_count, static_cast<uint32_t>(MM_BPF_GPU_LEVELS_MAX));
    EXPECT_GT(snapshot->totals.lost[MM_BPF_GPU_LOST_LEVEL], 0U);
    EXPECT_EQ(device(snapshot, 0)->khz, static_cast<uint32_t>(MM_BPF_GPU_LEVELS_MAX - 1));
}

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
