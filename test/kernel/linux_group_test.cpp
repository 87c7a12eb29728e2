// SPDX-License-Identifier: Apache-2.0
// The Linux implementation of struct mm_kernel against the running kernel: domains, groups, jobs.
#include "kernel_fixture.h"

namespace
{

// ---- domains ----

TEST_F(KernelGroup, ADomainHasWhatItsLimitLeaves)
{
    size_t size = 20 * mib;
    struct mm_memory_state before, after;

    set_limit(64 * mib);
    Directory inner(where_.memory, name_ + "/inner"); // no limit of its own: the one above holds
    Kernel domain(path_ + "/inner");
    ASSERT_EQ(domain->read_memory(domain.kernel, &before), 0);
    EXPECT_EQ(before.total_bytes, 64 * mib);
    EXPECT_LE(before.available_bytes, 64 * mib);
    EXPECT_GT(before.available_bytes, 60 * mib);

    Child child(touch_memory, &size);
    inner.add(child.pid);
    child.let_go();
    ASSERT_EQ(domain->read_memory(domain.kernel, &after), 0);
    EXPECT_LT(after.available_bytes, before.available_bytes - 19 * mib);
    EXPECT_GT(after.available_bytes, before.available_bytes - 24 * mib); // page tables, the stack
    EXPECT_EQ(domain->is_in_domain(domain.kernel, child.pid), 1);
    EXPECT_EQ(domain->is_in_domain(domain.kernel, getpid()), 0);

    std::vector<pid_t> seen;
    struct mm_process_scan scan = {};
    EXPECT_EQ(domain->scan_processes(
                  domain.kernel, MM_PROCESS_STAT, UINT64_MAX, &scan,
                  [](const struct mm_process_info *info, void *user) {
                      static_cast<std::vector<pid_t> *>(user)->push_back(info->pid);
                      return 0;
                  },
                  &seen),
              0);
    EXPECT_EQ(seen, std::vector<pid_t>{child.pid});
}

TEST_F(KernelGroup, FilePagesOfADomainAreAvailable)
{
    DiskFile file;
    struct mm_memory_state memory;

    if (!file.is_on_disk)
        GTEST_SKIP() << "no disk under /var/tmp";
    set_limit(64 * mib);
    Kernel domain(path_);
    auto child = spawn(fill_cache, file.path);
    const uint64_t used = domain.value(group_, MM_GROUP_CURRENT);
    EXPECT_GT(used, 23 * mib);
    // The kernel gathers the statistics of groups every two seconds, at the latest when they are read after
    // that; until then the pages look like plain usage.
    for (int waited_ms = 0; waited_ms < patience_ms; waited_ms += 10) {
        ASSERT_EQ(domain->read_memory(domain.kernel, &memory), 0);
        if (memory.file_bytes > 22 * mib)
            break;
        usleep(10000);
    }
    EXPECT_GT(memory.file_bytes, 22 * mib);
    EXPECT_LT(memory.free_bytes, 42 * mib);
    EXPECT_GT(memory.available_bytes, 58 * mib);
}

TEST_F(KernelGroup, PressureOfAGroupAndOfItsTwin)
{
    std::unique_ptr<Directory> twin;
    const mm_pressure_trigger wanted = {MM_PRESSURE_FULL, 200000, 2000000};
    mm_pressure_trigger armed = {};
    struct mm_pressure pressure;
    int fd = -1;

    if (!kernel_.has(MM_FEATURE_GROUP_PRESSURE))
        GTEST_SKIP() << kernel_.reason(MM_FEATURE_GROUP_PRESSURE);
    auto child = spawn();
    if (!where_.memory.is_v2) {
        EXPECT_EQ(kernel_->read_pressure(kernel_.kernel, group_, &pressure), -EOPNOTSUPP);
        twin = std::make_unique<Directory>(where_.unified, name_);
        EXPECT_EQ(kernel_->read_pressure(kernel_.kernel, group_, &pressure), -EOPNOTSUPP); // it is empty
        twin->add(child->pid);
    }
    EXPECT_EQ(kernel_->read_pressure(kernel_.kernel, group_, &pressure), 0);
    ASSERT_EQ(kernel_->open_pressure_trigger(kernel_.kernel, group_, &wanted, &armed, &fd), 0);
    EXPECT_EQ(armed.window_us, 2000000U);
    close(fd);
    child.reset(); // before its groups
}

// ---- groups ----

TEST_F(KernelGroup, ProcessesOfTheWholeSubtree)
{
    Directory inner(where_.memory, name_ + "/inner");
    auto first = spawn();
    Child second;
    pid_t pids[4] = {};
    char path[MM_GROUP_PATH_MAX];

    inner.add(second.pid);
    ASSERT_EQ(kernel_->read_group_processes(kernel_.kernel, group_, pids, 4), 2);
    EXPECT_EQ(pids[0], first->pid);
    EXPECT_EQ(pids[1], second.pid);
    EXPECT_EQ(kernel_->read_group_processes(kernel_.kernel, group_, pids, 1), 2);
    ASSERT_EQ(kernel_->read_process_group(kernel_.kernel, second.pid, path, sizeof(path)), 0);
    EXPECT_EQ(path, path_ + "/inner");
    EXPECT_EQ(kernel_->read_process_group(kernel_.kernel, second.pid, path, 5), -ENAMETOOLONG);
}

TEST_F(KernelGroup, ThereIsOneToBorrow)
{
    struct mm_group *borrowed = nullptr, *second = nullptr;

    EXPECT_EQ(kernel_->borrow_group(kernel_.kernel, "/memmgr-test-nowhere", &borrowed), -ENOENT);
    ASSERT_EQ(kernel_->borrow_group(kernel_.kernel, path_.c_str(), &borrowed), 0);
    EXPECT_EQ(kernel_->group_path(kernel_.kernel, borrowed), path_);
    EXPECT_EQ(kernel_->group_id(kernel_.kernel, borrowed), kernel_->group_id(kernel_.kernel, group_));
    EXPECT_EQ(kernel_.value(borrowed, MM_GROUP_MAX), MM_UNLIMITED);
    EXPECT_EQ(kernel_->borrow_group(kernel_.kernel, "/", &second), -EBUSY);
    kernel_->close_group(kernel_.kernel, borrowed);
    EXPECT_EQ(kernel_->borrow_group(kernel_.kernel, "/", &borrowed), 0);
    EXPECT_NE(kernel_->group_id(kernel_.kernel, borrowed), kernel_->group_id(kernel_.kernel, group_));
    // one that is never given back is closed with the kernel
}

TEST_F(KernelGroup, RaisingIsRefusedBelowUsage)
{
    size_t size = 16 * mib;
    auto child = spawn(touch_memory, &size);

    EXPECT_GT(kernel_.value(group_, MM_GROUP_CURRENT), 15 * mib);
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_MAX), MM_UNLIMITED);
    EXPECT_EQ(kernel_->raise_group(kernel_.kernel, group_, MM_GROUP_MAX, 8 * mib), -EBUSY);
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_MAX), MM_UNLIMITED);
    EXPECT_EQ(kernel_->raise_group(kernel_.kernel, group_, MM_GROUP_MAX, 64 * mib), 0);
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_MAX), 64 * mib);
    EXPECT_EQ(kernel_->raise_group(kernel_.kernel, group_, MM_GROUP_MAX, MM_UNLIMITED), 0);
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_MAX), MM_UNLIMITED);
    EXPECT_EQ(kernel_->raise_group(kernel_.kernel, group_, MM_GROUP_HIGH, 32 * mib), 0);
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_HIGH), 32 * mib);
    EXPECT_TRUE(child->is_running());
}

