/* SPDX-License-Identifier: Apache-2.0 */
/* The event center's loop and the descriptors that its sources watch. */
#include "event_center_fixture.h"

#include "event_center/center.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

namespace
{

/* A source of eventfds that says what it was told. */
class Loop : public EventCenter
{
  protected:
    struct Source {
        Loop *test;
        std::string name;
        std::function<void(uint64_t tag)> ready;
        std::function<void()> collect;
    };

    static void on_collect(void *self)
    {
        auto *source = static_cast<Source *>(self);

        if (source->collect)
            source->collect();
    }

    static void on_ready(void *self, uint64_t tag, uint32_t)
    {
        auto *source = static_cast<Source *>(self);

        source->test->heard.push_back(source->name + std::to_string(tag));
        if (source->ready)
            source->ready(tag);
    }

    static void on_close(void *self)
    {
        auto *source = static_cast<Source *>(self);

        source->test->closed.push_back(source->name);
    }

    void TearDown() override
    {
        EventCenter::TearDown();
        center = nullptr;
        for (int fd : fds)
            if (fd >= 0)
                close(fd);
        kernel = nullptr;
    }

    Source *add(const std::string &name, const std::function<void(uint64_t)> &ready = nullptr)
    {
        static const mm_event_source_ops ops = {"test", on_ready, on_close, on_collect};

        sources.push_back(std::make_unique<Source>(Source{this, name, ready, nullptr}));
        EXPECT_EQ(mm_event_center_add_source(center, &ops, sources.back().get()), 0);
        return sources.back().get();
    }

    /* An eventfd that is readable at once. */
    int watch(Source *source, uint64_t tag)
    {
        int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

        EXPECT_GE(fd, 0);
        EXPECT_EQ(mm_event_center_watch_fd(center, source, fd, EPOLLIN, tag), 0);
        fds.push_back(fd);
        return fd;
    }

    std::vector<std::unique_ptr<Source>> sources;
    std::vector<std::string> closed;
    std::vector<int> fds;
};

TEST_F(Loop, ServesDescriptorsInTheOrderOfTheirSourcesThenTimers)
{
    Source *early = add("early ");
    Source *late = add("late ", [this](uint64_t) { mm_event_center_stop(center); });
    mm_timer timer;

    /* the one that stops comes last, whatever the order of readiness */
    watch(late, 1);
    for (uint64_t i = 0; i < 100; i++)
        watch(early, i);
    mm_timer_init(
        &timer,
        [](mm_timer *, void *user) { static_cast<std::vector<std::string> *>(user)->emplace_back("timer"); },
        &heard);
    mm_event_center_arm(center, &timer, 0);
    ASSERT_EQ(mm_event_center_run(center), 0);
    ASSERT_EQ(heard.size(), 102u);
    EXPECT_EQ(heard[0].substr(0, 5), "early");
    EXPECT_EQ(heard[99].substr(0, 5), "early");
    EXPECT_EQ(heard[100], "late 1");
    EXPECT_EQ(heard[101], "timer");
    EXPECT_EQ(mm_event_center_counters(center)->wakeups, 1u);
    mm_event_center_disarm(center, &timer);
}

TEST_F(Loop, WhatCameWithoutWakingIsTakenInBeforeAnythingIsServed)
{
    Source *urgent = add("urgent ", [this](uint64_t tag) {
        if (tag == 2)
            mm_event_center_stop(center);
    });
    Source *patient = add("patient ");
    int second = -1;

    patient->collect = [&] {
        heard.emplace_back("collected");
        if (second < 0)
            second = watch(urgent, 2); /* for a second turn */
    };
    watch(urgent, 1);
    ASSERT_EQ(mm_event_center_run(center), 0);
    ASSERT_GE(heard.size(), 4u);
    EXPECT_EQ(heard[0], "collected");
    EXPECT_EQ(heard[1], "urgent 1");
    EXPECT_EQ(heard[2], "collected");
    EXPECT_EQ(heard.back(), "urgent 2");
}

TEST_F(Loop, ADescriptorForgottenWithinABatchIsNotServedNorIsItsSuccessor)
{
    int second = -1;
    Source *source = nullptr;

    source = add("", [&](uint64_t tag) {
        if (tag == 9)
            mm_event_center_stop(center);
        if (tag != 1 || second < 0)
            return;
        /* the same descriptor number, the same place in the table, another meaning, and nothing to read */
        mm_event_center_forget_fd(center, second);
        close(second);
        EXPECT_EQ(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), second);
        EXPECT_EQ(mm_event_center_watch_fd(center, source, second, EPOLLIN, 3), 0);
        second = -1;
    });
    watch(source, 1);
    second = watch(source, 2);
    watch(source, 9);
    ASSERT_EQ(mm_event_center_run(center), 0);
    EXPECT_EQ(heard, (std::vector<std::string>{"1", "9"}));
}

