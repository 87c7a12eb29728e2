/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of the simulated machine. */
#include "kernel_interface/simulated_machine.h"

#include <errno.h>
#include <string.h>

struct mm_machine_group *mm_machine_find_group(const struct mm_machine *machine, const char *path)
{
    MM_LIST_FOR_EACH (link, &machine->groups) {
        struct mm_machine_group *group = MM_CONTAINER_OF(link, struct mm_machine_group, link);

        if (strcmp(group->path, path) == 0)
            return group;
    }
    return NULL;
}

void mm_machine_hold_group(struct mm_machine_group *group)
{
    group->references++;
}

void mm_machine_drop_group(struct mm_machine_group *group)
{
    while (group && --group->references == 0) {
        struct mm_machine_group *parent = group->parent;

        free(group);
        group = parent;
    }
}

static struct mm_machine_group *new_group(struct mm_machine *machine, struct mm_machine_group *parent,
                                          const char *path, size_t length)
{
    struct mm_machine_group *group = calloc(1, sizeof(*group));

    if (!group)
        return NULL;
    memcpy(group->path, path, length); /* the rest is zero */
    group->references = 1;
    group->inode = ++machine->last_inode;
    group->high_bytes = MM_UNLIMITED;
    group->max_bytes = MM_UNLIMITED;
    mm_list_init(&group->children);
    mm_list_init(&group->sibling_link);
    mm_list_init(&group->processes);
    mm_list_push_back(&machine->groups, &group->link);
    group->parent = parent;
    if (parent) {
        mm_machine_hold_group(parent);
        mm_list_push_back(&parent->children, &group->sibling_link);
    }
    return group;
}

int mm_machine_make_group(struct mm_machine *machine, const char *path, struct mm_machine_group **ret_group)
{
    struct mm_machine_group *group = machine->root;
    size_t length = strlen(path);

    if (path[0] != '/' || (length > 1 && path[length - 1] == '/'))
        return -EINVAL;
    if (length >= MM_GROUP_PATH_MAX)
        return -ENAMETOOLONG;
    if (!group) {
        group = new_group(machine, NULL, "/", 1);
        if (!group)
            return -ENOMEM;
        machine->root = group;
    }
    for (size_t end = 1; length > 1 && end <= length; end++) {
        char part[MM_GROUP_PATH_MAX] = "";
        struct mm_machine_group *child;

        if (end < length && path[end] != '/')
            continue;
        memcpy(part, path, end);
        child = mm_machine_find_group(machine, part);
        if (!child)
            child = new_group(machine, group, path, end);
        if (!child)
            return -ENOMEM;
        group = child;
    }
    *ret_group = group;
    return 0;
}

bool mm_machine_is_in_group(const struct mm_machine_group *ancestor, const struct mm_machine_group *group)
{
    while (group && group != ancestor)
        group = group->parent;
    return group != NULL;
}

static void remove_group(struct mm_machine_group *group)
{
    mm_machine_charge(group, 0, -(int64_t)group->own_file_bytes, 0);
    group->own_file_bytes = 0;
    group->is_removed = true;
    mm_list_remove(&group->link);
    mm_list_remove(&group->sibling_link);
    mm_machine_drop_group(group);
}

int mm_simulated_remove_group(struct mm_kernel *kernel, const char *path)
{
    struct mm_machine_group *group = mm_machine_find_group(mm_machine_of(kernel), path);

    if (!group)
        return -ENOENT;
    if (!group->parent || !mm_list_is_empty(&group->processes) || !mm_list_is_empty(&group->children))
        return -EBUSY;
    mm_machine_hold_group(group);
    remove_group(group);
    mm_machine_tell_removal(mm_machine_of(kernel), group);
    mm_machine_drop_group(group);
    return 0;
}

void mm_machine_close_handles(struct mm_machine *machine)
{
    MM_LIST_FOR_EACH (link, &machine->handles) {
        struct mm_group *handle = MM_CONTAINER_OF(link, struct mm_group, link);

        mm_machine_drop_group(handle->group);
        free(handle);
    }
    mm_list_init(&machine->handles);
}

/* A child is made after its parent, so from the end the children go first. */
void mm_machine_free_groups(struct mm_machine *machine)
{
    while (!mm_list_is_empty(&machine->groups))
        remove_group(MM_CONTAINER_OF(machine->groups.previous, struct mm_machine_group, link));
    machine->root = NULL;
}

int mm_machine_group_has_value(const struct mm_machine *machine, const struct mm_machine_group *group,
                               enum mm_group_value value)
{
    bool is_root = group->parent == NULL;

