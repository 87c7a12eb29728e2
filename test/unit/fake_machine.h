// SPDX-License-Identifier: Apache-2.0
// A tree of plain files that looks like /proc and /sys of machines we do not have, and the Linux
// implementation of struct mm_kernel over it.
#ifndef MM_TEST_UNIT_FAKE_MACHINE_H
#define MM_TEST_UNIT_FAKE_MACHINE_H

#include "common/common.h"
#include "kernel_interface/kernel_interface.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <unistd.h>

inline constexpr uint64_t mib = 1024 * 1024;

class FakeMachine
{
  public:
    FakeMachine()
    {
        char path[] = "/tmp/memmgr-fake-XXXXXX";

        EXPECT_NE(mkdtemp(path), nullptr);
        root_ = path;
        write("proc/meminfo", "MemTotal: 4096000 kB\nMemFree: 1000000 kB\nMemAvailable: 2048000 kB\n"
                              "Active(file): 1000 kB\nInactive(file): 2000 kB\nAnonPages: 3000 kB\n"
                              "SwapTotal: 1024000 kB\nSwapFree: 512000 kB\n");
        write("proc/vmstat", "nr_free_pages 250000\noom_kill 2\n");
        write("proc/zoneinfo", "Node 0, zone   Normal\n  pages free     250000\n        min      10\n"
                               "        low      20\n        high     30\n        managed  1000000\n"
                               "        protection: (0, 0)\n");
        write("proc/pressure/memory", "some avg10=1.00 avg60=0.00 avg300=0.00 total=11\n"
                                      "full avg10=0.50 avg60=0.00 avg300=0.00 total=7\n");
        write("proc/self/status", "Tgid:\t1\nPid:\t1\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n");
        write("proc/self/uid_map", "         0          0 4294967295\n");
        write("proc/self/mountinfo", "");
    }
    ~FakeMachine()
    {
        kernel_.reset();
        std::filesystem::remove_all(root_);
    }
    FakeMachine(const FakeMachine &) = delete;
    FakeMachine &operator=(const FakeMachine &) = delete;

