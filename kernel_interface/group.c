/* SPDX-License-Identifier: Apache-2.0 */
/* One cgroup: its identity, its figures, its limits. */
#include "kernel_interface/group.h"

#include "common/common.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* A number of 20 digits and a newline. */
#define NUMBER_SIZE 32U

struct file_names {
    const char *v1, *v2;
};

static const struct file_names file_names[MM_GROUP_FILE_COUNT] = {
    [MM_GROUP_FILE_CURRENT] = {"memory.usage_in_bytes", "memory.current"},
    [MM_GROUP_FILE_HIGH] = {"memory.soft_limit_in_bytes", "memory.high"},
    [MM_GROUP_FILE_MAX] = {"memory.limit_in_bytes", "memory.max"},
    [MM_GROUP_FILE_SWAP_CURRENT] = {"memory.memsw.usage_in_bytes", "memory.swap.current"},
    [MM_GROUP_FILE_SWAP_MAX] = {"memory.memsw.limit_in_bytes", "memory.swap.max"},
    [MM_GROUP_FILE_STAT] = {"memory.stat", "memory.stat"},
    [MM_GROUP_FILE_PRESSURE] = {"memory.pressure", "memory.pressure"},
};

static const char *file_name(const struct mm_group *group, enum mm_group_file file)
{
    return group->is_v2 ? file_names[file].v2 : file_names[file].v1;
}

/* v1 has no "max": no limit is the largest whole page count, 9223372036854771712 with 4 KiB pages. */
static uint64_t v1_unlimited_from(void)
{
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);

    if (sizeof(long) == sizeof(uint64_t))
        return (uint64_t)LONG_MAX / page_bytes * page_bytes;
    return (uint64_t)LONG_MAX * page_bytes;
}

int mm_group_number_parse(const char *text, size_t length, uint64_t *ret_bytes)
{
    const char *cursor = text;
    const char *end = text + length;
    struct mm_word word;
    uint64_t bytes;
    int r;

    if (length > 0 && text[length - 1] == '\n')
        end--;
    word = mm_first_word(&cursor, end);
    if (mm_word_is(word, "max") || mm_word_is(word, "-1")) {
        *ret_bytes = MM_UNLIMITED;
        return 0;
    }
    cursor = text;
    r = mm_scan_figure(&cursor, end, &bytes);
    if (r < 0)
        return r;
    *ret_bytes = bytes >= v1_unlimited_from() ? MM_UNLIMITED : bytes;
    return 0;
}

/* One slash before each name and none at the end. */
static int normalise_path(const char *path, char *buffer, size_t size)
{
    size_t used = 0;

    if (path[0] != '/')
        return -EINVAL;
    for (; *path; path++) {
        if (path[0] == '/' && (path[1] == '/' || (path[1] == '\0' && used > 0)))
            continue;
        if (used + 1 >= size)
            return -ENAMETOOLONG;
        buffer[used++] = *path;
    }
    buffer[used] = '\0';
    return 0;
}

static int open_directory(const struct mm_hierarchy *memory, const char *path, struct mm_group *group)
{
    struct stat status;
    int r = normalise_path(path, group->path, sizeof(group->path));

    if (r == 0)
        r = group->directory_fd = mm_hierarchy_open(memory, group->path);
    if (r < 0)
        return r;
    if (fstat(group->directory_fd, &status) < 0)
        return -errno;
    group->id = status.st_ino;
    return 0;
}

int mm_group_init(const struct mm_hierarchy *memory, const char *path, struct mm_group *group)
{
    int r;

    if (memory->top_fd < 0)
        return -EOPNOTSUPP;
    *group = (struct mm_group){.is_v2 = memory->is_v2, .directory_fd = -1};
    for (unsigned i = 0; i < MM_GROUP_FILE_COUNT; i++)
        group->files[i].fd = -1;
    r = open_directory(memory, path, group);
    if (r < 0) {
        mm_group_fini(group);
        return r;
    }
    for (unsigned i = 0; i < MM_GROUP_FILE_COUNT; i++) {
        group->files[i].directory_fd = group->directory_fd;
        group->files[i].path = file_name(group, (enum mm_group_file)i);
    }
    return 0;
}

void mm_group_fini(struct mm_group *group)
{
    for (unsigned i = 0; i < MM_GROUP_FILE_COUNT; i++)
        mm_hot_file_close(&group->files[i]);
    if (group->directory_fd >= 0)
        (void)close(group->directory_fd);
    group->directory_fd = -1;
}

int mm_group_open(const struct mm_hierarchy *memory, const char *path, struct mm_group **ret_group)
{
    struct mm_group *group = (struct mm_group *)malloc(sizeof(*group));
    int r;

    if (!group)
        return -ENOMEM;
    r = mm_group_init(memory, path, group);
    if (r < 0) {
        free(group);
        return r;
    }
    *ret_group = group;
    return 0;
}

