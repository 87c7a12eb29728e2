// SPDX-License-Identifier: Apache-2.0
// Swap, power supply and kswapd's monitor over trees of plain files, and the kernel's messages over a pair of sockets.
#include "wake_fake.h"

#include "kernel_interface/power_supply.h"
#include "kernel_interface/swap_files.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace
{

// ---- swap ----

constexpr const char *heading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

TEST(Swaps, EachDeviceAndWhatMayBeSaidOfIt)
{
    const struct {
        const char *what;
        std::string text;
        int expected;
        unsigned devices, zram;
        uint64_t total_kib, used_kib;
    } rows[] = {
        {"none", heading, 0, 0, 0, 0, 0},
        {"an empty file", "", 0, 0, 0, 0, 0},
        {"zram and a file",
         std::string(heading) + "/dev/zram0 partition\t2097148\t\t524288\t\t100\n" +
             "/swap\\040file\\040(deleted) file\t\t1048572\t\t0\t\t-2\n",
         0, 2, 1, 2097148 + 1048572, 524288},
        {"something that only begins like zram",
         std::string(heading) + "/dev/zramble partition 4 0 1\n/dev/zram partition 4 0 1\n", 0, 2, 0, 8, 0},
        {"no size", std::string(heading) + "/dev/sda2 partition\n", -EINVAL, 0, 0, 0, 0},
        {"no number", std::string(heading) + "/dev/sda2 partition many 0 1\n", -EINVAL, 0, 0, 0, 0},
        {"cut before used", std::string(heading) + "/dev/sda2 partition 4", -EINVAL, 0, 0, 0, 0},
        {"too large", std::string(heading) + "/dev/sda2 partition 18446744073709551615 0 1\n", -ERANGE, 0, 0,
         0, 0},
        {"too large together",
         std::string(heading) +
             "/dev/a partition 18014398509481983 0 1\n/dev/b partition 18014398509481983 0 1\n",
         -ERANGE, 0, 0, 0, 0},
    };

    for (const auto &row : rows) {
        FakeMachine machine;
        mm_swap_state swap = {};

        machine.write("proc/swaps", row.text);
        machine.write("sys/block/zram0/mm_stat", "100 40 50 0 60 0 0 0 0\n");
        machine.write("sys/block/zram0/disksize", "2147483648\n");
        ASSERT_EQ(machine.start(), 0);
        EXPECT_EQ(machine.ops()->read_swap(machine.kernel(), &swap), row.expected) << row.what;
        EXPECT_EQ(swap.device_count, row.devices) << row.what;
        EXPECT_EQ(swap.zram_count, row.zram) << row.what;
        EXPECT_EQ(swap.total_bytes, row.total_kib * 1024) << row.what;
        EXPECT_EQ(swap.used_bytes, row.used_kib * 1024) << row.what;
    }
}

TEST(Swaps, WhatZramHolds)
{
    const struct {
        const char *what, *stat, *disk;
        unsigned count;
        uint64_t stored, compressed, memory, disk_bytes;
    } rows[] = {
        {"6.1", "536870912 178257920 184549376 0 190840832 12 0 0 0\n", "2147483648\n", 1, 536870912,
         178257920, 184549376, 2147483648},
        {"as it is padded",
         "       0        0        0        0        0        0        0        0        0\n", "0\n", 1, 0, 0,
         0, 0},
        {"short", "536870912 178257920", "1\n", 0, 0, 0, 0, 0},
        {"empty", "", "1\n", 0, 0, 0, 0, 0},
        {"garbage", "a b c\n", "1\n", 0, 0, 0, 0, 0},
        {"a disk without a size", "1 2 3\n", "much\n", 1, 1, 2, 3, 0},
    };

    for (const auto &row : rows) {
        FakeMachine machine;
        mm_swap_state swap = {};

        machine.write("proc/swaps", std::string(heading) + "/dev/zram7 partition 4 0 1\n");
        machine.write("sys/block/zram7/mm_stat", row.stat);
        machine.write("sys/block/zram7/disksize", row.disk);
        ASSERT_EQ(machine.start(), 0);
        ASSERT_EQ(machine.ops()->read_swap(machine.kernel(), &swap), 0) << row.what;
        EXPECT_EQ(swap.zram_count, row.count) << row.what;
        EXPECT_EQ(swap.zram_stored_bytes, row.stored) << row.what;
        EXPECT_EQ(swap.zram_compressed_bytes, row.compressed) << row.what;
        EXPECT_EQ(swap.zram_memory_bytes, row.memory) << row.what;
        EXPECT_EQ(swap.zram_disk_bytes, row.disk_bytes) << row.what;
    }
}

TEST(Swaps, AKernelWithoutTheFileHasNone)
{
    FakeMachine machine;
    mm_swap_state swap = {};

    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(machine.ops()->read_swap(machine.kernel(), &swap), -EOPNOTSUPP);
    EXPECT_EQ(Wake(machine, request(MM_WAKE_SWAP)).result, -EOPNOTSUPP);
    machine.write("proc/swaps", heading);
    Wake wake(machine, request(MM_WAKE_SWAP));
    EXPECT_EQ(wake.result, 0);
    EXPECT_EQ(wake.events, static_cast<uint32_t>(EPOLLPRI));
}

// ---- kswapd ----

TEST(Kswapd, TheMonitorIsOpenedForWritingAndOnlyItsChangesCount)
{
    FakeMachine machine;

    machine.write("proc/kswapd_monitor", "");
    ASSERT_EQ(machine.start(), 0);
    Wake wake(machine, request(MM_WAKE_KSWAPD));
    ASSERT_EQ(wake.result, 0);
    EXPECT_EQ(fcntl(wake.fd, F_GETFL) & O_ACCMODE, O_WRONLY);
    EXPECT_EQ(wake.events, static_cast<uint32_t>(EPOLLPRI | EPOLLET));
    EXPECT_EQ(wake.take(), 1);
    EXPECT_EQ(machine.read("proc/kswapd_monitor"), "");
    machine.remove("proc/kswapd_monitor");
    EXPECT_EQ(Wake(machine, request(MM_WAKE_KSWAPD)).result, -EOPNOTSUPP);
}

// How often the monitor is ready within that time; the loop's way, through epoll.
int count_wakes(int epoll_fd, int timeout_ms)
{
    struct epoll_event event;
    int count = 0;

    while (count < 10 && epoll_wait(epoll_fd, &event, 1, timeout_ms) > 0)
        count++;
    return count;
}

// In a child with mounts of its own: /proc/self/mountinfo tells of each of them with EPOLLPRI, as the monitor does of
// kswapd. What failed.
int watch_mounts(const FakeMachine &machine)
{
    const struct mm_wake_request wanted = request(MM_WAKE_KSWAPD);
    struct mm_wake *wake = nullptr;
    struct epoll_event event = {};
    const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

    if (machine.ops()->open_wake(machine.kernel(), &wanted, &wake) < 0)
        return 2;
    uint32_t events = 0;
    const int fd = machine.ops()->wake_fd(machine.kernel(), wake, &events);
    event.events = events;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return 3;
    (void)count_wakes(epoll_fd, 0); // it may be ready at first
    if (count_wakes(epoll_fd, 50) != 0)
        return 4;
    if (mount("none", "/mnt", "tmpfs", 0, nullptr) < 0)
        return 77;
    if (count_wakes(epoll_fd, 100) < 1)
        return 5;
    if (count_wakes(epoll_fd, 100) != 0)
        return 6;
    if (umount("/mnt") < 0 || count_wakes(epoll_fd, 100) < 1)
        return 7;
    machine.ops()->close_wake(machine.kernel(), wake);
    return count_wakes(epoll_fd, 50) == 0 ? 0 : 8;
}

TEST(Kswapd, TheMonitorWakesForEachChangeAndIsQuietBetween)
{
    int status = 0;
    const pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWNS) < 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
            _exit(77);
        int result;
        {
            FakeMachine machine;

            machine.link("/proc/self/mountinfo", "proc/kswapd_monitor");
            result = machine.start() < 0 ? 1 : watch_mounts(machine);
        }
        _exit(result);
    }
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        GTEST_SKIP() << "no mounts of its own";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

