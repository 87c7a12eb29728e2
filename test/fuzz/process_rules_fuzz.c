/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the rules that memmgr-match is handed, as packets of either side, and as a pattern and its text. */
#include "common/glob.h"
#include "event_center/match_protocol.h"
#include "service/match/match_rules.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(int is_true)
{
    if (!is_true)
        abort();
}

/* A process that says whatever comes. */
static void fill(struct mm_process_facts *facts, const uint8_t *bytes, size_t length)
{
    struct mm_fact *const texts[] = {&facts->exe, &facts->cmdline, &facts->cgroup, &facts->unit};
    size_t used = length < sizeof(texts[0]->text) ? length : sizeof(texts[0]->text) - 1;

    memset(facts, 0, sizeof(*facts));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        memcpy(texts[i]->text, bytes, used);
        texts[i]->length = used;
    }
    memcpy(facts->comm, bytes, used < sizeof(facts->comm) ? used : sizeof(facts->comm) - 1);
    facts->pid = 1;
}

static void match(const struct mm_process_rules_config *config, const uint8_t *bytes, size_t length)
{
    static struct mm_process_facts facts;
    struct mm_match_rules *rules = NULL;
    char name[MM_NAME_MAX];
    int found;

    require(mm_match_rules_new(config, &rules) == 0);
    fill(&facts, bytes, length);
    found = mm_match_find(rules, &facts, NULL);
    require(found < (int)mm_match_rule_count(rules));
    if (found >= 0) {
        mm_match_bundle_name(mm_match_rule_at(rules, (unsigned)found)->bundle, &facts, name);
        require(name[0] != '\0');
    }
    mm_match_rules_free(rules);
}

/* The pattern up to the first NUL, the text behind it. */
static void match_pattern(const uint8_t *bytes, size_t length)
{
    char pattern[MM_PATTERN_MAX + 1] = "";
    size_t pattern_length = strnlen((const char *)bytes, length);
    struct mm_process_rule rule = {.name = "a", .cmdline = pattern, .bundle = "%{cgroup}%{exe}"};
    const struct mm_process_rules_config config = {.rules = &rule, .rule_count = 1};

    if (pattern_length > MM_PATTERN_MAX)
        return;
    memcpy(pattern, bytes, pattern_length);
    require(mm_glob_match(pattern, (const char *)bytes, length) <= 1);
    match(&config, bytes + pattern_length, length - pattern_length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct mm_match_queries queries;
    static struct mm_match_answers answers;
    struct mm_process_rules_config config;

    if (mm_rule_stream_parse(bytes, length, &config) == 0)
        match(&config, bytes, length);
    mm_rule_stream_fini(&config);
    memcpy(&queries, bytes, length < sizeof(queries) ? length : sizeof(queries));
    (void)mm_match_queries_check(&queries, length);
    memcpy(&answers, bytes, length < sizeof(answers) ? length : sizeof(answers));
    (void)mm_match_answers_check(&answers, length);
    match_pattern(bytes, length);
    return 0;
}
