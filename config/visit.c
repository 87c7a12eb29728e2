/* SPDX-License-Identifier: Apache-2.0 */
/* From the fields of a configuration back to its elements. */
#include "config/visit.h"

#include "config/value.h"

struct walk {
    const struct mm_config_visitor *visitor;
    unsigned only;
};

static bool is_below(unsigned element, unsigned ancestor)
{
    while (element != ancestor && element != MM_ELEMENT_NONE)
        element = mm_vocabulary_parent(element);
    return element == ancestor;
}

static bool is_wanted(const struct walk *walk, unsigned element)
{
    return walk->only == MM_ELEMENT_NONE || is_below(element, walk->only) || is_below(walk->only, element);
}

static enum mm_visited_kind kind_of(const struct mm_element *element, const char *text)
{
    switch (element->type) {
    case MM_TYPE_BOOL:
        return MM_VISITED_TRUTH;
    case MM_TYPE_SIZE:
        /* One of its words, or bytes. */
        return text[0] >= '0' && text[0] <= '9' ? MM_VISITED_NUMBER : MM_VISITED_TEXT;
    case MM_TYPE_UNSIGNED:
    case MM_TYPE_SIGNED:
    case MM_TYPE_SIZE_MB:
    case MM_TYPE_SIZE_KB:
    case MM_TYPE_MEMORY:
    case MM_TYPE_PERCENT:
    case MM_TYPE_MILLISECONDS:
    case MM_TYPE_MICROSECONDS:
        return MM_VISITED_NUMBER;
    case MM_TYPE_SECTION:
    case MM_TYPE_ROW:
    case MM_TYPE_OCTAL:
    case MM_TYPE_WORD:
    case MM_TYPE_TEXT:
    case MM_TYPE_PATH:
    case MM_TYPE_NAME:
    case MM_TYPE_PATTERN:
    case MM_TYPE_RANGE:
    case MM_TYPE_TEMPLATE:
        break;
    }
    return MM_VISITED_TEXT;
}

/* Nothing in it is as if it were not there. */
static bool may_be_nothing(const struct mm_element *element)
{
    return element->type == MM_TYPE_PATTERN || element->type == MM_TYPE_RANGE ||
           element->type == MM_TYPE_TEMPLATE;
}

static void visit_value(const struct walk *walk, unsigned index, const struct mm_target *target,
                        const void *structure, unsigned instance)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    char number[MM_VALUE_TEXT_MAX];
    struct mm_visited_value value = {.element = index, .instance = instance};

    if (mm_value_is_text(target->storage)) {
        value.text = mm_field_text(target, structure);
        if (value.text[0] == '\0' && may_be_nothing(element))
            return;
    } else {
        value.number = mm_field_number(target, structure);
        value.text = mm_value_format(element, value.number, number, sizeof(number));
        value.number /= mm_value_scale(element->type);
        value.kind = kind_of(element, value.text);
    }
    if (walk->visitor->value)
        walk->visitor->value(walk->visitor->user, &value);
}

static void visit_children(const struct walk *walk, unsigned parent, const void *structure,
                           unsigned instance);

static void visit_holder(const struct walk *walk, unsigned index, const void *structure, unsigned instance)
{
    if (walk->visitor->open)
        walk->visitor->open(walk->visitor->user, index, instance);
    visit_children(walk, index, structure, instance);
    if (walk->visitor->close)
        walk->visitor->close(walk->visitor->user, index);
}

static void visit_list(const struct walk *walk, unsigned index, const void *structure)
{
    const struct mm_element *element = mm_vocabulary_at(index);
    struct mm_target entry_target = element->target;

    entry_target.offset = 0;
    if (walk->visitor->open_list)
        walk->visitor->open_list(walk->visitor->user, index);
    for (size_t i = 0; i < mm_list_field_count(&element->target, structure); i++) {
        const void *entry = mm_list_field_read(&element->target, structure, i);

        if (element->type == MM_TYPE_ROW)
            visit_holder(walk, index, entry, (unsigned)i);
        else
            visit_value(walk, index, &entry_target, entry, (unsigned)i);
    }
    if (walk->visitor->close_list)
        walk->visitor->close_list(walk->visitor->user, index);
}

/* As deep as the vocabulary nests. */
static void visit_children(const struct walk *walk, unsigned parent, const void *structure,
                           unsigned instance) /* NOLINT(misc-no-recursion) */
{
    for (unsigned child = mm_vocabulary_first_child(parent); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        const struct mm_element *element = mm_vocabulary_at(child);

        if (element->alias_of || !is_wanted(walk, child))
            continue;
        if (element->target.list != MM_LIST_NONE)
            visit_list(walk, child, structure);
        else if (element->type == MM_TYPE_SECTION)
            visit_holder(walk, child, structure, 0);
        else if (element->target.storage != MM_STORE_NONE)
            visit_value(walk, child, &element->target, structure, instance);
    }
}

void mm_config_visit(const struct mm_config *config, unsigned only, const struct mm_config_visitor *visitor)
{
    const struct walk walk = {.visitor = visitor, .only = only};

    visit_children(&walk, MM_ELEMENT_NONE, config, 0);
}
