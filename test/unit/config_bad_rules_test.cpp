// SPDX-License-Identifier: Apache-2.0
// Values that do not go together: rows, and one value and another.
#include "config_bad_files.hpp"

namespace
{

const char *const waterline_expected = "expected a whole number of MB from 1 to 16777216, the same with its "
                                       "unit (512M, 2G), or a share of RAM (10%)";
const char *const priority_expected = "expected a whole number from -1000 to 1000";

std::vector<BadFile> rows()
{
    return {
        {"NoRows",
         content(R"(    <killConfig>
    </killConfig>)"),
         {"2:5: error: killConfig has no killLevel, expected 1 to 10 (killPolicy/enabled false is how nobody "
          "is killed)"}},
        {"OnlyAComment",
         content("    <killConfig><!-- later --></killConfig>"),
         {"2:5: error: killConfig has no killLevel, expected 1 to 10 (killPolicy/enabled false is how nobody "
          "is killed)"}},
        {"RowEmpty",
         content(R"(    <killConfig>
        <killLevel/>
    </killConfig>)"),
         {"3:9: error: killLevel has no memoryMB, expected one in each killLevel",
          "3:9: error: killLevel has no minPriority, expected one in each killLevel"}},
        {"RowWithoutPriority",
         content(R"(    <killConfig>
        <killLevel><memoryMB>500</memoryMB></killLevel>
    </killConfig>)"),
         {"3:9: error: killLevel has no minPriority, expected one in each killLevel"}},
        {"RowWithoutMemory",
         content(R"(    <killConfig>
        <killLevel><minPriority>400</minPriority></killLevel>
    </killConfig>)"),
         {"3:9: error: killLevel has no memoryMB, expected one in each killLevel"}},
        {"RowMisspelt",
         content(R"(    <killConfig>
        <killLevel><memoryMb>500</memoryMb><minPriority>400</minPriority></killLevel>
    </killConfig>)"),
         {"3:9: error: killLevel has no memoryMB, expected one in each killLevel",
          "3:20: warning: unknown element <memoryMb> in <killLevel> is ignored; did you mean <memoryMB>?"}},
        {"Eleven",
         content(R"(    <killConfig>
        <killLevel><memoryMB>1</memoryMB><minPriority>1</minPriority></killLevel>
        <killLevel><memoryMB>2</memoryMB><minPriority>2</minPriority></killLevel>
        <killLevel><memoryMB>3</memoryMB><minPriority>3</minPriority></killLevel>
        <killLevel><memoryMB>4</memoryMB><minPriority>4</minPriority></killLevel>
        <killLevel><memoryMB>5</memoryMB><minPriority>5</minPriority></killLevel>
        <killLevel><memoryMB>6</memoryMB><minPriority>6</minPriority></killLevel>
        <killLevel><memoryMB>7</memoryMB><minPriority>7</minPriority></killLevel>
        <killLevel><memoryMB>8</memoryMB><minPriority>8</minPriority></killLevel>
        <killLevel><memoryMB>9</memoryMB><minPriority>9</minPriority></killLevel>
        <killLevel><memoryMB>10</memoryMB><minPriority>10</minPriority></killLevel>
        <killLevel><memoryMB>11</memoryMB><minPriority>11</minPriority></killLevel>
    </killConfig>)"),
         {"13:9: error: more than 10 killLevel, expected at most that many"}},
        {"Fourteen",
         content(R"(    <killConfig>
        <killLevel><memoryMB>1</memoryMB><minPriority>1</minPriority></killLevel>
        <killLevel><memoryMB>2</memoryMB><minPriority>2</minPriority></killLevel>
        <killLevel><memoryMB>3</memoryMB><minPriority>3</minPriority></killLevel>
        <killLevel><memoryMB>4</memoryMB><minPriority>4</minPriority></killLevel>
        <killLevel><memoryMB>5</memoryMB><minPriority>5</minPriority></killLevel>
        <killLevel><memoryMB>6</memoryMB><minPriority>6</minPriority></killLevel>
        <killLevel><memoryMB>7</memoryMB><minPriority>7</minPriority></killLevel>
        <killLevel><memoryMB>8</memoryMB><minPriority>8</minPriority></killLevel>
        <killLevel><memoryMB>9</memoryMB><minPriority>9</minPriority></killLevel>
        <killLevel><memoryMB>10</memoryMB><minPriority>10</minPriority></killLevel>
        <killLevel><memoryMB>11</memoryMB><minPriority>11</minPriority></killLevel>
        <killLevel><memoryMB>12</memoryMB><minPriority>12</minPriority></killLevel>
        <killLevel><memoryMB>13</memoryMB><minPriority>13</minPriority></killLevel>
        <killLevel><memoryMB>14</memoryMB><minPriority>14</minPriority></killLevel>
    </killConfig>)"),
         {"13:9: error: more than 10 killLevel, expected at most that many"}},
        {"SameMemory",
         content(R"(    <killConfig>
        <killLevel><memoryMB>500</memoryMB><minPriority>400</minPriority></killLevel>
        <killLevel><memoryMB>500</memoryMB><minPriority>300</minPriority></killLevel>
    </killConfig>)"),
         {"4:30: error: memoryMB 500 stands in two rows (first in line 3), expected a different one in "
          "each"}},
        {"SameMemoryOtherUnit",
         content(R"(    <killConfig>
        <killLevel><memoryMB>1024</memoryMB><minPriority>400</minPriority></killLevel>
        <killLevel><memoryMB>1G</memoryMB><minPriority>300</minPriority></killLevel>
    </killConfig>)"),
         {"3:30: warning: minAvailBuffer 750 (built-in) is not above the highest memoryMB 1024: killing "
          "begins before squeezing",
          "4:30: error: memoryMB 1024 stands in two rows (first in line 3), expected a different one in "
          "each"}},
        {"SameMemoryByShare",
         content(R"(    <killConfig>
        <killLevel><memoryMB>409</memoryMB><minPriority>400</minPriority></killLevel>
        <killLevel><memoryMB>10%</memoryMB><minPriority>300</minPriority></killLevel>
    </killConfig>)"),
         {"4:30: error: memoryMB 409 stands in two rows (first in line 3), expected a different one in each"},
         4096},
        {"SamePriority",
         content(R"(    <killConfig>
        <killLevel><memoryMB>500</memoryMB><minPriority>400</minPriority></killLevel>
        <killLevel><memoryMB>400</memoryMB><minPriority>400</minPriority></killLevel>
    </killConfig>)"),
         {"3:57: error: minPriority 400 at 500 MB is not above minPriority 400 at 400 MB, expected it to "
          "rise with memory"}},
        {"PriorityFalls",
         content(R"(    <killConfig>
        <killLevel><memoryMB>500</memoryMB><minPriority>300</minPriority></killLevel>
        <killLevel><memoryMB>400</memoryMB><minPriority>400</minPriority></killLevel>
    </killConfig>)"),
         {"3:57: error: minPriority 300 at 500 MB is not above minPriority 400 at 400 MB, expected it to "
          "rise with memory"}},
        {"PriorityFallsInAnyOrder",
         content(R"(    <killConfig>
        <killLevel><memoryMB>100</memoryMB><minPriority>400</minPriority></killLevel>
        <killLevel><memoryMB>300</memoryMB><minPriority>0</minPriority></killLevel>
        <killLevel><memoryMB>200</memoryMB><minPriority>100</minPriority></killLevel>
    </killConfig>)"),
         {"4:57: error: minPriority 0 at 300 MB is not above minPriority 100 at 200 MB, expected it to rise "
          "with memory",
          "5:57: error: minPriority 100 at 200 MB is not above minPriority 400 at 100 MB, expected it to "
          "rise with memory"}},
        {"IdTwice",
         content(R"(    <killConfig>
        <killLevel id="1"><memoryMB>500</memoryMB><minPriority>400</minPriority></killLevel>
        <killLevel id="1"><memoryMB>400</memoryMB><minPriority>300</minPriority></killLevel>
    </killConfig>)"),
         {"4:9: error: killLevel with id \"1\" is there twice (first in line 3), expected another id"}},
        {"SeveralBadRows",
         content(R"(    <killConfig>
        <killLevel><memoryMB>x</memoryMB><minPriority>400</minPriority></killLevel>
        <killLevel><memoryMB>400</memoryMB><minPriority>y</minPriority></killLevel>
        <killLevel><memoryMB>-1</memoryMB><minPriority>1001</minPriority></killLevel>
    </killConfig>)"),
         {std::string("3:30: error: memoryMB is \"x\", ") + waterline_expected,
          std::string("4:57: error: minPriority is \"y\", ") + priority_expected,
          std::string("5:30: error: memoryMB is \"-1\", ") + waterline_expected,
          std::string("5:56: error: minPriority is \"1001\", ") + priority_expected}},
        {"TriggerEmpty",
         content(R"(    <pressureTriggers>
        <pressureTrigger/>
    </pressureTriggers>)"),
         {"3:9: error: pressureTrigger has no kind, expected one in each pressureTrigger",
          "3:9: error: pressureTrigger has no stallUs, expected one in each pressureTrigger",
          "3:9: error: pressureTrigger has no windowUs, expected one in each pressureTrigger"}},
        {"TriggerStallAboveWindow",
         content(R"(    <pressureTriggers>
        <pressureTrigger>
            <kind>some</kind>
            <stallUs>600000</stallUs>
            <windowUs>500000</windowUs>
        </pressureTrigger>
    </pressureTriggers>)"),
         {"5:22: error: stallUs 600000 is above windowUs 500000, expected stallUs <= windowUs"}},
        {"NineTriggers",
         content(R"(    <pressureTriggers>
        <pressureTrigger><kind>some</kind><stallUs>1</stallUs><windowUs>1000000</windowUs></pressureTrigger>
        <pressureTrigger><kind>some</kind><stallUs>2</stallUs><windowUs>1000000</windowUs></pressureTrigger>
        <pressureTrigger><kind>some</kind><stallUs>3</stallUs><windowUs>1000000</windowUs></pressureTrigger>
        <pressureTrigger><kind>some</kind><stallUs>4</stallUs><windowUs>1000000</windowUs></pressureTrigger>
        <pressureTrigger><kind>some</kind><stallUs>5</stallUs><windowUs>1000000</windowUs></pressureTrigger>
        <pressureTrigger><kind>some</kind><stallUs>6</stallUs><windowUs>1000000</windowUs></pressureTrigger>
        <pressureTrigger><kind>some</kind><stallUs>7</stallUs><windowUs>1000000</windowUs></pressureTrigger>
        <pressureTrigger><kind>some</kind><stallUs>8</stallUs><windowUs>1000000</windowUs></pressureTrigger>
        <pressureTrigger><kind>some</kind><stallUs>9</stallUs><windowUs>1000000</windowUs></pressureTrigger>
    </pressureTriggers>)"),
         {"11:9: error: more than 8 pressureTrigger, expected at most that many"}},
        {"ScoresReversed",
         content(R"(    <reclaimConfig>
        <ZswapdParam>
            <minScore>10</minScore>
            <maxScore>9</maxScore>
        </ZswapdParam>
    </reclaimConfig>)"),
         {"2:5: note: reclaimConfig: accepted, not used yet",
          "4:23: error: minScore 10 is above maxScore 9, expected minScore <= maxScore"}},
        {"ScoresOverlap",
         content(R"(    <reclaimConfig>
        <ZswapdParam>
            <maxScore>500</maxScore>
        </ZswapdParam>
        <ZswapdParam>
            <minScore>500</minScore>
        </ZswapdParam>
    </reclaimConfig>)"),
         {"2:5: note: reclaimConfig: accepted, not used yet",
          "7:23: error: the scores 500 to 1000 of this ZswapdParam overlap those of another, 0 to 500, "
          "expected each score in one"}},
        {"ScoresOverlapAndLeaveAHole",
         content(R"(    <reclaimConfig>
        <ZswapdParam><minScore>1</minScore><maxScore>5</maxScore></ZswapdParam>
        <ZswapdParam><minScore>4</minScore><maxScore>9</maxScore></ZswapdParam>
    </reclaimConfig>)"),
         {"2:5: note: reclaimConfig: accepted, not used yet",
          "3:32: warning: no ZswapdParam is for the scores 0 to 0: zswapd leaves these groups as they are",
          "4:32: error: the scores 4 to 9 of this ZswapdParam overlap those of another, 1 to 5, expected "
          "each score in one",
          "4:54: warning: no ZswapdParam is for the scores 10 to 1000: zswapd leaves these groups as they "
          "are"}},
        {"ElevenScoreRanges",
         content(R"(    <reclaimConfig>
        <ZswapdParam><minScore>0</minScore><maxScore>0</maxScore></ZswapdParam>
        <ZswapdParam><minScore>1</minScore><maxScore>1</maxScore></ZswapdParam>
        <ZswapdParam><minScore>2</minScore><maxScore>2</maxScore></ZswapdParam>
        <ZswapdParam><minScore>3</minScore><maxScore>3</maxScore></ZswapdParam>
        <ZswapdParam><minScore>4</minScore><maxScore>4</maxScore></ZswapdParam>
        <ZswapdParam><minScore>5</minScore><maxScore>5</maxScore></ZswapdParam>
        <ZswapdParam><minScore>6</minScore><maxScore>6</maxScore></ZswapdParam>
        <ZswapdParam><minScore>7</minScore><maxScore>7</maxScore></ZswapdParam>
        <ZswapdParam><minScore>8</minScore><maxScore>8</maxScore></ZswapdParam>
        <ZswapdParam><minScore>9</minScore><maxScore>9</maxScore></ZswapdParam>
        <ZswapdParam><minScore>10</minScore><maxScore>10</maxScore></ZswapdParam>
    </reclaimConfig>)"),
         {"2:5: note: reclaimConfig: accepted, not used yet",
          "13:9: error: more than 10 ZswapdParam, expected at most that many"}},
        {"ImportantTwice",
         content(R"(    <reclaimPriorityConfig>
        <importantBgApps>
            <importantBgApp><procName>a</procName><minPriority>100</minPriority></importantBgApp>
            <importantBgApp><procName>b</procName><minPriority>100</minPriority></importantBgApp>
            <importantBgApp><procName> a </procName><minPriority>200</minPriority></importantBgApp>
        </importantBgApps>
    </reclaimPriorityConfig>)"),
         {"6:40: error: procName \"a\" stands in two rows (first in line 4), expected it in one"}},
        {"ImportantWithoutPriority",
         content(R"(    <reclaimPriorityConfig>
        <importantBgApps>
            <importantBgApp><procName>a</procName></importantBgApp>
        </importantBgApps>
    </reclaimPriorityConfig>)"),
         {"4:13: error: importantBgApp has no minPriority, expected one in each importantBgApp"}},
        {"ImportantWithoutName",
         content(R"(    <reclaimPriorityConfig>
        <importantBgApps>
            <importantBgApp><minPriority>1</minPriority></importantBgApp>
        </importantBgApps>
    </reclaimPriorityConfig>)"),
         {"4:13: error: importantBgApp has no procName, expected one in each importantBgApp"}},
        {"ImportantPriority1001",
         content(R"(    <reclaimPriorityConfig>
        <importantBgApps>
            <importantBgApp><procName>a</procName><minPriority>1001</minPriority></importantBgApp>
        </importantBgApps>
    </reclaimPriorityConfig>)"),
         {std::string("4:64: error: minPriority is \"1001\", ") + priority_expected}},
        {"SeventeenUids",
         content(R"(    <controlSocket>
        <allowedUid>0</allowedUid>
        <allowedUid>1</allowedUid>
        <allowedUid>2</allowedUid>
        <allowedUid>3</allowedUid>
        <allowedUid>4</allowedUid>
        <allowedUid>5</allowedUid>
        <allowedUid>6</allowedUid>
        <allowedUid>7</allowedUid>
        <allowedUid>8</allowedUid>
        <allowedUid>9</allowedUid>
        <allowedUid>10</allowedUid>
        <allowedUid>11</allowedUid>
        <allowedUid>12</allowedUid>
        <allowedUid>13</allowedUid>
        <allowedUid>14</allowedUid>
        <allowedUid>15</allowedUid>
        <allowedUid>16</allowedUid>
    </controlSocket>)"),
         {"19:21: error: more than 16 allowedUid"}},
    };
}

INSTANTIATE_TEST_SUITE_P(Rows, ConfigBadFile, testing::ValuesIn(rows()), bad_file_name);

std::vector<BadFile> relations()
{
    return {
        {"MinAboveAvail",
         content(R"(    <availBufferConfig>
        <availBuffer>800</availBuffer>
        <minAvailBuffer>801</minAvailBuffer>
        <highAvailBuffer>850</highAvailBuffer>
    </availBufferConfig>)"),
         {"4:25: error: minAvailBuffer 801 is above availBuffer 800, expected minAvailBuffer <= "
          "availBuffer"}},
        {"AvailAboveHigh",
         content(R"(    <availBufferConfig>
        <availBuffer>851</availBuffer>
        <minAvailBuffer>750</minAvailBuffer>
        <highAvailBuffer>850</highAvailBuffer>
    </availBufferConfig>)"),
         {"3:22: error: availBuffer 851 is above highAvailBuffer 850, expected availBuffer <= "
          "highAvailBuffer"}},
        {"BothReversed",
         content(R"(    <availBufferConfig>
        <availBuffer>800</availBuffer>
        <minAvailBuffer>810</minAvailBuffer>
        <highAvailBuffer>790</highAvailBuffer>
    </availBufferConfig>)"),
         {"3:22: error: availBuffer 800 is above highAvailBuffer 790, expected availBuffer <= "
          "highAvailBuffer",
          "4:25: error: minAvailBuffer 810 is above availBuffer 800, expected minAvailBuffer <= "
          "availBuffer"}},
        {"MinAboveBuiltIn",
         content(R"(    <availBufferConfig>
        <minAvailBuffer>801</minAvailBuffer>
    </availBufferConfig>)"),
         {"3:25: error: minAvailBuffer 801 is above availBuffer 800 (built-in), expected minAvailBuffer <= "
          "availBuffer"}},
        {"HighBelowBuiltIn",
         content(R"(    <availBufferConfig>
        <highAvailBuffer>799</highAvailBuffer>
    </availBufferConfig>)"),
         {"3:26: error: availBuffer 800 (built-in) is above highAvailBuffer 799, expected availBuffer <= "
          "highAvailBuffer"}},
        {"UnderTheReadmesName",
         content(R"(    <reclaimConfig>
        <availbufferSize>
            <availBuffer>700</availBuffer>
        </availbufferSize>
    </reclaimConfig>)"),
         {"4:26: error: minAvailBuffer 750 (built-in) is above availBuffer 700, expected minAvailBuffer <= "
          "availBuffer"}},
        {"LevelsReversed",
         content(R"(    <systemMemoryLevelConfig>
        <purgeable>600</purgeable>
        <moderate>700</moderate>
        <low>800</low>
        <critical>1024</critical>
    </systemMemoryLevelConfig>)"),
         {"4:19: error: moderate 700 is above purgeable 600, expected moderate <= purgeable",
          "5:14: error: low 800 is above moderate 700, expected low <= moderate",
          "6:19: error: critical 1024 is above low 800, expected critical <= low"}},
        {"CriticalAboveLow",
         content(R"(    <systemMemoryLevelConfig>
        <critical>701</critical>
    </systemMemoryLevelConfig>)"),
         {"3:19: error: critical 701 is above low 700 (built-in), expected critical <= low"}},
        {"IntervalsReversed",
         content(R"(    <waterlineWatch>
        <minIntervalMs>20</minIntervalMs>
        <maxIntervalMs>10</maxIntervalMs>
    </waterlineWatch>)"),
         {"3:24: error: minIntervalMs 20 is above maxIntervalMs 10, expected minIntervalMs <= "
          "maxIntervalMs"}},
        {"DailyAboveTotal",
         content(R"(    <nandLifeConfig>
        <totalSwapOutQuotaMB>100</totalSwapOutQuotaMB>
        <dailySwapOutQuotaMB>101</dailySwapOutQuotaMB>
    </nandLifeConfig>)"),
         {"2:5: note: nandLifeConfig: accepted, not used yet",
          "4:30: error: dailySwapOutQuotaMB 101 is above totalSwapOutQuotaMB 100, expected "
          "dailySwapOutQuotaMB <= totalSwapOutQuotaMB"}},
        {"RowAboveRam",
         content(R"(    <systemMemoryLevelConfig>
        <purgeable>5</purgeable><moderate>4</moderate><low>3</low><critical>2</critical>
    </systemMemoryLevelConfig>
    <killConfig>
        <killLevel><memoryMB>513</memoryMB><minPriority>1</minPriority></killLevel>
    </killConfig>
    <availBufferConfig>
        <availBuffer>20</availBuffer>
        <minAvailBuffer>10</minAvailBuffer>
        <highAvailBuffer>30</highAvailBuffer>
    </availBufferConfig>)"),
         {"6:30: error: memoryMB 513 is above this device's RAM of 512 MB, expected at most that",
          "10:25: warning: minAvailBuffer 10 is not above the highest memoryMB 513: killing begins before "
          "squeezing"},
         512},
        {"RowInGigabytesAboveRam",
         content(R"(    <systemMemoryLevelConfig>
        <purgeable>5</purgeable><moderate>4</moderate><low>3</low><critical>2</critical>
    </systemMemoryLevelConfig>
    <killConfig>
        <killLevel><memoryMB>1G</memoryMB><minPriority>1</minPriority></killLevel>
        <killLevel><memoryMB>100</memoryMB><minPriority>0</minPriority></killLevel>
    </killConfig>
    <availBufferConfig>
        <availBuffer>20</availBuffer>
        <minAvailBuffer>10</minAvailBuffer>
        <highAvailBuffer>30</highAvailBuffer>
    </availBufferConfig>)"),
         {"6:30: error: memoryMB 1024 is above this device's RAM of 512 MB, expected at most that",
          "11:25: warning: minAvailBuffer 10 is not above the highest memoryMB 1024: killing begins before "
          "squeezing"},
         512},
        {"BuffersAboveRam",
         content(R"(    <systemMemoryLevelConfig>
        <purgeable>5</purgeable><moderate>4</moderate><low>3</low><critical>2</critical>
    </systemMemoryLevelConfig>
    <killConfig>
        <killLevel><memoryMB>1</memoryMB><minPriority>1</minPriority></killLevel>
    </killConfig>
    <availBufferConfig>
        <availBuffer>513</availBuffer>
        <minAvailBuffer>512</minAvailBuffer>
        <highAvailBuffer>514</highAvailBuffer>
    </availBufferConfig>)"),
         {"9:22: error: availBuffer 513 is above this device's RAM of 512 MB, expected at most that",
          "11:26: error: highAvailBuffer 514 is above this device's RAM of 512 MB, expected at most that"},
         512},
        {"SwapReserveAboveRam",
         content(R"(    <systemMemoryLevelConfig>
        <purgeable>5</purgeable><moderate>4</moderate><low>3</low><critical>2</critical>
    </systemMemoryLevelConfig>
    <killConfig>
        <killLevel><memoryMB>1</memoryMB><minPriority>1</minPriority></killLevel>
    </killConfig>
    <availBufferConfig>
        <availBuffer>20</availBuffer>
        <minAvailBuffer>10</minAvailBuffer>
        <highAvailBuffer>30</highAvailBuffer>
        <swapReserve>1000</swapReserve>
    </availBufferConfig>)"),
         {"12:22: error: swapReserve 1000 is above this device's RAM of 512 MB, expected at most that"},
         512},
        {"LevelsAboveRam",
         content(R"(    <killConfig>
        <killLevel><memoryMB>1</memoryMB><minPriority>1</minPriority></killLevel>
    </killConfig>
    <availBufferConfig>
        <availBuffer>20</availBuffer>
        <minAvailBuffer>10</minAvailBuffer>
        <highAvailBuffer>30</highAvailBuffer>
    </availBufferConfig>
    <systemMemoryLevelConfig>
        <purgeable>600</purgeable><moderate>513</moderate><low>512</low><critical>2</critical>
    </systemMemoryLevelConfig>)"),
         {"11:20: error: purgeable 600 is above this device's RAM of 512 MB, expected at most that",
          "11:45: error: moderate 513 is above this device's RAM of 512 MB, expected at most that"},
         512},
        {"SharesInTheWrongOrder",
         content(R"(    <killConfig>
        <killLevel><memoryMB>10%</memoryMB><minPriority>0</minPriority></killLevel>
    </killConfig>
    <availBufferConfig>
        <availBuffer>20%</availBuffer>
        <minAvailBuffer>21%</minAvailBuffer>
        <highAvailBuffer>22%</highAvailBuffer>
    </availBufferConfig>)"),
         {"7:25: error: minAvailBuffer 2100 is above availBuffer 2000, expected minAvailBuffer <= "
          "availBuffer"},
         10000},
    };
}

INSTANTIATE_TEST_SUITE_P(Relation, ConfigBadFile, testing::ValuesIn(relations()), bad_file_name);

} // namespace
