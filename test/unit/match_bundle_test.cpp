// SPDX-License-Identifier: Apache-2.0
// What the bundle is called that a rule gives a process, and whom it shares it with.
#include "common/common.h"
#include "service/match/match_rules.h"

#include "match_facts.h"
#include <gtest/gtest.h>

namespace
{

TEST(BundleName, IsMadeOfWhatTheTemplateSays)
{
    const auto facts = firefox();
    struct {
        const char *pattern, *name;
    } cases[] = {
        {"%{comm}", "Web Content"},
        {"%{exe} tabs", "firefox tabs"},
        {"%{unit}", "app-firefox.scope"},
        {"a%{pid}b%{pid}", "a42b42"},
        {"%{cgroup}", "/user.slice/user-1000.slice/app-firefox.scope"},
        {"100% %", "100% %"},
    };
    char name[MM_NAME_MAX];

    for (const auto &entry : cases) {
        mm_match_bundle_name(entry.pattern, facts.get(), name);
        EXPECT_STREQ(name, entry.name);
    }
    set(facts->unit, "");
    mm_match_bundle_name("%{unit}", facts.get(), name);
    EXPECT_STREQ(name, "Web Content");
    strcpy(facts->comm, "");
    mm_match_bundle_name("%{unit}", facts.get(), name);
    EXPECT_STREQ(name, "42");
    strcpy(facts->comm, "\x1b[1m\xff");
    mm_match_bundle_name("%{comm}", facts.get(), name);
    EXPECT_STREQ(name, "\\x1b[1m\\xff");
    set(facts->cgroup, "/" + std::string(MM_FACT_MAX - 2, '\1'));
    mm_match_bundle_name("%{cgroup}%{cgroup}%{cgroup}", facts.get(), name);
    EXPECT_LT(strlen(name), static_cast<size_t>(MM_NAME_MAX));
    EXPECT_GT(strlen(name), 100U);
}

/* Of the process as it is with those texts. */
uint64_t key_of(const char *pattern, uid_t uid = 1000, const char *comm = "a",
                const std::string &cgroup = "/c", const char *unit = "u.scope")
{
    const auto facts = firefox();
    char name[MM_NAME_MAX];

    facts->uid = uid;
    strcpy(facts->comm, comm);
    set(facts->cgroup, cgroup);
    set(facts->unit, unit);
    return mm_match_bundle_name(pattern, facts.get(), name);
}

TEST(BundleKey, IsThatOfOneNameAndUser)
{
    EXPECT_NE(key_of("%{comm}"), 0U);
    EXPECT_EQ(key_of("%{comm}"), key_of("%{comm}", 1000, "a", "/other", "other.scope"));
    EXPECT_EQ(key_of("%{comm}"), key_of("a")) << "however the name came about";
    EXPECT_NE(key_of("%{comm}"), key_of("%{comm}", 1000, "b"));
    EXPECT_NE(key_of("%{comm}"), key_of("%{comm}", 1001)) << "another user may call itself anything";
    EXPECT_NE(key_of("%{unit}"), key_of("%{unit}", 1001));
    EXPECT_EQ(key_of("%{unit}"), key_of("%{unit}", 1000, "b", "/other"));
}

TEST(BundleKey, OfACgroupIsEverybodysInThere)
{
    const std::string longest(MM_FACT_MAX - 2, 'c');

    EXPECT_EQ(key_of("%{cgroup}"), key_of("%{cgroup}", 1001, "b"));
    EXPECT_NE(key_of("%{cgroup}"), key_of("%{cgroup}", 1000, "a", "/d"));
    EXPECT_NE(key_of("%{cgroup}%{comm}", 0, "b", "/a"), key_of("%{cgroup}%{comm}", 0, "", "/ab"));
    /* as they are shown they are the same, as long ones of a cluster may be */
    EXPECT_NE(key_of("%{cgroup}", 0, "a", "/" + longest), key_of("%{cgroup}", 0, "a", longest + "d"));
    EXPECT_NE(key_of("%{cgroup}", 0, "a", longest + "e"), key_of("%{cgroup}", 0, "a", longest + "d"));
}

TEST(BundleKey, WithoutANameThereIsNone)
{
    EXPECT_EQ(key_of(nullptr), 0U);
    EXPECT_EQ(key_of(""), 0U);
    EXPECT_EQ(key_of("%{unit}", 1000, "a", "/c", ""), 0U) << "who is in no unit has none in common";
    EXPECT_EQ(key_of("%{cgroup}", 1000, "a", ""), 0U);
}

} // namespace
