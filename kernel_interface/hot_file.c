/* SPDX-License-Identifier: Apache-2.0 */
/* Reading kernel files: from the start, completely, through a caller's buffer. */
#include "kernel_interface/hot_file.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int open_retrying(int directory_fd, const char *path, int flags)
{
    int fd;

    do
        fd = openat(directory_fd, path, flags | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

static ssize_t pread_retrying(int fd, char *buffer, size_t size, off_t offset)
{
    ssize_t count;

    do
        count = pread(fd, buffer, size, offset);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

int mm_hot_file_open(struct mm_hot_file *file, int directory_fd, const char *path)
{
    *file = (struct mm_hot_file){.fd = -1, .directory_fd = directory_fd, .path = path};
    /* O_NONBLOCK: a test's or a bind mount's FIFO must not hang the daemon; kernel files ignore it. */
    file->fd = open_retrying(directory_fd, path, O_RDONLY | O_NONBLOCK);
    return file->fd < 0 ? file->fd : 0;
}

void mm_hot_file_close(struct mm_hot_file *file)
{
    if (file->fd >= 0)
        (void)close(file->fd);
    file->fd = -1;
}

/* Fills the buffer as far as the file goes: the kernel may hand out less than is asked for at a time. */
static ssize_t read_fully(int fd, char *buffer, size_t size, off_t offset)
{
    size_t filled = 0;

    while (filled < size) {
        ssize_t count = pread_retrying(fd, buffer + filled, size - filled, offset + (off_t)filled);

        if (count < 0)
            return count;
        if (count == 0)
            break;
        filled += (size_t)count;
    }
    return (ssize_t)filled;
}

static ssize_t read_whole(int fd, char *buffer, size_t size)
{
    ssize_t count = read_fully(fd, buffer, size, 0);

    if (count < 0)
        return count;
    if ((size_t)count == size)
        return -EFBIG; /* no room for the NUL, and perhaps not the end */
    buffer[count] = '\0';
    return count;
}

/* What follows a line that was too long for the buffer is skipped up to its newline. */
static int lines_from_fd(int fd, char *buffer, size_t size, mm_line_visit visit, void *user)
{
    off_t offset = 0;
    size_t held = 0;
    bool is_skipping = false;

    for (;;) {
        ssize_t count = read_fully(fd, buffer + held, size - held, offset);
        bool is_end;
        size_t begin = 0;

        if (count < 0)
            return (int)count;
        is_end = (size_t)count < size - held;
        offset += count;
        held += (size_t)count;
        while (begin < held) {
            char *newline = memchr(buffer + begin, '\n', held - begin);
            size_t line_end = newline ? (size_t)(newline - buffer) : held;
            bool is_cut = !newline && !is_end && begin == 0; /* fills the buffer and goes on */
            int r = 0;

            if (!newline && !is_end && !is_cut && !is_skipping)
                break; /* goes on in the next piece */
            if (!is_skipping)
                r = visit(buffer + begin, line_end - begin, user);
            if (r != 0)
                return r < 0 ? r : 0;
            is_skipping = !newline;
            begin = newline ? line_end + 1 : held;
        }
        if (is_end)
            return 0;
        held -= begin;
        memmove(buffer, buffer + begin, held);
    }
}

static int ensure_open(struct mm_hot_file *file)
{
    return file->fd >= 0 ? 0 : mm_hot_file_open(file, file->directory_fd, file->path);
}

/* ENODEV: the file behind the descriptor was removed. The next read looks what stands under the path then. */
static void forget_removed(struct mm_hot_file *file, ssize_t result)
{
    if (result == -ENODEV)
        mm_hot_file_close(file);
}

ssize_t mm_hot_file_read(struct mm_hot_file *file, char *buffer, size_t size)
{
    ssize_t count = ensure_open(file);

    if (count == 0)
        count = read_whole(file->fd, buffer, size);
    forget_removed(file, count);
    return count;
}

int mm_hot_file_lines(struct mm_hot_file *file, char *buffer, size_t size, mm_line_visit visit, void *user)
{
    int r = ensure_open(file);

    if (r == 0)
        r = lines_from_fd(file->fd, buffer, size, visit, user);
    forget_removed(file, r);
    return r;
}

ssize_t mm_read_file(int directory_fd, const char *path, char *buffer, size_t size)
{
    struct mm_hot_file file;
    ssize_t count = mm_hot_file_open(&file, directory_fd, path);

    if (count == 0)
        count = read_whole(file.fd, buffer, size);
    mm_hot_file_close(&file);
    return count;
}

int mm_read_lines(int directory_fd, const char *path, char *buffer, size_t size, mm_line_visit visit,
                  void *user)
{
    struct mm_hot_file file;
    int r = mm_hot_file_open(&file, directory_fd, path);

    if (r == 0)
        r = lines_from_fd(file.fd, buffer, size, visit, user);
    mm_hot_file_close(&file);
    return r;
}

int mm_write_file(int directory_fd, const char *path, int flags, const char *text, size_t length)
{
    /* O_TRUNC as a shell's redirection: kernel files ignore it, a test's plain ones need it. */
    int fd MM_CLEANUP_CLOSE = open_retrying(directory_fd, path, O_WRONLY | O_TRUNC | flags);
    ssize_t count;

    if (fd < 0)
        return fd;
    count = write(fd, text, length);
    if (count < 0)
        return -errno;
    return (size_t)count == length ? 0 : -EIO;
}
