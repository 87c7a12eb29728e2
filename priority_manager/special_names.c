/* SPDX-License-Identifier: Apache-2.0 */
#include "priority_manager/special_names.h"

#include "common/common.h"
#include "kernel_interface/kernel_interface.h"
#include "priority_manager/hash_table.h"
#include "priority_manager/priority_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static void hash_names(struct mm_special_name *items, char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i].hash = mm_hash_text(names[i]);
    qsort(items, count, sizeof(*items), compare);
}

static void hash_comms(struct mm_special_name *items, char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char comm[MM_COMM_MAX];

        mm_copy_text(comm, sizeof(comm), names[i]);
        items[i].hash = mm_hash_text(comm);
    }
    qsort(items, count, sizeof(*items), compare);
}

int mm_special_names_init(struct mm_special_names *names, const struct mm_reclaim_priority_config *config)
{
    struct mm_special_names made = {
        .residents = calloc(config->killable_system_app_count + 1, sizeof(*made.residents)),
        .important = calloc(config->important_app_count + 1, sizeof(*made.important)),
        .system = calloc(config->system_app_count + 1, sizeof(*made.system)),
        .system_comms = calloc(config->system_app_count + 1, sizeof(*made.system_comms)),
        .resident_count = config->killable_system_app_count,
        .important_count = config->important_app_count,
        .system_count = config->system_app_count,
    };

    if (!made.residents || !made.important || !made.system || !made.system_comms) {
        mm_special_names_fini(&made);
        return -ENOMEM;
    }
    hash_names(made.residents, config->killable_system_apps, made.resident_count);
    hash_names(made.system, config->system_apps, made.system_count);
    hash_comms(made.system_comms, config->system_apps, made.system_count);
    for (size_t i = 0; i < made.important_count; i++) {
        made.important[i].hash = mm_hash_text(config->important_apps[i].process_name);
        made.important[i].floor =
            MM_MIN(MM_MAX(config->important_apps[i].min_priority, MM_PRIORITY_MIN), MM_PRIORITY_MAX);
    }
    qsort(made.important, made.important_count, sizeof(*made.important), compare);
    *names = made;
    return 0;
}

void mm_special_names_fini(struct mm_special_names *names)
{
    free(names->residents);
    free(names->important);
    free(names->system);
    free(names->system_comms);
    *names = (struct mm_special_names){0};
}

bool mm_special_names_has_system(const struct mm_special_names *names, uint64_t name_hash)
{
    return find(names->system, names->system_count, name_hash) != NULL;
}

bool mm_special_names_has_system_comm(const struct mm_special_names *names, uint64_t comm_hash)
{
    return find(names->system_comms, names->system_count, comm_hash) != NULL;
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
