/* SPDX-License-Identifier: Apache-2.0 */
/* Items and problems as bytes; see items.h. The reading side trusts nothing. */
#include "common/common.h"
#include "config/items.h"
#include "config/vocabulary.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_TEXT UINT32_MAX
/* Paths are shorter, and a value longer than the reader lets through is no value. */
#define TEXT_MAX 65536u
/* One file each for system, vendor and product and a directory of drop-ins for each. */
#define FILES_MAX 65536u

static uint32_t hash_bytes(const unsigned char *bytes, size_t length)
{
    uint32_t hash = 2166136261U; /* FNV-1a: finds damage; nobody forges what their own child writes */

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ bytes[i]) * 16777619U;
    return hash;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

struct writer {
    unsigned char *bytes;
    size_t length, capacity;
    int error; /* the first one; nothing is written after it */
};

static void put_bytes(struct writer *writer, const void *bytes, size_t length)
{
    if (writer->error < 0 || length == 0)
        return;
    if (length > MM_STREAM_MAX_BYTES - writer->length) {
        writer->error = -EFBIG;
        return;
    }
    if (writer->length + length > writer->capacity) {
        size_t capacity = MM_MAX(writer->capacity * 2, writer->length + length);
        unsigned char *larger = realloc(writer->bytes, capacity);

        if (!larger) {
            writer->error = -ENOMEM;
            return;
        }
        writer->bytes = larger;
        writer->capacity = capacity;
    }
    memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
}

static void put_number(struct writer *writer, size_t number)
{
    uint32_t value = (uint32_t)MM_MIN(number, UINT32_MAX);

    put_bytes(writer, &value, sizeof(value));
}

static void put_text(struct writer *writer, const char *text)
{
    size_t length = text ? strlen(text) : NO_TEXT;

    if (text)
        length = MM_MIN(length, TEXT_MAX);
    put_number(writer, length);
    if (text)
        put_bytes(writer, text, length);
}

static void put_body(struct writer *writer, const struct mm_config_items *items,
                     const struct mm_problems *problems)
{
    put_number(writer, items->file_count);
    for (size_t i = 0; i < items->file_count; i++)
        put_text(writer, items->files[i]);
    put_number(writer, items->profile_count);
    for (size_t i = 0; i < items->profile_count; i++) {
        const struct mm_config_profile *profile = &items->profiles[i];

        put_number(writer, profile->file);
        put_number(writer, profile->line);
        put_number(writer, profile->column);
        put_text(writer, profile->name);
        put_text(writer, profile->device);
    }
    put_number(writer, problems->count);
    for (size_t i = 0; i < problems->count; i++) {
        const struct mm_problem *problem = &problems->items[i];

        put_number(writer, problem->severity);
        put_number(writer, problem->line);
        put_number(writer, problem->column);
        put_text(writer, problem->file);
        put_text(writer, problem->text);
    }
    put_number(writer, items->is_cut);
    put_number(writer, items->count);
    for (size_t i = 0; i < items->count; i++) {
        const struct mm_config_item *item = &items->items[i];

        put_number(writer, item->element);
        put_number(writer, item->instance);
        put_number(writer, item->kind);
        put_number(writer, item->is_refused);
        put_number(writer, item->file);
        put_number(writer, item->line);
        put_number(writer, item->column);
        put_number(writer, item->profile);
        put_text(writer, item->text);
    }
}

int mm_stream_encode(const struct mm_config_items *items, const struct mm_problems *problems,
                     unsigned char **ret_bytes, size_t *ret_length)
{
    static const unsigned char header[MM_STREAM_HEADER] = MM_STREAM_MAGIC;
    struct writer writer = {0};
    uint32_t numbers[4];

    put_bytes(&writer, header, sizeof(header));
    put_body(&writer, items, problems);
    if (writer.error < 0) {
        free(writer.bytes);
        return writer.error;
    }
    numbers[0] = MM_STREAM_VERSION;
    numbers[1] = mm_vocabulary_hash();
    numbers[2] = (uint32_t)(writer.length - MM_STREAM_HEADER);
    numbers[3] = hash_bytes(writer.bytes + MM_STREAM_HEADER, numbers[2]);
    memcpy(writer.bytes + strlen(MM_STREAM_MAGIC), numbers, sizeof(numbers));
    *ret_bytes = writer.bytes;
    *ret_length = writer.length;
    return 0;
}

int mm_config_items_write(int fd, const struct mm_config_items *items, const struct mm_problems *problems)
{
    MM_CLEANUP_FREE unsigned char *bytes = NULL;
    size_t length, written = 0;
    int r = mm_stream_encode(items, problems, &bytes, &length);

    if (r < 0)
        return r;
    while (written < length) {
        ssize_t n = write(fd, bytes + written, length - written);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            written += (size_t)n;
    }
    return 0;
}

