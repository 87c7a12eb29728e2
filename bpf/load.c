/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and attaching the programs. */
#include "bpf/load.h"

#include "bpf/load_minimal_btf.h"
#include "bpf/load_pass.h"
#include "bpf/load_reason.h"
#include "bpf/load_variants.h"
#include "common/common.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#define ALL_PROGRAMS ((unsigned)MM_BPF_PROGRAM_ALL | (unsigned)MM_BPF_PROGRAM_MEMORY)

/* An object at work and what it belongs to. */
struct opened {
    const struct mm_bpf_variant *variant;
    void *skeleton;
    struct bpf_object *object;
};

static void close_opened(struct opened *opened)
{
    if (opened->skeleton)
        opened->variant->destroy(opened->skeleton);
    opened->skeleton = NULL;
    opened->object = NULL;
}

static uint32_t ring_size(uint32_t wanted_bytes)
{
    uint32_t size = (uint32_t)sysconf(_SC_PAGESIZE);

    while (size < wanted_bytes && size < MM_BPF_RING_BYTES_MAX)
        size *= 2;
    return size;
}

static int set_up(struct bpf_object *object, const struct mm_bpf_load_request *request, unsigned wanted,
                  struct mm_bpf_loader_message *message)
{
    int cpu_count = libbpf_num_possible_cpus();
    int result;

    if (cpu_count < 0)
        return cpu_count;
    message->cpu_count = (uint32_t)cpu_count;
    message->ring_bytes = ring_size(request->ring_bytes);
    result = bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "mm_events"), message->ring_bytes);
    if (result < 0)
        return result;
    result = bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "mm_lost"), message->cpu_count);
    for (size_t i = 0; result == 0 && i < mm_bpf_load_program_count; i++) {
        const struct mm_bpf_load_program *row = &mm_bpf_load_programs[i];
        struct bpf_program *program = bpf_object__find_program_by_name(object, row->function);

        if (program)
            result = bpf_program__set_autoload(program, (wanted & row->bit) != 0);
        else if (wanted & row->bit)
            result = -ENOEXEC;
    }
    return result;
}

/* An object with the programs of the mask, loaded: opened is its variant before. */
static int load_object(struct opened *opened, const struct mm_bpf_load_request *request, unsigned wanted,
                       struct mm_bpf_loader_message *message)
{
    int result;

    errno = 0;
    opened->skeleton = opened->variant->open(request, &opened->object);
    if (!opened->skeleton)
        return errno > 0 ? -errno : -ENOEXEC;
    result = set_up(opened->object, request, wanted, message);
    if (result == 0)
        result = bpf_object__load(opened->object);
    if (result < 0)
        close_opened(opened);
    return result;
}

/* All programs, without libbpf's look at the kernel's BTF. Whatever is in the way, it can be done with that. */
static int load_with_minimal_btf(struct opened *opened, const struct mm_bpf_load_request *request,
                                 unsigned wanted, struct mm_bpf_loader_message *message)
{
    struct mm_bpf_load_request minimal_request = *request;
    struct mm_bpf_minimal_btf minimal;
    int result;

    opened->skeleton = opened->variant->open(request, &opened->object);
    if (!opened->skeleton)
        return -ENOEXEC;
    result = mm_bpf_minimal_btf_begin(&minimal, opened->object);
    close_opened(opened);
    if (result < 0)
        return result;
    minimal_request.btf_path = minimal.path;
    result = load_object(opened, &minimal_request, wanted, message);
    mm_bpf_minimal_btf_end(&minimal);
    return result;
}

/* The part of `wanted` of which the kernel has the hooks; the others are blamed. 0 without its BTF. */
static unsigned with_hooks(struct opened *opened, const struct mm_bpf_load_request *request, unsigned wanted)
{
    static const char prefix[] = "tp_btf/";
    struct btf *kernel = btf__load_vmlinux_btf();
    char type[128];

    opened->skeleton = kernel ? opened->variant->open(request, &opened->object) : NULL;
    if (!opened->skeleton)
        wanted = 0;
    for (size_t i = 0; wanted && i < mm_bpf_load_program_count; i++) {
        const struct mm_bpf_load_program *row = &mm_bpf_load_programs[i];
        const struct bpf_program *program = bpf_object__find_program_by_name(opened->object, row->function);
        const char *section = program ? bpf_program__section_name(program) : "";

        if (!(wanted & row->bit) || strncmp(section, prefix, strlen(prefix)) != 0)
            continue;
        (void)mm_format(type, sizeof(type), "btf_trace_%s", section + strlen(prefix));
        if (btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF) >= 0)
            continue;
        mm_bpf_listen_anew();
        mm_bpf_say("this kernel has no tracepoint %s", section + strlen(prefix));
        mm_bpf_blame(row->bit);
        wanted &= ~row->bit;
    }
    close_opened(opened);
    btf__free(kernel);
    return wanted;
}

/* Those that load alone; the others are blamed. */
static unsigned one_by_one(struct opened *opened, const struct mm_bpf_load_request *request, unsigned wanted,
                           struct mm_bpf_loader_message *message)
{
    unsigned working = 0;

    for (size_t i = 0; i < mm_bpf_load_program_count; i++) {
        unsigned bit = mm_bpf_load_programs[i].bit;

        if (!(wanted & bit) || !mm_bpf_load_programs[i].name)
            continue;
        mm_bpf_listen_anew();
        if (load_object(opened, request, bit, message) == 0)
            working |= bit;
        else
            mm_bpf_blame(bit);
        close_opened(opened);
    }
    return working;
}

/* All programs; or those whose hooks there are; or as many as load one by one, which takes a while. The last attempt's
   complaint stays heard. */
