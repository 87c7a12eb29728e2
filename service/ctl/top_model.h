/* SPDX-License-Identifier: Apache-2.0 */
/* What "memmgrctl top" shows, apart from how: rows made from the daemon's answers, their order and their choice. */
#ifndef MM_SERVICE_TOP_MODEL_H
#define MM_SERVICE_TOP_MODEL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_TOP_NAME_MAX   128
#define MM_TOP_WHY_MAX    256
#define MM_TOP_FILTER_MAX 64

/* What is shown of a process where a flow collects it. */
enum mm_top_measure {
    MM_TOP_CPU, /* permille of one processor */
    MM_TOP_GPU, /* permille of the time; where drivers tell of users alone, that of the process's user */
    MM_TOP_GPU_MEMORY, /* bytes */
    MM_TOP_MEASURE_COUNT
};

/* Texts are harmless for a terminal (clean_text.h). */
struct mm_top_row {
    int64_t pid, uid, bundle_priority, priority, oom_score_adj, resident_bytes;
    int64_t measures[MM_TOP_MEASURE_COUNT]; /* 0 where nobody collects it, too */
    size_t place;                           /* in the daemon's answer: the order of death */
    bool is_registered;
    char name[MM_TOP_NAME_MAX];
    char why[MM_TOP_WHY_MAX];
};

enum mm_top_order {
    MM_TOP_BY_DEATH, /* who would die first */
    MM_TOP_BY_SIZE,  /* the largest first */
    MM_TOP_BY_NAME,
    MM_TOP_BY_PID,
    MM_TOP_BY_CPU, /* who ran most of late first */
    MM_TOP_BY_GPU,
    MM_TOP_BY_GPU_MEMORY,
    MM_TOP_ORDER_COUNT
};

/* "order of death", "size", "name", "pid", "cpu", "gpu", "gpu memory". */
const char *mm_top_order_name(enum mm_top_order order);
/* The word of --sort: "death", "size", "name", "pid", "cpu", "gpu", "gpu-memory". -EINVAL. */
int mm_top_order_parse(const char *word, enum mm_top_order *ret_order);

struct mm_top_model {
    struct mm_top_row *rows;
    size_t count, capacity;                 /* of rows: those that the filter lets through, in order */
    size_t total;                           /* on the daemon's list */
    bool has_measure[MM_TOP_MEASURE_COUNT]; /* it is collected */
    enum mm_top_order order;
    bool is_reversed;
    char filter[MM_TOP_FILTER_MAX]; /* part of a name, or a whole pid; "": all */
};

/* The column's head: "CPU %". */
const char *mm_top_measure_title(enum mm_top_measure measure);
/* "12.5", "3.4 MiB"; returns text, which has room for MM_TOP_MEASURE_MAX bytes. */
#define MM_TOP_MEASURE_MAX 32
const char *mm_top_measure_text(enum mm_top_measure measure, int64_t value, char *text);

/* Replaces the rows by the processes of a "list" answer: filtered, ordered. -ENOMEM leaves no rows. */
int mm_top_model_take(struct mm_top_model *model, const cJSON *list);
/* Orders anew after order or is_reversed changed. */
void mm_top_model_sort(struct mm_top_model *model);
void mm_top_model_fini(struct mm_top_model *model);

#ifdef __cplusplus
}
#endif

#endif
