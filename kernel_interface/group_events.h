/* SPDX-License-Identifier: Apache-2.0 */
/* What a group's memory.events counts, and on v1 its memory.oom_control and memory.failcnt. */
#ifndef MM_KERNEL_INTERFACE_GROUP_EVENTS_H
#define MM_KERNEL_INTERFACE_GROUP_EVENTS_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A line of either file; user is a struct mm_group_events_parser, filled with 0xff beforehand. */
struct mm_group_events_parser {
    uint64_t low, high, max, oom, oom_kill;
    uint64_t under_oom; /* v1 */
};
int mm_group_events_parse_line(const char *line, size_t length, void *user);

/* As read_group_events of struct mm_kernel, of the group's directory. */
int mm_group_events_read(int directory_fd, bool is_v2, struct mm_group_events *ret_events);

#ifdef __cplusplus
}
#endif

#endif
