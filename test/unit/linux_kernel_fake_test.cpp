// SPDX-License-Identifier: Apache-2.0
// The Linux implementation over a tree of plain files that looks like /proc and /sys of machines we do not
// have.
#include "common/common.h"
#include "kernel_interface/group_job.h"
#include "kernel_interface/kernel_interface.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <poll.h>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace
{

constexpr uint64_t mib = 1024 * 1024;

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
    void remove(const std::string &path) const
    {
        std::filesystem::remove_all(std::filesystem::path(root_) / path);
    }
    void make_process(pid_t pid, const std::string &comm, const std::string &cgroup, char state = 'S',
                      unsigned long flags = 4194304, pid_t tgid = 0) const
    {
        const std::string directory = "proc/" + std::to_string(pid) + "/";

        write(directory + "stat", std::to_string(pid) + " (" + comm + ") " + state + " 1 1 1 0 -1 " +
                                      std::to_string(flags) + " 0 0 0 0 0 0 0 0 20 0 1 0 " +
                                      std::to_string(1000 + pid) + " 0 0 0\n");
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

TEST(FakeMachineMemory, MachineDomain)
{
    FakeMachine machine;
    struct mm_memory_state memory;
    struct mm_vmstat vmstat;
    struct mm_zoneinfo zoneinfo;
    struct mm_pressure pressure;

    ASSERT_EQ(machine.start(), 0);
    ASSERT_EQ(machine.ops()->read_memory(machine.kernel(), &memory), 0);
    EXPECT_EQ(memory.available_bytes, 2000 * mib);
    EXPECT_EQ(memory.swap_free_bytes, 500 * mib);
    ASSERT_EQ(machine.ops()->read_vmstat(machine.kernel(), &vmstat), 0);
    EXPECT_EQ(vmstat.oom_kills, 2U);
    ASSERT_EQ(machine.ops()->read_zoneinfo(machine.kernel(), &zoneinfo), 0);
    EXPECT_EQ(zoneinfo.high_watermark_pages, 30U);
    ASSERT_EQ(machine.ops()->read_pressure(machine.kernel(), nullptr, &pressure), 0);
    EXPECT_EQ(pressure.full.total_us, 7U);

    // What the file says next is what is read next, through the same descriptor.
    machine.write("proc/meminfo", "MemTotal: 4096 kB\nMemFree: 1 kB\nMemAvailable: 1024 kB\n");
    ASSERT_EQ(machine.ops()->read_memory(machine.kernel(), &memory), 0);
    EXPECT_EQ(memory.available_bytes, 1 * mib);
    machine.write("proc/meminfo", "MemTotal: 4096 kB\n");
    EXPECT_EQ(machine.ops()->read_memory(machine.kernel(), &memory), -ENODATA);
}

TEST(FakeMachineMemory, WithoutPressureAndGroups)
{
    FakeMachine machine;
    struct mm_pressure pressure;
    struct mm_group *group;

    machine.remove("proc/pressure");
    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(machine.ops()->read_pressure(machine.kernel(), nullptr, &pressure), -EOPNOTSUPP);
    EXPECT_FALSE(machine.ops()->feature(machine.kernel(), MM_FEATURE_PRESSURE)->available);
    EXPECT_EQ(machine.ops()->open_group(machine.kernel(), "/", &group), -EOPNOTSUPP);
    EXPECT_EQ(machine.start("/a"), -EOPNOTSUPP);
}

TEST(FakeMachineMemory, V2DomainUnderTheLimitsOfItsAncestors)
{
    FakeMachine machine;
    struct mm_memory_state memory;
    struct mm_pressure pressure;

    machine.make_v2();
    machine.make_v2_group("/slice", 900 * mib, "1048576000", 40 * mib);    // 1000 MiB
    machine.make_v2_group("/slice/app", 100 * mib, "314572800", 20 * mib); // 300 MiB
    ASSERT_EQ(machine.start("/slice/app"), 0);
    ASSERT_EQ(machine.ops()->read_memory(machine.kernel(), &memory), 0);
    EXPECT_EQ(memory.total_bytes, 300 * mib);
    EXPECT_EQ(memory.available_bytes,
              140 * mib); // the slice leaves less than the 220 of the group's own limit
    EXPECT_EQ(memory.file_bytes, 20 * mib);
    EXPECT_EQ(memory.anonymous_bytes, 777U);
    EXPECT_EQ(memory.swap_total_bytes, 1000 * mib);
    ASSERT_EQ(machine.ops()->read_pressure(machine.kernel(), nullptr, &pressure), 0);
    EXPECT_EQ(pressure.some.total_us, 99U);
    EXPECT_EQ(pressure.full.total_us, MM_UNKNOWN);
    EXPECT_EQ(machine.start("/slice/none"), -ENOENT);
}

TEST(FakeMachineMemory, V1DomainCountsTotals)
{
    FakeMachine machine;
    struct mm_memory_state memory;

    machine.make_hybrid();
    machine.make_v1_group("/app", 280 * mib, "314572800", 10 * mib);
    ASSERT_EQ(machine.start("//app/"), 0);
    ASSERT_EQ(machine.ops()->read_memory(machine.kernel(), &memory), 0);
    EXPECT_EQ(memory.total_bytes, 300 * mib);
    EXPECT_EQ(memory.available_bytes, 30 * mib);
    EXPECT_EQ(memory.free_bytes, 20 * mib);
    EXPECT_EQ(memory.anonymous_bytes, 12345U);
}

TEST(FakeMachineMemory, OpenHarmonySaysItself)
{
    FakeMachine machine;
    struct mm_memory_state memory;

    machine.write("proc/self/mountinfo", "21 14 0:20 / /dev/memcg rw - cgroup none rw,memory\n");
    machine.write("dev/memcg/cgroup.procs", "");
    machine.write("dev/memcg/memory.zswapd_pressure_show", "buffer_size:812\nrecent_refault:17\n");
    ASSERT_EQ(machine.start(), 0);
    ASSERT_EQ(machine.ops()->read_memory(machine.kernel(), &memory), 0);
    EXPECT_EQ(memory.available_bytes, 812 * mib);
    EXPECT_STREQ(machine.ops()->feature(machine.kernel(), MM_FEATURE_CGROUP_V1_MEMORY)->reason,
                 "cgroup v1 at /dev/memcg");
}

TEST(FakeMachineProcesses, FieldsComeFromTheirFiles)
{
    FakeMachine machine;
    struct mm_process_info info = {};

    machine.make_process(42, "a) R (b", "0::/\n");
    ASSERT_EQ(machine.start(), 0);
    info.oom_score_adj = 4242;
    ASSERT_EQ(machine.ops()->read_process(machine.kernel(), 42, MM_PROCESS_STAT | MM_PROCESS_STATUS, &info),
              0);
    EXPECT_EQ(info.pid, 42);
    EXPECT_STREQ(info.comm, "a) R (b");
    EXPECT_EQ(info.start_time_ticks, 1042U);
    EXPECT_EQ(info.uid, 1000U);
    EXPECT_EQ(info.resident_bytes, 100U * 1024);
    EXPECT_EQ(info.swap_bytes, 50U * 1024);
    EXPECT_EQ(info.oom_score_adj, 4242); // not asked for
    ASSERT_EQ(machine.ops()->read_process(machine.kernel(), 42, MM_PROCESS_STATM | MM_PROCESS_ADJ, &info), 0);
    EXPECT_EQ(info.resident_bytes, 5U * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
    EXPECT_EQ(info.oom_score_adj, 300);
}

TEST(FakeMachineProcesses, GoneThreadsAndGarbage)
{
    FakeMachine machine;
    struct mm_process_info info = {};

    machine.make_process(42, "thread", "0::/\n", 'S', 0, 41);
    machine.make_process(43, "empty", "0::/\n");
    machine.write("proc/43/statm", "");
    machine.make_process(44, "garbage", "0::/\n");
    machine.write("proc/44/stat", "nonsense");
    ASSERT_EQ(machine.start(), 0);
    const auto read = [&](pid_t pid, unsigned fields) {
        return machine.ops()->read_process(machine.kernel(), pid, fields, &info);
    };
    EXPECT_EQ(read(99, MM_PROCESS_ALL), -ESRCH);
    EXPECT_EQ(read(0, MM_PROCESS_ALL), -ESRCH);
    EXPECT_EQ(read(-1, MM_PROCESS_ALL), -ESRCH);
    EXPECT_EQ(read(42, MM_PROCESS_STATUS), -ESRCH);
    EXPECT_EQ(read(43, MM_PROCESS_STATM), -ESRCH);
    EXPECT_EQ(read(44, MM_PROCESS_STAT), -EINVAL);
}

int collect_pids(const struct mm_process_info *process, void *user)
{
    static_cast<std::vector<pid_t> *>(user)->push_back(process->pid);
    return process->pid == 666 ? 77 : 0;
}

TEST(FakeMachineProcesses, ScanOfTheMachineLeavesKernelThreadsOut)
{
    FakeMachine machine;
    std::vector<pid_t> pids;

    machine.make_process(10, "a", "0::/\n");
    machine.make_process(11, "kswapd0", "0::/\n", 'S', 69370944);
    machine.make_process(12, "b", "0::/\n");
    machine.write("proc/13/readme", "a directory without stat is a process that has just gone");
    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_ADJ, collect_pids, &pids), 0);
    std::sort(pids.begin(), pids.end());
    EXPECT_EQ(pids, (std::vector<pid_t>{10, 12}));
    machine.make_process(666, "stop", "0::/\n");
    EXPECT_EQ(machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_ADJ, collect_pids, &pids), 77);
}

