/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/state_file.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Somebody else's file could be changed under the journal's feet, or be a trap. */
static int check_file(int fd, off_t *ret_size)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    if (status.st_uid != geteuid())
        return -EPERM;
    if ((status.st_mode & 07777) != 0600 && fchmod(fd, 0600) < 0)
        return -errno;
    *ret_size = status.st_size;
    return 0;
}

/* posix_fallocate of a libc without emulation says EOPNOTSUPP on plain file systems. */
static int fill_with_zeros(int fd, size_t from, size_t size_bytes)
{
    static const char zeros[512];
    size_t done = from;

    while (done < size_bytes) {
        ssize_t written = pwrite(fd, zeros, MM_MIN(sizeof(zeros), size_bytes - done), (off_t)done);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        done += (size_t)written;
    }
    return 0;
}

/* What a file of another size holds may still be needed: a torn one's beginning, another version's entries. */
static int allocate(int fd, off_t present_size, size_t size_bytes)
{
    int error;

    if (present_size > (off_t)size_bytes && ftruncate(fd, (off_t)size_bytes) < 0)
        return -errno;
    do {
        error = posix_fallocate(fd, 0, (off_t)size_bytes);
    } while (error == EINTR);
    if (error == EOPNOTSUPP || error == EINVAL)
        return fill_with_zeros(fd, (size_t)MM_MIN(present_size, (off_t)size_bytes), size_bytes);
    return -error;
}

int mm_state_file_map(const char *directory, const char *name, size_t size_bytes,
                      struct mm_state_file *ret_file)
{
    MM_CLEANUP_CLOSE int directory_fd = -1;
    MM_CLEANUP_CLOSE int fd = -1;
    off_t present_size = 0;
    void *memory;
    int error;

    if (size_bytes == 0 || name[0] == '\0' || strchr(name, '/'))
        return -EINVAL;
    directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0)
        return -errno;
    /* O_NONBLOCK: a FIFO of that name is refused below and must not hold us up here. */
    fd = openat(directory_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    error = check_file(fd, &present_size);
    if (error < 0)
        return error;
    if (present_size != 0 && present_size != (off_t)size_bytes)
        mm_warning("%s/%s is of %lld bytes, not of %zu: what is whole in its beginning is kept", directory,
                   name, (long long)present_size, size_bytes);
    error = allocate(fd, present_size, size_bytes);
    if (error < 0)
        return error;

    memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    ret_file->memory = memory;
    ret_file->size_bytes = size_bytes;
    ret_file->lock_error = mlock(memory, size_bytes) < 0 ? -errno : 0;
    return 0;
}

void mm_state_file_unmap(struct mm_state_file *file)
{
    if (!file->memory)
        return;
    (void)munmap(file->memory, file->size_bytes);
    file->memory = NULL;
}
