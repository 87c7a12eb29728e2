/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as several files, a form feed between two of them (no XML file holds one), for a device that the first two
 * bytes choose: read, laid over each other, sent as a stream, built and compared.
 */
#include "config/compare.h"
#include "config/config.h"
#include "config/items.h"
#include "config/vocabulary.h"
#include "config/xml_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 8
#define SEPARATOR '\f'

struct files {
    struct mm_config_items items[FILES_MAX + 2];
    size_t count;
};

struct result {
    struct mm_config_items items;
    struct mm_problems problems;
    struct mm_config *config; /* NULL: not valid */
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(int is_true)
{
    if (!is_true)
        abort();
}

static void require_printable(const char *text)
{
    for (; *text; text++)
        require((unsigned char)*text >= ' ');
}

/* Returns whether it is without error. */
static int read_file(struct files *files, const uint8_t *bytes, size_t length)
{
    struct mm_problems problems = {0};
    /* As mm_config_read_bytes gives it: terminated. */
    char *text = malloc(length + 1);
    int r;

    require(text != NULL);
    if (length > 0)
        memcpy(text, bytes, length);
    text[length] = '\0';
    r = mm_config_parse_xml("f.xml", text, length, &files->items[files->count++], &problems);
    require(r == 0 || r == -EINVAL);
    require((r == -EINVAL) == (problems.error_count > 0));
    mm_problems_fini(&problems);
    free(text);
    return r == 0;
}

static void merge(const struct mm_config_items *files, size_t count, const struct mm_config_device *device,
                  struct result *ret_result)
{
    struct result result = {0};
    int r = mm_config_merge(files, count, device, &result.items, &result.problems);

    require(r == 0 || r == -EINVAL);
    require((r == -EINVAL) == (result.problems.error_count > 0));
    require(result.items.file_count == count);
    r = mm_config_build(&result.items, device, &result.config, &result.problems);
    require(r == 0 || r == -EINVAL);
    require((r == -EINVAL) == (result.problems.error_count > 0));
    for (size_t i = 0; i < result.problems.count; i++) {
        char line[MM_PROBLEM_TEXT_MAX];

        require_printable(mm_problem_text(&result.problems.items[i], line, sizeof(line)));
    }
    *ret_result = result;
}

static void release(struct result *result)
{
    mm_config_items_fini(&result->items);
    mm_problems_fini(&result->problems);
    mm_config_free(result->config);
}

static void look_at(const struct mm_difference *difference, void *user)
{
    char text[256];

    (void)user;
    require_printable(difference->path);
    require_printable(mm_difference_text(difference, text, sizeof(text)));
}

/* The merged items arrive in the daemon as they are. */
static void send(const struct result *result, const struct mm_config_device *device)
{
    struct mm_config_items items = {0};
    struct mm_problems problems = {0};
    struct mm_config *config = NULL;
    unsigned char *bytes = NULL;
    size_t length = 0;

    require(mm_stream_encode(&result->items, &problems, &bytes, &length) == 0);
    require(mm_stream_decode(bytes, length, &items, &problems) == 0);
    require(mm_config_build(&items, device, &config, &problems) == 0);
    require(mm_config_compare(result->config, config, NULL, NULL) == 0);
    free(bytes);
    mm_config_free(config);
    mm_config_items_fini(&items);
    mm_problems_fini(&problems);
}

static void look_up_origins(const struct mm_config *config)
{
    for (unsigned i = 0; i < mm_vocabulary_count(); i++) {
        for (unsigned instance = 0; instance < 3; instance++) {
            struct mm_origin origin;

            if (mm_config_origin(config, i, instance, &origin))
                require(strcmp(origin.file, "f.xml") == 0 && origin.line > 0);
        }
    }
}

/* What is true of every valid configuration. */
static void examine(const struct files *files, const struct result *result,
                    const struct mm_config_device *device)
{
    static struct mm_config *built_in; /* made once, as it takes as long as all the rest */
    struct result again;

    if (!built_in)
        built_in = mm_config_new();
    require(built_in != NULL);
    require(mm_config_compare(result->config, result->config, NULL, NULL) == 0);
    require(mm_config_compare(built_in, result->config, look_at, NULL) ==
            mm_config_compare(result->config, built_in, look_at, NULL));
    look_up_origins(result->config);
    send(result, device);
    /* the same with an empty file below and above */
    merge(files->items, files->count, device, &again);
    require(again.config && mm_config_compare(result->config, again.config, NULL, NULL) == 0);
    release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char nothing[] = "<Memmgr/>";
    struct mm_config_device device = {0};
    struct files files = {.count = 0};
    struct result result;

    if (length < 2)
        return 0;
    device.ram_bytes = (uint64_t)bytes[0] << 24;
    device.screen_inches = bytes[1] & 0x7f;
    device.device = bytes[1] & 0x80 ? "d" : NULL;
    bytes += 2;
    length -= 2;
    require(read_file(&files, (const uint8_t *)nothing, strlen(nothing)));
    while (files.count <= FILES_MAX) {
        const uint8_t *end = length > 0 ? memchr(bytes, SEPARATOR, length) : NULL;
        size_t part = end ? (size_t)(end - bytes) : length;

        (void)read_file(&files, bytes, part);
        if (!end)
            break;
        bytes += part + 1;
        length -= part + 1;
    }
    merge(files.items + 1, files.count - 1, &device, &result);
    require(read_file(&files, (const uint8_t *)nothing, strlen(nothing)));
    if (result.config)
        examine(&files, &result, &device);
    release(&result);
    for (size_t i = 0; i < files.count; i++)
        mm_config_items_fini(&files.items[i]);
    return 0;
}