void mm_group_close(struct mm_group *group)
{
    if (!group)
        return;
    mm_group_fini(group);
    free(group);
}

int mm_group_file_error(int directory_fd, int error)
{
    /* Every group has this file, and a removed one's directory has none. */
    if (error == -ENOENT)
        return faccessat(directory_fd, "cgroup.procs", F_OK, 0) == 0 ? -EOPNOTSUPP : -ENODEV;
    return error;
}

int mm_group_read_number(struct mm_group *group, enum mm_group_file file, uint64_t *ret_bytes)
{
    char text[NUMBER_SIZE];
    ssize_t length = mm_hot_file_read(&group->files[file], text, sizeof(text));

    if (length < 0)
        return mm_group_file_error(group->directory_fd, (int)length);
    return mm_group_number_parse(text, (size_t)length, ret_bytes);
}

int mm_group_read_file(const struct mm_group *group, enum mm_group_file file, uint64_t *ret_bytes)
{
    char text[NUMBER_SIZE];
    ssize_t length = mm_read_file(group->directory_fd, file_name(group, file), text, sizeof(text));

    if (length < 0)
        return mm_group_file_error(group->directory_fd, (int)length);
    return mm_group_number_parse(text, (size_t)length, ret_bytes);
}

/* v1 counts memory and swap together; its batched counters may put the sum below the memory alone. */
static int read_swap(struct mm_group *group, uint64_t *ret_bytes)
{
    uint64_t both, memory;
    int r;

    if (group->is_v2)
        return mm_group_read_number(group, MM_GROUP_FILE_SWAP_CURRENT, ret_bytes);
    r = mm_group_read_number(group, MM_GROUP_FILE_CURRENT, &memory);
    if (r == 0)
        r = mm_group_read_number(group, MM_GROUP_FILE_SWAP_CURRENT, &both);
    if (r < 0)
        return r;
    *ret_bytes = both > memory ? both - memory : 0;
    return 0;
}

static int read_from_stat(struct mm_group *group, enum mm_group_value value, uint64_t *ret_bytes)
{
    struct mm_group_stat stat;
    int r = mm_group_read_stat(group, &stat);

    if (r < 0)
        return r;
    if (value == MM_GROUP_FILE)
        return mm_group_stat_droppable(&stat, ret_bytes);
    if (stat.anonymous == MM_UNKNOWN)
        return -ENODATA;
    *ret_bytes = stat.anonymous;
    return 0;
}

int mm_group_read(struct mm_group *group, enum mm_group_value value, uint64_t *ret_bytes)
{
    switch (value) {
    case MM_GROUP_CURRENT:
        return mm_group_read_number(group, MM_GROUP_FILE_CURRENT, ret_bytes);
    case MM_GROUP_HIGH:
        return mm_group_read_number(group, MM_GROUP_FILE_HIGH, ret_bytes);
    case MM_GROUP_MAX:
        return mm_group_read_number(group, MM_GROUP_FILE_MAX, ret_bytes);
    case MM_GROUP_SWAP_CURRENT:
        return read_swap(group, ret_bytes);
    case MM_GROUP_FILE:
    case MM_GROUP_ANONYMOUS:
        return read_from_stat(group, value, ret_bytes);
    case MM_GROUP_VALUE_COUNT:
        break;
    }
    return -EINVAL;
}

enum mm_group_file mm_group_limit_file(enum mm_group_value value)
{
    if (value == MM_GROUP_HIGH)
        return MM_GROUP_FILE_HIGH;
    if (value == MM_GROUP_MAX)
        return MM_GROUP_FILE_MAX;
    return MM_GROUP_FILE_COUNT;
}

int mm_group_write(const struct mm_group *group, enum mm_group_value value, int open_flags, uint64_t bytes)
{
    enum mm_group_file file = mm_group_limit_file(value);
    char text[NUMBER_SIZE];
    size_t length;
    int r;

    if (file == MM_GROUP_FILE_COUNT)
        return -EINVAL;
    if (bytes == MM_UNLIMITED)
        length = mm_format(text, sizeof(text), "%s", group->is_v2 ? "max" : "-1");
    else
        length = mm_format(text, sizeof(text), "%llu", (unsigned long long)bytes);
    r = mm_write_file(group->directory_fd, file_name(group, file), open_flags, text, length);
    return mm_group_file_error(group->directory_fd, r);
}

int mm_group_raise(struct mm_group *group, enum mm_group_value value, uint64_t bytes)
{
    uint64_t current;
    int r;

    if (mm_group_limit_file(value) == MM_GROUP_FILE_COUNT)
        return -EINVAL;
    r = mm_group_read(group, MM_GROUP_CURRENT, &current);
    if (r < 0)
        return r;
    if (bytes < current)
        return -EBUSY;
    do
        r = mm_group_write(group, value, O_NONBLOCK, bytes);
    while (r == -EINTR);
    return r;
}
