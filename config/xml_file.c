/* SPDX-License-Identifier: Apache-2.0 */
/* Getting at the bytes of a file that may be anything. */
#include "common/common.h"
#include "config/xml_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int refuse(struct mm_problems *problems, const char *file, const char *text)
{
    mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0, "%s", text);
    return -EINVAL;
}

static int refuse_for_errno(struct mm_problems *problems, const char *file, int error)
{
    if (error == ELOOP)
        return refuse(problems, file, "is a loop of symbolic links, expected a regular file");
    mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0, "cannot be opened: %s", strerror(error));
    return -EINVAL;
}

static int check_kind(const struct stat *status, const char *file, struct mm_problems *problems)
{
    static const struct {
        mode_t format;
        const char *name;
    } kinds[] = {{S_IFIFO, "FIFO"},         {S_IFDIR, "directory"},        {S_IFSOCK, "socket"},
                 {S_IFBLK, "block device"}, {S_IFCHR, "character device"}, {0, "special file"}};
    size_t i = 0;

    if (S_ISREG(status->st_mode))
        return 0;
    while (kinds[i].format != 0 && kinds[i].format != (status->st_mode & S_IFMT))
        i++;
    mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0, "is a %s, expected a regular file",
                    kinds[i].name);
    return -EINVAL;
}

int mm_config_open(const char *file, int *ret_fd, struct mm_problems *problems)
{
    MM_CLEANUP_CLOSE int fd = -1;
    struct stat status;
    int r;

    /* First without opening it: the mere opening of a device can do something. */
    if (stat(file, &status) < 0)
        return refuse_for_errno(problems, file, errno);
    r = check_kind(&status, file, problems);
    if (r < 0)
        return r;
    /* Should it have become a FIFO meanwhile, the opening does not wait for a writer. */
    fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return refuse_for_errno(problems, file, errno);
    if (fstat(fd, &status) < 0)
        return refuse_for_errno(problems, file, errno);
    r = check_kind(&status, file, problems);
    if (r < 0)
        return r;
    if (status.st_mode & S_IWOTH) {
        mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0,
                        "is writable by everybody (mode %04o), so anybody could say who is killed: chmod o-w",
                        (unsigned)status.st_mode & 07777U);
        return -EINVAL;
    }
    if (status.st_size > (off_t)MM_CONFIG_MAX_BYTES) {
        mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0, "has %lld bytes, expected at most %zu",
                        (long long)status.st_size, MM_CONFIG_MAX_BYTES);
        return -EINVAL;
    }
    *ret_fd = mm_take_fd(&fd);
    return 0;
}

int mm_config_read_bytes(int fd, const char *file, char **ret_bytes, size_t *ret_length,
                         struct mm_problems *problems)
{
    MM_CLEANUP_FREE char *bytes = NULL;
    size_t length = 0, capacity = 0;

    /* By reading, not by the size it had: it may be growing, and files of some systems say 0. */
    for (;;) {
        ssize_t n;

        if (capacity - length < 2) {
            char *larger;

            if (length > MM_CONFIG_MAX_BYTES)
                return refuse(problems, file, "is too large: more than 8 MiB");
            capacity = capacity > 0 ? capacity * 2 : 16384;
            larger = realloc(bytes, capacity);
            if (!larger)
                return -ENOMEM;
            bytes = larger;
        }
        n = read(fd, bytes + length, capacity - length - 1);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0, "cannot be read: %s", strerror(errno));
            return -EINVAL;
        }
        length += (size_t)n;
    }
    if (length == 0)
        return refuse(problems, file, "is empty, expected <Memmgr> ... </Memmgr>");
    if (length > MM_CONFIG_MAX_BYTES)
        return refuse(problems, file, "is too large: more than 8 MiB");
    bytes[length] = '\0';
    *ret_bytes = bytes;
    *ret_length = length;
    bytes = NULL;
    return 0;
}
