/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and attaching the programs. */
#include "bpf/load.h"

#include "bpf/reason.h"
#include "bpf/tracefs.h"
#include "common/common.h"

#include "lifecycle.skel.h"
#include "lifecycle_classic.skel.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

/* Inode of the initial pid namespace: PROC_PID_INIT_INO in the kernel, never another since 3.8. */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu

/* The same names in every object. */
static const struct program {
    enum mm_bpf_program bit;
    const char *function;
    const char *name;
} programs[] = {
    {MM_BPF_PROGRAM_EXIT, "mm_exit", "exit"},
    {MM_BPF_PROGRAM_OOM_SCORE_ADJ, "mm_oom_score_adj", "oom_score_adj"},
};

/* One way to attach to the same hooks. */
struct variant {
    const char *name;
    /* What of wanted this kernel offers; the reason tells of the rest. Negative errno when nothing. */
    int (*probe)(unsigned wanted, unsigned *ret_offered);
    /* Opens the skeleton and sets its constants. NULL, and errno, on failure. */
    void *(*open)(const struct mm_bpf_load_request *request, struct bpf_object **ret_object);
    void (*destroy)(void *skeleton);
};

/* An object at work and what it belongs to. */
struct opened {
    const struct variant *variant;
    void *skeleton;
    struct bpf_object *object;
};

static void close_opened(struct opened *opened)
{
    if (opened->skeleton)
        opened->variant->destroy(opened->skeleton);
    *opened = (struct opened){0};
}

/* libbpf hands its messages to a function without a user pointer. */
static struct mm_bpf_reason heard;

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

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char message[MM_BPF_REASON_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    mm_bpf_reason_hear(&heard, message);
}

/* 0 for the initial namespace. */
static uint32_t pid_namespace(void)
{
    struct stat status;

    if (stat("/proc/self/ns/pid", &status) < 0 || status.st_ino == INITIAL_PID_NAMESPACE)
        return 0;
    return (uint32_t)status.st_ino;
}

/* Whether the kernel has BTF and the hooks is for libbpf to find out. */
static int probe_btf(unsigned wanted, unsigned *ret_offered)
{
    *ret_offered = wanted;
    return 0;
}

static void *open_btf(const struct mm_bpf_load_request *request, struct bpf_object **ret_object)
{
    struct lifecycle_bpf *skeleton = lifecycle_bpf__open();

    if (!skeleton)
        return NULL;
    skeleton->rodata->mm_self_tgid = (int32_t)request->daemon;
    skeleton->rodata->mm_pid_namespace = pid_namespace();
    *ret_object = skeleton->obj;
    return skeleton;
}

static void destroy_btf(void *skeleton)
{
    lifecycle_bpf__destroy(skeleton);
}

/* Where the fields stand that lifecycle_classic.bpf.c reads. */
struct classic_layout {
    uint32_t exit_group_dead;
    uint32_t adj_pid;
    uint32_t adj_comm;
    uint32_t adj_value;
};

static int read_classic_layout(unsigned bit, struct classic_layout *layout)
{
    const struct {
        const char *event;
        const char *field;
        uint32_t *offset;
        unsigned bit;
        unsigned size;
    } fields[] = {
        {"sched/sched_process_exit", "group_dead", &layout->exit_group_dead, MM_BPF_PROGRAM_EXIT, 1},
        {"oom/oom_score_adj_update", "pid", &layout->adj_pid, MM_BPF_PROGRAM_OOM_SCORE_ADJ, 4},
        {"oom/oom_score_adj_update", "comm", &layout->adj_comm, MM_BPF_PROGRAM_OOM_SCORE_ADJ, 16},
        {"oom/oom_score_adj_update", "oom_score_adj", &layout->adj_value, MM_BPF_PROGRAM_OOM_SCORE_ADJ, 2},
    };
    char format[4096]; /* a page is the most such a file shows */
    const char *root;
    int result = mm_tracefs_prepare(&root);

    if (result < 0) {
        say("tracefs is not mounted and cannot be: %s", strerror(-result));
        /* not -EPERM, which stands for bpf(2) */
        return -EACCES;
    }
    for (size_t i = 0; i < MM_ARRAY_SIZE(fields); i++) {
        if (fields[i].bit != bit)
            continue;
        result = mm_tracefs_read_format(root, fields[i].event, format, sizeof(format));
        if (result == 0)
            result = mm_tracefs_field(format, fields[i].field, fields[i].size, fields[i].offset);
        if (result == 0)
            continue;
        say("tracepoint %s has no field %s this program can read: %s", fields[i].event, fields[i].field,
            strerror(-result));
        return result;
    }
    return 0;
}

