// SPDX-License-Identifier: Apache-2.0
// What OpenHarmony's parser made of a file (reference openharmony-memmgr, parts 2.2, 2.3, 2.5 to 2.9, 2.12), and what
// is made of it here: a row for each statement.
#include "config_helpers.hpp"

#include <cerrno>
#include <fstream>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>

namespace
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

std::string row(const std::string &memory, const std::string &priority)
{
    return "<killLevel><memoryMB>" + memory + "</memoryMB><minPriority>" + priority +
           "</minPriority></killLevel>";
}

std::string kill(const std::string &rows)
{
    return "<killConfig>" + rows + "</killConfig>";
}

std::string avail(const std::string &content)
{
    return "<availBufferConfig>" + content + "</availBufferConfig>";
}

std::string level(const std::string &content)
{
    return "<systemMemoryLevelConfig>" + content + "</systemMemoryLevelConfig>";
}

std::string ranges(const std::string &content)
{
    return "<reclaimConfig>" + content + "</reclaimConfig>";
}

std::string range(const std::string &content)
{
    return ranges("<ZswapdParam>" + content + "</ZswapdParam>");
}

std::string nand(const std::string &content)
{
    return "<nandLifeConfig>" + content + "</nandLifeConfig>";
}

std::string residents(const std::string &content)
{
    return "<reclaimPriorityConfig><killalbeSystemApps>" + content +
           "</killalbeSystemApps></reclaimPriorityConfig>";
}

std::string important(const std::string &content)
{
    return "<reclaimPriorityConfig><importantBgApps>" + content +
           "</importantBgApps></reclaimPriorityConfig>";
}

std::string app(const std::string &name, const std::string &priority)
{
    return "<importantBgApp><procName>" + name + "</procName><minPriority>" + priority +
           "</minPriority></importantBgApp>";
}

Check has_avail(uint64_t min, uint64_t middle, uint64_t high)
{
    return [=](const mm_config &config) {
        EXPECT_EQ(config.avail_buffer.min_avail_bytes, min * MiB);
        EXPECT_EQ(config.avail_buffer.avail_bytes, middle * MiB);
        EXPECT_EQ(config.avail_buffer.high_avail_bytes, high * MiB);
    };
}

Check has_levels(uint64_t purgeable, uint64_t moderate, uint64_t low, uint64_t critical)
{
    return [=](const mm_config &config) {
        EXPECT_EQ(config.memory_level.purgeable_bytes, purgeable * MiB);
        EXPECT_EQ(config.memory_level.moderate_bytes, moderate * MiB);
        EXPECT_EQ(config.memory_level.low_bytes, low * MiB);
        EXPECT_EQ(config.memory_level.critical_bytes, critical * MiB);
    };
}

// By rising memory.
Check has_rows(const std::vector<std::pair<uint64_t, int>> &rows)
{
    return [=](const mm_config &config) {
        ASSERT_EQ(config.kill.level_count, rows.size());
        for (size_t i = 0; i < rows.size(); i++) {
            EXPECT_EQ(config.kill.levels[i].memory_bytes, rows[i].first * MiB);
            EXPECT_EQ(config.kill.levels[i].min_priority, rows[i].second);
        }
    };
}

Check has_ranges(const std::vector<std::vector<unsigned>> &rows)
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

Check has_quotas(uint64_t daily, uint64_t total)
{
    return [=](const mm_config &config) {
        EXPECT_EQ(config.nand_life.daily_quota_bytes, daily * MiB);
        EXPECT_EQ(config.nand_life.total_quota_bytes, total * MiB);
    };
}

Check has_residents(const std::vector<std::string> &names)
{
    return [=](const mm_config &config) {
        const mm_reclaim_priority_config &priority = config.reclaim_priority;

        EXPECT_EQ(
            std::vector<std::string>(priority.killable_system_apps,
                                     priority.killable_system_apps + priority.killable_system_app_count),
            names);
    };
}

Check has_important(const std::vector<std::pair<std::string, int>> &apps)
{
    return [=](const mm_config &config) {
        ASSERT_EQ(config.reclaim_priority.important_app_count, apps.size());
        for (size_t i = 0; i < apps.size(); i++) {
            EXPECT_EQ(config.reclaim_priority.important_apps[i].process_name, apps[i].first);
            EXPECT_EQ(config.reclaim_priority.important_apps[i].min_priority, apps[i].second);
        }
    };
}

const std::vector<std::pair<uint64_t, int>> built_in_rows = {
    {100, 0}, {200, 100}, {300, 200}, {400, 300}, {500, 400}};

Check is_built_in()
{
    return [](const mm_config &config) {
        ConfigPointer built_in(mm_config_new());
        EXPECT_EQ(printed(&config), printed(built_in.get()));
    };
}

