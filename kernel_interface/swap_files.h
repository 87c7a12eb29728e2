/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/swaps, and what zram says in /sys/block/zramN of the devices named there. */
#ifndef MM_KERNEL_INTERFACE_SWAP_FILES_H
#define MM_KERNEL_INTERFACE_SWAP_FILES_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers of the zram devices that are swapped to; more than these are counted as swap, but not asked. */
#define MM_ZRAM_DEVICES_MAX 16U

struct mm_swaps_parser {
    unsigned device_count;
    uint64_t total_bytes, used_bytes;
    unsigned zram_count;
    uint64_t zram_numbers[MM_ZRAM_DEVICES_MAX];
};
/* A line of /proc/swaps; the heading is passed over. -EINVAL, -ERANGE. user: zero-initialised beforehand. */
int mm_swaps_parse_line(const char *line, size_t length, void *user);

/* mm_stat: what is stored, compressed, and what the memory for it is with its waste, in bytes. -EINVAL, -ERANGE. */
int mm_zram_stat_parse(const char *text, size_t length, struct mm_swap_state *swap);

/* As read_swap of struct mm_kernel, below directories of /proc and /sys; sys_fd -1: there is no /sys. */
int mm_swap_read(int proc_fd, int sys_fd, struct mm_swap_state *ret_swap);

#ifdef __cplusplus
}
#endif

#endif
