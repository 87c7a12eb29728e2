/* SPDX-License-Identifier: Apache-2.0 */
/* The event source of BPF against the running kernel. Needs root. */
#include "bpf_support.h"

/* g++ takes a function that bears the name of a struct for the shadow of its constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/bpf_source.h"
#pragma GCC diagnostic pop

#include <pthread.h>

#include <ctime>
#include <map>
#include <memory>
#include <thread>

namespace
{

using namespace bpf_test;

/* The least of a kernel that an event center needs. */
struct mm_kernel *real_time()
{
    static const struct mm_kernel_ops ops = [] {
        struct mm_kernel_ops made = {};

        made.now_ns = [](struct mm_kernel *) -> uint64_t {
            struct timespec now;

            clock_gettime(CLOCK_MONOTONIC, &now);
            return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
        };
        made.notice_fd = [](struct mm_kernel *) { return -1; };
        made.drain_notices = [](struct mm_kernel *, mm_notice_visit, void *) {};
        return made;
    }();
    static struct mm_kernel kernel = {&ops, 0, false};

    return &kernel;
}

class Source : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        ASSERT_EQ(mm_event_center_new(real_time(), &center), 0);
        ASSERT_EQ(mm_event_center_subscribe(center, MM_RANK_OBSERVER,
                                            1u << MM_EVENT_PROCESS_EXITED | 1u << MM_EVENT_OOM_SCORE_ADJ,
                                            hear, this),
                  0);
        mm_timer_init(
            &alarm,
            [](struct mm_timer *, void *user) { mm_event_center_stop(static_cast<Source *>(user)->center); },
            this);
        wind_alarm();
    }

    void TearDown() override
    {
        mm_event_center_free(center);
    }

    void wind_alarm()
    {
        mm_event_center_arm(center, &alarm, mm_event_center_now_ns(center) + PATIENCE_MS * 1000000ull);
    }

    static void hear(const struct mm_event *event, void *user)
    {
        auto *self = static_cast<Source *>(user);

        self->events.push_back(*event);
        if (event->pid == self->last_pid)
            mm_event_center_stop(self->center);
    }

    static void notify(enum mm_bpf_source_notice notice, void *user)
    {
        auto *self = static_cast<Source *>(user);

        self->notices.push_back(notice);
        if (notice == MM_BPF_SOURCE_SETTLED && self->settled)
            self->settled();
        self->wind_alarm();
        if (notice == self->last_notice)
            mm_event_center_stop(self->center);
    }

    void add(struct mm_bpf_options bpf)
    {
        struct mm_bpf_source_options options = {};

        options.bpf = bpf;
        if (bpf.timeout_ms == 0)
            options.bpf.timeout_ms = PATIENCE_MS;
        if (!bpf.loader_path)
            options.bpf.loader_path = loader_path();
        options.notify = notify;
        options.user = this;
        ASSERT_EQ(mm_bpf_source_add(center, &options, &source), 0);
        EXPECT_TRUE(notices.empty());
        mm_bpf_source_read_status(source, &status);
        EXPECT_FALSE(status.is_settled);
    }

    /* A child whose end is waited for. */
    void end_watched()
    {
        Child child;

        last_pid = child.pid();
        mm_bpf_source_watch(source, last_pid);
        child.end();
    }

    void run()
    {
        ASSERT_EQ(mm_event_center_run(center), 0);
        mm_bpf_source_read_status(source, &status);
    }

    struct mm_event_center *center = nullptr;
    struct mm_bpf_source *source = nullptr;
    struct mm_bpf_source_status status = {};
    struct mm_timer alarm = {};
    std::function<void()> settled;
    /* either ends the loop */
    enum mm_bpf_source_notice last_notice = MM_BPF_SOURCE_SETTLED;
    pid_t last_pid = -1;
    std::vector<struct mm_event> events;
    std::vector<enum mm_bpf_source_notice> notices;
};

TEST_F(Source, PublishesExitsAndChanges)
{
    Child target;
    pid_t pid = target.pid();
    uint64_t ticks = start_ticks(pid);
    Child writer([pid] { (void)write_adj(pid, 555); });
    std::vector<struct mm_event> mine;

    settled = [&] {
        writer.end();
        target.end();
        end_watched(); /* its exit comes after all the others */
    };
    last_notice = MM_BPF_SOURCE_BROKEN;
    add({});
    run();
    EXPECT_TRUE(status.is_settled);
    ASSERT_TRUE(status.is_available) << status.reason;
    EXPECT_EQ(status.programs, static_cast<unsigned>(MM_BPF_PROGRAM_ALL));
    for (const auto &event : events) {
        if (event.pid == pid)
            mine.push_back(event);
    }
    ASSERT_EQ(mine.size(), 2u);
    EXPECT_EQ(mine[0].kind, MM_EVENT_OOM_SCORE_ADJ);
    EXPECT_EQ(mine[0].payload.process.oom_score_adj, 555);
    EXPECT_EQ(mine[1].kind, MM_EVENT_PROCESS_EXITED);
    EXPECT_EQ(mine[1].payload.process.start_time_ticks, ticks);
    EXPECT_EQ(mine[1].uid, 0u);
    EXPECT_LE(mine[0].time_ns, mine[1].time_ns);
    EXPECT_GE(status.records, 3u);
    EXPECT_EQ(status.lost, 0u);
}

