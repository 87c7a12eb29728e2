// SPDX-License-Identifier: Apache-2.0
// Each rule of the configuration, on the body of a file that breaks it, and upstream's traps.
#include "config/items.h"
#include "config/vocabulary.h"
#include "config_helpers.hpp"

#include <cctype>

namespace
{

constexpr uint64_t MiB = 1024 * 1024;

struct BodyCase {
    const char *name;
    std::string body;
    std::vector<std::string> problems; // without "f.xml:"
    uint64_t ram_bytes = 0;
};

std::string row(const std::string &memory, const std::string &priority)
{
    return "<killLevel><memoryMB>" + memory + "</memoryMB><minPriority>" + priority +
           "</minPriority></killLevel>";
}

std::string rows(unsigned count)
{
    std::string all;

    for (unsigned i = 1; i <= count; i++)
        all += row(std::to_string(i), std::to_string(i));
    return "<killConfig>" + all + "</killConfig>";
}

std::string avail(const std::string &min, const std::string &middle, const std::string &high)
{
    return "<availBufferConfig><minAvailBuffer>" + min + "</minAvailBuffer>\n<availBuffer>" + middle +
           "</availBuffer>\n<highAvailBuffer>" + high + "</highAvailBuffer></availBufferConfig>";
}

std::string zswapd(const std::string &content)
{
    return "<reclaimConfig><ZswapdParam>" + content + "</ZswapdParam></reclaimConfig>";
}

// A line for each.
std::string zswapds(const std::vector<std::string> &contents)
{
    std::string all = "<reclaimConfig>";

    for (const std::string &content : contents)
        all += "\n<ZswapdParam>" + content + "</ZswapdParam>";
    return all + "</reclaimConfig>";
}

std::string important(const std::string &name, const std::string &priority)
{
    return "<importantBgApp><procName>" + name + "</procName><minPriority>" + priority +
           "</minPriority></importantBgApp>\n";
}

// Below any RAM.
const char *const levels =
    "<systemMemoryLevelConfig><purgeable>4</purgeable><moderate>3</moderate><low>2</low>"
    "<critical>1</critical></systemMemoryLevelConfig>";

const char *const zswapd_note = "1:9: note: reclaimConfig: accepted, not used yet";

std::vector<BodyCase> body_cases()
{
    return {
        {"Empty", "", {}},
        {"SectionsInAnyOrder", "<logging/><killConfig>" + row("1", "1") + "</killConfig><bpf></bpf>", {}},
        {"TenRows", rows(10), {}},
        {"ElevenRows", rows(11), {"1:753: error: more than 10 killLevel, expected at most that many"}},
        {"TwelveRowsAreSaidOnce",
         rows(12),
         {"1:753: error: more than 10 killLevel, expected at most that many"}},
        {"KillConfigWithoutRows",
         "<killConfig/>",
         {"1:9: error: killConfig has no killLevel, expected 1 to 10 (killPolicy/enabled false is how nobody "
          "is "
          "killed)"}},
        {"RowsInAnyOrder",
         "<killConfig>" + row("1", "1") + row("3", "3") + row("2", "2") + "</killConfig>",
         {}},
        {"SameMemory",
         "<killConfig>" + row("5", "1") + "\n" + row("5", "2") + "</killConfig>",
         {"2:22: error: memoryMB 5 stands in two rows (first in line 1), expected a different one in each"}},
        {"PriorityNotRising",
         "<killConfig>" + row("500", "400") + "\n" + row("400", "400") + "</killConfig>",
         {"1:69: error: minPriority 400 at 500 MB is not above minPriority 400 at 400 MB, expected it to "
          "rise with "
          "memory"}},
        {"PriorityFalling",
         "<killConfig>" + row("500", "0") + "\n" + row("400", "100") + "</killConfig>",
         {"1:69: error: minPriority 0 at 500 MB is not above minPriority 100 at 400 MB, expected it to rise "
          "with "
          "memory"}},
        {"MissingPriority",
         "<killConfig><killLevel><memoryMB>5</memoryMB></killLevel></killConfig>",
         {"1:21: error: killLevel has no minPriority, expected one in each killLevel"}},
        {"MissingBoth",
         "<killConfig><killLevel/></killConfig>",
         {"1:21: error: killLevel has no memoryMB, expected one in each killLevel",
          "1:21: error: killLevel has no minPriority, expected one in each killLevel"}},
        {"OneBadRowIsTheOnlyProblem",
         "<killConfig>" + row("12x", "400") + "\n" + row("400", "300") + "</killConfig>",
         {"1:42: error: memoryMB is \"12x\", expected a whole number of MB from 1 to 16777216, the same with "
          "its unit (512M, 2G), or a share of RAM (10%)"}},
        {"PriorityOutOfRange",
         "<killConfig>" + row("500", "2000") + "</killConfig>",
         {"1:69: error: minPriority is \"2000\", expected a whole number from -1000 to 1000"}},
        {"EmptyValueIsShownAtItsTag",
         "<killConfig>" + row("", "1") + "</killConfig>",
         {"1:32: error: memoryMB is empty, expected a whole number of MB from 1 to 16777216, the same with "
          "its unit (512M, 2G), or a share of RAM (10%)"}},
        {"BlankValue",
         "<bpf><ringKB>  \n </ringKB></bpf>",
         {"1:14: error: ringKB is empty, expected a whole number of KB from 4 to 16384"}},
        {"AllProblemsInOnePass",
         "<killConfig>" + row("x", "y") +
             "</killConfig>\n<bpf><enabled>maybe</enabled></bpf>\n"
             "<loging/><controlSocket><path>run</path></controlSocket>",
         {"1:42: error: memoryMB is \"x\", expected a whole number of MB from 1 to 16777216, the same with "
          "its unit (512M, 2G), or a share of RAM (10%)",
          "1:67: error: minPriority is \"y\", expected a whole number from -1000 to 1000",
          "2:15: error: enabled is \"maybe\", expected true or false (yes, no, on, off, 1, 0)",
          "3:1: warning: unknown element <loging> in <Memmgr> is ignored; did you mean <logging>?",
          "3:31: error: path is \"run\", expected a path that begins with / and has at most 107 bytes "
          "without control "
          "characters or a name . or .., or nothing"}},
        {"AvailOrderHolds", avail("501", "501", "501"), {}},
        {"MinAboveAvail",
         avail("801", "800", "850"),
         {"1:44: error: minAvailBuffer 801 is above availBuffer 800, expected minAvailBuffer <= "
          "availBuffer"}},
        {"AvailAboveHigh",
         avail("600", "900", "850"),
         {"2:14: error: availBuffer 900 is above highAvailBuffer 850, expected availBuffer <= "
          "highAvailBuffer"}},
        {"MissingAvailIsBuiltIn",
         "<availBufferConfig><availBuffer>100</availBuffer></availBufferConfig>",
         {"1:41: error: minAvailBuffer 750 (built-in) is above availBuffer 100, expected minAvailBuffer <= "
          "availBuffer"}},
        {"BadAvailKeepsRulesSilent",
         avail("-1", "100", "200"),
         {"1:44: error: minAvailBuffer is \"-1\", expected a whole number of MB from 0 to 16777216, the same "
          "with its unit (512M, 2G), or a share of RAM (10%)"}},
        {"KillingBeforeSqueezing",
         avail("500", "800", "850"),
         {"1:44: warning: minAvailBuffer 500 is not above the highest memoryMB 500 (built-in): killing "
          "begins before "
          "squeezing"}},
        {"KillingBeforeSqueezingByRows",
         "<killConfig>" + row("760", "1") + "</killConfig>",
         {"1:42: warning: minAvailBuffer 750 (built-in) is not above the highest memoryMB 760: killing "
          "begins before "
          "squeezing"}},
        {"NobodySqueezed",
         avail("500", "800", "850") + "<squeezeConfig><enabled>off</enabled></squeezeConfig>",
         {}},
        {"LevelsOutOfOrder",
         "<systemMemoryLevelConfig><low>500</low></systemMemoryLevelConfig>",
         {"1:39: error: critical 600 (built-in) is above low 500, expected critical <= low"}},
        {"LevelsReversed",
         "<systemMemoryLevelConfig><purgeable>1</purgeable><moderate>2</moderate><low>3</low><critical>4</"
         "critical>"
         "</systemMemoryLevelConfig>",
         {"1:68: error: moderate 2 is above purgeable 1, expected moderate <= purgeable",
          "1:85: error: low 3 is above moderate 2, expected low <= moderate",
          "1:102: error: critical 4 is above low 3, expected critical <= low"}},
        {"EqualLevels",
         "<systemMemoryLevelConfig><low>700</low><critical>700</critical></systemMemoryLevelConfig>",
         {}},
        {"IntervalsOutOfOrder",
         "<waterlineWatch><minIntervalMs>20</minIntervalMs><maxIntervalMs>10</maxIntervalMs></"
         "waterlineWatch>",
         {"1:40: error: minIntervalMs 20 is above maxIntervalMs 10, expected minIntervalMs <= "
          "maxIntervalMs"}},
        {"StallLongerThanWindow",
         "<pressureTriggers><pressureTrigger><kind>some</kind><stallUs>600000</stallUs><windowUs>500000</"
         "windowUs>"
         "</pressureTrigger></pressureTriggers>",
         {"1:70: error: stallUs 600000 is above windowUs 500000, expected stallUs <= windowUs"}},
        {"NoTriggers", "<pressureTriggers/>", {}},
        {"NothingWakesTheKiller",
         "<pressureTriggers/><waterlineWatch><enabled>false</enabled></waterlineWatch>",
         {"1:53: warning: neither a waterlineWatch nor a pressureTrigger: nothing will ever wake the "
          "killer"}},
        {"RingNoPowerOfTwo",
         "<bpf><ringKB>48</ringKB></bpf>",
         {"1:22: error: ringKB is \"48\", expected a power of two"}},
        {"SocketIsTooLong",
         "<controlSocket><path>/" + std::string(107, 'a') + "</path></controlSocket>",
         {"1:30: error: path is \"/" + std::string(55, 'a') +
          "...\", expected a path that begins with / and has at most 107 bytes without control characters "
          "or a name . or .., or "
          "nothing"}},
        {"TooManyUids",
         "<controlSocket>" +
             [] {
                 std::string all;
                 for (int i = 0; i < 17; i++)
                     all += "<allowedUid>" + std::to_string(10 + i) + "</allowedUid>";
                 return all;
             }() +
             "</controlSocket>",
         {"1:468: error: more than 16 allowedUid"}},
        {"AboveRam",
         "<killConfig>" + row("700", "1") + "</killConfig>" + avail("701", "1000", "1000"),
         {"1:42: error: memoryMB 700 is above this device's RAM of 512 MB, expected at most that",
          "1:144: error: minAvailBuffer 701 is above this device's RAM of 512 MB, expected at most that",
          "2:14: error: availBuffer 1000 is above this device's RAM of 512 MB, expected at most that",
          "3:18: error: highAvailBuffer 1000 is above this device's RAM of 512 MB, expected at most that",
          "warning: purgeable 1024 (built-in) is above this device's RAM of 512 MB",
          "warning: moderate 800 (built-in) is above this device's RAM of 512 MB",
          "warning: low 700 (built-in) is above this device's RAM of 512 MB",
          "warning: critical 600 (built-in) is above this device's RAM of 512 MB"},
         512 * MiB},
        {"BelowRam", "", {}, 2048 * MiB},
        // both spellings, both places
        {"BothSpellings",
         "<reclaimPriorityConfig><killalbeSystemApps/>\n<killableSystemApps/></reclaimPriorityConfig>",
         {"2:1: error: killableSystemApps and killalbeSystemApps (line 1) are two names of one thing, "
          "expected one of "
          "them"}},
        {"BothNandlife",
         "<nandLifeConfig><dailySwapOutQuotaMB>1</dailySwapOutQuotaMB></nandLifeConfig>\n"
         "<nandlife><dailySwapOutQuotaMB>1</dailySwapOutQuotaMB></nandlife>",
         {"1:9: note: nandLifeConfig: accepted, not used yet",
          "2:1: error: nandlife and nandLifeConfig (line 1) are two names of one thing, expected one of "
          "them"}},
        {"BothAvailBuffers",
         "<availBufferConfig/><reclaimConfig><availbufferSize/></reclaimConfig>",
         {"1:44: error: availbufferSize and availBufferConfig (line 1) are two names of one thing, expected "
          "one of "
          "them"}},
        {"BothRatios",
         zswapd("<zram2ufsRatio>1</zram2ufsRatio><zran2ufsRation>1</zran2ufsRation>"),
         {zswapd_note,
          "1:85: error: zran2ufsRation and zram2ufsRatio (line 1) are two names of one thing, expected one "
          "of them"}},
        {"RatiosOfTwoRowsMayDiffer",
         "<reclaimConfig><ZswapdParam><maxScore>9</maxScore><zram2ufsRatio>1</zram2ufsRatio></ZswapdParam>"
         "<ZswapdParam><minScore>10</minScore><zran2ufsRation>1</zran2ufsRation></ZswapdParam></"
         "reclaimConfig>",
         {zswapd_note}},
        {"ScoresOverlap",
         zswapds({"<maxScore>500</maxScore>", "<minScore>500</minScore>"}),
         {zswapd_note, "3:24: error: the scores 500 to 1000 of this ZswapdParam overlap those of another, 0 "
                       "to 500, expected "
                       "each score in one"}},
        {"ScoresOverlapInAnyOrder",
         zswapds({"<minScore>400</minScore>", "<maxScore>500</maxScore>"}),
         {zswapd_note, "2:24: error: the scores 400 to 1000 of this ZswapdParam overlap those of another, 0 "
                       "to 500, expected "
                       "each score in one"}},
        {"ScoresWithin",
         zswapds({"<maxScore>1000</maxScore>", "<minScore>3</minScore><maxScore>4</maxScore>"}),
         {zswapd_note, "3:24: error: the scores 3 to 4 of this ZswapdParam overlap those of another, 0 to "
                       "1000, expected each "
                       "score in one"}},
        {"ScoresLeaveHoles",
         zswapds({"<minScore>10</minScore><maxScore>20</maxScore>",
                  "<minScore>31</minScore><maxScore>40</maxScore>"}),
         {zswapd_note,
          "2:24: warning: no ZswapdParam is for the scores 0 to 9: zswapd leaves these groups as they are",
          "3:24: warning: no ZswapdParam is for the scores 21 to 30: zswapd leaves these groups as they are",
          "3:47: warning: no ZswapdParam is for the scores 41 to 1000: zswapd leaves these groups as they "
          "are"}},
        {"ScoresReversed",
         zswapds({"<maxScore>4</maxScore><minScore>5</minScore>"}),
         {zswapd_note, "2:46: error: minScore 5 is above maxScore 4, expected minScore <= maxScore"}},
        {"ScoresMeet", zswapds({"<minScore>501</minScore>", "<maxScore>500</maxScore>"}), {zswapd_note}},
        {"NoZswapdParamIsTheBuiltInOne", "<reclaimConfig/>", {}},
        {"DailyAboveTotal",
         "<nandLifeConfig><dailySwapOutQuotaMB>200</dailySwapOutQuotaMB>\n"
         "<totalSwapOutQuotaMB>199</totalSwapOutQuotaMB></nandLifeConfig>",
         {"1:9: note: nandLifeConfig: accepted, not used yet",
          "1:46: error: dailySwapOutQuotaMB 200 is above totalSwapOutQuotaMB 199, expected "
          "dailySwapOutQuotaMB <= "
          "totalSwapOutQuotaMB"}},
        {"DailyWithoutTotal",
         "<nandlife><dailySwapOutQuotaMB>200</dailySwapOutQuotaMB></nandlife>",
         {"1:9: note: nandlife: accepted, not used yet"}},
        {"SharesOfRam",
         "<killConfig>" + row("10%", "1") + row("20%", "2") + "</killConfig>" + avail("21%", "22%", "23%") +
             levels,
         {},
         1000 * MiB},
        {"ShareOfUnknownRam",
         "<killConfig>" + row("10%", "1") + "</killConfig>",
         {"1:42: error: memoryMB is \"10%\" of this device's RAM, which is not known, expected a size"}},
        {"ShareThatIsNothing",
         "<killConfig>" + row("0%", "1") + "</killConfig>" + levels,
         {"1:42: error: memoryMB is \"0%\" of this device's RAM of 1000 MB, expected a whole number of MB "
          "from 1 to "
          "16777216, the same with its unit (512M, 2G), or a share of RAM (10%)"},
         1000 * MiB},
        {"SharesThatMeetAfterAll",
         "<killConfig>" + row("10%", "1") + "\n" + row("100", "2") + "</killConfig>" + levels,
         {"2:22: error: memoryMB 100 stands in two rows (first in line 1), expected a different one in each"},
         1000 * MiB},
        {"ScoreOutOfRange",
         zswapd("<minScore>-1000</minScore>"),
         {"1:47: error: minScore is \"-1000\", expected a whole number from 0 to 1000"}},
        {"RefaultOutOfRange",
         zswapd("<refaultThreshold>101</refaultThreshold>"),
         {"1:55: error: refaultThreshold is \"101\", expected a whole number of percent from 0 to 100"}},
        {"RatioUnderItsOtherNameIsChecked",
         zswapd("<zran2ufsRation>1O</zran2ufsRation>"),
         {"1:53: error: zran2ufsRation is \"1O\", expected a whole number of percent from 0 to 100"}},
        {"ElevenZswapdParams",
         [] {
             std::string all;
             for (int i = 0; i < 11; i++)
                 all += "<ZswapdParam/>";
             return "<reclaimConfig>" + all + "</reclaimConfig>";
         }(),
         {zswapd_note, "1:164: error: more than 10 ZswapdParam, expected at most that many"}},
        // repetition
        {"ValueTwice",
         "<logging><level>info</level>\n<level>debug</level></logging>",
         {"2:8: error: level is given twice (first in line 1), expected it once"}},
        {"ValueTwiceInARow",
         "<killConfig><killLevel><memoryMB>1</memoryMB><memoryMB>2</memoryMB><minPriority>1</minPriority></"
         "killLevel>"
         "</killConfig>",
         {"1:64: error: memoryMB is given twice (first in line 1), expected it once"}},
        {"SectionTwiceIsJoined",
         "<killConfig>" + row("1", "1") + "</killConfig>\n<killConfig>" + row("2", "2") + "</killConfig>",
         {"2:1: warning: killConfig is there again (first in line 1): both are taken as one"}},
        // lists
        {"ImportantAppTwice",
         "<reclaimPriorityConfig><importantBgApps><importantBgApp><procName>a</procName><minPriority>1</"
         "minPriority>"
         "</importantBgApp>\n<importantBgApp><procName> "
         "a</procName><minPriority>2</minPriority></importantBgApp>"
         "</importantBgApps></reclaimPriorityConfig>",
         {"2:28: error: procName \"a\" stands in two rows (first in line 1), expected it in one"}},
        {"ImportantAppWithoutName",
         "<reclaimPriorityConfig><importantBgApps><importantBgApp><procName> "
         "</procName><minPriority>1</minPriority>"
         "</importantBgApp></importantBgApps></reclaimPriorityConfig>",
         {"1:65: error: procName is empty, expected at most 127 bytes without control characters"}},
        {"ImportantAppWithoutPriority",
         "<reclaimPriorityConfig><importantBgApps><importantBgApp><procName>a</procName></importantBgApp>"
         "</importantBgApps></reclaimPriorityConfig>",
         {"1:49: error: importantBgApp has no minPriority, expected one in each importantBgApp"}},
        {"ImportantApp1001",
         "<reclaimPriorityConfig><importantBgApps><importantBgApp><procName>a</procName><minPriority>1001</"
         "minPriority>"
         "</importantBgApp></importantBgApps></reclaimPriorityConfig>",
         {"1:100: error: minPriority is \"1001\", expected a whole number from -1000 to 1000"}},
        {"NamesThatAreDecidedElsewhere",
         "<systemApps><app>a</app><app>b</app></systemApps>\n<reclaimPriorityConfig><killableSystemApps>"
         "<killableSysApp/>\n<killableSysApp> b </killableSysApp>\n<killableSysApp>c</killableSysApp>"
         "</killableSystemApps><importantBgApps>\n" +
             important("a", "100") + important("c", "100") + important("d", "100") +
             "</importantBgApps></reclaimPriorityConfig>",
         {"3:18: warning: killableSysApp \"b\" has no effect: systemApps keeps that name at -1000",
          "5:27: warning: procName \"a\" has no effect: systemApps keeps that name at -1000",
          "6:27: warning: procName \"c\" has no effect: killalbeSystemApps keeps that name at -800"}},
        {"ImportantAboveResident",
         "<reclaimPriorityConfig><killableSystemApps><killableSysApp>c</killableSysApp></killableSystemApps>"
         "<importantBgApps>" +
             important("c", "-900") + "</importantBgApps></reclaimPriorityConfig>",
         {}},
        {"NameWithControlCharacter",
         "<reclaimPriorityConfig><killalbeSystemApps><killableSysApp>a&#9;b</killableSysApp></"
         "killalbeSystemApps>"
         "</reclaimPriorityConfig>",
         {"1:68: error: killableSysApp is \"a\\x09b\", expected at most 127 bytes without control "
          "characters"}},
        {"PurgeListsOfSeveralNames",
         "<purgeablememConfig><purgeWhiteAppList><procName>a</procName><procName>b</procName></"
         "purgeWhiteAppList>"
         "<purgeWhiteAppList/></purgeablememConfig>",
         {"1:9: note: purgeablememConfig: accepted, not used yet"}},
        {"SwitchText",
         "<switchConfig><bigMemKillSwitch>on</bigMemKillSwitch></switchConfig>",
         {"1:41: error: bigMemKillSwitch is \"on\", expected a whole number from 0 to 9223372036854775807"}},
        {"QuotaOverflow",
         "<nandLifeConfig><totalSwapOutQuotaMB>18446744073709551616</totalSwapOutQuotaMB></nandLifeConfig>",
         {"1:46: error: totalSwapOutQuotaMB is \"18446744073709551616\", expected a whole number of MB from "
          "0 to "
          "8796093022207"}},
        // upstream: a comment ended its section, or dropped the values behind it
        {"CommentsAnywhere",
         "<!-- a --><killConfig><!-- b --><killLevel><!-- c --><memoryMB><!-- d -->5<!-- e --></memoryMB>"
         "<minPriority>1<!-- f --></minPriority><!-- g --></killLevel></killConfig><!-- h -->" +
             avail("<!-- i -->600", "800<!-- k -->", "8<!-- l -->50"),
         {}},
        {"CommentBeforeABadValue",
         "<bpf><ringKB><!-- x -->  y</ringKB></bpf>",
         {"1:34: error: ringKB is \"y\", expected a whole number of KB from 4 to 16384"}},
        // upstream: an unknown element dropped the rest of the file
        {"UnknownElementsAreLeftOut",
         "<mystery><memoryMB>x</memoryMB><deep><er/></deep></mystery>\n<bpf><ringKB>y</ringKB></bpf>",
         {"1:9: warning: unknown element <mystery> in <Memmgr> is ignored",
          "2:14: error: ringKB is \"y\", expected a whole number of KB from 4 to 16384"}},
        {"UnknownInARow",
         "<killConfig><killLevel><memoryMb>5</memoryMb><minPriority>1</minPriority></killLevel></killConfig>",
         {"1:21: error: killLevel has no memoryMB, expected one in each killLevel",
          "1:32: warning: unknown element <memoryMb> in <killLevel> is ignored; did you mean <memoryMB>?"}},
        {"KnownElsewhere",
         "<memoryMB>5</memoryMB>",
         {"1:9: warning: unknown element <memoryMB> in <Memmgr> is ignored; it belongs in "
          "<killConfig/killLevel>"}},
        {"BogusChildOfReclaimConfig",
         "<reclaimConfig><minScore>1</minScore></reclaimConfig>",
         {"1:24: warning: unknown element <minScore> in <reclaimConfig> is ignored; it belongs in "
          "<reclaimConfig/ZswapdParam>"}},
    };
}

class ConfigBody : public testing::TestWithParam<BodyCase>
{
};

TEST_P(ConfigBody, GivesTheseProblems)
{
    const BodyCase &wanted = GetParam();
    Loaded loaded = load_body(wanted.body, wanted.ram_bytes);
    std::multiset<std::string> expected, found;
    bool has_error = false;

    for (const std::string &problem : wanted.problems) {
        bool is_placed = isdigit(problem[0]) != 0;
        expected.insert((is_placed ? "f.xml:" : "") + problem);
        has_error |= problem.find("error:") != std::string::npos;
    }
    found.insert(loaded.problems.begin(), loaded.problems.end());
    EXPECT_EQ(found, expected);
    EXPECT_EQ(loaded.result, has_error ? -EINVAL : 0);
    EXPECT_EQ(loaded.config != nullptr, !has_error);
}

INSTANTIATE_TEST_SUITE_P(All, ConfigBody, testing::ValuesIn(body_cases()),
                         [](const auto &entry) { return std::string(entry.param.name); });

} // namespace
