/* SPDX-License-Identifier: Apache-2.0 */
/* The flow's side of cpuflow's programs: runs the loader, takes its descriptors, exchanges and reads the maps. */
#include "bpf/cpu.h"

#include "bpf/loader_protocol.h"
#include "common/common.h"
#include "common/spawn.h"

#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Entries per call: far more than any hash bucket holds, which the kernel hands over as a whole. */
#define BATCH_COUNT 64

/* More than any machine has: a limit on what a message may make us map. */
#define CPU_COUNT_MAX 65536

struct mm_bpf_cpu {
    pid_t loader_pid; /* 0: none */
    int progress_fd;
    int fds[MM_BPF_LOADER_FDS_MAX];
    unsigned fd_count;
    unsigned programs;
    uint32_t cpu_count;
    unsigned read_slot; /* 0 or 1: the one that is not charged */
    unsigned flags;     /* enum mm_bpf_cpu_flag */
    const char *pin_directory;
    const volatile struct mm_bpf_cpu_state *states;
    size_t states_bytes;
    uint32_t *keys;                /* of a batch */
    struct mm_bpf_cpu_time *times; /* of a batch, each once for each processor */
    char reason[MM_BPF_REASON_MAX];
};

static int call_bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
    return syscall(SYS_bpf, command, attributes, sizeof(*attributes)) < 0 ? -errno : 0;
}

/* ---- the loader --------------------------------------------------------------------------------------------- */

static int run_loader(struct mm_bpf_cpu *cpu, const struct mm_bpf_cpu_options *options, int fd)
{
    char timeout_ms[16], classic[] = "--classic", pin_directory[] = "--pin-directory";
    char *arguments[] = {(char *)options->loader_path,
                         (char[]){"--cpu"},
                         (char[]){"--timeout-ms"},
                         timeout_ms,
                         NULL,
                         NULL,
                         NULL,
                         NULL};
    char *const environment[] = {(char[]){MM_BPF_LOADER_ENVIRONMENT}, NULL};
    const struct mm_spawn_descriptor descriptor = {fd, MM_BPF_LOADER_FD};
    const struct mm_program loader = {
        .path = options->loader_path,
        .arguments = arguments,
        .environment = environment,
        .descriptors = &descriptor,
        .descriptor_count = 1,
        .ends_with_us = true,
    };

    unsigned count = 4;

    if (options->is_classic)
        arguments[count++] = classic;
    if (options->pin_directory) {
        arguments[count++] = pin_directory;
        arguments[count++] = (char *)options->pin_directory;
    }
    (void)mm_format(timeout_ms, sizeof(timeout_ms), "%u", options->timeout_ms);
    return mm_spawn(&loader, &cpu->loader_pid);
}

int mm_bpf_cpu_new(const struct mm_bpf_cpu_options *options, struct mm_bpf_cpu **ret_cpu)
{
    struct mm_bpf_cpu *cpu = calloc(1, sizeof(*cpu));
    int ends[2] = {-1, -1};
    int result;

    if (!cpu)
        return -ENOMEM;
    cpu->progress_fd = -1;
    cpu->pin_directory = options->pin_directory;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        result = -errno;
        free(cpu);
        return result;
    }
    cpu->progress_fd = ends[0];
    result = run_loader(cpu, options, ends[1]);
    (void)close(ends[1]);
    if (result < 0) {
        cpu->loader_pid = 0;
        mm_bpf_cpu_free(cpu);
        return result;
    }
    mm_copy_text(cpu->reason, sizeof(cpu->reason), "loading");
    *ret_cpu = cpu;
    return 0;
}