const char *const memory_expected = "expected a whole number of MB from 1 to 16777216, the same with its "
                                    "unit (512M, 2G), or a share of RAM (10%)";
const char *const buffer_expected = "expected a whole number of MB from 0 to 16777216, the same with its "
                                    "unit (512M, 2G), or a share of RAM (10%)";
const char *const priority_expected = "expected a whole number from -1000 to 1000";
const char *const score_expected = "expected a whole number from 0 to 1000";
const char *const percent_expected = "expected a whole number of percent from 0 to 100";
const char *const quota_expected = "expected a whole number of MB from 0 to 8796093022207";
const char *const zswapd_note = "1:9: note: reclaimConfig: accepted, not used yet";
const char *const nand_note = "1:9: note: nandLifeConfig: accepted, not used yet";

// 2.2 What happens when the file is missing or broken. The file itself: config_xml_test, config_load_test.
std::vector<ReferenceRow> broken_files()
{
    return {
        {"NotWellFormed",
         "all built-in values",
         "<Memmgr>\n<killConfig>\n" + row("90", "1") + "\n</killConfg>\n</Memmgr>",
         {"4:1: error: </killConfg> ends <killConfig> of line 2, expected </killConfig>"},
         nullptr},
        {"EmptyRoot",
         "built-in kill table and buffers; levels 0: nobody is ever notified; no ZswapdParam",
         "",
         {},
         is_built_in()},
        {"KillConfigAbsent", "the built-in kill table", avail(""), {}, has_rows(built_in_rows)},
        {"LevelsAbsent", "all 0: nobody is ever notified", avail(""), {}, has_levels(1024, 800, 700, 600)},
        {"AvailAbsent", "built-in", kill(row("90", "1")), {}, has_avail(750, 800, 850)},
        {"ReclaimAbsent",
         "\"0\" is written, an empty table; with the file missing a range from -1000, which the kernel "
         "refuses",
         avail(""),
         {},
         has_ranges({{0, 1000, 60, 10, 50}})},
        {"UnknownElementInRoot",
         "reading stops: what comes after it is lost",
         kill(row("90", "1")) + "\n<mystery/>\n" + level("<purgeable>2000</purgeable>"),
         {"2:1: warning: unknown element <mystery> in <Memmgr> is ignored"},
         has_levels(2000, 800, 700, 600)},
        {"CommentInRoot",
         "reading stops: what comes after it is lost",
         kill(row("90", "1")) + "<!-- -->" + level("<purgeable>2000</purgeable>"),
         {},
         has_levels(2000, 800, 700, 600)},
        {"StrayTextInRoot",
         "reading stops: what comes after it is lost",
         kill(row("90", "1")) + "\nstray\n" + level("<purgeable>2000</purgeable>"),
         {"2:1: error: text in <Memmgr>, which holds elements only"},
         nullptr},
        {"SectionOrder",
         "is free",
         level("<purgeable>2000</purgeable>") + kill(row("90", "1")),
         {},
         has_rows({{90, 1}})},
        {"LevelsRepeated",
         "the last one wins, with the defaults for what it does not say",
         level("<purgeable>2000</purgeable>") + "\n" + level("<moderate>900</moderate>"),
         {"2:1: warning: systemMemoryLevelConfig is there again (first in line 1): both are taken as one"},
         has_levels(2000, 900, 700, 600)},
        {"AvailRepeated",
         "the last one wins, with the defaults for what it does not say",
         avail("<highAvailBuffer>900</highAvailBuffer>") + "\n" + avail("<availBuffer>890</availBuffer>"),
         {"2:1: warning: availBufferConfig is there again (first in line 1): both are taken as one"},
         has_avail(750, 890, 900)},
        {"KillConfigRepeated",
         "rows accumulate",
         kill(row("90", "1")) + "\n" + kill(row("80", "0")),
         {"2:1: warning: killConfig is there again (first in line 1): both are taken as one"},
         has_rows({{80, 0}, {90, 1}})},
        {"NandRepeated",
         "the last one wins for each key",
         nand("<dailySwapOutQuotaMB>1</dailySwapOutQuotaMB>") + "\n" +
             nand("<dailySwapOutQuotaMB>2</dailySwapOutQuotaMB>"),
         {"2:1: warning: nandLifeConfig is there again (first in line 1): both are taken as one",
          "2:1: note: nandLifeConfig: accepted, not used yet",
          "2:38: error: dailySwapOutQuotaMB is given twice (first in line 1), expected it once"},
         nullptr},
    };
}

