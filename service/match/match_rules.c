/* SPDX-License-Identifier: Apache-2.0 */
#include "service/match/match_rules.h"

#include "common/common.h"
#include "common/glob.h"
#include "config/regex.h"
#include "config/value.h"
#include "config/vocabulary.h"
#include "service/match/built_in_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct condition {
    const char *text; /* "": there is none */
    struct mm_regex *regex;
    int64_t first, last; /* of a range */
    bool is_impossible;
};

struct compiled_rule {
    const struct mm_process_rule *rule;
    const char *reason; /* of a built-in one */
    struct condition conditions[MM_PROCESS_CONDITION_COUNT];
};

struct mm_match_rules {
    unsigned count;
    struct compiled_rule at[];
};

/* ---- compiling ------------------------------------------------------------------------------------------- */

static int compile_condition(const struct mm_process_condition *kind, struct condition *condition)
{
    const size_t prefix = strlen(MM_PATTERN_REGEX);
    int r = 0;

    if (condition->text[0] == '\0')
        return 0;
    if (kind->is_range)
        r = mm_parse_range(condition->text, kind->min, kind->max, &condition->first, &condition->last);
    else if (strncmp(condition->text, MM_PATTERN_REGEX, prefix) == 0)
        r = mm_regex_new(condition->text + prefix, &condition->regex, NULL);
    else
        r = mm_glob_check(condition->text);
    condition->is_impossible = r < 0;
    return r == -ENOMEM ? r : 0;
}

static int add_rule(struct mm_match_rules *rules, const struct mm_process_rule *rule, const char *reason)
{
    struct compiled_rule *compiled = &rules->at[rules->count++];
    int r = 0;

    compiled->rule = rule;
    compiled->reason = reason;
    for (unsigned i = 0; i < MM_PROCESS_CONDITION_COUNT; i++)
        compiled->conditions[i].text = mm_process_condition_text(rule, i);
    for (unsigned i = 0; r == 0 && i < MM_PROCESS_CONDITION_COUNT; i++)
        r = compile_condition(&mm_process_conditions[i], &compiled->conditions[i]);
    return r;
}

static int add_built_in(struct mm_match_rules *rules, const struct mm_built_in_rule *built_in, size_t count)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < count; i++)
        r = add_rule(rules, &built_in[i].rule, built_in[i].reason);
    return r;
}

int mm_match_rules_new(const struct mm_process_rules_config *config, struct mm_match_rules **ret_rules)
{
    size_t built_in = config->has_built_in ? mm_built_in_rule_count : 0;
    size_t of_users = config->has_built_in && config->has_user_programs ? mm_user_program_rule_count : 0;
    struct mm_match_rules *rules =
        calloc(1, sizeof(*rules) + (config->rule_count + built_in + of_users) * sizeof(rules->at[0]));
    int r = rules ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < config->rule_count; i++)
        r = add_rule(rules, &config->rules[i], NULL);
    if (r == 0)
        r = add_built_in(rules, mm_built_in_rules, built_in);
    if (r == 0)
        r = add_built_in(rules, mm_user_program_rules, of_users);
    if (r < 0) {
        mm_match_rules_free(rules);
        return r;
    }
    *ret_rules = rules;
    return 0;
}

void mm_match_rules_free(struct mm_match_rules *rules)
{
    if (!rules)
        return;
    for (unsigned i = 0; i < rules->count; i++) {
        for (unsigned k = 0; k < MM_PROCESS_CONDITION_COUNT; k++)
            mm_regex_free(rules->at[i].conditions[k].regex);
    }
    free(rules);
}

unsigned mm_match_rule_count(const struct mm_match_rules *rules)
{
    return rules->count;
}

const struct mm_process_rule *mm_match_rule_at(const struct mm_match_rules *rules, unsigned rule)
{
    return rules->at[rule].rule;
}

const char *mm_match_built_in_reason(const struct mm_match_rules *rules, unsigned rule)
{
    return rules->at[rule].reason;
}

/* ---- matching -------------------------------------------------------------------------------------------- */

/* In the order of mm_process_conditions. */
static const struct {
    enum { FACT_UID, FACT_ADJ, FACT_COMM, FACT_TEXT } kind;
    size_t offset;
} sources[MM_PROCESS_CONDITION_COUNT] = {
    {FACT_UID, 0},
    {FACT_ADJ, 0},
    {FACT_COMM, 0},
    {FACT_TEXT, offsetof(struct mm_process_facts, exe)},
    {FACT_TEXT, offsetof(struct mm_process_facts, unit)},
    {FACT_TEXT, offsetof(struct mm_process_facts, cgroup)},
    {FACT_TEXT, offsetof(struct mm_process_facts, cmdline)},
};

static int64_t number_of(const struct mm_process_facts *facts, unsigned condition)
{
    return sources[condition].kind == FACT_UID ? (int64_t)facts->uid : facts->oom_score_adj;
}

const char *mm_match_fact(const struct mm_process_facts *facts, unsigned condition,
                          char buffer[MM_MATCH_NUMBER_MAX], size_t *ret_length)
{
    const struct mm_fact *fact = (const struct mm_fact *)((const char *)facts + sources[condition].offset);

    if (mm_process_conditions[condition].is_range) {
        *ret_length = mm_format(buffer, MM_MATCH_NUMBER_MAX, "%lld", (long long)number_of(facts, condition));
        return buffer;
    }
    if (sources[condition].kind == FACT_COMM) {
        *ret_length = strnlen(facts->comm, sizeof(facts->comm));
        return facts->comm;
    }
    *ret_length = fact->length;
    return fact->text;
}

