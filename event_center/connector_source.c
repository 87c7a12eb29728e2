/* SPDX-License-Identifier: Apache-2.0 */
/* The event source of the process connector: gathers its messages and asks the kernel who they are about. */
#include "event_center/connector_source.h"

#include "common/common.h"
#include "event_center/bpf_gather.h"
#include "event_center/bpf_record.h"
#include "event_center/connector.h"
#include "event_center/lingering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Datagrams per wake-up: some 2 ms of work where each is the end of a process that is asked for; then signals and other
   sources get their turn. */
#define BATCH_SIZE 192

/* The kernel answers within the call; this is for a machine that is out of breath. */
#define ANSWER_NS (2 * MM_NS_PER_S)

struct mm_connector_source {
    struct mm_event_center *center;
    struct mm_kernel *kernel;
    struct mm_connector_options options;
    int fd, open_error;
    struct mm_timer answer_due;  /* or due at once when it could not be asked */
    struct mm_timer gather_ends; /* until then the descriptor is not watched */
    bool is_settled, is_available;
    bool has_answered;
    int answer; /* of the kernel, where it has */
    char reason[96];
    uint64_t messages, lost;
    uint64_t ns_per_tick;
    struct mm_bpf_gather gather;
    struct mm_lingering lingering;
};

static void notify(const struct mm_connector_source *source, enum mm_connector_notice notice)
{
    if (source->options.notify)
        source->options.notify(notice, source->options.user);
}

static void stop_reading(struct mm_connector_source *source)
{
    mm_event_center_disarm(source->center, &source->answer_due);
    mm_event_center_disarm(source->center, &source->gather_ends);
    mm_event_center_forget_fd(source->center, source->fd);
    if (source->fd >= 0)
        (void)close(source->fd);
    source->fd = -1;
}

static void settle(struct mm_connector_source *source, bool is_available, const char *reason)
{
    mm_event_center_disarm(source->center, &source->answer_due);
    if (!is_available)
        stop_reading(source);
    source->is_settled = true;
    source->is_available = is_available;
    mm_copy_text(source->reason, sizeof(source->reason), reason);
    if (is_available)
        mm_info("process connector: %s", source->reason);
    else
        mm_notice("no process connector: %s", source->reason);
    notify(source, MM_CONNECTOR_SETTLED);
}

static void settle_without(struct mm_connector_source *source, int error)
{
    static const struct {
        int error;
        const char *reason;
    } reasons[] = {
        {-EPERM, "refused: it needs CAP_NET_ADMIN and the initial user namespace"},
        {-EPROTONOSUPPORT, "this kernel was built without it (CONFIG_PROC_EVENTS)"},
        {-ETIMEDOUT, "no answer: it needs the initial pid namespace and CONFIG_PROC_EVENTS"},
        {-ENOSPC, "the event center has no room for one more descriptor"},
    };

    for (size_t i = 0; i < MM_ARRAY_SIZE(reasons); i++) {
        if (reasons[i].error == error) {
            settle(source, false, reasons[i].reason);
            return;
        }
    }
    settle(source, false, strerror(-error));
}

/* ---- what the messages say ------------------------------------------------------------------------------ */

/* Acted on after the reading, which must not lose its descriptor on the way. */
static void answered(int error, void *user)
{
    struct mm_connector_source *source = user;

    source->has_answered = true;
    source->answer = error;
}

/* Who they are about the kernel has to be asked. What is gone is left out: its end follows. */
static void publish_change(const struct mm_bpf_record *record, void *user)
{
    struct mm_connector_source *source = user;
    struct mm_process_info info;
    struct mm_event event;

    if (mm_bpf_record_to_event(record, 1, &event) < 0 ||
        source->kernel->ops->read_process(source->kernel, record->tgid, MM_PROCESS_STAT, &info) < 0 ||
        info.has_exited || info.is_kernel_thread)
        return;
    event.payload.process.start_time_ticks = info.start_time_ticks;
    memcpy(event.payload.process.comm, info.comm, sizeof(event.payload.process.comm));
    mm_event_center_publish(source->center, &event);
}

static void publish_end(const struct mm_bpf_record *record, void *user)
{
    struct mm_connector_source *source = user;
    struct mm_event event;

    if (record->type != MM_BPF_RECORD_EXIT) {
        publish_change(record, user);
        return;
    }
    if (mm_bpf_record_to_event(record, MM_NS_PER_S / source->ns_per_tick, &event) == 0)
        mm_event_center_publish(source->center, &event);
}

static void changed(const struct mm_bpf_record *record, void *user)
{
    struct mm_connector_source *source = user;

    if (mm_bpf_gather_is_full(&source->gather))
        mm_bpf_gather_flush(&source->gather, publish_change, source);
    mm_bpf_gather_take(&source->gather, record, publish_change, source);
}

/* Both clocks stand apart by the time the machine slept. */
static uint64_t boot_ns(uint64_t monotonic_ns)
{
    struct timespec boot, monotonic;

    (void)clock_gettime(CLOCK_BOOTTIME, &boot);
    (void)clock_gettime(CLOCK_MONOTONIC, &monotonic);
    return monotonic_ns + (uint64_t)(boot.tv_sec - monotonic.tv_sec) * MM_NS_PER_S + (uint64_t)boot.tv_nsec -
           (uint64_t)monotonic.tv_nsec;
}

/*
 * The message is sent when the thread is a zombie or gone already: that the process lives means that it has other
 * threads, or that the number is another's by now, whose beginning is told next.
 */
