/* SPDX-License-Identifier: Apache-2.0 */
/* Run time as BPF collects it against what the kernel itself says of real processes. Needs root and BPF. */
#include "bpf/cpu.h"
#include "bpf_support.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <thread>

namespace
{

using bpf_test::PATIENCE_MS;

constexpr uint64_t MS = 1000000;
// The account of one that runs on is brought up to date by the tick, at 100 Hz in the slowest of kernels.
constexpr uint64_t TICK_NS = 10 * MS;

uint64_t clock_ns(clockid_t id)
{
    struct timespec now = {};

    EXPECT_EQ(clock_gettime(id, &now), 0);
    return static_cast<uint64_t>(now.tv_sec) * 1000 * MS + static_cast<uint64_t>(now.tv_nsec);
}

// What the kernel says of another process, up to this moment.
uint64_t cpu_clock_ns(pid_t pid)
{
    clockid_t id;

    EXPECT_EQ(clock_getcpuclockid(pid, &id), 0);
    return clock_ns(id);
}

void burn(uint64_t duration_ns)
{
    while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < duration_ns)
        continue;
}

void pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    EXPECT_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
}

uint64_t rusage_ns(const struct rusage &usage)
{
    auto of = [](const struct timeval &time) {
        return (static_cast<uint64_t>(time.tv_sec) * 1000000 + static_cast<uint64_t>(time.tv_usec)) * 1000;
    };

    return of(usage.ru_utime) + of(usage.ru_stime);
}

struct Free {
    void operator()(void *memory) const
    {
        free(memory);
    }
};
using Snapshot = std::unique_ptr<mm_bpf_cpu_snapshot, Free>;

// 0: the programs are attached, and *ret_cpu is the caller's in any case.
int load(bool is_classic, mm_bpf_cpu **ret_cpu)
{
    struct mm_bpf_collector_options options = {};
    struct pollfd pollfd = {-1, POLLIN, 0};
    int result;

    options.loader_path = bpf_test::loader_path();
    options.timeout_ms = PATIENCE_MS;
    options.is_classic = is_classic;
    result = mm_bpf_cpu_new(&options, ret_cpu);
    if (result < 0)
        return result;
    pollfd.fd = mm_bpf_cpu_collector(*ret_cpu)->progress_fd;
    EXPECT_EQ(poll(&pollfd, 1, PATIENCE_MS), 1);
    return mm_bpf_collector_receive(mm_bpf_cpu_collector(*ret_cpu));
}

// The same of another process, as of a second memmgr on the machine: its programs bear the same names, and are younger.
class Another
{
  public:
    Another(mm_bpf_cpu *ours, bool is_classic)
    {
        int ends[2] = {-1, -1};
        char is_loaded = 0;

        EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
        child = std::make_unique<bpf_test::Child>([=] {
            mm_bpf_cpu *theirs = nullptr;

            mm_bpf_cpu_free(ours); // the copies that came with the fork
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            const char answer = load(is_classic, &theirs) == 0 ? 1 : 0;
            if (write(ends[1], &answer, 1) == 1)
                pause();
        });
        child->go();
        close(ends[1]);
        EXPECT_EQ(read(ends[0], &is_loaded, 1), 1);
        EXPECT_EQ(is_loaded, 1);
        close(ends[0]);
    }
    Another(const Another &) = delete;
    Another &operator=(const Another &) = delete;
    ~Another()
    {
        kill(child->pid(), SIGKILL);
        child->end();
    }

  private:
    std::unique_ptr<bpf_test::Child> child;
};

