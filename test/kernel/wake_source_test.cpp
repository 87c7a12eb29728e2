// SPDX-License-Identifier: Apache-2.0
// The sources of the kernel's memory state in a loop over the running kernel. Needs root; makes groups of its own.
#include "wake_support.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/center.h"
#include "event_center/group_events_source.h"
#include "event_center/limits_source.h"
#include "event_center/usage_source.h"
#include "event_center/vmpressure_source.h"
#pragma GCC diagnostic pop

#include <functional>
#include <sys/resource.h>

namespace
{

// A watch that by itself looks every minute, over the test's own group as the domain; runs until something was seen.
class WakeSources : public KernelGroup
{
  protected:
    void SetUp() override
    {
        KernelGroup::SetUp();
        if (IsSkipped())
            return;
        set_limit(64 * mib);
        domain_ = std::make_unique<Kernel>(path_);
        ASSERT_EQ(mm_event_center_new(domain_->kernel, &center_), 0);
        ASSERT_EQ(mm_event_center_subscribe(center_, MM_RANK_OBSERVER, ~0u, hear, this), 0);
        options_.lines_bytes[0] = 16 * mib;
        options_.lines_bytes[1] = 32 * mib;
        options_.line_count = 2;
        options_.fill_rate_bytes_per_s = 1;
        options_.min_interval_ms = 2;
        options_.max_interval_ms = options_.exhausted_interval_ms = 60000;
        ASSERT_EQ(mm_waterline_source_add(center_, domain_->kernel, &options_, &waterline_), 0);
        note_.user = this;
        note_.tell = [](const char *name, bool is_active, const char *detail, void *user) {
            auto *self = static_cast<WakeSources *>(user);

            self->notes_.push_back(std::string(name) + (is_active ? " on: " : " off: ") + detail);
            self->look();
        };
        mm_timer_init(&patience_, give_up, this);
    }
    void TearDown() override
    {
        mm_event_center_free(center_);
        domain_.reset();
        KernelGroup::TearDown();
    }
    static void hear(const mm_event *event, void *user)
    {
        auto *self = static_cast<WakeSources *>(user);

        self->heard_.push_back(*event);
        self->look();
    }
    void look()
    {
        if (until_ && until_())
            mm_event_center_stop(center_);
    }
    static void give_up(mm_timer *, void *user)
    {
        auto *self = static_cast<WakeSources *>(user);

        self->is_impatient_ = true;
        mm_event_center_stop(self->center_);
    }
    unsigned count(mm_event_kind kind) const
    {
        return static_cast<unsigned>(std::count_if(
            heard_.begin(), heard_.end(), [&](const mm_event &event) { return event.kind == kind; }));
    }
    // False when it did not come about in time.
    bool run_until(const std::function<bool()> &until, uint64_t patience_ns = patience_ms * MM_NS_PER_MS)
    {
        until_ = until;
        is_impatient_ = false;
        center_->is_stopping = false;
        mm_event_center_arm(center_, &patience_, mm_event_center_now_ns(center_) + patience_ns);
        EXPECT_EQ(mm_event_center_run(center_), 0);
        return !is_impatient_;
    }
    std::unique_ptr<Kernel> domain_;
    mm_event_center *center_ = nullptr;
    mm_waterline_source *waterline_ = nullptr;
    mm_waterline_options options_ = {};
    mm_source_note note_ = {};
    mm_timer patience_ = {};
    std::vector<std::string> notes_;
    std::vector<mm_event> heard_;
    std::function<bool()> until_;
    bool is_impatient_ = false;
};

TEST_F(WakeSources, AThresholdWakesAWatchThatSleeps)
{
    if (!kernel_.has(MM_FEATURE_USAGE_THRESHOLD))
        GTEST_SKIP() << kernel_.reason(MM_FEATURE_USAGE_THRESHOLD);
    Grower grower(*directory_);
    bool is_growing = false;

    ASSERT_EQ(mm_usage_source_add(center_, domain_->kernel, waterline_, &note_), 0);
    EXPECT_TRUE(run_until([&] {
        if (!is_growing)
            grower.begin(40 * mib);
        is_growing = true;
        return heard_.back().kind == MM_EVENT_WATERLINE &&
               heard_.back().payload.memory.available_bytes < 32 * mib;
    }));
    EXPECT_GE(count(MM_EVENT_WATERLINE), 2u);
}

// 700 MiB above the lines, of which a threshold is sure to tell; but a limit that comes down crosses none.
TEST_F(WakeSources, ALimitLoweredByHandIsSeenByAWatchThatSleepsAndSoIsItsRise)
{
    const uint64_t line_bytes = options_.lines_bytes[1];
    unsigned step = 0;
    Grower grower(*directory_);

    set_limit(800 * mib);
    grower.take(100 * mib);
    if (kernel_.has(MM_FEATURE_USAGE_THRESHOLD)) {
        ASSERT_EQ(mm_usage_source_add(center_, domain_->kernel, waterline_, &note_), 0);
    }
    ASSERT_EQ(mm_limits_source_add(center_, domain_->kernel, waterline_, &note_), 0);
    EXPECT_TRUE(run_until([&] {
        if (heard_.back().kind != MM_EVENT_WATERLINE)
            return false;
        const uint64_t available_bytes = heard_.back().payload.memory.available_bytes;
        if (step == 0 && available_bytes > 600 * mib)
            set_limit(120 * mib);
        else if (step == 1 && available_bytes < line_bytes)
            set_limit(800 * mib);
        else if (step == 2)
            return available_bytes > 600 * mib;
        else
            return false;
        step++;
        return false;
    })) << "step "
        << step;
    EXPECT_EQ(notes_.back(), "limit changes on: inotify on the limits of 2 groups, up to the root");
}

TEST_F(WakeSources, WhatInotifyHasNoRoomForIsSaidWithTheNamesOfTheLimits)
{
    rlimit before = {};

    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none = {0, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const int result = mm_limits_source_add(center_, domain_->kernel, waterline_, &note_);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(result, -EMFILE);
    EXPECT_EQ(notes_, (std::vector<std::string>{
                          "limit changes off: no descriptor, or inotify instance, left (ulimit -n, "
                          "fs.inotify.max_user_instances); seen at the watch's next look"}));
}

TEST_F(WakeSources, ADeathByTheLimitIsHeardOfAndSoIsThePressureBeforeIt)
{
    if (!kernel_.has(MM_FEATURE_GROUP_EVENTS))
        GTEST_SKIP() << kernel_.reason(MM_FEATURE_GROUP_EVENTS);
    const char *path = path_.c_str();
    Grower grower(*directory_);

    ASSERT_EQ(mm_group_events_source_add(center_, domain_->kernel, waterline_, &path, 1, &note_), 0);
    if (kernel_.has(MM_FEATURE_VMPRESSURE)) {
        ASSERT_EQ(
            mm_vmpressure_source_add(center_, domain_->kernel, waterline_, MM_VMPRESSURE_HIERARCHY, &note_),
            0);
    }
    grower.begin(128 * mib);
    EXPECT_TRUE(run_until([&] {
        return count(MM_EVENT_DECISION) > 0 &&
               (!kernel_.has(MM_FEATURE_VMPRESSURE) || count(MM_EVENT_PRESSURE) > 0);
    }));
    EXPECT_GE(count(MM_EVENT_GROUP_MEMORY), 1u);
    for (const mm_event &event : heard_) {
        if (event.kind != MM_EVENT_DECISION)
            continue;
        EXPECT_EQ(event.payload.decision.source, MM_DECISION_KERNEL);
        EXPECT_STREQ(event.payload.decision.target, path);
    }
}

TEST_F(WakeSources, AGroupThatIsRemovedIsSaidOnceByEachAndWakesNobodyAnyMore)
{
    if (!kernel_.has(MM_FEATURE_GROUP_EVENTS))
        GTEST_SKIP() << kernel_.reason(MM_FEATURE_GROUP_EVENTS);
    const char *path = path_.c_str();
    size_t expected = 1;

    ASSERT_EQ(mm_group_events_source_add(center_, domain_->kernel, waterline_, &path, 1, &note_), 0);
    ASSERT_EQ(mm_limits_source_add(center_, domain_->kernel, waterline_, &note_), 0); // hears nothing of it
    expected +=
        mm_vmpressure_source_add(center_, domain_->kernel, waterline_, MM_VMPRESSURE_HIERARCHY, &note_) == 0;
    mm_waterline_source_check(waterline_);
    notes_.clear();
    kernel_->close_group(kernel_.kernel, group_);
    group_ = nullptr;
    directory_->remove();
    // the kernel tells some time later
    EXPECT_TRUE(run_until([&] { return notes_.size() == expected; }));
    EXPECT_FALSE(run_until([] { return false; }, MM_NS_PER_S / 2)) << "until patience ends";
    EXPECT_EQ(notes_.size(), expected);
    for (const std::string &note : notes_)
        EXPECT_NE(note.find("the group is gone"), std::string::npos) << note;
    EXPECT_LT(mm_event_center_counters(center_)->wakeups, 20u);
}

} // namespace