// 2.3 Number parsing: stoi and stoul.
std::vector<ReferenceRow> numbers()
{
    auto unit = [](const std::string &text) { return level("<purgeable>" + text + "</purgeable>"); };
    auto bad = [](const std::string &shown) {
        return "1:45: error: purgeable is \"" + shown + "\", " + buffer_expected;
    };

    return {
        {"LeadingBlanks", "accepted", unit(" \t\n 2000"), {}, has_levels(2000, 800, 700, 600)},
        {"TrailingBlanks", "accepted", unit("2000 \n"), {}, has_levels(2000, 800, 700, 600)},
        {"LeadingPlus", "accepted", unit("+2000"), {bad("+2000")}, nullptr},
        {"Fraction", "3.9 is 3", unit("3.9"), {bad("3.9")}, nullptr},
        {"TrailingText", "12x is 12", unit("12x"), {bad("12x")}, nullptr},
        {"Hexadecimal", "0x10 is 0", unit("0x10"), {bad("0x10")}, nullptr},
        {"NoNumber", "the default", unit("many"), {bad("many")}, nullptr},
        {"Empty",
         "the default",
         unit(""),
         {std::string("1:34: error: purgeable is empty, ") + buffer_expected},
         nullptr},
        {"OutOfRange", "the default", unit("99999999999999999999"), {bad("99999999999999999999")}, nullptr},
        {"NegativeUnsigned", "the default", unit("-1"), {bad("-1")}, nullptr},
        {"AboveInt", "the default", unit("2147483648"), {bad("2147483648")}, nullptr},
        {"CommentInAvail",
         "the whole section is ignored",
         avail("<!-- --><availBuffer>820</availBuffer>"),
         {},
         has_avail(750, 820, 850)},
        {"CommentInLevels",
         "the whole section is ignored: all 0",
         level("<purgeable>2000</purgeable><!-- -->"),
         {},
         has_levels(2000, 800, 700, 600)},
        {"CommentInAZswapdParam",
         "ends the section",
         range("<minScore>0</minScore><!-- --><mem2zramRatio>70</mem2zramRatio>"),
         {zswapd_note},
         has_ranges({{0, 1000, 70, 10, 50}})},
        {"CommentBeforeAKillValue",
         "that value is missing: the built-in kill table",
         kill("<killLevel><!-- --><memoryMB>90</memoryMB><minPriority>1</minPriority></killLevel>"),
         {},
         has_rows({{90, 1}})},
        {"CommentAfterAKillValue",
         "harmless",
         kill("<killLevel><memoryMB>90</memoryMB><minPriority>1</minPriority><!-- --></killLevel>"),
         {},
         has_rows({{90, 1}})},
        {"CommentInAnImportantApp",
         "the values behind it are missing",
         important(
             "<importantBgApp><procName>a</procName><!-- --><minPriority>200</minPriority></importantBgApp>"),
         {},
         has_important({{"a", 200}})},
        {"CommentInAPurgeList",
         "the names behind it are missing",
         "<purgeablememConfig><purgeWhiteAppList><!-- --><procName>a</procName></purgeWhiteAppList>"
         "</purgeablememConfig>",
         {"1:9: note: purgeablememConfig: accepted, not used yet"},
         [](const mm_config &config) { EXPECT_EQ(config.purgeable.process_name_count, 1U); }},
        {"DuplicateChild",
         "the first wins",
         avail("<availBuffer>820</availBuffer>\n<availBuffer>830</availBuffer>"),
         {"2:14: error: availBuffer is given twice (first in line 1), expected it once"},
         nullptr},
    };
}

