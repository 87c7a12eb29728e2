/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/load_gpu.h"

#include "bpf/call.h"
#include "bpf/gpu.h"
#include "bpf/gpu_hooks.h"
#include "bpf/load_pass.h"
#include "bpf/load_pins.h"
#include "bpf/load_reason.h"
#include "bpf/load_variants.h"
#include "bpf/tracefs.h"
#include "common/common.h"

#include "gpu.skel.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>

#define WAYS_MAX 32

static const char *const map_names[] = MM_BPF_GPU_MAP_NAMES;

struct loading {
    const char *root; /* of tracefs */
    struct gpu_bpf *skeleton;
    /* By the place in the table: a way is taken, and of its hooks those whose bits are set. */
    unsigned taken_hooks[WAYS_MAX];
    unsigned programs; /* of the ways that are taken */
    bool is_odd;       /* something is there and cannot be used: what was said tells */
    struct mm_bpf_load_result *result;
};

/* ---- what there is ------------------------------------------------------------------------------------------ */

/* The hooks of a way, where this kernel has those that it needs; 0 and why not otherwise. */
static unsigned probe_way(struct loading *loading, const struct mm_gpu_way *way,
                          struct mm_bpf_gpu_place *places)
{
    unsigned hooks = 0;

    for (unsigned i = 0; way->hooks[i].event; i++) {
        const struct mm_gpu_hook *hook = &way->hooks[i];
        const char *missing = NULL;
        int result = mm_gpu_hook_read(hook, loading->root, places, &missing);

        if (result == 0)
            hooks |= 1u << i;
        if (result == 0 || hook->is_optional)
            continue;
        if (missing)
            mm_bpf_say("tracepoint %s has no field %s this program can read", hook->event, missing);
        else if (result != -ENOENT)
            mm_bpf_say("tracepoint %s: %s", hook->event, strerror(-result));
        loading->is_odd = loading->is_odd || result != -ENOENT;
        return 0;
    }
    if (!way->knows_processes || mm_bpf_pid_namespace() == 0)
        return hooks;
    mm_bpf_say("tracepoint %s has the numbers of the initial pid namespace", way->hooks[0].event);
    loading->is_odd = true;
    return 0;
}

static void choose(struct loading *loading)
{
    struct mm_bpf_gpu_place places[MM_BPF_GPU_FIELD_COUNT] = {{0}};

    for (size_t i = 0; i < mm_gpu_way_count; i++) {
        const struct mm_gpu_way *way = &mm_gpu_ways[i];
        struct mm_bpf_gpu_place tried[MM_BPF_GPU_FIELD_COUNT];

        if (loading->programs & way->bit)
            continue;
        memcpy(tried, places, sizeof(tried));
        loading->taken_hooks[i] = probe_way(loading, way, tried);
        if (loading->taken_hooks[i] == 0)
            continue;
        loading->programs |= way->bit;
        memcpy(places, tried, sizeof(places));
        if (way->bit == MM_BPF_GPU_LEVEL)
            loading->skeleton->rodata->mm_frequency_scale = way->scale;
        if (way->bit == MM_BPF_GPU_JOBS)
            loading->skeleton->rodata->mm_time_scale = way->scale;
    }
    memcpy((void *)loading->skeleton->rodata->mm_gpu_places, places, sizeof(places));
}

typedef int (*hook_visit)(struct loading *loading, const struct mm_gpu_way *way,
                          const struct mm_gpu_hook *hook, struct bpf_program *program);

/* The first error ends it. */
static int for_each_taken(struct loading *loading, hook_visit visit)
{
    int error = 0;

    for (size_t i = 0; i < mm_gpu_way_count; i++) {
        for (unsigned j = 0; error == 0 && j < MM_ARRAY_SIZE(mm_gpu_ways[i].hooks); j++) {
            const struct mm_gpu_hook *hook = &mm_gpu_ways[i].hooks[j];

            if (loading->taken_hooks[i] & (1u << j))
                error = visit(loading, &mm_gpu_ways[i], hook,
                              bpf_object__find_program_by_name(loading->skeleton->obj, hook->function));
        }
    }
    return error;
}