TEST(FakeMachineProcesses, ScanOfAGroupDomainIsItsSubtree)
{
    FakeMachine machine;
    std::vector<pid_t> pids;

    machine.make_v2();
    machine.make_v2_group("/a", 1, "max", 0);
    machine.make_v2_group("/a/b/c", 1, "max", 0);
    machine.write("sys/fs/cgroup/a/b/cgroup.procs", "0\n");
    machine.write("sys/fs/cgroup/a/cgroup.procs", "10\n11\n");
    machine.write("sys/fs/cgroup/a/b/c/cgroup.procs", "12\n10\n");
    for (pid_t pid : {10, 11, 12, 13})
        machine.make_process(pid, "p", pid == 13 ? "0::/ab\n" : "0::/a/b\n");
    ASSERT_EQ(machine.start("/a"), 0);
    EXPECT_EQ(machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_STAT, collect_pids, &pids), 0);
    EXPECT_EQ(pids, (std::vector<pid_t>{10, 11, 12}));
    EXPECT_EQ(machine.ops()->is_in_domain(machine.kernel(), 10), 1);
    EXPECT_EQ(machine.ops()->is_in_domain(machine.kernel(), 13), 0);
    EXPECT_EQ(machine.ops()->is_in_domain(machine.kernel(), 99), -ESRCH);
}

