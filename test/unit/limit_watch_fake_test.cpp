// SPDX-License-Identifier: Apache-2.0
// Limits that somebody changes, over trees of plain files.
#include "wake_fake.h"

#include "kernel_interface/inotify.h"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/resource.h>

namespace
{

// The domain is /outer/inner.
class LimitWatch : public testing::TestWithParam<bool>
{
  protected:
    void SetUp() override
    {
        if (GetParam())
            machine.make_v2();
        else
            machine.make_hybrid();
        for (const char *path : {"/outer", "/outer/inner"}) {
            if (GetParam())
                machine.make_v2_group(path, 10 * mib, "104857600", 0);
            else
                machine.make_v1_group(path, 10 * mib, "104857600", 0);
        }
        ASSERT_EQ(machine.start("/outer/inner"), 0);
    }
    static std::string file(const std::string &group, const char *v1, const char *v2)
    {
        return std::string("sys/fs/cgroup") + (GetParam() ? "" : "/memory") + group + "/" +
               (GetParam() ? v2 : v1);
    }
    void set_limit(const std::string &group, const std::string &bytes) const
    {
        machine.write(file(group, "memory.limit_in_bytes", "memory.max"), bytes);
    }
    static bool is_ready(const Wake &wake)
    {
        pollfd ready = {wake.fd, POLLIN, 0};

        return poll(&ready, 1, 0) > 0;
    }

