// SPDX-License-Identifier: Apache-2.0
// The reference's statements on the file as a whole, on numbers, and on what should be different: parts 2.2, 2.3, 2.12.
#include "config_reference.hpp"

#include <cerrno>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace config_reference;

namespace
{

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

INSTANTIATE_TEST_SUITE_P(Part2_2, ConfigReference, testing::ValuesIn(broken_files()), name_of);
INSTANTIATE_TEST_SUITE_P(Part2_3, ConfigReference, testing::ValuesIn(numbers()), name_of);
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
