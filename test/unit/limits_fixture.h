/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon, as far as limits go, over a simulated machine. */
#ifndef MM_TEST_UNIT_LIMITS_FIXTURE_H
#define MM_TEST_UNIT_LIMITS_FIXTURE_H

#include "event_center_fixture.h"

#include "reclaim_strategy/limits_journal.h"

#include <algorithm>
#include <string>

inline const char A[] = "policy a";
inline const char B[] = "policy b";

class Limits : public testing::Test
{
  protected:
    Limits()
    {
        machine.ram_bytes = 4096 * MM_MIB;
        machine.zram_bytes = 2048 * MM_MIB;
    }

    ~Limits() override
    {
        end();
        mm_kernel_free(kernel);
    }

    void make_machine()
    {
        ASSERT_EQ(mm_simulated_kernel_new(&machine, &kernel), 0);
    }

    /* A daemon, as far as limits go. */
    void start()
    {
        ASSERT_EQ(mm_event_center_new(kernel, &center), 0);
        ASSERT_EQ(mm_decision_log_new(center, &log), 0);
        ASSERT_EQ(mm_event_center_subscribe(center, MM_RANK_RECLAIM_STRATEGY, 1u << MM_EVENT_NOTICE, on_event,
                                            this),
                  0);
        ASSERT_EQ(mm_limits_new(kernel, center, &limits), 0);
    }

    void begin()
    {
        make_machine();
        start();
    }

    /* Ends without restoring, as a crash does. */
    void end()
    {
        mm_limits_free(limits);
        mm_decision_log_free(log);
        mm_event_center_free(center);
        limits = nullptr;
        log = nullptr;
        center = nullptr;
    }

    void crash()
    {
        end();
        mm_simulated_crash(kernel);
    }

    static void on_event(const mm_event *event, void *user)
    {
        auto *self = static_cast<Limits *>(user);

        if (self->limits)
            mm_limits_on_notice(self->limits, &event->payload.notice);
    }

    void run_for(uint64_t duration_ns)
    {
        uint64_t end_ns = mm_event_center_now_ns(center) + duration_ns;

        mm_event_center_step(center);
        while (mm_event_center_now_ns(center) < end_ns) {
            uint64_t next_ns = std::min(mm_event_center_next_deadline_ns(center), end_ns);

            mm_simulated_advance(kernel, std::max<uint64_t>(next_ns - mm_event_center_now_ns(center), 1));
            mm_event_center_step(center);
        }
    }

    void add_group(const std::string &path, uint64_t mib)
    {
        mm_simulated_process member = {};

        member.pid = ++last_pid;
        member.group = path.c_str();
        member.anonymous_bytes = mib * MM_MIB;
        ASSERT_EQ(mm_simulated_spawn(kernel, &member), 0);
    }

    void empty_group(const std::string &path)
    {
        ASSERT_EQ(mm_simulated_exit(kernel, last_pid), 0);
        ASSERT_EQ(mm_simulated_remove_group(kernel, path.c_str()), 0);
    }

    uint64_t high(const std::string &path) const
    {
        return mm_simulated_group_value(kernel, path.c_str(), MM_GROUP_HIGH);
    }

    void write_high(const std::string &path, uint64_t bytes)
    {
        ASSERT_EQ(mm_simulated_set_group_value(kernel, path.c_str(), MM_GROUP_HIGH, bytes), 0);
    }

    std::pair<uint32_t, uint32_t> count() const
    {
        std::pair<uint32_t, uint32_t> held_and_left;

        mm_limits_count(limits, &held_and_left.first, &held_and_left.second);
        return held_and_left;
    }

    unsigned said(const std::string &part) const
    {
        unsigned times = 0;

        for (unsigned i = 0; const mm_decision_entry *entry = mm_decision_log_at(log, i); i++)
            if (std::string(entry->decision.reason).find(part) != std::string::npos)
                times += 1 + static_cast<unsigned>(entry->repeats);
        return times;
    }

    mm_limit_journal *journal()
    {
        void *memory = nullptr;

        EXPECT_EQ(kernel->ops->map_state(kernel, "limits", sizeof(mm_limit_journal), &memory), 0);
        return static_cast<mm_limit_journal *>(memory);
    }

    using Pair = std::pair<uint32_t, uint32_t>;

    mm_simulated_machine machine = {};
    mm_kernel *kernel = nullptr;
    mm_event_center *center = nullptr;
    mm_decision_log *log = nullptr;
    mm_limits *limits = nullptr;
    pid_t last_pid = 100;
};

#endif
