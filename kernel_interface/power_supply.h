/* SPDX-License-Identifier: Apache-2.0 */
/* /sys/class/power_supply, and the kernel's messages about it. */
#ifndef MM_KERNEL_INTERFACE_POWER_SUPPLY_H
#define MM_KERNEL_INTERFACE_POWER_SUPPLY_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As read_power of struct mm_kernel, of the supplies in class/power_supply below the directory of /sys. */
int mm_power_read(int sys_fd, struct mm_power_state *ret_power);

/* A socket of the kernel's device messages (uevents). -errno. */
int mm_uevent_open(int *ret_fd);
/* Takes in the messages that are there, some at a time: 1 when one is of a power supply, or some were lost; 0. Those
   that another process sent do not count. */
int mm_uevent_take_power(int fd);

#ifdef __cplusplus
}
#endif

#endif
