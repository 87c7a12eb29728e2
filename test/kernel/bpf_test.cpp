/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF programs against the running kernel, and what the ring makes of them. Needs root. */
#include "bpf_support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include <map>

namespace
{

using namespace bpf_test;

enum class Way { BTF, UNTIMED, CLASSIC };

class Variant : public ::testing::TestWithParam<Way>
{
  protected:
    void SetUp() override
    {
        ASSERT_EQ(geteuid(), 0u) << "needs root";
        struct mm_bpf_options options = {};

        options.is_classic = is_classic();
        options.is_untimed = GetParam() == Way::UNTIMED;
        ASSERT_EQ(watcher.load(options), 0) << mm_bpf_reason(watcher.bpf);
        /* before 6.16 the classic tracepoint does not tell a thread's exit from a process's */
        ASSERT_TRUE(has_exits() || is_classic()) << mm_bpf_reason(watcher.bpf);
        ASSERT_TRUE(mm_bpf_programs(watcher.bpf) & MM_BPF_PROGRAM_OOM_SCORE_ADJ)
            << mm_bpf_reason(watcher.bpf);
    }

    bool has_exits() const
    {
        return mm_bpf_programs(watcher.bpf) & MM_BPF_PROGRAM_EXIT;
    }

    static bool is_classic()
    {
        return GetParam() == Way::CLASSIC;
    }

    Watcher watcher;
};

TEST_P(Variant, SaysHowItIsAttached)
{
    const char *const ways[] = {
        "BTF tracepoints: ", "BTF tracepoints, without timers: ", "classic tracepoints: "};
    std::string reason = ways[static_cast<int>(GetParam())];

    reason += has_exits() ? "fork, exec, exit, comm, oom_score_adj" : "fork, exec, comm, oom_score_adj";
    if (!is_classic())
        reason += ", moved, mkdir, rmdir, populated, frozen";
    if (!has_exits())
        reason += "; without exit: tracepoint sched/sched_process_exit has no field group_dead this program "
                  "can read: "
                  "No such file or directory";
    if (is_classic())
        reason += "; without moved, mkdir, rmdir, populated, frozen: not from classic tracepoints";
    EXPECT_EQ(mm_bpf_reason(watcher.bpf), reason);
    EXPECT_EQ(mm_bpf_progress_fd(watcher.bpf), -1);
    EXPECT_EQ(mm_bpf_lost(watcher.bpf), 0u);
}

TEST_P(Variant, ReportsEachExitOnceWithItsIdentity)
{
    if (!has_exits())
        GTEST_SKIP() << mm_bpf_reason(watcher.bpf);
    std::map<pid_t, uint64_t> children;

    for (int i = 0; i < 100; i++) {
        Child child([] {
            prctl(PR_SET_NAME, "mm (test)\n\xff");
            if (setuid(10001) < 0)
                _exit(1);
        });

        children[child.pid()] = start_ticks(child.pid());
        child.end();
    }
    watcher.settle();
    for (const auto &[pid, ticks] : children) {
        const struct mm_bpf_record *record = watcher.find(MM_BPF_RECORD_EXIT, pid);

        ASSERT_TRUE(record) << pid;
        EXPECT_EQ(watcher.count(MM_BPF_RECORD_EXIT, pid), 1u);
        EXPECT_STREQ(record->comm, "mm (test)\n\xff");
        EXPECT_EQ(record->uid, 10001u);
        EXPECT_TRUE(record->flags & MM_BPF_FLAG_UID);
        EXPECT_GT(record->time_ns, 0u);
        if (!is_classic()) {
            EXPECT_TRUE(record->flags & MM_BPF_FLAG_START);
            EXPECT_EQ(to_ticks(record->start_ns), ticks);
        }
    }
}

TEST_P(Variant, AThreadsExitIsNoProcessesExit)
{
    if (!has_exits())
        GTEST_SKIP() << mm_bpf_reason(watcher.bpf);
    Child child([] {
        for (int i = 0; i < 3; i++) {
            pthread_t thread;

            pthread_create(
                &thread, nullptr, [](void *) -> void * { return nullptr; }, nullptr);
            pthread_join(thread, nullptr);
        }
        kill(getpid(), SIGSTOP);
    });
    pid_t pid = child.pid();
    int status;

    child.go();
    ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
    watcher.settle();
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_EXIT, pid), 0u);
    kill(pid, SIGCONT);
    child.end();
    watcher.settle();
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_EXIT, pid), 1u);
}