std::vector<ReferenceRow> kill_tables()
{
    std::string eleven;

    for (int i = 1; i <= 11; i++)
        eleven += "\n" + row(std::to_string(i), std::to_string(i));
    return {
        {"Shipped",
         "500 400, 400 300, 300 200, 200 100, 100 0",
         kill(row("500", "400") + row("400", "300") + row("300", "200") + row("200", "100") +
              row("100", "0")),
         {},
         has_rows(built_in_rows)},
        {"OrderIsFree",
         "sorted by memory",
         kill(row("200", "2") + row("300", "3") + row("100", "1")),
         {},
         has_rows({{100, 1}, {200, 2}, {300, 3}})},
        {"TenRows",
         "accepted",
         kill(eleven.substr(0, eleven.rfind('\n'))),
         {},
         [](const mm_config &config) { EXPECT_EQ(config.kill.level_count, 10U); }},
        {"ElevenRows",
         "the built-in table",
         kill(eleven),
         {"12:1: error: more than 10 killLevel, expected at most that many"},
         nullptr},
        {"UnknownChild",
         "the built-in table",
         kill("<kilLevel/>\n" + row("90", "1")),
         {"1:21: warning: unknown element <kilLevel> in <killConfig> is ignored; did you mean <killLevel>?"},
         has_rows({{90, 1}})},
        {"BadMemory",
         "the built-in table",
         kill(row("9O", "1")),
         {std::string("1:42: error: memoryMB is \"9O\", ") + memory_expected},
         nullptr},
        {"ZeroMemory",
         "the built-in table",
         kill(row("0", "1")),
         {std::string("1:42: error: memoryMB is \"0\", ") + memory_expected},
         nullptr},
        {"MissingMemory",
         "the built-in table",
         kill("<killLevel><minPriority>1</minPriority></killLevel>"),
         {"1:21: error: killLevel has no memoryMB, expected one in each killLevel"},
         nullptr},
        {"MissingPriority",
         "the built-in table",
         kill("<killLevel><memoryMB>90</memoryMB></killLevel>"),
         {"1:21: error: killLevel has no minPriority, expected one in each killLevel"},
         nullptr},
        {"MarkerOfMissingPriority",
         "1001 means missing: the built-in table",
         kill(row("90", "1001")),
         {std::string("1:68: error: minPriority is \"1001\", ") + priority_expected},
         nullptr},
        {"DuplicateMemory",
         "the built-in table",
         kill(row("90", "1") + "\n" + row("90", "2")),
         {"2:22: error: memoryMB 90 stands in two rows (first in line 1), expected a different one in each"},
         nullptr},
        {"NotRising",
         "the built-in table",
         kill(row("90", "1") + "\n" + row("80", "1")),
         {"1:68: error: minPriority 1 at 90 MB is not above minPriority 1 at 80 MB, expected it to rise with "
          "memory"},
         nullptr},
        {"CommentInKillConfig",
         "allowed",
         kill("<!-- -->" + row("90", "1") + "<!-- -->"),
         {},
         has_rows({{90, 1}})},
        {"PriorityTwoThousand",
         "a row that never kills, and hides the milder ones",
         kill(row("90", "2000")),
         {std::string("1:68: error: minPriority is \"2000\", ") + priority_expected},
         nullptr},
        // Residents may be named so by who means it; -1000 itself is never killed, kill_strategy_test.
        {"PriorityMinusThousand",
         "makes residents and even system entries eligible",
         kill(row("90", "-1000")),
         {},
         has_rows({{90, -1000}})},
        {"MemoryWraps",
         "5000000 MB becomes 825032704 kB",
         kill(row("5000000", "1")),
         {"1:42: warning: minAvailBuffer 750 (built-in) is not above the highest memoryMB 5000000: killing "
          "begins "
          "before squeezing"},
         has_rows({{5000000, 1}})},
    };
}

