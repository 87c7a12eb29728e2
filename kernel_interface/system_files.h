/* SPDX-License-Identifier: Apache-2.0 */
/* The system-wide memory files of /proc as line parsers. Each ..._begin comes first, ..._end last. */
#ifndef MM_KERNEL_INTERFACE_SYSTEM_FILES_H
#define MM_KERNEL_INTERFACE_SYSTEM_FILES_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

/* /proc/meminfo, in bytes; MM_UNKNOWN for a line that is not there. */
struct mm_meminfo {
    uint64_t total, free, available;
    uint64_t active_file, inactive_file;
    uint64_t anonymous;
    uint64_t swap_total, swap_free;
};

void mm_meminfo_begin(struct mm_meminfo *meminfo);
int mm_meminfo_parse_line(const char *line, size_t length, void *user);
/* -ENODATA without MemTotal, MemFree or MemAvailable (kernels from 3.14 have it). */
int mm_meminfo_end(const struct mm_meminfo *meminfo, struct mm_memory_state *ret_memory);

/* /proc/vmstat; MM_UNKNOWN for a counter this kernel does not have. */
void mm_vmstat_begin(struct mm_vmstat *vmstat);
int mm_vmstat_parse_line(const char *line, size_t length, void *user);
/* -ENODATA without nr_free_pages. */
int mm_vmstat_end(const struct mm_vmstat *vmstat);

struct mm_zone_figures {
    uint64_t free, min, low, high, managed;
    uint64_t largest_protection;
};

struct mm_zoneinfo_parser {
    struct mm_zoneinfo sum;
    struct mm_zone_figures zone; /* the one being read */
    bool has_zone;
    uint64_t node, last_populated_node;
};

/* /proc/zoneinfo: any number of nodes and zones, unknown lines between them. */
void mm_zoneinfo_begin(struct mm_zoneinfo_parser *parser);
int mm_zoneinfo_parse_line(const char *line, size_t length, void *user);
/* -ENODATA without a populated zone. */
int mm_zoneinfo_end(struct mm_zoneinfo_parser *parser, struct mm_zoneinfo *ret_zoneinfo);

/*
 * /proc/pressure/memory and memory.pressure. Where the kernel has no "full" line its averages are 0 and its
 * total MM_UNKNOWN.
 */
void mm_pressure_begin(struct mm_pressure *pressure);
int mm_pressure_parse_line(const char *line, size_t length, void *user);
/* -ENODATA without a "some" line. */
int mm_pressure_end(const struct mm_pressure *pressure);

#ifdef __cplusplus
}
#endif

#endif