TEST(FakeMachineProcesses, PathsAreRelativeToTheMount)
{
    FakeMachine machine;
    char path[64] = "";

    machine.make_v2("/docker/4f2a");
    machine.make_v2_group("/app", 1, "max", 0);
    machine.make_process(10, "in", "0::/docker/4f2a/app\n");
    machine.make_process(11, "out", "0::/docker/other\n");
    machine.make_process(12, "v1 only", "3:memory:/x\n");
    machine.make_process(13, "long", "0::/docker/4f2a/" + std::string(100, 'x') + "\n");
    ASSERT_EQ(machine.start("/app"), 0);
    const auto group_of = [&](pid_t pid) {
        return machine.ops()->read_process_group(machine.kernel(), pid, path, sizeof(path));
    };
    EXPECT_EQ(group_of(10), 0);
    EXPECT_STREQ(path, "/app");
    EXPECT_EQ(group_of(11), -ENOENT);
    EXPECT_EQ(group_of(12), -ENOENT);
    EXPECT_EQ(group_of(13), -ENAMETOOLONG);
    EXPECT_EQ(group_of(99), -ESRCH);
    EXPECT_EQ(machine.ops()->is_in_domain(machine.kernel(), 10), 1);
    EXPECT_EQ(machine.ops()->is_in_domain(machine.kernel(), 11), 0);
}

