/* SPDX-License-Identifier: Apache-2.0 */
/* An application of the demonstration: a process that really holds memory. */
#include "service/demo/demo.h"

#include "common/common.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Growth comes in steps of this length. */
#define STEP_MS 10
/* Filling a few hundred MiB takes well under a second; on an emulated machine, several. */
#define READY_TIMEOUT_MS 20000

struct memory {
    uint64_t *words;
    uint64_t filled_bytes;
    uint64_t seed;
};

/* Numbers no compressor can shrink, so that swap made of RAM does not blur the picture. */
static void fill(struct memory *memory, uint64_t target_bytes)
{
    while (memory->filled_bytes < target_bytes) {
        memory->seed ^= memory->seed << 13;
        memory->seed ^= memory->seed >> 7;
        memory->seed ^= memory->seed << 17;
        memory->words[memory->filled_bytes / sizeof(uint64_t)] = memory->seed;
        memory->filled_bytes += sizeof(uint64_t);
    }
}

/* Waits for a byte. False when the other side is gone. */
static bool wait_for_word(int fd)
{
    char word;
    ssize_t length;

    do {
        length = read(fd, &word, 1);
    } while (length < 0 && errno == EINTR);
    return length == 1;
}

static void close_between(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    /* kernels before 5.9: what a demonstration can have opened */
    for (unsigned fd = first; fd <= last && fd < 1024; fd++)
        (void)close((int)fd);
}

/* Nothing of the demonstration's may be kept open here: its janitor waits for the end of a pipe. */
static void close_all_but(int a, int b)
{
    unsigned low = (unsigned)MM_MIN(a, b);
    unsigned high = (unsigned)MM_MAX(a, b);

    close_between(3, low - 1);
    close_between(low + 1, high - 1);
    close_between(high + 1, ~0U);
}

_Noreturn static void live(const struct mm_demo_size *size, int command_fd, int ready_fd)
{
    uint64_t total_bytes = size->hold_bytes + size->growth_bytes;
    struct memory memory = {.seed = (uint64_t)(unsigned)getpid() * 0x9E3779B97F4A7C15ULL};
    struct pollfd ended = {.fd = command_fd, .events = POLLIN};

    memory.words =
        mmap(NULL, total_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    /* the first byte says that we are in our group */
    if (memory.words == MAP_FAILED || !wait_for_word(command_fd))
        _exit(1);
    fill(&memory, size->hold_bytes);
    if (write(ready_fd, "r", 1) != 1 || !wait_for_word(command_fd))
        _exit(0);
    while (memory.filled_bytes < total_bytes) {
        uint64_t step_bytes = size->growth_bytes_per_s * STEP_MS / 1000;

        fill(&memory, MM_MIN(memory.filled_bytes + step_bytes, total_bytes));
        if (poll(&ended, 1, STEP_MS) > 0)
            _exit(0);
    }
    (void)wait_for_word(command_fd);
    _exit(0);
}

static int wait_ready(int ready_fd)
{
    struct pollfd ready = {.fd = ready_fd, .events = POLLIN};
    int result = poll(&ready, 1, READY_TIMEOUT_MS);

    if (result <= 0)
        return result < 0 ? -errno : -ETIMEDOUT;
    return wait_for_word(ready_fd) ? 0 : -ECHILD;
}

static int set_up(struct mm_demo_app *app, struct mm_own_groups *groups, int ready_fd)
{
    int result = mm_own_groups_add(groups, app->name);

    if (result == 0)
        result = mm_own_groups_join(groups, app->name, app->pid);
    if (result == 0 && write(app->command_fd, "h", 1) != 1)
        result = -errno;
    if (result < 0)
        return result;
    app->pid_fd = (int)syscall(SYS_pidfd_open, app->pid, 0);
    return app->pid_fd < 0 ? -errno : wait_ready(ready_fd);
}

int mm_demo_app_start(struct mm_demo_app *app, const struct mm_demo_size *size, struct mm_own_groups *groups)
{
    MM_CLEANUP_CLOSE int ready_fd = -1;
    int command[2];
    int ready[2];
    pid_t parent = getpid();

    if (pipe2(command, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(ready, O_CLOEXEC) < 0)
        return -errno;
    app->pid = fork();
    if (app->pid == 0) {
        /* it must not outlive a demonstration that is killed */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)prctl(PR_SET_NAME, app->name);
        if (getppid() != parent)
            _exit(0);
        close_all_but(command[0], ready[1]);
        live(size, command[0], ready[1]);
    }
    (void)close(command[0]);
    (void)close(ready[1]);
    app->command_fd = command[1];
    ready_fd = ready[0];
    return app->pid < 0 ? -errno : set_up(app, groups, ready_fd);
}

void mm_demo_app_grow(const struct mm_demo_app *app)
{
    (void)!write(app->command_fd, "g", 1);
}

void mm_demo_app_end(struct mm_demo_app *app)
{
    if (app->pid <= 0)
        return;
    if (app->command_fd >= 0)
        (void)close(app->command_fd);
    if (!app->is_dead) {
        (void)kill(app->pid, SIGKILL);
        (void)waitpid(app->pid, &app->wait_status, 0);
    }
    if (app->pid_fd >= 0)
        (void)close(app->pid_fd);
    app->pid = 0;
}