class Cpu : public testing::TestWithParam<bool>
{
  protected:
    void SetUp() override
    {
        const int result = load(GetParam(), &cpu);

        ASSERT_NE(cpu, nullptr) << strerror(-result);
        if (result == -EOPNOTSUPP)
            GTEST_SKIP() << mm_bpf_cpu_collector(cpu)->reason;
        ASSERT_EQ(result, 0) << mm_bpf_cpu_collector(cpu)->reason;
        EXPECT_EQ(mm_bpf_cpu_collector(cpu)->progress_fd, -1);
    }
    void TearDown() override
    {
        mm_bpf_cpu_free(cpu);
    }
    Snapshot read()
    {
        mm_bpf_cpu_snapshot *snapshot = nullptr;

        EXPECT_EQ(mm_bpf_cpu_read(cpu, &snapshot), 0);
        return Snapshot(snapshot);
    }
    static const mm_bpf_cpu_time *find(const Snapshot &snapshot, pid_t pid)
    {
        for (size_t i = 0; i < snapshot->count; i++) {
            if (snapshot->processes[i].tgid == pid)
                return &snapshot->processes[i];
        }
        return nullptr;
    }
    static uint64_t run_ns(const Snapshot &snapshot, pid_t pid)
    {
        const mm_bpf_cpu_time *found = find(snapshot, pid);

        return found ? found->run_ns : 0;
    }
    // By the clock what interrupts and the host took counts as well, and nobody says how much that is.
    uint64_t allowed_ns(uint64_t expected_ns) const
    {
        return GetParam() ? expected_ns / 4 : expected_ns / 100;
    }
    void expect_near(uint64_t found_ns, uint64_t expected_ns, uint64_t also_ns = 0) const
    {
        EXPECT_NEAR(static_cast<double>(found_ns), static_cast<double>(expected_ns),
                    static_cast<double>(allowed_ns(expected_ns) + also_ns));
    }

    // Of one that runs on while it is read; a reading may wait for as long as the machine likes. The sum with this one.
    uint64_t read_in_time(pid_t pid, uint64_t sum_ns)
    {
        const uint64_t before_ns = cpu_clock_ns(pid);

        sum_ns += run_ns(read(), pid);
        const uint64_t after_ns = cpu_clock_ns(pid);
        EXPECT_GE(sum_ns + allowed_ns(before_ns) + TICK_NS, before_ns);
        EXPECT_LE(sum_ns, after_ns + allowed_ns(after_ns));
        return sum_ns;
    }

    mm_bpf_cpu *cpu = nullptr;
};

// What only the scheduler's account can tell.
class CpuAccount : public Cpu
{
};

TEST_P(Cpu, OfAPinnedLoopThatNeverLeavesIsRight)
{
    bpf_test::Child child([] {
        pin(0);
        burn(3600000 * MS);
    });
    uint64_t sum_ns = 0;

    (void)read();
    child.go();
    // read several times meanwhile: nothing may get lost between two readings
    for (uint64_t until_ms : {500, 1000, 1500, 2000}) {
        while (cpu_clock_ns(child.pid()) < until_ms * MS)
            std::this_thread::yield();
        sum_ns = read_in_time(child.pid(), sum_ns);
    }
    kill(child.pid(), SIGKILL);
}

// Some kernels do not tell of each switch: those of some virtual machines never tell that their first process leaves.
TEST_P(CpuAccount, WhoCameUnseenIsChargedSinceItCame)
{
    bpf_test::Child child([] {
        pin(0);
        burn(3600000 * MS);
    });
    const auto run_until = [&child](uint64_t run_ns) {
        while (cpu_clock_ns(child.pid()) < run_ns)
            std::this_thread::yield();
    };

    child.go();
    run_until(5 * MS);
    void *memory = mmap(nullptr, sizeof(mm_bpf_cpu_state), PROT_READ | PROT_WRITE, MAP_SHARED,
                        mm_bpf_cpu_collector(cpu)->fds[MM_BPF_CPU_STATES], 0);
    ASSERT_NE(memory, MAP_FAILED);
    auto *state = static_cast<volatile mm_bpf_cpu_state *>(memory);
    uint64_t sum_ns = 0;

    for (int i = 0; i < 10; i++) {
        // it leaves and comes once more, as it was charged by the last reading
        kill(child.pid(), SIGSTOP);
        while (state->runner == static_cast<uint32_t>(child.pid()))
            std::this_thread::yield();
        kill(child.pid(), SIGCONT);
        run_until(cpu_clock_ns(child.pid()) + 50 * MS);
        // as if that had not been told
        state->base_ns = 0;
        state->runner = static_cast<uint32_t>(getpid());
        sum_ns = read_in_time(child.pid(), sum_ns);
    }
    kill(child.pid(), SIGKILL);
    munmap(memory, sizeof(mm_bpf_cpu_state));
}

TEST_P(Cpu, OfShortProcessesIsRightInTheSum)
{
    std::set<pid_t> pids;
    uint64_t expected_ns = 0, sum_ns = 0;
    Snapshot snapshot = read();

    for (int i = 0; i < 200; i++) {
        struct rusage usage = {};
        pid_t pid = fork();

        if (pid == 0) {
            burn(static_cast<uint64_t>(1 + i % 10) * MS);
            _exit(0);
        }
        pids.insert(pid);
        ASSERT_EQ(wait4(pid, nullptr, 0, &usage), pid);
        expected_ns += rusage_ns(usage);
    }
    snapshot = read();
    for (pid_t pid : pids)
        sum_ns += run_ns(snapshot, pid);
    expect_near(sum_ns, expected_ns);
    EXPECT_EQ(snapshot->lost_count, 0U);
}

