// SPDX-License-Identifier: Apache-2.0
// The Linux implementation of struct mm_kernel against the running kernel: the machine, processes, the kill
// path.
#include "kernel_fixture.h"

#include <sched.h>
#include <sys/mount.h>

#include "kernel_interface/exit_watch.h"

// Every allocation of the code under test is counted; the linker wraps these.
static std::atomic<unsigned> allocations;

extern "C" {
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    allocations++;
    return __real_realloc(memory, size);
}
}

namespace
{

TEST(KernelFeatures, AreWhatTheMachineHas)
{
    Kernel kernel;

    for (unsigned id = 0; id < MM_FEATURE_COUNT; id++) {
        const auto feature = static_cast<enum mm_feature_id>(id);

        EXPECT_STRNE(kernel.reason(feature), "") << mm_feature_name(feature);
        printf("%-24s %-3s %s\n", mm_feature_name(feature), kernel.has(feature) ? "yes" : "no",
               kernel.reason(feature));
    }
    EXPECT_EQ(kernel.has(MM_FEATURE_PRESSURE), !read_text("/proc/pressure/memory").empty());
    EXPECT_EQ(kernel.has(MM_FEATURE_OOM_SCORE_ADJ_LOWER), has_capability(24));
    EXPECT_EQ(kernel.has(MM_FEATURE_KILL_OTHERS), has_capability(5));
    EXPECT_FALSE(kernel.has(MM_FEATURE_CGROUP_V1_MEMORY) && kernel.has(MM_FEATURE_CGROUP_V2_MEMORY));
    EXPECT_EQ(access(("/sys/fs/cgroup/unified/memmgr-probe-" + std::to_string(getpid())).c_str(), F_OK), -1);
    EXPECT_EQ(access(("/sys/fs/cgroup/memmgr-probe-" + std::to_string(getpid())).c_str(), F_OK), -1);
}

// Whether this process can have the machine to itself.
int try_to_own_the_machine(struct mm_kernel **ret_kernel)
{
    struct mm_linux_kernel_options options = {};

    options.runtime_directory = "/tmp";
    options.root = "";
    options.reaper_threads = 1;
    options.is_exclusive = true;
    return mm_linux_kernel_new(&options, ret_kernel);
}

// One that a service manager started sees /proc/sys read-only, and still the one beside it.
TEST(KernelLock, OnlyOneManagesTheMachineAlsoWhereMuchOfProcIsReadOnly)
{
    struct mm_kernel *first = nullptr, *second = nullptr;
    int result = try_to_own_the_machine(&first);

    if (result == -EBUSY)
        GTEST_SKIP() << "another memmgrd manages this machine";
    ASSERT_EQ(result, 0);
    EXPECT_EQ(try_to_own_the_machine(&second), -EBUSY);

    const pid_t child = fork();

    if (child == 0) {
        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 ||
            mount("/proc/sys", "/proc/sys", nullptr, MS_BIND, nullptr) < 0 ||
            mount("none", "/proc/sys", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) < 0)
            _exit(2);
        _exit(try_to_own_the_machine(&second) == -EBUSY ? 0 : 1);
    }
    int status = 0;

    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << "2: no mount namespace";
    mm_kernel_free(first);
    ASSERT_EQ(try_to_own_the_machine(&second), 0);
    mm_kernel_free(second);
}

