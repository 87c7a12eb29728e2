/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives a restart of the daemon, and what of a damaged file does not. */
#include "priority_world.h"

#include "priority_manager/snapshot.h"

#include <malloc.h>

#include <algorithm>

namespace
{

class PrioritySaved : public PriorityWorld
{
  public:
    PrioritySaved()
    {
        config.saved_state.is_enabled = true;
    }

    /* SIGKILL, and the next one: only the kernel knows anything. */
    void restart()
    {
        stop_manager();
        announced.clear();
        start_manager();
        ASSERT_EQ(mm_priority_manager_scan(manager), 0);
        result = mm_priority_manager_restore(manager);
    }

    const mm_saved_state &saved() const
    {
        return *mm_priority_manager_saved(manager);
    }

    std::vector<uint8_t> file() const
    {
        std::vector<uint8_t> bytes(MM_SNAPSHOT_BYTES_MAX);
        const ssize_t size = kernel->ops->read_saved(kernel, "applications", bytes.data(), bytes.size());

        bytes.resize(size < 0 ? 0 : static_cast<size_t>(size));
        return bytes;
    }

    void set_file(const std::vector<uint8_t> &bytes)
    {
        ASSERT_EQ(kernel->ops->write_saved(kernel, "applications", bytes.data(), bytes.size()), 0);
    }

    void tell_level(mm_memory_level level, mm_level_cause cause = MM_LEVEL_BY_WATERLINE)
    {
        mm_event event{};

        event.kind = MM_EVENT_MEMORY_LEVEL;
        event.payload.level.level = level;
        event.payload.level.cause = cause;
        mm_event_center_publish(center, &event);
    }

    /* In each state there is: accounts, a caller, an extension, a render process, times that run. */
    void make_world()
    {
        switch_account(100, MM_ACCOUNT_ACTIVATED);
        switch_account(101, MM_ACCOUNT_ACTIVATED);
        switch_account(100, MM_ACCOUNT_HOT_SWITCH);
        create({10, kUid, "mail"});
        report(MM_REASON_FOREGROUND, {10, kUid, "mail"});
        create({11, kUid, "player", "player:service"});
        report(MM_REASON_BACKGROUND_RUNNING_START, {11, kUid, "player"});
        create({12, kUid, "extension"});
        bind(10, 12);
        create({13, 20210001, "other"});
        report(MM_REASON_BACKGROUND, {13, 20210001, "other"});
        create({14, kUid, "suspended"});
        bind(0, 14);
        report(MM_REASON_APPLICATION_SUSPEND, {14, kUid, "suspended"});
        create({15, kUid, "new"});
        spawn(16, kUid, 0, "render");
        Application render{16, kUid, ""};
        render.caller = 13;
        report(MM_REASON_RENDER_CREATE_PROCESS, render);
        create({17, kUid, "starting"});
        report(MM_REASON_BACKGROUND, {17, kUid, "starting"});
        report(MM_REASON_ABILITY_START, {17, kUid, "starting"});
    }

    std::vector<std::string> all() const
    {
        std::vector<std::string> told;

        for (pid_t pid = 10; pid < 18; pid++)
            told.push_back(std::to_string(pid) + ": " + why(pid) + ", bundle " +
                           std::to_string(bundle_priority(pid)));
        return told;
    }