TEST(FakeMachineProcesses, AdjIsWrittenInRange)
{
    FakeMachine machine;
    int written = 4242;

    machine.make_process(42, "x", "0::/\n");
    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(machine.ops()->write_oom_score_adj(machine.kernel(), 42, -1001, &written), -ERANGE);
    EXPECT_EQ(machine.ops()->write_oom_score_adj(machine.kernel(), 42, 1001, &written), -ERANGE);
    EXPECT_EQ(machine.ops()->write_oom_score_adj(machine.kernel(), 99, 1, &written), -ESRCH);
    EXPECT_EQ(written, 4242);
    EXPECT_EQ(machine.ops()->write_oom_score_adj(machine.kernel(), 42, -7, &written), 0);
    EXPECT_EQ(written, -7);
    EXPECT_EQ(machine.read("proc/42/oom_score_adj"), "-7");
}

TEST(FakeMachineProcesses, AnotherProcessUnderThePidIsNotOpened)
{
    FakeMachine machine;
    struct mm_process_handle handle;

    machine.make_process(42, "x", "0::/\n");
    machine.make_process(43, "zombie", "0::/\n", 'Z');
    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(machine.ops()->open_process(machine.kernel(), 42, 1041, &handle), -ESRCH);
    EXPECT_EQ(machine.ops()->open_process(machine.kernel(), 43, 0, &handle), -ESRCH);
    EXPECT_EQ(machine.ops()->open_process(machine.kernel(), 99, 0, &handle), -ESRCH);
    ASSERT_EQ(machine.ops()->open_process(machine.kernel(), 42, 1042, &handle), 0);
    EXPECT_EQ(handle.pidfd, -1); // a process of a fake tree must never be a real one
    EXPECT_EQ(machine.ops()->kill_process(machine.kernel(), &handle), -EPERM);
    EXPECT_FALSE(machine.ops()->has_exited(machine.kernel(), &handle));
    machine.make_process(42, "x", "0::/\n", 'Z');
    EXPECT_TRUE(machine.ops()->has_exited(machine.kernel(), &handle));
    machine.remove("proc/42");
    EXPECT_TRUE(machine.ops()->has_exited(machine.kernel(), &handle));
    EXPECT_EQ(machine.ops()->watch_process(machine.kernel(), &handle, 1), -EOPNOTSUPP);
    machine.ops()->close_process(machine.kernel(), &handle);
}

struct ValueCase {
    enum mm_group_value value;
    int result;
    uint64_t bytes;
};

void expect_values(const FakeMachine &machine, struct mm_group *group, const std::vector<ValueCase> &cases)
{
    for (const ValueCase &c : cases) {
        uint64_t bytes = 4242;

        EXPECT_EQ(machine.ops()->read_group(machine.kernel(), group, c.value, &bytes), c.result) << c.value;
        EXPECT_EQ(bytes, c.result == 0 ? c.bytes : 4242) << c.value;
    }
}

TEST(FakeMachineGroups, ValuesOfBothVersions)
{
    FakeMachine v1, v2;

    v1.make_hybrid();
    v1.make_v1_group("/g", 100 * mib, "314572800", 7 * mib);
    ASSERT_EQ(v1.start(), 0);
    v2.make_v2();
    v2.make_v2_group("/g", 100 * mib, "max", 7 * mib);
    v2.make_v2_group("/bare", 0, "max", 0);
    v2.remove("sys/fs/cgroup/bare/memory.high");
    ASSERT_EQ(v2.start(), 0);

    Group one(v1, "/g"), two(v2, "/g"), bare(v2, "/bare"), top(v2, "/");
    ASSERT_EQ(one.result, 0);
    expect_values(v1, one.group,
                  {{MM_GROUP_CURRENT, 0, 100 * mib},
                   {MM_GROUP_HIGH, 0, MM_UNLIMITED},
                   {MM_GROUP_MAX, 0, 300 * mib},
                   {MM_GROUP_SWAP_CURRENT, 0, 3 * mib},
                   {MM_GROUP_FILE, 0, 7 * mib},
                   {MM_GROUP_ANONYMOUS, 0, 12345},
                   {MM_GROUP_VALUE_COUNT, -EINVAL, 0}});
    ASSERT_EQ(two.result, 0);
    expect_values(v2, two.group,
                  {{MM_GROUP_CURRENT, 0, 100 * mib},
                   {MM_GROUP_HIGH, 0, MM_UNLIMITED},
                   {MM_GROUP_MAX, 0, MM_UNLIMITED},
                   {MM_GROUP_SWAP_CURRENT, 0, 4096},
                   {MM_GROUP_FILE, 0, 7 * mib},
                   {MM_GROUP_ANONYMOUS, 0, 777}});
    ASSERT_EQ(bare.result, 0);
    expect_values(v2, bare.group, {{MM_GROUP_HIGH, -EOPNOTSUPP, 0}});
    ASSERT_EQ(top.result, 0);
    expect_values(v2, top.group, {{MM_GROUP_CURRENT, -EOPNOTSUPP, 0}, {MM_GROUP_MAX, -EOPNOTSUPP, 0}});
}

