/* SPDX-License-Identifier: Apache-2.0 */
/* PSI triggers: the text the kernel wants and the window it accepts. */
#ifndef MM_KERNEL_INTERFACE_PRESSURE_TRIGGER_H
#define MM_KERNEL_INTERFACE_PRESSURE_TRIGGER_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The one window that every opener may use (kernels from 6.5; others want CAP_SYS_RESOURCE for any). */
#define MM_PRESSURE_COMMON_WINDOW_US 2000000ULL

/* The same share of another window, at least 1 us and at most the window. */
uint64_t mm_pressure_scale_stall(uint64_t stall_us, uint64_t from_window_us, uint64_t to_window_us);

/*
 * Arms a trigger on the file; as open_pressure_trigger of struct mm_kernel. -EINVAL: a stall of 0 or above
 * the window. -EOPNOTSUPP where PSI is off or there is no such file.
 */
int mm_pressure_trigger_open(int directory_fd, const char *path, enum mm_pressure_kind kind,
                             uint64_t stall_us, uint64_t window_us, uint64_t *ret_window_us, int *ret_fd);

#ifdef __cplusplus
}
#endif

#endif