TEST_F(KernelGroup, ARemovedGroupIsGone)
{
    const uint64_t id = kernel_->group_id(kernel_.kernel, group_);
    uint64_t bytes;
    pid_t pid;
    struct mm_group *next = nullptr;

    (void)kernel_.value(group_, MM_GROUP_CURRENT); // a descriptor that is open beforehand
    directory_->remove();
    EXPECT_EQ(kernel_->read_group(kernel_.kernel, group_, MM_GROUP_CURRENT, &bytes), -ENODEV);
    EXPECT_EQ(kernel_->read_group(kernel_.kernel, group_, MM_GROUP_CURRENT, &bytes), -ENODEV);
    EXPECT_EQ(kernel_->read_group(kernel_.kernel, group_, MM_GROUP_MAX, &bytes), -ENODEV); // one that is not
    EXPECT_EQ(kernel_->raise_group(kernel_.kernel, group_, MM_GROUP_MAX, MM_UNLIMITED), -ENODEV);
    EXPECT_EQ(kernel_->read_group_processes(kernel_.kernel, group_, &pid, 1), -ENODEV);
    directory_.reset();
    directory_ = std::make_unique<Directory>(where_.memory, name_);
    EXPECT_EQ(kernel_->read_group(kernel_.kernel, group_, MM_GROUP_CURRENT, &bytes),
              -ENODEV); // not the new one
    ASSERT_EQ(kernel_->open_group(kernel_.kernel, path_.c_str(), &next), 0);
    EXPECT_NE(kernel_->group_id(kernel_.kernel, next), id);
    kernel_->close_group(kernel_.kernel, next);
}

