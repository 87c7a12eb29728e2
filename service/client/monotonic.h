/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of the library's deadlines. Not installed. */
#ifndef MEMMGR_MONOTONIC_H
#define MEMMGR_MONOTONIC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* CLOCK_MONOTONIC in ms. */
int64_t mm_monotonic_now_ms(void);

#ifdef __cplusplus
}
#endif

#endif