TEST_F(Loop, ChangedEventsAndTagsAreTheOnesServed)
{
    int fd;
    Source *source = add("", [&](uint64_t) { mm_event_center_stop(center); });

    fd = watch(source, 1);
    ASSERT_EQ(mm_event_center_change_fd(center, source, fd, EPOLLOUT, 9), 0);
    ASSERT_EQ(mm_event_center_run(center), 0);
    EXPECT_EQ(heard, (std::vector<std::string>{"9"}));
    mm_event_center_forget_fd(center, fd);
    mm_event_center_forget_fd(center, fd);
    EXPECT_EQ(mm_event_center_change_fd(center, source, fd, EPOLLIN, 1), -ENOENT);
    EXPECT_EQ(mm_event_center_change_fd(center, source, -1, EPOLLIN, 1), -ENOENT);
}

TEST_F(Loop, APausedDescriptorIsNotServedAndKeepsItsPlaceWhenAllOthersAreTaken)
{
    rlimit before = {}, wanted = {};
    int first = -1, second = -1;
    Source *source = nullptr;

    source = add("", [&](uint64_t tag) {
        if (tag == 2) {
            mm_event_center_stop(center);
            return;
        }
        EXPECT_EQ(mm_event_center_pause_fd(center, second), 0); /* which is ready in the same batch */
        mm_event_center_forget_fd(center, first);
        for (int result = 0; result == 0;) {
            fds.push_back(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
            result = mm_event_center_watch_fd(center, source, fds.back(), EPOLLIN, 3);
            EXPECT_TRUE(result == 0 || result == -ENOSPC) << result;
        }
        EXPECT_EQ(mm_event_center_resume_fd(center, second, EPOLLIN), 0);
    });
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    wanted = {before.rlim_max, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &wanted), 0);
    first = watch(source, 1);
    second = watch(source, 2);
    ASSERT_EQ(mm_event_center_run(center), 0);
    EXPECT_EQ(heard, (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(mm_event_center_counters(center)->wakeups, 2u) << "not in the batch in which it was paused";
    EXPECT_EQ(mm_event_center_pause_fd(center, first), -ENOENT);
    EXPECT_EQ(mm_event_center_resume_fd(center, first, EPOLLIN), -ENOENT);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(Loop, RefusesWhatItCannotWatch)
{
    int other;
    Source *source = add("");

    EXPECT_EQ(mm_event_center_watch_fd(center, &other, 0, EPOLLIN, 0), -ENOENT);
    EXPECT_EQ(mm_event_center_watch_fd(center, source, -1, EPOLLIN, 0), -EBADF);
    EXPECT_EQ(mm_event_center_watch_fd(center, source, watch(source, 1), EPOLLIN, 0), -EEXIST);
}

TEST_F(Loop, ClosesSourcesInReverseOrder)
{
    add("a");
    add("b");
    add("c");
    mm_event_center_free(center);
    center = nullptr;
    EXPECT_EQ(closed, (std::vector<std::string>{"c", "b", "a"}));
}

TEST_F(Loop, TwentyFourSourcesAndNoMore)
{
    static const mm_event_source_ops ops = {"test", on_ready, nullptr, nullptr};

    for (int i = 0; i < 24; i++)
        add("");
    EXPECT_EQ(mm_event_center_add_source(center, &ops, this), -ENOSPC);
}

TEST_F(Loop, StoppedBeforeItRunsItDoesNotWait)
{
    mm_event_center_stop(center);
    EXPECT_EQ(mm_event_center_run(center), 0);
    EXPECT_EQ(mm_event_center_counters(center)->wakeups, 0u);
}

} // namespace
