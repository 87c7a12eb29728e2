/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a wake of the Linux implementation. */
#ifndef MM_KERNEL_INTERFACE_WAKE_H
#define MM_KERNEL_INTERFACE_WAKE_H

#include "kernel_interface/linux_kernel.h"
#include "kernel_interface/usage_threshold.h"

/* Below /proc. */
#define MM_KSWAPD_MONITOR_FILE "kswapd_monitor"

struct mm_wake_ops;

struct mm_wake {
    const struct mm_wake_ops *ops;
    struct mm_wake_request request;
    int fd;                /* to be watched; -1: not open */
    int directory_fd;      /* of the group of VMPRESSURE and GROUP_EVENTS; -1: none */
    struct mm_group *root; /* of USAGE where the domain has none; owned */
    struct mm_usage_alarm *alarm;
    struct mm_limit_watch *limits; /* of LIMITS */
};

/* One kind. */
struct mm_wake_ops {
    uint32_t events; /* EPOLL*, for which fd is to be watched */
    int (*open)(struct mm_linux_kernel *kernel, struct mm_wake *wake);
    int (*take)(struct mm_linux_kernel *kernel, struct mm_wake *wake);
    void (*close)(struct mm_wake *wake); /* what was opened, also by half; NULL: fd alone */
};

#endif
