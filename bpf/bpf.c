/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's side: runs the loader, takes its descriptors, reads the ring. */
#include "bpf/bpf.h"

#include "bpf/handover.h"
#include "bpf/memory.h"
#include "bpf/ring.h"
#include "common/common.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* A killed process is gone in about a millisecond; one stuck in the kernel is left to whoever inherits it. */
#define REAP_TIMEOUT_MS 100

struct mm_bpf {
    int progress_fd;
    pid_t loader_pid; /* 0: none */
    uint32_t timeout_ms;
    unsigned programs;
    uint64_t look_again_ns;
    int ring_fd;
    int gathering_fd; /* held, as a timer lives only in a map that somebody holds */
    int link_fds[MM_BPF_LOADER_LINKS_MAX];
    unsigned link_count;
    struct mm_bpf_ring ring;
    const volatile uint64_t *lost; /* a slot per CPU; NULL without a ring */
    size_t lost_bytes;             /* mapped */
    uint64_t *watched;             /* MM_BPF_WATCH_WORDS; NULL without a ring */
    uint32_t cpu_count;
    char reason[MM_BPF_REASON_MAX];
    struct mm_bpf_memory memory;
};

int mm_bpf_new(struct mm_bpf **ret_bpf)
{
    struct mm_bpf *bpf = calloc(1, sizeof(*bpf));

    if (!bpf)
        return -ENOMEM;
    bpf->progress_fd = -1;
    bpf->ring_fd = -1;
    bpf->gathering_fd = -1;
    mm_copy_text(bpf->reason, sizeof(bpf->reason), "not started");
    mm_bpf_memory_init(&bpf->memory);
    *ret_bpf = bpf;
    return 0;
}

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    errno = ENOSYS;
    return -1;
#endif
}

/* Ends and reaps the loader, within REAP_TIMEOUT_MS. Its wait status, or -1. */
static int end_loader(struct mm_bpf *bpf)
{
    MM_CLEANUP_CLOSE int pidfd = -1;
    struct pollfd pollfd;
    int status = -1;

    if (bpf->progress_fd >= 0)
        (void)close(mm_take_fd(&bpf->progress_fd));
    if (bpf->loader_pid <= 0)
        return -1;
    (void)kill(bpf->loader_pid, SIGKILL);
    pidfd = open_pidfd(bpf->loader_pid);
    pollfd = (struct pollfd){.fd = pidfd, .events = POLLIN};
    /* without a pidfd the wait is a plain one: such a kernel has no ring buffer to load into either */
    if (pidfd >= 0 && poll(&pollfd, 1, REAP_TIMEOUT_MS) == 0)
        return -1;
    if (waitpid(bpf->loader_pid, &status, 0) < 0)
        status = -1;
    bpf->loader_pid = 0;
    return status;
}

void mm_bpf_free(struct mm_bpf *bpf)
{
    if (!bpf)
        return;
    (void)end_loader(bpf);
    for (unsigned i = 0; i < bpf->link_count; i++)
        (void)close(bpf->link_fds[i]);
    mm_bpf_memory_fini(&bpf->memory);
    mm_bpf_ring_unmap(&bpf->ring);
    if (bpf->lost)
        (void)munmap((void *)bpf->lost, bpf->lost_bytes);
    if (bpf->watched)
        (void)munmap(bpf->watched, MM_BPF_WATCH_WORDS * sizeof(uint64_t));
    if (bpf->ring_fd >= 0)
        (void)close(bpf->ring_fd);
    if (bpf->gathering_fd >= 0)
        (void)close(bpf->gathering_fd);
    free(bpf);
}

/* error is negative. */
static const char *error_text(int error)
{
    return strerror(-error);
}

static int run_loader(struct mm_bpf *bpf, const struct mm_bpf_options *options)
{
    char ring_bytes[16];
    char self[16];
    char timeout_ms[16];
    char domain[24];
    char *arguments[] = {(char *)options->loader_path,
                         (char[]){"--ring-bytes"},
                         ring_bytes,
                         (char[]){"--daemon"},
                         self,
                         (char[]){"--timeout-ms"},
                         timeout_ms,
                         (char[]){"--domain-group"},
                         domain,
                         options->is_classic   ? (char[]){"--classic"}
                         : options->is_untimed ? (char[]){"--untimed"}
                                               : NULL,
                         NULL};

    (void)mm_format(ring_bytes, sizeof(ring_bytes), "%u",
                    options->ring_bytes ? options->ring_bytes : MM_BPF_RING_BYTES_DEFAULT);
    (void)mm_format(self, sizeof(self), "%d", (int)getpid());
    (void)mm_format(timeout_ms, sizeof(timeout_ms), "%u", bpf->timeout_ms);
    (void)mm_format(domain, sizeof(domain), "%llu", (unsigned long long)options->domain_group);
    return mm_bpf_handover_begin(arguments, false, &bpf->loader_pid, &bpf->progress_fd);
}

