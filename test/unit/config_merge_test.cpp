// SPDX-License-Identifier: Apache-2.0
// Files and profiles laid over each other: what is in force, where it came from, and what is said about it.
#include "config_layers.hpp"

#include "config/vocabulary.h"

#include <algorithm>

namespace
{

std::string row(const std::string &id, const std::string &memory, const std::string &priority)
{
    return "<killLevel" + (id.empty() ? "" : " id='" + id + "'") + ">" +
           (memory.empty() ? "" : "<memoryMB>" + memory + "</memoryMB>") +
           (priority.empty() ? "" : "<minPriority>" + priority + "</minPriority>") + "</killLevel>";
}

std::string table(const std::string &rows)
{
    return "<killConfig>" + rows + "</killConfig>";
}

std::string app(const std::string &name, const std::string &priority)
{
    return "<importantBgApp><procName>" + name + "</procName>" +
           (priority.empty() ? "" : "<minPriority>" + priority + "</minPriority>") + "</importantBgApp>";
}

std::string apps(const std::string &rows)
{
    return "<reclaimPriorityConfig><importantBgApps>" + rows + "</importantBgApps></reclaimPriorityConfig>";
}

// The kill table and the lists as one line: "50 0, 100 100 | player 200 | launcher | 1000"
std::string shown(const mm_config *config)
{
    std::string text;

    for (size_t i = 0; i < config->kill.level_count; i++)
        text += (i > 0 ? ", " : "") + std::to_string(config->kill.levels[i].memory_bytes >> 20) + " " +
                std::to_string(config->kill.levels[i].min_priority);
    text += " |";
    for (size_t i = 0; i < config->reclaim_priority.important_app_count; i++)
        text += " " + std::string(config->reclaim_priority.important_apps[i].process_name) + " " +
                std::to_string(config->reclaim_priority.important_apps[i].min_priority);
    text += " |";
    for (size_t i = 0; i < config->reclaim_priority.killable_system_app_count; i++)
        text += " " + std::string(config->reclaim_priority.killable_system_apps[i]);
    text += " |";
    for (size_t i = 0; i < config->control_socket.allowed_uid_count; i++)
        text += " " + std::to_string(config->control_socket.allowed_uids[i]);
    return text;
}

const std::string built_in = "100 0, 200 100, 300 200, 400 300, 500 400 | | |";

struct Case {
    const char *name;
    std::vector<std::string> bodies;
    std::string expected;
    std::vector<std::string> problems;
};

class ConfigMergeRows : public testing::TestWithParam<Case>
{
};

std::vector<Case> row_cases()
{
    const std::string base = table(row("1", "100", "0") + row("2", "200", "100") + row("3", "300", "200"));
    const std::string names = "<reclaimPriorityConfig><killalbeSystemApps>";
    const std::string end = "</killalbeSystemApps></reclaimPriorityConfig>";

    return {
        {"NothingIsTheBuiltIn", {}, built_in, {}},
        {"EmptyFiles", {"", ""}, built_in, {}},
        {"OneTableReplacesTheBuiltIn", {table(row("", "50", "0"))}, "50 0 | | |", {}},
        {"RowsComeOutInTheirOrder",
         {table(row("", "300", "200") + row("", "100", "0") + row("", "200", "100"))},
         "100 0, 200 100, 300 200 | | |",
         {}},
        {"AnIdIsOverriddenChildByChild",
         {base, table(row("2", "250", ""))},
         "100 0, 250 100, 300 200 | | |",
         {}},
        {"AnIdIsOverriddenWhole", {base, table(row("2", "250", "150"))}, "100 0, 250 150, 300 200 | | |", {}},
        {"ANewIdIsAdded",
         {base, table(row("4", "400", "300"))},
         "100 0, 200 100, 300 200, 400 300 | | |",
         {}},
        {"ANewIdMustBeComplete",
         {base, table(row("4", "400", ""))},
         "",
         {"2.xml:1:21: error: killLevel has no minPriority, expected one in each killLevel"}},
        {"BlanksAroundAnIdDoNotCount",
         {base, table(row(" 2 ", "250", ""))},
         "100 0, 250 100, 300 200 | | |",
         {}},
        {"AnEmptyIdIsNone",
         {base, table(row(" ", "50", "0"))},
         "50 0 | | |",
         {"2.xml:1:36: warning: the id of killLevel is empty: it counts as none"}},
        {"ATableWithoutIdsIsTheTable",
         {base, table(row("", "50", "0") + row("", "60", "10"))},
         "50 0, 60 10 | | |",
         {}},
        {"MixedRowsReplaceAndAreWarnedOf",
         {base, table(row("2", "150", "50") + row("", "60", "10"))},
         "60 10, 150 50 | | |",
         {"2.xml:1:104: warning: killLevel without an id beside others with one: together they replace all "
          "killLevel "
          "of earlier files"}},
        {"MixedRowsOfTheFirstFileAreNothingToSpeakOf",
         {table(row("2", "150", "50") + row("", "60", "10"))},
         "60 10, 150 50 | | |",
         {}},
        {"ThreeFiles",
         {base, table(row("2", "250", "")), table(row("2", "", "150") + row("3", "350", ""))},
         "100 0, 250 150, 350 200 | | |",
         {}},
        {"OneIdTwiceInAFile",
         {table(row("1", "100", "0") + "\n" + row("1", "200", "100"))},
         "",
         {"1.xml:2:1: error: killLevel with id \"1\" is there twice (first in line 1), expected another id"}},
        {"TheSameIdInAnotherFileIsNoMistake", {base, base}, "100 0, 200 100, 300 200 | | |", {}},
        {"AnEmptyTableIsNone",
         {base, "<killConfig/>"},
         "",
         {"2.xml:1:9: error: killConfig has no killLevel, expected 1 to 10 (killPolicy/enabled false is how "
          "nobody is "
          "killed)"}},
        {"RemovedById", {base, table("<remove id='2'/>")}, "100 0, 300 200 | | |", {}},
        {"RemovedAndMadeAnew",
         {base, table("<remove id='2'/>" + row("2", "220", "120"))},
         "100 0, 220 120, 300 200 | | |",
         {}},
        {"RemovedWhereverItStandsInTheFile",
         {base, table(row("2", "220", "120") + "<remove id='2'/>")},
         "100 0, 220 120, 300 200 | | |",
         {}},
        {"RemovedThenOverriddenIsIncomplete",
         {base, table("<remove id='2'/>"), table(row("2", "250", ""))},
         "",
         {"3.xml:1:21: error: killLevel has no minPriority, expected one in each killLevel"}},
        {"NothingToRemove",
         {base, table("<remove id='9'/>")},
         "100 0, 200 100, 300 200 | | |",
         {"2.xml:1:21: warning: there is no row with the id \"9\" of an earlier file to remove"}},
        {"TheFirstFileHasNothingToRemove",
         {table("<remove id='1'/>")},
         built_in,
         {"1.xml:1:21: warning: there is no row with the id \"1\" of an earlier file to remove"}},
        {"RemovedTwice",
         {base, table("<remove id='2'/>"), table("<remove id='2'/>")},
         "100 0, 300 200 | | |",
         {"3.xml:1:21: warning: there is no row with the id \"2\" of an earlier file to remove"}},
        {"AllRemoved",
         {base, table("<remove id='1'/><remove id='2'/><remove id='3'/>")},
         "",
         {"1.xml:1:9: error: killConfig has no killLevel, expected 1 to 10 (killPolicy/enabled false is how "
          "nobody is "
          "killed)"}},
        {"TheSectionBackToBuiltIn", {base, "<remove element='killConfig'/>"}, built_in, {}},
        {"TheSectionBackAndSaidAnew",
         {base, "<remove element='killConfig'/>" + table(row("1", "70", "0"))},
         "70 0 | | |",
         {}},
        {"TheRowsBackToBuiltIn",
         {base, "<remove element='killConfig/killLevel'/>"},
         "",
         {"1.xml:1:9: error: killConfig has no killLevel, expected 1 to 10 (killPolicy/enabled false is how "
          "nobody is "
          "killed)"}},
        {"TooManyRowsTogether",
         {table(row("1", "1", "1") + row("2", "2", "2") + row("3", "3", "3") + row("4", "4", "4") +
                row("5", "5", "5") + row("6", "6", "6")),
          table(row("a", "11", "11") + row("b", "12", "12") + row("c", "13", "13") + row("d", "14", "14") +
                row("e", "15", "15"))},
         "",
         {"2.xml:1:349: error: more than 10 killLevel, expected at most that many"}},
        {"ByKey", {apps(app("a", "1") + app("b", "2")), apps(app("b", "3") + app("c", "4"))}, "", {}},
        {"NamesAreAdded",
         {names + "<killableSysApp>a</killableSysApp><killableSysApp>b</killableSysApp>" + end,
          names + "<killableSysApp> b </killableSysApp><killableSysApp/><killableSysApp>c</killableSysApp>" +
              end},
         "100 0, 200 100, 300 200, 400 300, 500 400 | | a b c |",
         {}},
        {"NamesAreOnce",
         {names + "<killableSysApp>a</killableSysApp><killableSysApp>a</killableSysApp>" + end},
         "100 0, 200 100, 300 200, 400 300, 500 400 | | a |",
         {}},
        {"AnEmptyListTakesNothingAway",
         {names + "<killableSysApp>a</killableSysApp>" + end, names + end},
         "100 0, 200 100, 300 200, 400 300, 500 400 | | a |",
         {}},
        {"TwoSpellingsInTwoFilesAreOneList",
         {names + "<killableSysApp>a</killableSysApp>" + end,
          "<reclaimPriorityConfig><killableSystemApps><killableSysApp>b</killableSysApp></killableSystemApps>"
          "</reclaimPriorityConfig>"},
         "100 0, 200 100, 300 200, 400 300, 500 400 | | a b |",
         {}},
        {"NamesAreRemoved",
         {names + "<killableSysApp>a</killableSysApp><killableSysApp>b</killableSysApp>" + end,
          names + "<remove name='a'/><killableSysApp>c</killableSysApp>" + end},
         "100 0, 200 100, 300 200, 400 300, 500 400 | | b c |",
         {}},
        {"NamesAreRemovedAndAddedAgain",
         {names + "<killableSysApp>a</killableSysApp><killableSysApp>b</killableSysApp>" + end,
          names + "<remove name='a'/><killableSysApp>a</killableSysApp>" + end},
         "100 0, 200 100, 300 200, 400 300, 500 400 | | b a |",
         {}},
        {"UidsAreAddedAndRemoved",
         {"<controlSocket><allowedUid>1</allowedUid><allowedUid>2</allowedUid></controlSocket>",
          "<controlSocket><remove "
          "name='1'/><allowedUid>2</allowedUid><allowedUid>3</allowedUid></controlSocket>"},
         "100 0, 200 100, 300 200, 400 300, 500 400 | | | 2 3",
         {}},
        {"AnUnknownNameToRemove",
         {names + "<remove name='z'/>" + end},
         built_in,
         {"1.xml:1:52: warning: there is no row or entry \"z\" of an earlier file to remove"}},
    };
}

TEST_P(ConfigMergeRows, GiveThis)
{
    const Case &entry = GetParam();
    Merged merged;

    if (std::string(entry.name) == "ByKey") {
        merge(entry.bodies, {}, merged);
        ASSERT_EQ(merged.problems, std::vector<std::string>{});
        EXPECT_EQ(shown(merged.config.get()), "100 0, 200 100, 300 200, 400 300, 500 400 | a 1 b 3 c 4 | |");
        return;
    }
    merge(entry.bodies, {}, merged);
    // Whether killing comes before squeezing is another rule's affair.
    std::vector<std::string> problems;
    for (const std::string &problem : merged.problems) {
        if (problem.find("killing begins before squeezing") == std::string::npos)
            problems.push_back(problem);
    }
    EXPECT_EQ(problems, entry.problems);
    ASSERT_EQ(merged.config != nullptr, !entry.expected.empty());
    if (merged.config) {
        EXPECT_EQ(shown(merged.config.get()), entry.expected);
    }
}

INSTANTIATE_TEST_SUITE_P(All, ConfigMergeRows, testing::ValuesIn(row_cases()),
                         [](const testing::TestParamInfo<Case> &tested) {
                             return std::string(tested.param.name);
                         });

// ---- keys and ids ----------------------------------------------------------------------------------------

TEST(ConfigMerge, AKeyFindsItsRowAndAnIdComesFirst)
{
    Merged merged;

    merge(
        {apps("<importantBgApp id='x'><procName>a</procName><minPriority>1</minPriority></importantBgApp>" +
              app("b", "2")),
         // by its id; by its key, which has no id yet and gets one
         apps("<importantBgApp id='x'><minPriority>10</minPriority></importantBgApp>"
              "<importantBgApp id='y'><procName>b</procName><minPriority>20</minPriority></importantBgApp>"),
         // by the id that it got
         apps("<importantBgApp id='y'><minPriority>30</minPriority></importantBgApp>")},
        {}, merged);
    ASSERT_EQ(merged.problems, std::vector<std::string>{});
    EXPECT_EQ(shown(merged.config.get()), "100 0, 200 100, 300 200, 400 300, 500 400 | a 10 b 30 | |");
}

TEST(ConfigMerge, TwoIdsAreTwoRowsAndOneKeyInBothIsAnError)
{
    Merged merged;

    merge(
        {apps("<importantBgApp id='x'><procName>a</procName><minPriority>1</minPriority></importantBgApp>"),
         apps("<importantBgApp id='y'><procName>a</procName><minPriority>2</minPriority></importantBgApp>")},
        {}, merged);
    ASSERT_EQ(merged.problems.size(), 1U);
    EXPECT_NE(merged.problems[0].find("procName \"a\" stands in two rows"), std::string::npos);
}

TEST(ConfigMerge, AChangedKeyIsFoundUnderItsNewName)
{
    Merged merged;

    merge({apps("<importantBgApp id='x'><procName>a</procName><minPriority>1</minPriority></importantBgApp>"),
           apps("<importantBgApp id='x'><procName>b</procName></importantBgApp>"),
           apps(app("b", "7") + app("a", "8"))},
          {}, merged);
    ASSERT_EQ(merged.problems, std::vector<std::string>{});
    EXPECT_EQ(shown(merged.config.get()), "100 0, 200 100, 300 200, 400 300, 500 400 | b 7 a 8 | |");
}

TEST(ConfigMerge, ARowIsRemovedByItsKey)
{
    Merged merged;

    merge({apps(app("a", "1") + app("b", "2")), apps("<remove name='a'/>")}, {}, merged);
    ASSERT_EQ(merged.problems, std::vector<std::string>{});
    EXPECT_EQ(shown(merged.config.get()), "100 0, 200 100, 300 200, 400 300, 500 400 | b 2 | |");
}

TEST(ConfigMerge, AKeyTwiceInOneFileIsAnError)
{
    Merged merged;

    merge({apps(app("a", "1")), apps(app("a", "2") + "\n" + app("a", "3"))}, {}, merged);
    EXPECT_EQ(merged.problems,
              std::vector<std::string>{"2.xml:2:27: error: procName \"a\" stands in two rows (first "
                                       "in line 1), expected it in one"});
}

// ---- values ----------------------------------------------------------------------------------------------

TEST(ConfigMerge, ValuesAreOverriddenOneByOne)
{
    Merged merged;

    merge({"<bpf><enabled>false</enabled><ringKB>8</ringKB></bpf><logging><level>debug</level></logging>",
           "<bpf><ringKB>16</ringKB></bpf>", "<bpf/>"},
          {}, merged);
    ASSERT_EQ(merged.problems, std::vector<std::string>{});
    EXPECT_FALSE(merged.config->bpf.is_enabled);
    EXPECT_EQ(merged.config->bpf.ring_bytes, 16384U);
}

TEST(ConfigMerge, AValueGoesBackToBuiltIn)
{
    Merged merged;

    merge({"<bpf><enabled>false</enabled><ringKB>8</ringKB></bpf>", "<remove element='bpf/ringKB'/>"}, {},
          merged);
    ASSERT_EQ(merged.problems, std::vector<std::string>{});
    EXPECT_FALSE(merged.config->bpf.is_enabled);
    EXPECT_EQ(merged.config->bpf.ring_bytes, 65536U);
}

TEST(ConfigMerge, AnAliasIsRemovedByEitherName)
{
    Merged merged;

    merge(
        {"<nandlife><dailySwapOutQuotaMB>5</dailySwapOutQuotaMB><totalSwapOutQuotaMB>9</totalSwapOutQuotaMB>"
         "</nandlife>",
         "<remove element='nandLifeConfig'/>"},
        {}, merged);
    EXPECT_EQ(merged.problems, std::vector<std::string>{});
    EXPECT_EQ(merged.config->nand_life.daily_quota_bytes, 0U);
}

// A file's mistake is one even where a later file makes it good.
TEST(ConfigMerge, AnOverriddenMistakeIsStillReported)
{
    Merged merged;

    merge({"<bpf><ringKB>x</ringKB></bpf>", "<bpf><ringKB>16</ringKB></bpf>"}, {}, merged);
    EXPECT_EQ(merged.problems,
              std::vector<std::string>{
                  "1.xml:1:22: error: ringKB is \"x\", expected a whole number of KB from 4 to 16384"});
}

TEST(ConfigMerge, RulesLookAtWhatIsInForce)
{
    Merged merged;

    // alone the second file's buffer would be below the built-in high one; over the first it is above
    merge({"<availBufferConfig><highAvailBuffer>900</highAvailBuffer></availBufferConfig>",
           "<availBufferConfig><availBuffer>1000</availBuffer></availBufferConfig>"},
          {}, merged);
    EXPECT_EQ(
        merged.problems,
        std::vector<std::string>{"2.xml:1:41: error: availBuffer 1000 is above highAvailBuffer 900, expected "
                                 "availBuffer <= highAvailBuffer"});
}

// ---- what may stand in <remove> ---------------------------------------------------------------------------

TEST(ConfigRemove, IsChecked)
{
    const struct {
        const char *body, *problem;
    } cases[] = {
        {"<remove/>",
         "1.xml:1:9: error: <remove> in <Memmgr> has no element, expected the path of what goes back to its "
         "built-in value"},
        {"<remove id='3'/>",
         "1.xml:1:9: error: <remove> in <Memmgr> has no element, expected the path of what goes "
         "back to its built-in value"},
        {"<remove element='killConfg'/>",
         "1.xml:1:26: error: element is \"killConfg\", expected the path of an element "
         "below <Memmgr>; did you mean \"killConfig\"?"},
        {"<remove element='killConfig/killLevel/memoryMB'/>",
         "1.xml:1:26: error: element is \"killConfig/killLevel/memoryMB\", which is in a row, expected a "
         "section, rows "
         "or a value outside of rows"},
        {"<killConfig><remove/></killConfig>",
         "1.xml:1:21: error: <remove> in <killConfig> has neither id nor name, expected one of id and name"},
        {"<killConfig><remove id='1' name='2'/></killConfig>",
         "1.xml:1:21: error: <remove> in <killConfig> has both, expected one of id and name"},
        {"<bpf><remove id='1'/></bpf>", "1.xml:1:14: error: <remove> stands in <bpf>, which has no rows and "
                                        "no list to take something from; <remove "
                                        "element=\"...\"/> directly in <Memmgr> puts values back"},
        {"<killConfig><remove id='1'>x</remove></killConfig>",
         "1.xml:1:36: error: text in <remove>, which holds nothing"},
        {"<killConfig><remove id='1'><bpf/></remove></killConfig>",
         "1.xml:1:36: error: <bpf> stands in <remove>, which holds nothing"},
        {"<killConfig><remvoe id='1'/></killConfig>",
         "1.xml:1:21: warning: unknown element <remvoe> in <killConfig> is ignored; did you mean <remove>?"},
        {"<killConfig><remove ID='1' id='x'/></killConfig>",
         "1.xml:1:21: warning: unknown attribute ID of <remove> is ignored"},
    };
    for (const auto &entry : cases) {
        Merged merged;

        merge({entry.body}, {}, merged);
        EXPECT_NE(std::find(merged.problems.begin(), merged.problems.end(), entry.problem),
                  merged.problems.end())
            << entry.body << "\n"
            << (merged.problems.empty() ? "" : merged.problems[0]);
    }
}

TEST(ConfigRemove, AnAttributeThatIsTooLongIsAnError)
{
    Merged merged;

    merge({"<killConfig><killLevel id='" + std::string(128, 'a') +
           "'><memoryMB>1</memoryMB><minPriority>0</minPriority></killLevel></killConfig>"},
          {}, merged);
    ASSERT_FALSE(merged.problems.empty());
    EXPECT_EQ(merged.problems[0].substr(0, 67),
              "1.xml:1:36: error: id of <killLevel> is longer than 127 bytes");
}

// ---- origins ---------------------------------------------------------------------------------------------

std::string origin(const mm_config *config, const char *path, unsigned instance = 0)
{
    mm_origin found{};

    if (!mm_config_origin(config, mm_vocabulary_find(path), instance, &found))
        return "built-in";
    return std::string(found.file) + ":" + std::to_string(found.line) + ":" + std::to_string(found.column) +
           (found.id ? std::string(" id ") + found.id : "") +
           (found.profile ? std::string(" in ") + found.profile : "");
}

TEST(ConfigOrigin, EachValueKnowsWhereItCameFrom)
{
    Merged merged;

    merge(
        {table("\n" + row("a", "300", "200") + "\n" + row("b", "100", "0")) + ring("8"),
         table("\n\n" + row("a", "310", "")) + profile("name='p'", "\n" + ring("16")) +
             "<reclaimPriorityConfig><killalbeSystemApps><killableSysApp/><killableSysApp>x</killableSysApp>"
             "</killalbeSystemApps></reclaimPriorityConfig>"},
        {}, merged);
    ASSERT_NE(merged.config, nullptr);
    const mm_config *config = merged.config.get();

    EXPECT_EQ(shown(config), "100 0, 310 200 | | x |");
    EXPECT_EQ(origin(config, "killConfig"), "2.xml:1:9");
    // by their place in the configuration, which is not that in the file
    EXPECT_EQ(origin(config, "killConfig/killLevel", 0), "1.xml:3:1 id b");
    EXPECT_EQ(origin(config, "killConfig/killLevel/memoryMB", 0), "1.xml:3:29");
    EXPECT_EQ(origin(config, "killConfig/killLevel", 1), "1.xml:2:1 id a");
    EXPECT_EQ(origin(config, "killConfig/killLevel/memoryMB", 1), "2.xml:3:29");
    EXPECT_EQ(origin(config, "killConfig/killLevel/minPriority", 1), "1.xml:2:56");
    EXPECT_EQ(origin(config, "killConfig/killLevel", 2), "built-in");
    EXPECT_EQ(origin(config, "bpf/ringKB"), "2.xml:4:14 in p");
    EXPECT_EQ(origin(config, "bpf/enabled"), "built-in");
    EXPECT_EQ(origin(config, "reclaimPriorityConfig/killalbeSystemApps/killableSysApp", 0).substr(0, 6),
              "2.xml:");
    ASSERT_EQ(mm_config_file_count(config), 2U);
    EXPECT_STREQ(mm_config_file_at(config, 0), "1.xml");
    EXPECT_EQ(mm_config_file_profile(config, 0), nullptr);
    EXPECT_STREQ(mm_config_file_profile(config, 1), "p");
}

TEST(ConfigOrigin, TheBuiltInHasNone)
{
    ConfigPointer config(mm_config_new());

    EXPECT_EQ(mm_config_file_count(config.get()), 0U);
    EXPECT_EQ(origin(config.get(), "bpf/ringKB"), "built-in");
}

// Items that were not merged are a mistake of the program, not a configuration.
TEST(ConfigMerge, RemovalsMustNotReachTheBuilder)
{
    Items items;
    Problems problems;
    mm_config *config = nullptr;
    const std::string text = "<Memmgr><remove element='bpf'/></Memmgr>";

    ASSERT_EQ(mm_config_parse_xml("f.xml", text.data(), text.size(), &items.value, &problems.value), 0);
    EXPECT_EQ(mm_config_build(&items.value, nullptr, &config, &problems.value), -EBADMSG);
}

// The same files give the same, whatever was done before: nothing is kept between two mergings.
TEST(ConfigMerge, IsAFunction)
{
    const std::vector<std::string> bodies = {table(row("1", "100", "0") + row("2", "200", "100")) + ring("8"),
                                             table("<remove id='1'/>" + row("3", "300", "200")),
                                             profile("minRamMB='1'", ring("32"))};
    Merged first, second;

    merge(bodies, {1024}, first);
    merge(bodies, {1024}, second);
    ASSERT_NE(first.config, nullptr);
    EXPECT_EQ(printed(first.config.get()), printed(second.config.get()));
    EXPECT_EQ(first.problems, second.problems);
}

// Many names over many files take a moment, not minutes.
TEST(ConfigMerge, ManyNamesAreQuick)
{
    std::vector<std::string> bodies;

    for (int f = 0; f < 20; f++) {
        std::string list;
        for (int i = 0; i < 1000; i++)
            list += "<killableSysApp>a" + std::to_string(i + f) + "</killableSysApp>";
        bodies.push_back("<reclaimPriorityConfig><killalbeSystemApps>" + list +
                         "</killalbeSystemApps></reclaimPriorityConfig>");
    }
    Merged merged;
    merge(bodies, {}, merged);
    ASSERT_EQ(merged.problems, std::vector<std::string>{});
    EXPECT_EQ(merged.config->reclaim_priority.killable_system_app_count, 1019U);
}

} // namespace
