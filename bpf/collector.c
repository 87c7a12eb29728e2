/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/collector.h"

#include "bpf/handover.h"
#include "common/common.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 12

int mm_bpf_collector_start(struct mm_bpf_collector *collector, const struct mm_bpf_collector_kind *kind,
                           const struct mm_bpf_collector_options *options)
{
    char timeout_ms[16];
    const char *arguments[ARGUMENTS_MAX] = {options->loader_path, kind->option, "--timeout-ms", timeout_ms};
    unsigned count = 4;

    *collector =
        (struct mm_bpf_collector){.kind = kind, .progress_fd = -1, .pin_directory = options->pin_directory};
    (void)mm_format(timeout_ms, sizeof(timeout_ms), "%u", options->timeout_ms);
    if (options->is_classic)
        arguments[count++] = "--classic";
    if (options->tracefs) {
        arguments[count++] = "--tracefs";
        arguments[count++] = options->tracefs;
    }
    if (options->pin_directory) {
        arguments[count++] = "--pin-directory";
        arguments[count++] = options->pin_directory;
    }
    mm_copy_text(collector->reason, sizeof(collector->reason), "loading");
    return mm_bpf_handover_begin((char *const *)arguments, true, &collector->loader_pid,
                                 &collector->progress_fd);
}

/* It has answered, or is of no use any more. */
static void end_loader(struct mm_bpf_collector *collector)
{
    if (collector->progress_fd >= 0)
        (void)close(mm_take_fd(&collector->progress_fd));
    if (collector->loader_pid <= 0)
        return;
    (void)kill(collector->loader_pid, SIGKILL);
    while (waitpid(collector->loader_pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    collector->loader_pid = 0;
}

/* Before the lock on the directory goes. Another's file keeps it there. */
static void unpin(const struct mm_bpf_collector *collector)
{
    int directory = collector->fds[collector->fd_count - 1];

    for (unsigned i = 0; i < collector->kind->map_count; i++)
        (void)unlinkat(directory, collector->kind->map_names[i], 0);
    (void)rmdir(collector->pin_directory);
}

void mm_bpf_collector_end(struct mm_bpf_collector *collector)
{
    end_loader(collector);
    if (collector->flags & MM_BPF_COLLECTOR_IS_PINNED)
        unpin(collector);
    for (unsigned i = 0; i < collector->fd_count; i++)
        (void)close(collector->fds[i]);
    collector->fd_count = 0;
    collector->programs = 0;
    collector->flags = 0;
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

static int read_answer(struct mm_bpf_collector *collector, struct mm_bpf_handover *handover, ssize_t length)
{
    const struct mm_bpf_collector_kind *kind = collector->kind;
    const struct mm_bpf_loader_message *message = &handover->message;
    int result = mm_bpf_handover_read(handover, length, kind->version, kind->descriptors, collector->reason);

    if (result == 0 && (message->programs & kind->required) != kind->required)
        result = mm_bpf_handover_refuse("its answer lacks a program", collector->reason);
    if (result == 0 && !collector->pin_directory && (message->flags & MM_BPF_COLLECTOR_IS_PINNED))
        result = mm_bpf_handover_refuse("it has pinned what it was not asked for", collector->reason);
    if (result < 0)
        return may_pass(result) ? result : -EOPNOTSUPP;
    return 0;
}

int mm_bpf_collector_receive(struct mm_bpf_collector *collector)
{
    struct mm_bpf_handover handover = {.fd_count = 0};
    ssize_t length = mm_bpf_handover_receive(collector->progress_fd, &handover);
    int result;

    if (length == -EAGAIN)
        return -EAGAIN;
    end_loader(collector);
    if (length == 0) {
        mm_copy_text(collector->reason, sizeof(collector->reason),
                     "the loader ended without an answer, or was not done in time");
        return -EPIPE;
    }
    result = read_answer(collector, &handover, length);
    if (result < 0) {
        mm_bpf_handover_close(&handover);
        return result;
    }
    collector->cpu_count = handover.message.cpu_count;
    collector->programs = handover.message.programs;
    collector->flags = handover.message.flags;
    collector->fd_count = handover.fd_count;
    memcpy(collector->fds, handover.fds, sizeof(collector->fds));
    return 0;
}