int mm_bpf_start(struct mm_bpf *bpf, const struct mm_bpf_options *options)
{
    int result;

    if (bpf->progress_fd >= 0 || bpf->ring_fd >= 0 || bpf->loader_pid > 0)
        return -EBUSY;
    bpf->timeout_ms = options->timeout_ms ? options->timeout_ms : MM_BPF_TIMEOUT_MS_DEFAULT;
    if (options->ring_bytes > MM_BPF_RING_BYTES_MAX) {
        (void)mm_format(bpf->reason, sizeof(bpf->reason), "a ring of %u bytes is more than the limit of %u",
                        options->ring_bytes, MM_BPF_RING_BYTES_MAX);
        return -EINVAL;
    }
    result = run_loader(bpf, options);
    if (result < 0) {
        (void)mm_format(bpf->reason, sizeof(bpf->reason), "cannot run %s: %s", options->loader_path,
                        error_text(result));
        return result;
    }
    mm_copy_text(bpf->reason, sizeof(bpf->reason), "loading");
    return 0;
}

int mm_bpf_progress_fd(const struct mm_bpf *bpf)
{
    return bpf->progress_fd;
}

static bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static bool has_possible_ring(const struct mm_bpf_loader_message *message)
{
    return is_power_of_two(message->ring_bytes) && message->ring_bytes >= (uint32_t)sysconf(_SC_PAGESIZE) &&
           message->ring_bytes <= MM_BPF_RING_BYTES_MAX;
}

static int map_lost(struct mm_bpf *bpf, int fd)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (bpf->cpu_count * sizeof(uint64_t) + page_bytes - 1) / page_bytes * page_bytes;
    void *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

    if (memory == MAP_FAILED)
        return -errno;
    bpf->lost = memory;
    bpf->lost_bytes = size;
    return 0;
}

