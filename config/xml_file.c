/* SPDX-License-Identifier: Apache-2.0 */
/* Getting at the bytes of a file that may be anything. */
#include "common/common.h"
#include "config/xml_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Whoever replaces a file does so at once; one that changes for ever is no configuration. */
#define READ_ATTEMPTS 3

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

int mm_config_open(const char *file, size_t max_bytes, int *ret_fd, struct mm_problems *problems)
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
    if (status.st_size > 0 && (size_t)status.st_size > max_bytes) {
        mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0, "has %lld bytes, expected at most %zu",
                        (long long)status.st_size, max_bytes);
        return -EINVAL;
    }
    *ret_fd = mm_take_fd(&fd);
    return 0;
}

/* By reading, not by the size it had: it may be growing, and files of some systems say 0. */
static int read_all(int fd, const char *file, size_t max_bytes, char **ret_bytes, size_t *ret_length,
                    struct mm_problems *problems)
{
    MM_CLEANUP_FREE char *bytes = NULL;
    size_t length = 0, capacity = 0;
    ssize_t n;

    do {
        if (capacity - length < 2) {
            char *larger;

            capacity = capacity > 0 ? capacity * 2 : 16384;
            larger = realloc(bytes, capacity);
            if (!larger)
                return -ENOMEM;
            bytes = larger;
        }
        n = read(fd, bytes + length, capacity - length - 1);
        if (n < 0 && errno != EINTR) {
            mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0, "cannot be read: %s", strerror(errno));
            return -EINVAL;
        }
        length += n > 0 ? (size_t)n : 0;
        if (length > max_bytes) {
            mm_problems_add(problems, MM_PROBLEM_ERROR, file, 0, 0, "has more than %zu bytes, expected fewer",
                            max_bytes);
            return -EINVAL;
        }
    } while (n != 0);
    if (length == 0)
        return refuse(problems, file, "is empty, expected <Memmgr> ... </Memmgr>");
    bytes[length] = '\0';
    *ret_bytes = bytes;
    *ret_length = length;
    bytes = NULL;
    return 0;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int mm_config_read_bytes(int fd, const char *file, size_t max_bytes, char **ret_bytes, size_t *ret_length,
                         struct mm_problems *problems)
{
    MM_CLEANUP_FREE char *bytes = NULL;
    struct stat before, after;
    size_t length = 0;
    int r = fstat(fd, &before) < 0 ? -errno : 0;

    if (r >= 0)
        r = read_all(fd, file, max_bytes, &bytes, &length, problems);
    if (r >= 0 && fstat(fd, &after) < 0)
        r = -errno;
    if (r < 0)
        return r;
    /* Half of the old and half of the new content may be a file that nobody wrote. */
    if (before.st_size != after.st_size || !is_same_time(&before.st_mtim, &after.st_mtim))
        return -EAGAIN;
    *ret_bytes = bytes;
    *ret_length = length;
    bytes = NULL;
    return 0;
}

int mm_config_keep_writers_out(int fd)
{
    /* Whoever opens it for writing now waits until we close it, and we are sent a signal: one that is ignored unless
       somebody asks for it. */
    if (fcntl(fd, F_SETSIG, SIGURG) == 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
        return 0;
    return errno == EAGAIN ? -EBUSY : -EOPNOTSUPP;
}

static int read_once(const char *file, size_t max_bytes, bool must_be_closed, char **ret_bytes,
                     size_t *ret_length, struct mm_problems *problems)
{
    MM_CLEANUP_CLOSE int fd = -1;
    int r = mm_config_open(file, max_bytes, &fd, problems);

    if (r < 0)
        return r;
    if (must_be_closed && mm_config_keep_writers_out(fd) == -EBUSY)
        return refuse(problems, file, "is open for writing: it is read when its writer has closed it");
    return mm_config_read_bytes(fd, file, max_bytes, ret_bytes, ret_length, problems);
}

int mm_config_read_file(const char *file, size_t max_bytes, bool must_be_closed, char **ret_bytes,
                        size_t *ret_length, struct mm_problems *problems)
{
    int r = -EAGAIN;

    for (int i = 0; r == -EAGAIN && i < READ_ATTEMPTS; i++)
        r = read_once(file, max_bytes, must_be_closed, ret_bytes, ret_length, problems);
    return r == -EAGAIN ? refuse(problems, file, "changes while it is read") : r;
}
