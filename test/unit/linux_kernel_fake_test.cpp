// SPDX-License-Identifier: Apache-2.0
// The Linux implementation: memory and processes over trees of plain files: v1, v2, hybrid,
// containers, OpenHarmony.
#include "fake_machine.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/resource.h>
#include <vector>

namespace
{

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
    struct mm_process_scan scan = {};

    machine.make_process(10, "a", "0::/\n");
    machine.make_process(11, "kswapd0", "0::/\n", 'S', 69370944);
    machine.make_process(12, "b", "0::/\n");
    machine.write("proc/13/readme", "a directory without stat is a process that has just gone");
    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_ADJ, UINT64_MAX, &scan, collect_pids,
                                            &pids),
              0);
    std::sort(pids.begin(), pids.end());
    EXPECT_EQ(pids, (std::vector<pid_t>{10, 12}));
    machine.make_process(666, "stop", "0::/\n");
    scan = {};
    EXPECT_EQ(machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_ADJ, UINT64_MAX, &scan, collect_pids,
                                            &pids),
              77);
}

/* Each slice looks at one process, as its time is over before it begins, and the next goes on behind it. */
TEST(FakeMachineProcesses, AScanGoesOnWhereItsLastSliceEnded)
{
    for (const char *domain : {static_cast<const char *>(nullptr), "/a"}) {
        FakeMachine machine;
        std::vector<pid_t> pids;
        struct mm_process_scan scan = {};
        int result = MM_SCAN_GOES_ON;
        std::string members;

        machine.make_v2();
        machine.make_v2_group("/a", 1, "max", 0);
        for (pid_t pid = 100; pid < 200; pid++) {
            machine.make_process(pid, "p", "0::/a\n");
            members += std::to_string(pid) + "\n";
        }
        machine.write("sys/fs/cgroup/a/cgroup.procs", members);
        ASSERT_EQ(machine.start(domain), 0);
        for (unsigned slice = 0; result == MM_SCAN_GOES_ON && slice < 1000; slice++) {
            result = machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_STAT, 1, &scan, collect_pids,
                                                   &pids);
            ASSERT_LE(pids.size(), slice + 1);
            if (slice == 50)
                machine.remove("proc/" + std::to_string(pids.back())); /* has been; the place stays */
        }
        EXPECT_EQ(result, 0);
        std::sort(pids.begin(), pids.end());
        EXPECT_EQ(pids.size(), 100U) << "each once";
        EXPECT_EQ(std::unique(pids.begin(), pids.end()), pids.end());
    }
}

TEST(FakeMachineProcesses, AScanThatIsStoppedGoesOnBehindTheOneItWasStoppedAt)
{
    FakeMachine machine;
    std::vector<pid_t> pids;
    struct mm_process_scan scan = {};

    machine.make_process(666, "stop", "0::/\n");
    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_STAT, UINT64_MAX, &scan,
                                            collect_pids, &pids),
              77);
    EXPECT_EQ(machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_STAT, UINT64_MAX, &scan,
                                            collect_pids, &pids),
              0);
    EXPECT_EQ(pids, std::vector<pid_t>{666});
}

/* As a security module would refuse them: no mode bits stop root, a directory in place of the file does. */
TEST(FakeMachineProcesses, OneThatCannotBeReadEndsNoScan)
{
    for (const char *domain : {static_cast<const char *>(nullptr), "/a"}) {
        FakeMachine machine;
        std::vector<pid_t> pids;
        struct mm_process_scan scan = {};

        machine.make_v2();
        machine.make_v2_group("/a", 1, "max", 0);
        machine.write("sys/fs/cgroup/a/cgroup.procs", "10\n11\n12\n13\n14\n");
        for (pid_t pid : {10, 11, 12, 13})
            machine.make_process(pid, "p", "0::/a\n");
        machine.remove("proc/11/status");
        machine.write("proc/11/status/x", "");
        machine.write("proc/12/stat", "12 (nonsense) S\n");
        ASSERT_EQ(machine.start(domain), 0);
        EXPECT_EQ(machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_ALL, UINT64_MAX, &scan,
                                                collect_pids, &pids),
                  0);
        std::sort(pids.begin(), pids.end());
        EXPECT_EQ(pids, (std::vector<pid_t>{10, 13}));
        EXPECT_EQ(scan.unreadable_count, 2U);
        EXPECT_TRUE(scan.unreadable_pid == 11 ? scan.unreadable_error == -EISDIR
                                              : scan.unreadable_pid == 12 && scan.unreadable_error == -EINVAL)
            << scan.unreadable_pid << " " << scan.unreadable_error;
    }
}