static int map_watched(struct mm_bpf *bpf, int fd)
{
    void *memory =
        mmap(NULL, MM_BPF_WATCH_WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (memory == MAP_FAILED)
        return -errno;
    bpf->watched = memory;
    return 0;
}

/* Takes what it needs out of the message; the rest is closed by the caller. */
static int adopt(struct mm_bpf *bpf, struct mm_bpf_handover *handover)
{
    const struct mm_bpf_loader_message *message = &handover->message;
    int result;

    bpf->cpu_count = message->cpu_count;
    result = map_lost(bpf, handover->fds[1]);
    if (result == 0)
        result = map_watched(bpf, handover->fds[2]);
    if (result == 0)
        result = mm_bpf_ring_map(&bpf->ring, handover->fds[0], message->ring_bytes);
    if (result < 0) {
        (void)mm_format(bpf->reason, sizeof(bpf->reason), "cannot map the ring: %s", error_text(result));
        return result;
    }
    bpf->ring_fd = mm_take_fd(&handover->fds[0]);
    bpf->gathering_fd = mm_take_fd(&handover->fds[3]);
    bpf->look_again_ns = message->flags & MM_BPF_LOADER_IS_UNTIMED ? MM_BPF_GATHER_NS : 0;
    for (unsigned i = MM_BPF_LOADER_MAPS; i < handover->fd_count; i++)
        bpf->link_fds[bpf->link_count++] = mm_take_fd(&handover->fds[i]);
    bpf->programs = message->programs;
    return 0;
}

/* As mm_bpf_handover_read. */
static int read_answer(struct mm_bpf_handover *handover, ssize_t length, unsigned maps, char *reason)
{
    int result = mm_bpf_handover_read(handover, length, MM_BPF_LOADER_VERSION, maps, reason);

    if (result == 0 && !has_possible_ring(&handover->message))
        return mm_bpf_handover_refuse("its answer has impossible sizes", reason);
    return result;
}

/* status is what waitpid gave, or -1. */
static int explain_silence(const struct mm_bpf *bpf, int status, char *reason)
{
    size_t size = MM_BPF_REASON_MAX;

    if (status >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        (void)mm_format(reason, size, "the loader was not done within %u ms", bpf->timeout_ms);
    else if (status >= 0 && WIFSIGNALED(status))
        (void)mm_format(reason, size, "the loader was killed by signal %d", WTERMSIG(status));
    else if (status >= 0 && WIFEXITED(status))
        (void)mm_format(reason, size, "the loader ended with status %d and without an answer",
                        WEXITSTATUS(status));
    else
        mm_copy_text(reason, size, "the loader ended without an answer");
    return -EPIPE;
}

/* The first answer decides; after it the loader goes on with what watches memory. */
static int take_lifecycle(struct mm_bpf *bpf, struct mm_bpf_handover *handover, ssize_t length)
{
    int result = -EPIPE;
    int status;

    if (length != 0)
        result = read_answer(handover, length, MM_BPF_LOADER_MAPS, bpf->reason);
    if (length != 0 && result == 0)
        result = adopt(bpf, handover);
    if (result == 0) {
        mm_copy_text(bpf->memory.reason, sizeof(bpf->memory.reason), "loading");
        return 0;
    }
    /* it has nothing more to do, or is dying already */
    status = end_loader(bpf);
    return length == 0 ? explain_silence(bpf, status, bpf->reason) : result;
}

static int take_memory(struct mm_bpf *bpf, struct mm_bpf_handover *handover, ssize_t length)
{
    struct mm_bpf_memory *memory = &bpf->memory;
    int status = end_loader(bpf);
    int result;

    if (length == 0)
        result = explain_silence(bpf, status, memory->reason);
    else
        result = read_answer(handover, length, MM_BPF_LOADER_MEMORY_MAPS, memory->reason);
    if (result < 0)
        return 0;
    result = mm_bpf_memory_adopt(memory, handover->fds, handover->fd_count);
    if (result < 0)
        (void)mm_format(memory->reason, sizeof(memory->reason), "cannot map the stalls: %s",
                        error_text(result));
    else
        bpf->programs |= handover->message.programs;
    return 0;
}

int mm_bpf_receive(struct mm_bpf *bpf)
{
    struct mm_bpf_handover handover = {.fd_count = 0};
    ssize_t length;
    int result;

    if (bpf->progress_fd < 0)
        return bpf->programs ? 0 : -ENODATA;
    length = mm_bpf_handover_receive(bpf->progress_fd, &handover);
    if (length == -EAGAIN)
        return -EAGAIN;
    if (bpf->programs)
        result = take_memory(bpf, &handover, length);
    else
        result = take_lifecycle(bpf, &handover, length);
    mm_bpf_handover_close(&handover);
    return result;
}

int mm_bpf_give_up(struct mm_bpf *bpf)
{
    char *reason = bpf->programs ? bpf->memory.reason : bpf->reason;

    (void)end_loader(bpf);
    (void)mm_format(reason, MM_BPF_REASON_MAX, "the loader was not done within %u ms", bpf->timeout_ms);
    return bpf->programs ? 0 : -ETIMEDOUT;
}

int mm_bpf_wait(struct mm_bpf *bpf)
{
    int result;

    do {
        struct pollfd pollfd = {.fd = bpf->progress_fd, .events = POLLIN};

        result = mm_bpf_receive(bpf);
        if (result == -EAGAIN && poll(&pollfd, 1, (int)bpf->timeout_ms) <= 0)
            result = mm_bpf_give_up(bpf);
    } while (result == -EAGAIN || (result == 0 && bpf->progress_fd >= 0));
    return result;
}

const char *mm_bpf_reason(const struct mm_bpf *bpf)
{
    return bpf->reason;
}

const char *mm_bpf_memory_reason(const struct mm_bpf *bpf)
{
    return bpf->memory.reason;
}

const struct mm_bpf_stall_totals *mm_bpf_totals(const struct mm_bpf *bpf)
{
    return bpf->memory.totals;
}

int mm_bpf_read_stalls(const struct mm_bpf *bpf, struct mm_bpf_stalls *ret_stalls)
{
    return mm_bpf_memory_read(&bpf->memory, ret_stalls);
}

unsigned mm_bpf_programs(const struct mm_bpf *bpf)
{
    return bpf->programs;
}

int mm_bpf_ring_fd(const struct mm_bpf *bpf)
{
    return bpf->ring_fd;
}

uint64_t mm_bpf_look_again_ns(const struct mm_bpf *bpf)
{
    return bpf->look_again_ns;
}

size_t mm_bpf_ring_bytes(const struct mm_bpf *bpf)
{
    return bpf->ring.size_bytes;
}

/* The programs read the word while it is written: in one store. */
static void set_watched(struct mm_bpf *bpf, pid_t pid, bool is_watched)
{
    uint32_t slot = (uint32_t)pid % MM_BPF_WATCH_BITS;
    uint64_t bit = UINT64_C(1) << (slot % 64);
    uint64_t *word;

    if (!bpf->watched)
        return;
    word = &bpf->watched[slot / 64];
    __atomic_store_n(word, is_watched ? *word | bit : *word & ~bit, __ATOMIC_RELAXED);
}

void mm_bpf_watch(struct mm_bpf *bpf, pid_t pid)
{
    set_watched(bpf, pid, true);
}

struct consumption {
    struct mm_bpf *bpf;
    mm_bpf_visit visit;
    void *user;
};

static void visit_record(const void *payload, size_t length, void *user)
{
    const struct consumption *consumption = user;
    const struct mm_bpf_record *record = payload;

    /* the version of the loader's answer vouches for the layout; a length that differs is nobody's record */
    if (length != sizeof(*record))
        return;
    if (record->type == MM_BPF_RECORD_EXIT)
        set_watched(consumption->bpf, record->tgid, false);
    consumption->visit(record, consumption->user);
}

int mm_bpf_consume(struct mm_bpf *bpf, unsigned max, mm_bpf_visit visit, void *user)
{
    struct consumption consumption = {.bpf = bpf, .visit = visit, .user = user};

    if (bpf->ring_fd < 0)
        return -ENODATA;
    return mm_bpf_ring_consume(&bpf->ring, max, visit_record, &consumption);
}

uint64_t mm_bpf_lost(const struct mm_bpf *bpf)
{
    uint64_t lost = 0;

    for (uint32_t cpu = 0; bpf->lost && cpu < bpf->cpu_count; cpu++)
        lost += bpf->lost[cpu];
    return lost;
}
