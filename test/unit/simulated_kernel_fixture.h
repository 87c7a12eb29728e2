/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated machine and the short words its tests use. */
#ifndef MM_TEST_UNIT_SIMULATED_KERNEL_FIXTURE_H
#define MM_TEST_UNIT_SIMULATED_KERNEL_FIXTURE_H

#include "common/common.h"
#include "kernel_interface/simulated_kernel.h"

#include <functional>
#include <gtest/gtest.h>
#include <vector>

namespace simulated_test
{

constexpr uint64_t MiB = MM_MIB;
constexpr uint64_t Ms = MM_NS_PER_MS;
constexpr uint64_t S = MM_NS_PER_S;

inline mm_simulated_machine standard_machine()
{
    mm_simulated_machine machine{};

    machine.ram_bytes = 1024 * MiB;
    machine.reserved_bytes = 24 * MiB;
    machine.page_cache_bytes = 100 * MiB;
    return machine;
}

class Simulated : public testing::Test
{
  public: // to the functions in the tables too
    void TearDown() override
    {
        mm_kernel_free(kernel);
    }
    void start(const mm_simulated_machine &machine)
    {
        mm_kernel_free(kernel);
        kernel = nullptr;
        ASSERT_EQ(mm_simulated_kernel_new(&machine, &kernel), 0);
        ops = kernel->ops;
    }
    void start_with(const std::function<void(mm_simulated_machine &)> &change)
    {
        mm_simulated_machine machine = standard_machine();

        change(machine);
        start(machine);
    }
    mm_simulated_process process(pid_t pid, uint64_t anonymous_bytes, const char *group = nullptr) const
    {
        mm_simulated_process wanted{};

        wanted.pid = pid;
        wanted.ppid = 1;
        wanted.uid = 1000;
        wanted.comm = "application";
        wanted.group = group;
        wanted.anonymous_bytes = anonymous_bytes;
        return wanted;
    }
    void spawn(pid_t pid, uint64_t anonymous_bytes, const char *group = nullptr)
    {
        mm_simulated_process wanted = process(pid, anonymous_bytes, group);

        ASSERT_EQ(mm_simulated_spawn(kernel, &wanted), 0);
    }
    mm_memory_state memory() const
    {
        mm_memory_state state{};

        EXPECT_EQ(ops->read_memory(kernel, &state), 0);
        return state;
    }
    uint64_t now() const
    {
        return ops->now_ns(kernel);
    }
    mm_process_handle hold(pid_t pid) const
    {
        mm_process_handle handle{};

        EXPECT_EQ(ops->open_process(kernel, pid, 0, &handle), 0);
        return handle;
    }
    mm_group *open(const char *path) const
    {
        mm_group *group = nullptr;

        EXPECT_EQ(ops->open_group(kernel, path, &group), 0) << path;
        return group;
    }
    uint64_t value(const char *path, mm_group_value which) const
    {
        return mm_simulated_group_value(kernel, path, which);
    }
    std::vector<mm_notice> drain() const
    {
        std::vector<mm_notice> notices;

        ops->drain_notices(
            kernel,
            [](const mm_notice *notice, void *user) {
                static_cast<std::vector<mm_notice> *>(user)->push_back(*notice);
            },
            &notices);
        return notices;
    }
    // Goes on for the whole time, whatever notices come.
    std::vector<mm_notice> run(uint64_t duration_ns) const
    {
        std::vector<mm_notice> notices;
        uint64_t end_ns = now() + duration_ns;

        while (now() < end_ns) {
            mm_simulated_advance(kernel, end_ns - now());
            for (const mm_notice &notice : drain())
                notices.push_back(notice);
        }
        return notices;
    }
    void submit(mm_job_kind kind, mm_group *group, uint64_t bytes, uint64_t cookie = 1,
                mm_group_value which = MM_GROUP_HIGH) const
    {
        mm_job job{kind, group, which, bytes, cookie, nullptr};

        ASSERT_EQ(ops->submit_job(kernel, &job), 0);
    }
    mm_kernel *kernel = nullptr;
    const mm_kernel_ops *ops = nullptr;
};

} // namespace simulated_test

#endif
