/* SPDX-License-Identifier: Apache-2.0 */
/* "list": the processes in the order in which they would be killed, each with the reason of its number. */
#include "service/requests/request.h"

#include "common/common.h"
#include "priority_manager/priority_order.h"
#include "service/flows/cpu_figures.h"
#include "service/flows/flows.h"
#include "service/flows/gpu_figures.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

/* A chain names each rule and each adjustment once: a few dozen bytes for each of its links. */
#define WHY_MAX 512

const struct mm_field mm_request_list_fields[] = {
    {"cursor", MM_FIELD_TEXT, false, 1, 96},
    {"limit", MM_FIELD_INTEGER, false, 1, 100000},
    {"registered", MM_FIELD_BOOL, false, 0, 0},
    {"pid", MM_FIELD_INTEGER, false, 1, INT32_MAX},
    {.name = NULL},
};

/*
 * Where a page ended: the process last told, and the rank that its bundle had. The next page begins with the rest of the
 * bundle while the process is in it, else with the whole bundle while that has its rank, and goes on behind the rank. So
 * nobody who stays where they are is left out, and ranks only ascend: who is used meanwhile may be told again.
 */
struct position {
    int64_t priority;
    struct mm_priority_rank rank;
    int64_t pid;
    int64_t start_time_ticks;
};

/* A place in the list, the next victim first: a bundle and the next of its processes. */
struct place {
    struct mm_priority_walk walk;
    struct mm_bundle *bundle;
    struct mm_list *process_link;
};

static void enter_next_bundle(struct place *place)
{
    struct mm_priority_entry *entry = mm_priority_walk_next(&place->walk);

    place->bundle = entry ? MM_BUNDLE_OF(entry) : NULL;
    place->process_link = entry ? place->bundle->processes.next : NULL;
}

/* The process at the place, or NULL at the end; bundles without any are passed over. */
static struct mm_process *process_at(struct place *place)
{
    while (place->bundle && place->process_link == &place->bundle->processes)
        enter_next_bundle(place);
    return place->bundle ? MM_CONTAINER_OF(place->process_link, struct mm_process, bundle_link) : NULL;
}

/* Where the list is now at or behind what the position names. */
static void find_place(const struct mm_service_context *context, const struct position *position,
                       struct place *place)
{
    const struct mm_priority_list *list = mm_priority_manager_list(context->manager);
    int priority = (int)MM_MIN(MM_MAX(position->priority, MM_PRIORITY_MIN - 1), MM_PRIORITY_MAX + 1);
    struct mm_process *process = mm_priority_manager_find(context->manager, (pid_t)position->pid);

    if (process && process->start_time_ticks == (uint64_t)position->start_time_ticks &&
        process->bundle->entry.priority == priority) {
        mm_priority_walk_begin_behind(&place->walk, list, priority, position->rank);
        place->bundle = process->bundle;
        place->process_link = process->bundle_link.next;
    } else {
        mm_priority_walk_begin_at(&place->walk, list, priority, position->rank);
        enter_next_bundle(place);
    }
}

static void write_flags(struct mm_json_writer *writer, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        {MM_PROCESS_IS_FOREGROUND, "foreground"},
        {MM_PROCESS_IS_VISIBLE, "visible"},
        {MM_PROCESS_HAS_TRANSIENT_TASK, "transient-task"},
        {MM_PROCESS_HAS_CONTINUOUS_TASK, "continuous-task"},
        {MM_PROCESS_HAS_EVENT, "event"},
        {MM_PROCESS_HAS_DIST_DEVICE, "device-connected"},
        {MM_PROCESS_IS_EXTENSION, "extension"},
        {MM_PROCESS_HAS_UI, "has-ui"},
        {MM_PROCESS_IS_RENDER, "render"},
        {MM_PROCESS_IS_SUSPENDED, "suspended"},
        {MM_PROCESS_IS_IMPORTANT, "important"},
        {MM_PROCESS_IN_GRACE, "new"},
        {MM_PROCESS_IS_ABILITY_STARTING, "ability-starting"},
        {MM_PROCESS_IS_RESIDENT, "resident"},
        {MM_PROCESS_IS_SYSTEM, "system"},
        {MM_PROCESS_IS_OUT_OF_REACH, "out-of-reach"},
        {MM_PROCESS_IS_FROZEN, "frozen"},
        {MM_PROCESS_IS_CRITICAL, "critical"},
    };

    mm_json_open(writer, "flags", '[');
    for (size_t i = 0; i < MM_ARRAY_SIZE(names); i++) {
        if (flags & names[i].flag)
            mm_json_text(writer, NULL, names[i].name);
    }
    mm_json_close(writer, ']');
}

