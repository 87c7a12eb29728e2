/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/special_names.h"

#include "common/common.h"
#include "priority_manager/hash_table.h"
#include "priority_manager/priority_list.h"

#include <errno.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const struct mm_special_name *left = a, *right = b;

    return (left->hash > right->hash) - (left->hash < right->hash);
}

static const struct mm_special_name *find(const struct mm_special_name *items, size_t count, uint64_t hash)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (items[middle].hash == hash)
            return &items[middle];
        if (items[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

int mm_special_names_init(struct mm_special_names *names, const struct mm_reclaim_priority_config *config)
{
    struct mm_special_names made = {
        .residents = calloc(config->killable_system_app_count + 1, sizeof(*made.residents)),
        .important = calloc(config->important_app_count + 1, sizeof(*made.important)),
        .resident_count = config->killable_system_app_count,
        .important_count = config->important_app_count,
    };

    if (!made.residents || !made.important) {
        mm_special_names_fini(&made);
        return -ENOMEM;
    }
    for (size_t i = 0; i < made.resident_count; i++)
        made.residents[i].hash = mm_hash_text(config->killable_system_apps[i]);
    for (size_t i = 0; i < made.important_count; i++) {
        made.important[i].hash = mm_hash_text(config->important_apps[i].process_name);
        made.important[i].floor =
            MM_MIN(MM_MAX(config->important_apps[i].min_priority, MM_PRIORITY_MIN), MM_PRIORITY_MAX);
    }
    qsort(made.residents, made.resident_count, sizeof(*made.residents), compare);
    qsort(made.important, made.important_count, sizeof(*made.important), compare);
    *names = made;
    return 0;
}

void mm_special_names_fini(struct mm_special_names *names)
{
    free(names->residents);
    free(names->important);
    *names = (struct mm_special_names){0};
}

bool mm_special_names_has_resident(const struct mm_special_names *names, uint64_t bundle_name_hash)
{
    return find(names->residents, names->resident_count, bundle_name_hash) != NULL;
}

bool mm_special_names_floor(const struct mm_special_names *names, uint64_t process_name_hash, int *ret_floor)
{
    const struct mm_special_name *found = find(names->important, names->important_count, process_name_hash);

    if (!found)
        return false;
    *ret_floor = found->floor;
    return true;
}
