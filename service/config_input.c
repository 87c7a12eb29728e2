/* SPDX-License-Identifier: Apache-2.0 */
/* From files to items. */
#include "service/config_tool.h"

#include "config/xml_reader.h"
#include "service/privileges.h"

#include <errno.h>
#include <string.h>

/* A gigabyte of configuration would not fit the reader's bounds anyway. */
#define MAX_BYTES_MAX (1 << 30)

int mm_config_tool_sources(const struct mm_ctl *ctl, struct mm_config_sources *ret_sources)
{
    struct mm_config_sources sources = {
        .files = (const char *const *)ctl->arguments,
        .file_count = ctl->argument_count,
        .search_path = mm_ctl_option(ctl, "search-path"),
    };
    const char *max_bytes = mm_ctl_option(ctl, "max-bytes");
    int64_t number = 0;
    int result = max_bytes ? mm_ctl_number(ctl, "--max-bytes", max_bytes, 1, MAX_BYTES_MAX, &number) : 0;

    sources.max_bytes = (size_t)number;
    if (result == 0)
        *ret_sources = sources;
    return result;
}

int mm_config_tool_read(const struct mm_config_sources *sources, const struct mm_config_device *device,
                        struct mm_config_items *items, struct mm_problems *problems)
{
    struct mm_config_texts texts = {0};
    int r = mm_config_gather(sources, &texts, problems);
    int undropped = mm_privileges_drop();

    if (undropped < 0)
        mm_problems_add(problems, MM_PROBLEM_NOTE, "", 0, 0,
                        "read as root, which cannot become nobody here: %s", strerror(-undropped));
    if (r == 0 || r == -EINVAL)
        r = mm_config_merge_texts(&texts, device, items, problems);
    mm_config_texts_fini(&texts);
    return r;
}
