/* SPDX-License-Identifier: Apache-2.0 */
#include "config/pattern_check.h"

#include "common/common.h"
#include "config/check.h"
#include "config/problems.h"
#include "config/regex.h"
#include "config/value.h"

#include <errno.h>
#include <string.h>

static int check(struct mm_config_items *items, struct mm_config_item *item, struct mm_problems *problems)
{
    const struct mm_element *element = mm_vocabulary_at(item->element);
    const size_t prefix = strlen(MM_PATTERN_REGEX);
    char expression[MM_PATTERN_MAX + 1], shown[MM_SHOWN_MAX];
    struct mm_regex_error error = {0};
    struct mm_regex *regex = NULL;
    struct mm_value value;
    int r;

    if (mm_value_parse(element, item->text, &value) < 0 || value.length <= prefix ||
        strncmp(value.text, MM_PATTERN_REGEX, prefix) != 0)
        return 0;
    (void)mm_format(expression, sizeof(expression), "%.*s", (int)(value.length - prefix),
                    value.text + prefix);
    r = mm_regex_new(expression, &regex, &error);
    mm_regex_free(regex);
    if (r != -EINVAL)
        return r;
    item->is_refused = true;
    mm_config_report_item(
        items, item, problems, MM_PROBLEM_ERROR,
        "%s is \"%s\", which is no regular expression: at offset %zu of what follows " MM_PATTERN_REGEX
        ", %s",
        mm_vocabulary_name(item->element), mm_shown(item->text, shown), error.offset, error.text);
    return 0;
}

int mm_config_check_patterns(struct mm_config_items *items, struct mm_problems *problems)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < items->count; i++) {
        struct mm_config_item *item = &items->items[i];

        if (item->kind == MM_ITEM_VALUE && !item->is_refused && item->text &&
            mm_vocabulary_at(item->element)->type == MM_TYPE_PATTERN)
            r = check(items, item, problems);
    }
    return r;
}
