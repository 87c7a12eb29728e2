/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/load_pins.h"

#include "common/common.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define PATH_BYTES 256

/* What there is under the name of a map. */
enum pinned { PINNED_NOT, PINNED_OURS, PINNED_FOREIGN };

static int call_bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
    int result = (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));

    return result < 0 ? -errno : result;
}

static void path_of(const struct mm_bpf_pins *pins, size_t index, char *path)
{
    (void)mm_format(path, PATH_BYTES, "%s/%s", pins->directory, pins->maps[index]);
}

/* A map of another kind would be read as something that it is not. */
static bool fits(const struct bpf_map *map, int fd)
{
    struct bpf_map_info info = {0};
    union bpf_attr attributes = {0};

    attributes.info.bpf_fd = (uint32_t)fd;
    attributes.info.info_len = sizeof(info);
    attributes.info.info = (uintptr_t)&info;
    if (call_bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes) < 0)
        return false;
    /* the kernel cuts names */
    return strncmp(info.name, bpf_map__name(map), sizeof(info.name) - 1) == 0 &&
           info.type == (uint32_t)bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
           info.value_size == bpf_map__value_size(map) && info.max_entries == bpf_map__max_entries(map) &&
           info.map_flags == bpf_map__map_flags(map);
}

/* *ret_fd is open when it is ours. */
static enum pinned look_at(const struct mm_bpf_pins *pins, size_t index, const struct bpf_map *map,
                           int *ret_fd)
{
    char path[PATH_BYTES];
    union bpf_attr attributes = {0};
    int fd;

    path_of(pins, index, path);
    attributes.pathname = (uintptr_t)path;
    fd = call_bpf(BPF_OBJ_GET, &attributes);
    if (fd == -ENOENT)
        return PINNED_NOT;
    if (fd >= 0 && fits(map, fd)) {
        *ret_fd = fd;
        return PINNED_OURS;
    }
    if (fd >= 0)
        (void)close(fd);
    return PINNED_FOREIGN;
}

void mm_bpf_pins_remove(const struct mm_bpf_pins *pins)
{
    char path[PATH_BYTES];

    for (size_t i = 0; i < pins->map_count; i++) {
        path_of(pins, i, path);
        (void)unlink(path);
    }
}

static int open_directory(const char *directory, int *ret_fd)
{
    MM_CLEANUP_CLOSE int fd = -1;
    struct statfs system;

    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        return -errno;
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    if (fstatfs(fd, &system) < 0)
        return -errno;
    if ((unsigned long)system.f_type != BPF_FS_MAGIC)
        return -EOPNOTSUPP;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    *ret_fd = mm_take_fd(&fd);
    return 0;
}

/* All are ours: they take the place of those that would be made. */
static int take_over(const struct mm_bpf_pins *pins, struct bpf_object *object, const int *fds)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < pins->map_count; i++)
        result = bpf_map__reuse_fd(bpf_object__find_map_by_name(object, pins->maps[i]), fds[i]);
    return result;
}

/* One that ended while it pinned has left a part, which is of no use. */
static int adopt_all(const struct mm_bpf_pins *pins, struct bpf_object *object, int *fds,
                     bool *ret_are_taken_over)
{
    size_t ours = 0;
    bool is_foreign = false;

    for (size_t i = 0; i < pins->map_count; i++) {
        enum pinned found = look_at(pins, i, bpf_object__find_map_by_name(object, pins->maps[i]), &fds[i]);

        ours += found == PINNED_OURS;
        is_foreign = is_foreign || found == PINNED_FOREIGN;
    }
    if (is_foreign)
        return -EEXIST;
    *ret_are_taken_over = ours == pins->map_count;
    if (*ret_are_taken_over)
        return take_over(pins, object, fds);
    mm_bpf_pins_remove(pins);
    return 0;
}

int mm_bpf_pins_adopt(const struct mm_bpf_pins *pins, struct bpf_object *object, int *ret_fd,
                      bool *ret_are_taken_over)
{
    MM_CLEANUP_CLOSE int directory_fd = -1;
    int fds[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
    bool are_taken_over = false;
    int result =
        pins->map_count > MM_ARRAY_SIZE(fds) ? -E2BIG : open_directory(pins->directory, &directory_fd);

    if (result == 0)
        result = adopt_all(pins, object, fds, &are_taken_over);
    /* the object has its own duplicates */
    for (size_t i = 0; i < MM_ARRAY_SIZE(fds); i++)
        mm_cleanup_close(&fds[i]);
    if (result < 0)
        return result;
    *ret_fd = mm_take_fd(&directory_fd);
    *ret_are_taken_over = are_taken_over;
    return 0;
}

int mm_bpf_pins_make(const struct mm_bpf_pins *pins, const struct bpf_object *object)
{
    char path[PATH_BYTES];
    int result = 0;

    for (size_t i = 0; result == 0 && i < pins->map_count; i++) {
        path_of(pins, i, path);
        result = bpf_map__pin(bpf_object__find_map_by_name(object, pins->maps[i]), path);
    }
    if (result < 0)
        mm_bpf_pins_remove(pins);
    return result;
}
