/* SPDX-License-Identifier: Apache-2.0 */
/* A waterline watch that sleeps long, and how sources say they fare. */
#ifndef MM_TEST_UNIT_WAKE_FIXTURE_H
#define MM_TEST_UNIT_WAKE_FIXTURE_H

#include "event_center_fixture.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "event_center/wake_watch.h"
#pragma GCC diagnostic pop

/* 1000 MiB, of which process 100 has 100; the watch believes that nothing fills more than 1 MiB/s. */
class WakeSource : public EventCenter
{
  protected:
    void SetUp() override
    {
        mm_simulated_process hog = {};

        EventCenter::SetUp();
        hog.pid = 100;
        hog.comm = "hog";
        hog.anonymous_bytes = 100 * MM_MIB;
        ASSERT_EQ(mm_simulated_spawn(kernel, &hog), 0);
        subscribe(MM_RANK_KILL_STRATEGY, mask(MM_EVENT_WATERLINE),
                  [this](const mm_event &event) { readings.push_back(event); });
        options.lines_bytes[0] = 100 * MM_MIB;
        options.lines_bytes[1] = 300 * MM_MIB;
        options.lines_bytes[2] = 500 * MM_MIB;
        options.line_count = 3;
        options.fill_rate_bytes_per_s = MM_MIB;
        options.min_interval_ms = 2;
        options.max_interval_ms = 10000;
        options.exhausted_interval_ms = 100;
        ASSERT_EQ(mm_waterline_source_add(center, kernel, &options, &waterline), 0);
        note.user = this;
        note.tell = [](const char *name, bool is_active, const char *detail, void *user) {
            static_cast<WakeSource *>(user)->notes.push_back(std::string(name) +
                                                             (is_active ? " on: " : " off: ") + detail);
        };
    }

    /* Serves notices and timers as they come. */
    void run_for(uint64_t duration_ns)
    {
        uint64_t end_ns = mm_event_center_now_ns(center) + duration_ns;

        mm_event_center_step(center);
        for (uint64_t now_ns; (now_ns = mm_event_center_now_ns(center)) < end_ns;) {
            uint64_t next_ns = std::min(mm_event_center_next_deadline_ns(center), end_ns);

            if (next_ns > now_ns)
                mm_simulated_advance(kernel, next_ns - now_ns);
            mm_event_center_step(center);
        }
    }

    mm_waterline_options options = {};
    mm_waterline_source *waterline = nullptr;
    mm_source_note note = {};
    std::vector<std::string> notes;
    std::vector<mm_event> readings;
};

#endif
