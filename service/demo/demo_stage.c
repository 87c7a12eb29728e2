/* SPDX-License-Identifier: Apache-2.0 */
/* The stage of the demonstration: made at its begin, gone at its end, whatever happens in between. */
#include "service/demo/demo.h"

#include "common/common.h"
#include "common/ram.h"
#include "service/shared/runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A few hundred MiB, and never more than a quarter of a small device. */
#define LIMIT_BYTES (400 * MM_MIB)
/* The shipped table is made for a device of 2 GiB: this is what it is scaled from. */
#define TABLE_RAM_BYTES         (2 * MM_GIB)
#define DAEMON_READY_TIMEOUT_MS 20000
#define DAEMON_STOP_TIMEOUT_MS  2000
#define GROUPS_TIMEOUT_MS       5000

static int fail(const char *what, int error)
{
    (void)fprintf(stderr, "memmgrctl: demo: %s: %s\n", what, strerror(-error));
    return MM_CTL_REFUSED;
}

/* ---- the janitor ----------------------------------------------------------------------------------------
 */

static void remove_directory(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;

    while (directory && (entry = readdir(directory))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
    if (directory)
        (void)closedir(directory);
    (void)rmdir(path);
}

/* The daemon ends with the demonstration (its death signal); its lock tells when. */
static void wait_for_daemon(const char *directory)
{
    MM_CLEANUP_CLOSE int fd = -1;
    char path[128];

    (void)mm_format(path, sizeof(path), "%s/lock", directory);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)flock(fd, LOCK_EX);
}

/* A process of its own: it works also when the demonstration is killed outright. It was there before the groups,
   and is told by a byte when there are none of ours. */
_Noreturn static void clean_up_afterwards(const struct mm_demo_stage *stage, const char *name, int wait_fd)
{
    struct mm_own_groups *groups = NULL;
    ssize_t told;
    char byte = 0;

    (void)setsid();
    (void)prctl(PR_SET_NAME, "demo-janitor");
    do
        told = read(wait_fd, &byte, 1);
    while (told < 0 && errno == EINTR);
    wait_for_daemon(stage->directory);
    byte = 0;
    if (told == 0 &&
        (mm_own_groups_find(name, &groups) < 0 || mm_own_groups_remove(groups, GROUPS_TIMEOUT_MS) < 0))
        byte = 1;
    remove_directory(stage->directory);
    _exit(byte);
}

static int hire_janitor(struct mm_demo_stage *stage, const char *name)
{
    sigset_t all;
    sigset_t old;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &old);
    stage->janitor_pid = fork();
    if (stage->janitor_pid == 0) {
        (void)close(ends[1]);
        clean_up_afterwards(stage, name, ends[0]);
    }
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    (void)close(ends[0]);
    stage->janitor_fd = ends[1];
    return stage->janitor_pid < 0 ? -errno : 0;
}

/* ---- building -------------------------------------------------------------------------------------------
 */

static uint64_t scale(const struct mm_demo_stage *stage, uint64_t bytes)
{
    uint64_t scaled_mib = bytes / MM_MIB * (stage->limit_bytes / MM_MIB) / (TABLE_RAM_BYTES / MM_MIB);

    return MM_MAX(scaled_mib, 1) * MM_MIB;
}

static void scale_config(struct mm_demo_stage *stage)
{
    struct mm_config *config = stage->config;
    uint64_t *const sizes[] = {
        &config->avail_buffer.avail_bytes,      &config->avail_buffer.min_avail_bytes,
        &config->avail_buffer.high_avail_bytes, &config->memory_level.purgeable_bytes,
        &config->memory_level.moderate_bytes,   &config->memory_level.low_bytes,
        &config->memory_level.critical_bytes,   &config->kill.margin_bytes,
    };

    for (size_t i = 0; i < config->kill.level_count; i++)
        config->kill.levels[i].memory_bytes = scale(stage, config->kill.levels[i].memory_bytes);
    for (size_t i = 0; i < MM_ARRAY_SIZE(sizes); i++)
        *sizes[i] = scale(stage, *sizes[i]);
    /* what is on the machine's swap is none of the domain's business */
    config->avail_buffer.swap_reserve_bytes = 0;
    mm_copy_text(config->domain.group_path, sizeof(config->domain.group_path),
                 mm_own_groups_path(stage->groups));
    mm_copy_text(config->control_socket.path, sizeof(config->control_socket.path), stage->socket_path);
}

