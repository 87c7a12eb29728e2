/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/load_cpu.h"

#include "bpf/cpu.h"
#include "bpf/load_pins.h"
#include "bpf/load_reason.h"
#include "common/common.h"

#include "cpu.skel.h"
#include "cpu_classic.skel.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
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
            state.weight = (uint32_t)((uint64_t)now_khz * MM_BPF_CPU_WEIGHT_ONE / state.max_khz);
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

/* How the maps are kept, beside the object. */
struct keeping {
    struct mm_bpf_pins pins;
    int fd;    /* -1: they are not */
    int error; /* why */
    bool are_taken_over;
};

static void keep(struct keeping *keeping, const struct bpf_object *object)
{
    if (keeping->fd < 0 || keeping->are_taken_over)
        return;
    keeping->error = mm_bpf_pins_make(&keeping->pins, object);
    if (keeping->error < 0)
        (void)close(mm_take_fd(&keeping->fd));
}

static int load(struct bpf_object *object, uint32_t cpu_count, struct keeping *keeping)
{
    int result = bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "mm_cpu_states"), cpu_count);

    if (result == 0 && keeping->pins.directory)
        keeping->error = mm_bpf_pins_adopt(&keeping->pins, object, &keeping->fd, &keeping->are_taken_over);
    if (result == 0)
        result = bpf_object__load(object);
    if (result == 0)
        keep(keeping, object);
    return result;
}

static int pass(int fd, struct mm_bpf_load_result *result)
{
    int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 3);

    if (duplicate < 0)
        return -errno;
    result->fds[result->message.fd_count++] = duplicate;
    return 0;
}

static int program_fd(const struct bpf_object *object, const char *name)
{
    return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

static int pass_descriptors(const struct bpf_object *object, struct mm_bpf_load_result *result)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < MM_ARRAY_SIZE(map_names); i++)
        error = pass(bpf_object__find_map_fd_by_name(object, map_names[i]), result);
    return error < 0 ? error : pass(program_fd(object, "mm_cpu_flush"), result);
}

/* The link's descriptor alone is kept. */
static int attach(const struct bpf_object *object, const char *name, unsigned bit,
                  struct mm_bpf_load_result *result)
{
    struct bpf_link *link = bpf_program__attach(bpf_object__find_program_by_name(object, name));
    int error;

    if (!link)
        return -errno;
    error = pass(bpf_link__fd(link), result);
    (void)bpf_link__destroy(link);
    if (error == 0)
        result->message.programs |= bit;
    return error;
}

static void describe_keeping(const struct keeping *keeping, struct mm_bpf_loader_message *message)
{
    size_t length = strlen(message->reason), size = sizeof(message->reason);
    const char *why = keeping->error == -EBUSY    ? "another daemon has its own there"
                      : keeping->error == -EEXIST ? "something foreign is there, and left alone"
                                                  : strerror(-keeping->error);

    if (keeping->fd >= 0)
        (void)mm_format(message->reason + length, size - length, "; %s %s",
                        keeping->are_taken_over ? "maps taken over from" : "maps pinned in",
                        keeping->pins.directory);
    else if (keeping->pins.directory)
        (void)mm_format(message->reason + length, size - length, "; maps not pinned in %s: %s",
                        keeping->pins.directory, why);
}

/* The directory comes last. */
static int pass_keeping(const struct keeping *keeping, struct mm_bpf_load_result *result)
{
    describe_keeping(keeping, &result->message);
    if (keeping->fd < 0)
        return 0;
    result->message.flags |= MM_BPF_CPU_IS_PINNED;
    if (keeping->are_taken_over)
        result->message.flags |= MM_BPF_CPU_IS_TAKEN_OVER;
    return pass(keeping->fd, result);
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
    struct keeping keeping = {
        .pins = {.directory = pin_directory, .maps = map_names, .map_count = MM_ARRAY_SIZE(map_names)},
        .fd = -1,
    };
    struct mm_bpf_loader_message *message = &result->message;
    struct bpf_object *object;
    void *skeleton = NULL;
    int error;

    mm_bpf_listen_anew();
    errno = ENOEXEC;
    object = variant->open(&skeleton);
    error = object ? load(object, message->cpu_count, &keeping) : -errno;
    if (error == 0)
        error = set_up(object, variant, result);
    message->flags = variant->is_classic ? 0 : MM_BPF_CPU_KNOWS_RUNNER;
    if (error == 0)
        error = pass_keeping(&keeping, result);
    if (error < 0 && keeping.fd >= 0 && !keeping.are_taken_over)
        mm_bpf_pins_remove(&keeping.pins);
    mm_cleanup_close(&keeping.fd);
    if (skeleton)
        variant->destroy(skeleton);
    if (error == 0)
        return 0;
    while (message->fd_count > 0)
        (void)close(result->fds[--message->fd_count]);
    message->programs = 0;
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
