/* SPDX-License-Identifier: Apache-2.0 */
#include "config/origins.h"

#include "common/common.h"
#include "config/vocabulary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* No text. */
#define NO_TEXT UINT32_MAX

/* Texts are offsets into the one buffer that holds all of them. */
struct place {
    unsigned instance;
    unsigned line;
    uint32_t id;
    uint16_t element; /* resolved */
    uint16_t file;
    uint16_t column; /* a larger one is the largest */
    bool is_in_profile;
};

struct file {
    uint32_t name;
    uint32_t profile; /* the name of the one that matched, "" without; NO_TEXT: none did */
};

struct mm_config_origins {
    struct place *places; /* by element, then instance */
    size_t place_count;
    struct file *files;
    size_t file_count;
    char *texts;
    size_t text_length;
};

_Static_assert(MM_VOCABULARY_MAX <= UINT16_MAX && MM_CONFIG_FILES_MAX <= UINT16_MAX, "they fit struct place");

void mm_config_origins_free(struct mm_config_origins *origins)
{
    if (!origins)
        return;
    free(origins->places);
    free(origins->files);
    free(origins->texts);
    free(origins);
}

static size_t length_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static bool is_row(const struct mm_config_item *item)
{
    return mm_vocabulary_at(item->element)->type == MM_TYPE_ROW;
}

static size_t measure_texts(const struct mm_config_items *items)
{
    size_t length = 0;

    for (size_t i = 0; i < items->file_count; i++)
        length += length_of(items->files[i]);
    for (size_t i = 0; i < items->profile_count; i++)
        length += length_of(items->profiles[i].name ? items->profiles[i].name : "");
    for (size_t i = 0; i < items->count; i++)
        length += is_row(&items->items[i]) ? length_of(items->items[i].text) : 0;
    return length;
}

static uint32_t put_text(struct mm_config_origins *origins, const char *text)
{
    uint32_t offset = (uint32_t)origins->text_length;

    if (!text)
        return NO_TEXT;
    memcpy(origins->texts + origins->text_length, text, strlen(text) + 1);
    origins->text_length += strlen(text) + 1;
    return offset;
}

static void put_files(struct mm_config_origins *origins, const struct mm_config_items *items)
{
    origins->file_count = items->file_count;
    for (size_t i = 0; i < items->file_count; i++)
        origins->files[i] = (struct file){.name = put_text(origins, items->files[i]), .profile = NO_TEXT};
    for (size_t i = 0; i < items->profile_count; i++) {
        const struct mm_config_profile *profile = &items->profiles[i];

        if (profile->file < items->file_count)
            origins->files[profile->file].profile = put_text(origins, profile->name ? profile->name : "");
    }
}

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;

    if (left->element != right->element)
        return left->element < right->element ? -1 : 1;
    if (left->instance != right->instance)
        return left->instance < right->instance ? -1 : 1;
    return 0;
}

static void put_places(struct mm_config_origins *origins, const struct mm_config_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        const struct mm_config_item *item = &items->items[i];

        if (item->is_refused || item->file >= items->file_count || item->file > UINT16_MAX)
            continue;
        origins->places[origins->place_count++] = (struct place){
            .element = (uint16_t)mm_vocabulary_resolve(item->element),
            .instance = item->instance,
            .file = (uint16_t)item->file,
            .line = item->line,
            .column = (uint16_t)MM_MIN(item->column, UINT16_MAX),
            .id = is_row(item) ? put_text(origins, item->text) : NO_TEXT,
            .is_in_profile = item->profile > 0,
        };
    }
    qsort(origins->places, origins->place_count, sizeof(*origins->places), compare_places);
}

int mm_config_origins_new(const struct mm_config_items *items, struct mm_config_origins **ret_origins)
{
    struct mm_config_origins *origins;
    size_t length = measure_texts(items);

    if (items->file_count == 0) {
        *ret_origins = NULL;
        return 0;
    }
    if (length >= NO_TEXT)
        return -EFBIG;
    origins = calloc(1, sizeof(*origins));
    if (!origins)
        return -ENOMEM;
    origins->places = calloc(items->count + 1, sizeof(*origins->places));
    origins->files = calloc(items->file_count, sizeof(*origins->files));
    origins->texts = malloc(length + 1);
    if (!origins->places || !origins->files || !origins->texts) {
        mm_config_origins_free(origins);
        return -ENOMEM;
    }
    put_files(origins, items);
    put_places(origins, items);
    *ret_origins = origins;
    return 0;
}

static const char *text_at(const struct mm_config_origins *origins, uint32_t offset)
{
    return offset == NO_TEXT ? NULL : origins->texts + offset;
}

bool mm_config_origin(const struct mm_config *config, unsigned element, unsigned instance,
                      struct mm_origin *ret_origin)
{
    const struct mm_config_origins *origins = config->origins;
    const struct place wanted = {.element = (uint16_t)mm_vocabulary_resolve(element), .instance = instance};
    const struct place *place;
    const struct file *file;

    if (!origins)
        return false;
    place = bsearch(&wanted, origins->places, origins->place_count, sizeof(*origins->places), compare_places);
    if (!place)
        return false;
    file = &origins->files[place->file];
    *ret_origin = (struct mm_origin){
        .file = text_at(origins, file->name),
        .line = place->line,
        .column = place->column,
        .profile = place->is_in_profile ? text_at(origins, file->profile) : NULL,
        .id = text_at(origins, place->id),
    };
    return true;
}

size_t mm_config_file_count(const struct mm_config *config)
{
    return config->origins ? config->origins->file_count : 0;
}

const char *mm_config_file_at(const struct mm_config *config, size_t index)
{
    return text_at(config->origins, config->origins->files[index].name);
}

const char *mm_config_file_profile(const struct mm_config *config, size_t index)
{
    return text_at(config->origins, config->origins->files[index].profile);
}