    FakeMachine machine;
};

TEST_P(LimitWatch, EachLimitOfTheDomainAndOfThoseAboveItTells)
{
    Wake wake(machine, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    EXPECT_EQ(wake.events, static_cast<uint32_t>(EPOLLIN));
    EXPECT_FALSE(is_ready(wake));
    for (const char *group : {"/outer", "/outer/inner"}) {
        set_limit(group, "52428800\n");
        EXPECT_EQ(wake.await(), 1) << group;
        EXPECT_FALSE(is_ready(wake)) << group;
        machine.write(file(group, "memory.memsw.limit_in_bytes", "memory.swap.max"), "73400320\n");
        EXPECT_EQ(wake.await(), 1) << group;
        EXPECT_EQ(wake.take(), 0) << group;
    }
}

TEST_P(LimitWatch, WhatIsWrittenAgainIsNoChangeAndNeitherIsWhatWasPutBack)
{
    Wake wake(machine, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    set_limit("/outer", "104857600");
    EXPECT_EQ(wake.await(), 0);
    set_limit("/outer", "4096");
    set_limit("/outer", "104857600");
    EXPECT_EQ(wake.await(), 0);
    EXPECT_FALSE(is_ready(wake));
}

TEST_P(LimitWatch, OtherFilesAndGroupsAreNotListenedTo)
{
    Wake wake(machine, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    machine.write(file("/outer", "cgroup.procs", "cgroup.procs"), "1\n");
    machine.write(file("/outer/inner", "memory.soft_limit_in_bytes", "memory.high"), "4096\n");
    machine.write(file("/outer/inner", "memory.usage_in_bytes", "memory.current"), "4096\n");
    machine.write(file("/outer/other", "memory.limit_in_bytes", "memory.max"), "4096\n");
    EXPECT_FALSE(is_ready(wake));
}

TEST_P(LimitWatch, GroupsThatComeAndGoBesideTheDomainWakeNobody)
{
    Wake wake(machine, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    for (const char *group : {"/outer/sibling", "/other", "/outer/inner/below"}) {
        machine.write(file(group, "memory.limit_in_bytes", "memory.max"), "4096\n");
        machine.remove(
            std::filesystem::path(file(group, "memory.limit_in_bytes", "memory.max")).parent_path());
        EXPECT_FALSE(is_ready(wake)) << group;
    }
}

TEST_P(LimitWatch, AGroupThatIsGoneIsSaidByWhateverIsToldNext)
{
    Wake wake(machine, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    machine.remove(std::filesystem::path(file("/outer/inner", "cgroup.procs", "cgroup.procs")).parent_path());
    set_limit("/outer", "52428800\n");
    EXPECT_EQ(wake.await(), -ENODEV);
}

TEST_P(LimitWatch, WithoutALimitAnywhereThereIsNothingToWatch)
{
    FakeMachine bare;

    bare.make_v2();
    bare.write("sys/fs/cgroup/apps/cgroup.procs", "");
    ASSERT_EQ(bare.start("/apps"), 0);
    EXPECT_EQ(Wake(bare, request(MM_WAKE_LIMITS)).result, -EOPNOTSUPP);
}

TEST_P(LimitWatch, WithoutADescriptorItIsRefused)
{
    rlimit before = {}, none = {};

    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = {0, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const int result = Wake(machine, request(MM_WAKE_LIMITS)).result;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(result, -EMFILE);
    const mm_feature *feature = machine.ops()->feature(machine.kernel(), MM_FEATURE_LIMIT_CHANGES);
    EXPECT_FALSE(feature->available);
    EXPECT_STREQ(feature->reason, mm_inotify_error_text(-EMFILE));
}

// As a controller that is switched off and on again does to the files of the groups below.
class ControllerOfLimits : public LimitWatch
{
  protected:
    void SetUp() override
    {
        LimitWatch::SetUp();
        for (const char *group : {"/outer", "/outer/inner"})
            control(group, "memory\n");
    }
    void control(const std::string &group, const std::string &controllers) const
    {
        machine.write(file(group, "cgroup.subtree_control", "cgroup.subtree_control"), controllers);
    }
    void remove_limits() const
    {
        machine.remove(file("/outer/inner", "memory.limit_in_bytes", "memory.max"));
        machine.remove(file("/outer/inner", "memory.memsw.limit_in_bytes", "memory.swap.max"));
    }
};

TEST_P(ControllerOfLimits, FilesThatWereMadeAnewAreListenedTo)
{
    Wake wake(machine, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    remove_limits();
    set_limit("/outer/inner", "104857600\n");
    control("/outer", "memory\n");
    EXPECT_EQ(wake.await(), 0) << "the limit is as before";
    EXPECT_FALSE(is_ready(wake));
    set_limit("/outer/inner", "52428800\n");
    EXPECT_EQ(wake.await(), 1);
    EXPECT_FALSE(is_ready(wake));
}

TEST_P(ControllerOfLimits, ALimitThatIsNoLongerThereIsNoneUntilItIs)
{
    Wake wake(machine, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    remove_limits();
    control("/outer", "\n");
    EXPECT_EQ(wake.await(), 1);
    control("/outer", "\n");
    EXPECT_EQ(wake.await(), 0);
    set_limit("/outer/inner", "104857600\n");
    control("/outer", "memory\n");
    EXPECT_EQ(wake.await(), 1);
    EXPECT_FALSE(is_ready(wake));
}

TEST_P(ControllerOfLimits, ThoseOfGroupsBelowTheDomainWakeNobody)
{
    Wake wake(machine, request(MM_WAKE_LIMITS));

    ASSERT_EQ(wake.result, 0);
    control("/outer/inner", "\n");
    EXPECT_FALSE(is_ready(wake));
}

INSTANTIATE_TEST_SUITE_P(Hierarchies, ControllerOfLimits, testing::Values(true),
                         [](const testing::TestParamInfo<bool> &) { return std::string("V2"); });

INSTANTIATE_TEST_SUITE_P(Hierarchies, LimitWatch, testing::Bool(),
                         [](const testing::TestParamInfo<bool> &tested) {
                             return std::string(tested.param ? "V2" : "V1");
                         });

TEST(LimitWatchOfTheMachine, IsRefused)
{
    FakeMachine machine;

    machine.make_v2();
    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(Wake(machine, request(MM_WAKE_LIMITS)).result, -EOPNOTSUPP);
    EXPECT_FALSE(machine.ops()->feature(machine.kernel(), MM_FEATURE_LIMIT_CHANGES)->available);
}

TEST(Inotify, ItsLimitsAreCalledByTheirNames)
{
    EXPECT_STREQ(mm_inotify_error_text(-EMFILE),
                 "no descriptor, or inotify instance, left (ulimit -n, fs.inotify.max_user_instances)");
    EXPECT_STREQ(mm_inotify_error_text(-ENOSPC), "no inotify watch left (fs.inotify.max_user_watches)");
    EXPECT_STREQ(mm_inotify_error_text(-ENOENT), "No such file or directory");
}

} // namespace
