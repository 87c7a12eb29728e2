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

/* Longest line with prefix and newline; the rest is cut. Long enough for a kill record with its reason. */
#define MM_LOG_LINE_MAX 512

/*
 * Sets the name before each line (cut at 31 bytes) and the least important level that is written. Where
 * standard error leads to journald, lines carry "<N>" instead of name and level. Call it before other threads
 * log.
 */
void mm_log_init(const char *program, enum mm_log_level level);
void mm_log_set_level(enum mm_log_level level);

/* Starts the writer thread if there is none. Returns 0, or a negative errno and stays synchronous. */
int mm_log_start_writer(void);

/*
 * Writes what is queued, for at most timeout_ms, and stops the writer; logging is synchronous again. Safe
 * when it never started. A writer that a full pipe still holds up then is left to end with the process, and
 * lines keep going to its ring, so that the caller does not hang in its place.
 */
void mm_log_stop_writer(unsigned timeout_ms);

/* Lines lost since start: the ring was full, or standard error refused them. */
uint64_t mm_log_lost_lines(void);

/* Writes one line; line breaks and other control characters in it become blanks. errno is kept, %m works. */
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