/* ---- reading ----------------------------------------------------------------------------------------- */

struct scanner {
    const unsigned char *position, *end;
};

static int take_number(struct scanner *scanner, unsigned *ret_number)
{
    uint32_t value;

    if ((size_t)(scanner->end - scanner->position) < sizeof(value))
        return -EBADMSG;
    memcpy(&value, scanner->position, sizeof(value));
    scanner->position += sizeof(value);
    *ret_number = value;
    return 0;
}

/* A number of things of at least min_bytes each, so that a count alone cannot make anybody allocate. */
static int take_count(struct scanner *scanner, size_t most, size_t min_bytes, unsigned *ret_count)
{
    unsigned count;
    int r = take_number(scanner, &count);

    if (r < 0)
        return r;
    if (count > most || count > (size_t)(scanner->end - scanner->position) / min_bytes)
        return -EBADMSG;
    *ret_count = count;
    return 0;
}

static int take_text(struct scanner *scanner, char **ret_text)
{
    unsigned length = 0;
    char *text;
    int r = take_number(scanner, &length);

    if (r < 0)
        return r;
    if (length == NO_TEXT) {
        *ret_text = NULL;
        return 0;
    }
    if (length > TEXT_MAX || length > (size_t)(scanner->end - scanner->position))
        return -EBADMSG;
    if (memchr(scanner->position, '\0', length))
        return -EBADMSG;
    text = strndup((const char *)scanner->position, length);
    if (!text)
        return -ENOMEM;
    scanner->position += length;
    *ret_text = text;
    return 0;
}

static int take_files(struct scanner *scanner, struct mm_config_items *items)
{
    unsigned count = 0;
    int r = take_count(scanner, FILES_MAX, sizeof(uint32_t), &count);

    for (unsigned i = 0; r >= 0 && i < count; i++) {
        char *file = NULL;

        r = take_text(scanner, &file);
        if (r >= 0)
            r = file ? mm_config_items_add_file(items, file) : -EBADMSG;
        free(file);
    }
    return MM_MIN(r, 0);
}

static int take_profile(struct scanner *scanner, struct mm_config_items *items)
{
    struct mm_config_profile profile = {.max_ram_mb = UINT64_MAX, .max_screen_inches = UINT_MAX};
    int r = take_number(scanner, &profile.file);

    if (r >= 0)
        r = take_number(scanner, &profile.line);
    if (r >= 0)
        r = take_number(scanner, &profile.column);
    if (r >= 0)
        r = take_text(scanner, &profile.name);
    if (r >= 0)
        r = take_text(scanner, &profile.device);
    if (r >= 0)
        r = profile.file < items->file_count ? mm_config_items_add_profile(items, &profile) : -EBADMSG;
    if (r < 0) {
        free(profile.name);
        free(profile.device);
    }
    return r;
}

static int take_profiles(struct scanner *scanner, struct mm_config_items *items)
{
    unsigned count = 0;
    int r = take_count(scanner, FILES_MAX, 5 * sizeof(uint32_t), &count);

    for (unsigned i = 0; r >= 0 && i < count; i++)
        r = take_profile(scanner, items);
    return r;
}

static int take_problem(struct scanner *scanner, struct mm_problems *problems)
{
    char *file = NULL, *text = NULL;
    unsigned severity = 0, line = 0, column = 0;
    int r = take_number(scanner, &severity);

    if (r >= 0)
        r = take_number(scanner, &line);
    if (r >= 0)
        r = take_number(scanner, &column);
    if (r >= 0)
        r = take_text(scanner, &file);
    if (r >= 0)
        r = take_text(scanner, &text);
    if (r >= 0 && severity > MM_PROBLEM_ERROR)
        r = -EBADMSG;
    if (r >= 0)
        mm_problems_add(problems, (enum mm_problem_severity)severity, file, line, column, "%s",
                        text ? text : "");
    free(file);
    free(text);
    return r;
}

static int take_problems(struct scanner *scanner, struct mm_problems *problems)
{
    unsigned count = 0;
    int r = take_count(scanner, MM_CONFIG_PROBLEMS_MAX + 1, 5 * sizeof(uint32_t), &count);

    for (unsigned i = 0; r >= 0 && i < count; i++)
        r = take_problem(scanner, problems);
    return r;
}

