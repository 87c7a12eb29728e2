/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/group_state.h"

#include "common/common.h"
#include "kernel_interface/hot_file.h"

#include <errno.h>
#include <string.h>

int mm_group_state_parse(const char *text, struct mm_group_state *ret_state)
{
    static const char populated_key[] = "populated ", frozen_key[] = "frozen ";
    const char *populated = strstr(text, populated_key), *frozen = strstr(text, frozen_key);

    if (!populated)
        return -EINVAL;
    ret_state->is_populated = populated[sizeof(populated_key) - 1] == '1';
    ret_state->is_frozen = frozen && frozen[sizeof(frozen_key) - 1] == '1';
    return 0;
}

static int read_events(int directory_fd, struct mm_group_state *ret_state)
{
    char text[256]; /* the file is below 40 bytes */
    ssize_t length = mm_read_file(directory_fd, "cgroup.events", text, sizeof(text));

    return length < 0 ? (int)length : mm_group_state_parse(text, ret_state);
}

/* "0\n" or "1\n": what was asked for, of it and of those above it. freezer.state says no more, and has the kernel look at
   each thread for it. */
static int read_freezing(int directory_fd, struct mm_group_state *ret_state)
{
    static const char *const files[] = {"freezer.self_freezing", "freezer.parent_freezing"};
    bool is_frozen = false;

    for (size_t i = 0; i < MM_ARRAY_SIZE(files); i++) {
        char text[8];
        ssize_t length = mm_read_file(directory_fd, files[i], text, sizeof(text));

        if (length < 0)
            return (int)length;
        is_frozen |= text[0] == '1';
    }
    *ret_state = (struct mm_group_state){.is_frozen = is_frozen};
    return 0;
}

int mm_group_state_read(int directory_fd, enum mm_group_tree tree, struct mm_group_state *ret_state)
{
    int r = tree == MM_GROUP_TREE_FREEZER ? read_freezing(directory_fd, ret_state)
                                          : read_events(directory_fd, ret_state);

    return r == -ENODEV ? -ENOENT : r;
}
