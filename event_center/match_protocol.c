/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/match_protocol.h"

#include "common/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The texts of a rule; conditions and name are no templates. */
static const struct {
    size_t offset, most;
} texts[] = {
    {offsetof(struct mm_process_rule, name), MM_RULE_NAME_MAX - 1},
    {offsetof(struct mm_process_rule, exe), MM_PATTERN_MAX},
    {offsetof(struct mm_process_rule, cmdline), MM_PATTERN_MAX},
    {offsetof(struct mm_process_rule, comm), MM_PATTERN_MAX},
    {offsetof(struct mm_process_rule, cgroup), MM_PATTERN_MAX},
    {offsetof(struct mm_process_rule, unit), MM_PATTERN_MAX},
    {offsetof(struct mm_process_rule, uid), MM_PATTERN_MAX},
    {offsetof(struct mm_process_rule, oom_score_adj), MM_PATTERN_MAX},
    {offsetof(struct mm_process_rule, bundle), MM_NAME_TEMPLATE_MAX},
};

static char **text_of(struct mm_process_rule *rule, size_t text)
{
    return (char **)((char *)rule + texts[text].offset);
}

/* ---- writing rules --------------------------------------------------------------------------------------- */

struct writer {
    int fd, error;
    size_t length;
    unsigned char bytes[2048];
};

static void flush(struct writer *writer)
{
    size_t done = 0;

    while (done < writer->length && writer->error == 0) {
        ssize_t n = write(writer->fd, writer->bytes + done, writer->length - done);

        if (n < 0 && errno != EINTR)
            writer->error = -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    writer->length = 0;
}

/* Shorter than the buffer. */
static void put(struct writer *writer, const void *bytes, size_t length)
{
    if (length > sizeof(writer->bytes) - writer->length)
        flush(writer);
    memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
}

static void put_number(struct writer *writer, int32_t number)
{
    put(writer, &number, sizeof(number));
}

static void put_text(struct writer *writer, const char *text, size_t most)
{
    size_t length = text ? strnlen(text, most) : 0;

    put_number(writer, (int32_t)length);
    if (length > 0)
        put(writer, text, length);
}

int mm_rule_stream_write(int fd, const struct mm_process_rules_config *rules)
{
    struct writer writer = {.fd = fd};

    put_number(&writer, (int32_t)MM_MATCH_MAGIC);
    put_number(&writer, rules->has_built_in);
    put_number(&writer, rules->has_user_programs);
    put_number(&writer, (int32_t)rules->rule_count);
    for (size_t i = 0; i < rules->rule_count; i++) {
        struct mm_process_rule *rule = &rules->rules[i];

        for (size_t k = 0; k < MM_ARRAY_SIZE(texts); k++)
            put_text(&writer, *text_of(rule, k), texts[k].most);
        put_number(&writer, rule->process_class);
        put_number(&writer, rule->priority);
    }
    flush(&writer);
    return writer.error;
}

/* ---- reading rules --------------------------------------------------------------------------------------- */

struct scanner {
    const unsigned char *bytes;
    size_t left;
};

static int take_number(struct scanner *scanner, int32_t min, int32_t max, int32_t *ret_number)
{
    int32_t number;

    if (scanner->left < sizeof(number))
        return -EBADMSG;
    memcpy(&number, scanner->bytes, sizeof(number));
    scanner->bytes += sizeof(number);
    scanner->left -= sizeof(number);
    if (number < min || number > max)
        return -EBADMSG;
    *ret_number = number;
    return 0;
}

static int take_text(struct scanner *scanner, size_t most, char **ret_text)
{
    int32_t length = 0;
    int r = take_number(scanner, 0, (int32_t)most, &length);

    if (r < 0 || (size_t)length > scanner->left || memchr(scanner->bytes, '\0', (size_t)length))
        return -EBADMSG;
    *ret_text = strndup((const char *)scanner->bytes, (size_t)length);
    scanner->bytes += length;
    scanner->left -= (size_t)length;
    return *ret_text ? 0 : -ENOMEM;
}

static int take_rule(struct scanner *scanner, struct mm_process_rule *rule)
{
    int32_t process_class = 0, priority = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < MM_ARRAY_SIZE(texts); i++)
        r = take_text(scanner, texts[i].most, text_of(rule, i));
    if (r == 0)
        r = take_number(scanner, 0, MM_CLASS_COUNT - 1, &process_class);
    if (r == 0)
        r = take_number(scanner, -1000, 1000, &priority);
    rule->process_class = process_class;
    rule->priority = priority;
    return r;
}

