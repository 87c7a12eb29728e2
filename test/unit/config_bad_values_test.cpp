// SPDX-License-Identifier: Apache-2.0
// Values that are none: each type, and the ways to get it wrong.
#include "config_bad_files.hpp"

namespace
{

const char *const buffer_expected = "expected a whole number of MB from 0 to 16777216, the same with its "
                                    "unit (512M, 2G), or a share of RAM (10%)";
const char *const waterline_expected = "expected a whole number of MB from 1 to 16777216, the same with its "
                                       "unit (512M, 2G), or a share of RAM (10%)";
const char *const priority_expected = "expected a whole number from -1000 to 1000";
const char *const name_expected = "expected at most 127 bytes without control characters";

std::vector<BadFile> sizes()
{
    return {
        {"Trailing",
         content("<availBufferConfig>\n  <swapReserve>500x</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"500x\", ") + buffer_expected}},
        {"Fraction",
         content("<availBufferConfig>\n  <swapReserve>3.9</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"3.9\", ") + buffer_expected}},
        {"Negative",
         content("<availBufferConfig>\n  <swapReserve>-1</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"-1\", ") + buffer_expected}},
        {"Enormous",
         content(
             "<availBufferConfig>\n  <swapReserve>99999999999999999999</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"99999999999999999999\", ") + buffer_expected}},
        {"AboveTheMost",
         content("<availBufferConfig>\n  <swapReserve>16777217</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"16777217\", ") + buffer_expected}},
        {"Plus",
         content("<availBufferConfig>\n  <swapReserve>+500</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"+500\", ") + buffer_expected}},
        {"Hexadecimal",
         content("<availBufferConfig>\n  <swapReserve>0x1F4</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"0x1F4\", ") + buffer_expected}},
        {"Exponent",
         content("<availBufferConfig>\n  <swapReserve>5e2</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"5e2\", ") + buffer_expected}},
        {"Comma",
         content("<availBufferConfig>\n  <swapReserve>1,000</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"1,000\", ") + buffer_expected}},
        {"Apostrophe",
         content("<availBufferConfig>\n  <swapReserve>1'000</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"1'000\", ") + buffer_expected}},
        {"InnerBlank",
         content("<availBufferConfig>\n  <swapReserve>5 00</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"5 00\", ") + buffer_expected}},
        {"TwoUnits",
         content("<availBufferConfig>\n  <swapReserve>500MK</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"500MK\", ") + buffer_expected}},
        {"UnknownUnit",
         content("<availBufferConfig>\n  <swapReserve>500X</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"500X\", ") + buffer_expected}},
        {"Kilobytes",
         content("<availBufferConfig>\n  <swapReserve>1500K</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"1500K\", ") + buffer_expected}},
        {"TooManyTerabytes",
         content("<availBufferConfig>\n  <swapReserve>17T</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"17T\", ") + buffer_expected}},
        {"NegativeWithUnit",
         content("<availBufferConfig>\n  <swapReserve>-1G</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"-1G\", ") + buffer_expected}},
        {"FractionWithUnit",
         content("<availBufferConfig>\n  <swapReserve>1.5G</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"1.5G\", ") + buffer_expected}},
        {"Words",
         content("<availBufferConfig>\n  <swapReserve>a lot</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"a lot\", ") + buffer_expected}},
        {"Infinity",
         content("<availBufferConfig>\n  <swapReserve>inf</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"inf\", ") + buffer_expected}},
        {"ShareAboveAll",
         content("<availBufferConfig>\n  <swapReserve>101%</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"101%\", ") + buffer_expected}},
        {"ShareNegative",
         content("<availBufferConfig>\n  <swapReserve>-5%</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"-5%\", ") + buffer_expected}},
        {"ShareOfFraction",
         content("<availBufferConfig>\n  <swapReserve>12.5%</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"12.5%\", ") + buffer_expected}},
        {"TwoShares",
         content("<availBufferConfig>\n  <swapReserve>10%%</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"10%%\", ") + buffer_expected}},
        {"PercentAlone",
         content("<availBufferConfig>\n  <swapReserve>%</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"%\", ") + buffer_expected}},
        {"Permille",
         content("<availBufferConfig>\n  <swapReserve>100\342\200\260</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"100\342\200\260\", ") + buffer_expected}},
        {"ArabicDigits",
         content("<availBufferConfig>\n  "
                 "<swapReserve>\331\245\331\240\331\240</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"\331\245\331\240\331\240\", ") + buffer_expected}},
        {"FullWidthDigits",
         content("<availBufferConfig>\n  "
                 "<swapReserve>\357\274\225\357\274\220\357\274\220</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"\357\274\225\357\274\220\357\274\220\", ") +
          buffer_expected}},
        {"NoBreakSpace",
         content("<availBufferConfig>\n  <swapReserve>\302\240500</swapReserve>\n</availBufferConfig>"),
         {std::string("3:16: error: swapReserve is \"\302\240500\", ") + buffer_expected}},
        {"Empty",
         content("    <killConfig>\n        <killLevel>\n            <memoryMB></memoryMB>\n            "
                 "<minPriority>0</minPriority>\n        </killLevel>\n    </killConfig>"),
         {std::string("4:13: error: memoryMB is empty, ") + waterline_expected}},
        {"EmptyTag",
         content("    <availBufferConfig>\n        <availBuffer/>\n    </availBufferConfig>"),
         {std::string("3:9: error: availBuffer is empty, ") + buffer_expected}},
        {"Blank",
         content("    <availBufferConfig>\n        <availBuffer>\n\n        </availBuffer>\n    "
                 "</availBufferConfig>"),
         {std::string("3:9: error: availBuffer is empty, ") + buffer_expected}},
        {"OnItsOwnLine",
         content("    <availBufferConfig>\n        <availBuffer>\n            8oo\n        </availBuffer>\n  "
                 "  </availBufferConfig>"),
         {std::string("4:13: error: availBuffer is \"8oo\", ") + buffer_expected}},
        {"BehindAComment",
         content("    <availBufferConfig>\n        <availBuffer><!-- MB --> 8oo</availBuffer>\n    "
                 "</availBufferConfig>"),
         {std::string("3:34: error: availBuffer is \"8oo\", ") + buffer_expected}},
        {"AroundAComment",
         content("    <availBufferConfig>\n        <availBuffer>8<!-- hundred -->x0</availBuffer>\n    "
                 "</availBufferConfig>"),
         {std::string("3:22: error: availBuffer is \"8x0\", ") + buffer_expected}},
        {"InCData",
         content("    <availBufferConfig>\n        <availBuffer><![CDATA[8oo]]></availBuffer>\n    "
                 "</availBufferConfig>"),
         {std::string("3:31: error: availBuffer is \"8oo\", ") + buffer_expected}},
        {"ByCharacterReference",
         content("    <availBufferConfig>\n        <availBuffer>8&#x6f;0</availBuffer>\n    "
                 "</availBufferConfig>"),
         {std::string("3:22: error: availBuffer is \"8o0\", ") + buffer_expected}},
        {"ShareWithoutRam",
         content("    <availBufferConfig>\n        <availBuffer>10%</availBuffer>\n    </availBufferConfig>"),
         {"3:22: error: availBuffer is \"10%\" of this device's RAM, which is not known, expected a size"}},
        {"Zero",
         content("<killConfig>\n  "
                 "<killLevel><memoryMB>0</memoryMB><minPriority>0</minPriority></killLevel>\n</killConfig>"),
         {std::string("3:24: error: memoryMB is \"0\", ") + waterline_expected}},
        {"ZeroWithUnit",
         content("<killConfig>\n  "
                 "<killLevel><memoryMB>0G</memoryMB><minPriority>0</minPriority></killLevel>\n</killConfig>"),
         {std::string("3:24: error: memoryMB is \"0G\", ") + waterline_expected}},
        {"ShareOfNothing",
         content("    <killConfig>\n        <killLevel>\n            <memoryMB>0%</memoryMB>\n            "
                 "<minPriority>0</minPriority>\n        </killLevel>\n    </killConfig>"),
         {std::string("4:23: error: memoryMB is \"0%\" of this device's RAM of 4096 MB, ") +
          waterline_expected},
         4096},
    };
}

