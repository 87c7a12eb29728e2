/* SPDX-License-Identifier: Apache-2.0 */
/* pidfds in an epoll descriptor. */
#include "kernel_interface/exit_watch.h"

#include "common/common.h"

#include <errno.h>
#include <sys/epoll.h>

/* The queue's own mark among the events' data; slots are marked with index and generation. */
#define QUEUE_MARK UINT64_MAX

/* Taken from the kernel at a time. */
#define BATCH 16

static int control(int epoll_fd, int operation, int fd, uint64_t mark)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = mark};

    return epoll_ctl(epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

int mm_exit_watch_init(struct mm_exit_watch *watch, struct mm_notice_queue *notices)
{
    int fd MM_CLEANUP_CLOSE = epoll_create1(EPOLL_CLOEXEC);
    int r;

    if (fd < 0)
        return -errno;
    r = control(fd, EPOLL_CTL_ADD, mm_notice_queue_fd(notices), QUEUE_MARK);
    if (r < 0)
        return r;
    *watch = (struct mm_exit_watch){.epoll_fd = mm_take_fd(&fd), .notices = notices};
    for (unsigned i = 0; i < MM_EXIT_WATCH_CAPACITY; i++)
        watch->slots[i].pidfd = -1;
    return 0;
}

void mm_exit_watch_fini(struct mm_exit_watch *watch)
{
    if (watch->epoll_fd >= 0)
        (void)close(watch->epoll_fd);
    watch->epoll_fd = -1;
}

static struct mm_exit_watch_slot *find(struct mm_exit_watch *watch, int pidfd)
{
    for (unsigned i = 0; i < MM_EXIT_WATCH_CAPACITY; i++) {
        if (watch->slots[i].pidfd == pidfd)
            return &watch->slots[i];
    }
    return NULL;
}

int mm_exit_watch_add(struct mm_exit_watch *watch, int pidfd, pid_t pid, uint64_t cookie)
{
    struct mm_exit_watch_slot *slot = find(watch, -1);
    uint64_t mark;
    int r;

    if (!slot)
        return -EOPNOTSUPP;
    mark = (uint64_t)(slot->generation + 1) << 32 | (uint64_t)(slot - watch->slots);
    r = control(watch->epoll_fd, EPOLL_CTL_ADD, pidfd, mark);
    if (r < 0)
        return r;
    slot->pidfd = pidfd;
    slot->pid = pid;
    slot->cookie = cookie;
    slot->generation++;
    return 0;
}

static void free_slot(struct mm_exit_watch *watch, struct mm_exit_watch_slot *slot)
{
    (void)epoll_ctl(watch->epoll_fd, EPOLL_CTL_DEL, slot->pidfd, NULL);
    slot->pidfd = -1;
}

void mm_exit_watch_remove(struct mm_exit_watch *watch, int pidfd)
{
    struct mm_exit_watch_slot *slot = pidfd < 0 ? NULL : find(watch, pidfd);

    if (slot)
        free_slot(watch, slot);
}

static void report_exit(struct mm_exit_watch *watch, uint64_t mark, mm_notice_visit visit, void *user)
{
    struct mm_exit_watch_slot *slot = &watch->slots[mark & 0xffffffffU];
    struct mm_notice notice = {
        .kind = MM_NOTICE_PROCESS_EXITED,
        .cookie = slot->cookie,
        .pid = slot->pid,
    };

    if (slot->pidfd < 0 || slot->generation != mark >> 32)
        return; /* removed by an earlier visit */
    free_slot(watch, slot);
    visit(&notice, user);
}

void mm_exit_watch_drain(struct mm_exit_watch *watch, mm_notice_visit visit, void *user)
{
    struct epoll_event events[BATCH];
    int count;

    do {
        bool has_notices = false;

        count = epoll_wait(watch->epoll_fd, events, BATCH, 0);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u64 == QUEUE_MARK)
                has_notices = true;
            else
                report_exit(watch, events[i].data.u64, visit, user);
        }
        if (has_notices)
            (void)mm_notice_queue_drain(watch->notices, visit, user);
    } while (count == BATCH);
}
