/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the processes that had a pid, one after the other, is meant. */
#ifndef MEMMGR_START_TIME_H
#define MEMMGR_START_TIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Field 22 of /proc/PID/stat, in ticks since boot; 0 where it cannot be read. */
uint64_t mm_start_time_read(int32_t pid);
/* The same of the file's text: "4711 (a name) with ) 1)) S 1 4711 ...". */
uint64_t mm_start_time_parse(const char *stat);

#ifdef __cplusplus
}
#endif

#endif
