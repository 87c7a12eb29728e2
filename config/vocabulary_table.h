/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the vocabulary, for vocabulary.c alone; everybody else asks through vocabulary.h. */
#ifndef MM_CONFIG_VOCABULARY_TABLE_H
#define MM_CONFIG_VOCABULARY_TABLE_H

#include "common/common.h"
#include "config/vocabulary.h"

extern const struct mm_element mm_vocabulary_table[];
extern const size_t mm_vocabulary_table_count;

#endif
