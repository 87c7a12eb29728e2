/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ctl/top_model.h"

#include "common/common.h"
#include "service/ctl/memmgrctl.h"
#include "service/shared/clean_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_numbers(int64_t left, int64_t right)
{
    return (left > right) - (left < right);
}

static int by_death(const struct mm_top_row *left, const struct mm_top_row *right)
{
    return (left->place > right->place) - (left->place < right->place);
}

static int by_size(const struct mm_top_row *left, const struct mm_top_row *right)
{
    return compare_numbers(right->resident_bytes, left->resident_bytes);
}

static int by_name(const struct mm_top_row *left, const struct mm_top_row *right)
{
    return strcmp(left->name, right->name);
}

static int by_pid(const struct mm_top_row *left, const struct mm_top_row *right)
{
    return compare_numbers(left->pid, right->pid);
}

static int by_cpu(const struct mm_top_row *left, const struct mm_top_row *right)
{
    return compare_numbers(right->measures[MM_TOP_CPU], left->measures[MM_TOP_CPU]);
}

static int by_gpu(const struct mm_top_row *left, const struct mm_top_row *right)
{
    return compare_numbers(right->measures[MM_TOP_GPU], left->measures[MM_TOP_GPU]);
}

static int by_gpu_memory(const struct mm_top_row *left, const struct mm_top_row *right)
{
    return compare_numbers(right->measures[MM_TOP_GPU_MEMORY], left->measures[MM_TOP_GPU_MEMORY]);
}

static const struct {
    const char *word, *name;
    int (*compare)(const struct mm_top_row *left, const struct mm_top_row *right);
} orders[MM_TOP_ORDER_COUNT] = {
    [MM_TOP_BY_DEATH] = {"death", "order of death", by_death},
    [MM_TOP_BY_SIZE] = {"size", "size", by_size},
    [MM_TOP_BY_NAME] = {"name", "name", by_name},
    [MM_TOP_BY_PID] = {"pid", "pid", by_pid},
    [MM_TOP_BY_CPU] = {"cpu", "cpu", by_cpu},
    [MM_TOP_BY_GPU] = {"gpu", "gpu", by_gpu},
    [MM_TOP_BY_GPU_MEMORY] = {"gpu-memory", "gpu memory", by_gpu_memory},
};

/* The first member that a process has tells. */
static const struct {
    const char *title, *members[2];
    bool is_size;
} measures[MM_TOP_MEASURE_COUNT] = {
    [MM_TOP_CPU] = {"CPU %", {"cpu_permille"}, false},
    [MM_TOP_GPU] = {"GPU %", {"gpu_permille", "gpu_user_permille"}, false},
    [MM_TOP_GPU_MEMORY] = {"GPU SIZE", {"gpu_memory_bytes"}, true},
};

const char *mm_top_measure_title(enum mm_top_measure measure)
{
    return measures[measure].title;
}

const char *mm_top_measure_text(enum mm_top_measure measure, int64_t value, char *text)
{
    if (measures[measure].is_size)
        return mm_size_text((uint64_t)MM_MAX(value, 0), text, MM_TOP_MEASURE_MAX);
    (void)mm_format(text, MM_TOP_MEASURE_MAX, "%lld.%lld", (long long)value / 10, (long long)value % 10);
    return text;
}

const char *mm_top_order_name(enum mm_top_order order)
{
    return orders[order].name;
}

int mm_top_order_parse(const char *word, enum mm_top_order *ret_order)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(orders); i++) {
        if (strcmp(orders[i].word, word) == 0) {
            *ret_order = (enum mm_top_order)i;
            return 0;
        }
    }
    return -EINVAL;
}

/* Equals stay in the order of death, whichever way the rest is turned. */
static int compare(const void *a, const void *b, void *user)
{
    const struct mm_top_model *model = user;
    const struct mm_top_row *left = a, *right = b;
    int result = orders[model->order].compare(left, right);

    if (result == 0)
        return by_death(left, right);
    return model->is_reversed ? -result : result;
}

void mm_top_model_sort(struct mm_top_model *model)
{
    if (model->count > 0)
        qsort_r(model->rows, model->count, sizeof(*model->rows), compare, model);
}

static bool is_wanted(const struct mm_top_model *model, const struct mm_top_row *row)
{
    int64_t pid;

    if (!model->filter[0] || strcasestr(row->name, model->filter))
        return true;
    return mm_parse_i64(model->filter, 1, INT32_MAX, &pid) == 0 && pid == row->pid;
}

static void take_measures(struct mm_top_model *model, struct mm_top_row *row, const cJSON *process)
{
    for (size_t i = 0; i < MM_ARRAY_SIZE(measures); i++) {
        row->measures[i] = 0;
        for (size_t j = 0; j < MM_ARRAY_SIZE(measures[i].members) && measures[i].members[j]; j++) {
            if (!mm_json_get(process, measures[i].members[j]))
                continue;
            row->measures[i] = (int64_t)mm_json_get_number(process, measures[i].members[j]);
            model->has_measure[i] = true;
            break;
        }
    }
}

static void fill_row(struct mm_top_row *row, const cJSON *process, size_t place)
{
    row->pid = (int64_t)mm_json_get_number(process, "pid");
    row->uid = (int64_t)mm_json_get_number(process, "uid");
    row->bundle_priority = (int64_t)mm_json_get_number(process, "bundle_priority");
    row->priority = (int64_t)mm_json_get_number(process, "priority");
    row->oom_score_adj = (int64_t)mm_json_get_number(process, "oom_score_adj");
    row->resident_bytes = (int64_t)mm_json_get_number(process, "resident_bytes");
    row->is_registered = mm_json_get_bool(process, "registered");
    row->place = place;
    (void)mm_clean_text(mm_json_get_text(process, "name"), row->name, sizeof(row->name));
    (void)mm_clean_text(mm_json_get_text(process, "why"), row->why, sizeof(row->why));
}

static int make_room(struct mm_top_model *model, size_t count)
{
    struct mm_top_row *rows;

    if (count <= model->capacity)
        return 0;
    rows = reallocarray(model->rows, count, sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    model->rows = rows;
    model->capacity = count;
    return 0;
}

int mm_top_model_take(struct mm_top_model *model, const cJSON *list)
{
    const cJSON *processes = mm_json_get(list, "processes"), *process;
    size_t place = 0;

    model->count = 0;
    memset(model->has_measure, 0, sizeof(model->has_measure));
    model->total = (size_t)cJSON_GetArraySize(processes);
    if (make_room(model, model->total) < 0)
        return -ENOMEM;
    cJSON_ArrayForEach (process, processes) {
        struct mm_top_row *row = &model->rows[model->count];

        fill_row(row, process, place++);
        take_measures(model, row, process);
        model->count += is_wanted(model, row);
    }
    mm_top_model_sort(model);
    return 0;
}

void mm_top_model_fini(struct mm_top_model *model)
{
    free(model->rows);
    *model = (struct mm_top_model){.rows = NULL};
}
