/* SPDX-License-Identifier: Apache-2.0 */
/* Who tells of processes where neither BPF nor the connector does, and what the daemon says of it. */
#include "engine_fixture.h"

extern "C" {
#include "service/daemon/daemon_state.h"
}

namespace
{

class ProcessSources : public EngineTest
{
  public:
    ProcessSources()
    {
        config->bpf.is_enabled = false;
        config->process_connector.is_enabled = false;
    }

    ~ProcessSources() override
    {
        mm_event_center_disarm(engine->center, &daemon.scan);
    }

    void add()
    {
        daemon.engine = engine;
        daemon.kernel = kernel;
        ASSERT_EQ(mm_daemon_add_process_sources(&daemon), 0);
    }

    void take_all_places()
    {
        while (mm_event_center_subscribe(
                   engine->center, MM_RANK_OBSERVER, 0, [](const mm_event *, void *) {}, nullptr) == 0)
            ;
    }

    std::string said_of(const char *name) const
    {
        for (unsigned i = 0; i < daemon.facts.source_count; i++) {
            const mm_daemon_source &source = daemon.facts.sources[i];

            if (strcmp(source.name, name) == 0)
                return std::string(source.is_active ? "active: " : "not active: ") + source.detail;
        }
        return "nothing";
    }

    mm_daemon daemon{};
};

TEST_F(ProcessSources, AScanStandsInAndGroupsSayWhen)
{
    begin();
    add();
    EXPECT_EQ(said_of("process scan").rfind("active: every ", 0), 0u) << said_of("process scan");
    EXPECT_EQ(said_of("control groups"), "not active: Operation not supported")
        << "the simulated kernel has none";

    const unsigned before = mm_simulated_calls(kernel, "scan_processes");
    mm_event event{};

    event.kind = MM_EVENT_GROUP;
    event.payload.group.change = MM_GROUP_ENTERED;
    mm_event_center_publish(engine->center, &event);
    step();
    step();
    EXPECT_GT(mm_simulated_calls(kernel, "scan_processes"), before);
}

TEST_F(ProcessSources, WhereNobodyCanHearOfAChangeItIsSaid)
{
    begin();
    take_all_places();
    add();
    EXPECT_EQ(said_of("process scan").rfind("active: every ", 0), 0u) << said_of("process scan");
    EXPECT_EQ(said_of("control groups"),
              "not active: no change has processes looked for: No space left on device");
}

} // namespace