TEST(FakeMachineGroups, GarbageIsAnError)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/g", 1, "much", 0);
    machine.write("sys/fs/cgroup/g/memory.stat", "anon 5\n");
    machine.write("sys/fs/cgroup/g/memory.high", "");
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    expect_values(machine, group.group,
                  {{MM_GROUP_MAX, -EINVAL, 0}, {MM_GROUP_HIGH, -EINVAL, 0}, {MM_GROUP_FILE, -ENODATA, 0}});
}

TEST(FakeMachineGroups, PathsThatAreNone)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/a/b", 1, "max", 0);
    machine.write("sys/fs/cgroup/a/cgroup.procs", "");
    ASSERT_EQ(machine.start(), 0);
    const std::pair<const char *, int> cases[] = {
        {"/a/b", 0},          {"/none", -ENOENT}, {"a", -EINVAL},    {"", -EINVAL},
        {"/a/../a", -EINVAL}, {"/..", -EINVAL},   {"/./a", -EINVAL}, {"/a/b/memory.max", -ENOTDIR},
    };
    for (const auto &[path, result] : cases)
        EXPECT_EQ(Group(machine, path).result, result) << path;
    EXPECT_EQ(Group(machine, ("/" + std::string(600, 'x')).c_str()).result, -ENAMETOOLONG);
    Group slashes(machine, "//a///b/");
    ASSERT_EQ(slashes.result, 0);
    EXPECT_STREQ(machine.ops()->group_path(machine.kernel(), slashes.group), "/a/b");
}

TEST(FakeMachineGroups, ARemovedGroupIsGoneAndItsSuccessorIsAnother)
{
    FakeMachine machine;
    uint64_t bytes = 0;
    pid_t pid;

    machine.make_v2();
    machine.make_v2_group("/g", 1, "max", 0);
    ASSERT_EQ(machine.start(), 0);
    Group old(machine, "/g");
    ASSERT_EQ(old.result, 0);
    machine.remove("sys/fs/cgroup/g");
    machine.write("sys/fs/cgroup/keeps-the-inode", "");
    machine.make_v2_group("/g", 2, "max", 0);
    EXPECT_EQ(machine.ops()->read_group(machine.kernel(), old.group, MM_GROUP_CURRENT, &bytes), -ENODEV);
    EXPECT_EQ(machine.ops()->raise_group(machine.kernel(), old.group, MM_GROUP_HIGH, 100), -ENODEV);
    EXPECT_EQ(machine.ops()->read_group_processes(machine.kernel(), old.group, &pid, 1), -ENODEV);
    Group next(machine, "/g");
    EXPECT_NE(machine.ops()->group_id(machine.kernel(), old.group),
              machine.ops()->group_id(machine.kernel(), next.group));
}

TEST(FakeMachineGroups, RaisingNeverGoesBelowUsage)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/g", 100 * mib, "max", 0);
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    const auto raise = [&](enum mm_group_value value, uint64_t bytes) {
        return machine.ops()->raise_group(machine.kernel(), group.group, value, bytes);
    };
    EXPECT_EQ(raise(MM_GROUP_HIGH, 100 * mib - 1), -EBUSY);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.high"), "max\n");
    EXPECT_EQ(raise(MM_GROUP_HIGH, 100 * mib), 0);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.high"), "104857600");
    EXPECT_EQ(raise(MM_GROUP_HIGH, MM_UNLIMITED), 0);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.high"), "max");
    EXPECT_EQ(raise(MM_GROUP_CURRENT, MM_UNLIMITED), -EINVAL);
    EXPECT_EQ(raise(MM_GROUP_FILE, MM_UNLIMITED), -EINVAL);
}

