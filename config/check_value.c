/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with one value; apart, as the builder and so the daemon needs this alone. */
#include "config/check.h"

#include "common/common.h"
#include "config/problems.h"

void mm_config_report_item(const struct mm_config_items *items, const struct mm_config_item *item,
                           struct mm_problems *problems, enum mm_problem_severity severity,
                           const char *format, ...)
{
    const char *file = item->file < items->file_count ? items->files[item->file] : "";
    va_list arguments;

    va_start(arguments, format);
    mm_problems_add_list(problems, severity, file, item->line, item->column, format, arguments);
    va_end(arguments);
}

bool mm_config_is_empty_entry(const struct mm_config_item *item)
{
    const struct mm_element *element = mm_vocabulary_at(item->element);

    return element->type == MM_TYPE_NAME && (element->flags & MM_ELEMENT_REPEATABLE) &&
           mm_text_is_blank(item->text);
}

bool mm_config_check_value(const struct mm_config_items *items, const struct mm_config_item *item,
                           struct mm_problems *problems, struct mm_value *ret_value)
{
    const struct mm_element *element = mm_vocabulary_at(mm_vocabulary_resolve(item->element));
    const char *name = mm_vocabulary_name(item->element);
    char expected[MM_EXPECTED_MAX], shown[MM_SHOWN_MAX];

    if (mm_value_parse(element, item->text, ret_value) == 0 &&
        (element->type != MM_TYPE_NAME || ret_value->length > 0))
        return true;
    (void)mm_value_expected(element, expected, sizeof(expected));
    if (mm_text_is_blank(item->text))
        mm_config_report_item(items, item, problems, MM_PROBLEM_ERROR, "%s is empty, expected %s", name,
                              expected);
    else
        mm_config_report_item(items, item, problems, MM_PROBLEM_ERROR, "%s is \"%s\", expected %s", name,
                              mm_shown(item->text, shown), expected);
    return false;
}