static int write_config(struct mm_demo_stage *stage)
{
    MM_CLEANUP_FCLOSE FILE *file = NULL;

    stage->config = mm_config_new();
    if (!stage->config)
        return -ENOMEM;
    scale_config(stage);
    file = fopen(stage->config_path, "we");
    if (!file)
        return -errno;
    return mm_config_write_xml(file, stage->config);
}

static int open_own_kernel(struct mm_demo_stage *stage)
{
    struct mm_linux_kernel_options options = {
        .domain.is_group = true,
        .runtime_directory = stage->directory,
        .root = "",
        .reaper_threads = 1,
        .reclaim_chunk_bytes = MM_MIB,
    };

    mm_copy_text(options.domain.group_path, sizeof(options.domain.group_path),
                 mm_own_groups_path(stage->groups));
    return mm_linux_kernel_new(&options, &stage->kernel);
}

static int make_domain(struct mm_demo_stage *stage, const char *name)
{
    uint64_t ram_bytes = mm_ram_bytes();
    int result;

    stage->limit_bytes = ram_bytes > 0 ? MM_MIN(LIMIT_BYTES, ram_bytes / 4) : LIMIT_BYTES;
    result = mm_own_groups_new(name, stage->limit_bytes, &stage->groups);
    if (result == -EOPNOTSUPP)
        (void)fputs("memmgrctl: demo: the memory controller is needed: on cgroup v2 it must be enabled for "
                    "the root's "
                    "children (echo +memory > /sys/fs/cgroup/cgroup.subtree_control)\n",
                    stderr);
    /* what was made is gone again, and what is there is somebody else's */
    if (result < 0 && write(stage->janitor_fd, "n", 1) < 0)
        return -errno;
    return result;
}

int mm_demo_stage_build(struct mm_demo_stage *stage)
{
    char name[32];
    int result;

    (void)mm_format(name, sizeof(name), "memmgr-demo-%d", (int)getpid());
    *stage =
        (struct mm_demo_stage){.daemon_fd = -1, .janitor_fd = -1, .directory = "/run/memmgr-demo-XXXXXX"};
    if (geteuid() != 0) {
        (void)fputs(
            "memmgrctl: demo: root is needed, to make a cgroup with a limit and to start a daemon for it; "
            "nothing outside that cgroup is touched\n",
            stderr);
        return MM_CTL_REFUSED;
    }
    if (!mkdtemp(stage->directory))
        return fail(stage->directory, -errno);
    (void)mm_format(stage->socket_path, sizeof(stage->socket_path), "%s/control.sock", stage->directory);
    (void)mm_format(stage->config_path, sizeof(stage->config_path), "%s/memmgr_config.xml", stage->directory);
    result = hire_janitor(stage, name);
    if (result < 0) {
        (void)rmdir(stage->directory);
        return fail("the janitor cannot be started", result);
    }
    result = make_domain(stage, name);
    if (result < 0)
        return fail("a cgroup of its own cannot be made", result);
    result = write_config(stage);
    if (result < 0)
        return fail(stage->config_path, result);
    result = open_own_kernel(stage);
    return result < 0 ? fail("the domain cannot be read", result) : MM_CTL_OK;
}

/* ---- the daemon -----------------------------------------------------------------------------------------
 */

static int open_notify_socket(char *path, size_t size, const char *directory)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)mm_format(path, size, "%s/notify", directory);
    mm_copy_text(address.sun_path, sizeof(address.sun_path), path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        mm_cleanup_close(&fd);
        return -errno;
    }
    return fd;
}

