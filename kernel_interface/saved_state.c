/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/saved_state.h"

#include "common/common.h"
#include "kernel_interface/kernel_interface.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int open_directory(const char *directory, const char *name)
{
    int fd;

    if (name[0] == '\0' || strchr(name, '/'))
        return -EINVAL;
    fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Somebody else's file would have us believe what it likes. */
static int check_file(int fd, size_t capacity)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    if (status.st_uid != geteuid() || (status.st_mode & 022) != 0)
        return -EPERM;
    return (uint64_t)status.st_size > capacity ? -EFBIG : 0;
}

ssize_t mm_saved_state_read(const char *directory, const char *name, void *ret_bytes, size_t capacity)
{
    MM_CLEANUP_CLOSE int directory_fd = open_directory(directory, name);
    MM_CLEANUP_CLOSE int fd = -1;
    size_t done = 0;
    int error;

    if (directory_fd < 0)
        return directory_fd;
    /* O_NONBLOCK: a FIFO of that name is refused below and must not hold us up here */
    fd = openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    error = check_file(fd, capacity);
    if (error < 0)
        return error;
    while (done < capacity) {
        ssize_t length = read(fd, (char *)ret_bytes + done, capacity - done);

        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return -errno;
        if (length == 0)
            break;
        done += (size_t)length;
    }
    return (ssize_t)done;
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

int mm_saved_state_write(const char *directory, const char *name, const void *bytes, size_t size)
{
    MM_CLEANUP_CLOSE int directory_fd = open_directory(directory, name);
    MM_CLEANUP_CLOSE int fd = -1;
    char temporary[64];
    int error;

    if (directory_fd < 0)
        return directory_fd;
    if (mm_format(temporary, sizeof(temporary), "%s.new", name) >= sizeof(temporary) - 1)
        return -ENAMETOOLONG;
    /* of a write that was cut short, or a trap: never written into */
    if (unlinkat(directory_fd, temporary, 0) < 0 && errno != ENOENT)
        return -errno;
    fd = openat(directory_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    error = write_all(fd, bytes, size);
    if (error == 0 && renameat(directory_fd, temporary, directory_fd, name) < 0)
        error = -errno;
    if (error < 0)
        (void)unlinkat(directory_fd, temporary, 0);
    return error;
}

int mm_saved_state_remove(const char *directory, const char *name)
{
    MM_CLEANUP_CLOSE int directory_fd = open_directory(directory, name);

    if (directory_fd < 0)
        return directory_fd;
    return unlinkat(directory_fd, name, 0) < 0 ? -errno : 0;
}

int mm_boot_id_parse(const char *text, uint8_t *ret_id)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t id[MM_BOOT_ID_BYTES];
    unsigned count = 0;

    for (; *text && *text != '\n'; text++) {
        const char *digit = strchr(digits, *text);

        if (*text == '-')
            continue;
        if (!digit || count == 2 * MM_BOOT_ID_BYTES)
            return -EINVAL;
        id[count / 2] = (uint8_t)((count % 2 ? id[count / 2] << 4 : 0) | (digit - digits));
        count++;
    }
    if (count != 2 * MM_BOOT_ID_BYTES)
        return -EINVAL;
    memcpy(ret_id, id, sizeof(id));
    return 0;
}