TEST(KernelMemory, TheMachinesFiguresAreCoherent)
{
    Kernel kernel;
    struct mm_memory_state memory;
    struct mm_vmstat vmstat;
    struct mm_zoneinfo zoneinfo;
    struct sysinfo information;

    ASSERT_EQ(kernel->read_memory(kernel.kernel, &memory), 0);
    ASSERT_EQ(sysinfo(&information), 0);
    EXPECT_EQ(memory.total_bytes, static_cast<uint64_t>(information.totalram) * information.mem_unit);
    EXPECT_EQ(memory.swap_total_bytes, static_cast<uint64_t>(information.totalswap) * information.mem_unit);
    EXPECT_LT(memory.available_bytes, memory.total_bytes);
    EXPECT_LT(memory.file_bytes, memory.total_bytes);
    EXPECT_GT(memory.anonymous_bytes, 0U);
    ASSERT_EQ(kernel->read_vmstat(kernel.kernel, &vmstat), 0);
    EXPECT_NE(vmstat.scan_direct, MM_UNKNOWN);
    EXPECT_NE(vmstat.refault_file, MM_UNKNOWN);
    EXPECT_NE(vmstat.oom_kills, MM_UNKNOWN);
    ASSERT_EQ(kernel->read_zoneinfo(kernel.kernel, &zoneinfo), 0);
    EXPECT_GE(zoneinfo.zone_count, zoneinfo.node_count);
    EXPECT_GE(zoneinfo.node_count, 1U);
    EXPECT_GT(zoneinfo.min_watermark_pages, 0U);
    EXPECT_LT(zoneinfo.min_watermark_pages, zoneinfo.low_watermark_pages);
    EXPECT_LT(zoneinfo.low_watermark_pages, zoneinfo.high_watermark_pages);
    EXPECT_LT(zoneinfo.high_watermark_pages, zoneinfo.managed_pages);
    EXPECT_LE(zoneinfo.free_pages, zoneinfo.managed_pages);
}

TEST(KernelMemory, TheClockIsMonotonic)
{
    Kernel kernel;
    const uint64_t first = kernel->now_ns(kernel.kernel);

    EXPECT_GT(first, 0U);
    EXPECT_GE(kernel->now_ns(kernel.kernel), first);
}

size_t open_descriptors()
{
    size_t count = 0;

    for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd"))
        count += entry.path().has_filename();
    return count;
}

