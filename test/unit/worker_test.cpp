// SPDX-License-Identifier: Apache-2.0
// The thread machinery of the kernel interface: notice queue, worker, reaper.
#include "common/common.h"
#include "kernel_interface/notice_queue.h"
#include "kernel_interface/reaper.h"
#include "kernel_interface/worker.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{

// Mutexes made since the last look, by whether they lend their holder the priority of who waits.
unsigned lending_mutexes, plain_mutexes;

} // namespace

extern "C" {
int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    int protocol = PTHREAD_PRIO_NONE;

    if (attributes)
        (void)pthread_mutexattr_getprotocol(attributes, &protocol);
    (protocol == PTHREAD_PRIO_INHERIT ? lending_mutexes : plain_mutexes)++;
    return __real_pthread_mutex_init(mutex, attributes);
}
}

namespace
{

void collect(const mm_notice *notice, void *user)
{
    static_cast<std::vector<mm_notice> *>(user)->push_back(*notice);
}

bool is_readable(int fd, int timeout_ms)
{
    pollfd wanted{fd, POLLIN, 0};

    return poll(&wanted, 1, timeout_ms) == 1;
}

class NoticeQueue : public testing::Test
{
  protected:
    void SetUp() override
    {
        ASSERT_EQ(mm_notice_queue_new(&queue), 0);
    }
    void TearDown() override
    {
        mm_notice_queue_free(queue);
    }
    // Drains until `count` have come; a minute is the test's own time limit.
    std::vector<mm_notice> await(size_t count)
    {
        std::vector<mm_notice> notices;

        while (notices.size() < count && is_readable(mm_notice_queue_fd(queue), 60000))
            mm_notice_queue_drain(queue, collect, &notices);
        return notices;
    }
    mm_notice_queue *queue = nullptr;
};

mm_notice notice_of(uint64_t cookie)
{
    mm_notice notice{};

    notice.cookie = cookie;
    return notice;
}

TEST_F(NoticeQueue, KeepsOrderAndClearsItsDescriptor)
{
    std::vector<mm_notice> notices;

    EXPECT_FALSE(is_readable(mm_notice_queue_fd(queue), 0));
    for (uint64_t i = 0; i < 3; i++) {
        mm_notice notice = notice_of(i);

        ASSERT_EQ(mm_notice_queue_reserve(queue), 0);
        mm_notice_queue_push(queue, &notice);
    }
    EXPECT_TRUE(is_readable(mm_notice_queue_fd(queue), 0));
    EXPECT_EQ(mm_notice_queue_drain(queue, collect, &notices), 3U);
    for (uint64_t i = 0; i < 3; i++)
        EXPECT_EQ(notices[i].cookie, i);
    EXPECT_FALSE(is_readable(mm_notice_queue_fd(queue), 0));
    EXPECT_EQ(mm_notice_queue_drain(queue, collect, &notices), 0U);
}

TEST_F(NoticeQueue, RefusesTheReservationNotTheNotice)
{
    mm_notice notice = notice_of(7);
    std::vector<mm_notice> notices;

    for (unsigned i = 0; i < MM_NOTICE_QUEUE_CAPACITY; i++)
        ASSERT_EQ(mm_notice_queue_reserve(queue), 0);
    EXPECT_EQ(mm_notice_queue_reserve(queue), -EAGAIN);
    mm_notice_queue_release(queue);
    EXPECT_EQ(mm_notice_queue_reserve(queue), 0);
    for (unsigned i = 0; i < MM_NOTICE_QUEUE_CAPACITY; i++)
        mm_notice_queue_push(queue, &notice);
    EXPECT_EQ(mm_notice_queue_reserve(queue), -EAGAIN) << "undrained notices keep their places";
    EXPECT_EQ(mm_notice_queue_drain(queue, collect, &notices), MM_NOTICE_QUEUE_CAPACITY);
    EXPECT_EQ(mm_notice_queue_reserve(queue), 0);
}

struct Echo {
    mm_notice_queue *queue;
    unsigned count;
};

// A visitor that causes the next notice, for ever.
void push_again(const mm_notice *notice, void *user)
{
    auto *echo = static_cast<Echo *>(user);

    echo->count++;
    ASSERT_EQ(mm_notice_queue_reserve(echo->queue), 0);
    mm_notice_queue_push(echo->queue, notice);
}

TEST_F(NoticeQueue, OneDrainEndsThoughItsVisitorPushes)
{
    Echo echo{queue, 0};
    mm_notice notice = notice_of(1);

    ASSERT_EQ(mm_notice_queue_reserve(queue), 0);
    mm_notice_queue_push(queue, &notice);
    EXPECT_EQ(mm_notice_queue_drain(queue, push_again, &echo), MM_NOTICE_QUEUE_CAPACITY);
    EXPECT_TRUE(is_readable(mm_notice_queue_fd(queue), 0)) << "the last one pushed is still there";
}

TEST_F(NoticeQueue, LosesNothingOfManyThreads)
{
    const uint64_t per_thread = 5000;
    std::vector<std::thread> threads;
    std::vector<uint64_t> seen(4, 0);
    uint64_t total = 0;

    for (uint64_t t = 0; t < seen.size(); t++)
        threads.emplace_back([this, t] {
            for (uint64_t i = 0; i < per_thread;) {
                mm_notice notice = notice_of(t << 32 | i);

                if (mm_notice_queue_reserve(queue) < 0) {
                    std::this_thread::yield();
                    continue;
                }
                mm_notice_queue_push(queue, &notice);
                i++;
            }
        });
    while (total < per_thread * seen.size() && is_readable(mm_notice_queue_fd(queue), 60000)) {
        std::vector<mm_notice> notices;

        total += mm_notice_queue_drain(queue, collect, &notices);
        for (const mm_notice &notice : notices)
            ASSERT_EQ(notice.cookie & 0xffffffff, seen[notice.cookie >> 32]++) << "one thread's order";
    }
    for (std::thread &thread : threads)
        thread.join();
    EXPECT_EQ(total, per_thread * seen.size());
}

// ---- worker --------------------------------------------------------------------------------------------

// What the jobs of these tests do, by their bytes.
enum Behaviour : uint64_t {
    Return = 1,    // 0, having shrunk by 4096
    Fail,          // -EIO
    BlockUntilEnd, // in read(2) on a pipe that never has anything, until EINTR
    AwaitRelease,  // until the test writes to the gate
    IgnoreCancel,  // goes on reading the gate after EINTR
};

class Worker : public NoticeQueue
{
  protected:
    void SetUp() override
    {
        NoticeQueue::SetUp();
        ASSERT_EQ(pipe2(silent, O_CLOEXEC), 0);
        ASSERT_EQ(pipe2(gate, O_CLOEXEC), 0);
        ASSERT_EQ(mm_worker_new(execute, this, queue, &worker), 0);
    }
    void TearDown() override
    {
        mm_worker_free(worker);
        for (int fd : {silent[0], silent[1], gate[0], gate[1]})
            close(fd);
        NoticeQueue::TearDown();
    }
    static int execute(void *user, const mm_job *job, uint64_t *ret_bytes)
    {
        auto *self = static_cast<Worker *>(user);
        char byte;

        self->started.add_one();
        switch (job->bytes) {
        case Return:
            *ret_bytes = 4096;
            return 0;
        case BlockUntilEnd:
            return read(self->silent[0], &byte, 1) < 0 ? -errno : 0;
        case AwaitRelease:
            while (read(self->gate[0], &byte, 1) < 0) {
                self->interruptions++;
                if (mm_worker_is_cancelled(self->worker))
                    return -EINTR;
            }
            return 0;
        case IgnoreCancel:
            while (read(self->gate[0], &byte, 1) < 0)
                self->interruptions++;
            return 0;
        default:
            return -EIO;
        }
    }
    int submit(uint64_t behaviour, uint64_t cookie)
    {
        mm_job job{};

        job.bytes = behaviour;
        job.cookie = cookie;
        return mm_worker_submit(worker, &job);
    }
    void open_gate()
    {
        ASSERT_EQ(write(gate[1], "x", 1), 1);
    }