INSTANTIATE_TEST_SUITE_P(Memory, ConfigBadFile, testing::ValuesIn(sizes()), bad_file_name);

std::vector<BadFile> numbers()
{
    return {
        {"PriorityAbove",
         content("<killPolicy>\n  <heaviestFromPriority>1001</heaviestFromPriority>\n</killPolicy>"),
         {std::string("3:25: error: heaviestFromPriority is \"1001\", ") + priority_expected}},
        {"PriorityBelow",
         content("<squeezeConfig>\n  <minPriority>-1001</minPriority>\n</squeezeConfig>"),
         {std::string("3:16: error: minPriority is \"-1001\", ") + priority_expected}},
        {"PriorityText",
         content("<memoryHighConfig>\n  <minPriority>foreground</minPriority>\n</memoryHighConfig>"),
         {std::string("3:16: error: minPriority is \"foreground\", ") + priority_expected}},
        {"PriorityTwoSigns",
         content("<squeezeConfig>\n  <minPriority>--1</minPriority>\n</squeezeConfig>"),
         {std::string("3:16: error: minPriority is \"--1\", ") + priority_expected}},
        {"PrioritySignAlone",
         content("<squeezeConfig>\n  <minPriority>-</minPriority>\n</squeezeConfig>"),
         {std::string("3:16: error: minPriority is \"-\", ") + priority_expected}},
        {"CountZero",
         content("<killPolicy>\n  <rereadCandidates>0</rereadCandidates>\n</killPolicy>"),
         {"3:21: error: rereadCandidates is \"0\", expected a whole number from 1 to 8"}},
        {"CountNine",
         content("<killPolicy>\n  <reaperThreads>9</reaperThreads>\n</killPolicy>"),
         {"3:18: error: reaperThreads is \"9\", expected a whole number from 1 to 8"}},
        {"CountNegative",
         content("<controlSocket>\n  <maxClients>-1</maxClients>\n</controlSocket>"),
         {"3:15: error: maxClients is \"-1\", expected a whole number from 1 to 1024"}},
        {"UidOfNobody",
         content("<controlSocket>\n  <allowedUid>4294967295</allowedUid>\n</controlSocket>"),
         {"3:15: error: allowedUid is \"4294967295\", expected a whole number from 0 to 4294967294"}},
        {"UidByName",
         content("<controlSocket>\n  <allowedUid>root</allowedUid>\n</controlSocket>"),
         {"3:15: error: allowedUid is \"root\", expected a whole number from 0 to 4294967294"}},
        {"MillisecondsShort",
         content("<killPolicy>\n  <exitTimeoutMs>9</exitTimeoutMs>\n</killPolicy>"),
         {"3:18: error: exitTimeoutMs is \"9\", expected a whole number of milliseconds from 10 to 60000"}},
        {"MillisecondsLong",
         content("<killPolicy>\n  <exitTimeoutMs>60001</exitTimeoutMs>\n</killPolicy>"),
         {"3:18: error: exitTimeoutMs is \"60001\", expected a whole number of milliseconds from 10 to "
          "60000"}},
        {"MillisecondsWithUnit",
         content("<processTimes>\n  <abilityStartMs>10s</abilityStartMs>\n</processTimes>"),
         {"3:19: error: abilityStartMs is \"10s\", expected a whole number of milliseconds from 0 to "
          "600000"}},
        {"MillisecondsEmpty",
         content("<processTimes>\n  <deadCheckMs></deadCheckMs>\n</processTimes>"),
         {"3:3: error: deadCheckMs is empty, expected a whole number of milliseconds from 1000 to 86400000"}},
        {"MicrosecondsShort",
         content("<pressureTriggers>\n  <pressureTrigger>\n    <windowUs>499999</windowUs>\n  "
                 "</pressureTrigger>\n</pressureTriggers>"),
         {"3:3: error: pressureTrigger has no kind, expected one in each pressureTrigger",
          "3:3: error: pressureTrigger has no stallUs, expected one in each pressureTrigger",
          "4:15: error: windowUs is \"499999\", expected a whole number of microseconds from 500000 to "
          "10000000"}},
        {"PercentAbove",
         content("<memoryHighConfig>\n  <sharePercent>101</sharePercent>\n</memoryHighConfig>"),
         {"3:17: error: sharePercent is \"101\", expected a whole number of percent from 10 to 100"}},
        {"PercentSign",
         content("<memoryHighConfig>\n  <sharePercent>80%</sharePercent>\n</memoryHighConfig>"),
         {"3:17: error: sharePercent is \"80%\", expected a whole number of percent from 10 to 100"}},
        {"PercentBelow",
         content("<memoryHighConfig>\n  <sharePercent>9</sharePercent>\n</memoryHighConfig>"),
         {"3:17: error: sharePercent is \"9\", expected a whole number of percent from 10 to 100"}},
        {"ChunkWithUnit",
         content("<squeezeConfig>\n  <chunkMB>16M</chunkMB>\n</squeezeConfig>"),
         {"3:12: error: chunkMB is \"16M\", expected a whole number of MB from 1 to 1024"}},
        {"ChunkZero",
         content("<squeezeConfig>\n  <chunkMB>0</chunkMB>\n</squeezeConfig>"),
         {"3:12: error: chunkMB is \"0\", expected a whole number of MB from 1 to 1024"}},
        {"RingSmall",
         content("<bpf>\n  <ringKB>3</ringKB>\n</bpf>"),
         {"3:11: error: ringKB is \"3\", expected a whole number of KB from 4 to 16384"}},
        {"RingNotAPowerOfTwo",
         content("<bpf>\n  <ringKB>48</ringKB>\n</bpf>"),
         {"3:11: error: ringKB is \"48\", expected a power of two"}},
        {"QuotaNegative",
         content("<nandLifeConfig>\n  <dailySwapOutQuotaMB>-1</dailySwapOutQuotaMB>\n</nandLifeConfig>"),
         {"3:24: error: dailySwapOutQuotaMB is \"-1\", expected a whole number of MB from 0 to "
          "8796093022207"}},
        {"QuotaWraps",
         content("<nandLifeConfig>\n  "
                 "<totalSwapOutQuotaMB>18446744073709551616</totalSwapOutQuotaMB>\n</nandLifeConfig>"),
         {"3:24: error: totalSwapOutQuotaMB is \"18446744073709551616\", expected a whole number of MB from "
          "0 to 8796093022207"}},
        {"QuotaAboveBytes",
         content("<nandLifeConfig>\n  "
                 "<totalSwapOutQuotaMB>8796093022208</totalSwapOutQuotaMB>\n</nandLifeConfig>"),
         {"3:24: error: totalSwapOutQuotaMB is \"8796093022208\", expected a whole number of MB from 0 to "
          "8796093022207"}},
        {"SwitchWord",
         content("<switchConfig>\n  <bigMemKillSwitch>on</bigMemKillSwitch>\n</switchConfig>"),
         {"3:21: error: bigMemKillSwitch is \"on\", expected a whole number from 0 to 9223372036854775807"}},
        {"ScoreAbove",
         content("<reclaimConfig>\n  <ZswapdParam>\n    <maxScore>1001</maxScore>\n  "
                 "</ZswapdParam>\n</reclaimConfig>"),
         {"4:15: error: maxScore is \"1001\", expected a whole number from 0 to 1000"}},
        {"RatioAbove",
         content("<reclaimConfig>\n  <ZswapdParam>\n    <mem2zramRatio>101</mem2zramRatio>\n  "
                 "</ZswapdParam>\n</reclaimConfig>"),
         {"4:20: error: mem2zramRatio is \"101\", expected a whole number of percent from 0 to 100"}},
        {"RatioUnderItsOtherName",
         content("<reclaimConfig>\n  <ZswapdParam>\n    <zran2ufsRation>ten</zran2ufsRation>\n  "
                 "</ZswapdParam>\n</reclaimConfig>"),
         {"4:21: error: zran2ufsRation is \"ten\", expected a whole number of percent from 0 to 100"}},
        {"RefaultNegative",
         content("<reclaimConfig>\n  <ZswapdParam>\n    <refaultThreshold>-1</refaultThreshold>\n  "
                 "</ZswapdParam>\n</reclaimConfig>"),
         {"4:23: error: refaultThreshold is \"-1\", expected a whole number of percent from 0 to 100"}},
        {"ModeNotOctal",
         content("<controlSocket>\n  <mode>0680</mode>\n</controlSocket>"),
         {"3:9: error: mode is \"0680\", expected an octal number from 0000 to 0777"}},
        {"ModeTooWide",
         content("<controlSocket>\n  <mode>4755</mode>\n</controlSocket>"),
         {"3:9: error: mode is \"4755\", expected an octal number from 0000 to 0777"}},
        {"ModeLetters",
         content("<controlSocket>\n  <mode>rw-rw----</mode>\n</controlSocket>"),
         {"3:9: error: mode is \"rw-rw----\", expected an octal number from 0000 to 0777"}},
        {"RateWithoutUnit",
         content("<waterlineWatch>\n  <fillRate>200</fillRate>\n</waterlineWatch>"),
         {"3:13: error: fillRate is \"200\", expected a size per second from 1M to 1T (B, K, M, G or T), or "
          "auto"}},
        {"RateWord",
         content("<waterlineWatch>\n  <fillRate>fast</fillRate>\n</waterlineWatch>"),
         {"3:13: error: fillRate is \"fast\", expected a size per second from 1M to 1T (B, K, M, G or T), or "
          "auto"}},
        {"RatePerSecond",
         content("<waterlineWatch>\n  <fillRate>200M/s</fillRate>\n</waterlineWatch>"),
         {"3:13: error: fillRate is \"200M/s\", expected a size per second from 1M to 1T (B, K, M, G or T), "
          "or auto"}},
        {"RateAbove",
         content("<waterlineWatch>\n  <fillRate>2T</fillRate>\n</waterlineWatch>"),
         {"3:13: error: fillRate is \"2T\", expected a size per second from 1M to 1T (B, K, M, G or T), or "
          "auto"}},
        {"InchesFraction",
         content("<device>\n  <screenInches>6.7</screenInches>\n</device>"),
         {"3:17: error: screenInches is \"6.7\", expected a whole number from 0 to 1000"}},
        {"RealtimeAbove",
         content("<daemon>\n  <realtimePriority>100</realtimePriority>\n</daemon>"),
         {"3:21: error: realtimePriority is \"100\", expected a whole number from 0 to 99"}},
        {"LevelEnormous",
         content("<systemMemoryLevelConfig>\n  "
                 "<purgeable>184467440737095516160</purgeable>\n</systemMemoryLevelConfig>"),
         {std::string("3:14: error: purgeable is \"184467440737095516160\", ") + buffer_expected}},
    };
}