// ---- power ----

struct Supply {
    const char *name;
    std::vector<std::pair<const char *, const char *>> properties;
};

TEST(Power, IsOnBatteryWhenOneIsDischargedAndNothingFeedsTheMachine)
{
    const Supply mains_off = {"AC", {{"type", "Mains\n"}, {"online", "0\n"}}};
    const Supply mains_on = {"AC", {{"type", "Mains\n"}, {"online", "1\n"}}};
    const Supply draining = {"BAT0",
                             {{"type", "Battery\n"}, {"status", "Discharging\n"}, {"capacity", "57\n"}}};
    const struct {
        const char *what;
        std::vector<Supply> supplies;
        unsigned batteries;
        bool is_on_battery;
        unsigned charge;
    } rows[] = {
        {"nothing at all", {}, 0, false, MM_CHARGE_UNKNOWN},
        {"mains alone", {mains_on}, 0, false, MM_CHARGE_UNKNOWN},
        {"on battery", {mains_off, draining}, 1, true, 57},
        {"a phone, which has no Mains", {draining}, 1, true, 57},
        {"plugged in, and drained all the same", {mains_on, draining}, 1, false, 57},
        {"USB feeds it, too", {draining, {"usb", {{"type", "USB\n"}, {"online", "1\n"}}}}, 1, false, 57},
        {"charging",
         {mains_on, {"BAT0", {{"type", "Battery\n"}, {"status", "Charging\n"}, {"capacity", "3\n"}}}},
         1,
         false,
         3},
        {"two batteries: their mean",
         {draining, {"BAT1", {{"type", "Battery\n"}, {"status", "Full\n"}, {"capacity", "99\n"}}}},
         2,
         true,
         78},
        {"a mouse is not the machine",
         {mains_on, {"hid", {{"type", "Battery\n"}, {"scope", "Device\n"}, {"status", "Discharging\n"}}}},
         0,
         false,
         MM_CHARGE_UNKNOWN},
        {"garbage for a charge",
         {{"BAT0", {{"type", "Battery\n"}, {"status", "Discharging\n"}, {"capacity", "half\n"}}}},
         1,
         true,
         MM_CHARGE_UNKNOWN},
        {"more than all",
         {{"BAT0", {{"type", "Battery\n"}, {"capacity", "101\n"}}}},
         1,
         false,
         MM_CHARGE_UNKNOWN},
        {"a type that does not end",
         {{"BAT0", {{"type", "BatteryBatteryBatteryBatteryBatteryBatteryBatteryBatteryBatteryBattery"}}}},
         0,
         false,
         MM_CHARGE_UNKNOWN},
        {"a supply without files", {{"BAT0", {}}}, 0, false, MM_CHARGE_UNKNOWN},
    };

    for (const auto &row : rows) {
        FakeMachine machine;
        mm_power_state power = {};

        machine.write("sys/class/power_supply/.keep", "");
        for (const Supply &supply : row.supplies) {
            const std::string directory = "sys/class/power_supply/" + std::string(supply.name) + "/";

            machine.write(directory + ".keep", "");
            for (const auto &[property, text] : supply.properties)
                machine.write(directory + property, text);
        }
        ASSERT_EQ(machine.start(), 0);
        ASSERT_EQ(machine.ops()->read_power(machine.kernel(), &power), 0) << row.what;
        EXPECT_EQ(power.battery_count, row.batteries) << row.what;
        EXPECT_EQ(power.is_on_battery, row.is_on_battery) << row.what;
        EXPECT_EQ(power.charge_percent, row.charge) << row.what;
    }
}