/* What is wrong with us must not look like processes that went. */
TEST(FakeMachineProcesses, WithoutDescriptorsAScanFails)
{
    FakeMachine machine;
    std::vector<pid_t> pids;
    struct mm_process_scan scan = {};
    struct rlimit limit, few;

    machine.make_process(10, "a", "0::/\n");
    ASSERT_EQ(machine.start(), 0);
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    few = limit;
    /* room for the listing alone */
    int next = dup(0);
    ASSERT_GE(next, 0);
    few.rlim_cur = static_cast<rlim_t>(next) + 1;
    close(next);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    int result = machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_ALL, UINT64_MAX, &scan,
                                               collect_pids, &pids);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(result, -EMFILE);
    EXPECT_EQ(scan.unreadable_count, 0U);
}

TEST(FakeMachineProcesses, ScanOfAGroupDomainIsItsSubtree)
{
    FakeMachine machine;
    std::vector<pid_t> pids;
    struct mm_process_scan scan = {};

    machine.make_v2();
    machine.make_v2_group("/a", 1, "max", 0);
    machine.make_v2_group("/a/b/c", 1, "max", 0);
    machine.write("sys/fs/cgroup/a/b/cgroup.procs", "0\n");
    machine.write("sys/fs/cgroup/a/cgroup.procs", "10\n11\n");
    machine.write("sys/fs/cgroup/a/b/c/cgroup.procs", "12\n10\n");
    for (pid_t pid : {10, 11, 12, 13})
        machine.make_process(pid, "p", pid == 13 ? "0::/ab\n" : "0::/a/b\n");
    ASSERT_EQ(machine.start("/a"), 0);
    EXPECT_EQ(machine.ops()->scan_processes(machine.kernel(), MM_PROCESS_STAT, UINT64_MAX, &scan,
                                            collect_pids, &pids),
              0);
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
    EXPECT_EQ(machine.ops()->write_oom_score_adj(machine.kernel(), 42, 0, -1001, &written), -ERANGE);
    EXPECT_EQ(machine.ops()->write_oom_score_adj(machine.kernel(), 42, 0, 1001, &written), -ERANGE);
    EXPECT_EQ(machine.ops()->write_oom_score_adj(machine.kernel(), 99, 0, 1, &written), -ESRCH);
    EXPECT_EQ(written, 4242);
    EXPECT_EQ(machine.ops()->write_oom_score_adj(machine.kernel(), 42, 0, -7, &written), 0);
    EXPECT_EQ(written, -7);
    EXPECT_EQ(machine.read("proc/42/oom_score_adj"), "-7");
}

TEST(FakeMachineProcesses, AdjIsWrittenToTheProcessThatIsMeant)
{
    FakeMachine machine;
    struct mm_process_info info = {};
    int written = 4242;
    const auto write = [&](uint64_t ticks, int value) {
        return machine.ops()->write_oom_score_adj(machine.kernel(), 42, ticks, value, &written);
    };

    machine.make_process(42, "x", "0::/\n"); /* started at tick 1042 */
    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(write(1041, 7), -ESRCH);
    EXPECT_EQ(machine.read("proc/42/oom_score_adj"), "300\n");
    EXPECT_EQ(written, 4242);
    EXPECT_EQ(write(1042, 7), 0);
    EXPECT_EQ(machine.read("proc/42/oom_score_adj"), "7");
    /* whose start time was read last is known without reading it again */
    machine.remove("proc/42/stat");
    EXPECT_EQ(write(1042, 8), 0);
    EXPECT_EQ(machine.read("proc/42/oom_score_adj"), "8");
    /* and another one under that pid is not taken for it */
    machine.remove("proc/42");
    machine.make_process(42, "y", "0::/\n");
    EXPECT_EQ(write(1042, 9), -ESRCH);
    EXPECT_EQ(machine.read("proc/42/oom_score_adj"), "300\n");
    ASSERT_EQ(machine.ops()->read_process(machine.kernel(), 42, MM_PROCESS_STAT, &info), 0);
    EXPECT_STREQ(info.comm, "y");
}