static int probe_classic(unsigned wanted, unsigned *ret_offered)
{
    struct classic_layout layout;
    unsigned offered = 0;
    int result = -ENOENT;

    if (pid_namespace() != 0) {
        say("classic tracepoints only know the numbers of the initial pid namespace");
        return -EOPNOTSUPP;
    }
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++) {
        int answer;

        if (!(wanted & programs[i].bit))
            continue;
        answer = read_classic_layout(programs[i].bit, &layout);
        if (answer == 0)
            offered |= programs[i].bit;
        else
            result = answer;
    }
    if (offered == 0)
        return result;
    *ret_offered = offered;
    return 0;
}

static void *open_classic(const struct mm_bpf_load_request *request, struct bpf_object **ret_object)
{
    struct classic_layout layout = {0};
    struct lifecycle_classic_bpf *skeleton = lifecycle_classic_bpf__open();

    if (!skeleton)
        return NULL;
    /* a program whose fields are missing is not loaded: probe_classic */
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++)
        (void)read_classic_layout(programs[i].bit, &layout);
    skeleton->rodata->mm_self_tgid = (int32_t)request->daemon;
    skeleton->rodata->mm_exit_group_dead = layout.exit_group_dead;
    skeleton->rodata->mm_adj_pid = layout.adj_pid;
    skeleton->rodata->mm_adj_comm = layout.adj_comm;
    skeleton->rodata->mm_adj_value = layout.adj_value;
    *ret_object = skeleton->obj;
    return skeleton;
}

static void destroy_classic(void *skeleton)
{
    lifecycle_classic_bpf__destroy(skeleton);
}

static const struct variant variants[] = {
    {"BTF tracepoints", probe_btf, open_btf, destroy_btf},
    {"classic tracepoints", probe_classic, open_classic, destroy_classic},
};

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
    if (result < 0)
        return result;
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++) {
        struct bpf_program *program = bpf_object__find_program_by_name(object, programs[i].function);

        if (!program)
            return -ENOEXEC;
        result = bpf_program__set_autoload(program, (wanted & programs[i].bit) != 0);
        if (result < 0)
            return result;
    }
    return 0;
}

/* An object with the programs of the mask, loaded. */
static int load_object(const struct variant *variant, const struct mm_bpf_load_request *request,
                       unsigned wanted, struct mm_bpf_loader_message *message, struct opened *ret_opened)
{
    struct opened opened = {.variant = variant};
    int result;

    errno = 0;
    opened.skeleton = variant->open(request, &opened.object);
    if (!opened.skeleton)
        return errno > 0 ? -errno : -ENOEXEC;
    result = set_up(opened.object, request, wanted, message);
    if (result == 0)
        result = bpf_object__load(opened.object);
    if (result == 0)
        *ret_opened = opened;
    else
        close_opened(&opened);
    return result;
}

/* All programs, or as many as load one by one. */
static int load_most(const struct variant *variant, const struct mm_bpf_load_request *request,
                     unsigned wanted, struct mm_bpf_loader_message *message, struct opened *ret_opened)
{
    int result = load_object(variant, request, wanted, message, ret_opened);
    unsigned working = 0;

    if (result == 0 || result == -EPERM)
        return result;
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++) {
        struct opened opened = {0};

        if (!(wanted & programs[i].bit) || wanted == (unsigned)programs[i].bit)
            continue;
        if (load_object(variant, request, programs[i].bit, message, &opened) == 0)
            working |= programs[i].bit;
        close_opened(&opened);
    }
    return working ? load_object(variant, request, working, message, ret_opened) : result;
}

