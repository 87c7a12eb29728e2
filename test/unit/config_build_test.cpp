// SPDX-License-Identifier: Apache-2.0
// From files to configurations: built-in values, every section, how problems are told.
#include "config/items.h"
#include "config/vocabulary.h"
#include "config_helpers.hpp"

#include <cerrno>

namespace
{

constexpr uint64_t MiB = 1024 * 1024;

TEST(ConfigBuiltIn, HasTheShippedValues)
{
    ConfigPointer config(mm_config_new());

    ASSERT_TRUE(config);
    ASSERT_EQ(config->kill.level_count, 5U);
    for (size_t i = 0; i < 5; i++) {
        EXPECT_EQ(config->kill.levels[i].memory_bytes, (i + 1) * 100 * MiB);
        EXPECT_EQ(config->kill.levels[i].min_priority, static_cast<int>(i) * 100);
    }
    EXPECT_TRUE(config->kill.is_enabled);
    EXPECT_EQ(config->kill.margin_bytes, 50 * MiB);
    EXPECT_EQ(config->kill.exit_timeout_ms, 500U);
    EXPECT_EQ(config->kill.recovery_timeout_ms, 250U);
    EXPECT_EQ(config->kill.set_aside_ms, 30000U);
    EXPECT_EQ(config->kill.reread_candidates, 8U);
    EXPECT_EQ(config->kill.order, MM_ORDER_OLDEST_USE);
    EXPECT_EQ(config->kill.heaviest_from_priority, 200);
    EXPECT_EQ(config->kill.reaper_threads, 2U);
    EXPECT_EQ(config->kill.unregistered_policy, MM_UNREGISTERED_RAISED);
    EXPECT_EQ(config->kill.unregistered_min_bytes, 32 * MiB);
    EXPECT_EQ(config->avail_buffer.min_avail_bytes, 750 * MiB);
    EXPECT_EQ(config->avail_buffer.avail_bytes, 800 * MiB);
    EXPECT_EQ(config->avail_buffer.high_avail_bytes, 850 * MiB);
    EXPECT_EQ(config->avail_buffer.swap_reserve_bytes, 200 * MiB);
    EXPECT_TRUE(config->squeeze.is_enabled);
    EXPECT_EQ(config->squeeze.min_priority, 300);
    EXPECT_EQ(config->squeeze.chunk_bytes, 16 * MiB);
    EXPECT_FALSE(config->memory_high.is_enabled);
    EXPECT_EQ(config->memory_high.share_percent, 80U);
    EXPECT_EQ(config->memory_level.purgeable_bytes, 1024 * MiB);
    EXPECT_EQ(config->memory_level.critical_bytes, 600 * MiB);
    EXPECT_EQ(config->reclaim_priority.new_process_grace_ms, 15000U);
    EXPECT_EQ(config->reclaim_priority.ability_start_ms, 10000U);
    EXPECT_EQ(config->reclaim_priority.dead_check_ms, 180000U);
    EXPECT_EQ(config->waterline_watch.fill_rate_bytes_per_s, 0U);
    EXPECT_EQ(config->waterline_watch.min_interval_ms, 2U);
    EXPECT_EQ(config->waterline_watch.max_interval_ms, 10000U);
    ASSERT_EQ(config->pressure_trigger_count, 2U);
    EXPECT_FALSE(config->pressure_triggers[0].is_full);
    EXPECT_EQ(config->pressure_triggers[0].stall_us, 70000U);
    EXPECT_TRUE(config->pressure_triggers[1].is_full);
    EXPECT_EQ(config->pressure_triggers[1].stall_us, 700000U);
    EXPECT_EQ(config->pressure_triggers[1].window_us, 1000000U);
    EXPECT_STREQ(config->domain.group_path, "");
    EXPECT_EQ(config->control_socket.mode, 0660U);
    EXPECT_EQ(config->control_socket.max_clients, 64U);
    EXPECT_EQ(config->bpf.ring_bytes, 65536U);
    EXPECT_EQ(config->logging.level, 6);
}

TEST(ConfigFile, SetsEverySection)
{
    Loaded loaded = load_body(
        "<killConfig><killLevel><minPriority>0</minPriority><memoryMB>90</memoryMB></killLevel>"
        "<killLevel id='x'><memoryMB>10</memoryMB><minPriority>-5</minPriority></killLevel></killConfig>"
        "<killPolicy><enabled>no</enabled><order>heaviest</order><setAsideMs>100</setAsideMs></killPolicy>"
        "<unregisteredProcesses><policy>any</policy><minSizeMB>7</minSizeMB></unregisteredProcesses>"
        "<reclaimPriorityConfig><killableSystemApps><killableSysApp>a.b</killableSysApp>"
        "<killableSysApp> c </killableSysApp></killableSystemApps>"
        "<importantBgApps><importantBgApp><procName> p "
        "</procName><minPriority>-3</minPriority></importantBgApp>"
        "<importantBgApp><procName>q</procName><minPriority>300</minPriority></importantBgApp>"
        "</importantBgApps></reclaimPriorityConfig>"
        "<waterlineWatch><fillRate>3G</fillRate></waterlineWatch>"
        "<pressureTriggers><pressureTrigger><windowUs>500000</windowUs><stallUs>1</stallUs><kind>full</kind>"
        "</pressureTrigger></pressureTriggers>"
        "<domain><groupPath>//apps///.hidden/...//</groupPath></domain>"
        "<controlSocket><path/><allowedUid>7</allowedUid><group>wheel</group><allowedUid>8</allowedUid>"
        "<mode>600</mode></controlSocket>"
        "<bpf><enabled>0</enabled></bpf><logging><level>debug</level></logging>");

    ASSERT_EQ(loaded.result, 0);
    EXPECT_EQ(loaded.problems, std::vector<std::string>());
    const mm_config &config = *loaded.config;
    ASSERT_EQ(config.kill.level_count, 2U);
    EXPECT_EQ(config.kill.levels[0].memory_bytes, 10 * MiB); // sorted
    EXPECT_EQ(config.kill.levels[0].min_priority, -5);
    EXPECT_FALSE(config.kill.is_enabled);
    EXPECT_EQ(config.kill.order, MM_ORDER_HEAVIEST);
    EXPECT_EQ(config.kill.unregistered_policy, MM_UNREGISTERED_ANY);
    ASSERT_EQ(config.reclaim_priority.killable_system_app_count, 2U);
    EXPECT_STREQ(config.reclaim_priority.killable_system_apps[1], "c");
    ASSERT_EQ(config.reclaim_priority.important_app_count, 2U);
    EXPECT_STREQ(config.reclaim_priority.important_apps[0].process_name, "p");
    EXPECT_EQ(config.reclaim_priority.important_apps[0].min_priority, -3);
    EXPECT_EQ(config.waterline_watch.fill_rate_bytes_per_s, 3072 * MiB);
    ASSERT_EQ(config.pressure_trigger_count, 1U);
    EXPECT_TRUE(config.pressure_triggers[0].is_full);
    EXPECT_STREQ(config.domain.group_path, "/apps/.hidden/...");
    EXPECT_STREQ(config.control_socket.path, "");
    EXPECT_STREQ(config.control_socket.group, "wheel");
    EXPECT_EQ(config.control_socket.mode, 0600U);
    ASSERT_EQ(config.control_socket.allowed_uid_count, 2U);
    EXPECT_EQ(config.control_socket.allowed_uids[1], 8U);
    EXPECT_FALSE(config.bpf.is_enabled);
    EXPECT_EQ(config.logging.level, 7);
    EXPECT_EQ(config.avail_buffer.avail_bytes, 800 * MiB); // absent: built-in
}

// What is in another file is named with it.
TEST(ConfigProblems, NameTheOtherFile)
{
    const std::string texts[] = {"<Memmgr><killConfig>\n<killLevel "
                                 "id='1'><memoryMB>90</memoryMB><minPriority>1</minPriority></killLevel>\n"
                                 "</killConfig></Memmgr>",
                                 "<Memmgr><killConfig>\n\n<killLevel "
                                 "id='2'><memoryMB>90</memoryMB><minPriority>2</minPriority></killLevel>\n"
                                 "</killConfig></Memmgr>"};
    mm_config_items files[2] = {};
    Items items;
    Problems problems;
    mm_config *config = nullptr;

    for (size_t i = 0; i < 2; i++)
        ASSERT_EQ(mm_config_parse_xml(i == 0 ? "a.xml" : "b.xml", texts[i].data(), texts[i].size(), &files[i],
                                      &problems.value),
                  0);
    ASSERT_EQ(mm_config_merge(files, 2, nullptr, &items.value, &problems.value), 0);
    EXPECT_EQ(mm_config_build(&items.value, nullptr, &config, &problems.value), -EINVAL);
    EXPECT_EQ(problems.joined(),
              "b.xml:3:29: error: memoryMB 90 stands in two rows (first in a.xml:2), expected a "
              "different one in each\n");
    mm_config_items_fini(&files[0]);
    mm_config_items_fini(&files[1]);
}

TEST(ConfigProblems, AreSorted)
{
    Loaded loaded =
        load_body("<bpf><ringKB>48</ringKB></bpf>\n<loging/>\n<logging><level>x</level></logging>");

    ASSERT_EQ(loaded.problems.size(), 3U);
    EXPECT_EQ(loaded.problems[0].substr(0, 10), "f.xml:1:22");
    EXPECT_EQ(loaded.problems[1].substr(0, 9), "f.xml:2:1");
    EXPECT_EQ(loaded.problems[2].substr(0, 10), "f.xml:3:17");
}

TEST(ConfigProblems, AnErrorIsNotLostAmongTooManyWarnings)
{
    std::string body;

    for (int i = 0; i < 300; i++)
        body += "<unheard/>";
    Loaded loaded = load_body(body + "\n<bpf><ringKB>x</ringKB></bpf>");

    EXPECT_EQ(loaded.result, -EINVAL);
    ASSERT_EQ(loaded.problems.size(), MM_CONFIG_PROBLEMS_MAX + 1U);
    EXPECT_EQ(loaded.problems.front(), "f.xml: note: there are more problems than are shown");
    EXPECT_EQ(loaded.problems.back().substr(0, 19), "f.xml:2:14: error: ");
}

TEST(ConfigBuild, RefusesItemsThatNoReaderMakes)
{
    Items items;
    Problems problems;
    mm_config *config = nullptr;
    mm_config_item item = {};

    ASSERT_EQ(mm_config_items_add_file(&items.value, "f.xml"), 0);
    item.element = mm_vocabulary_find("reclaimPriorityConfig/importantBgApps/importantBgApp");
    item.instance = 3;
    ASSERT_EQ(mm_config_items_add(&items.value, &item), 0);
    EXPECT_EQ(mm_config_build(&items.value, nullptr, &config, &problems.value), -EBADMSG);
    EXPECT_EQ(config, nullptr);
}

} // namespace