/* An item that mm_config_build may rely on: a value has a text, a section has none, a row may have an id. */
static bool is_sound(const struct mm_config_item *item, const struct mm_config_items *items)
{
    if (item->element >= mm_vocabulary_count() || item->file >= items->file_count ||
        item->profile > items->profile_count)
        return false;
    switch (mm_vocabulary_at(item->element)->type) {
    case MM_TYPE_SECTION:
        return item->text == NULL;
    case MM_TYPE_ROW:
        return true;
    default:
        return item->text != NULL;
    }
}

static int take_item(struct scanner *scanner, struct mm_config_items *items)
{
    struct mm_config_item item = {0};
    unsigned kind = 0, is_refused = 0;
    unsigned *const numbers[] = {&item.element, &item.instance, &kind,        &is_refused,
                                 &item.file,    &item.line,     &item.column, &item.profile};
    int r = 0;

    for (size_t i = 0; r >= 0 && i < MM_ARRAY_SIZE(numbers); i++)
        r = take_number(scanner, numbers[i]);
    item.is_refused = is_refused != 0;
    /* merged items are values only */
    if (r >= 0 && kind != MM_ITEM_VALUE)
        r = -EBADMSG;
    if (r >= 0)
        r = take_text(scanner, &item.text);
    if (r >= 0)
        r = is_sound(&item, items) ? mm_config_items_add(items, &item) : -EBADMSG;
    free(item.text);
    return r;
}

static int take_items(struct scanner *scanner, struct mm_config_items *items)
{
    unsigned count = 0, is_cut = 0;
    int r = take_number(scanner, &is_cut);

    if (r >= 0)
        r = take_count(scanner, MM_CONFIG_ITEMS_MAX, 9 * sizeof(uint32_t), &count);
    items->is_cut = is_cut != 0;
    for (unsigned i = 0; r >= 0 && i < count; i++)
        r = take_item(scanner, items);
    return r;
}

int mm_stream_length(const unsigned char *header, size_t *ret_length)
{
    uint32_t numbers[4];

    if (memcmp(header, MM_STREAM_MAGIC, strlen(MM_STREAM_MAGIC)) != 0)
        return -EBADMSG;
    memcpy(numbers, header + strlen(MM_STREAM_MAGIC), sizeof(numbers));
    if (numbers[0] != MM_STREAM_VERSION || numbers[1] != mm_vocabulary_hash())
        return -EBADMSG;
    if (numbers[2] > MM_STREAM_MAX_BYTES - MM_STREAM_HEADER)
        return -EBADMSG;
    *ret_length = MM_STREAM_HEADER + numbers[2];
    return 0;
}

int mm_stream_decode(const unsigned char *bytes, size_t length, struct mm_config_items *ret_items,
                     struct mm_problems *problems)
{
    struct scanner scanner;
    struct mm_config_items items = {0};
    size_t expected_length = 0;
    uint32_t hash;
    int r;

    if (length < MM_STREAM_HEADER)
        return -EBADMSG;
    scanner = (struct scanner){bytes + MM_STREAM_HEADER, bytes + length};
    r = mm_stream_length(bytes, &expected_length);
    if (r < 0)
        return r;
    memcpy(&hash, bytes + MM_STREAM_HEADER - sizeof(hash), sizeof(hash));
    if (expected_length != length || hash != hash_bytes(scanner.position, length - MM_STREAM_HEADER))
        return -EBADMSG;
    r = take_files(&scanner, &items);
    if (r >= 0)
        r = take_profiles(&scanner, &items);
    if (r >= 0)
        r = take_problems(&scanner, problems);
    if (r >= 0)
        r = take_items(&scanner, &items);
    if (r >= 0 && scanner.position != scanner.end)
        r = -EBADMSG;
    if (r < 0) {
        mm_config_items_fini(&items);
        return r;
    }
    *ret_items = items;
    return 0;
}

static int read_exactly(int fd, unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = read(fd, bytes, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EBADMSG;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

int mm_config_items_read(int fd, struct mm_config_items *ret_items, struct mm_problems *ret_problems)
{
    unsigned char header[MM_STREAM_HEADER];
    unsigned char *bytes;
    struct mm_problems problems = {0};
    size_t length = 0;
    int r = read_exactly(fd, header, sizeof(header));

    if (r >= 0)
        r = mm_stream_length(header, &length);
    if (r < 0)
        return r;
    bytes = malloc(length);
    if (!bytes)
        return -ENOMEM;
    memcpy(bytes, header, sizeof(header));
    r = read_exactly(fd, bytes + sizeof(header), length - sizeof(header));
    if (r >= 0)
        r = mm_stream_decode(bytes, length, ret_items, &problems);
    free(bytes);
    if (r < 0) {
        mm_problems_fini(&problems);
        return r;
    }
    *ret_problems = problems;
    return 0;
}
