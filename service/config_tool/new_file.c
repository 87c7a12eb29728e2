/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary file, fsync, rename; a signal that ends the program takes the temporary file along. */
#include "service/config_tool/new_file.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The C libraries that lack renameat2 lack its flag, too. */
#define RENAME_WITHOUT_REPLACING 1u

/* Other names are tried when an earlier crash left one behind. */
#define TEMPORARY_NAMES_MAX 100

static int split(const char *path, struct mm_new_file *file)
{
    char *directory;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int r;

    if (strlen(name) >= sizeof(file->name))
        return -ENAMETOOLONG;
    if (!name[0])
        return slash ? -EISDIR : -ENOENT;
    mm_copy_text(file->name, sizeof(file->name), name);
    directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!directory)
        return -ENOMEM;
    file->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    r = file->directory < 0 ? -errno : 0;
    free(directory);
    return r;
}

/* What stands under the name already. */
static int look(const struct mm_new_file *file)
{
    struct stat status;

    if (fstatat(file->directory, file->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    if (!file->may_replace)
        return -EEXIST;
    return S_ISREG(status.st_mode) ? 0 : -EINVAL;
}

/* ---- the temporary file ---------------------------------------------------------------------------------- */

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/* The file that is to go when we are ended; directory -1: none. One at a time is enough. */
static char doomed_name[MM_NEW_FILE_NAME_MAX];
static volatile sig_atomic_t doomed_directory = -1;

/* The signal itself is delivered when this returns, with its default action. */
static void take_along(int number)
{
    (void)unlinkat((int)doomed_directory, doomed_name, 0);
    (void)raise(number);
}

/* What is ignored, by nohup, say, stays ignored. */
static void doom(const struct mm_new_file *file)
{
    const struct sigaction action = {.sa_handler = take_along, .sa_flags = (int)SA_RESETHAND};
    struct sigaction old;

    mm_copy_text(doomed_name, sizeof(doomed_name), file->temporary);
    doomed_directory = file->directory;
    for (size_t i = 0; i < MM_ARRAY_SIZE(ending_signals); i++) {
        if (sigaction(ending_signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            (void)sigaction(ending_signals[i], &action, NULL);
    }
}

static int try_names(struct mm_new_file *file)
{
    for (unsigned i = 0; i < TEMPORARY_NAMES_MAX; i++) {
        (void)mm_format(file->temporary, sizeof(file->temporary), ".memmgr-new-%d-%u", (int)getpid(), i);
        file->fd = openat(file->directory, file->temporary,
                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (file->fd >= 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

/* No signal may come between making it and dooming it. */
static int make_temporary(struct mm_new_file *file)
{
    sigset_t ending, old;
    int r;

    (void)sigemptyset(&ending);
    for (size_t i = 0; i < MM_ARRAY_SIZE(ending_signals); i++)
        (void)sigaddset(&ending, ending_signals[i]);
    (void)sigprocmask(SIG_BLOCK, &ending, &old);
    r = try_names(file);
    if (r == 0)
        doom(file);
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    return r;
}

/* ---- the new file ---------------------------------------------------------------------------------------- */

int mm_new_file_open(const char *path, bool may_replace, struct mm_new_file *ret_file)
{
    struct mm_new_file file = {.fd = -1, .directory = -1, .may_replace = may_replace};
    int r = split(path, &file);

    if (r >= 0)
        r = look(&file);
    if (r >= 0)
        r = make_temporary(&file);
    if (r < 0) {
        mm_cleanup_close(&file.directory);
        return r;
    }
    *ret_file = file;
    return 0;
}

int mm_new_file_write(struct mm_new_file *file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(file->fd, bytes, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

/* Some file systems tell of a full disk only now. */
static int finish_writing(struct mm_new_file *file)
{
    int r = fsync(file->fd) < 0 ? -errno : 0;

    if (close(file->fd) < 0 && r == 0)
        r = -errno;
    file->fd = -1;
    return r;
}

/* Some file systems cannot rename without replacing; a link does not replace either. */
static int put_in_place(const struct mm_new_file *file)
{
    int directory = file->directory;

    if (file->may_replace)
        return renameat(directory, file->temporary, directory, file->name) < 0 ? -errno : 0;
    if (syscall(SYS_renameat2, directory, file->temporary, directory, file->name, RENAME_WITHOUT_REPLACING) ==
        0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (linkat(directory, file->temporary, directory, file->name, 0) < 0)
        return -errno;
    (void)unlinkat(directory, file->temporary, 0);
    return 0;
}

int mm_new_file_commit(struct mm_new_file *file)
{
    int r = finish_writing(file);

    if (r >= 0)
        r = put_in_place(file);
    if (r < 0) {
        mm_new_file_discard(file);
        return r;
    }
    /* The name is there already; that it lasts is as much as can be asked of the file system. */
    (void)fsync(file->directory);
    doomed_directory = -1;
    (void)close(file->directory);
    file->directory = -1;
    return 0;
}

void mm_new_file_discard(struct mm_new_file *file)
{
    mm_cleanup_close(&file->fd);
    file->fd = -1;
    (void)unlinkat(file->directory, file->temporary, 0);
    doomed_directory = -1;
    (void)close(file->directory);
    file->directory = -1;
}