TEST_P(Cpu, OfAllThreadsIsTheProcess)
{
    struct rusage usage = {};
    pid_t pid;

    (void)read();
    pid = fork();
    if (pid == 0) {
        std::vector<std::thread> threads;

        threads.reserve(4);
        for (int i = 0; i < 4; i++)
            threads.emplace_back([] { burn(400 * MS); });
        for (std::thread &thread : threads)
            thread.join();
        _exit(0);
    }
    ASSERT_EQ(wait4(pid, nullptr, 0, &usage), pid);
    expect_near(run_ns(read(), pid), rusage_ns(usage), 2 * MS);
}

TEST_P(Cpu, TellsWhichProcessItWas)
{
    bpf_test::Child child([] { burn(5 * MS); });

    uint64_t ticks = bpf_test::start_ticks(child.pid());
    (void)read();
    child.end();
    pid_t pid = 0;
    Snapshot snapshot = read();

    for (size_t i = 0; i < snapshot->count; i++) {
        if (snapshot->processes[i].start_ns / (1000 * MS / static_cast<uint64_t>(sysconf(_SC_CLK_TCK))) ==
            ticks)
            pid = snapshot->processes[i].tgid;
        EXPECT_GT(snapshot->processes[i].switches, 0U);
        EXPECT_TRUE(i == 0 || snapshot->processes[i - 1].tgid <= snapshot->processes[i].tgid) << "in order";
    }
    // without BTF only its number is known
    EXPECT_TRUE(GetParam() || pid > 0);
}

// The time of more processes than there is room for is counted as lost, and the next reading is complete again.
TEST_P(Cpu, MoreProcessesThanThereIsRoomForAreLostAndCounted)
{
    (void)read();
    for (int i = 0; i < MM_BPF_CPU_PROCESSES_MAX + 500; i++) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
    }
    Snapshot snapshot = read();
    EXPECT_LE(snapshot->count, static_cast<size_t>(MM_BPF_CPU_PROCESSES_MAX));
    EXPECT_GT(snapshot->count, static_cast<size_t>(MM_BPF_CPU_PROCESSES_MAX) - 500);
    EXPECT_GT(snapshot->lost_count, 0U);
    EXPECT_GT(snapshot->lost_ns, 0U);

    uint64_t lost_count = snapshot->lost_count;
    bpf_test::Child child([] { burn(20 * MS); });
    pid_t pid = child.pid();

    child.end();
    snapshot = read();
    EXPECT_GE(run_ns(snapshot, pid), 20 * MS);
    EXPECT_EQ(read()->lost_count, lost_count);
}

// Those of a handle that are there still.
std::set<uint32_t> still_loaded(const std::set<uint32_t> &wanted)
{
    std::set<uint32_t> found;

    for (uint32_t id : bpf_test::loaded_programs()) {
        if (wanted.count(id) > 0 && bpf_test::program_name(id).rfind("mm_cpu_", 0) == 0)
            found.insert(id);
    }
    return found;
}

TEST_P(Cpu, TheProgramsGoWithTheHandle)
{
    const Another another(cpu, GetParam());
    const std::set<uint32_t> mine = still_loaded(bpf_test::own_programs());

    EXPECT_GE(mine.size(), 3U);
    mm_bpf_cpu_free(cpu);
    cpu = nullptr;
    // the kernel frees them some time later
    auto deadline = bpf_test::Clock::now() + std::chrono::milliseconds(PATIENCE_MS);
    while (!still_loaded(mine).empty() && bpf_test::Clock::now() < deadline)
        sched_yield();
    EXPECT_TRUE(still_loaded(mine).empty());
}

// ---- frequencies, which this machine may not have ---------------------------------------------------------