/* It has answered, or is of no use any more. */
static void end_loader(struct mm_bpf_cpu *cpu)
{
    if (cpu->progress_fd >= 0)
        (void)close(mm_take_fd(&cpu->progress_fd));
    if (cpu->loader_pid <= 0)
        return;
    (void)kill(cpu->loader_pid, SIGKILL);
    while (waitpid(cpu->loader_pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    cpu->loader_pid = 0;
}

/* Before the lock on the directory goes. Another's file keeps it there. */
static void unpin(const struct mm_bpf_cpu *cpu)
{
    static const char *const names[] = MM_BPF_CPU_MAP_NAMES;

    for (size_t i = 0; i < MM_ARRAY_SIZE(names); i++)
        (void)unlinkat(cpu->fds[cpu->fd_count - 1], names[i], 0);
    (void)rmdir(cpu->pin_directory);
}

void mm_bpf_cpu_free(struct mm_bpf_cpu *cpu)
{
    if (!cpu)
        return;
    end_loader(cpu);
    if (cpu->flags & MM_BPF_CPU_IS_PINNED)
        unpin(cpu);
    if (cpu->states)
        (void)munmap((void *)cpu->states, cpu->states_bytes);
    for (unsigned i = 0; i < cpu->fd_count; i++)
        (void)close(cpu->fds[i]);
    free(cpu->keys);
    free(cpu->times);
    free(cpu);
}

int mm_bpf_cpu_progress_fd(const struct mm_bpf_cpu *cpu)
{
    return cpu->progress_fd;
}

const char *mm_bpf_cpu_reason(const struct mm_bpf_cpu *cpu)
{
    return cpu->reason;
}

unsigned mm_bpf_cpu_programs(const struct mm_bpf_cpu *cpu)
{
    return cpu->programs;
}

bool mm_bpf_cpu_is_taken_over(const struct mm_bpf_cpu *cpu)
{
    return cpu->flags & MM_BPF_CPU_IS_TAKEN_OVER;
}

/* ---- its answer --------------------------------------------------------------------------------------------- */

/* Bytes of the message, 0 at its end, or a negative errno; the descriptors are kept in any case. */
static ssize_t receive_message(struct mm_bpf_cpu *cpu, struct mm_bpf_loader_message *message)
{
    union {
        char bytes[CMSG_SPACE(sizeof(cpu->fds))];
        struct cmsghdr alignment;
    } control;
    struct iovec vector = {.iov_base = message, .iov_len = sizeof(*message)};
    struct msghdr header = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    ssize_t length = recvmsg(cpu->progress_fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (length < 0)
        return errno == ECONNRESET ? 0 : -errno;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        cpu->fd_count = (unsigned)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(cpu->fds, CMSG_DATA(part), cpu->fd_count * sizeof(int));
    }
    return header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EMSGSIZE : length;
}

static bool makes_sense(const struct mm_bpf_cpu *cpu, const struct mm_bpf_loader_message *message,
                        ssize_t length)
{
    if (length != (ssize_t)sizeof(*message) || message->version != MM_BPF_CPU_LOADER_VERSION)
        return false;
    if (message->error != 0)
        return message->error < 0;
    return message->fd_count == cpu->fd_count && cpu->fd_count > MM_BPF_CPU_DESCRIPTORS &&
           message->cpu_count > 0 && message->cpu_count <= CPU_COUNT_MAX &&
           (message->programs & MM_BPF_CPU_SWITCH) &&
           (cpu->pin_directory || !(message->flags & MM_BPF_CPU_IS_PINNED));
}

/* Other errors say what the kernel refuses or lacks, and so it will the next time. */
static bool may_pass(int error)
{
    static const int passing[] = {-ENOMEM, -ENOSPC, -EMFILE, -ENFILE, -EAGAIN, -EINTR, -EBUSY};

    for (size_t i = 0; i < MM_ARRAY_SIZE(passing); i++) {
        if (passing[i] == error)
            return true;
    }
    return false;
}

static int adopt(struct mm_bpf_cpu *cpu)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = cpu->cpu_count * sizeof(*cpu->states);
    void *memory;

    cpu->keys = calloc(BATCH_COUNT, sizeof(*cpu->keys));
    cpu->times = calloc((size_t)BATCH_COUNT * cpu->cpu_count, sizeof(*cpu->times));
    if (!cpu->keys || !cpu->times)
        return -ENOMEM;
    size = (size + page_bytes - 1) / page_bytes * page_bytes;
    memory = mmap(NULL, size, PROT_READ, MAP_SHARED, cpu->fds[MM_BPF_CPU_STATES], 0);
    if (memory == MAP_FAILED)
        return -errno;
    cpu->states = memory;
    cpu->states_bytes = size;
    /* the loader's programs begin with the first */
    cpu->read_slot = 1;
    return 0;
}

int mm_bpf_cpu_receive(struct mm_bpf_cpu *cpu)
{
    struct mm_bpf_loader_message message = {0};
    ssize_t length = receive_message(cpu, &message);
    int result;

    if (length == -EAGAIN || length == -EINTR)
        return -EAGAIN;
    end_loader(cpu);
    if (length == 0) {
        mm_copy_text(cpu->reason, sizeof(cpu->reason),
                     "the loader ended without an answer, or was not done in time");
        return -EPIPE;
    }
    if (!makes_sense(cpu, &message, length)) {
        mm_copy_text(cpu->reason, sizeof(cpu->reason), "the loader does not fit this daemon");
        return -EOPNOTSUPP;
    }
    message.reason[MM_BPF_REASON_MAX - 1] = '\0';
    (void)mm_printable(message.reason, strlen(message.reason), cpu->reason, sizeof(cpu->reason));
    if (message.error < 0)
        return may_pass(message.error) ? message.error : -EOPNOTSUPP;
    cpu->cpu_count = message.cpu_count;
    cpu->programs = message.programs;
    cpu->flags = message.flags;
    result = adopt(cpu);
    if (result < 0)
        (void)mm_format(cpu->reason, sizeof(cpu->reason), "the maps cannot be mapped: %s", strerror(-result));
    return result;
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* Charges what runs on each processor; one that is idle is not woken for it. Best effort: a kernel before 5.10 cannot,
   and charges it when it is left. */
static void flush(const struct mm_bpf_cpu *cpu)
{
    for (uint32_t i = 0; i < cpu->cpu_count; i++) {
        union bpf_attr attributes = {0};

        if ((cpu->flags & MM_BPF_CPU_KNOWS_RUNNER) && cpu->states[i].runner == 0)
            continue;
        attributes.test.prog_fd = (uint32_t)cpu->fds[MM_BPF_CPU_FLUSH];
        attributes.test.cpu = i;
        attributes.test.flags = BPF_F_TEST_RUN_ON_CPU;
        (void)call_bpf(BPF_PROG_TEST_RUN, &attributes);
    }
}

/* The slot that was charged is quiet afterwards: the kernel returns when no program uses it any more. */
static int exchange(struct mm_bpf_cpu *cpu)
{
    union bpf_attr attributes = {0};
    uint32_t zero = 0;
    uint32_t fd = (uint32_t)cpu->fds[MM_BPF_CPU_FIRST + cpu->read_slot];
    int result;

    attributes.map_fd = (uint32_t)cpu->fds[MM_BPF_CPU_CURRENT];
    attributes.key = (uintptr_t)&zero;
    attributes.value = (uintptr_t)&fd;
    result = call_bpf(BPF_MAP_UPDATE_ELEM, &attributes);
    if (result == 0)
        cpu->read_slot ^= 1;
    return result;
}

/* The next entries of the quiet slot, which are taken out of it. How many, 0 at the end, or a negative errno. */
static int take_batch(const struct mm_bpf_cpu *cpu, const uint32_t *in, uint32_t *out, bool *ret_is_last)
{
    union bpf_attr attributes = {0};
    int result;

    attributes.batch.map_fd = (uint32_t)cpu->fds[MM_BPF_CPU_FIRST + cpu->read_slot];
    attributes.batch.in_batch = (uintptr_t)in;
    attributes.batch.out_batch = (uintptr_t)out;
    attributes.batch.keys = (uintptr_t)cpu->keys;
    attributes.batch.values = (uintptr_t)cpu->times;
    attributes.batch.count = BATCH_COUNT;
    result = call_bpf(BPF_MAP_LOOKUP_AND_DELETE_BATCH, &attributes);
    *ret_is_last = result == -ENOENT;
    if (result < 0 && result != -ENOENT)
        return result;
    return (int)attributes.batch.count;
}

/* The processors of one entry together. */
static struct mm_bpf_cpu_time sum_up(const struct mm_bpf_cpu *cpu, unsigned entry)
{
    const struct mm_bpf_cpu_time *times = &cpu->times[(size_t)entry * cpu->cpu_count];
    struct mm_bpf_cpu_time sum = {0};

    for (uint32_t i = 0; i < cpu->cpu_count; i++) {
        sum.run_ns += times[i].run_ns;
        sum.weighted_ns += times[i].weighted_ns;
        sum.switches += times[i].switches;
        if (times[i].switches == 0)
            continue;
        sum.tgid = times[i].tgid;
        sum.start_ns = times[i].start_ns;
    }
    return sum;
}

static int by_tgid(const void *a, const void *b)
{
    const struct mm_bpf_cpu_time *left = a, *right = b;

    return (left->tgid > right->tgid) - (left->tgid < right->tgid);
}

/* All are sums over the processors, which write meanwhile. */
static void read_totals(const struct mm_bpf_cpu *cpu, struct mm_bpf_cpu_snapshot *snapshot)
{
    for (uint32_t i = 0; i < cpu->cpu_count; i++) {
        snapshot->total_ns += cpu->states[i].total_ns;
        snapshot->lost_ns += cpu->states[i].lost_ns;
        snapshot->lost_count += cpu->states[i].lost_count;
    }
}

static int drain(const struct mm_bpf_cpu *cpu, struct mm_bpf_cpu_snapshot *snapshot)
{
    uint32_t position = 0;
    bool is_first = true, is_last = false;

    while (!is_last) {
        int count = take_batch(cpu, is_first ? NULL : &position, &position, &is_last);

        if (count < 0)
            return count;
        is_first = false;
        /* the map holds no more, but what it says is not ours */
        for (int i = 0; i < count && snapshot->count < MM_BPF_CPU_PROCESSES_MAX; i++)
            snapshot->processes[snapshot->count++] = sum_up(cpu, (unsigned)i);
    }
    return 0;
}

int mm_bpf_cpu_read(struct mm_bpf_cpu *cpu, struct mm_bpf_cpu_snapshot **ret_snapshot)
{
    size_t size =
        sizeof(struct mm_bpf_cpu_snapshot) + MM_BPF_CPU_PROCESSES_MAX * sizeof(struct mm_bpf_cpu_time);
    struct mm_bpf_cpu_snapshot *snapshot, *fitting;
    int result;

    flush(cpu);
    result = exchange(cpu);
    if (result < 0)
        return result;
    snapshot = calloc(1, size);
    if (!snapshot)
        return -ENOMEM;
    result = drain(cpu, snapshot);
    if (result < 0) {
        free(snapshot);
        return result;
    }
    read_totals(cpu, snapshot);
    qsort(snapshot->processes, snapshot->count, sizeof(snapshot->processes[0]), by_tgid);
    fitting = realloc(snapshot, sizeof(*snapshot) + snapshot->count * sizeof(snapshot->processes[0]));
    *ret_snapshot = fitting ? fitting : snapshot;
    return 0;
}
