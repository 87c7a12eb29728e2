/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/load_minimal_btf.h"

#include "common/common.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
/* libbpf's bpf/bpf.h: ours bears the same name */
#include MM_LIBBPF_BPF_H
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define BTF_FILE "/sys/kernel/btf/vmlinux"

static const char section_prefix[] = "tp_btf/";

/* The tracepoint of a program; NULL: it is of another kind. */
static const char *hook_of(const struct bpf_program *program)
{
    const char *section = bpf_program__section_name(program);
    size_t length = sizeof(section_prefix) - 1;

    return strncmp(section, section_prefix, length) == 0 ? section + length : NULL;
}

/* Called by libbpf with the program that it is about to hand to the kernel. */
static int prepare_program(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
    // NOLINTNEXTLINE(performance-no-int-to-ptr): what libbpf keeps for us is a number
    const struct mm_bpf_minimal_btf *minimal = (const struct mm_bpf_minimal_btf *)cookie;
    const char *hook = hook_of(program);

    for (size_t i = 0; i < MM_BPF_MINIMAL_BTF_HOOKS_MAX && minimal->hooks[i].name; i++) {
        if (!hook || strcmp(minimal->hooks[i].name, hook) != 0)
            continue;
        options->attach_btf_id = minimal->hooks[i].id;
        return bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
    }
    return -ENOENT;
}

/* The bytes of the file; is_mapped: the kernel's own pages, which it shows from 6.16 on. */
struct btf_file {
    char *data;
    size_t size;
    bool is_mapped;
};

static int read_btf_file(const char *path, struct btf_file *file)
{
    MM_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    size_t filled = 0;

    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    file->size = (size_t)status.st_size;
    file->data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
    file->is_mapped = file->data != MAP_FAILED;
    if (file->is_mapped)
        return 0;
    file->data = malloc(file->size + 1);
    while (file->data && filled < file->size) {
        ssize_t length = read(fd, file->data + filled, file->size - filled);

        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            return length < 0 ? -errno : -EIO;
        filled += (size_t)length;
    }
    return file->data ? 0 : -ENOMEM;
}

static void release_btf_file(struct btf_file *file)
{
    if (file->is_mapped)
        (void)munmap(file->data, file->size);
    else
        free(file->data);
}

/* The names are copies: the object is closed before the programs are loaded. */
static int note_hooks(struct mm_bpf_minimal_btf *minimal, struct bpf_object *object,
                      const struct mm_btf_view *view)
{
    struct bpf_program *program;
    size_t count = 0;

    bpf_object__for_each_program(program, object)
    {
        const char *hook = hook_of(program);

        if (!hook || count == MM_BPF_MINIMAL_BTF_HOOKS_MAX)
            return -EINVAL;
        minimal->hooks[count].name = strdup(hook);
        if (!minimal->hooks[count++].name)
            return -ENOMEM;
    }
    mm_btf_find_hooks(view, minimal->hooks, count);
    for (size_t i = 0; i < count; i++) {
        if (minimal->hooks[i].id == 0)
            return -ENOENT;
    }
    return 0;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* Names of all that the object's own types may stand for in the kernel: what follows "___" is the object's alone. NULL
   when memory is short. */
static char **needed_names(struct bpf_object *object, size_t *ret_count)
{
    const struct btf *btf = bpf_object__btf(object);
    uint32_t types = btf ? btf__type_cnt(btf) : 0;
    char **names = calloc((size_t)types + 1, sizeof(*names));
    size_t count = 0;

    if (!names)
        return NULL;
    for (uint32_t id = 1; id < types; id++) {
        const struct btf_type *type = btf__type_by_id(btf, id);
        const char *name = btf__name_by_offset(btf, type->name_off);
        const char *flavour = name ? strstr(name, "___") : NULL;

        if ((!btf_is_composite(type) && !btf_is_any_enum(type)) || !name || name[0] == '\0')
            continue;
        names[count] = strndup(name, flavour ? (size_t)(flavour - name) : strlen(name));
        if (!names[count]) {
            free_names(names, count);
            return NULL;
        }
        count++;
    }
    *ret_count = count;
    return names;
}

/* libbpf reads it from a file. */
static int write_part(struct mm_bpf_minimal_btf *minimal, const void *data, size_t size)
{
    minimal->part_fd = memfd_create("memmgr-btf", MFD_CLOEXEC);
    if (minimal->part_fd < 0)
        return -errno;
    if (write(minimal->part_fd, data, size) != (ssize_t)size)
        return -EIO;
    (void)mm_format(minimal->path, sizeof(minimal->path), "/proc/self/fd/%d", minimal->part_fd);
    return 0;
}

static int take_part(struct mm_bpf_minimal_btf *minimal, struct bpf_object *object,
                     const struct mm_btf_view *view)
{
    size_t count = 0, size;
    char **names = needed_names(object, &count);
    void *data = NULL;
    int result;

    if (!names)
        return -ENOMEM;
    result = mm_btf_take_part(view, (const char *const *)names, count, &data, &size);
    if (result == 0)
        result = write_part(minimal, data, size);
    free(data);
    free_names(names, count);
    return result;
}

/*
 * libbpf before 1.3 goes on with a list that it has freed when the last handler is unregistered and one is registered
 * after that. This one, of a section that no program has, stays.
 */
static int keep_a_handler(void)
{
    static int kept;

    if (kept <= 0)
        kept = libbpf_register_prog_handler("memmgr_none", BPF_PROG_TYPE_UNSPEC, 0, NULL);
    return kept < 0 ? kept : 0;
}

static int register_handler(struct mm_bpf_minimal_btf *minimal)
{
    LIBBPF_OPTS(libbpf_prog_handler_opts, options, .cookie = (long)minimal,
                .prog_prepare_load_fn = prepare_program);
    int result = keep_a_handler();

    if (result < 0)
        return result;
    minimal->handler =
        libbpf_register_prog_handler("tp_btf+", BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_TRACE_RAW_TP, &options);
    return minimal->handler < 0 ? minimal->handler : 0;
}

int mm_bpf_minimal_btf_begin(struct mm_bpf_minimal_btf *minimal, struct bpf_object *object)
{
    struct mm_btf_view view = {.count = 0};
    struct btf_file file = {.data = NULL};
    int result;

    *minimal = (struct mm_bpf_minimal_btf){.part_fd = -1};
    result = read_btf_file(BTF_FILE, &file);
    if (result == 0)
        result = mm_btf_view_init(&view, file.data, file.size);
    if (result == 0)
        result = note_hooks(minimal, object, &view);
    if (result == 0)
        result = take_part(minimal, object, &view);
    mm_btf_view_fini(&view);
    release_btf_file(&file);
    if (result == 0)
        result = register_handler(minimal);
    if (result < 0)
        mm_bpf_minimal_btf_end(minimal);
    return result;
}

void mm_bpf_minimal_btf_end(struct mm_bpf_minimal_btf *minimal)
{
    if (minimal->handler > 0)
        (void)libbpf_unregister_prog_handler(minimal->handler);
    if (minimal->path[0] || minimal->part_fd > 0)
        (void)close(minimal->part_fd);
    for (size_t i = 0; i < MM_BPF_MINIMAL_BTF_HOOKS_MAX; i++)
        free((char *)minimal->hooks[i].name);
    *minimal = (struct mm_bpf_minimal_btf){.part_fd = -1};
}
