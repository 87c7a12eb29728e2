/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A supply is a directory with a file for each property. A battery of the machine, a mains adapter, a mouse:
 *
 *   BAT0/type      Battery         AC/type    Mains        hid-1/type   Battery
 *   BAT0/status    Discharging     AC/online  0            hid-1/scope  Device
 *   BAT0/capacity  57
 *
 * A message is a heading and NUL-terminated words: "change@/devices/.../BAT0", "ACTION=change",
 * "SUBSYSTEM=power_supply", ...
 */
#include "kernel_interface/power_supply.h"

#include "common/common.h"
#include "kernel_interface/directory.h"
#include "kernel_interface/hot_file.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel's own bound of a message. */
#define MESSAGE_SIZE 2048U
/* What is left wakes the loop again. */
#define MESSAGES_AT_ONCE 64
/* The multicast group of the kernel's own messages; udev's are in the second. */
#define KERNEL_GROUP 1U

#define PROPERTY_SIZE 64U

struct supplies {
    bool is_any_online;
    bool is_any_discharging;
    unsigned battery_count;
    unsigned capacity_count;
    uint64_t capacity_sum;
};

/* ---- state --------------------------------------------------------------------------------------------- */

/* Without its newline; false where there is none. */
static bool read_property(int supply_fd, const char *name, char *text)
{
    ssize_t length = mm_read_file(supply_fd, name, text, PROPERTY_SIZE);

    if (length <= 0)
        return false;
    if (text[length - 1] == '\n')
        text[length - 1] = '\0';
    return true;
}

static bool has_property(int supply_fd, const char *name, const char *expected)
{
    char text[PROPERTY_SIZE];

    return read_property(supply_fd, name, text) && strcmp(text, expected) == 0;
}

static void add_battery(int supply_fd, struct supplies *supplies)
{
    char text[PROPERTY_SIZE];
    uint64_t percent;

    supplies->battery_count++;
    if (has_property(supply_fd, "status", "Discharging"))
        supplies->is_any_discharging = true;
    if (!read_property(supply_fd, "capacity", text) || mm_parse_u64(text, 0, 100, &percent) < 0)
        return;
    supplies->capacity_count++;
    supplies->capacity_sum += percent;
}

/* Everything else that feeds the machine says whether it does: Mains, USB, Wireless. */
static int look_at_supply(int directory_fd, const char *name, unsigned char type, void *user)
{
    struct supplies *supplies = user;
    int fd MM_CLEANUP_CLOSE = openat(directory_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

    (void)type; /* links, to directories */
    if (fd < 0 || has_property(fd, "scope", "Device"))
        return 0;
    if (has_property(fd, "type", "Battery"))
        add_battery(fd, supplies);
    else if (has_property(fd, "online", "1"))
        supplies->is_any_online = true;
    return 0;
}

int mm_power_read(int sys_fd, struct mm_power_state *ret_power)
{
    struct supplies supplies = {0};
    int fd MM_CLEANUP_CLOSE = -1;
    int r;

    if (sys_fd < 0)
        return -EOPNOTSUPP;
    fd = openat(sys_fd, "class/power_supply", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -EOPNOTSUPP : -errno;
    r = mm_each_entry(fd, look_at_supply, &supplies);
    if (r < 0)
        return r;
    *ret_power = (struct mm_power_state){
        .battery_count = supplies.battery_count,
        .is_on_battery = supplies.is_any_discharging && !supplies.is_any_online,
        .charge_percent = supplies.capacity_count > 0
                              ? (unsigned)(supplies.capacity_sum / supplies.capacity_count)
                              : MM_CHARGE_UNKNOWN,
    };
    return 0;
}

/* ---- messages ------------------------------------------------------------------------------------------ */

int mm_uevent_open(int *ret_fd)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP};
    int fd MM_CLEANUP_CLOSE =
        socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    *ret_fd = mm_take_fd(&fd);
    return 0;
}

static bool is_of_power_supply(const char *message, size_t length)
{
    static const char wanted[] = "SUBSYSTEM=power_supply";

    for (size_t position = 0; position < length;) {
        size_t word_length = strnlen(message + position, length - position);

        if (word_length == sizeof(wanted) - 1 && memcmp(message + position, wanted, word_length) == 0)
            return true;
        position += word_length + 1;
    }
    return false;
}

int mm_uevent_take_power(int fd)
{
    char message[MESSAGE_SIZE];
    int result = 0;

    for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
        struct sockaddr_nl sender = {0};
        socklen_t sender_length = sizeof(sender);
        ssize_t length =
            recvfrom(fd, message, sizeof(message), MSG_DONTWAIT, (struct sockaddr *)&sender, &sender_length);

        if (length < 0 && errno != ENOBUFS)
            break;
        /* what was lost may have been of one */
        if (length < 0 || (sender.nl_pid == 0 && is_of_power_supply(message, (size_t)length)))
            result = 1;
    }
    return result;
}
