/* SPDX-License-Identifier: Apache-2.0 */
/* A text that grows step by step; what does not fit is cut. */
#ifndef MM_PRIORITY_MANAGER_EXPLAIN_TEXT_H
#define MM_PRIORITY_MANAGER_EXPLAIN_TEXT_H

#include "common/common.h"

#include <stddef.h>

struct mm_explain_text {
    char *buffer;
    size_t size, length;
};

#define MM_APPEND(text, ...)                                                                                 \
    ((text)->length += mm_format((text)->buffer + (text)->length, (text)->size - (text)->length, __VA_ARGS__))

#endif
