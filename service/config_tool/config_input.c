/* SPDX-License-Identifier: Apache-2.0 */
/* From files to a configuration. */
#include "service/config_tool/config_tool.h"

#include "common/common.h"
#include "service/shared/privileges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int mm_config_tool_gather(const struct mm_config_sources *sources, struct mm_config_input *input)
{
    return mm_config_gather(sources, &input->texts, &input->problems);
}

int mm_config_tool_merge(struct mm_config_input *input, const struct mm_config_device *device)
{
    return mm_config_merge_texts(&input->texts, device, &input->items, &input->problems);
}

int mm_config_tool_build(struct mm_config_input *input, const struct mm_config_device *device)
{
    int r = mm_config_tool_merge(input, device);

    if (r == 0 || r == -EINVAL)
        r = mm_config_build(&input->items, device, &input->config, &input->problems);
    return r;
}

void mm_config_input_fini(struct mm_config_input *input)
{
    mm_config_free(input->config);
    mm_config_items_fini(&input->items);
    mm_config_texts_fini(&input->texts);
    mm_problems_fini(&input->problems);
    *input = (struct mm_config_input){0};
}

int mm_config_tool_load(const struct mm_config_sources *sources, const struct mm_config_device *device,
                        struct mm_config_input *input)
{
    int r = mm_config_tool_gather(sources, input);

    (void)mm_privileges_drop();
    /* What could not be read is told along with what is wrong with the rest. */
    return r == 0 || r == -EINVAL ? mm_config_tool_build(input, device) : r;
}

int mm_config_tool_verify(const char *name, const char *text, size_t length,
                          const struct mm_config_device *device, struct mm_config_input *input)
{
    struct mm_config_text *one = calloc(1, sizeof(*one));

    if (!one)
        return -ENOMEM;
    input->texts = (struct mm_config_texts){.items = one, .count = 1, .bytes = length};
    *one = (struct mm_config_text){.file = strdup(name), .bytes = malloc(length + 1), .length = length};
    if (!one->file || !one->bytes)
        return -ENOMEM;
    memcpy(one->bytes, text, length + 1);
    return mm_config_tool_build(input, device);
}

int mm_config_tool_read_text(int fd, const char *file, char **ret_bytes, size_t *ret_length,
                             struct mm_problems *problems)
{
    MM_CLEANUP_FREE char *bytes = NULL;
    size_t length = 0, capacity = 0;
    ssize_t n = 1;

    while (n > 0) {
        if (capacity - length < 2) {
            char *larger;

            capacity = capacity > 0 ? capacity * 2 : 16384;
            larger = realloc(bytes, capacity);
            if (!larger)
                return -ENOMEM;
            bytes = larger;
        }
        do {
            n = read(fd, bytes + length, capacity - length - 1);
        } while (n < 0 && errno == EINTR);
        if (n < 0 || length + (size_t)n > MM_CONFIG_MAX_BYTES) {
            mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0, "cannot be read: %s",
                            n < 0 ? strerror(errno) : "it is too large: more than 8 MiB");
            return -EINVAL;
        }
        length += (size_t)n;
    }
    bytes[length] = '\0';
    *ret_bytes = bytes;
    *ret_length = length;
    bytes = NULL;
    return 0;
}
