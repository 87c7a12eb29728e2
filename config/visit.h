/* SPDX-License-Identifier: Apache-2.0 */
/* Walking through a configuration in the vocabulary's order, for those that print it. */
#ifndef MM_CONFIG_VISIT_H
#define MM_CONFIG_VISIT_H

#include "config/vocabulary.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mm_visited_kind {
    MM_VISITED_TEXT,
    MM_VISITED_NUMBER,
    MM_VISITED_TRUTH,
};

/* Lent for the call. */
struct mm_visited_value {
    unsigned element;
    unsigned instance; /* of the row it is in, or its place in a list of values; 0 elsewhere */
    const char *text;  /* as it stands in a file, unescaped */
    enum mm_visited_kind kind;
    int64_t number; /* NUMBER: in the unit of the text, bytes for MM_TYPE_SIZE; TRUTH: 0 or 1 */
};

/* Each may be NULL. */
struct mm_config_visitor {
    /* A section, or a row: instance is its place. */
    void (*open)(void *user, unsigned element, unsigned instance);
    void (*close)(void *user, unsigned element);
    void (*value)(void *user, const struct mm_visited_value *value);
    /* Around the rows of a kind, or the values of a repeatable element, also where there are none. */
    void (*open_list)(void *user, unsigned element);
    void (*close_list)(void *user, unsigned element);
    void *user;
};

/* only: this element, what is above and what is below it; MM_ELEMENT_NONE: everything. */
void mm_config_visit(const struct mm_config *config, unsigned only, const struct mm_config_visitor *visitor);

#ifdef __cplusplus
}
#endif

#endif
