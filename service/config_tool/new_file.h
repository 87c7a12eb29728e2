/* SPDX-License-Identifier: Apache-2.0 */
/* A file that appears whole under its name, or not at all. */
#ifndef MM_SERVICE_NEW_FILE_H
#define MM_SERVICE_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_NEW_FILE_NAME_MAX 256 /* a name in a directory, and its NUL */

struct mm_new_file {
    int fd;                               /* of a temporary file beside it */
    int directory;                        /* likewise */
    char name[MM_NEW_FILE_NAME_MAX];      /* in that directory */
    char temporary[MM_NEW_FILE_NAME_MAX]; /* in that directory */
    bool may_replace;
};

/*
 * Until the commit or the discard, SIGINT, SIGTERM, SIGHUP and SIGQUIT take the temporary file along when they end the
 * program: one file at a time. -EEXIST: something of that name is there and may_replace is false; -EINVAL: it is no
 * regular file, which is never replaced; -EISDIR, -ENAMETOOLONG; the errno of opening the directory or of making the
 * temporary file.
 */
int mm_new_file_open(const char *path, bool may_replace, struct mm_new_file *ret_file);

/* The next bytes. A negative errno. */
int mm_new_file_write(struct mm_new_file *file, const char *bytes, size_t length);

/* What was written is on the disk and then under its name. An error leaves nothing behind. -EEXIST: somebody else
   made the file meanwhile; the errno of the fsync or the rename that failed. */
int mm_new_file_commit(struct mm_new_file *file);

/* Takes the temporary file away. */
void mm_new_file_discard(struct mm_new_file *file);

#ifdef __cplusplus
}
#endif

#endif
