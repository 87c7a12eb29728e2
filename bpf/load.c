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
    /* Opens the object and sets its constants. NULL, and errno, on failure. */
    struct bpf_object *(*open)(const struct mm_bpf_load_request *request);
};

/* libbpf hands its messages to a function without a user pointer. */
static struct mm_bpf_reason heard;

__attribute__((format(printf, 2, 0))) static int hear(enum libbpf_print_level level, const char *format,
                                                      va_list arguments)
{
    /* a verifier log is long and its end decides: libbpf's own buffer grows to 16 MiB, but what is refused
       here is refused within a few hundred lines */
    static char message[65536];

    if (level != LIBBPF_WARN) return 0;
    (void)vsnprintf(message, sizeof(message), format, arguments);
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

    if (stat("/proc/self/ns/pid", &status) < 0 || status.st_ino == INITIAL_PID_NAMESPACE) return 0;
    return (uint32_t)status.st_ino;
}

/* Whether the kernel has BTF and the hooks is for libbpf to find out. */
static int probe_btf(unsigned wanted, unsigned *ret_offered)
{
    *ret_offered = wanted;
    return 0;
}

static struct bpf_object *open_btf(const struct mm_bpf_load_request *request)
{
    struct lifecycle_bpf *skeleton = lifecycle_bpf__open();

    if (!skeleton) return NULL;
    skeleton->rodata->mm_self_tgid = (int32_t)request->daemon;
    skeleton->rodata->mm_pid_namespace = pid_namespace();
    return skeleton->obj;
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
        unsigned bit;
        const char *event;
        const char *field;
        unsigned size;
        uint32_t *offset;
    } fields[] = {
        {MM_BPF_PROGRAM_EXIT, "sched/sched_process_exit", "group_dead", 1, &layout->exit_group_dead},
        {MM_BPF_PROGRAM_OOM_SCORE_ADJ, "oom/oom_score_adj_update", "pid", 4, &layout->adj_pid},
        {MM_BPF_PROGRAM_OOM_SCORE_ADJ, "oom/oom_score_adj_update", "comm", 16, &layout->adj_comm},
        {MM_BPF_PROGRAM_OOM_SCORE_ADJ, "oom/oom_score_adj_update", "oom_score_adj", 2, &layout->adj_value},
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
        if (fields[i].bit != bit) continue;
        result = mm_tracefs_read_format(root, fields[i].event, format, sizeof(format));
        if (result == 0) result = mm_tracefs_field(format, fields[i].field, fields[i].size, fields[i].offset);
        if (result == 0) continue;
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

        if (!(wanted & programs[i].bit)) continue;
        answer = read_classic_layout(programs[i].bit, &layout);
        if (answer == 0)
            offered |= programs[i].bit;
        else
            result = answer;
    }
    if (offered == 0) return result;
    *ret_offered = offered;
    return 0;
}

static struct bpf_object *open_classic(const struct mm_bpf_load_request *request)
{
    struct classic_layout layout = {0};
    struct lifecycle_classic_bpf *skeleton = lifecycle_classic_bpf__open();

    if (!skeleton) return NULL;
    /* a program whose fields are missing is not loaded: probe_classic */
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++)
        (void)read_classic_layout(programs[i].bit, &layout);
    skeleton->rodata->mm_self_tgid = (int32_t)request->daemon;
    skeleton->rodata->mm_exit_group_dead = layout.exit_group_dead;
    skeleton->rodata->mm_adj_pid = layout.adj_pid;
    skeleton->rodata->mm_adj_comm = layout.adj_comm;
    skeleton->rodata->mm_adj_value = layout.adj_value;
    return skeleton->obj;
}

static const struct variant variants[] = {
    {"BTF tracepoints", probe_btf, open_btf},
    {"classic tracepoints", probe_classic, open_classic},
};

static uint32_t ring_size(uint32_t wanted_bytes)
{
    uint32_t size = (uint32_t)sysconf(_SC_PAGESIZE);

    while (size < wanted_bytes && size < MM_BPF_RING_BYTES_MAX)
        size *= 2;
    return size;
}

/* A loaded object with the programs of the mask. What fails here ends with the process. */
static int load_object(const struct variant *variant, const struct mm_bpf_load_request *request,
                       unsigned wanted, struct mm_bpf_loader_message *message, struct bpf_object **ret_object)
{
    struct bpf_object *object = variant->open(request);
    int cpu_count = libbpf_num_possible_cpus();
    int result;

    if (!object) return errno > 0 ? -errno : -ENOEXEC;
    if (cpu_count < 0) return cpu_count;
    message->cpu_count = (uint32_t)cpu_count;
    message->ring_bytes = ring_size(request->ring_bytes);
    result = bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "mm_events"), message->ring_bytes);
    if (result < 0) return result;
    result = bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "mm_lost"), message->cpu_count);
    if (result < 0) return result;
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++) {
        struct bpf_program *program = bpf_object__find_program_by_name(object, programs[i].function);

        if (!program) return -ENOEXEC;
        result = bpf_program__set_autoload(program, (wanted & programs[i].bit) != 0);
        if (result < 0) return result;
    }
    result = bpf_object__load(object);
    if (result == 0) *ret_object = object;
    return result;
}

/* All programs, or as many as load one by one. */
static int load_most(const struct variant *variant, const struct mm_bpf_load_request *request,
                     unsigned wanted, struct mm_bpf_loader_message *message, struct bpf_object **ret_object)
{
    int result = load_object(variant, request, wanted, message, ret_object);
    unsigned working = 0;

    if (result == 0 || result == -EPERM) return result;
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++) {
        struct bpf_object *object = NULL;

        if (!(wanted & programs[i].bit) || wanted == (unsigned)programs[i].bit) continue;
        if (load_object(variant, request, programs[i].bit, message, &object) == 0) working |= programs[i].bit;
    }
    return working ? load_object(variant, request, working, message, ret_object) : result;
}

/* Returns how many were attached; those go into the result. */
static unsigned attach(struct bpf_object *object, struct mm_bpf_load_result *result)
{
    struct mm_bpf_loader_message *message = &result->message;

    result->fds[0] = bpf_object__find_map_fd_by_name(object, "mm_events");
    result->fds[1] = bpf_object__find_map_fd_by_name(object, "mm_lost");
    message->fd_count = 2;
    message->programs = 0;
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++) {
        const struct bpf_program *program = bpf_object__find_program_by_name(object, programs[i].function);
        struct bpf_link *link;

        if (bpf_program__fd(program) < 0) continue;
        link = bpf_program__attach(program);
        if (!link) continue;
        result->fds[message->fd_count++] = bpf_link__fd(link);
        message->programs |= programs[i].bit;
    }
    return message->fd_count - 2;
}

/* "exit, oom_score_adj" */
static void name_programs(unsigned mask, char *buffer, size_t size)
{
    size_t length = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < MM_ARRAY_SIZE(programs); i++) {
        if (!(mask & programs[i].bit)) continue;
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
    struct bpf_object *object = NULL;
    unsigned offered = 0;
    int error;

    heard = (struct mm_bpf_reason){0};
    error = variant->probe(MM_BPF_PROGRAM_ALL, &offered);
    if (error == 0) error = load_most(variant, request, offered, &result->message, &object);
    if (error == 0 && attach(object, result) == 0) error = errno > 0 ? -errno : -ENOENT;
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
        message->programs = 0;
        message->fd_count = 0;
        if (message->error == -EPERM) break;
    }
    *ret_result = result;
}
