/* SPDX-License-Identifier: Apache-2.0 */
/* Files and settings of the process itself. */
#include "service/shared/runtime.h"

#include "common/common.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MM_LIBEXEC_DIRECTORY
#define MM_LIBEXEC_DIRECTORY "/usr/libexec/memmgr"
#endif

#ifndef MM_SBIN_DIRECTORY
#define MM_SBIN_DIRECTORY "/usr/sbin"
#endif

/* Since Linux 4.4; older C libraries do not name it. */
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

int mm_runtime_open_streams(void)
{
    /* open takes the lowest number that is free */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return -errno;
    }
    return 0;
}

void mm_runtime_ignore_signals(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
}

int mm_runtime_raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

static pid_t read_pid(int fd)
{
    char text[32] = "";
    uint64_t pid;

    if (pread(fd, text, sizeof(text) - 1, 0) <= 0 || mm_parse_u64(text, 1, INT32_MAX, &pid) < 0)
        return 0;
    /* what stands there may be of one that died */
    return kill((pid_t)pid, 0) < 0 && errno == ESRCH ? 0 : (pid_t)pid;
}

static int write_pid(int fd)
{
    char text[32];
    size_t length = mm_format(text, sizeof(text), "%d\n", (int)getpid());

    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, length, 0) != (ssize_t)length)
        return errno ? -errno : -EIO;
    return 0;
}

/* Whoever may open the file may lock it: nobody but us is to. */
static int open_lock(const char *path)
{
    /* O_NONBLOCK: a FIFO of that name is refused below and must not hold us up here. */
    MM_CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    if (status.st_uid != geteuid())
        return -EPERM;
    if ((status.st_mode & 07777) != 0600 && fchmod(fd, 0600) < 0)
        return -errno;
    return mm_take_fd(&fd);
}

int mm_runtime_lock(const char *directory, pid_t *ret_other_pid)
{
    MM_CLEANUP_CLOSE int fd = -1;
    char path[MM_PROGRAM_PATH_MAX];
    int result;

    if (strlen(directory) + sizeof("/lock") > sizeof(path))
        return -ENAMETOOLONG;
    if (mkdir(directory, 0755) < 0 && errno != EEXIST)
        return -errno;
    (void)mm_format(path, sizeof(path), "%s/lock", directory);
    fd = open_lock(path);
    if (fd < 0)
        return fd;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return -errno;
        *ret_other_pid = read_pid(fd);
        return -EBUSY;
    }
    result = write_pid(fd);
    return result < 0 ? result : mm_take_fd(&fd);
}

/* Beside ourselves in a build tree, else in the directory where it is installed. */
static void find_program(const char *name, const char *installed, char *ret_path, size_t size)
{
    char self[MM_PROGRAM_PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *slash;

    self[MM_MAX(length, 0)] = '\0';
    slash = strrchr(self, '/');
    if (slash) {
        (void)mm_format(ret_path, size, "%.*s/%s", (int)(slash - self), self, name);
        if (access(ret_path, X_OK) == 0)
            return;
    }
    (void)mm_format(ret_path, size, "%s/%s", installed, name);
}

void mm_runtime_program(const char *name, char *ret_path, size_t size)
{
    find_program(name, MM_LIBEXEC_DIRECTORY, ret_path, size);
}

void mm_runtime_sibling(const char *name, char *ret_path, size_t size)
{
    find_program(name, MM_SBIN_DIRECTORY, ret_path, size);
}

int mm_runtime_lock_memory(void)
{
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
        return 0;
    return errno == EINVAL && mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ? 0 : -errno;
}

int mm_runtime_raise_scheduling(int priority)
{
    struct sched_param parameters = {.sched_priority = priority};

    return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) < 0 ? -errno : 0;
}

void mm_runtime_hasten_threads(void)
{
    struct sched_param parameters;
    struct dirent *entry;
    DIR *tasks;

    if ((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) != SCHED_FIFO || sched_getparam(0, &parameters) < 0)
        return;
    tasks = opendir("/proc/self/task");
    while (tasks && (entry = readdir(tasks))) {
        uint64_t thread;

        if (mm_parse_u64(entry->d_name, 1, INT32_MAX, &thread) == 0)
            (void)sched_setscheduler((pid_t)thread, SCHED_FIFO, &parameters);
    }
    if (tasks)
        (void)closedir(tasks);
}
