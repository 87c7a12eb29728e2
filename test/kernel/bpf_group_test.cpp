/* SPDX-License-Identifier: Apache-2.0 */
/* What BPF reports of control groups, and of processes of a domain. Needs root, and groups that the test makes. */
#include "bpf_support.h"
#include "kernel_fixture.h"

namespace
{

using bpf_test::Watcher;
using Changes = std::vector<int>;

uint64_t inode_of(const std::string &path)
{
    struct stat status = {};

    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_ino;
}

class Groups : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        if (where.memory.top_fd < 0)
            GTEST_SKIP() << "no hierarchy with the memory controller";
    }

    void load(uint64_t domain_group = 0)
    {
        struct mm_bpf_options options = {};

        options.domain_group = domain_group;
        ASSERT_EQ(watcher.load(options), 0) << mm_bpf_reason(watcher.bpf);
        if (!(mm_bpf_programs(watcher.bpf) & MM_BPF_PROGRAM_GROUP_CREATED))
            GTEST_SKIP() << mm_bpf_reason(watcher.bpf);
    }

    Changes changes_of(uint64_t id) const
    {
        Changes found;

        for (const auto &record : watcher.seen) {
            if (record.type == MM_BPF_RECORD_GROUP && record.group_id == id)
                found.push_back(record.value);
        }
        return found;
    }

    Changes moves_of(pid_t pid) const
    {
        Changes found;

        for (const auto &record : watcher.seen) {
            if (record.type == MM_BPF_RECORD_MOVED && record.tgid == pid)
                found.push_back(record.value);
        }
        return found;
    }

    Hierarchies where;
    Watcher watcher;
    const std::string name = "memmgr-test-" + std::to_string(getpid());
};

TEST_F(Groups, LiveAndAreToldFromThoseOfTheSamePath)
{
    uint64_t first, second;

    load();
    {
        Directory directory(where.memory, name);
        Child child;

        first = inode_of(directory.file(""));
        directory.add(child.pid);
    }
    {
        Directory directory(where.memory, name);

        second = inode_of(directory.file(""));
    }
    watcher.settle();
    EXPECT_NE(first, second);
    EXPECT_EQ(changes_of(first), (Changes{MM_BPF_GROUP_CREATED, MM_BPF_GROUP_POPULATED, MM_BPF_GROUP_EMPTY,
                                          MM_BPF_GROUP_REMOVED}));
    EXPECT_EQ(changes_of(second), (Changes{MM_BPF_GROUP_CREATED, MM_BPF_GROUP_REMOVED}));
    for (const auto &record : watcher.seen) {
        if (record.type == MM_BPF_RECORD_GROUP && record.group_id == first) {
            EXPECT_EQ(record.comm, name.substr(0, MM_BPF_COMM_SIZE - 1));
        }
    }
}

/* Its numbers may be those of groups of other hierarchies. */
TEST_F(Groups, OfOtherHierarchiesAreSilent)
{
    const struct mm_hierarchy &other = where.memory.is_v2 ? where.freezer : where.unified;
    uint64_t groups = 0;

    if (other.top_fd < 0)
        GTEST_SKIP() << "there is one hierarchy only";
    load();
    {
        Directory directory(other, name);
    }
    watcher.settle();
    for (const auto &record : watcher.seen)
        groups += record.type == MM_BPF_RECORD_GROUP && name.rfind(record.comm, 0) == 0;
    EXPECT_EQ(groups, 0u);
}

TEST_F(Groups, FreezeAndThaw)
{
    if (where.unified.top_fd < 0)
        GTEST_SKIP() << "only v2 says so";
    load();

    Directory directory(where.unified, name);
    Child child;
    const uint64_t id = inode_of(directory.file(""));

    directory.add(child.pid);
    ASSERT_TRUE(write_text(directory.file("cgroup.freeze"), "1"));
    ASSERT_TRUE(comes_to_say(directory.file("cgroup.events"), "frozen 1"));
    ASSERT_TRUE(write_text(directory.file("cgroup.freeze"), "0"));
    watcher.settle();

    Changes freezes;

    for (int change : changes_of(id)) {
        if (change == MM_BPF_GROUP_FROZEN || change == MM_BPF_GROUP_THAWED)
            freezes.push_back(change);
    }
    EXPECT_EQ(freezes, (Changes{MM_BPF_GROUP_FROZEN, MM_BPF_GROUP_THAWED}));
}

TEST_F(Groups, OfADomainAloneAreReported)
{
    Directory domain(where.memory, name);
    uint64_t inside, outside;

    load(inode_of(domain.file("")));
    {
        Directory inner(where.memory, name + "/inner");
        Directory beside(where.memory, name + "-2");

        inside = inode_of(inner.file(""));
        outside = inode_of(beside.file(""));
    }
    watcher.settle();
    EXPECT_EQ(changes_of(inside), (Changes{MM_BPF_GROUP_CREATED, MM_BPF_GROUP_REMOVED}));
    EXPECT_EQ(changes_of(outside), Changes{});
}

TEST_F(Groups, ProcessesEnterAndLeaveADomain)
{
    Directory domain(where.memory, name), beside(where.memory, name + "-2"),
        inner(where.memory, name + "/inner");
    bpf_test::Child stranger;

    load(inode_of(domain.file("")));

    bpf_test::Child child;

    for (const Directory *next : {&domain, &inner, &beside, &inner})
        next->add(child.pid());
    beside.add(stranger.pid());
    watcher.settle();
    EXPECT_EQ(moves_of(child.pid()), (Changes{1, 1, 0, 1}));
    EXPECT_EQ(moves_of(stranger.pid()), Changes{0});
    EXPECT_EQ(watcher.count(MM_BPF_RECORD_FORK, child.pid()), 0u) << "it began outside";
    child.end();
    stranger.end();
}

/* What a process is may be told by its group's path, whatever the domain. */
TEST_F(Groups, MovesWithinTheMachineAreReported)
{
    Directory directory(where.memory, name);
    bpf_test::Child child;

    load();
    directory.add(child.pid());
    watcher.settle();
    EXPECT_EQ(moves_of(child.pid()), Changes{1});
    if (!where.memory.is_v2 && where.unified.top_fd >= 0) {
        Directory twin(where.unified, name);

        twin.add(child.pid());
        watcher.settle();
        EXPECT_EQ(moves_of(child.pid()), (Changes{1, 1}));
        child.end();
        return;
    }
    child.end();
}

/* Neither a fork nor clone3 into a group is a move. */
TEST_F(Groups, WhatBeginsInADomainIsReported)
{
    Directory domain(where.memory, name);

    load(inode_of(domain.file("")));

    bpf_test::Child parent([] {
        const pid_t child = fork();

        if (child == 0) {
            (void)execl("/bin/true", "true", nullptr);
            _exit(1);
        }
        waitpid(child, nullptr, 0);
    });
    const pid_t pid = parent.pid();
    unsigned forks = 0, execs = 0;

    domain.add(pid);
    parent.end();
    watcher.settle();
    for (const auto &record : watcher.seen) {
        forks += record.type == MM_BPF_RECORD_FORK && record.actor == pid;
        execs += record.type == MM_BPF_RECORD_EXEC && strcmp(record.comm, "true") == 0;
        EXPECT_FALSE(record.type == MM_BPF_RECORD_FORK && record.actor == getpid())
            << "the marker is outside";
    }
    EXPECT_EQ(forks, 1u);
    EXPECT_EQ(execs, 1u);
}

} // namespace