std::vector<ReferenceRow> score_ranges()
{
    auto bad = [](const char *column, const std::string &name, const std::string &text,
                  const char *expected) {
        return std::string("1:") + column + ": error: " + name + " is \"" + text + "\", " + expected;
    };
    std::string eleven;

    for (int i = 0; i < 11; i++)
        eleven += "\n<ZswapdParam><minScore>" + std::to_string(i) + "</minScore><maxScore>" +
                  std::to_string(i) + "</maxScore></ZswapdParam>";
    return {
        {"Defaults", "0 1000 60 10 50", range(""), {}, has_ranges({{0, 1000, 60, 10, 50}})},
        {"Shipped",
         "ratios 0, with which zswapd passes the groups over",
         range("<minScore>0</minScore><maxScore>1000</maxScore><mem2zramRatio>0</mem2zramRatio>"
               "<zram2ufsRatio>0</zram2ufsRatio><refaultThreshold>50</refaultThreshold>"),
         {zswapd_note},
         has_ranges({{0, 1000, 0, 0, 50}})},
        {"MinScore",
         "out of range becomes 0",
         range("<minScore>1001</minScore>"),
         {bad("47", "minScore", "1001", score_expected)},
         nullptr},
        {"MaxScore",
         "out of range becomes 1000",
         range("<maxScore>-1</maxScore>"),
         {bad("47", "maxScore", "-1", score_expected)},
         nullptr},
        {"Mem2zram",
         "out of range becomes 60",
         range("<mem2zramRatio>101</mem2zramRatio>"),
         {bad("52", "mem2zramRatio", "101", percent_expected)},
         nullptr},
        {"Zram2ufs",
         "out of range becomes 10",
         range("<zram2ufsRatio>101</zram2ufsRatio>"),
         {bad("52", "zram2ufsRatio", "101", percent_expected)},
         nullptr},
        {"Refault",
         "out of range becomes 50",
         range("<refaultThreshold>101</refaultThreshold>"),
         {bad("55", "refaultThreshold", "101", percent_expected)},
         nullptr},
        {"BadText",
         "the default",
         range("<mem2zramRatio>x</mem2zramRatio>"),
         {bad("52", "mem2zramRatio", "x", percent_expected)},
         nullptr},
        {"AnyChildIsALevel",
         "counts as a ZswapdParam",
         ranges("<mystery/>"),
         {"1:24: warning: unknown element <mystery> in <reclaimConfig> is ignored"},
         has_ranges({{0, 1000, 60, 10, 50}})},
        {"CommentIsALevel",
         "counts as a ZswapdParam",
         ranges("<!-- -->"),
         {},
         has_ranges({{0, 1000, 60, 10, 50}})},
        {"AvailbufferSizeIsALevel",
         "counts as a ZswapdParam",
         ranges("<availbufferSize><availBuffer>820</availBuffer></availbufferSize>"),
         {},
         has_avail(750, 820, 850)},
        {"SeveralLevels",
         "each has the first one's values: 2 0 500 60 10 50 0 500 60 10 50",
         ranges("<ZswapdParam><minScore>0</minScore><maxScore>500</maxScore></ZswapdParam><ZswapdParam>"
                "<minScore>501</minScore><maxScore>1000</maxScore><mem2zramRatio>70</mem2zramRatio></"
                "ZswapdParam>"),
         {zswapd_note},
         has_ranges({{0, 500, 60, 10, 50}, {501, 1000, 70, 10, 50}})},
        {"Reversed",
         "not checked",
         range("<minScore>9</minScore><maxScore>8</maxScore>"),
         {zswapd_note, "1:47: error: minScore 9 is above maxScore 8, expected minScore <= maxScore"},
         nullptr},
        {"Overlap",
         "not checked",
         ranges("<ZswapdParam/>\n<ZswapdParam/>"),
         {zswapd_note, "2:1: error: the scores 0 to 1000 of this ZswapdParam overlap those of another, 0 to "
                       "1000, expected each "
                       "score in one"},
         nullptr},
        {"Hole",
         "not checked",
         range("<minScore>1</minScore>"),
         {zswapd_note,
          "1:47: warning: no ZswapdParam is for the scores 0 to 0: zswapd leaves these groups as they are"},
         has_ranges({{1, 1000, 60, 10, 50}})},
        {"Eleven",
         "not checked; the kernel takes 10",
         ranges(eleven),
         {zswapd_note, "12:1: error: more than 10 ZswapdParam, expected at most that many"},
         nullptr},
        {"OrderOfLevels",
         "by pointer: undefined",
         ranges("<ZswapdParam><maxScore>5</maxScore></ZswapdParam><ZswapdParam><minScore>6</minScore></"
                "ZswapdParam>"),
         {zswapd_note},
         has_ranges({{0, 5, 60, 10, 50}, {6, 1000, 60, 10, 50}})},
        {"ReadmesRation",
         "silently the default",
         range("<zran2ufsRation>20</zran2ufsRation>"),
         {zswapd_note},
         has_ranges({{0, 1000, 60, 20, 50}})},
    };
}

std::vector<ReferenceRow> quotas()
{
    auto daily = [](const std::string &text) {
        return nand("<dailySwapOutQuotaMB>" + text + "</dailySwapOutQuotaMB>");
    };
    auto bad = [](const std::string &text) {
        return "1:46: error: dailySwapOutQuotaMB is \"" + text + "\", " + quota_expected;
    };

    return {
        {"Defaults", "0 and 0: unlimited", nand(""), {}, has_quotas(0, 0)},
        {"Wide", "64 bits", daily("5000000000"), {nand_note}, has_quotas(5000000000, 0)},
        {"Negative", "0", daily("-1"), {bad("-1")}, nullptr},
        {"TrailingText", "12", daily("12x"), {bad("12x")}, nullptr},
        {"Text", "0", daily("much"), {bad("much")}, nullptr},
        {"Overflow",
         "the maximum, which wraps when it becomes kB",
         daily("18446744073709551616"),
         {bad("18446744073709551616")},
         nullptr},
        {"LargestInBytes",
         "wraps when it becomes kB",
         daily("8796093022208"),
         {bad("8796093022208")},
         nullptr},
        {"UnknownChild",
         "a warning",
         nand("<monthlySwapOutQuotaMB>1</monthlySwapOutQuotaMB>"),
         {"1:25: warning: unknown element <monthlySwapOutQuotaMB> in <nandLifeConfig> is ignored; did you "
          "mean "
          "<totalSwapOutQuotaMB>?"},
         has_quotas(0, 0)},
        {"Comment",
         "a warning",
         nand("<!-- --><dailySwapOutQuotaMB>7</dailySwapOutQuotaMB>"),
         {nand_note},
         has_quotas(7, 0)},
        {"OneIsZero", "a quota of nothing: ESwap is off", daily("50"), {nand_note}, has_quotas(50, 0)},
    };
}

