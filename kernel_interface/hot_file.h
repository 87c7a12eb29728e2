/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel file that stays open and is read again from its beginning: opening allocates, which is the last
 * thing to do under memory pressure. Nothing here allocates.
 */
#ifndef MM_KERNEL_INTERFACE_HOT_FILE_H
#define MM_KERNEL_INTERFACE_HOT_FILE_H

#include "kernel_interface/lines.h"

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mm_hot_file {
    int fd;           /* -1: not open */
    int directory_fd; /* borrowed; AT_FDCWD for an absolute path */
    const char *path; /* borrowed */
};

/* Opened at once; a file that cannot be opened now is tried again at each read. Returns what open said. */
int mm_hot_file_open(struct mm_hot_file *file, int directory_fd, const char *path);
void mm_hot_file_close(struct mm_hot_file *file);

/*
 * The whole file into the buffer, closed by a NUL that is not counted. -EFBIG when it does not fit; -ENODEV
 * when the file was removed from under the descriptor (the next read opens the path anew); else what open or
 * pread said.
 */
ssize_t mm_hot_file_read(struct mm_hot_file *file, char *buffer, size_t size);

/*
 * Hands out the file line by line through the buffer; a line longer than it is cut to what fits. Returns as
 * mm_each_line.
 */
int mm_hot_file_lines(struct mm_hot_file *file, char *buffer, size_t size, mm_line_visit visit, void *user);

/* The same two for a file that is opened, read and closed. */
ssize_t mm_read_file(int directory_fd, const char *path, char *buffer, size_t size);
int mm_read_lines(int directory_fd, const char *path, char *buffer, size_t size, mm_line_visit visit,
                  void *user);

/* Opens (O_WRONLY|O_TRUNC|O_CLOEXEC|flags), writes in one call, closes. EINTR is returned, not retried: who writes a
   limit from the worker has to see it. */
int mm_write_file(int directory_fd, const char *path, int flags, const char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
