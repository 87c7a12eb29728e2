/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/self/mountinfo: id, parent, device, root, mount point, options, optional fields, "-", type, source,
 * super block options. Blanks, tabs, newlines and backslashes in names are octal escapes:
 *
 *   35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
 *   41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
 *   52 48 0:32 /docker/4f2a /mnt/my\040groups ro,relatime - cgroup cgroup rw,memory
 */
#include "kernel_interface/mountinfo.h"

#include "common/common.h"
#include "kernel_interface/lines.h"

#include <errno.h>
#include <string.h>

/* Words before the root, and behind the mount point before the optional fields end. */
#define WORDS_BEFORE_ROOT 3

static bool is_octal_escape(const char *text, size_t length)
{
    if (length < 4 || text[0] != '\\' || text[1] < '0' || text[1] > '3')
        return false;
    return text[2] >= '0' && text[2] <= '7' && text[3] >= '0' && text[3] <= '7';
}

static int unescape(struct mm_word word, char *buffer, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < word.length;) {
        char character = word.text[i];
        size_t taken = 1;

        if (is_octal_escape(word.text + i, word.length - i)) {
            character = (char)((word.text[i + 1] - '0') * 64 + (word.text[i + 2] - '0') * 8 +
                               (word.text[i + 3] - '0'));
            taken = 4;
        }
        if (used + 1 >= size)
            return -ENAMETOOLONG;
        buffer[used++] = character;
        i += taken;
    }
    buffer[used] = '\0';
    return 0;
}

int mm_cgroup_mount_parse(const char *line, size_t length, struct mm_cgroup_mount *ret_mount)
{
    const char *cursor = line;
    const char *end = line + length;
    struct mm_word root, mount_point, word, type, options;
    int r;

    for (int i = 0; i < WORDS_BEFORE_ROOT; i++)
        (void)mm_first_word(&cursor, end);
    root = mm_first_word(&cursor, end);
    mount_point = mm_first_word(&cursor, end);
    do {
        word = mm_first_word(&cursor, end);
        if (word.length == 0)
            return -EINVAL;
    } while (!mm_word_is(word, "-"));
    type = mm_first_word(&cursor, end);
    (void)mm_first_word(&cursor, end);
    options = mm_first_word(&cursor, end);
    if (options.length == 0)
        return -EINVAL;
    if (!mm_word_is(type, "cgroup") && !mm_word_is(type, "cgroup2"))
        return 0;

    r = unescape(root, ret_mount->root, sizeof(ret_mount->root));
    if (r == 0)
        r = unescape(mount_point, ret_mount->mount_point, sizeof(ret_mount->mount_point));
    if (r < 0)
        return r;
    ret_mount->is_v2 = mm_word_is(type, "cgroup2");
    ret_mount->is_memory = !ret_mount->is_v2 && mm_word_lists(options, "memory");
    ret_mount->is_freezer = !ret_mount->is_v2 && mm_word_lists(options, "freezer");
    return 1;
}

bool mm_cgroup_path_is_within(const char *path, const char *top)
{
    size_t length = strlen(top);

    if (length == 1 && top[0] == '/')
        return path[0] == '/';
    if (strncmp(path, top, length) != 0)
        return false;
    return path[length] == '\0' || path[length] == '/';
}

/* What is outside a cgroup namespace begins with "/.." there. */
static bool leads_outside(const char *path)
{
    return strncmp(path, "/..", 3) == 0 && (path[3] == '\0' || path[3] == '/');
}

const char *mm_cgroup_path_below(const char *path, const char *root)
{
    const char *below = path;

    if (!mm_cgroup_path_is_within(path, root))
        return NULL;
    if (strcmp(root, "/") != 0)
        below = path + strlen(root);
    if (leads_outside(below))
        return NULL;
    return *below == '\0' ? "/" : below;
}