TEST(Power, AMachineWithoutBatteryIsNotListenedTo)
{
    FakeMachine machine;
    mm_power_state power = {};

    ASSERT_EQ(machine.start(), 0);
    EXPECT_EQ(machine.ops()->read_power(machine.kernel(), &power), -EOPNOTSUPP);
    EXPECT_EQ(Wake(machine, request(MM_WAKE_POWER)).result, -EOPNOTSUPP);
}

// A pair of sockets for the kernel's.
class Uevents : public testing::Test
{
  protected:
    void SetUp() override
    {
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    }
    void TearDown() override
    {
        close(ends[0]);
        close(ends[1]);
    }
    void send(const std::string &message) const
    {
        ASSERT_EQ(::send(ends[1], message.data(), message.size(), 0), static_cast<ssize_t>(message.size()));
    }
    static std::string message(const char *subsystem)
    {
        using namespace std::string_literals;

        return "change@/devices/x\0ACTION=change\0DEVPATH=/devices/x\0SUBSYSTEM="s + subsystem +
               "\0SEQNUM=7\0"s;
    }

    int ends[2];
};

TEST_F(Uevents, ThoseOfPowerSuppliesCount)
{
    using namespace std::string_literals;

    EXPECT_EQ(mm_uevent_take_power(ends[0]), 0);
    send(message("power_supply"));
    EXPECT_EQ(mm_uevent_take_power(ends[0]), 1);
    EXPECT_EQ(mm_uevent_take_power(ends[0]), 0) << "it was taken";
    for (const std::string &other :
         {message("block"), message("power_supply_x"), "x"s, "\0\0\0"s, std::string(3000, 'x'),
          "SUBSYSTEM=power_suppl"s, std::string(2040, '\0') + "SUBSYSTEM=power_supply"}) {
        send(other);
        EXPECT_EQ(mm_uevent_take_power(ends[0]), 0) << other.substr(0, 60);
    }
    send("SUBSYSTEM=power_supply"); // cut at its very end
    EXPECT_EQ(mm_uevent_take_power(ends[0]), 1);
    send(message("block"));
    send(message("power_supply"));
    send(message("block"));
    EXPECT_EQ(mm_uevent_take_power(ends[0]), 1) << "one among others";
}

TEST_F(Uevents, AFloodIsTakenInPieces)
{
    for (int i = 0; i < 100; i++)
        send(message("block"));
    send(message("power_supply"));
    EXPECT_EQ(mm_uevent_take_power(ends[0]), 0);
    EXPECT_EQ(mm_uevent_take_power(ends[0]), 1);
}

TEST(UeventSocket, AnotherProcessIsNotTheKernel)
{
    int fd = -1;
    sockaddr_nl own = {};
    socklen_t length = sizeof(own);
    const std::string text = std::string("x") + '\0' + "SUBSYSTEM=power_supply";

    ASSERT_EQ(mm_uevent_open(&fd), 0);
    ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr *>(&own), &length), 0);
    int sender = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    own.nl_groups = 0;
    if (sendto(sender, text.data(), text.size(), 0, reinterpret_cast<sockaddr *>(&own), sizeof(own)) < 0) {
        close(sender);
        close(fd);
        GTEST_SKIP() << "only root may send: " << strerror(errno);
    }
    EXPECT_EQ(mm_uevent_take_power(fd), 0);
    close(sender);
    close(fd);
}

} // namespace