static int load_most(struct opened *opened, const struct mm_bpf_load_request *request, unsigned wanted,
                     struct mm_bpf_loader_message *message)
{
    int result =
        opened->variant->is_classic ? -EOPNOTSUPP : load_with_minimal_btf(opened, request, wanted, message);
    unsigned rest;

    if (result < 0) {
        mm_bpf_listen_anew();
        result = load_object(opened, request, wanted, message);
    }
    if (result == 0)
        return 0;
    /* libbpf 1.1 says the same of a hook that the kernel lacks as of what it does not permit */
    rest = opened->variant->is_classic ? wanted : with_hooks(opened, request, wanted);
    if (rest == 0 || (result == -EPERM && rest == wanted))
        return result;
    if (rest != wanted && load_object(opened, request, rest, message) == 0)
        return 0;
    rest = one_by_one(opened, request, rest, message);
    mm_bpf_listen_anew();
    return load_object(opened, request, rest ? rest : wanted, message);
}

/* Attaches what can be of the mask; descriptors and programs go into the result. 0 when there is at least one. */
static int attach(const struct opened *opened, unsigned mask, struct mm_bpf_load_result *result)
{
    struct bpf_object *object = opened->object;
    struct mm_bpf_loader_message *message = &result->message;
    unsigned failed = 0;
    int error = -ENOENT;

    for (size_t i = 0; i < mm_bpf_load_program_count; i++) {
        const struct mm_bpf_load_program *row = &mm_bpf_load_programs[i];
        const struct bpf_program *program = bpf_object__find_program_by_name(object, row->function);
        struct bpf_link *link;

        if (!(mask & ~failed & row->bit) || !program || bpf_program__fd(program) < 0)
            continue;
        /* said outright, as libbpf has forgotten the section of one that was loaded with minimal BTF */
        link =
            opened->variant->is_classic ? bpf_program__attach(program) : bpf_program__attach_trace(program);
        if (!link) {
            error = -errno;
            failed |= row->bit;
            mm_bpf_blame(row->bit);
            continue;
        }
        mm_bpf_pass_link(link, result);
        message->programs |= row->bit;
    }
    message->programs &= ~failed;
    return message->programs ? 0 : error;
}

static int attach_lifecycle(const struct opened *opened, struct mm_bpf_load_result *result)
{
    static const char *const maps[MM_BPF_LOADER_MAPS] = {"mm_events", "mm_lost", "mm_watched",
                                                         "mm_gathering"};
    int error = mm_bpf_pass_maps(opened->object, maps, MM_ARRAY_SIZE(maps), result);

    if (error == 0)
        error = attach(opened, MM_BPF_PROGRAM_ALL, result);
    if (error < 0) {
        mm_bpf_drop_programs(result);
        return error;
    }
    result->message.flags = opened->variant->flags;
    mm_bpf_describe_success(opened->variant->name, MM_BPF_PROGRAM_ALL, &result->message);
    return 0;
}

/* Fills the message in any case. */
static void attach_memory(const struct opened *opened, struct mm_bpf_load_result *result)
{
    static const char *const maps[MM_BPF_LOADER_MEMORY_MAPS] = {"mm_stalls", "mm_stall_totals"};
    struct mm_bpf_loader_message *message = &result->message;

    message->error = attach(opened, MM_BPF_PROGRAM_MEMORY, result) < 0 ? -EOPNOTSUPP : 0;
    if (message->error == 0) {
        struct mm_bpf_load_result links = *result;

        /* the maps come first */
        message->fd_count = 0;
        message->error = mm_bpf_pass_maps(opened->object, maps, MM_ARRAY_SIZE(maps), result);
        for (unsigned i = 0; i < links.message.fd_count; i++)
            result->fds[message->fd_count++] = links.fds[i];
    }
    if (message->error == 0) {
        mm_bpf_describe_success(opened->variant->name, MM_BPF_PROGRAM_MEMORY, message);
        return;
    }
    mm_bpf_drop_programs(result);
    mm_bpf_describe_absence(MM_BPF_PROGRAM_MEMORY, message);
}

/* 0 with the first message filled and opened at work, or a negative errno. */
static int try_variant(struct opened *opened, const struct mm_bpf_load_request *request,
                       struct mm_bpf_load_result *result)
{
    unsigned offered = 0;
    int error;

    mm_bpf_listen_anew();
    error = opened->variant->probe(ALL_PROGRAMS, &offered);
    if (error == 0)
        error = load_most(opened, request, offered, &result->message);
    if (error == 0)
        error = attach_lifecycle(opened, result);
    if (error < 0)
        close_opened(opened);
    return error;
}

int mm_bpf_load(const struct mm_bpf_load_request *request, mm_bpf_load_visit visit, void *user)
{
    struct mm_bpf_load_result result = {.message = {.version = MM_BPF_LOADER_VERSION, .error = -EOPNOTSUPP}};
    struct mm_bpf_loader_message *message = &result.message;
    struct opened opened = {.variant = &mm_bpf_variants[0]};

    mm_bpf_listen();
    for (size_t i = 0; i < mm_bpf_variant_count && message->error < 0 && message->error != -EPERM; i++) {
        opened.variant = &mm_bpf_variants[i];
        if ((request->is_classic && !opened.variant->is_classic) ||
            (request->is_untimed && !(opened.variant->flags & MM_BPF_LOADER_IS_UNTIMED)))
            continue;
        message->error = try_variant(&opened, request, &result);
        if (message->error < 0)
            mm_bpf_describe_failure(opened.variant->name, message);
    }
    visit(&result, user);
    if (message->error == 0) {
        struct mm_bpf_load_result memory = {.message = *message};

        memory.message.fd_count = memory.message.programs = 0;
        attach_memory(&opened, &memory);
        visit(&memory, user);
    }
    close_opened(&opened);
    return message->error;
}