std::vector<ReferenceRow> applications()
{
    return {
        {"ResidentVerbatim",
         "not trimmed",
         residents("<killableSysApp> a </killableSysApp>"),
         {},
         has_residents({"a"})},
        {"ResidentEmpty",
         "ignored",
         residents("<killableSysApp/><killableSysApp>a</killableSysApp>"),
         {},
         has_residents({"a"})},
        {"ResidentUnknown",
         "ends the list",
         residents("<killableApp>x</killableApp><killableSysApp>a</killableSysApp>"),
         {"1:52: warning: unknown element <killableApp> in <killalbeSystemApps> is ignored; did you mean "
          "<killableSysApp>?"},
         has_residents({"a"})},
        {"ResidentComment",
         "ends the list",
         residents("<!-- --><killableSysApp>a</killableSysApp>"),
         {},
         has_residents({"a"})},
        {"ProcNameMissing",
         "required",
         important("<importantBgApp><minPriority>1</minPriority></importantBgApp>"),
         {"1:49: error: importantBgApp has no procName, expected one in each importantBgApp"},
         nullptr},
        {"ProcNameEmpty",
         "required",
         important(app("", "1")),
         {"1:65: error: procName is empty, expected at most 127 bytes without control characters"},
         nullptr},
        {"ProcNameVerbatim",
         "\" b \" stays \" b \"",
         important(app(" b ", "1")),
         {},
         has_important({{"b", 1}})},
        {"PriorityMissing",
         "1001, accepted",
         important("<importantBgApp><procName>a</procName></importantBgApp>"),
         {"1:49: error: importantBgApp has no minPriority, expected one in each importantBgApp"},
         nullptr},
        {"PriorityBad",
         "1001, accepted",
         important(app("a", "x")),
         {std::string("1:100: error: minPriority is \"x\", ") + priority_expected},
         nullptr},
        {"Priority1001",
         "accepted",
         important(app("a", "1001")),
         {std::string("1:100: error: minPriority is \"1001\", ") + priority_expected},
         nullptr},
        {"PriorityOutOfRange",
         "the entry is ignored",
         important(app("a", "1002")),
         {std::string("1:100: error: minPriority is \"1002\", ") + priority_expected},
         nullptr},
        {"DuplicateProcName",
         "the first wins",
         important(app("a", "1") + "\n" + app("a", "2")),
         {"2:27: error: procName \"a\" stands in two rows (first in line 1), expected it in one"},
         nullptr},
        {"UnknownSibling",
         "warned, skipped",
         important("<importantApp/>" + app("a", "1")),
         {"1:49: warning: unknown element <importantApp> in <importantBgApps> is ignored; did you mean "
          "<importantBgApp>?"},
         has_important({{"a", 1}})},
        {"CommentInImportant",
         "ends the list",
         important("<!-- -->" + app("a", "1")),
         {},
         has_important({{"a", 1}})},
        {"RightSpelling",
         "unknown: ends the section",
         "<reclaimPriorityConfig><killableSystemApps><killableSysApp>a</killableSysApp></killableSystemApps>"
         "</reclaimPriorityConfig>",
         {},
         has_residents({"a"})},
        {"UnknownChild",
         "ends the section",
         "<reclaimPriorityConfig><mystery/><killalbeSystemApps><killableSysApp>a</killableSysApp>"
         "</killalbeSystemApps></reclaimPriorityConfig>",
         {"1:32: warning: unknown element <mystery> in <reclaimPriorityConfig> is ignored"},
         has_residents({"a"})},
        {"Shipped",
         "an empty name, and a process named default",
         "<reclaimPriorityConfig><killalbeSystemApps><killableSysApp></killableSysApp></killalbeSystemApps>"
         "<importantBgApps>" +
             app("default", "400") + "</importantBgApps></reclaimPriorityConfig>",
         {},
         [](const mm_config &config) {
             has_residents({})(config);
             has_important({{"default", 400}})(config);
         }},
    };
}

std::vector<ReferenceRow> memory_levels()
{
    return {
        {"ChildMissing",
         "its default",
         level("<purgeable>2000</purgeable>"),
         {},
         has_levels(2000, 800, 700, 600)},
        {"ChildBad",
         "its default",
         level("<low>x</low>"),
         {std::string("1:39: error: low is \"x\", ") + buffer_expected},
         nullptr},
        {"NotOrdered",
         "not checked: critical above low hides it",
         level("<critical>701</critical>"),
         {"1:44: error: critical 701 is above low 700 (built-in), expected critical <= low"},
         nullptr},
        {"Wraps",
         "MB x 1024 in 32 bits",
         level("<purgeable>5000000</purgeable>"),
         {},
         has_levels(5000000, 800, 700, 600)},
        {"WithoutChildren", "all 0: nobody is ever notified", level(""), {}, has_levels(1024, 800, 700, 600)},
        {"WithComment",
         "all 0: nobody is ever notified",
         level("<!-- --><purgeable>2000</purgeable>"),
         {},
         has_levels(2000, 800, 700, 600)},
        {"OnlyText",
         "all 0: nobody is ever notified",
         level("none"),
         {"1:34: error: text in <systemMemoryLevelConfig>, which holds elements only"},
         nullptr},
    };
}

