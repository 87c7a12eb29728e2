/* SPDX-License-Identifier: Apache-2.0 */
/* While a kill is under way nothing is allocated; on calm moments memory and sizes are made up for. */
#include "priority_world.h"

/* Every allocation of the program passes here (--wrap), so that a test can forbid them. */
static volatile bool allocation_is_forbidden; /* volatile: the compiler takes malloc for innocent */
static volatile unsigned forbidden_allocations;

extern "C" {
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    if (allocation_is_forbidden)
        forbidden_allocations = forbidden_allocations + 1;
    return __real_aligned_alloc(alignment, bytes);
}

void *__wrap_malloc(size_t bytes)
{
    if (allocation_is_forbidden)
        forbidden_allocations = forbidden_allocations + 1;
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    if (allocation_is_forbidden)
        forbidden_allocations = forbidden_allocations + 1;
    return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    if (allocation_is_forbidden)
        forbidden_allocations = forbidden_allocations + 1;
    return __real_realloc(memory, bytes);
}
}

class Pressure : public PriorityWorld
{
  protected:
    void TearDown() override
    {
        allocation_is_forbidden = false;
        PriorityWorld::TearDown();
    }

    void begin()
    {
        publish(MM_EVENT_KILL_BEGIN);
        forbidden_allocations = 0;
        allocation_is_forbidden = true;
    }

    unsigned end()
    {
        allocation_is_forbidden = false;
        publish(MM_EVENT_KILL_END);
        return forbidden_allocations;
    }

    /* As many as a scan in slices needs. */
    void take_turns()
    {
        for (unsigned i = 0; i < 100; i++)
            mm_event_center_step(center);
    }

    void spawn_many(pid_t first, pid_t end)
    {
        for (pid_t pid = first; pid < end; pid++)
            spawn(pid);
    }

    /* As report does, without a string that would allocate. */
    void report_plainly(mm_application_reason reason, pid_t pid, const char *name, pid_t caller = 0)
    {
        mm_event event{};

        event.kind = MM_EVENT_APPLICATION;
        event.pid = pid;
        event.uid = kUid;
        event.payload.application.reason = reason;
        event.payload.application.account_id = -1;
        event.payload.application.caller_pid = caller;
        mm_copy_text(event.payload.application.name, sizeof(event.payload.application.name), name);
        mm_event_center_publish(center, &event);
    }
};

TEST_F(Pressure, TheWrapSeesAllocations)
{
    begin();
    void *volatile memory = malloc(7); /* not to be optimised away */

    free(memory);
    EXPECT_EQ(end(), 1U);
}

TEST_F(Pressure, NothingIsAllocatedUntilTheKillIsOver)
{
    char name[32];
    size_t announcements = 100000;

    announced.reserve(announcements);
    set_important("com.example.400", 250);
    publish_config();
    spawn_many(2000, 6000);
    create({1000});
    begin();
    for (pid_t pid = 2000; pid < 6000; pid++) {
        (void)snprintf(name, sizeof(name), "com.example.%d", pid % 1000);
        report_plainly(MM_REASON_CREATE_PROCESS, pid, name);
        report_plainly(MM_REASON_BACKGROUND, pid, "");
        report_plainly(MM_REASON_BIND_EXTENSION, pid, "", 1000);
    }
    publish(MM_EVENT_CONFIG); /* NULL: must not be looked at now */
    (void)mm_priority_manager_refresh(manager, 1000);
    EXPECT_EQ(mm_priority_manager_scan(manager), -EBUSY);
    mm_priority_manager_want_scan(manager);
    mm_event_center_step(center);
    publish(MM_EVENT_ACCOUNT, 0);
    for (pid_t pid = 2000; pid < 2100; pid++)
        publish(MM_EVENT_PROCESS_EXITED, pid);
    EXPECT_EQ(end(), 0U);
    EXPECT_GT(counters().untracked_newcomers, 0U);
}