/* The leader goes first; the process dies with its last thread, under the leader's number and name. */
TEST_P(Variant, AProcessOutlivesItsLeader)
{
    if (!has_exits())
        GTEST_SKIP() << mm_bpf_reason(watcher.bpf);
    Child child([] {
        pthread_t thread;

        prctl(PR_SET_NAME, "leader");
        pthread_create(
            &thread, nullptr,
            [](void *) -> void * {
                char state = ' ';

                prctl(PR_SET_NAME, "heir");
                /* the leader is a zombie from the moment it has exited */
                while (state != 'Z') {
                    std::string text = read_text("/proc/self/stat");

                    state = text[text.rfind(')') + 2];
                }
                kill(getpid(), SIGSTOP);
                _exit(0);
            },
            nullptr);
        leave_thread();
    });
    pid_t pid = child.pid();
    uint64_t ticks = start_ticks(pid);
    int status;

    child.go();
    ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
    ASSERT_TRUE(WIFSTOPPED(status));
    watcher.settle();
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_EXIT, pid), 0u);
    kill(pid, SIGCONT);
    child.end();
    watcher.settle();
    const struct mm_bpf_record *record = watcher.find(MM_BPF_RECORD_EXIT, pid);

    ASSERT_TRUE(record);
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_EXIT, pid), 1u);
    if (!is_classic()) {
        EXPECT_EQ(to_ticks(record->start_ns), ticks);
        EXPECT_STREQ(record->comm, "leader");
    }
}

/* What a new process does before it is somebody: begin, take a name, become another program, end. */
TEST_P(Variant, ReportsTheWholeLifeOfAProcess)
{
    if (!has_exits())
        GTEST_SKIP() << mm_bpf_reason(watcher.bpf);
    Child child([] {
        prctl(PR_SET_NAME, "mm-before");
        (void)syscall(SYS_execve, "/bin/true", nullptr, nullptr);
    });
    pid_t pid = child.pid();
    uint64_t ticks = start_ticks(pid);
    std::vector<uint32_t> types;

    child.end();
    watcher.settle();
    for (const auto &record : watcher.seen) {
        if (record.tgid != pid)
            continue;
        types.push_back(record.type);
        EXPECT_TRUE(record.flags & MM_BPF_FLAG_UID);
        if (!is_classic()) {
            EXPECT_EQ(to_ticks(record.start_ns), ticks);
        }
    }
    std::vector<uint32_t> expected = {MM_BPF_RECORD_FORK, MM_BPF_RECORD_COMM, MM_BPF_RECORD_EXEC};

    if (is_classic())
        expected.insert(expected.begin() + 2, MM_BPF_RECORD_COMM); /* exec's own change of name */
    expected.push_back(MM_BPF_RECORD_EXIT);
    EXPECT_EQ(types, expected);
    EXPECT_EQ(watcher.find(MM_BPF_RECORD_FORK, pid)->actor, getpid());
    EXPECT_STREQ(watcher.find(MM_BPF_RECORD_COMM, pid)->comm, "mm-before");
    EXPECT_STREQ(watcher.find(MM_BPF_RECORD_EXEC, pid)->comm, "true");
}

TEST_P(Variant, ThreadsComeAndAreNamedUnseen)
{
    if (!has_exits())
        GTEST_SKIP() << mm_bpf_reason(watcher.bpf);
    Child child([] {
        pthread_t thread;

        pthread_create(
            &thread, nullptr,
            [](void *) -> void * {
                prctl(PR_SET_NAME, "mm-thread");
                return nullptr;
            },
            nullptr);
        pthread_join(thread, nullptr);
    });
    pid_t pid = child.pid();

    child.end();
    watcher.settle();
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_FORK, pid), 1u);
    for (const auto &record : watcher.seen)
        EXPECT_STRNE(record.comm, "mm-thread");
}

/* Nobody waits for it: the ring wakes by itself when it was gathered. Edge-triggered, epoll tells of wake-ups only, and
   not of what lies there. */
TEST_P(Variant, WhatNobodyWaitsForWakesInTheEnd)
{
    struct epoll_event event = {};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    const uint64_t again_ns = mm_bpf_look_again_ns(watcher.bpf);
    /* where the ring says so, it does not wake for the end of a burst, and whoever was woken looks again */
    const int wait_ms = again_ns > 0 ? static_cast<int>(again_ns / 1000000) : PATIENCE_MS;
    uint64_t begin_ns = 0;
    pid_t pid = 0;

    event.events = EPOLLIN | static_cast<uint32_t>(EPOLLET);
    ASSERT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, mm_bpf_ring_fd(watcher.bpf), &event), 0);
    /* thrice, as what the machine does besides may have armed the timer just before */
    for (int round = 0; round < 3; round++) {
        Child child;

        begin_ns = now_ns();
        pid = child.pid();
        while (!watcher.find(MM_BPF_RECORD_FORK, pid)) {
            ASSERT_TRUE(epoll_wait(epoll, &event, 1, wait_ms) == 1 || again_ns > 0) << "nothing woke";
            watcher.drain();
        }
        EXPECT_LT(now_ns() - begin_ns, 2000000000u);
    }
    close(epoll);
    EXPECT_EQ(again_ns, GetParam() == Way::BTF ? 0u : MM_BPF_GATHER_NS);
}