/* Nothing where nobody collects it, or has not yet. */
static void write_run_time(struct mm_request *request, const struct mm_process *process)
{
    const struct mm_cpu_figures *figures = mm_flows_figures(request->context->flows, MM_CPUFLOW_NAME);
    const struct mm_cpu_process *found;

    if (!figures)
        return;
    found =
        mm_cpu_figures_find(figures, process->pid, process->start_time_ticks, (uint64_t)sysconf(_SC_CLK_TCK));
    mm_json_unsigned(request->writer, "cpu_permille", found ? found->permille : 0);
    mm_json_unsigned(request->writer, "cpu_weighted_permille", found ? found->weighted_permille : 0);
}

/* As of run time. Where drivers tell of users alone, what the process's user did. */
static void write_graphics(struct mm_request *request, const struct mm_process *process)
{
    const struct mm_gpu_figures *figures = mm_flows_figures(request->context->flows, MM_GPUFLOW_NAME);
    const struct mm_gpu_process *found;
    const struct mm_gpu_user *user;

    if (!figures)
        return;
    found = mm_gpu_figures_process(figures, process->pid);
    user = mm_gpu_figures_user(figures, process->uid);
    if (figures->programs & MM_BPF_GPU_JOBS)
        mm_json_unsigned(request->writer, "gpu_permille", found ? found->permille : 0);
    if (figures->programs & MM_BPF_GPU_WORK)
        mm_json_unsigned(request->writer, "gpu_user_permille", user ? user->permille : 0);
    if (figures->programs & MM_BPF_GPU_MEMORY)
        mm_json_unsigned(request->writer, "gpu_memory_bytes", found ? found->memory_bytes : 0);
}

static void write_process(struct mm_request *request, const struct mm_process *process)
{
    const struct mm_service_context *context = request->context;
    const struct mm_bundle *bundle = process->bundle;
    struct mm_json_writer *writer = request->writer;
    uint64_t now_ns = mm_event_center_now_ns(context->center);
    char why[WHY_MAX];

    mm_json_open(writer, NULL, '{');
    mm_json_signed(writer, "pid", process->pid);
    mm_json_unsigned(writer, "uid", process->uid);
    mm_json_text(writer, "name", bundle->name);
    mm_json_text(writer, "comm", process->comm);
    mm_json_signed(writer, "priority", process->priority);
    mm_json_signed(writer, "bundle_priority", bundle->entry.priority);
    mm_json_unsigned(writer, "bundle_processes", bundle->process_count);
    mm_json_signed(writer, "oom_score_adj", process->written_oom_score_adj);
    mm_json_bool(writer, "registered", bundle->is_registered);
    if (bundle->is_registered)
        mm_json_signed(writer, "account", mm_bundle_account_id(bundle));
    mm_json_unsigned(writer, "start_time", process->start_time_ticks);
    mm_json_unsigned(writer, "resident_bytes", process->resident_bytes);
    write_run_time(request, process);
    write_graphics(request, process);
    if (bundle->set_aside_until_ns > now_ns)
        mm_json_unsigned(writer, "set_aside_ms", (bundle->set_aside_until_ns - now_ns) / MM_NS_PER_MS);
    if (mm_priority_manager_process_rule(process))
        mm_json_text(writer, "process_rule", mm_priority_manager_process_rule(process));
    mm_json_text(writer, "rule", mm_priority_rule_name((enum mm_priority_rule)process->rule));
    mm_json_text(writer, "why", mm_priority_manager_explain(context->manager, process, why, sizeof(why)));
    write_flags(writer, process->flags);
    mm_json_close(writer, '}');
}