/* ---- loading ------------------------------------------------------------------------------------------------ */

static bool is_attachable(const struct loading *loading, const struct mm_gpu_hook *hook)
{
    uint32_t id;

    return mm_tracefs_read_id(loading->root, hook->event, &id) != -ENOENT;
}

static int want(struct loading *loading, const struct mm_gpu_way *way, const struct mm_gpu_hook *hook,
                struct bpf_program *program)
{
    int error = bpf_program__set_autoload(program, true);

    (void)way;
    if (error == 0 && !is_attachable(loading, hook))
        error = bpf_program__set_type(program, BPF_PROG_TYPE_RAW_TRACEPOINT);
    return error;
}

static int load(struct loading *loading, struct mm_bpf_pins *pins)
{
    struct bpf_program *program;
    int error = 0;

    bpf_object__for_each_program(program, loading->skeleton->obj)
    {
        if (error == 0)
            error = bpf_program__set_autoload(program, false);
    }
    if (error == 0)
        error = for_each_taken(loading, want);
    return error < 0 ? error : mm_bpf_pins_load(pins, loading->skeleton->obj);
}

/* Of maps that were taken over: what happened since nobody knows, so that no time may be counted for it. */
static int forget_levels(const struct bpf_map *map)
{
    uint32_t keys[MM_BPF_GPU_DEVICES_MAX], count = 0;
    struct mm_bpf_gpu_device devices[MM_BPF_GPU_DEVICES_MAX];
    int error = mm_bpf_map_read(bpf_map__fd(map), keys, devices, MM_BPF_GPU_DEVICES_MAX, &count);

    for (uint32_t i = 0; error == 0 && i < count; i++) {
        devices[i].since_ns = 0;
        error =
            bpf_map__update_elem(map, &keys[i], sizeof(keys[i]), &devices[i], sizeof(devices[i]), BPF_ANY);
    }
    return error;
}

/* ---- attaching ---------------------------------------------------------------------------------------------- */

static struct bpf_link *attach_event(struct bpf_program *program, uint32_t id)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attributes), .config = id};
    int fd =
        (int)syscall(SYS_perf_event_open, &attributes, -1 /* any process */, 0, -1, PERF_FLAG_FD_CLOEXEC);
    struct bpf_link *link;

    if (fd < 0) {
        mm_bpf_say("perf_event_open: %s", strerror(errno));
        return NULL;
    }
    link = bpf_program__attach_perf_event(program, fd);
    if (!link)
        (void)close(fd);
    return link;
}

/* A program that goes to nothing goes to the daemon itself, or it would be gone. */
static int attach(struct loading *loading, const struct mm_gpu_way *way, const struct mm_gpu_hook *hook,
                  struct bpf_program *program)
{
    struct bpf_link *link;
    uint32_t id;
    int error = mm_tracefs_read_id(loading->root, hook->event, &id);

    if (error == -ENOENT)
        return mm_bpf_pass_fd(bpf_program__fd(program), loading->result);
    if (error < 0)
        return error;
    link = attach_event(program, id);
    if (link) {
        mm_bpf_pass_link(link, loading->result);
        return 0;
    }
    error = -errno;
    if (error == -EPERM)
        return error;
    loading->programs &= ~way->bit;
    return 0;
}

/* ---- saying so ---------------------------------------------------------------------------------------------- */

/* Room in the message for one more text. */
__attribute__((format(printf, 2, 3))) static void add(struct mm_bpf_loader_message *message,
                                                      const char *format, ...)
{
    size_t length = strlen(message->reason);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message->reason + length, sizeof(message->reason) - length, format, arguments);
    va_end(arguments);
}