/* The loop sleeps through the ends of strangers, and knows of them when it wakes for something else. */
TEST_F(Source, OnlyTheWatchedWakeTheLoopAndNobodyIsMissed)
{
    std::vector<std::unique_ptr<Child>> strangers;
    std::set<pid_t> unheard;
    Child watched;
    std::thread reaper;
    uint64_t wakeups_before = 0, begin_ns = 0;

    for (int i = 0; i < 50; i++) {
        strangers.push_back(std::make_unique<Child>());
        unheard.insert(strangers.back()->pid());
    }
    settled = [&] {
        wakeups_before = mm_event_center_counters(center)->wakeups;
        begin_ns = bpf_test::now_ns();
        last_pid = watched.pid();
        mm_bpf_source_watch(source, last_pid);
        reaper = std::thread([&] {
            /* each holds the gates of those before it */
            while (!strangers.empty())
                strangers.pop_back();
            watched.end();
        });
    };
    last_notice = MM_BPF_SOURCE_BROKEN;
    add({});
    run();
    ASSERT_TRUE(status.is_available) << status.reason;
    reaper.join();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().pid, last_pid);
    for (const auto &event : events)
        unheard.erase(event.pid);
    EXPECT_TRUE(unheard.empty());
    /* one for the watched child; the others for what else happens on the machine meanwhile, which is gathered */
    EXPECT_LE(mm_event_center_counters(center)->wakeups - wakeups_before,
              20 + (bpf_test::now_ns() - begin_ns) / MM_BPF_GATHER_NS);
}

/* Eight threads that leave together, many times: often two of them see that they are the last. */
TEST_F(Source, ThreadsThatLeaveTogetherAreOneExit)
{
    std::set<pid_t> pids;

    settled = [&] {
        for (int round = 0; round < 200; round++) {
            Child child([] {
                static pthread_barrier_t barrier;
                pthread_t thread;

                pthread_barrier_init(&barrier, nullptr, 8);
                for (int i = 0; i < 7; i++)
                    pthread_create(
                        &thread, nullptr,
                        [](void *) -> void * {
                            pthread_barrier_wait(&barrier);
                            return nullptr;
                        },
                        nullptr);
                pthread_barrier_wait(&barrier);
                leave_thread();
            });

            pids.insert(child.pid());
            child.end();
        }
        end_watched();
    };
    last_notice = MM_BPF_SOURCE_BROKEN;
    add({});
    run();
    std::map<pid_t, unsigned> exits;

    ASSERT_TRUE(status.is_available) << status.reason;
    for (const auto &event : events)
        exits[event.pid] += event.kind == MM_EVENT_PROCESS_EXITED;
    for (pid_t pid : pids)
        EXPECT_EQ(exits[pid], 1u) << pid;
    RecordProperty("repeated", static_cast<int>(status.repeated));
}

TEST_F(Source, SaysWhenRecordsWereLost)
{
    struct mm_bpf_options options = {};

    options.ring_bytes = 1;
    settled = [&] {
        /* the loop stands still meanwhile */
        for (int i = 0; i < 200; i++)
            Child().end();
    };
    last_notice = MM_BPF_SOURCE_LOST;
    add(options);
    run();
    EXPECT_EQ(notices.back(), MM_BPF_SOURCE_LOST);
    EXPECT_GT(status.lost, 0u);
    EXPECT_TRUE(status.is_available);
}

TEST_F(Source, WithoutALoaderTheLoopGoesOn)
{
    struct mm_bpf_options options = {};

    options.loader_path = "/nonexistent";
    add(options);
    run();
    EXPECT_TRUE(status.is_settled);
    EXPECT_FALSE(status.is_available);
    EXPECT_STREQ(status.reason, "cannot run /nonexistent: No such file or directory");
    EXPECT_EQ(status.programs, 0u);
    EXPECT_EQ(notices, (std::vector<enum mm_bpf_source_notice>{MM_BPF_SOURCE_SETTLED}));
}

TEST_F(Source, ALoaderThatHangsIsGivenUp)
{
    FakeLoader loader("exec sleep 100");

    add(loader.options(100));
    run();
    EXPECT_FALSE(status.is_available);
    EXPECT_STREQ(status.reason, "the loader was not done within 100 ms");
    EXPECT_EQ(notices, (std::vector<enum mm_bpf_source_notice>{MM_BPF_SOURCE_SETTLED}));
}

TEST_F(Source, ClosingWhileItLoadsLeavesNothing)
{
    std::set<uint32_t> before = loaded_programs();

    add({});
    mm_event_center_free(center);
    center = nullptr;
    EXPECT_TRUE(only_remain(before));
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

} // namespace
