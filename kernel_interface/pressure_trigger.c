/* SPDX-License-Identifier: Apache-2.0 */
/* Arming a PSI trigger: "some 70000 1000000", closing NUL included, in one write. */
#include "kernel_interface/pressure_trigger.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>

/* What the kernel copies at most. */
#define TRIGGER_TEXT_SIZE 32U

uint64_t mm_pressure_scale_stall(uint64_t stall_us, uint64_t from_window_us, uint64_t to_window_us)
{
    uint64_t scaled;

    /* What overflows is far beyond the kernel's 10 s; dividing first is exact enough for it. */
    if (__builtin_mul_overflow(stall_us, to_window_us, &scaled))
        scaled = stall_us / (from_window_us / to_window_us);
    else
        scaled /= from_window_us;
    return MM_MAX(MM_MIN(scaled, to_window_us), 1);
}

static int arm(int fd, enum mm_pressure_kind kind, uint64_t stall_us, uint64_t window_us)
{
    char text[TRIGGER_TEXT_SIZE];
    size_t length = mm_format(text, sizeof(text), "%s %llu %llu", kind == MM_PRESSURE_FULL ? "full" : "some",
                              (unsigned long long)stall_us, (unsigned long long)window_us);
    ssize_t count;

    do
        count = write(fd, text, length + 1); /* 6.1 refuses a text that ends without its NUL */
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : 0;
}

int mm_pressure_trigger_open(int directory_fd, const char *path, enum mm_pressure_kind kind,
                             uint64_t stall_us, uint64_t window_us, uint64_t *ret_window_us, int *ret_fd)
{
    int fd MM_CLEANUP_CLOSE = -1;
    int r;

    if (stall_us == 0 || stall_us > window_us)
        return -EINVAL;
    fd = openat(directory_fd, path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -EOPNOTSUPP : -errno;
    r = arm(fd, kind, stall_us, window_us);
    if ((r == -EINVAL || r == -EPERM || r == -EACCES) && window_us != MM_PRESSURE_COMMON_WINDOW_US) {
        stall_us = mm_pressure_scale_stall(stall_us, window_us, MM_PRESSURE_COMMON_WINDOW_US);
        window_us = MM_PRESSURE_COMMON_WINDOW_US;
        r = arm(fd, kind, stall_us, window_us);
    }
    if (r < 0)
        return r;
    *ret_window_us = window_us;
    *ret_fd = mm_take_fd(&fd);
    return 0;
}