    if (group->is_removed)
        return -ENODEV;
    if (value == MM_GROUP_HIGH && !machine->is_v1 && machine->options.lacks[MM_FEATURE_MEMORY_HIGH])
        return -EOPNOTSUPP;
    /* v2's root has memory.stat alone. */
    if (is_root && !machine->is_v1 && value != MM_GROUP_FILE && value != MM_GROUP_ANONYMOUS)
        return -EOPNOTSUPP;
    if (value == MM_GROUP_SWAP_CURRENT && machine->options.lacks[MM_FEATURE_SWAP])
        return -EOPNOTSUPP;
    return 0;
}

uint64_t mm_machine_group_value(const struct mm_machine_group *group, enum mm_group_value value)
{
    switch (value) {
    case MM_GROUP_CURRENT:
        return mm_machine_group_bytes(group);
    case MM_GROUP_HIGH:
        return group->high_bytes;
    case MM_GROUP_MAX:
        return group->max_bytes;
    case MM_GROUP_SWAP_CURRENT:
        return group->usage.swap;
    case MM_GROUP_FILE:
        return group->usage.file;
    case MM_GROUP_ANONYMOUS:
        return group->usage.anonymous;
    case MM_GROUP_VALUE_COUNT:
        break;
    }
    return MM_UNKNOWN;
}

uint64_t mm_machine_fit_group(struct mm_machine *machine, struct mm_machine_group *group,
                              enum mm_group_value value, uint64_t bytes)
{
    uint64_t limit = mm_machine_group_value(group, value);
    uint64_t present = mm_machine_group_bytes(group);
    uint64_t wish, done;

    if (present <= limit || (value == MM_GROUP_HIGH && machine->is_v1))
        return 0;
    wish = MM_MIN(bytes, present - limit);
    done = mm_machine_reclaim(machine, group, wish);
    if (value == MM_GROUP_MAX && done < wish)
        mm_machine_oom_kill(machine, group);
    return done;
}

uint64_t mm_simulated_group_value(struct mm_kernel *kernel, const char *path, enum mm_group_value value)
{
    const struct mm_machine_group *group = mm_machine_find_group(mm_machine_of(kernel), path);

    return group ? mm_machine_group_value(group, value) : MM_UNKNOWN;
}

static int set_own_files(struct mm_machine *machine, struct mm_machine_group *group, uint64_t bytes)
{
    uint64_t before = group->own_file_bytes;

    if (bytes > before && mm_machine_make_room(machine, group, bytes - before) < 0)
        return -ENOMEM;
    mm_machine_charge(group, 0, (int64_t)(bytes - group->own_file_bytes), 0);
    group->own_file_bytes = bytes;
    return 0;
}

static void set_limit(struct mm_machine_group *group, enum mm_group_value value, uint64_t bytes)
{
    if (value == MM_GROUP_HIGH)
        group->high_bytes = bytes;
    else
        group->max_bytes = bytes;
}

int mm_simulated_set_group_value(struct mm_kernel *kernel, const char *path, enum mm_group_value value,
                                 uint64_t bytes)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    struct mm_machine_group *group;
    int error = mm_machine_make_group(machine, path, &group);

    if (error < 0)
        return error;
    if (value == MM_GROUP_FILE)
        return set_own_files(machine, group, bytes);
    if (value != MM_GROUP_HIGH && value != MM_GROUP_MAX)
        return -EINVAL;
    set_limit(group, value, bytes);
    (void)mm_machine_fit_group(machine, group, value, UINT64_MAX);
    return 0;
}

/* ---- operations ------------------------------------------------------------------------------------- */

static int open_handle(struct mm_machine *machine, const char *path, struct mm_group **ret_group)
{
    struct mm_machine_group *group = mm_machine_find_group(machine, path);
    struct mm_group *handle;

    if (!machine->is_v1 && machine->options.lacks[MM_FEATURE_CGROUP_V2_MEMORY])
        return -EOPNOTSUPP;
    if (!group)
        return -ENOENT;
    handle = calloc(1, sizeof(*handle));
    if (!handle)
        return -ENOMEM;
    handle->group = group;
    mm_machine_hold_group(group);
    mm_list_push_back(&machine->handles, &handle->link);
    *ret_group = handle;
    return 0;
}

int mm_machine_open_group(struct mm_kernel *kernel, const char *path, struct mm_group **ret_group)
{
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_open_group);

    return error < 0 ? error : open_handle(mm_machine_of(kernel), path, ret_group);
}

