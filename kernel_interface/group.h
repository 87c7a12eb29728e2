/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cgroup held open. The directory's descriptor is its identity: should the group be removed and another
 * one be made under the same path, every access says -ENODEV instead of touching the stranger.
 */
#ifndef MM_KERNEL_INTERFACE_GROUP_H
#define MM_KERNEL_INTERFACE_GROUP_H

#include "kernel_interface/hierarchy.h"
#include "kernel_interface/hot_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The memory files of a group; names for v1 and v2 stand in one table. */
enum mm_group_file {
    MM_GROUP_FILE_CURRENT,
    MM_GROUP_FILE_HIGH,
    MM_GROUP_FILE_MAX,
    MM_GROUP_FILE_SWAP_CURRENT, /* v1: memory and swap together */
    MM_GROUP_FILE_SWAP_MAX,     /* v1: memory and swap together */
    MM_GROUP_FILE_STAT,
    MM_GROUP_FILE_PRESSURE, /* v2 only; for v1 see mm_group_open_twin */
    MM_GROUP_FILE_COUNT
};

struct mm_group {
    bool is_v2;
    int directory_fd; /* O_PATH */
    uint64_t id;      /* inode of the directory */
    char path[MM_GROUP_PATH_MAX];
    struct mm_hot_file files[MM_GROUP_FILE_COUNT]; /* opened when first read; the main thread's alone */
};

/* Figures of memory.stat over the whole subtree, in bytes; MM_UNKNOWN where there is no such line. */
struct mm_group_stat {
    uint64_t active_file, inactive_file;
    uint64_t dirty, writeback;
    uint64_t anonymous;
    uint64_t swap; /* v1 only */
};

void mm_group_stat_begin(struct mm_group_stat *stat);
int mm_group_stat_parse_line_v1(const char *line, size_t length, void *user);
int mm_group_stat_parse_line_v2(const char *line, size_t length, void *user);
/* File pages that can be dropped without being written first. -ENODATA without the file lines. */
int mm_group_stat_droppable(const struct mm_group_stat *stat, uint64_t *ret_bytes);

/* A limit or usage file: a number, "max", -1 or v1's huge number for none. -EINVAL, -ERANGE. */
int mm_group_number_parse(const char *text, size_t length, uint64_t *ret_bytes);

/* Opens a group in memory of the caller's; on failure nothing is held. -ENOENT, -EOPNOTSUPP without a memory hierarchy,
   -EINVAL, -ENAMETOOLONG. */
int mm_group_init(const struct mm_hierarchy *memory, const char *path, struct mm_group *group);
void mm_group_fini(struct mm_group *group);
/* The same in memory of its own; -ENOMEM besides. */
int mm_group_open(const struct mm_hierarchy *memory, const char *path, struct mm_group **ret_group);
void mm_group_close(struct mm_group *group); /* accepts NULL */

/* As read_group and raise_group of struct mm_kernel. */
int mm_group_read(struct mm_group *group, enum mm_group_value value, uint64_t *ret_bytes);
int mm_group_raise(struct mm_group *group, enum mm_group_value value, uint64_t bytes);

int mm_group_read_number(struct mm_group *group, enum mm_group_file file, uint64_t *ret_bytes);
int mm_group_read_stat(struct mm_group *group, struct mm_group_stat *ret_stat);

/*
 * These touch no hot file and may be called from any thread. Writing takes effect as the kernel does it:
 * it may block and reclaim. Only MM_GROUP_HIGH and MM_GROUP_MAX can be written, else -EINVAL.
 */
int mm_group_read_file(const struct mm_group *group, enum mm_group_file file, uint64_t *ret_bytes);
int mm_group_write(const struct mm_group *group, enum mm_group_value value, int open_flags, uint64_t bytes);
enum mm_group_file mm_group_limit_file(enum mm_group_value value); /* MM_GROUP_FILE_COUNT: not a limit */

/* An error of opening or using a file of the group: -ENOENT is -ENODEV where the group is gone, else
   -EOPNOTSUPP: this kernel or this group has no such file. */
int mm_group_file_error(int directory_fd, int error);

/*
 * Thread groups in the subtree of a directory, as read_group_processes of struct mm_kernel. A process whose
 * threads are spread over groups of v1 comes up in each; 0 stands for one of another pid namespace.
 */
ssize_t mm_group_processes(int directory_fd, pid_t *ret_pids, size_t capacity);
/* Those of the group itself. 0, or what the kernel said. */
int mm_group_visit_own(int directory_fd, mm_pid_visit visit, void *user);

/*
 * The v2 directory that goes with a group, to be closed: its own, or on a hybrid machine the one of the same
 * path, if it holds the very same processes. -EOPNOTSUPP where there is none, -ENODEV.
 */
int mm_group_open_twin(const struct mm_hierarchy *unified, const struct mm_group *group);

/* As kill_group, by the directory that mm_group_open_twin gave. -EPERM where this process or process 1 is among them. */
int mm_group_kill(int twin_fd);

#ifdef __cplusplus
}
#endif

#endif
