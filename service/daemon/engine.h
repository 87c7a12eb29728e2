/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine put together: center, priority manager, strategies, decision log, waterline watch, over any
 * kernel. The daemon runs it on Linux, tests and simulations on the simulated kernel.
 */
#ifndef MM_SERVICE_ENGINE_H
#define MM_SERVICE_ENGINE_H

#include "config/config.h"
#include "event_center/event_center.h"
#include "event_center/wake_watch.h"
#include "kernel_interface/kernel_interface.h"
#include "kill_strategy/kill_strategy.h"
#include "priority_manager/priority_manager.h"
#include "reclaim_strategy/reclaim_strategy.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_engine {
    struct mm_kernel *kernel;
    struct mm_event_center *center;
    struct mm_decision_log *decisions;
    struct mm_priority_manager *manager;
    struct mm_reclaim_strategy *reclaim;
    struct mm_kill_strategy *kill;
    struct mm_waterline_source *waterline;
    struct mm_config *config;       /* the one in force */
    struct mm_config *heard_config; /* the one the event of which was delivered; mostly the same */
    struct mm_config *retired_config;
    uint64_t fill_rate_bytes_per_s;
    uint64_t refreshed_ns;
    uint64_t round_ns;     /* when the last round through all sizes began */
    bool is_refreshing;    /* it is not over */
    uint64_t next_scan_ns; /* not before, while memory is critical */
    bool has_pressure_triggers;
    int pressure_error; /* why not */
    struct mm_pressure_source_status pressure;
    struct mm_source_note note; /* of the sources that mm_engine_start adds; set before it */
};

/*
 * Makes the engine without starting it, so that a caller can add sources that come before its own (signals,
 * clients). The engine owns config from here on, also when this fails; kernel stays the caller's and must
 * outlive it. measured_fill_rate_bytes_per_s counts where the configuration gives none.
 */
int mm_engine_new(struct mm_kernel *kernel, struct mm_config *config, uint64_t measured_fill_rate_bytes_per_s,
                  struct mm_engine **ret_engine);

/* Scans the processes, arms the pressure triggers and the waterline watch. */
int mm_engine_start(struct mm_engine *engine);

/* Puts a new configuration in force between two events; owns config from here on. */
void mm_engine_set_config(struct mm_engine *engine, struct mm_config *config);

/*
 * Ends the strategies and restores what is ours within restore_ms; nothing but mm_engine_free may follow. Returns 0,
 * or -EBUSY when the kernel still holds a worker.
 */
int mm_engine_stop(struct mm_engine *engine, unsigned restore_ms);

/* Stops it where that was not done yet, then frees; accepts NULL. */
void mm_engine_free(struct mm_engine *engine, unsigned restore_ms);

/*
 * How fast this machine can fill memory: touches 2 MiB and counts on every processor doing so at once. Takes a
 * millisecond or two. Bytes per second, at least 1.
 */
uint64_t mm_measure_fill_rate(void);

#ifdef __cplusplus
}
#endif

#endif
