/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of the vocabulary, in the order of the table. */
#include "config/vocabulary_row.h"

#define ELEMENT(place, row, ...) {__VA_ARGS__},

static const struct mm_element_text texts[] = {
/* clang-format off */
#include "config/vocabulary_kill.h"
#include "config/vocabulary_reclaim.h"
#include "config/vocabulary_applications.h"
#include "config/vocabulary_rules.h"
#include "config/vocabulary_service.h"
    /* clang-format on */
};

const struct mm_element_text *mm_vocabulary_text(unsigned element)
{
    return &texts[element];
}