INSTANTIATE_TEST_SUITE_P(Number, ConfigBadFile, testing::ValuesIn(numbers()), bad_file_name);

std::vector<BadFile> texts()
{
    return {
        {"BoolWord",
         content("<killPolicy>\n  <enabled>maybe</enabled>\n</killPolicy>"),
         {"3:12: error: enabled is \"maybe\", expected true or false (yes, no, on, off, 1, 0)"}},
        {"BoolCase",
         content("<squeezeConfig>\n  <enabled>True</enabled>\n</squeezeConfig>"),
         {"3:12: error: enabled is \"True\", expected true or false (yes, no, on, off, 1, 0)"}},
        {"BoolNumber",
         content("<waterlineWatch>\n  <enabled>2</enabled>\n</waterlineWatch>"),
         {"3:12: error: enabled is \"2\", expected true or false (yes, no, on, off, 1, 0)"}},
        {"BoolEmpty",
         content("<bpf>\n  <enabled></enabled>\n</bpf>"),
         {"3:3: error: enabled is empty, expected true or false (yes, no, on, off, 1, 0)"}},
        {"OrderUnknown",
         content("<killPolicy>\n  <order>largest</order>\n</killPolicy>"),
         {"3:10: error: order is \"largest\", expected one of oldestUse, heaviest, newestUse, oldest, "
          "newest"}},
        {"OrderCase",
         content("<killPolicy>\n  <order>OldestUse</order>\n</killPolicy>"),
         {"3:10: error: order is \"OldestUse\", expected one of oldestUse, heaviest, newestUse, oldest, "
          "newest"}},
        {"PolicyUnknown",
         content("<unregisteredProcesses>\n  <policy>all</policy>\n</unregisteredProcesses>"),
         {"3:11: error: policy is \"all\", expected one of never, raised, any"}},
        {"KindUnknown",
         content("<pressureTriggers>\n  <pressureTrigger>\n    <kind>any</kind>\n  "
                 "</pressureTrigger>\n</pressureTriggers>"),
         {"3:3: error: pressureTrigger has no stallUs, expected one in each pressureTrigger",
          "3:3: error: pressureTrigger has no windowUs, expected one in each pressureTrigger",
          "4:11: error: kind is \"any\", expected one of some, full"}},
        {"LevelUnknown",
         content("<logging>\n  <level>verbose</level>\n</logging>"),
         {"3:10: error: level is \"verbose\", expected one of error, warning, notice, info, debug"}},
        {"LevelNumber",
         content("<logging>\n  <level>7</level>\n</logging>"),
         {"3:10: error: level is \"7\", expected one of error, warning, notice, info, debug"}},
        {"PathRelative",
         content("<controlSocket>\n  <path>run/control.sock</path>\n</controlSocket>"),
         {"3:9: error: path is \"run/control.sock\", expected a path that begins with / and has at most 107 "
          "bytes without control characters or a name . or .., or nothing"}},
        {"PathWithADot",
         content("<domain>\n  <groupPath>/a/./b</groupPath>\n</domain>"),
         {"3:14: error: groupPath is \"/a/./b\", expected a path that begins with / and has at most 511 "
          "bytes without control characters or a name . or .., or nothing"}},
        {"PathUpwards",
         content("<domain>\n  <groupPath>/a/..</groupPath>\n</domain>"),
         {"3:14: error: groupPath is \"/a/..\", expected a path that begins with / and has at most 511 "
          "bytes without control characters or a name . or .., or nothing"}},
        {"PathTooLong",
         content("<controlSocket>\n  "
                 "<path>/"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxx</path>\n</controlSocket>"),
         {"3:9: error: path is \"/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\", expected a "
          "path that begins with / and has at most 107 bytes without control characters or a name . or .., "
          "or nothing"}},
        {"PathWithNewline",
         content("<domain>\n  <groupPath>/a\n/b</groupPath>\n</domain>"),
         {"3:14: error: groupPath is \"/a\\x0a/b\", expected a path that begins with / and has at most 511 "
          "bytes without control characters or a name . or .., or nothing"}},
        {"GroupTooLong",
         content("<controlSocket>\n  "
                 "<group>gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg</group>\n</"
                 "controlSocket>"),
         {"3:10: error: group is \"gggggggggggggggggggggggggggggggggggggggggggggggggggggggg...\", expected "
          "at most 63 bytes without control characters"}},
        {"NameTooLong",
         content("<systemApps>\n  "
                 "<app>"
                 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
                 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn</app>\n</systemApps>"),
         {std::string(
              "3:8: error: app is \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...\", ") +
          name_expected}},
        {"NameWithControl",
         content("<systemApps>\n  <app>a&#9;b</app>\n</systemApps>"),
         {std::string("3:8: error: app is \"a\\x09b\", ") + name_expected}},
        {"NameWithNewline",
         content("<reclaimPriorityConfig>\n  <killableSystemApps>\n    <killableSysApp>com.example\n        "
                 ".a</killableSysApp>\n  </killableSystemApps>\n</reclaimPriorityConfig>"),
         {std::string("4:21: error: killableSysApp is \"com.example\\x0a        .a\", ") + name_expected}},
        {"DeviceTooLong",
         content("<device>\n  "
                 "<name>dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd</name>\n</device>"),
         {"3:9: error: name is \"dddddddddddddddddddddddddddddddddddddddddddddddddddddddd...\", expected at "
          "most 63 bytes without control characters"}},
        {"ProcNameEmpty",
         content("    <reclaimPriorityConfig>\n        <importantBgApps>\n            <importantBgApp>\n     "
                 "           <procName> </procName>\n                <minPriority>1</minPriority>\n          "
                 "  </importantBgApp>\n        </importantBgApps>\n    </reclaimPriorityConfig>"),
         {std::string("5:17: error: procName is empty, ") + name_expected}},
        {"ValueShownCut",
         content("<logging>\n  <level>a word that is so long that nobody would want to read all of it in a "
                 "message</level>\n</logging>"),
         {"3:10: error: level is \"a word that is so long that nobody would want to read al...\", expected "
          "one of error, warning, notice, info, debug"}},
        {"ValueShownEscaped",
         content("<logging>\n  <level>a\342\200\256b</level>\n</logging>"),
         {"3:10: error: level is \"a\\xe2\\x80\\xaeb\", expected one of error, warning, notice, info, "
          "debug"}},
    };
}

INSTANTIATE_TEST_SUITE_P(Text, ConfigBadFile, testing::ValuesIn(texts()), bad_file_name);

} // namespace
