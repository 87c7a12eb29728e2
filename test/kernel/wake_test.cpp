// SPDX-License-Identifier: Apache-2.0
// What the running kernel tells by itself: usage thresholds, vmpressure, limits that groups meet. Needs root; makes groups of its own.
#include "wake_support.h"

#include <sched.h>
#include <sys/swap.h>

namespace
{

mm_wake_request request(mm_wake_kind kind, mm_group *group = nullptr)
{
    mm_wake_request made = {};

    made.kind = kind;
    made.group = group;
    return made;
}

class Wake
{
  public:
    Wake(const Kernel &kernel, const mm_wake_request &request) : kernel_(kernel)
    {
        result = kernel->open_wake(kernel.kernel, &request, &wake_);
        if (result == 0)
            fd_ = kernel->wake_fd(kernel.kernel, wake_, &events_);
    }
    ~Wake()
    {
        kernel_->close_wake(kernel_.kernel, wake_);
    }
    Wake(const Wake &) = delete;
    Wake &operator=(const Wake &) = delete;
    // True when the kernel has heard of it and is sure to tell.
    bool move(uint64_t line_bytes)
    {
        return kernel_->move_wake(kernel_.kernel, wake_, line_bytes, &cover);
    }
    // Until the thread has told the kernel of it.
    bool move_until_sure(const Kernel &domain, uint64_t line_bytes)
    {
        struct mm_memory_state memory = {};

        for (int i = 0; i < patience_ms; i++) {
            if (domain->read_memory(domain.kernel, &memory) == 0 && move(line_bytes))
                return true;
            usleep(1000);
        }
        return false;
    }
    bool is_ready(int timeout_ms) const
    {
        struct pollfd ready = {fd_, static_cast<short>(events_), 0};

        return poll(&ready, 1, timeout_ms) > 0;
    }
    // What is taken when it is ready within that time; 0: it was not.
    int await(int timeout_ms = patience_ms) const
    {
        return is_ready(timeout_ms) ? kernel_->take_wake(kernel_.kernel, wake_) : 0;
    }

    int result;
    mm_wake_cover cover = {};