int mm_rule_stream_parse(const unsigned char *bytes, size_t length, struct mm_process_rules_config *ret_rules)
{
    struct scanner scanner = {bytes, length};
    int32_t magic = 0, has_built_in = 0, has_user_programs = 0, count = 0;
    int r = take_number(&scanner, INT32_MIN, INT32_MAX, &magic);

    *ret_rules = (struct mm_process_rules_config){0};
    if (r == 0 && (uint32_t)magic != MM_MATCH_MAGIC)
        r = -EBADMSG;
    if (r == 0)
        r = take_number(&scanner, 0, 1, &has_built_in);
    if (r == 0)
        r = take_number(&scanner, 0, 1, &has_user_programs);
    if (r == 0)
        r = take_number(&scanner, 0, MM_CONFIG_PROCESS_RULES_MAX, &count);
    if (r < 0)
        return r;
    ret_rules->has_built_in = has_built_in;
    ret_rules->has_user_programs = has_user_programs;
    ret_rules->rules = calloc((size_t)count + 1, sizeof(*ret_rules->rules));
    if (!ret_rules->rules)
        return -ENOMEM;
    while (r == 0 && ret_rules->rule_count < (size_t)count)
        r = take_rule(&scanner, &ret_rules->rules[ret_rules->rule_count++]);
    return r == 0 && scanner.left > 0 ? -EBADMSG : r;
}

void mm_rule_stream_fini(struct mm_process_rules_config *rules)
{
    for (size_t i = 0; i < rules->rule_count; i++) {
        for (size_t k = 0; k < MM_ARRAY_SIZE(texts); k++)
            free(*text_of(&rules->rules[i], k));
    }
    free(rules->rules);
    *rules = (struct mm_process_rules_config){0};
}

/* ---- packets --------------------------------------------------------------------------------------------- */

size_t mm_match_queries_size(uint32_t count)
{
    return offsetof(struct mm_match_queries, at) + count * sizeof(struct mm_match_query);
}

size_t mm_match_answers_size(uint32_t count)
{
    return offsetof(struct mm_match_answers, at) + count * sizeof(struct mm_match_answer);
}

int mm_match_queries_check(const struct mm_match_queries *queries, size_t length)
{
    if (length < mm_match_queries_size(0) || queries->magic != MM_MATCH_MAGIC ||
        queries->count > MM_MATCH_BATCH_MAX || length != mm_match_queries_size(queries->count))
        return -EBADMSG;
    for (uint32_t i = 0; i < queries->count; i++) {
        if (queries->at[i].pid <= 0)
            return -EBADMSG;
    }
    return 0;
}

static bool is_sound(const struct mm_match_answer *answer)
{
    return answer->pid > 0 && answer->rule >= MM_MATCH_GONE && answer->priority >= -1000 &&
           answer->priority <= 1000 && answer->process_class < MM_CLASS_COUNT && answer->is_built_in <= 1 &&
           memchr(answer->rule_name, '\0', sizeof(answer->rule_name)) &&
           memchr(answer->bundle, '\0', sizeof(answer->bundle)) &&
           memchr(answer->gave_up_name, '\0', sizeof(answer->gave_up_name)) &&
           (answer->rule < 0 || (answer->rule_name[0] && answer->bundle[0]));
}

int mm_match_answers_check(const struct mm_match_answers *answers, size_t length)
{
    if (length < mm_match_answers_size(0) || answers->magic != MM_MATCH_MAGIC ||
        answers->count > MM_MATCH_BATCH_MAX || length != mm_match_answers_size(answers->count))
        return -EBADMSG;
    for (uint32_t i = 0; i < answers->count; i++) {
        if (!is_sound(&answers->at[i]))
            return -EBADMSG;
    }
    return 0;
}
