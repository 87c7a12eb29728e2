/* SPDX-License-Identifier: Apache-2.0 */
/* The small things every folder uses: clean-up macros, logging, number parsing, an intrusive list. */
#ifndef MM_COMMON_COMMON_H
#define MM_COMMON_COMMON_H

#include "common/cleanup.h"
#include "common/list.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/text.h"

#include <stddef.h>

#define MM_ARRAY_SIZE(array)                   (sizeof(array) / sizeof((array)[0]))
#define MM_CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define MM_NS_PER_US 1000ULL
#define MM_NS_PER_MS 1000000ULL
#define MM_NS_PER_S  1000000000ULL
#define MM_KIB       1024ULL
#define MM_MIB       (1024ULL * 1024ULL)
#define MM_GIB       (1024ULL * 1024ULL * 1024ULL)

#define MM_MIN(a, b) ((a) < (b) ? (a) : (b))
#define MM_MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
