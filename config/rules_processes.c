/* SPDX-License-Identifier: Apache-2.0 */
/* The rules about process rules: each asks for something, and none stands in the way of all that another takes. */
#include "config/rules.h"

#include <inttypes.h>
#include <string.h>

static unsigned child_of_rule(const char *name)
{
    return mm_vocabulary_child(mm_vocabulary_find("processRules/processRule"), name);
}

void mm_rules_complete_processes(struct mm_build *build)
{
    struct mm_process_rules_config *config = &build->config->process_rules;
    bool has_priority[MM_CONFIG_PROCESS_RULES_MAX] = {false};
    unsigned priority = child_of_rule("priority");

    for (size_t i = 0; i < build->items->count; i++) {
        const struct mm_config_item *item = &build->items->items[i];

        if (item->element == priority && item->instance < MM_CONFIG_PROCESS_RULES_MAX)
            has_priority[item->instance] = true;
    }
    for (size_t i = 0; i < config->rule_count; i++) {
        struct mm_process_rule *rule = &config->rules[i];

        if (!has_priority[i])
            rule->priority = mm_process_class_priority((enum mm_process_class)rule->process_class);
    }
}

static bool has_condition(const struct mm_process_rule *rule)
{
    for (unsigned i = 0; i < MM_PROCESS_CONDITION_COUNT; i++) {
        if (mm_process_condition_text(rule, i)[0])
            return true;
    }
    return false;
}

/* What every process fulfils. */
static bool is_empty_condition(const struct mm_process_condition *condition, const char *text)
{
    int64_t first = condition->min, last = condition->max;

    if (text[0] == '\0' || (!condition->is_range && strcmp(text, "*") == 0))
        return true;
    return condition->is_range && mm_parse_range(text, condition->min, condition->max, &first, &last) == 0 &&
           first == condition->min && last == condition->max;
}

static bool is_same_condition(const struct mm_process_condition *condition, const char *a, const char *b)
{
    int64_t firsts[2], lasts[2];

    if (!condition->is_range)
        return strcmp(a, b) == 0;
    return mm_parse_range(a, condition->min, condition->max, &firsts[0], &lasts[0]) == 0 &&
           mm_parse_range(b, condition->min, condition->max, &firsts[1], &lasts[1]) == 0 &&
           firsts[0] == firsts[1] && lasts[0] == lasts[1];
}

/* Whether the first asks for nothing that the second does not ask for in the same words: whether any other pair of
   patterns says the same is not for us to find out. */
static bool takes_all_of(const struct mm_process_rule *first, const struct mm_process_rule *second)
{
    for (unsigned i = 0; i < MM_PROCESS_CONDITION_COUNT; i++) {
        const struct mm_process_condition *condition = &mm_process_conditions[i];
        const char *asked = mm_process_condition_text(first, i);

        if (!is_empty_condition(condition, asked) &&
            !is_same_condition(condition, asked, mm_process_condition_text(second, i)))
            return false;
    }
    return true;
}

static void report_shadowed(struct mm_build *build, size_t rule, size_t by)
{
    const struct mm_process_rule *rules = build->config->process_rules.rules;
    unsigned name = child_of_rule("name");
    const struct mm_config_item *item = mm_build_find(build, name, (unsigned)rule);
    const struct mm_config_item *other = mm_build_find(build, name, (unsigned)by);
    char shown[MM_SHOWN_MAX], other_shown[MM_SHOWN_MAX], place[MM_RULES_PLACE_MAX];

    mm_build_report(
        build, MM_PROBLEM_WARNING, item,
        "processRule \"%s\" takes no process: \"%s\" (%s) is tried before it and asks for no more",
        mm_shown(rules[rule].name, shown), mm_shown(rules[by].name, other_shown),
        mm_rules_place(build, item, other, place));
}

static void check_shadowed(struct mm_build *build)
{
    const struct mm_process_rules_config *config = &build->config->process_rules;

    for (size_t i = 1; i < config->rule_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (!has_condition(&config->rules[k]) || !takes_all_of(&config->rules[k], &config->rules[i]))
                continue;
            report_shadowed(build, i, k);
            break;
        }
    }
}

static void check_user_programs(struct mm_build *build)
{
    const struct mm_process_rules_config *config = &build->config->process_rules;
    const struct mm_config_item *item =
        mm_build_find(build, mm_vocabulary_find("processRules/userPrograms"), 0);
    const struct mm_config_item *other =
        mm_build_find(build, mm_vocabulary_find("processRules/builtInRules"), 0);
    char place[MM_RULES_PLACE_MAX];

    if (item && other && config->has_user_programs && !config->has_built_in)
        mm_build_report(build, MM_PROBLEM_WARNING, item,
                        "userPrograms has no effect: builtInRules is false (%s)",
                        mm_rules_place(build, item, other, place));
}

void mm_rules_check_processes(struct mm_build *build)
{
    const struct mm_process_rules_config *config = &build->config->process_rules;
    unsigned row = mm_vocabulary_find("processRules/processRule");

    check_user_programs(build);

    /* what was refused for itself may have been all that told two rules apart */
    if (build->is_bad[row])
        return;
    for (unsigned child = mm_vocabulary_first_child(row); child != MM_ELEMENT_NONE;
         child = mm_vocabulary_next_sibling(child)) {
        if (build->is_bad[child])
            return;
    }
    for (size_t i = 0; i < config->rule_count; i++) {
        char shown[MM_SHOWN_MAX];

        if (!has_condition(&config->rules[i]))
            mm_build_report(
                build, MM_PROBLEM_ERROR, mm_build_find(build, row, (unsigned)i),
                "processRule \"%s\" has no condition, expected at least one of exe, cmdline, comm, "
                "cgroup, unit, uid and oomScoreAdj",
                mm_shown(config->rules[i].name, shown));
    }
    check_shadowed(build);
}