// 2.12 The reference's own list of what should be different.
std::vector<ReferenceRow> oracle()
{
    return {
        {"CommentAnywhere",
         "may drop sections",
         "<!-- -->" +
             kill("<!-- --><killLevel><!-- --><memoryMB><!-- -->90</memoryMB><minPriority>1<!-- -->"
                  "</minPriority></killLevel>") +
             "<!-- -->",
         {},
         has_rows({{90, 1}})},
        {"UnknownElement",
         "drops the rest",
         "<mystery/>\n" + kill(row("90", "1")),
         {"1:9: warning: unknown element <mystery> in <Memmgr> is ignored"},
         has_rows({{90, 1}})},
        {"OneBadKillRow",
         "the built-in table",
         kill(row("90", "1") + "\n" + row("80", "zero") + "\n" + row("70", "-1")),
         {std::string("2:48: error: minPriority is \"zero\", ") + priority_expected},
         nullptr},
        {"SeveralZswapdParam",
         "all equal the first",
         ranges("<ZswapdParam><maxScore>9</maxScore></ZswapdParam>"
                "<ZswapdParam><minScore>10</minScore><refaultThreshold>7</refaultThreshold></ZswapdParam>"),
         {zswapd_note},
         has_ranges({{0, 9, 60, 10, 50}, {10, 1000, 60, 10, 7}})},
        {"InconsistentAvail",
         "nothing written",
         avail("<availBuffer>100</availBuffer>"),
         {"1:41: error: minAvailBuffer 750 (built-in) is above availBuffer 100, expected minAvailBuffer <= "
          "availBuffer"},
         nullptr},
        {"MinPriority2000",
         "accepted",
         kill(row("90", "2000")),
         {std::string("1:68: error: minPriority is \"2000\", ") + priority_expected},
         nullptr},
        {"MemoryWraps",
         "accepted",
         kill(row("16777217", "1")),
         {std::string("1:42: error: memoryMB is \"16777217\", ") + memory_expected},
         nullptr},
    };
}

class ConfigReference : public testing::TestWithParam<ReferenceRow>
{
};

TEST_P(ConfigReference, IsAsItShouldBe)
{
    const ReferenceRow &wanted = GetParam();
    bool is_whole = wanted.text.rfind("<Memmgr>", 0) == 0;
    Loaded loaded = is_whole ? load_text(wanted.text) : load_body(wanted.text);
    std::vector<std::string> expected;

    for (const std::string &problem : wanted.problems)
        expected.push_back("f.xml:" + problem);
    EXPECT_EQ(loaded.problems, expected) << "upstream: " << wanted.upstream;
    EXPECT_EQ(loaded.result, wanted.check ? 0 : -EINVAL) << "upstream: " << wanted.upstream;
    ASSERT_EQ(loaded.config != nullptr, wanted.check != nullptr);
    if (wanted.check)
        wanted.check(*loaded.config);
}

auto name_of = [](const auto &entry) { return std::string(entry.param.name); };

