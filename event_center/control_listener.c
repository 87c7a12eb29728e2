/* SPDX-License-Identifier: Apache-2.0 */
#include "event_center/control_listener.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A node that nobody listens behind is a dead daemon's. */
static int remove_stale_node(const struct sockaddr_un *address)
{
    MM_CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat node;

    if (fd < 0)
        return -errno;
    if (lstat(address->sun_path, &node) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(node.st_mode))
        return -ENOTSOCK;
    /* EAGAIN: somebody's queue is full; EPROTOTYPE: somebody's socket of another type */
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN ||
        errno == EPROTOTYPE)
        return -EADDRINUSE;
    if (errno != ECONNREFUSED && errno != ENOENT)
        return -errno;
    return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int set_node_owner(const char *path, const char *group, unsigned mode)
{
    const struct group *entry;

    if (group && group[0]) {
        entry = getgrnam(group);
        if (!entry)
            return -ENOENT;
        if (chown(path, (uid_t)-1, entry->gr_gid) < 0)
            return -errno;
    }
    return chmod(path, (mode_t)mode) < 0 ? -errno : 0;
}

static int listen_at(struct mm_control_listener *listener, const struct mm_control_options *options)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat node;
    mode_t old_umask;
    int result;

    if (strlen(options->path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    mm_copy_text(address.sun_path, sizeof(address.sun_path), options->path);
    result = remove_stale_node(&address);
    if (result < 0)
        return result;
    listener->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0)
        return -errno;
    /* closed to all until its owner and mode are set */
    old_umask = umask(0777);
    result = bind(listener->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
    (void)umask(old_umask);
    if (result < 0)
        return result;
    mm_copy_text(listener->path, sizeof(listener->path), options->path);
    if (lstat(listener->path, &node) < 0)
        return -errno;
    listener->device = node.st_dev;
    listener->inode = node.st_ino;
    result = set_node_owner(listener->path, options->group, options->mode);
    if (result < 0)
        return result;
    return listen(listener->fd, SOMAXCONN) < 0 ? -errno : 0;
}

/* Whoever activates us may hand over a socket that blocks. */
static int take_fd(struct mm_control_listener *listener, int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    listener->fd = fd;
    return 0;
}

int mm_control_listener_open(struct mm_control_listener *listener, const struct mm_control_options *options)
{
    return options->listen_fd >= 0 ? take_fd(listener, options->listen_fd) : listen_at(listener, options);
}

void mm_control_listener_close(struct mm_control_listener *listener)
{
    struct stat node;

    if (listener->fd < 0)
        return;
    (void)close(listener->fd);
    listener->fd = -1;
    if (listener->path[0] && lstat(listener->path, &node) == 0 && node.st_ino == listener->inode &&
        node.st_dev == listener->device)
        (void)unlink(listener->path);
}
