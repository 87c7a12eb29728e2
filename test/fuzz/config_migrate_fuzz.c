/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as another killer's configuration, the first one says whose: errors, or a draft that is a valid file. */
#include "common/common.h"
#include "config/xml_reader.h"
#include "service/config_tool/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As much as a configuration may speak of, so that no level is above it. */
#define RAM_BYTES ((uint64_t)16777216 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(int is_true)
{
    if (!is_true)
        abort();
}

static void load(const char *text, size_t length, const struct mm_config_device *device)
{
    struct mm_config_text one = {.file = (char *)"draft", .bytes = (char *)text, .length = length};
    const struct mm_config_texts texts = {.items = &one, .count = 1, .bytes = length};
    struct mm_config_items items = {0};
    struct mm_problems problems = {0};
    struct mm_config *config = NULL;
    int r = mm_config_merge_texts(&texts, device, &items, &problems);

    if (r == 0)
        r = mm_config_build(&items, device, &config, &problems);
    for (size_t i = 0; r != 0 && i < problems.count; i++) {
        char line[MM_PROBLEM_TEXT_MAX];

        (void)fprintf(stderr, "%s\n", mm_problem_text(&problems.items[i], line, sizeof(line)));
    }
    if (r != 0)
        (void)fprintf(stderr, "%s", text);
    require(r == 0);
    mm_config_free(config);
    mm_config_items_fini(&items);
    mm_problems_fini(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static void (*const kinds[])(const char *, const struct mm_config_device *, struct mm_draft *) = {
        mm_migrate_lmkd, mm_migrate_earlyoom_text, mm_migrate_oomd};
    const struct mm_config_device device = {.ram_bytes = RAM_BYTES};
    struct mm_draft draft = {.source = "source"};
    char *text = malloc(length + 1), *xml = NULL;
    size_t xml_length = 0;
    FILE *stream;

    require(text != NULL);
    if (length > 0)
        memcpy(text, bytes, length);
    text[length] = '\0';
    kinds[length > 0 ? bytes[0] % MM_ARRAY_SIZE(kinds) : 0](length > 0 ? text + 1 : text, &device, &draft);
    require(!draft.has_no_memory);
    stream = open_memstream(&xml, &xml_length);
    require(stream != NULL);
    mm_draft_write(&draft, "A title.", stream);
    require(fclose(stream) == 0);
    if (draft.notes.error_count == 0)
        load(xml, xml_length, &device);
    free(xml);
    free(text);
    mm_draft_fini(&draft);
    return 0;
}
