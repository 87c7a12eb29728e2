/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/load_cpu.h"

#include "bpf/cpu.h"
#include "bpf/load_pass.h"
#include "bpf/load_pins.h"
#include "bpf/load_reason.h"
#include "common/common.h"

#include "cpu.skel.h"
#include "cpu_classic.skel.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

struct variant {
    const char *name;
    bool is_classic;
    struct bpf_object *(*open)(void **ret_skeleton);
    void (*destroy)(void *skeleton);
};

/* ---- the ways to load --------------------------------------------------------------------------------------- */

static struct bpf_object *open_btf(void **ret_skeleton)
{
    struct cpu_bpf *skeleton = cpu_bpf__open();

    if (!skeleton)
        return NULL;
    skeleton->rodata->mm_pid_namespace = mm_bpf_pid_namespace();
    *ret_skeleton = skeleton;
    return skeleton->obj;
}

static void destroy_btf(void *skeleton)
{
    cpu_bpf__destroy(skeleton);
}

static struct bpf_object *open_classic(void **ret_skeleton)
{
    struct cpu_classic_bpf *skeleton;

    if (mm_bpf_pid_namespace() != 0) {
        mm_bpf_say("without BTF processes have the numbers of the initial pid namespace");
        errno = EOPNOTSUPP;
        return NULL;
    }
    skeleton = cpu_classic_bpf__open();
    if (!skeleton)
        return NULL;
    *ret_skeleton = skeleton;
    return skeleton->obj;
}

static void destroy_classic(void *skeleton)
{
    cpu_classic_bpf__destroy(skeleton);
}

static const struct variant variants[] = {
    {"run time by the scheduler's account", false, open_btf, destroy_btf},
    {"run time by the clock", true, open_classic, destroy_classic},
};

/* ---- frequencies -------------------------------------------------------------------------------------------- */

static uint32_t read_khz(uint32_t cpu, const char *name)
{
    char path[96], text[24] = "";
    FILE *file;
    uint64_t khz;

    (void)mm_format(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cpufreq/%s", cpu, name);
    file = fopen(path, "re");
    if (!file)
        return 0;
    if (fgets(text, sizeof(text), file))
        text[strcspn(text, "\n")] = '\0';
    (void)fclose(file);
    return mm_parse_u64(text, 1, UINT32_MAX, &khz) == 0 ? (uint32_t)khz : 0;
}

/* Before the programs are attached: what each processor starts with. The number of those whose frequency is known. */
static int write_states(const struct bpf_map *map, uint32_t cpu_count)
{
    int known = 0;

    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        struct mm_bpf_cpu_state old = {0}, state = {.weight = MM_BPF_CPU_WEIGHT_ONE};
        uint32_t now_khz = read_khz(cpu, "scaling_cur_freq");
        int error = bpf_map__lookup_elem(map, &cpu, sizeof(cpu), &old, sizeof(old), 0);

        if (error < 0)
            return error;
        /* where they were taken over */
        state.total_ns = old.total_ns;
        state.lost_ns = old.lost_ns;
        state.lost_count = old.lost_count;
        state.max_khz = read_khz(cpu, "cpuinfo_max_freq");
        if (state.max_khz > 0 && now_khz > 0) {
            state.weight =
                (uint16_t)MM_MIN((uint64_t)now_khz * MM_BPF_CPU_WEIGHT_ONE / state.max_khz, UINT16_MAX);
            known++;
        }
        error = bpf_map__update_elem(map, &cpu, sizeof(cpu), &state, sizeof(state), BPF_ANY);
        if (error < 0)
            return error;
    }
    return known;
}

/* ---- loading ------------------------------------------------------------------------------------------------ */

static const char *const map_names[] = MM_BPF_CPU_MAP_NAMES;

static int load(struct bpf_object *object, uint32_t cpu_count, struct mm_bpf_pins *pins)
{
    int result = bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "mm_cpu_states"), cpu_count);

    return result < 0 ? result : mm_bpf_pins_load(pins, object);
}

static int pass_descriptors(const struct bpf_object *object, struct mm_bpf_load_result *result)
{
    int error = mm_bpf_pass_maps(object, map_names, MM_ARRAY_SIZE(map_names), result);

    if (error < 0)
        return error;
    return mm_bpf_pass_fd(bpf_program__fd(bpf_object__find_program_by_name(object, "mm_cpu_flush")), result);
}

static int attach(const struct bpf_object *object, const char *name, unsigned bit,
                  struct mm_bpf_load_result *result)
{
    struct bpf_link *link = bpf_program__attach(bpf_object__find_program_by_name(object, name));

    if (!link)
        return -errno;
    mm_bpf_pass_link(link, result);
    result->message.programs |= bit;
    return 0;
}

static int set_up(const struct bpf_object *object, const struct variant *variant,
                  struct mm_bpf_load_result *result)
{
    struct mm_bpf_loader_message *message = &result->message;
    int known = write_states(bpf_object__find_map_by_name(object, "mm_cpu_states"), message->cpu_count);
    int error = known < 0 ? known : pass_descriptors(object, result);
    int frequency_error;

    if (error < 0)
        return error;
    /* first, so that no change is missed */
    frequency_error = attach(object, "mm_cpu_frequency", MM_BPF_CPU_FREQUENCY, result);
    error = attach(object, "mm_cpu_switch", MM_BPF_CPU_SWITCH, result);
    if (error < 0)
        return error;
    (void)mm_format(message->reason, sizeof(message->reason), "%s%s", variant->name,
                    known == 0            ? "; all frequencies count the same, as none is known"
                    : frequency_error < 0 ? "; changes of frequency are not seen"
                                          : ", weighted by frequency");
    return 0;
}

static int try_variant(const struct variant *variant, const char *pin_directory,
                       struct mm_bpf_load_result *result)
{
    struct mm_bpf_pins pins = {
        .directory = pin_directory, .maps = map_names, .map_count = MM_ARRAY_SIZE(map_names), .fd = -1};
    struct mm_bpf_loader_message *message = &result->message;
    struct bpf_object *object;
    void *skeleton = NULL;
    int error;

    mm_bpf_listen_anew();
    errno = ENOEXEC;
    object = variant->open(&skeleton);
    error = object ? load(object, message->cpu_count, &pins) : -errno;
    if (error == 0)
        error = set_up(object, variant, result);
    message->flags = variant->is_classic ? 0 : MM_BPF_CPU_KNOWS_RUNNER;
    if (error == 0)
        error = mm_bpf_pins_pass(&pins, result);
    mm_bpf_pins_end(&pins, error);
    if (skeleton)
        variant->destroy(skeleton);
    if (error < 0)
        mm_bpf_drop_programs(result);
    return error;
}

int mm_bpf_load_cpu(const struct mm_bpf_load_request *request, mm_bpf_load_visit visit, void *user)
{
    struct mm_bpf_load_result result = {
        .message = {.version = MM_BPF_CPU_LOADER_VERSION, .error = -EOPNOTSUPP}};
    struct mm_bpf_loader_message *message = &result.message;
    int cpu_count = libbpf_num_possible_cpus();

    mm_bpf_listen();
    message->cpu_count = (uint32_t)MM_MAX(cpu_count, 0);
    for (size_t i = 0; cpu_count > 0 && i < MM_ARRAY_SIZE(variants); i++) {
        if (request->is_classic && !variants[i].is_classic)
            continue;
        message->error = try_variant(&variants[i], request->pin_directory, &result);
        if (message->error == 0)
            break;
        mm_bpf_describe_failure(variants[i].name, message);
        if (message->error == -EPERM)
            break;
    }
    visit(&result, user);
    return message->error;
}