static void thread_exited(pid_t tgid, pid_t pid, uint64_t time_ns, void *user)
{
    struct mm_connector_source *source = user;
    struct mm_bpf_record record = {.type = MM_BPF_RECORD_EXIT, .tgid = tgid, .time_ns = time_ns};
    struct mm_process_info info;
    int result;

    if (pid != tgid && !mm_lingering_holds(&source->lingering, tgid))
        return;
    result = source->kernel->ops->read_process(source->kernel, tgid, MM_PROCESS_STAT, &info);
    if (result == 0) {
        record.start_ns = info.start_time_ticks * source->ns_per_tick;
        record.flags = MM_BPF_FLAG_START;
        if (record.start_ns > boot_ns(time_ns)) {
            mm_lingering_take_out(&source->lingering, tgid);
            return;
        }
    }
    if (result == 0 && !info.has_exited) {
        mm_lingering_put(&source->lingering, tgid);
        return;
    }
    mm_lingering_take_out(&source->lingering, tgid);
    mm_bpf_gather_take(&source->gather, &record, publish_end, source);
}

static const struct mm_connector_handler handler = {
    .answered = answered,
    .changed = changed,
    .thread_exited = thread_exited,
};

/* ---- reading -------------------------------------------------------------------------------------------- */

static void note_lost(struct mm_connector_source *source)
{
    source->lost++;
    mm_warning("process connector: messages were lost (times so far: %llu), the socket's buffer was full",
               (unsigned long long)source->lost);
    notify(source, MM_CONNECTOR_LOST);
}

static void give_up(struct mm_connector_source *source, int error)
{
    stop_reading(source);
    source->is_available = false;
    (void)mm_format(source->reason, sizeof(source->reason), "it broke off: %s", strerror(-error));
    mm_error("process connector: %s", source->reason);
    notify(source, MM_CONNECTOR_BROKEN);
}

/* What is left comes with the next turn of the loop. Returns false when there is nothing more to read, ever. */
static bool read_batch(struct mm_connector_source *source, bool *ret_is_empty)
{
    int count = mm_connector_read(source->fd, BATCH_SIZE, &handler, source);

    mm_bpf_gather_flush(&source->gather, publish_change, source);
    *ret_is_empty = count >= 0 && count < BATCH_SIZE;
    if (count >= 0)
        source->messages += (unsigned)count;
    else if (count == -ENOBUFS)
        note_lost(source);
    else if (!source->is_settled)
        settle_without(source, count);
    else
        give_up(source, count);
    if (source->has_answered && !source->is_settled && source->answer < 0)
        settle_without(source, source->answer);
    else if (source->has_answered && !source->is_settled)
        settle(source, true, "processes are seen as they come and go");
    return source->fd >= 0;
}

static void gather_ended(struct mm_timer *timer, void *user)
{
    struct mm_connector_source *source = user;
    bool is_empty = false;
    int result;

    if (!read_batch(source, &is_empty))
        return;
    if (!is_empty) {
        mm_event_center_arm(source->center, timer, mm_event_center_now_ns(source->center));
        return;
    }
    result = mm_event_center_watch_fd(source->center, source, source->fd, EPOLLIN, 0);
    if (result < 0)
        give_up(source, result);
}

static void ready(void *self, uint64_t tag, uint32_t events)
{
    struct mm_connector_source *source = self;
    bool is_empty;

    (void)tag;
    (void)events;
    if (!source->is_settled) {
        (void)read_batch(source, &is_empty);
        return;
    }
    mm_event_center_forget_fd(source->center, source->fd);
    mm_event_center_arm(source->center, &source->gather_ends,
                        mm_event_center_now_ns(source->center) + MM_BPF_GATHER_NS);
}

static void answer_overdue(struct mm_timer *timer, void *user)
{
    struct mm_connector_source *source = user;

    (void)timer;
    settle_without(source, source->fd < 0 ? source->open_error : -ETIMEDOUT);
}

static void close_source(void *self)
{
    struct mm_connector_source *source = self;

    stop_reading(source);
    free(source);
}

static const struct mm_event_source_ops source_ops = {
    .name = "process connector",
    .ready = ready,
    .close = close_source,
};

/* What goes wrong here is told from the timer, so that notify is not called from within add. */
static void start(struct mm_connector_source *source)
{
    uint64_t deadline_ns = mm_event_center_now_ns(source->center);
    int result = mm_connector_open(&source->fd);

    if (result == 0)
        result = mm_event_center_watch_fd(source->center, source, source->fd, EPOLLIN, 0);
    if (result == 0)
        deadline_ns += ANSWER_NS;
    else if (source->fd >= 0)
        stop_reading(source);
    source->open_error = result;
    mm_event_center_arm(source->center, &source->answer_due, deadline_ns);
}

int mm_connector_source_add(struct mm_event_center *center, struct mm_kernel *kernel,
                            const struct mm_connector_options *options,
                            struct mm_connector_source **ret_source)
{
    struct mm_connector_source *source = calloc(1, sizeof(*source));
    int result;

    if (!source)
        return -ENOMEM;
    source->center = center;
    source->kernel = kernel;
    source->options = *options;
    source->fd = -1;
    source->ns_per_tick = MM_NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
    mm_copy_text(source->reason, sizeof(source->reason), "being asked for");
    mm_timer_init(&source->answer_due, answer_overdue, source);
    mm_timer_init(&source->gather_ends, gather_ended, source);
    result = mm_event_center_add_source(center, &source_ops, source);
    if (result < 0) {
        free(source);
        return result;
    }
    start(source);
    *ret_source = source;
    return 0;
}

void mm_connector_source_read_status(const struct mm_connector_source *source,
                                     struct mm_connector_status *ret_status)
{
    *ret_status = (struct mm_connector_status){
        .is_settled = source->is_settled,
        .is_available = source->is_available,
        .reason = source->reason,
        .messages = source->messages,
        .lost = source->lost,
    };
}