  private:
    const Kernel &kernel_;
    struct mm_wake *wake_ = nullptr;
    uint32_t events_ = 0;
    int fd_ = -1;
};

// ---- usage thresholds ----

class UsageWake : public KernelGroup
{
  protected:
    void SetUp() override
    {
        KernelGroup::SetUp();
        if (IsSkipped())
            return;
        if (!kernel_.has(MM_FEATURE_USAGE_THRESHOLD))
            GTEST_SKIP() << kernel_.reason(MM_FEATURE_USAGE_THRESHOLD);
        set_limit(64 * mib);
    }
    static uint64_t available(const Kernel &domain)
    {
        struct mm_memory_state memory = {};

        EXPECT_EQ(domain->read_memory(domain.kernel, &memory), 0);
        return memory.available_bytes;
    }
};

TEST_F(UsageWake, ComesWhereAvailableMemoryReachesTheLineAndNotBefore)
{
    Grower grower(*directory_);
    Kernel domain(path_);
    Wake wake(domain, request(MM_WAKE_USAGE));

    ASSERT_EQ(wake.result, 0);
    grower.take(10 * mib);
    EXPECT_GT(available(domain), 45 * mib);
    wake.move(32 * mib);
    EXPECT_EQ(wake.await(200), 0) << "it is registered, and nothing has happened";
    grower.take(10 * mib);
    EXPECT_EQ(wake.await(50), 0) << "40 MiB are left";
    // Each processor looks at thresholds after 128 of its own pages: who stops right behind one is not told of.
    grower.begin(14 * mib);
    EXPECT_EQ(wake.await(), 1);
    EXPECT_LT(available(domain), 34 * mib);
    // the next one
    wake.move(16 * mib);
    grower.begin(18 * mib);
    EXPECT_EQ(wake.await(), 1);
    for (int i = 0; i < 100 && available(domain) > 17 * mib; i++)
        EXPECT_EQ(wake.await(), 1) << "what was told before the threshold was moved";
    EXPECT_LT(available(domain), 18 * mib);
}

TEST_F(UsageWake, ALineThatIsCrossedWhileItIsBeingRegisteredIsNotMissed)
{
    Grower grower(*directory_);
    Kernel domain(path_);
    Wake wake(domain, request(MM_WAKE_USAGE));

    ASSERT_EQ(wake.result, 0);
    ASSERT_GT(available(domain), 60 * mib);
    grower.take(40 * mib); // after the reading
    wake.move(32 * mib);
    EXPECT_EQ(wake.await(), 1);
}

TEST_F(UsageWake, MovingReturnsAtOnce)
{
    Kernel domain(path_);
    Wake wake(domain, request(MM_WAKE_USAGE));
    uint64_t slowest_ns = 0;

    for (uint64_t line = 1; line <= 20; line++) {
        (void)available(domain);
        const uint64_t begin_ns = domain->now_ns(domain.kernel);
        wake.move((line % 2 ? 10 + line : 40 - line) * mib);
        slowest_ns = std::max(slowest_ns, domain->now_ns(domain.kernel) - begin_ns);
        usleep(5000);
    }
    RecordProperty("slowest_us", static_cast<int>(slowest_ns / 1000));
    EXPECT_LT(slowest_ns, 1000000000U) << "a bound that holds on any machine";
}

TEST_F(UsageWake, OfTheMachineIsRegisteredOnTheRoot)
{
    Wake wake(kernel_, request(MM_WAKE_USAGE));
    const uint64_t now_available = available(kernel_);

    ASSERT_EQ(wake.result, 0);
    wake.move(now_available > 100 * mib ? now_available - 100 * mib : 0);
    EXPECT_GE(wake.await(300), 0) << "whatever others do meanwhile, it is not refused";
}

// 700 MiB down to the line: it is told after an eighth of that, long before.
TEST_F(UsageWake, AFarLineIsSureToBeToldOfOnTheWayAndTheGroupsEndIsToo)
{
    set_limit(800 * mib);
    Grower grower(*directory_);
    Kernel domain(path_);
    Wake wake(domain, request(MM_WAKE_USAGE));
    const uint64_t before = available(domain);

    ASSERT_EQ(wake.result, 0);
    ASSERT_GT(before, 790 * mib) << "the machine itself has less";
    EXPECT_FALSE(wake.move(100 * mib)) << "the kernel has not heard of it";
    ASSERT_TRUE(wake.move_until_sure(domain, 100 * mib));
    EXPECT_GT(wake.cover.margin_bytes, 500 * mib);
    EXPECT_GT(wake.cover.other_available_bytes, before);
    EXPECT_LT(wake.cover.other_available_bytes, MM_UNKNOWN) << "the machine's";
    EXPECT_EQ(wake.await(0), 0);
    grower.take(110 * mib);
    EXPECT_EQ(wake.await(), 1);
    (void)available(domain);
    EXPECT_FALSE(wake.move(100 * mib)) << "it has told";
    EXPECT_TRUE(wake.move_until_sure(domain, 100 * mib)) << "and is registered further on";
    kill(grower.pid, SIGKILL);
    grower.wait();
    while (wake.await(200) == 1)
        continue; // usage came down, which is told, too
    kernel_->close_group(kernel_.kernel, group_);
    group_ = nullptr;
    directory_->remove();
    EXPECT_EQ(wake.await(), -ENODEV);
}

// Its usage is no counter of its own: it must be looked at when a group below it grows.
TEST_F(UsageWake, OfTheMachineIsToldWhenAGroupGrows)
{
    set_limit(1024 * mib);
    Grower grower(*directory_);
    Wake wake(kernel_, request(MM_WAKE_USAGE));

    ASSERT_EQ(wake.result, 0);
    grower.take(mib);
    wake.move(available(kernel_) - 100 * mib);
    while (wake.await(200) == 1)
        continue; // what others did meanwhile
    grower.begin(500 * mib);
    EXPECT_EQ(wake.await(), 1);
}

TEST_F(UsageWake, AGroupThatIsRemovedIsToldAndThenQuiet)
{
    Kernel domain(path_);
    Wake wake(domain, request(MM_WAKE_USAGE));

    ASSERT_EQ(wake.result, 0);
    (void)available(domain);
    wake.move(32 * mib);
    EXPECT_EQ(wake.await(200), 0);
    kernel_->close_group(kernel_.kernel, group_);
    group_ = nullptr;
    directory_->remove();
    EXPECT_EQ(wake.await(), -ENODEV);
}

// ---- vmpressure ----

mm_wake_request vmpressure(mm_group *group, mm_vmpressure_level level)
{
    mm_wake_request made = request(MM_WAKE_VMPRESSURE, group);

    made.level = level;
    made.mode = MM_VMPRESSURE_HIERARCHY;
    return made;
}

using GroupWake = KernelGroup;

TEST_F(GroupWake, VmpressureTellsOfAGroupThatReclaimsAtItsLimit)
{
    if (!kernel_.has(MM_FEATURE_VMPRESSURE))
        GTEST_SKIP() << kernel_.reason(MM_FEATURE_VMPRESSURE);
    Wake low(kernel_, vmpressure(group_, MM_VMPRESSURE_LOW));
    Wake critical(kernel_, vmpressure(group_, MM_VMPRESSURE_CRITICAL));
    ASSERT_EQ(low.result, 0);
    ASSERT_EQ(critical.result, 0);
    set_limit(32 * mib);
    Grower grower(*directory_);
    grower.take(8 * mib);
    EXPECT_EQ(low.await(100), 0) << "there is room";
    grower.begin(64 * mib); // anonymous, without swap: nothing can be had, and the kernel kills it
    EXPECT_EQ(low.await(), 1);
    EXPECT_EQ(critical.await(), 1);
}

TEST_F(GroupWake, VmpressureOfARemovedGroupEnds)
{
    if (!kernel_.has(MM_FEATURE_VMPRESSURE))
        GTEST_SKIP() << kernel_.reason(MM_FEATURE_VMPRESSURE);
    Wake wake(kernel_, vmpressure(group_, MM_VMPRESSURE_LOW));
    ASSERT_EQ(wake.result, 0);
    kernel_->close_group(kernel_.kernel, group_);
    group_ = nullptr;
    directory_->remove();
    EXPECT_EQ(wake.await(), -ENODEV);
}

TEST_F(GroupWake, EveryLevelAndModeOfVmpressureIsAccepted)
{
    if (!kernel_.has(MM_FEATURE_VMPRESSURE))
        GTEST_SKIP() << kernel_.reason(MM_FEATURE_VMPRESSURE);
    for (int level = 0; level < MM_VMPRESSURE_LEVEL_COUNT; level++) {
        for (int mode = 0; mode < MM_VMPRESSURE_MODE_COUNT; mode++) {
            mm_wake_request wanted = vmpressure(nullptr, static_cast<mm_vmpressure_level>(level));

            wanted.mode = static_cast<mm_vmpressure_mode>(mode);
            EXPECT_EQ(Wake(kernel_, wanted).result, 0) << level << ' ' << mode;
        }
    }
}

// ---- limits of groups ----

TEST_F(GroupWake, AGroupThatMeetsItsLimitIsToldAndItsDeathCounted)
{
    mm_group_events before = {}, after = {};

    if (!kernel_.has(MM_FEATURE_GROUP_EVENTS))
        GTEST_SKIP() << kernel_.reason(MM_FEATURE_GROUP_EVENTS);
    Wake wake(kernel_, request(MM_WAKE_GROUP_EVENTS, group_));
    ASSERT_EQ(wake.result, 0);
    set_limit(32 * mib);
    ASSERT_EQ(kernel_->read_group_events(kernel_.kernel, group_, &before), 0);
    Grower grower(*directory_);
    grower.take(8 * mib);
    EXPECT_EQ(wake.await(100), 0) << "there is room";
    grower.begin(64 * mib);
    EXPECT_EQ(wake.await(), 1);
    // v1 tells before the kernel has killed
    grower.wait();
    ASSERT_EQ(kernel_->read_group_events(kernel_.kernel, group_, &after), 0);
    EXPECT_EQ(after.oom_kill, before.oom_kill + 1);
    EXPECT_GT(after.max, before.max);
}

TEST_F(GroupWake, LimitsOfARemovedGroupEnd)
{
    mm_group_events events = {};

    if (!kernel_.has(MM_FEATURE_GROUP_EVENTS))
        GTEST_SKIP() << kernel_.reason(MM_FEATURE_GROUP_EVENTS);
    Wake wake(kernel_, request(MM_WAKE_GROUP_EVENTS, group_));
    ASSERT_EQ(wake.result, 0);
    directory_->remove();
    EXPECT_EQ(wake.await(), -ENODEV);
    EXPECT_EQ(kernel_->read_group_events(kernel_.kernel, group_, &events), -ENODEV);
    EXPECT_EQ(Wake(kernel_, request(MM_WAKE_GROUP_EVENTS, group_)).result, -ENODEV);
}

// ---- limits that are changed ----

class LimitWake : public KernelGroup
{
  protected:
    void SetUp() override
    {
        KernelGroup::SetUp();
        if (IsSkipped())
            return;
        set_limit(64 * mib);
        if (where_.memory.is_v2) {
            ASSERT_TRUE(write_text(directory_->file("cgroup.subtree_control"), "+memory"));
        }
        inner_ = std::make_unique<Directory>(where_.memory, name_ + "/inner");
        domain_ = std::make_unique<Kernel>(path_ + "/inner");
    }
    void TearDown() override
    {
        domain_.reset();
        KernelGroup::TearDown();
    }