TEST_F(KernelGroup, ReadingNeitherAllocatesNorLeaksDescriptors)
{
    struct mm_memory_state memory;
    struct mm_vmstat vmstat;
    struct mm_zoneinfo zoneinfo;
    struct mm_pressure pressure;
    struct mm_process_info info;
    struct mm_process_handle handle;
    char path[MM_GROUP_PATH_MAX];
    pid_t pids[16];
    int written;
    unsigned before = 0;
    size_t descriptors = 0;
    auto child = spawn();
    Kernel domain(path_);

    for (int round = 0; round < 3; round++) {
        if (round == 1) { // the first one opens what is then kept open
            before = allocations;
            descriptors = open_descriptors();
        }
        for (const Kernel *kernel : {&kernel_, &domain}) {
            struct mm_kernel *k = kernel->kernel;

            EXPECT_EQ(k->ops->read_memory(k, &memory), 0);
            EXPECT_EQ(k->ops->read_vmstat(k, &vmstat), 0);
            EXPECT_EQ(k->ops->read_zoneinfo(k, &zoneinfo), 0);
            (void)k->ops->read_pressure(k, nullptr, &pressure);
            EXPECT_EQ(k->ops->read_process(k, child->pid, MM_PROCESS_ALL | MM_PROCESS_STATM, &info), 0);
            EXPECT_EQ(k->ops->read_process_group(k, child->pid, path, sizeof(path)), 0);
            EXPECT_EQ(k->ops->is_in_domain(k, child->pid), 1);
            EXPECT_EQ(k->ops->write_oom_score_adj(k, child->pid, 0, 100, &written), 0);
            EXPECT_EQ(k->ops->open_process(k, child->pid, 0, &handle), 0);
            EXPECT_EQ(k->ops->watch_process(k, &handle, 1), 0);
            EXPECT_FALSE(k->ops->has_exited(k, &handle));
            k->ops->close_process(k, &handle);
            EXPECT_EQ(k->ops->read_group_processes(k, group_, pids, 16), 1);
            for (enum mm_group_value value :
                 {MM_GROUP_CURRENT, MM_GROUP_MAX, MM_GROUP_FILE, MM_GROUP_ANONYMOUS})
                (void)kernel->value(group_, value);
        }
    }
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(KernelObject, LeaksNoDescriptorAndNoThread)
{
    const auto threads = [] {
        size_t count = 0;

        for (const auto &entry : std::filesystem::directory_iterator("/proc/self/task"))
            count += entry.path().has_filename();
        return count;
    };
    // A thread that has been joined, by a test before this one, may be listed for a moment more.
    const auto settled = [&threads] {
        size_t count = threads();

        for (int quiet_ms = 0; quiet_ms < 200; quiet_ms++) {
            usleep(1000);
            if (threads() != count) {
                count = threads();
                quiet_ms = 0;
            }
        }
        return count;
    };
    const size_t before = open_descriptors();
    const size_t threads_before = settled();

    {
        Kernel kernel;
        EXPECT_GT(open_descriptors(), before);
        EXPECT_GT(threads(), threads_before);
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_EQ(settled(), threads_before);
}

TEST(KernelObject, ADomainThatDoesNotExist)
{
    struct mm_linux_kernel_options options = {};
    struct mm_kernel *kernel = nullptr;

    options.domain.is_group = true;
    mm_copy_text(options.domain.group_path, sizeof(options.domain.group_path), "/memmgr-test-none");
    options.runtime_directory = "/tmp";
    options.reaper_threads = 1;
    const int r = mm_linux_kernel_new(&options, &kernel);
    EXPECT_TRUE(r == -ENOENT || r == -EOPNOTSUPP) << r;
    EXPECT_EQ(kernel, nullptr);
}

// ---- processes ----

TEST(KernelProcesses, ACommOfAnyBytes)
{
    Kernel kernel;
    Child child([](void *) { prctl(PR_SET_NAME, "a) R 1\n(\xff"); });
    struct mm_process_info info = {};

    child.let_go();
    ASSERT_EQ(kernel->read_process(kernel.kernel, child.pid, MM_PROCESS_ALL, &info), 0);
    EXPECT_STREQ(info.comm, "a) R 1\n(\xff");
    EXPECT_EQ(info.pid, child.pid);
    EXPECT_EQ(info.ppid, getpid());
    EXPECT_EQ(info.uid, getuid());
    EXPECT_FALSE(info.is_kernel_thread);
    EXPECT_GT(info.start_time_ticks, 0U);
    EXPECT_GT(info.resident_bytes, 0U);
}

TEST(KernelProcesses, TheScanFindsUsAndNoKernelThread)
{
    struct Seen {
        bool self = false, kthreadd = false;
        unsigned kernel_threads = 0;
    } seen;
    Kernel kernel;
    struct mm_process_scan scan = {};

    EXPECT_EQ(kernel->scan_processes(
                  kernel.kernel, MM_PROCESS_ALL, UINT64_MAX, &scan,
                  [](const struct mm_process_info *info, void *user) {
                      Seen *s = static_cast<Seen *>(user);

                      s->self = s->self || info->pid == getpid();
                      s->kthreadd = s->kthreadd || !strcmp(info->comm, "kthreadd");
                      s->kernel_threads += info->is_kernel_thread;
                      return 0;
                  },
                  &seen),
              0);
    EXPECT_TRUE(seen.self);
    EXPECT_FALSE(seen.kthreadd);
    EXPECT_EQ(seen.kernel_threads, 0U);
    EXPECT_EQ(scan.unreadable_count, 0U) << scan.unreadable_pid << ": " << strerror(-scan.unreadable_error);
}

// Each slice looks at one process; the place in /proc stands though processes come and go there.
TEST(KernelProcesses, AScanInSlicesMeetsEachOnce)
{
    struct Seen {
        std::vector<pid_t> pids;
    } seen;
    Kernel kernel;
    struct mm_process_scan scan = {};
    Child first, second;
    int result = MM_SCAN_GOES_ON;

    while (result == MM_SCAN_GOES_ON) {
        { // dies behind the scan's place or before it
            Child other;
        }
        result = kernel->scan_processes(
            kernel.kernel, MM_PROCESS_STAT, 1, &scan,
            [](const struct mm_process_info *info, void *user) {
                static_cast<Seen *>(user)->pids.push_back(info->pid);
                return 0;
            },
            &seen);
        ASSERT_LT(seen.pids.size(), 100000U);
    }
    EXPECT_EQ(result, 0);
    for (pid_t pid : {getpid(), first.pid, second.pid})
        EXPECT_EQ(std::count(seen.pids.begin(), seen.pids.end(), pid), 1) << pid;
}

TEST(KernelProcesses, AThreadIsNoProcess)
{
    Kernel kernel;
    std::promise<pid_t> started;
    std::promise<void> may_end;
    std::thread thread([&] {
        started.set_value(static_cast<pid_t>(syscall(SYS_gettid)));
        may_end.get_future().wait();
    });
    const pid_t tid = started.get_future().get();
    struct mm_process_info info = {};
    struct mm_process_handle handle;

    EXPECT_EQ(kernel->read_process(kernel.kernel, tid, MM_PROCESS_STATUS, &info), -ESRCH);
    EXPECT_EQ(kernel->open_process(kernel.kernel, tid, 0, &handle), -ESRCH);
    may_end.set_value();
    thread.join();
}

TEST(KernelProcesses, OomScoreAdj)
{
    Kernel kernel;
    Child child;
    struct mm_process_info info = {};
    int written = 4242;

    ASSERT_EQ(kernel->write_oom_score_adj(kernel.kernel, child.pid, 0, 500, &written), 0);
    EXPECT_EQ(written, 500);
    EXPECT_EQ(read_text("/proc/" + std::to_string(child.pid) + "/oom_score_adj"), "500\n");
    ASSERT_EQ(kernel->read_process(kernel.kernel, child.pid, MM_PROCESS_ADJ | MM_PROCESS_STAT, &info), 0);
    EXPECT_EQ(info.oom_score_adj, 500);
    EXPECT_EQ(kernel->write_oom_score_adj(kernel.kernel, child.pid, info.start_time_ticks + 1, 600, &written),
              -ESRCH);
    EXPECT_EQ(read_text("/proc/" + std::to_string(child.pid) + "/oom_score_adj"), "500\n");
    ASSERT_EQ(kernel->write_oom_score_adj(kernel.kernel, child.pid, info.start_time_ticks, 600, &written), 0);
    EXPECT_EQ(read_text("/proc/" + std::to_string(child.pid) + "/oom_score_adj"), "600\n");
    ASSERT_EQ(kernel->write_oom_score_adj(kernel.kernel, child.pid, 0, -500, &written), 0);
    EXPECT_EQ(written, kernel.has(MM_FEATURE_OOM_SCORE_ADJ_LOWER) ? -500 : 0);
    EXPECT_EQ(read_text("/proc/" + std::to_string(child.pid) + "/oom_score_adj"),
              std::to_string(written) + "\n");
    kill(child.pid, SIGKILL);
    child.wait();
    EXPECT_EQ(kernel->write_oom_score_adj(kernel.kernel, child.pid, 0, 1, &written), -ESRCH);
    EXPECT_EQ(kernel->write_oom_score_adj(kernel.kernel, child.pid, info.start_time_ticks, 1, &written),
              -ESRCH);
}

// ---- the kill path ----

TEST(KernelKill, ByHandleWithItsExitReported)
{
    size_t size = 32 * mib;
    Kernel kernel;
    Child child(touch_memory, &size);
    struct mm_process_handle handle;

    child.let_go();
    ASSERT_EQ(kernel->open_process(kernel.kernel, child.pid, 0, &handle), 0);
    EXPECT_EQ(handle.pidfd >= 0, kernel.has(MM_FEATURE_PIDFD));
    ASSERT_EQ(kernel->watch_process(kernel.kernel, &handle, 77), 0);
    EXPECT_FALSE(kernel->has_exited(kernel.kernel, &handle));
    ASSERT_EQ(kernel->kill_process(kernel.kernel, &handle), 0);
    const bool is_reaping = kernel.has(MM_FEATURE_PROCESS_MRELEASE);
    EXPECT_EQ(kernel->reap_process(kernel.kernel, &handle), is_reaping ? 0 : -EOPNOTSUPP);

    bool has_exit = false, has_reap = !is_reaping;
    for (const struct mm_notice &notice : kernel.await(is_reaping ? 2 : 1)) {
        if (notice.kind == MM_NOTICE_PROCESS_EXITED) {
            has_exit = true;
            EXPECT_EQ(notice.cookie, 77U);
        } else if (notice.kind == MM_NOTICE_REAP_DONE) {
            has_reap = true;
            EXPECT_TRUE(notice.error == 0 || notice.error == -ESRCH) << notice.error;
        }
        EXPECT_EQ(notice.pid, child.pid);
    }
    EXPECT_TRUE(has_exit);
    EXPECT_TRUE(has_reap);
    EXPECT_EQ(kernel.drain().size(), 0U); // an exit is reported once
    EXPECT_TRUE(kernel->has_exited(kernel.kernel, &handle));
    EXPECT_EQ(kernel->kill_process(kernel.kernel, &handle), -ESRCH);

    struct mm_process_handle again;
    EXPECT_EQ(kernel->open_process(kernel.kernel, child.pid, 0, &again), -ESRCH); // a zombie
    const int status = child.wait();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    EXPECT_EQ(kernel->open_process(kernel.kernel, child.pid, 0, &again), -ESRCH);
    EXPECT_TRUE(kernel->has_exited(kernel.kernel, &handle));
    kernel->close_process(kernel.kernel, &handle);
}

TEST(KernelKill, AReusedPidIsRefused)
{
    Kernel kernel;
    Child child;
    struct mm_process_info info = {};
    struct mm_process_handle handle;

    ASSERT_EQ(kernel->read_process(kernel.kernel, child.pid, MM_PROCESS_STAT, &info), 0);
    EXPECT_EQ(kernel->open_process(kernel.kernel, child.pid, info.start_time_ticks + 1, &handle), -ESRCH);
    ASSERT_EQ(kernel->open_process(kernel.kernel, child.pid, info.start_time_ticks, &handle), 0);
    EXPECT_EQ(handle.start_time_ticks, info.start_time_ticks);
    kernel->close_process(kernel.kernel, &handle);
    EXPECT_EQ(handle.pidfd, -1);

    // Without a pidfd the start time is looked at again just before the signal.
    struct mm_process_handle stranger = {child.pid, info.start_time_ticks + 1, -1};
    EXPECT_TRUE(kernel->has_exited(kernel.kernel, &stranger));
    EXPECT_EQ(kernel->kill_process(kernel.kernel, &stranger), -ESRCH);
    EXPECT_TRUE(child.is_running());
    struct mm_process_handle bare = {child.pid, info.start_time_ticks, -1};
    EXPECT_EQ(kernel->watch_process(kernel.kernel, &bare, 1), -EOPNOTSUPP);
    EXPECT_FALSE(kernel->has_exited(kernel.kernel, &bare));
    EXPECT_EQ(kernel->kill_process(kernel.kernel, &bare), 0);
    const int status = child.wait();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    EXPECT_TRUE(kernel->has_exited(kernel.kernel, &bare));
}

TEST(KernelKill, TheFirstProcessAndThisOneAreRefused)
{
    Kernel kernel;
    struct mm_process_handle first, self;

    ASSERT_EQ(kernel->open_process(kernel.kernel, 1, 0, &first), 0);
    ASSERT_EQ(kernel->open_process(kernel.kernel, getpid(), 0, &self), 0);
    EXPECT_EQ(kernel->kill_process(kernel.kernel, &first), -EPERM);
    EXPECT_EQ(kernel->kill_process(kernel.kernel, &self), -EPERM);
    kernel->close_process(kernel.kernel, &first);
    kernel->close_process(kernel.kernel, &self);
}

TEST(KernelKill, AClosedHandleReportsNothing)
{
    Kernel kernel;
    Child first, second;
    struct mm_process_handle one, two;

    ASSERT_EQ(kernel->open_process(kernel.kernel, first.pid, 0, &one), 0);
    ASSERT_EQ(kernel->open_process(kernel.kernel, second.pid, 0, &two), 0);
    ASSERT_EQ(kernel->watch_process(kernel.kernel, &one, 1), 0);
    ASSERT_EQ(kernel->watch_process(kernel.kernel, &two, 2), 0);
    EXPECT_EQ(kernel->watch_process(kernel.kernel, &two, 3), -EEXIST);
    kernel->close_process(kernel.kernel, &one);
    kill(first.pid, SIGKILL);
    first.wait();
    kill(second.pid, SIGKILL);
    EXPECT_EQ(kernel.await(1)[0].cookie, 2U);
    kernel->close_process(kernel.kernel, &two);
}

TEST(KernelKill, ClosingAHandleGivesItsPlaceBack)
{
    Kernel kernel;
    Child child;
    struct mm_process_handle handle;

    for (unsigned i = 0; i < 2 * MM_EXIT_WATCH_CAPACITY; i++) {
        ASSERT_EQ(kernel->open_process(kernel.kernel, child.pid, 0, &handle), 0);
        ASSERT_EQ(kernel->watch_process(kernel.kernel, &handle, i), 0) << i;
        kernel->close_process(kernel.kernel, &handle);
    }
}

/* Alone it is thawed; who shares its group, or one that froze it further up, stays frozen. */
class KernelFrozen : public testing::TestWithParam<const char *>
{
};

TEST_P(KernelFrozen, DiesAndBystandersStayFrozen)
{
    Hierarchies where;
    Kernel kernel;
    struct mm_process_handle handle;

    if (where.freezer.top_fd < 0)
        GTEST_SKIP() << "no v1 freezer";
    const std::string name = "memmgr-test-" + std::to_string(getpid());
    Directory outer(where.freezer, name);
    Directory inner(where.freezer, name + "/inner");
    Child child, bystander;
    inner.add(child.pid);
    if (*GetParam())
        (GetParam() == std::string("inner") ? inner : outer).add(bystander.pid);
    child.let_go();
    bystander.let_go();
    for (const Directory *directory : {&inner, &outer})
        ASSERT_TRUE(write_text(directory->file("freezer.state"), "FROZEN"));
    for (int i = 0; i < patience_ms && read_text(inner.file("freezer.state")) != "FROZEN\n"; i++)
        usleep(1000);
    ASSERT_EQ(read_text(inner.file("freezer.state")), "FROZEN\n");
    ASSERT_EQ(kernel->open_process(kernel.kernel, child.pid, 0, &handle), 0);
    ASSERT_EQ(kernel->watch_process(kernel.kernel, &handle, 5), 0);
    EXPECT_EQ(kernel->kill_process(kernel.kernel, &handle), 0);
    EXPECT_EQ(kernel.await(1)[0].cookie, 5U);
    kernel->close_process(kernel.kernel, &handle);
    EXPECT_EQ(read_text(outer.file("freezer.state")), *GetParam() ? "FROZEN\n" : "THAWED\n");
    EXPECT_EQ(read_text(inner.file("freezer.state")), *GetParam() ? "FROZEN\n" : "THAWED\n");
    write_text(outer.file("freezer.state"), "THAWED"); // so that the child dies where the test has failed
    write_text(inner.file("freezer.state"), "THAWED");
}

INSTANTIATE_TEST_SUITE_P(Bystanders, KernelFrozen, testing::Values("", "inner", "outer"));

// ---- pressure ----

TEST(KernelPressure, ATriggerIsArmedWithTheWindowThatIsAllowed)
{
    const mm_pressure_trigger wanted = {MM_PRESSURE_SOME, 70000, 1000000};
    const mm_pressure_trigger nothing = {MM_PRESSURE_FULL, 0, 1000000}, too_much = {MM_PRESSURE_FULL, 5, 4};
    mm_pressure_trigger armed = {};
    Kernel kernel;
    int fd = -1;

    // The window that every opener may use; some kernels want a capability for any.
    const int plain = open("/proc/pressure/memory", O_RDWR | O_CLOEXEC);
    const bool is_allowed = plain >= 0 && write(plain, "some 200000 2000000", 20) == 20;
    if (plain >= 0)
        close(plain);
    EXPECT_EQ(kernel.has(MM_FEATURE_PRESSURE_TRIGGER), is_allowed);
    if (!is_allowed)
        GTEST_SKIP() << kernel.reason(MM_FEATURE_PRESSURE_TRIGGER);
    ASSERT_EQ(kernel->open_pressure_trigger(kernel.kernel, nullptr, &wanted, &armed, &fd), 0);
    EXPECT_EQ(armed.window_us, kernel.has(MM_FEATURE_PRESSURE_SHORT_WINDOW) ? 1000000U : 2000000U);
    EXPECT_EQ(armed.stall_us, kernel.has(MM_FEATURE_PRESSURE_SHORT_WINDOW) ? 70000U : 140000U);
    EXPECT_EQ(write(fd, "some 70000 2000000", 19), -1);
    EXPECT_EQ(errno, EBUSY); // which the kernel says of a descriptor that has its trigger
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    close(fd);
    EXPECT_EQ(kernel->open_pressure_trigger(kernel.kernel, nullptr, &nothing, &armed, &fd), -EINVAL);
    EXPECT_EQ(kernel->open_pressure_trigger(kernel.kernel, nullptr, &too_much, &armed, &fd), -EINVAL);
}

} // namespace