    // A count to wait for.
    struct Counter {
        std::atomic<unsigned> value{0};
        int event[2];
        Counter()
        {
            if (pipe2(event, O_CLOEXEC) < 0)
                abort();
        }
        ~Counter()
        {
            close(event[0]);
            close(event[1]);
        }
        void add_one()
        {
            value++;
            while (write(event[1], "x", 1) < 0 && errno == EINTR) {
            }
        }
        void await_one() const
        {
            char byte;

            ASSERT_EQ(read(event[0], &byte, 1), 1);
        }
    };
    mm_worker *worker = nullptr;
    Counter started;
    std::atomic<unsigned> interruptions{0};
    int silent[2], gate[2];
};

TEST_F(Worker, RunsJobsInOrderAndReportsEachEnd)
{
    ASSERT_EQ(submit(Return, 1), 0);
    ASSERT_EQ(submit(Fail, 2), 0);
    ASSERT_EQ(submit(Return, 3), 0);
    std::vector<mm_notice> notices = await(3);

    ASSERT_EQ(notices.size(), 3U);
    const int errors[] = {0, -EIO, 0};
    const uint64_t bytes[] = {4096, 0, 4096};
    for (size_t i = 0; i < 3; i++) {
        EXPECT_EQ(notices[i].kind, MM_NOTICE_JOB_DONE);
        EXPECT_EQ(notices[i].cookie, i + 1);
        EXPECT_EQ(notices[i].error, errors[i]);
        EXPECT_EQ(notices[i].bytes, bytes[i]);
    }
}

TEST_F(Worker, CancelInterruptsABlockedCallAndDropsTheRest)
{
    ASSERT_EQ(submit(BlockUntilEnd, 1), 0);
    ASSERT_EQ(submit(Return, 2), 0);
    ASSERT_EQ(submit(Return, 3), 0);
    started.await_one();
    mm_worker_cancel(worker);
    std::vector<mm_notice> notices = await(3);

    ASSERT_EQ(notices.size(), 3U);
    std::sort(notices.begin(), notices.end(),
              [](const mm_notice &a, const mm_notice &b) { return a.cookie < b.cookie; });
    EXPECT_EQ(notices[0].error, -EINTR);
    EXPECT_EQ(notices[1].error, -ECANCELED);
    EXPECT_EQ(notices[2].error, -ECANCELED);
    EXPECT_EQ(started.value, 1U);
}

// The window between "began" and "blocks" is hit again and again: a signal sent once would be lost sometimes,
// and the test then hang until its limit.
TEST_F(Worker, NoCancelIsLostBeforeTheCallBlocks)
{
    for (uint64_t round = 0; round < 300; round++) {
        ASSERT_EQ(submit(BlockUntilEnd, round), 0);
        started.await_one();
        for (volatile unsigned spin = 0; spin < round * 7; spin = spin + 1) {
        }
        mm_worker_cancel(worker);
        std::vector<mm_notice> notices = await(1);
        ASSERT_EQ(notices.size(), 1U);
        ASSERT_EQ(notices[0].cookie, round);
        ASSERT_EQ(notices[0].error, -EINTR);
    }
}

TEST_F(Worker, ACancelHitsNoLaterJob)
{
    for (uint64_t round = 0; round < 100; round++) {
        ASSERT_EQ(submit(BlockUntilEnd, 1), 0);
        started.await_one();
        mm_worker_cancel(worker);
        ASSERT_EQ(submit(AwaitRelease, 2), 0); // mm_worker_is_cancelled must be false in it
        started.await_one();
        open_gate();
        std::vector<mm_notice> notices = await(2);
        ASSERT_EQ(notices.size(), 2U);
        ASSERT_EQ(notices[0].error, -EINTR);
        ASSERT_EQ(notices[1].error, 0);
    }
    EXPECT_EQ(interruptions, 0U) << "a signal meant for the job before";
}

TEST_F(Worker, TheSignalComesAgainUntilTheJobReturns)
{
    ASSERT_EQ(submit(IgnoreCancel, 1), 0);
    started.await_one();
    mm_worker_cancel(worker);
    mm_worker_cancel(worker); // again changes nothing
    while (interruptions < 5)
        std::this_thread::yield();
    open_gate();
    EXPECT_EQ(await(1).size(), 1U);
}

TEST_F(Worker, CancelWithoutAJobIsNothing)
{
    mm_worker_cancel(worker);
    ASSERT_EQ(submit(Return, 1), 0);
    ASSERT_EQ(await(1)[0].error, 0);
}

TEST_F(Worker, AFullQueueRefuses)
{
    ASSERT_EQ(submit(AwaitRelease, 0), 0);
    started.await_one();
    for (unsigned i = 0; i < MM_WORKER_QUEUE_CAPACITY; i++)
        ASSERT_EQ(submit(Return, 1 + i), 0);
    EXPECT_EQ(submit(Return, 999), -EAGAIN);
    open_gate();
    EXPECT_EQ(await(MM_WORKER_QUEUE_CAPACITY + 1).size(), MM_WORKER_QUEUE_CAPACITY + 1);
}

TEST_F(Worker, NoPlaceForItsNoticeRefusesTheJob)
{
    for (unsigned i = 0; i < MM_NOTICE_QUEUE_CAPACITY; i++)
        ASSERT_EQ(mm_notice_queue_reserve(queue), 0);
    EXPECT_EQ(submit(Return, 1), -EAGAIN);
    mm_notice_queue_release(queue);
    EXPECT_EQ(submit(Return, 1), 0);
    EXPECT_EQ(await(1).size(), 1U);
}

// TearDown frees the worker: it must interrupt this one.
TEST_F(Worker, FreeEndsABlockedJob)
{
    ASSERT_EQ(submit(BlockUntilEnd, 1), 0);
    ASSERT_EQ(submit(Return, 2), 0);
    started.await_one();
}

TEST_F(Worker, TakesNoSignalOfTheMainThread)
{
    static volatile sig_atomic_t receiver;
    struct sigaction action {
    }, before{};

    receiver = 0;
    action.sa_handler = [](int) { receiver = static_cast<int>(syscall(SYS_gettid)); };
    ASSERT_EQ(sigaction(SIGUSR2, &action, &before), 0);
    ASSERT_EQ(submit(AwaitRelease, 1), 0);
    started.await_one();
    ASSERT_EQ(kill(getpid(), SIGUSR2), 0);
    EXPECT_EQ(receiver, static_cast<int>(getpid()));
    open_gate();
    EXPECT_EQ(await(1)[0].error, 0);
    ASSERT_EQ(sigaction(SIGUSR2, &before, nullptr), 0);
}

// ---- reaper --------------------------------------------------------------------------------------------

std::atomic<int> release_again_count;
std::atomic<int> release_calls;

int release_ok(int pidfd)
{
    return fcntl(pidfd, F_GETFD) < 0 ? -errno : 0;
}
int release_busy_first(int)
{
    release_calls++;
    return release_again_count-- > 0 ? -EAGAIN : 0;
}
int release_always_busy(int)
{
    release_calls++;
    return -EAGAIN;
}
int release_gone(int)
{
    return -ESRCH;
}
int release_missing(int)
{
    return -ENOSYS;
}

class Reaper : public NoticeQueue
{
  protected:
    void SetUp() override
    {
        NoticeQueue::SetUp();
        handle.pid = 4711;
        handle.start_time_ticks = 1;
        handle.pidfd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ASSERT_GE(handle.pidfd, 0);
    }
    void TearDown() override
    {
        mm_reaper_free(reaper);
        if (handle.pidfd >= 0)
            close(handle.pidfd);
        NoticeQueue::TearDown();
    }
    mm_process_handle handle{};
    mm_reaper *reaper = nullptr;
};

TEST_F(Reaper, RefusesSillyThreadCounts)
{
    EXPECT_EQ(mm_reaper_new(0, release_ok, queue, &reaper), -EINVAL);
    EXPECT_EQ(mm_reaper_new(MM_REAPER_THREADS_MAX + 1, release_ok, queue, &reaper), -EINVAL);
}

TEST_F(Reaper, TheCallersDescriptorMayBeClosedAtOnce)
{
    ASSERT_EQ(mm_reaper_new(MM_REAPER_THREADS_MAX, release_ok, queue, &reaper), 0);
    for (int i = 0; i < 20; i++)
        ASSERT_EQ(mm_reaper_submit(reaper, &handle), 0);
    close(handle.pidfd);
    handle.pidfd = -1;
    std::vector<mm_notice> notices = await(20);
    ASSERT_EQ(notices.size(), 20U);
    for (const mm_notice &notice : notices) {
        EXPECT_EQ(notice.kind, MM_NOTICE_REAP_DONE);
        EXPECT_EQ(notice.pid, 4711);
        EXPECT_EQ(notice.error, 0);
    }
    EXPECT_EQ(mm_reaper_submit(reaper, &handle), -EOPNOTSUPP) << "no pidfd";
}

TEST_F(Reaper, AsksAgainWhileTheAddressSpaceIsLocked)
{
    release_calls = 0;
    release_again_count = 3;
    ASSERT_EQ(mm_reaper_new(1, release_busy_first, queue, &reaper), 0);
    ASSERT_EQ(mm_reaper_submit(reaper, &handle), 0);
    EXPECT_EQ(await(1).at(0).error, 0);
    EXPECT_EQ(release_calls, 4);
}

TEST_F(Reaper, GivesUpOnALockForEver)
{
    release_calls = 0;
    ASSERT_EQ(mm_reaper_new(1, release_always_busy, queue, &reaper), 0);
    ASSERT_EQ(mm_reaper_submit(reaper, &handle), 0);
    EXPECT_EQ(await(1).at(0).error, -EAGAIN);
    EXPECT_EQ(release_calls, 51);
}

TEST_F(Reaper, SaysThatItWasGone)
{
    ASSERT_EQ(mm_reaper_new(1, release_gone, queue, &reaper), 0);
    ASSERT_EQ(mm_reaper_submit(reaper, &handle), 0);
    EXPECT_EQ(await(1).at(0).error, -ESRCH);
}

TEST_F(Reaper, AsksAKernelWithoutTheCallOnce)
{
    ASSERT_EQ(mm_reaper_new(1, release_missing, queue, &reaper), 0);
    ASSERT_EQ(mm_reaper_submit(reaper, &handle), 0);
    EXPECT_EQ(await(1).at(0).error, -ENOSYS);
    EXPECT_EQ(mm_reaper_submit(reaper, &handle), -EOPNOTSUPP);
}

// The true system call, on a child that dies of SIGKILL.
TEST_F(Reaper, ReapsAKilledProcess)
{
    pid_t child = fork();

    ASSERT_GE(child, 0);
    if (child == 0) {
        pause();
        _exit(0);
    }
    close(handle.pidfd);
    handle.pid = child;
    handle.pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    if (handle.pidfd < 0 && errno == ENOSYS)
        GTEST_SKIP() << "no pidfd_open";
    ASSERT_GE(handle.pidfd, 0);
    ASSERT_EQ(mm_reaper_new(2, nullptr, queue, &reaper), 0);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(mm_reaper_submit(reaper, &handle), 0);
    int error = await(1).at(0).error;
    EXPECT_TRUE(error == 0 || error == -ESRCH || error == -ENOSYS) << error;
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
}

// ---- what the main thread shares with the others ----

int nothing_to_do(void *user, const mm_job *job, uint64_t *ret_bytes)
{
    (void)user;
    (void)job;
    (void)ret_bytes;
    return 0;
}

// The main thread is a real-time one: it must not wait for a worker that others keep from running.
TEST_F(NoticeQueue, EveryLockThatTheMainThreadTakesLendsItsHolderTheMainThreadsPriority)
{
    mm_worker *worker = nullptr;
    mm_reaper *reaper = nullptr;

    lending_mutexes = plain_mutexes = 0;
    ASSERT_EQ(mm_worker_new(nothing_to_do, nullptr, queue, &worker), 0);
    ASSERT_EQ(mm_reaper_new(1, nullptr, queue, &reaper), 0);
    ASSERT_EQ(mm_log_start_writer(), 0);
    mm_log_stop_writer(1000);
    EXPECT_EQ(lending_mutexes, 3U);
    EXPECT_EQ(plain_mutexes, 0U);
    mm_reaper_free(reaper);
    mm_worker_free(worker);
}

} // namespace