/* The link's descriptor, without libbpf's handle on it: destroying a connected one would switch it off. */
static int release_link(struct bpf_link *link)
{
    int fd = bpf_link__fd(link);

    bpf_link__disconnect(link);
    (void)bpf_link__destroy(link);
    return fd;
}

/* Attaches what can be; the descriptors and programs go into the result. 0 when there is at least one. */
static int attach(struct bpf_object *object, struct mm_bpf_load_result *result)
{
    static const char *const maps[MM_BPF_LOADER_MAPS] = {"mm_events", "mm_lost", "mm_watched"};
    struct mm_bpf_loader_message *message = &result->message;
    int error = -ENOENT;

    for (size_t i = 0; i < MM_ARRAY_SIZE(maps); i++) {
        int fd = fcntl(bpf_object__find_map_fd_by_name(object, maps[i]), F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
            return -errno;
        result->fds[message->fd_count++] = fd;
    }
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++) {
        const struct bpf_program *program = bpf_object__find_program_by_name(object, programs[i].function);
        struct bpf_link *link;

        if (bpf_program__fd(program) < 0)
            continue;
        link = bpf_program__attach(program);
        if (!link) {
            error = -errno;
            continue;
        }
        result->fds[message->fd_count++] = release_link(link);
        message->programs |= programs[i].bit;
    }
    return message->programs ? 0 : error;
}

/* "exit, oom_score_adj" */
static void name_programs(unsigned mask, char *buffer, size_t size)
{
    size_t length = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++) {
        if (!(mask & programs[i].bit))
            continue;
        length += mm_format(buffer + length, size - length, "%s%s", length > 0 ? ", " : "", programs[i].name);
    }
}

static void describe_success(const struct variant *variant, struct mm_bpf_loader_message *message)
{
    char present[64];
    char missing[64];
    size_t length;

    name_programs(message->programs, present, sizeof(present));
    name_programs(MM_BPF_PROGRAM_ALL & ~message->programs, missing, sizeof(missing));
    length = mm_format(message->reason, sizeof(message->reason), "%s: %s", variant->name, present);
    if (missing[0] != '\0')
        (void)mm_format(message->reason + length, sizeof(message->reason) - length, "; without %s: %s",
                        missing, heard.line);
}

static void describe_failure(const struct variant *variant, struct mm_bpf_loader_message *message)
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

static int try_variant(const struct variant *variant, const struct mm_bpf_load_request *request,
                       struct mm_bpf_load_result *result)
{
    struct mm_bpf_loader_message *message = &result->message;
    struct opened opened = {0};
    unsigned offered = 0;
    int error;

    heard = (struct mm_bpf_reason){0};
    error = variant->probe(MM_BPF_PROGRAM_ALL, &offered);
    if (error == 0)
        error = load_most(variant, request, offered, message, &opened);
    if (error == 0)
        error = attach(opened.object, result);
    close_opened(&opened);
    if (error == 0)
        return 0;
    while (message->fd_count > 0)
        (void)close(result->fds[--message->fd_count]);
    return error;
}

void mm_bpf_load(const struct mm_bpf_load_request *request, struct mm_bpf_load_result *ret_result)
{
    struct mm_bpf_load_result result = {.message.version = MM_BPF_LOADER_VERSION};
    struct mm_bpf_loader_message *message = &result.message;

    (void)libbpf_set_print(hear);
    for (size_t i = request->is_classic ? 1 : 0; i < MM_ARRAY_SIZE(variants); i++) {
        message->error = try_variant(&variants[i], request, &result);
        if (message->error == 0) {
            describe_success(&variants[i], message);
            break;
        }
        describe_failure(&variants[i], message);
        if (message->error == -EPERM)
            break;
    }
    *ret_result = result;
}