    int result = 0;
};

TEST_F(PrioritySaved, EverythingReportedIsThereAgain)
{
    make_world();
    advance_s(3);
    const std::vector<std::string> before = all();
    const std::vector<pid_t> order_before = order();

    restart();
    EXPECT_EQ(result, 0);
    EXPECT_EQ(all(), before);
    EXPECT_EQ(order(), order_before) << "equals in the order of their use";
    EXPECT_EQ(saved().processes, 8u);
    EXPECT_EQ(saved().accounts, 2u);
    EXPECT_EQ(saved().bindings, 2u);
    EXPECT_EQ(saved().gone, 0u);
    EXPECT_LE(saved().age_ns, 3 * kSecondNs);
    EXPECT_EQ(counters().registered_processes, 8u);
    EXPECT_EQ(counters().bindings, 2u);
    /* what was left of the times goes on: 15 s of grace, 10 s of a start, 3 of which have passed */
    EXPECT_EQ(priority(15), 0);
    EXPECT_EQ(priority(17), 0);
    advance_s(8);
    EXPECT_EQ(priority(15), 0);
    EXPECT_EQ(priority(17), 350);
    advance_s(6);
    EXPECT_EQ(priority(15), 350);
    /* and events find them as they were */
    report(MM_REASON_BACKGROUND_RUNNING_END, {11, kUid, "player"});
    EXPECT_EQ(priority(11), 350);
    unbind(10, 12);
    EXPECT_EQ(priority(12), 450);
    EXPECT_EQ(priority(14), 100);
    unbind(0, 14);
    EXPECT_EQ(priority(14), 450);
}

TEST_F(PrioritySaved, IsWrittenOnceForMuchAndNotWithoutAReport)
{
    advance_s(10);
    EXPECT_EQ(mm_simulated_calls(kernel, "write_saved"), 0u);
    make_world();
    EXPECT_EQ(mm_simulated_calls(kernel, "write_saved"), 0u);
    advance_s(3);
    EXPECT_EQ(mm_simulated_calls(kernel, "write_saved"), 1u);
    advance_s(60);
    EXPECT_EQ(mm_simulated_calls(kernel, "write_saved"), 1u);
}

TEST_F(PrioritySaved, NothingIsWrittenWhileAKillIsUnderWay)
{
    make_world();
    publish(MM_EVENT_KILL_BEGIN);
    advance_s(20);
    EXPECT_EQ(mm_simulated_calls(kernel, "write_saved"), 0u);
    EXPECT_EQ(mm_priority_manager_save(manager), -EBUSY);
    publish(MM_EVENT_KILL_END);
    advance_s(5);
    EXPECT_EQ(mm_simulated_calls(kernel, "write_saved"), 1u);
}

TEST_F(PrioritySaved, NothingIsWrittenWhereMemoryIsCritical)
{
    make_world();
    advance_s(20);
    const unsigned before = mm_simulated_calls(kernel, "write_saved");

    report(MM_REASON_FOREGROUND, {13, 20210001, "other"});
    tell_level(MM_LEVEL_CRITICAL);
    advance_s(20);
    EXPECT_EQ(mm_simulated_calls(kernel, "write_saved"), before);
    EXPECT_EQ(mm_priority_manager_save(manager), -EBUSY);
    EXPECT_TRUE(saved().is_wanted);
    tell_level(MM_LEVEL_NONE, MM_LEVEL_INJECTED);
    advance_s(20);
    EXPECT_EQ(mm_simulated_calls(kernel, "write_saved"), before) << "a client's word changes nothing";
    tell_level(MM_LEVEL_LOW);
    advance_s(5);
    EXPECT_EQ(mm_simulated_calls(kernel, "write_saved"), before + 1) << "low may be for hours";
    EXPECT_FALSE(saved().is_wanted);
}

/* Nor does the timer run for nothing meanwhile. */
TEST_F(PrioritySaved, NobodyWakesToTryAgain)
{
    make_world();
    advance_s(60);
    tell_level(MM_LEVEL_CRITICAL);
    report(MM_REASON_FOREGROUND, {13, 20210001, "other"});
    EXPECT_GT(mm_event_center_next_deadline_ns(center), kernel->ops->now_ns(kernel) + 60 * kSecondNs);
    tell_level(MM_LEVEL_NONE);
    EXPECT_LE(mm_event_center_next_deadline_ns(center), kernel->ops->now_ns(kernel) + 4 * kSecondNs);
}

TEST_F(PrioritySaved, TheLastOneIsWrittenWhateverIsUnderWay)
{
    make_world();
    tell_level(MM_LEVEL_CRITICAL);
    publish(MM_EVENT_KILL_BEGIN);
    ASSERT_EQ(mm_priority_manager_save_last(manager), 0);
    restart();
    EXPECT_EQ(saved().processes, 8u);
    config.saved_state.is_enabled = false;
    restart();
    EXPECT_EQ(mm_priority_manager_save_last(manager), -EOPNOTSUPP);
}

/* What a switch of accounts was about to end is ended by the next one. */
TEST_F(PrioritySaved, WhatWasToEndEndsStill)
{
    for (mm_account_change change : {MM_ACCOUNT_COLD_SWITCH, MM_ACCOUNT_REMOVED}) {
        const bool is_removal = change == MM_ACCOUNT_REMOVED;
        const pid_t doomed = is_removal ? 30 : 20, other = doomed + 1;

        create({doomed, kUid, "doomed"});
        create({other, 20210001, "other" + std::to_string(other)});
        switch_account(100, MM_ACCOUNT_ACTIVATED);
        switch_account(is_removal ? 100 : 101, change);
        advance_s(3);
        restart();
        mm_bundle *ending = mm_priority_manager_take_ending(manager);

        ASSERT_NE(ending, nullptr) << change;
        EXPECT_EQ(ending, mm_priority_manager_find(manager, doomed)->bundle);
        EXPECT_EQ(mm_priority_manager_take_ending(manager), nullptr);
        ASSERT_EQ(mm_simulated_exit(kernel, doomed), 0);
        publish(MM_EVENT_PROCESS_EXITED, doomed);
    }
}

/* Who lives and is not on the list, as the daemon itself, keeps what it bound. */
TEST_F(PrioritySaved, CallersThatNobodyListsStillCount)
{
    spawn(kOwnPid, 0);
    ASSERT_EQ(mm_priority_manager_find(manager, kOwnPid), nullptr);
    create({10, kUid, "bound"});
    report(MM_REASON_BACKGROUND, {10, kUid, "bound"});
    bind(kOwnPid, 10);
    EXPECT_EQ(priority(10), 100);
    advance_s(3);
    restart();
    EXPECT_EQ(priority(10), 100);
    EXPECT_EQ(saved().bindings, 1u);
    EXPECT_EQ(saved().gone, 0u);
    ASSERT_EQ(mm_simulated_exit(kernel, kOwnPid), 0);
    spawn(kOwnPid, 0); /* another one under the same number */
    restart();
    EXPECT_EQ(priority(10), 400);
    EXPECT_EQ(saved().gone, 1u);
}

TEST_F(PrioritySaved, WhoHasEndedOrIsAnotherIsNotTakenUp)
{
    make_world();
    ASSERT_EQ(mm_priority_manager_save(manager), 0);
    ASSERT_EQ(mm_simulated_exit(kernel, 10), 0);
    ASSERT_EQ(mm_simulated_exit(kernel, 11), 0);
    mm_simulated_advance(kernel, kSecondNs);
    spawn(11);
    restart();
    EXPECT_EQ(priority(10), MM_PRIORITY_NONE);
    EXPECT_EQ(why(11), "0 oom_score_adj, not registered") << "another under the same pid";
    EXPECT_EQ(saved().processes, 6u);
    EXPECT_EQ(saved().gone, 3u) << "two processes, and a binding whose caller was one of them";
    EXPECT_EQ(counters().bindings, 1u);
}

TEST_F(PrioritySaved, SomebodyElsesMinus1000OfMeanwhileCounts)
{
    int written;

    make_world();
    ASSERT_EQ(mm_priority_manager_save(manager), 0);
    ASSERT_EQ(kernel->ops->write_oom_score_adj(kernel, 13, 0, -1000, &written), 0);
    restart();
    EXPECT_EQ(priority(13), -1000);
}

TEST_F(PrioritySaved, CanBeSwitchedOff)
{
    make_world();
    ASSERT_EQ(mm_priority_manager_save(manager), 0);
    config.saved_state.is_enabled = false;
    restart();
    EXPECT_EQ(result, -EOPNOTSUPP);
    EXPECT_EQ(counters().registered_processes, 0u);
    EXPECT_EQ(mm_priority_manager_save(manager), -EOPNOTSUPP);
}

/* Days later it would be believed, as it is of the same boot. */
TEST_F(PrioritySaved, WhatIsOutOfDateIsNotTakenUpWhenItIsSwitchedOnAgain)
{
    const struct {
        bool is_enabled;
        mm_priority_compat compat;
    } rows[] = {{false, MM_PRIORITY_COMPAT_NONE}, {true, MM_PRIORITY_COMPAT_UPSTREAM}};

    make_world();
    for (const auto &row : rows) {
        ASSERT_EQ(mm_priority_manager_save(manager), 0);
        config.saved_state.is_enabled = row.is_enabled;
        live_by(row.compat);
        restart();
        EXPECT_EQ(result, -EOPNOTSUPP);
        config.saved_state.is_enabled = true;
        live_by(MM_PRIORITY_COMPAT_NONE);
        restart();
        EXPECT_EQ(result, -ENOENT);
    }
}

TEST_F(PrioritySaved, TheLeastImportantFindNoRoomAndAreCountedAndToldOfOnce)
{
    const std::string name(MM_NAME_MAX - 8, 'a');
    mm_simulated_process process{};
    const auto is_registered = [this](pid_t pid) {
        return mm_priority_manager_find(manager, pid)->bundle->is_registered;
    };

    process.uid = kUid;
    process.comm = "process";
    for (process.pid = 1000; process.pid < 46000; process.pid++) {
        ASSERT_EQ(mm_simulated_spawn(kernel, &process), 0);
        create({process.pid, kUid, name + std::to_string(process.pid)});
    }
    report(MM_REASON_FOREGROUND, {1000});
    bind(1000, 45998);
    report(MM_REASON_FOREGROUND, {45998});
    bind(1000, 1001);
    report(MM_REASON_BACKGROUND, {45997});
    const std::vector<pid_t> all_in_order = order();
    testing::internal::CaptureStderr();
    EXPECT_EQ(mm_priority_manager_save(manager), 0);
    EXPECT_EQ(mm_priority_manager_save(manager), 0);
    const std::string told = testing::internal::GetCapturedStderr();
    const uint32_t left_out = saved().left_out;
    EXPECT_GT(left_out, 1000u);
    EXPECT_NE(told.find("are not saved"), std::string::npos) << told;
    EXPECT_EQ(told.find("are not saved"), told.rfind("are not saved")) << told;
    restart();
    EXPECT_EQ(saved().left_out, 0u) << "nothing was written yet";
    EXPECT_GT(saved().processes, 30000u);
    EXPECT_EQ(saved().processes + saved().bindings + left_out, 45000u + 2u);
    EXPECT_TRUE(is_registered(1000)) << "in front";
    EXPECT_FALSE(is_registered(45997)) << "the only one in the background";
    EXPECT_FALSE(is_registered(1002)) << "of equals the one that was used the longest ago";
    EXPECT_FALSE(is_registered(1001)) << "an extension of one in front";
    EXPECT_TRUE(is_registered(45999));
    EXPECT_TRUE(is_registered(45998));
    EXPECT_EQ(saved().bindings, 1u) << "of 45998, which is in front, too";
    for (size_t i = 1; i < all_in_order.size(); i++)
        EXPECT_LE(is_registered(all_in_order[i - 1]), is_registered(all_in_order[i])) << i;
}

/* The daemon's heap is locked: as large as it once was it stays. */
TEST_F(PrioritySaved, TheHeapDoesNotKeepWhatWasWritten)
{
    const mm_kernel_ops *simulated = kernel->ops;
    mm_kernel_ops ops = *simulated;

    for (pid_t pid = 100; pid < 2100; pid++)
        create({pid, kUid, "com.example.number" + std::to_string(pid)});
    /* which keeps copies, in the heap */
    ops.write_saved = [](mm_kernel *, const char *, const void *, size_t) { return 0; };
    kernel->ops = &ops;
    const size_t before = mallinfo2().arena;
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(mm_priority_manager_save(manager), 0);
    EXPECT_EQ(mallinfo2().arena, before);
    kernel->ops = simulated;
}

TEST_F(PrioritySaved, WhatCannotBeReadOrWrittenIsDoneWithout)
{
    restart();
    EXPECT_EQ(result, -ENOENT);
    make_world();
    mm_simulated_fail(kernel, "write_saved", ENOSPC, 1);
    EXPECT_EQ(mm_priority_manager_save(manager), -ENOSPC);
    ASSERT_EQ(mm_priority_manager_save(manager), 0);
    mm_simulated_fail(kernel, "read_saved", EIO, 1);
    restart();
    EXPECT_EQ(result, -EIO);
    EXPECT_EQ(counters().registered_processes, 0u);
}

TEST_F(PrioritySaved, WhatCouldNotBeWrittenIsTriedAgainEveryThirtySeconds)
{
    const auto tries = [this] { return mm_simulated_calls(kernel, "write_saved"); };

    make_world();
    advance_s(60); /* all graces have ended */
    const uint64_t before = tries();
    mm_simulated_fail(kernel, "write_saved", ENOSPC, 4);
    report(MM_REASON_FOREGROUND, {13, 20210001, "other"});
    testing::internal::CaptureStderr();
    advance_s(3);
    EXPECT_EQ(tries(), before + 1);
    EXPECT_TRUE(saved().is_wanted);
    EXPECT_EQ(saved().error, -ENOSPC);
    EXPECT_GT(mm_event_center_next_deadline_ns(center), kernel->ops->now_ns(kernel) + 25 * kSecondNs);
    advance_s(60);
    EXPECT_EQ(tries(), before + 3) << "twice a minute";
    EXPECT_EQ(saved().error, -ENOSPC);
    /* a report does not wait for that */
    report(MM_REASON_BACKGROUND, {13, 20210001, "other"});
    report(MM_REASON_FOREGROUND, {13, 20210001, "other"});
    advance_s(3);
    EXPECT_EQ(tries(), before + 4);
    advance_s(31);
    const std::string told = testing::internal::GetCapturedStderr();
    EXPECT_EQ(tries(), before + 5);
    EXPECT_FALSE(saved().is_wanted);
    EXPECT_EQ(saved().error, 0);
    EXPECT_EQ(told.find("is not saved"), told.rfind("is not saved")) << "said once\n" << told;
    EXPECT_NE(told.find("is not saved"), std::string::npos) << told;
    EXPECT_NE(told.find("saved for a restart again"), std::string::npos) << told;
    advance_s(120);
    EXPECT_EQ(tries(), before + 5) << "and that is all";
}

/* Nothing of a file with one wrong bit, or one that ends early, is believed. */
TEST_F(PrioritySaved, DamageAnywhereIsSeen)
{
    make_world();
    ASSERT_EQ(mm_priority_manager_save(manager), 0);
    const std::vector<uint8_t> good = file();

    ASSERT_GT(good.size(), 500u);
    mm_log_set_level(MM_LOG_WARNING);
    for (size_t i = 0; i < good.size(); i++) {
        for (int bit : {0, 3, 7}) {
            std::vector<uint8_t> bytes = good;

            bytes[i] = static_cast<uint8_t>(bytes[i] ^ (1 << bit));
            set_file(bytes);
            restart();
            ASSERT_EQ(counters().registered_processes, 0u) << "byte " << i << " bit " << bit;
            ASSERT_EQ(counters().accounts, 0u) << "byte " << i << " bit " << bit;
        }
    }
    for (size_t length = 0; length < good.size(); length += 1 + length / 16) {
        if (length > 0)
            set_file({good.begin(), good.begin() + static_cast<ptrdiff_t>(length)});
        restart();
        ASSERT_EQ(counters().registered_processes, 0u) << length;
    }
    std::vector<uint8_t> longer = good;
    longer.push_back('a');
    set_file(longer);
    restart();
    EXPECT_EQ(counters().registered_processes, 0u);
    set_file(good);
    restart();
    EXPECT_EQ(counters().registered_processes, 8u);
}

/* ---- the format ----------------------------------------------------------------------------------------- */

struct Format : ::testing::Test {
    std::vector<uint8_t> bytes = std::vector<uint8_t>(4096);
    mm_snapshot_writer writer{};
    const uint8_t boot[MM_BOOT_ID_BYTES] = {1, 2, 3};