TEST_P(Cpu, CountsLessAtALowerFrequency)
{
    const Another another(cpu, GetParam());
    const int states = mm_bpf_cpu_collector(cpu)->fds[MM_BPF_CPU_STATES];
    const int frequency = bpf_test::open_own_program("mm_cpu_frequency");
    const uint64_t arguments[2] = {500000, 0};

    ASSERT_GE(frequency, 0);
    // in place, as the programs write beside it
    void *memory = mmap(nullptr, sizeof(mm_bpf_cpu_state), PROT_READ | PROT_WRITE, MAP_SHARED, states, 0);
    ASSERT_NE(memory, MAP_FAILED);
    static_cast<mm_bpf_cpu_state *>(memory)->max_khz = 2000000;
    static_cast<mm_bpf_cpu_state *>(memory)->weight = MM_BPF_CPU_WEIGHT_ONE;

    bpf_test::Child child([] {
        pin(0);
        burn(3600000 * MS);
    });
    child.go();
    while (cpu_clock_ns(child.pid()) < 100 * MS)
        std::this_thread::yield();
    const uint64_t read_ns = cpu_clock_ns(child.pid());
    Snapshot snapshot = read();
    const mm_bpf_cpu_time *found = find(snapshot, child.pid());
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->weighted_ns, found->run_ns) << "at the highest frequency";

    ASSERT_TRUE(bpf_test::run_program(frequency, arguments, sizeof(arguments))) << strerror(errno);
    uint64_t before_ns = cpu_clock_ns(child.pid());
    while (cpu_clock_ns(child.pid()) < before_ns + 300 * MS)
        std::this_thread::yield();
    snapshot = read();
    kill(child.pid(), SIGKILL);
    found = find(snapshot, child.pid());
    ASSERT_NE(found, nullptr);
    // a quarter, but for what it ran since the first look before it changed
    const auto run_ns = static_cast<double>(found->run_ns),
               weighted_ns = static_cast<double>(found->weighted_ns);
    EXPECT_GE(weighted_ns, 0.19 * run_ns);
    EXPECT_LE(weighted_ns, 0.31 * run_ns + 0.75 * static_cast<double>(before_ns - read_ns));
    munmap(memory, sizeof(mm_bpf_cpu_state));
    close(frequency);
}

// What is missing of the weight is that of the times at a quarter, to the moment: the clock says exactly how long those
// were. The scheduler's account leaves out what others took of it, and is up to a tick old.
TEST_P(Cpu, AChangeOfFrequencyCountsFromItsMoment)
{
    const Another another(cpu, GetParam());
    const int states = mm_bpf_cpu_collector(cpu)->fds[MM_BPF_CPU_STATES];
    const int frequency = bpf_test::open_own_program("mm_cpu_frequency");
    const uint64_t quarter[2] = {500000, 0}, whole[2] = {2000000, 0};
    constexpr int TIMES = 20;
    bpf_test::Child child([] {
        pin(0);
        burn(3600000 * MS);
    });
    uint64_t least_ns = 0, most_ns = 0, missing_ns = 0;
    auto wait = [] {
        for (const uint64_t begin_ns = bpf_test::now_ns(); bpf_test::now_ns() < begin_ns + 5 * MS;)
            std::this_thread::yield();
    };

    ASSERT_GE(frequency, 0);
    void *memory = mmap(nullptr, sizeof(mm_bpf_cpu_state), PROT_READ | PROT_WRITE, MAP_SHARED, states, 0);
    ASSERT_NE(memory, MAP_FAILED);
    static_cast<mm_bpf_cpu_state *>(memory)->max_khz = 2000000;
    child.go();
    while (cpu_clock_ns(child.pid()) < 50 * MS)
        std::this_thread::yield();
    (void)read();
    for (int i = 0; i < TIMES; i++) {
        union bpf_attr flush = {};

        wait();
        const uint64_t called_ns = bpf_test::now_ns();
        ASSERT_TRUE(bpf_test::run_program(frequency, quarter, sizeof(quarter))) << strerror(errno);
        const uint64_t changed_ns = bpf_test::now_ns();
        wait();
        flush.test.prog_fd = static_cast<uint32_t>(mm_bpf_cpu_collector(cpu)->fds[MM_BPF_CPU_FLUSH]);
        flush.test.flags = BPF_F_TEST_RUN_ON_CPU;
        ASSERT_EQ(bpf_test::bpf(BPF_PROG_TEST_RUN, &flush), 0) << strerror(errno);
        const uint64_t back_ns = bpf_test::now_ns();
        ASSERT_TRUE(bpf_test::run_program(frequency, whole, sizeof(whole))) << strerror(errno);
        least_ns += back_ns - changed_ns;
        most_ns += bpf_test::now_ns() - called_ns;
    }
    Snapshot snapshot = read();
    kill(child.pid(), SIGKILL);
    for (size_t i = 0; i < snapshot->count; i++)
        missing_ns += snapshot->processes[i].run_ns - snapshot->processes[i].weighted_ns;
    // each charge is rounded down by less than a nanosecond
    EXPECT_LE(missing_ns, most_ns * 3 / 4 + MS / 10 + (GetParam() ? 0 : TIMES * TICK_NS));
    EXPECT_GE(missing_ns, least_ns * 3 / (GetParam() ? 4 : 8) - MS / 10);
    munmap(memory, sizeof(mm_bpf_cpu_state));
    close(frequency);
}

