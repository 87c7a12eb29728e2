/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of the reclaim strategy: pure functions on plain structs. */
#ifndef MM_RECLAIM_STRATEGY_RECLAIM_DECIDE_H
#define MM_RECLAIM_STRATEGY_RECLAIM_DECIDE_H

#include "config/config.h"
#include "event_center/event.h"
#include "kernel_interface/kernel_interface.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the avail buffers say. Order is that of the tests: the first that holds. */
enum mm_squeeze_verdict {
    MM_SQUEEZE_OFF,          /* switched off, or all buffers 0 */
    MM_SQUEEZE_PLENTY,       /* available reached highAvailBuffer, or has not fallen below minAvailBuffer */
    MM_SQUEEZE_SWAP_RESERVE, /* free swap is down to swapReserve */
    MM_SQUEEZE_GO,
};
const char *mm_squeeze_verdict_text(enum mm_squeeze_verdict verdict);

/*
 * Begins below minAvailBuffer, goes on until highAvailBuffer (reference openharmony-memmgr 6.3). Without swap
 * file pages can still be dropped; with swap, the reserve stops it.
 */
enum mm_squeeze_verdict mm_squeeze_decide(const struct mm_avail_buffer_config *buffers, bool is_enabled,
                                          const struct mm_memory_state *memory, bool is_squeezing);

/*
 * Bytes to ask of a group: no more than a chunk, than the group has, than is missing; but where little is
 * missing at least MM_SQUEEZE_LEAST_BYTES, or the last bytes would be fetched page by page.
 */
#define MM_SQUEEZE_LEAST_BYTES (1024ULL * 1024ULL)
uint64_t mm_squeeze_amount(const struct mm_avail_buffer_config *buffers, uint64_t chunk_bytes,
                           uint64_t available_bytes, uint64_t group_bytes);

/* Did a chunk give enough to ask the group again, at least that share of what was asked? Nothing never is. */
bool mm_squeeze_is_worth_it(uint64_t asked_bytes, uint64_t got_bytes, unsigned worth_percent);

/* The limit for a group of that usage; MM_UNLIMITED where it would be no limit. */
uint64_t mm_memory_high_target(const struct mm_memory_high_config *config, uint64_t current_bytes);

/*
 * The memory level. A worse one holds at once; a better one only when available is
 * hysteresis_percent above the line that was crossed, so that readings around a line do not flutter.
 */
enum mm_memory_level mm_memory_level_decide(const struct mm_memory_level_config *config,
                                            uint64_t available_bytes, enum mm_memory_level previous);

/* When the signs of pressure were last seen, each held for pressure_hold_ms; 0: never. */
struct mm_pressure_signs {
    uint64_t some_ns, full_ns, stall_ns;
};

/* Is a stall that ended, of that length, a sign? One in a group, at the group's own limit, says nothing of the machine;
   that kswapd is awake is none. */
bool mm_stall_is_sign(const struct mm_memory_level_config *config, const struct mm_event_stall *stall);

/*
 * The level that pressure alone stands for: the worst of the signs still held at now_ns. *ret_until_ns: when the next
 * of them ends; UINT64_MAX when none is held.
 */
enum mm_memory_level mm_pressure_level_decide(const struct mm_memory_level_config *config,
                                              const struct mm_pressure_signs *signs, uint64_t now_ns,
                                              uint64_t *ret_until_ns);

#ifdef __cplusplus
}
#endif

#endif
