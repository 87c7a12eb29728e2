/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as memmgr_config.xml: read, built, printed, and read again as the same. */
#include "config/config.h"
#include "config/xml_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(int is_true)
{
    if (!is_true)
        abort();
}

/* The configuration of a text; NULL when it is not valid. */
static struct mm_config *build(const char *text, size_t length)
{
    const struct mm_config_device device = {.ram_bytes = 2048ULL << 20};
    struct mm_config_items file = {0}, items = {0};
    struct mm_problems problems = {0};
    struct mm_config *config = NULL;
    int read = mm_config_parse_xml("f.xml", text, length, &file, &problems);
    int merged, built;

    require(read == 0 || read == -EINVAL);
    require((read == -EINVAL) == (problems.error_count > 0));
    merged = mm_config_merge(&file, 1, &device, &items, &problems);
    require(merged == 0 || merged == -EINVAL);
    require((merged == -EINVAL) == (problems.error_count > 0));
    built = mm_config_build(&items, &device, &config, &problems);
    require(built == 0 || built == -EINVAL);
    require((built == -EINVAL) == (problems.error_count > 0));
    require((built == 0) == (config != NULL));
    for (size_t i = 0; i < problems.count; i++) {
        char line[MM_PROBLEM_TEXT_MAX];

        for (const char *c = mm_problem_text(&problems.items[i], line, sizeof(line)); *c; c++)
            require((unsigned char)*c >= ' ');
    }
    mm_config_items_fini(&file);
    mm_config_items_fini(&items);
    mm_problems_fini(&problems);
    return config;
}

static char *print(const struct mm_config *config, size_t *ret_length)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, ret_length);

    require(stream && mm_config_write_xml(stream, config) == 0);
    (void)fclose(stream);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    /* As mm_config_read_bytes gives it: terminated. */
    char *text = malloc(length + 1);
    struct mm_config *config;

    require(text != NULL);
    if (length > 0)
        memcpy(text, bytes, length);
    text[length] = '\0';
    config = build(text, length);
    if (config) {
        size_t first_length = 0, second_length = 0;
        char *first = print(config, &first_length);
        struct mm_config *again = build(first, first_length);
        char *second;

        require(again != NULL);
        second = print(again, &second_length);
        require(first_length == second_length && memcmp(first, second, first_length) == 0);
        free(first);
        free(second);
        mm_config_free(again);
    }
    mm_config_free(config);
    free(text);
    return 0;
}
