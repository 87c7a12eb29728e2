/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and attaching the programs. */
#include "bpf/load.h"

#include "bpf/load_group.h"
#include "bpf/reason.h"
#include "common/common.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

/* Inode of the initial pid namespace: PROC_PID_INIT_INO in the kernel, never another since 3.8. */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu

/* An object at work and what it belongs to. */
struct opened {
    const struct mm_bpf_group *group;
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

/* libbpf hands its messages to a function without a user pointer. */
static struct mm_bpf_reason heard;

/* Why a program is missing, by the number of its bit. */
static char blames[32][MM_BPF_REASON_MAX];

__attribute__((format(printf, 2, 0))) static int hear(enum libbpf_print_level level, const char *format,
                                                      va_list arguments)
{
    /* a verifier log is long and its end decides: libbpf's own buffer grows to 16 MiB, but what is refused
       here is refused within a few hundred lines */
    static char message[65536];

    if (level != LIBBPF_WARN)
        return 0;
    /* the analyzer does not see that libbpf began the list */
    (void)vsnprintf(message, sizeof(message), format, arguments); /* NOLINT(clang-analyzer-valist*) */
    mm_bpf_reason_hear(&heard, message);
    return 0;
}

void mm_bpf_say(const char *format, ...)
{
    char message[MM_BPF_REASON_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    mm_bpf_reason_hear(&heard, message);
}

void mm_bpf_blame(unsigned bit)
{
    mm_copy_text(blames[__builtin_ctz(bit)], sizeof(blames[0]), heard.rank > 0 ? heard.line : "not known");
    heard = (struct mm_bpf_reason){0};
}

uint32_t mm_bpf_pid_namespace(void)
{
    struct stat status;

    if (stat("/proc/self/ns/pid", &status) < 0 || status.st_ino == INITIAL_PID_NAMESPACE)
        return 0;
    return (uint32_t)status.st_ino;
}

static unsigned all_of(const struct mm_bpf_group *group)
{
    unsigned mask = 0;

    for (size_t i = 0; i < group->program_count; i++)
        mask |= group->programs[i].bit;
    return mask;
}

static uint32_t ring_size(uint32_t wanted_bytes)
{
    uint32_t size = (uint32_t)sysconf(_SC_PAGESIZE);

    while (size < wanted_bytes && size < MM_BPF_RING_BYTES_MAX)
        size *= 2;
    return size;
}

static int set_up(const struct opened *opened, const struct mm_bpf_load_request *request, unsigned wanted,
                  struct mm_bpf_loader_message *message)
{
    struct bpf_object *object = opened->object;
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
    if (result < 0)
        return result;
    for (size_t i = 0; i < opened->group->program_count; i++) {
        const struct mm_bpf_group_program *row = &opened->group->programs[i];
        struct bpf_program *program = bpf_object__find_program_by_name(object, row->function);

        if (!program && (wanted & row->bit))
            return -ENOEXEC;
        if (!program)
            continue;
        result = bpf_program__set_autoload(program, (wanted & row->bit) != 0);
        if (result < 0)
            return result;
    }
    return 0;
}

/* An object with the programs of the mask, loaded: opened is its group and variant before. */
static int load_object(struct opened *opened, const struct mm_bpf_load_request *request, unsigned wanted,
                       struct mm_bpf_loader_message *message)
{
    int result;

    errno = 0;
    opened->skeleton = opened->variant->open(request, &opened->object);
    if (!opened->skeleton)
        return errno > 0 ? -errno : -ENOEXEC;
    result = set_up(opened, request, wanted, message);
    if (result == 0)
        result = bpf_object__load(opened->object);
    if (result < 0)
        close_opened(opened);
    return result;
}

/* All programs, or as many as load one by one. */
static int load_most(struct opened *opened, const struct mm_bpf_load_request *request, unsigned wanted,
                     struct mm_bpf_loader_message *message)
{
    int result = load_object(opened, request, wanted, message);
    struct mm_bpf_reason first = heard;
    unsigned working = 0;

    if (result == 0 || result == -EPERM)
        return result;
    for (size_t i = 0; i < opened->group->program_count; i++) {
        unsigned bit = opened->group->programs[i].bit;

        if (!(wanted & bit) || wanted == bit)
            continue;
        heard = (struct mm_bpf_reason){0};
        if (load_object(opened, request, bit, message) == 0)
            working |= bit;
        else
            mm_bpf_blame(bit);
        close_opened(opened);
    }
    heard = first;
    return working ? load_object(opened, request, working, message) : result;
}

/* The link's descriptor, without libbpf's handle on it: destroying a connected one would switch it off. */
static int release_link(struct bpf_link *link)
{
    int fd = bpf_link__fd(link);

    bpf_link__disconnect(link);
    (void)bpf_link__destroy(link);
    return fd;
}

/* Duplicates of the maps' descriptors that the daemon needs, too. */
static int pass_maps(struct bpf_object *object, struct mm_bpf_load_result *result)
{
    static const char *const maps[MM_BPF_LOADER_MAPS] = {"mm_events", "mm_lost", "mm_watched",
                                                         "mm_gathering"};

    for (size_t i = 0; i < MM_ARRAY_SIZE(maps); i++) {
        int fd = fcntl(bpf_object__find_map_fd_by_name(object, maps[i]), F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
            return -errno;
        result->fds[result->message.fd_count++] = fd;
    }
    return 0;
}

/* Attaches what can be; the descriptors and programs go into the result. 0 when there is at least one. */
static int attach(const struct opened *opened, struct mm_bpf_load_result *result)
{
    struct mm_bpf_loader_message *message = &result->message;
    int error = pass_maps(opened->object, result);

    if (error < 0)
        return error;
    error = -ENOENT;
    for (size_t i = 0; i < opened->group->program_count; i++) {
        const struct mm_bpf_group_program *row = &opened->group->programs[i];
        const struct bpf_program *program = bpf_object__find_program_by_name(opened->object, row->function);
        struct bpf_link *link;

        if (!program || bpf_program__fd(program) < 0)
            continue;
        link = bpf_program__attach(program);
        if (!link) {
            error = -errno;
            mm_bpf_blame(row->bit);
            continue;
        }
        result->fds[message->fd_count++] = release_link(link);
        message->programs |= row->bit;
    }
    return message->programs ? 0 : error;
}

/* "; without exec, comm: ...; without exit: ...": those in a row with the same reason share it. */
static void describe_missing(const struct mm_bpf_group *group, struct mm_bpf_loader_message *message,
                             size_t length)
{
    size_t size = sizeof(message->reason);
    const char *blame = NULL;

    for (size_t i = 0; i < group->program_count; i++) {
        const char *why = blames[__builtin_ctz(group->programs[i].bit)];
        bool is_same = blame && strcmp(blame, why) == 0;

        if (message->programs & group->programs[i].bit)
            continue;
        if (blame && !is_same)
            length += mm_format(message->reason + length, size - length, ": %s", blame);
        length += mm_format(message->reason + length, size - length, "%s%s", is_same ? ", " : "; without ",
                            group->programs[i].name);
        blame = why;
    }
    if (blame)
        (void)mm_format(message->reason + length, size - length, ": %s", blame);
}

/* "BTF tracepoints: fork, exit; without exec: ...; without comm: ..." */
static void describe_success(const struct mm_bpf_group *group, const struct mm_bpf_variant *variant,
                             struct mm_bpf_loader_message *message)
{
    size_t size = sizeof(message->reason);
    size_t length = mm_format(message->reason, size, "%s: ", variant->name);
    const char *separator = "";

    for (size_t i = 0; i < group->program_count; i++) {
        if (!(message->programs & group->programs[i].bit))
            continue;
        length +=
            mm_format(message->reason + length, size - length, "%s%s", separator, group->programs[i].name);
        separator = ", ";
    }
    describe_missing(group, message, length);
}

static void describe_failure(const struct mm_bpf_variant *variant, struct mm_bpf_loader_message *message)
{
    size_t length = strnlen(message->reason, sizeof(message->reason) - 1);

    if (message->error == -EPERM)
        (void)mm_format(message->reason, sizeof(message->reason),
                        "%s: the kernel does not permit it: CAP_BPF and CAP_PERFMON are needed (%s)",
                        variant->name, heard.line);
    else
        (void)mm_format(message->reason + length, sizeof(message->reason) - length, "%s%s: %s",
                        length > 0 ? "; " : "", variant->name,
                        heard.rank > 0 ? heard.line : strerror(-message->error));
}

static int try_variant(const struct mm_bpf_group *group, const struct mm_bpf_variant *variant,
                       const struct mm_bpf_load_request *request, struct mm_bpf_load_result *result)
{
    struct mm_bpf_loader_message *message = &result->message;
    struct opened opened = {.group = group, .variant = variant};
    unsigned offered = 0;
    int error;

    heard = (struct mm_bpf_reason){0};
    error = variant->probe(all_of(group), &offered);
    if (error == 0)
        error = load_most(&opened, request, offered, message);
    if (error == 0)
        error = attach(&opened, result);
    close_opened(&opened);
    if (error == 0)
        return 0;
    while (message->fd_count > 0)
        (void)close(result->fds[--message->fd_count]);
    return error;
}

void mm_bpf_load(const struct mm_bpf_load_request *request, struct mm_bpf_load_result *ret_result)
{
    const struct mm_bpf_group *group = &mm_bpf_lifecycle_group;
    struct mm_bpf_load_result result = {.message.version = MM_BPF_LOADER_VERSION};
    struct mm_bpf_loader_message *message = &result.message;

    (void)libbpf_set_print(hear);
    for (size_t i = 0; i < group->variant_count; i++) {
        const struct mm_bpf_variant *variant = &group->variants[i];

        if ((request->is_classic && !variant->is_classic) ||
            (request->is_untimed && !(variant->flags & MM_BPF_LOADER_IS_UNTIMED)))
            continue;
        message->error = try_variant(group, variant, request, &result);
        if (message->error == 0) {
            message->flags = variant->flags;
            describe_success(group, variant, message);
            break;
        }
        describe_failure(variant, message);
        if (message->error == -EPERM)
            break;
    }
    *ret_result = result;
}
