/* SPDX-License-Identifier: Apache-2.0 */
/* The engine where memory gets short enough to squeeze, but nobody is killed. */
#ifndef MM_TEST_UNIT_RECLAIM_FIXTURE_H
#define MM_TEST_UNIT_RECLAIM_FIXTURE_H

#include "engine_fixture.h"

/* A machine of 2 GiB with 1 GiB of zram, where squeezing begins below 750 MiB and killing below 500. */
class Reclaim : public EngineTest
{
  protected:
    Reclaim()
    {
        machine.zram_bytes = 1024 * MIB;
        machine.reclaim_bytes_per_s = 1000 * MIB;
        config->squeeze.is_enabled = true;
        config->kill.is_enabled = false;
    }

    /* All is decided on that machine, nothing changed. */
    void begin_dry()
    {
        make_machine();
        start([](mm_kernel *inner) {
            mm_kernel *dry = nullptr;

            EXPECT_EQ(mm_dry_run_kernel_new(inner, &dry), 0);
            return dry;
        });
    }

    /* Each chunk. */
    void note_squeezes()
    {
        on_event = [this](const mm_event &event) {
            if (event.kind == MM_EVENT_DECISION && event.payload.decision.acted &&
                strcmp(event.payload.decision.action, "squeezed") == 0)
                squeezed.emplace_back(event.payload.decision.target);
        };
    }

    /* Without repeats. */
    std::vector<std::string> order() const
    {
        std::vector<std::string> names = squeezed;

        names.erase(std::unique(names.begin(), names.end()), names.end());
        return names;
    }

    mm_reclaim_status status() const
    {
        mm_reclaim_status one = {};

        mm_reclaim_strategy_status(engine->reclaim, &one);
        return one;
    }

    uint64_t group(const std::string &path, mm_group_value value) const
    {
        return mm_simulated_group_value(machine_kernel(), path.c_str(), value);
    }

    void add_in_own_group(pid_t pid, int priority, uint64_t bytes, const std::string &name)
    {
        add_application(pid, priority, bytes, name, ("/app/" + name).c_str());
    }

    std::vector<std::string> squeezed;
};

#endif