    std::unique_ptr<Directory> inner_;
    std::unique_ptr<Kernel> domain_;
};

TEST_F(LimitWake, ComesForTheDomainAndForThoseAboveIt)
{
    Wake wake(*domain_, request(MM_WAKE_LIMITS));
    const char *file = where_.memory.is_v2 ? "memory.max" : "memory.limit_in_bytes";

    ASSERT_EQ(wake.result, 0);
    EXPECT_EQ(wake.await(100), 0);
    set_limit(32 * mib);
    EXPECT_EQ(wake.await(), 1);
    EXPECT_EQ(wake.await(100), 0) << "it was taken";
    ASSERT_TRUE(write_text(inner_->file(file), std::to_string(16 * mib)));
    EXPECT_EQ(wake.await(), 1);
    set_limit(32 * mib);
    EXPECT_EQ(wake.await(), 0) << "as it was";
}

TEST_F(LimitWake, GroupsThatComeAndGoBesideTheDomainWakeNobody)
{
    Wake wake(*domain_, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    for (const char *group : {"/sibling", "/inner/below"}) {
        Directory other(where_.memory, name_ + group);
        other.remove();
    }
    EXPECT_FALSE(wake.is_ready(100));
}

// The kernel (as of 6.18) sends nothing for the files of a removed group.
TEST_F(LimitWake, TheEndOfTheDomainIsSaidByWhateverIsToldNext)
{
    Wake wake(*domain_, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    inner_->remove();
    set_limit(32 * mib);
    EXPECT_EQ(wake.await(), -ENODEV);
    Directory again(where_.memory, name_ + "/inner");
    EXPECT_EQ(Wake(*domain_, request(MM_WAKE_LIMITS)).result, -ENODEV) << "another group";
}

TEST_F(LimitWake, ControllersThatWereSwitchedOffAndOnAgainLeaveItListening)
{
    Wake wake(*domain_, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    if (where_.memory.is_v2) { // v1's are not switched
        for (const char *controllers : {"-memory", "+memory"})
            ASSERT_TRUE(write_text(directory_->file("cgroup.subtree_control"), controllers));
        EXPECT_EQ(wake.await(), 0) << "it had no limit before";
    }
    ASSERT_TRUE(write_text(inner_->file(where_.memory.is_v2 ? "memory.max" : "memory.limit_in_bytes"),
                           std::to_string(16 * mib)));
    EXPECT_EQ(wake.await(), 1);
    EXPECT_FALSE(wake.is_ready(100));
}

// Whatever could not be told is found by reading.
TEST_F(LimitWake, MoreThanTheKernelHasRoomToTellIsNotLost)
{
    const char *file = where_.memory.is_v2 ? "memory.max" : "memory.limit_in_bytes";
    const int ends[] = {open(directory_->file(file).c_str(), O_WRONLY | O_CLOEXEC),
                        open(inner_->file(file).c_str(), O_WRONLY | O_CLOEXEC)};
    const std::string same = std::to_string(64 * mib);
    int queue_max = 0;

    ASSERT_TRUE(write_text(inner_->file(file), same)); // before, so that outer's is the one change
    Wake wake(*domain_, request(MM_WAKE_LIMITS));
    ASSERT_EQ(wake.result, 0);
    std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue_max;
    ASSERT_GT(queue_max, 0);
    if (queue_max > 200000)
        GTEST_SKIP() << "a queue of " << queue_max << " messages is not filled";
    for (int i = 0; i <= queue_max; i++) // in turns: the same twice is one message
        ASSERT_EQ(write(ends[i % 2], same.data(), same.size()), static_cast<ssize_t>(same.size()));
    set_limit(32 * mib);
    EXPECT_EQ(wake.await(), 1);
    EXPECT_EQ(wake.await(100), 0) << "and it is quiet";
    for (const int end : ends)
        close(end);
}

// In a user namespace of its own, where inotify has as much room as is written there. What failed.
int open_without_room(const Kernel &domain, const char *file)
{
    const mm_wake_request wanted = request(MM_WAKE_LIMITS);
    struct mm_wake *wake = nullptr;

    if (unshare(CLONE_NEWUSER) < 0)
        return ECHILD;
    const int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1)
        return ECHILD;
    return -domain->open_wake(domain.kernel, &wanted, &wake);
}

TEST_F(LimitWake, IsRefusedWhereInotifyHasNoRoom)
{
    const struct {
        const char *file;
        int expected;
    } rows[] = {
        {"/proc/sys/user/max_inotify_watches", ENOSPC},
        {"/proc/sys/user/max_inotify_instances", EMFILE},
    };

    for (const auto &row : rows) {
        int status = 0;
        const pid_t pid = fork();

        if (pid == 0)
            _exit(open_without_room(*domain_, row.file));
        ASSERT_EQ(waitpid(pid, &status, 0), pid);
        ASSERT_TRUE(WIFEXITED(status));
        if (WEXITSTATUS(status) == ECHILD)
            GTEST_SKIP() << "no user namespace of its own, or " << row.file << " is not to be written";
        EXPECT_EQ(WEXITSTATUS(status), row.expected) << row.file;
    }
}

// ---- the machine ----

int call_swapoff(const char *path)
{
    return swapoff(path) < 0 ? -errno : 0;
}

// A small file with the signature of swap, which is never used: it is taken away at once.
class SwapFile
{
  public:
    SwapFile()
    {
        const int fd = mkstemp(path);
        const std::string zeroes(pages * page, '\0');
        std::string first(page, '\0');
        const uint32_t version = 1, last_page = pages - 1;

        first.replace(page - 10, 10, "SWAPSPACE2");
        first.replace(1024, 4, reinterpret_cast<const char *>(&version), 4);
        first.replace(1028, 4, reinterpret_cast<const char *>(&last_page), 4);
        EXPECT_EQ(write(fd, zeroes.data(), zeroes.size()), static_cast<ssize_t>(zeroes.size()));
        EXPECT_EQ(pwrite(fd, first.data(), first.size(), 0), static_cast<ssize_t>(first.size()));
        EXPECT_EQ(fsync(fd), 0);
        close(fd);
    }
    ~SwapFile()
    {
        call_swapoff(path);
        unlink(path);
    }
    SwapFile(const SwapFile &) = delete;
    SwapFile &operator=(const SwapFile &) = delete;

    static constexpr size_t page = 4096, pages = 16;
    char path[40] = "/var/tmp/memmgr-test-swap-XXXXXX";
};

TEST(MachineWake, SwapThatIsAddedAndTakenIsToldAndThenQuiet)
{
    Kernel kernel;
    SwapFile file;
    mm_swap_state before = {}, during = {}, after = {};

    if (!kernel.has(MM_FEATURE_SWAP_EVENTS))
        GTEST_SKIP() << kernel.reason(MM_FEATURE_SWAP_EVENTS);
    Wake wake(kernel, request(MM_WAKE_SWAP));
    ASSERT_EQ(wake.result, 0);
    ASSERT_EQ(kernel->read_swap(kernel.kernel, &before), 0);
    EXPECT_EQ(wake.await(100), 0) << "nothing has happened";
    if (swapon(file.path, 0) < 0)
        GTEST_SKIP() << "swapon: " << strerror(errno);
    EXPECT_EQ(wake.await(), 1);
    EXPECT_EQ(wake.await(100), 0);
    ASSERT_EQ(kernel->read_swap(kernel.kernel, &during), 0);
    EXPECT_EQ(during.device_count, before.device_count + 1);
    EXPECT_EQ(during.total_bytes, before.total_bytes + (SwapFile::pages - 1) * SwapFile::page);
    ASSERT_EQ(call_swapoff(file.path), 0);
    EXPECT_EQ(wake.await(), 1);
    ASSERT_EQ(kernel->read_swap(kernel.kernel, &after), 0);
    EXPECT_EQ(after.device_count, before.device_count);
}

TEST(MachineWake, SuspendsAreNeverMadeUp)
{
    Kernel kernel;
    const uint64_t first_ns = kernel->suspended_ns(kernel.kernel);

    for (int i = 0; i < 100000; i++)
        ASSERT_LE(kernel->suspended_ns(kernel.kernel), first_ns + 50000000U)
            << "a moment of the first reading";
}

TEST(MachineWake, PowerIsReadOrThereIsNone)
{
    Kernel kernel;
    mm_power_state power = {};
    const int result = kernel->read_power(kernel.kernel, &power);

    EXPECT_EQ(Wake(kernel, request(MM_WAKE_POWER)).result,
              kernel.has(MM_FEATURE_POWER_SUPPLY) ? 0 : -EOPNOTSUPP);
    if (!kernel.has(MM_FEATURE_POWER_SUPPLY)) {
        EXPECT_TRUE(result == -EOPNOTSUPP || (result == 0 && power.battery_count == 0))
            << kernel.reason(MM_FEATURE_POWER_SUPPLY);
        return;
    }
    EXPECT_EQ(result, 0);
    EXPECT_TRUE(power.charge_percent <= 100 || power.charge_percent == MM_CHARGE_UNKNOWN);
}

} // namespace
