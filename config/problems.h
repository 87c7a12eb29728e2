/* SPDX-License-Identifier: Apache-2.0 */
/* For the parts of config/ that find problems. */
#ifndef MM_CONFIG_PROBLEMS_H
#define MM_CONFIG_PROBLEMS_H

#include "config/config.h"

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

__attribute__((format(printf, 6, 0))) void
mm_problems_add_list(struct mm_problems *problems, enum mm_problem_severity severity, const char *file,
                     unsigned line, unsigned column, const char *format, va_list arguments);

/* "file:line:column: ", printable: how the text of a problem begins; "" where nothing is known. Returns buffer. */
const char *mm_problem_place(const struct mm_problem *problem, char *buffer, size_t size);

/* A value or name from a file as it is shown in a message: without the blanks around it, printable, cut. */
#define MM_SHOWN_MAX 64
const char *mm_shown(const char *text, char *buffer);

#ifdef __cplusplus
}
#endif

#endif