/* Of its first thread, which has ended, the kernel says that it has no memory and is in no group. */
TEST(FakeMachineProcesses, MemoryAndGroupAreThoseOfAThreadThatLives)
{
    FakeMachine machine;
    struct mm_process_info info = {};
    char path[64] = "";

    machine.make_hybrid();
    machine.make_v1_group("/app", 1, "9223372036854771712", 0);
    machine.make_process(42, "leader", "4:memory:/\n", 'Z', 0, 0, 3);
    machine.write("proc/42/statm", "0 0 0 0 0 0 0\n");
    machine.write("proc/42/status", "Tgid:\t42\nPid:\t42\nUid:\t1000\t0\t0\t0\n");
    machine.make_process(43, "ended too", "4:memory:/\n", 'X', 0, 42, 3);
    machine.make_process(44, "thread", "4:memory:/app\n", 'S', 0, 42, 3);
    for (const char *thread : {"42", "43", "44"})
        machine.write(std::string("proc/42/task/") + thread + "/comm", "");
    ASSERT_EQ(machine.start("/app"), 0);
    EXPECT_EQ(machine.ops()->is_in_domain(machine.kernel(), 42), 1);
    ASSERT_EQ(machine.ops()->read_process_group(machine.kernel(), 42, path, sizeof(path)), 0);
    EXPECT_STREQ(path, "/app");
    ASSERT_EQ(machine.ops()->read_process(machine.kernel(), 42, MM_PROCESS_STATM, &info), 0);
    EXPECT_EQ(info.resident_bytes, 5U * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
    ASSERT_EQ(machine.ops()->read_process(machine.kernel(), 42, MM_PROCESS_ALL, &info), 0);
    EXPECT_EQ(info.resident_bytes, 100U * 1024);
    EXPECT_EQ(info.swap_bytes, 50U * 1024);
    EXPECT_FALSE(info.has_exited);
    /* none lives: it is as it is */
    machine.make_process(44, "thread", "4:memory:/app\n", 'Z', 0, 42, 3);
    EXPECT_EQ(machine.ops()->is_in_domain(machine.kernel(), 42), 0);
    ASSERT_EQ(machine.ops()->read_process(machine.kernel(), 42, MM_PROCESS_STATM, &info), 0);
    EXPECT_EQ(info.resident_bytes, 0U);
}

TEST(FakeMachineProcesses, AnEndedLeaderIsNoEndedProcess)
{
    const struct {
        char state;
        unsigned threads;
        bool has_exited;
    } rows[] = {{'S', 1, false}, {'Z', 1, true}, {'Z', 2, false}, {'X', 1, true}};

    for (const auto &row : rows) {
        FakeMachine machine;
        struct mm_process_info info = {};

        machine.make_process(42, "x", "0::/\n", row.state, 4194304, 0, row.threads);
        ASSERT_EQ(machine.start(), 0);
        ASSERT_EQ(machine.ops()->read_process(machine.kernel(), 42, MM_PROCESS_STAT, &info), 0);
        EXPECT_EQ(info.has_exited, row.has_exited) << row.state << row.threads;
    }
}

/* Else nobody could be killed: neither its start time nor its number could be read. */
TEST(FakeMachineProcesses, OneIsHeldAndReadWithoutAnyDescriptorToSpare)
{
    FakeMachine machine;
    struct mm_process_handle handle;
    struct mm_process_info info = {};
    struct rlimit limit, few;

    machine.make_process(42, "x", "0::/\n");
    ASSERT_EQ(machine.start(), 0);
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    few = limit;
    int next = dup(0);
    ASSERT_GE(next, 0);
    close(next);
    few.rlim_cur = static_cast<rlim_t>(next);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    int none = dup(0);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(machine.ops()->open_process(machine.kernel(), 42, 1042, &handle), 0);
        EXPECT_EQ(machine.ops()->read_process(machine.kernel(), 42, MM_PROCESS_ADJ, &info), 0);
    }
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(none, -1);
    EXPECT_EQ(info.oom_score_adj, 300);
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

TEST(FakeMachineMounts, TheOneThatShowsMostIsTaken)
{
    FakeMachine machine;

    machine.write("proc/self/mountinfo",
                  "614 612 0:32 /docker/4f/child /narrow ro - cgroup cgroup rw,memory\n"
                  "615 612 0:32 /docker/4f /wide ro - cgroup cgroup rw,memory\n"
                  "617 612 0:32 /docker/4f/other /other ro - cgroup cgroup rw,memory\n"
                  "616 612 0:32 / /not/there ro - cgroup cgroup rw,memory\n"
                  "a line that is none\n");
    machine.write("narrow/cgroup.procs", "");
    machine.write("other/cgroup.procs", "");
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
