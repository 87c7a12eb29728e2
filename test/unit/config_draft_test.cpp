// SPDX-License-Identifier: Apache-2.0
// A draft: its order, buffers that fit, and what is shown of foreign words.
#include "config_draft.hpp"

namespace
{

TEST(Draft, IsWrittenInTheVocabularysOrder)
{
    Draft draft;

    mm_draft_add(&draft.value, "logging/level", 0, "debug", "because of %s", "--x");
    mm_draft_add(&draft.value, "systemApps/app", 0, "a<b", nullptr);
    mm_draft_add_kill_level(&draft.value, 1, {5, true}, -3, nullptr);
    mm_draft_add_kill_level(&draft.value, 0, {300, false}, 100, "first");
    mm_draft_add(&draft.value, "killConfig/killLevel", 0, "i\"d", nullptr);
    mm_draft_add_section(&draft.value, "pressureTriggers");
    mm_draft_note(&draft.value, 7, "a -- note");
    mm_draft_note(&draft.value, 0, "another");
    EXPECT_EQ(draft.xml(), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                           "<!-- A title.\n\n     * line 7: a -\\x2d note\n     * another -->\n"
                           "<Memmgr>\n"
                           "    <killConfig>\n"
                           "        <killLevel id=\"i&quot;d\">\n"
                           "            <!-- first -->\n"
                           "            <memoryMB>300</memoryMB>\n"
                           "            <minPriority>100</minPriority>\n"
                           "        </killLevel>\n"
                           "        <killLevel>\n"
                           "            <memoryMB>5%</memoryMB>\n"
                           "            <minPriority>-3</minPriority>\n"
                           "        </killLevel>\n"
                           "    </killConfig>\n"
                           "    <systemApps>\n"
                           "        <app>a&lt;b</app>\n"
                           "    </systemApps>\n"
                           "    <pressureTriggers>\n"
                           "    </pressureTriggers>\n"
                           "    <logging>\n"
                           "        <!-- because of -\\x2dx -->\n"
                           "        <level>debug</level>\n"
                           "    </logging>\n"
                           "</Memmgr>\n");
}

TEST(Draft, BuffersFitAboveTheKillRowsAndIntoTheDevice)
{
    for (uint64_t ram_mb : {0, 128, 512, 1023, 1024, 2048, 65536}) {
        for (mm_draft_amount highest : {mm_draft_amount{1, false},
                                        {64, false},
                                        {100, false},
                                        {599, false},
                                        {600, false},
                                        {5000, false},
                                        {1, true},
                                        {10, true},
                                        {99, true},
                                        {100, true}}) {
            if (!highest.is_percent && ram_mb > 0 && highest.number >= ram_mb)
                continue;
            Draft draft;
            mm_draft_add_kill_level(&draft.value, 0, highest, 0, nullptr);
            mm_draft_fit_buffers(&draft.value, highest, ram_mb << 20);
            Loaded loaded = load_text(draft.xml(), (ram_mb ? ram_mb : 65536) << 20);
            ASSERT_TRUE(loaded.config) << ram_mb << " " << highest.number << "\n"
                                       << draft.xml() << (loaded.problems.empty() ? "" : loaded.problems[0]);
            // At all of RAM nothing is above.
            if (highest.is_percent && highest.number == 100)
                continue;
            EXPECT_GT(loaded.config->avail_buffer.min_avail_bytes, loaded.config->kill.levels[0].memory_bytes)
                << ram_mb << " " << highest.number;
        }
    }
}

TEST(Draft, LongAndWildWordsAreShownPrintable)
{
    char buffer[MM_DRAFT_SHOWN_MAX];
    const std::string longest(MM_DRAFT_SHOWN_MAX - 1, 'x');

    EXPECT_STREQ(mm_draft_shown("a\nb\xff\\", buffer), "a\\x0ab\\xff\\x5c");
    EXPECT_EQ(mm_draft_shown(longest.c_str(), buffer), longest);
    EXPECT_EQ(std::string(mm_draft_shown((longest + "yz").c_str(), buffer)),
              std::string(MM_DRAFT_SHOWN_MAX - 4, 'x') + "...");
    EXPECT_EQ(std::string(mm_draft_shown(std::string(100, '\x01').c_str(), buffer)).substr(240),
              "\\x01\\x01\\x01...");
}

} // namespace