TEST(FakeMachineGroups, ProcessesAreCountedBeyondTheCapacity)
{
    FakeMachine machine;
    pid_t pids[3] = {};
    std::string many;

    machine.make_v2();
    machine.make_v2_group("/g", 1, "max", 0);
    machine.make_v2_group("/g/one", 1, "max", 0);
    machine.make_v2_group("/g/two", 1, "max", 0);
    machine.write("sys/fs/cgroup/g/cgroup.procs", "5\n");
    machine.write("sys/fs/cgroup/g/one/cgroup.procs", "6\n7\n");
    for (int pid = 1000; pid < 4000; pid++)
        many += std::to_string(pid) + "\n";
    machine.write("sys/fs/cgroup/g/two/cgroup.procs", many);
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    EXPECT_EQ(machine.ops()->read_group_processes(machine.kernel(), group.group, pids, 3), 3003);
    EXPECT_EQ(pids[0], 5);
    EXPECT_EQ(machine.ops()->read_group_processes(machine.kernel(), group.group, nullptr, 0), 3003);
    machine.write("sys/fs/cgroup/g/two/cgroup.procs", "12x\n");
    EXPECT_EQ(machine.ops()->read_group_processes(machine.kernel(), group.group, pids, 3), -EINVAL);
}

TEST(FakeMachineGroups, TheTwinHoldsTheSameProcesses)
{
    FakeMachine machine;
    struct mm_pressure pressure;

    machine.make_hybrid();
    machine.make_v1_group("/g", 1, "-1", 0);
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    const auto read = [&] { return machine.ops()->read_pressure(machine.kernel(), group.group, &pressure); };
    machine.write("sys/fs/cgroup/memory/g/cgroup.procs", "5\n6\n7\n");
    EXPECT_EQ(read(), -EOPNOTSUPP); // no such directory on v2
    machine.write("sys/fs/cgroup/unified/g/memory.pressure",
                  "some avg10=0.00 avg60=0.00 avg300=0.00 total=55\n");
    machine.write("sys/fs/cgroup/unified/g/cgroup.procs", "5\n6\n8\n");
    EXPECT_EQ(read(), -EOPNOTSUPP); // another process
    machine.write("sys/fs/cgroup/unified/g/cgroup.procs", "5\n6\n");
    EXPECT_EQ(read(), -EOPNOTSUPP); // one is missing
    machine.write("sys/fs/cgroup/unified/g/cgroup.procs", "7\n");
    machine.write("sys/fs/cgroup/unified/g/sub/cgroup.procs", "6\n5\n"); // any order, anywhere below
    EXPECT_EQ(read(), 0);
    EXPECT_EQ(pressure.some.total_us, 55U);
}

void collect_notice(const struct mm_notice *notice, void *user)
{
    static_cast<std::vector<struct mm_notice> *>(user)->push_back(*notice);
}

struct mm_notice run_job(const FakeMachine &machine, const struct mm_job &job)
{
    std::vector<struct mm_notice> notices;
    struct pollfd ready = {machine.ops()->notice_fd(machine.kernel()), POLLIN, 0};

    EXPECT_EQ(machine.ops()->submit_job(machine.kernel(), &job), 0);
    while (notices.empty() && poll(&ready, 1, 10000) > 0)
        machine.ops()->drain_notices(machine.kernel(), collect_notice, &notices);
    EXPECT_EQ(notices.size(), 1U);
    return notices.empty() ? mm_notice{} : notices[0];
}

