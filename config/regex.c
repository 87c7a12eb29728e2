/* SPDX-License-Identifier: Apache-2.0 */
#include "config/regex.h"

#include "common/common.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A step of the matcher takes 10 to 20 ns: so no expression costs more than some 0.5 ms on one text. What people write
   for command lines takes some hundred steps. */
#define MATCH_STEPS_MAX 20000
#define MATCH_DEPTH_MAX 2000
#define MATCH_HEAP_KIB  1024

struct mm_regex {
    pcre2_code *code;
    pcre2_match_data *data; /* the result of the last match: it is not kept */
    pcre2_match_context *bounds;
};

static int compile(struct mm_regex *regex, const char *expression, struct mm_regex_error *ret_error)
{
    /* (*UTF) in an expression would have texts refused that are no UTF-8. */
    const uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY;
    PCRE2_SIZE offset = 0;
    int error = 0;

    regex->code =
        pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, options, &error, &offset, NULL);
    if (regex->code)
        return 0;
    if (error == PCRE2_ERROR_NOMEMORY)
        return -ENOMEM;
    if (ret_error) {
        *ret_error = (struct mm_regex_error){.offset = offset};
        (void)pcre2_get_error_message(error, (PCRE2_UCHAR *)ret_error->text, sizeof(ret_error->text));
    }
    return -EINVAL;
}

int mm_regex_new(const char *expression, struct mm_regex **ret_regex, struct mm_regex_error *ret_error)
{
    struct mm_regex *regex = calloc(1, sizeof(*regex));
    int r = regex ? compile(regex, expression, ret_error) : -ENOMEM;

    if (r == 0) {
        /* where it begins and ends is nobody's question */
        regex->data = pcre2_match_data_create(1, NULL);
        regex->bounds = pcre2_match_context_create(NULL);
        r = regex->data && regex->bounds ? 0 : -ENOMEM;
    }
    if (r < 0) {
        mm_regex_free(regex);
        return r;
    }
    (void)pcre2_set_match_limit(regex->bounds, MATCH_STEPS_MAX);
    (void)pcre2_set_depth_limit(regex->bounds, MATCH_DEPTH_MAX);
    (void)pcre2_set_heap_limit(regex->bounds, MATCH_HEAP_KIB);
    *ret_regex = regex;
    return 0;
}

void mm_regex_free(struct mm_regex *regex)
{
    if (!regex)
        return;
    pcre2_match_context_free(regex->bounds);
    pcre2_match_data_free(regex->data);
    pcre2_code_free(regex->code);
    free(regex);
}

int mm_regex_match(const struct mm_regex *regex, const char *text, size_t length)
{
    /* not compiled to machine code: memory that is writable and executable is not worth what it would save */
    int r = pcre2_match(regex->code, (PCRE2_SPTR)text, length, 0, PCRE2_NO_JIT, regex->data, regex->bounds);

    if (r >= 0)
        return 1;
    if (r == PCRE2_ERROR_NOMATCH)
        return 0;
    return r == PCRE2_ERROR_NOMEMORY ? -ENOMEM : -E2BIG;
}
