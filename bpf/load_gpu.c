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

#define HOOKS_MAX MM_ARRAY_SIZE(((struct mm_gpu_way *)NULL)->hooks)

static const char *const map_names[] = MM_BPF_GPU_MAP_NAMES;

struct loading {
    const char *root; /* of tracefs */
    bool is_made_up;  /* it is none of the kernel's: an event without an id is attached to nothing */
    struct gpu_bpf *skeleton;
    /* By the place in the table: a way is taken, and of its hooks those whose bits are set. */
    unsigned taken_hooks[WAYS_MAX];
    uint32_t ids[WAYS_MAX][HOOKS_MAX]; /* of the tracepoints; 0: it is attached to nothing */
    unsigned programs;                 /* of the ways that are taken */
    bool is_odd;                       /* something is there and cannot be used: what was said tells */
    struct mm_bpf_load_result *result;
};

/* ---- what there is ------------------------------------------------------------------------------------------ */

/* Where the fields of the hook stand, and its number. 0; -ENOENT: there is no such event; another negative errno, and it
   was said why it cannot be used. */
static int probe_hook(const struct loading *loading, const struct mm_gpu_hook *hook,
                      struct mm_bpf_gpu_place *places, uint32_t *ret_id)
{
    const char *missing = NULL;
    int result = mm_gpu_hook_read(hook, loading->root, places, &missing);

    if (result == -ENOENT)
        return result;
    if (missing) {
        mm_bpf_say("tracepoint %s has no field %s this program can read", hook->event, missing);
        return result;
    }
    *ret_id = 0;
    if (result == 0)
        result = mm_tracefs_read_id(loading->root, hook->event, ret_id);
    if (result == -ENOENT && loading->is_made_up)
        return 0;
    /* no tracepoint has the number 0 */
    if (result == -ENOENT || (result == 0 && *ret_id == 0)) {
        mm_bpf_say("tracepoint %s has no id", hook->event);
        return -EINVAL;
    }
    if (result < 0)
        mm_bpf_say("tracepoint %s: %s", hook->event, strerror(-result));
    return result;
}

/* The hooks of a way, where this kernel has those that it needs; 0 and why not otherwise. */
static unsigned probe_way(struct loading *loading, const struct mm_gpu_way *way,
                          struct mm_bpf_gpu_place *places, uint32_t *ids)
{
    unsigned hooks = 0;

    for (unsigned i = 0; i < HOOKS_MAX && way->hooks[i].event; i++) {
        int result = probe_hook(loading, &way->hooks[i], places, &ids[i]);

        if (result == 0)
            hooks |= 1u << i;
        if (result == 0 || way->hooks[i].is_optional)
            continue;
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
        loading->taken_hooks[i] = probe_way(loading, way, tried, loading->ids[i]);
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

static struct bpf_program *program_of(const struct loading *loading, const struct mm_gpu_hook *hook)
{
    return bpf_object__find_program_by_name(loading->skeleton->obj, hook->function);
}

static bool is_taken(const struct loading *loading, size_t way, unsigned hook)
{
    return (loading->taken_hooks[way] & (1u << hook)) != 0;
}

/* ---- loading ------------------------------------------------------------------------------------------------ */

static int want_way(const struct loading *loading, size_t way)
{
    int error = 0;

    for (unsigned i = 0; error == 0 && i < HOOKS_MAX; i++) {
        struct bpf_program *program;

        if (!is_taken(loading, way, i))
            continue;
        program = program_of(loading, &mm_gpu_ways[way].hooks[i]);
        error = bpf_program__set_autoload(program, true);
        if (error == 0 && loading->ids[way][i] == 0)
            error = bpf_program__set_type(program, BPF_PROG_TYPE_RAW_TRACEPOINT);
    }
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
    for (size_t i = 0; error == 0 && i < mm_gpu_way_count; i++)
        error = want_way(loading, i);
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

static int attach_event(struct bpf_program *program, uint32_t id, struct bpf_link **ret_link)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attributes), .config = id};
    int fd =
        (int)syscall(SYS_perf_event_open, &attributes, -1 /* any process */, 0, -1, PERF_FLAG_FD_CLOEXEC);
    int error = fd < 0 ? -errno : 0;

    if (error < 0) {
        mm_bpf_say("perf_event_open: %s", strerror(-error));
        return error;
    }
    *ret_link = bpf_program__attach_perf_event(program, fd);
    if (*ret_link)
        return 0;
    error = -errno;
    (void)close(fd);
    return error;
}

/* A program that goes to nothing goes to the daemon itself, or it would be gone. */
static int attach_hook(struct loading *loading, struct bpf_program *program, uint32_t id)
{
    struct bpf_link *link = NULL;
    int error;

    if (id == 0)
        return mm_bpf_pass_fd(bpf_program__fd(program), loading->result);
    error = attach_event(program, id, &link);
    if (error == 0)
        mm_bpf_pass_link(link, loading->result);
    return error;
}

/* All hooks that the way needs, or none: half a way would fill maps that nobody reads. */
static int attach_way(struct loading *loading, size_t way)
{
    unsigned fd_count = loading->result->message.fd_count;

    for (unsigned i = 0; i < HOOKS_MAX; i++) {
        const struct mm_gpu_hook *hook = &mm_gpu_ways[way].hooks[i];
        int error = is_taken(loading, way, i)
                        ? attach_hook(loading, program_of(loading, hook), loading->ids[way][i])
                        : 0;

        if (error == 0 || (error != -EPERM && hook->is_optional))
            continue;
        mm_bpf_drop_descriptors(loading->result, fd_count);
        return error;
    }
    return 0;
}

/* Without those that cannot be; where it is not permitted, no other way is either. */
static int attach(struct loading *loading)
{
    for (size_t i = 0; i < mm_gpu_way_count; i++) {
        int error = attach_way(loading, i);

        if (error == -EPERM)
            return error;
        if (error < 0)
            loading->programs &= ~mm_gpu_ways[i].bit;
    }
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
        error = attach(loading);
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
    struct loading loading = {
        .root = request->tracefs, .is_made_up = request->tracefs != NULL, .result = result};
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
        mm_bpf_drop_programs(result);
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