TEST(FakeMachineJobs, ReclaimIsAskedForInChunks)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/g", 100 * mib, "max", 0);
    machine.write("sys/fs/cgroup/g/memory.reclaim", "");
    ASSERT_EQ(machine.start(nullptr, 4 * mib), 0);
    Group group(machine, "/g");
    const struct mm_notice notice =
        run_job(machine, {MM_JOB_RECLAIM, group.group, MM_GROUP_CURRENT, 10 * mib, 99});
    EXPECT_EQ(notice.kind, MM_NOTICE_JOB_DONE);
    EXPECT_EQ(notice.cookie, 99U);
    EXPECT_EQ(notice.error, 0);
    EXPECT_EQ(notice.bytes, 0U); // usage is a plain file here
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.reclaim"), std::to_string(2 * mib)); // after 4 and 4
}

TEST(FakeMachineJobs, TheLimitThatSqueezedIsPutBack)
{
    FakeMachine v1, v2;

    v2.make_v2();
    v2.make_v2_group("/g", 100 * mib, "max", 0);
    ASSERT_EQ(v2.start(), 0);
    Group two(v2, "/g");
    EXPECT_EQ(run_job(v2, {MM_JOB_RECLAIM, two.group, MM_GROUP_CURRENT, 10 * mib, 1}).error, 0);
    EXPECT_EQ(v2.read("sys/fs/cgroup/g/memory.high"), "max");

    v1.make_hybrid();
    v1.make_v1_group("/g", 100 * mib, "314572800", 0);
    ASSERT_EQ(v1.start(), 0);
    Group one(v1, "/g");
    EXPECT_EQ(run_job(v1, {MM_JOB_RECLAIM, one.group, MM_GROUP_CURRENT, 10 * mib, 1}).error, 0);
    EXPECT_EQ(v1.read("sys/fs/cgroup/memory/g/memory.limit_in_bytes"), "314572800");
}

TEST(FakeMachineJobs, ALimitAlreadyBelowIsLeftAlone)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/g", 100 * mib, "max", 0);
    machine.write("sys/fs/cgroup/g/memory.high", "52428800\n");
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    EXPECT_EQ(run_job(machine, {MM_JOB_RECLAIM, group.group, MM_GROUP_CURRENT, 10 * mib, 1}).error, -EAGAIN);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.high"), "52428800\n");
}

TEST(FakeMachineJobs, SettingAValueMayGoBelowUsage)
{
    FakeMachine machine;

    machine.make_v2();
    machine.make_v2_group("/g", 100 * mib, "max", 0);
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    EXPECT_EQ(run_job(machine, {MM_JOB_SET_VALUE, group.group, MM_GROUP_HIGH, 10 * mib, 1}).error, 0);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.high"), "10485760");
    EXPECT_EQ(run_job(machine, {MM_JOB_SET_VALUE, group.group, MM_GROUP_ANONYMOUS, 10 * mib, 1}).error,
              -EINVAL);
    machine.remove("sys/fs/cgroup/g");
    EXPECT_EQ(run_job(machine, {MM_JOB_SET_VALUE, group.group, MM_GROUP_HIGH, 10 * mib, 1}).error, -ENODEV);
    EXPECT_EQ(run_job(machine, {MM_JOB_RECLAIM, group.group, MM_GROUP_HIGH, 10 * mib, 1}).error, -ENODEV);
}

struct CancelAfter {
    unsigned left;
};

bool is_cancelled(void *user)
{
    CancelAfter *cancel = static_cast<CancelAfter *>(user);

    return cancel->left-- == 0;
}

TEST(FakeMachineJobs, ACancelledOneStopsBetweenChunks)
{
    FakeMachine machine;
    CancelAfter cancel = {3}; // asked at the beginning and before each chunk
    const struct mm_group_job_settings settings = {1 * mib, is_cancelled, &cancel};
    uint64_t bytes = 0;

    machine.make_v2();
    machine.make_v2_group("/g", 100 * mib, "max", 0);
    machine.write("sys/fs/cgroup/g/memory.reclaim", "");
    ASSERT_EQ(machine.start(), 0);
    Group group(machine, "/g");
    const struct mm_job job = {MM_JOB_RECLAIM, group.group, MM_GROUP_CURRENT, 3 * mib / 2 + 2 * mib, 1};
    EXPECT_EQ(mm_group_job_run(&settings, &job, &bytes), -EINTR);
    EXPECT_EQ(machine.read("sys/fs/cgroup/g/memory.reclaim"), std::to_string(mib)); // never the last half
}