// Each processor has a loop, so that every moment is somebody's.
TEST_P(Cpu, OfBusyProcessorsIsAllTheirTime)
{
    const int count = static_cast<int>(std::thread::hardware_concurrency());
    std::vector<std::unique_ptr<bpf_test::Child>> loops;

    for (int cpu_index = 0; cpu_index < count; cpu_index++) {
        loops.push_back(std::make_unique<bpf_test::Child>([cpu_index] {
            pin(cpu_index);
            burn(3600000 * MS);
        }));
        loops.back()->go();
        while (cpu_clock_ns(loops.back()->pid()) < 20 * MS)
            std::this_thread::yield();
    }
    const uint64_t begin_ns = bpf_test::now_ns();
    const uint64_t total_before_ns = read()->total_ns;
    const uint64_t begun_ns = bpf_test::now_ns();
    while (bpf_test::now_ns() < begun_ns + 500 * MS)
        std::this_thread::yield();
    const uint64_t end_ns = bpf_test::now_ns();
    const uint64_t total_ns = read()->total_ns - total_before_ns;
    const uint64_t ended_ns = bpf_test::now_ns();
    for (const auto &loop : loops)
        kill(loop->pid(), SIGKILL);
    EXPECT_LE(total_ns, (ended_ns - begin_ns) * static_cast<uint64_t>(count));
    // by the scheduler's account without what interrupts and the host took
    EXPECT_GE(total_ns, (end_ns - begun_ns) * static_cast<uint64_t>(count) / (GetParam() ? 1 : 2));
}

std::string name_of(const testing::TestParamInfo<bool> &tested)
{
    return tested.param ? "Clock" : "Account";
}
INSTANTIATE_TEST_SUITE_P(Both, Cpu, testing::Values(false, true), name_of);
INSTANTIATE_TEST_SUITE_P(Its, CpuAccount, testing::Values(false), name_of);

// ---- loaders that answer nonsense --------------------------------------------------------------------------

TEST(CpuLoader, ThatIsMissingOrSilentIsSaid)
{
    struct mm_bpf_collector_options options = {};
    mm_bpf_cpu *cpu = nullptr;

    options.loader_path = "/nonexistent/loader";
    options.timeout_ms = 1000;
    EXPECT_EQ(mm_bpf_cpu_new(&options, &cpu), -ENOENT);
    for (const char *script : {"exit 0", "kill -9 $$"}) {
        bpf_test::FakeLoader loader(script);
        struct pollfd pollfd = {-1, POLLIN, 0};

        options.loader_path = loader.options().loader_path;
        ASSERT_EQ(mm_bpf_cpu_new(&options, &cpu), 0);
        pollfd.fd = mm_bpf_cpu_collector(cpu)->progress_fd;
        ASSERT_EQ(poll(&pollfd, 1, PATIENCE_MS), 1);
        EXPECT_EQ(mm_bpf_collector_receive(mm_bpf_cpu_collector(cpu)), -EPIPE);
        mm_bpf_cpu_free(cpu);
    }
}

TEST(CpuLoader, ThatIsAtWorkStillIsEnded)
{
    const std::set<std::string> before = bpf_test::open_descriptors();
    bpf_test::FakeLoader loader("exec sleep 1000");
    struct mm_bpf_collector_options options = {};
    mm_bpf_cpu *cpu = nullptr;

    options.loader_path = loader.options().loader_path;
    options.timeout_ms = 1000;
    ASSERT_EQ(mm_bpf_cpu_new(&options, &cpu), 0);
    EXPECT_EQ(mm_bpf_collector_receive(mm_bpf_cpu_collector(cpu)), -EAGAIN);
    mm_bpf_cpu_free(cpu);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
    EXPECT_EQ(bpf_test::open_descriptors(), before);
}

} // namespace
