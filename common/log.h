/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging that never blocks the caller and never allocates.
 *
 * A line is formatted on the caller's stack. Until mm_log_start_writer it is written to standard error at
 * once; afterwards it goes into a fixed ring that a writer thread empties, so that a full pipe or a slow
 * console holds up nobody. Lines that find the ring full are counted and reported later, never waited for.
 * Any thread may log.
 */
#ifndef MM_COMMON_LOG_H
#define MM_COMMON_LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are those of syslog, so that a line can carry journald's "<N>" prefix. */
enum mm_log_level {
    MM_LOG_ERROR = 3,
    MM_LOG_WARNING = 4,
    MM_LOG_NOTICE = 5,
    MM_LOG_INFO = 6,
    MM_LOG_DEBUG = 7,
};

/* Longest line; the rest is cut. Long enough for a kill record with its reason. */
#define MM_LOG_LINE_MAX 512

/* Sets the name before each line and the least important level that is written. */
void mm_log_init(const char *program, enum mm_log_level level);
void mm_log_set_level(enum mm_log_level level);

/* Starts the writer thread. Returns 0 or a negative errno, with logging left synchronous. */
int mm_log_start_writer(void);

/* Writes what is queued, for at most timeout_ms, and stops the writer. Safe when it never started. */
void mm_log_stop_writer(unsigned timeout_ms);

/* Lines lost because the ring was full, since start. */
uint64_t mm_log_lost_lines(void);

__attribute__((format(printf, 2, 3))) void mm_log(enum mm_log_level level, const char *format, ...);

/* The level of that name ("error" .. "debug"); -EINVAL for another word. */
int mm_log_level_parse(const char *text, enum mm_log_level *ret_level);

#define mm_error(...)   mm_log(MM_LOG_ERROR, __VA_ARGS__)
#define mm_warning(...) mm_log(MM_LOG_WARNING, __VA_ARGS__)
#define mm_notice(...)  mm_log(MM_LOG_NOTICE, __VA_ARGS__)
#define mm_info(...)    mm_log(MM_LOG_INFO, __VA_ARGS__)
#define mm_debug(...)   mm_log(MM_LOG_DEBUG, __VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif
