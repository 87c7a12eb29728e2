// SPDX-License-Identifier: Apache-2.0
// Profiles and removals that are none.
#include "config_bad_files.hpp"

namespace
{

std::vector<BadFile> profiles()
{
    return {
        {"NumberBad",
         content("    <ramProfile minRamMB=\"four\"/>"),
         {"2:27: error: minRamMB is \"four\", expected a whole number of MB from 0 to 1073741824"}},
        {"NumberNegative",
         content("    <ramProfile minRamMB=\"-1\"/>"),
         {"2:27: error: minRamMB is \"-1\", expected a whole number of MB from 0 to 1073741824"}},
        {"NumberWithUnit",
         content("    <ramProfile maxRamMB=\"4G\"/>"),
         {"2:27: error: maxRamMB is \"4G\", expected a whole number of MB from 0 to 1073741824"}},
        {"NumberEmpty",
         content("    <ramProfile minRamMB=\"\"/>"),
         {"2:27: error: minRamMB is empty, expected a whole number of MB from 0 to 1073741824"}},
        {"InchesFraction",
         content("    <ramProfile minScreenInches=\"6.7\"/>"),
         {"2:34: error: minScreenInches is \"6.7\", expected a whole number of inches from 1 to 1000"}},
        {"InchesEnormous",
         content("    <ramProfile maxScreenInches=\"1001\"/>"),
         {"2:34: error: maxScreenInches is \"1001\", expected a whole number of inches from 1 to 1000"}},
        {"Reversed",
         content("    <ramProfile minRamMB=\"4096\" maxRamMB=\"2048\"/>"),
         {"2:5: error: minRamMB 4096 is above maxRamMB 2048, expected minRamMB <= maxRamMB"}},
        {"ScreenReversed",
         content("    <ramProfile minScreenInches=\"8\" maxScreenInches=\"7\"/>"),
         {"2:5: error: minScreenInches 8 is above maxScreenInches 7, expected minScreenInches <= "
          "maxScreenInches"}},
        {"Overlap",
         content(R"(    <ramProfile maxRamMB="4096"/>
    <ramProfile minRamMB="4096"/>)"),
         {"2:5: warning: ramProfile asks for the RAM of the device, which is not known: it is left out",
          "3:5: error: ramProfile and ramProfile (line 2) overlap, expected at most one for each device"}},
        {"OverlapWithAll",
         content(R"(    <ramProfile/>
    <ramProfile minRamMB="4096" name="big"/>)"),
         {"3:5: error: ramProfile \"big\" and ramProfile (line 2) overlap, expected at most one for each "
          "device"}},
        {"WithinAProfile",
         content(R"(    <ramProfile>
        <ramProfile/>
    </ramProfile>)"),
         {"3:9: error: <ramProfile> stands in <ramProfile>, expected it directly in <Memmgr>"}},
        {"WithinASection",
         content(R"(    <killConfig>
        <ramProfile/>
    </killConfig>)"),
         {"2:5: error: killConfig has no killLevel, expected 1 to 10 (killPolicy/enabled false is how nobody "
          "is killed)",
          "3:9: error: <ramProfile> stands in <killConfig>, expected it directly in <Memmgr>"}},
        {"HoldsTheDevice",
         content(R"(    <ramProfile>
        <device><name>a</name></device>
    </ramProfile>)"),
         {"3:9: error: <device> stands in <ramProfile>, expected it outside: it must not depend on what "
          "profiles ask for"}},
        {"HoldsTheDomain",
         content(R"(    <ramProfile>
        <domain/>
    </ramProfile>)"),
         {"3:9: error: <domain> stands in <ramProfile>, expected it outside: it must not depend on what "
          "profiles ask for"}},
        {"BadValueThatDoesNotCount",
         content(R"(    <ramProfile minRamMB="8192">
        <bpf><ringKB>x</ringKB></bpf>
    </ramProfile>
    <ramProfile maxRamMB="8191"/>)"),
         {"3:22: error: ringKB is \"x\", expected a whole number of KB from 4 to 16384"},
         4096},
        {"RowAboveRam",
         content(R"(    <ramProfile>
        <killConfig>
            <killLevel><memoryMB>5000</memoryMB><minPriority>0</minPriority></killLevel>
        </killConfig>
    </ramProfile>)"),
         {"4:34: warning: minAvailBuffer 750 (built-in) is not above the highest memoryMB 5000: killing "
          "begins before squeezing",
          "4:34: error: memoryMB 5000 is above this device's RAM of 4096 MB, expected at most that"},
         4096},
        {"RowIncomplete",
         content(R"(    <ramProfile>
        <killConfig>
            <killLevel id="9"><memoryMB>90</memoryMB></killLevel>
        </killConfig>
    </ramProfile>)"),
         {"4:13: error: killLevel has no minPriority, expected one in each killLevel"},
         4096},
        {"TextIn",
         content("    <ramProfile>4 GB</ramProfile>"),
         {"2:17: error: text in <ramProfile>, which holds elements only"}},
    };
}

INSTANTIATE_TEST_SUITE_P(Profile, ConfigBadFile, testing::ValuesIn(profiles()), bad_file_name);

std::vector<BadFile> removals()
{
    return {
        {"WithoutAttribute",
         content(R"(    <killConfig>
        <remove/>
        <killLevel><memoryMB>500</memoryMB><minPriority>400</minPriority></killLevel>
    </killConfig>)"),
         {"3:9: error: <remove> in <killConfig> has neither id nor name, expected one of id and name"}},
        {"TwoAttributes",
         content(R"(    <killConfig>
        <remove id="1" name="2"/>
        <killLevel><memoryMB>500</memoryMB><minPriority>400</minPriority></killLevel>
    </killConfig>)"),
         {"3:9: error: <remove> in <killConfig> has both, expected one of id and name"}},
        {"ElementInASection",
         content(R"(    <killConfig>
        <remove element="killConfig"/>
        <killLevel><memoryMB>500</memoryMB><minPriority>400</minPriority></killLevel>
    </killConfig>)"),
         {"3:9: error: <remove> in <killConfig> has neither id nor name, expected one of id and name"}},
        {"IdInTheRoot",
         content("    <remove id=\"1\"/>"),
         {"2:5: error: <remove> in <Memmgr> has no element, expected the path of what goes back to its "
          "built-in value"}},
        {"ElementUnknown",
         content("    <remove element=\"kilConfig\"/>"),
         {"2:22: error: element is \"kilConfig\", expected the path of an element below <Memmgr>; did you "
          "mean \"killConfig\"?"}},
        {"IdWhereThereAreNoRows",
         content(R"(    <bpf>
        <remove id="1"/>
    </bpf>)"),
         {"3:9: error: <remove> stands in <bpf>, which has no rows and no list to take something from; "
          "<remove element=\"...\"/> directly in <Memmgr> puts values back"}},
        {"TextIn",
         content(R"(    <killConfig>
        <remove id="1">now</remove>
    </killConfig>)"),
         {"3:9: warning: there is no row with the id \"1\" of an earlier file to remove",
          "3:24: error: text in <remove>, which holds nothing"}},
        {"ElementIn",
         content(R"(    <killConfig>
        <remove id="1"><killLevel/></remove>
    </killConfig>)"),
         {"3:9: warning: there is no row with the id \"1\" of an earlier file to remove",
          "3:24: error: <killLevel> stands in <remove>, which holds nothing"}},
        {"InARow",
         content(R"(    <killConfig>
        <killLevel>
            <remove id="1"/>
        </killLevel>
    </killConfig>)"),
         {"3:9: error: killLevel has no memoryMB, expected one in each killLevel",
          "3:9: error: killLevel has no minPriority, expected one in each killLevel",
          "4:13: error: <remove> stands in <killLevel>, which has no rows and no list to take something "
          "from; <remove element=\"...\"/> directly in <Memmgr> puts values back"}},
        {"InARowThatIsRefused",
         content(R"(    <killConfig>
        <killLevel id="1"><memoryMB>500</memoryMB><minPriority>400</minPriority></killLevel>
        <killLevel id="1"><memoryMB>400</memoryMB><minPriority>300</minPriority><remove id="2"/></killLevel>
    </killConfig>)"),
         {"4:9: error: killLevel with id \"1\" is there twice (first in line 3), expected another id",
          "4:81: error: <remove> stands in <killLevel>, which has no rows and no list to take something "
          "from; <remove element=\"...\"/> directly in <Memmgr> puts values back"}},
        {"InAValue",
         content(R"(    <bpf>
        <ringKB><remove id="1"/></ringKB>
    </bpf>)"),
         {"3:17: error: <remove> stands in <ringKB>, which holds a value, not elements"}},
    };
}

INSTANTIATE_TEST_SUITE_P(Removal, ConfigBadFile, testing::ValuesIn(removals()), bad_file_name);

} // namespace