TEST(FakeMachineFeatures, EachHasItsReason)
{
    FakeMachine nothing, v1, v2;

    ASSERT_EQ(nothing.start(), 0);
    v1.make_hybrid();
    v1.write("sys/fs/cgroup/unified/g/cgroup.kill", "");
    ASSERT_EQ(v1.start(), 0);
    v2.make_v2();
    v2.make_v2_group("/g", 1, "max", 0);
    v2.write("proc/self/uid_map", "         0       1000          1\n");
    ASSERT_EQ(v2.start(), 0);

    const std::tuple<enum mm_feature_id, bool, bool, bool> cases[] = {
        {MM_FEATURE_PRESSURE, true, true, true},
        {MM_FEATURE_CGROUP_V1_MEMORY, false, true, false},
        {MM_FEATURE_CGROUP_V2_MEMORY, false, false, true},
        {MM_FEATURE_CGROUP_KILL, false, true, true},
        {MM_FEATURE_MEMORY_HIGH, false, false, true},
        {MM_FEATURE_MEMORY_RECLAIM, false, false, true},
        {MM_FEATURE_GROUP_PRESSURE, false, true, true},
        {MM_FEATURE_OOM_SCORE_ADJ_LOWER, true, true, false}, // a user namespace's capability does not count
        {MM_FEATURE_SWAP, true, true, true},
    };
    for (const auto &[id, in_nothing, in_v1, in_v2] : cases) {
        EXPECT_EQ(nothing.ops()->feature(nothing.kernel(), id)->available, in_nothing) << mm_feature_name(id);
        EXPECT_EQ(v1.ops()->feature(v1.kernel(), id)->available, in_v1) << mm_feature_name(id);
        EXPECT_EQ(v2.ops()->feature(v2.kernel(), id)->available, in_v2) << mm_feature_name(id);
    }
    for (unsigned id = 0; id < MM_FEATURE_COUNT; id++)
        EXPECT_STRNE(v2.ops()->feature(v2.kernel(), static_cast<enum mm_feature_id>(id))->reason, "") << id;
    EXPECT_FALSE(v2.ops()->feature(v2.kernel(), MM_FEATURE_COUNT)->available);
}

TEST(FakeMachineFeatures, WithoutTheCapability)
{
    FakeMachine machine;

    machine.write("proc/self/status", "Tgid:\t1\nPid:\t1\nUid:\t0\t0\t0\t0\nCapEff:\t000001fffeffffff\n");
    ASSERT_EQ(machine.start(), 0);
    EXPECT_FALSE(machine.ops()->feature(machine.kernel(), MM_FEATURE_OOM_SCORE_ADJ_LOWER)->available);
}

TEST(FakeMachineMounts, TheOneThatShowsMostIsTaken)
{
    FakeMachine machine;

    machine.write("proc/self/mountinfo",
                  "614 612 0:32 /docker/4f/child /narrow ro - cgroup cgroup rw,memory\n"
                  "615 612 0:32 /docker/4f /wide ro - cgroup cgroup rw,memory\n"
                  "616 612 0:32 / /not/there ro - cgroup cgroup rw,memory\n"
                  "a line that is none\n");
    machine.write("narrow/cgroup.procs", "");
    machine.write("wide/cgroup.procs", "");
    machine.write("wide/g/cgroup.procs", "");
    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(Group(machine, "/g").result, 0);
    EXPECT_STREQ(machine.ops()->feature(machine.kernel(), MM_FEATURE_CGROUP_V1_MEMORY)->reason,
                 "cgroup v1 at /wide");
}

TEST(FakeMachineState, OutlivesTheKernelObject)
{
    FakeMachine machine;
    void *memory = nullptr;

    ASSERT_EQ(machine.start(), 0);
    ASSERT_EQ(machine.ops()->map_state(machine.kernel(), "journal", 4096, &memory), 0);
    memcpy(memory, "kept", 5);
    ASSERT_EQ(machine.start(), 0); // the first one is freed
    ASSERT_EQ(machine.ops()->map_state(machine.kernel(), "journal", 4096, &memory), 0);
    EXPECT_STREQ(static_cast<char *>(memory), "kept");
}

} // namespace
