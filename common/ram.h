/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MM_COMMON_RAM_H
#define MM_COMMON_RAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* RAM that this machine has, as the C library counts it; 0 where it cannot tell. */
uint64_t mm_ram_bytes(void);

#ifdef __cplusplus
}
#endif

#endif
