// SPDX-License-Identifier: Apache-2.0
// What OpenHarmony's parser made of a file (reference openharmony-memmgr, parts 2.2, 2.3, 2.5 to 2.9, 2.12), and what
// is made of it here: a row for each statement. The config_reference_*test files hold them.
#pragma once

#include "config_helpers.hpp"

#include <functional>
#include <utility>

namespace config_reference
{

constexpr uint64_t MiB = 1024 * 1024;

using Check = std::function<void(const mm_config &)>;

struct ReferenceRow {
    const char *name;
    const char *upstream; // what it did
    std::string text;     // a file, or the content of its root
    std::vector<std::string> problems;
    Check check; // of what is loaded; no check: nothing is
};

inline std::string row(const std::string &memory, const std::string &priority)
{
    return "<killLevel><memoryMB>" + memory + "</memoryMB><minPriority>" + priority +
           "</minPriority></killLevel>";
}

inline std::string kill(const std::string &rows)
{
    return "<killConfig>" + rows + "</killConfig>";
}

inline std::string avail(const std::string &content)
{
    return "<availBufferConfig>" + content + "</availBufferConfig>";
}

inline std::string level(const std::string &content)
{
    return "<systemMemoryLevelConfig>" + content + "</systemMemoryLevelConfig>";
}

inline std::string ranges(const std::string &content)
{
    return "<reclaimConfig>" + content + "</reclaimConfig>";
}

inline std::string range(const std::string &content)
{
    return ranges("<ZswapdParam>" + content + "</ZswapdParam>");
}

inline std::string nand(const std::string &content)
{
    return "<nandLifeConfig>" + content + "</nandLifeConfig>";
}

inline std::string residents(const std::string &content)
{
    return "<reclaimPriorityConfig><killalbeSystemApps>" + content +
           "</killalbeSystemApps></reclaimPriorityConfig>";
}

inline std::string important(const std::string &content)
{
    return "<reclaimPriorityConfig><importantBgApps>" + content +
           "</importantBgApps></reclaimPriorityConfig>";
}

inline std::string app(const std::string &name, const std::string &priority)
{
    return "<importantBgApp><procName>" + name + "</procName><minPriority>" + priority +
           "</minPriority></importantBgApp>";
}

inline Check has_avail(uint64_t min, uint64_t middle, uint64_t high)
{
    return [=](const mm_config &config) {
        EXPECT_EQ(config.avail_buffer.min_avail_bytes, min * MiB);
        EXPECT_EQ(config.avail_buffer.avail_bytes, middle * MiB);
        EXPECT_EQ(config.avail_buffer.high_avail_bytes, high * MiB);
    };
}

inline Check has_levels(uint64_t purgeable, uint64_t moderate, uint64_t low, uint64_t critical)
{
    return [=](const mm_config &config) {
        EXPECT_EQ(config.memory_level.purgeable_bytes, purgeable * MiB);
        EXPECT_EQ(config.memory_level.moderate_bytes, moderate * MiB);
        EXPECT_EQ(config.memory_level.low_bytes, low * MiB);
        EXPECT_EQ(config.memory_level.critical_bytes, critical * MiB);
    };
}

// By rising memory.
inline Check has_rows(const std::vector<std::pair<uint64_t, int>> &rows)
{
    return [=](const mm_config &config) {
        ASSERT_EQ(config.kill.level_count, rows.size());
        for (size_t i = 0; i < rows.size(); i++) {
            EXPECT_EQ(config.kill.levels[i].memory_bytes, rows[i].first * MiB);
            EXPECT_EQ(config.kill.levels[i].min_priority, rows[i].second);
        }
    };
}

inline Check has_ranges(const std::vector<std::vector<unsigned>> &rows)
{
    return [=](const mm_config &config) {
        ASSERT_EQ(config.zswapd_param_count, rows.size());
        for (size_t i = 0; i < rows.size(); i++) {
            const mm_zswapd_param &param = config.zswapd_params[i];

            EXPECT_EQ((std::vector<unsigned>{param.min_score, param.max_score, param.mem2zram_percent,
                                             param.zram2ufs_percent, param.refault_percent}),
                      rows[i]);
        }
    };
}

inline Check has_quotas(uint64_t daily, uint64_t total)
{
    return [=](const mm_config &config) {
        EXPECT_EQ(config.nand_life.daily_quota_bytes, daily * MiB);
        EXPECT_EQ(config.nand_life.total_quota_bytes, total * MiB);
    };
}

inline Check has_residents(const std::vector<std::string> &names)
{
    return [=](const mm_config &config) {
        const mm_reclaim_priority_config &priority = config.reclaim_priority;

        EXPECT_EQ(
            std::vector<std::string>(priority.killable_system_apps,
                                     priority.killable_system_apps + priority.killable_system_app_count),
            names);
    };
}

inline Check has_important(const std::vector<std::pair<std::string, int>> &apps)
{
    return [=](const mm_config &config) {
        ASSERT_EQ(config.reclaim_priority.important_app_count, apps.size());
        for (size_t i = 0; i < apps.size(); i++) {
            EXPECT_EQ(config.reclaim_priority.important_apps[i].process_name, apps[i].first);
            EXPECT_EQ(config.reclaim_priority.important_apps[i].min_priority, apps[i].second);
        }
    };
}

inline const std::vector<std::pair<uint64_t, int>> built_in_rows = {
    {100, 0}, {200, 100}, {300, 200}, {400, 300}, {500, 400}};

inline Check is_built_in()
{
    return [](const mm_config &config) {
        ConfigPointer built_in(mm_config_new());
        EXPECT_EQ(printed(&config), printed(built_in.get()));
    };
}

inline const char *const memory_expected =
    "expected a whole number of MB from 1 to 16777216, the same with its "
    "unit (512M, 2G), or a share of RAM (10%)";
inline const char *const buffer_expected =
    "expected a whole number of MB from 0 to 16777216, the same with its "
    "unit (512M, 2G), or a share of RAM (10%)";
inline const char *const priority_expected = "expected a whole number from -1000 to 1000";
inline const char *const zswapd_note = "1:9: note: reclaimConfig: accepted, not used yet";

class ConfigReference : public testing::TestWithParam<ReferenceRow>
{
};

inline std::string name_of(const testing::TestParamInfo<ReferenceRow> &entry)
{
    return entry.param.name;
}

} // namespace config_reference
