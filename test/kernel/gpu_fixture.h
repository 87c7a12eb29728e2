/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gpuflow's programs on the running kernel, fed with records that no driver here would write: the loader finds the events
 * of a made-up tracefs, and BPF_PROG_TEST_RUN runs the very programs on records laid out as its format files say. Needs
 * root and BPF.
 */
#ifndef MM_TEST_KERNEL_GPU_FIXTURE_H
#define MM_TEST_KERNEL_GPU_FIXTURE_H

#include "bpf/gpu.h"
#include "fake_tracefs.h"

#include <cerrno>
#include <cstring>
#include <memory>

namespace bpf_test
{

constexpr uint64_t MS = 1000000;
constexpr uint64_t SECOND = 1000 * MS;

struct Free {
    void operator()(void *memory) const
    {
        free(memory);
    }
};
using Snapshot = std::unique_ptr<mm_bpf_gpu_snapshot, Free>;

/* What drivers' format files say, up to the fields that matter. */

inline const std::vector<Field> PWRLEVEL = {{"__data_loc char[] device_name", 8, 4},
                                            {"unsigned int pwrlevel", 12, 4},
                                            {"unsigned int freq", 16, 4},
                                            {"unsigned int prev_pwrlevel", 20, 4},
                                            {"unsigned int prev_freq", 24, 4}};
inline const std::vector<Field> GPUBUSY = {
    {"__data_loc char[] device_name", 8, 4}, {"unsigned int busy", 12, 4}, {"unsigned int elapsed", 16, 4}};
inline const std::vector<Field> FREQUENCY = {{"unsigned int state", 8, 4}, {"unsigned int gpu_id", 12, 4}};
inline const std::vector<Field> MEM_TOTAL = {
    {"uint32_t gpu_id", 8, 4}, {"uint32_t pid", 12, 4}, {"uint64_t size", 16, 8}};
inline const std::vector<Field> WORK_PERIOD = {{"u32 gpu_id", 8, 4},
                                               {"u32 uid", 12, 4},
                                               {"u64 start_time_ns", 16, 8},
                                               {"u64 end_time_ns", 24, 8},
                                               {"u64 total_active_duration_ns", 32, 8}};
inline const std::vector<Field> QUEUED = {{"unsigned int id", 8, 4}, {"unsigned int timestamp", 12, 4}};
inline const std::vector<Field> RETIRED = {{"unsigned int id", 8, 4},
                                           {"unsigned int timestamp", 12, 4},
                                           {"int inflight", 16, 4},
                                           {"uint64_t start", 32, 8},
                                           {"uint64_t retire", 40, 8}};
inline const std::vector<Field> MSM_SUBMIT = {{"pid_t pid", 8, 4}, {"u32 id", 12, 4}, {"u32 ringid", 16, 4}};
inline const std::vector<Field> MSM_RETIRED = {
    {"pid_t pid", 8, 4}, {"u32 id", 12, 4}, {"u32 ringid", 16, 4}, {"u64 elapsed", 24, 8}};
inline const std::vector<Field> FENCE = {{"uint64_t fence_context", 8, 8}, {"uint64_t fence_seqno", 16, 8}};
inline const std::vector<Field> OLD_JOB = {{"struct drm_sched_entity * entity", 8, 8},
                                           {"struct dma_fence * fence", 16, 8}};
inline const std::vector<Field> OLD_DONE = {{"struct dma_fence * fence", 8, 8}};

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
    /* The loader passes programs that are attached to nothing. */
    int program(const std::string &name) const
    {
        for (unsigned i = MM_BPF_GPU_DESCRIPTORS; i < collector()->fd_count; i++) {
            struct bpf_prog_info info = {};

            if (read_info(collector()->fds[i], &info) && name.substr(0, BPF_OBJ_NAME_LEN - 1) == info.name)
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
    /* -1: nothing is known of it. */
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

} // namespace bpf_test

#endif
