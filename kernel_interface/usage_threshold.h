/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v1's usage threshold, which tells when the usage of a group crosses a level, up or down. What we want to be told is
 * when available memory comes down to a line; what joins the two is
 *
 *     available = limit + droppable file pages - usage
 *
 * so that the threshold is the present usage plus the distance of available memory from the line. It moves with the
 * file pages, and is out of reach where they fill the group up to its limit.
 *
 * Where the line is further away than all droppable file pages together, the threshold can be put where it is sure to be
 * met on the way, though they be dropped or locked meanwhile: then the watch may sleep longer.
 */
#ifndef MM_KERNEL_INTERFACE_USAGE_THRESHOLD_H
#define MM_KERNEL_INTERFACE_USAGE_THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The group whose limit leaves the least, or the root where that is the machine's memory. */
struct mm_usage_view {
    int directory_fd;
    uint64_t usage_bytes, available_bytes;
    uint64_t limit_bytes;           /* of the root: RAM */
    uint64_t droppable_bytes;       /* file pages that count in available and in usage; MM_UNKNOWN */
    uint64_t other_available_bytes; /* by the limits of the others, and RAM; MM_UNKNOWN: there are none */
};

/* What is registered, and whether it has told since. threshold_bytes MM_UNKNOWN: nothing. */
struct mm_usage_registration {
    int directory_fd;
    uint64_t threshold_bytes;
    bool has_told;
};

/*
 * What should be registered for a line. The same as is: there is no need to move it, which is so as long as it tells
 * not much too late, or tells too early and has not done so yet. MM_UNKNOWN: nothing, as available memory is below the
 * line (or line_bytes is MM_UNKNOWN), or usage cannot grow so far.
 */
uint64_t mm_usage_threshold_decide(const struct mm_usage_view *view, uint64_t line_bytes,
                                   const struct mm_usage_registration *present);

/* How far available memory may come down, besides what usage counts, while a registration that is in place, and has not
   told, is still sure to tell before the line. 0: it is not sure to. */
uint64_t mm_usage_threshold_margin(const struct mm_usage_view *view, uint64_t line_bytes,
                                   const struct mm_usage_registration *present);

/* ---- the registering, in a thread --------------------------------------------------------------------- */

struct mm_usage_alarm;

/* -ENOMEM, -EMFILE, -EAGAIN. */
int mm_usage_alarm_new(struct mm_usage_alarm **ret_alarm);
/* May wait for the registration under way, some 10 ms. Accepts NULL. */
void mm_usage_alarm_free(struct mm_usage_alarm *alarm);
/* Readable when there is something to take. */
int mm_usage_alarm_fd(const struct mm_usage_alarm *alarm);
/* As take_wake of struct mm_kernel. */
int mm_usage_alarm_take(struct mm_usage_alarm *alarm);
/* Returns at once; of several the last counts. The descriptor stays the caller's and must stay open. What
   mm_usage_threshold_margin says of what the kernel has heard of; 0 while it is to hear of another. */
uint64_t mm_usage_alarm_move(struct mm_usage_alarm *alarm, const struct mm_usage_view *view,
                             uint64_t line_bytes);

#ifdef __cplusplus
}
#endif

#endif