TEST_F(KernelGroup, ADomainThatWasMadeAnewIsAnother)
{
    Kernel domain(path_);
    struct mm_memory_state memory;

    EXPECT_EQ(domain->read_memory(domain.kernel, &memory), 0);
    directory_->remove();
    EXPECT_EQ(domain->read_memory(domain.kernel, &memory), -ENODEV);
    directory_.reset();
    directory_ = std::make_unique<Directory>(where_.memory, name_);
    EXPECT_EQ(domain->read_memory(domain.kernel, &memory), -ESTALE);
}

TEST_F(KernelGroup, OnlyOneManagesADomain)
{
    struct mm_linux_kernel_options options = {};
    struct mm_kernel *first = nullptr, *second = nullptr;

    options.domain.is_group = true;
    mm_copy_text(options.domain.group_path, sizeof(options.domain.group_path), path_.c_str());
    options.runtime_directory = "/tmp";
    options.root = "";
    options.reaper_threads = 1;
    options.is_exclusive = true;
    ASSERT_EQ(mm_linux_kernel_new(&options, &first), 0);
    EXPECT_EQ(mm_linux_kernel_new(&options, &second), -EBUSY);
    options.is_exclusive = false; // a dry run
    ASSERT_EQ(mm_linux_kernel_new(&options, &second), 0);
    mm_kernel_free(second);
    mm_kernel_free(first);
    options.is_exclusive = true;
    ASSERT_EQ(mm_linux_kernel_new(&options, &second), 0);
    mm_kernel_free(second);
}

TEST_F(KernelGroup, KillingTheWholeGroup)
{
    std::unique_ptr<Directory> twin;

    if (!kernel_.has(MM_FEATURE_CGROUP_KILL)) {
        EXPECT_EQ(kernel_->kill_group(kernel_.kernel, group_), -EOPNOTSUPP);
        return;
    }
    auto first = spawn();
    auto second = spawn();
    if (!where_.memory.is_v2) {
        EXPECT_EQ(kernel_->kill_group(kernel_.kernel, group_), -EOPNOTSUPP);
        twin = std::make_unique<Directory>(where_.unified, name_);
        twin->add(first->pid);
        EXPECT_EQ(kernel_->kill_group(kernel_.kernel, group_), -EOPNOTSUPP); // second is not in it
        EXPECT_TRUE(first->is_running());
        twin->add(second->pid);
    }
    ASSERT_EQ(kernel_->kill_group(kernel_.kernel, group_), 0);
    EXPECT_TRUE(WIFSIGNALED(first->wait()));
    EXPECT_TRUE(WIFSIGNALED(second->wait()));
}

TEST_F(KernelGroup, KillingAGroupWithUsInItIsRefused)
{
    if (!kernel_.has(MM_FEATURE_CGROUP_KILL))
        GTEST_SKIP() << kernel_.reason(MM_FEATURE_CGROUP_KILL);
    struct mm_group *top = nullptr;

    ASSERT_EQ(kernel_->open_group(kernel_.kernel, "/", &top), 0);
    EXPECT_EQ(kernel_->kill_group(kernel_.kernel, top), -EPERM);
    kernel_->close_group(kernel_.kernel, top);
}