INSTANTIATE_TEST_SUITE_P(Part2_2, ConfigReference, testing::ValuesIn(broken_files()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_3, ConfigReference, testing::ValuesIn(numbers()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_5, ConfigReference, testing::ValuesIn(kill_tables()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_6, ConfigReference, testing::ValuesIn(score_ranges()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_7, ConfigReference, testing::ValuesIn(quotas()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_8, ConfigReference, testing::ValuesIn(applications()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_9, ConfigReference, testing::ValuesIn(memory_levels()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_12, ConfigReference, testing::ValuesIn(oracle()), name_of);

// ---- 2.2: the file itself ---------------------------------------------------------------------------------

struct FileCase {
    const char *name;
    const char *upstream;
    mode_t mode; // 0: there is no file
    const char *text;
    const char *problem;
};

class ConfigReferenceFile : public testing::TestWithParam<FileCase>
{
};

// A file that is named must be one; on the search path a missing one is none.
TEST_P(ConfigReferenceFile, IsAsItShouldBe)
{
    const FileCase &wanted = GetParam();
    char directory[] = "/tmp/mm_config_reference_XXXXXX";
    ASSERT_NE(mkdtemp(directory), nullptr);
    const std::string path = std::string(directory) + "/memmgr_config.xml";
    const char *const files[] = {path.c_str()};
    mm_config_sources sources = {};
    Items items;
    Problems problems;

    if (wanted.mode) {
        std::ofstream(path) << wanted.text;
        ASSERT_EQ(chmod(path.c_str(), wanted.mode), 0);
    }
    sources.files = files;
    sources.file_count = 1;
    EXPECT_EQ(mm_config_read(&sources, nullptr, &items.value, &problems.value), -EINVAL);
    EXPECT_EQ(problems.joined(), path + ": error: " + wanted.problem + "\n")
        << "upstream: " << wanted.upstream;
    (void)unlink(path.c_str());
    (void)rmdir(directory);
}

INSTANTIATE_TEST_SUITE_P(
    Part2_2, ConfigReferenceFile,
    testing::Values(
        FileCase{"Missing", "all built-in values, levels 0: nobody is ever notified", 0, nullptr,
                 "cannot be opened: No such file or directory"},
        FileCase{"Empty", "all built-in values", 0644, "", "is empty, expected <Memmgr> ... </Memmgr>"},
        FileCase{"WritableByAll", "read", 0666, "<Memmgr/>",
                 "is writable by everybody (mode 0666), so anybody could say who is killed: chmod o-w"}),
    [](const auto &entry) { return std::string(entry.param.name); });

TEST(ConfigReferenceFile, MissingOnTheSearchPathIsTheBuiltInConfigurationAndIsSaid)
{
    mm_config_sources sources = {};
    Items items;
    Problems problems;
    mm_config *config = nullptr;

    sources.search_path = "/nonexistent/memmgr";
    ASSERT_EQ(mm_config_read(&sources, nullptr, &items.value, &problems.value), 0);
    ASSERT_EQ(mm_config_build(&items.value, nullptr, &config, &problems.value), 0);
    ConfigPointer owned(config);
    EXPECT_EQ(problems.value.count, 1U);
    EXPECT_NE(problems.joined().find("note: "), std::string::npos) << problems.joined();
    is_built_in()(*config);
    has_levels(1024, 800, 700, 600)(*config);
}

// ---- the two files that must load ----------------------------------------------------------------------

TEST(ConfigFixture, UpstreamsShippedFileArrivesWhole)
{
    Loaded loaded = load_text(read_whole(MM_FIXTURES "/config/upstream_shipped.xml"));

    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.problems,
              (std::vector<std::string>{
                  "f.xml:5:25: warning: minAvailBuffer 50 is not above the highest memoryMB 500: killing "
                  "begins before "
                  "squeezing",
                  "f.xml:9:5: note: reclaimConfig, purgeablememConfig: accepted, not used yet"}));
    const mm_config &config = *loaded.config;
    has_avail(50, 100, 150)(config);
    EXPECT_EQ(config.avail_buffer.swap_reserve_bytes, 200 * MiB);
    has_ranges({{0, 1000, 0, 0, 50}})(config);
    has_rows(built_in_rows)(config);
    has_quotas(0, 0)(config);
    has_residents({})(config);
    has_important({{"default", 400}})(config);
    has_levels(1024, 800, 700, 600)(config);
    EXPECT_EQ(config.switches.big_mem_kill, 0U);
    ASSERT_EQ(config.purgeable.process_name_count, 1U);
    EXPECT_STREQ(config.purgeable.process_names[0], "default");
}

TEST(ConfigFixture, ReadmesSampleArrivesWholeOnceItsTagIsMended)
{
    Loaded loaded = load_text(read_whole(MM_FIXTURES "/config/readme_mended.xml"));

    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.problems,
              std::vector<std::string>{"f.xml:3:2: note: reclaimConfig, nandlife: accepted, not used yet"});
    has_avail(750, 800, 850)(*loaded.config);
    EXPECT_EQ(loaded.config->avail_buffer.swap_reserve_bytes, 200 * MiB);
    has_ranges({{0, 500, 60, 10, 50}, {501, 1000, 70, 20, 60}})(*loaded.config);
    has_rows({{400, 300}, {500, 400}})(*loaded.config);
    has_quotas(50, 199)(*loaded.config);
}

TEST(ConfigFixture, ReadmesSampleAsItStandsNamesBothTags)
{
    Loaded loaded = load_text(read_whole(MM_FIXTURES "/config/readme_unmended.xml"));

    EXPECT_FALSE(loaded.config);
    EXPECT_EQ(loaded.problems,
              std::vector<std::string>{
                  "f.xml:9:3: error: </availbufferiSize> ends <availbufferSize> of line 4, expected "
                  "</availbufferSize>"});
}

} // namespace