/* One at a time, as on Linux. */
int mm_machine_borrow_group(struct mm_kernel *kernel, const char *path, struct mm_group **ret_group)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    int error = mm_machine_enter(machine, MM_OPERATION_borrow_group);

    if (error < 0)
        return error;
    MM_LIST_FOR_EACH (link, &machine->handles) {
        if (MM_CONTAINER_OF(link, struct mm_group, link)->is_borrowed)
            return -EBUSY;
    }
    error = open_handle(machine, path, ret_group);
    if (error == 0)
        (*ret_group)->is_borrowed = true;
    return error;
}

void mm_machine_close_group(struct mm_kernel *kernel, struct mm_group *group)
{
    if (mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_close_group) < 0 || !group)
        return;
    mm_list_remove(&group->link);
    mm_machine_drop_group(group->group);
    free(group);
}

const char *mm_machine_group_path(struct mm_kernel *kernel, const struct mm_group *group)
{
    (void)mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_group_path);
    return group->group->path;
}

uint64_t mm_machine_group_id(struct mm_kernel *kernel, const struct mm_group *group)
{
    (void)mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_group_id);
    return group->group->inode;
}

int mm_machine_read_group(struct mm_kernel *kernel, struct mm_group *group, enum mm_group_value value,
                          uint64_t *ret_bytes)
{
    const struct mm_machine *machine = mm_machine_of(kernel);
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_read_group);

    if (error == 0)
        error = mm_machine_group_has_value(machine, group->group, value);
    if (error == 0)
        *ret_bytes = mm_machine_group_value(group->group, value);
    return error;
}

int mm_machine_raise_group(struct mm_kernel *kernel, struct mm_group *group, enum mm_group_value value,
                           uint64_t bytes)
{
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_raise_group);

    if (error < 0)
        return error;
    if (value != MM_GROUP_HIGH && value != MM_GROUP_MAX)
        return -EINVAL;
    error = mm_machine_group_has_value(mm_machine_of(kernel), group->group, value);
    if (error < 0)
        return error;
    if (bytes < mm_machine_group_bytes(group->group))
        return -EBUSY;
    set_limit(group->group, value, bytes);
    return 0;
}

static size_t list_processes(const struct mm_machine_group *group, pid_t *ret_pids, size_t capacity,
                             size_t count)
{
    MM_LIST_FOR_EACH (link, &group->processes) {
        if (count < capacity)
            ret_pids[count] = MM_CONTAINER_OF(link, struct mm_machine_process, group_link)->pid;
        count++;
    }
    MM_LIST_FOR_EACH (link, &group->children)
        count = list_processes(MM_CONTAINER_OF(link, struct mm_machine_group, sibling_link), ret_pids,
                               capacity, count);
    return count;
}

ssize_t mm_machine_read_group_processes(struct mm_kernel *kernel, struct mm_group *group, pid_t *ret_pids,
                                        size_t capacity)
{
    int error = mm_machine_enter(mm_machine_of(kernel), MM_OPERATION_read_group_processes);

    if (error < 0)
        return error;
    if (group->group->is_removed)
        return -ENODEV;
    return (ssize_t)list_processes(group->group, ret_pids, capacity, 0);
}

/* Pid 1 and the daemon itself, as in kill_process. */
static bool has_protected(const struct mm_machine *machine, const struct mm_machine_group *group)
{
    MM_LIST_FOR_EACH (link, &group->processes) {
        pid_t pid = MM_CONTAINER_OF(link, struct mm_machine_process, group_link)->pid;

        if (pid == 1 || pid == machine->options.own_pid)
            return true;
    }
    MM_LIST_FOR_EACH (link, &group->children) {
        if (has_protected(machine, MM_CONTAINER_OF(link, struct mm_machine_group, sibling_link)))
            return true;
    }
    return false;
}

static void kill_members(struct mm_machine *machine, struct mm_machine_group *group)
{
    MM_LIST_FOR_EACH (link, &group->processes)
        mm_machine_kill(machine, MM_CONTAINER_OF(link, struct mm_machine_process, group_link));
    MM_LIST_FOR_EACH (link, &group->children)
        kill_members(machine, MM_CONTAINER_OF(link, struct mm_machine_group, sibling_link));
}

int mm_machine_kill_group(struct mm_kernel *kernel, struct mm_group *group)
{
    struct mm_machine *machine = mm_machine_of(kernel);
    int error = mm_machine_enter(machine, MM_OPERATION_kill_group);

    if (error < 0)
        return error;
    if (group->group->is_removed)
        return -ENODEV;
    if (machine->options.lacks[MM_FEATURE_CGROUP_KILL] || !group->group->parent)
        return -EOPNOTSUPP;
    if (has_protected(machine, group->group))
        return -EPERM;
    kill_members(machine, group->group);
    return 0;
}
