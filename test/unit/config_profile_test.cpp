// SPDX-License-Identifier: Apache-2.0
// Profiles: which one is for a device, and whether those of a file fit together.
#include "config_layers.hpp"

#include "config/profile.h"

namespace
{

struct ProfileCase {
    const char *name;
    std::vector<std::string> bodies;
    Device device;
    uint64_t ring_kb; // 0: not valid
    std::vector<std::string> problems;
};

class ConfigProfile : public testing::TestWithParam<ProfileCase>
{
};

std::vector<ProfileCase> profile_cases()
{
    const std::string small = profile("maxRamMB='2048' name='small'", ring("8")),
                      large = profile("minRamMB='2049' name='large'", ring("16")),
                      both = ring("4") + small + large;

    return {
        {"Small", {both}, {1024}, 8, {}},
        {"BoundsBelongToIt", {both}, {2048}, 8, {}},
        {"Large", {both}, {2049}, 16, {}},
        {"WhatStandsBehindAProfileIsUnderIt", {small + large + ring("4")}, {1024}, 8, {}},
        {"ALaterFileBeatsAnEarlierProfile", {both, ring("32")}, {1024}, 32, {}},
        {"ALaterProfileBeatsThat", {both, ring("32") + profile("minRamMB='1'", ring("64"))}, {1024}, 64, {}},
        {"UnknownRamMatchesNothingThatAsksForIt",
         {both},
         {},
         4,
         {"1.xml:1:38: warning: ramProfile \"small\" asks for the RAM of the device, which is not known: it "
          "is left out",
          "1.xml:1:121: warning: ramProfile \"large\" asks for the RAM of the device, which is not known: it "
          "is left "
          "out"}},
        {"UnknownScreen",
         {ring("4") + profile("minScreenInches='7'", ring("8"))},
         {1024},
         4,
         {"1.xml:1:38: warning: ramProfile asks for the screen of the device, which is not known: it is left "
          "out"}},
        {"UnknownName",
         {ring("4") + profile("device='d'", ring("8"))},
         {1024},
         4,
         {"1.xml:1:38: warning: ramProfile asks for the name of the device, which is not known: it is "
          "left "
          "out"}},
        {"AKnownMismatchSettlesIt",
         {ring("4") + profile("maxRamMB='512' device='d'", ring("8"))},
         {1024},
         4,
         {"1.xml:1:38: note: no ramProfile of this file is for a device with 1024 MB of RAM"}},
        {"EachAttributeMustMatch",
         {ring("4") +
          profile("maxRamMB='2048' minScreenInches='7' maxScreenInches='10' device='d'", ring("8"))},
         {1024, 7, "d"},
         8,
         {}},
        {"OneThatDoesNot",
         {ring("4") + profile("maxRamMB='2048' minScreenInches='8' device='d'", ring("8"))},
         {1024, 7, "d"},
         4,
         {"1.xml:1:38: note: no ramProfile of this file is for a device with 1024 MB of RAM and a screen of "
          "7 inches "
          "called \"d\""}},
        {"NoAttributeMatchesAlways", {ring("4") + profile("", ring("8"))}, {}, 8, {}},
        {"ScreenAndNameFromTheFile",
         {ring("4") + profile("minScreenInches='7' device='d'", ring("8")),
          "<device><screenInches>7</screenInches><name> d </name></device>"},
         {},
         8,
         {}},
        {"TheCommandLineIsStronger",
         {ring("4") + profile("minScreenInches='7'", ring("8")) +
          "<device><screenInches>7</screenInches></device>"},
         {0, 5},
         4,
         {"1.xml:1:38: note: no ramProfile of this file is for a device with a screen of 5 inches"}},
        {"TheFilesDeviceCanBeTakenBack",
         {ring("4") + profile("device='d'", ring("8")) + "<device><name>d</name></device>",
          "<remove element='device'/>"},
         {},
         4,
         {"1.xml:1:38: warning: ramProfile asks for the name of the device, which is not known: it is "
          "left "
          "out"}},
        {"Overlap",
         {ring("4") + small + profile("minRamMB='2048'", ring("16"))},
         {1024},
         0,
         {"1.xml:1:121: error: ramProfile and ramProfile \"small\" (line 1) overlap, expected at most one "
          "for each "
          "device"}},
        {"OverlapOfADeviceAndAll",
         {profile("device='d'", "") + profile("maxRamMB='100'", "")},
         {1024},
         0,
         {"1.xml:1:9: warning: ramProfile asks for the name of the device, which is not known: it is "
          "left out",
          "1.xml:1:45: error: ramProfile and ramProfile (line 1) overlap, expected at most one for each "
          "device"}},
        {"TwoDevicesDoNotOverlap",
         {ring("4") + profile("device='c'", ring("8")) + profile("device='d'", ring("16"))},
         {1024, 0, "d"},
         16,
         {}},
        {"TwoScreensDoNotOverlap",
         {profile("maxScreenInches='6'", ring("8")) + profile("minScreenInches='7'", ring("16"))},
         {1024, 6},
         8,
         {}},
        {"OverlapInTwoFilesIsWhatLayersAreFor",
         {profile("maxRamMB='2048'", ring("8")), profile("maxRamMB='1024'", ring("16"))},
         {1024},
         16,
         {}},
        {"GapOfRam",
         {profile("maxRamMB='1024'", ring("8")) + profile("minRamMB='2048'", ring("16"))},
         {1024},
         8,
         {"1.xml:1:79: warning: there is no ramProfile for 1025 to 2047 MB of RAM"}},
        {"GapOfScreens",
         {profile("maxScreenInches='6'", ring("8")) + profile("minScreenInches='8'", ring("16"))},
         {1024, 6},
         8,
         {"1.xml:1:83: warning: there is no ramProfile for 7 to 7 inches of screen"}},
        {"NoGapBetweenNeighboursOfOtherDevices",
         {profile("maxRamMB='1024' device='a'", "") + profile("minRamMB='2048' device='b'", ring("16"))},
         {2048, 0, "b"},
         16,
         {}},
        {"GapsAreBetweenNeighbours",
         {profile("minRamMB='4097' name='c'", "") + profile("maxRamMB='2048' name='a'", "") +
          profile("minRamMB='2049' maxRamMB='4096' name='b'", ring("16"))},
         {3000},
         16,
         {}},
        {"BadNumber",
         {profile("minRamMB='1x'", "")},
         {1024},
         0,
         {"1.xml:1:31: error: minRamMB is \"1x\", expected a whole number of MB from 0 to 1073741824"}},
        {"BadNumberAmongOthers",
         {profile("name='minRamMB' maxRamMB = '1' minScreenInches=\"0\"", "")},
         {1024},
         0,
         {"1.xml:1:69: error: minScreenInches is \"0\", expected a whole number of inches from 1 to 1000"}},
        {"BoundsTheWrongWayRound",
         {profile("minRamMB='2' maxRamMB='1'", "")},
         {1024},
         0,
         {"1.xml:1:9: error: minRamMB 2 is above maxRamMB 1, expected minRamMB <= maxRamMB"}},
        {"UnknownAttribute",
         {ring("4") + profile("minRam='2'", ring("8"))},
         {1024},
         8,
         {"1.xml:1:38: warning: unknown attribute minRam of <ramProfile> is ignored"}},
        {"InAProfile",
         {profile("name='a'", profile("", ""))},
         {1024},
         0,
         {"1.xml:1:30: error: <ramProfile> stands in <ramProfile>, expected it directly in <Memmgr>"}},
        {"InASection",
         {"<bpf>" + profile("", "") + "</bpf>"},
         {1024},
         0,
         {"1.xml:1:14: error: <ramProfile> stands in <bpf>, expected it directly in <Memmgr>"}},
        {"Misspelt",
         {"<ramprofil/>"},
         {1024},
         64,
         {"1.xml:1:9: warning: unknown element <ramprofil> in <Memmgr> is ignored; did you mean "
          "<ramProfile>?"}},
        {"TheDomainMayNotDependOnIt",
         {profile("", "<domain><groupPath>/a</groupPath></domain>")},
         {1024},
         0,
         {"1.xml:1:22: error: <domain> stands in <ramProfile>, expected it outside: it must not depend on "
          "what "
          "profiles ask for"}},
        {"NorMayTheDevice",
         {profile("", "<device/>")},
         {1024},
         0,
         {"1.xml:1:22: error: <device> stands in <ramProfile>, expected it outside: it must not depend on "
          "what "
          "profiles ask for"}},
        {"MistakesOfAProfileThatDoesNotMatch",
         {small + profile("minRamMB='2049'", "<bpf><ringKB>x</ringKB><ringKB>8</ringKB></bpf>")},
         {1024},
         0,
         {"1.xml:1:133: error: ringKB is \"x\", expected a whole number of KB from 4 to 16384",
          "1.xml:1:151: error: ringKB is given twice (first in line 1), expected it once"}},
        {"AValueOutsideAndInsideIsNoSecondOne", {ring("4") + profile("", ring("8"))}, {1024}, 8, {}},
        {"AnotherSpellingInside",
         {"<nandLifeConfig/>" + ring("4") + profile("", "<nandlife/>" + ring("8"))},
         {1024},
         8,
         {}},
        {"RemovedInside", {ring("4") + profile("", "<remove element='bpf'/>")}, {1024}, 64, {}},
        {"NothingToRemoveInside",
         {profile("", "<remove element='bpf'/>")},
         {1024},
         64,
         {"1.xml:1:22: warning: there is no element \"bpf\" of an earlier file, or outside of the profile, "
          "to remove"}},
    };
}

TEST_P(ConfigProfile, GivesThis)
{
    const ProfileCase &entry = GetParam();
    Merged merged;
    std::vector<std::string> problems;

    merge(entry.bodies, entry.device, merged);
    for (const std::string &problem : merged.problems) {
        if (problem.find("not used yet") == std::string::npos &&
            problem.find("(built-in)") == std::string::npos)
            problems.push_back(problem);
    }
    EXPECT_EQ(problems, entry.problems);
    ASSERT_EQ(merged.config != nullptr, entry.ring_kb > 0);
    if (merged.config) {
        EXPECT_EQ(merged.config->bpf.ring_bytes >> 10, entry.ring_kb);
    }
}

INSTANTIATE_TEST_SUITE_P(All, ConfigProfile, testing::ValuesIn(profile_cases()),
                         [](const testing::TestParamInfo<ProfileCase> &tested) {
                             return std::string(tested.param.name);
                         });

TEST(ConfigProfiles, AreBounded)
{
    std::string body;
    Merged merged;

    for (int i = 0; i <= MM_CONFIG_PROFILES_MAX; i++)
        body += "<ramProfile device='" + std::to_string(i) + "'/>";
    merge({body}, {}, merged);
    EXPECT_EQ(merged.config, nullptr);
    bool is_said = false;
    for (const std::string &problem : merged.problems)
        is_said |= problem.find("error: more than 256 <ramProfile>") != std::string::npos;
    EXPECT_TRUE(is_said);
}

TEST(ConfigProfiles, MatchIsPure)
{
    const mm_config_profile none{nullptr, nullptr, 0, UINT64_MAX, 0, UINT32_MAX, 0, 0, 0, false};
    mm_config_profile ram = none, refused = none;
    mm_config_device device{};
    const char *missing = nullptr;

    ram.min_ram_mb = 2;
    refused.is_refused = true;
    EXPECT_EQ(mm_profile_match(&none, &device, nullptr), MM_PROFILE_MATCH);
    EXPECT_EQ(mm_profile_match(&refused, &device, nullptr), MM_PROFILE_NO_MATCH);
    EXPECT_EQ(mm_profile_match(&ram, &device, &missing), MM_PROFILE_UNKNOWN);
    EXPECT_STREQ(missing, "RAM");
    device.ram_bytes = (3ULL << 20) - 1; // whole megabytes count: 2
    EXPECT_EQ(mm_profile_match(&ram, &device, nullptr), MM_PROFILE_MATCH);
    device.ram_bytes = (2ULL << 20) - 1;
    EXPECT_EQ(mm_profile_match(&ram, &device, nullptr), MM_PROFILE_NO_MATCH);
}

} // namespace
