// SPDX-License-Identifier: Apache-2.0
// The reference's statements on each section: parts 2.5 to 2.9.
#include "config_reference.hpp"

using namespace config_reference;

namespace
{

const char *const score_expected = "expected a whole number from 0 to 1000";
const char *const percent_expected = "expected a whole number of percent from 0 to 100";
const char *const quota_expected = "expected a whole number of MB from 0 to 8796093022207";
const char *const nand_note = "1:9: note: nandLifeConfig: accepted, not used yet";

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

INSTANTIATE_TEST_SUITE_P(Part2_5, ConfigReference, testing::ValuesIn(kill_tables()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_6, ConfigReference, testing::ValuesIn(score_ranges()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_7, ConfigReference, testing::ValuesIn(quotas()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_8, ConfigReference, testing::ValuesIn(applications()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_9, ConfigReference, testing::ValuesIn(memory_levels()), name_of);

} // namespace