_Noreturn static void become_daemon(const struct mm_demo_stage *stage, const char *notify_path, pid_t parent)
{
    char program[MM_PROGRAM_PATH_MAX];
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    /* Ctrl-C is for the demonstration, which ends its daemon last */
    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    mm_runtime_sibling("memmgrd", program, sizeof(program));
    (void)setenv("NOTIFY_SOCKET", notify_path, 1);
    (void)execl(program, program, "--config", stage->config_path, "--runtime-directory", stage->directory,
                "--log-level", "warning", (char *)NULL);
    (void)fprintf(stderr, "memmgrctl: demo: %s: %s\n", program, strerror(errno));
    _exit(127);
}

/* READY=1, or the daemon's end, whichever comes first. */
static int wait_ready(const struct mm_demo_stage *stage, int notify_fd)
{
    struct pollfd descriptors[] = {
        {.fd = notify_fd, .events = POLLIN},
        {.fd = stage->daemon_fd, .events = POLLIN},
    };
    char message[256];
    ssize_t length;

    for (;;) {
        int count = poll(descriptors, MM_ARRAY_SIZE(descriptors), DAEMON_READY_TIMEOUT_MS);

        if (count == 0)
            return -ETIMEDOUT;
        if (count < 0 && errno != EINTR)
            return -errno;
        if (descriptors[1].revents)
            return -ECHILD;
        length = recv(notify_fd, message, sizeof(message) - 1, MSG_DONTWAIT);
        message[MM_MAX(length, 0)] = '\0';
        if (strstr(message, "READY=1"))
            return 0;
    }
}

int mm_demo_stage_start_daemon(struct mm_demo_stage *stage)
{
    MM_CLEANUP_CLOSE int notify_fd = -1;
    char notify_path[96];
    pid_t parent = getpid();
    int result;

    notify_fd = open_notify_socket(notify_path, sizeof(notify_path), stage->directory);
    if (notify_fd < 0)
        return fail(notify_path, notify_fd);
    stage->daemon_pid = fork();
    if (stage->daemon_pid == 0)
        become_daemon(stage, notify_path, parent);
    if (stage->daemon_pid < 0)
        return fail("memmgrd", -errno);
    stage->daemon_fd = (int)syscall(SYS_pidfd_open, stage->daemon_pid, 0);
    if (stage->daemon_fd < 0)
        return fail("memmgrd", -errno);
    result = wait_ready(stage, notify_fd);
    return result < 0 ? fail("memmgrd did not become ready", result) : MM_CTL_OK;
}

static void stop_daemon(struct mm_demo_stage *stage)
{
    struct pollfd end = {.fd = stage->daemon_fd, .events = POLLIN};

    if (stage->daemon_pid <= 0)
        return;
    (void)kill(stage->daemon_pid, SIGTERM);
    if (stage->daemon_fd < 0 || poll(&end, 1, DAEMON_STOP_TIMEOUT_MS) <= 0)
        (void)kill(stage->daemon_pid, SIGKILL);
    (void)waitpid(stage->daemon_pid, NULL, 0);
    mm_cleanup_close(&stage->daemon_fd);
}

int mm_demo_stage_clear(struct mm_demo_stage *stage)
{
    int status = 0;

    stop_daemon(stage);
    mm_kernel_free(stage->kernel);
    mm_config_free(stage->config);
    if (stage->janitor_pid <= 0)
        return 0;
    (void)close(stage->janitor_fd);
    while (waitpid(stage->janitor_pid, &status, 0) < 0 && errno == EINTR)
        continue;
    /* the janitor has removed them: what is left is ours to free */
    (void)mm_own_groups_remove(stage->groups, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBUSY;
}

int mm_demo_report(struct mm_session *session, const struct mm_ctl *ctl, const struct mm_demo_app *app,
                   const char *word)
{
    cJSON *request = mm_session_request("event");
    cJSON *answer = NULL;
    int result;

    (void)cJSON_AddStringToObject(request, "event", word);
    (void)cJSON_AddNumberToObject(request, "pid", app->pid);
    (void)cJSON_AddStringToObject(request, "name", app->name);
    result = mm_session_ask(session, ctl, request, &answer);
    cJSON_Delete(answer);
    return result;
}