static void describe_absence(struct mm_bpf_loader_message *message)
{
    const char *separator = "none of these tracepoints is here: ";

    for (size_t i = 0; i < mm_gpu_way_count; i++) {
        add(message, "%s%s", separator, mm_gpu_ways[i].hooks[0].event);
        separator = ", ";
    }
}

/* "power level by kgsl/kgsl_pwrlevel, memory by gpu_mem/gpu_mem_total; without share busy, work for users". */
static void describe_presence(const struct loading *loading)
{
    struct mm_bpf_loader_message *message = &loading->result->message;
    const char *separator = "";
    unsigned missing = 0;

    for (size_t i = 0; i < mm_gpu_way_count; i++) {
        const struct mm_gpu_way *way = &mm_gpu_ways[i];

        if (!(loading->programs & way->bit))
            missing |= way->bit;
        if (!(loading->programs & way->bit) || loading->taken_hooks[i] == 0)
            continue;
        add(message, "%s%s by %s", separator, mm_gpu_program_name(way->bit), way->hooks[0].event);
        separator = ", ";
    }
    separator = "; without ";
    for (unsigned bit = 1; bit <= missing; bit <<= 1) {
        if (!(missing & bit))
            continue;
        add(message, "%s%s", separator, mm_gpu_program_name(bit));
        separator = ", ";
    }
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

/* After the object was opened. */
static int set_up(struct loading *loading, struct mm_bpf_pins *pins)
{
    const struct bpf_object *object = loading->skeleton->obj;
    struct mm_bpf_loader_message *message = &loading->result->message;
    int error;

    choose(loading);
    if (loading->programs == 0)
        return loading->is_odd ? -EOPNOTSUPP : -ENODEV;
    error = load(loading, pins);
    if (error == 0 && pins->are_taken_over)
        error = forget_levels(loading->skeleton->maps.mm_gpu_devices);
    if (error == 0)
        error = mm_bpf_pass_maps(object, map_names, MM_ARRAY_SIZE(map_names), loading->result);
    if (error == 0)
        error = for_each_taken(loading, attach);
    if (error == 0 && loading->programs == 0)
        error = -EOPNOTSUPP;
    if (error < 0)
        return error;
    message->programs = loading->programs;
    describe_presence(loading);
    return mm_bpf_pins_pass(pins, loading->result);
}

static int try_load(const struct mm_bpf_load_request *request, struct mm_bpf_load_result *result)
{
    struct mm_bpf_pins pins = {.directory = request->pin_directory,
                               .maps = map_names,
                               .map_count = MM_ARRAY_SIZE(map_names),
                               .fd = -1};
    struct loading loading = {.root = request->tracefs, .result = result};
    int error = request->tracefs ? 0 : mm_tracefs_prepare(&loading.root);

    if (error < 0) {
        mm_bpf_say("tracefs is not mounted and cannot be: %s", strerror(-error));
        /* not -EPERM, which stands for bpf(2) */
        return -EACCES;
    }
    errno = ENOEXEC;
    loading.skeleton = gpu_bpf__open();
    if (!loading.skeleton)
        return -errno;
    error = set_up(&loading, &pins);
    mm_bpf_pins_end(&pins, error);
    gpu_bpf__destroy(loading.skeleton);
    if (error < 0)
        mm_bpf_pass_nothing(result);
    return error;
}

int mm_bpf_load_gpu(const struct mm_bpf_load_request *request, mm_bpf_load_visit visit, void *user)
{
    struct mm_bpf_load_result result = {.message = {.version = MM_BPF_GPU_LOADER_VERSION, .cpu_count = 1}};
    struct mm_bpf_loader_message *message = &result.message;

    mm_bpf_listen();
    mm_bpf_listen_anew();
    message->error = try_load(request, &result);
    if (message->error == -ENODEV)
        describe_absence(message);
    else if (message->error < 0)
        mm_bpf_describe_failure("classic tracepoints", message);
    visit(&result, user);
    return message->error;
}