TEST_P(Variant, AdjWrittenByAnotherIsReported)
{
    Child target;
    pid_t target_pid = target.pid();
    uint64_t ticks = start_ticks(target_pid);
    Child writer([target_pid] { (void)write_adj(target_pid, 321); });
    pid_t writer_pid = writer.pid();

    writer.end();
    const struct mm_bpf_record *record = watcher.await(MM_BPF_RECORD_OOM_SCORE_ADJ, target_pid);

    ASSERT_TRUE(record);
    EXPECT_EQ(record->value, 321);
    EXPECT_EQ(record->actor, writer_pid);
    if (!is_classic()) {
        EXPECT_EQ(to_ticks(record->start_ns), ticks);
        EXPECT_EQ(record->uid, 0u);
    }
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_OOM_SCORE_ADJ, target_pid), 1u);
}

TEST_P(Variant, OwnWritesDoNotEcho)
{
    Child target;
    pid_t target_pid = target.pid();
    Child writer([target_pid] { (void)write_adj(target_pid, 333); });

    ASSERT_TRUE(write_adj(target_pid, 222));
    pthread_t thread;
    ASSERT_EQ(pthread_create(
                  &thread, nullptr,
                  [](void *user) -> void * {
                      EXPECT_TRUE(write_adj(*static_cast<pid_t *>(user), 223));
                      return nullptr;
                  },
                  &target_pid),
              0);
    pthread_join(thread, nullptr);
    writer.end();
    const struct mm_bpf_record *record = watcher.await(MM_BPF_RECORD_OOM_SCORE_ADJ, target_pid);

    ASSERT_TRUE(record);
    EXPECT_EQ(record->value, 333);
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_OOM_SCORE_ADJ, target_pid), 1u);
}

const char *way_name(const ::testing::TestParamInfo<Way> &info)
{
    static const char *const names[] = {"Btf", "Untimed", "Classic"};

    return names[static_cast<int>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Kernel, Variant, ::testing::Values(Way::BTF, Way::UNTIMED, Way::CLASSIC), way_name);

/* ---- what is seen from within a pid namespace --------------------------------------------------------- */

/* /proc is still the outer one there: each process writes to its own file only. */
bool write_own_adj(int value)
{
    std::ofstream stream("/proc/self/oom_score_adj");

    stream << value << std::flush;
    return stream.good();
}

TEST(Namespace, NumbersAreThoseOfTheDaemon)
{
    std::string answer = in_child([]() -> std::string {
        if (unshare(CLONE_NEWPID) < 0)
            return "no pid namespace";
        return in_child([]() -> std::string {
            Watcher watcher;
            Child child([] { (void)write_own_adj(444); });
            pid_t pid = child.pid();

            if (!watcher.load())
                return mm_bpf_reason(watcher.bpf);
            if (!write_own_adj(111))
                return "cannot write";
            child.end();
            if (!watcher.await(MM_BPF_RECORD_EXIT, pid))
                return "no exit";
            if (!watcher.find(MM_BPF_RECORD_OOM_SCORE_ADJ, pid))
                return "no adj";
            for (const auto &record : watcher.seen) {
                /* the loader itself may end after it has attached, and what a sanitizer in it forked */
                if (record.tgid <= 1 || record.tgid > 9)
                    return "saw " + std::to_string(record.tgid);
                if (record.type == MM_BPF_RECORD_OOM_SCORE_ADJ && record.actor != pid)
                    return "actor " + std::to_string(record.actor);
            }
            return "pid " + std::to_string(getpid()) + " saw " + std::to_string(pid);
        });
    });

    EXPECT_EQ(answer, "pid 1 saw 2");
}

/* ---- the ring ----------------------------------------------------------------------------------------- */

TEST(BpfRing, AFullRingCountsWhatItLost)
{
    struct mm_bpf_options options = {};
    Watcher watcher;
    const unsigned children = 200;

    options.ring_bytes = 1; /* a page: 63 records of 64 bytes */
    ASSERT_EQ(watcher.load(options), 0) << mm_bpf_reason(watcher.bpf);
    for (unsigned i = 0; i < children; i++)
        Child().end();
    uint64_t lost = mm_bpf_lost(watcher.bpf);

    EXPECT_GT(lost, 0u);
    ASSERT_GT(watcher.drain(), 0);
    EXPECT_LE(watcher.seen.size(), static_cast<size_t>(sysconf(_SC_PAGESIZE)) / 64);
    EXPECT_GE(watcher.seen.size() + mm_bpf_lost(watcher.bpf), children);
    /* and it goes on */
    watcher.settle();
}

TEST(BpfRing, ABatchLeavesTheRestReadable)
{
    Watcher watcher;

    ASSERT_TRUE(watcher.load());
    for (int i = 0; i < 10; i++)
        Child().end();
    EXPECT_EQ(watcher.drain(4), 4);
    struct pollfd pollfd = {mm_bpf_ring_fd(watcher.bpf), POLLIN, 0};

    EXPECT_EQ(poll(&pollfd, 1, 0), 1);
    EXPECT_GE(watcher.drain(), 6);
}

} // namespace