/* A rank's value above 2^63 is a negative number, which none is else. */
static void write_cursor(struct mm_json_writer *writer, const struct position *position)
{
    char cursor[96];

    (void)mm_format(cursor, sizeof(cursor), "%" PRId64 ":%" PRId64 ":%" PRId64 ":%" PRId64 ":%" PRId64,
                    position->priority, (int64_t)position->rank.value, (int64_t)position->rank.use,
                    position->pid, position->start_time_ticks);
    mm_json_text(writer, "cursor", cursor);
}

static int read_cursor(const char *cursor, struct position *ret_position)
{
    int64_t numbers[5];

    if (mm_cursor_parse(cursor, numbers, 5) < 0 || numbers[3] < 0 || numbers[3] > INT32_MAX)
        return -EINVAL;
    *ret_position = (struct position){.priority = numbers[0],
                                      .rank = {(uint64_t)numbers[1], (uint64_t)numbers[2]},
                                      .pid = numbers[3],
                                      .start_time_ticks = numbers[4]};
    return 0;
}

static struct mm_priority_rank rank_of(const struct place *place)
{
    return mm_priority_rank_of(place->walk.list, mm_priority_list_index_of(place->bundle->entry.slot));
}

/* Fills the page; *last is the process last told. True when more may follow. */
static bool write_page(struct mm_request *request, struct place *place, struct position *last)
{
    bool only_registered = mm_request_bool(request, "registered", false);
    int64_t left = mm_request_integer(request, "limit", INT64_MAX);
    const struct mm_process *process;

    for (; (process = process_at(place)) != NULL; place->process_link = place->process_link->next) {
        struct mm_json_writer mark = *request->writer;

        if (only_registered && !place->bundle->is_registered)
            continue;
        if (left-- == 0)
            return true;
        write_process(request, process);
        if (request->writer->is_full) {
            *request->writer = mark;
            return true;
        }
        *last = (struct position){.priority = place->bundle->entry.priority,
                                  .rank = rank_of(place),
                                  .pid = process->pid,
                                  .start_time_ticks = (int64_t)process->start_time_ticks};
    }
    return false;
}

static int list_one(struct mm_request *request, pid_t pid)
{
    const struct mm_process *process = mm_priority_manager_find(request->context->manager, pid);

    if (!process)
        return mm_request_refuse(request, "no-such-process", "no process on the list has pid %d", (int)pid);
    mm_json_open(request->writer, "processes", '[');
    write_process(request, process);
    mm_json_close(request->writer, ']');
    mm_json_null(request->writer, "cursor");
    return 0;
}

int mm_request_list(struct mm_request *request)
{
    const char *cursor = mm_request_text(request, "cursor", NULL);
    struct mm_json_writer *writer = request->writer;
    struct place place;
    struct position position = {.pid = 0};
    bool has_more;

    if (mm_request_has(request, "pid"))
        return list_one(request, (pid_t)mm_request_integer(request, "pid", 0));
    if (cursor && read_cursor(cursor, &position) < 0)
        return mm_request_refuse(request, "bad-cursor", "the cursor is none that an answer held");
    if (cursor) {
        find_place(request->context, &position, &place);
    } else {
        mm_priority_walk_begin(&place.walk, mm_priority_manager_list(request->context->manager));
        enter_next_bundle(&place);
    }
    mm_json_open(writer, "processes", '[');
    writer->size -= MM_PAGE_TAIL_BYTES;
    has_more = write_page(request, &place, &position);
    writer->size += MM_PAGE_TAIL_BYTES;
    mm_json_close(writer, ']');
    if (has_more)
        write_cursor(writer, &position);
    else
        mm_json_null(writer, "cursor");
    return 0;
}