    Format()
    {
        writer.bytes = bytes.data();
        writer.capacity = bytes.size();
        mm_snapshot_begin(&writer, boot, 5);
    }

    mm_snapshot_verdict read(const uint8_t *boot_id)
    {
        const mm_snapshot_visitor visitor = {
            [](const mm_snapshot_account *, void *) {},
            [](const mm_snapshot_process *, void *user) { ++*static_cast<int *>(user); },
            [](const mm_snapshot_binding *, void *) {}, &processes};
        uint64_t written_ns = 0;

        return mm_snapshot_read(bytes.data(), writer.size, boot_id, &visitor, &written_ns);
    }

    static mm_snapshot_process process()
    {
        mm_snapshot_process made{};

        made.pid = 10;
        made.start_time_ticks = 1;
        mm_copy_text(made.name, sizeof(made.name), "mail");
        return made;
    }

    int processes = 0;
};

TEST_F(Format, OfAnotherBootOrVersion)
{
    const uint8_t other[MM_BOOT_ID_BYTES] = {1, 2, 4};
    const mm_snapshot_process made = process();

    mm_snapshot_add_process(&writer, &made);
    ASSERT_EQ(mm_snapshot_end(&writer), 0);
    EXPECT_EQ(read(boot), MM_SNAPSHOT_GOOD);
    EXPECT_EQ(processes, 1);
    EXPECT_EQ(read(other), MM_SNAPSHOT_OF_ANOTHER_BOOT);
    bytes[8]++;
    EXPECT_EQ(read(boot), MM_SNAPSHOT_OF_ANOTHER_VERSION);
    EXPECT_EQ(processes, 1);
}

/* Of another build that forgot to count the version up: each record's size and the flags, behind the checksum. */
TEST_F(Format, OfAnotherLayout)
{
    const mm_snapshot_process made = process();

    mm_snapshot_add_process(&writer, &made);
    ASSERT_EQ(mm_snapshot_end(&writer), 0);
    for (size_t at = 24; at < 40; at += 4) {
        bytes[at] ^= 1;
        EXPECT_EQ(read(boot), MM_SNAPSHOT_OF_ANOTHER_VERSION) << at;
        bytes[at] ^= 1;
    }
    EXPECT_EQ(processes, 0);
    EXPECT_EQ(read(boot), MM_SNAPSHOT_GOOD);
}

/* A checksum that is right does not make them so. */
TEST_F(Format, RecordsThatSayNonsense)
{
    const std::vector<void (*)(mm_snapshot_process &)> wrongs = {
        [](mm_snapshot_process &p) { p.pid = 1; },
        [](mm_snapshot_process &p) { p.pid = -5; },
        [](mm_snapshot_process &p) { p.start_time_ticks = 0; },
        [](mm_snapshot_process &p) { p.account_id = -1; },
        [](mm_snapshot_process &p) { p.flags = MM_PROCESS_IS_SYSTEM; },
        [](mm_snapshot_process &p) { p.inherited_oom_score_adj = 1001; },
        [](mm_snapshot_process &p) { p.written_oom_score_adj = -1001; },
        [](mm_snapshot_process &p) { p.name[0] = '\0'; },
    };

    for (size_t i = 0; i < wrongs.size(); i++) {
        mm_snapshot_process made = process();

        mm_snapshot_begin(&writer, boot, 5);
        mm_snapshot_add_process(&writer, &made);
        wrongs[i](made);
        mm_snapshot_add_process(&writer, &made);
        ASSERT_EQ(mm_snapshot_end(&writer), 0);
        EXPECT_EQ(read(boot), MM_SNAPSHOT_DAMAGED) << i;
        EXPECT_EQ(processes, 0) << "nor is the good one before it taken";
    }
}

TEST_F(Format, WhoFindsNoRoomIsLeftOut)
{
    const mm_snapshot_process made = process();

    writer.capacity = 200;
    for (int i = 0; i < 10; i++)
        mm_snapshot_add_process(&writer, &made);
    ASSERT_EQ(mm_snapshot_end(&writer), 0);
    EXPECT_GT(writer.left_out, 0u);
    EXPECT_EQ(read(boot), MM_SNAPSHOT_GOOD);
    EXPECT_EQ(static_cast<unsigned>(processes), 10 - writer.left_out);
}

} // namespace
