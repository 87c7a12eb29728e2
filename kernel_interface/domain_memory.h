/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What memory a domain has: the arithmetic alone, on figures that somebody else read.
 *
 * A group domain has as much as the tightest of the limits that hold for it leaves: its own and each of its
 * ancestors'. Under every limit there is what the limit leaves over usage, and the file pages that can be
 * dropped. memory.high is no such limit: it slows down instead of ending anything, and reclaim may lower it
 * for a moment.
 */
#ifndef MM_KERNEL_INTERFACE_DOMAIN_MEMORY_H
#define MM_KERNEL_INTERFACE_DOMAIN_MEMORY_H

#include "kernel_interface/kernel_interface.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One group on the way from the domain's up to the root. MM_UNLIMITED: no limit; its usage does not matter.
 */
struct mm_domain_level {
    uint64_t limit_bytes, usage_bytes, droppable_bytes;
    /* On v1 both are of memory and swap together (counts_both). MM_UNLIMITED: none or unknown. */
    uint64_t swap_limit_bytes, swap_usage_bytes;
    bool counts_both;
};

/* The figures of the domain's group, or of the nearest one above it that has any. */
struct mm_domain_pages {
    uint64_t file_bytes, anonymous_bytes;
};

/*
 * Lays the levels over the machine's state; *memory becomes the domain's. Without any limit it has the
 * machine's RAM.
 */
void mm_domain_memory_apply(const struct mm_domain_level *levels, size_t count,
                            const struct mm_domain_pages *pages, struct mm_memory_state *memory);

/* Index of the level whose limit leaves the least; count where none leaves less than available_bytes, the machine's. */
size_t mm_domain_memory_tightest(const struct mm_domain_level *levels, size_t count,
                                 uint64_t available_bytes);
/* What the limit leaves, files that can be dropped counted; MM_UNLIMITED without one. */
uint64_t mm_domain_level_available(const struct mm_domain_level *level);

/*
 * zswapd_pressure_show of OpenHarmony's memory controller, whose buffer is the machine's available memory
 * there: "buffer_size:N" in MB. user is a uint64_t of bytes, MM_UNKNOWN beforehand.
 */
int mm_zswapd_buffer_parse_line(const char *line, size_t length, void *user);

#ifdef __cplusplus
}
#endif

#endif
