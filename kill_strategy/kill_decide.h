/* SPDX-License-Identifier: Apache-2.0 */
/* The killer's judgement: pure functions on plain structs. Used by the strategy, its tests and explanations.
 */
#ifndef MM_KILL_STRATEGY_KILL_DECIDE_H
#define MM_KILL_STRATEGY_KILL_DECIDE_H

#include "config/config.h"
#include "priority_manager/priority_manager.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The row that applies: the smallest memory above available (strict, as upstream). NULL when available is at
 * or above every row. levels ascend by memory.
 */
const struct mm_kill_level *mm_kill_level_for(const struct mm_kill_config *config, uint64_t available_bytes);

enum mm_kill_refusal {
    MM_KILL_ALLOWED,
    MM_KILL_BELOW_MIN_PRIORITY, /* more important than the row allows */
    MM_KILL_NEVER,              /* -1000 */
    MM_KILL_SET_ASIDE,          /* would not die lately */
    MM_KILL_EMPTY,              /* no process in it */
    MM_KILL_UNREGISTERED,       /* the policy keeps unregistered processes out */
    MM_KILL_REFUSAL_COUNT
};

/* May this bundle die under that row now? */
enum mm_kill_refusal mm_kill_check(const struct mm_kill_config *config, const struct mm_kill_level *level,
                                   const struct mm_bundle *bundle, uint64_t now_ns);

/* What the killer does with a reading after a victim. */
enum mm_kill_next {
    MM_KILL_NEXT_STOP,    /* above the waterline of the series and its margin, or switched off meanwhile */
    MM_KILL_NEXT_ANOTHER, /* below: choose again, under the row the reading gives or, between the waterline
                             and its margin, under the mildest one */
};
enum mm_kill_next mm_kill_next_step(const struct mm_kill_config *config,
                                    const struct mm_kill_level *series_level, uint64_t available_bytes,
                                    const struct mm_kill_level **ret_level);

/*
 * Is the memory of a victim that has exited back, so that the next choice may be made? All of it but what was
 * shared, or as much as will come: still_readings in a row did not grow noticeably, few of them where most of
 * it is back already, more where it may not have begun to come.
 */
bool mm_kill_has_settled(uint64_t victim_bytes, uint64_t before_bytes, uint64_t available_bytes,
                         unsigned still_readings);

/* Did available grow so much between two looks at a victim that has not exited that it must be dying? */
bool mm_kill_is_giving_back(uint64_t victim_bytes, uint64_t before_bytes, uint64_t available_bytes);

/* A reading within this share of the victim's size of the one before counts as still: what comes back slower takes
   longer than the time that is allowed for it anyway. */
#define MM_KILL_STILL_PERCENT 1
/* Back is what is within this share of the victim's size: the counters of processors lag by some pages. */
#define MM_KILL_BACK_PERCENT 90
/* A victim that does not exit in time is given this many times the time as long as memory comes back, */
#define MM_KILL_EXIT_TIMES_MAX 10
/* which is looked at so often in it, */
#define MM_KILL_EXIT_LOOKS 5
/* and is told from what others give and take by growing between two looks by more than this, and than
   MM_KILL_STILL_PERCENT of the victim. */
#define MM_KILL_GROWTH_MIN_BYTES ((uint64_t)1024 * 1024)
/* Still readings that end the wait when half is back: the pages of an exited process come in one sweep. */
#define MM_KILL_STILL_READINGS 2
/* And when less is back: freeing lags the exit by tens of milliseconds, and a reading is made every two. */
#define MM_KILL_STILL_READINGS_EARLY 10

#ifdef __cplusplus
}
#endif

#endif
