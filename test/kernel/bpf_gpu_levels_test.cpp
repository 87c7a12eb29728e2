/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs tell of devices: the time at each power level, and how busy they are. */
#include "gpu_fixture.h"

#include <map>

namespace
{

using bpf_test::Field;
using bpf_test::FREQUENCY;
using bpf_test::Gpu;
using bpf_test::GPUBUSY;
using bpf_test::MS;
using bpf_test::now_ns;
using bpf_test::PWRLEVEL;
using bpf_test::Record;
using bpf_test::Snapshot;

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

} // namespace
