/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/load_pins.h"

#include "bpf/call.h"
#include "bpf/collector.h"
#include "bpf/load_pass.h"
#include "common/common.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PATH_BYTES 256
/* More than any object has. */
#define MAPS_MAX 8

/* What there is under the name of a map. */
enum pinned { PINNED_NOT, PINNED_OURS, PINNED_FOREIGN };

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
    if (mm_bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attributes) < 0)
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
    fd = mm_bpf_call(BPF_OBJ_GET, &attributes);
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

static void remove_all(const struct mm_bpf_pins *pins)
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
    struct stat status;

    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        return -errno;
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    if (fstatfs(fd, &system) < 0 || fstat(fd, &status) < 0)
        return -errno;
    /* bpffs lets everybody make directories: in somebody else's the maps would be theirs to take */
    if (status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)))
        return -EPERM;
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
static int adopt_all(struct mm_bpf_pins *pins, struct bpf_object *object, int *fds)
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
    if (ours < pins->map_count) {
        remove_all(pins);
        return 0;
    }
    pins->are_taken_over = true;
    return take_over(pins, object, fds);
}

/* Before the object is loaded. */
static int adopt(struct mm_bpf_pins *pins, struct bpf_object *object)
{
    int fds[MAPS_MAX];
    int result = pins->map_count > MAPS_MAX ? -E2BIG : open_directory(pins->directory, &pins->fd);

    if (result < 0)
        return result;
    for (size_t i = 0; i < MAPS_MAX; i++)
        fds[i] = -1;
    result = adopt_all(pins, object, fds);
    /* the object has its own duplicates */
    for (size_t i = 0; i < MAPS_MAX; i++)
        mm_cleanup_close(&fds[i]);
    if (result < 0)
        (void)close(mm_take_fd(&pins->fd));
    return result;
}

/* After it was loaded. */
static int pin_all(const struct mm_bpf_pins *pins, const struct bpf_object *object)
{
    char path[PATH_BYTES];
    int result = 0;

    for (size_t i = 0; result == 0 && i < pins->map_count; i++) {
        path_of(pins, i, path);
        result = bpf_map__pin(bpf_object__find_map_by_name(object, pins->maps[i]), path);
    }
    if (result < 0)
        remove_all(pins);
    return result;
}

int mm_bpf_pins_load(struct mm_bpf_pins *pins, struct bpf_object *object)
{
    int result;

    if (pins->directory)
        pins->error = adopt(pins, object);
    result = bpf_object__load(object);
    if (result < 0 || pins->fd < 0 || pins->are_taken_over)
        return result;
    pins->error = pin_all(pins, object);
    if (pins->error < 0)
        (void)close(mm_take_fd(&pins->fd));
    return 0;
}

static void describe(const struct mm_bpf_pins *pins, struct mm_bpf_loader_message *message)
{
    size_t length = strlen(message->reason), size = sizeof(message->reason);
    const char *why = pins->error == -EBUSY    ? "another daemon has its own there"
                      : pins->error == -EEXIST ? "something foreign is there, and left alone"
                                               : strerror(-pins->error);

    if (pins->fd >= 0)
        (void)mm_format(message->reason + length, size - length, "; %s %s",
                        pins->are_taken_over ? "maps taken over from" : "maps pinned in", pins->directory);
    else if (pins->directory)
        (void)mm_format(message->reason + length, size - length, "; maps not pinned in %s: %s",
                        pins->directory, why);
}

int mm_bpf_pins_pass(const struct mm_bpf_pins *pins, struct mm_bpf_load_result *result)
{
    describe(pins, &result->message);
    if (pins->fd < 0)
        return 0;
    result->message.flags |= MM_BPF_COLLECTOR_IS_PINNED;
    if (pins->are_taken_over)
        result->message.flags |= MM_BPF_COLLECTOR_IS_TAKEN_OVER;
    return mm_bpf_pass_fd(pins->fd, result);
}

void mm_bpf_pins_end(struct mm_bpf_pins *pins, int error)
{
    if (error < 0 && pins->fd >= 0 && !pins->are_taken_over)
        remove_all(pins);
    mm_cleanup_close(&pins->fd);
}
