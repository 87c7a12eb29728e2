/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the kernel's own tellers the engine asks for, by what the machine has and the configuration says. */
#include "engine_fixture.h"

namespace
{

class EngineWakes : public EngineTest
{
  protected:
    /* As start() of the fixture, but that it is heard how the sources fare. */
    void start_and_listen()
    {
        make_machine();
        simulated = kernel;
        ASSERT_EQ(mm_engine_new(kernel, config, 400 * MIB, &engine), 0);
        engine->note.user = &fared;
        engine->note.tell = [](const char *name, bool is_active, const char *, void *user) {
            static_cast<std::string *>(user)->append(is_active ? "+" : "-").append(name).append(" ");
        };
        ASSERT_EQ(mm_engine_start(engine), 0);
        step();
    }

    std::string fared;
};

TEST_F(EngineWakes, OnV1WithoutPsiEverythingIsThere)
{
    machine.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = true;
    start_and_listen();
    EXPECT_EQ(fared, "+usage threshold +vmpressure -limit hits +limit changes +swap changes +resume +power "
                     "supply +kswapd monitor ");
}

TEST_F(EngineWakes, OnV2WithPsiTheOldOnesAreNotNeeded)
{
    config->pressure_trigger_count = 1;
    config->pressure_triggers[0].stall_us = 70000;
    config->pressure_triggers[0].window_us = 1000000;
    start_and_listen();
    ASSERT_TRUE(engine->has_pressure_triggers);
    EXPECT_EQ(fared, "-usage threshold -vmpressure -limit hits +limit changes +swap changes +resume +power "
                     "supply +kswapd monitor ");
}

TEST_F(EngineWakes, EachCanBeSwitchedOff)
{
    machine.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = true;
    config->kernel_events = {};
    config->kernel_events.vmpressure = MM_VMPRESSURE_NEVER;
    start_and_listen();
    EXPECT_EQ(fared, "-usage threshold -vmpressure -limit hits -limit changes -swap changes -resume -power "
                     "supply -kswapd monitor ");
    EXPECT_EQ(mm_simulated_calls(kernel, "open_wake"), 0u);
}

TEST_F(EngineWakes, VmpressureIsNotNeededBesidesPsi)
{
    machine.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = true;
    config->pressure_trigger_count = 1;
    config->pressure_triggers[0].stall_us = 70000;
    config->pressure_triggers[0].window_us = 1000000;
    start_and_listen();
    ASSERT_TRUE(engine->has_pressure_triggers);
    EXPECT_NE(fared.find("-vmpressure"), std::string::npos);
}

TEST_F(EngineWakes, VmpressureMayBeWantedBesidesPsi)
{
    machine.lacks[MM_FEATURE_CGROUP_V2_MEMORY] = true;
    config->kernel_events.vmpressure = MM_VMPRESSURE_ALWAYS;
    config->pressure_trigger_count = 1;
    config->pressure_triggers[0].stall_us = 70000;
    config->pressure_triggers[0].window_us = 1000000;
    start_and_listen();
    ASSERT_TRUE(engine->has_pressure_triggers);
    EXPECT_NE(fared.find("+vmpressure"), std::string::npos);
}

TEST_F(EngineWakes, GroupsThatAreNamedAreWatched)
{
    mm_copy_text(config->kernel_events.limit_hit_groups[0], sizeof(config->kernel_events.limit_hit_groups[0]),
                 "/browser");
    config->kernel_events.limit_hit_group_count = 1;
    make_machine();
    ASSERT_EQ(mm_simulated_set_group_value(kernel, "/browser", MM_GROUP_MAX, 50 * MIB), 0);
    start();
    spawn(10, 20 * MIB, "/browser");
    ASSERT_EQ(mm_simulated_set_growth(kernel, 10, 100 * MIB, 0), 0);
    run_for(2 * SECOND);
    EXPECT_FALSE(is_alive(10));
    const mm_decision_entry *entry = mm_decision_log_at(engine->decisions, 0);
    while (entry && entry->decision.source != MM_DECISION_KERNEL)
        entry = mm_decision_log_at(
            engine->decisions,
            static_cast<unsigned>(mm_decision_log_at(engine->decisions, 0)->sequence - entry->sequence + 1));
    ASSERT_NE(entry, nullptr);
    EXPECT_STREQ(entry->decision.target, "/browser");
}

} // namespace