TEST_F(Pressure, ANewcomerWithoutASlotGetsItsNumberAtLeast)
{
    constexpr pid_t kLast = 6000;
    uint64_t refused;

    set_important("com.example.important", 250);
    publish_config();
    spawn_many(2000, kLast);
    spawn(kLast, kUid, 700);
    spawn(kLast + 1, kUid, 700);
    begin();
    for (pid_t pid = 2000; pid < kLast; pid++)
        report_plainly(MM_REASON_CREATE_PROCESS, pid, "com.example.one");
    refused = counters().untracked_newcomers;
    report_plainly(MM_REASON_CREATE_PROCESS, kLast, "com.example.important");
    publish(MM_EVENT_PROCESS_FOUND, kLast + 1);
    EXPECT_EQ(end(), 0U);
    EXPECT_EQ(counters().untracked_newcomers, refused + 2);
    EXPECT_EQ(mm_priority_manager_find(manager, kLast), nullptr);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, kLast), 250);
    EXPECT_EQ(mm_simulated_oom_score_adj(kernel, kLast + 1), 700);
    /* Those that were there were not evicted, and the calm finds the rest. */
    EXPECT_NE(mm_priority_manager_find(manager, 2000), nullptr);
    take_turns();
    EXPECT_EQ(counters().processes, 4002U);
    EXPECT_EQ(priority(kLast), 250);
    EXPECT_EQ(priority(kLast + 1), 700);
}

TEST_F(Pressure, AConfigurationThatComesThenTakesEffectAfterwards)
{
    create({1000});
    report(MM_REASON_BACKGROUND, {1000});
    set_important(kBundle, 150);
    publish(MM_EVENT_KILL_BEGIN);
    publish_config();
    EXPECT_EQ(priority(1000), 400);
    publish(MM_EVENT_KILL_END);
    EXPECT_EQ(priority(1000), 150);
}

TEST_F(Pressure, AScanThatIsRefusedIsMadeUpForAfterwards)
{
    publish(MM_EVENT_KILL_BEGIN);
    spawn(1000, kUid, 300);
    EXPECT_EQ(mm_priority_manager_scan(manager), -EBUSY);
    publish(MM_EVENT_KILL_END);
    EXPECT_EQ(mm_priority_manager_find(manager, 1000), nullptr);
    take_turns();
    EXPECT_NE(mm_priority_manager_find(manager, 1000), nullptr);
}

TEST_F(Pressure, RefreshReadsSizesInRounds)
{
    for (pid_t pid = 1000; pid < 1100; pid++)
        create({pid});
    size_t left = mm_priority_manager_refresh(manager, 30);
    EXPECT_GT(left, 0U);
    EXPECT_LE(left, 70U);
    for (int i = 0; left > 0 && i < 100; i++)
        left = mm_priority_manager_refresh(manager, 30);
    EXPECT_EQ(left, 0U);
    EXPECT_EQ(mm_priority_manager_find(manager, 1000)->bundle->resident_bytes, 100 * MM_MIB);
    /* One that grows, one that has gone. */
    mm_simulated_set_growth(kernel, 1001, 10 * MM_MIB, 2 * MM_MIB);
    mm_simulated_exit(kernel, 1002);
    advance_s(1);
    (void)mm_priority_manager_refresh(manager, 1000);
    EXPECT_EQ(mm_priority_manager_find(manager, 1000)->bundle->resident_bytes, 100 * MM_MIB);
    EXPECT_EQ(mm_priority_manager_find(manager, 1002), nullptr);
}

TEST_F(Pressure, RefreshSeesWhatNobodyReportsOfAnUnregisteredProcess)
{
    int written = 0;

    spawn(1000, kUid, 300);
    spawn(1001, kUid, 300);
    ASSERT_EQ(mm_priority_manager_scan(manager), 0);
    report(MM_REASON_BACKGROUND, {1001});
    ASSERT_EQ(priority(1001), 400);
    ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, 1000, 0, -1000, &written), 0);
    ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, 1001, 0, -1000, &written), 0);
    (void)mm_priority_manager_refresh(manager, 1000);
    EXPECT_EQ(priority(1000), -1000);
    EXPECT_EQ(priority(1001), 400) << "of a registered one the list says it";
}
