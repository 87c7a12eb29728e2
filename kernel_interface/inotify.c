/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_interface/inotify.h"

#include "common/common.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

int mm_inotify_add(int inotify_fd, int directory_fd, const char *file, uint32_t events)
{
    char path[64];
    int wd;

    (void)mm_format(path, sizeof(path), "/proc/self/fd/%d/%s", directory_fd, file);
    wd = inotify_add_watch(inotify_fd, path, events);
    return wd < 0 ? -errno : wd;
}

const char *mm_inotify_error_text(int error)
{
    switch (error) {
    case -EMFILE:
        return "no descriptor, or inotify instance, left (ulimit -n, fs.inotify.max_user_instances)";
    case -ENOSPC:
        return "no inotify watch left (fs.inotify.max_user_watches)";
    default:
        return strerror(-error);
    }
}