/* 1, 0, or why it was given up. */
static int is_true(const struct condition *condition, unsigned kind, const struct mm_process_facts *facts)
{
    char buffer[MM_MATCH_NUMBER_MAX];
    const char *text;
    size_t length;

    if (condition->text[0] == '\0')
        return 1;
    if (condition->is_impossible)
        return 0;
    if (mm_process_conditions[kind].is_range) {
        int64_t number = number_of(facts, kind);

        return condition->first <= number && number <= condition->last;
    }
    text = mm_match_fact(facts, kind, buffer, &length);
    return condition->regex ? mm_regex_match(condition->regex, text, length)
                            : mm_glob_match(condition->text, text, length);
}

struct mm_match_trial mm_match_try(const struct mm_match_rules *rules, unsigned rule,
                                   const struct mm_process_facts *facts)
{
    struct mm_match_trial trial = {.failed = 0};

    for (; trial.failed < MM_PROCESS_CONDITION_COUNT; trial.failed++) {
        int r = is_true(&rules->at[rule].conditions[trial.failed], trial.failed, facts);

        trial.gave_up = r < 0;
        if (r <= 0)
            break;
    }
    return trial;
}

int mm_match_find(const struct mm_match_rules *rules, const struct mm_process_facts *facts, int *ret_gave_up)
{
    int gave_up = -1, found = -1;

    for (unsigned i = 0; found < 0 && i < rules->count; i++) {
        struct mm_match_trial trial = mm_match_try(rules, i, facts);

        if (trial.gave_up && gave_up < 0)
            gave_up = (int)i;
        if (trial.failed == MM_PROCESS_CONDITION_COUNT)
            found = (int)i;
    }
    if (ret_gave_up)
        *ret_gave_up = gave_up;
    return found;
}

/* ---- names ----------------------------------------------------------------------------------------------- */

/* FNV-1a, of 64 bits. */
#define HASH_BEGIN 0xcbf29ce484222325ULL
#define HASH_PRIME 0x100000001b3ULL

struct name {
    char bytes[4 * MM_NAME_MAX];
    size_t length;
    uint64_t
        hash; /* of all that was appended, also of what does not fit: paths of cgroups may be long and end differently */
    bool has_cgroup;
};

static uint64_t hash_on(uint64_t hash, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * HASH_PRIME;
    return hash;
}

static void append(struct name *name, const char *text, size_t length)
{
    name->hash = hash_on(name->hash, text, length);
    length = MM_MIN(length, sizeof(name->bytes) - name->length);
    memcpy(name->bytes + name->length, text, length);
    name->length += length;
}

static void append_field(struct name *name, enum mm_template_field field,
                         const struct mm_process_facts *facts)
{
    const char *slash = memrchr(facts->exe.text, '/', facts->exe.length);
    const char *file = slash ? slash + 1 : facts->exe.text;
    char pid[16];
    size_t pid_length = mm_format(pid, sizeof(pid), "%d", (int)facts->pid);
    const struct {
        const char *text;
        size_t length;
    } fields[] = {
        [MM_TEMPLATE_COMM] = {facts->comm, strnlen(facts->comm, sizeof(facts->comm))},
        [MM_TEMPLATE_UNIT] = {facts->unit.text, facts->unit.length},
        [MM_TEMPLATE_EXE] = {file, (size_t)(facts->exe.text + facts->exe.length - file)},
        [MM_TEMPLATE_CGROUP] = {facts->cgroup.text, facts->cgroup.length},
        [MM_TEMPLATE_PID] = {pid, pid_length},
    };

    name->has_cgroup |= field == MM_TEMPLATE_CGROUP && fields[field].length > 0;
    append(name, fields[field].text, fields[field].length);
}

static void append_template(struct name *name, const char *pattern, const struct mm_process_facts *facts)
{
    const struct mm_element *element =
        mm_vocabulary_at(mm_vocabulary_find("processRules/processRule/bundle"));

    while (*pattern) {
        const struct mm_word *word = mm_template_word(element, pattern, strlen(pattern));

        if (!word) {
            append(name, pattern++, 1);
            continue;
        }
        append_field(name, (enum mm_template_field)word->value, facts);
        pattern += strlen(word->word) + 3;
    }
}

/* Who may call itself anything is not to get into another user's bundle. */
static uint64_t key_of(const struct name *name, const struct mm_process_facts *facts)
{
    uint64_t hash = name->hash;

    if (name->length == 0)
        return 0;
    if (name->has_cgroup)
        hash = hash_on(hash, facts->cgroup.text, facts->cgroup.length);
    else
        hash = hash_on(hash, &facts->uid, sizeof(facts->uid));
    return MM_MAX(hash, 1U);
}

uint64_t mm_match_bundle_name(const char *pattern, const struct mm_process_facts *facts,
                              char ret_name[MM_NAME_MAX])
{
    struct name name = {.hash = HASH_BEGIN};
    uint64_t key;

    append_template(&name, pattern ? pattern : "", facts);
    key = key_of(&name, facts);
    if (name.length == 0)
        append_field(&name, MM_TEMPLATE_COMM, facts);
    if (name.length == 0)
        append_field(&name, MM_TEMPLATE_PID, facts);
    (void)mm_printable(name.bytes, name.length, ret_name, MM_NAME_MAX);
    return key;
}