// ---- jobs ----

TEST_F(KernelGroup, AReclaimJobTakesWhatItIsAskedForAndPutsTheLimitBack)
{
    DiskFile file;
    size_t size = 24 * mib;
    const bool has_swap = kernel_.has(MM_FEATURE_SWAP);

    if (!has_swap && !file.is_on_disk)
        GTEST_SKIP() << "neither swap nor a disk under /var/tmp";
    auto child = has_swap ? spawn(touch_memory, &size) : spawn(fill_cache, file.path);
    set_limit(200 * mib);
    const uint64_t before = kernel_.value(group_, MM_GROUP_CURRENT);
    const struct mm_job job = {MM_JOB_RECLAIM, group_, MM_GROUP_CURRENT, 10 * mib, 31, nullptr};
    ASSERT_EQ(kernel_->submit_job(kernel_.kernel, &job), 0);
    const struct mm_notice notice = kernel_.await(1)[0];
    const uint64_t after = kernel_.value(group_, MM_GROUP_CURRENT);

    EXPECT_EQ(notice.kind, MM_NOTICE_JOB_DONE);
    EXPECT_EQ(notice.cookie, 31U);
    EXPECT_EQ(notice.error, 0);
    EXPECT_GE(notice.bytes, 9 * mib);
    EXPECT_LT(after, before - 9 * mib);
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_MAX), 200 * mib);
    EXPECT_TRUE(child->is_running());
}

TEST_F(KernelGroup, NobodyDiesOfAReclaimThatFindsNothing)
{
    size_t size = 24 * mib;

    if (kernel_.has(MM_FEATURE_SWAP))
        GTEST_SKIP() << "anonymous memory can be swapped out here";
    auto child = spawn(touch_memory, &size);
    const struct mm_job job = {MM_JOB_RECLAIM, group_, MM_GROUP_CURRENT, 20 * mib, 1, nullptr};
    ASSERT_EQ(kernel_->submit_job(kernel_.kernel, &job), 0);
    const struct mm_notice notice = kernel_.await(1)[0];
    EXPECT_EQ(notice.error, -EAGAIN);
    EXPECT_TRUE(child->is_running());
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_MAX), MM_UNLIMITED);
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_HIGH), MM_UNLIMITED);
}

TEST_F(KernelGroup, CancelledJobsAllReportAndLeaveNoLimit)
{
    size_t size = 24 * mib;
    auto child = spawn(touch_memory, &size);
    const struct mm_job job = {MM_JOB_RECLAIM, group_, MM_GROUP_CURRENT, 20 * mib, 1, nullptr};

    for (int i = 0; i < 8; i++)
        ASSERT_EQ(kernel_->submit_job(kernel_.kernel, &job), 0);
    kernel_->cancel_jobs(kernel_.kernel);
    // with swap the first may have done its work before
    for (const struct mm_notice &notice : kernel_.await(8))
        EXPECT_TRUE(notice.error == -ECANCELED || notice.error == -EINTR || notice.error == -EAGAIN ||
                    (notice.error == 0 && kernel_.has(MM_FEATURE_SWAP)))
            << notice.error;
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_MAX), MM_UNLIMITED);
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_HIGH), MM_UNLIMITED);
    EXPECT_TRUE(child->is_running());
}

TEST_F(KernelGroup, AJobLowersALimit)
{
    const struct mm_job job = {MM_JOB_SET_VALUE, group_, MM_GROUP_MAX, 48 * mib, 2, nullptr};

    ASSERT_EQ(kernel_->submit_job(kernel_.kernel, &job), 0);
    EXPECT_EQ(kernel_.await(1)[0].error, 0);
    EXPECT_EQ(kernel_.value(group_, MM_GROUP_MAX), 48 * mib);
    directory_->remove();
    ASSERT_EQ(kernel_->submit_job(kernel_.kernel, &job), 0);
    EXPECT_EQ(kernel_.await(1)[0].error, -ENODEV);
}

} // namespace