    void write(const std::string &path, const std::string &text) const
    {
        const std::filesystem::path file = std::filesystem::path(root_) / path;

        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::trunc | std::ios::binary) << text;
    }
    std::string read(const std::string &path) const
    {
        std::ifstream file(std::filesystem::path(root_) / path);
        std::stringstream text;

        text << file.rdbuf();
        return text.str();
    }
    void link(const std::string &target, const std::string &path) const
    {
        std::filesystem::create_symlink(target, std::filesystem::path(root_) / path);
    }
    void remove(const std::string &path) const
    {
        std::filesystem::remove_all(std::filesystem::path(root_) / path);
    }
    void make_process(pid_t pid, const std::string &comm, const std::string &cgroup, char state = 'S',
                      unsigned long flags = 4194304, pid_t tgid = 0, unsigned threads = 1) const
    {
        const std::string directory = "proc/" + std::to_string(pid) + "/";

        write(directory + "stat", std::to_string(pid) + " (" + comm + ") " + state + " 1 1 1 0 -1 " +
                                      std::to_string(flags) + " 0 0 0 0 0 0 0 0 20 0 " +
                                      std::to_string(threads) + " 0 " + std::to_string(1000 + pid) +
                                      " 0 0 0\n");
        write(directory + "status", "Tgid:\t" + std::to_string(tgid ? tgid : pid) + "\nPid:\t" +
                                        std::to_string(pid) +
                                        "\nUid:\t1000\t0\t0\t0\nVmRSS:\t100 kB\nVmSwap:\t50 kB\n");
        write(directory + "statm", "10 5 1 0 0 0 0\n");
        write(directory + "oom_score_adj", "300\n");
        write(directory + "cgroup", cgroup);
    }

    // memory on v1, with kill and pressure on v2
    void make_hybrid() const
    {
        write("proc/self/mountinfo", "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                                     "37 31 0:34 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
                                     "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
        for (const char *top : {"memory", "freezer", "unified"})
            write("sys/fs/cgroup/" + std::string(top) + "/cgroup.procs", "");
        write("sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n");
        write("sys/fs/cgroup/unified/memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    }
    void make_v1_group(const std::string &path, uint64_t usage, const std::string &limit, uint64_t file) const
    {
        const std::string directory = "sys/fs/cgroup/memory" + path + "/";

        write(directory + "cgroup.procs", "");
        write(directory + "memory.usage_in_bytes", std::to_string(usage) + "\n");
        write(directory + "memory.limit_in_bytes", limit + "\n");
        write(directory + "memory.soft_limit_in_bytes", "9223372036854771712\n");
        write(directory + "memory.memsw.usage_in_bytes", std::to_string(usage + 3 * mib) + "\n");
        write(directory + "memory.memsw.limit_in_bytes", "9223372036854771712\n");
        write(directory + "memory.stat", "active_file 1\ninactive_file 1\ntotal_active_file " +
                                             std::to_string(file) +
                                             "\ntotal_inactive_file 0\ntotal_dirty 0\ntotal_rss 12345\n");
    }

    // memory on v2
    void make_v2(const std::string &root = "/") const
    {
        write("proc/self/mountinfo",
              "28 21 0:25 " + root + " /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n");
        write("sys/fs/cgroup/cgroup.procs", "");
        write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
        write("sys/fs/cgroup/memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
        write("sys/fs/cgroup/memory.reclaim", "");
    }
    void make_v2_group(const std::string &path, uint64_t usage, const std::string &limit, uint64_t file) const
    {
        const std::string directory = "sys/fs/cgroup" + path + "/";

        write(directory + "cgroup.procs", "");
        write(directory + "cgroup.kill", "");
        write(directory + "memory.current", std::to_string(usage) + "\n");
        write(directory + "memory.max", limit + "\n");
        write(directory + "memory.high", "max\n");
        write(directory + "memory.swap.current", "4096\n");
        write(directory + "memory.swap.max", "max\n");
        write(directory + "memory.pressure", "some avg10=2.00 avg60=0.00 avg300=0.00 total=99\n");
        write(directory + "memory.stat", "anon 777\nfile 5\nactive_file " + std::to_string(file) +
                                             "\ninactive_file 0\nfile_dirty 0\nfile_writeback 0\n");
    }

    int start(const char *domain = nullptr, uint64_t chunk_bytes = 0)
    {
        struct mm_linux_kernel_options options = {};
        struct mm_kernel *kernel = nullptr;

        options.domain.is_group = domain != nullptr;
        if (domain)
            mm_copy_text(options.domain.group_path, sizeof(options.domain.group_path), domain);
        options.runtime_directory = root_.c_str();
        options.root = root_.c_str();
        options.reaper_threads = 1;
        options.reclaim_chunk_bytes = chunk_bytes;
        int r = mm_linux_kernel_new(&options, &kernel);
        if (r == 0)
            kernel_.reset(kernel);
        return r;
    }
    struct mm_kernel *kernel() const
    {
        return kernel_.get();
    }
    const struct mm_kernel_ops *ops() const
    {
        return kernel_->ops;
    }

  private:
    struct Free {
        void operator()(struct mm_kernel *kernel) const
        {
            mm_kernel_free(kernel);
        }
    };
    std::string root_;
    std::unique_ptr<struct mm_kernel, Free> kernel_;
};

class Group
{
  public:
    Group(const FakeMachine &machine, const char *path) : machine_(machine)
    {
        result = machine.ops()->open_group(machine.kernel(), path, &group);
    }
    ~Group()
    {
        if (group)
            machine_.ops()->close_group(machine_.kernel(), group);
    }
    Group(const Group &) = delete;
    Group &operator=(const Group &) = delete;

    int result;
    struct mm_group *group = nullptr;

  private:
    const FakeMachine &machine_;
};

#endif
